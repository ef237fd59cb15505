/* SPDX-License-Identifier: MIT
 * Keys are taken from the input file, so that other lengths than the public ones ("batch_max_length30") work. */
#include "case-text.h"

#include "clean.h"
#include "error.h"
#include "wordpiece.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  char *text; /* of size n */
  size_t n;
} Message;

__attribute__ ((format (printf, 2, 3))) static bool
fail (Message message, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  vsnprintf (message.text, message.n, format, args);
  va_end (args);
  return false;
}

static json_t *
read_json (const char *dir, const char *name, Message message)
{
  char *path = mem_printf ("%s/text/%s", dir, name);
  json_error_t json_error;
  json_t *root = json_load_file (path, JSON_ALLOW_NUL, &json_error);

  if (root == NULL)
    fail (message, "%s, line %d: %s", path, json_error.line > 0 ? json_error.line : 0, json_error.text);
  else if (!json_is_object (root))
    {
      fail (message, "%s: a JSON object is wanted", path);
      json_decref (root);
      root = NULL;
    }
  free (path);
  return root;
}

static bool
write_json (const json_t *root, const char *path, Message message)
{
  char *beside = mem_printf ("%s.part", path);
  FILE *file = fopen (beside, "wb");
  bool written = file != NULL && json_dumpf (root, file, JSON_INDENT (1) | JSON_ENSURE_ASCII) == 0
                 && fputc ('\n', file) != EOF && fflush (file) == 0 && fsync (fileno (file)) == 0;

  if (file != NULL && fclose (file) != 0)
    written = false;
  if (!written || rename (beside, path) != 0)
    {
      fail (message, "cannot write %s: %s", path, strerror (errno));
      unlink (beside);
      written = false;
    }
  free (beside);
  return written;
}

static bool
read_vocab (const char *dir, Vocab **vocab, Message message)
{
  char *path = mem_printf ("%s/text/vocab.txt", dir);
  AlbefError error = ALBEF_ERROR_INIT;
  bool read;

  if (access (path, R_OK) != 0)
    {
      free (path);
      path = mem_printf ("%s/vocab.txt", dir);
    }
  read = vocab_open (path, vocab, &error) == ALBEF_OK || fail (message, "%s", error.message);
  free (path);
  return read;
}

/* The number at the end of a run of letters in a key: ("batch_max_length30", "max_length") gives 30; 0 if none. */
static int
number_after (const char *key, const char *word)
{
  const char *at = strstr (key, word);

  return at != NULL ? atoi (at + strlen (word)) : 0;
}

static bool
is_text (const json_t *value)
{
  return json_is_string (value) && json_string_length (value) <= MAPPED_TEXT_LIMIT;
}

static json_t *
ids_row (const PieceList *list, size_t limit)
{
  json_t *row = json_array ();

  for (size_t i = 0; i < list->length && i < limit; i++)
    json_array_append_new (row, json_integer (list->pieces[i].id));
  return row;
}

static json_t *
tokens_of (const Vocab *vocab, const PieceList *list)
{
  json_t *tokens = json_array ();

  for (size_t i = 1; i < list->length; i++)
    {
      size_t length;
      const char *token = vocab_token (vocab, list->pieces[i].id, &length);

      json_array_append_new (tokens, json_stringn (token, length));
    }
  return tokens;
}

static bool
encode_case (const Vocab *vocab, json_t *item, Message message)
{
  json_t *text = json_object_get (item, "text");
  PieceList list = { 0 };
  const char *key;
  json_t *value;
  json_t *results;

  if (!is_text (text))
    return fail (message, "tokenizer.json: a case has no text");
  wordpiece_encode (vocab, json_string_value (text), json_string_length (text), &list);
  results = json_pack ("{s:o, s:[o]}", "tokens", tokens_of (vocab, &list), "ids", ids_row (&list, SIZE_MAX));
  json_object_foreach (item, key, value) if (number_after (key, "ids_truncated_max") > 0)
      json_object_set_new (results, key, json_pack ("[o]", ids_row (&list, number_after (key, "ids_truncated_max"))));
  json_object_update (item, results);
  json_decref (results);
  piece_list_free (&list);
  return true;
}

static json_t *
rows_of (const int64_t *values, int rows, int columns)
{
  json_t *list = json_array ();

  for (int row = 0; row < rows; row++)
    {
      json_t *one = json_array ();

      for (int i = 0; i < columns; i++)
        json_array_append_new (one, json_integer (values[row * columns + i]));
      json_array_append_new (list, one);
    }
  return list;
}

