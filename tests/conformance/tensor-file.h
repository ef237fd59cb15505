/* SPDX-License-Identifier: MIT
 * tensor-file.h: the conformance runner's own reader and writer of safetensors (F32 and I64 alone), kept
 * apart from the engine's, so that a fault there cannot hide itself.
 *
 * Bytes 0-7 of a file: length of the JSON header, little endian; then the header; then the data. */
#pragma once

#include "albef.h"

#define TENSOR_FILE_MAX_DIMS 8

typedef enum
{
  TENSOR_F32,
  TENSOR_I64
} TensorFileType;

typedef struct
{
  const char *name;
  TensorFileType type;
  int n_dims; /* 0: a scalar with one element */
  int64_t shape[TENSOR_FILE_MAX_DIMS];
  int64_t n_elements; /* product of the shape; 1 for a scalar */
  const void *data;   /* n_elements of float or int64_t, aligned; borrowed from the file */
} TensorFileEntry;

typedef struct TensorFile TensorFile;

/* Reads a whole file into memory. NULL with `error` filled when it cannot be read, is damaged, or holds a type
 * other than F32 and I64. Entries keep the order of their data in the file. */
TensorFile *tensor_file_open (const char *path, AlbefError *error);
void tensor_file_free (TensorFile *file); /* NULL is fine */

int tensor_file_count (const TensorFile *file);
const TensorFileEntry *tensor_file_entry (const TensorFile *file, int index);
const TensorFileEntry *tensor_file_find (const TensorFile *file, const char *name); /* NULL: not there */

/* Data of `name` if it is there with this type, else NULL with `error` filled. */
const float *tensor_file_f32 (const TensorFile *file, const char *name, AlbefError *error);
const int64_t *tensor_file_i64 (const TensorFile *file, const char *name, AlbefError *error);

typedef struct TensorWriter TensorWriter;

/* Collects named tensors in memory. Adding copies name, shape and data; a name added twice keeps the last. */
TensorWriter *tensor_writer_new (void);
void tensor_writer_free (TensorWriter *writer); /* NULL is fine; writes nothing */
void tensor_writer_add (TensorWriter *writer, const char *name, TensorFileType type, int n_dims, const int64_t *shape,
                        const void *data);
/* As tensor_writer_add with zeros; returns the storage to fill, owned by the writer until it is freed. */
void *tensor_writer_reserve (TensorWriter *writer, const char *name, TensorFileType type, int n_dims,
                             const int64_t *shape);
int tensor_writer_count (const TensorWriter *writer);
/* Writes all of it beside `path`, syncs and renames: `path` is complete or untouched. */
AlbefStatus tensor_writer_save (TensorWriter *writer, const char *path, AlbefError *error);
