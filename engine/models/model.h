/* SPDX-License-Identifier: MIT
 * model.h: ALBEF as three encoders and their heads (Li et al. 2021, section 3.1), written in ops.
 *
 * Image encoder: ViT, pre-norm. Text encoder: the first `fusion_layer` layers of a BERT. Fusion encoder: the
 * layers above, with cross-attention into the image tokens. Layers here are indices from 0 within their own
 * stack; a BERT index counts text and fusion layers together as the official code does.
 *
 * Letters: B batch, I image tokens (1 + patches), T text tokens, C width, H heads, V vocabulary.
 * All functions return tensors of the scope, or NULL if the scope's cancel was triggered on the way.
 */
#pragma once

#include "config.h"
#include "ops.h"

typedef struct
{
  Tensor *weight; /* out x in */
  Tensor *bias;   /* out */
} Dense;

typedef struct
{
  Tensor *gamma, *beta; /* C */
} Norm;

typedef struct
{
  Norm norm1, norm2;
  Dense qkv;      /* 3C x C: query, key, value stacked */
  Dense proj;     /* C x C */
  Dense fc1, fc2; /* 4C x C, C x 4C */
} VisionBlock;

typedef struct
{
  Dense patch;       /* C x 3pp: the patch convolution, flattened */
  Tensor *cls_token; /* 1 x 1 x C */
  Tensor *pos_embed; /* 1 x I x C, interpolated to this resolution */
  VisionBlock *blocks;
  int depth;
  int heads;
  Norm norm;
  float eps;         /* 1e-6 */
  int patch_size;
  int grid;
} VisionEncoder;

typedef struct
{
  Dense query, key, value; /* C x C; in cross-attention key and value are C x encoder_width */
  Dense output;
  Norm norm;
} AttentionBlock;

typedef struct
{
  AttentionBlock self;
  AttentionBlock cross;    /* weights NULL in text layers */
  Dense intermediate, output;
  Norm norm;
} BertLayer;

typedef struct
{
  Tensor *word;     /* V x C */
  Tensor *position; /* max positions x C */
  Tensor *type;     /* 2 x C; row 0 is used */
  Norm norm;
  BertLayer *layers;
  int n_layers;
  int fusion_layer; /* index of the first layer with cross-attention */
  int heads;
  float eps;        /* 1e-12 */
  int max_positions;
} Bert;

typedef struct
{
  Dense transform;
  Norm norm;
  Tensor *bias;     /* V; the decoder's weight is the word embedding */
} MlmHead;

typedef struct Model
{
  ModelConfig config;
  Backend *backend;
  VisionEncoder vision;
  Bert text;            /* text and fusion layers */
  MlmHead mlm;          /* transform.weight NULL when absent, as the heads below */
  Bert decoder;         /* VQA answer decoder; n_layers 0 when absent */
  MlmHead decoder_mlm;
  Dense vision_proj, text_proj, itm_head;
  Dense cls_head[2];    /* entailment and NLVR2: Linear, ReLU, Linear */
  Dense ta_head;        /* NLVR2's pre-training */
  Tensor *temp;         /* scalar */
  Tensor **owned;       /* every parameter, one reference each; shared ones once */
  char **names;         /* canonical names of owned */
  int n_owned, n_allocated;
  uint64_t n_parameters;
} Model;

/* ---------------------------------------------------------------------------------------------------
 * Looking inside a forward pass
 */

/* Keeps one layer's attention probabilities (post-softmax) and lets a gradient flow to them. The layer runs
 * unfused. map is set by the forward pass (a reference of the tap's; tap_clear). */
typedef struct
{
  int layer;    /* index in its stack; -1: none */
  bool watch;   /* record from here on; needs scope->tape */
  Tensor *map;  /* B x H x queries x keys */
} AttentionTap;

void tap_clear (AttentionTap *tap);

typedef enum
{
  OBSERVE_PATCHES,         /* B x patches x C, before the class token */
  OBSERVE_VISION_BLOCK,    /* output of block `layer` */
  OBSERVE_VISION_ATTENTION,
  OBSERVE_EMBEDDINGS,      /* after the embedding LayerNorm */
  OBSERVE_BERT_LAYER,      /* output of BERT layer `layer` */
  OBSERVE_SELF_ATTENTION,
  OBSERVE_CROSS_ATTENTION
} ObservePoint;

