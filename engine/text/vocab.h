/* SPDX-License-Identifier: MIT
 * A WordPiece vocabulary: one token a line, its id the number of the line from 0. */
#pragma once

#include "albef.h"

typedef struct Vocab Vocab;

#define VOCAB_BYTES_LIMIT ((size_t) 64 << 20) /* BERT's is 230 KB */
#define VOCAB_TOKENS_LIMIT 4000000            /* BERT's has 30522 */

/* Reads vocab.txt exactly as the official tokenizer: strict UTF-8; LF, CR LF and CR all end a line; a last line
 * without an end counts, and an empty line is the empty token. Of equal tokens the last gives the id. Tokens may
 * hold any other character, U+0000 too. [PAD], [UNK] and [CLS] must be there. Errors name file and line:
 * ALBEF_ERROR_FILE, _FORMAT (not UTF-8), _MISMATCH (a special token is missing), _LIMIT, _MEMORY. */
AlbefStatus vocab_open (const char *path, Vocab **vocab, AlbefError *error);

/* As vocab_open from bytes in memory, which are copied; `name` stands in messages. */
AlbefStatus vocab_from_bytes (const void *bytes, size_t length, const char *name, Vocab **vocab, AlbefError *error);

void vocab_free (Vocab *vocab);

/* Number of lines: ids are 0 .. vocab_size - 1. */
int vocab_size (const Vocab *vocab);

/* The token of a line, NUL-terminated, and (if wanted) its length, which counts inner NULs. Borrowed. NULL for an
 * id outside the vocabulary. */
const char *vocab_token (const Vocab *vocab, int id, size_t *length);

/* The id of a token; -1 if it is not there. */
int vocab_find (const Vocab *vocab, const char *token, size_t length);

/* vocab_find with a hash that was built byte by byte, so that all prefixes of a word cost one pass. */
uint64_t vocab_hash (uint64_t hash, const char *bytes, size_t length); /* begin with VOCAB_HASH_START */
#define VOCAB_HASH_START 0xcbf29ce484222325u
int vocab_find_hashed (const Vocab *vocab, uint64_t hash, const char *token, size_t length);

/* Bytes of the longest token. */
size_t vocab_longest (const Vocab *vocab);

typedef enum
{
  VOCAB_PAD,
  VOCAB_UNK,
  VOCAB_CLS,
  VOCAB_SEP,
  VOCAB_MASK,
  VOCAB_N_SPECIALS
} VocabSpecial;

/* Id of a special token; -1 if [SEP] or [MASK] is not there (the others always are). */
int vocab_special (const Vocab *vocab, VocabSpecial special);
const char *vocab_special_text (VocabSpecial special); /* "[PAD]" ... */

/* The bytes of a vocab.txt that gives this vocabulary, one LF after each token. The caller frees them; NULL on no
 * memory. */
char *vocab_to_bytes (const Vocab *vocab, size_t *length);
