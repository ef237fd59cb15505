/* SPDX-License-Identifier: MIT
 * Numbers and strings of protocol 0, which writes them as lines of text. */
#include "unpickle-private.h"

#include <errno.h>

PickleValue *
pickle_int_from_text (Unpickler *u, const char *line, size_t length)
{
  PickleValue *value;
  char digits[32], *end;

  if (length == 2 && line[0] == '0' && (line[1] == '0' || line[1] == '1'))
    {
      value = pickle_value_new (u, PICKLE_BOOL);
      if (value != NULL)
        value->integer_bool = line[1] == '1';
      return value;
    }
  if (length > 0 && line[length - 1] == 'L')
    length--;
  if (length >= sizeof digits)
    return pickle_text_new (u, PICKLE_LONG, line, length);
  memcpy (digits, line, length);
  digits[length] = 0;
  value = pickle_value_new (u, PICKLE_INT);
  if (value == NULL)
    return NULL;
  errno = 0;
  value->integer = strtoll (digits, &end, 10);
  if (end != digits + length || length == 0)
    {
      unpickle_fail (u, ALBEF_ERROR_FORMAT, "a number is not a number");
      return NULL;
    }
  return errno == ERANGE ? pickle_text_new (u, PICKLE_LONG, line, length) : value;
}

PickleValue *
pickle_float_from_text (Unpickler *u, const char *line, size_t length)
{
  PickleValue *value = pickle_value_new (u, PICKLE_FLOAT);
  char digits[64], *end;

  if (value == NULL)
    return NULL;
  if (length == 0 || length >= sizeof digits)
    {
      unpickle_fail (u, ALBEF_ERROR_FORMAT, "a number is not a number");
      return NULL;
    }
  memcpy (digits, line, length);
  digits[length] = 0;
  value->number = strtod (digits, &end);
  if (end != digits + length)
    unpickle_fail (u, ALBEF_ERROR_FORMAT, "a number is not a number");
  return value;
}

static size_t
put_utf8 (char *out, uint32_t c)
{
  if (c < 0x80)
    return out[0] = c, 1;
  if (c < 0x800)
    return out[0] = 0xc0 | c >> 6, out[1] = 0x80 | (c & 63), 2;
  if (c < 0x10000)
    return out[0] = 0xe0 | c >> 12, out[1] = 0x80 | (c >> 6 & 63), out[2] = 0x80 | (c & 63), 3;
  return out[0] = 0xf0 | (c >> 18 & 7), out[1] = 0x80 | (c >> 12 & 63), out[2] = 0x80 | (c >> 6 & 63),
         out[3] = 0x80 | (c & 63), 4;
}

PickleValue *
pickle_text_from_escapes (Unpickler *u, const char *line, size_t length, bool quoted)
{
  char *out
      = unpickle_allocate (u, 2 * length + 1); /* a Latin-1 byte becomes two; no escape is shorter than its result */
  size_t used = 0;

  if (out == NULL)
    return NULL;
  if (quoted && (length < 2 || (line[0] != '\'' && line[0] != '"') || line[length - 1] != line[0]))
    {
      unpickle_fail (u, ALBEF_ERROR_FORMAT, "a string without quotes");
      return NULL;
    }
  if (quoted)
    line++, length -= 2;
  for (size_t i = 0; i < length; i++)
    {
      char kind = i + 1 < length ? line[i + 1] : 0;
      int digits = kind == 'u' ? 4 : kind == 'U' ? 8 : kind == 'x' && quoted ? 2 : 0;
      uint32_t code = 0;
      bool good = line[i] == '\\' && digits > 0 && i + 1 + digits < length;

      for (int d = 0; good && d < digits; d++)
        {
          char c = line[i + 2 + d];
          int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;

          good = digit >= 0;
          code = code << 4 | (uint32_t) digit;
        }
      if (good && code < 0x110000)
        {
          used += put_utf8 (out + used, code);
          i += 1 + digits;
        }
      else if (line[i] == '\\' && quoted && kind != 0)
        {
          out[used++] = kind == 'n' ? '\n' : kind == 't' ? '\t' : kind == 'r' ? '\r' : kind;
          i++;
        }
      else if (!quoted)
        used += put_utf8 (out + used, (uint8_t) line[i]);
      else
        out[used++] = line[i];
    }
  return pickle_text_new (u, PICKLE_TEXT, out, used);
}
