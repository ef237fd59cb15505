/* SPDX-License-Identifier: MIT
 * The whole library, by Ctrl+L over the page that is on screen: made when it is first asked for. The header stays, with
 * the project's menu and what goes on in the background. */
#include "library-view.h"
#include "window-private.h"

gboolean
_alidade_window_shows_library (AlidadeWindow *self)
{
  return self->library_view != NULL && gtk_widget_get_visible (self->library_view);
}

static void
set_shown (AlidadeWindow *self, gboolean shown)
{
  if (shown == _alidade_window_shows_library (self))
    return;
  /* Keys go to what is on top. The focus moves before its old place is closed to it. */
  if (!shown)
    gtk_widget_set_sensitive (GTK_WIDGET (self->stack), TRUE);
  else
    gtk_widget_set_visible (self->library_view, TRUE);
  if (shown)
    {
      alidade_library_view_set_narrow (ALIDADE_LIBRARY_VIEW (self->library_view), self->is_narrow);
      alidade_library_view_enter (ALIDADE_LIBRARY_VIEW (self->library_view));
      gtk_widget_set_sensitive (GTK_WIDGET (self->stack), FALSE);
    }
  else
    {
      gtk_widget_child_focus (GTK_WIDGET (self->stack), GTK_DIR_TAB_FORWARD);
      gtk_widget_set_visible (self->library_view, FALSE);
    }
  _alidade_window_update_views (self);
}

void
_alidade_window_leave_library (AlidadeWindow *self)
{
  if (_alidade_window_shows_library (self))
    set_shown (self, FALSE);
}

static void
open_cb (AlidadeWindow *self, gint64 id)
{
  set_shown (self, FALSE);
  adw_view_stack_set_visible_child_name (self->stack, "explore");
  alidade_project_pane_select_id (alidade_library_pane_get_project (self->library_pane), id);
  alidade_query_bar_focus_entry (self->query_bar);
}

static void
show_library (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);

  if (!alidade_project_index_get_is_open (self->index))
    return;
  if (self->library_view == NULL)
    {
      self->library_view
          = alidade_library_view_new (self->index, alidade_library_pane_get_thumbnailer (self->library_pane),
                                      _alidade_window_by (self), self->settings);
      gtk_widget_set_visible (self->library_view, FALSE);
      gtk_overlay_add_overlay (self->page_overlay, self->library_view);
      g_signal_connect_swapped (self->library_view, "close", G_CALLBACK (_alidade_window_leave_library), self);
      g_signal_connect_swapped (self->library_view, "open", G_CALLBACK (open_cb), self);
    }
  set_shown (self, !_alidade_window_shows_library (self));
}

static void
reset_cb (AlidadeWindow *self)
{
  gboolean open = alidade_project_index_get_is_open (self->index);

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.library", open);
  if (!open)
    _alidade_window_leave_library (self);
}

void
_alidade_window_init_library (AlidadeWindow *self)
{
  g_signal_connect_swapped (self->index, "reset", G_CALLBACK (reset_cb), self);
  g_signal_connect_swapped (self->stack, "notify::visible-child", G_CALLBACK (_alidade_window_leave_library), self);
  reset_cb (self);
}

void
_alidade_window_class_init_library (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.library", NULL, show_library);
}
