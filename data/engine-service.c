/* SPDX-License-Identifier: MIT */
#include "engine-service.h"

#include "engine-error.h"
#include "engine-worker.h"
#include "loaded-picture.h"
#include "model-cache.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LOAD_THREADS 2
#define CONVERT_SHARE 0.85 /* of the progress, when a checkpoint is converted first */

typedef struct _Opening Opening;

struct _AlidadeEngineService
{
  GObject parent_instance;

  EngineWorker *worker; /* NULL once closed */
  GThreadPool *loaders;
  Opening *opening; /* the model on its way, or NULL */

  /* the model in use */
  EngineModelFacts facts; /* name NULL: none */
  char *model_path;
  gboolean is_embedded;
  AlidadeReport *model_report;

  AlidadeReport *last_report;
  char *error;
  char *device_line;
  char *description;
  double progress;
  char *progress_text;

  guint64 serial;      /* of the newest request for maps */
  guint64 done_serial; /* of the last one that ended as the newest */
  gboolean busy;
};

G_DEFINE_FINAL_TYPE (AlidadeEngineService, alidade_engine_service, G_TYPE_OBJECT)

enum
{
  PROP_MODEL_NAME = 1,
  PROP_MODEL_PATH,
  PROP_DEVICE_LINE,
  PROP_DESCRIPTION,
  PROP_IS_EMBEDDED,
  PROP_READY,
  PROP_BUSY,
  PROP_OPENING,
  PROP_PROGRESS,
  PROP_PROGRESS_TEXT,
  PROP_ERROR,
  PROP_LAST_REPORT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

enum
{
  SIGNAL_WORDS,
  SIGNAL_MODEL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
notify (AlidadeEngineService *self, guint property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

static void
set_text (AlidadeEngineService *self, char **field, const char *text, guint property)
{
  if (g_strcmp0 (*field, text) == 0)
    return;
  g_free (*field);
  *field = g_strdup (text);
  notify (self, property);
}

static void
set_last_report (AlidadeEngineService *self, AlidadeReport *report)
{
  g_clear_pointer (&self->last_report, alidade_report_unref);
  self->last_report = report != NULL ? alidade_report_ref (report) : NULL;
  notify (self, PROP_LAST_REPORT);
}

static void
update_busy (AlidadeEngineService *self)
{
  gboolean busy = self->serial != self->done_serial;

  if (busy == self->busy)
    return;
  self->busy = busy;
  notify (self, PROP_BUSY);
}

static void
worker_opened_cb (gpointer user_data, const EngineOpened *opened)
{
  AlidadeEngineService *self = user_data;

  if (opened->error != NULL)
    set_text (self, &self->error, opened->error, PROP_ERROR);
  if (opened->device_line != NULL)
    set_text (self, &self->device_line, opened->device_line, PROP_DEVICE_LINE);
  if (opened->description != NULL)
    set_text (self, &self->description, opened->description, PROP_DESCRIPTION);
}

static void
worker_progress_cb (gpointer user_data, double fraction, const char *text)
{
  AlidadeEngineService *self = user_data;

  if (self->opening == NULL) /* a late one */
    return;
  set_text (self, &self->progress_text, text, PROP_PROGRESS_TEXT);
  if (self->progress != fraction)
    {
      self->progress = fraction;
      notify (self, PROP_PROGRESS);
    }
}

/* --- Opening a model: convert on a thread of its own if need be, then open on the worker -------------- */

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
  notify (self, PROP_OPENING);
  if (error == NULL)
    {
      set_text (self, &self->error, NULL, PROP_ERROR);
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
      notify (self, PROP_MODEL_NAME);
      notify (self, PROP_MODEL_PATH);
      notify (self, PROP_IS_EMBEDDED);
      notify (self, PROP_READY);
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    set_text (self, &self->error, error->message, PROP_ERROR);
  if (report != NULL || error == NULL || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    set_last_report (self, report);
  g_object_thaw_notify (G_OBJECT (self));

  if (error == NULL)
    {
      g_signal_emit (self, signals[SIGNAL_MODEL_CHANGED], 0);
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
      set_text (self, &self->error,
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
  notify (self, PROP_OPENING);
  notify (self, PROP_PROGRESS);
  notify (self, PROP_PROGRESS_TEXT);
  opening_start (opening);
}

gboolean
alidade_engine_service_open_model_finish (AlidadeEngineService *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- Reading pictures -------------------------------------------------------------------------------- */

typedef struct
{
  GTask *task; /* touched on the main thread alone, as in thumbnailer.c */
  GCancellable *cancellable;
  AlidadePicture *picture;
  char *path;
  AlidadeLoadedPicture *loaded;
  GError *error;
} Load;

static void
load_free (gpointer data)
{
  Load *load = data;

  g_clear_pointer (&load->loaded, alidade_loaded_picture_unref);
  g_clear_error (&load->error);
  g_clear_object (&load->cancellable);
  g_clear_object (&load->picture);
  g_clear_object (&load->task);
  g_free (load->path);
  g_free (load);
}

static gboolean
load_end (gpointer data)
{
  Load *load = data;

  if (load->loaded != NULL)
    {
      alidade_picture_set_state (load->picture, ALIDADE_PICTURE_OK, NULL);
      g_task_return_pointer (load->task, g_steal_pointer (&load->loaded),
                             (GDestroyNotify) alidade_loaded_picture_unref);
    }
  else
    {
      if (!g_error_matches (load->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        alidade_picture_set_unreadable (load->picture, load->error);
      g_task_return_error (load->task, g_steal_pointer (&load->error));
    }
  return G_SOURCE_REMOVE;
}

static void
load_work (gpointer data, gpointer user_data)
{
  Load *load = data;
  g_autoptr (GSource) source = g_idle_source_new ();

  load->loaded = alidade_loaded_picture_read (load->picture, load->path, load->cancellable, &load->error);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, load_end, load, load_free);
  g_source_attach (source, NULL);
}

void
alidade_engine_service_load_picture_async (AlidadeEngineService *self, AlidadePicture *picture,
                                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  Load *load;

  g_return_if_fail (ALIDADE_IS_ENGINE_SERVICE (self) && ALIDADE_IS_PICTURE (picture));

  load = g_new0 (Load, 1);
  load->task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (load->task, alidade_engine_service_load_picture_async);
  load->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  load->picture = g_object_ref (picture);
  load->path = g_strdup (alidade_picture_get_path (picture));
  g_thread_pool_push (self->loaders, load, NULL);
}

AlidadeLoadedPicture *
alidade_engine_service_load_picture_finish (AlidadeEngineService *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- Maps -------------------------------------------------------------------------------------------- */

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
    g_signal_emit (self, signals[SIGNAL_WORDS], 0, words);
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

/* --- GObject ----------------------------------------------------------------------------------------- */

static void
alidade_engine_service_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  AlidadeEngineService *self = ALIDADE_ENGINE_SERVICE (object);

  switch (id)
    {
    case PROP_MODEL_NAME:
      g_value_set_string (value, alidade_engine_service_get_model_name (self));
      break;
    case PROP_MODEL_PATH:
      g_value_set_string (value, self->model_path);
      break;
    case PROP_DEVICE_LINE:
      g_value_set_string (value, self->device_line);
      break;
    case PROP_DESCRIPTION:
      g_value_set_string (value, self->description);
      break;
    case PROP_IS_EMBEDDED:
      g_value_set_boolean (value, self->is_embedded);
      break;
    case PROP_READY:
      g_value_set_boolean (value, self->facts.name != NULL);
      break;
    case PROP_BUSY:
      g_value_set_boolean (value, self->busy);
      break;
    case PROP_OPENING:
      g_value_set_boolean (value, self->opening != NULL);
      break;
    case PROP_PROGRESS:
      g_value_set_double (value, self->progress);
      break;
    case PROP_PROGRESS_TEXT:
      g_value_set_string (value, self->progress_text);
      break;
    case PROP_ERROR:
      g_value_set_string (value, self->error);
      break;
    case PROP_LAST_REPORT:
      g_value_set_boxed (value, self->last_report);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
alidade_engine_service_dispose (GObject *object)
{
  alidade_engine_service_close (ALIDADE_ENGINE_SERVICE (object));
  G_OBJECT_CLASS (alidade_engine_service_parent_class)->dispose (object);
}

static void
alidade_engine_service_finalize (GObject *object)
{
  AlidadeEngineService *self = ALIDADE_ENGINE_SERVICE (object);

  g_thread_pool_free (self->loaders, TRUE, TRUE); /* no load is left: each holds a reference */
  g_clear_pointer (&self->model_report, alidade_report_unref);
  g_clear_pointer (&self->last_report, alidade_report_unref);
  g_free (self->facts.name);
  g_free (self->facts.kind);
  g_free (self->facts.hash);
  g_free (self->model_path);
  g_free (self->error);
  g_free (self->device_line);
  g_free (self->description);
  g_free (self->progress_text);
  G_OBJECT_CLASS (alidade_engine_service_parent_class)->finalize (object);
}

static void
alidade_engine_service_class_init (AlidadeEngineServiceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = alidade_engine_service_get_property;
  object_class->dispose = alidade_engine_service_dispose;
  object_class->finalize = alidade_engine_service_finalize;
  properties[PROP_MODEL_NAME] = g_param_spec_string ("model-name", NULL, NULL, "", flags);
  properties[PROP_MODEL_PATH] = g_param_spec_string ("model-path", NULL, NULL, NULL, flags);
  properties[PROP_DEVICE_LINE] = g_param_spec_string ("device-line", NULL, NULL, "", flags);
  properties[PROP_DESCRIPTION] = g_param_spec_string ("description", NULL, NULL, "", flags);
  properties[PROP_IS_EMBEDDED] = g_param_spec_boolean ("is-embedded", NULL, NULL, FALSE, flags);
  properties[PROP_READY] = g_param_spec_boolean ("ready", NULL, NULL, FALSE, flags);
  properties[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, flags);
  properties[PROP_OPENING] = g_param_spec_boolean ("opening", NULL, NULL, FALSE, flags);
  properties[PROP_PROGRESS] = g_param_spec_double ("progress", NULL, NULL, 0, 1, 0, flags);
  properties[PROP_PROGRESS_TEXT] = g_param_spec_string ("progress-text", NULL, NULL, "", flags);
  properties[PROP_ERROR] = g_param_spec_string ("error", NULL, NULL, NULL, flags);
  properties[PROP_LAST_REPORT] = g_param_spec_boxed ("last-report", NULL, NULL, ALIDADE_TYPE_REPORT, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_WORDS] = g_signal_new ("words", ALIDADE_TYPE_ENGINE_SERVICE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 1, ALIDADE_TYPE_MAPS);
  signals[SIGNAL_MODEL_CHANGED] = g_signal_new ("model-changed", ALIDADE_TYPE_ENGINE_SERVICE, G_SIGNAL_RUN_LAST, 0,
                                                NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
alidade_engine_service_init (AlidadeEngineService *self)
{
  self->loaders = g_thread_pool_new (load_work, NULL, LOAD_THREADS, FALSE, NULL);
  self->device_line = g_strdup ("");
  self->description = g_strdup ("");
  self->progress_text = g_strdup ("");
}

AlidadeEngineService *
alidade_engine_service_new (const char *device)
{
  static const EngineWorkerListener listener = { worker_opened_cb, worker_progress_cb };
  AlidadeEngineService *self = g_object_new (ALIDADE_TYPE_ENGINE_SERVICE, NULL);

  self->worker = engine_worker_new (device, &listener, self);
  return self;
}

void
alidade_engine_service_close (AlidadeEngineService *self)
{
  EngineWorker *worker;

  g_return_if_fail (ALIDADE_IS_ENGINE_SERVICE (self));

  worker = g_steal_pointer (&self->worker);
  if (worker == NULL)
    return;
  engine_worker_close (worker);
  if (self->opening != NULL) /* a conversion notices by its progress and removes what it had written */
    g_clear_pointer (&self->opening->thread, g_thread_join);
  engine_worker_unref (worker);
}

gboolean
alidade_engine_service_get_model_info (AlidadeEngineService *self, AlbefModelInfo *info)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self) && info != NULL, FALSE);
  *info = self->facts.info;
  return self->facts.name != NULL;
}

const char *
alidade_engine_service_get_model_name (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), NULL);
  return self->facts.name != NULL ? self->facts.name : "";
}

const char *
alidade_engine_service_get_model_path (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), NULL);
  return self->model_path;
}

const char *
alidade_engine_service_get_model_kind (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), NULL);
  return self->facts.kind != NULL ? self->facts.kind : "";
}

const char *
alidade_engine_service_get_model_hash (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), NULL);
  return self->facts.hash != NULL ? self->facts.hash : "";
}

const char *
alidade_engine_service_get_device_line (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), NULL);
  return self->device_line;
}

const char *
alidade_engine_service_get_description (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), NULL);
  return self->description;
}

gboolean
alidade_engine_service_get_is_embedded (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), FALSE);
  return self->is_embedded;
}

gboolean
alidade_engine_service_get_ready (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), FALSE);
  return self->facts.name != NULL;
}

gboolean
alidade_engine_service_get_busy (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), FALSE);
  return self->busy;
}

gboolean
alidade_engine_service_get_opening (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), FALSE);
  return self->opening != NULL;
}

double
alidade_engine_service_get_progress (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), 0);
  return self->progress;
}

const char *
alidade_engine_service_get_progress_text (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), NULL);
  return self->progress_text;
}

const char *
alidade_engine_service_get_error (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), NULL);
  return self->error;
}

AlidadeReport *
alidade_engine_service_get_last_report (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), NULL);
  return self->last_report;
}

AlidadeReport *
alidade_engine_service_get_model_report (AlidadeEngineService *self)
{
  g_return_val_if_fail (ALIDADE_IS_ENGINE_SERVICE (self), NULL);
  return self->model_report;
}
