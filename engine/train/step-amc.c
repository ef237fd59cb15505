/* SPDX-License-Identifier: MIT
 * AMC, attention-mask consistency (Yang et al., CVPR 2023): a loss L (A, g) on a map made of an attention A and of
 * g = d (ITM logit) / dA. Its gradient has two parts,
 *
 *   dL/dtheta = u . dA/dtheta + v . dg/dtheta,   u = dL/dA,  v = dL/dg,
 *
 * and v . dg/dtheta = d <v, g> / dtheta with v held fixed. <v, g> is the derivative of the logit along v in A, so it is
 * computed by carrying a tangent from the tapped map up to the logit (forward mode), and the tape differentiates that
 * once more. Three passes over the fusion layers above the tap: for g, for the tangent, and its backward pass; no
 * gradient rule needs a second form. */
#include <stdlib.h>

#include "error.h"
#include "step-parts.h"

#define WEIGHT_MEAN 0.2f /* literals of the published code */
#define WEIGHT_MAX 0.8f
#define MIN_MAX_EPS 1e-7f

/* ---------------------------------------------------------------------------------------------------
 * g: the gradient at the tap, apart from everything the step records
 */

static Tensor *
detached (Scope *scope, Tensor *tensor)
{
  return tensor != NULL ? scope_own (scope, tensor_detach (tensor)) : NULL;
}

static void
pause_parameters (Learner *learner, bool pause)
{
  for (int i = 0; i < learner->n_parameters; i++)
    learner->parameters[i].weight->needs_grad = !pause && !learner->parameters[i].frozen;
}

static Tensor *
gradient_at_tap (Scope *scope, Learner *learner, Tensor *texts, Tensor *self_mask, const ImageKeys *keys, int layer)
{
  const Model *model = learner->model;
  const Bert *bert = &model->text;
  int64_t b = texts->shape[0];
  ImageKeys *still = mem_new0 ((size_t) bert->n_layers, sizeof *still);
  AttentionTap tap = { layer, true, NULL };
  BertOptions options = { .self_mask = self_mask, .keys = still, .tap = &tap };
  Tape *outer = scope->tape;
  float *one_hot = mem_new0 ((size_t) (2 * b), sizeof *one_hot);
  Tensor *logits, *gradient;

  for (int l = bert->fusion_layer; l < bert->n_layers; l++)
    still[l] = (ImageKeys) { detached (scope, keys[l].key), detached (scope, keys[l].value) };
  for (int64_t i = 0; i < b; i++)
    one_hot[2 * i + 1] = 1;
  pause_parameters (learner, true);
  scope->tape = tape_new ();
  logits = head_cls (scope, &model->itm_head,
                     bert_layers (scope, bert, detached (scope, texts), bert->fusion_layer, bert->n_layers, &options));
  tape_backward (scope, logits, part_floats (scope, 2, (int64_t[]) { b, 2 }, one_hot));
  gradient = scope_own (scope, tensor_ref (tensor_grad (tap.map)));
  tape_free (scope->tape);
  scope->tape = outer;
  pause_parameters (learner, false);
  tap_clear (&tap);
  free (still);
  free (one_hot);
  return gradient;
}

/* ---------------------------------------------------------------------------------------------------
 * The tangent of the logit
 */

/* A value and its tangent along v; dot NULL: zero. */
typedef struct
{
  Tensor *value, *dot;
} Dual;

static Dual
dual_linear (Scope *scope, const Dense *dense, Dual x)
{
  return (Dual) {
    op_linear (scope, x.value, dense->weight, dense->bias, EPILOGUE_NONE, NULL),
    x.dot != NULL ? op_linear (scope, x.dot, dense->weight, NULL, EPILOGUE_NONE, NULL) : NULL,
  };
}

/* Value and tangent fall under the same mask. */
static Dual
dual_dropout (Scope *scope, Dual x)
{
  uint32_t stream = scope->dropout != NULL ? scope->dropout->stream : 0;
  Dual y = { op_dropout (scope, x.value), NULL };

  if (x.dot != NULL)
    {
      if (scope->dropout != NULL)
        scope->dropout->stream = stream;
      y.dot = op_dropout (scope, x.dot);
    }
  return y;
}

