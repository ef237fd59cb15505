/* SPDX-License-Identifier: MIT */
#include "learner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

/* ---------------------------------------------------------------------------------------------------
 * Names
 */

/* "visual_encoder.x" -> "visual_encoder_m.x": the official name of a twin. */
static void
twin_name (const char *name, char *out, size_t size)
{
  const char *dot = strchr (name, '.');

  if (dot == NULL)
    snprintf (out, size, "%s_m", name);
  else
    snprintf (out, size, "%.*s_m%s", (int) (dot - name), name, dot);
}

/* What has a twin: encoders, decoder, projections, cls_head; not the temperature, ITM and text-assignment heads. */
static bool
has_twin (const char *name)
{
  return strcmp (name, "temp") != 0 && strncmp (name, "itm_head", 8) != 0 && strncmp (name, "ta_head", 7) != 0;
}

static bool
decays (const char *name, const Tensor *weight, int n_dims)
{
  size_t length = strlen (name);

  return !(n_dims == 1 || (length > 5 && strcmp (name + length - 5, ".bias") == 0));
}

/* ---------------------------------------------------------------------------------------------------
 * Sources: writable copies, and the twin's names
 */

typedef struct
{
  const LearnerSource *from;
  Model *model; /* the model a twin copies where the file has none; NULL for the model itself */
} Copies;

/* Values of the model's own parameter `name`. */
static float *
values_of (const Model *model, const char *name)
{
  for (int i = 0; i < model->n_owned; i++)
    if (strcmp (model->names[i], name) == 0)
      {
        float *values = mem_new0 ((size_t) tensor_numel (model->owned[i]), sizeof *values);

        tensor_to_host (model->owned[i], values);
        return values;
      }
  return NULL;
}

static AlbefStatus
get_copy (void *user_data, const char *name, int n_dims, const int64_t *shape, const float **mapped, float **copied,
          AlbefError *error)
{
  Copies *copies = user_data;
  const ParameterSource *source = &copies->from->source;
  const float *lies = NULL;
  char other[256];
  size_t n = 1;
  AlbefStatus status;

  *mapped = NULL;
  *copied = NULL;
  if (copies->model != NULL)
    {
      twin_name (name, other, sizeof other);
      if (!source->has (source->user_data, other))
        {
          *copied = values_of (copies->model, name);
          return *copied != NULL ? ALBEF_OK : error_set (error, ALBEF_ERROR_MISMATCH, "no parameter '%s' for a twin", name);
        }
      name = other;
    }
  status = source->get (source->user_data, name, n_dims, shape, &lies, copied, error);
  if (status != ALBEF_OK || lies == NULL)
    return status;
  for (int i = 0; i < n_dims; i++)
    n *= (size_t) shape[i];
  *copied = mem_new0 (n, sizeof **copied);
  memcpy (*copied, lies, n * sizeof **copied);
  return ALBEF_OK;
}

static bool
has_copy (void *user_data, const char *name)
{
  Copies *copies = user_data;

  if (copies->model == NULL)
    return copies->from->source.has (copies->from->source.user_data, name);
  if (!has_twin (name))
    return false;
  for (int i = 0; i < copies->model->n_owned; i++)
    if (strcmp (copies->model->names[i], name) == 0)
      return true;
  return false;
}

/* ---------------------------------------------------------------------------------------------------
 * Queues
 */

/* Reads an official E x Q queue as Q x E rows; random unit rows where the file has none. */
static AlbefStatus
read_queue (Learner *learner, const LearnerSource *from, const char *name, Tensor **queue, AlbefError *error)
{
  int64_t e = learner->model->config.embed_dim, q = learner->model->config.queue_size, shape[] = { e, q };
  const ParameterSource *source = &from->source;
  float *rows = mem_new0 ((size_t) (e * q), sizeof *rows);

  if (source->has (source->user_data, name))
    {
      const float *mapped = NULL, *values;
      float *copied = NULL;
      AlbefStatus status = source->get (source->user_data, name, 2, shape, &mapped, &copied, error);

      if (status != ALBEF_OK)
        {
          free (rows);
          return status;
        }
      values = mapped != NULL ? mapped : copied;
      for (int64_t i = 0; i < e; i++)
        for (int64_t j = 0; j < q; j++)
          rows[j * e + i] = values[i * q + j];
      free (copied);
    }
  else
    {
      uint64_t state = 0x9e3779b97f4a7c15u ^ (uint64_t) name[0];

      for (int64_t j = 0; j < q; j++)
        {
          double norm = 0;

          for (int64_t i = 0; i < e; i++)
            {
              double sum = -6;

              for (int k = 0; k < 12; k++)
                {
                  state = state * 6364136223846793005u + 1442695040888963407u;
                  sum += (double) (state >> 11) / 9007199254740992.0;
                }
              rows[j * e + i] = (float) sum;
              norm += sum * sum;
            }
          for (int64_t i = 0; i < e; i++)
            rows[j * e + i] = (float) (rows[j * e + i] / sqrt (norm));
        }
    }
  *queue = tensor_from_host (learner->backend, DTYPE_F32, 2, (int64_t[]) { q, e }, rows);
  free (rows);
  return ALBEF_OK;
}

