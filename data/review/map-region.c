/* SPDX-License-Identifier: MIT */
#include "map-region.h"

#include "albef.h"

#include <math.h>
#include <string.h>

#define FIELD_SIDE 192
#define PEAK_SHARE 0.6
#define MASK_LIMIT (64 << 20) /* pixels */

static double
threshold_of (const MapRegionOptions *options)
{
  return options != NULL && options->threshold > 0 ? MIN (options->threshold, 1) : 0.15;
}

/* The field -------------------------------------------------------------------------------------------------------- */

gboolean
map_field_set (MapField *field, const float *map, int grid_width, int grid_height, double across, double down)
{
  double scale;

  memset (field, 0, sizeof *field);
  if (map == NULL || grid_width < 1 || grid_height < 1 || !(across > 0) || !(down > 0))
    return FALSE;
  for (gsize i = 0; i < (gsize) grid_width * grid_height; i++)
    if (!isfinite (map[i]))
      return FALSE;
  scale = FIELD_SIDE / MAX (across, down);
  field->across = across;
  field->down = down;
  field->width = MAX (1, (int) lround (across * MIN (scale, 1)));
  field->height = MAX (1, (int) lround (down * MIN (scale, 1)));
  field->values = g_new (float, (gsize) field->width * field->height);
  albef_map_enlarge (map, grid_width, grid_height, field->values, field->width, field->height);
  for (int y = 0; y < field->height; y++)
    for (int x = 0; x < field->width; x++)
      {
        float *value = &field->values[(gsize) y * field->width + x];

        *value = MAX (*value, 0);
        field->sum += *value;
        if (*value > field->peak)
          {
            field->peak = *value;
            field->peak_x = (x + 0.5) / field->width * across;
            field->peak_y = (y + 0.5) / field->height * down;
          }
      }
  if (field->peak > 0)
    return TRUE;
  map_field_clear (field);
  return FALSE;
}

void
map_field_clear (MapField *field)
{
  g_clear_pointer (&field->values, g_free);
}

/* Parts -------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  int left, top, right, bottom; /* cells, ends exclusive */
  guint32 area;
} Part;

/* Marks the part that holds cell `start` with `label` (8 neighbours). `todo` has room for every cell. */
static Part
flood (const MapField *field, float least, int *labels, int label, int start, int *todo)
{
  Part part = { field->width, field->height, 0, 0, 0 };
  gsize n = 0;

  todo[n++] = start;
  labels[start] = label;
  while (n > 0)
    {
      int cell = todo[--n], x = cell % field->width, y = cell / field->width;

      part.left = MIN (part.left, x);
      part.top = MIN (part.top, y);
      part.right = MAX (part.right, x + 1);
      part.bottom = MAX (part.bottom, y + 1);
      part.area++;
      for (int v = MAX (y - 1, 0); v <= MIN (y + 1, field->height - 1); v++)
        for (int u = MAX (x - 1, 0); u <= MIN (x + 1, field->width - 1); u++)
          {
            int next = v * field->width + u;

            if (labels[next] == 0 && field->values[next] >= least)
              {
                labels[next] = label;
                todo[n++] = next;
              }
          }
    }
  return part;
}

/* Labels from 1 for every cell in a part, 0 elsewhere. */
static GArray *
find_parts (const MapField *field, double share, int **labels_out)
{
  gsize cells = (gsize) field->width * field->height;
  GArray *parts = g_array_new (FALSE, FALSE, sizeof (Part));
  g_autofree int *labels = g_new0 (int, cells), *todo = g_new (int, cells);
  float least = MIN (share * field->peak, field->peak);

  for (gsize i = 0; i < cells; i++)
    if (labels[i] == 0 && field->values[i] >= least)
      {
        Part part = flood (field, least, labels, parts->len + 1, i, todo);

        g_array_append_val (parts, part);
      }
  if (labels_out != NULL)
    *labels_out = g_steal_pointer (&labels);
  return parts;
}

int
map_peak_count (const MapField *field)
{
  g_autoptr (GArray) parts = find_parts (field, PEAK_SHARE, NULL);

  return parts->len;
}

static int
by_score (gconstpointer a, gconstpointer b)
{
  const MapRegion *first = a, *second = b;

  return first->score < second->score ? 1 : first->score > second->score ? -1 : first->label - second->label;
}

