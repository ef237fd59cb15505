/* SPDX-License-Identifier: MIT
 * labelme-write.c: regions as the items of a file, and a folder of such files. */
#include "format-help.h"
#include "format-labelme.h"

#include <errno.h>
#include <glib/gstdio.h>

/* Items ------------------------------------------------------------------------------------------------------------ */

guint
labelme_caption (json_t *captions, const char *text)
{
  for (gsize i = 0; i < json_array_size (captions); i++)
    if (g_strcmp0 (json_string_value (json_array_get (captions, i)), text) == 0)
      return (guint) i;
  json_array_append_new (captions, json_string (text));
  return (guint) json_array_size (captions) - 1;
}

void
labelme_put_phrase (json_t *alidade, json_t *captions, const ExportImage *image, const ExportPhrase *phrase)
{
  const ExportCaption *caption = export_caption_of (image, phrase);
  const char *key = json_text (phrase->extra, "key");

  if (caption != NULL)
    {
      json_t *spans = json_array ();

      for (guint i = 0; i < phrase->spans->len; i++)
        {
          const Span *span = &g_array_index (phrase->spans, Span, i);

          json_array_append_new (spans, json_pack ("[I,I]", (json_int_t) span->first, (json_int_t) span->last));
        }
      json_object_set_new (alidade, "caption", json_integer (labelme_caption (captions, caption->text)));
      json_object_set_new (alidade, "spans", spans);
    }
  if (key != NULL)
    json_object_set_new (alidade, "key", json_string (key));
  if (phrase->chain != NULL)
    json_object_set_new (alidade, "chain", json_string (phrase->chain));
  if (phrase->types != NULL)
    json_object_set (alidade, "types", phrase->types);
}

void
labelme_set_text (json_t *item, const char *text)
{
  const char *now = labelme_text (item), *description = json_text (item, "description");

  if (g_strcmp0 (now, text) != 0)
    json_object_set_new (item, description != NULL && *description != '\0' ? "description" : "label", json_string
(text));
}

const json_t *
labelme_extra (const ExportRegion *region, gboolean untouched)
{
  const json_t *extra = json_object_get (region->extra, "labelme");

  if (extra == NULL && !untouched)
    extra = json_object_get (json_object_get (region->extra, "from"), "labelme");
  return extra;
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

/* The order of keys is each tool's own. */
static json_t *
new_item (gboolean anylabeling, const ExportRegion *region)
{
  json_t *item = json_object ();

  json_object_set_new (item, "label", json_string (""));
  if (anylabeling || !isnan (region->score))
    json_object_set_new (item, "score", isnan (region->score) ? json_null () : json_real (region->score));
  json_object_set_new (item, "points", json_null ());
  json_object_set_new (item, "group_id", json_null ());
  json_object_set_new (item, "description", json_string (""));
  if (anylabeling)
    json_object_set_new (item, "difficult", json_false ());
  json_object_set_new (item, "shape_type", json_null ());
  json_object_set_new (item, "flags", json_object ());
  if (anylabeling)
    {
      json_object_set_new (item, "attributes", json_object ());
      json_object_set_new (item, "kie_linking", json_array ());
    }
  return item;
}

/* Four corners that turned in their tool, and circles, are that again if nobody touched them. */
static void
set_kind_again (json_t *item, gboolean anylabeling, const ExportImage *image, const json_t *extra)
{
  const char *type = json_text (extra, "shape_type");

  if (type == NULL)
    return;
  if (strcmp (type, "circle") == 0)
    {
      if (image->orientation > 1)
        return;
      json_object_set (item, "points", json_object_get (extra, "points"));
      json_object_set_new (item, "shape_type", json_string (type));
    }
  else if (json_array_size (json_object_get (item, "points")) == 4)
    json_object_set_new (item, "shape_type", json_string (anylabeling ? "rotation" : "oriented_rectangle"));
}

static void
keep_extra (json_t *item, const json_t *extra)
{
  static const char *const not_kept[] = { "alidade", "points", "shape_type" };
  const char *name;
  json_t *value;

  json_object_foreach ((json_t *) extra, name, value)
  {
    gboolean skip = FALSE;

    for (guint i = 0; i < G_N_ELEMENTS (not_kept); i++)
      skip = skip || strcmp (name, not_kept[i]) == 0;
    if (!skip)
      json_object_set (item, name, value);
  }
}

static void
put_alidade (json_t *item, json_t *made, json_t *captions, const ExportImage *image, const ExportPhrase *phrase,
             const ExportRegion *region)
{
  json_t *alidade = json_is_object (made) ? json_copy (made) : json_object ();

  labelme_put_phrase (alidade, captions, image, phrase);
  if (is_shared (image, phrase, region->id))
    {
      g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, region->id);

      json_object_set_new (alidade, "region", json_string (id));
    }
  if (!region->label)
    json_object_set_new (alidade, "proposal", json_true ());
  if (region->model != NULL)
    json_object_set_new (alidade, "model", json_string (region->model));
  if (json_object_size (alidade) > 0)
    json_object_set (item, "alidade", alidade);
  json_decref (alidade);
}

