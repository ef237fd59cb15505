/* SPDX-License-Identifier: MIT
 * AlidadeColourRamp: a colour map drawn as a gradient from 0 (left) to 1. */
#pragma once

#include "albef.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_COLOUR_RAMP (alidade_colour_ramp_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeColourRamp, alidade_colour_ramp, ALIDADE, COLOUR_RAMP, GtkWidget)

GtkWidget *alidade_colour_ramp_new (AlbefColours colours);
void alidade_colour_ramp_set_colours (AlidadeColourRamp *self, AlbefColours colours);

G_END_DECLS
