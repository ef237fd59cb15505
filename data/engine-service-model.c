/* SPDX-License-Identifier: MIT
 * Opening a model: converted on a thread of its own if need be, then opened on the worker. */
#include "engine-service-private.h"

#include "engine-error.h"
#include "model-cache.h"

#include <unistd.h>

#define CONVERT_SHARE 0.85 /* of the progress, when a checkpoint is converted first */

struct _Opening
{
  GTask *task; /* holds the service */
  EngineWorker *worker;
  GThread *thread;
  GCancellable *cancellable;

  char *path; /* as chosen */
  char *vocab;
  gboolean allow_incomplete;
  gboolean is_embedded;

  char *conversion; /* the native file made from it; NULL: opened as it is */
  gboolean converted_now;
  AlbefReport *report; /* of the checkpoint, from the conversion */
  GError *error;
};

static void opening_start (Opening *opening);

static void
set_last_report (AlidadeEngineService *self, AlidadeReport *report)
{
  g_clear_pointer (&self->last_report, alidade_report_unref);
  self->last_report = report != NULL ? alidade_report_ref (report) : NULL;
  _alidade_engine_service_notify (self, PROP_LAST_REPORT);
}

static void
opening_free (Opening *opening)
{
  g_clear_pointer (&opening->thread, g_thread_join);
  g_clear_object (&opening->cancellable);
  g_clear_object (&opening->task);
  g_free (opening->path);
  g_free (opening->vocab);
  g_free (opening->conversion);
  albef_report_free (opening->report);
  g_clear_error (&opening->error);
  engine_worker_unref (opening->worker);
  g_free (opening);
}

static bool
convert_progress (void *user_data, const char *what, uint64_t done, uint64_t total)
{
  Opening *opening = user_data;
  double fraction = total > 0 ? CONVERT_SHARE * done / total : 0;

  return engine_worker_report_progress (opening->worker, fraction, what)
         && !g_cancellable_is_cancelled (opening->cancellable);
}

static void
opening_convert (Opening *opening)
{
  const AlbefModelOptions options = {
    .vocab = opening->vocab,
    .allow_incomplete = opening->allow_incomplete,
    .progress = convert_progress,
    .progress_data = opening,
  };
  AlbefError error = ALBEF_ERROR_INIT;

  opening->conversion = alidade_model_cache_path (NULL, opening->path, opening->vocab, opening->allow_incomplete,
                                                  &opening->error);
  if (opening->conversion == NULL || access (opening->conversion, R_OK) == 0)
    return;
  opening->converted_now = TRUE;
  if (albef_checkpoint_convert (opening->path, opening->conversion, &options, &opening->report, &error) != ALBEF_OK)
    opening->error = alidade_engine_error_new (&error);
  else
    alidade_model_cache_prune (opening->conversion);
}

