/* SPDX-License-Identifier: MIT
 * cpu-rows.c: everything that is not a product: rows, elementwise work, copies, look-ups. */
#include "cpu.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs BODY over `from` ... `to`, this thread's share of `total` cut at multiples of `unit`. */
#define SHARED_OUT(cpu, total, unit, floats, ...)                                                                      \
  do                                                                                                                   \
    {                                                                                                                  \
      int threads_ = cpu_threads_for_floats ((cpu), (double) (floats));                                                \
      _Pragma ("omp parallel num_threads (threads_) if (threads_ > 1)")                                                \
      {                                                                                                                \
        int64_t from, to;                                                                                              \
                                                                                                                       \
        cpu_share ((total), omp_get_thread_num (), omp_get_num_threads (), (unit), &from, &to);                        \
        __VA_ARGS__                                                                                                    \
      }                                                                                                                \
    }                                                                                                                  \
  while (0)

/* Elementwise shares start on cache lines of their own. */
#define LINE 16

static void
run_fill (CpuBackend *cpu, const FillArgs *args)
{
  float *out = cpu_floats (args->out);

  SHARED_OUT (cpu, args->n, LINE, args->n, {
    if (args->value == 0 && to > from)
      memset (out + from, 0, (size_t) (to - from) * sizeof *out);
    else
      for (int64_t i = from; i < to; i++)
        out[i] = args->value;
  });
}

static void
run_copy (CpuBackend *cpu, const CopyArgs *args)
{
  const float *in = cpu_floats (args->in);
  float *out = cpu_floats (args->out);
  bool side_by_side = args->n0 == 1 && (args->n1 == 1 || (args->in_s1 == args->n2 && args->out_s1 == args->n2));

  /* One long run is cut by elements, anything else by rows. */
  if (side_by_side)
    SHARED_OUT (cpu, args->n1 * args->n2, LINE, 2 * args->n1 * args->n2, {
      if (args->accumulate)
        cpu->kernels->add_scaled (in + from, out + from, to - from, 1);
      else if (to > from)
        memcpy (out + from, in + from, (size_t) (to - from) * sizeof *out);
    });
  else
    SHARED_OUT (cpu, args->n0 * args->n1, 1, 2 * args->n0 * args->n1 * args->n2, {
      for (int64_t r = from; r < to; r++)
        {
          int64_t a = r / args->n1;
          int64_t b = r % args->n1;
          const float *source = in + a * args->in_s0 + b * args->in_s1;
          float *target = out + a * args->out_s0 + b * args->out_s1;

          if (args->accumulate)
            cpu->kernels->add_scaled (source, target, args->n2, 1);
          else
            memcpy (target, source, (size_t) args->n2 * sizeof *target);
        }
    });
}

static void
run_softmax (CpuBackend *cpu, const SoftmaxArgs *args)
{
  const float *x = cpu_floats (args->x), *mask = cpu_floats (args->mask);
  float *y = cpu_floats (args->y);
  int64_t rows = args->batch * args->heads * args->queries, n = args->keys;

  SHARED_OUT (cpu, rows, 1, 8 * rows * n, {
    for (int64_t r = from; r < to; r++)
      {
        int64_t batch = r / (args->heads * args->queries);
        int64_t line = args->mask_queries > 1 ? batch * args->mask_queries + r % args->queries : batch;

        cpu->kernels->softmax (x + r * n, mask != NULL ? mask + line * n : NULL, y + r * n, n);
      }
  });
}

static void
run_softmax_grad (CpuBackend *cpu, const SoftmaxGradArgs *args)
{
  const float *y = cpu_floats (args->y), *dy = cpu_floats (args->dy);
  float *dx = cpu_floats (args->dx);
  int64_t n = args->n;

  SHARED_OUT (cpu, args->rows, 1, 4 * args->rows * n, {
    for (int64_t r = from; r < to; r++)
      cpu->kernels->softmax_grad (y + r * n, dy + r * n, dx + r * n, n);
  });
}

