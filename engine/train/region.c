/* SPDX-License-Identifier: MIT */
#include "region.h"

#include <stdlib.h>

#define SAMPLES 128 /* a side, of a region's bounding box */

const Affine affine_identity = { { 1, 0, 0, 0, 1, 0 } };

Affine
affine_then (Affine first, Affine second)
{
  const double *a = first.m, *b = second.m;

  return (Affine){ { b[0] * a[0] + b[1] * a[3], b[0] * a[1] + b[1] * a[4], b[0] * a[2] + b[1] * a[5] + b[2],
                     b[3] * a[0] + b[4] * a[3], b[3] * a[1] + b[4] * a[4], b[3] * a[2] + b[4] * a[5] + b[5] } };
}

Affine
affine_inverse (Affine affine)
{
  const double *m = affine.m;
  double d = m[0] * m[4] - m[1] * m[3];
  double a = m[4] / d, b = -m[1] / d, c = -m[3] / d, e = m[0] / d;

  return (Affine){ { a, b, -a * m[2] - b * m[5], c, e, -c * m[2] - e * m[5] } };
}

static void
move (const Affine *affine, double *x, double *y)
{
  const double *m = affine->m;
  double moved = m[0] * *x + m[1] * *y + m[2];

  *y = m[3] * *x + m[4] * *y + m[5];
  *x = moved;
}

static bool
on_canvas (const Motion *motion, double x, double y)
{
  return x >= 0 && y >= 0 && x < motion->width && y < motion->height;
}

bool
motion_forward (const Motion *motion, double *x, double *y)
{
  for (int s = 0; s < motion->n_steps; s++)
    {
      move (&motion->steps[s], x, y);
      if (!on_canvas (motion, *x, *y))
        return false;
    }
  return true;
}

bool
motion_back (const Motion *motion, double *x, double *y)
{
  for (int s = motion->n_steps - 1; s >= 0; s--)
    {
      Affine back;

      if (!on_canvas (motion, *x, *y))
        return false;
      back = affine_inverse (motion->steps[s]);
      move (&back, x, y);
    }
  return true;
}

void
region_clear (Region *region)
{
  free (region->points);
  free (region->ring_ends);
  free (region->run_ends);
  *region = (Region){ 0 };
}

/* Even-odd along a ray to the right; an edge holds its upper end, not its lower one. */
static bool
ring_holds (const double *points, int start, int end, double x, double y)
{
  bool inside = false;

  for (int i = start, k = end - 1; i < end; k = i++)
    {
      const double *a = points + 2 * i, *b = points + 2 * k;

      if ((a[1] > y) != (b[1] > y) && x < a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1]))
        inside = !inside;
    }
  return inside;
}

static bool
rings_hold (const Region *region, double x, double y)
{
  bool inside = false;

  for (int r = 0; r < region->n_rings; r++)
    {
      bool in_ring = ring_holds (region->points, r > 0 ? region->ring_ends[r - 1] : 0, region->ring_ends[r], x, y);

      inside = region->unite ? inside || in_ring : inside != in_ring;
    }
  return inside;
}

static bool
runs_hold (const Region *region, double x, double y)
{
  uint32_t at;
  int low = 0, high = region->n_runs;

  if (!(x >= 0 && y >= 0 && x < region->mask_width && y < region->mask_height))
    return false;
  at = (uint32_t) x * (uint32_t) region->mask_height + (uint32_t) y;
  while (low < high) /* the first run that ends behind it */
    {
      int middle = (low + high) / 2;

      if (region->run_ends[middle] > at)
        high = middle;
      else
        low = middle + 1;
    }
  return low < region->n_runs && low % 2 == 1;
}

bool
region_holds (const Region *region, double x, double y)
{
  switch (region->kind)
    {
    case REGION_POLYGON:
      return rings_hold (region, x, y);
    case REGION_MASK:
      return runs_hold (region, x, y);
    default:
      return x >= region->box[0] && x < region->box[2] && y >= region->box[1] && y < region->box[3];
    }
}

/* Counts sample points of the region and those left on the canvas, and adds up where these lie. */
static void
sample (const Region *region, const Motion *motion, int *all, int *left, double middle[2])
{
  const double *b = region->box;

  *all = *left = 0;
  middle[0] = middle[1] = 0;
  for (int j = 0; j < SAMPLES; j++)
    for (int i = 0; i < SAMPLES; i++)
      {
        double x = b[0] + (b[2] - b[0]) * (i + 0.5) / SAMPLES, y = b[1] + (b[3] - b[1]) * (j + 0.5) / SAMPLES;

        if (!region_holds (region, x, y))
          continue;
        (*all)++;
        if (!motion_forward (motion, &x, &y))
          continue;
        (*left)++;
        middle[0] += x;
        middle[1] += y;
      }
  if (*left > 0)
    {
      middle[0] /= *left;
      middle[1] /= *left;
    }
}

double
region_share_left (const Region *region, const Motion *motion)
{
  double middle[2];
  int all, left;

  sample (region, motion, &all, &left, middle);
  return all > 0 ? (double) left / all : 0;
}

bool
region_render (const Region *region, const Motion *motion, double least, float *mask, int width, int height)
{
  double middle[2], from_x, to_x, from_y, to_y;
  int all, left;
  bool marked = false;
  double low[2] = { motion->width, motion->height }, high[2] = { 0, 0 };
  Affine whole = affine_identity;

  sample (region, motion, &all, &left, middle);
  if (left == 0 || left < least * all)
    return false;
  /* Only the cells that the moved bounding box can reach are asked. */
  for (int s = 0; s < motion->n_steps; s++)
    whole = affine_then (whole, motion->steps[s]);
  for (int corner = 0; corner < 4; corner++)
    {
      double x = region->box[corner % 2 * 2], y = region->box[corner / 2 * 2 + 1];

      move (&whole, &x, &y);
      low[0] = x < low[0] ? x : low[0];
      low[1] = y < low[1] ? y : low[1];
      high[0] = x > high[0] ? x : high[0];
      high[1] = y > high[1] ? y : high[1];
    }
  from_x = low[0] > 0 ? low[0] : 0;
  from_y = low[1] > 0 ? low[1] : 0;
  to_x = high[0] < motion->width ? high[0] : motion->width;
  to_y = high[1] < motion->height ? high[1] : motion->height;
  for (int j = (int) (from_y * height / motion->height); j < height && j * (double) motion->height / height <= to_y;
       j++)
    for (int i = (int) (from_x * width / motion->width); i < width && i * (double) motion->width / width <= to_x; i++)
      {
        double x = (i + 0.5) * motion->width / width, y = (j + 0.5) * motion->height / height;

        if (motion_back (motion, &x, &y) && region_holds (region, x, y))
          {
            mask[(size_t) j * (size_t) width + (size_t) i] = 1;
            marked = true;
          }
      }
  if (!marked)
    mask[(size_t) (middle[1] * height / motion->height) * (size_t) width + (size_t) (middle[0] * width / motion->width)]
        = 1;
  return true;
}
