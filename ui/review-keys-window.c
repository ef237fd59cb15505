/* SPDX-License-Identifier: MIT */
#include "review-keys-window.h"

#include <string.h>

struct _AlidadeReviewKeysWindow
{
  AdwPreferencesWindow parent_instance;

  ReviewKeymap keymap;
  GSettings *settings; /* may be NULL */
  AdwComboRow *preset;
  GtkLabel *caps[REVIEW_N_ACTIONS];
  GtkWidget *buttons[REVIEW_N_ACTIONS];
  ReviewAction waiting; /* for a key; NONE: for none */
  GtkFileChooserNative *chooser;
  gboolean following;
};

G_DEFINE_FINAL_TYPE (AlidadeReviewKeysWindow, alidade_review_keys_window, ADW_TYPE_PREFERENCES_WINDOW)

enum
{
  KEYMAP_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
tell (AlidadeReviewKeysWindow *self, const char *text)
{
  AdwToast *toast = adw_toast_new (text);

  adw_preferences_window_add_toast (ADW_PREFERENCES_WINDOW (self), toast);
}

static void
update (AlidadeReviewKeysWindow *self)
{
  guint preset = REVIEW_N_PRESETS; /* "Own" */

  for (int i = 1; i < REVIEW_N_ACTIONS; i++)
    {
      g_autofree char *first = review_key_label (self->keymap.keys[i][0]), *second = review_key_label (self->keymap.keys[i][1]);
      g_autofree char *label = *second != '\0' ? g_strdup_printf ("%s  %s", first, second) : g_strdup (first);
      g_autofree char *spoken = NULL;

      gtk_label_set_text (self->caps[i], self->waiting == (ReviewAction) i ? "press a key" : *label != '\0' ? label : "none");
      spoken = g_strdup_printf ("%s: %s", review_action_title (i), gtk_label_get_text (self->caps[i]));
      gtk_accessible_update_property (GTK_ACCESSIBLE (self->buttons[i]), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
    }
  for (guint i = 0; i < REVIEW_N_PRESETS; i++)
    {
      ReviewKeymap other;

      review_keymap_set_preset (&other, i);
      if (review_keymap_equal (&other, &self->keymap))
        preset = i;
    }
  self->following = TRUE;
  adw_combo_row_set_selected (self->preset, preset);
  self->following = FALSE;
}

static void
changed (AlidadeReviewKeysWindow *self)
{
  update (self);
  g_signal_emit (self, signals[KEYMAP_CHANGED], 0);
}

static void
preset_cb (AlidadeReviewKeysWindow *self)
{
  guint preset = adw_combo_row_get_selected (self->preset);

  if (self->following || preset >= REVIEW_N_PRESETS)
    return;
  review_keymap_set_preset (&self->keymap, preset);
  changed (self);
}

/* One key --------------------------------------------------------------------------------------------------------------------- */

static void
wait_cb (GtkButton *button, AlidadeReviewKeysWindow *self)
{
  self->waiting = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (button), "action"));
  update (self);
}

static gboolean
is_modifier (guint keyval)
{
  return keyval >= GDK_KEY_Shift_L && keyval <= GDK_KEY_Hyper_R;
}

static gboolean
pressed_cb (GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType modifiers, AlidadeReviewKeysWindow *self)
{
  ReviewKey key = { gdk_keyval_to_lower (keyval), (modifiers & GDK_SHIFT_MASK) != 0 };
  ReviewAction action = self->waiting, before;

  if (action == REVIEW_ACTION_NONE || is_modifier (keyval))
    return FALSE;
  self->waiting = REVIEW_ACTION_NONE;
  if (keyval == GDK_KEY_Escape)
    ;
  else if ((modifiers & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK)) != 0 || keyval == GDK_KEY_Return ||
           (keyval >= GDK_KEY_1 && keyval <= GDK_KEY_9) || (gdk_keyval_to_unicode (keyval) == 0 && keyval != GDK_KEY_Tab))
    tell (self, "This key has a use of its own: take a letter or a sign, with or without Shift.");
  else
    {
      g_autofree char *text = NULL;

      before = review_keymap_set (&self->keymap, action, key);
      if (before != REVIEW_ACTION_NONE)
        {
          text = g_strdup_printf ("%s had this key before.", review_action_title (before));
          tell (self, text);
        }
      changed (self);
      return TRUE;
    }
  update (self);
  return TRUE;
}

