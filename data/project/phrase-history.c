/* SPDX-License-Identifier: MIT */
#include "phrase-history.h"

#include "review-private.h"

#include <string.h>

void
history_item_free (HistoryItem *item)
{
  if (item == NULL)
    return;
  g_free (item->by);
  g_free (item->kind);
  g_free (item->text);
  g_free (item->model);
  g_free (item);
}

/* Telling ---------------------------------------------------------------------------------------------------------- */

static char *
tell_verdict (Database *db, gint64 verdict)
{
  g_autoptr (DatabaseRows) rows = verdict != 0 ? database_bind (db, VERDICT_NAME, NULL, "i", verdict) : NULL;

  if (rows == NULL || database_step (db, rows, NULL) != SQLITE_ROW)
    return g_strdup ("verdict taken back");
  return g_strconcat (column_text (rows, 1), sqlite3_column_int (rows, 2) != 0 ? " (adjudicated)" : "", NULL);
}

static char *
tell_region (Database *db, gint64 before, gint64 after)
{
  g_autoptr (DatabaseRows) rows = NULL;

  if (after == 0)
    return g_strdup ("region gone");
  rows = database_bind (db, REVISION_GET, NULL, "i", after);
  if (rows == NULL || database_step (db, rows, NULL) != SQLITE_ROW)
    return g_strdup ("region changed");
  if (sqlite3_column_int (rows, 9) != 0)
    return g_strdup_printf ("%s removed", column_text (rows, 2));
  if (before != 0)
    return g_strdup_printf ("%s changed", column_text (rows, 2));
  return g_strdup_printf (sqlite3_column_type (rows, 12) != SQLITE_NULL ? "%s made from a proposal" : "%s added", column_text (rows, 2));
}

/* The record's steps on this phrase in words. */
static char *
tell_record (Database *db, gint64 phrase, gint64 seq, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, HISTORY_STEPS, error, "ii", phrase, seq);
  GString *text = g_string_new (NULL);
  int code;

  if (rows == NULL)
    return g_string_free (text, FALSE);
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      const char *what = column_text (rows, 0);
      gint64 before = column_id (rows, 2), after = column_id (rows, 3);
      g_autofree char *part = strcmp (what, "verdict") == 0  ? tell_verdict (db, after)
                              : strcmp (what, "region") == 0 ? tell_region (db, before, after)
                              : strcmp (what, "phrase") == 0 ? g_strdup (before == 0 ? "phrase added" : "span changed")
                              : strcmp (what, "tag") == 0    ? g_strdup (after != 0 ? "tagged" : "tag removed")
                                                             : NULL;

      if (part != NULL)
        g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", part);
    }
  return g_string_free (text, FALSE);
}

static gboolean
list_made (Database *db, gint64 phrase, GPtrArray *items, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, HISTORY_MADE, error, "i", phrase);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      HistoryItem *item = g_new0 (HistoryItem, 1);
      gboolean imported = strcmp (column_text (rows, 2), "import") == 0;
      int n = sqlite3_column_int (rows, 4);

      item->at = column_id (rows, 0);
      item->by = g_strdup (column_text (rows, 1));
      item->kind = g_strdup (column_text (rows, 2));
      item->model = g_strdup (column_text (rows, 3));
      item->text = g_strdup_printf ("%d region%s %s", n, n == 1 ? "" : "s", imported ? "imported" : "proposed");
      g_ptr_array_add (items, item);
    }
  return code == SQLITE_DONE;
}

static gboolean
list_records (Database *db, gint64 phrase, const char *only_by, GPtrArray *items, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, HISTORY_RECORDS, error, "i", phrase);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      HistoryItem *item;

      if (only_by != NULL && strcmp (only_by, column_text (rows, 2)) != 0)
        continue;
      item = g_new0 (HistoryItem, 1);
      item->seq = column_id (rows, 0);
      item->at = column_id (rows, 1);
      item->by = g_strdup (column_text (rows, 2));
      item->kind = g_strdup (column_text (rows, 3));
      item->undone = sqlite3_column_int (rows, 5) != 0;
      g_ptr_array_add (items, item);
    }
  return code == SQLITE_DONE;
}

