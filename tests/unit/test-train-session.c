/* SPDX-License-Identifier: MIT
 * Training from settings to a model: the settings themselves, where weights come from, and every task on tiny scenes. */
#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "initial.h"
#include "mapped-file.h"
#include "tiny-run.h"

/* ---------------------------------------------------------------------------------------------------
 * Settings
 */

static void
refused (TrainTask task, const char *lines, const char *word)
{
  AlbefError error = ALBEF_ERROR_INIT;
  TrainConfig config;

  train_config_init (&config, task);
  tap_ok ((train_config_read (&config, lines, "x.conf", &error) != ALBEF_OK || train_config_check (&config, &error) != ALBEF_OK)
              && strstr (error.message, word) != NULL,
          "/settings/refused: %s", error.message);
  train_config_clear (&config);
}

/* The YAML files of the release, and the lengths that its scripts and data sets hold. */
static void
test_presets (void)
{
  static const struct
  {
    TrainTask task;
    const char *preset;
    int resolution, batch, epochs, warmup_epochs;
    double lr, min_lr, warmup_lr;
    bool distill, warm_up;
    int words, tokens;
    bool truncate;
  } official[] = { { TASK_PRETRAIN, "pretrain", 256, 64, 30, 20, 1e-4, 1e-5, 1e-5, true, true, 30, 25, true },
                   { TASK_RETRIEVAL, "retrieval", 384, 32, 10, 1, 1e-5, 1e-6, 1e-5, true, true, 30, 0, false },
                   { TASK_RETRIEVAL, "retrieval-coco", 384, 32, 5, 1, 1e-5, 1e-6, 1e-5, true, true, 30, 0, false },
                   { TASK_GROUNDING, "grounding", 384, 32, 5, 1, 1e-5, 1e-6, 1e-5, true, true, 30, 0, false },
                   { TASK_VQA, "vqa", 384, 32, 8, 4, 2e-5, 1e-6, 1e-5, true, true, 30, 25, true },
                   { TASK_VE, "ve", 384, 32, 5, 1, 2e-5, 1e-6, 1e-5, true, false, 30, 0, false },
                   { TASK_NLVR2, "nlvr2", 384, 16, 10, 1, 2e-5, 1e-6, 1e-5, true, true, 30, 0, false },
                   { TASK_NLVR2_PRETRAIN, "nlvr2-pretrain", 256, 64, 1, 1, 2e-5, 1e-5, 1e-5, false, false, 30, 25, true } };

  for (size_t i = 0; i < sizeof official / sizeof official[0]; i++)
    {
      char *line = mem_printf ("preset = %s\n", official[i].preset);
      AlbefError error = ALBEF_ERROR_INIT;
      bool pretrain = official[i].task == TASK_PRETRAIN;
      TrainConfig c;

      train_config_init (&c, official[i].task);
      tap_ok (train_config_read (&c, line, "test", &error) == ALBEF_OK && c.resolution == official[i].resolution
                  && c.batch == official[i].batch && c.epochs == official[i].epochs
                  && c.warmup_epochs == official[i].warmup_epochs && c.lr == official[i].lr && c.min_lr == official[i].min_lr
                  && c.warmup_lr == official[i].warmup_lr,
              "/presets/%s: resolution, batch and schedule (%s)", official[i].preset, error.message);
      tap_ok (c.distill == official[i].distill && c.alpha_warm_up == official[i].warm_up && c.alpha == 0.4 && c.momentum == 0.995
                  && c.decay == 0.02 && c.beta1 == 0.9 && c.beta2 == 0.999 && c.dropout == 0.1 && c.temperature == 0.07,
              "/presets/%s: distillation and optimizer", official[i].preset);
      tap_ok (c.max_words == official[i].words && c.max_tokens == official[i].tokens && c.truncate == official[i].truncate
                  && c.mlm_probability == (pretrain ? 0.15 : 0) && c.clamp_low == (pretrain ? 0.001 : 0)
                  && c.clamp_high == (pretrain ? 0.5 : 0),
              "/presets/%s: lengths of texts, masking, clamp", official[i].preset);
      tap_ok (c.clip_norm == 0 && c.foils == 0 && !c.false_negatives && c.attention == 0 && !c.mlm_hard && !c.amc && c.freeze == NULL
                  && c.mlm_noun_probability == 0 && !c.recompute && !c.early_updates && c.accumulation == 1 && !c.by_step,
              "/presets/%s: nothing that is not official", official[i].preset);
      train_config_clear (&c);
      free (line);
    }
}

