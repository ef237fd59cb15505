/* SPDX-License-Identifier: MIT
 * op-cases-attention.c: softmax over keys, and fused attention. */
#include "op-harness.h"

#include <string.h>

typedef struct
{
  int64_t batch, heads, queries, keys, d;
} Size;

static const Size sizes[] = {
  { 1, 1, 1, 1, 1 },    { 1, 1, 1, 5, 2 },   { 2, 3, 4, 5, 3 },     { 3, 1, 9, 6, 64 },
  { 2, 4, 8, 8, 16 },   { 1, 2, 7, 577, 8 }, { 4, 2, 1, 30, 64 },   { 1, 1, 33, 17, 2 },
  { 2, 2, 65, 31, 32 }, { 1, 3, 5, 257, 5 }, { 1, 1, 577, 577, 3 }, { 1, 2, 12, 145, 64 },
};

#define SIZE_COUNT ((int) (sizeof sizes / sizeof *sizes))

typedef enum
{
  MASK_NONE,
  MASK_KEYS,    /* padding: batch x keys */
  MASK_QUERIES, /* padding and no look ahead: batch x queries x keys */
  MASK_KINDS
} MaskKind;

static const char *const mask_names[] = { "", ", mask of keys", ", mask of queries and keys" };

/* Masks about a third of the keys, never the first: no row is without a key. */
static void
add_mask (OpCase *op, View *view, int64_t *mask_queries, Size size, MaskKind kind, float masked)
{
  OpOperand *mask;
  int64_t rows;

  *mask_queries = kind == MASK_QUERIES ? size.queries : 1;
  if (kind == MASK_NONE)
    return;
  rows = size.batch * *mask_queries;
  mask = op_operand (op, view, OP_INPUT, layout_flat (rows * size.keys), draw_normal);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < size.keys; j++)
      {
        bool ahead = kind == MASK_QUERIES && j > i % size.queries + 2;
        float value = j > 0 && (ahead || draw_bits (op) % 3 == 0) ? masked : 0;

        memcpy (op_words (mask) + i * size.keys + j, &value, sizeof value);
      }
}

static void
softmax_case (OpSuite *suite, Size size, MaskKind kind, bool large)
{
  int64_t maps = size.batch * size.heads * size.queries * size.keys;
  OpCase *op = op_case_new (suite, KERNEL_SOFTMAX, 1, (double) maps * 16, "softmax %dx%dx%dx%d%s%s", (int) size.batch,
                            (int) size.heads, (int) size.queries, (int) size.keys, mask_names[kind],
                            large ? ", large scores" : "");
  SoftmaxArgs *args = &op->call.softmax;

  *args = (SoftmaxArgs) { .batch = size.batch, .heads = size.heads, .queries = size.queries, .keys = size.keys };
  op_operand (op, &args->x, OP_INPUT, layout_flat (maps), large ? draw_large : draw_normal);
  add_mask (op, &args->mask, &args->mask_queries, size, kind, large ? -1e9f : -10000);
  op_operand (op, &args->y, OP_OVERWRITTEN, layout_flat (maps), draw_normal);
  op->tolerance = 4e-6; /* exp, and a sum of positive numbers */
}

static void
softmax_grad_case (OpSuite *suite, int64_t rows, int64_t n)
{
  OpCase *op = op_case_new (suite, KERNEL_SOFTMAX_GRAD, (double) n, (double) rows * n * 4, "softmax grad %dx%d",
                            (int) rows, (int) n);
  SoftmaxGradArgs *args = &op->call.softmax_grad;

  *args = (SoftmaxGradArgs) { .rows = rows, .n = n };
  op_operand (op, &args->y, OP_INPUT, layout_flat (rows * n), draw_positive);
  op_operand (op, &args->dy, OP_INPUT, layout_flat (rows * n), draw_normal);
  op_operand (op, &args->dx, OP_ACCUMULATED, layout_flat (rows * n), draw_normal);
}

/* ---------------------------------------------------------------------------------------------------
 * Fused attention
 */

typedef enum
{
  SHAPE_DENSE,
  SHAPE_PADDED,   /* leading dimensions and batch strides larger than need be */
  SHAPE_SHARED,   /* one image for many texts: batch strides 0 */
  SHAPE_TOGETHER, /* q, k and v beside each other in rows of 3 x heads x d, as one linear layer leaves them */
  SHAPE_KINDS
} AttentionShape;

