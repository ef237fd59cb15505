/* SPDX-License-Identifier: MIT
 * The cpu backend's products with and without packed weights, beside the reference backend: row counts on both
 * sides of every choice it makes, one slot used by many row counts, the same bits from run to run. */
#include "backend.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/mman.h>

static Backend *reference;
static uint32_t state = 777;

static float *
random_floats (int64_t n)
{
  float *numbers = malloc ((size_t) n * sizeof *numbers);

  for (int64_t i = 0; i < n; i++)
    {
      state = state * 1664525u + 1013904223u;
      numbers[i] = (float) (state >> 8) / 8388608.f - 1.f;
    }
  return numbers;
}

static View
view_of (Backend *backend, const float *numbers, int64_t n)
{
  View view = { backend_buffer_new (backend, (size_t) n * sizeof *numbers), 0 };

  backend_upload (backend, view, numbers, (size_t) n * sizeof *numbers);
  return view;
}

static double
largest_difference (const float *a, const float *b, int64_t n)
{
  double worst = 0, largest = 1; /* a lone small sum of many terms is judged by the terms */

  for (int64_t i = 0; i < n; i++)
    {
      double difference = fabs ((double) a[i] - b[i]);

      worst = difference > worst || isnan (difference) ? difference : worst;
      largest = fmax (largest, fabs (b[i]));
    }
  return worst / largest;
}

typedef struct
{
  const float *x, *w, *bias, *residual;
  int64_t m, n, k;
  Epilogue epilogue;
  bool extras; /* bias, residual and pre */
} LinearCase;

/* Runs y and pre (m x n each, behind one another in `out`) on a backend. */
static void
run_linear (Backend *backend, const LinearCase *c, PackSlot *slot, View w, float *out)
{
  View x = view_of (backend, c->x, c->m * c->k), y = view_of (backend, c->x, 0), bias = VIEW_NONE, rest = VIEW_NONE;
  View pre = VIEW_NONE;
  size_t bytes = (size_t) (c->m * c->n) * sizeof (float);

  backend->class->buffer_free (backend, y.buffer);
  y.buffer = backend_buffer_new (backend, bytes);
  if (c->extras)
    {
      bias = view_of (backend, c->bias, c->n);
      rest = view_of (backend, c->residual, c->m * c->n);
      pre.buffer = backend_buffer_new (backend, bytes);
    }
  BACKEND_RUN (backend, KERNEL_LINEAR, linear, .x = x, .w = w, .bias = bias, .residual = rest, .y = y, .pre = pre,
               .m = c->m, .n = c->n, .k = c->k, .ldx = c->k, .ldy = c->n, .ldr = c->n, .epilogue = c->epilogue,
               .pack = slot);
  memset (out, 0, 2 * bytes);
  backend_download (backend, out, y, bytes);
  if (c->extras)
    {
      backend_download (backend, out + c->m * c->n, pre, bytes);
      backend->class->buffer_free (backend, bias.buffer);
      backend->class->buffer_free (backend, rest.buffer);
      backend->class->buffer_free (backend, pre.buffer);
    }
  backend->class->buffer_free (backend, x.buffer);
  backend->class->buffer_free (backend, y.buffer);
}

