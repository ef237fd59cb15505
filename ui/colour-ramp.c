/* SPDX-License-Identifier: MIT */
#include "colour-ramp.h"

struct _AlidadeColourRamp
{
  GtkWidget parent_instance;

  AlbefColours colours;
};

G_DEFINE_FINAL_TYPE (AlidadeColourRamp, alidade_colour_ramp, GTK_TYPE_WIDGET)

#define N_STOPS 17
#define RADIUS 3

static void
alidade_colour_ramp_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  AlidadeColourRamp *self = ALIDADE_COLOUR_RAMP (widget);
  graphene_rect_t bounds = GRAPHENE_RECT_INIT (0, 0, gtk_widget_get_width (widget), gtk_widget_get_height (widget));
  GskColorStop stops[N_STOPS];
  GskRoundedRect outline;

  for (int i = 0; i < N_STOPS; i++)
    {
      guint8 rgb[3];

      stops[i].offset = i / (N_STOPS - 1.0f);
      albef_colours_lookup (self->colours, stops[i].offset, rgb);
      stops[i].color = (GdkRGBA){ rgb[0] / 255.0f, rgb[1] / 255.0f, rgb[2] / 255.0f, 1 };
    }
  gsk_rounded_rect_init_from_rect (&outline, &bounds, RADIUS);
  gtk_snapshot_push_rounded_clip (snapshot, &outline);
  gtk_snapshot_append_linear_gradient (snapshot, &bounds, &GRAPHENE_POINT_INIT (0, 0),
                                       &GRAPHENE_POINT_INIT (bounds.size.width, 0), stops, N_STOPS);
  gtk_snapshot_pop (snapshot);
}

static void
alidade_colour_ramp_class_init (AlidadeColourRampClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->snapshot = alidade_colour_ramp_snapshot;
  gtk_widget_class_set_css_name (widget_class, "colourramp");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
alidade_colour_ramp_init (AlidadeColourRamp *self)
{
}

GtkWidget *
alidade_colour_ramp_new (AlbefColours colours)
{
  AlidadeColourRamp *self = g_object_new (ALIDADE_TYPE_COLOUR_RAMP, NULL);

  self->colours = colours;
  return GTK_WIDGET (self);
}

void
alidade_colour_ramp_set_colours (AlidadeColourRamp *self, AlbefColours colours)
{
  g_return_if_fail (ALIDADE_IS_COLOUR_RAMP (self));

  if (self->colours == colours)
    return;
  self->colours = colours;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
