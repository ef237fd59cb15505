/* SPDX-License-Identifier: MIT
 * Pictures that are not where they were: said in a line that offers to look for their folder. What was found there is
 * written down as one record; where it does not look like the same pictures, the person is asked before. */
#include "library-rows.h"
#include "picture-files.h"
#include "window-private.h"

#define LOOK_AGAIN_MS 600

/* ---- which ones ----------------------------------------------------------------------------------- */

typedef struct
{
  char *root; /* with the most that are missing; NULL: nothing is */
  gint64 n;   /* of that root */
} Missing;

static void
missing_free (gpointer data)
{
  Missing *missing = data;

  g_free (missing->root);
  g_free (missing);
}

/* A root that is gone has lost all of its pictures, whether somebody looked for them or not. */
static gboolean
read_missing (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  Missing *missing = data;
  g_autoptr (GPtrArray) roots = library_roots (project, error);

  for (guint i = 0; roots != NULL && i < roots->len; i++)
    {
      const LibraryRoot *root = roots->pdata[i];
      gint64 n = g_file_test (root->path, G_FILE_TEST_IS_DIR) ? root->missing : root->images;

      if (n <= missing->n)
        continue;
      missing->n = n;
      g_free (missing->root);
      missing->root = g_strdup (root->path);
    }
  return roots != NULL;
}

static void
missing_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeWindow) self = data;
  gpointer answer = NULL;
  gboolean done = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (source), result, &answer, NULL);
  Missing *missing = answer;
  g_autofree char *text = NULL;

  if (gtk_widget_in_destruction (GTK_WIDGET (self)))
    return;
  g_clear_pointer (&self->missing_root, g_free);
  if (done && missing->n > 0)
    {
      g_autofree char *shown = g_filename_display_name (missing->root);

      self->missing_root = g_steal_pointer (&missing->root);
      text = missing->n == 1 ? g_strdup_printf ("A picture is not where it was, below %s.", shown)
                             : g_strdup_printf ("%'" G_GINT64_FORMAT " pictures are not where they were, below %s.",
                                                missing->n, shown);
    }
  alidade_notice_bar_set (self->relink_notice, "image-missing-symbolic", text,
                          alidade_project_service_get_reason (self->projects) == NULL ? "Find Folder…" : NULL, -1);
}

void
_alidade_window_look_for_missing (AlidadeWindow *self)
{
  if (alidade_project_service_get_folder (self->projects) == NULL)
    {
      g_clear_pointer (&self->missing_root, g_free);
      alidade_notice_bar_set (self->relink_notice, NULL, NULL, NULL, -1);
      return;
    }
  alidade_project_service_read_async (self->projects, read_missing, g_new0 (Missing, 1), missing_free, NULL, missing_cb,
                                      g_object_ref (self));
}

static gboolean
look_again_cb (gpointer data)
{
  AlidadeWindow *self = data;

  self->missing_id = 0;
  _alidade_window_look_for_missing (self);
  return G_SOURCE_REMOVE;
}

static void
changed_cb (AlidadeWindow *self)
{
  if (self->missing_id == 0)
    self->missing_id = g_timeout_add (LOOK_AGAIN_MS, look_again_cb, self);
}

/* ---- another place -------------------------------------------------------------------------------- */

typedef struct
{
  AlidadeWindowJob job;
  char *from, *to, *by;
  gboolean force;
  RelinkReport report;
} RelinkJob;

static void
relink_job_free (gpointer data)
{
  RelinkJob *relink = data;

  g_free (relink->from);
  g_free (relink->to);
  g_free (relink->by);
  relink_report_clear (&relink->report);
  _alidade_window_job_clear (&relink->job);
  g_free (relink);
}

static void
relink_poll (AlidadeJobState *state, gpointer data)
{
  state->text = g_strdup ("Looking for the pictures…");
}

static gboolean
run_relink (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  RelinkJob *relink = data;

  return project_relink (project, relink->from, relink->to, relink->force, FALSE, relink->by, cancellable,
                         &relink->report, error);
}

static void start_relink (AlidadeWindow *self, const char *from, const char *to, gboolean force);

typedef struct
{
  char *from, *to;
} Places;

static void
places_free (gpointer data, GClosure *closure)
{
  Places *places = data;

  g_free (places->from);
  g_free (places->to);
  g_free (places);
}

static void
force_cb (AdwMessageDialog *dialog, const char *response, Places *places)
{
  start_relink (ALIDADE_WINDOW (gtk_window_get_transient_for (GTK_WINDOW (dialog))), places->from, places->to, TRUE);
}

static void
ask_force (AlidadeWindow *self, const RelinkJob *relink, const char *message)
{
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (self), "These Look Like Other Pictures", message);
  Places *places = g_new0 (Places, 1);

  places->from = g_strdup (relink->from);
  places->to = g_strdup (relink->to);
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "close", "_Cancel", "force", "_Use This Folder", NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "force", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "close");
  g_signal_connect_data (dialog, "response::force", G_CALLBACK (force_cb), places, places_free, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
relinked_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  RelinkJob *relink = data;
  AlidadeWindow *self = relink->job.window;
  g_autoptr (GError) error = NULL;
  gboolean done = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (source), result, NULL, &error);
  gint64 found = relink->report.same + relink->report.unchecked;

  if (!_alidade_window_job_end (&relink->job))
    return;
  if (done && relink->report.changed + relink->report.missing > 0)
    _alidade_window_tell (self, "%'" G_GINT64_FORMAT " pictures found, %'" G_GINT64_FORMAT
                           " have other content, %'" G_GINT64_FORMAT " are still missing",
                           found, relink->report.changed, relink->report.missing);
  else if (done)
    _alidade_window_tell (self, found == 1 ? "The picture was found" : "All %'" G_GINT64_FORMAT " pictures were found",
                           found);
  else if (g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_REFUSED) && !relink->force)
    ask_force (self, relink, error->message);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    _alidade_window_tell (self, "%s", error->message);
  /* Their paths are other ones now. */
  if (done)
    {
      alidade_exploration_set_picture (self->exploration, NULL);
      alidade_window_select_first (self);
    }
}

static void
start_relink (AlidadeWindow *self, const char *from, const char *to, gboolean force)
{
  RelinkJob *relink = g_new0 (RelinkJob, 1);

  relink->from = g_strdup (from);
  relink->to = g_strdup (to);
  relink->by = g_strdup (_alidade_window_by (self));
  relink->force = force;
  _alidade_window_job_begin (&relink->job, self, "Finding Pictures", FALSE, relink_poll);
  alidade_project_service_run_async (self->projects, run_relink, relink, relink_job_free, relink->job.cancellable,
                                     relinked_cb, relink);
}

static void
folder_chosen (AlidadeWindow *self, GListModel *files, gpointer data)
{
  g_autoptr (GFile) folder = g_list_model_get_item (files, 0);

  if (g_file_peek_path (folder) != NULL && self->missing_root != NULL)
    start_relink (self, self->missing_root, g_file_peek_path (folder), FALSE);
}

static void
find_folder_cb (AlidadeWindow *self)
{
  if (self->missing_root != NULL)
    _alidade_window_choose (self,
                            gtk_file_chooser_native_new ("Where the Pictures Are Now", GTK_WINDOW (self),
                                                         GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, NULL, NULL),
                            folder_chosen, NULL);
}

void
_alidade_window_init_relink (AlidadeWindow *self)
{
  g_signal_connect_swapped (self->projects, "changed", G_CALLBACK (changed_cb), self);
  g_signal_connect_swapped (self->relink_notice, "button-clicked", G_CALLBACK (find_folder_cb), self);
}
