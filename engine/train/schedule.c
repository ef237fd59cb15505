/* SPDX-License-Identifier: MIT */
#include "schedule.h"

#include <math.h>

const Schedule schedule_presets[] = {
  { "Pretrain", 1e-4, 30, 1e-5, 1e-5, 20 },     { "NLVR_pretrain", 2e-5, 1, 1e-5, 1e-5, 1 },
  { "NLVR", 2e-5, 10, 1e-6, 1e-5, 1 },          { "Retrieval_flickr", 1e-5, 10, 1e-6, 1e-5, 1 },
  { "Retrieval_coco", 1e-5, 5, 1e-6, 1e-5, 1 }, { "VQA", 2e-5, 8, 1e-6, 1e-5, 4 },
  { "VE", 2e-5, 5, 1e-6, 1e-5, 1 },             { "Grounding", 1e-5, 5, 1e-6, 1e-5, 1 },
};
const int schedule_n_presets = sizeof schedule_presets / sizeof schedule_presets[0];

double
schedule_lr (const Schedule *s, int t)
{
  int u = t - s->warmup_epochs;

  if (u < 0)
    return s->warmup_lr + t * (s->lr - s->warmup_lr) / s->warmup_epochs;
  if (u >= s->epochs)
    return s->min_lr;
  return s->min_lr + 0.5 * (s->lr - s->min_lr) * (1 + cos (M_PI * u / s->epochs));
}

double
schedule_lr_at (const Schedule *s, int epoch, int64_t iteration)
{
  int64_t steps;

  if (epoch > 0)
    return schedule_lr (s, epoch + s->warmup_epochs);
  if (iteration == 0)
    return s->warmup_lr;
  steps = (iteration - 1) / 100; /* the last multiple of 100 before this iteration */
  if (steps > s->warmup_epochs)
    steps = s->warmup_epochs;
  return schedule_lr (s, (int) steps);
}
