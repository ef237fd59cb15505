/* SPDX-License-Identifier: MIT
 * cpu-training.c: the kernels of a training step that move many numbers: targets and losses over a vocabulary or a
 * queue, the optimizer, the teacher, dropout, tangents. Whatever moves few (maps, draws, queues) takes the
 * reference's loops. */
#include "cpu.h"

#include <math.h>
#include <string.h>

#include "host-kernels.h"

/* ---------------------------------------------------------------------------------------------------
 * Targets and losses: by rows
 */

static void
soft_targets_rows (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const SoftTargetsArgs *args = data;
  const float *x = cpu_floats (args->x), *alpha = cpu_floats (args->alpha), *hard = cpu_floats (args->hard);
  const int32_t *label = (const int32_t *) (const void *) cpu_floats (args->label);
  float share = x != NULL && alpha != NULL ? *alpha : 0;
  int64_t n = args->n;

  for (int64_t r = from; r < to; r++)
    {
      float *out = cpu_floats (args->out) + r * n, largest;

      if (x == NULL || (label != NULL && label[r] < 0))
        {
          if (hard != NULL && (label == NULL || label[r] >= 0))
            memcpy (out, hard + r * n, (size_t) n * sizeof *out);
          else
            memset (out, 0, (size_t) n * sizeof *out);
        }
      else
        {
          double sum = kernels->exp_sum (x + r * args->ldx, n, &largest);

          kernels->soften (x + r * args->ldx, hard != NULL ? hard + r * n : NULL, out, n, largest,
                           (float) (share / sum), 1 - share);
        }
      if (hard == NULL && label != NULL && label[r] >= 0 && label[r] < n)
        out[label[r]] += 1 - share;
    }
}

static void
cross_entropy_rows (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const CrossEntropyArgs *args = data;
  const float *weight = cpu_floats (args->weight);
  float *lse = cpu_floats (args->lse);

  for (int64_t r = from; r < to; r++)
    {
      const float *x = cpu_floats (args->x) + r * args->ldx;
      float largest;
      double sum = kernels->exp_sum (x, args->n, &largest), all = largest + log (sum);
      double loss = kernels->cross_entropy (x, cpu_floats (args->target) + r * args->n, args->n, all);

      cpu_floats (args->loss)[r] = (float) (weight != NULL ? weight[r] * loss : loss);
      if (lse != NULL)
        {
          lse[2 * r] = (float) all;
          lse[2 * r + 1] = (float) (all - lse[2 * r]);
        }
    }
}

static void
cross_entropy_grad_rows (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const CrossEntropyGradArgs *args = data;
  const float *dloss = cpu_floats (args->dloss), *weight = cpu_floats (args->weight);

  for (int64_t r = from; r < to; r++)
    kernels->cross_entropy_grad (cpu_floats (args->x) + r * args->ldx, cpu_floats (args->target) + r * args->n,
                                 cpu_floats (args->dx) + r * args->lddx, args->n, cpu_floats (args->lse) + 2 * r,
                                 weight != NULL ? dloss[r] * weight[r] : dloss[r]);
}

static void
tangent_rows (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const TangentArgs *args = data;

  for (int64_t r = from; r < to; r++)
    (args->op == TANGENT_GELU ? kernels->tangent_gelu : kernels->tangent_softmax) (
        cpu_floats (args->x) + r * args->n, cpu_floats (args->x_dot) + r * args->n,
        cpu_floats (args->y_dot) + r * args->n, args->n);
}

static void
tangent_grad_rows (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const TangentGradArgs *args = data;
  float *dx = cpu_floats (args->dx), *dx_dot = cpu_floats (args->dx_dot);

  for (int64_t r = from; r < to; r++)
    (args->op == TANGENT_GELU ? kernels->tangent_gelu_grad : kernels->tangent_softmax_grad) (
        cpu_floats (args->x) + r * args->n, cpu_floats (args->x_dot) + r * args->n,
        cpu_floats (args->dy_dot) + r * args->n, dx != NULL ? dx + r * args->n : NULL,
        dx_dot != NULL ? dx_dot + r * args->n : NULL, args->n);
}

/* ---------------------------------------------------------------------------------------------------
 * Optimizer, teacher, dropout: by elements
 */

