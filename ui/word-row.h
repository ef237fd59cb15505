/* SPDX-License-Identifier: MIT
 * AlidadeWordRow: the sentence's words as chips in a wrapping row. Tab and arrows walk them, Enter or a click
 * selects, Space pins, Shift+arrows makes a phrase (shown as one chip); the pointer over a chip shows its map. */
#pragma once

#include "exploration.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_WORD_ROW (alidade_word_row_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeWordRow, alidade_word_row, ALIDADE, WORD_ROW, GtkWidget)

void alidade_word_row_set_exploration (AlidadeWordRow *self, AlidadeExploration *exploration);
/* Small maps in the chips: the strip is folded. */
void alidade_word_row_set_with_maps (AlidadeWordRow *self, gboolean with_maps);
/* One row, however wide, instead of wrapping. */
void alidade_word_row_set_single (AlidadeWordRow *self, gboolean single);
/* Focuses the selected chip; FALSE if there is none. */
gboolean alidade_word_row_focus (AlidadeWordRow *self);

G_END_DECLS
