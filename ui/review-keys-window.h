/* SPDX-License-Identifier: MIT
 * AlidadeReviewKeysWindow: the review pane's preferences: reviewer's name, keys on buttons, the keymap: presets, single
 * keys, files.
 *
 * Signal:
 *   keymap-changed ()   see get_keymap() */
#pragma once

#include "review-keymap.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_REVIEW_KEYS_WINDOW (alidade_review_keys_window_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeReviewKeysWindow, alidade_review_keys_window, ALIDADE, REVIEW_KEYS_WINDOW, AdwPreferencesWindow)

/* `settings` may be NULL: the name cannot be set then. */
GtkWidget *alidade_review_keys_window_new (const ReviewKeymap *keymap, GSettings *settings);
const ReviewKeymap *alidade_review_keys_window_get_keymap (AlidadeReviewKeysWindow *self);

G_END_DECLS
