/* SPDX-License-Identifier: MIT */
#include "word-row.h"

#include "word-chip.h"
#include "wrap-layout.h"

#include <string.h>

struct _AlidadeWordRow
{
  GtkWidget parent_instance;

  AlidadeExploration *exploration;
  GPtrArray *chips; /* borrowed children, in order; kept when the sentence changes */
  gboolean with_maps;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (AlidadeWordRow, alidade_word_row, GTK_TYPE_WIDGET)

#define GAP 6

static void
toggled_cb (GtkToggleButton *button, AlidadeWordRow *self)
{
  AlidadeWordChip *chip = ALIDADE_WORD_CHIP (button);

  if (self->updating)
    return;
  /* A selected chip stays selected when it is clicked again. */
  self->updating = TRUE;
  gtk_toggle_button_set_active (button, TRUE);
  self->updating = FALSE;
  alidade_exploration_select (self->exploration, alidade_word_chip_get_first (chip), alidade_word_chip_get_n (chip));
}

static void
enter_cb (GtkEventControllerMotion *motion, double x, double y, AlidadeWordRow *self)
{
  AlidadeWordChip *chip = ALIDADE_WORD_CHIP (gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (motion)));

  if (alidade_word_chip_get_n (chip) == 1)
    alidade_exploration_hover (self->exploration, alidade_word_chip_get_first (chip));
}

static void
leave_cb (GtkEventControllerMotion *motion, AlidadeWordRow *self)
{
  alidade_exploration_hover (self->exploration, ALIDADE_NO_WORD);
}

static gboolean
key_cb (GtkEventControllerKey *keys, guint keyval, guint keycode, GdkModifierType state, AlidadeWordRow *self)
{
  GtkWidget *focus = gtk_widget_get_focus_child (GTK_WIDGET (self));
  gboolean rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
  gboolean shift = (state & GDK_SHIFT_MASK) != 0;

  if (focus == NULL || !ALIDADE_IS_WORD_CHIP (focus) || (state & (GDK_CONTROL_MASK | GDK_ALT_MASK)) != 0)
    return GDK_EVENT_PROPAGATE;
  switch (keyval)
    {
    case GDK_KEY_Left:
    case GDK_KEY_Right:
      alidade_exploration_step (self->exploration, (keyval == GDK_KEY_Right) != rtl ? 1 : -1, shift);
      alidade_word_row_focus (self);
      return GDK_EVENT_STOP;
    case GDK_KEY_space:
    case GDK_KEY_KP_Space:
      for (int i = 0; i < alidade_word_chip_get_n (ALIDADE_WORD_CHIP (focus)); i++)
        alidade_exploration_toggle_pin (self->exploration, alidade_word_chip_get_first (ALIDADE_WORD_CHIP (focus)) + i);
      return GDK_EVENT_STOP;
    default:
      return GDK_EVENT_PROPAGATE;
    }
}

static GtkWidget *
add_chip (AlidadeWordRow *self)
{
  GtkWidget *chip = alidade_word_chip_new ();
  GtkEventController *motion = gtk_event_controller_motion_new ();

  g_signal_connect (chip, "toggled", G_CALLBACK (toggled_cb), self);
  g_signal_connect (motion, "enter", G_CALLBACK (enter_cb), self);
  g_signal_connect (motion, "leave", G_CALLBACK (leave_cb), self);
  gtk_widget_add_controller (chip, motion);
  gtk_widget_set_parent (chip, GTK_WIDGET (self));
  g_ptr_array_add (self->chips, chip);
  return chip;
}

/* The strength to show for words first .. first + n - 1: their own once the maps are there, until then that of the
 * same word in the answer before. */
static gboolean
find_strength (AlidadeWordRow *self, const AlidadeMaps *words, int first, int n, double *strength)
{
  const AlidadeMaps *maps = alidade_exploration_get_maps (self->exploration);

  if (maps == NULL || !maps->has_word_maps)
    return FALSE;
  if (maps != words)
    {
      if (first >= maps->n_words || strcmp (maps->words[first].text, words->words[first].text) != 0)
        return FALSE;
      *strength = maps->words[first].strength;
      return n == 1;
    }
  *strength = maps->words[first].strength;
  if (n > 1)
    {
      g_autofree float *phrase = alidade_maps_get_phrase (maps, first, n);

      *strength = maps->peak > 0 ? alidade_maps_map_peak (maps, phrase, NULL, NULL) / maps->peak : 0;
    }
  return TRUE;
}

static void
fill_thumb (AlidadeWordRow *self, AlidadeWordChip *chip, int first, int n)
{
  const AlidadeMaps *maps = alidade_exploration_get_maps (self->exploration);
  AlbefOverlay overlay
      = alidade_look_get_overlay (alidade_exploration_get_look (self->exploration), maps != NULL ? maps->peak : 1);
  g_autofree float *phrase = maps != NULL && n > 1 ? alidade_maps_get_phrase (maps, first, n) : NULL;
  const float *map = maps == NULL || first >= maps->n_words ? NULL : n > 1 ? phrase : maps->words[first].map;

  alidade_map_thumb_set (alidade_word_chip_get_thumb (chip), alidade_exploration_get_pyramid (self->exploration), map,
                         maps != NULL ? maps->grid_width : 0, maps != NULL ? maps->grid_height : 0, &overlay);
}

