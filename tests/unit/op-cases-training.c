/* SPDX-License-Identifier: MIT
 * op-cases-training.c: targets, losses, queues, the optimizer, dropout. */
#include "op-harness.h"

#include <string.h>

static void
set_int (OpOperand *operand, int64_t i, int32_t value)
{
  memcpy (op_words (operand) + i, &value, sizeof value);
}

static void
set_float (OpOperand *operand, int64_t i, float value)
{
  memcpy (op_words (operand) + i, &value, sizeof value);
}

static uint32_t
draw_zero (OpCase *op)
{
  return 0;
}

static uint32_t
draw_unit (OpCase *op)
{
  float value = (float) (draw_bits (op) >> 40) * 0x1p-24f;
  uint32_t word;

  memcpy (&word, &value, sizeof word);
  return word;
}

typedef enum
{
  TARGET_LABELS,
  TARGET_HARD,
  TARGET_SOFT_LABELS,
  TARGET_SOFT_HARD
} TargetKind;

static void
soft_targets_case (OpSuite *suite, int64_t rows, int64_t n, int64_t ldx, TargetKind kind, float alpha)
{
  OpCase *op = op_case_new (suite, KERNEL_SOFT_TARGETS, (double) n, (double) (rows * n) * 20,
                            "soft targets %dx%d kind %d alpha %g", (int) rows, (int) n, kind, (double) alpha);
  SoftTargetsArgs *args = &op->call.soft_targets;

  *args = (SoftTargetsArgs) { .rows = rows, .n = n, .ldx = ldx };
  if (kind == TARGET_SOFT_LABELS || kind == TARGET_SOFT_HARD)
    {
      OpOperand *scalar;

      op_operand (op, &args->x, OP_INPUT, layout_rows (rows, n, ldx), draw_normal);
      scalar = op_operand (op, &args->alpha, OP_INPUT, layout_flat (1), draw_unit);
      set_float (scalar, 0, alpha);
    }
  if (kind == TARGET_HARD || kind == TARGET_SOFT_HARD)
    op_operand (op, &args->hard, OP_INPUT, layout_flat (rows * n), draw_unit);
  else
    {
      OpOperand *label;

      op->index_limit = n;
      label = op_operand (op, &args->label, OP_INPUT, layout_flat (rows), draw_index);
      if (rows > 1)
        set_int (label, rows / 2, -100); /* left out */
    }
  op_operand (op, &args->out, OP_OVERWRITTEN, layout_flat (rows * n), draw_normal);
}

static void
cross_entropy_case (OpSuite *suite, int64_t rows, int64_t n, int64_t ldx, bool weighted, bool keep)
{
  OpCase *op = op_case_new (suite, KERNEL_CROSS_ENTROPY, (double) n, (double) (rows * n) * 20,
                            "cross entropy %dx%d%s%s", (int) rows, (int) n, weighted ? " weighted" : "", keep ? " lse" : "");
  CrossEntropyArgs *args = &op->call.cross_entropy;

  *args = (CrossEntropyArgs) { .rows = rows, .n = n, .ldx = ldx };
  op_operand (op, &args->x, OP_INPUT, layout_rows (rows, n, ldx), draw_normal);
  op_operand (op, &args->target, OP_INPUT, layout_flat (rows * n), draw_unit);
  if (weighted)
    op_operand (op, &args->weight, OP_INPUT, layout_flat (rows), draw_normal);
  op_operand (op, &args->loss, OP_OVERWRITTEN, layout_flat (rows), draw_normal);
  if (keep)
    op_operand (op, &args->lse, OP_OVERWRITTEN, layout_flat (2 * rows), draw_normal);
}

