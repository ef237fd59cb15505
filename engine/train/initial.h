/* SPDX-License-Identifier: MIT
 * initial.h: the values that a training run starts from: a model file under the official starts of each task, and new
 * weights for what it does not hold.
 *
 * - VQA: decoder layer k is layer k + fusion_layer of the text encoder, its embeddings and MLM head alike; the twins from
 *   the file's twins.
 * - NLVR2 and its pre-training, from any other kind: fusion layer l of the file becomes two, at places 2 l and 2 l + 1;
 *   twins are copies of the model (the file's are not used).
 * - A new model may take its encoders from two files (encoder-files.h), as official pre-training does.
 * - Else each parameter under its own name, twins and queues too where their sizes agree.
 * - New weights as in the official code: BERT normal 0.02, ViT truncated normal 0.02 and PyTorch's default for the patch
 *   convolution, projections and heads uniform in +-1 / sqrt (fan-in), biases 0 elsewhere, LayerNorm 1 and 0. */
#pragma once

#include "encoder-files.h"
#include "model.h"
#include "weight-set.h"

typedef struct Initial Initial;

/* `set`: the file, opened with allow_incomplete and the run's resolution; borrowed; NULL: everything is new but
 * what `files` (borrowed too; NULL: none) hold. `config`: the model to be trained; copied. */
Initial *initial_new (const WeightSet *set, const EncoderFiles *files, const ModelConfig *config, uint64_t seed);
void initial_free (Initial *initial); /* accepts NULL */

/* For learner_new. */
ParameterSource initial_source (Initial *initial);

/* One line for each parameter of the model: "NAME", "NAME <- OTHER" (as the file calls what was taken) or "NAME new";
 * twins and queues of the file that are used likewise. Owned by the initial. */
const char *initial_lines (const Initial *initial);
/* How many were taken under their own name, under another, and made anew (twins and queues not counted). */
void initial_counts (const Initial *initial, int *same, int *moved, int *fresh);

/* Configuration of a model of `kind` that starts from one of `from`. */
ModelConfig initial_config (const ModelConfig *from, ModelKind kind);
