/* SPDX-License-Identifier: MIT
 * review-undo.c: undo and redo, of single records and of whole entries. */
#include "review-private.h"

#include "picture-rename.h"
#include "project-id.h"
#include "search.h"

#include <string.h>

static char *
history_of (Database *db, gint64 target)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, JOURNAL_HISTORY, NULL, "i", target);
  GString *text = g_string_new (NULL);

  while (rows != NULL && database_step (db, rows, NULL) == SQLITE_ROW)
    {
      g_autofree char *at = project_time_text (column_id (rows, 1));

      g_string_append_printf (text, "\n  %" G_GINT64_FORMAT "  %s  %s  %s", column_id (rows, 0), at,
                              column_text (rows, 2), column_text (rows, 3));
    }
  return g_string_free (text, FALSE);
}

static gboolean
load_steps (Database *db, gint64 seq, GArray *steps, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, JOURNAL_STEPS, error, "i", seq);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      const RecordStep step = { record_pointer_name (column_text (rows, 0)), column_id (rows, 1), column_id (rows, 2),
                                column_id (rows, 3) };

      if (step.what == NULL)
        return project_fail (error, PROJECT_ERROR_DAMAGED, "journal record %" G_GINT64_FORMAT " is damaged", seq);
      g_array_append_val (steps, step);
    }
  return code == SQLITE_DONE;
}

/* The index follows a caption or phrase whose text came back, or went. */
static gboolean
follow_text (Database *db, const RecordStep *step, gint64 from, gint64 to, GError **error)
{
  Statement which = strcmp (step->what, "caption") == 0 ? CAPTION_REVISION_TEXT : PHRASE_REVISION_TEXT;
  g_autofree char *old = NULL, *new = NULL;

  if (strcmp (step->what, "file") == 0)
    return picture_rename_index (db, step->target, from, to, error);
  if (strcmp (step->what, "caption") != 0 && strcmp (step->what, "phrase") != 0)
    return TRUE;
  for (int i = 0; i < 2; i++)
    {
      gint64 revision = i == 0 ? from : to;
      sqlite3_stmt *rows = revision != 0 ? database_bind (db, which, error, "i", revision) : NULL;

      if (revision == 0)
        continue;
      if (rows == NULL || database_step (db, rows, error) != SQLITE_ROW)
        return FALSE;
      *(i == 0 ? &old : &new) = g_strdup (column_text (rows, 1));
      database_rows_end (rows);
    }
  return g_strcmp0 (old, new) == 0 || search_replace_text (db, step->target, old, new, error);
}

/* The path of a name that a root has, or had; NULL with an error. */
static char *
root_path (Database *db, gint64 name, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, ROOT_NAME_PATH, error, "i", name);

  if (rows == NULL || database_step (db, rows, error) != SQLITE_ROW)
    return NULL;
  return g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1));
}

/* The files that imports came from follow a root that goes back. */
static gboolean
follow_root (Database *db, const RecordStep *step, gint64 from, gint64 to, GError **error)
{
  g_autofree char *old = NULL, *new = NULL;

  if (strcmp (step->what, "root") != 0)
    return TRUE;
  old = root_path (db, from, error);
  new = old != NULL ? root_path (db, to, error) : NULL;
  return new != NULL && sources_follow (db, old, new, error);
}

/* Moves all pointers of the record `seq` back (or forth again), newest first. */
static gboolean
move_back (Record *record, gint64 seq, gboolean forth, GError **error)
{
  g_autoptr (GArray) steps = g_array_new (FALSE, FALSE, sizeof (RecordStep));

  if (!load_steps (record->db, seq, steps, error))
    return FALSE;
  for (guint n = 0; n < steps->len; n++)
    {
      const RecordStep *step = &g_array_index (steps, RecordStep, forth ? n : steps->len - 1 - n);
      gint64 from = forth ? step->before : step->after, to = forth ? step->after : step->before, now;

      if (!record_pointer (record->db, step->what, step->target, &now, error))
        return FALSE;
      if (now != from)
        {
          g_autofree char *history = history_of (record->db, step->target);

          return project_fail (error, PROJECT_ERROR_REFUSED,
                               "Record %" G_GINT64_FORMAT " cannot be %s: its %s was changed since.%s", seq,
                               forth ? "done again" : "undone", step->what, history);
        }
      if (!follow_text (record->db, step, from, to, error) || !follow_root (record->db, step, from, to, error) ||
          !record_step (record, step->what, step->target, to, error))
        return FALSE;
    }
  return TRUE;
}

/* A file that the record renamed is renamed on the disk before the transaction begins. One that was renamed again since is
 * let be: move_back() refuses then. */
static gboolean
begin_rename (Project *project, gint64 seq, gboolean redo, PictureRename *rename, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (GArray) steps = g_array_new (FALSE, FALSE, sizeof (RecordStep));
  gint64 now;

  if (!load_steps (db, seq, steps, error))
    return FALSE;
  for (guint i = 0; i < steps->len; i++)
    {
      const RecordStep *step = &g_array_index (steps, RecordStep, i);

      if (strcmp (step->what, "file") != 0)
        continue;
      if (!record_pointer (db, "file", step->target, &now, error))
        return FALSE;
      return now != (redo ? step->before : step->after) ||
             picture_rename_begin (project, step->target, redo ? step->after : step->before, rename, error);
    }
  return TRUE;
}

