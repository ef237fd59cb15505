/* SPDX-License-Identifier: MIT
 * A mask is a list of stretches [from, to) of the picture's pixels, counted down its columns. */
#include "mask-paint.h"

#include "mask-shape.h"

#include <math.h>
#include <string.h>

#define CROP_LIMIT (64u << 20) /* pixels that are filled or smoothed at once */
#define APART 0.5              /* of the peak: how deep the ground between two summits is */

typedef struct
{
  guint64 from, to;
} Stretch;

/* Stretches -------------------------------------------------------------------------------------------------------- */

/* In order; those that touch or overlap the last one lengthen it. */
static void
add_stretch (GArray *list, guint64 from, guint64 to)
{
  Stretch *last = list->len > 0 ? &g_array_index (list, Stretch, list->len - 1) : NULL;
  const Stretch stretch = { from, to };

  if (from >= to)
    return;
  if (last != NULL && from <= last->to)
    last->to = MAX (last->to, to);
  else
    g_array_append_val (list, stretch);
}

static GArray *
stretches_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (Stretch));
}

static GArray *
stretches_of (const Shape *mask)
{
  GArray *list = stretches_new ();
  guint64 at = 0;

  for (guint i = 0; mask != NULL && i < mask->runs->len; i++)
    {
      guint32 run = g_array_index (mask->runs, guint32, i);

      if (i % 2 == 1)
        add_stretch (list, at, at + run);
      at += run;
    }
  return list;
}

static gboolean
mask_of_stretches (GArray *list, guint32 width, guint32 height, Shape *to)
{
  g_autoptr (GArray) runs = g_array_sized_new (FALSE, FALSE, sizeof (guint32), 2 * list->len + 1);
  guint64 at = 0, all = (guint64) width * height;
  guint32 run;

  if (all > MASK_PIXELS_LIMIT || list->len == 0)
    return FALSE;
  for (guint i = 0; i < list->len; i++)
    {
      const Stretch *stretch = &g_array_index (list, Stretch, i);

      run = (guint32) (stretch->from - at);
      g_array_append_val (runs, run);
      run = (guint32) (stretch->to - stretch->from);
      g_array_append_val (runs, run);
      at = stretch->to;
    }
  run = (guint32) (all - at);
  if (run > 0)
    g_array_append_val (runs, run);
  return shape_set_runs (to, width, height, (const guint32 *) (void *) runs->data, runs->len);
}

static GArray *
stretches_join (GArray *a, GArray *b)
{
  GArray *list = stretches_new ();
  guint i = 0, j = 0;

  while (i < a->len || j < b->len)
    {
      const Stretch *next;

      if (j >= b->len || (i < a->len && g_array_index (a, Stretch, i).from <= g_array_index (b, Stretch, j).from))
        next = &g_array_index (a, Stretch, i++);
      else
        next = &g_array_index (b, Stretch, j++);
      add_stretch (list, next->from, next->to);
    }
  return list;
}

static GArray *
stretches_subtract (GArray *a, GArray *b)
{
  GArray *list = stretches_new ();
  guint j = 0;

  for (guint i = 0; i < a->len; i++)
    {
      Stretch left = g_array_index (a, Stretch, i);

      while (j < b->len && g_array_index (b, Stretch, j).to <= left.from)
        j++;
      for (guint k = j; k < b->len && g_array_index (b, Stretch, k).from < left.to; k++)
        {
          add_stretch (list, left.from, MAX (g_array_index (b, Stretch, k).from, left.from));
          left.from = MAX (left.from, MIN (g_array_index (b, Stretch, k).to, left.to));
        }
      add_stretch (list, left.from, left.to);
    }
  return list;
}

/* Strokes ---------------------------------------------------------------------------------------------------------- */

/* Rows of pixel centres within a column's part of the stroke: [from, to). */
static void
add_rows (GArray *list, guint32 column, guint32 height, double from, double to)
{
  double first = MAX (ceil (from - 0.5), 0), last = MIN (ceil (to - 0.5), (double) height);
  guint64 begin = (guint64) column * height;

  if (first < last)
    add_stretch (list, begin + (guint64) first, begin + (guint64) last);
}

