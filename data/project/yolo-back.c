/* SPDX-License-Identifier: MIT */
#include "yolo-back.h"

#include "export.h"
#include "write-back.h"
#include "yolo-labels.h"
#include "yolo-names.h"

#include <glib/gstdio.h>
#include <string.h>

/* A label file and its picture. */
typedef struct
{
  guint source;     /* which of the Writer's */
  gint64 image;
  char *path;
  gboolean there;
  gboolean changed;
  GArray *news;     /* gint64: links to be added */
} File;

typedef struct
{
  const BackSource *source;
  GHashTable *cache;    /* of names */
  YoloNames *made;      /* a file of names that was not there */
  guint used;           /* classes in lines, the highest number + 1 */
} Source;

typedef struct
{
  Export *export;
  Back *back;
  GPtrArray *sources;   /* Source */
  GPtrArray *files;     /* File */
  GHashTable *of_image; /* project image -> File, of the newest source */
  GHashTable *paths;    /* of label files -> File */
} Writer;

static void
file_free (gpointer data)
{
  File *file = data;

  g_array_unref (file->news);
  g_free (file->path);
  g_free (file);
}

static void
source_free (gpointer data)
{
  Source *source = data;

  g_hash_table_unref (source->cache);
  yolo_names_free (source->made);
  g_free (source);
}

static void
writer_init (Writer *writer, Export *export)
{
  writer->export = export;
  writer->back = back_new (export, TRUE);
  writer->sources = g_ptr_array_new_with_free_func (source_free);
  writer->files = g_ptr_array_new_with_free_func (file_free);
  writer->of_image = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  writer->paths = g_hash_table_new (g_str_hash, g_str_equal);
}

static void
writer_clear (Writer *writer)
{
  g_hash_table_unref (writer->of_image);
  g_hash_table_unref (writer->paths);
  g_ptr_array_unref (writer->files);
  g_ptr_array_unref (writer->sources);
  back_free (writer->back);
}

/* Looking ---------------------------------------------------------------------------------------------------------- */

static YoloNames *
names_of (const Writer *writer, const File *file)
{
  const Source *source = writer->sources->pdata[file->source];
  YoloNames *names = yolo_names_for (source->cache, file->path, source->source->path);

  return names != NULL ? names : source->made;
}

static void
size_of (const BackImage *image, double *width, double *height)
{
  gboolean swapped = image->turn && image->image->orientation >= 5;

  *width = swapped ? image->image->height : image->image->width;
  *height = swapped ? image->image->width : image->image->height;
}

/* What became of a line. */
static gboolean
fate_of (Writer *writer, const File *file, BackImage *image, const char *line, BackFate *fate,
         const ExportRegion **region, GError **error)
{
  Source *source = writer->sources->pdata[file->source];
  const YoloNames *names = names_of (writer, file);
  g_autofree char *number = NULL;
  g_auto (Shape) shape = { 0 };
  const char *name = NULL;
  double width, height, score;
  guint64 class = 0;
  YoloLine found;

  size_of (image, &width, &height);
  found = yolo_line_parse (line, width, height, &class, &shape, &score);
  *fate = BACK_UNKNOWN;
  if (found == YOLO_REGION || found == YOLO_NO_SHAPE)
    source->used = MAX (source->used, (guint) class + 1);
  if (found != YOLO_REGION || width <= 0 || height <= 0)
    return TRUE;
  name = names != NULL ? yolo_names_get (names, class) : NULL;
  if (name == NULL)
    name = number = g_strdup_printf ("%" G_GUINT64_FORMAT, class);
  return back_fate (writer->back, image, name, &shape, fate, region, error);
}

static gboolean
look_through (Writer *writer, File *file, GError **error)
{
  BackImage *image = back_image (writer->back, file->image, 0, 0, error);
  g_autofree char *text = image != NULL && file->there ? yolo_labels_read (file->path) : NULL;
  g_auto (GStrv) lines = text != NULL ? g_strsplit (text, "\n", -1) : NULL;

  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    {
      const ExportRegion *region;
      BackFate fate;

      if (!fate_of (writer, file, image, lines[i], &fate, &region, error))
        return FALSE;
      file->changed = file->changed || fate == BACK_CHANGED || fate == BACK_GONE;
    }
  back_end_file (writer->back);
  return image != NULL;
}

