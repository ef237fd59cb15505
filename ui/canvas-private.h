/* SPDX-License-Identifier: MIT
 * Inside of AlidadeCanvas. */
#pragma once

#include "canvas.h"
#include "picture-layer.h"

struct _AlidadeCanvas
{
  GtkWidget parent_instance;

  AlidadeExploration *exploration;
  AlidadeViewport *viewport;

  PictureLayer layer;

  gboolean bare;
  gboolean point_visible;
  double point_u, point_v;
  double frame_seconds;
  gint64 drawn_for; /* asked_at of the answer last drawn */

  double drag_x, drag_y; /* last offset of a drag, CSS pixels */
};

void _alidade_canvas_class_init_zoom (GtkWidgetClass *widget_class);
void _alidade_canvas_init_input (AlidadeCanvas *self);
void _alidade_canvas_point_clicked (AlidadeCanvas *self, double u, double v);
