/* SPDX-License-Identifier: MIT
 * label-studio-write.c: tasks with one annotation of the labels and, where there are proposals, one prediction. */
#include "format-help.h"

#include "brush-rle.h"
#include "format-label-studio.h"

typedef struct
{
  gint64 tasks;
  gint64 parts;  /* polygons of several rings so far */
  guint results; /* of the annotation at hand */
} Writer;

/* Numbers ---------------------------------------------------------------------------------------------------------- */

/* Percent of `whole` that reads back as `value` if any number near does, seen from `base`. */
static double
percent_of (double base, double value, double whole)
{
  double start = (value - base) * 100 / whole, up = start, down = start;

  for (int i = 0; i < 4; i++)
    {
      if (base + up * whole / 100 == value)
        return up;
      if (base + down * whole / 100 == value)
        return down;
      up = nextafter (up, INFINITY);
      down = nextafter (down, -INFINITY);
    }
  return start;
}

static void
put_percent (GString *out, const char *name, double base, double value, double whole)
{
  json_put_name (out, name);
  json_put_number (out, percent_of (base, value, whole));
}

/* Results ---------------------------------------------------------------------------------------------------------- */

static void
put_ring (GString *out, const Shape *shape, guint nth, double w, double h)
{
  guint at = 0;

  for (guint i = 0; i < nth; i++)
    at += 2 * g_array_index (shape->rings, guint32, i);
  json_put_name (out, "points");
  g_string_append_c (out, '[');
  for (guint i = 0; i < g_array_index (shape->rings, guint32, nth); i++, at += 2)
    {
      g_string_append (out, i > 0 ? ",[" : "[");
      json_put_number (out, percent_of (0, g_array_index (shape->points, double, at), w));
      g_string_append_c (out, ',');
      json_put_number (out, percent_of (0, g_array_index (shape->points, double, at + 1), h));
      g_string_append_c (out, ']');
    }
  g_string_append (out, "],\"closed\":true");
}

static void
put_brush (GString *out, const GByteArray *brush)
{
  g_string_append (out, "\"format\":\"rle\",\"rle\":[");
  for (guint i = 0; i < brush->len; i++)
    g_string_append_printf (out, i > 0 ? ",%u" : "%u", brush->data[i]);
  g_string_append_c (out, ']');
}

static void
put_rectangle (GString *out, const double box[4], double w, double h)
{
  double x = percent_of (0, box[0], w) * w / 100, y = percent_of (0, box[1], h) * h / 100;

  put_percent (out, "x", 0, box[0], w);
  put_percent (out, "y", 0, box[1], h);
  put_percent (out, "width", x, box[2], w);
  put_percent (out, "height", y, box[3], h);
  g_string_append (out, ",\"rotation\":0");
}

static char *
caption_name (const ExportImage *image, const ExportPhrase *phrase)
{
  const ExportCaption *caption = export_caption_of (image, phrase);

  for (guint i = 0; caption != NULL && i < image->captions->len; i++)
    if (image->captions->pdata[i] == caption)
      return g_strdup_printf ("caption%u", i);
  return NULL;
}

/* What neither geometry, label nor relations say. */
static json_t *
phrase_meta (const ExportImage *image, const ExportPhrase *phrase)
{
  g_autofree char *caption = caption_name (image, phrase);
  const char *key = json_text (phrase->extra, "key");
  json_t *meta = json_object ();

  if (caption != NULL && phrase->spans->len == 0)
    json_object_set_new (meta, "caption", json_string (caption));
  if (phrase->spans->len > 1)
    json_object_set_new (meta, "joined", json_true ());
  if (key != NULL)
    json_object_set_new (meta, "key", json_string (key));
  if (phrase->chain != NULL)
    json_object_set_new (meta, "chain", json_string (phrase->chain));
  if (phrase->types != NULL)
    json_object_set (meta, "types", phrase->types);
  return meta;
}

static gboolean
is_shared (const ExportImage *image, const ExportPhrase *phrase, gint64 region)
{
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *other = image->phrases->pdata[i];

      for (guint j = 0; other != phrase && j < other->regions->len; j++)
        if (((ExportRegion *) other->regions->pdata[j])->id == region)
          return TRUE;
    }
  return FALSE;
}

static json_t *
region_meta (Writer *writer, const ExportImage *image, const ExportPhrase *phrase, const ExportRegion *region)
{
  json_t *meta = phrase_meta (image, phrase);
  const Shape *shape = &region->shape;

  if (is_shared (image, phrase, region->id))
    {
      g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, region->id);

      json_object_set_new (meta, "region", json_string (id));
    }
  if (shape->kind == SHAPE_POLYGON && shape->fill == SHAPE_UNION)
    json_object_set_new (meta, "fill", json_string ("union"));
  if (shape->kind == SHAPE_POLYGON && shape->rings->len > 1)
    json_object_set_new (meta, "parts", json_integer (++writer->parts));
  return meta;
}

