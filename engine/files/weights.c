/* SPDX-License-Identifier: MIT */
#include "weights.h"
#include "error.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum
{
  OVERLAP_LIMIT = 1 << 24 /* elements of a view that is larger than the data under it */
};

static const struct
{
  const char *name;
  int size;
} types[WEIGHT_N_TYPES] = {
  [WEIGHT_F32] = { "F32", 4 },   [WEIGHT_F64] = { "F64", 8 }, [WEIGHT_F16] = { "F16", 2 },
  [WEIGHT_BF16] = { "BF16", 2 }, [WEIGHT_I64] = { "I64", 8 }, [WEIGHT_I32] = { "I32", 4 },
  [WEIGHT_I16] = { "I16", 2 },   [WEIGHT_I8] = { "I8", 1 },   [WEIGHT_U8] = { "U8", 1 },
  [WEIGHT_BOOL] = { "BOOL", 1 },
};

const char *
weight_type_name (WeightType type)
{
  return types[type].name;
}

int
weight_type_size (WeightType type)
{
  return types[type].size;
}

const char *
weight_shape_text (int n_dims, const int64_t *shape, char *buffer, size_t size)
{
  size_t used = 0;

  if (n_dims == 0)
    snprintf (buffer, size, "scalar");
  for (int i = 0; i < n_dims && used < size; i++)
    used += snprintf (buffer + used, size - used, "%s%lld", i > 0 ? " x " : "", (long long) shape[i]);
  return buffer;
}

/* --- names ------------------------------------------------------------------------------------------ */

static uint32_t
name_hash (const char *name)
{
  uint32_t hash = 2166136261u;

  for (; *name != 0; name++)
    hash = (hash ^ (uint8_t) *name) * 16777619u;
  return hash;
}

static uint32_t *
slot_of (const WeightSource *source, const char *name)
{
  uint32_t at = name_hash (name) & (source->n_slots - 1);

  while (source->slots[at] != 0 && strcmp (source->weights[source->slots[at] - 1].name, name) != 0)
    at = (at + 1) & (source->n_slots - 1);
  return &source->slots[at];
}

static void
grow (WeightSource *source)
{
  source->n_allocated = source->n_allocated > 0 ? 2 * source->n_allocated : 64;
  source->weights = mem_resize (source->weights, source->n_allocated, sizeof *source->weights);
  free (source->slots);
  source->n_slots = 2 * source->n_allocated;
  source->slots = mem_new0 (source->n_slots, sizeof *source->slots);
  for (int i = 0; i < source->n; i++)
    *slot_of (source, source->weights[i].name) = i + 1;
}

/* Printable, well-formed UTF-8: names come into messages, logs and JSON. */
static bool
name_is_usable (const char *name)
{
  json_t *text;
  size_t length = strlen (name);

  if (length == 0 || length > WEIGHT_MAX_NAME)
    return false;
  for (size_t i = 0; i < length; i++)
    if ((uint8_t) name[i] < 0x20 || name[i] == 0x7f)
      return false;
  text = json_string (name);
  json_decref (text);
  return text != NULL;
}

/* --- the list, for the readers ---------------------------------------------------------------------- */

WeightSource *
weight_source_new (void)
{
  return mem_new0 (1, sizeof (WeightSource));
}

AlbefStatus
weight_source_add (WeightSource *source, const Weight *weight, uint64_t storage_elements, AlbefError *error)
{
  uint64_t n_elements = 1, last = weight->offset;
  const char *path = source->file.path;
  uint32_t *slot;
  Weight *copy;

  if (!name_is_usable (weight->name))
    return error_set (error, ALBEF_ERROR_FORMAT,
                      "'%s' holds a tensor whose name is empty, over %d bytes or not printable UTF-8", path,
                      WEIGHT_MAX_NAME);
  for (int i = 0; i < weight->n_dims; i++)
    if (weight->shape[i] < 0 || weight->strides[i] < 0
        || __builtin_mul_overflow (n_elements, (uint64_t) weight->shape[i], &n_elements) || n_elements > INT64_MAX / 8)
      return error_set (error, ALBEF_ERROR_FORMAT, "'%s': the shape of '%s' is negative or too large", path,
                        weight->name);
  for (int i = 0; i < weight->n_dims && n_elements > 0; i++)
    {
      uint64_t reach;

      if (__builtin_mul_overflow ((uint64_t) weight->shape[i] - 1, (uint64_t) weight->strides[i], &reach)
          || __builtin_add_overflow (last, reach, &last))
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s': the strides of '%s' are too large", path, weight->name);
    }
  if (n_elements > 0 && last >= storage_elements)
    return error_set (error, ALBEF_ERROR_FORMAT,
                      "'%s': '%s' reaches element %llu of a storage that has %llu; the file is damaged", path,
                      weight->name, (unsigned long long) last, (unsigned long long) storage_elements);
  /* An overlapping view may have more elements than its storage: reading one must stay bounded all the same. */
  if (n_elements > storage_elements && n_elements > OVERLAP_LIMIT)
    return error_set (error, ALBEF_ERROR_LIMIT, "'%s': '%s' is larger than the data it is made of", path, weight->name);
  if (source->n == source->n_allocated)
    grow (source);
  slot = slot_of (source, weight->name);
  if (*slot != 0)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s' holds '%s' twice", path, weight->name);
  copy = &source->weights[source->n++];
  *slot = source->n;
  *copy = *weight;
  copy->name = mem_strdup (weight->name);
  copy->n_elements = n_elements;
  return ALBEF_OK;
}