/* One weight, one slot, rows few and many in turn: the slot's forms must not get in each other's way. */
static void
test_linear (Backend *cpu, const char *set, int64_t n, int64_t k)
{
  static const int64_t rows[] = { 1, 12, 5, 33, 2, 13, 32, 100, 31, 24, 65 };
  enum { MOST = 100 };
  float *x = random_floats (MOST * k), *w = random_floats (n * k), *bias = random_floats (n);
  float *residual = random_floats (MOST * n), *got = random_floats (2 * MOST * n), *again = random_floats (2 * MOST * n);
  float *wanted = random_floats (2 * MOST * n);
  View on_cpu = view_of (cpu, w, n * k), on_reference = view_of (reference, w, n * k);
  PackSlot slot = { 0 };
  double worst = 0, worst_unpacked = 0;
  bool same = true;

  for (int i = 0; i < (int) (sizeof rows / sizeof *rows); i++)
    {
      LinearCase c = { x, w, bias, residual, rows[i], n, k, (Epilogue) (i % 3), i % 4 != 3 };

      run_linear (reference, &c, NULL, on_reference, wanted);
      run_linear (cpu, &c, &slot, on_cpu, got);
      worst = fmax (worst, largest_difference (got, wanted, 2 * c.m * n));
      run_linear (cpu, &c, &slot, on_cpu, again);
      same &= memcmp (got, again, (size_t) (2 * c.m * n) * sizeof *got) == 0;
      run_linear (cpu, &c, NULL, on_cpu, got);
      worst_unpacked = fmax (worst_unpacked, largest_difference (got, wanted, 2 * c.m * n));
    }
  tap_ok (worst < 2e-6, "/cpu-products/%s/linear %d x %d, packed, any number of rows (%.2g)", set, (int) n, (int) k, worst);
  tap_ok (worst_unpacked < 2e-6, "/cpu-products/%s/linear %d x %d without a slot (%.2g)", set, (int) n, (int) k,
          worst_unpacked);
  tap_ok (same, "/cpu-products/%s/linear %d x %d gives the same bits again", set, (int) n, (int) k);

  /* A changed weight must not be answered from the old form. */
  for (int64_t i = 0; i < n * k; i++)
    w[i] = -w[i];
  backend_upload (cpu, on_cpu, w, (size_t) (n * k) * sizeof *w);
  backend_upload (reference, on_reference, w, (size_t) (n * k) * sizeof *w);
  backend_pack_reset (cpu, &slot);
  worst = 0;
  for (int i = 0; i < 4; i++)
    {
      LinearCase c = { x, w, bias, residual, rows[i], n, k, EPILOGUE_NONE, true };

      run_linear (reference, &c, NULL, on_reference, wanted);
      run_linear (cpu, &c, &slot, on_cpu, got);
      worst = fmax (worst, largest_difference (got, wanted, 2 * c.m * n));
    }
  tap_ok (worst < 2e-6, "/cpu-products/%s/linear %d x %d after its weight changed (%.2g)", set, (int) n, (int) k, worst);
  backend_pack_reset (cpu, &slot);
  cpu->class->buffer_free (cpu, on_cpu.buffer);
  reference->class->buffer_free (reference, on_reference.buffer);
  free (x);
  free (w);
  free (bias);
  free (residual);
  free (got);
  free (again);
  free (wanted);
}

static void
run_grad_input (Backend *backend, const float *dy, const float *start, View w, int64_t m, int64_t n, int64_t k,
                PackSlot *slot, float *out)
{
  View on_dy = view_of (backend, dy, m * n), on_dx = view_of (backend, start, m * k);

  BACKEND_RUN (backend, KERNEL_LINEAR_GRAD_INPUT, linear_grad_input, .dy = on_dy, .w = w, .dx = on_dx, .m = m, .n = n,
               .k = k, .lddy = n, .lddx = k, .pack = slot);
  backend_download (backend, out, on_dx, (size_t) (m * k) * sizeof *out);
  backend->class->buffer_free (backend, on_dy.buffer);
  backend->class->buffer_free (backend, on_dx.buffer);
}

static void
test_grad_input (Backend *cpu, const char *set, int64_t n, int64_t k)
{
  static const int64_t rows[] = { 1, 12, 33, 5, 70, 32, 7 };
  float *dy = random_floats (70 * n), *w = random_floats (n * k), *start = random_floats (70 * k);
  float *got = random_floats (70 * k), *wanted = random_floats (70 * k);
  View on_cpu = view_of (cpu, w, n * k), on_reference = view_of (reference, w, n * k);
  PackSlot slot = { 0 };
  double worst = 0;

  for (int i = 0; i < (int) (sizeof rows / sizeof *rows); i++)
    {
      run_grad_input (reference, dy, start, on_reference, rows[i], n, k, NULL, wanted);
      run_grad_input (cpu, dy, start, on_cpu, rows[i], n, k, &slot, got);
      worst = fmax (worst, largest_difference (got, wanted, rows[i] * k));
      run_grad_input (cpu, dy, start, on_cpu, rows[i], n, k, NULL, got);
      worst = fmax (worst, largest_difference (got, wanted, rows[i] * k));
    }
  tap_ok (worst < 2e-6, "/cpu-products/%s/gradient of linear %d x %d (%.2g)", set, (int) n, (int) k, worst);
  backend_pack_reset (cpu, &slot);
  cpu->class->buffer_free (cpu, on_cpu.buffer);
  reference->class->buffer_free (reference, on_reference.buffer);
  free (dy);
  free (w);
  free (start);
  free (got);
  free (wanted);
}

