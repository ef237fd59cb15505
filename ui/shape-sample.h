/* SPDX-License-Identifier: MIT
 * Where a shape is, asked on a grid of places: what drawing, hit tests and figures of polygons and masks have in
 * common. */
#pragma once

#include "map-region.h"
#include "shape.h"

G_BEGIN_DECLS

/* out[row * across + column] = 1 where the shape holds the place (x + (column + 0.5) * step_x, y + (row + 0.5) *
 * step_y), else 0. Steps are positive. Costs about one visit to each sample, run and crossing of an edge. */
void shape_sample (const Shape *shape, double x, double y, double step_x, double step_y, int across, int down,
                   guint8 *out);
gboolean shape_holds (const Shape *shape, double x, double y);

/* Pixels of a mask; area of a box; area of a polygon within `width` x `height`, by samples. */
double shape_covered_area (const Shape *shape, double width, double height);
/* Exact for two boxes, else by 512 samples a side. */
double shape_iou (const Shape *a, const Shape *b);
/* Share of the map's sum inside; the field lies in the shape's frame. */
double shape_energy (const Shape *shape, const MapField *field);
/* Whether the map's peak is inside (of a box: strictly). */
gboolean shape_hit (const Shape *shape, const MapField *field);

G_END_DECLS
