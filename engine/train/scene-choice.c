/* SPDX-License-Identifier: MIT
 * Which nouns and styles of a sprite folder are used: its table, and what the options want of it. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "mapped-file.h"
#include "scene-parts.h"

#define MAX_STYLES 32
#define MAX_NAME 40 /* of a noun: four of them and their words fit into SCENE_MAX_TEXT */

/* ---------------------------------------------------------------------------------------------------
 * Tables
 */

/* Cuts a line at its tabs; missing fields are "". */
static void
cut_fields (char *line, char **fields, int n)
{
  for (int i = 0; i < n; i++)
    {
      char *tab = strchr (line, '\t');

      fields[i] = line;
      line = tab != NULL ? tab + 1 : line + strlen (line);
      if (tab != NULL)
        *tab = 0;
    }
}

/* The next line of *text without its end, or NULL. */
static char *
next_line (char **text)
{
  char *line = *text, *end;

  if (*line == 0)
    return NULL;
  end = line + strcspn (line, "\n");
  *text = *end != 0 ? end + 1 : end;
  if (end > line && end[-1] == '\r')
    end[-1] = 0;
  *end = 0;
  return line;
}

static bool
plain_name (const char *name)
{
  size_t n = strlen (name);

  return n > 0 && n <= MAX_NAME && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789- ") == n && name[0] != ' '
         && name[n - 1] != ' ';
}

bool
scene_in_list (const char *list, const char *name)
{
  size_t n = strlen (name);

  for (const char *p = list; (p = strstr (p, name)) != NULL; p += n)
    if ((p == list || p[-1] == ',') && (p[n] == 0 || p[n] == ','))
      return true;
  return false;
}

AlbefStatus
scene_read_rows (const char *folder, char **text, SceneRow **rows, int *n_rows, AlbefError *error)
{
  char *path = mem_printf ("%s/nouns.tsv", folder), *rest, *line;
  size_t length;
  AlbefStatus status = file_read (path, SCENE_TABLE_LIMIT, text, &length, error);
  int number = 1, allocated = 0;

  *rows = NULL;
  *n_rows = 0;
  if (status == ALBEF_OK)
    {
      rest = *text;
      next_line (&rest); /* the header */
      while (status == ALBEF_OK && (line = next_line (&rest)) != NULL)
        {
          char *fields[7];

          number++;
          if (line[0] == 0)
            continue;
          cut_fields (line, fields, 7);
          if (!plain_name (fields[0]) || (fields[1][0] != 0 && strcmp (fields[1], "-") != 0 && !plain_name (fields[1])))
            {
              status
                  = error_set (error, ALBEF_ERROR_FORMAT,
                               "'%s' line %d: a noun and its plural are lower-case ASCII words, at most %d characters",
                               path, number, MAX_NAME);
              break;
            }
          if (*n_rows == allocated)
            *rows = mem_resize (*rows, (size_t) (allocated = allocated > 0 ? 2 * allocated : 256), sizeof **rows);
          (*rows)[*n_rows] = (SceneRow){
            .name = fields[0], .plural = fields[1], .colour = fields[4], .styles = fields[6], .place = *n_rows
          };
          (*n_rows)++;
        }
    }
  free (path);
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * The choice
 */

static AlbefStatus
add_style (SceneSource *source, const char *name, size_t length, AlbefError *error)
{
  for (int i = 0; i < source->n_styles; i++)
    if (strlen (source->styles[i]) == length && memcmp (source->styles[i], name, length) == 0)
      return ALBEF_OK;
  if (source->n_styles == MAX_STYLES)
    return error_set (error, ALBEF_ERROR_LIMIT, "more than %d styles of drawings", MAX_STYLES);
  source->styles = mem_resize (source->styles, (size_t) source->n_styles + 1, sizeof *source->styles);
  source->styles[source->n_styles++] = mem_printf ("%.*s", (int) length, name);
  return ALBEF_OK;
}

/* The styles that the table names, in alphabetical order, and of them the wanted ones. */
AlbefStatus
scene_choose_styles (SceneSource *source, const SceneOptions *options, const SceneRow *rows, int n_rows,
                     AlbefError *error)
{
  AlbefStatus status = ALBEF_OK;
  int kept = 0;

  for (int r = 0; r < n_rows && status == ALBEF_OK; r++)
    for (const char *p = rows[r].styles; *p != 0 && status == ALBEF_OK; p += strspn (p, ","))
      {
        size_t n = strcspn (p, ",");

        if (memchr (p, '/', n) != NULL || p[0] == '.')
          return error_set (error, ALBEF_ERROR_FORMAT, "nouns.tsv: '%.*s' cannot be a style's folder", (int) n, p);
        status = add_style (source, p, n, error);
        p += n;
      }
  if (status != ALBEF_OK)
    return status;
  for (const char *p = options->styles != NULL ? options->styles : ""; *p != 0; p += strspn (p, ","))
    {
      size_t n = strcspn (p, ",");
      bool known = false;

      for (int i = 0; i < source->n_styles; i++)
        known = known || (strlen (source->styles[i]) == n && memcmp (source->styles[i], p, n) == 0);
      if (!known)
        return error_set (error, ALBEF_ERROR_ARGUMENT, "no drawing has the style '%.*s'; nouns.tsv names the styles",
                          (int) n, p);
      p += n;
    }
  for (int i = 0; i < source->n_styles; i++)
    {
      const char *name = source->styles[i];
      bool keep = options->styles != NULL ? scene_in_list (options->styles, name)
                                          : options->without == NULL || !scene_in_list (options->without, name);

      if (keep)
        source->styles[kept++] = source->styles[i];
      else
        free (source->styles[i]);
    }
  source->n_styles = kept;
  if (kept == 0)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "no style of drawings is left; see nouns.tsv");
  for (int i = 1; i < kept; i++)
    for (int k = i; k > 0 && strcmp (source->styles[k - 1], source->styles[k]) > 0; k--)
      {
        char *other = source->styles[k];

        source->styles[k] = source->styles[k - 1];
        source->styles[k - 1] = other;
      }
  return ALBEF_OK;
}

