/* SPDX-License-Identifier: MIT
 * The training cases: the steps of engine/train run on the inputs of a case file, their losses, gradients and updates
 * dumped under the official parameter names. */
#include "cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "key-map.h"
#include "steps.h"
#include "vqa.h"

typedef struct
{
  Case *c;
  Learner *learner;
  WeightSet *set;
  Scope scope;
  Batch batch;
  StepSettings settings;
  StepTrace trace;
  void *owned[64]; /* host arrays of the batch */
  int n_owned;
} Training;

/* ---------------------------------------------------------------------------------------------------
 * Opening and inputs
 */

static bool
training_open (Training *t, Case *c, const char *weights, const char *size, bool queues, bool identities)
{
  char path[4200], config[4200];
  WeightSetOptions options = { .config = config, .config_entry = size, .without_vocab = true };
  LearnerSource source = { .teacher = true, .queues = queues, .identities = identities };

  *t = (Training) { .c = c };
  snprintf (path, sizeof path, "%s/weights_%s.safetensors", c->dir, weights);
  snprintf (config, sizeof config, "%s/config.json", c->dir);
  if (weight_set_open (path, &options, &t->set, NULL, &c->error) != ALBEF_OK)
    return false;
  source.source = (ParameterSource) { .get = weight_set_get, .has = weight_set_has, .user_data = t->set };
  source.teacher = weight_set_has (t->set, "visual_encoder_m.cls_token");
  if (learner_new (c->device, weight_set_config (t->set), &source, &t->learner, &c->error) != ALBEF_OK)
    return false;
  scope_init (&t->scope, c->device);
  t->scope.tape = tape_new ();
  t->settings.every_token = true;
  t->settings.distill = true;
  return true;
}

static void
training_close (Training *t)
{
  tape_free (t->scope.tape);
  scope_clear (&t->scope);
  learner_free (t->learner);
  weight_set_free (t->set);
  for (int i = 0; i < t->n_owned; i++)
    free (t->owned[i]);
}

static void *
keep (Training *t, void *block)
{
  if (t->n_owned == 64)
    tensor_abort ("conformance", "too many inputs");
  return t->owned[t->n_owned++] = block;
}

static const TensorFileEntry *
input_of (Training *t, TensorFile *file, const char *prefix, const char *name, TensorFileType type)
{
  char full[128];
  const TensorFileEntry *entry;

  snprintf (full, sizeof full, "%s%s", prefix, name);
  entry = tensor_file_find (file, full);
  if (entry == NULL || entry->type != type)
    {
      error_set (&t->c->error, ALBEF_ERROR_FORMAT, "input '%s' is missing or has another type", full);
      return NULL;
    }
  return entry;
}

/* An I64 input as i32; NULL with an error. */
static int32_t *
ints_of (Training *t, TensorFile *file, const char *prefix, const char *name)
{
  const TensorFileEntry *entry = input_of (t, file, prefix, name, TENSOR_I64);
  int32_t *values;

  if (entry == NULL)
    return NULL;
  values = mem_new0 ((size_t) entry->n_elements + 1, sizeof *values);
  for (int64_t i = 0; i < entry->n_elements; i++)
    values[i] = (int32_t) ((const int64_t *) entry->data)[i];
  return keep (t, values);
}

static float
float_of (TensorFile *file, const char *name)
{
  const TensorFileEntry *entry = tensor_file_find (file, name);

  return entry != NULL && entry->type == TENSOR_F32 ? *(const float *) entry->data : NAN;
}

/* Images, ids, mask of the batch from `file`; text from `text_file` under a prefix. */
static bool
read_pairs (Training *t, TensorFile *images, const char *image_name, TensorFile *text, const char *prefix)
{
  const TensorFileEntry *image = input_of (t, images, "", image_name, TENSOR_F32);
  const TensorFileEntry *mask = input_of (t, text, prefix, "attention_mask", TENSOR_I64);

  t->batch.ids = ints_of (t, text, prefix, "input_ids");
  if (image == NULL || mask == NULL || t->batch.ids == NULL)
    return false;
  t->batch.images = image->data;
  t->batch.mask = mask->data;
  t->batch.batch = mask->shape[0];
  t->batch.tokens = mask->shape[1];
  return true;
}

/* Ids of [PAD], [CLS], [MASK] from the folder's vocabulary. */
static bool
special_ids (Training *t, int32_t *pad, int32_t *cls, int32_t *mask)
{
  char path[4200];
  Vocab *vocab = NULL;

  snprintf (path, sizeof path, "%s/vocab.txt", t->c->dir);
  if (vocab_open (path, &vocab, &t->c->error) != ALBEF_OK)
    return false;
  *pad = vocab_special (vocab, VOCAB_PAD);
  *cls = vocab_special (vocab, VOCAB_CLS);
  *mask = vocab_special (vocab, VOCAB_MASK);
  vocab_free (vocab);
  return true;
}

