/* SPDX-License-Identifier: MIT */
#include "derive.h"
#include "error.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- index ------------------------------------------------------------------------------------------ */

static int
compare_keys (const void *a, const void *b, void *data)
{
  char **names = data;
  int x = *(const int *) a, y = *(const int *) b, order = strcmp (names[x], names[y]);

  return order != 0 ? order : (x > y) - (x < y);
}

void
key_index_init (KeyIndex *keys, const WeightSource *source)
{
  size_t prefix = key_prefix (source);

  keys->source = source;
  keys->n = weight_source_count (source);
  keys->names = mem_new0 (keys->n, sizeof *keys->names);
  keys->classes = mem_new0 (keys->n, sizeof *keys->classes);
  keys->order = mem_new0 (keys->n, sizeof *keys->order);
  for (int i = 0; i < keys->n; i++)
    {
      char canonical[KEY_SIZE];

      keys->classes[i] = key_canonical (weight_source_get (source, i)->name, prefix, canonical);
      keys->names[i] = mem_strdup (canonical);
      keys->order[i] = i;
    }
  qsort_r (keys->order, keys->n, sizeof *keys->order, compare_keys, keys->names);
}

void
key_index_clear (KeyIndex *keys)
{
  for (int i = 0; i < keys->n; i++)
    free (keys->names[i]);
  free (keys->names);
  free (keys->classes);
  free (keys->order);
  memset (keys, 0, sizeof *keys);
}

