/* SPDX-License-Identifier: MIT */
#include "library-pane.h"

#include "library-cell.h"

struct _AlidadeLibraryPane
{
  GtkWidget parent_instance;

  GtkWidget *column;
  GtkEditable *search;
  GtkStack *stack;
  GtkGridView *grid;
  GtkLabel *nothing;
  GtkLabel *count;
  GtkSpinner *spinner;

  AlidadeExploration *exploration;
  AlidadeLibrary *library;
  AlidadeThumbnailer *thumbnailer;
  AlidadeProjectIndex *index; /* NULL: this program has no projects */
  GtkWidget *project;         /* AlidadeProjectPane; shown while one is open */
  GtkStringFilter *filter;
  GtkFilterListModel *found;
  GtkSingleSelection *selection;
};

G_DEFINE_FINAL_TYPE (AlidadeLibraryPane, alidade_library_pane, GTK_TYPE_WIDGET)

static char *
count_text (guint n, const char *after)
{
  return g_strdup_printf ("%'u %s%s", n, n == 1 ? "picture" : "pictures", after);
}

static void
update_count (AlidadeLibraryPane *self)
{
  guint all = g_list_model_get_n_items (G_LIST_MODEL (self->library));
  guint shown = g_list_model_get_n_items (G_LIST_MODEL (self->found));
  guint bad = alidade_library_get_n_unreadable (self->library);
  gboolean loading = alidade_library_get_loading (self->library);
  g_autofree char *text = NULL;

  if (shown != all)
    text = g_strdup_printf ("%u of %u pictures", shown, all);
  else if (bad > 0)
    {
      g_autofree char *after = g_strdup_printf (", %u unreadable", bad);

      text = count_text (all, after);
    }
  else
    text = count_text (all, "");
  gtk_label_set_text (self->count, text);
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), loading);
  gtk_spinner_set_spinning (self->spinner, loading);
  gtk_label_set_text (self->nothing, all > 0 ? "No picture has a name like this" : "");
  gtk_stack_set_visible_child_name (self->stack, shown > 0 ? "grid" : "nothing");
}

/* The position among those found; FALSE if the search hides it. */
static gboolean
find_shown (AlidadeLibraryPane *self, AlidadePicture *picture, guint *position)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->found));

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (AlidadePicture) other = g_list_model_get_item (G_LIST_MODEL (self->found), i);

      if (other == picture)
        {
          *position = i;
          return TRUE;
        }
    }
  return FALSE;
}

static void
selected_cb (AlidadeLibraryPane *self)
{
  AlidadePicture *picture = gtk_single_selection_get_selected_item (self->selection);

  if (picture != NULL)
    alidade_exploration_set_picture (self->exploration, picture);
}

static void
found_changed_cb (AlidadeLibraryPane *self)
{
  AlidadePicture *picture = alidade_exploration_get_picture (self->exploration);
  guint position;

  update_count (self);
  /* Shown again after a search: selected again. */
  if (picture != NULL && gtk_single_selection_get_selected_item (self->selection) == NULL
      && find_shown (self, picture, &position))
    gtk_single_selection_set_selected (self->selection, position);
}

static void
library_changed_cb (AlidadeLibraryPane *self, guint position, guint removed, guint added)
{
  AlidadePicture *picture = alidade_exploration_get_picture (self->exploration);

  /* Another folder: the old picture goes with it. */
  if (removed > 0 && picture != NULL && !alidade_library_find (self->library, alidade_picture_get_path (picture), NULL))
    alidade_exploration_set_picture (self->exploration, NULL);
}

static void
search_cb (GtkSearchEntry *entry, AlidadeLibraryPane *self)
{
  if (self->filter != NULL)
    gtk_string_filter_set_search (self->filter, gtk_editable_get_text (GTK_EDITABLE (entry)));
}

static void
stop_search_cb (GtkSearchEntry *entry, AlidadeLibraryPane *self)
{
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  gtk_widget_grab_focus (GTK_WIDGET (self->grid));
}

static void
setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item, AlidadeLibraryPane *self)
{
  gtk_list_item_set_child (item, alidade_library_cell_new (self->thumbnailer));
}

