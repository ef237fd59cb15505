/* SPDX-License-Identifier: MIT
 * Opening a sprite folder: its tables, the choice of nouns and styles, all drawings in memory. */
#include <dirent.h>
#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "mapped-file.h"
#include "scene-parts.h"

#define TABLE_LIMIT ((size_t) 4 << 20)
#define MAX_STYLES 32
#define MAX_VARIANTS 64
#define MAX_NAME 40 /* of a noun: four of them and their words fit into SCENE_MAX_TEXT */

/* A line of nouns.tsv on its way to become a noun. */
typedef struct
{
  char *name, *plural, *colour, *styles; /* point into the table's text */
  int n_styles;
  int place;  /* line */
  bool wanted; /* listed in first_nouns */
  int order;  /* place in that list */
} Row;

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

  return n > 0 && n <= MAX_NAME && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789- ") == n && name[0] != ' ' &&
         name[n - 1] != ' ';
}

static bool
in_list (const char *list, const char *name)
{
  size_t n = strlen (name);

  for (const char *p = list; (p = strstr (p, name)) != NULL; p += n)
    if ((p == list || p[-1] == ',') && (p[n] == 0 || p[n] == ','))
      return true;
  return false;
}

static AlbefStatus
read_rows (const char *folder, char **text, Row **rows, int *n_rows, AlbefError *error)
{
  char *path = mem_printf ("%s/nouns.tsv", folder), *rest, *line;
  size_t length;
  AlbefStatus status = file_read (path, TABLE_LIMIT, text, &length, error);
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
              status = error_set (error, ALBEF_ERROR_FORMAT,
                                  "'%s' line %d: a noun and its plural are lower-case ASCII words, at most %d characters",
                                  path, number, MAX_NAME);
              break;
            }
          if (*n_rows == allocated)
            *rows = mem_resize (*rows, (size_t) (allocated = allocated > 0 ? 2 * allocated : 256), sizeof **rows);
          (*rows)[*n_rows] = (Row) { .name = fields[0], .plural = fields[1], .colour = fields[4], .styles = fields[6], .place = *n_rows };
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
static AlbefStatus
choose_styles (SceneSource *source, const SceneOptions *options, const Row *rows, int n_rows, AlbefError *error)
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
        return error_set (error, ALBEF_ERROR_ARGUMENT, "no drawing has the style '%.*s'; nouns.tsv names the styles", (int) n, p);
      p += n;
    }
  for (int i = 0; i < source->n_styles; i++)
    {
      const char *name = source->styles[i];
      bool keep = options->styles != NULL ? in_list (options->styles, name)
                                          : options->without == NULL || !in_list (options->without, name);

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
  const Row *p = a, *q = b;

  if (p->wanted != q->wanted)
    return q->wanted - p->wanted;
  if (p->wanted)
    return p->order - q->order;
  if (p->n_styles != q->n_styles)
    return q->n_styles - p->n_styles;
  return p->place - q->place;
}

static AlbefStatus
mark_wanted (const char *path, Row *rows, int n_rows, AlbefError *error)
{
  char *text = NULL, *rest, *line;
  size_t length;
  AlbefStatus status = file_read (path, TABLE_LIMIT, &text, &length, error);
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
ambiguous (const Row *rows, int n_rows, const Row *row)
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

static AlbefStatus
choose_nouns (SceneSource *source, const SceneOptions *options, Row *rows, int *n_rows, AlbefError *error)
{
  int kept = 0, wanted = options->n_nouns > 0 ? options->n_nouns : SCENE_MAX_NOUNS;
  AlbefStatus status = ALBEF_OK;

  if (options->first_nouns != NULL)
    status = mark_wanted (options->first_nouns, rows, *n_rows, error);
  if (status != ALBEF_OK)
    return status;
  for (int r = 0; r < *n_rows; r++)
    for (int i = 0; i < source->n_styles; i++)
      rows[r].n_styles += in_list (rows[r].styles, source->styles[i]);
  for (int r = 0; r < *n_rows; r++)
    if (rows[r].wanted && rows[r].n_styles == 0)
      return error_set (error, ALBEF_ERROR_ARGUMENT, "the wanted noun '%s' is drawn in none of the chosen styles", rows[r].name);
  /* Judged on the whole table, before rows move. */
  for (int r = 0; r < *n_rows; r++)
    if (!rows[r].wanted && ambiguous (rows, *n_rows, &rows[r]))
      rows[r].n_styles = 0;
  for (int r = 0; r < *n_rows; r++)
    if (rows[r].n_styles > 0)
      rows[kept++] = rows[r];
  qsort (rows, (size_t) kept, sizeof *rows, compare_rows);
  if (options->n_nouns > kept)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "%d nouns are wanted, but the chosen styles draw %d", options->n_nouns, kept);
  if (kept < SCENE_MAX_OBJECTS && options->no_shapes)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "fewer than %d nouns are drawn in the chosen styles", SCENE_MAX_OBJECTS);
  *n_rows = kept < wanted ? kept : wanted;
  if (*n_rows > SCENE_MAX_NOUNS - SCENE_SHAPES)
    return error_set (error, ALBEF_ERROR_LIMIT, "more than %d nouns", SCENE_MAX_NOUNS - SCENE_SHAPES);
  return ALBEF_OK;
}

