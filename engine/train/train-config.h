/* SPDX-License-Identifier: MIT
 * train-config.h: what a training run is told: a small file of `key = value` lines over the official values of its task.
 *
 * # starts a comment; lists are separated by commas; paths are relative to where albef runs. Everything has a value: a
 * preset (the YAML files of the ALBEF release), overlaid by the file, overlaid by --set. */
#pragma once

#include "config.h"

typedef enum
{
  TASK_PRETRAIN,
  TASK_RETRIEVAL,
  TASK_GROUNDING,
  TASK_VQA,
  TASK_VE,
  TASK_NLVR2,
  TASK_NLVR2_PRETRAIN,
  TASK_PATCHES, /* not official: an image encoder learns which noun covers each patch of a scene */
  TASK_COUNT
} TrainTask;

/* Texts belong to the TrainConfig; NULL where nothing is said. */
typedef struct
{
  TrainTask task;

  /* Where the run starts. */
  char *init;         /* a model file */
  char *init_image, *init_text; /* without init: an image encoder (DeiT) and a BERT; encoder-files.h */
  char *model;        /* without init: a config.json with the sizes of a new model */
  char *vocab;        /* without init: vocab.txt; scenes bring their own */
  char *name;         /* of the model that comes out */
  int resolution;     /* 0: the model's own */
  int queue;          /* 0: the model's own */
  double temperature; /* of a new model */

  /* What it sees. */
  char *data;         /* files, separated by commas */
  char *images, *vg_images;
  bool manifest;      /* data is in the manifest form */
  bool whole_caption; /* manifest: captions with the phrase marked, not the phrase alone */
  char *scenes;       /* instead of data: a folder of pictograms */
  int scenes_per_epoch, scene_nouns;
  char *scene_styles, *scene_without, *scene_noun_list;
  char *scene_objects; /* weights of 1 to 4 things, ".3,.3,.25,.15" */
  bool scene_shapes;
  bool augment;       /* as the task's official transform; never for scenes */
  int max_words, max_tokens;
  bool truncate;
  double mlm_probability, mlm_noun_probability;
  bool mlm_one_noun;
  int workers;

  /* What is learned. */
  bool distill;
  double alpha;
  bool alpha_warm_up;
  int alpha_steps;
  double momentum;
  double clamp_low, clamp_high;
  double dropout;
  bool amc, amc_per_sample;
  int amc_layer;      /* BERT layer from 0; -1: the model's grounding layer */
  char *freeze;

  /* Not official; off in the official presets. Of these, all but foils need scenes made on the fly. */
  double foils;         /* share of the batch whose negative text is its own foil (manifests: every absent phrase) */
  bool false_negatives; /* another scene that a caption also fits is no negative, in the queues too */
  double attention;     /* weight of a loss that draws attention to the nouns' boxes */
  int attention_layer;  /* its fusion layer, from 1 */
  bool mlm_hard;        /* masked words by their labels alone, without the teacher */
  double none_weight;   /* patches: weight of those without a noun */

  /* How. */
  int batch, accumulation, epochs, max_steps, warmup_epochs, warmup_steps;
  double lr, min_lr, warmup_lr;
  bool by_step;       /* the learning rate follows steps, not epochs (trainer.h) */
  double decay, beta1, beta2, clip_norm;
  bool recompute, early_updates; /* less memory: trainer.h */
  uint64_t seed;
  int checkpoint_steps, keep, log_steps;

  /* How it is watched; train-eval.h. */
  char *eval;         /* files to evaluate on, separated by commas; NULL: no evaluation */
  char *eval_task;    /* as in albef eval; NULL: that of the task, the pointing game for pretrain */
  char *eval_images;  /* NULL: images */
  char *eval_answers, *eval_annotations, *eval_refs, *eval_instances, *eval_dets;
  char *eval_metric;  /* the figure that tells the best; NULL: the task's */
  int eval_steps;     /* every so many steps; 0: at the end of each epoch */
  int eval_limit, eval_k; /* of each group the first items alone, candidates; 0: all, the official number */
} TrainConfig;

const char *train_task_name (TrainTask task); /* "pretrain", ... */
bool train_task_parse (const char *name, TrainTask *task);
ModelKind train_task_kind (TrainTask task);

/* The official values of the task. */
void train_config_init (TrainConfig *config, TrainTask task);
void train_config_clear (TrainConfig *config);

/* One `key = value`; `where` ("mini.conf line 3") stands in the message of an unknown key or a value out of range. */
AlbefStatus train_config_set (TrainConfig *config, const char *key, const char *value, const char *where,
                              AlbefError *error);
/* One `KEY=VALUE` of a command line. `first`: nothing was set before it, so that it may be a preset. */
AlbefStatus train_config_assign (TrainConfig *config, const char *setting, bool first, AlbefError *error);
/* Every line of a text, e.g. a file or what train_config_text gave. A # at the beginning of a line or after a space starts a
 * comment. A line `preset = NAME` starts from the values of that task or preset and has to come first. */
AlbefStatus train_config_read (TrainConfig *config, const char *text, const char *name, AlbefError *error);
AlbefStatus train_config_open (TrainConfig *config, const char *path, AlbefError *error);

/* Refuses what contradicts itself. */
AlbefStatus train_config_check (const TrainConfig *config, AlbefError *error);

/* Every key with its value, in the order above: the same configuration gives the same text, which is read back
 * unchanged. The caller frees it. */
char *train_config_text (const TrainConfig *config);
/* For people: keys without a value too, as comments. */
char *train_config_listing (const TrainConfig *config);

/* The first key whose values differ, NULL if none does. A static text. */
const char *train_config_difference (const TrainConfig *a, const TrainConfig *b);
