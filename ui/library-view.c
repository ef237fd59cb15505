/* SPDX-License-Identifier: MIT */
#include "library-view-private.h"

#include "library-cell.h"

#include <string.h>

G_DEFINE_FINAL_TYPE (AlidadeLibraryView, alidade_library_view, GTK_TYPE_WIDGET)

#define CELL_WIDTH 150 /* of the grid, at least */

enum
{
  SIGNAL_CLOSE,
  SIGNAL_OPEN,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static guint
length (AlidadeLibraryView *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->pictures));
}

static gboolean
shows_grid (AlidadeLibraryView *self)
{
  return gtk_toggle_button_get_active (self->as_grid);
}

/* What is on screen ------------------------------------------------------------------------------------------------ */

static void
update_count (AlidadeLibraryView *self)
{
  gboolean ready = alidade_project_index_get_ready (self->index);
  const char *error = alidade_project_index_get_error (self->index);
  guint n = length (self), selected = alidade_picture_selection_count (self->selection, NULL);
  g_autofree char *text = NULL;

  if (error != NULL)
    text = g_strdup (error);
  else if (!ready)
    text = g_strdup_printf ("%'u pictures, reading the project: %.0f %%", n,
                            100 * alidade_project_index_get_done (self->index));
  else if (selected > 0)
    text = g_strdup_printf ("%'u of %'u selected", selected, n);
  else
    text = g_strdup_printf ("%'u %s", n, n == 1 ? "picture" : "pictures");
  gtk_label_set_text (self->count, text);
  gtk_widget_set_sensitive (self->selection_box, selected > 0);
}

static void
update_page (AlidadeLibraryView *self)
{
  gboolean all = library_filter_is_empty (alidade_project_pictures_get_filter (self->pictures));
  const char *page = "loading";

  if (length (self) > 0)
    page = shows_grid (self) ? "grid" : "list";
  else if (alidade_project_pictures_get_ready (self->pictures))
    page = all ? "empty" : "nothing";
  gtk_spinner_set_spinning (self->spinner, strcmp (page, "loading") == 0);
  if (strcmp (page, "nothing") == 0)
    {
      const char *text = alidade_project_pictures_get_filter (self->pictures)->text;
      g_autofree char *escaped = text != NULL ? g_markup_escape_text (text, -1) : NULL;
      g_autofree char *said
          = escaped != NULL
                ? g_strdup_printf ("No name, caption or phrase has “%s” where the filters above hold.", escaped)
                : g_strdup ("The filters above leave none.");

      adw_status_page_set_description (self->nothing_page, said);
    }
  gtk_stack_set_visible_child_name (self->pages, page);
}

static void
missing_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeLibraryView) self = data;
  GCancellable *cancellable = g_task_get_cancellable (G_TASK (result));
  g_autofree LibraryResult *found = alidade_project_index_query_finish (ALIDADE_PROJECT_INDEX (object), result, NULL);
  g_autofree char *text = NULL;

  if (cancellable != self->counting)
    return;
  g_clear_object (&self->counting);
  if (found == NULL)
    return;
  text = g_strdup_printf ("%'" G_GINT64_FORMAT " %s missing", found->count, found->count == 1 ? "file" : "files");
  gtk_button_set_label (GTK_BUTTON (self->missing_button), text);
  gtk_widget_set_visible (self->missing_button, found->count > 0);
}

static void
count_missing (AlidadeLibraryView *self)
{
  const LibraryFilter filter = { .files = 1 << LIBRARY_FILE_MISSING };

  if (self->counting != NULL)
    g_cancellable_cancel (self->counting);
  g_clear_object (&self->counting);
  if (!gtk_widget_get_mapped (GTK_WIDGET (self)) || !alidade_project_index_get_is_open (self->index))
    return;
  self->counting = g_cancellable_new ();
  alidade_project_index_query_async (self->index, &filter, 1, self->counting, missing_cb, g_object_ref (self));
}

/* Filter and order ------------------------------------------------------------------------------------------------- */

static void
apply_filter (AlidadeLibraryView *self)
{
  alidade_project_pictures_set_filter (self->pictures, alidade_filter_bar_get_filter (self->filters));
  count_missing (self);
}

