/* SPDX-License-Identifier: MIT */
#include "train-config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "evaluate.h"
#include "mapped-file.h"
#include "schedule.h"
#include "unicode.h"

typedef enum
{
  VALUE_TEXT,
  VALUE_INT,
  VALUE_REAL,
  VALUE_BOOL,
  VALUE_SEED
} ValueType;

typedef struct
{
  const char *key;
  ValueType type;
  size_t offset;
  double min, max;
} Field;

#define TEXT(key, member) { key, VALUE_TEXT, offsetof (TrainConfig, member), 0, 0 }
#define INT(key, member, min, max) { key, VALUE_INT, offsetof (TrainConfig, member), min, max }
#define REAL(key, member, min, max) { key, VALUE_REAL, offsetof (TrainConfig, member), min, max }
#define BOOL(key, member) { key, VALUE_BOOL, offsetof (TrainConfig, member), 0, 1 }

static const Field fields[] = {
  TEXT ("init", init),
  TEXT ("init-image", init_image),
  TEXT ("init-text", init_text),
  TEXT ("model", model),
  TEXT ("vocab", vocab),
  TEXT ("name", name),
  INT ("resolution", resolution, 0, 4096),
  INT ("queue", queue, 0, 1 << 24),
  REAL ("temperature", temperature, 1e-4, 10),
  TEXT ("data", data),
  TEXT ("images", images),
  TEXT ("vg-images", vg_images),
  BOOL ("manifest", manifest),
  BOOL ("whole-caption", whole_caption),
  TEXT ("scenes", scenes),
  INT ("scenes-per-epoch", scenes_per_epoch, 1, INT_MAX),
  INT ("scene-nouns", scene_nouns, 0, 768),
  TEXT ("scene-styles", scene_styles),
  TEXT ("scene-without", scene_without),
  TEXT ("scene-noun-list", scene_noun_list),
  TEXT ("scene-objects", scene_objects),
  BOOL ("scene-shapes", scene_shapes),
  BOOL ("augment", augment),
  INT ("max-words", max_words, 1, 10000),
  INT ("max-tokens", max_tokens, 0, 100000),
  BOOL ("truncate", truncate),
  REAL ("mlm-probability", mlm_probability, 0, 1),
  REAL ("mlm-noun-probability", mlm_noun_probability, 0, 1),
  BOOL ("mlm-one-noun", mlm_one_noun),
  INT ("workers", workers, 0, 64),
  BOOL ("distill", distill),
  REAL ("alpha", alpha, 0, 1),
  BOOL ("alpha-warm-up", alpha_warm_up),
  INT ("alpha-steps", alpha_steps, 0, INT_MAX),
  REAL ("momentum", momentum, 0, 1),
  REAL ("clamp-low", clamp_low, 0, 10),
  REAL ("clamp-high", clamp_high, 0, 10),
  REAL ("dropout", dropout, 0, 0.99),
  BOOL ("amc", amc),
  BOOL ("amc-per-sample", amc_per_sample),
  INT ("amc-layer", amc_layer, -1, 1000),
  TEXT ("freeze", freeze),
  REAL ("foils", foils, 0, 1),
  BOOL ("false-negatives", false_negatives),
  REAL ("attention", attention, 0, 1000),
  INT ("attention-layer", attention_layer, 1, 1000),
  BOOL ("mlm-hard", mlm_hard),
  REAL ("none-weight", none_weight, 0, 1),
  INT ("batch", batch, 1, 65536),
  INT ("accumulation", accumulation, 1, 65536),
  INT ("epochs", epochs, 1, 1000000),
  INT ("max-steps", max_steps, 0, INT_MAX),
  INT ("warmup-epochs", warmup_epochs, 0, 1000000),
  INT ("warmup-steps", warmup_steps, 0, INT_MAX),
  REAL ("lr", lr, 0, 100),
  REAL ("min-lr", min_lr, 0, 100),
  REAL ("warmup-lr", warmup_lr, 0, 100),
  BOOL ("by-step", by_step),
  REAL ("weight-decay", decay, 0, 10),
  REAL ("beta1", beta1, 0, 0.9999999),
  REAL ("beta2", beta2, 0, 0.9999999),
  REAL ("clip-norm", clip_norm, 0, 1e9),
  BOOL ("recompute", recompute),
  BOOL ("early-updates", early_updates),
  { "seed", VALUE_SEED, offsetof (TrainConfig, seed), 0, 0 },
  INT ("checkpoint-steps", checkpoint_steps, 0, INT_MAX),
  INT ("keep", keep, 1, 10000),
  INT ("log-steps", log_steps, 1, INT_MAX),
  TEXT ("eval", eval),
  TEXT ("eval-task", eval_task),
  TEXT ("eval-images", eval_images),
  TEXT ("eval-answers", eval_answers),
  TEXT ("eval-annotations", eval_annotations),
  TEXT ("eval-refs", eval_refs),
  TEXT ("eval-instances", eval_instances),
  TEXT ("eval-dets", eval_dets),
  TEXT ("eval-metric", eval_metric),
  INT ("eval-steps", eval_steps, 0, INT_MAX),
  INT ("eval-limit", eval_limit, 0, INT_MAX),
  INT ("eval-k", eval_k, 0, 1000000),
};

