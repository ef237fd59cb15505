/* SPDX-License-Identifier: MIT
 * session-start.c: the words and the first weights of a run. */
#include "session-parts.h"

#include <stdlib.h>
#include <string.h>

#include "atomic-file.h"
#include "error.h"
#include "initial.h"
#include "mapped-file.h"
#include "random.h"

/* ---------------------------------------------------------------------------------------------------
 * Words
 */

AlbefStatus
session_take_vocab (TrainSession *s, const char *bytes, size_t length, const char *name, AlbefError *error)
{
  s->vocab_bytes = mem_new0 (length + 1, 1);
  memcpy (s->vocab_bytes, bytes, length);
  s->texts.vocab = s->vocab_bytes;
  s->texts.vocab_length = length;
  return vocab_from_bytes (bytes, length, name, &s->vocab, error);
}

static AlbefStatus
open_new_vocab (TrainSession *s, AlbefError *error)
{
  char *bytes = NULL;
  size_t length = 0;
  AlbefStatus status = ALBEF_OK;

  if (s->config.vocab != NULL)
    status = file_read (s->config.vocab, VOCAB_BYTES_LIMIT, &bytes, &length, error);
  else
    {
      bytes = scene_source_vocabulary (s->scenes);
      length = strlen (bytes);
    }
  if (status == ALBEF_OK)
    status
        = session_take_vocab (s, bytes, length, s->config.vocab != NULL ? s->config.vocab : "the scenes' words", error);
  free (bytes);
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * Start
 */

enum
{
  STREAM_PATCH_HEAD = 0x9a7c
};

/* A new head over the scenes' nouns, 0 for none of them. */
static void
add_patch_head (TrainSession *s)
{
  int64_t classes = scene_source_n_nouns (s->scenes) + 1, n = classes * s->learner->model->config.vision_width;
  float *weight = mem_new0 ((size_t) n, sizeof *weight), *bias = mem_new0 ((size_t) classes, sizeof *bias);

  for (int64_t i = 0; i < n; i++)
    weight[i] = (float) (0.02 * random_normal (s->config.seed, random_stream (STREAM_PATCH_HEAD, 0, 0), (uint64_t) i));
  learner_add_patches (s->learner, classes, weight, bias);
  free (weight);
  free (bias);
}

static AlbefStatus
new_learner (TrainSession *s, const WeightSet *set, const EncoderFiles *files, const ModelConfig *config,
             AlbefError *error)
{
  bool pairs = session_contrasts (config->kind) && s->config.task != TASK_PATCHES;
  Initial *initial = initial_new (set, files, config, s->config.seed);
  LearnerSource source = { .source = initial_source (initial),
                           .teacher = s->config.distill || pairs,
                           .queues = pairs,
                           .identities = config->kind == MODEL_RETRIEVAL };
  AlbefStatus status = learner_new (s->backend, config, &source, &s->learner, error);
  char *path = mem_printf ("%s/init.txt", run_folder_path (s->folder));
  int same, moved, fresh;
  AtomicFile *file = NULL;

  if (status == ALBEF_OK && s->config.task == TASK_PATCHES)
    add_patch_head (s);
  initial_counts (initial, &same, &moved, &fresh);
  if (set != NULL)
    s->note = mem_printf ("%d tensors from '%s', %d of them under another name there; %d new (listed in '%s')",
                          same + moved, s->config.init, moved, fresh, path);
  else if (moved > 0)
    s->note = mem_printf ("a new model: %d tensors from the encoders' files, %d new (listed in '%s')", moved, fresh,
                          path);
  else
    s->note = mem_printf ("a new model: %d tensors", fresh);
  if (status == ALBEF_OK)
    status = atomic_file_open (path, &file, error);
  if (status == ALBEF_OK)
    {
      status = atomic_file_write (file, initial_lines (initial), strlen (initial_lines (initial)), error);
      if (status == ALBEF_OK)
        status = atomic_file_commit (file, error);
      else
        atomic_file_discard (file);
    }
  free (path);
  initial_free (initial);
  return status;
}

/* What the run says over the model's own values. */
static void
overlay (const TrainConfig *c, ModelConfig *model)
{
  if (c->resolution > 0)
    model->image_res = c->resolution;
  if (c->queue > 0)
    model->queue_size = c->queue;
  model->momentum = c->momentum;
  model->alpha = c->alpha;
  if (c->task == TASK_PRETRAIN)
    model->mlm_probability = c->mlm_probability;
}

/* Losses on maps tap a fusion layer that there is. The last one will not do: only [CLS] feeds the match head there, and
 * no word has a gradient. */
static AlbefStatus
check_layers (const TrainConfig *c, const ModelConfig *model, AlbefError *error)
{
  int first = model->fusion_layer, n = model->num_hidden_layers - first;
  int layer = c->amc_layer >= 0 ? c->amc_layer : model->grounding_layer;

  if ((c->amc || c->attention > 0) && n < 2)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "'amc' and 'attention' need a model of two fusion layers or more: the last "
                                                   "one has no word gradient, and this model has no other");
  if (c->amc && (layer < first || layer >= first + n - 1))
    return error_set (error, ALBEF_ERROR_ARGUMENT,
                      "'amc-layer' is %d, but has to be from %d to %d in this model: layers count from 0, the fusion layers "
                      "begin at %d, and the last one has no word gradient",
                      layer, first, first + n - 2, first);
  if (c->attention > 0 && c->attention_layer >= n)
    return error_set (error, ALBEF_ERROR_ARGUMENT,
                      "'attention-layer' is %d, but has to be from 1 to %d in this model: it has %d fusion layers, and the last "
                      "one has no word gradient",
                      c->attention_layer, n - 1, n);
  return ALBEF_OK;
}

