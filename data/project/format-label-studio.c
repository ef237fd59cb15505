/* SPDX-License-Identifier: MIT
 * format-label-studio.c: Label Studio's tasks. Numbers are percent of the upright picture; a rotated rectangle turns
 * about its top-left corner, in pixels. A region's phrase is the words of a text that relations tie it to, else its
 * label. Predictions are another model's. */
#include "format-help.h"

#include "format-label-studio.h"
#include "label-studio-shape.h"

/* Texts ------------------------------------------------------------------------------------------------------------ */

gint64
studio_point_of_unit (const char *text, gint64 unit)
{
  gint64 point = 0;

  for (gint64 units = 0; *text != '\0' && units < unit; text = g_utf8_next_char (text), point++)
    units += g_utf8_get_char (text) > 0xffff ? 2 : 1;
  return point;
}

gint64
studio_unit_of_point (const char *text, gint64 point)
{
  gint64 units = 0;

  for (gint64 i = 0; *text != '\0' && i < point; text = g_utf8_next_char (text), i++)
    units += g_utf8_get_char (text) > 0xffff ? 2 : 1;
  return units;
}

/* The picture's name out of an address: what local storage and uploads put before it is taken off. */
static char *
name_of (const char *url)
{
  const char *local = strstr (url, "?d="), *colon = strstr (url, "://"), *base = strrchr (url, '/');
  g_autofree char *plain = NULL;

  if (local != NULL)
    return g_uri_unescape_string (local + 3, NULL);
  if (g_str_has_prefix (url, "/data/upload/"))
    {
      const char *dash = strchr (base, '-');

      return g_uri_unescape_string (dash == base + 9 ? dash + 1 : base + 1, NULL);
    }
  if (colon == NULL)
    return g_strdup (url);
  if (g_str_has_prefix (url, "file:"))
    return g_uri_unescape_string (colon + 3, NULL);
  /* Only the web's addresses have a query; a bucket's keys may hold any character. */
  plain = g_str_has_prefix (url, "http") ? g_strndup (colon + 3, strcspn (colon + 3, "?#")) : g_strdup (colon + 3);
  base = strchr (plain, '/');
  return g_uri_unescape_string (base != NULL ? base + 1 : plain, NULL);
}

/* One annotation or prediction ------------------------------------------------------------------------------------- */

typedef struct
{
  Import *import;
  const char *where;
  gint64 image;
  const json_t *data; /* of the task */
  /* Of the annotation at hand */
  const json_t *results;
  GHashTable *by_id;   /* id -> GPtrArray of results */
  GHashTable *related; /* id -> GPtrArray of ids */
  GHashTable *parts;   /* number -> GPtrArray of results */
  GHashTable *shared;  /* number -> SharedRegion */
  gboolean detector;
  const char *model;
  double score;
} Task;

typedef struct
{
  gint64 id;
  Shape shape;
} SharedRegion;

static void
shared_free (gpointer data)
{
  SharedRegion *shared = data;

  shape_clear (&shared->shape);
  g_free (shared);
}

static void
list_free (gpointer data)
{
  g_ptr_array_unref (data);
}

static void
list_add (GHashTable *lists, const char *key, gconstpointer item)
{
  GPtrArray *list = g_hash_table_lookup (lists, key);

  if (list == NULL)
    {
      list = g_ptr_array_new ();
      g_hash_table_insert (lists, g_strdup (key), list);
    }
  g_ptr_array_add (list, (gpointer) item);
}

static const json_t *
meta_of (const json_t *result)
{
  return json_object_get (json_object_get (result, "meta"), "alidade");
}

static void
index_results (Task *task)
{
  g_hash_table_remove_all (task->by_id);
  g_hash_table_remove_all (task->related);
  g_hash_table_remove_all (task->parts);
  g_hash_table_remove_all (task->shared);
  for (gsize i = 0; i < json_array_size (task->results); i++)
    {
      const json_t *result = json_array_get (task->results, i);
      const char *id = json_text (result, "id"), *from = json_text (result, "from_id"),
                 *to = json_text (result, "to_id");
      g_autofree char *parts = json_id_text (json_object_get (meta_of (result), "parts"));

      if (id != NULL)
        list_add (task->by_id, id, result);
      if (parts != NULL)
        list_add (task->parts, parts, result);
      if (g_strcmp0 (json_text (result, "type"), "relation") != 0 || from == NULL || to == NULL)
        continue;
      list_add (task->related, from, to);
      list_add (task->related, to, from);
    }
}

