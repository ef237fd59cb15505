/* SPDX-License-Identifier: MIT
 * train-log.h: how a run goes, as a table (CSV) and as TensorBoard curves, beside the lines on standard output. */
#pragma once

#include "albef.h"

typedef struct TrainLog TrainLog;

/* Either path may be NULL. `step`: the steps that the run has done; 0 begins the table anew. When a run goes on, rows
 * beyond its checkpoint, which a killed run left, are dropped, and the curves likewise. */
AlbefStatus train_log_open (const char *csv, const char *tensorboard, int64_t step, TrainLog **log, AlbefError *error);
void train_log_close (TrainLog *log); /* accepts NULL */

/* The columns of a row of progress, in this order, after step and epoch. */
typedef enum
{
  LOG_LOSS,
  LOG_ITC,
  LOG_ITM,
  LOG_MLM,
  LOG_AMC,
  LOG_ATTENTION,
  LOG_LR,
  LOG_ALPHA,
  LOG_TEMPERATURE,
  LOG_NORM,
  LOG_SPEED,
  LOG_MEMORY,
  LOG_COLUMNS
} LogColumn;

/* A row, written through at once. Values that are not finite stay empty. */
AlbefStatus train_log_progress (TrainLog *log, int64_t step, int64_t epoch, const double values[LOG_COLUMNS],
                                AlbefError *error);
/* A figure of an evaluation: a row with `metric` and `value` alone; the curve "eval/METRIC". */
AlbefStatus train_log_evaluation (TrainLog *log, int64_t step, int64_t epoch, const char *metric, double value,
                                  AlbefError *error);
