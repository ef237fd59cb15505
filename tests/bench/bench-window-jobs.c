/* SPDX-License-Identifier: MIT
 * How long the main thread of the window works at a time while something long goes on in the background: an index of a
 * folder of pictures, an import. Work is what lies between two waits for events, in the thread's own time:
 * what others do on a busy machine is not in it, nor waiting for the display. Needs one:
 *   tests/window/on-display build/tests/bench/bench-window-jobs NEW_PROJECT FOLDER_OF_PICTURES ANNOTATIONS
 * The project is made; the annotations are imported at once, without the preview. */
#include "window-private.h"

#include <stdio.h>
#include <time.h>

static GArray *works; /* double, milliseconds */
static gint64 woke;

static gint64
thread_microseconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * (gint64) G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static int
poll_func (GPollFD *fds, guint n, int timeout)
{
  int ready;

  if (woke != 0)
    {
      double spent = (thread_microseconds () - woke) / 1e3;


      g_array_append_val (works, spent);
    }
  ready = g_poll (fds, n, timeout);
  woke = thread_microseconds ();
  return ready;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double first = *(const double *) a, second = *(const double *) b;

  return first < second ? -1 : first > second;
}

static void
report (const char *what, gint64 began)
{
  guint n = works->len, over = 0;

  g_array_sort (works, compare);
  for (guint i = 0; i < n; i++)
    over += g_array_index (works, double, i) > 16;
  printf ("%s: %.1f s; %u pieces of work, 99th percentile %.1f ms, longest %.1f ms, %u over 16 ms\n", what,
          (g_get_monotonic_time () - began) / 1e6, n, n > 0 ? g_array_index (works, double, n * 99 / 100) : 0,
          n > 0 ? g_array_index (works, double, n - 1) : 0, over);
  g_array_set_size (works, 0);
}

static gboolean
has_jobs (AlidadeWindow *window)
{
  return gtk_widget_get_first_child (GTK_WIDGET (window->jobs)) != NULL;
}

static void
run_until_idle (AlidadeWindow *window, const char *what)
{
  gint64 began = g_get_monotonic_time ();
  gint64 end = began + 600 * G_TIME_SPAN_SECOND, quiet = 0;

  /* What the end of the job brings with it is part of it. */
  while (g_get_monotonic_time () < end && (quiet == 0 || g_get_monotonic_time () < quiet + 2 * G_TIME_SPAN_SECOND))
    {
      g_main_context_iteration (NULL, TRUE);
      if (has_jobs (window))
        quiet = 0;
      else if (quiet == 0)
        quiet = g_get_monotonic_time ();
    }
  report (what, began);
}

static gboolean
tick_cb (gpointer data)
{
  return G_SOURCE_CONTINUE; /* the loop above looks at the time */
}

static void
activate_cb (AdwApplication *application, char **arguments)
{
  g_autoptr (AlidadeEngineService) service = alidade_engine_service_new ("cpu");
  g_autoptr (AlidadeLibrary) library = alidade_library_new ();
  AlidadeWindow *window = alidade_window_new (application, service, library, NULL);

  gtk_window_present (GTK_WINDOW (window));
  _alidade_window_open_project (window, arguments[1], TRUE);
  while (alidade_project_service_get_folder (window->projects) == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_timeout_add (50, tick_cb, NULL);
  g_main_context_set_poll_func (NULL, poll_func);
  run_until_idle (window, "at rest");
  _alidade_window_index_folder (window, arguments[2]);
  run_until_idle (window, "indexing");
  {
    AlidadeImportRequest *request = g_new0 (AlidadeImportRequest, 1);

    request->source = g_canonicalize_filename (arguments[3], NULL);
    request->voc_origin = -1;
    _alidade_window_start_import (window, request, NULL);
  }
  run_until_idle (window, "importing");
  g_main_context_set_poll_func (NULL, NULL);
  gtk_window_close (GTK_WINDOW (window));
  alidade_engine_service_close (service);
}

int
main (int argc, char **argv)
{
  g_autoptr (AdwApplication) application = adw_application_new ("org.alidade.Bench", G_APPLICATION_NON_UNIQUE);

  if (argc != 4)
    {
      fputs ("Usage: bench-window-jobs NEW_PROJECT FOLDER_OF_PICTURES ANNOTATIONS\n", stderr);
      return 2;
    }
  works = g_array_new (FALSE, FALSE, sizeof (double));
  g_signal_connect (application, "activate", G_CALLBACK (activate_cb), argv);
  g_application_run (G_APPLICATION (application), 1, argv);
  g_array_unref (works);
  return 0;
}
