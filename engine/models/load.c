/* SPDX-License-Identifier: MIT
 * Building a Model from named parameters. Names are the official pre-training names (key-map.h turns every
 * other spelling into them). */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

typedef struct
{
  Model *model;
  const ParameterSource *source;
  AlbefError *error;
  AlbefStatus status; /* of the first failure; later reads do nothing */
  uint64_t done, total;
} Loader;

static Tensor *
read_as (Loader *loader, const char *name, int n_dims, const int64_t *shape, int n_view, const int64_t *view_shape)
{
  const ParameterSource *source = loader->source;
  Model *model = loader->model;
  const float *mapped = NULL;
  float *copied = NULL;
  Tensor *tensor;

  if (loader->status != ALBEF_OK)
    return NULL;
  if (source->progress != NULL && !source->progress (source->progress_data, "reading weights", loader->done++, loader->total))
    {
      loader->status = error_set (loader->error, ALBEF_CANCELLED, "cancelled while reading weights");
      return NULL;
    }
  loader->status = source->get (source->user_data, name, n_dims, shape, &mapped, &copied, loader->error);
  if (loader->status != ALBEF_OK)
    return NULL;
  tensor = mapped != NULL ? tensor_wrap (model->backend, n_view, view_shape, mapped)
                          : tensor_from_host (model->backend, DTYPE_F32, n_view, view_shape, copied);
  free (copied);
  /* Packed forms take its place, layer by layer. */
  tensor_pack (tensor)->source_mapped = mapped != NULL;
  if (model->n_owned == model->n_allocated)
    {
      model->n_allocated = model->n_allocated > 0 ? 2 * model->n_allocated : 256;
      model->owned = mem_resize (model->owned, (size_t) model->n_allocated, sizeof *model->owned);
    }
  model->names = mem_resize (model->names, (size_t) model->n_allocated, sizeof *model->names);
  model->names[model->n_owned] = mem_strdup (name);
  model->owned[model->n_owned++] = tensor;
  model->n_parameters += (uint64_t) tensor_numel (tensor);
  return tensor;
}

static Tensor *
read_matrix (Loader *loader, const char *name, int64_t rows, int64_t columns)
{
  int64_t shape[] = { rows, columns };

  return read_as (loader, name, 2, shape, 2, shape);
}

static Tensor *
read_vector (Loader *loader, const char *name, int64_t n)
{
  return read_as (loader, name, 1, &n, 1, &n);
}

static Dense
read_dense (Loader *loader, const char *prefix, int64_t out, int64_t in)
{
  char name[256];
  Dense dense;

  snprintf (name, sizeof name, "%s.weight", prefix);
  dense.weight = read_matrix (loader, name, out, in);
  snprintf (name, sizeof name, "%s.bias", prefix);
  dense.bias = read_vector (loader, name, out);
  return dense;
}

static Norm
read_norm (Loader *loader, const char *prefix, int64_t width)
{
  char name[256];
  Norm norm;

  snprintf (name, sizeof name, "%s.weight", prefix);
  norm.gamma = read_vector (loader, name, width);
  snprintf (name, sizeof name, "%s.bias", prefix);
  norm.beta = read_vector (loader, name, width);
  return norm;
}

static Dense
read_optional_dense (Loader *loader, const char *prefix, int64_t out, int64_t in)
{
  char name[256];

  snprintf (name, sizeof name, "%s.weight", prefix);
  if (!loader->source->has (loader->source->user_data, name))
    return (Dense) { NULL, NULL };
  return read_dense (loader, prefix, out, in);
}

/* ---------------------------------------------------------------------------------------------------
 * The encoders
 */

