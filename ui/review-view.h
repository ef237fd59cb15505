/* SPDX-License-Identifier: MIT
 * AlidadeReviewView: the Review page: phrases with proposed regions, one after the other, decided by single keys. It is
 * given what it works on and does not know the window. review-view.c puts it together, review-view-scene.c shows the phrase,
 * review-view-actions.c has what people do, review-view-windows.c statistics and preferences.
 *
 * Properties, read-only and notifying:
 *   n-left   phrases that wait, for the switcher's badge
 * Actions of the class (also in AT-SPI): review.accept, correct, reject, absent, unsure, next, previous, undo, redo,
 * captions, propose, refresh, reopen, look-again, learn, statistics, keys, reviewer. */
#pragma once

#include "engine-service.h"
#include "look.h"
#include "project-service.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_REVIEW_VIEW (alidade_review_view_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeReviewView, alidade_review_view, ALIDADE, REVIEW_VIEW, GtkWidget)

/* `look`: the window's, for colours and threshold; the opacity is the view's own. `settings` may be NULL. */
GtkWidget *alidade_review_view_new (AlidadeProjectService *projects, AlidadeEngineService *engine, AlidadeLook *look,
                                    GSettings *settings);
int alidade_review_view_get_n_left (AlidadeReviewView *self);

G_END_DECLS
