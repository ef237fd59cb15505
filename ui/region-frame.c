/* SPDX-License-Identifier: MIT */
#include "region-frame.h"

#include "region-edit.h"

#include <math.h>

gboolean
region_frame_is_swapped (const RegionFrame *frame)
{
  return frame->orientation >= 5;
}

gboolean
region_frame_set (RegionFrame *frame, AlidadeViewport *viewport, double stored_width, double stored_height,
                  int orientation)
{
  double width, height;

  frame->width = stored_width;
  frame->height = stored_height;
  frame->orientation = CLAMP (orientation, 1, 8);
  if (!alidade_viewport_get_picture_rect (viewport, &frame->left, &frame->top, &width, &height))
    return FALSE;
  frame->scale_x = width / (region_frame_is_swapped (frame) ? stored_height : stored_width);
  frame->scale_y = height / (region_frame_is_swapped (frame) ? stored_width : stored_height);
  return TRUE;
}

void
region_frame_to_view (const RegionFrame *frame, double x, double y, double *view_x, double *view_y)
{
  shape_turn_point (frame->orientation, TRUE, frame->width, frame->height, &x, &y);
  *view_x = frame->left + x * frame->scale_x;
  *view_y = frame->top + y * frame->scale_y;
}

void
region_frame_to_stored (const RegionFrame *frame, double view_x, double view_y, double *x, double *y)
{
  *x = (view_x - frame->left) / frame->scale_x;
  *y = (view_y - frame->top) / frame->scale_y;
  shape_turn_point (frame->orientation, FALSE, frame->width, frame->height, x, y);
}

void
region_frame_turn_shift (const RegionFrame *frame, double across, double down, double *dx, double *dy)
{
  *dx = across;
  *dy = down;
  /* In a frame without size turning is linear. */
  shape_turn_point (frame->orientation, FALSE, 0, 0, dx, dy);
}

guint
region_frame_turn_edge (const RegionFrame *frame, guint edge)
{
  double across = edge == ALIDADE_EDGE_LEFT ? -1 : edge == ALIDADE_EDGE_RIGHT ? 1 : 0;
  double down = edge == ALIDADE_EDGE_TOP ? -1 : edge == ALIDADE_EDGE_BOTTOM ? 1 : 0;
  double dx, dy;

  region_frame_turn_shift (frame, across, down, &dx, &dy);
  return dx < 0 ? ALIDADE_EDGE_LEFT : dx > 0 ? ALIDADE_EDGE_RIGHT : dy < 0 ? ALIDADE_EDGE_TOP : ALIDADE_EDGE_BOTTOM;
}

void
region_frame_box_to_view (const RegionFrame *frame, const double box[4], double rect[4])
{
  double x1, y1, x2, y2;

  region_frame_to_view (frame, box[0], box[1], &x1, &y1);
  region_frame_to_view (frame, box[2], box[3], &x2, &y2);
  rect[0] = MIN (x1, x2);
  rect[1] = MIN (y1, y2);
  rect[2] = fabs (x2 - x1);
  rect[3] = fabs (y2 - y1);
}

double
region_frame_scale (const RegionFrame *frame)
{
  return sqrt (frame->scale_x * frame->scale_y);
}
