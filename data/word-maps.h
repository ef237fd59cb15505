/* SPDX-License-Identifier: MIT
 * AlidadeMaps: the answer to one query as a plain, immutable value: match, words, and where each looks.
 * Reference-counted (atomically), boxed. Maps are row-major float32, [grid_height][grid_width], >= 0, unscaled:
 * divide by `peak` for a scale common to the sentence. Everything pointed to lives as long as the value. */
#pragma once

#include "albef.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_MAPS (alidade_maps_get_type ())

typedef struct
{
  char *text;            /* as typed */
  gsize start, end;      /* bytes of AlidadeMaps.text */
  AlbefWordState state;  /* known; became [UNK]; cut by the length limit */
  gboolean function_word;
  int n_pieces;
  double strength;       /* peak over the highest peak of any word, 0..1 */
  double spread;         /* share of the picture above half its own peak, 0..1 */
  const float *map;      /* NULL: none */
} AlidadeWord;

typedef struct
{
  char *text;            /* the query as typed */
  gboolean scored;       /* FALSE: words alone (no picture, or the maps are still to come) */

  double match;          /* softmax of the ITM logits, class 1 */
  float logits[2];       /* no match, match */
  double itc;            /* cosine of the projected features */

  AlbefMethod method;
  int layer;             /* used; fusion layer (ITM) or image-encoder layer (ITC) from 1 */
  int n_heads;           /* heads of that layer */
  guint64 heads;         /* bit h: head h took part; never 0 */
  int grid_width, grid_height;

  int n_words;
  AlidadeWord *words;
  int n_cut;             /* words beyond the limit */
  const float *sentence; /* map of the whole sentence; NULL: none */
  double peak;           /* highest value of any word's map: the 1.0 of a common scale */
  double sentence_peak;
  gboolean has_word_maps;
  char *reason;          /* why there are none, to show; "" otherwise */

  double seconds_image, seconds_query, seconds_backward;
  double seconds;        /* from the request to the result, waiting included */
  guint64 image_key;     /* of the picture; 0 without */
  char *model_name, *model_hash;

  AlbefMaps *maps;       /* private */
} AlidadeMaps;

GType alidade_maps_get_type (void);
AlidadeMaps *alidade_maps_ref (AlidadeMaps *self);
void alidade_maps_unref (AlidadeMaps *self);

/* Map of one head for a word (index >= 0) or the sentence (-1); NULL: none. Borrowed. */
const float *alidade_maps_get_head (const AlidadeMaps *self, int index, int head);
/* Mean over all pieces of words first .. first + n - 1; g_free() it. NULL if none of them has a map. */
float *alidade_maps_get_phrase (const AlidadeMaps *self, int first, int n);
/* Highest value of any map of this grid, and where (in 0..1 of the picture, centre of the first highest cell; may
 * be NULL). 0 for NULL. */
double alidade_maps_map_peak (const AlidadeMaps *self, const float *map, double *x, double *y);
/* Share of the picture above half of the map's own peak, 0..1. */
double alidade_maps_map_spread (const AlidadeMaps *self, const float *map);
/* Value of the map at a place of the picture (0..1 each): that of the cell there. 0 for NULL. */
double alidade_maps_map_value (const AlidadeMaps *self, const float *map, double x, double y);

/* For the engine service and `alidade figure`: a value from what the engine computed. Takes `maps`. */
AlidadeMaps *alidade_maps_new_take (AlbefMaps *maps, const char *text, const AlbefMapsRequest *request);
/* Words alone. */
AlidadeMaps *alidade_maps_new_words (const AlbefQuery *query, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlidadeMaps, alidade_maps_unref)

G_END_DECLS
