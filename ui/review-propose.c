/* SPDX-License-Identifier: MIT */
#include "review-propose.h"

#include "propose.h"

/* One run: opened on the writer's thread; then for each picture read on a reader's, computed on the engine's, written on
 * the writer's. One step at a time, so nothing of it is shared. */
struct _AlidadeReviewPropose
{
  GObject parent_instance;

  AlidadeProjectService *projects;
  AlidadeEngineService *engine;
  GCancellable *cancellable; /* of the run; NULL: none */
  char *by, *filter, *model;
  ProposeRun *run;
  ProposeJob *job;
  gboolean paused, waits;    /* waits: the next step is held up by the pause */
  gint64 started;            /* of the first picture; monotonic */
  gint64 images, done, phrases, regions, done_before;
};

G_DEFINE_FINAL_TYPE (AlidadeReviewPropose, alidade_review_propose, G_TYPE_OBJECT)

enum
{
  CHANGED,
  FINISHED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void ask_next (AlidadeReviewPropose *self);

static void
end (AlidadeReviewPropose *self, const GError *error)
{
  g_autofree char *text = NULL;
  gboolean cancelled = error != NULL && (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
                                         g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_CANCELLED));

  if (cancelled)
    text = g_strdup_printf ("Stopped after %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " pictures; proposing again goes on from there.",
                            self->done, self->images);
  else if (error != NULL)
    text = g_strdup_printf ("No further regions were proposed: %s", error->message);
  else
    {
      const ProposeReport *report = propose_run_report (self->run);
      g_autofree char *skipped = report->skipped > 0 ? g_strdup_printf (" %" G_GINT64_FORMAT " phrases lie on pictures that could not be read.",
                                                                       report->skipped) : g_strdup ("");

      text = g_strdup_printf ("%" G_GINT64_FORMAT " regions proposed for %" G_GINT64_FORMAT " phrases.%s", report->regions,
                              report->done_phrases, skipped);
    }
  g_clear_pointer (&self->run, propose_run_free);
  g_clear_pointer (&self->job, propose_job_free);
  g_clear_object (&self->cancellable);
  self->paused = self->waits = FALSE;
  g_signal_emit (self, signals[CHANGED], 0);
  g_signal_emit (self, signals[FINISHED], 0, text, error != NULL && !cancelled);
}

/* The step's own error, or the run's cancellation. TRUE: it goes on. */
static gboolean
go_on (AlidadeReviewPropose *self, gboolean good, GError **error)
{
  if (good && !g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return TRUE;
  end (self, *error);
  return FALSE;
}

static void
count (AlidadeReviewPropose *self)
{
  const ProposeReport *report = propose_run_report (self->run);

  self->images = report->images;
  self->done = report->done_images;
  self->phrases = report->done_phrases;
  self->regions = report->regions;
}

/* Steps on other threads ------------------------------------------------------------------------------------------------ */

static gboolean
name_model (AlbefModel *model, const AlbefCancel *cancel, gpointer data, GError **error)
{
  AlidadeReviewPropose *self = data;

  g_free (self->model);
  self->model = propose_model_key (model);
  return TRUE;
}

static gboolean
open_run (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  AlidadeReviewPropose *self = data;
  const ProposeOptions options = { .by = self->by, .filter = self->filter, .find_phrases = TRUE };

  self->run = propose_run_open_as (project, self->model, NULL, &options, error);
  return self->run != NULL;
}

static gboolean
next_job (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  AlidadeReviewPropose *self = data;
  GError *local = NULL;

  self->job = propose_run_next (self->run, project, &local);
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, local);
  return FALSE;
}

static gboolean
compute_job (AlbefModel *model, const AlbefCancel *cancel, gpointer data, GError **error)
{
  AlidadeReviewPropose *self = data;
  const ProposeModels models = { .model = model };
  g_autofree char *key = propose_model_key (model);

  if (g_strcmp0 (key, self->model) != 0)
    {
      g_set_error_literal (error, PROJECT_ERROR, PROJECT_ERROR_REFUSED, "another model is in use now; propose again with that one.");
      return FALSE;
    }
  return propose_job_compute (self->job, &models, cancel, error);
}

static gboolean
store_job (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  AlidadeReviewPropose *self = data;

  return propose_run_store (self->run, project, self->job, error);
}

static gboolean
finish_run (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  AlidadeReviewPropose *self = data;

  return propose_run_finish (self->run, project, error);
}

/* Their answers ------------------------------------------------------------------------------------------------------------ */

static gboolean
project_answer (AlidadeReviewPropose *self, GAsyncResult *result, GError **error)
{
  gboolean good = alidade_project_service_finish (self->projects, result, NULL, error);

  return go_on (self, good, error);
}

static void
finished_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeReviewPropose) self = data;
  g_autoptr (GError) error = NULL;

  if (project_answer (self, result, &error))
    end (self, NULL);
}

static void
stored_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeReviewPropose) self = data;
  g_autoptr (GError) error = NULL;

  if (!project_answer (self, result, &error))
    return;
  g_clear_pointer (&self->job, propose_job_free);
  count (self);
  ask_next (self);
}

