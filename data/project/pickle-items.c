/* SPDX-License-Identifier: MIT
 * pickle-items.c: a stack machine of the opcodes that plain data needs. Values taken from the memo are copied, so that
 * no hostile pickle can build a cycle; the copies are counted, so that none can grow without end. */
#include "pickle-items.h"

#include <math.h>
#include <string.h>

#define FILE_LIMIT (G_GINT64_CONSTANT (1) << 30)
#define VALUES_PER_BYTE 16    /* copies from the memo included: bounds memory by the file's size */
#define VALUES_AT_LEAST 100000
#define DEPTH_LIMIT 64

typedef struct
{
  const guint8 *at, *end;
  const char *name;
  GPtrArray *stack;   /* json_t; NULL is a mark */
  GHashTable *memo;   /* number + 1 -> json_t */
  guint64 values;     /* made so far */
  guint64 limit;
  guint64 puts;
  GError **error;
} Machine;

static gboolean
refuse (Machine *machine, const char *why)
{
  if (machine->error != NULL && *machine->error == NULL)
    project_fail (machine->error, PROJECT_ERROR_FAILED, "%s: %s", machine->name, why);
  return FALSE;
}

static const guint8 *
take (Machine *machine, gsize length)
{
  const guint8 *at = machine->at;

  if ((gsize) (machine->end - at) < length)
    {
      refuse (machine, "the pickle ends early");
      return NULL;
    }
  machine->at += length;
  return at;
}

static gboolean
take_number (Machine *machine, guint bytes, guint64 *value)
{
  const guint8 *at = take (machine, bytes);

  *value = 0;
  for (guint i = 0; at != NULL && i < bytes; i++)
    *value |= (guint64) at[i] << (8 * i);
  return at != NULL;
}

/* A line of protocol 0, without its end, which is borrowed. */
static const char *
take_line (Machine *machine, gsize *length)
{
  const guint8 *end = memchr (machine->at, '\n', machine->end - machine->at), *at = machine->at;

  if (end == NULL)
    {
      refuse (machine, "the pickle ends early");
      return NULL;
    }
  machine->at = end + 1;
  *length = end - at;
  return (const char *) at;
}

static gboolean
push (Machine *machine, json_t *value)
{
  if (value == NULL)
    return refuse (machine, "out of memory, or a number that is none");
  g_ptr_array_add (machine->stack, value);
  return ++machine->values <= machine->limit || refuse (machine, "the pickle holds too many values");
}

static json_t *
top (Machine *machine)
{
  return machine->stack->len > 0 ? machine->stack->pdata[machine->stack->len - 1] : NULL;
}

/* Index behind the newest mark, or -1. */
static gssize
mark_at (Machine *machine)
{
  for (gsize i = machine->stack->len; i-- > 0;)
    if (machine->stack->pdata[i] == NULL)
      return (gssize) i + 1;
  refuse (machine, "the pickle lacks a mark");
  return -1;
}

static json_t *
text_value (const char *bytes, gsize length)
{
  g_autofree char *latin = NULL;
  gsize written;

  if (g_utf8_validate_len (bytes, length, NULL))
    return json_stringn_nocheck (bytes, length);
  latin = g_convert (bytes, length, "UTF-8", "ISO-8859-1", NULL, &written, NULL);
  return latin != NULL ? json_stringn_nocheck (latin, written) : NULL;
}

/* 'a\x41' as protocol 0 writes it. */
static json_t *
quoted_value (const char *line, gsize length)
{
  g_autoptr (GString) text = g_string_new (NULL);

  while (length > 0 && g_ascii_isspace (line[length - 1]))
    length--;
  if (length < 2 || (line[0] != '\'' && line[0] != '"') || line[length - 1] != line[0])
    return NULL;
  for (gsize i = 1; i < length - 1; i++)
    {
      if (line[i] != '\\' || i + 1 >= length - 1)
        {
          g_string_append_c (text, line[i]);
          continue;
        }
      switch (line[++i])
        {
        case 'n':
          g_string_append_c (text, '\n');
          break;
        case 't':
          g_string_append_c (text, '\t');
          break;
        case 'r':
          g_string_append_c (text, '\r');
          break;
        case 'x':
          if (i + 2 < length - 1 && g_ascii_isxdigit (line[i + 1]) && g_ascii_isxdigit (line[i + 2]))
            {
              g_string_append_c (text, (char) (g_ascii_xdigit_value (line[i + 1]) * 16 + g_ascii_xdigit_value (line[i + 2])));
              i += 2;
            }
          break;
        default:
          g_string_append_c (text, line[i]);
        }
    }
  return text_value (text->str, text->len);
}

