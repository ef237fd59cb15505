/* SPDX-License-Identifier: MIT
 * notebook.h: the picture of the paper's visualization notebook, step by step in double. */
#pragma once

#include "albef.h"

/* map: [grid][grid], any scale. rgb: [height][width][3], 0..1.
 * resized: [height][width], the map scaled to 0..1 and enlarged by an order-3 spline (skimage's resize with
 *          mode='constant').
 * attmap:  [height][width], then blurred (sigma 0.02 of the longer side) and scaled to 0..1 again.
 * overlay: [height][width][3], (1 - attmap^0.7) rgb + attmap^0.7 jet (attmap), not clipped.
 * A map without contrast gives zeros, where the notebook divides by 0. */
void notebook_attmap (const float *map, int grid, const float *rgb, int width, int height, double *resized,
                      double *attmap, double *overlay);

/* The steps. in: [grid_height][grid_width]; out: [height][width], clipped to the range of `in`. */
void notebook_resize (const double *in, int grid_width, int grid_height, double *out, int width, int height);
/* Gaussian over both axes in place, truncated at 4 sigma, borders mirrored (d c b a | a b c d). */
void notebook_blur (double *values, int width, int height, double sigma);
