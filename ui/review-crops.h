/* SPDX-License-Identifier: MIT
 * AlidadeReviewCrops: what the rows of the queue show: the picture around a phrase's best region (the whole picture where
 * there is none), 80 pixels square, made on other threads and kept. Main thread. */
#pragma once

#include "project-service.h"
#include "review-row.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_REVIEW_CROPS (alidade_review_crops_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeReviewCrops, alidade_review_crops, ALIDADE, REVIEW_CROPS, GObject)

AlidadeReviewCrops *alidade_review_crops_new (AlidadeProjectService *projects);
/* Another reviewer, pass or project: forgets all. */
void alidade_review_crops_clear (AlidadeReviewCrops *self, const char *reviewer);
/* Shows the row's crop in the image, at once or later, unless another row is asked for there meanwhile. `item` NULL: none. */
void alidade_review_crops_show (AlidadeReviewCrops *self, const QueueItem *item, GtkImage *image);

G_END_DECLS
