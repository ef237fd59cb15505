/* SPDX-License-Identifier: MIT */
#include "project-pane.h"

#include "library-cell.h"
#include "picture-selection.h"

#include <string.h>

#define TAGS_SHOWN 12 /* in the menu; the whole library has them all */

struct _AlidadeProjectPane
{
  GtkWidget parent_instance;

  GtkWidget *column;
  GtkEditable *search;
  GtkWidget *more;
  GtkLabel *more_label;
  GtkStack *pages;
  GtkGridView *grid;
  GtkLabel *nothing;
  GtkWidget *show_all;
  GtkLabel *count;
  GtkSpinner *spinner;
  GMenu *filters;

  AlidadeExploration *exploration;
  AlidadeProjectIndex *index;
  AlidadeThumbnailer *thumbnailer;
  AlidadeProjectPictures *pictures;
  AlidadePictureSelection *selection;
  GSimpleActionGroup *actions;
  AlidadeProjectPicture *chosen; /* shown in the exploration, or will be when its row is there */
  gint64 wished;                 /* id to choose when the list has it; -1: the first; 0: none */
};

G_DEFINE_FINAL_TYPE (AlidadeProjectPane, alidade_project_pane, GTK_TYPE_WIDGET)

static guint
length (AlidadeProjectPane *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->pictures));
}

static const char *
state_of (AlidadeProjectPane *self, const char *action)
{
  g_autoptr (GVariant) state = g_action_group_get_action_state (G_ACTION_GROUP (self->actions), action);

  return g_intern_string (g_variant_get_string (state, NULL));
}

/* What is shown ---------------------------------------------------------------------------------------------------- */

static void
update_count (AlidadeProjectPane *self)
{
  gboolean ready = alidade_project_index_get_ready (self->index);
  gboolean all = library_filter_is_empty (alidade_project_pictures_get_filter (self->pictures));
  const char *error = alidade_project_index_get_error (self->index);
  guint n = length (self);
  g_autofree char *text = NULL;

  if (error != NULL)
    text = g_strdup ("Not all could be read");
  else if (!ready)
    text = g_strdup_printf ("%'u pictures, reading %.0f %%", n, 100 * alidade_project_index_get_done (self->index));
  else
    text = g_strdup_printf ("%'u %s", n, n == 1 ? "picture" : "pictures");
  gtk_label_set_text (self->count, text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->count), error);
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), !ready && error == NULL);
  gtk_spinner_set_spinning (self->spinner, !ready && error == NULL);
  if (n > 0)
    gtk_stack_set_visible_child_name (self->pages, "grid");
  else if (alidade_project_pictures_get_ready (self->pictures))
    {
      gtk_label_set_text (self->nothing, all ? "No pictures in this project yet" : "No picture is like this");
      gtk_widget_set_visible (self->show_all, !all);
      gtk_stack_set_visible_child_name (self->pages, "nothing");
    }
}

/* The menu's other filters; the third chip carries the name of one that is on. */
static void
update_filters (AlidadeProjectPane *self)
{
  static const struct
  {
    const char *label, *target;
  } fixed[] = { { "Reviewed", "reviewed" }, { "Without Phrases", "no-phrases" }, { "File Missing", "missing" } };
  g_auto (GStrv) tags = alidade_project_index_get_tags (self->index);
  g_autoptr (GMenu) plain = g_menu_new (), tagged = g_menu_new ();
  const char *state = state_of (self, "filter"), *shown = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (fixed); i++)
    {
      g_autoptr (GMenuItem) item = g_menu_item_new (fixed[i].label, NULL);

      g_menu_item_set_action_and_target (item, "pane.filter", "s", fixed[i].target);
      g_menu_append_item (plain, item);
      if (strcmp (state, fixed[i].target) == 0)
        shown = fixed[i].label;
    }
  for (guint i = 0; tags[i] != NULL && i < TAGS_SHOWN; i++)
    {
      g_autoptr (GMenuItem) item = g_menu_item_new (NULL, NULL);
      g_autofree char *target = g_strconcat ("tag:", tags[i], NULL);
      g_auto (GStrv) parts = g_strsplit (tags[i], "_", -1); /* no mnemonics in people's words */
      g_autofree char *label = g_strjoinv ("__", parts);

      g_menu_item_set_label (item, label);
      g_menu_item_set_action_and_target (item, "pane.filter", "s", target);
      g_menu_append_item (tagged, item);
    }
  if (g_str_has_prefix (state, "tag:"))
    shown = state + 4;
  g_menu_remove_all (self->filters);
  g_menu_append_section (self->filters, NULL, G_MENU_MODEL (plain));
  if (g_menu_model_get_n_items (G_MENU_MODEL (tagged)) > 0)
    g_menu_append_section (self->filters, "Tags", G_MENU_MODEL (tagged));
  gtk_label_set_text (self->more_label, shown != NULL ? shown : "");
  gtk_widget_set_visible (GTK_WIDGET (self->more_label), shown != NULL);
  if (shown != NULL)
    gtk_widget_add_css_class (self->more, "on");
  else
    gtk_widget_remove_css_class (self->more, "on");
}

