/* SPDX-License-Identifier: MIT
 * AlidadeQueryBar: the sentence, how well it matches the picture, and its words as chips. Esc leaves the entry, Down
 * goes to the words. */
#pragma once

#include "exploration.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_QUERY_BAR (alidade_query_bar_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeQueryBar, alidade_query_bar, ALIDADE, QUERY_BAR, GtkWidget)

void alidade_query_bar_set_exploration (AlidadeQueryBar *self, AlidadeExploration *exploration);
void alidade_query_bar_focus_entry (AlidadeQueryBar *self);
/* Below 900 px: match is its number alone, chips scroll sideways. */
void alidade_query_bar_set_narrow (AlidadeQueryBar *self, gboolean narrow);
/* The strip is folded: chips carry small maps. */
void alidade_query_bar_set_chip_maps (AlidadeQueryBar *self, gboolean with_maps);

G_END_DECLS
