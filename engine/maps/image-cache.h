/* SPDX-License-Identifier: MIT
 * image-cache.h: what a model knows of a picture, kept between queries.
 *
 * The fusion layers read an image only through the keys and values of their cross-attention, and those do
 * not depend on the words. At 384 px they take 12 heads x 577 x 64 x 2 x 6 layers x 4 bytes = 21 MB. Entries
 * are dropped least recently used first when a byte limit is passed; the newest always stays. */
#pragma once

#include "model.h"

typedef struct
{
  Tensor *tokens;   /* 1 x I x Cv after the final norm */
  Tensor *feature;  /* 1 x E, normalised; NULL without vision_proj */
  ImageKeys *keys;  /* [n_layers], indexed by BERT layer; text layers empty */
  int n_layers;
} ImageState;

typedef struct ImageCache ImageCache;

ImageCache *image_cache_new (uint64_t limit_bytes);
void image_cache_free (ImageCache *cache);
uint64_t image_cache_used (const ImageCache *cache);

/* The state of picture `key` in `model`, or NULL. Borrowed until the next call on the cache. */
const ImageState *image_cache_find (ImageCache *cache, const Model *model, uint64_t key);

/* Computes the state from a normalised picture (3 x R x R, host) and keeps it. NULL if cancelled; nothing is
 * kept then. */
const ImageState *image_cache_compute (ImageCache *cache, const Model *model, uint64_t key, const float *picture,
                                       const AlbefCancel *cancel);

/* Forgets everything of a model that goes away. */
void image_cache_forget (ImageCache *cache, const Model *model);
