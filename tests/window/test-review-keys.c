/* SPDX-License-Identifier: MIT
 * Keys of the review pane: once per press, not right after a change, on any layout, not while typing; keymaps and their
 * files. No display. */
#include "review-keys.h"
#include "tap.h"

#define CODE_A 38
#define CODE_R 27
#define CODE_J 44
#define CODE_Z 52
#define CODE_SEMICOLON 47

typedef struct
{
  AlidadeReviewKeys *keys;
  int count;
  ReviewAction last;
} Listener;

static void
action_cb (AlidadeReviewKeys *keys, int action, gpointer data)
{
  Listener *listener = data;

  listener->count++;
  listener->last = action;
}

static void
start (Listener *listener)
{
  *listener = (Listener) { .keys = alidade_review_keys_new () };
  g_signal_connect (listener->keys, "action", G_CALLBACK (action_cb), listener);
}

/* A press at `ms` without other groups; TRUE if it did something. */
static gboolean
press (Listener *listener, guint keyval, guint keycode, GdkModifierType modifiers, int ms)
{
  int before = listener->count;

  alidade_review_keys_press (listener->keys, keyval, keycode, modifiers, NULL, 0, FALSE, ms * 1000, NULL);
  return listener->count > before;
}

static void
check_presses (void)
{
  Listener l;

  start (&l);
  tap_ok (press (&l, GDK_KEY_a, CODE_A, 0, 0) && l.last == REVIEW_ACTION_ACCEPT, "/keys/A accepts");
  tap_ok (!press (&l, GDK_KEY_a, CODE_A, 0, 500) && !press (&l, GDK_KEY_a, CODE_A, 0, 530) && l.count == 1, "/keys/held, it does so once");
  alidade_review_keys_release (l.keys, CODE_A);
  tap_ok (press (&l, GDK_KEY_a, CODE_A, 0, 900), "/keys/pressed again, again");
  tap_ok (press (&l, GDK_KEY_r, CODE_R, 0, 910) && l.last == REVIEW_ACTION_REJECT, "/keys/another one while it is held");
  alidade_review_keys_reset (l.keys);
  tap_ok (press (&l, GDK_KEY_a, CODE_A, 0, 1300), "/keys/all are up when the focus has gone");
  tap_ok (press (&l, GDK_KEY_j, CODE_J, 0, 1400) && press (&l, GDK_KEY_j, CODE_J, 0, 1430) && l.last == REVIEW_ACTION_NEXT,
          "/keys/next repeats while it is held");
  alidade_review_keys_reset (l.keys);
  tap_ok (press (&l, GDK_KEY_z, CODE_Z, 0, 1500) && !press (&l, GDK_KEY_z, CODE_Z, 0, 1530) && l.last == REVIEW_ACTION_UNDO,
          "/keys/undo does not");
  g_object_unref (l.keys);
}

static void
check_pause (void)
{
  Listener l;

  start (&l);
  alidade_review_keys_changed (l.keys, 1000 * 1000);
  tap_ok (!press (&l, GDK_KEY_a, CODE_A, 0, 1119), "/pause/a verdict 119 ms after a change is ignored");
  tap_ok (!press (&l, GDK_KEY_a, CODE_A, 0, 1150), "/pause/and stays so while its key is held");
  alidade_review_keys_release (l.keys, CODE_A);
  tap_ok (press (&l, GDK_KEY_a, CODE_A, 0, 1120), "/pause/after 120 ms it counts");
  alidade_review_keys_changed (l.keys, 2000 * 1000);
  tap_ok (press (&l, GDK_KEY_j, CODE_J, 0, 2001) && l.last == REVIEW_ACTION_NEXT && press (&l, GDK_KEY_k, 45, 0, 2002) &&
            l.last == REVIEW_ACTION_PREVIOUS && press (&l, GDK_KEY_z, CODE_Z, 0, 2003) && l.last == REVIEW_ACTION_UNDO,
          "/pause/J, K and Z are not held up");
  g_object_unref (l.keys);
}