/* What a result says: its geometry by the members of its value, as the tool has several names for each. */
typedef enum
{
  SAYS_OTHER,
  SAYS_RECTANGLE,
  SAYS_ELLIPSE,
  SAYS_POLYGON,
  SAYS_BRUSH,
  SAYS_NO_AREA,
  SAYS_TEXT
} Says;

static Says
says (const json_t *result)
{
  const json_t *value = json_object_get (result, "value");
  const char *type = json_text (result, "type");

  if (type == NULL || strcmp (type, "relation") == 0)
    return SAYS_OTHER;
  if (json_object_get (value, "rle") != NULL)
    return SAYS_BRUSH;
  if (json_object_get (value, "points") != NULL)
    return SAYS_POLYGON;
  if (json_object_get (value, "radiusX") != NULL)
    return SAYS_ELLIPSE;
  if (json_object_get (value, "x") != NULL)
    return json_object_get (value, "height") != NULL ? SAYS_RECTANGLE : SAYS_NO_AREA;
  if (json_is_number (json_object_get (value, "start")) && strcmp (type, "labels") == 0)
    return SAYS_TEXT;
  return SAYS_OTHER;
}

/* The labels of a result, or NULL. */
static const json_t *
labels_of (const json_t *result)
{
  const json_t *value = json_object_get (result, "value"),
               *labels = json_object_get (value, json_text (result, "type"));

  if (!json_is_array (labels))
    labels = json_object_get (value, "labels");
  return json_is_array (labels) && json_array_size (labels) > 0 ? labels : NULL;
}

/* Labels beside a geometry, by its id: of a result of their own, or what was typed for it. *elsewhere: the labels come
 * with a geometry of their own, which is this one once more. */
static const json_t *
labels_beside (const Task *task, const json_t *result, gboolean *elsewhere)
{
  const char *id = json_text (result, "id");
  const GPtrArray *same = id != NULL ? g_hash_table_lookup (task->by_id, id) : NULL;
  const json_t *found = NULL;

  *elsewhere = FALSE;
  for (guint i = 0; same != NULL && i < same->len; i++)
    {
      const json_t *other = same->pdata[i], *labels = labels_of (other), *typed;

      if (other == result)
        continue;
      if (labels != NULL && says (other) != SAYS_OTHER)
        *elsewhere = TRUE;
      typed = json_object_get (json_object_get (other, "value"), "text");
      if (labels == NULL && g_strcmp0 (json_text (other, "type"), "textarea") == 0 && json_is_array (typed))
        labels = typed;
      if (found == NULL)
        found = labels;
    }
  return found;
}

static gint64
read_label (const Task *task, const char *where, const json_t *result, const char *text, GError **error)
{
  const json_t *meta = meta_of (result), *types = json_object_get (meta, "types");
  ImportPhrase phrase
      = { .image = task->image, .text = text, .key = json_text (meta, "key"), .chain = json_text (meta, "chain") };
  const char *caption = json_text (meta, "caption");

  phrase.types = json_is_array (types) ? types : NULL;
  /* One that lost its place in the caption. */
  if (caption != NULL && json_text (task->data, caption) != NULL)
    {
      phrase.caption = import_caption (task->import, where, task->image, json_text (task->data, caption), NULL, error);
      if (phrase.caption == 0)
        return 0;
    }
  return import_phrase (task->import, where, &phrase, error);
}

static gint64
read_words (const Task *task, const char *where, const json_t *result, const char *caption, const GArray *spans,
            GError **error)
{
  const json_t *meta = meta_of (result), *types = json_object_get (meta, "types");
  ImportPhrase phrase = { .image = task->image, .chain = json_text (meta, "chain") };

  phrase.types = json_is_array (types) ? types : NULL;
  phrase.spans = (const Span *) (const void *) spans->data;
  phrase.n_spans = spans->len;
  phrase.caption = import_caption (task->import, where, task->image, caption, NULL, error);
  return phrase.caption != 0 ? import_phrase (task->import, where, &phrase, error) : 0;
}

static const char *
text_of (const Task *task, const json_t *result, Span *span)
{
  const json_t *value = json_object_get (result, "value");
  const char *name = json_text (result, "to_name"), *text = json_text (task->data, name != NULL ? name : "text");
  double start = json_double (json_object_get (value, "start")), end = json_double (json_object_get (value, "end"));

  /* The tool's name of a text and its place in the data need not be the same. */
  if (text == NULL)
    text = json_text (task->data, "text");
  if (text == NULL)
    text = json_text (task->data, "caption");
  if (text == NULL || !(start >= 0 && start < end && end <= G_MAXINT32))
    return NULL;
  span->first = studio_point_of_unit (text, (gint64) start);
  span->last = studio_point_of_unit (text, (gint64) end);
  return span->first < span->last ? text : NULL;
}

