/* SPDX-License-Identifier: MIT
 * grounding and visualization: Grad-CAM maps and what the official scripts make of them; retrieval_eval. */
#include "cases.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attention-maps.h"
#include "error.h"
#include "gradcam.h"
#include "notebook.h"
#include "retrieval.h"

/* What both map cases share: image tokens and text-mode output of the case's inputs. */
typedef struct
{
  Model *model;
  const int64_t *mask;
  int64_t batch, tokens;
  Tensor *images, *text, *self_mask;
} Pair;

static bool
pair_open (Case *c, Scope *scope, Pair *pair)
{
  const TensorFileEntry *mask = case_input (c, "attention_mask", TENSOR_I64);
  BertOptions text_mode = { 0 };
  Tensor *ids;

  pair->model = case_model (c, "pretrain", "tiny");
  ids = case_tensor (c, scope, "input_ids");
  pair->images = case_tensor (c, scope, "image");
  if (mask == NULL || pair->model == NULL || ids == NULL || pair->images == NULL)
    return false;
  pair->mask = mask->data;
  pair->batch = mask->shape[0];
  pair->tokens = mask->shape[1];
  pair->self_mask = mask_tensor (scope, pair->mask, pair->batch, pair->tokens, -10000.0f);
  text_mode.self_mask = pair->self_mask;
  pair->text = bert_embed (scope, &pair->model->text, ids, NULL);
  pair->text = bert_layers (scope, &pair->model->text, pair->text, 0, pair->model->text.fusion_layer, &text_mode);
  return true;
}

/* ITM maps at BERT layer `block`; adds attention and gradient to the dump under the two names. */
static float *
pair_itm (Case *c, Scope *scope, const Pair *pair, int block, const char *attention_name, const char *gradient_name,
          const char *logits_name)
{
  const Bert *bert = &pair->model->text;
  int64_t heads = bert->heads, grid = pair->model->vision.grid, patches = grid * grid, i = patches + 1;
  int64_t n = pair->batch * heads * pair->tokens;
  float *attention = mem_new0 ((size_t) (n * i), sizeof (float)), *gradient = mem_new0 ((size_t) (n * i), sizeof (float));
  float *product = mem_new0 ((size_t) (n * patches), sizeof (float));
  float *map = mem_new0 ((size_t) (pair->batch * pair->tokens * patches), sizeof (float));
  ImageKeys *keys = mem_new0 ((size_t) bert->n_layers, sizeof *keys);
  AttentionMaps maps;
  Tensor *tokens = vision_forward (scope, pair->model, pair->images, NULL, NULL);

  for (int l = bert->fusion_layer; l < bert->n_layers; l++)
    keys[l] = fusion_keys (scope, bert, l, tokens);
  backend_step_begin (c->device);
  itm_attention (scope, pair->model, pair->text, pair->self_mask, keys, block, &maps);
  backend_step_end (c->device);
  case_dump (c, attention_name, maps.attention);
  case_dump (c, gradient_name, maps.gradient);
  case_dump (c, logits_name, maps.logits);
  tensor_to_host (maps.attention, attention);
  tensor_to_host (maps.gradient, gradient);
  gradcam_product (attention, gradient, pair->mask, pair->batch, heads, pair->tokens, i, product);
  gradcam_mean_heads (product, 0, pair->batch, heads, pair->tokens, patches, map);
  free (attention);
  free (gradient);
  free (product);
  free (keys);
  return map;
}

/* "image_wh" of info.json: the i-th key belongs to pair i. */
static bool
dump_upsampled (Case *c, const float *maps, int64_t batch, int grid)
{
  char path[4200];
  json_error_t problem;
  json_t *info, *sizes, *size;
  const char *key;
  int64_t i = 0;

  snprintf (path, sizeof path, "%s/info.json", c->dir);
  info = json_load_file (path, JSON_ALLOW_NUL, &problem);
  sizes = json_object_get (json_object_get (info, "grounding_eval"), "image_wh");
  if (!json_is_object (sizes))
    {
      json_decref (info);
      return error_set (&c->error, ALBEF_ERROR_FORMAT, "'%s' has no grounding_eval.image_wh", path), false;
    }
  json_object_foreach (sizes, key, size)
    {
      int width = (int) json_integer_value (json_array_get (size, 0));
      int height = (int) json_integer_value (json_array_get (size, 1));
      char name[128];
      float *large;

      if (i >= batch || width < 1 || height < 1)
        break;
      large = mem_new0 ((size_t) width * (size_t) height, sizeof *large);
      albef_map_enlarge (maps + i * grid * grid, grid, grid, large, width, height);
      snprintf (name, sizeof name, "itm.upsampled_ref%s", key);
      case_dump_host (c, name, 2, (int64_t[]) { height, width }, large);
      free (large);
      i++;
    }
  json_decref (info);
  return true;
}

