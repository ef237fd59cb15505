/* SPDX-License-Identifier: MIT
 * fuzz-unpickle.c: any bytes as a pickle. Whatever comes out must be walkable within the input, nothing must run, and
 * what was opaque must be named. */
#include "pickle-json.h"
#include "unpickle.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check (bool holds)
{
  if (!holds)
    abort ();
}

/* Touches every byte that a value claims, a few levels down. */
static size_t
walk (const PickleValue *value, int depth, int *left)
{
  size_t sum = value->type;
  char text[200];

  if (depth > 8 || --*left < 0)
    return sum;
  check (strlen (pickle_describe (value, text, sizeof text)) < sizeof text);
  switch (value->type)
    {
    case PICKLE_TEXT:
    case PICKLE_BYTES:
    case PICKLE_LONG:
    case PICKLE_GLOBAL:
    case PICKLE_OPAQUE:
      for (size_t i = 0; i < value->text.length; i++)
        sum += value->text.bytes[i];
      break;
    case PICKLE_LIST:
    case PICKLE_TUPLE:
    case PICKLE_DICT:
    case PICKLE_SET:
    case PICKLE_STORAGE:
      check (value->type != PICKLE_DICT || value->list.n % 2 == 0);
      check (value->type != PICKLE_STORAGE || value->list.n >= 5);
      for (size_t i = 0; i < value->list.n; i++)
        sum += walk (value->list.items[i], depth + 1, left);
      break;
    case PICKLE_TENSOR:
      check (value->tensor.storage->type == PICKLE_STORAGE);
      sum += walk (value->tensor.storage, depth + 1, left) + walk (value->tensor.size, depth + 1, left)
             + walk (value->tensor.stride, depth + 1, left);
      break;
    default:
      break;
    }
  return sum;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Unpickler *unpickler = unpickler_new ("fuzz");
  AlbefError error = ALBEF_ERROR_INIT;
  const PickleValue *value = NULL;
  size_t at = 0, used = 0;
  int left = 20000;

  /* Several pickles in a row, as in the older container. */
  for (int i = 0; i < 5 && at < size; i++, at += used)
    {
      AlbefStatus status = unpickler_read (unpickler, data + at, size - at, &value, &used, &error);

      if (status != ALBEF_OK)
        {
          check (error.status == status && error.message[0] != 0);
          break;
        }
      check (used > 0 && used <= size - at);
      walk (value, 0, &left);
      pickle_dict_get (value, "model");
      free (pickle_dict_json (value));
    }
  for (int i = 0; i < unpickler_n_opaque (unpickler); i++)
    check (strlen (unpickler_opaque (unpickler, i)) < 128);
  unpickler_free (unpickler);
  return 0;
}
