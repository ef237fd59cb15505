/* SPDX-License-Identifier: MIT */
#include "coco-back.h"

#include "coco-shape.h"
#include "export.h"
#include "image-finder.h"
#include "json-edit.h"
#include "write-back.h"

#include <math.h>
#include <string.h>

/* An image by its id in the file. */
typedef struct
{
  gint64 image;          /* the project's, 0: it has none there */
  double width, height;  /* by the file */
} FileImage;

/* A label that is to be put into the file. */
typedef struct
{
  gint64 image, link;
} New;

typedef struct
{
  const BackSource *source;
  Export *export;
  Back *back;
  ImageFinder *finder;
  GHashTable *images;       /* id as JSON -> FileImage */
  GHashTable *ids;          /* project image -> id as JSON */
  GHashTable *categories;   /* id as JSON -> name */
  GHashTable *category_ids; /* name -> id as JSON */
  GHashTable *captions;     /* "image id, line end, caption" -> id as JSON */
  gint64 last_annotation, last_category;
  gint64 phrase_category;   /* to be added; 0: not needed */
  GArray *news;             /* New */
  gboolean changed;
} File;

enum { ANNOTATIONS, CATEGORIES };
static const char *const edited[] = { "annotations", "categories", NULL };

static File *
file_new (Export *export, Back *back, const BackSource *source)
{
  File *file = g_new0 (File, 1);

  file->export = export;
  file->back = back;
  file->source = source;
  file->finder = image_finder_new (source->images);
  file->images = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  file->ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  file->categories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  file->category_ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  file->captions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  file->news = g_array_new (FALSE, FALSE, sizeof (New));
  return file;
}

