/* SPDX-License-Identifier: MIT */
#include "step-batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

#define EXCLUDED (-1e4f)

static void *
take (StepBatch *out, size_t count, size_t size)
{
  if (out->n_blocks == (int) (sizeof out->blocks / sizeof out->blocks[0]))
    abort ();
  return out->blocks[out->n_blocks++] = mem_new0 (count + 1, size);
}

/* ---------------------------------------------------------------------------------------------------
 * Nouns
 */

static bool
equal (const NounSet *a, const NounSet *b)
{
  return memcmp (a, b, sizeof *a) == 0;
}

static bool
within (const NounSet *part, const NounSet *whole)
{
  for (int i = 0; i < NOUN_SET_WORDS; i++)
    if (part->words[i] & ~whole->words[i])
      return false;
  return true;
}

void
noun_queue_init (NounQueue *queue, int64_t size, int64_t at)
{
  *queue = (NounQueue) { mem_new0 ((size_t) size, sizeof (NounSet)), mem_new0 ((size_t) size, sizeof (NounSet)), size, at };
  memset (queue->caption, 0xff, (size_t) size * sizeof (NounSet));
}

void
noun_queue_clear (NounQueue *queue)
{
  free (queue->image);
  free (queue->caption);
  *queue = (NounQueue) { 0 };
}

void
noun_queue_add (NounQueue *queue, const NounSet *image, const NounSet *caption)
{
  queue->image[queue->at] = *image;
  queue->caption[queue->at] = *caption;
  queue->at = (queue->at + 1) % queue->size;
}

/* Positives say the same nouns; a picture that also holds all nouns of another's caption is no negative of it. */
static void
compare_nouns (StepBatch *out, const HostBatch *host, const NounQueue *nouns)
{
  int64_t b = host->rows, n = b + nouns->size;
  float *target = take (out, (size_t) (b * n), sizeof *target);
  float *mask_i2t = take (out, (size_t) (b * n), sizeof *mask_i2t), *mask_t2i = take (out, (size_t) (b * n), sizeof *mask_t2i);
  float *keep_i2t = take (out, (size_t) (b * b), sizeof *keep_i2t), *keep_t2i = take (out, (size_t) (b * b), sizeof *keep_t2i);

  for (int64_t i = 0; i < b; i++)
    {
      int positives = 0;

      for (int64_t j = 0; j < n; j++)
        {
          const NounSet *caption = j < b ? &host->caption_nouns[j] : &nouns->caption[j - b];
          const NounSet *image = j < b ? &host->image_nouns[j] : &nouns->image[j - b];
          bool positive = equal (&host->caption_nouns[i], caption);

          positives += positive;
          target[i * n + j] = positive;
          mask_i2t[i * n + j] = !positive && within (caption, &host->image_nouns[i]) ? EXCLUDED : 0;
          mask_t2i[i * n + j] = !positive && within (&host->caption_nouns[i], image) ? EXCLUDED : 0;
          if (j < b)
            {
              keep_i2t[i * b + j] = !positive && mask_i2t[i * n + j] == 0;
              keep_t2i[i * b + j] = !positive && mask_t2i[i * n + j] == 0;
            }
        }
      for (int64_t j = 0; j < n; j++)
        target[i * n + j] /= (float) positives;
    }
  out->batch.itc_target_i2t = out->batch.itc_target_t2i = target;
  out->batch.itc_mask_i2t = mask_i2t;
  out->batch.itc_mask_t2i = mask_t2i;
  out->batch.itm_keep_i2t = keep_i2t;
  out->batch.itm_keep_t2i = keep_t2i;
}

/* Texts that belong to no picture are nobody's candidates. */
static void
leave_out_texts (StepBatch *out, const HostBatch *host, int64_t q)
{
  int64_t b = host->rows, n = b + q;
  float *mask, *none, *keep_i2t, *keep_t2i;
  bool any = false;

  for (int64_t i = 0; i < b; i++)
    any = any || host->pair[i] == 0;
  if (!any)
    return;
  mask = take (out, (size_t) (b * n), sizeof *mask);
  none = take (out, (size_t) (b * n), sizeof *none);
  keep_i2t = take (out, (size_t) (b * b), sizeof *keep_i2t);
  keep_t2i = take (out, (size_t) (b * b), sizeof *keep_t2i);
  for (int64_t i = 0; i < b; i++)
    for (int64_t j = 0; j < b; j++)
      {
        mask[i * n + j] = i != j && host->pair[j] == 0 ? EXCLUDED : 0;
        keep_i2t[i * b + j] = host->pair[j] != 0;
        keep_t2i[i * b + j] = 1;
      }
  out->batch.pair = host->pair;
  out->batch.itc_mask_i2t = mask;
  out->batch.itc_mask_t2i = none;
  out->batch.itm_keep_i2t = keep_i2t;
  out->batch.itm_keep_t2i = keep_t2i;
}

/* ---------------------------------------------------------------------------------------------------
 * Foils
 */

/* rows x from to rows x to columns, filled up with `fill`. */
static int32_t *
widen (StepBatch *out, const int32_t *values, int64_t rows, int64_t from, int64_t to, int32_t fill)
{
  int32_t *wide = take (out, (size_t) (rows * to), sizeof *wide);

  for (int64_t i = 0; i < rows * to; i++)
    wide[i] = i % to < from ? values[i / to * from + i % to] : fill;
  return wide;
}

