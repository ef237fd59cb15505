/* SPDX-License-Identifier: MIT
 * The shape of a region: a box, a polygon of one or more rings, or a mask. Coordinates are edges in pixels: 0,0 is
 * the outer corner of the first pixel, x2 = width at the right border. Masks are run lengths as COCO's: column by
 * column, the first run zeros, over the whole picture. */
#pragma once

#include "project-error.h"

G_BEGIN_DECLS

#define SHAPE_LIMIT 1e12                    /* coordinates beyond are refused */
#define MASK_PIXELS_LIMIT G_MAXINT32        /* width x height of a mask */

typedef enum
{
  SHAPE_BOX,
  SHAPE_POLYGON,
  SHAPE_MASK
} ShapeKind;

typedef enum
{
  SHAPE_EVENODD, /* rings inside rings are holes */
  SHAPE_UNION    /* COCO's parts */
} ShapeFill;

typedef struct
{
  ShapeKind kind;
  double box[4];   /* x1 y1 x2 y2, always: the bounding box of the others */
  ShapeFill fill;
  GArray *points;  /* double: x y of all rings one after the other; polygons only */
  GArray *rings;   /* guint32: points of each ring */
  guint32 n_ended; /* points in ended rings */
  guint32 width;   /* of the mask's picture */
  guint32 height;
  GArray *runs;    /* guint32; their sum is width x height */
} Shape;

void shape_clear (Shape *shape);
void shape_copy (const Shape *shape, Shape *copy);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Shape, shape_clear)

/* A box by two corners, in any order. FALSE (and nothing set) without area or outside the limits. */
gboolean shape_set_box (Shape *shape, double x1, double y1, double x2, double y2);

/* A polygon, ring by ring, then its end: FALSE without area, with a ring of fewer than 3 points, or outside the
 * limits. */
void shape_add_point (Shape *shape, double x, double y);
void shape_end_ring (Shape *shape);
gboolean shape_finish_polygon (Shape *shape, ShapeFill fill);

/* A mask by its runs, which are copied; FALSE if they do not fill width x height, or no pixel is set. */
gboolean shape_set_runs (Shape *shape, guint32 width, guint32 height, const guint32 *runs, guint n_runs);
/* A mask by one byte a pixel, row by row. */
gboolean shape_set_bitmap (Shape *shape, guint32 width, guint32 height, const guint8 *pixels);
/* One byte (0 or 1) a pixel, row by row; NULL if the mask is too large to be drawn (256 megapixels). g_free() it. */
guint8 *shape_to_bitmap (const Shape *shape);

/* Turns between the stored grid (width x height) and the upright one, by EXIF orientation 1-8. */
gboolean shape_turn (Shape *shape, int orientation, gboolean to_upright, double stored_width, double stored_height);
/* The same for a point, in place. */
void shape_turn_point (int orientation, gboolean to_upright, double stored_width, double stored_height, double *x,
                       double *y);

gboolean shape_equal (const Shape *a, const Shape *b);
/* Every number equal within `tolerance` (masks exactly). */
gboolean shape_near (const Shape *a, const Shape *b, double tolerance);

/* Whether one, read from a file, is the other as it was written there: some formats round, and rings in a file have no
 * rule of filling. `flat`: of masks and of several rings the file may hold the box alone. */
gboolean shape_alike (const Shape *of_file, const Shape *shape, gboolean flat);

/* The region_revision.shape column: NULL for a box. */
GBytes *shape_to_bytes (const Shape *shape);
/* `shape` starts empty; FALSE where the bytes are no shape of this kind. */
gboolean shape_from_bytes (Shape *shape, ShapeKind kind, const double box[4], const void *bytes, gsize length);

const char *shape_kind_name (ShapeKind kind);
gboolean shape_kind_parse (const char *name, ShapeKind *kind);

/* COCO's compressed run lengths. The caller frees the text. */
char *shape_runs_to_text (const Shape *shape);
gboolean shape_set_runs_text (Shape *shape, guint32 width, guint32 height, const char *text);

G_END_DECLS