static void
run_layer_norm (CpuBackend *cpu, const LayerNormArgs *args)
{
  const float *x = cpu_floats (args->x), *gamma = cpu_floats (args->gamma), *beta = cpu_floats (args->beta);
  float *y = cpu_floats (args->y), *mean = cpu_floats (args->mean), *rstd = cpu_floats (args->rstd);

  SHARED_OUT (cpu, args->rows, 1, 4 * args->rows * args->n, {
    for (int64_t r = from; r < to; r++)
      cpu->kernels->layer_norm (x + r * args->ldx, gamma, beta, y + r * args->ldy, args->n, args->eps,
                                mean != NULL ? mean + r : NULL, rstd != NULL ? rstd + r : NULL);
  });
}

static void
run_layer_norm_grad (CpuBackend *cpu, const LayerNormGradArgs *args)
{
  const float *dy = cpu_floats (args->dy), *x = cpu_floats (args->x), *gamma = cpu_floats (args->gamma);
  const float *mean = cpu_floats (args->mean), *rstd = cpu_floats (args->rstd);
  float *dx = cpu_floats (args->dx), *dgamma = cpu_floats (args->dgamma), *dbeta = cpu_floats (args->dbeta);

  if (dx != NULL)
    SHARED_OUT (cpu, args->rows, 1, 6 * args->rows * args->n, {
      for (int64_t r = from; r < to; r++)
        cpu->kernels->layer_norm_grad (dy + r * args->lddy, x + r * args->ldx, gamma, mean[r], rstd[r],
                                       dx + r * args->lddx, args->n);
    });
  if (args->rows > 0 && (dgamma != NULL || dbeta != NULL))
    SHARED_OUT (cpu, args->n, LINE, 3 * args->rows * args->n, {
      cpu->kernels->layer_norm_grad_columns (dy + from, args->lddy, x + from, args->ldx, mean, rstd, args->rows,
                                             to - from, dgamma != NULL ? dgamma + from : NULL,
                                             dbeta != NULL ? dbeta + from : NULL);
    });
}

static void
run_l2_normalize (CpuBackend *cpu, const L2NormalizeArgs *args)
{
  const float *x = cpu_floats (args->x);
  float *y = cpu_floats (args->y), *norm = cpu_floats (args->norm);

  SHARED_OUT (cpu, args->rows, 1, 3 * args->rows * args->n, {
    for (int64_t r = from; r < to; r++)
      cpu->kernels->l2_normalize (x + r * args->ldx, y + r * args->ldy, args->n, args->eps,
                                  norm != NULL ? norm + r : NULL);
  });
}

static void
run_l2_normalize_grad (CpuBackend *cpu, const L2NormalizeGradArgs *args)
{
  const float *dy = cpu_floats (args->dy), *y = cpu_floats (args->y), *norm = cpu_floats (args->norm);
  float *dx = cpu_floats (args->dx);

  SHARED_OUT (cpu, args->rows, 1, 4 * args->rows * args->n, {
    for (int64_t r = from; r < to; r++)
      cpu->kernels->l2_normalize_grad (dy + r * args->lddy, y + r * args->ldy, norm[r], dx + r * args->lddx, args->n);
  });
}

static void
run_unary (CpuBackend *cpu, const UnaryArgs *args)
{
  const float *x = cpu_floats (args->x);
  float *y = cpu_floats (args->y);
  CpuActivation act = args->op == UNARY_GELU ? CPU_ACT_GELU : CPU_ACT_RELU;

  SHARED_OUT (cpu, args->n, LINE, 5 * args->n, { cpu->kernels->activate (x + from, y + from, to - from, act); });
}

static void
run_unary_grad (CpuBackend *cpu, const UnaryGradArgs *args)
{
  const float *x = cpu_floats (args->x), *dy = cpu_floats (args->dy);
  float *dx = cpu_floats (args->dx);
  CpuActivation act = args->op == UNARY_GELU ? CPU_ACT_GELU : CPU_ACT_RELU;

  SHARED_OUT (cpu, args->n, LINE, 6 * args->n,
              { cpu->kernels->activate_grad (x + from, dy + from, dx + from, to - from, act); });
}

