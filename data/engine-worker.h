/* SPDX-License-Identifier: MIT
 * The one thread on which engine and model are used, and what waits for it. At most one job of a kind waits: a
 * newer one replaces it; but work waits in a line for each priority. A model to open goes first, then work that is
 * wanted now, maps, work ahead, preparing, work in the background. For the engine service alone.
 *
 * A job is filled on the main thread, handed over, worked on, and comes back on the main thread through its
 * `end` function, whatever happened to it; then it is freed there. */
#pragma once

#include "engine-service.h"

G_BEGIN_DECLS

typedef enum
{
  ENGINE_JOB_OPEN,
  ENGINE_JOB_MAPS,
  ENGINE_JOB_PREPARE,
  ENGINE_JOB_WORK, /* waits in a line of its priority */
  ENGINE_JOB_N_KINDS
} EngineJobKind;

typedef struct EngineJob EngineJob;
typedef struct EngineWorker EngineWorker;

typedef struct
{
  char *name, *kind, *hash; /* of the model */
  AlbefModelInfo info;
} EngineModelFacts;

struct EngineJob
{
  gint ref_count; /* atomic; the main thread, the worker and a GCancellable's handler may hold one each */
  EngineJobKind kind;
  AlbefCancel *cancel; /* triggered from anywhere */

  void (*words) (EngineJob *job, AlidadeMaps *words); /* main thread; takes words */
  void (*end) (EngineJob *job);                       /* main thread; takes the results it wants */
  gpointer owner;                                     /* the task or whatever `end` needs; not touched here */

  /* open */
  char *path, *vocab;
  gboolean allow_incomplete;
  GCancellable *cancellable; /* asked at each step; NULL: none */
  /* maps, prepare */
  AlidadeLoadedPicture *picture;
  char *text;
  AlbefMapsRequest request;
  gboolean has_request;
  guint64 serial;
  gint64 asked; /* monotonic time of the request */
  /* work */
  AlidadeEnginePriority priority;
  AlidadeEngineFunc func;
  gpointer data;
  AlbefCancel *token; /* of this attempt: triggered by `cancel` and by work that goes first */

  /* results */
  GError *error;
  AlidadeMaps *maps;
  AlbefReport *report;
  EngineModelFacts facts;
};

typedef struct
{
  char *device_line, *description; /* once the engine is open */
  char *error;                     /* if it could not be opened */
} EngineOpened;

/* Callbacks run on the main thread, none after engine_worker_close. */
typedef struct
{
  void (*opened) (gpointer user_data, const EngineOpened *opened);
  void (*progress) (gpointer user_data, double fraction, const char *text);
} EngineWorkerListener;

EngineWorker *engine_worker_new (const char *device, const EngineWorkerListener *listener, gpointer user_data);
/* Ends the thread (a running step stops at its next layer) and ends all jobs as cancelled. Waits for it. */
void engine_worker_close (EngineWorker *self);
EngineWorker *engine_worker_ref (EngineWorker *self);
void engine_worker_unref (EngineWorker *self);

EngineJob *engine_job_new (EngineJobKind kind);
EngineJob *engine_job_ref (EngineJob *self);
void engine_job_unref (EngineJob *self);

/* Takes the job. Maps cancel what is being computed or prepared for others; preparing cancels nothing. */
void engine_worker_push (EngineWorker *self, EngineJob *job);
/* Wakes the thread, so that it drops a waiting job whose `cancel` was triggered. */
void engine_worker_wake (EngineWorker *self);
/* Triggers the job's `cancel`, also while it is being worked on. */
void engine_worker_cancel (EngineWorker *self, EngineJob *job);
/* Whether maps wait for a model that is on its way (TRUE at first), or fail because there is none. */
void engine_worker_set_expecting (EngineWorker *self, gboolean expecting);

/* Tells the listener, at most some 30 times a second; from any thread. FALSE when closing: stop. */
gboolean engine_worker_report_progress (EngineWorker *self, double fraction, const char *text);

G_END_DECLS
