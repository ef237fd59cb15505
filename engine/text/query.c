/* SPDX-License-Identifier: MIT
 * From typed text to pieces and words. All pieces are computed, those beyond the limits too, and then dealt out to
 * the runs of the typed text that they begin in. */
#include "query.h"

#include "clean.h"
#include "error.h"
#include "function-word.h"
#include "unicode.h"
#include "wordpiece.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_MAX_WORDS 30

typedef struct
{
  const char *text;
  uint32_t length;
  uint32_t start, end; /* the present run */
} RunReader;

/* Moves on to the next run between white space; an ideograph is one alone. False at the end. */
static bool
next_run (RunReader *reader)
{
  uint32_t at = reader->end;
  bool begun = false;

  while (at < reader->length)
    {
      uint32_t code;
      uint32_t taken = utf8_decode (reader->text + at, reader->length - at, &code);
      bool space = unicode_flags (code) & UNICODE_SPACE;
      bool alone = unicode_is_ideograph (code);

      if (begun && (space || alone))
        break;
      if (!begun && !space)
        reader->start = at;
      begun |= !space;
      at += taken;
      if (alone)
        break;
    }
  reader->end = at;
  return begun;
}

/* Deals the pieces list[1..] out to words. Words lie in *words; first_piece is an index into the list. */
static int
deal_words (const char *text, size_t length, const PieceList *list, const Vocab *vocab, AlbefWord **words)
{
  RunReader run = { text, (uint32_t) length, 0, 0 };
  int unknown_id = vocab_special (vocab, VOCAB_UNK);
  int capacity = 0, n = 0;
  bool fresh = true; /* no piece has been dealt to the present run */

  *words = NULL;
  for (size_t i = 1; i < list->length; i++)
    {
      Piece piece = list->pieces[i];
      AlbefWord *word;

      while (run.end <= piece.start && next_run (&run))
        fresh = true;
      while (run.end < piece.end && next_run (&run)) /* a piece across runs makes them one */
        ;
      if (fresh)
        {
          if (n == capacity)
            {
              capacity = capacity > 0 ? 2 * capacity : 16;
              *words = mem_resize (*words, capacity, sizeof **words);
            }
          (*words)[n++] = (AlbefWord) {
            .start = piece.start, .end = piece.end, .first_piece = (int) i, .state = ALBEF_WORD_UNKNOWN
          };
          fresh = false;
        }
      word = &(*words)[n - 1];
      word->n_pieces++;
      if (piece.end > word->end)
        word->end = piece.end;
      if (piece.id != unknown_id)
        word->state = ALBEF_WORD_KNOWN;
    }
  return n;
}

/* Applies the limits: of the list's pieces the first n_kept are within the word limit, and at most max_positions
 * are seen. Returns how many pieces stay. */
static size_t
cut_words (AlbefQuery *query, const PieceList *list, size_t n_kept, int max_positions, int unknown_id)
{
  size_t n_pieces = n_kept;

  for (int i = 0; i < query->n_words; i++)
    {
      AlbefWord *word = &query->words[i];
      size_t first = word->first_piece;
      size_t end = first + word->n_pieces;
      size_t seen = end < n_kept ? end : n_kept;

      if (n_pieces == n_kept && first < n_kept && seen > (size_t) max_positions)
        n_pieces = first;
      if (end > n_pieces)
        query->n_cut++;
      if (first >= n_pieces)
        {
          word->state = ALBEF_WORD_CUT;
          word->first_piece = -1;
          word->n_pieces = 0;
        }
      else if (seen < end)
        {
          word->n_pieces = (int) (seen - first);
          word->state = ALBEF_WORD_UNKNOWN;
          for (size_t k = first; k < seen; k++)
            if (list->pieces[k].id != unknown_id)
              word->state = ALBEF_WORD_KNOWN;
        }
    }
  return n_pieces;
}

static void
copy_pieces (AlbefQuery *query, const PieceList *list, size_t n_pieces, const Vocab *vocab)
{
  size_t room = 0, at = 0;

  for (size_t i = 0; i < n_pieces; i++)
    room += strlen (vocab_token (vocab, list->pieces[i].id, NULL)) + 1;
  query->texts = mem_new0 (room, 1);
  query->pieces = mem_new0 (n_pieces, sizeof *query->pieces);
  query->n_pieces = (int) n_pieces;
  for (size_t i = 0; i < n_pieces; i++)
    {
      const char *token = vocab_token (vocab, list->pieces[i].id, NULL);

      query->pieces[i] = (AlbefPiece) {
        .start = list->pieces[i].start, .end = list->pieces[i].end, .id = list->pieces[i].id, .text = query->texts + at
      };
      strcpy (query->texts + at, token);
      at += strlen (token) + 1;
    }
}

AlbefStatus
query_new (const Vocab *vocab, int max_positions, const char *text, int max_words, AlbefQuery **query,
           AlbefError *error)
{
  size_t length = strnlen (text, MAPPED_TEXT_LIMIT + 1);
  MappedText cleaned = { 0 };
  PieceList list = { 0 };
  size_t kept_chars, kept_pieces, n_pieces;
  AlbefQuery *result;

  if (length > MAPPED_TEXT_LIMIT)
    return error_set (error, ALBEF_ERROR_LIMIT, "the text is longer than %zu MB: shorten it", MAPPED_TEXT_LIMIT >> 20);
  if (max_words < 0 || max_positions < 1)
    return error_set (error, ALBEF_ERROR_ARGUMENT,
                      "max_words %d, max_positions %d: the first must be at least 0 (0: %d), "
                      "the second at least 1",
                      max_words, max_positions, DEFAULT_MAX_WORDS);

  kept_chars = clean_text (text, length, CLEAN_CAPTION, max_words > 0 ? max_words : DEFAULT_MAX_WORDS, &cleaned);
  piece_list_append (&list, vocab_special (vocab, VOCAB_CLS), 0, 0);
  /* The cut falls on a space, which no token spans: the two halves tokenize as the whole would. */
  wordpiece_tokenize (vocab, cleaned.chars, kept_chars, &list);
  kept_pieces = list.length;
  if (cleaned.length > kept_chars)
    wordpiece_tokenize (vocab, cleaned.chars + kept_chars, cleaned.length - kept_chars, &list);

  result = mem_new0 (1, sizeof *result);
  result->n_words = deal_words (text, length, &list, vocab, &result->words);
  n_pieces = cut_words (result, &list, kept_pieces, max_positions, vocab_special (vocab, VOCAB_UNK));
  copy_pieces (result, &list, n_pieces, vocab);
  result->cleaned = mapped_to_utf8 (cleaned.chars, kept_chars, NULL, NULL);
  for (int i = 0; i < result->n_words; i++)
    result->words[i].function_word
        = is_function_word (text + result->words[i].start, result->words[i].end - result->words[i].start);
  mapped_free (&cleaned);
  piece_list_free (&list);
  *query = result;
  return ALBEF_OK;
}
