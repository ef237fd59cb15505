/* SPDX-License-Identifier: MIT
 * Looking at values. */
#include "unpickle-private.h"

#include <stdio.h>

bool
pickle_bytes_are (const PickleValue *value, const char *text)
{
  return value->text.length == strlen (text) && memcmp (value->text.bytes, text, value->text.length) == 0;
}

void
pickle_global_text (const PickleValue *value, char *buffer, size_t size)
{
  size_t n = value->text.length < size - 1 ? value->text.length : size - 1;

  for (size_t i = 0; i < n; i++)
    {
      char c = value->text.bytes[i];

      buffer[i] = c == ' ' ? '.' : c > 0x20 && c < 0x7f ? c : '?';
    }
  buffer[n] = 0;
}

bool
pickle_text_equals (const PickleValue *value, const char *text)
{
  return value != NULL && value->type == PICKLE_TEXT && pickle_bytes_are (value, text);
}

const PickleValue *
pickle_dict_get (const PickleValue *dict, const char *key)
{
  if (dict == NULL || dict->type != PICKLE_DICT)
    return NULL;
  for (size_t i = dict->list.n; i >= 2; i -= 2)
    if (pickle_text_equals (dict->list.items[i - 2], key))
      return dict->list.items[i - 1];
  return NULL;
}

bool
pickle_is_global (const PickleValue *value, const char *module, const char *name)
{
  size_t m = strlen (module), n = strlen (name);

  return value->type == PICKLE_GLOBAL && value->text.length == m + 1 + n && memcmp (value->text.bytes, module, m) == 0
         && value->text.bytes[m] == ' ' && memcmp (value->text.bytes + m + 1, name, n) == 0;
}

const char *
pickle_describe (const PickleValue *value, char *buffer, size_t size)
{
  static const char *const kinds[] = {
    [PICKLE_NONE] = "None",
    [PICKLE_BOOL] = "a truth value",
    [PICKLE_INT] = "a number",
    [PICKLE_LONG] = "a number",
    [PICKLE_FLOAT] = "a number",
    [PICKLE_TEXT] = "a text",
    [PICKLE_BYTES] = "bytes",
    [PICKLE_LIST] = "a list",
    [PICKLE_TUPLE] = "a tuple",
    [PICKLE_DICT] = "a dictionary",
    [PICKLE_SET] = "a set",
    [PICKLE_GLOBAL] = "a name",
    [PICKLE_STORAGE] = "a bare storage",
    [PICKLE_TENSOR] = "a tensor",
    [PICKLE_OPAQUE] = "an object",
  };
  char name[128];

  if (value->type == PICKLE_OPAQUE || value->type == PICKLE_GLOBAL)
    {
      pickle_global_text (value, name, sizeof name);
      snprintf (buffer, size, "%s of '%s'", value->type == PICKLE_OPAQUE ? "the result of a call" : "the name", name);
    }
  else
    snprintf (buffer, size, "%s", kinds[value->type]);
  return buffer;
}
