/* SPDX-License-Identifier: MIT
 * cpu-rows.c: what is not a product: rows, elementwise work, copies, look-ups; training has cpu-training.c.
 *
 * A kernel is a function that does the rows (or elements, or columns) `from` ... `to` of a call; cpu_share_out
 * cuts a call into such ranges for the threads. */
#include "cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE CPU_LINE

typedef struct
{
  const CpuKernels *kernels;
  const void *args;
  CpuRangeWork work;
  int64_t total, unit, pieces;
} Sharing;

static void
sharing_piece (void *data, int piece, int worker)
{
  const Sharing *sharing = data;
  int64_t from, to;

  cpu_share (sharing->total, piece, sharing->pieces, sharing->unit, &from, &to);
  if (to > from)
    sharing->work (sharing->kernels, sharing->args, from, to);
}

void
cpu_share_out (CpuBackend *cpu, CpuRangeWork work, const void *args, int64_t total, int64_t unit, int64_t floats)
{
  int threads = cpu_threads_for_floats (cpu, (double) floats);
  Sharing sharing = { .kernels = cpu->kernels, .args = args, .work = work, .total = total, .unit = unit };

  if (total <= 0)
    return;
  sharing.pieces = threads == 1 ? 1 : 2 * threads;
  cpu_run_pieces (cpu, threads, sharing.pieces, sharing_piece, &sharing);
}

/* ---------------------------------------------------------------------------------------------------
 * Moving numbers
 */

static void
fill_range (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const FillArgs *args = data;
  float *out = cpu_floats (args->out);

  if (args->value == 0)
    memset (out + from, 0, (size_t) (to - from) * sizeof *out); /* does without reading what it overwrites */
  else
    for (int64_t i = from; i < to; i++)
      out[i] = args->value;
}

static void
copy_run (const CpuKernels *kernels, const float *in, float *out, int64_t n, bool accumulate)
{
  if (accumulate)
    kernels->add_scaled (in, out, n, 1);
  else
    memcpy (out, in, (size_t) n * sizeof *out);
}

static void
copy_rows (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const CopyArgs *args = data;

  for (int64_t r = from; r < to; r++)
    {
      int64_t a = r / args->n1, b = r % args->n1;

      copy_run (kernels, cpu_floats (args->in) + a * args->in_s0 + b * args->in_s1,
                cpu_floats (args->out) + a * args->out_s0 + b * args->out_s1, args->n2, args->accumulate);
    }
}

static void
copy_elements (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const CopyArgs *args = data;

  copy_run (kernels, cpu_floats (args->in) + from, cpu_floats (args->out) + from, to - from, args->accumulate);
}

