/* SPDX-License-Identifier: MIT */
#include "search.h"
#include "database.h"

#include <string.h>

#define SLICE 20000
#define SLICE_MICROSECONDS 4000  /* beside people, who wait for a slice */
#define ALONE_MICROSECONDS 200000

/* Scripts that put no spaces between words. */
static gboolean
stands_apart (gunichar c)
{
  switch (g_unichar_get_script (c))
    {
    case G_UNICODE_SCRIPT_HAN:
    case G_UNICODE_SCRIPT_HIRAGANA:
    case G_UNICODE_SCRIPT_KATAKANA:
    case G_UNICODE_SCRIPT_HANGUL:
    case G_UNICODE_SCRIPT_THAI:
      return g_unichar_isalnum (c);
    default:
      return FALSE;
    }
}

char *
search_apart (const char *text)
{
  GString *out = g_string_new (NULL);

  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);
      gboolean alone = stands_apart (c);

      if (alone)
        g_string_append_c (out, ' ');
      g_string_append_unichar (out, c);
      if (alone)
        g_string_append_c (out, ' ');
    }
  return g_string_free (out, FALSE);
}

gboolean
search_is_word (const char *text)
{
  for (; *text != '\0'; text = g_utf8_next_char (text))
    if (g_unichar_isalnum (g_utf8_get_char (text)))
      return TRUE;
  return FALSE;
}

static void
put_quoted (GString *query, const char *text)
{
  g_string_append (query, query->len > 0 ? " AND \"" : "\"");
  for (; *text != '\0'; text++)
    {
      if (*text == '"')
        g_string_append_c (query, '"');
      g_string_append_c (query, *text);
    }
  g_string_append_c (query, '"');
}

GPtrArray *
search_terms (const char *typed, gboolean *prefix)
{
  g_autofree char *valid = g_utf8_make_valid (typed, -1);
  g_auto (GStrv) terms = g_strsplit_set (valid, " \t\r\n", -1);
  GPtrArray *all = g_ptr_array_new_with_free_func (g_free);

  *prefix = FALSE;
  for (guint i = 0; terms[i] != NULL; i++)
    if (search_is_word (terms[i]))
      {
        g_ptr_array_add (all, search_apart (terms[i]));
        *prefix = terms[i + 1] == NULL;
      }
  return all;
}

char *
search_text_query (const char *typed)
{
  gboolean prefix;
  g_autoptr (GPtrArray) terms = search_terms (typed, &prefix);
  GString *query = g_string_new (NULL);

  for (guint i = 0; i < terms->len; i++)
    put_quoted (query, terms->pdata[i]);
  if (prefix)
    g_string_append_c (query, '*');
  return g_string_free (query, query->len == 0);
}

char *
search_name_query (const char *typed)
{
  g_autofree char *valid = g_utf8_make_valid (typed, -1);
  g_auto (GStrv) terms = g_strsplit_set (valid, " \t\r\n", -1);
  GString *query = g_string_new (NULL);

  for (guint i = 0; terms[i] != NULL; i++)
    if (search_is_word (terms[i]) && g_utf8_strlen (terms[i], -1) >= SEARCH_NAME_PART)
      put_quoted (query, terms[i]);
  return g_string_free (query, query->len == 0);
}

gboolean
search_replace_text (Database *db, gint64 id, const char *old_text, const char *new_text, GError **error)
{
  g_autofree char *before = old_text != NULL ? search_apart (old_text) : NULL;
  g_autofree char *after = new_text != NULL ? search_apart (new_text) : NULL;

  return (before == NULL || database_run (db, SEARCH_TEXT_DELETE, error, "is", id, before)) &&
         (after == NULL || database_run (db, SEARCH_TEXT_ADD, error, "is", id, after));
}

gboolean
search_add_name (Database *db, gint64 image, const char *path, GError **error)
{
  g_autofree char *valid = g_utf8_make_valid (path, -1);

  return database_run (db, SEARCH_NAME_ADD, error, "is", image, valid);
}

gboolean
search_delete_name (Database *db, gint64 image, const char *path, GError **error)
{
  g_autofree char *valid = g_utf8_make_valid (path, -1);

  return database_run (db, SEARCH_NAME_DELETE, error, "is", image, valid);
}

/* One slice of one kind of one entry. *done becomes the last id, or -1 at the end. */
static gboolean
index_slice (Database *db, gint64 entry, const char *kind, gint64 longest, gint64 *done, GError **error)
{
  gboolean image = strcmp (kind, "image") == 0;
  Statement which = image ? TODO_IMAGES : strcmp (kind, "caption") == 0 ? TODO_CAPTIONS : TODO_PHRASES;
  gint64 began = g_get_monotonic_time ();
  g_autoptr (DatabaseRows) rows = database_bind (db, which, error, "iii", entry, *done, (gint64) SLICE);
  int code, n = 0;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      gint64 id = column_id (rows, 0);
      g_autofree char *text = image ? g_strndup (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1))
                                    : g_strdup (column_text (rows, 1));

      if (!(image ? search_add_name (db, id, text, error) : search_replace_text (db, id, NULL, text, error)))
        return FALSE;
      *done = id;
      n++;
      if (g_get_monotonic_time () - began > longest)
        return TRUE;
    }
  if (code == SQLITE_DONE && n < SLICE)
    *done = -1;
  return code == SQLITE_DONE;
}

/* Which slice is next; FALSE in *found when everything is indexed. */
static gboolean
next_slice (Database *db, gint64 *entry, char **kind, gint64 *done, gboolean *found, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_statement (db, PROGRESS_NEXT, error);
  int code;

  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  *found = code == SQLITE_ROW;
  if (*found)
    {
      *entry = column_id (rows, 0);
      *kind = g_strdup (column_text (rows, 1));
      *done = column_id (rows, 2);
    }
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

gboolean
search_index (Project *project, void (*between) (gpointer), gpointer user_data, GError **error)
{
  Database *db = project_database (project);

  if (!database_set_durable (db, FALSE, error) || !database_begin (db, error))
    return FALSE;
  /* Merging by itself would make some slices long. */
  if (!database_exec (db, "INSERT INTO search_text (search_text, rank) VALUES ('automerge', 0); "
                          "INSERT INTO search_name (search_name, rank) VALUES ('automerge', 0)", error))
    {
      database_rollback (db);
      return FALSE;
    }
  if (!database_commit (db, error))
    return FALSE;
  while (TRUE)
    {
      g_autofree char *kind = NULL;
      gint64 entry, done;
      gboolean found;

      if (!database_set_durable (db, FALSE, error) || !database_begin (db, error))
        return FALSE;
      if (!next_slice (db, &entry, &kind, &done, &found, error) ||
          (found && !index_slice (db, entry, kind, between != NULL ? SLICE_MICROSECONDS : ALONE_MICROSECONDS, &done, error)) ||
          (found && !(done < 0 ? database_run (db, PROGRESS_END, error, "is", entry, kind)
                               : database_run (db, PROGRESS_SET, error, "isi", entry, kind, done))))
        {
          database_rollback (db);
          return FALSE;
        }
      if (!database_commit (db, error))
        return FALSE;
      if (!found)
        break;
      if (between != NULL)
        between (user_data);
      if (database_log_bytes (db) > (32 << 20) && !database_checkpoint (db, error))
        return FALSE;
    }
  return database_set_durable (db, TRUE, error);
}
