/* SPDX-License-Identifier: MIT
 * mlm-mask.h: which word pieces are hidden for masked language modelling (paper section 3.2; BERT's rule). */
#pragma once

#include "random.h"
#include "vocab.h"

typedef struct
{
  double probability;      /* 0.15; 0: no masking */
  double noun_probability; /* for pieces of nouns, where they are known (0.4 for scenes, the others then 0.12); 0: as
                              the others */
  bool at_least_one_noun;  /* where nothing of a noun was drawn, one noun piece is */
} MlmRule;

#define MLM_IGNORE (-100)

/* Draws for each of n pieces: hidden with the probability above, never [PAD] and [CLS] (it may be any other, [SEP] as
 * text included); of the hidden ones 80 % become [MASK], 10 % a random piece of the whole vocabulary, 10 % stay.
 * nouns: [n], true for pieces of nouns; may be NULL. masked: [n] ids; labels: [n] the id where hidden, else
 * MLM_IGNORE. Number t of the stream belongs to piece t, so padding changes nothing. */
void mlm_mask (const MlmRule *rule, const Vocab *vocab, uint64_t seed, uint64_t stream, const int32_t *ids,
               const bool *nouns, int n, int32_t *masked, int32_t *labels);
