/* SPDX-License-Identifier: MIT */
#include "notebook.h"

#include "colours.h"
#include "error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Zero cells put around the map before the spline's prefilter: "zero outside". */
#define BORDER 12

/* Cubic B-spline coefficients of n samples, `step` apart, in place: one causal and one anticausal pass of the
 * recursive filter whose pole is sqrt (3) - 2, ends mirrored. */
static void
spline_prefilter (double *c, int n, int step)
{
  const double pole = sqrt (3) - 2, gain = (1 - pole) * (1 - 1 / pole);
  double far = pow (pole, n - 1), power = pole;

  for (int i = 0; i < n; i++)
    c[i * step] *= gain;
  c[0] += far * c[(n - 1) * step];
  for (int i = 1; i < n - 1; i++, power *= pole)
    c[0] += power * (c[i * step] + far * c[(n - 1 - i) * step]);
  c[0] /= 1 - far * far;
  for (int i = 1; i < n; i++)
    c[i * step] += pole * c[(i - 1) * step];
  c[(n - 1) * step] = pole / (pole * pole - 1) * (pole * c[(n - 2) * step] + c[(n - 1) * step]);
  for (int i = n - 2; i >= 0; i--)
    c[i * step] = pole * (c[(i + 1) * step] - c[i * step]);
}

/* Where output position i of n_out falls on a bordered axis of n_in cells: first of four coefficients and their
 * cubic B-spline weights. */
static int
spline_taps (int i, int n_in, int n_out, double weights[4])
{
  double place = (i + 0.5) * n_in / n_out - 0.5 + BORDER, low = floor (place), t = place - low, u = 1 - t;

  weights[0] = u * u * u / 6;
  weights[1] = (t * t * (t - 2) * 3 + 4) / 6;
  weights[2] = (u * u * (u - 2) * 3 + 4) / 6;
  weights[3] = t * t * t / 6;
  return (int) low - 1;
}

void
notebook_resize (const double *in, int grid_width, int grid_height, double *out, int width, int height)
{
  int w = grid_width + 2 * BORDER, h = grid_height + 2 * BORDER;
  double *spline = mem_new0 ((size_t) w * h, sizeof *spline);
  double least = in[0], most = in[0];

  for (int y = 0; y < grid_height; y++)
    for (int x = 0; x < grid_width; x++)
      {
        double value = in[y * grid_width + x];

        spline[(y + BORDER) * w + x + BORDER] = value;
        least = fmin (least, value);
        most = fmax (most, value);
      }
  for (int x = 0; x < w; x++)
    spline_prefilter (spline + x, h, w);
  for (int y = 0; y < h; y++)
    spline_prefilter (spline + (size_t) y * w, w, 1);
  for (int y = 0; y < height; y++)
    {
      double wy[4], wx[4];
      int top = spline_taps (y, grid_height, height, wy);

      for (int x = 0; x < width; x++)
        {
          int left = spline_taps (x, grid_width, width, wx);
          double sum = 0;

          for (int j = 0; j < 4; j++)
            for (int i = 0; i < 4; i++)
              sum += wy[j] * wx[i] * spline[(top + j) * w + left + i];
          out[(size_t) y * width + x] = fmin (fmax (sum, least), most);
        }
    }
  free (spline);
}

/* Index i of an axis of n, mirrored at its borders with the border cell repeated. */
static int
mirrored (int i, int n)
{
  i = ((i % (2 * n)) + 2 * n) % (2 * n);
  return i < n ? i : 2 * n - 1 - i;
}

static void
blur_line (double *values, int n, int step, const double *kernel, int radius, double *line)
{
  for (int i = -radius; i < n + radius; i++)
    line[i + radius] = values[(size_t) mirrored (i, n) * step];
  for (int i = 0; i < n; i++)
    {
      double sum = 0;

      for (int k = 0; k <= 2 * radius; k++)
        sum += kernel[k] * line[i + k];
      values[(size_t) i * step] = sum;
    }
}

void
notebook_blur (double *values, int width, int height, double sigma)
{
  int radius = (int) (4 * sigma + 0.5), longer = width > height ? width : height;
  double *kernel = mem_new0 (2 * radius + 1, sizeof *kernel), *line = mem_new0 (longer + 2 * radius, sizeof *line);
  double sum = 0;

  for (int k = -radius; k <= radius; k++)
    sum += kernel[k + radius] = radius > 0 ? exp (-0.5 * k * k / (sigma * sigma)) : 1;
  for (int k = 0; k <= 2 * radius; k++)
    kernel[k] /= sum;
  for (int x = 0; x < width; x++)
    blur_line (values + x, height, width, kernel, radius, line);
  for (int y = 0; y < height; y++)
    blur_line (values + (size_t) y * width, width, 1, kernel, radius, line);
  free (kernel);
  free (line);
}

/* To 0..1; zeros where all are equal. */
static void
scale_to_one (double *values, size_t n)
{
  double least = values[0], most = values[0];

  for (size_t i = 0; i < n; i++)
    {
      least = fmin (least, values[i]);
      most = fmax (most, values[i]);
    }
  for (size_t i = 0; i < n; i++)
    values[i] = most > least ? (values[i] - least) / (most - least) : 0;
}

void
notebook_attmap (const float *map, int grid, const float *rgb, int width, int height, double *resized, double *attmap,
                 double *overlay)
{
  const float (*jet)[3] = colours_table (ALBEF_COLOURS_JET);
  size_t n = (size_t) width * height, n_cells = (size_t) grid * grid;
  double *scaled = mem_new0 (n_cells, sizeof *scaled);

  for (size_t i = 0; i < n_cells; i++)
    scaled[i] = map[i];
  scale_to_one (scaled, n_cells);
  notebook_resize (scaled, grid, grid, resized, width, height);
  memcpy (attmap, resized, n * sizeof *attmap);
  notebook_blur (attmap, width, height, 0.02 * (width > height ? width : height));
  scale_to_one (attmap, n);
  for (size_t i = 0; i < n; i++)
    {
      double share = pow (attmap[i], 0.7);
      int index = attmap[i] * COLOURS_N >= COLOURS_N ? COLOURS_N - 1 : (int) (attmap[i] * COLOURS_N);

      for (int c = 0; c < 3; c++)
        overlay[3 * i + c] = (1 - share) * rgb[3 * i + c] + share * jet[index][c];
    }
  free (scaled);
}