static void
read_vision (Loader *loader)
{
  const ModelConfig *config = &loader->model->config;
  VisionEncoder *vision = &loader->model->vision;
  int64_t c = config->vision_width, p = config->patch_size;
  int64_t grid = config->image_res / config->patch_size;
  int64_t patch_shape[] = { c, 3, p, p }, patch_view[] = { c, 3 * p * p };
  int64_t token_shape[] = { 1, 1, c }, position_shape[] = { 1, grid * grid + 1, c };
  char prefix[128];

  vision->depth = config->vision_depth;
  vision->heads = config->vision_heads;
  vision->eps = (float) config->vision_layer_norm_eps;
  vision->patch_size = config->patch_size;
  vision->grid = (int) grid;
  vision->blocks = mem_new0 ((size_t) vision->depth, sizeof *vision->blocks);
  vision->cls_token = read_as (loader, "visual_encoder.cls_token", 3, token_shape, 3, token_shape);
  vision->pos_embed = read_as (loader, "visual_encoder.pos_embed", 3, position_shape, 3, position_shape);
  vision->patch.weight = read_as (loader, "visual_encoder.patch_embed.proj.weight", 4, patch_shape, 2, patch_view);
  vision->patch.bias = read_vector (loader, "visual_encoder.patch_embed.proj.bias", c);
  for (int i = 0; i < vision->depth; i++)
    {
      VisionBlock *block = &vision->blocks[i];

#define PREFIX(part) (snprintf (prefix, sizeof prefix, "visual_encoder.blocks.%d.%s", i, part), prefix)
      block->norm1 = read_norm (loader, PREFIX ("norm1"), c);
      block->qkv = read_dense (loader, PREFIX ("attn.qkv"), 3 * c, c);
      block->proj = read_dense (loader, PREFIX ("attn.proj"), c, c);
      block->norm2 = read_norm (loader, PREFIX ("norm2"), c);
      block->fc1 = read_dense (loader, PREFIX ("mlp.fc1"), config->vision_mlp_width, c);
      block->fc2 = read_dense (loader, PREFIX ("mlp.fc2"), c, config->vision_mlp_width);
#undef PREFIX
    }
  vision->norm = read_norm (loader, "visual_encoder.norm", c);
}

/* `shared`: the block whose keys and values this one uses; NULL: it has its own. */
static AttentionBlock
read_attention (Loader *loader, const char *stack, int layer, const char *part, int64_t c, int64_t key_width,
                const AttentionBlock *shared)
{
  AttentionBlock block;
  char prefix[160];

#define PREFIX(rest) (snprintf (prefix, sizeof prefix, "%s.encoder.layer.%d.%s.%s", stack, layer, part, rest), prefix)
  block.query = read_dense (loader, PREFIX ("self.query"), c, c);
  block.key = shared != NULL ? shared->key : read_dense (loader, PREFIX ("self.key"), c, key_width);
  block.value = shared != NULL ? shared->value : read_dense (loader, PREFIX ("self.value"), c, key_width);
  block.output = read_dense (loader, PREFIX ("output.dense"), c, c);
  block.norm = read_norm (loader, PREFIX ("output.LayerNorm"), c);
#undef PREFIX
  return block;
}

/* Cross-attention of a fusion layer. NLVR2's layers come in pairs that share keys and values (the release's
 * model_nlvr.py, share_cross_attention). */
static AttentionBlock
read_cross (Loader *loader, const Bert *bert, const char *stack, int layer, int64_t width)
{
  const ModelConfig *config = &loader->model->config;
  bool paired = config->kind == MODEL_NLVR2 || config->kind == MODEL_NLVR2_PRETRAIN;
  bool second = paired && (layer - bert->fusion_layer) % 2 == 1;

  return read_attention (loader, stack, layer, "crossattention", config->hidden_size, width,
                         second ? &bert->layers[layer - 1].cross : NULL);
}

/* `stack` is "text_encoder.bert" or "text_decoder.bert"; layers from first_cross on have cross-attention. */
static void
read_bert (Loader *loader, Bert *bert, const char *stack, int n_layers, int first_cross, int64_t cross_width)
{
  const ModelConfig *config = &loader->model->config;
  int64_t c = config->hidden_size;
  char prefix[160];

  bert->n_layers = n_layers;
  bert->fusion_layer = first_cross;
  bert->heads = config->num_attention_heads;
  bert->eps = (float) config->layer_norm_eps;
  bert->max_positions = config->max_position_embeddings;
  bert->layers = mem_new0 ((size_t) n_layers, sizeof *bert->layers);
#define PREFIX(rest) (snprintf (prefix, sizeof prefix, "%s.%s", stack, rest), prefix)
  bert->word = read_matrix (loader, PREFIX ("embeddings.word_embeddings.weight"), config->vocab_size, c);
  bert->position = read_matrix (loader, PREFIX ("embeddings.position_embeddings.weight"), bert->max_positions, c);
  bert->type = read_matrix (loader, PREFIX ("embeddings.token_type_embeddings.weight"), config->type_vocab_size, c);
  bert->norm = read_norm (loader, PREFIX ("embeddings.LayerNorm"), c);
#undef PREFIX
  for (int i = 0; i < n_layers; i++)
    {
      BertLayer *layer = &bert->layers[i];

#define PREFIX(rest) (snprintf (prefix, sizeof prefix, "%s.encoder.layer.%d.%s", stack, i, rest), prefix)
      layer->self = read_attention (loader, stack, i, "attention", c, c, NULL);
      if (i >= first_cross)
        layer->cross = read_cross (loader, bert, stack, i, cross_width);
      layer->intermediate = read_dense (loader, PREFIX ("intermediate.dense"), config->intermediate_size, c);
      layer->output = read_dense (loader, PREFIX ("output.dense"), c, config->intermediate_size);
      layer->norm = read_norm (loader, PREFIX ("output.LayerNorm"), c);
#undef PREFIX
    }
}