/* Where the vertical line at x crosses the stroke: a hull of two discs and the band between. FALSE: nowhere. */
static gboolean
cross_stroke (double x, double x1, double y1, double x2, double y2, double radius, double *from, double *to)
{
  double length = hypot (x2 - x1, y2 - y1);

  *from = INFINITY;
  *to = -INFINITY;
  for (int end = 0; end < 2; end++)
    {
      double dx = x - (end == 0 ? x1 : x2), y = end == 0 ? y1 : y2;

      if (fabs (dx) <= radius)
        {
          double half = sqrt (radius * radius - dx * dx);

          *from = MIN (*from, y - half);
          *to = MAX (*to, y + half);
        }
    }
  /* The band's two long sides. */
  for (int side = -1; side <= 1 && length > 0; side += 2)
    {
      double ax = x1 - side * radius * (y2 - y1) / length, ay = y1 + side * radius * (x2 - x1) / length;
      double bx = ax + x2 - x1, by = ay + y2 - y1;

      if (ax != bx && x >= MIN (ax, bx) && x <= MAX (ax, bx))
        {
          double y = ay + (x - ax) * (by - ay) / (bx - ax);

          *from = MIN (*from, y);
          *to = MAX (*to, y);
        }
    }
  return *from <= *to;
}

static GArray *
stroke_of (guint32 width, guint32 height, double x1, double y1, double x2, double y2, double radius)
{
  GArray *list = stretches_new ();
  double left = MAX (floor (MIN (x1, x2) - radius), 0), right = MIN (ceil (MAX (x1, x2) + radius), (double) width);

  for (double column = left; column < right; column++)
    {
      double from, to;

      if (cross_stroke (column + 0.5, x1, y1, x2, y2, radius, &from, &to))
        add_rows (list, (guint32) column, height, from, to);
    }
  return list;
}

/* The pixel under a point: a brush smaller than a pixel sets one all the same. */
static void
add_pixel (GArray **list, guint32 width, guint32 height, double x, double y)
{
  g_autoptr (GArray) pixel = stretches_new ();
  GArray *joined;

  if (!(x >= 0 && y >= 0 && x < width && y < height))
    return;
  add_rows (pixel, (guint32) x, height, floor (y), floor (y) + 1);
  joined = stretches_join (*list, pixel);
  g_array_unref (*list);
  *list = joined;
}

gboolean
mask_paint (const Shape *from, guint32 width, guint32 height, double x1, double y1, double x2, double y2, double radius,
            gboolean erase, Shape *to)
{
  g_autoptr (GArray) before = NULL, stroke = NULL, after = NULL;

  if ((guint64) width * height > MASK_PIXELS_LIMIT || (from != NULL && from->kind != SHAPE_MASK))
    return FALSE;
  before = stretches_of (from);
  stroke = stroke_of (width, height, x1, y1, x2, y2, radius);
  add_pixel (&stroke, width, height, x1, y1);
  add_pixel (&stroke, width, height, x2, y2);
  after = erase ? stretches_subtract (before, stroke) : stretches_join (before, stroke);
  return mask_of_stretches (after, width, height, to);
}

gboolean
mask_shift (const Shape *from, gint64 dx, gint64 dy, Shape *to)
{
  g_autoptr (GArray) before = stretches_of (from), after = stretches_new ();
  gint64 height = from->height;

  for (guint i = 0; i < before->len; i++)
    {
      const Stretch *stretch = &g_array_index (before, Stretch, i);

      /* Column by column: a stretch over several is cut where it leaves one. */
      for (guint64 at = stretch->from, end; at < stretch->to; at = end)
        {
          gint64 column = (gint64) (at / height) + dx, top, bottom;

          end = MIN (stretch->to, (at / height + 1) * height);
          top = MAX ((gint64) (at % height) + dy, 0);
          bottom = MIN ((gint64) ((end - 1) % height) + 1 + dy, height);
          if (column >= 0 && column < from->width && top < bottom)
            add_stretch (after, (guint64) (column * height + top), (guint64) (column * height + bottom));
        }
    }
  return mask_of_stretches (after, from->width, from->height, to);
}

gboolean
mask_from_shape (const Shape *from, guint32 width, guint32 height, Shape *to)
{
  g_autoptr (GArray) list = NULL;

  if ((guint64) width * height > MASK_PIXELS_LIMIT)
    return FALSE;
  if (from->kind == SHAPE_MASK)
    {
      shape_copy (from, to);
      return TRUE;
    }
  if (from->kind == SHAPE_POLYGON)
    return mask_from_rings (to, width, height, from);
  list = stretches_new ();
  for (double x = MAX (ceil (from->box[0] - 0.5), 0); x < MIN (ceil (from->box[2] - 0.5), (double) width); x++)
    add_rows (list, (guint32) x, height, from->box[1], from->box[3]);
  return mask_of_stretches (list, width, height, to);
}

/* Fill and smooth -------------------------------------------------------------------------------------------------- */

