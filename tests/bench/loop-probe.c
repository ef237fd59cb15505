/* SPDX-License-Identifier: MIT
 * loop-probe.c: preloaded into a program with GLib's main loop, tells how long its main thread works between two waits: a
 * frame and all that goes with it is one piece of work. Each piece of 0.1 ms or more becomes a line "WALL CPU" in
 * microseconds in the file ALIDADE_PROBE; the thread's processor time is what the program needed, wall time also holds what
 * others took from it. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SHORTEST 100

static FILE *out;
static gint64 wall, cpu;

static gint64
cpu_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static gint
probe_poll (GPollFD *files, guint n, gint timeout)
{
  gint64 worked = g_get_monotonic_time () - wall;
  gint result;

  if (wall > 0 && worked >= SHORTEST)
    {
      fprintf (out, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", worked, cpu_time () - cpu);
      fflush (out);
    }
  result = g_poll (files, n, timeout);
  wall = g_get_monotonic_time ();
  cpu = cpu_time ();
  return result;
}

__attribute__ ((constructor)) static void
probe_start (void)
{
  const char *path = getenv ("ALIDADE_PROBE");

  if (path != NULL && (out = fopen (path, "w")) != NULL)
    g_main_context_set_poll_func (NULL, probe_poll);
}
