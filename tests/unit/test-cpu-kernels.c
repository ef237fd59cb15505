/* SPDX-License-Identifier: MIT
 * The cpu backend's inner loops, for every instruction set this machine can run: accuracy of the functions
 * against double, tiles of products and packed forms against plain loops. */
#include "cpu-kernels.h"
#include "tap.h"

#include <stdlib.h>

#define RANDOM(n) random_floats ((n), 1)

static float *
random_floats (int64_t n, float scale)
{
  static uint32_t state = 12345;
  float *numbers = malloc ((size_t) (n > 0 ? n : 1) * sizeof *numbers);

  for (int64_t i = 0; i < n; i++)
    {
      state = state * 1664525u + 1013904223u;
      numbers[i] = scale * ((float) (state >> 8) / 8388608.f - 1.f);
    }
  return numbers;
}

static double
gelu (double x)
{
  return 0.5 * x * erfc (-x * M_SQRT1_2);
}

static double
gelu_slope (double x)
{
  return 0.5 * erfc (-x * M_SQRT1_2) + x * exp (-0.5 * x * x) * 0.3989422804014327;
}

/* Largest error over a dense grid that also ends in partial vectors. */
static void
test_functions (const CpuKernels *kernels)
{
  enum { N = 400003 };
  float *x = malloc (N * sizeof *x), *y = malloc (N * sizeof *y), *ones = malloc (N * sizeof *ones);
  double exp_ulps = 0, gelu_error = 0, slope_error = 0, relative_tail = 0;
  float edge[6] = { -88, -1000, -1e9f, -3e38f, NAN, 0 };

  for (int i = 0; i < N; i++)
    x[i] = -86.9f + 174.8f * i / (N - 1);
  kernels->exponential (x, y, N);
  for (int i = 0; i < N; i++)
    exp_ulps = fmax (exp_ulps, fabs (y[i] / exp (x[i]) - 1) / 1.1920929e-7);
  tap_ok (exp_ulps < 2, "/cpu/%s/exponential is right to 2 units in the last place (%.2f)", kernels->name, exp_ulps);
  kernels->exponential (edge, edge, 6);
  tap_ok (edge[0] == 0 && edge[1] == 0 && edge[2] == 0 && edge[3] == 0 && isnan (edge[4]) && edge[5] == 1,
          "/cpu/%s/exponential vanishes far below, keeps NaN, is 1 at 0", kernels->name);

  for (int i = 0; i < N; i++)
    {
      x[i] = -12.f + 24.f * i / (N - 1);
      ones[i] = 1;
    }
  kernels->activate (x, y, N, CPU_ACT_GELU);
  for (int i = 0; i < N; i++)
    {
      double error = fabs (y[i] - gelu (x[i]));

      /* Above 1 a float itself is coarser than the bound. */
      gelu_error = fmax (gelu_error, error / fmax (1, fabs (x[i])));
      if (x[i] < -0.5 && x[i] > -8)
        relative_tail = fmax (relative_tail, error / fabs (gelu (x[i])));
    }
  tap_ok (gelu_error < 1e-7, "/cpu/%s/GELU is the erf form to 1e-7 (%.2g)", kernels->name, gelu_error);
  tap_ok (relative_tail < 5e-6, "/cpu/%s/GELU keeps its negative tail (relative error %.2g)", kernels->name,
          relative_tail);
  memset (y, 0, N * sizeof *y);
  kernels->activate_grad (x, ones, y, N, CPU_ACT_GELU);
  for (int i = 0; i < N; i++)
    slope_error = fmax (slope_error, fabs (y[i] - gelu_slope (x[i])));
  tap_ok (slope_error < 2.5e-7, "/cpu/%s/GELU's slope is right to 2.5e-7 (%.2g)", kernels->name, slope_error);

  x[0] = NAN;
  x[1] = INFINITY;
  x[2] = 1e30f;
  x[3] = -1e30f;
  kernels->activate (x, y, 4, CPU_ACT_GELU);
  tap_ok (isnan (y[0]) && isinf (y[1]) && y[2] == 1e30f && y[3] == 0, "/cpu/%s/GELU at the ends of the range",
          kernels->name);
  free (x);
  free (y);
  free (ones);
}

