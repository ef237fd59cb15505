/* SPDX-License-Identifier: MIT
 * Opening a sprite folder: all drawings of the chosen nouns and styles in memory. */
#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "mapped-file.h"
#include "scene-parts.h"

#define MAX_VARIANTS 64 /* drawings of a noun in one style */

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
    status = error_set (error, ALBEF_ERROR_LIMIT, "'%s' has %u x %u pixels; a drawing has at most %d a side", path,
                        image.width, image.height, DRAWING_MAX_SIDE);
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
read_noun (SceneSource *source, SceneNoun *noun, const char *folder, const SceneRow *row, const char *colours,
           AlbefError *error)
{
  AlbefStatus status = ALBEF_OK;

  for (int style = 0; style < source->n_styles && status == ALBEF_OK; style++)
    if (scene_in_list (row->styles, source->styles[style]))
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
      const char *space = strrchr (source->nouns[i].name, ' '),
                 *word = space != NULL ? space + 1 : source->nouns[i].name;

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
read_all (SceneSource *source, const char *folder, const SceneRow *rows, int n_rows, AlbefError *error)
{
  char *path = mem_printf ("%s/colours.tsv", folder), *colours = NULL;
  size_t length;
  AlbefStatus status = file_read (path, SCENE_TABLE_LIMIT, &colours, &length, error);

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
    return error_set (error, ALBEF_ERROR_ARGUMENT, "a scene has %d to %d pixels a side, not %d", SCENE_MIN_SIZE,
                      SCENE_MAX_SIZE, options->size);
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
  SceneRow *rows = NULL;
  int n_rows = 0;
  AlbefStatus status;

  *out = NULL;
  source->options = *options;
  status = check_options (&source->options, error);
  if (status == ALBEF_OK)
    status = scene_read_rows (folder, &text, &rows, &n_rows, error);
  if (status == ALBEF_OK)
    status = scene_choose_styles (source, options, rows, n_rows, error);
  if (status == ALBEF_OK)
    status = scene_choose_nouns (source, options, rows, &n_rows, error);
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
