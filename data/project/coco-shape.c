/* SPDX-License-Identifier: MIT */
#include "coco-shape.h"

#include <math.h>

#define RINGS_COMPARED 64 /* with each other; shapes of more parts have no holes worth the time */

gboolean
coco_rle_parse (const json_t *value, Shape *shape)
{
  const json_t *counts = json_object_get (value, "counts");
  g_autofree guint32 *runs = NULL;
  double size[2];
  gsize n;

  if (!json_doubles (json_object_get (value, "size"), size, 2) || !(size[0] >= 1 && size[0] <= 1e9 && size[1] >= 1 && size[1] <= 1e9))
    return FALSE;
  if (json_is_string (counts))
    return shape_set_runs_text (shape, (guint32) size[1], (guint32) size[0], json_string_value (counts));
  if (!json_is_array (counts))
    return FALSE;
  n = json_array_size (counts);
  runs = g_new (guint32, n + 1);
  for (gsize i = 0; i < n; i++)
    {
      double run = json_double (json_array_get (counts, i));

      if (!(run >= 0 && run <= G_MAXUINT32) || run != floor (run))
        return FALSE;
      runs[i] = (guint32) run;
    }
  return shape_set_runs (shape, (guint32) size[1], (guint32) size[0], runs, n);
}

/* refclef's list of masks: together they are one. */
static gboolean
union_of_masks (const json_t *list, Shape *shape, const char **why)
{
  g_autofree guint8 *all = NULL;
  guint32 width = 0, height = 0;

  *why = "its list of masks is no list of run lengths of one size";
  for (gsize i = 0; i < json_array_size (list); i++)
    {
      g_auto (Shape) one = { 0 };
      g_autofree guint8 *pixels = NULL;

      if (!coco_rle_parse (json_array_get (list, i), &one) || (i > 0 && (one.width != width || one.height != height)) ||
          (pixels = shape_to_bitmap (&one)) == NULL)
        return FALSE;
      width = one.width;
      height = one.height;
      for (gsize p = 0; all != NULL && p < (gsize) width * height; p++)
        all[p] |= pixels[p];
      if (all == NULL)
        all = g_steal_pointer (&pixels);
    }
  return shape_set_bitmap (shape, width, height, all);
}

gboolean
coco_segmentation_parse (const json_t *value, Shape *shape, const char **why)
{
  *why = NULL;
  if (json_is_object (value))
    {
      if (coco_rle_parse (value, shape))
        return TRUE;
      *why = "its run lengths do not fill its size, or set no pixel";
      return FALSE;
    }
  if (!json_is_array (value) || json_array_size (value) == 0)
    return FALSE;
  if (json_is_object (json_array_get (value, 0)))
    return union_of_masks (value, shape, why);
  for (gsize i = 0; i < json_array_size (value); i++)
    {
      const json_t *part = json_array_get (value, i);

      if (json_array_size (part) == 0 || json_array_size (part) % 2 != 0)
        {
          *why = "a polygon is no list of x, y, x, y ...";
          return FALSE;
        }
      for (gsize j = 0; j + 1 < json_array_size (part); j += 2)
        shape_add_point (shape, json_double (json_array_get (part, j)), json_double (json_array_get (part, j + 1)));
      shape_end_ring (shape);
    }
  if (shape_finish_polygon (shape, SHAPE_UNION))
    return TRUE;
  *why = "its polygon has no area, fewer than three corners, or something that is no number";
  return FALSE;
}

void
coco_rle_put (GString *out, const Shape *shape, gboolean raw_counts)
{
  g_string_append_printf (out, "{\"size\":[%u,%u],\"counts\":", shape->height, shape->width);
  if (raw_counts)
    {
      g_string_append_c (out, '[');
      for (guint i = 0; i < shape->runs->len; i++)
        g_string_append_printf (out, i > 0 ? ",%u" : "%u", g_array_index (shape->runs, guint32, i));
      g_string_append_c (out, ']');
    }
  else
    {
      g_autofree char *text = shape_runs_to_text (shape);

      json_put_text (out, text);
    }
  g_string_append_c (out, '}');
}

void
coco_segmentation_put (GString *out, const Shape *shape, gboolean raw_counts)
{
  guint at = 0;

  if (shape->kind == SHAPE_MASK)
    {
      coco_rle_put (out, shape, raw_counts);
      return;
    }
  g_string_append_c (out, '[');
  for (guint i = 0; shape->kind == SHAPE_POLYGON && i < shape->rings->len; i++)
    {
      g_string_append (out, i > 0 ? ",[" : "[");
      for (guint j = 0; j < 2 * g_array_index (shape->rings, guint32, i); j++, at++)
        {
          if (j > 0)
            g_string_append_c (out, ',');
          json_put_number (out, g_array_index (shape->points, double, at));
        }
      g_string_append_c (out, ']');
    }
  g_string_append_c (out, ']');
}

