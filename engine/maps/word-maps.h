/* SPDX-License-Identifier: MIT
 * word-maps.h: one picture, one text, one map per token and head. What albef_maps_compute is made of. */
#pragma once

#include "image-cache.h"
#include "text-cache.h"

typedef struct
{
  float itm_logits[2];     /* [no match, match] */
  double itc;              /* cosine of the features; NAN without projections */
  int heads, tokens, grid; /* grid x grid patches */
  float *product;          /* [heads][tokens][grid grid]: attention x max (gradient, 0); ITC: tokens = 1; NULL when only scored */
} WordMaps;

/* ITM Grad-CAM at fusion layer `layer` (from 1; 0: score alone). False if cancelled. */
bool word_maps_itm (const Model *model, const ImageState *image, const TextState *text, int layer,
                    const AlbefCancel *cancel, WordMaps *maps);

/* ITC Grad-CAM at image-encoder block `block` (from 1): the class-token row; the scores as above. `picture` is
 * the normalised picture (the encoder runs again with a tape). */
bool word_maps_itc (const Model *model, const float *picture, const ImageState *image, const TextState *text,
                    int block, const AlbefCancel *cancel, WordMaps *maps);

void word_maps_clear (WordMaps *maps);
