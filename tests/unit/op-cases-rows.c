/* SPDX-License-Identifier: MIT
 * op-cases-rows.c: normalisations and sums of rows. */
#include "op-harness.h"

#include <string.h>

typedef struct
{
  int64_t rows, n;
} Size;

static const Size sizes[] = {
  { 1, 1 },  { 3, 1 },   { 1, 2 },   { 2, 3 },    { 5, 7 },   { 3, 17 }, { 8, 8 },
  { 4, 64 }, { 1, 577 }, { 9, 255 }, { 31, 768 }, { 577, 5 }, { 0, 4 },
};

#define SIZE_COUNT ((int) (sizeof sizes / sizeof *sizes))

#define WITH_FIRST 1
#define WITH_SECOND 2
#define WITH_THIRD 4
#define WITH_LD 8

/* Normalisations divide by a spread: the numbers of every row stay well apart. */
static uint32_t
draw_spread (OpCase *op)
{
  uint32_t word = draw_normal (op);
  float value;

  memcpy (&value, &word, sizeof value);
  value = value * 2 + 1;
  memcpy (&word, &value, sizeof word);
  return word;
}

/* The last row becomes nothing but zeros, which eps must keep finite. */
static void
zero_last_row (OpOperand *operand, int64_t rows, int64_t n, int64_t ld)
{
  if (rows > 1)
    memset (op_words (operand) + (rows - 1) * ld, 0, (size_t) n * 4);
}

static void
layer_norm_case (OpSuite *suite, Size size, int with, float eps)
{
  OpCase *op
      = op_case_new (suite, KERNEL_LAYER_NORM, (double) size.n, (double) size.rows * size.n * 4,
                     "layer norm %dx%d%s%s%s, eps %g", (int) size.rows, (int) size.n, with & WITH_FIRST ? " mean" : "",
                     with & WITH_SECOND ? " rstd" : "", with & WITH_LD ? " ld" : "", eps);
  LayerNormArgs *args = &op->call.layer_norm;
  int64_t extra = with & WITH_LD ? 3 : 0;
  OpOperand *x;

  *args
      = (LayerNormArgs) { .rows = size.rows, .n = size.n,
                          .ldx = size.n + extra, .ldy = size.n + 2 * extra, .eps = eps };
  x = op_operand (op, &args->x, OP_INPUT, layout_rows (size.rows, size.n, args->ldx), draw_spread);
  zero_last_row (x, size.rows, size.n, args->ldx);
  op_operand (op, &args->gamma, OP_INPUT, layout_flat (size.n), draw_normal);
  op_operand (op, &args->beta, OP_INPUT, layout_flat (size.n), draw_normal);
  op_operand (op, &args->y, OP_OVERWRITTEN, layout_rows (size.rows, size.n, args->ldy), draw_normal);
  if (with & WITH_FIRST)
    op_operand (op, &args->mean, OP_OVERWRITTEN, layout_flat (size.rows), draw_normal);
  if (with & WITH_SECOND)
    op_operand (op, &args->rstd, OP_OVERWRITTEN, layout_flat (size.rows), draw_normal);
}

static void
layer_norm_grad_case (OpSuite *suite, Size size, int with)
{
  double terms = (double) (size.n > size.rows ? size.n : size.rows);
  OpCase *op = op_case_new (suite, KERNEL_LAYER_NORM_GRAD, terms, (double) size.rows * size.n * 8,
                            "layer norm grad %dx%d%s%s%s%s", (int) size.rows, (int) size.n,
                            with & WITH_FIRST ? " dx" : "", with & WITH_SECOND ? " dgamma" : "",
                            with & WITH_THIRD ? " dbeta" : "", with & WITH_LD ? " ld" : "");
  LayerNormGradArgs *args = &op->call.layer_norm_grad;
  int64_t extra = with & WITH_LD ? 3 : 0;

  *args = (LayerNormGradArgs) {
    .rows = size.rows, .n = size.n, .lddy = size.n + 2 * extra, .ldx = size.n + extra, .lddx = size.n + 3 * extra
  };
  op_operand (op, &args->dy, OP_INPUT, layout_rows (size.rows, size.n, args->lddy), draw_normal);
  op_operand (op, &args->x, OP_INPUT, layout_rows (size.rows, size.n, args->ldx), draw_spread);
  op_operand (op, &args->gamma, OP_INPUT, layout_flat (size.n), draw_normal);
  op_operand (op, &args->mean, OP_INPUT, layout_flat (size.rows), draw_normal);
  op_operand (op, &args->rstd, OP_INPUT, layout_flat (size.rows), draw_positive);
  if (with & WITH_FIRST)
    op_operand (op, &args->dx, OP_ACCUMULATED, layout_rows (size.rows, size.n, args->lddx), draw_normal);
  if (with & WITH_SECOND)
    op_operand (op, &args->dgamma, OP_ACCUMULATED, layout_flat (size.rows > 0 ? size.n : 0), draw_normal);
  if (with & WITH_THIRD)
    op_operand (op, &args->dbeta, OP_ACCUMULATED, layout_flat (size.rows > 0 ? size.n : 0), draw_normal);
}

