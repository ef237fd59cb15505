/* SPDX-License-Identifier: MIT */
#include "map-pane.h"

#include "colour-ramp.h"
#include "map-thumb.h"

#include <math.h>

struct _AlidadeMapPane
{
  GtkWidget parent_instance;

  GtkWidget *column;
  GtkLabel *word, *place, *strength, *spread;
  GtkLabel *layer_title, *layer_note;
  GtkWidget *layers;
  GtkLabel *heads_note;
  GtkWidget *heads;
  GtkDropDown *method;
  GtkRange *opacity;
  GtkLabel *opacity_note;
  GtkRange *threshold;
  GtkLabel *threshold_note;
  GtkDropDown *colours;
  GtkWidget *export_content;

  AlidadeExploration *exploration;
  int n_layers, n_heads; /* buttons there are */
  AlbefMethod layers_of;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (AlidadeMapPane, alidade_map_pane, GTK_TYPE_WIDGET)

#define RAMP_WIDTH 64
#define RAMP_HEIGHT 12

static const char *const method_names[] = { "Gradient × attention", "Gradient of similarity (ITC)", NULL };

static void
set_label (GtkLabel *label, char *text)
{
  gtk_label_set_text (label, text);
  g_free (text);
}

static gboolean
head_is_on (AlidadeMapPane *self, int head)
{
  guint64 heads = alidade_exploration_get_heads (self->exploration);

  return heads == 0 || (heads >> head & 1) != 0;
}

/* ---- buttons of layers and heads ------------------------------------------------------------------ */

static void
layer_cb (GtkToggleButton *button, AlidadeMapPane *self)
{
  if (!self->updating && gtk_toggle_button_get_active (button))
    alidade_exploration_set_layer (self->exploration, GPOINTER_TO_INT (g_object_get_data (G_OBJECT (button), "layer")));
}

static void
make_layers (AlidadeMapPane *self)
{
  int n = alidade_exploration_get_n_layers (self->exploration);
  AlbefMethod method = alidade_exploration_get_method (self->exploration);
  gboolean fusion = method == ALBEF_METHOD_ITM_GRADCAM;
  GtkWidget *child, *group = NULL;

  if (n == self->n_layers && method == self->layers_of)
    return;
  while ((child = gtk_widget_get_first_child (self->layers)) != NULL)
    gtk_box_remove (GTK_BOX (self->layers), child);
  for (int layer = 1; layer <= n; layer++)
    {
      g_autofree char *label = g_strdup_printf ("%d", layer);
      g_autofree char *name = g_strdup_printf ("%s layer %d", fusion ? "Fusion" : "Image", layer);
      GtkWidget *button = gtk_toggle_button_new_with_label (label);

      if (group == NULL)
        group = button;
      else
        gtk_toggle_button_set_group (GTK_TOGGLE_BUTTON (button), GTK_TOGGLE_BUTTON (group));
      gtk_widget_add_css_class (button, "numeric");
      if (fusion && layer == n)
        {
          gtk_widget_add_css_class (button, "no-map");
          gtk_widget_set_tooltip_text (button, "Only [CLS] feeds the match here: words have no map in the last layer");
        }
      g_object_set_data (G_OBJECT (button), "layer", GINT_TO_POINTER (layer));
      gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
      g_signal_connect (button, "toggled", G_CALLBACK (layer_cb), self);
      gtk_box_append (GTK_BOX (self->layers), button);
    }
  self->n_layers = n;
  self->layers_of = method;
}

/* All heads on are the mean; the last one that is on stays on. */
static void
head_cb (GtkToggleButton *button, AlidadeMapPane *self)
{
  guint64 heads = 0;

  if (self->updating)
    return;
  for (int head = 0; head < self->n_heads; head++)
    {
      GtkWidget *other = gtk_grid_get_child_at (GTK_GRID (self->heads), head % 6, head / 6);

      if (other == NULL)
        continue;
      if (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (other)))
        heads |= G_GUINT64_CONSTANT (1) << head;
    }
  if (heads == 0)
    {
      self->updating = TRUE;
      gtk_toggle_button_set_active (button, TRUE);
      self->updating = FALSE;
      return;
    }
  alidade_exploration_set_heads (self->exploration, heads);
}