static gboolean
look_at_pair (Writer *writer, guint source, const char *root, const YoloPair *pair, GError **error)
{
  const BackSource *of = ((Source *) writer->sources->pdata[source])->source;
  g_autofree char *missing = pair->picture == NULL ? g_canonicalize_filename (pair->name, root) : NULL;
  const char *picture = pair->picture != NULL ? pair->picture : missing;
  GError *local = NULL;
  gint64 image = back_image_at (writer->back, picture, &local);
  File *file;

  if (image == 0)
    {
      if (local != NULL)
        g_propagate_error (error, local);
      return local == NULL;
    }
  if (pair->labels != NULL && (file = g_hash_table_lookup (writer->paths, pair->labels)) != NULL)
    {
      if (file->image != image)
        export_lost (writer->export, "pictures that share their label file with another");
      return TRUE; /* or one folder lies in another that was imported as well */
    }
  file = g_new0 (File, 1);
  file->source = source;
  file->image = image;
  file->there = pair->labels != NULL;
  file->path = pair->labels != NULL ? g_strdup (pair->labels) : yolo_labels_place (of->path, of->images, picture);
  file->news = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_ptr_array_add (writer->files, file);
  if (!g_hash_table_contains (writer->paths, file->path))
    g_hash_table_insert (writer->paths, file->path, file);
  /* A picture with labels elsewhere comes a second time, with them. */
  if (!g_hash_table_contains (writer->of_image, &image) ||
      (file->there && !((File *) g_hash_table_lookup (writer->of_image, &image))->there))
    g_hash_table_replace (writer->of_image, g_memdup2 (&image, sizeof image), file);
  return look_through (writer, file, error);
}

