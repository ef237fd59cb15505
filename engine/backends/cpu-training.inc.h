/* SPDX-License-Identifier: MIT
 * cpu-training.inc.h: losses, the optimizer, dropout, tangents (part of cpu-kernels.c). Contracts: cpu-kernels.h.
 *
 * Vocabularies and queues make long rows: sums are f32 within BLOCK elements, double from block to block. */

#include "counter.h"

#define BLOCK 1024

/* Runs BODY over blocks of a row: `from`, and `count` elements. */
#define BLOCKS(n, ...)                                                                                                 \
  for (int64_t from = 0; from < (n); from += BLOCK)                                                                    \
    {                                                                                                                  \
      int64_t count = (n) - from < BLOCK ? (n) - from : BLOCK;                                                         \
      __VA_ARGS__                                                                                                      \
    }

static double
exp_sum (const float *x, int64_t n, float *largest)
{
  vf peak = v_set (-INFINITY);
  double total = 0;
  float top;

  V_ROW (n, {
    vf t = V_GET (x);

    if (WHOLE)
      peak = v_max (peak, t);
    else
      for (int64_t e = 0; e < left_; e++)
        peak[e] = t[e] > peak[e] ? t[e] : peak[e];
  });
  top = v_largest (peak);
  BLOCKS (n, {
    vf sum = { 0 };

    V_ROW (count, {
      vf t = v_exp (V_GET (x + from) - top);

      sum += V_KEEP (t);
    });
    total += v_sum (sum);
  })
  *largest = top;
  return total;
}

static void
soften (const float *x, const float *hard, float *out, int64_t n, float largest, float factor, float rest)
{
  if (hard != NULL)
    V_ROW (n, V_PUT (out, v_exp (V_GET (x) - largest) * factor + V_GET (hard) * rest););
  else
    V_ROW (n, V_PUT (out, v_exp (V_GET (x) - largest) * factor););
}

/* lse - x is taken apart: the part of a block's sum that belongs to lse is multiplied in double. */
static double
cross_entropy (const float *x, const float *target, int64_t n, double lse)
{
  const float near = (float) lse;
  const double far = lse - near;
  double total = 0;

  BLOCKS (n, {
    vf sum = { 0 };
    vf mass = { 0 };

    V_ROW (count, {
      vf t = V_GET (target + from);

      sum += t * (near - V_GET (x + from));
      mass += t;
    });
    total += v_sum (sum) + far * v_sum (mass);
  })
  return total;
}

static void
cross_entropy_grad (const float *x, const float *target, float *dx, int64_t n, const float *lse, float scale)
{
  const float near = lse[0], far = lse[1];
  double total = 0;
  float mass;

  BLOCKS (n, {
    vf sum = { 0 };

    V_ROW (count, sum += V_GET (target + from););
    total += v_sum (sum);
  })
  mass = (float) total;
  V_ROW (n, V_PUT (dx, V_GET (dx) + scale * (v_exp (V_GET (x) - near - far) * mass - V_GET (target))););
}

static void
momentum (const float *x, float *y, int64_t n, float keep, float follow)
{
  V_ROW (n, V_PUT (y, V_GET (y) * keep + V_GET (x) * follow););
}

static void
adamw (float *w, const float *g, float *m, float *v, int64_t n, const CpuAdamW *rule)
{
  const CpuAdamW c = *rule;

  V_ROW (n, {
    vf gradient = V_GET (g) * c.scale;
    vf first = V_GET (m) * c.beta1 + gradient * c.rest1;
    vf second = V_GET (v) * c.beta2 + gradient * gradient * c.rest2;

    V_PUT (m, first);
    V_PUT (v, second);
    V_PUT (w, V_GET (w) * c.keep - c.step * first / (v_sqrt (second) * c.root + c.eps));
  });
}

/* The numbers of a block first, in a loop that the compiler turns into vectors, then what they decide. */
static void
dropout (const float *x, float *y, int64_t n, uint64_t first, const CpuDropout *rule)
{
  const CpuDropout c = *rule;
  float factors[BLOCK];

  BLOCKS (n, {
    for (int64_t e = 0; e < count; e++)
      {
        uint32_t number = counter_number (c.seed_low, c.seed_high, c.stream, first + (uint64_t) (from + e));

        factors[e] = (int32_t) number >= (int32_t) c.threshold ? c.factor : 0.f;
      }
    if (c.add)
      V_ROW (count, V_PUT (y + from, V_GET (y + from) + V_GET (x + from) * V_GET (factors)););
    else
      V_ROW (count, V_PUT (y + from, V_GET (x + from) * V_GET (factors)););
  })
}

static void
tangent_gelu (const float *x, const float *x_dot, float *y_dot, int64_t n)
{
  V_ROW (n, V_PUT (y_dot, v_gelu_slope (V_GET (x)) * V_GET (x_dot)););
}

static float
row_dot (const float *a, const float *b, int64_t n)
{
  vf sum = { 0 };

  V_ROW (n, sum += V_GET (a) * V_GET (b););
  return v_sum (sum);
}

static void
tangent_softmax (const float *p, const float *x_dot, float *y_dot, int64_t n)
{
  float along = row_dot (p, x_dot, n);

  V_ROW (n, V_PUT (y_dot, V_GET (p) * (V_GET (x_dot) - along)););
}

/* gelu'' = phi (x) (2 - x^2). */
static void
tangent_gelu_grad (const float *x, const float *x_dot, const float *dy, float *dx, float *dx_dot, int64_t n)
{
  V_ROW (n, {
    vf t = V_GET (x);
    vf d = V_GET (dy);

    if (dx_dot != NULL)
      V_PUT (dx_dot, V_GET (dx_dot) + v_gelu_slope (t) * d);
    if (dx != NULL)
      {
        vf cut = v_max (v_set (-20.f), v_min (v_set (20.f), t)); /* no infinity times 0 */
        vf bell = v_exp (cut * cut * -0.5f) * 0.398942280f;

        V_PUT (dx, V_GET (dx) + bell * (2.f - cut * cut) * V_GET (x_dot) * d);
      }
  });
}

/* With s = sum p x_dot and r = sum p dy: dp += dy (x_dot - s) - r x_dot, dx_dot += p (dy - r). */
static void
tangent_softmax_grad (const float *p, const float *x_dot, const float *dy, float *dp, float *dx_dot, int64_t n)
{
  float s = row_dot (p, x_dot, n), r = row_dot (p, dy, n);

  if (dp != NULL)
    V_ROW (n, V_PUT (dp, V_GET (dp) + V_GET (dy) * (V_GET (x_dot) - s) - r * V_GET (x_dot)););
  if (dx_dot != NULL)
    V_ROW (n, V_PUT (dx_dot, V_GET (dx_dot) + V_GET (p) * (V_GET (dy) - r)););
}