/* UTF-8 with \uXXXX and \UXXXXXXXX, as protocol 0 writes unicode. */
static json_t *
escaped_value (const char *line, gsize length)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (gsize i = 0; i < length; i++)
    {
      guint digits = line[i] == '\\' && i + 1 < length ? (line[i + 1] == 'u' ? 4 : line[i + 1] == 'U' ? 8 : 0) : 0;
      gunichar c = 0;

      if (digits == 0 || i + 1 + digits >= length)
        {
          g_string_append_c (text, line[i]);
          continue;
        }
      for (guint j = 0; j < digits; j++)
        c = c << 4 | (g_ascii_isxdigit (line[i + 2 + j]) ? (guint) g_ascii_xdigit_value (line[i + 2 + j]) : 0);
      g_string_append_unichar (text, g_unichar_validate (c) ? c : 0xfffd);
      i += 1 + digits;
    }
  return text_value (text->str, text->len);
}

static json_t *
long_value (Machine *machine, gsize length)
{
  const guint8 *bytes = take (machine, length);
  guint64 value = 0;

  if (bytes == NULL)
    return NULL;
  if (length > 8)
    {
      refuse (machine, "a whole number has more than 64 bits");
      return NULL;
    }
  for (gsize i = 0; i < length; i++)
    value |= (guint64) bytes[i] << (8 * i);
  if (length > 0 && length < 8 && (bytes[length - 1] & 0x80) != 0)
    value |= ~G_GUINT64_CONSTANT (0) << (8 * length);
  return json_integer ((gint64) value);
}

/* "123", "123L", "00", "01" (which are False and True). */
static json_t *
int_line (Machine *machine)
{
  gsize length;
  const char *line = take_line (machine, &length);
  g_autofree char *text = NULL;
  gint64 value;

  if (line == NULL)
    return NULL;
  text = g_strstrip (g_strndup (line, length));
  if (strcmp (text, "00") == 0 || strcmp (text, "01") == 0)
    return json_boolean (text[1] == '1');
  if (g_str_has_suffix (text, "L"))
    text[strlen (text) - 1] = '\0';
  return g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &value, NULL) ? json_integer (value) : NULL;
}

static json_t *
float_value (double value)
{
  return isfinite (value) ? json_real (value) : json_null ();
}

static gboolean
count_copy (Machine *machine, const json_t *value, guint depth)
{
  const char *key;
  json_t *member;

  machine->values++;
  if (depth > DEPTH_LIMIT || machine->values > machine->limit)
    return refuse (machine, "the pickle is nested too deeply, or holds too many values");
  if (json_is_array (value))
    for (gsize i = 0; i < json_array_size (value); i++)
      if (!count_copy (machine, json_array_get (value, i), depth + 1))
        return FALSE;
  json_object_foreach ((json_t *) value, key, member)
    if (!count_copy (machine, member, depth + 1))
      return FALSE;
  return TRUE;
}

static gboolean
memo_get (Machine *machine, guint64 number)
{
  json_t *value = g_hash_table_lookup (machine->memo, GSIZE_TO_POINTER (number + 1));

  if (value == NULL)
    return refuse (machine, "the pickle refers to what it has not kept");
  if (!json_is_array (value) && !json_is_object (value))
    return push (machine, json_incref (value));
  return count_copy (machine, value, 0) && push (machine, json_deep_copy (value));
}

static gboolean
memo_put (Machine *machine, guint64 number)
{
  if (top (machine) == NULL || number > G_MAXUINT32)
    return refuse (machine, "the pickle keeps what is not there");
  g_hash_table_replace (machine->memo, GSIZE_TO_POINTER (number + 1), json_incref (top (machine)));
  return TRUE;
}

/* Containers ------------------------------------------------------------------------------------------------------ */

