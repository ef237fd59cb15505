/* SPDX-License-Identifier: MIT
 * AlidadeReviewCaption: the caption of the phrase on screen with its words marked, the picture's other captions below when
 * they are asked for, and the buttons at the end: previous, next, more.
 *
 * The buttons act by actions of the view: review.previous, review.next. */
#pragma once

#include "review-item.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_REVIEW_CAPTION (alidade_review_caption_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeReviewCaption, alidade_review_caption, ALIDADE, REVIEW_CAPTION, GtkWidget)

GtkWidget *alidade_review_caption_new (void);
/* `item` NULL: `text` alone (what is known before the rest), which may be NULL, too. */
void alidade_review_caption_set (AlidadeReviewCaption *self, const ReviewItem *item, const char *text);
void alidade_review_caption_toggle_others (AlidadeReviewCaption *self);
/* Keys on the buttons, and of the other captions. */
void alidade_review_caption_set_keys (AlidadeReviewCaption *self, const char *previous, const char *next, const char *others);
/* A widget behind the buttons. */
void alidade_review_caption_append (AlidadeReviewCaption *self, GtkWidget *widget);

G_END_DECLS
