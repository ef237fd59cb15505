/* SPDX-License-Identifier: MIT */
#include "word-chip.h"

#include "meter.h"

struct _AlidadeWordChip
{
  GtkToggleButton parent_instance;

  GtkWidget *thumb;
  GtkWidget *pin;
  GtkWidget *word;
  GtkWidget *strength;
  GtkWidget *meter;
  int first, n;
  gboolean with_map;
};

G_DEFINE_FINAL_TYPE (AlidadeWordChip, alidade_word_chip, GTK_TYPE_TOGGLE_BUTTON)

#define THUMB_SIDE 22

static void
set_class (GtkWidget *widget, const char *name, gboolean on)
{
  if (on)
    gtk_widget_add_css_class (widget, name);
  else
    gtk_widget_remove_css_class (widget, name);
}

static void
alidade_word_chip_class_init (AlidadeWordChipClass *klass)
{
}

static void
alidade_word_chip_init (AlidadeWordChip *self)
{
  GtkWidget *outer = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *inner = gtk_box_new (GTK_ORIENTATION_VERTICAL, 1);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  self->thumb = alidade_map_thumb_new (THUMB_SIDE);
  gtk_widget_set_valign (self->thumb, GTK_ALIGN_CENTER);
  gtk_widget_set_visible (self->thumb, FALSE);
  self->pin = gtk_image_new_from_icon_name ("view-pin-symbolic");
  gtk_image_set_pixel_size (GTK_IMAGE (self->pin), 12);
  self->word = gtk_label_new (NULL);
  gtk_widget_add_css_class (self->word, "word");
  self->strength = gtk_label_new (NULL);
  gtk_widget_add_css_class (self->strength, "strength");
  gtk_widget_add_css_class (self->strength, "numeric");
  self->meter = alidade_meter_new ();
  gtk_widget_set_valign (inner, GTK_ALIGN_CENTER);
  gtk_widget_set_hexpand (inner, TRUE);
  gtk_box_append (GTK_BOX (line), self->pin);
  gtk_box_append (GTK_BOX (line), self->word);
  gtk_box_append (GTK_BOX (line), self->strength);
  gtk_box_append (GTK_BOX (inner), line);
  gtk_box_append (GTK_BOX (inner), self->meter);
  gtk_box_append (GTK_BOX (outer), self->thumb);
  gtk_box_append (GTK_BOX (outer), inner);
  gtk_button_set_child (GTK_BUTTON (self), outer);
  gtk_widget_add_css_class (GTK_WIDGET (self), "word-chip");
}

GtkWidget *
alidade_word_chip_new (void)
{
  return g_object_new (ALIDADE_TYPE_WORD_CHIP, NULL);
}

void
alidade_word_chip_set (AlidadeWordChip *self, const AlidadeChip *chip)
{
  const char *why = chip->state == ALBEF_WORD_UNKNOWN ? "not in vocabulary"
                    : chip->state == ALBEF_WORD_CUT   ? "beyond the limit"
                                                      : NULL;
  g_autofree char *strength = chip->has_strength ? g_strdup_printf ("%.2f", chip->strength) : g_strdup ("");
  g_autofree char *name = NULL;

  g_return_if_fail (ALIDADE_IS_WORD_CHIP (self));

  self->first = chip->first;
  self->n = chip->n;
  gtk_label_set_text (GTK_LABEL (self->word), chip->text);
  gtk_label_set_text (GTK_LABEL (self->strength), why != NULL ? why : strength);
  /* Room is kept for a strength that is still to come, so that the row does not jump. */
  gtk_label_set_width_chars (GTK_LABEL (self->strength), why == NULL ? 4 : -1);
  gtk_widget_set_visible (self->meter, why == NULL && !self->with_map);
  gtk_widget_set_visible (self->thumb, why == NULL && self->with_map);
  alidade_meter_set_value (ALIDADE_METER (self->meter), chip->has_strength ? chip->strength : 0);
  gtk_widget_set_visible (self->pin, chip->pinned);
  set_class (GTK_WIDGET (self), "function-word", chip->function_word);
  set_class (GTK_WIDGET (self), "no-map", why != NULL);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self), chip->selected);

  if (why != NULL)
    name = g_strdup_printf ("%s, %s", chip->text, why);
  else if (chip->has_strength)
    name = g_strdup_printf ("%s, strength %.2f%s", chip->text, chip->strength, chip->pinned ? ", pinned" : "");
  else
    name = g_strdup (chip->text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  gtk_widget_set_tooltip_text (
      GTK_WIDGET (self),
      chip->state == ALBEF_WORD_UNKNOWN
          ? "The model's vocabulary has no piece of this word: it sees [UNK] here, and there is no map"
      : chip->state == ALBEF_WORD_CUT ? "The sentence is longer than the model reads: it does not see this word"
                                      : NULL);
}

int
alidade_word_chip_get_first (AlidadeWordChip *self)
{
  return self->first;
}

int
alidade_word_chip_get_n (AlidadeWordChip *self)
{
  return self->n;
}

void
alidade_word_chip_set_with_map (AlidadeWordChip *self, gboolean with_map)
{
  self->with_map = with_map;
}

AlidadeMapThumb *
alidade_word_chip_get_thumb (AlidadeWordChip *self)
{
  return ALIDADE_MAP_THUMB (self->thumb);
}
