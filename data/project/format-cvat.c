/* SPDX-License-Identifier: MIT
 * format-cvat.c: CVAT for images 1.1: one XML file, streamed image by image; coordinates are of the upright picture. */
#include "format-help.h"

#include "xml-items.h"

#define MASK_LIMIT (256u << 20) /* pixels of a mask's own rectangle */

/* Reading ---------------------------------------------------------------------------------------------------------- */

typedef struct
{
  Import *import;
  guint images;
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

/* A box turned about its centre, clockwise in degrees, is a polygon. */
static gboolean
parse_box (const XmlNode *node, Shape *shape)
{
  const double x1 = xml_attribute_number (node, "xtl"), y1 = xml_attribute_number (node, "ytl");
  const double x2 = xml_attribute_number (node, "xbr"), y2 = xml_attribute_number (node, "ybr");
  const double turn = xml_attribute_number (node, "rotation");
  const double corners[] = { x1, y1, x2, y1, x2, y2, x1, y2 };
  double c, s;

  if (!(x1 < x2 && y1 < y2))
    return FALSE;
  if (isnan (turn) || fmod (turn, 360) == 0)
    return shape_set_box (shape, x1, y1, x2, y2);
  c = cos (turn * G_PI / 180);
  s = sin (turn * G_PI / 180);
  for (int i = 0; i < 8; i += 2)
    {
      double x = corners[i] - (x1 + x2) / 2, y = corners[i + 1] - (y1 + y2) / 2;

      shape_add_point (shape, (x1 + x2) / 2 + x * c - y * s, (y1 + y2) / 2 + x * s + y * c);
    }
  shape_end_ring (shape);
  return shape_finish_polygon (shape, SHAPE_EVENODD);
}

/* The runs of a mask's own rectangle, row by row and zeros first, as one byte a pixel. */
static guint8 *
parse_runs (const char *text, gsize n)
{
  guint8 *pixels = g_try_malloc0 (n);
  gboolean set = FALSE;
  gsize at = 0;

  while (pixels != NULL && text != NULL && *text != '\0')
    {
      char *end;
      guint64 run = g_ascii_strtoull (text, &end, 10);

      if (end == text || !g_ascii_isdigit (*(text + strspn (text, " "))) || run > n - at)
        break;
      if (set)
        memset (pixels + at, 1, run);
      at += run;
      set = !set;
      text = end + strspn (end, " ");
      text += *text == ',';
    }
  if (pixels == NULL || text == NULL || *text != '\0')
    g_clear_pointer (&pixels, g_free);
  return pixels;
}

static void
put_run (GArray *runs, gboolean *set, guint32 *run, gboolean is_set, guint64 n)
{
  if (n == 0)
    return;
  if (is_set != *set)
    {
      g_array_append_val (runs, *run);
      *run = 0;
      *set = is_set;
    }
  *run += (guint32) n;
}

/* Its rectangle within the picture, as runs column by column over the whole picture. */
static gboolean
parse_mask (const XmlNode *node, double width, double height, Shape *shape)
{
  const double left = xml_attribute_number (node, "left"), top = xml_attribute_number (node, "top");
  const double w = xml_attribute_number (node, "width"), h = xml_attribute_number (node, "height");
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autofree guint8 *pixels = NULL;
  gboolean set = FALSE;
  guint32 run = 0;

  if (!(width >= 1 && height >= 1 && width * height <= MASK_PIXELS_LIMIT && w >= 1 && h >= 1 && w * h <= MASK_LIMIT &&
        left >= 0 && top >= 0 && left + w <= width && top + h <= height) ||
      left != floor (left) || top != floor (top) || w != floor (w) || h != floor (h))
    return FALSE;
  pixels = parse_runs (xml_attribute (node, "rle"), (gsize) w * (gsize) h);
  if (pixels == NULL)
    return FALSE;
  put_run (runs, &set, &run, FALSE, (guint64) left * (guint64) height);
  for (gsize x = 0; x < (gsize) w; x++)
    {
      put_run (runs, &set, &run, FALSE, (guint64) top);
      for (gsize y = 0; y < (gsize) h; y++)
        put_run (runs, &set, &run, pixels[y * (gsize) w + x] != 0, 1);
      put_run (runs, &set, &run, FALSE, (guint64) (height - top - h));
    }
  put_run (runs, &set, &run, FALSE, (guint64) (width - left - w) * (guint64) height);
  g_array_append_val (runs, run);
  return shape_set_runs (shape, (guint32) width, (guint32) height, (const guint32 *) (void *) runs->data, runs->len);
}

/* What comes back on export: attributes of the element that say nothing about its place, and those inside of it. */
static json_t *
shape_extra (const XmlNode *node)
{
  static const char *const own[] = { "label", "xtl",  "ytl",   "xbr",    "ybr", "points",
                                     "rle",   "left", "width", "height", "top", "rotation", NULL };
  json_t *element = json_object (), *inside = json_array ();

  for (guint i = 0; i + 1 < node->attributes->len; i += 2)
    if (!g_strv_contains (own, node->attributes->pdata[i]))
      json_object_set_new (element, node->attributes->pdata[i], json_string (node->attributes->pdata[i + 1]));
  for (guint i = 0; i < node->children->len; i++)
    {
      const XmlNode *child = node->children->pdata[i];
      const char *name = strcmp (child->name, "attribute") == 0 ? xml_attribute (child, "name") : NULL;

      if (name != NULL)
        json_array_append_new (inside, json_pack ("[s,s]", name, child->text->str));
    }
  return json_pack ("{s:{s:o,s:o}}", "cvat", "element", element, "attributes", inside);
}

static gboolean
read_shape (Reader *reader, const char *where, gint64 image, double width, double height, const XmlNode *node,
            GError **error)
{
  g_autoptr (json_t) extra = shape_extra (node);
  g_auto (Shape) shape = { 0 };
  ImportRegion region = { .shape = &shape, .score = NAN, .extra = extra };
  GError *local = NULL;
  gboolean good;

  region.phrase = help_phrase (reader->import, where, image, xml_attribute (node, "label"), NULL, &local);
  if (region.phrase == 0)
    return help_goes_on (local, error);
  if (strcmp (node->name, "box") == 0)
    good = parse_box (node, &shape);
  else if (strcmp (node->name, "polygon") == 0)
    good = parse_points (xml_attribute (node, "points"), &shape);
  else
    good = parse_mask (node, width, height, &shape);
  if (!good)
    {
      import_skip (reader->import, where, "the %s has no area, or is none", node->name);
      return TRUE;
    }
  import_region (reader->import, where, &region, &local);
  return help_goes_on (local, error);
}

static gboolean
on_image (const char *where, const XmlNode *item, gpointer data, GError **error)
{
  static const char *const shapes[] = { "box", "polygon", "mask", NULL };
  Reader *reader = data;
  const ImportImage image = { .name = xml_attribute (item, "name"), .width = xml_attribute_number (item, "width"),
                              .height = xml_attribute_number (item, "height") };
  GError *local = NULL;
  gint64 id = import_image (reader->import, where, &image, &local);
  double width = image.width, height = image.height;

  reader->images++;
  if (id == 0)
    return help_goes_on (local, error);
  import_image_size (reader->import, id, &width, &height);
  for (guint i = 0; i < item->children->len; i++)
    {
      const XmlNode *node = item->children->pdata[i];
      g_autofree char *place = g_strdup_printf ("%s, %s %u", where, node->name, i + 1);

      if (g_strv_contains (shapes, node->name))
        {
          if (!read_shape (reader, place, id, width, height, node, error))
            return FALSE;
        }
      else if (strcmp (node->name, "tag") == 0)
        {
          /* A tag is a phrase without a place. */
          if (help_phrase (reader->import, place, id, xml_attribute (node, "label"), NULL, &local) == 0 &&
              !help_goes_on (local, error))
            return FALSE;
        }
      else
        import_skip (reader->import, place, "a %s is no region", node->name);
    }
  return TRUE;
}

static gboolean
on_seen (const char *where, const XmlNode *item, gpointer data, GError **error)
{
  return *(gboolean *) data = TRUE;
}

static gboolean
cvat_read (Import *import, const char *source, GError **error)
{
  Reader reader = { .import = import };
  gboolean tracks = FALSE, empty = FALSE;

  if (!xml_items_read (source, "image", on_image, &reader, error))
    return FALSE;
  /* A task without images has its description at least. */
  if (reader.images == 0 && (!xml_items_read (source, "track", on_seen, &tracks, error) ||
                             !xml_items_read (source, "task", on_seen, &empty, error)))
    return FALSE;
  return reader.images > 0 || (empty && !tracks) || project_fail (error, PROJECT_ERROR_FAILED,
                                            "%s has no images (of CVAT's formats, 'CVAT for "
                                            "images 1.1' can be read; that for videos has tracks instead).",
                                            source);
}

static gboolean
cvat_guess (const char *source, gboolean folder, const char *head)
{
  return !folder && strstr (head, "<annotations>") != NULL &&
         (strstr (head, "<image ") != NULL || strstr (head, "<version>1.1") != NULL);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

static void
put_attribute (GString *out, const char *name, double value)
{
  g_autofree char *text = number_text (value);

  g_string_append_printf (out, " %s=\"%s\"", name, text);
}

static void
put_mask (GString *out, const Shape *shape, const guint8 *pixels)
{
  guint32 left = (guint32) shape->box[0], top = (guint32) shape->box[1], w = (guint32) shape->box[2] - left,
          h = (guint32) shape->box[3] - top, run = 0;
  gboolean set = FALSE, first = TRUE;

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

/* Attributes as they came, or as CVAT writes them where nothing is known. */
static void
put_rest (GString *out, const json_t *element, const json_t *attributes)
{
  static const char *const usual[][2] = { { "source", "manual" }, { "occluded", "0" }, { "z_order", "0" } };
  const char *name;
  json_t *value;

  for (guint i = 0; i < G_N_ELEMENTS (usual); i++)
    if (json_object_get (element, usual[i][0]) == NULL)
      g_string_append_printf (out, " %s=\"%s\"", usual[i][0], usual[i][1]);
  json_object_foreach ((json_t *) element, name, value)
    {
      g_string_append_printf (out, " %s=\"", name);
      xml_put (out, json_string_value (value));
      g_string_append_c (out, '"');
    }
  g_string_append (out, ">\n");
  for (gsize i = 0; i < json_array_size (attributes); i++)
    {
      const json_t *pair = json_array_get (attributes, i);

      g_string_append (out, "      <attribute name=\"");
      xml_put (out, json_string_value (json_array_get (pair, 0)));
      g_string_append (out, "\">");
      xml_put (out, json_string_value (json_array_get (pair, 1)));
      g_string_append (out, "</attribute>\n");
    }
}

static void
put_region (Export *export, GString *out, const ExportImage *image, const ExportPhrase *phrase,
            const ExportRegion *region)
{
  g_auto (Shape) shape = { 0 };
  const json_t *cvat = json_object_get (region->extra, "cvat");
  g_autofree guint8 *pixels = NULL;
  const char *element;

  if (cvat == NULL)
    cvat = json_object_get (json_object_get (region->extra, "from"), "cvat");
  if (!export_shape (export, image, region, &shape))
    return;
  if (shape.kind == SHAPE_POLYGON && shape.rings->len > 1)
    {
      export_lost (export, "holes and parts of polygons (their boxes are kept)");
      shape.kind = SHAPE_BOX;
    }
  if (shape.kind == SHAPE_MASK && (pixels = shape_to_bitmap (&shape)) == NULL)
    {
      export_lost (export, "masks of more than 256 megapixels (their boxes are kept)");
      shape.kind = SHAPE_BOX;
    }
  element = shape_kind_name (shape.kind);
  g_string_append_printf (out, "    <%s label=\"", element);
  xml_put (out, phrase->text);
  g_string_append_c (out, '"');
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
    put_mask (out, &shape, pixels);
  put_rest (out, json_object_get (cvat, "element"), json_object_get (cvat, "attributes"));
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

/* The head: readers want to know every label before the first image. */
static gboolean
put_head (Export *export, GString *out, GError **error)
{
  g_autoptr (GHashTable) had = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GString) labels = g_string_new (NULL);
  GError *local = NULL;
  guint n = 0;

  export_rewind (export);
  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next (export, &local);

      if (image == NULL)
        break;
      n++;
      for (guint i = 0; i < image->phrases->len; i++)
        {
          const ExportPhrase *phrase = image->phrases->pdata[i];

          if (phrase->regions->len == 0 || !g_hash_table_add (had, g_strdup (phrase->text)))
            continue;
          g_string_append (labels, "        <label><name>");
          xml_put (labels, phrase->text);
          g_string_append (labels, "</name><attributes></attributes></label>\n");
        }
    }
  export_rewind (export);
  g_string_append (out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n  <version>1.1</version>\n");
  g_string_append_printf (out, "  <meta>\n    <task>\n      <size>%u</size>\n      <mode>annotation</mode>\n", n);
  g_string_append_printf (out, "      <labels>\n%s      </labels>\n    </task>\n  </meta>\n", labels->str);
  return help_goes_on (local, error);
}

static gboolean
cvat_write (Export *export, const char *target, GError **error)
{
  g_autoptr (GString) head = g_string_new (NULL);
  guint n = 0;

  return put_head (export, head, error) &&
         help_write_images (export, target, head->str, "</annotations>\n", put_image, &n, error);
}

const Format format_cvat = {
  .name = "cvat",
  .upright = TRUE,
  .guess = cvat_guess,
  .read = cvat_read,
  .write = cvat_write,
  .keeps_not =
      "captions and spans, chains and types, phrases without regions, holes and parts of polygons, which region "
      "several phrases share, scores",
};
