/* SPDX-License-Identifier: MIT */
#include "grounding-box.h"

#include <math.h>

/* As Python slices: an index below 0 counts from the end, above the size it is the size. */
static int
slice_end (double at, int size)
{
  double whole = trunc (at);

  if (!(whole > -1e9 && whole < 1e9))
    return whole > 0 ? size : 0;
  if (whole < 0)
    whole = whole + size < 0 ? 0 : whole + size;
  return whole > size ? size : (int) whole;
}

double
grounding_box_score (const float *map, int width, int height, const double box[4])
{
  int x0 = slice_end (box[0], width), x1 = slice_end (box[0] + box[2], width);
  int y0 = slice_end (box[1], height), y1 = slice_end (box[1] + box[3], height);
  double area = box[2] * box[3], sum = 0;

  if (!(area > 0))
    return 0;
  for (int y = y0; y < y1; y++)
    for (int x = x0; x < x1; x++)
      sum += (double) map[y * width + x];
  return sum / sqrt (area);
}

double
grounding_box_iou (const double a[4], const double b[4])
{
  double x1 = fmax (a[0], b[0]), y1 = fmax (a[1], b[1]);
  double x2 = fmin (a[0] + a[2] - 1, b[0] + b[2] - 1), y2 = fmin (a[1] + a[3] - 1, b[1] + b[3] - 1);
  double inside = x1 < x2 && y1 < y2 ? (x2 - x1 + 1) * (y2 - y1 + 1) : 0;

  return inside / (a[2] * a[3] + b[2] * b[3] - inside);
}
