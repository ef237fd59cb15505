/* SPDX-License-Identifier: MIT
 * schedule: the three CSV files of learning rates, from the presets built into the trainer. */
#include "cases.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "schedule.h"

static void
write_by_t (FILE *file)
{
  fprintf (file, "config,t,lr\n");
  for (int p = 0; p < schedule_n_presets; p++)
    for (int t = 0; t <= schedule_presets[p].epochs + schedule_presets[p].warmup_epochs + 5; t++)
      fprintf (file, "%s,%d,%.17g\n", schedule_presets[p].name, t, schedule_lr (&schedule_presets[p], t));
}

static void
write_by_epoch (FILE *file)
{
  fprintf (file, "config,epoch,lr\n");
  for (int p = 0; p < schedule_n_presets; p++)
    for (int e = 0; e < schedule_presets[p].epochs; e++)
      fprintf (file, "%s,%d,%.17g\n", schedule_presets[p].name, e,
               schedule_lr (&schedule_presets[p], e + schedule_presets[p].warmup_epochs));
}

/* A row for the first iteration of epoch 0 that uses a value, where the value changes. */
static void
write_iterations (FILE *file)
{
  fprintf (file, "config,first_iteration_with_this_lr,lr\n");
  for (int p = 0; p < schedule_n_presets; p++)
    {
      const Schedule *s = &schedule_presets[p];
      double last = -1;

      for (int64_t i = 0; i <= 100 * (int64_t) s->warmup_epochs + 100; i++)
        {
          double lr = schedule_lr_at (s, 0, i);

          if (lr != last)
            fprintf (file, "%s,%lld,%.17g\n", s->name, (long long) i, lr);
          last = lr;
        }
    }
}

int
case_schedule (const char *dir, const char *out_dir, char *message, size_t n)
{
  static const struct
  {
    const char *name;
    void (*write) (FILE *file);
  } files[] = {
    { "lr_by_t.csv", write_by_t },
    { "lr_by_epoch.csv", write_by_epoch },
    { "lr_epoch0_iterations.csv", write_iterations },
  };
  char folder[4100], path[4200], part[4210];

  (void) dir;
  snprintf (folder, sizeof folder, "%s/schedule", out_dir);
  if (mkdir (folder, 0777) != 0 && errno != EEXIST)
    {
      snprintf (message, n, "cannot make the folder '%.900s': %s", folder, strerror (errno));
      return 1;
    }
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
    {
      FILE *file;

      snprintf (path, sizeof path, "%s/%s", folder, files[i].name);
      snprintf (part, sizeof part, "%s.part", path);
      file = fopen (part, "w");
      if (file != NULL)
        files[i].write (file);
      if (file == NULL || (ferror (file) | fclose (file)) != 0 || rename (part, path) != 0)
        {
          snprintf (message, n, "cannot write '%.900s': %s", path, strerror (errno));
          return 1;
        }
    }
  return 0;
}
