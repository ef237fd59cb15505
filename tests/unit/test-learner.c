/* SPDX-License-Identifier: MIT
 * learner: what surrounds a gradient: the teacher, the queues, the optimizer's groups, and batches at the edge. */
#include <stdlib.h>

#include "steps.h"
#include "tap.h"

#define BATCH 2
#define TOKENS 4
#define RESOLUTION 8
#define QUEUE 5
#define WIDTH 4 /* of the contrastive embedding */

/* ---------------------------------------------------------------------------------------------------
 * A learner of a few hundred numbers
 */

/* What the source holds beside the model. */
typedef struct
{
  bool twins;
  float queue_pointer; /* negative: no queues in the file */
  float temp;
} File;

static ModelConfig
tiny (void)
{
  ModelConfig c;

  config_init (&c);
  c.image_res = RESOLUTION;
  c.patch_size = 4;
  c.vision_width = 6;
  c.vision_depth = 1;
  c.vision_heads = 2;
  c.vision_mlp_width = 10;
  c.vocab_size = 11;
  c.hidden_size = 6;
  c.num_hidden_layers = 3;
  c.fusion_layer = 1;
  c.num_attention_heads = 2;
  c.intermediate_size = 8;
  c.encoder_width = 6;
  c.max_position_embeddings = 6;
  c.embed_dim = WIDTH;
  c.queue_size = QUEUE;
  c.grounding_layer = 2;
  return c;
}

/* A number that depends on the parameter's name and the place in it. */
static float
number_of (const char *name, size_t i)
{
  unsigned state = 7 + (unsigned) i * 2654435761u;

  for (const char *c = name; *c != 0; c++)
    state = (state ^ (unsigned char) *c) * 16777619u;
  state = (state ^ state >> 15) * 0x85ebca6bu;
  return (float) (state >> 8) / 8388608.0f - 1.0f;
}

static AlbefStatus
get (void *user_data, const char *name, int n_dims, const int64_t *shape, const float **mapped, float **copied,
     AlbefError *error)
{
  const File *file = user_data;
  size_t n = 1;

  for (int i = 0; i < n_dims; i++)
    n *= (size_t) shape[i];
  *copied = malloc (n * sizeof **copied);
  for (size_t i = 0; i < n; i++)
    (*copied)[i] = 0.5f * number_of (name, i);
  if (strcmp (name, "temp") == 0)
    (*copied)[0] = file->temp;
  else if (strncmp (name, "queue_ptr", 9) == 0)
    (*copied)[0] = file->queue_pointer;
  else if (strcmp (name, "idx_queue") == 0)
    for (size_t i = 0; i < n; i++)
      (*copied)[i] = 40.0f + (float) i;
  return ALBEF_OK;
}

static bool
has (void *user_data, const char *name)
{
  const File *file = user_data;

  if (strstr (name, "queue") != NULL)
    return file->queue_pointer >= 0;
  if (strstr (name, "_m.") != NULL)
    return file->twins;
  return strncmp (name, "cls_head", 8) != 0 && strncmp (name, "ta_head", 7) != 0 &&
         strncmp (name, "text_decoder", 12) != 0;
}

static Learner *
learner_of (Backend *backend, File file, bool identities)
{
  ModelConfig config = tiny ();
  LearnerSource source = { .source = { .get = get, .has = has, .user_data = &file }, .teacher = true, .queues = true,
                           .identities = identities };
  AlbefError error = ALBEF_ERROR_INIT;
  Learner *learner = NULL;

  if (learner_new (backend, &config, &source, &learner, &error) != ALBEF_OK)
    {
      tap_ok (false, "/learner/is made (%s)", error.message);
      exit (tap_done ());
    }
  return learner;
}

static float *
values_of (const Tensor *tensor)
{
  float *values = malloc ((size_t) tensor_numel (tensor) * sizeof *values);

  tensor_to_host (tensor, values);
  return values;
}

static bool
equal_to (const Tensor *tensor, const float *values)
{
  float *now = values_of (tensor);
  bool same = memcmp (now, values, (size_t) tensor_numel (tensor) * sizeof *now) == 0;

  free (now);
  return same;
}

/* ---------------------------------------------------------------------------------------------------
 * A step
 */

