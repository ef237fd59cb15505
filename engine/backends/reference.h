/* SPDX-License-Identifier: MIT
 * reference.h: what the files of the reference backend share. The fenced backend runs the same kernels on
 * memory of its own: a Buffer of either begins with where its bytes lie and how many there are. */
#pragma once

#include "backend.h"

struct Buffer
{
  unsigned char *bytes;
  size_t size;
  bool borrowed; /* wrapped host memory: read only, not ours to free */
};

#include "host-kernels.h"

/* Abort with a message unless all that a call, an upload or a download touches is there, inside its buffer,
 * aligned to its elements, and not written if it is wrapped. `who` names the backend. */
void reference_check_call (const KernelCall *call, const char *who);
void reference_check_upload (View out, size_t bytes, const char *who);
void reference_check_download (View in, size_t bytes, const char *who);

static inline float *
reference_floats (View view)
{
  return view.buffer == NULL ? NULL : (float *) (void *) (view.buffer->bytes + view.offset);
}

static inline const int32_t *
reference_indices (View view)
{
  return (const int32_t *) (const void *) (view.buffer->bytes + view.offset);
}

/* Kernels: backend.h says what each computes. Every sum and every function is double, rounded once when an
 * element is stored. */
void reference_fill (const FillArgs *args);
void reference_copy (const CopyArgs *args);
void reference_gemm (const GemmArgs *args);
void reference_linear (const LinearArgs *args);
void reference_linear_grad_input (const LinearGradInputArgs *args);
void reference_softmax (const SoftmaxArgs *args);
void reference_softmax_grad (const SoftmaxGradArgs *args);
void reference_attention (const AttentionArgs *args);
void reference_layer_norm (const LayerNormArgs *args);
void reference_layer_norm_grad (const LayerNormGradArgs *args);
void reference_l2_normalize (const L2NormalizeArgs *args);
void reference_l2_normalize_grad (const L2NormalizeGradArgs *args);
void reference_unary (const UnaryArgs *args);
void reference_unary_grad (const UnaryGradArgs *args);
void reference_add (const AddArgs *args);
void reference_add_scaled (const AddScaledArgs *args);
void reference_divide_by_scalar (const DivideByScalarArgs *args);
void reference_divide_by_scalar_grad (const DivideByScalarGradArgs *args);
void reference_sum_rows (const SumRowsArgs *args);
void reference_gather_rows (const GatherRowsArgs *args);
void reference_scatter_add_rows (const ScatterAddRowsArgs *args);
void reference_patches (const PatchesArgs *args);
void reference_soft_targets (const SoftTargetsArgs *args);
void reference_cross_entropy (const CrossEntropyArgs *args);
void reference_cross_entropy_grad (const CrossEntropyGradArgs *args);
void reference_match_targets (const MatchTargetsArgs *args);
void reference_negative_weights (const NegativeWeightsArgs *args);
void reference_draw (const DrawArgs *args);
void reference_enqueue (const EnqueueArgs *args);
void reference_momentum (const MomentumArgs *args);
void reference_clamp (const ClampArgs *args);
void reference_adamw (const AdamWArgs *args);
void reference_dropout (const DropoutArgs *args);
void reference_tangent (const TangentArgs *args);
void reference_tangent_grad (const TangentGradArgs *args);
void reference_layer_norm_tangent (const LayerNormTangentArgs *args);
void reference_layer_norm_tangent_grad (const LayerNormTangentGradArgs *args);
void reference_cam (const CamArgs *args);
void reference_cam_grad (const CamGradArgs *args);
void reference_min_max (const MinMaxArgs *args);
void reference_min_max_grad (const MinMaxGradArgs *args);
void reference_bilinear (const BilinearArgs *args);
void reference_bilinear_grad (const BilinearGradArgs *args);
void reference_amc (const AmcArgs *args);
void reference_amc_grad (const AmcGradArgs *args);
void reference_log_mass (const LogMassArgs *args);
void reference_log_mass_grad (const LogMassGradArgs *args);

/* Functions of one number that several kernels use. */
double reference_gelu (double x);      /* x Phi (x) */
double reference_gelu_grad (double x); /* Phi (x) + x phi (x) */
