/* SPDX-License-Identifier: MIT */
#include "folder-scan.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

/* The first batch is small, so that the window has something to show at once. */
#define FIRST_BATCH 48
#define BATCH 512

#define SCENES_LIMIT (64 * 1024 * 1024) /* bytes of a scenes.json */

typedef struct
{
  char *path;
  char *key; /* collation key: natural order */
} Entry;

typedef struct
{
  const AlidadeScanRequest *request;
  GCancellable *cancellable;
  AlidadeScanBatch batch_func;
  gpointer batch_data;
  AlidadeScanResult *result;
  GPtrArray *batch;    /* AlidadePicture */
  GHashTable *visited; /* "device:inode" of folders entered */
} Scan;

static void
entry_clear (gpointer data)
{
  Entry *entry = data;

  g_free (entry->path);
  g_free (entry->key);
}

static int
entry_compare (gconstpointer a, gconstpointer b)
{
  const Entry *left = a, *right = b;
  int order = strcmp (left->key, right->key);

  return order != 0 ? order : strcmp (left->path, right->path);
}

static GArray *
entries_new (void)
{
  GArray *entries = g_array_new (FALSE, FALSE, sizeof (Entry));

  g_array_set_clear_func (entries, entry_clear);
  return entries;
}

static void
entries_add (GArray *entries, const char *folder, const char *name)
{
  g_autofree char *display = g_filename_display_name (name);
  Entry entry = { g_build_filename (folder, name, NULL), g_utf8_collate_key_for_filename (display, -1) };

  g_array_append_val (entries, entry);
}

gboolean
alidade_scan_is_picture_name (const char *name)
{
  static const char *const extensions[] = { "png", "jpg", "jpeg", "webp", "ppm", "pgm" };
  const char *dot = strrchr (name, '.');

  if (dot == NULL || dot == name)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (extensions); i++)
    if (g_ascii_strcasecmp (dot + 1, extensions[i]) == 0)
      return TRUE;
  return FALSE;
}

static void
scan_error (Scan *scan, const char *format, const char *path, const char *reason)
{
  g_autofree char *name = g_filename_display_name (path);

  if (scan->result->error == NULL) /* the first one is told; the rest is likely the same */
    {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
      scan->result->error = g_strdup_printf (format, name, reason);
#pragma GCC diagnostic pop
    }
}

static void
scan_flush (Scan *scan)
{
  if (scan->batch->len == 0)
    return;
  scan->batch_func (scan->batch_data, g_steal_pointer (&scan->batch));
  scan->batch = g_ptr_array_new_with_free_func (g_object_unref);
}

static gboolean
path_is_below (const char *path, const char *folder)
{
  gsize length = folder != NULL ? strlen (folder) : 0;

  return length > 0 && strncmp (path, folder, length) == 0 && path[length] == G_DIR_SEPARATOR;
}

/* Returns the picture, borrowed until the batch is handed over; NULL beyond the limit. */
static AlidadePicture *
scan_add (Scan *scan, const char *path, const char *caption, const char *unreadable)
{
  AlidadePicture *picture;

  if (scan->result->n_pictures >= ALIDADE_SCAN_PICTURES)
    {
      scan_error (scan, "“%s” holds more than %s pictures: the rest is left out. Open a smaller folder.", path,
                  G_STRINGIFY (ALIDADE_SCAN_PICTURES));
      return NULL;
    }
  picture = alidade_picture_new (path, caption, path_is_below (path, scan->request->samples));
  if (unreadable != NULL)
    alidade_picture_set_state (picture, ALIDADE_PICTURE_UNREADABLE, unreadable);
  g_ptr_array_add (scan->batch, picture);
  scan->result->n_pictures++;
  if (scan->batch->len >= (scan->result->n_pictures <= FIRST_BATCH ? FIRST_BATCH : BATCH))
    scan_flush (scan);
  return picture;
}

/* FALSE if the folder was entered before. */
static gboolean
scan_enter (Scan *scan, const struct stat *info)
{
  return g_hash_table_add (scan->visited, g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
                                                           (guint64) info->st_dev, (guint64) info->st_ino));
}

