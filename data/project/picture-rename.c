/* SPDX-License-Identifier: MIT */
#include "picture-rename.h"

#include "database.h"
#include "picture-files.h"
#include "search.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

void
picture_rename_clear (PictureRename *rename)
{
  g_clear_pointer (&rename->before, g_free);
  g_clear_pointer (&rename->after, g_free);
}

static void
sync_folder_of (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int file = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (file < 0)
    return;
  fsync (file); /* some file systems refuse to; their names are durable anyway or never */
  close (file);
}

/* Never overwrites: by the kernel's own rule where the file system has it, else by a second name. */
static gboolean
rename_file (const char *before, const char *after)
{
  if (renameat2 (AT_FDCWD, before, AT_FDCWD, after, RENAME_NOREPLACE) == 0)
    return TRUE;
  if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
    return FALSE;
  if (link (before, after) == 0)
    return unlink (before) == 0;
  if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
    return FALSE;
  /* No second names either: looking first is the best there is. */
  if (access (after, F_OK) == 0)
    {
      errno = EEXIST;
      return FALSE;
    }
  return g_rename (before, after) == 0;
}

static char *
blob_text (sqlite3_stmt *rows, int column)
{
  return g_strndup (sqlite3_column_blob (rows, column), sqlite3_column_bytes (rows, column));
}

/* Where the file is now, and where it would be. */
static gboolean
find_paths (Database *db, gint64 image, gint64 name_id, PictureRename *rename, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, FILE_PATHS, error, "ii", image, name_id);
  g_autofree char *root = NULL, *now = NULL, *then = NULL;
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  if (code != SQLITE_ROW)
    return code == SQLITE_DONE
               ? project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no image %" G_GINT64_FORMAT ".", image)
               : FALSE;
  root = blob_text (rows, 0);
  now = blob_text (rows, 1);
  then = blob_text (rows, 2);
  rename->image = image;
  rename->before = g_build_filename (root, now, NULL);
  rename->after = g_build_filename (root, then, NULL);
  return TRUE;
}

static gboolean
forget_begun (Database *db, gint64 image, GError **error)
{
  return database_run (db, RENAME_END, error, "i", image);
}

gboolean
picture_rename_begin (Project *project, gint64 image, gint64 name_id, PictureRename *rename, GError **error)
{
  Database *db = project_database (project);
  int failed;

  if (!find_paths (db, image, name_id, rename, error) || !database_set_durable (db, TRUE, error))
    return FALSE;
  if (!g_file_test (rename->before, G_FILE_TEST_IS_REGULAR))
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "%s is not there, so that it cannot be renamed.", rename->before);
  if (!database_run (db, RENAME_BEGIN, error, "ibb", image, rename->before, (gssize) strlen (rename->before), rename->after,
                     (gssize) strlen (rename->after)))
    return FALSE;
  if (rename_file (rename->before, rename->after))
    {
      sync_folder_of (rename->after);
      return TRUE;
    }
  failed = errno;
  forget_begun (db, image, NULL); /* one that is left does no harm: the file is where it was */
  return project_fail (error, failed == EEXIST ? PROJECT_ERROR_EXISTS : PROJECT_ERROR_FAILED,
                       "%s cannot be renamed to %s: %s. Nothing was changed.", rename->before, rename->after,
                       g_strerror (failed));
}

gboolean
picture_rename_keep (Database *db, const PictureRename *rename, GError **error)
{
  return rename->before == NULL || forget_begun (db, rename->image, error);
}

void
picture_rename_revert (Project *project, PictureRename *rename)
{
  if (rename->before == NULL)
    return;
  /* If this fails as well, what was written down stays, and the next writer tries again. */
  if (rename_file (rename->after, rename->before))
    {
      sync_folder_of (rename->before);
      forget_begun (project_database (project), rename->image, NULL);
    }
}

gboolean
picture_rename_index (Database *db, gint64 image, gint64 from_name, gint64 to_name, GError **error)
{
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (DatabaseRows) rows = database_bind (db, FILE_NAME, error, "i", i == 0 ? from_name : to_name);
      g_autofree char *path = NULL;

      if (rows == NULL || database_step (db, rows, error) != SQLITE_ROW)
        return FALSE;
      path = blob_text (rows, 1);
      if (!(i == 0 ? search_delete_name (db, image, path, error) : search_add_name (db, image, path, error)))
        return FALSE;
    }
  return TRUE;
}

gboolean
picture_files_settle (Project *project, GError **error)
{
  Database *db = project_database (project);

  while (TRUE)
    {
      g_auto (PictureRename) rename = { 0 };
      sqlite3_stmt *rows = database_statement (db, RENAME_LEFT, error);
      int code;

      if (rows == NULL)
        return FALSE;
      code = database_step (db, rows, error);
      if (code == SQLITE_ROW)
        {
          rename.image = column_id (rows, 0);
          rename.before = blob_text (rows, 1);
          rename.after = blob_text (rows, 2);
        }
      database_rows_end (rows);
      if (code != SQLITE_ROW)
        return code == SQLITE_DONE;
      if (!g_file_test (rename.before, G_FILE_TEST_EXISTS) && g_file_test (rename.after, G_FILE_TEST_EXISTS) &&
          !rename_file (rename.after, rename.before))
        g_warning ("%s was renamed to %s, which the project does not know; it could not be put back: %s", rename.before,
                   rename.after, g_strerror (errno));
      if (!forget_begun (db, rename.image, error))
        return FALSE;
    }
}
