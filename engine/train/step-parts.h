/* SPDX-License-Identifier: MIT
 * step-parts.h: what the steps of several tasks are made of. */
#pragma once

#include "steps.h"

/* Host arrays as tensors of the scope. */
Tensor *part_floats (Scope *scope, int n_dims, const int64_t *shape, const float *values);
Tensor *part_ints (Scope *scope, int n_dims, const int64_t *shape, const int32_t *values);
/* out[i] = table[index[i]], all i32. */
Tensor *part_pick_ints (Scope *scope, Tensor *table, Tensor *index);
Tensor *part_images (Scope *scope, const Model *model, int64_t n, const float *images);

/* Runs code with the tape put aside: nothing inside is recorded. */
#define WITHOUT_TAPE(scope, ...)                                                                                       \
  do                                                                                                                   \
    {                                                                                                                  \
      Tape *aside_ = (scope)->tape;                                                                                    \
      (scope)->tape = NULL;                                                                                            \
      __VA_ARGS__;                                                                                                     \
      (scope)->tape = aside_;                                                                                          \
    }                                                                                                                  \
  while (0)

/* Text layers from ids (B x T on the device). */
Tensor *part_text (Scope *scope, const Bert *bert, Tensor *ids, Tensor *self_mask);

/* Keys and values of every fusion layer for image tokens; [n_layers], the caller frees the array. */
ImageKeys *part_keys (Scope *scope, const Bert *bert, Tensor *image_tokens);
/* The same keys for other pictures: blocks picked by index. */
ImageKeys *part_gather_keys (Scope *scope, const Bert *bert, const ImageKeys *keys, Tensor *index);

/* mean over the rows of cross-entropy with targets alpha softmax (teacher) + (1 - alpha) one-hot (labels); teacher
 * NULL: the labels alone. weights (host, rows) replaces 1 / rows. */
Tensor *part_classify (Scope *scope, const Learner *learner, Tensor *logits, Tensor *teacher, const int32_t *labels,
                       const float *weights, Tensor **row_losses);

/* The contrastive half of a step (ITC), with enqueueing. Fills the trace; returns loss_ita. */
Tensor *part_contrast (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings,
                       Tensor *images, Tensor *ids, Tensor *self_mask, StepTrace *trace);

/* The matching half (ITM) with hard negatives from trace's similarities. `tap` (may be NULL) keeps the cross-attention
 * of the positive pass. keys: of trace->image_embeds. Fills the trace; returns loss_itm. */
Tensor *part_match (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings, Tensor *self_mask,
                    const ImageKeys *keys, AttentionTap *tap, StepTrace *trace);

/* Masked words (MLM); keys of the model's and the teacher's image tokens. Returns loss_mlm. */
Tensor *part_mlm (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings, Tensor *self_mask,
                  const ImageKeys *keys, const ImageKeys *teacher_keys, StepTrace *trace);

/* lambda times the mean over noun tokens of -log (attention on their boxes + 1e-3), from the tapped map of the positive
 * pass: mean over heads, [CLS] of the image in the softmax but in no box. First order. Returns the weighted loss. */
Tensor *part_attention (Scope *scope, const Batch *batch, const StepSettings *settings, Tensor *map, StepTrace *trace);

/* Causal mask of A x S x S from an attention mask: padding and later tokens -10000. */
Tensor *part_causal_mask (Scope *scope, const int64_t *mask, int64_t answers, int64_t tokens);
/* Answer decoder: logits A x S x V of answers (i32 A x S) over question states A x T x C. */
Tensor *part_decode (Scope *scope, const Model *model, Tensor *answers, Tensor *mask, Tensor *states,
                     Tensor *cross_mask);

/* AMC on the tapped map of the positive pass. `stream`: where dropout stood when that pass began. Returns loss_amc, whose
 * gradient is exact to second order. */
Tensor *part_amc (Scope *scope, Learner *learner, const Batch *batch, Tensor *self_mask, const ImageKeys *keys,
                  const AttentionTap *tap, uint32_t stream, StepTrace *trace);