/* The controls follow a filter that was chosen elsewhere. */
static void
show_filter (AlidadeLibraryView *self)
{
  const LibraryFilter *filter = alidade_filter_bar_get_filter (self->filters);

  self->setting = TRUE;
  gtk_editable_set_text (self->search, filter->text != NULL ? filter->text : "");
  gtk_drop_down_set_selected (self->order, filter->order);
  gtk_toggle_button_set_active (self->descending, filter->descending);
  alidade_library_table_set_order (self->table, filter->order, filter->descending);
  self->setting = FALSE;
}

static void
picked_cb (AlidadeLibraryView *self)
{
  show_filter (self);
  alidade_filter_bar_update (self->filters);
  apply_filter (self);
}

static void
take_text (AlidadeLibraryView *self)
{
  LibraryFilter *filter = alidade_filter_bar_get_filter (self->filters);
  const char *text = gtk_editable_get_text (self->search);

  if (g_strcmp0 (filter->text != NULL ? filter->text : "", text) == 0)
    return;
  g_free (filter->text);
  filter->text = *text != '\0' ? g_strdup (text) : NULL;
  alidade_filter_bar_update (self->filters);
  apply_filter (self);
}

static void
search_cb (GtkSearchEntry *entry, AlidadeLibraryView *self)
{
  if (!self->setting && self->filters != NULL)
    take_text (self);
}

static void
order_cb (AlidadeLibraryView *self)
{
  LibraryFilter *filter;

  if (self->setting || self->filters == NULL)
    return;
  filter = alidade_filter_bar_get_filter (self->filters);
  filter->order = gtk_drop_down_get_selected (self->order);
  filter->descending = gtk_toggle_button_get_active (self->descending);
  alidade_library_table_set_order (self->table, filter->order, filter->descending);
  apply_filter (self);
}

static void
sort_cb (AlidadeLibraryView *self, guint order, gboolean descending)
{
  LibraryFilter *filter = alidade_filter_bar_get_filter (self->filters);

  filter->order = order;
  filter->descending = descending;
  self->setting = TRUE;
  gtk_drop_down_set_selected (self->order, order);
  gtk_toggle_button_set_active (self->descending, descending);
  self->setting = FALSE;
  apply_filter (self);
}

static void
show_all (AlidadeLibraryView *self)
{
  alidade_filter_bar_clear (self->filters);
  picked_cb (self);
}

static void
show_missing_cb (AlidadeLibraryView *self)
{
  LibraryFilter *filter = alidade_filter_bar_get_filter (self->filters);
  gboolean shown = filter->files == 1 << LIBRARY_FILE_MISSING;

  alidade_filter_bar_clear (self->filters);
  if (!shown)
    filter->files = 1 << LIBRARY_FILE_MISSING;
  picked_cb (self);
}

/* Moving about ----------------------------------------------------------------------------------------------------- */

static void
focus_list (AlidadeLibraryView *self)
{
  guint position = 0;

  if (length (self) == 0)
    return;
  if (alidade_picture_selection_count (self->selection, &position) == 0)
    gtk_selection_model_select_item (GTK_SELECTION_MODEL (self->selection), 0, TRUE);
  if (shows_grid (self))
    {
      gtk_widget_activate_action (GTK_WIDGET (self->grid), "list.scroll-to-item", "u", position);
      gtk_widget_child_focus (GTK_WIDGET (self->grid), GTK_DIR_TAB_FORWARD);
    }
  else
    {
      alidade_library_table_scroll_to (self->table, position);
      gtk_widget_child_focus (GTK_WIDGET (self->table), GTK_DIR_TAB_FORWARD);
    }
}

static void
stop_search_cb (GtkSearchEntry *entry, AlidadeLibraryView *self)
{
  if (*gtk_editable_get_text (GTK_EDITABLE (entry)) == '\0')
    {
      g_signal_emit (self, signals[SIGNAL_CLOSE], 0);
      return;
    }
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  take_text (self);
}

static void
activate_search_cb (GtkSearchEntry *entry, AlidadeLibraryView *self)
{
  take_text (self);
  focus_list (self);
}

static gboolean
search_key_cb (GtkEventControllerKey *keys, guint key, guint code, GdkModifierType state, AlidadeLibraryView *self)
{
  if (key != GDK_KEY_Down && key != GDK_KEY_KP_Down)
    return FALSE;
  focus_list (self);
  return TRUE;
}

