/* SPDX-License-Identifier: MIT */
#include "engine-worker.h"

#include "engine-error.h"

#include <string.h>

/* The words of a request go ahead of its maps where these will take longer than a frame or two. */
#define WORDS_AHEAD_SECONDS 0.040
#define PROGRESS_INTERVAL 33000 /* microseconds */

struct EngineWorker
{
  gint ref_count;
  char *device;
  GThread *thread;

  GMutex mutex; /* guards what follows */
  GCond cond;
  EngineJob *waiting[ENGINE_JOB_N_KINDS];
  GQueue work[ALIDADE_ENGINE_N_PRIORITIES];
  EngineJob *running;
  gboolean expecting;
  gboolean closing;
  double progress;
  char progress_text[128];
  gint64 progress_sent;
  gboolean progress_pending;

  /* main thread */
  EngineWorkerListener listener;
  gpointer user_data;

  /* worker's thread */
  AlbefEngine *engine;
  AlbefModel *model;
  char *engine_error;
  guint64 last_key;    /* picture of the last maps */
  double last_seconds; /* they took */
};

/* --- Jobs -------------------------------------------------------------------------------------------- */

EngineJob *
engine_job_new (EngineJobKind kind)
{
  EngineJob *self = g_new0 (EngineJob, 1);

  self->ref_count = 1;
  self->kind = kind;
  self->cancel = albef_cancel_new ();
  self->asked = g_get_monotonic_time ();
  return self;
}

EngineJob *
engine_job_ref (EngineJob *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
engine_job_unref (EngineJob *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  albef_cancel_free (self->cancel);
  albef_cancel_free (self->token);
  g_free (self->path);
  g_free (self->vocab);
  g_clear_object (&self->cancellable);
  g_free (self->text);
  g_clear_pointer (&self->picture, alidade_loaded_picture_unref);
  g_clear_error (&self->error);
  g_clear_pointer (&self->maps, alidade_maps_unref);
  albef_report_free (self->report);
  g_free (self->facts.name);
  g_free (self->facts.kind);
  g_free (self->facts.hash);
  g_free (self);
}

static gboolean
job_end_cb (gpointer data)
{
  EngineJob *job = data;

  job->end (job);
  return G_SOURCE_REMOVE;
}

static void
main_invoke (GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, destroy);
  g_source_attach (source, NULL);
}

/* Sends the job home; takes it. */
static void
job_finish (EngineJob *job)
{
  main_invoke (job_end_cb, job, (GDestroyNotify) engine_job_unref);
}

