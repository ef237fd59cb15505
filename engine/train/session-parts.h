/* SPDX-License-Identifier: MIT
 * session-parts.h: what train-session.c (the run) and session-start.c (its first weights) share. */
#pragma once

#include "step-batch.h"
#include "train-session.h"

struct TrainSession
{
  TrainConfig config;
  RunFolder *folder;
  Backend *backend;
  Learner *learner;
  TrainRule rule;
  TrainPosition position;
  CheckpointTexts texts;
  char *name, *vocab_bytes, *settings, *provenance, *note; /* what texts and note point to */

  Vocab *vocab;
  Dataset *dataset;
  SceneSource *scenes;
  LoaderOptions options;
  Loader *loader;
  StepBatch batch;
  TrainEval *eval;                 /* NULL: none */
  NounQueue nouns;                 /* size 0: false negatives are not masked */
  int64_t next_epoch, next_number; /* what the loader gives next */
};

/* train-session.c. Opens lists or pictograms, the latter for pictures of this side. */
AlbefStatus session_open_data (TrainSession *session, int resolution, AlbefError *error);
/* Does a model of this kind learn from positive and negative pairs? */
bool session_contrasts (ModelKind kind);

/* session-start.c. Keeps the vocabulary's bytes and reads them. */
AlbefStatus session_take_vocab (TrainSession *session, const char *bytes, size_t length, const char *name,
                                AlbefError *error);
/* The learner from the configuration's `init`, or a new one from its `model`; writes OUT/init.txt. Opens the data too,
 * on which a new vocabulary rests. */
AlbefStatus session_start_from_file (TrainSession *session, AlbefError *error);
AlbefStatus session_start_new (TrainSession *session, AlbefError *error);