/* Every tile height, widths around one and two vectors, both ways of reading a; guards around the result. */
static void
test_product (const CpuKernels *kernels)
{
  const int64_t k = 37;
  const int nr = kernels->nr, ldc = nr + 3;
  float *a = RANDOM (kernels->mr * k), *a_columns = malloc ((size_t) (kernels->mr * k) * sizeof *a);
  float *b = RANDOM (k * nr);
  float *c = malloc ((size_t) ((kernels->mr + 1) * ldc) * sizeof *c);
  double worst = 0;
  bool guarded = true;

  for (int m = 1; m <= kernels->mr; m++)
    {
      kernels->pack (a, k, 1, m, m, k, a_columns);
      for (int n = 1; n <= nr; n++)
        for (int way = 0; way < 4; way++)
          {
            bool add = way & 1, by_row = way & 2;

            for (int i = 0; i < (kernels->mr + 1) * ldc; i++)
              c[i] = 7;
            kernels->product (m, n, k, by_row ? a : a_columns, by_row ? k : 1, by_row ? 1 : m, b, nr, b, c, ldc, 0.5f,
                             add);
            for (int i = 0; i < kernels->mr + 1; i++)
              for (int j = 0; j < ldc; j++)
                {
                  double wanted = add ? 7 : 0;

                  if (i >= m || j >= n)
                    {
                      guarded &= c[i * ldc + j] == 7;
                      continue;
                    }
                  for (int kk = 0; kk < k; kk++)
                    wanted += 0.5 * a[i * k + kk] * b[kk * nr + j];
                  worst = fmax (worst, fabs (c[i * ldc + j] - wanted));
                }
          }
    }
  tap_ok (worst < 5e-6, "/cpu/%s/tiles of products (%.2g)", kernels->name, worst);
  tap_ok (guarded, "/cpu/%s/tiles write only their part", kernels->name);
  free (a);
  free (a_columns);
  free (b);
  free (c);
}

static void
test_pack (const CpuKernels *kernels)
{
  const int64_t k = 11;
  const int most = kernels->nr;
  float *in = RANDOM (200 * 200), *out = malloc ((size_t) (most * k) * sizeof *out);
  static const int64_t strides[][2] = { { 1, 57 }, { 57, 1 }, { 3, 91 } };
  bool same = true;

  for (int s = 0; s < 3; s++)
    for (int count = 1; count <= most; count++)
      for (int width = count; width <= most; width += 3)
        {
          memset (out, 0xff, (size_t) (most * k) * sizeof *out);
          kernels->pack (in, strides[s][0], strides[s][1], count, width, k, out);
          for (int64_t kk = 0; kk < k; kk++)
            for (int j = 0; j < width; j++)
              same &= out[kk * width + j] == (j < count ? in[j * strides[s][0] + kk * strides[s][1]] : 0);
        }
  tap_ok (same, "/cpu/%s/packing keeps every number and fills with 0", kernels->name);
  free (in);
  free (out);
}

/* dx += dy w from the packed form of w, for rows and outputs that do not fill tiles. */
static void
test_product_back (const CpuKernels *kernels)
{
  const int64_t n = kernels->nr + 5, k = 23, panels = 2, width = 2 * kernels->nr;
  float *w = RANDOM (n * k), *dy = RANDOM (16 * width), *dx = malloc (16 * 30 * sizeof *dx);
  float *packed = malloc ((size_t) (panels * kernels->nr * k) * sizeof *packed);
  double worst = 0;
  bool guarded = true;

  for (int i = 0; i < 16; i++)
    for (int64_t j = n; j < width; j++)
      dy[i * width + j] = 0;
  kernels->pack (w, k, 1, kernels->nr, kernels->nr, k, packed);
  kernels->pack (w + kernels->nr * k, k, 1, 5, kernels->nr, k, packed + kernels->nr * k);
  for (int m = 1; m <= 15; m++)
    for (int from = 0; from < 3; from++)
      {
        int64_t count = k - from - 2;

        for (int i = 0; i < 16 * 30; i++)
          dx[i] = 3;
        kernels->product_back (m, from, count, kernels->nr * k, panels, dy, width, packed, dx + from, 30);
        for (int i = 0; i < 16; i++)
          for (int o = 0; o < 30; o++)
            {
              double wanted = 3;

              if (i >= m || o < from || o >= from + count)
                {
                  guarded &= dx[i * 30 + o] == 3;
                  continue;
                }
              for (int64_t j = 0; j < n; j++)
                wanted += (double) dy[i * width + j] * w[j * k + o];
              worst = fmax (worst, fabs (dx[i * 30 + o] - wanted));
            }
      }
  tap_ok (worst < 1e-5, "/cpu/%s/gradient through the packed form (%.2g)", kernels->name, worst);
  tap_ok (guarded, "/cpu/%s/gradient writes only its part", kernels->name);
  free (w);
  free (dy);
  free (dx);
  free (packed);
}

