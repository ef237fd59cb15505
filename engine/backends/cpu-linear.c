/* SPDX-License-Identifier: MIT
 * cpu-linear.c: products with a layer's weight, kept packed from the first use on.
 *
 * A weight (n x k) is packed into panels of nr columns: panel p holds, for each of the k inputs, the weights
 * of outputs p nr ... p nr + nr - 1 side by side. A product with few rows is bound by reading the weight
 * once, in order; the same panels serve its gradient with respect to the input.
 *
 * A weight that changes (training) keeps no panels: they would be made anew each step, for a few products or one, and
 * hold as much memory as all weights. Its products pack what they need on the way. */
#include "cpu.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Up to here a product is a matter of reading the weight, and the own packed form is used. */
#define SKINNY_ROWS 32

enum
{
  FORM_PANELS, /* float *: panels as above */
  FORM_ONEDNN  /* oneDNN's layout, where products with many rows are left to it */
};

/* A mapped weight has served: its whole pages need no memory any more. Should it be read again, the pages come
 * back from the file. */
static void
give_source_back (const PackSlot *slot, const float *w, size_t bytes)
{
  uintptr_t page = (uintptr_t) sysconf (_SC_PAGESIZE);
  uintptr_t first = ((uintptr_t) w + page - 1) / page * page, end = ((uintptr_t) w + bytes) / page * page;

  if (slot->source_mapped && end > first)
    madvise ((void *) first, end - first, MADV_DONTNEED);
}

/* The weight's panels, made now if need be. */
static const float *
weight_panels (CpuBackend *cpu, PackSlot *slot, const float *w, int64_t n, int64_t k)
{
  float *panels = __atomic_load_n ((float **) &slot->forms[FORM_PANELS], __ATOMIC_ACQUIRE);

  if (panels != NULL)
    return panels;
  pthread_mutex_lock (&cpu->pack_lock);
  panels = slot->forms[FORM_PANELS];
  if (panels == NULL)
    {
      panels = cpu_scratch (cpu, cpu_panels_floats (cpu->kernels, n, k));
      cpu_panels_pack (cpu, w, 1, k, n, k, panels);
      __atomic_store_n ((float **) &slot->forms[FORM_PANELS], panels, __ATOMIC_RELEASE);
      give_source_back (slot, w, (size_t) (n * k) * sizeof *w);
    }
  pthread_mutex_unlock (&cpu->pack_lock);
  return panels;
}

void
cpu_pack_free (CpuBackend *cpu, PackSlot *slot)
{
  for (int i = FORM_PANELS; i <= FORM_ONEDNN; i++)
    {
      cpu_memory_free (&cpu->memory, slot->forms[i]);
      slot->forms[i] = NULL;
    }
}

/* ---------------------------------------------------------------------------------------------------
 * By oneDNN: bands of rows, one per thread
 */

/* The weight in oneDNN's layout, made now if need be; NULL when oneDNN refuses it. */
static const void *
weight_for_onednn (CpuBackend *cpu, PackSlot *slot, const CpuProduct *product)
{
  void *packed = __atomic_load_n (&slot->forms[FORM_ONEDNN], __ATOMIC_ACQUIRE);

  if (packed != NULL)
    return packed;
  pthread_mutex_lock (&cpu->pack_lock);
  packed = slot->forms[FORM_ONEDNN];
  if (packed == NULL)
    {
      size_t bytes = cpu_onednn_packed_bytes (cpu->onednn, product->m, product->n, product->k);

      if (bytes > 0)
        packed = cpu_scratch (cpu, bytes / sizeof (float) + 1);
      if (packed != NULL && !cpu_onednn_pack (cpu->onednn, product->n, product->k, product->b, packed))
        {
          cpu_memory_free (&cpu->memory, packed);
          packed = NULL;
        }
      if (packed != NULL)
        {
          __atomic_store_n (&slot->forms[FORM_ONEDNN], packed, __ATOMIC_RELEASE);
          give_source_back (slot, product->b, (size_t) (product->n * product->k) * sizeof (float));
        }
    }
  pthread_mutex_unlock (&cpu->pack_lock);
  return packed;
}

typedef struct
{
  CpuBackend *cpu;
  const CpuProduct *product;
  const void *packed;
  int64_t bands;
} OneDnnProduct;

