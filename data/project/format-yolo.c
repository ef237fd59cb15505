/* SPDX-License-Identifier: MIT
 * format-yolo.c: a text file a picture, beside it or in labels/ for images/: a class and a box (centre, size) or a
 * polygon, all as parts of the upright picture. Names stand in classes.txt, or in data.yaml's `names`. */
#include "format-help.h"

#include "yolo-back.h"
#include "yolo-labels.h"
#include "yolo-names.h"

#include <glib/gstdio.h>

/* Reading ---------------------------------------------------------------------------------------------------------- */

static gboolean
read_line (Import *import, const char *where, gint64 image, const YoloNames *names, const char *line, GError **error)
{
  g_auto (Shape) shape = { 0 };
  ImportRegion region = { .shape = &shape };
  g_autofree char *number = NULL;
  const char *name = NULL;
  GError *local = NULL;
  double width = 0, height = 0;
  gboolean sized = import_image_size (import, image, &width, &height);
  guint64 class = 0;
  YoloLine found = yolo_line_parse (line, width, height, &class, &shape, &region.score);

  if (found == YOLO_EMPTY)
    return TRUE;
  if (found == YOLO_NO_CLASS)
    {
      import_skip (import, where, "it begins with no number of a class");
      return TRUE;
    }
  name = names != NULL ? yolo_names_get (names, class) : NULL;
  if (name == NULL)
    name = number = g_strdup_printf ("%" G_GUINT64_FORMAT, class);
  region.phrase = help_phrase (import, where, image, name, NULL, &local);
  if (region.phrase == 0)
    return help_goes_on (local, error);
  if (!sized)
    import_skip (import, where, "the picture is not found or cannot be read, so its size is not known");
  else if (found == YOLO_NO_SHAPE)
    import_skip (import, where, "neither a box with an area nor a polygon");
  else
    import_region (import, where, &region, &local);
  return help_goes_on (local, error);
}

