/* SPDX-License-Identifier: MIT
 * The window's actions and menus. */
#include "window-private.h"

#include <glib/gstdio.h>

/* ---- file choosers -------------------------------------------------------------------------------- */

typedef struct
{
  AlidadeFilesChosen done;
  gpointer data;
} Choice;

static void
response_cb (GtkNativeDialog *dialog, int response, AlidadeWindow *self)
{
  g_autofree Choice *choice = g_object_steal_data (G_OBJECT (dialog), "choice");
  g_autoptr (GListModel) files = NULL;
  /* The window may open the next chooser from `done`. */
  g_autoptr (GtkFileChooserNative) chooser = g_steal_pointer (&self->chooser);

  if (response == GTK_RESPONSE_ACCEPT)
    files = gtk_file_chooser_get_files (GTK_FILE_CHOOSER (dialog));
  gtk_native_dialog_destroy (dialog);
  if (files != NULL && g_list_model_get_n_items (files) > 0)
    choice->done (self, files, choice->data);
}

void
_alidade_window_choose (AlidadeWindow *self, GtkFileChooserNative *chooser, AlidadeFilesChosen done, gpointer data)
{
  Choice *choice;

  if (self->chooser != NULL)
    {
      g_object_unref (chooser);
      return;
    }
  choice = g_new0 (Choice, 1);
  choice->done = done;
  choice->data = data;
  self->chooser = chooser;
  g_object_set_data (G_OBJECT (chooser), "choice", choice);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (response_cb), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static GtkFileChooserNative *
pictures_chooser (AlidadeWindow *self, const char *title, gboolean folder)
{
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (
      title, GTK_WINDOW (self), folder ? GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER : GTK_FILE_CHOOSER_ACTION_OPEN, NULL,
      NULL);
  GFile *current = alidade_library_get_folder (self->library);

  gtk_file_chooser_set_select_multiple (GTK_FILE_CHOOSER (chooser), !folder);
  if (!folder)
    {
      static const char *const patterns[] = { "png", "jpg", "jpeg", "webp", "ppm", "pgm" };
      g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();

      gtk_file_filter_set_name (filter, "Pictures");
      for (guint i = 0; i < G_N_ELEMENTS (patterns); i++)
        gtk_file_filter_add_suffix (filter, patterns[i]);
      gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), filter);
    }
  if (current != NULL && !alidade_library_get_is_sample (self->library))
    gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (chooser), current, NULL);
  return chooser;
}

/* ---- pictures ------------------------------------------------------------------------------------- */

static GPtrArray *
files_of (GListModel *model)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    g_ptr_array_add (files, g_list_model_get_item (model, i));
  return files;
}

static void
open_chosen (AlidadeWindow *self, GListModel *model, gpointer data)
{
  g_autoptr (GPtrArray) files = files_of (model);

  alidade_window_open_paths (self, (GFile *const *) files->pdata, files->len);
}

static void
add_chosen (AlidadeWindow *self, GListModel *model, gpointer data)
{
  g_autoptr (GPtrArray) files = files_of (model);

  if (_alidade_window_takes_imports (self, (GFile *const *) files->pdata, files->len))
    {
      _alidade_window_import (self, (GFile *const *) files->pdata, files->len);
      return;
    }
  if (g_list_model_get_n_items (G_LIST_MODEL (self->library)) == 0
      || alidade_project_service_get_folder (self->projects) != NULL)
    {
      alidade_window_open_paths (self, (GFile *const *) files->pdata, files->len);
      return;
    }
  if (alidade_library_add (self->library, (GFile *const *) files->pdata, files->len) == 0)
    _alidade_window_toast (self, "No new pictures there");
  if (alidade_exploration_get_picture (self->exploration) == NULL)
    alidade_window_select_first (self);
}

static void
open_pictures (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);

  _alidade_window_choose (self, pictures_chooser (self, "Open Pictures", FALSE), open_chosen, NULL);
}

static void
open_folder (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);

  _alidade_window_choose (self, pictures_chooser (self, "Open Folder", TRUE), open_chosen, NULL);
}

