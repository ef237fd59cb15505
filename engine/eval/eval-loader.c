/* SPDX-License-Identifier: MIT
 * Rows of a test set in their order: no augmentation, nothing dropped, pictures as the official code resizes them. */
#include <stdlib.h>

#include "evaluate.h"
#include "handles.h"

AlbefStatus
eval_loader (AlbefModel *handle, const Dataset *dataset, int batch, Loader **loader, AlbefError *error)
{
  const ModelConfig *config = &handle->model->config;
  bool questions = dataset_format (dataset) == DATASET_VQA;
  LoaderOptions options = { .dataset = dataset,
                            .vocab = handle->vocab,
                            .batch = batch,
                            .resolution = config->image_res,
                            .mean = config->image_mean,
                            .std = config->image_std,
                            .augment = augment_none,
                            .max_words = questions ? 50 : 30,
                            .max_positions = config->max_position_embeddings,
                            .max_unreadable = dataset_n_samples (dataset) + 1 };

  return loader_open (&options, loader, error);
}

void
eval_loader_close (Loader *loader, const EvalData *data, EvalResult *result)
{
  char *trouble;

  result->unreadable = loader_counts (loader).unreadable;
  for (int i = 0; data->skipped != NULL && (trouble = loader_trouble (loader, i)) != NULL; i++)
    {
      data->skipped (trouble);
      free (trouble);
    }
  loader_free (loader);
}
