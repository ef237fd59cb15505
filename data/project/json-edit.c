/* SPDX-License-Identifier: MIT */
#include "json-edit.h"

#include "json-items.h"
#include "json-merge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ELEMENT_LIMIT (64u << 20)
#define KEY_LIMIT 4096
#define MEMBERS_LIMIT 8

struct JsonEdit
{
  const JsonEditor *editor;
  const char *path;
  OutFile *file;
  GString *out;
  guint depth;
  gboolean in_text, escaped;   /* within a string */
  GString *key;                /* the last string of the outermost object, with its quotes; cut at KEY_LIMIT */
  gboolean key_over;           /* its colon was met */
  int member;                  /* the array being edited, -1: none */
  gboolean ended[MEMBERS_LIMIT];
  gboolean in_element, too_large;
  GString *element;            /* bytes of the element so far; of a too large one only what is not yet copied */
  GString *gap;                /* between two elements: spaces and the comma */
  guint n_kept;                /* elements in the copy of this array */
  gboolean any_member;         /* the outermost object is not empty */
  gboolean in_value, value_set;/* within the member that is set; whether it was there */
};

static gboolean
flush (JsonEdit *edit, gboolean all, GError **error)
{
  return out_file_put (edit->file, edit->out, all, error);
}

/* Before the first element that is kept there is no comma. */
static void
put_gap (JsonEdit *edit)
{
  const char *comma = strchr (edit->gap->str, ',');

  if (edit->n_kept == 0 && comma != NULL)
    g_string_erase (edit->gap, comma - edit->gap->str, 1);
  else if (edit->n_kept > 0 && comma == NULL)
    g_string_prepend_c (edit->gap, ',');
  g_string_append_len (edit->out, edit->gap->str, edit->gap->len);
  edit->n_kept++;
}

gboolean
json_edit_add (JsonEdit *edit, const char *text, GError **error)
{
  if (edit->member < 0)
    {
      /* The array is new. */
      if (edit->n_kept == 0)
        {
          if (edit->any_member)
            g_string_append_c (edit->out, ',');
          g_string_append (edit->out, "\n");
          json_put_text (edit->out, edit->key->str);
          g_string_append (edit->out, ": [");
          edit->any_member = TRUE;
        }
    }
  if (edit->n_kept > 0)
    g_string_append_c (edit->out, ',');
  g_string_append (edit->out, edit->editor->before_new != NULL ? edit->editor->before_new : "\n");
  g_string_append (edit->out, text);
  edit->n_kept++;
  return flush (edit, FALSE, error);
}

static gboolean
element_end (JsonEdit *edit, GError **error)
{
  g_autoptr (GString) text = NULL;
  g_autoptr (json_t) item = NULL;
  JsonEditFate fate;

  edit->in_element = FALSE;
  text = g_string_new (NULL);
  if (!edit->too_large)
    item = json_value_parse (edit->element->str, edit->element->len);
  fate = edit->editor->element (edit->member, item, text, edit->editor->user_data, error);
  if (fate == JSON_EDIT_FAIL)
    return FALSE;
  if (item == NULL)
    fate = JSON_EDIT_KEEP;
  if (!edit->too_large && fate != JSON_EDIT_DROP)
    put_gap (edit);
  if (fate == JSON_EDIT_KEEP)
    g_string_append_len (edit->out, edit->element->str, edit->element->len);
  else if (fate == JSON_EDIT_REPLACE &&
           !json_merge (edit->element->str, edit->element->len, text->str, text->len, edit->out))
    g_string_append_len (edit->out, text->str, text->len);
  /* A dropped element takes its gap along; the comma is put in by the next one. */
  g_string_truncate (edit->gap, 0);
  return flush (edit, FALSE, error);
}

static gboolean
array_end (JsonEdit *edit, GError **error)
{
  const char *comma = strchr (edit->gap->str, ',');
  int member = edit->member;

  if (comma != NULL)
    g_string_erase (edit->gap, comma - edit->gap->str, 1);
  if (!edit->ended[member] && !edit->editor->end (member, edit, edit->editor->user_data, error))
    return FALSE;
  edit->ended[member] = TRUE;
  g_string_append_len (edit->out, edit->gap->str, edit->gap->len);
  g_string_append_c (edit->out, ']');
  edit->member = -1;
  return TRUE;
}

