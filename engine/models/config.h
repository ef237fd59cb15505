/* SPDX-License-Identifier: MIT
 * config.h: every size and constant of an ALBEF. Reference values in the comments are those of the official
 * release (ViT-B/16, BERT-base). Nothing in the engine holds such a number of its own. */
#pragma once

#include "albef.h"

typedef enum
{
  MODEL_PRETRAIN,      /* ITC, ITM and MLM heads, twins, queues */
  MODEL_RETRIEVAL,     /* ITC and ITM; retrieval and grounding */
  MODEL_VQA,           /* answer decoder */
  MODEL_VE,            /* visual entailment: 3 classes */
  MODEL_NLVR2,         /* image pairs: 2 classes, doubled fusion layers */
  MODEL_NLVR2_PRETRAIN /* text assignment on doubled fusion layers */
} ModelKind;

typedef struct ModelConfig
{
  ModelKind kind;

  int image_res;                /* 384 (256 in pre-training); a multiple of patch_size */
  int patch_size;               /* 16 */
  int vision_width;             /* 768 */
  int vision_depth;             /* 12 */
  int vision_heads;             /* 12 */
  int vision_mlp_width;         /* 3072 = 4 x width */
  double vision_layer_norm_eps; /* 1e-6 */

  int vocab_size;               /* 30522 */
  int hidden_size;              /* 768 */
  int num_hidden_layers;        /* 12: text and fusion layers, before NLVR2's doubling */
  int fusion_layer;             /* 6: index of the first fusion layer */
  int num_attention_heads;      /* 12 */
  int intermediate_size;        /* 3072 */
  int encoder_width;            /* 768: width of the image tokens that cross-attention reads */
  int max_position_embeddings;  /* 512 */
  int type_vocab_size;          /* 2 */
  double layer_norm_eps;        /* 1e-12 */

  int embed_dim;                /* 256: ITC projections */
  int queue_size;               /* 65536 */
  int num_classes;              /* 3 (VE) or 2 (NLVR2): outputs of cls_head; 0: none */
  double temp;                  /* 0.07: initial temperature */
  double momentum;              /* 0.995 */
  double alpha;                 /* 0.4: weight of distillation */
  double mlm_probability;       /* 0.15 */

  float image_mean[3];          /* CLIP's: 0.48145466, 0.4578275, 0.40821073 */
  float image_std[3];           /* 0.26862954, 0.26130258, 0.27577711 */
  int grounding_layer;          /* 8: BERT layer index (from 0) whose cross-attention localises best */
} ModelConfig;

/* The official sizes, kind MODEL_PRETRAIN. */
void config_init (ModelConfig *config);

const char *model_kind_name (ModelKind kind); /* "pretrain", "retrieval", "vqa", "ve", "nlvr2", "nlvr2-pretrain" */
bool model_kind_parse (const char *name, ModelKind *kind);

/* BERT layers in the weights: num_hidden_layers, with NLVR2's fusion layers counted twice. */
int config_bert_layers (const ModelConfig *config);
/* The grounding layer as people count it: fusion layer from 1. */
int config_grounding_fusion_layer (const ModelConfig *config);

/* Reads a configuration: flat with a `bert_config` (or `bert`) object, or, with `entry`, that member of a file
 * of several. A `bert_config` that is a path, as in official files, says nothing. Keys as above (the official names); what is absent keeps its value in *config, so initialise it
 * first. Names of keys that were read are remembered in *stated (may be NULL), a bit per field group, see
 * CONFIG_STATED_*. `name` stands in messages. */
AlbefStatus config_parse (const char *json, size_t length, const char *name, const char *entry, ModelConfig *config,
                          uint32_t *stated, AlbefError *error);
AlbefStatus config_open (const char *path, const char *entry, ModelConfig *config, uint32_t *stated,
                         AlbefError *error);

enum
{
  CONFIG_STATED_VISION_HEADS = 1 << 0,
  CONFIG_STATED_TEXT_HEADS = 1 << 1,
  CONFIG_STATED_NORM_EPS = 1 << 2,
  CONFIG_STATED_IMAGE_RES = 1 << 3,
  CONFIG_STATED_GROUNDING_LAYER = 1 << 4,
  CONFIG_STATED_IMAGE_NORM = 1 << 5,
  CONFIG_STATED_KIND = 1 << 6,
  CONFIG_STATED_VISION_NORM_EPS = 1 << 7,
  CONFIG_STATED_TRAINING = 1 << 8 /* momentum, alpha or mlm_probability */
};

/* One JSON object with every field; the caller frees it. config_parse reads it back unchanged. */
char *config_to_json (const ModelConfig *config);

/* Refuses what cannot be a model or would need absurd memory; the message names the field. */
AlbefStatus config_check (const ModelConfig *config, const char *name, AlbefError *error);
