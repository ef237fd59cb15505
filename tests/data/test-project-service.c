/* SPDX-License-Identifier: MIT
 * The project's service: people first, readers beside the writer, a second writer told why, closing that loses nothing. */
#include "loop.h"
#include "project-service.h"

#include "database.h"
#include "project.h"
#include "review.h"

typedef struct
{
  gboolean done, good;
  GError *error;
} Outcome;

static GString *order; /* written on the writer's thread alone while it works */
static gint in_background, may_go_on;

static void
outcome_clear (Outcome *outcome)
{
  g_clear_error (&outcome->error);
  outcome->done = outcome->good = FALSE;
}

static void
opened_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;

  outcome->good = alidade_project_service_open_finish (ALIDADE_PROJECT_SERVICE (object), result, &outcome->error);
  outcome->done = TRUE;
}

static void
done_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;

  outcome->good = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (object), result, NULL, &outcome->error);
  outcome->done = TRUE;
}

static gboolean
open_project (AlidadeProjectService *service, const char *folder, gboolean create, Outcome *outcome)
{
  outcome_clear (outcome);
  alidade_project_service_open_async (service, folder, create, opened_cb, outcome);
  return loop_until (&outcome->done) && outcome->good;
}

static gboolean
note_func (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  g_string_append (order, data);
  return TRUE;
}

/* Tidies up for a while after it was cancelled. */
static gboolean
slow_end_func (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  g_atomic_int_set (&in_background, 1);
  while (!g_cancellable_set_error_if_cancelled (cancellable, error))
    g_usleep (1000);
  g_usleep (G_USEC_PER_SEC);
  return FALSE;
}

static gboolean
fail_func (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  return project_fail (error, PROJECT_ERROR_REFUSED, "no, %s", (const char *) data);
}

/* Waits until the main thread has handed over what goes first. */
static gboolean
long_func (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  g_string_append (order, "b");
  g_atomic_int_set (&in_background, 1);
  while (!g_atomic_int_get (&may_go_on) && !g_cancellable_is_cancelled (cancellable))
    g_usleep (1000);
  alidade_project_service_give_way (NULL);
  g_string_append (order, "B");
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static gboolean
tag_func (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  return database_exec (project_database (project), "CREATE TABLE IF NOT EXISTS note (text TEXT) STRICT", error) &&
         database_exec (project_database (project), "INSERT INTO note VALUES ('x')", error);
}

static gboolean
count_func (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  ProjectCounts counts;

  *(gint64 *) data = -1;
  if (!project_count (project, &counts, error))
    return FALSE;
  *(gint64 *) data = counts.images;
  return TRUE;
}

static void
count_cb (gpointer object, gpointer data)
{
  ++*(int *) data;
}

static void
free_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
}

static gboolean
true_func (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  return TRUE;
}

