/* SPDX-License-Identifier: MIT
 * format-albef.c: the JSON lists of ALBEF's and AMC's data loaders. */
#include "format-help.h"

static gint64
read_image (Import *import, const char *where, const json_t *item, GError **error)
{
  const ImportImage image = { .name = json_text (item, "image") };

  if (json_is_object (item))
    return import_image (import, where, &image, error);
  import_skip (import, where, "no object");
  return 0;
}

static gboolean
on_albef (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  static const char *const own[] = { "image", "text", "caption", NULL };
  Import *import = data;
  GError *local = NULL;
  gint64 image = read_image (import, where, item, &local);
  const json_t *caption = json_object_get (item, "caption");
  g_autoptr (json_t) extra = json_is_object (item) ? help_rest (item, own, "albef") : NULL;

  if (image != 0 && json_object_get (item, "text") != NULL)
    help_phrase (import, where, image, json_text (item, "text"), extra, &local);
  if (image != 0 && local == NULL && json_is_string (caption))
    import_caption (import, where, image, json_string_value (caption), extra, &local);
  for (gsize i = 0; image != 0 && local == NULL && json_is_array (caption) && i < json_array_size (caption); i++)
    import_caption (import, where, image, json_string_value (json_array_get (caption, i)), extra, &local);
  if (image != 0 && json_object_get (item, "text") == NULL && !json_is_string (caption) && !json_is_array (caption))
    import_skip (import, where, "neither a text nor a caption; only its picture is taken");
  return help_goes_on (local, error);
}

static gboolean
read_amc_phrase (Import *import, const char *where, gint64 image, const char *text, const json_t *item, GError **error)
{
  static const char *const own[] = { "image", "caption", "bbox", NULL };
  const json_t *boxes = json_object_get (item, "bbox");
  g_autoptr (json_t) extra = help_rest (item, own, "amc");
  GError *local = NULL;
  gint64 phrase = help_phrase (import, where, image, text, extra, &local);

  for (gsize i = 0; phrase != 0 && json_is_array (boxes) && i < json_array_size (boxes); i++)
    {
      g_autofree char *place = g_strdup_printf ("%s.bbox[%zu]", where, i);
      double box[4];

      if (!json_doubles (json_array_get (boxes, i), box, 4))
        import_skip (import, place, "no box [x1, y1, x2, y2]");
      else if (!help_box (import, place, phrase, box, NULL, error))
        return FALSE;
    }
  return help_goes_on (local, error);
}

static gboolean
on_amc (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  Import *import = data;
  GError *local = NULL;
  gint64 image = read_image (import, where, item, &local);
  const json_t *caption = json_object_get (item, "caption");

  if (image == 0)
    return help_goes_on (local, error);
  if (!json_is_array (caption))
    return read_amc_phrase (import, where, image, json_text (item, "caption"), item, error);
  for (gsize i = 0; i < json_array_size (caption); i++)
    if (!read_amc_phrase (import, where, image, json_string_value (json_array_get (caption, i)), item, error))
      return FALSE;
  return TRUE;
}

static const char *const items[] = { "[]", NULL };

static gboolean
albef_read (Import *import, const char *source, GError **error)
{
  return json_list_read (source, items, on_albef, import, error);
}

static gboolean
amc_read (Import *import, const char *source, GError **error)
{
  return json_list_read (source, items, on_amc, import, error);
}

static gboolean
amc_guess (const char *source, gboolean folder, const char *head)
{
  return !folder && *head == '[' && strstr (head, "\"image\"") != NULL && strstr (head, "\"bbox\"") != NULL &&
         strstr (head, "\"caption\"") != NULL;
}

static gboolean
albef_guess (const char *source, gboolean folder, const char *head)
{
  return !folder && *head == '[' && strstr (head, "\"image\"") != NULL && strstr (head, "\"annotations\"") == NULL &&
         (strstr (head, "\"text\"") != NULL ||
          (strstr (head, "\"caption\"") != NULL && strstr (head, "\"bbox\"") == NULL));
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

static void
begin_item (GString *out, gboolean *first, const char *name)
{
  g_string_append (out, *first ? "{" : ",\n{");
  *first = FALSE;
  json_put_name (out, "image");
  json_put_text (out, name);
}

static void
put_albef (Export *export, GString *out, const ExportImage *image, gpointer data)
{
  g_autofree char *name = export_image_name (export, image);

  for (guint i = 0; i < image->captions->len; i++)
    {
      const ExportCaption *caption = image->captions->pdata[i];

      begin_item (out, data, name);
      json_put_name (out, "caption");
      json_put_text (out, caption->text);
      help_put_rest (out, caption->extra, "albef");
      g_string_append_c (out, '}');
    }
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      begin_item (out, data, name);
      json_put_name (out, "text");
      json_put_text (out, phrase->text);
      help_put_rest (out, phrase->extra, "albef");
      g_string_append_c (out, '}');
      if (phrase->regions->len > 0)
        export_lost (export, "phrases' regions");
    }
  if (image->captions->len + image->phrases->len == 0)
    export_lost (export, "images without text");
}

static void
put_amc (Export *export, GString *out, const ExportImage *image, gpointer data)
{
  g_autofree char *name = export_image_name (export, image);

  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];
      g_autoptr (GString) boxes = g_string_new (NULL);

      for (guint j = 0; j < phrase->regions->len; j++)
        {
          double box[4];

          if (!help_export_box (export, image, phrase->regions->pdata[j], box))
            continue;
          /* The loader cuts to whole pixels, and draws for ever where nothing is left of any box. */
          if (floor (box[0]) == floor (box[2]) || floor (box[1]) == floor (box[3]))
            {
              export_lost (export, "boxes thinner than a pixel");
              continue;
            }
          if (boxes->len > 0)
            g_string_append_c (boxes, ',');
          help_put_numbers (boxes, box, 4);
        }
      if (boxes->len == 0)
        {
          export_lost (export, "phrases without boxes");
          continue;
        }
      begin_item (out, data, name);
      json_put_name (out, "caption");
      json_put_text (out, phrase->text);
      g_string_append_printf (out, ",\"bbox\":[%s]", boxes->str);
      help_put_rest (out, phrase->extra, "amc");
      g_string_append_c (out, '}');
    }
  for (guint i = 0; i < image->captions->len; i++)
    export_lost (export, "captions");
}

static gboolean
albef_write (Export *export, const char *target, GError **error)
{
  gboolean first = TRUE;

  return help_write_images (export, target, "[\n", "\n]\n", put_albef, &first, error);
}

static gboolean
amc_write (Export *export, const char *target, GError **error)
{
  gboolean first = TRUE;

  return help_write_images (export, target, "[\n", "\n]\n", put_amc, &first, error);
}

const Format format_albef = {
  .name = "albef",
  .guess = albef_guess,
  .read = albef_read,
  .write = albef_write,
  .keeps_not = "regions, spans, chains and types, images without text (and its readers take captions or phrases, not both "
               "in one file)",
};

const Format format_amc = {
  .name = "amc",
  .guess = amc_guess,
  .read = amc_read,
  .write = amc_write,
  .keeps_not = "captions and spans, chains and types, phrases and images without boxes, outlines, which region several "
               "phrases share, scores",
};
