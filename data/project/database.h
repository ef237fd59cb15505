/* SPDX-License-Identifier: MIT
 * One connection to a project's database: opened with its laws (foreign keys, WAL, migrations), its statements
 * prepared once, every result code checked. A connection belongs to one thread at a time. */
#pragma once

#include "project-error.h"
#include "statements.h"

#include <sqlite3.h>

G_BEGIN_DECLS

#define DATABASE_APPLICATION_ID 0x416c4461 /* "AlDa" */

typedef struct Database Database;

typedef enum
{
  DATABASE_READ,
  DATABASE_WRITE,  /* the caller holds the writer's lock */
  DATABASE_CREATE  /* likewise; the file must not be there yet */
} DatabaseMode;

/* Opens `path`. Reading needs no lock; in a folder nobody can write to it reads the file as it is, and refuses if
 * a log of unwritten changes lies beside it. Errors: NEWER, DAMAGED, FAILED. Free with database_close(). */
Database *database_open (const char *path, DatabaseMode mode, GError **error);
/* An empty project in memory: for tests and fuzzers. */
Database *database_open_memory (GError **error);
void database_close (Database *db);

sqlite3 *database_handle (Database *db);

/* Whether readers may have to wait: the file system takes no write-ahead log. */
gboolean database_is_rollback (const Database *db);

/* The newest schema this program knows. */
int database_newest_version (void);

/* Applies migrations up to `version` (tests stop earlier); each in one transaction. */
gboolean database_migrate (Database *db, int version, GError **error);

/* Transactions. A failed commit is rolled back. */
gboolean database_begin (Database *db, GError **error);
gboolean database_commit (Database *db, GError **error);
void database_rollback (Database *db);

/* Whether commits are synced at once (a person's record) or with the next one that is (batches of a background
 * job). In rollback mode they always are. */
gboolean database_set_durable (Database *db, gboolean durable, GError **error);

/* Moves the log into the file through a connection of its own, as far as readers allow. TRUE also when it could not. */
gboolean database_checkpoint (Database *db, GError **error);
gint64 database_log_bytes (const Database *db);

/* A statement, reset and without values; NULL on error. Borrowed: it is the connection's. */
sqlite3_stmt *database_statement (Database *db, Statement which, GError **error);

/* Binds by letters: i gint64, I gint64 with 0 as NULL, d double, D double with NaN as NULL, s text or NULL,
 * b blob (pointer, gssize; NULL pointer as NULL), n NULL. */
sqlite3_stmt *database_bind (Database *db, Statement which, GError **error, const char *types, ...);
/* Runs a statement that returns nothing. */
gboolean database_run (Database *db, Statement which, GError **error, const char *types, ...);
/* First column of the first row into `value`; *found tells whether there was one (may be NULL: none is an error). */
gboolean database_get (Database *db, Statement which, gint64 *value, gboolean *found, GError **error,
                       const char *types, ...);
/* SQLITE_ROW, SQLITE_DONE, or another code with `error` set. */
int database_step (Database *db, sqlite3_stmt *statement, GError **error);

/* SQL that is used once (pragmas, maintenance). */
gboolean database_exec (Database *db, const char *sql, GError **error);

/* `error` from the connection's last failure; `doing` says at what. Returns FALSE. */
gboolean database_fail (Database *db, int code, const char *doing, GError **error);

/* Columns as C values; the text lives until the next step. */
#define column_id(s, i) ((gint64) sqlite3_column_int64 (s, i))
#define column_text(s, i) ((const char *) sqlite3_column_text (s, i))

/* Statements return to their start at the end of the block. */
typedef sqlite3_stmt DatabaseRows;
static inline void
database_rows_end (DatabaseRows *rows)
{
  sqlite3_reset (rows);
  sqlite3_clear_bindings (rows);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Database, database_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DatabaseRows, database_rows_end)

G_END_DECLS
