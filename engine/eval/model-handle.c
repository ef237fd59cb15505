/* SPDX-License-Identifier: MIT */
#include "model-handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "handles.h"
#include "key-map.h"

enum
{
  CACHE_BYTES = 64 << 20
};

AlbefModel *
model_handle_new (Backend *backend, Model *model, Vocab *vocab, const char *name)
{
  AlbefModel *handle = mem_new0 (1, sizeof *handle);

  handle->engine = mem_new0 (1, sizeof *handle->engine);
  handle->engine->backend = backend;
  handle->engine->cache = image_cache_new (CACHE_BYTES);
  pthread_mutex_init (&handle->engine->lock, NULL);
  handle->model = model;
  handle->vocab = vocab;
  handle->texts = text_cache_new ();
  handle->name = mem_strdup (name);
  return handle;
}

void
model_handle_free (AlbefModel *handle)
{
  if (handle == NULL)
    return;
  text_cache_free (handle->texts);
  image_cache_free (handle->engine->cache);
  pthread_mutex_destroy (&handle->engine->lock);
  free (handle->engine);
  free (handle->name);
  free (handle);
}

/* --- the teacher ------------------------------------------------------------------------------------- */

static void
twin_name (const char *name, char out[KEY_SIZE])
{
  int first = (int) strcspn (name, ".");

  snprintf (out, KEY_SIZE, "%.*s_m%s", first, name, name + first);
}

static AlbefStatus
get_twin (void *user_data, const char *name, int n_dims, const int64_t *shape, const float **mapped, float **copied,
          AlbefError *error)
{
  WeightSet *set = user_data;
  char twin[KEY_SIZE];

  twin_name (name, twin);
  return weight_set_get (set, weight_set_find (set, twin) >= 0 ? twin : name, n_dims, shape, mapped, copied, error);
}

AlbefStatus
model_twin_open (AlbefModel *own, AlbefModel **out, AlbefError *error)
{
  ParameterSource source = { .get = get_twin, .has = weight_set_has, .user_data = own->weights };
  AlbefModel *twin;
  Model *model = NULL;
  AlbefStatus status;

  if (weight_set_find (own->weights, "visual_encoder_m.cls_token") < 0)
    return error_set (error, ALBEF_ERROR_MISMATCH,
                      "'%s' holds no momentum model; name a checkpoint of a run, or an official "
                      "file with its twins",
                      own->path);
  status = model_new (own->engine->backend, &own->model->config, &source, &model, error);
  if (status != ALBEF_OK)
    return status;
  twin = model_handle_new (own->engine->backend, model, own->vocab, own->name);
  *out = twin;
  return ALBEF_OK;
}

void
model_twin_free (AlbefModel *twin)
{
  Model *model = twin != NULL ? twin->model : NULL;

  model_handle_free (twin);
  model_free (model);
}