static void
l2_normalize_case (OpSuite *suite, Size size, int with, float eps)
{
  OpCase *op = op_case_new (suite, KERNEL_L2_NORMALIZE, (double) size.n, (double) size.rows * size.n * 2,
                            "l2 normalize %dx%d%s%s, eps %g", (int) size.rows, (int) size.n,
                            with & WITH_FIRST ? " norm" : "", with & WITH_LD ? " ld" : "", eps);
  L2NormalizeArgs *args = &op->call.l2_normalize;
  int64_t extra = with & WITH_LD ? 3 : 0;
  OpOperand *x;

  *args = (L2NormalizeArgs) {
    .rows = size.rows, .n = size.n, .ldx = size.n + extra, .ldy = size.n + 2 * extra, .eps = eps
  };
  x = op_operand (op, &args->x, OP_INPUT, layout_rows (size.rows, size.n, args->ldx), draw_normal);
  zero_last_row (x, size.rows, size.n, args->ldx);
  op_operand (op, &args->y, OP_OVERWRITTEN, layout_rows (size.rows, size.n, args->ldy), draw_normal);
  if (with & WITH_FIRST)
    op_operand (op, &args->norm, OP_OVERWRITTEN, layout_flat (size.rows), draw_normal);
}

static void
l2_normalize_grad_case (OpSuite *suite, Size size, int with)
{
  OpCase *op = op_case_new (suite, KERNEL_L2_NORMALIZE_GRAD, (double) size.n, (double) size.rows * size.n * 4,
                            "l2 normalize grad %dx%d%s", (int) size.rows, (int) size.n, with & WITH_LD ? " ld" : "");
  L2NormalizeGradArgs *args = &op->call.l2_normalize_grad;
  int64_t extra = with & WITH_LD ? 3 : 0;

  *args = (L2NormalizeGradArgs) {
    .rows = size.rows, .n = size.n, .lddy = size.n + 2 * extra, .ldy = size.n + extra, .lddx = size.n + 3 * extra
  };
  op_operand (op, &args->dy, OP_INPUT, layout_rows (size.rows, size.n, args->lddy), draw_normal);
  op_operand (op, &args->y, OP_INPUT, layout_rows (size.rows, size.n, args->ldy), draw_normal);
  op_operand (op, &args->norm, OP_INPUT, layout_flat (size.rows), draw_positive);
  op_operand (op, &args->dx, OP_ACCUMULATED, layout_rows (size.rows, size.n, args->lddx), draw_normal);
}

static void
sum_rows_case (OpSuite *suite, Size size, int with)
{
  OpCase *op = op_case_new (suite, KERNEL_SUM_ROWS, (double) size.rows, (double) size.rows * size.n, "sum rows %dx%d%s",
                            (int) size.rows, (int) size.n, with & WITH_LD ? " ld" : "");
  SumRowsArgs *args = &op->call.sum_rows;

  *args = (SumRowsArgs) { .rows = size.rows, .n = size.n, .ld = size.n + (with & WITH_LD ? 3 : 0) };
  op_operand (op, &args->in, OP_INPUT, layout_rows (size.rows, size.n, args->ld), draw_normal);
  op_operand (op, &args->out, OP_ACCUMULATED, layout_flat (size.rows > 0 ? size.n : 0), draw_normal);
}

void
op_cases_rows (OpSuite *suite)
{
  for (int s = 0; s < SIZE_COUNT; s++)
    {
      for (int with = 0; with < 16; with++)
        layer_norm_grad_case (suite, sizes[s], with);
      for (int with = 0; with < 16; with++)
        if (!(with & WITH_THIRD))
          {
            layer_norm_case (suite, sizes[s], with, 1e-12f);
            layer_norm_case (suite, sizes[s], with, 0.01f);
          }
      for (int with = 0; with < 16; with += WITH_LD)
        {
          l2_normalize_case (suite, sizes[s], with, 1e-12f);
          l2_normalize_case (suite, sizes[s], with | WITH_FIRST, 1e-12f);
          l2_normalize_case (suite, sizes[s], with | WITH_FIRST, 4);
          l2_normalize_grad_case (suite, sizes[s], with);
          sum_rows_case (suite, sizes[s], with);
        }
    }
}
