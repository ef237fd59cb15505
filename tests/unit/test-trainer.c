/* SPDX-License-Identifier: MIT
 * The trainer: what a checkpoint holds and gives back, a run in one go against one in pieces, clipping, freezing, what
 * ends a run. */
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "micro-run.h"
#include "weight-set.h"

static char folder[64];

static char *
path_of (const char *name)
{
  return mem_printf ("%s/%s", folder, name);
}

/* Every bit of the tensor; the caller frees. */
static void *
bits_of (const Tensor *tensor, size_t *bytes)
{
  void *bits;

  *bytes = (size_t) tensor_numel (tensor) * 4;
  bits = mem_new0 (*bytes + 1, 1);
  tensor_to_host (tensor, bits);
  return bits;
}

static bool
same_tensor (const Tensor *a, const Tensor *b)
{
  size_t n, m;
  void *x, *y;
  bool same;

  if (a == NULL || b == NULL)
    return a == b;
  x = bits_of (a, &n);
  y = bits_of (b, &m);
  same = n == m && memcmp (x, y, n) == 0;
  free (x);
  free (y);
  return same;
}

/* First tensor that differs; NULL: none does. */
static const char *
first_difference (const Learner *a, const Learner *b)
{
  if (a->n_parameters != b->n_parameters || (a->twin != NULL) != (b->twin != NULL))
    return "the number of parameters";
  for (int i = 0; i < a->n_parameters; i++)
    if (!same_tensor (a->parameters[i].weight, b->parameters[i].weight) || !same_tensor (a->parameters[i].m, b->parameters[i].m)
        || !same_tensor (a->parameters[i].v, b->parameters[i].v))
      return a->parameters[i].name;
  for (int i = 0; a->twin != NULL && i < a->twin->n_owned; i++)
    if (!same_tensor (a->twin->owned[i], b->twin->owned[i]))
      return a->twin->names[i];
  if (!same_tensor (a->image_queue, b->image_queue) || !same_tensor (a->text_queue, b->text_queue))
    return "the queues";
  if (!same_tensor (a->queue_pointer, b->queue_pointer) || !same_tensor (a->text_pointer, b->text_pointer)
      || !same_tensor (a->id_queue, b->id_queue))
    return "the queues' pointers";
  return NULL;
}

/* Steps on from *at until `max_steps` in all. */
static AlbefStatus
go_on (Learner *learner, TrainPosition *at, int64_t max_steps, RunFolder *runs, AlbefError *error)
{
  static MicroBatches batches;
  TrainRule rule = micro_rule ();
  BatchSource source = { micro_next, &batches };
  TrainRun run = { .folder = runs };

  batches = (MicroBatches) { 0 };
  rule.max_steps = max_steps;
  return trainer_run (learner, &rule, &source, at, &run, error);
}

