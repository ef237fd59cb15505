/* SPDX-License-Identifier: MIT
 * patches and the class token: how a picture becomes a sequence. A convolution whose stride is its size is
 * a linear layer on unfolded patches (ViT, Dosovitskiy et al. 2021, section 3.1). */
#include "ops.h"

Tensor *
op_patches (Scope *scope, Tensor *images, int patch)
{
  int64_t batch = images->shape[0], grid_h = images->shape[2] / patch, grid_w = images->shape[3] / patch;
  Tensor *out;
  char a[64];

  if (images->n_dims != 4 || images->shape[1] != 3 || images->shape[2] % patch != 0 || images->shape[3] % patch != 0)
    tensor_abort ("patches", "images %s, patch %d", tensor_describe (images, a), patch);
  out = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 3,
                                      (int64_t[]) { batch, grid_h * grid_w, 3 * (int64_t) patch * patch }));
  BACKEND_RUN (scope->backend, KERNEL_PATCHES, patches, .image = tensor_view (images), .out = tensor_view (out),
               .batch = batch, .grid_h = grid_h, .grid_w = grid_w, .patch = patch);
  return out;
}

/* dtoken += sum over pictures of the first row; dpatches += the others. */
static void
prepend_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *token = node->inputs[0], *patches = node->inputs[1];
  int64_t batch = patches->shape[0], rows = patches->shape[1], c = patches->shape[2];
  View rest = { tensor_view (dy).buffer, tensor_view (dy).offset + (size_t) c * sizeof (float) };

  if (token->needs_grad)
    BACKEND_RUN (scope->backend, KERNEL_SUM_ROWS, sum_rows, .in = tensor_view (dy),
                 .out = tensor_view (tensor_grad (token)), .rows = batch, .n = c, .ld = (rows + 1) * c);
  if (patches->needs_grad)
    BACKEND_RUN (scope->backend, KERNEL_COPY, copy, .in = rest, .out = tensor_view (tensor_grad (patches)),
                 .n0 = batch, .n1 = rows, .n2 = c, .in_s0 = (rows + 1) * c, .in_s1 = c, .out_s0 = rows * c,
                 .out_s1 = c, .accumulate = true);
}

static const OpRule prepend_rule = { "prepend token", prepend_gradient };

Tensor *
op_prepend_token (Scope *scope, Tensor *token, Tensor *patches)
{
  Tensor *inputs[] = { token, patches };
  int64_t batch = patches->shape[0], rows = patches->shape[1], c = patches->shape[2];
  Tensor *out = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 3, (int64_t[]) { batch, rows + 1, c }));
  View rest = { tensor_view (out).buffer, tensor_view (out).offset + (size_t) c * sizeof (float) };
  char a[64], b[64];

  if (tensor_numel (token) != c || !tensor_is_contiguous (patches))
    tensor_abort ("prepend token", "token %s, patches %s", tensor_describe (token, a), tensor_describe (patches, b));
  BACKEND_RUN (scope->backend, KERNEL_COPY, copy, .in = tensor_view (token), .out = tensor_view (out), .n0 = batch,
               .n1 = 1, .n2 = c, .in_s0 = 0, .in_s1 = 0, .out_s0 = (rows + 1) * c, .out_s1 = c);
  BACKEND_RUN (scope->backend, KERNEL_COPY, copy, .in = tensor_view (patches), .out = rest, .n0 = batch, .n1 = rows,
               .n2 = c, .in_s0 = rows * c, .in_s1 = c, .out_s0 = (rows + 1) * c, .out_s1 = c);
  if (tape_wants (scope, inputs, 2))
    tape_append (scope, &prepend_rule, out, inputs, 2);
  return out;
}
