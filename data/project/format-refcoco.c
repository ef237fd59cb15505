/* SPDX-License-Identifier: MIT
 * format-refcoco.c: RefCOCO's folders: refs(*).p, a pickle of refs and their sentences, beside instances.json. A
 * sentence is a phrase of its own, never merged; the sentences of a ref share its region. */
#include "format-help.h"
#include "late-images.h"

#include "pickle-items.h"

typedef struct
{
  Import *import;
  const json_t *refs;
  GHashTable *by_annotation;  /* ann_id text -> GArray of indexes into refs */
  LateImages *images;
  GHashTable *categories;     /* id text -> name */
} Reader;

/* refs(NAME).p of the folder: the one there is, or the one named by --split-by. */
static char *
find_refs (const char *source, const char *split_by, GError **error)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *wanted = split_by != NULL ? g_strdup_printf ("refs(%s).p", split_by) : NULL;
  GDir *dir = g_dir_open (source, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (wanted != NULL ? strcmp (name, wanted) == 0
                       : g_str_has_prefix (name, "refs(") && g_str_has_suffix (name, ").p"))
      g_ptr_array_add (found, g_build_filename (source, name, NULL));
  if (dir != NULL)
    g_dir_close (dir);
  if (found->len == 1)
    return g_strdup (found->pdata[0]);
  if (found->len == 0)
    project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no %s in %s.", wanted != NULL ? wanted : "refs(*).p",
                  source);
  else
    project_fail (error, PROJECT_ERROR_USAGE, "There are %u files refs(*).p in %s; name one with --split-by.",
                  found->len, source);
  return NULL;
}

static void
index_refs (Reader *reader)
{
  for (gsize i = 0; i < json_array_size (reader->refs); i++)
    {
      const json_t *ref = json_array_get (reader->refs, i);
      g_autofree char *id = json_id_text (json_object_get (ref, "ann_id"));
      g_autofree char *where = g_strdup_printf ("ref %zu", i + 1);
      GArray *indexes;
      guint index = (guint) i;

      if (id == NULL)
        {
          import_skip (reader->import, where, "it names no ann_id");
          continue;
        }
      indexes = g_hash_table_lookup (reader->by_annotation, id);
      if (indexes == NULL)
        {
          indexes = g_array_new (FALSE, FALSE, sizeof (guint));
          g_hash_table_insert (reader->by_annotation, g_steal_pointer (&id), indexes);
        }
      g_array_append_val (indexes, index);
    }
}

static gboolean
on_first (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  static const char *const own[] = { "file_name", NULL };
  Reader *reader = data;
  char *id = json_id_text (json_object_get (item, "id"));
  g_autoptr (json_t) extra = NULL;
  ImportImage image = { .name = json_text (item, "file_name"), .width = json_double (json_object_get (item, "width")),
                        .height = json_double (json_object_get (item, "height")) };

  if (id == NULL)
    {
      import_skip (reader->import, where, "no id");
      return TRUE;
    }
  if (pattern == 1)
    {
      g_hash_table_replace (reader->categories, id, g_strdup (json_text (item, "name")));
      return TRUE;
    }
  extra = help_rest (item, own, "coco");
  image.extra = extra;
  return late_images_add (reader->images, where, id, &image, error);
}

static gint64
read_sentence (Reader *reader, const char *where, gint64 image, const json_t *ref, const json_t *sentence,
               GError **error)
{
  static const char *const own[] = { "sentences", "sent_ids", NULL };
  g_autofree char *key = json_id_text (json_object_get (sentence, "sent_id"));
  g_autoptr (json_t) rest = json_without (ref, own);
  g_autoptr (json_t) extra = json_pack ("{s:O?,s:O}", "ref", rest, "sentence", (json_t *) sentence);
  const ImportPhrase phrase = { .image = image, .text = json_text (sentence, "sent"), .key = key, .extra = extra };

  return import_phrase (reader->import, where, &phrase, error);
}

static gboolean
parse_shape (const json_t *item, Shape *shape)
{
  const char *why;
  double xywh[4];

  if (coco_segmentation_parse (json_object_get (item, "segmentation"), shape, &why))
    return TRUE;
  shape_clear (shape);
  return json_doubles (json_object_get (item, "bbox"), xywh, 4) && xywh[2] > 0 && xywh[3] > 0 &&
         shape_set_box (shape, xywh[0], xywh[1], xywh[0] + xywh[2], xywh[1] + xywh[3]);
}

