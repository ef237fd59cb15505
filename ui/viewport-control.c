/* SPDX-License-Identifier: MIT */
#include "viewport-control.h"

#include <math.h>

#define PAN_STEP 64.0     /* CSS pixels */
#define WHEEL_FACTOR 1.2  /* zoom per notch */
#define SURFACE_FACTOR 1.01
#define WHEEL_PAN 48.0

typedef struct
{
  AlidadeViewport *viewport;
  double pointer_x, pointer_y;
  double pinch_zoom; /* zoom at the start of a pinch */
} Control;

static Control *
control_of (GtkWidget *widget)
{
  return g_object_get_data (G_OBJECT (widget), "viewport-control");
}

static void
zoom_in (GtkWidget *widget, const char *name, GVariant *parameter)
{
  alidade_viewport_zoom_step (control_of (widget)->viewport, 1);
}

static void
zoom_out (GtkWidget *widget, const char *name, GVariant *parameter)
{
  alidade_viewport_zoom_step (control_of (widget)->viewport, -1);
}

static void
fit (GtkWidget *widget, const char *name, GVariant *parameter)
{
  alidade_viewport_fit (control_of (widget)->viewport);
}

static void
actual_size (GtkWidget *widget, const char *name, GVariant *parameter)
{
  alidade_viewport_zoom_at (control_of (widget)->viewport, 1, gtk_widget_get_width (widget) / 2.0,
                            gtk_widget_get_height (widget) / 2.0);
}

static void
pan (GtkWidget *widget, const char *name, GVariant *parameter)
{
  double dx = g_str_has_suffix (name, "left") ? PAN_STEP : g_str_has_suffix (name, "right") ? -PAN_STEP : 0;
  double dy = g_str_has_suffix (name, "up") ? PAN_STEP : g_str_has_suffix (name, "down") ? -PAN_STEP : 0;

  alidade_viewport_pan (control_of (widget)->viewport, dx, dy);
}

static gboolean
scroll_cb (GtkEventControllerScroll *scroll, double dx, double dy, Control *self)
{
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (scroll));
  gboolean wheel = gtk_event_controller_scroll_get_unit (scroll) == GDK_SCROLL_UNIT_WHEEL;
  double x, y, width, height;

  if (!alidade_viewport_get_picture_rect (self->viewport, &x, &y, &width, &height))
    return GDK_EVENT_PROPAGATE;
  if ((state & GDK_SHIFT_MASK) != 0 && wheel)
    alidade_viewport_pan (self->viewport, -(dx + dy) * WHEEL_PAN, 0);
  else if (wheel || (state & GDK_CONTROL_MASK) != 0)
    alidade_viewport_zoom_at (
        self->viewport, alidade_viewport_get_zoom (self->viewport) * pow (wheel ? WHEEL_FACTOR : SURFACE_FACTOR, -dy),
        self->pointer_x, self->pointer_y);
  else
    alidade_viewport_pan (self->viewport, -dx, -dy);
  return GDK_EVENT_STOP;
}

static void
motion_cb (GtkEventControllerMotion *motion, double x, double y, Control *self)
{
  self->pointer_x = x;
  self->pointer_y = y;
}

static void
pinch_begin_cb (GtkGesture *gesture, GdkEventSequence *sequence, Control *self)
{
  self->pinch_zoom = alidade_viewport_get_zoom (self->viewport);
}

static void
pinch_cb (GtkGestureZoom *gesture, double scale, Control *self)
{
  double x, y;

  if (gtk_gesture_get_bounding_box_center (GTK_GESTURE (gesture), &x, &y))
    alidade_viewport_zoom_at (self->viewport, self->pinch_zoom * scale, x, y);
}

void
viewport_control_class_init (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "canvas.zoom-in", NULL, zoom_in);
  gtk_widget_class_install_action (widget_class, "canvas.zoom-out", NULL, zoom_out);
  gtk_widget_class_install_action (widget_class, "canvas.fit", NULL, fit);
  gtk_widget_class_install_action (widget_class, "canvas.actual-size", NULL, actual_size);
  gtk_widget_class_install_action (widget_class, "canvas.pan-left", NULL, pan);
  gtk_widget_class_install_action (widget_class, "canvas.pan-right", NULL, pan);
  gtk_widget_class_install_action (widget_class, "canvas.pan-up", NULL, pan);
  gtk_widget_class_install_action (widget_class, "canvas.pan-down", NULL, pan);
}

void
viewport_control_attach (GtkWidget *widget, AlidadeViewport *viewport)
{
  Control *self = g_new0 (Control, 1);
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkGesture *pinch = gtk_gesture_zoom_new ();

  self->viewport = viewport;
  g_object_set_data_full (G_OBJECT (widget), "viewport-control", self, g_free);
  g_signal_connect (scroll, "scroll", G_CALLBACK (scroll_cb), self);
  g_signal_connect (motion, "motion", G_CALLBACK (motion_cb), self);
  g_signal_connect (pinch, "begin", G_CALLBACK (pinch_begin_cb), self);
  g_signal_connect (pinch, "scale-changed", G_CALLBACK (pinch_cb), self);
  gtk_widget_add_controller (widget, scroll);
  gtk_widget_add_controller (widget, motion);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (pinch));
}
