/* SPDX-License-Identifier: MIT
 * text-cache.h: the text encoder's output of recent queries, the same for every picture. A query is short
 * (a few tokens), so a handful of entries suffice. A text's prefix cannot be reused for a longer text: BERT
 * looks both ways. */
#pragma once

#include "model.h"

typedef struct
{
  Tensor *hidden;  /* 1 x T x C: output of the text layers */
  Tensor *feature; /* 1 x E, normalised; NULL without text_proj */
} TextState;

typedef struct TextCache TextCache;

TextCache *text_cache_new (void);
void text_cache_free (TextCache *cache);

/* The state of these ids, computed if it is not there. NULL if cancelled. Borrowed until the next call. */
const TextState *text_cache_get (TextCache *cache, const Model *model, const int32_t *ids, int n_ids,
                                 const AlbefCancel *cancel);
