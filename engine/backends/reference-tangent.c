/* SPDX-License-Identifier: MIT
 * reference-tangent.c: forward mode and maps as a loss.
 *
 * A loss on a gradient g = dy/dA needs d<v, g>/dtheta. With v fixed, <v, g> is the derivative of y along v in A:
 * a tangent carried forward through the layers above the tap, then an ordinary backward pass. */
#include "reference.h"

#include <math.h>
#include <string.h>

/* gelu'(x) = Phi + x phi; gelu''(x) = phi (2 - x^2). */
static double
gelu_second (double x)
{
  return exp (-0.5 * x * x) * 0.5 * M_SQRT1_2 * M_2_SQRTPI * (2 - x * x);
}

void
reference_tangent (const TangentArgs *args)
{
  const float *x = reference_floats (args->x), *x_dot = reference_floats (args->x_dot);
  float *y_dot = reference_floats (args->y_dot);

  for (int64_t r = 0; r < args->rows; r++)
    {
      int64_t at = r * args->n;
      double mean = 0;

      for (int64_t j = 0; args->op == TANGENT_SOFTMAX && j < args->n; j++)
        mean += (double) x[at + j] * x_dot[at + j];
      for (int64_t j = 0; j < args->n; j++)
        y_dot[at + j] = (float) (args->op == TANGENT_SOFTMAX ? x[at + j] * (x_dot[at + j] - mean)
                                                             : reference_gelu_grad (x[at + j]) * x_dot[at + j]);
    }
}

void
reference_tangent_grad (const TangentGradArgs *args)
{
  const float *x = reference_floats (args->x), *x_dot = reference_floats (args->x_dot);
  const float *dy = reference_floats (args->dy_dot);
  float *dx = reference_floats (args->dx), *dx_dot = reference_floats (args->dx_dot);

  for (int64_t r = 0; r < args->rows; r++)
    {
      int64_t at = r * args->n;
      double mean = 0, inner = 0; /* sum p x_dot, sum p dy */

      for (int64_t j = 0; args->op == TANGENT_SOFTMAX && j < args->n; j++)
        {
          mean += (double) x[at + j] * x_dot[at + j];
          inner += (double) x[at + j] * dy[at + j];
        }
      for (int64_t j = 0; j < args->n; j++)
        {
          int64_t i = at + j;
          double a, b;

          if (args->op == TANGENT_SOFTMAX)
            {
              a = dy[i] * (x_dot[i] - mean) - x_dot[i] * inner;
              b = x[i] * (dy[i] - inner);
            }
          else
            {
              a = gelu_second (x[i]) * x_dot[i] * dy[i];
              b = reference_gelu_grad (x[i]) * dy[i];
            }
          if (dx != NULL)
            dx[i] = (float) (dx[i] + a);
          if (dx_dot != NULL)
            dx_dot[i] = (float) (dx_dot[i] + b);
        }
    }
}

/* mean and 1 / sqrt (variance + eps) of a row. */
static double
row_moments (const float *x, int64_t n, double eps, double *rstd)
{
  double mean = 0, variance = 0;

  for (int64_t j = 0; j < n; j++)
    mean += x[j];
  mean /= (double) n;
  for (int64_t j = 0; j < n; j++)
    variance += (x[j] - mean) * (x[j] - mean);
  *rstd = 1 / sqrt (variance / (double) n + eps);
  return mean;
}

void
reference_layer_norm_tangent (const LayerNormTangentArgs *args)
{
  const float *gamma = reference_floats (args->gamma);

  for (int64_t r = 0; r < args->rows; r++)
    {
      const float *x = reference_floats (args->x) + r * args->n, *x_dot = reference_floats (args->x_dot) + r * args->n;
      float *y_dot = reference_floats (args->y_dot) + r * args->n;
      double rstd, mean = row_moments (x, args->n, args->eps, &rstd), mean_dot = 0, along = 0;

      for (int64_t j = 0; j < args->n; j++)
        {
          mean_dot += x_dot[j];
          along += x_dot[j] * (x[j] - mean) * rstd;
        }
      mean_dot /= (double) args->n;
      along /= (double) args->n;
      for (int64_t j = 0; j < args->n; j++)
        y_dot[j] = (float) (rstd * (x_dot[j] - mean_dot - (x[j] - mean) * rstd * along) * gamma[j]);
    }
}

/* With xh the normalised row, s = mean (x_dot xh), q = gamma dy, a = mean (q), c = mean (q xh):
 *   dx_dot += rstd (q - a - xh c)
 * and, since d xh = rstd (dx - mean (dx) - xh mean (dx xh)) and d rstd = -rstd^2 mean (dx xh), the gradient in x is
 * that of F = rstd sum (q (x_dot - mean (x_dot)) - q xh s): in xh  h = -rstd (q s + x_dot c), pulled back through the
 * normalisation, and through rstd  -xh rstd F / n. */
