/* SPDX-License-Identifier: MIT
 * RegionFrame: from stored pixels to places of the view and back, through the picture's orientation and the viewport.
 * A plain value; made anew when either changes. */
#pragma once

#include "shape.h"
#include "viewport.h"

G_BEGIN_DECLS

typedef struct
{
  double width, height; /* stored */
  int orientation;
  double left, top;     /* of the picture in the view, CSS pixels */
  double scale_x, scale_y; /* CSS pixels to an upright pixel */
} RegionFrame;

/* FALSE without a picture. */
gboolean region_frame_set (RegionFrame *frame, AlidadeViewport *viewport, double stored_width, double stored_height,
                           int orientation);
void region_frame_to_view (const RegionFrame *frame, double x, double y, double *view_x, double *view_y);
void region_frame_to_stored (const RegionFrame *frame, double view_x, double view_y, double *x, double *y);
/* A shift on the upright picture as one on the stored grid. */
void region_frame_turn_shift (const RegionFrame *frame, double across, double down, double *dx, double *dy);
/* The edge of a stored box (AlidadeEdges) that lies on this side of the upright one. */
guint region_frame_turn_edge (const RegionFrame *frame, guint edge);
/* x y width height in the view. */
void region_frame_box_to_view (const RegionFrame *frame, const double box[4], double rect[4]);
/* CSS pixels to a stored pixel, about. */
double region_frame_scale (const RegionFrame *frame);
gboolean region_frame_is_swapped (const RegionFrame *frame);

G_END_DECLS
