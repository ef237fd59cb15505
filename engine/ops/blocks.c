/* SPDX-License-Identifier: MIT
 * blocks: batches put together and taken apart: one above the other, or picked by an index on the device. */
#include "ops.h"

static void
copy_rows (Backend *backend, View in, int64_t in_ld, View out, int64_t out_ld, int64_t rows, int64_t n, bool accumulate)
{
  BACKEND_RUN (backend, KERNEL_COPY, copy, .in = in, .out = out, .n0 = 1, .n1 = rows, .n2 = n, .in_s1 = in_ld,
               .out_s1 = out_ld, .accumulate = accumulate);
}

static View
skip (View view, int64_t elements)
{
  view.offset += (size_t) elements * sizeof (float);
  return view;
}

static void
concat_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *a = node->inputs[0], *b = node->inputs[1];
  int64_t n = tensor_columns (a);

  if (a->needs_grad)
    copy_rows (scope->backend, tensor_view (dy), n, tensor_view (tensor_grad (a)), tensor_grad (a)->ld,
               tensor_rows (a), n, true);
  if (b->needs_grad)
    copy_rows (scope->backend, skip (tensor_view (dy), tensor_rows (a) * n), n, tensor_view (tensor_grad (b)),
               tensor_grad (b)->ld, tensor_rows (b), n, true);
}

static void
gather_blocks_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *x = node->inputs[0], *index = node->inputs[1];

  BACKEND_RUN (scope->backend, KERNEL_SCATTER_ADD_ROWS, scatter_add_rows, .in = tensor_view (dy),
               .index = tensor_view (index), .table = tensor_view (tensor_grad (x)), .rows = tensor_numel (index),
               .n = tensor_numel (x) / x->shape[0], .table_rows = x->shape[0], .skip = -1);
}

static void
contiguous_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *x = node->inputs[0], *dx = tensor_grad (x);

  copy_rows (scope->backend, tensor_view (dy), tensor_columns (x), tensor_view (dx), dx->ld, tensor_rows (x),
             tensor_columns (x), true);
}

static const OpRule contiguous_rule = { "contiguous", contiguous_gradient };
static const OpRule concat_rule = { "concat rows", concat_gradient };
static const OpRule gather_rule = { "gather blocks", gather_blocks_gradient };

Tensor *
op_concat_rows (Scope *scope, Tensor *a, Tensor *b)
{
  Tensor *inputs[] = { a, b };
  int64_t shape[TENSOR_MAX_DIMS], n = tensor_columns (a);
  char s[64], t[64];
  bool agree = a->n_dims == b->n_dims && a->n_dims > 0;
  Tensor *y;

  for (int i = 0; i < a->n_dims; i++)
    {
      shape[i] = a->shape[i];
      agree = agree && (i == 0 || a->shape[i] == b->shape[i]);
    }
  if (!agree)
    tensor_abort ("concat rows", "%s above %s", tensor_describe (a, s), tensor_describe (b, t));
  shape[0] += b->shape[0];
  y = scope_own (scope, tensor_new (scope->backend, a->dtype, a->n_dims, shape));
  copy_rows (scope->backend, tensor_view (a), a->ld, tensor_view (y), n, tensor_rows (a), n, false);
  copy_rows (scope->backend, tensor_view (b), b->ld, skip (tensor_view (y), tensor_rows (a) * n), n, tensor_rows (b), n,
             false);
  if (tape_wants (scope, inputs, 2))
    tape_append (scope, &concat_rule, y, inputs, 2);
  return y;
}

Tensor *
op_gather_blocks (Scope *scope, Tensor *x, Tensor *index)
{
  Tensor *inputs[] = { x, index };
  int64_t shape[TENSOR_MAX_DIMS];
  char a[64], b[64];
  Tensor *y;

  if (x->n_dims < 1 || !tensor_is_contiguous (x) || index->dtype != DTYPE_I32 || index->n_dims != 1)
    tensor_abort ("gather blocks", "%s by %s", tensor_describe (x, a), tensor_describe (index, b));
  for (int i = 0; i < x->n_dims; i++)
    shape[i] = x->shape[i];
  shape[0] = index->shape[0];
  y = scope_own (scope, tensor_new (scope->backend, x->dtype, x->n_dims, shape));
  BACKEND_RUN (scope->backend, KERNEL_GATHER_ROWS, gather_rows, .table = tensor_view (x), .index = tensor_view (index),
               .out = tensor_view (y), .rows = shape[0], .n = tensor_numel (x) / x->shape[0],
               .table_rows = x->shape[0]);
  if (tape_wants (scope, inputs, 1))
    tape_append (scope, &gather_rule, y, inputs, 2);
  return y;
}

Tensor *
op_contiguous (Scope *scope, Tensor *x)
{
  Tensor *y;

  if (tensor_is_contiguous (x))
    return x;
  y = scope_own (scope, tensor_new (scope->backend, x->dtype, x->n_dims, x->shape));
  copy_rows (scope->backend, tensor_view (x), x->ld, tensor_view (y), y->ld, tensor_rows (x), tensor_columns (x), false);
  if (tape_wants (scope, &x, 1))
    tape_append (scope, &contiguous_rule, y, &x, 1);
  return y;
}
