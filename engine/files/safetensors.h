/* SPDX-License-Identifier: MIT
 * safetensors.h: writes a safetensors file (8-byte little-endian header length, JSON header, raw data).
 * Reading goes through weights.h. The same input gives the same bytes. */
#pragma once

#include "weights.h"

typedef struct
{
  const char *name;
  WeightType type;
  int n_dims;
  int64_t shape[WEIGHT_MAX_DIMS];
} SafetensorsEntry;

typedef struct
{
  const char *key;
  const char *text; /* UTF-8, may hold U+0000 */
  size_t length;
} SafetensorsText;

typedef struct SafetensorsWriter SafetensorsWriter;

/* Starts a file that replaces `path` when committed. The header lists `entries` in the given order, which is
 * the order of the data; metadata is sorted by key. Names must be unique. */
AlbefStatus safetensors_writer_open (const char *path, const SafetensorsEntry *entries, int n_entries,
                                     const SafetensorsText *metadata, int n_metadata, SafetensorsWriter **writer,
                                     AlbefError *error);
/* Appends data of the entries, in order, in pieces of any size. */
AlbefStatus safetensors_writer_write (SafetensorsWriter *writer, const void *data, size_t length, AlbefError *error);
/* Fails if not exactly the announced bytes were written. Frees the writer in any case. */
AlbefStatus safetensors_writer_commit (SafetensorsWriter *writer, AlbefError *error);
void safetensors_writer_discard (SafetensorsWriter *writer); /* accepts NULL; the old file stays */
