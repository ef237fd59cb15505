/* SPDX-License-Identifier: MIT */
#include "meter.h"

struct _AlidadeMeter
{
  GtkWidget parent_instance;

  double value;
};

G_DEFINE_FINAL_TYPE (AlidadeMeter, alidade_meter, GTK_TYPE_WIDGET)

#define THICKNESS 3

static void
append_bar (GtkSnapshot *snapshot, float width, float height, const GdkRGBA *colour)
{
  GskRoundedRect bar;

  gsk_rounded_rect_init_from_rect (&bar, &GRAPHENE_RECT_INIT (0, 0, width, height), height / 2);
  gtk_snapshot_push_rounded_clip (snapshot, &bar);
  gtk_snapshot_append_color (snapshot, colour, &bar.bounds);
  gtk_snapshot_pop (snapshot);
}

static void
alidade_meter_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  AlidadeMeter *self = ALIDADE_METER (widget);
  float width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  GdkRGBA colour, faint;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &colour);
  faint = colour;
  faint.alpha *= 0.22f;
  append_bar (snapshot, width, height, &faint);
  if (self->value > 0)
    append_bar (snapshot, MAX (width * self->value, height), height, &colour);
}

static void
alidade_meter_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                       int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_VERTICAL ? THICKNESS : 8;
}

static void
alidade_meter_class_init (AlidadeMeterClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->snapshot = alidade_meter_snapshot;
  widget_class->measure = alidade_meter_measure;
  gtk_widget_class_set_css_name (widget_class, "meterbar");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
alidade_meter_init (AlidadeMeter *self)
{
}

GtkWidget *
alidade_meter_new (void)
{
  return g_object_new (ALIDADE_TYPE_METER, NULL);
}

void
alidade_meter_set_value (AlidadeMeter *self, double value)
{
  g_return_if_fail (ALIDADE_IS_METER (self));

  value = CLAMP (value, 0, 1);
  if (self->value == value)
    return;
  self->value = value;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
