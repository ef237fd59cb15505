/* SPDX-License-Identifier: MIT */
#include "wrap-layout.h"

struct _AlidadeWrapLayout
{
  GtkLayoutManager parent_instance;

  int column_gap, row_gap;
  gboolean single;
};

G_DEFINE_FINAL_TYPE (AlidadeWrapLayout, alidade_wrap_layout, GTK_TYPE_LAYOUT_MANAGER)

/* Flows the visible children into `width`; allocates them if asked to. Returns the height. */
static int
flow (AlidadeWrapLayout *self, GtkWidget *widget, int width, gboolean allocate)
{
  gboolean rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  int x = 0, y = 0, row = 0;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      int minimum, natural, height;

      if (!gtk_widget_should_layout (child))
        continue;
      gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, &natural, NULL, NULL);
      natural = MAX (minimum, MIN (natural, width));
      gtk_widget_measure (child, GTK_ORIENTATION_VERTICAL, natural, NULL, &height, NULL, NULL);
      if (x > 0 && x + natural > width && !self->single)
        {
          x = 0;
          y += row + self->row_gap;
          row = 0;
        }
      if (allocate)
        gtk_widget_size_allocate (child, &(GtkAllocation){ rtl ? width - x - natural : x, y, natural, height }, -1);
      x += natural + self->column_gap;
      row = MAX (row, height);
    }
  return y + row;
}

static GtkSizeRequestMode
alidade_wrap_layout_get_request_mode (GtkLayoutManager *layout, GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
alidade_wrap_layout_measure (GtkLayoutManager *layout, GtkWidget *widget, GtkOrientation orientation, int for_size,
                             int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  AlidadeWrapLayout *self = ALIDADE_WRAP_LAYOUT (layout);
  int widest = 0, sum = 0;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      int child_minimum, child_natural;

      if (!gtk_widget_should_layout (child))
        continue;
      gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &child_minimum, &child_natural, NULL, NULL);
      widest = MAX (widest, child_minimum);
      sum += child_natural + (sum > 0 ? self->column_gap : 0);
    }
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = self->single ? MAX (sum, widest) : widest;
      *natural = MAX (sum, widest);
    }
  else
    *minimum = *natural = flow (self, widget, for_size < 0 ? MAX (sum, widest) : for_size, FALSE);
}

static void
alidade_wrap_layout_allocate (GtkLayoutManager *layout, GtkWidget *widget, int width, int height, int baseline)
{
  flow (ALIDADE_WRAP_LAYOUT (layout), widget, width, TRUE);
}

static void
alidade_wrap_layout_class_init (AlidadeWrapLayoutClass *klass)
{
  GtkLayoutManagerClass *layout_class = GTK_LAYOUT_MANAGER_CLASS (klass);

  layout_class->get_request_mode = alidade_wrap_layout_get_request_mode;
  layout_class->measure = alidade_wrap_layout_measure;
  layout_class->allocate = alidade_wrap_layout_allocate;
}

static void
alidade_wrap_layout_init (AlidadeWrapLayout *self)
{
}

GtkLayoutManager *
alidade_wrap_layout_new (int column_gap, int row_gap)
{
  AlidadeWrapLayout *self = g_object_new (ALIDADE_TYPE_WRAP_LAYOUT, NULL);

  self->column_gap = column_gap;
  self->row_gap = row_gap;
  return GTK_LAYOUT_MANAGER (self);
}

void
alidade_wrap_layout_set_single (AlidadeWrapLayout *self, gboolean single)
{
  g_return_if_fail (ALIDADE_IS_WRAP_LAYOUT (self));

  if (self->single == single)
    return;
  self->single = single;
  gtk_layout_manager_layout_changed (GTK_LAYOUT_MANAGER (self));
}