static void
test_checkpoint (Backend *backend)
{
  static const CheckpointTexts texts = { .name = "micro", .vocab = "[PAD]\n[CLS]\n[UNK]\n[MASK]\na\nb\nc\nd\ne\nf\ng\n",
                                         .vocab_length = 38, .settings = "task = pretrain\n", .provenance = "{}" };
  TrainPosition at = { .seed = UINT64_MAX - 2 };
  AlbefError error = ALBEF_ERROR_INIT;
  Learner *learner = micro_learner (backend), *back = NULL;
  char *path = path_of ("one.safetensors"), *model = path_of ("model.safetensors");
  Checkpoint *checkpoint = NULL;
  AlbefReport *report = NULL;
  WeightSet *set = NULL;
  const char *differs;

  tap_ok (go_on (learner, &at, 3, NULL, &error) == ALBEF_OK, "/checkpoint/three steps (%s)", error.message);
  tap_ok (checkpoint_save (path, learner, &at, &texts, &error) == ALBEF_OK, "/checkpoint/saved (%s)", error.message);
  tap_ok (checkpoint_open (path, &checkpoint, &error) == ALBEF_OK, "/checkpoint/opened (%s)", error.message);
  if (checkpoint == NULL || checkpoint_learner (checkpoint, backend, &back, &error) != ALBEF_OK)
    tap_ok (false, "/checkpoint/a learner (%s)", error.message);
  else
    {
      differs = first_difference (learner, back);
      tap_ok (differs == NULL, "/checkpoint/bit for bit (%s)", differs != NULL ? differs : "all");
      tap_ok (memcmp (checkpoint_position (checkpoint), &at, sizeof at) == 0, "/checkpoint/position");
      tap_ok (at.step == 3 && at.batches == 6 && at.position == 3 && at.epoch == 0, "/checkpoint/position counts");
      tap_equal_text (checkpoint_texts (checkpoint)->settings, texts.settings, "/checkpoint/settings");
      tap_ok (checkpoint_texts (checkpoint)->vocab_length == 38
                  && memcmp (checkpoint_texts (checkpoint)->vocab, texts.vocab, 38) == 0,
              "/checkpoint/vocabulary");
      /* A tensor that is off by one bit is seen. */
      learner_set (back->model->temp, 0.3f);
      tap_ok (first_difference (learner, back) != NULL, "/checkpoint/the comparison sees a difference");
    }
  tap_ok (weight_set_open (path, NULL, &set, &report, &error) == ALBEF_OK && report->n_entries[ALBEF_REPORT_UNEXPECTED] == 0,
          "/checkpoint/opens as a model without unexpected names (%s)", error.message);
  weight_set_free (set);
  albef_report_free (report);
  checkpoint_close (checkpoint);
  checkpoint = NULL;
  tap_ok (checkpoint_save (model, learner, NULL, &texts, &error) == ALBEF_OK
              && checkpoint_open (model, &checkpoint, &error) == ALBEF_ERROR_FORMAT,
          "/checkpoint/a model alone is no checkpoint (%s)", error.message);
  learner_free (learner);
  learner_free (back);
  free (path);
  free (model);
}

/* In one go; and in pieces, each from the checkpoint of the one before. */
static void
test_resume (Backend *backend, const char *name)
{
  Learner *whole = micro_learner (backend), *start = micro_learner (backend), *piece = micro_learner (backend);
  TrainPosition all = { .seed = 11 }, at = { .seed = 11 };
  AlbefError error = ALBEF_ERROR_INIT;
  char *path = path_of ("piece.safetensors");
  static const CheckpointTexts texts = { .name = "micro" };
  static const int64_t ends[] = { 1, 3, 4, 9, 0 };
  const char *differs;

  tap_ok (go_on (whole, &all, 0, NULL, &error) == ALBEF_OK && all.step == 12 && all.epoch == 3,
          "/resume/%s/in one go, 12 steps (%s)", name, error.message);
  for (int i = 0; i < 5; i++)
    {
      Checkpoint *checkpoint = NULL;
      AlbefStatus status = go_on (piece, &at, ends[i], NULL, &error);

      if (status == ALBEF_OK)
        status = checkpoint_save (path, piece, &at, &texts, &error);
      learner_free (piece);
      piece = NULL;
      if (status == ALBEF_OK)
        status = checkpoint_open (path, &checkpoint, &error);
      if (status == ALBEF_OK)
        status = checkpoint_learner (checkpoint, backend, &piece, &error);
      if (status != ALBEF_OK)
        {
          tap_ok (false, "/resume/%s/piece %d (%s)", name, i, error.message);
          break;
        }
      at = *checkpoint_position (checkpoint);
      checkpoint_close (checkpoint);
    }
  if (piece != NULL)
    {
      differs = first_difference (whole, piece);
      tap_ok (at.step == 12 && differs == NULL, "/resume/%s/the same bits (%s)", name, differs != NULL ? differs : "all");
    }
  tap_ok (first_difference (whole, start) != NULL, "/resume/%s/training changes something", name);
  learner_free (whole);
  learner_free (start);
  learner_free (piece);
  free (path);
}

/* Another seed: other dropout, other weights. */
static void
test_seed (Backend *backend)
{
  Learner *a = micro_learner (backend), *b = micro_learner (backend);
  TrainPosition at_a = { .seed = 1 }, at_b = { .seed = 2 };

  go_on (a, &at_a, 1, NULL, NULL);
  go_on (b, &at_b, 1, NULL, NULL);
  tap_ok (first_difference (a, b) != NULL, "/seed/dropout depends on it");
  learner_free (a);
  learner_free (b);
}

