/* SPDX-License-Identifier: MIT
 * schedule.h: the cosine learning-rate schedule with warm-up of the official scripts, and their presets
 * (the YAML files of the ALBEF release). */
#pragma once

#include <stdint.h>

typedef struct
{
  const char *name;   /* e.g. "Pretrain" */
  double lr;          /* peak */
  int epochs;         /* length of the cosine */
  double min_lr;
  double warmup_lr;   /* learning rate of step 0 */
  int warmup_epochs;
} Schedule;

extern const Schedule schedule_presets[];
extern const int schedule_n_presets;

/* Learning rate after scheduler step t: linear from warmup_lr to lr over warmup_epochs steps, then the
 * cosine from lr to min_lr over `epochs` steps, then min_lr. */
double schedule_lr (const Schedule *schedule, int t);

/* Learning rate that iteration `i` (from 0) of epoch `epoch` uses. In epoch 0 the scheduler is stepped with
 * i // 100 after iteration i when i % 100 == 0 and i <= 100 x warm-up epochs; later epochs use
 * t = epoch + warm-up epochs. */
double schedule_lr_at (const Schedule *schedule, int epoch, int64_t iteration);
