/* SPDX-License-Identifier: MIT
 * The project that the window has open: making, opening and closing one, what it is called, and why it can only be
 * read. Its pictures are shown in place of a folder's. */
#include "history-window.h"
#include "samples.h"
#include "window-private.h"

#include "albef.h"

const char *
_alidade_window_by (AlidadeWindow *self)
{
  return g_get_user_name ();
}

gboolean
_alidade_window_is_project (GFile *folder)
{
  const char *path = g_file_peek_path (folder);
  g_autofree char *database = path != NULL ? g_build_filename (path, "project.alidade", NULL) : NULL;

  return database != NULL && g_file_test (database, G_FILE_TEST_EXISTS);
}

/* ---- which one, and its state --------------------------------------------------------------------- */

static gboolean
is_sample (const char *folder)
{
  g_autofree char *samples = samples_project_path ();

  return g_strcmp0 (folder, samples) == 0;
}

char *
_alidade_window_title_of_folder (const char *folder)
{
  return is_sample (folder) ? g_strdup ("Drawn Scenes") : g_filename_display_basename (folder);
}

/* No empty state between the start and what is opened by itself. */
static void
set_starting (AlidadeWindow *self, gboolean starting)
{
  self->is_starting = starting;
  gtk_widget_set_visible (GTK_WIDGET (self->canvas_view), !starting);
}

static void
update_notice (AlidadeWindow *self)
{
  const char *reason = alidade_project_service_get_reason (self->projects);
  g_autofree char *text = NULL;

  if (self->open_failure != NULL)
    {
      alidade_notice_bar_set (self->project_notice, "dialog-error-symbolic", self->open_failure, "Close", -1);
      return;
    }
  text = reason != NULL ? g_strdup_printf ("Open for reading only. %s", reason) : NULL;
  alidade_notice_bar_set (self->project_notice, "changes-prevent-symbolic", text, "Try Again", -1);
}

void
_alidade_window_update_project (AlidadeWindow *self)
{
  gboolean open = alidade_project_service_get_folder (self->projects) != NULL;
  const char *reason = alidade_project_service_get_reason (self->projects);
  g_autofree char *title = open ? _alidade_window_title_of_folder (alidade_project_service_get_folder (self->projects))
                                : g_strdup (alidade_library_get_title (self->library));
  g_autofree char *spoken = NULL;
  g_autofree char *window_title = NULL;

  if (title == NULL || title[0] == '\0')
    {
      g_free (title);
      title = g_strdup ("No pictures");
    }
  gtk_label_set_text (self->project_label, title);
  gtk_widget_set_visible (self->project_lock, reason != NULL);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->project_button), reason);
  spoken = g_strdup_printf ("Project %s%s", title, reason != NULL ? ", read-only" : "");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->project_button), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  window_title = open ? g_strdup_printf ("%s%s – Alidade", title, reason != NULL ? " (read-only)" : "")
                      : g_strdup ("Alidade");
  gtk_window_set_title (GTK_WINDOW (self), window_title);
}

static void
update_actions (AlidadeWindow *self)
{
  gboolean open = alidade_project_service_get_folder (self->projects) != NULL;
  gboolean writable = open && alidade_project_service_get_reason (self->projects) == NULL;

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.close-project", open);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.import", writable);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.import-folder", writable);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.export-labels", open);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.history", open);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.add-pictures", !open || writable);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.add-folder", !open || writable);
}

static void
opened_cb (AlidadeWindow *self)
{
  const char *folder = alidade_project_service_get_folder (self->projects);

  set_starting (self, FALSE);
  g_clear_pointer (&self->import_report, gtk_window_destroy); /* of the project before */
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.show-import-report", FALSE);
  alidade_exploration_set_picture (self->exploration, NULL);
  if (folder != NULL)
    {
      g_clear_pointer (&self->open_failure, g_free);
      alidade_library_open_list (self->library, alidade_project_service_get_title (self->projects));
      alidade_window_select_first (self);
    }
  _alidade_window_look_for_missing (self);
  update_actions (self);
  update_notice (self);
  _alidade_window_update_project (self);
}

/* Where no project can be had, as with a home that cannot be written. */
static void
show_sample_scenes (AlidadeWindow *self)
{
  set_starting (self, FALSE);
  alidade_library_open_samples (self->library, NULL);
  alidade_window_select_first (self);
}

static void
open_done_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeWindow) self = data;
  g_autoptr (GError) error = NULL;

  if (alidade_project_service_open_finish (ALIDADE_PROJECT_SERVICE (source), result, &error))
    {
      alidade_recent_add (self->recent, ALIDADE_RECENT_PROJECTS, alidade_project_service_get_folder (self->projects));
      return;
    }
  if (gtk_widget_in_destruction (GTK_WIDGET (self)) || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING))
    return;
  if (self->is_starting)
    show_sample_scenes (self);
  g_free (self->open_failure);
  self->open_failure = g_strdup (error->message);
  update_notice (self);
}

void
_alidade_window_open_project (AlidadeWindow *self, const char *folder, gboolean create)
{
  alidade_project_service_open_async (self->projects, folder, create, open_done_cb, g_object_ref (self));
}

void
_alidade_window_close_project (AlidadeWindow *self)
{
  g_clear_pointer (&self->open_failure, g_free);
  update_notice (self);
  alidade_project_service_leave (self->projects);
}

gboolean
_alidade_window_takes_imports (AlidadeWindow *self, GFile *const *files, guint n_files)
{
  const char *folder = alidade_project_service_get_folder (self->projects);

  if (folder == NULL || !is_sample (folder))
    return folder != NULL;
  for (guint i = 0; i < n_files; i++)
    if (!alidade_library_is_picture_name (g_file_peek_path (files[i]) != NULL ? g_file_peek_path (files[i]) : "")
        && g_file_query_file_type (files[i], G_FILE_QUERY_INFO_NONE, NULL) != G_FILE_TYPE_DIRECTORY)
      return TRUE;
  return FALSE;
}

