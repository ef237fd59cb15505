/* SPDX-License-Identifier: MIT
 * AlidadeWrapLayout: children side by side at their natural width, flowing into further rows; row height is that
 * of the tallest child. Asked for a minimum width alone it wants its widest child, so that a row of chips never
 * widens the window. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_WRAP_LAYOUT (alidade_wrap_layout_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeWrapLayout, alidade_wrap_layout, ALIDADE, WRAP_LAYOUT, GtkLayoutManager)

GtkLayoutManager *alidade_wrap_layout_new (int column_gap, int row_gap);
/* One row, as wide as it must be. */
void alidade_wrap_layout_set_single (AlidadeWrapLayout *self, gboolean single);

G_END_DECLS
