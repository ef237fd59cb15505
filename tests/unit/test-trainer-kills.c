/* SPDX-License-Identifier: MIT
 * Whole runs that are killed (SIGKILL) fifty times and go on: inside writing a checkpoint (open, half of the bytes, not
 * synced, not renamed), before the first checkpoint, in the middle of an accumulation, while going on, and at random
 * times. What they end with is, byte for byte, what a run left alone ends with: weights, teacher, queues, moments.
 *
 * With dropout 0.1, the official augmentation, four workers and accumulation 2. The model has a few thousand parameters;
 * ALIDADE_KILLS=mini takes one of the embedded model's size, ALIDADE_SEED another order of kills.
 *
 * Each run is a process of its own: this one opens no backend, so nothing of threads is inherited. The places to die at
 * are put in by the linker (--wrap); the trainer knows nothing of them. */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "atomic-file.h"
#include "mapped-file.h"
#include "random.h"
#include "tiny-run.h"

typedef enum
{
  KILL_OPENED, /* of the `nth` checkpoint that the process writes; the order of AtomicFileMoment */
  KILL_HALF,
  KILL_WRITTEN,
  KILL_SYNCED,
  KILL_BATCH,   /* as the `nth` batch is asked for: each second one stands in the middle of an accumulation of 2 */
  KILL_OPENING, /* going on: a checkpoint is open, nothing is read from it */
  KILL_READING, /* going on: the learner is there, the data are not */
  KILL_TIME,    /* after `nth` microseconds, whatever it is at */
  KILL_NEVER,
  N_KINDS = KILL_NEVER
} KillKind;

typedef struct
{
  KillKind kind;
  int nth;
} Kill;

enum
{
  N_KILLS = 50,
  N_FIRST = 6 /* of them before there is a checkpoint */
};

static const char *const names[N_KINDS]
    = { "a checkpoint is open", "half of a checkpoint is written", "a checkpoint is not synced", "a checkpoint is not renamed",
        "a batch is asked for", "a checkpoint was opened to go on", "a checkpoint was read to go on", "at any time" };

/* As often as this in each ten kills: five of ten in writing. */
static const KillKind mix[10] = { KILL_OPENED, KILL_HALF, KILL_BATCH, KILL_WRITTEN, KILL_OPENING,
                                  KILL_SYNCED, KILL_TIME, KILL_HALF, KILL_BATCH, KILL_READING };
/* The first ones: a run that has not saved anything yet. */
static const Kill first[N_FIRST] = { { KILL_BATCH, 1 }, { KILL_BATCH, 2 }, { KILL_OPENED, 1 }, { KILL_HALF, 1 }, { KILL_WRITTEN, 1 }, { KILL_SYNCED, 1 } };

static const char mini_model[] =
    "{\"image_res\": 128, \"patch_size\": 16, \"vision_width\": 128, \"vision_depth\": 6, \"vision_heads\": 4, \"embed_dim\": 128,"
    " \"queue_size\": 2048, \"grounding_layer\": 3, \"bert_config\": {\"hidden_size\": 128, \"intermediate_size\": 512,"
    " \"num_attention_heads\": 4, \"num_hidden_layers\": 5, \"fusion_layer\": 2, \"encoder_width\": 128,"
    " \"max_position_embeddings\": 32, \"vocab_size\": 100}}";

static Kill kill_now;
static int saves, batches;
static bool saving;

/* ---------------------------------------------------------------------------------------------------
 * Where a run dies
 */

AlbefStatus __real_run_folder_save (RunFolder *, const Learner *, const TrainPosition *, const CheckpointTexts *, AlbefError *);
AlbefStatus __wrap_run_folder_save (RunFolder *, const Learner *, const TrainPosition *, const CheckpointTexts *, AlbefError *);
AlbefStatus __real_loader_next (Loader *, const HostBatch **, AlbefError *);
AlbefStatus __wrap_loader_next (Loader *, const HostBatch **, AlbefError *);
AlbefStatus __real_checkpoint_learner (const Checkpoint *, Backend *, Learner **, AlbefError *);
AlbefStatus __wrap_checkpoint_learner (const Checkpoint *, Backend *, Learner **, AlbefError *);

static void
die (void)
{
  kill (getpid (), SIGKILL);
  for (;;)
    pause ();
}

static void
watch_file (AtomicFileMoment moment)
{
  if (saving && kill_now.kind == KILL_OPENED + (KillKind) moment && saves == kill_now.nth)
    die ();
}

AlbefStatus
__wrap_run_folder_save (RunFolder *runs, const Learner *learner, const TrainPosition *position, const CheckpointTexts *texts,
                        AlbefError *error)
{
  AlbefStatus status;

  saves++;
  saving = true;
  status = __real_run_folder_save (runs, learner, position, texts, error);
  saving = false;
  return status;
}

