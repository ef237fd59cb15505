/* SPDX-License-Identifier: MIT */
#include "step-parts.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

Tensor *
part_floats (Scope *scope, int n_dims, const int64_t *shape, const float *values)
{
  return scope_own (scope, tensor_from_host (scope->backend, DTYPE_F32, n_dims, shape, values));
}

Tensor *
part_ints (Scope *scope, int n_dims, const int64_t *shape, const int32_t *values)
{
  return scope_own (scope, tensor_from_host (scope->backend, DTYPE_I32, n_dims, shape, values));
}

Tensor *
part_pick_ints (Scope *scope, Tensor *table, Tensor *index)
{
  Tensor *out = scope_own (scope, tensor_new (scope->backend, DTYPE_I32, 1, index->shape));

  BACKEND_RUN (scope->backend, KERNEL_GATHER_ROWS, gather_rows, .table = tensor_view (table), .index = tensor_view (index),
               .out = tensor_view (out), .rows = tensor_numel (index), .n = 1, .table_rows = tensor_numel (table));
  return out;
}

Tensor *
part_images (Scope *scope, const Model *model, int64_t n, const float *images)
{
  int64_t r = model->config.image_res;

  return part_floats (scope, 4, (int64_t[]) { n, 3, r, r }, images);
}

Tensor *
part_text (Scope *scope, const Bert *bert, Tensor *ids, Tensor *self_mask)
{
  BertOptions options = { .self_mask = self_mask };

  return bert_layers (scope, bert, bert_embed (scope, bert, ids, NULL), 0, bert->fusion_layer, &options);
}

ImageKeys *
part_keys (Scope *scope, const Bert *bert, Tensor *image_tokens)
{
  ImageKeys *keys = mem_new0 ((size_t) bert->n_layers, sizeof *keys);

  for (int l = bert->fusion_layer; l < bert->n_layers; l++)
    keys[l] = fusion_keys (scope, bert, l, image_tokens);
  return keys;
}

ImageKeys *
part_gather_keys (Scope *scope, const Bert *bert, const ImageKeys *keys, Tensor *index)
{
  ImageKeys *picked = mem_new0 ((size_t) bert->n_layers, sizeof *picked);

  for (int l = bert->fusion_layer; l < bert->n_layers; l++)
    picked[l] = (ImageKeys) { op_gather_blocks (scope, keys[l].key, index), op_gather_blocks (scope, keys[l].value, index) };
  return picked;
}

/* alpha softmax (teacher) + (1 - alpha) hard. */
static Tensor *
mixed_targets (Scope *scope, const Learner *learner, Tensor *teacher, Tensor *hard, Tensor *labels, int64_t rows,
               int64_t n)
{
  Tensor *out = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 2, (int64_t[]) { rows, n }));

  BACKEND_RUN (scope->backend, KERNEL_SOFT_TARGETS, soft_targets, .x = tensor_view (teacher),
               .alpha = teacher != NULL ? tensor_view (learner->alpha) : VIEW_NONE, .hard = tensor_view (hard),
               .label = tensor_view (labels), .out = tensor_view (out), .rows = rows, .n = n,
               .ldx = teacher != NULL ? teacher->ld : 0);
  return out;
}

Tensor *
part_classify (Scope *scope, const Learner *learner, Tensor *logits, Tensor *teacher, const int32_t *labels,
               const float *weights, Tensor **row_losses)
{
  int64_t rows = tensor_rows (logits), n = tensor_columns (logits);
  Tensor *targets = mixed_targets (scope, learner, teacher, NULL, part_ints (scope, 1, &rows, labels), rows, n);
  Tensor *weight = weights != NULL ? part_floats (scope, 1, &rows, weights) : NULL;
  Tensor *losses = op_cross_entropy (scope, logits, targets, weight);

  if (row_losses != NULL)
    *row_losses = losses;
  return op_sum (scope, losses, weights != NULL ? 1.0f : 1.0f / (float) rows);
}

