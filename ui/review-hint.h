/* SPDX-License-Identifier: MIT
 * AlidadeReviewHint: the line at the lower left of the canvas: keys and what they do now, or the last verdict and Z. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_REVIEW_HINT (alidade_review_hint_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeReviewHint, alidade_review_hint, ALIDADE, REVIEW_HINT, GtkWidget)

GtkWidget *alidade_review_hint_new (void);
/* `text` first (NULL: none), as an `error` or not; then pairs of key and meaning, NULL at the end (may be NULL). With
 * neither it is hidden. */
void alidade_review_hint_set (AlidadeReviewHint *self, const char *text, gboolean error, const char *const *pairs);

G_END_DECLS
