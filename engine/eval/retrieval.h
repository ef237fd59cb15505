/* SPDX-License-Identifier: MIT
 * retrieval.h: image-text retrieval as evaluated by the paper (section 5.2; Retrieval.py of the release):
 * recall by ITC similarity, then the k best re-ranked by the ITM logit of class 1. */
#pragma once

#include "model.h"

/* images N x 3 x R x R, ids and mask M x T (host). Everything returned is host memory of the caller's:
 * image_feats N x E, text_feats M x E, sims N x M (cosines), scores_i2t N x M and scores_t2i M x N, which hold
 * the ITM logit of class 1 for the k best of each row and -100 elsewhere. k is capped by the number of items.
 * Ties in the similarity are broken by the smaller index (the official sort is unstable there). */
AlbefStatus retrieval_scores (const Model *model, const float *images, int64_t n_images, const int32_t *ids,
                              const int64_t *mask, int64_t n_texts, int64_t tokens, int64_t k, float *image_feats,
                              float *text_feats, float *sims, float *scores_i2t, float *scores_t2i,
                              const AlbefCancel *cancel, AlbefError *error);