int
main (void)
{
  g_autofree char *parent = temporary_folder (), *folder = g_build_filename (parent, "Birds", NULL);
  g_autofree char *missing = g_build_filename (parent, "none", NULL);
  g_autoptr (AlidadeProjectService) service = alidade_project_service_new (), other = alidade_project_service_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Outcome first = { 0 }, second = { 0 }, third = { 0 };
  int n_changed = 0, n_opened = 0;
  gboolean freed = FALSE;
  gint64 n = 0, began;

  order = g_string_new (NULL);
  g_signal_connect (service, "changed", G_CALLBACK (count_cb), &n_changed);
  g_signal_connect (service, "opened", G_CALLBACK (count_cb), &n_opened);

  alidade_project_service_write_async (service, note_func, "-", NULL, done_cb, &first);
  tap_ok (loop_until (&first.done) && !first.good && g_error_matches (first.error, PROJECT_ERROR, PROJECT_ERROR_NOT_FOUND),
             "/project-service/without a project a write says so");
  tap_ok (!open_project (service, missing, FALSE, &first) && first.error != NULL, "/project-service/a folder without a project is refused");
  tap_ok (open_project (service, folder, TRUE, &first) && n_opened == 1, "/project-service/a new project is made and open");
  tap_ok (g_strcmp0 (alidade_project_service_get_title (service), "Birds") == 0 &&
                 alidade_project_service_get_reason (service) == NULL,
             "/project-service/its title is the folder's name, and it can be written");

  /* People first */
  outcome_clear (&first);
  alidade_project_service_run_async (service, long_func, NULL, NULL, NULL, done_cb, &first);
  alidade_project_service_run_async (service, note_func, "n", NULL, NULL, done_cb, &second);
  while (!g_atomic_int_get (&in_background))
    g_usleep (1000);
  alidade_project_service_write_async (service, note_func, "p", NULL, done_cb, &third);
  tap_ok (alidade_project_service_get_n_waiting (service) == 1, "/project-service/a person's write waits while a job runs");
  g_atomic_int_set (&may_go_on, 1);
  tap_ok (loop_until (&first.done) && loop_until (&second.done) && loop_until (&third.done) && first.good && second.good &&
                 third.good && g_strcmp0 (order->str, "bpBn") == 0,
             "/project-service/a job in the background lets people through, then the next job runs");
  tap_ok (alidade_project_service_get_n_waiting (service) == 0 && n_changed > 0, "/project-service/nothing waits, and the change is told");

  outcome_clear (&first);
  alidade_project_service_write_async (service, fail_func, "sir", NULL, done_cb, &first);
  tap_ok (loop_until (&first.done) && !first.good && g_strcmp0 (first.error->message, "no, sir") == 0,
             "/project-service/a function's error arrives as it is");
  outcome_clear (&first);
  alidade_project_service_read_async (service, count_func, &n, NULL, NULL, done_cb, &first);
  tap_ok (loop_until (&first.done) && first.good && n == 0, "/project-service/a reader counts");
  outcome_clear (&first);
  alidade_project_service_write_async (service, true_func, &freed, free_cb, done_cb, &first);
  loop_until (&first.done);
  loop_drain ();
  tap_ok (freed, "/project-service/data is freed after the answer");

  /* A second writer */
  tap_ok (open_project (other, folder, FALSE, &second) && alidade_project_service_get_reason (other) != NULL,
             "/project-service/a second writer may read, and is told why");
  outcome_clear (&second);
  alidade_project_service_write_async (other, note_func, "-", NULL, done_cb, &second);
  tap_ok (loop_until (&second.done) && !second.good &&
                 g_strcmp0 (second.error->message, alidade_project_service_get_reason (other)) == 0,
             "/project-service/its writes are refused with that reason");
  outcome_clear (&second);
  alidade_project_service_read_async (other, count_func, &n, NULL, NULL, done_cb, &second);
  tap_ok (loop_until (&second.done) && second.good, "/project-service/it reads beside the writer");

  /* Closing */
  g_atomic_int_set (&may_go_on, 0);
  g_atomic_int_set (&in_background, 0);
  outcome_clear (&first);
  outcome_clear (&second);
  outcome_clear (&third);
  alidade_project_service_run_async (service, long_func, NULL, NULL, NULL, done_cb, &first);
  alidade_project_service_run_async (service, note_func, "n", NULL, NULL, done_cb, &second);
  while (!g_atomic_int_get (&in_background))
    g_usleep (1000);
  alidade_project_service_write_async (service, tag_func, NULL, NULL, done_cb, &third);
  alidade_project_service_close (service);
  tap_ok (loop_until (&first.done) && loop_until (&second.done) && loop_until (&third.done) && third.good &&
                 g_error_matches (first.error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
                 g_error_matches (second.error, G_IO_ERROR, G_IO_ERROR_CANCELLED),
             "/project-service/closing ends jobs in the background and keeps what a person did");
  tap_ok (alidade_project_service_get_folder (service) == NULL, "/project-service/no project is open then");
  alidade_project_service_close (other);
  tap_ok (open_project (service, folder, FALSE, &first) && alidade_project_service_get_reason (service) == NULL &&
                 open_project (service, folder, FALSE, &first) && alidade_project_service_get_reason (service) == NULL,
             "/project-service/it opens again, and once more while it is open");
  outcome_clear (&first);
  g_cancellable_cancel (cancellable);
  alidade_project_service_run_async (service, note_func, "n", NULL, cancellable, done_cb, &first);
  tap_ok (loop_until (&first.done) && g_error_matches (first.error, G_IO_ERROR, G_IO_ERROR_CANCELLED),
             "/project-service/a cancelled job does not run");

  /* Leaving: a job that takes its time to end */
  outcome_clear (&first);
  g_atomic_int_set (&in_background, 0);
  alidade_project_service_run_async (service, slow_end_func, NULL, NULL, NULL, done_cb, &first);
  while (!g_atomic_int_get (&in_background))
    g_usleep (1000);
  began = g_get_monotonic_time ();
  alidade_project_service_leave (service);
  tap_ok (g_get_monotonic_time () - began < 200 * G_TIME_SPAN_MILLISECOND && !first.done,
          "/project-service/leaving does not wait for a job to end");
  tap_ok (open_project (service, folder, FALSE, &second) && alidade_project_service_get_reason (service) == NULL
              && first.done,
          "/project-service/opening the same again does, and can write");

  outcome_clear (&first);
  outcome_clear (&second);
  outcome_clear (&third);
  alidade_project_service_close (service);
  loop_drain ();
  remove_tree (parent);
  g_string_free (order, TRUE);
  return tap_done ();
}
