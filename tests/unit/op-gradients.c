/* SPDX-License-Identifier: MIT
 * op-gradients.c: gradient kernels against central differences of forward kernels.
 *
 * The loss is sum w y with fixed random w, so that dy = w. Its derivative along one input is taken from four
 * values, (8 (f (h) - f (-h)) - (f (2h) - f (-2h))) / 12 h, whose error falls with h^4: with h = 1/32 and
 * outputs rounded to f32, about 1e-5 of the largest derivative. Inputs are multiples of 2^-12, so that each
 * step is exact in f32, and the loss is summed in double. */
#include "op-harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define STEP (1.0 / 32)
#define TOLERANCE 3e-5
#define STARTED_WITH 0.25f /* what gradients are added to */
#define ARRAY_MAX 512
#define INPUTS_MAX 4

typedef struct
{
  float data[ARRAY_MAX];
  int n;
  View view;
} Array;

static OpReport report;

typedef struct Problem Problem;

struct Problem
{
  Backend *backend;
  OpCase random; /* for its generator */
  Array inputs[INPUTS_MAX];
  int input_count;
  Array y, dy;
  void (*forward) (const Problem *problem);
  int64_t size[4]; /* as the forward function reads them */
  UnaryOp op;
  bool transpose_a, transpose_b;
};

/* ---------------------------------------------------------------------------------------------------
 * Arrays
 */

static void
array_init (Problem *problem, Array *array, int64_t n, OpDraw draw)
{
  array->n = (int) n;
  for (int i = 0; i < array->n; i++)
    {
      uint32_t word = draw (&problem->random);

      memcpy (&array->data[i], &word, sizeof word);
      array->data[i] = roundf (array->data[i] * 4096) / 4096;
    }
  array->view = (View) { backend_buffer_new (problem->backend, (size_t) n * 4), 0 };
}

static void
array_upload (Problem *problem, const Array *array)
{
  backend_upload (problem->backend, array->view, array->data, (size_t) array->n * 4);
}

static void
array_free (Problem *problem, Array *array)
{
  problem->backend->class->buffer_free (problem->backend, array->view.buffer);
}

/* Room for a gradient of `like`, on the device, with something in it already. */
static View
gradient_new (Problem *problem, const Array *like)
{
  View view = { backend_buffer_new (problem->backend, (size_t) like->n * 4), 0 };

  BACKEND_RUN (problem->backend, KERNEL_FILL, fill, .out = view, .n = like->n, .value = STARTED_WITH);
  return view;
}

static Problem
problem_new (Backend *backend, void (*forward) (const Problem *), int64_t a, int64_t b, int64_t c, int64_t d)
{
  return (Problem) { .backend = backend, .random = { .random = (uint64_t) (a + 10 * b + 100 * c + 1000 * d) },
                     .forward = forward, .size = { a, b, c, d } };
}

static Array *
problem_input (Problem *problem, int64_t n, OpDraw draw)
{
  Array *array = &problem->inputs[problem->input_count++];

  array_init (problem, array, n, draw);
  return array;
}

/* Inputs are complete: makes y and dy, uploads all, and runs forward, which keeps what gradients need. */
static void
problem_start (Problem *problem, int64_t outputs)
{
  array_init (problem, &problem->y, outputs, draw_normal);
  array_init (problem, &problem->dy, outputs, draw_normal);
  for (int i = 0; i < problem->input_count; i++)
    array_upload (problem, &problem->inputs[i]);
  array_upload (problem, &problem->dy);
  problem->forward (problem);
}

static void
problem_end (Problem *problem)
{
  for (int i = 0; i < problem->input_count; i++)
    array_free (problem, &problem->inputs[i]);
  array_free (problem, &problem->y);
  array_free (problem, &problem->dy);
}

/* ---------------------------------------------------------------------------------------------------
 * Differences
 */

