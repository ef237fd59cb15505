/* SPDX-License-Identifier: MIT */
#include "mlm-mask.h"

/* Which numbers of a piece's own are used for what. */
enum
{
  DRAW_HIDE,
  DRAW_REPLACE,
  DRAW_RANDOM,
  DRAW_WORD,
  N_DRAWS
};

static void
hide (const Vocab *vocab, uint64_t seed, uint64_t stream, int t, int32_t id, int32_t *masked, int32_t *label)
{
  uint64_t counter = (uint64_t) t * N_DRAWS;

  *label = id;
  if (random_uniform (seed, stream, counter + DRAW_REPLACE) < 0.8)
    *masked = vocab_special (vocab, VOCAB_MASK);
  else if (random_uniform (seed, stream, counter + DRAW_RANDOM) < 0.5)
    *masked = (int32_t) random_below (seed, stream, counter + DRAW_WORD, (uint64_t) vocab_size (vocab));
}

void
mlm_mask (const MlmRule *rule, const Vocab *vocab, uint64_t seed, uint64_t stream, const int32_t *ids,
          const bool *nouns, int n, int32_t *masked, int32_t *labels)
{
  int pad = vocab_special (vocab, VOCAB_PAD), cls = vocab_special (vocab, VOCAB_CLS);
  int n_nouns = 0, hidden_nouns = 0;

  for (int t = 0; t < n; t++)
    {
      bool noun = nouns != NULL && nouns[t], special = ids[t] == pad || ids[t] == cls;
      double p = noun && rule->noun_probability > 0 ? rule->noun_probability : rule->probability;

      masked[t] = ids[t];
      labels[t] = MLM_IGNORE;
      if (special)
        continue;
      n_nouns += noun;
      if (random_uniform (seed, stream, (uint64_t) t * N_DRAWS + DRAW_HIDE) < p)
        {
          hide (vocab, seed, stream, t, ids[t], &masked[t], &labels[t]);
          hidden_nouns += noun;
        }
    }
  if (rule->at_least_one_noun && n_nouns > 0 && hidden_nouns == 0)
    {
      int chosen = (int) random_below (seed, stream, (uint64_t) n * N_DRAWS, (uint64_t) n_nouns);

      for (int t = 0; t < n; t++)
        if (nouns[t] && ids[t] != pad && ids[t] != cls && chosen-- == 0)
          hide (vocab, seed, stream, t, ids[t], &masked[t], &labels[t]);
    }
}
