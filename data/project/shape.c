/* SPDX-License-Identifier: MIT */
#include "shape.h"

#include <math.h>
#include <string.h>

#define ALIKE 1e-6 /* pixels */
#define BITMAP_LIMIT (256u << 20)

void
shape_clear (Shape *shape)
{
  g_clear_pointer (&shape->points, g_array_unref);
  g_clear_pointer (&shape->rings, g_array_unref);
  g_clear_pointer (&shape->runs, g_array_unref);
  memset (shape, 0, sizeof *shape);
}

void
shape_copy (const Shape *shape, Shape *copy)
{
  *copy = *shape;
  copy->points = shape->points != NULL ? g_array_copy (shape->points) : NULL;
  copy->rings = shape->rings != NULL ? g_array_copy (shape->rings) : NULL;
  copy->runs = shape->runs != NULL ? g_array_copy (shape->runs) : NULL;
}

static gboolean
is_coordinate (double value)
{
  return isfinite (value) && fabs (value) < SHAPE_LIMIT;
}

static gboolean
set_edges (Shape *shape, double x1, double y1, double x2, double y2)
{
  if (!is_coordinate (x1) || !is_coordinate (y1) || !is_coordinate (x2) || !is_coordinate (y2) || x1 >= x2 || y1 >= y2)
    return FALSE;
  /* No negative zero: it would be another number to a reader. */
  shape->box[0] = x1 + 0.0;
  shape->box[1] = y1 + 0.0;
  shape->box[2] = x2 + 0.0;
  shape->box[3] = y2 + 0.0;
  return TRUE;
}

gboolean
shape_set_box (Shape *shape, double x1, double y1, double x2, double y2)
{
  shape_clear (shape);
  return set_edges (shape, MIN (x1, x2), MIN (y1, y2), MAX (x1, x2), MAX (y1, y2));
}

/* Polygons ------------------------------------------------------------------------------------------------------ */

void
shape_add_point (Shape *shape, double x, double y)
{
  const double point[2] = { x + 0.0, y + 0.0 };

  if (shape->points == NULL)
    shape->points = g_array_new (FALSE, FALSE, sizeof (double));
  g_array_append_vals (shape->points, point, 2);
}

void
shape_end_ring (Shape *shape)
{
  guint32 all = shape->points != NULL ? shape->points->len / 2 : 0, ring = all - shape->n_ended;

  if (shape->rings == NULL)
    shape->rings = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_array_append_val (shape->rings, ring);
  shape->n_ended = all;
}

gboolean
shape_finish_polygon (Shape *shape, ShapeFill fill)
{
  double x1 = INFINITY, y1 = INFINITY, x2 = -INFINITY, y2 = -INFINITY;

  if (shape->points == NULL || shape->rings == NULL)
    return FALSE;
  for (guint i = 0; i < shape->rings->len; i++)
    if (g_array_index (shape->rings, guint32, i) < 3)
      return FALSE;
  for (guint i = 0; i + 1 < shape->points->len; i += 2)
    {
      double x = g_array_index (shape->points, double, i), y = g_array_index (shape->points, double, i + 1);

      if (!is_coordinate (x) || !is_coordinate (y))
        return FALSE;
      x1 = MIN (x1, x);
      x2 = MAX (x2, x);
      y1 = MIN (y1, y);
      y2 = MAX (y2, y);
    }
  shape->kind = SHAPE_POLYGON;
  shape->fill = fill;
  return set_edges (shape, x1, y1, x2, y2);
}

/* Masks --------------------------------------------------------------------------------------------------------- */

gboolean
shape_set_runs (Shape *shape, guint32 width, guint32 height, const guint32 *runs, guint n_runs)
{
  guint64 pixels = (guint64) width * height, at = 0;
  guint32 x1 = G_MAXUINT32, y1 = G_MAXUINT32, x2 = 0, y2 = 0;

  shape_clear (shape);
  if (width == 0 || height == 0 || pixels > MASK_PIXELS_LIMIT)
    return FALSE;
  for (guint i = 0; i < n_runs; i++)
    {
      if (runs[i] > pixels - at)
        return FALSE;
      if (i % 2 == 1 && runs[i] > 0)
        {
          guint64 last = at + runs[i] - 1;

          x1 = MIN (x1, at / height);
          x2 = MAX (x2, last / height + 1);
          /* A run over the end of a column reaches from top to bottom. */
          y1 = at / height == last / height ? MIN (y1, at % height) : 0;
          y2 = at / height == last / height ? MAX (y2, last % height + 1) : height;
        }
      at += runs[i];
    }
  if (at != pixels || x2 == 0)
    return FALSE;
  shape->kind = SHAPE_MASK;
  shape->width = width;
  shape->height = height;
  shape->runs = g_array_sized_new (FALSE, FALSE, sizeof (guint32), n_runs);
  g_array_append_vals (shape->runs, runs, n_runs);
  return set_edges (shape, x1, y1, x2, y2);
}