/* Keys of the pictures themselves: an empty entry lets them through, and would remove what is selected elsewhere. */
static void
add_list_keys (AlidadeLibraryView *self)
{
  static const struct
  {
    guint key;
    GdkModifierType modifiers;
    const char *action;
  } keys[] = {
    { GDK_KEY_Delete, 0, "library.remove" },
    { GDK_KEY_KP_Delete, 0, "library.remove" },
    { GDK_KEY_Delete, GDK_SHIFT_MASK, "library.bin" },
    { GDK_KEY_t, 0, "library.tag" },
    { GDK_KEY_a, GDK_CONTROL_MASK, "library.select-all" },
  };
  GtkEventController *controller = gtk_shortcut_controller_new ();

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (controller),
                                          gtk_shortcut_new (gtk_keyval_trigger_new (keys[i].key, keys[i].modifiers),
                                                            gtk_named_action_new (keys[i].action)));
  gtk_widget_add_controller (GTK_WIDGET (self->pages), controller);
}

/* GTK's lists take Esc for unselecting. */
static gboolean
list_key_cb (GtkEventControllerKey *keys, guint key, guint code, GdkModifierType state, AlidadeLibraryView *self)
{
  if (key != GDK_KEY_Escape)
    return FALSE;
  g_signal_emit (self, signals[SIGNAL_CLOSE], 0);
  return TRUE;
}

static void
open_position (AlidadeLibraryView *self, guint position)
{
  gint64 id = alidade_project_pictures_get_id (self->pictures, position);

  if (id != 0)
    g_signal_emit (self, signals[SIGNAL_OPEN], 0, id);
}

static void
activate_cb (GtkGridView *grid, guint position, AlidadeLibraryView *self)
{
  open_position (self, position);
}

static void
table_activate_cb (AlidadeLibraryView *self, guint position)
{
  open_position (self, position);
}

static void
selected_cb (AlidadeLibraryView *self)
{
  guint position = 0, n = alidade_picture_selection_count (self->selection, &position);
  g_autoptr (AlidadeProjectPicture) picture
      = n == 1 ? g_list_model_get_item (G_LIST_MODEL (self->pictures), position) : NULL;

  alidade_picture_details_set (self->details, picture, n);
  _alidade_library_view_update_actions (self);
  update_count (self);
}

/* What had the focus may be gone: the next thing to do gets it, or keys would go nowhere. */
static void
keep_focus (AlidadeLibraryView *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)) || (focus != NULL && gtk_widget_get_mapped (focus)))
    return;
  if (length (self) > 0)
    focus_list (self);
  else
    gtk_widget_child_focus (gtk_stack_get_visible_child (self->pages), GTK_DIR_TAB_FORWARD);
}

static void
answered_cb (AlidadeLibraryView *self)
{
  update_page (self);
  selected_cb (self);
  keep_focus (self);
}

static void
updated_cb (AlidadeLibraryView *self)
{
  update_count (self);
  count_missing (self);
}

static void
reset_cb (AlidadeLibraryView *self)
{
  g_array_set_size (self->done, 0);
  g_array_set_size (self->undone, 0);
  alidade_picture_selection_set_id (self->selection, 0);
  alidade_filter_bar_clear (self->filters);
  show_filter (self);
  apply_filter (self);
  update_page (self);
  selected_cb (self);
  gtk_widget_set_visible (self->missing_button, FALSE);
}

/* Grid and list: the one that is not on screen has no model, and makes no rows. */
static void
shape_cb (AlidadeLibraryView *self)
{
  gboolean grid = shows_grid (self);

  if (self->selection == NULL)
    return;
  gtk_grid_view_set_model (self->grid, grid ? GTK_SELECTION_MODEL (self->selection) : NULL);
  alidade_library_table_set_model (self->table, grid ? NULL : GTK_SELECTION_MODEL (self->selection));
  if (self->settings != NULL)
    g_settings_set_boolean (self->settings, "library-as-list", !grid);
  update_page (self);
}

