/* SPDX-License-Identifier: MIT
 * format-yolo.c: a text file a picture, beside it or in labels/ for images/: a class and a box (centre, size) or a
 * polygon, all as parts of the upright picture. Names stand in classes.txt, or in data.yaml's `names`. */
#include "format-help.h"

#include "image-finder.h"

#include <glib/gstdio.h>

typedef struct
{
  Import *import;
  GPtrArray *names; /* char *, NULL where there is none */
} Reader;

static void
set_name (GPtrArray *names, guint64 index, const char *text, gboolean yaml)
{
  g_autofree char *name = g_strstrip (g_strdup (text));
  gsize length = strlen (name);

  if (index > 1000000)
    return;
  if (yaml && length >= 2 && (name[0] == '"' || name[0] == '\'') && name[length - 1] == name[0])
    {
      name[length - 1] = '\0';
      memmove (name, name + 1, length - 1);
    }
  if (names->len <= index)
    g_ptr_array_set_size (names, (int) index + 1);
  g_free (names->pdata[index]);
  names->pdata[index] = g_steal_pointer (&name);
}

/* `names: [a, b]`, or lines "- a" or "0: a" below `names:`. Our own data.yaml writes the latter with quotes. */
static void
parse_yaml (const char *text, GPtrArray *names)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  gboolean inside = FALSE;
  guint next = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *line = lines[i];

      if (g_str_has_prefix (line, "names:"))
        {
          char *open = strchr (line, '['), *close = strrchr (line, ']');

          inside = open == NULL;
          if (open != NULL && close != NULL && close > open)
            {
              g_auto (GStrv) parts = NULL;

              *close = '\0';
              parts = g_strsplit (open + 1, ",", -1);
              for (guint j = 0; parts[j] != NULL; j++)
                set_name (names, j, parts[j], TRUE);
            }
          continue;
        }
      if (!inside || *g_strchug (line) == '\0' || *line == '#')
        continue;
      if (g_str_has_prefix (line, "- "))
        set_name (names, next++, line + 2, TRUE);
      else if (g_ascii_isdigit (*line))
        {
          char *end;
          guint64 index = g_ascii_strtoull (line, &end, 10);

          if (*end == ':')
            set_name (names, index, end + 1, TRUE);
        }
      else
        inside = FALSE;
    }
}

static void
load_names (Reader *reader, const char *source)
{
  g_autoptr (GPtrArray) yamls = files_below (source, ".yaml"), texts = files_below (source, "classes.txt");
  g_autofree char *text = NULL, *own = g_build_filename (source, "classes.txt", NULL);

  if (g_file_get_contents (own, &text, NULL, NULL) || (texts->len > 0 && g_file_get_contents (texts->pdata[0], &text, NULL, NULL)))
    {
      g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

      for (guint i = 0; lines[i] != NULL; i++)
        if (*g_strstrip (lines[i]) != '\0')
          set_name (reader->names, i, lines[i], FALSE);
    }
  else if (yamls->len > 0 && g_file_get_contents (yamls->pdata[0], &text, NULL, NULL))
    parse_yaml (text, reader->names);
}

static gboolean
parse_line (const char *const *fields, guint n, double width, double height, Shape *shape)
{
  double cx, cy, w, h;

  if (n > 5 && n % 2 == 1)
    {
      for (guint i = 1; i + 1 < n; i += 2)
        shape_add_point (shape, g_ascii_strtod (fields[i], NULL) * width, g_ascii_strtod (fields[i + 1], NULL) * height);
      shape_end_ring (shape);
      return shape_finish_polygon (shape, SHAPE_EVENODD);
    }
  if (n != 5)
    return FALSE;
  cx = g_ascii_strtod (fields[1], NULL) * width;
  cy = g_ascii_strtod (fields[2], NULL) * height;
  w = g_ascii_strtod (fields[3], NULL) * width;
  h = g_ascii_strtod (fields[4], NULL) * height;
  return w > 0 && h > 0 && shape_set_box (shape, cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2);
}

