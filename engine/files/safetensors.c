/* SPDX-License-Identifier: MIT */
#include "safetensors.h"
#include "atomic-file.h"
#include "error.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum
{
  MAX_HEADER = 32 << 20, /* bytes; a model with its vocabulary has some 300 KB */
  ALIGNMENT = 64,        /* of the data in files written here */
};

/* --- reading ---------------------------------------------------------------------------------------- */

static AlbefStatus
damaged (const MappedFile *file, const char *what, AlbefError *error)
{
  return error_set (error, ALBEF_ERROR_FORMAT, "'%s' is a damaged safetensors file: %s", file->path, what);
}

typedef struct
{
  const char *name;
  Weight weight;
  uint64_t begin, end;
  size_t order; /* in the header */
} Entry;

static bool
get_index (json_t *value, uint64_t *index)
{
  if (!json_is_integer (value) || json_integer_value (value) < 0)
    return false;
  *index = json_integer_value (value);
  return true;
}

/* One entry of the header: {"dtype", "shape", "data_offsets"}. */
static AlbefStatus
read_entry (const MappedFile *file, json_t *value, Entry *entry, AlbefError *error)
{
  json_t *shape = json_object_get (value, "shape"), *offsets = json_object_get (value, "data_offsets");
  const char *dtype = json_string_value (json_object_get (value, "dtype"));
  uint64_t bytes, elements = 1;
  int type;

  if (dtype == NULL || !json_is_array (shape) || json_array_size (offsets) != 2
      || !get_index (json_array_get (offsets, 0), &entry->begin)
      || !get_index (json_array_get (offsets, 1), &entry->end))
    return error_set (error, ALBEF_ERROR_FORMAT,
                      "'%s' is a damaged safetensors file: '%s' lacks a type, a shape or its place in the file",
                      file->path, entry->name);
  for (type = 0; type < WEIGHT_N_TYPES && strcmp (weight_type_name (type), dtype) != 0; type++)
    ;
  if (type == WEIGHT_N_TYPES)
    return error_set (error, ALBEF_ERROR_UNSUPPORTED, "'%s': '%s' has element type '%.32s', which is not supported",
                      file->path, entry->name, dtype);
  if (json_array_size (shape) > WEIGHT_MAX_DIMS)
    return error_set (error, ALBEF_ERROR_UNSUPPORTED, "'%s': '%s' has more than %d dimensions", file->path, entry->name,
                      WEIGHT_MAX_DIMS);
  entry->weight.type = type;
  entry->weight.n_dims = json_array_size (shape);
  for (int i = entry->weight.n_dims - 1; i >= 0; i--)
    {
      uint64_t dim;

      if (!get_index (json_array_get (shape, i), &dim) || elements > INT64_MAX)
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s': the shape of '%s' is negative or too large", file->path,
                          entry->name);
      entry->weight.shape[i] = dim;
      entry->weight.strides[i] = elements;
      if (__builtin_mul_overflow (elements, dim, &elements))
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s': the shape of '%s' is negative or too large", file->path,
                          entry->name);
    }
  if (__builtin_mul_overflow (elements, (uint64_t) weight_type_size (type), &bytes) || entry->end < entry->begin
      || entry->end - entry->begin != bytes)
    return error_set (error, ALBEF_ERROR_FORMAT,
                      "'%s' is a damaged safetensors file: '%s' has %llu bytes, its shape needs another number",
                      file->path, entry->name, (unsigned long long) (entry->end - entry->begin));
  return ALBEF_OK;
}

static int
compare_entries (const void *a, const void *b)
{
  const Entry *x = a, *y = b;

  if (x->begin != y->begin)
    return x->begin < y->begin ? -1 : 1;
  if (x->end != y->end)
    return x->end < y->end ? -1 : 1;
  return x->order < y->order ? -1 : x->order > y->order;
}

