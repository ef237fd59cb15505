/* SPDX-License-Identifier: MIT */
#include "word-strip.h"

#include "strip-item.h"

struct _AlidadeWordStrip
{
  GtkWidget parent_instance;

  GtkWidget *row;
  GtkWidget *scroller;
  GtkWidget *items;
  GtkWidget *divider;
  GtkWidget *message;
  GtkWidget *fold;

  AlidadeExploration *exploration;
  GPtrArray *children; /* AlidadeStripItem, borrowed: the sentence, then the words */
  int side;
  gboolean folded;
};

G_DEFINE_FINAL_TYPE (AlidadeWordStrip, alidade_word_strip, GTK_TYPE_WIDGET)

enum
{
  PROP_0,
  PROP_FOLDED,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

#define DEFAULT_SIDE 64
#define GAP 9
#define LABEL_HEIGHT 40 /* of the words below, with the paddings */

static AlidadeStripItem *
get_item (AlidadeWordStrip *self, guint index)
{
  GtkWidget *item;

  if (index < self->children->len)
    return g_ptr_array_index (self->children, index);
  item = alidade_strip_item_new (self->exploration, (int) index - 1, self->side);
  gtk_box_append (GTK_BOX (self->items), item);
  g_ptr_array_add (self->children, item);
  if (index == 0)
    {
      self->divider = gtk_separator_new (GTK_ORIENTATION_VERTICAL);
      gtk_widget_add_css_class (self->divider, "strip-divider");
      gtk_box_append (GTK_BOX (self->items), self->divider);
    }
  return ALIDADE_STRIP_ITEM (item);
}

static void
update_selection (AlidadeWordStrip *self)
{
  if (!alidade_exploration_get_in_step (self->exploration))
    return;
  for (guint i = 0; i < self->children->len; i++)
    {
      AlidadeStripItem *item = g_ptr_array_index (self->children, i);
      int word = (int) i - 1;
      gboolean selected = alidade_exploration_is_selected (self->exploration, word);

      alidade_strip_item_set_state (item, selected, alidade_exploration_is_pinned (self->exploration, word));
      if (selected && gtk_widget_get_mapped (GTK_WIDGET (item)))
        {
          GtkAdjustment *adjustment = gtk_scrolled_window_get_hadjustment (GTK_SCROLLED_WINDOW (self->scroller));
          double x;

          if (gtk_widget_translate_coordinates (GTK_WIDGET (item), self->items, 0, 0, &x, NULL))
            gtk_adjustment_clamp_page (adjustment, x, x + gtk_widget_get_width (GTK_WIDGET (item)));
        }
    }
}

/* What stands beside the thumbnails, or in their place. */
static const char *
say (AlidadeWordStrip *self)
{
  const AlidadeMaps *maps = alidade_exploration_get_maps (self->exploration);

  if (self->folded)
    return "Word maps";
  if (maps != NULL && !maps->has_word_maps && maps->n_words > 0)
    return "No maps of single words here";
  if (alidade_exploration_get_pyramid (self->exploration) != NULL
      && alidade_exploration_get_text (self->exploration)[0] == '\0')
    return "Type a sentence: each of its words gets a map here";
  return "";
}

static void
update (AlidadeWordStrip *self)
{
  AlidadeMaps *maps = alidade_exploration_get_maps (self->exploration);
  AlidadeLook *look = alidade_exploration_get_look (self->exploration);
  ViewPyramid *pyramid = alidade_exploration_get_pyramid (self->exploration);
  guint wanted = maps == NULL || pyramid == NULL ? 0 : maps->has_word_maps ? maps->n_words + 1 : 1;

  if (!alidade_exploration_get_in_step (self->exploration) && maps != NULL)
    return; /* the old strip stays until the new maps are there */
  for (guint i = 0; i < wanted && !self->folded; i++)
    {
      AlidadeStripItem *item = get_item (self, i);
      const AlidadeWord *word = i > 0 ? &maps->words[i - 1] : NULL;
      AlbefOverlay overlay = alidade_look_get_overlay (look, word != NULL ? maps->peak : maps->sentence_peak);

      alidade_strip_item_set_word (item, word);
      alidade_map_thumb_set (alidade_strip_item_get_thumb (item), pyramid, word != NULL ? word->map : maps->sentence,
                             maps->grid_width, maps->grid_height, &overlay);
    }
  while (self->children->len > wanted)
    {
      gtk_box_remove (GTK_BOX (self->items), g_ptr_array_index (self->children, self->children->len - 1));
      g_ptr_array_set_size (self->children, self->children->len - 1);
    }
  if (self->divider != NULL)
    gtk_widget_set_visible (self->divider, wanted > 1);
  if (wanted == 0 && self->divider != NULL)
    {
      gtk_box_remove (GTK_BOX (self->items), self->divider);
      self->divider = NULL;
    }
  gtk_label_set_text (GTK_LABEL (self->message), say (self));
  gtk_widget_set_visible (self->message, gtk_label_get_text (GTK_LABEL (self->message))[0] != '\0');
  update_selection (self);
}

static void
update_fold (AlidadeWordStrip *self)
{
  const char *label = self->folded ? "Show word maps" : "Fold word maps";

  gtk_widget_set_visible (self->scroller, !self->folded);
  /* As high without thumbnails, so that the canvas does not jump when they come. */
  gtk_widget_set_size_request (self->row, -1, self->folded ? -1 : self->side + LABEL_HEIGHT);
  gtk_button_set_icon_name (GTK_BUTTON (self->fold), self->folded ? "pan-up-symbolic" : "pan-down-symbolic");
  gtk_widget_set_tooltip_text (self->fold, label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->fold), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  if (self->folded)
    gtk_widget_add_css_class (GTK_WIDGET (self), "folded");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "folded");
}

