/* SPDX-License-Identifier: MIT
 * cpu-kernels.h: what is compiled once per instruction set and chosen at run time.
 *
 * Everything here works on plain arrays, on one thread. Drivers (cpu-linear.c, cpu-gemm.c,
 * cpu-attention.c, cpu-rows.c) cut the work into pieces for the threads and call these. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum
{
  CPU_ACT_NONE,
  CPU_ACT_GELU,
  CPU_ACT_RELU
} CpuActivation;

/* AdamW with what is the same for all elements worked out. */
typedef struct
{
  float scale;           /* of the gradient */
  float keep;            /* 1 - lr decay */
  float beta1, rest1;    /* rest: 1 - beta */
  float beta2, rest2;
  float step;            /* lr / (1 - beta1^t) */
  float root;            /* 1 / sqrt (1 - beta2^t) */
  float eps;
} CpuAdamW;

typedef struct
{
  uint32_t seed_low, seed_high, stream; /* counter.h */
  uint32_t threshold;                   /* kept: the number's 24 bits are at least this */
  float factor;                         /* 1 / (1 - p) */
  bool add;
} CpuDropout;

typedef struct
{
  const char *name; /* "AVX-512" */
  int lanes;        /* floats in a vector */
  int mr, nr;       /* tile of `product`: at most mr rows by nr = 2 lanes columns */
  int gr;           /* rows of `product_back` */

  /* c (m x n, ldc) = alpha a b, or += with add. m <= mr, n <= nr. Element (i, kk) of a is
   * a[i a_row + kk a_k]; one of a_row, a_k must be 1. b is k rows of nr floats (of `lanes` floats suffice
   * where n <= lanes), ldb apart; rows are read in full vectors, columns from n on count for nothing. `next`:
   * where k nr floats lie that will be wanted soon (only fetched, never used; b itself where there are none). */
  void (*product) (int m, int n, int64_t k, const float *a, int64_t a_row, int64_t a_k, const float *b, int64_t ldb,
                   const float *next, float *c, int64_t ldc, float alpha, bool add);

  /* out[kk * width + j] = in[j in_j + kk in_k] for j < count, 0 for count <= j < width. */
  void (*pack) (const float *in, int64_t in_j, int64_t in_k, int count, int width, int64_t k, float *out);

  /* dx (m x k_count, lddx) += dy w for the rows k_from ... of a weight packed in panels of nr columns
   * (panel p starts p `stride` floats on and holds the rows of nr floats); dy is m x (panels nr), zero beyond the weight's columns. */
  void (*product_back) (int m, int64_t k_from, int64_t k_count, int64_t stride, int64_t panels, const float *dy,
                        int64_t lddy, const float *w, float *dx, int64_t lddx);

  /* Rows. y may be x unless said otherwise. */
  void (*softmax) (const float *x, const float *mask, float *y, int64_t n); /* mask may be NULL */
  void (*softmax_grad) (const float *y, const float *dy, float *dx, int64_t n);
  /* Down the columns of s (rows x width, width = lanes or 2 lanes), left unnormalised: sums (width) receives
   * what to divide by. mask: one number per row, or NULL. */
  void (*softmax_columns) (float *s, int64_t rows, int width, const float *mask, float *sums);
  void (*layer_norm) (const float *x, const float *gamma, const float *beta, float *y, int64_t n, float eps,
                      float *mean, float *rstd);
  void (*layer_norm_grad) (const float *dy, const float *x, const float *gamma, float mean, float rstd, float *dx,
                           int64_t n);
  /* dgamma, dbeta (either may be NULL) += for n neighbouring columns over all rows. */
  void (*layer_norm_grad_columns) (const float *dy, int64_t lddy, const float *x, int64_t ldx, const float *mean,
                                   const float *rstd, int64_t rows, int64_t n, float *dgamma, float *dbeta);
  void (*l2_normalize) (const float *x, float *y, int64_t n, float eps, float *norm);
  void (*l2_normalize_grad) (const float *dy, const float *y, float norm, float *dx, int64_t n);
  void (*activate) (const float *x, float *y, int64_t n, CpuActivation act);
  void (*activate_grad) (const float *x, const float *dy, float *dx, int64_t n, CpuActivation act);
  /* y = act (y + bias) + residual; each of bias, residual, pre (receives y + bias) may be NULL. */
  void (*finish) (float *y, const float *bias, const float *residual, float *pre, int64_t n, CpuActivation act);
  void (*add) (const float *a, const float *b, float *y, int64_t n);
  void (*add_scaled) (const float *a, float *y, int64_t n, float alpha);
  void (*scale) (const float *x, float *y, int64_t n, float divisor);          /* y = x / divisor */
  void (*add_divided) (const float *x, float *y, int64_t n, float divisor);    /* y += x / divisor */
  double (*dot) (const float *a, const float *b, int64_t n);
  void (*sum_rows) (const float *in, int64_t ld, int64_t rows, int64_t n, float *out); /* out += */
  void (*exponential) (const float *x, float *y, int64_t n); /* for tests of what softmax is made of */

  /* Training (cpu-training.inc.h). exp_sum: sum of e^(x - largest), and the largest. */
  double (*exp_sum) (const float *x, int64_t n, float *largest);
  /* out = factor e^(x - largest) + rest hard; hard may be NULL. */
  void (*soften) (const float *x, const float *hard, float *out, int64_t n, float largest, float factor, float rest);
  double (*cross_entropy) (const float *x, const float *target, int64_t n, double lse); /* sum of target (lse - x) */
  void (*cross_entropy_grad) (const float *x, const float *target, float *dx, int64_t n, const float *lse, float scale);
  void (*momentum) (const float *x, float *y, int64_t n, float keep, float follow); /* y = keep y + follow x */
  void (*adamw) (float *w, const float *g, float *m, float *v, int64_t n, const CpuAdamW *rule);
  /* Numbers `first` ... of the counter; y = factor x where one is kept, else 0 (+= with add). */
  void (*dropout) (const float *x, float *y, int64_t n, uint64_t first, const CpuDropout *rule);
  void (*tangent_gelu) (const float *x, const float *x_dot, float *y_dot, int64_t n);
  void (*tangent_softmax) (const float *p, const float *x_dot, float *y_dot, int64_t n);
  /* dx, dx_dot (either may be NULL) +=. */
  void (*tangent_gelu_grad) (const float *x, const float *x_dot, const float *dy, float *dx, float *dx_dot, int64_t n);
  void (*tangent_softmax_grad) (const float *p, const float *x_dot, const float *dy, float *dp, float *dx_dot,
                                int64_t n);
} CpuKernels;

/* Only those that were built: x86-64 has all three, others the first. */
extern const CpuKernels cpu_kernels_baseline;
extern const CpuKernels cpu_kernels_avx2;
extern const CpuKernels cpu_kernels_avx512;

/* The i-th set this processor can run, best first; NULL after the last. ALBEF_CPU_ISA is not looked at. */
const CpuKernels *cpu_kernels_nth (int i);

/* The set to use: the best one, or the one ALBEF_CPU_ISA (baseline, avx2, avx512) names, if it runs here. */
const CpuKernels *cpu_kernels_choose (void);
