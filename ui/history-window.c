/* SPDX-License-Identifier: MIT */
#include "history-window.h"

#include "format-titles.h"
#include "history.h"
#include "import-report.h"
#include "review.h"

#include <string.h>

#define READ_AGAIN_MS 250
#define SHOWN 500 /* rows */
#define AT_ONCE 10 /* rows made before the next frame may come */

struct _AlidadeHistoryWindow
{
  AdwWindow parent_instance;

  GtkStack *stack;
  GtkListBox *list;

  AlidadeProjectService *projects;
  char *by;
  guint read_id, fill_id;
  GPtrArray *history; /* HistoryEntry; NULL until it is read */
  guint n_rows;
};

G_DEFINE_FINAL_TYPE (AlidadeHistoryWindow, alidade_history_window, ADW_TYPE_WINDOW)

typedef struct
{
  gint64 entry;
  gboolean hide;
  char *by;
} Change;

static void
change_free (gpointer data)
{
  Change *change = data;

  g_free (change->by);
  g_free (change);
}

static gboolean
run_change (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  const Change *change = data;

  return project_hide_entry (project, change->entry, change->hide, change->by, error);
}

static void
changed_entry_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeHistoryWindow) self = data;
  g_autoptr (GError) error = NULL;
  GtkWidget *dialog;

  if (alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (source), result, NULL, &error)
      || gtk_widget_in_destruction (GTK_WIDGET (self)) || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  dialog = adw_message_dialog_new (GTK_WINDOW (self), "Not Undone", error->message);
  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", "_Close");
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
change_cb (GtkWidget *button, AlidadeHistoryWindow *self)
{
  const Change *of_row = g_object_get_data (G_OBJECT (button), "change");
  Change *change = g_memdup2 (of_row, sizeof *of_row);

  change->by = g_strdup (self->by);
  gtk_widget_set_sensitive (button, FALSE);
  alidade_project_service_write_async (self->projects, run_change, change, change_free, changed_entry_cb,
                                       g_object_ref (self));
}

/* ---- rows ----------------------------------------------------------------------------------------- */

static char *
title_of (const HistoryEntry *entry)
{
  g_autofree char *base = entry->source != NULL ? g_path_get_basename (entry->source) : NULL;

  if (strcmp (entry->kind, "run") == 0)
    return base != NULL ? g_strdup_printf ("Proposals of %s", base) : g_strdup ("Proposals");
  if (strcmp (entry->kind, "removal") == 0)
    return g_strdup ("Removal");
  return base != NULL ? g_strdup_printf ("Import of %s", base) : g_strdup ("Import");
}

static char *
subtitle_of (const HistoryEntry *entry)
{
  g_autoptr (GDateTime) at = g_date_time_new_from_unix_local (entry->at / G_USEC_PER_SEC);
  g_autofree char *when = at != NULL ? g_date_time_format (at, "%e %b %Y, %H:%M") : g_strdup ("");
  g_autofree char *counts = import_counts_text (entry->images, entry->captions, entry->phrases, entry->regions);
  GString *text = g_string_new (counts);

  if (entry->format != NULL)
    g_string_append_printf (text, " · %s", format_title (entry->format));
  g_string_append_printf (text, " · %s · %s", entry->by, g_strstrip (when));
  if (!entry->shown)
    g_string_append (text, " · undone");
  return g_string_free (text, FALSE);
}

static GtkWidget *
row_new (AlidadeHistoryWindow *self, const HistoryEntry *entry)
{
  GtkWidget *row = adw_action_row_new (), *button = gtk_button_new_with_label (entry->shown ? "Undo" : "Redo");
  g_autofree char *title = title_of (entry);
  g_autofree char *subtitle = subtitle_of (entry);
  g_autofree char *escaped = g_markup_escape_text (title, -1);
  g_autofree char *escaped_subtitle = g_markup_escape_text (subtitle, -1);
  g_autofree char *spoken = g_strdup_printf ("%s: %s, %s", entry->shown ? "Undo" : "Redo", title, subtitle);
  Change *change = g_new0 (Change, 1);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), escaped);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), escaped_subtitle);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 2);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row),
                             gtk_image_new_from_icon_name (strcmp (entry->kind, "removal") == 0 ? "list-remove-symbolic"
                                                           : strcmp (entry->kind, "run") == 0
                                                               ? "applications-science-symbolic"
                                                               : "document-open-symbolic"));
  if (entry->source != NULL)
    gtk_widget_set_tooltip_text (row, entry->source);
  change->entry = entry->id;
  change->hide = entry->shown;
  g_object_set_data_full (G_OBJECT (button), "change", change, g_free);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_sensitive (button, alidade_project_service_get_reason (self->projects) == NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  g_signal_connect (button, "clicked", G_CALLBACK (change_cb), self);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  if (!entry->shown)
    gtk_widget_add_css_class (row, "secondary");
  return row;
}

/* ---- reading -------------------------------------------------------------------------------------- */

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