static int64_t *
widen_mask (StepBatch *out, const int64_t *values, int64_t rows, int64_t from, int64_t to)
{
  int64_t *wide = take (out, (size_t) (rows * to), sizeof *wide);

  for (int64_t i = 0; i < rows * to; i++)
    wide[i] = i % to < from ? values[i / to * from + i % to] : 0;
  return wide;
}

static void
add_foils (StepBatch *out, const HostBatch *host, int64_t most)
{
  Batch *batch = &out->batch;
  int64_t b = batch->batch, t = batch->tokens, tf = host->foils.columns, wide = t > tf ? t : tf;
  int32_t *row = take (out, (size_t) b, sizeof *row), *ids, pad = 0;
  int64_t *mask;
  int64_t f = 0;

  for (int64_t i = 0; i < b; i++)
    row[i] = host->has_foil[i] != 0 && f < most ? (int32_t) f++ : -1;
  if (f == 0)
    return;
  for (int64_t i = 0; i < b * tf; i++) /* padding of either list */
    pad = host->foils.mask[i] == 0 ? host->foils.ids[i] : pad;
  for (int64_t i = 0; i < b * t; i++)
    pad = batch->mask[i] == 0 ? batch->ids[i] : pad;
  ids = take (out, (size_t) (f * wide), sizeof *ids);
  mask = take (out, (size_t) (f * wide), sizeof *mask);
  for (int64_t i = 0; i < b; i++)
    for (int64_t k = 0; k < wide && row[i] >= 0; k++)
      {
        ids[row[i] * wide + k] = k < tf ? host->foils.ids[i * tf + k] : pad;
        mask[row[i] * wide + k] = k < tf ? host->foils.mask[i * tf + k] : 0;
      }
  if (wide > t)
    {
      batch->ids = widen (out, batch->ids, b, t, wide, pad);
      batch->mask = widen_mask (out, batch->mask, b, t, wide);
      if (batch->masked_ids != NULL)
        {
          batch->masked_ids = widen (out, batch->masked_ids, b, t, wide, pad);
          batch->mlm_labels = widen (out, batch->mlm_labels, b, t, wide, MLM_IGNORE);
        }
      batch->tokens = wide;
    }
  batch->foils = f;
  batch->foil_ids = ids;
  batch->foil_mask = mask;
  batch->foil_row = row;
}

/* ---------------------------------------------------------------------------------------------------
 * The batch
 */

enum
{
  STREAM_ASSIGNMENT = 0x7a1
};

/* Which pictures stand for a text (model_pretrain_nlvr.py): its own and a negative, in either order, or two negatives. */
static void
choose_assignment (StepBatch *out, const TrainConfig *config, const HostBatch *host)
{
  uint64_t seed = config->seed, stream = random_stream (STREAM_ASSIGNMENT, (uint64_t) host->epoch, (uint64_t) host->number);
  int32_t *labels = take (out, (size_t) host->rows, sizeof *labels);

  for (int r = 0; r < host->rows; r++)
    {
      bool own = random_uniform (seed, stream, (uint64_t) (2 * r)) > 1.0 / 3, first = random_uniform (seed, stream, (uint64_t) (2 * r + 1)) > 0.5;

      labels[r] = !own ? 2 : first ? 0 : 1;
    }
  out->batch.labels = labels;
  out->batch.draw_image = host->draws + LOADER_DRAW_FIRST * host->rows;
  out->batch.draw_text = host->draws + LOADER_DRAW_SECOND * host->rows;
}

static void
add_noun_tokens (StepBatch *out, const HostBatch *host)
{
  int32_t *place = take (out, (size_t) (2 * host->n_noun_tokens), sizeof *place);

  for (int i = 0; i < host->n_noun_tokens; i++)
    {
      place[2 * i] = host->noun_tokens[i].row;
      place[2 * i + 1] = host->noun_tokens[i].token;
    }
  out->batch.noun_tokens = host->n_noun_tokens;
  out->batch.noun_place = place;
  out->batch.noun_cells = host->noun_cells;
}

void
step_batch_make (StepBatch *out, const TrainConfig *config, const ModelConfig *model, const HostBatch *host,
                 const LoaderOptions *options, int64_t queue, NounQueue *nouns)
{
  *out = (StepBatch) { .batch = batch_view (host, options) };
  if (model->kind != MODEL_RETRIEVAL)
    out->batch.identities = NULL; /* pre-training: each pair is its own alone */
  out->batch.tap_layer = config->amc_layer >= 0 ? config->amc_layer : model->grounding_layer;
  out->batch.amc_per_sample = config->amc_per_sample;
  out->batch.attention_layer = model->fusion_layer + config->attention_layer - 1;
  if (config->task == TASK_PATCHES)
    out->batch.patch_labels = host->patch_labels;
  if (config->task == TASK_NLVR2_PRETRAIN)
    choose_assignment (out, config, host);
  if (queue == 0)
    return;
  if (nouns != NULL)
    {
      compare_nouns (out, host, nouns);
      for (int r = 0; r < host->rows; r++)
        noun_queue_add (nouns, &host->image_nouns[r], &host->caption_nouns[r]);
    }
  else
    leave_out_texts (out, host, queue);
  if (host->has_foil != NULL)
    add_foils (out, host, config->scenes != NULL ? llround (config->foils * host->rows) : host->rows);
  if (config->attention > 0)
    add_noun_tokens (out, host);
}

void
step_batch_clear (StepBatch *batch)
{
  for (int i = 0; i < batch->n_blocks; i++)
    free (batch->blocks[i]);
  batch->n_blocks = 0;
}
