/* SPDX-License-Identifier: MIT
 * Opens bytes as a model file and reads all of it, for the fuzzers of both containers. */
#pragma once

#include "weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void
check (bool holds)
{
  if (!holds)
    abort ();
}

/* Every element of every tensor; in-place data must equal what reading gives. */
static void
read_all (const WeightSource *source)
{
  uint64_t budget = 1 << 20;

  for (int i = 0; i < weight_source_count (source); i++)
    {
      const Weight *weight = weight_source_get (source, i);
      const float *mapped = weight_source_map_f32 (source, i);
      char shape[64];
      float *values;

      check (weight_source_find (source, weight->name) == i);
      check (strlen (weight_shape_text (weight->n_dims, weight->shape, shape, sizeof shape)) < sizeof shape);
      if (weight->n_elements > budget)
        continue;
      budget -= weight->n_elements;
      values = malloc (weight->n_elements * 8 + 1);
      check (values != NULL);
      weight_source_read_raw (source, i, values);
      weight_source_read_f32 (source, i, values);
      check (mapped == NULL || memcmp (mapped, values, weight->n_elements * sizeof *values) == 0);
      free (values);
      weight_source_advise_done (source, i);
    }
  for (int i = 0; i < weight_source_n_others (source); i++)
    check (weight_source_other (source, i)[0] != 0);
  for (int i = 0; i < weight_source_n_opaque (source); i++)
    check (weight_source_opaque (source, i) != NULL);
}

static int
open_bytes (const uint8_t *data, size_t size)
{
  AlbefError error = ALBEF_ERROR_INIT;
  WeightSource *source = NULL;
  int file = memfd_create ("weights", 0);
  AlbefStatus status;
  char path[64];

  check (file >= 0 && write (file, data, size) == (ssize_t) size);
  snprintf (path, sizeof path, "/proc/self/fd/%d", file);
  status = weight_source_open (path, &source, &error);
  if (status == ALBEF_OK)
    read_all (source);
  else
    check (source == NULL && error.status == status && error.message[0] != 0);
  weight_source_free (source);
  close (file);
  return 0;
}
