/* SPDX-License-Identifier: MIT */
#include "view-pixels.h"

#include <math.h>

#define MAX_LEVELS 12
#define SMALLEST_SIDE 256
#define SQUARES_FROM 8.0 /* enlargement from which single pixels are shown as squares */

typedef struct
{
  const guint8 *data; /* [height][width][3] */
  int width, height;
} Level;

struct _ViewPyramid
{
  gatomicrefcount ref_count;
  AlidadePixels *pixels; /* level 0 */
  guint8 *owned[MAX_LEVELS];
  Level levels[MAX_LEVELS];
  int n_levels;
};

/* Mean of 2 x 2; an odd last row or column is averaged with itself. */
static guint8 *
halve (const Level *from, Level *to)
{
  guint8 *data;

  to->width = (from->width + 1) / 2;
  to->height = (from->height + 1) / 2;
  data = g_malloc ((gsize) to->width * to->height * 3);
  for (int y = 0; y < to->height; y++)
    {
      const guint8 *a = from->data + (gsize) (2 * y) * from->width * 3;
      const guint8 *b = 2 * y + 1 < from->height ? a + (gsize) from->width * 3 : a;
      guint8 *out = data + (gsize) y * to->width * 3;

      for (int x = 0; x < to->width; x++)
        {
          int left = 6 * x, right = 2 * x + 1 < from->width ? left + 3 : left;

          for (int c = 0; c < 3; c++)
            out[3 * x + c] = (a[left + c] + a[right + c] + b[left + c] + b[right + c] + 2) / 4;
        }
    }
  to->data = data;
  return data;
}

/* Where output pixels read along one axis: index of the first sample and the weight of the second, 0..256. */
static void
sample_table (int n, double offset, double picture_length, int level_length, gboolean squares, int *index, int *weight)
{
  double step = level_length / picture_length;

  for (int i = 0; i < n; i++)
    {
      double at = (i + 0.5 - offset) * step - (squares ? 0 : 0.5);
      int first = floor (at);

      weight[i] = squares ? 0 : (int) lround ((at - first) * 256);
      index[i] = first;
      if (first < 0)
        index[i] = 0, weight[i] = 0;
      else if (first >= level_length - 1)
        index[i] = level_length - 1, weight[i] = 0;
    }
}

/* One row of the level read along x, 4 shorts a pixel in the order of the output. */
static void
read_row (const Level *level, int row, int width, const int *index, const int *weight, guint16 *out)
{
  const guint8 *data = level->data + (gsize) row * level->width * 3;

  for (int x = 0; x < width; x++)
    {
      const guint8 *a = data + 3 * index[x];
      int w = weight[x];
      const guint8 *b = w > 0 ? a + 3 : a;

      out[4 * x + 0] = a[2] * (256 - w) + b[2] * w;
      out[4 * x + 1] = a[1] * (256 - w) + b[1] * w;
      out[4 * x + 2] = a[0] * (256 - w) + b[0] * w;
      out[4 * x + 3] = 255 * 256;
    }
}

ViewPyramid *
view_pyramid_new (AlidadePixels *pixels)
{
  ViewPyramid *self = g_new0 (ViewPyramid, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->pixels = alidade_pixels_ref (pixels);
  self->levels[0].data = alidade_pixels_get_data (pixels);
  self->levels[0].width = alidade_pixels_get_width (pixels);
  self->levels[0].height = alidade_pixels_get_height (pixels);
  self->n_levels = 1;
  while (self->n_levels < MAX_LEVELS)
    {
      const Level *last = &self->levels[self->n_levels - 1];

      if (MAX (last->width, last->height) <= SMALLEST_SIDE)
        break;
      self->owned[self->n_levels] = halve (last, &self->levels[self->n_levels]);
      self->n_levels++;
    }
  return self;
}

ViewPyramid *
view_pyramid_ref (ViewPyramid *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
view_pyramid_unref (ViewPyramid *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (int i = 0; i < self->n_levels; i++)
    g_free (self->owned[i]);
  alidade_pixels_unref (self->pixels);
  g_free (self);
}

int
view_pyramid_get_width (const ViewPyramid *self)
{
  return self->levels[0].width;
}

int
view_pyramid_get_height (const ViewPyramid *self)
{
  return self->levels[0].height;
}

void
view_pyramid_render (const ViewPyramid *self, double left, double top, double picture_width, double picture_height,
                     int width, int height, guint8 *out)
{
  const Level *level = &self->levels[0];
  gboolean squares = picture_width >= SQUARES_FROM * level->width;
  g_autofree int *x_index = g_new (int, width), *x_weight = g_new (int, width);
  g_autofree int *y_index = g_new (int, height), *y_weight = g_new (int, height);
  g_autofree guint16 *first = g_new (guint16, (gsize) width * 4), *second = g_new (guint16, (gsize) width * 4);
  int first_row = -1, second_row = -1;

  for (int i = 1;
       i < self->n_levels && self->levels[i].width >= picture_width && self->levels[i].height >= picture_height; i++)
    level = &self->levels[i];
  sample_table (width, left, picture_width, level->width, squares, x_index, x_weight);
  sample_table (height, top, picture_height, level->height, squares, y_index, y_weight);

  for (int y = 0; y < height; y++)
    {
      int row = y_index[y], next = MIN (row + 1, level->height - 1);
      guint32 w = y_weight[y];
      guint8 *to = out + (gsize) y * width * 4;

      /* Rows read along x are used again by the following output rows. */
      if (first_row != row && second_row == row)
        {
          guint16 *swap = first;

          first = second, second = swap;
          first_row = second_row, second_row = -1;
        }
      if (first_row != row)
        read_row (level, row, width, x_index, x_weight, first);
      first_row = row;
      if (w > 0 && second_row != next)
        {
          read_row (level, next, width, x_index, x_weight, second);
          second_row = next;
        }
      if (w == 0)
        for (int i = 0; i < 4 * width; i++)
          to[i] = (first[i] + 128) >> 8;
      else
        for (int i = 0; i < 4 * width; i++)
          to[i] = (first[i] * (256 - w) + second[i] * w + 32768) >> 16;
    }
}
