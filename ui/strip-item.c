/* SPDX-License-Identifier: MIT */
#include "strip-item.h"

struct _AlidadeStripItem
{
  GtkWidget parent_instance;

  GtkWidget *overlay;
  GtkWidget *button;
  GtkWidget *thumb;
  GtkWidget *label;
  GtkWidget *pin;

  AlidadeExploration *exploration;
  int word;
  gboolean inside, pinned;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (AlidadeStripItem, alidade_strip_item, GTK_TYPE_WIDGET)

static void
toggled_cb (GtkToggleButton *button, AlidadeStripItem *self)
{
  if (self->updating)
    return;
  self->updating = TRUE;
  gtk_toggle_button_set_active (button, TRUE);
  self->updating = FALSE;
  alidade_exploration_select (self->exploration, self->word, 1);
}

static void
pin_cb (GtkToggleButton *button, AlidadeStripItem *self)
{
  if (!self->updating)
    alidade_exploration_toggle_pin (self->exploration, self->word);
}

static void
update_pin (AlidadeStripItem *self)
{
  gboolean focused = gtk_widget_get_focus_child (self->overlay) != NULL;

  gtk_widget_set_visible (self->pin, self->word >= 0 && (self->pinned || self->inside || focused));
}

static void
enter_cb (GtkEventControllerMotion *motion, double x, double y, AlidadeStripItem *self)
{
  self->inside = TRUE;
  update_pin (self);
  alidade_exploration_hover (self->exploration, self->word);
}

static void
leave_cb (GtkEventControllerMotion *motion, AlidadeStripItem *self)
{
  self->inside = FALSE;
  update_pin (self);
  alidade_exploration_hover (self->exploration, ALIDADE_NO_WORD);
}

static gboolean
key_cb (GtkEventControllerKey *keys, guint keyval, guint keycode, GdkModifierType state, AlidadeStripItem *self)
{
  if (keyval != GDK_KEY_space || self->word < 0 || !gtk_widget_has_focus (self->button))
    return GDK_EVENT_PROPAGATE;
  alidade_exploration_toggle_pin (self->exploration, self->word);
  return GDK_EVENT_STOP;
}

static void
alidade_strip_item_dispose (GObject *object)
{
  AlidadeStripItem *self = ALIDADE_STRIP_ITEM (object);

  g_clear_pointer (&self->overlay, gtk_widget_unparent);

  G_OBJECT_CLASS (alidade_strip_item_parent_class)->dispose (object);
}

static void
alidade_strip_item_class_init (AlidadeStripItemClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_strip_item_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "stripitem");
}

static void
alidade_strip_item_init (AlidadeStripItem *self)
{
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 5);

  self->thumb = alidade_map_thumb_new (0);
  gtk_widget_set_halign (self->thumb, GTK_ALIGN_CENTER);
  self->label = gtk_label_new (NULL);
  gtk_label_set_ellipsize (GTK_LABEL (self->label), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (self->label), 9);
  gtk_box_append (GTK_BOX (box), self->thumb);
  gtk_box_append (GTK_BOX (box), self->label);
  self->button = gtk_toggle_button_new ();
  gtk_widget_add_css_class (self->button, "strip-button");
  gtk_button_set_child (GTK_BUTTON (self->button), box);
  g_signal_connect (self->button, "toggled", G_CALLBACK (toggled_cb), self);
  g_signal_connect_swapped (self->button, "notify::has-focus", G_CALLBACK (update_pin), self);

  self->pin = gtk_toggle_button_new ();
  gtk_button_set_icon_name (GTK_BUTTON (self->pin), "view-pin-symbolic");
  gtk_widget_add_css_class (self->pin, "pin");
  gtk_widget_set_halign (self->pin, GTK_ALIGN_END);
  gtk_widget_set_valign (self->pin, GTK_ALIGN_START);
  gtk_widget_set_focusable (self->pin, FALSE);
  gtk_widget_set_visible (self->pin, FALSE);
  g_signal_connect (self->pin, "toggled", G_CALLBACK (pin_cb), self);

  self->overlay = gtk_overlay_new ();
  gtk_overlay_set_child (GTK_OVERLAY (self->overlay), self->button);
  gtk_overlay_add_overlay (GTK_OVERLAY (self->overlay), self->pin);
  gtk_widget_set_parent (self->overlay, GTK_WIDGET (self));

  g_signal_connect (motion, "enter", G_CALLBACK (enter_cb), self);
  g_signal_connect (motion, "leave", G_CALLBACK (leave_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (key_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
}

GtkWidget *
alidade_strip_item_new (AlidadeExploration *exploration, int word, int side)
{
  AlidadeStripItem *self = g_object_new (ALIDADE_TYPE_STRIP_ITEM, NULL);

  self->exploration = exploration;
  self->word = word;
  alidade_map_thumb_set_side (ALIDADE_MAP_THUMB (self->thumb), side);
  return GTK_WIDGET (self);
}

void
alidade_strip_item_set_word (AlidadeStripItem *self, const AlidadeWord *word)
{
  g_autofree char *name = NULL;
  g_autofree char *pin = NULL;

  g_return_if_fail (ALIDADE_IS_STRIP_ITEM (self));

  gtk_label_set_text (GTK_LABEL (self->label), word != NULL ? word->text : "sentence");
  if (word == NULL)
    gtk_widget_add_css_class (self->label, "sentence");
  if (word == NULL)
    name = g_strdup ("Map of the whole sentence");
  else if (word->map != NULL)
    name = g_strdup_printf ("Map of %s, strength %.2f", word->text, word->strength);
  else
    name = g_strdup_printf ("%s, %s", word->text, word->state == ALBEF_WORD_UNKNOWN ? "not in vocabulary" : "no map");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  gtk_widget_set_tooltip_text (self->button, name);
  pin = g_strdup_printf ("Pin %s", word != NULL ? word->text : "");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->pin), GTK_ACCESSIBLE_PROPERTY_LABEL, pin, -1);
  gtk_widget_set_tooltip_text (self->pin, pin);
}

void
alidade_strip_item_set_state (AlidadeStripItem *self, gboolean selected, gboolean pinned)
{
  g_return_if_fail (ALIDADE_IS_STRIP_ITEM (self));

  self->updating = TRUE;
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->button), selected);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->pin), pinned);
  self->pinned = pinned;
  update_pin (self);
  self->updating = FALSE;
}

AlidadeMapThumb *
alidade_strip_item_get_thumb (AlidadeStripItem *self)
{
  return ALIDADE_MAP_THUMB (self->thumb);
}