static const int32_t ids[] = { 1, 4, 7, 2, 1, 9, 3, 0 }, masked[] = { 1, 5, 7, 2, 1, 9, 3, 0 };
static const int32_t labels[] = { -100, 4, -100, -100, -100, -100, 3, -100 };
static const int32_t no_labels[] = { -100, -100, -100, -100, -100, -100, -100, -100 };
static const int64_t mask[] = { 1, 1, 1, 1, 1, 1, 1, 0 };
static const float drawn[] = { 0.3f, 0.6f };
static float images[BATCH * 3 * RESOLUTION * RESOLUTION];

typedef Tensor *(*Step) (Scope *, Learner *, const Batch *, const StepSettings *, StepTrace *);

static Batch
batch_of (void)
{
  for (size_t i = 0; i < sizeof images / sizeof images[0]; i++)
    images[i] = sinf (0.37f * (float) i);
  return (Batch) { .batch = BATCH, .tokens = TOKENS, .images = images, .ids = ids, .mask = mask, .draw_image = drawn,
                   .draw_text = drawn, .masked_ids = masked, .mlm_labels = labels };
}

/* Losses and the teacher's features of one step; gradients are left in the parameters. */
typedef struct
{
  float loss, ita, itm, mlm;
  float image_feat_m[BATCH * WIDTH], text_feat_m[BATCH * WIDTH];
} Seen;

static Seen
run (Learner *learner, Step step, const Batch *batch, StepSettings settings)
{
  StepTrace trace;
  Scope scope;
  Tensor *loss;
  Seen seen = { 0 };

  scope_init (&scope, learner->backend);
  scope.tape = tape_new ();
  learner_begin (learner);
  learner_set (learner->alpha, 0.4f);
  loss = step (&scope, learner, batch, &settings, &trace);
  tape_backward (&scope, loss, NULL);
  tensor_to_host (loss, &seen.loss);
  tensor_to_host (trace.loss_ita, &seen.ita);
  tensor_to_host (trace.loss_itm, &seen.itm);
  if (trace.loss_mlm != NULL)
    tensor_to_host (trace.loss_mlm, &seen.mlm);
  tensor_to_host (trace.image_feat_m, seen.image_feat_m);
  tensor_to_host (trace.text_feat_m, seen.text_feat_m);
  tape_free (scope.tape);
  scope_clear (&scope);
  return seen;
}

static bool
gradients_finite (const Learner *learner)
{
  for (int i = 0; i < learner->n_parameters; i++)
    if (tensor_has_grad (learner->parameters[i].weight))
      {
        Tensor *grad = tensor_grad (learner->parameters[i].weight);
        float *values = values_of (grad);
        bool finite = true;

        for (int64_t k = 0; k < tensor_numel (grad); k++)
          finite = finite && isfinite (values[k]);
        free (values);
        if (!finite)
          {
            tap_note ("%s", learner->parameters[i].name);
            return false;
          }
      }
  return true;
}

/* ---------------------------------------------------------------------------------------------------
 * The teacher
 */

static void
twin_name (const char *name, char *twin, size_t size)
{
  const char *dot = strchr (name, '.');

  snprintf (twin, size, "%.*s_m%s", (int) (dot - name), name, dot);
}

static void
test_teacher (Backend *backend)
{
  Learner *learner = learner_of (backend, (File) { true, -1, 0.07f }, false);
  Model *model = learner->model, *twin = learner->twin;
  double worst = 0;
  bool still = true;
  int pairs = 0;
  char name[256];

  learner->momentum = 0.75f;
  learner_follow (learner);
  for (int i = 0; i < model->n_owned; i++)
    {
      float *student = values_of (model->owned[i]);

      for (int64_t k = 0; k < tensor_numel (model->owned[i]) && strcmp (model->names[i], "temp") != 0; k++)
        still = still && student[k] == 0.5f * number_of (model->names[i], (size_t) k);
      for (int j = 0; j < twin->n_owned; j++)
        if (strcmp (twin->names[j], model->names[i]) == 0)
          {
            float *teacher = values_of (twin->owned[j]);

            pairs++;
            twin_name (twin->names[j], name, sizeof name);
            for (int64_t k = 0; k < tensor_numel (twin->owned[j]); k++)
              worst = fmax (worst, fabs (0.75 * 0.5 * (double) number_of (name, (size_t) k) +
                                         0.25 * (double) student[k] - (double) teacher[k]));
            free (teacher);
          }
      free (student);
    }
  tap_ok (worst < 1e-7, "/learner/every twin follows its own parameter (%.1e)", worst);
  tap_ok (still, "/learner/what is followed stays as it was");
  /* All but temp and the two of itm_head. */
  tap_ok (pairs == model->n_owned - 3 && pairs == twin->n_owned, "/learner/%d parameters of %d have a twin", pairs,
          model->n_owned);
  learner_free (learner);

  learner = learner_of (backend, (File) { false, -1, 0.07f }, false);
  model = learner->model;
  still = true;
  for (int j = 0; j < learner->twin->n_owned; j++)
    {
      float *values = values_of (learner_find (learner, learner->twin->names[j])->weight);

      still = still && equal_to (learner->twin->owned[j], values);
      free (values);
    }
  tap_ok (still, "/learner/a twin that the file lacks begins as a copy");
  learner_free (learner);
}

