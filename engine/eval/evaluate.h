/* SPDX-License-Identifier: MIT
 * evaluate.h: how good a model is at a task, by the official metrics on the official annotation files, as a list of
 * named figures. What `albef eval` prints and what a training run looks at while it goes. */
#pragma once

#include <jansson.h>

#include "albef.h"
#include "loader.h"

typedef enum
{
  EVAL_POINTING,  /* scenes.json: pointing game per fusion layer, match of captions and foils, ITC R@1 */
  EVAL_RETRIEVAL, /* R@1, 5, 10 both ways: ITC recall of k, then the ITM logit (Retrieval.py) */
  EVAL_GROUNDING, /* RefCOCO+: the best of given boxes by the map, IoU >= 0.5; the pointing game on the true box */
  EVAL_VQA,       /* answers ranked among a list, the standard VQA accuracy where answers are known */
  EVAL_VE,        /* accuracy */
  EVAL_NLVR2,     /* accuracy */
  EVAL_COUNT
} EvalTask;

enum
{
  EVAL_MAX_METRICS = 200
};

typedef struct
{
  char name[80];
  double value; /* shares from 0 to 1 */
} EvalMetric;

typedef struct
{
  EvalMetric metrics[EVAL_MAX_METRICS];
  int n_metrics;
  int64_t items;      /* evaluated: scenes, pictures, expressions, questions, sentences, pairs */
  int64_t unreadable; /* left out, each told to `skipped` */
} EvalResult;

/* What is read. Paths that a task does not name are NULL. */
typedef struct
{
  const char *const *files; /* annotation files; one for pointing */
  int n_files;
  const char *images, *vg_images; /* before relative paths of pictures */
  int k;                          /* retrieval, VQA: candidates; 0: the official 128 */
  int64_t limit;                  /* the first so many items alone; 0: all */

  const char *answers; /* VQA: answer_list.json */
  const char
      *annotations;    /* VQA: {annotations: [{question_id, answers: [{answer}]}]}; NULL: the answers in the files */
  const char *results; /* where the single answers go. VQA: [{question_id, answer}]; pointing: of each scene, pointing.h */

  const char *refs, *instances, *dets; /* grounding: refs(unc).p, instances.json, dets.json */

  AlbefProgress progress;
  void *progress_data;
  void (*skipped) (const char *message);
} EvalData;

const char *eval_task_name (EvalTask task); /* "pointing", ... */
bool eval_task_parse (const char *name, EvalTask *task);

/* Fails with ALBEF_ERROR_MISMATCH for a model without the heads of the task. *result is cleared first. */
AlbefStatus evaluate (EvalTask task, AlbefModel *model, const EvalData *data, EvalResult *result, AlbefError *error);

/* NAN if there is no such figure. */
double eval_value (const EvalResult *result, const char *name);

/* --- the tasks --------------------------------------------------------------------------------------- */

void eval_add (EvalResult *result, double value, const char *format, ...) __attribute__ ((format (printf, 3, 4)));
/* Single answers as a file, in whole or not at all. */
AlbefStatus eval_write_json (const char *path, const json_t *answers, AlbefError *error);
/* Asks whether to go on; false sets the error. */
AlbefStatus eval_progress (const EvalData *data, const char *what, int64_t done, int64_t total, AlbefError *error);

/* Rows of a test set in their order, `batch` at once; the second says what could not be read, and frees. */
AlbefStatus eval_loader (AlbefModel *model, const Dataset *dataset, int batch, Loader **loader, AlbefError *error);
void eval_loader_close (Loader *loader, const EvalData *data, EvalResult *result);

AlbefStatus eval_retrieval (AlbefModel *model, const EvalData *data, EvalResult *result, AlbefError *error);
AlbefStatus eval_grounding (AlbefModel *model, const EvalData *data, EvalResult *result, AlbefError *error);
AlbefStatus eval_vqa (AlbefModel *model, const EvalData *data, EvalResult *result, AlbefError *error);
AlbefStatus eval_classes (AlbefModel *model, const EvalData *data, bool pairs, EvalResult *result, AlbefError *error);
