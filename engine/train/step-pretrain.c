/* SPDX-License-Identifier: MIT
 * Pre-training and retrieval: the order of the release's model_pretrain.py and model_retrieval.py. Online features,
 * then the momentum update, then the teacher's features, similarities against the old queues, enqueue, ITM, MLM. */
#include <stdlib.h>

#include "step-parts.h"

static Tensor *
add_losses (Scope *scope, Tensor *a, Tensor *b)
{
  return b != NULL ? op_add (scope, a, b) : a;
}

Tensor *
step_pretrain (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings, StepTrace *trace)
{
  const Bert *bert = &learner->model->text;
  Tensor *images = part_images (scope, learner->model, batch->batch, batch->images);
  Tensor *ids = part_ints (scope, 2, (int64_t[]) { batch->batch, batch->tokens }, batch->ids);
  Tensor *self_mask = mask_tensor (scope, batch->mask, batch->batch, batch->tokens, -10000.0f);
  bool regions = batch->region_masks != NULL, attention = settings->attention_weight > 0 && batch->noun_tokens > 0;
  AttentionTap tap = { regions ? batch->tap_layer : batch->attention_layer, regions, NULL };
  ImageKeys *keys, *teacher_keys = NULL;
  uint32_t stream;

  *trace = (StepTrace) { 0 };
  scope->dropout = settings->dropout;
  if (settings->clamp_high > 0)
    BACKEND_RUN (scope->backend, KERNEL_CLAMP, clamp, .x = tensor_view (learner->model->temp), .n = 1,
                 .low = settings->clamp_low, .high = settings->clamp_high);
  part_contrast (scope, learner, batch, settings, images, ids, self_mask, trace);
  keys = part_keys (scope, bert, trace->image_embeds);
  if (settings->distill && !settings->mlm_hard)
    WITHOUT_TAPE (scope, teacher_keys = part_keys (scope, &learner->twin->text, trace->image_embeds_m));
  stream = scope->dropout != NULL ? scope->dropout->stream : 0;
  part_match (scope, learner, batch, settings, self_mask, keys, regions || attention ? &tap : NULL, trace);
  trace->loss = op_add (scope, trace->loss_ita, trace->loss_itm);
  if (batch->masked_ids != NULL)
    {
      part_mlm (scope, learner, batch, settings, self_mask, keys, teacher_keys, trace);
      trace->loss = add_losses (scope, trace->loss, trace->loss_mlm);
    }
  if (attention)
    trace->loss = op_add (scope, trace->loss, part_attention (scope, batch, settings, tap.map, trace));
  if (regions)
    trace->loss = op_add (scope, trace->loss, part_amc (scope, learner, batch, self_mask, keys, &tap, stream, trace));
  tap_clear (&tap);
  free (keys);
  free (teacher_keys);
  scope->dropout = NULL;
  return trace->loss;
}

Tensor *
step_retrieval (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings, StepTrace *trace)
{
  Tensor *images = part_images (scope, learner->model, batch->batch, batch->images);
  Tensor *ids = part_ints (scope, 2, (int64_t[]) { batch->batch, batch->tokens }, batch->ids);
  Tensor *self_mask = mask_tensor (scope, batch->mask, batch->batch, batch->tokens, -10000.0f);
  ImageKeys *keys;

  *trace = (StepTrace) { 0 };
  scope->dropout = settings->dropout;
  part_contrast (scope, learner, batch, settings, images, ids, self_mask, trace);
  keys = part_keys (scope, &learner->model->text, trace->image_embeds);
  part_match (scope, learner, batch, settings, self_mask, keys, NULL, trace);
  trace->loss = op_add (scope, trace->loss_ita, trace->loss_itm);
  free (keys);
  scope->dropout = NULL;
  return trace->loss;
}
