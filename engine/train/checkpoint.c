/* SPDX-License-Identifier: MIT */
#include "checkpoint.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "key-map.h"
#include "safetensors.h"
#include "weight-set.h"

#define MODEL_FORMAT "alidade-model-1"
#define TRAINING_FORMAT "alidade-training-1"

/* How a tensor of the device stands in the file. */
typedef enum
{
  AS_IT_IS,
  AS_COLUMNS, /* Q x E rows as E x Q */
  AS_I64      /* i32 here */
} Layout;

typedef struct
{
  SafetensorsEntry *entries; /* names are the plan's */
  const Tensor **tensors;
  Layout *layouts;
  int n, allocated;
  ParameterSpec *specs;
  int n_specs;
} Plan;

struct Checkpoint
{
  WeightSet *set;
  TrainPosition position;
  CheckpointTexts texts;
  char *settings, *provenance;
};

/* ---------------------------------------------------------------------------------------------------
 * Names and shapes
 */

static void
plan_add (Plan *plan, const char *name, Layout layout, int n_dims, const int64_t *shape, const Tensor *tensor)
{
  SafetensorsEntry *entry;

  if (plan->n == plan->allocated)
    {
      plan->allocated = plan->allocated > 0 ? 2 * plan->allocated : 256;
      plan->entries = mem_resize (plan->entries, (size_t) plan->allocated, sizeof *plan->entries);
      plan->tensors = mem_resize (plan->tensors, (size_t) plan->allocated, sizeof *plan->tensors);
      plan->layouts = mem_resize (plan->layouts, (size_t) plan->allocated, sizeof *plan->layouts);
    }
  entry = &plan->entries[plan->n];
  *entry = (SafetensorsEntry) { mem_strdup (name), layout == AS_I64 ? WEIGHT_I64 : WEIGHT_F32, n_dims, { 0 } };
  for (int i = 0; i < n_dims; i++)
    entry->shape[i] = shape[i];
  plan->tensors[plan->n] = tensor;
  plan->layouts[plan->n++] = layout;
}

/* A tensor with the official shape of parameter `parameter`: the patch convolution has four dimensions in files. */
static void
plan_add_parameter (Plan *plan, const char *name, const char *parameter, const Tensor *tensor)
{
  for (int i = 0; i < plan->n_specs; i++)
    if (strcmp (plan->specs[i].name, parameter) == 0)
      {
        plan_add (plan, name, AS_IT_IS, plan->specs[i].n_dims, plan->specs[i].shape, tensor);
        return;
      }
  plan_add (plan, name, AS_IT_IS, tensor->n_dims, tensor->shape, tensor);
}

static void
plan_model (Plan *plan, const Learner *learner)
{
  for (int i = 0; i < learner->model->n_owned; i++)
    plan_add_parameter (plan, learner->model->names[i], learner->model->names[i], learner->model->owned[i]);
}

static void
plan_queues (Plan *plan, const Learner *learner)
{
  static const int64_t one = 1;
  int64_t q = learner->image_queue->shape[0], columns[] = { learner->image_queue->shape[1], q }, row[] = { 1, q };
  int32_t image = 0, text = 0;

  tensor_to_host (learner->queue_pointer, &image);
  tensor_to_host (learner->text_pointer, &text);
  plan_add (plan, "image_queue", AS_COLUMNS, 2, columns, learner->image_queue);
  plan_add (plan, "text_queue", AS_COLUMNS, 2, columns, learner->text_queue);
  if (learner->id_queue != NULL)
    plan_add (plan, "idx_queue", AS_I64, 2, row, learner->id_queue);
  if (image == text)
    plan_add (plan, "queue_ptr", AS_I64, 1, &one, learner->queue_pointer);
  else
    {
      plan_add (plan, "queue_ptr_img", AS_I64, 1, &one, learner->queue_pointer);
      plan_add (plan, "queue_ptr_txt", AS_I64, 1, &one, learner->text_pointer);
    }
}

