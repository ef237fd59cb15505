/* SPDX-License-Identifier: MIT
 * cpu-memory.h: a caching allocator, so that a query's buffers cost no page faults the second time.
 *
 * Sizes are rounded up to one of eight classes per power of two (weights of 768 columns fit theirs exactly). A
 * freed block waits in its class's list. What waits is bounded: waiting and live blocks together never exceed the
 * largest amount that was live by more than an eighth plus 32 MB, nor by more than 256 MB; the largest waiting
 * blocks go back to the system first. */
#pragma once

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define CPU_MEMORY_ALIGNMENT 64
#define CPU_MEMORY_CLASSES 384

typedef struct CpuBlock CpuBlock; /* header in front of a block */

typedef struct
{
  pthread_mutex_t lock;
  CpuBlock *waiting[CPU_MEMORY_CLASSES];
  size_t live_bytes;    /* handed out now */
  size_t waiting_bytes; /* in the lists */
  size_t peak_bytes;    /* largest live_bytes so far */
  uint64_t system_calls; /* blocks taken from the system so far */
} CpuMemory;

void cpu_memory_init (CpuMemory *memory);
void cpu_memory_clear (CpuMemory *memory); /* every block must have been freed */

/* `bytes` bytes, aligned to 64, contents undefined; NULL when there is no memory. 0 bytes give a block too. */
void *cpu_memory_new (CpuMemory *memory, size_t bytes);
void cpu_memory_free (CpuMemory *memory, void *data); /* NULL is ignored */

/* Gives waiting blocks back until at most `keep` bytes wait, and forgets the peak. */
void cpu_memory_trim (CpuMemory *memory, size_t keep);

/* The bytes a request really takes (without the header). */
size_t cpu_memory_rounded (size_t bytes);
