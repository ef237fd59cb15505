/* SPDX-License-Identifier: MIT */
#include "labelme-shape.h"

#include "mask-shape.h"
#include "project-id.h"

#include "albef.h"

#include <math.h>
#include <string.h>

#define CIRCLE_CORNERS 64
#define INDENT_LIMIT 16

/* Records ---------------------------------------------------------------------------------------------------------- */

static void
record_free (gpointer data)
{
  g_array_unref (data);
}

GPtrArray *
labelme_records (const json_t *shapes)
{
  GPtrArray *records = g_ptr_array_new_with_free_func (record_free);
  g_autoptr (GHashTable) by_parts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < json_array_size (shapes); i++)
    {
      const json_t *alidade = json_object_get (json_array_get (shapes, i), "alidade");
      g_autofree char *parts = json_id_text (json_object_get (alidade, "parts"));
      GArray *record = parts != NULL ? g_hash_table_lookup (by_parts, parts) : NULL;

      if (record == NULL)
        {
          record = g_array_new (FALSE, FALSE, sizeof (guint));
          g_ptr_array_add (records, record);
          if (parts != NULL)
            g_hash_table_insert (by_parts, g_steal_pointer (&parts), record);
        }
      g_array_append_val (record, i);
    }
  return records;
}

static const json_t *
item_of (const json_t *shapes, const GArray *record, guint nth)
{
  return json_array_get (shapes, g_array_index (record, guint, nth));
}

static void
put_hashed (GString *bytes, const char *text)
{
  g_string_append (bytes, text != NULL ? text : "");
  g_string_append_c (bytes, '\0');
}

/* 10 and 10.0 are the same corner: tools write the one as the other. */
static void
put_hashed_points (GString *bytes, const json_t *points)
{
  for (gsize i = 0; i < json_array_size (points); i++)
    {
      double point[2];

      if (json_doubles (json_array_get (points, i), point, 2))
        {
          json_put_number (bytes, point[0]);
          g_string_append_c (bytes, ' ');
          json_put_number (bytes, point[1]);
        }
      g_string_append_c (bytes, ',');
    }
  g_string_append_c (bytes, '\0');
}

char *
labelme_record_hash (const json_t *shapes, const GArray *record)
{
  static const char *const not_hashed[] = { "hash", "link", "parts", NULL };
  g_autoptr (GString) bytes = g_string_new (NULL);

  for (guint i = 0; i < record->len; i++)
    {
      const json_t *item = item_of (shapes, record, i), *alidade = json_object_get (item, "alidade");
      g_autoptr (json_t) rest = json_is_object (alidade) ? json_without (alidade, not_hashed) : NULL;
      g_autofree char *said = rest != NULL ? json_to_text (rest) : NULL;

      put_hashed (bytes, json_text (item, "label"));
      put_hashed (bytes, json_text (item, "description"));
      put_hashed (bytes, json_text (item, "shape_type"));
      put_hashed (bytes, json_text (item, "mask"));
      put_hashed (bytes, said);
      put_hashed_points (bytes, json_object_get (item, "points"));
    }
  return g_strdup_printf ("%" G_GINT64_FORMAT, project_identity ("labelme", bytes->str, bytes->len));
}

const char *
labelme_text (const json_t *item)
{
  const char *text = json_text (item, "description");

  if (text == NULL || *text == '\0')
    text = json_text (item, "label");
  return text != NULL && *text != '\0' ? text : NULL;
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

static gboolean
fail_why (const char **why, const char *text)
{
  *why = text;
  return FALSE;
}

/* All points as x y x y ...; NULL unless each is a pair of numbers. */
static GArray *
points_of (const json_t *item)
{
  const json_t *points = json_object_get (item, "points");
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (double));
  double point[2];

  if (!json_is_array (points))
    return NULL;
  for (gsize i = 0; i < json_array_size (points); i++)
    {
      if (!json_doubles (json_array_get (points, i), point, 2))
        return NULL;
      g_array_append_vals (all, point, 2);
    }
  return g_steal_pointer (&all);
}

static gboolean
parse_circle (const double *points, Shape *shape)
{
  double radius = hypot (points[2] - points[0], points[3] - points[1]);

  for (int i = 0; i < CIRCLE_CORNERS; i++)
    {
      double angle = 2 * G_PI * i / CIRCLE_CORNERS;

      shape_add_point (shape, points[0] + radius * cos (angle), points[1] + radius * sin (angle));
    }
  shape_end_ring (shape);
  return radius > 0 && shape_finish_polygon (shape, SHAPE_EVENODD);
}

