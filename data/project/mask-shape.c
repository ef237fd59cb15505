/* SPDX-License-Identifier: MIT */
#include "mask-shape.h"

#include <math.h>
#include <string.h>

#define CROP_LIMIT (256u << 20) /* pixels */

/* Crops ------------------------------------------------------------------------------------------------------------ */

static gboolean
is_set (const guint8 *pixel, guint step)
{
  for (guint i = 0; i < step; i++)
    if (pixel[i] != 0)
      return TRUE;
  return FALSE;
}

/* Zeros and ones change places at pixel `at`. */
static void
change_at (GArray *runs, guint64 *began, guint64 at)
{
  guint32 run = (guint32) (at - *began);

  g_array_append_val (runs, run);
  *began = at;
}

gboolean
mask_from_crop (Shape *shape, guint32 width, guint32 height, gint64 x, gint64 y, guint32 crop_width,
                guint32 crop_height, const guint8 *pixels, guint step)
{
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (guint32));
  gint64 x1 = MAX (x, 0), y1 = MAX (y, 0), x2 = MIN (x + crop_width, width), y2 = MIN (y + crop_height, height);
  guint64 all = (guint64) width * height, began = 0;
  gboolean set = FALSE;

  if (all == 0 || all > MASK_PIXELS_LIMIT || y1 >= y2)
    return FALSE;
  for (gint64 column = x1; column < x2; column++)
    {
      for (gint64 row = y1; row < y2; row++)
        if (is_set (pixels + ((gsize) (row - y) * crop_width + (gsize) (column - x)) * step, step) != set)
          {
            change_at (runs, &began, (guint64) column * height + row);
            set = !set;
          }
      /* Only where the crop is as high as the picture does a run go on in the next column. */
      if (set && (y1 > 0 || y2 < height || column + 1 == x2))
        {
          change_at (runs, &began, (guint64) column * height + y2);
          set = FALSE;
        }
    }
  if (began < all)
    change_at (runs, &began, all);
  return shape_set_runs (shape, width, height, (const guint32 *) (void *) runs->data, runs->len);
}

guint8 *
mask_to_crop (const Shape *shape, guint32 *crop_width, guint32 *crop_height)
{
  guint64 x1 = (guint64) shape->box[0], y1 = (guint64) shape->box[1], at = 0;
  guint8 *pixels;

  if (shape->kind != SHAPE_MASK)
    return NULL;
  *crop_width = (guint32) (shape->box[2] - shape->box[0]);
  *crop_height = (guint32) (shape->box[3] - shape->box[1]);
  if ((guint64) *crop_width * *crop_height > CROP_LIMIT
      || (pixels = g_try_malloc0 ((gsize) *crop_width * *crop_height)) == NULL)
    return NULL;
  for (guint i = 0; i < shape->runs->len; i++)
    {
      guint32 run = g_array_index (shape->runs, guint32, i);

      if (i % 2 == 1)
        for (guint64 p = at; p < at + run; p++)
          pixels[(p % shape->height - y1) * *crop_width + (p / shape->height - x1)] = 1;
      at += run;
    }
  return pixels;
}

/* Outlines --------------------------------------------------------------------------------------------------------- */

enum
{
  RIGHT = 1,
  DOWN = 2,
  LEFT = 4,
  UP = 8
};

/* The edges that leave each corner of the pixels, with the set pixel on their right-hand side. */
static guint8 *
edges_of (const guint8 *pixels, guint32 w, guint32 h)
{
  gsize across = (gsize) w + 1;
  guint8 *edges = g_try_malloc0 (across * ((gsize) h + 1));

  for (guint32 y = 0; edges != NULL && y < h; y++)
    for (guint32 x = 0; x < w; x++)
      {
        gsize p = (gsize) y * w + x, corner = y * across + x;

        if (pixels[p] == 0)
          continue;
        if (y == 0 || pixels[p - w] == 0)
          edges[corner] |= RIGHT;
        if (x + 1 == w || pixels[p + 1] == 0)
          edges[corner + 1] |= DOWN;
        if (y + 1 == h || pixels[p + w] == 0)
          edges[corner + across + 1] |= LEFT;
        if (x == 0 || pixels[p - 1] == 0)
          edges[corner + across] |= UP;
      }
  return edges;
}

