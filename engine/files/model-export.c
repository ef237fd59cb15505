/* SPDX-License-Identifier: MIT */
#include "model-export.h"
#include "error.h"
#include "pickle-write.h"
#include "random.h"
#include "zip-write.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TOP "archive"

enum
{
  STREAM_QUEUE = 0x51e0e
};

/* What a storage of the file is filled with. */
typedef enum
{
  FROM_PARAMETER, /* canonical name, shape of the model */
  FROM_ENTRY,     /* an entry of the source as it stands */
  FROM_COUNTING,  /* 0, 1, 2, ...: positions */
  FROM_NUMBER,    /* one I64 value in all places */
  FROM_DRAWING    /* random columns of length 1 */
} Filling;

typedef struct
{
  Filling filling;
  const char *name; /* FROM_PARAMETER; of the specs */
  int entry;        /* FROM_ENTRY */
  int64_t number;   /* FROM_NUMBER; the stream of FROM_DRAWING */
  bool floats;      /* else I64 */
  int n_dims;
  int64_t shape[WEIGHT_MAX_DIMS];
} Storage;

typedef struct
{
  char name[KEY_SIZE];
  int storage;
} Key;

typedef struct
{
  const WeightSet *set;
  const ModelConfig *config;
  bool half;
  Storage *storages;
  int n_storages, storages_allocated;
  Key *keys;
  int n_keys, keys_allocated;
  ExportCounts counts;
} Plan;

/* --- names ------------------------------------------------------------------------------------------- */

/* Only the pre-training class keeps BERT inside a model with an MLM head. */
static void
official_name (const Plan *plan, const char *canonical, bool twin, char out[KEY_SIZE])
{
  int first = (int) strcspn (canonical, ".");
  const char *rest = canonical + first;

  if (plan->config->kind != MODEL_PRETRAIN && strncmp (canonical, "text_encoder.bert.", 18) == 0)
    rest += strlen (".bert");
  snprintf (out, KEY_SIZE, "%.*s%s%s", first, canonical, twin ? "_m" : "", rest);
}

static void
twin_name (const char *canonical, char out[KEY_SIZE])
{
  int first = (int) strcspn (canonical, ".");

  snprintf (out, KEY_SIZE, "%.*s_m%s", first, canonical, canonical + first);
}

static bool
has_twin (const Plan *plan, const char *canonical)
{
  return plan->config->kind != MODEL_NLVR2_PRETRAIN && strcmp (canonical, "temp") != 0
         && strncmp (canonical, "itm_head.", 9) != 0;
}

/* --- the plan ---------------------------------------------------------------------------------------- */

static int
add_storage (Plan *plan, Storage storage)
{
  if (plan->n_storages == plan->storages_allocated)
    {
      plan->storages_allocated = plan->storages_allocated > 0 ? 2 * plan->storages_allocated : 512;
      plan->storages = mem_resize (plan->storages, (size_t) plan->storages_allocated, sizeof *plan->storages);
    }
  plan->storages[plan->n_storages] = storage;
  return plan->n_storages++;
}

static void
add_key (Plan *plan, const char *name, int storage)
{
  if (plan->n_keys == plan->keys_allocated)
    {
      plan->keys_allocated = plan->keys_allocated > 0 ? 2 * plan->keys_allocated : 512;
      plan->keys = mem_resize (plan->keys, (size_t) plan->keys_allocated, sizeof *plan->keys);
    }
  snprintf (plan->keys[plan->n_keys].name, KEY_SIZE, "%s", name);
  plan->keys[plan->n_keys++].storage = storage;
}

/* Of a key that the plan holds. */
static int
storage_of (const Plan *plan, const char *name)
{
  int i = plan->n_keys - 1;

  while (i > 0 && strcmp (plan->keys[i].name, name) != 0)
    i--;
  return plan->keys[i].storage;
}

/* Second names of a stack's embedding and of its MLM head's bias, and its positions. */
static void
plan_stack (Plan *plan, const char *stack, bool bert, bool head)
{
  Storage positions = { .filling = FROM_COUNTING, .n_dims = 2, .shape = { 1, plan->config->max_position_embeddings } };
  char name[KEY_SIZE], tied[2][KEY_SIZE];
  static const char *const again[] = { "weight", "bias" };

  snprintf (name, sizeof name, "%s.%sembeddings.position_ids", stack, bert ? "bert." : "");
  add_key (plan, name, add_storage (plan, positions));
  snprintf (tied[0], KEY_SIZE, "%s.bert.embeddings.word_embeddings.weight", stack);
  snprintf (tied[1], KEY_SIZE, "%s.cls.predictions.bias", stack);
  for (int t = 0; head && t < 2; t++)
    {
      snprintf (name, sizeof name, "%s.cls.predictions.decoder.%s", stack, again[t]);
      add_key (plan, name, storage_of (plan, tied[t]));
    }
}

