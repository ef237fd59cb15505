/* SPDX-License-Identifier: MIT
 * tangents: forward mode, each op differentiable once more. A loss on the gradient g = dy/dA needs, with v = dL/dg
 * held fixed, d<v, g>/dtheta; and <v, g> is the derivative of y along v, which these ops carry forward. */
#include "ops.h"

static void
tangent_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *x = node->inputs[0], *x_dot = node->inputs[1];

  BACKEND_RUN (scope->backend, KERNEL_TANGENT_GRAD, tangent_grad, .x = tensor_view (x), .x_dot = tensor_view (x_dot),
               .dy_dot = tensor_view (dy), .dx = tensor_view (tensor_grad (x)),
               .dx_dot = tensor_view (tensor_grad (x_dot)), .rows = tensor_rows (x), .n = tensor_columns (x),
               .op = (TangentOp) node->number);
}

static void
norm_tangent_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *x = node->inputs[0], *x_dot = node->inputs[1], *gamma = node->inputs[2];

  BACKEND_RUN (scope->backend, KERNEL_LAYER_NORM_TANGENT_GRAD, layer_norm_tangent_grad, .x = tensor_view (x),
               .x_dot = tensor_view (x_dot), .gamma = tensor_view (gamma), .dy_dot = tensor_view (dy),
               .dx = tensor_view (tensor_grad (x)), .dx_dot = tensor_view (tensor_grad (x_dot)),
               .dgamma = tensor_view (tensor_grad (gamma)), .rows = tensor_rows (x), .n = tensor_columns (x),
               .eps = node->value);
}

static void
gelu_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *x = node->inputs[0];

  BACKEND_RUN (scope->backend, KERNEL_UNARY_GRAD, unary_grad, .x = tensor_view (x), .dy = tensor_view (dy),
               .dx = tensor_view (tensor_grad (x)), .n = tensor_numel (x), .op = UNARY_GELU);
}

static const OpRule gelu_rule = { "gelu", gelu_gradient };
static const OpRule tangent_rule = { "tangent", tangent_gradient };
static const OpRule norm_tangent_rule = { "layer norm tangent", norm_tangent_gradient };

static void
check (Tensor *x, Tensor *x_dot, const char *where)
{
  char a[64], b[64];

  if (!tensor_is_contiguous (x) || !tensor_is_contiguous (x_dot) || tensor_numel (x) != tensor_numel (x_dot))
    tensor_abort (where, "x %s, x_dot %s", tensor_describe (x, a), tensor_describe (x_dot, b));
}

Tensor *
op_tangent (Scope *scope, Tensor *x, Tensor *x_dot, TangentOp op)
{
  Tensor *inputs[] = { x, x_dot };
  Tensor *y = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, x->n_dims, x->shape));

  check (x, x_dot, "tangent");
  BACKEND_RUN (scope->backend, KERNEL_TANGENT, tangent, .x = tensor_view (x), .x_dot = tensor_view (x_dot),
               .y_dot = tensor_view (y), .rows = tensor_rows (x), .n = tensor_columns (x), .op = op);
  if (tape_wants (scope, inputs, 2))
    tape_append (scope, &tangent_rule, y, inputs, 2)->number = op;
  return y;
}

Tensor *
op_layer_norm_tangent (Scope *scope, Tensor *x, Tensor *x_dot, Tensor *gamma, float eps)
{
  Tensor *inputs[] = { x, x_dot, gamma };
  Tensor *y = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, x->n_dims, x->shape));

  check (x, x_dot, "layer norm tangent");
  BACKEND_RUN (scope->backend, KERNEL_LAYER_NORM_TANGENT, layer_norm_tangent, .x = tensor_view (x),
               .x_dot = tensor_view (x_dot), .gamma = tensor_view (gamma), .y_dot = tensor_view (y),
               .rows = tensor_rows (x), .n = tensor_columns (x), .eps = eps);
  if (tape_wants (scope, inputs, 3))
    tape_append (scope, &norm_tangent_rule, y, inputs, 3)->value = eps;
  return y;
}

Tensor *
op_gelu (Scope *scope, Tensor *x)
{
  Tensor *y = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, x->n_dims, x->shape));
  char a[64];

  if (!tensor_is_contiguous (x))
    tensor_abort ("gelu", "%s", tensor_describe (x, a));
  BACKEND_RUN (scope->backend, KERNEL_UNARY, unary, .x = tensor_view (x), .y = tensor_view (y), .n = tensor_numel (x),
               .op = UNARY_GELU);
  if (tape_wants (scope, &x, 1))
    tape_append (scope, &gelu_rule, y, &x, 1);
  return y;
}
