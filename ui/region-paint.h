/* SPDX-License-Identifier: MIT
 * How regions look on a picture: lines with a dark halo, handles, points, name tags and the badge of a drag. Cairo, in
 * CSS pixels of the view. */
#pragma once

#include "region-edit.h"
#include "region-frame.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define REGION_PAINT_MARGIN 14.0 /* how far handles and halos reach beyond a region */
#define REGION_HANDLE 10.0       /* side of a handle */
#define REGION_TARGET 24.0       /* where it can be caught */

typedef struct
{
  gboolean proposal; /* white and dashed; else a person's */
  double alpha;
} RegionStyle;

/* Boxes and polygons; masks by region_paint_mask(). */
void region_paint_shape (cairo_t *cr, const RegionFrame *frame, const Shape *shape, RegionStyle style);

/* Where a shape with its halo and handles lies in the view: x y width height. */
void region_paint_bounds (const RegionFrame *frame, const Shape *shape, double rect[4]);

/* A mask, pixel by pixel at the resolution of the screen; only what lies within 0 0 view_width view_height. */
void region_paint_mask (cairo_t *cr, const RegionFrame *frame, const Shape *mask, RegionStyle style,
                        double scale_factor, double view_width, double view_height);

/* The handles of a box: places in the view and the sides of the upright box (AlidadeEdges) that they move; returns how
 * many (8, fewer where it is small). */
typedef struct
{
  double x, y;
  guint edges;
} RegionHandle;
int region_paint_list_handles (const RegionFrame *frame, const Shape *box, RegionHandle handles[8]);
void region_paint_handles (cairo_t *cr, const RegionFrame *frame, const Shape *box);
/* Points of a polygon, the held one filled, and between them where one can be inserted. */
void region_paint_points (cairo_t *cr, const RegionFrame *frame, const Shape *polygon, int held);
/* Whether the middle of the edge from a point to the next one can be caught, and where it is. */
gboolean region_paint_middle (const RegionFrame *frame, const Shape *polygon, guint point, guint next, double *x,
                              double *y);
/* A polygon not closed yet; `to`: where the pointer is, NULL: unknown. */
void region_paint_draft (cairo_t *cr, const RegionFrame *frame, const double *points, guint n, const double *to);
void region_paint_brush (cairo_t *cr, double x, double y, double radius);

/* Width and height of a tag with this text, and drawing it with its top left corner at a place. */
void region_paint_tag (cairo_t *cr, PangoContext *context, const char *text, gboolean proposal, double x, double y,
                       double alpha);
/* Where a tag or badge of that size goes: above (below) the region in the view, inside (above) it where there is no
 * room. */
void region_paint_place_tag (const double region[4], double width, double height, double view_width, double view_height,
                             double *x, double *y);
void region_paint_place_badge (const double region[4], double width, double height, double view_width,
                               double view_height, double *x, double *y);
double region_paint_measure_tag (PangoContext *context, const char *text, gboolean proposal);
#define REGION_TAG_HEIGHT 20.0

/* The badge's width; 0: it has nothing to say. */
double region_paint_measure_badge (PangoContext *context, const AlidadeRegionFigures *figures);
void region_paint_badge (cairo_t *cr, PangoContext *context, const AlidadeRegionFigures *figures, double x, double y);
#define REGION_BADGE_HEIGHT 30.0

G_END_DECLS
