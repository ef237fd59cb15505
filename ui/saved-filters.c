/* SPDX-License-Identifier: MIT */
#include "saved-filters.h"

#include "library-edit.h"
#include "library-records.h"

struct _AlidadeSavedFilters
{
  GtkPopover parent_instance;

  AlidadeProjectService *service;
  char *by;
  GtkWidget *list, *nothing, *name, *keep;
  LibraryFilter present, chosen;
};

G_DEFINE_FINAL_TYPE (AlidadeSavedFilters, alidade_saved_filters, GTK_TYPE_POPOVER)

enum
{
  SIGNAL_CHOSEN,
  SIGNAL_PROBLEM,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* Reading ---------------------------------------------------------------------------------------------------------- */

typedef struct
{
  GPtrArray *filters;
} Kept;

static void
kept_free (gpointer data)
{
  Kept *kept = data;

  g_clear_pointer (&kept->filters, g_ptr_array_unref);
  g_free (kept);
}

static gboolean
kept_func (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  Kept *kept = data;

  kept->filters = project_filters (project, error);
  return kept->filters != NULL;
}

static void read_kept (AlidadeSavedFilters *self);

static void
written_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeSavedFilters) self = data;
  g_autoptr (GError) error = NULL;

  if (!alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (object), result, NULL, &error))
    g_signal_emit (self, signals[SIGNAL_PROBLEM], 0, error->message);
  else if (self->service != NULL)
    read_kept (self);
}

static void
write_edit (AlidadeSavedFilters *self, LibraryEdit *edit)
{
  alidade_project_service_write_async (self->service, library_edit_run, edit, library_edit_free, written_cb,
                                       g_object_ref (self));
}

static void
delete_cb (GtkButton *button, AlidadeSavedFilters *self)
{
  const gint64 *id = g_object_get_data (G_OBJECT (button), "id");

  write_edit (self, library_edit_new (LIBRARY_EDIT_DELETE_FILTER, self->by, *id, NULL, NULL));
}

static void
add_row (AlidadeSavedFilters *self, const SavedFilter *saved)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6), *label = gtk_label_new (saved->name);
  GtkWidget *away = gtk_button_new_from_icon_name ("edit-delete-symbolic"), *holder;
  g_autofree char *spoken = g_strdup_printf ("Take away %s", saved->name);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 30);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_add_css_class (away, "flat");
  gtk_widget_add_css_class (away, "small");
  gtk_widget_set_tooltip_text (away, spoken);
  gtk_accessible_update_property (GTK_ACCESSIBLE (away), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  gtk_widget_set_sensitive (away, alidade_project_service_get_reason (self->service) == NULL);
  g_object_set_data_full (G_OBJECT (away), "id", g_memdup2 (&saved->id, sizeof saved->id), g_free);
  g_signal_connect (away, "clicked", G_CALLBACK (delete_cb), self);
  gtk_box_append (GTK_BOX (row), label);
  gtk_box_append (GTK_BOX (row), away);
  gtk_list_box_append (GTK_LIST_BOX (self->list), row);
  holder = gtk_widget_get_parent (row);
  gtk_accessible_update_property (GTK_ACCESSIBLE (holder), GTK_ACCESSIBLE_PROPERTY_LABEL, saved->name, -1);
  g_object_set_data_full (G_OBJECT (holder), "filter", library_filter_to_json (&saved->filter), g_free);
}

static void
kept_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeSavedFilters) self = data;
  g_autoptr (GError) error = NULL;
  gpointer passed = NULL;
  gboolean good = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (object), result, &passed, &error);
  const Kept *kept = passed;
  GtkWidget *row;

  if (self->service == NULL)
    return;
  while ((row = gtk_widget_get_first_child (self->list)) != NULL)
    gtk_list_box_remove (GTK_LIST_BOX (self->list), row);
  for (guint i = 0; good && i < kept->filters->len; i++)
    add_row (self, kept->filters->pdata[i]);
  gtk_widget_set_visible (self->list, good && kept->filters->len > 0);
  gtk_widget_set_visible (self->nothing, !good || kept->filters->len == 0);
  if (!good)
    gtk_label_set_text (GTK_LABEL (self->nothing), error->message);
}

static void
read_kept (AlidadeSavedFilters *self)
{
  alidade_project_service_read_async (self->service, kept_func, g_new0 (Kept, 1), kept_free, NULL, kept_cb,
                                      g_object_ref (self));
}

/* The popover ------------------------------------------------------------------------------------------------------ */