/* y = a + b repeated. Whole repeats are rows; a single one is cut by elements. */
static void
run_add (CpuBackend *cpu, const AddArgs *args)
{
  const float *a = cpu_floats (args->a), *b = cpu_floats (args->b);
  float *y = cpu_floats (args->y);

  if (args->nb == args->n)
    SHARED_OUT (cpu, args->n, LINE, 3 * args->n, { cpu->kernels->add (a + from, b + from, y + from, to - from); });
  else if (args->nb == 1)
    SHARED_OUT (cpu, args->n, LINE, 2 * args->n, {
      float value = b[0];

      for (int64_t i = from; i < to; i++)
        y[i] = a[i] + value;
    });
  else
    SHARED_OUT (cpu, args->n / args->nb, 1, 3 * args->n, {
      for (int64_t r = from; r < to; r++)
        cpu->kernels->add (a + r * args->nb, b, y + r * args->nb, args->nb);
    });
}

static void
run_add_scaled (CpuBackend *cpu, const AddScaledArgs *args)
{
  const float *a = cpu_floats (args->a);
  float *y = cpu_floats (args->y);

  SHARED_OUT (cpu, args->n, LINE, 3 * args->n,
              { cpu->kernels->add_scaled (a + from, y + from, to - from, args->alpha); });
}

static void
run_divide (CpuBackend *cpu, const DivideByScalarArgs *args)
{
  const float *x = cpu_floats (args->x), *scalar = cpu_floats (args->scalar);
  float *y = cpu_floats (args->y);

  SHARED_OUT (cpu, args->n, LINE, 2 * args->n, { cpu->kernels->scale (x + from, y + from, to - from, *scalar); });
}

static void
run_divide_grad (CpuBackend *cpu, const DivideByScalarGradArgs *args)
{
  const float *dy = cpu_floats (args->dy), *x = cpu_floats (args->x);
  float scalar = *cpu_floats (args->scalar);
  float *dx = cpu_floats (args->dx), *dscalar = cpu_floats (args->dscalar);

  if (dx != NULL)
    SHARED_OUT (cpu, args->n, LINE, 3 * args->n,
                { cpu->kernels->add_divided (dy + from, dx + from, to - from, scalar); });
  if (dscalar != NULL && args->n > 0)
    *dscalar -= (float) (cpu->kernels->dot (dy, x, args->n) / ((double) scalar * scalar));
}

static void
run_sum_rows (CpuBackend *cpu, const SumRowsArgs *args)
{
  const float *in = cpu_floats (args->in);
  float *out = cpu_floats (args->out);

  if (args->rows > 0)
    SHARED_OUT (cpu, args->n, LINE, args->rows * args->n,
                { cpu->kernels->sum_rows (in + from, args->ld, args->rows, to - from, out + from); });
}

/* Where a row of a table starts; stops the program on an index outside it. */
static int64_t
checked_index (int32_t index, int64_t rows, KernelId id)
{
  if (index < 0 || index >= rows)
    {
      fprintf (stderr, "albef: %s: index %d is outside a table of %lld rows\n", kernel_name (id), (int) index,
               (long long) rows);
      abort ();
    }
  return index;
}

static void
run_gather (CpuBackend *cpu, const GatherRowsArgs *args)
{
  const float *table = cpu_floats (args->table);
  const int32_t *index = (const int32_t *) cpu_floats (args->index);
  float *out = cpu_floats (args->out);

  SHARED_OUT (cpu, args->rows, 1, 2 * args->rows * args->n, {
    for (int64_t r = from; r < to; r++)
      memcpy (out + r * args->n, table + checked_index (index[r], args->table_rows, KERNEL_GATHER_ROWS) * args->n,
              (size_t) args->n * sizeof *out);
  });
}

