/* SPDX-License-Identifier: MIT
 * Entailment, NLVR2, VQA, text assignment: the release's model_ve.py, model_nlvr.py, model_vqa.py and
 * model_pretrain_nlvr.py. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "step-parts.h"

/* ---------------------------------------------------------------------------------------------------
 * Classifiers
 */

/* One image a text, or, for NLVR2, two: the batch's images are then first ones and second ones. */
static Tensor *
classify (Scope *scope, const Model *model, const Batch *batch, Tensor *ids, Tensor *self_mask, Tensor *images)
{
  Tensor *tokens = vision_forward (scope, model, images, NULL, NULL), *first = tokens, *second = NULL;

  if (model->config.kind == MODEL_NLVR2)
    {
      first = scope_own (scope, tensor_row_block (tokens, 0, batch->batch));
      second = scope_own (scope, tensor_row_block (tokens, batch->batch, batch->batch));
    }
  return head_two_layers (scope, model->cls_head, multimodal_forward (scope, model, ids, self_mask, first, second));
}

Tensor *
step_classify (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings, StepTrace *trace)
{
  int64_t n = learner->model->config.kind == MODEL_NLVR2 ? 2 * batch->batch : batch->batch;
  Tensor *images = part_images (scope, learner->model, n, batch->images);
  Tensor *ids = part_ints (scope, 2, (int64_t[]) { batch->batch, batch->tokens }, batch->ids);
  Tensor *self_mask = mask_tensor (scope, batch->mask, batch->batch, batch->tokens, -10000.0f);

  *trace = (StepTrace) { 0 };
  scope->dropout = settings->dropout;
  trace->prediction = classify (scope, learner->model, batch, ids, self_mask, images);
  if (settings->distill)
    WITHOUT_TAPE (scope, {
      learner_follow (learner);
      trace->prediction_m = classify (scope, learner->twin, batch, ids, self_mask, images);
    });
  trace->loss = part_classify (scope, learner, trace->prediction, trace->prediction_m, batch->labels, NULL, NULL);
  scope->dropout = NULL;
  return trace->loss;
}

/* ---------------------------------------------------------------------------------------------------
 * VQA
 */

Tensor *
part_causal_mask (Scope *scope, const int64_t *mask, int64_t a, int64_t s)
{
  float *values = mem_new0 ((size_t) (a * s * s), sizeof *values);
  Tensor *tensor;

  for (int64_t i = 0; i < a; i++)
    for (int64_t q = 0; q < s; q++)
      for (int64_t k = 0; k < s; k++)
        values[(i * s + q) * s + k] = k > q || mask[i * s + k] == 0 ? -10000.0f : 0;
  tensor = part_floats (scope, 3, (int64_t[]) { a, s, s }, values);
  free (values);
  return tensor;
}

/* The question's states, repeated for each of its answers. */
static Tensor *
question_states (Scope *scope, const Model *model, const Batch *batch, Tensor *images, Tensor *ids, Tensor *self_mask,
                 Tensor *index)
{
  Tensor *tokens = vision_forward (scope, model, images, NULL, NULL);

  return op_gather_blocks (scope, multimodal_forward (scope, model, ids, self_mask, tokens, NULL), index);
}

Tensor *
part_decode (Scope *scope, const Model *model, Tensor *answers, Tensor *mask, Tensor *states, Tensor *cross_mask)
{
  const Bert *decoder = &model->decoder;
  ImageKeys *keys = part_keys (scope, decoder, states);
  BertOptions options = { .self_mask = mask, .keys = keys, .cross_mask = cross_mask };
  Tensor *hidden = bert_layers (scope, decoder, bert_embed (scope, decoder, answers, NULL), 0, decoder->n_layers, &options);

  free (keys);
  return mlm_logits (scope, &model->decoder_mlm, decoder, hidden);
}

