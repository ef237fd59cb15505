/* SPDX-License-Identifier: MIT
 * Reading vocabularies: what Python's text mode would see, and clear refusals. */
#include "text-fixture.h"

#include "error.h"

#include <sys/stat.h>
#include <unistd.h>

#define SPECIALS "[PAD]\n[UNK]\n[CLS]\n"

static Vocab *
read_of (const char *bytes, size_t length)
{
  AlbefError error = ALBEF_ERROR_INIT;
  Vocab *vocab = NULL;

  if (vocab_from_bytes (bytes, length, "v", &vocab, &error) != ALBEF_OK)
    tap_note ("%s", error.message);
  return vocab;
}

static void
check_token (const Vocab *vocab, int id, const char *wanted, size_t wanted_length, const char *name)
{
  size_t length = 0;
  const char *token = vocab_token (vocab, id, &length);

  tap_ok (token != NULL && length == wanted_length && memcmp (token, wanted, length) == 0 && token[length] == 0, "%s",
          name);
}

static void
test_reference (void)
{
  Vocab *vocab = fixture_vocab ();
  size_t length;
  char *bytes;
  Vocab *again;
  bool same = true;

  tap_ok (vocab_size (vocab) == 200, "/vocab/one token a line");
  tap_ok (vocab_special (vocab, VOCAB_PAD) == 0 && vocab_special (vocab, VOCAB_UNK) == 1
              && vocab_special (vocab, VOCAB_CLS) == 2 && vocab_special (vocab, VOCAB_SEP) == 3
              && vocab_special (vocab, VOCAB_MASK) == 4,
          "/vocab/special tokens are found");
  check_token (vocab, 85, "##ing", 5, "/vocab/token by id");
  tap_ok (vocab_find (vocab, "##ing", 5) == 85 && vocab_find (vocab, "##in", 4) == -1, "/vocab/id by token");
  tap_ok (vocab_token (vocab, 200, NULL) == NULL && vocab_token (vocab, -1, NULL) == NULL, "/vocab/ids outside");
  bytes = vocab_to_bytes (vocab, &length);
  again = read_of (bytes, length);
  for (int id = 0; id < 200; id++)
    same = same && strcmp (vocab_token (vocab, id, NULL), vocab_token (again, id, NULL)) == 0;
  tap_ok (same && vocab_size (again) == 200, "/vocab/written and read again");
  free (bytes);
  vocab_free (again);
  vocab_free (vocab);
}

static void
test_lines (void)
{
  static const char mixed[] = SPECIALS "a\r\nb\rc\n\nnul\0nul\n\xe2\x80\xa8\n\x0b\ndup\ndup\nlast";
  Vocab *vocab = read_of (mixed, sizeof mixed - 1);

  tap_ok (vocab != NULL && vocab_size (vocab) == 13, "/vocab/LF, CR LF and CR end a line, others do not");
  check_token (vocab, 3, "a", 1, "/vocab/CR LF");
  check_token (vocab, 4, "b", 1, "/vocab/CR");
  check_token (vocab, 6, "", 0, "/vocab/an empty line is the empty token");
  check_token (vocab, 7, "nul\0nul", 7, "/vocab/U+0000 in a token");
  tap_ok (vocab_find (vocab, "nul\0nul", 7) == 7 && vocab_find (vocab, "nul", 3) == -1, "/vocab/U+0000 in a look-up");
  check_token (vocab, 8, "\xe2\x80\xa8", 3, "/vocab/a line separator is a token");
  check_token (vocab, 10, "dup", 3, "/vocab/a duplicate keeps its line");
  tap_ok (vocab_find (vocab, "dup", 3) == 11, "/vocab/of equal tokens the last gives the id");
  check_token (vocab, 12, "last", 4, "/vocab/a last line without an end counts");
  tap_ok (vocab_special (vocab, VOCAB_SEP) == -1, "/vocab/[SEP] may be missing");
  vocab_free (vocab);
}

static void
check_refused (const char *bytes, size_t length, AlbefStatus status, const char *words, const char *name)
{
  AlbefError error = ALBEF_ERROR_INIT;
  Vocab *vocab = NULL;

  tap_ok (vocab_from_bytes (bytes, length, "words.txt", &vocab, &error) == status && vocab == NULL
              && strstr (error.message, words) != NULL && strstr (error.message, "words.txt") != NULL,
          "%s: %s", name, error.message);
}

static void
test_refusals (void)
{
  AlbefError error = ALBEF_ERROR_INIT;
  Vocab *vocab = NULL;
  char *large;
  char *folder;

  check_refused (SPECIALS "caf\xe9\n", sizeof SPECIALS + 4, ALBEF_ERROR_FORMAT, "line 4", "/vocab/Latin-1 is refused");
  check_refused ("[PAD]\r\n[UNK]\r[CLS]\n\xed\xa0\x80", 22, ALBEF_ERROR_FORMAT, "line 4",
                 "/vocab/a surrogate is refused");
  check_refused ("", 0, ALBEF_ERROR_MISMATCH, "[PAD]", "/vocab/an empty file");
  check_refused ("[PAD]\n[CLS]\n", 12, ALBEF_ERROR_MISMATCH, "[UNK]", "/vocab/a missing special token");
  check_refused ("\xef\xbb\xbf" SPECIALS, 3 + sizeof SPECIALS - 1, ALBEF_ERROR_MISMATCH, "byte order mark",
                 "/vocab/a byte order mark");
  large = malloc (VOCAB_BYTES_LIMIT + 1);
  memset (large, '\n', VOCAB_BYTES_LIMIT + 1);
  check_refused (large, VOCAB_BYTES_LIMIT + 1, ALBEF_ERROR_LIMIT, "larger", "/vocab/too many bytes");
  check_refused (large, VOCAB_TOKENS_LIMIT + 1, ALBEF_ERROR_LIMIT, "lines", "/vocab/too many lines");
  free (large);

  tap_ok (vocab_open ("/nonexistent/vocab.txt", &vocab, &error) == ALBEF_ERROR_FILE
              && strstr (error.message, "/nonexistent/vocab.txt") != NULL,
          "/vocab/a missing file: %s", error.message);
  folder = mem_strdup (fixture_path ("text"));
  tap_ok (vocab_open (folder, &vocab, &error) == ALBEF_ERROR_FILE, "/vocab/a folder: %s", error.message);
  free (folder);
}

/* Tokens built to fall into one slot must not make reading quadratic. */
static void
test_hash_attack (void)
{
  size_t room = 1 << 16, length = 0;
  char *bytes = mem_new0 (room, 1);
  int n = 0;
  AlbefError error = ALBEF_ERROR_INIT;
  Vocab *vocab = NULL;

  length = sprintf (bytes, SPECIALS);
  for (unsigned i = 0; n < 3000; i++)
    {
      char token[16];
      int taken = sprintf (token, "%x", i);
      uint64_t hash = vocab_hash (VOCAB_HASH_START, token, taken);

      hash ^= hash >> 32;
      hash *= 0x9e3779b97f4a7c15u;
      if ((hash >> 32 & 8191) == 77)
        {
          length += sprintf (bytes + length, "%s\n", token);
          n++;
        }
    }
  tap_ok (vocab_from_bytes (bytes, length, "v", &vocab, &error) == ALBEF_ERROR_LIMIT && vocab == NULL,
          "/vocab/tokens made to collide are refused: %s", error.message);
  free (bytes);
}

int
main (void)
{
  test_reference ();
  test_lines ();
  test_refusals ();
  test_hash_attack ();
  vocab_free (NULL);
  return tap_done ();
}
