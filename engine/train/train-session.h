/* SPDX-License-Identifier: MIT
 * train-session.h: a training run put together from its configuration: data, words, model, rule, folder. */
#pragma once

#include "loader.h"
#include "train-config.h"
#include "train-eval.h"
#include "trainer.h"

typedef struct TrainSession TrainSession;

typedef struct
{
  const char *device;  /* backend_open; NULL: auto */
  int threads;         /* 0: as measured */
  const char *command; /* for provenance */
} TrainPlace;

/* Begins a run in the folder `out`, which must hold no checkpoint yet. Writes `out`/settings.conf and, with a model file
 * to start from, `out`/init.txt: where each parameter came from. */
AlbefStatus train_session_begin (const TrainConfig *config, const char *out, const TrainPlace *place,
                                 TrainSession **session, AlbefError *error);

/* Goes on with the newest checkpoint of `out`. `config` (NULL: the checkpoint's) must say the same as that of the run. */
AlbefStatus train_session_resume (const TrainConfig *config, const char *out, const TrainPlace *place,
                                  TrainSession **session, AlbefError *error);
void train_session_free (TrainSession *session); /* accepts NULL */

const TrainConfig *train_session_config (const TrainSession *session);
const TrainPosition *train_session_position (const TrainSession *session);
const Learner *train_session_learner (const TrainSession *session);
int64_t train_session_steps (const TrainSession *session);
int train_session_threads (const TrainSession *session);
LoaderCounts train_session_counts (TrainSession *session);
char *train_session_trouble (TrainSession *session, int index); /* see loader_trouble */
/* A line about the start ("412 parameters from ..., 4 new"), or what differs from the run's first machine; borrowed,
 * never NULL. */
const char *train_session_note (const TrainSession *session);

typedef struct
{
  const volatile sig_atomic_t *stop; /* may be NULL, as all of them */
  void (*progress) (void *user_data, const TrainProgress *progress);
  void (*evaluated) (void *user_data, const TrainEvaluation *evaluation);
  void *user_data;
} TrainWatch;

/* Trains to the end or a stop; see trainer_run. At the end, not at a stop, `out`/model.safetensors is written: the model
 * alone. *finished tells which. An evaluation that fails ends the run; go on with --resume once its files are there. */
AlbefStatus train_session_run (TrainSession *session, const TrainWatch *watch, bool *finished, AlbefError *error);