static void
test_settings (void)
{
  static const char lines[] = "# all of it\n\n lr = 0.001 # peak\r\nfreeze=visual_encoder.*, temp\nseed = 18446744073709551615\n"
                              "distill = no\nmodel = a b.json\nscenes=s\n";
  AlbefError error = ALBEF_ERROR_INIT;
  TrainConfig a, b, official;
  char *text, *again;

  train_config_init (&a, TASK_PRETRAIN);
  train_config_init (&b, TASK_PRETRAIN);
  train_config_init (&official, TASK_PRETRAIN);
  tap_ok (official.batch == 64 && official.lr == 1e-4 && official.epochs == 30 && official.warmup_epochs == 20
              && official.mlm_probability == 0.15 && official.resolution == 256 && official.max_tokens == 25
              && official.decay == 0.02 && official.clip_norm == 0,
          "/settings/pre-training's official values");
  tap_ok (train_config_read (&a, lines, "x.conf", &error) == ALBEF_OK && a.lr == 0.001 && !a.distill
              && a.seed == UINT64_MAX && train_config_check (&a, &error) == ALBEF_OK,
          "/settings/read (%s)", error.message);
  tap_equal_text (a.freeze, "visual_encoder.*, temp", "/settings/a list keeps its commas");
  tap_equal_text (a.model, "a b.json", "/settings/a path keeps its spaces");
  text = train_config_text (&a);
  tap_ok (train_config_read (&b, text, "text", &error) == ALBEF_OK && train_config_difference (&a, &b) == NULL,
          "/settings/text and back");
  again = train_config_text (&b);
  tap_equal_text (again, text, "/settings/the same text");
  tap_equal_text (train_config_difference (&a, &official), "model", "/settings/the first difference");
  free (text);
  free (again);
  train_config_clear (&a);
  train_config_clear (&b);
  train_config_clear (&official);

  train_config_init (&a, TASK_RETRIEVAL);
  tap_ok (a.epochs == 10 && train_config_read (&a, "preset = retrieval-coco\nbatch = 4", "x", NULL) == ALBEF_OK
              && a.epochs == 5 && a.batch == 4,
          "/settings/a preset");
  train_config_clear (&a);
  refused (TASK_VQA, "preset = retrieval-coco\n", "another task");
  refused (TASK_RETRIEVAL, "batch = 4\npreset = retrieval-coco\n", "before");
  refused (TASK_PRETRAIN, "batch = 4\nlr = fast\n", "x.conf line 2");
  refused (TASK_PRETRAIN, "batch = 2.5\n", "whole number");
  refused (TASK_PRETRAIN, "dropout = nan\n", "dropout");
  refused (TASK_PRETRAIN, "distill = maybe\n", "yes or no");
  refused (TASK_PRETRAIN, "colour = red\n", "no setting 'colour'");
  refused (TASK_PRETRAIN, "accumulatoin = 2\n", "did you mean 'accumulation'?");
  refused (TASK_PRETRAIN, "learning-rate = 2\nlr=1\n", "--show-config lists them");
  refused (TASK_PRETRAIN, "data = a\ninit = b\neval = c\neval-task = guess\n", "eval-task");
  refused (TASK_PATCHES, "scenes = a\ninit = b\neval = c\n", "patches cannot be evaluated");
  refused (TASK_PRETRAIN, "batch 4\n", "KEY = VALUE");
  refused (TASK_PRETRAIN, "init = a\n", "what to train on");
  refused (TASK_PRETRAIN, "data = a\n", "where to start");
  refused (TASK_VQA, "scenes = a\ninit = b\n", "albef scenes");
}

/* ---------------------------------------------------------------------------------------------------
 * Runs
 */

static volatile sig_atomic_t stop;
static int64_t stop_at;
static double last_loss, first_loss;

static void
see (void *user_data, const TrainProgress *progress)
{
  (void) user_data;
  if (progress->at.step == 1)
    first_loss = progress->loss;
  last_loss = progress->loss;
  if (progress->at.step == stop_at)
    stop = 1;
}

static int evaluations, best_ones;
static double last_value;
static char last_metric[80];

