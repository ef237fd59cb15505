/* SPDX-License-Identifier: MIT */
#include "train-eval.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "atomic-file.h"
#include "error.h"
#include "model-handle.h"

struct TrainEval
{
  const TrainConfig *config;
  char *out;
  Vocab *vocab;
  EvalTask task;
  EvalData data;
  char *copy; /* of the list of files */
  const char **files;
  EvalResult result;
  char metric[80];
  double best; /* -INFINITY: none yet */
};

static double
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

/* --- what is evaluated ------------------------------------------------------------------------------- */

static EvalTask
task_of (const TrainConfig *config)
{
  static const EvalTask tasks[TASK_COUNT]
      = { EVAL_POINTING, EVAL_RETRIEVAL, EVAL_GROUNDING, EVAL_VQA, EVAL_VE, EVAL_NLVR2, EVAL_POINTING, EVAL_POINTING };
  EvalTask task;

  return config->eval_task != NULL && eval_task_parse (config->eval_task, &task) ? task : tasks[config->task];
}

static AlbefStatus
check_file (const char *path, AlbefError *error)
{
  if (path == NULL || access (path, R_OK) == 0)
    return ALBEF_OK;
  return error_set_errno (error, ALBEF_ERROR_FILE, "cannot read '%s', which is to be evaluated on", path);
}

/* "a.json, b.json" as a list. */
static void
split_files (TrainEval *eval)
{
  char *rest = eval->copy = mem_strdup (eval->config->eval);

  eval->files = mem_new0 (strlen (rest) / 2 + 2, sizeof *eval->files);
  while (*(rest += strspn (rest, ", ")) != 0)
    {
      size_t length = strcspn (rest, ","), end = length;

      eval->files[eval->data.n_files++] = rest;
      while (end > 0 && rest[end - 1] == ' ')
        end--;
      if (rest[length] == 0)
        length--;
      rest[end] = 0;
      rest += length + 1;
    }
  eval->data.files = eval->files;
}

static void
read_best (TrainEval *eval)
{
  char *path = mem_printf ("%s/best.json", eval->out);
  json_t *root = json_load_file (path, 0, NULL), *value = json_object_get (root, "value");

  if (json_is_number (value))
    eval->best = json_number_value (value);
  json_decref (root);
  free (path);
}

AlbefStatus
train_eval_open (const TrainConfig *config, const char *out, Vocab *vocab, bool resumed, TrainEval **result,
                 AlbefError *error)
{
  const TrainConfig *c = config;
  TrainEval *eval;
  AlbefStatus status;

  *result = NULL;
  if (c->eval == NULL)
    return ALBEF_OK;
  eval = mem_new0 (1, sizeof *eval);
  eval->config = config;
  eval->out = mem_strdup (out);
  eval->vocab = vocab;
  eval->task = task_of (config);
  eval->data = (EvalData){ .images = c->eval_images != NULL ? c->eval_images : c->images,
                           .vg_images = c->vg_images,
                           .k = c->eval_k,
                           .limit = c->eval_limit,
                           .answers = c->eval_answers,
                           .annotations = c->eval_annotations,
                           .refs = c->eval_refs,
                           .instances = c->eval_instances,
                           .dets = c->eval_dets };
  eval->best = -INFINITY;
  split_files (eval);
  status = eval->data.n_files > 0 ? ALBEF_OK : error_set (error, ALBEF_ERROR_ARGUMENT, "'eval' names no file");
  for (int i = 0; i < eval->data.n_files && status == ALBEF_OK; i++)
    status = check_file (eval->files[i], error);
  for (const char *const *at = (const char *const[]){ c->eval_answers, c->eval_annotations, c->eval_refs,
                                                      c->eval_instances, c->eval_dets, "" };
       status == ALBEF_OK && (*at == NULL || **at != 0); at++)
    status = check_file (*at, error);
  if (status != ALBEF_OK)
    {
      train_eval_free (eval);
      return status;
    }
  if (resumed)
    read_best (eval);
  *result = eval;
  return ALBEF_OK;
}

void
train_eval_free (TrainEval *eval)
{
  if (eval == NULL)
    return;
  free (eval->out);
  free (eval->copy);
  free (eval->files);
  free (eval);
}

