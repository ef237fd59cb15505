/* SPDX-License-Identifier: MIT
 * AlidadeView: a page of the window's view stack, as the window sees it. Any widget can be a page; one that
 * implements this tells which of its panes the header's two fold buttons (F9, Shift+F9) belong to. A page without
 * panes on a side gets no button there. The window sets the fold policy and whether a pane is revealed when it
 * becomes narrow (below 900 px) or wide again; all other properties are the view's.
 *
 *   static AdwFlap *
 *   review_view_get_pane (AlidadeView *view, AlidadeViewSide side, const char **name)
 *   {
 *     AlidadeReviewView *self = ALIDADE_REVIEW_VIEW (view);
 *
 *     *name = side == ALIDADE_VIEW_START ? "Queue" : "Regions";
 *     return side == ALIDADE_VIEW_START ? self->queue_flap : self->regions_flap;
 *   }
 *
 * The window makes the view and adds it by _alidade_window_add_view(); the view does not know the window. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

typedef enum
{
  ALIDADE_VIEW_START,
  ALIDADE_VIEW_END,
  ALIDADE_VIEW_N_SIDES
} AlidadeViewSide;

#define ALIDADE_TYPE_VIEW (alidade_view_get_type ())
G_DECLARE_INTERFACE (AlidadeView, alidade_view, ALIDADE, VIEW, GtkWidget)

/* Both functions may be left NULL. */
struct _AlidadeViewInterface
{
  GTypeInterface parent_iface;

  /* The pane of a side, and its name for people in *name (static text, title case: "Queue"); NULL: none there. The same
   * flap at every call. */
  AdwFlap *(*get_pane) (AlidadeView *self, AlidadeViewSide side, const char **name);
  /* The window crossed 900 px; also called when the view is added. */
  void (*set_narrow) (AlidadeView *self, gboolean narrow);
};

/* *name is set whenever a flap is returned. */
AdwFlap *alidade_view_get_pane (AlidadeView *self, AlidadeViewSide side, const char **name);
void alidade_view_set_narrow (AlidadeView *self, gboolean narrow);

G_END_DECLS
