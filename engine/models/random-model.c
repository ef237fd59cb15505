/* SPDX-License-Identifier: MIT */
#include "random-model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

typedef struct
{
  uint64_t seed;
  uint64_t counter;
} RandomSource;

/* Counter-based: the value depends on seed and counter alone (splitmix64, Steele et al. 2014). */
static double
uniform (RandomSource *source)
{
  uint64_t z = source->seed + 0x9e3779b97f4a7c15u * ++source->counter;

  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  return ((double) (z >> 11) + 0.5) / 9007199254740992.0;
}

static bool
has_suffix (const char *name, const char *suffix)
{
  size_t n = strlen (name), m = strlen (suffix);

  return n >= m && strcmp (name + n - m, suffix) == 0;
}

static AlbefStatus
get (void *user_data, const char *name, int n_dims, const int64_t *shape, const float **mapped, float **copied,
     AlbefError *error)
{
  RandomSource *source = user_data;
  bool norm = strstr (name, "norm") != NULL || strstr (name, "LayerNorm") != NULL;
  size_t n = 1;
  float *values;

  for (int i = 0; i < n_dims; i++)
    n *= (size_t) shape[i];
  values = malloc (n * sizeof *values);
  if (values == NULL)
    return error_set (error, ALBEF_ERROR_MEMORY, "no memory for %zu weights of '%s'", n, name);
  if (strcmp (name, "temp") == 0)
    values[0] = 0.07f;
  else if (n_dims <= 1)
    for (size_t i = 0; i < n; i++)
      values[i] = norm && has_suffix (name, ".weight") ? 1.0f : 0.0f;
  else
    for (size_t i = 0; i < n; i += 2)
      {
        double r = 0.02 * sqrt (-2 * log (uniform (source))), angle = 2 * M_PI * uniform (source);

        values[i] = (float) (r * cos (angle));
        if (i + 1 < n)
          values[i + 1] = (float) (r * sin (angle));
      }
  *copied = values;
  return ALBEF_OK;
}

/* A pre-trained model's parts: no classifiers, no decoder. */
static bool
has (void *user_data, const char *name)
{
  return strncmp (name, "cls_head", 8) != 0 && strncmp (name, "ta_head", 7) != 0 &&
         strncmp (name, "text_decoder", 12) != 0;
}

AlbefStatus
random_model_new (Backend *backend, const ModelConfig *config, uint64_t seed, Model **model, AlbefError *error)
{
  RandomSource random = { seed, 0 };
  ParameterSource source = { .get = get, .has = has, .user_data = &random };

  return model_new (backend, config, &source, model, error);
}