static void
copy (CpuBackend *cpu, const CopyArgs *args)
{
  int64_t n = args->n0 * args->n1 * args->n2;
  bool one_run = args->n0 == 1 && (args->n1 == 1 || (args->in_s1 == args->n2 && args->out_s1 == args->n2));

  if (n <= 0)
    return;
  if (one_run)
    cpu_share_out (cpu, copy_elements, args, n, LINE, 2 * n);
  else
    cpu_share_out (cpu, copy_rows, args, args->n0 * args->n1, 1, 2 * n);
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
gather_rows (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const GatherRowsArgs *args = data;
  const int32_t *index = (const int32_t *) cpu_floats (args->index);

  for (int64_t r = from; r < to; r++)
    memcpy (cpu_floats (args->out) + r * args->n,
            cpu_floats (args->table) + checked_index (index[r], args->table_rows, KERNEL_GATHER_ROWS) * args->n,
            (size_t) args->n * sizeof (float));
}

/* Rows may repeat, so threads share out columns: each column's sums keep the order of the rows. */
static void
scatter_columns (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const ScatterAddRowsArgs *args = data;
  const int32_t *index = (const int32_t *) cpu_floats (args->index);
  float *table = cpu_floats (args->table);

  for (int64_t r = 0; r < args->rows; r++)
    if (index[r] != args->skip)
      kernels->add_scaled (
          cpu_floats (args->in) + r * args->n + from,
          table + checked_index (index[r], args->table_rows, KERNEL_SCATTER_ADD_ROWS) * args->n + from, to - from, 1);
}

static void
patches (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const PatchesArgs *args = data;
  const float *image = cpu_floats (args->image);
  float *out = cpu_floats (args->out);
  int64_t p = args->patch, count = args->grid_h * args->grid_w, line = args->grid_w * p;

  for (int64_t t = from; t < to; t++)
    {
      int64_t b = t / count, top = t % count / args->grid_w * p, left = t % args->grid_w * p;

      for (int64_t c = 0; c < 3; c++)
        for (int64_t y = 0; y < p; y++)
          memcpy (out + ((t * 3 + c) * p + y) * p, image + ((b * 3 + c) * args->grid_h * p + top + y) * line + left,
                  (size_t) p * sizeof *out);
    }
}

/* ---------------------------------------------------------------------------------------------------
 * Rows
 */

static void
softmax_rows (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const SoftmaxArgs *args = data;
  const float *x = cpu_floats (args->x), *mask = cpu_floats (args->mask);
  float *y = cpu_floats (args->y);
  int64_t n = args->keys;

  for (int64_t r = from; r < to; r++)
    {
      int64_t batch = r / (args->heads * args->queries);
      int64_t line = args->mask_queries > 1 ? batch * args->mask_queries + r % args->queries : batch;

      kernels->softmax (x + r * n, mask != NULL ? mask + line * n : NULL, y + r * n, n);
    }
}

static void
softmax_grad_rows (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const SoftmaxGradArgs *args = data;

  for (int64_t r = from; r < to; r++)
    kernels->softmax_grad (cpu_floats (args->y) + r * args->n, cpu_floats (args->dy) + r * args->n,
                           cpu_floats (args->dx) + r * args->n, args->n);
}

static void
layer_norm_rows (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const LayerNormArgs *args = data;
  float *mean = cpu_floats (args->mean), *rstd = cpu_floats (args->rstd);

  for (int64_t r = from; r < to; r++)
    kernels->layer_norm (cpu_floats (args->x) + r * args->ldx, cpu_floats (args->gamma), cpu_floats (args->beta),
                         cpu_floats (args->y) + r * args->ldy, args->n, args->eps, mean != NULL ? mean + r : NULL,
                         rstd != NULL ? rstd + r : NULL);
}

static void
layer_norm_grad_rows (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const LayerNormGradArgs *args = data;

  for (int64_t r = from; r < to; r++)
    kernels->layer_norm_grad (cpu_floats (args->dy) + r * args->lddy, cpu_floats (args->x) + r * args->ldx,
                              cpu_floats (args->gamma), cpu_floats (args->mean)[r], cpu_floats (args->rstd)[r],
                              cpu_floats (args->dx) + r * args->lddx, args->n);
}

static void
layer_norm_grad_columns (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const LayerNormGradArgs *args = data;
  float *dgamma = cpu_floats (args->dgamma), *dbeta = cpu_floats (args->dbeta);

  kernels->layer_norm_grad_columns (cpu_floats (args->dy) + from, args->lddy, cpu_floats (args->x) + from, args->ldx,
                                    cpu_floats (args->mean), cpu_floats (args->rstd), args->rows, to - from,
                                    dgamma != NULL ? dgamma + from : NULL, dbeta != NULL ? dbeta + from : NULL);
}

static void
l2_normalize_rows (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const L2NormalizeArgs *args = data;
  float *norm = cpu_floats (args->norm);

  for (int64_t r = from; r < to; r++)
    kernels->l2_normalize (cpu_floats (args->x) + r * args->ldx, cpu_floats (args->y) + r * args->ldy, args->n,
                           args->eps, norm != NULL ? norm + r : NULL);
}

static void
l2_normalize_grad_rows (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const L2NormalizeGradArgs *args = data;

  for (int64_t r = from; r < to; r++)
    kernels->l2_normalize_grad (cpu_floats (args->dy) + r * args->lddy, cpu_floats (args->y) + r * args->ldy,
                                cpu_floats (args->norm)[r], cpu_floats (args->dx) + r * args->lddx, args->n);
}

static void
sum_rows_columns (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const SumRowsArgs *args = data;

  kernels->sum_rows (cpu_floats (args->in) + from, args->ld, args->rows, to - from, cpu_floats (args->out) + from);
}

/* ---------------------------------------------------------------------------------------------------
 * Elements
 */

static CpuActivation
activation_of (UnaryOp op)
{
  return op == UNARY_GELU ? CPU_ACT_GELU : CPU_ACT_RELU;
}

static void
unary_elements (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const UnaryArgs *args = data;

  kernels->activate (cpu_floats (args->x) + from, cpu_floats (args->y) + from, to - from, activation_of (args->op));
}

static void
unary_grad_elements (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const UnaryGradArgs *args = data;

  kernels->activate_grad (cpu_floats (args->x) + from, cpu_floats (args->dy) + from, cpu_floats (args->dx) + from,
                          to - from, activation_of (args->op));
}

static void
add_elements (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const AddArgs *args = data;

  kernels->add (cpu_floats (args->a) + from, cpu_floats (args->b) + from, cpu_floats (args->y) + from, to - from);
}

static void
add_repeated (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const AddArgs *args = data;
  const float *a = cpu_floats (args->a), *b = cpu_floats (args->b);
  float *y = cpu_floats (args->y);

  if (args->nb == 1)
    for (int64_t i = from; i < to; i++)
      y[i] = a[i] + b[0];
  else
    for (int64_t r = from; r < to; r++)
      kernels->add (a + r * args->nb, b, y + r * args->nb, args->nb);
}

static void
add_scaled_elements (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const AddScaledArgs *args = data;

  kernels->add_scaled (cpu_floats (args->a) + from, cpu_floats (args->y) + from, to - from, args->alpha);
}

static void
divide_elements (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const DivideByScalarArgs *args = data;

  kernels->scale (cpu_floats (args->x) + from, cpu_floats (args->y) + from, to - from, *cpu_floats (args->scalar));
}

static void
divide_grad_elements (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const DivideByScalarGradArgs *args = data;

  kernels->add_divided (cpu_floats (args->dy) + from, cpu_floats (args->dx) + from, to - from,
                        *cpu_floats (args->scalar));
}

static void
divide_grad (CpuBackend *cpu, const DivideByScalarGradArgs *args)
{
  double scalar = *cpu_floats (args->scalar);

  if (args->dx.buffer != NULL)
    cpu_share_out (cpu, divide_grad_elements, args, args->n, LINE, 3 * args->n);
  if (args->dscalar.buffer != NULL && args->n > 0)
    *cpu_floats (args->dscalar)
        -= (float) (cpu->kernels->dot (cpu_floats (args->dy), cpu_floats (args->x), args->n) / (scalar * scalar));
}

/* ---------------------------------------------------------------------------------------------------
 * Which kernel, cut along what, worth how much
 */

void
cpu_rows_run (CpuBackend *cpu, const KernelCall *call)
{
  switch (call->id)
    {
    case KERNEL_FILL:
      cpu_share_out (cpu, fill_range, &call->fill, call->fill.n, LINE, call->fill.n);
      break;
    case KERNEL_COPY:
      copy (cpu, &call->copy);
      break;
    case KERNEL_SOFTMAX:
      {
        int64_t rows = call->softmax.batch * call->softmax.heads * call->softmax.queries;

        cpu_share_out (cpu, softmax_rows, &call->softmax, call->softmax.keys > 0 ? rows : 0, 1,
                   6 * rows * call->softmax.keys);
      }
      break;
    case KERNEL_SOFTMAX_GRAD:
      cpu_share_out (cpu, softmax_grad_rows, &call->softmax_grad, call->softmax_grad.rows, 1,
                 4 * call->softmax_grad.rows * call->softmax_grad.n);
      break;
    case KERNEL_LAYER_NORM:
      cpu_share_out (cpu, layer_norm_rows, &call->layer_norm, call->layer_norm.n > 0 ? call->layer_norm.rows : 0, 1,
                 4 * call->layer_norm.rows * call->layer_norm.n);
      break;
    case KERNEL_LAYER_NORM_GRAD:
      {
        const LayerNormGradArgs *args = &call->layer_norm_grad;

        if (args->dx.buffer != NULL)
          cpu_share_out (cpu, layer_norm_grad_rows, args, args->rows, 1, 6 * args->rows * args->n);
        if (args->rows > 0 && (args->dgamma.buffer != NULL || args->dbeta.buffer != NULL))
          cpu_share_out (cpu, layer_norm_grad_columns, args, args->n, LINE, 3 * args->rows * args->n);
      }
      break;
    case KERNEL_L2_NORMALIZE:
      cpu_share_out (cpu, l2_normalize_rows, &call->l2_normalize, call->l2_normalize.n > 0 ? call->l2_normalize.rows : 0, 1,
                 3 * call->l2_normalize.rows * call->l2_normalize.n);
      break;
    case KERNEL_L2_NORMALIZE_GRAD:
      cpu_share_out (cpu, l2_normalize_grad_rows, &call->l2_normalize_grad, call->l2_normalize_grad.rows, 1,
                 4 * call->l2_normalize_grad.rows * call->l2_normalize_grad.n);
      break;
    case KERNEL_UNARY:
      cpu_share_out (cpu, unary_elements, &call->unary, call->unary.n, LINE, 5 * call->unary.n);
      break;
    case KERNEL_UNARY_GRAD:
      cpu_share_out (cpu, unary_grad_elements, &call->unary_grad, call->unary_grad.n, LINE, 6 * call->unary_grad.n);
      break;
    case KERNEL_ADD:
      if (call->add.nb == call->add.n)
        cpu_share_out (cpu, add_elements, &call->add, call->add.n, LINE, 3 * call->add.n);
      else if (call->add.nb > 0)
        cpu_share_out (cpu, add_repeated, &call->add, call->add.n / call->add.nb, call->add.nb == 1 ? LINE : 1,
                   3 * call->add.n);
      break;
    case KERNEL_ADD_SCALED:
      cpu_share_out (cpu, add_scaled_elements, &call->add_scaled, call->add_scaled.n, LINE, 3 * call->add_scaled.n);
      break;
    case KERNEL_DIVIDE_BY_SCALAR:
      cpu_share_out (cpu, divide_elements, &call->divide_by_scalar, call->divide_by_scalar.n, LINE,
                 2 * call->divide_by_scalar.n);
      break;
    case KERNEL_DIVIDE_BY_SCALAR_GRAD:
      divide_grad (cpu, &call->divide_by_scalar_grad);
      break;
    case KERNEL_SUM_ROWS:
      cpu_share_out (cpu, sum_rows_columns, &call->sum_rows, call->sum_rows.rows > 0 ? call->sum_rows.n : 0, LINE,
                 call->sum_rows.rows * call->sum_rows.n);
      break;
    case KERNEL_GATHER_ROWS:
      cpu_share_out (cpu, gather_rows, &call->gather_rows, call->gather_rows.rows, 1,
                 2 * call->gather_rows.rows * call->gather_rows.n);
      break;
    case KERNEL_SCATTER_ADD_ROWS:
      cpu_share_out (cpu, scatter_columns, &call->scatter_add_rows, call->scatter_add_rows.n, LINE,
                 3 * call->scatter_add_rows.rows * call->scatter_add_rows.n);
      break;
    case KERNEL_PATCHES:
      {
        const PatchesArgs *args = &call->patches;
        int64_t count = args->batch * args->grid_h * args->grid_w;

        cpu_share_out (cpu, patches, args, count, 1, 6 * count * args->patch * args->patch);
      }
      break;
    default:
      cpu_training_run (cpu, call);
    }
}
