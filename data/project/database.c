/* SPDX-License-Identifier: MIT */
#include "database.h"

#include "project-resources.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MILLISECONDS 10000

struct Database
{
  sqlite3 *handle;
  char *path; /* NULL: in memory */
  sqlite3_stmt *statements[N_STATEMENTS];
  gboolean rollback;
  gboolean durable;
};

static const struct
{
  const char *name;
  const char *sql;
} texts[N_STATEMENTS] = {
#define STATEMENT(name, sql) [name] = { #name, sql },
#include "statements.inc.h"
#undef STATEMENT
};

static const char *const migrations[] = {
  "001-first.sql",
  "002-search.sql",
  "003-proposals.sql",
  "004-library.sql",
};

/* What an import under way has met: how many of equal regions on a phrase; links that were known otherwise. */
static const char temporary[] =
  "CREATE TEMP TABLE seen (phrase INTEGER NOT NULL, identity INTEGER NOT NULL, n INTEGER NOT NULL,"
  " PRIMARY KEY (phrase, identity)) STRICT, WITHOUT ROWID;"
  "CREATE TEMP TABLE met (link INTEGER PRIMARY KEY) STRICT;";

int
database_newest_version (void)
{
  return G_N_ELEMENTS (migrations);
}

sqlite3 *
database_handle (Database *db)
{
  return db->handle;
}

gboolean
database_is_rollback (const Database *db)
{
  return db->rollback;
}

gboolean
database_fail (Database *db, int code, const char *doing, GError **error)
{
  const char *message = db->handle != NULL ? sqlite3_errmsg (db->handle) : sqlite3_errstr (code);
  const char *path = db->path != NULL ? db->path : "the project in memory";

  switch (code & 0xff)
    {
    case SQLITE_FULL:
      return project_fail (error, PROJECT_ERROR_FULL,
                           "%s: the disk is full (%s). Nothing of this step was kept; make space and "
                           "try again.",
                           path, doing);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return project_fail (error, PROJECT_ERROR_BUSY,
                           "%s is locked by another program (%s). Close it, or try again later.", path, doing);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return project_fail (error, PROJECT_ERROR_DAMAGED,
                           "%s is damaged or no Alidade project (%s). Run 'alidade check', and go back to a backup.",
                           path, message);
    case SQLITE_READONLY:
      return project_fail (error, PROJECT_ERROR_FAILED,
                           "%s cannot be written (%s: %s). Check the permissions of the folder.", path, doing, message);
    case SQLITE_INTERRUPT:
      return project_fail (error, PROJECT_ERROR_CANCELLED, "cancelled");
    case SQLITE_IOERR:
      return project_fail (error, PROJECT_ERROR_FAILED,
                           "%s: reading or writing failed (%s: %s, code %d). Is the disk still "
                           "there, and not full?",
                           path, doing, message, code);
    default:
      return project_fail (error, PROJECT_ERROR_FAILED, "%s: %s failed: %s (code %d)", path, doing, message, code);
    }
}

gboolean
database_exec (Database *db, const char *sql, GError **error)
{
  int code = sqlite3_exec (db->handle, sql, NULL, NULL, NULL);

  g_autofree char *doing = code != SQLITE_OK ? g_strndup (sql, 60) : NULL;

  return code == SQLITE_OK || database_fail (db, code, doing, error);
}

/* The single integer or text a pragma answers with; the caller frees. */
static gboolean
pragma_read (Database *db, const char *sql, char **value, GError **error)
{
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2 (db->handle, sql, -1, &statement, NULL);

  if (code == SQLITE_OK)
    code = sqlite3_step (statement);
  if (code == SQLITE_ROW)
    {
      *value = g_strdup ((const char *) sqlite3_column_text (statement, 0));
      sqlite3_finalize (statement);
      return TRUE;
    }
  database_fail (db, code == SQLITE_DONE ? SQLITE_ERROR : code, sql, error);
  sqlite3_finalize (statement);
  return FALSE;
}