AlbefStatus
__wrap_loader_next (Loader *loader, const HostBatch **batch, AlbefError *error)
{
  if (++batches == kill_now.nth && kill_now.kind == KILL_BATCH)
    die ();
  return __real_loader_next (loader, batch, error);
}

AlbefStatus
__wrap_checkpoint_learner (const Checkpoint *checkpoint, Backend *backend, Learner **learner, AlbefError *error)
{
  AlbefStatus status;

  if (kill_now.kind == KILL_OPENING)
    die ();
  status = __real_checkpoint_learner (checkpoint, backend, learner, error);
  if (kill_now.kind == KILL_READING)
    die ();
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * A run
 */

static bool
has_checkpoint (const char *out)
{
  RunFolder *runs = NULL;
  char *newest;
  bool has;

  if (access (out, F_OK) != 0 || run_folder_open (out, 2, &runs, NULL) != ALBEF_OK)
    return false;
  newest = run_folder_newest (runs);
  has = newest != NULL;
  free (newest);
  run_folder_close (runs);
  return has;
}

/* Begins or goes on in `out`, to the end. */
static AlbefStatus
child (const char *out, AlbefError *error)
{
  TrainPlace place = { .device = "cpu", .threads = 2, .command = "test" };
  TrainWatch watch = { .stop = NULL };
  TrainSession *session = NULL;
  TrainConfig config;
  AlbefStatus status;
  bool finished;

  atomic_file_watch = watch_file;
  train_config_init (&config, TASK_PRETRAIN);
  set (&config, "model = @/model.json\nvocab = @/vocab.txt\ndata = @/lists/pretrain.json\nimages = @/lists\nresolution = 0\nqueue = 0\n"
                "batch = 4\naccumulation = 2\nepochs = 10\nworkers = 4\ndropout = 0.1\naugment = yes\nmax-tokens = 20\ncheckpoint-steps = 2\n"
                "lr = 1e-3\nwarmup-lr = 1e-3\nname = killed\n");
  status = has_checkpoint (out) ? train_session_resume (NULL, out, &place, &session, error)
                                : train_session_begin (&config, out, &place, &session, error);
  if (status == ALBEF_OK)
    status = train_session_run (session, &watch, &finished, error);
  train_session_free (session);
  train_config_clear (&config);
  return status;
}

/* The process's end as waitpid tells it. */
static int
run_child (const char *out, Kill what)
{
  AlbefError error = ALBEF_ERROR_INIT;
  int status = -1;
  pid_t pid;

  fflush (stdout);
  pid = fork ();
  if (pid == 0)
    {
      kill_now = what;
      if (child (out, &error) != ALBEF_OK)
        {
          printf ("# %s\n", error.message);
          fflush (stdout);
          _exit (1);
        }
      _exit (0);
    }
  if (pid > 0 && what.kind == KILL_TIME)
    {
      struct timespec rest = { what.nth / 1000000, what.nth % 1000000 * 1000L };

      nanosleep (&rest, NULL);
      kill (pid, SIGKILL);
    }
  if (pid > 0 && waitpid (pid, &status, 0) != pid)
    status = -1;
  return status;
}

/* ---------------------------------------------------------------------------------------------------
 * What is left
 */

static int
half_written (const char *out)
{
  char *command = mem_printf ("ls %s 2>/dev/null | grep -c 'checkpoint.*new-'", out);
  FILE *pipe = popen (command, "r");
  int n = -1;

  if (pipe == NULL || fscanf (pipe, "%d", &n) != 1)
    n = -1;
  if (pipe != NULL)
    pclose (pipe);
  free (command);
  return n;
}

/* The file `name` of both runs has the same bytes; *length says how many. */
static bool
same_file (const char *whole, const char *broken, const char *name, size_t *length)
{
  char *paths[] = { mem_printf ("%s/%s", whole, name), mem_printf ("%s/%s", broken, name) }, *bytes[2] = { NULL, NULL };
  size_t lengths[2] = { 0, 0 };
  bool same;

  for (int i = 0; i < 2; i++)
    if (file_read (paths[i], 256 << 20, &bytes[i], &lengths[i], NULL) != ALBEF_OK)
      bytes[i] = NULL;
  *length = lengths[0];
  same = bytes[0] != NULL && bytes[1] != NULL && lengths[0] == lengths[1] && memcmp (bytes[0], bytes[1], lengths[0]) == 0;
  for (int i = 0; i < 2; i++)
    {
      free (paths[i]);
      free (bytes[i]);
    }
  return same;
}

static void
compare (const char *whole, const char *broken, int kills)
{
  size_t length, of_model;
  bool same = same_file (whole, broken, "checkpoint-00000030.safetensors", &length);
  bool same_model = same_file (whole, broken, "model.safetensors", &of_model);

  tap_ok (same && length > 10000, "/kills/after %d of them the last checkpoint's %zu bytes are those without a kill", kills, length);
  tap_ok (same_model && of_model > 5000, "/kills/and the model's %zu", of_model);
  tap_ok (half_written (broken) == 0, "/kills/nothing is left half written");
}

static void
clear (const char *path)
{
  char *command = mem_printf ("rm -rf %s", path);

  if (system (command) != 0)
    tap_note ("%s stays", path);
  free (command);
}

/* Words for the model. */
static void
write_vocabulary (int size)
{
  char *sprites = mem_printf ("%s/sprites", folder), *words;
  SceneOptions scenes = { .size = size };
  SceneSource *source = NULL;

  if (scene_source_open (sprites, &scenes, &source, NULL) != ALBEF_OK)
    abort ();
  words = scene_source_vocabulary (source);
  write_file ("vocab.txt", words);
  scene_source_free (source);
  free (words);
  free (sprites);
}

static Kill
draw_kill (uint64_t seed, int i, int run_time)
{
  Kill what = { .kind = mix[i % 10] };

  if (i < N_FIRST)
    return first[i];
  if (what.kind <= KILL_SYNCED)
    what.nth = 1 + (int) random_below (seed, 1, (uint64_t) i, 2);
  else if (what.kind == KILL_BATCH)
    what.nth = 2 * (1 + (int) random_below (seed, 2, (uint64_t) i, 4)); /* the second of an accumulation */
  else if (what.kind == KILL_TIME)
    what.nth = (int) random_below (seed, 3, (uint64_t) i, (uint64_t) run_time);
  return what;
}

int
main (void)
{
  bool mini = getenv ("ALIDADE_KILLS") != NULL && strcmp (getenv ("ALIDADE_KILLS"), "mini") == 0;
  uint64_t seed = getenv ("ALIDADE_SEED") != NULL ? strtoull (getenv ("ALIDADE_SEED"), NULL, 10) : 1;
  int size = mini ? 128 : 32, in_writing = 0, in_accumulation = 0, going_on = 0, at_any_time = 0, kills = 0, run_time;
  const Kill never = { KILL_NEVER, 0 };
  char *whole, *broken;
  struct timespec begin, end;

  snprintf (folder, sizeof folder, "/tmp/albef-kills-XXXXXX");
  if (mkdtemp (folder) == NULL)
    return tap_ok (false, "/kills/set up"), tap_done ();
  make_pictograms ();
  if (mini)
    write_file ("model.json", mini_model);
  make_lists (30, 0, size);
  write_vocabulary (size);
  whole = mem_printf ("%s/whole", folder);
  broken = mem_printf ("%s/broken", folder);
  clock_gettime (CLOCK_MONOTONIC, &begin);
  tap_ok (run_child (whole, never) == 0, "/kills/a run left alone");
  clock_gettime (CLOCK_MONOTONIC, &end);
  run_time = (int) (1e6 * (double) (end.tv_sec - begin.tv_sec) + 1e-3 * (double) (end.tv_nsec - begin.tv_nsec));
  for (int i = 0; kills < N_KILLS && i < 3 * N_KILLS; i++)
    {
      Kill what = draw_kill (seed, i, run_time / 2);
      int status = run_child (broken, what);

      if (WIFEXITED (status) && WEXITSTATUS (status) == 0)
        {
          /* It came to its end before that place: the next one begins. */
          compare (whole, broken, kills);
          clear (broken);
          continue;
        }
      kills++;
      in_writing += what.kind <= KILL_SYNCED;
      in_accumulation += what.kind == KILL_BATCH && what.nth % 2 == 0;
      going_on += what.kind == KILL_OPENING || what.kind == KILL_READING;
      at_any_time += what.kind == KILL_TIME;
      tap_ok (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL
                  && (what.kind == KILL_TIME || half_written (broken) == (what.kind <= KILL_SYNCED)),
              "/kills/%d: %s (%d)", kills, names[what.kind], what.nth);
    }
  tap_ok (run_child (broken, never) == 0, "/kills/the last one ends");
  compare (whole, broken, kills);
  tap_ok (kills == N_KILLS && in_writing >= N_KILLS / 2 && in_accumulation > 5 && going_on > 5,
          "/kills/%d kills: %d in writing a checkpoint, %d in an accumulation, %d going on, %d at any time", kills, in_writing,
          in_accumulation, going_on, at_any_time);
  clear (folder);
  free (whole);
  free (broken);
  return tap_done ();
}
