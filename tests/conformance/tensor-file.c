/* SPDX-License-Identifier: MIT */
#include "tensor-file.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_LIMIT (64u << 20)

struct TensorFile
{
  char *path;
  uint8_t *bytes; /* the data part, 16-byte aligned as malloc gives it */
  json_t *header; /* owns the names */
  TensorFileEntry *entries;
  int n_entries;
  void **copies; /* of entries that lie unaligned in the file; [n_entries], mostly NULL */
};

typedef struct
{
  char *name;
  TensorFileType type;
  int n_dims;
  int64_t shape[TENSOR_FILE_MAX_DIMS];
  size_t n_bytes;
  void *data;
} Pending;

struct TensorWriter
{
  Pending *items;
  int n_items;
};

static size_t
type_size (TensorFileType type)
{
  return type == TENSOR_F32 ? sizeof (float) : sizeof (int64_t);
}

/* Elements of a shape, or -1 if it is not a shape (negative, or beyond 2^40). */
static int64_t
shape_elements (int n_dims, const int64_t *shape)
{
  int64_t n = 1;

  for (int i = 0; i < n_dims; i++)
    if (shape[i] < 0 || __builtin_mul_overflow (n, shape[i], &n) || n > (INT64_C (1) << 40))
      return -1;
  return n;
}

/* One header entry into *entry. `n_data`: bytes of the data part. */
static AlbefStatus
parse_entry (const char *path, const char *name, json_t *value, uint8_t *data, size_t n_data, TensorFileEntry *entry,
             AlbefError *error)
{
  const char *type = json_string_value (json_object_get (value, "dtype"));
  json_t *shape = json_object_get (value, "shape");
  json_t *offsets = json_object_get (value, "data_offsets");
  json_int_t start, end;

  if (type == NULL || !json_is_array (shape) || json_array_size (shape) > TENSOR_FILE_MAX_DIMS
      || !json_is_array (offsets) || json_array_size (offsets) != 2)
    return error_set (error, ALBEF_ERROR_FORMAT, "%s: the header entry of '%s' is not one", path, name);
  if (strcmp (type, "F32") == 0)
    entry->type = TENSOR_F32;
  else if (strcmp (type, "I64") == 0)
    entry->type = TENSOR_I64;
  else
    return error_set (error, ALBEF_ERROR_UNSUPPORTED, "%s: '%s' is %s, not F32 or I64", path, name, type);
  entry->name = name;
  entry->n_dims = (int) json_array_size (shape);
  for (int i = 0; i < entry->n_dims; i++)
    {
      json_t *size = json_array_get (shape, i);

      entry->shape[i] = json_is_integer (size) ? json_integer_value (size) : -1;
    }
  entry->n_elements = shape_elements (entry->n_dims, entry->shape);
  start = json_integer_value (json_array_get (offsets, 0));
  end = json_integer_value (json_array_get (offsets, 1));
  if (entry->n_elements < 0 || start < 0 || end < start || (uint64_t) end > n_data
      || end - start != entry->n_elements * (json_int_t) type_size (entry->type))
    return error_set (error, ALBEF_ERROR_FORMAT, "%s: shape and place of '%s' do not fit the file", path, name);
  entry->data = data + start;
  return ALBEF_OK;
}

static int
compare_places (const void *a, const void *b)
{
  const TensorFileEntry *x = a, *y = b;

  return x->data < y->data ? -1 : x->data > y->data;
}

static AlbefStatus
parse_header (TensorFile *file, const char *text, size_t length, size_t n_data, AlbefError *error)
{
  json_error_t why;
  const char *name;
  json_t *value;

  file->header = json_loadb (text, length, JSON_REJECT_DUPLICATES, &why);
  if (!json_is_object (file->header))
    return error_set (error, ALBEF_ERROR_FORMAT, "%s: the header is not a JSON object", file->path);
  file->entries = mem_new0 (json_object_size (file->header), sizeof *file->entries);
  json_object_foreach (file->header, name, value)
  {
    AlbefStatus status;

    if (strcmp (name, "__metadata__") == 0)
      continue;
    status = parse_entry (file->path, name, value, file->bytes, n_data, &file->entries[file->n_entries], error);
    if (status != ALBEF_OK)
      return status;
    file->n_entries++;
  }
  qsort (file->entries, file->n_entries, sizeof *file->entries, compare_places);
  /* The format asks for no alignment: eight-byte numbers may follow an odd number of floats. */
  file->copies = mem_new0 ((size_t) file->n_entries, sizeof *file->copies);
  for (int i = 0; i < file->n_entries; i++)
    {
      TensorFileEntry *entry = &file->entries[i];
      size_t bytes = (size_t) entry->n_elements * type_size (entry->type);

      if ((uintptr_t) entry->data % type_size (entry->type) == 0)
        continue;
      file->copies[i] = mem_new0 (bytes, 1);
      memcpy (file->copies[i], entry->data, bytes);
      entry->data = file->copies[i];
    }
  return ALBEF_OK;
}

