/* SPDX-License-Identifier: MIT */
#include "shape-sample.h"

#include <math.h>
#include <string.h>

#define SIDE 512 /* samples of a figure */

typedef struct
{
  double x, y, step_x, step_y;
  int across, down;
} Grid;

/* The first sample at or behind a place along one axis, 0..n. */
static int
first_at (double place, double origin, double step, int n)
{
  return (int) CLAMP (ceil ((place - origin) / step - 0.5), 0, n);
}

/* Boxes ------------------------------------------------------------------------------------------------------------ */

static void
sample_box (const double box[4], const Grid *grid, guint8 *out)
{
  int left = first_at (box[0], grid->x, grid->step_x, grid->across);
  int right = first_at (box[2], grid->x, grid->step_x, grid->across);
  int top = first_at (box[1], grid->y, grid->step_y, grid->down);
  int bottom = first_at (box[3], grid->y, grid->step_y, grid->down);

  for (int row = top; row < bottom; row++)
    if (left < right)
      memset (out + (gsize) row * grid->across + left, 1, right - left);
}

/* Polygons --------------------------------------------------------------------------------------------------------- */

/* Changes inside and outside from where an edge crosses each row to the right. */
static void
cross_rows (const Grid *grid, const double a[2], const double b[2], guint8 *out)
{
  double top = MIN (a[1], b[1]), bottom = MAX (a[1], b[1]);
  int last = first_at (bottom, grid->y, grid->step_y, grid->down);

  for (int row = first_at (top, grid->y, grid->step_y, grid->down); row < last; row++)
    {
      double y = grid->y + (row + 0.5) * grid->step_y;
      int column = first_at (a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1]), grid->x, grid->step_x, grid->across);

      if (column < grid->across)
        out[(gsize) row * grid->across + column] ^= 1;
    }
}

static void
fill_crossed (const Grid *grid, guint8 *out)
{
  for (int row = 0; row < grid->down; row++)
    {
      guint8 *line = out + (gsize) row * grid->across;

      for (int i = 1; i < grid->across; i++)
        line[i] ^= line[i - 1];
    }
}

static void
cross_ring (const Grid *grid, const double *points, guint n, guint8 *out)
{
  for (guint i = 0; i < n; i++)
    {
      const double *a = points + 2 * (gsize) i, *b = points + 2 * (gsize) ((i + 1) % n);

      if (a[1] != b[1])
        cross_rows (grid, a, b, out);
    }
}

static void
sample_polygon (const Shape *shape, const Grid *grid, guint8 *out)
{
  gsize samples = (gsize) grid->across * grid->down;
  g_autofree guint8 *one = shape->fill == SHAPE_UNION && shape->rings->len > 1 ? g_malloc (samples) : NULL;
  guint at = 0;

  for (guint i = 0; i < shape->rings->len; i++)
    {
      guint n = g_array_index (shape->rings, guint32, i);
      const double *points = &g_array_index (shape->points, double, 2 * (gsize) at);

      if (one != NULL)
        {
          memset (one, 0, samples);
          cross_ring (grid, points, n, one);
          fill_crossed (grid, one);
          for (gsize s = 0; s < samples; s++)
            out[s] |= one[s];
        }
      else
        cross_ring (grid, points, n, out);
      at += n;
    }
  if (one == NULL)
    fill_crossed (grid, out);
}

/* Masks ------------------------------------------------------------------------------------------------------------ */

/* Samples of one column within pixels top .. bottom - 1. */
static void
set_down (const Grid *grid, int column, double top, double bottom, guint8 *out)
{
  int last = first_at (bottom, grid->y, grid->step_y, grid->down);

  for (int row = first_at (top, grid->y, grid->step_y, grid->down); row < last; row++)
    out[(gsize) row * grid->across + column] = 1;
}

/* Columns of samples and runs both go from left to right: one pass over either. */
static void
sample_mask (const Shape *shape, const Grid *grid, guint8 *out)
{
  guint64 height = shape->height, at = 0; /* where run i begins */
  guint i = 0;

  for (int column = 0; column < grid->across; column++)
    {
      double x = floor (grid->x + (column + 0.5) * grid->step_x);
      guint64 begin, end, run_at;

      if (x < 0 || x >= shape->width)
        continue;
      begin = (guint64) x * height;
      end = begin + height;
      while (i < shape->runs->len && at + g_array_index (shape->runs, guint32, i) <= begin)
        at += g_array_index (shape->runs, guint32, i++);
      run_at = at;
      for (guint j = i; j < shape->runs->len && run_at < end; j++)
        {
          guint64 run_end = run_at + g_array_index (shape->runs, guint32, j);

          if (j % 2 == 1)
            set_down (grid, column, (double) (MAX (run_at, begin) - begin), (double) (MIN (run_end, end) - begin), out);
          run_at = run_end;
        }
    }
}

