/* SPDX-License-Identifier: MIT
 * dataset-parts.h: what the readers of datasets share and nobody else sees. */
#pragma once

#include <jansson.h>

#include "dataset.h"

/* Strings and arrays that live as long as the set. */
typedef struct ArenaBlock ArenaBlock;

typedef struct
{
  char **keys; /* [size], open addressing; NULL: free */
  int64_t *ids;
  int64_t n;
  size_t size; /* a power of two */
} IdMap;

/* A phrase judged absent: a foil of its picture. */
typedef struct
{
  int64_t id;
  const char *image, *text, *caption; /* caption may be NULL */
  int file, record;
} Absent;

struct Dataset
{
  DatasetOptions options; /* strings not kept */
  const char *image_root, *vg_root;
  char **files;
  int n_files;
  Sample *samples;
  int64_t n_samples, allocated;
  Absent *absents;
  int64_t n_absents;
  int64_t n_left_out;
  IdMap ids;
  ArenaBlock *blocks;
  uint64_t hash;
};

void *arena_new (Dataset *dataset, size_t bytes); /* zeroed, aligned to 8 */
const char *arena_text (Dataset *dataset, const char *text);

/* The number of a key, new ones counted up from 0. */
int64_t dataset_id (Dataset *dataset, const char *key);
/* "ROOT/NAME", or NAME where it is absolute or there is no root. */
const char *dataset_path (Dataset *dataset, const char *root, const char *name, const char *ending);

/* Where a reader is, for messages. */
typedef struct
{
  int file;
  int record; /* from 1 */
} Place;

/* "'FILE' record N: ..." */
AlbefStatus record_error (const Dataset *dataset, Place place, AlbefError *error, const char *format, ...)
    __attribute__ ((format (printf, 4, 5)));

/* A new sample with the fields that all have. */
Sample *dataset_add (Dataset *dataset, Place place);
void sample_set_text (Dataset *dataset, Sample *sample, const char *text);

/* The string of a key; NULL and an error where it is missing or no string. */
const char *record_text (const Dataset *dataset, Place place, const json_t *record, const char *key, AlbefError *error);
/* Boxes [[x1, y1, x2, y2], ...] or one such; empty boxes are left out. */
AlbefStatus record_boxes (Dataset *dataset, Place place, const json_t *value, Sample *sample, AlbefError *error);
bool record_box (const json_t *value, double box[4]);

/* dataset-records.c: one record of an official list. */
AlbefStatus dataset_take_record (Dataset *dataset, Place place, const json_t *record, AlbefError *error);

/* dataset-manifest.c: the first line, then each further one, then what concerns all. */
AlbefStatus manifest_take_header (Dataset *dataset, Place place, const json_t *header, const void *rest, size_t length,
                                  AlbefError *error);
AlbefStatus manifest_take_record (Dataset *dataset, Place place, const json_t *record, AlbefError *error);
void manifest_finish (Dataset *dataset);