static gboolean
read_line (Reader *reader, const char *where, gint64 image, const char *line, GError **error)
{
  g_auto (GStrv) raw = g_strsplit_set (line, " \t\r", -1);
  g_autoptr (GPtrArray) fields = g_ptr_array_new ();
  g_auto (Shape) shape = { 0 };
  ImportRegion region = { .shape = &shape, .score = NAN };
  g_autofree char *number = NULL;
  GError *local = NULL;
  double width, height;
  guint64 class;
  const char *name = NULL;

  for (guint i = 0; raw[i] != NULL; i++)
    if (*raw[i] != '\0')
      g_ptr_array_add (fields, raw[i]);
  if (fields->len == 0)
    return TRUE;
  if (!g_ascii_string_to_unsigned (fields->pdata[0], 10, 0, 1000000, &class, NULL))
    {
      import_skip (reader->import, where, "no number of a class");
      return TRUE;
    }
  if (class < reader->names->len)
    name = reader->names->pdata[class];
  if (name == NULL)
    name = number = g_strdup (fields->pdata[0]);
  region.phrase = help_phrase (reader->import, where, image, name, NULL, &local);
  if (region.phrase == 0)
    return help_goes_on (local, error);
  if (!import_image_size (reader->import, image, &width, &height))
    {
      import_skip (reader->import, where, "the picture is missing, and its size with it");
      return TRUE;
    }
  if (!parse_line ((const char *const *) fields->pdata, fields->len, width, height, &shape))
    {
      import_skip (reader->import, where, "neither a box with an area nor a polygon");
      return TRUE;
    }
  import_region (reader->import, where, &region, &local);
  return help_goes_on (local, error);
}

static gboolean
read_labels (Reader *reader, const char *path, gint64 image, GError **error)
{
  g_autofree char *text = NULL, *name = g_filename_display_name (path);
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return TRUE;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *where = g_strdup_printf ("%s, line %u", name, i + 1);

      if (!read_line (reader, where, image, lines[i], error))
        return FALSE;
    }
  return TRUE;
}

