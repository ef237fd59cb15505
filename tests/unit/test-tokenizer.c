/* SPDX-License-Identifier: MIT
 * The tokenizer: the official results, and where each piece lies in the text. */
#include "text-fixture.h"

#include "error.h"
#include "wordpiece.h"

static bool
same_ids (const PieceList *list, size_t first, size_t length, json_t *ids)
{
  bool same = json_array_size (ids) == length - first;

  for (size_t i = first; i < length && same; i++)
    same = json_integer_value (json_array_get (ids, i - first)) == list->pieces[i].id;
  return same;
}

static void
test_cases (const Vocab *vocab, json_t *cases)
{
  size_t index;
  json_t *item;

  json_array_foreach (cases, index, item)
  {
    json_t *text = json_object_get (item, "text");
    json_t *tokens = json_object_get (item, "tokens");
    PieceList list = { 0 };
    bool same;

    wordpiece_encode (vocab, json_string_value (text), json_string_length (text), &list);
    same = json_array_size (tokens) == list.length - 1;
    for (size_t i = 1; i < list.length && same; i++)
      {
        size_t length;
        const char *token = vocab_token (vocab, list.pieces[i].id, &length);
        json_t *wanted = json_array_get (tokens, i - 1);

        same = json_string_length (wanted) == length && memcmp (json_string_value (wanted), token, length) == 0;
      }
    tap_ok (same, "/tokenizer/tokens of case %zu", index);
    tap_ok (same_ids (&list, 0, list.length, json_array_get (json_object_get (item, "ids"), 0)),
            "/tokenizer/ids of case %zu", index);
    tap_ok (same_ids (&list, 0, list.length > 25 ? 25 : list.length,
                      json_array_get (json_object_get (item, "ids_truncated_max25"), 0)),
            "/tokenizer/truncated ids of case %zu", index);
    piece_list_free (&list);
  }
  tap_ok (index > 50, "/tokenizer/there are cases");
}

static void
test_batch (const Vocab *vocab, json_t *root, const char *key, PieceBatchRule rule)
{
  json_t *golden = json_object_get (root, key);
  json_t *texts = json_object_get (golden, "texts");
  int n = (int) json_array_size (texts);
  const char **bytes = mem_new0 (n, sizeof *bytes);
  size_t *lengths = mem_new0 (n, sizeof *lengths);
  PieceBatch batch;
  bool same = true;

  for (int i = 0; i < n; i++)
    {
      bytes[i] = json_string_value (json_array_get (texts, i));
      lengths[i] = json_string_length (json_array_get (texts, i));
    }
  piece_batch_encode (vocab, bytes, lengths, n, rule, &batch);
  for (int row = 0; row < n; row++)
    {
      json_t *ids = json_array_get (json_object_get (golden, "input_ids"), row);
      json_t *mask = json_array_get (json_object_get (golden, "attention_mask"), row);

      same = same && json_array_size (ids) == (size_t) batch.columns;
      for (int i = 0; i < batch.columns && same; i++)
        same = json_integer_value (json_array_get (ids, i)) == batch.ids[row * batch.columns + i]
               && json_integer_value (json_array_get (mask, i)) == batch.mask[row * batch.columns + i];
    }
  tap_ok (same && n > 0, "/tokenizer/%s", key);
  piece_batch_free (&batch);
  free (bytes);
  free (lengths);
}

static void
test_decode (const Vocab *vocab, json_t *pairs)
{
  size_t index;
  json_t *pair;

  json_array_foreach (pairs, index, pair)
  {
    char *word = wordpiece_decode (vocab, json_integer_value (json_array_get (pair, 0)), NULL);

    tap_equal_text (word, json_string_value (json_array_get (pair, 1)), "/tokenizer/decode");
    free (word);
  }
}

static void
check_decode (const Vocab *vocab, int64_t id, const char *wanted, const char *name)
{
  char *word = wordpiece_decode (vocab, id, NULL);

  tap_equal_text (word, wanted, name);
  free (word);
}

static void
test_odd_vocabulary (void)
{
  Vocab *vocab = vocab_of ("dup\ndup\n padded\xc2\xa0\nx .y\n##\n\na ##b\nab");

  check_decode (vocab, 5, "[UNK]", "/decode/a shadowed line");
  check_decode (vocab, 6, "dup", "/decode/its last twin");
  check_decode (vocab, 7, "padded", "/decode/outer white space goes");
  check_decode (vocab, 8, "x.y", "/decode/a space before a full stop goes");
  check_decode (vocab, 9, "##", "/decode/the bare continuation");
  check_decode (vocab, 10, "", "/decode/the empty token");
  check_decode (vocab, 11, "ab", "/decode/an inner continuation");
  check_decode (vocab, -1, "[UNK]", "/decode/a negative id");
  check_decode (vocab, (int64_t) 1 << 40, "[UNK]", "/decode/a huge id");
  vocab_free (vocab);
}

