/* SPDX-License-Identifier: MIT
 * coco-write.c: COCO's instances, captions and results written. Phrases go into keys of our own beside COCO's:
 * `phrase`, `caption_id`, `span`, and a list `captions`. */
#include "coco-write.h"

#include "coco-shape.h"
#include "format-help.h"

#include <math.h>
#include <string.h>

typedef struct
{
  Export *export;
  OutFile *file;
  GString *text;
  GHashTable *ids;          /* project image id -> COCO id */
  GHashTable *category_ids; /* name -> id */
  GHashTable *category_names;/* id -> name */
  gint64 phrase_category;   /* for phrases that are no category; 0: not needed yet */
  json_t *categories;       /* to be written */
  gint64 next;              /* annotation or caption id */
  gboolean results;
} Writer;

static gint64
own_id (const json_t *extra)
{
  const json_t *id = json_object_get (json_object_get (extra, "coco"), "id");

  return json_is_integer (id) && json_integer_value (id) > 0 ? json_integer_value (id) : 0;
}

static gpointer
key_of (gint64 id)
{
  return g_memdup2 (&id, sizeof id);
}

/* Images keep the ids they came with, as far as these are different; others get the next free ones. */
static gboolean
choose_ids (Writer *writer, GError **error)
{
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  gint64 next = 0;
  GError *local = NULL;

  for (int pass = 0; pass < 2; pass++)
    {
      export_rewind (writer->export);
      while (TRUE)
        {
          g_autoptr (ExportImage) image = export_next_bare (writer->export, &local);
          gint64 id;

          if (image == NULL)
            break;
          id = own_id (image->extra);
          if (pass == 0 && id != 0 && g_hash_table_add (taken, key_of (id)))
            {
              g_hash_table_insert (writer->ids, key_of (image->id), key_of (id));
              next = MAX (next, id);
            }
          else if (pass == 1 && !g_hash_table_contains (writer->ids, &image->id))
            g_hash_table_insert (writer->ids, key_of (image->id), key_of (++next));
        }
    }
  export_rewind (writer->export);
  return help_goes_on (local, error);
}

static void
load_categories (Writer *writer)
{
  const json_t *all = export_settings (writer->export, "coco");

  for (gsize i = 0; i < json_array_size (all); i++)
    {
      const json_t *some = json_object_get (json_array_get (all, i), "categories");

      for (gsize j = 0; j < json_array_size (some); j++)
        {
          json_t *category = json_array_get (some, j);
          const json_t *id = json_object_get (category, "id");
          gint64 number = json_is_integer (id) ? json_integer_value (id) : 0;

          if (number == 0 || g_hash_table_contains (writer->category_names, &number))
            continue;
          g_hash_table_insert (writer->category_names, key_of (number), g_strdup (json_text (category, "name")));
          if (!g_hash_table_contains (writer->category_ids, json_text (category, "name")))
            g_hash_table_insert (writer->category_ids, g_strdup (json_text (category, "name")), key_of (number));
          json_array_append (writer->categories, category);
          writer->phrase_category = MIN (writer->phrase_category, -number - 1);
        }
    }
}

/* What the files had on top: the newest `info`, every license once. */
static void
put_top (Writer *writer, const char *format)
{
  const json_t *all = export_settings (writer->export, format);
  g_autoptr (json_t) licenses = json_array ();
  const json_t *info = NULL;

  for (gsize i = 0; i < json_array_size (all); i++)
    {
      const json_t *one = json_array_get (all, i), *some = json_object_get (one, "licenses");

      if (json_object_get (one, "info") != NULL)
        info = json_object_get (one, "info");
      for (gsize j = 0; j < json_array_size (some); j++)
        {
          gboolean had = FALSE;

          for (gsize k = 0; k < json_array_size (licenses) && !had; k++)
            had = json_equal (json_array_get (licenses, k), json_array_get (some, j));
          if (!had)
            json_array_append (licenses, json_array_get (some, j));
        }
    }
  if (info != NULL)
    {
      json_put_name (writer->text, "info");
      json_put_value (writer->text, info);
    }
  if (json_array_size (licenses) > 0)
    {
      json_put_name (writer->text, "licenses");
      json_put_value (writer->text, licenses);
    }
  if (writer->text->str[writer->text->len - 1] != '{')
    g_string_append_c (writer->text, ',');
}

/* The category of a phrase: as it came, else one of its name, else the one for all phrases. */
static gint64
category_of (Writer *writer, const ExportPhrase *phrase, const json_t *coco, gboolean *is_name)
{
  const json_t *came = json_object_get (coco, "category_id");
  gint64 id = json_is_integer (came) ? json_integer_value (came) : 0;
  const gint64 *by_name = g_hash_table_lookup (writer->category_ids, phrase->text);
  const char *name = id != 0 ? g_hash_table_lookup (writer->category_names, &id) : NULL;

  if (name != NULL)
    {
      *is_name = strcmp (name, phrase->text) == 0;
      return id;
    }
  *is_name = by_name != NULL;
  if (by_name != NULL)
    return *by_name;
  if (writer->phrase_category <= 0)
    {
      writer->phrase_category = MAX (-writer->phrase_category, 1);
      json_array_append_new (writer->categories,
                             json_pack ("{s:I,s:s}", "id", (json_int_t) writer->phrase_category, "name", "phrase"));
    }
  return writer->phrase_category;
}

