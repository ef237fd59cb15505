/* SPDX-License-Identifier: MIT
 * AlidadeWordChip: one word (or a phrase) of the sentence as a toggle: the word, its strength, a thin bar; a small
 * map in place of the bar where no strip shows it. A word without a map says why. */
#pragma once

#include "map-thumb.h"
#include "word-maps.h"

G_BEGIN_DECLS

#define ALIDADE_TYPE_WORD_CHIP (alidade_word_chip_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeWordChip, alidade_word_chip, ALIDADE, WORD_CHIP, GtkToggleButton)

typedef struct
{
  const char *text;
  AlbefWordState state;
  gboolean function_word;
  gboolean has_strength; /* else the answer is still to come, or there are no word maps */
  double strength;       /* 0..1 */
  gboolean selected, pinned;
  int first, n; /* words it stands for */
} AlidadeChip;

GtkWidget *alidade_word_chip_new (void);
void alidade_word_chip_set (AlidadeWordChip *self, const AlidadeChip *chip);
int alidade_word_chip_get_first (AlidadeWordChip *self);
int alidade_word_chip_get_n (AlidadeWordChip *self);
/* Shows the map instead of the bar. */
void alidade_word_chip_set_with_map (AlidadeWordChip *self, gboolean with_map);
AlidadeMapThumb *alidade_word_chip_get_thumb (AlidadeWordChip *self);

G_END_DECLS
