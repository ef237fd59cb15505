/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

#define CONFIG_MAX_BYTES (4u << 20) /* a configuration is a kilobyte; a vocabulary is not one */

typedef enum
{
  FIELD_INT,
  FIELD_DOUBLE,
  FIELD_FLOAT3
} FieldType;

typedef struct
{
  const char *key;
  FieldType type;
  size_t offset;
  bool in_bert;      /* a key of bert_config */
  int min, max;      /* of ints */
  uint32_t stated;
} Field;

#define INT_FIELD(key, bert, min, max, stated) { #key, FIELD_INT, offsetof (ModelConfig, key), bert, min, max, stated }
#define REAL_FIELD(key, bert, stated) { #key, FIELD_DOUBLE, offsetof (ModelConfig, key), bert, 0, 0, stated }

static const Field fields[] = {
  INT_FIELD (image_res, false, 1, 16384, CONFIG_STATED_IMAGE_RES),
  INT_FIELD (patch_size, false, 1, 1024, 0),
  INT_FIELD (vision_width, false, 1, 16384, 0),
  INT_FIELD (vision_depth, false, 1, 256, 0),
  INT_FIELD (vision_heads, false, 1, 1024, CONFIG_STATED_VISION_HEADS),
  INT_FIELD (vision_mlp_width, false, 1, 65536, 0),
  REAL_FIELD (vision_layer_norm_eps, false, CONFIG_STATED_VISION_NORM_EPS),
  INT_FIELD (embed_dim, false, 1, 16384, 0),
  INT_FIELD (queue_size, false, 0, 1 << 24, 0),
  INT_FIELD (num_classes, false, 0, 65536, 0),
  REAL_FIELD (temp, false, 0),
  REAL_FIELD (momentum, false, CONFIG_STATED_TRAINING),
  REAL_FIELD (alpha, false, CONFIG_STATED_TRAINING),
  REAL_FIELD (mlm_probability, false, CONFIG_STATED_TRAINING),
  { "image_mean", FIELD_FLOAT3, offsetof (ModelConfig, image_mean), false, 0, 0, CONFIG_STATED_IMAGE_NORM },
  { "image_std", FIELD_FLOAT3, offsetof (ModelConfig, image_std), false, 0, 0, CONFIG_STATED_IMAGE_NORM },
  INT_FIELD (grounding_layer, false, 0, 1024, CONFIG_STATED_GROUNDING_LAYER),
  INT_FIELD (vocab_size, true, 1, 4000000, 0),
  INT_FIELD (hidden_size, true, 1, 16384, 0),
  INT_FIELD (num_hidden_layers, true, 1, 256, 0),
  INT_FIELD (fusion_layer, true, 0, 256, 0),
  INT_FIELD (num_attention_heads, true, 1, 1024, CONFIG_STATED_TEXT_HEADS),
  INT_FIELD (intermediate_size, true, 1, 65536, 0),
  INT_FIELD (encoder_width, true, 1, 16384, 0),
  INT_FIELD (max_position_embeddings, true, 1, 65536, 0),
  INT_FIELD (type_vocab_size, true, 1, 1024, 0),
  REAL_FIELD (layer_norm_eps, true, CONFIG_STATED_NORM_EPS),
};

enum
{
  N_FIELDS = sizeof fields / sizeof fields[0]
};

static const char *const kind_names[] = { "pretrain", "retrieval", "vqa", "ve", "nlvr2", "nlvr2-pretrain" };

void
config_init (ModelConfig *config)
{
  *config = (ModelConfig) {
    .kind = MODEL_PRETRAIN,
    .image_res = 384, .patch_size = 16, .vision_width = 768, .vision_depth = 12, .vision_heads = 12,
    .vision_mlp_width = 3072, .vision_layer_norm_eps = 1e-6,
    .vocab_size = 30522, .hidden_size = 768, .num_hidden_layers = 12, .fusion_layer = 6,
    .num_attention_heads = 12, .intermediate_size = 3072, .encoder_width = 768, .max_position_embeddings = 512,
    .type_vocab_size = 2, .layer_norm_eps = 1e-12,
    .embed_dim = 256, .queue_size = 65536, .num_classes = 0, .temp = 0.07, .momentum = 0.995, .alpha = 0.4,
    .mlm_probability = 0.15,
    .image_mean = { 0.48145466f, 0.4578275f, 0.40821073f }, .image_std = { 0.26862954f, 0.26130258f, 0.27577711f },
    .grounding_layer = 8,
  };
}

