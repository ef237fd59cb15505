/* SPDX-License-Identifier: MIT
 * Models of odd sizes with random weights: the exact short cuts equal the long way, caches change nothing,
 * cancelling leaves everything usable, and no forward pass looks behind the backend's back. */
#include <math.h>
#include <stdlib.h>

#include "attention-maps.h"
#include "image-cache.h"
#include "random-model.h"
#include "tap.h"
#include "text-cache.h"
#include "pair-maps.h"

static ModelConfig
odd_config (void)
{
  ModelConfig config;

  config_init (&config);
  config.image_res = 30;
  config.patch_size = 6;
  config.vision_width = 15;
  config.vision_depth = 3;
  config.vision_heads = 5;
  config.vision_mlp_width = 31;
  config.vocab_size = 37;
  config.hidden_size = 14;
  config.num_hidden_layers = 5;
  config.fusion_layer = 2;
  config.num_attention_heads = 7;
  config.intermediate_size = 29;
  config.encoder_width = 15;
  config.max_position_embeddings = 12;
  config.embed_dim = 9;
  config.grounding_layer = 3;
  return config;
}

static float *
noise_picture (const ModelConfig *config, unsigned seed)
{
  size_t n = 3 * (size_t) config->image_res * (size_t) config->image_res;
  float *picture = malloc (n * sizeof *picture);

  for (size_t i = 0; i < n; i++)
    {
      seed = seed * 1664525u + 1013904223u;
      picture[i] = (float) (seed >> 8) / 8388608.0f - 1.0f;
    }
  return picture;
}

static double
distance (const float *a, const float *b, size_t n)
{
  double worst = 0;

  for (size_t i = 0; i < n; i++)
    worst = fmax (worst, fabs ((double) a[i] - (double) b[i]));
  return worst;
}

/* The [CLS] row of the last layer alone, against all rows. */
static void
check_cls_only (Backend *backend, const Model *model, const char *name)
{
  int64_t b = 2, t = 5, i = (int64_t) model->vision.grid * model->vision.grid + 1;
  static const int32_t ids[] = { 1, 5, 9, 3, 0, 1, 7, 7, 2, 4 };
  static const int64_t mask[] = { 1, 1, 1, 1, 0, 1, 1, 1, 1, 1 };
  ImageKeys keys[8] = { 0 };
  BertOptions options = { .keys = keys };
  float one[4], all[4];
  Scope scope;
  Tensor *text, *image, *short_way, *long_way;
  float *picture = noise_picture (&model->config, 4);
  int64_t r = model->config.image_res;

  scope_init (&scope, backend);
  image = scope_own (&scope, tensor_from_host (backend, DTYPE_F32, 4, (int64_t[]) { 1, 3, r, r }, picture));
  image = vision_forward (&scope, model, image, NULL, NULL);
  tap_ok (image->shape[1] == i, "/models/%s/one token per patch and the class token", name);
  for (int l = model->text.fusion_layer; l < model->text.n_layers; l++)
    keys[l] = fusion_keys (&scope, &model->text, l, image);
  options.self_mask = mask_tensor (&scope, mask, b, t, -10000.0f);
  text = bert_embed (&scope, &model->text,
                     scope_own (&scope, tensor_from_host (backend, DTYPE_I32, 2, (int64_t[]) { b, t }, ids)), NULL);
  long_way = bert_layers (&scope, &model->text, text, 0, model->text.n_layers, &options);
  options.cls_only_last = true;
  short_way = bert_layers (&scope, &model->text, text, 0, model->text.n_layers, &options);
  tap_ok (short_way->shape[1] == 1 && long_way->shape[1] == t, "/models/%s/[CLS] alone is one row", name);
  tensor_to_host (head_cls (&scope, &model->itm_head, long_way), all);
  tensor_to_host (head_cls (&scope, &model->itm_head, short_way), one);
  tap_ok (distance (one, all, 4) < 1e-6, "/models/%s/[CLS] alone scores as all rows (%.1e)", name, distance (one, all, 4));
  scope_clear (&scope);
  free (picture);
}

/* One image's keys for a batch of texts, against the image repeated. */
static void
check_shared_keys (Backend *backend, const Model *model, const char *name)
{
  static const int32_t ids[] = { 1, 5, 9, 1, 7, 2 };
  int64_t c = model->config.vision_width, i = (int64_t) model->vision.grid * model->vision.grid + 1;
  float *tokens = malloc (2 * (size_t) (i * c) * sizeof *tokens);
  float shared[4], repeated[4];
  Scope scope;
  Tensor *text, *one, *two;
  BertOptions options = { 0 };
  ImageKeys keys[8] = { 0 };

  for (int64_t k = 0; k < i * c; k++)
    tokens[k] = tokens[i * c + k] = (float) sin (0.7 * (double) k);
  scope_init (&scope, backend);
  one = scope_own (&scope, tensor_from_host (backend, DTYPE_F32, 3, (int64_t[]) { 1, i, c }, tokens));
  two = scope_own (&scope, tensor_from_host (backend, DTYPE_F32, 3, (int64_t[]) { 2, i, c }, tokens));
  text = scope_own (&scope, tensor_from_host (backend, DTYPE_I32, 2, (int64_t[]) { 2, 3 }, ids));
  text = bert_embed (&scope, &model->text, text, NULL);
  options.keys = keys;
  for (int l = model->text.fusion_layer; l < model->text.n_layers; l++)
    keys[l] = fusion_keys (&scope, &model->text, l, one);
  tensor_to_host (head_cls (&scope, &model->itm_head,
                            bert_layers (&scope, &model->text, text, 0, model->text.n_layers, &options)), shared);
  for (int l = model->text.fusion_layer; l < model->text.n_layers; l++)
    keys[l] = fusion_keys (&scope, &model->text, l, two);
  tensor_to_host (head_cls (&scope, &model->itm_head,
                            bert_layers (&scope, &model->text, text, 0, model->text.n_layers, &options)), repeated);
  tap_ok (distance (shared, repeated, 4) < 1e-6, "/models/%s/keys of one image serve many texts", name);
  scope_clear (&scope);
  free (tokens);
}