AlbefStatus
session_start_from_file (TrainSession *s, AlbefError *error)
{
  WeightSetOptions options = { .image_resolution = s->config.resolution, .allow_incomplete = true };
  WeightSet *set = NULL;
  ModelConfig model;
  const char *vocab;
  size_t length;
  AlbefStatus status = weight_set_open (s->config.init, &options, &set, NULL, error);

  if (status != ALBEF_OK)
    return status;
  model = initial_config (weight_set_config (set), train_task_kind (s->config.task));
  overlay (&s->config, &model);
  vocab = weight_set_vocab (set, &length);
  s->name = mem_strdup (s->config.name != NULL ? s->config.name : weight_set_name (set));
  status = config_check (&model, s->config.init, error);
  if (status == ALBEF_OK)
    status = check_layers (&s->config, &model, error);
  if (status == ALBEF_OK)
    status = session_take_vocab (s, vocab, length, s->config.init, error);
  if (status == ALBEF_OK)
    status = session_open_data (s, model.image_res, error);
  if (status == ALBEF_OK)
    status = new_learner (s, set, NULL, &model, error);
  weight_set_free (set);
  return status;
}

AlbefStatus
session_start_new (TrainSession *s, AlbefError *error)
{
  EncoderFiles files = { NULL, NULL };
  ModelConfig model;
  AlbefStatus status;

  config_init (&model);
  status = config_open (s->config.model, NULL, &model, NULL, error);
  if (status != ALBEF_OK)
    return status;
  model = initial_config (&model, train_task_kind (s->config.task));
  overlay (&s->config, &model);
  model.temp = s->config.temperature;
  s->name = mem_strdup (s->config.name != NULL ? s->config.name : "alidade-new");
  status = session_open_data (s, model.image_res, error);
  if (status == ALBEF_OK)
    status = open_new_vocab (s, error);
  if (status == ALBEF_OK)
    {
      model.vocab_size = vocab_size (s->vocab);
      status = config_check (&model, s->config.model, error);
    }
  if (status == ALBEF_OK)
    status = check_layers (&s->config, &model, error);
  if (status == ALBEF_OK)
    status = encoder_files_open (s->config.init_image, s->config.init_text, &files, error);
  if (status == ALBEF_OK)
    status = new_learner (s, NULL, &files, &model, error);
  encoder_files_close (&files);
  return status;
}
