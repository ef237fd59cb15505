/* SPDX-License-Identifier: MIT
 * Pointer and held keys on the canvas: the wheel zooms to the cursor, two fingers pan and pinch, a drag pans, a click
 * asks which words look there, Space shows the bare picture while it is held. */
#include "canvas-private.h"

#include "viewport-control.h"

#include <math.h>

#define CLICK_SLACK 4.0 /* CSS pixels a click may move */

static void
drag_begin_cb (GtkGestureDrag *gesture, double x, double y, AlidadeCanvas *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self));
  self->drag_x = self->drag_y = 0;
}

static void
drag_update_cb (GtkGestureDrag *gesture, double x, double y, AlidadeCanvas *self)
{
  if (self->drag_x == 0 && self->drag_y == 0 && hypot (x, y) < CLICK_SLACK)
    return;
  if (self->drag_x == 0 && self->drag_y == 0)
    gtk_widget_set_cursor_from_name (GTK_WIDGET (self), "grabbing");
  alidade_viewport_pan (self->viewport, x - self->drag_x, y - self->drag_y);
  self->drag_x = x;
  self->drag_y = y;
}

static void
drag_end_cb (GtkGestureDrag *gesture, double x, double y, AlidadeCanvas *self)
{
  double start_x, start_y, u, v;

  gtk_widget_set_cursor (GTK_WIDGET (self), NULL);
  if ((self->drag_x != 0 || self->drag_y != 0) || !gtk_gesture_drag_get_start_point (gesture, &start_x, &start_y))
    return;
  if (alidade_viewport_to_picture (self->viewport, start_x, start_y, &u, &v))
    _alidade_canvas_point_clicked (self, u, v);
}

static gboolean
key_pressed_cb (GtkEventControllerKey *keys, guint keyval, guint keycode, GdkModifierType state, AlidadeCanvas *self)
{
  if (keyval != GDK_KEY_space || (state & (GDK_CONTROL_MASK | GDK_ALT_MASK)) != 0)
    return GDK_EVENT_PROPAGATE;
  alidade_canvas_set_bare (self, TRUE);
  return GDK_EVENT_STOP;
}

static void
key_released_cb (GtkEventControllerKey *keys, guint keyval, guint keycode, GdkModifierType state, AlidadeCanvas *self)
{
  if (keyval == GDK_KEY_space)
    alidade_canvas_set_bare (self, FALSE);
}

static void
focus_left_cb (GtkEventControllerFocus *focus, AlidadeCanvas *self)
{
  alidade_canvas_set_bare (self, FALSE);
}

void
_alidade_canvas_init_input (AlidadeCanvas *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkEventController *keys = gtk_event_controller_key_new ();
  GtkEventController *focus = gtk_event_controller_focus_new ();
  GtkGesture *drag = gtk_gesture_drag_new ();

  viewport_control_attach (widget, self->viewport);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (key_pressed_cb), self);
  g_signal_connect (keys, "key-released", G_CALLBACK (key_released_cb), self);
  g_signal_connect (focus, "leave", G_CALLBACK (focus_left_cb), self);
  g_signal_connect (drag, "drag-begin", G_CALLBACK (drag_begin_cb), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (drag_update_cb), self);
  g_signal_connect (drag, "drag-end", G_CALLBACK (drag_end_cb), self);
  gtk_widget_add_controller (widget, keys);
  gtk_widget_add_controller (widget, focus);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));
}