void
reference_layer_norm_tangent_grad (const LayerNormTangentGradArgs *args)
{
  const float *gamma = reference_floats (args->gamma);
  float *dgamma = reference_floats (args->dgamma);
  double n = (double) args->n;

  for (int64_t r = 0; r < args->rows; r++)
    {
      int64_t at = r * args->n;
      const float *x = reference_floats (args->x) + at, *x_dot = reference_floats (args->x_dot) + at;
      const float *dy = reference_floats (args->dy_dot) + at;
      float *dx = args->dx.buffer != NULL ? reference_floats (args->dx) + at : NULL;
      float *dx_dot = args->dx_dot.buffer != NULL ? reference_floats (args->dx_dot) + at : NULL;
      double rstd, mean = row_moments (x, args->n, args->eps, &rstd);
      double mean_dot = 0, s = 0, a = 0, c = 0, value = 0, h_mean = 0, h_along = 0;

      for (int64_t j = 0; j < args->n; j++)
        {
          double xh = (x[j] - mean) * rstd, q = (double) gamma[j] * dy[j];

          mean_dot += x_dot[j] / n;
          s += x_dot[j] * xh / n;
          a += q / n;
          c += q * xh / n;
        }
      for (int64_t j = 0; j < args->n; j++)
        {
          double xh = (x[j] - mean) * rstd, q = (double) gamma[j] * dy[j], h = -rstd * (q * s + x_dot[j] * c);

          value += rstd * q * (x_dot[j] - mean_dot - xh * s);
          h_mean += h / n;
          h_along += h * xh / n;
        }
      for (int64_t j = 0; j < args->n; j++)
        {
          double xh = (x[j] - mean) * rstd, q = (double) gamma[j] * dy[j], h = -rstd * (q * s + x_dot[j] * c);

          if (dx != NULL)
            dx[j] = (float) (dx[j] + rstd * (h - h_mean - xh * h_along) - xh * rstd * value / n);
          if (dx_dot != NULL)
            dx_dot[j] = (float) (dx_dot[j] + rstd * (q - a - xh * c));
          if (dgamma != NULL)
            dgamma[j] = (float) (dgamma[j] + dy[j] * rstd * (x_dot[j] - mean_dot - xh * s));
        }
    }
}

/* ---------------------------------------------------------------------------------------------------
 * Maps
 */

void
reference_cam (const CamArgs *args)
{
  const float *attention = reference_floats (args->attention), *gradient = reference_floats (args->gradient);
  const float *mask = reference_floats (args->mask);
  float *out = reference_floats (args->out);
  int64_t width = args->patches + 1;

  for (int64_t b = 0; b < args->batch; b++)
    for (int64_t p = 0; p < args->patches; p++)
      {
        double sum = 0;

        for (int64_t h = 0; h < args->heads; h++)
          for (int64_t t = 0; t < args->tokens; t++)
            {
              int64_t i = ((b * args->heads + h) * args->tokens + t) * width + 1 + p;

              if (gradient[i] > 0)
                sum += (double) attention[i] * gradient[i] * mask[b * args->tokens + t];
            }
        out[b * args->patches + p] = (float) (sum / (double) (args->heads * args->tokens));
      }
}

void
reference_cam_grad (const CamGradArgs *args)
{
  const float *attention = reference_floats (args->attention), *gradient = reference_floats (args->gradient);
  const float *mask = reference_floats (args->mask), *dout = reference_floats (args->dout);
  float *da = reference_floats (args->dattention), *dg = reference_floats (args->dgradient);
  int64_t width = args->patches + 1;

  for (int64_t b = 0; b < args->batch; b++)
    for (int64_t h = 0; h < args->heads; h++)
      for (int64_t t = 0; t < args->tokens; t++)
        for (int64_t p = 0; p < args->patches; p++)
          {
            int64_t i = ((b * args->heads + h) * args->tokens + t) * width + 1 + p;
            double d = (double) dout[b * args->patches + p] * mask[b * args->tokens + t]
                       / (double) (args->heads * args->tokens);

            if (gradient[i] <= 0)
              continue;
            if (da != NULL)
              da[i] = (float) (da[i] + d * gradient[i]);
            if (dg != NULL)
              dg[i] = (float) (dg[i] + d * attention[i]);
          }
}