static void
update (AlidadeWordRow *self)
{
  AlidadeMaps *words = alidade_exploration_get_words (self->exploration);
  gboolean with_maps = self->with_maps && alidade_exploration_get_pyramid (self->exploration) != NULL;
  int selected, n_selected;
  guint used = 0;

  self->updating = TRUE;
  alidade_exploration_get_selected (self->exploration, &selected, &n_selected);
  for (int i = 0; words != NULL && i < words->n_words;)
    {
      const AlidadeWord *word = &words->words[i];
      GtkWidget *widget = used < self->chips->len ? g_ptr_array_index (self->chips, used) : add_chip (self);
      gsize end = word->end;
      AlidadeChip chip = { 0 };
      g_autofree char *text = NULL;

      used++;
      chip.first = i;
      chip.n = i == selected && n_selected > 1 ? MIN (n_selected, words->n_words - i) : 1;
      chip.state = word->state;
      chip.function_word = word->function_word;
      chip.selected = alidade_exploration_is_selected (self->exploration, i);
      for (int k = 0; k < chip.n; k++)
        {
          end = words->words[i + k].end;
          chip.pinned |= alidade_exploration_is_pinned (self->exploration, i + k);
          chip.function_word &= words->words[i + k].function_word;
          if (words->words[i + k].state == ALBEF_WORD_KNOWN)
            chip.state = ALBEF_WORD_KNOWN;
        }
      text = chip.n > 1 ? g_strndup (words->text + word->start, end - word->start) : g_strdup (word->text);
      chip.text = text;
      chip.has_strength = chip.state == ALBEF_WORD_KNOWN && find_strength (self, words, i, chip.n, &chip.strength);
      alidade_word_chip_set_with_map (ALIDADE_WORD_CHIP (widget), with_maps);
      alidade_word_chip_set (ALIDADE_WORD_CHIP (widget), &chip);
      if (with_maps && alidade_exploration_get_in_step (self->exploration))
        fill_thumb (self, ALIDADE_WORD_CHIP (widget), i, chip.n);
      i += chip.n;
    }
  while (self->chips->len > used)
    {
      GtkWidget *last = g_ptr_array_index (self->chips, self->chips->len - 1);

      g_ptr_array_set_size (self->chips, self->chips->len - 1);
      gtk_widget_unparent (last);
    }
  gtk_widget_set_visible (GTK_WIDGET (self), used > 0);
  self->updating = FALSE;
}

static void
alidade_word_row_dispose (GObject *object)
{
  AlidadeWordRow *self = ALIDADE_WORD_ROW (object);
  GtkWidget *child;

  if (self->exploration != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->exploration, self);
      g_signal_handlers_disconnect_by_data (alidade_exploration_get_look (self->exploration), self);
    }
  g_clear_object (&self->exploration);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->chips, g_ptr_array_unref);

  G_OBJECT_CLASS (alidade_word_row_parent_class)->dispose (object);
}

static void
alidade_word_row_class_init (AlidadeWordRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_word_row_dispose;
  gtk_widget_class_set_css_name (widget_class, "wordrow");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
alidade_word_row_init (AlidadeWordRow *self)
{
  GtkEventController *keys = gtk_event_controller_key_new ();

  self->chips = g_ptr_array_new ();
  gtk_widget_set_layout_manager (GTK_WIDGET (self), alidade_wrap_layout_new (GAP, GAP));
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (key_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, "Words", -1);
}

void
alidade_word_row_set_exploration (AlidadeWordRow *self, AlidadeExploration *exploration)
{
  g_return_if_fail (ALIDADE_IS_WORD_ROW (self));
  g_return_if_fail (self->exploration == NULL);

  self->exploration = g_object_ref (exploration);
  g_signal_connect_swapped (exploration, "selection-changed", G_CALLBACK (update), self);
  g_signal_connect_swapped (alidade_exploration_get_look (exploration), "notify", G_CALLBACK (update), self);
  update (self);
}

void
alidade_word_row_set_with_maps (AlidadeWordRow *self, gboolean with_maps)
{
  if (self->with_maps == with_maps)
    return;
  self->with_maps = with_maps;
  if (self->exploration != NULL)
    update (self);
}

void
alidade_word_row_set_single (AlidadeWordRow *self, gboolean single)
{
  alidade_wrap_layout_set_single (ALIDADE_WRAP_LAYOUT (gtk_widget_get_layout_manager (GTK_WIDGET (self))), single);
}

gboolean
alidade_word_row_focus (AlidadeWordRow *self)
{
  for (guint i = 0; i < self->chips->len; i++)
    {
      AlidadeWordChip *chip = g_ptr_array_index (self->chips, i);

      if (alidade_exploration_is_selected (self->exploration, alidade_word_chip_get_first (chip)))
        return gtk_widget_grab_focus (GTK_WIDGET (chip));
    }
  return self->chips->len > 0 && gtk_widget_grab_focus (g_ptr_array_index (self->chips, 0));
}
