/* SPDX-License-Identifier: MIT
 * fuzz-tokenizer.c: any bytes as typed text, through clean-up, word pieces and queries. Byte 0 of the input sets the
 * limits, the rest is the text. Spans must lie inside the text, on boundaries of code points, and never go back; ids
 * must be rows of the vocabulary; words must tile the pieces. */
#include "clean.h"
#include "query.h"
#include "unicode.h"
#include "wordpiece.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const char tokens[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##a\nb\n##b\nab\n##ab\nabc\nthe\ndog\n##s\n##"
                             "ing\n,\n.\n-\n[\n]\n中\n😀\n##😀\n"
                             "\xe1\x84\x92\n##\xe1\x85\xa1\n##\xe1\x86\xab\nα\nσ\n##σ\ni\n##i\ne\n##e\n\n##\nunk\n1\n##"
                             "1\n##中\n\xe2\x80\xa6\n";

static void
check (bool holds)
{
  if (!holds)
    abort ();
}

/* boundary[i]: a character, or an ill-formed part that counts as one, begins or the text ends at byte i. */
static void
check_span (const bool *boundary, size_t length, size_t start, size_t end)
{
  check (start < end && end <= length && boundary[start] && boundary[end]);
}

static void
check_clean (const char *text, size_t length, const bool *boundary, CleanRule rule, int max_words)
{
  MappedText cleaned = { 0 };
  size_t kept = clean_text (text, length, rule, max_words, &cleaned);
  size_t n_bytes;
  uint32_t *map;
  char *bytes = mapped_to_utf8 (cleaned.chars, kept, &n_bytes, &map);

  check (kept <= cleaned.length && (kept == cleaned.length || kept == 0 || cleaned.chars[kept].code == ' '));
  for (size_t i = 0; i < cleaned.length; i++)
    {
      check_span (boundary, length, cleaned.chars[i].start, cleaned.chars[i].end);
      check (i == 0 || cleaned.chars[i].start >= cleaned.chars[i - 1].start);
    }
  check (utf8_validate (bytes, n_bytes) == n_bytes);
  for (size_t i = 0; i < n_bytes; i++)
    check (map[i] < kept);
  free (bytes);
  free (map);
  mapped_free (&cleaned);
}

static void
check_pieces (const Vocab *vocab, const char *text, size_t length, const bool *boundary)
{
  PieceList list = { 0 };
  PieceBatch batch;

  wordpiece_encode (vocab, text, length, &list);
  check (list.length >= 1 && list.pieces[0].id == vocab_special (vocab, VOCAB_CLS));
  for (size_t i = 1; i < list.length; i++)
    {
      check (list.pieces[i].id >= 0 && list.pieces[i].id < vocab_size (vocab));
      check_span (boundary, length, list.pieces[i].start, list.pieces[i].end);
      check (list.pieces[i].start >= list.pieces[i - 1].start);
    }
  piece_batch_encode (vocab, &text, &length, 1, (PieceBatchRule) { 25, true, true }, &batch);
  check (batch.columns == 25);
  for (size_t i = 0; i < 25; i++)
    check (batch.mask[i] == (i < list.length)
           && batch.ids[i] == (i < list.length ? list.pieces[i].id : vocab_special (vocab, VOCAB_PAD)));
  piece_batch_free (&batch);
  piece_list_free (&list);
}

static void
check_query (const Vocab *vocab, const char *text, const bool *boundary, int max_positions, int max_words)
{
  size_t length = strlen (text);
  AlbefQuery *query = NULL;
  int next = 1, n_cut = 0;
  size_t last_end = 0;

  check (query_new (vocab, max_positions, text, max_words, &query, NULL) == ALBEF_OK);
  check (query->n_pieces >= 1 && query->n_pieces <= max_positions);
  check (utf8_validate (query->cleaned, strlen (query->cleaned)) == strlen (query->cleaned));
  for (int i = 0; i < query->n_words; i++)
    {
      const AlbefWord *word = &query->words[i];

      check_span (boundary, length, word->start, word->end);
      check (word->start >= last_end);
      last_end = word->end;
      n_cut += word->state == ALBEF_WORD_CUT;
      if (word->state == ALBEF_WORD_CUT)
        check (word->first_piece == -1 && word->n_pieces == 0);
      else
        {
          check (word->first_piece == next && word->n_pieces > 0);
          for (int k = 0; k < word->n_pieces; k++)
            {
              const AlbefPiece *piece = &query->pieces[next + k];

              check (piece->start >= word->start && piece->end <= word->end && piece->start < piece->end);
              check (piece->id != vocab_special (vocab, VOCAB_SEP) && piece->id != vocab_special (vocab, VOCAB_MASK));
            }
          next += word->n_pieces;
        }
    }
  check (next == query->n_pieces && (query->n_cut == n_cut || query->n_cut == n_cut + 1));
  albef_query_free (query);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static Vocab *vocab;
  size_t length = size > 0 ? size - 1 : 0;
  int max_words = size > 0 ? data[0] & 15 : 0;
  int max_positions = size > 0 ? 1 + 3 * (data[0] >> 4) : 64;
  bool *boundary = calloc (length + 1, sizeof *boundary);
  char *text = calloc (length + 1, 1);

  if (vocab == NULL)
    check (vocab_from_bytes (tokens, sizeof tokens - 1, "fuzz", &vocab, NULL) == ALBEF_OK);
  check (boundary != NULL && text != NULL);
  if (length > 0)
    memcpy (text, data + 1, length);
  for (size_t at = 0; at < length;)
    {
      uint32_t code;

      boundary[at] = true;
      at += utf8_decode (text + at, length - at, &code);
    }
  boundary[length] = true;
  for (int rule = CLEAN_CAPTION; rule <= CLEAN_NOTEBOOK; rule++)
    check_clean (text, length, boundary, rule, max_words == 15 ? -1 : max_words);
  check_pieces (vocab, text, length, boundary);
  /* An inner NUL ends a query's text; what is ill-formed there may be cut differently, but begins alike. */
  boundary[strlen (text)] = true;
  check_query (vocab, text, boundary, max_positions, max_words);
  free (text);
  free (boundary);
  return 0;
}