static void
add_pictures (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);

  _alidade_window_choose (self, pictures_chooser (self, "Add Pictures", FALSE), add_chosen, NULL);
}

static void
add_folder (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);

  _alidade_window_choose (self, pictures_chooser (self, "Add Folder", TRUE), add_chosen, NULL);
}

static void
open_samples (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);

  _alidade_window_close_project (self);
  alidade_exploration_set_picture (self->exploration, NULL);
  alidade_library_open_samples (self->library, NULL);
  alidade_window_select_first (self);
}

static void
open_recent_folder (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);
  const char *path = g_variant_get_bytestring (parameter);
  g_autoptr (GFile) folder = g_file_new_for_path (path);

  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    {
      g_autofree char *shown = g_filename_display_name (path);

      _alidade_window_toast (self, "%s is not there any more", shown);
      alidade_recent_remove (self->recent, ALIDADE_RECENT_FOLDERS, path);
      return;
    }
  alidade_window_open_paths (self, &folder, 1);
}

static void
step_picture (GtkWidget *widget, const char *name, GVariant *parameter)
{
  alidade_library_pane_step (ALIDADE_WINDOW (widget)->library_pane, g_str_equal (name, "win.next-picture") ? 1 : -1);
}

static void
show_in_files (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadePicture *picture = alidade_exploration_get_picture (ALIDADE_WINDOW (widget)->exploration);
  g_autoptr (GFile) file = NULL;
  g_autoptr (GFile) folder = NULL;
  g_autofree char *uri = NULL;

  if (picture == NULL)
    return;
  file = g_file_new_for_path (alidade_picture_get_path (picture));
  folder = g_file_get_parent (file);
  uri = g_file_get_uri (folder != NULL ? folder : file);
  gtk_show_uri (GTK_WINDOW (widget), uri, GDK_CURRENT_TIME);
}

/* ---- focus and view ------------------------------------------------------------------------------- */

static void
search (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);

  adw_flap_set_reveal_flap (self->library_flap, TRUE);
  alidade_library_pane_focus_search (self->library_pane);
}

static void
edit_query (GtkWidget *widget, const char *name, GVariant *parameter)
{
  alidade_query_bar_focus_entry (ALIDADE_WINDOW (widget)->query_bar);
}

static void
focus_canvas (GtkWidget *widget, const char *name, GVariant *parameter)
{
  gtk_widget_grab_focus (GTK_WIDGET (alidade_canvas_view_get_canvas (ALIDADE_WINDOW (widget)->canvas_view)));
}

static void
zoom (GtkWidget *widget, const char *name, GVariant *parameter)
{
  GtkWidget *canvas = GTK_WIDGET (alidade_canvas_view_get_canvas (ALIDADE_WINDOW (widget)->canvas_view));
  const char *action = g_str_equal (name, "win.zoom-in")    ? "canvas.zoom-in"
                       : g_str_equal (name, "win.zoom-out") ? "canvas.zoom-out"
                       : g_str_equal (name, "win.zoom-fit") ? "canvas.fit"
                                                            : "canvas.actual-size";

  gtk_widget_activate_action (canvas, action, NULL);
}

static void
next_method (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeExploration *exploration = ALIDADE_WINDOW (widget)->exploration;

  alidade_exploration_set_method (exploration, alidade_exploration_get_method (exploration) == ALBEF_METHOD_ITM_GRADCAM
                                                   ? ALBEF_METHOD_ITC_GRADCAM
                                                   : ALBEF_METHOD_ITM_GRADCAM);
}

static void
all_heads (GtkWidget *widget, const char *name, GVariant *parameter)
{
  alidade_exploration_set_heads (ALIDADE_WINDOW (widget)->exploration, 0);
}

/* ---- menus ---------------------------------------------------------------------------------------- */

