/* SPDX-License-Identifier: MIT
 * Shape of the generated tables; only unicode.c reads them. */
#pragma once

#include <stdint.h>

typedef struct
{
  uint8_t flags;       /* UNICODE_* of unicode.h */
  uint8_t combining;   /* canonical combining class */
  int32_t lower_delta; /* lower-case code point minus the code point */
} UnicodeRecord;

typedef struct
{
  uint32_t code;
  uint16_t first; /* index into unicode_decomposed */
  uint16_t length;
} UnicodeDecomposition;

extern const UnicodeRecord unicode_records[];
extern const uint8_t unicode_first[];       /* [0x110000 / 128]: block of code >> 7 */
extern const uint8_t unicode_second[][128]; /* [block][code & 127]: index into unicode_records */
extern const int unicode_n_decompositions;
extern const UnicodeDecomposition unicode_decompositions[]; /* ascending by code, Hangul left out */
extern const uint32_t unicode_decomposed[];