static void
run_attention (Backend *backend, const AttentionArgs *args, const float *q, const float *k, const float *v,
               const float *mask, float *out)
{
  AttentionArgs here = *args;
  int64_t q_size = args->batch * args->q_batch, k_size = args->keys * args->ldk * args->batch;

  here.q = view_of (backend, q, q_size);
  here.k = view_of (backend, k, k_size);
  here.v = view_of (backend, v, k_size);
  here.mask = mask != NULL ? view_of (backend, mask, args->batch * args->mask_queries * args->keys) : VIEW_NONE;
  here.out = view_of (backend, q, q_size);
  backend->class->run (backend, &(KernelCall) { .id = KERNEL_ATTENTION, .attention = here });
  backend_download (backend, out, here.out, (size_t) q_size * sizeof *out);
  backend->class->buffer_free (backend, here.q.buffer);
  backend->class->buffer_free (backend, here.k.buffer);
  backend->class->buffer_free (backend, here.v.buffer);
  backend->class->buffer_free (backend, here.out.buffer);
  if (mask != NULL)
    backend->class->buffer_free (backend, here.mask.buffer);
}

static void
test_attention (Backend *cpu, const char *set)
{
  static const struct
  {
    int64_t batch, heads, queries, keys, d, shared, mask_queries;
  } shapes[] = {
    { 1, 2, 12, 12, 64, 0, 1 },  { 2, 3, 12, 150, 64, 1, 1 }, { 1, 2, 150, 151, 64, 0, 0 }, { 3, 2, 1, 5, 2, 0, 1 },
    { 2, 2, 7, 7, 3, 0, 7 },     { 1, 4, 90, 17, 32, 0, 1 },  { 1, 2, 33, 70, 96, 0, 33 },  { 2, 1, 16, 1, 64, 1, 1 },
    { 1, 1, 200, 40, 5, 0, 200 },
  };
  double worst = 0;

  for (int i = 0; i < (int) (sizeof shapes / sizeof *shapes); i++)
    {
      int64_t width = shapes[i].heads * shapes[i].d;
      AttentionArgs args = { .batch = shapes[i].batch, .heads = shapes[i].heads, .queries = shapes[i].queries,
                             .keys = shapes[i].keys, .d = shapes[i].d, .ldq = width + 1, .ldk = width + 2,
                             .ldv = width + 2, .ldout = width + 1, .q_batch = shapes[i].queries * (width + 1),
                             .mask_queries = shapes[i].mask_queries, .scale = 0.3f };
      int64_t q_size = args.batch * args.q_batch, k_size = args.keys * args.ldk * args.batch;
      int64_t mask_size = args.batch * args.mask_queries * args.keys;
      float *q = random_floats (q_size), *k = random_floats (k_size), *v = random_floats (k_size);
      float *mask = random_floats (mask_size + 1), *got = random_floats (q_size), *wanted = random_floats (q_size);

      args.k_batch = args.v_batch = shapes[i].shared ? 0 : args.keys * args.ldk;
      args.out_batch = args.q_batch;
      for (int64_t j = 0; j < mask_size; j++)
        mask[j] = mask[j] > 0.5f && j % args.keys > 0 ? -10000 : 0;
      run_attention (reference, &args, q, k, v, mask_size > 0 ? mask : NULL, wanted);
      run_attention (cpu, &args, q, k, v, mask_size > 0 ? mask : NULL, got);
      worst = fmax (worst, largest_difference (got, wanted, q_size));
      free (q);
      free (k);
      free (v);
      free (mask);
      free (got);
      free (wanted);
    }
  tap_ok (worst < 2e-6, "/cpu-products/%s/fused attention (%.2g)", set, worst);
}

/* Kilobytes in memory of the mapping that starts at `start`; -1 when the system does not tell. */
static long
resident_kilobytes (const void *start)
{
  FILE *maps = fopen ("/proc/self/smaps", "r");
  char line[512];
  long kilobytes = -1;
  bool inside = false;

  while (maps != NULL && fgets (line, sizeof line, maps) != NULL)
    {
      unsigned long from, to;

      if (sscanf (line, "%lx-%lx ", &from, &to) == 2)
        inside = from == (unsigned long) start;
      else if (inside && sscanf (line, "Rss: %ld kB", &kilobytes) == 1)
        break;
    }
  if (maps != NULL)
    fclose (maps);
  return kilobytes;
}

