/* SPDX-License-Identifier: MIT
 * cpu.c: the cpu backend's class: memory, transfers, dispatch, and the choice of threads. */
#include "cpu.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined (__x86_64__)
#include <cpuid.h>
#endif

#include "error.h"

/* ---------------------------------------------------------------------------------------------------
 * Memory and transfers
 */

static Buffer *
cpu_buffer_new (Backend *backend, size_t bytes)
{
  CpuBackend *cpu = (CpuBackend *) backend;
  char *data = cpu_memory_new (&cpu->memory, bytes);
  Buffer *buffer;

  if (data == NULL)
    return NULL;
  buffer = mem_new0 (1, sizeof *buffer);
  buffer->data = data;
  buffer->bytes = bytes;
  return buffer;
}

static Buffer *
cpu_buffer_wrap (Backend *backend, const void *host, size_t bytes)
{
  Buffer *buffer = mem_new0 (1, sizeof *buffer);

  buffer->data = (char *) host;
  buffer->bytes = bytes;
  buffer->wrapped = true;
  return buffer;
}

static void
cpu_buffer_free (Backend *backend, Buffer *buffer)
{
  CpuBackend *cpu = (CpuBackend *) backend;

  if (buffer == NULL)
    return;
  if (!buffer->wrapped)
    cpu_memory_free (&cpu->memory, buffer->data);
  free (buffer);
}

static void
cpu_upload (Backend *backend, View out, const void *host, size_t bytes)
{
  if (bytes > 0)
    memcpy (out.buffer->data + out.offset, host, bytes);
}

static void
cpu_download (Backend *backend, void *host, View in, size_t bytes)
{
  if (bytes > 0)
    memcpy (host, in.buffer->data + in.offset, bytes);
}

static void
cpu_synchronize (Backend *backend)
{
}

float *
cpu_scratch (CpuBackend *cpu, size_t floats)
{
  float *scratch = cpu_memory_new (&cpu->memory, floats * sizeof *scratch);

  if (scratch == NULL)
    {
      fprintf (stderr, "albef: no memory for %zu bytes of scratch\n", floats * sizeof *scratch);
      abort ();
    }
  return scratch;
}

/* ---------------------------------------------------------------------------------------------------
 * Threads
 */

static double
seconds_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

/* Some work that stays in registers, a few nanoseconds per round. */
static float
burn (int rounds)
{
  volatile float sink;
  float a[16];

  for (int i = 0; i < 16; i++)
    a[i] = (float) i;
  for (int r = 0; r < rounds; r++)
    for (int i = 0; i < 16; i++)
      a[i] = a[i] * 0.999f + 0.5f;
  sink = a[3];
  return sink;
}

static void
burn_piece (void *data, int piece, int worker)
{
  burn (*(const int *) data);
}

/* Seconds in which `pieces` pieces burn `rounds` each: the smallest of some tries. */
static double
job_seconds (CpuPool *pool, int pieces, int rounds, int tries)
{
  double best = 1e9;

  for (int i = 0; i < tries; i++)
    {
      double start = seconds_now ();

      cpu_pool_run (pool, pieces, burn_piece, &rounds);
      start = seconds_now () - start;
      best = start < best ? start : best;
    }
  return best;
}

/* Median time for a job of one tiny piece per thread to be done when the workers have fallen asleep. */
static double
wake_seconds (CpuPool *pool)
{
  enum { TRIES = 7 };
  double costs[TRIES];
  int rounds = 1;

  for (int i = 0; i < TRIES; i++)
    {
      double start, cost;
      int at = i;

      usleep (200);
      start = seconds_now ();
      cpu_pool_run (pool, cpu_pool_threads (pool), burn_piece, &rounds);
      cost = seconds_now () - start;
      for (; at > 0 && costs[at - 1] > cost; at--)
        costs[at] = costs[at - 1];
      costs[at] = cost;
    }
  return costs[TRIES / 2];
}

/* Makes the pool. Measures what waking it costs and, when `threads` is 0, whether all processors together get
 * more done than one (they may be shared with others). A few milliseconds. */
static void
choose_threads (CpuBackend *cpu, int threads)
{
  cpu_set_t mine;
  bool measured = threads <= 0;

  if (measured)
    threads = sched_getaffinity (0, sizeof mine, &mine) == 0 ? CPU_COUNT (&mine) : 1;
  cpu->pool = cpu_pool_new (threads > 64 ? 64 : threads);
  threads = cpu_pool_threads (cpu->pool);
  if (threads > 1)
    {
      cpu->wake_seconds = wake_seconds (cpu->pool);
      if (measured)
        {
          double together = job_seconds (cpu->pool, threads, 50000, 5), alone = job_seconds (cpu->pool, 1, 50000, 5);

          /* `together` did `threads` times the work. */
          if (together > 0.8 * alone * threads || cpu->wake_seconds > 2e-3)
            {
              cpu_pool_free (cpu->pool);
              cpu->pool = cpu_pool_new (1);
            }
        }
    }
  cpu->base.threads = cpu_pool_threads (cpu->pool);
}

