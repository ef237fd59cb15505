/* SPDX-License-Identifier: MIT
 * Checkpoints: the model menu, opening another one with its progress, and the report of what was in the file. */
#include "report-window.h"
#include "window-private.h"

#include <string.h>

/* ---- what is in use ------------------------------------------------------------------------------- */

static void
update_model (AlidadeWindow *self)
{
  const char *name = alidade_engine_service_get_model_name (self->service);
  const char *device = alidade_engine_service_get_device_line (self->service);
  AlidadeReport *report = alidade_engine_service_get_model_report (self->service);
  gboolean ready = alidade_engine_service_get_ready (self->service);
  const char *test = report != NULL ? albef_report_self_test (alidade_report_get (report)) : "";
  g_autofree char *spoken = NULL;
  AlbefModelInfo info;

  if (name == NULL || name[0] == '\0')
    name = alidade_engine_service_get_opening (self->service) ? "Opening…" : "No model";
  gtk_label_set_text (self->model_label, name);
  gtk_label_set_text (self->device_label, device != NULL ? device : "");
  spoken = g_strdup_printf ("Model %s, %s", name, device != NULL ? device : "");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->model_button), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  gtk_label_set_text (self->model_name, name);
  if (alidade_engine_service_get_model_info (self->service, &info))
    {
      g_autofree char *facts
          = g_strdup_printf ("%s, %.1f million parameters\n%d × %d pixels, %d + %d + %d layers\n%s",
                             alidade_engine_service_get_model_kind (self->service), info.parameters / 1e6,
                             info.image_resolution, info.image_resolution, info.vision_layers, info.text_layers,
                             info.fusion_layers, alidade_engine_service_get_description (self->service));

      gtk_label_set_text (self->model_facts, facts);
    }
  else
    gtk_label_set_text (self->model_facts, alidade_engine_service_get_error (self->service) != NULL
                                               ? alidade_engine_service_get_error (self->service)
                                               : "");
  if (test != NULL && test[0] != '\0')
    {
      g_autofree char *text = g_strdup_printf ("Self-test: %s", test);

      gtk_label_set_text (self->model_test, text);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->model_test), test != NULL && test[0] != '\0');
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.show-report", ready && report != NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.embedded-model",
                                 ready && !alidade_engine_service_get_is_embedded (self->service));
}

static void
update_job (AlidadeWindow *self)
{
  gboolean opening = self->opening != NULL && alidade_engine_service_get_opening (self->service);
  const char *what = alidade_engine_service_get_progress_text (self->service);
  g_autofree char *line = NULL;

  if (what != NULL && what[0] != '\0')
    line = g_strdup_printf ("%c%s…", g_ascii_toupper (what[0]), what + 1); /* the engine's words are ASCII */
  gtk_widget_set_visible (GTK_WIDGET (self->model_spinner), alidade_engine_service_get_opening (self->service));
  gtk_spinner_set_spinning (self->model_spinner, alidade_engine_service_get_opening (self->service));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.open-model",
                                 !alidade_engine_service_get_opening (self->service));
  alidade_notice_bar_set (self->job, NULL,
                          !opening ? NULL : line != NULL ? line : "Opening the checkpoint…",
                          "Cancel", alidade_engine_service_get_progress (self->service));
}

static void
service_cb (AlidadeWindow *self)
{
  update_model (self);
  update_job (self);
}

/* ---- opening another ------------------------------------------------------------------------------ */

static void
show_report (AlidadeWindow *self, AlidadeReport *report)
{
  GtkWidget *window
      = alidade_report_window_new (GTK_WINDOW (self), report, alidade_engine_service_get_model_name (self->service));

  gtk_window_present (GTK_WINDOW (window));
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeWindow) self = data;
  g_autoptr (GError) error = NULL;
  gboolean done = alidade_engine_service_open_model_finish (ALIDADE_ENGINE_SERVICE (source), result, &error);
  AlidadeReport *report = alidade_engine_service_get_last_report (self->service);

  g_clear_object (&self->opening);
  service_cb (self);
  if (gtk_widget_in_destruction (GTK_WIDGET (self)))
    return;
  if (done)
    {
      const char *path = alidade_engine_service_get_model_path (self->service);

      if (path != NULL && !alidade_engine_service_get_is_embedded (self->service))
        alidade_recent_add (self->recent, ALIDADE_RECENT_MODELS, path);
      _alidade_window_toast (self, "Now using %s", alidade_engine_service_get_model_name (self->service));
      return;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (report != NULL && !alidade_report_get_loaded (report))
    show_report (self, report);
  else
    {
      GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (self), "Cannot Open This Checkpoint", error->message);

      adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "close", "_Close", "other",
                                        "Choose _Another File…", NULL);
      adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "other", ADW_RESPONSE_SUGGESTED);
      adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "other");
      adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "close");
      g_signal_connect_object (dialog, "response::other", G_CALLBACK (_alidade_window_choose_model), self,
                               G_CONNECT_SWAPPED);
      gtk_window_present (GTK_WINDOW (dialog));
    }
}

