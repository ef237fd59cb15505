/* SPDX-License-Identifier: MIT
 * Zoom and pan of a widget that shows a viewport: class actions (canvas.zoom-in, zoom-out, fit, actual-size, pan-left,
 * -right, -up, -down), the wheel (zooms to the pointer; with Shift pans), two fingers and the pinch. Keys are each
 * canvas's own. */
#pragma once

#include "viewport.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* In class_init: the actions. */
void viewport_control_class_init (GtkWidgetClass *widget_class);
/* In init: the viewport that they and the pointer move. It lives at least as long as the widget is used. */
void viewport_control_attach (GtkWidget *widget, AlidadeViewport *viewport);

G_END_DECLS
