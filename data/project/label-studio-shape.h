/* SPDX-License-Identifier: MIT
 * The geometries of Label Studio: the `value` of a result, in percent of a picture of w x h pixels. FALSE where there
 * is no area, or no such geometry. */
#pragma once

#include "format.h"

G_BEGIN_DECLS

/* A box, or a polygon where it is turned: clockwise, about its top-left corner, in pixels. */
gboolean studio_rectangle_parse (const json_t *value, double w, double h, Shape *shape);
/* As a polygon of 64 corners, turned about its centre. */
gboolean studio_ellipse_parse (const json_t *value, double w, double h, Shape *shape);
/* One ring onto `shape`. */
gboolean studio_ring_add (const json_t *value, double w, double h, Shape *shape);
gboolean studio_brush_parse (const json_t *value, double w, double h, Shape *shape);

G_END_DECLS