/* Ctrl+click: this head alone; again: all of them. */
static void
head_pressed_cb (GtkGestureClick *click, int n_press, double x, double y, AlidadeMapPane *self)
{
  GtkWidget *button = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (click));
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (click));
  int head = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (button), "head"));
  guint64 alone = G_GUINT64_CONSTANT (1) << head;

  if ((state & GDK_CONTROL_MASK) == 0)
    {
      gtk_gesture_set_state (GTK_GESTURE (click), GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  gtk_gesture_set_state (GTK_GESTURE (click), GTK_EVENT_SEQUENCE_CLAIMED);
  alidade_exploration_set_heads (self->exploration,
                                 alidade_exploration_get_heads (self->exploration) == alone ? 0 : alone);
}

static void
make_heads (AlidadeMapPane *self)
{
  int n = MIN (alidade_exploration_get_n_heads (self->exploration), 64);
  GtkWidget *child;

  if (n == self->n_heads)
    return;
  while ((child = gtk_widget_get_first_child (self->heads)) != NULL)
    gtk_grid_remove (GTK_GRID (self->heads), child);
  for (int head = 0; head < n; head++)
    {
      g_autofree char *name = g_strdup_printf ("Head %d", head + 1);
      g_autofree char *tip = g_strdup_printf ("Head %d (Ctrl+click: this head alone)", head + 1);
      GtkWidget *button = gtk_toggle_button_new ();
      GtkGesture *click = gtk_gesture_click_new ();

      gtk_button_set_child (GTK_BUTTON (button), alidade_map_thumb_new (0));
      gtk_widget_add_css_class (button, "head");
      gtk_widget_set_tooltip_text (button, tip);
      gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
      g_object_set_data (G_OBJECT (button), "head", GINT_TO_POINTER (head));
      gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (click), GTK_PHASE_CAPTURE);
      g_signal_connect (click, "pressed", G_CALLBACK (head_pressed_cb), self);
      gtk_widget_add_controller (button, GTK_EVENT_CONTROLLER (click));
      g_signal_connect (button, "toggled", G_CALLBACK (head_cb), self);
      gtk_grid_attach (GTK_GRID (self->heads), button, head % 6, head / 6, 1, 1);
    }
  self->n_heads = n;
}

/* ---- what is shown -------------------------------------------------------------------------------- */

static void
update_request (AlidadeMapPane *self)
{
  gboolean fusion = alidade_exploration_get_method (self->exploration) == ALBEF_METHOD_ITM_GRADCAM;
  int layer = alidade_exploration_get_layer (self->exploration);
  int n_on = 0;

  self->updating = TRUE;
  make_layers (self);
  make_heads (self);
  gtk_label_set_text (self->layer_title, fusion ? "Fusion layer" : "Image layer");
  if (!fusion)
    gtk_label_set_text (self->layer_note, "one map for all words");
  else if (self->n_layers > 0)
    set_label (self->layer_note, g_strdup_printf ("%d has no word map", self->n_layers));
  for (GtkWidget *button = gtk_widget_get_first_child (self->layers); button != NULL;
       button = gtk_widget_get_next_sibling (button))
    gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (button),
                                  GPOINTER_TO_INT (g_object_get_data (G_OBJECT (button), "layer")) == layer);
  for (int head = 0; head < self->n_heads; head++)
    {
      GtkWidget *button = gtk_grid_get_child_at (GTK_GRID (self->heads), head % 6, head / 6);

      n_on += head_is_on (self, head);
      gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (button), head_is_on (self, head));
    }
  if (self->n_heads == 0)
    gtk_label_set_text (self->heads_note, "");
  else if (n_on == 1)
    gtk_label_set_text (self->heads_note, "one head");
  else
    set_label (self->heads_note, n_on == self->n_heads ? g_strdup_printf ("mean of %d", n_on)
                                                       : g_strdup_printf ("mean of %d of %d", n_on, self->n_heads));
  gtk_drop_down_set_selected (self->method, alidade_exploration_get_method (self->exploration));
  self->updating = FALSE;
}

static void
update_heads (AlidadeMapPane *self)
{
  AlidadeMaps *maps = alidade_exploration_get_maps (self->exploration);
  AlidadeLook *look = alidade_exploration_get_look (self->exploration);
  ViewPyramid *pyramid = alidade_exploration_get_pyramid (self->exploration);
  g_autoptr (GPtrArray) head_maps = g_ptr_array_new_with_free_func (g_free);
  double peak = 0;

  if (!alidade_exploration_get_in_step (self->exploration) && maps != NULL)
    return;
  for (int head = 0; head < self->n_heads; head++)
    {
      float *map
          = maps != NULL && head < maps->n_heads ? alidade_exploration_get_head_map (self->exploration, head) : NULL;

      if (map != NULL)
        peak = MAX (peak, alidade_maps_map_peak (maps, map, NULL, NULL));
      g_ptr_array_add (head_maps, map);
    }
  /* One scale for all heads, so that they can be compared. */
  for (int head = 0; head < self->n_heads; head++)
    {
      GtkWidget *button = gtk_grid_get_child_at (GTK_GRID (self->heads), head % 6, head / 6);
      AlbefOverlay overlay = alidade_look_get_overlay (look, peak);

      alidade_map_thumb_set (ALIDADE_MAP_THUMB (gtk_button_get_child (GTK_BUTTON (button))), pyramid,
                             peak > 0 ? g_ptr_array_index (head_maps, head) : NULL, maps != NULL ? maps->grid_width : 0,
                             maps != NULL ? maps->grid_height : 0, &overlay);
    }
}

