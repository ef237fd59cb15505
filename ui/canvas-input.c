/* SPDX-License-Identifier: MIT
 * Pointer and held keys on the canvas: the wheel zooms to the cursor, two fingers pan and pinch, a drag pans, a click
 * asks which words look there, Space shows the bare picture while it is held. */
#include "canvas-private.h"

#include <math.h>

#define WHEEL_FACTOR 1.2 /* zoom per notch */
#define SURFACE_FACTOR 1.01
#define CLICK_SLACK 4.0 /* CSS pixels a click may move */

static gboolean
scroll_cb (GtkEventControllerScroll *scroll, double dx, double dy, AlidadeCanvas *self)
{
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (scroll));
  gboolean wheel = gtk_event_controller_scroll_get_unit (scroll) == GDK_SCROLL_UNIT_WHEEL;

  if (alidade_exploration_get_pyramid (self->exploration) == NULL)
    return GDK_EVENT_PROPAGATE;
  if ((state & GDK_SHIFT_MASK) != 0 && wheel)
    alidade_viewport_pan (self->viewport, -(dx + dy) * 48, 0);
  else if (wheel || (state & GDK_CONTROL_MASK) != 0)
    alidade_viewport_zoom_at (
        self->viewport, alidade_viewport_get_zoom (self->viewport) * pow (wheel ? WHEEL_FACTOR : SURFACE_FACTOR, -dy),
        self->pointer_x, self->pointer_y);
  else
    alidade_viewport_pan (self->viewport, -dx, -dy);
  return GDK_EVENT_STOP;
}

static void
motion_cb (GtkEventControllerMotion *motion, double x, double y, AlidadeCanvas *self)
{
  self->pointer_x = x;
  self->pointer_y = y;
}

static void
pinch_begin_cb (GtkGesture *gesture, GdkEventSequence *sequence, AlidadeCanvas *self)
{
  self->pinch_zoom = alidade_viewport_get_zoom (self->viewport);
}

static void
pinch_cb (GtkGestureZoom *gesture, double scale, AlidadeCanvas *self)
{
  double x, y;

  if (gtk_gesture_get_bounding_box_center (GTK_GESTURE (gesture), &x, &y))
    alidade_viewport_zoom_at (self->viewport, self->pinch_zoom * scale, x, y);
}

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
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();
  GtkEventController *focus = gtk_event_controller_focus_new ();
  GtkGesture *pinch = gtk_gesture_zoom_new ();
  GtkGesture *drag = gtk_gesture_drag_new ();

  g_signal_connect (scroll, "scroll", G_CALLBACK (scroll_cb), self);
  g_signal_connect (motion, "motion", G_CALLBACK (motion_cb), self);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (key_pressed_cb), self);
  g_signal_connect (keys, "key-released", G_CALLBACK (key_released_cb), self);
  g_signal_connect (focus, "leave", G_CALLBACK (focus_left_cb), self);
  g_signal_connect (pinch, "begin", G_CALLBACK (pinch_begin_cb), self);
  g_signal_connect (pinch, "scale-changed", G_CALLBACK (pinch_cb), self);
  g_signal_connect (drag, "drag-begin", G_CALLBACK (drag_begin_cb), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (drag_update_cb), self);
  g_signal_connect (drag, "drag-end", G_CALLBACK (drag_end_cb), self);
  gtk_widget_add_controller (widget, scroll);
  gtk_widget_add_controller (widget, motion);
  gtk_widget_add_controller (widget, keys);
  gtk_widget_add_controller (widget, focus);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (pinch));
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));
}
