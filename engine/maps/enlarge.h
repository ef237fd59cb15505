/* SPDX-License-Identifier: MIT
 * enlarge.h: bicubic enlargement of a map's grid (a = -0.75, half-pixel centres), as torch's interpolate. */
#pragma once

#include "albef.h"

/* Taps along one axis for the output positions of a run. */
typedef struct
{
  int cells[4];     /* inputs, clamped to the grid */
  float weights[4];
} EnlargeTaps;

/* Taps of output pixels first .. first + n - 1 when n_in cells are stretched over `length` pixels starting at
 * `origin` (both may be fractional). For whole pictures: origin 0, length = n. */
void enlarge_taps (EnlargeTaps *taps, int n_in, double origin, double length, int first, int n);

/* Each of the grid's rows enlarged along the width: rows[grid_height][n]. */
void enlarge_rows (const float *map, int grid_width, int grid_height, const EnlargeTaps *taps, int n, float *rows);

/* One output row from enlarged rows. */
void enlarge_row (const float *rows, int n, const EnlargeTaps *tap, float *out);