static void
cross_entropy_grad_case (OpSuite *suite, int64_t rows, int64_t n, int64_t ldx, int64_t lddx, bool weighted)
{
  OpCase *op = op_case_new (suite, KERNEL_CROSS_ENTROPY_GRAD, (double) n, (double) (rows * n) * 20,
                            "cross entropy grad %dx%d%s", (int) rows, (int) n, weighted ? " weighted" : "");
  CrossEntropyGradArgs *args = &op->call.cross_entropy_grad;
  OpOperand *lse;

  *args = (CrossEntropyGradArgs) { .rows = rows, .n = n, .ldx = ldx, .lddx = lddx };
  op_operand (op, &args->dloss, OP_INPUT, layout_flat (rows), draw_normal);
  op_operand (op, &args->x, OP_INPUT, layout_rows (rows, n, ldx), draw_normal);
  op_operand (op, &args->target, OP_INPUT, layout_flat (rows * n), draw_unit);
  if (weighted)
    op_operand (op, &args->weight, OP_INPUT, layout_flat (rows), draw_normal);
  lse = op_operand (op, &args->lse, OP_INPUT, layout_flat (2 * rows), draw_unit);
  for (int64_t r = 0; r < rows; r++)
    {
      set_float (lse, 2 * r, 1.5f + (float) (r % 3)); /* any numbers: the kernel takes them as they are */
      set_float (lse, 2 * r + 1, 0.25f * (float) (r % 5));
    }
  op_operand (op, &args->dx, OP_ACCUMULATED, layout_rows (rows, n, lddx), draw_normal);
}

static void
match_targets_case (OpSuite *suite, int64_t rows, int64_t n, int64_t ids, bool equal)
{
  OpCase *op = op_case_new (suite, KERNEL_MATCH_TARGETS, 1, (double) (rows * n), "match targets %dx%d, %d ids%s",
                            (int) rows, (int) n, (int) ids, equal ? " equal" : "");
  MatchTargetsArgs *args = &op->call.match_targets;
  OpOperand *id, *all;

  *args = (MatchTargetsArgs) { .rows = rows, .n = n };
  op->index_limit = ids;
  id = op_operand (op, &args->id, OP_INPUT, layout_flat (rows), draw_index);
  all = op_operand (op, &args->all, OP_INPUT, layout_flat (n), draw_index);
  for (int64_t r = 0; r < rows; r++)
    memcpy (op_words (all) + r % n, op_words (id) + r, 4); /* every row matches somewhere */
  for (int64_t r = n; r < rows; r++)
    memcpy (op_words (id) + r - n, op_words (all) + (r - n) % n, 4);
  op_operand (op, &args->out, OP_OVERWRITTEN, layout_flat (rows * n), draw_normal);
  if (equal)
    op_operand (op, &args->equal, OP_OVERWRITTEN, layout_flat (rows * n), draw_normal);
}

static void
negative_weights_case (OpSuite *suite, int64_t n, int64_t ldx, bool ids, bool keep)
{
  OpCase *op = op_case_new (suite, KERNEL_NEGATIVE_WEIGHTS, (double) n, (double) (n * n) * 20,
                            "negative weights %d ld %d%s%s", (int) n, (int) ldx, ids ? " ids" : "", keep ? " keep" : "");
  NegativeWeightsArgs *args = &op->call.negative_weights;

  *args = (NegativeWeightsArgs) { .rows = n, .n = n, .ldx = ldx };
  op_operand (op, &args->x, OP_INPUT, layout_rows (n, n, ldx), draw_normal);
  if (ids)
    {
      op->index_limit = n / 2 + 1;
      op_operand (op, &args->id, OP_INPUT, layout_flat (n), draw_index);
    }
  if (keep)
    {
      OpOperand *mask = op_operand (op, &args->keep, OP_INPUT, layout_flat (n * n), draw_zero);

      for (int64_t i = 0; i < n * n; i++)
        set_float (mask, i, i % 3 != 0);
    }
  op_operand (op, &args->out, OP_OVERWRITTEN, layout_flat (n * n), draw_normal);
}

