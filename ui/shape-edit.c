/* SPDX-License-Identifier: MIT */
#include "shape-edit.h"

#include "mask-paint.h"
#include "region-edit.h"

#include <math.h>
#include <string.h>

/* Inside, and onto the edge when near to it. */
static double
place (double value, double length, double snap)
{
  if (value <= snap)
    return 0;
  if (value >= length - snap)
    return length;
  return value;
}

/* Boxes ------------------------------------------------------------------------------------------------------------ */

/* Two edges along one axis, ordered, inside, at least a pixel apart where the picture has room. */
static void
span (double a, double b, double length, double snap, double *from, double *to)
{
  double least = MIN (1, length);

  *from = place (MIN (a, b), length, snap);
  *to = place (MAX (a, b), length, snap);
  if (*to - *from < least)
    {
      *from = CLAMP (*from, 0, length - least);
      *to = *from + least;
    }
}

gboolean
edit_box_draw (const EditPicture *picture, double x1, double y1, double x2, double y2, Shape *to)
{
  double box[4];

  span (x1, x2, picture->width, picture->snap, &box[0], &box[2]);
  span (y1, y2, picture->height, picture->snap, &box[1], &box[3]);
  return shape_set_box (to, box[0], box[1], box[2], box[3]);
}

/* One pair of edges; an untouched edge keeps its number unless it lies outside. */
static void
move_pair (gboolean first, gboolean second, double at, double length, double snap, double *from, double *to)
{
  double least = MIN (1, length);

  *from = CLAMP (*from, 0, length);
  *to = CLAMP (*to, 0, length);
  if (first)
    *from = MIN (place (at, length, snap), *to - least);
  else if (second)
    *to = MAX (place (at, length, snap), *from + least);
  if (*to - *from < least)
    {
      *from = CLAMP (*from, 0, length - least);
      *to = *from + least;
    }
  /* The edge that stays may lie within a pixel of the picture's. */
  *from = MAX (*from, 0);
  *to = MIN (*to, length);
}

gboolean
edit_box_edges (const EditPicture *picture, const Shape *from, guint edges, double x, double y, Shape *to)
{
  double box[4] = { from->box[0], from->box[1], from->box[2], from->box[3] };

  if (from->kind != SHAPE_BOX)
    return FALSE;
  move_pair (edges & ALIDADE_EDGE_LEFT, edges & ALIDADE_EDGE_RIGHT, x, picture->width, picture->snap, &box[0], &box[2]);
  move_pair (edges & ALIDADE_EDGE_TOP, edges & ALIDADE_EDGE_BOTTOM, y, picture->height, picture->snap, &box[1],
             &box[3]);
  return box[0] < box[2] && box[1] < box[3] && shape_set_box (to, box[0], box[1], box[2], box[3]);
}

void
edit_box_to_polygon (const Shape *from, Shape *to)
{
  const double *b = from->box;

  shape_add_point (to, b[0], b[1]);
  shape_add_point (to, b[2], b[1]);
  shape_add_point (to, b[2], b[3]);
  shape_add_point (to, b[0], b[3]);
  shape_end_ring (to);
  shape_finish_polygon (to, SHAPE_EVENODD);
}

/* Moving ----------------------------------------------------------------------------------------------------------- */

/* How far a span may go and stay inside; one longer than the picture is laid along its edge. */
static double
allowed (double by, double from, double to, double length, double snap)
{
  double least = -from, most = length - to;

  if (least > most)
    return CLAMP (by, most, least);
  by = CLAMP (by, least, most);
  if (by < 0 && by - least <= snap)
    return least;
  if (by > 0 && most - by <= snap)
    return most;
  return by;
}

static gboolean
move_points (const EditPicture *picture, const Shape *from, double dx, double dy, Shape *to)
{
  shape_copy (from, to);
  for (guint i = 0; i + 1 < to->points->len; i += 2)
    {
      double *point = &g_array_index (to->points, double, i);

      point[0] = CLAMP (point[0] + dx, 0, picture->width);
      point[1] = CLAMP (point[1] + dy, 0, picture->height);
    }
  return shape_finish_polygon (to, to->fill);
}