/* The phrases that relations tie the result to; each text is one, unless they are the parts of one. FALSE on error. */
static gboolean
read_related (const Task *task, const char *where, const json_t *result, GArray *phrases, GError **error)
{
  const char *id = json_text (result, "id"), *caption = NULL;
  const GPtrArray *related = id != NULL ? g_hash_table_lookup (task->related, id) : NULL;
  gboolean joined = json_is_true (json_object_get (meta_of (result), "joined"));
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (Span));
  GError *local = NULL;

  for (guint i = 0; related != NULL && i < related->len; i++)
    {
      const GPtrArray *others = g_hash_table_lookup (task->by_id, related->pdata[i]);

      for (guint j = 0; others != NULL && j < others->len; j++)
        {
          Span span;
          const char *text = says (others->pdata[j]) == SAYS_TEXT ? text_of (task, others->pdata[j], &span) : NULL;
          gint64 phrase;

          if (text == NULL || (joined && caption != NULL && strcmp (caption, text) != 0))
            continue;
          caption = text;
          g_array_append_val (spans, span);
          if (joined)
            continue;
          phrase = read_words (task, where, result, caption, spans, &local);
          if (phrase != 0)
            g_array_append_val (phrases, phrase);
          g_array_set_size (spans, 0);
          if (!help_goes_on (local, error))
            return FALSE;
        }
    }
  if (joined && spans->len > 0)
    {
      gint64 phrase;

      phrase = read_words (task, where, result, caption, spans, &local);
      if (phrase != 0)
        g_array_append_val (phrases, phrase);
    }
  return help_goes_on (local, error);
}

/* Several labels are as many phrases with one region. FALSE on error. */
static gboolean
read_phrases (const Task *task, const char *where, const json_t *result, const json_t *labels, GArray *phrases,
              GError **error)
{
  GError *local = NULL;
  gsize n;

  if (!read_related (task, where, result, phrases, error))
    return FALSE;
  n = phrases->len == 0 ? json_array_size (labels) : 0;
  for (gsize i = 0; i < n; i++)
    {
      const char *text = json_string_value (json_array_get (labels, i));
      gint64 phrase = text != NULL ? read_label (task, where, result, text, &local) : 0;

      if (!help_goes_on (local, error))
        return FALSE;
      if (phrase != 0)
        g_array_append_val (phrases, phrase);
    }
  return TRUE;
}

static gboolean
parse_shape (const Task *task, const json_t *result, double w, double h, Shape *shape)
{
  const json_t *value = json_object_get (result, "value"), *meta = meta_of (result);
  g_autofree char *parts = json_id_text (json_object_get (meta, "parts"));
  const GPtrArray *rings = parts != NULL ? g_hash_table_lookup (task->parts, parts) : NULL;
  ShapeFill fill = g_strcmp0 (json_text (meta, "fill"), "union") == 0 ? SHAPE_UNION : SHAPE_EVENODD;

  switch (says (result))
    {
    case SAYS_RECTANGLE:
      return studio_rectangle_parse (value, w, h, shape);
    case SAYS_ELLIPSE:
      return studio_ellipse_parse (value, w, h, shape);
    case SAYS_BRUSH:
      return studio_brush_parse (value, w, h, shape);
    case SAYS_POLYGON:
      for (guint i = 0; rings != NULL && i < rings->len; i++)
        if (says (rings->pdata[i]) == SAYS_POLYGON
            && !studio_ring_add (json_object_get (rings->pdata[i], "value"), w, h, shape))
          return FALSE;
      return (rings != NULL || studio_ring_add (value, w, h, shape)) && shape_finish_polygon (shape, fill);
    default:
      return FALSE;
    }
}