enum
{
  N_FIELDS = sizeof fields / sizeof fields[0],
  MAX_FILE = 1 << 20
};

/* The tasks and their official values (configs/ of the release); learning rates stand in schedule.c. */
typedef struct
{
  const char *name, *schedule;
  TrainTask task;
  ModelKind kind;
  int resolution, batch, max_words, max_tokens;
  bool truncate, alpha_warm_up;
  const char *lines; /* further settings; NULL: none */
} Preset;

/* The small model's stages (a recipe, not official): first the image encoder, then, frozen, with the losses of ALBEF and
 * one on the attention; the last with more things in a scene and a lower rate. */
#define MINI                                                                                                           \
  "scene-nouns = 300\nscene-without = twemoji\nqueue = 2048\ndropout = 0\nalpha-steps = 1500\nepochs = 1\nby-step = yes\n"  \
  "warmup-steps = 300\nbeta2 = 0.98\nclip-norm = 1\nbatch = 64\nmax-tokens = 32\ncheckpoint-steps = 250\neval-steps = 500\neval-limit = 100\n"
#define MINI_FUSION                                                                                                    \
  MINI "freeze = visual_encoder.*\nmlm-probability = 0.12\nmlm-noun-probability = 0.4\nmlm-one-noun = yes\nmlm-hard = yes\n" \
       "false-negatives = yes\nattention-layer = 2\nclamp-low = 0.01\nclamp-high = 0.5\n"

static const Preset presets[] = {
  { "pretrain", "Pretrain", TASK_PRETRAIN, MODEL_PRETRAIN, 256, 64, 30, 25, true, true },
  { "retrieval", "Retrieval_flickr", TASK_RETRIEVAL, MODEL_RETRIEVAL, 384, 32, 30, 0, false, true },
  { "grounding", "Grounding", TASK_GROUNDING, MODEL_RETRIEVAL, 384, 32, 30, 0, false, true },
  { "vqa", "VQA", TASK_VQA, MODEL_VQA, 384, 32, 30, 25, true, true },
  { "ve", "VE", TASK_VE, MODEL_VE, 384, 32, 30, 0, false, false },
  { "nlvr2", "NLVR", TASK_NLVR2, MODEL_NLVR2, 384, 16, 30, 0, false, true },
  { "nlvr2-pretrain", "NLVR_pretrain", TASK_NLVR2_PRETRAIN, MODEL_NLVR2_PRETRAIN, 256, 64, 30, 25, true, false, "distill = no\n" },
  { "patches", "Pretrain", TASK_PATCHES, MODEL_PRETRAIN, 0, 64, 30, 25, true, false, "distill = no\nmlm-probability = 0\n" },
  { "mini-image", "Pretrain", TASK_PATCHES, MODEL_PRETRAIN, 0, 64, 30, 25, true, false,
    MINI "distill = no\nlr = 1.2e-3\nscenes-per-epoch = 1000000\n" },
  { "mini-fusion", "Pretrain", TASK_PRETRAIN, MODEL_PRETRAIN, 0, 64, 30, 25, true, true,
    MINI_FUSION "lr = 1e-3\nscenes-per-epoch = 400000\nfoils = 0.5\nattention = 0.5\n" },
  { "mini-last", "Pretrain", TASK_PRETRAIN, MODEL_PRETRAIN, 0, 64, 30, 25, true, true,
    MINI_FUSION "lr = 5e-4\nscenes-per-epoch = 150000\nfoils = 0.55\nattention = 0.4\nscene-objects = .2,.3,.28,.22\n" },
  { "retrieval-coco", "Retrieval_coco", TASK_RETRIEVAL, MODEL_RETRIEVAL, 384, 32, 30, 0, false, true, "eval-k = 256\n" },
};

