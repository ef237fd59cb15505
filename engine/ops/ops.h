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