void
coco_bbox_put (GString *out, const double box[4])
{
  const double bbox[4] = { box[0], box[1], edge_distance (box[0], box[2]), edge_distance (box[1], box[3]) };

  g_string_append_c (out, '[');
  for (int i = 0; i < 4; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      json_put_number (out, bbox[i]);
    }
  g_string_append_c (out, ']');
}

/* Even-odd, of n corners. */
static gboolean
ring_holds (const double *points, guint n, double x, double y)
{
  gboolean inside = FALSE;

  for (guint i = 0, j = n - 1; i < n; j = i++)
    {
      const double *a = points + 2 * i, *b = points + 2 * j;

      if ((a[1] > y) != (b[1] > y) && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0])
        inside = !inside;
    }
  return inside;
}

static gboolean
ring_holds_ring (const double *outer, guint n_outer, const double *inner, guint n_inner)
{
  for (guint i = 0; i < n_inner; i++)
    if (!ring_holds (outer, n_outer, inner[2 * i], inner[2 * i + 1]))
      return FALSE;
  return TRUE;
}

/* Whether the ring lies in another one; of two equal ones only the second does. */
static gboolean
ring_is_inside (const Shape *shape, guint ring)
{
  const double *points = (const double *) (void *) shape->points->data, *inner = points;
  guint n_inner = g_array_index (shape->rings, guint32, ring);

  for (guint i = 0; i < ring; i++)
    inner += 2 * g_array_index (shape->rings, guint32, i);
  for (guint i = 0; i < shape->rings->len; i++)
    {
      guint n = g_array_index (shape->rings, guint32, i);

      if (i != ring && ring_holds_ring (points, n, inner, n_inner) &&
          (i < ring || !ring_holds_ring (inner, n_inner, points, n)))
        return TRUE;
      points += 2 * n;
    }
  return FALSE;
}

gboolean
shape_has_holes (const Shape *shape)
{
  if (shape->kind != SHAPE_POLYGON || shape->fill != SHAPE_EVENODD || shape->rings->len > RINGS_COMPARED)
    return FALSE;
  for (guint i = 0; shape->rings->len > 1 && i < shape->rings->len; i++)
    if (ring_is_inside (shape, i))
      return TRUE;
  return FALSE;
}

double
shape_area (const Shape *shape)
{
  gboolean compared;
  double area = 0;
  guint at = 0;

  if (shape->kind == SHAPE_BOX)
    return (shape->box[2] - shape->box[0]) * (shape->box[3] - shape->box[1]);
  if (shape->kind == SHAPE_MASK)
    {
      for (guint i = 1; i < shape->runs->len; i += 2)
        area += g_array_index (shape->runs, guint32, i);
      return area;
    }
  compared = shape->rings->len > 1 && shape->rings->len <= RINGS_COMPARED;
  for (guint i = 0; i < shape->rings->len; i++)
    {
      guint n = g_array_index (shape->rings, guint32, i);
      const double *points = &g_array_index (shape->points, double, at);
      double ring = 0;

      at += 2 * n;
      if (compared && ring_is_inside (shape, i))
        continue;

      for (guint j = 0; j < n; j++)
        {
          guint k = (j + 1) % n;

          ring += points[2 * j] * points[2 * k + 1] - points[2 * k] * points[2 * j + 1];
        }
      area += fabs (ring) / 2;
    }
  return area;
}

void
shape_polygon_put (GString *out, const Shape *shape)
{
  guint at = 0;

  json_put_name (out, "polygon");
  g_string_append_c (out, '[');
  for (guint i = 0; i < shape->rings->len; i++)
    {
      g_string_append (out, i > 0 ? ",[" : "[");
      for (guint j = 0; j < g_array_index (shape->rings, guint32, i); j++, at += 2)
        {
          g_string_append (out, j > 0 ? ",[" : "[");
          json_put_number (out, g_array_index (shape->points, double, at));
          g_string_append_c (out, ',');
          json_put_number (out, g_array_index (shape->points, double, at + 1));
          g_string_append_c (out, ']');
        }
      g_string_append_c (out, ']');
    }
  g_string_append (out, shape->fill == SHAPE_UNION ? "],\"fill\":\"union\"" : "],\"fill\":\"evenodd\"");
}