static void
check_modifiers (void)
{
  const GdkModifierType not_ours[] = { GDK_CONTROL_MASK, GDK_ALT_MASK, GDK_SUPER_MASK, GDK_META_MASK };
  ReviewAction action;
  Listener l;
  gboolean taken = FALSE;

  start (&l);
  for (guint i = 0; i < G_N_ELEMENTS (not_ours); i++)
    {
      taken |= alidade_review_keys_press (l.keys, GDK_KEY_a, CODE_A, not_ours[i], NULL, 0, FALSE, 0, &action);
      alidade_review_keys_release (l.keys, CODE_A);
    }
  tap_ok (!taken && l.count == 0, "/modifiers/Ctrl, Alt and Super are the window's");
  tap_ok (press (&l, GDK_KEY_Z, CODE_Z, GDK_SHIFT_MASK, 0) && l.last == REVIEW_ACTION_REDO, "/modifiers/Shift+Z does again");
  alidade_review_keys_release (l.keys, CODE_Z);
  tap_ok (!press (&l, GDK_KEY_A, CODE_A, GDK_SHIFT_MASK, 0), "/modifiers/Shift+A does nothing");
  alidade_review_keys_release (l.keys, CODE_A);
  tap_ok (press (&l, GDK_KEY_A, CODE_A, GDK_LOCK_MASK, 0) && l.last == REVIEW_ACTION_ACCEPT, "/modifiers/Caps Lock changes nothing");
  tap_ok (press (&l, GDK_KEY_3, 12, 0, 0) && l.last == REVIEW_ACTION_TICK_FIRST + 2, "/modifiers/3 ticks the third region");
  tap_ok (!alidade_review_keys_press (l.keys, GDK_KEY_r, CODE_R, 0, NULL, 0, TRUE, 0, &action) && action == REVIEW_ACTION_NONE &&
            l.last == REVIEW_ACTION_TICK_FIRST + 2,
          "/modifiers/in an entry a letter is a letter");
  tap_ok (!alidade_review_keys_press (l.keys, GDK_KEY_Down, 116, 0, NULL, 0, FALSE, 0, &action), "/modifiers/arrows are the canvas's");
  g_object_unref (l.keys);
}

static void
check_layouts (void)
{
  const guint latin[] = { GDK_KEY_a, GDK_KEY_Greek_alpha }, french[] = { GDK_KEY_q, GDK_KEY_Cyrillic_ef };
  ReviewKeymap left;
  Listener l;

  start (&l);
  tap_ok (alidade_review_keys_press (l.keys, GDK_KEY_Greek_alpha, CODE_A, 0, latin, 2, FALSE, 0, NULL) && l.last == REVIEW_ACTION_ACCEPT,
          "/layouts/alpha is A where another group says so");
  tap_ok (press (&l, GDK_KEY_Greek_rho, CODE_R, 0, 0) && l.last == REVIEW_ACTION_REJECT, "/layouts/rho by its place alone");
  tap_ok (press (&l, GDK_KEY_Greek_ZETA, CODE_Z, GDK_SHIFT_MASK, 0) && l.last == REVIEW_ACTION_REDO, "/layouts/with Shift");
  tap_ok (press (&l, GDK_KEY_Cyrillic_o, CODE_J, 0, 0) && l.last == REVIEW_ACTION_NEXT, "/layouts/Cyrillic");
  alidade_review_keys_reset (l.keys);
  tap_ok (!alidade_review_keys_press (l.keys, GDK_KEY_Cyrillic_ef, CODE_A, 0, french, 2, FALSE, 0, NULL),
          "/layouts/the other group's letter goes before the place");
  review_keymap_set_preset (&left, REVIEW_PRESET_LEFT);
  alidade_review_keys_set_keymap (l.keys, &left);
  alidade_review_keys_reset (l.keys);
  tap_ok (press (&l, GDK_KEY_Greek_phi, 41, 0, 0) && l.last == REVIEW_ACTION_ACCEPT, "/layouts/phi accepts for a left hand");
  review_keymap_set_preset (&left, REVIEW_PRESET_RIGHT);
  alidade_review_keys_set_keymap (l.keys, &left);
  tap_ok (press (&l, GDK_KEY_dead_acute, CODE_SEMICOLON, 0, 0) && l.last == REVIEW_ACTION_ABSENT, "/layouts/a dead key by its place");
  g_object_unref (l.keys);
}

