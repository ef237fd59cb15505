/* SPDX-License-Identifier: MIT
 * bench-backend: how fast the cpu backend is beside what the machine can do.
 *
 *   bench-backend [training] [THREADS...]      (default: 1 and all; `training`: its kernels instead)
 *
 * Floors, measured in the same run: P, the rate of a large f32 product (oneDNN's packed matmul where it is
 * built in, the own one otherwise), and M, the bandwidth of reading memory. A line per kernel follows with its
 * time (lowest and median of many runs), the rate of the lowest, and how many times longer that took than the
 * floor, the larger of FLOP / P and bytes / M (both the best of some runs too). Weights are read from memory,
 * not from the cache: each run uses another copy. */
#include "cpu.h"
#include "floors.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 400

/* Seconds of one kernel's runs. */
typedef struct
{
  double lowest, median;
} Times;

static double peak_flops, peak_bytes;

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* ---------------------------------------------------------------------------------------------------
 * Measuring
 */

/* Runs the calls in turn, as often as fits into `budget` seconds. */
static Times
measure (Backend *backend, const KernelCall *calls, int copies, double budget)
{
  double times[RUNS_MAX], begin;
  int runs = 0;

  for (int i = 0; i < copies; i++)
    backend->class->run (backend, &calls[i]); /* packs, makes primitives */
  begin = seconds_now ();
  while (runs < RUNS_MAX && (runs < 5 || seconds_now () - begin < budget))
    {
      double start = seconds_now ();

      backend->class->run (backend, &calls[runs % copies]);
      times[runs++] = seconds_now () - start;
    }
  qsort (times, (size_t) runs, sizeof *times, compare_doubles);
  return (Times) { times[0], times[runs / 2] };
}

static View
view_new (Backend *backend, int64_t count)
{
  View view = { backend_buffer_new (backend, (size_t) count * sizeof (float)), 0 };
  float *numbers = numbers_new ((size_t) count);

  backend_upload (backend, view, numbers, (size_t) count * sizeof *numbers);
  free (numbers);
  return view;
}

/* The same product by the backend's own gemm. */
static double
measure_own_product (Backend *backend)
{
  enum { M = 1152, N = 3072, K = 1536 };
  View a = view_new (backend, M * K), b = view_new (backend, N * K), c = view_new (backend, M * N);
  KernelCall call = { .id = KERNEL_GEMM,
                      .gemm = { .a = a, .b = b, .c = c, .m = M, .n = N, .k = K, .lda = K, .ldb = N, .ldc = N,
                                .outer = 1, .inner = 1, .alpha = 1 } };
  double seconds = measure (backend, &call, 1, 0.3).lowest;

  backend->class->buffer_free (backend, a.buffer);
  backend->class->buffer_free (backend, b.buffer);
  backend->class->buffer_free (backend, c.buffer);
  return 2. * M * N * K / seconds;
}

/* ---------------------------------------------------------------------------------------------------
 * Kernels
 */

static void
print_line (const char *name, Times times, double flops, double bytes)
{
  double seconds = times.lowest;
  double by_flops = flops / peak_flops, by_bytes = bytes / peak_bytes;
  double floor_seconds = by_flops > by_bytes ? by_flops : by_bytes;

  printf ("%-40s %9.1f us, median %9.1f %8.1f GFLOP/s %6.1f GB/s  %5.2f x floor (%s)\n", name, seconds * 1e6,
          times.median * 1e6, flops / seconds * 1e-9, bytes / seconds * 1e-9, seconds / floor_seconds, by_flops > by_bytes ? "arithmetic" : "memory");
  fflush (stdout);
}