static void
job_finish_cancelled (EngineJob *job)
{
  g_clear_error (&job->error);
  g_set_error_literal (&job->error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled");
  job_finish (job);
}

typedef struct
{
  EngineJob *job;
  AlidadeMaps *words;
} WordsMessage;

static gboolean
words_cb (gpointer data)
{
  WordsMessage *message = data;

  message->job->words (message->job, g_steal_pointer (&message->words));
  return G_SOURCE_REMOVE;
}

static void
words_message_free (gpointer data)
{
  WordsMessage *message = data;

  g_clear_pointer (&message->words, alidade_maps_unref);
  engine_job_unref (message->job);
  g_free (message);
}

static void
job_send_words (EngineJob *job, AlidadeMaps *words)
{
  WordsMessage *message = g_new0 (WordsMessage, 1);

  message->job = engine_job_ref (job);
  message->words = words;
  main_invoke (words_cb, message, words_message_free);
}

/* --- Messages to the listener ------------------------------------------------------------------------ */

EngineWorker *
engine_worker_ref (EngineWorker *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

static gboolean
progress_cb (gpointer data)
{
  EngineWorker *self = data;
  char text[sizeof self->progress_text];
  double progress;

  g_mutex_lock (&self->mutex);
  self->progress_pending = FALSE;
  progress = self->progress;
  g_strlcpy (text, self->progress_text, sizeof text);
  g_mutex_unlock (&self->mutex);
  if (self->user_data != NULL)
    self->listener.progress (self->user_data, progress, text);
  return G_SOURCE_REMOVE;
}

gboolean
engine_worker_report_progress (EngineWorker *self, double fraction, const char *text)
{
  const gint64 now = g_get_monotonic_time ();
  gboolean send = FALSE, closing;

  g_mutex_lock (&self->mutex);
  self->progress = CLAMP (fraction, 0, 1);
  g_strlcpy (self->progress_text, text != NULL ? text : "", sizeof self->progress_text);
  if (!self->progress_pending && now - self->progress_sent >= PROGRESS_INTERVAL)
    {
      self->progress_pending = send = TRUE;
      self->progress_sent = now;
    }
  closing = self->closing;
  g_mutex_unlock (&self->mutex);
  if (send)
    main_invoke (progress_cb, engine_worker_ref (self), (GDestroyNotify) engine_worker_unref);
  return !closing;
}

typedef struct
{
  EngineWorker *worker;
  EngineOpened opened;
} OpenedMessage;

static gboolean
opened_cb (gpointer data)
{
  OpenedMessage *message = data;

  if (message->worker->user_data != NULL)
    message->worker->listener.opened (message->worker->user_data, &message->opened);
  return G_SOURCE_REMOVE;
}

static void
opened_message_free (gpointer data)
{
  OpenedMessage *message = data;

  g_free (message->opened.device_line);
  g_free (message->opened.description);
  g_free (message->opened.error);
  engine_worker_unref (message->worker);
  g_free (message);
}

/* --- The thread -------------------------------------------------------------------------------------- */

static void
worker_open_engine (EngineWorker *self)
{
  const AlbefEngineConfig config = { .device = self->device };
  OpenedMessage *message = g_new0 (OpenedMessage, 1);
  AlbefError error = ALBEF_ERROR_INIT;

  message->worker = engine_worker_ref (self);
  if (albef_engine_open (&config, &self->engine, &error) == ALBEF_OK)
    {
      const char *device = albef_engine_device (self->engine);
      g_autofree char *name = strcmp (device, "reference") == 0 ? g_strdup ("Reference") : g_ascii_strup (device, -1);

      message->opened.device_line = g_strdup_printf ("%s · %s", name, albef_engine_precision (self->engine));
      message->opened.description = g_utf8_make_valid (albef_engine_description (self->engine), -1);
    }
  else
    {
      self->engine_error = g_utf8_make_valid (error.message, -1);
      message->opened.error = g_strdup (self->engine_error);
    }
  main_invoke (opened_cb, message, opened_message_free);
}

typedef struct
{
  EngineWorker *worker;
  EngineJob *job;
} OpenProgress;

static bool
open_progress (void *user_data, const char *what, uint64_t done, uint64_t total)
{
  OpenProgress *progress = user_data;

  return engine_worker_report_progress (progress->worker, total > 0 ? (double) done / total : 0, what)
         && !g_cancellable_is_cancelled (progress->job->cancellable);
}

static void
worker_open_model (EngineWorker *self, EngineJob *job)
{
  OpenProgress progress = { self, job };
  const AlbefModelOptions options = {
    .vocab = job->vocab,
    .allow_incomplete = job->allow_incomplete,
    .progress = open_progress,
    .progress_data = &progress,
  };
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefModel *model = NULL;

  if (self->engine == NULL)
    {
      g_set_error_literal (&job->error, ALIDADE_ENGINE_ERROR, ALBEF_ERROR_DEVICE, self->engine_error);
      return;
    }
  if (albef_model_open_report (self->engine, job->path, &options, &model, &job->report, &error) != ALBEF_OK)
    {
      job->error = alidade_engine_error_new (&error);
      return;
    }
  /* Only now: had it failed, the previous one would still be in use. */
  albef_model_free (self->model);
  self->model = model;
  self->last_key = 0;
  albef_model_info (model, &job->facts.info);
  job->facts.name = g_utf8_make_valid (albef_model_name (model), -1);
  job->facts.kind = g_strdup (albef_model_kind (model));
  job->facts.hash = g_strdup (albef_model_hash (model));
}

static void
worker_send_words (EngineWorker *self, EngineJob *job)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefQuery *query = NULL;
  AlidadeMaps *words;

  if (albef_query_new (self->model, job->text, job->request.max_words, &query, &error) != ALBEF_OK)
    {
      if (job->picture == NULL)
        job->error = alidade_engine_error_new (&error);
      return; /* else albef_maps_compute says the same */
    }
  words = alidade_maps_new_words (query, job->text);
  albef_query_free (query);
  if (job->picture == NULL)
    job->maps = words;
  else
    job_send_words (job, words);
}

static void
worker_compute_maps (EngineWorker *self, EngineJob *job)
{
  const AlbefMapsRequest *request = job->has_request ? &job->request : NULL;
  const AlbefImage *image = NULL;
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefMaps *maps = NULL;
  const gint64 start = g_get_monotonic_time ();
  guint64 key = 0;

  if (self->model == NULL)
    {
      g_set_error_literal (&job->error, ALIDADE_ENGINE_ERROR, ALBEF_ERROR_ARGUMENT,
                           self->engine_error != NULL ? self->engine_error
                                                      : "No model is open. Open a checkpoint from the model menu.");
      return;
    }
  if (job->picture != NULL)
    {
      image = alidade_loaded_picture_get_image (job->picture);
      key = albef_image_key (image);
    }
  if (job->picture == NULL || key != self->last_key || self->last_seconds > WORDS_AHEAD_SECONDS)
    worker_send_words (self, job);
  if (job->picture == NULL)
    return;

  if (albef_maps_compute (self->model, image, job->text, request, job->cancel, &maps, &error) != ALBEF_OK)
    {
      job->error = alidade_engine_error_new (&error);
      return;
    }
  job->maps = alidade_maps_new_take (maps, job->text, request);
  job->maps->image_key = key;
  job->maps->model_name = g_utf8_make_valid (albef_model_name (self->model), -1);
  job->maps->model_hash = g_strdup (albef_model_hash (self->model));
  self->last_key = key;
  self->last_seconds = (g_get_monotonic_time () - start) / 1e6;
}

static void
worker_prepare (EngineWorker *self, EngineJob *job)
{
  AlbefError error = ALBEF_ERROR_INIT;

  if (self->model != NULL
      && albef_image_prepare (self->model, alidade_loaded_picture_get_image (job->picture), job->cancel, &error)
             != ALBEF_OK)
    job->error = alidade_engine_error_new (&error);
}

static void
worker_do_work (EngineWorker *self, EngineJob *job)
{
  if (self->model == NULL)
    g_set_error_literal (&job->error, ALIDADE_ENGINE_ERROR, ALBEF_ERROR_ARGUMENT,
                         self->engine_error != NULL ? self->engine_error
                                                    : "No model is open. Open a checkpoint from the model menu.");
  else if (!job->func (self->model, job->token, job->data, &job->error) && job->error == NULL)
    g_set_error_literal (&job->error, G_IO_ERROR, G_IO_ERROR_FAILED, "The engine could not do this.");
}

/* Whether the job was stopped for work that goes first: it waits again then. With the mutex held. */
static gboolean
job_starts_anew (EngineWorker *self, EngineJob *job)
{
  if (job->kind != ENGINE_JOB_WORK || job->error == NULL || self->closing || !albef_cancel_is_triggered (job->token)
      || albef_cancel_is_triggered (job->cancel))
    return FALSE;
  g_clear_error (&job->error);
  albef_cancel_free (job->token);
  job->token = albef_cancel_new ();
  g_queue_push_head (&self->work[job->priority], job);
  return TRUE;
}

/* The newest job of the kind, or NULL; cancelled ones go home. With the mutex held. */
static EngineJob *
worker_take (EngineWorker *self, EngineJobKind kind)
{
  EngineJob *job = self->waiting[kind];

  if (job == NULL || (kind != ENGINE_JOB_OPEN && self->model == NULL && self->expecting
                      && !albef_cancel_is_triggered (job->cancel)))
    return NULL;
  self->waiting[kind] = NULL;
  if (!albef_cancel_is_triggered (job->cancel))
    return job;
  job_finish_cancelled (job);
  return NULL;
}

/* The first of a line, or NULL; all cancelled ones go home. With the mutex held. */
static EngineJob *
worker_take_work (EngineWorker *self, AlidadeEnginePriority priority)
{
  GQueue *line = &self->work[priority];

  for (GList *l = line->head, *next; l != NULL; l = next)
    {
      EngineJob *job = l->data;

      next = l->next;
      if (albef_cancel_is_triggered (job->cancel))
        {
          g_queue_delete_link (line, l);
          job_finish_cancelled (job);
        }
    }
  return self->model == NULL && self->expecting ? NULL : g_queue_pop_head (line);
}

/* Takes the next job, waiting for one; NULL when closing. Called and returns with the mutex held. */
static EngineJob *
worker_next (EngineWorker *self)
{
  EngineJob *job;

  while (!self->closing)
    {
      if ((job = worker_take (self, ENGINE_JOB_OPEN)) != NULL
          || (job = worker_take_work (self, ALIDADE_ENGINE_NOW)) != NULL
          || (job = worker_take (self, ENGINE_JOB_MAPS)) != NULL
          || (job = worker_take_work (self, ALIDADE_ENGINE_AHEAD)) != NULL
          || (job = worker_take (self, ENGINE_JOB_PREPARE)) != NULL
          || (job = worker_take_work (self, ALIDADE_ENGINE_BACKGROUND)) != NULL)
        return job;
      g_cond_wait (&self->cond, &self->mutex);
    }
  return NULL;
}

static gpointer
worker_thread (gpointer data)
{
  EngineWorker *self = data;
  EngineJob *job;

  worker_open_engine (self);
  g_mutex_lock (&self->mutex);
  while ((job = worker_next (self)) != NULL)
    {
      self->running = job;
      g_mutex_unlock (&self->mutex);
      switch (job->kind)
        {
        case ENGINE_JOB_OPEN:
          worker_open_model (self, job);
          break;
        case ENGINE_JOB_MAPS:
          worker_compute_maps (self, job);
          break;
        case ENGINE_JOB_WORK:
          worker_do_work (self, job);
          break;
        case ENGINE_JOB_PREPARE:
        default:
          worker_prepare (self, job);
          break;
        }
      g_mutex_lock (&self->mutex);
      self->running = NULL;
      if (!job_starts_anew (self, job))
        job_finish (job);
    }
  for (int kind = 0; kind < ENGINE_JOB_N_KINDS; kind++)
    if (self->waiting[kind] != NULL)
      job_finish_cancelled (g_steal_pointer (&self->waiting[kind]));
  for (int priority = 0; priority < ALIDADE_ENGINE_N_PRIORITIES; priority++)
    while ((job = g_queue_pop_head (&self->work[priority])) != NULL)
      job_finish_cancelled (job);
  g_mutex_unlock (&self->mutex);

  albef_model_free (self->model);
  albef_engine_close (self->engine);
  engine_worker_unref (self);
  return NULL;
}

/* --- For the service --------------------------------------------------------------------------------- */

EngineWorker *
engine_worker_new (const char *device, const EngineWorkerListener *listener, gpointer user_data)
{
  EngineWorker *self = g_new0 (EngineWorker, 1);

  self->ref_count = 1;
  self->device = g_strdup (device);
  self->listener = *listener;
  self->user_data = user_data;
  self->expecting = TRUE;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->thread = g_thread_new ("alidade-engine", worker_thread, engine_worker_ref (self));
  return self;
}

void
engine_worker_unref (EngineWorker *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self->engine_error);
  g_free (self->device);
  g_free (self);
}

