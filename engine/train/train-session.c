/* SPDX-License-Identifier: MIT */
#include "session-parts.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic-file.h"
#include "error.h"
#include "unicode.h"

/* ---------------------------------------------------------------------------------------------------
 * Data
 */

/* "a, b" as a list of texts that point into *copy (the caller's to free). */
static int
split (const char *text, char **copy, const char ***parts)
{
  int n = 0;
  char *rest;

  *copy = rest = mem_strdup (text);
  *parts = mem_new0 (strlen (text) / 2 + 1, sizeof **parts);
  while (*(rest += strspn (rest, ", ")) != 0)
    {
      (*parts)[n++] = rest;
      rest += strcspn (rest, ",");
      for (char *end = rest; end > (*parts)[n - 1] && end[-1] == ' '; end--)
        end[-1] = 0;
      if (*rest == ',')
        *rest++ = 0;
    }
  return n;
}

static AlbefStatus
open_lists (TrainSession *s, AlbefError *error)
{
  static const DatasetFormat formats[TASK_COUNT]
      = { DATASET_PRETRAIN, DATASET_RETRIEVAL, DATASET_GROUNDING, DATASET_VQA, DATASET_VE, DATASET_NLVR,
          DATASET_PRETRAIN, DATASET_PRETRAIN };
  const TrainConfig *c = &s->config;
  DatasetOptions options = { .format = c->manifest ? DATASET_MANIFEST : formats[c->task], .image_root = c->images,
                             .vg_root = c->vg_images, .whole_caption = c->whole_caption };
  const char **paths;
  char *copy;
  int n = split (c->data, &copy, &paths);
  AlbefStatus status = n > 0 ? dataset_open (paths, n, &options, &s->dataset, error)
                             : error_set (error, ALBEF_ERROR_ARGUMENT, "'data' names no file");

  free (paths);
  free (copy);
  return status;
}

/* ".3,.3,.25,.15"; NULL leaves the default. */
static bool
read_objects (const char *text, double counts[SCENE_MAX_OBJECTS])
{
  double sum = 0;

  for (int i = 0; text != NULL && i < SCENE_MAX_OBJECTS; i++)
    {
      char *end;

      counts[i] = strtod (text, &end);
      if (end == text || !(counts[i] >= 0 && counts[i] < 1e6) || *end != (i < SCENE_MAX_OBJECTS - 1 ? ',' : 0))
        return false;
      sum += counts[i];
      text = end + 1;
    }
  return text == NULL || sum > 0;
}

AlbefStatus
session_open_data (TrainSession *s, int resolution, AlbefError *error)
{
  const TrainConfig *c = &s->config;
  SceneOptions options = { .size = resolution, .n_nouns = c->scene_nouns, .first_nouns = c->scene_noun_list,
                           .styles = c->scene_styles, .without = c->scene_without, .no_shapes = !c->scene_shapes };

  if (c->scenes == NULL)
    return open_lists (s, error);
  if (!read_objects (c->scene_objects, options.counts))
    return error_set (error, ALBEF_ERROR_ARGUMENT, "'scene-objects' is '%s': four weights of one to four things are wanted, as in .3,.3,.25,.15",
                      c->scene_objects);
  return scene_source_open (c->scenes, &options, &s->scenes, error);
}

/* What identifies the data: resuming on other data is refused. */
static uint64_t
data_hash (const TrainSession *s)
{
  uint64_t hash = 0xcbf29ce484222325u;

  if (s->dataset != NULL)
    return dataset_hash (s->dataset);
  for (int i = 0; i < scene_source_n_nouns (s->scenes); i++)
    for (const char *at = scene_source_noun (s->scenes, i); *at != 0; at++)
      hash = (hash ^ (unsigned char) *at) * 0x100000001b3u;
  return hash ^ (uint64_t) scene_source_n_drawings (s->scenes);
}

bool
session_contrasts (ModelKind kind)
{
  return kind == MODEL_PRETRAIN || kind == MODEL_RETRIEVAL;
}