/* Entries must fill the data part without holes or overlap, as the format asks. */
static AlbefStatus
add_entries (WeightSource *source, json_t *header, Entry *entries, const uint8_t *data, uint64_t size,
             AlbefError *error)
{
  AlbefStatus status = ALBEF_OK;
  uint64_t expected = 0;
  const char *name;
  json_t *value;
  size_t n = 0;

  json_object_foreach (header, name, value)
  {
    if (strcmp (name, "__metadata__") == 0)
      continue;
    entries[n].name = entries[n].weight.name = (char *) name;
    entries[n].order = n;
    status = read_entry (&source->file, value, &entries[n++], error);
    if (status != ALBEF_OK)
      return status;
  }
  qsort (entries, n, sizeof *entries, compare_entries);
  for (size_t i = 0; i < n; i++)
    {
      Entry *entry = &entries[i];

      if (entry->begin != expected)
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s' is a damaged safetensors file: '%s' %s", source->file.path,
                          entry->name, entry->begin < expected ? "overlaps another tensor" : "leaves a hole before it");
      expected = entry->end;
      if (expected > size)
        return error_set (error, ALBEF_ERROR_FORMAT,
                          "'%s' is cut off: '%s' ends at byte %llu of %llu; download or copy it again",
                          source->file.path, entry->name, (unsigned long long) expected, (unsigned long long) size);
      entry->weight.storage = data + entry->begin;
      status = weight_source_add (source, &entry->weight,
                                  (entry->end - entry->begin) / weight_type_size (entry->weight.type), error);
      if (status != ALBEF_OK)
        return status;
    }
  if (expected != size)
    return damaged (&source->file, "it has bytes that belong to no tensor", error);
  return ALBEF_OK;
}

static AlbefStatus
read_header (WeightSource *source, AlbefError *error)
{
  const MappedFile *file = &source->file;
  json_t *header, *metadata, *value;
  AlbefStatus status;
  json_error_t problem;
  uint64_t length = 0;
  Entry *entries;
  const char *key;

  if (file->size < 8)
    return damaged (file, "it is too short", error);
  for (int i = 0; i < 8; i++)
    length |= (uint64_t) file->data[i] << (8 * i);
  if (length > MAX_HEADER)
    return error_set (error, ALBEF_ERROR_LIMIT, "'%s': its header claims %llu bytes, above the limit of %d MiB",
                      file->path, (unsigned long long) length, MAX_HEADER >> 20);
  if (length > file->size - 8)
    return damaged (file, "its header is cut off", error);
  header = json_loadb ((const char *) file->data + 8, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &problem);
  if (header == NULL)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': its header is not valid JSON: %s", file->path, problem.text);
  metadata = json_object_get (header, "__metadata__");
  json_object_foreach (metadata, key, value) if (!json_is_string (value))
  {
    json_decref (header);
    return damaged (file, "its metadata holds something that is not text", error);
  }
  if (!json_is_object (header) || (metadata != NULL && !json_is_object (metadata)))
    {
      json_decref (header);
      return damaged (file, "its header is not an object", error);
    }
  entries = calloc (json_object_size (header) + 1, sizeof *entries);
  if (entries == NULL)
    status = error_set (error, ALBEF_ERROR_MEMORY, "no memory for the header of '%s'", file->path);
  else
    status = add_entries (source, header, entries, file->data + 8 + length, file->size - 8 - length, error);
  source->metadata = json_incref (metadata);
  free (entries);
  json_decref (header);
  return status;
}

AlbefStatus
safetensors_open (MappedFile *file, WeightSource **out, AlbefError *error)
{
  WeightSource *source = weight_source_new ();
  AlbefStatus status;

  source->file = *file;
  source->format = "safetensors";
  status = read_header (source, error);
  if (status == ALBEF_OK)
    *out = source;
  else
    weight_source_free (source);
  return status;
}

/* --- writing ---------------------------------------------------------------------------------------- */

struct SafetensorsWriter
{
  AtomicFile *file;
  char *path;
  uint64_t left; /* bytes of data still to come */
};