static MlmHead
read_mlm (Loader *loader, const char *stack)
{
  const ModelConfig *config = &loader->model->config;
  MlmHead mlm = { 0 };
  char name[160];

  snprintf (name, sizeof name, "%s.predictions.transform.dense", stack);
  mlm.transform = read_optional_dense (loader, name, config->hidden_size, config->hidden_size);
  if (mlm.transform.weight == NULL)
    return mlm;
  snprintf (name, sizeof name, "%s.predictions.transform.LayerNorm", stack);
  mlm.norm = read_norm (loader, name, config->hidden_size);
  snprintf (name, sizeof name, "%s.predictions.bias", stack);
  mlm.bias = read_vector (loader, name, config->vocab_size);
  return mlm;
}

static void
read_heads (Loader *loader)
{
  Model *model = loader->model;
  const ModelConfig *config = &model->config;
  int64_t c = config->hidden_size, e = config->embed_dim;

  model->mlm = read_mlm (loader, "text_encoder.cls");
  model->vision_proj = read_optional_dense (loader, "vision_proj", e, config->vision_width);
  model->text_proj = read_optional_dense (loader, "text_proj", e, c);
  model->itm_head = read_optional_dense (loader, "itm_head", 2, c);
  model->ta_head = read_optional_dense (loader, "ta_head", 3, c);
  model->cls_head[0] = read_optional_dense (loader, "cls_head.0", c, c);
  if (model->cls_head[0].weight != NULL)
    model->cls_head[1] = read_dense (loader, "cls_head.2", config->num_classes, c);
  if (loader->source->has (loader->source->user_data, "temp"))
    model->temp = read_as (loader, "temp", 0, NULL, 0, NULL);
  if (loader->source->has (loader->source->user_data, "text_decoder.bert.embeddings.word_embeddings.weight"))
    {
      read_bert (loader, &model->decoder, "text_decoder.bert", config->num_hidden_layers - config->fusion_layer, 0, c);
      model->decoder_mlm = read_mlm (loader, "text_decoder.cls");
    }
}

AlbefStatus
model_new (Backend *backend, const ModelConfig *config, const ParameterSource *source, Model **out, AlbefError *error)
{
  Model *model = mem_new0 (1, sizeof *model);
  Loader loader = { .model = model, .source = source, .error = error };
  int n_layers = config_bert_layers (config);

  model->config = *config;
  model->backend = backend;
  loader.total = (uint64_t) (12 * config->vision_depth + 26 * n_layers + 20);
  read_vision (&loader);
  read_bert (&loader, &model->text, "text_encoder.bert", n_layers, config->fusion_layer, config->encoder_width);
  read_heads (&loader);
  if (loader.status != ALBEF_OK)
    {
      model_free (model);
      return loader.status;
    }
  *out = model;
  return ALBEF_OK;
}

void
model_free (Model *model)
{
  if (model == NULL)
    return;
  for (int i = 0; i < model->n_owned; i++)
    {
      tensor_unref (model->owned[i]);
      free (model->names[i]);
    }
  free (model->owned);
  free (model->names);
  free (model->vision.blocks);
  free (model->text.layers);
  free (model->decoder.layers);
  free (model);
}

int
model_bert_layer (const Model *model, int fusion_layer)
{
  return model->text.fusion_layer + fusion_layer - 1;
}

int
model_fusion_layers (const Model *model)
{
  return model->text.n_layers - model->text.fusion_layer;
}

void
tap_clear (AttentionTap *tap)
{
  tensor_unref (tap->map);
  tap->map = NULL;
}
