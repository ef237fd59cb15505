/* SPDX-License-Identifier: MIT
 * weight-set.h: a model file opened for use: its configuration, its vocabulary, and each parameter of the model
 * found in it under whatever name it has there.
 *
 * Configuration, the first that states a value wins: metadata of a native file; the config.json given or lying
 * beside; the `config` entry of a .pth; shapes of the weights; the paper's constants (reported as assumed).
 * Vocabulary: metadata, the file given, vocab.txt beside.
 */
#pragma once

#include "config.h"
#include "key-map.h"
#include "report.h"
#include "weights.h"

typedef struct
{
  const char *vocab;        /* path or NULL */
  const char *config;       /* path or NULL */
  const char *config_entry; /* which of several configurations in that file; NULL: the one that fits */
  int image_resolution;     /* 0: the model's own */
  bool allow_incomplete;    /* missing weights are zeros; wrong shapes are refused all the same */
  bool without_vocab;       /* do not ask for a vocabulary (tests, conformance) */
} WeightSetOptions;

typedef struct WeightSet WeightSet;

/* Opens PATH and matches it. `options` may be NULL. *report (if wanted) is set whenever the file could be read at all,
 * also on failure, and is the caller's to free with albef_report_free. Fails with ALBEF_ERROR_MISMATCH if weights are
 * missing (unless allowed), have wrong shapes, or the vocabulary has another size. */
AlbefStatus weight_set_open (const char *path, const WeightSetOptions *options, WeightSet **set, AlbefReport **report,
                             AlbefError *error);
void weight_set_free (WeightSet *set); /* accepts NULL; mapped data goes with it */

const ModelConfig *weight_set_config (const WeightSet *set);
const char *weight_set_name (const WeightSet *set); /* the model's name, e.g. "alidade-mini" */
/* The bytes of vocab.txt; NULL with without_vocab if there is none. */
const char *weight_set_vocab (const WeightSet *set, size_t *length);
AlbefReport *weight_set_report (const WeightSet *set); /* borrowed */
const WeightSource *weight_set_source (const WeightSet *set);
const ParameterSpec *weight_set_specs (const WeightSet *set, int *n);

/* Source entry of a canonical parameter, that of its alias if only that is there; -1: not in the file. */
int weight_set_find (const WeightSet *set, const char *canonical);

/* --- in the form of ParameterSource (model.h), user_data being the WeightSet -------------------------- */

/* The values of a parameter, checked to be finite: *mapped points into the file where they lie ready (valid until the
 * set is freed), else *copied is new memory of the caller's (free). The shape must be the one given; the position table
 * is interpolated to it. A missing parameter that was allowed is zeros. Errors name the parameter and both shapes. */
AlbefStatus weight_set_get (void *set, const char *canonical, int n_dims, const int64_t *shape, const float **mapped,
                            float **copied, AlbefError *error);
bool weight_set_has (void *set, const char *canonical);

/* The mapped pages of this parameter are not needed any more (the values were packed or copied). */
void weight_set_give_back (const WeightSet *set, const char *canonical);
