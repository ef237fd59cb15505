/* SPDX-License-Identifier: MIT */
#include "image-cache.h"

#include <stdlib.h>

#include "error.h"

typedef struct Entry Entry;

struct Entry
{
  const Model *model;
  uint64_t key;
  uint64_t bytes;
  ImageState state;
  Entry *older; /* next in the list, most recent first */
};

struct ImageCache
{
  uint64_t limit, used;
  Entry *newest;
};

static void
entry_free (ImageCache *cache, Entry *entry)
{
  cache->used -= entry->bytes;
  tensor_unref (entry->state.tokens);
  tensor_unref (entry->state.feature);
  for (int l = 0; l < entry->state.n_layers; l++)
    {
      tensor_unref (entry->state.keys[l].key);
      tensor_unref (entry->state.keys[l].value);
    }
  free (entry->state.keys);
  free (entry);
}

/* Drops the oldest entries, but never the newest, until the limit holds. */
static void
shrink (ImageCache *cache)
{
  while (cache->used > cache->limit && cache->newest != NULL && cache->newest->older != NULL)
    {
      Entry **last = &cache->newest->older;

      while ((*last)->older != NULL)
        last = &(*last)->older;
      entry_free (cache, *last);
      *last = NULL;
    }
}

static Tensor *
keep (Entry *entry, Tensor *tensor)
{
  entry->bytes += (uint64_t) tensor_numel (tensor) * sizeof (float);
  return tensor_ref (tensor);
}

ImageCache *
image_cache_new (uint64_t limit_bytes)
{
  ImageCache *cache = mem_new0 (1, sizeof *cache);

  cache->limit = limit_bytes;
  return cache;
}

void
image_cache_free (ImageCache *cache)
{
  if (cache == NULL)
    return;
  while (cache->newest != NULL)
    {
      Entry *entry = cache->newest;

      cache->newest = entry->older;
      entry_free (cache, entry);
    }
  free (cache);
}

uint64_t
image_cache_used (const ImageCache *cache)
{
  return cache->used;
}

const ImageState *
image_cache_find (ImageCache *cache, const Model *model, uint64_t key)
{
  for (Entry **at = &cache->newest; *at != NULL; at = &(*at)->older)
    {
      Entry *entry = *at;

      if (entry->model != model || entry->key != key)
        continue;
      *at = entry->older;
      entry->older = cache->newest;
      cache->newest = entry;
      return &entry->state;
    }
  return NULL;
}

const ImageState *
image_cache_compute (ImageCache *cache, const Model *model, uint64_t key, const float *picture,
                     const AlbefCancel *cancel)
{
  const Bert *bert = &model->text;
  int64_t r = model->config.image_res;
  Scope scope;
  Tensor *input, *tokens;
  Entry *entry = NULL;

  scope_init (&scope, model->backend);
  scope.cancel = cancel;
  input = scope_own (&scope, tensor_from_host (model->backend, DTYPE_F32, 4, (int64_t[]) { 1, 3, r, r }, picture));
  backend_step_begin (model->backend);
  tokens = vision_forward (&scope, model, input, NULL, NULL);
  if (tokens != NULL)
    {
      entry = mem_new0 (1, sizeof *entry);
      entry->model = model;
      entry->key = key;
      entry->state.n_layers = bert->n_layers;
      entry->state.keys = mem_new0 ((size_t) bert->n_layers, sizeof *entry->state.keys);
      entry->state.tokens = keep (entry, tokens);
      if (model->vision_proj.weight != NULL)
        entry->state.feature = keep (entry, project_cls (&scope, &model->vision_proj, tokens));
      for (int l = bert->fusion_layer; l < bert->n_layers && !scope_cancelled (&scope); l++)
        {
          ImageKeys keys = fusion_keys (&scope, bert, l, tokens);

          entry->state.keys[l].key = keep (entry, keys.key);
          entry->state.keys[l].value = keep (entry, keys.value);
        }
      cache->used += entry->bytes;
    }
  backend_step_end (model->backend);
  scope_clear (&scope);
  if (entry == NULL)
    return NULL;
  if (albef_cancel_is_triggered (cancel))
    {
      entry_free (cache, entry);
      return NULL;
    }
  entry->older = cache->newest;
  cache->newest = entry;
  shrink (cache);
  return &entry->state;
}

void
image_cache_forget (ImageCache *cache, const Model *model)
{
  Entry **at = &cache->newest;

  while (*at != NULL)
    if ((*at)->model == model)
      {
        Entry *entry = *at;

        *at = entry->older;
        entry_free (cache, entry);
      }
    else
      at = &(*at)->older;
}
