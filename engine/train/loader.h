/* SPDX-License-Identifier: MIT
 * loader.h: host batches for the trainer, made ahead by worker threads.
 *
 * What a batch holds is a pure function of (data, options, epoch, batch number): workers and their timing change
 * nothing, and a run may go on at any batch. Rows come from a Dataset or are composed on the fly by a SceneSource. */
#pragma once

#include "augment.h"
#include "clean.h"
#include "dataset.h"
#include "mlm-mask.h"
#include "scene.h"
#include "vocab.h"

typedef struct
{
  const Dataset *dataset; /* one of these two, borrowed */
  const SceneSource *scenes;
  int64_t scenes_per_epoch; /* with scenes: epoch e composes e * n .. e * n + n - 1 */
  uint64_t scene_seed;
  const Vocab *vocab; /* borrowed */

  uint64_t seed;
  int batch;               /* B */
  bool shuffle;            /* training */
  bool drop_last;          /* training: only whole batches */
  int resolution;          /* R */
  const float *mean, *std; /* [3]; NULL: ALBEF's */
  AugmentRule augment;     /* none for scenes: a crop or flip would make captions false */
  int max_words;           /* of a text: 30; questions in evaluation 50; AMC 50 */
  int max_tokens;          /* [CLS] included: 25 in pre-training and AMC; 0: no limit */
  bool truncate;           /* false: longer rows stay whole, as in retrieval's and grounding's official calls */
  int max_positions;       /* of the model: rows are never longer, whatever truncate says; 0: 512 */
  MlmRule mlm;             /* probability 0: no masked ids */
  int region_size;         /* M: side of the region masks; 0: none */
  bool one_region;         /* of a phrase with several, one drawn anew each time (AMC's code); false: all of them */
  int patch_grid;          /* G: side of the grid of patch labels and noun cells (scenes); 0: none */
  bool foils;              /* second texts: scenes' foils, phrases judged absent */
  int64_t max_unreadable;  /* different pictures that may be skipped before loader_next fails; 0: 1000 */
  int workers;             /* threads; 0: rows are made by the caller, in loader_next */
  int prefetch;            /* batches ahead; 0: workers + 1 */
} LoaderOptions;

/* For each row: its hard negative image, its hard negative text, text assignment's two. */
enum
{
  LOADER_DRAW_IMAGE,
  LOADER_DRAW_TEXT,
  LOADER_DRAW_FIRST,
  LOADER_DRAW_SECOND,
  LOADER_DRAWS
};

/* Ids of texts, padded to the longest row. */
typedef struct
{
  int rows, columns; /* B, T */
  int32_t *ids;      /* (B, T), padded with [PAD] */
  int64_t *mask;     /* (B, T): 1 for pieces, 0 for padding */
} TextRows;

/* A noun token of a scene's caption; its patches are its row of noun_cells. */
typedef struct
{
  int32_t row, token; /* of text */
} NounToken;

typedef struct
{
  int64_t epoch, number; /* of the batch in its epoch */
  int rows;              /* B; less in a last batch that is kept */
  int n_images;          /* 1, or 2 for NLVR */
  float *pixels;         /* (n_images, B, 3, R, R): all first pictures, then all second ones */
  int64_t *samples;      /* (B): index of the dataset, or number of the scene: what is in the row */

  TextRows text;       /* cleaned; the question for VQA, the sentence for VE and NLVR */
  int32_t (*spans)[2]; /* (B, T): bytes of texts[b] that each piece came from; 0, 0 for [CLS] and padding */
  float *phrase;       /* (B, T): 1 for the pieces of the phrase, 0 else; all pieces but [CLS] where the text is it */
  char **texts;        /* (B): as given, before the clean-up; "" where there is none */
  int32_t *masked_ids; /* (B, T): MLM's input; NULL without MLM */
  int32_t *mlm_labels; /* (B, T): the id where masked, else -100 */

  int32_t *idx;     /* (B): identity for contrastive positives */
  int32_t *labels;  /* (B): VE, NLVR; -1 else */
  int64_t *numbers; /* (B): question_id or ref_id; -1 */
  float *weights;   /* (B): of the sample, 1 */
  float *pair;      /* (B): 0 where picture and text are no positive pair */
  float *draws;     /* (LOADER_DRAWS, B): numbers in [0, 1) for what the step draws from similarities */

  TextRows answers;         /* (A, Ta): VQA's answers row after row, "[SEP]" appended; rows 0 else */
  float *answer_weights;    /* (A) */
  int32_t *answer_question; /* (A): the row of the question */
  int32_t *answer_counts;   /* (B): how many rows of answers each question has */

  TextRows foils;  /* (B, Tf): the row's own negative text; [CLS] alone where it has none */
  float *has_foil; /* (B): 1 or 0; NULL without foils */

  float *regions;    /* (B, M, M): 1 in the phrase's regions; NULL without */
  float *has_region; /* (B): 1; 0: nothing is known, regions is 0 */

  /* Scenes alone. */
  NounSet *image_nouns;   /* (B) */
  NounSet *caption_nouns; /* (B) */
  int32_t *patch_labels;  /* (B, G, G): 0 none, else noun + 1; NULL without patch_grid */
  NounToken *noun_tokens; /* [n_noun_tokens] */
  int n_noun_tokens;
  float *noun_cells; /* (n_noun_tokens, G, G): 1 where a patch's centre lies in one of the noun's boxes */
} HostBatch;

typedef struct Loader Loader;

/* Fails on options that contradict each other, and on a set with fewer samples than a batch that has to be whole. */
AlbefStatus loader_open (const LoaderOptions *options, Loader **loader, AlbefError *error);
void loader_free (Loader *loader); /* stops the workers */

int64_t loader_batches_per_epoch (const Loader *loader);

/* The next batch to come is `number` of `epoch`, both from 0. Cheap; throws away what was made ahead. */
void loader_seek (Loader *loader, int64_t epoch, int64_t number);

/* The next batch; epochs follow each other without end. Borrowed until the next call for this loader.
 *
 * A picture that cannot be read is skipped: with shuffle, another sample of the set takes the row, drawn from (seed,
 * epoch, place); without (evaluation), the row is left out and rows may even be 0. ALBEF_ERROR_FILE where 100 draws for
 * one row find none that can be read, or more than max_unreadable are bad; the call then fails again and again. */
AlbefStatus loader_next (Loader *loader, const HostBatch **batch, AlbefError *error);

/* What has gone wrong so far. Safe while workers run. */
typedef struct
{
  int64_t unreadable; /* different pictures that were skipped */
  int64_t cut;        /* different samples whose text the length limit cut */
} LoaderCounts;
LoaderCounts loader_counts (Loader *loader);

/* Troubles in words ("'pairs.json' record 7: ..."), the caller's copy to free; NULL for an index that has none. The
 * first LOADER_MAX_TROUBLES are kept, in the order of the batches. */
#define LOADER_MAX_TROUBLES 100
char *loader_trouble (Loader *loader, int index);
