/* SPDX-License-Identifier: MIT */
#include "yolo-names.h"

#include "image-finder.h"
#include "json-text.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_LIMIT (16u << 20)
#define CLASSES_LIMIT 1000000

/* How new names go into the file. */
typedef enum
{
  STYLE_LINES,      /* a name a line */
  STYLE_FLOW_LIST,  /* names: [a, b] */
  STYLE_FLOW_MAP,   /* names: {0: a} */
  STYLE_BLOCK_LIST, /* - a */
  STYLE_BLOCK_MAP   /* 0: a */
} Style;

struct YoloNames
{
  char *path;
  char *text;          /* the file's */
  GPtrArray *names;    /* char *, NULL where a class has none */
  GHashTable *classes; /* name -> class + 1 */
  guint n_read;
  Style style;
  gsize insert;        /* where new names go in a YAML file */
  gboolean open;       /* no comma stands before that place */
  char *indent;
};

static void
set_name (YoloNames *names, guint64 class, char *name)
{
  if (class >= CLASSES_LIMIT)
    {
      g_free (name);
      return;
    }
  if (names->names->len <= class)
    g_ptr_array_set_size (names->names, (int) class + 1);
  g_free (names->names->pdata[class]);
  names->names->pdata[class] = name;
  if (name != NULL && !g_hash_table_contains (names->classes, name))
    g_hash_table_insert (names->classes, g_strdup (name), GUINT_TO_POINTER ((guint) class + 1));
}

/* YAML, as far as lists of names need it --------------------------------------------------------------------------- */

static const char *
skip_spaces (const char *at)
{
  while (*at == ' ' || *at == '\t')
    at++;
  return at;
}

static guint
hex_digits (const char **at, guint n)
{
  guint value = 0;

  for (guint i = 0; i < n && g_ascii_isxdigit (**at); i++, (*at)++)
    value = value * 16 + (guint) g_ascii_xdigit_value (**at);
  return value;
}

static void
put_escape (GString *out, const char **at)
{
  static const char from[] = "abtnvfre0", to[] = "\a\b\t\n\v\f\r\033";
  const char *found = strchr (from, **at);
  gunichar c;

  if (**at == '\0' || **at == '\n')
    return;
  if (**at == 'x' || **at == 'u' || **at == 'U')
    {
      guint n = **at == 'x' ? 2 : **at == 'u' ? 4 : 8;

      (*at)++;
      c = hex_digits (at, n);
      if (c >= 0xd800 && c < 0xdc00 && (*at)[0] == '\\' && (*at)[1] == 'u')
        {
          *at += 2;
          c = 0x10000 + ((c - 0xd800) << 10) + ((hex_digits (at, 4) - 0xdc00) & 0x3ff);
        }
      if (c != 0 && g_unichar_validate (c))
        g_string_append_unichar (out, c);
      return;
    }
  if (found == NULL)
    g_string_append_c (out, **at);
  else if (*found != '0')
    g_string_append_c (out, to[found - from]);
  (*at)++;
}

/* A quoted or plain scalar, on one line; a plain one ends before `ends` or a comment, too. */
static char *
parse_scalar (const char **at, const char *ends)
{
  GString *out = g_string_new (NULL);
  char quote = **at;

  if (quote != '"' && quote != '\'')
    {
      while (**at != '\0' && **at != '\n' && strchr (ends, **at) == NULL &&
             !(**at == '#' && out->len > 0 && strchr (" \t", (*at)[-1]) != NULL))
        g_string_append_c (out, *(*at)++);
      return g_strstrip (g_string_free (out, FALSE));
    }
  (*at)++;
  while (**at != '\0' && **at != '\n' && (**at != quote || (quote == '\'' && (*at)[1] == '\'')))
    {
      if (quote == '"' && **at == '\\')
        {
          (*at)++;
          put_escape (out, at);
          continue;
        }
      *at += quote == '\'' && **at == '\''; /* '' is one */
      g_string_append_c (out, *(*at)++);
    }
  *at += **at == quote;
  return g_string_free (out, FALSE);
}