/* Positions of the first smallest and the first largest. */
static void
extremes (const float *x, int64_t n, int64_t *low, int64_t *high)
{
  *low = *high = 0;
  for (int64_t j = 1; j < n; j++)
    {
      if (x[j] < x[*low])
        *low = j;
      if (x[j] > x[*high])
        *high = j;
    }
}

void
reference_min_max (const MinMaxArgs *args)
{
  for (int64_t r = 0; r < args->rows; r++)
    {
      const float *x = reference_floats (args->x) + r * args->n;
      float *y = reference_floats (args->y) + r * args->n;
      int64_t low, high;

      extremes (x, args->n, &low, &high);
      for (int64_t j = 0; j < args->n; j++)
        y[j] = (float) (((double) x[j] - x[low]) / ((double) x[high] - x[low] + args->eps));
    }
}

/* y_j = (x_j - lo) / D, D = hi - lo + eps: dx_j += dy_j / D; dlo -= sum dy (1 - y) / D; dhi -= sum dy y / D. */
void
reference_min_max_grad (const MinMaxGradArgs *args)
{
  for (int64_t r = 0; r < args->rows; r++)
    {
      const float *x = reference_floats (args->x) + r * args->n, *y = reference_floats (args->y) + r * args->n;
      const float *dy = reference_floats (args->dy) + r * args->n;
      float *dx = reference_floats (args->dx) + r * args->n;
      int64_t low, high;
      double range, to_low = 0, to_high = 0;

      extremes (x, args->n, &low, &high);
      range = (double) x[high] - x[low] + args->eps;
      for (int64_t j = 0; j < args->n; j++)
        {
          to_low += dy[j] * (1 - (double) y[j]) / range;
          to_high += dy[j] * (double) y[j] / range;
        }
      for (int64_t j = 0; j < args->n; j++)
        dx[j] = (float) (dx[j] + dy[j] / range - (j == low ? to_low : 0) - (j == high ? to_high : 0));
    }
}

/* The two cells and the weight of the second one that output position `i` reads. */
static void
bilinear_cells (int64_t i, int64_t size, int64_t grid, int64_t *first, int64_t *second, double *weight)
{
  double at = fmax (((double) i + 0.5) * (double) grid / (double) size - 0.5, 0);

  *first = (int64_t) at < grid - 1 ? (int64_t) at : grid - 1;
  *second = *first + 1 < grid ? *first + 1 : *first;
  *weight = at - (double) *first;
}

void
reference_bilinear (const BilinearArgs *args)
{
  int64_t cells = args->grid_h * args->grid_w, pixels = args->height * args->width;

  for (int64_t b = 0; b < args->batch; b++)
    for (int64_t y = 0; y < args->height; y++)
      for (int64_t x = 0; x < args->width; x++)
        {
          const float *in = reference_floats (args->in) + b * cells;
          int64_t y0, y1, x0, x1;
          double wy, wx, top, bottom;

          bilinear_cells (y, args->height, args->grid_h, &y0, &y1, &wy);
          bilinear_cells (x, args->width, args->grid_w, &x0, &x1, &wx);
          top = (1 - wx) * in[y0 * args->grid_w + x0] + wx * in[y0 * args->grid_w + x1];
          bottom = (1 - wx) * in[y1 * args->grid_w + x0] + wx * in[y1 * args->grid_w + x1];
          reference_floats (args->out)[b * pixels + y * args->width + x] = (float) ((1 - wy) * top + wy * bottom);
        }
}

void
reference_bilinear_grad (const BilinearGradArgs *args)
{
  int64_t cells = args->grid_h * args->grid_w, pixels = args->height * args->width;

  for (int64_t b = 0; b < args->batch; b++)
    for (int64_t y = 0; y < args->height; y++)
      for (int64_t x = 0; x < args->width; x++)
        {
          float *din = reference_floats (args->din) + b * cells;
          double d = reference_floats (args->dout)[b * pixels + y * args->width + x], wy, wx;
          int64_t y0, y1, x0, x1;

          bilinear_cells (y, args->height, args->grid_h, &y0, &y1, &wy);
          bilinear_cells (x, args->width, args->grid_w, &x0, &x1, &wx);
          din[y0 * args->grid_w + x0] = (float) (din[y0 * args->grid_w + x0] + d * (1 - wy) * (1 - wx));
          din[y0 * args->grid_w + x1] = (float) (din[y0 * args->grid_w + x1] + d * (1 - wy) * wx);
          din[y1 * args->grid_w + x0] = (float) (din[y1 * args->grid_w + x0] + d * wy * (1 - wx));
          din[y1 * args->grid_w + x1] = (float) (din[y1 * args->grid_w + x1] + d * wy * wx);
        }
}

/* ---------------------------------------------------------------------------------------------------
 * AMC
 */

