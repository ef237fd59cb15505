/* SPDX-License-Identifier: MIT
 * op-cases-products.c: matrix products. */
#include "op-harness.h"

#include <stdio.h>

typedef struct
{
  int64_t m, n, k;
} Size;

/* Odd and even, below and above every plausible block, with each dimension alone 1 or large. */
static const Size sizes[] = {
  { 1, 1, 1 },    { 1, 7, 5 },     { 3, 1, 4 },      { 2, 3, 1 },     { 5, 5, 5 },      { 7, 9, 11 },    { 8, 16, 8 },
  { 13, 17, 33 }, { 12, 64, 64 },  { 31, 33, 65 },   { 64, 64, 64 },  { 1, 577, 64 },   { 577, 1, 3 },   { 2, 3, 577 },
  { 577, 33, 2 }, { 33, 70, 257 }, { 40, 130, 129 }, { 1, 768, 768 }, { 12, 256, 768 }, { 577, 64, 64 },
};

#define SIZE_COUNT ((int) (sizeof sizes / sizeof *sizes))

/* A matrix of a batch: rows x columns, or stored the other way round. */
static OpLayout
matrix (const GemmArgs *args, int64_t outer_stride, int64_t inner_stride, int64_t rows, int64_t columns, int64_t ld)
{
  return (OpLayout) { { args->outer, args->inner, rows, columns }, { outer_stride, inner_stride, ld, 1 } };
}

/* Completes a case whose sizes and strides stand in the call. */
static void
gemm_operands (OpCase *op)
{
  GemmArgs *args = &op->call.gemm;
  bool ta = args->transpose_a, tb = args->transpose_b;

  op_operand (op, &args->a, OP_INPUT,
              matrix (args, args->a_outer, args->a_inner, ta ? args->k : args->m, ta ? args->m : args->k, args->lda),
              draw_normal);
  op_operand (op, &args->b, OP_INPUT,
              matrix (args, args->b_outer, args->b_inner, tb ? args->n : args->k, tb ? args->k : args->n, args->ldb),
              draw_normal);
  op_operand (op, &args->c, args->accumulate ? OP_ACCUMULATED : OP_OVERWRITTEN,
              matrix (args, args->c_outer, args->c_inner, args->m, args->n, args->ldc), draw_normal);
}

static void
gemm_single (OpSuite *suite, Size size, int variant)
{
  GemmArgs args = { .m = size.m, .n = size.n, .k = size.k, .outer = 1, .inner = 1 };
  OpCase *op;
  int64_t extra = variant & 8 ? 3 : 0;

  args.transpose_a = variant & 1;
  args.transpose_b = variant & 2;
  args.accumulate = variant & 4;
  args.alpha = variant & 4 ? -0.375f : 1;
  args.lda = (args.transpose_a ? size.m : size.k) + extra;
  args.ldb = (args.transpose_b ? size.k : size.n) + 2 * extra;
  args.ldc = size.n + extra;
  /* Strides of a batch of one mean nothing, whatever they are. */
  args.a_outer = args.b_inner = args.c_outer = 1000003;
  op = op_case_new (suite, KERNEL_GEMM, (double) size.k, (double) size.m * size.n * size.k, "gemm %dx%dx%d%s%s%s ld+%d",
                    (int) size.m, (int) size.n, (int) size.k, args.transpose_a ? " at" : "",
                    args.transpose_b ? " bt" : "", args.accumulate ? " +=" : "", (int) extra);
  op->call.gemm = args;
  gemm_operands (op);
}

/* Batches as attention makes them. Heads of width d lie beside each other in rows of heads x d:
 * scores = q k^T (into contiguous maps), context = p v (into rows of heads), and the gradients' forms. */
static void
gemm_heads (OpSuite *suite, int64_t batch, int64_t heads, int64_t queries, int64_t keys, int64_t d, int form)
{
  int64_t width = heads * d;
  int64_t map = queries * keys;
  GemmArgs args = { .outer = batch, .inner = heads, .alpha = 0.5f, .accumulate = form & 4 };
  OpCase *op;
  static const char *const names[] = { "scores", "context", "key gradient", "scores, one image" };

  switch (form & 3)
    {
    case 0: /* scores: queries x keys over d */
    case 3: /* the same with keys shared by the whole batch */
      args.m = queries, args.n = keys, args.k = d, args.transpose_b = true;
      args.lda = width, args.a_outer = queries * width, args.a_inner = d;
      args.ldb = width, args.b_outer = form & 3 ? 0 : keys * width, args.b_inner = d;
      args.ldc = keys, args.c_outer = heads * map, args.c_inner = map;
      break;
    case 1: /* context: queries x d over keys */
      args.m = queries, args.n = d, args.k = keys;
      args.lda = keys, args.a_outer = heads * map, args.a_inner = map;
      args.ldb = width, args.b_outer = keys * width, args.b_inner = d;
      args.ldc = width, args.c_outer = queries * width, args.c_inner = d;
      break;
    case 2: /* key gradient: keys x d over queries, from a transposed map */
      args.m = keys, args.n = d, args.k = queries, args.transpose_a = true;
      args.lda = keys, args.a_outer = heads * map, args.a_inner = map;
      args.ldb = width, args.b_outer = queries * width, args.b_inner = d;
      args.ldc = width, args.c_outer = keys * width, args.c_inner = d;
      break;
    }
  op = op_case_new (suite, KERNEL_GEMM, (double) args.k, (double) batch * heads * map * d,
                    "gemm %s%s: batch %d, heads %d, queries %d, keys %d, d %d", names[form & 3],
                    args.accumulate ? " +=" : "", (int) batch, (int) heads, (int) queries, (int) keys, (int) d);
  op->call.gemm = args;
  gemm_operands (op);
}