/* ---------------------------------------------------------------------------------------------------
 * Drawings
 */

/* Reads a PNG with its transparency. ENOENT in errno where there is no such file. */
static AlbefStatus
read_drawing (const char *path, Drawing *drawing, AlbefError *error)
{
  png_image image = { .version = PNG_IMAGE_VERSION };
  FILE *file = fopen (path, "rb");
  uint8_t *rgba = NULL;
  AlbefStatus status = ALBEF_OK;

  if (file == NULL)
    return error_set_errno (error, ALBEF_ERROR_FILE, "cannot open '%s'", path);
  if (!png_image_begin_read_from_stdio (&image, file))
    status = error_set (error, ALBEF_ERROR_FORMAT, "'%s': %s", path, image.message);
  else if (image.width > DRAWING_MAX_SIDE || image.height > DRAWING_MAX_SIDE)
    status = error_set (error, ALBEF_ERROR_LIMIT, "'%s' has %u x %u pixels; a drawing has at most %d a side", path, image.width,
                        image.height, DRAWING_MAX_SIDE);
  else
    {
      image.format = PNG_FORMAT_RGBA;
      rgba = malloc (PNG_IMAGE_SIZE (image));
      if (rgba == NULL)
        status = error_set (error, ALBEF_ERROR_MEMORY, "no memory for '%s'", path);
      else if (!png_image_finish_read (&image, NULL, rgba, 0, NULL))
        status = error_set (error, ALBEF_ERROR_FORMAT, "'%s': %s", path, image.message);
      else if (!drawing_make (rgba, (int) image.width, (int) image.height, drawing))
        status = error_set (error, ALBEF_ERROR_FORMAT, "'%s': there is nothing to be seen in this drawing", path);
    }
  png_image_free (&image);
  free (rgba);
  fclose (file);
  errno = 0;
  return status;
}

/* The colour that colours.tsv (whole text, may be NULL) gives a style's file: -1 none, -2 the table is silent. */
static int
colour_of_file (const char *colours, const char *style, const char *file)
{
  char *start = mem_printf ("%s\t%s\t", style, file);
  int colour = -2;

  for (const char *p = colours; p != NULL && (p = strstr (p, start)) != NULL; p++)
    if (p == colours || p[-1] == '\n')
      {
        char name[16] = "";
        const char *value = p + strlen (start);
        size_t n = strcspn (value, "\r\n\t");

        if (n < sizeof name)
          memcpy (name, value, n);
        colour = scene_colour_find (name);
        break;
      }
  free (start);
  return colour;
}

static void
add_drawing (SceneSource *source, SceneNoun *noun, Drawing drawing, int style)
{
  noun->drawings = mem_resize (noun->drawings, (size_t) noun->n_drawings + 1, sizeof *noun->drawings);
  drawing.style = style;
  noun->drawings[noun->n_drawings++] = drawing;
  source->n_drawings++;
}

/* All drawings of a noun in one style: NOUN.png, NOUN-2.png and on. */
static AlbefStatus
read_style (SceneSource *source, SceneNoun *noun, const char *folder, int style, const char *colours, AlbefError *error)
{
  AlbefStatus status = ALBEF_OK;
  char *stem = mem_strdup (noun->name);

  for (char *p = stem; (p = strchr (p, ' ')) != NULL;)
    *p = '_';
  for (int variant = 1; variant <= MAX_VARIANTS; variant++)
    {
      char *file = variant > 1 ? mem_printf ("%s-%d.png", stem, variant) : mem_printf ("%s.png", stem);
      char *path = mem_printf ("%s/%s/%s", folder, source->styles[style], file);
      char *large = mem_printf ("%s/large/%s/%s", folder, source->styles[style], file);
      Drawing drawing = { 0 };
      int colour = colour_of_file (colours, source->styles[style], file);
      bool absent = false;

      status = ALBEF_ERROR_FILE;
      if (source->options.large)
        status = read_drawing (large, &drawing, NULL);
      if (status != ALBEF_OK)
        {
          status = read_drawing (path, &drawing, error);
          absent = status == ALBEF_ERROR_FILE && errno == ENOENT;
        }
      free (large);
      free (path);
      free (file);
      if (absent && variant > 1)
        {
          status = ALBEF_OK;
          break;
        }
      if (status != ALBEF_OK)
        break;
      drawing.colour = colour == -2 ? noun->colour : colour;
      add_drawing (source, noun, drawing, style);
    }
  free (stem);
  return status;
}

