/* SPDX-License-Identifier: MIT
 * trainer.h: the loop around a step: batches, gradients of several batches as one, clipping, learning rate, weight of
 * the pseudo-targets, checkpoints, and a clean end.
 *
 * A run is a pure function of (learner at the start, rule, batches): whatever is drawn in it is drawn by counter, so a
 * run that was stopped or killed and goes on from a checkpoint ends with the same bits. */
#pragma once

#include <signal.h>

#include "checkpoint.h"
#include "run-folder.h"
#include "schedule.h"
#include "steps.h"

typedef Tensor *(*TrainStep) (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings,
                              StepTrace *trace);

typedef struct
{
  TrainStep step;             /* steps.h */
  bool distill;
  bool share_image, mlm_hard; /* StepSettings */
  float attention_weight, none_weight;
  float clamp_low, clamp_high; /* of the temperature; 0, 0: none */
  float dropout;              /* 0: none */
  float alpha;                /* 0.4: weight of the pseudo-targets at its end */
  bool alpha_warm_up;         /* rise from 0 over alpha_steps; official: over the first epoch */
  int64_t alpha_steps;        /* 0: the first epoch */

  Schedule schedule;          /* official: by epoch, with a warm-up in the first one */
  bool by_step;               /* instead: warmup_steps linear from 0, then lr (.02 + .49 (1 + cos (pi f))), f the share
                                 of the whole run; schedule.lr is its peak (recipe of the small model) */
  int64_t warmup_steps;

  int epochs;
  int64_t batches_per_epoch;
  int accumulation;           /* batches per optimizer step; those left over at the end of an epoch are not used */
  int64_t max_steps;          /* end after so many optimizer steps in all; 0: after the epochs */
  bool recompute;             /* keep less of the image encoder, compute its blocks twice */
  bool early_updates;         /* AdamW as soon as each gradient is whole, which frees it; the same bits. Only with
                                 accumulation 1 and no clipping */
  double clip_norm;           /* of all gradients together; 0: none, as in the official code */
  int64_t checkpoint_steps;   /* a checkpoint after every so many steps; 0: at the end and at a stop alone */
} TrainRule;

/* Where batches come from. `number` counts within the epoch, from 0; calls count up, except at the start of a run that
 * goes on. The batch is borrowed until the next call. */
typedef struct
{
  AlbefStatus (*next) (void *user_data, int64_t epoch, int64_t number, const Batch **batch, AlbefError *error);
  void *user_data;
} BatchSource;

/* What a step did. Losses that the task has not are NAN. */
typedef struct
{
  TrainPosition at;  /* after the step */
  int64_t steps;     /* of the whole run */
  int64_t epoch, position; /* of the step itself */
  double loss, itc, itm, mlm, amc, attention; /* means over the accumulated batches */
  double lr, alpha;
  double norm;       /* of all gradients before clipping; NAN without clipping */
  double temperature; /* NAN if the model has none */
  double samples_per_second, seconds_left; /* since the run (or its continuation) began */
} TrainProgress;

typedef struct
{
  RunFolder *folder;            /* where checkpoints go; NULL: none are written */
  const CheckpointTexts *texts; /* kept in them */
  const volatile sig_atomic_t *stop; /* becomes nonzero: end after this step, with a checkpoint; may be NULL */
  void (*progress) (void *user_data, const TrainProgress *progress); /* after each step; may be NULL */
  /* After each step too, before its checkpoint; a failure ends the run. May be NULL. */
  AlbefStatus (*watch) (void *user_data, const TrainPosition *at, AlbefError *error);
  void *user_data;
} TrainRun;

/* Optimizer steps of the whole run. */
int64_t trainer_steps (const TrainRule *rule);

/* Learning rate and weight of the pseudo-targets of a step or batch. */
double trainer_lr (const TrainRule *rule, int64_t step, int64_t epoch, int64_t position);
double trainer_alpha (const TrainRule *rule, int64_t step, int64_t epoch, int64_t number);

/* Freezes the parameters whose canonical names fit one of the patterns ("visual_encoder.*, temp"). A pattern that fits
 * none is an error. NULL or "": nothing is frozen. */
AlbefStatus trainer_freeze (Learner *learner, const char *patterns, AlbefError *error);

/* Trains on from *position (all 0 but the seed at the start) and moves it along; returns at the end, or at a stop,
 * which *position then tells. With a folder, a checkpoint is written in either case.
 *
 * ALBEF_ERROR_FORMAT if a loss, or the norm of the gradients, is not finite: no step is made of it and no checkpoint is
 * written. The status of `next` or of writing a checkpoint ends the run too; earlier checkpoints stay. */
AlbefStatus trainer_run (Learner *learner, const TrainRule *rule, const BatchSource *source, TrainPosition *position,
                         const TrainRun *run, AlbefError *error);
