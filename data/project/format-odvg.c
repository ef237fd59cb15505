/* SPDX-License-Identifier: MIT
 * format-odvg.c: the JSON Lines of grounding detectors: a line is a picture with `detection` or `grounding`. */
#include "format-help.h"

static gboolean
parse_spans (const json_t *value, GArray *spans)
{
  for (gsize i = 0; json_is_array (value) && i < json_array_size (value); i++)
    {
      double two[2];
      Span span;

      if (!json_doubles (json_array_get (value, i), two, 2) || !(fabs (two[0]) < 1e9 && fabs (two[1]) < 1e9))
        return FALSE;
      span.first = (gint64) two[0];
      span.last = (gint64) two[1];
      g_array_append_val (spans, span);
    }
  return TRUE;
}

/* One box, or a list of them. */
static gboolean
read_boxes (Import *import, const char *where, gint64 phrase, const json_t *bbox, const json_t *extra, GError **error)
{
  double box[4];

  if (json_doubles (bbox, box, 4))
    return help_box (import, where, phrase, box, extra, error);
  for (gsize i = 0; json_is_array (bbox) && i < json_array_size (bbox); i++)
    {
      if (!json_doubles (json_array_get (bbox, i), box, 4))
        import_skip (import, where, "no box [x1, y1, x2, y2]");
      else if (!help_box (import, where, phrase, box, extra, error))
        return FALSE;
    }
  return TRUE;
}

/* Older files name no characters: the phrase lies where the caption says it, if it says it once. */
static void
find_span (const char *caption, const char *text, GArray *spans)
{
  const char *found = caption != NULL && text != NULL && *text != '\0' ? strstr (caption, text) : NULL;
  Span span;

  if (found == NULL || strstr (found + 1, text) != NULL || !g_utf8_validate (caption, -1, NULL))
    return;
  span.first = g_utf8_pointer_to_offset (caption, found);
  span.last = span.first + g_utf8_strlen (text, -1);
  g_array_append_val (spans, span);
}

static gboolean
read_region (Import *import, const char *where, gint64 image, gint64 caption, const char *caption_text, const json_t *item,
             GError **error)
{
  static const char *const own[] = { "bbox", "phrase", "tokens_positive", NULL };
  const json_t *text = json_object_get (item, "phrase");
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (Span));
  g_autoptr (json_t) extra = json_is_object (item) ? help_rest (item, own, "odvg") : NULL;
  ImportPhrase phrase = { .image = image };
  GError *local = NULL;
  gint64 id;

  if (!parse_spans (json_object_get (item, "tokens_positive"), spans))
    {
      import_skip (import, where, "tokens_positive are no pairs of numbers");
      return TRUE;
    }
  if (json_is_array (text))
    text = json_array_get (text, 0);
  if (spans->len == 0)
    find_span (caption_text, json_string_value (text), spans);
  if (spans->len > 0 && caption != 0)
    {
      phrase.caption = caption;
      phrase.spans = (const Span *) (void *) spans->data;
      phrase.n_spans = spans->len;
    }
  else
    phrase.text = json_string_value (text);
  id = import_phrase (import, where, &phrase, &local);
  if (id == 0)
    return help_goes_on (local, error);
  return read_boxes (import, where, id, json_object_get (item, "bbox"), extra, error);
}