static void
onednn_piece (void *data, int piece, int worker)
{
  const OneDnnProduct *job = data;
  CpuBackend *cpu = job->cpu;
  CpuProduct band = *job->product;
  CpuFinish finish = *band.finish;
  int64_t from, to;

  cpu_share (band.m, piece, job->bands, 1, &from, &to);
  band.m = to - from;
  band.a += from * band.a_row;
  band.c += from * band.ldc;
  finish.residual += finish.residual != NULL ? from * finish.ldr : 0;
  finish.pre += finish.pre != NULL ? from * band.ldc : 0;
  band.finish = &finish;
  if (cpu_onednn_product (cpu->onednn, band.m, band.n, band.k, band.a, band.a_row, job->packed, band.c, band.ldc))
    cpu_product_finish (cpu->kernels, &band);
  else
    {
      float *scratch = cpu_scratch (cpu, cpu_product_scratch (cpu->kernels, &band));

      cpu_product_serial (cpu->kernels, &band, scratch);
      cpu_memory_free (&cpu->memory, scratch);
    }
}

/* false when oneDNN refuses the weight. */
static bool
linear_by_onednn (CpuBackend *cpu, PackSlot *slot, const CpuProduct *product)
{
  OneDnnProduct job = { cpu, product, weight_for_onednn (cpu, slot, product), 1 };
  int threads = cpu_threads_for_flops (cpu, 2. * product->m * product->n * product->k);

  if (job.packed == NULL)
    return false;
  job.bands = product->m / 16 < threads ? (product->m + 15) / 16 : threads;
  cpu_run_pieces (cpu, threads, job.bands, onednn_piece, &job);
  return true;
}

/* ---------------------------------------------------------------------------------------------------
 * The kernels
 */

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
  if (cpu->onednn != NULL && args->pack != NULL && args->m > SKINNY_ROWS && linear_by_onednn (cpu, args->pack, &product))
    return;
  if (args->pack != NULL && !args->pack->changes)
    {
      product.b = weight_panels (cpu, args->pack, product.b, args->n, args->k);
      product.b_packed = true;
      product.b_panel = cpu_panel_stride (cpu->kernels, args->k);
    }
  cpu_product_run (cpu, &product);
}

/* dx += dy w through the panels. */
typedef struct
{
  const CpuKernels *kernels;
  const LinearGradInputArgs *args;
  int64_t panel_count, stride;
  int64_t width; /* of dy, filled up to whole panels */
  const float *dy, *panels;
  int64_t pieces;
} SkinnyGrad;

static void
skinny_grad_piece (void *data, int piece, int worker)
{
  const SkinnyGrad *grad = data;
  const LinearGradInputArgs *args = grad->args;
  int64_t from, to;

  cpu_share (args->k, piece, grad->pieces, 16, &from, &to);
  if (to > from)
    grad->kernels->product_back ((int) args->m, from, to - from, grad->stride, grad->panel_count, grad->dy, grad->width,
                                 grad->panels, cpu_floats (args->dx) + from, args->lddx);
}

static void
grad_input_skinny (CpuBackend *cpu, const LinearGradInputArgs *args, const float *panels)
{
  int64_t count = cpu_panel_count (cpu->kernels, args->n), width = count * cpu->kernels->nr;
  int threads = cpu_threads_for_flops (cpu, 2. * args->m * args->n * args->k);
  SkinnyGrad grad = { .kernels = cpu->kernels, .args = args, .panel_count = count,
                      .stride = cpu_panel_stride (cpu->kernels, args->k), .width = width, .panels = panels };
  float *dy = cpu_scratch (cpu, (size_t) (args->m * width));

  for (int64_t i = 0; i < args->m; i++)
    {
      memcpy (dy + i * width, cpu_floats (args->dy) + i * args->lddy, (size_t) args->n * sizeof *dy);
      memset (dy + i * width + args->n, 0, (size_t) (width - args->n) * sizeof *dy);
    }
  grad.dy = dy;
  grad.pieces = threads == 1 ? 1 : (args->k + 15) / 16 < 4 * threads ? (args->k + 15) / 16 : 4 * threads;
  cpu_run_pieces (cpu, threads, grad.pieces, skinny_grad_piece, &grad);
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
  if (args->pack != NULL && !args->pack->changes && args->m <= SKINNY_ROWS)
    grad_input_skinny (cpu, args, weight_panels (cpu, args->pack, cpu_floats (args->w), args->n, args->k));
  else
    cpu_product_run (cpu, &product);
}
