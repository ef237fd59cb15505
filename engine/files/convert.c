/* SPDX-License-Identifier: MIT */
#include "convert.h"
#include "derive.h"
#include "error.h"
#include "safetensors.h"
#include "unicode.h"

#include <stdlib.h>
#include <string.h>

/* What goes into the file: entries of the header, and where each comes from. */
typedef struct
{
  SafetensorsEntry *entries;
  int *sources; /* [n] index in the weight source */
  int n, allocated;
  uint64_t bytes;
} Plan;

static void
plan_add (Plan *plan, const char *name, const Weight *weight, int source)
{
  SafetensorsEntry *entry;

  if (plan->n == plan->allocated)
    {
      plan->allocated = plan->allocated > 0 ? 2 * plan->allocated : 512;
      plan->entries = mem_resize (plan->entries, plan->allocated, sizeof *plan->entries);
      plan->sources = mem_resize (plan->sources, plan->allocated, sizeof *plan->sources);
    }
  entry = &plan->entries[plan->n];
  entry->name = name;
  entry->type = weight->type == WEIGHT_I64 || weight->type == WEIGHT_I32 ? weight->type : WEIGHT_F32;
  entry->n_dims = weight->n_dims;
  memcpy (entry->shape, weight->shape, sizeof entry->shape);
  plan->sources[plan->n++] = source;
  plan->bytes += weight->n_elements * weight_type_size (entry->type);
}

static void
plan_make (const WeightSet *set, const KeyIndex *keys, bool keep_training, Plan *plan)
{
  const WeightSource *source = weight_set_source (set);
  const ParameterSpec *specs;
  int n;

  specs = weight_set_specs (set, &n);
  for (int i = 0; i < n; i++)
    {
      int index = specs[i].alias < 0 ? weight_set_find (set, specs[i].name) : -1;

      if (index >= 0)
        plan_add (plan, specs[i].name, weight_source_get (source, index), index);
    }
  for (int i = 0; keep_training && i < keys->n; i++)
    if ((keys->classes[i] == KEY_TWIN || keys->classes[i] == KEY_QUEUE) && key_index_find (keys, keys->names[i]) == i
        && strstr (keys->names[i], ".cls.predictions.decoder.") == NULL)
      plan_add (plan, keys->names[i], weight_source_get (source, i), i);
}

/* One entry as it stands in the source, floats as f32. */
static AlbefStatus
copy_entry (const WeightSet *set, const SafetensorsEntry *entry, int index, SafetensorsWriter *writer,
            AlbefError *error)
{
  const WeightSource *source = weight_set_source (set);
  const Weight *weight = weight_source_get (source, index);
  const float *mapped = weight_source_map_f32 (source, index);
  size_t bytes = weight->n_elements * weight_type_size (entry->type);
  AlbefStatus status;
  void *values = NULL;

  if (mapped == NULL)
    {
      values = malloc (bytes + 1);
      if (values == NULL)
        return error_set (error, ALBEF_ERROR_MEMORY, "no memory for '%s'", entry->name);
      if (entry->type == WEIGHT_F32)
        weight_source_read_f32 (source, index, values);
      else
        weight_source_read_raw (source, index, values);
    }
  status = entry->type == WEIGHT_F32 ? weight_check_finite (weight_source_path (source), entry->name,
                                                            mapped != NULL ? mapped : values, weight->n_elements, error)
                                     : ALBEF_OK;
  if (status == ALBEF_OK)
    status = safetensors_writer_write (writer, mapped != NULL ? mapped : values, bytes, error);
  free (values);
  weight_source_advise_done (source, index);
  return status;
}

static AlbefStatus
open_writer (const WeightSet *set, const char *out, const Plan *plan, const char *hash, SafetensorsWriter **writer,
             AlbefError *error)
{
  const ModelConfig *config = weight_set_config (set);
  const char *in = weight_source_path (weight_set_source (set));
  const char *base = strrchr (in, '/') != NULL ? strrchr (in, '/') + 1 : in;
  char *json = config_to_json (config), *file = utf8_repair (base, strlen (base));
  SafetensorsText metadata[8];
  AlbefStatus status;
  size_t vocab_length;
  const char *vocab = weight_set_vocab (set, &vocab_length);
  int n = 0;

#define TEXT(key, text) metadata[n++] = (SafetensorsText){ key, text, strlen (text) }
  TEXT ("format", "alidade-model-1");
  TEXT ("name", weight_set_name (set));
  TEXT ("kind", model_kind_name (config->kind));
  TEXT ("config", json);
  TEXT ("source_file", file);
  TEXT ("source_sha256", hash);
#undef TEXT
  if (vocab != NULL)
    metadata[n++] = (SafetensorsText){ "vocab", vocab, vocab_length };
  status = safetensors_writer_open (out, plan->entries, plan->n, metadata, n, writer, error);
  free (json);
  free (file);
  return status;
}

AlbefStatus
checkpoint_convert (const char *in, const char *out, const WeightSetOptions *options, bool keep_training,
                    AlbefProgress progress, void *progress_data, AlbefReport **report, AlbefError *error)
{
  SafetensorsWriter *writer = NULL;
  KeyIndex keys = { 0 };
  WeightSet *set = NULL;
  Plan plan = { 0 };
  AlbefStatus status;
  uint64_t done = 0;
  char hash[SHA256_HEX_SIZE];

  status = weight_set_open (in, options, &set, report, error);
  if (status != ALBEF_OK)
    return status;
  status = sha256_file (in, progress, progress_data, hash, error);
  if (status == ALBEF_OK)
    {
      key_index_init (&keys, weight_set_source (set));
      plan_make (set, &keys, keep_training, &plan);
      status = open_writer (set, out, &plan, hash, &writer, error);
    }
  for (int i = 0; i < plan.n && status == ALBEF_OK; i++)
    {
      status = copy_entry (set, &plan.entries[i], plan.sources[i], writer, error);
      done += weight_source_get (weight_set_source (set), plan.sources[i])->n_elements
              * weight_type_size (plan.entries[i].type);
      if (status == ALBEF_OK && progress != NULL && !progress (progress_data, "converting", done, plan.bytes))
        status = error_set (error, ALBEF_CANCELLED, "conversion of '%s' cancelled; nothing was written", in);
    }
  if (status == ALBEF_OK)
    status = safetensors_writer_commit (writer, error);
  else
    safetensors_writer_discard (writer);
  key_index_clear (&keys);
  free (plan.entries);
  free (plan.sources);
  weight_set_free (set);
  return status;
}
