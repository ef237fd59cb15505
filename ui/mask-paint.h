/* SPDX-License-Identifier: MIT
 * What a hand does to masks: pure functions on run lengths, so that a stroke costs what it and the mask's outline are
 * long, whatever the picture's size. `to` starts empty and stays so where they return FALSE: no pixel would be left, or
 * the mask is too large. */
#pragma once

#include "map-region.h"
#include "shape.h"

G_BEGIN_DECLS

/* `from` (NULL: nothing yet) with, or without, the pixels whose centres lie within `radius` of the line from x1, y1 to
 * x2, y2; at least the pixel under either end. */
gboolean mask_paint (const Shape *from, guint32 width, guint32 height, double x1, double y1, double x2, double y2,
                     double radius, gboolean erase, Shape *to);
/* Moved by whole pixels; what leaves the picture is lost. */
gboolean mask_shift (const Shape *from, gint64 dx, gint64 dy, Shape *to);
/* Any shape as the pixels whose centres it holds. */
gboolean mask_from_shape (const Shape *from, guint32 width, guint32 height, Shape *to);
/* Every part of the background that does not reach the edge of the mask's box becomes mask. */
gboolean mask_fill_holes (const Shape *from, Shape *to);
/* Each pixel by the majority around it, as wide as a hundredth of the mask's box (1 to 8 pixels each way). */
gboolean mask_smooth (const Shape *from, Shape *to);
/* Pixels of a width x height picture where the field, read between its cells, is at least `threshold` (0..1) of its
 * peak, in the part around the n-th highest summit (from 0, going round) of those that are apart at half the peak. */
gboolean mask_from_field (const MapField *field, double threshold, guint part, guint32 width, guint32 height,
                          Shape *to);

G_END_DECLS
