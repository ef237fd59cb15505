/* SPDX-License-Identifier: MIT */
#include "xml-items.h"

#include "work-meter.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_LIMIT 64
#define ITEM_LIMIT (64u << 20)
#define TOKEN_LIMIT (64u << 20)

typedef struct
{
  const char *name;
  XmlItemFunc item;
  gpointer user_data;
  GPtrArray *open;    /* XmlNode being built, outermost first */
  guint depth;        /* elements around */
  guint n;
  gsize bytes;        /* of the item being built */
  gsize unseen;       /* bytes that the parser holds since it last said something */
} Reader;

static void
node_free (gpointer data)
{
  XmlNode *node = data;

  g_free (node->name);
  g_string_free (node->text, TRUE);
  g_ptr_array_unref (node->children);
  g_ptr_array_unref (node->attributes);
  g_free (node);
}

static void
on_start (GMarkupParseContext *context, const char *name, const char **names, const char **values, gpointer data, GError **error)
{
  Reader *reader = data;
  XmlNode *node;

  reader->unseen = 0;
  if (++reader->depth > DEPTH_LIMIT)
    {
      project_fail (error, PROJECT_ERROR_FAILED, "elements are nested too deeply");
      return;
    }
  if (reader->open->len == 0 && strcmp (name, reader->name) != 0)
    return;
  if (reader->open->len == 0)
    reader->bytes = 0;
  node = g_new0 (XmlNode, 1);
  node->name = g_strdup (name);
  node->text = g_string_new (NULL);
  node->children = g_ptr_array_new_with_free_func (node_free);
  node->attributes = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_ptr_array_add (node->attributes, g_strdup (names[i]));
      g_ptr_array_add (node->attributes, g_strdup (values[i]));
      reader->bytes += strlen (names[i]) + strlen (values[i]) + 64;
    }
  g_ptr_array_add (reader->open, node);
  reader->bytes += 256;
  if (reader->bytes > ITEM_LIMIT)
    project_fail (error, PROJECT_ERROR_FAILED, "the element '%s' is larger than 64 MB", reader->name);
}

static void
on_text (GMarkupParseContext *context, const char *text, gsize length, gpointer data, GError **error)
{
  Reader *reader = data;

  reader->unseen = 0;
  if (reader->open->len == 0)
    return;
  g_string_append_len (((XmlNode *) reader->open->pdata[reader->open->len - 1])->text, text, length);
  reader->bytes += length;
  if (reader->bytes > ITEM_LIMIT)
    project_fail (error, PROJECT_ERROR_FAILED, "the element '%s' is larger than 64 MB", reader->name);
}

static void
on_end (GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
  Reader *reader = data;
  XmlNode *node;
  int line;

  reader->unseen = 0;
  reader->depth--;
  if (reader->open->len == 0)
    return;
  node = g_ptr_array_steal_index (reader->open, reader->open->len - 1);
  if (reader->open->len > 0)
    g_ptr_array_add (((XmlNode *) reader->open->pdata[reader->open->len - 1])->children, node);
  else
    {
      g_autofree char *where = NULL;

      g_markup_parse_context_get_position (context, &line, NULL);
      where = g_strdup_printf ("%s %u, line %d", reader->name, ++reader->n, line);
      if (!reader->item (where, node, reader->user_data, error) && *error == NULL)
        project_fail (error, PROJECT_ERROR_FAILED, "%s was refused", where);
      node_free (node);
    }
}

/* Comments, declarations and the like. */
static void
on_other (GMarkupParseContext *context, const char *text, gsize length, gpointer data, GError **error)
{
  ((Reader *) data)->unseen = 0;
}

/* What has no end in sight would be held in memory whole. */
static gboolean
feed (Reader *reader, GMarkupParseContext *context, const char *bytes, gsize n, GError **error)
{
  reader->unseen += n;
  if (!g_markup_parse_context_parse (context, bytes, (gssize) n, error))
    return FALSE;
  return reader->unseen <= TOKEN_LIMIT ||
         project_fail (error, PROJECT_ERROR_FAILED, "a text, comment or attribute is larger than 64 MB");
}

gboolean
xml_items_read (const char *path, const char *name, XmlItemFunc item, gpointer user_data, GError **error)
{
  static const GMarkupParser parser = { on_start, on_end, on_text, on_other, NULL };
  Reader reader = { .name = name, .item = item, .user_data = user_data };
  GMarkupParseContext *context = g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, &reader, NULL);
  g_autofree char *display = g_filename_display_name (path);
  FILE *file = fopen (path, "re");
  GError *local = NULL;
  char bytes[65536];
  gboolean good = file != NULL, first = TRUE;
  gsize n;

  reader.open = g_ptr_array_new_with_free_func (node_free);
  if (!good)
    project_fail (error, PROJECT_ERROR_NOT_FOUND, "%s cannot be opened: %s", display, g_strerror (errno));
  while (good && (n = fread (bytes, 1, sizeof bytes, file)) > 0)
    {
      gsize skip = first && n >= 3 && memcmp (bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

      first = FALSE;
      work_meter_count (n);
      good = feed (&reader, context, bytes + skip, n - skip, &local);
    }
  if (good && ferror (file))
    good = project_fail (error, PROJECT_ERROR_FAILED, "%s cannot be read: %s", display, g_strerror (errno));
  good = good && g_markup_parse_context_end_parse (context, &local);
  if (local != NULL)
    {
      /* Our own errors keep their kind. */
      if (local->domain == PROJECT_ERROR)
        g_propagate_prefixed_error (error, local, "%s: ", display);
      else
        {
          project_fail (error, PROJECT_ERROR_FAILED, "%s is no valid XML: %s", display, local->message);
          g_error_free (local);
        }
    }
  if (file != NULL)
    fclose (file);
  g_markup_parse_context_free (context);
  g_ptr_array_unref (reader.open);
  return good;
}

const XmlNode *
xml_child (const XmlNode *node, const char *name)
{
  for (guint i = 0; node != NULL && i < node->children->len; i++)
    if (strcmp (((XmlNode *) node->children->pdata[i])->name, name) == 0)
      return node->children->pdata[i];
  return NULL;
}

char *
xml_child_text (const XmlNode *node, const char *name)
{
  const XmlNode *child = xml_child (node, name);

  return child != NULL ? g_strstrip (g_strdup (child->text->str)) : NULL;
}

double
xml_number (const char *text)
{
  char *end;
  double value;

  if (text == NULL || *text == '\0')
    return NAN;
  value = g_ascii_strtod (text, &end);
  while (g_ascii_isspace (*end))
    end++;
  return *end == '\0' ? value : NAN;
}

double
xml_child_number (const XmlNode *node, const char *name)
{
  g_autofree char *text = xml_child_text (node, name);

  return xml_number (text);
}

const char *
xml_attribute (const XmlNode *node, const char *name)
{
  for (guint i = 0; i + 1 < node->attributes->len; i += 2)
    if (strcmp (node->attributes->pdata[i], name) == 0)
      return node->attributes->pdata[i + 1];
  return NULL;
}

double
xml_attribute_number (const XmlNode *node, const char *name)
{
  return xml_number (xml_attribute (node, name));
}

void
xml_put (GString *out, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  /* In attributes readers take these for spaces. */
  for (const char *at = escaped; *at != '\0'; at++)
    if (*at == '\t' || *at == '\n' || *at == '\r')
      g_string_append_printf (out, "&#%d;", *at);
    else
      g_string_append_c (out, *at);
}
