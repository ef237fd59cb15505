/* SPDX-License-Identifier: MIT
 * learner.h: everything a training run changes: the model, its momentum teacher, the queues, the optimizer's moments,
 * and the scalars that steer a step. All of it lives on the device; a step reads nothing back.
 *
 * Letters: B batch, T text tokens, E embedding width of ITC, Q queue size. */
#pragma once

#include "model.h"

typedef struct
{
  const char *name;   /* canonical; borrowed from the model */
  Tensor *weight;     /* borrowed from the model */
  Tensor *m, *v;      /* AdamW's moments; NULL until the first step with a gradient */
  bool decay;         /* weight decay applies: not 1-d, not a bias (the scalar temperature does decay) */
  bool frozen;        /* gets no gradient and no step */
} Parameter;

typedef struct
{
  float beta1, beta2; /* 0.9, 0.999 */
  float eps;          /* 1e-8 */
  float decay;        /* 0.02 */
} AdamWSettings;

typedef struct
{
  Backend *backend;
  Model *model;
  Model *twin;            /* momentum teacher: encoders, decoder, projections, cls_head; NULL without distillation */
  Parameter *parameters;
  int n_parameters;

  Dense patches;          /* head of the patch-label stage: no part of the model; NULL without one */

  Tensor *image_queue;    /* Q x E: features as rows (the official files keep columns); NULL without ITC */
  Tensor *text_queue;
  Tensor *id_queue;       /* i32 Q: identities (retrieval); NULL otherwise */
  Tensor *queue_pointer;  /* i32, one: where the next features go, in the image and identity queues */
  Tensor *text_pointer;   /* the same for texts: AMC's code keeps two */

  Tensor *alpha;          /* f32 scalar: weight of the pseudo-targets */
  Tensor *lr;             /* f32 scalar */
  Tensor *step;           /* f32 scalar: AdamW's t, from 1 */
  Tensor *seed;           /* two u32 (i32 tensor): dropout of this step */
  float momentum;         /* 0.995 */
  AdamWSettings adamw;
} Learner;

/* Where the teacher's and the queues' values come from; missing ones are copies of the model's, or random unit
 * vectors. */
typedef struct
{
  ParameterSource source; /* the model's parameters by canonical name; twins with `_m` after the first part */
  bool teacher;           /* with momentum distillation */
  bool queues;            /* with ITC queues */
  bool identities;        /* with an identity queue */
} LearnerSource;

AlbefStatus learner_new (Backend *backend, const ModelConfig *config, const LearnerSource *source, Learner **learner,
                         AlbefError *error);
void learner_free (Learner *learner);

Parameter *learner_find (Learner *learner, const char *name); /* canonical; NULL: not there */

/* Teacher = momentum teacher + (1 - momentum) model, all pairs. */
void learner_follow (Learner *learner);

/* Adds the head of the patch-label stage, classes x width and classes; values in host memory. */
void learner_add_patches (Learner *learner, int64_t classes, const float *weight, const float *bias);

/* Clears gradients and lets them flow to every parameter that is not frozen. */
void learner_begin (Learner *learner);

/* One AdamW step with the gradients that are there; parameters without one are skipped entirely. `scale` (a device
 * scalar, may be NULL) multiplies the gradients (clipping, accumulation). */
void learner_update (Learner *learner, Tensor *scale);
/* The same for the parameter whose weight this is, and its gradient is let go; nothing for any other tensor. */
void learner_update_one (Learner *learner, Tensor *weight);

/* Sets a steering scalar. */
void learner_set (Tensor *scalar, float value);
