/* SPDX-License-Identifier: MIT
 * SHA-256 (FIPS 180-4), streaming: names checkpoint files. */
#pragma once

#include "albef.h"

typedef struct
{
  uint32_t state[8];
  uint64_t length;   /* bytes so far */
  uint8_t block[64]; /* the unfinished block */
} Sha256;

#define SHA256_HEX_SIZE 65 /* 64 digits and NUL */

void sha256_init (Sha256 *sha);
void sha256_update (Sha256 *sha, const void *data, size_t length);
void sha256_final (Sha256 *sha, uint8_t digest[32]);

/* For tests: leave the processor's own instruction unused. */
void sha256_set_plain (bool plain);

/* Hash of a whole file as lower-case hex. Reads in pieces, so memory stays small. `progress` may be NULL;
 * it is told bytes as "hashing". */
AlbefStatus sha256_file (const char *path, AlbefProgress progress, void *progress_data, char hex[SHA256_HEX_SIZE],
                         AlbefError *error);