/* ---------------------------------------------------------------------------------------------------
 * ITC
 */

/* The teacher's features of a batch, and the queues behind them. */
static void
teacher_features (Scope *scope, Learner *learner, Tensor *images, bool share_image, Tensor *ids, Tensor *self_mask,
                  StepTrace *trace)
{
  Model *twin = learner->twin;

  trace->image_embeds_m = share_image ? trace->image_embeds : vision_forward (scope, twin, images, NULL, NULL);
  trace->image_feat_m = project_cls (scope, &twin->vision_proj, trace->image_embeds_m);
  trace->text_feat_m = project_cls (scope, &twin->text_proj, part_text (scope, &twin->text, ids, self_mask));
  trace->image_feat_all = op_concat_rows (scope, trace->image_feat_m, learner->image_queue);
  trace->text_feat_all = op_concat_rows (scope, trace->text_feat_m, learner->text_queue);
}

/* What the similarities should be: the identity, or equal identities. `given`: the identities of the batch's rows, which
 * are those of its candidates too. */
static Tensor *
hard_targets (Scope *scope, Learner *learner, const Batch *batch, const int32_t *given, int64_t n, StepTrace *trace)
{
  int64_t b = batch->batch, shape[] = { b, n };
  Tensor *ids, *all;

  if (batch->identities == NULL)
    {
      float *eye = mem_new0 ((size_t) (b * n), sizeof *eye);
      Tensor *targets;

      for (int64_t i = 0; i < b; i++)
        eye[i * n + i] = 1;
      targets = part_floats (scope, 2, shape, eye);
      free (eye);
      return targets;
    }
  ids = part_ints (scope, 1, &b, given);
  all = op_concat_rows (scope, scope_own (scope, tensor_reshape (ids, 2, (int64_t[]) { b, 1 })),
                        scope_own (scope, tensor_reshape (learner->id_queue, 2, (int64_t[]) { n - b, 1 })));
  trace->sim_targets = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 2, shape));
  trace->pos_idx = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 2, shape));
  BACKEND_RUN (scope->backend, KERNEL_MATCH_TARGETS, match_targets, .id = tensor_view (ids), .all = tensor_view (all),
               .out = tensor_view (trace->sim_targets), .equal = tensor_view (trace->pos_idx), .rows = b, .n = n);
  return trace->sim_targets;
}

/* Rows whose picture and text are a pair; NULL: all are. The caller frees. */
static int32_t *
pair_rows (const Batch *batch, int64_t *count)
{
  int32_t *rows;

  *count = 0;
  for (int64_t i = 0; i < batch->batch; i++)
    *count += batch->pair == NULL || batch->pair[i] != 0;
  if (*count == batch->batch)
    return NULL;
  rows = mem_new0 ((size_t) batch->batch, sizeof *rows);
  for (int64_t i = 0, at = 0; i < batch->batch; i++)
    if (batch->pair[i] != 0)
      rows[at++] = (int32_t) i;
  return rows;
}

/* Identities of the batch's texts: one that belongs to no picture is nobody's. The caller frees. */
static int32_t *
text_identities (const Batch *batch)
{
  int32_t *ids = mem_new0 ((size_t) batch->batch, sizeof *ids);

  for (int64_t i = 0; i < batch->batch; i++)
    ids[i] = batch->pair[i] != 0 ? batch->identities[i] : INT32_MIN + (int32_t) i;
  return ids;
}

static void
enqueue (Learner *learner, Tensor *rows, Tensor *queue, Tensor *pointer, bool advance)
{
  BACKEND_RUN (learner->backend, KERNEL_ENQUEUE, enqueue, .in = tensor_view (rows), .queue = tensor_view (queue),
               .pointer = tensor_view (pointer), .rows = rows->shape[0],
               .n = tensor_numel (rows) / rows->shape[0], .size = queue->shape[0], .advance = advance);
}

