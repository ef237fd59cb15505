/* SPDX-License-Identifier: MIT
 * test-backends.c: the op harness, run on every backend of this build, and on cheats that it has to catch. */
#include "op-harness.h"
#include "tap.h"

#include "error.h"

#include <stdlib.h>

/* Multiplications: the cheats see the cases below, everybody else sees all. */
#define COST_SMALL 30000
#define COST_ANY INFINITY

/* ---------------------------------------------------------------------------------------------------
 * The reference itself
 */

static void
run_unary (Backend *backend, UnaryOp op, const float *x, float *y, int n)
{
  View view = { backend_buffer_new (backend, (size_t) n * 4), 0 };

  backend_upload (backend, view, x, (size_t) n * 4);
  BACKEND_RUN (backend, KERNEL_UNARY, unary, .x = view, .y = view, .n = n, .op = op);
  backend_download (backend, y, view, (size_t) n * 4);
  backend->class->buffer_free (backend, view.buffer);
}

/* Values from tables or by hand: the oracle must not agree with itself alone. */
static void
test_known_values (Backend *backend)
{
  const float x[] = { 1, -1, 0.5f, -3, 0, 2 };
  float y[6], mean, rstd;
  View a = { backend_buffer_new (backend, sizeof x), 0 }, b = { backend_buffer_new (backend, sizeof x), 0 };
  View ones = { backend_buffer_new (backend, sizeof x), 0 }, kept = { backend_buffer_new (backend, 8), 0 };

  run_unary (backend, UNARY_GELU, x, y, 6);
  tap_near (y[0], 0.8413447460685429, 1e-7, "/reference/gelu (1) is Phi (1)");
  tap_near (y[1], -0.15865525393145707, 1e-7, "/reference/gelu (-1) is -Phi (-1)");
  tap_near (y[3], -3 * 0.0013498980316300933, 1e-9, "/reference/gelu (-3) is -3 Phi (-3)");
  run_unary (backend, UNARY_RELU, x, y, 6);
  tap_ok (y[0] == 1 && y[1] == 0 && y[3] == 0 && y[4] == 0, "/reference/relu");

  backend_upload (backend, a, x, sizeof x);
  BACKEND_RUN (backend, KERNEL_SOFTMAX, softmax, .x = a, .y = b, .batch = 1, .heads = 1, .queries = 3, .keys = 2,
               .mask_queries = 1);
  backend_download (backend, y, b, sizeof y);
  tap_near (y[0], 0.8807970779778823, 1e-7, "/reference/softmax of (1, -1)");
  tap_near (y[2], 0.9706877692486436, 1e-7, "/reference/softmax of (0.5, -3)");

  BACKEND_RUN (backend, KERNEL_FILL, fill, .out = ones, .n = 6, .value = 1);
  BACKEND_RUN (backend, KERNEL_LAYER_NORM, layer_norm, .x = a, .gamma = ones, .beta = ones, .y = b, .mean = kept,
               .rstd = { kept.buffer, 4 }, .rows = 1, .n = 2, .ldx = 2, .ldy = 2, .eps = 3);
  backend_download (backend, y, b, sizeof y);
  backend_download (backend, &mean, kept, 4);
  backend_download (backend, &rstd, (View) { kept.buffer, 4 }, 4);
  tap_ok (y[0] == 1.5f && y[1] == 0.5f && mean == 0 && rstd == 0.5f, "/reference/layer norm of (1, -1) with eps 3");

  BACKEND_RUN (backend, KERNEL_GEMM, gemm, .a = a, .b = a, .c = b, .m = 2, .n = 2, .k = 3, .transpose_b = true,
               .lda = 3, .ldb = 3, .ldc = 2, .outer = 1, .inner = 1, .alpha = 2);
  backend_download (backend, y, b, sizeof y);
  tap_ok (y[0] == 4.5f && y[1] == -4 && y[2] == -4 && y[3] == 26, "/reference/gemm of 2 x 3 by its transpose");
  backend->class->buffer_free (backend, a.buffer);
  backend->class->buffer_free (backend, b.buffer);
  backend->class->buffer_free (backend, ones.buffer);
  backend->class->buffer_free (backend, kept.buffer);
}

