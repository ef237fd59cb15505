/* SPDX-License-Identifier: MIT
 * AlidadeCanvas: the picture under the selected words' map, with zoom and pan. Picture and map are composed on the
 * CPU at the view's resolution and kept as one texture until something changes.
 *
 * canvas.c draws, canvas-zoom.c has the zoom and its actions, canvas-input.c pointer and keys. Class actions
 * (canvas.zoom-in, zoom-out, fit, actual-size, pan-*, next-word, previous-word) also show in AT-SPI.
 *
 * Signals:
 *   point-clicked (double u, double v)  a place of the picture, 0..1 each
 * The viewport tells of zoom (AlidadeViewport::changed). */
#pragma once

#include "exploration.h"
#include "viewport.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_CANVAS (alidade_canvas_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeCanvas, alidade_canvas, ALIDADE, CANVAS, GtkWidget)

void alidade_canvas_set_exploration (AlidadeCanvas *self, AlidadeExploration *exploration);
AlidadeViewport *alidade_canvas_get_viewport (AlidadeCanvas *self);
/* Marks a place while something points at it; FALSE removes the mark. */
void alidade_canvas_set_point (AlidadeCanvas *self, gboolean visible, double u, double v);
/* The place in widget coordinates; FALSE without a picture. */
gboolean alidade_canvas_locate (AlidadeCanvas *self, double u, double v, double *x, double *y);
/* The picture without its map, while a key is held. */
void alidade_canvas_set_bare (AlidadeCanvas *self, gboolean bare);
/* Seconds of the main thread that the last frame took here (scaling, composing), for benchmarks. */
double alidade_canvas_get_frame_seconds (AlidadeCanvas *self);

G_END_DECLS