static void
put_key_id (GString *out, const char *name, gint64 id)
{
  json_put_name (out, name);
  g_string_append_printf (out, "%" G_GINT64_FORMAT, id);
}

static void
put_spans (GString *out, const ExportPhrase *phrase)
{
  json_put_name (out, "span");
  if (phrase->spans->len != 1)
    g_string_append_c (out, '[');
  for (guint i = 0; i < phrase->spans->len; i++)
    {
      const Span *span = &g_array_index (phrase->spans, Span, i);

      g_string_append_printf (out, "%s[%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]", i > 0 ? "," : "", span->first,
                              span->last);
    }
  if (phrase->spans->len != 1)
    g_string_append_c (out, ']');
}

/* Keys that came with the annotation and are not ours to write. */
static void
put_rest (GString *out, const json_t *coco, gboolean untouched)
{
  static const char *const written[] = { "category_id", "bbox", "raw_counts", "segmentation", "id", "image_id" };
  const char *name;
  json_t *value;

  json_object_foreach ((json_t *) coco, name, value)
    {
      gboolean skip = !untouched && strcmp (name, "area") == 0;

      for (guint i = 0; i < G_N_ELEMENTS (written); i++)
        skip = skip || strcmp (name, written[i]) == 0;
      if (skip)
        continue;
      json_put_name (out, name);
      json_put_value (out, value);
    }
}

static void
put_annotation (Writer *writer, const ExportImage *image, const ExportPhrase *phrase, gint64 caption_id,
                const ExportRegion *region)
{
  GString *out = writer->text;
  const json_t *coco = json_object_get (region->extra, "coco");
  gboolean untouched = coco != NULL, is_name;
  gint64 category;

  if (coco == NULL)
    coco = json_object_get (json_object_get (region->extra, "from"), "coco");
  category = category_of (writer, phrase, coco, &is_name);
  g_string_append (out, writer->next > 1 ? ",\n{" : "{");
  if (!writer->results)
    put_key_id (out, "id", writer->next);
  writer->next++;
  put_key_id (out, "image_id", *(gint64 *) g_hash_table_lookup (writer->ids, &image->id));
  put_key_id (out, "category_id", category);
  json_put_name (out, "bbox");
  if (untouched && json_object_get (coco, "bbox") != NULL)
    json_put_value (out, json_object_get (coco, "bbox"));
  else
    coco_bbox_put (out, region->shape.box);
  if (!untouched || json_object_get (coco, "area") == NULL)
    {
      json_put_name (out, "area");
      json_put_number (out, shape_area (&region->shape));
    }
  if (json_object_get (coco, "iscrowd") == NULL)
    g_string_append (out, ",\"iscrowd\":0");
  json_put_name (out, "segmentation");
  if (untouched && region->shape.kind == SHAPE_BOX && json_object_get (coco, "segmentation") != NULL)
    json_put_value (out, json_object_get (coco, "segmentation"));
  else
    coco_segmentation_put (out, &region->shape, json_is_true (json_object_get (coco, "raw_counts")));
  if (!is_name || caption_id != 0)
    {
      json_put_name (out, "phrase");
      json_put_text (out, phrase->text);
    }
  if (caption_id != 0)
    {
      put_key_id (out, "caption_id", caption_id);
      put_spans (out, phrase);
    }
  if (writer->results || !isnan (region->score))
    {
      json_put_name (out, "score");
      json_put_number (out, isnan (region->score) ? 1 : region->score);
    }
  put_rest (out, coco, untouched);
  g_string_append_c (out, '}');
}

static gboolean
put_images (Writer *writer, GError **error)
{
  static const char *const own[] = { "id", "width", "height", NULL };
  GError *local = NULL;
  gboolean first = TRUE;

  g_string_append (writer->text, "\"images\":[\n");
  export_rewind (writer->export);
  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next_bare (writer->export, &local);
      g_autofree char *name = NULL;
      g_autoptr (json_t) rest = NULL;

      if (image == NULL)
        break;
      name = export_image_name (writer->export, image);
      g_string_append (writer->text, first ? "{" : ",\n{");
      first = FALSE;
      put_key_id (writer->text, "id", *(gint64 *) g_hash_table_lookup (writer->ids, &image->id));
      json_put_name (writer->text, "file_name");
      json_put_text (writer->text, name);
      put_key_id (writer->text, "width", (gint64) image->width);
      put_key_id (writer->text, "height", (gint64) image->height);
      rest = json_is_object (json_object_get (image->extra, "coco"))
                 ? json_without (json_object_get (image->extra, "coco"), own)
                 : NULL;
      if (rest != NULL)
        put_rest (writer->text, rest, TRUE);
      g_string_append_c (writer->text, '}');
      if (!out_file_put (writer->file, writer->text, FALSE, error))
        return FALSE;
    }
  g_string_append (writer->text, "\n]");
  export_rewind (writer->export);
  return help_goes_on (local, error);
}

