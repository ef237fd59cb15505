/* SPDX-License-Identifier: MIT
 * import-phrase.c: captions and phrases, known again by their text and spans. */
#include "import-private.h"

#include "project-id.h"

#include <string.h>

#define CAPTIONS_KEPT 4096

/* Text must be UTF-8 without a NUL; what else it holds is people's own business. */
static gboolean
text_is_good (Import *import, const char *where, const char *what, const char *text)
{
  if (text == NULL || *text == '\0')
    {
      import_skip (import, where, "the %s is empty", what);
      return FALSE;
    }
  if (!g_utf8_validate (text, -1, NULL))
    {
      import_skip (import, where, "the %s is no valid UTF-8", what);
      return FALSE;
    }
  return TRUE;
}

gint64
import_caption (Import *import, const char *where, gint64 image, const char *text, const json_t *extra, GError **error)
{
  g_autofree char *more = NULL;
  gint64 identity, id, revision;
  gboolean changed;

  if (!text_is_good (import, where, "caption", text) || !import_batch_go_on (import, error))
    return 0;
  identity = project_identity ("caption", text, strlen (text));
  if (!import_find_row (import, CAPTION_FIND, KIND_CAPTION, image, identity, &id, &changed, error))
    return 0;
  import->report->captions++;
  import->report->new_captions += changed || id == 0;
  if (id == 0)
    {
      id = project_id_new ();
      revision = project_id_new ();
      more = extra != NULL ? json_to_text (extra) : NULL;
      if (!database_run (import->db, CAPTION_INSERT, error, "iiiisi", id, image, identity, revision, more,
                         import->entry) ||
          !database_run (import->db, CAPTION_REVISION_INSERT, error, "iissi", revision, id, text, import->options->by,
                         import->now))
        return 0;
    }
  if (g_hash_table_size (import->captions) >= CAPTIONS_KEPT)
    g_hash_table_remove_all (import->captions);
  g_hash_table_replace (import->captions, import_id_new (id), g_strdup (text));
  return id;
}

/* The text a caption was imported with, borrowed. */
static const char *
caption_text (Import *import, gint64 caption, GError **error)
{
  char *text = g_hash_table_lookup (import->captions, &caption);

  if (text == NULL)
    {
      sqlite3_stmt *rows = database_bind (import->db, CAPTION_FIRST_TEXT, error, "i", caption);

      if (rows != NULL && database_step (import->db, rows, error) == SQLITE_ROW)
        {
          text = g_strdup (column_text (rows, 1));
          g_hash_table_replace (import->captions, import_id_new (caption), text);
        }
      if (rows != NULL)
        database_rows_end (rows);
    }
  return text;
}

/* The spans' words joined by spaces; NULL and a skip where a span does not lie in the caption. */
static char *
spans_text (Import *import, const char *where, const char *caption, const ImportPhrase *phrase)
{
  GString *text = g_string_new (NULL);
  gint64 length = g_utf8_strlen (caption, -1);

  for (guint i = 0; i < phrase->n_spans; i++)
    {
      const Span *span = &phrase->spans[i];
      const char *first, *last;

      if (span->first < 0 || span->last > length || span->first >= span->last)
        {
          import_skip (import, where,
                       "characters %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " do not lie in the caption '%.80s'",
                       span->first, span->last, caption);
          g_string_free (text, TRUE);
          return NULL;
        }
      first = g_utf8_offset_to_pointer (caption, span->first);
      last = g_utf8_offset_to_pointer (first, span->last - span->first);
      if (i > 0)
        g_string_append_c (text, ' ');
      g_string_append_len (text, first, last - first);
    }
  return g_string_free (text, FALSE);
}

