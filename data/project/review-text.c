/* SPDX-License-Identifier: MIT
 * review-text.c: phrases, captions and their spans, tags. */
#include "review-private.h"

#include "project-id.h"
#include "search.h"

#include <string.h>

static gboolean
add_phrase (Record *record, gint64 image, const char *text, gint64 *phrase, GError **error)
{
  g_autoptr (GString) key = g_string_new (text);
  g_autofree char *state = NULL, *after = NULL;
  gint64 identity, revision = project_id_new (), entry = 0;
  sqlite3_stmt *rows;
  int code;

  /* The same bytes as an import's stand-alone phrase: text, no caption, no key. */
  g_string_append_len (key, "\0\0", 2);
  identity = project_identity ("phrase", key->str, key->len);
  rows = database_bind (record->db, PHRASE_FIND, error, "ii", image, identity);
  if (rows == NULL)
    return FALSE;
  *phrase = 0;
  code = database_step (record->db, rows, error);
  if (code == SQLITE_ROW)
    {
      *phrase = column_id (rows, 0);
      entry = column_id (rows, 1);
      state = g_strdup (column_text (rows, 2));
    }
  database_rows_end (rows);
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    return FALSE;
  after = g_strdup_printf ("{\"revision\":\"%" G_GINT64_FORMAT "\"}", revision);
  if (*phrase != 0 && (entry == 0 || g_strcmp0 (state, "shown") == 0))
    {
      gint64 current;

      if (!database_get (record->db, PHRASE_CURRENT, &current, NULL, error, "i", *phrase))
        return FALSE;
      if (current != 0)
        return TRUE; /* it is there */
    }
  /* Taken over from an import that is not done, or hidden: a person's now. Its old revision may not be the index's. */
  if (*phrase != 0 && !database_run (record->db, CLAIM_PHRASE, error, "iI", *phrase, (gint64) 0))
    return FALSE;
  if (*phrase == 0)
    {
      *phrase = project_id_new ();
      if (!database_run (record->db, PHRASE_INSERT, error, "iininnnnn", *phrase, image, identity) ||
          !search_replace_text (record->db, *phrase, NULL, text, error))
        return FALSE;
    }
  else if (g_strcmp0 (state, "pending") == 0 && !search_replace_text (record->db, *phrase, NULL, text, error))
    return FALSE;
  return database_run (record->db, PHRASE_REVISION_INSERT, error, "iisisi", revision, *phrase, text, (gint64) 0,
                       record->by, record->now) &&
         record_step (record, "phrase", *phrase, revision, error) &&
         record_write (record, "span", *phrase, NULL, after, 0, error);
}

gboolean
project_add_phrase (Project *project, gint64 image, const char *text, const char *by, gint64 *phrase, GError **error)
{
  Record record;

  if (text == NULL || *text == '\0' || !g_utf8_validate (text, -1, NULL))
    return project_fail (error, PROJECT_ERROR_USAGE, "A phrase needs a text in UTF-8.");
  return record_begin (&record, project, by, error) &&
         record_end (&record, add_phrase (&record, image, text, phrase, error), error);
}

/* The part of `before` that an edit replaced, in code points: [*first, *last), and how much longer the text is now. */
static void
find_edit (const char *before, const char *after, gint64 *first, gint64 *last, gint64 *longer)
{
  g_autofree gunichar *a = NULL, *b = NULL;
  glong n_a, n_b, head = 0, tail = 0;

  a = g_utf8_to_ucs4_fast (before, -1, &n_a);
  b = g_utf8_to_ucs4_fast (after, -1, &n_b);
  while (head < n_a && head < n_b && a[head] == b[head])
    head++;
  while (tail < n_a - head && tail < n_b - head && a[n_a - 1 - tail] == b[n_b - 1 - tail])
    tail++;
  *first = head;
  *last = n_a - tail;
  *longer = n_b - n_a;
}

typedef struct
{
  gint64 phrase, revision;
  char *text;
} Spanned;

static void
spanned_clear (gpointer data)
{
  g_free (((Spanned *) data)->text);
}