/* Rows may repeat, so threads share out columns: each column's sums keep the order of the rows. */
static void
run_scatter_add (CpuBackend *cpu, const ScatterAddRowsArgs *args)
{
  const float *in = cpu_floats (args->in);
  const int32_t *index = (const int32_t *) cpu_floats (args->index);
  float *table = cpu_floats (args->table);

  SHARED_OUT (cpu, args->n, LINE, 3 * args->rows * args->n, {
    for (int64_t r = 0; r < args->rows; r++)
      if (index[r] != args->skip)
        cpu->kernels->add_scaled (
            in + r * args->n + from,
            table + checked_index (index[r], args->table_rows, KERNEL_SCATTER_ADD_ROWS) * args->n + from, to - from, 1);
  });
}

static void
run_patches (CpuBackend *cpu, const PatchesArgs *args)
{
  const float *image = cpu_floats (args->image);
  float *out = cpu_floats (args->out);
  int64_t p = args->patch, patches = args->grid_h * args->grid_w, line = args->grid_w * p;
  int64_t total = args->batch * patches;

  SHARED_OUT (cpu, total, 1, 2 * total * 3 * p * p, {
    for (int64_t t = from; t < to; t++)
      {
        int64_t b = t / patches;
        int64_t top = t % patches / args->grid_w * p;
        int64_t left = t % args->grid_w * p;

        for (int64_t c = 0; c < 3; c++)
          for (int64_t y = 0; y < p; y++)
            memcpy (out + ((t * 3 + c) * p + y) * p,
                    image + ((b * 3 + c) * args->grid_h * p + top + y) * line + left, (size_t) p * sizeof *out);
      }
  });
}

void
cpu_rows_run (CpuBackend *cpu, const KernelCall *call)
{
  switch (call->id)
    {
    case KERNEL_FILL:
      run_fill (cpu, &call->fill);
      break;
    case KERNEL_COPY:
      run_copy (cpu, &call->copy);
      break;
    case KERNEL_SOFTMAX:
      run_softmax (cpu, &call->softmax);
      break;
    case KERNEL_SOFTMAX_GRAD:
      run_softmax_grad (cpu, &call->softmax_grad);
      break;
    case KERNEL_LAYER_NORM:
      run_layer_norm (cpu, &call->layer_norm);
      break;
    case KERNEL_LAYER_NORM_GRAD:
      run_layer_norm_grad (cpu, &call->layer_norm_grad);
      break;
    case KERNEL_L2_NORMALIZE:
      run_l2_normalize (cpu, &call->l2_normalize);
      break;
    case KERNEL_L2_NORMALIZE_GRAD:
      run_l2_normalize_grad (cpu, &call->l2_normalize_grad);
      break;
    case KERNEL_UNARY:
      run_unary (cpu, &call->unary);
      break;
    case KERNEL_UNARY_GRAD:
      run_unary_grad (cpu, &call->unary_grad);
      break;
    case KERNEL_ADD:
      run_add (cpu, &call->add);
      break;
    case KERNEL_ADD_SCALED:
      run_add_scaled (cpu, &call->add_scaled);
      break;
    case KERNEL_DIVIDE_BY_SCALAR:
      run_divide (cpu, &call->divide_by_scalar);
      break;
    case KERNEL_DIVIDE_BY_SCALAR_GRAD:
      run_divide_grad (cpu, &call->divide_by_scalar_grad);
      break;
    case KERNEL_SUM_ROWS:
      run_sum_rows (cpu, &call->sum_rows);
      break;
    case KERNEL_GATHER_ROWS:
      run_gather (cpu, &call->gather_rows);
      break;
    case KERNEL_SCATTER_ADD_ROWS:
      run_scatter_add (cpu, &call->scatter_add_rows);
      break;
    case KERNEL_PATCHES:
      run_patches (cpu, &call->patches);
      break;
    default:
      fprintf (stderr, "albef: the cpu backend has no kernel '%s'\n", kernel_name (call->id));
      abort ();
    }
}
