/* SPDX-License-Identifier: MIT
 * gather rows: out[i] = table[index[i]]. dtable[index[i]] += dout[i], except for the padding index
 * (torch.nn.Embedding's padding_idx). */
#include "ops.h"

static void
gather_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *table = node->inputs[0], *index = node->inputs[1];

  BACKEND_RUN (scope->backend, KERNEL_SCATTER_ADD_ROWS, scatter_add_rows, .in = tensor_view (dy),
               .index = tensor_view (index), .table = tensor_view (tensor_grad (table)), .rows = tensor_numel (index),
               .n = table->shape[1], .table_rows = table->shape[0], .skip = node->number);
}

static const OpRule gather_rule = { "gather rows", gather_gradient };

Tensor *
op_gather_rows (Scope *scope, Tensor *table, Tensor *index, int64_t padding_index)
{
  Tensor *inputs[] = { table, index };
  int64_t shape[TENSOR_MAX_DIMS];
  Tensor *out;
  char a[64], b[64];

  if (table->n_dims != 2 || !tensor_is_contiguous (table) || index->dtype != DTYPE_I32 ||
      index->n_dims >= TENSOR_MAX_DIMS || !tensor_is_contiguous (index))
    tensor_abort ("gather rows", "table %s, index %s", tensor_describe (table, a), tensor_describe (index, b));
  for (int i = 0; i < index->n_dims; i++)
    shape[i] = index->shape[i];
  shape[index->n_dims] = table->shape[1];
  out = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, index->n_dims + 1, shape));
  BACKEND_RUN (scope->backend, KERNEL_GATHER_ROWS, gather_rows, .table = tensor_view (table),
               .index = tensor_view (index), .out = tensor_view (out), .rows = tensor_numel (index),
               .n = table->shape[1], .table_rows = table->shape[0]);
  if (tape_wants (scope, inputs, 1))
    tape_append (scope, &gather_rule, out, inputs, 2)->number = padding_index;
  return out;
}