static gboolean
read_grounding (Import *import, const char *where, gint64 image, const json_t *grounding, GError **error)
{
  static const char *const own[] = { "caption", "regions", NULL };
  const json_t *regions = json_object_get (grounding, "regions");
  const char *text = json_text (grounding, "caption");
  g_autoptr (json_t) extra = help_rest (grounding, own, "odvg");
  GError *local = NULL;
  gint64 caption = import_caption (import, where, image, text, extra, &local);

  if (local != NULL)
    return help_goes_on (local, error);
  for (gsize i = 0; json_is_array (regions) && i < json_array_size (regions); i++)
    {
      g_autofree char *place = g_strdup_printf ("%s, region %zu", where, i + 1);

      if (!read_region (import, place, image, caption, text, json_array_get (regions, i), error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_detection (Import *import, const char *where, gint64 image, const json_t *instances, GError **error)
{
  static const char *const own[] = { "bbox", "category", NULL };

  for (gsize i = 0; json_is_array (instances) && i < json_array_size (instances); i++)
    {
      const json_t *item = json_array_get (instances, i);
      g_autofree char *place = g_strdup_printf ("%s, instance %zu", where, i + 1);
      g_autoptr (json_t) extra = json_is_object (item) ? help_rest (item, own, "odvg") : NULL;
      GError *local = NULL;
      gint64 phrase = help_phrase (import, place, image, json_text (item, "category"), NULL, &local);

      if (local != NULL || (phrase != 0 && !read_boxes (import, place, phrase, json_object_get (item, "bbox"), extra, error)))
        return local == NULL ? FALSE : help_goes_on (local, error);
    }
  return TRUE;
}

static gboolean
on_line (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  static const char *const own[] = { "filename", "width", "height", "grounding", "detection", NULL };
  Import *import = data;
  g_autoptr (json_t) extra = json_is_object (item) ? help_rest (item, own, "odvg") : NULL;
  const ImportImage image = { .name = json_text (item, "filename"), .width = json_double (json_object_get (item, "width")),
                              .height = json_double (json_object_get (item, "height")), .extra = extra };
  GError *local = NULL;
  gint64 id = import_image (import, where, &image, &local);

  if (id == 0)
    return help_goes_on (local, error);
  if (json_is_object (json_object_get (item, "grounding")) &&
      !read_grounding (import, where, id, json_object_get (item, "grounding"), error))
    return FALSE;
  return read_detection (import, where, id, json_object_get (json_object_get (item, "detection"), "instances"), error);
}

static gboolean
odvg_read (Import *import, const char *source, GError **error)
{
  return json_lines_read (source, on_line, import, error);
}

static gboolean
odvg_guess (const char *source, gboolean folder, const char *head)
{
  return !folder && *head == '{' && strstr (head, "\"filename\"") != NULL &&
         (strstr (head, "\"grounding\"") != NULL || strstr (head, "\"detection\"") != NULL);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

static void
begin_line (Export *export, GString *out, const ExportImage *image)
{
  g_autofree char *name = export_image_name (export, image);

  g_string_append_c (out, '{');
  json_put_name (out, "filename");
  json_put_text (out, name);
  json_put_name (out, "height");
  json_put_number (out, image->height);
  json_put_name (out, "width");
  json_put_number (out, image->width);
  help_put_rest (out, image->extra, "odvg");
}

static const json_t *
odvg_extra (const ExportRegion *region)
{
  const json_t *odvg = json_object_get (region->extra, "odvg");

  return odvg != NULL ? odvg : json_object_get (json_object_get (region->extra, "from"), "odvg");
}

/* Keys that came with the region. */
static void
put_rest (GString *out, const ExportRegion *region)
{
  const char *name;
  json_t *value;

  json_object_foreach ((json_t *) odvg_extra (region), name, value)
    {
      if (strcmp (name, "label") == 0)
        continue;
      json_put_name (out, name);
      json_put_value (out, value);
    }
}

static void
put_regions (Export *export, GString *out, const ExportImage *image, const ExportCaption *caption)
{
  gboolean first = TRUE;

  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      if (phrase->caption != caption->id || phrase->spans->len == 0 || phrase->regions->len == 0)
        continue;
      g_string_append (out, first ? "{\"bbox\":[" : ",{\"bbox\":[");
      first = FALSE;
      for (guint j = 0, n = 0; j < phrase->regions->len; j++)
        {
          double box[4];

          if (!help_export_box (export, image, phrase->regions->pdata[j], box))
            continue;
          if (n++ > 0)
            g_string_append_c (out, ',');
          help_put_numbers (out, box, 4);
        }
      g_string_append (out, "],\"phrase\":");
      json_put_text (out, phrase->text);
      g_string_append (out, ",\"tokens_positive\":[");
      for (guint j = 0; j < phrase->spans->len; j++)
        {
          const Span *span = &g_array_index (phrase->spans, Span, j);

          g_string_append_printf (out, "%s[%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]", j > 0 ? "," : "", span->first, span->last);
        }
      g_string_append_c (out, ']');
      put_rest (out, phrase->regions->pdata[0]);
      g_string_append_c (out, '}');
    }
}

typedef struct
{
  GHashTable *of_text; /* category -> number (as pointer) */
  guint next;
} Labels;

/* The number that a category came with. */
static gboolean
label_came (const ExportRegion *region, guint *label)
{
  const json_t *odvg = odvg_extra (region);
  json_int_t number = json_integer_value (json_object_get (odvg, "label"));

  if (!json_is_integer (json_object_get (odvg, "label")) || number < 0 || number > G_MAXINT32)
    return FALSE;
  *label = (guint) number;
  return TRUE;
}

/* Files of names go with these numbers, so categories keep theirs; others follow behind. */
static gboolean
collect_labels (Export *export, Labels *labels, GError **error)
{
  GError *local = NULL;

  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next (export, &local);
      guint label;

      if (image == NULL)
        break;
      for (guint i = 0; i < image->phrases->len; i++)
        {
          const ExportPhrase *phrase = image->phrases->pdata[i];

          for (guint j = 0; j < phrase->regions->len; j++)
            {
              if (!label_came (phrase->regions->pdata[j], &label))
                continue;
              labels->next = MAX (labels->next, label + 1);
              if (!g_hash_table_contains (labels->of_text, phrase->text))
                g_hash_table_insert (labels->of_text, g_strdup (phrase->text), GUINT_TO_POINTER (label));
            }
        }
    }
  export_rewind (export);
  return help_goes_on (local, error);
}

static guint
label_of (Labels *labels, const ExportPhrase *phrase, const ExportRegion *region)
{
  gpointer value;
  guint label;

  if (label_came (region, &label))
    return label;
  if (g_hash_table_lookup_extended (labels->of_text, phrase->text, NULL, &value))
    return GPOINTER_TO_UINT (value);
  g_hash_table_insert (labels->of_text, g_strdup (phrase->text), GUINT_TO_POINTER (labels->next));
  return labels->next++;
}

/* Whether anything is to be told apart from the captions. */
static gboolean
has_alone (const ExportImage *image)
{
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      if (phrase->regions->len > 0 && (phrase->caption == 0 || phrase->spans->len == 0))
        return TRUE;
    }
  return FALSE;
}

static void
count_bare (Export *export, const ExportImage *image)
{
  for (guint i = 0; i < image->phrases->len; i++)
    if (((ExportPhrase *) image->phrases->pdata[i])->regions->len == 0)
      export_lost (export, "phrases without regions");
}

static void
put_image (Export *export, GString *out, const ExportImage *image, gpointer labels)
{
  gboolean first = TRUE;

  for (guint i = 0; i < image->captions->len; i++)
    {
      const ExportCaption *caption = image->captions->pdata[i];

      begin_line (export, out, image);
      g_string_append (out, ",\"grounding\":{\"caption\":");
      json_put_text (out, caption->text);
      g_string_append (out, ",\"regions\":[");
      put_regions (export, out, image, caption);
      g_string_append_c (out, ']');
      help_put_rest (out, caption->extra, "odvg");
      g_string_append (out, "}}\n");
    }
  if (image->captions->len > 0 && !has_alone (image))
    {
      count_bare (export, image);
      return;
    }
  count_bare (export, image);
  begin_line (export, out, image);
  g_string_append (out, ",\"detection\":{\"instances\":[");
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      if (phrase->caption != 0 && phrase->spans->len > 0)
        continue;
      for (guint j = 0; j < phrase->regions->len; j++)
        {
          double box[4];

          if (!help_export_box (export, image, phrase->regions->pdata[j], box))
            continue;
          g_string_append (out, first ? "{\"bbox\":" : ",{\"bbox\":");
          first = FALSE;
          help_put_numbers (out, box, 4);
          g_string_append_printf (out, ",\"label\":%u,\"category\":", label_of (labels, phrase, phrase->regions->pdata[j]));
          json_put_text (out, phrase->text);
          put_rest (out, phrase->regions->pdata[j]);
          g_string_append_c (out, '}');
        }
    }
  g_string_append (out, "]}}\n");
}

static gboolean
odvg_write (Export *export, const char *target, GError **error)
{
  g_autoptr (GHashTable) of_text = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Labels labels = { .of_text = of_text };

  return collect_labels (export, &labels, error) && help_write_images (export, target, NULL, "", put_image, &labels, error);
}

const Format format_odvg = {
  .name = "odvg",
  .guess = odvg_guess,
  .read = odvg_read,
  .write = odvg_write,
  .keeps_not = "phrases without regions, outlines, chains and types, which region several phrases share, scores",
};