static void
bind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, AlidadeLibraryPane *self)
{
  alidade_library_cell_bind (ALIDADE_LIBRARY_CELL (gtk_list_item_get_child (item)), gtk_list_item_get_item (item));
}

static void
unbind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, AlidadeLibraryPane *self)
{
  alidade_library_cell_unbind (ALIDADE_LIBRARY_CELL (gtk_list_item_get_child (item)));
}

static gboolean
in_project (AlidadeLibraryPane *self)
{
  return self->index != NULL && alidade_project_index_get_is_open (self->index);
}

static void
project_reset_cb (AlidadeLibraryPane *self)
{
  const char *folder = alidade_project_service_get_folder (alidade_project_index_get_service (self->index));
  g_autofree char *cache = folder != NULL ? g_build_filename (folder, "cache", "thumbnails", NULL) : NULL;

  /* A folder that cannot be written to keeps none: that is no error. */
  alidade_thumbnailer_set_folder (self->thumbnailer, cache, 0);
  gtk_widget_set_visible (self->column, folder == NULL);
  gtk_widget_set_visible (self->project, folder != NULL);
}

static void
alidade_library_pane_dispose (GObject *object)
{
  AlidadeLibraryPane *self = ALIDADE_LIBRARY_PANE (object);

  if (self->index != NULL)
    g_signal_handlers_disconnect_by_data (self->index, self);
  g_clear_pointer (&self->project, gtk_widget_unparent);
  g_clear_object (&self->index);
  if (self->library != NULL)
    g_signal_handlers_disconnect_by_data (self->library, self);
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  if (self->found != NULL)
    g_signal_handlers_disconnect_by_data (self->found, self);
  gtk_widget_dispose_template (GTK_WIDGET (self), ALIDADE_TYPE_LIBRARY_PANE);
  g_clear_object (&self->selection);
  g_clear_object (&self->found);
  g_clear_object (&self->filter);
  g_clear_object (&self->thumbnailer);
  g_clear_object (&self->library);
  g_clear_object (&self->exploration);

  G_OBJECT_CLASS (alidade_library_pane_parent_class)->dispose (object);
}

static void
alidade_library_pane_class_init (AlidadeLibraryPaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_library_pane_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "librarypane");
  gtk_widget_class_set_template_from_resource (widget_class, "/org/alidade/ui/library-pane.ui");
  gtk_widget_class_bind_template_child (widget_class, AlidadeLibraryPane, column);
  gtk_widget_class_bind_template_child (widget_class, AlidadeLibraryPane, search);
  gtk_widget_class_bind_template_child (widget_class, AlidadeLibraryPane, stack);
  gtk_widget_class_bind_template_child (widget_class, AlidadeLibraryPane, grid);
  gtk_widget_class_bind_template_child (widget_class, AlidadeLibraryPane, nothing);
  gtk_widget_class_bind_template_child (widget_class, AlidadeLibraryPane, count);
  gtk_widget_class_bind_template_child (widget_class, AlidadeLibraryPane, spinner);
  gtk_widget_class_bind_template_callback (widget_class, search_cb);
  gtk_widget_class_bind_template_callback (widget_class, stop_search_cb);
}

static void
alidade_library_pane_init (AlidadeLibraryPane *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->thumbnailer = alidade_thumbnailer_new (0);
}

void
alidade_library_pane_set_exploration (AlidadeLibraryPane *self, AlidadeExploration *exploration,
                                      AlidadeLibrary *library)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  g_return_if_fail (ALIDADE_IS_LIBRARY_PANE (self));
  g_return_if_fail (self->exploration == NULL);

  self->exploration = g_object_ref (exploration);
  self->library = g_object_ref (library);
  self->filter = gtk_string_filter_new (gtk_property_expression_new (ALIDADE_TYPE_PICTURE, NULL, "name"));
  self->found
      = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (library)), g_object_ref (GTK_FILTER (self->filter)));
  self->selection = gtk_single_selection_new (g_object_ref (G_LIST_MODEL (self->found)));
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, FALSE);
  gtk_single_selection_set_selected (self->selection, GTK_INVALID_LIST_POSITION);
  g_signal_connect (factory, "setup", G_CALLBACK (setup_cb), self);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cb), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cb), self);
  gtk_grid_view_set_factory (self->grid, factory);
  gtk_grid_view_set_model (self->grid, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect_swapped (self->selection, "notify::selected-item", G_CALLBACK (selected_cb), self);
  g_signal_connect_swapped (self->found, "items-changed", G_CALLBACK (found_changed_cb), self);
  g_signal_connect_swapped (library, "items-changed", G_CALLBACK (library_changed_cb), self);
  g_signal_connect_swapped (library, "notify", G_CALLBACK (update_count), self);
  update_count (self);
}

