/* SPDX-License-Identifier: MIT
 * Pages of the window: a page that was added is reached by its action, its panes by the header's buttons, and it learns
 * when the window becomes narrow. */
#include "../unit/tap.h"
#include "window-private.h"

/* ---- a page ------------------------------------------------------------------------------------- */

#define TEST_TYPE_PAGE (test_page_get_type ())
G_DECLARE_FINAL_TYPE (TestPage, test_page, TEST, PAGE, AdwBin)

struct _TestPage
{
  AdwBin parent_instance;

  AdwFlap *flap;
  gboolean narrow;
};

static AdwFlap *
test_page_get_pane (AlidadeView *view, AlidadeViewSide side, const char **name)
{
  *name = "Queue";
  return side == ALIDADE_VIEW_START ? TEST_PAGE (view)->flap : NULL;
}

static void
test_page_set_narrow (AlidadeView *view, gboolean narrow)
{
  TEST_PAGE (view)->narrow = narrow;
}

static void
test_page_view_init (AlidadeViewInterface *iface)
{
  iface->get_pane = test_page_get_pane;
  iface->set_narrow = test_page_set_narrow;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestPage, test_page, ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (ALIDADE_TYPE_VIEW, test_page_view_init))

static void
test_page_class_init (TestPageClass *klass)
{
}

static void
test_page_init (TestPage *self)
{
  self->flap = ADW_FLAP (adw_flap_new ());
  adw_flap_set_flap (self->flap, gtk_label_new ("queue"));
  adw_flap_set_content (self->flap, gtk_label_new ("page"));
  adw_bin_set_child (ADW_BIN (self), GTK_WIDGET (self->flap));
}

/* ---- the test ----------------------------------------------------------------------------------- */

static const char *
shown (AlidadeWindow *window)
{
  return adw_view_stack_get_visible_child_name (window->stack);
}

static void
check_alone (AlidadeWindow *window)
{
  tap_equal_text (shown (window), "explore", "/views/Explore is the first page");
  gtk_widget_activate_action (GTK_WIDGET (window), "win.view", "s", "train");
  tap_equal_text (shown (window), "explore", "/views/a page that is not there cannot be shown");
  gtk_widget_activate_action (GTK_WIDGET (window), "win.view", "s", "review");
  tap_equal_text (shown (window), "review", "/views/one that is there can");
  adw_view_stack_set_visible_child_name (window->stack, "explore");
}

static void
check_toggles (AlidadeWindow *window, TestPage *page)
{
  gtk_widget_activate_action (GTK_WIDGET (window), "win.view", "s", "train");
  tap_equal_text (shown (window), "train", "/views/its action shows a page");
  tap_ok (gtk_widget_get_visible (window->library_toggle), "/toggles/its pane has a button");
  tap_ok (!gtk_widget_get_visible (window->controls_toggle), "/toggles/where it has none there is none");
  tap_equal_text (gtk_widget_get_tooltip_text (window->library_toggle), "Queue (F9)",
                  "/toggles/named as the page says");
  g_action_group_activate_action (G_ACTION_GROUP (window), "toggle-library", NULL);
  tap_ok (!adw_flap_get_reveal_flap (page->flap), "/toggles/the key folds the page's pane");
  tap_ok (adw_flap_get_reveal_flap (window->library_flap), "/toggles/and leaves that of the other page");
  adw_view_stack_set_visible_child_name (window->stack, "explore");
  tap_ok (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (window->library_toggle)),
          "/toggles/back, the button tells of Explore");
  tap_ok (gtk_widget_get_visible (window->controls_toggle), "/toggles/which has both");
}

static void
check_narrow (AlidadeWindow *window, TestPage *page)
{
  _alidade_window_set_narrow (window, TRUE);
  tap_ok (page->narrow, "/narrow/a page is told");
  tap_ok (adw_flap_get_fold_policy (page->flap) == ADW_FLAP_FOLD_POLICY_ALWAYS
              && !adw_flap_get_reveal_flap (page->flap),
          "/narrow/its pane lies over it, closed");
  tap_ok (adw_view_switcher_bar_get_reveal (window->switcher_bar), "/narrow/the switcher is below");
  _alidade_window_set_narrow (window, FALSE);
  tap_ok (!page->narrow && adw_flap_get_reveal_flap (page->flap), "/narrow/and back");
}

static void
activate_cb (AdwApplication *application)
{
  g_autoptr (AlidadeEngineService) service = alidade_engine_service_new ("cpu");
  g_autoptr (AlidadeLibrary) library = alidade_library_new ();
  AlidadeWindow *window = alidade_window_new (application, service, library, NULL);
  TestPage *page = g_object_new (TEST_TYPE_PAGE, NULL);

  gtk_window_present (GTK_WINDOW (window));
  check_alone (window);
  _alidade_window_add_view (window, GTK_WIDGET (page), "train", "Train", "document-edit-symbolic");
  check_toggles (window, page);
  check_narrow (window, page);
  gtk_window_destroy (GTK_WINDOW (window));
  alidade_engine_service_close (service);
}

int
main (int argc, char **argv)
{
  g_autoptr (AdwApplication) application = adw_application_new ("org.alidade.Test", G_APPLICATION_NON_UNIQUE);

  g_signal_connect (application, "activate", G_CALLBACK (activate_cb), NULL);
  g_application_run (G_APPLICATION (application), 1, argv);
  return tap_done ();
}