/* ---------------------------------------------------------------------------------------------------
 * Queues
 */

/* Official queues are E x Q; ours hold features as rows. */
static bool
queue_row_is_old (const float *queue, int row, const char *name)
{
  for (int e = 0; e < WIDTH; e++)
    if (queue[row * WIDTH + e] != 0.5f * number_of (name, (size_t) (e * QUEUE + row)))
      return false;
  return true;
}

static void
check_queue (const Tensor *tensor, const float *fresh, const char *name)
{
  float *queue = values_of (tensor);
  bool new_ones = memcmp (queue + 4 * WIDTH, fresh, WIDTH * sizeof *queue) == 0 &&
                  memcmp (queue, fresh + WIDTH, WIDTH * sizeof *queue) == 0;
  bool old_ones = queue_row_is_old (queue, 1, name) && queue_row_is_old (queue, 2, name) &&
                  queue_row_is_old (queue, 3, name);

  tap_ok (new_ones, "/learner/%s takes a batch over its end", name);
  tap_ok (old_ones, "/learner/%s keeps the others", name);
  free (queue);
}

static void
test_queues (Backend *backend)
{
  Batch batch = batch_of ();
  Learner *learner = learner_of (backend, (File) { false, 4, 0.07f }, true);
  int32_t identities[] = { 17, 23 }, queue[QUEUE], pointer;
  Seen seen;

  batch.identities = identities;
  seen = run (learner, step_retrieval, &batch, (StepSettings) { .distill = true });
  check_queue (learner->image_queue, seen.image_feat_m, "image_queue");
  check_queue (learner->text_queue, seen.text_feat_m, "text_queue");
  tensor_to_host (learner->id_queue, queue);
  tap_ok (queue[4] == 17 && queue[0] == 23 && queue[1] == 41 && queue[2] == 42 && queue[3] == 43,
          "/learner/identities go where their features went");
  tensor_to_host (learner->queue_pointer, &pointer);
  tap_ok (pointer == 1, "/learner/the pointer of pictures has gone round (%d)", pointer);
  tensor_to_host (learner->text_pointer, &pointer);
  tap_ok (pointer == 1, "/learner/the pointer of texts has gone round (%d)", pointer);
  learner_free (learner);

  learner = learner_of (backend, (File) { false, -1, 0.07f }, true);
  tensor_to_host (learner->id_queue, queue);
  tap_ok (queue[0] == -100 && queue[QUEUE - 1] == -100, "/learner/a new identity queue is nobody's");
  {
    float *rows = values_of (learner->text_queue);
    double worst = 0;

    for (int r = 0; r < QUEUE; r++)
      {
        double norm = 0;

        for (int e = 0; e < WIDTH; e++)
          norm += (double) rows[r * WIDTH + e] * (double) rows[r * WIDTH + e];
        worst = fmax (worst, fabs (norm - 1));
      }
    tap_ok (worst < 1e-6, "/learner/a new queue holds unit vectors (%.1e)", worst);
    free (rows);
  }
  learner_free (learner);
}

/* A row whose text says nothing of its picture (a phrase judged absent stands there instead): its text is no positive of
 * the picture, not in the batch and not, later, in the queues. */