static void
plan_parameters (Plan *plan, bool twins)
{
  const ParameterSpec *specs;
  char name[KEY_SIZE], twin[KEY_SIZE];
  int n, *own;

  specs = weight_set_specs (plan->set, &n);
  own = mem_new0 ((size_t) n + 1, sizeof *own);
  for (int i = 0; i < n; i++)
    {
      Storage storage = { .filling = FROM_PARAMETER, .name = specs[i].name, .floats = true, .n_dims = specs[i].n_dims };

      memcpy (storage.shape, specs[i].shape, sizeof specs[i].shape);
      own[i] = specs[i].alias >= 0 ? own[specs[i].alias] : add_storage (plan, storage);
      official_name (plan, specs[i].name, false, name);
      add_key (plan, name, own[i]);
    }
  for (int i = 0; twins && i < n; i++)
    {
      Storage storage = { .filling = FROM_ENTRY, .floats = true, .n_dims = specs[i].n_dims };
      int alias = specs[i].alias;

      if (!has_twin (plan, specs[i].name))
        continue;
      memcpy (storage.shape, specs[i].shape, sizeof specs[i].shape);
      twin_name (specs[alias >= 0 ? alias : i].name, twin);
      storage.entry = weight_set_find (plan->set, twin);
      official_name (plan, specs[i].name, true, name);
      if (alias >= 0)
        {
          official_name (plan, specs[alias].name, true, twin);
          add_key (plan, name, storage_of (plan, twin));
        }
      else if (storage.entry >= 0)
        add_key (plan, name, add_storage (plan, storage));
      else
        {
          add_key (plan, name, own[i]);
          plan->counts.twins_made++;
        }
    }
  free (own);
}

static void
plan_entry (Plan *plan, const char *name, int entry, bool floats)
{
  const Weight *weight = weight_source_get (weight_set_source (plan->set), entry);
  Storage storage = { .filling = FROM_ENTRY, .entry = entry, .floats = floats, .n_dims = weight->n_dims };

  memcpy (storage.shape, weight->shape, sizeof storage.shape);
  add_key (plan, name, add_storage (plan, storage));
}

static void
plan_queues (Plan *plan)
{
  static const char *const names[] = { "image_queue", "text_queue", "idx_queue", "queue_ptr" };
  int64_t q = plan->config->queue_size;
  Storage made[] = {
    { .filling = FROM_DRAWING, .number = 0, .floats = true, .n_dims = 2, .shape = { plan->config->embed_dim, q } },
    { .filling = FROM_DRAWING, .number = 1, .floats = true, .n_dims = 2, .shape = { plan->config->embed_dim, q } },
    { .filling = FROM_NUMBER, .number = -100, .n_dims = 2, .shape = { 1, q } },
    { .filling = FROM_NUMBER, .number = 0, .n_dims = 1, .shape = { 1 } }
  };
  bool there = weight_set_find (plan->set, "image_queue") >= 0 && weight_set_find (plan->set, "text_queue") >= 0;

  if (there)
    made[2].shape[1]
        = weight_source_get (weight_set_source (plan->set), weight_set_find (plan->set, "image_queue"))->shape[1];
  for (int i = 0; i < 4; i++)
    {
      int entry = there ? weight_set_find (plan->set, names[i]) : -1;

      if (i == 2 && plan->config->kind != MODEL_RETRIEVAL)
        continue;
      if (i == 3 && there && entry < 0) /* two pointers, which agree unless a run stopped between */
        entry = weight_set_find (plan->set, "queue_ptr_img");
      if (entry >= 0)
        plan_entry (plan, names[i], entry, i < 2);
      else
        add_key (plan, names[i], add_storage (plan, made[i]));
    }
  plan->counts.queues_made = !there;
}

static void
plan_make (Plan *plan, bool training)
{
  ModelKind kind = plan->config->kind;
  bool twins = training && kind != MODEL_NLVR2_PRETRAIN;

  plan_parameters (plan, twins);
  for (int twin = 0; twin <= twins; twin++)
    {
      plan_stack (plan, twin ? "text_encoder_m" : "text_encoder", kind == MODEL_PRETRAIN, kind == MODEL_PRETRAIN);
      if (kind == MODEL_VQA)
        plan_stack (plan, twin ? "text_decoder_m" : "text_decoder", true, true);
    }
  if (training && (kind == MODEL_PRETRAIN || kind == MODEL_RETRIEVAL))
    plan_queues (plan);
  plan->counts.keys = plan->n_keys;
}