gboolean
_alidade_window_may_write (AlidadeWindow *self)
{
  const char *reason = alidade_project_service_get_reason (self->projects);

  if (alidade_project_service_get_folder (self->projects) == NULL)
    _alidade_window_toast (self, "No project is open: make or open one first");
  else if (reason != NULL)
    _alidade_window_toast (self, "The project is open for reading only");
  else
    return TRUE;
  return FALSE;
}

/* ---- actions -------------------------------------------------------------------------------------- */

static void
notice_clicked_cb (AlidadeWindow *self)
{
  g_autofree char *folder = g_strdup (alidade_project_service_get_folder (self->projects));

  if (self->open_failure == NULL && folder != NULL)
    {
      _alidade_window_open_project (self, folder, FALSE);
      return;
    }
  g_clear_pointer (&self->open_failure, g_free);
  update_notice (self);
}

static void
new_chosen (AlidadeWindow *self, GListModel *files, gpointer data)
{
  g_autoptr (GFile) file = g_list_model_get_item (files, 0);

  if (g_file_peek_path (file) != NULL)
    _alidade_window_open_project (self, g_file_peek_path (file), TRUE);
}

static void
new_project (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new ("New Project", GTK_WINDOW (self),
                                                               GTK_FILE_CHOOSER_ACTION_SAVE, "_Create", NULL);

  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), "My Project");
  _alidade_window_choose (self, chooser, new_chosen, NULL);
}

static void
open_chosen (AlidadeWindow *self, GListModel *files, gpointer data)
{
  g_autoptr (GFile) file = g_list_model_get_item (files, 0);

  if (g_file_peek_path (file) != NULL)
    _alidade_window_open_project (self, g_file_peek_path (file), FALSE);
}

static void
open_project (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);

  _alidade_window_choose (self, gtk_file_chooser_native_new ("Open Project", GTK_WINDOW (self),
                                                             GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, NULL, NULL),
                          open_chosen, NULL);
}

static void
open_recent_project (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);
  const char *path = g_variant_get_bytestring (parameter);
  g_autoptr (GFile) folder = g_file_new_for_path (path);

  if (_alidade_window_is_project (folder))
    {
      _alidade_window_open_project (self, path, FALSE);
      return;
    }
  {
    g_autofree char *shown = g_filename_display_name (path);

    _alidade_window_toast (self, "%s is not there any more", shown);
    alidade_recent_remove (self->recent, ALIDADE_RECENT_PROJECTS, path);
  }
}

/* Makes it where there is none; the writer's lock is given back before the window opens it. */
static void
sample_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  g_autoptr (Project) project = samples_project_open (data, albef_sample_scenes_path (), &error);

  /* Somebody has it open: it is there, then, and the window says who. */
  if (project != NULL || g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_BUSY))
    {
      g_clear_error (&error);
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_error (task, error);
}

static void
sample_made_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  AlidadeWindow *self = ALIDADE_WINDOW (source);
  g_autoptr (GError) error = NULL;

  if (gtk_widget_in_destruction (GTK_WIDGET (self)))
    return;
  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      _alidade_window_open_project (self, g_task_get_task_data (G_TASK (result)), FALSE);
      return;
    }
  if (self->is_starting)
    {
      show_sample_scenes (self);
      return;
    }
  g_free (self->open_failure);
  self->open_failure = g_strdup (error->message);
  update_notice (self);
}

static void
open_sample_project (AlidadeWindow *self)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, sample_made_cb, NULL);

  g_task_set_task_data (task, samples_project_path (), g_free);
  g_task_run_in_thread (task, sample_thread);
}

static void
sample_project (GtkWidget *widget, const char *name, GVariant *parameter)
{
  open_sample_project (ALIDADE_WINDOW (widget));
}

void
alidade_window_open_start (AlidadeWindow *self)
{
  const char *const *recent;

  g_return_if_fail (ALIDADE_IS_WINDOW (self));

  set_starting (self, TRUE);
  recent = alidade_recent_get (self->recent, ALIDADE_RECENT_PROJECTS);
  for (guint i = 0; recent[i] != NULL; i++)
    {
      g_autoptr (GFile) folder = g_file_new_for_path (recent[i]);

      if (!_alidade_window_is_project (folder))
        continue;
      _alidade_window_open_project (self, recent[i], FALSE);
      return;
    }
  open_sample_project (self);
}

static void
close_project (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);

  _alidade_window_close_project (self);
  alidade_library_clear (self->library);
}

static void
show_history (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);

  gtk_window_present (GTK_WINDOW (
      alidade_history_window_new (GTK_WINDOW (self), self->projects, _alidade_window_by (self))));
}

void
_alidade_window_init_project (AlidadeWindow *self)
{
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.show-import-report", FALSE);
  g_signal_connect_swapped (self->projects, "opened", G_CALLBACK (opened_cb), self);
  g_signal_connect_swapped (self->project_notice, "button-clicked", G_CALLBACK (notice_clicked_cb), self);
  update_actions (self);
}

void
_alidade_window_class_init_project (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.new-project", NULL, new_project);
  gtk_widget_class_install_action (widget_class, "win.open-project", NULL, open_project);
  gtk_widget_class_install_action (widget_class, "win.open-recent-project", "ay", open_recent_project);
  gtk_widget_class_install_action (widget_class, "win.sample-project", NULL, sample_project);
  gtk_widget_class_install_action (widget_class, "win.close-project", NULL, close_project);
  gtk_widget_class_install_action (widget_class, "win.history", NULL, show_history);
}