static void
see_evaluation (void *user_data, const TrainEvaluation *evaluation)
{
  (void) user_data;
  evaluations++;
  best_ones += evaluation->best;
  last_value = evaluation->value;
  snprintf (last_metric, sizeof last_metric, "%s", evaluation->metric);
}

/* Begins (config) or goes on (NULL) in folder/name, until `end` steps (0: the end). True: finished. */
static bool
go (const TrainConfig *config, const char *name, int64_t end, AlbefError *error)
{
  TrainPlace place = { .device = "cpu", .threads = 1, .command = "test" };
  char *out = mem_printf ("%s/%s", folder, name);
  TrainWatch watch = { .stop = &stop, .progress = see, .evaluated = see_evaluation };
  TrainSession *session = NULL;
  bool finished = false;
  AlbefStatus status = config != NULL ? train_session_begin (config, out, &place, &session, error)
                                      : train_session_resume (NULL, out, &place, &session, error);

  stop = 0;
  stop_at = end;
  if (status == ALBEF_OK)
    status = train_session_run (session, &watch, &finished, error);
  train_session_free (session);
  free (out);
  return status == ALBEF_OK && finished;
}

static char *
bytes_of (const char *name, size_t *length)
{
  char *path = mem_printf ("%s/%s", folder, name), *bytes = NULL;

  if (file_read (path, 64 << 20, &bytes, length, NULL) != ALBEF_OK)
    bytes = NULL;
  free (path);
  return bytes;
}

static void
test_scenes_run (void)
{
  AlbefError error = ALBEF_ERROR_INIT;
  TrainConfig config;
  char *a, *b;
  size_t n = 0, m = 0;

  train_config_init (&config, TASK_PRETRAIN);
  set (&config, "model = @/model.json\nscenes = @/sprites\nresolution = 32\nqueue = 20\nbatch = 4\naccumulation = 2\n"
                "scenes-per-epoch = 26\nepochs = 2\nworkers = 2\nby-step = yes\nlr = 2e-3\nclip-norm = 1\n"
                "mlm-noun-probability = 0.4\nmlm-one-noun = yes\ncheckpoint-steps = 2\nname = tiny\n");
  tap_ok (go (&config, "whole", 0, &error), "/scenes/in one go (%s)", error.message);
  tap_ok (!go (&config, "pieces", 1, &error) && !go (NULL, "pieces", 3, &error) && go (NULL, "pieces", 0, &error),
          "/scenes/in three pieces (%s)", error.message);
  a = bytes_of ("whole/checkpoint-00000006.safetensors", &n);
  b = bytes_of ("pieces/checkpoint-00000006.safetensors", &m);
  tap_ok (a != NULL && b != NULL && n == m && memcmp (a, b, n) == 0, "/scenes/the same %zu bytes", n);
  free (a);
  free (b);
  tap_ok (!go (&config, "whole", 0, &error) && strstr (error.message, "--resume") != NULL, "/scenes/not begun twice (%s)",
          error.message);
  tap_ok (!go (NULL, "nowhere", 0, &error), "/scenes/nothing to go on from (%s)", error.message);
  train_config_clear (&config);
}