static void
check_presets (void)
{
  for (int i = 0; i < REVIEW_N_PRESETS; i++)
    {
      ReviewKeymap keymap, back = { 0 };
      g_autofree char *text = NULL;
      g_autoptr (GError) error = NULL;
      ReviewPreset parsed;
      gboolean whole = TRUE, same;

      review_keymap_set_preset (&keymap, i);
      for (int j = 1; j < REVIEW_N_ACTIONS; j++)
        for (int k = 0; k < REVIEW_KEYS_EACH; k++)
          {
            const ReviewKey *key = &keymap.keys[j][k];
            ReviewAction found = key->keyval != 0 ? review_keymap_find (&keymap, key->keyval, key->shift) : j;

            whole &= found == (ReviewAction) j && (k > 0 || key->keyval != 0);
            if (found != (ReviewAction) j)
              tap_note ("%s and %s share a key", review_action_name (found), review_action_name (j));
          }
      tap_ok (whole, "/presets/%s: every action has a key of its own", review_preset_name (i));
      text = review_keymap_to_text (&keymap);
      same = review_keymap_from_text (&back, text, &error) && review_keymap_equal (&keymap, &back);
      if (error != NULL)
        tap_note ("%s", error->message);
      tap_ok (same && review_preset_parse (review_preset_name (i), &parsed) && parsed == (ReviewPreset) i,
              "/presets/%s: written and read, it is the same", review_preset_name (i));
    }
}

static void
check_files (void)
{
  static const struct
  {
    const char *text, *says;
  } bad[] = {
    { "[Keys]\nfly=a\n", "fly" },
    { "[Keys]\naccept=nokeyofthisname\n", "accept" },
    { "[Keys]\naccept=a;b;c\n", "accept" },
    { "[Keys]\naccept=a\nreject=a\n", "accept" },
    { "[Keys]\naccept=Escape\n", "accept" },
    { "[Other]\naccept=a\n", "Keys" },
    { "not a key file", "" },
    { "", "Keys" },
  };
  ReviewKeymap keymap, untouched;
  g_autofree char *label = NULL, *shifted = NULL;

  review_keymap_set_preset (&keymap, REVIEW_PRESET_CVAT);
  untouched = keymap;
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      gboolean read = review_keymap_from_text (&keymap, bad[i].text, &error);

      tap_ok (!read && error != NULL && strstr (error->message, bad[i].says) != NULL && review_keymap_equal (&keymap, &untouched),
              "/files/refused: %s", error != NULL ? error->message : "nothing");
    }
  review_keymap_set_preset (&keymap, REVIEW_PRESET_ALIDADE);
  tap_ok (review_keymap_set (&keymap, REVIEW_ACTION_ACCEPT, (ReviewKey) { GDK_KEY_e, FALSE }) == REVIEW_ACTION_CORRECT &&
            review_keymap_find (&keymap, GDK_KEY_e, FALSE) == REVIEW_ACTION_ACCEPT &&
            review_keymap_find (&keymap, GDK_KEY_c, FALSE) == REVIEW_ACTION_CORRECT,
          "/files/a key that is given to another action leaves the first one");
  label = review_keymap_label (&keymap, REVIEW_ACTION_ACCEPT);
  shifted = review_keymap_label (&keymap, REVIEW_ACTION_REDO);
  tap_ok (strcmp (label, "E") == 0 && strcmp (shifted, "⇧Z") == 0, "/files/labels of key caps");
}

int
main (void)
{
  check_presses ();
  check_pause ();
  check_modifiers ();
  check_layouts ();
  check_presets ();
  check_files ();
  return tap_done ();
}
