/* SPDX-License-Identifier: MIT
 * picture-rename.h: the disk's side of a rename, for the record (picture-files.c) and for its undo (review-undo.c). */
#pragma once

#include "project.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 image;
  char *before, *after; /* absolute; NULL: nothing is under way */
} PictureRename;

/* `name_id`, of image_name, is where the image's path moves to. Writes that down and renames the file, before the
 * record's transaction begins. */
gboolean picture_rename_begin (Project *project, gint64 image, gint64 name_id, PictureRename *rename, GError **error);
/* Inside the record's transaction: it is no longer under way once that is committed. */
gboolean picture_rename_keep (Database *db, const PictureRename *rename, GError **error);
/* After a transaction that failed: the file goes back. */
void picture_rename_revert (Project *project, PictureRename *rename);
void picture_rename_clear (PictureRename *rename);
/* The text index follows: the current transaction moves the image's name from one to the other. */
gboolean picture_rename_index (Database *db, gint64 image, gint64 from_name, gint64 to_name, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PictureRename, picture_rename_clear)

G_END_DECLS
