/* SPDX-License-Identifier: MIT */
#include "floors.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined (HAVE_DNNL)
#include <dnnl.h>
#endif

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

/* The 512 MB stay allocated for the next call. */
double
measure_memory (int threads)
{
  enum { COUNT = 1 << 27 };
  static float *numbers;
  double best = 0;
  volatile float sink;

  if (numbers == NULL)
    numbers = numbers_new (COUNT);
  for (int run = 0; run < 5; run++)
    {
      double start = seconds_now ();
      float total = 0;

#pragma omp parallel num_threads (threads) reduction (+ : total)
      {
        size_t from = (size_t) COUNT / omp_get_num_threads () * omp_get_thread_num ();
        size_t to = from + (size_t) COUNT / omp_get_num_threads ();
        typedef float Eight __attribute__ ((vector_size (32), aligned (4)));
        Eight sums[8] = { { 0 } };

        for (size_t i = from; i + 64 <= to; i += 64)
          {
            /* Fetched ahead as the kernels do it, past what the processor guesses. */
            for (int j = 0; j < 64; j += 16)
              __builtin_prefetch (numbers + i + 4096 + j, 0, 2);
            for (int j = 0; j < 8; j++)
              sums[j] += *(const Eight *) (numbers + i + 8 * j);
          }
        for (int j = 0; j < 8; j++)
          total += sums[j][0] + sums[j][7];
      }
      sink = total;
      (void) sink;
      start = COUNT * sizeof (float) / (seconds_now () - start);
      best = start > best ? start : best;
    }
  return best;
}

#if defined (HAVE_DNNL) && DNNL_VERSION_MAJOR < 3
/* FLOP per second of oneDNN's matmul with a packed right side. */
double
measure_product (int threads)
{
  enum { M = 1152, N = 3072, K = 1536 };
  dnnl_dims_t a_dims = { M, K }, b_dims = { K, N }, c_dims = { M, N };
  dnnl_memory_desc_t a_desc, b_desc, c_desc;
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_matmul_desc_t desc;
  dnnl_primitive_desc_t primitive_desc;
  dnnl_primitive_t primitive;
  dnnl_memory_t a, b, c;
  double best = 1e9;

  omp_set_num_threads (threads);
  dnnl_engine_create (&engine, dnnl_cpu, 0);
  dnnl_stream_create (&stream, engine, dnnl_stream_default_flags);
  dnnl_memory_desc_init_by_tag (&a_desc, 2, a_dims, dnnl_f32, dnnl_ab);
  dnnl_memory_desc_init_by_tag (&b_desc, 2, b_dims, dnnl_f32, dnnl_format_tag_any);
  dnnl_memory_desc_init_by_tag (&c_desc, 2, c_dims, dnnl_f32, dnnl_ab);
  dnnl_matmul_desc_init (&desc, &a_desc, &b_desc, NULL, &c_desc);
  if (dnnl_primitive_desc_create (&primitive_desc, &desc, NULL, engine, NULL) != dnnl_success)
    return 0;
  dnnl_primitive_create (&primitive, primitive_desc);
  dnnl_memory_create (&a, &a_desc, engine, DNNL_MEMORY_ALLOCATE);
  dnnl_memory_create (&b, dnnl_primitive_desc_query_md (primitive_desc, dnnl_query_weights_md, 0), engine,
                      DNNL_MEMORY_ALLOCATE);
  dnnl_memory_create (&c, &c_desc, engine, DNNL_MEMORY_ALLOCATE);
  for (int i = 0; i < 3; i++)
    {
      dnnl_memory_t memory = i == 0 ? a : i == 1 ? b : c;
      const dnnl_memory_desc_t *memory_desc;
      void *data;

      dnnl_memory_get_memory_desc (memory, &memory_desc);
      dnnl_memory_get_data_handle (memory, &data);
      memset (data, 0, dnnl_memory_desc_get_size (memory_desc));
    }
  for (int run = 0; run < 6; run++)
    {
      dnnl_exec_arg_t args[] = { { DNNL_ARG_SRC, a }, { DNNL_ARG_WEIGHTS, b }, { DNNL_ARG_DST, c } };
      double start = seconds_now ();

      dnnl_primitive_execute (primitive, stream, 3, args);
      dnnl_stream_wait (stream);
      start = seconds_now () - start;
      best = start < best ? start : best;
    }
  dnnl_memory_destroy (a);
  dnnl_memory_destroy (b);
  dnnl_memory_destroy (c);
  dnnl_primitive_destroy (primitive);
  dnnl_primitive_desc_destroy (primitive_desc);
  dnnl_stream_destroy (stream);
  dnnl_engine_destroy (engine);
  return 2. * M * N * K / best;
}
#else
double
measure_product (int threads)
{
  return 0;
}
#endif
