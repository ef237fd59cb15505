/* SPDX-License-Identifier: MIT
 * format-manifest.c: our own JSON Lines, which keep everything but verdicts' history. The first line holds the SHA-256
 * of all bytes behind it. */
#include "formats.h"

#include "coco-shape.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define VERSION 1

static const char *const own_keys[] = { "image", "width", "height", "orientation", "image_id", "text", "caption", "start", "end",
                                        "spans", "phrase_id", "chain", "types", "regions", "verdict", NULL };

/* Reading ---------------------------------------------------------------------------------------------------------- */

typedef struct
{
  Import *import;
  const char *source;
  char *folder;         /* the manifest's */
  gboolean headed;
  GHashTable *regions;  /* id text -> region, of shared ones */
} Reader;

static gboolean
read_head (Reader *reader, const json_t *item, GError **error)
{
  const json_t *version = json_object_get (item, "alidade-manifest");

  if (!json_is_integer (version))
    return project_fail (error, PROJECT_ERROR_FAILED, "The first line of %s names no manifest: {\"alidade-manifest\": 1, "
                         "...} is missing.", reader->source);
  if (json_integer_value (version) > VERSION)
    return project_fail (error, PROJECT_ERROR_NEWER, "The manifest is of version %d; this program knows %d. Update Alidade to "
                         "read it.", (int) json_integer_value (version), VERSION);
  return reader->headed = TRUE;
}

static gboolean
parse_polygon (const json_t *rings, const char *fill, Shape *shape)
{
  for (gsize i = 0; i < json_array_size (rings); i++)
    {
      const json_t *ring = json_array_get (rings, i);

      for (gsize j = 0; j < json_array_size (ring); j++)
        {
          double point[2];

          if (!json_doubles (json_array_get (ring, j), point, 2))
            return FALSE;
          shape_add_point (shape, point[0], point[1]);
        }
      shape_end_ring (shape);
    }
  return shape_finish_polygon (shape, g_strcmp0 (fill, "union") == 0 ? SHAPE_UNION : SHAPE_EVENODD);
}

static gboolean
parse_region (const json_t *item, Shape *shape)
{
  const char *kind = json_text (item, "kind");
  double box[4];

  if (g_strcmp0 (kind, "polygon") == 0)
    return parse_polygon (json_object_get (item, "polygon"), json_text (item, "fill"), shape);
  if (g_strcmp0 (kind, "mask") == 0)
    return coco_rle_parse (json_object_get (item, "rle"), shape);
  return (kind == NULL || strcmp (kind, "box") == 0) && json_doubles (json_object_get (item, "box"), box, 4) && box[0] < box[2] &&
         box[1] < box[3] && shape_set_box (shape, box[0], box[1], box[2], box[3]);
}

static gboolean
read_region (Reader *reader, const char *where, gint64 phrase, const json_t *item, GError **error)
{
  static const char *const own[] = { "id", "label", "kind", "box", "polygon", "fill", "rle", "origin", "score", "model", NULL };
  g_autofree char *id = json_id_text (json_object_get (item, "id"));
  const gint64 *shared = id != NULL ? g_hash_table_lookup (reader->regions, id) : NULL;
  g_auto (Shape) shape = { 0 };
  g_autoptr (json_t) rest = NULL;
  g_autoptr (json_t) extra = NULL;
  ImportRegion region = { .phrase = phrase, .shape = &shape, .with_origin = TRUE, .origin = ORIGIN_IMPORT,
                          .score = json_double (json_object_get (item, "score")), .model = json_text (item, "model") };
  GError *local = NULL;
  gint64 made;

  if (!parse_region (item, &shape))
    {
      import_skip (reader->import, where, "the region has no area, or is none");
      return TRUE;
    }
  if (json_object_get (item, "origin") != NULL && !json_is_null (json_object_get (item, "origin")) &&
      !origin_parse (json_text (item, "origin"), &region.origin))
    {
      import_skip (reader->import, where, "the region's origin is none of map, detector, import, person");
      return TRUE;
    }
  rest = json_without (item, own);
  extra = rest != NULL ? json_pack ("{s:O}", "manifest", rest) : NULL;
  region.extra = extra;
  region.shared = shared != NULL ? *shared : 0;
  made = import_region (reader->import, where, &region, &local);
  if (made != 0 && id != NULL && shared == NULL)
    g_hash_table_insert (reader->regions, g_steal_pointer (&id), g_memdup2 (&made, sizeof made));
  if (local != NULL)
    g_propagate_error (error, local);
  return local == NULL;
}

