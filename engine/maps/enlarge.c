/* SPDX-License-Identifier: MIT */
#include "enlarge.h"

#include "error.h"
#include "row-kernel.h"

#include <math.h>
#include <stdlib.h>

#define CUBIC_A (-0.75f)

/* The cubic within one cell of the centre, and between one and two. */
static float
cubic_near (float x)
{
  return ((CUBIC_A + 2) * x - (CUBIC_A + 3)) * x * x + 1;
}

static float
cubic_far (float x)
{
  return ((CUBIC_A * x - 5 * CUBIC_A) * x + 8 * CUBIC_A) * x - 4 * CUBIC_A;
}

void
enlarge_taps (EnlargeTaps *taps, int n_in, double origin, double length, int first, int n)
{
  /* Positions in float32: torch computes them so, and sharp maps show the difference. */
  float scale = (float) n_in / (float) length;

  for (int i = 0; i < n; i++)
    {
      float place = scale * ((float) (first + i - origin) + 0.5f) - 0.5f;
      float low = floorf (place), t = place - low;

      for (int k = 0; k < 4; k++)
        {
          float cell = low - 1 + k;

          taps[i].cells[k] = cell < 0 ? 0 : cell > n_in - 1 ? n_in - 1 : (int) cell;
        }
      taps[i].weights[0] = cubic_far (t + 1);
      taps[i].weights[1] = cubic_near (t);
      taps[i].weights[2] = cubic_near (1 - t);
      taps[i].weights[3] = cubic_far (2 - t);
    }
}

void
enlarge_rows (const float *map, int grid_width, int grid_height, const EnlargeTaps *taps, int n, float *rows)
{
  for (int y = 0; y < grid_height; y++, map += grid_width, rows += n)
    for (int x = 0; x < n; x++)
      rows[x] = map[taps[x].cells[0]] * taps[x].weights[0] + map[taps[x].cells[1]] * taps[x].weights[1]
                + map[taps[x].cells[2]] * taps[x].weights[2] + map[taps[x].cells[3]] * taps[x].weights[3];
}

ROW_KERNEL static void
sum_rows (const float *restrict r0, const float *restrict r1, const float *restrict r2, const float *restrict r3,
          const float weights[4], int n, float *restrict out)
{
  const float w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3];

  for (int x = 0; x < n; x++)
    out[x] = r0[x] * w0 + r1[x] * w1 + r2[x] * w2 + r3[x] * w3;
}

void
enlarge_row (const float *rows, int n, const EnlargeTaps *tap, float *out)
{
  sum_rows (rows + (size_t) tap->cells[0] * n, rows + (size_t) tap->cells[1] * n, rows + (size_t) tap->cells[2] * n,
            rows + (size_t) tap->cells[3] * n, tap->weights, n, out);
}

void
albef_map_enlarge (const float *map, int grid_width, int grid_height, float *out, int width, int height)
{
  EnlargeTaps *columns, tap;
  float *rows;

  if (grid_width < 1 || grid_height < 1 || width < 1 || height < 1)
    return;
  columns = mem_new0 (width, sizeof *columns);
  rows = mem_new0 ((size_t) width * grid_height, sizeof *rows);
  enlarge_taps (columns, grid_width, 0, width, 0, width);
  enlarge_rows (map, grid_width, grid_height, columns, width, rows);
  for (int y = 0; y < height; y++)
    {
      enlarge_taps (&tap, grid_height, 0, height, y, 1);
      enlarge_row (rows, width, &tap, out + (size_t) y * width);
    }
  free (columns);
  free (rows);
}

double
albef_map_spread (const float *map, int grid_width, int grid_height)
{
  int n = grid_width * grid_height, above = 0;
  float peak = 0;

  for (int i = 0; i < n; i++)
    peak = map[i] > peak ? map[i] : peak;
  for (int i = 0; i < n; i++)
    above += map[i] > peak / 2;
  return n > 0 && peak > 0 ? (double) above / n : 0;
}
