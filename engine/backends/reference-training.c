/* SPDX-License-Identifier: MIT
 * reference-training.c: targets, losses, queues, the optimizer and dropout. */
#include "reference.h"

#include <math.h>
#include <string.h>

#include "counter.h"

/* log sum exp of a row. */
static double
row_lse (const float *x, int64_t n)
{
  double largest = -INFINITY, sum = 0;

  for (int64_t j = 0; j < n; j++)
    largest = fmax (largest, x[j]);
  for (int64_t j = 0; j < n; j++)
    sum += exp ((double) x[j] - largest);
  return largest + log (sum);
}

void
reference_soft_targets (const SoftTargetsArgs *args)
{
  const float *x = reference_floats (args->x), *alpha = reference_floats (args->alpha);
  const float *hard = reference_floats (args->hard);
  const int32_t *label = args->label.buffer != NULL ? reference_indices (args->label) : NULL;
  float *out = reference_floats (args->out);

  for (int64_t r = 0; r < args->rows; r++)
    {
      const float *row = x != NULL ? x + r * args->ldx : NULL;
      double share = row != NULL && alpha != NULL ? *alpha : 0, lse = row != NULL ? row_lse (row, args->n) : 0;
      bool left_out = label != NULL && label[r] < 0;

      for (int64_t j = 0; j < args->n; j++)
        {
          double fixed = hard != NULL ? hard[r * args->n + j] : label != NULL && label[r] == j;
          double soft = row != NULL ? exp (row[j] - lse) : 0;

          out[r * args->n + j] = left_out ? 0 : (float) (share * soft + (1 - share) * fixed);
        }
    }
}

void
reference_cross_entropy (const CrossEntropyArgs *args)
{
  const float *x = reference_floats (args->x), *target = reference_floats (args->target);
  const float *weight = reference_floats (args->weight);
  float *loss = reference_floats (args->loss), *lse = reference_floats (args->lse);

  for (int64_t r = 0; r < args->rows; r++)
    {
      double all = row_lse (x + r * args->ldx, args->n), sum = 0;

      for (int64_t j = 0; j < args->n; j++)
        sum += (double) target[r * args->n + j] * (all - x[r * args->ldx + j]);
      loss[r] = (float) (sum * (weight != NULL ? weight[r] : 1));
      if (lse != NULL)
        {
          lse[2 * r] = (float) all;
          lse[2 * r + 1] = (float) (all - lse[2 * r]);
        }
    }
}

void
reference_cross_entropy_grad (const CrossEntropyGradArgs *args)
{
  const float *dloss = reference_floats (args->dloss), *x = reference_floats (args->x);
  const float *target = reference_floats (args->target), *weight = reference_floats (args->weight);
  const float *lse = reference_floats (args->lse);
  float *dx = reference_floats (args->dx);

  for (int64_t r = 0; r < args->rows; r++)
    {
      double scale = (double) dloss[r] * (weight != NULL ? weight[r] : 1), total = 0;

      for (int64_t j = 0; j < args->n; j++)
        total += target[r * args->n + j];
      for (int64_t j = 0; j < args->n; j++)
        {
          double p = exp ((double) x[r * args->ldx + j] - lse[2 * r] - lse[2 * r + 1]);
          float *to = &dx[r * args->lddx + j];

          *to = (float) (*to + scale * (p * total - target[r * args->n + j]));
        }
    }
}

void
reference_match_targets (const MatchTargetsArgs *args)
{
  const int32_t *id = reference_indices (args->id), *all = reference_indices (args->all);
  float *out = reference_floats (args->out), *equal = reference_floats (args->equal);

  for (int64_t r = 0; r < args->rows; r++)
    {
      int64_t matches = 0;

      for (int64_t j = 0; j < args->n; j++)
        matches += id[r] == all[j];
      for (int64_t j = 0; j < args->n; j++)
        {
          bool same = id[r] == all[j];

          out[r * args->n + j] = same ? (float) (1.0 / (double) matches) : 0;
          if (equal != NULL)
            equal[r * args->n + j] = same;
        }
    }
}

void
reference_negative_weights (const NegativeWeightsArgs *args)
{
  const float *x = reference_floats (args->x), *keep = reference_floats (args->keep);
  const int32_t *id = args->id.buffer != NULL ? reference_indices (args->id) : NULL;
  float *out = reference_floats (args->out);

  for (int64_t r = 0; r < args->rows; r++)
    {
      double lse = row_lse (x + r * args->ldx, args->n);

      for (int64_t j = 0; j < args->n; j++)
        {
          bool excluded = id != NULL ? id[r] == id[j] : r == j;

          excluded = excluded || (keep != NULL && keep[r * args->n + j] == 0);
          out[r * args->n + j] = excluded ? 0 : (float) exp (x[r * args->ldx + j] - lse);
        }
    }
}