static void
test_no_pair (Backend *backend)
{
  static const float pair[] = { 1, 0 };
  float mask[BATCH * (BATCH + QUEUE)] = { 0 }, targets[BATCH * (BATCH + QUEUE)], sum = 0;
  Batch batch = batch_of ();
  Learner *learner = learner_of (backend, (File) { false, 4, 0.07f }, true);
  int32_t identities[] = { 17, 17 }, queue[QUEUE], pointer;
  StepSettings settings = { .distill = false };
  StepTrace trace;
  float loss;
  Scope scope;

  mask[1] = -1e4f; /* the empty text is nobody's candidate, as the batch's maker says */
  batch.identities = identities;
  batch.pair = pair;
  batch.itc_mask_i2t = mask;
  scope_init (&scope, backend);
  scope.tape = tape_new ();
  learner_begin (learner);
  backend_step_begin (backend);
  step_retrieval (&scope, learner, &batch, &settings, &trace);
  backend_step_end (backend);
  tensor_to_host (trace.sim_i2t_targets, targets);
  tensor_to_host (trace.loss_ita, &loss);
  for (int i = 0; i < BATCH + QUEUE; i++)
    sum += targets[i];
  tap_ok (targets[0] > 0 && targets[1] == 0 && fabsf (sum - 1) < 1e-6f, "/no pair/the text is no target of another row of its picture");
  tap_ok (loss < 100, "/no pair/and the loss stays small (%g)", (double) loss);
  tensor_to_host (learner->id_queue, queue);
  tap_ok (queue[4] == 17 && queue[0] == 40 && queue[1] == 41, "/no pair/nor a positive in the queue (%d, %d, %d)", queue[4], queue[0],
          queue[1]);
  tensor_to_host (learner->queue_pointer, &pointer);
  tap_ok (pointer == 0, "/no pair/the queues move on by the pairs alone (%d)", pointer);
  tensor_to_host (learner->text_pointer, &pointer);
  tap_ok (pointer == 0, "/no pair/both of them (%d)", pointer);
  tape_free (scope.tape);
  scope_clear (&scope);
  learner_free (learner);
}

/* ---------------------------------------------------------------------------------------------------
 * The optimizer
 */

/* The official group: one dimension, or a name that ends in bias. Names as the official code printed them. */
static void
test_groups (Backend *backend)
{
  static const char *const decay[] = {
    "temp", /* no dimension at all, and so not one */
    "visual_encoder.cls_token", "visual_encoder.pos_embed", "visual_encoder.patch_embed.proj.weight",
    "visual_encoder.blocks.0.attn.qkv.weight", "visual_encoder.blocks.0.attn.proj.weight",
    "visual_encoder.blocks.0.mlp.fc1.weight", "visual_encoder.blocks.0.mlp.fc2.weight",
    "text_encoder.bert.embeddings.word_embeddings.weight", "text_encoder.bert.embeddings.position_embeddings.weight",
    "text_encoder.bert.embeddings.token_type_embeddings.weight",
    "text_encoder.bert.encoder.layer.2.attention.self.query.weight",
    "text_encoder.bert.encoder.layer.2.crossattention.self.key.weight",
    "text_encoder.bert.encoder.layer.2.attention.output.dense.weight",
    "text_encoder.bert.encoder.layer.2.intermediate.dense.weight",
    "text_encoder.bert.encoder.layer.2.output.dense.weight", "text_encoder.cls.predictions.transform.dense.weight",
    "vision_proj.weight", "text_proj.weight", "itm_head.weight",
  };
  static const char *const none[] = {
    "visual_encoder.patch_embed.proj.bias", "visual_encoder.blocks.0.norm1.weight",
    "visual_encoder.blocks.0.norm2.bias", "visual_encoder.blocks.0.attn.qkv.bias", "visual_encoder.norm.weight",
    "visual_encoder.norm.bias", "text_encoder.bert.embeddings.LayerNorm.weight",
    "text_encoder.bert.encoder.layer.2.attention.self.value.bias",
    "text_encoder.bert.encoder.layer.2.output.LayerNorm.weight", "text_encoder.cls.predictions.bias",
    "text_encoder.cls.predictions.transform.LayerNorm.weight", "vision_proj.bias", "itm_head.bias",
  };
  Learner *learner = learner_of (backend, (File) { false, -1, 0.07f }, false);
  int n_decay = 0;

  for (size_t i = 0; i < sizeof decay / sizeof decay[0]; i++)
    {
      Parameter *parameter = learner_find (learner, decay[i]);

      tap_ok (parameter != NULL && parameter->decay, "/learner/decays: %s", decay[i]);
    }
  for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
    {
      Parameter *parameter = learner_find (learner, none[i]);

      tap_ok (parameter != NULL && !parameter->decay, "/learner/does not decay: %s", none[i]);
    }
  for (int i = 0; i < learner->n_parameters; i++)
    n_decay += learner->parameters[i].decay;
  /* 11 that occur once; 4 a block; 6 a text layer, 4 more with cross-attention. */
  tap_ok (n_decay == 11 + 4 + 6 * 3 + 4 * 2, "/learner/%d parameters decay", n_decay);
  learner_free (learner);
}

