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

Tensor *
step_assignment (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings, StepTrace *trace)
{
  const Model *model = learner->model;
  int64_t b = batch->batch;
  Tensor *images = part_images (scope, model, b, batch->images);
  Tensor *ids = part_ints (scope, 2, (int64_t[]) { b, batch->tokens }, batch->ids);
  Tensor *self_mask = mask_tensor (scope, batch->mask, b, batch->tokens, -10000.0f);
  Tensor *first = part_ints (scope, 1, &b, batch->pair_image0), *second = part_ints (scope, 1, &b, batch->pair_image1);
  Tensor *tokens, *hidden;

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
  hidden = multimodal_forward (scope, model, ids, self_mask, op_gather_blocks (scope, tokens, first),
                               op_gather_blocks (scope, tokens, second));
  trace->prediction = head_cls (scope, &model->ta_head, hidden);
  trace->loss = part_classify (scope, learner, trace->prediction, NULL, batch->labels, NULL, NULL);
  scope->dropout = NULL;
  return trace->loss;
}