/* A weight in a file: read once, packed, its pages given back; read again where a kernel wants the plain form. */
static void
test_mapped_weight (Backend *cpu, const char *set)
{
  const int64_t n = 512, k = 512, m = 40;
  const size_t bytes = (size_t) (n * k) * sizeof (float);
  float *w = random_floats (n * k), *x = random_floats (m * k), *start = random_floats (m * k);
  float *got = random_floats (2 * m * n), *wanted = random_floats (2 * m * n);
  FILE *file = tmpfile ();
  LinearCase c = { x, w, NULL, NULL, 12, n, k, EPILOGUE_NONE, false };
  PackSlot slot = { .source_mapped = true };
  View on_cpu, on_reference = view_of (reference, w, n * k);
  void *mapping;

  if (file == NULL || fwrite (w, 1, bytes, file) != bytes || fflush (file) != 0
      || (mapping = mmap (NULL, bytes, PROT_READ, MAP_PRIVATE, fileno (file), 0)) == MAP_FAILED)
    {
      tap_skip ("/cpu-products/a mapped weight", "no temporary file can be mapped");
      return;
    }
  on_cpu = (View) { cpu->class->buffer_wrap (cpu, mapping, bytes), 0 };
  for (int i = 0; i < 2; i++)
    {
      run_linear (reference, &c, NULL, on_reference, wanted);
      run_linear (cpu, &c, &slot, on_cpu, got);
      tap_ok (largest_difference (got, wanted, c.m * n) < 2e-6, "/cpu-products/%s/a mapped weight serves %d rows", set,
              (int) c.m);
      tap_ok (resident_kilobytes (mapping) <= 0, "/cpu-products/%s/its pages are given back (%ld kB left)", set,
              resident_kilobytes (mapping));
      run_grad_input (reference, x, start, on_reference, c.m, n, k, NULL, wanted);
      run_grad_input (cpu, x, start, on_cpu, c.m, n, k, &slot, got);
      tap_ok (largest_difference (got, wanted, c.m * k) < 2e-6, "/cpu-products/%s/its gradient with %d rows", set,
              (int) c.m);
      if (i == 0)
        tap_ok (resident_kilobytes (mapping) <= 0, "/cpu-products/%s/a gradient with few rows reads the packed form",
                set);
      c.m = m;
      backend_pack_reset (cpu, &slot);
      slot.source_mapped = true;
    }
  backend_pack_reset (cpu, &slot);
  cpu->class->buffer_free (cpu, on_cpu.buffer);
  reference->class->buffer_free (reference, on_reference.buffer);
  munmap (mapping, bytes);
  fclose (file);
  free (w);
  free (x);
  free (start);
  free (got);
  free (wanted);
}

