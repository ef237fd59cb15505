/* SPDX-License-Identifier: MIT
 * derive.h: a model's configuration from the names and shapes of its weights. */
#pragma once

#include "config.h"
#include "key-map.h"

/* Weights of a source by canonical name. */
typedef struct
{
  const WeightSource *source;
  char **names;      /* [n] canonical */
  KeyClass *classes; /* [n] */
  int *order;        /* indices sorted by canonical name */
  int n;
} KeyIndex;

void key_index_init (KeyIndex *keys, const WeightSource *source);
void key_index_clear (KeyIndex *keys);
/* Entry of this canonical name (the first one of several spellings); -1: not there. */
int key_index_find (const KeyIndex *keys, const char *canonical);
const Weight *key_index_get (const KeyIndex *keys, const char *canonical); /* NULL: not there */

/* Fills everything that shapes tell; the rest keeps the official constants, with heads = width / 64, the
 * middle fusion layer for grounding, and the temperature read from the weights. False if the file lacks what
 * makes an ALBEF: both encoders' embeddings. */
bool config_derive (const KeyIndex *keys, ModelConfig *config);

/* The first size in which a stated configuration contradicts the one derived from shapes; NULL if none. The
 * resolution is no contradiction: position tables are resized. *stated and *found get the two numbers. */
const char *config_contradiction (const ModelConfig *config, const ModelConfig *derived, int *stated, int *found);
