/* SPDX-License-Identifier: MIT
 * Pictograms: smaller copies, turning, mirroring, laying one on a picture. Coordinates are 16.16 integers and colours
 * are integers, so that every machine draws the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "row-kernel.h"
#include "scene-parts.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=off")
#else
#pragma STDC FP_CONTRACT OFF
#endif

/* Below this alpha a pixel counts as not seen: soft shadows and glows do not widen a box. */
#define SEEN_ALPHA 48

/* ---------------------------------------------------------------------------------------------------
 * Levels
 */

static uint32_t
premultiplied (const uint8_t rgba[4])
{
  uint32_t a = rgba[3], r = (rgba[0] * a + 127) / 255, g = (rgba[1] * a + 127) / 255, b = (rgba[2] * a + 127) / 255;

  return r | g << 8 | b << 16 | a << 24;
}

static int
half (int side)
{
  return (side + 1) / 2;
}

/* Mean of 2 x 2 pixels; beyond an odd edge lies the transparent border. */
static void
make_half (const uint32_t *from, int from_width, uint32_t *to, int width, int height)
{
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        const uint32_t *p = from + (size_t) (2 * y + 1) * (size_t) (from_width + 2) + 2 * x + 1;
        const uint32_t *q = p + from_width + 2;
        uint32_t mean = 0;

        for (int shift = 0; shift < 32; shift += 8)
          mean |= (((p[0] >> shift & 255) + (p[1] >> shift & 255) + (q[0] >> shift & 255) + (q[1] >> shift & 255) + 2)
                   / 4)
                  << shift;
        to[(size_t) (y + 1) * (size_t) (width + 2) + x + 1] = mean;
      }
}

bool
drawing_make (const uint8_t *rgba, int width, int height, Drawing *drawing)
{
  int left = width, top = height, right = 0, bottom = 0;
  size_t all = 0;
  uint32_t *block;

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      if (rgba[((size_t) y * (size_t) width + (size_t) x) * 4 + 3] >= SEEN_ALPHA)
        {
          left = x < left ? x : left;
          right = x >= right ? x + 1 : right;
          top = y < top ? y : top;
          bottom = y >= bottom ? y + 1 : bottom;
        }
  if (left >= right)
    return false;
  drawing->width = drawing->widths[0] = right - left;
  drawing->height = drawing->heights[0] = bottom - top;
  drawing->n_levels = 1;
  while (drawing->n_levels < DRAWING_MAX_LEVELS
         && drawing->widths[drawing->n_levels - 1] + drawing->heights[drawing->n_levels - 1] > 16)
    {
      drawing->widths[drawing->n_levels] = half (drawing->widths[drawing->n_levels - 1]);
      drawing->heights[drawing->n_levels] = half (drawing->heights[drawing->n_levels - 1]);
      drawing->n_levels++;
    }
  for (int l = 0; l < drawing->n_levels; l++)
    all += (size_t) (drawing->widths[l] + 2) * (size_t) (drawing->heights[l] + 2);
  block = mem_new0 (all, sizeof *block);
  for (int l = 0; l < drawing->n_levels; l++)
    {
      drawing->levels[l] = block;
      block += (size_t) (drawing->widths[l] + 2) * (size_t) (drawing->heights[l] + 2);
    }
  for (int y = top; y < bottom; y++)
    for (int x = left; x < right; x++)
      drawing->levels[0][(size_t) (y - top + 1) * (size_t) (drawing->width + 2) + (size_t) (x - left + 1)]
          = premultiplied (rgba + ((size_t) y * (size_t) width + (size_t) x) * 4);
  for (int l = 1; l < drawing->n_levels; l++)
    make_half (drawing->levels[l - 1], drawing->widths[l - 1], drawing->levels[l], drawing->widths[l],
               drawing->heights[l]);
  return true;
}

void
drawing_clear (Drawing *drawing)
{
  if (drawing->n_levels > 0)
    free (drawing->levels[0]);
  *drawing = (Drawing){ 0 };
}

/* ---------------------------------------------------------------------------------------------------
 * Geometric shapes
 */

