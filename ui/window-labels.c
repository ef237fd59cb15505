/* SPDX-License-Identifier: MIT
 * Labels that leave the project: exports into other tools' formats, and changes written back into the files that were
 * imported. Both only read the project. */
#include "export-window.h"
#include "format-titles.h"
#include "import-report.h"
#include "window-private.h"

typedef struct
{
  AlidadeWindowJob job;
  AlidadeExportRequest *request;
  WorkMeter meter;
  ExportReport report;
} ExportJob;

static void
export_job_free (gpointer data)
{
  ExportJob *export = data;

  alidade_export_request_free (export->request);
  export_report_clear (&export->report);
  _alidade_window_job_clear (&export->job);
  g_free (export);
}

/* Formats go through the pictures once or several times: it counts, but there is no whole to be a part of. */
static void
export_poll (AlidadeJobState *state, gpointer data)
{
  ExportJob *export = data;
  gint64 done = work_meter_done (&export->meter);

  state->text = done > 0 ? g_strdup_printf ("%'" G_GINT64_FORMAT " pictures gone through", done)
                         : g_strdup ("Writing…");
}

static gboolean
run_export (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  ExportJob *export = data;
  const ExportOptions options = { .format = export->request->format->name,
                                  .proposals = export->request->proposals,
                                  .force = export->request->force,
                                  .copy_images = export->request->copy_images,
                                  .meter = &export->meter,
                                  .cancellable = cancellable };

  if (export->request->target == NULL)
    return project_write_back (project, &options, &export->report, error);
  return project_export (project, export->request->target, &options, &export->report, error);
}

/* What the format did not take, in sentences. */
static char *
lost_text (const ExportReport *report)
{
  GString *text = g_string_new (NULL);
  GHashTableIter iter;
  gpointer what, n;

  if (report->lost == NULL)
    return g_string_free (text, FALSE);
  g_hash_table_iter_init (&iter, report->lost);
  while (g_hash_table_iter_next (&iter, &what, &n))
    g_string_append_printf (text, "%s%zu %s", text->len > 0 ? "\n" : "", GPOINTER_TO_SIZE (n), (const char *) what);
  return g_string_free (text, FALSE);
}

static void
tell_done (AlidadeWindow *self, const ExportJob *export)
{
  const ExportReport *report = &export->report;
  g_autofree char *lost = lost_text (report);
  g_autofree char *counts = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *body = NULL;
  GtkWidget *dialog;

  if (export->request->target == NULL && report->by_record)
    shown = g_strdup_printf ("%'" G_GINT64_FORMAT " %s written: %'" G_GINT64_FORMAT " records changed, %'"
                             G_GINT64_FORMAT " added, %'" G_GINT64_FORMAT " taken out",
                             report->files, report->files == 1 ? "file" : "files", report->changed, report->added,
                             report->removed);
  else if (export->request->target == NULL)
    shown = g_strdup_printf ("%'" G_GINT64_FORMAT " %s written", report->files, report->files == 1 ? "file" : "files");
  else
    {
      g_autofree char *base = g_filename_display_basename (export->request->target);

      counts = import_counts_text (report->images, report->captions, report->phrases, report->regions);
      shown = g_strdup_printf ("Exported %s to %s", counts, base);
    }
  if (lost[0] == '\0')
    {
      _alidade_window_tell (self, "%s", shown);
      return;
    }
  body = g_strdup_printf ("%s.\n\nLeft out:\n%s", shown, lost);
  dialog = adw_message_dialog_new (GTK_WINDOW (self), export->request->target == NULL ? "Written Back" : "Exported",
                                   body);
  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", "_Close");
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
exported_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  ExportJob *export = data;
  AlidadeWindow *self = export->job.window;
  g_autoptr (GError) error = NULL;
  gboolean done = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (source), result, NULL, &error);
  GtkWidget *dialog;

  if (!_alidade_window_job_end (&export->job))
    return;
  if (done)
    {
      tell_done (self, export);
      return;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
      || g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_CANCELLED))
    {
      _alidade_window_tell (self, "Cancelled; nothing was written");
      return;
    }
  dialog = adw_message_dialog_new (GTK_WINDOW (self), "Nothing Was Written", error->message);
  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", "_Close");
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
wanted_cb (AlidadeExportRequest *request, gpointer data)
{
  AlidadeWindow *self = data;
  ExportJob *export = g_new0 (ExportJob, 1);
  g_autofree char *title
      = g_strdup_printf (request->target != NULL ? "Exporting as %s" : "Writing back as %s",
                         format_title (request->format->name));

  export->request = request;
  _alidade_window_job_begin (&export->job, self, title, FALSE, export_poll);
  alidade_project_service_read_async (self->projects, run_export, export, export_job_free, export->job.cancellable,
                                      exported_cb, export);
}

static void
export_labels (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);

  gtk_window_present (
      GTK_WINDOW (alidade_export_window_new (GTK_WINDOW (self), self->projects, wanted_cb, self)));
}

void
_alidade_window_class_init_labels (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.export-labels", NULL, export_labels);
}
