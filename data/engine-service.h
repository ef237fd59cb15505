/* SPDX-License-Identifier: MIT
 * AlidadeEngineService: owns the engine, its model and the one thread that computes. All functions are for the
 * main thread and return at once; results arrive there.
 *
 * Properties, all read-only and notifying:
 *   model-name     "alidade-mini"; "" without a model
 *   model-path     the file the person chose (bytes), NULL without
 *   device-line    what is true, e.g. "CPU · f32"
 *   description    one line for people: processor, threads, library, and why that device
 *   is-embedded    the model is the embedded one (it knows drawn scenes)
 *   ready          a model is there
 *   busy           maps are being computed
 *   opening        a model is being opened or converted
 *   progress       0..1 of that; progress-text "Packing layer 3"
 *   error          what went wrong with the engine or the last model, NULL if nothing
 *   last-report    AlidadeReport of the last file opened, also when it was refused; NULL before
 * Signals:
 *   words (AlidadeMaps *maps)  the words of the newest request ahead of its maps, when these will take longer
 *                              than a frame or two: `scored` is FALSE
 *   model-changed ()           another model is in use; model-* and the info are new
 */
#pragma once

#include "albef.h"
#include "model-report.h"
#include "picture.h"
#include "pixels.h"
#include "word-maps.h"

G_BEGIN_DECLS

/* A picture decoded in full (above 8192 pixels a side: reduced to that), upright, alpha over white. Boxed,
 * reference-counted, immutable; pixels and the engine's image share their memory. */
#define ALIDADE_TYPE_LOADED_PICTURE (alidade_loaded_picture_get_type ())
typedef struct _AlidadeLoadedPicture AlidadeLoadedPicture;

GType alidade_loaded_picture_get_type (void);
AlidadeLoadedPicture *alidade_loaded_picture_ref (AlidadeLoadedPicture *self);
void alidade_loaded_picture_unref (AlidadeLoadedPicture *self);
AlidadePicture *alidade_loaded_picture_get_picture (const AlidadeLoadedPicture *self); /* borrowed */
AlidadePixels *alidade_loaded_picture_get_pixels (const AlidadeLoadedPicture *self);   /* borrowed */
const AlbefImage *alidade_loaded_picture_get_image (const AlidadeLoadedPicture *self); /* borrowed */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlidadeLoadedPicture, alidade_loaded_picture_unref)

#define ALIDADE_TYPE_ENGINE_SERVICE (alidade_engine_service_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeEngineService, alidade_engine_service, ALIDADE, ENGINE_SERVICE, GObject)

/* Starts the thread, which opens the engine. `device` NULL: "auto". */
AlidadeEngineService *alidade_engine_service_new (const char *device);
/* Stops the thread between layers; what was asked for ends as cancelled. For the end of the program: nothing can
 * be asked after it. Dropping the last reference does the same, but pending requests hold one. */
void alidade_engine_service_close (AlidadeEngineService *self);

/* Opens a model: native, or an official .pth, which is converted once into the user's cache folder and found
 * there again by path, size and time of all its files. `path` NULL: the embedded model. `vocab` NULL: look
 * beside the file. `allow_incomplete`: load although weights are missing. The previous model works on
 * meanwhile, and stays if this fails: error and last-report then say why. A second call while one is opening
 * fails with G_IO_ERROR_PENDING; `cancellable` ends a conversion. */
void alidade_engine_service_open_model_async (AlidadeEngineService *self, const char *path, const char *vocab,
                                              gboolean allow_incomplete, GCancellable *cancellable,
                                              GAsyncReadyCallback callback, gpointer user_data);
gboolean alidade_engine_service_open_model_finish (AlidadeEngineService *self, GAsyncResult *result, GError **error);

/* Decodes a picture on a thread of its own; its state and message follow. */
void alidade_engine_service_load_picture_async (AlidadeEngineService *self, AlidadePicture *picture,
                                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                                gpointer user_data);
