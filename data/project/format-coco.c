/* SPDX-License-Identifier: MIT
 * format-coco.c: COCO's instances, captions and results. The file is read twice, since annotations may stand before
 * what they name. Phrases go into keys of our own beside COCO's: `phrase`, `caption_id`, `span`, and a list `captions`. */
#include "formats.h"

#include "coco-back.h"
#include "coco-shape.h"

#include <math.h>
#include <string.h>

typedef struct
{
  Import *import;
  GHashTable *images;      /* id text -> gint64 * */
  GHashTable *captions;
  GHashTable *categories;  /* id text -> name */
  json_t *settings;        /* {"categories": [...]} as they are */
  gboolean captions_only;
  gboolean results;
} Reader;

static void
reader_init (Reader *reader, Import *import)
{
  reader->import = import;
  reader->images = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  reader->captions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  reader->categories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  reader->settings = json_pack ("{s:[]}", "categories");
}

static void
reader_clear (Reader *reader)
{
  g_hash_table_unref (reader->images);
  g_hash_table_unref (reader->captions);
  g_hash_table_unref (reader->categories);
  json_decref (reader->settings);
}

/* 0 was a skip (TRUE: go on) or an error. */
static gboolean
goes_on (gint64 id, GError *local, GError **error)
{
  if (id == 0 && local != NULL)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  return TRUE;
}

static gint64
look_up (GHashTable *ids, const json_t *value)
{
  g_autofree char *id = json_id_text (value);
  const gint64 *found = id != NULL ? g_hash_table_lookup (ids, id) : NULL;

  return found != NULL ? *found : 0;
}

static void
remember (GHashTable *ids, const json_t *value, gint64 id)
{
  char *text = json_id_text (value);

  if (text != NULL && id != 0)
    g_hash_table_replace (ids, text, g_memdup2 (&id, sizeof id));
  else
    g_free (text);
}

/* First pass ------------------------------------------------------------------------------------------------------ */

static gboolean
read_image (Reader *reader, const char *where, const json_t *item, GError **error)
{
  static const char *const own[] = { "file_name", NULL };
  g_autoptr (json_t) rest = NULL;
  g_autoptr (json_t) extra = NULL;
  ImportImage image = { .name = json_text (item, "file_name"), .width = json_double (json_object_get (item, "width")),
                        .height = json_double (json_object_get (item, "height")) };
  GError *local = NULL;
  gint64 id;

  if (!json_is_object (item))
    {
      import_skip (reader->import, where, "no object");
      return TRUE;
    }
  rest = json_without (item, own);
  extra = rest != NULL ? json_pack ("{s:O}", "coco", rest) : NULL;
  image.extra = extra;
  id = import_image (reader->import, where, &image, &local);
  remember (reader->images, json_object_get (item, "id"), id);
  return goes_on (id, local, error);
}

static gboolean
read_category (Reader *reader, const char *where, json_t *item, GError **error)
{
  char *id = json_id_text (json_object_get (item, "id"));

  if (id == NULL || json_text (item, "name") == NULL)
    {
      import_skip (reader->import, where, "a category without id or name");
      g_free (id);
      return TRUE;
    }
  g_hash_table_replace (reader->categories, id, g_strdup (json_text (item, "name")));
  json_array_append (json_object_get (reader->settings, "categories"), item);
  return TRUE;
}

static gboolean
read_caption (Reader *reader, const char *where, const json_t *item, GError **error)
{
  static const char *const own[] = { "caption", "image_id", "id", NULL };
  gint64 image = look_up (reader->images, json_object_get (item, "image_id")), id;
  g_autoptr (json_t) rest = NULL;
  g_autoptr (json_t) extra = NULL;
  GError *local = NULL;

  if (image == 0)
    {
      import_skip (reader->import, where, "the file has no image with its image_id");
      return TRUE;
    }
  rest = json_without (item, own);
  extra = rest != NULL ? json_pack ("{s:O}", "coco", rest) : NULL;
  id = import_caption (reader->import, where, image, json_text (item, "caption"), extra, &local);
  remember (reader->captions, json_object_get (item, "id"), id);
  return goes_on (id, local, error);
}

static gboolean
on_first (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  return pattern == 0 ? read_image (data, where, item, error) : read_category (data, where, item, error);
}

/* Second pass ----------------------------------------------------------------------------------------------------- */

/* [first, last] or a list of such. */
static gboolean
parse_spans (const json_t *value, GArray *spans)
{
  Span span;
  double two[2];

  if (json_doubles (value, two, 2))
    {
      span.first = (gint64) two[0];
      span.last = (gint64) two[1];
      g_array_append_val (spans, span);
      return TRUE;
    }
  for (gsize i = 0; i < json_array_size (value); i++)
    {
      if (!json_doubles (json_array_get (value, i), two, 2) || !(fabs (two[0]) < 1e9 && fabs (two[1]) < 1e9))
        return FALSE;
      span.first = (gint64) two[0];
      span.last = (gint64) two[1];
      g_array_append_val (spans, span);
    }
  return json_is_array (value);
}

