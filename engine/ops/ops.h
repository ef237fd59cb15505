/* SPDX-License-Identifier: MIT
 * ops.h: what models are written with. One file per op holds its forward, its gradient rule and its
 * static OpRule. Tensors returned belong to the scope.
 *
 * Letters: B batch, I image tokens, T text tokens, C width, H heads, D = C / H.
 */
#pragma once

#include "tape.h"

/* y = epilogue (x w^T + bias) + residual. x ... x K, w N x K, bias N or NULL, residual ... x N or NULL. */
Tensor *op_linear (Scope *scope, Tensor *x, Tensor *w, Tensor *bias, Epilogue epilogue, Tensor *residual);

/* Rows normalised to mean 0, variance 1, then gamma, beta (C each). */
Tensor *op_layer_norm (Scope *scope, Tensor *x, Tensor *gamma, Tensor *beta, float eps);

/* a + b, where b is repeated over a's leading dimensions (numel of b divides that of a). Contiguous. */
Tensor *op_add (Scope *scope, Tensor *a, Tensor *b);

/* Softmax (Q K^T / sqrt (D) + mask) V over `heads` heads. q B x Tq x C; k, v B x Tk x C or 1 x Tk x C (one
 * image for all texts); mask NULL, B x Tk or B x Tq x Tk, added to the scores. Probabilities are not kept;
 * where a gradient is wanted this is op_attention_probs followed by op_attention_context. */
Tensor *op_attention (Scope *scope, Tensor *q, Tensor *k, Tensor *v, Tensor *mask, int heads);
/* The probabilities, B x H x Tq x Tk (post-softmax, before any dropout: what a tap keeps). */
Tensor *op_attention_probs (Scope *scope, Tensor *q, Tensor *k, Tensor *mask, int heads);
/* probs B x H x Tq x Tk, v B x Tk x C -> B x Tq x C. */
Tensor *op_attention_context (Scope *scope, Tensor *probs, Tensor *v);

/* out[i] = table[index[i]]; index i32 of any shape, table R x C -> shape(index) x C. Rows equal to
 * `padding_index` send no gradient (-1: none). */
Tensor *op_gather_rows (Scope *scope, Tensor *table, Tensor *index, int64_t padding_index);

/* Class token (1 x 1 x C) before every picture's patches (B x P x C) -> B x (P + 1) x C. */
Tensor *op_prepend_token (Scope *scope, Tensor *token, Tensor *patches);

/* B x 3 x R x S -> B x (R/p S/p) x 3 p p. No gradient (pictures need none). */
Tensor *op_patches (Scope *scope, Tensor *images, int patch);

/* x / max (|x|, 1e-12) per row. */
Tensor *op_l2_normalize (Scope *scope, Tensor *x);

/* a b^T: a M x K, b N x K -> M x N. */
Tensor *op_similarity (Scope *scope, Tensor *a, Tensor *b);

/* x / s, s a scalar on the device (the temperature). */
Tensor *op_divide_by_scalar (Scope *scope, Tensor *x, Tensor *scalar);

/* ---- Training ---- */

/* Row losses -log (sum_j x[r][j] mask[r][j] + eps); x, mask R x N, the mask a constant. */
Tensor *op_log_mass (Scope *scope, Tensor *x, Tensor *mask, float eps);

/* Row losses -sum_j target log softmax (x) times weight (NULL: 1), one per row of x (... x N); target rows x N is a
 * constant. */
Tensor *op_cross_entropy (Scope *scope, Tensor *x, Tensor *target, Tensor *weight);

/* factor * sum of all elements: a scalar. */
Tensor *op_sum (Scope *scope, Tensor *x, float factor);
/* factor * x. */
Tensor *op_scale (Scope *scope, Tensor *x, float factor);

/* a above b along the first dimension; the others agree. Strided inputs are fine (class tokens). */
Tensor *op_concat_rows (Scope *scope, Tensor *a, Tensor *b);

/* x itself, or a contiguous copy of a strided view. */
Tensor *op_contiguous (Scope *scope, Tensor *x);

/* Blocks of the first dimension: out[i] = x[index[i]], x B x ..., index i32 of K -> K x .... */
Tensor *op_gather_blocks (Scope *scope, Tensor *x, Tensor *index);

/* Dropout of the scope's settings (Scope.dropout): x itself when there are none. Each call takes the next stream. */
Tensor *op_dropout (Scope *scope, Tensor *x);

/* The scaled scores of attention, B x H x Tq x Tk, without mask or softmax: scale Q K^T. */
Tensor *op_attention_scores (Scope *scope, Tensor *q, Tensor *k, int heads);

/* gelu (x), erf form, on its own: where the value before it is needed again. */
Tensor *op_gelu (Scope *scope, Tensor *x);

/* Forward mode (kernels TANGENT): y_dot along x_dot at x. x and x_dot both get gradients. */
Tensor *op_tangent (Scope *scope, Tensor *x, Tensor *x_dot, TangentOp op);
Tensor *op_layer_norm_tangent (Scope *scope, Tensor *x, Tensor *x_dot, Tensor *gamma, float eps);

/* Maps as a loss (AMC). attention, gradient B x H x T x (1 + P), mask f32 B x T -> B x P. */
Tensor *op_cam (Scope *scope, Tensor *attention, Tensor *gradient, Tensor *mask);
/* Rows to 0..1. */
Tensor *op_min_max (Scope *scope, Tensor *x, float eps);
/* B x G (grid_h x grid_w) -> B x (height width). */
Tensor *op_bilinear (Scope *scope, Tensor *x, int64_t grid_h, int64_t grid_w, int64_t height, int64_t width);
/* maps, masks B x N, weight B -> [mean term, max term]; stats may be NULL (AmcArgs). */
Tensor *op_amc (Scope *scope, Tensor *maps, Tensor *masks, Tensor *weight, bool per_sample, Tensor *stats);