/* The outermost object is about to end: arrays that were not there. */
static gboolean
object_end (JsonEdit *edit, GError **error)
{
  g_autoptr (GString) text = NULL;
  gsize at;

  for (guint i = 0; edit->editor->members[i] != NULL; i++)
    {
      if (edit->ended[i])
        continue;
      edit->n_kept = 0;
      g_string_assign (edit->key, edit->editor->members[i]);
      if (!edit->editor->end (i, edit, edit->editor->user_data, error))
        return FALSE;
      if (edit->n_kept > 0)
        g_string_append (edit->out, "\n]");
    }
  if (edit->editor->value_name == NULL || edit->value_set)
    return TRUE;
  /* Before the space that stands in front of the last brace. */
  at = edit->out->len;
  while (at > 0 && g_ascii_isspace (edit->out->str[at - 1]))
    at--;
  text = g_string_new (edit->any_member ? "," : "");
  g_string_append (text, edit->editor->before_value != NULL ? edit->editor->before_value : "\n");
  json_put_text (text, edit->editor->value_name);
  g_string_append_printf (text, ": %s", edit->editor->value);
  g_string_insert_len (edit->out, (gssize) at, text->str, (gssize) text->len);
  return TRUE;
}

static gboolean
is_value_key (const JsonEdit *edit)
{
  g_autoptr (json_t) key = NULL;

  if (edit->editor->value_name == NULL)
    return FALSE;
  key = json_loadb (edit->key->str, edit->key->len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
  return json_is_string (key) && strcmp (json_string_value (key), edit->editor->value_name) == 0;
}

static int
member_of_key (const JsonEdit *edit)
{
  g_autoptr (json_t) key = json_loadb (edit->key->str, edit->key->len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

  for (guint i = 0; json_is_string (key) && edit->editor->members[i] != NULL; i++)
    if (strcmp (json_string_value (key), edit->editor->members[i]) == 0)
      return (int) i;
  return -1;
}

static gboolean
take_in_element (JsonEdit *edit, char c, GError **error)
{
  g_string_append_c (edit->element, c);
  if (edit->element->len <= (edit->too_large ? 65536 : ELEMENT_LIMIT))
    return TRUE;
  /* Too large to be looked at: it is copied as it comes. */
  if (!edit->too_large)
    put_gap (edit);
  edit->too_large = TRUE;
  g_string_append_len (edit->out, edit->element->str, edit->element->len);
  g_string_truncate (edit->element, 0);
  return flush (edit, FALSE, error);
}

static void
take_in_key (JsonEdit *edit, char c)
{
  if (edit->depth == 1 && edit->key->len < KEY_LIMIT)
    g_string_append_c (edit->key, c);
}

/* A byte that is not part of an element being collected. */
static gboolean
take_outside (JsonEdit *edit, char c, GError **error)
{
  gboolean space = c == ' ' || c == '\t' || c == '\n' || c == '\r';

  if (edit->member >= 0 && edit->depth == 2)
    {
      if (c == ']')
        {
          edit->depth--;
          return array_end (edit, error);
        }
      if (space || c == ',')
        {
          if (edit->gap->len < KEY_LIMIT)
            g_string_append_c (edit->gap, c);
          return TRUE;
        }
      edit->in_element = TRUE;
      edit->too_large = FALSE;
      g_string_truncate (edit->element, 0);
      edit->in_text = c == '"';
      edit->depth += c == '{' || c == '[';
      return take_in_element (edit, c, error);
    }
  if (c == '"')
    {
      edit->in_text = TRUE;
      if (edit->depth == 1 && !edit->key_over)
        g_string_truncate (edit->key, 0);
      take_in_key (edit, c);
    }
  else if (c == ':' && edit->depth == 1)
    {
      edit->key_over = TRUE;
      if (is_value_key (edit))
        {
          g_string_append_printf (edit->out, ": %s", edit->editor->value);
          edit->in_value = edit->value_set = TRUE;
          g_string_truncate (edit->gap, 0);
          return TRUE;
        }
    }
  else if (c == ',' && edit->depth == 1)
    edit->key_over = FALSE;
  else if (c == '{' || c == '[')
    {
      if (c == '[' && edit->depth == 1 && edit->key_over)
        {
          edit->member = member_of_key (edit);
          edit->n_kept = 0;
          g_string_truncate (edit->gap, 0);
        }
      edit->depth++;
    }
  else if (c == '}' || c == ']')
    {
      if (edit->depth == 1 && c == '}' && !object_end (edit, error))
        return FALSE;
      edit->depth -= edit->depth > 0;
    }
  if (edit->depth == 1 && !space && c != '{')
    edit->any_member = TRUE;
  g_string_append_c (edit->out, c);
  return TRUE;
}

/* A byte of the value that another one takes the place of. */
static gboolean
take_in_value (JsonEdit *edit, char c, GError **error)
{
  gboolean space = c == ' ' || c == '\t' || c == '\n' || c == '\r';

  if (edit->in_text)
    {
      edit->in_text = edit->escaped || c != '"';
      edit->escaped = !edit->escaped && c == '\\';
      return TRUE;
    }
  if (edit->depth == 1 && (c == ',' || c == '}'))
    {
      edit->in_value = FALSE;
      g_string_append_len (edit->out, edit->gap->str, (gssize) edit->gap->len);
      return take_outside (edit, c, error);
    }
  if (!space)
    g_string_truncate (edit->gap, 0);
  else if (edit->gap->len < KEY_LIMIT)
    g_string_append_c (edit->gap, c);
  edit->in_text = c == '"';
  if (c == '{' || c == '[')
    edit->depth++;
  else if (c == '}' || c == ']')
    edit->depth--;
  return TRUE;
}

static gboolean
take (JsonEdit *edit, char c, GError **error)
{
  if (edit->in_value)
    return take_in_value (edit, c, error);
  if (edit->in_text)
    {
      if (edit->escaped)
        edit->escaped = FALSE;
      else if (c == '\\')
        edit->escaped = TRUE;
      else if (c == '"')
        edit->in_text = FALSE;
      if (edit->in_element)
        return take_in_element (edit, c, error) && (edit->in_text || edit->depth > 2 || element_end (edit, error));
      if (!edit->key_over)
        take_in_key (edit, c);
      g_string_append_c (edit->out, c);
      return TRUE;
    }
  if (!edit->in_element)
    return take_outside (edit, c, error);
  /* Numbers and words end at what follows them. */
  if (edit->depth == 2 && c != '\0' && strchr (",] \t\n\r", c) != NULL)
    return element_end (edit, error) && take_outside (edit, c, error);
  edit->in_text = c == '"';
  if (c == '{' || c == '[')
    edit->depth++;
  else if (c == '}' || c == ']')
    edit->depth--;
  return take_in_element (edit, c, error) && (edit->depth > 2 || (c != '}' && c != ']') || element_end (edit, error));
}

gboolean
json_edit_copy (const char *path, const JsonEditor *editor, OutFile *out, GError **error)
{
  JsonEdit edit = { .editor = editor, .path = path, .file = out, .member = -1 };
  FILE *file = fopen (path, "re");
  gboolean good = TRUE;
  char bytes[65536];
  gsize n;

  if (file == NULL)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "%s cannot be opened: %s", path, g_strerror (errno));
  edit.out = g_string_new (NULL);
  edit.key = g_string_new (NULL);
  edit.element = g_string_new (NULL);
  edit.gap = g_string_new (NULL);
  while (good && (n = fread (bytes, 1, sizeof bytes, file)) > 0)
    {
      for (gsize i = 0; good && i < n; i++)
        good = take (&edit, bytes[i], error);
      good = good && flush (&edit, FALSE, error);
    }
  if (good && ferror (file))
    good = project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be read: %s", path, g_strerror (errno));
  if (good && (edit.depth != 0 || edit.in_text))
    good = project_fail (error, PROJECT_ERROR_FAILED, "%s ends too early", path);
  good = good && flush (&edit, TRUE, error);
  fclose (file);
  g_string_free (edit.out, TRUE);
  g_string_free (edit.key, TRUE);
  g_string_free (edit.element, TRUE);
  g_string_free (edit.gap, TRUE);
  return good;
}
