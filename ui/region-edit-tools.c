/* SPDX-License-Identifier: MIT */
#include "region-edit-private.h"

#include "mask-paint.h"

#include <math.h>

#define DROPPED_SHARE 0.2 /* side of a dropped box, of the picture's shorter side */
#define ASIDE 0.02        /* how far a double lies aside, likewise */

/* The selected region's new shape, if it came to be one. */
static gboolean
give_selected (AlidadeRegionEdit *self, gboolean made, Shape *shape)
{
  if (made)
    _region_edit_replace (self, shape);
  return made;
}

/* What this gesture draws: a new region at first, then the same again. */
static gboolean
give_drawn (AlidadeRegionEdit *self, gboolean made, Shape *shape)
{
  if (!made)
    return FALSE;
  if (self->drawn != 0 && self->drawn == self->now.selected && _region_edit_selected (self) != NULL)
    _region_edit_replace (self, shape);
  else
    _region_edit_append (self, shape);
  return TRUE;
}

/* Boxes ------------------------------------------------------------------------------------------------------------ */

gboolean
alidade_region_edit_draw_box (AlidadeRegionEdit *self, double x1, double y1, double x2, double y2)
{
  gboolean opened = _region_edit_enter (self, "Box drawn");
  EditPicture picture = _region_edit_picture (self, TRUE);
  g_auto (Shape) shape = { 0 };

  return _region_edit_leave (self, opened, give_drawn (self, edit_box_draw (&picture, x1, y1, x2, y2, &shape), &shape));
}

gboolean
alidade_region_edit_move_edges (AlidadeRegionEdit *self, AlidadeEdges edges, double x, double y)
{
  gboolean opened = _region_edit_enter (self, "Box resized");
  const EditItem *before = _region_edit_selected_before (self);
  EditPicture picture = _region_edit_picture (self, TRUE);
  g_auto (Shape) shape = { 0 };

  return _region_edit_leave (
      self, opened,
      before != NULL && give_selected (self, edit_box_edges (&picture, &before->shape, edges, x, y, &shape), &shape));
}

gboolean
alidade_region_edit_drop_box (AlidadeRegionEdit *self, double x, double y)
{
  double width = self->width, height = self->height, side = MAX (round (DROPPED_SHARE * MIN (width, height)), 1);
  double left, top;

  if (self->has_map)
    {
      x = self->map.peak_x;
      y = self->map.peak_y;
    }
  left = CLAMP (round (x - side / 2), 0, width - MIN (side, width));
  top = CLAMP (round (y - side / 2), 0, height - MIN (side, height));
  alidade_region_edit_end (self);
  return alidade_region_edit_draw_box (self, left, top, left + side, top + side);
}

gboolean
alidade_region_edit_move (AlidadeRegionEdit *self, double dx, double dy)
{
  gboolean opened = _region_edit_enter (self, "Region moved");
  const EditItem *before = _region_edit_selected_before (self);
  EditPicture picture = _region_edit_picture (self, TRUE);
  g_auto (Shape) shape = { 0 };

  return _region_edit_leave (
      self, opened,
      before != NULL && give_selected (self, edit_move (&picture, &before->shape, dx, dy, &shape), &shape));
}

gboolean
alidade_region_edit_nudge (AlidadeRegionEdit *self, double dx, double dy)
{
  gboolean opened = _region_edit_enter (self, self->point >= 0 ? "Point moved" : "Region moved");
  const EditItem *item = _region_edit_selected (self);
  EditPicture picture = _region_edit_picture (self, FALSE);
  g_auto (Shape) shape = { 0 };
  gboolean made = FALSE;

  if (item != NULL && self->point >= 0)
    {
      const double *at = &g_array_index (item->shape.points, double, 2 * self->point);

      made = edit_point_move (&picture, &item->shape, self->point, at[0] + dx, at[1] + dy, &shape);
    }
  else if (item != NULL)
    made = edit_move (&picture, &item->shape, dx, dy, &shape);
  return _region_edit_leave (self, opened, give_selected (self, made, &shape));
}

gboolean
alidade_region_edit_nudge_edge (AlidadeRegionEdit *self, AlidadeEdges edge, double by)
{
  gboolean opened = _region_edit_enter (self, "Box resized");
  const EditItem *item = _region_edit_selected (self);
  EditPicture picture = _region_edit_picture (self, FALSE);
  g_auto (Shape) shape = { 0 };
  gboolean made = FALSE;

  if (item != NULL)
    {
      const double *box = item->shape.box;

      made = edit_box_edges (&picture, &item->shape, edge, box[edge == ALIDADE_EDGE_RIGHT ? 2 : 0] + by,
                             box[edge == ALIDADE_EDGE_BOTTOM ? 3 : 1] + by, &shape);
    }
  return _region_edit_leave (self, opened, give_selected (self, made, &shape));
}

