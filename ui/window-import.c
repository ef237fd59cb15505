/* SPDX-License-Identifier: MIT
 * What comes into the open project: pictures at once, folders of pictures in the background, annotation files after a
 * look at them. */
#include "import-report.h"
#include "import-window.h"
#include "window-private.h"

#include <string.h>

#define MOST_WINDOWS 6 /* of previews, for a drop of very many files */

/* ---- the import itself ---------------------------------------------------------------------------- */

typedef struct
{
  AlidadeWindowJob job;
  AlidadeImportRequest *request;
  char **pictures; /* of request->source, these alone; NULL */
  char *by;
  WorkMeter meter;
  GMutex lock;        /* of what follows, while it runs */
  ImportReport shown; /* counts alone */
  gint64 began;       /* monotonic; 0: not yet */
  ImportReport report; /* the writer's thread, then ours */
} ImportJob;

static void
import_job_free (gpointer data)
{
  ImportJob *import = data;

  alidade_import_request_free (import->request);
  g_strfreev (import->pictures);
  g_free (import->by);
  import_report_clear (&import->report);
  g_mutex_clear (&import->lock);
  _alidade_window_job_clear (&import->job);
  g_free (import);
}

static void
import_poll (AlidadeJobState *state, gpointer data)
{
  ImportJob *import = data;
  double fraction = work_meter_fraction (&import->meter), spent;
  g_autofree char *counts = NULL;
  ImportReport shown;
  gint64 began;

  g_mutex_lock (&import->lock);
  shown = import->shown;
  began = import->began;
  g_mutex_unlock (&import->lock);
  if (began == 0)
    {
      state->text = g_strdup ("Waits for the job before it");
      return;
    }
  if (fraction >= 1)
    {
      state->text = g_strdup ("Making it searchable…");
      return;
    }
  counts = import_counts_text (shown.images, shown.captions, shown.phrases, shown.regions);
  state->text = g_strdup_printf ("%s read", counts);
  state->fraction = fraction;
  spent = (g_get_monotonic_time () - began) / 1e6;
  if (fraction > 0.02 && spent > 1)
    state->seconds_left = spent * (1 - fraction) / fraction;
}

/* On the writer's thread. */
static void
between_cb (gpointer data)
{
  ImportJob *import = data;

  g_mutex_lock (&import->lock);
  import->shown = import->report;
  g_mutex_unlock (&import->lock);
  alidade_project_service_give_way (NULL);
}

static gboolean
run_import (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  ImportJob *import = data;
  const AlidadeImportRequest *request = import->request;
  const ImportOptions options = { .format = request->format,
                                  .images = request->images,
                                  .split_by = request->split_by,
                                  .voc_origin = request->voc_origin,
                                  .proposals = request->proposals,
                                  .by = import->by,
                                  .cancellable = cancellable,
                                  .between = between_cb,
                                  .user_data = import,
                                  .meter = &import->meter,
                                  .pictures = (const char *const *) import->pictures };

  g_mutex_lock (&import->lock);
  import->began = g_get_monotonic_time ();
  g_mutex_unlock (&import->lock);
  return project_import (project, request->source, &options, &import->report, error);
}

static void
tell_failure (AlidadeWindow *self, const char *message)
{
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (self), "Nothing Was Imported", message);

  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", "_Close");
  gtk_window_present (GTK_WINDOW (dialog));
}

/* Said in a line; the report stays within reach in the menu. */
static void
tell_done (AlidadeWindow *self, ImportJob *import)
{
  const ImportReport *report = &import->report;
  g_autofree char *counts
      = import_counts_text (report->new_images, report->new_captions, report->new_phrases, report->new_regions);
  g_autofree char *text = NULL;
  AdwToast *toast;

  if (report->entry == 0 && report->n_skipped == 0)
    text = g_strdup ("Nothing new was imported");
  else if (report->n_skipped > 0)
    text = g_strdup_printf ("Imported %s; %'" G_GINT64_FORMAT " skipped", counts, report->n_skipped);
  else
    text = g_strdup_printf ("Imported %s", counts);
  g_clear_pointer (&self->import_report, gtk_window_destroy);
  self->import_report
      = GTK_WINDOW (import_report_window_new (GTK_WINDOW (self), import->request->source, report));
  gtk_window_set_hide_on_close (self->import_report, TRUE);
  toast = adw_toast_new (text);
  adw_toast_set_button_label (toast, "Report");
  adw_toast_set_action_name (toast, "win.show-import-report");
  adw_toast_set_timeout (toast, 9);
  adw_toast_overlay_add_toast (self->toasts, toast);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.show-import-report", TRUE);
}

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  ImportJob *import = data;
  AlidadeWindow *self = import->job.window;
  g_autoptr (GError) error = NULL;
  gboolean done = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (source), result, NULL, &error);

  if (!_alidade_window_job_end (&import->job))
    return;
  if (done)
    tell_done (self, import);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
           || g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_CANCELLED))
    _alidade_window_tell (self, "Import cancelled; nothing changed");
  else
    tell_failure (self, error->message);
}