static gboolean
parse_spans (const json_t *item, GArray *spans)
{
  const json_t *list = json_object_get (item, "spans"), *start = json_object_get (item, "start"), *end = json_object_get (item, "end");
  Span span;
  double two[2];

  for (gsize i = 0; json_is_array (list) && i < json_array_size (list); i++)
    {
      if (!json_doubles (json_array_get (list, i), two, 2) || !(fabs (two[0]) < 1e9 && fabs (two[1]) < 1e9))
        return FALSE;
      span.first = (gint64) two[0];
      span.last = (gint64) two[1];
      g_array_append_val (spans, span);
    }
  if (spans->len == 0 && json_is_integer (start) && json_is_integer (end))
    {
      span.first = json_integer_value (start);
      span.last = json_integer_value (end);
      g_array_append_val (spans, span);
    }
  return TRUE;
}

static gint64
read_image (Reader *reader, const char *where, const json_t *item, const json_t *extra, GError **error)
{
  const char *name = json_text (item, "image");
  g_autofree char *beside = name != NULL ? g_canonicalize_filename (name, reader->folder) : NULL;
  const json_t *orientation = json_object_get (item, "orientation");
  const ImportImage image = { .name = name, .beside = beside, .width = json_double (json_object_get (item, "width")),
                              .height = json_double (json_object_get (item, "height")),
                              .orientation = json_is_integer (orientation) ? (int) json_integer_value (orientation) : 0,
                              .extra = extra };

  return import_image (reader->import, where, &image, error);
}

static gboolean
read_text (Reader *reader, const char *where, const json_t *item, gint64 image, const json_t *extra, GError **error)
{
  const char *text = json_text (item, "text"), *caption = json_text (item, "caption");
  const json_t *regions = json_object_get (item, "regions"), *types = json_object_get (item, "types");
  g_autofree char *key = json_id_text (json_object_get (item, "phrase_id")), *chain = json_id_text (json_object_get (item, "chain"));
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (Span));
  ImportPhrase phrase = { .image = image, .key = key, .chain = chain, .types = json_array_size (types) > 0 ? types : NULL,
                          .text = text, .extra = extra };

  if (!parse_spans (item, spans))
    {
      import_skip (reader->import, where, "its spans are no pairs of numbers");
      return TRUE;
    }
  if (caption != NULL)
    {
      gboolean whole = spans->len == 0 && strcmp (caption, text) == 0;

      phrase.caption = import_caption (reader->import, where, image, caption, whole ? extra : NULL, error);
      if (phrase.caption == 0 || (whole && json_array_size (regions) == 0))
        return phrase.caption != 0 || *error == NULL;
    }
  phrase.spans = (const Span *) (void *) spans->data;
  phrase.n_spans = spans->len;
  phrase.image = image;
  {
    gint64 id = import_phrase (reader->import, where, &phrase, error);

    for (gsize i = 0; id != 0 && json_is_array (regions) && i < json_array_size (regions); i++)
      {
        g_autofree char *place = g_strdup_printf ("%s, region %zu", where, i + 1);

        if (!read_region (reader, place, id, json_array_get (regions, i), error))
          return FALSE;
      }
  }
  return *error == NULL;
}

static gboolean
on_line (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  Reader *reader = data;
  g_autoptr (json_t) rest = NULL;
  g_autoptr (json_t) extra = NULL;
  GError *local = NULL;
  gint64 image;
  const char *text;

  if (!reader->headed)
    return read_head (reader, item, error);
  if (!json_is_object (item))
    {
      import_skip (reader->import, where, "no object");
      return TRUE;
    }
  rest = json_without (item, own_keys);
  extra = rest != NULL ? json_pack ("{s:O}", "manifest", rest) : NULL;
  text = json_text (item, "text");
  image = read_image (reader, where, item, text == NULL ? extra : NULL, &local);
  if (image != 0 && text != NULL)
    read_text (reader, where, item, image, extra, &local);
  else if (image != 0 && json_is_string (json_object_get (item, "text")))
    import_skip (reader->import, where, "its text holds a NUL");
  else if (image != 0 && json_text (item, "caption") != NULL)
    import_caption (reader->import, where, image, json_text (item, "caption"), NULL, &local);
  if (local != NULL)
    g_propagate_error (error, local);
  return local == NULL;
}

