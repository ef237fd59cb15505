/* SPDX-License-Identifier: MIT
 * Scores and maps: from handles to pair-maps.h and back. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "gradcam.h"
#include "handles.h"
#include "preprocess.h"
#include "query.h"

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

/* The normalised picture, 3 x R x R. */
static float *
normalise (const AlbefModel *model, const AlbefImage *image)
{
  const ModelConfig *config = &model->model->config;
  size_t r = (size_t) config->image_res;
  float *picture = mem_new0 (3 * r * r, sizeof *picture);

  if (!preprocess_image (image, config->image_res, config->image_mean, config->image_std, picture))
    {
      free (picture);
      return NULL;
    }
  return picture;
}

/* The image's state from the cache or computed into it. *picture (may be NULL) gets the normalised picture if
 * wanted; the caller frees it. The engine's lock is held. */
static AlbefStatus
image_state (AlbefModel *model, const AlbefImage *image, const AlbefCancel *cancel, float **picture,
             const ImageState **state, AlbefError *error)
{
  ImageCache *cache = model->engine->cache;
  uint64_t key = albef_image_key (image);
  float *normalised = NULL;

  *state = image_cache_find (cache, model->model, key);
  if (*state == NULL || picture != NULL)
    {
      normalised = normalise (model, image);
      if (normalised == NULL)
        return error_set (error, ALBEF_ERROR_MEMORY, "no memory to resize a picture of %d x %d pixels",
                          albef_image_width (image), albef_image_height (image));
    }
  if (*state == NULL)
    *state = image_cache_compute (cache, model->model, key, normalised, cancel);
  if (picture != NULL && *state != NULL)
    *picture = normalised;
  else
    free (normalised);
  if (*state == NULL)
    return error_set (error, ALBEF_CANCELLED, "cancelled");
  return ALBEF_OK;
}

/* ---------------------------------------------------------------------------------------------------
 * From token maps to word maps
 */

static void
add_to (float *sum, const float *map, int n, float weight)
{
  for (int i = 0; i < n; i++)
    sum[i] += weight * map[i];
}

static float
peak_of (const float *map, int n)
{
  float peak = 0;

  for (int i = 0; i < n; i++)
    peak = map[i] > peak ? map[i] : peak;
  return peak;
}

static bool
word_has_map (const AlbefMaps *maps, int index)
{
  const AlbefWord *word = albef_query_word (maps->query, index);

  return maps->no_maps[0] == 0 && word->state == ALBEF_WORD_KNOWN && word->n_pieces > 0;
}

/* Mean over a word's tokens of `map` ([tokens][n]) into out[n]. */
static void
word_mean (const AlbefMaps *maps, int index, const float *map, int n, float *out)
{
  const AlbefWord *word = albef_query_word (maps->query, index);

  if (word_has_map (maps, index))
    for (int p = 0; p < word->n_pieces; p++)
      add_to (out, map + (size_t) (word->first_piece + p) * (size_t) n, n, 1.0f / (float) word->n_pieces);
}

/* Fills words, sentence, pieces, heads and peak from maps->maps.product. */
static void
merge (AlbefMaps *maps, uint64_t head_set)
{
  const PairMaps *raw = &maps->maps;
  int n = raw->grid * raw->grid, n_words = albef_query_n_words (maps->query);
  size_t cells = (size_t) n;

  maps->pieces = mem_new0 ((size_t) raw->tokens * cells, sizeof (float));
  maps->sentence = mem_new0 (cells, sizeof (float));
  maps->words = mem_new0 ((size_t) n_words * cells, sizeof (float));
  maps->heads = mem_new0 ((size_t) (n_words + 1) * (size_t) raw->heads * cells, sizeof (float));
  gradcam_mean_heads (raw->product, head_set, 1, raw->heads, raw->tokens, n, maps->pieces);
  for (int t = 0; t < raw->tokens; t++)
    add_to (maps->sentence, maps->pieces + (size_t) t * cells, n, 1.0f / (float) raw->tokens);
  for (int w = 0; w < n_words; w++)
    {
      float peak;

      word_mean (maps, w, maps->pieces, n, maps->words + (size_t) w * cells);
      peak = peak_of (maps->words + (size_t) w * cells, n);
      maps->peak = peak > maps->peak ? (double) peak : maps->peak;
    }
  for (int h = 0; h < raw->heads; h++)
    {
      const float *of_head = raw->product + (size_t) h * (size_t) raw->tokens * cells;

      for (int w = 0; w < n_words; w++)
        word_mean (maps, w, of_head, n, maps->heads + ((size_t) w * (size_t) raw->heads + (size_t) h) * cells);
      for (int t = 0; t < raw->tokens; t++)
        add_to (maps->heads + ((size_t) n_words * (size_t) raw->heads + (size_t) h) * cells,
                of_head + (size_t) t * cells, n, 1.0f / (float) raw->tokens);
    }
}

