/* SPDX-License-Identifier: MIT
 * losses: row losses against given distributions, and the sums that make scalars of them. */
#include "ops.h"

static void
cross_entropy_gradient (Scope *scope, const TapeNode *node, Tensor *d_loss)
{
  Tensor *x = node->inputs[0], *target = node->inputs[1], *weight = node->inputs[2], *dx = tensor_grad (x);

  BACKEND_RUN (scope->backend, KERNEL_CROSS_ENTROPY_GRAD, cross_entropy_grad, .dloss = tensor_view (d_loss),
               .x = tensor_view (x), .target = tensor_view (target), .weight = tensor_view (weight),
               .lse = tensor_view (node->saved[0]), .dx = tensor_view (dx), .rows = tensor_rows (x),
               .n = tensor_columns (x), .ldx = x->ld, .lddx = dx->ld);
}

/* y = factor sum x: every dx += factor dy. */
static void
sum_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *x = node->inputs[0], *scaled = scope_own (scope, tensor_zeros (scope->backend, 0, NULL));

  BACKEND_RUN (scope->backend, KERNEL_ADD_SCALED, add_scaled, .a = tensor_view (dy), .y = tensor_view (scaled), .n = 1,
               .alpha = node->value);
  BACKEND_RUN (scope->backend, KERNEL_COPY, copy, .in = tensor_view (scaled), .out = tensor_view (tensor_grad (x)),
               .n0 = 1, .n1 = tensor_numel (x), .n2 = 1, .in_s1 = 0, .out_s1 = 1, .accumulate = true);
}

static void
scale_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *x = node->inputs[0];

  BACKEND_RUN (scope->backend, KERNEL_ADD_SCALED, add_scaled, .a = tensor_view (dy), .y = tensor_view (tensor_grad (x)),
               .n = tensor_numel (x), .alpha = node->value);
}

static void
log_mass_gradient (Scope *scope, const TapeNode *node, Tensor *d_loss)
{
  Tensor *x = node->inputs[0];

  BACKEND_RUN (scope->backend, KERNEL_LOG_MASS_GRAD, log_mass_grad, .dloss = tensor_view (d_loss), .x = tensor_view (x),
               .m = tensor_view (node->inputs[1]), .dx = tensor_view (tensor_grad (x)), .rows = tensor_rows (x),
               .n = tensor_columns (x), .eps = node->value);
}

static const OpRule log_mass_rule = { "log mass", log_mass_gradient };
static const OpRule cross_entropy_rule = { "cross entropy", cross_entropy_gradient };
static const OpRule sum_rule = { "sum", sum_gradient };
static const OpRule scale_rule = { "scale", scale_gradient };

Tensor *
op_cross_entropy (Scope *scope, Tensor *x, Tensor *target, Tensor *weight)
{
  Tensor *inputs[] = { x, target, weight };
  int64_t rows = tensor_rows (x), n = tensor_columns (x);
  Tensor *loss = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 1, &rows));
  Tensor *lse = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 2, (int64_t[]) { rows, 2 }));
  char a[64], b[64];

  if (tensor_numel (target) != rows * n || (weight != NULL && tensor_numel (weight) != rows))
    tensor_abort ("cross entropy", "x %s, target %s", tensor_describe (x, a), tensor_describe (target, b));
  BACKEND_RUN (scope->backend, KERNEL_CROSS_ENTROPY, cross_entropy, .x = tensor_view (x),
               .target = tensor_view (target), .weight = tensor_view (weight), .loss = tensor_view (loss),
               .lse = tensor_view (lse), .rows = rows, .n = n, .ldx = x->ld);
  if (tape_wants (scope, inputs, 1))
    tape_save (tape_append (scope, &cross_entropy_rule, loss, inputs, 3), 0, lse);
  return loss;
}

Tensor *
op_sum (Scope *scope, Tensor *x, float factor)
{
  Tensor *all = scope_own (scope, tensor_zeros (scope->backend, 0, NULL));
  Tensor *y = scope_own (scope, tensor_zeros (scope->backend, 0, NULL));
  char a[64];

  if (!tensor_is_contiguous (x))
    tensor_abort ("sum", "%s", tensor_describe (x, a));
  BACKEND_RUN (scope->backend, KERNEL_SUM_ROWS, sum_rows, .in = tensor_view (x), .out = tensor_view (all),
               .rows = tensor_numel (x), .n = 1, .ld = 1);
  BACKEND_RUN (scope->backend, KERNEL_ADD_SCALED, add_scaled, .a = tensor_view (all), .y = tensor_view (y), .n = 1,
               .alpha = factor);
  if (tape_wants (scope, &x, 1))
    tape_append (scope, &sum_rule, y, &x, 1)->value = factor;
  return y;
}

Tensor *
op_scale (Scope *scope, Tensor *x, float factor)
{
  Tensor *y = scope_own (scope, tensor_zeros (scope->backend, x->n_dims, x->shape));
  char a[64];

  if (!tensor_is_contiguous (x))
    tensor_abort ("scale", "%s", tensor_describe (x, a));
  BACKEND_RUN (scope->backend, KERNEL_ADD_SCALED, add_scaled, .a = tensor_view (x), .y = tensor_view (y),
               .n = tensor_numel (x), .alpha = factor);
  if (tape_wants (scope, &x, 1))
    tape_append (scope, &scale_rule, y, &x, 1)->value = factor;
  return y;
}

Tensor *
op_log_mass (Scope *scope, Tensor *x, Tensor *mask, float eps)
{
  Tensor *inputs[] = { x, mask };
  int64_t rows = tensor_rows (x);
  Tensor *loss = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 1, &rows));
  char a[64], b[64];

  if (!tensor_is_contiguous (x) || tensor_numel (mask) != tensor_numel (x))
    tensor_abort ("log mass", "x %s, mask %s", tensor_describe (x, a), tensor_describe (mask, b));
  BACKEND_RUN (scope->backend, KERNEL_LOG_MASS, log_mass, .x = tensor_view (x), .m = tensor_view (mask),
               .loss = tensor_view (loss), .rows = rows, .n = tensor_columns (x), .eps = eps);
  if (tape_wants (scope, inputs, 1))
    tape_append (scope, &log_mass_rule, loss, inputs, 2)->value = eps;
  return loss;
}