static int
by_time (gconstpointer a, gconstpointer b)
{
  const HistoryItem *first = *(HistoryItem *const *) a, *second = *(HistoryItem *const *) b;

  if (first->at != second->at)
    return first->at < second->at ? -1 : 1;
  return first->seq < second->seq ? -1 : first->seq > second->seq;
}

GPtrArray *
phrase_history (Project *project, gint64 phrase, const char *only_by, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) history_item_free);
  GError *local = NULL;

  if (!list_made (db, phrase, items, error) || !list_records (db, phrase, only_by, items, error))
    return NULL;
  for (guint i = 0; i < items->len && local == NULL; i++)
    {
      HistoryItem *item = items->pdata[i];

      if (item->text == NULL)
        item->text = tell_record (db, phrase, item->seq, &local);
    }
  if (local != NULL)
    {
      g_propagate_error (error, local);
      return NULL;
    }
  g_ptr_array_sort (items, by_time);
  return g_steal_pointer (&items);
}

/* Going back -------------------------------------------------------------------------------------------------------- */

/* Where a pointer stood at the record: before the first later step on it. */
typedef struct
{
  const char *what;
  gint64 target, then;
} Stand;

static gboolean
load_stands (Database *db, gint64 phrase, gint64 seq, GArray *stands, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, HISTORY_LATER, error, "ii", phrase, seq);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      const Stand stand = { record_pointer_name (column_text (rows, 0)), column_id (rows, 1), column_id (rows, 2) };

      g_array_append_val (stands, stand);
    }
  return code == SQLITE_DONE;
}

static gboolean
is_own (Database *db, const Stand *stand, const char *by)
{
  g_autoptr (DatabaseRows) rows = NULL;

  if (strcmp (stand->what, "verdict") != 0)
    return TRUE;
  rows = database_bind (db, SLOT_REVIEWER, NULL, "i", stand->target);
  return rows != NULL && database_step (db, rows, NULL) == SQLITE_ROW && strcmp (column_text (rows, 1), by) == 0;
}

static gboolean
move_pointers (Record *record, gint64 phrase, gint64 seq, gboolean *changed, GError **error)
{
  g_autoptr (GArray) stands = g_array_new (FALSE, FALSE, sizeof (Stand));
  g_autofree char *after = g_strdup_printf ("{\"reverted_to\":%" G_GINT64_FORMAT "}", seq);
  gint64 image;

  *changed = FALSE;
  if (!review_phrase_image (record->db, phrase, &image, error) || !load_stands (record->db, phrase, seq, stands, error))
    return FALSE;
  for (guint i = 0; i < stands->len; i++)
    {
      const Stand *stand = &g_array_index (stands, Stand, i);
      gint64 now;

      if (stand->what == NULL || !is_own (record->db, stand, record->by))
        continue;
      if (!record_pointer (record->db, stand->what, stand->target, &now, error))
        return FALSE;
      if (now == stand->then)
        continue;
      /* A link always leads somewhere. */
      if (stand->then == 0 && strcmp (stand->what, "link") == 0)
        continue;
      if (!record_step (record, stand->what, stand->target, stand->then, error))
        return FALSE;
      *changed = TRUE;
    }
  return !*changed || record_write (record, "region", phrase, NULL, after, 0, error);
}

gboolean
project_revert_phrase (Project *project, gint64 phrase, gint64 seq, const char *by, gboolean *changed, GError **error)
{
  Record record;
  gboolean moved = FALSE;

  if (seq < 0)
    return project_fail (error, PROJECT_ERROR_USAGE, "There is no record %" G_GINT64_FORMAT ".", seq);
  if (!record_begin (&record, project, by, error) ||
      !record_end (&record, move_pointers (&record, phrase, seq, &moved, error), error))
    return FALSE;
  if (changed != NULL)
    *changed = moved;
  return TRUE;
}