static guint8 *
crop_of (const Shape *mask, guint32 *w, guint32 *h)
{
  if (mask->kind != SHAPE_MASK || (mask->box[2] - mask->box[0]) * (mask->box[3] - mask->box[1]) > CROP_LIMIT)
    return NULL;
  return mask_to_crop (mask, w, h);
}

static gboolean
mask_of_crop (const Shape *from, const guint8 *pixels, guint32 w, guint32 h, Shape *to)
{
  return mask_from_crop (to, from->width, from->height, (gint64) from->box[0], (gint64) from->box[1], w, h, pixels, 1);
}

/* Marks background (0) as outside (2) from one pixel, by 4 neighbours. */
static void
flood_outside (guint8 *pixels, guint32 w, guint32 h, gsize start, GArray *todo)
{
  if (pixels[start] != 0)
    return;
  pixels[start] = 2;
  g_array_append_val (todo, start);
  while (todo->len > 0)
    {
      gsize at = g_array_index (todo, gsize, todo->len - 1), near[4];
      guint n = 0;

      g_array_set_size (todo, todo->len - 1);
      if (at % w > 0)
        near[n++] = at - 1;
      if (at % w + 1 < w)
        near[n++] = at + 1;
      if (at >= w)
        near[n++] = at - w;
      if (at / w + 1 < h)
        near[n++] = at + w;
      for (guint i = 0; i < n; i++)
        if (pixels[near[i]] == 0)
          {
            pixels[near[i]] = 2;
            g_array_append_val (todo, near[i]);
          }
    }
}

gboolean
mask_fill_holes (const Shape *from, Shape *to)
{
  guint32 w, h;
  g_autofree guint8 *pixels = crop_of (from, &w, &h);
  g_autoptr (GArray) todo = g_array_new (FALSE, FALSE, sizeof (gsize));

  if (pixels == NULL)
    return FALSE;
  for (guint32 x = 0; x < w; x++)
    {
      flood_outside (pixels, w, h, x, todo);
      flood_outside (pixels, w, h, (gsize) (h - 1) * w + x, todo);
    }
  for (guint32 y = 0; y < h; y++)
    {
      flood_outside (pixels, w, h, (gsize) y * w, todo);
      flood_outside (pixels, w, h, (gsize) y * w + w - 1, todo);
    }
  for (gsize i = 0; i < (gsize) w * h; i++)
    pixels[i] = pixels[i] != 2;
  return mask_of_crop (from, pixels, w, h, to);
}

/* Sums of 2 * reach + 1 values along a line of n; what lies beyond its ends is 0. */
static void
sum_line (const guint16 *in, gsize step, guint32 n, guint32 reach, guint16 *out)
{
  guint32 sum = 0;

  for (guint32 i = 0; i < MIN (reach, n); i++)
    sum += in[i * step];
  for (guint32 i = 0; i < n; i++)
    {
      if (i + reach < n)
        sum += in[(i + reach) * step];
      if (i > reach)
        sum -= in[(i - reach - 1) * step];
      out[i] = (guint16) sum;
    }
}

gboolean
mask_smooth (const Shape *from, Shape *to)
{
  guint32 w, h, reach;
  g_autofree guint8 *pixels = crop_of (from, &w, &h);
  g_autofree guint16 *sums = NULL, *line = NULL;

  if (pixels == NULL || (sums = g_try_new (guint16, (gsize) w * h)) == NULL)
    return FALSE;
  line = g_new (guint16, MAX (w, h));
  reach = CLAMP ((guint32) lround (sqrt ((double) w * h) / 100), 1, 8);
  for (gsize i = 0; i < (gsize) w * h; i++)
    sums[i] = pixels[i];
  for (guint32 y = 0; y < h; y++)
    {
      sum_line (sums + (gsize) y * w, 1, w, reach, line);
      memcpy (sums + (gsize) y * w, line, w * sizeof *line);
    }
  for (guint32 x = 0; x < w; x++)
    {
      sum_line (sums + x, w, h, reach, line);
      for (guint32 y = 0; y < h; y++)
        pixels[(gsize) y * w + x] = 2 * line[y] > (2 * reach + 1) * (2 * reach + 1);
    }
  return mask_of_crop (from, pixels, w, h, to);
}

/* From the map ----------------------------------------------------------------------------------------------------- */

