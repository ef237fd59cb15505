/* SPDX-License-Identifier: MIT
 * dataset.h: what is trained on: samples of picture, text and labels, read from the official JSON lists or from
 * manifests (JSON Lines) with regions.
 *
 * Several files make one set, in their order. Files are read record by record through a mapping, so memory holds the
 * samples and one record. Limits: 20 million records, 16 MiB a record. */
#pragma once

#include "region.h"

#define DATASET_MAX_RECORDS 20000000
#define DATASET_MAX_RECORD_BYTES (16 << 20)

typedef enum
{
  DATASET_PRETRAIN,  /* {image, caption: text or [texts]; bbox: [[x1, y1, x2, y2], ...] in AMC's files} */
  DATASET_RETRIEVAL, /* {image, caption, image_id}; for evaluation {image, caption: [texts]} */
  DATASET_GROUNDING, /* {image, text, ref_id in evaluation} */
  DATASET_VQA,       /* {dataset: vqa|vg, image, question, answer(s); question_id in evaluation} */
  DATASET_VE,        /* {image without .jpg, sentence, label} */
  DATASET_NLVR,      /* {images: [2], sentence, label: "True"|"False"} */
  DATASET_MANIFEST   /* our JSON Lines with regions and verdicts */
} DatasetFormat;

typedef enum
{
  SAMPLE_NO_SPLIT,
  SAMPLE_TRAIN,
  SAMPLE_HELD_OUT
} SampleSplit;

typedef struct
{
  const char *images[2]; /* paths as they are opened; the second for NLVR alone */
  int n_images;
  const char **texts; /* [n_texts]: captions to choose from, the question, the sentence, the phrase. A record of a
                         picture with nothing said has none; it is kept only if it has foils */
  int n_texts;
  int64_t id;           /* from 0; equal: positives of each other (image_id, or the picture's name; in pre-training each
                           record is its own, as in the official code, unless it has boxes) */
  int label;            /* VE: 0 contradiction, 1 neutral, 2 entailment. NLVR: 0 false, 1 true. Else -1 */
  int64_t number;       /* question_id or ref_id in evaluation; else -1 */
  const char **answers; /* [n_answers], as in the file */
  float *answer_weights; /* [n_answers]: count / all for vqa, 0.5 for vg */
  int n_answers;
  int (*spans)[2]; /* [n_spans]: bytes of texts[0] that are the phrase; none: all of it is */
  int n_spans;
  Region *regions; /* [n_regions] */
  int n_regions;
  const char **foils; /* [n_foils]: phrases judged absent in this picture: negatives of it, never its text */
  int n_foils;
  bool pair;    /* false: picture and text are no positive pair (the picture is here for its foils) */
  float weight; /* 1 */
  SampleSplit split;
  int file, record; /* where it stands: index of files, record (manifest: line) from 1 */
} Sample;

typedef struct
{
  DatasetFormat format;
  const char *image_root; /* before relative paths; NULL: the JSON's own folder for a manifest, else none */
  const char *vg_root;    /* VQA: for records of dataset vg; NULL: image_root */
  bool evaluation;        /* VQA, grounding, retrieval as their test sets are written */
  SampleSplit split;      /* manifest: only this one; SAMPLE_NO_SPLIT: all but the held out */
  bool whole_caption;     /* manifest: train on the caption with the phrase marked in it, not on the phrase alone */
} DatasetOptions;

typedef struct Dataset Dataset;

/* Opens and checks every record. A record that is not as above is an error that names file and record. */
AlbefStatus dataset_open (const char *const *paths, int n_paths, const DatasetOptions *options, Dataset **dataset,
                          AlbefError *error);
/* As dataset_open from bytes that stand for one file named `name`. */
AlbefStatus dataset_from_bytes (const void *bytes, size_t length, const char *name, const DatasetOptions *options,
                                Dataset **dataset, AlbefError *error);
void dataset_free (Dataset *dataset);

int64_t dataset_n_samples (const Dataset *dataset);
const Sample *dataset_sample (const Dataset *dataset, int64_t index); /* borrowed */
DatasetFormat dataset_format (const Dataset *dataset);
const char *dataset_file (const Dataset *dataset, int file);
int64_t dataset_n_ids (const Dataset *dataset);
/* Records left out by rule (held out, unsure, captions of absent phrases, nothing to train on). */
int64_t dataset_n_left_out (const Dataset *dataset);
/* What is in it, for resuming: changes with any record and with their order. */
uint64_t dataset_hash (const Dataset *dataset);

/* A JSON list of strings, e.g. VQA's answer_list.json. The caller frees with text_list_free. */
AlbefStatus text_list_open (const char *path, char ***texts, int *n_texts, AlbefError *error);
void text_list_free (char **texts, int n_texts);