bool
train_eval_due (const TrainEval *eval, const TrainPosition *at, int64_t steps)
{
  if (eval == NULL)
    return false;
  if (at->step == steps)
    return true;
  return eval->config->eval_steps > 0 ? at->step % eval->config->eval_steps == 0 : at->position == 0;
}

/* --- the best ---------------------------------------------------------------------------------------- */

/* The figure that tells: the one named, in the first group that has it. */
static AlbefStatus
pick_metric (TrainEval *eval, const ModelConfig *model, double *value, AlbefError *error)
{
  const EvalResult *r = &eval->result;
  char wanted[80];
  size_t length;

  if (eval->config->eval_metric != NULL)
    snprintf (wanted, sizeof wanted, "%s", eval->config->eval_metric);
  else if (eval->task == EVAL_POINTING)
    snprintf (wanted, sizeof wanted, "pointing_%d", config_grounding_fusion_layer (model));
  else if (eval->task == EVAL_GROUNDING && r->n_metrics > 0)
    snprintf (wanted, sizeof wanted, "%s", r->metrics[0].name);
  else
    snprintf (wanted, sizeof wanted, "%s", eval->task == EVAL_RETRIEVAL ? "r_mean" : "accuracy");
  length = strlen (wanted);
  for (int i = 0; i < r->n_metrics; i++)
    {
      const char *name = r->metrics[i].name;
      size_t n = strlen (name);

      if (n >= length && strcmp (name + n - length, wanted) == 0 && (n == length || name[n - length - 1] == '/'))
        {
          snprintf (eval->metric, sizeof eval->metric, "%s", name);
          *value = r->metrics[i].value;
          return ALBEF_OK;
        }
    }
  return error_set (error, ALBEF_ERROR_ARGUMENT, "the evaluation has no figure '%s' (eval-metric); its first is '%s'",
                    wanted, r->n_metrics > 0 ? r->metrics[0].name : "none");
}

static AlbefStatus
keep (TrainEval *eval, const Learner *learner, const TrainPosition *at, const CheckpointTexts *texts, double value,
      AlbefError *error)
{
  char *path = mem_printf ("%s/best.safetensors", eval->out), *note = mem_printf ("%s/best.json", eval->out);
  json_t *root = json_pack ("{s:I, s:s, s:f}", "step", (json_int_t) at->step, "metric", eval->metric, "value", value);
  char *text = json_dumps (root, JSON_REAL_PRECISION (17));
  AtomicFile *file = NULL;
  AlbefStatus status = checkpoint_save (path, learner, at, texts, error);

  if (status == ALBEF_OK)
    status = atomic_file_open (note, &file, error);
  if (status == ALBEF_OK && (status = atomic_file_write (file, text, strlen (text), error)) == ALBEF_OK)
    status = atomic_file_commit (file, error);
  else
    atomic_file_discard (file);
  json_decref (root);
  free (text);
  free (path);
  free (note);
  return status;
}

AlbefStatus
train_eval_run (TrainEval *eval, Learner *learner, const TrainPosition *at, const CheckpointTexts *texts,
                TrainEvaluation *done, AlbefError *error)
{
  double began = now (), value = NAN;
  AlbefModel *handle;
  AlbefStatus status;

  /* Nothing is learned here; the next step asks for its gradients again. */
  for (int i = 0; i < learner->n_parameters; i++)
    {
      tensor_clear_grad (learner->parameters[i].weight);
      learner->parameters[i].weight->needs_grad = false;
    }
  handle = model_handle_new (learner->backend, learner->model, eval->vocab, "the model in training");
  status = evaluate (eval->task, handle, &eval->data, &eval->result, error);
  model_handle_free (handle);
  if (status == ALBEF_OK)
    status = pick_metric (eval, &learner->model->config, &value, error);
  if (status != ALBEF_OK)
    return status;
  *done = (TrainEvaluation){
    .at = *at, .result = &eval->result, .metric = eval->metric, .value = value, .best = value > eval->best
  };
  if (done->best)
    {
      status = keep (eval, learner, at, texts, value, error);
      eval->best = value;
    }
  done->seconds = now () - began;
  return status;
}
