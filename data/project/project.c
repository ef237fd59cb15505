/* SPDX-License-Identifier: MIT */
#include "project.h"

#include "database.h"
#include "search.h"
#include "picture-files.h"
#include "writer-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define DATABASE_NAME "project.alidade"
#define SLICE 500

struct Project
{
  char *folder;
  Database *db;
  WriterLock *lock; /* NULL: reading */
};

Database *
project_database (Project *project)
{
  return project->db;
}

const char *
project_folder (const Project *project)
{
  return project->folder;
}

void
project_close (Project *project)
{
  if (project == NULL)
    return;
  database_close (project->db);
  writer_lock_release (project->lock);
  g_free (project->folder);
  g_free (project);
}

static void
sync_folder (const char *folder)
{
  int file = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (file < 0)
    return;
  fsync (file); /* some file systems refuse to; their names are durable anyway or never */
  close (file);
}

Project *
project_create (const char *folder, GError **error)
{
  g_autoptr (Project) project = g_new0 (Project, 1);
  g_autofree char *path = g_build_filename (folder, DATABASE_NAME, NULL), *beside = NULL;

  project->folder = g_canonicalize_filename (folder, NULL);
  if (g_mkdir (folder, 0777) != 0 && errno != EEXIST)
    {
      project_fail (error, PROJECT_ERROR_FAILED, "The folder %s cannot be made: %s", folder, g_strerror (errno));
      return NULL;
    }
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      project_fail (error, PROJECT_ERROR_EXISTS, "There is a project at %s already; nothing was changed.", folder);
      return NULL;
    }
  if ((project->lock = writer_lock_take (folder, error)) == NULL)
    return NULL;
  /* Made beside and then named, so that there is a whole project or none. */
  beside = g_strdup_printf ("%s.part-%d", path, (int) getpid ());
  g_unlink (beside);
  project->db = database_open (beside, DATABASE_CREATE, error);
  if (project->db == NULL)
    {
      g_unlink (beside);
      return NULL;
    }
  g_clear_pointer (&project->db, database_close);
  if (g_rename (beside, path) != 0)
    {
      project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be written: %s", path, g_strerror (errno));
      g_unlink (beside);
      return NULL;
    }
  sync_folder (folder);
  if ((project->db = database_open (path, DATABASE_WRITE, error)) == NULL)
    return NULL;
  return g_steal_pointer (&project);
}

/* What a killed import had shown but not yet indexed; search_progress says how far it came. */
static gboolean
finish_index (Project *project, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean found;
  gint64 any;

  if (!database_get (project->db, PROGRESS_ANY, &any, &found, error, ""))
    return FALSE;
  /* Where that fails (a full disk), the next writer tries again: nobody's records depend on it. */
  if (found && !search_index (project, NULL, NULL, &local))
    g_debug ("index: %s", local->message);
  return TRUE;
}

Project *
project_open (const char *folder, gboolean write, GError **error)
{
  g_autoptr (Project) project = g_new0 (Project, 1);
  g_autofree char *path = g_build_filename (folder, DATABASE_NAME, NULL);

  project->folder = g_canonicalize_filename (folder, NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no project at %s (no %s in it). 'alidade new' makes one.",
                    folder, DATABASE_NAME);
      return NULL;
    }
  if (write && (project->lock = writer_lock_take (folder, error)) == NULL)
    return NULL;
  if ((project->db = database_open (path, write ? DATABASE_WRITE : DATABASE_READ, error)) == NULL)
    return NULL;
  if (write && (!project_purge (project, 0, error) || !picture_files_settle (project, error) ||
                !finish_index (project, error)))
    return NULL;
  return g_steal_pointer (&project);
}

Project *
project_open_memory (GError **error)
{
  g_autoptr (Project) project = g_new0 (Project, 1);

  project->folder = g_strdup ("/");
  if ((project->db = database_open_memory (error)) == NULL)
    return NULL;
  return g_steal_pointer (&project);
}

/* Purging ------------------------------------------------------------------------------------------------------- */

/* Runs `which` (several statements of one slice, in order) until the last one changes nothing. */
static gboolean
purge_slices (Project *project, gint64 entry, const Statement *which, guint n, GError **error)
{
  Database *db = project->db;
  int changed;

  do
    {
      if (!database_begin (db, error))
        return FALSE;
      for (guint i = 0; i < n; i++)
        if (!database_run (db, which[i], error, "ii", entry, (gint64) SLICE))
          {
            database_rollback (db);
            return FALSE;
          }
      changed = sqlite3_changes (database_handle (db));
      if (!database_commit (db, error))
        return FALSE;
    }
  while (changed > 0);
  return TRUE;
}

