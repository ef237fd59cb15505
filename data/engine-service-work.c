/* SPDX-License-Identifier: MIT
 * Work with the model that waits its turn. */
#include "engine-service-private.h"

typedef struct
{
  GTask *task;
  gulong handler; /* of the task's cancellable */
  EngineWorker *worker;
} WorkOwner;

static void
work_cancelled_cb (GCancellable *cancellable, gpointer data)
{
  EngineJob *job = data;
  WorkOwner *owner = job->owner;

  engine_worker_cancel (owner->worker, job);
}

static void
work_end (EngineJob *job)
{
  WorkOwner *owner = job->owner;
  g_autoptr (GTask) task = owner->task;

  g_cancellable_disconnect (g_task_get_cancellable (task), owner->handler);
  if (albef_cancel_is_triggered (job->cancel))
    {
      g_clear_error (&job->error);
      g_set_error_literal (&job->error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled");
    }
  job->owner = NULL; /* the handler, which looks at it, is gone */
  engine_worker_unref (owner->worker);
  g_free (owner);
  if (job->error != NULL)
    g_task_return_error (task, g_steal_pointer (&job->error));
  else
    g_task_return_boolean (task, TRUE);
}

void
alidade_engine_service_work_async (AlidadeEngineService *self, AlidadeEnginePriority priority, AlidadeEngineFunc func,
                                   gpointer data, GDestroyNotify destroy, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  WorkOwner *owner;
  EngineJob *job;

  g_return_if_fail (ALIDADE_IS_ENGINE_SERVICE (self) && func != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_source_tag (task, alidade_engine_service_work_async);
  g_task_set_task_data (task, data, destroy);
  if (self->worker == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The engine was closed");
      return;
    }
  owner = g_new0 (WorkOwner, 1);
  owner->task = g_steal_pointer (&task);
  owner->worker = engine_worker_ref (self->worker);
  job = engine_job_new (ENGINE_JOB_WORK);
  job->owner = owner;
  job->end = work_end;
  job->priority = priority;
  job->func = func;
  job->data = data;
  if (cancellable != NULL)
    owner->handler = g_cancellable_connect (cancellable, G_CALLBACK (work_cancelled_cb), engine_job_ref (job),
                                            (GDestroyNotify) engine_job_unref);
  engine_worker_push (self->worker, job);
}

gboolean
alidade_engine_service_work_finish (AlidadeEngineService *self, GAsyncResult *result, gpointer *data, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  if (data != NULL)
    *data = g_task_get_task_data (G_TASK (result));
  return g_task_propagate_boolean (G_TASK (result), error);
}