static void
gemm_cases (OpSuite *suite)
{
  for (int s = 0; s < SIZE_COUNT; s++)
    for (int variant = 0; variant < 16; variant++)
      if (s < 9 || (variant * 7 + s) % 3 == 0) /* small ones in all forms, others in a third of them */
        gemm_single (suite, sizes[s], variant);
  for (int form = 0; form < 8; form++)
    {
      gemm_heads (suite, 1, 1, 1, 1, 2, form);
      gemm_heads (suite, 1, 3, 5, 7, 2, form);
      gemm_heads (suite, 2, 3, 4, 9, 3, form);
      gemm_heads (suite, 3, 1, 6, 6, 64, form);
      gemm_heads (suite, 2, 2, 9, 577, 8, form);
      gemm_heads (suite, 0, 2, 3, 3, 8, form);
      gemm_heads (suite, 2, 2, 0, 3, 8, form == 2 || form == 6 ? 0 : form);
    }
}

/* ---------------------------------------------------------------------------------------------------
 * Linear layers
 */

#define WITH_BIAS 1
#define WITH_RESIDUAL 2
#define WITH_PRE 4
#define WITH_LD 8

static void
linear_case (OpSuite *suite, Size size, Epilogue epilogue, int with)
{
  static const char *const names[] = { "", " gelu", " relu" };
  LinearArgs *args;
  OpCase *op;
  int64_t extra = with & WITH_LD ? 5 : 0;

  op = op_case_new (suite, KERNEL_LINEAR, (double) size.k, (double) size.m * size.n * size.k,
                    "linear %dx%dx%d%s%s%s%s%s",
                    (int) size.m, (int) size.n, (int) size.k, names[epilogue], with & WITH_BIAS ? " bias" : "",
                    with & WITH_RESIDUAL ? " residual" : "", with & WITH_PRE ? " pre" : "", extra > 0 ? " ld" : "");
  args = &op->call.linear;
  *args = (LinearArgs) { .m = size.m, .n = size.n, .k = size.k, .epilogue = epilogue };
  args->ldx = size.k + extra;
  args->ldy = size.n + 2 * extra;
  args->ldr = size.n + 3 * extra;
  op_operand (op, &args->x, OP_INPUT, layout_rows (size.m, size.k, args->ldx), draw_normal);
  op_operand (op, &args->w, OP_INPUT, layout_flat (size.n * size.k), draw_normal);
  if (with & WITH_BIAS)
    op_operand (op, &args->bias, OP_INPUT, layout_flat (size.n), draw_normal);
  if (with & WITH_RESIDUAL)
    op_operand (op, &args->residual, OP_INPUT, layout_rows (size.m, size.n, args->ldr), draw_normal);
  op_operand (op, &args->y, OP_OVERWRITTEN, layout_rows (size.m, size.n, args->ldy), draw_normal);
  if (with & WITH_PRE)
    op_operand (op, &args->pre, OP_OVERWRITTEN, layout_rows (size.m, size.n, args->ldy), draw_normal);
}

static void
linear_cases (OpSuite *suite)
{
  for (int s = 0; s < SIZE_COUNT; s++)
    for (int with = 0; with < 16; with++)
      for (int epilogue = 0; epilogue < 3; epilogue++)
        {
          if ((with & WITH_PRE) && epilogue == EPILOGUE_NONE)
            continue;
          if (s < 7 || (with * 3 + epilogue + s) % 8 == 0)
            linear_case (suite, sizes[s], (Epilogue) epilogue, with);
        }
  linear_case (suite, (Size) { 0, 3, 4 }, EPILOGUE_NONE, WITH_BIAS);
  linear_case (suite, (Size) { 3, 0, 4 }, EPILOGUE_NONE, 0);
}

static void
linear_grad_input_cases (OpSuite *suite)
{
  for (int s = 0; s < SIZE_COUNT; s++)
    for (int extra = 0; extra < 6; extra += 5)
      {
        Size size = sizes[s];
        OpCase *op = op_case_new (suite, KERNEL_LINEAR_GRAD_INPUT, (double) size.n, (double) size.m * size.n * size.k,
                                  "linear grad input %dx%dx%d ld+%d", (int) size.m, (int) size.n, (int) size.k, extra);
        LinearGradInputArgs *args = &op->call.linear_grad_input;

        *args = (LinearGradInputArgs) {
          .m = size.m, .n = size.n, .k = size.k, .lddy = size.n + extra, .lddx = size.k + 2 * extra
        };
        op_operand (op, &args->dy, OP_INPUT, layout_rows (size.m, size.n, args->lddy), draw_normal);
        op_operand (op, &args->w, OP_INPUT, layout_flat (size.n * size.k), draw_normal);
        op_operand (op, &args->dx, OP_ACCUMULATED, layout_rows (size.m, size.k, args->lddx), draw_normal);
      }
}

void
op_cases_products (OpSuite *suite)
{
  gemm_cases (suite);
  linear_cases (suite);
  linear_grad_input_cases (suite);
}