static void
update_word (AlidadeMapPane *self)
{
  AlidadeMaps *maps = alidade_exploration_get_maps (self->exploration);
  int first, n;

  update_heads (self);
  if (maps == NULL)
    {
      gtk_label_set_text (self->word, "No map yet");
      gtk_label_set_text (self->place, "");
      gtk_label_set_text (self->strength, "–");
      gtk_label_set_text (self->spread, "–");
      return;
    }
  if (!alidade_exploration_get_in_step (self->exploration))
    return;
  alidade_exploration_get_selected (self->exploration, &first, &n);
  if (first < 0 || !maps->has_word_maps)
    {
      gtk_label_set_text (self->word, "Sentence");
      set_label (self->place, maps->n_words == 1 ? g_strdup ("1 word") : g_strdup_printf ("%d words", maps->n_words));
      gtk_label_set_text (self->strength, "–");
      set_label (self->spread,
                 maps->sentence == NULL
                     ? g_strdup ("–")
                     : g_strdup_printf ("%.0f %% of picture", 100 * alidade_maps_map_spread (maps, maps->sentence)));
      return;
    }
  if (n == 1)
    {
      const AlidadeWord *word = &maps->words[first];

      gtk_label_set_text (self->word, word->text);
      set_label (self->place, g_strdup_printf ("word %d of %d", first + 1, maps->n_words));
      set_label (self->strength, word->map != NULL ? g_strdup_printf ("%.2f", word->strength) : g_strdup ("no map"));
      set_label (self->spread,
                 word->map != NULL ? g_strdup_printf ("%.0f %% of picture", 100 * word->spread) : g_strdup ("–"));
    }
  else
    {
      g_autofree float *map = alidade_maps_get_phrase (maps, first, n);

      set_label (self->word, g_strndup (maps->text + maps->words[first].start,
                                        maps->words[first + n - 1].end - maps->words[first].start));
      set_label (self->place, g_strdup_printf ("phrase %d to %d of %d", first + 1, first + n, maps->n_words));
      set_label (self->strength, map != NULL && maps->peak > 0 ? g_strdup_printf (
                                     "%.2f", alidade_maps_map_peak (maps, map, NULL, NULL) / maps->peak)
                                                               : g_strdup ("no map"));
      set_label (self->spread, map != NULL
                                   ? g_strdup_printf ("%.0f %% of picture", 100 * alidade_maps_map_spread (maps, map))
                                   : g_strdup ("–"));
    }
}

static void
update_look (AlidadeMapPane *self)
{
  AlidadeLook *look = alidade_exploration_get_look (self->exploration);
  AlbefOverlay overlay = alidade_look_get_overlay (look, 1);

  self->updating = TRUE;
  gtk_range_set_value (self->opacity, overlay.opacity);
  gtk_range_set_value (self->threshold, overlay.threshold);
  gtk_drop_down_set_selected (self->colours, overlay.colours);
  set_label (self->opacity_note, g_strdup_printf ("%ld %%", lround (100 * overlay.opacity)));
  set_label (self->threshold_note, g_strdup_printf ("%.2f", overlay.threshold));
  self->updating = FALSE;
  update_heads (self);
}

/* ---- what is changed ------------------------------------------------------------------------------ */

static void
look_cb (AlidadeMapPane *self)
{
  if (self->updating || self->exploration == NULL)
    return;
  g_object_set (alidade_exploration_get_look (self->exploration), "opacity", gtk_range_get_value (self->opacity),
                "threshold", gtk_range_get_value (self->threshold), "colours",
                MIN (gtk_drop_down_get_selected (self->colours), ALBEF_N_COLOURS - 1), NULL);
}

static void
method_cb (AlidadeMapPane *self)
{
  guint selected = gtk_drop_down_get_selected (self->method);

  if (!self->updating && self->exploration != NULL && selected != GTK_INVALID_LIST_POSITION)
    alidade_exploration_set_method (self->exploration, selected);
}

