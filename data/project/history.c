/* SPDX-License-Identifier: MIT */
#include "history.h"

#include "database.h"

void
history_entry_free (HistoryEntry *entry)
{
  if (entry == NULL)
    return;
  g_free (entry->kind);
  g_free (entry->format);
  g_free (entry->source);
  g_free (entry->by);
  g_free (entry);
}

GPtrArray *
project_history (Project *project, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (DatabaseRows) rows = database_statement (db, HISTORY_LIST, error);
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func ((GDestroyNotify) history_entry_free);
  int code;

  if (rows == NULL)
    return NULL;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      HistoryEntry *entry = g_new0 (HistoryEntry, 1);
      g_autofree char *source = g_strndup (sqlite3_column_blob (rows, 4), sqlite3_column_bytes (rows, 4));

      entry->id = column_id (rows, 0);
      entry->kind = g_strdup (column_text (rows, 1));
      entry->shown = g_strcmp0 (column_text (rows, 2), "shown") == 0;
      entry->format = g_strdup (column_text (rows, 3));
      entry->source = source != NULL ? g_filename_display_name (source) : NULL;
      entry->by = g_strdup (column_text (rows, 5));
      entry->at = column_id (rows, 6);
      entry->images = column_id (rows, 7);
      entry->captions = column_id (rows, 8);
      entry->phrases = column_id (rows, 9);
      entry->regions = column_id (rows, 10);
      g_ptr_array_add (entries, entry);
    }
  return code == SQLITE_DONE ? g_steal_pointer (&entries) : NULL;
}

gboolean
project_entry_hanging (Project *project, gint64 entry, gint64 *n, GError **error)
{
  return database_get (project_database (project), ENTRY_HANGS_ON, n, NULL, error, "i", entry);
}
