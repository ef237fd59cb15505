/* SPDX-License-Identifier: MIT */
#include "point-ranking.h"

#include "meter.h"

struct _AlidadePointRanking
{
  GtkPopover parent_instance;

  GtkWidget *list;
  AlidadeExploration *exploration; /* borrowed while open: the window's */
};

G_DEFINE_FINAL_TYPE (AlidadePointRanking, alidade_point_ranking, GTK_TYPE_POPOVER)

#define MOST_WORDS 5
#define METER_WIDTH 96

typedef struct
{
  int word;
  double value; /* of the common scale, 0..1 */
} Place;

static int
compare_places (gconstpointer a, gconstpointer b)
{
  const Place *first = a, *second = b;

  if (first->value != second->value)
    return first->value > second->value ? -1 : 1;
  return first->word - second->word;
}

static void
row_cb (GtkButton *button, AlidadePointRanking *self)
{
  alidade_exploration_select (self->exploration, GPOINTER_TO_INT (g_object_get_data (G_OBJECT (button), "word")), 1);
  gtk_popover_popdown (GTK_POPOVER (self));
}

static GtkWidget *
make_row (AlidadePointRanking *self, const AlidadeWord *word, const Place *place, gboolean first, GtkSizeGroup *words)
{
  GtkWidget *button = gtk_button_new ();
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *label = gtk_label_new (word->text);
  GtkWidget *meter = alidade_meter_new ();
  g_autofree char *value = g_strdup_printf ("%.2f", place->value);
  g_autofree char *name = g_strdup_printf ("%s, %s", word->text, value);
  GtkWidget *figure = gtk_label_new (value);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 16);
  if (first)
    gtk_widget_add_css_class (label, "heading");
  gtk_size_group_add_widget (words, label);
  alidade_meter_set_value (ALIDADE_METER (meter), place->value);
  gtk_widget_set_size_request (meter, METER_WIDTH, -1);
  gtk_widget_set_valign (meter, GTK_ALIGN_CENTER);
  gtk_widget_set_hexpand (meter, TRUE);
  gtk_widget_add_css_class (meter, "accent-meter");
  gtk_widget_add_css_class (figure, "caption");
  gtk_widget_add_css_class (figure, "numeric");
  gtk_widget_add_css_class (figure, "secondary");
  gtk_box_append (GTK_BOX (row), label);
  gtk_box_append (GTK_BOX (row), meter);
  gtk_box_append (GTK_BOX (row), figure);
  gtk_button_set_child (GTK_BUTTON (button), row);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "ranking-row");
  g_object_set_data (G_OBJECT (button), "word", GINT_TO_POINTER (place->word));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_signal_connect (button, "clicked", G_CALLBACK (row_cb), self);
  return button;
}

static void
alidade_point_ranking_class_init (AlidadePointRankingClass *klass)
{
}

static void
alidade_point_ranking_init (AlidadePointRanking *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *title = gtk_label_new ("Words that look here");

  gtk_label_set_xalign (GTK_LABEL (title), 0);
  gtk_widget_add_css_class (title, "caption-heading");
  self->list = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  gtk_box_append (GTK_BOX (box), title);
  gtk_box_append (GTK_BOX (box), self->list);
  gtk_popover_set_child (GTK_POPOVER (self), box);
  gtk_popover_set_position (GTK_POPOVER (self), GTK_POS_RIGHT);
  gtk_widget_add_css_class (GTK_WIDGET (self), "point-ranking");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, "Words that look here", -1);
}

GtkWidget *
alidade_point_ranking_new (void)
{
  return g_object_new (ALIDADE_TYPE_POINT_RANKING, NULL);
}

gboolean
alidade_point_ranking_set (AlidadePointRanking *self, AlidadeExploration *exploration, double u, double v)
{
  const AlidadeMaps *maps = alidade_exploration_get_maps (exploration);
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (Place));
  g_autoptr (GtkSizeGroup) words = gtk_size_group_new (GTK_SIZE_GROUP_HORIZONTAL);
  GtkWidget *child;

  g_return_val_if_fail (ALIDADE_IS_POINT_RANKING (self), FALSE);

  if (maps == NULL || !maps->has_word_maps || maps->peak <= 0 || !alidade_exploration_get_in_step (exploration))
    return FALSE;
  self->exploration = exploration;
  for (int i = 0; i < maps->n_words; i++)
    if (maps->words[i].map != NULL)
      {
        Place place = { i, MIN (alidade_maps_map_value (maps, maps->words[i].map, u, v) / maps->peak, 1) };

        g_array_append_val (places, place);
      }
  g_array_sort (places, compare_places);
  while ((child = gtk_widget_get_first_child (self->list)) != NULL)
    gtk_box_remove (GTK_BOX (self->list), child);
  for (guint i = 0; i < MIN (places->len, MOST_WORDS); i++)
    {
      const Place *place = &g_array_index (places, Place, i);

      gtk_box_append (GTK_BOX (self->list), make_row (self, &maps->words[place->word], place, i == 0, words));
    }
  return places->len > 0;
}
