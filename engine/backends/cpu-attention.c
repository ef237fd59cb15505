/* SPDX-License-Identifier: MIT
 * cpu-attention.c: attention that never leaves the cache.
 *
 * A task is a block of queries of one head. Scores are computed transposed (keys down, queries across), so
 * that a vector holds one key's scores of many queries: softmax runs down the columns without any sum
 * across a vector, and the probabilities already lie as the second product wants its left side. One block of
 * scores (keys x 32 queries) stays in the second-level cache. */
#include "cpu.h"

/* Scratch of one thread. */
typedef struct
{
  float *scores; /* keys x block */
  float *q;      /* d x block: the queries, transposed and scaled */
  float *k;      /* keys in tiles of mr: d x mr each, when packed */
  float *v;      /* panels of nr columns: keys x nr each, when packed */
  float *sums;   /* block */
  int64_t head;  /* b heads + h whose keys and values are packed now, or -1 */
} AttentionScratch;

typedef struct
{
  int block;        /* queries at a time: lanes or 2 lanes */
  bool pack_keys;   /* many queries per head: worth laying keys and values out for the tiles */
  bool pack_values; /* also where a row of values is not whole vectors */
  int64_t panels;   /* of nr columns in d */
  int64_t floats[5];
} AttentionPlan;

static int64_t
padded (int64_t floats)
{
  return (floats + 15) / 16 * 16;
}

static AttentionPlan
attention_plan (const CpuKernels *kernels, const AttentionArgs *args)
{
  AttentionPlan plan = { .block = args->queries <= kernels->lanes ? kernels->lanes : kernels->nr };

  plan.pack_keys = args->queries > 2 * kernels->nr;
  plan.pack_values = args->queries > kernels->nr || args->d % kernels->nr != 0;
  plan.panels = (args->d + kernels->nr - 1) / kernels->nr;
  plan.floats[0] = padded (args->keys * plan.block);
  plan.floats[1] = padded (args->d * plan.block);
  plan.floats[2] = plan.pack_keys ? padded ((args->keys + kernels->mr) * args->d) : 0;
  plan.floats[3] = plan.pack_values ? padded (args->keys * plan.panels * kernels->nr) : 0;
  plan.floats[4] = padded (plan.block);
  return plan;
}

static void
pack_head (const CpuKernels *kernels, const AttentionArgs *args, const AttentionPlan *plan, const float *k,
           const float *v, AttentionScratch *scratch)
{
  if (plan->pack_keys)
    for (int64_t j = 0; j < args->keys; j += kernels->mr)
      {
        int count = (int) (args->keys - j < kernels->mr ? args->keys - j : kernels->mr);

        kernels->pack (k + j * args->ldk, args->ldk, 1, count, count, args->d, scratch->k + j * args->d);
      }
  if (plan->pack_values)
    for (int64_t p = 0; p < plan->panels; p++)
      {
        int64_t left = args->d - p * kernels->nr;

        kernels->pack (v + p * kernels->nr, 1, args->ldv, (int) (left < kernels->nr ? left : kernels->nr), kernels->nr,
                       args->keys, scratch->v + p * args->keys * kernels->nr);
      }
}