static void
test_freeze (Backend *backend)
{
  Learner *learner = micro_learner (backend), *start = micro_learner (backend);
  TrainPosition at = { .seed = 1 };
  AlbefError error = ALBEF_ERROR_INIT;
  int frozen = 0, moved_frozen = 0, still = 0;

  tap_ok (trainer_freeze (learner, "visual_encoder.*, temp", &error) == ALBEF_OK, "/freeze/patterns");
  go_on (learner, &at, 2, NULL, NULL);
  for (int i = 0; i < learner->n_parameters; i++)
    {
      const Parameter *p = &learner->parameters[i];
      bool same = same_tensor (p->weight, start->parameters[i].weight);
      bool wanted = strncmp (p->name, "visual_encoder.", 15) == 0;

      frozen += wanted;
      moved_frozen += wanted && !same;
      still += !wanted && strncmp (p->name, "text_encoder.bert.encoder.layer.0.output", 40) == 0 && same;
    }
  tap_ok (frozen > 10 && moved_frozen == 0, "/freeze/%d frozen ones stay", frozen);
  tap_ok (still == 0, "/freeze/the others move");
  tap_ok (trainer_freeze (learner, "visual_encodr.*", &error) == ALBEF_ERROR_ARGUMENT, "/freeze/a pattern without use (%s)",
          error.message);
  learner_free (learner);
  learner_free (start);
}

static void
see_progress (void *user_data, const TrainProgress *progress)
{
  *(TrainProgress *) user_data = *progress;
}

/* Clipping scales all gradients alike: with a small norm Adam's first moment is small in proportion. */
static void
test_clip (Backend *backend)
{
  Learner *free_run = micro_learner (backend), *clipped = micro_learner (backend);
  TrainRule rule = micro_rule ();
  static MicroBatches batches;
  BatchSource source = { micro_next, &batches };
  TrainProgress seen = { 0 };
  TrainRun run = { .progress = see_progress, .user_data = &seen };
  TrainPosition at = { .seed = 1 };
  double largest = 0, sum = 0;

  rule.max_steps = 1;
  trainer_run (free_run, &rule, &source, &at, &run, NULL);
  at = (TrainPosition) { .seed = 1 };
  rule.clip_norm = 0.01;
  trainer_run (clipped, &rule, &source, &at, &run, NULL);
  for (int i = 0; i < clipped->n_parameters; i++)
    {
      Parameter *a = &free_run->parameters[i], *b = &clipped->parameters[i];
      size_t bytes;
      float *x, *y;

      if (a->m == NULL)
        continue;
      x = bits_of (a->m, &bytes);
      y = bits_of (b->m, &bytes);
      for (size_t k = 0; k < bytes / 4; k++)
        {
          largest = fmax (largest, fabs (x[k] * 0.01 / seen.norm - y[k]));
          sum += (double) y[k] * y[k];
        }
      free (x);
      free (y);
    }
  /* m = 0.1 g after one step. */
  tap_near (sqrt (sum), 0.001, 1e-7, "/clip/the norm after clipping");
  tap_ok (seen.norm > 0.02 && largest < 1e-8, "/clip/all gradients alike (norm %g, difference %g)", seen.norm, largest);
  tap_ok (isfinite (seen.loss) && fabs (seen.loss - seen.itc - seen.itm - seen.mlm) < 1e-5 && isnan (seen.amc),
          "/progress/losses add up");
  learner_free (free_run);
  learner_free (clipped);
}

