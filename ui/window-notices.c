/* SPDX-License-Identifier: MIT
 * What the window says on its own: the line about the embedded model, toasts, pictures that could not be read. */
#include "window-private.h"

#define JOB_SECONDS 9
#define GATHER_MS 800 /* unreadable pictures found in this time are told together */

void
_alidade_window_toast (AlidadeWindow *self, const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *escaped = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  escaped = g_markup_escape_text (text, -1);
  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (escaped));
}

void
_alidade_window_tell (AlidadeWindow *self, const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *escaped = NULL;
  AdwToast *toast;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  escaped = g_markup_escape_text (text, -1);
  toast = adw_toast_new (escaped);
  adw_toast_set_timeout (toast, JOB_SECONDS);
  adw_toast_overlay_add_toast (self->toasts, toast);
}

static void
update_notice (AlidadeWindow *self)
{
  AlidadePicture *picture = alidade_exploration_get_picture (self->exploration);
  gboolean foreign = picture != NULL && !alidade_picture_get_is_sample (picture)
                     && alidade_engine_service_get_is_embedded (self->service);

  alidade_notice_bar_set (
      self->notice, "dialog-information-symbolic",
      foreign ? "The embedded model knows drawn scenes. Photographs want an official ALBEF checkpoint." : NULL,
      "Open Checkpoint…", -1);
}

/* Without any model nothing works: said for as long as it is so. */
static void
update_failure (AlidadeWindow *self)
{
  const char *error = alidade_engine_service_get_error (self->service);
  gboolean failed = error != NULL && !alidade_engine_service_get_ready (self->service)
                    && !alidade_engine_service_get_opening (self->service);

  if (failed)
    alidade_notice_bar_set (self->notice, "dialog-error-symbolic", error, "Open Checkpoint…", -1);
  else
    update_notice (self);
}

static gboolean
tell_unreadable_cb (gpointer data)
{
  AlidadeWindow *self = data;
  guint bad = alidade_library_get_n_unreadable (self->library);
  guint all = g_list_model_get_n_items (G_LIST_MODEL (self->library));
  g_autofree char *text = NULL;
  AdwToast *toast;

  self->unreadable_id = 0;
  if (bad <= self->told_unreadable)
    {
      self->told_unreadable = bad;
      return G_SOURCE_REMOVE;
    }
  self->told_unreadable = bad;
  text = g_strdup_printf ("%u of %u pictures could not be read", bad, all);
  toast = adw_toast_new (text);
  adw_toast_set_button_label (toast, "Show");
  adw_toast_set_action_name (toast, "win.show-unreadable");
  adw_toast_overlay_add_toast (self->toasts, toast);
  return G_SOURCE_REMOVE;
}

static void
unreadable_cb (AlidadeWindow *self)
{
  if (self->unreadable_id == 0)
    self->unreadable_id = g_timeout_add (GATHER_MS, tell_unreadable_cb, self);
}

/* The next unreadable picture behind the shown one. */
static void
show_unreadable (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);
  AlidadePicture *shown = alidade_exploration_get_picture (self->exploration);
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->library)), start = 0;

  if (shown != NULL && alidade_library_find (self->library, alidade_picture_get_path (shown), &start))
    start++;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (AlidadePicture) picture = g_list_model_get_item (G_LIST_MODEL (self->library), (start + i) % n);

      if (alidade_picture_get_state (picture) == ALIDADE_PICTURE_UNREADABLE)
        {
          alidade_library_pane_select (self->library_pane, (start + i) % n);
          return;
        }
    }
}

static void
notice_clicked_cb (AlidadeWindow *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "win.open-model", NULL);
}

void
_alidade_window_init_notices (AlidadeWindow *self)
{
  g_signal_connect_swapped (self->notice, "button-clicked", G_CALLBACK (notice_clicked_cb), self);
  g_signal_connect_swapped (self->exploration, "picture-changed", G_CALLBACK (update_failure), self);
  g_signal_connect_swapped (self->service, "model-changed", G_CALLBACK (update_failure), self);
  g_signal_connect_swapped (self->service, "notify::error", G_CALLBACK (update_failure), self);
  g_signal_connect_swapped (self->service, "notify::opening", G_CALLBACK (update_failure), self);
  g_signal_connect_swapped (self->library, "notify::n-unreadable", G_CALLBACK (unreadable_cb), self);
  update_failure (self);
}

void
_alidade_window_class_init_notices (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.show-unreadable", NULL, show_unreadable);
}
