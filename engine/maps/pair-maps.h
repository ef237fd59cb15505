/* SPDX-License-Identifier: MIT
 * pair-maps.h: one picture, one text, one map per token and head. What albef_maps_compute is made of. */
#pragma once

#include "image-cache.h"
#include "text-cache.h"

typedef struct
{
  float itm_logits[2];     /* [no match, match] */
  double itc;              /* cosine of the features; NAN without projections */
  int heads, tokens, grid; /* grid x grid patches */
  float *product;          /* [heads][tokens][grid grid]: attention x max (gradient, 0); ITC: tokens = 1; NULL when only scored */
} PairMaps;

/* ITM Grad-CAM at fusion layer `layer` (from 1; 0: score alone). False if cancelled. */
bool pair_maps_itm (const Model *model, const ImageState *image, const TextState *text, int layer,
                    const AlbefCancel *cancel, PairMaps *maps);

/* ITC Grad-CAM at image-encoder block `block` (from 1): the class-token row; the scores as above. `picture` is
 * the normalised picture (the encoder runs again with a tape). */
bool pair_maps_itc (const Model *model, const float *picture, const ImageState *image, const TextState *text,
                    int block, const AlbefCancel *cancel, PairMaps *maps);

void pair_maps_clear (PairMaps *maps);
