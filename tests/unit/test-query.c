/* SPDX-License-Identifier: MIT
 * Queries: words as typed, their pieces, the limits. */
#include "text-fixture.h"

#include "error.h"
#include "mapped.h"
#include "query.h"

#include <time.h>

/* wanted: one entry a word: typed span as text, ':', first piece '+' count, state K U C, 'f' for function words. */
static void
check_words (const Vocab *vocab, const char *text, int max_positions, int max_words, const char *wanted,
             const char *name)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefQuery *query = NULL;
  char got[8192] = "";
  size_t at = 0;

  if (!tap_ok (query_new (vocab, max_positions, text, max_words, &query, &error) == ALBEF_OK, "%s, made", name))
    {
      tap_note ("%s", error.message);
      return;
    }
  for (int i = 0; i < albef_query_n_words (query) && at < sizeof got; i++)
    {
      const AlbefWord *word = albef_query_word (query, i);

      at += snprintf (got + at, sizeof got - at, "%s%.*s:%d+%d%c%s", i > 0 ? "|" : "", (int) (word->end - word->start),
                      text + word->start, word->first_piece, word->n_pieces, "KUC"[word->state],
                      word -> function_word ? "f" : "");
    }
  snprintf (got + at, sizeof got - at, " pieces %d cut %d", albef_query_n_pieces (query), albef_query_n_cut (query));
  tap_equal_text (got, wanted, name);
  albef_query_free (query);
}

static void
test_words (const Vocab *vocab)
{
  check_words (vocab, "", 64, 0, " pieces 1 cut 0", "/query/empty text");
  check_words (vocab, " \t\n ", 64, 0, " pieces 1 cut 0", "/query/white space");
  check_words (vocab, "A dog, on the Table!", 64, 0, "A:1+1Kf|dog:2+1K|on:3+1Kf|the:4+1Kf|Table:5+1K pieces 6 cut 0",
               "/query/deleted punctuation is no part of a word");
  check_words (vocab, "dog ... cat , !", 64, 0, "dog:1+1K|cat:2+1K pieces 3 cut 0",
               "/query/a word of punctuation alone is none");
  check_words (vocab, "dog & cat", 64, 0, "dog:1+1K|&:2+1K|cat:3+1K pieces 4 cut 0",
               "/query/a sign that stays is a word");
  check_words (vocab, "don't sit", 64, 0, "don't:1+4K|sit:5+1K pieces 6 cut 0", "/query/an apostrophe inside");
  check_words (vocab, "(black-and-white)  dog's", 64, 0, "black-and-white:1+3K|dog's:4+2K pieces 6 cut 0",
               "/query/a hyphen joins what was typed as one");
  check_words (vocab, "<person> and <PERSON>", 64, 0, "person:1+1K|and:2+1Kf|PERSON:3+1K pieces 4 cut 0",
               "/query/<person>");
  check_words (vocab, "中国の人", 64, 0, "中:1+1K|国:2+1K|の:3+1U|人:4+1K pieces 5 cut 0",
               "/query/each ideograph is a word");
  check_words (vocab, "a中b", 64, 0, "a:1+1Kf|中:2+1K|b:3+1K pieces 4 cut 0", "/query/letters beside ideographs");
  check_words (vocab, "dog😀 red-zebra42 Ünïted", 64, 0, "dog😀:1+1U|red-zebra42:2+2K|Ünïted:4+4K pieces 8 cut 0",
               "/query/unknown if no piece is known");
  check_words (vocab, "한국 dog", 64, 0, "한국:1+1U|dog:2+1K pieces 3 cut 0", "/query/Hangul");
  check_words (vocab, "do\x0bg cat", 64, 0, "do\x0bg:1+1K|cat:2+1K pieces 3 cut 0",
               "/query/white space that the tokenizer drops joins");
  check_words (vocab, "[SEP] dog", 64, 0, "[SEP]:1+5K|dog:6+1K pieces 7 cut 0",
               "/query/special tokens are plain text in captions");
  check_words (vocab, "e\xcc\x81 cafe\xcc\x81 ", 64, 0, "e\xcc\x81:1+1K|cafe\xcc\x81:2+4K pieces 6 cut 0",
               "/query/combining accents belong to the word");
  check_words (vocab, "\xff dog\xc3", 64, 0, "dog:1+1K pieces 2 cut 0", "/query/ill-formed bytes");
}