/* Spaces, comments and commas; *open becomes FALSE where there was a comma. */
static const char *
skip_flow (const char *at, gboolean *open)
{
  while (TRUE)
    {
      at += strspn (at, " \t\r\n");
      if (*at == ',')
        {
          *open = FALSE;
          at++;
        }
      else if (*at == '#')
        at += strcspn (at, "\n");
      else
        return at;
    }
}

/* "[a, 'b', "c"]" or "{0: a, 1: b}"; `at` is behind the bracket. */
static void
parse_flow (YoloNames *names, const char *at, char close)
{
  guint64 class = 0;

  names->style = close == ']' ? STYLE_FLOW_LIST : STYLE_FLOW_MAP;
  for (at = skip_flow (at, &names->open); *at != '\0' && *at != close; at = skip_flow (at, &names->open))
    {
      if (names->open)
        return; /* no comma behind the one before */
      if (close == '}')
        {
          char *end;

          class = g_ascii_strtoull (at, &end, 10);
          if (end == at || *skip_spaces (end) != ':')
            return;
          at = skip_spaces (skip_spaces (end) + 1);
        }
      set_name (names, class, parse_scalar (&at, close == ']' ? ",]" : ",}"));
      class++;
      names->open = TRUE;
    }
  if (*at == close)
    names->insert = (gsize) (at - names->text);
}

/* Lines "- a" or "0: a"; `at` is the first line below `names:`. */
static void
parse_block (YoloNames *names, const char *at)
{
  guint64 class = 0;

  names->style = STYLE_LINES;
  while (*at != '\0')
    {
      const char *line = at, *item = skip_spaces (at), *end = at + strcspn (at, "\n");
      guint64 number = 0;
      char *rest;

      at = *end == '\n' ? end + 1 : end;
      if (*item == '\0' || *item == '\n' || *item == '\r' || *item == '#')
        continue;
      if (*item == '-' && names->style != STYLE_BLOCK_MAP && strchr (" \t", item[1]) != NULL && item[1] != '\0')
        {
          names->style = STYLE_BLOCK_LIST;
          item = skip_spaces (item + 1);
          number = class;
        }
      else if (item > line && names->style != STYLE_BLOCK_LIST && g_ascii_isdigit (*item))
        {
          number = g_ascii_strtoull (item, &rest, 10);
          if (*skip_spaces (rest) != ':')
            return;
          names->style = STYLE_BLOCK_MAP;
          item = skip_spaces (skip_spaces (rest) + 1);
        }
      else
        return;
      class = number + 1;
      g_free (names->indent);
      names->indent = g_strndup (line, (gsize) (skip_spaces (line) - line));
      names->insert = (gsize) (at - names->text);
      set_name (names, number, parse_scalar (&item, "\r"));
    }
}

static gboolean
parse_yaml (YoloNames *names)
{
  const char *at = names->text;

  while (at != NULL && *at != '\0')
    {
      const char *value = g_str_has_prefix (at, "names:") ? skip_spaces (at + strlen ("names:")) : NULL;

      if (value != NULL && *value == '[')
        parse_flow (names, value + 1, ']');
      else if (value != NULL && *value == '{')
        parse_flow (names, value + 1, '}');
      else if (value != NULL)
        {
          value += strcspn (value, "\n");
          parse_block (names, *value == '\n' ? value + 1 : value);
        }
      if (value != NULL)
        return names->insert > 0;
      at = strchr (at, '\n');
      at = at != NULL ? at + 1 : NULL;
    }
  return FALSE;
}

/* Files of lines --------------------------------------------------------------------------------------------------- */

/* An empty line in between is a class without a name; those at the end are none. */
static void
parse_lines (YoloNames *names)
{
  g_auto (GStrv) lines = g_strsplit (names->text, "\n", CLASSES_LIMIT + 1);

  names->style = STYLE_LINES;
  for (guint i = 0; lines[i] != NULL && i < CLASSES_LIMIT; i++)
    if (*g_strstrip (lines[i]) != '\0')
      set_name (names, i, g_strdup (lines[i]));
}