/* Polygons --------------------------------------------------------------------------------------------------------- */

gboolean
alidade_region_edit_move_point (AlidadeRegionEdit *self, double x, double y)
{
  gboolean opened = _region_edit_enter (self, "Point moved");
  const EditItem *item = _region_edit_selected (self);
  EditPicture picture = _region_edit_picture (self, TRUE);
  g_auto (Shape) shape = { 0 };

  return _region_edit_leave (
      self, opened,
      item != NULL && self->point >= 0
          && give_selected (self, edit_point_move (&picture, &item->shape, self->point, x, y, &shape), &shape));
}

gboolean
alidade_region_edit_insert_point (AlidadeRegionEdit *self, int point, double x, double y)
{
  gboolean opened = _region_edit_enter (self, "Point added");
  const EditItem *item = _region_edit_selected (self);
  EditPicture picture = _region_edit_picture (self, FALSE);
  g_auto (Shape) shape = { 0 };
  gboolean made
      = item != NULL && point >= 0
        && give_selected (self, edit_point_insert (&picture, &item->shape, (guint) point, x, y, &shape), &shape);

  if (made)
    self->point = point + 1;
  return _region_edit_leave (self, opened, made);
}

gboolean
alidade_region_edit_remove_point (AlidadeRegionEdit *self)
{
  gboolean opened = _region_edit_enter (self, "Point removed");
  const EditItem *item = _region_edit_selected (self);
  EditPicture picture = _region_edit_picture (self, FALSE);
  g_auto (Shape) shape = { 0 };
  gboolean made
      = item != NULL && self->point >= 0
        && give_selected (self, edit_point_remove (&picture, &item->shape, (guint) self->point, &shape), &shape);

  if (made && self->point > 0)
    self->point--;
  return _region_edit_leave (self, opened, made);
}

gboolean
alidade_region_edit_to_polygon (AlidadeRegionEdit *self)
{
  gboolean opened = _region_edit_enter (self, "Box made a polygon");
  const EditItem *item = _region_edit_selected (self);
  EditPicture picture = _region_edit_picture (self, FALSE);
  g_auto (Shape) inside = { 0 };
  g_auto (Shape) shape = { 0 };
  gboolean made = item != NULL && item->shape.kind == SHAPE_BOX && edit_move (&picture, &item->shape, 0, 0, &inside);

  if (made)
    edit_box_to_polygon (&inside, &shape);
  return _region_edit_leave (self, opened, give_selected (self, made, &shape));
}

void
alidade_region_edit_draft_add (AlidadeRegionEdit *self, double x, double y)
{
  const double xy[2] = { CLAMP (x, 0, self->width), CLAMP (y, 0, self->height) };

  alidade_region_edit_end (self);
  g_array_append_vals (self->draft, xy, 2);
  _region_edit_changed (self);
}

gboolean
alidade_region_edit_draft_undo (AlidadeRegionEdit *self)
{
  if (self->draft->len == 0)
    return FALSE;
  g_array_set_size (self->draft, self->draft->len - 2);
  _region_edit_changed (self);
  return TRUE;
}

void
alidade_region_edit_draft_drop (AlidadeRegionEdit *self)
{
  if (self->draft->len == 0)
    return;
  g_array_set_size (self->draft, 0);
  _region_edit_changed (self);
}

gboolean
alidade_region_edit_draft_close (AlidadeRegionEdit *self, gboolean as_hole)
{
  gboolean opened = _region_edit_enter (self, as_hole ? "Hole cut" : "Polygon drawn");
  const EditItem *item = as_hole ? _region_edit_selected (self) : NULL;
  EditPicture picture = _region_edit_picture (self, FALSE);
  g_auto (Shape) shape = { 0 };
  gboolean made = (!as_hole || item != NULL)
                  && edit_ring_close (&picture, item != NULL ? &item->shape : NULL,
                                      (const double *) (void *) self->draft->data, self->draft->len / 2, &shape);

  if (made)
    g_array_set_size (self->draft, 0);
  return _region_edit_leave (self, opened,
                             as_hole ? give_selected (self, made, &shape) : give_drawn (self, made, &shape));
}

const double *
alidade_region_edit_get_draft (AlidadeRegionEdit *self, guint *n_points)
{
  *n_points = self->draft->len / 2;
  return self->draft->len > 0 ? (const double *) (void *) self->draft->data : NULL;
}

/* Masks ------------------------------------------------------------------------------------------------------------ */