/* --- writing ----------------------------------------------------------------------------------------- */

/* Rounded to the nearest, ties to even; infinite if it is too large. */
static uint16_t
half_from_float (float value)
{
  uint32_t bits, sign, magnitude;

  memcpy (&bits, &value, sizeof bits);
  sign = bits >> 16 & 0x8000;
  magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x477ff000) /* 65520 and more */
    return (uint16_t) (sign | 0x7c00);
  if (magnitude < 0x38800000) /* below 2^-14: steps of 2^-24 */
    return (uint16_t) (sign | (uint32_t) lrintf (ldexpf (fabsf (value), 24)));
  magnitude += 0xfff + (magnitude >> 13 & 1);
  return (uint16_t) (sign | ((magnitude >> 13) - (112 << 10)));
}

static AlbefStatus
to_half (const float *values, uint64_t n, const char *name, uint16_t *out, AlbefError *error)
{
  for (uint64_t i = 0; i < n; i++)
    {
      out[i] = half_from_float (values[i]);
      if ((out[i] & 0x7c00) == 0x7c00)
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s' holds %g, which float16 cannot hold; export without --half",
                          name, (double) values[i]);
    }
  return ALBEF_OK;
}

static void
draw_columns (int64_t rows, int64_t columns, uint64_t which, float *values)
{
  uint64_t stream = random_stream (STREAM_QUEUE, which, 0);

  for (int64_t j = 0; j < columns; j++)
    {
      double sum = 0;

      for (int64_t i = 0; i < rows; i++)
        {
          double drawn = random_normal (0, stream, (uint64_t) (j * rows + i));

          values[i * columns + j] = (float) drawn;
          sum += drawn * drawn;
        }
      for (int64_t i = 0; i < rows; i++)
        values[i * columns + j] = (float) (values[i * columns + j] / sqrt (sum));
    }
}

/* Values of a storage; *copied is the caller's to free. */
static AlbefStatus
fill_floats (const Plan *plan, const Storage *storage, uint64_t n, const float **values, float **copied,
             AlbefError *error)
{
  const WeightSource *source = weight_set_source (plan->set);
  AlbefStatus status;

  *values = NULL;
  *copied = NULL;
  if (storage->filling == FROM_PARAMETER
      && (weight_set_find (plan->set, storage->name) >= 0 || strcmp (storage->name, "temp") != 0))
    {
      status
          = weight_set_get ((void *) plan->set, storage->name, storage->n_dims, storage->shape, values, copied, error);
      if (*values == NULL)
        *values = *copied;
      return status;
    }
  if (storage->filling == FROM_ENTRY)
    *values = weight_source_map_f32 (source, storage->entry);
  if (*values == NULL)
    {
      *values = *copied = malloc ((n + 1) * sizeof **copied);
      if (*copied == NULL)
        return error_set (error, ALBEF_ERROR_MEMORY, "no memory for %llu values of the exported file",
                          (unsigned long long) n);
      if (storage->filling == FROM_ENTRY)
        weight_source_read_f32 (source, storage->entry, *copied);
      else if (storage->filling == FROM_DRAWING)
        draw_columns (storage->shape[0], storage->shape[1], (uint64_t) storage->number, *copied);
      else
        (*copied)[0] = (float) plan->config->temp;
    }
  if (storage->filling != FROM_ENTRY)
    return ALBEF_OK;
  return weight_check_finite (weight_source_path (source), weight_source_get (source, storage->entry)->name, *values, n,
                              error);
}

static AlbefStatus
write_floats (const Plan *plan, const Storage *storage, const char *entry, uint64_t n, ZipWriter *zip,
              AlbefError *error)
{
  const float *values;
  float *copied;
  uint16_t *halves = NULL;
  AlbefStatus status = fill_floats (plan, storage, n, &values, &copied, error);

  if (status == ALBEF_OK && plan->half)
    {
      halves = malloc ((n + 1) * sizeof *halves);
      status = halves == NULL ? error_set (error, ALBEF_ERROR_MEMORY, "no memory for the exported file")
                              : to_half (values, n, storage->name != NULL ? storage->name : entry, halves, error);
    }
  if (status == ALBEF_OK)
    status = zip_writer_add (zip, entry, plan->half ? (const void *) halves : values, n * (plan->half ? 2 : 4), error);
  free (copied);
  free (halves);
  if (storage->filling == FROM_PARAMETER)
    weight_set_give_back (plan->set, storage->name);
  else if (storage->filling == FROM_ENTRY)
    weight_source_advise_done (weight_set_source (plan->set), storage->entry);
  return status;
}