const char *
model_kind_name (ModelKind kind)
{
  return kind_names[kind];
}

bool
model_kind_parse (const char *name, ModelKind *kind)
{
  for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++)
    if (strcmp (name, kind_names[i]) == 0)
      return *kind = (ModelKind) i, true;
  return false;
}

int
config_bert_layers (const ModelConfig *config)
{
  bool doubled = config->kind == MODEL_NLVR2 || config->kind == MODEL_NLVR2_PRETRAIN;

  return config->num_hidden_layers + (doubled ? config->num_hidden_layers - config->fusion_layer : 0);
}

int
config_grounding_fusion_layer (const ModelConfig *config)
{
  return config->grounding_layer - config->fusion_layer + 1;
}

/* ---------------------------------------------------------------------------------------------------
 * Reading
 */

static AlbefStatus
read_field (const Field *field, json_t *value, const char *name, ModelConfig *config, AlbefError *error)
{
  void *to = (char *) config + field->offset;

  switch (field->type)
    {
    case FIELD_INT:
      if (!json_is_integer (value) || json_integer_value (value) < field->min ||
          json_integer_value (value) > field->max)
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s': %s must be a whole number from %d to %d", name, field->key,
                          field->min, field->max);
      *(int *) to = (int) json_integer_value (value);
      return ALBEF_OK;
    case FIELD_DOUBLE:
      if (!json_is_number (value) || !isfinite (json_number_value (value)))
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s': %s must be a number", name, field->key);
      *(double *) to = json_number_value (value);
      return ALBEF_OK;
    case FIELD_FLOAT3:
      if (!json_is_array (value) || json_array_size (value) != 3)
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s': %s must be three numbers", name, field->key);
      for (size_t i = 0; i < 3; i++)
        {
          if (!json_is_number (json_array_get (value, i)))
            return error_set (error, ALBEF_ERROR_FORMAT, "'%s': %s must be three numbers", name, field->key);
          ((float *) to)[i] = (float) json_number_value (json_array_get (value, i));
        }
      return ALBEF_OK;
    }
  return ALBEF_OK;
}

static AlbefStatus
read_object (json_t *object, const char *name, ModelConfig *config, uint32_t *stated, AlbefError *error)
{
  json_t *bert = json_object_get (object, "bert_config"), *kind = json_object_get (object, "kind");
  bool mlp_given = json_object_get (object, "vision_mlp_width") != NULL;

  if (bert == NULL || json_is_string (bert))
    bert = json_object_get (object, "bert");
  /* A bare BERT configuration is its own bert_config. */
  if (bert == NULL && json_object_get (object, "hidden_size") != NULL)
    bert = object;
  if (bert != NULL && !json_is_object (bert))
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': bert_config must be an object", name);
  if (kind != NULL)
    {
      if (!json_is_string (kind) || !model_kind_parse (json_string_value (kind), &config->kind))
        return error_set (error, ALBEF_ERROR_FORMAT, "'%s': kind must be one of pretrain, retrieval, vqa, ve, nlvr2, "
                                                     "nlvr2-pretrain", name);
      *stated |= CONFIG_STATED_KIND;
    }
  for (size_t i = 0; i < N_FIELDS; i++)
    {
      json_t *value = json_object_get (fields[i].in_bert ? bert : object, fields[i].key);
      AlbefStatus status;

      if (value == NULL)
        continue;
      status = read_field (&fields[i], value, name, config, error);
      if (status != ALBEF_OK)
        return status;
      *stated |= fields[i].stated;
    }
  if (json_object_get (bert, "encoder_width") == NULL)
    config->encoder_width = config->vision_width;
  if (!mlp_given)
    config->vision_mlp_width = 4 * config->vision_width;
  return ALBEF_OK;
}

