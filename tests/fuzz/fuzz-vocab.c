/* SPDX-License-Identifier: MIT
 * fuzz-vocab.c: any bytes as a vocabulary. Where they are accepted, every token must be found, decode to UTF-8, and
 * survive being written and read again. */
#include "unicode.h"
#include "vocab.h"
#include "wordpiece.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check (bool holds)
{
  if (!holds)
    abort ();
}

static void
check_token (const Vocab *vocab, int id)
{
  size_t length, other_length, word_length;
  const char *token = vocab_token (vocab, id, &length);
  int found = vocab_find (vocab, token, length);
  const char *other = vocab_token (vocab, found, &other_length);
  char *word;

  check (found >= id && other_length == length && memcmp (other, token, length) == 0);
  check (token[length] == 0 && length <= vocab_longest (vocab) && utf8_validate (token, length) == length);
  check (memchr (token, '\n', length) == NULL && memchr (token, '\r', length) == NULL);
  word = wordpiece_decode (vocab, id, &word_length);
  check (utf8_validate (word, word_length) == word_length);
  free (word);
}

/* The same bytes from a file must be judged the same. */
static void
check_file (const uint8_t *data, size_t size, AlbefStatus status)
{
  int file = memfd_create ("vocab", 0);
  char path[64];
  Vocab *vocab = NULL;

  check (file >= 0 && write (file, data, size) == (ssize_t) size);
  snprintf (path, sizeof path, "/proc/self/fd/%d", file);
  check (vocab_open (path, &vocab, NULL) == status);
  vocab_free (vocab);
  close (file);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  AlbefError error = ALBEF_ERROR_INIT;
  Vocab *vocab = NULL, *again = NULL;
  AlbefStatus status = vocab_from_bytes (data, size, "fuzz", &vocab, &error);
  char *bytes;
  size_t length;

  check_file (data, size, status);
  if (status != ALBEF_OK)
    {
      check (vocab == NULL && error.status == status && error.message[0] != 0);
      return 0;
    }
  for (int special = 0; special <= VOCAB_CLS; special++)
    check (vocab_special (vocab, special) >= 0 && vocab_special (vocab, special) < vocab_size (vocab));
  for (int id = 0; id < vocab_size (vocab) && id < 1000; id++)
    check_token (vocab, id);
  check (vocab_token (vocab, vocab_size (vocab), NULL) == NULL);
  bytes = vocab_to_bytes (vocab, &length);
  check (bytes != NULL && vocab_from_bytes (bytes, length, "again", &again, &error) == ALBEF_OK);
  check (vocab_size (again) == vocab_size (vocab));
  vocab_free (again);
  free (bytes);
  vocab_free (vocab);
  return 0;
}
