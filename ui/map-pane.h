/* SPDX-License-Identifier: MIT
 * AlidadeMapPane: what the right pane says of the selected word, and how its map is made: layer, heads, method,
 * opacity, threshold, colours. */
#pragma once

#include "exploration.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_MAP_PANE (alidade_map_pane_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeMapPane, alidade_map_pane, ALIDADE, MAP_PANE, GtkWidget)

void alidade_map_pane_set_exploration (AlidadeMapPane *self, AlidadeExploration *exploration);

G_END_DECLS
