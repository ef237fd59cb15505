/* SPDX-License-Identifier: MIT */
#include "export-window.h"

#include "format-titles.h"
#include "history.h"

#include <string.h>

#define SHOWN 50 /* files */

struct _AlidadeExportWindow
{
  AdwWindow parent_instance;

  GtkWidget *export_button;
  GtkWidget *format_row, *keeps_row, *where_row, *copy_row, *proposals_row;
  GtkWidget *copy, *proposals;
  AdwPreferencesGroup *sources;

  AlidadeProjectService *projects;
  AlidadeExportFunc export;
  gpointer user_data;
  GPtrArray *formats; /* const Format * */
  GPtrArray *history; /* HistoryEntry; NULL until it is read */
  GPtrArray *rows;    /* of `sources` */
  GtkFileChooserNative *chooser;
};

G_DEFINE_FINAL_TYPE (AlidadeExportWindow, alidade_export_window, ADW_TYPE_WINDOW)

void
alidade_export_request_free (AlidadeExportRequest *request)
{
  g_free (request->target);
  g_free (request);
}

/* ---- what is chosen ------------------------------------------------------------------------------- */

static const Format *
chosen (AlidadeExportWindow *self)
{
  guint selected = adw_combo_row_get_selected (ADW_COMBO_ROW (self->format_row));

  return selected < self->formats->len ? self->formats->pdata[selected] : NULL;
}

static gboolean
goes_back (AlidadeExportWindow *self)
{
  return gtk_widget_get_visible (self->where_row) && adw_combo_row_get_selected (ADW_COMBO_ROW (self->where_row)) == 1;
}

/* Shown imports of the format: their files could take the changes. */
static GPtrArray *
imported_files (AlidadeExportWindow *self, const Format *format)
{
  GPtrArray *files = g_ptr_array_new ();

  for (guint i = 0; self->history != NULL && format->write_back != NULL && i < self->history->len; i++)
    {
      const HistoryEntry *entry = self->history->pdata[i];

      if (entry->shown && g_strcmp0 (entry->format, format->name) == 0 && entry->source != NULL
          && !g_ptr_array_find_with_equal_func (files, entry->source, g_str_equal, NULL))
        g_ptr_array_add (files, entry->source);
    }
  return files;
}

static void
list_sources (AlidadeExportWindow *self, GPtrArray *files)
{
  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (self->sources, self->rows->pdata[i]);
  g_ptr_array_set_size (self->rows, 0);
  for (guint i = 0; i < MIN (files->len, SHOWN + 1); i++)
    {
      GtkWidget *row = adw_action_row_new ();
      g_autofree char *more = i == SHOWN ? g_strdup_printf ("%u more", files->len - SHOWN) : NULL;
      g_autofree char *title = g_markup_escape_text (more != NULL ? more : files->pdata[i], -1);

      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
      adw_preferences_group_add (self->sources, row);
      g_ptr_array_add (self->rows, row);
    }
}

static void
update (AlidadeExportWindow *self)
{
  const Format *format = self->formats != NULL ? chosen (self) : NULL;
  g_autoptr (GPtrArray) files = NULL;
  g_autofree char *keeps = NULL;
  gboolean back;

  if (format == NULL)
    return;
  files = imported_files (self, format);
  gtk_widget_set_visible (self->where_row, files->len > 0);
  back = goes_back (self);
  gtk_widget_set_visible (GTK_WIDGET (self->sources), back);
  list_sources (self, files);
  gtk_widget_set_visible (self->keeps_row, format->keeps_not != NULL && !back);
  keeps = format->keeps_not != NULL ? g_markup_escape_text (format->keeps_not, -1) : NULL;
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->keeps_row), keeps != NULL ? keeps : "");
  gtk_widget_set_visible (self->copy_row, format->folder && !back);
  gtk_widget_set_visible (self->proposals_row, !back);
  gtk_button_set_label (GTK_BUTTON (self->export_button), back ? "Write Back" : "Export…");
}

static void
history_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeExportWindow) self = data;
  gpointer answer = NULL;
  gboolean done = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (source), result, &answer, NULL);
  GPtrArray **history = answer;

  if (!done)
    return;
  self->history = g_steal_pointer (history);
  if (!gtk_widget_in_destruction (GTK_WIDGET (self)))
    update (self);
}

static gboolean
read_history (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  *(GPtrArray **) data = project_history (project, error);
  return *(GPtrArray **) data != NULL;
}

static void
history_free (gpointer data)
{
  GPtrArray **history = data;

  g_clear_pointer (history, g_ptr_array_unref);
  g_free (history);
}

/* ---- going ---------------------------------------------------------------------------------------- */

static void
go (AlidadeExportWindow *self, GFile *target)
{
  AlidadeExportRequest *request = g_new0 (AlidadeExportRequest, 1);

  request->format = chosen (self);
  request->target = target != NULL ? g_file_get_path (target) : NULL;
  request->proposals = target != NULL && gtk_switch_get_active (GTK_SWITCH (self->proposals));
  request->copy_images = target != NULL && request->format->folder && gtk_switch_get_active (GTK_SWITCH (self->copy));
  /* The chooser asked about a file that is there. */
  request->force = target != NULL
                   && g_file_query_file_type (target, G_FILE_QUERY_INFO_NONE, NULL) == G_FILE_TYPE_REGULAR;
  self->export (request, self->user_data);
  gtk_window_destroy (GTK_WINDOW (self));
}