#define B 2
#define H 3
#define Q 4
#define K 5
#define D 3

static View
random_view (Backend *backend, OpCase *random, int n)
{
  View view = { backend_buffer_new (backend, (size_t) n * 4), 0 };

  for (int i = 0; i < n; i++)
    {
      uint32_t word = draw_normal (random);

      backend_upload (backend, (View) { view.buffer, (size_t) i * 4 }, &word, 4);
    }
  return view;
}

static double
largest_difference (Backend *backend, View a, View b, int n)
{
  double largest = 0;

  for (int i = 0; i < n; i++)
    {
      float x, y;

      backend_download (backend, &x, (View) { a.buffer, a.offset + (size_t) i * 4 }, 4);
      backend_download (backend, &y, (View) { b.buffer, b.offset + (size_t) i * 4 }, 4);
      largest = fmax (largest, fabs ((double) x - y));
    }
  return largest;
}

/* Fused kernels against the kernels they are made of. */
static void
test_parts (Backend *backend)
{
  OpCase random = { .random = 11 };
  int width = H * D;
  View q = random_view (backend, &random, B * Q * width), k = random_view (backend, &random, B * K * width);
  View v = random_view (backend, &random, B * K * width), mask = random_view (backend, &random, B * Q * K);
  View scores = random_view (backend, &random, B * H * Q * K), maps = random_view (backend, &random, B * H * Q * K);
  View fused = random_view (backend, &random, B * Q * width), parts = random_view (backend, &random, B * Q * width);
  View all[] = { q, k, v, mask, scores, maps, fused, parts };

  BACKEND_RUN (backend, KERNEL_ATTENTION, attention, .q = q, .k = k, .v = v, .mask = mask, .out = fused, .batch = B,
               .heads = H, .queries = Q, .keys = K, .d = D, .ldq = width, .ldk = width, .ldv = width, .ldout = width,
               .q_batch = Q * width, .k_batch = K * width, .v_batch = K * width, .out_batch = Q * width,
               .mask_queries = Q, .scale = 0.7f);
  BACKEND_RUN (backend, KERNEL_GEMM, gemm, .a = q, .b = k, .c = scores, .transpose_b = true, .m = Q, .n = K, .k = D,
               .lda = width, .ldb = width, .ldc = K, .outer = B, .inner = H, .a_outer = Q * width, .a_inner = D,
               .b_outer = K * width, .b_inner = D, .c_outer = H * Q * K, .c_inner = Q * K, .alpha = 0.7f);
  BACKEND_RUN (backend, KERNEL_SOFTMAX, softmax, .x = scores, .mask = mask, .y = maps, .batch = B, .heads = H,
               .queries = Q, .keys = K, .mask_queries = Q);
  BACKEND_RUN (backend, KERNEL_GEMM, gemm, .a = maps, .b = v, .c = parts, .m = Q, .n = D, .k = K, .lda = K,
               .ldb = width, .ldc = width, .outer = B, .inner = H, .a_outer = H * Q * K, .a_inner = Q * K,
               .b_outer = K * width, .b_inner = D, .c_outer = Q * width, .c_inner = D, .alpha = 1);
  tap_near (largest_difference (backend, fused, parts, B * Q * width), 0, 1e-6,
            "/reference/attention is gemm, softmax, gemm");

  BACKEND_RUN (backend, KERNEL_LINEAR, linear, .x = q, .w = k, .bias = v, .residual = scores, .y = fused, .m = Q,
               .n = K, .k = width, .ldx = width, .ldy = K, .ldr = K, .epilogue = EPILOGUE_GELU);
  BACKEND_RUN (backend, KERNEL_GEMM, gemm, .a = q, .b = k, .c = parts, .transpose_b = true, .m = Q, .n = K, .k = width,
               .lda = width, .ldb = width, .ldc = K, .outer = 1, .inner = 1, .alpha = 1);
  BACKEND_RUN (backend, KERNEL_ADD, add, .a = parts, .b = v, .y = parts, .n = Q * K, .nb = K);
  BACKEND_RUN (backend, KERNEL_UNARY, unary, .x = parts, .y = parts, .n = Q * K, .op = UNARY_GELU);
  BACKEND_RUN (backend, KERNEL_ADD, add, .a = parts, .b = scores, .y = parts, .n = Q * K, .nb = Q * K);
  tap_near (largest_difference (backend, fused, parts, Q * K), 0, 2e-6, "/reference/linear is gemm, add, gelu, add");
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    backend->class->buffer_free (backend, all[i].buffer);
}