/* "a/images/b/x.jpg" -> "a/labels/b/x.txt", or beside it. NULL: there is none. */
static char *
labels_of (const char *picture, const char *source)
{
  g_autofree char *stem = g_strdup (picture), *beside = NULL;
  char *found;

  *strrchr (stem, '.') = '\0';
  beside = g_strconcat (stem, ".txt", NULL);
  if (g_file_test (beside, G_FILE_TEST_IS_REGULAR))
    return g_steal_pointer (&beside);
  found = g_strrstr (stem, "/images/");
  if (found != NULL)
    {
      g_autofree char *head = g_strndup (stem, found - stem);
      g_autofree char *other = g_strconcat (head, "/labels/", found + strlen ("/images/"), ".txt", NULL);

      if (g_file_test (other, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer (&other);
    }
  return NULL;
}

static gboolean
is_list (const char *path)
{
  static const char *const lists[] = { "classes.txt", "train.txt", "val.txt", "test.txt", "README.txt", NULL };
  g_autofree char *base = g_path_get_basename (path);

  return g_strv_contains (lists, base);
}

/* Labels apart from their pictures (--images): labels/b/x.txt is of b/x.jpg, else of the one picture called x. */
static gboolean
read_apart (Reader *reader, const char *path, const char *source, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path), *stem = g_path_get_basename (path), *name = NULL;
  GError *local = NULL;
  ImportImage image = { .stem = stem };
  gint64 id;

  *strrchr (stem, '.') = '\0';
  name = g_strconcat (stem, ".jpg", NULL);
  image.name = name;
  id = import_image (reader->import, shown, &image, &local);
  return help_goes_on (local, error) && (id == 0 || read_labels (reader, path, id, error));
}

static gboolean
yolo_read (Import *import, const char *source, GError **error)
{
  g_autoptr (GPtrArray) pictures = files_below (source, NULL), texts = files_below (source, ".txt");
  g_autoptr (GHashTable) used = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Reader reader = { .import = import, .names = g_ptr_array_new_with_free_func (g_free) };
  GError *local = NULL;
  gboolean good = TRUE;

  load_names (&reader, source);
  for (guint i = 0; good && i < pictures->len; i++)
    {
      const ImportImage image = { .name = pictures->pdata[i], .beside = pictures->pdata[i] };
      gint64 id = import_image (import, pictures->pdata[i], &image, &local);
      g_autofree char *labels = labels_of (pictures->pdata[i], source);

      good = help_goes_on (local, error) && (id == 0 || labels == NULL || read_labels (&reader, labels, id, error));
      if (labels != NULL)
        g_hash_table_add (used, g_steal_pointer (&labels));
    }
  for (guint i = 0; good && i < texts->len; i++)
    if (!g_hash_table_contains (used, texts->pdata[i]) && !is_list (texts->pdata[i]))
      good = read_apart (&reader, texts->pdata[i], source, error);
  g_ptr_array_unref (reader.names);
  return good;
}

static gboolean
yolo_guess (const char *source, gboolean folder, const char *head)
{
  g_autofree char *classes = folder ? g_build_filename (source, "classes.txt", NULL) : NULL;
  g_autofree char *yaml = folder ? g_build_filename (source, "data.yaml", NULL) : NULL;
  g_autofree char *labels = folder ? g_build_filename (source, "labels", NULL) : NULL;

  return folder && (g_file_test (classes, G_FILE_TEST_IS_REGULAR) || g_file_test (yaml, G_FILE_TEST_IS_REGULAR) ||
                    g_file_test (labels, G_FILE_TEST_IS_DIR));
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

/* A text on one line that classes.txt can hold. */
static char *
class_name (Export *export, const char *text)
{
  g_autofree char *line = g_strdup (text);

  g_strdelimit (line, "\r\n", ' ');
  g_strstrip (line);
  if (strcmp (line, text) != 0)
    export_lost (export, "line ends and outer spaces of phrases");
  return g_steal_pointer (&line);
}

static guint
class_of (Export *export, GHashTable *classes, GPtrArray *names, const char *text)
{
  char *name = class_name (export, text);
  gpointer value;

  if (g_hash_table_lookup_extended (classes, name, NULL, &value))
    {
      g_free (name);
      return GPOINTER_TO_UINT (value);
    }
  g_hash_table_insert (classes, name, GUINT_TO_POINTER (names->len));
  g_ptr_array_add (names, name);
  return names->len - 1;
}

static void
put_part (GString *out, double part)
{
  g_autofree char *text = number_text (part);

  g_string_append_printf (out, " %s", text);
}

static void
put_region (Export *export, GString *out, const ExportImage *image, const ExportRegion *region, guint class)
{
  g_auto (Shape) shape = { 0 };
  double w, h;

  export_size (export, image, &w, &h);
  if (w <= 0 || h <= 0)
    {
      export_lost (export, "regions of pictures whose size is not known");
      return;
    }
  if (!export_shape (export, image, region, &shape))
    return;
  if (shape.kind == SHAPE_MASK || (shape.kind == SHAPE_POLYGON && (shape.rings->len > 1 || shape.points->len < 6)))
    {
      export_lost (export, "masks, holes and parts of polygons (their boxes are kept)");
      shape.kind = SHAPE_BOX;
    }
  g_string_append_printf (out, "%u", class);
  if (shape.kind == SHAPE_POLYGON)
    for (guint i = 0; i < shape.points->len; i++)
      put_part (out, g_array_index (shape.points, double, i) / (i % 2 == 0 ? w : h));
  else
    {
      put_part (out, (shape.box[0] + shape.box[2]) / 2 / w);
      put_part (out, (shape.box[1] + shape.box[3]) / 2 / h);
      put_part (out, (shape.box[2] - shape.box[0]) / w);
      put_part (out, (shape.box[3] - shape.box[1]) / h);
    }
  g_string_append_c (out, '\n');
}

static gboolean
write_image (Export *export, const char *target, const ExportImage *image, GHashTable *classes, GPtrArray *names, GError **error)
{
  g_autofree char *name = export_image_name (export, image), *path = NULL, *folder = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  const char *rest = g_str_has_prefix (name, "images/") ? name + strlen ("images/") : name;

  for (guint i = 0; i < image->captions->len; i++)
    export_lost (export, "captions");
  for (guint i = 0; i < image->phrases->len; i++)
    {
      const ExportPhrase *phrase = image->phrases->pdata[i];

      if (phrase->regions->len == 0)
        export_lost (export, "phrases without regions");
      for (guint j = 0; j < phrase->regions->len; j++)
        put_region (export, out, image, phrase->regions->pdata[j], class_of (export, classes, names, phrase->text));
    }
  path = export_path_beside (target, "labels", rest, ".txt");
  folder = g_path_get_dirname (path);
  if (g_mkdir_with_parents (folder, 0777) != 0)
    return project_fail (error, PROJECT_ERROR_FAILED, "The folder %s cannot be made", folder);
  return out_file_write (path, out->str, out->len, error);
}

static gboolean
write_names (const char *target, const GPtrArray *names, GError **error)
{
  g_autofree char *classes = g_build_filename (target, "classes.txt", NULL), *yaml = g_build_filename (target, "data.yaml", NULL);
  g_autoptr (GString) list = g_string_new (NULL), map = g_string_new ("path: .\ntrain: images\nval: images\nnames:\n");

  for (guint i = 0; i < names->len; i++)
    {
      g_string_append_printf (list, "%s\n", (char *) names->pdata[i]);
      g_string_append_printf (map, "  %u: ", i);
      json_put_text (map, names->pdata[i]);
      g_string_append_c (map, '\n');
    }
  return out_file_write (classes, list->str, list->len, error) && out_file_write (yaml, map->str, map->len, error);
}

static gboolean
yolo_write (Export *export, const char *target, GError **error)
{
  g_autoptr (GHashTable) classes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
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
  .keeps_not = "captions and spans, phrases without regions, masks, holes and parts of polygons, which region several phrases share, "
               "scores",
};