static AlbefStatus
write_integers (const Plan *plan, const Storage *storage, const char *entry, uint64_t n, ZipWriter *zip,
                AlbefError *error)
{
  const WeightSource *source = weight_set_source (plan->set);
  int64_t *values = malloc ((n + 1) * sizeof *values);
  AlbefStatus status = ALBEF_OK;

  if (values == NULL)
    return error_set (error, ALBEF_ERROR_MEMORY, "no memory for the exported file");
  if (storage->filling == FROM_ENTRY && weight_source_get (source, storage->entry)->type != WEIGHT_I64)
    status = error_set (error, ALBEF_ERROR_FORMAT, "'%s': '%s' holds no 64-bit integers", weight_source_path (source),
                        weight_source_get (source, storage->entry)->name);
  else if (storage->filling == FROM_ENTRY)
    weight_source_read_raw (source, storage->entry, values);
  else
    for (uint64_t i = 0; i < n; i++)
      values[i] = storage->filling == FROM_COUNTING ? (int64_t) i : storage->number;
  if (status == ALBEF_OK)
    status = zip_writer_add (zip, entry, values, n * sizeof *values, error);
  free (values);
  return status;
}

static AlbefStatus
write_pickle (const Plan *plan, ZipWriter *zip, AlbefError *error)
{
  char *bytes = NULL, *text = config_to_json (plan->config), key[16];
  json_t *config = json_loads (text, 0, NULL);
  size_t length = 0;
  FILE *out = open_memstream (&bytes, &length);
  AlbefStatus status;

  pickle_write_begin (out);
  pickle_write_dict (out);
  pickle_write_open_items (out);
  pickle_write_text (out, "model");
  pickle_write_ordered_dict (out);
  pickle_write_open_items (out);
  for (int i = 0; i < plan->n_keys; i++)
    {
      const Storage *storage = &plan->storages[plan->keys[i].storage];

      snprintf (key, sizeof key, "%d", plan->keys[i].storage);
      pickle_write_text (out, plan->keys[i].name);
      pickle_write_tensor (out,
                           !storage->floats ? "LongStorage"
                           : plan->half     ? "HalfStorage"
                                            : "FloatStorage",
                           key, storage->n_dims, storage->shape);
    }
  pickle_write_close_items (out);
  pickle_write_text (out, "config");
  pickle_write_json (out, config);
  pickle_write_close_items (out);
  pickle_write_end (out);
  fclose (out);
  status = zip_writer_add (zip, TOP "/data.pkl", bytes, length, error);
  json_decref (config);
  free (bytes);
  free (text);
  return status;
}

static uint64_t
elements (const Storage *storage)
{
  uint64_t n = 1;

  for (int d = 0; d < storage->n_dims; d++)
    n *= (uint64_t) storage->shape[d];
  return n;
}

AlbefStatus
checkpoint_export (const WeightSet *set, const char *out, const ExportOptions *options, AlbefProgress progress,
                   void *progress_data, ExportCounts *counts, AlbefError *error)
{
  Plan plan = { .set = set, .config = weight_set_config (set), .half = options != NULL && options->half };
  ZipWriter *zip = NULL;
  char name[64];
  AlbefStatus status;

  plan_make (&plan, options == NULL || !options->without_training);
  status = zip_writer_open (out, &zip, error);
  if (status == ALBEF_OK)
    status = write_pickle (&plan, zip, error);
  if (status == ALBEF_OK)
    status = zip_writer_add (zip, TOP "/byteorder", "little", 6, error);
  for (int i = 0; i < plan.n_storages && status == ALBEF_OK; i++)
    {
      const Storage *storage = &plan.storages[i];

      snprintf (name, sizeof name, TOP "/data/%d", i);
      status = storage->floats ? write_floats (&plan, storage, name, elements (storage), zip, error)
                               : write_integers (&plan, storage, name, elements (storage), zip, error);
      if (status == ALBEF_OK && progress != NULL
          && !progress (progress_data, "exporting", (uint64_t) i + 1, (uint64_t) plan.n_storages))
        status = error_set (error, ALBEF_CANCELLED, "export to '%s' cancelled; nothing was written", out);
    }
  if (status == ALBEF_OK)
    status = zip_writer_add (zip, TOP "/version", "3\n", 2, error);
  if (status == ALBEF_OK)
    status = zip_writer_commit (zip, error);
  else
    zip_writer_discard (zip);
  if (counts != NULL)
    *counts = plan.counts;
  free (plan.storages);
  free (plan.keys);
  return status;
}