AlidadeLoadedPicture *alidade_engine_service_load_picture_finish (AlidadeEngineService *self, GAsyncResult *result,
                                                                  GError **error);

/* Asks for the maps of `text` on a picture. A newer request replaces the waiting one and cancels the running one
 * between layers: every request but the newest ends with G_IO_ERROR_CANCELLED, also one that was just done.
 * `picture` NULL: the words alone. `request` NULL: the defaults; it is copied. Before the first model is ready
 * the request waits for it. */
void alidade_engine_service_request_maps_async (AlidadeEngineService *self, AlidadeLoadedPicture *picture,
                                                const char *text, const AlbefMapsRequest *request,
                                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                                gpointer user_data);
AlidadeMaps *alidade_engine_service_request_maps_finish (AlidadeEngineService *self, GAsyncResult *result,
                                                         GError **error);

/* Anything else on the engine's thread, with the model in use (which it does not keep). Work in one line is done in
 * the order of the calls. When something goes before it, `cancel` is triggered: the function fails then with any error
 * and is called again later, so it must be able to start anew. `data` is the caller's and touched by nobody else until
 * the answer is there; `destroy` frees it after the callback, on the main thread. */
typedef enum
{
  ALIDADE_ENGINE_NOW,        /* somebody waits for it */
  ALIDADE_ENGINE_AHEAD,      /* what will be asked for next */
  ALIDADE_ENGINE_BACKGROUND, /* long jobs, piece by piece */
  ALIDADE_ENGINE_N_PRIORITIES
} AlidadeEnginePriority;

typedef gboolean (*AlidadeEngineFunc) (AlbefModel *model, const AlbefCancel *cancel, gpointer data, GError **error);

void alidade_engine_service_work_async (AlidadeEngineService *self, AlidadeEnginePriority priority,
                                        AlidadeEngineFunc func, gpointer data, GDestroyNotify destroy,
                                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/* *data (may be NULL) is what was passed, borrowed until the callback returns; also on failure. Cancelled or closed:
 * G_IO_ERROR_CANCELLED. */
gboolean alidade_engine_service_work_finish (AlidadeEngineService *self, GAsyncResult *result, gpointer *data,
                                             GError **error);

/* When nothing else is to do: computes the picture's tokens, keys and values into the cache, so that the first
 * query on it is fast. The newest wish replaces the one before. */
void alidade_engine_service_prepare (AlidadeEngineService *self, AlidadeLoadedPicture *picture);

/* Sizes of the model in use; FALSE (and zeros) without one. */
gboolean alidade_engine_service_get_model_info (AlidadeEngineService *self, AlbefModelInfo *info);
const char *alidade_engine_service_get_model_name (AlidadeEngineService *self);
const char *alidade_engine_service_get_model_path (AlidadeEngineService *self);
const char *alidade_engine_service_get_model_kind (AlidadeEngineService *self);
const char *alidade_engine_service_get_model_hash (AlidadeEngineService *self);
const char *alidade_engine_service_get_device_line (AlidadeEngineService *self);
const char *alidade_engine_service_get_description (AlidadeEngineService *self);
gboolean alidade_engine_service_get_is_embedded (AlidadeEngineService *self);
gboolean alidade_engine_service_get_ready (AlidadeEngineService *self);
gboolean alidade_engine_service_get_busy (AlidadeEngineService *self);
gboolean alidade_engine_service_get_opening (AlidadeEngineService *self);
double alidade_engine_service_get_progress (AlidadeEngineService *self);
const char *alidade_engine_service_get_progress_text (AlidadeEngineService *self);
const char *alidade_engine_service_get_error (AlidadeEngineService *self);
AlidadeReport *alidade_engine_service_get_last_report (AlidadeEngineService *self);  /* borrowed, may be NULL */
AlidadeReport *alidade_engine_service_get_model_report (AlidadeEngineService *self); /* of the model in use */

G_END_DECLS
