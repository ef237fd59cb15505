/* SPDX-License-Identifier: MIT
 * cpu-gemm.c: blocked matrix products over the tiles of cpu-product.inc.h.
 *
 * The usual three levels: a block of b (KC x NC) is packed into panels that stay in the second-level cache,
 * a block of a (MC x KC) beside it, and the tiles walk panel by panel, so that one panel stays in the first
 * level. Blocks run along k in a fixed order: a number's sum does not depend on how the work was cut. */
#include "cpu.h"

#define KC 256          /* depth of what stays in the first-level cache: a panel of nr columns */
#define NC 1024         /* columns of b packed at a time */
#define PACKED_KC 1536  /* depth of a's block where b is packed already */
#define A_FLOATS 147456 /* a's block: half a second-level cache of 1 MB, and a little */

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

/* Depth of a's block, and its rows: as many tiles as fit. */
static int64_t
block_depth (const CpuProduct *product)
{
  return smaller (product->k, product->b_packed ? PACKED_KC : KC);
}

static int64_t
block_rows (const CpuKernels *kernels, const CpuProduct *product)
{
  int64_t tiles = A_FLOATS / (block_depth (product) * kernels->mr);

  return (tiles < 1 ? 1 : tiles > 16 ? 16 : tiles) * kernels->mr;
}

