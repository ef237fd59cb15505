/* SPDX-License-Identifier: MIT
 * vqa.h: answers ranked by the decoder (paper section 4.2; rank_answer of the release). */
#pragma once

#include "steps.h"

typedef struct
{
  float *first_logits; /* B x V: logits of the first answer token */
  float *log_probs;    /* B x k, in the order of the first ranking */
  float *answer_loss;  /* B k: summed cross-entropy of the whole answer */
  int32_t *ids;        /* B x k: candidates, best first */
  float *probs;        /* B x k: softmax over the k */
} VqaRanking;

/* Ranks A candidate answers (ids and mask A x S, [CLS] first) for each of the batch's questions: the k best by the
 * probability of their second token, then by log p + (minus the cross-entropy of the whole answer). The second token
 * counts twice, as in the official code: published numbers rest on it. Ties: as torch.topk has them (top-k.h). k is at most
 * A. */
void vqa_rank (const Model *model, const Batch *batch, const int32_t *answer_ids, const int64_t *answer_mask,
               int64_t answers, int64_t tokens, int64_t k, VqaRanking *ranking);
void vqa_ranking_clear (VqaRanking *ranking);