/* The loss with one number of an input changed. */
static double
loss (Problem *problem, Array *input, int i, double change)
{
  float before = input->data[i];
  double sum = 0;

  input->data[i] = (float) (before + change);
  array_upload (problem, input);
  problem->forward (problem);
  backend_download (problem->backend, problem->y.data, problem->y.view, (size_t) problem->y.n * 4);
  for (int j = 0; j < problem->y.n; j++)
    sum += (double) problem->dy.data[j] * problem->y.data[j];
  input->data[i] = before;
  array_upload (problem, input);
  return sum;
}

/* Downloads a gradient, frees its buffer, and compares. */
static void
check (Problem *problem, Array *input, View gradient, const char *name)
{
  float got[ARRAY_MAX];
  double largest = 0, error = 0;
  char text[200];

  backend_download (problem->backend, got, gradient, (size_t) input->n * 4);
  problem->backend->class->buffer_free (problem->backend, gradient.buffer);
  for (int i = 0; i < input->n; i++)
    {
      double wanted = (8 * (loss (problem, input, i, STEP) - loss (problem, input, i, -STEP))
                       - (loss (problem, input, i, 2 * STEP) - loss (problem, input, i, -2 * STEP)))
                      / (12 * STEP);
      double difference = fabs (got[i] - STARTED_WITH - wanted);

      largest = fmax (largest, fabs (wanted));
      if (!(difference <= error))
        error = isfinite (difference) ? difference : INFINITY;
    }
  /* Where all derivatives vanish, the gradient has to vanish against dy. */
  error /= fmax (largest, 0.1);
  snprintf (text, sizeof text, "%s, %dx%dx%d", name, (int) problem->size[0], (int) problem->size[1],
            (int) problem->size[2]);
  report (text, error <= TOLERANCE, error);
}

/* ---------------------------------------------------------------------------------------------------
 * Products
 */

/* size: m, n, k; inputs x, w, bias */
static void
linear_forward (const Problem *problem)
{
  const int64_t *s = problem->size;

  BACKEND_RUN (problem->backend, KERNEL_LINEAR, linear, .x = problem->inputs[0].view, .w = problem->inputs[1].view,
               .bias = problem->inputs[2].view, .y = problem->y.view, .m = s[0], .n = s[1], .k = s[2], .ldx = s[2],
               .ldy = s[1]);
}

static void
check_linear (Backend *backend, int64_t m, int64_t n, int64_t k)
{
  Problem problem = problem_new (backend, linear_forward, m, n, k, 1);
  Array *x = problem_input (&problem, m * k, draw_normal);
  Array *w = problem_input (&problem, n * k, draw_normal);
  Array *bias = problem_input (&problem, n, draw_normal);
  View dx, dw, dbias;

  problem_start (&problem, m * n);
  dx = gradient_new (&problem, x);
  dw = gradient_new (&problem, w);
  dbias = gradient_new (&problem, bias);
  BACKEND_RUN (backend, KERNEL_LINEAR_GRAD_INPUT, linear_grad_input, .dy = problem.dy.view, .w = w->view, .dx = dx,
               .m = m, .n = n, .k = k, .lddy = n, .lddx = k);
  BACKEND_RUN (backend, KERNEL_GEMM, gemm, .a = problem.dy.view, .b = x->view, .c = dw, .transpose_a = true,
               .accumulate = true, .m = n, .n = k, .k = m, .lda = n, .ldb = k, .ldc = k, .outer = 1, .inner = 1,
               .alpha = 1);
  BACKEND_RUN (backend, KERNEL_SUM_ROWS, sum_rows, .in = problem.dy.view, .out = dbias, .rows = m, .n = n, .ld = n);
  check (&problem, x, dx, "linear grad input");
  check (&problem, w, dw, "linear's weight by gemm");
  check (&problem, bias, dbias, "linear's bias by sum rows");
  problem_end (&problem);
}