int
cpu_threads_for (const CpuBackend *cpu, double seconds)
{
  int threads = cpu->base.threads;
  double cost;

  if (threads == 1)
    return 1;
  /* What is saved must exceed what it costs, with some margin. Awake workers take a job within a
   * microsecond or two. */
  cost = cpu_pool_awake (cpu->pool) ? 1.5e-6 : cpu->wake_seconds;
  return seconds * (threads - 1) / threads > 1.5 * cost ? threads : 1;
}

void
cpu_run_pieces (CpuBackend *cpu, int threads, int64_t pieces, CpuWork work, void *data)
{
  if (threads > 1)
    cpu_pool_run (cpu->pool, (int) pieces, work, data);
  else
    for (int p = 0; p < (int) pieces; p++)
      work (data, p, 0);
}

int
cpu_threads_for_flops (const CpuBackend *cpu, double flops)
{
  return cpu_threads_for (cpu, flops / cpu->flops);
}

int
cpu_threads_for_floats (const CpuBackend *cpu, double floats)
{
  /* Rows and elements mostly lie in the cache. */
  return cpu_threads_for (cpu, floats * sizeof (float) / (cpu->kernels->lanes * 4e9));
}

/* ---------------------------------------------------------------------------------------------------
 * The class
 */

static void
cpu_run (Backend *backend, const KernelCall *call)
{
  CpuBackend *cpu = (CpuBackend *) backend;

  switch (call->id)
    {
    case KERNEL_GEMM:
      cpu_gemm (cpu, &call->gemm);
      break;
    case KERNEL_LINEAR:
      cpu_linear (cpu, &call->linear);
      break;
    case KERNEL_LINEAR_GRAD_INPUT:
      cpu_linear_grad_input (cpu, &call->linear_grad_input);
      break;
    case KERNEL_ATTENTION:
      cpu_attention (cpu, &call->attention);
      break;
    default:
      cpu_rows_run (cpu, call);
      break;
    }
}

static void
cpu_class_pack_free (Backend *backend, PackSlot *slot)
{
  cpu_pack_free ((CpuBackend *) backend, slot);
}

static void
cpu_close (Backend *backend)
{
  CpuBackend *cpu = (CpuBackend *) backend;

  cpu_pool_free (cpu->pool);
  cpu_onednn_close (cpu->onednn);
  cpu_memory_clear (&cpu->memory);
  pthread_mutex_destroy (&cpu->pack_lock);
  free (cpu);
}

/* The processor's own name, without the blanks around it; "processor" where it has none. */
static void
processor_name (char *name, size_t size)
{
  snprintf (name, size, "processor");
#if defined (__x86_64__)
  {
    unsigned int words[12], most, b, c, d;
    char text[49] = { 0 };
    char *start = text;
    size_t length;

    if (!__get_cpuid (0x80000000, &most, &b, &c, &d) || most < 0x80000004)
      return;
    for (unsigned int i = 0; i < 3; i++)
      __get_cpuid (0x80000002 + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2], &words[4 * i + 3]);
    memcpy (text, words, sizeof words);
    while (*start == ' ')
      start++;
    length = strlen (start);
    while (length > 0 && start[length - 1] == ' ')
      start[--length] = 0;
    if (length > 0)
      snprintf (name, size, "%s", start);
  }
#endif
}

static const BackendClass cpu_class = {
  .buffer_new = cpu_buffer_new,
  .buffer_wrap = cpu_buffer_wrap,
  .buffer_free = cpu_buffer_free,
  .upload = cpu_upload,
  .download = cpu_download,
  .synchronize = cpu_synchronize,
  .run = cpu_run,
  .pack_free = cpu_class_pack_free,
  .close = cpu_close,
};

Backend *
backend_cpu_open (int threads)
{
  CpuBackend *cpu = mem_new0 (1, sizeof *cpu);
  char processor[64];

  cpu->base.class = &cpu_class;
  cpu->base.name = "cpu";
  cpu->base.precision = "f32";
  cpu->kernels = cpu_kernels_choose ();
  cpu->flops = cpu->kernels->lanes * 14e9;
  cpu->onednn = cpu_onednn_open (cpu->kernels);
  cpu_memory_init (&cpu->memory);
  pthread_mutex_init (&cpu->pack_lock, NULL);
  choose_threads (cpu, threads);
  processor_name (processor, sizeof processor);
  snprintf (cpu->base.description, sizeof cpu->base.description, "%s, %s, %d thread%s%s%s", processor,
            cpu->kernels->name, cpu->base.threads, cpu->base.threads == 1 ? "" : "s", cpu->onednn != NULL ? ", " : "",
            cpu->onednn != NULL ? cpu_onednn_version () : "");
  return &cpu->base;
}
