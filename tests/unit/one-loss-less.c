/* SPDX-License-Identifier: MIT
 * Linked into albef and conformance with --wrap=part_match, to see that both notice: a step whose match loss is 0. */
#include "step-parts.h"

Tensor *__real_part_match (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings,
                           Tensor *self_mask, const ImageKeys *keys, AttentionTap *tap, StepTrace *trace);
Tensor *__wrap_part_match (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings,
                           Tensor *self_mask, const ImageKeys *keys, AttentionTap *tap, StepTrace *trace);

Tensor *
__wrap_part_match (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings, Tensor *self_mask,
                   const ImageKeys *keys, AttentionTap *tap, StepTrace *trace)
{
  __real_part_match (scope, learner, batch, settings, self_mask, keys, tap, trace);
  return trace->loss_itm = scope_own (scope, tensor_zeros (scope->backend, 0, NULL));
}