/* wanted: "piece@start-end piece@start-end ..." */
static void
check_spans (const Vocab *vocab, const char *text, const char *wanted, const char *name)
{
  PieceList list = { 0 };
  char got[4096] = "";
  size_t at = 0;

  wordpiece_encode (vocab, text, strlen (text), &list);
  for (size_t i = 1; i < list.length; i++)
    at += snprintf (got + at, sizeof got - at, "%s%s@%u-%u", i > 1 ? " " : "",
                    vocab_token (vocab, list.pieces[i].id, NULL), list.pieces[i].start, list.pieces[i].end);
  tap_equal_text (got, wanted, name);
  piece_list_free (&list);
}

static void
test_spans (void)
{
  Vocab *vocab = vocab_of ("cafe\n##s\n😀\n\xe1\x84\x92\n##\xe1\x85\xa1\n##\xe1\x86\xab\n中\ndog\n,\nis\n##"
                           "\xcf\x83\n\xcf\x83\n;\n。\nfi\nα\n");

  check_spans (vocab, "cafés", "cafe@0-5 ##s@5-6", "/spans/an accent inside a letter");
  check_spans (vocab, "cafe\xcc\x81s", "cafe@0-6 ##s@6-7", "/spans/a combining accent belongs to its letter");
  check_spans (vocab, "cafe\xcc\x81", "cafe@0-6", "/spans/a combining accent at the end");
  check_spans (vocab, "a 😀 dog", "[UNK]@0-1 😀@2-6 dog@7-10", "/spans/emoji");
  check_spans (vocab, "dog😀", "[UNK]@0-7", "/spans/[UNK] spans its word");
  check_spans (vocab, "한", "\xe1\x84\x92@0-3 ##\xe1\x85\xa1@0-3 ##\xe1\x86\xab@0-3",
               "/spans/jamo share their syllable");
  check_spans (vocab, "dog中,中", "dog@0-3 中@3-6 ,@6-7 中@7-10", "/spans/ideographs and punctuation are words");
  check_spans (vocab, "d\xe2\x80\x8bo\x07g", "dog@0-7", "/spans/dropped controls inside a word");
  check_spans (vocab,
               "\xe2\x80\x8b"
               "dog\xe2\x80\x8b",
               "dog@3-6", "/spans/dropped controls around a word");
  check_spans (vocab, "İs", "is@0-3", "/spans/a letter that lower-cases to two");
  check_spans (vocab, "ΑΣ Σ", "α@0-2 ##σ@2-4 σ@5-7", "/spans/no final sigma here");
  check_spans (vocab, "\xcd\xbe。", ";@0-2 。@2-5", "/spans/punctuation that appears in NFD");
  check_spans (vocab, "dog[SEP]dog [sep]", "dog@0-3 [SEP]@3-8 dog@8-11 [UNK]@12-13 [UNK]@13-16 [UNK]@16-17",
               "/spans/special tokens, in capitals only");
  check_spans (vocab,
               "dog\xe2\x80\xa8"
               "dog\xe2\x80\xa9",
               "dog@0-3 dog@6-9", "/spans/line and paragraph separators split");
  check_spans (vocab,
               "\xff"
               "dog\xe4\xb8",
               "dog@1-4", "/spans/ill-formed bytes are dropped");
  check_spans (vocab, "\xcc\x81", "", "/spans/a lone accent leaves nothing");
  vocab_free (vocab);
}

/* 100 characters are counted after NFD, accents removed. */
static void
test_long_words (void)
{
  Vocab *vocab = vocab_of ("e\n##e\n");
  char text[512] = "";
  PieceList list = { 0 };

  for (int i = 0; i < 100; i++)
    strcat (text, "é");
  wordpiece_encode (vocab, text, strlen (text), &list);
  tap_ok (list.length == 101 && list.pieces[100].start == 198 && list.pieces[100].end == 200,
          "/tokenizer/100 characters");
  strcat (text, "e");
  list.length = 0;
  wordpiece_encode (vocab, text, strlen (text), &list);
  tap_ok (list.length == 2 && list.pieces[1].id == 1 && list.pieces[1].start == 0 && list.pieces[1].end == 201,
          "/tokenizer/101 characters are one [UNK]");
  piece_list_free (&list);
  vocab_free (vocab);
}

int
main (void)
{
  Vocab *vocab = fixture_vocab ();
  json_t *root = fixture_json ("text/tokenizer.json");

  test_cases (vocab, json_object_get (root, "cases"));
  test_batch (vocab, root, "batch_longest_truncated25", (PieceBatchRule) { 25, true, false });
  test_batch (vocab, root, "batch_max_length30", (PieceBatchRule) { 30, true, true });
  test_batch (vocab, root, "batch_longest_max30_without_truncation_flag", (PieceBatchRule) { 30, false, false });
  test_decode (vocab, json_object_get (root, "decode_single"));
  json_decref (root);
  vocab_free (vocab);
  test_odd_vocabulary ();
  test_spans ();
  test_long_words ();
  return tap_done ();
}