void
reference_draw (const DrawArgs *args)
{
  const float *weight = reference_floats (args->weight), *u = reference_floats (args->u);
  int32_t *index = (int32_t *) (void *) reference_floats (args->index);

  for (int64_t r = 0; r < args->rows; r++)
    {
      const float *row = weight + r * args->n;
      double total = 0, mark, sum = 0;
      int64_t own = r % args->n, drawn = -1;

      for (int64_t j = 0; j < args->n; j++)
        total += row[j];
      mark = (double) u[r] * total;
      for (int64_t j = 0; total > 0 && j < args->n; j++)
        {
          if (row[j] <= 0)
            continue;
          drawn = j; /* the last one with weight takes what rounding leaves */
          sum += row[j];
          if (mark < sum)
            break;
        }
      if (drawn < 0)
        {
          drawn = args->n > 1 ? (int64_t) ((double) u[r] * (double) (args->n - 1)) : 0;
          drawn += args->n > 1 && drawn >= own;
        }
      index[r] = (int32_t) drawn;
    }
}

void
reference_enqueue (const EnqueueArgs *args)
{
  const int32_t *in = reference_indices (args->in);
  int32_t *queue = (int32_t *) (void *) reference_floats (args->queue);
  int32_t *pointer = (int32_t *) (void *) reference_floats (args->pointer);

  for (int64_t i = 0; i < args->rows; i++)
    memmove (queue + (*pointer + i) % args->size * args->n, in + i * args->n, (size_t) args->n * sizeof *in);
  if (args->advance)
    *pointer = (int32_t) ((*pointer + args->rows) % args->size);
}

void
reference_momentum (const MomentumArgs *args)
{
  const float *x = reference_floats (args->x);
  float *y = reference_floats (args->y);

  for (int64_t i = 0; i < args->n; i++)
    y[i] = (float) ((double) y[i] * args->momentum + (double) x[i] * (1.0 - (double) args->momentum));
}

void
reference_clamp (const ClampArgs *args)
{
  float *x = reference_floats (args->x);

  for (int64_t i = 0; i < args->n; i++)
    x[i] = fminf (fmaxf (x[i], args->low), args->high);
}

void
reference_adamw (const AdamWArgs *args)
{
  const float *g = reference_floats (args->g), *scale = reference_floats (args->scale);
  float *w = reference_floats (args->w), *m = reference_floats (args->m), *v = reference_floats (args->v);
  double lr, t, step, root;

  if (args->n == 0)
    return;
  lr = *reference_floats (args->lr);
  t = *reference_floats (args->t);
  step = lr / (1 - pow (args->beta1, t));
  root = sqrt (1 - pow (args->beta2, t));
  for (int64_t i = 0; i < args->n; i++)
    {
      double gradient = (double) g[i] * (scale != NULL ? *scale : 1);
      double weight = (double) w[i] * (1 - lr * args->decay);
      double first = args->beta1 * (double) m[i] + (1 - (double) args->beta1) * gradient;
      double second = args->beta2 * (double) v[i] + (1 - (double) args->beta2) * gradient * gradient;

      m[i] = (float) first;
      v[i] = (float) second;
      w[i] = (float) (weight - step * first / (sqrt (second) / root + args->eps));
    }
}

void
reference_dropout (const DropoutArgs *args)
{
  const float *x = reference_floats (args->x);
  float *y = reference_floats (args->y);
  const uint32_t *seed = (const uint32_t *) (const void *) reference_floats (args->seed);

  for (int64_t i = 0; i < args->n; i++)
    {
      bool kept = counter_uniform (seed[0], seed[1], args->stream, (uint64_t) i) >= args->p;
      double value = kept ? x[i] / (1.0 - (double) args->p) : 0;

      y[i] = (float) (args->accumulate ? y[i] + value : value);
    }
}

static double
row_mass (const float *x, const float *m, int64_t n)
{
  double sum = 0;

  for (int64_t j = 0; j < n; j++)
    sum += (double) x[j] * (double) m[j];
  return sum;
}

void
reference_log_mass (const LogMassArgs *args)
{
  const float *x = reference_floats (args->x), *m = reference_floats (args->m);
  float *loss = reference_floats (args->loss);

  for (int64_t r = 0; r < args->rows; r++)
    loss[r] = (float) -log (row_mass (x + r * args->n, m + r * args->n, args->n) + (double) args->eps);
}

void
reference_log_mass_grad (const LogMassGradArgs *args)
{
  const float *x = reference_floats (args->x), *m = reference_floats (args->m), *dloss = reference_floats (args->dloss);
  float *dx = reference_floats (args->dx);

  for (int64_t r = 0; r < args->rows; r++)
    {
      double factor = -(double) dloss[r] / (row_mass (x + r * args->n, m + r * args->n, args->n) + (double) args->eps);

      for (int64_t j = r * args->n; j < (r + 1) * args->n; j++)
        dx[j] = (float) ((double) dx[j] + factor * (double) m[j]);
    }
}
