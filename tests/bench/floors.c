/* SPDX-License-Identifier: MIT */
#include "floors.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "machine-floor.h"

double
seconds_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

float *
numbers_new (size_t count)
{
  float *numbers = aligned_alloc (64, (count * sizeof *numbers + 63) / 64 * 64);

  if (numbers == NULL)
    {
      fprintf (stderr, "bench: no memory\n");
      exit (1);
    }
  for (size_t i = 0; i < count; i++)
    numbers[i] = (float) (i * 7919 % 1009) / 1009.f - 0.5f;
  return numbers;
}

double
measure_memory (int threads)
{
  return floor_memory_rate (threads, 512e6);
}

double
measure_product (int threads)
{
  return floor_onednn_rate (threads);
}
