/* SPDX-License-Identifier: MIT
 * reference-products.c: matrix products and fused attention. */
#include "reference.h"

#include "error.h"

#include <math.h>
#include <stdlib.h>

/* sum_p a[p sa] b[p sb] */
static double
dot (const float *a, int64_t sa, const float *b, int64_t sb, int64_t n)
{
  double sum = 0;

  for (int64_t p = 0; p < n; p++)
    sum += (double) a[p * sa] * b[p * sb];
  return sum;
}

/* One product of the batch. */
static void
gemm_one (const GemmArgs *args, const float *a, const float *b, float *c)
{
  /* op(A)[i][p] = a[i a_row + p a_step], op(B)[p][j] = b[p b_step + j b_column] */
  int64_t a_row = args->transpose_a ? 1 : args->lda;
  int64_t a_step = args->transpose_a ? args->lda : 1;
  int64_t b_step = args->transpose_b ? 1 : args->ldb;
  int64_t b_column = args->transpose_b ? args->ldb : 1;

  for (int64_t i = 0; i < args->m; i++)
    for (int64_t j = 0; j < args->n; j++)
      {
        double sum = args->alpha * dot (a + i * a_row, a_step, b + j * b_column, b_step, args->k);
        float *element = c + i * args->ldc + j;

        *element = (float) (args->accumulate ? *element + sum : sum);
      }
}

void
reference_gemm (const GemmArgs *args)
{
  const float *a = reference_floats (args->a);
  const float *b = reference_floats (args->b);
  float *c = reference_floats (args->c);

  if (args->k == 0)
    return;
  for (int64_t o = 0; o < args->outer; o++)
    for (int64_t q = 0; q < args->inner; q++)
      gemm_one (args, a + o * args->a_outer + q * args->a_inner, b + o * args->b_outer + q * args->b_inner,
                c + o * args->c_outer + q * args->c_inner);
}

static double
epilogue (Epilogue kind, double value)
{
  switch (kind)
    {
    case EPILOGUE_GELU:
      return reference_gelu (value);
    case EPILOGUE_RELU:
      return value > 0 ? value : 0;
    case EPILOGUE_NONE:
      break;
    }
  return value;
}

void
reference_linear (const LinearArgs *args)
{
  const float *x = reference_floats (args->x);
  const float *w = reference_floats (args->w);
  const float *bias = reference_floats (args->bias);
  const float *residual = reference_floats (args->residual);
  float *y = reference_floats (args->y);
  float *pre = reference_floats (args->pre);

  if (args->k == 0)
    return;
  for (int64_t i = 0; i < args->m; i++)
    for (int64_t j = 0; j < args->n; j++)
      {
        double value = dot (x + i * args->ldx, 1, w + j * args->k, 1, args->k);

        if (bias != NULL)
          value += bias[j];
        if (pre != NULL)
          pre[i * args->ldy + j] = (float) value;
        value = epilogue (args->epilogue, value);
        if (residual != NULL)
          value += residual[i * args->ldr + j];
        y[i * args->ldy + j] = (float) value;
      }
}

void
reference_linear_grad_input (const LinearGradInputArgs *args)
{
  const float *dy = reference_floats (args->dy);
  const float *w = reference_floats (args->w);
  float *dx = reference_floats (args->dx);

  for (int64_t i = 0; i < args->m; i++)
    for (int64_t p = 0; p < args->k; p++)
      dx[i * args->lddx + p] += (float) dot (dy + i * args->lddy, 1, w + p, args->k, args->n);
}

/* out[d] of one query of one head. `weights` has room for a number per key. */
static void
attend (const AttentionArgs *args, const float *q, const float *k, const float *v, const float *mask, double *weights,
        float *out)
{
  double largest = -INFINITY;
  double total = 0;

  for (int64_t j = 0; j < args->keys; j++)
    {
      weights[j] = args->scale * dot (q, 1, k + j * args->ldk, 1, args->d) + (mask != NULL ? mask[j] : 0);
      largest = fmax (largest, weights[j]);
    }
  for (int64_t j = 0; j < args->keys; j++)
    {
      weights[j] = exp (weights[j] - largest);
      total += weights[j];
    }
  for (int64_t e = 0; e < args->d; e++)
    {
      double sum = 0;

      for (int64_t j = 0; j < args->keys; j++)
        sum += weights[j] * v[j * args->ldv + e];
      out[e] = (float) (sum / total);
    }
}

void
reference_attention (const AttentionArgs *args)
{
  const float *q = reference_floats (args->q);
  const float *k = reference_floats (args->k);
  const float *v = reference_floats (args->v);
  const float *mask = reference_floats (args->mask);
  float *out = reference_floats (args->out);
  double *weights;

  if (args->keys == 0)
    return;
  weights = mem_new0 (args->keys, sizeof *weights);
  for (int64_t b = 0; b < args->batch; b++)
    for (int64_t i = 0; i < args->queries; i++)
      for (int64_t h = 0; h < args->heads; h++)
        {
          int64_t mask_row = b * args->mask_queries + (args->mask_queries > 1 ? i : 0);

          attend (args, q + b * args->q_batch + i * args->ldq + h * args->d, k + b * args->k_batch + h * args->d,
                  v + b * args->v_batch + h * args->d, mask != NULL ? mask + mask_row * args->keys : NULL, weights,
                  out + b * args->out_batch + i * args->ldout + h * args->d);
        }
  free (weights);
}