json_t *
labelme_region_items (Export *export, gboolean anylabeling, json_t *captions, const ExportImage *image,
                      const ExportPhrase *phrase, const ExportRegion *region, const Shape *shape, gint64 *numbers)
{
  const json_t *extra = labelme_extra (region, TRUE), *any_extra = labelme_extra (region, FALSE);
  json_t *items = labelme_record_new (shape, anylabeling, *numbers + 1);

  if (items == NULL)
    {
      export_lost (export, "masks too large to be written");
      return NULL;
    }
  if (json_array_size (items) > 1)
    ++*numbers;
  for (gsize i = 0; i < json_array_size (items); i++)
    {
      json_t *made = json_array_get (items, i), *item = new_item (anylabeling, region);

      keep_extra (item, any_extra);
      json_object_set (item, "points", json_object_get (made, "points"));
      json_object_set (item, "shape_type", json_object_get (made, "shape_type"));
      if (json_object_get (made, "mask") != NULL)
        json_object_set (item, "mask", json_object_get (made, "mask"));
      set_kind_again (item, anylabeling, image, extra);
      labelme_set_text (item, phrase->text);
      if (json_array_size (items) > 1 && !json_is_integer (json_object_get (item, "group_id")))
        json_object_set_new (item, "group_id", json_integer (*numbers));
      put_alidade (item, json_object_get (made, "alidade"), captions, image, phrase, region);
      json_array_set_new (items, i, item);
    }
  return items;
}

/* Files ------------------------------------------------------------------------------------------------------------ */

typedef struct
{
  Export *export;
  const char *target;
  gboolean anylabeling;
  GHashTable *names;  /* of files written */
}
Writer;

static gint64
largest_group (const ExportImage *image)
{
  gint64 largest = 0;

  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      for (guint j = 0; j < phrase->regions->len; j++)
        {
          json_int_t group
              = json_integer_value (json_object_get (labelme_extra (phrase->regions->pdata[j], FALSE), "group_id"));

          largest = MAX (largest, CLAMP (group, 0, G_MAXINT32));
        }
    }
  return largest;
}

static void
put_phrases (Writer *writer, const ExportImage *image, json_t *shapes, json_t *alidade)
{
  json_t *captions = json_array (), *bare = json_array ();
  gint64 numbers = largest_group (image);

  for (guint i = 0; i < image->captions->len; i++)
    labelme_caption (captions, ((ExportCaption *) image->captions->pdata[i])->text);
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      if (phrase->regions->len == 0)
        {
          json_t *item = json_pack ("{s:s}", "text", phrase->text);

          labelme_put_phrase (item, captions, image, phrase);
          json_array_append_new (bare, item);
        }
      for (guint j = 0; j < phrase->regions->len; j++)
        {
          const ExportRegion *region = phrase->regions->pdata[j];
          g_auto (Shape) shape = { 0 };
          g_autoptr (json_t) items = NULL;

          if (export_shape (writer->export, image, region, &shape))
            items = labelme_region_items (writer->export, writer->anylabeling, captions, image, phrase, region, &shape,
                                          &numbers);
          if (items != NULL)
            json_array_extend (shapes, items);
        }
    }
  if (json_array_size (captions) > 0)
    json_object_set (alidade, "captions", captions);
  if (json_array_size (bare) > 0)
    json_object_set (alidade, "phrases", bare);
  json_decref (captions);
  json_decref (bare);
}

/* The picture as seen from the file: relative where both lie in one part of the tree, so that they can move together.
 */