/* Is (x, y), from -1 to 1 with y down, in the shape grown by `grow`? */
static bool
shape_holds (int shape, double x, double y, double grow)
{
  /* A regular pentagon's edges as outward normals. */
  static const double normals[5][2] = {
    { 0, 1 }, { 0.951057, 0.309017 }, { 0.587785, -0.809017 }, { -0.587785, -0.809017 }, { -0.951057, 0.309017 }
  };
  double ax = x < 0 ? -x : x, ay = y < 0 ? -y : y;

  switch (shape)
    {
    case 0: /* circle */
      return x * x + y * y <= (0.9 + grow) * (0.9 + grow);
    case 1: /* square */
      return ax <= 0.85 + grow && ay <= 0.85 + grow;
    case 2: /* triangle: tip up; the slanted edges have slope 1.8 / 0.9 */
      return y <= 0.8 + grow && (2 * ax - (y + 1)) / 2.236068 <= grow;
    case 3: /* oval */
      return x * x / ((0.95 + grow) * (0.95 + grow)) + y * y / ((0.6 + grow) * (0.6 + grow)) <= 1;
    case 4: /* pentagon */
      for (int i = 0; i < 5; i++)
        if (normals[i][0] * x + normals[i][1] * y > 0.72 + grow)
          return false;
      return true;
    case 5: /* rectangle */
      return ax <= 0.95 + grow && ay <= 0.52 + grow;
    case 6: /* crescent: a disc without another */
      return x * x + y * y <= (0.9 + grow) * (0.9 + grow)
             && (x - 0.42) * (x - 0.42) + (y + 0.1) * (y + 0.1) >= (0.72 - grow) * (0.72 - grow);
    default: /* cross */
      return (ax <= 0.3 + grow && ay <= 0.9 + grow) || (ay <= 0.3 + grow && ax <= 0.9 + grow);
    }
}

void
drawing_make_shape (int shape, const uint8_t rgb[3], bool outlined, int side, Drawing *drawing)
{
  const int fine = 4;
  uint8_t *rgba = mem_new0 ((size_t) side * (size_t) side, 4);

  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++)
      {
        int inside = 0, edge = 0, all = 0;
        uint8_t *out = rgba + ((size_t) y * (size_t) side + (size_t) x) * 4;

        for (int j = 0; j < fine; j++)
          for (int i = 0; i < fine; i++)
            {
              double u = (x + (i + 0.5) / fine) / side * 2 - 1, v = (y + (j + 0.5) / fine) / side * 2 - 1;

              if (!shape_holds (shape, u, v, 0))
                continue;
              all++;
              if (outlined && !shape_holds (shape, u, v, -0.09))
                edge++;
              else
                inside++;
            }
        for (int c = 0; all > 0 && c < 3; c++)
          {
            /* The outline is darker, on dark colours lighter. */
            int line = rgb[0] + rgb[1] + rgb[2] > 150 ? rgb[c] / 2 : 150;

            out[c] = (uint8_t) ((rgb[c] * inside + line * edge + all / 2) / all);
          }
        out[3] = (uint8_t) (all * 255 / (fine * fine));
      }
  drawing_make (rgba, side, side, drawing);
  free (rgba);
}

/* ---------------------------------------------------------------------------------------------------
 * Stamps
 */

/* a + (b - a) f / 256 for four bytes at once, f in 0 .. 256. */
static inline uint32_t
between (uint32_t a, uint32_t b, uint32_t f)
{
  uint32_t low = ((a & 0xff00ff) * (256 - f) + (b & 0xff00ff) * f) >> 8 & 0xff00ff;
  uint32_t high = ((a >> 8 & 0xff00ff) * (256 - f) + (b >> 8 & 0xff00ff) * f) & 0xff00ff00;

  return low | high;
}

/* One row: samples at (u, v), (u + du, v + dv) ... in 16.16 pixels of the level, (0, 0) its corner's centre. */
static void
sample_row (const uint32_t *level, int width, int height, int64_t u, int64_t v, int64_t du, int64_t dv, int n,
            uint32_t *out)
{
  size_t stride = (size_t) width + 2;

  for (int x = 0; x < n; x++, u += du, v += dv)
    {
      int64_t ix = u >> 16, iy = v >> 16;
      const uint32_t *p;
      uint32_t fx, fy;

      if (ix < -1 || iy < -1 || ix >= width || iy >= height)
        {
          out[x] = 0;
          continue;
        }
      p = level + (size_t) (iy + 1) * stride + (size_t) (ix + 1);
      fx = (uint32_t) (u >> 8 & 255);
      fy = (uint32_t) (v >> 8 & 255);
      out[x] = between (between (p[0], p[1], fx), between (p[stride], p[stride + 1], fx), fy);
    }
}

