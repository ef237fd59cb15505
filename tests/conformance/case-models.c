/* SPDX-License-Identifier: MIT
 * Models of a case, through the engine's own loader. */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "pos-embed.h"
#include "weight-set.h"

/* A weight set with another position table than its own. */
typedef struct
{
  WeightSet *set;
  const TensorFileEntry *positions; /* [1, 1 + grid^2, width]; NULL: the set's own */
  int grid;
} PositionedSet;

static AlbefStatus
positioned_get (void *user_data, const char *canonical, int n_dims, const int64_t *shape, const float **mapped,
                float **copied, AlbefError *error)
{
  const PositionedSet *positioned = user_data;
  int wanted = 0;

  if (positioned->positions == NULL || strcmp (canonical, "visual_encoder.pos_embed") != 0)
    return weight_set_get (positioned->set, canonical, n_dims, shape, mapped, copied, error);
  *mapped = NULL;
  *copied = NULL;
  while ((int64_t) wanted * wanted < shape[1] - 1)
    wanted++;
  if (positioned->positions->shape[2] != shape[2])
    return error_set (error, ALBEF_ERROR_MISMATCH, "the position table given has rows of %lld, the model's %lld",
                      (long long) positioned->positions->shape[2], (long long) shape[2]);
  *copied = mem_new0 ((size_t) (shape[1] * shape[2]), sizeof **copied);
  if (wanted == positioned->grid)
    memcpy (*copied, positioned->positions->data, (size_t) (shape[1] * shape[2]) * sizeof **copied);
  else
    pos_embed_interpolate (positioned->positions->data, positioned->grid, *copied, wanted, (int) shape[2]);
  return ALBEF_OK;
}

static bool
positioned_has (void *user_data, const char *canonical)
{
  return weight_set_has (((const PositionedSet *) user_data)->set, canonical);
}

/* Keeps model and file for the runner to free. */
static Model *
open_model (Case *c, const char *path, const char *size, int image_res, const TensorFileEntry *positions)
{
  char config[4200];
  WeightSetOptions options = { .config = config, .config_entry = size, .image_resolution = image_res,
                               .without_vocab = true };
  WeightSet *set = NULL;
  Model *model = NULL;

  snprintf (config, sizeof config, "%s/config.json", c->dir);
  if (c->n_models == CASE_MAX_MODELS)
    return error_set (&c->error, ALBEF_ERROR_LIMIT, "a case with more than %d models", CASE_MAX_MODELS), NULL;
  if (weight_set_open (path, &options, &set, NULL, &c->error) != ALBEF_OK)
    return NULL;
  {
    PositionedSet positioned = { .set = set, .positions = positions };
    ParameterSource source = { .get = positioned_get, .has = positioned_has, .user_data = &positioned };

    while (positions != NULL && (int64_t) positioned.grid * positioned.grid < positions->shape[1] - 1)
      positioned.grid++;
    if (model_new (c->device, weight_set_config (set), &source, &model, &c->error) != ALBEF_OK)
      {
        weight_set_free (set);
        return NULL;
      }
  }
  c->models[c->n_models] = model;
  c->sets[c->n_models++] = set;
  return model;
}

Model *
case_model (Case *c, const char *weights, const char *size)
{
  char path[4200];

  snprintf (path, sizeof path, "%s/weights_%s.safetensors", c->dir, weights);
  return open_model (c, path, size, 0, NULL);
}

Model *
case_model_at (Case *c, const char *weights, const char *size, int image_res, const TensorFileEntry *positions)
{
  char path[4200];
  int64_t grid = 1;

  while (positions->n_dims == 3 && grid * grid < positions->shape[1] - 1)
    grid++;
  if (positions->n_dims != 3 || positions->shape[0] != 1 || grid * grid != positions->shape[1] - 1)
    return error_set (&c->error, ALBEF_ERROR_FORMAT, "'%s' is no position table of a square grid", positions->name),
           NULL;
  snprintf (path, sizeof path, "%s/weights_%s.safetensors", c->dir, weights);
  return open_model (c, path, size, image_res, positions);
}

Model *
case_checkpoint (Case *c, const char *path, const char *size)
{
  return open_model (c, path, size, 0, NULL);
}

/* The rate of the first group of the optimizer's state, as torch saves it. */
bool
case_checkpoint_lr (const Case *c, float *lr)
{
  const PickleValue *top = weight_source_pickle (weight_set_source (c->sets[c->n_models - 1]));
  const PickleValue *groups = pickle_dict_get (top != NULL ? pickle_dict_get (top, "optimizer") : NULL, "param_groups");
  const PickleValue *rate;

  if (groups == NULL || groups->type != PICKLE_LIST || groups->list.n == 0)
    return false;
  rate = pickle_dict_get (groups->list.items[0], "lr");
  if (rate == NULL || rate->type != PICKLE_FLOAT)
    return false;
  *lr = (float) rate->number;
  return true;
}

void
case_close (Case *c)
{
  for (int i = 0; i < c->n_models; i++)
    {
      model_free (c->models[i]);
      weight_set_free (c->sets[i]);
    }
  c->n_models = 0;
}