/* Captions of all images in a list called `name`; their ids are 1, 2, ... in this order. */
static gboolean
put_captions (Writer *writer, const char *name, GError **error)
{
  GError *local = NULL;
  gint64 id = 0;

  json_put_name (writer->text, name);
  g_string_append (writer->text, "[\n");
  export_rewind (writer->export);
  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next (writer->export, &local);

      if (image == NULL)
        break;
      for (guint i = 0; i < image->captions->len; i++)
        {
          const ExportCaption *caption = image->captions->pdata[i];

          g_string_append (writer->text, id++ > 0 ? ",\n{" : "{");
          put_key_id (writer->text, "id", id);
          put_key_id (writer->text, "image_id", *(gint64 *) g_hash_table_lookup (writer->ids, &image->id));
          json_put_name (writer->text, "caption");
          json_put_text (writer->text, caption->text);
          put_rest (writer->text, json_object_get (caption->extra, "coco"), TRUE);
          g_string_append_c (writer->text, '}');
        }
      if (!out_file_put (writer->file, writer->text, FALSE, error))
        return FALSE;
    }
  g_string_append (writer->text, "\n]");
  export_rewind (writer->export);
  return help_goes_on (local, error);
}

static gboolean
put_annotations (Writer *writer, GError **error)
{
  GError *local = NULL;
  gint64 captions = 0;

  writer->next = 1;
  export_rewind (writer->export);
  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next (writer->export, &local);

      if (image == NULL)
        break;
      for (guint i = 0; i < image->phrases->len; i++)
        {
          const ExportPhrase *phrase = image->phrases->pdata[i];
          gint64 caption = 0;

          for (guint j = 0; phrase->caption != 0 && phrase->spans->len > 0 && j < image->captions->len; j++)
            if (((ExportCaption *) image->captions->pdata[j])->id == phrase->caption)
              caption = captions + j + 1;
          if (phrase->regions->len == 0)
            export_lost (writer->export, "phrases without regions");
          for (guint j = 0; j < phrase->regions->len; j++)
            {
              const ExportRegion *region = phrase->regions->pdata[j];

              if (shape_has_holes (&region->shape))
                export_lost (writer->export, "polygons' holes (filled)");
              put_annotation (writer, image, phrase, caption, region);
            }
          if (!out_file_put (writer->file, writer->text, FALSE, error))
            return FALSE;
        }
      captions += image->captions->len;
    }
  return help_goes_on (local, error);
}

static void
put_categories (Writer *writer)
{
  json_put_name (writer->text, "categories");
  json_put_value (writer->text, writer->categories);
}

typedef enum
{
  WRITE_INSTANCES,
  WRITE_CAPTIONS,
  WRITE_RESULTS
} What;

static gboolean
put_all (Writer *writer, What what, GError **error)
{
  GString *out = writer->text;

  if (what == WRITE_RESULTS)
    {
      g_string_append (out, "[\n");
      if (!choose_ids (writer, error) || !put_annotations (writer, error))
        return FALSE;
      g_string_append (out, "\n]\n");
      return out_file_put (writer->file, out, TRUE, error);
    }
  g_string_append_c (out, '{');
  put_top (writer, what == WRITE_CAPTIONS ? "coco-captions" : "coco");
  if (!choose_ids (writer, error) || !put_images (writer, error))
    return FALSE;
  if (!put_captions (writer, what == WRITE_CAPTIONS ? "annotations" : "captions", error))
    return FALSE;
  if (what == WRITE_INSTANCES)
    {
      g_string_append (out, ",\n\"annotations\":[\n");
      if (!put_annotations (writer, error))
        return FALSE;
      g_string_append (out, "\n]");
      put_categories (writer);
    }
  g_string_append (out, "}\n");
  return out_file_put (writer->file, out, TRUE, error);
}

static gboolean
write_file (Export *export, const char *target, What what, GError **error)
{
  Writer writer = { .export = export, .results = what == WRITE_RESULTS };
  gboolean good;

  writer.file = out_file_open (target, error);
  if (writer.file == NULL)
    return FALSE;
  writer.text = g_string_new (NULL);
  writer.ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  writer.category_ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  writer.category_names = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  writer.categories = json_array ();
  load_categories (&writer);
  good = put_all (&writer, what, error);
  if (good)
    good = out_file_close (writer.file, error);
  else
    out_file_abandon (writer.file);
  g_string_free (writer.text, TRUE);
  g_hash_table_unref (writer.ids);
  g_hash_table_unref (writer.category_ids);
  g_hash_table_unref (writer.category_names);
  json_decref (writer.categories);
  return good;
}

gboolean
coco_write (Export *export, const char *target, GError **error)
{
  return write_file (export, target, WRITE_INSTANCES, error);
}

gboolean
coco_captions_write (Export *export, const char *target, GError **error)
{
  return write_file (export, target, WRITE_CAPTIONS, error);
}

gboolean
coco_results_write (Export *export, const char *target, GError **error)
{
  return write_file (export, target, WRITE_RESULTS, error);
}
