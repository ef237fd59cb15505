/* SPDX-License-Identifier: MIT
 * encoder-files.h: the two files from which official pre-training starts: an image encoder of its own (DeiT-B/16: keys
 * "blocks.0.attn.qkv.weight", under "model" or not) and a BERT (bert-base-uncased: "bert.encoder.layer.0...", "cls.
 * predictions...", LayerNorms as gamma and beta or as weight and bias, with "bert." or without).
 *
 * A parameter "visual_encoder.NAME" is NAME of the image file, its position table interpolated; "text_encoder.NAME" is
 * NAME of the text file. Classifiers, pooler, distillation token and next-sentence head are of no use here. */
#pragma once

#include "key-map.h"

typedef struct
{
  WeightSource *image, *text; /* NULL: none */
} EncoderFiles;

/* Either path may be NULL. A file that holds no weights of its kind is refused. */
AlbefStatus encoder_files_open (const char *image, const char *text, EncoderFiles *files, AlbefError *error);
void encoder_files_close (EncoderFiles *files);

/* Where a canonical parameter comes from; false: neither file has it. */
bool encoder_files_find (const EncoderFiles *files, const char *canonical, const WeightSource **source, int *index);

/* Its values, the caller's to free; ALBEF_ERROR_MISMATCH names both shapes where they differ. */
AlbefStatus encoder_files_read (const EncoderFiles *files, const char *canonical, int n_dims, const int64_t *shape,
                                float **values, AlbefError *error);
