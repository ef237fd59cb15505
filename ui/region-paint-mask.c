/* SPDX-License-Identifier: MIT
 * Masks are drawn pixel by pixel at the screen's resolution, whatever the picture's size: a sample for each pixel in
 * view, an outline where the samples change. */
#include "region-paint.h"

#include "shape-sample.h"

#include <math.h>
#include <string.h>

#define EDGE 4.0 /* CSS pixels around the mask's box that the outline may reach */

/* Every pixel becomes the lowest (or highest) of the 3 x 3 around it; beyond the border it goes on as it is. `rows` has
 * room for as many. */
static void
spread (guint8 *pixels, int width, int height, gboolean highest, guint8 *rows)
{
  for (int y = 0; y < height; y++)
    {
      const guint8 *line = pixels + (gsize) y * width;
      guint8 *to = rows + (gsize) y * width;

      for (int x = 0; x < width; x++)
        {
          guint8 a = line[MAX (x - 1, 0)], b = line[x], c = line[MIN (x + 1, width - 1)];

          to[x] = highest ? (a | b | c) : (a & b & c);
        }
    }
  for (int y = 0; y < height; y++)
    {
      const guint8 *a = rows + (gsize) MAX (y - 1, 0) * width, *b = rows + (gsize) y * width;
      const guint8 *c = rows + (gsize) MIN (y + 1, height - 1) * width;
      guint8 *to = pixels + (gsize) y * width;

      for (int x = 0; x < width; x++)
        to[x] = highest ? (a[x] | b[x] | c[x]) : (a[x] & b[x] & c[x]);
    }
}

/* The mask's samples of a rectangle of the view, row by row as it is seen. */
static guint8 *
sample_view (const RegionFrame *frame, const Shape *mask, const double rect[4], int width, int height)
{
  gboolean swapped = region_frame_is_swapped (frame);
  int across = swapped ? height : width, down = swapped ? width : height;
  /* In the view, for one sample along a stored axis. */
  gsize step_x = swapped ? width : 1, step_y = swapped ? 1 : width;
  guint8 *stored = g_malloc ((gsize) width * height), *seen;
  double x1, y1, x2, y2;

  region_frame_to_stored (frame, rect[0], rect[1], &x1, &y1);
  region_frame_to_stored (frame, rect[0] + rect[2], rect[1] + rect[3], &x2, &y2);
  shape_sample (mask, MIN (x1, x2), MIN (y1, y2), fabs (x2 - x1) / across, fabs (y2 - y1) / down, across, down, stored);
  if (!swapped && x1 < x2 && y1 < y2)
    return stored;
  seen = g_malloc ((gsize) width * height);
  for (int y = 0; y < down; y++)
    for (int x = 0; x < across; x++)
      seen[(x1 < x2 ? x : across - 1 - x) * step_x + (y1 < y2 ? y : down - 1 - y) * step_y]
          = stored[(gsize) y * across + x];
  g_free (stored);
  return seen;
}

static guint32
premultiplied (guint32 rgb, double alpha)
{
  guint32 r = (guint32) lround ((rgb >> 16) * alpha), g = (guint32) lround ((rgb >> 8 & 0xff) * alpha);
  guint32 b = (guint32) lround ((rgb & 0xff) * alpha), a = (guint32) lround (255 * alpha);

  return a << 24 | r << 16 | g << 8 | b;
}

/* Halo, line, halo, fill: by how many steps inward a pixel lasts. */
static void
colour_pixels (const guint8 *wide, const guint8 *mask, const guint8 *inner, const guint8 *core, int width, int height,
               RegionStyle style, guint32 *out)
{
  guint32 rgb = style.proposal ? 0xffffff : 0xffa348;
  guint32 halo = premultiplied (0x000000, 0.65 * style.alpha), line = premultiplied (rgb, style.alpha);
  guint32 fill = premultiplied (rgb, 0.14 * style.alpha);

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        gsize i = (gsize) y * width + x;

        if (core[i])
          out[i] = fill;
        else if (inner[i] || !mask[i])
          out[i] = inner[i] || wide[i] ? halo : 0;
        else
          out[i] = style.proposal && (x + y) % 12 >= 7 ? halo : line;
      }
}

void
region_paint_mask (cairo_t *cr, const RegionFrame *frame, const Shape *mask, RegionStyle style, double scale_factor,
                   double view_width, double view_height)
{
  g_autofree guint8 *samples = NULL, *rows = NULL, *wide = NULL, *inner = NULL, *core = NULL;
  double rect[4], right, bottom;
  int width, height, steps = MAX (1, (int) lround (scale_factor));
  cairo_surface_t *surface;
  gsize pixels;

  region_frame_box_to_view (frame, mask->box, rect);
  right = MIN (ceil (rect[0] + rect[2] + EDGE), view_width);
  bottom = MIN (ceil (rect[1] + rect[3] + EDGE), view_height);
  rect[0] = MAX (floor (rect[0] - EDGE), 0);
  rect[1] = MAX (floor (rect[1] - EDGE), 0);
  rect[2] = right - rect[0];
  rect[3] = bottom - rect[1];
  width = (int) lround (rect[2] * scale_factor);
  height = (int) lround (rect[3] * scale_factor);
  if (width < 1 || height < 1)
    return;
  surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  if (cairo_surface_status (surface) == CAIRO_STATUS_SUCCESS)
    {
      pixels = (gsize) width * height;
      samples = sample_view (frame, mask, rect, width, height);
      rows = g_malloc (pixels);
      wide = g_memdup2 (samples, pixels);
      inner = g_memdup2 (samples, pixels);
      for (int i = 0; i < steps; i++)
        spread (wide, width, height, TRUE, rows);
      for (int i = 0; i < 2 * steps; i++)
        spread (inner, width, height, FALSE, rows);
      core = g_memdup2 (inner, pixels);
      for (int i = 0; i < steps; i++)
        spread (core, width, height, FALSE, rows);
      cairo_surface_flush (surface);
      /* A row of ARGB32 is a whole number of pixels. */
      colour_pixels (wide, samples, inner, core, width, height, style,
                     (guint32 *) (void *) cairo_image_surface_get_data (surface));
      cairo_surface_mark_dirty (surface);
      cairo_surface_set_device_scale (surface, scale_factor, scale_factor);
      cairo_set_source_surface (cr, surface, rect[0], rect[1]);
      cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_NEAREST);
      cairo_paint (cr);
    }
  cairo_surface_destroy (surface);
}