size_t
cpu_product_scratch (const CpuKernels *kernels, const CpuProduct *product)
{
  int64_t depth = block_depth (product);
  int64_t columns = product->b_packed ? 0 : rounded_up (smaller (product->n, NC), kernels->nr);

  /* The last, partial panel is packed even where b is read in place. */
  return (size_t) (depth * (columns + smaller (product->m, block_rows (kernels, product))));
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

void
cpu_product_finish (const CpuKernels *kernels, const CpuProduct *product)
{
  finish_block (kernels, product, 0, product->m, 0, product->n);
}

/* Rows are cut evenly into tiles, so that 13 rows run as 7 + 6 and not as 12 + 1. */
static int64_t
tile_rows (int64_t rows, int mr)
{
  int64_t tiles = (rows + mr - 1) / mr;

  return (rows + tiles - 1) / tiles;
}

/* One panel of b against a block of rows of a: `depth` deep, cut where the first-level cache ends. */
typedef struct
{
  const float *a; /* packed: tiles of `step` rows, depth x step each, KC deep at a time; else in place */
  bool a_packed;
  int64_t rows, step, depth;
  const float *panel;
  int64_t ldb;
  const float *next_panel;
  float *c;
  int width;
  bool add;
} Strip;

static void
strip_run (const CpuKernels *kernels, const CpuProduct *product, const Strip *strip)
{
  for (int64_t k0 = 0; k0 < strip->depth; k0 += KC)
    {
      int64_t depth = smaller (KC, strip->depth - k0);
      const float *b = strip->panel + k0 * strip->ldb;
      const float *next = k0 + KC < strip->depth ? b + KC * strip->ldb : strip->next_panel;
      const float *a = strip->a_packed ? strip->a + k0 * strip->rows : strip->a + k0 * product->a_k;

      for (int64_t i = 0; i < strip->rows; i += strip->step)
        {
          int count = (int) smaller (strip->step, strip->rows - i);
          float *c = strip->c + i * product->ldc;
          bool add = strip->add || k0 > 0;

          if (strip->a_packed)
            kernels->product (count, strip->width, depth, a + i * depth, 1, count, b, strip->ldb, next, c, product->ldc,
                              product->alpha, add);
          else
            kernels->product (count, strip->width, depth, a + i * product->a_row, product->a_row, product->a_k, b,
                              strip->ldb, next, c, product->ldc, product->alpha, add);
          next = b; /* fetched by the first tile */
        }
    }
}

static void
pack_rows (const CpuKernels *kernels, const CpuProduct *product, const float *a, int64_t rows, int64_t step,
           int64_t depth, float *out)
{
  for (int64_t k0 = 0; k0 < depth; k0 += KC)
    {
      int64_t part = smaller (KC, depth - k0);

      for (int64_t i = 0; i < rows; i += step)
        {
          int count = (int) smaller (step, rows - i);

          kernels->pack (a + i * product->a_row + k0 * product->a_k, product->a_row, product->a_k, count, count, part,
                         out + k0 * rows + i * part);
        }
    }
}

void
cpu_product_serial (const CpuKernels *kernels, const CpuProduct *product, float *scratch)
{
  const int nr = kernels->nr;
  const int64_t kc = block_depth (product), mc = block_rows (kernels, product);
  const int64_t nc = product->b_packed ? product->n : NC;
  const bool in_place = b_read_in_place (kernels, product), pack_a = a_is_packed (kernels, product);
  /* b first: its panels keep the scratch memory's alignment. */
  float *packed_b = scratch;
  float *packed_a = scratch + (product->b_packed ? 0 : kc * rounded_up (smaller (product->n, NC), nr));

  for (int64_t j0 = 0; j0 < product->n; j0 += nc)
    {
      int64_t columns = smaller (nc, product->n - j0);

      for (int64_t k0 = 0; k0 < product->k; k0 += kc)
        {
          int64_t depth = smaller (kc, product->k - k0);
          const float *b = product->b_packed ? NULL : product->b + k0 * product->b_k + j0 * product->b_n;

          if (!product->b_packed)
            for (int64_t j = 0; j < columns; j += nr)
              if (!in_place || columns - j < nr)
                kernels->pack (b + j * product->b_n, product->b_n, product->b_k, (int) smaller (nr, columns - j), nr,
                               depth, packed_b + j * depth);
          for (int64_t i0 = 0; i0 < product->m; i0 += mc)
            {
              int64_t rows = smaller (mc, product->m - i0);
              Strip strip = { .a = product->a + i0 * product->a_row + k0 * product->a_k, .a_packed = pack_a,
                              .rows = rows, .step = tile_rows (rows, kernels->mr), .depth = depth,
                              .add = product->add || k0 > 0 };

              if (pack_a)
                {
                  pack_rows (kernels, product, strip.a, rows, strip.step, depth, packed_a);
                  strip.a = packed_a;
                }
              for (int64_t j = 0; j < columns; j += nr)
                {
                  int64_t panel_floats = nr * depth;

                  strip.width = (int) smaller (nr, columns - j);
                  strip.c = product->c + i0 * product->ldc + j0 + j;
                  strip.panel = packed_b + j * depth;
                  strip.ldb = nr;
                  if (product->b_packed)
                    {
                      strip.panel = product->b + (j0 + j) / nr * product->b_panel + k0 * nr;
                      panel_floats = product->b_panel;
                    }
                  else if (in_place && strip.width == nr)
                    {
                      strip.panel = b + j;
                      strip.ldb = product->b_k;
                      panel_floats = nr;
                    }
                  strip.next_panel = j + nr < columns ? strip.panel + panel_floats : strip.panel;
                  strip_run (kernels, product, &strip);
                  if (k0 + depth == product->k)
                    finish_block (kernels, product, i0, i0 + rows, j0 + j, j0 + j + strip.width);
                }
            }
        }
    }
}

/* The part of a product with rows i0 .. i1 and columns j0 .. j1 (j0 a multiple of nr). */
static CpuProduct
product_part (const CpuKernels *kernels, const CpuProduct *product, int64_t i0, int64_t i1, int64_t j0, int64_t j1, CpuFinish *finish)
{
  CpuProduct part = *product;

  part.m = i1 - i0;
  part.n = j1 - j0;
  part.a += i0 * product->a_row;
  part.b += product->b_packed ? j0 / kernels->nr * product->b_panel : j0 * product->b_n;
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

/* ---------------------------------------------------------------------------------------------------
 * The right side as panels
 */

int64_t
cpu_panel_count (const CpuKernels *kernels, int64_t n)
{
  return (n + kernels->nr - 1) / kernels->nr;
}

/* The gradient of a layer's input reads a few rows of every panel at a time: were panels a multiple of 4 kB apart, as
 * with k = 768, those rows would all compete for the same few places in the caches. So panels start 8 lines further
 * each, modulo 64. */
int64_t
cpu_panel_stride (const CpuKernels *kernels, int64_t k)
{
  int64_t lines = (k * kernels->nr + 15) / 16;

  return (lines + (72 - lines % 64) % 64) * 16;
}

size_t
cpu_panels_floats (const CpuKernels *kernels, int64_t n, int64_t k)
{
  return (size_t) (cpu_panel_count (kernels, n) * cpu_panel_stride (kernels, k));
}

typedef struct
{
  const CpuKernels *kernels;
  const float *b;
  int64_t b_k, b_n, n, k, stride, count, pieces;
  float *panels;
} Packing;

static void
packing_piece (void *data, int piece, int worker)
{
  const Packing *packing = data;
  const int nr = packing->kernels->nr;
  int64_t from, to;

  cpu_share (packing->count, piece, packing->pieces, 1, &from, &to);
  for (int64_t p = from; p < to; p++)
    packing->kernels->pack (packing->b + p * nr * packing->b_n, packing->b_n, packing->b_k,
                            (int) smaller (nr, packing->n - p * nr), nr, packing->k,
                            packing->panels + p * packing->stride);
}

void
cpu_panels_pack (CpuBackend *cpu, const float *b, int64_t b_k, int64_t b_n, int64_t n, int64_t k, float *panels)
{
  Packing packing = { .kernels = cpu->kernels, .b = b, .b_k = b_k, .b_n = b_n, .n = n, .k = k,
                      .stride = cpu_panel_stride (cpu->kernels, k), .count = cpu_panel_count (cpu->kernels, n),
                      .panels = panels };
  int threads = cpu_threads_for_floats (cpu, 4. * n * k);

  packing.pieces = smaller (packing.count, 8 * threads);
  cpu_run_pieces (cpu, threads, packing.pieces, packing_piece, &packing);
}

/* ---------------------------------------------------------------------------------------------------
 * Over the threads
 */

/* A product cut into bands of rows and piles of columns, one piece each. */
typedef struct
{
  const CpuKernels *kernels;
  const CpuProduct *product;
  int64_t bands, piles;
  float *scratch;
  size_t scratch_floats; /* of one worker */
} CutProduct;

static void
cut_product_piece (void *data, int piece, int worker)
{
  const CutProduct *cut = data;
  const CpuProduct *product = cut->product;
  int64_t i0, i1, j0, j1;
  CpuFinish finish;

  cpu_share (product->m, piece / cut->piles, cut->bands, cut->kernels->mr, &i0, &i1);
  cpu_share (product->n, piece % cut->piles, cut->piles, cut->kernels->nr, &j0, &j1);
  if (i1 > i0 && j1 > j0)
    {
      CpuProduct part = product_part (cut->kernels, product, i0, i1, j0, j1, &finish);

      cpu_product_serial (cut->kernels, &part, cut->scratch + cut->scratch_floats * worker);
    }
}

/* With many rows, bands that share b packed once beat bands that each pack it, and piles that each pack all of a. */
static bool
pack_first (const CpuKernels *kernels, const CpuProduct *product, int threads)
{
  return !product->b_packed && threads > 1 && product->m >= 4 * threads * kernels->mr && product->n >= 4 * kernels->nr;
}

/* Bands and piles for `threads` threads. A band reads (and packs, where it is not packed yet) all of b, a pile
 * all of a; more pieces than threads, where they stay large, let a thread that was held up be helped out. */
static void
choose_cut (const CpuKernels *kernels, const CpuProduct *product, int threads, int64_t *bands, int64_t *piles)
{
  int64_t tiles = (product->m + kernels->mr - 1) / kernels->mr, panels = (product->n + kernels->nr - 1) / kernels->nr;
  int64_t wanted = product->b_packed ? 4 * threads : 2 * threads;

  *bands = *piles = 1;
  if (!product->b_packed && product->n >= product->m && panels >= 4 * threads)
    *piles = threads;
  else if (tiles <= 4)
    *piles = smaller (panels, wanted);
  else if (tiles >= 4 * threads)
    *bands = smaller (tiles / 4, 2 * threads);
  else
    {
      *bands = smaller (tiles / 4, threads);
      *piles = smaller (panels, (2 * threads + *bands - 1) / *bands);
    }
}

void
cpu_product_run (CpuBackend *cpu, const CpuProduct *product)
{
  int threads = cpu_threads_for_flops (cpu, 2. * product->m * product->n * product->k);
  CpuProduct packed = *product;
  CutProduct cut = { .kernels = cpu->kernels, .product = &packed, .bands = 1, .piles = 1 };
  float *panels = NULL;

  if (pack_first (cpu->kernels, product, threads))
    {
      panels = cpu_scratch (cpu, cpu_panels_floats (cpu->kernels, product->n, product->k));
      cpu_panels_pack (cpu, product->b, product->b_k, product->b_n, product->n, product->k, panels);
      packed.b = panels;
      packed.b_packed = true;
      packed.b_panel = cpu_panel_stride (cpu->kernels, product->k);
    }
  if (threads > 1)
    choose_cut (cpu->kernels, &packed, threads, &cut.bands, &cut.piles);
  cut.scratch_floats = (cpu_product_scratch (cpu->kernels, &packed) + 15) / 16 * 16;
  cut.scratch = cpu_scratch (cpu, cut.scratch_floats * threads);
  cpu_run_pieces (cpu, threads, cut.bands * cut.piles, cut_product_piece, &cut);
  cpu_memory_free (&cpu->memory, cut.scratch);
  cpu_memory_free (&cpu->memory, panels);
}

/* ---------------------------------------------------------------------------------------------------
 * Batches
 */

typedef struct
{
  const CpuKernels *kernels;
  const GemmArgs *args;
  CpuProduct first;
  int64_t pieces; /* groups of neighbouring products */
  float *scratch;
  size_t scratch_floats;
} Batch;

static CpuProduct
batch_product (const Batch *batch, int64_t index)
{
  const GemmArgs *args = batch->args;
  int64_t o = index / args->inner, q = index % args->inner;
  CpuProduct product = batch->first;

  product.a += o * args->a_outer + q * args->a_inner;
  product.b += o * args->b_outer + q * args->b_inner;
  product.c += o * args->c_outer + q * args->c_inner;
  return product;
}

static void
batch_piece (void *data, int piece, int worker)
{
  const Batch *batch = data;
  int64_t from, to;

  cpu_share (batch->args->outer * batch->args->inner, piece, batch->pieces, 1, &from, &to);
  for (int64_t p = from; p < to; p++)
    {
      CpuProduct product = batch_product (batch, p);

      cpu_product_serial (batch->kernels, &product, batch->scratch + batch->scratch_floats * worker);
    }
}

void
cpu_gemm (CpuBackend *cpu, const GemmArgs *args)
{
  int64_t products = args->outer * args->inner;
  Batch batch = { .kernels = cpu->kernels, .args = args,
                  .first = { .m = args->m, .n = args->n, .k = args->k, .a = cpu_floats (args->a),
                             .a_row = args->transpose_a ? 1 : args->lda, .a_k = args->transpose_a ? args->lda : 1,
                             .b = cpu_floats (args->b), .b_k = args->transpose_b ? 1 : args->ldb,
                             .b_n = args->transpose_b ? args->ldb : 1, .c = cpu_floats (args->c), .ldc = args->ldc,
                             .alpha = args->alpha, .add = args->accumulate } };
  int threads;

  if (args->m == 0 || args->n == 0 || args->k == 0 || products == 0)
    return;
  threads = cpu_threads_for_flops (cpu, 2. * args->m * args->n * args->k * products);
  if (products < threads)
    for (int64_t p = 0; p < products; p++)
      {
        CpuProduct product = batch_product (&batch, p);

        cpu_product_run (cpu, &product);
      }
  else
    {
      batch.pieces = smaller (products, 4 * threads);
      batch.scratch_floats = (cpu_product_scratch (cpu->kernels, &batch.first) + 15) / 16 * 16;
      batch.scratch = cpu_scratch (cpu, batch.scratch_floats * threads);
      cpu_run_pieces (cpu, threads, batch.pieces, batch_piece, &batch);
      cpu_memory_free (&cpu->memory, batch.scratch);
    }
}