/* Rows that predict: logits at t say token t + 1. A (S - 1) x V. */
static Tensor *
predicting_rows (Scope *scope, Tensor *logits)
{
  int64_t a = logits->shape[0], s = logits->shape[1], v = logits->shape[2], n = a * (s - 1);
  int32_t *rows = mem_new0 ((size_t) n + 1, sizeof *rows);
  Tensor *picked;

  for (int64_t i = 0; i < n; i++)
    rows[i] = (int32_t) (i / (s - 1) * s + i % (s - 1));
  picked = op_gather_rows (scope, scope_own (scope, tensor_reshape (logits, 2, (int64_t[]) { a * s, v })),
                           part_ints (scope, 1, &n, rows), -1);
  free (rows);
  return picked;
}

Tensor *
step_vqa (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings, StepTrace *trace)
{
  int64_t a = batch->answers, s = batch->answer_tokens, t = batch->tokens, n = a * (s - 1);
  Tensor *images = part_images (scope, learner->model, batch->batch, batch->images);
  Tensor *ids = part_ints (scope, 2, (int64_t[]) { batch->batch, t }, batch->ids);
  Tensor *self_mask = mask_tensor (scope, batch->mask, batch->batch, t, -10000.0f);
  Tensor *answers = part_ints (scope, 2, (int64_t[]) { a, s }, batch->answer_ids);
  Tensor *index = part_ints (scope, 1, &a, batch->answer_question), *causal = part_causal_mask (scope, batch->answer_mask, a, s);
  int64_t *question_mask = mem_new0 ((size_t) (a * t), sizeof *question_mask);
  int32_t *labels = mem_new0 ((size_t) n + 1, sizeof *labels);
  float *weights = mem_new0 ((size_t) n + 1, sizeof *weights);
  Tensor *cross_mask, *rows, *rows_m = NULL, *losses;

  *trace = (StepTrace) { 0 };
  scope->dropout = settings->dropout;
  for (int64_t i = 0; i < a; i++)
    memcpy (question_mask + i * t, batch->mask + batch->answer_question[i] * t, (size_t) t * sizeof *question_mask);
  for (int64_t i = 0; i < n; i++)
    {
      int64_t answer = i / (s - 1), token = answer * s + i % (s - 1) + 1;
      bool padding = batch->answer_ids[token] == batch->pad_id;

      labels[i] = padding ? -1 : batch->answer_ids[token];
      weights[i] = padding ? 0 : batch->answer_weights[answer] / (float) batch->batch;
    }
  cross_mask = mask_tensor (scope, question_mask, a, t, -1e9f);
  trace->question_states = question_states (scope, learner->model, batch, images, ids, self_mask, index);
  if (settings->distill)
    WITHOUT_TAPE (scope, {
      Tensor *states;

      learner_follow (learner);
      states = question_states (scope, learner->twin, batch, images, ids, self_mask, index);
      trace->logits_m = part_decode (scope, learner->twin, answers, causal, states, cross_mask);
      rows_m = predicting_rows (scope, trace->logits_m);
    });
  trace->answer_logits = part_decode (scope, learner->model, answers, causal, trace->question_states, cross_mask);
  rows = predicting_rows (scope, trace->answer_logits);
  trace->loss = part_classify (scope, learner, rows, rows_m, labels, weights, &losses);
  trace->answer_loss = losses;
  free (question_mask);
  free (labels);
  free (weights);
  scope->dropout = NULL;
  return trace->loss;
}

/* ---------------------------------------------------------------------------------------------------
 * Text assignment
 */

#define ASSIGNMENT_TEMPERATURE 0.07f /* fixed in the official code */