static gboolean
pragma_int (Database *db, const char *sql, gint64 *value, GError **error)
{
  g_autofree char *text = NULL;

  if (!pragma_read (db, sql, &text, error))
    return FALSE;
  *value = text != NULL ? g_ascii_strtoll (text, NULL, 10) : 0;
  return TRUE;
}

sqlite3_stmt *
database_statement (Database *db, Statement which, GError **error)
{
  if (db->statements[which] == NULL)
    {
      int code = sqlite3_prepare_v3 (db->handle, texts[which].sql, -1, SQLITE_PREPARE_PERSISTENT,
                                     &db->statements[which], NULL);

      if (code != SQLITE_OK)
        {
          database_fail (db, code, texts[which].name, error);
          return NULL;
        }
    }
  sqlite3_reset (db->statements[which]);
  sqlite3_clear_bindings (db->statements[which]);
  return db->statements[which];
}

static int
bind_all (sqlite3_stmt *statement, const char *types, va_list args)
{
  int code = SQLITE_OK;

  for (int i = 1; *types != '\0' && code == SQLITE_OK; types++, i++)
    switch (*types)
      {
      case 'i':
        code = sqlite3_bind_int64 (statement, i, va_arg (args, gint64));
        break;
      case 'I':
        {
          gint64 value = va_arg (args, gint64);

          code = value != 0 ? sqlite3_bind_int64 (statement, i, value) : sqlite3_bind_null (statement, i);
          break;
        }
      case 'd':
        code = sqlite3_bind_double (statement, i, va_arg (args, double));
        break;
      case 'D':
        {
          double value = va_arg (args, double);

          code = isnan (value) ? sqlite3_bind_null (statement, i) : sqlite3_bind_double (statement, i, value);
          break;
        }
      case 's':
        code = sqlite3_bind_text (statement, i, va_arg (args, const char *), -1, SQLITE_TRANSIENT);
        break;
      case 'b':
        {
          const void *bytes = va_arg (args, const void *);
          gssize length = va_arg (args, gssize);

          code = sqlite3_bind_blob64 (statement, i, bytes, length, SQLITE_TRANSIENT);
          break;
        }
      case 'n':
        code = sqlite3_bind_null (statement, i);
        break;
      default:
        g_assert_not_reached ();
      }
  return code;
}

static sqlite3_stmt *
bind_statement (Database *db, Statement which, GError **error, const char *types, va_list args)
{
  sqlite3_stmt *statement = database_statement (db, which, error);
  int code;

  if (statement == NULL)
    return NULL;
  code = bind_all (statement, types, args);
  if (code == SQLITE_OK)
    return statement;
  database_fail (db, code, texts[which].name, error);
  return NULL;
}

sqlite3_stmt *
database_bind (Database *db, Statement which, GError **error, const char *types, ...)
{
  sqlite3_stmt *statement;
  va_list args;

  va_start (args, types);
  statement = bind_statement (db, which, error, types, args);
  va_end (args);
  return statement;
}

int
database_step (Database *db, sqlite3_stmt *statement, GError **error)
{
  int code = sqlite3_step (statement);

  if (code != SQLITE_ROW && code != SQLITE_DONE)
    {
      int which = 0;

      while (which < N_STATEMENTS && db->statements[which] != statement)
        which++;
      database_fail (db, code, which < N_STATEMENTS ? texts[which].name : sqlite3_sql (statement), error);
    }
  return code;
}

gboolean
database_run (Database *db, Statement which, GError **error, const char *types, ...)
{
  sqlite3_stmt *statement;
  va_list args;
  int code;

  va_start (args, types);
  statement = bind_statement (db, which, error, types, args);
  va_end (args);
  if (statement == NULL)
    return FALSE;
  while ((code = database_step (db, statement, error)) == SQLITE_ROW)
    ;
  database_rows_end (statement);
  return code == SQLITE_DONE;
}

