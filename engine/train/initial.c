/* SPDX-License-Identifier: MIT */
#include "initial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "key-map.h"
#include "random.h"

#define LAYER "encoder.layer."

struct Initial
{
  const WeightSet *set;
  const EncoderFiles *files;
  ModelConfig config;
  bool doubled;         /* the file's fusion layers become two each */
  ParameterSpec *specs; /* of config */
  int n_specs;
  uint64_t seed;
  char *lines;
  int same, moved, fresh;
};

static bool
starts_with (const char *text, const char *start)
{
  return strncmp (text, start, strlen (start)) == 0;
}

static bool
has_pairs (ModelKind kind)
{
  return kind == MODEL_NLVR2 || kind == MODEL_NLVR2_PRETRAIN;
}

static bool
is_twin (const char *name)
{
  size_t first = strcspn (name, ".");

  return first > 2 && strncmp (name + first - 2, "_m", 2) == 0;
}

/* ---------------------------------------------------------------------------------------------------
 * Where a parameter comes from
 */

/* "PREFIXencoder.layer.7.rest" with layer `to` in place of the 7. */
static void
with_layer (const char *name, const char *layer, int to, char out[KEY_SIZE])
{
  const char *rest = layer + strspn (layer, "0123456789");

  snprintf (out, KEY_SIZE, "%.*s%d%s", (int) (layer - name), name, to, rest);
}

/* The name in the file that `name` is read from; false: the file has nothing for it. */
static bool
place_of (const Initial *initial, const char *name, char out[KEY_SIZE])
{
  int fusion = initial->config.fusion_layer;
  char other[KEY_SIZE];
  const char *layer;

  if (initial->set == NULL)
    return false;
  if (initial->doubled && is_twin (name))
    return false;
  snprintf (out, KEY_SIZE, "%s", name);
  layer = strstr (name, LAYER);
  if (initial->doubled && starts_with (name, "text_encoder.") && layer != NULL && atoi (layer + strlen (LAYER)) >= fusion)
    with_layer (name, layer + strlen (LAYER), fusion + (atoi (layer + strlen (LAYER)) - fusion) / 2, out);
  if (weight_set_find (initial->set, out) >= 0)
    return true;
  if (!starts_with (name, "text_decoder"))
    return false;
  /* "text_decoder_m.x" from "text_encoder_m.x" alike. */
  snprintf (other, sizeof other, "text_encoder%s", name + strlen ("text_decoder"));
  layer = strstr (other, LAYER);
  if (layer != NULL)
    with_layer (other, layer + strlen (LAYER), fusion + atoi (layer + strlen (LAYER)), out);
  else
    snprintf (out, KEY_SIZE, "%s", other);
  return weight_set_find (initial->set, out) >= 0;
}

/* A parameter that one of the encoders' files holds. */
static bool
in_files (const Initial *initial, const char *name, const WeightSource **source, int *index)
{
  return initial->files != NULL && encoder_files_find (initial->files, name, source, index);
}

static bool
is_queue (const char *name)
{
  return strcmp (name, "image_queue") == 0 || strcmp (name, "text_queue") == 0;
}

/* Queues are used at their own size; their pointers only with them. */
static bool
queue_fits (const Initial *initial)
{
  int index = weight_set_find (initial->set, "image_queue");
  const Weight *weight = index >= 0 ? weight_source_get (weight_set_source (initial->set), index) : NULL;

  return weight != NULL && weight->n_dims == 2 && weight->shape[0] == initial->config.embed_dim
         && weight->shape[1] == initial->config.queue_size && weight_set_find (initial->set, "text_queue") >= 0;
}

/* ---------------------------------------------------------------------------------------------------
 * New weights
 */

static bool
ends_with (const char *text, const char *end)
{
  size_t n = strlen (text), m = strlen (end);

  return n >= m && strcmp (text + n - m, end) == 0;
}

/* Input width of the layer, for PyTorch's default. */
static double
fan_in (const Initial *initial, const char *name, int n_dims, const int64_t *shape)
{
  const ModelConfig *c = &initial->config;
  double n = 1;

  if (n_dims < 2)
    return starts_with (name, "visual_encoder.patch_embed") ? 3.0 * c->patch_size * c->patch_size
           : starts_with (name, "vision_proj")              ? c->vision_width
                                                            : c->hidden_size;
  for (int i = 1; i < n_dims; i++)
    n *= (double) shape[i];
  return n;
}

static void
make_new (const Initial *initial, const char *name, int n_dims, const int64_t *shape, size_t n, float *values)
{
  bool vision = starts_with (name, "visual_encoder."), bias = ends_with (name, ".bias");
  bool norm = strstr (name, "norm") != NULL || strstr (name, "LayerNorm") != NULL;
  bool patch = starts_with (name, "visual_encoder.patch_embed");
  uint64_t stream = 0xcbf29ce484222325u;
  double bound;

  for (const char *at = name; *at != 0; at++)
    stream = (stream ^ (unsigned char) *at) * 0x100000001b3u;
  if (strcmp (name, "temp") == 0)
    values[0] = (float) initial->config.temp;
  else if (norm)
    for (size_t i = 0; i < n; i++)
      values[i] = bias ? 0.0f : 1.0f;
  else if (patch || (!vision && !starts_with (name, "text_encoder.") && !starts_with (name, "text_decoder.")))
    {
      bound = 1 / sqrt (fan_in (initial, name, n_dims, shape));
      for (size_t i = 0; i < n; i++)
        values[i] = (float) (bound * (2 * random_uniform (initial->seed, stream, i) - 1));
    }
  else if (bias)
    memset (values, 0, n * sizeof *values);
  else
    /* The official truncation at +-2 cuts 100 deviations away: it never happens. */
    for (size_t i = 0; i < n; i++)
      values[i] = (float) (0.02 * random_normal (initial->seed, stream, i));
}

