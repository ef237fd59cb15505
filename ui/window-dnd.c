/* SPDX-License-Identifier: MIT
 * Files and folders dropped on the window; a checkpoint becomes the model. */
#include "window-private.h"

gboolean
_alidade_window_is_checkpoint (GFile *file)
{
  const char *path = g_file_peek_path (file);

  return path != NULL && (g_str_has_suffix (path, ".pth") || g_str_has_suffix (path, ".safetensors"));
}

static gboolean
drop_cb (GtkDropTarget *target, const GValue *value, double x, double y, AlidadeWindow *self)
{
  g_autoptr (GSList) list = NULL;
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  guint before, taken;
  gboolean was_sample;

  gtk_widget_set_visible (self->drop_frame, FALSE);
  if (!G_VALUE_HOLDS (value, GDK_TYPE_FILE_LIST))
    return FALSE;
  list = gdk_file_list_get_files (g_value_get_boxed (value));
  for (GSList *link = list; link != NULL; link = link->next)
    g_ptr_array_add (files, link->data);
  if (files->len == 0)
    return FALSE;
  if (files->len == 1 && _alidade_window_is_checkpoint (files->pdata[0]))
    {
      _alidade_window_open_model (self, g_file_peek_path (files->pdata[0]), NULL, FALSE);
      return TRUE;
    }
  if (files->len == 1 && _alidade_window_is_project (files->pdata[0]))
    {
      _alidade_window_open_project (self, g_file_peek_path (files->pdata[0]), FALSE);
      return TRUE;
    }
  if (_alidade_window_takes_imports (self, (GFile *const *) files->pdata, files->len))
    {
      _alidade_window_import (self, (GFile *const *) files->pdata, files->len);
      return TRUE;
    }
  if (alidade_project_service_get_folder (self->projects) != NULL)
    {
      alidade_window_open_paths (self, (GFile *const *) files->pdata, files->len);
      return TRUE;
    }
  was_sample = alidade_library_get_is_sample (self->library);
  before = g_list_model_get_n_items (G_LIST_MODEL (self->library));
  taken = alidade_library_add (self->library, (GFile *const *) files->pdata, files->len);
  if (taken == 0)
    {
      guint position;

      /* Dropped again: show it. Anything else is no picture. */
      if (g_file_peek_path (files->pdata[0]) != NULL
          && alidade_library_find (self->library, g_file_peek_path (files->pdata[0]), &position))
        alidade_library_pane_select (self->library_pane, position);
      else
        _alidade_window_toast (
            self, "No pictures in what was dropped (PNG, JPEG, WebP, PPM). "
                  "Annotations go into a project: open one first.");
      return TRUE;
    }
  if (was_sample || before == 0)
    alidade_window_select_first (self);
  else if (g_list_model_get_n_items (G_LIST_MODEL (self->library)) > before)
    alidade_library_pane_select (self->library_pane, before);
  return TRUE;
}

static GdkDragAction
enter_cb (GtkDropTarget *target, double x, double y, AlidadeWindow *self)
{
  gtk_widget_set_visible (self->drop_frame, TRUE);
  return GDK_ACTION_COPY;
}

static void
leave_cb (GtkDropTarget *target, AlidadeWindow *self)
{
  gtk_widget_set_visible (self->drop_frame, FALSE);
}

void
_alidade_window_init_dnd (AlidadeWindow *self)
{
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  g_signal_connect (target, "drop", G_CALLBACK (drop_cb), self);
  g_signal_connect (target, "enter", G_CALLBACK (enter_cb), self);
  g_signal_connect (target, "leave", G_CALLBACK (leave_cb), self);
  /* Before the entries, which would take the files' names as text. */
  gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (target), GTK_PHASE_CAPTURE);
  gtk_widget_add_controller (GTK_WIDGET (self->toasts), GTK_EVENT_CONTROLLER (target));
}