/* Less memory, the same bits: blocks computed twice, weights changed during the walk back, both. */
static void
test_small (Backend *backend, const char *name)
{
  static const char *const ways[] = { "as ever", "recompute", "early updates", "both" };
  Learner *usual = NULL;
  AlbefError error = ALBEF_ERROR_INIT;
  static MicroBatches batches;
  BatchSource source = { micro_next, &batches };
  TrainRun run = { .folder = NULL };
  TrainRule rule = micro_rule ();

  rule.accumulation = 1;
  rule.max_steps = 5;
  for (int way = 0; way < 4; way++)
    {
      Learner *learner = micro_learner (backend);
      TrainPosition at = { .seed = 4 };
      const char *differs = "the run";

      batches = (MicroBatches) { 0 };
      rule.recompute = way & 1;
      rule.early_updates = way & 2;
      if (trainer_run (learner, &rule, &source, &at, &run, &error) == ALBEF_OK && usual != NULL)
        differs = first_difference (usual, learner);
      if (usual == NULL)
        usual = learner;
      else
        {
          tap_ok (differs == NULL, "/small/%s on %s: bit for bit as ever (%s%s)", ways[way], name, differs != NULL ? differs : "all",
                  error.message);
          learner_free (learner);
        }
    }
  learner_free (usual);

  /* With early updates a loss that is no number is seen before any weight changes. */
  {
    Learner *learner = micro_learner (backend), *before = micro_learner (backend);
    TrainPosition at = { .seed = 4 };
    bool same = true;

    batches = (MicroBatches) { .spoil = 1 };
    tap_ok (trainer_run (learner, &rule, &source, &at, &run, &error) == ALBEF_ERROR_FORMAT && strstr (error.message, "step 1") != NULL,
            "/small/a loss that is no number ends the run on %s (%s)", name, error.message);
    for (int i = 0; i < learner->n_parameters; i++)
      same = same && same_tensor (learner->parameters[i].weight, before->parameters[i].weight);
    tap_ok (same, "/small/and no weight has changed");
    learner_free (learner);
    learner_free (before);
  }
  rule.clip_norm = 1;
  {
    Learner *learner = micro_learner (backend);
    TrainPosition at = { .seed = 4 };

    tap_ok (trainer_run (learner, &rule, &source, &at, &run, &error) == ALBEF_ERROR_ARGUMENT, "/small/early updates refuse clipping");
    learner_free (learner);
  }
}

static volatile sig_atomic_t stopped;

static void
stop_at_five (void *user_data, const TrainProgress *progress)
{
  (void) user_data;
  if (progress->at.step == 5)
    stopped = 1;
}

static int
count_checkpoints (const char *path, const char *pattern)
{
  char *command = mem_printf ("ls %s | grep -c '%s'", path, pattern);
  FILE *pipe = popen (command, "r");
  int n = -1;

  if (pipe == NULL || fscanf (pipe, "%d", &n) != 1)
    n = -1;
  if (pipe != NULL)
    pclose (pipe);
  free (command);
  return n;
}

static void
test_ends (Backend *backend)
{
  Learner *learner = micro_learner (backend);
  TrainRule rule = micro_rule ();
  static MicroBatches batches;
  BatchSource source = { micro_next, &batches };
  AlbefError error = ALBEF_ERROR_INIT;
  char *path = path_of ("run"), *newest;
  RunFolder *runs = NULL, *second = NULL;
  TrainRun run = { .progress = stop_at_five, .stop = &stopped };
  TrainPosition at = { .seed = 1 };
  AlbefStatus status;

  tap_ok (run_folder_open (path, 2, &runs, &error) == ALBEF_OK, "/folder/made (%s)", error.message);
  tap_ok (run_folder_open (path, 2, &second, &error) == ALBEF_ERROR_FILE, "/folder/one run alone (%s)", error.message);
  run.folder = runs;
  rule.checkpoint_steps = 2;
  status = trainer_run (learner, &rule, &source, &at, &run, &error);
  newest = run_folder_newest (runs);
  tap_ok (status == ALBEF_OK && at.step == 5 && newest != NULL && strstr (newest, "checkpoint-00000005.safetensors") != NULL,
          "/stop/after the step, with a checkpoint (%s)", newest);
  free (newest);
  tap_ok (count_checkpoints (path, "^checkpoint") == 2, "/folder/two checkpoints stay");

  /* A loss that is not a number: the 4th batch from here, in the second step. */
  stopped = 0;
  batches = (MicroBatches) { .spoil = 4 };
  rule.checkpoint_steps = 0;
  status = trainer_run (learner, &rule, &source, &at, &run, &error);
  newest = run_folder_newest (runs);
  tap_ok (status == ALBEF_ERROR_FORMAT && strstr (error.message, "step 7") != NULL && at.step == 6, "/nan/ends the run (%s)",
          error.message);
  tap_ok (newest != NULL && strstr (newest, "00000005") != NULL, "/nan/the last checkpoint stays");
  free (newest);

  /* An epoch too short for one step. */
  rule.batches_per_epoch = 1;
  tap_ok (trainer_run (learner, &rule, &source, &at, &run, &error) == ALBEF_ERROR_ARGUMENT, "/short/said (%s)", error.message);
  run_folder_close (runs);
  learner_free (learner);
  free (path);
}