static gboolean
read_region (const Task *task, const char *where, const json_t *result, const GArray *phrases, Shape *shape,
             GError **error)
{
  g_autoptr (json_t) extra = json_pack ("{s:{s:O?}}", "label_studio", "id", json_object_get (result, "id"));
  g_autofree char *number = json_id_text (json_object_get (meta_of (result), "region"));
  const SharedRegion *known = number != NULL ? g_hash_table_lookup (task->shared, number) : NULL;
  SharedRegion *shared = g_new0 (SharedRegion, 1);
  GError *local = NULL;

  shape_copy (shape, &shared->shape);
  shared->id = known != NULL && shape_equal (&known->shape, shape) ? known->id : 0;
  for (guint i = 0; i < phrases->len && local == NULL; i++)
    {
      g_auto (Shape) copy = { 0 };
      ImportRegion region = { .phrase = g_array_index (phrases, gint64, i),
                              .shared = shared->id,
                              .shape = &copy,
                              .detector = task->detector,
                              .model = task->model,
                              .extra = extra };

      region.score = json_double (json_object_get (result, "score"));
      if (isnan (region.score))
        region.score = task->score;
      shape_copy (shape, &copy);
      shared->id = import_region (task->import, where, &region, &local);
    }
  if (number != NULL && known == NULL && shared->id != 0)
    g_hash_table_insert (task->shared, g_steal_pointer (&number), shared);
  else
    shared_free (shared);
  return help_goes_on (local, error);
}

static gboolean
read_result (const Task *task, const char *where, const json_t *result, GError **error)
{
  double w = json_double (json_object_get (result, "original_width"));
  double h = json_double (json_object_get (result, "original_height"));
  const json_t *labels = labels_of (result);
  g_autofree char *parts = json_id_text (json_object_get (meta_of (result), "parts"));
  const GPtrArray *rings = parts != NULL ? g_hash_table_lookup (task->parts, parts) : NULL;
  g_autoptr (GArray) phrases = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_auto (Shape) shape = { 0 };
  Says kind = says (result);

  if (kind == SAYS_OTHER || kind == SAYS_TEXT || (rings != NULL && rings->pdata[0] != result))
    return TRUE; /* read with the region it belongs to */
  if (labels == NULL)
    {
      gboolean elsewhere;

      labels = labels_beside (task, result, &elsewhere);
      if (elsewhere)
        return TRUE;
    }
  if (!read_phrases (task, where, result, labels, phrases, error))
    return FALSE;
  if (phrases->len == 0)
    {
      if (labels == NULL)
        import_skip (task->import, where, "a region without label");
      return TRUE;
    }
  if (!(w > 0 && h > 0) && !import_image_size (task->import, task->image, &w, &h))
    import_skip (task->import, where, "the size of its picture is unknown, and its numbers are percent");
  else if (!parse_shape (task, result, w, h, &shape))
    import_skip (task->import, where, "it has no area, or is no region of a picture");
  else
    return read_region (task, where, result, phrases, &shape, error);
  return TRUE;
}

static gboolean
read_results (Task *task, const json_t *holders, const char *what, GError **error)
{
  for (gsize i = 0; json_is_array (holders) && i < json_array_size (holders); i++)
    {
      const json_t *holder = json_array_get (holders, i);

      if (json_is_true (json_object_get (holder, "was_cancelled")))
        continue;
      task->results = json_object_get (holder, "result");
      if (!json_is_array (task->results))
        continue;
      task->model = task->detector ? json_text (holder, "model_version") : NULL;
      task->score = task->detector ? json_double (json_object_get (holder, "score")) : NAN;
      index_results (task);
      for (gsize j = 0; j < json_array_size (task->results); j++)
        {
          g_autofree char *where = g_strdup_printf ("%s.%s[%zu].result[%zu]", task->where, what, i, j);

          if (!read_result (task, where, json_array_get (task->results, j), error))
            return FALSE;
        }
    }
  return TRUE;
}

/* Tasks ------------------------------------------------------------------------------------------------------------ */

/* A result of a list of annotations or predictions that knows the picture's size, or NULL. */
static const json_t *
sized_result (const json_t *holders)
{
  for (gsize i = 0; json_is_array (holders) && i < json_array_size (holders); i++)
    {
      const json_t *results = json_object_get (json_array_get (holders, i), "result");

      for (gsize j = 0; json_is_array (results) && j < json_array_size (results); j++)
        if (json_object_get (json_array_get (results, j), "original_width") != NULL)
          return json_array_get (results, j);
    }
  return NULL;
}

