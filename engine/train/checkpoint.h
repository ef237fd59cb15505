/* SPDX-License-Identifier: MIT
 * checkpoint.h: a training run on disk, so that it goes on bit for bit where it stood.
 *
 * A checkpoint is a native model file (convert.h) that any command can open, and behind the model's parameters, all F32
 * unless said otherwise:
 *
 *     visual_encoder_m.*, ...       the momentum teacher, official names
 *     image_queue, text_queue       E x Q, features as columns (the official layout)
 *     idx_queue                     I64 1 x Q
 *     queue_ptr                     I64 1; queue_ptr_img and queue_ptr_txt where the two differ
 *     patch_head.weight, .bias      head of the patch-label stage
 *     optimizer.m.NAME, optimizer.v.NAME   AdamW's moments; parameters that never had a gradient have none
 *
 * Metadata beside those of a model: `training` (JSON: format, seed, step, epoch, position, batches), `settings` (the run's
 * configuration) and `provenance` (JSON: how it was made). */
#pragma once

#include "learner.h"

/* Where a run stands. The seed and these numbers say everything that is drawn from here on. */
typedef struct
{
  uint64_t seed;
  int64_t step;     /* optimizer steps done: AdamW's t */
  int64_t epoch;    /* of the next step, from 0 */
  int64_t position; /* of the next step in its epoch, from 0 */
  int64_t batches;  /* forward passes done: the counter of dropout */
} TrainPosition;

/* What is kept with the tensors. Texts are UTF-8 and may be NULL. */
typedef struct
{
  const char *name;       /* of the model */
  const char *vocab;      /* bytes of vocab.txt */
  size_t vocab_length;
  const char *settings;
  const char *provenance;
} CheckpointTexts;

/* Writes PATH whole or leaves it as it was. Synchronises with the device; holds one tensor at a time on the host. With
 * `position` NULL only the model itself is written, as albef convert would. */
AlbefStatus checkpoint_save (const char *path, const Learner *learner, const TrainPosition *position,
                             const CheckpointTexts *texts, AlbefError *error);

typedef struct Checkpoint Checkpoint;

/* Fails with ALBEF_ERROR_FORMAT on a file that is no checkpoint of a run (a finished model, say). */
AlbefStatus checkpoint_open (const char *path, Checkpoint **checkpoint, AlbefError *error);
void checkpoint_close (Checkpoint *checkpoint); /* accepts NULL */

const ModelConfig *checkpoint_config (const Checkpoint *checkpoint);
const TrainPosition *checkpoint_position (const Checkpoint *checkpoint);
/* Borrowed from the checkpoint; what it does not hold is NULL. */
const CheckpointTexts *checkpoint_texts (const Checkpoint *checkpoint);

/* The learner as it was saved, bit for bit. Freezing, momentum and AdamW's settings are the run's to set again. */
AlbefStatus checkpoint_learner (const Checkpoint *checkpoint, Backend *backend, Learner **learner, AlbefError *error);
