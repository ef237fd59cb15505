/* SPDX-License-Identifier: MIT */
#include "trainer.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "random.h"

#define DROPOUT_STREAM 0x64726f70u

/* Sums over the batches of one optimizer step. */
typedef struct
{
  double loss, itc, itm, mlm, amc, attention;
  int64_t samples;
} Sums;

typedef struct
{
  Learner *learner;
  const TrainRule *rule;
  const BatchSource *source;
  const TrainRun *run;
  TrainPosition *at;
  Sums sums;
  double norm;
  int64_t samples; /* since the start of this call */
  double began;
} Trainer;

static double
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

static int64_t
steps_per_epoch (const TrainRule *rule)
{
  return rule->batches_per_epoch / rule->accumulation;
}

static double
value_of (const Tensor *scalar)
{
  float value = NAN;

  if (scalar != NULL)
    tensor_to_host (scalar, &value);
  return value;
}

/* ---------------------------------------------------------------------------------------------------
 * One batch, one step
 */

/* Dropout of this batch: any batch of a run can be made again alone. */
static void
seed_dropout (Trainer *t)
{
  Tensor *seed = t->learner->seed;
  uint64_t bits = random_u64 (t->at->seed, random_stream (DROPOUT_STREAM, 0, 0), (uint64_t) t->at->batches);
  int32_t halves[] = { (int32_t) (uint32_t) bits, (int32_t) (uint32_t) (bits >> 32) };

  backend_upload (seed->backend, tensor_view (seed), halves, sizeof halves);
}

static void
update_early (void *user_data, Tensor *weight)
{
  learner_update_one (user_data, weight);
}

/* Forward and backward of one batch; gradients add up in the parameters, divided by the accumulation. */
static AlbefStatus
run_batch (Trainer *t, const Batch *batch, AlbefError *error)
{
  const TrainRule *rule = t->rule;
  Backend *backend = t->learner->backend;
  Dropout dropout = { .p = rule->dropout, .seed = t->learner->seed };
  StepSettings settings = { .distill = rule->distill, .clamp_low = rule->clamp_low, .clamp_high = rule->clamp_high,
                            .share_image = rule->share_image, .mlm_hard = rule->mlm_hard,
                            .attention_weight = rule->attention_weight, .none_weight = rule->none_weight,
                            .dropout = rule->dropout > 0 ? &dropout : NULL };
  float share = 1.0f / (float) rule->accumulation;
  bool early = rule->early_updates;
  Tensor *loss, *weight = NULL;
  StepTrace trace;
  double value = 0;
  Scope scope;

  scope_init (&scope, backend);
  scope.tape = tape_new ();
  scope.recompute = rule->recompute;
  seed_dropout (t);
  if (rule->accumulation > 1)
    weight = scope_own (&scope, tensor_from_host (backend, DTYPE_F32, 0, NULL, &share));
  backend_step_begin (backend);
  loss = rule->step (&scope, t->learner, batch, &settings, &trace);
  if (early)
    {
      /* The walk back changes the weights, so the loss is looked at before. */
      backend_step_end (backend);
      value = value_of (loss);
      tape_on_complete (scope.tape, update_early, t->learner);
      backend_step_begin (backend);
    }
  if (!early || isfinite (value))
    tape_backward (&scope, loss, weight);
  backend_step_end (backend);
  value = value_of (loss);
  t->sums.loss += value;
  t->sums.itc += value_of (trace.loss_ita);
  t->sums.itm += value_of (trace.loss_itm);
  t->sums.mlm += value_of (trace.loss_mlm);
  t->sums.amc += value_of (trace.loss_amc);
  t->sums.attention += value_of (trace.loss_attention);
  t->sums.samples += batch->batch;
  tape_free (scope.tape);
  scope_clear (&scope);
  if (!isfinite (value))
    return error_set (error, ALBEF_ERROR_FORMAT,
                      "the loss of step %" PRId64 " (epoch %" PRId64 ", batch %" PRId64 ") is not finite: lower the "
                      "learning rate or clip the gradients; nothing was saved after the last checkpoint",
                      t->at->step + 1, t->at->epoch, t->at->position * rule->accumulation);
  return ALBEF_OK;
}