/* Files ---------------------------------------------------------------------------------------------------------------------------- */

static void
chosen_cb (GtkNativeDialog *dialog, int response, AlidadeReviewKeysWindow *self)
{
  g_autoptr (GFile) file = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  gboolean save = gtk_file_chooser_get_action (GTK_FILE_CHOOSER (dialog)) == GTK_FILE_CHOOSER_ACTION_SAVE;
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL, *text = NULL;
  g_autoptr (GError) error = NULL;
  ReviewKeymap keymap = self->keymap;

  if (path != NULL && save)
    {
      text = review_keymap_to_text (&self->keymap);
      if (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0666, &error))
        tell (self, "Keymap exported");
    }
  else if (path != NULL && g_file_get_contents (path, &text, NULL, &error) && review_keymap_from_text (&keymap, text, &error))
    {
      self->keymap = keymap;
      changed (self);
      tell (self, "Keymap imported");
    }
  if (error != NULL)
    tell (self, error->message);
  g_clear_object (&self->chooser);
}

static void
choose (AlidadeReviewKeysWindow *self, gboolean save)
{
  if (self->chooser != NULL)
    return;
  self->chooser = gtk_file_chooser_native_new (save ? "Export Keymap" : "Import Keymap", GTK_WINDOW (self),
                                               save ? GTK_FILE_CHOOSER_ACTION_SAVE : GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);
  if (save)
    gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (self->chooser), "review.keys");
  g_signal_connect (self->chooser, "response", G_CALLBACK (chosen_cb), self);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
import_cb (AlidadeReviewKeysWindow *self)
{
  choose (self, FALSE);
}

static void
export_cb (AlidadeReviewKeysWindow *self)
{
  choose (self, TRUE);
}

/* The window ------------------------------------------------------------------------------------------------------------------------- */

static void
name_cb (AdwEntryRow *row, AlidadeReviewKeysWindow *self)
{
  g_autofree char *name = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (row))));

  g_settings_set_string (self->settings, "reviewer", name);
}

static GtkWidget *
reviewer_new (AlidadeReviewKeysWindow *self)
{
  GtkWidget *group = adw_preferences_group_new (), *name = adw_entry_row_new (), *shown = adw_action_row_new (), *toggle = gtk_switch_new ();
  g_autofree char *set = g_settings_get_string (self->settings, "reviewer");
  g_autofree char *description = g_strdup_printf ("Verdicts are kept under this name. Empty: %s", g_get_user_name ());

  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), "Reviewer");
  adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (group), description);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (name), "Name");
  gtk_editable_set_text (GTK_EDITABLE (name), set);
  g_signal_connect (name, "changed", G_CALLBACK (name_cb), self);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), name);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (shown), "Keys on Buttons");
  gtk_widget_set_valign (toggle, GTK_ALIGN_CENTER);
  g_settings_bind (self->settings, "show-keys", toggle, "active", G_SETTINGS_BIND_DEFAULT);
  adw_action_row_add_suffix (ADW_ACTION_ROW (shown), toggle);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (shown), toggle);
  gtk_accessible_update_property (GTK_ACCESSIBLE (toggle), GTK_ACCESSIBLE_PROPERTY_LABEL, "Keys on buttons", -1);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), shown);
  return group;
}

