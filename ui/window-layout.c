/* SPDX-License-Identifier: MIT
 * Widths and folding. Below 900 px the panes lie over the canvas and start closed; a low window starts with the
 * strip folded. What the person set by hand is kept. */
#include "window-private.h"

#define NARROW 900
#define SMALL 1100
#define WIDE 1600
#define LOW 740
#define TALL 1000

enum
{
  WIDTH_UNKNOWN,
  WIDTH_NARROW,
  WIDTH_SMALL,
  WIDTH_USUAL,
  WIDTH_WIDE
};

enum
{
  HEIGHT_UNKNOWN,
  HEIGHT_LOW,
  HEIGHT_USUAL,
  HEIGHT_TALL
};

static void
apply_widths (AlidadeWindow *self)
{
  static const int library[] = { 232, 232, 220, 232, 320 };
  static const int controls[] = { 252, 252, 220, 252, 288 };
  int left = self->library_width > 0 ? self->library_width : library[self->width_class];
  int right = self->controls_width > 0 ? self->controls_width : controls[self->width_class];

  gtk_widget_set_size_request (self->library_side, left, -1);
  gtk_widget_set_size_request (self->controls_side, right, -1);
  alidade_library_pane_set_columns (self->library_pane, MAX (left / 105, 2));
}

static void
apply_strip (AlidadeWindow *self)
{
  gboolean shown = self->settings == NULL || g_settings_get_boolean (self->settings, "strip-shown");

  alidade_word_strip_set_side (self->strip, self->height_class == HEIGHT_TALL ? 84 : 64);
  alidade_word_strip_set_folded (self->strip,
                                 !shown || self->width_class == WIDTH_NARROW || self->height_class == HEIGHT_LOW);
}

static gboolean
setting (AlidadeWindow *self, const char *key)
{
  return self->settings == NULL || g_settings_get_boolean (self->settings, key);
}

static void
apply (AlidadeWindow *self, int width, int height)
{
  int width_class = width < NARROW  ? WIDTH_NARROW
                    : width < SMALL ? WIDTH_SMALL
                    : width < WIDE  ? WIDTH_USUAL
                                    : WIDTH_WIDE;
  int height_class = height < LOW ? HEIGHT_LOW : height < TALL ? HEIGHT_USUAL : HEIGHT_TALL;
  gboolean narrow = width_class == WIDTH_NARROW;
  gboolean was_narrow = self->width_class == WIDTH_NARROW;
  gboolean first = self->width_class == WIDTH_UNKNOWN;

  if (width_class == self->width_class && height_class == self->height_class)
    return;
  self->width_class = width_class;
  self->height_class = height_class;
  /* The switcher needs its room. */
  gtk_widget_set_visible (GTK_WIDGET (self->device_label),
                          width_class >= WIDTH_USUAL || (!narrow && _alidade_window_get_n_views (self) == 1));
  apply_widths (self);
  apply_strip (self);
  if (!first && narrow == was_narrow)
    return;
  _alidade_window_set_narrow (self, narrow);
  adw_flap_set_reveal_flap (self->library_flap, !narrow && setting (self, "library-shown"));
  adw_flap_set_reveal_flap (self->controls_flap, !narrow && setting (self, "controls-shown"));
  alidade_query_bar_set_narrow (self->query_bar, narrow);
  gtk_label_set_max_width_chars (self->project_label, narrow ? 12 : 22);
  gtk_label_set_max_width_chars (self->model_label, narrow ? 12 : 20);
}

typedef struct
{
  AlidadeWindow *window;
  int width, height;
} Size;

static gboolean
layout_idle_cb (gpointer data)
{
  Size *size = data;

  size->window->layout_id = 0;
  apply (size->window, size->width, size->height);
  return G_SOURCE_REMOVE;
}

/* Properties must not change while sizes are being allotted: a little later. */
static void
layout_cb (GdkSurface *surface, int width, int height, AlidadeWindow *self)
{
  Size *size = g_new (Size, 1);

  /* Without the shadow around the window. */
  size->window = self;
  size->width = gtk_widget_get_width (GTK_WIDGET (self)) > 0 ? gtk_widget_get_width (GTK_WIDGET (self)) : width;
  size->height = gtk_widget_get_height (GTK_WIDGET (self)) > 0 ? gtk_widget_get_height (GTK_WIDGET (self)) : height;
  g_clear_handle_id (&self->layout_id, g_source_remove);
  self->layout_id = g_idle_add_full (G_PRIORITY_HIGH_IDLE + 15, layout_idle_cb, size, g_free);
}

