/* SPDX-License-Identifier: MIT */
#include "tap.h"
#include "tensor-file.h"

#include <stdlib.h>
#include <unistd.h>

static void
write_bytes (const char *path, const void *bytes, size_t length)
{
  FILE *stream = fopen (path, "wb");

  if (stream == NULL || fwrite (bytes, 1, length, stream) != length || fclose (stream) != 0)
    abort ();
}

static void
test_round_trip (const char *path)
{
  AlbefError error = ALBEF_ERROR_INIT;
  TensorWriter *writer = tensor_writer_new ();
  const float values[6] = { 1, -2, 3.5f, 0, 1e30f, -0.25f };
  const float replaced[6] = { 7, 7, 7, 7, 7, 7 };
  const int64_t ids[2] = { INT64_MAX, -7 };
  TensorFile *file;
  const TensorFileEntry *entry;

  tensor_writer_add (writer, "values", TENSOR_F32, 2, (int64_t[]){ 2, 3 }, replaced);
  tensor_writer_add (writer, "values", TENSOR_F32, 2, (int64_t[]){ 2, 3 }, values);
  tensor_writer_add (writer, "scalar", TENSOR_F32, 0, NULL, values + 2);
  tensor_writer_add (writer, "ids", TENSOR_I64, 1, (int64_t[]){ 2 }, ids);
  tensor_writer_add (writer, "none", TENSOR_I64, 2, (int64_t[]){ 0, 4 }, ids);
  *(int64_t *) tensor_writer_reserve (writer, "later", TENSOR_I64, 0, NULL) = 5;
  tap_ok (tensor_writer_count (writer) == 5, "/tensor-file/a name added twice is one tensor");
  tap_ok (tensor_writer_save (writer, path, &error) == ALBEF_OK, "/tensor-file/saved");
  tensor_writer_free (writer);

  file = tensor_file_open (path, &error);
  if (!tap_ok (file != NULL, "/tensor-file/opened"))
    {
      tap_note ("%s", error.message);
      return;
    }
  tap_ok (tensor_file_count (file) == 5, "/tensor-file/all entries are back");
  entry = tensor_file_find (file, "values");
  tap_ok (entry != NULL && entry->n_dims == 2 && entry->shape[0] == 2 && entry->shape[1] == 3 && entry->n_elements == 6
              && memcmp (entry->data, values, sizeof values) == 0,
          "/tensor-file/the last data of a name are back");
  entry = tensor_file_find (file, "scalar");
  tap_ok (entry != NULL && entry->n_dims == 0 && entry->n_elements == 1 && *(const float *) entry->data == 3.5f,
          "/tensor-file/a scalar stays a scalar");
  tap_ok (memcmp (tensor_file_i64 (file, "ids", &error), ids, sizeof ids) == 0, "/tensor-file/integers are back");
  tap_ok (*tensor_file_i64 (file, "later", &error) == 5, "/tensor-file/reserved storage is written");
  tap_ok (tensor_file_find (file, "none")->n_elements == 0, "/tensor-file/an empty tensor is kept");
  tap_ok (tensor_file_f32 (file, "ids", &error) == NULL && strstr (error.message, "wrong type") != NULL,
          "/tensor-file/the wrong type is said");
  tap_ok (tensor_file_f32 (file, "gone", &error) == NULL && strstr (error.message, "no 'gone'") != NULL,
          "/tensor-file/a missing name is said");
  tensor_file_free (file);
}

static void
expect_refusal (const char *path, const char *header, size_t n_data, const char *wanted, const char *name)
{
  AlbefError error = ALBEF_ERROR_INIT;
  char bytes[512] = { 0 };
  TensorFile *file;

  bytes[0] = (char) strlen (header);
  strcpy (bytes + 8, header);
  write_bytes (path, bytes, 8 + strlen (header) + n_data);
  file = tensor_file_open (path, &error);
  tap_ok (file == NULL && strstr (error.message, wanted) != NULL, "/tensor-file/refused: %s", name);
  if (file != NULL || strstr (error.message, wanted) == NULL)
    tap_note ("message: %s", error.message);
  tensor_file_free (file);
}

static void
test_refusals (const char *path)
{
  AlbefError error = ALBEF_ERROR_INIT;

  expect_refusal (path, "[]", 0, "not a JSON object", "header that is a list");
  expect_refusal (path, "{\"a\":1}", 0, "is not one", "entry that is a number");
  expect_refusal (path, "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "F64", "another type");
  expect_refusal (path, "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "do not fit",
                  "data cut off");
  expect_refusal (path, "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "do not fit",
                  "shape too large");
  expect_refusal (path, "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,8]}}", 8, "do not fit",
                  "negative size");
  write_bytes (path, "\377\377\377\377\377\377\377\177", 8);
  tap_ok (tensor_file_open (path, &error) == NULL && strstr (error.message, "longer than the file") != NULL,
          "/tensor-file/refused: header beyond the end");
  write_bytes (path, "\1", 1);
  tap_ok (tensor_file_open (path, &error) == NULL, "/tensor-file/refused: one byte");
  unlink (path);
  tap_ok (tensor_file_open (path, &error) == NULL && strstr (error.message, path) != NULL,
          "/tensor-file/refused: no file");
}

int
main (void)
{
  char folder[] = "/tmp/albef-test-XXXXXX";
  char path[64];

  if (mkdtemp (folder) == NULL)
    return 99;
  snprintf (path, sizeof path, "%s/a.safetensors", folder);
  test_round_trip (path);
  test_refusals (path);
  rmdir (folder);
  return tap_done ();
}