static GtkWidget *
presets_new (AlidadeReviewKeysWindow *self)
{
  GtkWidget *group = adw_preferences_group_new (), *row = adw_action_row_new (), *import = gtk_button_new_with_label ("Import…");
  GtkWidget *export = gtk_button_new_with_label ("Export…");
  g_autoptr (GtkStringList) titles = gtk_string_list_new (NULL);

  for (int i = 0; i < REVIEW_N_PRESETS; i++)
    gtk_string_list_append (titles, review_preset_title (i));
  gtk_string_list_append (titles, "Own");
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), "Keymap");
  self->preset = ADW_COMBO_ROW (adw_combo_row_new ());
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->preset), "Preset");
  adw_combo_row_set_model (self->preset, G_LIST_MODEL (titles));
  g_signal_connect_swapped (self->preset, "notify::selected", G_CALLBACK (preset_cb), self);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), GTK_WIDGET (self->preset));
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), "File");
  gtk_widget_set_valign (import, GTK_ALIGN_CENTER);
  gtk_widget_set_valign (export, GTK_ALIGN_CENTER);
  g_signal_connect_swapped (import, "clicked", G_CALLBACK (import_cb), self);
  g_signal_connect_swapped (export, "clicked", G_CALLBACK (export_cb), self);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), import);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), export);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
  return group;
}

static GtkWidget *
keys_new (AlidadeReviewKeysWindow *self)
{
  GtkWidget *group = adw_preferences_group_new ();

  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), "Keys");
  adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (group), "Digits tick regions; arrows, Enter and Esc are the canvas's.");
  for (int i = 1; i < REVIEW_N_ACTIONS; i++)
    {
      GtkWidget *row = adw_action_row_new (), *button = gtk_button_new ();

      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), review_action_title (i));
      self->caps[i] = GTK_LABEL (gtk_label_new (""));
      self->buttons[i] = button;
      gtk_button_set_child (GTK_BUTTON (button), GTK_WIDGET (self->caps[i]));
      gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
      g_object_set_data (G_OBJECT (button), "action", GINT_TO_POINTER (i));
      g_signal_connect (button, "clicked", G_CALLBACK (wait_cb), self);
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
      adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), button);
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
    }
  return group;
}

static void
alidade_review_keys_window_dispose (GObject *object)
{
  AlidadeReviewKeysWindow *self = ALIDADE_REVIEW_KEYS_WINDOW (object);

  if (self->chooser != NULL)
    gtk_native_dialog_destroy (GTK_NATIVE_DIALOG (self->chooser));
  g_clear_object (&self->chooser);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (alidade_review_keys_window_parent_class)->dispose (object);
}

static void
alidade_review_keys_window_class_init (AlidadeReviewKeysWindowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = alidade_review_keys_window_dispose;
  signals[KEYMAP_CHANGED] = g_signal_new ("keymap-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
alidade_review_keys_window_init (AlidadeReviewKeysWindow *self)
{
  GtkEventController *controller = gtk_event_controller_key_new ();

  gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_CAPTURE);
  g_signal_connect (controller, "key-pressed", G_CALLBACK (pressed_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), controller);
}

GtkWidget *
alidade_review_keys_window_new (const ReviewKeymap *keymap, GSettings *settings)
{
  AlidadeReviewKeysWindow *self = g_object_new (ALIDADE_TYPE_REVIEW_KEYS_WINDOW, "title", "Review", "search-enabled", FALSE, "modal", TRUE,
                                                "default-width", 560, "default-height", 640, NULL);
  GtkWidget *page = adw_preferences_page_new ();

  self->keymap = *keymap;
  self->settings = settings != NULL ? g_object_ref (settings) : NULL;
  if (settings != NULL)
    adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (reviewer_new (self)));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (presets_new (self)));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (keys_new (self)));
  adw_preferences_window_add (ADW_PREFERENCES_WINDOW (self), ADW_PREFERENCES_PAGE (page));
  update (self);
  return GTK_WIDGET (self);
}

const ReviewKeymap *
alidade_review_keys_window_get_keymap (AlidadeReviewKeysWindow *self)
{
  return &self->keymap;
}
