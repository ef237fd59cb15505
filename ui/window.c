/* SPDX-License-Identifier: MIT */
#include "window-private.h"

G_DEFINE_FINAL_TYPE (AlidadeWindow, alidade_window, ADW_TYPE_APPLICATION_WINDOW)

static void
try_select_first (AlidadeWindow *self)
{
  if (self->select_first && alidade_project_index_get_is_open (self->index))
    {
      self->select_first = FALSE;
      alidade_project_pane_select_first (alidade_library_pane_get_project (self->library_pane));
      return;
    }
  if (!self->select_first || g_list_model_get_n_items (G_LIST_MODEL (self->library)) == 0)
    return;
  self->select_first = FALSE;
  alidade_library_pane_select (self->library_pane, 0);
}

/* Without pictures there is nothing to type about. */
static void
update_emptiness (AlidadeWindow *self)
{
  gboolean anything = g_list_model_get_n_items (G_LIST_MODEL (self->library)) > 0
                      || g_list_model_get_n_items (G_LIST_MODEL (self->pictures)) > 0
                      || alidade_exploration_get_picture (self->exploration) != NULL;

  gtk_widget_set_visible (GTK_WIDGET (self->query_bar), anything);
  gtk_widget_set_visible (GTK_WIDGET (self->strip), anything);
}

static void
library_changed_cb (AlidadeWindow *self)
{
  update_emptiness (self);
  try_select_first (self);
  _alidade_window_update_project (self);
}

static void
picture_changed_cb (AlidadeWindow *self)
{
  AlidadePicture *picture = alidade_exploration_get_picture (self->exploration);

  update_emptiness (self);
  adw_view_switcher_title_set_title (self->title, picture != NULL ? alidade_picture_get_name (picture) : "Alidade");
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.show-in-files", picture != NULL);
}

static void
alidade_window_dispose (GObject *object)
{
  AlidadeWindow *self = ALIDADE_WINDOW (object);

  g_clear_handle_id (&self->layout_id, g_source_remove);
  g_clear_handle_id (&self->unreadable_id, g_source_remove);
  g_clear_pointer (&self->open_failure, g_free);
  g_clear_pointer (&self->missing_root, g_free);
  g_clear_handle_id (&self->missing_id, g_source_remove);
  g_clear_pointer (&self->import_report, gtk_window_destroy);
  if (self->opening != NULL)
    g_cancellable_cancel (self->opening);
  g_clear_object (&self->opening);
  g_clear_pointer (&self->wished_path, g_free);
  g_clear_pointer (&self->wished_vocab, g_free);
  if (self->service != NULL)
    g_signal_handlers_disconnect_by_data (self->service, self);
  if (self->pictures != NULL)
    g_signal_handlers_disconnect_by_data (self->pictures, self);
  g_clear_object (&self->pictures);
  if (self->library != NULL)
    g_signal_handlers_disconnect_by_data (self->library, self);
  if (self->exploration != NULL)
    g_signal_handlers_disconnect_by_data (self->exploration, self);
  if (self->recent != NULL)
    g_signal_handlers_disconnect_by_data (self->recent, self);
  if (self->projects != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->projects, self);
      alidade_project_service_close (self->projects);
    }
  if (self->chooser != NULL)
    gtk_native_dialog_destroy (GTK_NATIVE_DIALOG (self->chooser));
  g_clear_object (&self->chooser);
  gtk_widget_dispose_template (GTK_WIDGET (self), ALIDADE_TYPE_WINDOW);
  for (int side = 0; side < ALIDADE_VIEW_N_SIDES; side++)
    g_clear_object (&self->pane_bindings[side]);
  g_clear_object (&self->projects);
  g_clear_object (&self->exploration);
  g_clear_object (&self->look);
  g_clear_object (&self->recent);
  g_clear_object (&self->service);
  g_clear_object (&self->library);
  g_clear_object (&self->index);
  g_clear_object (&self->settings);
  g_clear_object (&self->recent_folders);
  g_clear_object (&self->recent_projects);
  g_clear_object (&self->recent_models);

  G_OBJECT_CLASS (alidade_window_parent_class)->dispose (object);
}

static gboolean
alidade_window_close_request (GtkWindow *window)
{
  _alidade_window_save_layout (ALIDADE_WINDOW (window));
  _alidade_window_keep_copied (ALIDADE_WINDOW (window));
  /* What people did becomes durable, and a job that is cancelled tidies up, with the window gone from the screen.
   * Not left to the last reference: jobs hold some. */
  gtk_widget_set_visible (GTK_WIDGET (window), FALSE);
  gdk_display_flush (gtk_widget_get_display (GTK_WIDGET (window)));
  alidade_project_service_close (ALIDADE_WINDOW (window)->projects);
  return GTK_WINDOW_CLASS (alidade_window_parent_class)->close_request (window);
}

