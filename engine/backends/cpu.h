/* SPDX-License-Identifier: MIT
 * cpu.h: inside the cpu backend: its state, and the drivers of its kernels.
 *
 * Drivers cut work so that each output number is computed whole by one thread, in an order that depends on
 * shapes alone: results are the same bits from run to run and for any number of threads (the latter but for
 * products handed to oneDNN). */
#pragma once

#include "backend.h"
#include "cpu-kernels.h"
#include "cpu-memory.h"
#include "cpu-onednn.h"
#include "cpu-threads.h"

#include <pthread.h>

struct Buffer
{
  char *data;   /* the two that host-kernels.h relies on come first */
  size_t bytes;
  bool wrapped; /* somebody else's memory, read only */
};

typedef struct
{
  Backend base;
  const CpuKernels *kernels;
  CpuMemory memory;
  CpuOneDnn *onednn; /* NULL: own products everywhere */
  CpuPool *pool;
  pthread_mutex_t pack_lock; /* guards the making of packed forms */
  double wake_seconds;       /* what waking the pool costs */
  double flops;              /* rough rate of one thread's products, for the choice of threads */
} CpuBackend;

/* A view's address, NULL when absent. */
static inline float *
cpu_floats (View view)
{
  return view.buffer != NULL ? (float *) (view.buffer->data + view.offset) : NULL;
}

/* Scratch memory for one call; aborts when there is none. Free with cpu_memory_free. */
float *cpu_scratch (CpuBackend *cpu, size_t floats);

/* Threads worth using for work that takes one thread this long: 1 or all. */
int cpu_threads_for (const CpuBackend *cpu, double seconds);
int cpu_threads_for_flops (const CpuBackend *cpu, double flops);
int cpu_threads_for_floats (const CpuBackend *cpu, double floats); /* row work: floats read and written */

/* Runs the pieces on the pool, or on the caller alone where `threads` is 1. */
void cpu_run_pieces (CpuBackend *cpu, int threads, int64_t pieces, CpuWork work, void *data);

/* Part `part` of `parts` of 0 .. total - 1, cut at multiples of `unit`. */
static inline void
cpu_share (int64_t total, int64_t part, int64_t parts, int64_t unit, int64_t *from, int64_t *to)
{
  int64_t units = (total + unit - 1) / unit;

  *from = units * part / parts * unit;
  *to = units * (part + 1) / parts * unit;
  *from = *from < total ? *from : total;
  *to = *to < total ? *to : total;
}

/* ---- cpu-gemm.c ---- */

/* What to do with finished rows of a product (each may be NULL, columns counted as in c). */
typedef struct
{
  const float *bias;
  const float *residual;
  int64_t ldr;
  float *pre; /* same leading dimension as c */
  CpuActivation act;
} CpuFinish;

/* c (m x n) = alpha a b (+ c), then finish (may be NULL). a (i, kk) lies at i a_row + kk a_k, one of them 1.
 * b (kk, j) lies at kk b_k + j b_n; or, packed: in panels of nr columns, k rows of nr floats each. */
typedef struct
{
  int64_t m, n, k;
  const float *a;
  int64_t a_row, a_k;
  const float *b;
  int64_t b_k, b_n;
  bool b_packed;
  int64_t b_panel; /* floats from one packed panel to the next */
  float *c;
  int64_t ldc;
  float alpha;
  bool add;
  const CpuFinish *finish;
} CpuProduct;

/* b (n columns, k deep) as panels: the panels, floats from one to the next, floats in all; the packing of them. */
int64_t cpu_panel_count (const CpuKernels *kernels, int64_t n);
int64_t cpu_panel_stride (const CpuKernels *kernels, int64_t k);
size_t cpu_panels_floats (const CpuKernels *kernels, int64_t n, int64_t k);
void cpu_panels_pack (CpuBackend *cpu, const float *b, int64_t b_k, int64_t b_n, int64_t n, int64_t k, float *panels);

void cpu_product_run (CpuBackend *cpu, const CpuProduct *product);      /* over the threads */
size_t cpu_product_scratch (const CpuKernels *kernels, const CpuProduct *product); /* floats, per thread */
void cpu_product_serial (const CpuKernels *kernels, const CpuProduct *product, float *scratch);
void cpu_product_finish (const CpuKernels *kernels, const CpuProduct *product); /* only what follows the product */
void cpu_gemm (CpuBackend *cpu, const GemmArgs *args);

/* ---- cpu-linear.c ---- */
void cpu_linear (CpuBackend *cpu, const LinearArgs *args);
void cpu_linear_grad_input (CpuBackend *cpu, const LinearGradInputArgs *args);
void cpu_pack_free (CpuBackend *cpu, PackSlot *slot);

/* ---- cpu-attention.c ---- */
void cpu_attention (CpuBackend *cpu, const AttentionArgs *args);

/* ---- cpu-rows.c: all other kernels ---- */

#define CPU_LINE 16 /* elementwise shares start on cache lines of their own */

/* Does the rows (or elements, or columns) `from` ... `to` of a call. */
typedef void (*CpuRangeWork) (const CpuKernels *kernels, const void *args, int64_t from, int64_t to);

/* Does `work` over 0 .. total, cut at multiples of `unit`. floats: what it reads and writes, or as much as its
 * arithmetic is worth. */
void cpu_share_out (CpuBackend *cpu, CpuRangeWork work, const void *args, int64_t total, int64_t unit, int64_t floats);
void cpu_rows_run (CpuBackend *cpu, const KernelCall *call);

/* ---- cpu-training.c: losses, targets, optimizer, dropout, tangents; small ones by the reference's loops ---- */
void cpu_training_run (CpuBackend *cpu, const KernelCall *call);