/* As many columns as have room: more would make GTK keep rows of cells that nobody sees. */
static gboolean
columns_idle_cb (gpointer data)
{
  AlidadeLibraryView *self = data;
  GtkAdjustment *across = gtk_scrollable_get_hadjustment (GTK_SCROLLABLE (self->grid));
  guint columns = MAX ((int) gtk_adjustment_get_page_size (across) / CELL_WIDTH, 2);

  self->columns_id = 0;
  if (gtk_adjustment_get_page_size (across) > CELL_WIDTH && columns != gtk_grid_view_get_max_columns (self->grid))
    {
      gtk_grid_view_set_max_columns (self->grid, MAX (columns, gtk_grid_view_get_min_columns (self->grid)));
      gtk_grid_view_set_min_columns (self->grid, columns);
      gtk_grid_view_set_max_columns (self->grid, columns);
    }
  return G_SOURCE_REMOVE;
}

static void
width_cb (AlidadeLibraryView *self)
{
  if (self->columns_id == 0)
    self->columns_id = g_idle_add_full (G_PRIORITY_HIGH_IDLE + 15, columns_idle_cb, self, NULL);
}

static void
grid_row_cb (AlidadeProjectPicture *picture, GParamSpec *pspec, GtkLabel *label)
{
  const LibraryImage *row = alidade_project_picture_get_row (picture);
  g_autofree char *name = row != NULL ? g_path_get_basename (row->name) : g_strdup ("");

  gtk_label_set_text (label, name);
}

static void
setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item, AlidadeLibraryView *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4), *label = gtk_label_new (NULL);

  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_MIDDLE);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 1);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_add_css_class (label, "caption");
  gtk_box_append (GTK_BOX (box), alidade_library_cell_new (self->thumbnailer));
  gtk_box_append (GTK_BOX (box), label);
  gtk_list_item_set_child (item, box);
}

static void
bind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, AlidadeLibraryView *self)
{
  GtkWidget *box = gtk_list_item_get_child (item), *label = gtk_widget_get_last_child (box);
  AlidadeProjectPicture *picture = gtk_list_item_get_item (item);

  alidade_library_cell_bind (ALIDADE_LIBRARY_CELL (gtk_widget_get_first_child (box)), picture);
  g_signal_connect (picture, "notify::row", G_CALLBACK (grid_row_cb), label);
  grid_row_cb (picture, NULL, GTK_LABEL (label));
}

static void
unbind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, AlidadeLibraryView *self)
{
  GtkWidget *box = gtk_list_item_get_child (item);

  alidade_library_cell_unbind (ALIDADE_LIBRARY_CELL (gtk_widget_get_first_child (box)));
  g_signal_handlers_disconnect_by_data (gtk_list_item_get_item (item), gtk_widget_get_last_child (box));
}

/* Actions ---------------------------------------------------------------------------------------------------------- */

static void
close_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_signal_emit (widget, signals[SIGNAL_CLOSE], 0);
}

static void
open_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeLibraryView *self = ALIDADE_LIBRARY_VIEW (widget);
  guint position;

  if (alidade_picture_selection_count (self->selection, &position) > 0)
    open_position (self, position);
}

static void
search_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeLibraryView *self = ALIDADE_LIBRARY_VIEW (widget);

  gtk_widget_grab_focus (GTK_WIDGET (self->search));
  gtk_editable_select_region (self->search, 0, -1);
}

static void
show_all_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  show_all (ALIDADE_LIBRARY_VIEW (widget));
  search_action (widget, NULL, NULL);
}

static void
select_all_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  gtk_selection_model_select_all (GTK_SELECTION_MODEL (ALIDADE_LIBRARY_VIEW (widget)->selection));
}

static void
shape_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeLibraryView *self = ALIDADE_LIBRARY_VIEW (widget);

  gtk_toggle_button_set_active (shows_grid (self) ? self->as_list : self->as_grid, TRUE);
  focus_list (self);
}

static void
details_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeLibraryView *self = ALIDADE_LIBRARY_VIEW (widget);

  gtk_toggle_button_set_active (self->details_toggle, !gtk_toggle_button_get_active (self->details_toggle));
}

static void
details_edit_cb (AlidadeLibraryView *self, LibraryEdit *edit)
{
  _alidade_library_view_edit (self, edit);
}

static void
details_open_cb (AlidadeLibraryView *self)
{
  open_action (GTK_WIDGET (self), NULL, NULL);
}

static void
problem_cb (AlidadeLibraryView *self, const char *sentence)
{
  _alidade_library_view_toast (self, sentence, FALSE);
}