static gboolean
look_at_source (Writer *writer, const BackSource *of, GError **error)
{
  g_autoptr (ImageFinder) finder = image_finder_new (of->images);
  g_autoptr (GPtrArray) pairs = NULL;
  Source *source = g_new0 (Source, 1);

  source->source = of;
  source->cache = yolo_names_cache ();
  g_ptr_array_add (writer->sources, source);
  if (!g_file_test (of->path, G_FILE_TEST_IS_DIR))
    return project_fail (error, PROJECT_ERROR_NOT_FOUND,
                         "There is no folder %s any more, from which labels were imported.", of->path);
  pairs = yolo_pairs (of->path, finder);
  for (guint i = 0; i < pairs->len; i++)
    if (!look_at_pair (writer, writer->sources->len - 1, image_finder_folder (finder), pairs->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
share_news (Writer *writer, GError **error)
{
  GError *local = NULL;

  export_rewind (writer->export);
  while (TRUE)
    {
      g_autoptr (ExportImage) bare = export_next_bare (writer->export, &local);
      BackImage *image;
      File *file;

      if (bare == NULL)
        break;
      file = g_hash_table_lookup (writer->of_image, &bare->id);
      image = back_image (writer->back, bare->id, 0, 0, error);
      if (image == NULL || !back_fill (writer->back, image, error))
        return FALSE;
      for (guint i = 0; i < image->image->phrases->len; i++)
        {
          const ExportPhrase *phrase = image->image->phrases->pdata[i];

          for (guint j = 0; j < phrase->regions->len; j++)
            {
              const ExportRegion *region = phrase->regions->pdata[j];

              if (!back_is_new (writer->back, image, phrase, region))
                continue;
              if (file == NULL)
                {
                  export_lost (writer->export, "regions of pictures that are not in these folders");
                  continue;
                }
              g_array_append_val (file->news, region->link);
              file->changed = TRUE;
            }
        }
    }
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, local);
  return FALSE;
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

/* The class of a phrase: by its name, a number that has no name, or a new one. */
static gboolean
class_of (Writer *writer, const File *file, const char *text, guint *class)
{
  Source *source = writer->sources->pdata[file->source];
  YoloNames *names = names_of (writer, file);
  guint64 number;

  if (g_ascii_string_to_unsigned (text, 10, 0, 999999, &number, NULL) &&
      (names == NULL || yolo_names_get (names, number) == NULL))
    {
      g_autofree char *plain = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

      *class = (guint) number;
      if (strcmp (plain, text) == 0)
        return TRUE;
    }
  if (names == NULL)
    {
      g_autofree char *path = g_build_filename (source->source->path, "classes.txt", NULL);

      names = source->made = yolo_names_new (path, source->used);
    }
  if (yolo_names_find (names, text, class))
    return TRUE;
  export_lost (writer->export, "regions of phrases that a file with a name a line cannot hold");
  return FALSE;
}

static gboolean
put_line (Writer *writer, const BackImage *image, const ExportRegion *region, guint class, GString *out)
{
  g_auto (Shape) shape = { 0 };
  double width, height;

  size_of (image, &width, &height);
  if (width <= 0 || height <= 0)
    {
      export_lost (writer->export, "regions of pictures whose size is not known");
      return FALSE;
    }
  if (!back_shape (writer->back, image, region, &shape))
    return FALSE;
  if (!yolo_line_put (out, class, &shape, width, height))
    export_lost (writer->export, "masks, holes and parts of polygons (their boxes are kept)");
  return TRUE;
}

/* One line of the file as it is to be, with its end. */
static gboolean
rewrite_line (Writer *writer, const File *file, BackImage *image, const char *line, gsize length, GString *out,
              GError **error)
{
  g_autofree char *bare = g_strndup (line, length);
  ExportReport *report = export_report (writer->export);
  const ExportRegion *region = NULL;
  gsize start = out->len;
  BackFate fate;

  if (!fate_of (writer, file, image, bare, &fate, &region, error))
    return FALSE;
  if (fate == BACK_GONE)
    {
      report->removed++;
      return TRUE;
    }
  if (fate == BACK_CHANGED)
    {
      guint class = (guint) g_ascii_strtod (bare, NULL);

      if (put_line (writer, image, region, class, out))
        {
          report->changed++;
          g_string_append (out, length > 0 && line[length - 1] == '\r' ? "\r\n" : "\n");
          return TRUE;
        }
      g_string_truncate (out, start);
    }
  g_string_append_len (out, line, (gssize) length);
  g_string_append (out, line[length] == '\n' ? "\n" : "");
  return TRUE;
}

static void
add_news (Writer *writer, const File *file, const BackImage *image, gboolean carriage, GString *out)
{
  for (guint i = 0; i < image->image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->image->phrases->pdata[i];

      for (guint j = 0; j < phrase->regions->len; j++)
        {
          const ExportRegion *region = phrase->regions->pdata[j];
          gboolean new = FALSE;
          guint class;

          for (guint k = 0; k < file->news->len; k++)
            new = new || g_array_index (file->news, gint64, k) == region->link;
          if (!new || !class_of (writer, file, phrase->text, &class))
            continue;
          if (out->len > 0 && out->str[out->len - 1] != '\n')
            g_string_append (out, carriage ? "\r\n" : "\n");
          if (!put_line (writer, image, region, class, out))
            continue;
          g_string_append (out, carriage ? "\r\n" : "\n");
          export_report (writer->export)->added++;
        }
    }
}

static gboolean
write_text (Writer *writer, const char *path, const char *text, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GString) all = g_string_new (text);
  OutFile *out;

  if (g_mkdir_with_parents (folder, 0777) != 0)
    return project_fail (error, PROJECT_ERROR_FAILED, "The folder %s cannot be made", folder);
  out = back_file_begin (writer->back, path, error);
  return out != NULL && out_file_put (out, all, TRUE, error) && back_file_end (writer->back, error);
}

static gboolean
write_file (Writer *writer, const File *file, GError **error)
{
  BackImage *image = back_image (writer->back, file->image, 0, 0, error);
  g_autofree char *text = file->there ? yolo_labels_read (file->path) : g_strdup ("");
  g_autoptr (GString) out = g_string_new (NULL);

  if (image == NULL || !back_fill (writer->back, image, error))
    return FALSE;
  if (text == NULL)
    return project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be read any more", file->path);
  for (const char *line = text, *end; *line != '\0'; line = *end == '\n' ? end + 1 : end)
    {
      end = line + strcspn (line, "\n");
      if (!rewrite_line (writer, file, image, line, (gsize) (end - line), out, error))
        return FALSE;
    }
  back_end_file (writer->back);
  add_news (writer, file, image, strstr (text, "\r\n") != NULL, out);
  return strcmp (out->str, text) == 0 || write_text (writer, file->path, out->str, error);
}

static gboolean
write_names (Writer *writer, YoloNames *names, GError **error)
{
  g_autofree char *text = NULL;

  if (names == NULL || !yolo_names_changed (names))
    return TRUE;
  text = yolo_names_text (names);
  return write_text (writer, yolo_names_path (names), text, error);
}

static gboolean
write_all (Writer *writer, GError **error)
{
  for (guint i = 0; i < writer->files->len; i++)
    if (((File *) writer->files->pdata[i])->changed && !write_file (writer, writer->files->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < writer->sources->len; i++)
    {
      Source *source = writer->sources->pdata[i];
      GHashTableIter iter;
      gpointer names;

      g_hash_table_iter_init (&iter, source->cache);
      while (g_hash_table_iter_next (&iter, NULL, &names))
        if (!write_names (writer, names, error))
          return FALSE;
      if (!write_names (writer, source->made, error))
        return FALSE;
    }
  return back_commit (writer->back, error);
}

gboolean
yolo_write_back (Export *export, GError **error)
{
  Writer writer = { 0 };
  const GPtrArray *sources;
  gboolean good;

  writer_init (&writer, export);
  sources = back_sources (writer.back, error);
  good = sources != NULL;
  for (guint i = 0; good && i < sources->len; i++)
    good = look_at_source (&writer, sources->pdata[i], error);
  good = good && share_news (&writer, error) && write_all (&writer, error);
  writer_clear (&writer);
  return good;
}
