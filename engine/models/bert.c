/* SPDX-License-Identifier: MIT
 * Text and fusion encoder: BERT (Devlin et al. 2019), post-norm, with ALBEF's cross-attention between
 * self-attention and feed-forward in the upper layers (paper, section 3.1).
 *
 * Fusion mode starts from the text-mode output without embeddings or LayerNorm in between, so both modes are
 * bert_layers over another range. Rows of padded tokens are computed like all others. */
#include "model.h"

#include <stdlib.h>

#include "error.h"

Tensor *
bert_embed (Scope *scope, const Bert *bert, Tensor *ids, const Observer *observer)
{
  int mark = scope->n_owned;
  int64_t tokens = ids->shape[1];
  Tensor *positions = scope_own (scope, tensor_row_block (bert->position, 0, tokens));
  Tensor *type = scope_own (scope, tensor_row_block (bert->type, 0, 1));
  Tensor *x = op_gather_rows (scope, bert->word, ids, 0);

  x = op_add (scope, x, type);
  x = op_add (scope, x, positions);
  x = op_layer_norm (scope, x, bert->norm.gamma, bert->norm.beta, bert->eps);
  if (observer != NULL)
    observer->see (observer->user_data, OBSERVE_EMBEDDINGS, 0, x);
  return scope_collect (scope, mark, op_dropout (scope, x));
}

ImageKeys
fusion_keys (Scope *scope, const Bert *bert, int layer, Tensor *image_tokens)
{
  const AttentionBlock *cross = &bert->layers[layer].cross;

  return (ImageKeys) {
    op_linear (scope, image_tokens, cross->key.weight, cross->key.bias, EPILOGUE_NONE, NULL),
    op_linear (scope, image_tokens, cross->value.weight, cross->value.bias, EPILOGUE_NONE, NULL),
  };
}

/* softmax (q k^T) v with the map kept where somebody looks at it. */
static Tensor *
attend (Scope *scope, const Bert *bert, Tensor *q, Tensor *k, Tensor *v, Tensor *mask, AttentionTap *tap,
        const Observer *observer, ObservePoint point, int layer)
{
  Tensor *probs;

  if (tap == NULL && (observer == NULL || !observer->attention) && !scope_drops (scope))
    return op_attention (scope, q, k, v, mask, bert->heads);
  probs = op_attention_probs (scope, q, k, mask, bert->heads);
  if (tap != NULL)
    {
      tap->map = tensor_ref (probs);
      if (tap->watch)
        tape_watch (probs);
    }
  if (observer != NULL)
    observer->see (observer->user_data, point, layer, probs);
  return op_attention_context (scope, op_dropout (scope, probs), v); /* a tap keeps the map before dropout */
}

/* One sub-layer's end: norm (dropout (dense (context)) + input). */
static Tensor *
finish (Scope *scope, const Bert *bert, Tensor *context, const Dense *dense, const Norm *norm, Tensor *input)
{
  Tensor *x;

  if (scope_drops (scope))
    {
      x = op_linear (scope, context, dense->weight, dense->bias, EPILOGUE_NONE, NULL);
      x = op_add (scope, op_dropout (scope, x), op_contiguous (scope, input));
    }
  else
    x = op_linear (scope, context, dense->weight, dense->bias, EPILOGUE_NONE, input);
  return op_layer_norm (scope, x, norm->gamma, norm->beta, bert->eps);
}

static Tensor *
bert_layer (Scope *scope, const Bert *bert, int index, Tensor *hidden, const BertOptions *options, bool cls_only)
{
  const BertLayer *layer = &bert->layers[index];
  const AttentionBlock *self = &layer->self, *cross = &layer->cross;
  AttentionTap *tap = options->tap != NULL && options->tap->layer == index ? options->tap : NULL;
  Tensor *k = op_linear (scope, hidden, self->key.weight, self->key.bias, EPILOGUE_NONE, NULL);
  Tensor *v = op_linear (scope, hidden, self->value.weight, self->value.bias, EPILOGUE_NONE, NULL);
  Tensor *rows = hidden; /* the tokens this layer is asked for */
  Tensor *q, *x;

  if (cls_only)
    {
      /* Every token still serves as key and value; only [CLS] asks. The mask then has one query row. */
      Tensor *cls = scope_own (scope, tensor_token (hidden, 0));

      rows = scope_own (scope, tensor_unsqueeze (cls));
    }
  q = op_linear (scope, rows, self->query.weight, self->query.bias, EPILOGUE_NONE, NULL);
  x = attend (scope, bert, q, k, v, options->self_mask, NULL, options->observer, OBSERVE_SELF_ATTENTION, index);
  x = finish (scope, bert, x, &self->output, &self->norm, rows);
  if (cross->query.weight != NULL && options->keys != NULL)
    {
      const ImageKeys *keys = &options->keys[index];
      Tensor *context;

      q = op_linear (scope, x, cross->query.weight, cross->query.bias, EPILOGUE_NONE, NULL);
      context = attend (scope, bert, q, keys->key, keys->value, options->cross_mask, tap, options->observer,
                        OBSERVE_CROSS_ATTENTION, index);
      x = finish (scope, bert, context, &cross->output, &cross->norm, x);
    }
  q = op_linear (scope, x, layer->intermediate.weight, layer->intermediate.bias, EPILOGUE_GELU, NULL);
  return finish (scope, bert, q, &layer->output, &layer->norm, x);
}

Tensor *
bert_layers (Scope *scope, const Bert *bert, Tensor *hidden, int first, int last, const BertOptions *options)
{
  int mark = scope->n_owned;

  for (int i = first; i < last; i++)
    {
      bool cls_only = options->cls_only_last && i == last - 1;

      if (scope_cancelled (scope))
        return NULL;
      hidden = bert_layer (scope, bert, i, hidden, options, cls_only);
      if (options->observer != NULL)
        options->observer->see (options->observer->user_data, OBSERVE_BERT_LAYER, i, hidden);
      hidden = scope_collect (scope, mark, hidden);
    }
  return hidden;
}

Tensor *
multimodal_forward (Scope *scope, const Model *model, Tensor *ids, Tensor *self_mask, Tensor *image_tokens,
                    Tensor *second_tokens)
{
  const Bert *bert = &model->text;
  ImageKeys *keys = mem_new0 ((size_t) bert->n_layers, sizeof *keys);
  BertOptions options = { .self_mask = self_mask, .keys = keys };
  Tensor *hidden;

  for (int l = bert->fusion_layer; l < bert->n_layers; l++)
    {
      bool second = second_tokens != NULL && (l - bert->fusion_layer) % 2 == 1;

      keys[l] = fusion_keys (scope, bert, l, second ? second_tokens : image_tokens);
    }
  hidden = bert_layers (scope, bert, bert_embed (scope, bert, ids, NULL), 0, bert->n_layers, &options);
  free (keys);
  return hidden;
}

Tensor *
mask_tensor (Scope *scope, const int64_t *mask, int64_t batch, int64_t tokens, float penalty)
{
  int64_t n = batch * tokens;
  float *values = mem_new0 ((size_t) n, sizeof *values);
  Tensor *tensor = NULL;
  bool any = false;

  for (int64_t i = 0; i < n; i++)
    {
      values[i] = (1.0f - (float) mask[i]) * penalty;
      any = any || mask[i] != 1;
    }
  if (any)
    tensor = scope_own (scope, tensor_from_host (scope->backend, DTYPE_F32, 2, (int64_t[]) { batch, tokens }, values));
  free (values);
  return tensor;
}
