/* SPDX-License-Identifier: MIT */
#include "cpu-threads.h"

#include "error.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* How long an idle worker watches before it sleeps, and the caller before it sleeps for the last pieces. */
#define WATCH_NS 60000

/* The pieces a worker begins with: job number, next piece, end. Others take from it when done with theirs. */
typedef struct
{
  _Alignas (64) _Atomic uint64_t range;
} Share;

typedef struct
{
  CpuPool *pool;
  pthread_t thread;
  int index;
} Worker;

struct CpuPool
{
  pthread_mutex_t busy; /* held while a job runs */
  CpuWork work;         /* of the current job; read only with a piece in hand */
  void *data;
  Share *shares;
  Worker *workers; /* threads - 1 */
  int threads;
  atomic_bool stop;
  _Alignas (64) _Atomic uint32_t job; /* number of the current job; workers sleep on it */
  _Atomic int sleepers;
  _Alignas (64) _Atomic uint32_t left; /* pieces not done; the caller sleeps on it */
  _Atomic bool caller_sleeps;
};

static uint64_t
range_of (uint32_t job, int next, int end)
{
  return (uint64_t) job << 32 | (uint64_t) next << 16 | (uint64_t) end;
}

static void
futex_wait (_Atomic uint32_t *word, uint32_t value)
{
  syscall (SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void
futex_wake (_Atomic uint32_t *word, int count)
{
  syscall (SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static int64_t
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C (1000000000) + now.tv_nsec;
}

static void
relax (void)
{
#if defined (__x86_64__) || defined (__i386__)
  __builtin_ia32_pause ();
#endif
}

/* Watches until *word differs from (or, with `equal`, equals) value; false after WATCH_NS. */
static bool
watch (_Atomic uint32_t *word, uint32_t value, bool equal)
{
  int64_t end = 0;

  for (;;)
    {
      for (int i = 0; i < 32; i++)
        {
          if ((atomic_load_explicit (word, memory_order_acquire) == value) == equal)
            return true;
          relax ();
        }
      if (end == 0)
        end = now_ns () + WATCH_NS;
      else if (now_ns () > end)
        return false;
    }
}

/* Does pieces of job `job`: first of the own share, then of the others'. */
static void
take_pieces (CpuPool *pool, int self, uint32_t job)
{
  for (int v = 0; v < pool->threads; v++)
    {
      Share *share = &pool->shares[(self + v) % pool->threads];
      uint64_t range = atomic_load_explicit (&share->range, memory_order_acquire);

      for (;;)
        {
          int next = range >> 16 & 0xffff, end = range & 0xffff;

          if ((uint32_t) (range >> 32) != job)
            return; /* came too late: that job is over */
          if (next == end)
            break;
          if (!atomic_compare_exchange_weak_explicit (&share->range, &range, range_of (job, next + 1, end),
                                                      memory_order_acq_rel, memory_order_acquire))
            continue;
          pool->work (pool->data, next, self);
          if (atomic_fetch_sub (&pool->left, 1) == 1 && atomic_load (&pool->caller_sleeps))
            futex_wake (&pool->left, 1);
          range = atomic_load_explicit (&share->range, memory_order_acquire);
        }
    }
}

static void *
worker_main (void *data)
{
  Worker *worker = data;
  CpuPool *pool = worker->pool;
  uint32_t seen = 0;

  while (!atomic_load (&pool->stop))
    {
      uint32_t job;

      if (!watch (&pool->job, seen, false))
        {
          atomic_fetch_add (&pool->sleepers, 1);
          while (atomic_load (&pool->job) == seen)
            futex_wait (&pool->job, seen);
          atomic_fetch_sub (&pool->sleepers, 1);
        }
      job = atomic_load_explicit (&pool->job, memory_order_acquire);
      if (!atomic_load (&pool->stop))
        take_pieces (pool, worker->index, job);
      seen = job;
    }
  return NULL;
}

CpuPool *
cpu_pool_new (int threads)
{
  CpuPool *pool = aligned_alloc (64, (sizeof *pool + 63) / 64 * 64);
  sigset_t all, before;

  if (pool == NULL)
    abort ();
  *pool = (CpuPool) { .threads = 1 };
  pthread_mutex_init (&pool->busy, NULL);
  pool->shares = aligned_alloc (64, (size_t) threads * sizeof *pool->shares);
  if (pool->shares == NULL)
    abort ();
  for (int i = 0; i < threads; i++)
    atomic_init (&pool->shares[i].range, 0);
  pool->workers = mem_new0 ((size_t) threads, sizeof *pool->workers);
  /* Signals are the program's business, not a worker's. */
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  for (int i = 1; i < threads; i++)
    {
      Worker *worker = &pool->workers[i - 1];

      worker->pool = pool;
      worker->index = i;
      if (pthread_create (&worker->thread, NULL, worker_main, worker) != 0)
        break;
      /* Workers read it only inside a job. */
      pool->threads = i + 1;
    }
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  return pool;
}

void
cpu_pool_free (CpuPool *pool)
{
  if (pool == NULL)
    return;
  atomic_store (&pool->stop, true);
  atomic_fetch_add (&pool->job, 1);
  futex_wake (&pool->job, INT_MAX);
  for (int i = 0; i < pool->threads - 1; i++)
    pthread_join (pool->workers[i].thread, NULL);
  pthread_mutex_destroy (&pool->busy);
  free (pool->shares);
  free (pool->workers);
  free (pool);
}

int
cpu_pool_threads (const CpuPool *pool)
{
  return pool->threads;
}

bool
cpu_pool_awake (const CpuPool *pool)
{
  return atomic_load_explicit (&((CpuPool *) pool)->sleepers, memory_order_relaxed) == 0;
}

void
cpu_pool_run (CpuPool *pool, int pieces, CpuWork work, void *data)
{
  uint32_t job, left;

  if (pool->threads == 1 || pieces <= 1 || pthread_mutex_trylock (&pool->busy) != 0)
    {
      for (int p = 0; p < pieces; p++)
        work (data, p, 0);
      return;
    }
  job = atomic_load (&pool->job) + 1;
  pool->work = work;
  pool->data = data;
  atomic_store (&pool->caller_sleeps, false);
  atomic_store (&pool->left, (uint32_t) pieces);
  for (int i = 0; i < pool->threads; i++)
    atomic_store_explicit (&pool->shares[i].range,
                           range_of (job, (int) ((int64_t) pieces * i / pool->threads),
                                     (int) ((int64_t) pieces * (i + 1) / pool->threads)),
                           memory_order_release);
  atomic_store (&pool->job, job);
  if (atomic_load (&pool->sleepers) > 0)
    futex_wake (&pool->job, INT_MAX);
  take_pieces (pool, 0, job);
  if (!watch (&pool->left, 0, true))
    {
      atomic_store (&pool->caller_sleeps, true);
      while ((left = atomic_load (&pool->left)) != 0)
        futex_wait (&pool->left, left);
    }
  pthread_mutex_unlock (&pool->busy);
}
