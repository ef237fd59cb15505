/* SPDX-License-Identifier: MIT */
#include "resize.h"

#include "row-kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FRACTION_BITS 22 /* 32 minus 8 for the pixel and 2 for sign and overshoot */

typedef int32_t Lanes __attribute__ ((vector_size (16)));

/* For each output position: where its inputs begin, how many there are, and their weights. */
typedef struct
{
  int n_taps;       /* room per position */
  int *first;       /* [n_out] */
  int *count;       /* [n_out], 1..n_taps */
  int32_t *weights; /* [n_out][n_taps] */
} Taps;

static double
cubic (double x)
{
  const double a = -0.5;

  x = fabs (x);
  if (x < 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2)
    return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

static void
taps_free (Taps *taps)
{
  free (taps->first);
  free (taps->count);
  free (taps->weights);
}

/* Weights of one output position into `exact` (normalised) and from there into fixed point. */
static void
taps_fill (Taps *taps, int position, double scale, double stretch, int n_in, double *exact)
{
  double center = (position + 0.5) * scale, support = 2 * stretch, sum = 0;
  int first = (int) (center - support + 0.5), end = (int) (center + support + 0.5);
  int32_t *weights = taps->weights + (size_t) position * taps->n_taps;

  first = first < 0 ? 0 : first;
  end = end > n_in ? n_in : end;
  for (int i = 0; i < end - first; i++)
    {
      exact[i] = cubic ((i + first - center + 0.5) * (1 / stretch));
      sum += exact[i];
    }
  for (int i = 0; i < end - first; i++)
    {
      double weight = (sum != 0 ? exact[i] / sum : exact[i]) * (1 << FRACTION_BITS);

      weights[i] = (int32_t) (weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  taps->first[position] = first;
  taps->count[position] = end - first;
}

static bool
taps_init (Taps *taps, int n_in, int n_out)
{
  double scale = (double) n_in / n_out, stretch = scale < 1 ? 1 : scale;
  double *exact;

  taps->n_taps = (int) ceil (2 * stretch) * 2 + 1;
  taps->first = malloc (sizeof (int) * n_out);
  taps->count = malloc (sizeof (int) * n_out);
  taps->weights = calloc ((size_t) n_out * taps->n_taps, sizeof (int32_t));
  exact = malloc (sizeof (double) * taps->n_taps);
  if (taps->first != NULL && taps->count != NULL && taps->weights != NULL && exact != NULL)
    for (int i = 0; i < n_out; i++)
      taps_fill (taps, i, scale, stretch, n_in, exact);
  else
    {
      taps_free (taps);
      *taps = (Taps){ 0 };
    }
  free (exact);
  return taps->first != NULL;
}

static inline uint8_t
clip (int32_t sum)
{
  int32_t value = sum >> FRACTION_BITS;

  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/* One row along the width. The input row is widened to four 32-bit lanes per pixel first, so that every tap is one
 * multiplication of lanes. */
ROW_KERNEL static void
resize_row (const uint8_t *in, int width, Lanes *wide, const Taps *taps, int out_width, uint8_t *out)
{
  for (int x = 0; x < width; x++)
    wide[x] = (Lanes){ in[3 * x], in[3 * x + 1], in[3 * x + 2], 0 };
  for (int x = 0; x < out_width; x++, out += 3)
    {
      const int32_t *weights = taps->weights + (size_t) x * taps->n_taps;
      const Lanes *from = wide + taps->first[x];
      Lanes even = { 1 << (FRACTION_BITS - 1), 1 << (FRACTION_BITS - 1), 1 << (FRACTION_BITS - 1), 0 }, odd = { 0 };
      int n = taps->count[x], i = 0;

      for (; i + 1 < n; i += 2)
        {
          even += from[i] * weights[i];
          odd += from[i + 1] * weights[i + 1];
        }
      if (i < n)
        even += from[i] * weights[i];
      even += odd;
      out[0] = clip (even[0]);
      out[1] = clip (even[1]);
      out[2] = clip (even[2]);
    }
}

/* sums += weight * row, n samples. */
ROW_KERNEL static void
add_row (int32_t *restrict sums, const uint8_t *restrict row, int32_t weight, size_t n)
{
  for (size_t i = 0; i < n; i++)
    sums[i] += row[i] * weight;
}

ROW_KERNEL static void
round_row (const int32_t *restrict sums, uint8_t *restrict out, size_t n)
{
  for (size_t i = 0; i < n; i++)
    {
      int32_t value = sums[i] >> FRACTION_BITS;

      value = value < 0 ? 0 : value;
      out[i] = value > 255 ? 255 : value;
    }
}

/* The rows of the picture at the new width. They are made when first asked for and kept in a ring as long as the
 * output row in hand may need them, so that tall pictures cost no more than wide ones. */
typedef struct
{
  const uint8_t *pixels;
  int width, out_width;
  Taps taps;     /* along the width; unused where it stays */
  Lanes *wide;   /* [width] */
  uint8_t *ring; /* [n_ring][out_width][3]; NULL where the width stays */
  int n_ring;
  int n_made; /* rows 0 .. n_made - 1 have been made */
} RowSource;

static bool
rows_init (RowSource *rows, const uint8_t *pixels, int width, int out_width, int n_ring)
{
  *rows = (RowSource){ .pixels = pixels, .width = width, .out_width = out_width, .n_ring = n_ring };
  if (width == out_width)
    return true;
  rows->wide = aligned_alloc (sizeof (Lanes), sizeof (Lanes) * width);
  rows->ring = malloc ((size_t) out_width * 3 * n_ring);
  return rows->wide != NULL && rows->ring != NULL && taps_init (&rows->taps, width, out_width);
}

static void
rows_free (RowSource *rows)
{
  taps_free (&rows->taps);
  free (rows->wide);
  free (rows->ring);
}

/* Row y; y never goes back by n_ring or more. */
static const uint8_t *
rows_get (RowSource *rows, int y)
{
  size_t n = (size_t) rows->out_width * 3;

  if (rows->ring == NULL)
    return rows->pixels + y * n;
  for (; rows->n_made <= y; rows->n_made++)
    resize_row (rows->pixels + (size_t) rows->n_made * rows->width * 3, rows->width, rows->wide, &rows->taps,
                rows->out_width, rows->ring + rows->n_made % rows->n_ring * n);
  return rows->ring + y % rows->n_ring * n;
}

bool
resize_bicubic (const uint8_t *pixels, int width, int height, uint8_t *out, int out_width, int out_height)
{
  size_t n = (size_t) out_width * 3;
  Taps taps = { 0 };
  RowSource rows = { 0 };
  int32_t *sums = malloc (sizeof (int32_t) * n);
  bool same_height = height == out_height;
  bool ready = sums != NULL && (same_height || taps_init (&taps, height, out_height))
               && rows_init (&rows, pixels, width, out_width, same_height ? 1 : taps.n_taps);

  for (int y = 0; ready && y < out_height; y++)
    {
      if (same_height)
        {
          memcpy (out + y * n, rows_get (&rows, y), n);
          continue;
        }
      for (size_t i = 0; i < n; i++)
        sums[i] = 1 << (FRACTION_BITS - 1);
      for (int i = 0; i < taps.count[y]; i++)
        add_row (sums, rows_get (&rows, taps.first[y] + i), taps.weights[(size_t) y * taps.n_taps + i], n);
      round_row (sums, out + y * n, n);
    }
  rows_free (&rows);
  taps_free (&taps);
  free (sums);
  return ready;
}