static gboolean
parse_shape (Reader *reader, const char *where, const json_t *item, Shape *shape)
{
  const json_t *bbox = json_object_get (item, "bbox");
  const char *why = NULL;
  double xywh[4];

  if (coco_segmentation_parse (json_object_get (item, "segmentation"), shape, &why))
    return TRUE;
  shape_clear (shape);
  if (!json_doubles (bbox, xywh, 4))
    {
      import_skip (reader->import, where, "%s", why != NULL ? why : "neither a bbox [x, y, width, height] nor a segmentation");
      return FALSE;
    }
  if (why != NULL)
    import_note (reader->import, "%s: %s; its bbox is taken", where, why);
  if (xywh[2] > 0 && xywh[3] > 0 && shape_set_box (shape, xywh[0], xywh[1], xywh[0] + xywh[2], xywh[1] + xywh[3]))
    return TRUE;
  import_skip (reader->import, where, "its box has no area or lies too far away");
  return FALSE;
}

/* What an untouched annotation gets back: everything that the shape does not say already. */
static json_t *
annotation_extra (const json_t *item, const Shape *shape)
{
  static const char *const own[] = { "id", "image_id", "bbox", "segmentation", "phrase", "caption_id", "span", "score", NULL };
  g_autoptr (json_t) rest = json_without (item, own);
  const json_t *bbox = json_object_get (item, "bbox");
  const json_t *segmentation = json_object_get (item, "segmentation");
  double xywh[4];

  if (rest == NULL)
    rest = json_object ();
  if (json_doubles (bbox, xywh, 4) &&
      (shape->kind != SHAPE_BOX || edge_distance (shape->box[0], shape->box[2]) != xywh[2] ||
       edge_distance (shape->box[1], shape->box[3]) != xywh[3]))
    json_object_set (rest, "bbox", (json_t *) bbox);
  if (shape->kind == SHAPE_MASK && json_is_array (json_object_get (segmentation, "counts")))
    json_object_set_new (rest, "raw_counts", json_true ());
  if (shape->kind == SHAPE_BOX && segmentation != NULL)
    json_object_set (rest, "segmentation", (json_t *) segmentation);
  return json_pack ("{s:O}", "coco", rest);
}

static gint64
read_phrase (Reader *reader, const char *where, const json_t *item, gint64 image, GError **error)
{
  g_autofree char *category = json_id_text (json_object_get (item, "category_id"));
  const char *text = json_text (item, "phrase");
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (Span));
  ImportPhrase phrase = { .image = image };

  if (text == NULL || *text == '\0')
    text = reader->results ? import_coco_category (reader->import, category, error)
                           : category != NULL ? g_hash_table_lookup (reader->categories, category) : NULL;
  if (text == NULL)
    {
      import_skip (reader->import, where, "neither a phrase nor a category that is known");
      return 0;
    }
  phrase.caption = look_up (reader->captions, json_object_get (item, "caption_id"));
  if (phrase.caption != 0 && !parse_spans (json_object_get (item, "span"), spans))
    phrase.caption = 0;
  phrase.text = text;
  phrase.spans = (const Span *) (void *) spans->data;
  phrase.n_spans = spans->len;
  return import_phrase (reader->import, where, &phrase, error);
}

static gboolean
read_annotation (Reader *reader, const char *where, const json_t *item, GError **error)
{
  gint64 image, phrase;
  g_auto (Shape) shape = { 0 };
  g_autoptr (json_t) extra = NULL;
  GError *local = NULL;

  if (reader->results)
    {
      g_autofree char *id = json_id_text (json_object_get (item, "image_id"));

      image = import_coco_image (reader->import, id, &local);
    }
  else
    image = look_up (reader->images, json_object_get (item, "image_id"));
  if (image == 0)
    {
      if (local == NULL)
        import_skip (reader->import, where, reader->results ? "no COCO file imported before has an image with its image_id"
                                                            : "the file has no image with its image_id");
      return goes_on (0, local, error);
    }
  phrase = read_phrase (reader, where, item, image, &local);
  if (phrase != 0 && parse_shape (reader, where, item, &shape))
    {
      ImportRegion region = { .phrase = phrase, .shape = &shape, .detector = reader->results,
                              .score = json_double (json_object_get (item, "score")) };

      extra = annotation_extra (item, &shape);
      region.extra = extra;
      import_region (reader->import, where, &region, &local);
    }
  return goes_on (0, local, error);
}

static gboolean
on_second (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  Reader *reader = data;

  if (!json_is_object (item))
    {
      import_skip (reader->import, where, "no object");
      return TRUE;
    }
  return reader->captions_only ? read_caption (reader, where, item, error) : read_annotation (reader, where, item, error);
}

static gboolean
on_caption (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  return read_caption (data, where, item, error);
}

static gboolean
read_file (Import *import, const char *source, gboolean captions_only, GError **error)
{
  static const char *const first[] = { "images[]", "categories[]", NULL };
  static const char *const captions[] = { "captions[]", NULL };
  static const char *const second[] = { "annotations[]", NULL };
  Reader reader = { .captions_only = captions_only };
  gboolean good;

  reader_init (&reader, import);
  good = json_items_read (source, first, on_first, &reader, error) && json_items_read (source, captions, on_caption, &reader, error) &&
         json_items_read (source, second, on_second, &reader, error);
  if (good && !captions_only)
    import_set_settings (import, reader.settings);
  reader_clear (&reader);
  return good;
}