static void
computed_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeReviewPropose) self = data;
  g_autoptr (GError) error = NULL;
  gboolean good = alidade_engine_service_work_finish (ALIDADE_ENGINE_SERVICE (source), result, NULL, &error);

  if (go_on (self, good, &error))
    alidade_project_service_run_async (self->projects, store_job, self, NULL, self->cancellable, stored_cb, g_object_ref (self));
}

static void
next_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeReviewPropose) self = data;
  g_autoptr (GError) error = NULL;

  if (!project_answer (self, result, &error))
    return;
  if (self->job == NULL)
    alidade_project_service_run_async (self->projects, finish_run, self, NULL, self->cancellable, finished_cb, g_object_ref (self));
  else
    alidade_engine_service_work_async (self->engine, ALIDADE_ENGINE_BACKGROUND, compute_job, self, NULL, self->cancellable, computed_cb,
                                       g_object_ref (self));
}

static void
ask_next (AlidadeReviewPropose *self)
{
  self->waits = self->paused;
  if (!self->paused)
    alidade_project_service_read_async (self->projects, next_job, self, NULL, self->cancellable, next_cb, g_object_ref (self));
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeReviewPropose) self = data;
  g_autoptr (GError) error = NULL;

  if (!project_answer (self, result, &error))
    return;
  count (self);
  self->done_before = self->done;
  self->started = g_get_monotonic_time ();
  ask_next (self);
}

static void
named_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeReviewPropose) self = data;
  g_autoptr (GError) error = NULL;
  gboolean good = alidade_engine_service_work_finish (ALIDADE_ENGINE_SERVICE (source), result, NULL, &error);

  if (go_on (self, good, &error))
    alidade_project_service_run_async (self->projects, open_run, self, NULL, self->cancellable, opened_cb, g_object_ref (self));
}

/* Public ------------------------------------------------------------------------------------------------------------------ */

void
alidade_review_propose_start (AlidadeReviewPropose *self, const char *by, const char *filter)
{
  g_return_if_fail (ALIDADE_IS_REVIEW_PROPOSE (self) && by != NULL);

  if (self->cancellable != NULL)
    return;
  self->cancellable = g_cancellable_new ();
  g_free (self->by);
  self->by = g_strdup (by);
  g_free (self->filter);
  self->filter = g_strdup (filter);
  self->images = self->done = self->phrases = self->regions = self->started = 0;
  alidade_engine_service_work_async (self->engine, ALIDADE_ENGINE_BACKGROUND, name_model, self, NULL, self->cancellable, named_cb,
                                     g_object_ref (self));
  g_signal_emit (self, signals[CHANGED], 0);
}

void
alidade_review_propose_cancel (AlidadeReviewPropose *self)
{
  g_autoptr (GError) error = NULL;

  if (self->cancellable == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  if (self->waits && g_cancellable_set_error_if_cancelled (self->cancellable, &error))
    end (self, error);
}

void
alidade_review_propose_set_paused (AlidadeReviewPropose *self, gboolean paused)
{
  if (self->cancellable == NULL || self->paused == paused)
    return;
  self->paused = paused;
  if (!paused && self->waits)
    {
      self->done_before = self->done;
      self->started = g_get_monotonic_time ();
      ask_next (self);
    }
  g_signal_emit (self, signals[CHANGED], 0);
}

gboolean
alidade_review_propose_get_running (AlidadeReviewPropose *self)
{
  return self->cancellable != NULL;
}

void
alidade_review_propose_poll (AlidadeJobState *state, gpointer data)
{
  AlidadeReviewPropose *self = data;
  gint64 done = self->done - self->done_before;
  double seconds = (g_get_monotonic_time () - self->started) / 1e6;

  state->paused = self->paused;
  if (self->images == 0)
    {
      state->text = g_strdup ("looking for phrases");
      return;
    }
  state->text = g_strdup_printf ("picture %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " regions",
                                 MIN (self->done + 1, self->images), self->images, self->regions);
  state->fraction = self->done / (double) self->images;
  if (done > 2 && !self->paused)
    state->seconds_left = seconds / done * (self->images - self->done);
}

static void
alidade_review_propose_finalize (GObject *object)
{
  AlidadeReviewPropose *self = ALIDADE_REVIEW_PROPOSE (object);

  g_clear_pointer (&self->run, propose_run_free);
  g_clear_pointer (&self->job, propose_job_free);
  g_clear_object (&self->cancellable);
  g_object_unref (self->projects);
  g_object_unref (self->engine);
  g_free (self->by);
  g_free (self->filter);
  g_free (self->model);
  G_OBJECT_CLASS (alidade_review_propose_parent_class)->finalize (object);
}

static void
alidade_review_propose_class_init (AlidadeReviewProposeClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = alidade_review_propose_finalize;
  signals[CHANGED] = g_signal_new ("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[FINISHED] = g_signal_new ("finished", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING,
                                    G_TYPE_BOOLEAN);
}

static void
alidade_review_propose_init (AlidadeReviewPropose *self)
{
}

AlidadeReviewPropose *
alidade_review_propose_new (AlidadeProjectService *projects, AlidadeEngineService *engine)
{
  AlidadeReviewPropose *self = g_object_new (ALIDADE_TYPE_REVIEW_PROPOSE, NULL);

  self->projects = g_object_ref (projects);
  self->engine = g_object_ref (engine);
  return self;
}
