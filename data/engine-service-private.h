/* SPDX-License-Identifier: MIT
 * What the files of the engine service share: engine-service.c (the object), -maps.c (requests), -model.c (opening),
 * -pictures.c (reading), -work.c (anything else). */
#pragma once

#include "engine-service.h"
#include "engine-worker.h"

G_BEGIN_DECLS

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
  N_ENGINE_SERVICE_PROPS
};

/* engine-service.c */
void _alidade_engine_service_notify (AlidadeEngineService *self, guint property);
/* Replaces a text, notifying if it is another. */
void _alidade_engine_service_set_text (AlidadeEngineService *self, char **field, const char *text, guint property);
void _alidade_engine_service_model_changed (AlidadeEngineService *self); /* emits the signal */
void _alidade_engine_service_words (AlidadeEngineService *self, AlidadeMaps *words);

/* engine-service-model.c: waits for the thread that converts; the worker must be closing. */
void _alidade_engine_service_join_opening (AlidadeEngineService *self);

/* engine-service-pictures.c */
GThreadPool *_alidade_engine_service_new_loaders (void);

G_END_DECLS