/* Marks the cells of the part around a cell that are at least `least` (8 neighbours). */
static void
flood_cells (const MapField *field, float least, int start, guint8 *marks)
{
  g_autoptr (GArray) todo = g_array_new (FALSE, FALSE, sizeof (int));

  marks[start] = 1;
  g_array_append_val (todo, start);
  while (todo->len > 0)
    {
      int at = g_array_index (todo, int, todo->len - 1), x = at % field->width, y = at / field->width;

      g_array_set_size (todo, todo->len - 1);
      for (int v = MAX (y - 1, 0); v <= MIN (y + 1, field->height - 1); v++)
        for (int u = MAX (x - 1, 0); u <= MIN (x + 1, field->width - 1); u++)
          {
            int next = v * field->width + u;

            if (!marks[next] && field->values[next] >= least)
              {
                marks[next] = 1;
                g_array_append_val (todo, next);
              }
          }
    }
}

/* The highest cell that is not marked and at least `least`; -1: none. */
static int
find_summit (const MapField *field, float least, const guint8 *marks)
{
  int best = -1;

  for (int i = 0; i < field->width * field->height; i++)
    if (!marks[i] && field->values[i] >= least && (best < 0 || field->values[i] > field->values[best]))
      best = i;
  return best;
}

/* The n-th summit of those that ground below APART of the peak lies between. */
static int
choose_summit (const MapField *field, guint part)
{
  g_autofree guint8 *marks = g_malloc0 ((gsize) field->width * field->height);
  g_autoptr (GArray) summits = g_array_new (FALSE, FALSE, sizeof (int));
  float least = APART * field->peak;
  int summit;

  while ((summit = find_summit (field, least, marks)) >= 0)
    {
      g_array_append_val (summits, summit);
      flood_cells (field, least, summit, marks);
    }
  return summits->len > 0 ? g_array_index (summits, int, part % summits->len) : -1;
}

/* The cells around the part too (all of them lower than it), so that the ground beside it can be read. */
static void
widen_marks (const MapField *field, guint8 *marks)
{
  for (int y = 0; y < field->height; y++)
    for (int x = 0; x < field->width; x++)
      if (marks[y * field->width + x] == 1)
        for (int v = MAX (y - 1, 0); v <= MIN (y + 1, field->height - 1); v++)
          for (int u = MAX (x - 1, 0); u <= MIN (x + 1, field->width - 1); u++)
            if (marks[v * field->width + u] == 0)
              marks[v * field->width + u] = 2;
}

/* One column of the field between two of its columns; cells outside of the part do not count. */
static void
read_column (const MapField *field, const guint8 *marks, double at, double *values)
{
  int left = CLAMP ((int) floor (at), 0, field->width - 1), right = MIN (left + 1, field->width - 1);
  double share = CLAMP (at - left, 0, 1);

  for (int y = 0; y < field->height; y++)
    {
      gsize a = (gsize) y * field->width + left, b = (gsize) y * field->width + right;

      values[y] = (marks[a] ? field->values[a] : 0) * (1 - share) + (marks[b] ? field->values[b] : 0) * share;
    }
}

/* Rows where the line through the values is at least `least`: between cells straight, beyond the outer ones level. */
static void
add_column (GArray *list, const MapField *field, const double *values, double least, guint32 column, guint32 height)
{
  double cell = height / (double) field->height, open = values[0] >= least ? 0 : NAN;

  for (int y = 0; y + 1 < field->height; y++)
    {
      double a = values[y], b = values[y + 1];
      double crossing = (y + 0.5 + (least - a) / (b - a)) * cell;

      if (a < least && b >= least)
        open = crossing;
      else if (a >= least && b < least)
        {
          add_rows (list, column, height, open, crossing);
          open = NAN;
        }
    }
  if (!isnan (open))
    add_rows (list, column, height, open, height);
}

gboolean
mask_from_field (const MapField *field, double threshold, guint part, guint32 width, guint32 height, Shape *to)
{
  g_autofree guint8 *marks = NULL;
  g_autofree double *values = NULL;
  g_autoptr (GArray) list = NULL;
  double least;
  int summit;

  if ((guint64) width * height > MASK_PIXELS_LIMIT || (summit = choose_summit (field, part)) < 0)
    return FALSE;
  /* The summit itself always belongs: a threshold above it would leave nothing. */
  least = MAX (CLAMP (threshold, 0, 1) * field->peak, 1e-6 * field->peak);
  least = MIN (least, 0.999 * field->values[summit]);
  marks = g_malloc0 ((gsize) field->width * field->height);
  flood_cells (field, (float) least, summit, marks);
  widen_marks (field, marks);
  values = g_new (double, field->height);
  list = stretches_new ();
  for (guint32 column = 0; column < width; column++)
    {
      read_column (field, marks, (column + 0.5) / width * field->width - 0.5, values);
      add_column (list, field, values, least, column, height);
    }
  return mask_of_stretches (list, width, height, to);
}