AlbefStatus
config_parse (const char *json, size_t length, const char *name, const char *entry, ModelConfig *config,
              uint32_t *stated, AlbefError *error)
{
  json_error_t problem;
  json_t *root, *object;
  ModelConfig read = *config;
  uint32_t flags = 0;
  AlbefStatus status;

  if (length > CONFIG_MAX_BYTES)
    return error_set (error, ALBEF_ERROR_LIMIT, "'%s' is too large for a configuration (%zu bytes)", name, length);
  root = json_loadb (json, length, JSON_ALLOW_NUL, &problem);
  if (root == NULL)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s' is not JSON: %s in line %d", name, problem.text, problem.line);
  object = entry != NULL ? json_object_get (root, entry) : root;
  if (!json_is_object (object))
    status = error_set (error, ALBEF_ERROR_FORMAT, "'%s' holds no configuration%s%s", name, entry ? " " : "",
                        entry ? entry : "");
  else
    status = read_object (object, name, &read, &flags, error);
  json_decref (root);
  if (status == ALBEF_OK)
    status = config_check (&read, name, error);
  if (status != ALBEF_OK)
    return status;
  *config = read;
  if (stated != NULL)
    *stated = flags;
  return ALBEF_OK;
}

AlbefStatus
config_open (const char *path, const char *entry, ModelConfig *config, uint32_t *stated, AlbefError *error)
{
  FILE *file = fopen (path, "rb");
  char *text;
  size_t length;
  AlbefStatus status;

  if (file == NULL)
    return error_set_errno (error, ALBEF_ERROR_FILE, "cannot open the configuration '%s'", path);
  text = mem_new0 (CONFIG_MAX_BYTES + 1, 1);
  length = fread (text, 1, CONFIG_MAX_BYTES + 1, file);
  if (ferror (file))
    status = error_set_errno (error, ALBEF_ERROR_FILE, "cannot read the configuration '%s'", path);
  else
    status = config_parse (text, length, path, entry, config, stated, error);
  fclose (file);
  free (text);
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * Writing and checking
 */

char *
config_to_json (const ModelConfig *config)
{
  json_t *object = json_object (), *bert = json_object ();
  char *text;

  json_object_set_new (object, "kind", json_string (model_kind_name (config->kind)));
  for (size_t i = 0; i < N_FIELDS; i++)
    {
      const void *from = (const char *) config + fields[i].offset;
      json_t *value;

      if (fields[i].type == FIELD_INT)
        value = json_integer (*(const int *) from);
      else if (fields[i].type == FIELD_DOUBLE)
        value = json_real (*(const double *) from);
      else
        {
          const float *three = from;

          value = json_pack ("[f, f, f]", (double) three[0], (double) three[1], (double) three[2]);
        }
      json_object_set_new (fields[i].in_bert ? bert : object, fields[i].key, value);
    }
  json_object_set_new (object, "bert_config", bert);
  text = json_dumps (object, JSON_INDENT (1) | JSON_REAL_PRECISION (17));
  json_decref (object);
  if (text == NULL)
    abort ();
  return text;
}

AlbefStatus
config_check (const ModelConfig *c, const char *name, AlbefError *error)
{
  if (c->image_res % c->patch_size != 0)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': image_res %d is not a multiple of patch_size %d", name,
                      c->image_res, c->patch_size);
  if (c->image_res / c->patch_size > 256)
    return error_set (error, ALBEF_ERROR_LIMIT, "'%s': a grid of %d x %d patches is beyond the limit of 256 x 256", name,
                      c->image_res / c->patch_size, c->image_res / c->patch_size);
  if (c->vision_width % c->vision_heads != 0)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': vision_width %d is not a multiple of vision_heads %d", name,
                      c->vision_width, c->vision_heads);
  if (c->hidden_size % c->num_attention_heads != 0)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': hidden_size %d is not a multiple of num_attention_heads %d",
                      name, c->hidden_size, c->num_attention_heads);
  if (c->fusion_layer >= c->num_hidden_layers)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': fusion_layer %d leaves no fusion layer among %d layers", name,
                      c->fusion_layer, c->num_hidden_layers);
  if (c->encoder_width != c->vision_width)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': encoder_width %d is not vision_width %d, the width of the image "
                                                 "tokens that cross-attention reads", name, c->encoder_width, c->vision_width);
  if (c->vision_layer_norm_eps <= 0 || c->layer_norm_eps <= 0 || c->temp <= 0)
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s': LayerNorm eps and temp must be above 0", name);
  for (int i = 0; i < 3; i++)
    if (!(c->image_std[i] > 0))
      return error_set (error, ALBEF_ERROR_FORMAT, "'%s': image_std must be above 0", name);
  return ALBEF_OK;
}