static const Preset *
find_preset (const char *name)
{
  for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++)
    if (strcmp (presets[i].name, name) == 0)
      return &presets[i];
  return NULL;
}

/* ---------------------------------------------------------------------------------------------------
 * Values
 */

static void
apply_preset (TrainConfig *config, const Preset *preset)
{
  const Schedule *schedule = &schedule_presets[0];

  for (int i = 0; i < schedule_n_presets; i++)
    if (strcmp (schedule_presets[i].name, preset->schedule) == 0)
      schedule = &schedule_presets[i];
  train_config_clear (config);
  *config = (TrainConfig) { .task = preset->task, .resolution = preset->resolution, .temperature = 0.07,
                            .scenes_per_epoch = 64000, .scene_shapes = true, .augment = true,
                            .max_words = preset->max_words, .max_tokens = preset->max_tokens,
                            .truncate = preset->truncate, .workers = 1, .distill = true, .alpha = 0.4,
                            .alpha_warm_up = preset->alpha_warm_up, .momentum = 0.995, .dropout = 0.1, .amc_layer = -1,
                            .batch = preset->batch, .accumulation = 1, .epochs = schedule->epochs,
                            .warmup_epochs = schedule->warmup_epochs, .lr = schedule->lr, .min_lr = schedule->min_lr,
                            .warmup_lr = schedule->warmup_lr, .decay = 0.02, .beta1 = 0.9, .beta2 = 0.999, .seed = 42,
                            .attention_layer = 2, .none_weight = 0.25, .checkpoint_steps = 1000, .keep = 2, .log_steps = 10 };
  if (preset->task == TASK_PRETRAIN)
    {
      config->mlm_probability = 0.15;
      config->clamp_low = 0.001;
      config->clamp_high = 0.5;
    }
  if (preset->lines != NULL)
    train_config_read (config, preset->lines, preset->name, NULL);
}

static void *
place (const TrainConfig *config, const Field *field)
{
  return (char *) config + field->offset;
}

static bool
parse_bool (const char *value, bool *out)
{
  if (strcmp (value, "yes") == 0 || strcmp (value, "true") == 0 || strcmp (value, "1") == 0)
    return *out = true;
  *out = false;
  return strcmp (value, "no") == 0 || strcmp (value, "false") == 0 || strcmp (value, "0") == 0;
}

/* False: the value cannot be used. */
static bool
set_field (TrainConfig *config, const Field *field, const char *value)
{
  void *at = place (config, field);
  char *end = NULL;
  double number;

  errno = 0;
  switch (field->type)
    {
    case VALUE_TEXT:
      /* What a checkpoint could not keep, or a file not give back. */
      if (utf8_validate (value, strlen (value)) != strlen (value) || strpbrk (value, "\n\r") != NULL || *value == '#'
          || strstr (value, " #") != NULL || strstr (value, "\t#") != NULL)
        return false;
      free (*(char **) at);
      *(char **) at = *value != 0 ? mem_strdup (value) : NULL;
      return true;
    case VALUE_BOOL:
      return parse_bool (value, at);
    case VALUE_SEED:
      *(uint64_t *) at = strtoull (value, &end, 10);
      return errno == 0 && end != value && *end == 0 && *value != '-';
    case VALUE_INT:
    case VALUE_REAL:
    default:
      number = strtod (value, &end);
      if (errno != 0 || end == value || *end != 0 || !(number >= field->min && number <= field->max)
          || (field->type == VALUE_INT && number != floor (number)))
        return false;
      if (field->type == VALUE_INT)
        *(int *) at = (int) number;
      else
        *(double *) at = number;
      return true;
    }
}