void
engine_worker_close (EngineWorker *self)
{
  self->user_data = NULL;
  g_mutex_lock (&self->mutex);
  self->closing = TRUE;
  if (self->running != NULL)
    {
      albef_cancel_trigger (self->running->cancel);
      if (self->running->token != NULL)
        albef_cancel_trigger (self->running->token);
    }
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  g_clear_pointer (&self->thread, g_thread_join);
}

/* Newer maps end older ones, and preparing another picture than theirs: had it been theirs, they need it done. */
static gboolean
job_gives_way (const EngineJob *running, const EngineJob *job)
{
  if (running == NULL || running->kind == ENGINE_JOB_WORK)
    return FALSE;
  if (job->kind == ENGINE_JOB_WORK)
    return running->kind == ENGINE_JOB_PREPARE && job->priority == ALIDADE_ENGINE_NOW;
  if (job->kind != ENGINE_JOB_MAPS)
    return FALSE;
  return running->kind == ENGINE_JOB_MAPS
         || (running->kind == ENGINE_JOB_PREPARE && running->picture != job->picture);
}

/* Work is stopped for what goes before it, to start anew afterwards. */
static gboolean
work_waits (const EngineJob *running, const EngineJob *job)
{
  if (running == NULL || running->kind != ENGINE_JOB_WORK)
    return FALSE;
  if (job->kind == ENGINE_JOB_WORK)
    return job->priority < running->priority;
  return job->kind == ENGINE_JOB_MAPS && running->priority > ALIDADE_ENGINE_NOW;
}