/* A weight that changes: right, nothing kept, and the same bits however many threads share the work. */
static void
test_changing_weight (Backend *cpu, const char *set, bool own)
{
  static const int64_t rows[] = { 1, 12, 33, 100, 400 };
  const int64_t n = 160, k = 300, most = 400;
  Backend *alone = backend_cpu_open (1);
  float *x = random_floats (most * k), *w = random_floats (n * k), *bias = random_floats (n);
  float *residual = random_floats (most * n), *got = random_floats (2 * most * n);
  float *again = random_floats (2 * most * n), *wanted = random_floats (2 * most * n);
  float *dy = random_floats (most * n), *dw = random_floats (n * k);
  float *got_dx = random_floats (most * k), *again_dx = random_floats (most * k), *wanted_dx = random_floats (most * k);
  View on_cpu = view_of (cpu, w, n * k), on_alone = view_of (alone, w, n * k);
  View on_reference = view_of (reference, w, n * k);
  PackSlot slot = { .changes = true }, other = { .changes = true };
  double worst = 0;
  bool same = true, nothing = true;

  for (int i = 0; i < (int) (sizeof rows / sizeof *rows); i++)
    {
      LinearCase c = { x, w, bias, residual, rows[i], n, k, EPILOGUE_GELU, true };

      run_linear (reference, &c, NULL, on_reference, wanted);
      run_linear (cpu, &c, &slot, on_cpu, got);
      run_linear (alone, &c, &other, on_alone, again);
      worst = fmax (worst, largest_difference (got, wanted, 2 * c.m * n));
      same = same && memcmp (got, again, (size_t) (2 * c.m * n) * sizeof *got) == 0;
      run_grad_input (reference, dy, x, on_reference, rows[i], n, k, NULL, wanted_dx);
      run_grad_input (cpu, dy, x, on_cpu, rows[i], n, k, &slot, got_dx);
      run_grad_input (alone, dy, x, on_alone, rows[i], n, k, &other, again_dx);
      worst = fmax (worst, largest_difference (got_dx, wanted_dx, c.m * k));
      same = same && memcmp (got_dx, again_dx, (size_t) (c.m * k) * sizeof *got) == 0;
      for (int form = 0; form < 4; form++)
        nothing = nothing && slot.forms[form] == NULL;
    }
  /* dw += dy^T x. */
  {
    Backend *all[] = { reference, cpu, alone };
    float *out[] = { wanted_dx, got_dx, again_dx };

    for (int i = 0; i < 3; i++)
      {
        View a = view_of (all[i], dy, most * n), b = view_of (all[i], x, most * k), c = view_of (all[i], dw, n * k);

        BACKEND_RUN (all[i], KERNEL_GEMM, gemm, .a = a, .b = b, .c = c, .transpose_a = true, .accumulate = true,
                     .m = n, .n = k, .k = most, .lda = n, .ldb = k, .ldc = k, .outer = 1, .inner = 1, .alpha = 1);
        backend_download (all[i], out[i], c, (size_t) (n * k) * sizeof *dw);
        all[i]->class->buffer_free (all[i], a.buffer);
        all[i]->class->buffer_free (all[i], b.buffer);
        all[i]->class->buffer_free (all[i], c.buffer);
      }
    worst = fmax (worst, largest_difference (got_dx, wanted_dx, n * k));
    same = same && memcmp (got_dx, again_dx, (size_t) (n * k) * sizeof *got) == 0;
  }
  tap_ok (worst < 2e-6, "/cpu-products/%s/a changing weight and its gradients (%.2g)", set, worst);
  if (own)
    {
      tap_ok (same, "/cpu-products/%s/the same bits by one thread", set);
      tap_ok (nothing, "/cpu-products/%s/nothing of it is kept", set);
    }
  backend_pack_reset (cpu, &slot);
  tap_ok (slot.changes, "/cpu-products/%s/what its owner said of it survives a reset", set);
  backend_pack_reset (alone, &other);
  cpu->class->buffer_free (cpu, on_cpu.buffer);
  alone->class->buffer_free (alone, on_alone.buffer);
  reference->class->buffer_free (reference, on_reference.buffer);
  backend_close (alone);
  free (x);
  free (w);
  free (bias);
  free (residual);
  free (got);
  free (again);
  free (wanted);
  free (dy);
  free (dw);
  free (got_dx);
  free (again_dx);
  free (wanted_dx);
}

int
main (void)
{
  static const char *const sets[] = { "baseline", "avx2", "avx512" };
  static const char *const products[] = { "own", "onednn" };

  reference = backend_reference_open ();
  for (int run = 0; run < 12; run++)
    {
      int threads = run % 2 == 0 ? 1 : 3;
      Backend *cpu;
      char name[40];

      setenv ("ALBEF_CPU_ISA", sets[run / 4], 1);
      setenv ("ALBEF_CPU_PRODUCTS", products[run / 2 % 2], 1);
      cpu = backend_cpu_open (threads);
      snprintf (name, sizeof name, "%s %s x %d", sets[run / 4], products[run / 2 % 2], threads);
      tap_note ("%s", cpu->description);
      test_linear (cpu, name, 70, 45);
      test_linear (cpu, name, 1, 300);
      test_linear (cpu, name, 130, 600);
      test_grad_input (cpu, name, 70, 45);
      test_grad_input (cpu, name, 300, 130);
      test_attention (cpu, name);
      test_mapped_weight (cpu, name);
      test_changing_weight (cpu, name, run / 2 % 2 == 0);
      backend_close (cpu);
    }
  backend_close (reference);
  return tap_done ();
}
