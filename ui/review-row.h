/* SPDX-License-Identifier: MIT
 * AlidadeReviewRow: one item of the review's queue as the list shows it. Property `verdict` notifies. */
#pragma once

#include "review-queue.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_REVIEW_ROW (alidade_review_row_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeReviewRow, alidade_review_row, ALIDADE, REVIEW_ROW, GObject)

/* Takes the item. */
AlidadeReviewRow *alidade_review_row_new (QueueItem *item);
/* Borrowed; `verdict` may change. */
const QueueItem *alidade_review_row_get_item (AlidadeReviewRow *self);
void alidade_review_row_set_verdict (AlidadeReviewRow *self, const char *verdict);
/* A verdict was given here while the queue is open: an unsure one that came back does not come back again. */
void alidade_review_row_set_answered (AlidadeReviewRow *self, gboolean answered);
/* Waits for a verdict: has none, or came back unsure. */
gboolean alidade_review_row_get_waiting (AlidadeReviewRow *self);

/* Letter and icon of a verdict: "A", "object-select-symbolic"; NULL for none. For people: "Accepted". */
const char *review_verdict_letter (const char *verdict);
const char *review_verdict_icon (const char *verdict);
const char *review_verdict_title (const char *verdict);

G_END_DECLS