static bool
read_negatives (Training *t, TensorFile *file, const char *prefix)
{
  t->batch.negative_images = ints_of (t, file, prefix, "neg_image_idx");
  t->batch.negative_texts = ints_of (t, file, prefix, "neg_text_idx");
  return t->batch.negative_images != NULL && t->batch.negative_texts != NULL;
}

/* MLM masking from the recorded coin flips: never [PAD] or [CLS]; replace = mask and flip; random = mask, not
 * replaced, flip. */
static bool
read_masking (Training *t, TensorFile *file, const char *prefix)
{
  int32_t *flip_mask = ints_of (t, file, prefix, "mlm_bernoulli_mask");
  int32_t *flip_replace = ints_of (t, file, prefix, "mlm_bernoulli_replace");
  int32_t *flip_random = ints_of (t, file, prefix, "mlm_bernoulli_random");
  int32_t *words = ints_of (t, file, prefix, "mlm_random_words"), *ids, *labels, pad, cls, mask;
  int64_t n = t->batch.batch * t->batch.tokens;

  if (flip_mask == NULL || flip_replace == NULL || flip_random == NULL || words == NULL ||
      !special_ids (t, &pad, &cls, &mask))
    return false;
  ids = keep (t, mem_new0 ((size_t) n, sizeof *ids));
  labels = keep (t, mem_new0 ((size_t) n, sizeof *labels));
  for (int64_t i = 0; i < n; i++)
    {
      int32_t id = t->batch.ids[i];
      bool masked = flip_mask[i] != 0 && id != pad && id != cls;

      labels[i] = masked ? id : -100;
      ids[i] = id;
      if (masked && flip_replace[i] != 0)
        ids[i] = mask;
      else if (masked && flip_random[i] != 0)
        ids[i] = words[i];
    }
  t->batch.masked_ids = ids;
  t->batch.mlm_labels = labels;
  return true;
}

/* ---------------------------------------------------------------------------------------------------
 * Dumping
 */

static void
dump (Training *t, const char *name, Tensor *tensor)
{
  if (tensor != NULL)
    case_dump (t->c, name, tensor);
}

/* Rows x E as E x rows: the official layout of features and queues. */
static void
dump_transposed (Training *t, const char *name, Tensor *tensor)
{
  int64_t rows = tensor->shape[0], n = tensor->shape[1];
  float *values = mem_new0 ((size_t) (rows * n), sizeof *values), *turned = mem_new0 ((size_t) (rows * n), sizeof *turned);

  tensor_to_host (tensor, values);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < n; j++)
      turned[j * rows + i] = values[i * n + j];
  case_dump_host (t->c, name, 2, (int64_t[]) { n, rows }, turned);
  free (values);
  free (turned);
}

static void
dump_ints (Training *t, const char *name, int n_dims, const int64_t *shape, const int32_t *values)
{
  int64_t n = 1;
  int64_t *to = tensor_writer_reserve (t->c->out, name, TENSOR_I64, n_dims, shape);

  for (int i = 0; i < n_dims; i++)
    n *= shape[i];
  for (int64_t i = 0; i < n; i++)
    to[i] = values[i];
}

static void
dump_int_tensor (Training *t, const char *name, Tensor *tensor, int n_dims, const int64_t *shape)
{
  int32_t *values = mem_new0 ((size_t) tensor_numel (tensor) + 1, sizeof *values);

  tensor_to_host (tensor, values);
  dump_ints (t, name, n_dims, shape, values);
  free (values);
}

static void
dump_queues (Training *t)
{
  static const int64_t one = 1;
  int64_t row[] = { 1, t->learner->image_queue->shape[0] };

  dump_transposed (t, "after.image_queue", t->learner->image_queue);
  dump_transposed (t, "after.text_queue", t->learner->text_queue);
  dump_int_tensor (t, "after.queue_ptr", t->learner->queue_pointer, 1, &one);
  if (t->learner->id_queue != NULL)
    dump_int_tensor (t, "after.idx_queue", t->learner->id_queue, 2, row);
}

/* Our tensor for official parameter `name` of this file: the model's, or (twin) the teacher's. The MLM decoder and a
 * shared key have the name of what they share. */
static Tensor *
parameter (Training *t, const char *name, const Model **owner)
{
  char canonical[KEY_SIZE], *twin;
  const Model *model = t->learner->model;

  key_canonical (name, 0, canonical);
  twin = strstr (canonical, "_m.");
  if (twin != NULL && t->learner->twin != NULL)
    {
      memmove (twin, twin + 2, strlen (twin + 2) + 1);
      model = t->learner->twin;
    }
  *owner = model;
  for (int i = 0; i < model->n_owned; i++)
    if (strcmp (model->names[i], canonical) == 0)
      return model->owned[i];
  return NULL;
}

/* Dumps every tensor of the case file named `prefix`NAME: values of parameters, or their gradients. Patch weights keep
 * their four dimensions, so the golden shape is taken. */