/* The PNG of a crop: between whole corners if its size is theirs, else of its own size at the first one. */
static gboolean
parse_mask (const json_t *item, const double *points, double width, double height, Shape *shape, const char **why)
{
  const char *text = json_text (item, "mask");
  g_autofree guchar *bytes = NULL;
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;
  guint32 w, h;
  gsize length;
  double x, y;
  gboolean good;

  if (text == NULL)
    return fail_why (why, "a mask without its picture");
  if (!(width >= 1 && height >= 1 && width < G_MAXINT32 && height < G_MAXINT32))
    return fail_why (why, "a mask, while the size of the picture is unknown");
  bytes = g_base64_decode (text, &length);
  if (!mask_png_size (bytes, length, &w, &h))
    return fail_why (why, "its mask is no PNG");
  if (w > width || h > height)
    return fail_why (why, "its mask is larger than the picture");
  x = MIN (points[0], points[2]);
  y = MIN (points[1], points[3]);
  if (fabs (points[2] - points[0]) + 1 != w || fabs (points[3] - points[1]) + 1 != h)
    {
      x = points[0];
      y = points[1];
    }
  if (!(fabs (x) < SHAPE_LIMIT && fabs (y) < SHAPE_LIMIT))
    return fail_why (why, "its mask lies too far away");
  if (albef_image_from_bytes (bytes, length, "mask", ALBEF_IMAGE_STORED, &image, &error) != ALBEF_OK)
    return fail_why (why, "its mask is a damaged PNG");
  good = (guint32) albef_image_width (image) == w && (guint32) albef_image_height (image) == h
         && mask_from_crop (shape, (guint32) width, (guint32) height, (gint64) trunc (x), (gint64) trunc (y), w, h,
                            albef_image_pixels (image), 3);
  albef_image_free (image);
  return good || fail_why (why, "its mask has no pixel inside the picture");
}