/* Nothing masked: the vocabulary's head gets no gradient, and then nothing at all. */
static void
test_skipped (Backend *backend)
{
  Learner *learner = learner_of (backend, (File) { false, -1, 0.07f }, false);
  Batch batch = batch_of ();
  Parameter *head = learner_find (learner, "text_encoder.cls.predictions.transform.dense.weight");
  Parameter *frozen = learner_find (learner, "vision_proj.weight");
  Parameter *moved = learner_find (learner, "itm_head.weight");
  float *head_before = values_of (head->weight), *frozen_before = values_of (frozen->weight);
  float *moved_before = values_of (moved->weight);
  Seen seen;

  batch.mlm_labels = no_labels;
  frozen->frozen = true;
  learner_set (learner->lr, 0.1f);
  learner_set (learner->step, 1);
  learner->adamw.decay = 0.5f;
  seen = run (learner, step_pretrain, &batch, (StepSettings) { .distill = true });
  tap_ok (seen.mlm == 0, "/learner/nothing masked: MLM is 0");
  tap_near ((double) seen.loss, (double) seen.ita + (double) seen.itm, 1e-6,
            "/learner/nothing masked: the loss is that of the others");
  tap_ok (gradients_finite (learner), "/learner/nothing masked: every gradient is a number");
  learner_update (learner, NULL);
  tap_ok (head->decay && !tensor_has_grad (head->weight) && equal_to (head->weight, head_before),
          "/learner/without a gradient a parameter does not even decay");
  tap_ok (head->m == NULL && head->v == NULL, "/learner/nor does it get moments");
  tap_ok (equal_to (frozen->weight, frozen_before) && frozen->m == NULL, "/learner/a frozen one stays");
  tap_ok (!equal_to (moved->weight, moved_before) && moved->m != NULL, "/learner/the others move");
  free (head_before);
  free (frozen_before);
  free (moved_before);
  learner_free (learner);
}

/* ---------------------------------------------------------------------------------------------------
 * Batches and temperatures at the edge
 */

static void
test_edges (Backend *backend)
{
  static const struct
  {
    float before, after;
    bool clamp;
  } temperatures[] = { { 0.9f, 0.5f, true }, { 1e-5f, 0.001f, true }, { 0.07f, 0.07f, true }, { 0.9f, 0.9f, false } };
  static const int32_t identities[] = { 5, 5 };
  Learner *learner = learner_of (backend, (File) { false, -1, 0.07f }, true);
  Batch batch = batch_of ();
  Seen seen;

  batch.identities = identities;
  seen = run (learner, step_retrieval, &batch, (StepSettings) { .distill = true });
  tap_ok (isfinite (seen.loss) && gradients_finite (learner),
          "/learner/a batch of one identity has no negatives and no NaN (loss %g)", (double) seen.loss);
  batch.batch = 1;
  seen = run (learner, step_retrieval, &batch, (StepSettings) { .distill = true });
  tap_ok (isfinite (seen.loss) && gradients_finite (learner), "/learner/nor has a batch of one pair (loss %g)",
          (double) seen.loss);
  learner_free (learner);

  batch = batch_of ();
  for (size_t i = 0; i < sizeof temperatures / sizeof temperatures[0]; i++)
    {
      StepSettings settings = { .distill = true };
      float temp;

      if (temperatures[i].clamp)
        {
          settings.clamp_low = 0.001f;
          settings.clamp_high = 0.5f;
        }
      learner = learner_of (backend, (File) { false, -1, temperatures[i].before }, false);
      run (learner, step_pretrain, &batch, settings);
      tensor_to_host (learner->model->temp, &temp);
      tap_ok (temp == temperatures[i].after, "/learner/temperature %g, clamp %s: %g", (double) temperatures[i].before,
              temperatures[i].clamp ? "on" : "off", (double) temp);
      learner_free (learner);
    }
}

int
main (void)
{
  Backend *backend = backend_fenced_open (true);

  test_teacher (backend);
  test_queues (backend);
  test_no_pair (backend);
  test_groups (backend);
  test_skipped (backend);
  test_edges (backend);
  backend_close (backend);
  return tap_done ();
}
