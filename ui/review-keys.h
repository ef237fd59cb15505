/* SPDX-License-Identifier: MIT
 * AlidadeReviewKeys: turns key presses in the review pane into its actions, so that mistakes are cheap:
 *
 * - one action per physical press: a key that is down already is an auto-repeat, and ignored but for a few actions
 *   (review_action_repeats()); keys are told apart by their codes, and all count as released when the focus goes;
 * - a verdict within 120 ms of a change of what is on screen is ignored, since it was meant for what was there before;
 * - on a keyboard layout without Latin letters (Greek, Cyrillic) the key's place counts, by another group of the layout
 *   that has Latin letters or else by its code;
 * - while somebody types into an entry, or Ctrl, Alt or Super is held, keys are not ours. Esc leaves an entry.
 *
 * Signal:
 *   action (int action)   ReviewAction
 * Main thread. */
#pragma once

#include "review-keymap.h"

G_BEGIN_DECLS

#define REVIEW_KEYS_PAUSE (120 * 1000) /* microseconds */

#define ALIDADE_TYPE_REVIEW_KEYS (alidade_review_keys_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeReviewKeys, alidade_review_keys, ALIDADE, REVIEW_KEYS, GObject)

AlidadeReviewKeys *alidade_review_keys_new (void);
/* Listens to all keys in the widget, before its children see them. It goes with the widget. */
void alidade_review_keys_attach (AlidadeReviewKeys *self, GtkWidget *widget);
void alidade_review_keys_set_keymap (AlidadeReviewKeys *self, const ReviewKeymap *keymap);
const ReviewKeymap *alidade_review_keys_get_keymap (AlidadeReviewKeys *self);
/* Something else is on screen since `now` (g_get_monotonic_time()). */
void alidade_review_keys_changed (AlidadeReviewKeys *self, gint64 now);

/* One key press. `others`: what the same key gives in the layout's other groups. `typing`: the focus is in an entry. TRUE:
 * the press is dealt with (also by ignoring it), *action (may be NULL) is what it does. For the controller and for tests. */
gboolean alidade_review_keys_press (AlidadeReviewKeys *self, guint keyval, guint keycode, GdkModifierType modifiers,
                                    const guint *others, int n_others, gboolean typing, gint64 now, ReviewAction *action);
void alidade_review_keys_release (AlidadeReviewKeys *self, guint keycode);
void alidade_review_keys_reset (AlidadeReviewKeys *self);

G_END_DECLS
