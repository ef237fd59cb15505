/* SPDX-License-Identifier: MIT */
#include "retrieval.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

#define NOT_RANKED (-100.0f) /* Retrieval.py fills skipped pairs with it */
#define IMAGES_AT_ONCE 4

/* Indices of the k largest of n values at `stride`, best first; ties: smaller index first. */
static void
top_k (const float *values, int64_t n, int64_t stride, int64_t k, int64_t *best)
{
  int64_t found = 0;

  for (int64_t i = 0; i < n; i++)
    {
      float value = values[i * stride];
      int64_t at = found;

      while (at > 0 && values[best[at - 1] * stride] < value)
        at--;
      if (at >= k)
        continue;
      if (found < k)
        found++;
      memmove (best + at + 1, best + at, (size_t) (found - at - 1) * sizeof *best);
      best[at] = i;
    }
}

/* ITM logits of class 1 for k pairs; tokens_i: k x I x Cv or 1 x I x Cv, text: k x T x C, mask likewise. */
static bool
match_logits (Scope *scope, const Model *model, Tensor *image_tokens, Tensor *text, Tensor *mask, int64_t k,
              float *logits)
{
  int mark = scope->n_owned, n_layers = model->text.n_layers;
  ImageKeys *keys = mem_new0 ((size_t) n_layers, sizeof *keys);
  BertOptions options = { .self_mask = mask, .keys = keys, .cls_only_last = true };
  Tensor *hidden;

  for (int l = model->text.fusion_layer; l < n_layers; l++)
    keys[l] = fusion_keys (scope, &model->text, l, image_tokens);
  hidden = bert_layers (scope, &model->text, text, model->text.fusion_layer, n_layers, &options);
  if (hidden != NULL)
    {
      float *both = mem_new0 ((size_t) k * 2, sizeof *both);

      tensor_to_host (head_cls (scope, &model->itm_head, hidden), both);
      for (int64_t i = 0; i < k; i++)
        logits[i] = both[2 * i + 1];
      free (both);
    }
  free (keys);
  scope_collect (scope, mark, NULL);
  return hidden != NULL;
}

/* Gathers blocks `which` (k of them) of a B x ... tensor into a new one. */
static Tensor *
pick (Scope *scope, Tensor *from, const int64_t *which, int64_t k)
{
  int64_t shape[TENSOR_MAX_DIMS], block = tensor_numel (from) / from->shape[0];
  Tensor *to;

  memcpy (shape, from->shape, sizeof shape);
  shape[0] = k;
  to = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, from->n_dims, shape));
  for (int64_t i = 0; i < k; i++)
    {
      View in = tensor_view (from), out = tensor_view (to);

      in.offset += (size_t) (which[i] * block) * sizeof (float);
      out.offset += (size_t) (i * block) * sizeof (float);
      BACKEND_RUN (scope->backend, KERNEL_COPY, copy, .in = in, .out = out, .n0 = 1, .n1 = 1, .n2 = block);
    }
  return to;
}

static Tensor *
image_tokens_of (Scope *scope, const Model *model, const float *images, int64_t n)
{
  int64_t r = model->config.image_res, c = model->config.vision_width, tokens = (int64_t) model->vision.grid * model->vision.grid + 1;
  int64_t shape[] = { n, tokens, c };
  Tensor *all = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 3, shape));
  int mark = scope->n_owned;

  for (int64_t first = 0; first < n; first += IMAGES_AT_ONCE)
    {
      int64_t count = n - first < IMAGES_AT_ONCE ? n - first : IMAGES_AT_ONCE;
      Tensor *input = scope_own (scope, tensor_from_host (scope->backend, DTYPE_F32, 4, (int64_t[]) { count, 3, r, r },
                                                          images + first * 3 * r * r));
      Tensor *tokens_here = vision_forward (scope, model, input, NULL, NULL);
      View out = tensor_view (all);

      if (tokens_here == NULL)
        return NULL;
      out.offset += (size_t) (first * tokens * c) * sizeof (float);
      BACKEND_RUN (scope->backend, KERNEL_COPY, copy, .in = tensor_view (tokens_here), .out = out, .n0 = 1, .n1 = 1,
                   .n2 = count * tokens * c);
      scope_collect (scope, mark, NULL);
    }
  return all;
}