static gboolean
manifest_read (Import *import, const char *source, GError **error)
{
  Reader reader = { .import = import, .source = source, .folder = g_path_get_dirname (source) };
  gboolean good;

  reader.regions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  good = json_lines_read (source, on_line, &reader, error);
  if (good && !reader.headed)
    good = project_fail (error, PROJECT_ERROR_FAILED, "%s is empty.", source);
  g_hash_table_unref (reader.regions);
  g_free (reader.folder);
  return good;
}

static gboolean
manifest_guess (const char *source, gboolean folder, const char *head)
{
  const char *end = strchr (head, '\n');
  const char *found = strstr (head, "\"alidade-manifest\"");

  return !folder && found != NULL && (end == NULL || found < end);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

typedef struct
{
  Export *export;
  OutFile *file;
  GString *text;
  GChecksum *sum;
} Writer;

static void
put_rest (GString *out, const json_t *extra)
{
  const json_t *kept = json_object_get (extra, "manifest");
  const char *name;
  json_t *value;

  json_object_foreach ((json_t *) kept, name, value)
    {
      json_put_name (out, name);
      json_put_value (out, value);
    }
}

static void
put_image (Writer *writer, const ExportImage *image)
{
  GString *out = writer->text;

  if (!g_utf8_validate (image->path, -1, NULL))
    export_lost (writer->export, "names of pictures that are no UTF-8");
  g_string_append_c (out, '{');
  json_put_name (out, "image");
  json_put_text (out, image->path);
  json_put_name (out, "width");
  json_put_number (out, image->width);
  json_put_name (out, "height");
  json_put_number (out, image->height);
  g_string_append_printf (out, ",\"orientation\":%d,\"image_id\":", image->orientation);
  json_put_id (out, image->id);
}

/* Whether another phrase of the image has the region as well. */
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

static void
put_region (GString *out, const ExportImage *image, const ExportPhrase *phrase, const ExportRegion *region)
{
  const Shape *shape = &region->shape;

  g_string_append_c (out, '{');
  if (is_shared (image, phrase, region->id))
    {
      json_put_name (out, "id");
      json_put_id (out, region->id);
    }
  json_put_name (out, "label");
  g_string_append (out, region->label ? "true" : "false");
  json_put_name (out, "kind");
  json_put_text (out, shape_kind_name (shape->kind));
  json_put_name (out, "box");
  for (int i = 0; i < 4; i++)
    {
      g_string_append_c (out, i > 0 ? ',' : '[');
      json_put_number (out, shape->box[i]);
    }
  g_string_append_c (out, ']');
  if (shape->kind == SHAPE_POLYGON)
    shape_polygon_put (out, shape);
  if (shape->kind == SHAPE_MASK)
    {
      json_put_name (out, "rle");
      coco_rle_put (out, shape, FALSE);
    }
  json_put_name (out, "origin");
  json_put_text (out, origin_name (region->origin));
  json_put_name (out, "score");
  json_put_number (out, region->score);
  if (region->model != NULL)
    {
      json_put_name (out, "model");
      json_put_text (out, region->model);
    }
  put_rest (out, region->extra);
  g_string_append_c (out, '}');
}

static void
put_spans (GString *out, const ExportPhrase *phrase)
{
  if (phrase->spans->len == 0)
    {
      g_string_append (out, ",\"start\":null,\"end\":null");
      return;
    }
  g_string_append_printf (out, ",\"start\":%" G_GINT64_FORMAT ",\"end\":%" G_GINT64_FORMAT,
                          g_array_index (phrase->spans, Span, 0).first, g_array_index (phrase->spans, Span, 0).last);
  if (phrase->spans->len == 1)
    return;
  g_string_append (out, ",\"spans\":[");
  for (guint i = 0; i < phrase->spans->len; i++)
    {
      const Span *span = &g_array_index (phrase->spans, Span, i);

      g_string_append_printf (out, "%s[%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]", i > 0 ? "," : "", span->first, span->last);
    }
  g_string_append_c (out, ']');
}

static void
put_phrase (Writer *writer, const ExportImage *image, const ExportPhrase *phrase)
{
  GString *out = writer->text;
  const ExportCaption *caption = export_caption_of (image, phrase);
  const char *key = json_text (phrase->extra, "key");

  put_image (writer, image);
  json_put_name (out, "text");
  json_put_text (out, phrase->text);
  json_put_name (out, "caption");
  json_put_text (out, caption != NULL ? caption->text : NULL);
  put_spans (out, phrase);
  if (key != NULL)
    {
      json_put_name (out, "phrase_id");
      json_put_text (out, key);
    }
  if (phrase->chain != NULL)
    {
      json_put_name (out, "chain");
      json_put_text (out, phrase->chain);
    }
  if (phrase->types != NULL)
    {
      json_put_name (out, "types");
      json_put_value (out, phrase->types);
    }
  json_put_name (out, "regions");
  g_string_append_c (out, '[');
  for (guint i = 0; i < phrase->regions->len; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      put_region (out, image, phrase, phrase->regions->pdata[i]);
    }
  g_string_append_c (out, ']');
  json_put_name (out, "verdict");
  json_put_text (out, phrase->verdict);
  if (json_object_get (json_object_get (phrase->extra, "manifest"), "split") == NULL)
    g_string_append (out, ",\"split\":null");
  if (json_object_get (json_object_get (phrase->extra, "manifest"), "weight") == NULL)
    g_string_append (out, ",\"weight\":1");
  put_rest (out, phrase->extra);
  g_string_append (out, "}\n");
}

static void
put_others (Writer *writer, const ExportImage *image)
{
  GString *out = writer->text;

  for (guint i = 0; i < image->captions->len; i++)
    {
      const ExportCaption *caption = image->captions->pdata[i];

      put_image (writer, image);
      json_put_name (out, "text");
      json_put_text (out, caption->text);
      json_put_name (out, "caption");
      json_put_text (out, caption->text);
      g_string_append (out, ",\"start\":null,\"end\":null,\"regions\":[],\"verdict\":null");
      put_rest (out, caption->extra);
      g_string_append (out, "}\n");
    }
  if (image->captions->len + image->phrases->len == 0)
    {
      put_image (writer, image);
      g_string_append (out, ",\"text\":null,\"caption\":null,\"start\":null,\"end\":null,\"regions\":[],\"verdict\":null");
      put_rest (out, image->extra);
      g_string_append (out, "}\n");
    }
}

static gboolean
flush (Writer *writer, gboolean all, GError **error)
{
  if (!all && writer->text->len < 65536)
    return TRUE;
  g_checksum_update (writer->sum, (const guchar *) writer->text->str, writer->text->len);
  return out_file_put (writer->file, writer->text, TRUE, error);
}

static gboolean
put_records (Writer *writer, GError **error)
{
  GError *local = NULL;

  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next (writer->export, &local);

      if (image == NULL)
        break;
      put_others (writer, image);
      for (guint i = 0; i < image->phrases->len; i++)
        put_phrase (writer, image, image->phrases->pdata[i]);
      if (!flush (writer, FALSE, error))
        return FALSE;
    }
  if (local != NULL)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  return flush (writer, TRUE, error);
}