static PieceBatchRule
rule_of (const char *key)
{
  if (strstr (key, "without_truncation") != NULL)
    return (PieceBatchRule) { 0, false, false };
  if (strstr (key, "max_length") != NULL)
    return (PieceBatchRule) { number_after (key, "max_length"), true, true };
  return (PieceBatchRule) { number_after (key, "truncated"), true, false };
}

static bool
encode_batch (const Vocab *vocab, const char *key, json_t *entry, Message message)
{
  json_t *texts = json_object_get (entry, "texts");
  int n = (int) json_array_size (texts);
  const char **bytes = mem_new0 (n, sizeof *bytes);
  size_t *lengths = mem_new0 (n, sizeof *lengths);
  PieceBatch batch;
  bool good = json_is_array (texts);

  for (int i = 0; i < n && good; i++)
    {
      good = is_text (json_array_get (texts, i));
      bytes[i] = json_string_value (json_array_get (texts, i));
      lengths[i] = json_string_length (json_array_get (texts, i));
    }
  if (good)
    {
      piece_batch_encode (vocab, bytes, lengths, n, rule_of (key), &batch);
      json_object_set_new (entry, "input_ids", rows_of (batch.ids, batch.rows, batch.columns));
      json_object_set_new (entry, "attention_mask", rows_of (batch.mask, batch.rows, batch.columns));
      piece_batch_free (&batch);
    }
  free (bytes);
  free (lengths);
  return good || fail (message, "tokenizer.json: %s has no list of texts", key);
}

static bool
decode_pair (const Vocab *vocab, json_t *pair, Message message)
{
  json_t *id = json_array_get (pair, 0);
  size_t length;
  char *word;

  if (!json_is_integer (id))
    return fail (message, "tokenizer.json: an entry of decode_single has no id");
  word = wordpiece_decode (vocab, json_integer_value (id), &length);
  while (json_array_size (pair) < 2)
    json_array_append_new (pair, json_null ());
  json_array_set_new (pair, 1, json_stringn (word, length));
  free (word);
  return true;
}

static bool
compute_tokenizer (const Vocab *vocab, json_t *root, Message message)
{
  bool good = true;
  size_t index;
  const char *key;
  json_t *item, *entry;

  json_array_foreach (json_object_get (root, "cases"), index, item) good = good && encode_case (vocab, item, message);
  json_object_foreach (root, key, entry) if (strncmp (key, "batch_", 6) == 0) good
      = good && encode_batch (vocab, key, entry, message);
  json_array_foreach (json_object_get (root, "decode_single"), index, item) good
      = good && decode_pair (vocab, item, message);
  return good;
}

static bool
compute_clean (json_t *list, const char *key, CleanRule rule, Message message)
{
  size_t index;
  json_t *item;

  json_array_foreach (list, index, item)
  {
    json_t *text = json_object_get (item, "text");
    json_t *max_words = json_object_get (item, "max_words");
    MappedText cleaned = { 0 };
    size_t kept, length;
    char *bytes;

    if (!is_text (text) || !json_is_integer (max_words))
      return fail (message, "pre_caption.json: %s, entry %zu: text and max_words are wanted", key, index);
    kept = clean_text (json_string_value (text), json_string_length (text), rule, (int) json_integer_value (max_words),
                       &cleaned);
    bytes = mapped_to_utf8 (cleaned.chars, kept, &length, NULL);
    json_object_set_new (item, "result", json_stringn (bytes, length));
    free (bytes);
    mapped_free (&cleaned);
  }
  return true;
}

int
case_tokenizer (const char *dir, const char *out_path, char *message, size_t n)
{
  Message sentence = { message, n };
  json_t *root = read_json (dir, "tokenizer.json", sentence);
  Vocab *vocab = NULL;
  bool good = root != NULL && read_vocab (dir, &vocab, sentence) && compute_tokenizer (vocab, root, sentence)
              && write_json (root, out_path, sentence);

  vocab_free (vocab);
  json_decref (root);
  return good ? 0 : 1;
}

int
case_pre_caption (const char *dir, const char *out_path, char *message, size_t n)
{
  static const struct
  {
    const char *key;
    CleanRule rule;
  } lists[] = { { "pre_caption", CLEAN_CAPTION },
                { "pre_question", CLEAN_QUESTION },
                { "notebook_pre_caption", CLEAN_NOTEBOOK } };
  Message sentence = { message, n };
  json_t *root = read_json (dir, "pre_caption.json", sentence);
  bool good = root != NULL;

  for (size_t i = 0; i < sizeof lists / sizeof lists[0] && good; i++)
    good = compute_clean (json_object_get (root, lists[i].key), lists[i].key, lists[i].rule, sentence);
  good = good && write_json (root, out_path, sentence);
  json_decref (root);
  return good ? 0 : 1;
}