/* size: m, n, k; inputs a, b */
static void
gemm_forward (const Problem *problem)
{
  const int64_t *s = problem->size;

  BACKEND_RUN (problem->backend, KERNEL_GEMM, gemm, .a = problem->inputs[0].view, .b = problem->inputs[1].view,
               .c = problem->y.view, .transpose_a = problem->transpose_a, .transpose_b = problem->transpose_b,
               .m = s[0], .n = s[1], .k = s[2], .lda = problem->transpose_a ? s[0] : s[2],
               .ldb = problem->transpose_b ? s[2] : s[1], .ldc = s[1], .outer = 1, .inner = 1, .alpha = -1.5f);
}

/* da = alpha dc op(b)^T and db = alpha op(a)^T dc, each as it is stored. */
static void
check_gemm (Backend *backend, int64_t m, int64_t n, int64_t k, bool ta, bool tb)
{
  Problem problem = problem_new (backend, gemm_forward, m, n, k, 1);
  Array *a = problem_input (&problem, m * k, draw_normal);
  Array *b = problem_input (&problem, k * n, draw_normal);
  View da, db;
  GemmArgs args = { .outer = 1, .inner = 1, .alpha = -1.5f, .accumulate = true };
  KernelCall call = { .id = KERNEL_GEMM };

  problem.transpose_a = ta;
  problem.transpose_b = tb;
  problem_start (&problem, m * n);
  da = gradient_new (&problem, a);
  db = gradient_new (&problem, b);

  call.gemm = args;
  call.gemm.c = da;
  if (!ta) /* m x k */
    {
      call.gemm.a = problem.dy.view, call.gemm.lda = n;
      call.gemm.b = b->view, call.gemm.ldb = tb ? k : n, call.gemm.transpose_b = !tb;
      call.gemm.m = m, call.gemm.n = k, call.gemm.k = n, call.gemm.ldc = k;
    }
  else /* k x m */
    {
      call.gemm.a = b->view, call.gemm.lda = tb ? k : n, call.gemm.transpose_a = tb;
      call.gemm.b = problem.dy.view, call.gemm.ldb = n, call.gemm.transpose_b = true;
      call.gemm.m = k, call.gemm.n = m, call.gemm.k = n, call.gemm.ldc = m;
    }
  backend->class->run (backend, &call);

  call.gemm = args;
  call.gemm.c = db;
  if (!tb) /* k x n */
    {
      call.gemm.a = a->view, call.gemm.lda = ta ? m : k, call.gemm.transpose_a = !ta;
      call.gemm.b = problem.dy.view, call.gemm.ldb = n;
      call.gemm.m = k, call.gemm.n = n, call.gemm.k = m, call.gemm.ldc = n;
    }
  else /* n x k */
    {
      call.gemm.a = problem.dy.view, call.gemm.lda = n, call.gemm.transpose_a = true;
      call.gemm.b = a->view, call.gemm.ldb = ta ? m : k, call.gemm.transpose_b = ta;
      call.gemm.m = n, call.gemm.n = k, call.gemm.k = m, call.gemm.ldc = k;
    }
  backend->class->run (backend, &call);
  check (&problem, a, da, ta ? "gemm's a, transposed" : "gemm's a");
  check (&problem, b, db, tb ? "gemm's b, transposed" : "gemm's b");
  problem_end (&problem);
}

/* ---------------------------------------------------------------------------------------------------
 * Rows
 */

/* size: rows, n */
static void
softmax_forward (const Problem *problem)
{
  BACKEND_RUN (problem->backend, KERNEL_SOFTMAX, softmax, .x = problem->inputs[0].view, .y = problem->y.view,
               .batch = 1, .heads = 1, .queries = problem->size[0], .keys = problem->size[1], .mask_queries = 1);
}

static void
check_softmax (Backend *backend, int64_t rows, int64_t n)
{
  Problem problem = problem_new (backend, softmax_forward, rows, n, 1, 1);
  Array *x = problem_input (&problem, rows * n, draw_normal);
  View dx;

  problem_start (&problem, rows * n);
  dx = gradient_new (&problem, x);
  BACKEND_RUN (backend, KERNEL_SOFTMAX_GRAD, softmax_grad, .y = problem.y.view, .dy = problem.dy.view, .dx = dx,
               .rows = rows, .n = n);
  check (&problem, x, dx, "softmax grad");
  problem_end (&problem);
}