static void
test_softmax (const CpuKernels *kernels)
{
  enum { N = 53 };
  float *x = random_floats (N, 20), mask[N], y[N], columns[N * 32], sums[32];
  const int width = kernels->nr;
  double worst = 0, total = 0;
  bool vanished = true;

  for (int j = 0; j < N; j++)
    mask[j] = j % 3 == 1 ? -1e9f : 0;
  kernels->softmax (x, mask, y, N);
  for (int j = 0; j < N; j++)
    if (j % 3 != 1)
      total += exp (x[j]);
  for (int j = 0; j < N; j++)
    {
      vanished &= j % 3 != 1 || y[j] == 0;
      worst = fmax (worst, fabs (y[j] - (j % 3 != 1 ? exp (x[j]) / total : 0)));
    }
  tap_ok (worst < 1e-6 && vanished, "/cpu/%s/softmax leaves out masked keys (%.2g)", kernels->name, worst);

  /* All-negative rows: lanes beyond the row must not count as 0. */
  for (int j = 0; j < N; j++)
    x[j] = -5000 - j;
  kernels->softmax (x, NULL, y, N);
  tap_near (y[0], 1 / (1 + exp (-1) + exp (-2) + exp (-3) + exp (-4) + exp (-5) + exp (-6) + exp (-7) + exp (-8)
                       + exp (-9) + exp (-10) + exp (-11)), 1e-5, "/cpu/softmax of large negative scores");

  for (int j = 0; j < N; j++)
    for (int i = 0; i < width; i++)
      columns[j * width + i] = sinf ((float) (j * 7 + i));
  kernels->softmax_columns (columns, N, width, mask, sums);
  worst = 0;
  for (int i = 0; i < width; i++)
    {
      total = 0;
      for (int j = 0; j < N; j++)
        total += mask[j] == 0 ? exp (sinf ((float) (j * 7 + i))) : 0;
      for (int j = 0; j < N; j++)
        worst = fmax (worst, fabs (columns[j * width + i] / sums[i]
                                   - (mask[j] == 0 ? exp (sinf ((float) (j * 7 + i))) / total : 0)));
    }
  tap_ok (worst < 1e-6, "/cpu/%s/softmax down the columns (%.2g)", kernels->name, worst);
  free (x);
}

int
main (void)
{
  const CpuKernels *kernels;
  int sets = 0;

  for (; (kernels = cpu_kernels_nth (sets)) != NULL; sets++)
    {
      test_functions (kernels);
      test_product (kernels);
      test_pack (kernels);
      test_product_back (kernels);
      test_softmax (kernels);
    }
  tap_ok (sets >= 1, "/cpu/instruction sets run here: %d", sets);
  setenv ("ALBEF_CPU_ISA", "baseline", 1);
  tap_ok (cpu_kernels_choose () == &cpu_kernels_baseline, "/cpu/ALBEF_CPU_ISA=baseline is obeyed");
  setenv ("ALBEF_CPU_ISA", "no-such", 1);
  tap_ok (cpu_kernels_choose () == cpu_kernels_nth (0), "/cpu/an unknown ALBEF_CPU_ISA means the best");
  return tap_done ();
}
