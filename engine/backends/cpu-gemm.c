/* SPDX-License-Identifier: MIT
 * cpu-gemm.c: blocked matrix products over the tiles of cpu-product.inc.h.
 *
 * The usual three levels: a block of b (KC x NC) is packed into panels that stay in the second-level cache,
 * a block of a (MC x KC) beside it, and the tiles walk panel by panel, so that one panel stays in the first
 * level. Blocks run along k in a fixed order: a number's sum does not depend on how the work was cut. */
#include "cpu.h"

#include <omp.h>

#define KC 256
#define NC 512
#define MC_TILES 8

static int64_t
smaller (int64_t a, int64_t b)
{
  return a < b ? a : b;
}

static int64_t
rounded_up (int64_t x, int64_t unit)
{
  return (x + unit - 1) / unit * unit;
}

/* Packing b costs one pass over it; not worth it for a single row of tiles whose b rows lie in order. */
static bool
b_read_in_place (const CpuKernels *kernels, const CpuProduct *product)
{
  return !product->b_packed && product->b_n == 1 && product->m <= kernels->mr;
}

/* Packing a pays when its block meets several panels; a transposed a would touch a page per step. */
static bool
a_is_packed (const CpuKernels *kernels, const CpuProduct *product)
{
  return product->n > (product->a_row == 1 ? 1 : 4) * kernels->nr;
}

size_t
cpu_product_scratch (const CpuKernels *kernels, const CpuProduct *product)
{
  size_t depth = (size_t) smaller (product->k, KC);
  size_t columns = (size_t) rounded_up (smaller (product->n, NC), kernels->nr);
  size_t rows = (size_t) smaller (product->m, kernels->mr * MC_TILES);

  /* The last, partial panel is packed even where b is read in place. */
  return depth * (product->b_packed ? 0 : columns) + depth * (rows + kernels->mr);
}

/* Finishes rows i0 .. i1 and columns j0 .. j1 of c. */
static void
finish_block (const CpuKernels *kernels, const CpuProduct *product, int64_t i0, int64_t i1, int64_t j0, int64_t j1)
{
  const CpuFinish *finish = product->finish;

  if (finish == NULL)
    return;
  for (int64_t i = i0; i < i1; i++)
    kernels->finish (product->c + i * product->ldc + j0, finish->bias != NULL ? finish->bias + j0 : NULL,
                     finish->residual != NULL ? finish->residual + i * finish->ldr + j0 : NULL,
                     finish->pre != NULL ? finish->pre + i * product->ldc + j0 : NULL, j1 - j0, finish->act);
}

/* Rows are cut evenly into tiles, so that 13 rows run as 7 + 6 and not as 12 + 1. */
static int64_t
tile_rows (int64_t rows, int mr)
{
  int64_t tiles = (rows + mr - 1) / mr;

  return (rows + tiles - 1) / tiles;
}

void
cpu_product_serial (const CpuKernels *kernels, const CpuProduct *product, float *scratch)
{
  const int mr = kernels->mr, nr = kernels->nr;
  const int64_t mc = (int64_t) mr * MC_TILES;
  const bool in_place = b_read_in_place (kernels, product), pack_a = a_is_packed (kernels, product);
  /* b first: its panels keep the scratch memory's alignment. */
  float *packed_b = scratch, *packed_a = scratch;

  if (!product->b_packed)
    packed_a += smaller (product->k, KC) * rounded_up (smaller (product->n, NC), nr);
  for (int64_t j0 = 0; j0 < product->n; j0 += NC)
    {
      int64_t columns = smaller (NC, product->n - j0);

      for (int64_t k0 = 0; k0 < product->k; k0 += KC)
        {
          int64_t depth = smaller (KC, product->k - k0);
          const float *b = product->b_packed ? NULL : product->b + k0 * product->b_k + j0 * product->b_n;
          bool add = product->add || k0 > 0;

          if (!product->b_packed)
            for (int64_t j = 0; j < columns; j += nr)
              if (!in_place || columns - j < nr)
                kernels->pack (b + j * product->b_n, product->b_n, product->b_k, (int) smaller (nr, columns - j), nr,
                               depth, packed_b + j * depth);
          for (int64_t i0 = 0; i0 < product->m; i0 += mc)
            {
              int64_t rows = smaller (mc, product->m - i0), step = tile_rows (rows, mr);
              const float *a = product->a + i0 * product->a_row + k0 * product->a_k;

              if (pack_a)
                for (int64_t i = 0; i < rows; i += step)
                  kernels->pack (a + i * product->a_row, product->a_row, product->a_k, (int) smaller (step, rows - i),
                                 (int) smaller (step, rows - i), depth, packed_a + i * depth);
              for (int64_t j = 0; j < columns; j += nr)
                {
                  int width = (int) smaller (nr, columns - j);
                  const float *panel = packed_b + j * depth;
                  int64_t ldb = nr;

                  if (product->b_packed)
                    panel = product->b + (j0 + j) * product->k + k0 * nr;
                  else if (in_place && width == nr)
                    {
                      panel = b + j;
                      ldb = product->b_k;
                    }
                  for (int64_t i = 0; i < rows; i += step)
                    {
                      int count = (int) smaller (step, rows - i);
                      float *c = product->c + (i0 + i) * product->ldc + j0 + j;

                      if (pack_a)
                        kernels->product (count, width, depth, packed_a + i * depth, 1, count, panel, ldb, c,
                                          product->ldc, product->alpha, add);
                      else
                        kernels->product (count, width, depth, a + i * product->a_row, product->a_row, product->a_k,
                                          panel, ldb, c, product->ldc, product->alpha, add);
                    }
                }
              if (k0 + depth == product->k)
                finish_block (kernels, product, i0, i0 + rows, j0, j0 + columns);
            }
        }
    }
}