/* size: rows, n; inputs x, gamma, beta and, kept, mean and rstd in one */
static void
layer_norm_forward (const Problem *problem)
{
  View kept = problem->inputs[3].view;

  BACKEND_RUN (problem->backend, KERNEL_LAYER_NORM, layer_norm, .x = problem->inputs[0].view,
               .gamma = problem->inputs[1].view, .beta = problem->inputs[2].view, .y = problem->y.view, .mean = kept,
               .rstd = { kept.buffer, (size_t) problem->size[0] * 4 }, .rows = problem->size[0], .n = problem->size[1],
               .ldx = problem->size[1], .ldy = problem->size[1], .eps = 0.5f);
}

static void
check_layer_norm (Backend *backend, int64_t rows, int64_t n)
{
  Problem problem = problem_new (backend, layer_norm_forward, rows, n, 1, 1);
  Array *x = problem_input (&problem, rows * n, draw_normal);
  Array *gamma = problem_input (&problem, n, draw_normal);
  Array *beta = problem_input (&problem, n, draw_normal);
  Array *kept = problem_input (&problem, 2 * rows, draw_normal);
  View dx, dgamma, dbeta;

  problem_start (&problem, rows * n);
  dx = gradient_new (&problem, x);
  dgamma = gradient_new (&problem, gamma);
  dbeta = gradient_new (&problem, beta);
  BACKEND_RUN (backend, KERNEL_LAYER_NORM_GRAD, layer_norm_grad, .dy = problem.dy.view, .x = x->view,
               .gamma = gamma->view, .mean = kept->view, .rstd = { kept->view.buffer, (size_t) rows * 4 }, .dx = dx,
               .dgamma = dgamma, .dbeta = dbeta, .rows = rows, .n = n, .lddy = n, .ldx = n, .lddx = n);
  check (&problem, x, dx, "layer norm grad, dx");
  check (&problem, gamma, dgamma, "layer norm grad, dgamma");
  check (&problem, beta, dbeta, "layer norm grad, dbeta");
  problem_end (&problem);
}

/* size: rows, n; input x and, kept, the norms */
static void
l2_normalize_forward (const Problem *problem)
{
  BACKEND_RUN (problem->backend, KERNEL_L2_NORMALIZE, l2_normalize, .x = problem->inputs[0].view, .y = problem->y.view,
               .norm = problem->inputs[1].view, .rows = problem->size[0], .n = problem->size[1],
               .ldx = problem->size[1], .ldy = problem->size[1], .eps = 1e-12f);
}

static void
check_l2_normalize (Backend *backend, int64_t rows, int64_t n)
{
  Problem problem = problem_new (backend, l2_normalize_forward, rows, n, 1, 1);
  Array *x = problem_input (&problem, rows * n, draw_positive); /* away from 0, where the norm has a corner */
  Array *norm = problem_input (&problem, rows, draw_normal);
  View dx;

  problem_start (&problem, rows * n);
  dx = gradient_new (&problem, x);
  BACKEND_RUN (backend, KERNEL_L2_NORMALIZE_GRAD, l2_normalize_grad, .dy = problem.dy.view, .y = problem.y.view,
               .norm = norm->view, .dx = dx, .rows = rows, .n = n, .lddy = n, .ldy = n, .lddx = n);
  check (&problem, x, dx, "l2 normalize grad");
  problem_end (&problem);
}

/* ---------------------------------------------------------------------------------------------------
 * Elementwise, and moves
 */

static void
unary_forward (const Problem *problem)
{
  BACKEND_RUN (problem->backend, KERNEL_UNARY, unary, .x = problem->inputs[0].view, .y = problem->y.view,
               .n = problem->size[0], .op = problem->op);
}