static YoloNames *
names_alloc (const char *path)
{
  YoloNames *names = g_new0 (YoloNames, 1);

  names->path = g_strdup (path);
  names->names = g_ptr_array_new_with_free_func (g_free);
  names->classes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return names;
}

static gboolean
is_yaml (const char *path)
{
  return g_str_has_suffix (path, ".yaml") || g_str_has_suffix (path, ".yml");
}

YoloNames *
yolo_names_read (const char *path)
{
  g_autoptr (YoloNames) names = NULL;
  struct stat status;
  char *text = NULL;
  gsize length;

  if (stat (path, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size > FILE_LIMIT ||
      !g_file_get_contents (path, &text, &length, NULL))
    return NULL;
  names = names_alloc (path);
  names->text = text;
  if (g_str_has_prefix (text, "\xef\xbb\xbf"))
    memmove (text, text + 3, strlen (text) - 2);
  if (!is_yaml (path))
    parse_lines (names);
  else if (!parse_yaml (names))
    return NULL;
  names->n_read = names->names->len;
  return g_steal_pointer (&names);
}

YoloNames *
yolo_names_new (const char *path, guint used)
{
  YoloNames *names = names_alloc (path);

  names->text = g_strdup ("");
  for (guint i = 0; i < used && i < CLASSES_LIMIT; i++)
    set_name (names, i, g_strdup_printf ("%u", i));
  return names;
}

void
yolo_names_free (YoloNames *names)
{
  if (names == NULL)
    return;
  g_hash_table_unref (names->classes);
  g_ptr_array_unref (names->names);
  g_free (names->indent);
  g_free (names->path);
  g_free (names->text);
  g_free (names);
}

const char *
yolo_names_path (const YoloNames *names)
{
  return names->path;
}

const char *
yolo_names_get (const YoloNames *names, guint64 class)
{
  const char *name = class < names->names->len ? names->names->pdata[class] : NULL;

  return name != NULL && *name != '\0' ? name : NULL;
}

gboolean
yolo_names_find (YoloNames *names, const char *name, guint *class)
{
  gpointer value = g_hash_table_lookup (names->classes, name);

  if (value != NULL)
    {
      *class = GPOINTER_TO_UINT (value) - 1;
      return TRUE;
    }
  if (names->names->len >= CLASSES_LIMIT)
    return FALSE;
  if (names->style == STYLE_LINES)
    {
      g_autofree char *stripped = g_strstrip (g_strdup (name));

      if (strpbrk (name, "\r\n") != NULL || strcmp (stripped, name) != 0 || *name == '\0')
        return FALSE;
    }
  *class = names->names->len;
  set_name (names, *class, g_strdup (name));
  return TRUE;
}

gboolean
yolo_names_changed (const YoloNames *names)
{
  return names->names->len > names->n_read;
}

/* `nc: 3` says how many there are. */
static void
update_count (GString *text, guint n)
{
  const char *at = text->str;

  while (at != NULL && *at != '\0')
    {
      if (g_str_has_prefix (at, "nc:"))
        {
          const char *digits = skip_spaces (at + 3), *end = digits;
          g_autofree char *number = g_strdup_printf ("%u", n);
          gsize position = (gsize) (digits - text->str);

          while (g_ascii_isdigit (*end))
            end++;
          if (end == digits)
            return;
          g_string_erase (text, (gssize) position, end - digits);
          g_string_insert (text, (gssize) position, number);
          return;
        }
      at = strchr (at, '\n');
      at = at != NULL ? at + 1 : NULL;
    }
}

char *
yolo_names_text (const YoloNames *names)
{
  GString *text = g_string_new (names->text), *more = g_string_new (NULL);
  gboolean comma = names->open;

  for (guint i = names->n_read; i < names->names->len; i++)
    {
      const char *name = names->names->pdata[i];

      switch (names->style)
        {
        case STYLE_LINES:
          g_string_append_printf (more, "%s\n", name);
          break;
        case STYLE_FLOW_LIST:
          g_string_append (more, comma ? ", " : "");
          json_put_text (more, name);
          break;
        case STYLE_FLOW_MAP:
          g_string_append_printf (more, comma ? ", %u: " : "%u: ", i);
          json_put_text (more, name);
          break;
        default:
          if (names->style == STYLE_BLOCK_LIST)
            g_string_append_printf (more, "%s- ", names->indent);
          else
            g_string_append_printf (more, "%s%u: ", names->indent, i);
          json_put_text (more, name);
          g_string_append_c (more, '\n');
        }
      comma = TRUE;
    }
  if (names->style == STYLE_LINES)
    {
      /* What stands behind the last name is no class. */
      gsize end = text->len;

      while (end > 0 && g_ascii_isspace (text->str[end - 1]))
        end--;
      if (end > 0)
        end += strcspn (text->str + end, "\n");
      g_string_truncate (text, end);
      if (end > 0)
        g_string_append_c (text, '\n');
      g_string_append (text, more->str);
    }
  else
    {
      if (names->insert > 0 && names->style >= STYLE_BLOCK_LIST && text->str[names->insert - 1] != '\n')
        g_string_prepend_c (more, '\n');
      g_string_insert (text, (gssize) names->insert, more->str);
      update_count (text, names->names->len);
    }
  g_string_free (more, TRUE);
  return g_string_free (text, FALSE);
}

/* Which file holds ------------------------------------------------------------------------------------------------- */

GHashTable *
yolo_names_cache (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) yolo_names_free);
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
collect (const char *folder, const char *ending, GPtrArray *paths)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (*name != '.' && g_str_has_suffix (name, ending))
      g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
  if (dir != NULL)
    g_dir_close (dir);
  g_ptr_array_sort (paths, compare_paths);
}

