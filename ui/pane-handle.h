/* SPDX-License-Identifier: MIT
 * AlidadePaneHandle: the edge of a pane, 6 px wide, that sets its width by a drag or by Left and Right. It sets the
 * width request of its target; signal `resized` (int width) after each change. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_PANE_HANDLE (alidade_pane_handle_get_type ())
G_DECLARE_FINAL_TYPE (AlidadePaneHandle, alidade_pane_handle, ALIDADE, PANE_HANDLE, GtkWidget)

/* `target` is borrowed. `grows_right`: the pane lies left of the handle. */
void alidade_pane_handle_set_target (AlidadePaneHandle *self, GtkWidget *target, gboolean grows_right, int smallest,
                                     int largest);

G_END_DECLS