static void
apply_filter (AlidadeProjectPane *self)
{
  const char *state = state_of (self, "filter"), *order = state_of (self, "order");
  const char *text = gtk_editable_get_text (self->search);
  g_auto (LibraryFilter) filter = { .text = *text != '\0' ? g_strdup (text) : NULL };

  if (strcmp (state, "to-review") == 0)
    {
      filter.verdicts = 1 << LIBRARY_NO_VERDICT | 1 << LIBRARY_STALE;
      filter.phrases = LIBRARY_WITH;
    }
  else if (strcmp (state, "reviewed") == 0)
    filter.verdicts = 1 << LIBRARY_ACCEPTED | 1 << LIBRARY_CORRECTED | 1 << LIBRARY_REJECTED | 1 << LIBRARY_ABSENT
                      | 1 << LIBRARY_UNSURE;
  else if (strcmp (state, "no-phrases") == 0)
    filter.phrases = LIBRARY_WITHOUT;
  else if (strcmp (state, "missing") == 0)
    filter.files = 1 << LIBRARY_FILE_MISSING;
  else if (g_str_has_prefix (state, "tag:"))
    filter.tag = g_strdup (state + 4);
  filter.order = MAX (library_order_parse (order), 0);
  filter.descending = filter.order == LIBRARY_BY_ADDED || filter.order == LIBRARY_BY_CHANGED;
  alidade_project_pictures_set_filter (self->pictures, &filter);
  update_filters (self);
}

static void
set_state (AlidadeProjectPane *self, const char *action, const char *value)
{
  g_action_group_change_action_state (G_ACTION_GROUP (self->actions), action, g_variant_new_string (value));
}

static void
change_state_cb (GSimpleAction *action, GVariant *value, gpointer data)
{
  g_simple_action_set_state (action, value);
  apply_filter (data);
}

static void
show_everything (AlidadeProjectPane *self)
{
  gtk_editable_set_text (self->search, "");
  set_state (self, "filter", "all");
}

static void
show_all_cb (AlidadeProjectPane *self)
{
  show_everything (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->search));
}

/* The chosen one --------------------------------------------------------------------------------------------------- */

static void
picture_cb (AlidadeProjectPane *self)
{
  AlidadePicture *picture = alidade_project_picture_get_picture (self->chosen);

  if (picture != NULL)
    alidade_exploration_set_picture (self->exploration, picture);
}

static void
choose (AlidadeProjectPane *self, AlidadeProjectPicture *picture)
{
  if (picture == self->chosen)
    return;
  if (self->chosen != NULL)
    g_signal_handlers_disconnect_by_data (self->chosen, self);
  g_set_object (&self->chosen, picture);
  if (picture == NULL)
    return;
  g_signal_connect_swapped (picture, "notify::picture", G_CALLBACK (picture_cb), self);
  picture_cb (self);
}

static void
selected_cb (AlidadeProjectPane *self)
{
  guint position;

  if (alidade_picture_selection_count (self->selection, &position) > 0)
    {
      g_autoptr (AlidadeProjectPicture) picture = g_list_model_get_item (G_LIST_MODEL (self->pictures), position);

      choose (self, picture);
    }
}

static void
select_position (AlidadeProjectPane *self, guint position)
{
  gtk_selection_model_select_item (GTK_SELECTION_MODEL (self->selection), position, TRUE);
  if (gtk_widget_get_mapped (GTK_WIDGET (self->grid)))
    gtk_widget_activate_action (GTK_WIDGET (self->grid), "list.scroll-to-item", "u", position);
}

