/* SPDX-License-Identifier: MIT
 * The word under construction is a MappedText; when it ends it is decomposed, stripped of accents, split at
 * punctuation and matched against the vocabulary. */
#include "wordpiece.h"

#include "error.h"
#include "unicode.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------ pieces */

void
piece_list_free (PieceList *list)
{
  free (list->pieces);
  *list = (PieceList) { 0 };
}

void
piece_list_append (PieceList *list, int id, uint32_t start, uint32_t end)
{
  if (list->length == list->capacity)
    {
      list->capacity = list->capacity > 0 ? 2 * list->capacity : 32;
      list->pieces = mem_resize (list->pieces, list->capacity, sizeof *list->pieces);
    }
  list->pieces[list->length++] = (Piece) { id, start, end };
}

/* -------------------------------------------------------------------------------------- longest-match pieces */

/* Appends the pieces of one word, or one [UNK] if some part of it matches nothing. Prefix hashes make each
 * start one pass over the rest of the word, however long the tokens. */
static void
match_word (const Vocab *vocab, const MappedChar *chars, size_t length, PieceList *list)
{
  char bytes[2 + 4 * WORDPIECE_MAX_CHARS] = "##";
  size_t at[WORDPIECE_MAX_CHARS + 1]; /* where character i begins in bytes */
  uint64_t hashes[WORDPIECE_MAX_CHARS + 1];
  size_t longest = vocab_longest (vocab);
  size_t first_piece = list->length;
  size_t start = 0;

  if (length <= WORDPIECE_MAX_CHARS)
    {
      at[0] = 2;
      for (size_t i = 0; i < length; i++)
        at[i + 1] = at[i] + utf8_encode (chars[i].code, bytes + at[i]);
    }
  while (length <= WORDPIECE_MAX_CHARS && start < length)
    {
      size_t prefix = start > 0 ? 2 : 0; /* "##" in front of all but the first */
      char saved[2] = { bytes[at[start] - 2], bytes[at[start] - 1] };
      const char *token = bytes + at[start] - prefix;
      size_t end = start;
      int id = -1;

      memcpy (bytes + at[start] - prefix, "##", prefix);
      hashes[start] = vocab_hash (VOCAB_HASH_START, "##", prefix);
      while (end < length && at[end + 1] - at[start] + prefix <= longest)
        {
          hashes[end + 1] = vocab_hash (hashes[end], bytes + at[end], at[end + 1] - at[end]);
          end++;
        }
      for (; end > start; end--)
        {
          id = vocab_find_hashed (vocab, hashes[end], token, at[end] - at[start] + prefix);
          if (id >= 0)
            break;
        }
      memcpy (bytes + at[start] - 2, saved, 2);
      if (id < 0)
        break;
      piece_list_append (list, id, chars[start].start, chars[end - 1].end);
      start = end;
    }
  if (start < length)
    {
      list->length = first_piece;
      piece_list_append (list, vocab_special (vocab, VOCAB_UNK), chars[0].start, chars[length - 1].end);
    }
}

/* ------------------------------------------------------------------------------------- basic tokenization */

/* Drops non-spacing marks; the character before keeps their place in the typed text. */
static void
strip_accents (MappedText *word)
{
  size_t kept = 0;

  for (size_t i = 0; i < word->length; i++)
    if (!(unicode_flags (word->chars[i].code) & UNICODE_MARK))
      word->chars[kept++] = word->chars[i];
    else if (kept > 0 && word->chars[kept - 1].end < word->chars[i].end)
      word->chars[kept - 1].end = word->chars[i].end;
  word->length = kept;
}

static void
end_word (const Vocab *vocab, MappedText *word, PieceList *list)
{
  size_t start = 0;

  if (word->length == 0)
    return;
  mapped_decompose (word);
  strip_accents (word);
  for (size_t i = 0; i < word->length; i++)
    if (unicode_flags (word->chars[i].code) & UNICODE_PUNCTUATION)
      {
        if (i > start)
          match_word (vocab, word->chars + start, i - start, list);
        match_word (vocab, word->chars + i, 1, list);
        start = i + 1;
      }
  if (word->length > start)
    match_word (vocab, word->chars + start, word->length - start, list);
  word->length = 0;
}

static void
add_char (const Vocab *vocab, MappedChar item, MappedText *word, PieceList *list)
{
  unsigned flags = unicode_flags (item.code);
  bool line_space = item.code == '\t' || item.code == '\n' || item.code == '\r';

  if (item.code == 0 || item.code == UNICODE_REPLACEMENT || (flags & UNICODE_CONTROL && !line_space))
    return;
  /* Zs and the three above become spaces; the line and paragraph separators stay but split all the same. */
  if (flags & (UNICODE_SPACE | UNICODE_SPACE_SEPARATOR))
    end_word (vocab, word, list);
  else if (unicode_is_ideograph (item.code))
    {
      end_word (vocab, word, list);
      mapped_append (word, item.code, item.start, item.end);
      end_word (vocab, word, list);
    }
  else
    mapped_append (word, item.code, item.start, item.end);
}

/* The special token that stands at chars[0..length); -1 if none. *n gets its number of characters. */
static int
special_at (const Vocab *vocab, const MappedChar *chars, size_t length, size_t *n)
{
  if (chars[0].code != '[')
    return -1;
  for (int special = 0; special < VOCAB_N_SPECIALS; special++)
    {
      const char *text = vocab_special_text (special);
      size_t i = 0;

      while (i < length && text[i] != 0 && chars[i].code == (unsigned char) text[i])
        i++;
      *n = i;
      if (text[i] == 0)
        return vocab_special (vocab, special);
    }
  return -1;
}