/* A product with a weight, forward or to its input; enough copies of the weight to empty the cache. */
static void
bench_linear (Backend *backend, int64_t m, int64_t n, int64_t k, Epilogue epilogue, bool backward, bool cached)
{
  enum { MOST = 64 };
  int copies = cached ? 1 : (int) (((size_t) 200 << 20) / ((size_t) (n * k) * sizeof (float)));
  View x = view_new (backend, m * (backward ? n : k)), y = view_new (backend, m * (backward ? k : n));
  View bias = view_new (backend, n), w[MOST];
  PackSlot slots[MOST] = { 0 };
  KernelCall calls[MOST];
  char name[100];
  double bytes = 4. * (n * k + m * n + m * k);

  copies = copies < 1 ? 1 : copies > MOST ? MOST : copies;
  for (int i = 0; i < copies; i++)
    {
      w[i] = view_new (backend, n * k);
      if (backward)
        calls[i] = (KernelCall) { .id = KERNEL_LINEAR_GRAD_INPUT,
                                  .linear_grad_input = { .dy = x, .w = w[i], .dx = y, .m = m, .n = n, .k = k,
                                                         .lddy = n, .lddx = k, .pack = &slots[i] } };
      else
        calls[i] = (KernelCall) { .id = KERNEL_LINEAR,
                                  .linear = { .x = x, .w = w[i], .bias = bias, .y = y, .m = m, .n = n, .k = k,
                                              .ldx = k, .ldy = n, .epilogue = epilogue, .pack = &slots[i] } };
    }
  snprintf (name, sizeof name, "%s %d x %d -> %d%s%s", backward ? "linear grad input" : "linear", (int) m,
            (int) (backward ? n : k), (int) (backward ? k : n), epilogue == EPILOGUE_GELU ? " GELU" : "",
            cached ? " (cached)" : "");
  print_line (name, measure (backend, calls, copies, 0.3), 2. * m * n * k, cached ? 0 : bytes);
  for (int i = 0; i < copies; i++)
    {
      backend_pack_reset (backend, &slots[i]);
      backend->class->buffer_free (backend, w[i].buffer);
    }
  backend->class->buffer_free (backend, x.buffer);
  backend->class->buffer_free (backend, y.buffer);
  backend->class->buffer_free (backend, bias.buffer);
}

static void
bench_attention (Backend *backend, int64_t queries, int64_t keys, int64_t heads, int64_t d)
{
  int64_t width = heads * d;
  View q = view_new (backend, queries * width), k = view_new (backend, keys * width);
  View v = view_new (backend, keys * width), out = view_new (backend, queries * width);
  KernelCall call = { .id = KERNEL_ATTENTION,
                      .attention = { .q = q, .k = k, .v = v, .out = out, .batch = 1, .heads = heads,
                                     .queries = queries, .keys = keys, .d = d, .ldq = width, .ldk = width,
                                     .ldv = width, .ldout = width, .q_batch = queries * width,
                                     .k_batch = keys * width, .v_batch = keys * width, .out_batch = queries * width,
                                     .mask_queries = 1, .scale = 0.125f } };
  char name[100];

  snprintf (name, sizeof name, "attention %d x %d, %d heads of %d", (int) queries, (int) keys, (int) heads, (int) d);
  print_line (name, measure (backend, &call, 1, 0.3), 4. * queries * keys * width, 0);
  backend->class->buffer_free (backend, q.buffer);
  backend->class->buffer_free (backend, k.buffer);
  backend->class->buffer_free (backend, v.buffer);
  backend->class->buffer_free (backend, out.buffer);
}

/* Kept probabilities: scores, softmax, context as three calls. */
static void
bench_unfused (Backend *backend, int64_t queries, int64_t keys, int64_t heads, int64_t d)
{
  int64_t width = heads * d;
  View q = view_new (backend, queries * width), k = view_new (backend, keys * width);
  View s = view_new (backend, heads * queries * keys);
  KernelCall calls[] = {
    { .id = KERNEL_GEMM,
      .gemm = { .a = q, .b = k, .c = s, .transpose_b = true, .m = queries, .n = keys, .k = d, .lda = width,
                .ldb = width, .ldc = keys, .outer = 1, .inner = heads, .a_inner = d, .b_inner = d,
                .c_inner = queries * keys, .alpha = 0.125f } },
    { .id = KERNEL_SOFTMAX,
      .softmax = { .x = s, .y = s, .batch = 1, .heads = heads, .queries = queries, .keys = keys, .mask_queries = 1 } },
    { .id = KERNEL_GEMM,
      .gemm = { .a = s, .b = k, .c = q, .m = queries, .n = d, .k = keys, .lda = keys, .ldb = width, .ldc = width,
                .outer = 1, .inner = heads, .a_inner = queries * keys, .b_inner = d, .c_inner = d, .alpha = 1 } },
  };
  static const char *const names[] = { "scores (gemm)", "softmax", "context (gemm)" };
  char name[100];

  for (int i = 0; i < 3; i++)
    {
      snprintf (name, sizeof name, "%s %d x %d, %d heads of %d", names[i], (int) queries, (int) keys, (int) heads,
                (int) d);
      print_line (name, measure (backend, &calls[i], 1, 0.2), 2. * queries * keys * width,
                  i == 1 ? 8. * heads * queries * keys : 0);
    }
  backend->class->buffer_free (backend, q.buffer);
  backend->class->buffer_free (backend, k.buffer);
  backend->class->buffer_free (backend, s.buffer);
}