gboolean
shape_set_bitmap (Shape *shape, guint32 width, guint32 height, const guint8 *pixels)
{
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint32 run = 0;
  gboolean set = FALSE;

  for (guint32 x = 0; x < width; x++)
    for (guint32 y = 0; y < height; y++)
      {
        if ((pixels[(gsize) y * width + x] != 0) != set)
          {
            g_array_append_val (runs, run);
            run = 0;
            set = !set;
          }
        run++;
      }
  g_array_append_val (runs, run);
  return shape_set_runs (shape, width, height, (const guint32 *) (void *) runs->data, runs->len);
}

guint8 *
shape_to_bitmap (const Shape *shape)
{
  guint64 pixels = (guint64) shape->width * shape->height, at = 0;
  guint8 *bitmap;

  if (shape->kind != SHAPE_MASK || pixels > BITMAP_LIMIT || (bitmap = g_try_malloc0 (pixels)) == NULL)
    return NULL;
  for (guint i = 0; i < shape->runs->len; i++)
    {
      guint32 run = g_array_index (shape->runs, guint32, i);

      if (i % 2 == 1)
        for (guint64 p = at; p < at + run; p++)
          bitmap[p % shape->height * shape->width + p / shape->height] = 1;
      at += run;
    }
  return bitmap;
}

char *
shape_runs_to_text (const Shape *shape)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < shape->runs->len; i++)
    {
      gint64 value = g_array_index (shape->runs, guint32, i);
      gboolean more = TRUE;

      if (i > 2)
        value -= g_array_index (shape->runs, guint32, i - 2);
      while (more)
        {
          int bits = value & 0x1f;

          value >>= 5;
          more = (bits & 0x10) != 0 ? value != -1 : value != 0;
          g_string_append_c (text, (char) ((more ? bits | 0x20 : bits) + 48));
        }
    }
  return g_string_free (text, FALSE);
}

gboolean
shape_set_runs_text (Shape *shape, guint32 width, guint32 height, const char *text)
{
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (guint32));

  while (*text != '\0')
    {
      gint64 value = 0;
      int bits, shift = 0;
      guint32 run;

      do
        {
          bits = *text++ - 48;
          if (bits < 0 || bits > 63 || shift > 35)
            return FALSE;
          value |= (gint64) (bits & 0x1f) << shift;
          shift += 5;
          if ((bits & 0x20) != 0 && *text == '\0')
            return FALSE;
        }
      while ((bits & 0x20) != 0);
      if ((bits & 0x10) != 0)
        value |= -(G_GINT64_CONSTANT (1) << shift);
      if (runs->len > 2)
        value += g_array_index (runs, guint32, runs->len - 2);
      if (value < 0 || value > G_MAXUINT32)
        return FALSE;
      run = (guint32) value;
      g_array_append_val (runs, run);
    }
  return shape_set_runs (shape, width, height, (const guint32 *) (void *) runs->data, runs->len);
}

/* Turning ------------------------------------------------------------------------------------------------------- */

void
shape_turn_point (int orientation, gboolean to_upright, double w, double h, double *x, double *y)
{
  double a = *x, b = *y;

  switch (orientation)
    {
    case 2:
      *x = w - a;
      break;
    case 3:
      *x = w - a;
      *y = h - b;
      break;
    case 4:
      *y = h - b;
      break;
    case 5:
      *x = b;
      *y = a;
      break;
    case 6: /* upright (h - y, x); back (y, h - x) */
      *x = to_upright ? h - b : b;
      *y = to_upright ? a : h - a;
      break;
    case 7: /* upright (h - y, w - x); back (w - y, h - x) */
      *x = to_upright ? h - b : w - b;
      *y = to_upright ? w - a : h - a;
      break;
    case 8: /* upright (y, w - x); back (w - y, x) */
      *x = to_upright ? b : w - b;
      *y = to_upright ? w - a : a;
      break;
    default:
      break;
    }
}