void
_alidade_window_start_import (AlidadeWindow *self, AlidadeImportRequest *request, char **pictures)
{
  ImportJob *import;
  g_autofree char *shown = g_filename_display_basename (request->source);
  g_autofree char *title = g_strdup_printf ("Importing %s", shown);

  import = g_new0 (ImportJob, 1);
  g_mutex_init (&import->lock);
  import->request = request;
  import->pictures = pictures;
  import->by = g_strdup (_alidade_window_by (self));
  work_meter_set_total (&import->meter, request->bytes);
  _alidade_window_job_begin (&import->job, self, title, FALSE, import_poll);
  alidade_project_service_run_async (self->projects, run_import, import, import_job_free, import->job.cancellable,
                                     imported_cb, import);
}

static void
show_import_report (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);

  if (self->import_report != NULL)
    gtk_window_present (self->import_report);
}

/* ---- what was chosen or dropped ------------------------------------------------------------------- */

static void
wanted_cb (AlidadeImportRequest *request, gpointer data)
{
  AlidadeWindow *self = data;

  if (_alidade_window_may_write (self))
    _alidade_window_start_import (self, request, NULL);
  else
    alidade_import_request_free (request);
}

/* Only its format is looked up. */
static void
look_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Format *format = format_guess (data, NULL);

  g_task_return_boolean (task, format != NULL && strcmp (format->name, "folder") == 0);
}

static void
looked_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  AlidadeWindow *self = ALIDADE_WINDOW (source);
  const char *path = g_task_get_task_data (G_TASK (result));
  gboolean is_folder = g_task_propagate_boolean (G_TASK (result), NULL);

  if (gtk_widget_in_destruction (GTK_WIDGET (self)))
    return;
  if (is_folder && _alidade_window_may_write (self))
    _alidade_window_index_folder (self, path);
  else if (!is_folder)
    gtk_window_present (GTK_WINDOW (alidade_import_window_new (GTK_WINDOW (self), path, wanted_cb, self)));
}

/* Pictures of one folder each: their names are below it. */
static void
take_pictures (AlidadeWindow *self, GPtrArray *paths)
{
  g_autoptr (GHashTable) folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer folder, list;

  for (guint i = 0; i < paths->len; i++)
    {
      char *parent = g_path_get_dirname (paths->pdata[i]);
      GPtrArray *files = g_hash_table_lookup (folders, parent);

      if (files == NULL)
        {
          files = g_ptr_array_new ();
          g_hash_table_insert (folders, g_strdup (parent), files);
        }
      g_ptr_array_add (files, g_strdup (paths->pdata[i]));
      g_free (parent);
    }
  g_hash_table_iter_init (&iter, folders);
  while (g_hash_table_iter_next (&iter, &folder, &list))
    {
      AlidadeImportRequest *request = g_new0 (AlidadeImportRequest, 1);

      g_ptr_array_add (list, NULL);
      request->source = g_strdup (folder);
      request->format = g_strdup ("folder");
      request->voc_origin = -1;
      _alidade_window_start_import (self, request, (char **) g_ptr_array_free (list, FALSE));
    }
}

void
_alidade_window_import (AlidadeWindow *self, GFile *const *files, guint n_files)
{
  g_autoptr (GPtrArray) pictures = g_ptr_array_new ();
  guint n_others = 0;

  if (!_alidade_window_may_write (self))
    return;
  for (guint i = 0; i < n_files; i++)
    {
      const char *path = g_file_peek_path (files[i]);

      if (path == NULL)
        _alidade_window_toast (self, "Files of another computer are copied here first");
      else if (alidade_library_is_picture_name (path) && !g_file_test (path, G_FILE_TEST_IS_DIR))
        g_ptr_array_add (pictures, (gpointer) path);
      else if (n_others++ < MOST_WINDOWS)
        {
          g_autoptr (GTask) task = g_task_new (self, NULL, looked_cb, NULL);

          g_task_set_task_data (task, g_strdup (path), g_free);
          g_task_run_in_thread (task, look_thread);
        }
    }
  if (n_others > MOST_WINDOWS)
    _alidade_window_toast (self, "Only the first %d files are looked at: import a folder of them", MOST_WINDOWS);
  take_pictures (self, pictures);
}

static void
import_chosen (AlidadeWindow *self, GListModel *model, gpointer data)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    g_ptr_array_add (files, g_list_model_get_item (model, i));
  _alidade_window_import (self, (GFile *const *) files->pdata, files->len);
}

static void
import (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);
  gboolean folder = g_str_equal (name, "win.import-folder");
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (
      folder ? "Import Folder" : "Import", GTK_WINDOW (self),
      folder ? GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER : GTK_FILE_CHOOSER_ACTION_OPEN, "_Import", NULL);

  gtk_file_chooser_set_select_multiple (GTK_FILE_CHOOSER (chooser), !folder);
  _alidade_window_choose (self, chooser, import_chosen, NULL);
}

void
_alidade_window_class_init_import (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.import", NULL, import);
  gtk_widget_class_install_action (widget_class, "win.import-folder", NULL, import);
  gtk_widget_class_install_action (widget_class, "win.show-import-report", NULL, show_import_report);
}