bool
case_grounding (Case *c)
{
  Scope scope;
  Pair pair;
  AttentionMaps itc;
  float *tokens, *sentence, *attention, *gradient;
  int64_t grid, patches, itm_block = case_scalar (c, "itm_block", -1), itc_block = case_scalar (c, "itc_block", -1);
  bool done;

  scope_init (&scope, c->device);
  if (!pair_open (c, &scope, &pair))
    return false;
  grid = pair.model->vision.grid;
  patches = grid * grid;
  tokens = pair_itm (c, &scope, &pair, (int) itm_block, "itm.attention", "itm.attention_grad", "itm.logits");
  /* The official script averages over every position, padding included. */
  sentence = mem_new0 ((size_t) (pair.batch * patches), sizeof *sentence);
  for (int64_t b = 0; b < pair.batch; b++)
    for (int64_t t = 0; t < pair.tokens; t++)
      for (int64_t g = 0; g < patches; g++)
        sentence[b * patches + g] += tokens[(b * pair.tokens + t) * patches + g] / (float) pair.tokens;
  case_dump_host (c, "itm.gradcam", 3, (int64_t[]) { pair.batch, grid, grid }, sentence);
  done = dump_upsampled (c, sentence, pair.batch, (int) grid);

  backend_step_begin (c->device);
  itc_attention (&scope, pair.model, pair.images, project_cls (&scope, &pair.model->text_proj, pair.text),
                 (int) itc_block, &itc);
  backend_step_end (c->device);
  case_dump (c, "itc.attention", itc.attention);
  case_dump (c, "itc.attention_grad", itc.gradient);
  attention = mem_new0 ((size_t) tensor_numel (itc.attention), sizeof *attention);
  gradient = mem_new0 ((size_t) tensor_numel (itc.attention), sizeof *gradient);
  tensor_to_host (itc.attention, attention);
  tensor_to_host (itc.gradient, gradient);
  gradcam_class_row (attention, gradient, 0, pair.batch, pair.model->vision.heads, patches + 1, sentence);
  case_dump_host (c, "itc.gradcam", 3, (int64_t[]) { pair.batch, grid, grid }, sentence);
  free (attention);
  free (gradient);
  free (tokens);
  free (sentence);
  scope_clear (&scope);
  return done;
}

/* Whether all n values are the same. */
static bool
is_flat (const float *values, int64_t n)
{
  for (int64_t i = 1; i < n; i++)
    if (values[i] != values[0])
      return false;
  return true;
}