static void
colour_setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *ramp = alidade_colour_ramp_new (ALBEF_COLOURS_VIRIDIS);
  GtkWidget *label = gtk_label_new (NULL);

  gtk_widget_set_size_request (ramp, RAMP_WIDTH, RAMP_HEIGHT);
  gtk_widget_set_valign (ramp, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (row), ramp);
  gtk_box_append (GTK_BOX (row), label);
  gtk_list_item_set_child (item, row);
}

static void
colour_bind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
  GtkWidget *ramp = gtk_widget_get_first_child (gtk_list_item_get_child (item));
  GtkStringObject *name = gtk_list_item_get_item (item);

  gtk_label_set_text (GTK_LABEL (gtk_widget_get_next_sibling (ramp)), gtk_string_object_get_string (name));
  alidade_colour_ramp_set_colours (ALIDADE_COLOUR_RAMP (ramp), gtk_list_item_get_position (item));
  /* In the closed button the position is that of a one-row model: go by name. */
  for (int i = 0; i < ALBEF_N_COLOURS; i++)
    if (g_str_equal (albef_colours_name (i), gtk_string_object_get_string (name)))
      alidade_colour_ramp_set_colours (ALIDADE_COLOUR_RAMP (ramp), i);
}

static void
alidade_map_pane_dispose (GObject *object)
{
  AlidadeMapPane *self = ALIDADE_MAP_PANE (object);

  if (self->exploration != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->exploration, self);
      g_signal_handlers_disconnect_by_data (alidade_exploration_get_look (self->exploration), self);
    }
  g_clear_object (&self->exploration);
  gtk_widget_dispose_template (GTK_WIDGET (self), ALIDADE_TYPE_MAP_PANE);

  G_OBJECT_CLASS (alidade_map_pane_parent_class)->dispose (object);
}

static void
alidade_map_pane_class_init (AlidadeMapPaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_map_pane_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "mappane");
  gtk_widget_class_set_template_from_resource (widget_class, "/org/alidade/ui/map-pane.ui");
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, column);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, word);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, place);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, strength);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, spread);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, layer_title);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, layer_note);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, layers);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, heads_note);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, heads);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, method);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, opacity);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, opacity_note);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, threshold);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, threshold_note);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, colours);
  gtk_widget_class_bind_template_child (widget_class, AlidadeMapPane, export_content);
}

static void
name_inner (GtkWidget *drop_down, const char *name)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_first_child (drop_down)),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void
alidade_map_pane_init (AlidadeMapPane *self)
{
  g_autoptr (GtkStringList) methods = gtk_string_list_new (method_names);
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  self->updating = TRUE;
  gtk_drop_down_set_model (self->method, G_LIST_MODEL (methods));
  for (int i = 0; i < ALBEF_N_COLOURS; i++)
    gtk_string_list_append (names, albef_colours_name (i));
  g_signal_connect (factory, "setup", G_CALLBACK (colour_setup_cb), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (colour_bind_cb), NULL);
  gtk_drop_down_set_factory (self->colours, factory);
  gtk_drop_down_set_model (self->colours, G_LIST_MODEL (names));
  self->updating = FALSE;
  /* The focus goes to buttons inside, which would be read by their class. */
  name_inner (GTK_WIDGET (self->method), "Method");
  name_inner (GTK_WIDGET (self->colours), "Colour map");
  gtk_widget_set_halign (gtk_widget_get_parent (self->export_content), GTK_ALIGN_FILL);
  g_signal_connect_swapped (self->method, "notify::selected", G_CALLBACK (method_cb), self);
  g_signal_connect_swapped (self->colours, "notify::selected", G_CALLBACK (look_cb), self);
  g_signal_connect_swapped (self->opacity, "value-changed", G_CALLBACK (look_cb), self);
  g_signal_connect_swapped (self->threshold, "value-changed", G_CALLBACK (look_cb), self);
}

void
alidade_map_pane_set_exploration (AlidadeMapPane *self, AlidadeExploration *exploration)
{
  g_return_if_fail (ALIDADE_IS_MAP_PANE (self));
  g_return_if_fail (self->exploration == NULL);

  self->exploration = g_object_ref (exploration);
  g_signal_connect_swapped (exploration, "request-changed", G_CALLBACK (update_request), self);
  g_signal_connect_swapped (exploration, "picture-changed", G_CALLBACK (update_heads), self);
  g_signal_connect_swapped (exploration, "selection-changed", G_CALLBACK (update_word), self);
  g_signal_connect_swapped (alidade_exploration_get_look (exploration), "notify", G_CALLBACK (update_look), self);
  update_request (self);
  update_word (self);
  update_look (self);
}
