/* SPDX-License-Identifier: MIT */
#include "key-map.h"
#include "error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- names ------------------------------------------------------------------------------------------ */

static bool
starts_with (const char *text, const char *start)
{
  return strncmp (text, start, strlen (start)) == 0;
}

static bool
ends_with (const char *text, const char *end)
{
  size_t n = strlen (text), m = strlen (end);

  return n >= m && strcmp (text + n - m, end) == 0;
}

static bool
is_queue (const char *name)
{
  static const char *const queues[]
      = { "image_queue", "text_queue", "idx_queue", "queue_ptr", "queue_ptr_img", "queue_ptr_txt" };

  for (size_t i = 0; i < sizeof queues / sizeof *queues; i++)
    if (strcmp (name, queues[i]) == 0)
      return true;
  return false;
}

KeyClass
key_canonical (const char *name, size_t prefix_length, char canonical[KEY_SIZE])
{
  static const char *const parts[] = { "visual_encoder", "text_encoder", "text_decoder", "vision_proj",
                                       "text_proj",      "itm_head",     "cls_head",     "ta_head" };
  size_t part, twin = 0, n;
  const char *rest, *bert = "";

  name += strlen (name) > prefix_length ? prefix_length : 0;
  snprintf (canonical, KEY_SIZE, "%s", name);
  if (is_queue (name))
    return KEY_QUEUE;
  if (starts_with (name, "optimizer."))
    return KEY_BUFFER;
  if (strcmp (name, "temp") == 0)
    return KEY_PARAMETER;
  for (part = 0; part < sizeof parts / sizeof *parts; part++)
    if (starts_with (name, parts[part]))
      break;
  if (part == sizeof parts / sizeof *parts)
    return KEY_FOREIGN;
  n = strlen (parts[part]);
  twin = starts_with (name + n, "_m.") ? 2 : 0;
  if (name[n + twin] != '.')
    return KEY_FOREIGN;
  rest = name + n + twin + 1;
  if (starts_with (name, "text_") && (starts_with (rest, "embeddings.") || starts_with (rest, "encoder.")))
    bert = "bert.";
  snprintf (canonical, KEY_SIZE, "%.*s.%s%s", (int) (n + twin), name, bert, rest);
  /* The same length or shorter: rewritten in place. */
  if (ends_with (canonical, ".LayerNorm.gamma"))
    strcpy (canonical + strlen (canonical) - 5, "weight");
  else if (ends_with (canonical, ".LayerNorm.beta"))
    strcpy (canonical + strlen (canonical) - 4, "bias");
  if (ends_with (canonical, ".position_ids"))
    return KEY_BUFFER;
  if (twin)
    return KEY_TWIN;
  if (ends_with (canonical, ".cls.predictions.decoder.weight")
      || ends_with (canonical, ".cls.predictions.decoder.bias"))
    return KEY_TIED;
  return KEY_PARAMETER;
}

size_t
key_prefix (const WeightSource *source)
{
  static const char *const marks[]
      = { "visual_encoder.cls_token", "visual_encoder.pos_embed", "text_encoder.bert.embeddings.word_embeddings.weight",
          "text_encoder.embeddings.word_embeddings.weight" };

  for (size_t m = 0; m < sizeof marks / sizeof *marks; m++)
    for (int i = 0; i < weight_source_count (source); i++)
      {
        const char *name = weight_source_get (source, i)->name;
        size_t prefix;

        if (!ends_with (name, marks[m]))
          continue;
        prefix = strlen (name) - strlen (marks[m]);
        if (prefix == 0 || name[prefix - 1] == '.')
          return prefix;
      }
  return 0;
}

/* --- the parameters of a model ----------------------------------------------------------------------- */

typedef struct
{
  ParameterSpec *specs;
  int n, allocated;
} SpecList;

/* A name and up to four sizes; 0 ends them. */
static int
add (SpecList *list, const char *prefix, const char *name, int64_t a, int64_t b, int64_t c, int64_t d)
{
  int64_t shape[] = { a, b, c, d };
  ParameterSpec *spec;

  if (list->n == list->allocated)
    {
      list->allocated = list->allocated > 0 ? 2 * list->allocated : 512;
      list->specs = mem_resize (list->specs, list->allocated, sizeof *list->specs);
    }
  spec = &list->specs[list->n];
  memset (spec, 0, sizeof *spec);
  snprintf (spec->name, sizeof spec->name, "%s%s", prefix, name);
  while (spec->n_dims < 4 && shape[spec->n_dims] > 0)
    {
      spec->shape[spec->n_dims] = shape[spec->n_dims];
      spec->n_dims++;
    }
  spec->alias = -1;
  return list->n++;
}

static void
add_dense (SpecList *list, const char *prefix, const char *name, int64_t out, int64_t in)
{
  char full[80];

  snprintf (full, sizeof full, "%s%s", prefix, name);
  add (list, full, ".weight", out, in, 0, 0);
  add (list, full, ".bias", out, 0, 0, 0);
}

static void
add_norm (SpecList *list, const char *prefix, const char *name, int64_t width)
{
  char full[80];

  snprintf (full, sizeof full, "%s%s", prefix, name);
  add (list, full, ".weight", width, 0, 0, 0);
  add (list, full, ".bias", width, 0, 0, 0);
}