static void
dump_parameters (Training *t, const char *prefix, bool gradients)
{
  size_t length = strlen (prefix);

  for (int i = 0; i < tensor_file_count (t->c->in); i++)
    {
      const TensorFileEntry *golden = tensor_file_entry (t->c->in, i);
      const Model *owner;
      Tensor *tensor;

      if (strncmp (golden->name, prefix, length) != 0)
        continue;
      tensor = parameter (t, golden->name + length, &owner);
      if (tensor == NULL || tensor_numel (tensor) != golden->n_elements)
        continue; /* the comparison says that it is missing */
      if (gradients && !tensor_has_grad (tensor))
        continue;
      tensor_to_host (gradients ? tensor_grad (tensor) : tensor,
                      tensor_writer_reserve (t->c->out, golden->name, TENSOR_F32, golden->n_dims, golden->shape));
    }
}

static float
scalar_of (Tensor *tensor)
{
  float value = NAN;

  if (tensor != NULL)
    tensor_to_host (tensor, &value);
  return value;
}

/* ---------------------------------------------------------------------------------------------------
 * Steps
 */

typedef Tensor *(*Step) (Scope *, Learner *, const Batch *, const StepSettings *, StepTrace *);

/* Forward, backward from the loss, and (lr > 0) an AdamW step, as one recordable step. */
static void
run_step (Training *t, Step step, float alpha, float lr, float count)
{
  Backend *device = t->c->device;

  learner_set (t->learner->alpha, alpha);
  learner_set (t->learner->lr, lr);
  learner_set (t->learner->step, count);
  learner_begin (t->learner);
  backend_step_begin (device);
  step (&t->scope, t->learner, &t->batch, &t->settings, &t->trace);
  tape_backward (&t->scope, t->trace.loss, NULL);
  if (lr > 0)
    learner_update (t->learner, NULL);
  backend_step_end (device);
}

/* Forgets the step's tensors; the learner stays. */
static void
next_step (Training *t)
{
  tape_free (t->scope.tape);
  scope_clear (&t->scope);
  t->scope.tape = tape_new ();
}

static void
dump_itc (Training *t)
{
  StepTrace *s = &t->trace;

  dump (t, "local.image_feat", s->image_feat);
  dump (t, "local.text_feat", s->text_feat);
  dump (t, "local.image_feat_m", s->image_feat_m);
  dump (t, "local.text_feat_m", s->text_feat_m);
  dump (t, "local.sim_i2t", s->sim_i2t);
  dump (t, "local.sim_t2i", s->sim_t2i);
  dump (t, "local.sim_i2t_targets", s->sim_i2t_targets);
  dump (t, "local.sim_t2i_targets", s->sim_t2i_targets);
  dump (t, "local.loss_i2t", s->loss_i2t);
  dump (t, "local.loss_t2i", s->loss_t2i);
  dump (t, "local.weights_i2t", s->weights_i2t);
  dump (t, "local.weights_t2i", s->weights_t2i);
  dump (t, "local.vl_output", s->vl_output);
  dump (t, "loss_ita", s->loss_ita);
  dump (t, "loss_itm", s->loss_itm);
  dump (t, "loss", s->loss);
  dump_queues (t);
}

/* [B T, V] as [B, T, V]. */
static void
dump_rows (Training *t, const char *name, Tensor *rows)
{
  Tensor *view = tensor_reshape (rows, 3, (int64_t[]) { t->batch.batch, t->batch.tokens, tensor_columns (rows) });

  dump (t, name, view);
  tensor_unref (view);
}

static void
dump_mlm (Training *t)
{
  int64_t shape[] = { t->batch.batch, t->batch.tokens };

  dump_ints (t, "local.input_ids", 2, shape, t->batch.masked_ids);
  dump_ints (t, "local.labels", 2, shape, t->batch.mlm_labels);
  dump_rows (t, "local.mlm_logits", t->trace.mlm_logits);
  dump_rows (t, "local.logits_m", t->trace.logits_m);
}

static void
clamp_as_pretraining (Training *t)
{
  t->settings.clamp_low = 0.001f;
  t->settings.clamp_high = 0.5f;
}