static gboolean
append_all (Machine *machine, gsize from)
{
  json_t *list = from >= 1 ? machine->stack->pdata[from - 1] : NULL;

  if (!json_is_array (list))
    return refuse (machine, "the pickle appends to what is no list");
  for (gsize i = from; i < machine->stack->len; i++)
    json_array_append (list, machine->stack->pdata[i]);
  g_ptr_array_set_size (machine->stack, (int) from);
  return TRUE;
}

static gboolean
set_all (Machine *machine, gsize from)
{
  json_t *dict = from >= 1 ? machine->stack->pdata[from - 1] : NULL;

  if (!json_is_object (dict) || (machine->stack->len - from) % 2 != 0)
    return refuse (machine, "the pickle sets members of what is no dict");
  for (gsize i = from; i < machine->stack->len; i += 2)
    {
      g_autofree char *key = json_id_text (machine->stack->pdata[i]);

      if (key == NULL)
        return refuse (machine, "the key of a dict is neither a text nor a number");
      json_object_set_nocheck (dict, key, machine->stack->pdata[i + 1]);
    }
  g_ptr_array_set_size (machine->stack, (int) from);
  return TRUE;
}

/* The values above the newest mark leave it for a list or dict of their own. */
static gboolean
collect (Machine *machine, gboolean dict)
{
  gssize from = mark_at (machine);
  json_t *made = dict ? json_object () : json_array ();

  if (from < 0 || (dict && (machine->stack->len - from) % 2 != 0))
    {
      json_decref (made);
      return refuse (machine, "a dict lacks a value");
    }
  machine->stack->pdata[from - 1] = made; /* in the place of the mark */
  machine->values++;
  return dict ? set_all (machine, from) : append_all (machine, from);
}

static gboolean
tuple_of (Machine *machine, gsize n)
{
  json_t *made;

  for (gsize i = 0; i < n; i++)
    if (machine->stack->len <= i || machine->stack->pdata[machine->stack->len - 1 - i] == NULL)
      return refuse (machine, "a tuple lacks a value");
  made = json_array ();
  for (gsize i = machine->stack->len - n; i < machine->stack->len; i++)
    json_array_append (made, machine->stack->pdata[i]);
  g_ptr_array_set_size (machine->stack, machine->stack->len - (int) n);
  return push (machine, made);
}

static gboolean
append_one (Machine *machine, gboolean dict)
{
  gsize n = dict ? 2 : 1;

  for (gsize i = 0; i <= n; i++)
    if (machine->stack->len <= i || machine->stack->pdata[machine->stack->len - 1 - i] == NULL)
      return refuse (machine, "the pickle takes more than it has put");
  return dict ? set_all (machine, machine->stack->len - 2) : append_all (machine, machine->stack->len - 1);
}

/* Opcodes --------------------------------------------------------------------------------------------------------- */

static gboolean
push_text (Machine *machine, guint length_bytes)
{
  guint64 length;
  const guint8 *bytes;

  if (!take_number (machine, length_bytes, &length) || (bytes = take (machine, length)) == NULL)
    return FALSE;
  return push (machine, text_value ((const char *) bytes, length));
}

static gboolean
line_op (Machine *machine, char op)
{
  gsize length;
  const char *line;
  g_autofree char *text = NULL;
  guint64 number;

  if (op == 'I' || op == 'L')
    return push (machine, int_line (machine));
  line = take_line (machine, &length);
  if (line == NULL)
    return FALSE;
  switch (op)
    {
    case 'S':
      return push (machine, quoted_value (line, length));
    case 'V':
      return push (machine, escaped_value (line, length));
    case 'F':
      text = g_strndup (line, length);
      return push (machine, float_value (g_ascii_strtod (text, NULL)));
    default:
      text = g_strstrip (g_strndup (line, length));
      if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32, &number, NULL))
        return refuse (machine, "the pickle counts what it keeps wrongly");
      return op == 'g' ? memo_get (machine, number) : memo_put (machine, number);
    }
}