static void
plan_training (Plan *plan, const Learner *learner)
{
  char name[KEY_SIZE];

  for (int i = 0; learner->twin != NULL && i < learner->twin->n_owned; i++)
    {
      const char *own = learner->twin->names[i];
      int first = (int) strcspn (own, ".");

      snprintf (name, sizeof name, "%.*s_m%s", first, own, own + first);
      plan_add_parameter (plan, name, own, learner->twin->owned[i]);
    }
  if (learner->image_queue != NULL)
    plan_queues (plan, learner);
  for (int i = 0; i < learner->n_parameters; i++)
    {
      const Parameter *parameter = &learner->parameters[i];

      if (i >= learner->model->n_owned) /* the head of the patch-label stage */
        plan_add (plan, parameter->name, AS_IT_IS, parameter->weight->n_dims, parameter->weight->shape, parameter->weight);
      if (parameter->m == NULL)
        continue;
      snprintf (name, sizeof name, "optimizer.m.%s", parameter->name);
      plan_add_parameter (plan, name, parameter->name, parameter->m);
      snprintf (name, sizeof name, "optimizer.v.%s", parameter->name);
      plan_add_parameter (plan, name, parameter->name, parameter->v);
    }
}

static void
plan_clear (Plan *plan)
{
  for (int i = 0; i < plan->n; i++)
    free ((char *) plan->entries[i].name);
  free (plan->entries);
  free (plan->tensors);
  free (plan->layouts);
  free (plan->specs);
}

/* ---------------------------------------------------------------------------------------------------
 * Saving
 */

static AlbefStatus
write_tensor (SafetensorsWriter *writer, const char *name, const Tensor *tensor, Layout layout, AlbefError *error)
{
  size_t n = (size_t) tensor_numel (tensor), bytes = n * (layout == AS_I64 ? 8 : 4);
  int64_t rows = tensor_rows (tensor), columns = tensor_columns (tensor);
  void *values = malloc (n * 4 + 1), *turned = layout != AS_IT_IS ? malloc (bytes + 1) : NULL;
  AlbefStatus status;

  if (values == NULL || (layout != AS_IT_IS && turned == NULL))
    {
      free (values);
      free (turned);
      return error_set (error, ALBEF_ERROR_MEMORY, "no memory to write '%s'", name);
    }
  tensor_to_host (tensor, values);
  if (layout == AS_COLUMNS)
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < columns; j++)
        ((float *) turned)[j * rows + i] = ((float *) values)[i * columns + j];
  if (layout == AS_I64)
    for (size_t i = 0; i < n; i++)
      ((int64_t *) turned)[i] = ((int32_t *) values)[i];
  /* What could not be read back is not written: the checkpoint before stays the last one. */
  status = layout == AS_I64 ? ALBEF_OK : weight_check_finite ("the run", name, values, n, error);
  if (status == ALBEF_OK)
    status = safetensors_writer_write (writer, layout == AS_IT_IS ? values : turned, bytes, error);
  free (values);
  free (turned);
  return status;
}

static char *
position_text (const TrainPosition *position)
{
  /* The seed as text: JSON's numbers end at 2^63. */
  return mem_printf ("{\"format\": \"" TRAINING_FORMAT "\", \"seed\": \"%" PRIu64 "\", \"step\": %" PRId64
                     ", \"epoch\": %" PRId64 ", \"position\": %" PRId64 ", \"batches\": %" PRId64 "}",
                     position->seed, position->step, position->epoch, position->position, position->batches);
}

