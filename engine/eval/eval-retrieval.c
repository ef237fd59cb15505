/* SPDX-License-Identifier: MIT
 * Retrieval as the paper evaluates it (Retrieval.py of the release): recall at 1, 5 and 10, pictures to texts and back.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clean.h"
#include "error.h"
#include "evaluate.h"
#include "handles.h"
#include "retrieval.h"
#include "wordpiece.h"

enum
{
  BATCH = 8,
  MAX_TOKENS = 30,
  OFFICIAL_K = 128
};

/* Everything of a test set on the host. */
typedef struct
{
  float *images; /* n_images x 3 x R x R */
  int64_t n_images;
  int64_t *samples; /* [n_images]: of the dataset */
  int32_t *ids;     /* n_texts x MAX_TOKENS */
  int64_t *mask;
  int64_t *owner; /* [n_texts]: its picture */
  int64_t n_texts;
} TestSet;

static void
test_set_clear (TestSet *set)
{
  free (set->images);
  free (set->samples);
  free (set->ids);
  free (set->mask);
  free (set->owner);
}

/* Pictures, tokens and the matrices of scores; refused beyond what the machine has. */
static AlbefStatus
check_memory (const ModelConfig *c, int64_t images, int64_t texts, AlbefError *error)
{
  double grid = (double) c->image_res / c->patch_size;
  double bytes = 4 * (double) images * (3.0 * c->image_res * c->image_res + (1 + grid * grid) * c->vision_width)
                 + 12 * (double) images * (double) texts + 4 * (double) texts * MAX_TOKENS * c->hidden_size;
  double most = 0.9 * (double) sysconf (_SC_PHYS_PAGES) * (double) sysconf (_SC_PAGESIZE);

  if (bytes <= most)
    return ALBEF_OK;
  return error_set (
      error, ALBEF_ERROR_MEMORY,
      "%lld pictures and %lld texts need %.1f GB, this machine has %.1f GB to give; evaluate a part with --limit",
      (long long) images, (long long) texts, bytes / 1e9, most / 1e9);
}

static AlbefStatus
read_images (AlbefModel *handle, const EvalData *data, const Dataset *dataset, int64_t wanted, TestSet *set,
             EvalResult *result, AlbefError *error)
{
  size_t size = 3 * (size_t) handle->model->config.image_res * (size_t) handle->model->config.image_res;
  Loader *loader = NULL;
  AlbefStatus status = eval_loader (handle, dataset, BATCH, &loader, error);

  if (status != ALBEF_OK)
    return status;
  set->images = malloc (((size_t) wanted * size + 1) * sizeof *set->images);
  set->samples = mem_new0 ((size_t) wanted + 1, sizeof *set->samples);
  if (set->images == NULL)
    status = error_set (error, ALBEF_ERROR_MEMORY, "no memory for %lld pictures", (long long) wanted);
  for (int64_t number = 0; status == ALBEF_OK && number < loader_batches_per_epoch (loader); number++)
    {
      const HostBatch *host = NULL;

      status = eval_progress (data, "pictures", number * BATCH, wanted, error);
      if (status == ALBEF_OK)
        status = loader_next (loader, &host, error);
      for (int i = 0; status == ALBEF_OK && i < host->rows; i++)
        if (host->samples[i] < wanted)
          {
            memcpy (set->images + (size_t) set->n_images * size, host->pixels + (size_t) i * size,
                    size * sizeof *set->images);
            set->samples[set->n_images++] = host->samples[i];
          }
      if ((number + 1) * BATCH >= wanted)
        break;
    }
  eval_loader_close (loader, data, result);
  if (status == ALBEF_OK && set->n_images == 0)
    status = error_set (error, ALBEF_ERROR_FILE, "no picture of '%s' could be read", data->files[0]);
  return status;
}

/* [CLS] and pieces, padded and cut at 30 as the official evaluation does. */
static void
read_texts (AlbefModel *handle, const Dataset *dataset, TestSet *set)
{
  int most = handle->model->config.max_position_embeddings < MAX_TOKENS ? handle->model->config.max_position_embeddings
                                                                        : MAX_TOKENS;
  int32_t pad = vocab_special (handle->vocab, VOCAB_PAD);
  PieceList list = { 0 };
  int64_t n = 0;

  for (int64_t i = 0; i < set->n_images; i++)
    n += dataset_sample (dataset, set->samples[i])->n_texts;
  set->ids = mem_new0 ((size_t) (n * MAX_TOKENS) + 1, sizeof *set->ids);
  set->mask = mem_new0 ((size_t) (n * MAX_TOKENS) + 1, sizeof *set->mask);
  set->owner = mem_new0 ((size_t) n + 1, sizeof *set->owner);
  for (int64_t i = 0; i < set->n_images; i++)
    {
      const Sample *sample = dataset_sample (dataset, set->samples[i]);

      for (int t = 0; t < sample->n_texts; t++)
        {
          MappedText cleaned = { 0 };
          size_t length = strlen (sample->texts[t]), kept;

          kept = clean_text (sample->texts[t], length < MAPPED_TEXT_LIMIT ? length : 0, CLEAN_CAPTION, 30, &cleaned);
          list.length = 0;
          piece_list_append (&list, vocab_special (handle->vocab, VOCAB_CLS), 0, 0);
          wordpiece_tokenize (handle->vocab, cleaned.chars, kept, &list);
          for (int k = 0; k < MAX_TOKENS; k++)
            {
              bool there = k < most && (size_t) k < list.length;

              set->ids[set->n_texts * MAX_TOKENS + k] = there ? list.pieces[k].id : pad;
              set->mask[set->n_texts * MAX_TOKENS + k] = there;
            }
          set->owner[set->n_texts++] = i;
          mapped_free (&cleaned);
        }
    }
  piece_list_free (&list);
}