static AlbefStatus
refuse (const Field *field, const char *value, const char *where, AlbefError *error)
{
  if (field->type == VALUE_TEXT)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "%s: '%s' has to be UTF-8 without line breaks, and no # may begin it or "
                                                   "follow a space; rename what it names", where, field->key);
  if (field->type == VALUE_BOOL)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "%s: '%s' is yes or no, not '%.60s'", where, field->key, value);
  if (field->type == VALUE_SEED)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "%s: '%s' is a whole number from 0, not '%.60s'", where, field->key, value);
  return error_set (error, ALBEF_ERROR_ARGUMENT, "%s: '%s' is a %s from %.10g to %.10g, not '%.60s'", where, field->key,
                    field->type == VALUE_INT ? "whole number" : "number", field->min, field->max, value);
}

/* In place: without spaces around. */
static char *
trim (char *text)
{
  char *end;

  text += strspn (text, " \t\r");
  end = text + strlen (text);
  while (end > text && strchr (" \t\r", end[-1]) != NULL)
    *--end = 0;
  return text;
}

/* Letters to add, drop or change between two short words. */
static int
distance (const char *a, const char *b)
{
  int row[64], n = (int) strlen (b);

  for (int j = 0; j <= n; j++)
    row[j] = j;
  for (int i = 1; *a != 0; a++, i++)
    {
      int corner = row[0];

      row[0] = i;
      for (int j = 1; j <= n; j++)
        {
          int above = row[j], least = corner + (*a != b[j - 1]);

          least = above + 1 < least ? above + 1 : least;
          row[j] = row[j - 1] + 1 < least ? row[j - 1] + 1 : least;
          corner = above;
        }
    }
  return row[n];
}

/* The key that is most like `key`; NULL if none is. */
static const char *
nearest (const char *key)
{
  char cut[61];
  int best = 0, length;

  snprintf (cut, sizeof cut, "%s", key);
  for (int i = 1; i < N_FIELDS; i++)
    if (distance (cut, fields[i].key) < distance (cut, fields[best].key))
      best = i;
  length = (int) strlen (cut);
  return 2 * distance (cut, fields[best].key) <= length + 1 ? fields[best].key : NULL;
}

/* ---------------------------------------------------------------------------------------------------
 * Public
 */

const char *
train_task_name (TrainTask task)
{
  return presets[task].name;
}

bool
train_task_parse (const char *name, TrainTask *task)
{
  const Preset *preset = find_preset (name);

  if (preset == NULL || preset - presets >= TASK_COUNT)
    return false;
  *task = preset->task;
  return true;
}

ModelKind
train_task_kind (TrainTask task)
{
  return presets[task].kind;
}

void
train_config_init (TrainConfig *config, TrainTask task)
{
  memset (config, 0, sizeof *config);
  apply_preset (config, &presets[task]);
}

void
train_config_clear (TrainConfig *config)
{
  for (int i = 0; i < N_FIELDS; i++)
    if (fields[i].type == VALUE_TEXT)
      {
        free (*(char **) place (config, &fields[i]));
        *(char **) place (config, &fields[i]) = NULL;
      }
}

AlbefStatus
train_config_set (TrainConfig *config, const char *key, const char *value, const char *where, AlbefError *error)
{
  const char *like;

  for (int i = 0; i < N_FIELDS; i++)
    if (strcmp (fields[i].key, key) == 0)
      return set_field (config, &fields[i], value) ? ALBEF_OK : refuse (&fields[i], value, where, error);
  like = nearest (key);
  if (like == NULL)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "%s: there is no setting '%.60s'; --show-config lists them", where, key);
  return error_set (error, ALBEF_ERROR_ARGUMENT, "%s: there is no setting '%.60s'; did you mean '%s'?", where, key, like);
}

static AlbefStatus
take_preset (TrainConfig *config, const char *name, bool first, const char *where, AlbefError *error)
{
  const Preset *preset = find_preset (name);

  if (preset == NULL)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "%s: there is no preset '%.60s'", where, name);
  if (!first)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "%s: the preset has to stand before every other setting", where);
  if (preset->task != config->task)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "%s: the preset '%s' is of another task than '%s'", where, name,
                      train_task_name (config->task));
  apply_preset (config, preset);
  return ALBEF_OK;
}