/* The hash stands before what it is of: room for it is left, and filled at the end. */
static const char head_form[] = "{\"alidade-manifest\": 1, \"set\": null, \"hash\": \"%s\"}\n";

static gboolean
put_hash (const char *target, const char *hash, GError **error)
{
  g_autofree char *head = g_strdup_printf (head_form, hash);
  int file = open (target, O_WRONLY | O_CLOEXEC);
  gboolean good = file >= 0 && pwrite (file, head, strlen (head), 0) == (ssize_t) strlen (head) && fsync (file) == 0;

  if (file >= 0)
    close (file);
  return good || project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be written: its first line failed", target);
}

static gboolean
manifest_write (Export *export, const char *target, GError **error)
{
  static const char room[] = "0000000000000000000000000000000000000000000000000000000000000000";
  Writer writer = { .export = export };
  gboolean good;

  writer.file = out_file_open (target, error);
  if (writer.file == NULL)
    return FALSE;
  writer.text = g_string_new (NULL);
  writer.sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_string_append_printf (writer.text, head_form, room);
  good = out_file_put (writer.file, writer.text, TRUE, error) && put_records (&writer, error);
  if (good)
    good = out_file_close (writer.file, error);
  else
    out_file_abandon (writer.file);
  good = good && put_hash (target, g_checksum_get_string (writer.sum), error);
  g_string_free (writer.text, TRUE);
  g_checksum_free (writer.sum);
  return good;
}

const Format format_manifest = {
  .name = "manifest",
  .guess = manifest_guess,
  .read = manifest_read,
  .write = manifest_write,
  .keeps_not = "verdicts' history and the journal",
};