/* Square root of the sum of squares of every gradient, in double and in the order of the parameters. */
static double
gradient_norm (const Learner *learner)
{
  double sum = 0;
  size_t room = 0;
  float *values = NULL;

  for (int i = 0; i < learner->n_parameters; i++)
    {
      Tensor *weight = learner->parameters[i].weight;
      size_t n = (size_t) tensor_numel (weight);

      if (!weight->needs_grad || !tensor_has_grad (weight))
        continue;
      if (n > room)
        {
          free (values);
          values = mem_new0 (n, sizeof *values);
          room = n;
        }
      tensor_to_host (tensor_grad (weight), values);
      for (size_t k = 0; k < n; k++)
        sum += (double) values[k] * values[k];
    }
  free (values);
  return sqrt (sum);
}

static AlbefStatus
apply_gradients (Trainer *t, AlbefError *error)
{
  Learner *learner = t->learner;
  Tensor *scale = NULL;

  t->norm = NAN;
  if (t->rule->clip_norm > 0)
    {
      float factor;

      t->norm = gradient_norm (learner);
      if (!isfinite (t->norm))
        return error_set (error, ALBEF_ERROR_FORMAT, "the gradients of step %" PRId64 " are not finite: lower the learning "
                          "rate; nothing was saved after the last checkpoint", t->at->step + 1);
      factor = t->norm > t->rule->clip_norm ? (float) (t->rule->clip_norm / t->norm) : 1.0f;
      scale = tensor_from_host (learner->backend, DTYPE_F32, 0, NULL, &factor);
    }
  backend_step_begin (learner->backend);
  learner_update (learner, scale);
  backend_step_end (learner->backend);
  tensor_unref (scale);
  return ALBEF_OK;
}

static void
report (Trainer *t, int64_t epoch, int64_t position, double lr, double alpha)
{
  double n = t->rule->accumulation, seconds = now () - t->began;
  TrainProgress progress = { .at = *t->at, .steps = trainer_steps (t->rule), .epoch = epoch, .position = position,
                             .loss = t->sums.loss / n, .itc = t->sums.itc / n, .itm = t->sums.itm / n,
                             .mlm = t->sums.mlm / n, .amc = t->sums.amc / n, .attention = t->sums.attention / n, .lr = lr, .alpha = alpha, .norm = t->norm,
                             .temperature = value_of (t->learner->model->temp) };

  t->samples += t->sums.samples;
  progress.samples_per_second = seconds > 0 ? (double) t->samples / seconds : 0;
  if (progress.samples_per_second > 0)
    progress.seconds_left = (double) (progress.steps - t->at->step) * (double) t->sums.samples / progress.samples_per_second;
  if (t->run->progress != NULL)
    t->run->progress (t->run->user_data, &progress);
}

static AlbefStatus
run_optimizer_step (Trainer *t, AlbefError *error)
{
  const TrainRule *rule = t->rule;
  TrainPosition *at = t->at;
  int64_t epoch = at->epoch, position = at->position, first = at->position * rule->accumulation;
  double lr = trainer_lr (rule, at->step, epoch, position), alpha = 0;
  AlbefStatus status = ALBEF_OK;

  t->sums = (Sums) { 0 };
  learner_begin (t->learner);
  learner_set (t->learner->lr, (float) lr);
  learner_set (t->learner->step, (float) (at->step + 1));
  for (int k = 0; k < rule->accumulation && status == ALBEF_OK; k++)
    {
      const Batch *batch = NULL;

      status = t->source->next (t->source->user_data, epoch, first + k, &batch, error);
      if (status != ALBEF_OK)
        break;
      alpha = trainer_alpha (rule, at->step, epoch, first + k);
      learner_set (t->learner->alpha, (float) alpha);
      status = run_batch (t, batch, error);
      at->batches++;
    }
  if (status == ALBEF_OK)
    status = apply_gradients (t, error);
  if (status != ALBEF_OK)
    return status;
  at->step++;
  if (++at->position == steps_per_epoch (rule))
    {
      at->position = 0;
      at->epoch++;
    }
  report (t, epoch, position, lr, alpha);
  return ALBEF_OK;
}