static void
target_chosen_cb (GtkNativeDialog *dialog, int response, AlidadeExportWindow *self)
{
  g_autoptr (GtkFileChooserNative) chooser = g_steal_pointer (&self->chooser);
  g_autoptr (GFile) target = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    target = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  gtk_native_dialog_destroy (dialog);
  if (target != NULL && g_file_peek_path (target) != NULL)
    go (self, target);
}

static const char *
ending_of (const Format *format)
{
  if (format->folder)
    return "";
  if (strcmp (format->name, "manifest") == 0 || strcmp (format->name, "odvg") == 0)
    return ".jsonl";
  return strcmp (format->name, "cvat") == 0 ? ".xml" : ".json";
}

static void
export_cb (AlidadeExportWindow *self)
{
  const Format *format = chosen (self);
  g_autofree char *name = NULL;

  if (format == NULL || self->chooser != NULL)
    return;
  if (goes_back (self))
    {
      go (self, NULL);
      return;
    }
  name = g_strdup_printf ("%s-%s%s", alidade_project_service_get_title (self->projects), format->name,
                          ending_of (format));
  self->chooser = gtk_file_chooser_native_new (format->folder ? "Export into a New Folder" : "Export",
                                               GTK_WINDOW (self), GTK_FILE_CHOOSER_ACTION_SAVE, "_Export", NULL);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (self->chooser), name);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (target_chosen_cb), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

/* ---- the window ----------------------------------------------------------------------------------- */

static void
alidade_export_window_dispose (GObject *object)
{
  AlidadeExportWindow *self = ALIDADE_EXPORT_WINDOW (object);

  if (self->chooser != NULL)
    gtk_native_dialog_destroy (GTK_NATIVE_DIALOG (self->chooser));
  g_clear_object (&self->chooser);
  g_clear_object (&self->projects);

  G_OBJECT_CLASS (alidade_export_window_parent_class)->dispose (object);
}

static void
alidade_export_window_finalize (GObject *object)
{
  AlidadeExportWindow *self = ALIDADE_EXPORT_WINDOW (object);

  g_clear_pointer (&self->formats, g_ptr_array_unref);
  g_clear_pointer (&self->history, g_ptr_array_unref);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  G_OBJECT_CLASS (alidade_export_window_parent_class)->finalize (object);
}

static void
alidade_export_window_class_init (AlidadeExportWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_export_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = alidade_export_window_finalize;
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/alidade/ui/export-window.ui");
  gtk_widget_class_bind_template_child (widget_class, AlidadeExportWindow, export_button);
  gtk_widget_class_bind_template_child (widget_class, AlidadeExportWindow, format_row);
  gtk_widget_class_bind_template_child (widget_class, AlidadeExportWindow, keeps_row);
  gtk_widget_class_bind_template_child (widget_class, AlidadeExportWindow, where_row);
  gtk_widget_class_bind_template_child (widget_class, AlidadeExportWindow, copy_row);
  gtk_widget_class_bind_template_child (widget_class, AlidadeExportWindow, proposals_row);
  gtk_widget_class_bind_template_child (widget_class, AlidadeExportWindow, copy);
  gtk_widget_class_bind_template_child (widget_class, AlidadeExportWindow, proposals);
  gtk_widget_class_bind_template_child (widget_class, AlidadeExportWindow, sources);
  gtk_widget_class_bind_template_callback (widget_class, update);
  gtk_widget_class_bind_template_callback (widget_class, export_cb);
}

static void
alidade_export_window_init (AlidadeExportWindow *self)
{
  g_autoptr (GtkStringList) titles = NULL;

  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  titles = format_titles (TRUE, NULL, &self->formats);
  adw_combo_row_set_model (ADW_COMBO_ROW (self->format_row), G_LIST_MODEL (titles));
  /* What keeps the most is offered first. */
  for (guint i = 0; i < self->formats->len; i++)
    if (strcmp (((const Format *) self->formats->pdata[i])->name, "manifest") == 0)
      adw_combo_row_set_selected (ADW_COMBO_ROW (self->format_row), i);
  update (self);
}

GtkWidget *
alidade_export_window_new (GtkWindow *parent, AlidadeProjectService *projects, AlidadeExportFunc export,
                           gpointer user_data)
{
  AlidadeExportWindow *self = g_object_new (ALIDADE_TYPE_EXPORT_WINDOW, "transient-for", parent, NULL);

  self->projects = g_object_ref (projects);
  self->export = export;
  self->user_data = user_data;
  alidade_project_service_read_async (projects, read_history, g_new0 (GPtrArray *, 1), history_free, NULL, history_cb,
                                      g_object_ref (self));
  return GTK_WIDGET (self);
}