/* "KEY = VALUE", which is cut up. */
static AlbefStatus
take_setting (TrainConfig *config, char *setting, bool first, const char *where, AlbefError *error)
{
  char *equals = strchr (setting, '='), *key, *value;

  if (equals == NULL)
    return error_set (error, ALBEF_ERROR_FORMAT, "%s: '%.60s' is not KEY = VALUE", where, setting);
  *equals = 0;
  key = trim (setting);
  value = trim (equals + 1);
  if (strcmp (key, "preset") == 0)
    return take_preset (config, value, first, where, error);
  return train_config_set (config, key, value, where, error);
}

AlbefStatus
train_config_assign (TrainConfig *config, const char *setting, bool first, AlbefError *error)
{
  char *copy = mem_strdup (setting);
  AlbefStatus status = take_setting (config, copy, first, "--set", error);

  free (copy);
  return status;
}

/* Ends a line where a comment begins. */
static void
drop_comment (char *line)
{
  for (char *at = strchr (line, '#'); at != NULL; at = strchr (at + 1, '#'))
    if (at == line || at[-1] == ' ' || at[-1] == '\t')
      {
        *at = 0;
        return;
      }
}

AlbefStatus
train_config_read (TrainConfig *config, const char *text, const char *name, AlbefError *error)
{
  AlbefStatus status = ALBEF_OK;
  bool first = true;

  for (int number = 1; *text != 0 && status == ALBEF_OK; number++)
    {
      size_t length = strcspn (text, "\n");
      char *line = mem_printf ("%.*s", (int) length, text), *where = mem_printf ("%s line %d", name, number), *at;

      drop_comment (line);
      at = trim (line);
      if (*at != 0)
        {
          status = take_setting (config, at, first, where, error);
          first = false;
        }
      free (line);
      free (where);
      text += length + (text[length] == '\n');
    }
  return status;
}

AlbefStatus
train_config_open (TrainConfig *config, const char *path, AlbefError *error)
{
  char *text = NULL;
  size_t length = 0;
  AlbefStatus status = file_read (path, MAX_FILE, &text, &length, error);

  if (status == ALBEF_OK && strlen (text) != length)
    status = error_set (error, ALBEF_ERROR_FORMAT, "'%s' is no text: it holds a zero byte", path);
  if (status == ALBEF_OK)
    status = train_config_read (config, text, path, error);
  free (text);
  return status;
}

AlbefStatus
train_config_check (const TrainConfig *c, AlbefError *error)
{
  EvalTask eval_task;

#define REFUSE(condition, ...)                                                                                         \
  if (condition)                                                                                                       \
  return error_set (error, ALBEF_ERROR_ARGUMENT, __VA_ARGS__)
  REFUSE ((c->data == NULL) == (c->scenes == NULL), "say what to train on: 'data' (files) or 'scenes' (a folder of pictograms)");
  REFUSE (c->scenes != NULL && c->task != TASK_PRETRAIN && c->task != TASK_RETRIEVAL && c->task != TASK_PATCHES
              && c->task != TASK_NLVR2_PRETRAIN,
          "scenes made on the fly serve patches, pretrain, retrieval and nlvr2-pretrain; write them with albef scenes --tasks and name the lists as 'data'");
  REFUSE (c->init == NULL && c->model == NULL, "say where to start: 'init' (a model file) or 'model' (a config.json of sizes)");
  REFUSE (c->init == NULL && c->vocab == NULL && c->scenes == NULL, "a new model needs 'vocab', a vocab.txt");
  REFUSE (c->init != NULL && (c->model != NULL || c->vocab != NULL), "'init' brings sizes and words: leave 'model' and 'vocab' out");
  REFUSE (c->init != NULL && (c->init_image != NULL || c->init_text != NULL),
          "'init' brings all weights: leave 'init-image' and 'init-text' out, or name 'model' instead of 'init'");
  REFUSE (c->manifest && c->task != TASK_PRETRAIN && c->task != TASK_RETRIEVAL && c->task != TASK_GROUNDING,
          "a manifest serves pretrain, retrieval and grounding");
  REFUSE (c->amc && c->task != TASK_PRETRAIN, "amc is a loss of pretrain");
  REFUSE (c->amc && c->scenes != NULL, "amc takes its regions from 'data' (a manifest, or a list with boxes)");
  REFUSE (c->scenes == NULL && (c->task == TASK_PATCHES || c->attention > 0 || c->false_negatives),
          "patches, 'attention' and 'false-negatives' need to know what is where: name a folder of pictograms as 'scenes'");
  REFUSE (c->task != TASK_PRETRAIN && (c->attention > 0 || c->mlm_hard), "'attention' and 'mlm-hard' go with pretrain");
  REFUSE (c->task != TASK_PRETRAIN && c->task != TASK_RETRIEVAL && c->task != TASK_GROUNDING && (c->foils > 0 || c->false_negatives),
          "'foils' and 'false-negatives' go with pretrain, retrieval and grounding");
  REFUSE (c->attention > 0 && c->amc, "'attention' and 'amc' cannot be had together");
  REFUSE (c->distill && (c->task == TASK_PATCHES || c->task == TASK_NLVR2_PRETRAIN), "%s has no teacher: set 'distill = no'", train_task_name (c->task));
  REFUSE (c->eval != NULL && (c->task == TASK_PATCHES || c->task == TASK_NLVR2_PRETRAIN),
          "%s cannot be evaluated on its own: leave 'eval' out", train_task_name (c->task));
  REFUSE (c->eval_task != NULL && !eval_task_parse (c->eval_task, &eval_task),
          "'eval-task' is one of pointing, retrieval, grounding, vqa, ve and nlvr2, not '%s'", c->eval_task);
  REFUSE (c->early_updates && (c->accumulation != 1 || c->clip_norm > 0),
          "'early-updates' goes with 'accumulation = 1' and 'clip-norm = 0' alone");
  REFUSE (c->clamp_low > c->clamp_high, "'clamp-low' is above 'clamp-high'");
#undef REFUSE
  return ALBEF_OK;
}

