/* SPDX-License-Identifier: MIT
 * model-export.h: any readable checkpoint as a .pth of the official code.
 *
 * The file is what torch.load gives back as {'model': OrderedDict, 'config': dict}: under 'model' every key that the
 * official class of the model's kind has, so that load_state_dict (strict=True) is satisfied, names as that class has
 * them; tied keys share one storage. 'config' is the model's configuration, read back by albef. */
#pragma once

#include "weight-set.h"

typedef struct
{
  bool half;             /* floats as float16 */
  bool without_training; /* no momentum twins and queues */
} ExportOptions;

typedef struct
{
  int keys;         /* written under 'model' */
  int twins_made;   /* momentum twins that the file had not: the model's own values, stored once */
  bool queues_made; /* queues that the file had not: random unit columns, as the official start */
} ExportCounts;

/* Writes OUT beside, then renames: complete or untouched; the same file gives the same bytes. `options` and `counts`
 * may be NULL, `progress` too. ALBEF_ERROR_FORMAT if a value does not fit float16 (with half). */
AlbefStatus checkpoint_export (const WeightSet *set, const char *out, const ExportOptions *options,
                               AlbefProgress progress, void *progress_data, ExportCounts *counts, AlbefError *error);