void
shape_sample (const Shape *shape, double x, double y, double step_x, double step_y, int across, int down, guint8 *out)
{
  const Grid grid = { x, y, step_x, step_y, across, down };

  memset (out, 0, (gsize) across * down);
  if (shape->kind == SHAPE_BOX)
    sample_box (shape->box, &grid, out);
  else if (shape->kind == SHAPE_POLYGON)
    sample_polygon (shape, &grid, out);
  else
    sample_mask (shape, &grid, out);
}

gboolean
shape_holds (const Shape *shape, double x, double y)
{
  guint8 held = 0;

  if (x < shape->box[0] || y < shape->box[1] || x > shape->box[2] || y > shape->box[3])
    return FALSE;
  shape_sample (shape, x - 0.5, y - 0.5, 1, 1, 1, 1, &held);
  return held != 0;
}

/* Figures ---------------------------------------------------------------------------------------------------------- */

static double
box_area (const double box[4])
{
  return (box[2] - box[0]) * (box[3] - box[1]);
}

static int
side_of (double length)
{
  return (int) CLAMP (ceil (length), 1, SIDE);
}

double
shape_covered_area (const Shape *shape, double width, double height)
{
  double area = 0;

  if (shape->kind == SHAPE_MASK)
    {
      for (guint i = 1; i < shape->runs->len; i += 2)
        area += g_array_index (shape->runs, guint32, i);
    }
  else
    {
      double box[4] = { MAX (shape->box[0], 0), MAX (shape->box[1], 0), MIN (shape->box[2], width),
                        MIN (shape->box[3], height) };
      g_autofree guint8 *held = NULL;
      gsize n = 0;

      if (!(box[0] < box[2] && box[1] < box[3]))
        return 0;
      area = box_area (box);
      if (shape->kind == SHAPE_BOX)
        return area;
      held = g_malloc (SIDE * SIDE);
      shape_sample (shape, box[0], box[1], (box[2] - box[0]) / SIDE, (box[3] - box[1]) / SIDE, SIDE, SIDE, held);
      for (int i = 0; i < SIDE * SIDE; i++)
        n += held[i];
      area *= n / (double) (SIDE * SIDE);
    }
  return area;
}

double
shape_iou (const Shape *a, const Shape *b)
{
  double x1 = MIN (a->box[0], b->box[0]), y1 = MIN (a->box[1], b->box[1]);
  double x2 = MAX (a->box[2], b->box[2]), y2 = MAX (a->box[3], b->box[3]);
  int across = side_of (x2 - x1), down = side_of (y2 - y1);
  g_autofree guint8 *in_a = NULL, *in_b = NULL;
  gsize both = 0, either = 0;

  if (a->kind == SHAPE_BOX && b->kind == SHAPE_BOX)
    return box_iou (a->box, b->box);
  if (MAX (a->box[0], b->box[0]) >= MIN (a->box[2], b->box[2])
      || MAX (a->box[1], b->box[1]) >= MIN (a->box[3], b->box[3]))
    return 0;
  in_a = g_malloc ((gsize) across * down);
  in_b = g_malloc ((gsize) across * down);
  shape_sample (a, x1, y1, (x2 - x1) / across, (y2 - y1) / down, across, down, in_a);
  shape_sample (b, x1, y1, (x2 - x1) / across, (y2 - y1) / down, across, down, in_b);
  for (gsize i = 0; i < (gsize) across * down; i++)
    {
      both += in_a[i] & in_b[i];
      either += in_a[i] | in_b[i];
    }
  return either > 0 ? both / (double) either : 0;
}

double
shape_energy (const Shape *shape, const MapField *field)
{
  int times = MAX (1, SIDE / MAX (field->width, field->height)); /* samples of a cell, each way */
  int across = field->width * times, down = field->height * times;
  g_autofree guint8 *held = NULL;
  double energy, inside = 0;

  if (shape->kind == SHAPE_BOX)
    {
      map_box_score (field, shape->box, &energy);
      return energy;
    }
  held = g_malloc ((gsize) across * down);
  shape_sample (shape, 0, 0, field->across / across, field->down / down, across, down, held);
  for (int row = 0; row < down; row++)
    {
      const float *values = field->values + (gsize) (row / times) * field->width;
      const guint8 *line = held + (gsize) row * across;

      for (int column = 0; column < across; column++)
        if (line[column])
          inside += values[column / times];
    }
  return field->sum > 0 ? MIN (inside / (times * times) / field->sum, 1) : 0;
}

gboolean
shape_hit (const Shape *shape, const MapField *field)
{
  return shape->kind == SHAPE_BOX ? map_peak_inside (field, shape->box)
                                  : shape_holds (shape, field->peak_x, field->peak_y);
}
