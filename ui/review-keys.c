/* SPDX-License-Identifier: MIT */
#include "review-keys.h"

#include <string.h>

struct _AlidadeReviewKeys
{
  GObject parent_instance;

  ReviewKeymap keymap;
  GHashTable *down; /* key codes */
  gint64 changed_at;
};

G_DEFINE_FINAL_TYPE (AlidadeReviewKeys, alidade_review_keys, G_TYPE_OBJECT)

enum
{
  ACTION,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* What a US keyboard gives: evdev codes, which X and Wayland count from 8. */
static guint
keyval_by_place (guint keycode)
{
  static const struct
  {
    guint first;
    const char *keys;
  } rows[] = { { 10, "1234567890-=" }, { 24, "qwertyuiop[]" }, { 38, "asdfghjkl;'`" }, { 52, "zxcvbnm,./" } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (keycode >= rows[i].first && keycode < rows[i].first + strlen (rows[i].keys))
      return gdk_unicode_to_keyval (rows[i].keys[keycode - rows[i].first]);
  return 0;
}

/* Letters of other scripts have no place in a keymap; digits and signs mean what they say. */
static gboolean
is_foreign (guint keyval)
{
  gunichar c = gdk_keyval_to_unicode (keyval);

  return c >= 0x80 || (keyval >= GDK_KEY_dead_grave && keyval <= GDK_KEY_dead_greek);
}

static guint
resolve (guint keyval, guint keycode, const guint *others, int n_others)
{
  if (!is_foreign (keyval))
    return gdk_keyval_to_lower (keyval);
  for (int i = 0; i < n_others; i++)
    if (others[i] != 0 && !is_foreign (others[i]) && gdk_keyval_to_unicode (others[i]) != 0)
      return gdk_keyval_to_lower (others[i]);
  return keyval_by_place (keycode);
}

/* An action is found with Shift as part of its key, or where Shift is only how a sign is typed ('?'). */
static ReviewAction
find_action (AlidadeReviewKeys *self, guint keyval, gboolean shift)
{
  ReviewAction action = review_keymap_find (&self->keymap, keyval, shift);
  gunichar c = gdk_keyval_to_unicode (keyval);

  if (action == REVIEW_ACTION_NONE && shift && c != 0 && !g_unichar_isalpha (c) && !g_unichar_isdigit (c) && c != ' ')
    action = review_keymap_find (&self->keymap, keyval, FALSE);
  if (action == REVIEW_ACTION_NONE && !shift && keyval >= GDK_KEY_1 && keyval <= GDK_KEY_9)
    action = REVIEW_ACTION_TICK_FIRST + (keyval - GDK_KEY_1);
  return action;
}

gboolean
alidade_review_keys_press (AlidadeReviewKeys *self, guint keyval, guint keycode, GdkModifierType modifiers, const guint *others,
                           int n_others, gboolean typing, gint64 now, ReviewAction *action)
{
  gboolean repeated = !g_hash_table_add (self->down, GUINT_TO_POINTER (keycode));
  ReviewAction found;

  if (action != NULL)
    *action = REVIEW_ACTION_NONE;
  if (typing || (modifiers & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK | GDK_META_MASK)) != 0)
    return FALSE;
  found = find_action (self, resolve (keyval, keycode, others, n_others), (modifiers & GDK_SHIFT_MASK) != 0);
  if (found == REVIEW_ACTION_NONE)
    return FALSE;
  if (repeated && !review_action_repeats (found))
    return TRUE;
  if (review_action_is_verdict (found) && now - self->changed_at < REVIEW_KEYS_PAUSE)
    return TRUE;
  if (action != NULL)
    *action = found;
  g_signal_emit (self, signals[ACTION], 0, (int) found);
  return TRUE;
}

void
alidade_review_keys_release (AlidadeReviewKeys *self, guint keycode)
{
  g_hash_table_remove (self->down, GUINT_TO_POINTER (keycode));
}

void
alidade_review_keys_reset (AlidadeReviewKeys *self)
{
  g_hash_table_remove_all (self->down);
}

void
alidade_review_keys_changed (AlidadeReviewKeys *self, gint64 now)
{
  self->changed_at = now;
}

void
alidade_review_keys_set_keymap (AlidadeReviewKeys *self, const ReviewKeymap *keymap)
{
  self->keymap = *keymap;
}

const ReviewKeymap *
alidade_review_keys_get_keymap (AlidadeReviewKeys *self)
{
  return &self->keymap;
}

/* The controller --------------------------------------------------------------------------------------------------- */

static gboolean
is_entry (GtkWidget *focus)
{
  return focus != NULL && (GTK_IS_EDITABLE (focus) || GTK_IS_TEXT_VIEW (focus));
}

/* A menu or a box that is open over the pane: its keys are its own. */
static gboolean
is_over (GtkWidget *focus)
{
  return focus != NULL && gtk_widget_get_ancestor (focus, GTK_TYPE_POPOVER) != NULL;
}

static gboolean
pressed_cb (GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType modifiers, gpointer data)
{
  AlidadeReviewKeys *self = data;
  GtkWidget *widget = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (controller));
  GtkRoot *root = gtk_widget_get_root (widget);
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
  g_autofree GdkKeymapKey *keys = NULL;
  g_autofree guint *others = NULL, *first = NULL;
  int n = 0, n_first = 0;

