/* SPDX-License-Identifier: MIT */
#include "match-button.h"

struct _AlidadeMatchButton
{
  GtkWidget parent_instance;

  GtkWidget *button;
  GtkWidget *title;
  GtkLabel *figure;
  GtkWidget *bar;
  GtkLabel *verdict;
  GtkLabel *match_value;
  GtkLabel *logits;
  GtkLabel *itc;
  GtkLabel *times;

  AlidadeExploration *exploration;
};

G_DEFINE_FINAL_TYPE (AlidadeMatchButton, alidade_match_button, GTK_TYPE_WIDGET)

static const char *
plain_words (double match)
{
  if (match >= 0.9)
    return "The sentence fits the picture";
  if (match >= 0.6)
    return "The sentence probably fits the picture";
  if (match >= 0.4)
    return "The model is not sure whether the sentence fits";
  if (match >= 0.1)
    return "The sentence probably does not fit the picture";
  return "The sentence does not fit the picture";
}

static void
set_label (GtkLabel *label, char *text)
{
  gtk_label_set_text (label, text);
  g_free (text);
}

static void
update (AlidadeMatchButton *self)
{
  const AlidadeMaps *maps = alidade_exploration_get_maps (self->exploration);
  g_autofree char *name = NULL;

  if (maps == NULL)
    {
      gtk_label_set_text (self->figure, "–");
      gtk_level_bar_set_value (GTK_LEVEL_BAR (self->bar), 0);
      gtk_label_set_text (self->verdict, "Choose a picture and type a sentence");
      gtk_label_set_text (self->match_value, "–");
      gtk_label_set_text (self->logits, "–");
      gtk_label_set_text (self->itc, "–");
      gtk_label_set_text (self->times, "–");
      name = g_strdup ("Match: none yet");
    }
  else
    {
      set_label (self->figure, g_strdup_printf ("%.2f", maps->match));
      gtk_level_bar_set_value (GTK_LEVEL_BAR (self->bar), CLAMP (maps->match, 0, 1));
      gtk_label_set_text (self->verdict, plain_words (maps->match));
      set_label (self->match_value, g_strdup_printf ("%.4f", maps->match));
      set_label (self->logits, g_strdup_printf ("%.3f, %.3f", maps->logits[0], maps->logits[1]));
      set_label (self->itc, g_strdup_printf ("%.4f", maps->itc));
      set_label (self->times, g_strdup_printf ("%.1f, %.1f, %.1f ms", 1e3 * maps->seconds_image,
                                               1e3 * maps->seconds_query, 1e3 * maps->seconds_backward));
      name = g_strdup_printf ("Match %.2f: %s", maps->match, plain_words (maps->match));
    }
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  gtk_widget_set_tooltip_text (self->button, name);
}

static void
alidade_match_button_dispose (GObject *object)
{
  AlidadeMatchButton *self = ALIDADE_MATCH_BUTTON (object);

  if (self->exploration != NULL)
    g_signal_handlers_disconnect_by_data (self->exploration, self);
  g_clear_object (&self->exploration);
  gtk_widget_dispose_template (GTK_WIDGET (self), ALIDADE_TYPE_MATCH_BUTTON);

  G_OBJECT_CLASS (alidade_match_button_parent_class)->dispose (object);
}

static void
alidade_match_button_class_init (AlidadeMatchButtonClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_match_button_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/alidade/ui/match-button.ui");
  gtk_widget_class_bind_template_child (widget_class, AlidadeMatchButton, button);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMatchButton, title);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMatchButton, figure);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMatchButton, bar);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMatchButton, verdict);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMatchButton, match_value);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMatchButton, logits);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMatchButton, itc);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMatchButton, times);
}

static void
alidade_match_button_init (AlidadeMatchButton *self)
{
  static const char *const offsets[]
      = { GTK_LEVEL_BAR_OFFSET_LOW, GTK_LEVEL_BAR_OFFSET_HIGH, GTK_LEVEL_BAR_OFFSET_FULL };

  gtk_widget_init_template (GTK_WIDGET (self));
  /* One colour: low is no warning here. */
  for (guint i = 0; i < G_N_ELEMENTS (offsets); i++)
    gtk_level_bar_remove_offset_value (GTK_LEVEL_BAR (self->bar), offsets[i]);
}

void
alidade_match_button_set_exploration (AlidadeMatchButton *self, AlidadeExploration *exploration)
{
  g_return_if_fail (ALIDADE_IS_MATCH_BUTTON (self));
  g_return_if_fail (self->exploration == NULL);

  self->exploration = g_object_ref (exploration);
  g_signal_connect_swapped (exploration, "maps-changed", G_CALLBACK (update), self);
  update (self);
}

void
alidade_match_button_set_narrow (AlidadeMatchButton *self, gboolean narrow)
{
  gtk_widget_set_visible (self->title, !narrow);
  gtk_widget_set_visible (self->bar, !narrow);
}