bool
case_pretrain (Case *c)
{
  Training t;
  int64_t b;
  int32_t *labels;

  if (!training_open (&t, c, "pretrain", "tiny", true, false) || !read_pairs (&t, c->in, "image", c->in, "") ||
      !read_negatives (&t, c->in, "") || !read_masking (&t, c->in, ""))
    return false;
  b = t.batch.batch;
  clamp_as_pretraining (&t);
  {
    int32_t pointer = (int32_t) case_scalar (c, "queue_ptr_before", 0);

    backend_upload (c->device, tensor_view (t.learner->queue_pointer), &pointer, sizeof pointer);
    backend_upload (c->device, tensor_view (t.learner->text_pointer), &pointer, sizeof pointer);
  }
  run_step (&t, step_pretrain, float_of (c->in, "alpha"), 1e-3f, 1);
  dump (&t, "local.image_embeds", t.trace.image_embeds);
  dump (&t, "local.text_embeds", t.trace.text_embeds);
  dump (&t, "local.image_embeds_m", t.trace.image_embeds_m);
  dump_transposed (&t, "local.image_feat_all", t.trace.image_feat_all);
  dump_transposed (&t, "local.text_feat_all", t.trace.text_feat_all);
  dump (&t, "local.sim_i2t_m", t.trace.sim_i2t_m);
  dump (&t, "local.sim_t2i_m", t.trace.sim_t2i_m);
  dump (&t, "local.vl_embeddings", t.trace.vl_embeddings);
  dump (&t, "local.output_pos", t.trace.output_pos);
  dump (&t, "local.output_neg", t.trace.output_neg);
  labels = keep (&t, mem_new0 ((size_t) (3 * b), sizeof *labels));
  for (int64_t i = 0; i < b; i++)
    labels[i] = 1;
  dump_ints (&t, "local.itm_labels", 1, (int64_t[]) { 3 * b }, labels);
  dump (&t, "loss_mlm", t.trace.loss_mlm);
  dump_itc (&t);
  dump_mlm (&t);
  dump_parameters (&t, "grad.", true);
  dump_parameters (&t, "momentum_after.", false);
  dump_parameters (&t, "adamw_after.", false);
  training_close (&t);
  return true;
}

/* Names of the variations: what stands before ".temp_in". */
bool
case_pretrain_variations (Case *c)
{
  char path[4200];
  TensorFile *base;

  snprintf (path, sizeof path, "%s/pretrain.safetensors", c->dir);
  base = tensor_file_open (path, &c->error);
  if (base == NULL)
    return false;
  for (int i = 0; i < tensor_file_count (c->in); i++)
    {
      const char *name = tensor_file_entry (c->in, i)->name, *end = strstr (name, ".temp_in");
      char prefix[64], full[96];
      float losses[3], temp;
      int64_t three = 3;
      Training t;

      if (end == NULL || end[8] != 0 || end - name > 60)
        continue;
      snprintf (prefix, sizeof prefix, "%.*s.", (int) (end - name), name);
      if (!training_open (&t, c, "pretrain", "tiny", true, false) || !read_pairs (&t, base, "image", base, "") ||
          !read_negatives (&t, base, "") || !read_masking (&t, base, ""))
        return false;
      clamp_as_pretraining (&t);
      learner_set (t.learner->model->temp, float_of (c->in, name));
      snprintf (full, sizeof full, "%salpha", prefix);
      run_step (&t, step_pretrain, float_of (c->in, full), 0, 1);
      losses[0] = scalar_of (t.trace.loss_mlm);
      losses[1] = scalar_of (t.trace.loss_ita);
      losses[2] = scalar_of (t.trace.loss_itm);
      snprintf (full, sizeof full, "%slosses", prefix);
      case_dump_host (c, full, 1, &three, losses);
      temp = scalar_of (t.learner->model->temp);
      snprintf (full, sizeof full, "%stemp_after_forward", prefix);
      case_dump_host (c, full, 0, NULL, &temp);
      snprintf (full, sizeof full, "%sgrad.", prefix);
      dump_parameters (&t, full, true);
      training_close (&t);
    }
  tensor_file_free (base);
  return true;
}

/* out[..., (y + s) % H, (x + 2 s) % W] = in[..., y, x]. */
static float *
rolled (const TensorFileEntry *image, int64_t s)
{
  int64_t h = image->shape[2], w = image->shape[3], planes = image->n_elements / (h * w);
  float *out = mem_new0 ((size_t) image->n_elements, sizeof *out);
  const float *in = image->data;

  for (int64_t p = 0; p < planes; p++)
    for (int64_t y = 0; y < h; y++)
      for (int64_t x = 0; x < w; x++)
        out[(p * h + (y + s) % h) * w + (x + 2 * s) % w] = in[(p * h + y) * w + x];
  return out;
}

static float
gradient_norm (Training *t)
{
  double sum = 0;

  for (int i = 0; i < t->learner->n_parameters; i++)
    {
      Tensor *weight = t->learner->parameters[i].weight;
      size_t n = (size_t) tensor_numel (weight);
      float *values;

      if (!tensor_has_grad (weight))
        continue;
      values = mem_new0 (n, sizeof *values);
      tensor_to_host (tensor_grad (weight), values);
      for (size_t k = 0; k < n; k++)
        sum += (double) values[k] * (double) values[k];
      free (values);
    }
  return (float) sqrt (sum);
}