static void
momentum_elements (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const MomentumArgs *args = data;

  kernels->momentum (cpu_floats (args->x) + from, cpu_floats (args->y) + from, to - from, args->momentum,
                     (float) (1 - (double) args->momentum));
}

static void
adamw_elements (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const AdamWArgs *args = data;
  double lr = *cpu_floats (args->lr), t = *cpu_floats (args->t);
  CpuAdamW rule = { .scale = args->scale.buffer != NULL ? *cpu_floats (args->scale) : 1,
                    .keep = (float) (1 - lr * args->decay),
                    .beta1 = args->beta1,
                    .rest1 = (float) (1 - (double) args->beta1),
                    .beta2 = args->beta2,
                    .rest2 = (float) (1 - (double) args->beta2),
                    .step = (float) (lr / (1 - pow (args->beta1, t))),
                    .root = (float) (1 / sqrt (1 - pow (args->beta2, t))),
                    .eps = args->eps };

  kernels->adamw (cpu_floats (args->w) + from, cpu_floats (args->g) + from, cpu_floats (args->m) + from,
                  cpu_floats (args->v) + from, to - from, &rule);
}

static void
dropout_elements (const CpuKernels *kernels, const void *data, int64_t from, int64_t to)
{
  const DropoutArgs *args = data;
  const uint32_t *seed = (const uint32_t *) (const void *) cpu_floats (args->seed);
  /* k 2^-24 >= p, for whole k, is k >= the next whole number from 2^24 p on. */
  CpuDropout rule = { .seed_low = seed[0], .seed_high = seed[1], .stream = args->stream,
                      .threshold = (uint32_t) ceil ((double) args->p * 0x1p24),
                      .factor = (float) (1 / (1 - (double) args->p)), .add = args->accumulate };

  kernels->dropout (cpu_floats (args->x) + from, cpu_floats (args->y) + from, to - from, (uint64_t) from, &rule);
}

/* ---------------------------------------------------------------------------------------------------
 * Which kernel, cut along what, worth how much
 */

void
cpu_training_run (CpuBackend *cpu, const KernelCall *call)
{
  switch (call->id)
    {
    case KERNEL_SOFT_TARGETS:
      cpu_share_out (cpu, soft_targets_rows, &call->soft_targets, call->soft_targets.n > 0 ? call->soft_targets.rows : 0,
                     1, 5 * call->soft_targets.rows * call->soft_targets.n);
      break;
    case KERNEL_CROSS_ENTROPY:
      if (call->cross_entropy.n > 0)
        cpu_share_out (cpu, cross_entropy_rows, &call->cross_entropy, call->cross_entropy.rows, 1,
                       5 * call->cross_entropy.rows * call->cross_entropy.n);
      else
        reference_run (call);
      break;
    case KERNEL_CROSS_ENTROPY_GRAD:
      cpu_share_out (cpu, cross_entropy_grad_rows, &call->cross_entropy_grad, call->cross_entropy_grad.rows, 1,
                     6 * call->cross_entropy_grad.rows * call->cross_entropy_grad.n);
      break;
    case KERNEL_MOMENTUM:
      cpu_share_out (cpu, momentum_elements, &call->momentum, call->momentum.n, CPU_LINE, 3 * call->momentum.n);
      break;
    case KERNEL_ADAMW:
      cpu_share_out (cpu, adamw_elements, &call->adamw, call->adamw.n, CPU_LINE, 8 * call->adamw.n);
      break;
    case KERNEL_DROPOUT:
      cpu_share_out (cpu, dropout_elements, &call->dropout, call->dropout.n, CPU_LINE, 8 * call->dropout.n);
      break;
    case KERNEL_TANGENT:
      cpu_share_out (cpu, tangent_rows, &call->tangent, call->tangent.rows, 1, 6 * call->tangent.rows * call->tangent.n);
      break;
    case KERNEL_TANGENT_GRAD:
      cpu_share_out (cpu, tangent_grad_rows, &call->tangent_grad, call->tangent_grad.rows, 1,
                     8 * call->tangent_grad.rows * call->tangent_grad.n);
      break;
    default:
      reference_run (call);
    }
}
