/* SPDX-License-Identifier: MIT
 * format-cvat.c: CVAT for images 1.1: one XML file, streamed image by image; coordinates are of the upright picture. */
#include "format-help.h"

#include "xml-items.h"

typedef struct
{
  Import *import;
} Reader;

/* "x,y;x,y" */
static gboolean
parse_points (const char *text, Shape *shape)
{
  g_auto (GStrv) points = g_strsplit (text != NULL ? text : "", ";", -1);

  for (guint i = 0; points[i] != NULL; i++)
    {
      char *comma = strchr (points[i], ',');

      if (comma == NULL)
        return FALSE;
      *comma = '\0';
      shape_add_point (shape, xml_number (points[i]), xml_number (comma + 1));
    }
  shape_end_ring (shape);
  return shape_finish_polygon (shape, SHAPE_EVENODD);
}

/* Row by row within its own rectangle, zeros first. */
static gboolean
parse_mask (const XmlNode *node, double width, double height, Shape *shape)
{
  double left = xml_attribute_number (node, "left"), top = xml_attribute_number (node, "top");
  double w = xml_attribute_number (node, "width"), h = xml_attribute_number (node, "height");
  const char *text = xml_attribute (node, "rle");
  g_auto (GStrv) runs = g_strsplit (text != NULL ? text : "", ",", -1);
  g_autofree guint8 *pixels = NULL;
  guint64 at = 0, end;

  if (!(width >= 1 && height >= 1 && width * height <= 256e6 && w >= 1 && h >= 1 && left >= 0 && top >= 0 && left + w <= width &&
        top + h <= height))
    return FALSE;
  pixels = g_try_malloc0 ((gsize) width * (gsize) height);
  if (pixels == NULL)
    return FALSE;
  end = (guint64) w * (guint64) h;
  for (guint i = 0; runs[i] != NULL; i++)
    {
      double run = xml_number (runs[i]);

      if (!(run >= 0 && run <= end - at))
        return FALSE;
      for (guint64 k = 0; k < (guint64) run && i % 2 == 1; k++)
        pixels[((guint64) top + (at + k) / (guint64) w) * (guint64) width + (guint64) left + (at + k) % (guint64) w] = 1;
      at += (guint64) run;
    }
  return shape_set_bitmap (shape, (guint32) width, (guint32) height, pixels);
}

static gboolean
read_shape (Import *import, const char *where, gint64 image, double width, double height, const XmlNode *node, GError **error)
{
  gboolean box = strcmp (node->name, "box") == 0, polygon = strcmp (node->name, "polygon") == 0, good;
  const char *label = xml_attribute (node, "label"), *text = label;
  g_autoptr (json_t) rest = json_object ();
  g_autoptr (json_t) extra = NULL;
  g_auto (Shape) shape = { 0 };
  ImportRegion region = { .shape = &shape, .score = NAN };
  GError *local = NULL;

  /* Attributes are kept; one called `phrase` is the text, as our own export writes it. */
  for (guint i = 0; i < node->children->len; i++)
    {
      const XmlNode *child = node->children->pdata[i];
      const char *name = strcmp (child->name, "attribute") == 0 ? xml_attribute (child, "name") : NULL;

      if (name != NULL)
        json_object_set_new (rest, name, json_string (child->text->str));
    }
  extra = json_pack ("{s:O}", "cvat", rest);
  region.extra = extra;
  region.phrase = help_phrase (import, where, image, text, NULL, &local);
  if (region.phrase == 0)
    return help_goes_on (local, error);
  if (box)
    {
      double edges[4] = { xml_attribute_number (node, "xtl"), xml_attribute_number (node, "ytl"), xml_attribute_number (node, "xbr"),
                          xml_attribute_number (node, "ybr") };

      good = edges[0] < edges[2] && edges[1] < edges[3] && shape_set_box (&shape, edges[0], edges[1], edges[2], edges[3]);
    }
  else
    good = polygon ? parse_points (xml_attribute (node, "points"), &shape) : parse_mask (node, width, height, &shape);
  if (!good)
    {
      import_skip (import, where, "the %s has no area, or is none", node->name);
      return TRUE;
    }
  import_region (import, where, &region, &local);
  return help_goes_on (local, error);
}

