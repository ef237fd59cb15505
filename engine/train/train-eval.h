/* SPDX-License-Identifier: MIT
 * train-eval.h: a run that looks at itself while it goes: its model evaluated every so many steps, the best one kept as
 * OUT/best.safetensors beside the rotating checkpoints, with OUT/best.json: {"step", "metric", "value"}. It draws
 * nothing and leaves nothing behind, so the weights are those of a run without it. */
#pragma once

#include "checkpoint.h"
#include "evaluate.h"
#include "train-config.h"
#include "vocab.h"

typedef struct
{
  TrainPosition at;
  const EvalResult *result;
  const char *metric; /* the figure that tells the best */
  double value;
  bool best; /* the best so far: it was kept */
  double seconds;
} TrainEvaluation;

typedef struct TrainEval TrainEval;

/* NULL in *eval where the configuration asks for none. Fails at once if a file cannot be read. `config`, `out` and
 * `vocab` are borrowed. When the run goes on (`resumed`) the best so far is that of OUT/best.json. */
AlbefStatus train_eval_open (const TrainConfig *config, const char *out, Vocab *vocab, bool resumed, TrainEval **eval,
                             AlbefError *error);
void train_eval_free (TrainEval *eval); /* accepts NULL */

/* Is there something to do at this step? `steps`: of the whole run. */
bool train_eval_due (const TrainEval *eval, const TrainPosition *at, int64_t steps);

/* Evaluates, keeps the best. *done is filled, its texts borrowed until the next call. */
AlbefStatus train_eval_run (TrainEval *eval, Learner *learner, const TrainPosition *at, const CheckpointTexts *texts,
                            TrainEvaluation *done, AlbefError *error);