static void
realize_cb (AlidadeWindow *self)
{
  int width, height;

  gtk_window_get_default_size (GTK_WINDOW (self), &width, &height);
  apply (self, width, height);
  g_signal_connect_object (gtk_native_get_surface (GTK_NATIVE (self)), "layout", G_CALLBACK (layout_cb), self,
                           G_CONNECT_AFTER);
}

static void
library_resized_cb (AlidadePaneHandle *handle, int width, AlidadeWindow *self)
{
  self->library_width = width;
  alidade_library_pane_set_columns (self->library_pane, MAX (width / 105, 2));
  if (self->settings != NULL)
    g_settings_set_int (self->settings, "library-width", width);
}

static void
controls_resized_cb (AlidadePaneHandle *handle, int width, AlidadeWindow *self)
{
  self->controls_width = width;
  if (self->settings != NULL)
    g_settings_set_int (self->settings, "controls-width", width);
}

static void
folded_cb (AlidadeWindow *self)
{
  alidade_query_bar_set_chip_maps (self->query_bar, alidade_word_strip_get_folded (self->strip));
}

/* A width stays automatic until somebody sets it. */
static int
kept_width (AlidadeWindow *self, const char *key)
{
  g_autoptr (GVariant) value = self->settings != NULL ? g_settings_get_user_value (self->settings, key) : NULL;

  return value != NULL ? g_variant_get_int32 (value) : 0;
}

/* What folds is an action with a state, for its key and for a check mark in the menu. */
static void
add_fold_actions (AlidadeWindow *self)
{
  const struct
  {
    const char *name;
    gpointer object;
    const char *property;
    gboolean is_inverted;
  } folds[] = {
    { "toggle-library", self->library_toggle, "active", FALSE },
    { "toggle-controls", self->controls_toggle, "active", FALSE },
    { "toggle-strip", self->strip, "folded", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (folds); i++)
    {
      g_autoptr (GPropertyAction) action
          = g_object_new (G_TYPE_PROPERTY_ACTION, "name", folds[i].name, "object", folds[i].object, "property-name",
                          folds[i].property, "invert-boolean", folds[i].is_inverted, NULL);

      g_action_map_add_action (G_ACTION_MAP (self), G_ACTION (action));
    }
}

void
_alidade_window_init_layout (AlidadeWindow *self)
{
  add_fold_actions (self);
  self->library_width = kept_width (self, "library-width");
  self->controls_width = kept_width (self, "controls-width");
  if (self->settings != NULL)
    {
      gtk_window_set_default_size (GTK_WINDOW (self), g_settings_get_int (self->settings, "window-width"),
                                   g_settings_get_int (self->settings, "window-height"));
      if (g_settings_get_boolean (self->settings, "window-maximized"))
        gtk_window_maximize (GTK_WINDOW (self));
    }
  alidade_pane_handle_set_target (self->library_handle, self->library_side, TRUE, 180, 640);
  alidade_pane_handle_set_target (self->controls_handle, self->controls_side, FALSE, 220, 480);
  g_signal_connect (self->library_handle, "resized", G_CALLBACK (library_resized_cb), self);
  g_signal_connect (self->controls_handle, "resized", G_CALLBACK (controls_resized_cb), self);
  g_signal_connect_swapped (self->strip, "notify::folded", G_CALLBACK (folded_cb), self);
  g_signal_connect (self, "realize", G_CALLBACK (realize_cb), NULL);
}

void
_alidade_window_save_layout (AlidadeWindow *self)
{
  int width, height;

  if (self->settings == NULL)
    return;
  gtk_window_get_default_size (GTK_WINDOW (self), &width, &height);
  if (width >= 360 && height >= 294)
    {
      g_settings_set_int (self->settings, "window-width", width);
      g_settings_set_int (self->settings, "window-height", height);
    }
  g_settings_set_boolean (self->settings, "window-maximized", gtk_window_is_maximized (GTK_WINDOW (self)));
  if (self->width_class != WIDTH_NARROW)
    {
      g_settings_set_boolean (self->settings, "library-shown", adw_flap_get_reveal_flap (self->library_flap));
      g_settings_set_boolean (self->settings, "controls-shown", adw_flap_get_reveal_flap (self->controls_flap));
      if (self->height_class != HEIGHT_LOW)
        g_settings_set_boolean (self->settings, "strip-shown", !alidade_word_strip_get_folded (self->strip));
    }
  g_settings_set_enum (self->settings, "colours", alidade_look_get_colours (self->look));
}