/* Maps: caches change nothing, the last layer has none for words. */
static void
check_maps_are_stable (Backend *backend, const Model *model, const char *name)
{
  static const int32_t ids[] = { 1, 5, 9, 3 };
  float *picture = noise_picture (&model->config, 7);
  ImageCache *cache = image_cache_new ((uint64_t) 1 << 30);
  TextCache *texts = text_cache_new ();
  const ImageState *image = image_cache_compute (cache, model, 1, picture, NULL);
  const TextState *text = text_cache_get (texts, model, ids, 4, NULL);
  PairMaps first, again, score;
  size_t n;

  tap_ok (pair_maps_itm (model, image, text, 2, NULL, &first), "/models/%s/maps are computed", name);
  tap_ok (pair_maps_itm (model, image_cache_find (cache, model, 1), text_cache_get (texts, model, ids, 4, NULL), 2, NULL, &again),
          "/models/%s/and again from the caches", name);
  n = (size_t) first.heads * (size_t) first.tokens * (size_t) (first.grid * first.grid);
  tap_ok (distance (first.product, again.product, n) == 0 && first.itm_logits[1] == again.itm_logits[1],
          "/models/%s/caches change nothing", name);
  pair_maps_itm (model, image, text, 0, NULL, &score);
  tap_ok (fabs ((double) score.itm_logits[1] - (double) first.itm_logits[1]) < 1e-5, "/models/%s/the score alone is the same", name);
  tap_ok (score.product == NULL, "/models/%s/and brings no map", name);
  pair_maps_clear (&first);
  pair_maps_clear (&again);

  pair_maps_itm (model, image, text, model_fusion_layers (model), NULL, &first);
  {
    double words = 0, cls = 0;
    size_t cells = (size_t) (first.grid * first.grid);

    for (int h = 0; h < first.heads; h++)
      for (size_t k = 0; k < cells; k++)
        {
          const float *of_head = first.product + (size_t) h * (size_t) first.tokens * cells;

          cls += (double) of_head[k];
          for (int t = 1; t < first.tokens; t++)
            words += fabs ((double) of_head[(size_t) t * cells + k]);
        }
    tap_ok (words == 0 && cls > 0, "/models/%s/on the last layer only [CLS] has a map", name);
  }
  pair_maps_clear (&first);
  text_cache_free (texts);
  image_cache_free (cache);
  free (picture);
}

static void
check_cache_limit (Backend *backend, const Model *model)
{
  float *picture = noise_picture (&model->config, 9);
  ImageCache *cache = image_cache_new (1);

  image_cache_compute (cache, model, 1, picture, NULL);
  tap_ok (image_cache_find (cache, model, 1) != NULL, "/cache/the newest stays whatever the limit");
  image_cache_compute (cache, model, 2, picture, NULL);
  tap_ok (image_cache_find (cache, model, 1) == NULL && image_cache_find (cache, model, 2) != NULL,
          "/cache/the oldest goes first");
  image_cache_forget (cache, model);
  tap_ok (image_cache_used (cache) == 0, "/cache/a model's entries go with it");
  image_cache_free (cache);
  free (picture);
}

static void
check_cancel (Backend *backend, const Model *model)
{
  static const int32_t ids[] = { 1, 5, 9 };
  float *picture = noise_picture (&model->config, 9);
  ImageCache *cache = image_cache_new ((uint64_t) 1 << 30);
  TextCache *texts = text_cache_new ();
  AlbefCancel *cancel = albef_cancel_new ();
  const ImageState *image;
  PairMaps maps;

  albef_cancel_trigger (cancel);
  tap_ok (image_cache_compute (cache, model, 1, picture, cancel) == NULL && image_cache_used (cache) == 0,
          "/cancel/an image pass that was cancelled keeps nothing");
  tap_ok (text_cache_get (texts, model, ids, 3, cancel) == NULL, "/cancel/a text pass likewise");
  image = image_cache_compute (cache, model, 1, picture, NULL);
  tap_ok (!pair_maps_itm (model, image, text_cache_get (texts, model, ids, 3, NULL), 2, cancel, &maps),
          "/cancel/maps stop between layers");
  tap_ok (pair_maps_itm (model, image, text_cache_get (texts, model, ids, 3, NULL), 2, NULL, &maps),
          "/cancel/and the next request works");
  pair_maps_clear (&maps);
  albef_cancel_free (cancel);
  text_cache_free (texts);
  image_cache_free (cache);
  free (picture);
}

int
main (void)
{
  static const char *const names[] = { "reference", "fenced", "cpu" };
  ModelConfig config = odd_config ();
  AlbefError error = ALBEF_ERROR_INIT;

  for (int i = 0; i < 3; i++)
    {
      Backend *backend = NULL;
      Model *model = NULL;

      if (!tap_ok (backend_open (names[i], 0, &backend, &error) == ALBEF_OK &&
                   random_model_new (backend, &config, 5, &model, &error) == ALBEF_OK, "/models/%s/opens", names[i]))
        continue;
      check_cls_only (backend, model, names[i]);
      check_shared_keys (backend, model, names[i]);
      check_maps_are_stable (backend, model, names[i]);
      check_cache_limit (backend, model);
      check_cancel (backend, model);
      model_free (model);
      backend_close (backend);
    }
  return tap_done ();
}