AlbefStatus
checkpoint_save (const char *path, const Learner *learner, const TrainPosition *position, const CheckpointTexts *texts,
                 AlbefError *error)
{
  const ModelConfig *config = &learner->model->config;
  char *json = config_to_json (config), *where = position != NULL ? position_text (position) : NULL;
  SafetensorsText metadata[8];
  SafetensorsWriter *writer = NULL;
  AlbefStatus status;
  Plan plan = { 0 };
  int n = 0;

#define TEXT(key, text)                                                                                                \
  if ((text) != NULL)                                                                                                  \
  metadata[n++] = (SafetensorsText) { key, text, strlen (text) }
  TEXT ("format", MODEL_FORMAT);
  TEXT ("name", texts->name);
  TEXT ("kind", model_kind_name (config->kind));
  TEXT ("config", json);
  TEXT ("training", where);
  TEXT ("settings", texts->settings);
  TEXT ("provenance", texts->provenance);
#undef TEXT
  if (texts->vocab != NULL)
    metadata[n++] = (SafetensorsText) { "vocab", texts->vocab, texts->vocab_length };
  plan.specs = parameter_specs (config, &plan.n_specs);
  plan_model (&plan, learner);
  if (position != NULL)
    plan_training (&plan, learner);
  status = safetensors_writer_open (path, plan.entries, plan.n, metadata, n, &writer, error);
  for (int i = 0; i < plan.n && status == ALBEF_OK; i++)
    status = write_tensor (writer, plan.entries[i].name, plan.tensors[i], plan.layouts[i], error);
  if (status == ALBEF_OK)
    status = safetensors_writer_commit (writer, error);
  else
    safetensors_writer_discard (writer);
  plan_clear (&plan);
  free (json);
  free (where);
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * Loading
 */

static AlbefStatus
read_position (const char *path, const char *text, size_t length, TrainPosition *position, AlbefError *error)
{
  json_t *root = json_loadb (text, length, 0, NULL);
  const char *format = NULL, *seed = NULL;
  json_int_t step, epoch, place, batches;
  AlbefStatus status = ALBEF_OK;

  if (json_unpack (root, "{s:s, s:s, s:I, s:I, s:I, s:I}", "format", &format, "seed", &seed, "step", &step, "epoch",
                   &epoch, "position", &place, "batches", &batches)
          != 0
      || step < 0 || epoch < 0 || place < 0 || batches < 0)
    status = error_set (error, ALBEF_ERROR_FORMAT, "'%s' does not say where its training run stood", path);
  else if (strcmp (format, TRAINING_FORMAT) != 0)
    status = error_set (error, ALBEF_ERROR_UNSUPPORTED, "'%s' was written by another version ('%.40s')", path, format);
  else
    *position = (TrainPosition) { strtoull (seed, NULL, 10), step, epoch, place, batches };
  json_decref (root);
  return status;
}

static char *
copy_text (const WeightSource *source, const char *key)
{
  size_t length = 0;
  const char *text = weight_source_metadata (source, key, &length);

  return text != NULL ? mem_printf ("%.*s", (int) length, text) : NULL;
}

AlbefStatus
checkpoint_open (const char *path, Checkpoint **out, AlbefError *error)
{
  /* A fine-tuned model may leave heads out that its kind could have. */
  WeightSetOptions options = { .without_vocab = true, .allow_incomplete = true };
  Checkpoint *checkpoint = mem_new0 (1, sizeof *checkpoint);
  AlbefStatus status = weight_set_open (path, &options, &checkpoint->set, NULL, error);
  const char *training = NULL;
  size_t length = 0;

  if (status == ALBEF_OK)
    {
      training = weight_source_metadata (weight_set_source (checkpoint->set), "training", &length);
      status = training == NULL ? error_set (error, ALBEF_ERROR_FORMAT,
                                             "'%s' is a model, not the checkpoint of a training run", path)
                                : read_position (path, training, length, &checkpoint->position, error);
    }
  if (status != ALBEF_OK)
    {
      checkpoint_close (checkpoint);
      return status;
    }
  checkpoint->settings = copy_text (weight_set_source (checkpoint->set), "settings");
  checkpoint->provenance = copy_text (weight_set_source (checkpoint->set), "provenance");
  checkpoint->texts = (CheckpointTexts) { .name = weight_set_name (checkpoint->set),
                                          .settings = checkpoint->settings, .provenance = checkpoint->provenance };
  checkpoint->texts.vocab = weight_set_vocab (checkpoint->set, &checkpoint->texts.vocab_length);
  *out = checkpoint;
  return ALBEF_OK;
}

void
checkpoint_close (Checkpoint *checkpoint)
{
  if (checkpoint == NULL)
    return;
  weight_set_free (checkpoint->set);
  free (checkpoint->settings);
  free (checkpoint->provenance);
  free (checkpoint);
}

const ModelConfig *
checkpoint_config (const Checkpoint *checkpoint)
{
  return weight_set_config (checkpoint->set);
}

const TrainPosition *
checkpoint_position (const Checkpoint *checkpoint)
{
  return &checkpoint->position;
}

const CheckpointTexts *
checkpoint_texts (const Checkpoint *checkpoint)
{
  return &checkpoint->texts;
}

/* One moment of a parameter; *moment stays NULL where the file has none. */
static AlbefStatus
read_moment (const WeightSource *source, Backend *backend, const Parameter *parameter, const char *which,
             Tensor **moment, AlbefError *error)
{
  const Tensor *weight = parameter->weight;
  char name[KEY_SIZE];
  AlbefStatus status;
  float *values;
  int index;

  snprintf (name, sizeof name, "optimizer.%s.%s", which, parameter->name);
  index = weight_source_find (source, name);
  if (index < 0)
    return ALBEF_OK;
  if (weight_source_get (source, index)->n_elements != (uint64_t) tensor_numel (weight))
    return error_set (error, ALBEF_ERROR_MISMATCH, "'%s': '%s' has another size than its parameter",
                      weight_source_path (source), name);
  values = malloc ((size_t) tensor_numel (weight) * sizeof *values);
  if (values == NULL)
    return error_set (error, ALBEF_ERROR_MEMORY, "no memory for '%s'", name);
  weight_source_read_f32 (source, index, values);
  status = weight_check_finite (weight_source_path (source), name, values, (uint64_t) tensor_numel (weight), error);
  if (status == ALBEF_OK)
    *moment = tensor_from_host (backend, DTYPE_F32, weight->n_dims, weight->shape, values);
  weight_source_advise_done (source, index);
  free (values);
  return status;
}

/* Identities again, as integers: floats lose those above 2^24. */
static AlbefStatus
read_identities (const WeightSource *source, Learner *learner, AlbefError *error)
{
  int index = weight_source_find (source, "idx_queue");
  int64_t q = learner->id_queue->shape[0];
  int64_t *wide;
  int32_t *ids;

  if (weight_source_get (source, index)->type != WEIGHT_I64
      || weight_source_get (source, index)->n_elements != (uint64_t) q)
    return error_set (error, ALBEF_ERROR_MISMATCH, "'%s': 'idx_queue' has another type or size than the run needs",
                      weight_source_path (source));
  wide = mem_new0 ((size_t) q, sizeof *wide);
  ids = mem_new0 ((size_t) q, sizeof *ids);
  weight_source_read_raw (source, index, wide);
  for (int64_t i = 0; i < q; i++)
    ids[i] = (int32_t) wide[i];
  tensor_set (learner->id_queue, ids);
  free (wide);
  free (ids);
  return ALBEF_OK;
}

/* The head of the patch-label stage, if the file has one. */
static AlbefStatus
read_patches (const WeightSource *source, Learner *learner, AlbefError *error)
{
  int weight = weight_source_find (source, "patch_head.weight"), bias = weight_source_find (source, "patch_head.bias");
  int64_t classes, width = learner->model->config.vision_width;
  float *weights, *biases;

  if (weight < 0)
    return ALBEF_OK;
  classes = weight_source_get (source, weight)->shape[0];
  if (bias < 0 || weight_source_get (source, weight)->n_elements != (uint64_t) (classes * width)
      || weight_source_get (source, bias)->n_elements != (uint64_t) classes || classes < 1)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': the head of the patch-label stage has another size than its width",
                      weight_source_path (source));
  weights = mem_new0 ((size_t) (classes * width), sizeof *weights);
  biases = mem_new0 ((size_t) classes, sizeof *biases);
  weight_source_read_f32 (source, weight, weights);
  weight_source_read_f32 (source, bias, biases);
  learner_add_patches (learner, classes, weights, biases);
  free (weights);
  free (biases);
  return ALBEF_OK;
}

