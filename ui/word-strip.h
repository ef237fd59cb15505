/* SPDX-License-Identifier: MIT
 * AlidadeWordStrip: the paper's strip as thumbnails, the whole sentence first, then one map per word. A click
 * selects, the pin keeps a word's map in the canvas beside the selected one. Folds to a slim bar; property
 * `folded`. */
#pragma once

#include "exploration.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_WORD_STRIP (alidade_word_strip_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeWordStrip, alidade_word_strip, ALIDADE, WORD_STRIP, GtkWidget)

void alidade_word_strip_set_exploration (AlidadeWordStrip *self, AlidadeExploration *exploration);
void alidade_word_strip_set_folded (AlidadeWordStrip *self, gboolean folded);
gboolean alidade_word_strip_get_folded (AlidadeWordStrip *self);
void alidade_word_strip_set_side (AlidadeWordStrip *self, int side); /* of the thumbnails, CSS pixels */

G_END_DECLS
