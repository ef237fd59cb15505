/* SPDX-License-Identifier: MIT */
#include "vqa.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "step-parts.h"
#include "top-k.h"

static double
row_lse (const float *x, int64_t n)
{
  double largest = -INFINITY, sum = 0;

  for (int64_t j = 0; j < n; j++)
    largest = fmax (largest, (double) x[j]);
  for (int64_t j = 0; j < n; j++)
    sum += exp ((double) x[j] - largest);
  return largest + log (sum);
}

/* Probability of each candidate's second token after [CLS]; also keeps the logits. */
static void
first_ranking (Scope *scope, const Model *model, const Batch *batch, Tensor *states, Tensor *cross_mask, int32_t start,
               const int32_t *answer_ids, int64_t answers, int64_t tokens, int64_t k, VqaRanking *ranking, int32_t *best)
{
  int64_t b = batch->batch, v = model->config.vocab_size;
  int32_t *starts = mem_new0 ((size_t) b, sizeof *starts);
  float *probs = mem_new0 ((size_t) answers, sizeof *probs);
  Tensor *logits;

  for (int64_t i = 0; i < b; i++)
    starts[i] = start;
  logits = part_decode (scope, model, part_ints (scope, 2, (int64_t[]) { b, 1 }, starts), NULL, states, cross_mask);
  tensor_to_host (logits, ranking->first_logits);
  for (int64_t i = 0; i < b; i++)
    {
      const float *row = ranking->first_logits + i * v;
      double lse = row_lse (row, v);

      for (int64_t a = 0; a < answers; a++)
        probs[a] = (float) exp ((double) row[answer_ids[a * tokens + 1]] - lse);
      top_k (probs, answers, k, best + i * k);
      for (int64_t j = 0; j < k; j++)
        ranking->log_probs[i * k + j] = logf (probs[best[i * k + j]]);
    }
  free (starts);
  free (probs);
}

/* Summed cross-entropy of each picked answer, question by question. */
static void
whole_answers (Scope *scope, const Model *model, const Batch *batch, Tensor *states, const int32_t *answer_ids,
               const int64_t *answer_mask, int64_t tokens, int64_t k, const int32_t *best, VqaRanking *ranking)
{
  int64_t b = batch->batch, n = b * k, v = model->config.vocab_size;
  int32_t *ids = mem_new0 ((size_t) (n * tokens), sizeof *ids), *owner = mem_new0 ((size_t) n, sizeof *owner);
  int64_t *mask = mem_new0 ((size_t) (n * tokens), sizeof *mask);
  int64_t *question = mem_new0 ((size_t) (n * batch->tokens), sizeof *question);
  float *logits = mem_new0 ((size_t) (n * tokens * v), sizeof *logits);
  Tensor *index, *cross_mask;

  for (int64_t i = 0; i < n; i++)
    {
      owner[i] = (int32_t) (i / k);
      memcpy (ids + i * tokens, answer_ids + best[i] * tokens, (size_t) tokens * sizeof *ids);
      memcpy (mask + i * tokens, answer_mask + best[i] * tokens, (size_t) tokens * sizeof *mask);
      memcpy (question + i * batch->tokens, batch->mask + i / k * batch->tokens, (size_t) batch->tokens * sizeof *question);
    }
  index = part_ints (scope, 1, &n, owner);
  cross_mask = mask_tensor (scope, question, n, batch->tokens, -1e9f);
  tensor_to_host (part_decode (scope, model, part_ints (scope, 2, (int64_t[]) { n, tokens }, ids),
                               part_causal_mask (scope, mask, n, tokens), op_gather_blocks (scope, states, index), cross_mask),
                  logits);
  for (int64_t i = 0; i < n; i++)
    for (int64_t s = 0; s + 1 < tokens; s++)
      if (ids[i * tokens + s + 1] != batch->pad_id)
        {
          const float *row = logits + (i * tokens + s) * v;

          ranking->answer_loss[i] += (float) (row_lse (row, v) - (double) row[ids[i * tokens + s + 1]]);
        }
  free (ids);
  free (owner);
  free (mask);
  free (question);
  free (logits);
}

void
vqa_rank (const Model *model, const Batch *batch, const int32_t *answer_ids, const int64_t *answer_mask,
          int64_t answers, int64_t tokens, int64_t k, VqaRanking *ranking)
{
  int64_t b = batch->batch;
  int32_t *best, *order;
  float *probs;
  Tensor *images, *ids, *states, *cross_mask;
  Scope scope;

  k = k < answers ? k : answers;
  *ranking = (VqaRanking) {
    .first_logits = mem_new0 ((size_t) b * (size_t) model->config.vocab_size, sizeof (float)),
    .log_probs = mem_new0 ((size_t) (b * k), sizeof (float)),
    .answer_loss = mem_new0 ((size_t) (b * k), sizeof (float)),
    .ids = mem_new0 ((size_t) (b * k), sizeof (int32_t)),
    .probs = mem_new0 ((size_t) (b * k), sizeof (float)),
  };
  best = mem_new0 ((size_t) (b * k), sizeof *best);
  order = mem_new0 ((size_t) k, sizeof *order);
  probs = mem_new0 ((size_t) k, sizeof *probs);
  scope_init (&scope, model->backend);
  images = part_images (&scope, model, b, batch->images);
  ids = part_ints (&scope, 2, (int64_t[]) { b, batch->tokens }, batch->ids);
  states = multimodal_forward (&scope, model, ids, mask_tensor (&scope, batch->mask, b, batch->tokens, -10000.0f),
                               vision_forward (&scope, model, images, NULL, NULL), NULL);
  cross_mask = mask_tensor (&scope, batch->mask, b, batch->tokens, -1e9f);
  first_ranking (&scope, model, batch, states, cross_mask, answer_ids[0], answer_ids, answers, tokens, k, ranking, best);
  whole_answers (&scope, model, batch, states, answer_ids, answer_mask, tokens, k, best, ranking);
  for (int64_t i = 0; i < b; i++)
    {
      float *sums = ranking->log_probs + i * k;
      double lse;

      for (int64_t j = 0; j < k; j++)
        sums[j] -= ranking->answer_loss[i * k + j];
      lse = row_lse (sums, k);
      for (int64_t j = 0; j < k; j++)
        probs[j] = (float) exp ((double) sums[j] - lse);
      top_k (probs, k, k, order);
      for (int64_t j = 0; j < k; j++)
        {
          ranking->ids[i * k + j] = best[i * k + order[j]];
          ranking->probs[i * k + j] = probs[order[j]];
        }
    }
  scope_clear (&scope);
  free (best);
  free (order);
  free (probs);
}

void
vqa_ranking_clear (VqaRanking *ranking)
{
  free (ranking->first_logits);
  free (ranking->log_probs);
  free (ranking->answer_loss);
  free (ranking->ids);
  free (ranking->probs);
  *ranking = (VqaRanking) { 0 };
}