/* Data sets' YAML first: what stands there can hold any name. */
static YoloNames *
names_in_folder (const char *folder)
{
  static const char *const first[] = { "data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names" };
  g_autoptr (GPtrArray) others = g_ptr_array_new_with_free_func (g_free);
  YoloNames *names = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (first) && names == NULL; i++)
    {
      g_autofree char *path = g_build_filename (folder, first[i], NULL);

      names = yolo_names_read (path);
    }
  if (names != NULL)
    return names;
  collect (folder, ".yaml", others);
  for (guint i = 0; i < others->len && names == NULL; i++)
    names = yolo_names_read (others->pdata[i]);
  return names;
}

/* Where nothing lies above the labels: one file of names anywhere below the source. */
static YoloNames *
names_below (const char *source)
{
  static const char *const endings[] = { ".txt", ".yaml", ".names" };
  YoloNames *names = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (endings) && names == NULL; i++)
    {
      g_autoptr (GPtrArray) files = files_below (source, endings[i]);

      for (guint j = 0; j < files->len && names == NULL; j++)
        {
          g_autofree char *base = g_path_get_basename (files->pdata[j]);

          if (i > 0 || strcmp (base, "classes.txt") == 0)
            names = yolo_names_read (files->pdata[j]);
        }
    }
  return names;
}

YoloNames *
yolo_names_for (GHashTable *cache, const char *labels, const char *source)
{
  g_autofree char *folder = g_path_get_dirname (labels);
  gpointer value = NULL;

  while (TRUE)
    {
      g_autofree char *above = NULL;

      if (!g_hash_table_lookup_extended (cache, folder, NULL, &value))
        {
          value = names_in_folder (folder);
          g_hash_table_insert (cache, g_strdup (folder), value);
        }
      if (value != NULL)
        return value;
      /* Of a folder called labels its parent is the whole set. */
      if (strlen (folder) < strlen (source) || (strcmp (folder, source) == 0 && !g_str_has_suffix (source, "/labels")))
        break;
      above = g_path_get_dirname (folder);
      g_free (folder);
      folder = g_steal_pointer (&above);
    }
  if (!g_hash_table_lookup_extended (cache, "", NULL, &value))
    {
      value = names_below (source);
      g_hash_table_insert (cache, g_strdup (""), value);
    }
  return value;
}
