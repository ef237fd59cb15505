/* SPDX-License-Identifier: MIT
 * pre_caption and pre_question, one step after another in the official order. */
#include "clean.h"

#include "unicode.h"

#include <stdbool.h>
#include <string.h>

static const char person_tag[] = "<person>";

static bool
is_deleted (uint32_t code)
{
  return code != 0 && code < 0x80 && strchr (",.'!?\"()*#:;~", (int) code) != NULL;
}

static bool
is_space (uint32_t code)
{
  return unicode_flags (code) & UNICODE_SPACE;
}

static void
delete_punctuation (MappedText *text)
{
  size_t kept = 0;

  for (size_t i = 0; i < text->length; i++)
    if (!is_deleted (text->chars[i].code))
      {
        text->chars[kept] = text->chars[i];
        if (text->chars[kept].code == '-' || text->chars[kept].code == '/')
          text->chars[kept].code = ' ';
        kept++;
      }
  text->length = kept;
}

static bool
person_tag_at (const MappedText *text, size_t at)
{
  size_t length = sizeof person_tag - 1;

  if (text->length - at < length)
    return false;
  for (size_t i = 0; i < length; i++)
    if (text->chars[at + i].code != (unsigned char) person_tag[i])
      return false;
  return true;
}

/* "<person>" becomes "person", each letter with its own span. */
static void
unwrap_person (MappedText *text)
{
  size_t kept = 0;

  for (size_t i = 0; i < text->length;)
    if (text->chars[i].code == '<' && person_tag_at (text, i))
      {
        size_t inner = sizeof person_tag - 3;

        memmove (&text->chars[kept], &text->chars[i + 1], inner * sizeof *text->chars);
        kept += inner;
        i += inner + 2;
      }
    else
      text->chars[kept++] = text->chars[i++];
  text->length = kept;
}

/* Runs of two or more white-space characters become one space that spans the run. */
static void
collapse_spaces (MappedText *text)
{
  size_t kept = 0;

  for (size_t i = 0; i < text->length;)
    {
      size_t end = i;

      while (end < text->length && is_space (text->chars[end].code))
        end++;
      if (end - i >= 2)
        {
          text->chars[kept++] = (MappedChar) { ' ', text->chars[i].start, text->chars[end - 1].end };
          i = end;
        }
      else
        text->chars[kept++] = text->chars[i++];
    }
  text->length = kept;
}

static void
strip_end (MappedText *text, uint32_t code)
{
  while (text->length > 0 && text->chars[text->length - 1].code == code)
    text->length--;
}

static void
strip_start (MappedText *text, uint32_t code)
{
  size_t n = 0;

  while (n < text->length && text->chars[n].code == code)
    n++;
  text->length -= n;
  memmove (text->chars, text->chars + n, text->length * sizeof *text->chars);
}

static size_t
first_words (const MappedText *text, int max_words)
{
  if (max_words < 0)
    return text->length;
  if (max_words == 0)
    return 0;
  for (size_t i = 0; i < text->length; i++)
    if (text->chars[i].code == ' ' && --max_words == 0)
      return i;
  return text->length;
}

size_t
clean_text (const char *text, size_t length, CleanRule rule, int max_words, MappedText *cleaned)
{
  cleaned->length = 0;
  mapped_decode (cleaned, text, length);
  if (cleaned->length == 0)
    return 0;
  mapped_lower (cleaned);
  delete_punctuation (cleaned);
  if (rule == CLEAN_CAPTION)
    unwrap_person (cleaned);
  if (rule == CLEAN_QUESTION)
    strip_end (cleaned, ' ');
  else
    {
      collapse_spaces (cleaned);
      strip_end (cleaned, '\n');
      strip_end (cleaned, ' ');
      strip_start (cleaned, ' ');
    }
  return first_words (cleaned, max_words);
}