/* dw += dy^T x: what training adds to a layer. */
static void
bench_weight_grad (Backend *backend, int64_t rows, int64_t n, int64_t k)
{
  View dy = view_new (backend, rows * n), x = view_new (backend, rows * k), dw = view_new (backend, n * k);
  KernelCall call = { .id = KERNEL_GEMM,
                      .gemm = { .a = dy, .b = x, .c = dw, .transpose_a = true, .accumulate = true, .m = n, .n = k,
                                .k = rows, .lda = n, .ldb = k, .ldc = k, .outer = 1, .inner = 1, .alpha = 1 } };
  char name[100];

  snprintf (name, sizeof name, "weight gradient, %d rows, %d -> %d", (int) rows, (int) k, (int) n);
  print_line (name, measure (backend, &call, 1, 0.2), 2. * rows * n * k, 4. * (rows * (n + k) + 2 * n * k));
  backend->class->buffer_free (backend, dy.buffer);
  backend->class->buffer_free (backend, x.buffer);
  backend->class->buffer_free (backend, dw.buffer);
}

/* A weight that changes: nothing is kept packed. */
static void
bench_changing (Backend *backend, int64_t rows, int64_t n, int64_t k)
{
  PackSlot slot = { .changes = true };
  View x = view_new (backend, rows * k), w = view_new (backend, n * k), y = view_new (backend, rows * n);
  KernelCall calls[] = {
    { .id = KERNEL_LINEAR,
      .linear = { .x = x, .w = w, .y = y, .m = rows, .n = n, .k = k, .ldx = k, .ldy = n, .pack = &slot } },
    { .id = KERNEL_LINEAR_GRAD_INPUT,
      .linear_grad_input = { .dy = y, .w = w, .dx = x, .m = rows, .n = n, .k = k, .lddy = n, .lddx = k,
                             .pack = &slot } },
  };
  char name[100];

  for (int i = 0; i < 2; i++)
    {
      snprintf (name, sizeof name, "%s %d x %d -> %d, changing weight", i ? "linear grad input" : "linear", (int) rows,
                (int) k, (int) n);
      print_line (name, measure (backend, &calls[i], 1, 0.2), 2. * rows * n * k, 4. * (rows * (n + k) + n * k));
    }
  backend_pack_reset (backend, &slot);
  backend->class->buffer_free (backend, x.buffer);
  backend->class->buffer_free (backend, w.buffer);
  backend->class->buffer_free (backend, y.buffer);
}

