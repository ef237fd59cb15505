/* SPDX-License-Identifier: MIT
 * step-batch.h: a loaded batch made ready for a step: foils beside texts, positives and known false negatives by the
 * nouns of scenes, what is no pair left out, text assignment's choices. */
#pragma once

#include "batch-view.h"
#include "train-config.h"

typedef struct
{
  Batch batch;
  void *blocks[24]; /* memory of what was added */
  int n_blocks;
} StepBatch;

/* Nouns of what stands in the queues' places. An empty place is a caption of all nouns and a picture without any. */
typedef struct
{
  NounSet *image, *caption; /* [size] */
  int64_t size, at;         /* at: where the next ones go */
} NounQueue;

void noun_queue_init (NounQueue *queue, int64_t size, int64_t at);
void noun_queue_clear (NounQueue *queue);
void noun_queue_add (NounQueue *queue, const NounSet *image, const NounSet *caption);

/* Pointers of `host` are borrowed. queue: size of the ITC queues, 0: none; nouns NULL: no masking by nouns. Afterwards
 * the batch's nouns are in the queue, as its features will be. */
void step_batch_make (StepBatch *out, const TrainConfig *config, const ModelConfig *model, const HostBatch *host,
                      const LoaderOptions *options, int64_t queue, NounQueue *nouns);
void step_batch_clear (StepBatch *batch);