/* Sees every intermediate value (tests, conformance). With `attention` all layers run unfused. */
typedef struct
{
  bool attention;
  void (*see) (void *user_data, ObservePoint point, int layer, Tensor *value);
  void *user_data;
} Observer;

/* ---------------------------------------------------------------------------------------------------
 * Forward passes
 */

/* images B x 3 x R x R, normalised -> image tokens B x I x C after the final norm. tap counts blocks. */
Tensor *vision_forward (Scope *scope, const Model *model, Tensor *images, AttentionTap *tap, const Observer *observer);

/* ids i32 B x T -> B x T x C. */
Tensor *bert_embed (Scope *scope, const Bert *bert, Tensor *ids, const Observer *observer);

/* Keys and values of one cross-attention layer: all that a fusion layer needs of the image. */
typedef struct
{
  Tensor *key, *value; /* B x I x C, or 1 x I x C shared by the batch */
} ImageKeys;

/* From image tokens (B x I x encoder_width) for BERT layer `layer`. */
ImageKeys fusion_keys (Scope *scope, const Bert *bert, int layer, Tensor *image_tokens);

typedef struct
{
  Tensor *self_mask;      /* added to self-attention scores: NULL, B x T, or B x T x T (causal) */
  const ImageKeys *keys;  /* per BERT layer, indexed from 0 over all layers; NULL for text layers alone */
  Tensor *cross_mask;     /* added to cross-attention scores: NULL or B x I */
  AttentionTap *tap;      /* cross-attention of BERT layer tap->layer */
  bool cls_only_last;     /* in layer `last - 1` compute the [CLS] row alone: returns B x 1 x C. Exact. */
  const Observer *observer;
} BertOptions;

/* Layers first .. last - 1 on hidden B x T x C. */
Tensor *bert_layers (Scope *scope, const Bert *bert, Tensor *hidden, int first, int last, const BertOptions *options);

/* All layers from the ids: embeddings, text layers, fusion layers over the image tokens. With `second_tokens`
 * the fusion layers alternate between the two pictures of a pair, the first one first (NLVR2). */
Tensor *multimodal_forward (Scope *scope, const Model *model, Tensor *ids, Tensor *self_mask, Tensor *image_tokens,
                            Tensor *second_tokens);

/* A 1 - mask tensor for bert_layers from an attention mask of 0 and 1 (host, B x T): 0 where 1, `penalty`
 * where 0 (-10000 in self-attention, -1e9 in cross-attention). NULL if nothing is masked. */
Tensor *mask_tensor (Scope *scope, const int64_t *mask, int64_t batch, int64_t tokens, float penalty);

/* Projected and normalised feature of each row's [CLS]: tokens B x T x C -> B x E (ALBEF section 3.2). */
Tensor *project_cls (Scope *scope, const Dense *projection, Tensor *tokens);

/* Logits of a linear head on [CLS]: B x classes. */
Tensor *head_cls (Scope *scope, const Dense *head, Tensor *tokens);
/* cls_head: Linear, ReLU, Linear on [CLS]. */
Tensor *head_two_layers (Scope *scope, const Dense head[2], Tensor *tokens);

/* MLM logits, B x T x V. */
Tensor *mlm_logits (Scope *scope, const MlmHead *mlm, const Bert *bert, Tensor *tokens);

/* ---------------------------------------------------------------------------------------------------
 * Loading
 */

/* Where parameters come from: fills `out` with the values of canonical parameter `name`, or returns a place
 * in a private, read-only file mapping that outlives the model instead (mapped: a backend may give its pages
 * back to the system); the status of a failure ends the load. */
typedef struct
{
  AlbefStatus (*get) (void *user_data, const char *name, int n_dims, const int64_t *shape, const float **mapped,
                      float **copied, AlbefError *error);
  /* Is there such a parameter? (optional heads) */
  bool (*has) (void *user_data, const char *name);
  void *user_data;
  AlbefProgress progress;
  void *progress_data;
} ParameterSource;

/* Builds a model of `config` on a backend. Position embeddings in the source must already have this
 * resolution. Heads that the source does not hold are absent. */
AlbefStatus model_new (Backend *backend, const ModelConfig *config, const ParameterSource *source, Model **model,
                       AlbefError *error);
void model_free (Model *model);

/* BERT layer index of fusion layer `layer` (from 1), and back. */
int model_bert_layer (const Model *model, int fusion_layer);
int model_fusion_layers (const Model *model);