/* Fails or succeeds; takes the opening. `job` NULL: not opened. */
static void
opening_end (AlidadeEngineService *self, Opening *opening, EngineJob *job)
{
  GError *error = job != NULL ? job->error : opening->error;
  AlbefReport *albef_report = NULL;
  g_autoptr (AlidadeReport) report = NULL;

  self->opening = NULL;
  if (self->worker != NULL)
    engine_worker_set_expecting (self->worker, FALSE);
  /* The checkpoint's own report tells more (twins, opaque objects); why the opening failed, only the last one. */
  if (opening->report != NULL && (error == NULL || job == NULL || job->report == NULL))
    albef_report = g_steal_pointer (&opening->report);
  else if (job != NULL)
    albef_report = g_steal_pointer (&job->report);
  if (albef_report != NULL)
    report = alidade_report_new_take (albef_report, opening->path, error == NULL);

  g_object_freeze_notify (G_OBJECT (self));
  _alidade_engine_service_notify (self, PROP_OPENING);
  if (error == NULL)
    {
      _alidade_engine_service_set_text (self, &self->error, NULL, PROP_ERROR);
      g_free (self->facts.name);
      g_free (self->facts.kind);
      g_free (self->facts.hash);
      self->facts = job->facts;
      job->facts = (EngineModelFacts) { 0 };
      if (opening->conversion != NULL)
        {
          g_free (self->facts.name);
          self->facts.name = alidade_model_cache_display_name (opening->path);
        }
      g_free (self->model_path);
      self->model_path = g_strdup (opening->path);
      self->is_embedded = opening->is_embedded;
      g_clear_pointer (&self->model_report, alidade_report_unref);
      self->model_report = report != NULL ? alidade_report_ref (report) : NULL;
      _alidade_engine_service_notify (self, PROP_MODEL_NAME);
      _alidade_engine_service_notify (self, PROP_MODEL_PATH);
      _alidade_engine_service_notify (self, PROP_IS_EMBEDDED);
      _alidade_engine_service_notify (self, PROP_READY);
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    _alidade_engine_service_set_text (self, &self->error, error->message, PROP_ERROR);
  if (report != NULL || error == NULL || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    set_last_report (self, report);
  g_object_thaw_notify (G_OBJECT (self));

  if (error == NULL)
    {
      _alidade_engine_service_model_changed (self);
      g_task_return_boolean (opening->task, TRUE);
    }
  else
    g_task_return_error (opening->task, g_error_copy (error));
  opening_free (opening);
}

/* Messages name the file that the person chose, not its conversion. */
static void
opening_rename_in_error (Opening *opening, GError *error)
{
  g_autofree char *from = NULL;
  g_autofree char *to = NULL;
  g_auto (GStrv) parts = NULL;

  if (opening->conversion == NULL || error == NULL)
    return;
  from = g_filename_display_name (opening->conversion);
  to = g_filename_display_name (opening->path);
  parts = g_strsplit (error->message, from, -1);
  g_free (error->message);
  error->message = g_strjoinv (to, parts);
}

static void
open_job_end (EngineJob *job)
{
  Opening *opening = job->owner;
  AlidadeEngineService *self = g_task_get_source_object (opening->task);
  gboolean cancelled = g_error_matches (job->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  if (job->error != NULL && !cancelled && opening->conversion != NULL)
    {
      unlink (opening->conversion);
      if (!opening->converted_now && self->worker != NULL)
        {
          /* Kept from earlier and of no use any more: once more from the checkpoint. */
          g_clear_pointer (&opening->conversion, g_free);
          opening_start (opening);
          return;
        }
      opening_rename_in_error (opening, job->error);
    }
  opening_end (self, opening, job);
}

static gboolean
opening_prepared_cb (gpointer data)
{
  Opening *opening = data;
  AlidadeEngineService *self = g_task_get_source_object (opening->task);
  EngineJob *job;

  g_clear_pointer (&opening->thread, g_thread_join);
  if (opening->error != NULL)
    {
      opening_end (self, opening, NULL);
      return G_SOURCE_REMOVE;
    }
  job = engine_job_new (ENGINE_JOB_OPEN);
  job->path = g_strdup (opening->conversion != NULL ? opening->conversion : opening->path);
  job->vocab = opening->conversion != NULL ? NULL : g_strdup (opening->vocab);
  job->allow_incomplete = opening->allow_incomplete;
  job->cancellable = opening->cancellable != NULL ? g_object_ref (opening->cancellable) : NULL;
  job->owner = opening;
  job->end = open_job_end;
  engine_worker_push (opening->worker, job);
  return G_SOURCE_REMOVE;
}

static gpointer
opening_thread (gpointer data)
{
  Opening *opening = data;
  g_autoptr (GSource) source = g_idle_source_new ();

  if (!g_cancellable_set_error_if_cancelled (opening->cancellable, &opening->error)
      && alidade_model_cache_wants (opening->path))
    opening_convert (opening);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, opening_prepared_cb, opening, NULL);
  g_source_attach (source, NULL);
  return NULL;
}

static void
opening_start (Opening *opening)
{
  opening->thread = g_thread_new ("alidade-convert", opening_thread, opening);
}

void
alidade_engine_service_open_model_async (AlidadeEngineService *self, const char *path, const char *vocab,
                                         gboolean allow_incomplete, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data)
{
  const char *embedded = albef_embedded_model_path ();
  g_autoptr (GTask) task = NULL;
  Opening *opening;

  g_return_if_fail (ALIDADE_IS_ENGINE_SERVICE (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, alidade_engine_service_open_model_async);
  g_task_set_check_cancellable (task, FALSE); /* a model that made it is in use, whatever was wished late */
  if (self->worker == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The engine was closed");
      return;
    }
  if (self->opening != NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_PENDING,
                               "Another model is being opened. Wait until it is done, or cancel it.");
      return;
    }
  if (path == NULL && embedded == NULL)
    {
      _alidade_engine_service_set_text (self, &self->error,
                "The embedded model is not installed. Open a checkpoint from the model menu, or install Alidade again.",
                PROP_ERROR);
      engine_worker_set_expecting (self->worker, FALSE);
      g_task_return_new_error (task, ALIDADE_ENGINE_ERROR, ALBEF_ERROR_FILE, "%s", self->error);
      return;
    }

  opening = g_new0 (Opening, 1);
  opening->task = g_steal_pointer (&task);
  opening->worker = engine_worker_ref (self->worker);
  opening->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  opening->path = path != NULL ? g_canonicalize_filename (path, NULL) : g_strdup (embedded);
  opening->vocab = g_strdup (vocab);
  opening->allow_incomplete = allow_incomplete;
  opening->is_embedded = g_strcmp0 (opening->path, embedded) == 0;
  self->opening = opening;
  self->progress = 0;
  g_free (self->progress_text);
  self->progress_text = g_strdup ("");
  engine_worker_set_expecting (self->worker, TRUE);
  _alidade_engine_service_notify (self, PROP_OPENING);
  _alidade_engine_service_notify (self, PROP_PROGRESS);
  _alidade_engine_service_notify (self, PROP_PROGRESS_TEXT);
  opening_start (opening);
}

gboolean
alidade_engine_service_open_model_finish (AlidadeEngineService *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
_alidade_engine_service_join_opening (AlidadeEngineService *self)
{
  /* A conversion notices by its progress and removes what it had written. */
  if (self->opening != NULL)
    g_clear_pointer (&self->opening->thread, g_thread_join);
}
