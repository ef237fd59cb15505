/* SPDX-License-Identifier: MIT */
#include "machine-floor.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined (HAVE_DNNL)
#include <dnnl.h>
#endif

/* Two image encoders' worth of rows by a feed-forward's width. */
enum
{
  ROWS = 1152,
  COLUMNS = 3072,
  DEPTH = 1536
};

#define PRODUCT_FLOP (2.0 * ROWS * COLUMNS * DEPTH)
#define PRODUCT_RUNS 8
#define MEMORY_RUNS 6
#define BLOCK 64      /* floats of a step of the reading loop */
#define AHEAD 4096    /* floats fetched ahead, past what the processor guesses */

typedef float Eight __attribute__ ((vector_size (32), aligned (4)));

static double
seconds_now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static void
fill (float *numbers, size_t count)
{
  for (size_t i = 0; i < count; i++)
    numbers[i] = (float) (i * 7919 % 1009) / 1009.f - 0.5f;
}

/* ---------------------------------------------------------------------------------------------------
 * Arithmetic
 */

#if defined (HAVE_DNNL) && DNNL_VERSION_MAJOR < 3

typedef struct
{
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_primitive_desc_t description;
  dnnl_primitive_t primitive;
  dnnl_memory_t memories[3]; /* left, right, result */
} Product;

static bool
product_make (Product *product)
{
  dnnl_dims_t dims[3] = { { ROWS, DEPTH }, { DEPTH, COLUMNS }, { ROWS, COLUMNS } };
  dnnl_memory_desc_t forms[3];
  dnnl_matmul_desc_t matmul;

  if (dnnl_engine_create (&product->engine, dnnl_cpu, 0) != dnnl_success ||
      dnnl_stream_create (&product->stream, product->engine, dnnl_stream_default_flags) != dnnl_success)
    return false;
  for (int i = 0; i < 3; i++)
    if (dnnl_memory_desc_init_by_tag (&forms[i], 2, dims[i], dnnl_f32, i == 1 ? dnnl_format_tag_any : dnnl_ab) !=
        dnnl_success)
      return false;
  if (dnnl_matmul_desc_init (&matmul, &forms[0], &forms[1], NULL, &forms[2]) != dnnl_success ||
      dnnl_primitive_desc_create (&product->description, &matmul, NULL, product->engine, NULL) != dnnl_success ||
      dnnl_primitive_create (&product->primitive, product->description) != dnnl_success)
    return false;
  for (int i = 0; i < 3; i++)
    {
      const dnnl_memory_desc_t *form = &forms[i];
      void *numbers;

      if (i == 1) /* as oneDNN wants it */
        form = dnnl_primitive_desc_query_md (product->description, dnnl_query_weights_md, 0);
      if (dnnl_memory_create (&product->memories[i], form, product->engine, DNNL_MEMORY_ALLOCATE) != dnnl_success ||
          dnnl_memory_get_data_handle (product->memories[i], &numbers) != dnnl_success)
        return false;
      fill (numbers, dnnl_memory_desc_get_size (form) / sizeof (float));
    }
  return true;
}

static void
product_clear (Product *product)
{
  for (int i = 0; i < 3; i++)
    if (product->memories[i] != NULL)
      dnnl_memory_destroy (product->memories[i]);
  if (product->primitive != NULL)
    dnnl_primitive_destroy (product->primitive);
  if (product->description != NULL)
    dnnl_primitive_desc_destroy (product->description);
  if (product->stream != NULL)
    dnnl_stream_destroy (product->stream);
  if (product->engine != NULL)
    dnnl_engine_destroy (product->engine);
}

double
floor_onednn_rate (int threads)
{
  Product product = { 0 };
  int before = omp_get_max_threads ();
  double best = INFINITY;

  omp_set_num_threads (threads);
  if (product_make (&product))
    for (int run = 0; run < PRODUCT_RUNS; run++)
      {
        dnnl_exec_arg_t args[] = { { DNNL_ARG_SRC, product.memories[0] },
                                   { DNNL_ARG_WEIGHTS, product.memories[1] },
                                   { DNNL_ARG_DST, product.memories[2] } };
        double start = seconds_now ();

        if (dnnl_primitive_execute (product.primitive, product.stream, 3, args) != dnnl_success ||
            dnnl_stream_wait (product.stream) != dnnl_success)
          break;
        best = fmin (best, seconds_now () - start);
      }
  product_clear (&product);
  omp_set_num_threads (before);
  return PRODUCT_FLOP / best; /* 0 when nothing ran */
}