static void
check_unary (Backend *backend, int64_t n, UnaryOp op)
{
  Problem problem = problem_new (backend, unary_forward, n, 1, 1, 1);
  Array *x = problem_input (&problem, n, draw_normal);
  View dx;

  problem.op = op;
  for (int i = 0; i < n; i++) /* away from the corner of relu */
    if (fabsf (x->data[i]) < 3 * STEP)
      x->data[i] = 1;
  problem_start (&problem, n);
  dx = gradient_new (&problem, x);
  BACKEND_RUN (backend, KERNEL_UNARY_GRAD, unary_grad, .x = x->view, .dy = problem.dy.view, .dx = dx, .n = n, .op = op);
  check (&problem, x, dx, op == UNARY_GELU ? "unary grad, gelu" : "unary grad, relu");
  problem_end (&problem);
}

static void
divide_forward (const Problem *problem)
{
  BACKEND_RUN (problem->backend, KERNEL_DIVIDE_BY_SCALAR, divide_by_scalar, .x = problem->inputs[0].view,
               .scalar = problem->inputs[1].view, .y = problem->y.view, .n = problem->size[0]);
}

static void
check_divide (Backend *backend, int64_t n)
{
  Problem problem = problem_new (backend, divide_forward, n, 1, 1, 1);
  Array *x = problem_input (&problem, n, draw_normal);
  Array *scalar = problem_input (&problem, 1, draw_positive);
  View dx, dscalar;

  scalar->data[0] += 1; /* the error of a step of 1/32 falls with the fifth power of the scalar */
  problem_start (&problem, n);
  dx = gradient_new (&problem, x);
  dscalar = gradient_new (&problem, scalar);
  BACKEND_RUN (backend, KERNEL_DIVIDE_BY_SCALAR_GRAD, divide_by_scalar_grad, .dy = problem.dy.view, .x = x->view,
               .scalar = scalar->view, .dx = dx, .dscalar = dscalar, .n = n);
  check (&problem, x, dx, "divide by scalar grad, dx");
  check (&problem, scalar, dscalar, "divide by scalar grad, dscalar");
  problem_end (&problem);
}

/* size: n, nb */
static void
add_forward (const Problem *problem)
{
  BACKEND_RUN (problem->backend, KERNEL_ADD, add, .a = problem->inputs[0].view, .b = problem->inputs[1].view,
               .y = problem->y.view, .n = problem->size[0], .nb = problem->size[1]);
}

static void
check_add (Backend *backend, int64_t n, int64_t nb)
{
  Problem problem = problem_new (backend, add_forward, n, nb, 1, 1);
  Array *a = problem_input (&problem, n, draw_normal);
  Array *b = problem_input (&problem, nb, draw_normal);
  View da, db;

  problem_start (&problem, n);
  da = gradient_new (&problem, a);
  db = gradient_new (&problem, b);
  BACKEND_RUN (backend, KERNEL_ADD_SCALED, add_scaled, .a = problem.dy.view, .y = da, .n = n, .alpha = 1);
  BACKEND_RUN (backend, KERNEL_SUM_ROWS, sum_rows, .in = problem.dy.view, .out = db, .rows = n / nb, .n = nb, .ld = nb);
  check (&problem, a, da, "add's a by add scaled");
  check (&problem, b, db, "add's b by sum rows");
  problem_end (&problem);
}

/* size: rows, n, table rows; inputs table and, as indices, index */
static void
gather_forward (const Problem *problem)
{
  BACKEND_RUN (problem->backend, KERNEL_GATHER_ROWS, gather_rows, .table = problem->inputs[0].view,
               .index = problem->inputs[1].view, .out = problem->y.view, .rows = problem->size[0],
               .n = problem->size[1], .table_rows = problem->size[2]);
}

static void
check_gather (Backend *backend, int64_t rows, int64_t n, int64_t table_rows)
{
  Problem problem = problem_new (backend, gather_forward, rows, n, table_rows, 1);
  Array *table = problem_input (&problem, table_rows * n, draw_normal);
  Array *index = problem_input (&problem, rows, draw_normal);
  View dtable;

  problem.random.index_limit = table_rows;
  for (int i = 0; i < rows; i++)
    {
      uint32_t word = draw_index (&problem.random);

      memcpy (&index->data[i], &word, sizeof word);
    }
  problem_start (&problem, rows * n);
  dtable = gradient_new (&problem, table);
  BACKEND_RUN (backend, KERNEL_SCATTER_ADD_ROWS, scatter_add_rows, .in = problem.dy.view, .index = index->view,
               .table = dtable, .rows = rows, .n = n, .table_rows = table_rows, .skip = -1);
  check (&problem, table, dtable, "gather rows by scatter add rows");
  problem_end (&problem);
}

