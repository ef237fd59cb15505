/* SPDX-License-Identifier: MIT
 * The image encoder: ViT (Dosovitskiy et al. 2021) as timm wrote it for ALBEF: patches, class token,
 * positions, pre-norm blocks, a final norm. No dropout, no drop path. */
#include "model.h"

static Tensor *
vision_block (Scope *scope, const VisionEncoder *vision, int index, Tensor *x, AttentionTap *tap,
              const Observer *observer)
{
  const VisionBlock *block = &vision->blocks[index];
  int64_t c = tensor_columns (x);
  Tensor *h = op_layer_norm (scope, x, block->norm1.gamma, block->norm1.beta, vision->eps);
  Tensor *qkv = op_linear (scope, h, block->qkv.weight, block->qkv.bias, EPILOGUE_NONE, NULL);
  Tensor *q = scope_own (scope, tensor_column_block (qkv, 0, c));
  Tensor *k = scope_own (scope, tensor_column_block (qkv, c, c));
  Tensor *v = scope_own (scope, tensor_column_block (qkv, 2 * c, c));
  bool tapped = tap != NULL && tap->layer == index;
  Tensor *context;

  if (tapped || (observer != NULL && observer->attention))
    {
      Tensor *probs = op_attention_probs (scope, q, k, NULL, vision->heads);

      if (tapped)
        {
          tap->map = tensor_ref (probs);
          if (tap->watch)
            tape_watch (probs);
        }
      if (observer != NULL)
        observer->see (observer->user_data, OBSERVE_VISION_ATTENTION, index, probs);
      context = op_attention_context (scope, probs, v);
    }
  else
    context = op_attention (scope, q, k, v, NULL, vision->heads);

  x = op_linear (scope, context, block->proj.weight, block->proj.bias, EPILOGUE_NONE, x);
  h = op_layer_norm (scope, x, block->norm2.gamma, block->norm2.beta, vision->eps);
  h = op_linear (scope, h, block->fc1.weight, block->fc1.bias, EPILOGUE_GELU, NULL);
  return op_linear (scope, h, block->fc2.weight, block->fc2.bias, EPILOGUE_NONE, x);
}

Tensor *
vision_forward (Scope *scope, const Model *model, Tensor *images, AttentionTap *tap, const Observer *observer)
{
  const VisionEncoder *vision = &model->vision;
  int mark = scope->n_owned;
  Tensor *x = op_patches (scope, images, vision->patch_size);

  x = op_linear (scope, x, vision->patch.weight, vision->patch.bias, EPILOGUE_NONE, NULL);
  if (observer != NULL)
    observer->see (observer->user_data, OBSERVE_PATCHES, 0, x);
  x = op_prepend_token (scope, vision->cls_token, x);
  x = op_add (scope, x, vision->pos_embed);
  for (int i = 0; i < vision->depth; i++)
    {
      if (scope_cancelled (scope))
        return NULL;
      x = vision_block (scope, vision, i, x, tap, observer);
      if (observer != NULL)
        observer->see (observer->user_data, OBSERVE_VISION_BLOCK, i, x);
      x = scope_collect (scope, mark, x);
    }
  x = op_layer_norm (scope, x, vision->norm.gamma, vision->norm.beta, vision->eps);
  return scope_collect (scope, mark, x);
}