static AlbefStatus
open_loader (TrainSession *s, AlbefError *error)
{
  static const AugmentRule *const rules[TASK_COUNT] = { &augment_pretrain, &augment_finetune, &augment_grounding,
                                                        &augment_finetune, &augment_finetune, &augment_finetune,
                                                        &augment_pretrain, &augment_none };
  const TrainConfig *c = &s->config;
  const ModelConfig *model = &s->learner->model->config;

  s->options = (LoaderOptions) { .dataset = s->dataset, .scenes = s->scenes, .scenes_per_epoch = c->scenes_per_epoch,
                                 .scene_seed = c->seed, .vocab = s->vocab, .seed = c->seed, .batch = c->batch,
                                 .shuffle = true, .drop_last = true, .resolution = model->image_res,
                                 .mean = model->image_mean, .std = model->image_std,
                                 .augment = c->augment && s->scenes == NULL ? *rules[c->task] : augment_none,
                                 .max_words = c->max_words, .max_tokens = c->max_tokens, .truncate = c->truncate,
                                 .max_positions = model->max_position_embeddings,
                                 .region_size = c->amc ? model->image_res : 0, .workers = c->workers,
                                 .patch_grid = c->task == TASK_PATCHES || c->attention > 0 ? model->image_res / model->patch_size : 0,
                                 .foils = session_contrasts (model->kind) && (c->foils > 0 || c->manifest) };
  if (c->task == TASK_PRETRAIN)
    s->options.mlm = (MlmRule) { c->mlm_probability, c->mlm_noun_probability, c->mlm_one_noun };
  return loader_open (&s->options, &s->loader, error);
}

/* The BatchSource. */
static AlbefStatus
next_batch (void *user_data, int64_t epoch, int64_t number, const Batch **batch, AlbefError *error)
{
  TrainSession *s = user_data;
  const HostBatch *host = NULL;
  AlbefStatus status;

  if (epoch != s->next_epoch || number != s->next_number)
    loader_seek (s->loader, epoch, number);
  status = loader_next (s->loader, &host, error);
  if (status != ALBEF_OK)
    return status;
  s->next_epoch = epoch;
  s->next_number = number + 1;
  if (s->next_number == loader_batches_per_epoch (s->loader))
    {
      s->next_epoch++;
      s->next_number = 0;
    }
  step_batch_clear (&s->batch);
  step_batch_make (&s->batch, &s->config, &s->learner->model->config, host, &s->options,
                   s->learner->image_queue != NULL ? s->learner->image_queue->shape[0] : 0, s->nouns.size > 0 ? &s->nouns : NULL);
  *batch = &s->batch.batch;
  return ALBEF_OK;
}

/* ---------------------------------------------------------------------------------------------------
 * A session
 */

static char *
make_provenance (const TrainSession *s, const TrainPlace *place)
{
  char hash[24], *init = s->config.init != NULL ? utf8_repair (s->config.init, strlen (s->config.init)) : NULL;
  json_t *root;
  char *text;

  snprintf (hash, sizeof hash, "%016" PRIx64, data_hash (s));
  root = json_pack ("{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s?}", "command", place->command != NULL ? place->command : "",
                    "version", albef_version (), "device", s->backend->name, "description", s->backend->description,
                    "precision", s->backend->precision, "threads", s->backend->threads, "data", hash, "task",
                    train_task_name (s->config.task), "init", init);
  free (init);
  text = json_dumps (root, JSON_SORT_KEYS | JSON_COMPACT);
  json_decref (root);
  return text;
}

/* The rule of the loop, and what it sets in the learner. */
static AlbefStatus
make_rule (TrainSession *s, AlbefError *error)
{
  static const TrainStep steps[TASK_COUNT]
      = { step_pretrain, step_retrieval, step_retrieval, step_vqa, step_classify, step_classify, step_assignment, step_patches };
  const TrainConfig *c = &s->config;
  AlbefStatus status;

  s->rule = (TrainRule) { .step = steps[c->task], .distill = c->distill, .clamp_low = (float) c->clamp_low,
                          .clamp_high = (float) c->clamp_high, .dropout = (float) c->dropout, .alpha = (float) c->alpha,
                          .alpha_warm_up = c->alpha_warm_up, .alpha_steps = c->alpha_steps,
                          .schedule = { "run", c->lr, c->epochs, c->min_lr, c->warmup_lr, c->warmup_epochs },
                          .by_step = c->by_step, .warmup_steps = c->warmup_steps, .epochs = c->epochs,
                          .batches_per_epoch = loader_batches_per_epoch (s->loader), .accumulation = c->accumulation,
                          .max_steps = c->max_steps, .clip_norm = c->clip_norm, .checkpoint_steps = c->checkpoint_steps };
  s->learner->adamw
      = (AdamWSettings) { (float) c->beta1, (float) c->beta2, s->learner->adamw.eps, (float) c->decay };
  s->rule.recompute = c->recompute;
  s->rule.early_updates = c->early_updates;
  s->rule.mlm_hard = c->mlm_hard;
  s->rule.attention_weight = (float) c->attention;
  s->rule.none_weight = (float) c->none_weight;
  status = trainer_freeze (s->learner, c->freeze, error);
  /* A teacher of a frozen encoder sees what the model sees. */
  s->rule.share_image = true;
  for (int i = 0; i < s->learner->n_parameters; i++)
    if (strncmp (s->learner->parameters[i].name, "visual_encoder.", 15) == 0 && !s->learner->parameters[i].frozen)
      s->rule.share_image = false;
  return status;
}

