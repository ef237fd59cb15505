/* SPDX-License-Identifier: MIT */
#include "label-studio-shape.h"

#include "brush-rle.h"

#include <math.h>

#define ELLIPSE_CORNERS 64

static double
percent (const json_t *value, const char *name, double whole)
{
  return json_double (json_object_get (value, name)) * whole / 100;
}

gboolean
studio_rectangle_parse (const json_t *value, double w, double h, Shape *shape)
{
  double x = percent (value, "x", w), y = percent (value, "y", h);
  double dx = percent (value, "width", w), dy = percent (value, "height", h);
  double turn = json_double (json_object_get (value, "rotation")), c, s;

  if (!(dx > 0 && dy > 0))
    return FALSE;
  if (isnan (turn) || fmod (turn, 360) == 0)
    return shape_set_box (shape, x, y, x + dx, y + dy);
  c = cos (turn * G_PI / 180);
  s = sin (turn * G_PI / 180);
  shape_add_point (shape, x, y);
  shape_add_point (shape, x + dx * c, y + dx * s);
  shape_add_point (shape, x + dx * c - dy * s, y + dx * s + dy * c);
  shape_add_point (shape, x - dy * s, y + dy * c);
  shape_end_ring (shape);
  return shape_finish_polygon (shape, SHAPE_EVENODD);
}

gboolean
studio_ellipse_parse (const json_t *value, double w, double h, Shape *shape)
{
  double x = percent (value, "x", w), y = percent (value, "y", h);
  double rx = percent (value, "radiusX", w), ry = percent (value, "radiusY", h);
  double turn = json_double (json_object_get (value, "rotation")) * G_PI / 180;
  double c = isnan (turn) ? 1 : cos (turn), s = isnan (turn) ? 0 : sin (turn);

  if (!(rx > 0 && ry > 0))
    return FALSE;
  for (int i = 0; i < ELLIPSE_CORNERS; i++)
    {
      double a = rx * cos (2 * G_PI * i / ELLIPSE_CORNERS), b = ry * sin (2 * G_PI * i / ELLIPSE_CORNERS);

      shape_add_point (shape, x + a * c - b * s, y + a * s + b * c);
    }
  shape_end_ring (shape);
  return shape_finish_polygon (shape, SHAPE_EVENODD);
}

gboolean
studio_ring_add (const json_t *value, double w, double h, Shape *shape)
{
  const json_t *points = json_object_get (value, "points");
  double xy[2];

  for (gsize i = 0; i < json_array_size (points); i++)
    {
      if (!json_doubles (json_array_get (points, i), xy, 2))
        return FALSE;
      shape_add_point (shape, xy[0] * w / 100, xy[1] * h / 100);
    }
  shape_end_ring (shape);
  return TRUE;
}

gboolean
studio_brush_parse (const json_t *value, double w, double h, Shape *shape)
{
  const json_t *numbers = json_object_get (value, "rle");
  gsize n = json_array_size (numbers);
  g_autofree guint8 *bytes = g_malloc (n + 1);

  if (!(w >= 1 && h >= 1 && w < G_MAXINT32 && h < G_MAXINT32))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    {
      const json_t *number = json_array_get (numbers, i);
      json_int_t byte = json_is_integer (number) ? json_integer_value (number) : -1;

      if (byte < 0 || byte > 255)
        return FALSE;
      bytes[i] = (guint8) byte;
    }
  return brush_decode (shape, bytes, n, (guint32) w, (guint32) h);
}