/* ---------------------------------------------------------------------------------------------------
 * The request
 */

/* Checks layer and heads against the model; fills maps->layer and maps->no_maps. */
static AlbefStatus
check_request (const AlbefModel *model, const AlbefMapsRequest *request, AlbefMaps *maps, AlbefError *error)
{
  const Model *m = model->model;
  bool itc = request->method == ALBEF_METHOD_ITC_GRADCAM;
  int layers = itc ? m->vision.depth : model_fusion_layers (m);
  int heads = itc ? m->vision.heads : m->text.heads;
  int layer = request->layer;

  if (itc && (m->vision_proj.weight == NULL || m->text_proj.weight == NULL || m->temp == NULL))
    return error_set (error, ALBEF_ERROR_MISMATCH,
                      "model '%s' has no ITC projections: choose the ITM method, or a pre-trained or retrieval model",
                      model->name);
  if (m->itm_head.weight == NULL)
    return error_set (error, ALBEF_ERROR_MISMATCH,
                      "model '%s' has no ITM head, so it cannot score a sentence: use a pre-trained or retrieval model",
                      model->name);
  if (layer == 0)
    layer = itc ? layers : config_grounding_fusion_layer (&m->config);
  if (layer < 1 || layer > layers)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "there is no %s layer %d; model '%s' has layers 1 to %d",
                      itc ? "image-encoder" : "fusion", layer, model->name, layers);
  if (request->heads != 0 && heads < 64 && (request->heads >> heads) != 0)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "layer %d of model '%s' has %d heads only", layer, model->name, heads);
  maps->method = request->method;
  maps->layer = layer;
  if (request->score_only)
    snprintf (maps->no_maps, sizeof maps->no_maps, "Only the score was asked for.");
  else if (itc)
    snprintf (maps->no_maps, sizeof maps->no_maps, "The ITC map is one for the whole sentence.");
  else if (layer == layers)
    snprintf (maps->no_maps, sizeof maps->no_maps,
              "Layer %d is the last: only [CLS] feeds the match score there, so words have no map.", layer);
  return ALBEF_OK;
}

static AlbefStatus
compute (AlbefModel *model, const AlbefImage *image, const AlbefMapsRequest *request, const AlbefCancel *cancel,
         AlbefMaps *maps, AlbefError *error)
{
  bool itc = request->method == ALBEF_METHOD_ITC_GRADCAM && !request->score_only;
  const ImageState *state = NULL;
  const TextState *text;
  float *picture = NULL;
  int n = albef_query_n_pieces (maps->query);
  int32_t *ids = mem_new0 ((size_t) n, sizeof *ids);
  double start = now ();
  AlbefStatus status = image_state (model, image, cancel, itc ? &picture : NULL, &state, error);
  bool done = false;

  maps->seconds_image = now () - start;
  for (int i = 0; i < n; i++)
    ids[i] = albef_query_piece (maps->query, i)->id;
  if (status == ALBEF_OK)
    {
      start = now ();
      text = text_cache_get (model->texts, model->model, ids, n, cancel);
      maps->seconds_text = now () - start;
      start = now ();
      if (text != NULL && itc)
        done = pair_maps_itc (model->model, picture, state, text, maps->layer, cancel, &maps->maps);
      else if (text != NULL)
        done = pair_maps_itm (model->model, state, text, request->score_only ? 0 : maps->layer, cancel, &maps->maps);
      maps->seconds_fusion = now () - start;
      if (!done)
        status = error_set (error, ALBEF_CANCELLED, "cancelled");
    }
  free (picture);
  free (ids);
  if (status == ALBEF_OK && maps->maps.product != NULL)
    merge (maps, request->heads);
  return status;
}

AlbefStatus
albef_maps_compute (AlbefModel *model, const AlbefImage *image, const char *text, const AlbefMapsRequest *request,
                    const AlbefCancel *cancel, AlbefMaps **out, AlbefError *error)
{
  static const AlbefMapsRequest defaults = { 0 };
  AlbefMaps *maps;
  AlbefStatus status;

  if (model == NULL || image == NULL || text == NULL || out == NULL)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "model, image, text and maps must be given");
  if (request == NULL)
    request = &defaults;
  maps = mem_new0 (1, sizeof *maps);
  status = check_request (model, request, maps, error);
  if (status == ALBEF_OK)
    status = query_new (model->vocab, model->model->text.max_positions, text, request->max_words, &maps->query, error);
  if (status == ALBEF_OK)
    {
      pthread_mutex_lock (&model->engine->lock);
      status = compute (model, image, request, cancel, maps, error);
      pthread_mutex_unlock (&model->engine->lock);
    }
  if (status == ALBEF_OK && !(isfinite (maps->maps.itm_logits[0]) && isfinite (maps->maps.itm_logits[1])))
    status = error_set (error, ALBEF_ERROR_MISMATCH,
                        "model '%s' gives no finite score: its weights hold NaN or infinite values. "
                        "Use another checkpoint", model->name);
  if (status == ALBEF_OK)
    *out = maps;
  else
    albef_maps_free (maps);
  return status;
}

