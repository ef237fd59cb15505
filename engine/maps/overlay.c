/* SPDX-License-Identifier: MIT
 * A map over a picture. Each output row goes through three plain loops over contiguous memory, so that the compiler
 * makes vector code of the first and the last: values (bicubic) to levels, levels to weights (tables), blending. */
#include "colours.h"
#include "enlarge.h"
#include "error.h"
#include "row-kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Levels between threshold and 1: fine enough that steps of the ^0.8 curve stay below one 8-bit step. */
#define N_LEVELS 4096
/* Weights are fixed-point: this is 1. Picture and grey share it, 255 * 2^20 fits 32 bits. */
#define ONE (1 << 16)

/* What a level does to a pixel: out = keep * pixel + grey * luma + colour. */
typedef struct
{
  int32_t keep, grey;
  int32_t colour[3]; /* a * colour * 255 in units of 1 / ONE, rounding included */
} Blend;

typedef struct
{
  int channels;      /* 3: RGB, 4: BGRA */
  int n;             /* pixels of the run */
  float low, factor; /* level = (value - low) * factor */
  Blend blends[N_LEVELS + 1];
  int32_t *levels;                     /* [n] */
  int32_t *keep, *grey, *c0, *c1, *c2; /* [n], weights of the run in the order of the picture's bytes */
} Painter;

static void
blends_make (Blend *blends, const AlbefOverlay *overlay, bool bgr)
{
  const float (*colours)[3] = colours_table (overlay->colours);
  double threshold = fmin (fmax (overlay->threshold, 0), 0.999), opacity = fmin (fmax (overlay->opacity, 0), 1);

  for (int i = 0; i <= N_LEVELS; i++)
    {
      double above = (double) i / N_LEVELS, value = threshold + above * (1 - threshold);
      double a = opacity * pow (above, 0.8), grey = fmin (1, 1.4 * a);
      int index = value * COLOURS_N >= COLOURS_N - 1 ? COLOURS_N - 1 : (int) (value * COLOURS_N);

      blends[i].grey = (int32_t) lrint ((1 - a) * grey * ONE);
      blends[i].keep = (int32_t) lrint ((1 - a) * ONE) - blends[i].grey;
      for (int c = 0; c < 3; c++)
        blends[i].colour[bgr ? 2 - c : c] = (int32_t) lrint (a * colours[index][c] * 255 * ONE) + ONE / 2;
    }
}

/* Values to levels 0 .. N_LEVELS; NaN becomes 0. True if any is above 0. */
ROW_KERNEL static bool
find_levels (const float *values, int n, float low, float factor, int32_t *levels)
{
  int32_t any = 0;

  for (int x = 0; x < n; x++)
    {
      float level = (values[x] - low) * factor;

      level = level > 0 ? level : 0;
      level = level < N_LEVELS ? level : N_LEVELS;
      levels[x] = (int32_t) (level + 0.5f);
      any |= levels[x];
    }
  return any != 0;
}

static void
find_weights (Painter *painter)
{
  for (int x = 0; x < painter->n; x++)
    {
      const Blend *blend = &painter->blends[painter->levels[x]];

      painter->keep[x] = blend->keep;
      painter->grey[x] = blend->grey;
      painter->c0[x] = blend->colour[0];
      painter->c1[x] = blend->colour[1];
      painter->c2[x] = blend->colour[2];
    }
}

/* Luma in units of 1 / 256 (Rec. 601), r, g, b 0..255. */
#define LUMA(r, g, b) (77 * (r) + 150 * (g) + 29 * (b))

ROW_KERNEL static void
blend_bgra (const uint32_t *in, uint32_t *out, int n, const int32_t *restrict keep, const int32_t *restrict grey,
            const int32_t *restrict c0, const int32_t *restrict c1, const int32_t *restrict c2)
{
  for (int x = 0; x < n; x++)
    {
      uint32_t pixel = in[x];
      int32_t b = pixel & 255, g = pixel >> 8 & 255, r = pixel >> 16 & 255;
      int32_t luma = (LUMA (r, g, b) >> 3) * grey[x] >> 5;

      out[x] = (pixel & 0xff000000u) | (uint32_t) (b * keep[x] + luma + c0[x]) >> 16
               | ((uint32_t) (g * keep[x] + luma + c1[x]) >> 16) << 8
               | ((uint32_t) (r * keep[x] + luma + c2[x]) >> 16) << 16;
    }
}

