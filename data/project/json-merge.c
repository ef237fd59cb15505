/* SPDX-License-Identifier: MIT */
#include "json-merge.h"

#include "json-items.h"

#include <string.h>

/* Offsets into the text of an object. */
typedef struct
{
  char *name;
  gsize begin; /* behind the brace or comma */
  gsize key, value, end;
} Member;

static void
member_clear (gpointer data)
{
  g_free (((Member *) data)->name);
}

static gsize
skip_space (const char *text, gsize length, gsize at)
{
  while (at < length && strchr (" \t\r\n", text[at]) != NULL && text[at] != '\0')
    at++;
  return at;
}

/* Behind the value at `at`; the text is well-formed. */
static gsize
skip_value (const char *text, gsize length, gsize at)
{
  guint depth = 0;
  gboolean quoted = FALSE;

  for (; at < length; at++)
    {
      char c = text[at];

      if (quoted)
        {
          if (c == '\\')
            at++;
          else if (c == '"')
            quoted = FALSE;
          if (!quoted && depth == 0)
            return at + 1;
          continue;
        }
      if (depth == 0 && (c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n'))
        return at;
      quoted = c == '"';
      if (c == '{' || c == '[')
        depth++;
      else if ((c == '}' || c == ']') && --depth == 0)
        return at + 1;
    }
  return length;
}

/* The members of an object's text; *close is where the space before the last brace begins. */
static GArray *
find_members (const char *text, gsize length, gsize *close)
{
  GArray *members = g_array_new (FALSE, FALSE, sizeof (Member));
  gsize at = skip_space (text, length, 0) + 1;

  g_array_set_clear_func (members, member_clear);
  *close = at;
  while (at < length)
    {
      Member member = { .begin = at };
      g_autoptr (json_t) name = NULL;
      gsize end;

      member.key = skip_space (text, length, at);
      if (member.key >= length || text[member.key] != '"')
        break;
      end = skip_value (text, length, member.key);
      name = json_loadb (text + member.key, end - member.key, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
      member.name = g_strdup (json_string_value (name));
      member.value = skip_space (text, length, skip_space (text, length, end) + 1);
      member.end = *close = skip_value (text, length, member.value);
      g_array_append_val (members, member);
      at = skip_space (text, length, member.end);
      if (at >= length || text[at] != ',')
        break;
      at++;
    }
  return members;
}

static const Member *
member_named (const GArray *members, const char *name)
{
  for (guint i = 0; i < members->len; i++)
    if (g_strcmp0 (g_array_index (members, Member, i).name, name) == 0)
      return &g_array_index (members, Member, i);
  return NULL;
}

static void
put_part (GString *out, const char *text, gsize begin, gsize end)
{
  g_string_append_len (out, text + begin, (gssize) (end - begin));
}

gboolean
json_merge (const char *old, gsize old_length, const char *new, gsize new_length, GString *out)
{
  g_autoptr (json_t) before = json_value_parse (old, old_length);
  g_autoptr (json_t) after = json_value_parse (new, new_length);
  g_autoptr (GArray) olds = NULL, news = NULL;
  gsize old_close, new_close;
  gboolean first = TRUE;

  if (!json_is_object (before) || !json_is_object (after))
    return FALSE;
  olds = find_members (old, old_length, &old_close);
  news = find_members (new, new_length, &new_close);
  /* A key that stands twice means what stands last: nothing to be kept apart. */
  if (olds->len != json_object_size (before) || news->len != json_object_size (after))
    return FALSE;
  put_part (out, old, 0, skip_space (old, old_length, 0) + 1);
  for (guint i = 0; i < olds->len; i++)
    {
      const Member *was = &g_array_index (olds, Member, i), *is = member_named (news, was->name);

      if (is == NULL)
        continue;
      if (!first)
        g_string_append_c (out, ',');
      first = FALSE;
      put_part (out, old, was->begin, was->value);
      if (json_equal (json_object_get (before, was->name), json_object_get (after, was->name)))
        put_part (out, old, was->value, was->end);
      else
        put_part (out, new, is->value, is->end);
    }
  for (guint i = 0; i < news->len; i++)
    {
      const Member *is = &g_array_index (news, Member, i);

      if (member_named (olds, is->name) != NULL)
        continue;
      if (!first)
        g_string_append_c (out, ',');
      first = FALSE;
      if (olds->len > 0)
        put_part (out, old, g_array_index (olds, Member, olds->len - 1).begin,
                  g_array_index (olds, Member, olds->len - 1).key);
      put_part (out, new, is->key, is->end);
    }
  put_part (out, old, old_close, old_length);
  return TRUE;
}
