/* SPDX-License-Identifier: MIT
 * steps.h: one training step of each task: from a batch on the host to a loss on the tape. `albef train`, the tests and
 * the conformance runner call these same functions. Order of operations: the release's models/model_*.py.
 *
 * A step adds its tensors to the scope, whose tape records; the caller runs tape_backward (loss) and learner_update.
 * Nothing is read back. Trace fields are filled where the task has them; read them after the step. */
#pragma once

#include "learner.h"

/* What a batch holds, on the host. Pointers that a task does not need are NULL. */
typedef struct
{
  int64_t batch;             /* B */
  int64_t tokens;            /* T */
  const float *images;       /* B x 3 x R x R normalised; NLVR2: 2 B, first images, then second ones */
  const int32_t *ids;        /* B x T */
  const int64_t *mask;       /* B x T, 1 = token */
  const int32_t *identities; /* B: equal ones are positives (retrieval, grounding) */
  const int32_t *labels;     /* B: class (VE, NLVR2, text assignment) */

  /* Random choices: drawn numbers in [0, 1), or, for tests, the choices themselves. */
  const float *draw_image, *draw_text;             /* B each: hard negatives by multinomial */
  const int32_t *negative_images, *negative_texts; /* B each, in place of drawing */

  /* MLM, masked on the host by counter. */
  const int32_t *masked_ids; /* B x T; NULL: no MLM */
  const int32_t *mlm_labels; /* B x T: the word to find, or -100 */

  /* VQA: A answers of S tokens, for the questions in ids. */
  int64_t answers, answer_tokens;
  const int32_t *answer_ids;      /* A x S */
  const int64_t *answer_mask;     /* A x S */
  const int32_t *answer_question; /* A: index of its question */
  const float *answer_weights;    /* A */
  int32_t pad_id;                 /* of [PAD]: such answer tokens are no targets, whatever the mask says */

  /* Text assignment (NLVR2's pre-training): which images stand as the pair of each text; NULL: drawn by draw_image and
   * draw_text as `labels` say. */
  const int32_t *pair_image0, *pair_image1; /* B */

  /* AMC: masks at R x R, 1 inside; region_weight 0: the pair has none. */
  const float *region_masks;  /* B x R x R */
  const float *region_weight; /* B */
  int tap_layer;              /* BERT layer index of the map, 8 in the official code */
  bool amc_per_sample;        /* pool per pair instead of over the batch */

  /* Not official; NULL or 0 in the official tasks. */
  const float *pair;          /* B: 0 where picture and text are no positive pair; NULL: all are */
  const float *itc_target_i2t, *itc_target_t2i; /* B x (B + Q): in place of the identity as hard targets */
  const float *itc_mask_i2t, *itc_mask_t2i;     /* B x (B + Q): added to the logits, the teacher's too */
  const float *itm_keep_i2t, *itm_keep_t2i;     /* B x B: 0 may not be drawn as a negative */
  int64_t foils;              /* F: rows of foil_ids, negative texts of the pictures foil_row */
  const int32_t *foil_ids;    /* F x T */
  const int64_t *foil_mask;   /* F x T */
  const int32_t *foil_row;    /* B: the row's foil, or -1: drawn */
  int64_t noun_tokens;        /* N: tokens whose attention is taught */
  const int32_t *noun_place;  /* N x 2: row, token */
  const float *noun_cells;    /* N x P: 1 where the patch's centre lies in one of the noun's boxes */
  int attention_layer;        /* BERT layer index whose cross-attention is taught */
  const int32_t *patch_labels; /* B x P: class of each patch (step_patches) */
} Batch;

typedef struct
{
  bool distill;        /* pseudo-targets of the teacher */
  bool every_token;    /* compute what short cuts leave out, for the trace: all rows of fusion outputs and MLM logits */
  bool share_image;    /* the image encoder is frozen: the teacher sees the same image tokens */
  bool mlm_hard;       /* MLM by its labels alone, without the teacher */
  float attention_weight; /* lambda of the loss on the attention itself; 0: none */
  float none_weight;   /* step_patches: weight of patches without a noun */
  float clamp_low, clamp_high; /* of the temperature, at the start; 0, 0: none (0.001, 0.5 in pre-training) */
  Dropout *dropout;    /* NULL: none */
} StepSettings;

/* What a step computed on the way; tensors of the scope. */
typedef struct
{
  Tensor *loss_ita, *loss_itm, *loss_mlm, *loss_i2t, *loss_t2i, *loss; /* scalars */
  Tensor *image_embeds, *text_embeds, *image_feat, *text_feat;
  Tensor *image_embeds_m, *image_feat_m, *text_feat_m;
  Tensor *image_feat_all, *text_feat_all;                              /* (B + Q) x E */
  Tensor *sim_i2t, *sim_t2i, *sim_i2t_m, *sim_t2i_m, *sim_i2t_targets, *sim_t2i_targets; /* B x (B + Q) */
  Tensor *pos_idx, *sim_targets;
  Tensor *weights_i2t, *weights_t2i;                                   /* B x B */
  Tensor *negative_images, *negative_texts;                            /* i32 views, B */
  Tensor *vl_embeddings, *vl_output;                                   /* 3B x C, 3B x 2 */
  Tensor *output_pos, *output_neg;
  Tensor *mlm_logits, *logits_m;
  Tensor *prediction, *prediction_m;                                   /* classifiers */
  Tensor *question_states, *answer_logits, *answer_loss;               /* VQA */
  Tensor *assignment_sim, *assignment_weights;                         /* text assignment: B x B */
  Tensor *attention, *attention_gradient, *cam;                        /* AMC: tap, its gradient, maps B x RR */
  Tensor *loss_attention, *loss_patches;                               /* scalars */
  Tensor *patch_logits;                                                /* B (1 + P) x classes */
  Tensor *amc_terms, *amc_stats, *loss_amc;                            /* [mean, max], AmcArgs.stats, scalar */
} StepTrace;

/* Pre-training: ITC + ITM + MLM (paper section 3.2, 3.3), and with regions AMC. */
Tensor *step_pretrain (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings,
                       StepTrace *trace);
/* Retrieval and grounding: identity-aware ITC + ITM. */
Tensor *step_retrieval (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings,
                        StepTrace *trace);
/* VE and NLVR2: cross-entropy with pseudo-targets on cls_head. */
Tensor *step_classify (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings,
                       StepTrace *trace);
/* VQA: the answer decoder's weighted token losses. */
Tensor *step_vqa (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings, StepTrace *trace);
/* Supervised start of the image encoder: which noun covers each patch. The head is the learner's `patches` (classes x C):
 * sum w CE / sum w over the patches, w = none_weight for class 0, else 1. */
Tensor *step_patches (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings,
                      StepTrace *trace);
/* NLVR2's pre-training by text assignment. */
Tensor *step_assignment (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings,
                         StepTrace *trace);