void
alidade_library_pane_set_project (AlidadeLibraryPane *self, AlidadeProjectIndex *index)
{
  g_return_if_fail (ALIDADE_IS_LIBRARY_PANE (self) && self->exploration != NULL && self->index == NULL);

  self->index = g_object_ref (index);
  self->project = alidade_project_pane_new (self->exploration, index, self->thumbnailer);
  gtk_widget_set_parent (self->project, GTK_WIDGET (self));
  g_signal_connect_swapped (index, "reset", G_CALLBACK (project_reset_cb), self);
  project_reset_cb (self);
}

AlidadeProjectPane *
alidade_library_pane_get_project (AlidadeLibraryPane *self)
{
  g_return_val_if_fail (ALIDADE_IS_LIBRARY_PANE (self), NULL);
  return ALIDADE_PROJECT_PANE (self->project);
}

AlidadeThumbnailer *
alidade_library_pane_get_thumbnailer (AlidadeLibraryPane *self)
{
  g_return_val_if_fail (ALIDADE_IS_LIBRARY_PANE (self), NULL);
  return self->thumbnailer;
}

void
alidade_library_pane_set_columns (AlidadeLibraryPane *self, guint columns)
{
  g_return_if_fail (ALIDADE_IS_LIBRARY_PANE (self));

  if (self->project != NULL)
    alidade_project_pane_set_columns (ALIDADE_PROJECT_PANE (self->project), columns);
  gtk_grid_view_set_max_columns (self->grid, columns);
  gtk_grid_view_set_min_columns (self->grid, columns);
  gtk_grid_view_set_max_columns (self->grid, columns);
}

void
alidade_library_pane_focus_search (AlidadeLibraryPane *self)
{
  g_return_if_fail (ALIDADE_IS_LIBRARY_PANE (self));

  if (in_project (self))
    {
      alidade_project_pane_focus_search (ALIDADE_PROJECT_PANE (self->project));
      return;
    }
  gtk_widget_grab_focus (GTK_WIDGET (self->search));
  gtk_editable_select_region (self->search, 0, -1);
}

static void
select_shown (AlidadeLibraryPane *self, guint position)
{
  gtk_single_selection_set_selected (self->selection, position);
  if (gtk_widget_get_mapped (GTK_WIDGET (self->grid)))
    gtk_widget_activate_action (GTK_WIDGET (self->grid), "list.scroll-to-item", "u", position);
}

void
alidade_library_pane_select (AlidadeLibraryPane *self, guint position)
{
  g_autoptr (AlidadePicture) picture = NULL;
  guint shown;

  g_return_if_fail (ALIDADE_IS_LIBRARY_PANE (self));

  picture = g_list_model_get_item (G_LIST_MODEL (self->library), position);
  if (picture == NULL)
    return;
  if (!find_shown (self, picture, &shown))
    {
      gtk_editable_set_text (self->search, "");
      gtk_string_filter_set_search (self->filter, "");
    }
  if (find_shown (self, picture, &shown))
    select_shown (self, shown);
}

void
alidade_library_pane_step (AlidadeLibraryPane *self, int direction)
{
  guint n, position;

  g_return_if_fail (ALIDADE_IS_LIBRARY_PANE (self));

  if (in_project (self))
    {
      alidade_project_pane_step (ALIDADE_PROJECT_PANE (self->project), direction);
      return;
    }
  n = g_list_model_get_n_items (G_LIST_MODEL (self->found));
  position = gtk_single_selection_get_selected (self->selection);
  if (n == 0)
    return;
  if (position == GTK_INVALID_LIST_POSITION)
    select_shown (self, direction > 0 ? 0 : n - 1);
  else if (direction > 0 ? position + 1 < n : position > 0)
    select_shown (self, position + direction);
}