static gboolean
fill_cb (gpointer data)
{
  AlidadeHistoryWindow *self = data;
  guint last = MIN (MIN (self->history->len, SHOWN), self->n_rows + AT_ONCE);

  for (; self->n_rows < last; self->n_rows++)
    gtk_list_box_append (self->list, row_new (self, self->history->pdata[self->n_rows]));
  if (self->n_rows < MIN (self->history->len, SHOWN))
    return G_SOURCE_CONTINUE;
  self->fill_id = 0;
  return G_SOURCE_REMOVE;
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeHistoryWindow) self = data;
  gpointer answer = NULL;
  gboolean done = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (source), result, &answer, NULL);
  GtkWidget *child;

  if (gtk_widget_in_destruction (GTK_WIDGET (self)) || self->list == NULL)
    return;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->list))) != NULL)
    gtk_list_box_remove (self->list, child);
  g_clear_handle_id (&self->fill_id, g_source_remove);
  g_clear_pointer (&self->history, g_ptr_array_unref);
  self->n_rows = 0;
  self->history = done ? g_steal_pointer ((GPtrArray **) answer) : NULL;
  gtk_stack_set_visible_child_name (self->stack, done && self->history->len > 0 ? "list" : "empty");
  if (done && fill_cb (self) == G_SOURCE_CONTINUE)
    self->fill_id = g_idle_add (fill_cb, self);
}

static gboolean
read_again_cb (gpointer data)
{
  AlidadeHistoryWindow *self = data;

  self->read_id = 0;
  alidade_project_service_read_async (self->projects, read_history, g_new0 (GPtrArray *, 1), history_free, NULL,
                                      read_cb, g_object_ref (self));
  return G_SOURCE_REMOVE;
}

static void
changed_cb (AlidadeHistoryWindow *self)
{
  if (self->read_id == 0)
    self->read_id = g_timeout_add (READ_AGAIN_MS, read_again_cb, self);
}

/* ---- the window ----------------------------------------------------------------------------------- */

static void
alidade_history_window_dispose (GObject *object)
{
  AlidadeHistoryWindow *self = ALIDADE_HISTORY_WINDOW (object);

  g_clear_handle_id (&self->read_id, g_source_remove);
  g_clear_handle_id (&self->fill_id, g_source_remove);
  if (self->projects != NULL)
    g_signal_handlers_disconnect_by_data (self->projects, self);
  g_clear_object (&self->projects);
  self->list = NULL;

  G_OBJECT_CLASS (alidade_history_window_parent_class)->dispose (object);
}

static void
alidade_history_window_finalize (GObject *object)
{
  g_clear_pointer (&ALIDADE_HISTORY_WINDOW (object)->history, g_ptr_array_unref);
  g_free (ALIDADE_HISTORY_WINDOW (object)->by);
  G_OBJECT_CLASS (alidade_history_window_parent_class)->finalize (object);
}

static void
alidade_history_window_class_init (AlidadeHistoryWindowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = alidade_history_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = alidade_history_window_finalize;
  gtk_widget_class_add_binding_action (GTK_WIDGET_CLASS (klass), GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
alidade_history_window_init (AlidadeHistoryWindow *self)
{
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *scroller = gtk_scrolled_window_new ();
  GtkWidget *clamp = adw_clamp_new (), *empty = adw_status_page_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  g_object_set (self, "title", "History", "default-width", 620, "default-height", 560, "width-request", 360,
                "height-request", 294, "destroy-with-parent", TRUE, NULL);
  self->list = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_list_box_set_selection_mode (self->list, GTK_SELECTION_NONE);
  gtk_widget_add_css_class (GTK_WIDGET (self->list), "boxed-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  "Imports, runs and removals", -1);
  gtk_widget_set_margin_start (box, 18);
  gtk_widget_set_margin_end (box, 18);
  gtk_widget_set_margin_top (box, 18);
  gtk_widget_set_margin_bottom (box, 18);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->list));
  adw_clamp_set_maximum_size (ADW_CLAMP (clamp), 760);
  adw_clamp_set_child (ADW_CLAMP (clamp), box);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), clamp);
  gtk_accessible_update_property (GTK_ACCESSIBLE (scroller), GTK_ACCESSIBLE_PROPERTY_LABEL, "History", -1);
  adw_status_page_set_icon_name (ADW_STATUS_PAGE (empty), "document-open-recent-symbolic");
  adw_status_page_set_title (ADW_STATUS_PAGE (empty), "Nothing Yet");
  adw_status_page_set_description (ADW_STATUS_PAGE (empty),
                                   "Imports, runs of a model and removals are listed here; each can be undone.");
  self->stack = GTK_STACK (gtk_stack_new ());
  gtk_stack_add_named (self->stack, gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), "reading");
  gtk_stack_add_named (self->stack, empty, "empty");
  gtk_stack_add_named (self->stack, scroller, "list");
  gtk_widget_set_vexpand (GTK_WIDGET (self->stack), TRUE);
  gtk_box_append (GTK_BOX (column), adw_header_bar_new ());
  gtk_box_append (GTK_BOX (column), GTK_WIDGET (self->stack));
  adw_window_set_content (ADW_WINDOW (self), column);
}

GtkWidget *
alidade_history_window_new (GtkWindow *parent, AlidadeProjectService *projects, const char *by)
{
  AlidadeHistoryWindow *self = g_object_new (ALIDADE_TYPE_HISTORY_WINDOW, "transient-for", parent, NULL);

  self->projects = g_object_ref (projects);
  self->by = g_strdup (by);
  g_signal_connect_swapped (projects, "changed", G_CALLBACK (changed_cb), self);
  g_signal_connect_swapped (projects, "opened", G_CALLBACK (changed_cb), self);
  read_again_cb (self);
  return GTK_WIDGET (self);
}
