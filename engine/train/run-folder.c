/* SPDX-License-Identifier: MIT */
#include "run-folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

#define SUFFIX ".safetensors"

struct RunFolder
{
  char *path;
  int lock;
  int keep;
};

/* Step of "checkpoint-00001000.safetensors"; -1 for any other name. *rest is what follows. */
static int64_t
step_of (const char *name, const char **rest)
{
  char *end;
  long long step;

  if (strncmp (name, "checkpoint-", 11) != 0 || name[11] < '0' || name[11] > '9')
    return -1;
  step = strtoll (name + 11, &end, 10);
  if (strncmp (end, SUFFIX, strlen (SUFFIX)) != 0)
    return -1;
  *rest = end + strlen (SUFFIX);
  return step;
}

/* Calls `see` for every checkpoint, with what follows its name (".new-77-0" for one half written). */
static void
each_checkpoint (const RunFolder *folder, void (*see) (const RunFolder *, const char *, int64_t, const char *, void *),
                 void *user_data)
{
  DIR *directory = opendir (folder->path);
  struct dirent *entry;
  const char *rest;

  while (directory != NULL && (entry = readdir (directory)) != NULL)
    {
      int64_t step = step_of (entry->d_name, &rest);

      if (step >= 0)
        see (folder, entry->d_name, step, rest, user_data);
    }
  if (directory != NULL)
    closedir (directory);
}

static void
remove_named (const RunFolder *folder, const char *name)
{
  char *path = mem_printf ("%s/%s", folder->path, name);

  unlink (path);
  free (path);
}

static void
sweep (const RunFolder *folder, const char *name, int64_t step, const char *rest, void *user_data)
{
  (void) step;
  (void) user_data;
  if (strncmp (rest, ".new-", 5) == 0)
    remove_named (folder, name);
}

typedef struct
{
  int64_t *steps;
  int n, allocated;
} Steps;

static void
collect (const RunFolder *folder, const char *name, int64_t step, const char *rest, void *user_data)
{
  Steps *steps = user_data;

  (void) folder;
  (void) name;
  if (*rest != 0)
    return;
  if (steps->n == steps->allocated)
    {
      steps->allocated = steps->allocated > 0 ? 2 * steps->allocated : 16;
      steps->steps = mem_resize (steps->steps, (size_t) steps->allocated, sizeof *steps->steps);
    }
  steps->steps[steps->n++] = step;
}

static int
newest_first (const void *a, const void *b)
{
  int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;

  return x < y ? 1 : x > y ? -1 : 0;
}

static char *
checkpoint_path (const RunFolder *folder, int64_t step)
{
  return mem_printf ("%s/checkpoint-%08" PRId64 SUFFIX, folder->path, step);
}

/* Steps of all checkpoints, newest first; the caller frees steps.steps. */
static Steps
all_steps (const RunFolder *folder)
{
  Steps steps = { 0 };

  each_checkpoint (folder, collect, &steps);
  if (steps.n > 1)
    qsort (steps.steps, (size_t) steps.n, sizeof *steps.steps, newest_first);
  return steps;
}

AlbefStatus
run_folder_open (const char *path, int keep, RunFolder **out, AlbefError *error)
{
  RunFolder *folder = mem_new0 (1, sizeof *folder);
  AlbefStatus status = ALBEF_OK;
  char *lock;

  folder->path = mem_strdup (path);
  folder->keep = keep > 0 ? keep : 1;
  folder->lock = -1;
  if (mkdir (path, 0777) != 0 && errno != EEXIST)
    status = error_set_errno (error, ALBEF_ERROR_FILE, "cannot make the folder '%s'", path);
  else
    {
      lock = mem_printf ("%s/lock", path);
      folder->lock = open (lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
      if (folder->lock < 0)
        status = error_set_errno (error, ALBEF_ERROR_FILE, "cannot write in '%s'", path);
      else if (flock (folder->lock, LOCK_EX | LOCK_NB) != 0)
        status = error_set (error, ALBEF_ERROR_FILE, "another run is writing into '%s'; choose another folder or end it",
                            path);
      free (lock);
    }
  if (status != ALBEF_OK)
    {
      run_folder_close (folder);
      return status;
    }
  each_checkpoint (folder, sweep, NULL);
  *out = folder;
  return ALBEF_OK;
}

void
run_folder_close (RunFolder *folder)
{
  if (folder == NULL)
    return;
  if (folder->lock >= 0)
    close (folder->lock);
  free (folder->path);
  free (folder);
}

const char *
run_folder_path (const RunFolder *folder)
{
  return folder->path;
}

char *
run_folder_newest (const RunFolder *folder)
{
  Steps steps = all_steps (folder);
  char *path = steps.n > 0 ? checkpoint_path (folder, steps.steps[0]) : NULL;

  free (steps.steps);
  return path;
}

AlbefStatus
run_folder_save (RunFolder *folder, const Learner *learner, const TrainPosition *position, const CheckpointTexts *texts,
                 AlbefError *error)
{
  char *path = checkpoint_path (folder, position->step), *newest = run_folder_newest (folder);
  AlbefStatus status = checkpoint_save (path, learner, position, texts, error);

  if (status != ALBEF_OK)
    error_prefix (error, status, "no checkpoint of step %" PRId64 " (%s%s)", position->step,
                  newest != NULL ? "the run can go on from " : "there is none to go on from", newest != NULL ? newest : "");
  else
    {
      Steps steps = all_steps (folder);

      for (int i = folder->keep; i < steps.n; i++)
        {
          char *old = checkpoint_path (folder, steps.steps[i]);

          unlink (old);
          free (old);
        }
      free (steps.steps);
    }
  free (path);
  free (newest);
  return status;
}
