/* SPDX-License-Identifier: MIT */
#include "engine-service-private.h"

G_DEFINE_FINAL_TYPE (AlidadeEngineService, alidade_engine_service, G_TYPE_OBJECT)

static GParamSpec *properties[N_ENGINE_SERVICE_PROPS];

enum
{
  SIGNAL_WORDS,
  SIGNAL_MODEL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

void
_alidade_engine_service_notify (AlidadeEngineService *self, guint property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

void
_alidade_engine_service_set_text (AlidadeEngineService *self, char **field, const char *text, guint property)
{
  if (g_strcmp0 (*field, text) == 0)
    return;
  g_free (*field);
  *field = g_strdup (text);
  _alidade_engine_service_notify (self, property);
}

void
_alidade_engine_service_model_changed (AlidadeEngineService *self)
{
  g_signal_emit (self, signals[SIGNAL_MODEL_CHANGED], 0);
}

void
_alidade_engine_service_words (AlidadeEngineService *self, AlidadeMaps *words)
{
  g_signal_emit (self, signals[SIGNAL_WORDS], 0, words);
}

static void
worker_opened_cb (gpointer user_data, const EngineOpened *opened)
{
  AlidadeEngineService *self = user_data;

  if (opened->error != NULL)
    _alidade_engine_service_set_text (self, &self->error, opened->error, PROP_ERROR);
  if (opened->device_line != NULL)
    _alidade_engine_service_set_text (self, &self->device_line, opened->device_line, PROP_DEVICE_LINE);
  if (opened->description != NULL)
    _alidade_engine_service_set_text (self, &self->description, opened->description, PROP_DESCRIPTION);
}

static void
worker_progress_cb (gpointer user_data, double fraction, const char *text)
{
  AlidadeEngineService *self = user_data;

  if (self->opening == NULL) /* a late one */
    return;
  _alidade_engine_service_set_text (self, &self->progress_text, text, PROP_PROGRESS_TEXT);
  if (self->progress != fraction)
    {
      self->progress = fraction;
      _alidade_engine_service_notify (self, PROP_PROGRESS);
    }
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
  g_object_class_install_properties (object_class, N_ENGINE_SERVICE_PROPS, properties);

  signals[SIGNAL_WORDS] = g_signal_new ("words", ALIDADE_TYPE_ENGINE_SERVICE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 1, ALIDADE_TYPE_MAPS);
  signals[SIGNAL_MODEL_CHANGED] = g_signal_new ("model-changed", ALIDADE_TYPE_ENGINE_SERVICE, G_SIGNAL_RUN_LAST, 0,
                                                NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
alidade_engine_service_init (AlidadeEngineService *self)
{
  self->loaders = _alidade_engine_service_new_loaders ();
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
  _alidade_engine_service_join_opening (self);
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