/* No room for the checkpoint: a limit on the size of files stands for a full disk. */
static void
test_disk_full (Backend *backend)
{
  Learner *learner = micro_learner (backend);
  AlbefError error = ALBEF_ERROR_INIT;
  char *path = path_of ("full"), *newest;
  RunFolder *runs = NULL;
  struct rlimit before, small;
  TrainPosition at = { .seed = 1 };
  Checkpoint *checkpoint = NULL;
  AlbefStatus status;

  run_folder_open (path, 1, &runs, &error);
  go_on (learner, &at, 2, runs, &error);
  signal (SIGXFSZ, SIG_IGN);
  getrlimit (RLIMIT_FSIZE, &before);
  small = before;
  small.rlim_cur = 4096;
  setrlimit (RLIMIT_FSIZE, &small);
  status = go_on (learner, &at, 4, runs, &error);
  setrlimit (RLIMIT_FSIZE, &before);
  newest = run_folder_newest (runs);
  tap_ok (status == ALBEF_ERROR_FILE && strstr (error.message, "step 4") != NULL
              && strstr (error.message, "checkpoint-00000002") != NULL,
          "/full/said, with the one that stays (%s)", error.message);
  tap_ok (newest != NULL && strstr (newest, "00000002") != NULL && checkpoint_open (newest, &checkpoint, &error) == ALBEF_OK,
          "/full/the previous checkpoint opens");
  tap_ok (count_checkpoints (path, "new-") == 0, "/full/nothing is left half written");
  checkpoint_close (checkpoint);
  free (newest);
  run_folder_close (runs);
  learner_free (learner);
  free (path);
}

/* The recipe's learning rate and the ramps, at chosen steps. */
static void
test_rules (void)
{
  TrainRule rule = micro_rule ();

  tap_near (trainer_alpha (&rule, 0, 0, 3), 0.4 * 3 / 9, 1e-7, "/alpha/rises over the first epoch");
  tap_near (trainer_alpha (&rule, 9, 1, 0), 0.4, 1e-7, "/alpha/then stays");
  rule.alpha_warm_up = false;
  tap_near (trainer_alpha (&rule, 0, 0, 0), 0.4, 1e-7, "/alpha/without a rise");
  rule.by_step = true;
  rule.warmup_steps = 3;
  tap_near (trainer_lr (&rule, 0, 0, 0), 1e-3, 1e-12, "/rate/first step of the warm-up");
  tap_near (trainer_lr (&rule, 6, 0, 0), 3e-3 * (0.02 + 0.49), 1e-9, "/rate/half way");
  tap_ok (trainer_steps (&rule) == 12, "/steps/the ninth batch of an epoch is left over");
}

int
main (void)
{
  Backend *reference = backend_reference_open (), *fenced = backend_fenced_open (true), *cpu = NULL;
  AlbefError error = ALBEF_ERROR_INIT;
  char *command;

  snprintf (folder, sizeof folder, "/tmp/albef-trainer-XXXXXX");
  if (mkdtemp (folder) == NULL || backend_open ("cpu", 2, &cpu, &error) != ALBEF_OK)
    return tap_ok (false, "/trainer/set up"), tap_done ();
  test_checkpoint (reference);
  test_resume (reference, "reference");
  test_resume (cpu, "cpu");
  test_resume (fenced, "fenced"); /* nothing synchronises inside a step */
  test_small (reference, "reference");
  test_small (cpu, "cpu");
  test_small (fenced, "fenced");
  test_seed (reference);
  test_freeze (reference);
  test_clip (reference);
  test_ends (reference);
  test_disk_full (reference);
  test_rules ();
  backend_close (reference);
  backend_close (fenced);
  backend_close (cpu);
  command = mem_printf ("rm -rf %s", folder);
  if (system (command) != 0)
    tap_note ("%s stays", folder);
  free (command);
  return tap_done ();
}
