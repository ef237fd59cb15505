/* SPDX-License-Identifier: MIT
 * Zoom and pan of the canvas as class actions, and their keys. */
#include "canvas-private.h"

#define PAN_STEP 64.0 /* CSS pixels */

static void
zoom_in (GtkWidget *widget, const char *name, GVariant *parameter)
{
  alidade_viewport_zoom_step (ALIDADE_CANVAS (widget)->viewport, 1);
}

static void
zoom_out (GtkWidget *widget, const char *name, GVariant *parameter)
{
  alidade_viewport_zoom_step (ALIDADE_CANVAS (widget)->viewport, -1);
}

static void
fit (GtkWidget *widget, const char *name, GVariant *parameter)
{
  alidade_viewport_fit (ALIDADE_CANVAS (widget)->viewport);
}

static void
actual_size (GtkWidget *widget, const char *name, GVariant *parameter)
{
  alidade_viewport_zoom_at (ALIDADE_CANVAS (widget)->viewport, 1, gtk_widget_get_width (widget) / 2.0,
                            gtk_widget_get_height (widget) / 2.0);
}

static void
pan (GtkWidget *widget, const char *name, GVariant *parameter)
{
  double dx = g_str_has_suffix (name, "left") ? PAN_STEP : g_str_has_suffix (name, "right") ? -PAN_STEP : 0;
  double dy = g_str_has_suffix (name, "up") ? PAN_STEP : g_str_has_suffix (name, "down") ? -PAN_STEP : 0;

  alidade_viewport_pan (ALIDADE_CANVAS (widget)->viewport, dx, dy);
}

static void
step_word (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeCanvas *self = ALIDADE_CANVAS (widget);

  if (self->exploration != NULL)
    alidade_exploration_step (self->exploration, g_str_has_prefix (name, "canvas.next") ? 1 : -1, FALSE);
}

void
_alidade_canvas_class_init_zoom (GtkWidgetClass *widget_class)
{
  static const struct
  {
    guint key;
    const char *action;
  } keys[] = {
    { GDK_KEY_plus, "canvas.zoom-in" },
    { GDK_KEY_equal, "canvas.zoom-in" },
    { GDK_KEY_KP_Add, "canvas.zoom-in" },
    { GDK_KEY_minus, "canvas.zoom-out" },
    { GDK_KEY_KP_Subtract, "canvas.zoom-out" },
    { GDK_KEY_0, "canvas.fit" },
    { GDK_KEY_KP_0, "canvas.fit" },
    { GDK_KEY_f, "canvas.fit" },
    { GDK_KEY_1, "canvas.actual-size" },
    { GDK_KEY_KP_1, "canvas.actual-size" },
    { GDK_KEY_Left, "canvas.pan-left" },
    { GDK_KEY_Right, "canvas.pan-right" },
    { GDK_KEY_Up, "canvas.pan-up" },
    { GDK_KEY_Down, "canvas.pan-down" },
    { GDK_KEY_period, "canvas.next-word" },
    { GDK_KEY_comma, "canvas.previous-word" },
  };

  gtk_widget_class_install_action (widget_class, "canvas.zoom-in", NULL, zoom_in);
  gtk_widget_class_install_action (widget_class, "canvas.zoom-out", NULL, zoom_out);
  gtk_widget_class_install_action (widget_class, "canvas.fit", NULL, fit);
  gtk_widget_class_install_action (widget_class, "canvas.actual-size", NULL, actual_size);
  gtk_widget_class_install_action (widget_class, "canvas.pan-left", NULL, pan);
  gtk_widget_class_install_action (widget_class, "canvas.pan-right", NULL, pan);
  gtk_widget_class_install_action (widget_class, "canvas.pan-up", NULL, pan);
  gtk_widget_class_install_action (widget_class, "canvas.pan-down", NULL, pan);
  gtk_widget_class_install_action (widget_class, "canvas.next-word", NULL, step_word);
  gtk_widget_class_install_action (widget_class, "canvas.previous-word", NULL, step_word);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_widget_class_add_binding_action (widget_class, keys[i].key, 0, keys[i].action, NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_plus, GDK_SHIFT_MASK, "canvas.zoom-in", NULL);
}
