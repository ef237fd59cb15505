/* SPDX-License-Identifier: MIT
 * What the clean-up and the tokenizer ask of a code point, as Python 3.11 answers (Unicode 14.0, the version
 * that the official code was run with). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define UNICODE_MAX 0x10ffffu
#define UNICODE_REPLACEMENT 0xfffdu

enum
{
  UNICODE_CONTROL = 1,         /* general category C*: controls, format, private use, unassigned */
  UNICODE_SPACE_SEPARATOR = 2, /* Zs */
  UNICODE_MARK = 4,            /* Mn: what strip-accents drops after NFD */
  UNICODE_PUNCTUATION = 8,     /* P*, and all ASCII symbols, as BERT counts them */
  UNICODE_SPACE = 16,          /* str.isspace() and \s of re */
  UNICODE_CASED = 32,          /* cased and not case-ignorable: makes a final sigma of one that follows */
  UNICODE_IGNORABLE = 64,      /* case-ignorable: passed over when looking for such a neighbour */
  UNICODE_DECOMPOSES = 128     /* has a canonical decomposition in the table */
};

/* Flags of a code point; one above U+10FFFF counts as unassigned. */
unsigned unicode_flags (uint32_t code);

/* Canonical combining class, 0 for starters. */
unsigned unicode_combining (uint32_t code);

/* str.lower() of one character: writes 1 or 2 code points (2 for U+0130 alone) and returns how many. A capital
 * sigma becomes the ordinary small one; the final one needs its neighbours (mapped_lower). */
int unicode_lower (uint32_t code, uint32_t lower[2]);

/* Canonical decomposition in full, Hangul syllables too: writes 1 to 4 code points and returns how many. */
int unicode_decompose (uint32_t code, uint32_t parts[4]);

/* The blocks of ideographs that BERT sets apart as words of their own (no kana, no Hangul). */
bool unicode_is_ideograph (uint32_t code);

/* Decodes the character at text[0..length), length >= 1: returns the number of bytes it takes and sets *code.
 * An ill-formed sequence gives U+FFFD and the length of its maximal subpart (Unicode 3.9), at least 1. */
int utf8_decode (const char *text, uint64_t length, uint32_t *code);

/* Encodes a scalar value into 1 to 4 bytes and returns how many. */
int utf8_encode (uint32_t code, char bytes[4]);

/* Offset of the first ill-formed byte, or `length` if there is none (as Python's strict decoder). */
uint64_t utf8_validate (const char *text, uint64_t length);

/* text[0..length) with every ill-formed part as U+FFFD, NUL-terminated, to be freed: names of files and what was typed
 * may be any bytes, JSON and metadata take UTF-8 alone. */
char *utf8_repair (const char *text, uint64_t length);
