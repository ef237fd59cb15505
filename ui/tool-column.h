/* SPDX-License-Identifier: MIT
 * AlidadeToolColumn: the tools of a region canvas, one below the other with their keys; 46 px wide, to lie over it.
 * Buttons never keep the focus. */
#pragma once

#include "region-canvas.h"

G_BEGIN_DECLS

#define ALIDADE_TYPE_TOOL_COLUMN (alidade_tool_column_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeToolColumn, alidade_tool_column, ALIDADE, TOOL_COLUMN, GtkWidget)

GtkWidget *alidade_tool_column_new (AlidadeRegionCanvas *canvas);
/* The key shown on a tool's button; NULL: none. */
void alidade_tool_column_set_key (AlidadeToolColumn *self, AlidadeRegionTool tool, const char *key);

G_END_DECLS
