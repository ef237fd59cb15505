/* SPDX-License-Identifier: MIT */
#include "import-window.h"

#include "format-titles.h"
#include "import-report.h"

#include <string.h>
#include <sys/stat.h>

#define RECORDS 20        /* shown */
#define MOST_FILES 200000 /* of a folder, to learn how much there is to read */

struct _AlidadeImportWindow
{
  AdwWindow parent_instance;

  GtkWidget *import_button;
  GtkWidget *format_row, *images_row, *split_row, *origin_row, *proposals;
  GtkStack *stack;
  GtkWidget *failed;
  GtkBox *preview; /* exchanged with each reading */
  GPtrArray *formats;

  AlidadeImportRequest request;
  AlidadeImportFunc import;
  gpointer user_data;
  GCancellable *cancellable;
  GtkFileChooserNative *chooser;
  gboolean is_guessing; /* the format row is being set from what was found */
};

G_DEFINE_FINAL_TYPE (AlidadeImportWindow, alidade_import_window, ADW_TYPE_WINDOW)

void
alidade_import_request_free (AlidadeImportRequest *request)
{
  g_free (request->source);
  g_free (request->format);
  g_free (request->images);
  g_free (request->split_by);
  g_free (request);
}

static AlidadeImportRequest *
request_copy (const AlidadeImportRequest *request)
{
  AlidadeImportRequest *copy = g_memdup2 (request, sizeof *request);

  copy->source = g_strdup (request->source);
  copy->format = g_strdup (request->format);
  copy->images = g_strdup (request->images);
  copy->split_by = g_strdup (request->split_by);
  return copy;
}

/* ---- reading, on a thread ------------------------------------------------------------------------- */

typedef struct
{
  ImportPreview *preview;
  gint64 bytes;
} Reading;

static void
reading_free (gpointer data)
{
  Reading *reading = data;

  import_preview_free (reading->preview);
  g_free (reading);
}

/* Bytes of what readers read: the file, or a folder's files that are no pictures. */
static gint64
count_bytes (const char *path, guint *left, GCancellable *cancellable)
{
  struct stat status;
  gint64 bytes = 0;
  const char *name;
  GDir *folder;

  if (stat (path, &status) != 0)
    return 0;
  if (!S_ISDIR (status.st_mode))
    return status.st_size;
  folder = g_dir_open (path, 0, NULL);
  if (folder == NULL)
    return 0;
  while ((name = g_dir_read_name (folder)) != NULL && *left > 0 && !g_cancellable_is_cancelled (cancellable))
    {
      g_autofree char *below = g_build_filename (path, name, NULL);

      --*left;
      if (name[0] == '.' || lstat (below, &status) != 0)
        continue;
      if (S_ISDIR (status.st_mode))
        bytes += count_bytes (below, left, cancellable);
      else if (g_str_has_suffix (name, ".json") || g_str_has_suffix (name, ".xml") || g_str_has_suffix (name, ".txt"))
        bytes += status.st_size;
    }
  g_dir_close (folder);
  return bytes;
}

static void
read_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const AlidadeImportRequest *request = data;
  const ImportOptions options = { .format = request->format,
                                  .images = request->images,
                                  .split_by = request->split_by,
                                  .voc_origin = request->voc_origin,
                                  .proposals = request->proposals,
                                  .by = "preview",
                                  .cancellable = cancellable };
  GError *error = NULL;
  ImportPreview *preview = import_preview (request->source, &options, RECORDS, &error);
  Reading *reading;
  const Format *format;
  guint left = MOST_FILES;

  if (preview == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  reading = g_new0 (Reading, 1);
  reading->preview = preview;
  format = format_find (preview->report.format);
  reading->bytes = count_bytes (request->source, &left, cancellable) * MAX (format->passes, 1);
  g_task_return_pointer (task, reading, reading_free);
}

/* ---- what was read -------------------------------------------------------------------------------- */

static void
add_record (AdwPreferencesGroup *group, const PreviewRecord *record)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *image = g_markup_escape_text (record->image, -1);
  g_autofree char *text = record->text != NULL ? g_markup_escape_text (record->text, -1) : NULL;

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), text != NULL ? text : image);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 2);
  if (text != NULL)
    adw_action_row_set_subtitle (ADW_ACTION_ROW (row), image);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 1);
  if (record->missing)
    {
      GtkWidget *missing = gtk_image_new_from_icon_name ("image-missing-symbolic");

      gtk_widget_set_tooltip_text (missing, "The picture was not found");
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), missing);
    }
  if (record->regions > 0)
    {
      g_autofree char *regions = import_counts_text (0, 0, 0, record->regions);
      GtkWidget *label = gtk_label_new (regions);

      gtk_widget_add_css_class (label, "secondary");
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), label);
    }
  adw_preferences_group_add (group, row);
}