/* Length of the header and of the data part, from the first eight bytes and the file's size. */
static AlbefStatus
read_sizes (const char *path, FILE *stream, uint64_t *n_header, uint64_t *n_data, AlbefError *error)
{
  struct stat info;
  uint8_t raw[8];

  if (fstat (fileno (stream), &info) != 0)
    return error_set_errno (error, ALBEF_ERROR_FILE, "cannot read %s", path);
  if (fread (raw, 1, 8, stream) != 8)
    return error_set (error, ALBEF_ERROR_FORMAT, "%s: too short for a safetensors file", path);
  *n_header = 0;
  for (int i = 0; i < 8; i++)
    *n_header |= (uint64_t) raw[i] << (8 * i);
  if (*n_header > HEADER_LIMIT || *n_header > (uint64_t) info.st_size - 8)
    return error_set (error, ALBEF_ERROR_FORMAT, "%s: the header would be longer than the file", path);
  *n_data = (uint64_t) info.st_size - 8 - *n_header;
  return ALBEF_OK;
}

TensorFile *
tensor_file_open (const char *path, AlbefError *error)
{
  FILE *stream = fopen (path, "rb");
  TensorFile *file;
  uint64_t n_header = 0, n_data = 0;
  char *text = NULL;
  AlbefStatus status;

  if (stream == NULL)
    {
      error_set_errno (error, ALBEF_ERROR_FILE, "cannot open %s", path);
      return NULL;
    }
  file = mem_new0 (1, sizeof *file);
  file->path = mem_strdup (path);
  status = read_sizes (path, stream, &n_header, &n_data, error);
  if (status == ALBEF_OK)
    {
      text = malloc (n_header + 1);
      file->bytes = malloc (n_data + 1);
      if (text == NULL || file->bytes == NULL)
        status = error_set (error, ALBEF_ERROR_MEMORY, "%s: no memory for %" PRIu64 " bytes", path, n_header + n_data);
      else if (fread (text, 1, n_header, stream) != n_header || fread (file->bytes, 1, n_data, stream) != n_data)
        status = error_set (error, ALBEF_ERROR_FILE, "%s: the file ended while it was read", path);
      else
        status = parse_header (file, text, n_header, n_data, error);
    }
  free (text);
  fclose (stream);
  if (status == ALBEF_OK)
    return file;
  tensor_file_free (file);
  return NULL;
}

void
tensor_file_free (TensorFile *file)
{
  if (file == NULL)
    return;
  for (int i = 0; file->copies != NULL && i < file->n_entries; i++)
    free (file->copies[i]);
  free (file->copies);
  json_decref (file->header);
  free (file->entries);
  free (file->bytes);
  free (file->path);
  free (file);
}

int
tensor_file_count (const TensorFile *file)
{
  return file->n_entries;
}

const TensorFileEntry *
tensor_file_entry (const TensorFile *file, int index)
{
  return index >= 0 && index < file->n_entries ? &file->entries[index] : NULL;
}

const TensorFileEntry *
tensor_file_find (const TensorFile *file, const char *name)
{
  for (int i = 0; i < file->n_entries; i++)
    if (strcmp (file->entries[i].name, name) == 0)
      return &file->entries[i];
  return NULL;
}

static const void *
typed_data (const TensorFile *file, const char *name, TensorFileType type, AlbefError *error)
{
  const TensorFileEntry *entry = tensor_file_find (file, name);

  if (entry != NULL && entry->type == type)
    return entry->data;
  error_set (error, ALBEF_ERROR_FORMAT, entry == NULL ? "%s holds no '%s'" : "%s: '%s' has the wrong type", file->path,
             name);
  return NULL;
}

const float *
tensor_file_f32 (const TensorFile *file, const char *name, AlbefError *error)
{
  return typed_data (file, name, TENSOR_F32, error);
}

const int64_t *
tensor_file_i64 (const TensorFile *file, const char *name, AlbefError *error)
{
  return typed_data (file, name, TENSOR_I64, error);
}

TensorWriter *
tensor_writer_new (void)
{
  return mem_new0 (1, sizeof (TensorWriter));
}

void
tensor_writer_free (TensorWriter *writer)
{
  if (writer == NULL)
    return;
  for (int i = 0; i < writer->n_items; i++)
    {
      free (writer->items[i].name);
      free (writer->items[i].data);
    }
  free (writer->items);
  free (writer);
}