void
weight_source_add_other (WeightSource *source, const char *name)
{
  source->others = mem_resize (source->others, source->n_others + 1, sizeof *source->others);
  source->others[source->n_others++] = mem_strdup (name);
}

/* --- reading ---------------------------------------------------------------------------------------- */

static bool
is_contiguous (const Weight *weight)
{
  int64_t step = 1;

  for (int i = weight->n_dims - 1; i >= 0; i--)
    {
      if (weight->shape[i] != 1 && weight->strides[i] != step)
        return false;
      step *= weight->shape[i];
    }
  return true;
}

static uint64_t
load (const uint8_t *bytes, int size, bool swapped)
{
  uint64_t value = 0;

  for (int i = 0; i < size; i++)
    value |= (uint64_t) bytes[swapped ? size - 1 - i : i] << (8 * i);
  return value;
}

static float
float_from_bits (uint32_t bits)
{
  float value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

static float
float_from_half (uint16_t half)
{
  uint32_t sign = (uint32_t) (half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 1023;

  if (exponent == 31)
    return float_from_bits (sign | 0x7f800000 | fraction << 13);
  if (exponent == 0)
    return float_from_bits (sign | 0x3f800000) * (float) fraction * 0x1p-24f; /* subnormal or zero */
  return float_from_bits (sign | (exponent + 112) << 23 | fraction << 13);
}

static float
to_f32 (uint64_t bits, WeightType type)
{
  double wide;

  switch (type)
    {
    case WEIGHT_F32:
      return float_from_bits (bits);
    case WEIGHT_F64:
      memcpy (&wide, &bits, sizeof wide);
      return wide;
    case WEIGHT_F16:
      return float_from_half (bits);
    case WEIGHT_BF16:
      return float_from_bits (bits << 16);
    case WEIGHT_I64:
      return (int64_t) bits;
    case WEIGHT_I32:
      return (int32_t) bits;
    case WEIGHT_I16:
      return (int16_t) bits;
    case WEIGHT_I8:
      return (int8_t) bits;
    case WEIGHT_BOOL:
      return bits != 0;
    default:
      return bits;
    }
}

/* Walks the view row by row: calls with the first element of each run along the last dimension. Elements of
 * a run are `step` apart. Either `floats` or `raw` is written. */
static void
read_view (const WeightSource *source, const Weight *weight, float *floats, uint8_t *raw)
{
  int size = types[weight->type].size, last = weight->n_dims - 1;
  int64_t run = last >= 0 ? weight->shape[last] : 1, step = last >= 0 ? weight->strides[last] : 1;
  int64_t index[WEIGHT_MAX_DIMS] = { 0 };

  for (uint64_t done = 0; done < weight->n_elements; done += run)
    {
      uint64_t first = weight->offset;
      const uint8_t *from;

      for (int d = 0; d < last; d++)
        first += index[d] * weight->strides[d];
      from = weight->storage + first * size;
      if (floats != NULL && weight->type == WEIGHT_F32 && step == 1 && !source->swapped)
        memcpy (floats + done, from, run * sizeof *floats);
      else if (floats != NULL)
        for (int64_t i = 0; i < run; i++)
          floats[done + i] = to_f32 (load (from + i * step * size, size, source->swapped), weight->type);
      else
        for (int64_t i = 0; i < run; i++)
          for (int b = 0; b < size; b++)
            raw[(done + i) * size + b] = from[i * step * size + (source->swapped ? size - 1 - b : b)];
      for (int d = last - 1; d >= 0 && ++index[d] == weight->shape[d]; d--)
        index[d] = 0;
    }
}

/* PyTorch's older container starts with a pickle of its magic number, from protocol 4 on in a frame. */
static bool
is_old_torch (const uint8_t *data, size_t size)
{
  static const uint8_t magic[] = { 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50 };
  size_t at = 2;

  if (size < 2 || data[0] != 0x80 || data[1] < 2 || data[1] > 5)
    return false;
  if (data[1] >= 4 && size > at && data[at] == 0x95)
    at += 9;
  return size >= at + sizeof magic && memcmp (data + at, magic, sizeof magic) == 0;
}

/* --- public ----------------------------------------------------------------------------------------- */

AlbefStatus
weight_source_open (const char *path, WeightSource **source, AlbefError *error)
{
  AlbefStatus status;
  MappedFile file;
  const char *what;

  status = mapped_file_open (path, &file, error);
  if (status != ALBEF_OK)
    return status;
  if ((file.size >= 4 && memcmp (file.data, "PK\3\4", 4) == 0) || is_old_torch (file.data, file.size))
    return torch_file_open (&file, source, error);
  if (file.size > 8 && file.data[8] == '{')
    return safetensors_open (&file, source, error);

  if (file.size == 0)
    what = "it is empty";
  else if (file.size >= 7 && memcmp (file.data, "version", 7) == 0)
    what = "it looks like a Git LFS pointer; fetch the file itself";
  else if (file.data[0] == '<')
    what = "it looks like a web page; download the file itself";
  else if (file.size > 262 && memcmp (file.data + 257, "ustar", 5) == 0)
    what = "it is a tar archive; unpack it first";
  else
    what = "it may be damaged, or a download may be incomplete";
  status = error_set (error, ALBEF_ERROR_FORMAT, "'%s' is neither a safetensors file nor a PyTorch checkpoint: %s",
                      path, what);
  mapped_file_close (&file);
  return status;
}

void
weight_source_free (WeightSource *source)
{
  if (source == NULL)
    return;
  for (int i = 0; i < source->n; i++)
    free (source->weights[i].name);
  for (int i = 0; i < source->n_others; i++)
    free (source->others[i]);
  free (source->weights);
  free (source->slots);
  free (source->others);
  unpickler_free (source->unpickler);
  if (source->keep != NULL)
    source->keep_free (source->keep);
  json_decref (source->metadata);
  mapped_file_close (&source->file);
  free (source);
}

const char *
weight_source_path (const WeightSource *source)
{
  return source->file.path;
}

uint64_t
weight_source_size (const WeightSource *source)
{
  return source->file.size;
}

const char *
weight_source_format (const WeightSource *source)
{
  return source->format;
}

int
weight_source_count (const WeightSource *source)
{
  return source->n;
}

const Weight *
weight_source_get (const WeightSource *source, int index)
{
  return &source->weights[index];
}

int
weight_source_find (const WeightSource *source, const char *name)
{
  return source->n > 0 ? (int) *slot_of (source, name) - 1 : -1;
}

void
weight_source_read_f32 (const WeightSource *source, int index, float *out)
{
  read_view (source, &source->weights[index], out, NULL);
}

void
weight_source_read_raw (const WeightSource *source, int index, void *out)
{
  read_view (source, &source->weights[index], NULL, out);
}

const float *
weight_source_map_f32 (const WeightSource *source, int index)
{
  const Weight *weight = &source->weights[index];
  const uint8_t *at;

  if (weight->type != WEIGHT_F32 || source->swapped || weight->n_elements == 0 || !is_contiguous (weight))
    return NULL;
  at = weight->storage + weight->offset * sizeof (float);
  return (uintptr_t) at % sizeof (float) == 0 ? (const float *) at : NULL;
}

AlbefStatus
weight_check_finite (const char *path, const char *name, const float *values, uint64_t n, AlbefError *error)
{
  uint64_t bad = 0;

  for (uint64_t i = 0; i < n; i++)
    bad += !isfinite (values[i]);
  if (bad == 0)
    return ALBEF_OK;
  return error_set (
      error, ALBEF_ERROR_FORMAT,
      "'%s': weight '%s' holds %llu values that are not numbers (NaN or infinite); the training that made "
      "this file diverged, or the file is damaged",
      path, name, (unsigned long long) bad);
}

void
weight_source_advise_done (const WeightSource *source, int index)
{
  const Weight *weight = &source->weights[index];
  const uint8_t *first;
  uint64_t reach = 1;

  if (weight->n_elements == 0)
    return;
  first = weight->storage + weight->offset * types[weight->type].size;
  if (first < source->file.data || first >= source->file.data + source->file.size)
    return;
  for (int i = 0; i < weight->n_dims; i++)
    reach += (weight->shape[i] - 1) * weight->strides[i];
  mapped_file_give_back (&source->file, first - source->file.data, reach * types[weight->type].size);
}

const char *
weight_source_metadata (const WeightSource *source, const char *key, size_t *length)
{
  json_t *text = json_object_get (source->metadata, key);

  if (length != NULL)
    *length = json_string_length (text);
  return json_string_value (text);
}

int
weight_source_n_others (const WeightSource *source)
{
  return source->n_others;
}

const char *
weight_source_other (const WeightSource *source, int index)
{
  return source->others[index];
}

int
weight_source_n_opaque (const WeightSource *source)
{
  return source->unpickler != NULL ? unpickler_n_opaque (source->unpickler) : 0;
}

const char *
weight_source_opaque (const WeightSource *source, int index)
{
  return unpickler_opaque (source->unpickler, index);
}

const PickleValue *
weight_source_pickle (const WeightSource *source)
{
  return source->pickle;
}