/* Scenes are numbered, so the nouns in the queues follow from where the run stands. */
static void
fill_noun_queue (TrainSession *s)
{
  int64_t q = s->learner->image_queue->shape[0], b = s->config.batch, used = s->rule.batches_per_epoch / s->rule.accumulation * s->rule.accumulation;
  int64_t done = s->position.epoch * used + s->position.position * s->rule.accumulation, first = done - (q + b - 1) / b;
  int32_t at = 0;

  tensor_to_host (s->learner->queue_pointer, &at);
  first = first > 0 ? first : 0;
  noun_queue_init (&s->nouns, q, (((at - (done - first) * b) % q) + q) % q);
  for (int64_t batch = first; batch < done; batch++)
    for (int64_t r = 0; r < b; r++)
      {
        Scene scene = { .pixels = NULL };

        scene_compose (s->scenes, s->options.scene_seed, (uint64_t) (batch / used * s->config.scenes_per_epoch + batch % used * b + r), &scene);
        noun_queue_add (&s->nouns, &scene.nouns, &scene.caption_nouns);
      }
}

static AlbefStatus
session_new (const TrainConfig *config, const char *out, const TrainPlace *place, TrainSession **session,
             AlbefError *error)
{
  TrainSession *s = *session = mem_new0 (1, sizeof *s);
  char *text = train_config_text (config);
  AlbefStatus status;

  train_config_init (&s->config, config->task);
  status = train_config_read (&s->config, text, "the configuration", error);
  s->settings = mem_printf ("# task = %s\n%s", train_task_name (config->task), text);
  free (text);
  if (status == ALBEF_OK)
    status = train_config_check (&s->config, error);
  if (status == ALBEF_OK && s->folder == NULL)
    status = run_folder_open (out, s->config.keep, &s->folder, error);
  if (status == ALBEF_OK)
    status = backend_open (place->device, place->threads, &s->backend, error);
  return status;
}

/* The task in the first line of the settings. */
static AlbefStatus
read_settings (const char *text, const char *path, TrainConfig *config, AlbefError *error)
{
  char name[32];
  TrainTask task;

  if (text == NULL || sscanf (text, "# task = %31[a-z0-9-]", name) != 1 || !train_task_parse (name, &task))
    return error_set (error, ALBEF_ERROR_FORMAT, "'%s' does not say how it was trained", path);
  train_config_clear (config);
  train_config_init (config, task);
  return train_config_read (config, text, path, error);
}