AlbefStatus
checkpoint_learner (const Checkpoint *checkpoint, Backend *backend, Learner **out, AlbefError *error)
{
  const WeightSource *file = weight_set_source (checkpoint->set);
  LearnerSource source = { .teacher = weight_set_has (checkpoint->set, "visual_encoder_m.cls_token"),
                           .queues = weight_set_has (checkpoint->set, "image_queue"),
                           .identities = weight_set_has (checkpoint->set, "idx_queue") };
  Learner *learner = NULL;
  AlbefStatus status;

  source.source = (ParameterSource) { .get = weight_set_get, .has = weight_set_has, .user_data = checkpoint->set };
  status = learner_new (backend, checkpoint_config (checkpoint), &source, &learner, error);
  if (status == ALBEF_OK)
    status = read_patches (file, learner, error);
  for (int i = 0; status == ALBEF_OK && i < learner->n_parameters; i++)
    {
      Parameter *parameter = &learner->parameters[i];

      status = read_moment (file, backend, parameter, "m", &parameter->m, error);
      if (status == ALBEF_OK)
        status = read_moment (file, backend, parameter, "v", &parameter->v, error);
      if (status == ALBEF_OK && (parameter->m == NULL) != (parameter->v == NULL))
        status = error_set (error, ALBEF_ERROR_FORMAT, "'%s' has one moment of '%s' and not the other",
                            weight_source_path (file), parameter->name);
    }
  if (status == ALBEF_OK && learner->id_queue != NULL)
    status = read_identities (file, learner, error);
  if (status != ALBEF_OK)
    {
      learner_free (learner);
      return status;
    }
  learner_set (learner->step, (float) checkpoint->position.step);
  *out = learner;
  return ALBEF_OK;
}