/* Columns that every text leaves empty are not computed. */
static int64_t
used_columns (const TestSet *set)
{
  int64_t used = 1;

  for (int64_t i = 0; i < set->n_texts; i++)
    for (int64_t k = used; k < MAX_TOKENS && set->mask[i * MAX_TOKENS + k]; k++)
      used = k + 1;
  return used;
}

static void
narrow (TestSet *set, int64_t columns)
{
  for (int64_t i = 0; i < set->n_texts; i++)
    for (int64_t k = 0; k < columns; k++)
      {
        set->ids[i * columns + k] = set->ids[i * MAX_TOKENS + k];
        set->mask[i * columns + k] = set->mask[i * MAX_TOKENS + k];
      }
}

/* How many others are at least as good as the best of one's own: a tie counts against the item. scores: [n] at
 * `stride`; own (i) tells whose entry i is. */
static int64_t
rank_of (const float *scores, int64_t n, int64_t stride, const int64_t *owner, int64_t self)
{
  float best = -INFINITY;
  int64_t before = 0;

  for (int64_t i = 0; i < n; i++)
    if ((owner != NULL ? owner[i] : i) == self && scores[i * stride] > best)
      best = scores[i * stride];
  for (int64_t i = 0; i < n; i++)
    before += (owner != NULL ? owner[i] : i) != self && scores[i * stride] >= best;
  return before;
}

/* Recalls of one matrix, both ways: rows of i2t are pictures; t2i likewise by its own strides. */
static void
add_recalls (const TestSet *set, const char *prefix, const float *i2t, const float *t2i, int64_t t2i_row,
             int64_t t2i_stride, EvalResult *result)
{
  static const int at[] = { 1, 5, 10 };
  int64_t text_hits[3] = { 0 }, image_hits[3] = { 0 };
  double mean = 0;

  for (int64_t i = 0; i < set->n_images; i++)
    {
      int64_t rank = rank_of (i2t + i * set->n_texts, set->n_texts, 1, set->owner, i);

      for (int k = 0; k < 3; k++)
        text_hits[k] += rank < at[k];
    }
  for (int64_t j = 0; j < set->n_texts; j++)
    {
      int64_t rank = rank_of (t2i + j * t2i_row, set->n_images, t2i_stride, NULL, set->owner[j]);

      for (int k = 0; k < 3; k++)
        image_hits[k] += rank < at[k];
    }
  for (int k = 0; k < 3; k++)
    {
      eval_add (result, (double) text_hits[k] / (double) set->n_images, "%simage_to_text_r%d", prefix, at[k]);
      mean += (double) text_hits[k] / (double) set->n_images / 6;
    }
  for (int k = 0; k < 3; k++)
    {
      eval_add (result, (double) image_hits[k] / (double) set->n_texts, "%stext_to_image_r%d", prefix, at[k]);
      mean += (double) image_hits[k] / (double) set->n_texts / 6;
    }
  eval_add (result, mean, "%sr_mean", prefix);
}

static AlbefStatus
score (AlbefModel *handle, const EvalData *data, TestSet *set, EvalResult *result, AlbefError *error)
{
  size_t n = (size_t) set->n_images, m = (size_t) set->n_texts, e = (size_t) handle->model->config.embed_dim;
  int64_t columns = used_columns (set);
  float *image_feats = malloc ((n * e + 1) * sizeof (float)), *text_feats = malloc ((m * e + 1) * sizeof (float));
  float *sims = malloc ((n * m + 1) * sizeof (float)), *i2t = malloc ((n * m + 1) * sizeof (float));
  float *t2i = malloc ((n * m + 1) * sizeof (float));
  AlbefStatus status = ALBEF_OK;

  narrow (set, columns);
  if (image_feats == NULL || text_feats == NULL || sims == NULL || i2t == NULL || t2i == NULL)
    status = error_set (error, ALBEF_ERROR_MEMORY, "no memory for the scores of %zu pictures and %zu texts", n, m);
  if (status == ALBEF_OK)
    status
        = retrieval_scores (handle->model, set->images, set->n_images, set->ids, set->mask, set->n_texts, columns,
                            data->k > 0 ? data->k : OFFICIAL_K, image_feats, text_feats, sims, i2t, t2i, NULL, error);
  if (status == ALBEF_OK)
    {
      add_recalls (set, "", i2t, t2i, set->n_images, 1, result);
      add_recalls (set, "itc_", sims, sims, 1, set->n_texts, result);
      result->items = set->n_images;
    }
  free (image_feats);
  free (text_feats);
  free (sims);
  free (i2t);
  free (t2i);
  return status;
}

AlbefStatus
eval_retrieval (AlbefModel *handle, const EvalData *data, EvalResult *result, AlbefError *error)
{
  DatasetOptions options = { .format = DATASET_RETRIEVAL, .image_root = data->images, .evaluation = true };
  Dataset *dataset = NULL;
  TestSet set = { 0 };
  int64_t wanted, texts = 0;
  AlbefStatus status = dataset_open (data->files, data->n_files, &options, &dataset, error);

  if (status != ALBEF_OK)
    return status;
  wanted = dataset_n_samples (dataset);
  if (data->limit > 0 && data->limit < wanted)
    wanted = data->limit;
  for (int64_t i = 0; i < wanted; i++)
    texts += dataset_sample (dataset, i)->n_texts;
  status = check_memory (&handle->model->config, wanted, texts, error);
  if (status == ALBEF_OK)
    status = read_images (handle, data, dataset, wanted, &set, result, error);
  if (status == ALBEF_OK)
    {
      read_texts (handle, dataset, &set);
      status = score (handle, data, &set, result, error);
    }
  test_set_clear (&set);
  dataset_free (dataset);
  return status;
}
