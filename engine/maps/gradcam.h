/* SPDX-License-Identifier: MIT
 * gradcam.h: from an attention map and its gradient to maps of words (ALBEF section 5.1, after Selvaraju et
 * al. 2017): attention x max (gradient, 0), patches only, mean over heads. Host memory, f32.
 *
 * B pairs, H heads, T text tokens, I = 1 + G image tokens (the class token is dropped). */
#pragma once

#include <stdint.h>

/* product[b][h][t][g] = attention x max (gradient, 0) of the G patches; tokens with mask 0 give 0 (mask NULL:
 * all are real). attention, gradient: B x H x T x I. */
void gradcam_product (const float *attention, const float *gradient, const int64_t *mask, int64_t batch, int64_t heads,
                      int64_t tokens, int64_t image_tokens, float *product);

/* out[b][t][g]: mean over the chosen heads (bit h of `head_set`; 0: all). */
void gradcam_mean_heads (const float *product, uint64_t head_set, int64_t batch, int64_t heads, int64_t tokens,
                         int64_t patches, float *out);

/* The class-token row alone (ITC Grad-CAM on an image-encoder block): attention, gradient B x H x I x I ->
 * out[b][g], mean over the chosen heads. */
void gradcam_class_row (const float *attention, const float *gradient, uint64_t head_set, int64_t batch, int64_t heads,
                        int64_t image_tokens, float *out);