/* Numbers moved or updated one by one, more of them than the caches hold. */
static void
bench_moves (Backend *backend)
{
  enum { N = 24000000, ROWS = 8, BLOCK = N / ROWS };
  View a = view_new (backend, N), b = view_new (backend, N), c = view_new (backend, N), d = view_new (backend, N);
  View one = view_new (backend, 8), index = view_new (backend, ROWS);
  const int32_t rows[ROWS] = { 3, 0, 7, 1, 5, 2, 6, 4 };
  const float rate[2] = { 1e-3f, 5 };
  View lr = one, t = { one.buffer, 4 };
  KernelCall calls[] = {
    { .id = KERNEL_FILL, .fill = { .out = a, .n = N } },
    { .id = KERNEL_COPY, .copy = { .in = a, .out = b, .n0 = 1, .n1 = 1, .n2 = N } },
    { .id = KERNEL_ADD_SCALED, .add_scaled = { .a = a, .y = b, .n = N, .alpha = 0.5f } },
    { .id = KERNEL_GATHER_ROWS,
      .gather_rows = { .table = a, .index = index, .out = b, .rows = ROWS, .n = BLOCK, .table_rows = ROWS } },
    { .id = KERNEL_SCATTER_ADD_ROWS,
      .scatter_add_rows = { .in = a, .index = index, .table = b, .rows = ROWS, .n = BLOCK, .table_rows = ROWS,
                            .skip = -1 } },
    { .id = KERNEL_MOMENTUM, .momentum = { .x = a, .y = b, .n = N, .momentum = 0.995f } },
    { .id = KERNEL_ADAMW,
      .adamw = { .w = a, .g = b, .m = c, .v = d, .lr = lr, .t = t, .n = N, .beta1 = 0.9f, .beta2 = 0.999f,
                 .eps = 1e-8f, .decay = 0.02f } },
    { .id = KERNEL_DROPOUT, .dropout = { .x = a, .y = b, .seed = index, .n = N, .stream = 1, .p = 0.1f } },
  };
  static const double words[] = { 1, 2, 3, 2, 3, 3, 7, 2 }; /* read and written, per number */
  char name[100];

  backend_upload (backend, index, rows, sizeof rows);
  backend_upload (backend, one, rate, sizeof rate);
  BACKEND_RUN (backend, KERNEL_FILL, fill, .out = d, .n = N, .value = 0.5f);
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
    {
      snprintf (name, sizeof name, "%s, 24 million", kernel_name (calls[i].id));
      print_line (name, measure (backend, &calls[i], 1, 0.2), 0, 4. * words[i] * N);
    }
  backend->class->buffer_free (backend, a.buffer);
  backend->class->buffer_free (backend, b.buffer);
  backend->class->buffer_free (backend, c.buffer);
  backend->class->buffer_free (backend, d.buffer);
  backend->class->buffer_free (backend, one.buffer);
  backend->class->buffer_free (backend, index.buffer);
}

/* Cross entropy over a vocabulary, for the rows of masked words. */
static void
bench_losses (Backend *backend, int64_t rows, int64_t n)
{
  View x = view_new (backend, rows * n), target = view_new (backend, rows * n), dx = view_new (backend, rows * n);
  View row = view_new (backend, 2 * rows), alpha = view_new (backend, 1);
  KernelCall calls[] = {
    { .id = KERNEL_SOFT_TARGETS,
      .soft_targets = { .x = x, .alpha = alpha, .hard = dx, .out = target, .rows = rows, .n = n, .ldx = n } },
    { .id = KERNEL_CROSS_ENTROPY,
      .cross_entropy = { .x = x, .target = target, .loss = row, .rows = rows, .n = n, .ldx = n } },
    { .id = KERNEL_CROSS_ENTROPY_GRAD,
      .cross_entropy_grad = { .dloss = row, .x = x, .target = target, .lse = row, .dx = dx, .rows = rows, .n = n,
                              .ldx = n, .lddx = n } },
  };
  static const double words[] = { 3, 2, 4 };
  char name[100];

  for (int i = 0; i < 3; i++)
    {
      snprintf (name, sizeof name, "%s %d x %d", kernel_name (calls[i].id), (int) rows, (int) n);
      print_line (name, measure (backend, &calls[i], 1, 0.1), 0, 4. * words[i] * rows * n);
    }
  backend->class->buffer_free (backend, x.buffer);
  backend->class->buffer_free (backend, target.buffer);
  backend->class->buffer_free (backend, dx.buffer);
  backend->class->buffer_free (backend, row.buffer);
  backend->class->buffer_free (backend, alpha.buffer);
}

static void
bench_training (Backend *backend)
{
  static const int64_t rows[] = { 1028, 48 };

  for (int i = 0; i < 2; i++)
    {
      bench_weight_grad (backend, rows[i], 768, 768);
      bench_weight_grad (backend, rows[i], 3072, 768);
      bench_weight_grad (backend, rows[i], 768, 3072);
      bench_changing (backend, rows[i], 768, 768);
      bench_changing (backend, rows[i], 3072, 768);
      bench_changing (backend, rows[i], 768, 3072);
    }
  bench_losses (backend, 7, 30522);
  bench_losses (backend, 4, 65540);
  bench_moves (backend);
}

