/* SPDX-License-Identifier: MIT */
#include "evaluate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "atomic-file.h"
#include "error.h"
#include "pointing.h"

static const char *const names[EVAL_COUNT] = { "pointing", "retrieval", "grounding", "vqa", "ve", "nlvr2" };

const char *
eval_task_name (EvalTask task)
{
  return names[task];
}

bool
eval_task_parse (const char *name, EvalTask *task)
{
  for (int i = 0; i < EVAL_COUNT; i++)
    if (strcmp (name, names[i]) == 0)
      {
        *task = (EvalTask) i;
        return true;
      }
  return false;
}

void
eval_add (EvalResult *result, double value, const char *format, ...)
{
  EvalMetric *metric = &result->metrics[result->n_metrics];
  va_list args;

  if (result->n_metrics == EVAL_MAX_METRICS)
    return;
  va_start (args, format);
  vsnprintf (metric->name, sizeof metric->name, format, args);
  va_end (args);
  metric->value = value;
  result->n_metrics++;
}

double
eval_value (const EvalResult *result, const char *name)
{
  for (int i = 0; i < result->n_metrics; i++)
    if (strcmp (result->metrics[i].name, name) == 0)
      return result->metrics[i].value;
  return NAN;
}

AlbefStatus
eval_progress (const EvalData *data, const char *what, int64_t done, int64_t total, AlbefError *error)
{
  if (data->progress == NULL || data->progress (data->progress_data, what, (uint64_t) done, (uint64_t) total))
    return ALBEF_OK;
  return error_set (error, ALBEF_CANCELLED, "cancelled");
}

static double
share (int part, int whole)
{
  return whole > 0 ? (double) part / whole : NAN;
}

/* Figures of several groups carry the group's name in front. */
static AlbefStatus
eval_pointing (AlbefModel *model, const EvalData *data, EvalResult *result, AlbefError *error)
{
  PointingOptions options = {
    .limit = data->limit, .progress = data->progress, .progress_data = data->progress_data, .skipped = data->skipped,
    .results = data->results
  };
  PointingResult scenes;
  AlbefStatus status;

  if (data->n_files != 1)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "the pointing game takes one scenes.json");
  status = pointing_evaluate (model, data->files[0], &options, &scenes, error);
  if (status != ALBEF_OK)
    return status;
  for (int i = 0; i < scenes.n_groups; i++)
    {
      const PointingGroup *g = &scenes.groups[i];
      const char *name = scenes.n_groups > 1 ? g->group : "", *slash = scenes.n_groups > 1 ? "/" : "";

      for (int l = 0; l < g->layers; l++)
        eval_add (result, share (g->hits[l], g->phrases), "%.40s%spointing_%d", name, slash, l + 1);
      eval_add (result, share (g->matches, g->scenes), "%.40s%smatch", name, slash);
      if (g->foils > 0)
        {
          eval_add (result, share (g->foils_refused, g->foils), "%.40s%sfoils_refused", name, slash);
          eval_add (result, (share (g->matches, g->scenes) + share (g->foils_refused, g->foils)) / 2,
                    "%.40s%sitm_accuracy", name, slash);
        }
      eval_add (result, share (g->image_to_text, g->scenes), "%.40s%sitc_r1_image_to_text", name, slash);
      eval_add (result, share (g->text_to_image, g->scenes), "%.40s%sitc_r1_text_to_image", name, slash);
      result->items += g->scenes;
    }
  result->unreadable = scenes.unreadable;
  pointing_result_clear (&scenes);
  return ALBEF_OK;
}

AlbefStatus
eval_write_json (const char *path, const json_t *answers, AlbefError *error)
{
  char *text = json_dumps (answers, JSON_COMPACT);
  AtomicFile *file = NULL;
  AlbefStatus status = text == NULL ? error_set (error, ALBEF_ERROR_MEMORY, "no memory for the answers") : ALBEF_OK;

  if (status == ALBEF_OK)
    status = atomic_file_open (path, &file, error);
  if (status == ALBEF_OK && (status = atomic_file_write (file, text, strlen (text), error)) == ALBEF_OK)
    status = atomic_file_commit (file, error);
  else
    atomic_file_discard (file);
  free (text);
  return status;
}

AlbefStatus
evaluate (EvalTask task, AlbefModel *model, const EvalData *data, EvalResult *result, AlbefError *error)
{
  memset (result, 0, sizeof *result);
  switch (task)
    {
    case EVAL_RETRIEVAL:
      return eval_retrieval (model, data, result, error);
    case EVAL_GROUNDING:
      return eval_grounding (model, data, result, error);
    case EVAL_VQA:
      return eval_vqa (model, data, result, error);
    case EVAL_VE:
    case EVAL_NLVR2:
      return eval_classes (model, data, task == EVAL_NLVR2, result, error);
    default:
      return eval_pointing (model, data, result, error);
    }
}