gboolean
edit_move (const EditPicture *picture, const Shape *from, double dx, double dy, Shape *to)
{
  const double *box = from->box;
  gboolean moved;

  dx = allowed (dx, box[0], box[2], picture->width, picture->snap);
  dy = allowed (dy, box[1], box[3], picture->height, picture->snap);
  if (from->kind == SHAPE_MASK)
    return mask_shift (from, (gint64) round (dx), (gint64) round (dy), to);
  if (from->kind == SHAPE_POLYGON)
    moved = move_points (picture, from, dx, dy, to);
  else
    {
      double x1 = MAX (box[0] + dx, 0), y1 = MAX (box[1] + dy, 0);
      double x2 = MIN (box[2] + dx, picture->width), y2 = MIN (box[3] + dy, picture->height);

      moved = x1 < x2 && y1 < y2 && shape_set_box (to, x1, y1, x2, y2);
    }
  if (!moved)
    shape_clear (to);
  return moved;
}

/* Points ----------------------------------------------------------------------------------------------------------- */

guint
polygon_count_points (const Shape *polygon)
{
  return polygon->kind == SHAPE_POLYGON ? polygon->points->len / 2 : 0;
}

static guint
ring_of (const Shape *polygon, guint point, guint *first)
{
  guint at = 0;

  for (guint i = 0; i < polygon->rings->len; i++)
    {
      guint n = g_array_index (polygon->rings, guint32, i);

      if (point < at + n)
        {
          *first = at;
          return i;
        }
      at += n;
    }
  g_assert_not_reached ();
}

void
polygon_find_ring (const Shape *polygon, guint point, guint *first, guint *n)
{
  *n = g_array_index (polygon->rings, guint32, ring_of (polygon, point, first));
}

guint
polygon_next_point (const Shape *polygon, guint point)
{
  guint first, n;

  polygon_find_ring (polygon, point, &first, &n);
  return first + (point - first + 1) % n;
}

/* The shape if it is one still, else nothing. */
static gboolean
finish (Shape *to)
{
  if (shape_finish_polygon (to, to->fill))
    return TRUE;
  shape_clear (to);
  return FALSE;
}

gboolean
edit_point_move (const EditPicture *picture, const Shape *from, guint point, double x, double y, Shape *to)
{
  if (point >= polygon_count_points (from))
    return FALSE;
  /* The other points come inside as well: the whole shape is to lie there. */
  if (!move_points (picture, from, 0, 0, to))
    {
      shape_clear (to);
      shape_copy (from, to);
    }
  g_array_index (to->points, double, 2 * point) = place (x, picture->width, picture->snap);
  g_array_index (to->points, double, 2 * point + 1) = place (y, picture->height, picture->snap);
  return finish (to);
}

gboolean
edit_point_insert (const EditPicture *picture, const Shape *from, guint point, double x, double y, Shape *to)
{
  const double xy[2] = { CLAMP (x, 0, picture->width), CLAMP (y, 0, picture->height) };
  guint first, ring;

  if (point >= polygon_count_points (from) || !move_points (picture, from, 0, 0, to))
    {
      shape_clear (to);
      return FALSE;
    }
  ring = ring_of (from, point, &first);
  g_array_insert_vals (to->points, 2 * (point + 1), xy, 2);
  g_array_index (to->rings, guint32, ring)++;
  to->n_ended++;
  return finish (to);
}

gboolean
edit_point_remove (const EditPicture *picture, const Shape *from, guint point, Shape *to)
{
  guint first, ring, n;

  if (point >= polygon_count_points (from))
    return FALSE;
  ring = ring_of (from, point, &first);
  n = g_array_index (from->rings, guint32, ring);
  if (n <= 3 && from->rings->len == 1)
    return FALSE;
  if (!move_points (picture, from, 0, 0, to))
    {
      shape_clear (to);
      return FALSE;
    }
  if (n <= 3)
    {
      g_array_remove_range (to->points, 2 * first, 2 * n);
      g_array_remove_index (to->rings, ring);
      to->n_ended -= n;
    }
  else
    {
      g_array_remove_range (to->points, 2 * point, 2);
      g_array_index (to->rings, guint32, ring)--;
      to->n_ended--;
    }
  return finish (to);
}

gboolean
edit_ring_close (const EditPicture *picture, const Shape *from, const double *points, guint n, Shape *to)
{
  if (n < 3)
    return FALSE;
  if (from != NULL)
    {
      if (from->kind != SHAPE_POLYGON || (from->fill == SHAPE_UNION && from->rings->len > 1))
        return FALSE;
      shape_copy (from, to);
    }
  to->fill = SHAPE_EVENODD;
  for (guint i = 0; i < n; i++)
    shape_add_point (to, CLAMP (points[2 * i], 0, picture->width), CLAMP (points[2 * i + 1], 0, picture->height));
  shape_end_ring (to);
  return finish (to);
}
