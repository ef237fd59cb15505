/* SPDX-License-Identifier: MIT
 * The three small ops of image-text contrast (ALBEF section 3.2): unit features, their products, and the
 * temperature they are divided by. */
#include "ops.h"

static void
l2_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *x = node->inputs[0], *y = node->output, *dx = tensor_grad (x);

  BACKEND_RUN (scope->backend, KERNEL_L2_NORMALIZE_GRAD, l2_normalize_grad, .dy = tensor_view (dy),
               .y = tensor_view (y), .norm = tensor_view (node->saved[0]), .dx = tensor_view (dx),
               .rows = tensor_rows (x), .n = tensor_columns (x), .lddy = dy->ld, .ldy = y->ld, .lddx = dx->ld);
}

/* y = a b^T:  da += dy b,  db += dy^T a. */
static void
similarity_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *a = node->inputs[0], *b = node->inputs[1];
  int64_t m = tensor_rows (a), n = tensor_rows (b), k = tensor_columns (a);

  if (a->needs_grad)
    BACKEND_RUN (scope->backend, KERNEL_GEMM, gemm, .a = tensor_view (dy), .b = tensor_view (b),
                 .c = tensor_view (tensor_grad (a)), .accumulate = true, .m = m, .n = k, .k = n, .lda = n,
                 .ldb = b->ld, .ldc = tensor_grad (a)->ld, .outer = 1, .inner = 1, .alpha = 1);
  if (b->needs_grad)
    BACKEND_RUN (scope->backend, KERNEL_GEMM, gemm, .a = tensor_view (dy), .b = tensor_view (a),
                 .c = tensor_view (tensor_grad (b)), .transpose_a = true, .accumulate = true, .m = n, .n = k, .k = m,
                 .lda = n, .ldb = a->ld, .ldc = tensor_grad (b)->ld, .outer = 1, .inner = 1, .alpha = 1);
}

static void
divide_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *x = node->inputs[0], *scalar = node->inputs[1];

  BACKEND_RUN (scope->backend, KERNEL_DIVIDE_BY_SCALAR_GRAD, divide_by_scalar_grad, .dy = tensor_view (dy),
               .x = tensor_view (x), .scalar = tensor_view (scalar), .dx = tensor_view (tensor_grad (x)),
               .dscalar = tensor_view (tensor_grad (scalar)), .n = tensor_numel (x));
}

static const OpRule l2_rule = { "l2 normalize", l2_gradient };
static const OpRule similarity_rule = { "similarity", similarity_gradient };
static const OpRule divide_rule = { "divide by scalar", divide_gradient };

Tensor *
op_l2_normalize (Scope *scope, Tensor *x)
{
  int64_t rows = tensor_rows (x);
  Tensor *y = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, x->n_dims, x->shape));
  Tensor *norm = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 1, &rows));

  BACKEND_RUN (scope->backend, KERNEL_L2_NORMALIZE, l2_normalize, .x = tensor_view (x), .y = tensor_view (y),
               .norm = tensor_view (norm), .rows = rows, .n = tensor_columns (x), .ldx = x->ld, .ldy = y->ld,
               .eps = 1e-12f);
  if (tape_wants (scope, &x, 1))
    tape_save (tape_append (scope, &l2_rule, y, &x, 1), 0, norm);
  return y;
}

Tensor *
op_similarity (Scope *scope, Tensor *a, Tensor *b)
{
  Tensor *inputs[] = { a, b };
  int64_t m = tensor_rows (a), n = tensor_rows (b), k = tensor_columns (a);
  Tensor *y = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 2, (int64_t[]) { m, n }));
  char s[64], t[64];

  if (tensor_columns (b) != k)
    tensor_abort ("similarity", "%s and %s", tensor_describe (a, s), tensor_describe (b, t));
  BACKEND_RUN (scope->backend, KERNEL_GEMM, gemm, .a = tensor_view (a), .b = tensor_view (b), .c = tensor_view (y),
               .transpose_b = true, .m = m, .n = n, .k = k, .lda = a->ld, .ldb = b->ld, .ldc = n, .outer = 1,
               .inner = 1, .alpha = 1);
  if (tape_wants (scope, inputs, 2))
    tape_append (scope, &similarity_rule, y, inputs, 2);
  return y;
}

Tensor *
op_divide_by_scalar (Scope *scope, Tensor *x, Tensor *scalar)
{
  Tensor *inputs[] = { x, scalar };
  Tensor *y = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, x->n_dims, x->shape));
  char a[64];

  if (tensor_numel (scalar) != 1 || !tensor_is_contiguous (x))
    tensor_abort ("divide by scalar", "%s", tensor_describe (x, a));
  BACKEND_RUN (scope->backend, KERNEL_DIVIDE_BY_SCALAR, divide_by_scalar, .x = tensor_view (x),
               .scalar = tensor_view (scalar), .y = tensor_view (y), .n = tensor_numel (x));
  if (tape_wants (scope, inputs, 2))
    tape_append (scope, &divide_rule, y, inputs, 2);
  return y;
}
