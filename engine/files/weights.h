/* SPDX-License-Identifier: MIT
 * weights.h: the tensors of a model file, whatever its format.
 *
 * A source is a list of named views into a mapped file. Nothing is converted or copied before it is read,
 * so opening costs the header and the pages that are really used. Both readers (safetensors and torch) fill
 * the same entries: storage, offset and strides.
 */
#pragma once

#include "mapped-file.h"
#include "unpickle.h"

typedef enum
{
  WEIGHT_F32,
  WEIGHT_F64,
  WEIGHT_F16,
  WEIGHT_BF16,
  WEIGHT_I64,
  WEIGHT_I32,
  WEIGHT_I16,
  WEIGHT_I8,
  WEIGHT_U8,
  WEIGHT_BOOL,
  WEIGHT_N_TYPES
} WeightType;

enum
{
  WEIGHT_MAX_DIMS = 8,
  WEIGHT_MAX_NAME = 512, /* bytes */
};

typedef struct
{
  char *name;
  WeightType type;
  int n_dims; /* 0: a scalar */
  int64_t shape[WEIGHT_MAX_DIMS];
  int64_t strides[WEIGHT_MAX_DIMS]; /* in elements, >= 0 */
  uint64_t n_elements;
  const uint8_t *storage; /* bytes that hold every element of the view; NULL if n_elements is 0 */
  uint64_t offset;        /* first element, in elements of the storage */
} Weight;

typedef struct WeightSource WeightSource;

/* Name as in safetensors ("F32"), bytes of one element. */
const char *weight_type_name (WeightType type);
int weight_type_size (WeightType type);
/* The shape as "2 x 768", a scalar as "scalar"; cut to the buffer. Returns buffer. */
const char *weight_shape_text (int n_dims, const int64_t *shape, char *buffer, size_t size);

/* Opens a .safetensors or a PyTorch file (zip or legacy), told apart by content. Nothing in it is executed. */
AlbefStatus weight_source_open (const char *path, WeightSource **source, AlbefError *error);
void weight_source_free (WeightSource *source); /* accepts NULL */

const char *weight_source_path (const WeightSource *source);
uint64_t weight_source_size (const WeightSource *source);      /* bytes of the file */
const char *weight_source_format (const WeightSource *source); /* "safetensors", "PyTorch", "PyTorch (before 1.6)" */

/* Entries in file order; index -1: not there. */
int weight_source_count (const WeightSource *source);
const Weight *weight_source_get (const WeightSource *source, int index);
int weight_source_find (const WeightSource *source, const char *name);

/* All elements in row-major order, converted to f32: out[n_elements]. Integers beyond 2^24 lose digits. */
void weight_source_read_f32 (const WeightSource *source, int index, float *out);
/* The same without conversion: out[n_elements * size], little-endian as in safetensors. */
void weight_source_read_raw (const WeightSource *source, int index, void *out);
/* The elements in place, or NULL unless they lie contiguous, little-endian, f32 and aligned in the mapping.
 * Borrowed until the source is freed. */
const float *weight_source_map_f32 (const WeightSource *source, int index);
/* Fails, naming the weight, if any value is NaN or infinite. */
AlbefStatus weight_check_finite (const char *path, const char *name, const float *values, uint64_t n,
                                 AlbefError *error);
/* The mapped pages of this entry are not needed any more (they come back from the file if touched again). */
void weight_source_advise_done (const WeightSource *source, int index);

/* Text stored with the weights (safetensors' metadata); NULL if absent. May hold U+0000: see *length. */
const char *weight_source_metadata (const WeightSource *source, const char *key, size_t *length);

/* What else a PyTorch file holds: names of entries beside the weights ("optimizer", "epoch"), and classes or
 * functions that it names and that were neither imported nor called. */
int weight_source_n_others (const WeightSource *source);
const char *weight_source_other (const WeightSource *source, int index);
int weight_source_n_opaque (const WeightSource *source);
const char *weight_source_opaque (const WeightSource *source, int index);
/* The unpickled top-level dict of a PyTorch file, NULL for safetensors. */
const PickleValue *weight_source_pickle (const WeightSource *source);

/* --- for the readers ------------------------------------------------------------------------------- */

struct WeightSource
{
  MappedFile file;
  const char *format;
  bool swapped;    /* big-endian elements */
  Weight *weights; /* [n], names unique */
  int n, n_allocated;
  uint32_t *slots;  /* hash table over names, open addressing: index + 1, 0 empty */
  uint32_t n_slots; /* a power of two */
  char **others;
  int n_others;
  Unpickler *unpickler; /* torch: owns the value tree */
  const PickleValue *pickle;
  void *keep; /* what the reader needs kept alive */
  void (*keep_free) (void *keep);
  void *metadata; /* json_t *: safetensors' __metadata__ */
};

WeightSource *weight_source_new (void);
/* Appends an entry; takes over nothing, copies name. Checks name, shape, strides and that the view lies in
 * storage_elements. `where` names the file in messages. */
AlbefStatus weight_source_add (WeightSource *source, const Weight *weight, uint64_t storage_elements,
                               AlbefError *error);
void weight_source_add_other (WeightSource *source, const char *name);

/* The readers. Each takes over the mapping (closes it on failure too). */
AlbefStatus safetensors_open (MappedFile *file, WeightSource **source, AlbefError *error);
AlbefStatus torch_file_open (MappedFile *file, WeightSource **source, AlbefError *error);
