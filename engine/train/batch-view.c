/* SPDX-License-Identifier: MIT */
#include "batch-view.h"

Batch
batch_view (const HostBatch *host, const LoaderOptions *options)
{
  Batch batch = {
    .batch = host->rows,
    .tokens = host->text.columns,
    .images = host->pixels,
    .ids = host->text.ids,
    .mask = host->text.mask,
    .identities = host->idx,
    .labels = host->labels,
    .draw_image = host->draws + LOADER_DRAW_IMAGE * host->rows,
    .draw_text = host->draws + LOADER_DRAW_TEXT * host->rows,
    .masked_ids = host->masked_ids,
    .mlm_labels = host->mlm_labels,
  };

  if (host->answers.rows > 0)
    {
      batch.answers = host->answers.rows;
      batch.answer_tokens = host->answers.columns;
      batch.answer_ids = host->answers.ids;
      batch.answer_mask = host->answers.mask;
      batch.answer_question = host->answer_question;
      batch.answer_weights = host->answer_weights;
    }
  if (host->regions != NULL && options->region_size == options->resolution)
    {
      batch.region_masks = host->regions;
      batch.region_weight = host->has_region;
    }
  return batch;
}