static const char *const shape_names[] = { "", ", padded", ", shared keys", ", q k v together" };

static OpLayout
tokens (Size size, int64_t count, int64_t ld, int64_t batch_stride)
{
  return (OpLayout) { { size.batch, 1, count, size.heads * size.d }, { batch_stride, 0, ld, 1 } };
}

static void
attention_case (OpSuite *suite, Size size, MaskKind kind, AttentionShape shape)
{
  int64_t width = size.heads * size.d;
  OpCase *op;
  AttentionArgs *args;

  if (shape == SHAPE_TOGETHER)
    size.queries = size.keys;
  op = op_case_new (suite, KERNEL_ATTENTION, (double) size.d,
                    (double) size.batch * width * size.queries * size.keys * 3, "attention %dx%dx%dx%d d %d%s%s",
                    (int) size.batch, (int) size.heads, (int) size.queries,
                    (int) size.keys, (int) size.d, mask_names[kind], shape_names[shape]);
  args = &op->call.attention;
  *args = (AttentionArgs) {
    .batch = size.batch, .heads = size.heads, .queries = size.queries, .keys = size.keys, .d = size.d, .scale = 0.3f
  };
  args->ldq = args->ldk = args->ldv = args->ldout = width;
  if (shape == SHAPE_PADDED)
    args->ldq += 3, args->ldk += 1, args->ldv += 8, args->ldout += 5;
  if (shape == SHAPE_TOGETHER)
    args->ldq = args->ldk = args->ldv = 3 * width;
  args->q_batch = size.queries * args->ldq + (shape == SHAPE_PADDED ? 7 : 0);
  args->k_batch = size.keys * args->ldk + (shape == SHAPE_PADDED ? 2 : 0);
  args->v_batch = size.keys * args->ldv + (shape == SHAPE_PADDED ? 11 : 0);
  args->out_batch = size.queries * args->ldout + (shape == SHAPE_PADDED ? 1 : 0);
  if (shape == SHAPE_SHARED)
    args->k_batch = args->v_batch = 0;
  if (shape == SHAPE_TOGETHER)
    {
      OpLayout layout = { { size.batch, 1, size.keys, 3 * width }, { args->q_batch, 0, 3 * width, 1 } };
      OpOperand *all = op_operand (op, &args->q, OP_INPUT, layout, draw_normal);

      op_alias (op, all, &args->k, width);
      op_alias (op, all, &args->v, 2 * width);
    }
  else
    {
      op_operand (op, &args->q, OP_INPUT, tokens (size, size.queries, args->ldq, args->q_batch), draw_normal);
      op_operand (op, &args->k, OP_INPUT, tokens (size, size.keys, args->ldk, args->k_batch), draw_normal);
      op_operand (op, &args->v, OP_INPUT, tokens (size, size.keys, args->ldv, args->v_batch), draw_normal);
    }
  add_mask (op, &args->mask, &args->mask_queries, size, kind, -10000);
  op_operand (op, &args->out, OP_OVERWRITTEN, tokens (size, size.queries, args->ldout, args->out_batch), draw_normal);
}

void
op_cases_attention (OpSuite *suite)
{
  for (int s = 0; s < SIZE_COUNT; s++)
    for (int kind = 0; kind < MASK_KINDS; kind++)
      {
        softmax_case (suite, sizes[s], (MaskKind) kind, false);
        softmax_case (suite, sizes[s], (MaskKind) kind, true);
        for (int shape = 0; shape < SHAPE_KINDS; shape++)
          if (s < 8 || (shape + kind + s) % 4 == 0)
            attention_case (suite, sizes[s], (MaskKind) kind, (AttentionShape) shape);
      }
  for (int n = 1; n < 5; n++)
    softmax_case (suite, (Size) { 0, 1, n, 2, 2 }, MASK_NONE, false);
  attention_case (suite, (Size) { 2, 2, 0, 4, 2 }, MASK_NONE, SHAPE_DENSE);
  softmax_grad_case (suite, 1, 1);
  softmax_grad_case (suite, 1, 2);
  softmax_grad_case (suite, 5, 3);
  softmax_grad_case (suite, 7, 17);
  softmax_grad_case (suite, 3, 64);
  softmax_grad_case (suite, 9, 577);
  softmax_grad_case (suite, 33, 145);
  softmax_grad_case (suite, 0, 4);
}
