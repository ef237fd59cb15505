/* SPDX-License-Identifier: MIT
 * The view stack: its pages, the switcher in the header or below, and the header's two fold buttons, which belong to
 * the panes of the page on screen. */
#include "library-view.h"
#include "window-private.h"

/* What only means something in Explore: elsewhere its keys go on to the page. */
static const char *const explore_actions[] = {
  "win.search",   "win.edit-query",    "win.focus-canvas", "win.zoom-in",      "win.zoom-out",         "win.zoom-fit",
  "win.next-method", "win.all-heads", "win.next-picture", "win.previous-picture", "win.zoom-original",
};

/* Explore lies in the window's own template; other pages say it by the interface. */
static AdwFlap *
pane_of (AlidadeWindow *self, GtkWidget *page, AlidadeViewSide side, const char **name)
{
  if (page == GTK_WIDGET (self->library_flap))
    {
      *name = side == ALIDADE_VIEW_START ? "Pictures" : "Map Controls";
      return side == ALIDADE_VIEW_START ? self->library_flap : self->controls_flap;
    }
  return ALIDADE_IS_VIEW (page) ? alidade_view_get_pane (ALIDADE_VIEW (page), side, name) : NULL;
}

static void
update_toggle (AlidadeWindow *self, AlidadeViewSide side)
{
  GtkWidget *toggle = side == ALIDADE_VIEW_START ? self->library_toggle : self->controls_toggle;
  GtkWidget *page = adw_view_stack_get_visible_child (self->stack);
  const char *name = NULL;
  AdwFlap *flap = page != NULL ? pane_of (self, page, side, &name) : NULL;
  g_autofree char *lower = NULL;
  g_autofree char *tooltip = NULL;
  g_autofree char *spoken = NULL;

  g_binding_group_set_source (self->pane_bindings[side], flap);
  gtk_widget_set_visible (toggle, flap != NULL && !_alidade_window_shows_library (self));
  if (flap == NULL)
    return;
  lower = g_utf8_strdown (name, -1);
  tooltip = g_strdup_printf ("%s (%s)", name, side == ALIDADE_VIEW_START ? "F9" : "Shift+F9");
  spoken = g_strdup_printf ("Show %s", lower);
  gtk_widget_set_tooltip_text (toggle, tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (toggle), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

void
_alidade_window_update_views (AlidadeWindow *self)
{
  gboolean explore = adw_view_stack_get_visible_child (self->stack) == GTK_WIDGET (self->library_flap)
                     && !_alidade_window_shows_library (self);

  for (int side = 0; side < ALIDADE_VIEW_N_SIDES; side++)
    update_toggle (self, side);
  for (guint i = 0; i < G_N_ELEMENTS (explore_actions); i++)
    gtk_widget_action_set_enabled (GTK_WIDGET (self), explore_actions[i], explore);
}

/* In a narrow window always below, else there when the header has no room. The bar hides itself for a single page.
 * Shown without sliding in: while it does, the toolkit complains about a height of less than nothing. */
static void
update_switcher (AlidadeWindow *self)
{
  gboolean below;

  adw_view_switcher_title_set_view_switcher_enabled (self->title, !self->is_narrow);
  gtk_widget_set_visible (GTK_WIDGET (self->title), !self->is_narrow);
  below = self->is_narrow || adw_view_switcher_title_get_title_visible (self->title);
  if (!below)
    gtk_widget_set_visible (GTK_WIDGET (self->switcher_bar), FALSE);
  adw_view_switcher_bar_set_reveal (self->switcher_bar, below);
  gtk_widget_set_visible (GTK_WIDGET (self->switcher_bar), below);
}

/* Panes of a narrow window lie over the page and start closed. Otherwise automatic, so that they do not hinder the
 * window from becoming narrow. */
static void
fold_page (AlidadeWindow *self, GtkWidget *page)
{
  for (int side = 0; side < ALIDADE_VIEW_N_SIDES; side++)
    {
      const char *name;
      AdwFlap *flap = pane_of (self, page, side, &name);

      if (flap == NULL)
        continue;
      adw_flap_set_fold_policy (flap, self->is_narrow ? ADW_FLAP_FOLD_POLICY_ALWAYS : ADW_FLAP_FOLD_POLICY_AUTO);
      adw_flap_set_reveal_flap (flap, !self->is_narrow);
    }
  if (ALIDADE_IS_VIEW (page))
    alidade_view_set_narrow (ALIDADE_VIEW (page), self->is_narrow);
}

void
_alidade_window_set_narrow (AlidadeWindow *self, gboolean narrow)
{
  GtkWidget *page;

  self->is_narrow = narrow;
  for (page = gtk_widget_get_first_child (GTK_WIDGET (self->stack)); page != NULL;
       page = gtk_widget_get_next_sibling (page))
    fold_page (self, page);
  if (self->library_view != NULL)
    alidade_library_view_set_narrow (ALIDADE_LIBRARY_VIEW (self->library_view), narrow);
  update_switcher (self);
}

AdwViewStackPage *
_alidade_window_add_view (AlidadeWindow *self, GtkWidget *view, const char *name, const char *title,
                          const char *icon_name)
{
  AdwViewStackPage *page = adw_view_stack_add_titled (self->stack, view, name, title);

  adw_view_stack_page_set_icon_name (page, icon_name);
  fold_page (self, view);
  update_switcher (self);
  return page;
}

guint
_alidade_window_get_n_views (AlidadeWindow *self)
{
  g_autoptr (GtkSelectionModel) pages = adw_view_stack_get_pages (self->stack);

  return g_list_model_get_n_items (G_LIST_MODEL (pages));
}

static void
show_view (GtkWidget *widget, const char *action, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);
  const char *name = g_variant_get_string (parameter, NULL);

  if (adw_view_stack_get_child_by_name (self->stack, name) != NULL)
    adw_view_stack_set_visible_child_name (self->stack, name);
}

void
_alidade_window_init_views (AlidadeWindow *self)
{
  GtkWidget *toggles[] = { self->library_toggle, self->controls_toggle };

  for (int side = 0; side < ALIDADE_VIEW_N_SIDES; side++)
    {
      self->pane_bindings[side] = g_binding_group_new ();
      g_binding_group_bind (self->pane_bindings[side], "reveal-flap", toggles[side], "active",
                            G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
    }
  g_signal_connect_swapped (self->stack, "notify::visible-child", G_CALLBACK (_alidade_window_update_views), self);
  g_signal_connect_swapped (self->title, "notify::title-visible", G_CALLBACK (update_switcher), self);
  _alidade_window_update_views (self);
}

void
_alidade_window_class_init_views (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.view", "s", show_view);
}
