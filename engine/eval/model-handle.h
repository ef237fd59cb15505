/* SPDX-License-Identifier: MIT
 * model-handle.h: model handles for evaluation that no file was opened for: a training run's model, and the momentum
 * teacher of a checkpoint. */
#pragma once

#include "albef.h"
#include "model.h"
#include "vocab.h"

/* A handle with an engine of its own around a model and a vocabulary, both borrowed; nothing is remembered from an
 * earlier handle, so that a model in training may change between two. `backend` is borrowed too. */
AlbefModel *model_handle_new (Backend *backend, Model *model, Vocab *vocab, const char *name);
void model_handle_free (AlbefModel *handle); /* accepts NULL; leaves the model alone */

/* The momentum teacher in the file of `own`; heads that have no twin are the model's own. Freed with model_twin_free,
 * before `own`. ALBEF_ERROR_MISMATCH if the file holds no teacher. */
AlbefStatus model_twin_open (AlbefModel *own, AlbefModel **twin, AlbefError *error);
void model_twin_free (AlbefModel *twin); /* accepts NULL */