bool
case_visualization (Case *c)
{
  const TensorFileEntry *rgb = case_input (c, "rgb_image", TENSOR_F32);
  Scope scope;
  Pair pair;
  float *maps;
  int64_t grid;

  scope_init (&scope, c->device);
  if (rgb == NULL || !pair_open (c, &scope, &pair))
    return false;
  grid = pair.model->vision.grid;
  maps = pair_itm (c, &scope, &pair, (int) case_scalar (c, "block_num", -1), "attention", "attention_grad",
                   "itm_logits");
  case_dump_host (c, "gradcam", 3, (int64_t[]) { pair.tokens, grid, grid }, maps);
  for (int64_t t = 1; t < pair.tokens; t++)
    {
      int height = (int) rgb->shape[0], width = (int) rgb->shape[1];
      size_t n = (size_t) height * (size_t) width;
      double *resized = mem_new0 (n, sizeof *resized), *attmap = mem_new0 (n, sizeof *attmap);
      double *overlay = mem_new0 (3 * n, sizeof *overlay);
      float *values = mem_new0 (3 * n, sizeof *values);
      char name[96];

      notebook_attmap (maps + t * grid * grid, (int) grid, rgb->data, width, height, resized, attmap, overlay);
      /* A flat map, as on the last fusion layer, is 0 / 0 in the notebook's second scaling; the engine gives zeros. */
      for (size_t i = 0; is_flat (maps + t * grid * grid, grid * grid) && i < n; i++)
        attmap[i] = overlay[3 * i] = overlay[3 * i + 1] = overlay[3 * i + 2] = NAN;
      for (size_t i = 0; i < n; i++)
        values[i] = (float) resized[i];
      snprintf (name, sizeof name, "word%lld.resized", (long long) t);
      case_dump_host (c, name, 2, (int64_t[]) { height, width }, values);
      for (size_t i = 0; i < n; i++)
        values[i] = (float) attmap[i];
      snprintf (name, sizeof name, "word%lld.attmap", (long long) t);
      case_dump_host (c, name, 2, (int64_t[]) { height, width }, values);
      for (size_t i = 0; i < 3 * n; i++)
        values[i] = (float) overlay[i];
      snprintf (name, sizeof name, "word%lld.overlay", (long long) t);
      case_dump_host (c, name, 3, (int64_t[]) { height, width, 3 }, values);
      free (resized);
      free (attmap);
      free (overlay);
      free (values);
    }
  free (maps);
  scope_clear (&scope);
  return true;
}

bool
case_retrieval_eval (Case *c)
{
  Model *model = case_model (c, "pretrain", "tiny");
  const TensorFileEntry *images = case_input (c, "image", TENSOR_F32);
  const TensorFileEntry *ids = case_input (c, "input_ids", TENSOR_I64), *mask = case_input (c, "attention_mask", TENSOR_I64);
  char path[4200];
  json_error_t problem;
  json_t *info;
  int64_t k, n, m, e, t;
  int32_t *ids32;
  float *image_feats, *text_feats, *sims, *i2t, *t2i;
  AlbefStatus status;

  if (model == NULL || images == NULL || ids == NULL || mask == NULL)
    return false;
  snprintf (path, sizeof path, "%s/info.json", c->dir);
  info = json_load_file (path, JSON_ALLOW_NUL, &problem);
  k = json_integer_value (json_object_get (json_object_get (info, "retrieval_eval_metrics"), "k_test"));
  json_decref (info);
  if (k < 1)
    return error_set (&c->error, ALBEF_ERROR_FORMAT, "'%s' has no retrieval_eval_metrics.k_test", path), false;
  n = images->shape[0];
  m = ids->shape[0];
  t = ids->shape[1];
  e = model->config.embed_dim;
  ids32 = mem_new0 ((size_t) (m * t), sizeof *ids32);
  for (int64_t i = 0; i < m * t; i++)
    ids32[i] = (int32_t) ((const int64_t *) ids->data)[i];
  image_feats = mem_new0 ((size_t) (n * e), sizeof (float));
  text_feats = mem_new0 ((size_t) (m * e), sizeof (float));
  sims = mem_new0 ((size_t) (n * m), sizeof (float));
  i2t = mem_new0 ((size_t) (n * m), sizeof (float));
  t2i = mem_new0 ((size_t) (n * m), sizeof (float));
  status = retrieval_scores (model, images->data, n, ids32, mask->data, m, t, k, image_feats, text_feats, sims, i2t,
                             t2i, NULL, &c->error);
  if (status == ALBEF_OK)
    {
      case_dump_host (c, "image_embeds", 2, (int64_t[]) { n, e }, image_feats);
      case_dump_host (c, "text_embeds", 2, (int64_t[]) { m, e }, text_feats);
      case_dump_host (c, "sims_matrix", 2, (int64_t[]) { n, m }, sims);
      case_dump_host (c, "score_matrix_i2t", 2, (int64_t[]) { n, m }, i2t);
      case_dump_host (c, "score_matrix_t2i", 2, (int64_t[]) { m, n }, t2i);
    }
  free (ids32);
  free (image_feats);
  free (text_feats);
  free (sims);
  free (i2t);
  free (t2i);
  return status == ALBEF_OK;
}
