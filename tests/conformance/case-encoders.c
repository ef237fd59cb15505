/* SPDX-License-Identifier: MIT
 * vit, pos_embed, text_encoder, checkpoints: forward passes with every intermediate value. */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

/* Collects what an observer sees, to be dumped after the step. */
typedef struct
{
  Tensor *tensors[128];
  char names[128][96];
  int n;
  const char *prefix;
  int layers; /* observed layers are named up to here */
  Case *c;
} Seen;

static void
seen_add (Seen *seen, Tensor *tensor, const char *name)
{
  if (seen->n == 128)
    tensor_abort ("conformance", "more than 128 observed tensors");
  snprintf (seen->names[seen->n], sizeof seen->names[0], "%s", name);
  seen->tensors[seen->n++] = tensor_ref (tensor);
}

static void
seen_dump (Seen *seen)
{
  for (int i = 0; i < seen->n; i++)
    {
      case_dump (seen->c, seen->names[i], seen->tensors[i]);
      tensor_unref (seen->tensors[i]);
    }
  seen->n = 0;
}

static void
see_vision (void *user_data, ObservePoint point, int layer, Tensor *value)
{
  Seen *seen = user_data;
  char name[96];

  if (point == OBSERVE_PATCHES)
    seen_add (seen, value, "patch_embed");
  else if (point == OBSERVE_VISION_BLOCK)
    {
      snprintf (name, sizeof name, "block%d", layer);
      seen_add (seen, value, name);
    }
  else if (point == OBSERVE_VISION_ATTENTION && layer == seen->layers - 1)
    seen_add (seen, value, "attn_last_block");
}

bool
case_vit (Case *c)
{
  Model *model = case_model (c, "pretrain", "tiny");
  Seen seen = { .c = c };
  Observer observer = { true, see_vision, &seen };
  Scope scope;
  Tensor *images, *last;

  if (model == NULL)
    return false;
  seen.layers = model->vision.depth;
  scope_init (&scope, c->device);
  images = case_tensor (c, &scope, "image");
  if (images != NULL)
    {
      backend_step_begin (c->device);
      last = vision_forward (&scope, model, images, NULL, &observer);
      backend_step_end (c->device);
      seen_dump (&seen);
      case_dump (c, "last_hidden_state", last);
    }
  scope_clear (&scope);
  return images != NULL;
}

bool
case_pos_embed (Case *c)
{
  const TensorFileEntry *positions = case_input (c, "pos_embed_in", TENSOR_F32);

  if (positions == NULL)
    return false;
  for (int i = 0; i < tensor_file_count (c->in); i++)
    {
      const char *name = tensor_file_entry (c->in, i)->name;
      char key[96];
      int resolution;
      Model *model;
      Scope scope;
      Tensor *images;

      if (sscanf (name, "image_%d", &resolution) != 1)
        continue;
      model = case_model_at (c, "pretrain", "tiny", resolution, positions);
      if (model == NULL)
        return false;
      snprintf (key, sizeof key, "pos_embed_%d", resolution);
      case_dump (c, key, model->vision.pos_embed);
      scope_init (&scope, c->device);
      images = case_tensor (c, &scope, name);
      if (images == NULL)
        return false;
      snprintf (key, sizeof key, "last_hidden_state_%d", resolution);
      case_dump (c, key, vision_forward (&scope, model, images, NULL, NULL));
      scope_clear (&scope);
    }
  return true;
}

static void
see_text (void *user_data, ObservePoint point, int layer, Tensor *value)
{
  Seen *seen = user_data;
  bool fusion = strcmp (seen->prefix, "fusion") == 0;
  char name[96] = "";

  if (point == OBSERVE_EMBEDDINGS)
    snprintf (name, sizeof name, "%s.embeddings", seen->prefix);
  else if (point == OBSERVE_BERT_LAYER && fusion)
    snprintf (name, sizeof name, "fusion.hidden%d", layer - seen->layers + 1);
  else if (point == OBSERVE_BERT_LAYER)
    snprintf (name, sizeof name, "%s.layer%d", seen->prefix, layer);
  else if (point == OBSERVE_SELF_ATTENTION)
    snprintf (name, sizeof name, "%s.self_attn%d", seen->prefix, fusion ? layer - seen->layers : layer);
  else if (point == OBSERVE_CROSS_ATTENTION)
    snprintf (name, sizeof name, "%s.cross_attn_layer%d", seen->prefix, layer);
  if (name[0] != 0)
    seen_add (seen, value, name);
}

