/* SPDX-License-Identifier: MIT
 * reference-moves.c: kernels that put elements elsewhere: copies, gathers, patches. */
#include "reference.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void
reference_copy (const CopyArgs *args)
{
  const float *in = reference_floats (args->in);
  float *out = reference_floats (args->out);

  for (int64_t a = 0; a < args->n0; a++)
    for (int64_t b = 0; b < args->n1; b++)
      for (int64_t c = 0; c < args->n2; c++)
        {
          float value = in[a * args->in_s0 + b * args->in_s1 + c];
          float *element = out + a * args->out_s0 + b * args->out_s1 + c;

          *element = args->accumulate ? *element + value : value;
        }
}

/* The index of row i, inside the table or the end of the program. */
static int64_t
checked_index (const int32_t *index, int64_t i, int64_t table_rows, KernelId id)
{
  if (index[i] < 0 || index[i] >= table_rows)
    {
      fprintf (stderr, "albef: %s: index %" PRId32 " in row %" PRId64 " is outside 0 .. %" PRId64 "\n",
               kernel_name (id), index[i], i, table_rows - 1);
      abort ();
    }
  return index[i];
}

void
reference_gather_rows (const GatherRowsArgs *args)
{
  const float *table = reference_floats (args->table);
  float *out = reference_floats (args->out);

  if (args->n == 0)
    return;
  for (int64_t i = 0; i < args->rows; i++)
    {
      int64_t row = checked_index (reference_indices (args->index), i, args->table_rows, KERNEL_GATHER_ROWS);

      for (int64_t j = 0; j < args->n; j++)
        out[i * args->n + j] = table[row * args->n + j];
    }
}

/* Every row of the table collects its own, so that its sum is in double however often its index occurs. */
void
reference_scatter_add_rows (const ScatterAddRowsArgs *args)
{
  const int32_t *index = args->rows > 0 ? reference_indices (args->index) : NULL;
  const float *in = reference_floats (args->in);
  float *table = reference_floats (args->table);

  if (args->n == 0)
    return;
  for (int64_t i = 0; i < args->rows; i++)
    if (index[i] != args->skip)
      checked_index (index, i, args->table_rows, KERNEL_SCATTER_ADD_ROWS);
  for (int64_t row = 0; row < args->table_rows; row++)
    {
      int64_t first = 0;

      while (first < args->rows && index[first] != row)
        first++;
      if (first == args->rows || row == args->skip)
        continue;
      for (int64_t j = 0; j < args->n; j++)
        {
          double sum = table[row * args->n + j];

          for (int64_t i = first; i < args->rows; i++)
            if (index[i] == row)
              sum += in[i * args->n + j];
          table[row * args->n + j] = (float) sum;
        }
    }
}

void
reference_patches (const PatchesArgs *args)
{
  const float *image = reference_floats (args->image);
  float *out = reference_floats (args->out);
  int64_t p = args->patch;
  int64_t height = args->grid_h * p, width = args->grid_w * p;

  for (int64_t b = 0; b < args->batch; b++)
    for (int64_t row = 0; row < args->grid_h; row++)
      for (int64_t column = 0; column < args->grid_w; column++)
        for (int64_t channel = 0; channel < 3; channel++)
          for (int64_t y = 0; y < p; y++)
            for (int64_t x = 0; x < p; x++)
              *out++ = image[((b * 3 + channel) * height + row * p + y) * width + column * p + x];
}