static void
grant_wish (AlidadeProjectPane *self)
{
  guint position = 0;

  if (self->wished == 0 || length (self) == 0)
    return;
  if (self->wished > 0 && !alidade_project_pictures_find (self->pictures, self->wished, &position))
    {
      /* Hidden by the filter, or not there any more. */
      if (alidade_project_pictures_get_ready (self->pictures)
          && library_filter_is_empty (alidade_project_pictures_get_filter (self->pictures)))
        self->wished = 0;
      return;
    }
  self->wished = 0;
  select_position (self, position);
}

static void
answered_cb (AlidadeProjectPane *self)
{
  update_count (self);
  grant_wish (self);
}

static void
updated_cb (AlidadeProjectPane *self)
{
  update_filters (self);
  update_count (self);
}

static void
reset_cb (AlidadeProjectPane *self)
{
  choose (self, NULL);
  alidade_picture_selection_set_id (self->selection, 0);
  self->wished = 0;
  show_everything (self);
  update_count (self);
}

/* The list --------------------------------------------------------------------------------------------------------- */

static void
search_cb (GtkSearchEntry *entry, AlidadeProjectPane *self)
{
  if (self->pictures != NULL)
    apply_filter (self);
}

static void
stop_search_cb (GtkSearchEntry *entry, AlidadeProjectPane *self)
{
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  apply_filter (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->grid));
}

static void
activate_search_cb (GtkSearchEntry *entry, AlidadeProjectPane *self)
{
  if (length (self) > 0)
    {
      select_position (self, 0);
      gtk_widget_child_focus (GTK_WIDGET (self->grid), GTK_DIR_TAB_FORWARD);
    }
}

static void
setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item, AlidadeProjectPane *self)
{
  gtk_list_item_set_child (item, alidade_library_cell_new (self->thumbnailer));
}

static void
bind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, AlidadeProjectPane *self)
{
  alidade_library_cell_bind (ALIDADE_LIBRARY_CELL (gtk_list_item_get_child (item)), gtk_list_item_get_item (item));
}

static void
unbind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, AlidadeProjectPane *self)
{
  alidade_library_cell_unbind (ALIDADE_LIBRARY_CELL (gtk_list_item_get_child (item)));
}

static void
alidade_project_pane_dispose (GObject *object)
{
  AlidadeProjectPane *self = ALIDADE_PROJECT_PANE (object);

  if (self->index != NULL)
    g_signal_handlers_disconnect_by_data (self->index, self);
  if (self->pictures != NULL)
    g_signal_handlers_disconnect_by_data (self->pictures, self);
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  if (self->chosen != NULL)
    g_signal_handlers_disconnect_by_data (self->chosen, self);
  g_clear_object (&self->chosen);
  gtk_widget_dispose_template (GTK_WIDGET (self), ALIDADE_TYPE_PROJECT_PANE);
  g_clear_object (&self->selection);
  g_clear_object (&self->pictures);
  g_clear_object (&self->actions);
  g_clear_object (&self->thumbnailer);
  g_clear_object (&self->index);
  g_clear_object (&self->exploration);
  G_OBJECT_CLASS (alidade_project_pane_parent_class)->dispose (object);
}

static void
alidade_project_pane_class_init (AlidadeProjectPaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_project_pane_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "librarypane");
  gtk_widget_class_set_template_from_resource (widget_class, "/org/alidade/ui/project-pane.ui");
  gtk_widget_class_bind_template_child (widget_class, AlidadeProjectPane, column);
  gtk_widget_class_bind_template_child (widget_class, AlidadeProjectPane, search);
  gtk_widget_class_bind_template_child (widget_class, AlidadeProjectPane, more);
  gtk_widget_class_bind_template_child (widget_class, AlidadeProjectPane, more_label);
  gtk_widget_class_bind_template_child (widget_class, AlidadeProjectPane, pages);
  gtk_widget_class_bind_template_child (widget_class, AlidadeProjectPane, grid);
  gtk_widget_class_bind_template_child (widget_class, AlidadeProjectPane, nothing);
  gtk_widget_class_bind_template_child (widget_class, AlidadeProjectPane, show_all);
  gtk_widget_class_bind_template_child (widget_class, AlidadeProjectPane, count);
  gtk_widget_class_bind_template_child (widget_class, AlidadeProjectPane, spinner);
  gtk_widget_class_bind_template_child (widget_class, AlidadeProjectPane, filters);
  gtk_widget_class_bind_template_callback (widget_class, search_cb);
  gtk_widget_class_bind_template_callback (widget_class, stop_search_cb);
  gtk_widget_class_bind_template_callback (widget_class, activate_search_cb);
  gtk_widget_class_bind_template_callback (widget_class, show_all_cb);
}

