/* SPDX-License-Identifier: MIT
 * dropout: y = x / (1 - p) where the counter keeps it. The gradient is the same call on dy: the mask is drawn again
 * from seed and stream, not stored. */
#include "ops.h"

static void
dropout_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *x = node->inputs[0];

  BACKEND_RUN (scope->backend, KERNEL_DROPOUT, dropout, .x = tensor_view (dy), .y = tensor_view (tensor_grad (x)),
               .seed = tensor_view (node->inputs[1]), .n = tensor_numel (x), .stream = (uint32_t) node->number,
               .p = node->value, .accumulate = true);
}

static const OpRule dropout_rule = { "dropout", dropout_gradient };

Tensor *
op_dropout (Scope *scope, Tensor *x)
{
  Dropout *settings = scope->dropout;
  Tensor *inputs[] = { x, settings != NULL ? settings->seed : NULL };
  uint32_t stream;
  char a[64];
  Tensor *y;

  if (settings == NULL || settings->p <= 0)
    return x;
  if (!tensor_is_contiguous (x))
    tensor_abort ("dropout", "%s", tensor_describe (x, a));
  stream = settings->stream++;
  y = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, x->n_dims, x->shape));
  BACKEND_RUN (scope->backend, KERNEL_DROPOUT, dropout, .x = tensor_view (x), .y = tensor_view (y),
               .seed = tensor_view (settings->seed), .n = tensor_numel (x), .stream = stream, .p = settings->p);
  if (tape_wants (scope, inputs, 1))
    {
      TapeNode *node = tape_append (scope, &dropout_rule, y, inputs, 2);

      node->value = settings->p;
      node->number = stream;
    }
  return y;
}
