/* SPDX-License-Identifier: MIT
 * handles.h: what the opaque handles of albef.h hold. */
#pragma once

#include <pthread.h>

#include "image-cache.h"
#include "model.h"
#include "text-cache.h"
#include "vocab.h"
#include "weight-set.h"
#include "pair-maps.h"

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
  WeightSet *weights;    /* the mapped file that tensors may lie in */
  char *name;            /* file name without folder and suffix */
  char *path;
};

struct AlbefMaps
{
  AlbefMethod method;
  AlbefQuery *query;
  PairMaps maps;
  int layer;             /* from 1 */
  float *words;          /* [n_words][grid grid], mean over pieces and chosen heads; zeros without a map */
  float *sentence;       /* [grid grid]; NULL when only scored */
  float *pieces;         /* [tokens][grid grid], mean over the chosen heads */
  float *heads;          /* [n_words + 1][heads][grid grid]; row n_words is the sentence */
  double peak;           /* highest value of any word's map */
  char no_maps[160];     /* why words have none; "" where they have */
  double seconds_image, seconds_text, seconds_fusion;
};
