/* SPDX-License-Identifier: MIT
 * find-phrases.c: noun phrases of captions become phrases of the project. */
#include "database.h"
#include "import.h"
#include "noun-phrase.h"
#include "project-id.h"
#include "propose.h"
#include "search.h"

#include <string.h>

#define SLICE 100

typedef struct
{
  gint64 id, image;
  char *text;
} Caption;

static void
caption_clear (gpointer data)
{
  g_free (((Caption *) data)->text);
}

static gboolean
next_captions (Database *db, gint64 after, const char *query, GArray *captions, GError **error)
{
  g_autoptr (DatabaseRows) rows = query != NULL
                                    ? database_bind (db, RUN_CAPTIONS_FILTERED, error, "iis", after, (gint64) SLICE, query)
                                    : database_bind (db, RUN_CAPTIONS, error, "ii", after, (gint64) SLICE);
  int code;

  g_array_set_size (captions, 0);
  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      const Caption caption = { column_id (rows, 0), column_id (rows, 1), g_strdup (column_text (rows, 2)) };

      g_array_append_val (captions, caption);
    }
  return code == SQLITE_DONE;
}

/* One that is there, hidden or not, is no new one; a hidden one becomes this entry's. */
static gboolean
add_phrase (Database *db, gint64 entry, const Caption *caption, PhraseSpan found, const char *by, gint64 *n, GError **error)
{
  const Span span = { found.first, found.last };
  gint64 identity = span_identity (caption->text, &span, 1), id = project_id_new (), revision = project_id_new ();
  const char *from = g_utf8_offset_to_pointer (caption->text, span.first), *to = g_utf8_offset_to_pointer (from, span.last - span.first);
  g_autofree char *text = g_strndup (from, to - from);
  sqlite3_stmt *rows = database_bind (db, PHRASE_FIND, error, "ii", caption->image, identity);
  gint64 same = 0;
  gboolean hidden = FALSE;
  int code = rows != NULL ? database_step (db, rows, error) : SQLITE_ERROR;

  if (code == SQLITE_ROW)
    {
      same = column_id (rows, 0);
      hidden = column_id (rows, 1) != 0 && g_strcmp0 (column_text (rows, 2), "shown") != 0;
    }
  if (rows != NULL)
    database_rows_end (rows);
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    return FALSE;
  if (same != 0 && !hidden)
    return TRUE;
  ++*n;
  if (same != 0)
    return database_run (db, CLAIM_PHRASE, error, "ii", same, entry);
  return database_run (db, PHRASE_INSERT, error, "iiiiinnni", id, caption->image, caption->id, identity, revision, entry) &&
         database_run (db, PHRASE_REVISION_INSERT, error, "iisisi", revision, id, text, (gint64) 0, by, project_now ()) &&
         database_run (db, PHRASE_SPAN_INSERT, error, "iiii", revision, (gint64) 0, span.first, span.last) &&
         search_replace_text (db, id, NULL, text, error);
}

static gboolean
add_slice (Database *db, gint64 entry, const GArray *captions, const char *by, gint64 *n, GError **error)
{
  if (!database_begin (db, error))
    return FALSE;
  for (guint i = 0; i < captions->len; i++)
    {
      const Caption *caption = &g_array_index (captions, Caption, i);
      g_autoptr (GArray) spans = noun_phrases_find (caption->text);

      for (guint j = 0; j < spans->len; j++)
        if (!add_phrase (db, entry, caption, g_array_index (spans, PhraseSpan, j), by, n, error))
          {
            database_rollback (db);
            return FALSE;
          }
    }
  return database_commit (db, error);
}

gboolean
project_find_phrases (Project *project, gint64 entry, const char *filter, const char *by, gint64 *n, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (GArray) captions = g_array_new (FALSE, FALSE, sizeof (Caption));
  g_autofree char *query = filter != NULL ? search_text_query (filter) : NULL;
  gint64 after = 0;

  *n = 0;
  g_array_set_clear_func (captions, caption_clear);
  if (!database_set_durable (db, FALSE, error))
    return FALSE;
  while (next_captions (db, after, query, captions, error))
    {
      if (captions->len == 0)
        return TRUE;
      after = g_array_index (captions, Caption, captions->len - 1).id;
      if (!add_slice (db, entry, captions, by, n, error))
        return FALSE;
    }
  return FALSE;
}
