/* SPDX-License-Identifier: MIT
 * Models of a case, through the engine's own loader. */
#include "cases.h"

#include <stdio.h>

#include "error.h"
#include "weight-set.h"

/* Keeps model and file for the runner to free. */
static Model *
open_model (Case *c, const char *path, const char *size, int image_res)
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
    ParameterSource source = { .get = weight_set_get, .has = weight_set_has, .user_data = set };

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
case_model (Case *c, const char *weights, const char *size, int image_res)
{
  char path[4200];

  snprintf (path, sizeof path, "%s/weights_%s.safetensors", c->dir, weights);
  return open_model (c, path, size, image_res);
}

Model *
case_checkpoint (Case *c, const char *path, const char *size)
{
  return open_model (c, path, size, 0);
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
