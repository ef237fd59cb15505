/* SPDX-License-Identifier: MIT
 * AlidadeCanvasView: the middle of the window: the canvas with its legend and zoom box, the ranking of words at a
 * place, and what stands there instead when there is no picture or it cannot be read. */
#pragma once

#include "canvas.h"
#include "library.h"
#include "project-pictures.h"

G_BEGIN_DECLS

#define ALIDADE_TYPE_CANVAS_VIEW (alidade_canvas_view_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeCanvasView, alidade_canvas_view, ALIDADE, CANVAS_VIEW, GtkWidget)

/* While a project is open its pictures count in place of the library's. */
void alidade_canvas_view_set_pictures (AlidadeCanvasView *self, AlidadeProjectPictures *pictures);
void alidade_canvas_view_set_exploration (AlidadeCanvasView *self, AlidadeExploration *exploration,
                                          AlidadeLibrary *library);
AlidadeCanvas *alidade_canvas_view_get_canvas (AlidadeCanvasView *self);

G_END_DECLS