bool
case_pretrain_trajectory (Case *c)
{
  char path[4200], prefix[32], full[96];
  TensorFile *base;
  const TensorFileEntry *image;
  float losses[64][4];
  Training t;
  int steps = 0;

  snprintf (path, sizeof path, "%s/pretrain.safetensors", c->dir);
  base = tensor_file_open (path, &c->error);
  if (base == NULL || !training_open (&t, c, "pretrain", "tiny", true, false))
    return false;
  image = input_of (&t, base, "", "image", TENSOR_F32);
  if (image == NULL)
    return false;
  clamp_as_pretraining (&t);
  for (;; steps++)
    {
      float value;

      snprintf (prefix, sizeof prefix, "step%d.", steps);
      snprintf (full, sizeof full, "%sinput_ids", prefix);
      if (steps == 64 || tensor_file_find (c->in, full) == NULL)
        break;
      if (!read_pairs (&t, base, "image", c->in, prefix) || !read_negatives (&t, c->in, prefix) ||
          !read_masking (&t, c->in, prefix))
        return false;
      t.batch.images = keep (&t, rolled (image, steps));
      run_step (&t, step_pretrain, float_of (base, "alpha"), 1e-3f, (float) (steps + 1));
      losses[steps][0] = scalar_of (t.trace.loss_mlm);
      losses[steps][1] = scalar_of (t.trace.loss_ita);
      losses[steps][2] = scalar_of (t.trace.loss_itm);
      losses[steps][3] = scalar_of (t.trace.loss);
      value = gradient_norm (&t);
      snprintf (full, sizeof full, "%sgrad_l2", prefix);
      case_dump_host (c, full, 0, NULL, &value);
      value = scalar_of (t.learner->model->temp);
      snprintf (full, sizeof full, "%stemp_after", prefix);
      case_dump_host (c, full, 0, NULL, &value);
      next_step (&t);
      for (int i = 0; i < t.n_owned; i++)
        free (t.owned[i]);
      t.n_owned = 0;
    }
  case_dump_host (c, "losses", 2, (int64_t[]) { steps, 4 }, &losses[0][0]);
  dump_queues (&t);
  dump_parameters (&t, "after.", false);
  training_close (&t);
  tensor_file_free (base);
  return true;
}

bool
case_retrieval (Case *c)
{
  Training t;

  for (int distill = 1; distill >= 0; distill--)
    {
      if (!training_open (&t, c, "retrieval", "mini", true, true) || !read_pairs (&t, c->in, "image", c->in, "") ||
          !read_negatives (&t, c->in, ""))
        return false;
      t.batch.identities = ints_of (&t, c->in, "", "idx");
      if (t.batch.identities == NULL)
        return false;
      t.settings.distill = distill != 0;
      run_step (&t, step_retrieval, float_of (c->in, "alpha"), 0, 1);
      if (distill)
        {
          dump (&t, "local.pos_idx", t.trace.pos_idx);
          dump (&t, "local.sim_targets", t.trace.sim_targets);
          dump_itc (&t);
          dump_parameters (&t, "grad.", true);
        }
      else
        {
          dump (&t, "nodistill.loss_ita", t.trace.loss_ita);
          dump (&t, "nodistill.loss_itm", t.trace.loss_itm);
        }
      training_close (&t);
    }
  return true;
}

/* VE and NLVR2. The teacher's momentum is fixed in the official code. */
static bool
run_classifier (Case *c, const char *weights, const char *image_name)
{
  for (int distill = 1; distill >= 0; distill--)
    {
      Training t;

      if (!training_open (&t, c, weights, "mini", false, false) || !read_pairs (&t, c->in, image_name, c->in, ""))
        return false;
      t.learner->momentum = 0.995f;
      t.batch.labels = ints_of (&t, c->in, "", "targets");
      if (t.batch.labels == NULL)
        return false;
      t.settings.distill = distill != 0;
      run_step (&t, step_classify, float_of (c->in, "alpha"), 0, 1);
      if (distill)
        {
          dump (&t, "loss", t.trace.loss);
          dump (&t, "local.prediction", t.trace.prediction);
          dump (&t, "local.prediction_m", t.trace.prediction_m);
          dump (&t, "eval.logits", t.trace.prediction);
          dump_parameters (&t, "grad.", true);
        }
      else
        dump (&t, "nodistill.loss", t.trace.loss);
      training_close (&t);
    }
  return true;
}

bool
case_ve (Case *c)
{
  return run_classifier (c, "ve", "image");
}

bool
case_nlvr (Case *c)
{
  return run_classifier (c, "nlvr", "images");
}

bool
case_pretrain_nlvr (Case *c)
{
  Training t;

  if (!training_open (&t, c, "pretrain_nlvr", "mini", false, false) || !read_pairs (&t, c->in, "image", c->in, ""))
    return false;
  t.batch.labels = ints_of (&t, c->in, "", "labels");
  t.batch.pair_image0 = ints_of (&t, c->in, "", "image0_idx");
  t.batch.pair_image1 = ints_of (&t, c->in, "", "image1_idx");
  if (t.batch.labels == NULL || t.batch.pair_image0 == NULL || t.batch.pair_image1 == NULL)
    return false;
  run_step (&t, step_assignment, 0, 0, 1);
  dump (&t, "local.weights", t.trace.assignment_weights);
  dump (&t, "local.sim", t.trace.assignment_sim);
  dump (&t, "local.pred", t.trace.prediction);
  dump (&t, "loss", t.trace.loss);
  dump_parameters (&t, "grad.", true);
  training_close (&t);
  return true;
}