static gboolean
move_spans (Record *record, const Spanned *spanned, gint64 first, gint64 last, gint64 longer, GError **error)
{
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (Span));
  g_autoptr (DatabaseRows) rows = database_bind (record->db, SPANS, error, "i", spanned->revision);
  gboolean touched = FALSE, moved = FALSE;
  gint64 revision = project_id_new ();
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (record->db, rows, error)) == SQLITE_ROW)
    {
      Span span = { column_id (rows, 0), column_id (rows, 1) };

      /* An insertion inside touches; one at the very edge does not. */
      if (span.first >= last && !(first == last && span.first < first))
        {
          span.first += longer;
          span.last += longer;
          moved = moved || longer != 0;
        }
      else if (span.last > first)
        touched = TRUE;
      g_array_append_val (spans, span);
    }
  if (code != SQLITE_DONE)
    return FALSE;
  if (spans->len == 0 || (!touched && !moved))
    return TRUE;
  if (!database_run (record->db, PHRASE_REVISION_INSERT, error, "iisisi", revision, spanned->phrase, spanned->text,
                     (gint64) touched, record->by, record->now))
    return FALSE;
  for (guint i = 0; i < spans->len && !touched; i++)
    {
      const Span *span = &g_array_index (spans, Span, i);

      if (!database_run (record->db, PHRASE_SPAN_INSERT, error, "iiii", revision, (gint64) i, span->first, span->last))
        return FALSE;
    }
  return record_step (record, "phrase", spanned->phrase, revision, error);
}

static char *
text_json (const char *text)
{
  GString *json = g_string_new ("{\"text\":");

  json_put_text (json, text);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

static gboolean
edit_caption (Record *record, gint64 caption, const char *text, GError **error)
{
  g_autoptr (GArray) phrases = g_array_new (FALSE, FALSE, sizeof (Spanned));
  g_autofree char *old = NULL, *before = NULL, *after = NULL;
  gint64 first, last, longer, revision = project_id_new ();
  sqlite3_stmt *rows = database_bind (record->db, CAPTION_GET, error, "i", caption);
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (record->db, rows, error);
  old = code == SQLITE_ROW ? g_strdup (column_text (rows, 2)) : NULL;
  database_rows_end (rows);
  if (code == SQLITE_DONE)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no caption %" G_GINT64_FORMAT ".", caption);
  if (code != SQLITE_ROW)
    return FALSE;
  if (strcmp (old, text) == 0)
    return TRUE;
  find_edit (old, text, &first, &last, &longer);
  g_array_set_clear_func (phrases, spanned_clear);
  rows = database_bind (record->db, PHRASES_OF_CAPTION, error, "i", caption);
  while (rows != NULL && (code = database_step (record->db, rows, error)) == SQLITE_ROW)
    {
      const Spanned spanned = { column_id (rows, 0), column_id (rows, 1), g_strdup (column_text (rows, 2)) };

      g_array_append_val (phrases, spanned);
    }
  if (rows == NULL || code != SQLITE_DONE)
    return FALSE;
  database_rows_end (rows);
  for (guint i = 0; i < phrases->len; i++)
    if (!move_spans (record, &g_array_index (phrases, Spanned, i), first, last, longer, error))
      return FALSE;
  before = text_json (old);
  after = text_json (text);
  return database_run (record->db, CAPTION_REVISION_INSERT, error, "iissi", revision, caption, text, record->by,
                       record->now) &&
         record_step (record, "caption", caption, revision, error) &&
         search_replace_text (record->db, caption, old, text, error) &&
         record_write (record, "caption", caption, before, after, 0, error);
}

gboolean
project_edit_caption (Project *project, gint64 caption, const char *text, const char *by, GError **error)
{
  Record record;

  if (text == NULL || *text == '\0' || !g_utf8_validate (text, -1, NULL))
    return project_fail (error, PROJECT_ERROR_USAGE, "A caption needs a text in UTF-8.");
  /* What is still to be indexed would otherwise be indexed with the new text, and deleted with the old one. */
  if (!search_index (project, NULL, NULL, error))
    return FALSE;
  return record_begin (&record, project, by, error) &&
         record_end (&record, edit_caption (&record, caption, text, error), error);
}

static gboolean
set_tag (Record *record, gint64 image, gint64 phrase, const char *name, gboolean set, GError **error)
{
  gboolean found;
  g_autofree char *after = text_json (name);
  gint64 tag;

  if (!database_get (record->db, TAG_FIND, &tag, &found, error, "iis", image, phrase, name))
    return FALSE;
  if (!found)
    {
      tag = project_id_new ();
      if (!database_run (record->db, TAG_INSERT, error, "iiIs", tag, image, phrase, name))
        return FALSE;
    }
  return record_step (record, "tag", tag, set ? 1 : 0, error) &&
         record_write (record, "tag", tag, set ? NULL : after, set ? after : NULL, 0, error);
}

gboolean
project_set_tag (Project *project, gint64 image, gint64 phrase, const char *name, gboolean set, const char *by,
                 GError **error)
{
  Record record;

  return record_begin (&record, project, by, error) &&
         record_end (&record, set_tag (&record, image, phrase, name, set, error), error);
}
