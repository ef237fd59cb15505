/* SPDX-License-Identifier: MIT */
#include "attention-maps.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

/* Runs the tape from `score` with `seed` and hands the tap's tensors to the scope. */
static bool
finish (Scope *scope, AttentionTap *tap, Tensor *score, Tensor *seed, AttentionMaps *maps)
{
  bool done = true;

  maps->attention = scope_own (scope, tensor_ref (tap->map));
  if (score->needs_grad)
    done = tape_backward (scope, score, seed);
  if (done)
    maps->gradient = scope_own (scope, tensor_ref (tensor_grad (tap->map)));
  tap_clear (tap);
  return done;
}

bool
itm_attention (Scope *scope, const Model *model, Tensor *text, Tensor *self_mask, const ImageKeys *keys,
               int bert_layer, AttentionMaps *maps)
{
  const Bert *bert = &model->text;
  int64_t batch = text->shape[0];
  AttentionTap tap = { bert_layer, true, NULL };
  BertOptions options = { .self_mask = self_mask, .keys = keys };
  Tape *outer = scope->tape;
  Tensor *hidden;
  bool done;

  *maps = (AttentionMaps) { 0 };
  options.tap = bert_layer >= 0 ? &tap : NULL;
  /* The score reads [CLS] alone; a tap on the last layer still wants the map of every token. */
  options.cls_only_last = bert_layer != bert->n_layers - 1;
  scope->tape = bert_layer >= 0 ? tape_new () : NULL;
  hidden = bert_layers (scope, bert, text, bert->fusion_layer, bert->n_layers, &options);
  done = hidden != NULL;
  if (done)
    {
      maps->logits = head_cls (scope, &model->itm_head, hidden);
      if (bert_layer >= 0)
        {
          float *ones = mem_new0 ((size_t) batch * 2, sizeof *ones);
          Tensor *seed;

          for (int64_t b = 0; b < batch; b++)
            ones[2 * b + 1] = 1;
          seed = scope_own (scope, tensor_from_host (scope->backend, DTYPE_F32, 2, (int64_t[]) { batch, 2 }, ones));
          free (ones);
          done = finish (scope, &tap, maps->logits, seed, maps);
        }
    }
  tap_clear (&tap);
  tape_free (scope->tape);
  scope->tape = outer;
  return done;
}

bool
itc_attention (Scope *scope, const Model *model, Tensor *images, Tensor *text_features, int block,
               AttentionMaps *maps)
{
  int64_t batch = images->shape[0];
  AttentionTap tap = { block, true, NULL };
  Tape *outer = scope->tape;
  Tensor *tokens;
  bool done;

  *maps = (AttentionMaps) { 0 };
  scope->tape = tape_new ();
  tokens = vision_forward (scope, model, images, &tap, NULL);
  done = tokens != NULL;
  if (done)
    {
      float *eye = mem_new0 ((size_t) (batch * batch), sizeof *eye);
      Tensor *features = project_cls (scope, &model->vision_proj, tokens), *seed;

      maps->logits = op_divide_by_scalar (scope, op_similarity (scope, features, text_features), model->temp);
      for (int64_t b = 0; b < batch; b++)
        eye[b * batch + b] = 1;
      seed = scope_own (scope, tensor_from_host (scope->backend, DTYPE_F32, 2, (int64_t[]) { batch, batch }, eye));
      free (eye);
      done = finish (scope, &tap, maps->logits, seed, maps);
    }
  tap_clear (&tap);
  tape_free (scope->tape);
  scope->tape = outer;
  return done;
}
