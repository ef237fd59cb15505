/* SPDX-License-Identifier: MIT
 * AlidadeReviewSidePane: the regions of the phrase on screen as a list (the accessible form of the canvas, selection in
 * step), what the map says of the selected one, and the phrase's history.
 *
 * Signals:
 *   add-region ()               the button below the list
 *   revert (gint64 seq)         back to a point of the history */
#pragma once

#include "region-canvas.h"
#include "review-session.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_REVIEW_SIDE_PANE (alidade_review_side_pane_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeReviewSidePane, alidade_review_side_pane, ALIDADE, REVIEW_SIDE_PANE, GtkWidget)

GtkWidget *alidade_review_side_pane_new (AlidadeReviewSession *session, AlidadeRegionCanvas *canvas);
/* The canvas shows another scene, or the item is new. */
void alidade_review_side_pane_update (AlidadeReviewSidePane *self);
/* A line on top of the history of what is being done ("Opened for correction"); NULL: none. */
void alidade_review_side_pane_set_doing (AlidadeReviewSidePane *self, const char *text);
void alidade_review_side_pane_set_key (AlidadeReviewSidePane *self, const char *label);

G_END_DECLS
