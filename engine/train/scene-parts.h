/* SPDX-License-Identifier: MIT
 * scene-parts.h: what the files of scenes share and nobody else sees. */
#pragma once

#include "scene.h"

#define DRAWING_MAX_LEVELS 8
#define DRAWING_MAX_SIDE 1024

/* A pictogram cut to what can be seen of it, premultiplied RGBA, with ever smaller copies (halves) so that it can be
 * drawn small without flicker. Every level has a border of one transparent pixel. */
typedef struct
{
  int style;  /* index of the source's styles; shapes: -1 */
  int colour; /* of scene_colour; -1: none to name */
  int width, height;
  int n_levels;
  uint32_t *levels[DRAWING_MAX_LEVELS]; /* [height_l + 2][width_l + 2]; one block, that of level 0 */
  int widths[DRAWING_MAX_LEVELS], heights[DRAWING_MAX_LEVELS];
} Drawing;

typedef struct
{
  char *name, *plural;
  bool uncountable;  /* 'some cheese', 'some cherries': neither 'a' nor a number */
  bool several;      /* 'cherries are' */
  int family;        /* nouns with the same last word ('truck', 'fire truck') never stand in one scene */
  int colour;        /* of all its drawings; -1 */
  Drawing *drawings; /* those of one style together */
  int n_drawings;
  int style_ends[32]; /* where each of n_styles ends in drawings */
  int n_styles;
} SceneNoun;

struct SceneSource
{
  SceneOptions options; /* strings not kept */
  SceneNoun *nouns;
  int n_nouns, n_sprite_nouns; /* shapes come after these */
  char **styles;
  int n_styles;
  char *style_line;
  int n_drawings;
};

/* scene-choice.c */
#define SCENE_TABLE_LIMIT ((size_t) 4 << 20)

/* A line of nouns.tsv on its way to become a noun. */
typedef struct
{
  char *name, *plural, *colour, *styles; /* point into the table's text */
  int n_styles;
  int place;   /* line */
  bool wanted; /* listed in first_nouns */
  int order;   /* place in that list */
} SceneRow;

/* Reads nouns.tsv; the rows point into *text, both the caller's to free also on failure. */
AlbefStatus scene_read_rows (const char *folder, char **text, SceneRow **rows, int *n_rows, AlbefError *error);
/* Sets the source's styles: what the rows name and the options want, in alphabetical order. */
AlbefStatus scene_choose_styles (SceneSource *source, const SceneOptions *options, const SceneRow *rows, int n_rows,
                                 AlbefError *error);
/* Moves the wanted rows to the front in their order; *n_rows becomes their number. */
AlbefStatus scene_choose_nouns (SceneSource *source, const SceneOptions *options, SceneRow *rows, int *n_rows,
                                AlbefError *error);
/* Is `name` one of a list divided by commas? */
bool scene_in_list (const char *list, const char *name);

/* scene-nouns.c */
char *noun_plural (const char *noun); /* the regular plural, by the last word; the caller frees it */
bool noun_is_mass (const char *noun);
const char *noun_article (const char *noun); /* "a" or "an" */
extern const char *const scene_shapes[SCENE_SHAPES];
int scene_colour_find (const char *name); /* -1: no colour, or not one of ours */
const uint8_t *scene_colour_rgb (int colour);
#define SCENE_N_COLOURS 10

/* scene-drawing.c: takes straight RGBA (rgba is only read). False: nothing to be seen in it. */
bool drawing_make (const uint8_t *rgba, int width, int height, Drawing *drawing);
void drawing_make_shape (int shape, const uint8_t rgb[3], bool outlined, int side, Drawing *drawing);
void drawing_clear (Drawing *drawing);

/* A drawing turned into pixels: premultiplied RGBA; what can be seen fills it to its edges. */
typedef struct
{
  int width, height;
  uint32_t *pixels; /* [height][width] */
} Stamp;

/* Draws with the longer side (before turning) `side` pixels; slope is the tangent of half the angle. brightness in
 * 256ths. *stamp's memory is the caller's to free; false: nothing can be seen at that size, or no memory. */
bool drawing_stamp (const Drawing *drawing, double side, bool mirrored, double slope, int brightness, Stamp *stamp);
void stamp_blend (const Stamp *stamp, uint8_t *pixels, int size, int x, int y);

/* scene-background.c */
void background_draw (Random *random, uint8_t *pixels, int size);

/* scene-caption.c: fills caption, phrases, foil and caption_nouns from the objects. */
void scene_describe (const SceneSource *source, Random *random, int must_name, Scene *scene);
const char *scene_relation_text (SceneRelation relation);
SceneRelation scene_relation_of (const Scene *scene, const SceneObject *a, const SceneObject *b);
SceneRelation scene_relation_opposite (SceneRelation relation);
/* A noun that is not in the picture, nor of the family of one that is; -1 if none is found. countable: one that is. */
int scene_other_noun (const SceneSource *source, Random *random, const NounSet *nouns, bool countable);
/* Words of the templates, NULL at the end. */
extern const char *const scene_caption_words[];
extern const char *const scene_task_words[];