/* The pictures of each text by its label: 0 own and a negative, 1 a negative and own, 2 two different negatives. */
static void
draw_pairs (Scope *scope, const Batch *batch, Tensor *weights, Tensor **first, Tensor **second)
{
  int64_t b = batch->batch, three = 3 * b;
  int32_t *places = mem_new0 ((size_t) three, sizeof *places), *picks = mem_new0 ((size_t) (2 * b), sizeof *picks);
  Tensor *candidates, *draw, *once, *taken;

  for (int64_t i = 0; i < b; i++)
    {
      int32_t own = (int32_t) i, one = (int32_t) (b + i), other = (int32_t) (2 * b + i);

      places[i] = own;
      picks[i] = batch->labels[i] == 0 ? own : one;
      picks[b + i] = batch->labels[i] == 0 ? one : batch->labels[i] == 1 ? own : other;
    }
  candidates = part_ints (scope, 1, &three, places);
  draw = scope_own (scope, tensor_row_block (candidates, b, b));
  BACKEND_RUN (scope->backend, KERNEL_DRAW, draw, .weight = tensor_view (weights), .u = tensor_view (part_floats (scope, 1, &b, batch->draw_image)),
               .index = tensor_view (draw), .rows = b, .n = b);
  /* Without putting the first back: its weight becomes 0. */
  once = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 2, weights->shape));
  taken = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 2, weights->shape));
  BACKEND_RUN (scope->backend, KERNEL_SOFT_TARGETS, soft_targets, .label = tensor_view (draw), .out = tensor_view (taken), .rows = b, .n = b);
  BACKEND_RUN (scope->backend, KERNEL_COPY, copy, .in = tensor_view (weights), .out = tensor_view (once), .n0 = 1, .n1 = 1, .n2 = b * b);
  BACKEND_RUN (scope->backend, KERNEL_ADD_SCALED, add_scaled, .a = tensor_view (taken), .y = tensor_view (once), .n = b * b, .alpha = -2);
  BACKEND_RUN (scope->backend, KERNEL_CLAMP, clamp, .x = tensor_view (once), .n = b * b, .low = 0, .high = 1);
  draw = scope_own (scope, tensor_row_block (candidates, 2 * b, b));
  BACKEND_RUN (scope->backend, KERNEL_DRAW, draw, .weight = tensor_view (once), .u = tensor_view (part_floats (scope, 1, &b, batch->draw_text)),
               .index = tensor_view (draw), .rows = b, .n = b);
  /* Drawn pictures are picture numbers; own places are too. */
  *first = part_pick_ints (scope, candidates, part_ints (scope, 1, &b, picks));
  *second = part_pick_ints (scope, candidates, part_ints (scope, 1, &b, picks + b));
  free (places);
  free (picks);
}

Tensor *
step_assignment (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings, StepTrace *trace)
{
  const Model *model = learner->model;
  int64_t b = batch->batch;
  Tensor *images = part_images (scope, model, b, batch->images);
  Tensor *ids = part_ints (scope, 2, (int64_t[]) { b, batch->tokens }, batch->ids);
  Tensor *self_mask = mask_tensor (scope, batch->mask, b, batch->tokens, -10000.0f);
  Tensor *first, *second, *tokens, *hidden;

  *trace = (StepTrace) { 0 };
  scope->dropout = settings->dropout;
  tokens = vision_forward (scope, model, images, NULL, NULL);
  WITHOUT_TAPE (scope, {
    Tensor *features = project_cls (scope, &model->vision_proj, scope_own (scope, tensor_detach (tokens)));

    trace->image_feat = features;
    trace->assignment_sim = op_scale (scope, op_similarity (scope, features, features), 1 / ASSIGNMENT_TEMPERATURE);
    trace->assignment_weights = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 2, (int64_t[]) { b, b }));
    BACKEND_RUN (scope->backend, KERNEL_NEGATIVE_WEIGHTS, negative_weights, .x = tensor_view (trace->assignment_sim),
                 .out = tensor_view (trace->assignment_weights), .rows = b, .n = b, .ldx = b);
  });
  if (batch->pair_image0 != NULL)
    {
      first = part_ints (scope, 1, &b, batch->pair_image0);
      second = part_ints (scope, 1, &b, batch->pair_image1);
    }
  else
    draw_pairs (scope, batch, trace->assignment_weights, &first, &second);
  hidden = multimodal_forward (scope, model, ids, self_mask, op_gather_blocks (scope, tokens, first),
                               op_gather_blocks (scope, tokens, second));
  trace->prediction = head_cls (scope, &model->ta_head, hidden);
  trace->loss = part_classify (scope, learner, trace->prediction, NULL, batch->labels, NULL, NULL);
  scope->dropout = NULL;
  return trace->loss;
}