/* ---------------------------------------------------------------------------------------------------
 * VQA
 */

/* Questions, answers and whose they are. */
static bool
read_vqa (Training *t)
{
  Case *c = t->c;
  const TensorFileEntry *image = case_input (c, "image", TENSOR_F32), *weights = case_input (c, "weights", TENSOR_F32);
  const TensorFileEntry *question_mask = case_input (c, "question_mask", TENSOR_I64);
  const TensorFileEntry *answer_mask = case_input (c, "answer_mask", TENSOR_I64);
  int32_t *counts = ints_of (t, c->in, "", "n_answers"), *owner, cls, mask_id;

  t->batch.ids = ints_of (t, c->in, "", "question_ids");
  t->batch.answer_ids = ints_of (t, c->in, "", "answer_ids");
  if (image == NULL || weights == NULL || question_mask == NULL || answer_mask == NULL || counts == NULL ||
      t->batch.ids == NULL || t->batch.answer_ids == NULL || !special_ids (t, &t->batch.pad_id, &cls, &mask_id))
    return false;
  t->batch.images = image->data;
  t->batch.mask = question_mask->data;
  t->batch.batch = question_mask->shape[0];
  t->batch.tokens = question_mask->shape[1];
  t->batch.answers = answer_mask->shape[0];
  t->batch.answer_tokens = answer_mask->shape[1];
  t->batch.answer_mask = answer_mask->data;
  t->batch.answer_weights = weights->data;
  owner = keep (t, mem_new0 ((size_t) t->batch.answers, sizeof *owner));
  for (int64_t q = 0, at = 0; q < t->batch.batch; q++)
    for (int32_t i = 0; i < counts[q] && at < t->batch.answers; i++)
      owner[at++] = (int32_t) q;
  t->batch.answer_question = owner;
  return true;
}

/* All but the last token of each answer: the official code returns logits of the predicting positions alone. */
static void
dump_without_last (Training *t, const char *name, Tensor *logits)
{
  int64_t a = logits->shape[0], s = logits->shape[1], v = logits->shape[2];
  float *values = mem_new0 ((size_t) (a * s * v), sizeof *values);

  tensor_to_host (logits, values);
  for (int64_t i = 0; i < a; i++)
    memmove (values + i * (s - 1) * v, values + i * s * v, (size_t) ((s - 1) * v) * sizeof *values);
  case_dump_host (t->c, name, 3, (int64_t[]) { a, s - 1, v }, values);
  free (values);
}

static void
dump_vqa (Training *t)
{
  const Batch *b = &t->batch;
  int64_t s = b->answer_tokens, n = b->answers * s;
  float *rows = mem_new0 ((size_t) n, sizeof *rows), *sums = mem_new0 ((size_t) b->answers, sizeof *sums);
  int32_t *targets = mem_new0 ((size_t) n, sizeof *targets);
  int32_t *masks = mem_new0 ((size_t) (b->answers * b->tokens), sizeof *masks);

  dump (t, "loss", t->trace.loss);
  dump (t, "local.answer_logits", t->trace.answer_logits);
  dump_without_last (t, "local.logits_m", t->trace.logits_m);
  dump (t, "local.question_states", t->trace.question_states);
  /* Row losses carry the answer's weight over the batch; the golden ones do not. */
  tensor_to_host (t->trace.answer_loss, rows);
  for (int64_t a = 0; a < b->answers; a++)
    {
      for (int64_t i = 0; i < s - 1; i++)
        sums[a] += rows[a * (s - 1) + i] * (float) b->batch / b->answer_weights[a];
      for (int64_t i = 0; i < s; i++)
        targets[a * s + i] = b->answer_ids[a * s + i] != b->pad_id ? b->answer_ids[a * s + i] : -100;
      for (int64_t i = 0; i < b->tokens; i++)
        masks[a * b->tokens + i] = (int32_t) b->mask[b->answer_question[a] * b->tokens + i];
    }
  case_dump_host (t->c, "local.answer_loss", 1, &b->answers, sums);
  dump_ints (t, "local.answer_targets", 2, (int64_t[]) { b->answers, s }, targets);
  dump_ints (t, "local.question_atts", 2, (int64_t[]) { b->answers, b->tokens }, masks);
  dump_parameters (t, "grad.", true);
  free (rows);
  free (sums);
  free (targets);
  free (masks);
}

