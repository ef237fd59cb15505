/* SPDX-License-Identifier: MIT
 * Files of pictures that get another name, or another place. The file and the project's record move together: a rename is
 * written down before, and a writer that finds one half done puts the file back. */
#pragma once

#include "project.h"

G_BEGIN_DECLS

/* Gives the picture's file another name in its folder (bytes, with the ending of a picture); one record, undone with the
 * file. EXISTS if there is such a file or picture; NOT_FOUND if the file is missing. Nothing is ever overwritten. */
gboolean project_rename_image (Project *project, gint64 image, const char *name, const char *by, GError **error);
/* Puts files back whose renaming was cut off. The writer does it when it opens the project. */
gboolean picture_files_settle (Project *project, GError **error);

typedef struct
{
  gint64 images;     /* below the old folder */
  gint64 same;       /* found in the new one with the same content */
  gint64 unchecked;  /* found; the project had never seen their content */
  gint64 changed;    /* found with other content */
  gint64 missing;
  GPtrArray *names;  /* char *, well-formed UTF-8: the first 1,000 that are changed or missing */
} RelinkReport;
void relink_report_clear (RelinkReport *report);

/* All pictures below `old_root` (a folder that pictures were imported from, or one above or below such) are looked for below
 * `new_root` at the same relative paths, and their states written. One record, undone as a whole. REFUSED with nothing
 * changed where none is found there with its own content, unless `force`; with `dry` it is only reported. Files are read before
 * the record's transaction begins. */
gboolean project_relink (Project *project, const char *old_root, const char *new_root, gboolean force, gboolean dry,
                         const char *by, GCancellable *cancellable, RelinkReport *report, GError **error);

/* Moves the files of images to the bin, then removes the images from the project as one entry. Files that could not be
 * moved stay, in the project as well; `failed` gets a sentence for each (free with g_ptr_array_unref()). */
gboolean project_bin_images (Project *project, const gint64 *images, guint n, const char *by, gint64 *entry,
                             GPtrArray **failed, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RelinkReport, relink_report_clear)

G_END_DECLS
