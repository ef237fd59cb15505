/* SPDX-License-Identifier: MIT
 * op-cases-elementwise.c: element by element, also in place. */
#include "op-harness.h"

static const int64_t counts[] = { 0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 577, 4099 };

#define COUNT_COUNT ((int) (sizeof counts / sizeof *counts))

static OpCase *
new_case (OpSuite *suite, KernelId id, int64_t n, const char *how)
{
  return op_case_new (suite, id, 1, (double) n * 8, "%s %d%s", kernel_name (id), (int) n, how);
}

static void
fill_case (OpSuite *suite, int64_t n)
{
  OpCase *op = new_case (suite, KERNEL_FILL, n, "");

  op->call.fill = (FillArgs) { .n = n, .value = -2.5f };
  op_operand (op, &op->call.fill.out, OP_OVERWRITTEN, layout_flat (n), draw_normal);
}

static void
unary_case (OpSuite *suite, int64_t n, UnaryOp kind, bool in_place)
{
  OpCase *op = new_case (suite, KERNEL_UNARY, n, in_place ? " in place" : "");
  UnaryArgs *args = &op->call.unary;
  OpOperand *x;

  *args = (UnaryArgs) { .n = n, .op = kind };
  x = op_operand (op, &args->x, in_place ? OP_IN_PLACE : OP_INPUT, layout_flat (n), draw_normal);
  if (in_place)
    op_alias (op, x, &args->y, 0);
  else
    op_operand (op, &args->y, OP_OVERWRITTEN, layout_flat (n), draw_normal);
}

/* Large arguments: an exponential inside must neither overflow nor leave the asymptote. */
static void
unary_large_case (OpSuite *suite, int64_t n, UnaryOp kind)
{
  OpCase *op = new_case (suite, KERNEL_UNARY, n, " large");
  UnaryArgs *args = &op->call.unary;

  *args = (UnaryArgs) { .n = n, .op = kind };
  op_operand (op, &args->x, OP_INPUT, layout_flat (n), draw_large);
  op_operand (op, &args->y, OP_OVERWRITTEN, layout_flat (n), draw_normal);
}

static void
unary_grad_case (OpSuite *suite, int64_t n, UnaryOp kind, OpDraw draw)
{
  OpCase *op = new_case (suite, KERNEL_UNARY_GRAD, n, kind == UNARY_GELU ? " gelu" : " relu");
  UnaryGradArgs *args = &op->call.unary_grad;

  *args = (UnaryGradArgs) { .n = n, .op = kind };
  op_operand (op, &args->x, OP_INPUT, layout_flat (n), draw);
  op_operand (op, &args->dy, OP_INPUT, layout_flat (n), draw_normal);
  op_operand (op, &args->dx, OP_ACCUMULATED, layout_flat (n), draw_normal);
}

typedef enum
{
  PLACE_APART,
  PLACE_A, /* y lies on a */
  PLACE_B, /* y lies on b */
  PLACE_KINDS
} Place;

static void
add_case (OpSuite *suite, int64_t n, int64_t nb, Place place)
{
  static const char *const names[] = { "", " onto a", " onto b" };
  OpCase *op = new_case (suite, KERNEL_ADD, n, names[place]);
  AddArgs *args = &op->call.add;
  OpOperand *a, *b;

  *args = (AddArgs) { .n = n, .nb = nb };
  a = op_operand (op, &args->a, place == PLACE_A ? OP_IN_PLACE : OP_INPUT, layout_flat (n), draw_normal);
  b = op_operand (op, &args->b, place == PLACE_B ? OP_IN_PLACE : OP_INPUT, layout_flat (nb), draw_normal);
  if (place == PLACE_APART)
    op_operand (op, &args->y, OP_OVERWRITTEN, layout_flat (n), draw_normal);
  else
    op_alias (op, place == PLACE_A ? a : b, &args->y, 0);
}

static void
add_scaled_case (OpSuite *suite, int64_t n, float alpha)
{
  OpCase *op = new_case (suite, KERNEL_ADD_SCALED, n, "");
  AddScaledArgs *args = &op->call.add_scaled;

  *args = (AddScaledArgs) { .n = n, .alpha = alpha };
  op_operand (op, &args->a, OP_INPUT, layout_flat (n), draw_normal);
  op_operand (op, &args->y, OP_ACCUMULATED, layout_flat (n), draw_normal);
}

static void
divide_case (OpSuite *suite, int64_t n, bool in_place)
{
  OpCase *op = new_case (suite, KERNEL_DIVIDE_BY_SCALAR, n, in_place ? " in place" : "");
  DivideByScalarArgs *args = &op->call.divide_by_scalar;
  OpOperand *x;

  *args = (DivideByScalarArgs) { .n = n };
  x = op_operand (op, &args->x, in_place ? OP_IN_PLACE : OP_INPUT, layout_flat (n), draw_normal);
  op_operand (op, &args->scalar, OP_INPUT, layout_flat (1), draw_positive);
  if (in_place)
    op_alias (op, x, &args->y, 0);
  else
    op_operand (op, &args->y, OP_OVERWRITTEN, layout_flat (n), draw_normal);
}

static void
divide_grad_case (OpSuite *suite, int64_t n, bool with_x, bool with_scalar)
{
  OpCase *op = new_case (suite, KERNEL_DIVIDE_BY_SCALAR_GRAD, n, with_scalar ? " dscalar" : " dx alone");
  DivideByScalarGradArgs *args = &op->call.divide_by_scalar_grad;

  op->tolerance = 1e-5; /* one sum over everything */
  *args = (DivideByScalarGradArgs) { .n = n };
  op_operand (op, &args->dy, OP_INPUT, layout_flat (n), draw_positive);
  if (with_scalar)
    op_operand (op, &args->x, OP_INPUT, layout_flat (n), draw_positive);
  op_operand (op, &args->scalar, OP_INPUT, layout_flat (1), draw_positive);
  if (with_x)
    op_operand (op, &args->dx, OP_ACCUMULATED, layout_flat (n), draw_normal);
  if (with_scalar)
    op_operand (op, &args->dscalar, OP_ACCUMULATED, layout_flat (n > 0), draw_normal);
}

void
op_cases_elementwise (OpSuite *suite)
{
  for (int c = 0; c < COUNT_COUNT; c++)
    {
      int64_t n = counts[c];

      fill_case (suite, n);
      for (int kind = 0; kind < 2; kind++)
        {
          unary_case (suite, n, (UnaryOp) kind, false);
          unary_case (suite, n, (UnaryOp) kind, true);
          unary_large_case (suite, n, (UnaryOp) kind);
          unary_grad_case (suite, n, (UnaryOp) kind, draw_normal);
          unary_grad_case (suite, n, (UnaryOp) kind, draw_large);
        }
      for (int place = 0; place < PLACE_KINDS; place++)
        add_case (suite, n, n > 0 ? n : 1, (Place) place);
      if (n > 0)
        for (int place = 0; place < PLACE_B; place++)
          {
            add_case (suite, n, 1, (Place) place);
            add_case (suite, 3 * n, n, (Place) place);
            add_case (suite, 5 * n, n, (Place) place);
          }
      add_scaled_case (suite, n, 1);
      add_scaled_case (suite, n, -0.125f);
      divide_case (suite, n, false);
      divide_case (suite, n, true);
      divide_grad_case (suite, n, true, true);
      divide_grad_case (suite, n, true, false);
      divide_grad_case (suite, n, false, true);
    }
}