GArray *
map_regions_find (const MapField *field, const MapRegionOptions *options)
{
  GArray *regions = g_array_new (FALSE, FALSE, sizeof (MapRegion));
  g_autoptr (GArray) parts = find_parts (field, threshold_of (options), NULL);
  guint limit = options != NULL && options->limit > 0 ? options->limit : 3;
  double x = field->across / field->width, y = field->down / field->height;

  for (guint i = 0; i < parts->len; i++)
    {
      const Part *part = &g_array_index (parts, Part, i);
      MapRegion region = { .area = part->area, .label = i + 1 };
      double share;

      region.box[0] = floor (part->left * x);
      region.box[1] = floor (part->top * y);
      region.box[2] = MIN (MAX (ceil (part->right * x), region.box[0] + 1), MAX (ceil (field->across), 1));
      region.box[3] = MIN (MAX (ceil (part->bottom * y), region.box[1] + 1), MAX (ceil (field->down), 1));
      region.score = map_box_score (field, region.box, &region.energy);
      share = (region.box[2] - region.box[0]) * (region.box[3] - region.box[1]) / (field->across * field->down);
      region.mean = region.energy * field->sum / (share * field->width * field->height * field->peak);
      g_array_append_val (regions, region);
    }
  g_array_sort (regions, by_score);
  if (regions->len > limit)
    g_array_set_size (regions, limit);
  return regions;
}

gboolean
map_region_mask (const MapField *field, const MapRegionOptions *options, const MapRegion *region, Shape *shape)
{
  guint32 width = lround (field->across), height = lround (field->down);
  g_autofree int *labels = NULL;
  g_autoptr (GArray) parts = NULL;
  g_autofree guint8 *pixels = NULL;

  if ((double) width * height > MASK_LIMIT || width == 0 || height == 0)
    return FALSE;
  parts = find_parts (field, threshold_of (options), &labels);
  pixels = g_new (guint8, (gsize) width * height);
  for (guint32 y = 0; y < height; y++)
    for (guint32 x = 0; x < width; x++)
      {
        gsize u = (gsize) x * field->width / width, v = (gsize) y * field->height / height;

        pixels[(gsize) y * width + x] = labels[v * field->width + u] == region->label;
      }
  return shape_set_bitmap (shape, width, height, pixels);
}

/* Measures ------------------------------------------------------------------------------------------------------------ */

/* How much of cell `i` of `n` lies between two places of a picture `length` long. */
static double
covered (int i, int n, double length, double from, double to)
{
  double cell = length / n;

  return CLAMP ((MIN (to, (i + 1) * cell) - MAX (from, i * cell)) / cell, 0, 1);
}

double
map_box_score (const MapField *field, const double box[4], double *energy)
{
  double left = MAX (box[0], 0), top = MAX (box[1], 0), right = MIN (box[2], field->across), bottom = MIN (box[3], field->down);
  double inside = 0;
  int x1, x2, y1, y2;

  if (energy != NULL)
    *energy = 0;
  if (!(left < right && top < bottom) || !(field->sum > 0))
    return 0;
  x1 = CLAMP ((int) floor (left / field->across * field->width), 0, field->width - 1);
  x2 = CLAMP ((int) ceil (right / field->across * field->width), x1 + 1, field->width);
  y1 = CLAMP ((int) floor (top / field->down * field->height), 0, field->height - 1);
  y2 = CLAMP ((int) ceil (bottom / field->down * field->height), y1 + 1, field->height);
  for (int y = y1; y < y2; y++)
    {
      double down = covered (y, field->height, field->down, top, bottom), row = 0;

      for (int x = x1; x < x2; x++)
        row += field->values[(gsize) y * field->width + x] * covered (x, field->width, field->across, left, right);
      inside += row * down;
    }
  inside = MIN (inside / field->sum, 1);
  if (energy != NULL)
    *energy = inside;
  return inside / sqrt ((right - left) * (bottom - top) / (field->across * field->down));
}

double
map_score_bound (double score, double match)
{
  return CLAMP (match, 0, 1) * score / (1 + score);
}

double
map_distance (const MapField *a, const MapField *b)
{
  double shared = 0, sum = 0;

  if (a->values == NULL || b->values == NULL)
    return a->values == b->values ? 0 : 1;
  for (int pass = 0; pass < 2; pass++)
    for (int y = 0; y < a->height; y++)
      for (int x = 0; x < a->width; x++)
        {
          int u = (gint64) x * b->width / a->width, v = (gint64) y * b->height / a->height;
          double other = b->values[(gsize) v * b->width + u];

          if (pass == 0)
            sum += other;
          else if (sum > 0)
            shared += MIN (a->values[(gsize) y * a->width + x] / a->sum, other / sum);
        }
  return CLAMP (1 - shared, 0, 1);
}

gboolean
map_peak_inside (const MapField *field, const double box[4])
{
  return box[0] < field->peak_x && field->peak_x < box[2] && box[1] < field->peak_y && field->peak_y < box[3];
}

double
box_iou (const double a[4], const double b[4])
{
  double x = MIN (a[2], b[2]) - MAX (a[0], b[0]), y = MIN (a[3], b[3]) - MAX (a[1], b[1]);
  double shared = x > 0 && y > 0 ? x * y : 0;
  double all = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared;

  return all > 0 ? shared / all : 0;
}
