/* SPDX-License-Identifier: MIT
 * The engine handle: a backend, its image cache, and a lock. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "handles.h"

#define DEFAULT_CACHE_BYTES ((uint64_t) 256 << 20)

AlbefStatus
albef_engine_open (const AlbefEngineConfig *config, AlbefEngine **engine, AlbefError *error)
{
  static const AlbefEngineConfig defaults = { 0 };
  const char *device;
  Backend *backend = NULL;
  AlbefStatus status;

  if (config == NULL)
    config = &defaults;
  device = config->device != NULL ? config->device : "auto";
  if (strcmp (device, "auto") != 0 && strcmp (device, "cpu") != 0 && strcmp (device, "cuda") != 0 &&
      strcmp (device, "reference") != 0)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "there is no device '%s'; use auto, cpu, cuda or reference", device);
  if (config->threads < 0 || config->threads > 1024)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "%d threads cannot be used; give 1 to 1024, or 0 for the best", config->threads);
  status = backend_open (device, config->threads, &backend, error);
  if (status != ALBEF_OK)
    return status;
  *engine = mem_new0 (1, sizeof **engine);
  (*engine)->backend = backend;
  (*engine)->cache = image_cache_new (config->cache_bytes > 0 ? config->cache_bytes : DEFAULT_CACHE_BYTES);
  pthread_mutex_init (&(*engine)->lock, NULL);
  return ALBEF_OK;
}

void
albef_engine_close (AlbefEngine *engine)
{
  if (engine == NULL)
    return;
  image_cache_free (engine->cache);
  backend_close (engine->backend);
  pthread_mutex_destroy (&engine->lock);
  free (engine);
}

const char *
albef_engine_device (const AlbefEngine *engine)
{
  return engine->backend->name;
}

const char *
albef_engine_precision (const AlbefEngine *engine)
{
  return engine->backend->precision;
}

const char *
albef_engine_description (const AlbefEngine *engine)
{
  return engine->backend->description;
}

int
albef_engine_threads (const AlbefEngine *engine)
{
  return engine->backend->threads;
}

uint64_t
albef_engine_cache_used (const AlbefEngine *engine)
{
  return image_cache_used (engine->cache);
}
