/* SPDX-License-Identifier: MIT
 * cpu-kernels.c: the inner loops, compiled once for each instruction set (see meson.build, which names the
 * table to define in CPU_KERNELS). */
#include "cpu-kernels.h"

#include <math.h>
#include <stddef.h>

#include "cpu-simd.h"

#include "cpu-product.inc.h"
#include "cpu-rows.inc.h"
#include "cpu-training.inc.h"

const CpuKernels CPU_KERNELS = {
#if LANES == 16
  .name = "AVX-512",
#elif LANES == 8
  .name = "AVX2",
#else
  .name = "baseline",
#endif
  .lanes = LANES,
  .mr = MR,
  .nr = NR,
  .gr = GR,
  .product = product,
  .pack = pack,
  .product_back = product_back,
  .softmax = softmax,
  .softmax_grad = softmax_grad,
  .softmax_columns = softmax_columns,
  .layer_norm = layer_norm,
  .layer_norm_grad = layer_norm_grad,
  .layer_norm_grad_columns = layer_norm_grad_columns,
  .l2_normalize = l2_normalize,
  .l2_normalize_grad = l2_normalize_grad,
  .activate = activate,
  .activate_grad = activate_grad,
  .finish = finish,
  .add = add,
  .add_scaled = add_scaled,
  .scale = scale,
  .add_divided = add_divided,
  .dot = dot,
  .sum_rows = sum_rows,
  .exponential = exponential,
  .exp_sum = exp_sum,
  .soften = soften,
  .cross_entropy = cross_entropy,
  .cross_entropy_grad = cross_entropy_grad,
  .momentum = momentum,
  .adamw = adamw,
  .dropout = dropout,
  .tangent_gelu = tangent_gelu,
  .tangent_softmax = tangent_softmax,
  .tangent_gelu_grad = tangent_gelu_grad,
  .tangent_softmax_grad = tangent_softmax_grad,
};
