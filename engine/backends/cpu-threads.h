/* SPDX-License-Identifier: MIT
 * cpu-threads.h: a small pool of threads for work of microseconds.
 *
 * The caller takes part in its own job and never waits for a thread that has not begun: if a worker is asleep
 * or its core is busy with something else (the window), the others do its pieces. Idle workers watch for work
 * for a moment, then sleep, so that they cost no core between queries. */
#pragma once

#include <stdbool.h>

typedef struct CpuPool CpuPool;

/* Does piece `piece` of a job; `worker` (0 .. threads - 1) tells whose scratch memory to use. */
typedef void (*CpuWork) (void *data, int piece, int worker);

#define CPU_PIECES_MAX 60000

/* A pool of `threads` threads, the caller included; fewer when the system gives no more. */
CpuPool *cpu_pool_new (int threads);
void cpu_pool_free (CpuPool *pool);
int cpu_pool_threads (const CpuPool *pool);

/* Runs all pieces and returns when they are done. Called inside a job, or while another thread's job runs,
 * the pieces run one after the other on the caller (worker 0). */
void cpu_pool_run (CpuPool *pool, int pieces, CpuWork work, void *data);

/* Whether workers are awake, so that a job costs about a microsecond instead of a wake-up. */
bool cpu_pool_awake (const CpuPool *pool);