static void
add_to_queues (Scope *scope, Learner *learner, const Batch *batch, const int32_t *rows, int64_t n, const StepTrace *trace)
{
  Tensor *images = trace->image_feat_m, *texts = trace->text_feat_m;
  Tensor *ids = batch->identities != NULL ? part_ints (scope, 1, &batch->batch, batch->identities) : NULL;

  if (n == 0)
    return;
  if (rows != NULL)
    {
      Tensor *index = part_ints (scope, 1, &n, rows);

      images = op_gather_rows (scope, images, index, -1);
      texts = op_gather_rows (scope, texts, index, -1);
      ids = ids != NULL ? part_pick_ints (scope, ids, index) : NULL;
    }
  if (ids != NULL)
    enqueue (learner, ids, learner->id_queue, learner->queue_pointer, false);
  enqueue (learner, images, learner->image_queue, learner->queue_pointer, true);
  enqueue (learner, texts, learner->text_queue, learner->text_pointer, true);
}

/* Features against candidates over the temperature; `mask` (host, may be NULL) is added. */
static Tensor *
similarity (Scope *scope, Tensor *features, Tensor *all, Tensor *temp, const float *mask)
{
  Tensor *sim = op_divide_by_scalar (scope, op_similarity (scope, features, all), temp);

  return mask != NULL ? op_add (scope, sim, part_floats (scope, 2, sim->shape, mask)) : sim;
}

/* Weights of the batch's pairs and then of the rest of `times` B rows, which all count, and their sum; NULL: all are
 * pairs, that is 1 each. The caller frees. */
static float *
pair_weights (const Batch *batch, int times, float *sum)
{
  int64_t b = batch->batch;
  float *weights;
  bool whole = true;

  *sum = (float) (times * b);
  for (int64_t i = 0; batch->pair != NULL && i < b; i++)
    whole = whole && batch->pair[i] == 1;
  if (whole)
    return NULL;
  weights = mem_new0 ((size_t) (times * b), sizeof *weights);
  *sum = 0;
  for (int64_t i = 0; i < times * b; i++)
    *sum += weights[i] = i < b ? batch->pair[i] : 1;
  *sum = *sum > 0 ? *sum : 1;
  return weights;
}