  if (is_entry (focus) && !is_over (focus) && keyval == GDK_KEY_Escape)
    {
      gtk_widget_grab_focus (widget);
      return TRUE;
    }
  if (gdk_display_map_keycode (gtk_widget_get_display (widget), keycode, &keys, &others, &n))
    {
      first = g_new (guint, n);
      for (int i = 0; i < n; i++)
        if (keys[i].level == 0)
          first[n_first++] = others[i];
    }
  return alidade_review_keys_press (self, keyval, keycode, modifiers, first, n_first, is_entry (focus) || is_over (focus),
                                    g_get_monotonic_time (), NULL);
}

static void
released_cb (GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType modifiers, gpointer data)
{
  alidade_review_keys_release (data, keycode);
}

/* Another window has the keyboard: releases go there. */
static void
active_cb (GtkWindow *window, GParamSpec *pspec, gpointer data)
{
  if (!gtk_window_is_active (window))
    alidade_review_keys_reset (data);
}

static void
root_cb (GtkWidget *widget, GParamSpec *pspec, gpointer data)
{
  GtkRoot *root = gtk_widget_get_root (widget);

  alidade_review_keys_reset (data);
  if (GTK_IS_WINDOW (root))
    {
      g_signal_handlers_disconnect_by_func (root, active_cb, data);
      g_signal_connect_object (root, "notify::is-active", G_CALLBACK (active_cb), data, 0);
    }
}

void
alidade_review_keys_attach (AlidadeReviewKeys *self, GtkWidget *widget)
{
  GtkEventController *controller = gtk_event_controller_key_new (), *focus = gtk_event_controller_focus_new ();

  gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_CAPTURE);
  g_signal_connect_object (controller, "key-pressed", G_CALLBACK (pressed_cb), self, 0);
  g_signal_connect_object (controller, "key-released", G_CALLBACK (released_cb), self, 0);
  gtk_widget_add_controller (widget, controller);
  g_signal_connect_object (focus, "leave", G_CALLBACK (alidade_review_keys_reset), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (widget, focus);
  g_signal_connect_object (widget, "notify::root", G_CALLBACK (root_cb), self, 0);
  root_cb (widget, NULL, self);
}

/* GObject ------------------------------------------------------------------------------------------------------------ */

static void
alidade_review_keys_finalize (GObject *object)
{
  g_hash_table_unref (ALIDADE_REVIEW_KEYS (object)->down);
  G_OBJECT_CLASS (alidade_review_keys_parent_class)->finalize (object);
}

static void
alidade_review_keys_class_init (AlidadeReviewKeysClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = alidade_review_keys_finalize;
  signals[ACTION] = g_signal_new ("action", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                  G_TYPE_INT);
}

static void
alidade_review_keys_init (AlidadeReviewKeys *self)
{
  self->down = g_hash_table_new (NULL, NULL);
  self->changed_at = G_MININT64 / 2;
  review_keymap_set_preset (&self->keymap, REVIEW_PRESET_ALIDADE);
}

AlidadeReviewKeys *
alidade_review_keys_new (void)
{
  return g_object_new (ALIDADE_TYPE_REVIEW_KEYS, NULL);
}