static gboolean
add_paint (AlidadeRegionEdit *self, const double line[4], double radius)
{
  const EditItem *item = _region_edit_selected (self);
  gboolean on = item != NULL && item->shape.kind == SHAPE_MASK;
  g_auto (Shape) shape = { 0 };
  gboolean made = mask_paint (on ? &item->shape : NULL, self->width, self->height, line[0], line[1], line[2], line[3],
                              radius, FALSE, &shape);

  return on ? give_selected (self, made, &shape) : give_drawn (self, made, &shape);
}

static gboolean
take_paint (AlidadeRegionEdit *self, const double line[4], double radius)
{
  const EditItem *item = _region_edit_selected (self);
  g_auto (Shape) mask = { 0 };
  g_auto (Shape) shape = { 0 };

  if (item == NULL || !mask_from_shape (&item->shape, self->width, self->height, &mask))
    return FALSE;
  if (mask_paint (&mask, self->width, self->height, line[0], line[1], line[2], line[3], radius, TRUE, &shape))
    _region_edit_replace (self, &shape);
  else
    _region_edit_drop (self, item->serial); /* nothing is left of it */
  return TRUE;
}

gboolean
alidade_region_edit_paint (AlidadeRegionEdit *self, double x1, double y1, double x2, double y2, double radius,
                           gboolean erase)
{
  gboolean opened = _region_edit_enter (self, erase ? "Erased" : "Painted");
  const double line[4] = { x1, y1, x2, y2 };

  return _region_edit_leave (self, opened, erase ? take_paint (self, line, radius) : add_paint (self, line, radius));
}

static gboolean
change_mask (AlidadeRegionEdit *self, const char *what, gboolean (*change) (const Shape *from, Shape *to))
{
  gboolean opened = _region_edit_enter (self, what);
  const EditItem *item = _region_edit_selected (self);
  g_auto (Shape) shape = { 0 };

  return _region_edit_leave (self, opened,
                             item != NULL && item->shape.kind == SHAPE_MASK
                                 && give_selected (self, change (&item->shape, &shape), &shape));
}

gboolean
alidade_region_edit_fill (AlidadeRegionEdit *self)
{
  alidade_region_edit_end (self);
  return change_mask (self, "Holes filled", mask_fill_holes);
}

gboolean
alidade_region_edit_smooth (AlidadeRegionEdit *self)
{
  alidade_region_edit_end (self);
  return change_mask (self, "Smoothed", mask_smooth);
}

gboolean
alidade_region_edit_mask_from_map (AlidadeRegionEdit *self, double threshold, guint part)
{
  gboolean opened = _region_edit_enter (self, "Mask from the map");
  g_auto (Shape) shape = { 0 };
  gboolean made
      = self->has_map && mask_from_field (&self->map, threshold, part, self->width, self->height, &shape);

  return _region_edit_leave (self, opened, give_drawn (self, made, &shape));
}

/* All shapes ------------------------------------------------------------------------------------------------------- */

gboolean
alidade_region_edit_add (AlidadeRegionEdit *self, const Shape *from)
{
  gboolean opened, made;
  EditPicture picture = _region_edit_picture (self, FALSE);
  g_auto (Shape) shape = { 0 };

  alidade_region_edit_end (self);
  opened = _region_edit_enter (self, "Region added");
  /* A mask of another picture's size has no place here. */
  made = (from->kind != SHAPE_MASK || (from->width == self->width && from->height == self->height))
         && edit_move (&picture, from, 0, 0, &shape);
  if (made)
    _region_edit_append (self, &shape);
  return _region_edit_leave (self, opened, made);
}

gboolean
alidade_region_edit_remove (AlidadeRegionEdit *self)
{
  gboolean opened;

  alidade_region_edit_end (self);
  if (_region_edit_selected (self) == NULL)
    return FALSE;
  opened = _region_edit_enter (self, "Region removed");
  _region_edit_drop (self, self->now.selected);
  return _region_edit_leave (self, opened, TRUE);
}

gboolean
alidade_region_edit_duplicate (AlidadeRegionEdit *self)
{
  const EditItem *item;
  gboolean opened, made;
  EditPicture picture = _region_edit_picture (self, FALSE);
  double aside = MAX (round (ASIDE * MIN (self->width, self->height)), 1);
  g_auto (Shape) shape = { 0 };

  alidade_region_edit_end (self);
  item = _region_edit_selected (self);
  opened = _region_edit_enter (self, "Region doubled");
  made = item != NULL && edit_move (&picture, &item->shape, aside, aside, &shape);
  if (made)
    _region_edit_append (self, &shape);
  return _region_edit_leave (self, opened, made);
}
