/* SPDX-License-Identifier: MIT
 * AlidadeViewport: where the picture lies in the canvas. One zoom and one centre, shared by everything that draws
 * or measures; `changed` after each change.
 *
 * Lengths of the view are CSS pixels, lengths of the picture are its own pixels. Zoom counts device pixels per
 * picture pixel, so that 100 % shows one picture pixel on one pixel of the screen. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_VIEWPORT (alidade_viewport_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeViewport, alidade_viewport, ALIDADE, VIEWPORT, GObject)

AlidadeViewport *alidade_viewport_new (void);

void alidade_viewport_set_view (AlidadeViewport *self, double width, double height, double scale_factor);
/* Another picture: fits it. 0 x 0: none. */
void alidade_viewport_set_picture (AlidadeViewport *self, int width, int height);

void alidade_viewport_fit (AlidadeViewport *self);
gboolean alidade_viewport_get_is_fit (AlidadeViewport *self);
double alidade_viewport_get_zoom (AlidadeViewport *self);
/* Sets the zoom and keeps the picture point under (x, y) of the view where it is. */
void alidade_viewport_zoom_at (AlidadeViewport *self, double zoom, double x, double y);
/* The next larger (direction > 0) or smaller stop, around the middle. */
void alidade_viewport_zoom_step (AlidadeViewport *self, int direction);
void alidade_viewport_pan (AlidadeViewport *self, double dx, double dy);

/* Rectangle of the whole picture in the view; may lie partly outside. FALSE without a picture. */
gboolean alidade_viewport_get_picture_rect (AlidadeViewport *self, double *x, double *y, double *width, double *height);
/* Place of a view point in the picture, 0..1 each; FALSE outside of it. */
gboolean alidade_viewport_to_picture (AlidadeViewport *self, double x, double y, double *u, double *v);

G_END_DECLS
