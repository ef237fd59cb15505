/* SPDX-License-Identifier: MIT */
#include "encoder-files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "pos-embed.h"

#define IMAGE "visual_encoder."
#define TEXT "text_encoder."

static bool
starts_with (const char *text, const char *start)
{
  return strncmp (text, start, strlen (start)) == 0;
}

/* As it is, else with the older name of a LayerNorm's part. */
static int
find_spelling (const WeightSource *source, const char *name)
{
  static const char *const parts[][2]
      = { { ".LayerNorm.weight", ".LayerNorm.gamma" }, { ".LayerNorm.bias", ".LayerNorm.beta" } };
  char other[KEY_SIZE];
  size_t length = strlen (name);
  int index = weight_source_find (source, name);

  for (int i = 0; i < 2 && index < 0; i++)
    {
      size_t end = strlen (parts[i][0]);

      if (length <= end || strcmp (name + length - end, parts[i][0]) != 0)
        continue;
      snprintf (other, sizeof other, "%.*s%s", (int) (length - end), name, parts[i][1]);
      index = weight_source_find (source, other);
    }
  return index;
}

bool
encoder_files_find (const EncoderFiles *files, const char *canonical, const WeightSource **source, int *index)
{
  *index = -1;
  if (files->image != NULL && starts_with (canonical, IMAGE))
    {
      *source = files->image;
      *index = weight_source_find (files->image, canonical + strlen (IMAGE));
    }
  else if (files->text != NULL && starts_with (canonical, TEXT))
    {
      const char *name = canonical + strlen (TEXT);

      *source = files->text;
      *index = find_spelling (files->text, name);
      if (*index < 0 && starts_with (name, "bert."))
        *index = find_spelling (files->text, name + strlen ("bert."));
    }
  return *index >= 0;
}

static AlbefStatus
open_one (const char *path, const char *mark, const char *what, const EncoderFiles *files, WeightSource **source,
          AlbefError *error)
{
  const WeightSource *found;
  AlbefStatus status;
  int index;

  if (path == NULL)
    return ALBEF_OK;
  status = weight_source_open (path, source, error);
  if (status == ALBEF_OK && !encoder_files_find (files, mark, &found, &index))
    status = error_set (error, ALBEF_ERROR_MISMATCH, "'%s' holds no %s: there is no '%s' among its %d tensors", path,
                        what, strchr (mark, '.') + 1, weight_source_count (*source));
  return status;
}

AlbefStatus
encoder_files_open (const char *image, const char *text, EncoderFiles *files, AlbefError *error)
{
  AlbefStatus status;

  *files = (EncoderFiles){ NULL, NULL };
  status = open_one (image, IMAGE "cls_token", "image encoder", files, &files->image, error);
  if (status == ALBEF_OK)
    status = open_one (text, TEXT "bert.embeddings.word_embeddings.weight", "BERT", files, &files->text, error);
  if (status != ALBEF_OK)
    encoder_files_close (files);
  return status;
}

void
encoder_files_close (EncoderFiles *files)
{
  weight_source_free (files->image);
  weight_source_free (files->text);
  *files = (EncoderFiles){ NULL, NULL };
}

/* Side of the grid of a position table with the class token's row; 0: it is none. */
static int
grid_of (int64_t rows)
{
  int grid = 0;

  while (grid < 4096 && (int64_t) (grid + 1) * (grid + 1) <= rows - 1)
    grid++;
  return (int64_t) grid * grid == rows - 1 ? grid : 0;
}

AlbefStatus
encoder_files_read (const EncoderFiles *files, const char *canonical, int n_dims, const int64_t *shape, float **values,
                    AlbefError *error)
{
  const WeightSource *source = NULL;
  const Weight *weight;
  bool same, table;
  uint64_t n = 1;
  int index;
  char got[128], wanted[128];
  AlbefStatus status;

  *values = NULL;
  if (!encoder_files_find (files, canonical, &source, &index))
    return error_set (error, ALBEF_ERROR_ARGUMENT, "no file holds '%s'", canonical);
  weight = weight_source_get (source, index);
  same = weight->n_dims == n_dims && memcmp (weight->shape, shape, (size_t) n_dims * sizeof *shape) == 0;
  table = !same && strcmp (canonical, IMAGE "pos_embed") == 0 && weight->n_dims == 3 && weight->shape[0] == 1
          && weight->shape[2] == shape[2] && grid_of (weight->shape[1]) > 0 && grid_of (shape[1]) > 0;
  if (!same && !table)
    return error_set (error, ALBEF_ERROR_MISMATCH, "'%s': '%s' is %s, the model needs %s for '%s'",
                      weight_source_path (source), weight->name,
                      weight_shape_text (weight->n_dims, weight->shape, got, sizeof got),
                      weight_shape_text (n_dims, shape, wanted, sizeof wanted), canonical);
  for (int i = 0; i < n_dims; i++)
    n *= (uint64_t) shape[i];
  *values = malloc (((n > weight->n_elements ? n : weight->n_elements) + 1) * sizeof **values);
  if (*values == NULL)
    return error_set (error, ALBEF_ERROR_MEMORY, "no memory for '%s'", canonical);
  weight_source_read_f32 (source, index, *values);
  status = weight_check_finite (weight_source_path (source), weight->name, *values, weight->n_elements, error);
  if (status == ALBEF_OK && table)
    {
      float *resized = mem_new0 (n + 1, sizeof *resized);

      pos_embed_interpolate (*values, grid_of (weight->shape[1]), resized, grid_of (shape[1]), (int) shape[2]);
      free (*values);
      *values = resized;
    }
  if (status != ALBEF_OK)
    {
      free (*values);
      *values = NULL;
    }
  return status;
}
