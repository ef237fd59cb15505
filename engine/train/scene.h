/* SPDX-License-Identifier: MIT
 * scene.h: labelled pictures composed from pictograms: what is where is known exactly, so a model can be taught and
 * judged on them.
 *
 * A sprite folder holds nouns.tsv (noun, plural, category, subcategory, colour, code point, styles; with a header
 * line), perhaps colours.tsv (style, file, colour) and STYLE/NOUN.png, STYLE/NOUN-2.png and on with transparency,
 * spaces in a noun written as '_'; perhaps large/STYLE/NOUN.png, larger drawings of the same. Eight geometric shapes
 * are drawn without files. A scene is a pure function of (source options, seed, index): the same bytes on every
 * machine. */
#pragma once

#include "albef.h"
#include "random.h"

#define SCENE_MAX_OBJECTS 4
#define SCENE_MAX_PHRASES 4
#define SCENE_MAX_TEXT 256
#define SCENE_MAX_NOUNS 768
#define SCENE_SHAPES 8
#define SCENE_MIN_SIZE 32
#define SCENE_MAX_SIZE 1024

/* A set of nouns: bit n % 64 of word n / 64 for noun n. */
#define NOUN_SET_WORDS (SCENE_MAX_NOUNS / 64)
typedef struct
{
  uint64_t words[NOUN_SET_WORDS];
} NounSet;

static inline void
noun_set_add (NounSet *set, int noun)
{
  set->words[noun / 64] |= (uint64_t) 1 << noun % 64;
}

static inline bool
noun_set_has (const NounSet *set, int noun)
{
  return set->words[noun / 64] >> noun % 64 & 1;
}

typedef struct
{
  int size;                         /* pixels of a side; 0: 128 */
  int n_nouns;                      /* how many of the folder's nouns, those in most styles first; 0: all */
  const char *first_nouns;          /* a text file, one noun a line, taken before the others; NULL: none */
  const char *styles;               /* "noto,fluent-3d": these alone; NULL: all but `without` */
  const char *without;              /* these not; used where `styles` is NULL */
  bool no_shapes;                   /* leave the geometric shapes out */
  bool large;                       /* draw from large/ where it has the thing (for sizes well above 128) */
  double counts[SCENE_MAX_OBJECTS]; /* chance of 1, 2, 3, 4 objects; all 0: .3 .3 .25 .15 */
  double all_named;                 /* chance that a caption names every object; 0: .7 */
  double relation;                  /* chance of a relation between exactly two single things; 0: .55; below 0: never */
} SceneOptions;

typedef enum
{
  SCENE_NO_RELATION,
  SCENE_LEFT_OF,
  SCENE_RIGHT_OF,
  SCENE_ABOVE,
  SCENE_BELOW,
  SCENE_NEXT_TO
} SceneRelation;

typedef enum
{
  SCENE_FOIL_NOUN,
  SCENE_FOIL_COLOUR,
  SCENE_FOIL_RELATION
} SceneFoilKind;

typedef enum
{
  SCENE_MEDIUM, /* not to be called small or large */
  SCENE_SMALL,  /* longer side up to .28 of the canvas */
  SCENE_LARGE   /* from .44 */
} SceneExtent;

typedef struct
{
  int noun;   /* index of the source's nouns */
  int colour; /* index of scene_colour; -1: none to name */
  SceneExtent extent;
  int box[4]; /* x1, y1, x2, y2 of what can be seen of it, half-open pixels; later objects lie in front */
} SceneObject;

typedef struct
{
  int start, end;           /* of the phrase in the text; the text is ASCII, so bytes are code points */
  int noun_start, noun_end; /* of the noun in it */
  int noun;
  int n_boxes; /* 1; more for 'two dogs' */
  int boxes[SCENE_MAX_OBJECTS][4];
} ScenePhrase;

typedef struct
{
  int size;
  uint8_t *pixels; /* [size][size][3]; see scene_compose */
  SceneObject objects[SCENE_MAX_OBJECTS];
  int n_objects;
  SceneRelation relation; /* of phrase 0 to phrase 1, as the caption says it */
  char caption[SCENE_MAX_TEXT];
  ScenePhrase phrases[SCENE_MAX_PHRASES]; /* in the caption's order */
  int n_phrases;
  char foil[SCENE_MAX_TEXT]; /* the caption with one thing that is wrong for the picture */
  SceneFoilKind foil_kind;
  NounSet nouns;         /* in the picture */
  NounSet caption_nouns; /* in the caption */
} Scene;

typedef struct SceneSource SceneSource;

/* Reads the folder's tables and all drawings of the chosen nouns and styles. Errors name the file; unknown styles and
 * nouns, an empty choice and more than SCENE_MAX_NOUNS are refused. Nouns that are a colour's name, another noun's
 * plural or hold ' and ' are left out unless first_nouns lists them. */
AlbefStatus scene_source_open (const char *folder, const SceneOptions *options, SceneSource **source,
                               AlbefError *error);
void scene_source_free (SceneSource *source);

int scene_source_size (const SceneSource *source);
/* Shapes come last. Nouns are in the order of the table (those of first_nouns in theirs), names borrowed. */
int scene_source_n_nouns (const SceneSource *source);
const char *scene_source_noun (const SceneSource *source, int noun);
int scene_source_n_drawings (const SceneSource *source);
/* A line for the card: "noto, fluent-3d". Borrowed. */
const char *scene_source_styles (const SceneSource *source);

/* Colours that captions use, from 0; NULL beyond the last. */
const char *scene_colour (int colour);

/* Composes scene `index` of `seed`. scene->pixels must hold size * size * 3 bytes, or be NULL for the labels alone
 * (the same labels, without the drawing's cost only where it is not needed for boxes). Safe from many threads. */
void scene_compose (const SceneSource *source, uint64_t seed, uint64_t index, Scene *scene);

/* As scene_compose, with `noun` in the picture and in the caption (-1: any). */
void scene_compose_with (const SceneSource *source, uint64_t seed, uint64_t index, int noun, Scene *scene);

/* The noun whose box holds the centre of each of grid x grid patches, row by row, later objects first; 0 for none,
 * else noun + 1. */
void scene_patch_labels (const Scene *scene, int grid, int *labels);

/* The vocabulary of every text that scenes and their tasks can make: [PAD] [CLS] [SEP] [MASK] [UNK] ',', then words in
 * alphabetical order, each whole. Bytes of a vocab.txt, the caller's to free. */
char *scene_source_vocabulary (const SceneSource *source);