static void
begin_result (GString *out, Writer *writer, const char *id)
{
  g_string_append (out, writer->results++ > 0 ? ",\n{" : "{");
  if (id != NULL)
    {
      json_put_name (out, "id");
      json_put_text (out, id);
    }
}

/* The results' ids, one a ring, are `id`, `id`-1, ...: relations go to the first. */
static void
put_region (Export *export, GString *out, Writer *writer, const ExportImage *image, const ExportPhrase *phrase,
            const ExportRegion *region, const char *id)
{
  static const char *const types[] = { "rectanglelabels", "polygonlabels", "brushlabels" };
  g_auto (Shape) shape = { 0 };
  g_autoptr (GByteArray) brush = NULL;
  g_autoptr (json_t) meta = NULL;
  guint n;
  double w, h;

  export_size (export, image, &w, &h);
  if (!(w > 0 && h > 0))
    {
      export_lost (export, "regions of pictures whose size is unknown");
      return;
    }
  if (!export_shape (export, image, region, &shape))
    return;
  if (shape.kind == SHAPE_MASK && (brush = brush_encode (&shape)) == NULL)
    {
      export_lost (export, "masks too large to be written");
      return;
    }
  meta = region_meta (writer, image, phrase, region);
  n = shape.kind == SHAPE_POLYGON ? shape.rings->len : 1;
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *part = i > 0 ? g_strdup_printf ("%s-%u", id, i) : g_strdup (id);

      begin_result (out, writer, part);
      g_string_append_printf (out,
                              ",\"type\":\"%s\",\"from_name\":\"%s\",\"to_name\":\"image\",\"original_width\":%.0f,"
                              "\"original_height\":%.0f,\"image_rotation\":0",
                              types[shape.kind], types[shape.kind], w, h);
      if (!isnan (region->score))
        {
          json_put_name (out, "score");
          json_put_number (out, region->score);
        }
      if (json_object_size (meta) > 0)
        {
          json_put_name (out, "meta");
          g_string_append (out, "{\"alidade\":");
          json_put_value (out, meta);
          g_string_append_c (out, '}');
        }
      g_string_append (out, ",\"value\":{");
      if (shape.kind == SHAPE_BOX)
        put_rectangle (out, shape.box, w, h);
      else if (shape.kind == SHAPE_POLYGON)
        put_ring (out, &shape, i, w, h);
      else
        put_brush (out, brush);
      json_put_name (out, types[shape.kind]);
      g_string_append_c (out, '[');
      json_put_text (out, phrase->text);
      g_string_append (out, "]}}");
    }
}

/* The phrase's spans as text results. */
static void
put_spans (GString *out, Writer *writer, const ExportImage *image, const ExportPhrase *phrase)
{
  const ExportCaption *caption = export_caption_of (image, phrase);
  g_autofree char *name = caption_name (image, phrase);

  for (guint i = 0; name != NULL && i < phrase->spans->len; i++)
    {
      const Span *span = &g_array_index (phrase->spans, Span, i);
      g_autofree char *id = g_strdup_printf ("t%" G_GINT64_FORMAT "-%u", phrase->id, i);
      g_autofree char *words = g_utf8_substring (caption->text, span->first, span->last);

      begin_result (out, writer, id);
      g_string_append_printf (
          out,
          ",\"type\":\"labels\",\"from_name\":\"phrase\",\"to_name\":\"%s\",\"value\":{\"start\":%" G_GINT64_FORMAT
          ",\"end\":%" G_GINT64_FORMAT ",\"text\":",
          name, studio_unit_of_point (caption->text, span->first), studio_unit_of_point (caption->text, span->last));
      json_put_text (out, words);
      g_string_append (out, ",\"labels\":[\"phrase\"]}}");
    }
}

static void
put_relations (GString *out, Writer *writer, const ExportPhrase *phrase, const char *region)
{
  for (guint i = 0; i < phrase->spans->len; i++)
    {
      g_autofree char *text = g_strdup_printf ("t%" G_GINT64_FORMAT "-%u", phrase->id, i);

      begin_result (out, writer, NULL);
      g_string_append (out, "\"type\":\"relation\",\"from_id\":");
      json_put_text (out, region);
      g_string_append (out, ",\"to_id\":");
      json_put_text (out, text);
      g_string_append (out, ",\"direction\":\"right\",\"labels\":[]}");
    }
}