void
wordpiece_tokenize (const Vocab *vocab, const MappedChar *chars, size_t length, PieceList *list)
{
  MappedText word = { 0 };

  for (size_t i = 0; i < length; i++)
    {
      uint32_t lower[2];
      size_t n;
      int special = special_at (vocab, chars + i, length - i, &n);

      if (special >= 0)
        {
          end_word (vocab, &word, list);
          piece_list_append (list, special, chars[i].start, chars[i + n - 1].end);
          i += n - 1;
          continue;
        }
      n = unicode_lower (chars[i].code, lower);
      for (size_t part = 0; part < n; part++)
        add_char (vocab, (MappedChar) { lower[part], chars[i].start, chars[i].end }, &word, list);
    }
  end_word (vocab, &word, list);
  mapped_free (&word);
}

void
wordpiece_encode (const Vocab *vocab, const char *text, size_t length, PieceList *list)
{
  MappedText chars = { 0 };

  piece_list_append (list, vocab_special (vocab, VOCAB_CLS), 0, 0);
  mapped_decode (&chars, text, length);
  wordpiece_tokenize (vocab, chars.chars, chars.length, list);
  mapped_free (&chars);
}

/* --------------------------------------------------------------------------------------------- decoding */

/* Replaces every `from` in bytes[0..*length) by the not longer `to`, from left to right. */
static void
replace_all (char *bytes, size_t *length, const char *from, const char *to)
{
  size_t n_from = strlen (from), n_to = strlen (to), out = 0;

  for (size_t i = 0; i < *length;)
    if (*length - i >= n_from && memcmp (bytes + i, from, n_from) == 0)
      {
        memcpy (bytes + out, to, n_to);
        out += n_to;
        i += n_from;
      }
    else
      bytes[out++] = bytes[i++];
  *length = out;
}

static size_t
trailing_space (const char *bytes, size_t length)
{
  size_t end = length;

  while (end > 0)
    {
      size_t start = end - 1;
      uint32_t code;

      while (start > 0 && ((unsigned char) bytes[start] & 0xc0) == 0x80)
        start--;
      utf8_decode (bytes + start, end - start, &code);
      if (!(unicode_flags (code) & UNICODE_SPACE))
        break;
      end = start;
    }
  return length - end;
}

static size_t
leading_space (const char *bytes, size_t length)
{
  size_t at = 0;

  while (at < length)
    {
      uint32_t code;
      int taken = utf8_decode (bytes + at, length - at, &code);

      if (!(unicode_flags (code) & UNICODE_SPACE))
        break;
      at += taken;
    }
  return at;
}

char *
wordpiece_decode (const Vocab *vocab, int64_t id, size_t *length)
{
  /* The official clean-up of a decoded sentence; a single token is touched only if it holds spaces. */
  static const char *const tidied[][2]
      = { { " .", "." },     { " ?", "?" },   { " !", "!" },   { " ,", "," },     { " ' ", "'" },
          { " n't", "n't" }, { " 'm", "'m" }, { " 's", "'s" }, { " 've", "'ve" }, { " 're", "'re" } };
  size_t n = 0, cut;
  const char *token = id >= 0 && id < vocab_size (vocab) ? vocab_token (vocab, (int) id, &n) : NULL;
  char *word;

  if (token == NULL || vocab_find (vocab, token, n) != id)
    token = vocab_token (vocab, vocab_special (vocab, VOCAB_UNK), &n);
  word = mem_new0 (n + 1, 1);
  memcpy (word, token, n);
  replace_all (word, &n, " ##", "");
  n -= trailing_space (word, n);
  cut = leading_space (word, n);
  n -= cut;
  memmove (word, word + cut, n);
  for (size_t i = 0; i < sizeof tidied / sizeof tidied[0]; i++)
    replace_all (word, &n, tidied[i][0], tidied[i][1]);
  word[n] = 0;
  if (length != NULL)
    *length = n;
  return word;
}

/* --------------------------------------------------------------------------------------------- batches */

void
piece_batch_encode (const Vocab *vocab, const char *const *texts, const size_t *lengths, int n, PieceBatchRule rule,
                    PieceBatch *batch)
{
  PieceList *lists = mem_new0 (n, sizeof *lists);
  size_t columns = rule.pad_to_max ? rule.max_length : 0;

  for (int row = 0; row < n; row++)
    {
      wordpiece_encode (vocab, texts[row], lengths[row], &lists[row]);
      if (rule.truncate && rule.max_length > 0 && lists[row].length > (size_t) rule.max_length)
        lists[row].length = rule.max_length;
      if (lists[row].length > columns)
        columns = lists[row].length;
    }
  *batch = (PieceBatch) { n, (int) columns, mem_new0 (n * columns, sizeof *batch->ids),
                          mem_new0 (n * columns, sizeof *batch->mask) };
  for (int row = 0; row < n; row++)
    {
      for (size_t i = 0; i < columns; i++)
        {
          bool real = i < lists[row].length;

          batch->ids[row * columns + i] = real ? lists[row].pieces[i].id : vocab_special (vocab, VOCAB_PAD);
          batch->mask[row * columns + i] = real;
        }
      piece_list_free (&lists[row]);
    }
  free (lists);
}

void
piece_batch_free (PieceBatch *batch)
{
  free (batch->ids);
  free (batch->mask);
  *batch = (PieceBatch) { 0 };
}
