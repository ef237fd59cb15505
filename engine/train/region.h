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
  double box[4];       /* x1, y1, x2, y2: the region, or what bounds it */
  double *points;      /* polygon: [n_points][2], ring after ring */
  int *ring_ends;      /* [n_rings]: where each ring ends in points */
  int n_points, n_rings;
  bool unite;          /* fill: false even-odd, true the union of the rings */
  int mask_width, mask_height;
  uint32_t *runs;      /* mask: [n_runs] lengths, column after column, the first of zeros */
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

/* Frees what a region points to, not itself. */
void region_clear (Region *region);

/* True if point (x, y) is in the region: half-open boxes, pixels of masks, rings by their fill. */
bool region_holds (const Region *region, double x, double y);

/* Marks in mask [height][width] (f32, untouched elsewhere) the cells whose centre the moved region holds with 1.
 * `move` takes the region's pixels to the output picture of out_width x out_height pixels; the mask's cells tile that
 * picture. A region whose part inside the output is smaller than `least` of its whole (0.1 in training) is left out:
 * returns false and marks nothing. A region that stays, but holds no centre, marks the cell with its middle. */
bool region_render (const Region *region, Affine move, int out_width, int out_height, double least, float *mask,
                    int width, int height);

/* Share of the region's area that lies inside the output, 0 to 1. */
double region_share_inside (const Region *region, Affine move, int out_width, int out_height);