static AlbefStatus
read_noun (SceneSource *source, SceneNoun *noun, const char *folder, const Row *row, const char *colours, AlbefError *error)
{
  AlbefStatus status = ALBEF_OK;

  for (int style = 0; style < source->n_styles && status == ALBEF_OK; style++)
    if (in_list (row->styles, source->styles[style]))
      {
        status = read_style (source, noun, folder, style, colours, error);
        noun->style_ends[noun->n_styles++] = noun->n_drawings;
      }
  return status;
}

static void
make_shape (SceneSource *source, SceneNoun *noun, int shape)
{
  for (int outlined = 0; outlined < 2; outlined++)
    for (int colour = 0; colour < SCENE_N_COLOURS; colour++)
      {
        Drawing drawing = { 0 };

        drawing_make_shape (shape, scene_colour_rgb (colour), outlined, source->options.large ? 256 : 64, &drawing);
        drawing.colour = colour;
        add_drawing (source, noun, drawing, -1);
      }
  noun->style_ends[noun->n_styles++] = noun->n_drawings;
}

static void
name_noun (SceneNoun *noun, const char *name, const char *plural)
{
  bool table = plural[0] != 0 && strcmp (plural, "-") != 0;

  noun->name = mem_strdup (name);
  noun->plural = table ? mem_strdup (plural) : noun_plural (name);
  noun->uncountable = strcmp (plural, "-") == 0 || noun_is_mass (name);
  noun->several = strcmp (plural, "-") == 0;
}

/* Equal last words, equal families. */
static void
find_families (SceneSource *source)
{
  for (int i = 0; i < source->n_nouns; i++)
    {
      const char *space = strrchr (source->nouns[i].name, ' '), *word = space != NULL ? space + 1 : source->nouns[i].name;

      source->nouns[i].family = i;
      for (int k = 0; k < i; k++)
        {
          const char *other = strrchr (source->nouns[k].name, ' ');

          if (strcmp (other != NULL ? other + 1 : source->nouns[k].name, word) == 0)
            {
              source->nouns[i].family = source->nouns[k].family;
              break;
            }
        }
    }
}

static AlbefStatus
read_all (SceneSource *source, const char *folder, const Row *rows, int n_rows, AlbefError *error)
{
  char *path = mem_printf ("%s/colours.tsv", folder), *colours = NULL;
  size_t length;
  AlbefStatus status = file_read (path, TABLE_LIMIT, &colours, &length, error);

  if (status == ALBEF_ERROR_FILE) /* the table may be absent */
    status = ALBEF_OK;
  free (path);
  source->nouns = mem_new0 ((size_t) n_rows + SCENE_SHAPES, sizeof *source->nouns);
  for (int r = 0; r < n_rows && status == ALBEF_OK; r++)
    {
      SceneNoun *noun = &source->nouns[source->n_nouns++];

      name_noun (noun, rows[r].name, rows[r].plural);
      noun->colour = scene_colour_find (rows[r].colour);
      status = read_noun (source, noun, folder, &rows[r], colours, error);
    }
  source->n_sprite_nouns = source->n_nouns;
  for (int shape = 0; shape < SCENE_SHAPES && status == ALBEF_OK && !source->options.no_shapes; shape++)
    {
      SceneNoun *noun = &source->nouns[source->n_nouns++];

      name_noun (noun, scene_shapes[shape], "");
      noun->colour = -1;
      make_shape (source, noun, shape);
    }
  find_families (source);
  free (colours);
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * The source
 */

static AlbefStatus
check_options (SceneOptions *options, AlbefError *error)
{
  static const double usual[SCENE_MAX_OBJECTS] = { 0.3, 0.3, 0.25, 0.15 };
  double sum = 0;

  if (options->size == 0)
    options->size = 128;
  if (options->size < SCENE_MIN_SIZE || options->size > SCENE_MAX_SIZE)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "a scene has %d to %d pixels a side, not %d", SCENE_MIN_SIZE, SCENE_MAX_SIZE,
                      options->size);
  if (options->n_nouns < 0)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "the number of nouns is negative");
  for (int i = 0; i < SCENE_MAX_OBJECTS; i++)
    {
      if (!(options->counts[i] >= 0))
        return error_set (error, ALBEF_ERROR_ARGUMENT, "a chance of %d objects below 0", i + 1);
      sum += options->counts[i];
    }
  for (int i = 0; i < SCENE_MAX_OBJECTS; i++)
    options->counts[i] = sum > 0 ? options->counts[i] / sum : usual[i];
  if (options->all_named == 0)
    options->all_named = 0.7;
  if (options->relation == 0)
    options->relation = 0.55;
  return ALBEF_OK;
}

