/* SPDX-License-Identifier: MIT
 * add: y = a + b, b repeated over a's leading dimensions. da += dy; db += dy summed over the repeats. */
#include "ops.h"

static void
add_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *a = node->inputs[0], *b = node->inputs[1];
  int64_t n = tensor_numel (a), nb = tensor_numel (b);

  if (a->needs_grad)
    BACKEND_RUN (scope->backend, KERNEL_ADD_SCALED, add_scaled, .a = tensor_view (dy),
                 .y = tensor_view (tensor_grad (a)), .n = n, .alpha = 1);
  if (b->needs_grad)
    BACKEND_RUN (scope->backend, KERNEL_SUM_ROWS, sum_rows, .in = tensor_view (dy),
                 .out = tensor_view (tensor_grad (b)), .rows = n / nb, .n = nb, .ld = nb);
}

static const OpRule add_rule = { "add", add_gradient };

Tensor *
op_add (Scope *scope, Tensor *a, Tensor *b)
{
  Tensor *inputs[] = { a, b };
  int64_t n = tensor_numel (a), nb = tensor_numel (b);
  Tensor *y = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, a->n_dims, a->shape));
  char s[64], t[64];

  if (!tensor_is_contiguous (a) || !tensor_is_contiguous (b) || nb == 0 || n % nb != 0)
    tensor_abort ("add", "%s and %s", tensor_describe (a, s), tensor_describe (b, t));
  BACKEND_RUN (scope->backend, KERNEL_ADD, add, .a = tensor_view (a), .b = tensor_view (b), .y = tensor_view (y),
               .n = n, .nb = nb);
  if (tape_wants (scope, inputs, 2))
    tape_append (scope, &add_rule, y, inputs, 2);
  return y;
}