static void
test_limits (const Vocab *vocab)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefQuery *query = NULL;
  char *text;

  check_words (vocab, "red dog and cat", 64, 2, "red:1+1K|dog:2+1K|and:-1+0Cf|cat:-1+0C pieces 3 cut 2",
               "/query/word limit");
  check_words (vocab, "a black-and-white dog", 64, 3, "a:1+1Kf|black-and-white:2+2K|dog:-1+0C pieces 4 cut 2",
               "/query/a word cut in the middle keeps its pieces");
  check_words (vocab, "red don't dog", 4, 0, "red:1+1K|don't:-1+0C|dog:-1+0C pieces 2 cut 2",
               "/query/piece limit cuts whole words");
  check_words (vocab, "red dog cat", 4, 0, "red:1+1K|dog:2+1K|cat:3+1K pieces 4 cut 0",
               "/query/exactly at the piece limit");
  check_words (vocab, "red dog", 1, 0, "red:-1+0C|dog:-1+0C pieces 1 cut 2", "/query/room for [CLS] alone");
  check_words (vocab, "dog-😀 cat", 64, 1, "dog-😀:1+1K|cat:-1+0C pieces 2 cut 2",
               "/query/what is left of a cut word decides");
  check_words (vocab, "가-dog", 64, 1, "가-dog:1+1U pieces 2 cut 1", "/query/and may be unknown");

  text = mem_new0 (60 * 4 + 1, 1);
  for (int i = 0; i < 60; i++)
    strcat (text, "dog ");
  query_new (vocab, 64, text, 0, &query, &error);
  tap_ok (query->n_words == 60 && query->n_cut == 30 && query->n_pieces == 31
              && query->words[29].state == ALBEF_WORD_KNOWN && query->words[30].state == ALBEF_WORD_CUT
              && query->words[59].start == 236 && query->words[59].end == 239,
          "/query/60 words: 30 seen, 30 reported as cut");
  albef_query_free (query);
  query = NULL;
  free (text);

  text = mem_new0 (MAPPED_TEXT_LIMIT + 2, 1);
  memset (text, 'a', MAPPED_TEXT_LIMIT + 1);
  tap_ok (query_new (vocab, 64, text, 0, &query, &error) == ALBEF_ERROR_LIMIT && query == NULL, "/query/too long: %s",
          error.message);
  free (text);
  tap_ok (query_new (vocab, 64, "a", -1, &query, &error) == ALBEF_ERROR_ARGUMENT && query == NULL,
          "/query/negative limit: %s", error.message);
  tap_ok (query_new (vocab, 0, "a", 0, &query, &error) == ALBEF_ERROR_ARGUMENT, "/query/no positions");
}

static void
test_pieces (void)
{
  Vocab *vocab = vocab_of ("play\n##ing\nnul\nthe\n");
  AlbefQuery *query = NULL;
  const AlbefPiece *piece;

  query_new (vocab, 64, "The Playing", 0, &query, NULL);
  vocab_free (vocab);
  piece = albef_query_piece (query, 3);
  tap_ok (albef_query_n_pieces (query) == 4 && piece->id == 6 && piece->start == 8 && piece->end == 11
              && strcmp (piece->text, "##ing") == 0,
          "/query/pieces outlive the vocabulary");
  piece = albef_query_piece (query, 0);
  tap_ok (piece->id == 2 && piece->start == 0 && piece->end == 0 && strcmp (piece->text, "[CLS]") == 0,
          "/query/[CLS] is piece 0");
  tap_equal_text (albef_query_cleaned (query), "the playing", "/query/cleaned text");
  tap_ok (albef_query_piece (query, 4) == NULL && albef_query_piece (query, -1) == NULL
              && albef_query_word (query, 2) == NULL && albef_query_word (query, -1) == NULL,
          "/query/indices outside give NULL");
  albef_query_free (query);
  albef_query_free (NULL);
}

/* It runs at each keystroke. The bound is a hundred times what was measured, so that only a blunder fails. */
static void
test_speed (const Vocab *vocab)
{
  struct timespec start, end;
  double microseconds;
  enum
  {
    ROUNDS = 500
  };

  clock_gettime (CLOCK_MONOTONIC, &start);
  for (int i = 0; i < ROUNDS; i++)
    {
      AlbefQuery *query = NULL;

      query_new (vocab, 64, "a small dog left of the red umbrella on street", 0, &query, NULL);
      albef_query_free (query);
    }
  clock_gettime (CLOCK_MONOTONIC, &end);
  microseconds = ((end.tv_sec - start.tv_sec) * 1e6 + (end.tv_nsec - start.tv_nsec) / 1e3) / ROUNDS;
  tap_ok (microseconds < 1000, "/query/ten words take %.1f microseconds", microseconds);
}

int
main (void)
{
  Vocab *vocab = fixture_vocab ();

  test_words (vocab);
  test_limits (vocab);
  test_pieces ();
  test_speed (vocab);
  vocab_free (vocab);
  return tap_done ();
}