/* The stages of the small model: patches, then the fusion with everything that is not official; and text assignment. */
static void
test_recipe (void)
{
  static const char fusion[] = "init = @/patches/model.safetensors\nscenes = @/sprites\nqueue = 20\nbatch = 4\nscenes-per-epoch = 40\n"
                               "epochs = 1\nworkers = 1\nby-step = yes\nwarmup-steps = 1\nlr = 2e-3\nclip-norm = 1\n"
                               "freeze = visual_encoder.*\nfoils = 0.5\nfalse-negatives = yes\nattention = 0.5\nattention-layer = 1\n"
                               "mlm-hard = yes\ncheckpoint-steps = 1\nkeep = 20\nname = tiny\n";
  AlbefError error = ALBEF_ERROR_INIT;
  TrainConfig config;
  char *a, *b;
  size_t n = 0, m = 0;
  bool done;

  train_config_init (&config, TASK_PATCHES);
  set (&config, "model = @/model.json\nscenes = @/sprites\nresolution = 32\nbatch = 8\nscenes-per-epoch = 240\nepochs = 1\n"
                "workers = 1\nby-step = yes\nwarmup-steps = 2\nlr = 5e-3\nqueue = 20\nname = tiny\n");
  done = go (&config, "patches", 0, &error);
  tap_ok (done && last_loss < first_loss, "/recipe/patch labels are learned: %.3f to %.3f (%s)", first_loss, last_loss,
          error.message);
  tap_ok (!go (&config, "patch-pieces", 7, &error) && go (NULL, "patch-pieces", 0, &error), "/recipe/patch labels in two pieces (%s)", error.message);
  a = bytes_of ("patches/checkpoint-00000030.safetensors", &n);
  b = bytes_of ("patch-pieces/checkpoint-00000030.safetensors", &m);
  tap_ok (a != NULL && b != NULL && n == m && memcmp (a, b, n) == 0, "/recipe/patch labels: the same %zu bytes, head and moments too", n);
  free (a);
  free (b);
  train_config_clear (&config);

  train_config_init (&config, TASK_PRETRAIN);
  set (&config, fusion);
  done = go (&config, "fusion", 0, &error);
  tap_ok (done && last_loss < first_loss, "/recipe/fusion: %.3f to %.3f (%s)", first_loss, last_loss, error.message);
  tap_ok (!go (&config, "fusion-pieces", 3, &error) && !go (NULL, "fusion-pieces", 8, &error) && go (NULL, "fusion-pieces", 0, &error),
          "/recipe/fusion in three pieces (%s)", error.message);
  a = bytes_of ("fusion/checkpoint-00000010.safetensors", &n);
  b = bytes_of ("fusion-pieces/checkpoint-00000010.safetensors", &m);
  /* Also says that the nouns in the queues are found again. */
  tap_ok (a != NULL && b != NULL && n == m && memcmp (a, b, n) == 0, "/recipe/fusion: the same %zu bytes", n);
  free (a);
  free (b);
  train_config_clear (&config);

  train_config_init (&config, TASK_NLVR2_PRETRAIN);
  set (&config, "init = @/patches/model.safetensors\nscenes = @/sprites\nresolution = 32\nbatch = 4\nscenes-per-epoch = 24\nepochs = 1\nworkers = 0\n"
                "distill = no\nname = tiny\n");
  done = go (&config, "assignment", 0, &error);
  tap_ok (done && isfinite (last_loss), "/recipe/text assignment: %.3f (%s)", last_loss, error.message);
  train_config_clear (&config);
}

/* What lies behind the header of a safetensors file. */
static bool
same_data (const char *a, size_t n, const char *b, size_t m)
{
  uint64_t x, y;

  if (a == NULL || b == NULL || n < 8 || m < 8)
    return false;
  memcpy (&x, a, 8);
  memcpy (&y, b, 8);
  return n - x == m - y && memcmp (a + 8 + x, b + 8 + y, n - 8 - x) == 0;
}

