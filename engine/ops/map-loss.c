/* SPDX-License-Identifier: MIT
 * map loss: from attention and its gradient to the loss that draws a map into a region (AMC, Yang et al. 2023). */
#include "ops.h"

#define MARGIN_MEAN 0.1f /* literals of the published code */
#define MARGIN_MAX 0.5f

static void
cam_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *attention = node->inputs[0], *gradient = node->inputs[1], *mask = node->inputs[2];

  BACKEND_RUN (scope->backend, KERNEL_CAM_GRAD, cam_grad, .attention = tensor_view (attention),
               .gradient = tensor_view (gradient), .mask = tensor_view (mask), .dout = tensor_view (dy),
               .dattention = tensor_view (tensor_grad (attention)), .dgradient = tensor_view (tensor_grad (gradient)),
               .batch = attention->shape[0], .heads = attention->shape[1], .tokens = attention->shape[2],
               .patches = attention->shape[3] - 1);
}

static void
min_max_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *x = node->inputs[0];

  BACKEND_RUN (scope->backend, KERNEL_MIN_MAX_GRAD, min_max_grad, .x = tensor_view (x), .y = tensor_view (node->output),
               .dy = tensor_view (dy), .dx = tensor_view (tensor_grad (x)), .rows = tensor_rows (x),
               .n = tensor_columns (x), .eps = node->value);
}

/* number packs the two grids: 16 bits each. */
static void
bilinear_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *x = node->inputs[0];
  int64_t packed = node->number;

  BACKEND_RUN (scope->backend, KERNEL_BILINEAR_GRAD, bilinear_grad, .dout = tensor_view (dy),
               .din = tensor_view (tensor_grad (x)), .batch = tensor_rows (x), .grid_h = packed & 0xffff,
               .grid_w = packed >> 16 & 0xffff, .height = packed >> 32 & 0xffff, .width = packed >> 48 & 0xffff);
}

static void
amc_gradient (Scope *scope, const TapeNode *node, Tensor *dy)
{
  Tensor *maps = node->inputs[0], *masks = node->inputs[1], *weight = node->inputs[2];

  BACKEND_RUN (scope->backend, KERNEL_AMC_GRAD, amc_grad, .x = tensor_view (maps), .m = tensor_view (masks),
               .weight = tensor_view (weight), .dloss = tensor_view (dy), .dx = tensor_view (tensor_grad (maps)),
               .batch = maps->shape[0], .n = tensor_columns (maps), .margin_mean = MARGIN_MEAN,
               .margin_max = MARGIN_MAX, .per_sample = node->number != 0);
}

static const OpRule cam_rule = { "cam", cam_gradient };
static const OpRule min_max_rule = { "min max", min_max_gradient };
static const OpRule bilinear_rule = { "bilinear", bilinear_gradient };
static const OpRule amc_rule = { "amc", amc_gradient };

Tensor *
op_cam (Scope *scope, Tensor *attention, Tensor *gradient, Tensor *mask)
{
  Tensor *inputs[] = { attention, gradient, mask };
  const int64_t *s = attention->shape;
  Tensor *y = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 2, (int64_t[]) { s[0], s[3] - 1 }));
  char a[64], b[64];

  if (attention->n_dims != 4 || tensor_numel (gradient) != tensor_numel (attention) ||
      tensor_numel (mask) != s[0] * s[2])
    tensor_abort ("cam", "attention %s, gradient %s", tensor_describe (attention, a), tensor_describe (gradient, b));
  BACKEND_RUN (scope->backend, KERNEL_CAM, cam, .attention = tensor_view (attention), .gradient = tensor_view (gradient),
               .mask = tensor_view (mask), .out = tensor_view (y), .batch = s[0], .heads = s[1], .tokens = s[2],
               .patches = s[3] - 1);
  if (tape_wants (scope, inputs, 2))
    tape_append (scope, &cam_rule, y, inputs, 3);
  return y;
}

Tensor *
op_min_max (Scope *scope, Tensor *x, float eps)
{
  Tensor *y = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, x->n_dims, x->shape));

  BACKEND_RUN (scope->backend, KERNEL_MIN_MAX, min_max, .x = tensor_view (x), .y = tensor_view (y),
               .rows = tensor_rows (x), .n = tensor_columns (x), .eps = eps);
  if (tape_wants (scope, &x, 1))
    tape_append (scope, &min_max_rule, y, &x, 1)->value = eps;
  return y;
}

Tensor *
op_bilinear (Scope *scope, Tensor *x, int64_t grid_h, int64_t grid_w, int64_t height, int64_t width)
{
  int64_t batch = tensor_rows (x);
  Tensor *y = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 2, (int64_t[]) { batch, height * width }));
  char a[64];

  if (tensor_columns (x) != grid_h * grid_w || height > 0x7fff || width > 0x7fff || grid_h > 0x7fff || grid_w > 0x7fff)
    tensor_abort ("bilinear", "%s to %lld x %lld", tensor_describe (x, a), (long long) height, (long long) width);
  BACKEND_RUN (scope->backend, KERNEL_BILINEAR, bilinear, .in = tensor_view (x), .out = tensor_view (y), .batch = batch,
               .grid_h = grid_h, .grid_w = grid_w, .height = height, .width = width);
  if (tape_wants (scope, &x, 1))
    tape_append (scope, &bilinear_rule, y, &x, 1)->number = grid_h | grid_w << 16 | height << 32 | width << 48;
  return y;
}

Tensor *
op_amc (Scope *scope, Tensor *maps, Tensor *masks, Tensor *weight, bool per_sample, Tensor *stats)
{
  Tensor *inputs[] = { maps, masks, weight };
  Tensor *loss = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 1, (int64_t[]) { 2 }));
  char a[64], b[64];

  if (tensor_numel (maps) != tensor_numel (masks) || tensor_numel (weight) != maps->shape[0])
    tensor_abort ("amc", "maps %s, masks %s", tensor_describe (maps, a), tensor_describe (masks, b));
  BACKEND_RUN (scope->backend, KERNEL_AMC, amc, .x = tensor_view (maps), .m = tensor_view (masks),
               .weight = tensor_view (weight), .loss = tensor_view (loss), .stats = tensor_view (stats),
               .batch = maps->shape[0], .n = tensor_columns (maps), .margin_mean = MARGIN_MEAN,
               .margin_max = MARGIN_MAX, .per_sample = per_sample);
  if (tape_wants (scope, inputs, 1))
    tape_append (scope, &amc_rule, loss, inputs, 3)->number = per_sample;
  return loss;
}