static Tensor *
add_dots (Scope *scope, Tensor *a, Tensor *b)
{
  if (a == NULL || b == NULL)
    return a != NULL ? a : b;
  return op_add (scope, a, b);
}

/* norm (dropout (dense (x)) + input). */
static Dual
dual_finish (Scope *scope, const Bert *bert, Dual x, const Dense *dense, const Norm *norm, Dual input)
{
  Dual z = dual_dropout (scope, dual_linear (scope, dense, x));

  z.value = op_add (scope, z.value, input.value);
  z.dot = add_dots (scope, z.dot, input.dot);
  return (Dual) {
    op_layer_norm (scope, z.value, norm->gamma, norm->beta, bert->eps),
    z.dot != NULL ? op_layer_norm_tangent (scope, z.value, z.dot, norm->gamma, bert->eps) : NULL,
  };
}

/* Attention; `along` (may be NULL) is added to the tangent of the probabilities: the direction v at the tap. */
static Dual
dual_attend (Scope *scope, const Bert *bert, Dual q, Dual k, Dual v, Tensor *mask, Tensor *along)
{
  Dual probs = { op_attention_probs (scope, q.value, k.value, mask, bert->heads), along };
  Tensor *scores = NULL, *out_dot = NULL;

  if (q.dot != NULL)
    scores = op_attention_scores (scope, q.dot, k.value, bert->heads);
  if (k.dot != NULL)
    scores = add_dots (scope, scores, op_attention_scores (scope, q.value, k.dot, bert->heads));
  if (scores != NULL)
    probs.dot = add_dots (scope, op_tangent (scope, probs.value, scores, TANGENT_SOFTMAX), along);
  probs = dual_dropout (scope, probs);
  if (probs.dot != NULL)
    out_dot = op_attention_context (scope, probs.dot, v.value);
  if (v.dot != NULL)
    out_dot = add_dots (scope, out_dot, op_attention_context (scope, probs.value, v.dot));
  return (Dual) { op_attention_context (scope, probs.value, v.value), out_dot };
}

static Dual
dual_layer (Scope *scope, const Bert *bert, int index, Dual x, Tensor *self_mask, const ImageKeys *keys, Tensor *along)
{
  const BertLayer *layer = &bert->layers[index];
  Dual q, k, v, context, pre;

  k = dual_linear (scope, &layer->self.key, x);
  v = dual_linear (scope, &layer->self.value, x);
  q = dual_linear (scope, &layer->self.query, x);
  context = dual_attend (scope, bert, q, k, v, self_mask, NULL);
  x = dual_finish (scope, bert, context, &layer->self.output, &layer->self.norm, x);

  q = dual_linear (scope, &layer->cross.query, x);
  context = dual_attend (scope, bert, q, (Dual) { keys[index].key, NULL }, (Dual) { keys[index].value, NULL }, NULL, along);
  x = dual_finish (scope, bert, context, &layer->cross.output, &layer->cross.norm, x);

  pre = dual_linear (scope, &layer->intermediate, x);
  return dual_finish (scope, bert,
                      (Dual) { op_gelu (scope, pre.value),
                               pre.dot != NULL ? op_tangent (scope, pre.value, pre.dot, TANGENT_GELU) : NULL },
                      &layer->output, &layer->norm, x);
}

/* <v, g>: the derivative of the summed class-1 logits along v in the tapped map. */
static Tensor *
logit_along (Scope *scope, const Model *model, Tensor *texts, Tensor *self_mask, const ImageKeys *keys, int tapped,
             Tensor *v)
{
  const Bert *bert = &model->text;
  Dual x = { texts, NULL };
  Tensor *cls, *logits, *match;

  for (int l = bert->fusion_layer; l < bert->n_layers; l++)
    x = dual_layer (scope, bert, l, x, self_mask, keys, l == tapped ? v : NULL);
  cls = scope_own (scope, tensor_token (x.dot, 0));
  logits = op_linear (scope, cls, model->itm_head.weight, NULL, EPILOGUE_NONE, NULL);
  match = scope_own (scope, tensor_column_block (logits, 1, 1));
  return op_sum (scope, op_contiguous (scope, match), 1);
}