static char *
picture_from (const char *file_folder, const char *picture)
{
  g_autofree char *folder = realpath (file_folder, NULL), *picture_folder = g_path_get_dirname (picture);
  g_autofree char *real = realpath (picture_folder, NULL), *base = g_path_get_basename (picture);
  g_auto (GStrv) a = NULL, b = NULL;
  g_autoptr (GString) path = g_string_new (NULL);
  guint same = 1;

  if (folder == NULL || real == NULL)
    return g_strdup (picture);
  a = g_strsplit (folder, "/", -1);
  b = g_strsplit (real, "/", -1);
  while (a[same] != NULL && b[same] != NULL && strcmp (a[same], b[same]) == 0)
    same++;
  if (same < 2)
    return g_build_filename (real, base, NULL);
  for (guint i = same; a[i] != NULL; i++)
    g_string_append (path, "../");
  for (guint i = same; b[i] != NULL; i++)
    g_string_append_printf (path, "%s/", b[i]);
  g_string_append (path, base);
  return g_string_free (g_steal_pointer (&path), FALSE);
}

/* TARGET/NAME with .json for the picture's ending, or behind it where two pictures differ in that alone. */
static char *
file_path (Writer *writer, const ExportImage *image, const char *name)
{
  g_autofree char *full = g_canonicalize_filename (name, "/"), *stem = g_strdup (full); /* no way out by ".." */
  char *dot = strrchr (stem, '.');

  if (dot != NULL && strchr (dot, '/') == NULL && dot[-1] != '/')
    *dot = '\0';
  if (g_hash_table_add (writer->names, g_strdup (stem)))
    return g_strconcat (writer->target, stem, ".json", NULL);
  if (g_hash_table_add (writer->names, g_strdup (full)))
    return g_strconcat (writer->target, full, ".json", NULL);
  return g_strdup_printf ("%s%s.%" G_GINT64_FORMAT ".json", writer->target, full, image->id);
}

json_t *
labelme_file_new (Export *export, gboolean anylabeling, const ExportImage *image, const char *picture)
{
  json_t *file = json_object ();
  g_autofree char *valid = g_utf8_make_valid (picture, -1);
  const char *name;
  json_t *value;
  double width, height;

  export_size (export, image, &width, &height);
  json_object_set_new (file, "version", json_string (anylabeling ? "2.4.0" : "5.5.0"));
  json_object_set_new (file, "flags", json_object ());
  if (anylabeling)
    json_object_set_new (file, "checked", json_false ());
  json_object_set_new (file, "shapes", json_array ());
  json_object_set_new (file, "imagePath", json_string (valid));
  json_object_set_new (file, "imageData", json_null ());
  json_object_set_new (file, "imageHeight", height > 0 ? json_integer ((json_int_t) height) : json_null ());
  json_object_set_new (file, "imageWidth", width > 0 ? json_integer ((json_int_t) width) : json_null ());
  json_object_foreach (json_object_get (image->extra, "labelme"), name, value) json_object_set (file, name, value);
  return file;
}

static gboolean
put_image (Writer *writer, const ExportImage *image, GError **error)
{
  g_autofree char *name = export_image_name (writer->export, image);
  g_autofree char *path = file_path (writer, image, name), *folder = g_path_get_dirname (path), *picture = NULL;
  g_autofree char *copied = g_build_filename (writer->target, name, NULL);
  g_autoptr (json_t) file = NULL, alidade = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  if (g_mkdir_with_parents (folder, 0777) != 0)
    return project_fail (error, errno == ENOSPC ? PROJECT_ERROR_FULL : PROJECT_ERROR_FAILED,
                         "The folder %s cannot be made: %s", folder, g_strerror (errno));
  /* A copy lies beside its file. */
  picture = g_file_test (copied, G_FILE_TEST_EXISTS) ? g_path_get_basename (name) : picture_from (folder, image->path);
  file = labelme_file_new (writer->export, writer->anylabeling, image, picture);
  alidade = json_object ();
  put_phrases (writer, image, json_object_get (file, "shapes"), alidade);
  if (json_object_size (alidade) > 0)
    json_object_set (file, "alidade", alidade);
  labelme_put_value (text, file, 2, 0);
  return out_file_write (path, text->str, text->len, error);
}

gboolean
labelme_write_folder (Export *export, const char *target, gboolean anylabeling, GError **error)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Writer writer = { .export = export, .target = target, .anylabeling = anylabeling, .names = names };
  GError *local = NULL;

  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next (export, &local);

      if (image == NULL)
        return help_goes_on (local, error);
      if (!put_image (&writer, image, error))
        return FALSE;
    }
}
