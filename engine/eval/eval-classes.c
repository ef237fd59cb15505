/* SPDX-License-Identifier: MIT
 * Visual entailment and NLVR2: the share of right classes (VE.py and NLVR.py of the release). */
#include <stdlib.h>

#include "error.h"
#include "evaluate.h"
#include "handles.h"

enum
{
  BATCH = 8,
  CLASSES = 8
};

/* The class of each row. */
static void
classify (const Model *model, const HostBatch *host, int *classes)
{
  int64_t b = host->rows, t = host->text.columns, r = model->config.image_res, n = model->config.num_classes;
  float logits[BATCH * CLASSES];
  Tensor *tokens, *first, *second = NULL, *ids;
  Scope scope;

  scope_init (&scope, model->backend);
  tokens
      = vision_forward (&scope, model,
                        scope_own (&scope, tensor_from_host (model->backend, DTYPE_F32, 4,
                                                             (int64_t[]){ host->n_images * b, 3, r, r }, host->pixels)),
                        NULL, NULL);
  first = tokens;
  if (host->n_images == 2)
    {
      first = scope_own (&scope, tensor_row_block (tokens, 0, b));
      second = scope_own (&scope, tensor_row_block (tokens, b, b));
    }
  ids = scope_own (&scope, tensor_from_host (model->backend, DTYPE_I32, 2, (int64_t[]){ b, t }, host->text.ids));
  tensor_to_host (
      head_two_layers (&scope, model->cls_head,
                       multimodal_forward (&scope, model, ids, mask_tensor (&scope, host->text.mask, b, t, -10000.0f),
                                           first, second)),
      logits);
  for (int64_t i = 0; i < b; i++)
    {
      classes[i] = 0;
      for (int c = 1; c < n; c++)
        if (logits[i * n + c] > logits[i * n + classes[i]])
          classes[i] = c;
    }
  scope_clear (&scope);
}

static AlbefStatus
count (AlbefModel *handle, const EvalData *data, Loader *loader, EvalResult *result, AlbefError *error)
{
  int64_t batches = loader_batches_per_epoch (loader), right = 0, of[CLASSES] = { 0 }, hits[CLASSES] = { 0 };
  AlbefStatus status = ALBEF_OK;
  int classes[BATCH];

  for (int64_t number = 0; number < batches && status == ALBEF_OK; number++)
    {
      const HostBatch *host = NULL;

      status = eval_progress (data, "sentences", number * BATCH, batches * BATCH, error);
      if (status == ALBEF_OK)
        status = loader_next (loader, &host, error);
      if (status != ALBEF_OK || host->rows == 0)
        continue;
      classify (handle->model, host, classes);
      for (int i = 0; i < host->rows && (data->limit == 0 || result->items < data->limit); i++)
        {
          bool hit = classes[i] == host->labels[i];

          right += hit;
          of[host->labels[i]]++;
          hits[host->labels[i]] += hit;
          result->items++;
        }
      if (data->limit > 0 && result->items >= data->limit)
        break;
    }
  if (status != ALBEF_OK)
    return status;
  if (result->items == 0)
    return error_set (error, ALBEF_ERROR_FILE, "no picture of '%s' could be read", data->files[0]);
  eval_add (result, (double) right / (double) result->items, "accuracy");
  for (int c = 0; c < handle->model->config.num_classes; c++)
    if (of[c] > 0)
      eval_add (result, (double) hits[c] / (double) of[c], "accuracy_class_%d", c);
  return ALBEF_OK;
}

AlbefStatus
eval_classes (AlbefModel *handle, const EvalData *data, bool pairs, EvalResult *result, AlbefError *error)
{
  const ModelConfig *config = &handle->model->config;
  DatasetOptions options
      = { .format = pairs ? DATASET_NLVR : DATASET_VE, .image_root = data->images, .evaluation = true };
  Dataset *dataset = NULL;
  Loader *loader = NULL;
  AlbefStatus status;

  if (config->kind != (pairs ? MODEL_NLVR2 : MODEL_VE) || handle->model->cls_head[0].weight == NULL
      || config->num_classes < 2 || config->num_classes > CLASSES || (!pairs && config->num_classes != 3))
    return error_set (error, ALBEF_ERROR_MISMATCH, "this is a %s model; %s needs one trained for it",
                      model_kind_name (config->kind), pairs ? "nlvr2" : "ve");
  status = dataset_open (data->files, data->n_files, &options, &dataset, error);
  if (status == ALBEF_OK)
    status = eval_loader (handle, dataset, BATCH, &loader, error);
  if (status == ALBEF_OK)
    {
      status = count (handle, data, loader, result, error);
      eval_loader_close (loader, data, result);
    }
  dataset_free (dataset);
  return status;
}
