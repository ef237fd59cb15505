/* SPDX-License-Identifier: MIT */
#include "json-text.h"

#include <math.h>
#include <string.h>

static void
put_escaped (GString *out, const char *text, gsize length)
{
  g_string_append_c (out, '"');
  for (gsize i = 0; i < length; i++)
    {
      guchar c = text[i];

      switch (c)
        {
        case '"':
          g_string_append (out, "\\\"");
          break;
        case '\\':
          g_string_append (out, "\\\\");
          break;
        case '\n':
          g_string_append (out, "\\n");
          break;
        case '\r':
          g_string_append (out, "\\r");
          break;
        case '\t':
          g_string_append (out, "\\t");
          break;
        default:
          if (c < 0x20 || c == 0x7f)
            g_string_append_printf (out, "\\u%04x", c);
          else
            g_string_append_c (out, c);
        }
    }
  g_string_append_c (out, '"');
}

void
json_put_bytes (GString *out, const char *bytes, gsize length)
{
  if (bytes == NULL)
    g_string_append (out, "null");
  else if (g_utf8_validate_len (bytes, length, NULL))
    put_escaped (out, bytes, length);
  else
    {
      g_autofree char *valid = g_utf8_make_valid (bytes, length);

      put_escaped (out, valid, strlen (valid));
    }
}

void
json_put_text (GString *out, const char *text)
{
  json_put_bytes (out, text, text != NULL ? strlen (text) : 0);
}

char *
number_text (double number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (number == floor (number) && fabs (number) < 1e15)
    return g_strdup_printf ("%.0f", number + 0.0);
  for (int digits = 15; digits <= 17; digits++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", digits);
      g_ascii_formatd (text, sizeof text, format, number);
      if (g_ascii_strtod (text, NULL) == number)
        break;
    }
  return g_strdup (text);
}

void
json_put_number (GString *out, double number)
{
  g_autofree char *text = isfinite (number) ? number_text (number) : g_strdup ("null");

  g_string_append (out, text);
}

void
json_put_id (GString *out, gint64 id)
{
  if (id == 0)
    g_string_append (out, "null");
  else
    g_string_append_printf (out, "\"%" G_GINT64_FORMAT "\"", id);
}

void
json_put_name (GString *out, const char *name)
{
  if (out->len > 0 && strchr ("{[,", out->str[out->len - 1]) == NULL)
    g_string_append_c (out, ',');
  json_put_text (out, name);
  g_string_append_c (out, ':');
}

void
json_put_value (GString *out, const json_t *value)
{
  const char *name;
  json_t *member;

  switch (value != NULL ? json_typeof (value) : JSON_NULL)
    {
    case JSON_OBJECT:
      g_string_append_c (out, '{');
      json_object_foreach ((json_t *) value, name, member)
        {
          json_put_name (out, name);
          json_put_value (out, member);
        }
      g_string_append_c (out, '}');
      break;
    case JSON_ARRAY:
      g_string_append_c (out, '[');
      for (gsize i = 0; i < json_array_size (value); i++)
        {
          if (i > 0)
            g_string_append_c (out, ',');
          json_put_value (out, json_array_get (value, i));
        }
      g_string_append_c (out, ']');
      break;
    case JSON_STRING:
      json_put_bytes (out, json_string_value (value), json_string_length (value));
      break;
    case JSON_INTEGER:
      g_string_append_printf (out, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
      break;
    case JSON_REAL:
      {
        g_autofree char *text = number_text (json_real_value (value));

        g_string_append (out, text);
        /* A real stays one: 10.0 does not become 10. */
        if (strpbrk (text, ".e") == NULL)
          g_string_append (out, ".0");
        break;
      }
    case JSON_TRUE:
      g_string_append (out, "true");
      break;
    case JSON_FALSE:
      g_string_append (out, "false");
      break;
    default:
      g_string_append (out, "null");
    }
}
