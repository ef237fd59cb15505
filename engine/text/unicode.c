/* SPDX-License-Identifier: MIT
 * Look-ups in the generated tables, and UTF-8. */
#include "unicode.h"

#include "error.h"
#include "unicode-table.h"

#include <string.h>

enum
{
  HANGUL_FIRST = 0xac00,
  HANGUL_COUNT = 11172,
  HANGUL_LEAD = 0x1100,
  HANGUL_VOWEL = 0x1161,
  HANGUL_TRAIL = 0x11a7,
  HANGUL_VOWELS = 21,
  HANGUL_TRAILS = 28
};

static const UnicodeRecord *
record_of (uint32_t code)
{
  return &unicode_records[unicode_second[unicode_first[code >> 7]][code & 127]];
}

static const UnicodeDecomposition *
decomposition_of (uint32_t code)
{
  int low = 0, high = unicode_n_decompositions - 1;

  while (low < high)
    {
      int middle = (low + high) / 2;

      if (unicode_decompositions[middle].code < code)
        low = middle + 1;
      else
        high = middle;
    }
  return &unicode_decompositions[low];
}

unsigned
unicode_flags (uint32_t code)
{
  return code <= UNICODE_MAX ? record_of (code)->flags : UNICODE_CONTROL;
}

unsigned
unicode_combining (uint32_t code)
{
  return code <= UNICODE_MAX ? record_of (code)->combining : 0;
}

int
unicode_lower (uint32_t code, uint32_t lower[2])
{
  if (code == 0x130)
    {
      lower[0] = 'i';
      lower[1] = 0x307;
      return 2;
    }
  lower[0] = code <= UNICODE_MAX ? code + record_of (code)->lower_delta : code;
  return 1;
}

int
unicode_decompose (uint32_t code, uint32_t parts[4])
{
  if (code >= HANGUL_FIRST && code < HANGUL_FIRST + HANGUL_COUNT)
    {
      uint32_t index = code - HANGUL_FIRST;
      uint32_t trail = index % HANGUL_TRAILS;

      parts[0] = HANGUL_LEAD + index / (HANGUL_VOWELS * HANGUL_TRAILS);
      parts[1] = HANGUL_VOWEL + index / HANGUL_TRAILS % HANGUL_VOWELS;
      parts[2] = HANGUL_TRAIL + trail;
      return trail > 0 ? 3 : 2;
    }
  if (unicode_flags (code) & UNICODE_DECOMPOSES)
    {
      const UnicodeDecomposition *found = decomposition_of (code);

      memcpy (parts, &unicode_decomposed[found->first], found->length * sizeof *parts);
      return found->length;
    }
  parts[0] = code;
  return 1;
}

bool
unicode_is_ideograph (uint32_t code)
{
  return code >= 0x3400
         && ((code >= 0x4e00 && code <= 0x9fff) || code <= 0x4dbf || (code >= 0xf900 && code <= 0xfaff)
             || (code >= 0x20000 && code <= 0x2a6df) || (code >= 0x2a700 && code <= 0x2ceaf)
             || (code >= 0x2f800 && code <= 0x2fa1f));
}

int
utf8_decode (const char *text, uint64_t length, uint32_t *code)
{
  const unsigned char *byte = (const unsigned char *) text;
  unsigned low = 0x80, high = 0xbf; /* bounds of the second byte, which rule out overlong forms and surrogates */
  int more;
  uint32_t value;

  if (byte[0] < 0x80)
    {
      *code = byte[0];
      return 1;
    }
  *code = UNICODE_REPLACEMENT;
  if (byte[0] >= 0xc2 && byte[0] <= 0xdf)
    {
      more = 1;
      value = byte[0] & 0x1f;
    }
  else if ((byte[0] & 0xf0) == 0xe0)
    {
      more = 2;
      value = byte[0] & 0x0f;
      if (byte[0] == 0xe0)
        low = 0xa0;
      else if (byte[0] == 0xed)
        high = 0x9f;
    }
  else if (byte[0] >= 0xf0 && byte[0] <= 0xf4)
    {
      more = 3;
      value = byte[0] & 0x07;
      if (byte[0] == 0xf0)
        low = 0x90;
      else if (byte[0] == 0xf4)
        high = 0x8f;
    }
  else
    return 1;
  for (int i = 1; i <= more; i++)
    {
      if ((uint64_t) i >= length || byte[i] < low || byte[i] > high)
        return i;
      value = value << 6 | (byte[i] & 0x3f);
      low = 0x80;
      high = 0xbf;
    }
  *code = value;
  return more + 1;
}

int
utf8_encode (uint32_t code, char bytes[4])
{
  if (code < 0x80)
    {
      bytes[0] = (char) code;
      return 1;
    }
  if (code < 0x800)
    {
      bytes[0] = (char) (0xc0 | code >> 6);
      bytes[1] = (char) (0x80 | (code & 0x3f));
      return 2;
    }
  if (code < 0x10000)
    {
      bytes[0] = (char) (0xe0 | code >> 12);
      bytes[1] = (char) (0x80 | (code >> 6 & 0x3f));
      bytes[2] = (char) (0x80 | (code & 0x3f));
      return 3;
    }
  bytes[0] = (char) (0xf0 | code >> 18);
  bytes[1] = (char) (0x80 | (code >> 12 & 0x3f));
  bytes[2] = (char) (0x80 | (code >> 6 & 0x3f));
  bytes[3] = (char) (0x80 | (code & 0x3f));
  return 4;
}

uint64_t
utf8_validate (const char *text, uint64_t length)
{
  uint64_t at = 0;

  while (at < length)
    {
      uint32_t code;
      int taken = utf8_decode (text + at, length - at, &code);

      /* A well-formed U+FFFD takes three bytes and begins with 0xef; no ill-formed subpart looks so. */
      if (code == UNICODE_REPLACEMENT && !(taken == 3 && (unsigned char) text[at] == 0xef))
        return at;
      at += taken;
    }
  return length;
}

char *
utf8_repair (const char *text, uint64_t length)
{
  char *repaired = mem_new0 (3 * length + 1, 1); /* an ill-formed byte becomes three */
  uint64_t at = 0, made = 0;

  while (at < length)
    {
      uint32_t code;

      at += (uint64_t) utf8_decode (text + at, length - at, &code);
      made += (uint64_t) utf8_encode (code, repaired + made);
    }
  return repaired;
}
