/* SPDX-License-Identifier: MIT
 * fuzz-dataset.c: any bytes as a list of records or as a manifest; the first byte chooses the format. What is accepted
 * must be whole, and its regions must be safe to draw. */
#include <stdlib.h>
#include <string.h>

#include "dataset.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check (bool holds)
{
  if (!holds)
    abort ();
}

static void
check_regions (const Sample *sample)
{
  Motion motion = { .steps = { { { 0.5, 0.1, -3, 0, 0.7, 2 } } }, .n_steps = 1, .width = 16, .height = 16 };
  float mask[8 * 8] = { 0 };

  /* Drawing a region of many points takes its time. */
  for (int r = 0; r < sample->n_regions && r < 4; r++)
    if (sample->regions[r].n_points < 64)
      region_render (&sample->regions[r], &motion, 0.1, mask, 8, 8);
  for (int i = 0; i < 64; i++)
    check (mask[i] == 0 || mask[i] == 1);
}

static void
check_sample (const Dataset *dataset, const Sample *sample)
{
  size_t length = 0;

  check (sample->n_images == (dataset_format (dataset) == DATASET_NLVR ? 2 : 1));
  for (int i = 0; i < sample->n_images; i++)
    length += strlen (sample->images[i]);
  check (length > 0 || dataset_format (dataset) == DATASET_MANIFEST);
  check (sample->n_texts > 0 || (sample->n_foils > 0 && !sample->pair));
  for (int t = 0; t < sample->n_texts; t++)
    length += strlen (sample->texts[t]);
  for (int f = 0; f < sample->n_foils && f < 100; f++)
    length += strlen (sample->foils[f]);
  for (int a = 0; a < sample->n_answers; a++)
    check (strlen (sample->answers[a]) < SIZE_MAX && sample->answer_weights[a] > 0 && sample->answer_weights[a] <= 1);
  for (int s = 0; s < sample->n_spans; s++)
    check (sample->spans[s][0] >= 0 && sample->spans[s][0] < sample->spans[s][1]
           && (size_t) sample->spans[s][1] <= strlen (sample->texts[0]));
  check (sample->id >= 0 && sample->id < dataset_n_ids (dataset) && sample->record > 0);
  check_regions (sample);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  DatasetOptions options = { 0 };
  AlbefError error = ALBEF_ERROR_INIT;
  Dataset *dataset = NULL;
  AlbefStatus status;

  if (size == 0)
    return 0;
  options.format = (DatasetFormat) (data[0] % 8 % (DATASET_MANIFEST + 1));
  options.evaluation = data[0] & 8;
  options.whole_caption = data[0] & 16;
  options.image_root = data[0] & 32 ? "root" : NULL;
  status = dataset_from_bytes (data + 1, size - 1, "fuzz", &options, &dataset, &error);
  check ((status == ALBEF_OK) == (dataset != NULL));
  if (status != ALBEF_OK)
    {
      check (error.status == status && error.message[0] != 0);
      return 0;
    }
  for (int64_t i = 0; i < dataset_n_samples (dataset); i++)
    check_sample (dataset, dataset_sample (dataset, i));
  dataset_free (dataset);
  return 0;
}