gboolean
project_undo_peek (Project *project, const char *by, gboolean redo, char **kind, gint64 *target, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (DatabaseRows) rows = NULL;
  gboolean found;
  gint64 seq;

  *kind = NULL;
  *target = 0;
  if (!database_get (db, redo ? JOURNAL_REDO_NEXT : JOURNAL_UNDO_NEXT, &seq, &found, error, "s", by))
    return FALSE;
  if (!found)
    return TRUE;
  rows = database_bind (db, JOURNAL_GET, error, "i", seq);
  if (rows == NULL || database_step (db, rows, error) != SQLITE_ROW)
    return FALSE;
  *kind = g_strdup (column_text (rows, 1));
  *target = column_id (rows, 2);
  return TRUE;
}

static gboolean
undo_or_redo (Project *project, const char *by, gboolean redo, char **what, GError **error)
{
  g_autofree char *kind = NULL, *before = NULL, *after = NULL;
  Record record;
  sqlite3_stmt *rows;
  g_auto (PictureRename) rename = { 0 };
  gboolean found = FALSE, good;
  gint64 seq = 0, target = 0;

  if (by == NULL || *by == '\0')
    return project_fail (error, PROJECT_ERROR_USAGE, "The reviewer needs a name.");
  if (!search_index (project, NULL, NULL, error) ||
      !database_get (project_database (project), redo ? JOURNAL_REDO_NEXT : JOURNAL_UNDO_NEXT, &seq, &found, error, "s", by))
    return FALSE;
  if (!found)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is nothing that %s could %s.", by, redo ? "redo" : "undo");
  if (!begin_rename (project, seq, redo, &rename, error))
    return FALSE;
  if (!record_begin (&record, project, by, error))
    {
      picture_rename_revert (project, &rename);
      return FALSE;
    }
  if ((rows = database_bind (record.db, JOURNAL_GET, error, "i", seq)) != NULL)
    {
      good = database_step (record.db, rows, error) == SQLITE_ROW;
      if (good)
        {
          kind = g_strdup (column_text (rows, 1));
          target = column_id (rows, 2);
          before = g_strdup (column_text (rows, 3));
          after = g_strdup (column_text (rows, 4));
        }
      database_rows_end (rows);
    }
  else
    good = FALSE;
  good =
      good && move_back (&record, seq, redo, error) && picture_rename_keep (record.db, &rename, error) &&
      record_write (&record, redo ? "redo" : "undo", target, redo ? before : after, redo ? after : before, seq, error);
  if (!record_end (&record, good, error))
    {
      picture_rename_revert (project, &rename);
      return FALSE;
    }
  *what = g_strdup_printf ("%s of record %" G_GINT64_FORMAT ", target %" G_GINT64_FORMAT, kind, seq, target);
  return TRUE;
}

gboolean
project_undo (Project *project, const char *by, char **what, GError **error)
{
  return undo_or_redo (project, by, FALSE, what, error);
}

gboolean
project_redo (Project *project, const char *by, char **what, GError **error)
{
  return undo_or_redo (project, by, TRUE, what, error);
}

/* Entries as a whole --------------------------------------------------------------------------------------------------
 */

static gboolean
hide_entry (Record *record, gint64 entry, gboolean hide, GError **error)
{
  g_autofree char *kind = NULL, *state = NULL;
  sqlite3_stmt *rows = database_bind (record->db, ENTRY_GET, error, "i", entry);
  gint64 hanging, seq;

  if (rows == NULL)
    return FALSE;
  if (database_step (record->db, rows, error) == SQLITE_ROW)
    {
      kind = g_strdup (column_text (rows, 1));
      state = g_strdup (column_text (rows, 2));
    }
  database_rows_end (rows);
  if (kind == NULL || g_strcmp0 (state, hide ? "shown" : "hidden") != 0)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND,
                         "There is no import, run or removal %" G_GINT64_FORMAT " that could be %s.", entry,
                         hide ? "undone" : "done again");
  if (hide && !database_get (record->db, ENTRY_HANGS_ON, &hanging, NULL, error, "i", entry))
    return FALSE;
  if (hide && hanging > 0)
    return project_fail (error, PROJECT_ERROR_REFUSED,
                         "%" G_GINT64_FORMAT " records that people made hang on this %s; undo those "
                         "first.",
                         hanging, kind);
  return database_run (record->db, ENTRY_SET_STATE, error, "is", entry, hide ? "hidden" : "shown") &&
         database_get (record->db, JOURNAL_OF_ENTRY, &seq, NULL, error, "i", entry) &&
         record_write (record, hide ? "undo" : "redo", entry, NULL, NULL, seq, error);
}

gboolean
project_hide_entry (Project *project, gint64 entry, gboolean hide, const char *by, GError **error)
{
  Record record;

  return record_begin (&record, project, by, error) &&
         record_end (&record, hide_entry (&record, entry, hide, error), error);
}

static gboolean
remove_images (Record *record, const gint64 *images, guint n, gint64 *entry, GError **error)
{
  g_autofree char *after = g_strdup_printf ("{\"images\":%u}", n);

  *entry = project_id_new ();
  if (!database_run (record->db, ENTRY_INSERT, error, "issnnnsi", *entry, "removal", "shown", record->by, record->now))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!database_run (record->db, REMOVED_INSERT, error, "ii", *entry, images[i]))
      return FALSE;
  return record_write (record, "removal", *entry, NULL, after, 0, error);
}

gboolean
project_remove_images (Project *project, const gint64 *images, guint n, const char *by, gint64 *entry, GError **error)
{
  Record record;

  return record_begin (&record, project, by, error) &&
         record_end (&record, remove_images (&record, images, n, entry, error), error);
}
