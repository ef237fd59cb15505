/* SPDX-License-Identifier: MIT
 * All tokens lie one after another in one block, each with a NUL behind it; a hash table of open addresses finds
 * them. */
#include "vocab.h"

#include "error.h"
#include "unicode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Vocab
{
  char *bytes;       /* tokens, each followed by NUL */
  uint32_t *offsets; /* [size + 1]: token i is bytes[offsets[i] .. offsets[i + 1] - 1) */
  int size;
  int32_t *slots;   /* [n_slots]: id or -1 */
  uint32_t n_slots; /* power of two, at least twice the size */
  size_t longest;
  int specials[VOCAB_N_SPECIALS];
};

/* With half the slots free an honest vocabulary needs a few dozen steps; only one built against the hash needs
 * more, and would take hours. */
#define PROBE_LIMIT 2000

static const char *const special_texts[VOCAB_N_SPECIALS] = { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" };

static size_t
token_length (const Vocab *vocab, int id)
{
  return vocab->offsets[id + 1] - vocab->offsets[id] - 1;
}

static uint32_t
hash_slot (const Vocab *vocab, uint64_t hash)
{
  hash ^= hash >> 32;
  hash *= 0x9e3779b97f4a7c15u;
  return (uint32_t) (hash >> 32) & (vocab->n_slots - 1);
}

static int
line_of (const char *bytes, size_t at)
{
  int line = 1;

  for (size_t i = 0; i < at; i++)
    line += bytes[i] == '\n' || (bytes[i] == '\r' && bytes[i + 1] != '\n');
  return line;
}

/* Splits into tokens; the block has room for one NUL per line end and one at the end. */
static void
split_lines (Vocab *vocab, const char *bytes, size_t length)
{
  size_t out = 0, at = 0;

  while (at < length)
    {
      size_t end = at;

      while (end < length && bytes[end] != '\n' && bytes[end] != '\r')
        end++;
      vocab->offsets[vocab->size++] = (uint32_t) out;
      memcpy (vocab->bytes + out, bytes + at, end - at);
      out += end - at;
      vocab->bytes[out++] = 0;
      if (end - at > vocab->longest)
        vocab->longest = end - at;
      at = end + 1;
      if (end + 1 < length && bytes[end] == '\r' && bytes[end + 1] == '\n')
        at++;
    }
  vocab->offsets[vocab->size] = (uint32_t) out;
}

static size_t
count_lines (const char *bytes, size_t length)
{
  size_t n = 0;

  for (size_t i = 0; i < length; i++)
    n += bytes[i] == '\n' || (bytes[i] == '\r' && !(i + 1 < length && bytes[i + 1] == '\n'));
  return n + (length > 0 && bytes[length - 1] != '\n' && bytes[length - 1] != '\r');
}

static AlbefStatus
fill_table (Vocab *vocab, const char *name, AlbefError *error)
{
  memset (vocab->slots, 0xff, vocab->n_slots * sizeof *vocab->slots);
  for (int id = 0; id < vocab->size; id++)
    {
      const char *token = vocab->bytes + vocab->offsets[id];
      size_t length = token_length (vocab, id);
      uint32_t slot = hash_slot (vocab, vocab_hash (VOCAB_HASH_START, token, length));
      int steps = 0;

      for (; vocab->slots[slot] >= 0; slot = (slot + 1) & (vocab->n_slots - 1))
        {
          int other = vocab->slots[slot];

          if (token_length (vocab, other) == length
              && memcmp (vocab->bytes + vocab->offsets[other], token, length) == 0)
            break;
          if (++steps > PROBE_LIMIT)
            return error_set (error, ALBEF_ERROR_LIMIT,
                              "%s, line %d: too many tokens with the same hash: this is not an ordinary vocabulary",
                              name, id + 1);
        }
      vocab->slots[slot] = id;
    }
  return ALBEF_OK;
}

static AlbefStatus
find_specials (Vocab *vocab, const char *name, AlbefError *error)
{
  for (int special = 0; special < VOCAB_N_SPECIALS; special++)
    vocab->specials[special] = vocab_find (vocab, special_texts[special], strlen (special_texts[special]));
  for (int special = 0; special <= VOCAB_CLS; special++)
    if (vocab->specials[special] < 0)
      {
        if (vocab->size > 0 && strncmp (vocab->bytes, "\xef\xbb\xbf", 3) == 0)
          return error_set (
              error, ALBEF_ERROR_MISMATCH,
              "%s begins with a byte order mark and lacks the token %s: save it as UTF-8 without the mark", name,
              special_texts[special]);
        return error_set (error, ALBEF_ERROR_MISMATCH,
                          "%s lacks the token %s among its %d: choose the vocab.txt that the model was trained with "
                          "(BERT's, one token a line)",
                          name, special_texts[special], vocab->size);
      }
  return ALBEF_OK;
}

/* Reads at most VOCAB_BYTES_LIMIT + 1 bytes, so that a device or a pipe stays bounded. */
static AlbefStatus
read_bytes (const char *path, char **bytes, size_t *length, AlbefError *error)
{
  FILE *file = fopen (path, "rb");
  size_t capacity = 0;
  bool failed;

  if (file == NULL)
    return error_set_errno (error, ALBEF_ERROR_FILE, "cannot open the vocabulary %s", path);
  *bytes = NULL;
  *length = 0;
  do
    {
      char *grown;

      capacity = capacity > 0 ? 2 * capacity : 1 << 18;
      if (capacity > VOCAB_BYTES_LIMIT + 1)
        capacity = VOCAB_BYTES_LIMIT + 1;
      grown = realloc (*bytes, capacity);
      if (grown == NULL)
        {
          free (*bytes);
          fclose (file);
          return error_set (error, ALBEF_ERROR_MEMORY, "no memory for the vocabulary %s", path);
        }
      *bytes = grown;
      *length += fread (*bytes + *length, 1, capacity - *length, file);
    }
  while (*length == capacity && capacity <= VOCAB_BYTES_LIMIT);
  failed = ferror (file);
  if (failed)
    error_set_errno (error, ALBEF_ERROR_FILE, "cannot read the vocabulary %s", path);
  fclose (file);
  if (failed)
    {
      free (*bytes);
      return ALBEF_ERROR_FILE;
    }
  return ALBEF_OK;
}

AlbefStatus
vocab_open (const char *path, Vocab **vocab, AlbefError *error)
{
  char *bytes = NULL;
  size_t length = 0;
  AlbefStatus status = read_bytes (path, &bytes, &length, error);

  if (status != ALBEF_OK)
    return status;
  status = vocab_from_bytes (bytes, length, path, vocab, error);
  free (bytes);
  return status;
}

AlbefStatus
vocab_from_bytes (const void *bytes, size_t length, const char *name, Vocab **vocab, AlbefError *error)
{
  const char *text = bytes;
  AlbefStatus status;
  size_t n_lines, bad;
  Vocab *result;

  if (length > VOCAB_BYTES_LIMIT)
    return error_set (error, ALBEF_ERROR_LIMIT, "%s is larger than %zu MB: this is not a vocabulary", name,
                      VOCAB_BYTES_LIMIT >> 20);
  bad = utf8_validate (text, length);
  if (bad < length)
    return error_set (error, ALBEF_ERROR_FORMAT,
                      "%s, line %d: byte 0x%02x is not UTF-8: choose a vocab.txt (one token a line, UTF-8)", name,
                      line_of (text, bad), (unsigned char) text[bad]);
  n_lines = count_lines (text, length);
  if (n_lines > VOCAB_TOKENS_LIMIT)
    return error_set (error, ALBEF_ERROR_LIMIT, "%s has %zu lines, more than the %d that a vocabulary may have", name,
                      n_lines, VOCAB_TOKENS_LIMIT);
  result = calloc (1, sizeof *result);
  if (result != NULL)
    {
      for (result->n_slots = 16; result->n_slots < 2 * n_lines;)
        result->n_slots *= 2;
      result->bytes = malloc (length + n_lines + 1);
      result->offsets = malloc ((n_lines + 1) * sizeof *result->offsets);
      result->slots = malloc (result->n_slots * sizeof *result->slots);
    }
  if (result == NULL || result->bytes == NULL || result->offsets == NULL || result->slots == NULL)
    {
      vocab_free (result);
      return error_set (error, ALBEF_ERROR_MEMORY, "no memory for the vocabulary %s (%zu tokens)", name, n_lines);
    }
  split_lines (result, text, length);
  status = fill_table (result, name, error);
  if (status == ALBEF_OK)
    status = find_specials (result, name, error);
  if (status != ALBEF_OK)
    {
      vocab_free (result);
      return status;
    }
  *vocab = result;
  return ALBEF_OK;
}

void
vocab_free (Vocab *vocab)
{
  if (vocab == NULL)
    return;
  free (vocab->bytes);
  free (vocab->offsets);
  free (vocab->slots);
  free (vocab);
}

int
vocab_size (const Vocab *vocab)
{
  return vocab->size;
}

const char *
vocab_token (const Vocab *vocab, int id, size_t *length)
{
  if (id < 0 || id >= vocab->size)
    return NULL;
  if (length != NULL)
    *length = token_length (vocab, id);
  return vocab->bytes + vocab->offsets[id];
}

int
vocab_find (const Vocab *vocab, const char *token, size_t length)
{
  return vocab_find_hashed (vocab, vocab_hash (VOCAB_HASH_START, token, length), token, length);
}

/* FNV-1a, 64 bits. */
uint64_t
vocab_hash (uint64_t hash, const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    hash = (hash ^ (unsigned char) bytes[i]) * 0x100000001b3u;
  return hash;
}

int
vocab_find_hashed (const Vocab *vocab, uint64_t hash, const char *token, size_t length)
{
  uint32_t slot = hash_slot (vocab, hash);

  for (; vocab->slots[slot] >= 0; slot = (slot + 1) & (vocab->n_slots - 1))
    {
      int id = vocab->slots[slot];

      if (token_length (vocab, id) == length && memcmp (vocab->bytes + vocab->offsets[id], token, length) == 0)
        return id;
    }
  return -1;
}

size_t
vocab_longest (const Vocab *vocab)
{
  return vocab->longest;
}

int
vocab_special (const Vocab *vocab, VocabSpecial special)
{
  return vocab->specials[special];
}

const char *
vocab_special_text (VocabSpecial special)
{
  return special_texts[special];
}

char *
vocab_to_bytes (const Vocab *vocab, size_t *length)
{
  char *bytes;

  *length = vocab->offsets[vocab->size];
  bytes = malloc (*length);
  if (bytes == NULL)
    return NULL;
  memcpy (bytes, vocab->bytes, *length);
  for (int id = 0; id < vocab->size; id++)
    bytes[vocab->offsets[id + 1] - 1] = '\n';
  return bytes;
}
