/* SPDX-License-Identifier: MIT
 * AlidadeMatchButton: how well sentence and picture fit, 0 to 1, as figure and bar; its popover says it in plain words
 * with the raw values beneath. */
#pragma once

#include "exploration.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_MATCH_BUTTON (alidade_match_button_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeMatchButton, alidade_match_button, ALIDADE, MATCH_BUTTON, GtkWidget)

void alidade_match_button_set_exploration (AlidadeMatchButton *self, AlidadeExploration *exploration);
void alidade_match_button_set_narrow (AlidadeMatchButton *self, gboolean narrow);

G_END_DECLS