static void
report_gradient (const char *name, bool right, double error)
{
  tap_ok (right, "/gradients/%s: %.1e", name, error);
}

/* ---------------------------------------------------------------------------------------------------
 * Backends
 */

static void
test_backend (const OpSuite *suite, Backend *backend, const char *name)
{
  const char *wrong;

  tap_note ("%s: %s, %d threads", name, backend->description, backend->threads);
  for (int id = 0; id < KERNEL_COUNT; id++)
    {
      OpVerdict verdict = op_judge (suite, backend, (KernelId) id, COST_ANY, false);

      tap_ok (verdict.cases > 0 && verdict.failures == 0, "/%s/%s: %d cases, error %.1e", name,
              kernel_name ((KernelId) id), verdict.cases, verdict.error);
      if (verdict.failures > 0)
        tap_note ("%d failed: %s", verdict.failures, verdict.failure);
      else if (verdict.error > 0)
        tap_note ("worst: %s", verdict.worst);
    }
  wrong = op_judge_packs (backend);
  tap_ok (wrong == NULL, "/%s/packed weights%s%s", name, wrong != NULL ? ": wrong is " : "",
          wrong != NULL ? wrong : "");
  wrong = op_judge_transfers (backend);
  tap_ok (wrong == NULL, "/%s/transfers%s%s", name, wrong != NULL ? ": wrong is " : "", wrong != NULL ? wrong : "");
}

/* The cpu backend with every set of kernels that this processor runs, and on two threads. */
static void
test_cpu (const OpSuite *suite)
{
  static const struct
  {
    const char *name, *set; /* NULL: as it chooses itself */
    int threads;
  } ways[] = {
    { "cpu", NULL, 0 },
    { "cpu, two threads", NULL, 2 },
    { "cpu, avx2", "avx2", 1 },
    { "cpu, baseline", "baseline", 1 },
  };

  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
    {
      Backend *backend;

      if (ways[i].set != NULL)
        setenv ("ALBEF_CPU_ISA", ways[i].set, 1);
      backend = backend_cpu_open (ways[i].threads);
      unsetenv ("ALBEF_CPU_ISA");
      test_backend (suite, backend, ways[i].name);
      backend_close (backend);
    }
}

static void
judge_cheat (const OpCheat *cheat, void *data)
{
  Backend *backend = op_cheat_open (cheat);
  OpVerdict verdict = op_judge (data, backend, cheat->id, COST_SMALL, true);

  tap_ok (verdict.failures > 0, "/cheats/%s that %s%s%s is caught", kernel_name (cheat->id), cheat->name,
          cheat->view != NULL ? " " : "", cheat->view != NULL ? cheat->view : "");
  backend_close (backend);
}

static int wrong_gradients;

static void
count_gradient (const char *name, bool right, double error)
{
  wrong_gradients += !right;
}

/* The differences on their own, without the reference's gradient to compare with, have to notice a gradient that
 * does not look at one of its inputs or does not accumulate. */
