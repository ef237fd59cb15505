/* SPDX-License-Identifier: MIT
 * format-label-studio.c: Label Studio's tasks. Numbers are percent of the upright picture; a rotated rectangle turns about
 * its top-left corner. Predictions are another model's. Phrases of captions are text results tied by relations. */
#include "format-help.h"

/* Shapes ----------------------------------------------------------------------------------------------------------- */

static gboolean
parse_rectangle (const json_t *value, double w, double h, Shape *shape)
{
  double x = json_double (json_object_get (value, "x")) * w / 100, y = json_double (json_object_get (value, "y")) * h / 100;
  double dx = json_double (json_object_get (value, "width")) * w / 100, dy = json_double (json_object_get (value, "height")) * h / 100;
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

static gboolean
parse_polygon (const json_t *value, double w, double h, Shape *shape)
{
  const json_t *points = json_object_get (value, "points");

  for (gsize i = 0; i < json_array_size (points); i++)
    {
      double xy[2];

      if (!json_doubles (json_array_get (points, i), xy, 2))
        return FALSE;
      shape_add_point (shape, xy[0] * w / 100, xy[1] * h / 100);
    }
  shape_end_ring (shape);
  return shape_finish_polygon (shape, SHAPE_EVENODD);
}

/* The brush's bit stream. */
typedef struct
{
  const json_t *bytes;
  guint64 at; /* bit */
} Bits;

static gboolean
take_bits (Bits *bits, guint n, guint32 *value)
{
  *value = 0;
  for (guint i = 0; i < n; i++, bits->at++)
    {
      const json_t *byte = json_array_get (bits->bytes, bits->at / 8);

      if (!json_is_integer (byte))
        return FALSE;
      *value = *value << 1 | ((guint32) json_integer_value (byte) >> (7 - bits->at % 8) & 1);
    }
  return TRUE;
}

static gboolean
parse_brush (const json_t *value, double w, double h, Shape *shape)
{
  Bits bits = { .bytes = json_object_get (value, "rle") };
  guint32 length, word, sizes[4], width, height;
  g_autofree guint8 *pixels = NULL;
  guint64 at = 0;

  /* A size may be missing or not a number: it is looked at before it becomes a whole one. */
  if (!(w >= 1 && h >= 1 && w * h <= 64e6))
    return FALSE;
  width = (guint32) w;
  height = (guint32) h;
  if (!take_bits (&bits, 32, &length) || !take_bits (&bits, 5, &word) ||
      length != (guint64) width * height * 4)
    return FALSE;
  for (int i = 0; i < 4; i++)
    if (!take_bits (&bits, 4, &sizes[i]))
      return FALSE;
  pixels = g_try_malloc0 ((gsize) width * height);
  if (pixels == NULL)
    return FALSE;
  while (at < length)
    {
      guint32 same, which, run, number = 0;

      if (!take_bits (&bits, 1, &same) || !take_bits (&bits, 2, &which) || !take_bits (&bits, sizes[which] + 1, &run))
        return FALSE;
      for (guint64 i = 0, end = (guint64) run + 1; i < end && at < length; i++, at++)
        {
          if ((i == 0 || !same) && !take_bits (&bits, word + 1, &number))
            return FALSE;
          if (at % 4 == 3 && number != 0)
            pixels[at / 4] = 1;
        }
    }
  return shape_set_bitmap (shape, width, height, pixels);
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

/* The picture's name out of a URL: what local storage and uploads add is taken off. */
static char *
name_of (const char *url)
{
  const char *local = strstr (url, "?d="), *colon = strstr (url, "://"), *base = strrchr (url, '/');
  g_autofree char *name = NULL;

  if (local != NULL)
    return g_uri_unescape_string (local + 3, NULL);
  if (g_str_has_prefix (url, "/data/upload/"))
    {
      const char *dash = base != NULL ? strchr (base, '-') : NULL;

      name = g_uri_unescape_string (dash != NULL && dash == base + 9 ? dash + 1 : base + 1, NULL);
      return g_steal_pointer (&name);
    }
  if (colon != NULL)
    {
      const char *path = strchr (colon + 3, '/');

      name = g_uri_unescape_string (g_str_has_prefix (url, "file:") ? colon + 3 : path != NULL ? path + 1 : colon + 3, NULL);
      return g_steal_pointer (&name);
    }
  return g_strdup (url);
}

/* The n-th UTF-16 unit as a code point. */
static gint64
point_of_unit (const char *text, gint64 unit)
{
  gint64 point = 0;

  for (gint64 units = 0; *text != '\0' && units < unit; text = g_utf8_next_char (text), point++)
    units += g_utf8_get_char (text) > 0xffff ? 2 : 1;
  return point;
}

static gint64
unit_of_point (const char *text, gint64 point)
{
  gint64 units = 0;

  for (gint64 i = 0; *text != '\0' && i < point; text = g_utf8_next_char (text), i++)
    units += g_utf8_get_char (text) > 0xffff ? 2 : 1;
  return units;
}

typedef struct
{
  Import *import;
  const json_t *task, *results;
  const char *where;
  gint64 image;
  gboolean detector;
  const char *model;
  double score;
} Task;

/* The spans of text that a region's relations lead to; the caption they lie in. */
static const char *
related_spans (const Task *task, const char *id, GArray *spans)
{
  const char *caption = NULL;

  for (gsize i = 0; id != NULL && i < json_array_size (task->results); i++)
    {
      const json_t *relation = json_array_get (task->results, i);
      const char *from = json_text (relation, "from_id"), *to = json_text (relation, "to_id"), *other;

      if (g_strcmp0 (json_text (relation, "type"), "relation") != 0 || (g_strcmp0 (from, id) != 0 && g_strcmp0 (to, id) != 0))
        continue;
      other = g_strcmp0 (from, id) == 0 ? to : from;
      for (gsize j = 0; j < json_array_size (task->results); j++)
        {
          const json_t *text = json_array_get (task->results, j);
          const json_t *value = json_object_get (text, "value");
          const char *to_name = json_text (text, "to_name"), *all;
          Span span;

          if (g_strcmp0 (json_text (text, "type"), "labels") != 0 || g_strcmp0 (json_text (text, "id"), other) != 0)
            continue;
          all = json_text (json_object_get (task->task, "data"), to_name != NULL ? to_name : "text");
          if (all == NULL || (caption != NULL && strcmp (caption, all) != 0))
            continue;
          caption = all;
          span.first = point_of_unit (all, json_integer_value (json_object_get (value, "start")));
          span.last = point_of_unit (all, json_integer_value (json_object_get (value, "end")));
          g_array_append_val (spans, span);
        }
    }
  return caption;
}

static const char *
label_of (const json_t *value, const char *type)
{
  const json_t *labels = json_object_get (value, type);

  if (!json_is_array (labels))
    labels = json_object_get (value, "labels");
  return json_string_value (json_array_get (labels, 0));
}

static gint64
read_phrase (const Task *task, const char *where, const json_t *result, const char *type, GError **error)
{
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (Span));
  const char *caption = related_spans (task, json_text (result, "id"), spans);
  ImportPhrase phrase = { .image = task->image, .text = label_of (json_object_get (result, "value"), type) };

  if (caption != NULL)
    {
      phrase.caption = import_caption (task->import, where, task->image, caption, NULL, error);
      if (phrase.caption == 0)
        return 0;
      phrase.text = NULL;
      phrase.spans = (const Span *) (void *) spans->data;
      phrase.n_spans = spans->len;
    }
  return import_phrase (task->import, where, &phrase, error);
}

static gboolean
read_result (const Task *task, const char *where, const json_t *result, GError **error)
{
  const char *type = json_text (result, "type");
  const json_t *value = json_object_get (result, "value");
  double w = json_double (json_object_get (result, "original_width")), h = json_double (json_object_get (result, "original_height"));
  g_auto (Shape) shape = { 0 };
  g_autoptr (json_t) extra = json_pack ("{s:{s:O?}}", "label_studio", "id", json_object_get (result, "id"));
  ImportRegion region = { .shape = &shape, .detector = task->detector, .model = task->model,
                          .score = json_double (json_object_get (result, "score")), .extra = extra };
  GError *local = NULL;
  gboolean good;

  if (type == NULL || (strcmp (type, "rectanglelabels") != 0 && strcmp (type, "polygonlabels") != 0 && strcmp (type, "brushlabels") != 0))
    return TRUE; /* texts and relations are read with the regions they belong to */
  if (isnan (region.score))
    region.score = task->score;
  if (isnan (w) || isnan (h))
    import_image_size (task->import, task->image, &w, &h);
  region.phrase = read_phrase (task, where, result, type, &local);
  if (region.phrase == 0)
    return help_goes_on (local, error);
  good = strcmp (type, "rectanglelabels") == 0 ? parse_rectangle (value, w, h, &shape)
         : strcmp (type, "polygonlabels") == 0 ? parse_polygon (value, w, h, &shape)
                                               : parse_brush (value, w, h, &shape);
  if (!good)
    {
      import_skip (task->import, where, "the region has no area, or is none");
      return TRUE;
    }
  import_region (task->import, where, &region, &local);
  return help_goes_on (local, error);
}

static gboolean
read_results (Task *task, const json_t *holders, const char *what, GError **error)
{
  for (gsize i = 0; json_is_array (holders) && i < json_array_size (holders); i++)
    {
      const json_t *holder = json_array_get (holders, i);

      if (json_is_true (json_object_get (holder, "was_cancelled")))
        continue;
      task->results = json_object_get (holder, "result");
      task->model = task->detector ? json_text (holder, "model_version") : NULL;
      task->score = task->detector ? json_double (json_object_get (holder, "score")) : NAN;
      for (gsize j = 0; json_is_array (task->results) && j < json_array_size (task->results); j++)
        {
          g_autofree char *where = g_strdup_printf ("%s.%s[%zu].result[%zu]", task->where, what, i, j);

          if (!read_result (task, where, json_array_get (task->results, j), error))
            return FALSE;
        }
    }
  return TRUE;
}

static const json_t *
first_result (const json_t *task)
{
  const json_t *results = json_object_get (json_array_get (json_object_get (task, "annotations"), 0), "result");

  if (json_array_size (results) == 0)
    results = json_object_get (json_array_get (json_object_get (task, "predictions"), 0), "result");
  for (gsize i = 0; i < json_array_size (results); i++)
    if (json_object_get (json_array_get (results, i), "original_width") != NULL)
      return json_array_get (results, i);
  return NULL;
}

static gboolean
read_captions (const Task *task, const json_t *data, GError **error)
{
  const char *key;
  json_t *value;
  GError *local = NULL;

  /* Our own export's captions, and the usual name of a text. */
  json_object_foreach ((json_t *) data, key, value)
    if (json_is_string (value) && (g_str_has_prefix (key, "caption") || strcmp (key, "text") == 0))
      {
        import_caption (task->import, task->where, task->image, json_string_value (value), NULL, &local);
        if (local != NULL)
          return help_goes_on (local, error);
      }
  return TRUE;
}

static gboolean
on_task (guint pattern, const char *where, const char *key, json_t *item, gpointer user_data, GError **error)
{
  Import *import = user_data;
  const json_t *data = json_object_get (item, "data"), *sized = first_result (item);
  const char *url = json_text (data, "image");
  g_autofree char *name = url != NULL ? name_of (url) : NULL;
  Task task = { .import = import, .task = item, .where = where };
  const ImportImage image = { .name = name, .width = json_double (json_object_get (sized, "original_width")),
                              .height = json_double (json_object_get (sized, "original_height")) };
  GError *local = NULL;

  task.image = import_image (import, where, &image, &local);
  if (task.image == 0)
    return help_goes_on (local, error);
  if (!read_captions (&task, data, error) || !read_results (&task, json_object_get (item, "annotations"), "annotations", error))
    return FALSE;
  task.detector = TRUE;
  return read_results (&task, json_object_get (item, "predictions"), "predictions", error);
}

static gboolean
studio_read (Import *import, const char *source, GError **error)
{
  static const char *const tasks[] = { "[]", NULL };

  return json_items_read (source, tasks, on_task, import, error);
}

static gboolean
studio_guess (const char *source, gboolean folder, const char *head)
{
  return !folder && *head == '[' && strstr (head, "\"data\"") != NULL &&
         (strstr (head, "\"annotations\"") != NULL || strstr (head, "\"predictions\"") != NULL);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

typedef struct
{
  gint64 tasks;
  guint results;
} Writer;

static void
put_percent (GString *out, const char *name, double value, double whole)
{
  json_put_name (out, name);
  json_put_number (out, value * 100 / whole);
}

static void
put_bits (GString *bytes, guint64 *at, guint32 value, guint n)
{
  for (guint i = n; i-- > 0; (*at)++)
    {
      if (*at % 8 == 0)
        g_string_append_c (bytes, 0);
      bytes->str[*at / 8] |= (char) ((value >> i & 1) << (7 - *at % 8));
    }
}

/* Runs of up to 65536 equal numbers, others one by one: 8-bit words, all four channels alike. */
static void
put_brush (GString *out, const Shape *shape)
{
  g_autofree guint8 *pixels = shape_to_bitmap (shape);
  g_autoptr (GString) bytes = g_string_new (NULL);
  guint64 at = 0, n = (guint64) shape->width * shape->height, i = 0;

  put_bits (bytes, &at, (guint32) (n * 4), 32);
  put_bits (bytes, &at, 7, 5);
  for (int k = 0; k < 4; k++)
    put_bits (bytes, &at, 15, 4);
  while (pixels != NULL && i < n)
    {
      guint64 end = i;

      while (end < n && pixels[end] == pixels[i] && end - i < 16384)
        end++;
      put_bits (bytes, &at, 1, 1);
      put_bits (bytes, &at, 3, 2);
      put_bits (bytes, &at, (guint32) ((end - i) * 4 - 1), 16);
      put_bits (bytes, &at, pixels[i] != 0 ? 255 : 0, 8);
      i = end;
    }
  json_put_name (out, "format");
  g_string_append (out, "\"rle\",\"rle\":[");
  for (gsize k = 0; k < bytes->len; k++)
    g_string_append_printf (out, k > 0 ? ",%u" : "%u", (guint8) bytes->str[k]);
  g_string_append_c (out, ']');
}

static void
put_value (GString *out, const Shape *shape, double w, double h)
{
  if (shape->kind == SHAPE_BOX)
    {
      put_percent (out, "x", shape->box[0], w);
      put_percent (out, "y", shape->box[1], h);
      put_percent (out, "width", shape->box[2] - shape->box[0], w);
      put_percent (out, "height", shape->box[3] - shape->box[1], h);
      g_string_append (out, ",\"rotation\":0");
      return;
    }
  if (shape->kind == SHAPE_MASK)
    {
      put_brush (out, shape);
      return;
    }
  json_put_name (out, "points");
  g_string_append_c (out, '[');
  for (guint i = 0; i + 1 < 2 * g_array_index (shape->rings, guint32, 0); i += 2)
    {
      g_string_append (out, i > 0 ? ",[" : "[");
      json_put_number (out, g_array_index (shape->points, double, i) * 100 / w);
      g_string_append_c (out, ',');
      json_put_number (out, g_array_index (shape->points, double, i + 1) * 100 / h);
      g_string_append_c (out, ']');
    }
  g_string_append (out, "],\"closed\":true");
}

static void
begin_result (GString *out, Writer *writer, const char *id)
{
  g_string_append (out, writer->results++ > 0 ? ",{" : "{");
  if (id != NULL)
    {
      json_put_name (out, "id");
      json_put_text (out, id);
    }
}

static void
put_region (Export *export, GString *out, Writer *writer, const ExportImage *image, const ExportPhrase *phrase,
            const ExportRegion *region, const char *id)
{
  static const char *const types[] = { "rectanglelabels", "polygonlabels", "brushlabels" };
  g_auto (Shape) shape = { 0 };
  double w, h;

  export_size (export, image, &w, &h);
  if (!export_shape (export, image, region, &shape))
    return;
  if (shape.kind == SHAPE_POLYGON && shape.rings->len > 1)
    {
      export_lost (export, "holes and parts of polygons (their boxes are kept)");
      shape.kind = SHAPE_BOX;
    }
  begin_result (out, writer, id);
  g_string_append_printf (out, ",\"type\":\"%s\",\"from_name\":\"label\",\"to_name\":\"image\",\"original_width\":%.0f,"
                          "\"original_height\":%.0f,\"image_rotation\":0", types[shape.kind], w, h);
  if (!isnan (region->score))
    {
      json_put_name (out, "score");
      json_put_number (out, region->score);
    }
  json_put_name (out, "value");
  g_string_append_c (out, '{');
  put_value (out, &shape, w, h);
  json_put_name (out, types[shape.kind]);
  g_string_append_c (out, '[');
  json_put_text (out, phrase->text);
  g_string_append (out, "]}}");
}

/* The phrase's spans as text results, each tied to the region. */
static void
put_spans (GString *out, Writer *writer, const ExportImage *image, const ExportPhrase *phrase, const char *id)
{
  const ExportCaption *caption = export_caption_of (image, phrase);
  guint nth = 0;

  while (caption != NULL && nth < image->captions->len && image->captions->pdata[nth] != caption)
    nth++;
  for (guint i = 0; caption != NULL && i < phrase->spans->len; i++)
    {
      const Span *span = &g_array_index (phrase->spans, Span, i);
      g_autofree char *text_id = g_strdup_printf ("%s-t%u", id, i);
      g_autofree char *words = g_utf8_substring (caption->text, span->first, span->last);

      begin_result (out, writer, text_id);
      g_string_append_printf (out, ",\"type\":\"labels\",\"from_name\":\"phrase\",\"to_name\":\"caption%u\",\"value\":{\"start\":%" G_GINT64_FORMAT
                              ",\"end\":%" G_GINT64_FORMAT ",\"text\":", nth, unit_of_point (caption->text, span->first),
                              unit_of_point (caption->text, span->last));
      json_put_text (out, words);
      g_string_append (out, ",\"labels\":[\"phrase\"]}}");
      begin_result (out, writer, NULL);
      g_string_append (out, "\"type\":\"relation\",\"from_id\":");
      json_put_text (out, id);
      g_string_append (out, ",\"to_id\":");
      json_put_text (out, text_id);
      g_string_append (out, ",\"direction\":\"right\",\"labels\":[]}");
    }
}

/* Labels go into one annotation, proposals into one prediction. */
static void
put_results (Export *export, GString *out, Writer *writer, const ExportImage *image, gboolean labels)
{
  writer->results = 0;
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      for (guint j = 0; j < phrase->regions->len; j++)
        {
          const ExportRegion *region = phrase->regions->pdata[j];
          g_autofree char *id = g_strdup_printf ("r%" G_GINT64_FORMAT, region->link);

          if (region->label != labels)
            continue;
          put_region (export, out, writer, image, phrase, region, id);
          put_spans (out, writer, image, phrase, id);
        }
    }
}

static void
put_image (Export *export, GString *out, const ExportImage *image, gpointer data)
{
  Writer *writer = data;
  g_autofree char *name = export_image_name (export, image), *escaped = g_uri_escape_string (name, "/", TRUE);
  g_autofree char *url = g_strconcat ("/data/local-files/?d=", escaped, NULL);
  double w, h;

  for (guint i = 0; i < image->phrases->len; i++)
    if (((ExportPhrase *) image->phrases->pdata[i])->regions->len == 0)
      export_lost (export, "phrases without regions");
  export_size (export, image, &w, &h);
  g_string_append_printf (out, "%s{\"id\":%" G_GINT64_FORMAT ",\"data\":{\"image\":", writer->tasks > 0 ? ",\n" : "", writer->tasks + 1);
  writer->tasks++;
  json_put_text (out, url);
  for (guint i = 0; i < image->captions->len; i++)
    {
      g_string_append_printf (out, ",\"caption%u\":", i);
      json_put_text (out, ((ExportCaption *) image->captions->pdata[i])->text);
    }
  g_string_append (out, "},\"annotations\":[{\"id\":");
  g_string_append_printf (out, "%" G_GINT64_FORMAT ",\"was_cancelled\":false,\"ground_truth\":false,\"result\":[", writer->tasks);
  put_results (export, out, writer, image, TRUE);
  g_string_append (out, "]}],\"predictions\":[");
  {
    gsize before = out->len;

    g_string_append (out, "{\"model_version\":\"alidade\",\"result\":[");
    put_results (export, out, writer, image, FALSE);
    if (writer->results == 0)
      g_string_truncate (out, before);
    else
      g_string_append (out, "]}");
  }
  g_string_append (out, "]}");
}

static gboolean
studio_write (Export *export, const char *target, GError **error)
{
  Writer writer = { 0 };

  return help_write_images (export, target, "[\n", "\n]\n", put_image, &writer, error);
}

const Format format_label_studio = {
  .name = "label-studio",
  .upright = TRUE,
  .guess = studio_guess,
  .read = studio_read,
  .write = studio_write,
  .keeps_not = "phrases without regions, holes and parts of polygons, chains and types, which region several phrases share, last digits of "
               "coordinates (percent)",
};
