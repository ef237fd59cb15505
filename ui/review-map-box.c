/* SPDX-License-Identifier: MIT */
#include "review-map-box.h"

#include "colour-ramp.h"

#include <math.h>

struct _AlidadeReviewMapBox
{
  GtkWidget parent_instance;

  AlidadeEngineService *engine;
  AlidadeLook *look;
  GtkWidget *eye, *menu;
  GtkLabel *text;
  AlidadeColourRamp *ramp;
  GtkDropDown *choice;
  GtkLabel *compare;
  GArray *requests; /* AlbefMapsRequest, as in the list; the first is the usual one */
};

G_DEFINE_FINAL_TYPE (AlidadeReviewMapBox, alidade_review_map_box, GTK_TYPE_WIDGET)

enum
{
  CHOICE_CHANGED,
  SHOWN_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
look_cb (AlidadeReviewMapBox *self)
{
  AlbefOverlay overlay = alidade_look_get_overlay (self->look, 1);
  guint at = gtk_drop_down_get_selected (self->choice);
  const AlbefMapsRequest *request = at < self->requests->len ? &g_array_index (self->requests, AlbefMapsRequest, at) : NULL;
  g_autofree char *name = at == 0 || request == NULL                       ? g_strdup ("Map")
                          : request->method == ALBEF_METHOD_ITC_GRADCAM    ? g_strdup_printf ("Image layer %d", request->layer)
                                                                           : g_strdup_printf ("Layer %d", request->layer);
  g_autofree char *text = g_strdup_printf ("%s %ld %%", name, lround (100 * overlay.opacity));

  gtk_label_set_text (self->text, text);
  alidade_colour_ramp_set_colours (self->ramp, alidade_look_get_colours (self->look));
}

static void
eye_cb (AlidadeReviewMapBox *self)
{
  gboolean shown = alidade_review_map_box_get_shown (self);

  gtk_button_set_icon_name (GTK_BUTTON (self->eye), shown ? "view-reveal-symbolic" : "view-conceal-symbolic");
  g_signal_emit (self, signals[SHOWN_CHANGED], 0);
}

static void
choice_cb (AlidadeReviewMapBox *self)
{
  look_cb (self);
  g_signal_emit (self, signals[CHOICE_CHANGED], 0);
}

static void
add_choice (AlidadeReviewMapBox *self, GtkStringList *titles, AlbefMethod method, int layer, const char *title)
{
  const AlbefMapsRequest request = { .method = method, .layer = layer };

  g_array_append_val (self->requests, request);
  gtk_string_list_append (titles, title);
}

/* What the model in use has. */
static void
model_cb (AlidadeReviewMapBox *self)
{
  g_autoptr (GtkStringList) titles = gtk_string_list_new (NULL);
  AlbefModelInfo info;

  g_array_set_size (self->requests, 0);
  add_choice (self, titles, ALBEF_METHOD_ITM_GRADCAM, 0, "As for proposals");
  if (alidade_engine_service_get_model_info (self->engine, &info))
    {
      for (int i = 1; i < info.fusion_layers; i++)
        {
          g_autofree char *title = g_strdup_printf ("Fusion layer %d%s", i, i == info.grounding_layer ? " (grounding)" : "");

          add_choice (self, titles, ALBEF_METHOD_ITM_GRADCAM, i, title);
        }
      for (int i = MAX (1, info.vision_layers - 2); i <= info.vision_layers; i++)
        {
          g_autofree char *title = g_strdup_printf ("Image encoder, layer %d", i);

          add_choice (self, titles, ALBEF_METHOD_ITC_GRADCAM, i, title);
        }
    }
  gtk_drop_down_set_model (self->choice, G_LIST_MODEL (titles));
  gtk_drop_down_set_selected (self->choice, 0);
  look_cb (self);
}

gboolean
alidade_review_map_box_get_shown (AlidadeReviewMapBox *self)
{
  return gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->eye));
}

gboolean
alidade_review_map_box_get_request (AlidadeReviewMapBox *self, AlbefMapsRequest *request)
{
  guint at = gtk_drop_down_get_selected (self->choice);

  if (at == 0 || at >= self->requests->len)
    return FALSE;
  *request = g_array_index (self->requests, AlbefMapsRequest, at);
  return TRUE;
}

void
alidade_review_map_box_step (AlidadeReviewMapBox *self)
{
  if (self->requests->len > 0)
    gtk_drop_down_set_selected (self->choice, (gtk_drop_down_get_selected (self->choice) + 1) % self->requests->len);
}

void
alidade_review_map_box_set_key (AlidadeReviewMapBox *self, const char *label)
{
  g_autofree char *text = g_strdup_printf ("Compare (%s)", label);

  gtk_label_set_text (self->compare, *label != '\0' ? text : "Compare");
}

