/* SPDX-License-Identifier: MIT
 * region.h: where in a picture a phrase is: a box, rings of points, or a mask; how it moves with the picture and what
 * of it a grid sees. Coordinates are pixels of the stored grid, edges in f64: (0, 0) is the picture's corner. */
#pragma once

#include "albef.h"

typedef enum
{
  REGION_BOX,
  REGION_POLYGON,
  REGION_MASK
} RegionKind;

typedef struct
{
  RegionKind kind;
  double box[4];  /* x1, y1, x2, y2: the region, or what bounds it */
  double *points; /* polygon: [n_points][2], ring after ring */
  int *ring_ends; /* [n_rings]: where each ring ends in points */
  int n_points, n_rings;
  bool unite; /* fill: false even-odd, true the union of the rings */
  int mask_width, mask_height;
  uint32_t *run_ends; /* mask: [n_runs] where each run ends, column after column; the first run is of zeros */
  int n_runs;
} Region;

/* Output = matrix x input: x' = m[0] x + m[1] y + m[2], y' = m[3] x + m[4] y + m[5]. */
typedef struct
{
  double m[6];
} Affine;

extern const Affine affine_identity;
Affine affine_then (Affine first, Affine second); /* second after first */
Affine affine_inverse (Affine affine);            /* of one that can be inverted */

/* How a picture's pixels come to lie on a canvas: steps[0] takes the picture there (crop, resize, flip), each further
 * step moves the canvas on itself. What leaves the canvas at any step is lost. */
#define MOTION_MAX_STEPS 9
typedef struct
{
  Affine steps[MOTION_MAX_STEPS];
  int n_steps;
  int width, height; /* of the canvas */
} Motion;

/* Where a point of the picture ends; false if it is lost on the way. */
bool motion_forward (const Motion *motion, double *x, double *y);
/* Where a point of the canvas came from; false if it shows nothing of the picture. */
bool motion_back (const Motion *motion, double *x, double *y);

/* Frees what a region points to, not itself. */
void region_clear (Region *region);

/* True if point (x, y) is in the region: half-open boxes, pixels of masks, rings by their fill. */
bool region_holds (const Region *region, double x, double y);

/* Share of the region's area that is still on the canvas, 0 to 1 (by 128 x 128 points of its bounding box). */
double region_share_left (const Region *region, const Motion *motion);

/* Marks with 1 the cells of mask (height, width; f32, left alone elsewhere), which tile the canvas, whose centre shows
 * the region. One of whose area less than `least` is left (0.1 in training) marks nothing: returns false. One that
 * stays but holds no centre marks the cell of its middle. */
bool region_render (const Region *region, const Motion *motion, double least, float *mask, int width, int height);
