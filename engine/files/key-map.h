/* SPDX-License-Identifier: MIT
 * key-map.h: the names of parameters.
 *
 * Canonical names are those of the official pre-training model, for every kind:
 *
 *     visual_encoder.blocks.0.attn.qkv.weight
 *     text_encoder.bert.encoder.layer.6.crossattention.self.query.weight
 *     text_encoder.cls.predictions.transform.dense.weight
 *     text_decoder.bert.*, text_decoder.cls.*                 (VQA)
 *     vision_proj.*, text_proj.*, itm_head.*, cls_head.0.*, cls_head.2.*, ta_head.*, temp
 *
 * Checkpoints differ: fine-tuned ones drop `bert.` from text_encoder, wrappers add a prefix, older BERTs call the
 * LayerNorm's weight and bias gamma and beta. Twins carry `_m` after the first part.
 */
#pragma once

#include "config.h"
#include "weights.h"

typedef enum
{
  KEY_PARAMETER, /* may be one of the model's parameters */
  KEY_TIED,      /* the MLM decoder: another name of the word embedding or the head's bias */
  KEY_TWIN,      /* momentum copy of a parameter */
  KEY_QUEUE,     /* ITC queues and their pointers */
  KEY_BUFFER,    /* position_ids: 0, 1, 2, ...; AdamW's moments in a checkpoint (optimizer.m.NAME) */
  KEY_FOREIGN    /* nothing that an ALBEF model has */
} KeyClass;

enum
{
  KEY_SIZE = WEIGHT_MAX_NAME + 16, /* a name with `bert.` added, and NUL */
};

/* Canonical form of `name` without its first prefix_length bytes; a twin keeps its `_m`. */
KeyClass key_canonical (const char *name, size_t prefix_length, char canonical[KEY_SIZE]);

/* Bytes that all names of the file carry before the official ones ("module."); 0 if there is none. */
size_t key_prefix (const WeightSource *source);

typedef struct
{
  char name[96];
  int n_dims;
  int64_t shape[4];
  int alias;     /* index of the parameter it shares its values with, where the file may leave it out; -1: none.
                    NLVR2: keys and values of a pair of layers */
  bool optional; /* the temperature */
} ParameterSpec;

/* All parameters of a model of this configuration and kind in the order of use; the caller frees the list. */
ParameterSpec *parameter_specs (const ModelConfig *config, int *n);

/* Elements of all parameters, shared ones once. */
uint64_t parameter_count (const ParameterSpec *specs, int n);
