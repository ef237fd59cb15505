/* SPDX-License-Identifier: MIT
 * preprocess.h: a picture as the image encoder wants it (ALBEF's test transform). */
#pragma once

#include "albef.h"

/* Bicubic resize to resolution x resolution without keeping the aspect, 8-bit, then (v / 255 - mean) / std per
 * channel in float32 as torchvision's ToTensor and Normalize do. out: [3][resolution][resolution]. False: no memory. */
bool preprocess_image (const AlbefImage *image, int resolution, const float mean[3], const float std[3], float *out);

/* The second half alone, for pixels [resolution][resolution][3] that are resized already. */
void preprocess_pixels (const uint8_t *pixels, int resolution, const float mean[3], const float std[3], float *out);

/* ALBEF's constants: those of CLIP's images. */
extern const float preprocess_mean[3]; /* 0.48145466, 0.4578275, 0.40821073 */
extern const float preprocess_std[3];  /* 0.26862954, 0.26130258, 0.27577711 */