/* ---------------------------------------------------------------------------------------------------
 * As a ParameterSource
 */

static bool
has (void *user_data, const char *name)
{
  const Initial *initial = user_data;
  char place[KEY_SIZE];

  if (is_queue (name) || starts_with (name, "queue_ptr"))
    return initial->set != NULL && queue_fits (initial) && weight_set_find (initial->set, name) >= 0;
  if (strcmp (name, "idx_queue") == 0)
    return false; /* of other data */
  if (is_twin (name))
    return place_of (initial, name, place);
  for (int i = 0; i < initial->n_specs; i++)
    if (strcmp (initial->specs[i].name, name) == 0)
      return true;
  return false;
}

static AlbefStatus
get (void *user_data, const char *name, int n_dims, const int64_t *shape, const float **mapped, float **copied,
     AlbefError *error)
{
  const Initial *initial = user_data;
  const WeightSource *source;
  char place[KEY_SIZE];
  size_t n = 1;
  int index;

  *mapped = NULL;
  *copied = NULL;
  if (is_queue (name) || starts_with (name, "queue_ptr"))
    snprintf (place, sizeof place, "%s", name);
  else if (initial->set == NULL && in_files (initial, name, &source, &index))
    return encoder_files_read (initial->files, name, n_dims, shape, copied, error);
  else if (!place_of (initial, name, place))
    {
      for (int i = 0; i < n_dims; i++)
        n *= (size_t) shape[i];
      *copied = malloc ((n + 1) * sizeof **copied);
      if (*copied == NULL)
        return error_set (error, ALBEF_ERROR_MEMORY, "no memory for %zu weights of '%s'", n, name);
      make_new (initial, name, n_dims, shape, n, *copied);
      return ALBEF_OK;
    }
  return weight_set_get ((void *) initial->set, place, n_dims, shape, mapped, copied, error);
}

/* ---------------------------------------------------------------------------------------------------
 * The report
 */

/* What the file itself calls a parameter: fine-tuned ones leave `bert.` out, wrappers put something before. */
static const char *
name_in_file (const Initial *initial, const char *place)
{
  return weight_source_get (weight_set_source (initial->set), weight_set_find (initial->set, place))->name;
}

static void
list_places (Initial *initial)
{
  const WeightSource *source;
  char place[KEY_SIZE], *buffer = NULL;
  int index;
  size_t length = 0;
  FILE *out = open_memstream (&buffer, &length);

  for (int i = 0; i < initial->n_specs; i++)
    {
      const char *name = initial->specs[i].name;

      if (initial->specs[i].alias >= 0)
        continue;
      if (initial->set == NULL && in_files (initial, name, &source, &index))
        {
          fprintf (out, "%s <- %s: %s\n", name, weight_source_path (source), weight_source_get (source, index)->name);
          initial->moved++;
        }
      else if (!place_of (initial, name, place))
        {
          fprintf (out, "%s new\n", name);
          initial->fresh++;
        }
      else if (strcmp (name_in_file (initial, place), name) == 0)
        {
          fprintf (out, "%s\n", name);
          initial->same++;
        }
      else
        {
          fprintf (out, "%s <- %s\n", name, name_in_file (initial, place));
          initial->moved++;
        }
    }
  for (int i = 0; i < initial->n_specs; i++)
    {
      const char *name = initial->specs[i].name;
      int first = (int) strcspn (name, ".");
      char twin[KEY_SIZE];

      snprintf (twin, sizeof twin, "%.*s_m%s", first, name, name + first);
      if (initial->specs[i].alias < 0 && place_of (initial, twin, place))
        fprintf (out, strcmp (twin, name_in_file (initial, place)) == 0 ? "%s\n" : "%s <- %s\n", twin, name_in_file (initial, place));
    }
  if (initial->set != NULL && queue_fits (initial))
    fprintf (out, "image_queue\ntext_queue\n");
  fclose (out);
  initial->lines = buffer;
}

/* ---------------------------------------------------------------------------------------------------
 * Public
 */

Initial *
initial_new (const WeightSet *set, const EncoderFiles *files, const ModelConfig *config, uint64_t seed)
{
  Initial *initial = mem_new0 (1, sizeof *initial);

  initial->set = set;
  initial->files = files;
  initial->config = *config;
  initial->seed = seed;
  initial->doubled = set != NULL && has_pairs (config->kind) && !has_pairs (weight_set_config (set)->kind);
  initial->specs = parameter_specs (config, &initial->n_specs);
  list_places (initial);
  return initial;
}

void
initial_free (Initial *initial)
{
  if (initial == NULL)
    return;
  free (initial->specs);
  free (initial->lines);
  free (initial);
}

ParameterSource
initial_source (Initial *initial)
{
  return (ParameterSource) { .get = get, .has = has, .user_data = initial };
}

const char *
initial_lines (const Initial *initial)
{
  return initial->lines;
}

void
initial_counts (const Initial *initial, int *same, int *moved, int *fresh)
{
  *same = initial->same;
  *moved = initial->moved;
  *fresh = initial->fresh;
}

ModelConfig
initial_config (const ModelConfig *from, ModelKind kind)
{
  ModelConfig config = *from;

  config.kind = kind;
  config.num_classes = kind == MODEL_VE ? 3 : kind == MODEL_NLVR2 ? 2 : 0;
  return config;
}