static gboolean
coco_read (Import *import, const char *source, GError **error)
{
  return read_file (import, source, FALSE, error);
}

static gboolean
captions_read (Import *import, const char *source, GError **error)
{
  return read_file (import, source, TRUE, error);
}

static gboolean
results_read (Import *import, const char *source, GError **error)
{
  static const char *const all[] = { "[]", NULL };
  Reader reader = { .results = TRUE };
  gboolean good;

  reader_init (&reader, import);
  good = json_items_read (source, all, on_second, &reader, error);
  reader_clear (&reader);
  return good;
}

/* Guessing -------------------------------------------------------------------------------------------------------- */

typedef enum
{
  LOOKS_OTHER,
  LOOKS_INSTANCES,
  LOOKS_CAPTIONS
} Looks;

/* Ends the reading at the first annotation. */
static gboolean
on_guess (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  Looks *looks = data;

  *looks = json_object_get (item, "caption") != NULL && json_object_get (item, "bbox") == NULL ? LOOKS_CAPTIONS : LOOKS_INSTANCES;
  return FALSE;
}

static Looks
looks_like (const char *source, const char *head)
{
  static const char *const patterns[] = { "annotations[]", NULL };
  g_autoptr (GError) local = NULL;
  Looks looks = LOOKS_OTHER;

  while (g_ascii_isspace (*head) || (guchar) *head == 0xef || (guchar) *head == 0xbb || (guchar) *head == 0xbf)
    head++;
  if (*head != '{' || strstr (head, "alidade-manifest") != NULL)
    return LOOKS_OTHER;
  json_items_read (source, patterns, on_guess, &looks, &local);
  if (looks == LOOKS_OTHER && local == NULL && strstr (head, "\"images\"") != NULL && strstr (head, "\"annotations\"") != NULL)
    return LOOKS_INSTANCES;
  return looks;
}

static gboolean
coco_guess (const char *source, gboolean folder, const char *head)
{
  return !folder && looks_like (source, head) == LOOKS_INSTANCES;
}

static gboolean
captions_guess (const char *source, gboolean folder, const char *head)
{
  return !folder && looks_like (source, head) == LOOKS_CAPTIONS;
}

static gboolean
results_guess (const char *source, gboolean folder, const char *head)
{
  return !folder && *head == '[' && strstr (head, "\"image_id\"") != NULL && strstr (head, "\"score\"") != NULL &&
         strstr (head, "\"category_id\"") != NULL;
}

/* Writing --------------------------------------------------------------------------------------------------------- */

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
  return goes_on (0, local, error);
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
      json_array_append_new (writer->categories, json_pack ("{s:I,s:s}", "id", (json_int_t) writer->phrase_category, "name", "phrase"));
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

      g_string_append_printf (out, "%s[%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]", i > 0 ? "," : "", span->first, span->last);
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
put_annotation (Writer *writer, const ExportImage *image, const ExportPhrase *phrase, gint64 caption_id, const ExportRegion *region)
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
      rest = json_is_object (json_object_get (image->extra, "coco")) ? json_without (json_object_get (image->extra, "coco"), own) : NULL;
      if (rest != NULL)
        put_rest (writer->text, rest, TRUE);
      g_string_append_c (writer->text, '}');
      if (!out_file_put (writer->file, writer->text, FALSE, error))
        return FALSE;
    }
  g_string_append (writer->text, "\n]");
  export_rewind (writer->export);
  return goes_on (0, local, error);
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
  return goes_on (0, local, error);
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
            put_annotation (writer, image, phrase, caption, phrase->regions->pdata[j]);
          if (!out_file_put (writer->file, writer->text, FALSE, error))
            return FALSE;
        }
      captions += image->captions->len;
    }
  return goes_on (0, local, error);
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

static gboolean
coco_write (Export *export, const char *target, GError **error)
{
  return write_file (export, target, WRITE_INSTANCES, error);
}

static gboolean
captions_write (Export *export, const char *target, GError **error)
{
  return write_file (export, target, WRITE_CAPTIONS, error);
}

static gboolean
results_write (Export *export, const char *target, GError **error)
{
  return write_file (export, target, WRITE_RESULTS, error);
}

const Format format_coco = {
  .name = "coco",
  .guess = coco_guess,
  .read = coco_read,
  .write = coco_write,
  .write_back = coco_write_back,
  .keeps_not = "phrases without regions, chains and types, which region several phrases share, holes in polygons (parts are a "
               "union), origin",
};

const Format format_coco_captions = {
  .name = "coco-captions",
  .guess = captions_guess,
  .read = captions_read,
  .write = captions_write,
  .keeps_not = "phrases and regions",
};

const Format format_coco_results = {
  .name = "coco-results",
  .guess = results_guess,
  .read = results_read,
  .write = results_write,
  .keeps_not = "images, captions, spans, phrases without regions",
};
