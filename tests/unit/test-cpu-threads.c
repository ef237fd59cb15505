/* SPDX-License-Identifier: MIT
 * The cpu backend's thread pool: every piece is done once, whatever else goes on. */
#include "cpu-threads.h"
#include "tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

enum
{
  PIECES = 1000
};

typedef struct
{
  CpuPool *pool;
  atomic_int done[PIECES];
  atomic_int bad_worker;
  int threads;
} Job;

static void
count_piece (void *data, int piece, int worker)
{
  Job *job = data;

  atomic_fetch_add (&job->done[piece], 1);
  if (worker < 0 || worker >= job->threads)
    atomic_store (&job->bad_worker, 1);
}

static void
nested_piece (void *data, int piece, int worker)
{
  Job inner = { .threads = 1 };
  Job *job = data;
  bool once = true;

  cpu_pool_run (job->pool, 10, count_piece, &inner);
  for (int i = 0; i < 10; i++)
    once &= inner.done[i] == 1;
  if (once)
    atomic_fetch_add (&job->done[piece], 1);
}

static bool
all_once (Job *job, int pieces)
{
  bool once = true;

  for (int i = 0; i < PIECES; i++)
    once &= atomic_exchange (&job->done[i], 0) == (i < pieces ? 1 : 0);
  return once;
}

/* Another thread that uses the same pool all the while. */
static void *
rival_main (void *data)
{
  static Job job;
  CpuPool *pool = data;
  bool once = true;

  job.threads = cpu_pool_threads (pool);
  for (int i = 0; i < 2000; i++)
    {
      cpu_pool_run (pool, 1 + i % 40, count_piece, &job);
      once &= all_once (&job, 1 + i % 40);
    }
  return (void *) (intptr_t) once;
}

int
main (void)
{
  static Job job;

  for (int threads = 1; threads <= 4; threads++)
    {
      CpuPool *pool = cpu_pool_new (threads);
      pthread_t rival;
      void *rival_once;
      bool once = true;

      job.pool = pool;
      job.threads = cpu_pool_threads (pool);
      tap_ok (job.threads == threads, "/cpu-threads/%d/the pool has its threads", threads);
      for (int i = 0; i < 3000; i++)
        {
          cpu_pool_run (pool, i % 50, count_piece, &job);
          once &= all_once (&job, i % 50);
          if (i % 500 == 0)
            usleep (500); /* let the workers fall asleep */
        }
      tap_ok (once, "/cpu-threads/%d/every piece of 3000 short jobs is done once", threads);
      cpu_pool_run (pool, PIECES, count_piece, &job);
      tap_ok (all_once (&job, PIECES), "/cpu-threads/%d/many pieces", threads);
      cpu_pool_run (pool, 20, nested_piece, &job);
      tap_ok (all_once (&job, 20), "/cpu-threads/%d/a job inside a job", threads);

      pthread_create (&rival, NULL, rival_main, pool);
      once = true;
      for (int i = 0; i < 2000; i++)
        {
          cpu_pool_run (pool, 1 + i % 30, count_piece, &job);
          once &= all_once (&job, 1 + i % 30);
        }
      pthread_join (rival, &rival_once);
      tap_ok (once && rival_once != NULL, "/cpu-threads/%d/two callers at once", threads);
      tap_ok (!job.bad_worker, "/cpu-threads/%d/worker numbers are in range", threads);
      cpu_pool_free (pool);
    }
  return tap_done ();
}
