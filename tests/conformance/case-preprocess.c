/* SPDX-License-Identifier: MIT */
#include "case-preprocess.h"

#include "error.h"
#include "preprocess.h"
#include "tensor-file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_RESOLUTION 8192

static AlbefStatus
open_picture (const char *dir, const char *name, int length, AlbefImage **image, AlbefError *error)
{
  char *png = mem_printf ("%s/preprocess/%.*s.png", dir, length, name);
  char *ppm = mem_printf ("%s/preprocess/%.*s.ppm", dir, length, name);
  AlbefStatus status = albef_image_open (access (png, R_OK) == 0 ? png : ppm, ALBEF_IMAGE_STORED, image, error);

  free (png);
  free (ppm);
  return status;
}

/* One tensor of the file's header, computed into the writer. The part after the last '.' says what it is. */
static AlbefStatus
compute_tensor (const char *dir, const TensorFileEntry *entry, TensorWriter *writer, AlbefError *error)
{
  const char *what = strrchr (entry->name, '.');
  AlbefImage *image = NULL, *resized = NULL;
  int resolution;
  bool tensor;
  AlbefStatus status;

  if (what == NULL
      || (sscanf (what, ".tensor_%d", &resolution) != 1 && sscanf (what, ".resized_u8_%d", &resolution) != 1)
      || resolution < 1 || resolution > MAX_RESOLUTION)
    return error_set (error, ALBEF_ERROR_FORMAT, "unknown tensor '%s'", entry->name);
  tensor = what[1] == 't';
  status = open_picture (dir, entry->name, (int) (what - entry->name), &image, error);
  if (status != ALBEF_OK)
    return status;
  if (tensor)
    {
      float *out = tensor_writer_reserve (writer, entry->name, TENSOR_F32, 3, (int64_t[]){ 3, resolution, resolution });

      if (!preprocess_image (image, resolution, preprocess_mean, preprocess_std, out))
        status = error_set (error, ALBEF_ERROR_MEMORY, "no memory for '%s'", entry->name);
    }
  else if ((status = albef_image_resize (image, resolution, resolution, &resized, error)) == ALBEF_OK)
    {
      int64_t *out
          = tensor_writer_reserve (writer, entry->name, TENSOR_I64, 3, (int64_t[]){ resolution, resolution, 3 });
      const uint8_t *pixels = albef_image_pixels (resized);

      for (int i = 0; i < resolution * resolution * 3; i++)
        out[i] = pixels[i];
    }
  albef_image_free (image);
  albef_image_free (resized);
  return status;
}

int
case_preprocess (const char *dir, const char *out_path, char *message, size_t n)
{
  AlbefError error = ALBEF_ERROR_INIT;
  char *path = mem_printf ("%s/preprocess/preprocess.safetensors", dir);
  TensorFile *file = tensor_file_open (path, &error);
  TensorWriter *writer = tensor_writer_new ();
  AlbefStatus status = file != NULL ? ALBEF_OK : error.status;

  for (int i = 0; status == ALBEF_OK && i < tensor_file_count (file); i++)
    status = compute_tensor (dir, tensor_file_entry (file, i), writer, &error);
  if (status == ALBEF_OK)
    status = tensor_writer_save (writer, out_path, &error);
  if (status != ALBEF_OK)
    snprintf (message, n, "%s", error.message);
  tensor_writer_free (writer);
  tensor_file_free (file);
  free (path);
  return status != ALBEF_OK;
}
