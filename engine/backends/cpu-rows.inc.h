/* SPDX-License-Identifier: MIT
 * cpu-rows.inc.h: rows and elementwise work (part of cpu-kernels.c). Contracts: cpu-kernels.h. */

static void
softmax (const float *x, const float *mask, float *y, int64_t n)
{
  vf peak = v_set (-INFINITY), sum = { 0 };
  float largest, factor;

  V_ROW (n, {
    vf t = V_GET (x);

    if (mask != NULL)
      t += V_GET (mask);
    /* Lanes beyond the row hold 0, which may exceed the row's largest: keep them out. */
    if (WHOLE)
      peak = v_max (peak, t);
    else
      for (int64_t e = 0; e < left_; e++)
        peak[e] = t[e] > peak[e] ? t[e] : peak[e];
  });
  largest = v_largest (peak);
  V_ROW (n, {
    vf t = V_GET (x);

    if (mask != NULL)
      t += V_GET (mask);
    t = v_exp (t - largest);
    sum += V_KEEP (t);
    V_PUT (y, t);
  });
  factor = 1.f / v_sum (sum);
  V_ROW (n, V_PUT (y, V_GET (y) * factor););
}

static void
softmax_grad (const float *y, const float *dy, float *dx, int64_t n)
{
  vf sum = { 0 };
  float along;

  V_ROW (n, sum += V_GET (y) * V_GET (dy););
  along = v_sum (sum);
  V_ROW (n, V_PUT (dx, V_GET (dx) + V_GET (y) * (V_GET (dy) - along)););
}

/* Softmax down the columns of s (rows x width, width = one or two vectors), left unnormalised: `sums`
 * (width) receives what to divide by. mask, if given, has one number per row. */
static void
softmax_columns (float *s, int64_t rows, int width, const float *mask, float *sums)
{
  for (int at = 0; at < width; at += LANES)
    {
      vf peak = v_set (-INFINITY), sum = { 0 };

      for (int64_t r = 0; r < rows; r++)
        {
          vf t = v_load (s + r * width + at);

          if (mask != NULL)
            {
              t += mask[r];
              v_store (s + r * width + at, t);
            }
          peak = v_max (peak, t);
        }
      for (int64_t r = 0; r < rows; r++)
        {
          vf t = v_exp (v_load (s + r * width + at) - peak);

          sum += t;
          v_store (s + r * width + at, t);
        }
      v_store (sums + at, sum);
    }
}

static void
layer_norm (const float *x, const float *gamma, const float *beta, float *y, int64_t n, float eps, float *mean,
            float *rstd)
{
  vf sum = { 0 }, squares = { 0 };
  float m, r;

  V_ROW (n, sum += V_GET (x););
  m = v_sum (sum) / n;
  V_ROW (n, {
    vf t = V_GET (x) - m;

    t = V_KEEP (t);
    squares += t * t;
  });
  r = 1.f / sqrtf (v_sum (squares) / n + eps);
  V_ROW (n, V_PUT (y, (V_GET (x) - m) * r * V_GET (gamma) + V_GET (beta)););
  if (mean != NULL)
    *mean = m;
  if (rstd != NULL)
    *rstd = r;
}

static void
layer_norm_grad (const float *dy, const float *x, const float *gamma, float mean, float rstd, float *dx, int64_t n)
{
  vf sum = { 0 }, along = { 0 };
  float a, b;

  V_ROW (n, {
    vf g = V_GET (dy) * V_GET (gamma);

    sum += g;
    along += g * ((V_GET (x) - mean) * rstd);
  });
  a = v_sum (sum) / n;
  b = v_sum (along) / n;
  V_ROW (n, {
    vf g = V_GET (dy) * V_GET (gamma);
    vf normal = (V_GET (x) - mean) * rstd;

    V_PUT (dx, V_GET (dx) + (g - a - normal * b) * rstd);
  });
}