static void
fill_recent (AlidadeWindow *self, GMenu *section, AlidadeRecentKind kind, const char *action)
{
  const char *const *paths = alidade_recent_get (self->recent, kind);

  g_menu_remove_all (section);
  for (guint i = 0; paths != NULL && paths[i] != NULL; i++)
    {
      g_autofree char *label = _alidade_window_title_of_folder (paths[i]);
      g_autoptr (GMenuItem) item = NULL;
      g_auto (GStrv) parts = g_strsplit (label, "_", -1);
      g_autofree char *escaped = g_strjoinv ("__", parts);

      item = g_menu_item_new (escaped, NULL);
      g_menu_item_set_action_and_target_value (item, action, g_variant_new_bytestring (paths[i]));
      g_menu_append_item (section, item);
    }
}

void
_alidade_window_update_recent (AlidadeWindow *self)
{
  fill_recent (self, self->recent_folders, ALIDADE_RECENT_FOLDERS, "win.open-recent-folder");
  fill_recent (self, self->recent_projects, ALIDADE_RECENT_PROJECTS, "win.open-recent-project");
  fill_recent (self, self->recent_models, ALIDADE_RECENT_MODELS, "win.open-recent-model");
}

void
_alidade_window_init_menus (AlidadeWindow *self)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenu) open = g_menu_new ();
  g_autoptr (GMenu) project = g_menu_new ();
  g_autoptr (GMenu) exchange = g_menu_new ();
  g_autoptr (GMenu) close = g_menu_new ();

  self->recent_folders = g_menu_new ();
  self->recent_projects = g_menu_new ();
  self->recent_models = g_menu_new ();
  g_menu_append (project, "_New Project…", "win.new-project");
  g_menu_append (project, "_Open Project…", "win.open-project");
  g_menu_append (project, "_Sample Project", "win.sample-project");
  g_menu_append (open, "Open _Folder…", "win.open-folder");
  g_menu_append (open, "Open _Pictures…", "win.open-pictures");
  g_menu_append (exchange, "_Import…", "win.import");
  g_menu_append (exchange, "Import Fol_der…", "win.import-folder");
  g_menu_append (exchange, "Last Import _Report", "win.show-import-report");
  g_menu_append (exchange, "_Export Labels…", "win.export-labels");
  g_menu_append (exchange, "_History", "win.history");
  g_menu_append (close, "_Close Project", "win.close-project");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (project));
  g_menu_append_section (menu, "Recent Projects", G_MENU_MODEL (self->recent_projects));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (exchange));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (open));
  g_menu_append_section (menu, "Recent Folders", G_MENU_MODEL (self->recent_folders));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (close));
  gtk_menu_button_set_menu_model (self->project_button, G_MENU_MODEL (menu));
  g_signal_connect_swapped (self->recent, "changed", G_CALLBACK (_alidade_window_update_recent), self);
  _alidade_window_update_recent (self);
}

void
_alidade_window_class_init_actions (GtkWidgetClass *widget_class)
{
  static const struct
  {
    const char *name;
    GtkWidgetActionActivateFunc run;
  } actions[] = {
    { "win.open-pictures", open_pictures },
    { "win.open-folder", open_folder },
    { "win.add-pictures", add_pictures },
    { "win.add-folder", add_folder },
    { "win.open-samples", open_samples },
    { "win.next-picture", step_picture },
    { "win.previous-picture", step_picture },
    { "win.show-in-files", show_in_files },
    { "win.search", search },
    { "win.edit-query", edit_query },
    { "win.focus-canvas", focus_canvas },
    { "win.zoom-in", zoom },
    { "win.zoom-out", zoom },
    { "win.zoom-fit", zoom },
    { "win.zoom-original", zoom },
    { "win.next-method", next_method },
    { "win.all-heads", all_heads },
  };

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i].name, NULL, actions[i].run);
  gtk_widget_class_install_action (widget_class, "win.open-recent-folder", "ay", open_recent_folder);
  gtk_widget_class_install_property_action (widget_class, "win.fullscreen", "fullscreened");
  /* Reached only where no entry has the focus: entries take letters first. */
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_m, 0, "win.next-method", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Home, 0, "win.all-heads", NULL);
}