AlbefStatus
scene_source_open (const char *folder, const SceneOptions *options, SceneSource **out, AlbefError *error)
{
  SceneSource *source = mem_new0 (1, sizeof *source);
  char *text = NULL;
  Row *rows = NULL;
  int n_rows = 0;
  AlbefStatus status;

  *out = NULL;
  source->options = *options;
  status = check_options (&source->options, error);
  if (status == ALBEF_OK)
    status = read_rows (folder, &text, &rows, &n_rows, error);
  if (status == ALBEF_OK)
    status = choose_styles (source, options, rows, n_rows, error);
  if (status == ALBEF_OK)
    status = choose_nouns (source, options, rows, &n_rows, error);
  if (status == ALBEF_OK)
    status = read_all (source, folder, rows, n_rows, error);
  source->options.styles = source->options.without = source->options.first_nouns = NULL;
  free (rows);
  free (text);
  if (status != ALBEF_OK)
    {
      scene_source_free (source);
      return status;
    }
  source->style_line = mem_strdup (source->styles[0]);
  for (int i = 1; i < source->n_styles; i++)
    {
      char *longer = mem_printf ("%s, %s", source->style_line, source->styles[i]);

      free (source->style_line);
      source->style_line = longer;
    }
  *out = source;
  return ALBEF_OK;
}

void
scene_source_free (SceneSource *source)
{
  if (source == NULL)
    return;
  for (int i = 0; i < source->n_nouns; i++)
    {
      for (int d = 0; d < source->nouns[i].n_drawings; d++)
        drawing_clear (&source->nouns[i].drawings[d]);
      free (source->nouns[i].drawings);
      free (source->nouns[i].name);
      free (source->nouns[i].plural);
    }
  for (int i = 0; i < source->n_styles; i++)
    free (source->styles[i]);
  free (source->nouns);
  free (source->styles);
  free (source->style_line);
  free (source);
}

int
scene_source_size (const SceneSource *source)
{
  return source->options.size;
}

int
scene_source_n_nouns (const SceneSource *source)
{
  return source->n_nouns;
}

const char *
scene_source_noun (const SceneSource *source, int noun)
{
  return source->nouns[noun].name;
}

int
scene_source_n_drawings (const SceneSource *source)
{
  return source->n_drawings;
}

const char *
scene_source_styles (const SceneSource *source)
{
  return source->style_line;
}

/* ---------------------------------------------------------------------------------------------------
 * Vocabulary
 */

typedef struct
{
  char **words;
  int n, allocated;
} WordList;

/* Adds the words of a text; the clean-up makes spaces of hyphens. */
static void
add_words (WordList *list, const char *text)
{
  while (*text != 0)
    {
      size_t n = strcspn (text, " -");
      bool known = n == 0;

      for (int i = 0; i < list->n && !known; i++)
        known = strlen (list->words[i]) == n && memcmp (list->words[i], text, n) == 0;
      if (!known)
        {
          if (list->n == list->allocated)
            list->words = mem_resize (list->words, (size_t) (list->allocated = list->allocated > 0 ? 2 * list->allocated : 512),
                                      sizeof *list->words);
          list->words[list->n++] = mem_printf ("%.*s", (int) n, text);
        }
      text += n + (text[n] != 0);
    }
}

static int
compare_words (const void *a, const void *b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

char *
scene_source_vocabulary (const SceneSource *source)
{
  static const char specials[] = "[PAD]\n[CLS]\n[SEP]\n[MASK]\n[UNK]\n,\n";
  WordList list = { 0 };
  size_t length = sizeof specials - 1;
  char *bytes, *at;

  for (int i = 0; i < source->n_nouns; i++)
    {
      add_words (&list, source->nouns[i].name);
      if (!source->nouns[i].uncountable)
        add_words (&list, source->nouns[i].plural);
    }
  for (int i = 0; i < SCENE_N_COLOURS; i++)
    add_words (&list, scene_colour (i));
  for (int i = 0; scene_caption_words[i] != NULL; i++)
    add_words (&list, scene_caption_words[i]);
  for (int i = 0; scene_task_words[i] != NULL; i++)
    add_words (&list, scene_task_words[i]);
  qsort (list.words, (size_t) list.n, sizeof *list.words, compare_words);
  for (int i = 0; i < list.n; i++)
    length += strlen (list.words[i]) + 1;
  bytes = at = mem_new0 (length + 1, 1);
  at = stpcpy (at, specials);
  for (int i = 0; i < list.n; i++)
    {
      at = stpcpy (at, list.words[i]);
      *at++ = '\n';
      free (list.words[i]);
    }
  free (list.words);
  return bytes;
}
