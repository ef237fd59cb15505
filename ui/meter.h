/* SPDX-License-Identifier: MIT
 * AlidadeMeter: a thin bar, 0..1, in the text's colour over a faint trough. Property `value`. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_METER (alidade_meter_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeMeter, alidade_meter, ALIDADE, METER, GtkWidget)

GtkWidget *alidade_meter_new (void);
void alidade_meter_set_value (AlidadeMeter *self, double value);

G_END_DECLS