static void
alidade_window_class_init (AlidadeWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = alidade_window_close_request;
  g_type_ensure (ALIDADE_TYPE_CANVAS_VIEW);
  g_type_ensure (ALIDADE_TYPE_LIBRARY_PANE);
  g_type_ensure (ALIDADE_TYPE_MAP_PANE);
  g_type_ensure (ALIDADE_TYPE_NOTICE_BAR);
  g_type_ensure (ALIDADE_TYPE_PANE_HANDLE);
  g_type_ensure (ALIDADE_TYPE_QUERY_BAR);
  g_type_ensure (ALIDADE_TYPE_WORD_STRIP);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/alidade/ui/window.ui");
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, title);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, page_overlay);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, switcher_bar);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, library_toggle);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, controls_toggle);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, project_button);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, project_label);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, project_lock);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, model_button);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, model_label);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, device_label);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, model_spinner);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, notice);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, project_notice);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, job);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, relink_notice);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, jobs);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, library_flap);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, controls_flap);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, library_pane);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, library_handle);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, controls_handle);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, library_side);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, controls_side);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, map_pane);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, query_bar);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, canvas_view);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, strip);
  gtk_widget_class_bind_template_child (widget_class, AlidadeWindow, drop_frame);
  _alidade_window_class_init_actions (widget_class);
  _alidade_window_class_init_library (widget_class);
  _alidade_window_class_init_model (widget_class);
  _alidade_window_class_init_export (widget_class);
  _alidade_window_class_init_notices (widget_class);
  _alidade_window_class_init_views (widget_class);
  _alidade_window_class_init_project (widget_class);
  _alidade_window_class_init_import (widget_class);
  _alidade_window_class_init_labels (widget_class);
}

static void
alidade_window_init (AlidadeWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
bind_settings (AlidadeWindow *self)
{
  if (self->settings == NULL)
    return;
  g_settings_bind (self->settings, "opacity", self->look, "opacity", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (self->settings, "threshold", self->look, "threshold", G_SETTINGS_BIND_DEFAULT);
  g_object_set (self->look, "colours", (guint) g_settings_get_enum (self->settings, "colours"), NULL);
}

AlidadeWindow *
alidade_window_new (AdwApplication *app, AlidadeEngineService *service, AlidadeLibrary *library, GSettings *settings)
{
  AlidadeWindow *self = g_object_new (ALIDADE_TYPE_WINDOW, "application", app, NULL);

  self->service = g_object_ref (service);
  self->projects = alidade_project_service_new ();
  self->library = g_object_ref (library);
  self->settings = settings != NULL ? g_object_ref (settings) : NULL;
  self->look = alidade_look_new ();
  self->recent = alidade_recent_new (NULL);
  self->exploration = alidade_exploration_new (service, self->look);
  bind_settings (self);

  alidade_library_pane_set_exploration (self->library_pane, self->exploration, library);
  self->index = alidade_project_index_new (self->projects);
  alidade_library_pane_set_project (self->library_pane, self->index);
  self->pictures = g_object_ref (
      alidade_project_pane_get_pictures (alidade_library_pane_get_project (self->library_pane)));
  alidade_query_bar_set_exploration (self->query_bar, self->exploration);
  alidade_canvas_view_set_exploration (self->canvas_view, self->exploration, library);
  alidade_canvas_view_set_pictures (self->canvas_view, self->pictures);
  alidade_word_strip_set_exploration (self->strip, self->exploration);
  alidade_map_pane_set_exploration (self->map_pane, self->exploration);

  _alidade_window_init_menus (self);
  _alidade_window_init_views (self);
  _alidade_window_init_layout (self);
  _alidade_window_init_library (self);
  _alidade_window_init_model (self);
  _alidade_window_init_dnd (self);
  _alidade_window_init_export (self);
  _alidade_window_init_notices (self);
  _alidade_window_init_project (self);
  _alidade_window_init_relink (self);
  _alidade_window_init_review (self);
  g_signal_connect_swapped (library, "items-changed", G_CALLBACK (library_changed_cb), self);
  g_signal_connect_swapped (library, "notify", G_CALLBACK (library_changed_cb), self);
  g_signal_connect_swapped (self->pictures, "items-changed", G_CALLBACK (update_emptiness), self);
  g_signal_connect_swapped (self->exploration, "picture-changed", G_CALLBACK (picture_changed_cb), self);
  library_changed_cb (self);
  picture_changed_cb (self);
  alidade_query_bar_focus_entry (self->query_bar);
  return self;
}

void
alidade_window_open_paths (AlidadeWindow *self, GFile *const *files, guint n_files)
{
  g_autoptr (GPtrArray) pictures = g_ptr_array_new ();

  g_return_if_fail (ALIDADE_IS_WINDOW (self));

  /* A checkpoint among them becomes the model; the rest are pictures. */
  for (guint i = 0; i < n_files; i++)
    if (_alidade_window_is_checkpoint (files[i]))
      _alidade_window_open_model (self, g_file_peek_path (files[i]), NULL, FALSE);
    else
      g_ptr_array_add (pictures, files[i]);
  if (pictures->len == 0)
    {
      if (g_list_model_get_n_items (G_LIST_MODEL (self->library)) > 0)
        return;
      alidade_library_open_samples (self->library, NULL);
    }
  else
    {
      GFile *only = pictures->len == 1 ? pictures->pdata[0] : NULL;

      if (only != NULL && _alidade_window_is_project (only))
        {
          _alidade_window_open_project (self, g_file_peek_path (only), FALSE);
          return;
        }
      _alidade_window_close_project (self);
      alidade_exploration_set_picture (self->exploration, NULL);
      alidade_library_open_files (self->library, (GFile *const *) pictures->pdata, pictures->len);
      if (only != NULL && g_file_peek_path (only) != NULL
          && g_file_query_file_type (only, G_FILE_QUERY_INFO_NONE, NULL) == G_FILE_TYPE_DIRECTORY)
        alidade_recent_add (self->recent, ALIDADE_RECENT_FOLDERS, g_file_peek_path (only));
    }
  alidade_window_select_first (self);
}

void
alidade_window_select_first (AlidadeWindow *self)
{
  g_return_if_fail (ALIDADE_IS_WINDOW (self));

  self->select_first = TRUE;
  try_select_first (self);
}