static void
draw_case (OpSuite *suite, int64_t rows, int64_t n, bool zeros)
{
  OpCase *op = op_case_new (suite, KERNEL_DRAW, 1, (double) (rows * n), "draw %dx%d%s", (int) rows, (int) n,
                            zeros ? " with a row of zeros" : "");
  DrawArgs *args = &op->call.draw;
  OpOperand *weight;

  *args = (DrawArgs) { .rows = rows, .n = n };
  weight = op_operand (op, &args->weight, OP_INPUT, layout_flat (rows * n), draw_unit);
  for (int64_t r = 0; r < rows; r++)
    for (int64_t j = 0; j < n; j++)
      if ((zeros && r == 0) || (r + j) % 4 == 1)
        set_float (weight, r * n + j, 0);
  op_operand (op, &args->u, OP_INPUT, layout_flat (rows), draw_unit);
  op_operand (op, &args->index, OP_OVERWRITTEN, layout_flat (rows), draw_normal)->integers = true;
}

static void
enqueue_case (OpSuite *suite, int64_t rows, int64_t n, int64_t size, int32_t pointer, bool advance)
{
  OpCase *op = op_case_new (suite, KERNEL_ENQUEUE, 1, (double) (rows * n), "enqueue %dx%d at %d of %d%s", (int) rows,
                            (int) n, pointer, (int) size, advance ? " advance" : "");
  EnqueueArgs *args = &op->call.enqueue;
  OpOperand *at;

  *args = (EnqueueArgs) { .rows = rows, .n = n, .size = size, .advance = advance };
  op_operand (op, &args->in, OP_INPUT, layout_flat (rows * n), draw_normal);
  op_operand (op, &args->queue, OP_ACCUMULATED, layout_flat (size * n), draw_normal);
  at = op_operand (op, &args->pointer, advance ? OP_ACCUMULATED : OP_INPUT, layout_flat (1), draw_zero);
  set_int (at, 0, pointer);
  at->integers = true;
}

static void
momentum_case (OpSuite *suite, int64_t n, float momentum)
{
  OpCase *op = op_case_new (suite, KERNEL_MOMENTUM, 1, (double) n, "momentum %d %g", (int) n, (double) momentum);
  MomentumArgs *args = &op->call.momentum;

  *args = (MomentumArgs) { .n = n, .momentum = momentum };
  op_operand (op, &args->x, OP_INPUT, layout_flat (n), draw_normal);
  op_operand (op, &args->y, OP_ACCUMULATED, layout_flat (n), draw_normal);
}

static void
clamp_case (OpSuite *suite, int64_t n)
{
  OpCase *op = op_case_new (suite, KERNEL_CLAMP, 1, (double) n, "clamp %d", (int) n);
  ClampArgs *args = &op->call.clamp;

  *args = (ClampArgs) { .n = n, .low = 0.25f, .high = 0.75f };
  op_operand (op, &args->x, OP_ACCUMULATED, layout_flat (n), draw_unit);
}

static void
adamw_case (OpSuite *suite, int64_t n, float step, float decay, bool scaled)
{
  OpCase *op = op_case_new (suite, KERNEL_ADAMW, 4, (double) n * 20, "adamw %d step %g decay %g%s", (int) n,
                            (double) step, (double) decay, scaled ? " scaled" : "");
  AdamWArgs *args = &op->call.adamw;
  OpOperand *lr, *t;

  *args = (AdamWArgs) { .n = n, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-2f, .decay = decay };
  op_operand (op, &args->w, OP_ACCUMULATED, layout_flat (n), draw_normal);
  op_operand (op, &args->g, OP_INPUT, layout_flat (n), draw_normal);
  op_operand (op, &args->m, OP_ACCUMULATED, layout_flat (n), draw_normal);
  op_operand (op, &args->v, OP_ACCUMULATED, layout_flat (n), draw_positive);
  lr = op_operand (op, &args->lr, OP_INPUT, layout_flat (1), draw_unit);
  t = op_operand (op, &args->t, OP_INPUT, layout_flat (1), draw_unit);
  set_float (lr, 0, 0.25f);
  set_float (t, 0, step);
  if (scaled)
    op_operand (op, &args->scale, OP_INPUT, layout_flat (1), draw_positive);
}

