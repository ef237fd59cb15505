/* SPDX-License-Identifier: MIT
 * VQA: each question's best answer among a list (VQA.py of the release), and its accuracy where people's answers are
 * known. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "evaluate.h"
#include "handles.h"
#include "vqa-accuracy.h"
#include "vqa.h"
#include "wordpiece.h"

enum
{
  OFFICIAL_K = 128,
  PEOPLE = 10,       /* asked about each question of the data set */
  MAX_ANSWERS = 1000 /* of one question in the annotations */
};

#define LOGIT_BYTES (256.0 * 1024 * 1024) /* of the ranked answers of one batch */

/* The list as rows of ids: [CLS], pieces, [SEP]; padded. */
typedef struct
{
  char **texts;
  int n;
  int32_t *ids;
  int64_t *mask;
  int64_t tokens;
} Candidates;

static AlbefStatus
open_candidates (AlbefModel *handle, const char *path, Candidates *list, AlbefError *error)
{
  int32_t pad = vocab_special (handle->vocab, VOCAB_PAD);
  PieceList *rows;
  AlbefStatus status;

  if (path == NULL)
    return error_set (error, ALBEF_ERROR_ARGUMENT,
                      "name the list of answers to choose from (--answers answer_list.json)");
  status = text_list_open (path, &list->texts, &list->n, error);
  if (status != ALBEF_OK)
    return status;
  if (list->n == 0)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s' holds no answer", path);
  rows = mem_new0 ((size_t) list->n, sizeof *rows);
  for (int i = 0; i < list->n; i++)
    {
      char *text = mem_printf ("%.2000s[SEP]", list->texts[i]);

      wordpiece_encode (handle->vocab, text, strlen (text), &rows[i]);
      if (rows[i].length > (size_t) handle->model->config.max_position_embeddings)
        rows[i].length = (size_t) handle->model->config.max_position_embeddings;
      list->tokens = (int64_t) rows[i].length > list->tokens ? (int64_t) rows[i].length : list->tokens;
      free (text);
    }
  list->ids = mem_new0 ((size_t) (list->n * list->tokens), sizeof *list->ids);
  list->mask = mem_new0 ((size_t) (list->n * list->tokens), sizeof *list->mask);
  for (int i = 0; i < list->n; i++)
    {
      for (int64_t k = 0; k < list->tokens; k++)
        {
          bool there = (size_t) k < rows[i].length;

          list->ids[i * list->tokens + k] = there ? rows[i].pieces[k].id : pad;
          list->mask[i * list->tokens + k] = there;
        }
      piece_list_free (&rows[i]);
    }
  free (rows);
  return ALBEF_OK;
}

/* {"question_id": [answers of people]} from the data set's annotations. */
static AlbefStatus
open_annotations (const char *path, json_t **out, AlbefError *error)
{
  json_error_t problem;
  json_t *root = json_load_file (path, 0, &problem), *list = json_object_get (root, "annotations"), *record, *item;
  size_t i, k;

  *out = NULL;
  if (root == NULL)
    return error_set (error, ALBEF_ERROR_FORMAT, "cannot read '%s': %s (line %d)", path, problem.text, problem.line);
  if (!json_is_array (list))
    {
      json_decref (root);
      return error_set (error, ALBEF_ERROR_FORMAT, "'%s' has no list 'annotations'", path);
    }
  *out = json_object ();
  json_array_foreach (list, i, record)
  {
    json_t *answers = json_array ();
    char key[32];

    snprintf (key, sizeof key, "%lld", (long long) json_integer_value (json_object_get (record, "question_id")));
    json_array_foreach (json_object_get (record, "answers"), k, item)
    {
      json_t *answer = json_object_get (item, "answer");

      if (json_is_string (answer) && k < MAX_ANSWERS)
        json_array_append (answers, answer);
    }
    json_object_set_new (*out, key, answers);
  }
  json_decref (root);
  return ALBEF_OK;
}

/* What people said; NAN where nobody is known to have said anything. */
static double
accuracy_of (const char *answer, const Sample *sample, const json_t *annotations)
{
  const char *people[MAX_ANSWERS];
  const json_t *known;
  char key[32];
  int n = 0;

  snprintf (key, sizeof key, "%lld", (long long) sample->number);
  known = json_object_get (annotations, key);
  if (annotations != NULL)
    for (size_t i = 0; i < json_array_size (known); i++)
      people[n++] = json_string_value (json_array_get (known, i));
  else
    /* The official lists keep shares; ten people were asked. */
    for (int i = 0; i < sample->n_answers; i++)
      for (long k = lrintf (sample->answer_weights[i] * PEOPLE); k > 0 && n < MAX_ANSWERS; k--)
        people[n++] = sample->answers[i];
  return n > 0 ? vqa_accuracy (answer, people, n) : NAN;
}