static AlbefStatus
write_settings (const TrainSession *s, AlbefError *error)
{
  char *path = mem_printf ("%s/settings.conf", run_folder_path (s->folder));
  AtomicFile *file = NULL;
  AlbefStatus status = atomic_file_open (path, &file, error);

  if (status == ALBEF_OK)
    {
      status = atomic_file_write (file, s->settings, strlen (s->settings), error);
      if (status == ALBEF_OK)
        status = atomic_file_commit (file, error);
      else
        atomic_file_discard (file);
    }
  free (path);
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * Going on
 */

/* Another machine may round otherwise; that is said, other data are refused. */
static AlbefStatus
compare_places (TrainSession *s, AlbefError *error)
{
  json_t *root = json_loads (s->provenance, 0, NULL);
  const char *data = json_string_value (json_object_get (root, "data"));
  const char *description = json_string_value (json_object_get (root, "description"));
  int threads = (int) json_integer_value (json_object_get (root, "threads"));
  AlbefStatus status = ALBEF_OK;
  char hash[24];

  snprintf (hash, sizeof hash, "%016" PRIx64, data_hash (s));
  if (data != NULL && strcmp (data, hash) != 0)
    status = error_set (error, ALBEF_ERROR_MISMATCH, "the data are not those that the run began with; put them back, or begin "
                                                     "another run with 'init' and this run's model");
  if (description == NULL || strcmp (description, s->backend->description) != 0 || threads != s->backend->threads)
    s->note = mem_printf ("goes on at step %" PRId64 " on another machine or with other threads (%s, %d threads; now %s, "
                          "%d): the weights will differ in the last digits", s->position.step,
                          description != NULL ? description : "unknown", threads, s->backend->description,
                          s->backend->threads);
  else
    s->note = mem_printf ("goes on at step %" PRId64, s->position.step);
  json_decref (root);
  return status;
}

static AlbefStatus
take_checkpoint (TrainSession *s, const Checkpoint *checkpoint, AlbefError *error)
{
  const CheckpointTexts *texts = checkpoint_texts (checkpoint);
  AlbefStatus status;

  s->position = *checkpoint_position (checkpoint);
  s->name = mem_strdup (texts->name);
  s->provenance = mem_strdup (texts->provenance != NULL ? texts->provenance : "{}");
  if (texts->vocab == NULL)
    return error_set (error, ALBEF_ERROR_FORMAT, "the checkpoint holds no vocabulary");
  status = session_take_vocab (s, texts->vocab, texts->vocab_length, "the checkpoint's vocabulary", error);
  if (status == ALBEF_OK)
    status = session_open_data (s, checkpoint_config (checkpoint)->image_res, error);
  if (status == ALBEF_OK)
    status = compare_places (s, error);
  if (status == ALBEF_OK)
    status = checkpoint_learner (checkpoint, s->backend, &s->learner, error);
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * Public
 */

static AlbefStatus
finish (TrainSession **session, AlbefStatus status, AlbefError *error)
{
  TrainSession *s = *session;

  if (status == ALBEF_OK)
    status = open_loader (s, error);
  if (status == ALBEF_OK)
    status = make_rule (s, error);
  if (status == ALBEF_OK)
    status = train_eval_open (&s->config, run_folder_path (s->folder), s->vocab, s->position.step > 0, &s->eval, error);
  if (status == ALBEF_OK && s->config.false_negatives && s->learner->image_queue != NULL)
    fill_noun_queue (s);
  if (status != ALBEF_OK)
    {
      train_session_free (s);
      *session = NULL;
      return status;
    }
  s->texts.name = s->name;
  s->texts.settings = s->settings;
  s->texts.provenance = s->provenance;
  return ALBEF_OK;
}

AlbefStatus
train_session_begin (const TrainConfig *config, const char *out, const TrainPlace *place, TrainSession **session,
                     AlbefError *error)
{
  AlbefStatus status = session_new (config, out, place, session, error);
  TrainSession *s = *session;
  char *newest = status == ALBEF_OK ? run_folder_newest (s->folder) : NULL;

  if (newest != NULL)
    status = error_set (error, ALBEF_ERROR_ARGUMENT, "'%s' holds a run already; go on with --resume, or choose another folder",
                        out);
  free (newest);
  if (status == ALBEF_OK)
    status = write_settings (s, error);
  if (status == ALBEF_OK)
    status = s->config.init != NULL ? session_start_from_file (s, error) : session_start_new (s, error);
  if (status == ALBEF_OK)
    {
      s->position.seed = s->config.seed;
      s->provenance = make_provenance (s, place);
    }
  return finish (session, status, error);
}

AlbefStatus
train_session_resume (const TrainConfig *config, const char *out, const TrainPlace *place, TrainSession **session,
                      AlbefError *error)
{
  TrainConfig stored;
  RunFolder *folder = NULL;
  Checkpoint *checkpoint = NULL;
  const char *key;
  char *newest = NULL;
  AlbefStatus status = run_folder_open (out, 1, &folder, error);

  *session = NULL;
  train_config_init (&stored, TASK_PRETRAIN);
  if (status == ALBEF_OK)
    {
      newest = run_folder_newest (folder);
      status = newest == NULL ? error_set (error, ALBEF_ERROR_FILE, "'%s' holds no checkpoint to go on from", out)
                              : checkpoint_open (newest, &checkpoint, error);
    }
  if (status == ALBEF_OK)
    status = read_settings (checkpoint_texts (checkpoint)->settings, newest, &stored, error);
  if (status == ALBEF_OK && config != NULL && (key = train_config_difference (config, &stored)) != NULL)
    status = error_set (error, ALBEF_ERROR_MISMATCH, "the run began with another value of '%s'; leave the configuration out to "
                                                     "go on as it began", key);
  run_folder_close (folder);
  if (status == ALBEF_OK)
    status = session_new (&stored, out, place, session, error);
  if (status == ALBEF_OK)
    status = take_checkpoint (*session, checkpoint, error);
  if (*session != NULL)
    status = finish (session, status, error);
  checkpoint_close (checkpoint);
  train_config_clear (&stored);
  free (newest);
  return status;
}

void
train_session_free (TrainSession *s)
{
  if (s == NULL)
    return;
  step_batch_clear (&s->batch);
  train_eval_free (s->eval);
  noun_queue_clear (&s->nouns);
  loader_free (s->loader);
  dataset_free (s->dataset);
  scene_source_free (s->scenes);
  vocab_free (s->vocab);
  learner_free (s->learner);
  backend_close (s->backend);
  run_folder_close (s->folder);
  train_config_clear (&s->config);
  free (s->name);
  free (s->vocab_bytes);
  free (s->settings);
  free (s->provenance);
  free (s->note);
  free (s);
}

const TrainConfig *
train_session_config (const TrainSession *s)
{
  return &s->config;
}

const TrainPosition *
train_session_position (const TrainSession *s)
{
  return &s->position;
}

const Learner *
train_session_learner (const TrainSession *s)
{
  return s->learner;
}

int64_t
train_session_steps (const TrainSession *s)
{
  return trainer_steps (&s->rule);
}

int
train_session_threads (const TrainSession *s)
{
  return s->backend->threads;
}

LoaderCounts
train_session_counts (TrainSession *s)
{
  return loader_counts (s->loader);
}

char *
train_session_trouble (TrainSession *s, int index)
{
  return loader_trouble (s->loader, index);
}

const char *
train_session_note (const TrainSession *s)
{
  return s->note;
}

/* What the loop calls back with. */
typedef struct
{
  TrainSession *session;
  const TrainWatch *watch;
} Watching;

static void
pass_progress (void *user_data, const TrainProgress *progress)
{
  Watching *w = user_data;

  if (w->watch->progress != NULL)
    w->watch->progress (w->watch->user_data, progress);
}

static AlbefStatus
look (void *user_data, const TrainPosition *at, AlbefError *error)
{
  Watching *w = user_data;
  TrainSession *s = w->session;
  TrainEvaluation done;
  AlbefStatus status;

  if (!train_eval_due (s->eval, at, trainer_steps (&s->rule)))
    return ALBEF_OK;
  status = train_eval_run (s->eval, s->learner, at, &s->texts, &done, error);
  if (status != ALBEF_OK)
    error_prefix (error, status, "the evaluation after step %" PRId64, at->step);
  else if (w->watch->evaluated != NULL)
    w->watch->evaluated (w->watch->user_data, &done);
  return status;
}

AlbefStatus
train_session_run (TrainSession *s, const TrainWatch *watch, bool *finished, AlbefError *error)
{
  BatchSource source = { next_batch, s };
  Watching watching = { s, watch };
  TrainRun run = { .folder = s->folder, .texts = &s->texts, .stop = watch->stop, .progress = pass_progress, .watch = look,
                   .user_data = &watching };
  AlbefStatus status = trainer_run (s->learner, &s->rule, &source, &s->position, &run, error);
  char *path;

  *finished = status == ALBEF_OK && s->position.step >= trainer_steps (&s->rule);
  if (!*finished)
    return status;
  path = mem_printf ("%s/model.safetensors", run_folder_path (s->folder));
  status = checkpoint_save (path, s->learner, NULL, &s->texts, error);
  free (path);
  return status;
}
