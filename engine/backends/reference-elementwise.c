/* SPDX-License-Identifier: MIT
 * reference-elementwise.c: kernels whose every output looks at one element of each input. They may run in
 * place: an element is read before it is written. */
#include "reference.h"

#include <math.h>

double
reference_gelu (double x)
{
  return x * 0.5 * erfc (-x * M_SQRT1_2); /* 1 + erf would cancel for large negative x */
}

double
reference_gelu_grad (double x)
{
  double cumulative = 0.5 * erfc (-x * M_SQRT1_2);
  double density = exp (-0.5 * x * x) * 0.5 * M_SQRT1_2 * M_2_SQRTPI;

  return cumulative + x * density;
}

void
reference_fill (const FillArgs *args)
{
  float *out = reference_floats (args->out);

  for (int64_t i = 0; i < args->n; i++)
    out[i] = args->value;
}

void
reference_unary (const UnaryArgs *args)
{
  const float *x = reference_floats (args->x);
  float *y = reference_floats (args->y);

  for (int64_t i = 0; i < args->n; i++)
    y[i] = (float) (args->op == UNARY_GELU ? reference_gelu (x[i]) : fmax (x[i], 0));
}

void
reference_unary_grad (const UnaryGradArgs *args)
{
  const float *x = reference_floats (args->x);
  const float *dy = reference_floats (args->dy);
  float *dx = reference_floats (args->dx);

  for (int64_t i = 0; i < args->n; i++)
    {
      double slope = args->op == UNARY_GELU ? reference_gelu_grad (x[i]) : x[i] > 0;

      dx[i] = (float) (dx[i] + slope * dy[i]);
    }
}

void
reference_add (const AddArgs *args)
{
  const float *a = reference_floats (args->a);
  const float *b = reference_floats (args->b);
  float *y = reference_floats (args->y);

  for (int64_t i = 0; i < args->n; i++)
    y[i] = a[i] + b[i % args->nb];
}

void
reference_add_scaled (const AddScaledArgs *args)
{
  const float *a = reference_floats (args->a);
  float *y = reference_floats (args->y);

  for (int64_t i = 0; i < args->n; i++)
    y[i] = (float) (y[i] + (double) args->alpha * a[i]);
}

void
reference_divide_by_scalar (const DivideByScalarArgs *args)
{
  const float *x = reference_floats (args->x);
  const float *scalar = reference_floats (args->scalar);
  float *y = reference_floats (args->y);

  for (int64_t i = 0; i < args->n; i++)
    y[i] = x[i] / *scalar;
}

void
reference_divide_by_scalar_grad (const DivideByScalarGradArgs *args)
{
  const float *dy = reference_floats (args->dy);
  const float *x = reference_floats (args->x);
  float *dx = reference_floats (args->dx);
  float *dscalar = reference_floats (args->dscalar);
  double scalar, sum = 0;

  if (args->n == 0)
    return;
  scalar = *reference_floats (args->scalar);
  for (int64_t i = 0; i < args->n; i++)
    {
      if (dx != NULL)
        dx[i] = (float) (dx[i] + dy[i] / scalar);
      if (dscalar != NULL)
        sum += (double) dy[i] * x[i];
    }
  if (dscalar != NULL)
    *dscalar = (float) (*dscalar - sum / (scalar * scalar));
}
