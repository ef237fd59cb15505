/* SPDX-License-Identifier: MIT
 * cpu-linear.c: products with a layer's weight, kept packed from the first use on.
 *
 * A weight (n x k) is packed into panels of nr columns: panel p holds, for each of the k inputs, the weights
 * of outputs p nr ... p nr + nr - 1 side by side. A product with few rows is bound by reading the weight
 * once, in order; the same panels serve its gradient with respect to the input. */
#include "cpu.h"

#include <omp.h>
#include <string.h>

/* Up to here a product is a matter of reading the weight, and the own packed form is used. */
#define SKINNY_ROWS 32

enum
{
  FORM_PANELS /* float *: panels as above */
};

static int64_t
panel_count (const CpuBackend *cpu, int64_t n)
{
  return (n + cpu->kernels->nr - 1) / cpu->kernels->nr;
}

/* The weight's panels, made now if need be. */
static const float *
weight_panels (CpuBackend *cpu, PackSlot *slot, const float *w, int64_t n, int64_t k)
{
  const CpuKernels *kernels = cpu->kernels;
  float *panels = __atomic_load_n ((float **) &slot->forms[FORM_PANELS], __ATOMIC_ACQUIRE);

  if (panels != NULL)
    return panels;
  pthread_mutex_lock (&cpu->pack_lock);
  panels = slot->forms[FORM_PANELS];
  if (panels == NULL)
    {
      int64_t count = panel_count (cpu, n);
      int threads = cpu_threads_for_floats (cpu, 4. * n * k);

      panels = cpu_scratch (cpu, (size_t) (count * kernels->nr * k));
#pragma omp parallel for num_threads (threads) if (threads > 1)
      for (int64_t p = 0; p < count; p++)
        {
          int64_t left = n - p * kernels->nr;

          kernels->pack (w + p * kernels->nr * k, k, 1, (int) (left < kernels->nr ? left : kernels->nr), kernels->nr, k,
                         panels + p * kernels->nr * k);
        }
      __atomic_store_n ((float **) &slot->forms[FORM_PANELS], panels, __ATOMIC_RELEASE);
    }
  pthread_mutex_unlock (&cpu->pack_lock);
  return panels;
}

void
cpu_pack_free (CpuBackend *cpu, PackSlot *slot)
{
  cpu_memory_free (&cpu->memory, slot->forms[FORM_PANELS]);
  slot->forms[FORM_PANELS] = NULL;
}

void
cpu_linear (CpuBackend *cpu, const LinearArgs *args)
{
  static const CpuActivation acts[] = { [EPILOGUE_NONE] = CPU_ACT_NONE, [EPILOGUE_GELU] = CPU_ACT_GELU,
                                        [EPILOGUE_RELU] = CPU_ACT_RELU };
  CpuFinish finish = { .bias = cpu_floats (args->bias), .residual = cpu_floats (args->residual), .ldr = args->ldr,
                       .pre = cpu_floats (args->pre), .act = acts[args->epilogue] };
  CpuProduct product = { .m = args->m, .n = args->n, .k = args->k, .a = cpu_floats (args->x), .a_row = args->ldx,
                         .a_k = 1, .b = cpu_floats (args->w), .b_k = 1, .b_n = args->k, .c = cpu_floats (args->y),
                         .ldc = args->ldy, .alpha = 1, .finish = &finish };

  if (args->m == 0 || args->n == 0 || args->k == 0)
    return;
  if (args->pack != NULL)
    {
      product.b = weight_panels (cpu, args->pack, product.b, args->n, args->k);
      product.b_packed = true;
    }
  cpu_product_run (cpu, &product);
}

/* dx += dy w through the panels. */
static void
grad_input_skinny (CpuBackend *cpu, const LinearGradInputArgs *args, const float *panels)
{
  const CpuKernels *kernels = cpu->kernels;
  int64_t count = panel_count (cpu, args->n), width = count * kernels->nr;
  int threads = cpu_threads_for_flops (cpu, 2. * args->m * args->n * args->k);
  float *dy = cpu_scratch (cpu, (size_t) (args->m * width));

  for (int64_t i = 0; i < args->m; i++)
    {
      memcpy (dy + i * width, cpu_floats (args->dy) + i * args->lddy, (size_t) args->n * sizeof *dy);
      memset (dy + i * width + args->n, 0, (size_t) (width - args->n) * sizeof *dy);
    }
#pragma omp parallel num_threads (threads) if (threads > 1)
  {
    int64_t from, to;

    cpu_share (args->k, omp_get_thread_num (), omp_get_num_threads (), 16, &from, &to);
    if (to > from)
      kernels->product_back ((int) args->m, from, to - from, args->k, count, dy, width, panels,
                             cpu_floats (args->dx) + from, args->lddx);
  }
  cpu_memory_free (&cpu->memory, dy);
}

void
cpu_linear_grad_input (CpuBackend *cpu, const LinearGradInputArgs *args)
{
  CpuProduct product = { .m = args->m, .n = args->k, .k = args->n, .a = cpu_floats (args->dy), .a_row = args->lddy,
                         .a_k = 1, .b = cpu_floats (args->w), .b_k = args->k, .b_n = 1, .c = cpu_floats (args->dx),
                         .ldc = args->lddx, .alpha = 1, .add = true };

  if (args->m == 0 || args->n == 0 || args->k == 0)
    return;
  if (args->pack != NULL && args->m <= SKINNY_ROWS)
    grad_input_skinny (cpu, args, weight_panels (cpu, args->pack, cpu_floats (args->w), args->n, args->k));
  else
    cpu_product_run (cpu, &product);
}
