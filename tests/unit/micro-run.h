/* SPDX-License-Identifier: MIT
 * micro-run.h: a training run of a few thousand parameters on numbers drawn by counter, for tests of the trainer. */
#pragma once

#include <stdlib.h>

#include "error.h"
#include "random.h"
#include "tap.h"
#include "trainer.h"

enum
{
  MICRO_BATCH = 3,
  MICRO_TOKENS = 5,
  MICRO_RESOLUTION = 12,
  MICRO_WORDS = 11,
  MICRO_BATCHES = 9 /* of an epoch */
};

static inline ModelConfig
micro_config (void)
{
  ModelConfig c;

  config_init (&c);
  c.image_res = MICRO_RESOLUTION;
  c.patch_size = 4;
  c.vision_width = 8;
  c.vision_depth = 1;
  c.vision_heads = 2;
  c.vision_mlp_width = 12;
  c.vocab_size = MICRO_WORDS;
  c.hidden_size = 8;
  c.num_hidden_layers = 3;
  c.fusion_layer = 1;
  c.num_attention_heads = 2;
  c.intermediate_size = 10;
  c.encoder_width = 8;
  c.max_position_embeddings = 6;
  c.embed_dim = 4;
  c.queue_size = 7; /* no multiple of the batch: it wraps */
  c.grounding_layer = 1;
  return c;
}

/* Any value depends on its parameter's name and place alone. */
static inline AlbefStatus
micro_get (void *user_data, const char *name, int n_dims, const int64_t *shape, const float **mapped, float **copied,
           AlbefError *error)
{
  bool norm = strstr (name, "norm") != NULL || strstr (name, "LayerNorm") != NULL;
  size_t n = 1, length = strlen (name);
  uint64_t stream = 7;

  (void) user_data;
  (void) error;
  *mapped = NULL;
  for (size_t i = 0; i < length; i++)
    stream = stream * 31 + (unsigned char) name[i];
  for (int i = 0; i < n_dims; i++)
    n *= (size_t) shape[i];
  *copied = mem_new0 (n, sizeof (float));
  for (size_t i = 0; i < n; i++)
    (*copied)[i] = (float) (0.2 * random_normal (5, stream, i)) + (norm && name[length - 1] == 't' ? 1.0f : 0.0f);
  if (strcmp (name, "temp") == 0)
    (*copied)[0] = 0.2f;
  return ALBEF_OK;
}

static inline bool
micro_has (void *user_data, const char *name)
{
  (void) user_data;
  return strncmp (name, "cls_head", 8) != 0 && strncmp (name, "ta_head", 7) != 0
         && strncmp (name, "text_decoder", 12) != 0 && strstr (name, "_m.") == NULL && strstr (name, "queue") == NULL;
}

static inline Learner *
micro_learner (Backend *backend)
{
  ModelConfig config = micro_config ();
  LearnerSource source = { .source = { .get = micro_get, .has = micro_has }, .teacher = true, .queues = true };
  AlbefError error = ALBEF_ERROR_INIT;
  Learner *learner = NULL;

  if (learner_new (backend, &config, &source, &learner, &error) != ALBEF_OK)
    tap_ok (false, "/micro/a learner (%s)", error.message);
  return learner;
}

/* The step's own numbers, all from (epoch, number). */
typedef struct
{
  Batch batch;
  float images[MICRO_BATCH * 3 * MICRO_RESOLUTION * MICRO_RESOLUTION], draws[2 * MICRO_BATCH];
  int32_t ids[MICRO_BATCH * MICRO_TOKENS], masked[MICRO_BATCH * MICRO_TOKENS], labels[MICRO_BATCH * MICRO_TOKENS];
  int64_t mask[MICRO_BATCH * MICRO_TOKENS];
  int64_t calls;
  int64_t spoil; /* this call's picture is not a number; 0: none */
} MicroBatches;

static inline AlbefStatus
micro_next (void *user_data, int64_t epoch, int64_t number, const Batch **batch, AlbefError *error)
{
  MicroBatches *m = user_data;
  uint64_t stream = random_stream (1, (uint64_t) epoch, (uint64_t) number);

  (void) error;
  m->calls++;
  for (size_t i = 0; i < sizeof m->images / sizeof m->images[0]; i++)
    m->images[i] = (float) random_normal (3, stream, i);
  if (m->spoil == m->calls)
    m->images[0] = NAN;
  for (int i = 0; i < MICRO_BATCH * MICRO_TOKENS; i++)
    {
      bool padding = i == MICRO_TOKENS - 1;

      m->ids[i] = (int32_t) (2 + random_below (3, stream + 1, (uint64_t) i, MICRO_WORDS - 2));
      if (padding || i % MICRO_TOKENS == 0)
        m->ids[i] = padding ? 0 : 1;
      m->mask[i] = !padding;
      m->labels[i] = i % MICRO_TOKENS == 2 ? m->ids[i] : -100;
      m->masked[i] = i % MICRO_TOKENS == 2 ? 3 : m->ids[i];
    }
  for (int i = 0; i < 2 * MICRO_BATCH; i++)
    m->draws[i] = (float) random_uniform (3, stream + 2, (uint64_t) i) * 0.999f;
  m->batch = (Batch) { .batch = MICRO_BATCH, .tokens = MICRO_TOKENS, .images = m->images, .ids = m->ids, .mask = m->mask,
                       .draw_image = m->draws, .draw_text = m->draws + MICRO_BATCH, .masked_ids = m->masked,
                       .mlm_labels = m->labels };
  *batch = &m->batch;
  return ALBEF_OK;
}

/* Dropout, accumulation over 2 of 9 batches, teacher, queues, a warm-up and a rising alpha. */
static inline TrainRule
micro_rule (void)
{
  return (TrainRule) { .step = step_pretrain, .distill = true, .clamp_low = 0.001f, .clamp_high = 0.5f, .dropout = 0.1f,
                       .alpha = 0.4f, .alpha_warm_up = true, .schedule = { "micro", 3e-3, 4, 1e-4, 1e-3, 1 }, .epochs = 3,
                       .batches_per_epoch = MICRO_BATCHES, .accumulation = 2 };
}
