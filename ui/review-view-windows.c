/* SPDX-License-Identifier: MIT
 * review-view-windows.c: what stands in windows of its own, and the preferences that it sets: statistics, keys, reviewer. */
#include "review-view-private.h"

#include "review-keys-window.h"
#include "statistics-window.h"

const char *
_alidade_review_view_reviewer (AlidadeReviewView *self)
{
  static char *name; /* as long as the program */
  g_autofree char *set = self->settings != NULL ? g_strstrip (g_settings_get_string (self->settings, "reviewer")) : NULL;

  g_free (name);
  name = g_utf8_make_valid (set != NULL && *set != '\0' ? set : g_get_user_name (), -1);
  return name;
}

/* A preset's name, or a whole keymap. */
void
_alidade_review_view_load_keymap (AlidadeReviewView *self)
{
  g_autofree char *text = self->settings != NULL ? g_settings_get_string (self->settings, "review-keymap") : NULL;
  g_autoptr (GError) error = NULL;
  ReviewPreset preset = REVIEW_PRESET_ALIDADE;
  ReviewKeymap keymap;

  review_keymap_set_preset (&keymap, preset);
  if (text != NULL && review_preset_parse (text, &preset))
    review_keymap_set_preset (&keymap, preset);
  else if (text != NULL && *text != '\0' && !review_keymap_from_text (&keymap, text, &error))
    g_warning ("The kept keymap cannot be used: %s", error->message);
  alidade_review_keys_set_keymap (self->keys, &keymap);
  _alidade_review_view_update_keys (self);
}

static void
keymap_cb (AlidadeReviewView *self, gpointer window)
{
  const ReviewKeymap *keymap = alidade_review_keys_window_get_keymap (window);
  ReviewKeymap preset;
  g_autofree char *text = NULL;

  alidade_review_keys_set_keymap (self->keys, keymap);
  for (int i = 0; i < REVIEW_N_PRESETS && text == NULL; i++)
    {
      review_keymap_set_preset (&preset, i);
      if (review_keymap_equal (&preset, keymap))
        text = g_strdup (review_preset_name (i));
    }
  if (text == NULL)
    text = review_keymap_to_text (keymap);
  if (self->settings != NULL)
    g_settings_set_string (self->settings, "review-keymap", text);
  _alidade_review_view_update_keys (self);
}

static gboolean
closed_cb (AlidadeReviewView *self)
{
  alidade_review_session_set_reviewer (self->session, _alidade_review_view_reviewer (self), alidade_review_session_get_pass (self->session));
  _alidade_review_view_update_keys (self);
  return FALSE;
}

static GtkWindow *
window_of (GtkWidget *widget)
{
  GtkRoot *root = gtk_widget_get_root (widget);

  return GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL;
}

static void
keys_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeReviewView *self = ALIDADE_REVIEW_VIEW (widget);
  GtkWidget *window = alidade_review_keys_window_new (alidade_review_keys_get_keymap (self->keys), self->settings);

  gtk_window_set_transient_for (GTK_WINDOW (window), window_of (widget));
  g_signal_connect_object (window, "keymap-changed", G_CALLBACK (keymap_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (window, "close-request", G_CALLBACK (closed_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (window));
}

static void
statistics_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeReviewView *self = ALIDADE_REVIEW_VIEW (widget);
  GtkWidget *window = alidade_statistics_window_new (self->projects, alidade_review_session_get_model (self->session));

  gtk_window_set_transient_for (GTK_WINDOW (window), window_of (widget));
  gtk_window_present (GTK_WINDOW (window));
}

void
_alidade_review_view_class_init_windows (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "review.keys", NULL, keys_action);
  gtk_widget_class_install_action (widget_class, "review.statistics", NULL, statistics_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_k, GDK_CONTROL_MASK, "review.keys", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_g, GDK_CONTROL_MASK, "review.statistics", NULL);
}