/* size: n0, n1, n2, swapping the outer two */
static void
copy_forward (const Problem *problem)
{
  const int64_t *s = problem->size;

  BACKEND_RUN (problem->backend, KERNEL_COPY, copy, .in = problem->inputs[0].view, .out = problem->y.view, .n0 = s[0],
               .n1 = s[1], .n2 = s[2], .in_s0 = s[1] * s[2], .in_s1 = s[2], .out_s0 = s[2], .out_s1 = s[0] * s[2]);
}

static void
check_copy (Backend *backend, int64_t n0, int64_t n1, int64_t n2)
{
  Problem problem = problem_new (backend, copy_forward, n0, n1, n2, 1);
  Array *in = problem_input (&problem, n0 * n1 * n2, draw_normal);
  View din;

  problem_start (&problem, n0 * n1 * n2);
  din = gradient_new (&problem, in);
  BACKEND_RUN (backend, KERNEL_COPY, copy, .in = problem.dy.view, .out = din, .n0 = n0, .n1 = n1, .n2 = n2, .in_s0 = n2,
               .in_s1 = n0 * n2, .out_s0 = n1 * n2, .out_s1 = n2, .accumulate = true);
  check (&problem, in, din, "copy by copy");
  problem_end (&problem);
}

/* size: rows, n; inputs x, mask */
static void
log_mass_forward (const Problem *problem)
{
  BACKEND_RUN (problem->backend, KERNEL_LOG_MASS, log_mass, .x = problem->inputs[0].view, .m = problem->inputs[1].view,
               .loss = problem->y.view, .rows = problem->size[0], .n = problem->size[1], .eps = 2);
}

static void
check_log_mass (Backend *backend, int64_t rows, int64_t n)
{
  Problem problem = problem_new (backend, log_mass_forward, rows, n, 1, 1);
  Array *x = problem_input (&problem, rows * n, draw_positive), *mask = problem_input (&problem, rows * n, draw_positive);
  View dx;

  problem_start (&problem, rows);
  dx = gradient_new (&problem, x);
  BACKEND_RUN (backend, KERNEL_LOG_MASS_GRAD, log_mass_grad, .dloss = problem.dy.view, .x = x->view, .m = mask->view,
               .dx = dx, .rows = rows, .n = n, .eps = 2);
  check (&problem, x, dx, "log mass grad");
  problem_end (&problem);
}

void
op_check_gradients (Backend *backend, OpReport told)
{
  report = told;
  check_linear (backend, 1, 1, 1);
  check_linear (backend, 3, 5, 7);
  check_linear (backend, 4, 2, 16);
  for (int form = 0; form < 4; form++)
    check_gemm (backend, 3, 4, 5, form & 1, form & 2);
  check_softmax (backend, 1, 1);
  check_softmax (backend, 3, 2);
  check_softmax (backend, 2, 17);
  check_layer_norm (backend, 1, 2);
  check_layer_norm (backend, 3, 5);
  check_layer_norm (backend, 2, 33);
  check_l2_normalize (backend, 1, 3);
  check_l2_normalize (backend, 3, 17);
  check_unary (backend, 1, UNARY_GELU);
  check_unary (backend, 37, UNARY_GELU);
  check_unary (backend, 37, UNARY_RELU);
  check_divide (backend, 1);
  check_divide (backend, 19);
  check_log_mass (backend, 1, 1);
  check_log_mass (backend, 3, 3);
  check_add (backend, 15, 5);
  check_add (backend, 7, 7);
  check_gather (backend, 7, 3, 4);
  check_copy (backend, 2, 3, 5);
}
