/* SPDX-License-Identifier: MIT
 * Regions of a picture from a map, and what a map looks like in figures. Maps are row-major, >= 0, cells centred; places
 * are pixels of the picture the map was made of (upright), as edges. */
#pragma once

#include "shape.h"

G_BEGIN_DECLS

typedef struct
{
  double threshold; /* of the peak, 0..1; 0: 0.15, which found most on the sample scenes */
  int limit;        /* most regions; 0: 3 */
  gboolean masks;   /* regions are masks where their box holds more than they do */
} MapRegionOptions;

typedef struct
{
  double box[4];
  double mean;      /* of the map inside the box, over its peak */
  double energy;    /* share of the whole map inside the box */
  double score;     /* map_box_score() of the box */
  guint32 area;     /* pixels of the field */
  int label;        /* in map_field_label() */
} MapRegion;

/* A map enlarged (bicubic, as torch does) to a field of at most 192 cells a side, in which everything is measured. */
typedef struct
{
  int width, height;   /* of the field */
  double across, down; /* of the picture */
  float *values;       /* >= 0 */
  double peak, sum;
  double peak_x, peak_y; /* in the picture: the centre of the first highest cell */
} MapField;

/* FALSE for an empty map (nothing above 0, or not finite). Free with map_field_clear(). */
gboolean map_field_set (MapField *field, const float *map, int grid_width, int grid_height, double across, double down);
void map_field_clear (MapField *field);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MapField, map_field_clear)

/* Connected parts above the threshold as tight boxes of whole pixels, best score first: at least one for a map that is not
 * empty. Free with g_array_unref(). */
GArray *map_regions_find (const MapField *field, const MapRegionOptions *options);
/* The mask of the part that holds the region's box, in pixels of the picture. FALSE if the picture is too large for one. */
gboolean map_region_mask (const MapField *field, const MapRegionOptions *options, const MapRegion *region, Shape *shape);

/* The measure of the paper's RefCOCO+ protocol, the map's sum inside over the root of the area, with the map's sum and the
 * picture's area as one; *energy (may be NULL) is the share of the sum inside. 0 for a box outside. */
double map_box_score (const MapField *field, const double box[4], double *energy);
/* The same as a number below 1 that rises with it: what proposals keep as their score, times `match`. */
double map_score_bound (double score, double match);

/* How many parts stand above 0.6 of the peak. */
int map_peak_count (const MapField *field);
/* 0 for equal maps (up to a factor), 1 for maps that are nowhere alike. Fields of other sizes are compared place by place. */
double map_distance (const MapField *a, const MapField *b);
/* Whether the peak lies inside (the pointing game: strictly). */
gboolean map_peak_inside (const MapField *field, const double box[4]);

/* Intersection over union of two boxes. */
double box_iou (const double a[4], const double b[4]);

G_END_DECLS