/* The first of two official names that is there; 0 if none is. */
static AlbefStatus
read_pointer (Learner *learner, const ParameterSource *source, const char *name, const char *other, Tensor **pointer,
              AlbefError *error)
{
  const float *mapped = NULL;
  float *copied = NULL;
  int64_t one = 1;
  int32_t value = 0;

  if (!source->has (source->user_data, name))
    name = other;
  if (source->has (source->user_data, name))
    {
      AlbefStatus status = source->get (source->user_data, name, 1, &one, &mapped, &copied, error);

      if (status != ALBEF_OK)
        return status;
      value = (int32_t) * (mapped != NULL ? mapped : copied);
      free (copied);
    }
  *pointer = tensor_from_host (learner->backend, DTYPE_I32, 1, &one, &value);
  return ALBEF_OK;
}

static AlbefStatus
read_queues (Learner *learner, const LearnerSource *from, AlbefError *error)
{
  const ParameterSource *source = &from->source;
  int64_t q = learner->model->config.queue_size, row[] = { 1, q };
  const float *mapped = NULL;
  float *copied = NULL;
  int32_t *ids;
  AlbefStatus status = read_queue (learner, from, "image_queue", &learner->image_queue, error);

  if (status == ALBEF_OK)
    status = read_queue (learner, from, "text_queue", &learner->text_queue, error);
  if (status == ALBEF_OK)
    status = read_pointer (learner, source, "queue_ptr", "queue_ptr_img", &learner->queue_pointer, error);
  if (status == ALBEF_OK)
    status = read_pointer (learner, source, "queue_ptr", "queue_ptr_txt", &learner->text_pointer, error);
  if (status != ALBEF_OK)
    return status;
  if (!from->identities)
    return ALBEF_OK;
  ids = mem_new0 ((size_t) q, sizeof *ids);
  for (int64_t i = 0; i < q; i++)
    ids[i] = -100; /* nobody's identity, as the official code starts */
  if (source->has (source->user_data, "idx_queue"))
    {
      mapped = NULL;
      copied = NULL;
      status = source->get (source->user_data, "idx_queue", 2, row, &mapped, &copied, error);
      for (int64_t i = 0; status == ALBEF_OK && i < q; i++)
        ids[i] = (int32_t) (mapped != NULL ? mapped : copied)[i];
      free (copied);
    }
  learner->id_queue = tensor_from_host (learner->backend, DTYPE_I32, 1, &q, ids);
  free (ids);
  return status;
}

/* Every step changes every weight. */
static void
weights_change (Model *model)
{
  for (int i = 0; model != NULL && i < model->n_owned; i++)
    tensor_pack (model->owned[i])->changes = true;
}

/* ---------------------------------------------------------------------------------------------------
 * Public
 */

AlbefStatus
learner_new (Backend *backend, const ModelConfig *config, const LearnerSource *from, Learner **out, AlbefError *error)
{
  Learner *learner = mem_new0 (1, sizeof *learner);
  Copies own = { from, NULL };
  ParameterSource source = { .get = get_copy, .has = has_copy, .user_data = &own };
  static const int32_t no_seed[2] = { 0, 0 };
  AlbefStatus status;

  learner->backend = backend;
  learner->momentum = (float) config->momentum;
  learner->adamw = (AdamWSettings) { 0.9f, 0.999f, 1e-8f, 0.02f };
  status = model_new (backend, config, &source, &learner->model, error);
  if (status == ALBEF_OK && from->teacher)
    {
      Copies twin = { from, learner->model };
      ParameterSource twins = { .get = get_copy, .has = has_copy, .user_data = &twin };

      status = model_new (backend, config, &twins, &learner->twin, error);
    }
  if (status == ALBEF_OK && from->queues)
    status = read_queues (learner, from, error);
  if (status != ALBEF_OK)
    {
      learner_free (learner);
      return status;
    }
  weights_change (learner->model);
  weights_change (learner->twin);
  learner->n_parameters = learner->model->n_owned;
  learner->parameters = mem_new0 ((size_t) learner->n_parameters, sizeof *learner->parameters);
  for (int i = 0; i < learner->n_parameters; i++)
    {
      Tensor *weight = learner->model->owned[i];
      const char *name = learner->model->names[i];

      learner->parameters[i] = (Parameter) { .name = name, .weight = weight, .decay = decays (name, weight, weight->n_dims) };
    }
  learner->alpha = tensor_zeros (backend, 0, NULL);
  learner->lr = tensor_zeros (backend, 0, NULL);
  learner->step = tensor_zeros (backend, 0, NULL);
  learner->seed = tensor_from_host (backend, DTYPE_I32, 1, (int64_t[]) { 2 }, no_seed);
  *out = learner;
  return ALBEF_OK;
}