static void
add_vision (SpecList *list, const ModelConfig *config)
{
  int64_t width = config->vision_width, grid = config->image_res / config->patch_size;
  char prefix[64];

  add (list, "visual_encoder.", "cls_token", 1, 1, width, 0);
  add (list, "visual_encoder.", "pos_embed", 1, 1 + grid * grid, width, 0);
  add (list, "visual_encoder.", "patch_embed.proj.weight", width, 3, config->patch_size, config->patch_size);
  add (list, "visual_encoder.", "patch_embed.proj.bias", width, 0, 0, 0);
  for (int i = 0; i < config->vision_depth; i++)
    {
      snprintf (prefix, sizeof prefix, "visual_encoder.blocks.%d.", i);
      add_norm (list, prefix, "norm1", width);
      add_dense (list, prefix, "attn.qkv", 3 * width, width);
      add_dense (list, prefix, "attn.proj", width, width);
      add_norm (list, prefix, "norm2", width);
      add_dense (list, prefix, "mlp.fc1", config->vision_mlp_width, width);
      add_dense (list, prefix, "mlp.fc2", width, config->vision_mlp_width);
    }
  add_norm (list, "visual_encoder.", "norm", width);
}

static void
add_attention (SpecList *list, const char *layer, const char *kind, int64_t width, int64_t key_width)
{
  char prefix[80];

  snprintf (prefix, sizeof prefix, "%s%s.", layer, kind);
  add_dense (list, prefix, "self.query", width, width);
  add_dense (list, prefix, "self.key", width, key_width);
  add_dense (list, prefix, "self.value", width, key_width);
  add_dense (list, prefix, "output.dense", width, width);
  add_norm (list, prefix, "output.LayerNorm", width);
}

/* `first_cross`: first layer with cross-attention. `shared`: layers above come in pairs, whose second one has the
 * cross-attention keys and values of the first. */
static void
add_bert (SpecList *list, const ModelConfig *config, const char *stack, int n_layers, int first_cross,
          int64_t cross_width, bool shared)
{
  int64_t width = config->hidden_size;
  char prefix[64];
  int cross_before = -1;

  snprintf (prefix, sizeof prefix, "%s.bert.embeddings.", stack);
  add (list, prefix, "word_embeddings.weight", config->vocab_size, width, 0, 0);
  add (list, prefix, "position_embeddings.weight", config->max_position_embeddings, width, 0, 0);
  add (list, prefix, "token_type_embeddings.weight", config->type_vocab_size, width, 0, 0);
  add_norm (list, prefix, "LayerNorm", width);
  for (int i = 0; i < n_layers; i++)
    {
      snprintf (prefix, sizeof prefix, "%s.bert.encoder.layer.%d.", stack, i);
      add_attention (list, prefix, "attention", width, width);
      if (i >= first_cross)
        {
          int first = list->n;

          add_attention (list, prefix, "crossattention", width, cross_width);
          if (shared && (i - first_cross) % 2 == 1)
            for (int k = 2; k < 6; k++) /* key.weight, key.bias, value.weight, value.bias */
              list->specs[first + k].alias = cross_before + k;
          cross_before = first;
        }
      add_dense (list, prefix, "intermediate.dense", config->intermediate_size, width);
      add_dense (list, prefix, "output.dense", width, config->intermediate_size);
      add_norm (list, prefix, "output.LayerNorm", width);
    }
}

static void
add_mlm (SpecList *list, const ModelConfig *config, const char *stack)
{
  char prefix[64];

  snprintf (prefix, sizeof prefix, "%s.cls.predictions.", stack);
  add (list, prefix, "bias", config->vocab_size, 0, 0, 0);
  add_dense (list, prefix, "transform.dense", config->hidden_size, config->hidden_size);
  add_norm (list, prefix, "transform.LayerNorm", config->hidden_size);
}

ParameterSpec *
parameter_specs (const ModelConfig *config, int *n)
{
  ModelKind kind = config->kind;
  bool pair = kind == MODEL_NLVR2 || kind == MODEL_NLVR2_PRETRAIN;
  bool contrast = kind == MODEL_PRETRAIN || kind == MODEL_RETRIEVAL || kind == MODEL_NLVR2_PRETRAIN;
  int64_t width = config->hidden_size;
  SpecList list = { 0 };

  add_vision (&list, config);
  add_bert (&list, config, "text_encoder", config_bert_layers (config), config->fusion_layer, config->encoder_width,
            pair);
  if (kind == MODEL_PRETRAIN)
    add_mlm (&list, config, "text_encoder");
  if (kind == MODEL_VQA)
    {
      /* Every decoder layer reads the question's tokens, so its cross-attention has the text's width. */
      add_bert (&list, config, "text_decoder", config->num_hidden_layers - config->fusion_layer, 0, width, false);
      add_mlm (&list, config, "text_decoder");
    }
  if (contrast)
    {
      add_dense (&list, "", "vision_proj", config->embed_dim, config->vision_width);
      add_dense (&list, "", "text_proj", config->embed_dim, width);
      list.specs[add (&list, "", "temp", 0, 0, 0, 0)].optional = true;
    }
  if (kind == MODEL_PRETRAIN || kind == MODEL_RETRIEVAL)
    add_dense (&list, "", "itm_head", 2, width);
  if (kind == MODEL_NLVR2_PRETRAIN)
    add_dense (&list, "", "ta_head", 3, width);
  if (kind == MODEL_VE || kind == MODEL_NLVR2)
    {
      add_dense (&list, "", "cls_head.0", width, width);
      add_dense (&list, "", "cls_head.2", config->num_classes, width);
    }
  *n = list.n;
  return list.specs;
}

uint64_t
parameter_count (const ParameterSpec *specs, int n)
{
  uint64_t total = 0;

  for (int i = 0; i < n; i++)
    {
      uint64_t elements = 1;

      for (int d = 0; d < specs[i].n_dims; d++)
        elements *= specs[i].shape[d];
      total += specs[i].alias < 0 ? elements : 0;
    }
  return total;
}