static gboolean
on_image (const char *where, const XmlNode *item, gpointer data, GError **error)
{
  Import *import = data;
  const ImportImage image = { .name = xml_attribute (item, "name"), .width = xml_attribute_number (item, "width"),
                              .height = xml_attribute_number (item, "height") };
  GError *local = NULL;
  gint64 id = import_image (import, where, &image, &local);
  double width = image.width, height = image.height;

  if (id == 0)
    return help_goes_on (local, error);
  import_image_size (import, id, &width, &height);
  for (guint i = 0; i < item->children->len; i++)
    {
      const XmlNode *node = item->children->pdata[i];
      g_autofree char *place = g_strdup_printf ("%s, %s %u", where, node->name, i + 1);

      if (strcmp (node->name, "box") != 0 && strcmp (node->name, "polygon") != 0 && strcmp (node->name, "mask") != 0)
        {
          if (strcmp (node->name, "tag") != 0)
            import_skip (import, place, "a %s is no region", node->name);
          continue;
        }
      if (!read_shape (import, place, id, width, height, node, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
cvat_read (Import *import, const char *source, GError **error)
{
  return xml_items_read (source, "image", on_image, import, error);
}

static gboolean
cvat_guess (const char *source, gboolean folder, const char *head)
{
  return !folder && strstr (head, "<annotations>") != NULL && (strstr (head, "<image ") != NULL || strstr (head, "<version>1.1") != NULL);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

static void
put_attribute (GString *out, const char *name, double value)
{
  g_autofree char *text = number_text (value);

  g_string_append_printf (out, " %s=\"%s\"", name, text);
}

static void
put_mask (GString *out, const Shape *shape)
{
  g_autofree guint8 *pixels = shape_to_bitmap (shape);
  guint32 left = (guint32) shape->box[0], top = (guint32) shape->box[1], w = (guint32) shape->box[2] - left,
          h = (guint32) shape->box[3] - top, run = 0;
  gboolean set = FALSE, first = TRUE;

  if (pixels == NULL)
    return;
  g_string_append (out, " rle=\"");
  for (guint32 y = top; y < top + h; y++)
    for (guint32 x = left; x < left + w; x++, run++)
      if ((pixels[(gsize) y * shape->width + x] != 0) != set)
        {
          g_string_append_printf (out, first ? "%u" : ",%u", run);
          first = FALSE;
          run = 0;
          set = !set;
        }
  g_string_append_printf (out, first ? "%u\"" : ",%u\"", run);
  g_string_append_printf (out, " left=\"%u\" top=\"%u\" width=\"%u\" height=\"%u\"", left, top, w, h);
}

/* The number of parts that are elements of their own: a union's rings. */
static void
put_polygon (GString *out, const Shape *shape)
{
  g_string_append (out, " points=\"");
  for (guint i = 0; i < g_array_index (shape->rings, guint32, 0); i++)
    {
      g_autofree char *x = number_text (g_array_index (shape->points, double, 2 * i));
      g_autofree char *y = number_text (g_array_index (shape->points, double, 2 * i + 1));

      g_string_append_printf (out, i > 0 ? ";%s,%s" : "%s,%s", x, y);
    }
  g_string_append_c (out, '"');
}

static void
put_region (Export *export, GString *out, const ExportImage *image, const ExportPhrase *phrase, const ExportRegion *region)
{
  g_auto (Shape) shape = { 0 };
  const json_t *cvat = json_object_get (region->extra, "cvat");
  const char *key, *element;
  json_t *value;

  if (!export_shape (export, image, region, &shape))
    return;
  if (shape.kind == SHAPE_POLYGON && shape.rings->len > 1)
    {
      export_lost (export, "holes and parts of polygons (their boxes are kept)");
      shape.kind = SHAPE_BOX;
    }
  element = shape_kind_name (shape.kind);
  g_string_append_printf (out, "    <%s label=\"", element);
  xml_put (out, phrase->text);
  g_string_append (out, "\" source=\"manual\" occluded=\"0\"");
  if (shape.kind == SHAPE_BOX)
    {
      put_attribute (out, "xtl", shape.box[0]);
      put_attribute (out, "ytl", shape.box[1]);
      put_attribute (out, "xbr", shape.box[2]);
      put_attribute (out, "ybr", shape.box[3]);
    }
  else if (shape.kind == SHAPE_POLYGON)
    put_polygon (out, &shape);
  else
    put_mask (out, &shape);
  g_string_append (out, " z_order=\"0\">\n");
  json_object_foreach ((json_t *) cvat, key, value)
    {
      g_string_append (out, "      <attribute name=\"");
      xml_put (out, key);
      g_string_append (out, "\">");
      xml_put (out, json_is_string (value) ? json_string_value (value) : "");
      g_string_append (out, "</attribute>\n");
    }
  g_string_append_printf (out, "    </%s>\n", element);
}

static void
put_image (Export *export, GString *out, const ExportImage *image, gpointer data)
{
  g_autofree char *name = export_image_name (export, image);
  guint *n = data;
  double width, height;

  export_size (export, image, &width, &height);
  g_string_append_printf (out, "  <image id=\"%u\" name=\"", (*n)++);
  xml_put (out, name);
  g_string_append (out, "\"");
  put_attribute (out, "width", width);
  put_attribute (out, "height", height);
  g_string_append (out, ">\n");
  for (guint i = 0; i < image->captions->len; i++)
    export_lost (export, "captions");
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      if (phrase->regions->len == 0)
        export_lost (export, "phrases without regions");
      for (guint j = 0; j < phrase->regions->len; j++)
        put_region (export, out, image, phrase, phrase->regions->pdata[j]);
    }
  g_string_append (out, "  </image>\n");
}

static gboolean
cvat_write (Export *export, const char *target, GError **error)
{
  guint n = 0;

  return help_write_images (export, target, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n  <version>1.1</version>\n",
                            "</annotations>\n", put_image, &n, error);
}

const Format format_cvat = {
  .name = "cvat",
  .upright = TRUE,
  .guess = cvat_guess,
  .read = cvat_read,
  .write = cvat_write,
  .keeps_not = "captions and spans, phrases without regions, holes and parts of polygons, which region several phrases share, scores",
};
