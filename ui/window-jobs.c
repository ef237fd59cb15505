/* SPDX-License-Identifier: MIT
 * What goes on in the background, one row under the header each; and the index of a folder of pictures. */
#include "folder-index.h"
#include "window-private.h"

#define AT_ONCE 2000 /* images told to the list in a call */

static void
cancelled_cb (AlidadeWindowJob *job)
{
  g_cancellable_cancel (job->cancellable);
}

void
_alidade_window_job_begin (AlidadeWindowJob *job, AlidadeWindow *window, const char *title, gboolean pausable,
                           AlidadeJobPoll poll)
{
  job->window = g_object_ref (window);
  job->cancellable = g_cancellable_new ();
  job->row = g_object_ref_sink (alidade_job_row_new (title, pausable, poll, job, NULL));
  g_signal_connect_swapped (job->row, "cancelled", G_CALLBACK (cancelled_cb), job);
  gtk_box_append (window->jobs, job->row);
}

gboolean
_alidade_window_job_end (AlidadeWindowJob *job)
{
  GtkWidget *parent = gtk_widget_get_parent (job->row);

  g_signal_handlers_disconnect_by_data (job->row, job);
  if (parent != NULL)
    gtk_box_remove (GTK_BOX (parent), job->row);
  /* It asks its job until it is disposed of. */
  g_object_run_dispose (G_OBJECT (job->row));
  return parent != NULL && !gtk_widget_in_destruction (GTK_WIDGET (job->window));
}

void
_alidade_window_job_clear (AlidadeWindowJob *job)
{
  g_clear_object (&job->row);
  g_clear_object (&job->cancellable);
  g_clear_object (&job->window);
}

/* ---- a folder of pictures ------------------------------------------------------------------------- */

typedef struct
{
  AlidadeWindowJob job;
  FolderIndex *index;
  char *by;
  gint started; /* atomic */
} IndexJob;

static void
index_job_free (gpointer data)
{
  IndexJob *index = data;

  folder_index_unref (index->index);
  g_free (index->by);
  _alidade_window_job_clear (&index->job);
  g_free (index);
}

/* The list in memory learns of states that no journal tells. */
static void
take_changed (IndexJob *index)
{
  g_autoptr (GArray) changed = folder_index_take_changed (index->index);

  for (guint i = 0; index->job.window->index != NULL && i < changed->len; i += AT_ONCE)
    alidade_project_index_refresh_images (index->job.window->index, (const gint64 *) (void *) changed->data + i,
                                          MIN (AT_ONCE, changed->len - i));
}

static void
index_poll (AlidadeJobState *state, gpointer data)
{
  IndexJob *index = data;
  FolderProgress progress;

  if (!g_atomic_int_get (&index->started))
    {
      state->text = g_strdup ("Waits for the job before it");
      return;
    }
  take_changed (index);
  folder_index_get_progress (index->index, &progress);
  state->paused = progress.paused;
  state->seconds_left = progress.seconds_left;
  if (progress.listing)
    {
      state->text = progress.added > 0 ? g_strdup_printf ("%'" G_GINT64_FORMAT " new pictures found", progress.added)
                                       : g_strdup ("Looking for pictures…");
      return;
    }
  state->fraction = progress.total > 0 ? (double) progress.done / progress.total : 1;
  state->text = g_strdup_printf ("%'" G_GINT64_FORMAT " of %'" G_GINT64_FORMAT " files", progress.done, progress.total);
}

static void
pause_cb (AlidadeJobRow *row, gboolean pause, IndexJob *index)
{
  folder_index_set_paused (index->index, pause);
}

static gboolean
run_index (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  IndexJob *index = data;

  g_atomic_int_set (&index->started, 1);
  return folder_index_run (index->index, project, index->by, alidade_project_service_give_way, NULL, cancellable,
                           error);
}

static gboolean
is_cancelled (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
         || g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_CANCELLED);
}

static void
indexed_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  IndexJob *index = data;
  AlidadeWindow *self = index->job.window;
  g_autoptr (GError) error = NULL;
  FolderProgress progress;
  gboolean done = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (source), result, NULL, &error);

  if (!_alidade_window_job_end (&index->job))
    return;
  take_changed (index);
  folder_index_get_progress (index->index, &progress);
  if (!done && is_cancelled (error))
    _alidade_window_tell (self, "Stopped: the pictures found so far stay. Add the folder again to go on.");
  else if (!done)
    _alidade_window_tell (self, "%s", error->message);
  else if (progress.added + progress.changed + progress.missing + progress.again == 0)
    _alidade_window_tell (self, "Nothing new in this folder");
  else
    {
      g_autoptr (GString) text = g_string_new (NULL);
      const struct
      {
        gint64 n;
        const char *what;
      } parts[] = { { progress.added, "new" },
                    { progress.changed, "changed" },
                    { progress.missing, "missing" },
                    { progress.again, "there again" } };

      for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
        if (parts[i].n > 0)
          g_string_append_printf (text, "%s%'" G_GINT64_FORMAT " %s", text->len > 0 ? ", " : "", parts[i].n,
                                  parts[i].what);
      _alidade_window_tell (self, "Pictures: %s", text->str);
    }
}

void
_alidade_window_index_folder (AlidadeWindow *self, const char *folder)
{
  IndexJob *index = g_new0 (IndexJob, 1);
  g_autofree char *shown = g_filename_display_basename (folder);
  g_autofree char *title = g_strdup_printf ("Indexing %s", shown);

  index->index = folder_index_new (folder);
  index->by = g_strdup (_alidade_window_by (self));
  _alidade_window_job_begin (&index->job, self, title, TRUE, index_poll);
  g_signal_connect (index->job.row, "pause-toggled", G_CALLBACK (pause_cb), index);
  alidade_project_service_run_async (self->projects, run_index, index, index_job_free, index->job.cancellable,
                                     indexed_cb, index);
}