/* Colours times brightness / 256, never above alpha. */
static void
brighten (uint32_t *pixels, size_t n, uint32_t brightness)
{
  for (size_t i = 0; i < n; i++)
    {
      uint32_t p = pixels[i], a = p >> 24, out = p & 0xff000000;

      for (int shift = 0; shift < 24; shift += 8)
        {
          uint32_t c = (p >> shift & 255) * brightness >> 8;

          out |= (c < a ? c : a) << shift;
        }
      pixels[i] = out;
    }
}

/* Cuts a stamp to what can be seen. False: nothing. */
static bool
cut (Stamp *stamp)
{
  int left = stamp->width, top = stamp->height, right = 0, bottom = 0;

  for (int y = 0; y < stamp->height; y++)
    {
      const uint32_t *row = stamp->pixels + (size_t) y * (size_t) stamp->width;
      int first = 0, last = stamp->width;

      while (first < last && row[first] >> 24 < SEEN_ALPHA)
        first++;
      if (first == last)
        continue;
      while (row[last - 1] >> 24 < SEEN_ALPHA)
        last--;
      left = first < left ? first : left;
      right = last > right ? last : right;
      top = y < top ? y : top;
      bottom = y + 1;
    }
  if (left >= right)
    return false;
  for (int y = top; y < bottom; y++)
    memmove (stamp->pixels + (size_t) (y - top) * (size_t) (right - left),
             stamp->pixels + (size_t) y * (size_t) stamp->width + left, (size_t) (right - left) * sizeof (uint32_t));
  stamp->width = right - left;
  stamp->height = bottom - top;
  return true;
}

bool
drawing_stamp (const Drawing *drawing, double side, bool mirrored, double slope, int brightness, Stamp *stamp)
{
  double c = (1 - slope * slope) / (1 + slope * slope), s = 2 * slope / (1 + slope * slope);
  double scale = side / (drawing->width > drawing->height ? drawing->width : drawing->height);
  double wide = (c * drawing->width + (s < 0 ? -s : s) * drawing->height) * scale;
  double high = (c * drawing->height + (s < 0 ? -s : s) * drawing->width) * scale;
  int level = 0, width = (int) wide + 2, height = (int) high + 2;
  double step = 1 / scale, u0, v0;

  *stamp = (Stamp){ 0 };
  while (level + 1 < drawing->n_levels && step > 1.42)
    {
      step /= 2;
      level++;
    }
  stamp->pixels = malloc ((size_t) width * (size_t) height * sizeof *stamp->pixels);
  if (stamp->pixels == NULL)
    return false;
  stamp->width = width;
  stamp->height = height;
  /* From the stamp's middle back to the drawing's: turn by -angle, mirror, scale. */
  u0 = (double) drawing->width / (double) (1 << level) / 2 - 0.5;
  v0 = (double) drawing->height / (double) (1 << level) / 2 - 0.5;
  for (int y = 0; y < height; y++)
    {
      double dx = 0.5 - width / 2.0, dy = y + 0.5 - height / 2.0, flip = mirrored ? -1 : 1;
      double u = u0 + flip * (c * dx + s * dy) * step, v = v0 + (c * dy - s * dx) * step;

      sample_row (drawing->levels[level], drawing->widths[level], drawing->heights[level], (int64_t) (u * 65536),
                  (int64_t) (v * 65536), (int64_t) (flip * c * step * 65536), (int64_t) (-s * step * 65536), width,
                  stamp->pixels + (size_t) y * (size_t) width);
    }
  if (brightness != 256)
    brighten (stamp->pixels, (size_t) width * (size_t) height, (uint32_t) brightness);
  if (cut (stamp))
    return true;
  free (stamp->pixels);
  *stamp = (Stamp){ 0 };
  return false;
}

ROW_KERNEL static void
blend (const Stamp *stamp, uint8_t *pixels, int size, int x, int y)
{
  for (int j = 0; j < stamp->height; j++)
    {
      const uint32_t *from = stamp->pixels + (size_t) j * (size_t) stamp->width;
      uint8_t *to = pixels + ((size_t) (y + j) * (size_t) size + (size_t) x) * 3;

      for (int i = 0; i < stamp->width; i++, to += 3)
        {
          uint32_t p = from[i], rest = 255 - (p >> 24);

          if (rest == 255)
            continue;
          for (int c = 0; c < 3; c++)
            {
              uint32_t v = (p >> 8 * c & 255) + (to[c] * rest + 127) / 255;

              to[c] = (uint8_t) (v < 255 ? v : 255);
            }
        }
    }
}

void
stamp_blend (const Stamp *stamp, uint8_t *pixels, int size, int x, int y)
{
  blend (stamp, pixels, size, x, y); /* variants of a function that others see would be exported */
}