/* Follows the outline that leaves `corner`, taking its edges away. */
static void
trace_ring (guint8 *edges, gsize across, gsize corner, Shape *polygon, double x0, double y0)
{
  const gssize steps[] = { [RIGHT] = 1, [DOWN] = (gssize) across, [LEFT] = -1, [UP] = -(gssize) across };
  gsize at = corner;
  guint8 came = 0;

  do
    {
      guint8 there = edges[at], next = came;

      /* Where two outlines touch, the one that turns right keeps both apart. */
      if (came == 0)
        next = there & -there;
      else if (there != came)
        {
          guint8 right = came == UP ? RIGHT : came << 1, left = came == RIGHT ? UP : came >> 1;

          next = there & right ? right : there & came ? came : left;
        }
      if ((there & next) == 0)
        break;
      if (next != came)
        shape_add_point (polygon, x0 + at % across, y0 + at / across);
      edges[at] &= ~next;
      at += steps[next];
      came = next;
    }
  while (at != corner || edges[at] != 0);
  shape_end_ring (polygon);
}

gboolean
mask_to_rings (const Shape *mask, Shape *polygon)
{
  guint32 w, h;
  g_autofree guint8 *pixels = mask_to_crop (mask, &w, &h), *edges = NULL;
  gsize across = (gsize) w + 1;

  if (pixels == NULL || (edges = edges_of (pixels, w, h)) == NULL)
    return FALSE;
  for (gsize corner = 0; corner < across * ((gsize) h + 1); corner++)
    while (edges[corner] != 0)
      trace_ring (edges, across, corner, polygon, mask->box[0], mask->box[1]);
  return shape_finish_polygon (polygon, SHAPE_EVENODD);
}

/* Changes inside and outside from where the edge crosses each row's middle to the right. */
static void
cross_rows (guint8 *pixels, gint64 w, gint64 h, double x1, double y1, double x2, double y2)
{
  double top = MIN (y1, y2), bottom = MAX (y1, y2);
  gint64 first = (gint64) ceil (MAX (top, 0) - 0.5), last = (gint64) ceil (MIN (bottom, (double) h) - 0.5);

  for (gint64 row = MAX (first, 0); row < MIN (last, h); row++)
    {
      double x = x1 + (row + 0.5 - y1) * (x2 - x1) / (y2 - y1);
      double from = ceil (CLAMP (x, 0, (double) w) - 0.5);

      if (from < w)
        pixels[row * w + (gint64) MAX (from, 0)] ^= 1;
    }
}

gboolean
mask_from_rings (Shape *mask, guint32 width, guint32 height, const Shape *polygon)
{
  double x1 = floor (MAX (polygon->box[0], 0)), y1 = floor (MAX (polygon->box[1], 0));
  double x2 = ceil (MIN (polygon->box[2], width)), y2 = ceil (MIN (polygon->box[3], height));
  g_autofree guint8 *pixels = NULL;
  gint64 w, h;
  guint at = 0;

  if (polygon->kind != SHAPE_POLYGON || !(x1 < x2 && y1 < y2))
    return FALSE;
  w = (gint64) (x2 - x1);
  h = (gint64) (y2 - y1);
  if ((guint64) w * h > CROP_LIMIT || (pixels = g_try_malloc0 ((gsize) w * h)) == NULL)
    return FALSE;
  for (guint i = 0; i < polygon->rings->len; i++)
    {
      guint n = g_array_index (polygon->rings, guint32, i);
      const double *points = &g_array_index (polygon->points, double, 2 * (gsize) at);

      for (guint j = 0; j < n; j++)
        {
          const double *a = points + 2 * j, *b = points + 2 * ((j + 1) % n);

          if (a[1] != b[1])
            cross_rows (pixels, w, h, a[0] - x1, a[1] - y1, b[0] - x1, b[1] - y1);
        }
      at += n;
    }
  for (gint64 row = 0; row < h; row++)
    for (gint64 x = 1; x < w; x++)
      pixels[row * w + x] ^= pixels[row * w + x - 1];
  return mask_from_crop (mask, width, height, (gint64) x1, (gint64) y1, (guint32) w, (guint32) h, pixels, 1);
}

