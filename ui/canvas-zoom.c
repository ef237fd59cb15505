/* SPDX-License-Identifier: MIT
 * The canvas's class actions and their keys. */
#include "canvas-private.h"

#include "viewport-control.h"

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

  viewport_control_class_init (widget_class);
  gtk_widget_class_install_action (widget_class, "canvas.next-word", NULL, step_word);
  gtk_widget_class_install_action (widget_class, "canvas.previous-word", NULL, step_word);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_widget_class_add_binding_action (widget_class, keys[i].key, 0, keys[i].action, NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_plus, GDK_SHIFT_MASK, "canvas.zoom-in", NULL);
}