AlbefStatus
albef_image_prepare (AlbefModel *model, const AlbefImage *image, const AlbefCancel *cancel, AlbefError *error)
{
  const ImageState *state;
  AlbefStatus status;

  pthread_mutex_lock (&model->engine->lock);
  status = image_state (model, image, cancel, NULL, &state, error);
  pthread_mutex_unlock (&model->engine->lock);
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * Getters
 */

double
albef_maps_match (const AlbefMaps *maps)
{
  return 1.0 / (1.0 + exp ((double) maps->maps.itm_logits[0] - (double) maps->maps.itm_logits[1]));
}

void
albef_maps_itm_logits (const AlbefMaps *maps, float logits[2])
{
  logits[0] = maps->maps.itm_logits[0];
  logits[1] = maps->maps.itm_logits[1];
}

double
albef_maps_itc (const AlbefMaps *maps)
{
  return maps->maps.itc;
}

const AlbefQuery *
albef_maps_query (const AlbefMaps *maps)
{
  return maps->query;
}

int
albef_maps_layer (const AlbefMaps *maps)
{
  return maps->layer;
}

int
albef_maps_n_heads (const AlbefMaps *maps)
{
  return maps->maps.heads;
}

int
albef_maps_grid_width (const AlbefMaps *maps)
{
  return maps->maps.grid;
}

int
albef_maps_grid_height (const AlbefMaps *maps)
{
  return maps->maps.grid;
}

int
albef_maps_n_words (const AlbefMaps *maps)
{
  return albef_query_n_words (maps->query);
}

bool
albef_maps_has_word_maps (const AlbefMaps *maps, const char **reason)
{
  if (reason != NULL)
    *reason = maps->no_maps;
  return maps->no_maps[0] == 0;
}

const float *
albef_maps_word (const AlbefMaps *maps, int index)
{
  size_t cells = (size_t) (maps->maps.grid * maps->maps.grid);

  if (index < 0 || index >= albef_maps_n_words (maps) || maps->words == NULL || !word_has_map (maps, index))
    return NULL;
  return maps->words + (size_t) index * cells;
}

const float *
albef_maps_sentence (const AlbefMaps *maps)
{
  return maps->sentence;
}

const float *
albef_maps_head (const AlbefMaps *maps, int index, int head)
{
  size_t cells = (size_t) (maps->maps.grid * maps->maps.grid);
  int n_words = albef_maps_n_words (maps), row = index == -1 ? n_words : index;

  if (maps->heads == NULL || head < 0 || head >= maps->maps.heads || row < 0 || row > n_words)
    return NULL;
  if (row < n_words && !word_has_map (maps, row))
    return NULL;
  return maps->heads + ((size_t) row * (size_t) maps->maps.heads + (size_t) head) * cells;
}

bool
albef_maps_phrase (const AlbefMaps *maps, int first, int n, float *out)
{
  int cells = maps->maps.grid * maps->maps.grid, pieces = 0;

  memset (out, 0, (size_t) cells * sizeof *out);
  if (maps->pieces == NULL)
    return false;
  for (int w = first; w < first + n; w++)
    if (w >= 0 && w < albef_maps_n_words (maps) && word_has_map (maps, w))
      {
        const AlbefWord *word = albef_query_word (maps->query, w);

        for (int p = 0; p < word->n_pieces; p++, pieces++)
          add_to (out, maps->pieces + (size_t) (word->first_piece + p) * (size_t) cells, cells, 1);
      }
  for (int i = 0; pieces > 0 && i < cells; i++)
    out[i] /= (float) pieces;
  return pieces > 0;
}

double
albef_maps_strength (const AlbefMaps *maps, int index)
{
  const float *map = albef_maps_word (maps, index);

  if (map == NULL || maps->peak <= 0)
    return 0;
  return (double) peak_of (map, maps->maps.grid * maps->maps.grid) / maps->peak;
}

double
albef_maps_peak (const AlbefMaps *maps)
{
  if (maps->peak <= 0 && maps->sentence != NULL)
    return (double) peak_of (maps->sentence, maps->maps.grid * maps->maps.grid);
  return maps->peak;
}

void
albef_maps_seconds (const AlbefMaps *maps, double *image, double *text, double *fusion)
{
  if (image != NULL)
    *image = maps->seconds_image;
  if (text != NULL)
    *text = maps->seconds_text;
  if (fusion != NULL)
    *fusion = maps->seconds_fusion;
}

void
albef_maps_free (AlbefMaps *maps)
{
  if (maps == NULL)
    return;
  albef_query_free (maps->query);
  pair_maps_clear (&maps->maps);
  free (maps->words);
  free (maps->sentence);
  free (maps->pieces);
  free (maps->heads);
  free (maps);
}