static void
bench_rows (Backend *backend, int64_t rows, int64_t n)
{
  View x = view_new (backend, rows * n), y = view_new (backend, rows * n), g = view_new (backend, n);
  KernelCall calls[] = {
    { .id = KERNEL_LAYER_NORM,
      .layer_norm = { .x = x, .gamma = g, .beta = g, .y = y, .rows = rows, .n = n, .ldx = n, .ldy = n, .eps = 1e-6f } },
    { .id = KERNEL_UNARY, .unary = { .x = x, .y = y, .n = rows * n, .op = UNARY_GELU } },
    { .id = KERNEL_ADD, .add = { .a = x, .b = x, .y = y, .n = rows * n, .nb = rows * n } },
  };
  static const char *const names[] = { "layer norm", "GELU", "add" };
  char name[100];

  for (int i = 0; i < 3; i++)
    {
      snprintf (name, sizeof name, "%s %d x %d", names[i], (int) rows, (int) n);
      print_line (name, measure (backend, &calls[i], 1, 0.1), 0, (i == 2 ? 12. : 8.) * rows * n);
    }
  backend->class->buffer_free (backend, x.buffer);
  backend->class->buffer_free (backend, y.buffer);
  backend->class->buffer_free (backend, g.buffer);
}

static void
bench_threads (int threads, bool training)
{
  double start = seconds_now ();
  Backend *backend = backend_cpu_open (threads);
  double own;

  printf ("\n%s (opened in %.1f ms; waking the threads costs %.0f us)\n", backend->description,
          (seconds_now () - start) * 1e3, ((CpuBackend *) backend)->wake_seconds * 1e6);
  own = measure_own_product (backend);
  peak_flops = measure_product (threads);
  peak_bytes = measure_memory (threads);
  printf ("P: oneDNN %.0f GFLOP/s, own product %.0f GFLOP/s; M: %.1f GB/s\n", peak_flops * 1e-9, own * 1e-9,
          peak_bytes * 1e-9);
  if (peak_flops < own)
    peak_flops = own;
  if (training)
    {
      bench_training (backend);
      backend_close (backend);
      return;
    }

  for (int backward = 0; backward < 2; backward++)
    {
      bench_linear (backend, 12, 768, 768, EPILOGUE_NONE, backward, false);
      bench_linear (backend, 12, 3072, 768, backward ? EPILOGUE_NONE : EPILOGUE_GELU, backward, false);
      bench_linear (backend, 12, 768, 3072, EPILOGUE_NONE, backward, false);
      bench_linear (backend, 12, 768, 768, EPILOGUE_NONE, backward, true);
      bench_linear (backend, 1, 768, 768, EPILOGUE_NONE, backward, false);
      bench_linear (backend, 32, 768, 768, EPILOGUE_NONE, backward, false);
    }
  bench_linear (backend, 577, 2304, 768, EPILOGUE_NONE, false, false);
  bench_linear (backend, 577, 768, 768, EPILOGUE_NONE, false, false);
  bench_linear (backend, 577, 3072, 768, EPILOGUE_GELU, false, false);
  bench_linear (backend, 577, 768, 3072, EPILOGUE_NONE, false, false);
  bench_linear (backend, 577, 768, 3072, EPILOGUE_NONE, true, false);
  bench_attention (backend, 577, 577, 12, 64);
  bench_attention (backend, 12, 577, 12, 64);
  bench_attention (backend, 12, 12, 12, 64);
  bench_attention (backend, 257, 257, 4, 32);
  bench_unfused (backend, 12, 577, 12, 64);
  bench_unfused (backend, 577, 577, 12, 64);
  bench_rows (backend, 577, 768);
  bench_linear (backend, 12, 128, 128, EPILOGUE_NONE, false, true);
  bench_linear (backend, 257, 128, 128, EPILOGUE_NONE, false, true);
  bench_linear (backend, 257, 512, 128, EPILOGUE_GELU, false, true);
  backend_close (backend);
}

int
main (int argc, char **argv)
{
  bool training = argc > 1 && strcmp (argv[1], "training") == 0;
  int first = training ? 2 : 1;

  if (argc <= first)
    {
      bench_threads (1, training);
      if (omp_get_num_procs () > 1)
        bench_threads (omp_get_num_procs (), training);
    }
  for (int i = first; i < argc; i++)
    {
      int threads = atoi (argv[i]);

      if (threads < 1 || threads > 256)
        {
          fprintf (stderr, "usage: bench-backend [training] [THREADS...]\n");
          return 2;
        }
      bench_threads (threads, training);
    }
  return 0;
}
