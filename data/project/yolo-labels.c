/* SPDX-License-Identifier: MIT */
#include "yolo-labels.h"

#include "json-text.h"
#include "work-meter.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_LIMIT (64u << 20)
#define CLASSES_LIMIT 1000000
#define FIELDS_LIMIT 1000000

/* Files ------------------------------------------------------------------------------------------------------------ */

static void
pair_free (gpointer data)
{
  YoloPair *pair = data;

  g_free (pair->picture);
  g_free (pair->name);
  g_free (pair->labels);
  g_free (pair);
}

static char *
without_ending (const char *path)
{
  const char *dot = strrchr (path, '.');

  return dot != NULL && strchr (dot, '/') == NULL ? g_strndup (path, (gsize) (dot - path)) : g_strdup (path);
}

/* The rest of `path` below `folder`, or NULL. */
static const char *
below (const char *path, const char *folder)
{
  gsize length = strlen (folder);

  if (strcmp (folder, "/") == 0)
    return path + 1;
  return strncmp (path, folder, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

static gboolean
is_label_file (const char *path)
{
  static const char *const others[] = { "classes.txt", "train.txt", "val.txt", "test.txt", "trainval.txt",
                                       "autosplit_train.txt",
                                        "autosplit_val.txt", "autosplit_test.txt", "readme.txt", "readme.dataset.txt",
                                        "readme.roboflow.txt" };
  g_autofree char *base = g_path_get_basename (path);

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    if (g_ascii_strcasecmp (base, others[i]) == 0)
      return FALSE;
  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

/* "a/images/b/x" -> "a/labels/b/x.txt"; NULL where no folder is called images. */
static char *
in_labels (const char *stem)
{
  const char *found = g_strrstr (stem, "/images/");
  g_autofree char *head = found != NULL ? g_strndup (stem, (gsize) (found - stem)) : NULL;

  return head != NULL ? g_strconcat (head, "/labels/", found + strlen ("/images/"), ".txt", NULL) : NULL;
}

static char *
labels_of (const char *picture)
{
  g_autofree char *stem = without_ending (picture), *beside = g_strconcat (stem, ".txt", NULL);
  g_autofree char *apart = in_labels (stem);

  if (is_label_file (beside))
    return g_steal_pointer (&beside);
  return apart != NULL && is_label_file (apart) ? g_steal_pointer (&apart) : NULL;
}

/* "FOLDER/REST.jpg" or with another ending that pictures have. */
static char *
picture_at (const char *folder, const char *inner, const char *rest)
{
  static const char *const endings[] = { "jpg", "jpeg", "png", "webp", "JPG", "JPEG", "PNG", "jpe", "WEBP" };

  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree char *path = g_strconcat (folder, "/", inner, rest, ".", endings[i], NULL);

      if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer (&path);
    }
  return NULL;
}

/* Of labels apart from their pictures. */
static YoloPair *
pair_for (const char *labels, const char *source, ImageFinder *finder)
{
  g_autofree char *stem = without_ending (labels), *base = g_path_get_basename (stem);
  const char *rest = below (stem, source), *images = image_finder_folder (finder);
  YoloPair *pair = g_new0 (YoloPair, 1);

  if (rest == NULL)
    rest = base;
  if (g_str_has_prefix (rest, "labels/"))
    rest += strlen ("labels/");
  pair->labels = g_strdup (labels);
  pair->name = g_strconcat (rest, ".jpg", NULL);
  pair->picture = picture_at (images, "", rest);
  if (pair->picture == NULL)
    pair->picture = picture_at (images, "images/", rest);
  if (pair->picture == NULL)
    image_finder_find_stem (finder, base, &pair->picture);
  return pair;
}

GPtrArray *
yolo_pairs (const char *source, ImageFinder *finder)
{
  GPtrArray *pairs = g_ptr_array_new_with_free_func (pair_free);
  g_autoptr (GPtrArray) pictures = files_below (source, NULL), texts = files_below (source, ".txt");
  g_autoptr (GHashTable) used = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < pictures->len; i++)
    {
      YoloPair *pair = g_new0 (YoloPair, 1);

      pair->picture = g_strdup (pictures->pdata[i]);
      pair->name = g_strdup (pictures->pdata[i]);
      pair->labels = labels_of (pair->picture);
      if (pair->labels != NULL)
        g_hash_table_add (used, pair->labels);
      g_ptr_array_add (pairs, pair);
    }
  for (guint i = 0; i < texts->len; i++)
    if (!g_hash_table_contains (used, texts->pdata[i]) && is_label_file (texts->pdata[i]))
      g_ptr_array_add (pairs, pair_for (texts->pdata[i], source, finder));
  return pairs;
}

char *
yolo_labels_place (const char *source, const char *images, const char *picture)
{
  g_autofree char *stem = without_ending (picture), *folder = NULL;
  const char *rest = below (stem, images), *found = g_strrstr (stem, "/images/");

  if (found != NULL)
    {
      g_autofree char *head = g_strndup (stem, (gsize) (found - stem));

      folder = g_build_filename (head, "labels", NULL);
      if (g_file_test (folder, G_FILE_TEST_IS_DIR))
        return in_labels (stem);
    }
  if (below (stem, source) != NULL || rest == NULL)
    return g_strconcat (stem, ".txt", NULL);
  g_free (folder);
  folder = g_build_filename (source, "labels", NULL);
  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    return g_strconcat (source, "/", rest, ".txt", NULL);
  return g_strconcat (folder, "/", g_str_has_prefix (rest, "images/") ? rest + strlen ("images/") : rest, ".txt", NULL);
}

char *
yolo_labels_read (const char *path)
{
  struct stat status;
  char *text = NULL;

  if (stat (path, &status) != 0 || status.st_size > FILE_LIMIT || !g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  work_meter_count (status.st_size);
  return text;
}

/* Lines ------------------------------------------------------------------------------------------------------------ */

static gboolean
read_number (const char **at, double *number)
{
  char *end;

  *number = g_ascii_strtod (*at, &end);
  if (end == *at || strchr (" \t\r", *end) == NULL || !isfinite (*number))
    return FALSE;
  *at = end + strspn (end, " \t\r");
  return TRUE;
}

static gboolean
box_of (const double *field, double width, double height, Shape *shape)
{
  double cx = field[0] * width, cy = field[1] * height, w = field[2] * width, h = field[3] * height;

  return w > 0 && h > 0 && shape_set_box (shape, cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2);
}

YoloLine
yolo_line_parse (const char *line, double width, double height, guint64 *class, Shape *shape, double *score)
{
  g_autoptr (GArray) fields = g_array_new (FALSE, FALSE, sizeof (double));
  const char *at = line + (g_str_has_prefix (line, "\xef\xbb\xbf") ? 3 : 0);
  double number;

  at += strspn (at, " \t\r");
  *score = NAN;
  if (*at == '\0')
    return YOLO_EMPTY;
  /* Some programs write the class as "3.0". */
  if (!read_number (&at, &number) || number < 0 || number >= CLASSES_LIMIT || number != floor (number))
    return YOLO_NO_CLASS;
  *class = (guint64) number;
  while (*at != '\0' && fields->len < FIELDS_LIMIT)
    {
      if (!read_number (&at, &number))
        return YOLO_NO_SHAPE;
      g_array_append_val (fields, number);
    }
  if (fields->len == 5 || (fields->len > 6 && fields->len % 2 == 1))
    {
      *score = g_array_index (fields, double, fields->len - 1);
      g_array_set_size (fields, fields->len - 1);
    }
  if (fields->len == 4)
    return box_of ((const double *) (void *) fields->data, width, height, shape) ? YOLO_REGION : YOLO_NO_SHAPE;
  if (fields->len < 6 || fields->len % 2 == 1)
    return YOLO_NO_SHAPE;
  for (guint i = 0; i < fields->len; i += 2)
    shape_add_point (shape, g_array_index (fields, double, i) * width, g_array_index (fields, double, i + 1) * height);
  shape_end_ring (shape);
  return shape_finish_polygon (shape, SHAPE_EVENODD) ? YOLO_REGION : YOLO_NO_SHAPE;
}

static void
put_part (GString *out, double part)
{
  g_autofree char *text = number_text (part);

  g_string_append_printf (out, " %s", text);
}

gboolean
yolo_line_put (GString *out, guint class, const Shape *shape, double width, double height)
{
  g_string_append_printf (out, "%u", class);
  if (shape->kind == SHAPE_POLYGON && shape->rings->len == 1)
    {
      for (guint i = 0; i < shape->points->len; i++)
        put_part (out, g_array_index (shape->points, double, i) / (i % 2 == 0 ? width : height));
      return TRUE;
    }
  put_part (out, (shape->box[0] + shape->box[2]) / 2 / width);
  put_part (out, (shape->box[1] + shape->box[3]) / 2 / height);
  put_part (out, (shape->box[2] - shape->box[0]) / width);
  put_part (out, (shape->box[3] - shape->box[1]) / height);
  return shape->kind == SHAPE_BOX;
}
