/* SPDX-License-Identifier: MIT
 * project-pictures.c: what a project knows about the files of its pictures: full hashes, filled in when nobody waits,
 * and new content that a person takes as the picture's. */
#include "database.h"
#include "picture-facts.h"
#include "project.h"

#include <string.h>

typedef struct
{
  gint64 id;
  char *path;
} Picture;

static void
picture_clear (Picture *picture)
{
  g_clear_pointer (&picture->path, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Picture, picture_clear)

/* The next one that `which` finds behind `after`; *found FALSE at the end. */
static gboolean
next_picture (Database *db, Statement which, gint64 after, Picture *picture, gboolean *found, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, which, error, "i", after);
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  *found = code == SQLITE_ROW;
  if (*found)
    {
      g_autofree char *name = g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1));
      g_autofree char *root = g_strndup (sqlite3_column_blob (rows, 2), sqlite3_column_bytes (rows, 2));

      picture->id = column_id (rows, 0);
      picture->path = g_build_filename (root, name, NULL);
    }
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* Whether the file is still the one whose quick hash the project has. */
static gboolean
is_same_file (Database *db, gint64 id, const char *path, gboolean *same, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, IMAGE_GET, error, "i", id);
  PictureFacts facts;
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  *same = code == SQLITE_ROW && picture_facts_read (path, &facts) &&
          g_strcmp0 (column_text (rows, 10), facts.quick_hash) == 0;
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

gboolean
project_hash_pictures (Project *project, gint64 longest, gint64 *after, gint64 *n, gboolean *done, GError **error)
{
  Database *db = project_database (project);
  gint64 began = g_get_monotonic_time ();

  *done = FALSE;
  do
    {
      g_auto (Picture) picture = { 0 };
      char hash[65];
      gboolean found, same;

      if (!next_picture (db, IMAGE_UNHASHED, *after, &picture, &found, error))
        return FALSE;
      if (!found)
        {
          *done = TRUE;
          return TRUE;
        }
      *after = picture.id;
      if (!picture_full_hash (picture.path, hash))
        continue;
      if (!is_same_file (db, picture.id, picture.path, &same, error))
        return FALSE;
      if (!same)
        continue; /* missing or new content: a check tells */
      if (!database_set_durable (db, FALSE, error) ||
          !database_run (db, IMAGE_SET_FULL_HASH, error, "is", picture.id, hash) ||
          !database_set_durable (db, TRUE, error))
        return FALSE;
      (*n)++;
    }
  while (g_get_monotonic_time () - began < longest);
  return TRUE;
}

gboolean
project_accept_pictures (Project *project, gint64 image, gint64 *n, GError **error)
{
  Database *db = project_database (project);
  gint64 after = image != 0 ? image - 1 : 0;

  *n = 0;
  while (TRUE)
    {
      g_auto (Picture) picture = { 0 };
      PictureFacts facts;
      gboolean found;

      if (!next_picture (db, IMAGE_CHANGED, after, &picture, &found, error))
        return FALSE;
      if (!found || (image != 0 && picture.id != image))
        return TRUE;
      after = picture.id;
      if (!picture_facts_read (picture.path, &facts))
        continue;
      if (!database_run (db, IMAGE_REFRESH, error, "iiisiiis", picture.id, facts.size, facts.mtime, facts.quick_hash,
                         (gint64) facts.width, (gint64) facts.height, (gint64) facts.orientation, "ok"))
        return FALSE;
      (*n)++;
    }
}