static void
alidade_project_pane_init (AlidadeProjectPane *self)
{
  const GActionEntry entries[] = {
    { "filter", NULL, "s", "'all'", change_state_cb, { 0 } },
    { "order", NULL, "s", "'name'", change_state_cb, { 0 } },
  };

  /* Before the template: its buttons look for them. */
  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "pane", G_ACTION_GROUP (self->actions));
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
alidade_project_pane_new (AlidadeExploration *exploration, AlidadeProjectIndex *index, AlidadeThumbnailer *thumbnailer)
{
  AlidadeProjectPane *self = g_object_new (ALIDADE_TYPE_PROJECT_PANE, NULL);
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  self->exploration = g_object_ref (exploration);
  self->index = g_object_ref (index);
  self->thumbnailer = g_object_ref (thumbnailer);
  self->pictures = alidade_project_pictures_new (index);
  self->selection = alidade_picture_selection_new (self->pictures, TRUE);
  g_signal_connect (factory, "setup", G_CALLBACK (setup_cb), self);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cb), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cb), self);
  gtk_grid_view_set_factory (self->grid, factory);
  gtk_grid_view_set_model (self->grid, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect_swapped (self->selection, "selection-changed", G_CALLBACK (selected_cb), self);
  g_signal_connect_swapped (self->pictures, "answered", G_CALLBACK (answered_cb), self);
  g_signal_connect_swapped (index, "updated", G_CALLBACK (updated_cb), self);
  g_signal_connect_swapped (index, "reset", G_CALLBACK (reset_cb), self);
  update_filters (self);
  update_count (self);
  return GTK_WIDGET (self);
}

AlidadeProjectPictures *
alidade_project_pane_get_pictures (AlidadeProjectPane *self)
{
  g_return_val_if_fail (ALIDADE_IS_PROJECT_PANE (self), NULL);
  return self->pictures;
}

void
alidade_project_pane_set_columns (AlidadeProjectPane *self, guint columns)
{
  g_return_if_fail (ALIDADE_IS_PROJECT_PANE (self));

  gtk_grid_view_set_max_columns (self->grid, columns);
  gtk_grid_view_set_min_columns (self->grid, columns);
  gtk_grid_view_set_max_columns (self->grid, columns);
}

void
alidade_project_pane_focus_search (AlidadeProjectPane *self)
{
  g_return_if_fail (ALIDADE_IS_PROJECT_PANE (self));

  gtk_widget_grab_focus (GTK_WIDGET (self->search));
  gtk_editable_select_region (self->search, 0, -1);
}

void
alidade_project_pane_select_first (AlidadeProjectPane *self)
{
  g_return_if_fail (ALIDADE_IS_PROJECT_PANE (self));

  if (self->chosen != NULL)
    return;
  self->wished = -1;
  grant_wish (self);
}

void
alidade_project_pane_select_id (AlidadeProjectPane *self, gint64 id)
{
  g_return_if_fail (ALIDADE_IS_PROJECT_PANE (self));

  self->wished = id;
  if (!alidade_project_pictures_find (self->pictures, id, NULL))
    show_everything (self);
  grant_wish (self);
}

void
alidade_project_pane_step (AlidadeProjectPane *self, int direction)
{
  guint n, position;

  g_return_if_fail (ALIDADE_IS_PROJECT_PANE (self));

  n = length (self);
  if (n == 0)
    return;
  if (alidade_picture_selection_count (self->selection, &position) == 0)
    select_position (self, direction > 0 ? 0 : n - 1);
  else if (direction > 0 ? position + 1 < n : position > 0)
    select_position (self, position + direction);
}
