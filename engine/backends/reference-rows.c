/* SPDX-License-Identifier: MIT
 * reference-rows.c: kernels that look at a row as a whole: softmax, normalisations, sums. */
#include "reference.h"

#include <math.h>

/* y = softmax (x + mask) over n keys; mask may be NULL. */
static void
softmax_row (const float *x, const float *mask, float *y, int64_t n)
{
  double largest = -INFINITY;
  double total = 0;

  for (int64_t j = 0; j < n; j++)
    largest = fmax (largest, (double) x[j] + (mask != NULL ? mask[j] : 0));
  for (int64_t j = 0; j < n; j++)
    total += exp ((double) x[j] + (mask != NULL ? mask[j] : 0) - largest);
  for (int64_t j = 0; j < n; j++)
    y[j] = (float) (exp ((double) x[j] + (mask != NULL ? mask[j] : 0) - largest) / total);
}

void
reference_softmax (const SoftmaxArgs *args)
{
  const float *x = reference_floats (args->x);
  const float *mask = reference_floats (args->mask);
  float *y = reference_floats (args->y);

  for (int64_t b = 0; b < args->batch; b++)
    for (int64_t h = 0; h < args->heads; h++)
      for (int64_t i = 0; i < args->queries; i++)
        {
          int64_t row = ((b * args->heads + h) * args->queries + i) * args->keys;
          int64_t mask_row = (b * args->mask_queries + (args->mask_queries > 1 ? i : 0)) * args->keys;

          softmax_row (x + row, mask != NULL ? mask + mask_row : NULL, y + row, args->keys);
        }
}

void
reference_softmax_grad (const SoftmaxGradArgs *args)
{
  const float *y = reference_floats (args->y);
  const float *dy = reference_floats (args->dy);
  float *dx = reference_floats (args->dx);

  for (int64_t i = 0; i < args->rows; i++, y += args->n, dy += args->n, dx += args->n)
    {
      double sum = 0;

      for (int64_t j = 0; j < args->n; j++)
        sum += (double) y[j] * dy[j];
      for (int64_t j = 0; j < args->n; j++)
        dx[j] = (float) (dx[j] + y[j] * (dy[j] - sum));
    }
}

void
reference_layer_norm (const LayerNormArgs *args)
{
  const float *gamma = reference_floats (args->gamma);
  const float *beta = reference_floats (args->beta);
  float *means = reference_floats (args->mean);
  float *rstds = reference_floats (args->rstd);

  for (int64_t i = 0; i < args->rows; i++)
    {
      const float *x = reference_floats (args->x) + i * args->ldx;
      float *y = reference_floats (args->y) + i * args->ldy;
      double mean = 0, variance = 0, rstd;

      for (int64_t j = 0; j < args->n; j++)
        mean += x[j];
      mean /= args->n;
      for (int64_t j = 0; j < args->n; j++)
        variance += (x[j] - mean) * (x[j] - mean);
      variance /= args->n;
      rstd = 1 / sqrt (variance + args->eps);
      for (int64_t j = 0; j < args->n; j++)
        y[j] = (float) ((x[j] - mean) * rstd * gamma[j] + beta[j]);
      if (means != NULL)
        means[i] = (float) mean;
      if (rstds != NULL)
        rstds[i] = (float) rstd;
    }
}

/* With the normalised row z = (x - mean) rstd and its gradient g = dy gamma:
 * dx = rstd (g - mean (g) - z mean (g z)), dgamma = sum_rows dy z, dbeta = sum_rows dy. */
void
reference_layer_norm_grad (const LayerNormGradArgs *args)
{
  const float *dy = reference_floats (args->dy);
  const float *x = reference_floats (args->x);
  const float *gamma = reference_floats (args->gamma);
  const float *mean = reference_floats (args->mean);
  const float *rstd = reference_floats (args->rstd);
  float *dx = reference_floats (args->dx);
  float *dgamma = reference_floats (args->dgamma);
  float *dbeta = reference_floats (args->dbeta);

  for (int64_t i = 0; dx != NULL && i < args->rows; i++)
    {
      double mean_g = 0, mean_gz = 0;

      for (int64_t j = 0; j < args->n; j++)
        {
          double g = (double) dy[i * args->lddy + j] * gamma[j];

          mean_g += g / args->n;
          mean_gz += g * ((double) x[i * args->ldx + j] - mean[i]) * rstd[i] / args->n;
        }
      for (int64_t j = 0; j < args->n; j++)
        {
          double g = (double) dy[i * args->lddy + j] * gamma[j];
          double z = ((double) x[i * args->ldx + j] - mean[i]) * rstd[i];
          float *element = dx + i * args->lddx + j;

          *element = (float) (*element + rstd[i] * (g - mean_g - z * mean_gz));
        }
    }
  for (int64_t j = 0; args->rows > 0 && j < args->n; j++)
    {
      double sum_dy = 0, sum_dyz = 0;

      for (int64_t i = 0; i < args->rows; i++)
        {
          sum_dy += dy[i * args->lddy + j];
          sum_dyz += dy[i * args->lddy + j] * ((double) x[i * args->ldx + j] - mean[i]) * rstd[i];
        }
      if (dgamma != NULL)
        dgamma[j] = (float) (dgamma[j] + sum_dyz);
      if (dbeta != NULL)
        dbeta[j] = (float) (dbeta[j] + sum_dy);
    }
}

void
reference_l2_normalize (const L2NormalizeArgs *args)
{
  float *norms = reference_floats (args->norm);

  for (int64_t i = 0; i < args->rows; i++)
    {
      const float *x = reference_floats (args->x) + i * args->ldx;
      float *y = reference_floats (args->y) + i * args->ldy;
      double squares = 0, norm;

      for (int64_t j = 0; j < args->n; j++)
        squares += (double) x[j] * x[j];
      norm = fmax (sqrt (squares), args->eps);
      for (int64_t j = 0; j < args->n; j++)
        y[j] = (float) (x[j] / norm);
      if (norms != NULL)
        norms[i] = (float) norm;
    }
}

void
reference_l2_normalize_grad (const L2NormalizeGradArgs *args)
{
  const float *norms = reference_floats (args->norm);

  for (int64_t i = 0; i < args->rows; i++)
    {
      const float *dy = reference_floats (args->dy) + i * args->lddy;
      const float *y = reference_floats (args->y) + i * args->ldy;
      float *dx = reference_floats (args->dx) + i * args->lddx;
      double dot = 0;

      for (int64_t j = 0; j < args->n; j++)
        dot += (double) y[j] * dy[j];
      for (int64_t j = 0; j < args->n; j++)
        dx[j] = (float) (dx[j] + (dy[j] - y[j] * dot) / norms[i]);
    }
}

void
reference_sum_rows (const SumRowsArgs *args)
{
  const float *in = reference_floats (args->in);
  float *out = reference_floats (args->out);

  for (int64_t j = 0; args->rows > 0 && j < args->n; j++)
    {
      double sum = 0;

      for (int64_t i = 0; i < args->rows; i++)
        sum += in[i * args->ld + j];
      out[j] = (float) (out[j] + sum);
    }
}