void
engine_worker_push (EngineWorker *self, EngineJob *job)
{
  EngineJob *replaced = NULL;

  g_mutex_lock (&self->mutex);
  if (self->closing)
    replaced = job;
  else
    {
      if (job->kind == ENGINE_JOB_WORK)
        {
          job->token = albef_cancel_new ();
          g_queue_push_tail (&self->work[job->priority], job);
        }
      else
        {
          replaced = self->waiting[job->kind];
          self->waiting[job->kind] = job;
        }
      if (work_waits (self->running, job))
        albef_cancel_trigger (self->running->token);
      if (job_gives_way (self->running, job))
        albef_cancel_trigger (self->running->cancel);
      g_cond_signal (&self->cond);
    }
  g_mutex_unlock (&self->mutex);
  if (replaced != NULL)
    job_finish_cancelled (replaced);
}

void
engine_worker_wake (EngineWorker *self)
{
  g_mutex_lock (&self->mutex);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

void
engine_worker_cancel (EngineWorker *self, EngineJob *job)
{
  g_mutex_lock (&self->mutex);
  albef_cancel_trigger (job->cancel);
  if (job->token != NULL)
    albef_cancel_trigger (job->token);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

void
engine_worker_set_expecting (EngineWorker *self, gboolean expecting)
{
  g_mutex_lock (&self->mutex);
  self->expecting = expecting;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}