static gboolean
read_ref (Reader *reader, const char *where, gint64 image, const json_t *ref, const json_t *item, gint64 *region,
          GError **error)
{
  const json_t *sentences = json_object_get (ref, "sentences");
  GError *local = NULL;

  for (gsize i = 0; json_is_array (sentences) && i < json_array_size (sentences); i++)
    {
      g_auto (Shape) shape = { 0 };
      ImportRegion one = { .shape = &shape, .shared = *region, .score = NAN };

      one.phrase = read_sentence (reader, where, image, ref, json_array_get (sentences, i), &local);
      if (local != NULL)
        return help_goes_on (local, error);
      if (one.phrase == 0)
        continue;
      if (!parse_shape (item, &shape))
        {
          import_skip (reader->import, where, "its box has no area");
          continue;
        }
      *region = import_region (reader->import, where, &one, &local);
      if (local != NULL)
        return help_goes_on (local, error);
    }
  return TRUE;
}

static gboolean
on_annotation (guint pattern, const char *where, const char *key, json_t *item, gpointer data, GError **error)
{
  Reader *reader = data;
  g_autofree char *id = json_id_text (json_object_get (item, "id")),
                  *image_id = json_id_text (json_object_get (item, "image_id"));
  GArray *indexes = id != NULL ? g_hash_table_lookup (reader->by_annotation, id) : NULL;
  GError *local = NULL;
  gint64 region = 0, image;

  if (indexes == NULL)
    {
      import_count_unused (reader->import, 1);
      return TRUE;
    }
  image = late_images_get (reader->images, image_id, &local);
  if (local != NULL)
    return help_goes_on (local, error);
  for (guint i = 0; i < indexes->len; i++)
    {
      if (image == 0)
        import_skip (reader->import, where, "the file has no image with its image_id");
      else if (!read_ref (reader, where, image, json_array_get (reader->refs, g_array_index (indexes, guint, i)), item,
                          &region, error))
        return FALSE;
    }
  g_hash_table_remove (reader->by_annotation, id);
  return TRUE;
}

static gboolean
refcoco_read (Import *import, const char *source, GError **error)
{
  static const char *const first[] = { "images[]", "categories[]", NULL };
  static const char *const second[] = { "annotations[]", NULL };
  g_autofree char *pickle = find_refs (source, import_split_by (import), error);
  g_autofree char *instances = g_build_filename (source, "instances.json", NULL);
  Reader reader = { .import = import };
  json_t *refs = NULL;
  gboolean good;

  if (pickle == NULL || (refs = pickle_read (pickle, error)) == NULL)
    return FALSE;
  reader.refs = refs;
  reader.by_annotation = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref);
  reader.images = late_images_new (import);
  reader.categories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  good = json_is_array (refs) || project_fail (error, PROJECT_ERROR_FAILED, "%s holds no list of refs", pickle);
  if (good)
    index_refs (&reader);
  good = good && json_list_read (instances, first, on_first, &reader, error) &&
         json_items_read (instances, second, on_annotation, &reader, error) && late_images_rest (reader.images, error);
  if (good)
    {
      GHashTableIter iter;
      gpointer id;

      g_hash_table_iter_init (&iter, reader.by_annotation);
      while (g_hash_table_iter_next (&iter, &id, NULL))
        {
          g_autofree char *where = g_strdup_printf ("ann_id %s", (const char *) id);

          import_skip (import, where, "instances.json has no annotation of this id, which a ref names");
        }
    }
  g_hash_table_unref (reader.by_annotation);
  late_images_free (reader.images);
  g_hash_table_unref (reader.categories);
  json_decref (refs);
  return good;
}