bool
case_text_encoder (Case *c)
{
  Model *model = case_model (c, "pretrain", "tiny");
  const TensorFileEntry *mask = case_input (c, "attention_mask", TENSOR_I64);
  Seen seen = { .c = c, .prefix = "text" };
  Observer observer = { true, see_text, &seen };
  BertOptions text_mode = { .observer = &observer }, fusion_mode = { .observer = &observer };
  ImageKeys keys[64] = { 0 };
  Scope scope;
  Tensor *ids, *image, *text, *fused, *all, *mlm, *itm, *image_feat, *text_feat;
  int fusion, n;

  if (model == NULL || mask == NULL)
    return false;
  scope_init (&scope, c->device);
  ids = case_tensor (c, &scope, "input_ids");
  image = case_tensor (c, &scope, "image_embeds");
  if (ids == NULL || image == NULL)
    return false;
  fusion = model->text.fusion_layer;
  n = model->text.n_layers;
  seen.layers = fusion;
  text_mode.self_mask = fusion_mode.self_mask
      = mask_tensor (&scope, mask->data, mask->shape[0], mask->shape[1], -10000.0f);

  backend_step_begin (c->device);
  text = bert_embed (&scope, &model->text, ids, &observer);
  text = bert_layers (&scope, &model->text, text, 0, fusion, &text_mode);
  seen.prefix = "fusion";
  for (int l = fusion; l < n && l < 64; l++)
    keys[l] = fusion_keys (&scope, &model->text, l, image);
  fusion_mode.keys = keys;
  fused = bert_layers (&scope, &model->text, text, fusion, n, &fusion_mode);
  all = multimodal_forward (&scope, model, ids, text_mode.self_mask, image, NULL);
  mlm = mlm_logits (&scope, &model->mlm, &model->text, all);
  itm = head_cls (&scope, &model->itm_head, all);
  image_feat = project_cls (&scope, &model->vision_proj, image);
  text_feat = project_cls (&scope, &model->text_proj, text);
  backend_step_end (c->device);

  seen_dump (&seen);
  case_dump (c, "text.last_hidden_state", text);
  case_dump (c, "fusion.hidden0", text);
  case_dump (c, "fusion.last_hidden_state", fused);
  case_dump (c, "multi_modal.last_hidden_state", all);
  case_dump (c, "mlm.logits", mlm);
  case_dump (c, "itm.logits", itm);
  case_dump (c, "image_feat", image_feat);
  case_dump (c, "text_feat", text_feat);
  scope_clear (&scope);
  return true;
}

bool
case_checkpoints (Case *c)
{
  static const char *const names[] = { "pretrain", "retrieval", "ve", "vqa", "nlvr" };
  const TensorFileEntry *mask = case_input (c, "attention_mask", TENSOR_I64);

  if (mask == NULL)
    return false;
  for (int i = 0; i < 5; i++)
    {
      char path[4200], key[96];
      Model *model;
      Scope scope;
      Tensor *images, *ids, *self_mask, *tokens, *vit, *first;
      int64_t half;
      float rate;

      snprintf (path, sizeof path, "%s/checkpoints/%s.pth", c->dir, names[i]);
      model = case_checkpoint (c, path, "micro");
      if (model == NULL)
        return false;
      snprintf (key, sizeof key, "%s.lr", names[i]);
      if (case_checkpoint_lr (c, &rate))
        case_dump_host (c, key, 0, NULL, &rate);
      scope_init (&scope, c->device);
      images = case_tensor (c, &scope, "image");
      ids = case_tensor (c, &scope, "input_ids");
      if (images == NULL || ids == NULL)
        return false;
      self_mask = mask_tensor (&scope, mask->data, mask->shape[0], mask->shape[1], -10000.0f);
      half = images->shape[0] / 2;
      first = scope_own (&scope, tensor_row_block (images, 0, half));
      vit = vision_forward (&scope, model, first, NULL, NULL);
      snprintf (key, sizeof key, "%s.vit", names[i]);
      case_dump (c, key, vit);
      if (strcmp (names[i], "nlvr") == 0)
        {
          Tensor *second = scope_own (&scope, tensor_row_block (images, half, half));

          tokens = vision_forward (&scope, model, second, NULL, NULL);
          case_dump (c, "nlvr.logits",
                     head_two_layers (&scope, model->cls_head,
                                      multimodal_forward (&scope, model, ids, self_mask, vit, tokens)));
        }
      else
        {
          Tensor *hidden = multimodal_forward (&scope, model, ids, self_mask, vit, NULL);

          if (strcmp (names[i], "ve") == 0)
            case_dump (c, "ve.logits", head_two_layers (&scope, model->cls_head, hidden));
          else
            {
              snprintf (key, sizeof key, "%s.multimodal", names[i]);
              case_dump (c, key, hidden);
            }
          if (model->itm_head.weight != NULL)
            {
              snprintf (key, sizeof key, "%s.itm_logits", names[i]);
              case_dump (c, key, head_cls (&scope, &model->itm_head, hidden));
            }
        }
      scope_clear (&scope);
    }
  return true;
}