static void
show_preview (AlidadeImportWindow *self, const ImportPreview *preview)
{
  const ImportReport *report = &preview->report;
  GtkWidget *summary = adw_preferences_group_new (), *records = adw_preferences_group_new ();
  g_autofree char *counts = import_counts_text (report->images, report->captions, report->phrases, report->regions);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->preview))) != NULL)
    gtk_box_remove (self->preview, child);
  counts[0] = g_ascii_toupper (counts[0]);
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (summary), counts);
  adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (summary),
                                         preview->whole ? "in the whole of it" : "in the beginning that was read");
  import_report_add_rows (ADW_PREFERENCES_GROUP (summary), report, TRUE);
  gtk_box_append (self->preview, summary);
  if (preview->records->len == 0)
    return;
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (records), "First Records");
  for (guint i = 0; i < preview->records->len; i++)
    add_record (ADW_PREFERENCES_GROUP (records), preview->records->pdata[i]);
  gtk_box_append (self->preview, records);
}

/* The row says what was found, and offers what only this format knows. */
static void
show_format (AlidadeImportWindow *self, const char *name)
{
  self->is_guessing = TRUE;
  for (guint i = 0; i < self->formats->len; i++)
    {
      const Format *format = self->formats->pdata[i];

      if (strcmp (format->name, name) == 0)
        adw_combo_row_set_selected (ADW_COMBO_ROW (self->format_row), i);
    }
  self->is_guessing = FALSE;
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->format_row), self->request.format == NULL ? "Guessed" : NULL);
  gtk_widget_set_visible (self->split_row, strcmp (name, "refcoco") == 0);
  gtk_widget_set_visible (self->origin_row, strcmp (name, "voc") == 0);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  AlidadeImportWindow *self = ALIDADE_IMPORT_WINDOW (source);
  g_autoptr (GError) error = NULL;
  Reading *reading = g_task_propagate_pointer (G_TASK (result), &error);

  /* A newer reading is under way, or the window is closed. */
  if (g_cancellable_is_cancelled (g_task_get_cancellable (G_TASK (result))))
    {
      g_clear_pointer (&reading, reading_free);
      return;
    }
  gtk_widget_set_sensitive (self->import_button, reading != NULL);
  if (reading != NULL)
    {
      self->request.bytes = reading->bytes;
      show_format (self, reading->preview->report.format);
      show_preview (self, reading->preview);
      gtk_stack_set_visible_child_name (self->stack, "preview");
      reading_free (reading);
      return;
    }
  if (g_strcmp0 (self->request.format, "refcoco") == 0)
    gtk_widget_set_visible (self->split_row, TRUE);
  adw_status_page_set_description (ADW_STATUS_PAGE (self->failed),
                                   self->request.format == NULL
                                           && g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_USAGE)
                                       ? "It looks like none of the known formats. Choose one above."
                                       : error->message);
  gtk_stack_set_visible_child_name (self->stack, "failed");
}

static void
start_reading (AlidadeImportWindow *self)
{
  g_autoptr (GTask) task = NULL;

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  gtk_widget_set_sensitive (self->import_button, FALSE);
  gtk_stack_set_visible_child_name (self->stack, "reading");
  task = g_task_new (self, self->cancellable, read_cb, NULL);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, request_copy (&self->request), (GDestroyNotify) alidade_import_request_free);
  g_task_run_in_thread (task, read_thread);
}

/* ---- what can be changed -------------------------------------------------------------------------- */

static void
format_cb (AlidadeImportWindow *self)
{
  guint selected = adw_combo_row_get_selected (ADW_COMBO_ROW (self->format_row));

  if (self->is_guessing || selected >= self->formats->len)
    return;
  g_free (self->request.format);
  self->request.format = g_strdup (((const Format *) self->formats->pdata[selected])->name);
  start_reading (self);
}

static void
origin_cb (AlidadeImportWindow *self)
{
  self->request.voc_origin = (int) adw_combo_row_get_selected (ADW_COMBO_ROW (self->origin_row)) - 1;
  start_reading (self);
}

static void
split_cb (AlidadeImportWindow *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->split_row));

  g_free (self->request.split_by);
  self->request.split_by = text[0] != '\0' ? g_strdup (text) : NULL;
  start_reading (self);
}

static void
show_images (AlidadeImportWindow *self)
{
  g_autofree char *shown
      = self->request.images != NULL ? g_filename_display_name (self->request.images) : g_strdup ("Beside the file");
  g_autofree char *escaped = g_markup_escape_text (shown, -1);

  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->images_row), escaped);
}