/* The part of a product with rows i0 .. i1 and columns j0 .. j1 (j0 a multiple of nr). */
static CpuProduct
product_part (const CpuProduct *product, int64_t i0, int64_t i1, int64_t j0, int64_t j1, CpuFinish *finish)
{
  CpuProduct part = *product;

  part.m = i1 - i0;
  part.n = j1 - j0;
  part.a += i0 * product->a_row;
  part.b += product->b_packed ? j0 * product->k : j0 * product->b_n;
  part.c += i0 * product->ldc + j0;
  if (product->finish != NULL)
    {
      *finish = *product->finish;
      if (finish->bias != NULL)
        finish->bias += j0;
      if (finish->residual != NULL)
        finish->residual += i0 * finish->ldr + j0;
      if (finish->pre != NULL)
        finish->pre += i0 * product->ldc + j0;
      part.finish = finish;
    }
  return part;
}

/* How many bands of rows to cut for `threads` threads: as square pieces as the numbers allow. */
static int
row_bands (int64_t m, int64_t n, int threads, int mr, int nr)
{
  int best = 1;
  double best_cost = 1e300;

  for (int bands = 1; bands <= threads; bands++)
    if (threads % bands == 0)
      {
        /* The longest piece decides; among equals the one that reads least. */
        double rows = (double) (((m + mr - 1) / mr + bands - 1) / bands * mr);
        double columns = (double) (((n + nr - 1) / nr + threads / bands - 1) / (threads / bands) * nr);
        double cost = rows * columns + 24 * (rows + columns);

        if (cost < best_cost)
          {
            best_cost = cost;
            best = bands;
          }
      }
  return best;
}

void
cpu_product_run (CpuBackend *cpu, const CpuProduct *product)
{
  const CpuKernels *kernels = cpu->kernels;
  int threads = cpu_threads_for_flops (cpu, 2. * product->m * product->n * product->k);
  size_t floats = (cpu_product_scratch (kernels, product) + 15) / 16 * 16;
  float *scratch = cpu_scratch (cpu, floats * threads);

  if (threads == 1)
    cpu_product_serial (kernels, product, scratch);
  else
    {
#pragma omp parallel num_threads (threads)
      {
        int count = omp_get_num_threads (), self = omp_get_thread_num ();
        int bands = row_bands (product->m, product->n, count, kernels->mr, kernels->nr), piles = count / bands;
        int64_t i0, i1, j0, j1;
        CpuFinish finish;

        cpu_share (product->m, self / piles, bands, kernels->mr, &i0, &i1);
        cpu_share (product->n, self % piles, piles, kernels->nr, &j0, &j1);
        if (i1 > i0 && j1 > j0)
          {
            CpuProduct part = product_part (product, i0, i1, j0, j1, &finish);

            cpu_product_serial (kernels, &part, scratch + floats * self);
          }
      }
    }
  cpu_memory_free (&cpu->memory, scratch);
}

void
cpu_gemm (CpuBackend *cpu, const GemmArgs *args)
{
  const float *a = cpu_floats (args->a), *b = cpu_floats (args->b);
  float *c = cpu_floats (args->c);
  int64_t products = args->outer * args->inner;
  CpuProduct first = { .m = args->m, .n = args->n, .k = args->k, .a_row = args->transpose_a ? 1 : args->lda,
                       .a_k = args->transpose_a ? args->lda : 1, .b_k = args->transpose_b ? 1 : args->ldb,
                       .b_n = args->transpose_b ? args->ldb : 1, .ldc = args->ldc, .alpha = args->alpha,
                       .add = args->accumulate };
  int threads;

  if (args->m == 0 || args->n == 0 || args->k == 0 || products == 0)
    return;
  threads = cpu_threads_for_flops (cpu, 2. * args->m * args->n * args->k * products);
  if (products < threads)
    for (int64_t p = 0; p < products; p++)
      {
        CpuProduct product = first;
        int64_t o = p / args->inner, q = p % args->inner;

        product.a = a + o * args->a_outer + q * args->a_inner;
        product.b = b + o * args->b_outer + q * args->b_inner;
        product.c = c + o * args->c_outer + q * args->c_inner;
        cpu_product_run (cpu, &product);
      }
  else
    {
      size_t floats = (cpu_product_scratch (cpu->kernels, &first) + 15) / 16 * 16;
      float *scratch = cpu_scratch (cpu, floats * threads);

#pragma omp parallel num_threads (threads) if (threads > 1)
      {
        int64_t from, to;

        cpu_share (products, omp_get_thread_num (), omp_get_num_threads (), 1, &from, &to);
        for (int64_t p = from; p < to; p++)
          {
            CpuProduct product = first;
            int64_t o = p / args->inner, q = p % args->inner;

            product.a = a + o * args->a_outer + q * args->a_inner;
            product.b = b + o * args->b_outer + q * args->b_inner;
            product.c = c + o * args->c_outer + q * args->c_inner;
            cpu_product_serial (cpu->kernels, &product, scratch + floats * omp_get_thread_num ());
          }
      }
      cpu_memory_free (&cpu->memory, scratch);
    }
}
