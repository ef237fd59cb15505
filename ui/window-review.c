/* SPDX-License-Identifier: MIT
 * The Review page of the window, and how many phrases wait on its tab. */
#include "review-view.h"
#include "window-private.h"

static void
left_cb (AlidadeReviewView *view, GParamSpec *pspec, AdwViewStackPage *page)
{
  adw_view_stack_page_set_badge_number (page, alidade_review_view_get_n_left (view));
}

void
_alidade_window_init_review (AlidadeWindow *self)
{
  GtkWidget *view = alidade_review_view_new (self->projects, self->service, self->look, self->settings);
  AdwViewStackPage *page = _alidade_window_add_view (self, view, "review", "_Review", "document-edit-symbolic");

  adw_view_stack_page_set_use_underline (page, TRUE);
  g_signal_connect (view, "notify::n-left", G_CALLBACK (left_cb), page);
}