static GtkWidget *
popover_new (AlidadeReviewMapBox *self)
{
  GtkWidget *popover = gtk_popover_new (), *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6), *opacity = gtk_label_new ("Opacity");
  GtkWidget *scale = gtk_scale_new_with_range (GTK_ORIENTATION_HORIZONTAL, 0, 1, 0.05);

  gtk_widget_set_size_request (box, 220, -1);
  gtk_widget_set_margin_top (box, 6);
  gtk_widget_set_margin_bottom (box, 6);
  gtk_widget_set_margin_start (box, 6);
  gtk_widget_set_margin_end (box, 6);
  gtk_label_set_xalign (GTK_LABEL (opacity), 0);
  self->compare = GTK_LABEL (gtk_label_new ("Compare"));
  gtk_label_set_xalign (self->compare, 0);
  g_object_bind_property (self->look, "opacity", gtk_range_get_adjustment (GTK_RANGE (scale)), "value",
                          G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (scale), GTK_ACCESSIBLE_PROPERTY_LABEL, "Opacity of the map", -1);
  self->choice = GTK_DROP_DOWN (gtk_drop_down_new (NULL, NULL));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->choice), GTK_ACCESSIBLE_PROPERTY_LABEL, "Which map", -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_first_child (GTK_WIDGET (self->choice))), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  "Which map", -1);
  gtk_box_append (GTK_BOX (box), opacity);
  gtk_box_append (GTK_BOX (box), scale);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->compare));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->choice));
  gtk_popover_set_child (GTK_POPOVER (popover), box);
  return popover;
}

static void
alidade_review_map_box_dispose (GObject *object)
{
  AlidadeReviewMapBox *self = ALIDADE_REVIEW_MAP_BOX (object);
  GtkWidget *child;

  if (self->choice != NULL)
    g_signal_handlers_disconnect_by_data (self->choice, self);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  self->choice = NULL;
  g_clear_object (&self->engine);
  g_clear_object (&self->look);
  g_clear_pointer (&self->requests, g_array_unref);
  G_OBJECT_CLASS (alidade_review_map_box_parent_class)->dispose (object);
}

static void
alidade_review_map_box_class_init (AlidadeReviewMapBoxClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_review_map_box_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "mapbox");
  signals[CHOICE_CHANGED] = g_signal_new ("choice-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SHOWN_CHANGED] = g_signal_new ("shown-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
alidade_review_map_box_init (AlidadeReviewMapBox *self)
{
  self->requests = g_array_new (FALSE, FALSE, sizeof (AlbefMapsRequest));
  gtk_widget_add_css_class (GTK_WIDGET (self), "osd");
  gtk_widget_add_css_class (GTK_WIDGET (self), "osd-box");
}

GtkWidget *
alidade_review_map_box_new (AlidadeEngineService *engine, AlidadeLook *look)
{
  AlidadeReviewMapBox *self = g_object_new (ALIDADE_TYPE_REVIEW_MAP_BOX, NULL);
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);

  self->engine = g_object_ref (engine);
  self->look = g_object_ref (look);
  self->eye = gtk_toggle_button_new ();
  gtk_button_set_icon_name (GTK_BUTTON (self->eye), "view-reveal-symbolic");
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->eye), TRUE);
  gtk_widget_set_focus_on_click (self->eye, FALSE);
  gtk_widget_add_css_class (self->eye, "flat");
  gtk_widget_add_css_class (self->eye, "eye");
  gtk_widget_set_tooltip_text (self->eye, "Show the map");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->eye), GTK_ACCESSIBLE_PROPERTY_LABEL, "Show the map", -1);
  self->text = GTK_LABEL (gtk_label_new (""));
  gtk_widget_add_css_class (GTK_WIDGET (self->text), "numeric");
  self->ramp = ALIDADE_COLOUR_RAMP (alidade_colour_ramp_new (alidade_look_get_colours (look)));
  gtk_widget_set_valign (GTK_WIDGET (self->ramp), GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (row), GTK_WIDGET (self->text));
  gtk_box_append (GTK_BOX (row), GTK_WIDGET (self->ramp));
  self->menu = gtk_menu_button_new ();
  gtk_menu_button_set_child (GTK_MENU_BUTTON (self->menu), row);
  gtk_menu_button_set_popover (GTK_MENU_BUTTON (self->menu), popover_new (self));
  gtk_widget_add_css_class (self->menu, "flat");
  gtk_widget_set_focus_on_click (self->menu, FALSE);
  gtk_widget_set_tooltip_text (self->menu, "Opacity of the map, and which one it is");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->menu), GTK_ACCESSIBLE_PROPERTY_LABEL, "Map", -1);
  gtk_widget_set_parent (self->eye, GTK_WIDGET (self));
  gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
  g_signal_connect_swapped (self->eye, "toggled", G_CALLBACK (eye_cb), self);
  g_signal_connect_swapped (self->choice, "notify::selected", G_CALLBACK (choice_cb), self);
  g_signal_connect_object (look, "notify", G_CALLBACK (look_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (engine, "model-changed", G_CALLBACK (model_cb), self, G_CONNECT_SWAPPED);
  model_cb (self);
  return GTK_WIDGET (self);
}