static gboolean
turn_mask (Shape *shape, int orientation, gboolean to_upright)
{
  g_autofree guint8 *from = shape_to_bitmap (shape), *to = NULL;
  guint32 w = shape->width, h = shape->height;
  gboolean swapped = orientation >= 5;
  guint32 new_w = swapped ? h : w, new_h = swapped ? w : h;
  double stored_w = to_upright ? w : new_w, stored_h = to_upright ? h : new_h;

  if (from == NULL || (to = g_try_malloc0 ((gsize) w * h)) == NULL)
    return FALSE;
  for (guint32 y = 0; y < h; y++)
    for (guint32 x = 0; x < w; x++)
      {
        /* Pixel centres turn as points do. */
        double px = x + 0.5, py = y + 0.5;

        shape_turn_point (orientation, to_upright, stored_w, stored_h, &px, &py);
        to[(gsize) py * new_w + (gsize) px] = from[(gsize) y * w + x];
      }
  return shape_set_bitmap (shape, new_w, new_h, to);
}

gboolean
shape_turn (Shape *shape, int orientation, gboolean to_upright, double stored_width, double stored_height)
{
  double *box = shape->box;

  if (orientation <= 1 || orientation > 8)
    return TRUE;
  if (shape->kind == SHAPE_MASK)
    return turn_mask (shape, orientation, to_upright);
  if (shape->kind == SHAPE_POLYGON)
    {
      for (guint i = 0; i + 1 < shape->points->len; i += 2)
        shape_turn_point (orientation, to_upright, stored_width, stored_height,
                          &g_array_index (shape->points, double, i), &g_array_index (shape->points, double, i + 1));
      return shape_finish_polygon (shape, shape->fill);
    }
  shape_turn_point (orientation, to_upright, stored_width, stored_height, &box[0], &box[1]);
  shape_turn_point (orientation, to_upright, stored_width, stored_height, &box[2], &box[3]);
  return set_edges (shape, MIN (box[0], box[2]), MIN (box[1], box[3]), MAX (box[0], box[2]), MAX (box[1], box[3]));
}

/* Comparing and storing ----------------------------------------------------------------------------------------- */

static gboolean
arrays_equal (GArray *a, GArray *b)
{
  gsize size;

  if (a == NULL || b == NULL)
    return a == b;
  size = g_array_get_element_size (a);
  return a->len == b->len && (a->len == 0 || memcmp (a->data, b->data, a->len * size) == 0);
}

gboolean
shape_near (const Shape *a, const Shape *b, double tolerance)
{
  if (a->kind != b->kind || a->fill != b->fill || !arrays_equal (a->rings, b->rings) || a->width != b->width ||
      a->height != b->height || !arrays_equal (a->runs, b->runs))
    return FALSE;
  for (int i = 0; i < 4; i++)
    if (!(fabs (a->box[i] - b->box[i]) <= tolerance))
      return FALSE;
  if (a->kind != SHAPE_POLYGON)
    return TRUE;
  if (a->points->len != b->points->len)
    return FALSE;
  for (guint i = 0; i < a->points->len; i++)
    if (!(fabs (g_array_index (a->points, double, i) - g_array_index (b->points, double, i)) <= tolerance))
      return FALSE;
  return TRUE;
}

gboolean
shape_equal (const Shape *a, const Shape *b)
{
  return shape_near (a, b, 0);
}

gboolean
shape_alike (const Shape *of_file, const Shape *shape, gboolean flat)
{
  gboolean flattened = flat && (shape->kind == SHAPE_MASK || (shape->kind == SHAPE_POLYGON && shape->rings->len > 1));
  Shape other = *shape;

  if (of_file->kind == SHAPE_BOX && flattened)
    {
      for (int i = 0; i < 4; i++)
        if (!(fabs (of_file->box[i] - shape->box[i]) <= ALIKE))
          return FALSE;
      return TRUE;
    }
  if (of_file->kind == SHAPE_POLYGON)
    other.fill = of_file->fill;
  return shape_near (of_file, &other, ALIKE);
}