/* Queries q0 ... of head h in batch b. */
static void
attention_block (const CpuKernels *kernels, const AttentionArgs *args, const AttentionPlan *plan, int64_t b, int64_t h,
                 int64_t q0, AttentionScratch *scratch)
{
  const float *q = cpu_floats (args->q) + b * args->q_batch + q0 * args->ldq + h * args->d;
  const float *k = cpu_floats (args->k) + b * args->k_batch + h * args->d;
  const float *v = cpu_floats (args->v) + b * args->v_batch + h * args->d;
  const float *mask = cpu_floats (args->mask);
  float *out = cpu_floats (args->out) + b * args->out_batch + q0 * args->ldout + h * args->d;
  float *s = scratch->scores;
  int width = plan->block;
  int count = (int) (args->queries - q0 < width ? args->queries - q0 : width);

  if (scratch->head != b * args->heads + h)
    {
      pack_head (kernels, args, plan, k, v, scratch);
      scratch->head = b * args->heads + h;
    }
  kernels->pack (q, args->ldq, 1, count, width, args->d, scratch->q);
  for (int64_t j = 0; j < args->keys; j += kernels->mr)
    {
      int rows = (int) (args->keys - j < kernels->mr ? args->keys - j : kernels->mr);

      if (plan->pack_keys)
        kernels->product (rows, width, args->d, scratch->k + j * args->d, 1, rows, scratch->q, width, scratch->q, s + j * width,
                          width, args->scale, false);
      else
        kernels->product (rows, width, args->d, k + j * args->ldk, args->ldk, 1, scratch->q, width, scratch->q, s + j * width,
                          width, args->scale, false);
    }
  if (mask != NULL && args->mask_queries > 1)
    {
      mask += (b * args->queries + q0) * args->keys;
      for (int i = 0; i < count; i++)
        for (int64_t j = 0; j < args->keys; j++)
          s[j * width + i] += mask[i * args->keys + j];
      mask = NULL;
    }
  else if (mask != NULL)
    mask += b * args->keys;
  kernels->softmax_columns (s, args->keys, width, mask, scratch->sums);
  for (int64_t p = 0; p < plan->panels; p++)
    {
      int64_t left = args->d - p * kernels->nr;
      int columns = (int) (left < kernels->nr ? left : kernels->nr);
      const float *values = plan->pack_values ? scratch->v + p * args->keys * kernels->nr : v + p * kernels->nr;
      int64_t ldv = plan->pack_values ? kernels->nr : args->ldv;

      for (int i = 0; i < count; i += kernels->mr)
        {
          int rows = count - i < kernels->mr ? count - i : kernels->mr;

          kernels->product (rows, columns, args->keys, s + i, 1, width, values, ldv, values, out + i * args->ldout + p * kernels->nr,
                            args->ldout, 1, false);
        }
    }
  for (int i = 0; i < count; i++)
    kernels->scale (out + i * args->ldout, out + i * args->ldout, args->d, scratch->sums[i]);
}

typedef struct
{
  const CpuKernels *kernels;
  const AttentionArgs *args;
  AttentionPlan plan;
  int64_t blocks; /* of queries in a head */
  int64_t tasks, pieces;
  float *memory;
  int64_t floats; /* of one worker's scratch */
} Attention;

static void
attention_piece (void *data, int piece, int worker)
{
  const Attention *attention = data;
  const AttentionPlan *plan = &attention->plan;
  AttentionScratch scratch = { .head = -1 };
  int64_t from, to;

  scratch.scores = attention->memory + attention->floats * worker;
  scratch.q = scratch.scores + plan->floats[0];
  scratch.k = scratch.q + plan->floats[1];
  scratch.v = scratch.k + plan->floats[2];
  scratch.sums = scratch.v + plan->floats[3];
  cpu_share (attention->tasks, piece, attention->pieces, 1, &from, &to);
  for (int64_t t = from; t < to; t++)
    {
      int64_t head = t / attention->blocks;

      attention_block (attention->kernels, attention->args, plan, head / attention->args->heads,
                       head % attention->args->heads, t % attention->blocks * plan->block, &scratch);
    }
}

void
cpu_attention (CpuBackend *cpu, const AttentionArgs *args)
{
  Attention attention = { .kernels = cpu->kernels, .args = args, .plan = attention_plan (cpu->kernels, args) };
  const AttentionPlan *plan = &attention.plan;
  int threads = cpu_threads_for_flops (cpu, 4. * args->batch * args->heads * args->queries * args->keys * (args->d + 8));

  attention.blocks = (args->queries + plan->block - 1) / plan->block;
  attention.tasks = args->batch * args->heads * attention.blocks;
  if (attention.tasks == 0 || args->keys == 0 || args->d == 0)
    return;
  /* A piece lays out keys and values of its heads anew: a few per thread, so that the last ends soon after. */
  attention.pieces = attention.tasks < 4 * threads ? attention.tasks : 4 * threads;
  attention.floats = plan->floats[0] + plan->floats[1] + plan->floats[2] + plan->floats[3] + plan->floats[4];
  attention.memory = cpu_scratch (cpu, (size_t) (attention.floats * threads));
  cpu_run_pieces (cpu, threads, attention.pieces, attention_piece, &attention);
  cpu_memory_free (&cpu->memory, attention.memory);
}
