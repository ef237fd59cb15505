/* SPDX-License-Identifier: MIT
 * format-visual-genome.c: region_descriptions.json, streamed picture by picture. A picture is its id with any
 * extension. */
#include "format-help.h"

typedef struct
{
  Import *import;
} Reader;

static gboolean
read_region (Import *import, const char *where, gint64 image, const json_t *item, GError **error)
{
  static const char *const own[] = { "phrase", "x", "y", "width", "height", "image_id", NULL };
  g_autoptr (json_t) extra = NULL;
  double box[4];
  GError *local = NULL;
  gint64 phrase;

  if (!json_is_object (item))
    {
      import_skip (import, where, "no object");
      return TRUE;
    }
  box[0] = json_double (json_object_get (item, "x"));
  box[1] = json_double (json_object_get (item, "y"));
  box[2] = box[0] + json_double (json_object_get (item, "width"));
  box[3] = box[1] + json_double (json_object_get (item, "height"));
  extra = help_rest (item, own, "vg");
  phrase = help_phrase (import, where, image, json_text (item, "phrase"), NULL, &local);
  if (phrase == 0)
    return help_goes_on (local, error);
  return help_box (import, where, phrase, box, extra, error);
}

static gboolean
on_image (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  static const char *const own[] = { "regions", "id", "image_id", NULL };
  Import *import = data;
  const json_t *id = json_object_get (item, "id"), *regions = json_object_get (item, "regions");
  g_autofree char *stem = json_id_text (id != NULL ? id : json_object_get (item, "image_id"));
  g_autofree char *name = stem != NULL ? g_strconcat (stem, ".jpg", NULL) : NULL;
  g_autoptr (json_t) extra = json_is_object (item) ? help_rest (item, own, "vg") : NULL;
  const ImportImage image = { .name = name, .stem = stem, .extra = extra };
  GError *local = NULL;
  gint64 made;

  if (stem == NULL && json_array_size (regions) > 0)
    {
      /* Some dumps name the image in its regions alone. */
      stem = json_id_text (json_object_get (json_array_get (regions, 0), "image_id"));
      if (stem != NULL)
        name = g_strconcat (stem, ".jpg", NULL);
    }
  if (stem == NULL)
    {
      import_skip (import, where, "no image id");
      return TRUE;
    }
  {
    const ImportImage named = { .name = name, .stem = stem, .extra = image.extra };

    made = import_image (import, where, &named, &local);
  }
  for (gsize i = 0; made != 0 && json_is_array (regions) && i < json_array_size (regions); i++)
    {
      g_autofree char *place = g_strdup_printf ("%s.regions[%zu]", where, i);

      if (!read_region (import, place, made, json_array_get (regions, i), error))
        return FALSE;
    }
  return help_goes_on (local, error);
}

static gboolean
vg_read (Import *import, const char *source, GError **error)
{
  static const char *const images[] = { "[]", NULL };

  return json_list_read (source, images, on_image, import, error);
}

static gboolean
vg_guess (const char *source, gboolean folder, const char *head)
{
  return !folder && *head == '[' && strstr (head, "\"regions\"") != NULL && strstr (head, "\"phrase\"") != NULL &&
         strstr (head, "\"width\"") != NULL;
}

/* The id that the picture's name says. */
static void
put_stem (GString *out, const char *stem)
{
  guint64 number;

  if (*stem != '0' && g_ascii_string_to_unsigned (stem, 10, 0, G_MAXINT64, &number, NULL))
    g_string_append (out, stem);
  else
    json_put_text (out, stem);
}

static void
put_image (Export *export, GString *out, const ExportImage *image, gpointer data)
{
  g_autofree char *name = export_image_name (export, image), *stem = g_path_get_basename (name);
  gboolean *first = data, first_region = TRUE;

  if (strrchr (stem, '.') != NULL)
    *strrchr (stem, '.') = '\0';
  g_string_append (out, *first ? "{\"id\":" : ",\n{\"id\":");
  *first = FALSE;
  put_stem (out, stem);
  help_put_rest (out, image->extra, "vg");
  json_put_name (out, "regions");
  g_string_append_c (out, '[');
  for (guint i = 0; i < image->captions->len; i++)
    export_lost (export, "captions");
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      if (phrase->regions->len == 0)
        export_lost (export, "phrases without regions");
      for (guint j = 0; j < phrase->regions->len; j++)
        {
          const ExportRegion *region = phrase->regions->pdata[j];
          double box[4];

          if (!help_export_box (export, image, region, box))
            continue;
          g_string_append (out, first_region ? "{" : ",{");
          first_region = FALSE;
          if (json_object_get (json_object_get (region->extra, "vg"), "region_id") == NULL)
            {
              json_put_name (out, "region_id");
              g_string_append_printf (out, "%" G_GINT64_FORMAT, region->link);
            }
          json_put_name (out, "image_id");
          put_stem (out, stem);
          json_put_name (out, "phrase");
          json_put_text (out, phrase->text);
          json_put_name (out, "x");
          json_put_number (out, box[0]);
          json_put_name (out, "y");
          json_put_number (out, box[1]);
          json_put_name (out, "width");
          json_put_number (out, edge_distance (box[0], box[2]));
          json_put_name (out, "height");
          json_put_number (out, edge_distance (box[1], box[3]));
          help_put_rest (out, region->extra, "vg");
          g_string_append_c (out, '}');
        }
    }
  g_string_append (out, "]}");
}

static gboolean
vg_write (Export *export, const char *target, GError **error)
{
  gboolean first = TRUE;

  return help_write_images (export, target, "[\n", "\n]\n", put_image, &first, error);
}

const Format format_visual_genome = {
  .name = "visual-genome",
  .guess = vg_guess,
  .read = vg_read,
  .write = vg_write,
  .keeps_not =
      "captions and spans, chains and types, phrases without regions, outlines, names of pictures beyond their "
      "id, which region several phrases share, scores",
};