static gboolean
read_labels (Import *import, const char *path, gint64 image, const YoloNames *names, GError **error)
{
  g_autofree char *text = yolo_labels_read (path), *shown = g_filename_display_name (path);
  guint n = 0;

  if (text == NULL)
    {
      import_skip (import, shown, "it cannot be read, or is larger than 64 MB");
      return TRUE;
    }
  for (char *line = text, *end; line != NULL; line = end)
    {
      g_autofree char *where = g_strdup_printf ("%s, line %u", shown, ++n);

      end = strchr (line, '\n');
      if (end != NULL)
        *end++ = '\0';
      if (!read_line (import, where, image, names, line, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
yolo_read (Import *import, const char *source, GError **error)
{
  g_autoptr (GPtrArray) pairs = NULL;
  g_autoptr (GHashTable) cache = yolo_names_cache ();
  GError *local = NULL;
  gboolean good = TRUE;

  if (!help_is_folder (source, error))
    return FALSE;
  pairs = yolo_pairs (source, import_finder (import));
  for (guint i = 0; good && i < pairs->len; i++)
    {
      const YoloPair *pair = pairs->pdata[i];
      const ImportImage image = { .name = pair->picture != NULL ? pair->picture : pair->name, .beside = pair->picture };
      g_autofree char *shown = g_filename_display_name (pair->labels != NULL ? pair->labels : pair->picture);
      gint64 id = import_image (import, shown, &image, &local);

      good = help_goes_on (local, error) &&
             (id == 0 || pair->labels == NULL ||
              read_labels (import, pair->labels, id, yolo_names_for (cache, pair->labels, source), error));
    }
  return good;
}

static gboolean
yolo_guess (const char *source, gboolean folder, const char *head)
{
  static const char *const names[] = { "classes.txt", "data.yaml", "obj.names" };
  g_autofree char *labels = folder ? g_build_filename (source, "labels", NULL) : NULL;

  for (guint i = 0; folder && i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (source, names[i], NULL);

      if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
        return TRUE;
    }
  return folder && g_file_test (labels, G_FILE_TEST_IS_DIR);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

static guint
class_of (GHashTable *classes, GPtrArray *names, const char *text)
{
  char *name;
  gpointer value;

  if (g_hash_table_lookup_extended (classes, text, NULL, &value))
    return GPOINTER_TO_UINT (value);
  name = g_strdup (text);
  g_hash_table_insert (classes, name, GUINT_TO_POINTER (names->len));
  g_ptr_array_add (names, name);
  return names->len - 1;
}

static void
put_region (Export *export, GString *out, const ExportImage *image, const ExportRegion *region, guint class)
{
  g_auto (Shape) shape = { 0 };
  double width, height;

  export_size (export, image, &width, &height);
  if (width <= 0 || height <= 0)
    {
      export_lost (export, "regions of pictures whose size is not known");
      return;
    }
  if (!export_shape (export, image, region, &shape))
    return;
  if (!yolo_line_put (out, class, &shape, width, height))
    export_lost (export, "masks, holes and parts of polygons (their boxes are kept)");
  g_string_append_c (out, '\n');
}

static gboolean
write_image (Export *export, const char *target, const ExportImage *image, GHashTable *classes, GPtrArray *names,
             GError **error)
{
  g_autofree char *name = export_image_name (export, image), *path = NULL, *folder = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  const char *rest = g_str_has_prefix (name, "images/") ? name + strlen ("images/") : name;

  path = export_path_beside (target, "labels", rest, ".txt");
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      export_lost (export, "pictures whose names differ only in the ending: the labels of all but the first");
      return TRUE;
    }
  for (guint i = 0; i < image->captions->len; i++)
    export_lost (export, "captions");
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      if (phrase->regions->len == 0)
        export_lost (export, "phrases without regions");
      for (guint j = 0; j < phrase->regions->len; j++)
        put_region (export, out, image, phrase->regions->pdata[j], class_of (classes, names, phrase->text));
    }
  folder = g_path_get_dirname (path);
  if (g_mkdir_with_parents (folder, 0777) != 0)
    return project_fail (error, PROJECT_ERROR_FAILED, "The folder %s cannot be made", folder);
  return out_file_write (path, out->str, (gssize) out->len, error);
}

/* The YAML holds any name; a file of lines, for older programs, only what fits on a line. */
static gboolean
write_names (const char *target, const GPtrArray *names, GError **error)
{
  g_autofree char *classes = g_build_filename (target, "classes.txt", NULL);
  g_autofree char *yaml = g_build_filename (target, "data.yaml", NULL);
  g_autoptr (GString) list = g_string_new (NULL), map = g_string_new ("path: .\ntrain: images\nval: images\nnames:");

  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *line = g_strdelimit (g_strdup (names->pdata[i]), "\r\n", ' ');

      g_string_append_printf (list, "%s\n", g_strstrip (line));
      g_string_append_printf (map, "\n  %u: ", i);
      json_put_text (map, names->pdata[i]);
    }
  g_string_append (map, names->len > 0 ? "\n" : " []\n");
  return out_file_write (classes, list->str, (gssize) list->len, error) &&
         out_file_write (yaml, map->str, (gssize) map->len, error);
}

static gboolean
yolo_write (Export *export, const char *target, GError **error)
{
  g_autoptr (GHashTable) classes = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  GError *local = NULL;

  while (TRUE)
    {
      g_autoptr (ExportImage) image = export_next (export, &local);

      if (image == NULL)
        return help_goes_on (local, error) && write_names (target, names, error);
      if (!write_image (export, target, image, classes, names, error))
        return FALSE;
    }
}

const Format format_yolo = {
  .name = "yolo",
  .folder = TRUE,
  .upright = TRUE,
  .guess = yolo_guess,
  .read = yolo_read,
  .write = yolo_write,
  .write_back = yolo_write_back,
  .keeps_not =
      "captions and spans, chains and types, phrases without regions, masks, holes and parts of polygons, which "
      "region several phrases share, scores",
};
