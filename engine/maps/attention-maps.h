/* SPDX-License-Identifier: MIT
 * attention-maps.h: one forward and one backward pass that leave an attention map and its gradient
 * (Grad-CAM, ALBEF section 5.1). Only the path from the score back to the tapped layer is recorded, and no
 * weight gets a gradient. */
#pragma once

#include "model.h"

typedef struct
{
  Tensor *logits;    /* ITM: B x 2, [no match, match]. ITC: B x B similarities over the temperature */
  Tensor *attention; /* ITM: B x H x T x I. ITC: B x H x I x I. NULL when only scored */
  Tensor *gradient;  /* as attention: d (sum of the score) / d attention; zeros where none flows */
} AttentionMaps;     /* tensors of the scope */

/* ITM score on given image keys. text: output of the text layers, B x T x C. The gradient is that of the sum
 * of the class-1 logits. bert_layer -1: score alone (the [CLS] row of the last layer is all that is computed
 * there). Returns false if cancelled. Nothing is read back: the whole is one step. */
bool itm_attention (Scope *scope, const Model *model, Tensor *text, Tensor *self_mask, const ImageKeys *keys,
                    int bert_layer, AttentionMaps *maps);

/* ITC similarity; attention of image-encoder block `block`. text_features B x E (from project_cls). The
 * gradient is that of the sum of the diagonal of image_features text_features^T / temperature. */
bool itc_attention (Scope *scope, const Model *model, Tensor *images, Tensor *text_features, int block,
                    AttentionMaps *maps);
