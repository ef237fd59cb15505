/* SPDX-License-Identifier: MIT */
#include "pickle-write.h"

#include <string.h>

static void
little (FILE *out, uint64_t value, int bytes)
{
  for (int i = 0; i < bytes; i++)
    fputc ((int) (value >> 8 * i & 255), out);
}

void
pickle_write_begin (FILE *out)
{
  fwrite ("\x80\x02", 1, 2, out);
}

void
pickle_write_end (FILE *out)
{
  fputc ('.', out);
}

void
pickle_write_dict (FILE *out)
{
  fputc ('}', out);
}

void
pickle_write_ordered_dict (FILE *out)
{
  fputs ("ccollections\nOrderedDict\n)R", out);
}

void
pickle_write_open_items (FILE *out)
{
  fputc ('(', out);
}

void
pickle_write_close_items (FILE *out)
{
  fputc ('u', out);
}

void
pickle_write_text (FILE *out, const char *text)
{
  fputc ('X', out);
  little (out, strlen (text), 4);
  fputs (text, out);
}

void
pickle_write_int (FILE *out, int64_t value)
{
  if (value >= INT32_MIN && value <= INT32_MAX)
    {
      fputc ('J', out);
      little (out, (uint64_t) value, 4);
    }
  else
    {
      fwrite ("\x8a\x08", 1, 2, out);
      little (out, (uint64_t) value, 8);
    }
}

static void
write_tuple (FILE *out, int n, const int64_t *values)
{
  fputc ('(', out);
  for (int i = 0; i < n; i++)
    pickle_write_int (out, values[i]);
  fputc ('t', out);
}

void
pickle_write_tensor (FILE *out, const char *storage, const char *key, int n_dims, const int64_t *shape)
{
  int64_t strides[8], n = 1;

  for (int i = n_dims - 1; i >= 0; i--)
    {
      strides[i] = n;
      n *= shape[i];
    }
  fputs ("ctorch._utils\n_rebuild_tensor_v2\n((", out);
  pickle_write_text (out, "storage");
  fprintf (out, "ctorch\n%s\n", storage);
  pickle_write_text (out, key);
  pickle_write_text (out, "cpu");
  pickle_write_int (out, n);
  fputs ("tQ", out); /* the storage by its persistent id */
  pickle_write_int (out, 0);
  write_tuple (out, n_dims, shape);
  write_tuple (out, n_dims, strides);
  fputc ('\x89', out); /* requires_grad: False */
  pickle_write_ordered_dict (out);
  fputs ("tR", out);
}

static void
write_real (FILE *out, double value)
{
  uint64_t bits;

  memcpy (&bits, &value, sizeof bits);
  fputc ('G', out);
  for (int i = 7; i >= 0; i--)
    fputc ((int) (bits >> 8 * i & 255), out);
}

void
pickle_write_json (FILE *out, const json_t *value)
{
  const char *key;
  json_t *item;
  size_t i;

  switch (json_typeof (value))
    {
    case JSON_OBJECT:
      fputs ("}(", out);
      json_object_foreach ((json_t *) value, key, item)
      {
        pickle_write_text (out, key);
        pickle_write_json (out, item);
      }
      fputc ('u', out);
      break;
    case JSON_ARRAY:
      fputs ("](", out);
      json_array_foreach (value, i, item) pickle_write_json (out, item);
      fputc ('e', out);
      break;
    case JSON_STRING:
      pickle_write_text (out, json_string_value (value));
      break;
    case JSON_INTEGER:
      pickle_write_int (out, json_integer_value (value));
      break;
    case JSON_REAL:
      write_real (out, json_real_value (value));
      break;
    case JSON_TRUE:
      fputc ('\x88', out);
      break;
    case JSON_FALSE:
      fputc ('\x89', out);
      break;
    case JSON_NULL:
    default:
      fputc ('N', out);
      break;
    }
}