/* Our own export's captions, and the usual names of a text. */
static gboolean
read_captions (const Task *task, GError **error)
{
  const char *key;
  json_t *value;
  GError *local = NULL;

  json_object_foreach ((json_t *) task->data, key,
                       value) if (json_text (task->data, key) != NULL
                                  && (g_str_has_prefix (key, "caption") || strcmp (key, "text") == 0))
  {
    import_caption (task->import, task->where, task->image, json_string_value (value), NULL, &local);
    if (!help_goes_on (local, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_bare_phrase (const Task *task, const json_t *item, GError **error)
{
  const json_t *all = json_object_get (item, "spans"), *types = json_object_get (item, "types");
  const char *name = json_text (item, "caption"), *caption = name != NULL ? json_text (task->data, name) : NULL;
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (Span));
  ImportPhrase phrase = { .image = task->image,
                          .text = json_text (item, "text"),
                          .key = json_text (item, "key"),
                          .chain = json_text (item, "chain") };
  GError *local = NULL;

  for (gsize i = 0; caption != NULL && i < json_array_size (all); i++)
    {
      double two[2];
      Span span;

      if (!json_doubles (json_array_get (all, i), two, 2) || !(fabs (two[0]) < 1e9 && fabs (two[1]) < 1e9))
        continue;
      span.first = (gint64) two[0];
      span.last = (gint64) two[1];
      g_array_append_val (spans, span);
    }
  phrase.types = json_is_array (types) ? types : NULL;
  phrase.spans = (const Span *) (void *) spans->data;
  phrase.n_spans = spans->len;
  if (caption != NULL)
    phrase.caption = import_caption (task->import, task->where, task->image, caption, NULL, &local);
  if (local == NULL && (caption == NULL || phrase.caption != 0))
    import_phrase (task->import, task->where, &phrase, &local);
  return help_goes_on (local, error);
}

static gboolean
read_bare (const Task *task, const json_t *item, GError **error)
{
  const json_t *phrases = json_object_get (json_object_get (json_object_get (item, "meta"), "alidade"), "phrases");

  for (gsize i = 0; i < json_array_size (phrases); i++)
    if (!read_bare_phrase (task, json_array_get (phrases, i), error))
      return FALSE;
  return TRUE;
}

/* The picture's name: under `image`, else the first text of the data that is one's. */
static char *
picture_of (const json_t *data)
{
  const char *url = json_text (data, "image"), *key;
  json_t *value;

  if (url != NULL)
    return name_of (url);
  json_object_foreach ((json_t *) data, key, value)
  {
    g_autofree char *name = json_text (data, key) != NULL ? name_of (json_text (data, key)) : NULL;

    if (name != NULL && image_name_is_picture (name))
      return g_steal_pointer (&name);
  }
  return NULL;
}

static gboolean
on_task (guint pattern, const char *where, const char *key, json_t *item, gpointer user_data, GError **error)
{
  Task *task = user_data;
  const json_t *annotations = json_object_get (item, "annotations"),
               *predictions = json_object_get (item, "predictions");
  const json_t *sized = sized_result (annotations);
  g_autofree char *name = NULL;
  ImportImage image = { 0 };
  GError *local = NULL;

  if (annotations == NULL)
    annotations = json_object_get (item, "completions"); /* as they were called once */
  if (sized == NULL)
    sized = sized_result (predictions);
  task->where = where;
  task->data = json_object_get (item, "data");
  name = picture_of (task->data);
  image.name = name;
  image.width = json_double (json_object_get (sized, "original_width"));
  image.height = json_double (json_object_get (sized, "original_height"));
  task->image = import_image (task->import, where, &image, &local);
  if (task->image == 0)
    return help_goes_on (local, error);
  task->detector = FALSE;
  if (!read_captions (task, error) || !read_results (task, annotations, "annotations", error)
      || !read_bare (task, item, error))
    return FALSE;
  task->detector = TRUE;
  return read_results (task, predictions, "predictions", error);
}

static gboolean
studio_read (Import *import, const char *source, GError **error)
{
  static const char *const tasks[] = { "[]", NULL };
  Task task = { .import = import };
  gboolean good;

  task.by_id = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, list_free);
  task.related = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, list_free);
  task.parts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, list_free);
  task.shared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, shared_free);
  good = json_list_read (source, tasks, on_task, &task, error);
  g_hash_table_unref (task.by_id);
  g_hash_table_unref (task.related);
  g_hash_table_unref (task.parts);
  g_hash_table_unref (task.shared);
  return good;
}

static gboolean
studio_guess (const char *source, gboolean folder, const char *head)
{
  return !folder && *head == '[' && strstr (head, "\"data\"") != NULL
         && (strstr (head, "\"annotations\"") != NULL || strstr (head, "\"predictions\"") != NULL);
}

const Format format_label_studio = {
  .name = "label-studio",
  .upright = TRUE,
  .guess = studio_guess,
  .read = studio_read,
  .write = studio_write,
  .keeps_not
  = "verdicts, and which person or map made a label, last digits of coordinates (percent); for the tool also "
    "holes (rings are polygons) and phrases without regions",
};