static void
images_chosen_cb (GtkNativeDialog *dialog, int response, AlidadeImportWindow *self)
{
  g_autoptr (GtkFileChooserNative) chooser = g_steal_pointer (&self->chooser);
  g_autoptr (GFile) folder = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    folder = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  gtk_native_dialog_destroy (dialog);
  if (folder == NULL || g_file_peek_path (folder) == NULL)
    return;
  g_free (self->request.images);
  self->request.images = g_file_get_path (folder);
  show_images (self);
  start_reading (self);
}

static void
choose_images_cb (AlidadeImportWindow *self)
{
  if (self->chooser != NULL)
    return;
  self->chooser = gtk_file_chooser_native_new ("Folder of the Pictures", GTK_WINDOW (self),
                                               GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, NULL, NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (images_chosen_cb), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
import_cb (AlidadeImportWindow *self)
{
  AlidadeImportRequest *request;

  self->request.proposals = gtk_switch_get_active (GTK_SWITCH (self->proposals));
  request = request_copy (&self->request);
  self->import (request, self->user_data);
  gtk_window_destroy (GTK_WINDOW (self));
}

/* ---- the window ----------------------------------------------------------------------------------- */

static void
alidade_import_window_dispose (GObject *object)
{
  AlidadeImportWindow *self = ALIDADE_IMPORT_WINDOW (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->chooser != NULL)
    gtk_native_dialog_destroy (GTK_NATIVE_DIALOG (self->chooser));
  g_clear_object (&self->chooser);

  G_OBJECT_CLASS (alidade_import_window_parent_class)->dispose (object);
}

static void
alidade_import_window_finalize (GObject *object)
{
  AlidadeImportWindow *self = ALIDADE_IMPORT_WINDOW (object);

  g_clear_pointer (&self->formats, g_ptr_array_unref);
  g_free (self->request.source);
  g_free (self->request.format);
  g_free (self->request.images);
  g_free (self->request.split_by);
  G_OBJECT_CLASS (alidade_import_window_parent_class)->finalize (object);
}

static void
alidade_import_window_class_init (AlidadeImportWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_import_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = alidade_import_window_finalize;
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/alidade/ui/import-window.ui");
  gtk_widget_class_bind_template_child (widget_class, AlidadeImportWindow, import_button);
  gtk_widget_class_bind_template_child (widget_class, AlidadeImportWindow, format_row);
  gtk_widget_class_bind_template_child (widget_class, AlidadeImportWindow, images_row);
  gtk_widget_class_bind_template_child (widget_class, AlidadeImportWindow, split_row);
  gtk_widget_class_bind_template_child (widget_class, AlidadeImportWindow, origin_row);
  gtk_widget_class_bind_template_child (widget_class, AlidadeImportWindow, proposals);
  gtk_widget_class_bind_template_child (widget_class, AlidadeImportWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, AlidadeImportWindow, failed);
  gtk_widget_class_bind_template_child (widget_class, AlidadeImportWindow, preview);
  gtk_widget_class_bind_template_callback (widget_class, import_cb);
  gtk_widget_class_bind_template_callback (widget_class, format_cb);
  gtk_widget_class_bind_template_callback (widget_class, origin_cb);
  gtk_widget_class_bind_template_callback (widget_class, split_cb);
  gtk_widget_class_bind_template_callback (widget_class, choose_images_cb);
}

static void
alidade_import_window_init (AlidadeImportWindow *self)
{
  g_autoptr (GtkStringList) titles = format_titles (FALSE, NULL, &self->formats);

  self->is_guessing = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  adw_combo_row_set_model (ADW_COMBO_ROW (self->format_row), G_LIST_MODEL (titles));
  adw_combo_row_set_selected (ADW_COMBO_ROW (self->format_row), GTK_INVALID_LIST_POSITION);
  self->is_guessing = FALSE;
}

GtkWidget *
alidade_import_window_new (GtkWindow *parent, const char *source, AlidadeImportFunc import, gpointer user_data)
{
  AlidadeImportWindow *self = g_object_new (ALIDADE_TYPE_IMPORT_WINDOW, "transient-for", parent, NULL);
  g_autofree char *base = g_filename_display_basename (source);
  g_autofree char *title = g_strdup_printf ("Import %s", base);

  self->request.source = g_canonicalize_filename (source, NULL);
  self->request.voc_origin = -1;
  self->import = import;
  self->user_data = user_data;
  gtk_window_set_title (GTK_WINDOW (self), title);
  show_images (self);
  start_reading (self);
  return GTK_WIDGET (self);
}
