/* SPDX-License-Identifier: MIT
 * handles.h: what the opaque handles of albef.h hold. */
#pragma once

#include <pthread.h>

#include "image-cache.h"
#include "model.h"
#include "text-cache.h"
#include "vocab.h"
#include "word-maps.h"

struct AlbefEngine
{
  Backend *backend;
  ImageCache *cache;
  pthread_mutex_t lock; /* the backend runs one call at a time: models of one engine take turns */
};

struct AlbefModel
{
  AlbefEngine *engine;
  Model *model;
  Vocab *vocab;
  TextCache *texts;
  AlbefReport *report;
  char *name;            /* file name without folder and suffix */
  char *path;
  char *hash;            /* hex SHA-256, computed when first asked for */
};

struct AlbefMaps
{
  AlbefMethod method;
  AlbefQuery *query;
  WordMaps maps;
  int layer;             /* from 1 */
  float *words;          /* [n_words][grid grid], mean over pieces and chosen heads; zeros without a map */
  float *sentence;       /* [grid grid]; NULL when only scored */
  float *pieces;         /* [tokens][grid grid], mean over the chosen heads */
  float *heads;          /* [n_words + 1][heads][grid grid]; row n_words is the sentence */
  double peak;           /* highest value of any word's map */
  char no_maps[160];     /* why words have none; "" where they have */
  double seconds_image, seconds_text, seconds_fusion;
};
