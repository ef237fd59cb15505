/* SPDX-License-Identifier: MIT */
#include "text-cache.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

#define TEXT_CACHE_ENTRIES 32 /* 32 x 30 tokens x 768 x 4 bytes: under 3 MB */

typedef struct
{
  int32_t *ids;
  int n_ids;
  uint64_t used; /* tick of the last use; 0: empty */
  TextState state;
} Entry;

struct TextCache
{
  Entry entries[TEXT_CACHE_ENTRIES];
  uint64_t tick;
};

static void
entry_clear (Entry *entry)
{
  tensor_unref (entry->state.hidden);
  tensor_unref (entry->state.feature);
  free (entry->ids);
  *entry = (Entry) { 0 };
}

TextCache *
text_cache_new (void)
{
  return mem_new0 (1, sizeof (TextCache));
}

void
text_cache_free (TextCache *cache)
{
  if (cache == NULL)
    return;
  for (int i = 0; i < TEXT_CACHE_ENTRIES; i++)
    entry_clear (&cache->entries[i]);
  free (cache);
}

const TextState *
text_cache_get (TextCache *cache, const Model *model, const int32_t *ids, int n_ids, const AlbefCancel *cancel)
{
  Entry *oldest = &cache->entries[0];
  BertOptions text_mode = { 0 };
  Tensor *input, *hidden;
  Scope scope;

  cache->tick++;
  for (int i = 0; i < TEXT_CACHE_ENTRIES; i++)
    {
      Entry *entry = &cache->entries[i];

      if (entry->used > 0 && entry->n_ids == n_ids && memcmp (entry->ids, ids, (size_t) n_ids * sizeof *ids) == 0)
        {
          entry->used = cache->tick;
          return &entry->state;
        }
      if (entry->used < oldest->used)
        oldest = entry;
    }

  scope_init (&scope, model->backend);
  scope.cancel = cancel;
  input = scope_own (&scope, tensor_from_host (model->backend, DTYPE_I32, 2, (int64_t[]) { 1, n_ids }, ids));
  backend_step_begin (model->backend);
  hidden = bert_embed (&scope, &model->text, input, NULL);
  hidden = bert_layers (&scope, &model->text, hidden, 0, model->text.fusion_layer, &text_mode);
  if (hidden != NULL)
    {
      entry_clear (oldest);
      oldest->ids = mem_new0 ((size_t) n_ids, sizeof *ids);
      memcpy (oldest->ids, ids, (size_t) n_ids * sizeof *ids);
      oldest->n_ids = n_ids;
      oldest->used = cache->tick;
      oldest->state.hidden = tensor_ref (hidden);
      if (model->text_proj.weight != NULL)
        oldest->state.feature = tensor_ref (project_cls (&scope, &model->text_proj, hidden));
    }
  backend_step_end (model->backend);
  scope_clear (&scope);
  return hidden != NULL ? &oldest->state : NULL;
}
