/* SPDX-License-Identifier: MIT
 * YOLO's label files: which one belongs to a picture, and what a line of it says. */
#pragma once

#include "image-finder.h"
#include "shape.h"

G_BEGIN_DECLS

typedef struct
{
  char *picture;  /* absolute; NULL: not found, or not clear */
  char *name;     /* as which it is kept then */
  char *labels;   /* NULL: it has none */
} YoloPair;

/* Every picture below the source with its labels (beside it, or in labels/ where it is in images/), then the other label
 * files: of the picture at the same place below the finder's folder, else of the only one of that name. Free with
 * g_ptr_array_unref(). */
GPtrArray *yolo_pairs (const char *source, ImageFinder *finder);
/* Where a label file for a picture would be made; the caller frees. */
char *yolo_labels_place (const char *source, const char *images, const char *picture);

/* The text of a label file up to 64 MB; NULL if it cannot be read. */
char *yolo_labels_read (const char *path);

typedef enum
{
  YOLO_EMPTY,
  YOLO_NO_CLASS,  /* does not begin with the number of a class */
  YOLO_NO_SHAPE,  /* *class is set */
  YOLO_REGION
} YoloLine;

/* "class cx cy w h [confidence]", or "class x y x y x y ... [confidence]", as parts of a picture of this size. `shape`
 * starts empty; *score is NaN where there is none. */
YoloLine yolo_line_parse (const char *line, double width, double height, guint64 *class, Shape *shape, double *score);
/* FALSE where a line can hold no more than the shape's box, which is written. Without an end of line. */
gboolean yolo_line_put (GString *out, guint class, const Shape *shape, double width, double height);

G_END_DECLS
