/* SPDX-License-Identifier: MIT */
#include "import-preview.h"

#include "database.h"

#define READ_MORE 500 /* records, for the report */

static void
record_free (gpointer data)
{
  PreviewRecord *record = data;

  g_free (record->image);
  g_free (record->text);
  g_free (record->caption);
  g_free (record);
}

void
import_preview_free (ImportPreview *preview)
{
  if (preview == NULL)
    return;
  import_report_clear (&preview->report);
  g_clear_pointer (&preview->records, g_ptr_array_unref);
  g_free (preview);
}

static gboolean
take_records (Project *project, guint n, GPtrArray *records, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (DatabaseRows) rows = database_bind (db, PREVIEW_RECORDS, error, "i", (gint64) n);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      PreviewRecord *record = g_new0 (PreviewRecord, 1);
      g_autofree char *path = g_strndup (sqlite3_column_blob (rows, 0), sqlite3_column_bytes (rows, 0));

      record->image = g_utf8_make_valid (path, -1);
      record->missing = g_strcmp0 (column_text (rows, 1), "missing") == 0;
      record->text = g_strdup (column_text (rows, 2));
      record->caption = g_strdup (column_text (rows, 3));
      record->regions = column_id (rows, 4);
      g_ptr_array_add (records, record);
    }
  return code == SQLITE_DONE;
}

ImportPreview *
import_preview (const char *source, const ImportOptions *options, guint n, GError **error)
{
  g_autoptr (Project) project = project_open_memory (error);
  g_autoptr (ImportPreview) preview = g_new0 (ImportPreview, 1);
  ImportOptions own = *options;

  own.between = NULL;
  own.limit = (gint64) n + READ_MORE;
  preview->records = g_ptr_array_new_with_free_func (record_free);
  if (project == NULL || !project_import (project, source, &own, &preview->report, error) ||
      !take_records (project, n, preview->records, error))
    return NULL;
  preview->whole = !preview->report.cut;
  return g_steal_pointer (&preview);
}