static bool
rank_answers (Training *t)
{
  Case *c = t->c;
  const TensorFileEntry *mask = case_input (c, "rank.answer_mask", TENSOR_I64);
  int32_t *ids = ints_of (t, c->in, "", "rank.answer_ids");
  int64_t k = case_scalar (c, "rank.k", 0), b = t->batch.batch, v = t->learner->model->config.vocab_size;
  VqaRanking ranking;

  if (mask == NULL || ids == NULL || k < 1)
    return false;
  vqa_rank (t->learner->model, &t->batch, ids, mask->data, mask->shape[0], mask->shape[1], k, &ranking);
  case_dump_host (c, "rank.first_token_logits", 2, (int64_t[]) { b, v }, ranking.first_logits);
  case_dump_host (c, "rank.log_probs_sum", 2, (int64_t[]) { b, k }, ranking.log_probs);
  case_dump_host (c, "rank.answer_loss", 2, (int64_t[]) { b * k, 1 }, ranking.answer_loss);
  dump_ints (t, "rank.topk_ids", 2, (int64_t[]) { b, k }, ranking.ids);
  case_dump_host (c, "rank.topk_probs", 2, (int64_t[]) { b, k }, ranking.probs);
  vqa_ranking_clear (&ranking);
  return true;
}

bool
case_vqa (Case *c)
{
  for (int distill = 1; distill >= 0; distill--)
    {
      Training t;

      if (!training_open (&t, c, "vqa", "mini", false, false) || !read_vqa (&t))
        return false;
      t.learner->momentum = 0.995f;
      t.settings.distill = distill != 0;
      run_step (&t, step_vqa, float_of (c->in, "alpha"), 0, 1);
      if (!distill)
        dump (&t, "nodistill.loss", t.trace.loss);
      else
        {
          dump_vqa (&t);
          if (!rank_answers (&t))
            return false;
        }
      training_close (&t);
    }
  return true;
}

/* ---------------------------------------------------------------------------------------------------
 * AMC
 */

/* The published code takes the log-softmax of MLM distillation over the tokens instead of the vocabulary: its value,
 * from our logits. */
static float
mlm_over_tokens (const Training *t, float alpha)
{
  const Batch *batch = &t->batch;
  int64_t b = batch->batch, n = batch->tokens, v = tensor_columns (t->trace.mlm_logits);
  float *own = mem_new0 ((size_t) (b * n * v), sizeof *own), *twin = mem_new0 ((size_t) (b * n * v), sizeof *twin);
  double hard = 0, soft = 0, found = 0;

  tensor_to_host (t->trace.mlm_logits, own);
  tensor_to_host (t->trace.logits_m, twin);
  for (int64_t r = 0; r < b * n; r++)
    {
      const float *row = own + r * v, *row_m = twin + r * v, *column = own + r / n * n * v;
      double lse = 0, lse_m = 0;

      if (batch->mlm_labels[r] < 0)
        continue;
      found++;
      for (int64_t j = 0; j < v; j++)
        {
          lse += exp ((double) row[j]);
          lse_m += exp ((double) row_m[j]);
        }
      hard += log (lse) - (double) row[batch->mlm_labels[r]];
      for (int64_t j = 0; j < v; j++)
        {
          double over_tokens = 0;

          for (int64_t k = 0; k < n; k++)
            over_tokens += exp ((double) column[k * v + j]);
          soft -= exp ((double) row_m[j]) / lse_m * ((double) row[j] - log (over_tokens));
        }
    }
  free (own);
  free (twin);
  return found > 0 ? (float) ((1 - (double) alpha) * hard / found + (double) alpha * soft / found) : 0;
}

/* B x H x T x (1 + P) without the class token and where the text is padding: B x H x T x G x G. */
static void
dump_tap (Training *t, const char *name, Tensor *tensor, bool positive_part)
{
  int64_t b = tensor->shape[0], h = tensor->shape[1], n = tensor->shape[2], w = tensor->shape[3];
  int64_t grid = t->learner->model->vision.grid;
  float *values = mem_new0 ((size_t) (b * h * n * w), sizeof *values), *out = values;

  tensor_to_host (tensor, values);
  for (int64_t r = 0; r < b * h * n; r++)
    for (int64_t p = 1; p < w; p++)
      {
        float value = values[r * w + p] * (float) t->batch.mask[r / (h * n) * n + r % n];

        *out++ = positive_part && value < 0 ? 0 : value;
      }
  case_dump_host (t->c, name, 5, (int64_t[]) { b, h, n, grid, grid }, values);
  free (values);
}

