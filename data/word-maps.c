/* SPDX-License-Identifier: MIT */
#include "word-maps.h"

#include <string.h>

/* The public struct is the reference-counted block itself, so that its fields read like any struct's. */
G_DEFINE_BOXED_TYPE (AlidadeMaps, alidade_maps, alidade_maps_ref, alidade_maps_unref)

static gsize
map_cells (const AlidadeMaps *self)
{
  return (gsize) self->grid_width * self->grid_height;
}

static void
maps_take_words (AlidadeMaps *self, const AlbefQuery *query)
{
  const gsize length = strlen (self->text);

  self->n_words = albef_query_n_words (query);
  self->words = g_new0 (AlidadeWord, MAX (self->n_words, 1));
  self->n_cut = albef_query_n_cut (query);
  for (int i = 0; i < self->n_words; i++)
    {
      const AlbefWord *word = albef_query_word (query, i);
      AlidadeWord *out = &self->words[i];

      out->start = MIN (word->start, length);
      out->end = CLAMP (word->end, out->start, length);
      g_autofree char *bytes = g_strndup (self->text + out->start, out->end - out->start);
      out->text = g_utf8_make_valid (bytes, -1);
      out->state = word->state;
      out->function_word = word->function_word;
      out->n_pieces = word->n_pieces;
    }
}

static void
maps_clear (gpointer data)
{
  AlidadeMaps *self = data;

  for (int i = 0; i < self->n_words; i++)
    g_free (self->words[i].text);
  g_free (self->words);
  g_free (self->text);
  g_free (self->reason);
  g_free (self->model_name);
  g_free (self->model_hash);
  albef_maps_free (self->maps);
}

AlidadeMaps *
alidade_maps_ref (AlidadeMaps *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
alidade_maps_unref (AlidadeMaps *self)
{
  g_atomic_rc_box_release_full (self, maps_clear);
}

const float *
alidade_maps_get_head (const AlidadeMaps *self, int index, int head)
{
  g_return_val_if_fail (index >= -1 && index < self->n_words, NULL);

  if (self->maps == NULL || head < 0 || head >= self->n_heads)
    return NULL;
  return albef_maps_head (self->maps, index, head);
}

float *
alidade_maps_get_phrase (const AlidadeMaps *self, int first, int n)
{
  g_autofree float *map = NULL;

  g_return_val_if_fail (first >= 0 && n > 0 && first + n <= self->n_words, NULL);

  if (self->maps == NULL || !self->has_word_maps)
    return NULL;
  map = g_new0 (float, map_cells (self));
  if (!albef_maps_phrase (self->maps, first, n, map))
    return NULL;
  return g_steal_pointer (&map);
}

double
alidade_maps_map_peak (const AlidadeMaps *self, const float *map, double *x, double *y)
{
  gsize best = 0;

  if (x != NULL)
    *x = 0.5;
  if (y != NULL)
    *y = 0.5;
  if (map == NULL || map_cells (self) == 0)
    return 0;
  for (gsize i = 1; i < map_cells (self); i++)
    if (map[i] > map[best])
      best = i;
  if (x != NULL)
    *x = (best % self->grid_width + 0.5) / self->grid_width;
  if (y != NULL)
    *y = (best / self->grid_width + 0.5) / self->grid_height;
  return map[best];
}

double
alidade_maps_map_spread (const AlidadeMaps *self, const float *map)
{
  return map != NULL ? albef_map_spread (map, self->grid_width, self->grid_height) : 0;
}

double
alidade_maps_map_value (const AlidadeMaps *self, const float *map, double x, double y)
{
  if (map == NULL || map_cells (self) == 0 || !(x >= 0 && x <= 1 && y >= 0 && y <= 1))
    return 0;

  int column = MIN ((int) (x * self->grid_width), self->grid_width - 1);
  int row = MIN ((int) (y * self->grid_height), self->grid_height - 1);

  return map[(gsize) row * self->grid_width + column];
}

AlidadeMaps *
alidade_maps_new_take (AlbefMaps *maps, const char *text, const AlbefMapsRequest *request)
{
  AlidadeMaps *self = g_atomic_rc_box_new0 (AlidadeMaps);
  const char *reason = NULL;
  guint64 all;

  self->maps = maps;
  self->text = g_strdup (text);
  self->scored = TRUE;
  self->match = albef_maps_match (maps);
  albef_maps_itm_logits (maps, self->logits);
  self->itc = albef_maps_itc (maps);
  self->method = request != NULL ? request->method : ALBEF_METHOD_ITM_GRADCAM;
  self->layer = albef_maps_layer (maps);
  self->n_heads = albef_maps_n_heads (maps);
  all = self->n_heads >= 64 ? G_MAXUINT64 : (G_GUINT64_CONSTANT (1) << self->n_heads) - 1;
  self->heads = request != NULL ? request->heads & all : 0;
  if (self->heads == 0)
    self->heads = all;
  self->grid_width = albef_maps_grid_width (maps);
  self->grid_height = albef_maps_grid_height (maps);
  self->has_word_maps = albef_maps_has_word_maps (maps, &reason);
  self->reason = g_strdup (!self->has_word_maps && reason != NULL ? reason : "");
  self->sentence = albef_maps_sentence (maps);
  self->peak = albef_maps_peak (maps);
  self->sentence_peak = alidade_maps_map_peak (self, self->sentence, NULL, NULL);
  albef_maps_seconds (maps, &self->seconds_image, &self->seconds_query, &self->seconds_backward);
  self->seconds = self->seconds_image + self->seconds_query + self->seconds_backward;

  maps_take_words (self, albef_maps_query (maps));
  for (int i = 0; i < self->n_words; i++)
    {
      self->words[i].map = albef_maps_word (maps, i);
      self->words[i].strength = albef_maps_strength (maps, i);
      self->words[i].spread = alidade_maps_map_spread (self, self->words[i].map);
    }
  return self;
}

AlidadeMaps *
alidade_maps_new_words (const AlbefQuery *query, const char *text)
{
  AlidadeMaps *self = g_atomic_rc_box_new0 (AlidadeMaps);

  self->text = g_strdup (text);
  self->reason = g_strdup ("");
  maps_take_words (self, query);
  return self;
}
