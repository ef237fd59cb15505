/* SPDX-License-Identifier: MIT
 * layer norm: y = (x - mean) rstd gamma + beta per row. The gradient kernel uses the kept mean and rstd:
 * with xh = (x - mean) rstd and g = dy gamma,  dx += rstd (g - mean (g) - xh mean (g xh)). */
#include "ops.h"

static void
layer_norm_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *x = node->inputs[0], *gamma = node->inputs[1], *beta = node->inputs[2];
  Tensor *dx = tensor_grad (x);

  BACKEND_RUN (scope->backend, KERNEL_LAYER_NORM_GRAD, layer_norm_grad, .dy = tensor_view (dy), .x = tensor_view (x),
               .gamma = tensor_view (gamma), .mean = tensor_view (node->saved[0]),
               .rstd = tensor_view (node->saved[1]), .dx = tensor_view (dx),
               .dgamma = tensor_view (tensor_grad (gamma)), .dbeta = tensor_view (tensor_grad (beta)),
               .rows = tensor_rows (x), .n = tensor_columns (x), .lddy = dy->ld, .ldx = x->ld,
               .lddx = dx ? dx->ld : 0);
}

static const OpRule layer_norm_rule = { "layer norm", layer_norm_gradient };

Tensor *
op_layer_norm (Scope *scope, Tensor *x, Tensor *gamma, Tensor *beta, float eps)
{
  Tensor *inputs[] = { x, gamma, beta };
  int64_t rows = tensor_rows (x), n = tensor_columns (x);
  bool wanted = tape_wants (scope, inputs, 3);
  Tensor *y = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, x->n_dims, x->shape));
  Tensor *mean = NULL, *rstd = NULL;
  char a[64], b[64];

  if (tensor_numel (gamma) != n || tensor_numel (beta) != n)
    tensor_abort ("layer norm", "x %s, gamma %s", tensor_describe (x, a), tensor_describe (gamma, b));
  if (wanted)
    {
      mean = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 1, &rows));
      rstd = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 1, &rows));
    }
  BACKEND_RUN (scope->backend, KERNEL_LAYER_NORM, layer_norm, .x = tensor_view (x), .gamma = tensor_view (gamma),
               .beta = tensor_view (beta), .y = tensor_view (y), .mean = tensor_view (mean),
               .rstd = tensor_view (rstd), .rows = rows, .n = n, .ldx = x->ld, .ldy = n, .eps = eps);
  if (wanted)
    {
      TapeNode *node = tape_append (scope, &layer_norm_rule, y, inputs, 3);

      tape_save (node, 0, mean);
      tape_save (node, 1, rstd);
    }
  return y;
}
