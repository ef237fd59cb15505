/* SPDX-License-Identifier: MIT
 * project-moved.c: the files that imports came from, after their folder has moved: writing back and later imports of
 * them go by these paths. */
#include "database.h"
#include "project.h"

#include "json-items.h"

#include <string.h>

typedef struct
{
  gint64 id;
  char *source, *settings;
} Source;

static void
source_clear (gpointer data)
{
  Source *source = data;

  g_free (source->source);
  g_free (source->settings);
}

/* `path` with `to` in place of `from`, which it is or lies below; NULL if it is elsewhere. */
static char *
replaced_path (const char *path, const char *from, const char *to)
{
  gsize length = strlen (from);

  if (strncmp (path, from, length) != 0 || (path[length] != '/' && path[length] != '\0'))
    return NULL;
  return path[length] == '\0' ? g_strdup (to) : g_build_filename (to, path + length + 1, NULL);
}

/* Where `path` is now, if it is gone from its place. What lay beside the folder may have moved with it: folders above
 * are tried as long as they have one name. NULL: it is where it was, or nowhere. */
static char *
moved_path (const char *path, const char *from, const char *to)
{
  g_autofree char *old = g_strdup (from), *new = g_strdup (to);

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  while (strcmp (old, "/") != 0 && strcmp (new, "/") != 0)
    {
      g_autofree char *moved = replaced_path (path, old, new);
      g_autofree char *old_name = g_path_get_basename (old), *new_name = g_path_get_basename (new);
      char *above;

      if (moved != NULL && g_file_test (moved, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&moved);
      if (strcmp (old_name, new_name) != 0)
        break;
      above = g_path_get_dirname (old);
      g_free (old);
      old = above;
      above = g_path_get_dirname (new);
      g_free (new);
      new = above;
    }
  return NULL;
}

/* Folders that formats remember stand as file: URIs. TRUE if one was moved. */
static gboolean
move_settings (json_t *settings, const char *from, const char *to)
{
  static const char *const names[] = { "images", "folder" };
  gboolean any = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *uri = json_text (settings, names[i]);
      g_autofree char *path = uri != NULL ? g_filename_from_uri (uri, NULL, NULL) : NULL;
      g_autofree char *moved = path != NULL ? moved_path (path, from, to) : NULL;
      g_autofree char *text = moved != NULL ? g_filename_to_uri (moved, NULL, NULL) : NULL;

      if (text == NULL)
        continue;
      json_object_set_new (settings, names[i], json_string (text));
      any = TRUE;
    }
  return any;
}

static gboolean
load_sources (Database *db, GArray *sources, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_statement (db, ENTRY_SOURCES, error);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      const Source source = { column_id (rows, 0),
                              g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1)),
                              g_strdup (column_text (rows, 2)) };

      g_array_append_val (sources, source);
    }
  return code == SQLITE_DONE;
}

static gboolean
move_one (Database *db, const Source *source, const char *from, const char *to, GError **error)
{
  g_autofree char *path = moved_path (source->source, from, to), *text = NULL;
  g_autoptr (json_t) settings = source->settings != NULL ? json_loads (source->settings, 0, NULL) : NULL;
  const char *now = path != NULL ? path : source->source;
  gboolean any = settings != NULL && move_settings (settings, from, to);

  if (path == NULL && !any)
    return TRUE;
  text = settings != NULL ? json_to_text (settings) : NULL;
  return database_run (db, ENTRY_SET_SOURCE, error, "ibs", source->id, now, (gssize) strlen (now), text);
}

gboolean
sources_follow (Database *db, const char *from, const char *to, GError **error)
{
  g_autoptr (GArray) sources = g_array_new (FALSE, FALSE, sizeof (Source));

  g_array_set_clear_func (sources, source_clear);
  if (!load_sources (db, sources, error))
    return FALSE;
  for (guint i = 0; i < sources->len; i++)
    if (!move_one (db, &g_array_index (sources, Source, i), from, to, error))
      return FALSE;
  return TRUE;
}
