/* SPDX-License-Identifier: MIT
 * import-changed.c: records that changed in a file since it was imported. A record is known by its numbers, so a
 * changed one is new to the project while the old one is no more in the file: on each phrase that has both, every old
 * record is paired with the new one that covers it best. */
#include "import-private.h"

#include <string.h>

typedef struct
{
  gint64 link, region;   /* region: of new ones alone */
  gboolean touched;      /* of old ones: a person changed it, or judged its phrase */
  gboolean paired;
  double box[4];
} Record;

static double
overlap (const double a[4], const double b[4])
{
  double width = MIN (a[2], b[2]) - MAX (a[0], b[0]), height = MIN (a[3], b[3]) - MAX (a[1], b[1]);
  double both = width > 0 && height > 0 ? width * height : 0;

  return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both);
}

static gboolean
load_records (Import *import, sqlite3_stmt *given, GArray *records, gboolean old, GError **error)
{
  g_autoptr (DatabaseRows) rows = given;
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (import->db, rows, error)) == SQLITE_ROW)
    {
      Record record = { .link = column_id (rows, 0) };

      if (old)
        record.touched = sqlite3_column_int (rows, 1) != 0;
      else
        record.region = column_id (rows, 1);
      for (int i = 0; i < 4; i++)
        record.box[i] = sqlite3_column_double (rows, 2 + i);
      g_array_append_val (records, record);
    }
  return code == SQLITE_DONE;
}

static char *
phrase_name (Import *import, gint64 phrase)
{
  g_autoptr (DatabaseRows) rows = database_bind (import->db, CHANGED_NAME, NULL, "i", phrase);
  g_autofree char *path = NULL, *shown = NULL;

  if (rows == NULL || database_step (import->db, rows, NULL) != SQLITE_ROW)
    return g_strdup ("a phrase");
  path = g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1));
  shown = g_filename_display_name (path);
  return g_strdup_printf ("%s: '%.80s'", shown, column_text (rows, 2));
}

static gboolean
take_out (Import *import, const Record *new, GError **error)
{
  import->report->new_regions--;
  return database_run (import->db, DROP_LINK, error, "ii", new->link, import->entry) &&
         database_run (import->db, DROP_REVISIONS, error, "ii", new->region, import->entry) &&
         database_run (import->db, DROP_REGION, error, "ii", new->region, import->entry);
}

static gboolean
settle_pair (Import *import, gint64 phrase, const Record *old, const Record *new, GError **error)
{
  g_autofree char *where = phrase_name (import, phrase);

  import->report->changed++;
  if (old->touched)
    {
      import_skip (import, where,
                   "changed in the file since it was imported, and a person corrected or judged it here: "
                   "what the person said stays");
      return take_out (import, new, error);
    }
  import_note (import, "%s: changed in the file since it was imported; the new region came in beside the old one",
               where);
  return TRUE;
}

/* The best pair first, until one side is used up. */
static gboolean
settle_phrase (Import *import, gint64 phrase, const char *source, GError **error)
{
  g_autoptr (GArray) olds = g_array_new (FALSE, FALSE, sizeof (Record)),
                     news = g_array_new (FALSE, FALSE, sizeof (Record));
  gssize length = (gssize) strlen (source);

  if (!load_records (import,
                     database_bind (import->db, CHANGED_OLD, error, "isbi", import->entry, import->format->name, source,
                                    length, phrase),
                     olds, TRUE, error) ||
      !load_records (import, database_bind (import->db, CHANGED_NEW, error, "ii", import->entry, phrase), news, FALSE,
                     error))
    return FALSE;
  for (guint n = MIN (olds->len, news->len); n > 0; n--)
    {
      Record *old = NULL, *new = NULL;
      double best = -1;

      for (guint i = 0; i < olds->len; i++)
        for (guint j = 0; j < news->len && !g_array_index (olds, Record, i).paired; j++)
          {
            Record *a = &g_array_index (olds, Record, i), *b = &g_array_index (news, Record, j);

            if (b->paired || overlap (a->box, b->box) <= best)
              continue;
            best = overlap (a->box, b->box);
            old = a;
            new = b;
            /* So many on one phrase: their order will do. */
            if (olds->len * news->len > 4096)
              i = olds->len - 1, j = news->len - 1;
          }
      old->paired = new->paired = TRUE;
      if (!settle_pair (import, phrase, old, new, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
import_settle_changed (Import *import, const char *source, GError **error)
{
  g_autoptr (GHashTable) done = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  gssize length = (gssize) strlen (source);
  gboolean before = FALSE;
  gint64 any, after = 0;

  if (import->report->new_regions == 0)
    return TRUE;
  if (!import_batch_go_on (import, error) ||
      !database_get (import->db, CHANGED_BEFORE, &any, &before, error, "sb", import->format->name, source, length))
    return FALSE;
  while (before)
    {
      g_autoptr (DatabaseRows) rows = NULL;
      gint64 phrase;
      int code;

      if (!import_batch_go_on (import, error))
        return FALSE;
      rows = database_bind (import->db, CHANGED_NEXT, error, "isbi", import->entry, import->format->name, source,
                            length, after);
      if (rows == NULL)
        return FALSE;
      code = database_step (import->db, rows, error);
      if (code == SQLITE_DONE)
        break;
      if (code != SQLITE_ROW)
        return FALSE;
      after = column_id (rows, 0);
      phrase = column_id (rows, 1);
      g_clear_pointer (&rows, database_rows_end);
      if (g_hash_table_add (done, import_id_new (phrase)) && !settle_phrase (import, phrase, source, error))
        return FALSE;
    }
  return TRUE;
}