static void
scan_folder (Scan *scan, const char *folder, int depth)
{
  g_autoptr (GArray) pictures = entries_new ();
  g_autoptr (GArray) folders = entries_new ();
  struct dirent *item;
  struct stat info;
  DIR *stream;

  stream = depth <= ALIDADE_SCAN_DEPTH ? opendir (folder) : NULL;
  if (stream == NULL)
    {
      if (depth == 0)
        scan_error (scan, "The folder “%s” cannot be read: %s. Check its permissions, or choose another one.", folder,
                    g_strerror (errno));
      else
        scan->result->n_skipped_folders++;
      return;
    }
  if (fstat (dirfd (stream), &info) != 0 || !scan_enter (scan, &info))
    {
      closedir (stream);
      return;
    }
  while ((errno = 0, item = readdir (stream)) != NULL && !g_cancellable_is_cancelled (scan->cancellable))
    {
      gboolean is_folder = item->d_type == DT_DIR, is_file = item->d_type == DT_REG;

      if (item->d_name[0] == '.')
        continue;
      if ((item->d_type == DT_LNK || item->d_type == DT_UNKNOWN)
          && fstatat (dirfd (stream), item->d_name, &info, 0) == 0)
        {
          is_folder = S_ISDIR (info.st_mode);
          is_file = S_ISREG (info.st_mode);
        }
      if (is_folder)
        entries_add (folders, folder, item->d_name);
      else if (is_file && alidade_scan_is_picture_name (item->d_name))
        entries_add (pictures, folder, item->d_name);
    }
  if (errno != 0 && depth == 0)
    scan_error (scan, "The folder “%s” was read only in part: %s.", folder, g_strerror (errno));
  closedir (stream);

  g_array_sort (pictures, entry_compare);
  for (guint i = 0; i < pictures->len && !g_cancellable_is_cancelled (scan->cancellable); i++)
    if (scan_add (scan, g_array_index (pictures, Entry, i).path, NULL, NULL) == NULL)
      return;
  g_array_set_size (pictures, 0); /* not held while going down */
  g_array_sort (folders, entry_compare);
  for (guint i = 0; i < folders->len && !g_cancellable_is_cancelled (scan->cancellable); i++)
    scan_folder (scan, g_array_index (folders, Entry, i).path, depth + 1);
}

/* A list [{"image": name, "caption": text}]; further members are not ours. */
static void
scan_scenes (Scan *scan, const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "scenes.json", NULL);
  json_error_t json_error;
  struct stat info;
  json_t *scenes;

  if (stat (path, &info) != 0)
    {
      scan_error (scan, "“%s” cannot be read: %s.", path, g_strerror (errno));
      return;
    }
  if (!S_ISREG (info.st_mode) || info.st_size > SCENES_LIMIT)
    {
      scan_error (scan, "“%s” is not a list of scenes%s.", path, "");
      return;
    }
  scenes = json_load_file (path, JSON_ALLOW_NUL, &json_error);
  if (!json_is_array (scenes))
    {
      scan_error (scan, "“%s” is not a list of scenes: %s.", path, scenes == NULL ? json_error.text : "no list in it");
      json_decref (scenes);
      return;
    }
  for (gsize i = 0; i < json_array_size (scenes) && !g_cancellable_is_cancelled (scan->cancellable); i++)
    {
      const json_t *scene = json_array_get (scenes, i);
      const char *name = json_string_value (json_object_get (scene, "image"));
      g_autofree char *image = NULL;

      if (name == NULL || name[0] == '\0')
        continue;
      image = g_path_is_absolute (name) ? g_strdup (name) : g_build_filename (folder, name, NULL);
      if (scan_add (scan, image, json_string_value (json_object_get (scene, "caption")), NULL) == NULL)
        break;
    }
  json_decref (scenes);
}

/* One path that the person named. A missing picture is listed too: showing it tells what is wrong. */
static void
scan_path (Scan *scan, const char *path)
{
  struct stat info;
  const gboolean is_there = stat (path, &info) == 0;
  const int saved = errno;

  if (is_there && S_ISDIR (info.st_mode))
    scan_folder (scan, path, 0);
  else if (scan->request->any_name || alidade_scan_is_picture_name (path))
    scan_add (scan, path, NULL,
              is_there && !S_ISREG (info.st_mode) ? "This is not a file with a picture in it." : NULL);
  else if (!is_there)
    scan_error (scan, "The folder “%s” cannot be read: %s. Choose another one.", path, g_strerror (saved));
}

void
alidade_scan_run (const AlidadeScanRequest *request, GCancellable *cancellable, AlidadeScanBatch batch,
                  gpointer user_data, AlidadeScanResult *result)
{
  g_autoptr (GHashTable) visited = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Scan scan = {
    .request = request,
    .cancellable = cancellable,
    .batch_func = batch,
    .batch_data = user_data,
    .result = result,
    .batch = g_ptr_array_new_with_free_func (g_object_unref),
    .visited = visited,
  };

  *result = (AlidadeScanResult) { 0 };
  if (request->scenes)
    scan_scenes (&scan, request->paths[0]);
  else
    for (guint i = 0; request->paths[i] != NULL && !g_cancellable_is_cancelled (cancellable); i++)
      scan_path (&scan, request->paths[i]);
  scan_flush (&scan);
  g_ptr_array_unref (scan.batch);
}
