/* SPDX-License-Identifier: MIT */
#include "mapped.h"

#include "error.h"
#include "unicode.h"

#include <stdbool.h>
#include <stdlib.h>

enum
{
  SIGMA_CAPITAL = 0x3a3,
  SIGMA_FINAL = 0x3c2
};

/* Is the capital sigma at `at` the last letter of a word? (Unicode 3.13, Final_Sigma: a cased letter before it,
 * none after it, case-ignorable ones passed over.) */
static bool
sigma_is_final (const MappedText *text, size_t at)
{
  size_t i = at;

  while (i > 0 && unicode_flags (text->chars[i - 1].code) & UNICODE_IGNORABLE)
    i--;
  if (i == 0 || !(unicode_flags (text->chars[i - 1].code) & UNICODE_CASED))
    return false;
  for (i = at + 1; i < text->length && unicode_flags (text->chars[i].code) & UNICODE_IGNORABLE;)
    i++;
  return i == text->length || !(unicode_flags (text->chars[i].code) & UNICODE_CASED);
}

/* Stable sort of chars[0..length), all with a combining class above 0, by that class. Counting keeps a hostile
 * run of marks linear. */
static void
sort_marks (MappedChar *chars, size_t length)
{
  size_t places[257] = { 0 };
  uint32_t start = chars[0].start, end = chars[0].end;
  MappedChar *sorted;
  bool ordered = true;

  for (size_t i = 1; i < length && ordered; i++)
    ordered = unicode_combining (chars[i - 1].code) <= unicode_combining (chars[i].code);
  if (ordered)
    return;
  for (size_t i = 0; i < length; i++)
    {
      places[unicode_combining (chars[i].code) + 1]++;
      start = chars[i].start < start ? chars[i].start : start;
      end = chars[i].end > end ? chars[i].end : end;
    }
  for (int rank = 1; rank < 257; rank++)
    places[rank] += places[rank - 1];
  sorted = mem_new0 (length, sizeof *sorted);
  for (size_t i = 0; i < length; i++)
    sorted[places[unicode_combining (chars[i].code)]++] = (MappedChar) { chars[i].code, start, end };
  for (size_t i = 0; i < length; i++)
    chars[i] = sorted[i];
  free (sorted);
}

void
mapped_free (MappedText *text)
{
  free (text->chars);
  *text = (MappedText) { 0 };
}

void
mapped_append (MappedText *text, uint32_t code, uint32_t start, uint32_t end)
{
  if (text->length == text->capacity)
    {
      text->capacity = text->capacity > 0 ? 2 * text->capacity : 64;
      text->chars = mem_resize (text->chars, text->capacity, sizeof *text->chars);
    }
  text->chars[text->length++] = (MappedChar) { code, start, end };
}

void
mapped_decode (MappedText *text, const char *bytes, size_t length)
{
  for (size_t at = 0; at < length;)
    {
      uint32_t code;
      int taken = utf8_decode (bytes + at, length - at, &code);

      mapped_append (text, code, (uint32_t) at, (uint32_t) (at + taken));
      at += taken;
    }
}

void
mapped_lower (MappedText *text)
{
  MappedText result = { 0 };

  for (size_t i = 0; i < text->length; i++)
    {
      MappedChar from = text->chars[i];
      uint32_t lower[2];
      int n = unicode_lower (from.code, lower);

      if (from.code == SIGMA_CAPITAL && sigma_is_final (text, i))
        lower[0] = SIGMA_FINAL;
      for (int part = 0; part < n; part++)
        mapped_append (&result, lower[part], from.start, from.end);
    }
  mapped_free (text);
  *text = result;
}

void
mapped_decompose (MappedText *text)
{
  MappedText result = { 0 };
  size_t run = 0; /* where the run of combining characters at the end of result begins */
  bool plain = true;

  for (size_t i = 0; i < text->length && plain; i++)
    plain = text->chars[i].code < 0x80;
  if (plain)
    return;
  for (size_t i = 0; i < text->length; i++)
    {
      MappedChar from = text->chars[i];
      uint32_t parts[4];
      int n = unicode_decompose (from.code, parts);

      for (int part = 0; part < n; part++)
        {
          if (unicode_combining (parts[part]) == 0)
            {
              if (result.length > run + 1)
                sort_marks (result.chars + run, result.length - run);
              run = result.length + 1;
            }
          mapped_append (&result, parts[part], from.start, from.end);
        }
    }
  if (result.length > run + 1)
    sort_marks (result.chars + run, result.length - run);
  mapped_free (text);
  *text = result;
}

char *
mapped_to_utf8 (const MappedChar *chars, size_t length, size_t *n_bytes, uint32_t **map)
{
  char *bytes = mem_new0 (4 * length + 1, 1);
  size_t n = 0;

  if (map != NULL)
    *map = mem_new0 (4 * length, sizeof **map);
  for (size_t i = 0; i < length; i++)
    {
      int taken = utf8_encode (chars[i].code, bytes + n);

      for (int k = 0; k < taken && map != NULL; k++)
        (*map)[n + k] = (uint32_t) i;
      n += taken;
    }
  if (n_bytes != NULL)
    *n_bytes = n;
  return bytes;
}