/* What one pair, or the whole batch when pooled, adds up to. */
typedef struct
{
  double inside, outside, area_in, area_out;
} Pool;

static void
pool_add (Pool *pool, const float *x, const float *m, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    {
      pool->inside += (double) x[i] * m[i];
      pool->outside += (double) x[i] * (1 - (double) m[i]);
      pool->area_in += m[i];
      pool->area_out += 1 - (double) m[i];
    }
}

static double
pool_in (const Pool *pool)
{
  return pool->area_in > 0 ? pool->inside / pool->area_in : 0;
}

static double
pool_out (const Pool *pool)
{
  return pool->area_out > 0 ? pool->outside / pool->area_out : 0;
}

/* The first largest x m and x (1 - m). */
static void
peaks (const float *x, const float *m, int64_t n, int64_t *in, int64_t *out, double *peak_in, double *peak_out)
{
  *in = *out = 0;
  *peak_in = *peak_out = -INFINITY;
  for (int64_t i = 0; i < n; i++)
    {
      double inside = (double) x[i] * m[i], outside = (double) x[i] * (1 - (double) m[i]);

      if (inside > *peak_in)
        {
          *peak_in = inside;
          *in = i;
        }
      if (outside > *peak_out)
        {
          *peak_out = outside;
          *out = i;
        }
    }
}

void
reference_amc (const AmcArgs *args)
{
  const float *weight = reference_floats (args->weight);
  float *loss = reference_floats (args->loss), *stats = reference_floats (args->stats);
  Pool all = { 0 };
  double mean_term = 0, max_term = 0, pairs = 0;

  for (int64_t b = 0; b < args->batch; b++)
    {
      const float *x = reference_floats (args->x) + b * args->n, *m = reference_floats (args->m) + b * args->n;
      Pool own = { 0 };
      double peak_in, peak_out;
      int64_t in, out;

      peaks (x, m, args->n, &in, &out, &peak_in, &peak_out);
      if (stats != NULL)
        {
          stats[2 + b] = (float) peak_in;
          stats[2 + args->batch + b] = (float) peak_out;
        }
      if (weight[b] == 0)
        continue;
      pairs++;
      pool_add (&own, x, m, args->n);
      pool_add (&all, x, m, args->n);
      mean_term += fmax (0, pool_out (&own) - pool_in (&own) + args->margin_mean);
      max_term += fmax (0, peak_out - peak_in + args->margin_max);
    }
  if (stats != NULL)
    {
      stats[0] = (float) pool_in (&all);
      stats[1] = (float) pool_out (&all);
    }
  if (args->per_sample)
    loss[0] = pairs > 0 ? (float) (mean_term / pairs) : 0;
  else
    loss[0] = pairs > 0 ? (float) fmax (0, pool_out (&all) - pool_in (&all) + args->margin_mean) : 0;
  loss[1] = pairs > 0 ? (float) (max_term / pairs) : 0;
}

void
reference_amc_grad (const AmcGradArgs *args)
{
  const float *weight = reference_floats (args->weight), *dloss = reference_floats (args->dloss);
  Pool all = { 0 };
  double pairs = 0;

  for (int64_t b = 0; b < args->batch; b++)
    if (weight[b] != 0)
      {
        pairs++;
        pool_add (&all, reference_floats (args->x) + b * args->n, reference_floats (args->m) + b * args->n, args->n);
      }
  for (int64_t b = 0; b < args->batch; b++)
    {
      const float *x = reference_floats (args->x) + b * args->n, *m = reference_floats (args->m) + b * args->n;
      float *dx = reference_floats (args->dx) + b * args->n;
      Pool own = { 0 };
      const Pool *pool = args->per_sample ? &own : &all;
      double peak_in, peak_out, share = args->per_sample ? 1 / pairs : 1;
      int64_t in, out;

      if (weight[b] == 0)
        continue;
      pool_add (&own, x, m, args->n);
      if (pool_out (pool) - pool_in (pool) + args->margin_mean > 0)
        for (int64_t i = 0; i < args->n; i++)
          {
            double slope = (pool->area_out > 0 ? (1 - (double) m[i]) / pool->area_out : 0)
                           - (pool->area_in > 0 ? m[i] / pool->area_in : 0);

            dx[i] = (float) (dx[i] + dloss[0] * share * slope);
          }
      peaks (x, m, args->n, &in, &out, &peak_in, &peak_out);
      if (peak_out - peak_in + args->margin_max > 0)
        {
          dx[out] = (float) (dx[out] + dloss[1] / pairs * (1 - (double) m[out]));
          dx[in] = (float) (dx[in] - dloss[1] / pairs * m[in]);
        }
    }
}