/* The labels, or the proposals of one model. */
static void
put_results (Export *export, GString *out, Writer *writer, const ExportImage *image, gboolean labels, const char *model)
{
  writer->results = 0;
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];
      gboolean spans = FALSE;

      for (guint j = 0; j < phrase->regions->len; j++)
        {
          const ExportRegion *region = phrase->regions->pdata[j];
          g_autofree char *id = g_strdup_printf ("r%" G_GINT64_FORMAT, region->link);
          guint before = writer->results;

          if (region->label != labels || (!labels && g_strcmp0 (region->model, model) != 0))
            continue;
          put_region (export, out, writer, image, phrase, region, id);
          if (writer->results == before)
            continue;
          if (!spans)
            put_spans (out, writer, image, phrase);
          spans = TRUE;
          put_relations (out, writer, phrase, id);
        }
    }
}

/* Tasks ------------------------------------------------------------------------------------------------------------ */

/* Whether none of the phrase's regions goes into the annotation. */
static gboolean
is_bare (const ExportPhrase *phrase)
{
  for (guint i = 0; i < phrase->regions->len; i++)
    if (((ExportRegion *) phrase->regions->pdata[i])->label)
      return FALSE;
  return TRUE;
}

static void
put_bare_phrases (GString *out, const ExportImage *image)
{
  g_autoptr (json_t) phrases = json_array ();

  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];
      g_autofree char *caption = caption_name (image, phrase);
      json_t *item, *spans = json_array ();

      if (!is_bare (phrase))
        {
          json_decref (spans);
          continue;
        }
      item = phrase_meta (image, phrase);
      json_object_set_new (item, "text", json_string (phrase->text));
      if (caption != NULL)
        json_object_set_new (item, "caption", json_string (caption));
      for (guint j = 0; j < phrase->spans->len; j++)
        {
          const Span *span = &g_array_index (phrase->spans, Span, j);

          json_array_append_new (spans, json_pack ("[I,I]", (json_int_t) span->first, (json_int_t) span->last));
        }
      json_object_set_new (item, "spans", spans);
      json_array_append_new (phrases, item);
    }
  if (json_array_size (phrases) == 0)
    return;
  g_string_append (out, ",\"meta\":{\"alidade\":{\"phrases\":");
  json_put_value (out, phrases);
  g_string_append (out, "}}");
}

/* The models of the image's proposals, each once; NULL for none is one as well. */
static GPtrArray *
models_of (const ExportImage *image)
{
  GPtrArray *models = g_ptr_array_new ();

  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      for (guint j = 0; j < phrase->regions->len; j++)
        {
          const ExportRegion *region = phrase->regions->pdata[j];
          gboolean had = region->label;

          for (guint k = 0; k < models->len && !had; k++)
            had = g_strcmp0 (models->pdata[k], region->model) == 0;
          if (!had)
            g_ptr_array_add (models, region->model);
        }
    }
  return models;
}

static void
put_predictions (Export *export, GString *out, Writer *writer, const ExportImage *image)
{
  g_autoptr (GPtrArray) models = models_of (image);

  for (guint i = 0; i < models->len; i++)
    {
      g_string_append (out, i > 0 ? ",\n{" : "{");
      json_put_name (out, "model_version");
      json_put_text (out, models->pdata[i]);
      g_string_append (out, ",\"result\":[");
      put_results (export, out, writer, image, FALSE, models->pdata[i]);
      g_string_append (out, "]}");
    }
}

static void
put_image (Export *export, GString *out, const ExportImage *image, gpointer data)
{
  Writer *writer = data;
  g_autofree char *name = export_image_name (export, image), *escaped = g_uri_escape_string (name, "/", TRUE);
  g_autofree char *url = g_strconcat ("/data/local-files/?d=", escaped, NULL);

  g_string_append (out, writer->tasks > 0 ? ",\n{" : "{");
  g_string_append_printf (out, "\"id\":%" G_GINT64_FORMAT ",\"data\":{\"image\":", ++writer->tasks);
  json_put_text (out, url);
  for (guint i = 0; i < image->captions->len; i++)
    {
      g_string_append_printf (out, ",\"caption%u\":", i);
      json_put_text (out, ((ExportCaption *) image->captions->pdata[i])->text);
    }
  g_string_append_c (out, '}');
  put_bare_phrases (out, image);
  g_string_append_printf (
      out, ",\"annotations\":[{\"id\":%" G_GINT64_FORMAT ",\"was_cancelled\":false,\"ground_truth\":false,\"result\":[",
      writer->tasks);
  put_results (export, out, writer, image, TRUE, NULL);
  g_string_append (out, "]}],\"predictions\":[");
  put_predictions (export, out, writer, image);
  g_string_append (out, "]}");
}

gboolean
studio_write (Export *export, const char *target, GError **error)
{
  Writer writer = { 0 };

  return help_write_images (export, target, "[\n", "\n]\n", put_image, &writer, error);
}
