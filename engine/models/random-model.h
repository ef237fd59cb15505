/* SPDX-License-Identifier: MIT
 * random-model.h: a model of any configuration with random weights, for benchmarks and tests. Weights are
 * those of initialisation: matrices and embeddings normal with deviation 0.02, biases 0, LayerNorm 1 and 0. */
#pragma once

#include "model.h"

AlbefStatus random_model_new (Backend *backend, const ModelConfig *config, uint64_t seed, Model **model,
                              AlbefError *error);