static gboolean
number_op (Machine *machine, guint8 op)
{
  guint64 value;

  switch (op)
    {
    case 'J':
      return take_number (machine, 4, &value) && push (machine, json_integer ((gint32) value));
    case 'K':
      return take_number (machine, 1, &value) && push (machine, json_integer ((gint64) value));
    case 'M':
      return take_number (machine, 2, &value) && push (machine, json_integer ((gint64) value));
    case 0x8a:
      return take_number (machine, 1, &value) && push (machine, long_value (machine, value));
    case 0x8b:
      return take_number (machine, 4, &value) && push (machine, long_value (machine, value));
    default: /* 'G': big-endian */
      {
        const guint8 *bytes = take (machine, 8);
        guint64 bits = 0;
        double number;

        for (int i = 0; bytes != NULL && i < 8; i++)
          bits = bits << 8 | bytes[i];
        memcpy (&number, &bits, 8);
        return bytes != NULL && push (machine, float_value (number));
      }
    }
}

static gboolean
memo_op (Machine *machine, guint8 op)
{
  guint64 number;
  guint bytes = op == 'q' || op == 'h' ? 1 : 4;

  if (!take_number (machine, bytes, &number))
    return FALSE;
  return op == 'h' || op == 'j' ? memo_get (machine, number) : memo_put (machine, number);
}

/* One opcode; *stop at the end. */
static gboolean
step (Machine *machine, gboolean *stop)
{
  const guint8 *at = take (machine, 1);
  guint64 ignored;
  gssize mark;

  if (at == NULL)
    return FALSE;
  switch (*at)
    {
    case '.':
      return *stop = TRUE;
    case 0x80: /* PROTO */
      return take_number (machine, 1, &ignored);
    case 0x95: /* FRAME */
      return take_number (machine, 8, &ignored);
    case '(':
      g_ptr_array_add (machine->stack, NULL);
      return machine->stack->len <= machine->limit || refuse (machine, "too many marks");
    case ']':
    case ')':
      return push (machine, json_array ());
    case '}':
      return push (machine, json_object ());
    case 'l':
    case 't':
      return collect (machine, FALSE);
    case 'd':
      return collect (machine, TRUE);
    case 'a':
      return append_one (machine, FALSE);
    case 's':
      return append_one (machine, TRUE);
    case 'e':
      return (mark = mark_at (machine)) > 0 && (g_ptr_array_remove_index (machine->stack, mark - 1), append_all (machine, mark - 1));
    case 'u':
      return (mark = mark_at (machine)) > 0 && (g_ptr_array_remove_index (machine->stack, mark - 1), set_all (machine, mark - 1));
    case 0x85:
    case 0x86:
    case 0x87:
      return tuple_of (machine, *at - 0x84);
    case 'N':
      return push (machine, json_null ());
    case 0x88:
    case 0x89:
      return push (machine, json_boolean (*at == 0x88));
    case 'I':
    case 'L':
    case 'F':
    case 'S':
    case 'V':
    case 'p':
    case 'g':
      return line_op (machine, (char) *at);
    case 'J':
    case 'K':
    case 'M':
    case 'G':
    case 0x8a:
    case 0x8b:
      return number_op (machine, *at);
    case 'q':
    case 'r':
    case 'h':
    case 'j':
      return memo_op (machine, *at);
    case 0x94: /* MEMOIZE */
      return memo_put (machine, machine->puts++);
    case 'U':
    case 0x8c: /* SHORT_BINUNICODE */
    case 'C':  /* SHORT_BINBYTES */
      return push_text (machine, 1);
    case 'T':
    case 'X':
    case 'B':
      return push_text (machine, 4);
    case '0':
      if (machine->stack->len == 0)
        return refuse (machine, "the pickle takes more than it has put");
      g_ptr_array_set_size (machine->stack, machine->stack->len - 1);
      return TRUE;
    case '1':
      if ((mark = mark_at (machine)) < 0)
        return FALSE;
      g_ptr_array_set_size (machine->stack, (int) mark - 1);
      return TRUE;
    case 'c':
    case 0x93:
    case 'R':
    case 'b':
    case 'i':
    case 'o':
    case 0x81:
    case 0x82:
    case 0x83:
    case 0x84:
    case 'P':
    case 'Q':
      return refuse (machine, "the pickle names classes or functions to run; such a file is never opened");
    default:
      return refuse (machine, "the pickle holds an opcode that plain data does not need");
    }
}

