/* SPDX-License-Identifier: MIT
 * What a hand does to boxes and polygons: pure functions from one valid shape to another that lies inside a picture of
 * width x height. `to` starts empty and stays so where they return FALSE (nothing would be left). `snap`: an edge this
 * near to the picture's goes there; 0: none. */
#pragma once

#include "shape.h"

G_BEGIN_DECLS

typedef struct
{
  double width, height;
  double snap;
} EditPicture;

/* Between two corners in any order; at least a pixel each way (all of it in a smaller picture). */
gboolean edit_box_draw (const EditPicture *picture, double x1, double y1, double x2, double y2, Shape *to);
/* `edges`: AlidadeEdges to a place. An edge that passes the opposite one stops a pixel before it. */
gboolean edit_box_edges (const EditPicture *picture, const Shape *from, guint edges, double x, double y, Shape *to);
/* Any shape, kept whole: it stops at the picture's edge. What was partly outside comes in, what is larger is cut. */
gboolean edit_move (const EditPicture *picture, const Shape *from, double dx, double dy, Shape *to);
void edit_box_to_polygon (const Shape *from, Shape *to);

/* Points are counted over all rings. */
guint polygon_count_points (const Shape *polygon);
/* The ring of a point: its first point and how many it has. */
void polygon_find_ring (const Shape *polygon, guint point, guint *first, guint *n);
guint polygon_next_point (const Shape *polygon, guint point);
gboolean edit_point_move (const EditPicture *picture, const Shape *from, guint point, double x, double y, Shape *to);
/* Behind `point`. */
gboolean edit_point_insert (const EditPicture *picture, const Shape *from, guint point, double x, double y, Shape *to);
gboolean edit_point_remove (const EditPicture *picture, const Shape *from, guint point, Shape *to);
/* A ring of n points (x y) as a polygon, or as a further ring of `from` (a hole; a union of one ring becomes even-odd,
 * of several cannot have one). */
gboolean edit_ring_close (const EditPicture *picture, const Shape *from, const double *points, guint n, Shape *to);

G_END_DECLS