/* A polygon: fill (4 bytes), number of rings, points of each, then the coordinates. A mask: width, height, runs.
 * All little-endian, so that a project moves between machines. */
GBytes *
shape_to_bytes (const Shape *shape)
{
  GByteArray *bytes;

  if (shape->kind == SHAPE_BOX)
    return NULL;
  bytes = g_byte_array_new ();
#define PUT32(v) G_STMT_START { guint32 le = GUINT32_TO_LE (v); g_byte_array_append (bytes, (guint8 *) &le, 4); } G_STMT_END
  if (shape->kind == SHAPE_MASK)
    {
      PUT32 (shape->width);
      PUT32 (shape->height);
      for (guint i = 0; i < shape->runs->len; i++)
        PUT32 (g_array_index (shape->runs, guint32, i));
    }
  else
    {
      PUT32 (shape->fill);
      PUT32 (shape->rings->len);
      for (guint i = 0; i < shape->rings->len; i++)
        PUT32 (g_array_index (shape->rings, guint32, i));
      for (guint i = 0; i < shape->points->len; i++)
        {
          guint64 bits;

          memcpy (&bits, &g_array_index (shape->points, double, i), 8);
          bits = GUINT64_TO_LE (bits);
          g_byte_array_append (bytes, (guint8 *) &bits, 8);
        }
    }
#undef PUT32
  return g_byte_array_free_to_bytes (bytes);
}

static guint32
get32 (const guint8 *bytes)
{
  guint32 value;

  memcpy (&value, bytes, 4);
  return GUINT32_FROM_LE (value);
}

static gboolean
polygon_from_bytes (Shape *shape, const guint8 *bytes, gsize length)
{
  guint32 fill, n_rings;
  guint64 n_points = 0;
  const guint8 *at;

  if (length < 8)
    return FALSE;
  fill = get32 (bytes);
  n_rings = get32 (bytes + 4);
  if (fill > SHAPE_UNION || n_rings > (length - 8) / 4)
    return FALSE;
  for (guint32 i = 0; i < n_rings; i++)
    n_points += get32 (bytes + 8 + 4 * (gsize) i);
  if (length != 8 + 4 * (gsize) n_rings + 16 * n_points)
    return FALSE;
  at = bytes + 8 + 4 * (gsize) n_rings;
  for (guint32 i = 0; i < n_rings; i++)
    {
      guint32 n = get32 (bytes + 8 + 4 * (gsize) i);

      for (guint32 j = 0; j < n; j++, at += 16)
        {
          guint64 bits[2];
          double point[2];

          memcpy (bits, at, 16);
          bits[0] = GUINT64_FROM_LE (bits[0]);
          bits[1] = GUINT64_FROM_LE (bits[1]);
          memcpy (point, bits, 16);
          shape_add_point (shape, point[0], point[1]);
        }
      shape_end_ring (shape);
    }
  return shape_finish_polygon (shape, fill);
}

gboolean
shape_from_bytes (Shape *shape, ShapeKind kind, const double box[4], const void *bytes, gsize length)
{
  g_autofree guint32 *runs = NULL;

  if (kind == SHAPE_BOX)
    return set_edges (shape, box[0], box[1], box[2], box[3]);
  if (kind == SHAPE_POLYGON)
    return polygon_from_bytes (shape, bytes, length);
  if (length < 12 || length % 4 != 0)
    return FALSE;
  runs = g_new (guint32, length / 4);
  for (gsize i = 0; i < length / 4; i++)
    runs[i] = get32 ((const guint8 *) bytes + 4 * i);
  return shape_set_runs (shape, runs[0], runs[1], runs + 2, length / 4 - 2);
}

const char *
shape_kind_name (ShapeKind kind)
{
  static const char *const names[] = { "box", "polygon", "mask" };

  return names[kind];
}

gboolean
shape_kind_parse (const char *name, ShapeKind *kind)
{
  for (int i = SHAPE_BOX; i <= SHAPE_MASK; i++)
    if (g_strcmp0 (name, shape_kind_name (i)) == 0)
      {
        *kind = i;
        return TRUE;
      }
  return FALSE;
}
