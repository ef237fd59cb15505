/* SPDX-License-Identifier: MIT */
#include "chip-area.h"

struct _AlidadeChipArea
{
  GtkWidget parent_instance;

  GtkWidget *scroller;
  GtkWidget *row; /* AlidadeWordRow */
  gboolean single;
};

G_DEFINE_FINAL_TYPE (AlidadeChipArea, alidade_chip_area, GTK_TYPE_WIDGET)

#define MOST_HEIGHT 118 /* three rows of 34 and their gaps, and a little of the next */
#define LEAST_WIDTH 120

static GtkSizeRequestMode
alidade_chip_area_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

/* GtkScrolledWindow asks its child for a height without a width: the row is asked here instead. */
static void
alidade_chip_area_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                           int *minimum_baseline, int *natural_baseline)
{
  AlidadeChipArea *self = ALIDADE_CHIP_AREA (widget);
  int row_minimum, row_natural;

  gtk_widget_measure (self->row, orientation, orientation == GTK_ORIENTATION_VERTICAL ? for_size : -1, &row_minimum,
                      &row_natural, NULL, NULL);
  if (orientation == GTK_ORIENTATION_VERTICAL)
    *minimum = *natural = MIN (row_natural, MOST_HEIGHT);
  else
    {
      *minimum = self->single ? MIN (row_minimum, LEAST_WIDTH) : row_minimum;
      *natural = MAX (row_natural, *minimum);
    }
}

static void
alidade_chip_area_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  GtkWidget *scroller = ALIDADE_CHIP_AREA (widget)->scroller;

  /* GTK wants every widget measured before it is given its place. */
  gtk_widget_measure (scroller, GTK_ORIENTATION_HORIZONTAL, -1, NULL, NULL, NULL, NULL);
  gtk_widget_size_allocate (scroller, &(GtkAllocation){ 0, 0, width, height }, -1);
}

static void
alidade_chip_area_dispose (GObject *object)
{
  g_clear_pointer (&ALIDADE_CHIP_AREA (object)->scroller, gtk_widget_unparent);

  G_OBJECT_CLASS (alidade_chip_area_parent_class)->dispose (object);
}

static void
alidade_chip_area_class_init (AlidadeChipAreaClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_chip_area_dispose;
  widget_class->get_request_mode = alidade_chip_area_get_request_mode;
  widget_class->measure = alidade_chip_area_measure;
  widget_class->size_allocate = alidade_chip_area_size_allocate;
}

static void
alidade_chip_area_init (AlidadeChipArea *self)
{
  self->row = g_object_new (ALIDADE_TYPE_WORD_ROW, NULL);
  self->scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scroller), self->row);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->scroller), GTK_ACCESSIBLE_PROPERTY_LABEL, "Words", -1);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (self->scroller), 0);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (self->scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_widget_set_parent (self->scroller, GTK_WIDGET (self));
  g_object_bind_property (self->row, "visible", self, "visible", G_BINDING_SYNC_CREATE);
}

AlidadeWordRow *
alidade_chip_area_get_row (AlidadeChipArea *self)
{
  return ALIDADE_WORD_ROW (self->row);
}

void
alidade_chip_area_set_single (AlidadeChipArea *self, gboolean single)
{
  g_return_if_fail (ALIDADE_IS_CHIP_AREA (self));

  if (self->single == single)
    return;
  self->single = single;
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (self->scroller), single ? GTK_POLICY_EXTERNAL : GTK_POLICY_NEVER,
                                  single ? GTK_POLICY_NEVER : GTK_POLICY_AUTOMATIC);
  alidade_word_row_set_single (ALIDADE_WORD_ROW (self->row), single);
}
