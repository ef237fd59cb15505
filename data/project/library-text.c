/* SPDX-License-Identifier: MIT */
#include "library-text.h"

#include "search.h"

#include <string.h>

#define CANCEL_HITS 4096

struct LibraryFold
{
  fts5_tokenizer methods;
  Fts5Tokenizer *tokenizer;
};

struct LibraryText
{
  GString *block;  /* texts, each ended by a line break */
  GArray *offsets; /* gsize, of each text */
  GArray *rows;    /* guint32, of each text */
};

/* Folding -------------------------------------------------------------------------------------------------------- */

LibraryFold *
library_fold_new (Database *db, GError **error)
{
  const char *arguments[] = { "remove_diacritics", "2" };
  g_autoptr (LibraryFold) fold = g_new0 (LibraryFold, 1);
  g_autoptr (DatabaseRows) rows = database_statement (db, FTS_API, error);
  fts5_api *api = NULL;
  void *context = NULL;
  int code;

  if (rows == NULL)
    return NULL;
  code = sqlite3_bind_pointer (rows, 1, &api, "fts5_api_ptr", NULL);
  if (code == SQLITE_OK)
    code = sqlite3_step (rows) == SQLITE_ROW && api != NULL ? SQLITE_OK : SQLITE_ERROR;
  if (code == SQLITE_OK)
    code = api->xFindTokenizer (api, "unicode61", &context, &fold->methods);
  if (code == SQLITE_OK)
    code = fold->methods.xCreate (context, arguments, G_N_ELEMENTS (arguments), &fold->tokenizer);
  if (code == SQLITE_OK)
    return g_steal_pointer (&fold);
  database_fail (db, code, "the tokenizer of the text search", error);
  return NULL;
}

void
library_fold_free (LibraryFold *fold)
{
  if (fold != NULL && fold->tokenizer != NULL)
    fold->methods.xDelete (fold->tokenizer);
  g_free (fold);
}

static int
put_token (void *context, int flags, const char *token, int length, int first, int last)
{
  GString *out = context;

  if (out->len == 0)
    g_string_append_c (out, ' ');
  g_string_append_len (out, token, length);
  g_string_append_c (out, ' ');
  return SQLITE_OK;
}

/* Of a text that search_apart() has been through. */
static char *
fold_apart (LibraryFold *fold, const char *apart)
{
  GString *out = g_string_new (NULL);

  fold->methods.xTokenize (fold->tokenizer, out, FTS5_TOKENIZE_DOCUMENT, apart, (int) MIN (strlen (apart), G_MAXINT), put_token);
  return g_string_free (out, FALSE);
}

char *
library_fold_text (LibraryFold *fold, const char *text)
{
  g_autofree char *apart = NULL;

  for (const char *c = text; *c != '\0'; c++)
    if ((guchar) *c >= 0x80)
      {
        apart = search_apart (text);
        break;
      }
  return fold_apart (fold, apart != NULL ? apart : text);
}

char *
library_fold_name (const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  GString *out = g_string_new (NULL);

  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c))
    g_string_append_unichar (out, *c == '\n' ? ' ' : g_unichar_tolower (g_utf8_get_char (c)));
  return g_string_free (out, FALSE);
}

GPtrArray *
library_fold_query (LibraryFold *fold, const char *typed)
{
  gboolean prefix;
  g_autoptr (GPtrArray) terms = search_terms (typed, &prefix);
  g_autoptr (GPtrArray) needles = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < terms->len; i++)
    {
      char *needle = fold_apart (fold, terms->pdata[i]);
      gsize length = strlen (needle);

      /* The last word is also a beginning: nothing needs to end behind it. */
      if (length > 0 && prefix && i + 1 == terms->len)
        needle[length - 1] = '\0';
      if (length > 0)
        g_ptr_array_add (needles, needle);
      else
        g_free (needle);
    }
  return needles->len > 0 ? g_steal_pointer (&needles) : NULL;
}