static void
file_free (gpointer data)
{
  File *file = data;

  g_clear_pointer (&file->finder, image_finder_free);
  g_hash_table_unref (file->images);
  g_hash_table_unref (file->ids);
  g_hash_table_unref (file->categories);
  g_hash_table_unref (file->category_ids);
  g_hash_table_unref (file->captions);
  g_array_unref (file->news);
  g_free (file);
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

/* The key of an id, the same for 7 and "7", as the import has it. */
static const void *
look_up (GHashTable *table, const json_t *value)
{
  g_autofree char *id = json_id_text (value);

  return id != NULL ? g_hash_table_lookup (table, id) : NULL;
}

static gboolean
read_image (File *file, const json_t *item, GError **error)
{
  const char *name = json_text (item, "file_name");
  const json_t *id = json_object_get (item, "id");
  FileImage image = { .width = json_double (json_object_get (item, "width")),
                     .height = json_double (json_object_get (item, "height")) };
  g_autofree char *path = NULL, *key = json_id_text (id);
  GError *local = NULL;

  if (name == NULL || *name == '\0' || key == NULL || strlen (name) > 4096)
    return TRUE;
  if (image_finder_find (file->finder, name, &path) != FOUND_ONE)
    path = g_canonicalize_filename (name, image_finder_folder (file->finder));
  image.image = back_image_at (file->back, path, &local);
  if (local != NULL)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  if (image.image != 0 && !g_hash_table_contains (file->ids, &image.image))
    g_hash_table_insert (file->ids, g_memdup2 (&image.image, sizeof image.image), g_strdup (key));
  g_hash_table_replace (file->images, g_steal_pointer (&key), g_memdup2 (&image, sizeof image));
  return TRUE;
}

static void
read_category (File *file, const json_t *item)
{
  const json_t *id = json_object_get (item, "id");
  const char *name = json_text (item, "name");
  char *key = json_id_text (id);

  if (json_is_integer (id))
    file->last_category = MAX (file->last_category, json_integer_value (id));
  if (key == NULL || name == NULL)
    {
      g_free (key);
      return;
    }
  if (!g_hash_table_contains (file->category_ids, name))
    g_hash_table_insert (file->category_ids, g_strdup (name), json_to_text (id));
  g_hash_table_replace (file->categories, key, g_strdup (name));
}

static void
read_caption (File *file, const json_t *item)
{
  g_autofree char *image = json_id_text (json_object_get (item, "image_id"));
  const json_t *id = json_object_get (item, "id");

  if (image != NULL && json_text (item, "caption") != NULL && id != NULL)
    g_hash_table_replace (file->captions, g_strconcat (image, "\n", json_text (item, "caption"), NULL),
                          json_to_text (id));
}

static gboolean
on_head (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  File *file = data;

  if (pattern == 0)
    return read_image (file, item, error);
  if (pattern == 1)
    read_category (file, item);
  else
    read_caption (file, item);
  return TRUE;
}

static gboolean
fate_of (File *file, const json_t *item, BackFate *fate, BackImage **image, const ExportRegion **region, GError **error)
{
  const FileImage *of = look_up (file->images, json_object_get (item, "image_id"));
  const char *text = json_text (item, "phrase"), *why = NULL;
  g_auto (Shape) shape = { 0 };
  double xywh[4];

  *fate = BACK_UNKNOWN;
  if (of == NULL || of->image == 0)
    return TRUE;
  *image = back_image (file->back, of->image, of->width, of->height, error);
  if (*image == NULL)
    return FALSE;
  if (text == NULL || *text == '\0')
    text = look_up (file->categories, json_object_get (item, "category_id"));
  if (!coco_segmentation_parse (json_object_get (item, "segmentation"), &shape, &why))
    {
      shape_clear (&shape);
      if (!json_doubles (json_object_get (item, "bbox"), xywh, 4) || !(xywh[2] > 0 && xywh[3] > 0) ||
          !shape_set_box (&shape, xywh[0], xywh[1], xywh[0] + xywh[2], xywh[1] + xywh[3]))
        return TRUE;
    }
  return back_fate (file->back, *image, text, &shape, fate, region, error);
}

/* The first time: what is in the file. */
static gboolean
on_look (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  File *file = data;
  const json_t *id = json_object_get (item, "id");
  const ExportRegion *region;
  BackImage *image;
  BackFate fate;

  if (json_is_integer (id))
    file->last_annotation = MAX (file->last_annotation, json_integer_value (id));
  if (!fate_of (file, item, &fate, &image, &region, error))
    return FALSE;
  file->changed = file->changed || fate == BACK_CHANGED || fate == BACK_GONE;
  return TRUE;
}

static gboolean
look_through (File *file, GError **error)
{
  static const char *const head[] = { "images[]", "categories[]", "captions[]", NULL };
  static const char *const annotations[] = { "annotations[]", NULL };

  if (!json_items_read (file->source->path, head, on_head, file, error) ||
      !json_items_read (file->source->path, annotations, on_look, file, error))
    return FALSE;
  back_end_file (file->back);
  return TRUE;
}

/* Which file takes which new label: the first that has its picture. */
static gboolean
share_news (Export *export, Back *back, const GPtrArray *files, GError **error)
{
  GError *local = NULL;

  export_rewind (export);
  while (TRUE)
    {
      g_autoptr (ExportImage) bare = export_next_bare (export, &local);
      File *file = NULL;
      BackImage *image;

      if (bare == NULL)
        break;
      for (guint i = 0; i < files->len && file == NULL; i++)
        if (g_hash_table_contains (((File *) files->pdata[i])->ids, &bare->id))
          file = files->pdata[i];
      image = back_image (back, bare->id, 0, 0, error);
      if (image == NULL || !back_fill (back, image, error))
        return FALSE;
      for (guint i = 0; i < image->image->phrases->len; i++)
        {
          const ExportPhrase *phrase = image->image->phrases->pdata[i];

          for (guint j = 0; j < phrase->regions->len; j++)
            {
              const ExportRegion *region = phrase->regions->pdata[j];
              const New new = { bare->id, region->link };

              if (!back_is_new (back, image, phrase, region))
                continue;
              if (file == NULL)
                {
                  export_lost (export, "regions of pictures that no file names");
                  continue;
                }
              g_array_append_val (file->news, new);
              file->changed = TRUE;
              if (!g_hash_table_contains (file->category_ids, phrase->text))
                file->phrase_category = file->last_category + 1;
            }
        }
    }
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, local);
  return FALSE;
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

static void
put_numbers (GString *out, const Shape *shape, const json_t *old)
{
  const json_t *segmentation = json_object_get (old, "segmentation");

  json_put_name (out, "bbox");
  coco_bbox_put (out, shape->box);
  json_put_name (out, "area");
  json_put_number (out, shape_area (shape));
  if (old == NULL || segmentation != NULL || shape->kind != SHAPE_BOX)
    {
      json_put_name (out, "segmentation");
      coco_segmentation_put (out, shape, json_is_array (json_object_get (segmentation, "counts")));
    }
}

/* The annotation with new numbers, its other members in their order. */
static void
put_changed (GString *out, const json_t *old, const Shape *shape)
{
  const char *name;
  gboolean done = FALSE;
  json_t *value;

  g_string_append_c (out, '{');
  json_object_foreach ((json_t *) old, name, value)
    {
      if (strcmp (name, "bbox") != 0 && strcmp (name, "area") != 0 && strcmp (name, "segmentation") != 0)
        {
          json_put_name (out, name);
          json_put_value (out, value);
          continue;
        }
      if (!done)
        put_numbers (out, shape, old);
      done = TRUE;
    }
  if (!done)
    put_numbers (out, shape, old);
  g_string_append_c (out, '}');
}

static JsonEditFate
on_element (guint member, json_t *item, GString *text, gpointer data, GError **error)
{
  File *file = data;
  const ExportRegion *region = NULL;
  g_auto (Shape) shape = { 0 };
  BackImage *image = NULL;
  BackFate fate;

  if (member != ANNOTATIONS)
    return JSON_EDIT_KEEP;
  if (!fate_of (file, item, &fate, &image, &region, error))
    return JSON_EDIT_FAIL;
  if (fate == BACK_GONE)
    {
      export_report (file->export)->removed++;
      return JSON_EDIT_DROP;
    }
  if (fate != BACK_CHANGED || !back_shape (file->back, image, region, &shape))
    return JSON_EDIT_KEEP;
  put_changed (text, item, &shape);
  export_report (file->export)->changed++;
  return JSON_EDIT_REPLACE;
}

/* A phrase in a caption names it by the id that the file has for it, if any. */
static void
put_caption (File *file, GString *out, const ExportImage *image, const ExportPhrase *phrase, const char *image_id)
{
  const ExportCaption *caption = export_caption_of (image, phrase);
  g_autofree char *key = caption != NULL ? g_strconcat (image_id, "\n", caption->text, NULL) : NULL;
  const char *id = key != NULL ? g_hash_table_lookup (file->captions, key) : NULL;

  if (id == NULL || phrase->spans->len == 0)
    return;
  json_put_name (out, "caption_id");
  g_string_append (out, id);
  json_put_name (out, "span");
  g_string_append_c (out, '[');
  for (guint i = 0; i < phrase->spans->len; i++)
    {
      const Span *span = &g_array_index (phrase->spans, Span, i);

      g_string_append_printf (out, "%s[%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]", i > 0 ? "," : "", span->first,
                              span->last);
    }
  g_string_append_c (out, ']');
}

/* What came with a record that is put back. */
static void
put_kept (GString *out, const ExportRegion *region)
{
  static const char *const written[] = { "id", "image_id", "category_id", "bbox", "area", "segmentation", "raw_counts",
                                         "phrase", "caption_id", "span", "score", NULL };
  const json_t *coco = json_object_get (region->extra, "coco");
  const char *name;
  json_t *value;

  if (coco == NULL)
    coco = json_object_get (json_object_get (region->extra, "from"), "coco");
  if (json_object_get (coco, "iscrowd") == NULL)
    g_string_append (out, ",\"iscrowd\":0");
  json_object_foreach ((json_t *) coco, name, value)
    if (!g_strv_contains (written, name))
      {
        json_put_name (out, name);
        json_put_value (out, value);
      }
}

static gboolean
add_region (File *file, JsonEdit *edit, BackImage *image, const char *image_id, const ExportPhrase *phrase,
            const ExportRegion *region,
            GError **error)
{
  const char *category = g_hash_table_lookup (file->category_ids, phrase->text);
  g_autoptr (GString) out = g_string_new ("{");
  g_autoptr (json_t) id = NULL;
  g_auto (Shape) shape = { 0 };
  char *end;
  gint64 number = g_ascii_strtoll (image_id, &end, 10);

  if (!back_shape (file->back, image, region, &shape))
    return TRUE;
  id = *end == '\0' && *image_id != '\0' ? json_integer (number) : json_string (image_id);
  json_put_name (out, "id");
  g_string_append_printf (out, "%" G_GINT64_FORMAT, ++file->last_annotation);
  json_put_name (out, "image_id");
  json_put_value (out, id);
  json_put_name (out, "category_id");
  if (category != NULL)
    g_string_append (out, category);
  else
    g_string_append_printf (out, "%" G_GINT64_FORMAT, file->phrase_category);
  put_numbers (out, &shape, NULL);
  put_kept (out, region);
  if (category == NULL || phrase->caption != 0)
    {
      json_put_name (out, "phrase");
      json_put_text (out, phrase->text);
    }
  put_caption (file, out, image->image, phrase, image_id);
  if (!isnan (region->score))
    {
      json_put_name (out, "score");
      json_put_number (out, region->score);
    }
  g_string_append_c (out, '}');
  export_report (file->export)->added++;
  return json_edit_add (edit, out->str, error);
}

static gboolean
add_news (File *file, JsonEdit *edit, GError **error)
{
  for (guint i = 0; i < file->news->len; i++)
    {
      const New *new = &g_array_index (file->news, New, i);
      const char *id = g_hash_table_lookup (file->ids, &new->image);
      const FileImage *of = g_hash_table_lookup (file->images, id);
      BackImage *image = back_image (file->back, new->image, of->width, of->height, error);

      if (image == NULL || !back_fill (file->back, image, error))
        return FALSE;
      for (guint j = 0; j < image->image->phrases->len; j++)
        {
          const ExportPhrase *phrase = image->image->phrases->pdata[j];

          for (guint k = 0; k < phrase->regions->len; k++)
            if (((ExportRegion *) phrase->regions->pdata[k])->link == new->link &&
                !add_region (file, edit, image, id, phrase, phrase->regions->pdata[k], error))
              return FALSE;
        }
    }
  return TRUE;
}

static gboolean
on_end (guint member, JsonEdit *edit, gpointer data, GError **error)
{
  File *file = data;
  g_autofree char *category = NULL;

  if (member == ANNOTATIONS)
    return add_news (file, edit, error);
  if (file->phrase_category == 0)
    return TRUE;
  category = g_strdup_printf ("{\"id\":%" G_GINT64_FORMAT ",\"name\":\"phrase\"}", file->phrase_category);
  return json_edit_add (edit, category, error);
}

static gboolean
write_file (File *file, GError **error)
{
  const JsonEditor editor = { edited, on_element, on_end, file };
  OutFile *out = back_file_begin (file->back, file->source->path, error);

  if (out == NULL || !json_edit_copy (file->source->path, &editor, out, error))
    return FALSE;
  back_end_file (file->back);
  return back_file_end (file->back, error);
}

gboolean
coco_write_back (Export *export, GError **error)
{
  g_autoptr (Back) back = back_new (export, FALSE);
  const GPtrArray *sources = back_sources (back, error);
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (file_free);

  for (guint i = 0; sources != NULL && i < sources->len; i++)
    {
      File *file = file_new (export, back, sources->pdata[i]);

      g_ptr_array_add (files, file);
      if (!look_through (file, error))
        return FALSE;
    }
  if (sources == NULL || !share_news (export, back, files, error))
    return FALSE;
  for (guint i = 0; i < files->len; i++)
    if (((File *) files->pdata[i])->changed && !write_file (files->pdata[i], error))
      return FALSE;
  return back_commit (back, error);
}
