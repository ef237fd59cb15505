/* SPDX-License-Identifier: MIT
 * Requests for maps: the newest one counts. */
#include "engine-service-private.h"

static void
update_busy (AlidadeEngineService *self)
{
  gboolean busy = self->serial != self->done_serial;

  if (busy == self->busy)
    return;
  self->busy = busy;
  _alidade_engine_service_notify (self, PROP_BUSY);
}

typedef struct
{
  GTask *task;
  gulong handler; /* of the task's cancellable */
  EngineWorker *worker;
} MapsOwner;

static void
maps_cancelled_cb (GCancellable *cancellable, gpointer data)
{
  EngineJob *job = data;
  MapsOwner *owner = job->owner;

  albef_cancel_trigger (job->cancel);
  engine_worker_wake (owner->worker);
}

static void
maps_words (EngineJob *job, AlidadeMaps *words)
{
  MapsOwner *owner = job->owner;
  AlidadeEngineService *self = owner != NULL ? g_task_get_source_object (owner->task) : NULL;

  if (self != NULL && job->serial == self->serial && !albef_cancel_is_triggered (job->cancel))
    _alidade_engine_service_words (self, words);
  alidade_maps_unref (words);
}

static void
maps_end (EngineJob *job)
{
  MapsOwner *owner = job->owner;
  AlidadeEngineService *self = g_task_get_source_object (owner->task);
  g_autoptr (GTask) task = owner->task;

  g_cancellable_disconnect (g_task_get_cancellable (task), owner->handler);
  job->owner = NULL; /* the handler, which looks at it, is gone */
  engine_worker_unref (owner->worker);
  g_free (owner);

  if (job->serial == self->serial)
    {
      self->done_serial = job->serial;
      update_busy (self);
    }
  if (job->error != NULL)
    g_task_return_error (task, g_steal_pointer (&job->error));
  else if (job->serial != self->serial)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Replaced by a newer request");
  else
    {
      job->maps->seconds = (g_get_monotonic_time () - job->asked) / 1e6;
      g_task_return_pointer (task, g_steal_pointer (&job->maps), (GDestroyNotify) alidade_maps_unref);
    }
}

void
alidade_engine_service_request_maps_async (AlidadeEngineService *self, AlidadeLoadedPicture *picture, const char *text,
                                           const AlbefMapsRequest *request, GCancellable *cancellable,
                                           GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  MapsOwner *owner;
  EngineJob *job;

  g_return_if_fail (ALIDADE_IS_ENGINE_SERVICE (self) && text != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, alidade_engine_service_request_maps_async);
  if (self->worker == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The engine was closed");
      return;
    }
  owner = g_new0 (MapsOwner, 1);
  owner->task = g_steal_pointer (&task);
  owner->worker = engine_worker_ref (self->worker);
  job = engine_job_new (ENGINE_JOB_MAPS);
  job->owner = owner;
  job->words = maps_words;
  job->end = maps_end;
  job->picture = picture != NULL ? alidade_loaded_picture_ref (picture) : NULL;
  job->text = g_strdup (text);
  job->has_request = request != NULL;
  if (request != NULL)
    job->request = *request;
  job->serial = ++self->serial;
  if (cancellable != NULL)
    owner->handler = g_cancellable_connect (cancellable, G_CALLBACK (maps_cancelled_cb), engine_job_ref (job),
                                            (GDestroyNotify) engine_job_unref);
  update_busy (self);
  engine_worker_push (self->worker, job);
}

AlidadeMaps *
alidade_engine_service_request_maps_finish (AlidadeEngineService *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
prepare_end (EngineJob *job)
{
}

void
alidade_engine_service_prepare (AlidadeEngineService *self, AlidadeLoadedPicture *picture)
{
  EngineJob *job;

  g_return_if_fail (ALIDADE_IS_ENGINE_SERVICE (self) && picture != NULL);

  if (self->worker == NULL)
    return;
  job = engine_job_new (ENGINE_JOB_PREPARE);
  job->end = prepare_end;
  job->picture = alidade_loaded_picture_ref (picture);
  engine_worker_push (self->worker, job);
}
