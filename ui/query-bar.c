/* SPDX-License-Identifier: MIT */
#include "query-bar.h"

#include "chip-area.h"
#include "match-button.h"

struct _AlidadeQueryBar
{
  GtkWidget parent_instance;

  GtkWidget *overlay;
  GtkEntry *entry;
  AlidadeMatchButton *match;
  AlidadeChipArea *chips;
  GtkProgressBar *progress;

  AlidadeExploration *exploration;
  guint pulse_id;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (AlidadeQueryBar, alidade_query_bar, GTK_TYPE_WIDGET)

static void
text_cb (GtkEntry *entry, AlidadeQueryBar *self)
{
  const char *typed = gtk_editable_get_text (GTK_EDITABLE (entry));

  gtk_entry_set_icon_from_icon_name (entry, GTK_ENTRY_ICON_SECONDARY, typed[0] != '\0' ? "edit-clear-symbolic" : NULL);
  if (!self->updating && self->exploration != NULL)
    alidade_exploration_set_text (self->exploration, typed);
}

static void
clear_cb (GtkEntry *entry, GtkEntryIconPosition position, AlidadeQueryBar *self)
{
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  gtk_widget_grab_focus (GTK_WIDGET (entry));
}

static gboolean
key_cb (GtkEventControllerKey *keys, guint keyval, guint keycode, GdkModifierType state, AlidadeQueryBar *self)
{
  if ((keyval == GDK_KEY_Down || keyval == GDK_KEY_KP_Down)
      && alidade_word_row_focus (alidade_chip_area_get_row (self->chips)))
    return GDK_EVENT_STOP;
  if (keyval == GDK_KEY_Escape)
    return gtk_widget_activate_action (GTK_WIDGET (self), "win.focus-canvas", NULL);
  return GDK_EVENT_PROPAGATE;
}

/* The sentence came from elsewhere (a sample's caption). */
static void
text_changed_cb (AlidadeQueryBar *self)
{
  const char *text = alidade_exploration_get_text (self->exploration);

  if (g_str_equal (text, gtk_editable_get_text (GTK_EDITABLE (self->entry))))
    return;
  self->updating = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->entry), text);
  gtk_editable_set_position (GTK_EDITABLE (self->entry), -1);
  self->updating = FALSE;
}

static gboolean
pulse_cb (gpointer data)
{
  gtk_progress_bar_pulse (ALIDADE_QUERY_BAR (data)->progress);
  return G_SOURCE_CONTINUE;
}

static void
waiting_changed_cb (AlidadeQueryBar *self)
{
  gboolean waiting = alidade_exploration_get_waiting (self->exploration);

  gtk_widget_set_visible (GTK_WIDGET (self->progress), waiting);
  if (waiting && self->pulse_id == 0)
    self->pulse_id = g_timeout_add (60, pulse_cb, self);
  else if (!waiting)
    g_clear_handle_id (&self->pulse_id, g_source_remove);
}

static void
alidade_query_bar_dispose (GObject *object)
{
  AlidadeQueryBar *self = ALIDADE_QUERY_BAR (object);

  g_clear_handle_id (&self->pulse_id, g_source_remove);
  if (self->exploration != NULL)
    g_signal_handlers_disconnect_by_data (self->exploration, self);
  g_clear_object (&self->exploration);
  gtk_widget_dispose_template (GTK_WIDGET (self), ALIDADE_TYPE_QUERY_BAR);

  G_OBJECT_CLASS (alidade_query_bar_parent_class)->dispose (object);
}

static void
alidade_query_bar_class_init (AlidadeQueryBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_query_bar_dispose;
  g_type_ensure (ALIDADE_TYPE_MATCH_BUTTON);
  g_type_ensure (ALIDADE_TYPE_CHIP_AREA);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "querybar");
  gtk_widget_class_set_template_from_resource (widget_class, "/org/alidade/ui/query-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, AlidadeQueryBar, overlay);
  gtk_widget_class_bind_template_child (widget_class, AlidadeQueryBar, entry);
  gtk_widget_class_bind_template_child (widget_class, AlidadeQueryBar, match);
  gtk_widget_class_bind_template_child (widget_class, AlidadeQueryBar, chips);
  gtk_widget_class_bind_template_child (widget_class, AlidadeQueryBar, progress);
  gtk_widget_class_bind_template_callback (widget_class, text_cb);
  gtk_widget_class_bind_template_callback (widget_class, clear_cb);
}

static void
alidade_query_bar_init (AlidadeQueryBar *self)
{
  GtkEventController *keys = gtk_event_controller_key_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (key_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self->entry), keys);
}

void
alidade_query_bar_set_exploration (AlidadeQueryBar *self, AlidadeExploration *exploration)
{
  g_return_if_fail (ALIDADE_IS_QUERY_BAR (self));
  g_return_if_fail (self->exploration == NULL);

  self->exploration = g_object_ref (exploration);
  alidade_match_button_set_exploration (self->match, exploration);
  alidade_word_row_set_exploration (alidade_chip_area_get_row (self->chips), exploration);
  g_signal_connect_swapped (exploration, "text-changed", G_CALLBACK (text_changed_cb), self);
  g_signal_connect_swapped (exploration, "waiting-changed", G_CALLBACK (waiting_changed_cb), self);
  text_changed_cb (self);
}

void
alidade_query_bar_focus_entry (AlidadeQueryBar *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
}

void
alidade_query_bar_set_narrow (AlidadeQueryBar *self, gboolean narrow)
{
  g_return_if_fail (ALIDADE_IS_QUERY_BAR (self));

  alidade_match_button_set_narrow (self->match, narrow);
  alidade_chip_area_set_single (self->chips, narrow);
}

void
alidade_query_bar_set_chip_maps (AlidadeQueryBar *self, gboolean with_maps)
{
  alidade_word_row_set_with_maps (alidade_chip_area_get_row (self->chips), with_maps);
}
