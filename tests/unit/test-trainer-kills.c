/* SPDX-License-Identifier: MIT
 * Runs that are killed (SIGKILL) and go on: before the first checkpoint, in the middle of an accumulation, at four moments
 * of writing a checkpoint, and while going on. The last one ends with the bytes of a run that was left alone.
 *
 * Each run is a process of its own: this one opens no backend, so nothing of threads is inherited. */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "atomic-file.h"
#include "mapped-file.h"
#include "micro-run.h"

typedef enum
{
  KILL_NEVER,
  KILL_BATCH,  /* at call `nth` for a batch; even ones stand in the middle of an accumulation of 2 */
  KILL_OPENED, /* of the `nth` file that is written */
  KILL_HALF,
  KILL_WRITTEN,
  KILL_SYNCED,
  KILL_OPENING, /* a checkpoint is open, nothing is read from it */
  KILL_READING  /* the learner is there, no step is done */
} KillKind;

typedef struct
{
  const char *name;
  KillKind kind;
  int nth;
} Kill;

/* Checkpoints come after each step, so the second file of a process is one step further than where it began. */
static const Kill kills[] = {
  { "before the first batch", KILL_BATCH, 1 },
  { "in the first accumulation", KILL_BATCH, 2 },
  { "the first checkpoint is open", KILL_OPENED, 1 },
  { "half of the first checkpoint is written", KILL_HALF, 1 },
  { "the first checkpoint is not synced", KILL_WRITTEN, 1 },
  { "the first checkpoint is not renamed", KILL_SYNCED, 1 },
  { "after the first checkpoint", KILL_BATCH, 3 },
  { "a checkpoint was opened to go on", KILL_OPENING, 0 },
  { "a checkpoint was read to go on", KILL_READING, 0 },
  { "in an accumulation later on", KILL_BATCH, 4 },
  { "a second checkpoint is open", KILL_OPENED, 2 },
  { "half of a second checkpoint is written", KILL_HALF, 2 },
  { "a second checkpoint is not synced", KILL_WRITTEN, 2 },
  { "a second checkpoint is not renamed", KILL_SYNCED, 2 },
  { "in an accumulation of the second epoch", KILL_BATCH, 6 },
};

static char folder[64];
static Kill kill_now;
static int files[4]; /* how often each moment was reached */

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
  if (kill_now.kind == KILL_OPENED + (KillKind) moment && ++files[moment] == kill_now.nth)
    die ();
}

static void
watch_batch (int64_t call)
{
  if (kill_now.kind == KILL_BATCH && call == kill_now.nth)
    die ();
}

/* Begins or goes on in `path`, to the end. */
static AlbefStatus
child (const char *path, AlbefError *error)
{
  static MicroBatches batches;
  TrainRule rule = micro_rule ();
  BatchSource source = { micro_next, &batches };
  TrainPosition at = { .seed = 21 };
  RunFolder *runs = NULL;
  TrainRun run = { 0 };
  Backend *backend = NULL;
  Learner *learner = NULL;
  Checkpoint *checkpoint = NULL;
  char *newest;
  AlbefStatus status = backend_open ("cpu", 2, &backend, error);

  atomic_file_watch = watch_file;
  batches.before = watch_batch;
  rule.checkpoint_steps = 1;
  if (status == ALBEF_OK)
    status = run_folder_open (path, 2, &runs, error);
  if (status != ALBEF_OK)
    return status;
  newest = run_folder_newest (runs);
  if (newest == NULL)
    learner = micro_learner (backend);
  else
    {
      status = checkpoint_open (newest, &checkpoint, error);
      if (status != ALBEF_OK)
        return status;
      if (kill_now.kind == KILL_OPENING)
        die ();
      status = checkpoint_learner (checkpoint, backend, &learner, error);
      if (status != ALBEF_OK)
        return status;
      if (kill_now.kind == KILL_READING)
        die ();
      at = *checkpoint_position (checkpoint);
    }
  run.folder = runs;
  status = trainer_run (learner, &rule, &source, &at, &run, error);
  checkpoint_close (checkpoint);
  learner_free (learner);
  run_folder_close (runs);
  backend_close (backend);
  free (newest);
  return status;
}

/* The process's end as waitpid tells it. */
static int
run_child (const char *path, Kill what)
{
  AlbefError error = ALBEF_ERROR_INIT;
  int status = -1;
  pid_t pid;

  fflush (stdout);
  pid = fork ();
  if (pid == 0)
    {
      kill_now = what;
      if (child (path, &error) != ALBEF_OK)
        {
          printf ("# %s\n", error.message);
          fflush (stdout);
          _exit (1);
        }
      _exit (0);
    }
  if (pid > 0 && waitpid (pid, &status, 0) != pid)
    status = -1;
  return status;
}

static int
half_written (const char *path)
{
  char *command = mem_printf ("ls %s 2>/dev/null | grep -c 'new-'", path);
  FILE *pipe = popen (command, "r");
  int n = -1;

  if (pipe == NULL || fscanf (pipe, "%d", &n) != 1)
    n = -1;
  if (pipe != NULL)
    pclose (pipe);
  free (command);
  return n;
}

/* The last checkpoint's bytes: weights, teacher, queues, moments, position. */
static char *
last_bytes (const char *path, size_t *length)
{
  char *name = mem_printf ("%s/checkpoint-00000012.safetensors", path), *bytes = NULL;

  *length = 0;
  if (file_read (name, 64 << 20, &bytes, length, NULL) != ALBEF_OK)
    bytes = NULL;
  free (name);
  return bytes;
}

int
main (void)
{
  static const Kill never = { "left alone", KILL_NEVER, 0 };
  char *whole, *broken, *a, *b, *command;
  size_t n, m;
  int status;

  snprintf (folder, sizeof folder, "/tmp/albef-kills-XXXXXX");
  if (mkdtemp (folder) == NULL)
    return tap_ok (false, "/kills/set up"), tap_done ();
  whole = mem_printf ("%s/whole", folder);
  broken = mem_printf ("%s/broken", folder);
  tap_ok (run_child (whole, never) == 0, "/kills/a run left alone");
  for (size_t i = 0; i < sizeof kills / sizeof kills[0]; i++)
    {
      bool writes = kills[i].kind >= KILL_OPENED && kills[i].kind <= KILL_SYNCED;

      status = run_child (broken, kills[i]);
      tap_ok (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL && half_written (broken) == writes,
              "/kills/%s", kills[i].name);
    }
  tap_ok (run_child (broken, never) == 0, "/kills/the last one ends");
  a = last_bytes (whole, &n);
  b = last_bytes (broken, &m);
  tap_ok (a != NULL && b != NULL && n > 10000 && n == m && memcmp (a, b, n) == 0,
          "/kills/%zu bytes, the same as without a kill", n);
  tap_ok (half_written (broken) == 0, "/kills/nothing is left half written");
  free (a);
  free (b);
  free (whole);
  free (broken);
  command = mem_printf ("rm -rf %s", folder);
  if (system (command) != 0)
    tap_note ("%s stays", folder);
  free (command);
  return tap_done ();
}