AlbefStatus
retrieval_scores (const Model *model, const float *images, int64_t n_images, const int32_t *ids, const int64_t *mask,
                  int64_t n_texts, int64_t tokens, int64_t k, float *image_feats, float *text_feats, float *sims,
                  float *scores_i2t, float *scores_t2i, const AlbefCancel *cancel, AlbefError *error)
{
  Scope scope;
  int64_t k_texts = k < n_texts ? k : n_texts, k_images = k < n_images ? k : n_images;
  int64_t most = k_texts > k_images ? k_texts : k_images;
  int64_t *best = mem_new0 ((size_t) most, sizeof *best), *masks = mem_new0 ((size_t) (most * tokens), sizeof *masks);
  float *logits = mem_new0 ((size_t) most, sizeof *logits);
  AlbefStatus status = ALBEF_CANCELLED;
  Tensor *image_tokens, *text, *self_mask, *f_image, *f_text;
  BertOptions text_mode = { 0 };

  if (model->itm_head.weight == NULL || model->vision_proj.weight == NULL || model->text_proj.weight == NULL)
    {
      status = error_set (error, ALBEF_ERROR_MISMATCH,
                          "this model has no ITM head or projections: retrieval needs a pre-trained or retrieval model");
      goto out_early;
    }
  scope_init (&scope, model->backend);
  scope.cancel = cancel;
  image_tokens = image_tokens_of (&scope, model, images, n_images);
  if (image_tokens == NULL)
    goto out;
  self_mask = mask_tensor (&scope, mask, n_texts, tokens, -10000.0f);
  text_mode.self_mask = self_mask;
  text = bert_embed (&scope, &model->text,
                     scope_own (&scope, tensor_from_host (scope.backend, DTYPE_I32, 2, (int64_t[]) { n_texts, tokens }, ids)),
                     NULL);
  text = bert_layers (&scope, &model->text, text, 0, model->text.fusion_layer, &text_mode);
  if (text == NULL)
    goto out;
  f_image = project_cls (&scope, &model->vision_proj, image_tokens);
  f_text = project_cls (&scope, &model->text_proj, text);
  tensor_to_host (f_image, image_feats);
  tensor_to_host (f_text, text_feats);
  tensor_to_host (op_similarity (&scope, f_image, f_text), sims);
  for (int64_t i = 0; i < n_images * n_texts; i++)
    scores_i2t[i] = scores_t2i[i] = NOT_RANKED;

  for (int64_t i = 0; i < n_images; i++)
    {
      int mark = scope.n_owned;

      top_k (sims + i * n_texts, n_texts, 1, k_texts, best);
      for (int64_t j = 0; j < k_texts; j++)
        memcpy (masks + j * tokens, mask + best[j] * tokens, (size_t) tokens * sizeof *masks);
      if (!match_logits (&scope, model, scope_own (&scope, tensor_row_block (image_tokens, i, 1)),
                         pick (&scope, text, best, k_texts), mask_tensor (&scope, masks, k_texts, tokens, -10000.0f),
                         k_texts, logits))
        goto out;
      for (int64_t j = 0; j < k_texts; j++)
        scores_i2t[i * n_texts + best[j]] = logits[j];
      scope_collect (&scope, mark, NULL);
    }
  for (int64_t i = 0; i < n_texts; i++)
    {
      int mark = scope.n_owned;
      int64_t same[64];

      top_k (sims + i, n_images, n_texts, k_images, best);
      /* The text is one for all its pictures: repeat it in blocks, so that any k fits. */
      for (int64_t first = 0; first < k_images; first += 64)
        {
          int64_t count = k_images - first < 64 ? k_images - first : 64;

          for (int64_t j = 0; j < count; j++)
            {
              same[j] = i;
              memcpy (masks + j * tokens, mask + i * tokens, (size_t) tokens * sizeof *masks);
            }
          if (!match_logits (&scope, model, pick (&scope, image_tokens, best + first, count),
                             pick (&scope, text, same, count), mask_tensor (&scope, masks, count, tokens, -10000.0f),
                             count, logits))
            goto out;
          for (int64_t j = 0; j < count; j++)
            scores_t2i[i * n_images + best[first + j]] = logits[j];
        }
      scope_collect (&scope, mark, NULL);
    }
  status = ALBEF_OK;
out:
  if (status == ALBEF_CANCELLED)
    error_set (error, ALBEF_CANCELLED, "cancelled");
  scope_clear (&scope);
out_early:
  free (best);
  free (masks);
  free (logits);
  return status;
}