static void
row_cb (GtkListBox *list, GtkListBoxRow *row, AlidadeSavedFilters *self)
{
  const char *json = g_object_get_data (G_OBJECT (row), "filter");

  if (json == NULL || !library_filter_from_json (&self->chosen, json, NULL))
    return;
  gtk_popover_popdown (GTK_POPOVER (self));
  g_signal_emit (self, signals[SIGNAL_CHOSEN], 0);
}

static void
name_cb (AlidadeSavedFilters *self)
{
  g_autofree char *name = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->name))));

  gtk_widget_set_sensitive (self->keep, *name != '\0' && alidade_project_service_get_reason (self->service) == NULL);
}

static void
keep_cb (AlidadeSavedFilters *self)
{
  g_autofree char *name = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->name))));
  LibraryEdit *edit;

  if (*name == '\0' || !gtk_widget_get_sensitive (self->keep))
    return;
  edit = library_edit_new (LIBRARY_EDIT_SAVE_FILTER, self->by, 0, name, NULL);
  library_filter_copy (&edit->filter, &self->present);
  write_edit (self, edit);
  gtk_editable_set_text (GTK_EDITABLE (self->name), "");
}

static void
alidade_saved_filters_dispose (GObject *object)
{
  AlidadeSavedFilters *self = ALIDADE_SAVED_FILTERS (object);

  g_clear_object (&self->service);
  g_clear_pointer (&self->by, g_free);
  library_filter_clear (&self->present);
  library_filter_clear (&self->chosen);
  G_OBJECT_CLASS (alidade_saved_filters_parent_class)->dispose (object);
}

static void
alidade_saved_filters_class_init (AlidadeSavedFiltersClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = alidade_saved_filters_dispose;
  signals[SIGNAL_CHOSEN]
      = g_signal_new ("chosen", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_PROBLEM] = g_signal_new ("problem", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
alidade_saved_filters_init (AlidadeSavedFilters *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12), *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *scroller = gtk_scrolled_window_new (), *inside = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  self->list = gtk_list_box_new ();
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (self->list), GTK_SELECTION_NONE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL, "Kept filters", -1);
  g_signal_connect (self->list, "row-activated", G_CALLBACK (row_cb), self);
  self->nothing = gtk_label_new ("No filter is kept yet");
  gtk_label_set_wrap (GTK_LABEL (self->nothing), TRUE);
  gtk_label_set_max_width_chars (GTK_LABEL (self->nothing), 36);
  gtk_widget_add_css_class (self->nothing, "secondary");
  self->name = gtk_entry_new ();
  gtk_entry_set_placeholder_text (GTK_ENTRY (self->name), "Name of this filter");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->name), GTK_ACCESSIBLE_PROPERTY_LABEL, "Name of this filter",
                                  -1);
  gtk_widget_set_hexpand (self->name, TRUE);
  g_signal_connect_swapped (self->name, "changed", G_CALLBACK (name_cb), self);
  g_signal_connect_swapped (self->name, "activate", G_CALLBACK (keep_cb), self);
  self->keep = gtk_button_new_with_label ("Keep");
  gtk_widget_set_sensitive (self->keep, FALSE);
  g_signal_connect_swapped (self->keep, "clicked", G_CALLBACK (keep_cb), self);
  gtk_box_append (GTK_BOX (inside), self->list);
  gtk_box_append (GTK_BOX (inside), self->nothing);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scroller), TRUE);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scroller), 300);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), inside);
  gtk_accessible_update_property (GTK_ACCESSIBLE (scroller), GTK_ACCESSIBLE_PROPERTY_LABEL, "Kept filters", -1);
  gtk_box_append (GTK_BOX (row), self->name);
  gtk_box_append (GTK_BOX (row), self->keep);
  gtk_box_append (GTK_BOX (box), scroller);
  gtk_box_append (GTK_BOX (box), row);
  gtk_popover_set_child (GTK_POPOVER (self), box);
}

GtkWidget *
alidade_saved_filters_new (AlidadeProjectService *service, const char *by)
{
  AlidadeSavedFilters *self = g_object_new (ALIDADE_TYPE_SAVED_FILTERS, NULL);

  self->service = g_object_ref (service);
  self->by = g_strdup (by);
  return GTK_WIDGET (self);
}

void
alidade_saved_filters_load (AlidadeSavedFilters *self, const LibraryFilter *present)
{
  g_return_if_fail (ALIDADE_IS_SAVED_FILTERS (self));

  library_filter_clear (&self->present);
  library_filter_copy (&self->present, present);
  name_cb (self);
  read_kept (self);
}

const LibraryFilter *
alidade_saved_filters_get_chosen (AlidadeSavedFilters *self)
{
  g_return_val_if_fail (ALIDADE_IS_SAVED_FILTERS (self), NULL);
  return &self->chosen;
}