static void
dropout_case (OpSuite *suite, int64_t n, float p, bool accumulate)
{
  OpCase *op = op_case_new (suite, KERNEL_DROPOUT, 1, (double) n * 20, "dropout %d p %g%s", (int) n, (double) p,
                            accumulate ? " accumulate" : "");
  DropoutArgs *args = &op->call.dropout;

  *args = (DropoutArgs) { .n = n, .stream = 3, .p = p, .accumulate = accumulate };
  op_operand (op, &args->x, OP_INPUT, layout_flat (n), draw_normal);
  op_operand (op, &args->y, accumulate ? OP_ACCUMULATED : OP_OVERWRITTEN, layout_flat (n), draw_normal);
  op_operand (op, &args->seed, OP_INPUT, layout_flat (2), draw_normal);
}

void
op_cases_training (OpSuite *suite)
{
  static const int64_t rows[] = { 1, 2, 3, 8, 13 }, widths[] = { 1, 2, 7, 33, 130 };
  static const int64_t counts[] = { 0, 1, 3, 15, 16, 17, 100, 1003 };

  for (int i = 0; i < 5; i++)
    for (int j = 0; j < 5; j++)
      {
        int64_t r = rows[i], n = widths[j];

        for (int kind = TARGET_LABELS; kind <= TARGET_SOFT_HARD; kind++)
          soft_targets_case (suite, r, n, n + j, (TargetKind) kind, 0.4f);
        cross_entropy_case (suite, r, n, n, false, true);
        cross_entropy_case (suite, r, n, n + 3, true, j % 2 == 0);
        cross_entropy_grad_case (suite, r, n, n, n, false);
        cross_entropy_grad_case (suite, r, n, n + 2, n + 5, true);
        match_targets_case (suite, r, n + r, 4, i % 2 == 0);
        draw_case (suite, r, n, false);
        draw_case (suite, r, n, true);
      }
  soft_targets_case (suite, 4, 9, 9, TARGET_SOFT_HARD, 0);
  soft_targets_case (suite, 4, 9, 9, TARGET_SOFT_LABELS, 1);
  cross_entropy_case (suite, 0, 5, 5, true, true);
  cross_entropy_grad_case (suite, 0, 5, 5, 5, true);
  cross_entropy_case (suite, 3, 5000, 5000, true, true);
  cross_entropy_grad_case (suite, 3, 5000, 5000, 5000, true);
  soft_targets_case (suite, 3, 5000, 5001, TARGET_SOFT_LABELS, 0.4f);
  soft_targets_case (suite, 3, 5000, 5000, TARGET_SOFT_HARD, 0.4f);
  for (int64_t n = 1; n < 12; n += 3)
    {
      negative_weights_case (suite, n, n, false, false);
      negative_weights_case (suite, n, n + 4, true, false);
      negative_weights_case (suite, n, n + 1, false, true);
    }
  enqueue_case (suite, 3, 5, 8, 0, true);
  enqueue_case (suite, 3, 5, 8, 6, true); /* over the end */
  enqueue_case (suite, 3, 1, 8, 5, false);
  enqueue_case (suite, 8, 2, 8, 3, true);
  enqueue_case (suite, 1, 7, 1, 0, true);
  for (int i = 0; i < 8; i++)
    {
      momentum_case (suite, counts[i], 0.995f);
      clamp_case (suite, counts[i]);
      adamw_case (suite, counts[i], 1, 0.02f, false);
      adamw_case (suite, counts[i], 7, 0, true);
      dropout_case (suite, counts[i], 0.1f, false);
      dropout_case (suite, counts[i], 0.5f, true);
    }
  /* Enough for several threads and blocks, with a rest. */
  momentum_case (suite, 70003, 0.995f);
  adamw_case (suite, 70003, 3, 0.02f, true);
  dropout_case (suite, 70003, 0.1f, false);
  dropout_case (suite, 70003, 0.1f, true);
  momentum_case (suite, 5, 0);
  dropout_case (suite, 9, 0, true);
  dropout_case (suite, 9, 0, false);
}