/* A run that is evaluated every second step ends with the weights, moments and queues of one that is not. */
static void
test_evaluated_run (void)
{
  static const char lines[] = "init = @/patches/model.safetensors\nscenes = @/sprites\nresolution = 32\nqueue = 20\nbatch = 4\n"
                              "scenes-per-epoch = 32\nepochs = 1\nworkers = 1\nby-step = yes\nlr = 5e-3\nlog-steps = 1\nname = tiny\n"
                              "checkpoint-steps = 3\n";
  char *sprites = mem_printf ("%s/sprites", folder), *held_out = mem_printf ("%s/held-out", folder);
  SceneFilesOptions files = { .n = 6, .seed = 9 };
  SceneOptions scenes = { .size = 32 };
  AlbefError error = ALBEF_ERROR_INIT;
  SceneSource *source = NULL;
  TrainConfig config;
  char *a, *b, *best;
  size_t n = 0, m = 0, k = 0;

  if (scene_source_open (sprites, &scenes, &source, &error) != ALBEF_OK
      || scenes_write (source, held_out, &files, NULL, NULL, &error) != ALBEF_OK)
    tap_ok (false, "/evaluation/scenes (%s)", error.message);
  scene_source_free (source);
  train_config_init (&config, TASK_PRETRAIN);
  set (&config, lines);
  tap_ok (go (&config, "blind", 0, &error), "/evaluation/a run without (%s)", error.message);
  evaluations = best_ones = 0;
  set (&config, "eval = @/held-out/scenes.json\neval-steps = 2\neval-limit = 5\n");
  tap_ok (go (&config, "seeing", 0, &error) && evaluations == 4 && best_ones >= 1 && strcmp (last_metric, "pointing_1") == 0
              && last_value >= 0 && last_value <= 1,
          "/evaluation/a run with four (%s)", error.message);
  a = bytes_of ("blind/checkpoint-00000008.safetensors", &n);
  b = bytes_of ("seeing/checkpoint-00000008.safetensors", &m);
  tap_ok (same_data (a, n, b, m), "/evaluation/the same weights, moments and queues");
  free (b);
  best = bytes_of ("seeing/best.safetensors", &k);
  tap_ok (best != NULL, "/evaluation/the best is kept");
  free (best);
  evaluations = 0;
  tap_ok (!go (&config, "seeing-pieces", 5, &error) && go (NULL, "seeing-pieces", 0, &error) && evaluations == 4,
          "/evaluation/in two pieces (%s)", error.message);
  b = bytes_of ("seeing-pieces/checkpoint-00000008.safetensors", &m);
  tap_ok (same_data (a, n, b, m), "/evaluation/in two pieces: the same");
  free (b);
  b = bytes_of ("seeing/best.json", &n);
  best = bytes_of ("seeing-pieces/best.json", &k);
  tap_ok (b != NULL && best != NULL && strcmp (b, best) == 0, "/evaluation/the best is the same one");
  free (b);
  free (best);
  set (&config, "eval-metric = nonsense\n");
  tap_ok (!go (&config, "nonsense", 0, &error) && strstr (error.message, "nonsense") != NULL, "/evaluation/an unknown figure (%s)",
          error.message);
  error = (AlbefError) ALBEF_ERROR_INIT;
  set (&config, "eval = @/nowhere.json\n");
  tap_ok (!go (&config, "nowhere-run", 0, &error) && strstr (error.message, "nowhere.json") != NULL,
          "/evaluation/a missing file is said at the start (%s)", error.message);
  train_config_clear (&config);
  free (a);
  free (sprites);
  free (held_out);
}

/* Other pictograms: another run. */
static void
test_other_data (void)
{
  AlbefError error = ALBEF_ERROR_INIT;
  char *extra = mem_printf ("%s/sprites/nouns.tsv", folder), *text = NULL;
  size_t length = 0;

  if (file_read (extra, 1 << 20, &text, &length, NULL) != ALBEF_OK)
    abort ();
  text[strlen (text) - strlen ("boat\t\t\t\t\t\tflat\n")] = 0; /* one noun less */
  write_file ("sprites/nouns.tsv", text);
  tap_ok (!go (NULL, "pieces", 0, &error) && error.status == ALBEF_ERROR_MISMATCH, "/scenes/other data are refused (%s)",
          error.message);
  free (text);
  free (extra);
}

/* Every task from the model made above: two steps on lists. */
static void
test_tasks (void)
{
  static const struct
  {
    TrainTask task;
    const char *lines;
  } tasks[] = { { TASK_RETRIEVAL, "data = @/lists/retrieval_train.json\neval = @/lists/retrieval_test.json\n" },
                { TASK_GROUNDING, "data = @/lists/grounding_train.json\n" },
                { TASK_VQA, "data = @/lists/vqa_train.json\neval = @/lists/vqa_test.json\neval-answers = @/lists/answer_list.json\n" },
                { TASK_VE, "data = @/lists/ve_train.json\neval = @/lists/ve_test.json\n" },
                { TASK_NLVR2, "data = @/lists/nlvr_train.json\neval = @/lists/nlvr_test.json\n" },
                { TASK_PRETRAIN, "data = @/lists/pretrain.json\nqueue = 20\n" },
                { TASK_PRETRAIN, "data = @/lists/manifest.jsonl\nmanifest = yes\namc = yes\namc-layer = 1\n"
                                 "amc-per-sample = yes\n" } };
  AlbefError error = ALBEF_ERROR_INIT;

  make_lists (24, 6, 32);
  for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++)
    {
      TrainConfig config;
      char name[16];
      bool done;

      error = (AlbefError) ALBEF_ERROR_INIT;
      evaluations = 0;
      snprintf (name, sizeof name, "task%zu", i);
      train_config_init (&config, tasks[i].task);
      set (&config, "init = @/whole/model.safetensors\nimages = @/lists\nresolution = 32\nbatch = 4\nmax-steps = 2\n");
      set (&config, tasks[i].lines);
      done = go (&config, name, 0, &error);
      tap_ok (done && isfinite (first_loss) && isfinite (last_loss) && last_loss != first_loss,
              "/tasks/%s: %g, %g (%s)", train_task_name (tasks[i].task), first_loss, last_loss, error.message);
      if (config.eval != NULL)
        tap_ok (evaluations == 1 && last_value >= 0 && last_value <= 1, "/tasks/%s evaluated: %s %g",
                train_task_name (tasks[i].task), last_metric, last_value);
      train_config_clear (&config);
    }
}

