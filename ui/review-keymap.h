/* SPDX-License-Identifier: MIT
 * Keys of the review pane: which key does what. A keymap is a value; presets, a file of its own (a key file that people
 * may pass on) and the settings all give one. A key is a GDK key value without letter case (GDK_KEY_a), with or without
 * Shift; no other modifiers, which belong to the window. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef enum
{
  REVIEW_ACTION_NONE,
  REVIEW_ACTION_ACCEPT,
  REVIEW_ACTION_CORRECT,
  REVIEW_ACTION_REJECT,
  REVIEW_ACTION_ABSENT,
  REVIEW_ACTION_UNSURE,
  REVIEW_ACTION_NEXT,
  REVIEW_ACTION_PREVIOUS,
  REVIEW_ACTION_UNDO,
  REVIEW_ACTION_REDO,
  REVIEW_ACTION_CAPTIONS,
  REVIEW_ACTION_METHOD,
  REVIEW_ACTION_SELECT_TOOL,
  REVIEW_ACTION_BOX_TOOL,
  REVIEW_ACTION_POLYGON_TOOL,
  REVIEW_ACTION_BRUSH_TOOL,
  REVIEW_ACTION_ERASE_TOOL,
  REVIEW_ACTION_MASK,
  REVIEW_ACTION_FILL,
  REVIEW_ACTION_SMOOTH,
  REVIEW_ACTION_BRUSH_SMALLER,
  REVIEW_ACTION_BRUSH_LARGER,
  REVIEW_ACTION_THRESHOLD_DOWN,
  REVIEW_ACTION_THRESHOLD_UP,
  REVIEW_N_ACTIONS,
  REVIEW_ACTION_TICK_FIRST = 100 /* the digits 1 to 9, always: 100 to 108 */
} ReviewAction;

/* "accept", "box-tool", ... as files name them; for people: "Accept", "Box". */
const char *review_action_name (ReviewAction action);
const char *review_action_title (ReviewAction action);
/* Accept, correct, reject, absent, unsure: given once per press, and not right after a change. */
gboolean review_action_is_verdict (ReviewAction action);
/* Whether holding the key repeats it: next, previous, sizes. */
gboolean review_action_repeats (ReviewAction action);

typedef struct
{
  guint keyval; /* lower; 0: none */
  gboolean shift;
} ReviewKey;

#define REVIEW_KEYS_EACH 2 /* most keys of one action */

typedef struct
{
  ReviewKey keys[REVIEW_N_ACTIONS][REVIEW_KEYS_EACH];
} ReviewKeymap;

typedef enum
{
  REVIEW_PRESET_ALIDADE,
  REVIEW_PRESET_ANYLABELING,
  REVIEW_PRESET_CVAT,
  REVIEW_PRESET_LEFT,
  REVIEW_PRESET_RIGHT,
  REVIEW_N_PRESETS
} ReviewPreset;

const char *review_preset_name (ReviewPreset preset);  /* "alidade", "left-hand" */
const char *review_preset_title (ReviewPreset preset); /* for people */
gboolean review_preset_parse (const char *name, ReviewPreset *preset);
void review_keymap_set_preset (ReviewKeymap *keymap, ReviewPreset preset);

ReviewAction review_keymap_find (const ReviewKeymap *keymap, guint keyval, gboolean shift);
/* Gives the key to the action as its first one; the action that had it loses it, which is returned. */
ReviewAction review_keymap_set (ReviewKeymap *keymap, ReviewAction action, ReviewKey key);
gboolean review_keymap_equal (const ReviewKeymap *a, const ReviewKeymap *b);

/* "E", "⇧Z", "[": the first key of the action for a key cap; "" for none. The caller frees. */
char *review_keymap_label (const ReviewKeymap *keymap, ReviewAction action);
char *review_key_label (ReviewKey key);

/* A key file with the group [Keys]. Actions that it does not name keep no key. Unknown actions or keys, and one key for two
 * actions, are errors that say which; `keymap` is untouched then. */
char *review_keymap_to_text (const ReviewKeymap *keymap);
gboolean review_keymap_from_text (ReviewKeymap *keymap, const char *text, GError **error);

G_END_DECLS