static gboolean
refcoco_guess (const char *source, gboolean folder, const char *head)
{
  g_autofree char *instances = folder ? g_build_filename (source, "instances.json", NULL) : NULL;
  g_autofree char *found = NULL;
  g_autoptr (GError) local = NULL;

  if (!folder || !g_file_test (instances, G_FILE_TEST_IS_REGULAR))
    return FALSE;
  found = find_refs (source, NULL, &local);
  return found != NULL || (local != NULL && local->code == PROJECT_ERROR_USAGE);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

typedef struct
{
  GString *images, *annotations, *refs;
  OutFile *images_file, *annotations_file, *refs_file;
  GHashTable *sent_ids;   /* taken */
  gint64 n_images, n_annotations, next_sent;
} Writer;

static json_t *
words_of (const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  json_t *list = json_array ();

  for (guint i = 0; words[i] != NULL; i++)
    if (*words[i] != '\0')
      json_array_append_new (list, json_string (words[i]));
  return list;
}

/* The sentence as it came, else a new one; its sent_id stays, or is the next one free. */
static json_t *
sentence_of (Writer *writer, GHashTable *own_ids, const ExportPhrase *phrase)
{
  const json_t *came = json_object_get (phrase->extra, "sentence");
  json_t *sentence = came != NULL ? json_copy ((json_t *) came) : json_object ();
  const gint64 *known = g_hash_table_lookup (own_ids, &phrase->id);
  gint64 id =
      json_is_integer (json_object_get (came, "sent_id")) ? json_integer_value (json_object_get (came, "sent_id")) : 0;

  if (known != NULL)
    id = *known;
  else if (id <= 0 || id > G_MAXINT32 || g_hash_table_contains (writer->sent_ids, &id))
    do
      id = ++writer->next_sent;
    while (g_hash_table_contains (writer->sent_ids, &id));
  g_hash_table_add (writer->sent_ids, g_memdup2 (&id, sizeof id));
  g_hash_table_replace (own_ids, g_memdup2 (&phrase->id, sizeof id), g_memdup2 (&id, sizeof id));
  json_object_set_new (sentence, "sent_id", json_integer (id));
  json_object_set_new (sentence, "sent", json_string (phrase->text));
  if (json_object_get (sentence, "raw") == NULL)
    json_object_set_new (sentence, "raw", json_string (phrase->text));
  if (json_object_get (sentence, "tokens") == NULL)
    json_object_set_new (sentence, "tokens", words_of (phrase->text));
  return sentence;
}

static void
put_annotation (Writer *writer, const ExportRegion *region)
{
  GString *out = writer->annotations;

  g_string_append_printf (
      out, "%s{\"id\":%" G_GINT64_FORMAT ",\"image_id\":%" G_GINT64_FORMAT ",\"category_id\":1,\"iscrowd\":0,\"bbox\":",
      writer->n_annotations > 1 ? ",\n" : "", writer->n_annotations, writer->n_images);
  coco_bbox_put (out, region->shape.box);
  g_string_append (out, ",\"area\":");
  json_put_number (out, shape_area (&region->shape));
  g_string_append (out, ",\"segmentation\":");
  /* The official reader takes the first element's type: a mask is a list of one. */
  g_string_append (out, region->shape.kind == SHAPE_MASK ? "[" : "");
  coco_segmentation_put (out, &region->shape, FALSE);
  g_string_append (out, region->shape.kind == SHAPE_MASK ? "]}" : "}");
}

/* One ref for a region, with the sentences of all its phrases. */
static void
put_ref (Writer *writer, GHashTable *own_ids, const ExportImage *image, const ExportRegion *region, const char *name)
{
  g_autoptr (json_t) ref = json_object (), sentences = json_array (), ids = json_array ();
  const json_t *came = NULL;

  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      for (guint j = 0; j < phrase->regions->len; j++)
        if (((ExportRegion *) phrase->regions->pdata[j])->id == region->id)
          {
            json_t *sentence = sentence_of (writer, own_ids, phrase);

            json_array_append (ids, json_object_get (sentence, "sent_id"));
            json_array_append_new (sentences, sentence);
            if (came == NULL)
              came = json_object_get (phrase->extra, "ref");
            break;
          }
    }
  if (json_text (came, "split") != NULL)
    json_object_set (ref, "split", json_object_get (came, "split"));
  else
    json_object_set_new (ref, "split", json_string ("train"));
  json_object_set_new (ref, "ref_id", json_integer (writer->n_annotations));
  json_object_set_new (ref, "ann_id", json_integer (writer->n_annotations));
  json_object_set_new (ref, "image_id", json_integer (writer->n_images));
  json_object_set_new (ref, "category_id", json_integer (1));
  json_object_set_new (ref, "file_name", json_string (name));
  json_object_set (ref, "sent_ids", ids);
  json_object_set (ref, "sentences", sentences);
  pickle_put_value (writer->refs, ref);
}