static AlbefStatus
make_header (const char *path, const SafetensorsEntry *entries, int n_entries, const SafetensorsText *metadata,
             int n_metadata, char **text, uint64_t *data_bytes, AlbefError *error)
{
  json_t *header = json_object (), *texts = json_object ();
  uint64_t at = 0;
  AlbefStatus status = ALBEF_OK;

  for (int i = 0; i < n_metadata && status == ALBEF_OK; i++)
    if (json_object_set_new (texts, metadata[i].key, json_stringn (metadata[i].text, metadata[i].length)) != 0)
      status = error_set (error, ALBEF_ERROR_FORMAT, "'%s': the text '%s' to be stored is not UTF-8", path,
                          metadata[i].key);
  if (n_metadata > 0)
    {
      /* Sorted, while the entries keep their order: so this part passes through its own text. */
      char *sorted = json_dumps (texts, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENSURE_ASCII);
      json_t *again = sorted != NULL ? json_loads (sorted, JSON_ALLOW_NUL, NULL) : NULL;

      json_object_set_new (header, "__metadata__", again);
      free (sorted);
    }
  for (int i = 0; i < n_entries && status == ALBEF_OK; i++)
    {
      uint64_t bytes = weight_type_size (entries[i].type);
      json_t *shape = json_array ();

      for (int d = 0; d < entries[i].n_dims; d++)
        {
          bytes *= entries[i].shape[d];
          json_array_append_new (shape, json_integer (entries[i].shape[d]));
        }
      if (json_object_get (header, entries[i].name) != NULL
          || json_object_set_new (header, entries[i].name,
                                  json_pack ("{s:s, s:o, s:[I, I]}", "dtype", weight_type_name (entries[i].type),
                                             "shape", shape, "data_offsets", (json_int_t) at,
                                             (json_int_t) (at + bytes)))
                 != 0)
        status = error_set (error, ALBEF_ERROR_ARGUMENT, "'%s': tensor '%s' cannot be named in the header", path,
                            entries[i].name);
      at += bytes;
    }
  *text = status == ALBEF_OK ? json_dumps (header, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER) : NULL;
  if (status == ALBEF_OK && *text == NULL)
    status = error_set (error, ALBEF_ERROR_MEMORY, "no memory for the header of '%s'", path);
  *data_bytes = at;
  json_decref (header);
  json_decref (texts);
  return status;
}

AlbefStatus
safetensors_writer_open (const char *path, const SafetensorsEntry *entries, int n_entries,
                         const SafetensorsText *metadata, int n_metadata, SafetensorsWriter **out, AlbefError *error)
{
  SafetensorsWriter *writer;
  AtomicFile *file = NULL;
  uint8_t prefix[8];
  char *text = NULL, spaces[ALIGNMENT];
  uint64_t left, length;
  size_t padding;
  AlbefStatus status;

  status = make_header (path, entries, n_entries, metadata, n_metadata, &text, &left, error);
  if (status == ALBEF_OK)
    status = atomic_file_open (path, &file, error);
  if (status == ALBEF_OK)
    {
      padding = (ALIGNMENT - (8 + strlen (text)) % ALIGNMENT) % ALIGNMENT;
      length = strlen (text) + padding;
      for (int i = 0; i < 8; i++)
        prefix[i] = length >> (8 * i);
      memset (spaces, ' ', sizeof spaces);
      status = atomic_file_write (file, prefix, 8, error);
      if (status == ALBEF_OK)
        status = atomic_file_write (file, text, strlen (text), error);
      if (status == ALBEF_OK)
        status = atomic_file_write (file, spaces, padding, error);
    }
  free (text);
  if (status != ALBEF_OK)
    {
      atomic_file_discard (file);
      return status;
    }
  writer = mem_new0 (1, sizeof *writer);
  writer->file = file;
  writer->path = mem_strdup (path);
  writer->left = left;
  *out = writer;
  return ALBEF_OK;
}

AlbefStatus
safetensors_writer_write (SafetensorsWriter *writer, const void *data, size_t length, AlbefError *error)
{
  if (length > writer->left)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "'%s': more data than its header announces", writer->path);
  writer->left -= length;
  return atomic_file_write (writer->file, data, length, error);
}

AlbefStatus
safetensors_writer_commit (SafetensorsWriter *writer, AlbefError *error)
{
  AlbefStatus status;

  if (writer->left > 0)
    {
      status = error_set (error, ALBEF_ERROR_ARGUMENT, "'%s': %llu bytes of data are missing (nothing was replaced)",
                          writer->path, (unsigned long long) writer->left);
      safetensors_writer_discard (writer);
      return status;
    }
  status = atomic_file_commit (writer->file, error);
  free (writer->path);
  free (writer);
  return status;
}

void
safetensors_writer_discard (SafetensorsWriter *writer)
{
  if (writer == NULL)
    return;
  atomic_file_discard (writer->file);
  free (writer->path);
  free (writer);
}