void
learner_free (Learner *learner)
{
  if (learner == NULL)
    return;
  for (int i = 0; i < learner->n_parameters; i++)
    {
      tensor_unref (learner->parameters[i].m);
      tensor_unref (learner->parameters[i].v);
    }
  free (learner->parameters);
  tensor_unref (learner->patches.weight);
  tensor_unref (learner->patches.bias);
  tensor_unref (learner->image_queue);
  tensor_unref (learner->text_queue);
  tensor_unref (learner->id_queue);
  tensor_unref (learner->queue_pointer);
  tensor_unref (learner->text_pointer);
  tensor_unref (learner->alpha);
  tensor_unref (learner->lr);
  tensor_unref (learner->step);
  tensor_unref (learner->seed);
  model_free (learner->twin);
  model_free (learner->model);
  free (learner);
}

Parameter *
learner_find (Learner *learner, const char *name)
{
  for (int i = 0; i < learner->n_parameters; i++)
    if (strcmp (learner->parameters[i].name, name) == 0)
      return &learner->parameters[i];
  return NULL;
}

static void
add_parameter (Learner *learner, const char *name, Tensor *weight)
{
  int n = learner->n_parameters++;

  learner->parameters = mem_resize (learner->parameters, (size_t) n + 1, sizeof *learner->parameters);
  learner->parameters[n] = (Parameter) { .name = name, .weight = weight, .decay = decays (name, weight, weight->n_dims) };
}

void
learner_add_patches (Learner *learner, int64_t classes, const float *weight, const float *bias)
{
  int64_t width = learner->model->config.vision_width;

  learner->patches.weight = tensor_from_host (learner->backend, DTYPE_F32, 2, (int64_t[]) { classes, width }, weight);
  learner->patches.bias = tensor_from_host (learner->backend, DTYPE_F32, 1, &classes, bias);
  add_parameter (learner, "patch_head.weight", learner->patches.weight);
  add_parameter (learner, "patch_head.bias", learner->patches.bias);
}

void
learner_follow (Learner *learner)
{
  const Model *twin = learner->twin;
  int next = 0;

  /* Twins are read in the order of the model's parameters, some of which have none. */
  for (int i = 0; i < twin->n_owned; i++)
    {
      while (strcmp (learner->model->names[next], twin->names[i]) != 0)
        next++;
      BACKEND_RUN (learner->backend, KERNEL_MOMENTUM, momentum, .x = tensor_view (learner->model->owned[next]),
                   .y = tensor_view (twin->owned[i]), .n = tensor_numel (twin->owned[i]),
                   .momentum = learner->momentum);
      backend_pack_reset (learner->backend, tensor_pack (twin->owned[i]));
    }
}

void
learner_begin (Learner *learner)
{
  for (int i = 0; i < learner->n_parameters; i++)
    {
      Parameter *parameter = &learner->parameters[i];

      tensor_clear_grad (parameter->weight);
      parameter->weight->needs_grad = !parameter->frozen;
    }
}

static void
update (Learner *learner, Parameter *p, Tensor *scale)
{
  const AdamWSettings *s = &learner->adamw;
  Tensor *weight = p->weight;

  if (p->m == NULL)
    {
      p->m = tensor_zeros (learner->backend, weight->n_dims, weight->shape);
      p->v = tensor_zeros (learner->backend, weight->n_dims, weight->shape);
    }
  BACKEND_RUN (learner->backend, KERNEL_ADAMW, adamw, .w = tensor_view (weight),
               .g = tensor_view (tensor_grad (weight)), .m = tensor_view (p->m), .v = tensor_view (p->v),
               .lr = tensor_view (learner->lr), .t = tensor_view (learner->step), .scale = tensor_view (scale),
               .n = tensor_numel (weight), .beta1 = s->beta1, .beta2 = s->beta2, .eps = s->eps,
               .decay = p->decay ? s->decay : 0);
  backend_pack_reset (learner->backend, tensor_pack (weight));
}

void
learner_update (Learner *learner, Tensor *scale)
{
  for (int i = 0; i < learner->n_parameters; i++)
    {
      Parameter *p = &learner->parameters[i];

      if (p->weight->needs_grad && tensor_has_grad (p->weight))
        update (learner, p, scale);
    }
}

void
learner_update_one (Learner *learner, Tensor *weight)
{
  for (int i = 0; i < learner->n_parameters; i++)
    if (learner->parameters[i].weight == weight)
      {
        update (learner, &learner->parameters[i], NULL);
        tensor_clear_grad (weight);
        return;
      }
}

void
learner_set (Tensor *scalar, float value)
{
  backend_upload (scalar->backend, tensor_view (scalar), &value, sizeof value);
}
