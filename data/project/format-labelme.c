/* SPDX-License-Identifier: MIT
 * format-labelme.c: LabelMe's JSON files, one a picture, and X-AnyLabeling's. A phrase is a shape's description, else
 * its label. What neither tool knows stands in one key `alidade`, at the top (captions, phrases without regions) and in
 * shapes (which words of a caption): both keep keys that they do not know. Imports remember which file was whose. */
#include "format-help.h"
#include "format-labelme.h"

/* Files ------------------------------------------------------------------------------------------------------------ */

json_t *
labelme_file_read (const char *path, GError **error)
{
  g_autoptr (json_t) file = json_file_read (path, 0, error);

  if (file == NULL)
    return NULL;
  if (json_is_array (json_object_get (file, "shapes")))
    return g_steal_pointer (&file);
  project_fail (error, PROJECT_ERROR_FAILED, "%s has no list of shapes", path);
  return NULL;
}

char *
labelme_picture_path (const char *path, const json_t *file)
{
  const char *name = json_text (file, "imagePath");
  g_autofree char *folder = g_path_get_dirname (path), *slashes = NULL, *exact = NULL;

  if (name == NULL || *name == '\0')
    return NULL;
  exact = g_canonicalize_filename (name, folder);
  if (strchr (name, '\\') == NULL || g_file_test (exact, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&exact);
  slashes = g_strdelimit (g_strdup (name), "\\", '/');
  return g_canonicalize_filename (slashes, folder);
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

typedef struct
{
  Import *import;
  const char *source;    /* the folder, or one file */
json_t *files; /* name below the folder, escaped -> image id */
/* Of the file at hand */
const char *where;
gint64 image;
const json_t *captions; /* texts */
GArray *caption_ids;    /* gint64, 0: left out */
GHashTable *shared;     /* number -> SharedRegion */
}
Reader;

typedef struct
{
  gint64 id;
  Shape shape; /* as in the file */
} SharedRegion;

static void
shared_free (gpointer data)
{
  SharedRegion *shared = data;

  shape_clear (&shared->shape);
  g_free (shared);
}

static gboolean
read_image (Reader *reader, const char *path, const json_t *file, GError **error)
{
  static const char *const own[] = { "imageData", "imageHeight", "imageWidth", "imagePath", "shapes", "alidade", NULL };
  g_autofree char *beside = labelme_picture_path (path, file), *name = NULL;
  g_autoptr (json_t) extra = help_rest (file, own, "labelme");
  ImportImage image = { .beside = beside,
                        .width = json_double (json_object_get (file, "imageWidth")),
                        .height = json_double (json_object_get (file, "imageHeight")),
                        .extra = extra };
  GError *local = NULL;

  name = g_strdelimit (g_strdup (json_text (file, "imagePath")), "\\", '/');
  image.name = name;
  reader->image = import_image (reader->import, reader->where, &image, &local);
  return help_goes_on (local, error);
}

static gboolean
parse_spans (const json_t *value, GArray *spans)
{
  for (gsize i = 0; i < json_array_size (value); i++)
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

/* Whether the caption's words at the spans are still `text`: people edit labels. */
static gboolean
spans_say (const char *caption, GArray *spans, const char *text)
{
  g_autoptr (GString) joined = g_string_new (NULL);
  gint64 length = g_utf8_validate (caption, -1, NULL) ? g_utf8_strlen (caption, -1) : 0;

  for (guint i = 0; i < spans->len; i++)
    {
      const Span *span = &g_array_index (spans, Span, i);
      const char *first;

      if (span->first < 0 || span->last > length || span->first >= span->last)
        return FALSE;
      first = g_utf8_offset_to_pointer (caption, span->first);
      if (i > 0)
        g_string_append_c (joined, ' ');
      g_string_append_len (joined, first, g_utf8_offset_to_pointer (first, span->last - span->first) - first);
    }
  return strcmp (joined->str, text) == 0;
}

/* The phrase `text` with what `alidade` says of it; 0 as import_phrase(). */
static gint64
read_phrase (Reader *reader, const char *where, const json_t *alidade, const char *text, GError **error)
{
  const json_t *at = json_object_get (alidade, "caption"), *types = json_object_get (alidade, "types");
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (Span));
  ImportPhrase phrase = { .image = reader->image, .text = text };
  json_int_t nth = json_is_integer (at) ? json_integer_value (at) : -1;

  phrase.key = json_text (alidade, "key");
  phrase.chain = json_text (alidade, "chain");
  phrase.types = json_is_array (types) ? types : NULL;
  if (nth >= 0 && nth < reader->caption_ids->len && parse_spans (json_object_get (alidade, "spans"), spans))
    {
      phrase.caption = g_array_index (reader->caption_ids, gint64, nth);
      phrase.spans = (const Span *) (void *) spans->data;
      phrase.n_spans = spans->len;
    }
  if (phrase.caption != 0 && text != NULL && spans->len > 0
      && !spans_say (json_string_value (json_array_get (reader->captions, nth)), spans, text))
    {
      import_note (reader->import, "%s: '%s' is not what the caption says there; it stands alone now", where, text);
      phrase.caption = 0;
      phrase.n_spans = 0;
    }
  return import_phrase (reader->import, where, &phrase, error);
}

/* What the export gives back of a shape that nobody changed. */
static json_t *
region_extra (const json_t *shapes, const GArray *record, const char *hash, const Shape *shape)
{
  static const char *const own[] = { "mask", "alidade", "score", NULL };
  const json_t *item = json_array_get (shapes, g_array_index (record, guint, 0));
  const char *type = json_text (item, "shape_type");
  g_autoptr (json_t) rest = json_without (item, own);

  if (rest == NULL)
    rest = json_object ();
  json_object_set_new (rest, "alidade", json_string (hash));
  if (g_strcmp0 (type, "circle") != 0)
    json_object_del (rest, "points");
  if (shape->kind != SHAPE_POLYGON || g_strcmp0 (type, "polygon") == 0)
    json_object_del (rest, "shape_type");
  return json_pack ("{s:O}", "labelme", rest);
}

static gboolean
read_region (Reader *reader, const char *where, const json_t *shapes, const GArray *record, gint64 phrase, Shape *shape,
             GError **error)
{
  const json_t *item = json_array_get (shapes, g_array_index (record, guint, 0)),
               *alidade = json_object_get (item, "alidade");
  g_autofree char *hash = labelme_record_hash (shapes, record),
                  *number = json_id_text (json_object_get (alidade, "region"));
  g_autofree char *link = json_id_text (json_object_get (alidade, "link"));
  g_autoptr (json_t) extra = region_extra (shapes, record, hash, shape);
  const SharedRegion *known = number != NULL ? g_hash_table_lookup (reader->shared, number) : NULL;
  SharedRegion *shared = g_new0 (SharedRegion, 1);
  ImportRegion region = { .phrase = phrase, .shape = shape, .extra = extra };
  GError *local = NULL;

  region.score = json_double (json_object_get (item, "score"));
  region.model = json_text (alidade, "model");
  region.detector = json_is_true (json_object_get (alidade, "proposal"));
  region.link = link != NULL ? g_ascii_strtoll (link, NULL, 10) : 0;
  /* Shared only as long as nobody moved one of them. */
  region.shared = known != NULL && shape_equal (&known->shape, shape) ? known->id : 0;
  shape_copy (shape, &shared->shape);
  shared->id = import_region (reader->import, where, &region, &local);
  if (number != NULL && shared->id != 0 && known == NULL)
    g_hash_table_insert (reader->shared, g_steal_pointer (&number), shared);
  else
    shared_free (shared);
  return help_goes_on (local, error);
}

static gboolean
read_record (Reader *reader, const json_t *shapes, const GArray *record, GError **error)
{
  guint nth = g_array_index (record, guint, 0);
  const json_t *item = json_array_get (shapes, nth);
  g_autofree char *where = g_strdup_printf ("%s: shapes[%u]", reader->where, nth);
  const char *text = labelme_text (item), *why = NULL;
  g_auto (Shape) shape = { 0 };
  double width = 0, height = 0;
  GError *local = NULL;
  gint64 phrase;

  if (text == NULL)
    {
      import_skip (reader->import, where, "a shape without description and label");
      return TRUE;
    }
  phrase = read_phrase (reader, where, json_object_get (item, "alidade"), text, &local);
  if (phrase == 0)
    return help_goes_on (local, error);
  import_image_size (reader->import, reader->image, &width, &height);
  if (labelme_record_parse (shapes, record, width, height, &shape, &why))
    return read_region (reader, where, shapes, record, phrase, &shape, error);
  import_skip (reader->import, where, "%s", why);
  return TRUE;
}

static gboolean
read_captions (Reader *reader, const json_t *alidade, GError **error)
{
  g_array_set_size (reader->caption_ids, 0);
  reader->captions = json_object_get (alidade, "captions");
  for (gsize i = 0; i < json_array_size (reader->captions); i++)
    {
      const json_t *text = json_array_get (reader->captions, i);
      gint64 id = 0;
      GError *local = NULL;

      if (json_is_string (text) && strlen (json_string_value (text)) == json_string_length (text))
        id = import_caption (reader->import, reader->where, reader->image, json_string_value (text), NULL, &local);
      g_array_append_val (reader->caption_ids, id);
      if (!help_goes_on (local, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_all (Reader *reader, const json_t *file, GError **error)
{
  const json_t *shapes = json_object_get (file, "shapes"), *alidade = json_object_get (file, "alidade");
  const json_t *phrases = json_object_get (alidade, "phrases");
  g_autoptr (GPtrArray) records = labelme_records (shapes);

  if (!read_captions (reader, alidade, error))
    return FALSE;
  for (guint i = 0; i < records->len; i++)
    if (!read_record (reader, shapes, records->pdata[i], error))
      return FALSE;
  for (gsize i = 0; i < json_array_size (phrases); i++)
    {
      const json_t *phrase = json_array_get (phrases, i);
      GError *local = NULL;

      read_phrase (reader, reader->where, phrase, json_text (phrase, "text"), &local);
      if (!help_goes_on (local, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_file (Reader *reader, const char *path, GError **error)
{
  const char *name = strcmp (path, reader->source) == 0 ? strrchr (path, '/') + 1 : path + strlen (reader->source) + 1;
  g_autofree char *shown = g_filename_display_name (name),
                  *escaped = g_uri_escape_bytes ((const guint8 *) name, strlen (name), "/");
  g_autoptr (json_t) file = NULL;
  g_autoptr (GError) local = NULL;
  g_autofree char *id = NULL;
  gboolean good;

  reader->where = shown;
  file = labelme_file_read (path, &local);
  if (file == NULL || json_text (file, "imagePath") == NULL)
    {
      import_skip (reader->import, shown, "%s", local != NULL ? local->message : "no imagePath");
      return TRUE;
    }
  if (!read_image (reader, path, file, error))
    return FALSE;
  if (reader->image == 0)
    return TRUE;
  id = g_strdup_printf ("%" G_GINT64_FORMAT, reader->image);
  json_object_set_new (reader->files, escaped, json_string (id));
  reader->shared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, shared_free);
  good = read_all (reader, file, error);
  g_hash_table_unref (reader->shared);
  return good;
}

static gboolean
labelme_read (Import *import, const char *source, GError **error)
{
  gboolean is_folder = g_file_test (source, G_FILE_TEST_IS_DIR), good = TRUE;
  g_autoptr (GPtrArray) paths = is_folder ? files_below (source, ".json") : g_ptr_array_new_with_free_func (g_free);
  g_autofree char *folder = is_folder ? g_strdup (source) : g_path_get_dirname (source);
  g_autofree char *uri = g_filename_to_uri (folder, NULL, NULL);
  g_autoptr (json_t) settings = NULL;
  Reader reader = { .import = import, .source = source, .files = json_object () };

  if (!is_folder)
    g_ptr_array_add (paths, g_strdup (source));
  reader.caption_ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; good && i < paths->len; i++)
    good = import_go_on (import, error) && read_file (&reader, paths->pdata[i], error);
  good = good && (!is_folder || help_pictures (import, source, error));
  g_array_unref (reader.caption_ids);
  settings = json_pack ("{s:s?,s:o}", "folder", uri, "files", reader.files);
  if (good)
    import_set_settings (import, settings);
  return good;
}

/* Guessing --------------------------------------------------------------------------------------------------------- */

typedef enum
{
  LOOKS_OTHER,
  LOOKS_LABELME,
  LOOKS_ANYLABELING
} Looks;

#define GUESS_FILES 16
#define GUESS_BYTES 65536

static Looks
head_looks_like (const char *head)
{
  static const char *const any[] = { "\"difficult\"", "\"kie_linking\"", "\"checked\"", "\"chat_history\"",
                                     "\"vqaData\"" };

  if (strstr (head, "\"shapes\"") == NULL ||
      (strstr (head, "\"imagePath\"") == NULL && strstr (head, "\"shape_type\"") == NULL))
    return LOOKS_OTHER;
  for (guint i = 0; i < G_N_ELEMENTS (any); i++)
    if (strstr (head, any[i]) != NULL)
      return LOOKS_ANYLABELING;
  return LOOKS_LABELME;
}

static Looks
looks_like (const char *source, gboolean folder, const char *head)
{
  g_autoptr (GPtrArray) paths = folder ? files_below (source, ".json") : NULL;
  Looks looks = folder ? LOOKS_OTHER : head_looks_like (head);

  for (guint i = 0; folder && looks != LOOKS_ANYLABELING && i < MIN (paths->len, GUESS_FILES); i++)
    {
      g_autofree char *text = g_malloc0 (GUESS_BYTES + 1);
      FILE *file = fopen (paths->pdata[i], "re");

      if (file == NULL)
        continue;
      if (fread (text, 1, GUESS_BYTES, file) > 0)
        looks = MAX (looks, head_looks_like (text));
      fclose (file);
    }
  return looks;
}

static gboolean
labelme_guess (const char *source, gboolean folder, const char *head)
{
  return looks_like (source, folder, head) == LOOKS_LABELME;
}

static gboolean
anylabeling_guess (const char *source, gboolean folder, const char *head)
{
  return looks_like (source, folder, head) == LOOKS_ANYLABELING;
}

/* The formats ------------------------------------------------------------------------------------------------------ */

static gboolean
labelme_write (Export *export, const char *target, GError **error)
{
  return labelme_write_folder (export, target, FALSE, error);
}

static gboolean
anylabeling_write (Export *export, const char *target, GError **error)
{
  return labelme_write_folder (export, target, TRUE, error);
}

static gboolean
labelme_back (Export *export, GError **error)
{
  return labelme_write_back (export, "labelme", FALSE, error);
}

static gboolean
anylabeling_back (Export *export, GError **error)
{
  return labelme_write_back (export, "x-anylabeling", TRUE, error);
}

#define KEEPS_NOT "verdicts, and who or what made a label; for other tools also captions, spans, phrases without " \
                  "regions and holes (rings are polygons of one group)"

const Format format_labelme = {
  .name = "labelme",
  .folder = TRUE,
  .upright = TRUE,
  .guess = labelme_guess,
  .read = labelme_read,
  .write = labelme_write,
  .write_back = labelme_back,
  .keeps_not = KEEPS_NOT,
};

const Format format_x_anylabeling = {
  .name = "x-anylabeling",
  .folder = TRUE,
  .upright = TRUE,
  .guess = anylabeling_guess,
  .read = labelme_read,
  .write = anylabeling_write,
  .write_back = anylabeling_back,
  .keeps_not = KEEPS_NOT "; masks are outlines there",
};