static void
value_free (gpointer value)
{
  if (value != NULL)
    json_decref (value);
}

json_t *
pickle_parse (const void *bytes, gsize length, const char *name, GError **error)
{
  GError *local = NULL;
  Machine machine = { .at = bytes, .end = bytes != NULL ? (const guint8 *) bytes + length : NULL, .name = name, .error = &local };
  gboolean stop = FALSE;
  json_t *value = NULL;

  if (length == 0)
    {
      project_fail (error, PROJECT_ERROR_FAILED, "%s: the pickle is empty", name);
      return NULL;
    }
  machine.limit = (guint64) length * VALUES_PER_BYTE + VALUES_AT_LEAST;
  machine.stack = g_ptr_array_new_with_free_func (value_free);
  machine.memo = g_hash_table_new_full (NULL, NULL, NULL, value_free);
  while (!stop && step (&machine, &stop))
    ;
  if (stop && local == NULL)
    {
      if (machine.stack->len == 1 && top (&machine) != NULL && count_copy (&machine, top (&machine), 0))
        value = json_incref (top (&machine));
      else
        refuse (&machine, "the pickle does not end with one value");
    }
  g_hash_table_unref (machine.memo);
  g_ptr_array_unref (machine.stack);
  if (local != NULL)
    g_propagate_error (error, local);
  return value;
}

json_t *
pickle_read (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);
  g_autoptr (GError) local = NULL;
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, &local);

  if (file == NULL)
    {
      project_fail (error, PROJECT_ERROR_NOT_FOUND, "%s cannot be opened: %s", name, local->message);
      return NULL;
    }
  if (g_mapped_file_get_length (file) > FILE_LIMIT)
    {
      project_fail (error, PROJECT_ERROR_FAILED, "%s is larger than 1 GB", name);
      return NULL;
    }
  return pickle_parse (g_mapped_file_get_contents (file), g_mapped_file_get_length (file), name, error);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

static void
put_little (GString *out, guint64 value, guint bytes)
{
  for (guint i = 0; i < bytes; i++)
    g_string_append_c (out, (char) (value >> (8 * i) & 0xff));
}

static void
put_text (GString *out, const char *text, gsize length)
{
  g_string_append_c (out, 'X');
  put_little (out, length, 4);
  g_string_append_len (out, text, length);
}

void
pickle_put_value (GString *out, const json_t *value)
{
  const char *key;
  json_t *member;

  switch (value != NULL ? json_typeof (value) : JSON_NULL)
    {
    case JSON_OBJECT:
      g_string_append (out, "}(");
      json_object_foreach ((json_t *) value, key, member)
        {
          put_text (out, key, strlen (key));
          pickle_put_value (out, member);
        }
      g_string_append_c (out, 'u');
      break;
    case JSON_ARRAY:
      g_string_append (out, "](");
      for (gsize i = 0; i < json_array_size (value); i++)
        pickle_put_value (out, json_array_get (value, i));
      g_string_append_c (out, 'e');
      break;
    case JSON_STRING:
      put_text (out, json_string_value (value), json_string_length (value));
      break;
    case JSON_INTEGER:
      if (json_integer_value (value) >= G_MININT32 && json_integer_value (value) <= G_MAXINT32)
        {
          g_string_append_c (out, 'J');
          put_little (out, (guint64) json_integer_value (value), 4);
        }
      else
        {
          g_string_append (out, "\x8a\x08");
          put_little (out, (guint64) json_integer_value (value), 8);
        }
      break;
    case JSON_REAL:
      {
        double number = json_real_value (value);
        guint64 bits;

        memcpy (&bits, &number, 8);
        g_string_append_c (out, 'G');
        for (int i = 7; i >= 0; i--)
          g_string_append_c (out, (char) (bits >> (8 * i) & 0xff));
        break;
      }
    case JSON_TRUE:
      g_string_append_c (out, (char) 0x88);
      break;
    case JSON_FALSE:
      g_string_append_c (out, (char) 0x89);
      break;
    default:
      g_string_append_c (out, 'N');
    }
}

void
pickle_put_begin (GString *out)
{
  g_string_append (out, "\x80\x02");
}

void
pickle_put_end (GString *out)
{
  g_string_append_c (out, '.');
}