/* ---------------------------------------------------------------------------------------------------
 * The loss
 */

/* L on leaves of its own; u and v (references of the scope's) are its gradients. */
static Tensor *
map_loss (Scope *scope, const Model *model, const Batch *batch, Tensor *attention, Tensor *gradient, StepTrace *trace,
          Tensor **u, Tensor **v)
{
  int64_t b = batch->batch, r = model->config.image_res, grid = model->vision.grid;
  float *real = mem_new0 ((size_t) (b * batch->tokens), sizeof *real);
  static const float weights[2] = { WEIGHT_MEAN, WEIGHT_MAX };
  Tape *outer = scope->tape;
  Tensor *a = detached (scope, attention), *g = detached (scope, gradient), *masks, *weight, *terms, *loss;

  for (int64_t i = 0; i < b * batch->tokens; i++)
    real[i] = (float) batch->mask[i];
  masks = part_floats (scope, 2, (int64_t[]) { b, r * r }, batch->region_masks);
  weight = part_floats (scope, 1, &b, batch->region_weight);
  scope->tape = tape_new ();
  tape_watch (a);
  tape_watch (g);
  trace->cam = op_cam (scope, a, g, part_floats (scope, 2, (int64_t[]) { b, batch->tokens }, real));
  trace->cam = op_bilinear (scope, op_min_max (scope, trace->cam, MIN_MAX_EPS), grid, grid, r, r);
  trace->amc_stats = scope_own (scope, tensor_zeros (scope->backend, 1, (int64_t[]) { 2 + 2 * b }));
  terms = trace->amc_terms = op_amc (scope, trace->cam, masks, weight, batch->amc_per_sample, trace->amc_stats);
  terms = scope_own (scope, tensor_reshape (terms, 2, (int64_t[]) { 1, 2 }));
  loss = op_sum (scope, op_similarity (scope, terms, part_floats (scope, 2, (int64_t[]) { 1, 2 }, weights)), 1);
  tape_backward (scope, loss, NULL);
  *u = scope_own (scope, tensor_ref (tensor_grad (a)));
  *v = scope_own (scope, tensor_ref (tensor_grad (g)));
  tape_free (scope->tape);
  scope->tape = outer;
  free (real);
  return detached (scope, loss);
}

Tensor *
part_amc (Scope *scope, Learner *learner, const Batch *batch, Tensor *self_mask, const ImageKeys *keys,
          const AttentionTap *tap, uint32_t stream, StepTrace *trace)
{
  const Model *model = learner->model;
  uint32_t after = scope->dropout != NULL ? scope->dropout->stream : 0;
  int64_t n = tensor_numel (tap->map);
  Tensor *u, *v, *loss, *linear, *flat;

  if (scope->dropout != NULL)
    scope->dropout->stream = stream;
  trace->attention = scope_own (scope, tensor_ref (tap->map));
  trace->attention_gradient = gradient_at_tap (scope, learner, trace->text_embeds, self_mask, keys, tap->layer);
  loss = map_loss (scope, model, batch, tap->map, trace->attention_gradient, trace, &u, &v);

  /* The tape gets <u, A> + <v, g>, whose gradient is L's; taking its own value away again leaves L's value. */
  flat = scope_own (scope, tensor_reshape (tap->map, 2, (int64_t[]) { 1, n }));
  linear = op_similarity (scope, flat, scope_own (scope, tensor_reshape (u, 2, (int64_t[]) { 1, n })));
  linear = op_sum (scope, linear, 1);
  if (scope->dropout != NULL)
    scope->dropout->stream = stream;
  linear = op_add (scope, linear, logit_along (scope, model, trace->text_embeds, self_mask, keys, tap->layer, v));
  trace->loss_amc = op_add (scope, op_add (scope, linear, op_scale (scope, detached (scope, linear), -1)), loss);
  if (scope->dropout != NULL)
    scope->dropout->stream = after;
  return trace->loss_amc;
}