/* GObject ---------------------------------------------------------------------------------------------------------- */

static void
alidade_library_view_dispose (GObject *object)
{
  AlidadeLibraryView *self = ALIDADE_LIBRARY_VIEW (object);

  g_clear_handle_id (&self->columns_id, g_source_remove);
  if (self->counting != NULL)
    g_cancellable_cancel (self->counting);
  g_clear_object (&self->counting);
  if (self->index != NULL)
    g_signal_handlers_disconnect_by_data (self->index, self);
  if (self->pictures != NULL)
    g_signal_handlers_disconnect_by_data (self->pictures, self);
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  self->filters = NULL;
  self->details = NULL;
  self->table = NULL;
  gtk_widget_dispose_template (GTK_WIDGET (self), ALIDADE_TYPE_LIBRARY_VIEW);
  self->toasts = NULL;
  g_clear_object (&self->selection);
  g_clear_object (&self->pictures);
  g_clear_object (&self->thumbnailer);
  g_clear_object (&self->index);
  g_clear_object (&self->settings);
  g_clear_pointer (&self->by, g_free);
  G_OBJECT_CLASS (alidade_library_view_parent_class)->dispose (object);
}

static void
alidade_library_view_finalize (GObject *object)
{
  AlidadeLibraryView *self = ALIDADE_LIBRARY_VIEW (object);

  g_array_unref (self->done);
  g_array_unref (self->undone);
  G_OBJECT_CLASS (alidade_library_view_parent_class)->finalize (object);
}

static void
class_init_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "library.close", NULL, close_action);
  gtk_widget_class_install_action (widget_class, "library.open", NULL, open_action);
  gtk_widget_class_install_action (widget_class, "library.search", NULL, search_action);
  gtk_widget_class_install_action (widget_class, "library.show-all", NULL, show_all_action);
  gtk_widget_class_install_action (widget_class, "library.select-all", NULL, select_all_action);
  gtk_widget_class_install_action (widget_class, "library.shape", NULL, shape_action);
  gtk_widget_class_install_action (widget_class, "library.details", NULL, details_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "library.close", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_f, GDK_CONTROL_MASK, "library.search", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_g, GDK_CONTROL_MASK, "library.shape", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F9, GDK_SHIFT_MASK, "library.details", NULL);
  _alidade_library_view_class_init_edits (widget_class);
}

static void
alidade_library_view_class_init (AlidadeLibraryViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_library_view_dispose;
  G_OBJECT_CLASS (klass)->finalize = alidade_library_view_finalize;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "libraryview");
  gtk_widget_class_set_template_from_resource (widget_class, "/org/alidade/ui/library-view.ui");
#define BIND(member) gtk_widget_class_bind_template_child (widget_class, AlidadeLibraryView, member)
  BIND (toasts);
  BIND (search);
  BIND (order);
  BIND (descending);
  BIND (as_grid);
  BIND (as_list);
  BIND (details_toggle);
  BIND (filter_slot);
  BIND (details_slot);
  BIND (details_side);
  BIND (table_slot);
  BIND (missing_button);
  BIND (pages);
  BIND (grid);
  BIND (count);
  BIND (spinner);
  BIND (nothing_page);
  BIND (selection_box);
#undef BIND
  gtk_widget_class_bind_template_callback (widget_class, search_cb);
  gtk_widget_class_bind_template_callback (widget_class, stop_search_cb);
  gtk_widget_class_bind_template_callback (widget_class, activate_search_cb);
  gtk_widget_class_bind_template_callback (widget_class, order_cb);
  gtk_widget_class_bind_template_callback (widget_class, shape_cb);
  gtk_widget_class_bind_template_callback (widget_class, show_missing_cb);
  gtk_widget_class_bind_template_callback (widget_class, activate_cb);
  class_init_actions (widget_class);
  signals[SIGNAL_CLOSE]
      = g_signal_new ("close", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_OPEN] = g_signal_new ("open", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, G_TYPE_INT64);
}

static void
alidade_library_view_init (AlidadeLibraryView *self)
{
  GtkEventController *keys = gtk_event_controller_key_new ();

  self->done = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->undone = g_array_new (FALSE, FALSE, sizeof (gint64));
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (search_key_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self->search), keys);
  keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (list_key_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self->pages), keys);
  add_list_keys (self);
  /* The button inside is what takes the focus. */
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_first_child (GTK_WIDGET (self->order))),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, "Order", -1);
  g_object_bind_property (self->details_toggle, "active", self->details_side, "visible", G_BINDING_SYNC_CREATE);
}

