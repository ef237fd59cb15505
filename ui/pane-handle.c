/* SPDX-License-Identifier: MIT */
#include "pane-handle.h"

struct _AlidadePaneHandle
{
  GtkWidget parent_instance;

  GtkWidget *target; /* borrowed */
  gboolean grows_right;
  int smallest, largest;
  int start_width;
  double start_x; /* of the pointer in the window: the handle itself moves */
};

G_DEFINE_FINAL_TYPE (AlidadePaneHandle, alidade_pane_handle, GTK_TYPE_WIDGET)

enum
{
  RESIZED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

#define HANDLE_WIDTH 6
#define KEY_STEP 12

static void
set_width (AlidadePaneHandle *self, int width)
{
  width = CLAMP (width, self->smallest, self->largest);
  gtk_widget_set_size_request (self->target, width, -1);
  g_signal_emit (self, signals[RESIZED], 0, width);
}

static double
pointer_x (AlidadePaneHandle *self, GtkGestureDrag *drag)
{
  double x = 0, y = 0, in_root = 0;

  gtk_gesture_get_point (GTK_GESTURE (drag), NULL, &x, &y);
  gtk_widget_translate_coordinates (GTK_WIDGET (self), GTK_WIDGET (gtk_widget_get_root (GTK_WIDGET (self))), x, y,
                                    &in_root, NULL);
  return in_root;
}

static void
drag_begin_cb (GtkGestureDrag *drag, double x, double y, AlidadePaneHandle *self)
{
  self->start_width = gtk_widget_get_width (self->target);
  self->start_x = pointer_x (self, drag);
}

static void
drag_update_cb (GtkGestureDrag *drag, double x, double y, AlidadePaneHandle *self)
{
  double moved = pointer_x (self, drag) - self->start_x;

  set_width (self, self->start_width + (self->grows_right ? moved : -moved));
}

static gboolean
key_cb (GtkEventControllerKey *keys, guint keyval, guint keycode, GdkModifierType state, AlidadePaneHandle *self)
{
  int step = keyval == GDK_KEY_Right ? KEY_STEP : keyval == GDK_KEY_Left ? -KEY_STEP : 0;

  if (step == 0)
    return GDK_EVENT_PROPAGATE;
  set_width (self, gtk_widget_get_width (self->target) + (self->grows_right ? step : -step));
  return GDK_EVENT_STOP;
}

static void
alidade_pane_handle_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                             int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? HANDLE_WIDTH : 0;
}

static void
alidade_pane_handle_class_init (AlidadePaneHandleClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->measure = alidade_pane_handle_measure;
  signals[RESIZED] = g_signal_new ("resized", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_INT);
  gtk_widget_class_set_css_name (widget_class, "panehandle");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_SEPARATOR);
}

static void
alidade_pane_handle_init (AlidadePaneHandle *self)
{
  GtkGesture *drag = gtk_gesture_drag_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();

  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), "col-resize");
  g_signal_connect (drag, "drag-begin", G_CALLBACK (drag_begin_cb), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (drag_update_cb), self);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (key_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drag));
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
}

void
alidade_pane_handle_set_target (AlidadePaneHandle *self, GtkWidget *target, gboolean grows_right, int smallest,
                                int largest)
{
  g_return_if_fail (ALIDADE_IS_PANE_HANDLE (self));

  self->target = target;
  self->grows_right = grows_right;
  self->smallest = smallest;
  self->largest = largest;
}