/* The settings that take less memory change no bit, of every task; AMC's gradients of gradients among them. */
static void
test_less_memory (void)
{
  static const struct
  {
    TrainTask task;
    const char *lines;
  } tasks[] = { { TASK_RETRIEVAL, "data = @/lists/retrieval_train.json\n" },
                { TASK_VQA, "data = @/lists/vqa_train.json\n" },
                { TASK_NLVR2, "data = @/lists/nlvr_train.json\n" },
                { TASK_PRETRAIN, "data = @/lists/manifest.jsonl\nmanifest = yes\namc = yes\namc-layer = 1\n" } };

  for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++)
    {
      char *bytes[2] = { NULL, NULL };
      AlbefError error = ALBEF_ERROR_INIT;
      size_t lengths[2] = { 0, 0 };

      for (int way = 0; way < 2; way++)
        {
          char *out = mem_printf ("less%zu-%d", i, way), *file = mem_printf ("%s/checkpoint-00000002.safetensors", out);
          TrainConfig config;

          train_config_init (&config, tasks[i].task);
          set (&config, "init = @/whole/model.safetensors\nimages = @/lists\nresolution = 32\nbatch = 4\nmax-steps = 2\n");
          set (&config, tasks[i].lines);
          if (way == 1)
            set (&config, "recompute = yes\nearly-updates = yes\n");
          if (!go (&config, out, 0, &error))
            tap_note ("%s", error.message);
          bytes[way] = bytes_of (file, &lengths[way]);
          train_config_clear (&config);
          free (out);
          free (file);
        }
      tap_ok (same_data (bytes[0], lengths[0], bytes[1], lengths[1]), "/less memory/%s: the same weights",
              train_task_name (tasks[i].task));
      free (bytes[0]);
      free (bytes[1]);
    }
}

/* ---------------------------------------------------------------------------------------------------
 * Official starts
 */

static bool
holds (const Initial *initial, const char *line)
{
  const char *at = strstr (initial_lines (initial), line);

  return at != NULL && (at == initial_lines (initial) || at[-1] == '\n') && at[strlen (line)] == '\n';
}

/* The same values under two names, in the source of a run and in the file. */
static bool
same_values (Initial *initial, WeightSet *file, const char *name, const char *in_file, int64_t rows, int64_t columns)
{
  ParameterSource source = initial_source (initial);
  int64_t shape[] = { rows, columns };
  const float *mapped[2] = { NULL, NULL };
  float *copied[2] = { NULL, NULL };
  bool same = source.has (source.user_data, name)
              && source.get (source.user_data, name, 2, shape, &mapped[0], &copied[0], NULL) == ALBEF_OK
              && weight_set_get (file, in_file, 2, shape, &mapped[1], &copied[1], NULL) == ALBEF_OK
              && memcmp (mapped[0] != NULL ? mapped[0] : copied[0], mapped[1] != NULL ? mapped[1] : copied[1],
                         (size_t) (rows * columns) * sizeof (float))
                     == 0;

  free (copied[0]);
  free (copied[1]);
  return same;
}

