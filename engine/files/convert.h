/* SPDX-License-Identifier: MIT
 * convert.h: any readable checkpoint to one native file.
 *
 * A native file is safetensors: the model's parameters as F32 under canonical names in the order of use, then, if
 * wanted, momentum twins and queues (kept apart at the end, so that inference never touches their pages). Metadata:
 *
 *     format          "alidade-model-1"
 *     name, kind      "alidade-mini", "pretrain"
 *     config          JSON with every size and constant
 *     vocab           vocab.txt, byte for byte
 *     source_file, source_sha256   what it was converted from
 */
#pragma once

#include "sha256.h"
#include "weight-set.h"

/* Writes OUT beside, then renames: complete or untouched. Every value is read and must be finite. `options` may be
 * NULL; `progress` too. *report as weight_set_open. */
AlbefStatus checkpoint_convert (const char *in, const char *out, const WeightSetOptions *options, bool keep_training,
                                AlbefProgress progress, void *progress_data, AlbefReport **report, AlbefError *error);