/* Maps, inside, outside and their peaks of the pairs that have a region. */
static void
dump_regions (Training *t)
{
  const Batch *batch = &t->batch;
  int64_t b = batch->batch, r = t->learner->model->config.image_res, n = r * r, found = 0;
  float *maps = mem_new0 ((size_t) (b * n), sizeof *maps), *in = mem_new0 ((size_t) (b * n), sizeof *in);
  float *out = mem_new0 ((size_t) (b * n), sizeof *out), *stats = mem_new0 ((size_t) (2 + 2 * b), sizeof *stats);
  float *peak_in = mem_new0 ((size_t) b, sizeof *peak_in), *peak_out = mem_new0 ((size_t) b, sizeof *peak_out);

  tensor_to_host (t->trace.cam, maps);
  tensor_to_host (t->trace.amc_stats, stats);
  for (int64_t i = 0; i < b; i++)
    {
      if (batch->region_weight[i] == 0)
        continue;
      memmove (maps + found * n, maps + i * n, (size_t) n * sizeof *maps);
      for (int64_t p = 0; p < n; p++)
        {
          float m = batch->region_masks[i * n + p];

          in[found * n + p] = maps[found * n + p] * m;
          out[found * n + p] = maps[found * n + p] * (1 - m);
        }
      peak_in[found] = stats[2 + i];
      peak_out[found++] = stats[2 + b + i];
    }
  case_dump_host (t->c, "local.gradcam", 3, (int64_t[]) { found, r, r }, maps);
  case_dump_host (t->c, "local.in_box_values", 3, (int64_t[]) { found, r, r }, in);
  case_dump_host (t->c, "local.out_box_values", 3, (int64_t[]) { found, r, r }, out);
  case_dump_host (t->c, "local.avg_in_box_values", 0, NULL, &stats[0]);
  case_dump_host (t->c, "local.avg_out_box_values", 0, NULL, &stats[1]);
  case_dump_host (t->c, "local.max_in_box_values", 1, &found, peak_in);
  case_dump_host (t->c, "local.max_out_box_values", 1, &found, peak_out);
  free (maps);
  free (in);
  free (out);
  free (stats);
  free (peak_in);
  free (peak_out);
}

bool
case_amc (Case *c)
{
  static const int64_t one = 1;
  Training t;
  const TensorFileEntry *masks = case_input (c, "mask_query_interp", TENSOR_F32);
  float alpha = float_of (c->in, "alpha"), terms[2], mlm, amc, total, *all, *weights;
  int32_t *indicator;
  int64_t n, with = 0;

  if (masks == NULL || !training_open (&t, c, "amc", "mini", true, false) ||
      !read_pairs (&t, c->in, "image", c->in, "") || !read_negatives (&t, c->in, "") || !read_masking (&t, c->in, ""))
    return false;
  indicator = ints_of (&t, c->in, "", "gt_mask_indicator");
  if (indicator == NULL)
    return false;
  /* The file may hold masks for all pairs or only for those with a region. */
  n = (int64_t) t.learner->model->config.image_res * t.learner->model->config.image_res;
  all = keep (&t, mem_new0 ((size_t) (t.batch.batch * n), sizeof *all));
  weights = keep (&t, mem_new0 ((size_t) t.batch.batch, sizeof *weights));
  for (int64_t i = 0; i < t.batch.batch; i++)
    {
      weights[i] = indicator[i] > 0;
      with += indicator[i] > 0;
      if (masks->shape[0] == t.batch.batch)
        memcpy (all + i * n, (const float *) masks->data + i * n, (size_t) n * sizeof *all);
      else if (indicator[i] > 0 && with <= masks->shape[0])
        memcpy (all + i * n, (const float *) masks->data + (with - 1) * n, (size_t) n * sizeof *all);
    }
  t.batch.region_masks = all;
  t.batch.region_weight = weights;
  t.batch.tap_layer = (int) case_scalar (c, "block_num", -1);
  clamp_as_pretraining (&t);
  learner_set (t.learner->alpha, alpha);
  learner_begin (t.learner);
  backend_step_begin (c->device);
  step_pretrain (&t.scope, t.learner, &t.batch, &t.settings, &t.trace);
  tape_backward (&t.scope, t.trace.loss_amc, NULL);
  backend_step_end (c->device);

  dump_itc (&t);
  dump_mlm (&t);
  dump_tap (&t, "local.fmaps", t.trace.attention, false);
  dump_tap (&t, "local.grad_wrt_act", t.trace.attention_gradient, true);
  dump_regions (&t);
  dump_int_tensor (&t, "after.queue_ptr_img", t.learner->queue_pointer, 1, &one);
  dump_int_tensor (&t, "after.queue_ptr_txt", t.learner->text_pointer, 1, &one);
  tensor_to_host (t.trace.amc_terms, terms);
  mlm = mlm_over_tokens (&t, alpha);
  amc = scalar_of (t.trace.loss_amc);
  total = mlm + scalar_of (t.trace.loss_ita) + scalar_of (t.trace.loss_itm) + amc;
  case_dump_host (c, "loss_mlm", 0, NULL, &mlm);
  case_dump_host (c, "loss_gcam_masked1", 1, &one, &terms[0]);
  case_dump_host (c, "loss_gcam_masked2", 0, NULL, &terms[1]);
  case_dump_host (c, "loss_amc", 1, &one, &amc);
  case_dump_host (c, "loss_total", 1, &one, &total);
  dump_parameters (&t, "grad_amc.", true);
  training_close (&t);
  return true;
}
