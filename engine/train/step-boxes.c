/* SPDX-License-Identifier: MIT
 * Training from boxes without maps: the patch-label stage and the loss on the attention itself. Not part of ALBEF. */
#include <stdlib.h>

#include "error.h"
#include "step-parts.h"

Tensor *
step_patches (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings, StepTrace *trace)
{
  const Model *model = learner->model;
  int64_t p = (int64_t) model->vision.grid * model->vision.grid, c = model->config.vision_width, n = batch->batch * (p + 1);
  int32_t *labels = mem_new0 ((size_t) n, sizeof *labels);
  float *weights = mem_new0 ((size_t) n, sizeof *weights), sum = 0;
  Tensor *tokens;

  *trace = (StepTrace) { 0 };
  scope->dropout = settings->dropout;
  tokens = vision_forward (scope, model, part_images (scope, model, batch->batch, batch->images), NULL, NULL);
  trace->patch_logits = op_linear (scope, scope_own (scope, tensor_reshape (tokens, 2, (int64_t[]) { n, c })),
                                   learner->patches.weight, learner->patches.bias, EPILOGUE_NONE, NULL);
  for (int64_t i = 0; i < n; i++)
    if (i % (p + 1) == 0)
      labels[i] = -1; /* the class token */
    else
      {
        labels[i] = batch->patch_labels[i / (p + 1) * p + i % (p + 1) - 1];
        sum += weights[i] = labels[i] == 0 ? settings->none_weight : 1;
      }
  for (int64_t i = 0; i < n && sum > 0; i++)
    weights[i] /= sum;
  trace->loss = trace->loss_patches = part_classify (scope, learner, trace->patch_logits, NULL, labels, weights, NULL);
  free (labels);
  free (weights);
  scope->dropout = NULL;
  return trace->loss;
}

#define ATTENTION_EPS 1e-3f

Tensor *
part_attention (Scope *scope, const Batch *batch, const StepSettings *settings, Tensor *map, StepTrace *trace)
{
  int64_t heads = map->shape[1], tokens = map->shape[2], keys = map->shape[3], n = batch->noun_tokens, rows = n * heads;
  int32_t *index = mem_new0 ((size_t) rows, sizeof *index);
  float *cells = mem_new0 ((size_t) (rows * keys), sizeof *cells);
  Tensor *picked, *losses;

  /* The heads of a token side by side in one row: a box's mass over all of them, each counted 1 / heads. */
  for (int64_t i = 0; i < n; i++)
    for (int64_t h = 0; h < heads; h++)
      {
        int64_t row = batch->noun_place[2 * i], token = batch->noun_place[2 * i + 1];

        index[i * heads + h] = (int32_t) ((row * heads + h) * tokens + token);
        for (int64_t k = 1; k < keys; k++)
          cells[(i * heads + h) * keys + k] = batch->noun_cells[i * (keys - 1) + k - 1] / (float) heads;
      }
  picked = op_gather_rows (scope, scope_own (scope, tensor_reshape (map, 2, (int64_t[]) { tensor_rows (map), keys })),
                           part_ints (scope, 1, &rows, index), -1);
  picked = scope_own (scope, tensor_reshape (picked, 2, (int64_t[]) { n, heads * keys }));
  losses = op_log_mass (scope, picked, part_floats (scope, 2, picked->shape, cells), ATTENTION_EPS);
  trace->loss_attention = op_sum (scope, losses, settings->attention_weight / (float) n);
  free (index);
  free (cells);
  return trace->loss_attention;
}