static void
start_opening (AlidadeWindow *self, const char *path, const char *vocab, gboolean allow_incomplete)
{
  if (self->opening != NULL)
    return;
  if (alidade_engine_service_get_opening (self->service))
    {
      /* The program's first model is still on its way: this one comes next. */
      g_free (self->wished_path);
      g_free (self->wished_vocab);
      self->wished_path = g_strdup (path);
      self->wished_vocab = g_strdup (vocab);
      self->wished_incomplete = allow_incomplete;
      return;
    }
  self->opening = g_cancellable_new ();
  alidade_engine_service_open_model_async (self->service, path, vocab, allow_incomplete, self->opening, opened_cb,
                                           g_object_ref (self));
  update_job (self);
}

static void
open_wished_cb (AlidadeWindow *self)
{
  g_autofree char *path = NULL;
  g_autofree char *vocab = NULL;

  if (self->wished_path == NULL || alidade_engine_service_get_opening (self->service))
    return;
  path = g_steal_pointer (&self->wished_path);
  vocab = g_steal_pointer (&self->wished_vocab);
  start_opening (self, path, vocab, self->wished_incomplete);
}

/* The native format holds its vocabulary; an official checkpoint has it beside, or the person knows where. */
static gboolean
vocab_is_missing (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *vocab = g_build_filename (folder, "vocab.txt", NULL);

  return !g_str_has_suffix (path, ".safetensors") && !g_file_test (vocab, G_FILE_TEST_EXISTS);
}

static void
vocab_chosen (AlidadeWindow *self, GListModel *files, gpointer data)
{
  g_autofree char *path = data;
  g_autoptr (GFile) file = g_list_model_get_item (files, 0);

  if (g_file_peek_path (file) != NULL)
    start_opening (self, path, g_file_peek_path (file), FALSE);
}

static void
ask_for_vocab (AlidadeWindow *self, const char *path)
{
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new ("Choose Its Vocabulary (vocab.txt)", GTK_WINDOW (self),
                                                               GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GFile) start = g_file_new_for_path (folder);

  gtk_file_filter_set_name (filter, "Vocabularies");
  gtk_file_filter_add_suffix (filter, "txt");
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), filter);
  gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (chooser), start, NULL);
  _alidade_window_choose (self, chooser, vocab_chosen, g_strdup (path));
}

void
_alidade_window_open_model (AlidadeWindow *self, const char *path, const char *vocab, gboolean allow_incomplete)
{
  if (path != NULL && vocab == NULL && vocab_is_missing (path))
    ask_for_vocab (self, path);
  else
    start_opening (self, path, vocab, allow_incomplete);
}

static void
model_chosen (AlidadeWindow *self, GListModel *files, gpointer data)
{
  g_autoptr (GFile) file = g_list_model_get_item (files, 0);

  if (g_file_peek_path (file) != NULL)
    _alidade_window_open_model (self, g_file_peek_path (file), NULL, FALSE);
}

void
_alidade_window_choose_model (AlidadeWindow *self)
{
  static const char *const suffixes[] = { "pth", "pt", "bin", "safetensors" };
  GtkFileChooserNative *chooser
      = gtk_file_chooser_native_new ("Open Checkpoint", GTK_WINDOW (self), GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  g_autoptr (GtkFileFilter) all = gtk_file_filter_new ();

  gtk_file_filter_set_name (filter, "Checkpoints");
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    gtk_file_filter_add_suffix (filter, suffixes[i]);
  gtk_file_filter_set_name (all, "All files");
  gtk_file_filter_add_pattern (all, "*");
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), filter);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), all);
  _alidade_window_choose (self, chooser, model_chosen, NULL);
}