static void
layer_norm_grad_columns (const float *dy, int64_t lddy, const float *x, int64_t ldx, const float *mean,
                         const float *rstd, int64_t rows, int64_t n, float *dgamma, float *dbeta)
{
  V_ROW (n, {
    vf scale_sum = { 0 };
    vf shift_sum = { 0 };

    for (int64_t r = 0; r < rows; r++)
      {
        vf g = V_GET (dy + r * lddy);

        shift_sum += g;
        if (dgamma != NULL)
          scale_sum += g * ((V_GET (x + r * ldx) - mean[r]) * rstd[r]);
      }
    if (dgamma != NULL)
      V_PUT (dgamma, V_GET (dgamma) + scale_sum);
    if (dbeta != NULL)
      V_PUT (dbeta, V_GET (dbeta) + shift_sum);
  });
}

static void
l2_normalize (const float *x, float *y, int64_t n, float eps, float *norm)
{
  vf squares = { 0 };
  float length;

  V_ROW (n, squares += V_GET (x) * V_GET (x););
  length = sqrtf (v_sum (squares));
  length = length > eps ? length : eps;
  V_ROW (n, V_PUT (y, V_GET (x) / length););
  if (norm != NULL)
    *norm = length;
}

static void
l2_normalize_grad (const float *dy, const float *y, float norm, float *dx, int64_t n)
{
  vf sum = { 0 };
  float along;

  V_ROW (n, sum += V_GET (y) * V_GET (dy););
  along = v_sum (sum);
  V_ROW (n, V_PUT (dx, V_GET (dx) + (V_GET (dy) - V_GET (y) * along) / norm););
}

static void
activate (const float *x, float *y, int64_t n, CpuActivation act)
{
  if (act == CPU_ACT_GELU)
    V_ROW (n, V_PUT (y, v_gelu (V_GET (x))););
  else
    V_ROW (n, V_PUT (y, v_max (v_set (0.f), V_GET (x))););
}

static void
activate_grad (const float *x, const float *dy, float *dx, int64_t n, CpuActivation act)
{
  if (act == CPU_ACT_GELU)
    V_ROW (n, V_PUT (dx, V_GET (dx) + v_gelu_slope (V_GET (x)) * V_GET (dy)););
  else
    V_ROW (n, V_PUT (dx, V_GET (dx) + v_where (V_GET (x) > 0.f, V_GET (dy))););
}

static void
finish (float *y, const float *bias, const float *residual, float *pre, int64_t n, CpuActivation act)
{
  V_ROW (n, {
    vf t = V_GET (y);

    if (bias != NULL)
      t += V_GET (bias);
    if (pre != NULL)
      V_PUT (pre, t);
    if (act == CPU_ACT_GELU)
      t = v_gelu (t);
    else if (act == CPU_ACT_RELU)
      t = v_max (v_set (0.f), t);
    if (residual != NULL)
      t += V_GET (residual);
    V_PUT (y, t);
  });
}

static void
add (const float *a, const float *b, float *y, int64_t n)
{
  V_ROW (n, V_PUT (y, V_GET (a) + V_GET (b)););
}

static void
add_scaled (const float *a, float *y, int64_t n, float alpha)
{
  V_ROW (n, V_PUT (y, V_GET (y) + alpha * V_GET (a)););
}

static void
scale (const float *x, float *y, int64_t n, float divisor)
{
  V_ROW (n, V_PUT (y, V_GET (x) / divisor););
}

static void
add_divided (const float *x, float *y, int64_t n, float divisor)
{
  V_ROW (n, V_PUT (y, V_GET (y) + V_GET (x) / divisor););
}

/* Partial sums of 1024 products in f32, those in double. */
static double
dot (const float *a, const float *b, int64_t n)
{
  double total = 0;

  for (int64_t from = 0; from < n; from += 1024)
    {
      int64_t count = n - from < 1024 ? n - from : 1024;
      vf sum = { 0 };

      V_ROW (count, sum += V_GET (a + from) * V_GET (b + from););
      total += v_sum (sum);
    }
  return total;
}

static void
sum_rows (const float *in, int64_t ld, int64_t rows, int64_t n, float *out)
{
  V_ROW (n, {
    vf sum = { 0 };

    for (int64_t r = 0; r < rows; r++)
      sum += V_GET (in + r * ld);
    V_PUT (out, V_GET (out) + sum);
  });
}

static void
exponential (const float *x, float *y, int64_t n)
{
  V_ROW (n, V_PUT (y, v_exp (V_GET (x))););
}
