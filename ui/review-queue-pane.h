/* SPDX-License-Identifier: MIT
 * AlidadeReviewQueuePane: the review's queue at the side: its order and what it is made of, the rows with their reasons,
 * crops and verdicts, how many are left and at what pace. */
#pragma once

#include "review-session.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_REVIEW_QUEUE_PANE (alidade_review_queue_pane_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeReviewQueuePane, alidade_review_queue_pane, ALIDADE, REVIEW_QUEUE_PANE, GtkWidget)

GtkWidget *alidade_review_queue_pane_new (AlidadeReviewSession *session, AlidadeProjectService *projects);

G_END_DECLS