Tensor *
part_contrast (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings, Tensor *images,
               Tensor *ids, Tensor *self_mask, StepTrace *trace)
{
  Model *model = learner->model;
  int64_t b = batch->batch, n = b + learner->image_queue->shape[0];
  Tensor *hard_i2t, *hard_t2i, *losses_i2t, *losses_t2i;
  float *weights;
  Tensor *weight;
  float sum;
  int32_t *pairs;
  int64_t n_pairs;

  trace->image_embeds = vision_forward (scope, model, images, NULL, NULL);
  trace->image_feat = project_cls (scope, &model->vision_proj, trace->image_embeds);
  trace->text_embeds = part_text (scope, &model->text, ids, self_mask);
  trace->text_feat = project_cls (scope, &model->text_proj, trace->text_embeds);

  if (batch->itc_target_i2t != NULL)
    {
      hard_i2t = part_floats (scope, 2, (int64_t[]) { b, n }, batch->itc_target_i2t);
      hard_t2i = part_floats (scope, 2, (int64_t[]) { b, n }, batch->itc_target_t2i);
    }
  else
    hard_i2t = hard_t2i = hard_targets (scope, learner, batch, batch->identities, n, trace);
  pairs = pair_rows (batch, &n_pairs);
  if (pairs != NULL && batch->identities != NULL && batch->itc_target_i2t == NULL)
    {
      int32_t *own = text_identities (batch);

      hard_i2t = hard_targets (scope, learner, batch, own, n, trace);
      free (own);
    }
  WITHOUT_TAPE (scope, {
    learner_follow (learner);
    teacher_features (scope, learner, images, settings->share_image, ids, self_mask, trace);
    trace->sim_i2t_m = similarity (scope, trace->image_feat_m, trace->text_feat_all, model->temp, batch->itc_mask_i2t);
    trace->sim_t2i_m = similarity (scope, trace->text_feat_m, trace->image_feat_all, model->temp, batch->itc_mask_t2i);
    trace->sim_i2t_targets = settings->distill ? mixed_targets (scope, learner, trace->sim_i2t_m, hard_i2t, NULL, b, n) : hard_i2t;
    trace->sim_t2i_targets = settings->distill ? mixed_targets (scope, learner, trace->sim_t2i_m, hard_t2i, NULL, b, n) : hard_t2i;
  });
  trace->sim_i2t = similarity (scope, trace->image_feat, trace->text_feat_all, model->temp, batch->itc_mask_i2t);
  trace->sim_t2i = similarity (scope, trace->text_feat, trace->image_feat_all, model->temp, batch->itc_mask_t2i);
  weights = pair_weights (batch, 1, &sum);
  weight = weights != NULL ? part_floats (scope, 1, &b, weights) : NULL;
  free (weights);
  losses_i2t = op_cross_entropy (scope, trace->sim_i2t, trace->sim_i2t_targets, weight);
  losses_t2i = op_cross_entropy (scope, trace->sim_t2i, trace->sim_t2i_targets, weight);
  trace->loss_i2t = op_sum (scope, losses_i2t, 1.0f / sum);
  trace->loss_t2i = op_sum (scope, losses_t2i, 1.0f / sum);
  trace->loss_ita = op_scale (scope, op_add (scope, trace->loss_i2t, trace->loss_t2i), 0.5f);

  /* The similarities above were taken against the old queues. A place of the queues is picture and text of one pair. */
  WITHOUT_TAPE (scope, add_to_queues (scope, learner, batch, pairs, n_pairs, trace));
  free (pairs);
  return trace->loss_ita;
}

/* ---------------------------------------------------------------------------------------------------
 * ITM
 */

/* Probability of each other item as a negative: softmax of the batch's own columns, positives excluded. */
static Tensor *
negative_weights (Scope *scope, Tensor *sim, Tensor *identities, const float *keep, int64_t b)
{
  Tensor *weights = scope_own (scope, tensor_new (scope->backend, DTYPE_F32, 2, (int64_t[]) { b, b }));

  BACKEND_RUN (scope->backend, KERNEL_NEGATIVE_WEIGHTS, negative_weights, .x = tensor_view (sim),
               .id = tensor_view (identities),
               .keep = tensor_view (keep != NULL ? part_floats (scope, 2, (int64_t[]) { b, b }, keep) : NULL),
               .out = tensor_view (weights), .rows = b, .n = b, .ldx = sim->ld);
  return weights;
}

/* i32 of 2B: `offset` says where the drawn ones stand, the others count 0 .. B - 1. *drawn is a view of them. Behind them
 * stand `more` further numbers from B. */
static Tensor *
pair_index (Scope *scope, Tensor *weights, const float *u, const int32_t *given, int64_t b, int64_t offset, int64_t more,
            Tensor **drawn)
{
  int64_t n = 2 * b + more;
  int32_t *values = mem_new0 ((size_t) n, sizeof *values);
  Tensor *index;

  for (int64_t i = 0; i < b; i++)
    {
      values[(b - offset) + i] = (int32_t) i;
      values[offset + i] = given != NULL ? given[i] : 0;
    }
  for (int64_t i = 0; i < more; i++)
    values[2 * b + i] = (int32_t) (b + i);
  index = part_ints (scope, 1, &n, values);
  free (values);
  *drawn = scope_own (scope, tensor_row_block (index, offset, b));
  if (given == NULL)
    BACKEND_RUN (scope->backend, KERNEL_DRAW, draw, .weight = tensor_view (weights),
                 .u = tensor_view (part_floats (scope, 1, &b, u)), .index = tensor_view (*drawn), .rows = b, .n = b);
  return index;
}