/* Shapes of any number of corners. */
static gboolean
is_polygon (const char *type)
{
  static const char *const types[] = { "polygon", "rotation", "oriented_rectangle", "quadrilateral" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (strcmp (type, types[i]) == 0)
      return TRUE;
  return FALSE;
}

/* One ring onto `shape`. */
static gboolean
add_ring (const json_t *item, Shape *shape, const char **why)
{
  g_autoptr (GArray) points = points_of (item);

  if (points == NULL)
    return fail_why (why, "its points are no list of [x, y]");
  if (points->len < 6)
    return fail_why (why, "a polygon of fewer than three points has no area");
  for (guint i = 0; i < points->len; i += 2)
    shape_add_point (shape, g_array_index (points, double, i), g_array_index (points, double, i + 1));
  shape_end_ring (shape);
  return TRUE;
}

static gboolean
parse_rings (const json_t *shapes, const GArray *record, Shape *shape, const char **why)
{
  const json_t *alidade = json_object_get (item_of (shapes, record, 0), "alidade"),
               *mask = json_object_get (alidade, "mask");
  ShapeFill fill = g_strcmp0 (json_text (alidade, "fill"), "union") == 0 ? SHAPE_UNION : SHAPE_EVENODD;
  g_auto (Shape) rings = { 0 };
  double size[2];

  for (guint i = 0; i < record->len; i++)
    if (!add_ring (item_of (shapes, record, i), &rings, why))
      return FALSE;
  if (!shape_finish_polygon (&rings, fill))
    return fail_why (why, "its polygon has no area, or lies too far away");
  if (!json_doubles (mask, size, 2))
    {
      shape_copy (&rings, shape);
      return TRUE;
    }
  if (size[0] >= 1 && size[1] >= 1 && size[0] < G_MAXINT32 && size[1] < G_MAXINT32
      && mask_from_rings (shape, (guint32) size[1], (guint32) size[0], &rings))
    return TRUE;
  return fail_why (why, "its outlines hold no pixel");
}

gboolean
labelme_record_parse (const json_t *shapes, const GArray *record, double width, double height, Shape *shape,
                      const char **why)
{
  const json_t *item = item_of (shapes, record, 0);
  const char *type = json_text (item, "shape_type");
  g_autoptr (GArray) points = NULL;
  const double *p;

  if (type == NULL)
    type = "polygon";
  if (record->len > 1 || is_polygon (type))
    return parse_rings (shapes, record, shape, why);
  points = points_of (item);
  if (points == NULL)
    return fail_why (why, "its points are no list of [x, y]");
  p = (const double *) (void *) points->data;
  if (strcmp (type, "rectangle") == 0)
    {
      if (points->len != 4 && points->len != 8)
        return fail_why (why, "a rectangle has 2 or 4 points");
      return (points->len == 4 ? shape_set_box (shape, p[0], p[1], p[2], p[3])
                               : shape_set_box (shape, p[0], p[1], p[4], p[5]))
             || fail_why (why, "its rectangle has no area, or lies too far away");
    }
  if (strcmp (type, "circle") == 0)
    {
      if (points->len != 4)
        return fail_why (why, "a circle has 2 points");
      return parse_circle (p, shape) || fail_why (why, "its circle has no area, or lies too far away");
    }
  if (strcmp (type, "mask") == 0)
    return points->len == 4 ? parse_mask (item, p, width, height, shape, why) : fail_why (why, "a mask has 2 points");
  return fail_why (why, "points and lines have no area");
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

static void
add_corner (json_t *points, double x, double y)
{
  json_array_append_new (points, json_pack ("[f,f]", x, y));
}

static json_t *
box_points (const double box[4], gboolean anylabeling)
{
  json_t *points = json_array ();

  add_corner (points, box[0], box[1]);
  if (anylabeling)
    add_corner (points, box[2], box[1]);
  add_corner (points, box[2], box[3]);
  if (anylabeling)
    add_corner (points, box[0], box[3]);
  return points;
}

static json_t *
new_mask (const Shape *shape)
{
  guint32 w, h;
  g_autofree guint8 *pixels = mask_to_crop (shape, &w, &h);
  g_autoptr (GBytes) png = pixels != NULL ? mask_png_encode (pixels, w, h) : NULL;
  g_autofree char *text = NULL;
  json_t *points;

  if (png == NULL)
    return NULL;
  text = g_base64_encode (g_bytes_get_data (png, NULL), g_bytes_get_size (png));
  points = json_array ();
  add_corner (points, shape->box[0], shape->box[1]);
  add_corner (points, shape->box[2] - 1, shape->box[3] - 1);
  return json_pack ("[{s:s,s:o,s:s}]", "shape_type", "mask", "points", points, "mask", text);
}

static json_t *
new_rings (const Shape *shape, const Shape *mask, gint64 parts)
{
  json_t *items = json_array ();
  guint at = 0;

  for (guint i = 0; i < shape->rings->len; i++)
    {
      json_t *points = json_array (), *alidade = json_object ();

      for (guint j = 0; j < g_array_index (shape->rings, guint32, i); j++, at += 2)
        add_corner (points, g_array_index (shape->points, double, at), g_array_index (shape->points, double, at + 1));
      if (shape->fill == SHAPE_UNION)
        json_object_set_new (alidade, "fill", json_string ("union"));
      if (mask != NULL)
        json_object_set_new (alidade, "mask", json_pack ("[I,I]", (json_int_t) mask->height, (json_int_t) mask->width));
      if (shape->rings->len > 1)
        json_object_set_new (alidade, "parts", json_integer (parts));
      json_array_append_new (items, json_pack ("{s:s,s:o,s:o}", "shape_type", "polygon", "points", points, "alidade",
                                               alidade));
    }
  return items;
}

json_t *
labelme_record_new (const Shape *shape, gboolean anylabeling, gint64 parts)
{
  g_auto (Shape) rings = { 0 };

  if (shape->kind == SHAPE_BOX)
    return json_pack ("[{s:s,s:o}]", "shape_type", "rectangle", "points", box_points (shape->box, anylabeling));
  if (shape->kind == SHAPE_POLYGON)
    return new_rings (shape, NULL, parts);
  if (!anylabeling)
    return new_mask (shape);
  return mask_to_rings (shape, &rings) ? new_rings (&rings, shape, parts) : NULL;
}

static void
put_line (GString *out, guint indent, guint depth)
{
  g_string_append_c (out, '\n');
  for (guint i = 0; i < MIN (indent, INDENT_LIMIT) * depth; i++)
    g_string_append_c (out, ' ');
}

void
labelme_put_value (GString *out, const json_t *value, guint indent, guint depth)
{
  const char *name;
  json_t *member;
  gboolean first = TRUE;

  if (json_is_object (value) && json_object_size (value) > 0)
    {
      g_string_append_c (out, '{');
      json_object_foreach ((json_t *) value, name, member)
        {
          if (!first)
            g_string_append_c (out, ',');
          first = FALSE;
          put_line (out, indent, depth + 1);
          json_put_text (out, name);
          g_string_append (out, ": ");
          labelme_put_value (out, member, indent, depth + 1);
        }
      put_line (out, indent, depth);
      g_string_append_c (out, '}');
    }
  else if (json_is_array (value) && json_array_size (value) > 0)
    {
      g_string_append_c (out, '[');
      for (gsize i = 0; i < json_array_size (value); i++)
        {
          if (i > 0)
            g_string_append_c (out, ',');
          put_line (out, indent, depth + 1);
          labelme_put_value (out, json_array_get (value, i), indent, depth + 1);
        }
      put_line (out, indent, depth);
      g_string_append_c (out, ']');
    }
  else
    json_put_value (out, value);
}
