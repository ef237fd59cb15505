/* SPDX-License-Identifier: MIT
 * Inside of AlidadeCanvas. */
#pragma once

#include "canvas.h"

struct _AlidadeCanvas
{
  GtkWidget parent_instance;

  AlidadeExploration *exploration;
  AlidadeViewport *viewport;

  guint8 *base; /* [base_height][base_width][4] BGRA: the visible part of the picture; NULL: to be made */
  int base_width, base_height;
  graphene_rect_t base_area;                        /* where it lies, CSS pixels */
  double base_left, base_top, base_wide, base_high; /* whole picture in its pixels */
  GdkTexture *texture;                              /* with the map over it; NULL: to be made */

  gboolean bare;
  gboolean point_visible;
  double point_u, point_v;
  double frame_seconds;
  gint64 drawn_for; /* asked_at of the answer last drawn */

  double drag_x, drag_y; /* last offset of a drag, CSS pixels */
  double pinch_zoom;     /* zoom at the start of a pinch */
  double pointer_x, pointer_y;
};

void _alidade_canvas_class_init_zoom (GtkWidgetClass *widget_class);
void _alidade_canvas_init_input (AlidadeCanvas *self);
void _alidade_canvas_point_clicked (AlidadeCanvas *self, double u, double v);