/* The shortest digits that give the number back. */
static void
print_real (FILE *out, double value)
{
  char digits[40];
  int precision = 1;

  do
    snprintf (digits, sizeof digits, "%.*g", precision, value);
  while (strtod (digits, NULL) != value && precision++ < 17);
  fputs (digits, out);
}

static char *
print_settings (const TrainConfig *config, bool without_value)
{
  char *buffer = NULL;
  size_t length = 0;
  FILE *out = open_memstream (&buffer, &length);

  for (int i = 0; i < N_FIELDS; i++)
    {
      void *at = place (config, &fields[i]);

      if (fields[i].type == VALUE_TEXT)
        {
          if (*(char **) at != NULL)
            fprintf (out, "%s = %s\n", fields[i].key, *(char **) at);
          else if (without_value)
            fprintf (out, "# %s =\n", fields[i].key);
        }
      else if (fields[i].type == VALUE_INT)
        fprintf (out, "%s = %d\n", fields[i].key, *(int *) at);
      else if (fields[i].type == VALUE_REAL)
        {
          fprintf (out, "%s = ", fields[i].key);
          print_real (out, *(double *) at);
          fputc ('\n', out);
        }
      else if (fields[i].type == VALUE_SEED)
        fprintf (out, "%s = %" PRIu64 "\n", fields[i].key, *(uint64_t *) at);
      else
        fprintf (out, "%s = %s\n", fields[i].key, *(bool *) at ? "yes" : "no");
    }
  fclose (out);
  return buffer;
}

char *
train_config_text (const TrainConfig *config)
{
  return print_settings (config, false);
}

char *
train_config_listing (const TrainConfig *config)
{
  return print_settings (config, true);
}

const char *
train_config_difference (const TrainConfig *a, const TrainConfig *b)
{
  for (int i = 0; i < N_FIELDS; i++)
    {
      const void *x = place (a, &fields[i]), *y = place (b, &fields[i]);
      const char *s, *t;
      bool same;

      switch (fields[i].type)
        {
        case VALUE_TEXT:
          s = *(char *const *) x;
          t = *(char *const *) y;
          same = (s == NULL) == (t == NULL) && (s == NULL || strcmp (s, t) == 0);
          break;
        case VALUE_INT:
          same = *(const int *) x == *(const int *) y;
          break;
        case VALUE_REAL:
          same = *(const double *) x == *(const double *) y;
          break;
        case VALUE_SEED:
          same = *(const uint64_t *) x == *(const uint64_t *) y;
          break;
        default:
          same = *(const bool *) x == *(const bool *) y;
        }
      if (!same)
        return fields[i].key;
    }
  return a->task != b->task ? "task" : NULL;
}