void
_alidade_window_load_incomplete (AlidadeWindow *self, const char *path)
{
  start_opening (self, path, NULL, TRUE);
}

static void
open_model (GtkWidget *widget, const char *name, GVariant *parameter)
{
  _alidade_window_choose_model (ALIDADE_WINDOW (widget));
}

static void
open_recent_model (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);
  const char *path = g_variant_get_bytestring (parameter);

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    {
      g_autofree char *shown = g_filename_display_name (path);

      _alidade_window_toast (self, "%s is not there any more", shown);
      alidade_recent_remove (self->recent, ALIDADE_RECENT_MODELS, path);
      return;
    }
  _alidade_window_open_model (self, path, NULL, FALSE);
}

static void
embedded_model (GtkWidget *widget, const char *name, GVariant *parameter)
{
  _alidade_window_open_model (ALIDADE_WINDOW (widget), NULL, NULL, FALSE);
}

static void
show_model_report (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);
  AlidadeReport *report = alidade_engine_service_get_model_report (self->service);

  if (report != NULL)
    show_report (self, report);
}

static void
cancel_cb (AlidadeWindow *self)
{
  if (self->opening != NULL)
    g_cancellable_cancel (self->opening);
}

/* ---- the menu ------------------------------------------------------------------------------------- */

static GtkWidget *
make_facts (AlidadeWindow *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);
  GtkLabel **labels[] = { &self->model_name, &self->model_facts, &self->model_test };

  for (guint i = 0; i < G_N_ELEMENTS (labels); i++)
    {
      GtkWidget *label = gtk_label_new (NULL);

      gtk_label_set_xalign (GTK_LABEL (label), 0);
      gtk_label_set_wrap (GTK_LABEL (label), TRUE);
      gtk_label_set_max_width_chars (GTK_LABEL (label), 44);
      gtk_widget_add_css_class (label, i == 0 ? "heading" : "caption");
      if (i > 0)
        gtk_widget_add_css_class (label, "secondary");
      gtk_box_append (GTK_BOX (box), label);
      *labels[i] = GTK_LABEL (label);
    }
  gtk_widget_add_css_class (box, "model-facts");
  return box;
}

void
_alidade_window_init_model (AlidadeWindow *self)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenu) facts = g_menu_new ();
  g_autoptr (GMenu) report = g_menu_new ();
  g_autoptr (GMenu) open = g_menu_new ();
  g_autoptr (GMenu) embedded = g_menu_new ();
  g_autoptr (GMenuItem) custom = g_menu_item_new (NULL, NULL);
  GtkWidget *popover;

  g_menu_item_set_attribute (custom, "custom", "s", "facts");
  g_menu_append_item (facts, custom);
  g_menu_append (report, "Load _Report", "win.show-report");
  g_menu_append (open, "_Open Checkpoint…", "win.open-model");
  g_menu_append (embedded, "_Embedded Model", "win.embedded-model");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (facts));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (report));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (open));
  g_menu_append_section (menu, "Recent", G_MENU_MODEL (self->recent_models));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (embedded));
  popover = gtk_popover_menu_new_from_model (G_MENU_MODEL (menu));
  gtk_popover_menu_add_child (GTK_POPOVER_MENU (popover), make_facts (self), "facts");
  gtk_menu_button_set_popover (self->model_button, popover);

  g_signal_connect_swapped (self->service, "notify", G_CALLBACK (service_cb), self);
  g_signal_connect_swapped (self->service, "notify::opening", G_CALLBACK (open_wished_cb), self);
  g_signal_connect_swapped (self->service, "model-changed", G_CALLBACK (service_cb), self);
  g_signal_connect_swapped (self->job, "button-clicked", G_CALLBACK (cancel_cb), self);
  service_cb (self);
}

void
_alidade_window_class_init_model (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.open-model", NULL, open_model);
  gtk_widget_class_install_action (widget_class, "win.open-recent-model", "ay", open_recent_model);
  gtk_widget_class_install_action (widget_class, "win.embedded-model", NULL, embedded_model);
  gtk_widget_class_install_action (widget_class, "win.show-report", NULL, show_model_report);
}