static void
fold_cb (GtkButton *button, AlidadeWordStrip *self)
{
  alidade_word_strip_set_folded (self, !self->folded);
}

static void
alidade_word_strip_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  if (prop_id == PROP_FOLDED)
    g_value_set_boolean (value, ALIDADE_WORD_STRIP (object)->folded);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
alidade_word_strip_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  if (prop_id == PROP_FOLDED)
    alidade_word_strip_set_folded (ALIDADE_WORD_STRIP (object), g_value_get_boolean (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
alidade_word_strip_dispose (GObject *object)
{
  AlidadeWordStrip *self = ALIDADE_WORD_STRIP (object);

  if (self->exploration != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->exploration, self);
      g_signal_handlers_disconnect_by_data (alidade_exploration_get_look (self->exploration), self);
    }
  g_clear_object (&self->exploration);
  g_clear_pointer (&self->row, gtk_widget_unparent);
  g_clear_pointer (&self->children, g_ptr_array_unref);

  G_OBJECT_CLASS (alidade_word_strip_parent_class)->dispose (object);
}

static void
alidade_word_strip_class_init (AlidadeWordStripClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = alidade_word_strip_dispose;
  object_class->get_property = alidade_word_strip_get_property;
  object_class->set_property = alidade_word_strip_set_property;
  properties[PROP_FOLDED] = g_param_spec_boolean ("folded", NULL, NULL, FALSE,
                                                  G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "wordstrip");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
alidade_word_strip_init (AlidadeWordStrip *self)
{
  self->side = DEFAULT_SIDE;
  self->children = g_ptr_array_new ();
  self->row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  self->items = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, GAP);
  self->scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (self->scroller), GTK_POLICY_AUTOMATIC, GTK_POLICY_NEVER);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scroller), self->items);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->scroller), GTK_ACCESSIBLE_PROPERTY_LABEL, "Word maps", -1);
  gtk_scrolled_window_set_propagate_natural_width (GTK_SCROLLED_WINDOW (self->scroller), TRUE);
  self->message = gtk_label_new (NULL);
  gtk_label_set_ellipsize (GTK_LABEL (self->message), PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (GTK_LABEL (self->message), 0);
  gtk_widget_add_css_class (self->message, "secondary");
  self->fold = gtk_button_new_from_icon_name ("pan-down-symbolic");
  gtk_widget_add_css_class (self->fold, "flat");
  gtk_widget_set_valign (self->fold, GTK_ALIGN_START);
  gtk_widget_set_halign (self->fold, GTK_ALIGN_END);
  gtk_widget_set_hexpand (self->fold, TRUE);
  g_signal_connect (self->fold, "clicked", G_CALLBACK (fold_cb), self);
  gtk_box_append (GTK_BOX (self->row), self->scroller);
  gtk_box_append (GTK_BOX (self->row), self->message);
  gtk_box_append (GTK_BOX (self->row), self->fold);
  gtk_widget_set_parent (self->row, GTK_WIDGET (self));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, "Word maps", -1);
  update_fold (self);
}

void
alidade_word_strip_set_exploration (AlidadeWordStrip *self, AlidadeExploration *exploration)
{
  g_return_if_fail (ALIDADE_IS_WORD_STRIP (self));
  g_return_if_fail (self->exploration == NULL);

  self->exploration = g_object_ref (exploration);
  g_signal_connect_swapped (exploration, "maps-changed", G_CALLBACK (update), self);
  g_signal_connect_swapped (exploration, "picture-changed", G_CALLBACK (update), self);
  g_signal_connect_swapped (exploration, "selection-changed", G_CALLBACK (update_selection), self);
  g_signal_connect_swapped (alidade_exploration_get_look (exploration), "notify", G_CALLBACK (update), self);
  update (self);
}

void
alidade_word_strip_set_folded (AlidadeWordStrip *self, gboolean folded)
{
  g_return_if_fail (ALIDADE_IS_WORD_STRIP (self));

  if (self->folded == folded)
    return;
  self->folded = folded;
  update_fold (self);
  if (self->exploration != NULL)
    update (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FOLDED]);
}

gboolean
alidade_word_strip_get_folded (AlidadeWordStrip *self)
{
  return self->folded;
}

void
alidade_word_strip_set_side (AlidadeWordStrip *self, int side)
{
  g_return_if_fail (ALIDADE_IS_WORD_STRIP (self));

  self->side = side;
  update_fold (self);
  for (guint i = 0; i < self->children->len; i++)
    alidade_map_thumb_set_side (alidade_strip_item_get_thumb (g_ptr_array_index (self->children, i)), side);
}
