/* SPDX-License-Identifier: MIT
 * The image encoder: ViT (Dosovitskiy et al. 2021) as timm wrote it for ALBEF: patches, class token,
 * positions, pre-norm blocks, a final norm. No dropout, no drop path. */
#include "model.h"

#include <stddef.h>

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

/* ---------------------------------------------------------------------------------------------------
 * A block that is computed again for its gradients: only its input is kept
 */

static void
again_gradient (Scope *scope, const TapeNode *node, Tensor *d_output)
{
  Tensor *input = node->inputs[0], *x = scope_own (scope, tensor_detach (input)), *y;
  Tape *outer = scope->tape;

  scope->tape = tape_new_within (outer);
  tape_watch (x);
  y = vision_block (scope, node->context, (int) node->number, x, NULL, NULL);
  tape_backward (scope, y, d_output);
  tape_free (scope->tape);
  scope->tape = outer;
  if (input->needs_grad)
    BACKEND_RUN (scope->backend, KERNEL_ADD_SCALED, add_scaled, .a = tensor_view (tensor_grad (x)),
                 .y = tensor_view (tensor_grad (input)), .n = tensor_numel (input), .alpha = 1);
}

static const OpRule again = { "vision block, again", again_gradient };

/* Does anything in the block learn? */
static bool
block_learns (const VisionBlock *block)
{
  Tensor *const weights[] = { block->norm1.gamma, block->norm1.beta, block->norm2.gamma, block->norm2.beta,
                              block->qkv.weight,  block->qkv.bias,   block->proj.weight, block->proj.bias,
                              block->fc1.weight,  block->fc1.bias,   block->fc2.weight,  block->fc2.bias };

  for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++)
    if (weights[i]->needs_grad)
      return true;
  return false;
}

static Tensor *
vision_block_again (Scope *scope, const VisionEncoder *vision, int index, Tensor *x)
{
  Tape *tape = scope->tape;
  Tensor *y;
  TapeNode *node;

  /* Recorded and thrown away: without a tape attention is fused, which rounds otherwise. */
  scope->tape = tape_new ();
  y = vision_block (scope, vision, index, x, NULL, NULL);
  tape_free (scope->tape);
  scope->tape = tape;
  if (x->needs_grad || block_learns (&vision->blocks[index]))
    {
      node = tape_append (scope, &again, y, &x, 1);
      node->context = vision;
      node->number = index;
    }
  return y;
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
      if (scope->recompute && scope->tape != NULL && tap == NULL && observer == NULL)
        x = vision_block_again (scope, vision, i, x);
      else
        x = vision_block (scope, vision, i, x, tap, observer);
      if (observer != NULL)
        observer->see (observer->user_data, OBSERVE_VISION_BLOCK, i, x);
      x = scope_collect (scope, mark, x);
    }
  x = op_layer_norm (scope, x, vision->norm.gamma, vision->norm.beta, vision->eps);
  return scope_collect (scope, mark, x);
}