/* Puts the foils behind the batch's texts and their indices in place of drawn negatives. */
static void
add_foils (Scope *scope, const Bert *bert, const Batch *batch, Tensor **text_index, Tensor **texts, Tensor **self_mask)
{
  int64_t b = batch->batch, f = batch->foils, t = batch->tokens, two = 2 * b;
  int64_t *mask = mem_new0 ((size_t) ((b + f) * t), sizeof *mask);
  int32_t *places = mem_new0 ((size_t) two, sizeof *places);
  Tensor *foil_mask;

  /* Where each of the 2B texts' indices stands in text_index: a foil's is behind the others. */
  for (int64_t i = 0; i < b; i++)
    {
      places[i] = (int32_t) i;
      places[b + i] = (int32_t) (batch->foil_row[i] >= 0 ? 2 * b + batch->foil_row[i] : b + i);
    }
  *text_index = part_pick_ints (scope, *text_index, part_ints (scope, 1, &two, places));

  foil_mask = mask_tensor (scope, batch->foil_mask, f, t, -10000.0f);
  *texts = op_concat_rows (scope, *texts, part_text (scope, bert, part_ints (scope, 2, (int64_t[]) { f, t }, batch->foil_ids), foil_mask));
  memcpy (mask, batch->mask, (size_t) (b * t) * sizeof *mask);
  memcpy (mask + b * t, batch->foil_mask, (size_t) (f * t) * sizeof *mask);
  *self_mask = mask_tensor (scope, mask, b + f, t, -10000.0f);
  free (mask);
  free (places);
}

Tensor *
part_match (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings, Tensor *self_mask,
            const ImageKeys *keys, AttentionTap *tap, StepTrace *trace)
{
  const Model *model = learner->model;
  const Bert *bert = &model->text;
  int64_t b = batch->batch;
  BertOptions positive = { .self_mask = self_mask, .keys = keys, .tap = tap, .cls_only_last = !settings->every_token };
  BertOptions negative = { .cls_only_last = !settings->every_token };
  int32_t *labels = mem_new0 ((size_t) (3 * b), sizeof *labels);
  Tensor *identities = batch->identities != NULL ? part_ints (scope, 1, &b, batch->identities) : NULL;
  Tensor *image_index, *text_index, *texts, *cls_pos, *cls_neg;
  ImageKeys *negative_keys;
  float *weights, sum;
  int mark;

  trace->output_pos = bert_layers (scope, bert, trace->text_embeds, bert->fusion_layer, bert->n_layers, &positive);
  trace->weights_i2t = negative_weights (scope, trace->sim_i2t, identities, batch->itm_keep_i2t, b);
  trace->weights_t2i = negative_weights (scope, trace->sim_t2i, identities, batch->itm_keep_t2i, b);
  /* Pairs: [text i with a negative image; negative text with image i]. */
  image_index = pair_index (scope, trace->weights_t2i, batch->draw_image, batch->negative_images, b, 0, 0,
                            &trace->negative_images);
  text_index = pair_index (scope, trace->weights_i2t, batch->draw_text, batch->negative_texts, b, b, batch->foils,
                           &trace->negative_texts);
  texts = trace->text_embeds;
  if (batch->foils > 0)
    add_foils (scope, bert, batch, &text_index, &texts, &self_mask);
  mark = scope->n_owned;
  texts = op_gather_blocks (scope, texts, text_index);
  negative.self_mask = self_mask != NULL ? op_gather_blocks (scope, self_mask, text_index) : NULL;
  negative.keys = negative_keys = part_gather_keys (scope, bert, keys, image_index);
  trace->output_neg = bert_layers (scope, bert, texts, bert->fusion_layer, bert->n_layers, &negative);
  free (negative_keys);
  /* Two pictures' keys and values per pair and layer: only the tape holds them now, until their gradients are taken. */
  scope_collect (scope, mark, trace->output_neg);

  cls_pos = scope_own (scope, tensor_token (trace->output_pos, 0));
  cls_neg = scope_own (scope, tensor_token (trace->output_neg, 0));
  trace->vl_embeddings = op_concat_rows (scope, cls_pos, cls_neg);
  trace->vl_output = op_linear (scope, trace->vl_embeddings, model->itm_head.weight, model->itm_head.bias,
                                EPILOGUE_NONE, NULL);
  for (int64_t i = 0; i < b; i++)
    labels[i] = 1;
  weights = pair_weights (batch, 3, &sum);
  for (int64_t i = 0; weights != NULL && i < 3 * b; i++)
    weights[i] /= sum;
  trace->loss_itm = part_classify (scope, learner, trace->vl_output, NULL, labels, weights, NULL);
  free (weights);
  free (labels);
  return trace->loss_itm;
}

