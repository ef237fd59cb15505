/* SPDX-License-Identifier: MIT
 * AlidadeStripItem: one thumbnail of the strip with its word below and a pin at its corner. */
#pragma once

#include "exploration.h"
#include "map-thumb.h"

G_BEGIN_DECLS

#define ALIDADE_TYPE_STRIP_ITEM (alidade_strip_item_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeStripItem, alidade_strip_item, ALIDADE, STRIP_ITEM, GtkWidget)

/* `word`: its number or ALIDADE_SENTENCE, which has no pin. The exploration is borrowed: it outlives the strip. */
GtkWidget *alidade_strip_item_new (AlidadeExploration *exploration, int word, int side);
void alidade_strip_item_set_word (AlidadeStripItem *self, const AlidadeWord *word); /* NULL: the sentence */
void alidade_strip_item_set_state (AlidadeStripItem *self, gboolean selected, gboolean pinned);
AlidadeMapThumb *alidade_strip_item_get_thumb (AlidadeStripItem *self);

G_END_DECLS