/* PNG -------------------------------------------------------------------------------------------------------------- */

static const guint8 png_signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

static guint32
checksum_of (const guint8 *bytes, gsize length)
{
  guint32 sum = 0xffffffff;

  for (gsize i = 0; i < length; i++)
    {
      sum ^= bytes[i];
      for (int bit = 0; bit < 8; bit++)
        sum = sum & 1 ? sum >> 1 ^ 0xedb88320 : sum >> 1;
    }
  return ~sum;
}

static void
put_number (GByteArray *out, guint32 number)
{
  guint32 big = GUINT32_TO_BE (number);

  g_byte_array_append (out, (const guint8 *) &big, 4);
}

static void
put_chunk (GByteArray *out, const char *type, const guint8 *data, gsize length)
{
  guint begins = out->len + 4;

  put_number (out, (guint32) length);
  g_byte_array_append (out, (const guint8 *) type, 4);
  if (length > 0)
    g_byte_array_append (out, data, length);
  put_number (out, checksum_of (out->data + begins, 4 + length));
}

/* The rows, each behind a byte that says 'as it is', compressed. */
static GByteArray *
compress_rows (const guint8 *pixels, guint32 width, guint32 height)
{
  g_autoptr (GZlibCompressor) compressor = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_ZLIB, -1);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) stream = g_converter_output_stream_new (memory, G_CONVERTER (compressor));
  g_autoptr (GBytes) bytes = NULL;
  const guint8 plain = 0;
  GByteArray *out = NULL;
  gsize n;

  for (guint32 y = 0; y < height; y++)
    if (!g_output_stream_write_all (stream, &plain, 1, &n, NULL, NULL)
        || !g_output_stream_write_all (stream, pixels + (gsize) y * width, width, &n, NULL, NULL))
      return NULL;
  if (!g_output_stream_close (stream, NULL, NULL))
    return NULL;
  bytes = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
  out = g_byte_array_new ();
  g_byte_array_append (out, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  return out;
}

GBytes *
mask_png_encode (const guint8 *pixels, guint32 width, guint32 height)
{
  g_autoptr (GByteArray) rows = compress_rows (pixels, width, height), head = g_byte_array_new ();
  const guint8 form[] = { 8, 0, 0, 0, 0 }; /* 8 bits, grey, and the only kinds of the rest */
  GByteArray *out;

  if (rows == NULL)
    return NULL;
  put_number (head, width);
  put_number (head, height);
  g_byte_array_append (head, form, sizeof form);
  out = g_byte_array_new ();
  g_byte_array_append (out, png_signature, sizeof png_signature);
  put_chunk (out, "IHDR", head->data, head->len);
  put_chunk (out, "IDAT", rows->data, rows->len);
  put_chunk (out, "IEND", NULL, 0);
  return g_byte_array_free_to_bytes (out);
}

gboolean
mask_png_size (const void *bytes, gsize length, guint32 *width, guint32 *height)
{
  const guint8 *data = bytes;

  if (length < 24 || memcmp (data, png_signature, sizeof png_signature) != 0 || memcmp (data + 12, "IHDR", 4) != 0)
    return FALSE;
  memcpy (width, data + 16, 4);
  memcpy (height, data + 20, 4);
  *width = GUINT32_FROM_BE (*width);
  *height = GUINT32_FROM_BE (*height);
  return *width > 0 && *height > 0;
}