ROW_KERNEL static void
blend_rgb (const uint8_t *in, uint8_t *out, int n, const int32_t *restrict keep, const int32_t *restrict grey,
           const int32_t *restrict c0, const int32_t *restrict c1, const int32_t *restrict c2)
{
  for (int x = 0; x < n; x++)
    {
      int32_t r = in[3 * x], g = in[3 * x + 1], b = in[3 * x + 2];
      int32_t luma = (LUMA (r, g, b) >> 3) * grey[x] >> 5;

      out[3 * x] = (uint32_t) (r * keep[x] + luma + c0[x]) >> 16;
      out[3 * x + 1] = (uint32_t) (g * keep[x] + luma + c1[x]) >> 16;
      out[3 * x + 2] = (uint32_t) (b * keep[x] + luma + c2[x]) >> 16;
    }
}

static bool
painter_init (Painter *painter, const AlbefOverlay *overlay, int channels, int n)
{
  double threshold = fmin (fmax (overlay->threshold, 0), 0.999);
  int32_t *storage;

  painter->channels = channels;
  painter->n = n;
  painter->low = (float) (threshold * overlay->scale);
  painter->factor = (float) (N_LEVELS / ((1 - threshold) * overlay->scale));
  blends_make (painter->blends, overlay, channels == 4);
  storage = mem_new0 ((size_t) n * 6, sizeof *storage);
  painter->levels = storage;
  painter->keep = storage + n;
  painter->grey = storage + 2 * (size_t) n;
  painter->c0 = storage + 3 * (size_t) n;
  painter->c1 = storage + 4 * (size_t) n;
  painter->c2 = storage + 5 * (size_t) n;
  return isfinite (painter->factor);
}

/* One run of a row: `values` decide, `in` to `out` (may be the same). */
static void
paint_run (Painter *painter, const float *values, const uint8_t *in, uint8_t *out)
{
  int n = painter->n;

  if (!find_levels (values, n, painter->low, painter->factor, painter->levels))
    return;
  find_weights (painter);
  if (painter->channels == 4)
    blend_bgra ((const uint32_t *) in, (uint32_t *) out, n, painter->keep, painter->grey, painter->c0, painter->c1,
                painter->c2);
  else
    blend_rgb (in, out, n, painter->keep, painter->grey, painter->c0, painter->c1, painter->c2);
}

/* Whole pixels whose centres lie in [origin, origin + length), cut to 0 .. limit - 1. */
static int
covered (double origin, double length, int limit, int *first)
{
  double from = ceil (origin - 0.5), to = ceil (origin + length - 0.5);

  from = fmin (fmax (from, 0), limit);
  to = fmin (fmax (to, 0), limit);
  *first = (int) from;
  return to > from ? (int) (to - from) : 0;
}

void
albef_overlay_compose (const uint8_t *pixels, int width, int height, int stride, int channels, const float *map,
                       int grid_width, int grid_height, double map_x, double map_y, double map_width, double map_height,
                       const AlbefOverlay *overlay, uint8_t *out, int out_stride)
{
  int left, top;
  int n = covered (map_x, map_width, width, &left), n_rows = covered (map_y, map_height, height, &top);
  Painter *painter;
  EnlargeTaps *columns, tap;
  float *rows, *values;

  if (out != pixels)
    for (int y = 0; y < height; y++)
      memcpy (out + (ptrdiff_t) y * out_stride, pixels + (ptrdiff_t) y * stride, (size_t) width * channels);
  if (n == 0 || n_rows == 0 || grid_width < 1 || grid_height < 1 || (channels != 3 && channels != 4)
      || !(overlay->scale > 0) || !(overlay->opacity > 0))
    return;
  painter = mem_new0 (1, sizeof *painter);
  columns = mem_new0 (n, sizeof *columns);
  rows = mem_new0 ((size_t) n * (grid_height + 1), sizeof *rows);
  values = rows + (size_t) n * grid_height;
  enlarge_taps (columns, grid_width, map_x, map_width, left, n);
  enlarge_rows (map, grid_width, grid_height, columns, n, rows);
  if (painter_init (painter, overlay, channels, n))
    for (int y = top; y < top + n_rows; y++)
      {
        uint8_t *at = out + (ptrdiff_t) y * out_stride + (ptrdiff_t) left * channels;

        enlarge_taps (&tap, grid_height, map_y, map_height, y, 1);
        enlarge_row (rows, n, &tap, values);
        paint_run (painter, values, at, at);
      }
  free (painter->levels);
  free (painter);
  free (columns);
  free (rows);
}