gint64
span_identity (const char *caption, const Span *spans, guint n)
{
  g_autoptr (GString) bytes = g_string_new (caption);

  g_string_append_c (bytes, '\0');
  for (guint i = 0; i < n; i++)
    g_string_append_printf (bytes, "%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT ",", spans[i].first, spans[i].last);
  return project_identity ("span", bytes->str, bytes->len);
}

static gint64
phrase_identity (const char *text, const char *caption, const ImportPhrase *phrase)
{
  g_autoptr (GString) bytes = g_string_new (NULL);

  if (caption == NULL || phrase->n_spans == 0)
    {
      g_string_append (bytes, text);
      g_string_append_c (bytes, '\0');
      g_string_append (bytes, caption != NULL ? caption : "");
      g_string_append_c (bytes, '\0');
      g_string_append (bytes, phrase->key != NULL ? phrase->key : "");
      return project_identity ("phrase", bytes->str, bytes->len);
    }
  return span_identity (caption, phrase->spans, phrase->n_spans);
}

static gboolean
find_entity (Import *import, gint64 image, const char *chain, gint64 *id, GError **error)
{
  gboolean found = FALSE;

  *id = 0;
  if (chain == NULL || *chain == '\0')
    return TRUE;
  if (!database_get (import->db, ENTITY_FIND, id, &found, error, "is", image, chain))
    return FALSE;
  if (found)
    return TRUE;
  *id = project_id_new ();
  return database_run (import->db, ENTITY_INSERT, error, "iis", *id, image, chain);
}

static gboolean
insert_phrase (Import *import, const ImportPhrase *phrase, const char *text, gint64 identity, gint64 *id,
               GError **error)
{
  g_autofree char *types = phrase->types != NULL ? json_to_text (phrase->types) : NULL;
  g_autoptr (json_t) with_key = phrase->key == NULL     ? NULL
                                : phrase->extra != NULL ? json_copy ((json_t *) phrase->extra)
                                                        : json_object ();
  const json_t *all = with_key != NULL ? with_key : phrase->extra;
  g_autofree char *extra = NULL;
  gint64 revision = project_id_new (), entity;

  if (with_key != NULL)
    json_object_set_new (with_key, "key", json_string (phrase->key));
  extra = all != NULL ? json_to_text (all) : NULL;

  *id = project_id_new ();
  if (!find_entity (import, phrase->image, phrase->chain, &entity, error) ||
      !database_run (import->db, PHRASE_INSERT, error, "iiIiiIssi", *id, phrase->image, phrase->caption, identity,
                     revision, entity, types, extra, import->entry) ||
      !database_run (import->db, PHRASE_REVISION_INSERT, error, "iisisi", revision, *id, text,
                     (gint64) (phrase->caption != 0 && phrase->n_spans == 0), import->options->by, import->now))
    return FALSE;
  for (guint i = 0; i < phrase->n_spans; i++)
    if (!database_run (import->db, PHRASE_SPAN_INSERT, error, "iiii", revision, (gint64) i, phrase->spans[i].first,
                       phrase->spans[i].last))
      return FALSE;
  return TRUE;
}

gint64
import_phrase (Import *import, const char *where, const ImportPhrase *phrase, GError **error)
{
  const char *caption = NULL, *text = phrase->text;
  g_autofree char *joined = NULL;
  gint64 identity, id;
  gboolean changed;

  if (!import_batch_go_on (import, error))
    return 0;
  if (phrase->caption != 0)
    {
      GError *local = NULL;

      caption = caption_text (import, phrase->caption, &local);
      if (caption == NULL)
        {
          if (local != NULL)
            g_propagate_error (error, local);
          else
            import_skip (import, where, "its caption is not there");
          return 0;
        }
      if (phrase->n_spans > 0)
        {
          joined = spans_text (import, where, caption, phrase);
          if (joined == NULL)
            return 0;
          if (text != NULL && strcmp (text, joined) != 0)
            {
              import_skip (import, where, "the phrase '%.80s' is not what its characters in the caption say, '%.80s'",
                           text, joined);
              return 0;
            }
          text = joined;
        }
    }
  if (!text_is_good (import, where, "phrase", text))
    return 0;
  identity = phrase_identity (text, caption, phrase);
  if (!import_find_row (import, PHRASE_FIND, KIND_PHRASE, phrase->image, identity, &id, &changed, error))
    return 0;
  import->report->phrases++;
  import->report->new_phrases += changed || id == 0;
  if (id == 0 && !insert_phrase (import, phrase, text, identity, &id, error))
    return 0;
  return id;
}