static void
test_starts (void)
{
  char *path = mem_printf ("%s/whole/checkpoint-00000006.safetensors", folder);
  WeightSetOptions options = { .allow_incomplete = true };
  AlbefError error = ALBEF_ERROR_INIT;
  WeightSet *file = NULL;
  ModelConfig config;
  Initial *initial;
  int same, moved, fresh;

  if (weight_set_open (path, &options, &file, NULL, &error) != ALBEF_OK)
    tap_ok (false, "/starts/file (%s)", error.message);
  config = initial_config (weight_set_config (file), MODEL_VQA);
  initial = initial_new (file, NULL, &config, 1);
  initial_counts (initial, &same, &moved, &fresh);
  tap_ok (fresh == 0 && moved > 30, "/starts/vqa: nothing is new, %d under another name", moved);
#define QUERY(stack, layer, part) stack ".bert.encoder.layer." layer "." part ".self.query.weight"
  tap_ok (holds (initial, QUERY ("text_decoder", "1", "attention") " <- " QUERY ("text_encoder", "2", "attention")),
          "/starts/vqa: decoder layers are the fusion layers");
  tap_ok (holds (initial, QUERY ("text_decoder_m", "0", "crossattention") " <- " QUERY ("text_encoder_m", "1", "crossattention")),
          "/starts/vqa: the decoder's twin is from the encoder's twin");
  tap_ok (same_values (initial, file, QUERY ("text_decoder_m", "0", "attention"), QUERY ("text_encoder_m", "1", "attention"), 16, 16)
              && !same_values (initial, file, QUERY ("text_decoder_m", "0", "attention"), QUERY ("text_encoder", "1", "attention"), 16, 16),
          "/starts/vqa: its values too, not the model's");
  initial_free (initial);

  config = initial_config (weight_set_config (file), MODEL_NLVR2);
  initial = initial_new (file, NULL, &config, 1);
  initial_counts (initial, &same, &moved, &fresh);
  tap_ok (fresh == 4 && holds (initial, "cls_head.0.weight new") && holds (initial, "cls_head.2.bias new"),
          "/starts/nlvr2: the classifier alone is new (%d)", fresh);
  tap_ok (holds (initial, QUERY ("text_encoder", "0", "attention")) && holds (initial, QUERY ("text_encoder", "1", "attention"))
              && holds (initial, QUERY ("text_encoder", "2", "attention") " <- " QUERY ("text_encoder", "1", "attention"))
              && holds (initial, QUERY ("text_encoder", "3", "attention") " <- " QUERY ("text_encoder", "2", "attention"))
              && holds (initial, QUERY ("text_encoder", "4", "attention") " <- " QUERY ("text_encoder", "2", "attention")),
          "/starts/nlvr2: each fusion layer twice");
  tap_ok (strstr (initial_lines (initial), "_m.") == NULL, "/starts/nlvr2: no twin of the file is used");
  initial_free (initial);

  config = initial_config (weight_set_config (file), MODEL_NLVR2_PRETRAIN);
  initial = initial_new (file, NULL, &config, 1);
  initial_counts (initial, &same, &moved, &fresh);
  tap_ok (fresh == 2 && holds (initial, "ta_head.weight new") && strstr (initial_lines (initial), "_m.") == NULL
              && holds (initial, QUERY ("text_encoder", "4", "crossattention") " <- " QUERY ("text_encoder", "2", "crossattention")),
          "/starts/nlvr2-pretrain: fusion layers twice, the assignment's head alone is new (%d)", fresh);
  initial_free (initial);

  config = initial_config (weight_set_config (file), MODEL_RETRIEVAL);
  initial = initial_new (file, NULL, &config, 1);
  tap_ok (holds (initial, "image_queue") && strstr (initial_lines (initial), "new\n") == NULL
              && strstr (initial_lines (initial), "cls.predictions") == NULL,
          "/starts/retrieval: queues with it, no MLM head");
  initial_free (initial);
  config.queue_size = 24;
  initial = initial_new (file, NULL, &config, 1);
  tap_ok (!holds (initial, "image_queue"), "/starts/retrieval: queues of another size are not used");
  initial_free (initial);
  weight_set_free (file);
  free (path);
}

int
main (void)
{
  char *command;

  snprintf (folder, sizeof folder, "/tmp/albef-session-XXXXXX");
  if (mkdtemp (folder) == NULL)
    return tap_ok (false, "/session/set up"), tap_done ();
  make_pictograms ();
  test_presets ();
  test_settings ();
  test_scenes_run ();
  test_recipe ();
  test_evaluated_run ();
  test_tasks ();
  test_less_memory ();
  test_starts ();
  test_other_data ();
  command = mem_printf ("rm -rf %s", folder);
  if (system (command) != 0)
    tap_note ("%s stays", folder);
  free (command);
  return tap_done ();
}