static void
make_parts (AlidadeLibraryView *self)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  self->filters = ALIDADE_FILTER_BAR (alidade_filter_bar_new (self->index, self->by));
  gtk_box_append (GTK_BOX (self->filter_slot), GTK_WIDGET (self->filters));
  g_signal_connect_swapped (self->filters, "changed", G_CALLBACK (apply_filter), self);
  g_signal_connect_swapped (self->filters, "picked", G_CALLBACK (picked_cb), self);
  g_signal_connect_swapped (self->filters, "problem", G_CALLBACK (problem_cb), self);
  self->details = ALIDADE_PICTURE_DETAILS (alidade_picture_details_new (self->index, self->thumbnailer));
  gtk_widget_set_hexpand (GTK_WIDGET (self->details), TRUE);
  gtk_widget_set_size_request (GTK_WIDGET (self->details), 320, -1);
  gtk_box_append (GTK_BOX (self->details_slot), GTK_WIDGET (self->details));
  g_signal_connect_swapped (self->details, "edit", G_CALLBACK (details_edit_cb), self);
  g_signal_connect_swapped (self->details, "open", G_CALLBACK (details_open_cb), self);
  self->table = ALIDADE_LIBRARY_TABLE (alidade_library_table_new (self->thumbnailer));
  gtk_widget_set_vexpand (GTK_WIDGET (self->table), TRUE);
  gtk_box_append (GTK_BOX (self->table_slot), GTK_WIDGET (self->table));
  g_signal_connect_swapped (self->table, "sort", G_CALLBACK (sort_cb), self);
  g_signal_connect_swapped (self->table, "activate", G_CALLBACK (table_activate_cb), self);
  g_signal_connect (factory, "setup", G_CALLBACK (setup_cb), self);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cb), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cb), self);
  gtk_grid_view_set_factory (self->grid, factory);
  g_signal_connect_object (gtk_scrollable_get_hadjustment (GTK_SCROLLABLE (self->grid)), "notify::page-size",
                           G_CALLBACK (width_cb), self, G_CONNECT_SWAPPED);
}

GtkWidget *
alidade_library_view_new (AlidadeProjectIndex *index, AlidadeThumbnailer *thumbnailer, const char *by,
                          GSettings *settings)
{
  AlidadeLibraryView *self = g_object_new (ALIDADE_TYPE_LIBRARY_VIEW, NULL);

  self->index = g_object_ref (index);
  self->thumbnailer = g_object_ref (thumbnailer);
  self->by = g_strdup (by);
  self->pictures = alidade_project_pictures_new (index);
  make_parts (self);
  self->selection = alidade_picture_selection_new (self->pictures, FALSE);
  if (settings != NULL && g_settings_get_boolean (settings, "library-as-list"))
    gtk_toggle_button_set_active (self->as_list, TRUE);
  self->settings = settings != NULL ? g_object_ref (settings) : NULL;
  g_signal_connect_swapped (self->selection, "selection-changed", G_CALLBACK (selected_cb), self);
  g_signal_connect_swapped (self->pictures, "answered", G_CALLBACK (answered_cb), self);
  g_signal_connect_swapped (index, "updated", G_CALLBACK (updated_cb), self);
  g_signal_connect_swapped (index, "reset", G_CALLBACK (reset_cb), self);
  show_filter (self);
  shape_cb (self);
  selected_cb (self);
  return GTK_WIDGET (self);
}

void
alidade_library_view_enter (AlidadeLibraryView *self)
{
  g_return_if_fail (ALIDADE_IS_LIBRARY_VIEW (self));

  search_action (GTK_WIDGET (self), NULL, NULL);
  count_missing (self);
}

void
alidade_library_view_set_narrow (AlidadeLibraryView *self, gboolean narrow)
{
  g_return_if_fail (ALIDADE_IS_LIBRARY_VIEW (self));

  if (narrow == self->narrow)
    return;
  self->narrow = narrow;
  gtk_toggle_button_set_active (self->details_toggle, !narrow);
}