int
key_index_find (const KeyIndex *keys, const char *canonical)
{
  int low = 0, high = keys->n;

  while (low < high)
    {
      int middle = (low + high) / 2;

      if (strcmp (keys->names[keys->order[middle]], canonical) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low < keys->n && strcmp (keys->names[keys->order[low]], canonical) == 0 ? keys->order[low] : -1;
}

const Weight *
key_index_get (const KeyIndex *keys, const char *canonical)
{
  int index = key_index_find (keys, canonical);

  return index >= 0 ? weight_source_get (keys->source, index) : NULL;
}

/* --- shapes ----------------------------------------------------------------------------------------- */

/* Sizes beyond this are refused later by config_check; here they must only fit an int. */
static int
as_int (int64_t size)
{
  return size > 1 << 30 ? 1 << 30 : (int) size;
}

/* Size along a dimension if the weight is there with that many dimensions. */
static bool
take (const KeyIndex *keys, const char *name, int n_dims, int dim, int *size)
{
  const Weight *weight = key_index_get (keys, name);

  if (weight == NULL || weight->n_dims != n_dims || weight->shape[dim] < 1)
    return false;
  *size = as_int (weight->shape[dim]);
  return true;
}

/* Number of layers PREFIX.0., PREFIX.1. ... that have the weight `rest`. */
static int
count_layers (const KeyIndex *keys, const char *prefix, const char *rest)
{
  char name[160];
  int n = 0;

  for (;; n++)
    {
      snprintf (name, sizeof name, "%s.%d.%s", prefix, n, rest);
      if (key_index_find (keys, name) < 0)
        return n;
    }
}

static int
guess_heads (int width)
{
  return width % 64 == 0 ? width / 64 : 1;
}

/* Grid of a position table of 1 + grid^2 rows; 0 if it is none. */
static int
grid_of (int rows)
{
  int grid = 0;

  while ((grid + 1) * (grid + 1) <= rows - 1 && grid < 4096)
    grid++;
  return grid * grid == rows - 1 ? grid : 0;
}

static void
derive_vision (const KeyIndex *keys, ModelConfig *c)
{
  int rows, grid;

  take (keys, "visual_encoder.patch_embed.proj.weight", 4, 0, &c->vision_width);
  take (keys, "visual_encoder.patch_embed.proj.weight", 4, 3, &c->patch_size);
  c->vision_depth = count_layers (keys, "visual_encoder.blocks", "norm1.weight");
  c->vision_mlp_width = 4 * c->vision_width;
  take (keys, "visual_encoder.blocks.0.mlp.fc1.weight", 2, 0, &c->vision_mlp_width);
  c->vision_heads = guess_heads (c->vision_width);
  if (take (keys, "visual_encoder.pos_embed", 3, 1, &rows))
    {
      grid = grid_of (rows);
      if (grid > 0 && grid <= 4096)
        c->image_res = as_int ((int64_t) grid * c->patch_size);
    }
}

/* VE and NLVR2 both have a cls_head: NLVR2 chooses between two classes and its fusion layers share keys and values in
 * pairs, which only storage or equal bytes can tell. */
static bool
has_pairs (const KeyIndex *keys, int fusion_layer, int n_layers)
{
  char name[2][160];
  const Weight *weights[2];

  if ((n_layers - fusion_layer) % 2 != 0)
    return false;
  for (int i = 0; i < 2; i++)
    {
      snprintf (name[i], sizeof name[i], "text_encoder.bert.encoder.layer.%d.crossattention.self.key.bias",
                fusion_layer + i);
      weights[i] = key_index_get (keys, name[i]);
    }
  if (weights[0] == NULL || weights[1] == NULL)
    return weights[0] != NULL; /* the shared one was left out */
  if (weights[0]->storage == weights[1]->storage && weights[0]->offset == weights[1]->offset)
    return true;
  if (weights[0]->n_elements != weights[1]->n_elements || weights[0]->n_elements > 65536
      || weights[0]->type != weights[1]->type)
    return false;
  {
    size_t bytes = weights[0]->n_elements * weight_type_size (weights[0]->type);
    uint8_t *values = mem_new0 (2, bytes + 1);
    bool equal;

    weight_source_read_raw (keys->source, key_index_find (keys, name[0]), values);
    weight_source_read_raw (keys->source, key_index_find (keys, name[1]), values + bytes);
    equal = memcmp (values, values + bytes, bytes) == 0;
    free (values);
    return equal;
  }
}

static void
derive_text (const KeyIndex *keys, ModelConfig *c)
{
  static const char layer[] = "text_encoder.bert.encoder.layer";
  char name[160];
  int n_layers, fusion = 0;

  take (keys, "text_encoder.bert.embeddings.word_embeddings.weight", 2, 0, &c->vocab_size);
  take (keys, "text_encoder.bert.embeddings.word_embeddings.weight", 2, 1, &c->hidden_size);
  take (keys, "text_encoder.bert.embeddings.position_embeddings.weight", 2, 0, &c->max_position_embeddings);
  take (keys, "text_encoder.bert.embeddings.token_type_embeddings.weight", 2, 0, &c->type_vocab_size);
  take (keys, "text_encoder.bert.encoder.layer.0.intermediate.dense.weight", 2, 0, &c->intermediate_size);
  c->num_attention_heads = guess_heads (c->hidden_size);
  n_layers = count_layers (keys, layer, "attention.self.query.weight");
  do
    snprintf (name, sizeof name, "%s.%d.crossattention.self.query.weight", layer, fusion);
  while (key_index_find (keys, name) < 0 && fusion++ < n_layers);
  if (fusion > n_layers)
    fusion = n_layers;
  c->fusion_layer = fusion;
  c->num_hidden_layers = n_layers;
  c->encoder_width = c->vision_width;
  snprintf (name, sizeof name, "%s.%d.crossattention.self.key.weight", layer, fusion);
  take (keys, name, 2, 1, &c->encoder_width);

  if (key_index_find (keys, "text_decoder.bert.embeddings.word_embeddings.weight") >= 0)
    c->kind = MODEL_VQA;
  else if (key_index_find (keys, "ta_head.weight") >= 0)
    c->kind = MODEL_NLVR2_PRETRAIN;
  else if (take (keys, "cls_head.2.weight", 2, 0, &c->num_classes))
    c->kind = c->num_classes == 2 && has_pairs (keys, fusion, n_layers) ? MODEL_NLVR2 : MODEL_VE;
  else if (key_index_find (keys, "text_encoder.cls.predictions.transform.dense.weight") >= 0)
    c->kind = MODEL_PRETRAIN;
  else
    c->kind = MODEL_RETRIEVAL;
  if (c->kind == MODEL_NLVR2 || c->kind == MODEL_NLVR2_PRETRAIN)
    c->num_hidden_layers = fusion + (n_layers - fusion) / 2;
  c->grounding_layer = fusion + (c->num_hidden_layers - fusion - 1) / 2;
}

bool
config_derive (const KeyIndex *keys, ModelConfig *config)
{
  int temp = key_index_find (keys, "temp");
  float value;

  config_init (config);
  if (key_index_find (keys, "visual_encoder.patch_embed.proj.weight") < 0
      || key_index_find (keys, "text_encoder.bert.embeddings.word_embeddings.weight") < 0)
    return false;
  derive_vision (keys, config);
  derive_text (keys, config);
  take (keys, "vision_proj.weight", 2, 0, &config->embed_dim);
  take (keys, "image_queue", 2, 1, &config->queue_size);
  if (temp >= 0 && weight_source_get (keys->source, temp)->n_elements == 1)
    {
      weight_source_read_f32 (keys->source, temp, &value);
      if (value > 0 && value < 1e6f)
        config->temp = value;
    }
  return true;
}

const char *
config_contradiction (const ModelConfig *config, const ModelConfig *derived, int *stated, int *found)
{
#define SIZE(member)                                                                                                   \
  {                                                                                                                    \
#member, offsetof(ModelConfig, member)                                                                             \
  }
  static const struct
  {
    const char *name;
    size_t offset;
  } sizes[] = {
    SIZE (patch_size),
    SIZE (vision_width),
    SIZE (vision_depth),
    SIZE (vision_mlp_width),
    SIZE (vocab_size),
    SIZE (hidden_size),
    SIZE (num_hidden_layers),
    SIZE (fusion_layer),
    SIZE (intermediate_size),
    SIZE (encoder_width),
    SIZE (max_position_embeddings),
    SIZE (type_vocab_size),
    SIZE (embed_dim),
  };
#undef SIZE

  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    {
      memcpy (stated, (const char *) config + sizes[i].offset, sizeof *stated);
      memcpy (found, (const char *) derived + sizes[i].offset, sizeof *found);
      /* Without projections in the file nothing speaks against a stated width of theirs. */
      if (sizes[i].offset == offsetof (ModelConfig, embed_dim) && derived->kind != MODEL_PRETRAIN
          && derived->kind != MODEL_RETRIEVAL && derived->kind != MODEL_NLVR2_PRETRAIN)
        continue;
      if (*stated != *found)
        return sizes[i].name;
    }
  return NULL;
}
