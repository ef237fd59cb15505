/* SPDX-License-Identifier: MIT
 * project-check.c: whether a project is sound, and which of its pictures are gone, changed or back again. */
#include "database.h"
#include "picture-facts.h"
#include "project.h"

#include <string.h>

void
project_check_clear (ProjectCheck *check)
{
  g_clear_pointer (&check->problems, g_ptr_array_unref);
  g_clear_pointer (&check->notes, g_ptr_array_unref);
}

static void
add (GPtrArray *sentences, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
add (GPtrArray *sentences, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (sentences, g_strdup_vprintf (format, args));
  va_end (args);
}

/* Rows of a pragma that say anything but "ok". */
static gboolean
run_pragma (Database *db, const char *sql, const char *what, GPtrArray *problems, GError **error)
{
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2 (database_handle (db), sql, -1, &statement, NULL);

  if (code == SQLITE_OK)
    while ((code = sqlite3_step (statement)) == SQLITE_ROW)
      {
        const char *text = (const char *) sqlite3_column_text (statement, 0);

        if (g_strcmp0 (text, "ok") != 0 && problems->len < 1000)
          add (problems, "%s: %s", what, text != NULL ? text : "?");
      }
  sqlite3_finalize (statement);
  if (code == SQLITE_DONE)
    return TRUE;
  if ((code & 0xff) == SQLITE_CORRUPT)
    {
      add (problems, "%s: %s", what, sqlite3_errmsg (database_handle (db)));
      return TRUE;
    }
  return database_fail (db, code, sql, error);
}

typedef struct
{
  gint64 id, size, mtime;
  char *path, *state, *hash, *full_hash;
} Known;

static void
known_clear (Known *known)
{
  g_free (known->path);
  g_free (known->state);
  g_free (known->hash);
  g_free (known->full_hash);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Known, known_clear)

static gboolean
next_image (Database *db, gint64 after, Known *known, gboolean *found, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, IMAGE_NEXT, error, "i", after);
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  *found = code == SQLITE_ROW;
  if (*found)
    {
      g_autofree char *root = g_strndup (sqlite3_column_blob (rows, 2), sqlite3_column_bytes (rows, 2));
      g_autofree char *name = g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1));

      known->id = column_id (rows, 0);
      known->path = g_build_filename (root, name, NULL);
      known->state = g_strdup (column_text (rows, 6));
      known->size = column_id (rows, 8);
      known->mtime = column_id (rows, 9);
      known->hash = g_strdup (column_text (rows, 10));
      known->full_hash = g_strdup (column_text (rows, 11));
    }
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* The quick hash sees the size and both ends; a newer file is read as a whole where that is known. */
static gboolean
is_same (const Known *known, const PictureFacts *facts)
{
  char hash[65];

  if (known->hash == NULL)
    return TRUE;
  if (strcmp (known->hash, facts->quick_hash) != 0)
    return FALSE;
  if (known->full_hash == NULL || known->mtime == facts->mtime)
    return TRUE;
  return !picture_full_hash (known->path, hash) || strcmp (hash, known->full_hash) == 0;
}

/* One picture against the disk: what it is now, and with `repair` written down. */
static gboolean
check_image (Database *db, const Known *known, gboolean repair, ProjectCheck *check, GError **error)
{
  PictureFacts facts;
  gboolean there = picture_facts_read (known->path, &facts), same;
  const char *state;

  if (!there)
    {
      check->missing++;
      state = "missing";
    }
  else
    {
      same = is_same (known, &facts);
      state = same ? "ok" : "changed";
      check->changed += !same;
      check->found_again += same && strcmp (known->state, "missing") == 0;
    }
  if (!repair || strcmp (state, known->state) == 0)
    return TRUE;
  if (strcmp (state, "ok") == 0 && known->hash == NULL)
    return database_run (db, IMAGE_REFRESH, error, "iiisiiis", known->id, facts.size, facts.mtime, facts.quick_hash,
                         (gint64) facts.width, (gint64) facts.height, (gint64) facts.orientation, "ok");
  return database_run (db, IMAGE_SET_STATE, error, "is", known->id, state);
}

static gboolean
check_pictures (Database *db, gboolean repair, ProjectCheck *check, GError **error)
{
  gint64 after = 0;

  while (TRUE)
    {
      g_auto (Known) known = { 0 };
      gboolean found;

      if (!next_image (db, after, &known, &found, error))
        return FALSE;
      if (!found)
        return TRUE;
      after = known.id;
      if (!check_image (db, &known, repair, check, error))
        return FALSE;
    }
}

/* Pictures with the same content, a line for each set of them. */
static gboolean
list_duplicates (Database *db, GPtrArray *notes, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_statement (db, IMAGE_DUPLICATE_LIST, error);
  g_autoptr (GString) line = g_string_new (NULL);
  g_autofree char *hash = NULL;
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      g_autofree char *path = g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1));
      g_autofree char *shown = g_filename_display_name (path);

      if (g_strcmp0 (hash, column_text (rows, 2)) != 0)
        {
          if (line->len > 0)
            add (notes, "%s", line->str);
          g_free (hash);
          hash = g_strdup (column_text (rows, 2));
          g_string_assign (line, "the same content: ");
        }
      else
        g_string_append (line, ", ");
      g_string_append (line, shown);
    }
  if (line->len > 0)
    add (notes, "%s", line->str);
  return code == SQLITE_DONE;
}

gboolean
project_check (Project *project, gboolean repair, ProjectCheck *check, GError **error)
{
  Database *db = project_database (project);
  gint64 n;

  memset (check, 0, sizeof *check);
  check->problems = g_ptr_array_new_with_free_func (g_free);
  check->notes = g_ptr_array_new_with_free_func (g_free);
  if (!run_pragma (db, "PRAGMA integrity_check", "integrity", check->problems, error) ||
      !run_pragma (db, "PRAGMA foreign_key_check", "a reference leads nowhere, in table", check->problems, error))
    return FALSE;
  if (check->problems->len == 0)
    {
      if (!database_get (db, COUNT_ORPHANS, &check->orphans, NULL, error, "") ||
          !database_get (db, COUNT_OUTSIDE, &check->outside, NULL, error, "") ||
          !database_get (db, IMAGE_DUPLICATES, &check->duplicates, NULL, error, "") ||
          !check_pictures (db, repair, check, error))
        return FALSE;
      n = check->orphans;
      if (n > 0)
        add (check->problems, "%" G_GINT64_FORMAT " rows belong to nothing, or to the wrong image", n);
    }
  if (check->missing > 0)
    add (check->notes, "%" G_GINT64_FORMAT " pictures are not where they were", check->missing);
  if (check->changed > 0)
    add (check->notes,
         "%" G_GINT64_FORMAT " pictures have new content; 'alidade check PROJECT --accept-changed' takes it as "
         "theirs, with the regions as they are",
         check->changed);
  if (check->found_again > 0)
    add (check->notes, "%" G_GINT64_FORMAT " missing pictures are there again", check->found_again);
  if (check->outside > 0)
    add (check->notes, "%" G_GINT64_FORMAT " regions reach beyond their picture", check->outside);
  if (check->duplicates > 0)
    {
      add (check->notes, "%" G_GINT64_FORMAT " pictures lie at several places with the same content",
           check->duplicates);
      if (!list_duplicates (db, check->notes, error))
        return FALSE;
    }
  check->sound = check->problems->len == 0;
  return TRUE;
}