GPtrArray *
library_fold_name_query (const char *typed)
{
  g_autofree char *valid = g_utf8_make_valid (typed, -1);
  g_auto (GStrv) terms = g_strsplit_set (valid, " \t\r\n", -1);
  g_autoptr (GPtrArray) needles = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; terms[i] != NULL; i++)
    if (search_is_word (terms[i]))
      g_ptr_array_add (needles, library_fold_name (terms[i]));
  return needles->len > 0 ? g_steal_pointer (&needles) : NULL;
}

/* Texts ---------------------------------------------------------------------------------------------------------- */

LibraryText *
library_text_new (void)
{
  LibraryText *text = g_new0 (LibraryText, 1);

  text->block = g_string_new (NULL);
  text->offsets = g_array_new (FALSE, FALSE, sizeof (gsize));
  text->rows = g_array_new (FALSE, FALSE, sizeof (guint32));
  return text;
}

void
library_text_free (LibraryText *text)
{
  if (text == NULL)
    return;
  g_string_free (text->block, TRUE);
  g_array_unref (text->offsets);
  g_array_unref (text->rows);
  g_free (text);
}

void
library_text_add (LibraryText *text, guint32 row, const char *folded)
{
  gsize at = text->block->len;

  if (*folded == '\0')
    return;
  g_string_append (text->block, folded);
  g_string_append_c (text->block, '\n');
  g_array_append_val (text->offsets, at);
  g_array_append_val (text->rows, row);
}

static gsize
end_of (const LibraryText *text, guint i)
{
  return i + 1 < text->offsets->len ? g_array_index (text->offsets, gsize, i + 1) : text->block->len;
}

void
library_text_remove (LibraryText *text, guint32 row)
{
  const guint32 *rows = (const guint32 *) text->rows->data;

  /* What is left are line breaks, which no needle has. */
  for (guint i = 0; i < text->rows->len; i++)
    if (rows[i] == row)
      {
        gsize at = g_array_index (text->offsets, gsize, i);

        memset (text->block->str + at, '\n', end_of (text, i) - at);
      }
}

gsize
library_text_bytes (const LibraryText *text)
{
  return text->block->allocated_len + (gsize) text->offsets->len * (sizeof (gsize) + sizeof (guint32));
}

/* As memmem(), which spends more on its tables than a short text is worth. `needle` is not empty. */
static gboolean
holds (const char *from, const char *to, const char *needle, gsize length)
{
  if (to - from > 256)
    return memmem (from, to - from, needle, length) != NULL;
  for (; from + length <= to; from++)
    if (from[length - 1] == needle[length - 1] && memcmp (from, needle, length) == 0)
      return TRUE;
  return FALSE;
}

gboolean
library_text_find (const LibraryText *text, const GPtrArray *needles, guint64 *bits, GCancellable *cancellable)
{
  const char *block = text->block->str, *end = block + text->block->len, *at = block, *hit;
  const char *first = needles->pdata[0];
  g_autofree gsize *lengths = g_new (gsize, needles->len);
  gsize length;
  guint i = 0, hits = 0;

  for (guint j = 0; j < needles->len; j++)
    lengths[j] = strlen (needles->pdata[j]);

  /* The longest one is likely the rarest. */
  for (guint j = 1; j < needles->len; j++)
    if (strlen (needles->pdata[j]) > strlen (first))
      first = needles->pdata[j];
  length = strlen (first);
  while (at < end && (hit = memmem (at, end - at, first, length)) != NULL)
    {
      const char *from, *to;
      gboolean all = TRUE;

      if (++hits % CANCEL_HITS == 0 && g_cancellable_is_cancelled (cancellable))
        return FALSE;
      while (block + end_of (text, i) <= hit)
        i++;
      from = block + g_array_index (text->offsets, gsize, i);
      to = block + end_of (text, i);
      for (guint j = 0; j < needles->len && all; j++)
        all = needles->pdata[j] == first || holds (from, to, needles->pdata[j], lengths[j]);
      if (all)
        {
          guint32 row = g_array_index (text->rows, guint32, i);

          bits[row >> 6] |= G_GUINT64_CONSTANT (1) << (row & 63);
        }
      at = to;
    }
  return !g_cancellable_is_cancelled (cancellable);
}
