/* SPDX-License-Identifier: MIT
 * format-coco.c: COCO's instances, captions and results. The file is read twice, since annotations may stand before
 * what they name. Phrases go into keys of our own beside COCO's: `phrase`, `caption_id`,
 * `span`, and a list `captions`. */
#include "formats.h"

#include "coco-back.h"
#include "coco-shape.h"
#include "coco-write.h"
#include "late-images.h"

#include <math.h>
#include <string.h>

typedef struct
{
  Import *import;
  LateImages *images;
  GHashTable *captions;    /* id text -> gint64 * */
  GHashTable *categories;  /* id text -> name */
  json_t *settings;        /* {"categories": [...], "info": ..., "licenses": ...} as they are */
  gboolean captions_only;
  gboolean results;
} Reader;

static void
reader_init (Reader *reader, Import *import)
{
  reader->import = import;
  reader->images = late_images_new (import);
  reader->captions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  reader->categories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  reader->settings = json_object ();
}

static void
reader_clear (Reader *reader)
{
  late_images_free (reader->images);
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

  if (!json_is_object (item))
    {
      import_skip (reader->import, where, "no object");
      return TRUE;
    }
  rest = json_without (item, own);
  extra = rest != NULL ? json_pack ("{s:O}", "coco", rest) : NULL;
  image.extra = extra;
  return late_images_add (reader->images, where, json_id_text (json_object_get (item, "id")), &image, error);
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
  if (json_object_get (reader->settings, "categories") == NULL)
    json_object_set_new (reader->settings, "categories", json_array ());
  json_array_append (json_object_get (reader->settings, "categories"), item);
  return TRUE;
}

static gboolean
read_caption (Reader *reader, const char *where, const json_t *item, GError **error)
{
  static const char *const own[] = { "caption", "image_id", "id", NULL };
  g_autofree char *image_id = json_id_text (json_object_get (item, "image_id"));
  g_autoptr (json_t) rest = NULL;
  g_autoptr (json_t) extra = NULL;
  GError *local = NULL;
  gint64 image = late_images_get (reader->images, image_id, &local), id;

  if (local != NULL)
    return goes_on (0, local, error);
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
  Reader *reader = data;

  if (pattern >= 2)
    json_object_set (reader->settings, pattern == 2 ? "info" : "licenses", item);
  if (pattern == 1)
    return reader->captions_only || read_category (reader, where, item, error);
  return pattern != 0 || read_image (reader, where, item, error);
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
      import_skip (reader->import, where, "%s",
                   why != NULL ? why : "neither a bbox [x, y, width, height] nor a segmentation");
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
  static const char *const own[] = { "id",   "image_id", "bbox", "segmentation", "phrase", "caption_id",
                                     "span", "score",    NULL };
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
  g_autofree char *image_id = json_id_text (json_object_get (item, "image_id"));
  gint64 image, phrase;
  g_auto (Shape) shape = { 0 };
  g_autoptr (json_t) extra = NULL;
  GError *local = NULL;

  image = reader->results ? import_coco_image (reader->import, image_id, &local)
                          : late_images_get (reader->images, image_id, &local);
  if (image == 0)
    {
      if (local == NULL)
        import_skip (reader->import, where,
                     reader->results ? "no COCO file imported before has an image with its image_id"
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
  return reader->captions_only ? read_caption (reader, where, item, error)
                               : read_annotation (reader, where, item, error);
}

static gboolean
on_caption (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  return read_caption (data, where, item, error);
}

static gboolean
read_file (Import *import, const char *source, gboolean captions_only, GError **error)
{
  static const char *const first[] = { "images[]", "categories[]", "info", "licenses", NULL };
  static const char *const captions[] = { "captions[]", NULL };
  static const char *const second[] = { "annotations[]", NULL };
  Reader reader = { .captions_only = captions_only };
  gboolean good;

  reader_init (&reader, import);
  good = json_list_read (source, first, on_first, &reader, error) &&
         json_items_read (source, captions, on_caption, &reader, error) &&
         json_items_read (source, second, on_second, &reader, error) && late_images_rest (reader.images, error);
  if (good && json_object_size (reader.settings) > 0)
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
  good = json_list_read (source, all, on_second, &reader, error);
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

  *looks = json_object_get (item, "caption") != NULL && json_object_get (item, "bbox") == NULL ? LOOKS_CAPTIONS
                                                                                               : LOOKS_INSTANCES;
  return FALSE;
}

static Looks
looks_like (const char *source, const char *head)
{
  static const char *const patterns[] = { "annotations[]", NULL };
  g_autoptr (GError) local = NULL;
  Looks looks = LOOKS_OTHER;

  if (*head != '{' || strstr (head, "alidade-manifest") != NULL)
    return LOOKS_OTHER;
  json_items_read (source, patterns, on_guess, &looks, &local);
  if (looks == LOOKS_OTHER && local == NULL && strstr (head, "\"images\"") != NULL &&
      strstr (head, "\"annotations\"") != NULL)
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
const Format format_coco = {
  .name = "coco",
  .passes = 3,
  .guess = coco_guess,
  .read = coco_read,
  .write = coco_write,
  .write_back = coco_write_back,
  .keeps_not = "phrases without regions, chains and types, which region several phrases share, holes in polygons "
               "(parts are a union), origin",
};

const Format format_coco_captions = {
  .name = "coco-captions",
  .passes = 3,
  .guess = captions_guess,
  .read = captions_read,
  .write = coco_captions_write,
  .keeps_not = "phrases and regions",
};

const Format format_coco_results = {
  .name = "coco-results",
  .guess = results_guess,
  .read = results_read,
  .write = coco_results_write,
  .keeps_not = "images, captions, spans, chains and types, phrases without regions, which region several phrases share",
};
