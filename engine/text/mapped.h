/* SPDX-License-Identifier: MIT
 * Text on its way from what was typed to word pieces: each code point carries the half-open byte span of the
 * typed text that it came from, so every step (lower-casing, deletion, decomposition) keeps the way back.
 * Several code points may share a span, and the starts of spans never decrease. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct
{
  uint32_t code;
  uint32_t start, end; /* bytes of the typed text; start < end, both on code point boundaries */
} MappedChar;

typedef struct
{
  MappedChar *chars;
  size_t length;
  size_t capacity;
} MappedText;

/* Typed text longer than this is refused before anything is allocated for it. */
#define MAPPED_TEXT_LIMIT ((size_t) 16 << 20)

/* An empty text is { 0 }; mapped_free leaves one. Appending aborts on no memory: the text is bounded above. */
void mapped_free (MappedText *text);
void mapped_append (MappedText *text, uint32_t code, uint32_t start, uint32_t end);

/* Appends the code points of UTF-8 bytes (length <= MAPPED_TEXT_LIMIT); ill-formed ones become U+FFFD. */
void mapped_decode (MappedText *text, const char *bytes, size_t length);

/* Replaces the text by its lower-case form as Python's str.lower() of the whole string: a capital sigma at the
 * end of a word becomes a final one, and U+0130 becomes two code points with one span. */
void mapped_lower (MappedText *text);

/* Replaces the text by its NFD. Where canonical ordering moved code points, the moved run shares one span. */
void mapped_decompose (MappedText *text);

/* UTF-8 of chars[0..length), NUL-terminated; *n_bytes (may be NULL) without the NUL. If map is not NULL, *map gets
 * an array of *n_bytes indices: for each byte the index of its MappedChar. The caller frees both. */
char *mapped_to_utf8 (const MappedChar *chars, size_t length, size_t *n_bytes, uint32_t **map);
