/* SPDX-License-Identifier: MIT */
#include "labelme-copy.h"

#include "json-edit.h"
#include "labelme-shape.h"

#include <stdio.h>
#include <string.h>

typedef struct
{
  const GPtrArray *instead;
  const json_t *added;
  guint at;      /* which shape is next */
  guint indent;  /* the file's; 0: it has one line */
} Copy;

/* The indent that the file has: 0 for all in one line. */
static guint
indent_of (const char *path)
{
  char head[256] = { 0 };
  FILE *file = fopen (path, "re");
  const char *at;
  guint n = 0;

  if (file == NULL)
    return 2;
  if (fread (head, 1, sizeof head - 1, file) == 0)
    head[0] = '\0';
  fclose (file);
  at = strchr (head, '\n');
  while (at != NULL && at[1 + n] == ' ')
    n++;
  return n;
}

/* A line break and the indent of a depth; a space where the file has one line. */
static char *
break_of (const Copy *copy, guint depth)
{
  GString *text = g_string_new (copy->indent > 0 ? "\n" : " ");

  for (guint i = 0; i < copy->indent * depth; i++)
    g_string_append_c (text, ' ');
  return g_string_free (text, FALSE);
}

static void
put_item (const Copy *copy, GString *text, const json_t *item, guint depth)
{
  if (copy->indent > 0)
    labelme_put_value (text, item, copy->indent, depth);
  else
    json_put_value (text, item);
}

static JsonEditFate
on_shape (guint member, json_t *item, GString *text, gpointer data, GError **error)
{
  Copy *copy = data;
  const json_t *items = copy->at < copy->instead->len ? copy->instead->pdata[copy->at] : NULL;

  copy->at++;
  if (items == NULL)
    return JSON_EDIT_KEEP;
  for (gsize i = 0; i < json_array_size (items); i++)
    {
      g_autofree char *line = break_of (copy, 2);

      if (i > 0)
        g_string_append_printf (text, ",%s", line);
      put_item (copy, text, json_array_get (items, i), 2);
    }
  return json_array_size (items) > 0 ? JSON_EDIT_REPLACE : JSON_EDIT_DROP;
}

static gboolean
on_end (guint member, JsonEdit *edit, gpointer data, GError **error)
{
  const Copy *copy = data;

  for (gsize i = 0; i < json_array_size (copy->added); i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);

      put_item (copy, text, json_array_get (copy->added, i), 2);
      if (!json_edit_add (edit, text->str, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
labelme_copy_file (const char *path, const GPtrArray *instead, const json_t *added, const json_t *note, OutFile *out,
                   GError **error)
{
  static const char *const members[] = { "shapes", NULL };
  Copy copy = { .instead = instead, .added = added, .indent = indent_of (path) };
  JsonEditor editor = { .members = members, .element = on_shape, .end = on_end, .user_data = &copy };
  g_autoptr (GString) value = g_string_new (NULL);
  g_autofree char *shape_line = break_of (&copy, 2), *member_line = break_of (&copy, 1);

  put_item (&copy, value, note, 1);
  editor.before_new = shape_line;
  editor.before_value = member_line;
  editor.value_name = "alidade";
  editor.value = value->str;
  return json_edit_copy (path, &editor, out, error);
}