static void
judge_gradient_cheat (const OpCheat *cheat, void *data)
{
  static const KernelId gradients[] = { KERNEL_LINEAR_GRAD_INPUT, KERNEL_SOFTMAX_GRAD,   KERNEL_LAYER_NORM_GRAD,
                                        KERNEL_L2_NORMALIZE_GRAD, KERNEL_UNARY_GRAD,     KERNEL_DIVIDE_BY_SCALAR_GRAD,
                                        KERNEL_SUM_ROWS,          KERNEL_SCATTER_ADD_ROWS, KERNEL_ADD_SCALED };
  bool wanted = false;
  Backend *backend;

  for (size_t i = 0; i < sizeof gradients / sizeof *gradients; i++)
    wanted = wanted || gradients[i] == cheat->id;
  if (!wanted || cheat->view == NULL
      || (strcmp (cheat->name, "ignores") != 0 && strncmp (cheat->name, "overwrites", 10) != 0))
    return;
  backend = op_cheat_open (cheat);
  wrong_gradients = 0;
  op_check_gradients (backend, count_gradient);
  tap_ok (wrong_gradients > 0, "/cheats/differences catch %s that %s %s", kernel_name (cheat->id), cheat->name,
          cheat->view);
  backend_close (backend);
}

static void
test_cheats (OpSuite *suite)
{
  Backend *honest = op_cheat_open (NULL);
  Backend *stale = op_stale_pack_open ();
  int failures = 0;

  for (int id = 0; id < KERNEL_COUNT; id++)
    failures += op_judge (suite, honest, (KernelId) id, COST_SMALL, false).failures;
  tap_ok (failures == 0, "/cheats/without a cheat nothing is caught");
  backend_close (honest);
  tap_ok (op_judge_packs (stale) != NULL, "/cheats/a packed weight that outlives its reset is caught");
  backend_close (stale);
  op_cheats_each (suite, judge_cheat, suite);
  op_cheats_each (suite, judge_gradient_cheat, NULL);
}

static void
test_names (void)
{
  Backend *backend;
  AlbefError error = ALBEF_ERROR_INIT;
  bool named = true;

  for (int id = 0; id < KERNEL_COUNT; id++)
    named = named && strcmp (kernel_name ((KernelId) id), "unknown kernel") != 0;
  tap_ok (named, "/backends/every kernel has a name");
  tap_ok (dtype_size (DTYPE_F32) == 4 && dtype_size (DTYPE_BF16) == 2 && dtype_size (DTYPE_I32) == 4
              && dtype_size (DTYPE_U8) == 1,
          "/backends/sizes of types");
  tap_ok (backend_open ("cuda", 0, &backend, &error) == ALBEF_ERROR_DEVICE && strstr (error.message, "cuda") != NULL
              && backend == NULL,
          "/backends/cuda says why not: %s", error.message);
  tap_ok (backend_open ("abacus", 0, &backend, &error) == ALBEF_ERROR_ARGUMENT
              && strstr (error.message, "abacus") != NULL && backend == NULL,
          "/backends/an unknown device is named");
  for (const char *const *name = (const char *const[]) { "reference", "fenced", "cpu", "auto", NULL }; *name != NULL;
       name++)
    {
      AlbefStatus status = backend_open (*name, 1, &backend, &error);

      tap_ok (status == ALBEF_OK && backend != NULL && (*name[0] == 'a' || strcmp (backend->name, *name) == 0),
              "/backends/'%s' opens%s%s", *name, status != ALBEF_OK ? ": " : "",
              status != ALBEF_OK ? error.message : "");
      backend_close (backend);
    }
}

int
main (void)
{
  OpSuite suite = { 0 };
  Backend *reference = backend_reference_open ();
  Backend *immediate = backend_fenced_open (false), *deferred = backend_fenced_open (true);

  op_cases_products (&suite);
  op_cases_attention (&suite);
  op_cases_rows (&suite);
  op_cases_elementwise (&suite);
  op_cases_moves (&suite);
  op_cases_training (&suite);
  op_cases_maps (&suite);
  op_suite_prepare (&suite);

  test_names ();
  test_known_values (reference);
  test_parts (reference);
  op_check_gradients (reference, report_gradient);
  test_backend (&suite, immediate, "fenced, immediate");
  test_backend (&suite, deferred, "fenced, deferred");
  test_cpu (&suite);
  test_cheats (&suite);

  backend_close (reference);
  backend_close (immediate);
  backend_close (deferred);
  op_suite_free (&suite);
  return tap_done ();
}