void *
tensor_writer_reserve (TensorWriter *writer, const char *name, TensorFileType type, int n_dims, const int64_t *shape)
{
  int64_t n = n_dims <= TENSOR_FILE_MAX_DIMS ? shape_elements (n_dims, shape) : -1;
  Pending *item = NULL;

  if (n < 0)
    {
      fprintf (stderr, "conformance: '%s' has no possible shape\n", name);
      abort ();
    }
  for (int i = 0; i < writer->n_items; i++)
    if (strcmp (writer->items[i].name, name) == 0)
      item = &writer->items[i];
  if (item == NULL)
    {
      writer->items = mem_resize (writer->items, writer->n_items + 1, sizeof *writer->items);
      item = &writer->items[writer->n_items++];
      item->name = mem_strdup (name);
    }
  else
    free (item->data);
  item->type = type;
  item->n_dims = n_dims;
  if (n_dims > 0)
    memcpy (item->shape, shape, n_dims * sizeof *shape);
  item->n_bytes = n * type_size (type);
  item->data = mem_new0 (n, type_size (type));
  return item->data;
}

void
tensor_writer_add (TensorWriter *writer, const char *name, TensorFileType type, int n_dims, const int64_t *shape,
                   const void *data)
{
  void *storage = tensor_writer_reserve (writer, name, type, n_dims, shape);

  if (shape_elements (n_dims, shape) > 0)
    memcpy (storage, data, shape_elements (n_dims, shape) * type_size (type));
}

int
tensor_writer_count (const TensorWriter *writer)
{
  return writer->n_items;
}

/* Wide elements first, as the format's own library does, so that all data stay aligned. */
static int
compare_items (const void *a, const void *b)
{
  const Pending *x = a, *y = b;

  if (x->type != y->type)
    return x->type == TENSOR_I64 ? -1 : 1;
  return strcmp (x->name, y->name);
}

/* The header as text, padded with spaces to a multiple of 8; the caller frees it. */
static char *
header_text (const TensorWriter *writer)
{
  json_t *header = json_object ();
  size_t offset = 0, length, padded;
  char *text;

  for (int i = 0; i < writer->n_items; i++)
    {
      const Pending *item = &writer->items[i];
      json_t *shape = json_array ();

      for (int d = 0; d < item->n_dims; d++)
        json_array_append_new (shape, json_integer (item->shape[d]));
      json_object_set_new (header, item->name,
                           json_pack ("{s:s, s:o, s:[I, I]}", "dtype", item->type == TENSOR_F32 ? "F32" : "I64",
                                      "shape", shape, "data_offsets", (json_int_t) offset,
                                      (json_int_t) (offset + item->n_bytes)));
      offset += item->n_bytes;
    }
  text = json_dumps (header, JSON_COMPACT | JSON_ENSURE_ASCII);
  json_decref (header);
  if (text == NULL)
    return NULL;
  length = strlen (text);
  padded = (length + 7) / 8 * 8;
  text = mem_resize (text, padded + 1, 1);
  memset (text + length, ' ', padded - length);
  text[padded] = 0;
  return text;
}

static bool
write_all (const TensorWriter *writer, FILE *stream, const char *header)
{
  uint64_t length = strlen (header);
  uint8_t raw[8];

  for (int i = 0; i < 8; i++)
    raw[i] = length >> (8 * i);
  if (fwrite (raw, 1, 8, stream) != 8 || fwrite (header, 1, length, stream) != length)
    return false;
  for (int i = 0; i < writer->n_items; i++)
    if (fwrite (writer->items[i].data, 1, writer->items[i].n_bytes, stream) != writer->items[i].n_bytes)
      return false;
  return fflush (stream) == 0 && fsync (fileno (stream)) == 0;
}

AlbefStatus
tensor_writer_save (TensorWriter *writer, const char *path, AlbefError *error)
{
  char *beside = mem_printf ("%s.%ld.part", path, (long) getpid ());
  FILE *stream = fopen (beside, "wb");
  char *header = NULL;
  AlbefStatus status = ALBEF_OK;

  if (stream == NULL)
    status = error_set_errno (error, ALBEF_ERROR_FILE, "cannot write %s", beside);
  else
    {
      bool written;

      qsort (writer->items, writer->n_items, sizeof *writer->items, compare_items);
      header = header_text (writer);
      written = header != NULL && write_all (writer, stream, header);
      if (fclose (stream) != 0 || !written || rename (beside, path) != 0)
        {
          status = error_set_errno (error, ALBEF_ERROR_FILE, "cannot write %s", path);
          unlink (beside);
        }
    }
  free (header);
  free (beside);
  return status;
}