static void
put_image (Export *export, Writer *writer, const ExportImage *image)
{
  g_autofree char *name = export_image_name (export, image);
  g_autoptr (GHashTable) done = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_autoptr (GHashTable) own_ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);

  writer->n_images++;
  g_string_append_printf (writer->images,
                          "%s{\"id\":%" G_GINT64_FORMAT ",\"width\":%.0f,\"height\":%.0f,\"file_name\":",
                          writer->n_images > 1 ? ",\n" : "", writer->n_images, image->width, image->height);
  json_put_text (writer->images, name);
  g_string_append_c (writer->images, '}');
  for (guint i = 0; i < image->captions->len; i++)
    export_lost (export, "captions");
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      if (phrase->regions->len == 0)
        export_lost (export, "phrases without regions");
      for (guint j = 0; j < phrase->regions->len; j++)
        {
          ExportRegion *region = phrase->regions->pdata[j];

          if (!g_hash_table_add (done, &region->id))
            continue;
          if (shape_has_holes (&region->shape))
            export_lost (export, "polygons' holes (filled)");
          writer->n_annotations++;
          put_annotation (writer, region);
          put_ref (writer, own_ids, image, region, name);
        }
    }
}

static gboolean
write_all (Export *export, Writer *writer, GError **error)
{
  GError *local = NULL;

  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next (export, &local);

      if (image == NULL)
        break;
      put_image (export, writer, image);
      if (!out_file_put (writer->images_file, writer->images, FALSE, error) ||
          !out_file_put (writer->annotations_file, writer->annotations, FALSE, error) ||
          !out_file_put (writer->refs_file, writer->refs, FALSE, error))
        return FALSE;
    }
  return help_goes_on (local, error);
}

/* instances.json's lists are written apart and put together: neither is kept in memory. */
static gboolean
join (const char *from, const char *to, GError **error)
{
  g_autoptr (GMappedFile) part = g_mapped_file_new (from, FALSE, error);
  FILE *file = part != NULL ? fopen (to, "ae") : NULL;
  gsize length = part != NULL ? g_mapped_file_get_length (part) : 0;
  gboolean good =
      file != NULL && (length == 0 || fwrite (g_mapped_file_get_contents (part), 1, length, file) == length);

  if (file != NULL && fclose (file) != 0)
    good = FALSE;
  if (!good && error != NULL && *error == NULL)
    project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be written", to);
  return good;
}

static gboolean
refcoco_write (Export *export, const char *target, GError **error)
{
  static const char tail[] = "],\n\"categories\":[{\"id\":1,\"name\":\"phrase\",\"supercategory\":\"phrase\"}]}\n";
  g_autofree char *instances = g_build_filename (target, "instances.json", NULL),
                  *refs = g_build_filename (target, "refs(alidade).p", NULL);
  g_autofree char *annotations = g_build_filename (target, "annotations.part", NULL);
  Writer writer = { .images = g_string_new ("{\"images\":[\n"), .annotations = g_string_new ("],\n\"annotations\":[\n"),
                    .refs = g_string_new (NULL) };
  gboolean good;

  pickle_put_begin (writer.refs);
  g_string_append (writer.refs, "](");
  writer.sent_ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  writer.images_file = out_file_open (instances, error);
  writer.annotations_file = writer.images_file != NULL ? out_file_open (annotations, error) : NULL;
  writer.refs_file = writer.annotations_file != NULL ? out_file_open (refs, error) : NULL;
  good = writer.refs_file != NULL && write_all (export, &writer, error);
  g_string_append (writer.refs, "e");
  pickle_put_end (writer.refs);
  g_string_append (writer.annotations, tail);
  good = good && out_file_put (writer.images_file, writer.images, TRUE, error) &&
         out_file_put (writer.annotations_file, writer.annotations, TRUE, error) &&
         out_file_put (writer.refs_file, writer.refs, TRUE, error);
  if (good)
    {
      good = out_file_close (writer.images_file, error) & out_file_close (writer.annotations_file, error) &
             out_file_close (writer.refs_file, error);
      good = good && join (annotations, instances, error);
    }
  else
    {
      out_file_abandon (writer.images_file);
      out_file_abandon (writer.annotations_file);
      out_file_abandon (writer.refs_file);
    }
  remove (annotations);
  g_string_free (writer.images, TRUE);
  g_string_free (writer.annotations, TRUE);
  g_string_free (writer.refs, TRUE);
  g_hash_table_unref (writer.sent_ids);
  return good;
}

const Format format_refcoco = {
  .name = "refcoco",
  .passes = 2,
  .folder = TRUE,
  .guess = refcoco_guess,
  .read = refcoco_read,
  .write = refcoco_write,
  .keeps_not = "captions and spans, chains and types, phrases without regions, holes in polygons (parts are a union), "
               "scores",
};
