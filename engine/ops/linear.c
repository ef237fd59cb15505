/* SPDX-License-Identifier: MIT
 * linear: y = epilogue (x w^T + bias) + residual.
 *
 * With p the value before the epilogue and dy given:
 *   dresidual += dy;   dp = epilogue' (p) dy;   dx += dp w;   dw += dp^T x;   dbias += sum of dp's rows. */
#include "ops.h"

static void
linear_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *x = node->inputs[0], *w = node->inputs[1], *bias = node->inputs[2], *residual = node->inputs[3];
  Tensor *pre = node->saved[0];
  Epilogue epilogue = (Epilogue) node->number;
  int64_t m = tensor_rows (x), k = tensor_columns (x), n = w->shape[0];
  Backend *backend = scope->backend;
  Tensor *dp = dy;

  if (residual != NULL && residual->needs_grad)
    {
      Tensor *dr = tensor_grad (residual);

      BACKEND_RUN (backend, KERNEL_COPY, copy, .in = tensor_view (dy), .out = tensor_view (dr), .n0 = 1, .n1 = m,
                   .n2 = n, .in_s1 = n, .out_s1 = dr->ld, .accumulate = true);
    }
  if (epilogue != EPILOGUE_NONE)
    {
      dp = scope_own (scope, tensor_zeros (backend, 2, (int64_t[]) { m, n }));
      BACKEND_RUN (backend, KERNEL_UNARY_GRAD, unary_grad, .x = tensor_view (pre), .dy = tensor_view (dy),
                   .dx = tensor_view (dp), .n = m * n, .op = epilogue == EPILOGUE_GELU ? UNARY_GELU : UNARY_RELU);
    }
  if (x->needs_grad)
    {
      Tensor *dx = tensor_grad (x);

      BACKEND_RUN (backend, KERNEL_LINEAR_GRAD_INPUT, linear_grad_input, .dy = tensor_view (dp), .w = tensor_view (w),
                   .dx = tensor_view (dx), .m = m, .n = n, .k = k, .lddy = n, .lddx = dx->ld, .pack = tensor_pack (w));
    }
  if (w->needs_grad)
    BACKEND_RUN (backend, KERNEL_GEMM, gemm, .a = tensor_view (dp), .b = tensor_view (x),
                 .c = tensor_view (tensor_grad (w)), .transpose_a = true, .accumulate = true, .m = n, .n = k, .k = m,
                 .lda = n, .ldb = x->ld, .ldc = k, .outer = 1, .inner = 1, .alpha = 1);
  if (bias != NULL && bias->needs_grad)
    BACKEND_RUN (backend, KERNEL_SUM_ROWS, sum_rows, .in = tensor_view (dp), .out = tensor_view (tensor_grad (bias)),
                 .rows = m, .n = n, .ld = n);
}

static const OpRule linear_rule = { "linear", linear_gradient };

Tensor *
op_linear (Scope *scope, Tensor *x, Tensor *w, Tensor *bias, Epilogue epilogue, Tensor *residual)
{
  Tensor *inputs[] = { x, w, bias, residual };
  int64_t m = tensor_rows (x), k = tensor_columns (x), n = w->shape[0];
  int64_t shape[TENSOR_MAX_DIMS];
  char a[64], b[64];
  bool wanted = tape_wants (scope, inputs, 4);
  Tensor *y, *pre = NULL;

  if (w->n_dims != 2 || w->shape[1] != k || (bias != NULL && tensor_numel (bias) != n) ||
      (residual != NULL && (tensor_rows (residual) != m || tensor_columns (residual) != n)))
    tensor_abort ("linear", "x %s, w %s", tensor_describe (x, a), tensor_describe (w, b));
  for (int i = 0; i < x->n_dims; i++)
    shape[i] = x->shape[i];
  shape[x->n_dims - 1] = n;
  y = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, x->n_dims, shape));
  if (wanted && epilogue != EPILOGUE_NONE)
    pre = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, x->n_dims, shape));
  BACKEND_RUN (scope->backend, KERNEL_LINEAR, linear, .x = tensor_view (x), .w = tensor_view (w),
               .bias = tensor_view (bias), .residual = tensor_view (residual), .y = tensor_view (y),
               .pre = tensor_view (pre), .m = m, .n = n, .k = k, .ldx = x->ld, .ldy = n,
               .ldr = residual ? residual->ld : 0, .epilogue = epilogue, .pack = tensor_pack (w));
  if (wanted)
    {
      TapeNode *node = tape_append (scope, &linear_rule, y, inputs, 4);

      node->number = epilogue;
      if (pre != NULL)
        tape_save (node, 0, pre);
    }
  return y;
}