static AlbefStatus
save (Trainer *t, AlbefError *error)
{
  static const CheckpointTexts none = { 0 };

  return run_folder_save (t->run->folder, t->learner, t->at, t->run->texts != NULL ? t->run->texts : &none, error);
}

/* ---------------------------------------------------------------------------------------------------
 * Public
 */

int64_t
trainer_steps (const TrainRule *rule)
{
  int64_t steps = steps_per_epoch (rule) * rule->epochs;

  return rule->max_steps > 0 && rule->max_steps < steps ? rule->max_steps : steps;
}

double
trainer_lr (const TrainRule *rule, int64_t step, int64_t epoch, int64_t position)
{
  double share;

  if (!rule->by_step)
    return schedule_lr_at (&rule->schedule, (int) epoch, position);
  if (step < rule->warmup_steps)
    return rule->schedule.lr * (double) (step + 1) / (double) rule->warmup_steps;
  share = (double) step / (double) trainer_steps (rule);
  return rule->schedule.lr * (0.02 + 0.49 * (1 + cos (M_PI * share)));
}

double
trainer_alpha (const TrainRule *rule, int64_t step, int64_t epoch, int64_t number)
{
  double share = 1;

  if (!rule->alpha_warm_up)
    return rule->alpha;
  if (rule->alpha_steps > 0)
    share = (double) step / (double) rule->alpha_steps;
  else if (epoch == 0)
    share = (double) number / (double) rule->batches_per_epoch;
  return rule->alpha * (share < 1 ? share : 1);
}

AlbefStatus
trainer_freeze (Learner *learner, const char *patterns, AlbefError *error)
{
  char pattern[256];

  while (patterns != NULL && *(patterns += strspn (patterns, ", ")) != 0)
    {
      size_t length = strcspn (patterns, ", ");
      int fits = 0;

      if (length >= sizeof pattern)
        return error_set (error, ALBEF_ERROR_ARGUMENT, "the pattern '%.40s...' is too long", patterns);
      memcpy (pattern, patterns, length);
      pattern[length] = 0;
      for (int i = 0; i < learner->n_parameters; i++)
        if (fnmatch (pattern, learner->parameters[i].name, 0) == 0)
          {
            learner->parameters[i].frozen = true;
            fits++;
          }
      if (fits == 0)
        return error_set (error, ALBEF_ERROR_ARGUMENT, "no parameter is named like '%s', which is to be frozen", pattern);
      patterns += length;
    }
  return ALBEF_OK;
}

AlbefStatus
trainer_run (Learner *learner, const TrainRule *rule, const BatchSource *source, TrainPosition *position,
             const TrainRun *run, AlbefError *error)
{
  Trainer t = { .learner = learner, .rule = rule, .source = source, .run = run, .at = position, .began = now () };
  int64_t steps = trainer_steps (rule), saved = position->step > 0 ? position->step : -1;
  AlbefStatus status = ALBEF_OK;

  if (rule->accumulation < 1 || steps_per_epoch (rule) < 1)
    return error_set (error, ALBEF_ERROR_ARGUMENT,
                      "an epoch has %" PRId64 " batches, fewer than the %d that make one step; lower batch or accumulation",
                      rule->batches_per_epoch, rule->accumulation);
  if (rule->early_updates && (rule->accumulation != 1 || rule->clip_norm > 0))
    return error_set (error, ALBEF_ERROR_ARGUMENT, "early updates go with accumulation 1 and without clipping");
  /* The teacher follows after each batch: so many small steps make one whole one. */
  learner->momentum = (float) pow (learner->model->config.momentum, 1.0 / rule->accumulation);
  while (position->step < steps && (run->stop == NULL || !*run->stop) && status == ALBEF_OK)
    {
      status = run_optimizer_step (&t, error);
      if (status == ALBEF_OK && run->watch != NULL)
        status = run->watch (run->user_data, position, error);
      if (status == ALBEF_OK && run->folder != NULL && rule->checkpoint_steps > 0
          && position->step % rule->checkpoint_steps == 0)
        {
          status = save (&t, error);
          saved = position->step;
        }
    }
  if (status == ALBEF_OK && run->folder != NULL && saved != position->step)
    status = save (&t, error);
  return status;
}
