/* SPDX-License-Identifier: MIT
 * Putting changes into the files that were imported. A file is read again as it is now; each record in it is looked up
 * in the project (what it was imported as, what it is, what it was in between), and so known as unchanged, changed, or
 * gone. What the project does not know stays as it is, whoever wrote it. All files are prepared before the first one
 * takes its place. */
#pragma once

#include "format.h"

G_BEGIN_DECLS

typedef struct Back Back;

typedef struct
{
  char *path;    /* as it was imported */
  char *images;  /* folder for the names of pictures */
} BackSource;

/* An image as a file means it. */
typedef struct
{
  ExportImage *image;
  gboolean turn;       /* the file's numbers are of the upright grid */
  GPtrArray *links;    /* private */
} BackImage;

typedef enum
{
  BACK_UNKNOWN, /* no record of the project */
  BACK_SAME,
  BACK_CHANGED, /* the region is another one now */
  BACK_GONE     /* no label any more */
} BackFate;

/* `flat`: the files hold boxes and single rings, of other shapes the box alone. */
Back *back_new (Export *export, gboolean flat);
void back_free (Back *back);

/* Shown imports of the export's format, each source once, the newest first. NULL with an error if there are none. */
const GPtrArray *back_sources (Back *back, GError **error);

/* The image at an absolute path; 0 if the project has none there. */
gint64 back_image_at (Back *back, const char *path, GError **error);
/* The image, its phrases only listed (see back_fill), borrowed until the next call. `width` and `height` as the file says (0: it does not), from which
 * follows which grid it means. */
BackImage *back_image (Back *back, gint64 id, double width, double height, GError **error);

/* Adds what is on its phrases. */
gboolean back_fill (Back *back, BackImage *image, GError **error);

/* What became of a record: the text of its phrase, and its shape in the file's grid. Equal records are told apart by
 * their order, so each of a file is to be asked about once, up to back_end_file(). *region is what it is now; NULL where
 * that is gone. */
gboolean back_fate (Back *back, BackImage *image, const char *text, const Shape *shape, BackFate *fate,
                    const ExportRegion **region, GError **error);
void back_end_file (Back *back);
/* Whether a label was made here and is in no file that was asked about: it is to be written as a new record, and counts
 * as met from then on; so is an imported one that a verdict once took out. Corrections of records that are in no file any more are counted as lost. */
gboolean back_is_new (Back *back, const BackImage *image, const ExportPhrase *phrase, const ExportRegion *region);
/* The region's shape in the file's grid; FALSE (counted as lost) where it cannot be turned. */
gboolean back_shape (Back *back, const BackImage *image, const ExportRegion *region, Shape *shape);

/* A file about to be replaced (or made); NULL on error. It is the Back's. */
OutFile *back_file_begin (Back *back, const char *path, GError **error);
/* Everything is in it: synced, closed. */
gboolean back_file_end (Back *back, GError **error);
/* All of them take their places. FALSE with every file as it was: see replace_set_commit(). */
gboolean back_commit (Back *back, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Back, back_free)

G_END_DECLS