#else

double
floor_onednn_rate (int threads)
{
  (void) threads;
  return 0;
}

#endif

static View
view_new (Backend *backend, size_t count)
{
  View view = { backend_buffer_new (backend, count * sizeof (float)), 0 };
  float *numbers = malloc (count * sizeof *numbers);

  if (numbers == NULL)
    abort ();
  fill (numbers, count);
  backend_upload (backend, view, numbers, count * sizeof *numbers);
  free (numbers);
  return view;
}

double
floor_own_rate (Backend *backend)
{
  View x = view_new (backend, (size_t) ROWS * DEPTH), w = view_new (backend, (size_t) COLUMNS * DEPTH);
  View y = view_new (backend, (size_t) ROWS * COLUMNS);
  PackSlot slot = { 0 };
  KernelCall call = { .id = KERNEL_LINEAR,
                      .linear = { .x = x, .w = w, .y = y, .m = ROWS, .n = COLUMNS, .k = DEPTH, .ldx = DEPTH,
                                  .ldy = COLUMNS, .pack = &slot } };
  double best = INFINITY;

  for (int run = 0; run < PRODUCT_RUNS; run++)
    {
      double start = seconds_now ();

      backend->class->run (backend, &call); /* the first one packs */
      backend->class->synchronize (backend);
      best = fmin (best, seconds_now () - start);
    }
  backend_pack_reset (backend, &slot);
  backend->class->buffer_free (backend, x.buffer);
  backend->class->buffer_free (backend, w.buffer);
  backend->class->buffer_free (backend, y.buffer);
  return PRODUCT_FLOP / best;
}

double
floor_product_rate (Backend *backend)
{
  return fmax (floor_own_rate (backend), floor_onednn_rate (backend->threads));
}

/* ---------------------------------------------------------------------------------------------------
 * Memory
 */

/* The sum keeps the reading from being left out. */
static float
read_once (const float *numbers, size_t count)
{
  Eight sums[8] = { { 0 } };
  float total = 0;

  for (size_t i = 0; i + BLOCK <= count; i += BLOCK)
    {
      for (int j = 0; j < BLOCK; j += 16)
        __builtin_prefetch (numbers + i + AHEAD + j, 0, 2);
      for (int j = 0; j < 8; j++)
        sums[j] += *(const Eight *) (numbers + i + 8 * j);
    }
  for (int j = 0; j < 8; j++)
    total += sums[j][0] + sums[j][7];
  return total;
}

double
floor_memory_rate (int threads, double bytes)
{
  size_t count = (size_t) (fmax (bytes, 1e6) / sizeof (float)) / BLOCK * BLOCK;
  /* Small blocks are read several times a run, so that waking the threads does not count. */
  int rounds = (int) fmax (1, 64e6 / (double) (count * sizeof (float)));
  float *numbers = aligned_alloc (64, count * sizeof *numbers);
  double best = INFINITY;
  volatile float sink = 0;

  if (numbers == NULL)
    return NAN;
  fill (numbers, count);
  for (int run = 0; run < MEMORY_RUNS; run++)
    {
      double start = seconds_now ();
      float total = 0;

#pragma omp parallel num_threads (threads) reduction (+ : total)
      {
        size_t n = (size_t) omp_get_num_threads (), me = (size_t) omp_get_thread_num ();
        size_t from = count / BLOCK * me / n * BLOCK, to = count / BLOCK * (me + 1) / n * BLOCK;

        for (int round = 0; round < rounds; round++)
          {
            __asm__ volatile ("" ::: "memory"); /* each round reads anew */
            total += read_once (numbers + from, to - from);
          }
      }
      best = fmin (best, (seconds_now () - start) / rounds);
      sink = sink + total;
    }
  free (numbers);
  return (double) (count * sizeof *numbers) / best;
}