static gboolean
purge_entry (Project *project, gint64 entry, GError **error)
{
  static const Statement links[] = { PURGE_LINKS };
  static const Statement regions[] = { PURGE_REGION_REVISIONS, PURGE_REGIONS };
  static const Statement phrases[] = { PURGE_SPANS, PURGE_PHRASE_REVISIONS, PURGE_PHRASES };
  static const Statement captions[] = { PURGE_CAPTION_REVISIONS, PURGE_CAPTIONS };
  static const Statement entities[] = { PURGE_ENTITIES };
  static const Statement images[] = { PURGE_IMAGES };
  static const Statement back[] = { TAKEN_IMAGES_BACK, TAKEN_CAPTIONS_BACK, TAKEN_PHRASES_BACK, TAKEN_REGIONS_BACK,
                                    TAKEN_LINKS_BACK, TAKEN_FORGET, PROGRESS_FORGET, ENTRY_DELETE };
  Database *db = project->db;

  if (!database_begin (db, error))
    return FALSE;
  for (guint i = 0; i < 5; i++)
    if (!database_run (db, back[i], error, "i", entry))
      {
        database_rollback (db);
        return FALSE;
      }
  if (!database_commit (db, error) || !purge_slices (project, entry, links, 1, error) ||
      !purge_slices (project, entry, regions, 2, error) || !purge_slices (project, entry, phrases, 3, error) ||
      !purge_slices (project, entry, captions, 2, error) || !purge_slices (project, entry, entities, 1, error) ||
      !purge_slices (project, entry, images, 1, error) || !database_begin (db, error))
    return FALSE;
  for (guint i = 5; i < G_N_ELEMENTS (back); i++)
    if (!database_run (db, back[i], error, "i", entry))
      {
        database_rollback (db);
        return FALSE;
      }
  return database_commit (db, error);
}

gboolean
project_purge (Project *project, gint64 entry, GError **error)
{
  while (TRUE)
    {
      gint64 next = entry;
      gboolean found = TRUE;

      if (entry == 0 && !database_get (project->db, ENTRY_PENDING, &next, &found, error, ""))
        return FALSE;
      if (!found)
        return TRUE;
      if (!purge_entry (project, next, error))
        return FALSE;
      if (entry != 0)
        return TRUE;
    }
}

gboolean
project_count (Project *project, ProjectCounts *counts, GError **error)
{
  Database *db = project->db;

  return database_get (db, COUNT_IMAGES, &counts->images, NULL, error, "") &&
         database_get (db, COUNT_CAPTIONS, &counts->captions, NULL, error, "") &&
         database_get (db, COUNT_PHRASES, &counts->phrases, NULL, error, "") &&
         database_get (db, COUNT_REGIONS, &counts->regions, NULL, error, "") &&
         database_get (db, COUNT_VERDICTS, &counts->verdicts, NULL, error, "") &&
         database_get (db, COUNT_MISSING, &counts->missing, NULL, error, "");
}

/* Backup and compaction ------------------------------------------------------------------------------------------ */

gboolean
project_backup (Project *project, const char *target, GError **error)
{
  g_autofree char *beside = g_strdup_printf ("%s.part-%d", target, (int) getpid ());
  g_autofree char *copy = g_build_filename (beside, DATABASE_NAME, NULL);
  sqlite3 *out = NULL;
  sqlite3_backup *backup;
  int code;

  if (g_file_test (target, G_FILE_TEST_EXISTS))
    return project_fail (error, PROJECT_ERROR_EXISTS, "%s is there already; nothing was copied.", target);
  if (g_mkdir (beside, 0777) != 0)
    return project_fail (error, PROJECT_ERROR_FAILED, "The folder %s cannot be made: %s", beside, g_strerror (errno));
  code = sqlite3_open_v2 (copy, &out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_exec (out, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
  if (code == SQLITE_OK)
    {
      backup = sqlite3_backup_init (out, "main", database_handle (project->db), "main");
      /* One step: a snapshot. Readers and the writer go on, since the log keeps what they need. */
      code = backup != NULL ? sqlite3_backup_step (backup, -1) : sqlite3_errcode (out);
      if (backup != NULL)
        {
          int finish = sqlite3_backup_finish (backup);

          if (code == SQLITE_DONE)
            code = finish;
        }
    }
  if (code == SQLITE_OK)
    code = sqlite3_close (out);
  else
    sqlite3_close (out);
  if (code == SQLITE_OK)
    {
      sync_folder (beside);
      if (g_rename (beside, target) == 0)
        {
          g_autofree char *parent = g_path_get_dirname (target);

          sync_folder (parent);
          return TRUE;
        }
      project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be named %s: %s", beside, target, g_strerror (errno));
    }
  else
    project_fail (error, (code & 0xff) == SQLITE_FULL ? PROJECT_ERROR_FULL : PROJECT_ERROR_FAILED,
                  "The copy to %s failed: %s", target, sqlite3_errstr (code));
  g_unlink (copy);
  g_rmdir (beside);
  return FALSE;
}

gboolean
project_compact (Project *project, GError **error)
{
  if (!database_exec (project->db, "INSERT INTO search_text (search_text) VALUES ('optimize'); "
                                   "INSERT INTO search_name (search_name) VALUES ('optimize'); VACUUM; ANALYZE", error))
    return FALSE;
  return database_checkpoint (project->db, error);
}