typedef struct
{
  AlbefModel *handle;
  const EvalData *data;
  const Dataset *dataset;
  Candidates candidates;
  json_t *annotations, *answers;
  double sum;
  int64_t known;
} Asking;

static void
ask (Asking *a, const HostBatch *host, EvalResult *result)
{
  int64_t k = a->data->k > 0 ? a->data->k : OFFICIAL_K;
  Batch batch = { .batch = host->rows,
                  .tokens = host->text.columns,
                  .images = host->pixels,
                  .ids = host->text.ids,
                  .mask = host->text.mask,
                  .pad_id = vocab_special (a->handle->vocab, VOCAB_PAD) };
  VqaRanking ranking;

  k = k < a->candidates.n ? k : a->candidates.n;
  vqa_rank (a->handle->model, &batch, a->candidates.ids, a->candidates.mask, a->candidates.n, a->candidates.tokens, k,
            &ranking);
  for (int i = 0; i < host->rows && (a->data->limit == 0 || result->items < a->data->limit); i++)
    {
      const Sample *sample = dataset_sample (a->dataset, host->samples[i]);
      const char *answer = a->candidates.texts[ranking.ids[i * k]];
      double accuracy = accuracy_of (answer, sample, a->annotations);

      if (!isnan (accuracy))
        {
          a->sum += accuracy;
          a->known++;
        }
      json_array_append_new (a->answers,
                             json_pack ("{s:I, s:s}", "question_id", (json_int_t) sample->number, "answer", answer));
      result->items++;
    }
  vqa_ranking_clear (&ranking);
}

static AlbefStatus
ask_all (Asking *a, int batch, EvalResult *result, AlbefError *error)
{
  Loader *loader = NULL;
  AlbefStatus status = eval_loader (a->handle, a->dataset, batch, &loader, error);
  int64_t batches = status == ALBEF_OK ? loader_batches_per_epoch (loader) : 0;

  for (int64_t number = 0; number < batches && status == ALBEF_OK; number++)
    {
      const HostBatch *host = NULL;

      status = eval_progress (a->data, "questions", number * batch, batches * batch, error);
      if (status == ALBEF_OK)
        status = loader_next (loader, &host, error);
      if (status == ALBEF_OK && host->rows > 0)
        ask (a, host, result);
      if (a->data->limit > 0 && result->items >= a->data->limit)
        break;
    }
  if (loader != NULL)
    eval_loader_close (loader, a->data, result);
  if (status == ALBEF_OK && result->items == 0)
    status = error_set (error, ALBEF_ERROR_FILE, "no picture of '%s' could be read", a->data->files[0]);
  if (status == ALBEF_OK && a->data->results != NULL)
    status = eval_write_json (a->data->results, a->answers, error);
  if (status == ALBEF_OK && a->known > 0)
    {
      eval_add (result, a->sum / (double) a->known, "accuracy");
      eval_add (result, (double) a->known / (double) result->items, "known");
    }
  return status;
}

AlbefStatus
eval_vqa (AlbefModel *handle, const EvalData *data, EvalResult *result, AlbefError *error)
{
  const ModelConfig *config = &handle->model->config;
  DatasetOptions options
      = { .format = DATASET_VQA, .image_root = data->images, .vg_root = data->vg_images, .evaluation = true };
  Asking a = { .handle = handle, .data = data };
  Dataset *dataset = NULL;
  AlbefStatus status;
  double bytes;
  int batch;

  if (config->kind != MODEL_VQA || handle->model->decoder.n_layers == 0)
    return error_set (error, ALBEF_ERROR_MISMATCH, "this is a %s model; vqa needs one with an answer decoder",
                      model_kind_name (config->kind));
  status = open_candidates (handle, data->answers, &a.candidates, error);
  if (status == ALBEF_OK && data->annotations != NULL)
    status = open_annotations (data->annotations, &a.annotations, error);
  if (status == ALBEF_OK)
    status = dataset_open (data->files, data->n_files, &options, &dataset, error);
  if (status == ALBEF_OK)
    {
      bytes = 4.0 * (data->k > 0 ? data->k : OFFICIAL_K) * (double) a.candidates.tokens * config->vocab_size;
      batch = bytes * 16 < LOGIT_BYTES ? 16 : bytes < LOGIT_BYTES ? (int) (LOGIT_BYTES / bytes) : 1;
      a.dataset = dataset;
      a.answers = json_array ();
      status = ask_all (&a, batch, result, error);
    }
  json_decref (a.annotations);
  json_decref (a.answers);
  text_list_free (a.candidates.texts, a.candidates.n);
  free (a.candidates.ids);
  free (a.candidates.mask);
  dataset_free (dataset);
  return status;
}
