/* SPDX-License-Identifier: MIT
 * cases.h: one function per case of a reference folder. A case reads its inputs, computes everything else
 * with the engine and adds it to `out` under the names of the case file. */
#pragma once

#include "case-preprocess.h"
#include "case-text.h"
#include "model.h"
#include "tensor-file.h"
#include "vocab.h"
#include "weight-set.h"

enum
{
  CASE_MAX_MODELS = 32
};

typedef struct
{
  const char *dir;      /* the reference folder */
  const char *backend;  /* "cpu", "reference", "fenced" */
  Backend *device;      /* opened by the runner */
  TensorFile *in;       /* the case's own file */
  TensorWriter *out;
  AlbefError error;
  Model *models[CASE_MAX_MODELS]; /* loaded by case_model; closed by case_close */
  WeightSet *sets[CASE_MAX_MODELS];
  int n_models;
} Case;

/* Each returns false with case->error filled when it could not run. */
bool case_vit (Case *c);
bool case_text_encoder (Case *c);
bool case_retrieval_eval (Case *c);
bool case_grounding (Case *c);
bool case_visualization (Case *c);
bool case_pos_embed (Case *c);
bool case_checkpoints (Case *c);
bool case_pretrain (Case *c);
bool case_pretrain_variations (Case *c);
bool case_pretrain_trajectory (Case *c);
bool case_retrieval (Case *c);
bool case_ve (Case *c);
bool case_nlvr (Case *c);
bool case_pretrain_nlvr (Case *c);
bool case_vqa (Case *c);
bool case_amc (Case *c);

/* Writes its files into out_dir; 0 done, else `message` says why not. Text and preprocess have headers of their own. */
int case_schedule (const char *dir, const char *out_dir, char *message, size_t n);

/* ---------------------------------------------------------------------------------------------------
 * What cases share (case-common.c)
 */

/* The model of DIR/weights_NAME.safetensors at entry `size` of DIR/config.json. NULL with case->error. */
Model *case_model (Case *c, const char *weights, const char *size);
/* The same at another resolution, its positions interpolated from a table [1, 1 + grid^2, width]. */
Model *case_model_at (Case *c, const char *weights, const char *size, int image_res, const TensorFileEntry *positions);
/* The model of a checkpoint file. */
Model *case_checkpoint (Case *c, const char *path, const char *size);
/* Learning rate stored in the file of the model loaded last; false if it holds none. */
bool case_checkpoint_lr (const Case *c, float *lr);
void case_close (Case *c);

/* Inputs of the case file. NULL with case->error when missing. */
const TensorFileEntry *case_input (Case *c, const char *name, TensorFileType type);
/* An input as a tensor of the scope: F32 as it is, I64 as i32. */
Tensor *case_tensor (Case *c, Scope *scope, const char *name);
int64_t case_scalar (Case *c, const char *name, int64_t otherwise);

/* Downloads a tensor into the dump under `name`. */
void case_dump (Case *c, const char *name, Tensor *tensor);
void case_dump_host (Case *c, const char *name, int n_dims, const int64_t *shape, const float *values);