gboolean
database_get (Database *db, Statement which, gint64 *value, gboolean *found, GError **error, const char *types, ...)
{
  sqlite3_stmt *statement;
  va_list args;
  int code;

  va_start (args, types);
  statement = bind_statement (db, which, error, types, args);
  va_end (args);
  if (statement == NULL)
    return FALSE;
  code = database_step (db, statement, error);
  if (code == SQLITE_ROW)
    *value = column_id (statement, 0);
  database_rows_end (statement);
  if (found != NULL)
    *found = code == SQLITE_ROW;
  else if (code == SQLITE_DONE)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "%s: nothing found", texts[which].name);
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

gboolean
database_begin (Database *db, GError **error)
{
  return database_exec (db, "BEGIN IMMEDIATE", error);
}

void
database_rollback (Database *db)
{
  /* Some errors have rolled back already; then there is nothing to do. */
  if (!sqlite3_get_autocommit (db->handle))
    sqlite3_exec (db->handle, "ROLLBACK", NULL, NULL, NULL);
}

gboolean
database_commit (Database *db, GError **error)
{
  if (database_exec (db, "COMMIT", error))
    return TRUE;
  database_rollback (db);
  return FALSE;
}

gboolean
database_set_durable (Database *db, gboolean durable, GError **error)
{
  if (db->path == NULL || durable == db->durable)
    return TRUE;
  if (!database_exec (db, durable || db->rollback ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", error))
    return FALSE;
  db->durable = durable;
  return TRUE;
}

gint64
database_log_bytes (const Database *db)
{
  g_autofree char *log = NULL;
  GStatBuf status;

  if (db->path == NULL || db->rollback)
    return 0;
  log = g_strconcat (db->path, "-wal", NULL);
  return g_stat (log, &status) == 0 ? status.st_size : 0;
}

gboolean
database_checkpoint (Database *db, GError **error)
{
  sqlite3 *second = NULL;
  int code;

  if (db->path == NULL || db->rollback)
    return TRUE;
  code = sqlite3_open_v2 (db->path, &second, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (code == SQLITE_OK)
    {
      sqlite3_busy_timeout (second, 1000);
      code = sqlite3_wal_checkpoint_v2 (second, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    }
  sqlite3_close (second);
  if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED)
    return TRUE;
  return database_fail (db, code, "checkpoint", error);
}

/* Migrations --------------------------------------------------------------------------------------------------- */

static gboolean
migrate_one (Database *db, int version, GError **error)
{
  g_autofree char *name = g_strconcat ("/org/alidade/project/migrations/", migrations[version - 1], NULL);
  g_autoptr (GBytes) bytes =
      g_resource_lookup_data (project_get_resource (), name, G_RESOURCE_LOOKUP_FLAGS_NONE, error);
  g_autofree char *sql = NULL;
  g_autofree char *mark = g_strdup_printf ("PRAGMA user_version = %d", version);
  gsize length;
  const char *text;

  if (bytes == NULL)
    return FALSE;
  text = g_bytes_get_data (bytes, &length);
  sql = g_strndup (text, length);
  if (!database_begin (db, error))
    return FALSE;
  if (!database_exec (db, sql, error) || !database_exec (db, mark, error))
    {
      g_prefix_error (error, "%s: ", migrations[version - 1]);
      database_rollback (db);
      return FALSE;
    }
  return database_commit (db, error);
}

gboolean
database_migrate (Database *db, int version, GError **error)
{
  gint64 now;

  if (!pragma_int (db, "PRAGMA user_version", &now, error))
    return FALSE;
  while (now < version)
    if (!migrate_one (db, (int) ++now, error))
      return FALSE;
  return TRUE;
}

/* Opening ------------------------------------------------------------------------------------------------------ */

/* That the file is one of ours and not from the future. */
static gboolean
check_kind (Database *db, GError **error)
{
  gint64 application, version;

  if (!pragma_int (db, "PRAGMA application_id", &application, error) ||
      !pragma_int (db, "PRAGMA user_version", &version, error))
    return FALSE;
  if (application != DATABASE_APPLICATION_ID)
    return project_fail (error, PROJECT_ERROR_DAMAGED, "%s is no Alidade project.", db->path);
  if (version > database_newest_version ())
    return project_fail (error, PROJECT_ERROR_NEWER,
                         "%s was written by a newer version of Alidade (schema %d; this one "
                         "knows %d). Update Alidade to open it.",
                         db->path, (int) version, database_newest_version ());
  if (version < 1)
    return project_fail (error, PROJECT_ERROR_DAMAGED,
                         "%s holds no project yet: making it was interrupted. Remove it and "
                         "make the project again.",
                         db->path);
  return TRUE;
}

static gboolean
open_handle (Database *db, const char *name, int flags, GError **error)
{
  int code = sqlite3_open_v2 (name, &db->handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

  if (code != SQLITE_OK)
    return database_fail (db, code, "opening", error);
  sqlite3_busy_timeout (db->handle, BUSY_MILLISECONDS);
  return database_exec (db, "PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384", error);
}

static gboolean
open_immutable (Database *db, GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (db->path, "/", FALSE);
  g_autofree char *uri = g_strconcat ("file:", escaped, "?immutable=1", NULL);
  g_autofree char *log = g_strconcat (db->path, "-wal", NULL);
  GStatBuf status;

  if (g_stat (log, &status) == 0 && status.st_size > 0)
    return project_fail (error, PROJECT_ERROR_FAILED,
                         "%s lies in a folder that cannot be written to, and %s holds changes that "
                         "are not in it yet. Copy the whole folder to a place of your own and open that.",
                         db->path, log);
  sqlite3_close (db->handle);
  db->handle = NULL;
  return open_handle (db, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
}

static gboolean
open_to_read (Database *db, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (db->path);
  gboolean writable = access (folder, W_OK) == 0 && access (db->path, W_OK) == 0;
  g_autoptr (GError) local = NULL;

  if (!g_file_test (db->path, G_FILE_TEST_EXISTS))
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no project at %s.", folder);
  if (!writable && errno != EACCES && errno != EROFS && errno != EPERM)
    return project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be read: %s", db->path, g_strerror (errno));
  if (!writable)
    return open_immutable (db, error) && check_kind (db, error);
  return open_handle (db, db->path, SQLITE_OPEN_READWRITE, error) && check_kind (db, error) &&
         database_exec (db, "PRAGMA query_only = ON", error);
}

static gboolean
open_to_write (Database *db, gboolean create, GError **error)
{
  g_autofree char *mode = NULL;

  if (!open_handle (db, db->path, SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0), error))
    return FALSE;
  if (create)
    {
      g_autofree char *mark = g_strdup_printf ("PRAGMA application_id = %d", DATABASE_APPLICATION_ID);

      if (!database_exec (db, mark, error))
        return FALSE;
    }
  else if (!check_kind (db, error))
    return FALSE;
  if (!pragma_read (db, "PRAGMA journal_mode = WAL", &mode, error))
    return FALSE;
  if (g_ascii_strcasecmp (mode, "wal") != 0)
    {
      db->rollback = TRUE;
      g_clear_pointer (&mode, g_free);
      if (!pragma_read (db, "PRAGMA journal_mode = DELETE", &mode, error))
        return FALSE;
    }
  db->durable = TRUE;
  return database_exec (db, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000", error) &&
         database_migrate (db, database_newest_version (), error) &&
         database_exec (db, temporary, error);
}

Database *
database_open (const char *path, DatabaseMode mode, GError **error)
{
  g_autoptr (Database) db = g_new0 (Database, 1);

  db->path = g_strdup (path);
  if (mode == DATABASE_READ ? open_to_read (db, error) : open_to_write (db, mode == DATABASE_CREATE, error))
    return g_steal_pointer (&db);
  return NULL;
}

Database *
database_open_memory (GError **error)
{
  g_autoptr (Database) db = g_new0 (Database, 1);

  if (open_handle (db, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error) &&
      database_migrate (db, database_newest_version (), error) &&
      database_exec (db, temporary, error))
    return g_steal_pointer (&db);
  return NULL;
}

void
database_close (Database *db)
{
  if (db == NULL)
    return;
  for (int i = 0; i < N_STATEMENTS; i++)
    sqlite3_finalize (db->statements[i]);
  sqlite3_close (db->handle);
  g_free (db->path);
  g_free (db);
}