/* ---------------------------------------------------------------------------------------------------
 * MLM
 */

/* Fusion output of masked ids over given keys. */
static Tensor *
masked_hidden (Scope *scope, const Model *model, Tensor *ids, Tensor *self_mask, const ImageKeys *keys)
{
  BertOptions options = { .self_mask = self_mask, .keys = keys };

  return bert_layers (scope, &model->text, bert_embed (scope, &model->text, ids, NULL), 0, model->text.n_layers,
                      &options);
}

Tensor *
part_mlm (Scope *scope, Learner *learner, const Batch *batch, const StepSettings *settings, Tensor *self_mask,
          const ImageKeys *keys, const ImageKeys *teacher_keys, StepTrace *trace)
{
  int64_t b = batch->batch, t = batch->tokens, n = b * t, found = 0, c = learner->model->config.hidden_size;
  int32_t *rows = mem_new0 ((size_t) n, sizeof *rows), *labels = mem_new0 ((size_t) n, sizeof *labels);
  float *weights = mem_new0 ((size_t) n, sizeof *weights);
  Tensor *ids = part_ints (scope, 2, (int64_t[]) { b, t }, batch->masked_ids);
  Tensor *hidden, *hidden_m = NULL, *index;

  /* Only the rows of masked words reach the vocabulary; for a trace, all of them, the others with weight 0. */
  for (int64_t i = 0; i < n; i++)
    found += batch->mlm_labels[i] >= 0;
  for (int64_t i = 0, at = 0; i < n; i++)
    if (settings->every_token || batch->mlm_labels[i] >= 0)
      {
        rows[at] = (int32_t) i;
        labels[at] = batch->mlm_labels[i];
        weights[at] = batch->mlm_labels[i] >= 0 ? 1.0f / (float) found : 0;
        at++;
      }
  n = settings->every_token ? n : found;
  if (found == 0 && !settings->every_token)
    trace->loss_mlm = scope_own (scope, tensor_zeros (scope->backend, 0, NULL));
  else
    {
      hidden = masked_hidden (scope, learner->model, ids, self_mask, keys);
      index = part_ints (scope, 1, &n, rows);
      hidden = op_gather_rows (scope, scope_own (scope, tensor_reshape (hidden, 2, (int64_t[]) { b * t, c })), index, -1);
      trace->mlm_logits = mlm_logits (scope, &learner->model->mlm, &learner->model->text, hidden);
      if (settings->distill && !settings->mlm_hard)
        WITHOUT_TAPE (scope, {
          hidden_m = masked_hidden (scope, learner->twin, ids, self_mask, teacher_keys);
          hidden_m = op_gather_rows (scope, scope_own (scope, tensor_reshape (hidden_m, 2, (int64_t[]) { b * t, c })), index, -1);
          trace->logits_m = mlm_logits (scope, &learner->twin->mlm, &learner->twin->text, hidden_m);
        });
      trace->loss_mlm = part_classify (scope, learner, trace->mlm_logits, trace->logits_m, labels, weights, NULL);
    }
  free (rows);
  free (labels);
  free (weights);
  return trace->loss_mlm;
}
