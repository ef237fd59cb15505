/* SPDX-License-Identifier: MIT
 * tap.h: the few lines a test program needs to speak TAP. One point per check; a program ends with
 * `return tap_done ();`. Names read like "/softmax/rows sum to one". */
#pragma once

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count;
static int tap_failures;

__attribute__ ((format (printf, 2, 3), unused)) static bool
tap_ok (bool passed, const char *format, ...)
{
  va_list args;

  printf ("%s %d - ", passed ? "ok" : "not ok", ++tap_count);
  va_start (args, format);
  vprintf (format, args);
  va_end (args);
  printf ("\n");
  fflush (stdout);
  if (!passed)
    tap_failures++;
  return passed;
}

__attribute__ ((format (printf, 1, 2), unused)) static void
tap_note (const char *format, ...)
{
  va_list args;

  printf ("# ");
  va_start (args, format);
  vprintf (format, args);
  va_end (args);
  printf ("\n");
  fflush (stdout);
}

__attribute__ ((unused)) static bool
tap_equal_text (const char *got, const char *wanted, const char *name)
{
  bool same = (got == NULL) == (wanted == NULL) && (got == NULL || strcmp (got, wanted) == 0);

  tap_ok (same, "%s", name);
  if (!same)
    tap_note ("got    '%s'\n# wanted '%s'", got ? got : "(null)", wanted ? wanted : "(null)");
  return same;
}

__attribute__ ((unused)) static bool
tap_near (double got, double wanted, double tolerance, const char *name)
{
  bool near = fabs (got - wanted) <= tolerance;

  tap_ok (near, "%s", name);
  if (!near)
    tap_note ("got %.9g, wanted %.9g within %.3g", got, wanted, tolerance);
  return near;
}

/* A test that cannot run here says why. */
__attribute__ ((unused)) static void
tap_skip (const char *name, const char *reason)
{
  printf ("ok %d - %s # SKIP %s\n", ++tap_count, name, reason);
  fflush (stdout);
}

__attribute__ ((unused)) static int
tap_done (void)
{
  printf ("1..%d\n", tap_count);
  return tap_failures > 0;
}
