/* SPDX-License-Identifier: MIT
 * review-queue.c: reading a queue and walking it; see queue-make.c for how one is made. */
#include "review-queue.h"

#include "database.h"
#include "json-items.h"

#include <string.h>

#define PAUSE (120 * G_USEC_PER_SEC)
#define PACE_LEAST 5

static const char *const names[QUEUE_N_ORDERS] = { "sequential", "random",  "match", "spread", "peaks",
                                                   "outside",    "methods", "twin",  "other",  "labels" };

const char *
queue_order_name (QueueOrder order)
{
  return names[order];
}

gboolean
queue_order_parse (const char *name, QueueOrder *order)
{
  for (int i = 0; i < QUEUE_N_ORDERS; i++)
    if (g_strcmp0 (name, names[i]) == 0)
      {
        *order = i;
        return TRUE;
      }
  return FALSE;
}

void
queue_clear (Queue *queue)
{
  g_clear_pointer (&queue->model, g_free);
}

void
queue_item_free (QueueItem *item)
{
  if (item == NULL)
    return;
  g_free (item->text);
  g_free (item->image_name);
  g_free (item->reason);
  g_free (item->verdict);
  g_free (item);
}

/* Verdicts a minute over the latest ones, up to the first pause. */
static gboolean
find_pace (Database *db, const char *reviewer, double *pace, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, QUEUE_PACE, error, "s", reviewer);
  gint64 newest = 0, oldest = 0;
  int n = 0, code;

  *pace = 0;
  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      gint64 at = column_id (rows, 0);

      if (n > 0 && oldest - at > PAUSE)
        break;
      newest = n == 0 ? at : newest;
      oldest = at;
      n++;
    }
  if (n >= PACE_LEAST && newest > oldest)
    *pace = (n - 1) * 60e6 / (newest - oldest);
  return code == SQLITE_DONE || code == SQLITE_ROW;
}

static void
take_settings (Queue *queue, const char *text)
{
  g_autoptr (json_t) settings = json_loads (text, 0, NULL);
  const char *order = settings != NULL ? json_string_value (json_object_get (settings, "order")) : NULL;

  if (order != NULL)
    queue_order_parse (order, &queue->order);
  queue->model = settings != NULL ? g_strdup (json_string_value (json_object_get (settings, "model"))) : NULL;
}

gboolean
queue_open (Project *project, const char *reviewer, int pass, Queue *queue, GError **error)
{
  Database *db = project_database (project);
  sqlite3_stmt *rows = database_bind (db, QUEUE_FIND, error, "si", reviewer, (gint64) MAX (pass, 1));
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  if (code == SQLITE_ROW)
    {
      queue->id = column_id (rows, 0);
      queue->position = column_id (rows, 1);
      queue->at = column_id (rows, 3);
      take_settings (queue, column_text (rows, 2));
    }
  database_rows_end (rows);
  if (code == SQLITE_DONE)
    return TRUE;
  return code == SQLITE_ROW && database_get (db, QUEUE_COUNT, &queue->n, NULL, error, "i", queue->id) &&
         database_get (db, QUEUE_DONE, &queue->done, NULL, error, "i", queue->id) && find_pace (db, reviewer, &queue->pace, error);
}

GPtrArray *
queue_items (Project *project, const Queue *queue, gint64 nth, int limit, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) queue_item_free);
  g_autoptr (DatabaseRows) rows = database_bind (db, QUEUE_ITEMS, error, "iii", queue->id, nth, (gint64) limit);
  int code;

  if (rows == NULL)
    return NULL;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      QueueItem *item = g_new0 (QueueItem, 1);
      g_autofree char *name = g_strndup (sqlite3_column_blob (rows, 7), sqlite3_column_bytes (rows, 7));

      item->nth = column_id (rows, 0);
      item->phrase = column_id (rows, 1);
      item->reason = g_strdup (column_text (rows, 3));
      item->pass = sqlite3_column_int (rows, 4);
      item->text = g_strdup (column_text (rows, 5));
      item->image = column_id (rows, 6);
      item->image_name = g_utf8_make_valid (name, -1);
      item->verdict = g_strdup (column_text (rows, 8));
      item->blind = item->pass > 1;
      item->again = g_strcmp0 (column_text (rows, 2), "again") == 0;
      g_ptr_array_add (items, item);
    }
  return code == SQLITE_DONE ? g_steal_pointer (&items) : NULL;
}

gboolean
queue_next (Project *project, const Queue *queue, gint64 nth, gint64 *next, GError **error)
{
  gboolean found;

  if (!database_get (project_database (project), QUEUE_NEXT, next, &found, error, "ii", queue->id, nth))
    return FALSE;
  if (!found)
    *next = -1;
  return TRUE;
}

gboolean
queue_previous (Project *project, const Queue *queue, gint64 nth, gint64 *previous, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (DatabaseRows) rows = database_bind (db, QUEUE_PREVIOUS, error, "ii", queue->id, nth);

  if (rows == NULL || database_step (db, rows, error) != SQLITE_ROW)
    return FALSE;
  *previous = sqlite3_column_type (rows, 0) == SQLITE_NULL ? -1 : column_id (rows, 0);
  return TRUE;
}

gboolean
queue_set_position (Project *project, const Queue *queue, gint64 nth, GError **error)
{
  return database_run (project_database (project), QUEUE_SET_POSITION, error, "ii", queue->id, MAX (nth, 0));
}

gboolean
queue_put_back (Project *project, const Queue *queue, gint64 nth, GError **error)
{
  return database_run (project_database (project), QUEUE_AGAIN, error, "ii", queue->id, nth);
}