/* Wanted ones first in their order, then those in most styles, then the table's order. */
static int
compare_rows (const void *a, const void *b)
{
  const SceneRow *p = a, *q = b;

  if (p->wanted != q->wanted)
    return q->wanted - p->wanted;
  if (p->wanted)
    return p->order - q->order;
  if (p->n_styles != q->n_styles)
    return q->n_styles - p->n_styles;
  return p->place - q->place;
}

static AlbefStatus
mark_wanted (const char *path, SceneRow *rows, int n_rows, AlbefError *error)
{
  char *text = NULL, *rest, *line;
  size_t length;
  AlbefStatus status = file_read (path, SCENE_TABLE_LIMIT, &text, &length, error);
  int order = 0;

  rest = text;
  while (status == ALBEF_OK && (line = next_line (&rest)) != NULL)
    {
      int r = 0;

      if (line[0] == 0 || line[0] == '#')
        continue;
      while (r < n_rows && strcmp (rows[r].name, line) != 0)
        r++;
      if (r == n_rows)
        status = error_set (error, ALBEF_ERROR_FORMAT, "'%s': nouns.tsv has no '%s'", path, line);
      else if (!rows[r].wanted)
        {
          rows[r].wanted = true;
          rows[r].order = order++;
        }
    }
  free (text);
  return status;
}

/* 'books' beside 'book' would be two nouns with one text; 'orange' is a colour, 'bow and arrow' reads as a list. */
static bool
ambiguous (const SceneRow *rows, int n_rows, const SceneRow *row)
{
  if (scene_colour_find (row->name) >= 0 || strstr (row->name, " and ") != NULL)
    return true;
  for (int i = 0; i < SCENE_SHAPES; i++)
    if (strcmp (scene_shapes[i], row->name) == 0)
      return true;
  for (int r = 0; r < n_rows; r++)
    if (&rows[r] != row && strcmp (rows[r].plural, "-") != 0)
      {
        char *plural = rows[r].plural[0] != 0 ? mem_strdup (rows[r].plural) : noun_plural (rows[r].name);
        bool same = strcmp (plural, row->name) == 0;

        free (plural);
        if (same)
          return true;
      }
  return false;
}

AlbefStatus
scene_choose_nouns (SceneSource *source, const SceneOptions *options, SceneRow *rows, int *n_rows, AlbefError *error)
{
  int kept = 0, wanted = options->n_nouns > 0 ? options->n_nouns : SCENE_MAX_NOUNS;
  AlbefStatus status = ALBEF_OK;

  if (options->first_nouns != NULL)
    status = mark_wanted (options->first_nouns, rows, *n_rows, error);
  if (status != ALBEF_OK)
    return status;
  for (int r = 0; r < *n_rows; r++)
    for (int i = 0; i < source->n_styles; i++)
      rows[r].n_styles += scene_in_list (rows[r].styles, source->styles[i]);
  for (int r = 0; r < *n_rows; r++)
    if (rows[r].wanted && rows[r].n_styles == 0)
      return error_set (error, ALBEF_ERROR_ARGUMENT, "the wanted noun '%s' is drawn in none of the chosen styles",
                        rows[r].name);
  /* Judged on the whole table, before rows move. */
  for (int r = 0; r < *n_rows; r++)
    if (!rows[r].wanted && ambiguous (rows, *n_rows, &rows[r]))
      rows[r].n_styles = 0;
  for (int r = 0; r < *n_rows; r++)
    if (rows[r].n_styles > 0)
      rows[kept++] = rows[r];
  qsort (rows, (size_t) kept, sizeof *rows, compare_rows);
  if (options->n_nouns > kept)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "%d nouns are wanted, but the chosen styles draw %d",
                      options->n_nouns, kept);
  if (kept < SCENE_MAX_OBJECTS && options->no_shapes)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "fewer than %d nouns are drawn in the chosen styles",
                      SCENE_MAX_OBJECTS);
  *n_rows = kept < wanted ? kept : wanted;
  if (*n_rows > SCENE_MAX_NOUNS - SCENE_SHAPES)
    return error_set (error, ALBEF_ERROR_LIMIT, "more than %d nouns", SCENE_MAX_NOUNS - SCENE_SHAPES);
  return ALBEF_OK;
}
