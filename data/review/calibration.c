/* SPDX-License-Identifier: MIT */
#include "calibration.h"

#include "database.h"

#include <math.h>
#include <string.h>

typedef struct
{
  double score;
  gboolean accepted;
} Sample;

void
calibration_free (Calibration *calibration)
{
  if (calibration == NULL)
    return;
  g_array_unref (calibration->steps);
  g_free (calibration);
}

static int
by_score (gconstpointer a, gconstpointer b)
{
  double x = ((const Sample *) a)->score, y = ((const Sample *) b)->score;

  return x < y ? -1 : x > y;
}

/* Takes the step in, and joins the last two as long as the share falls. */
static void
add_step (GArray *steps, CalibrationStep step)
{
  g_array_append_val (steps, step);
  while (steps->len > 1)
    {
      CalibrationStep *last = &g_array_index (steps, CalibrationStep, steps->len - 1), *before = last - 1;
      double n = before->n + last->n;

      if (before->share < last->share && before->score < last->score)
        return;
      before->score = (before->score * before->n + last->score * last->n) / n;
      before->share = (before->share * before->n + last->share * last->n) / n;
      before->n = n;
      g_array_set_size (steps, steps->len - 1);
    }
}

Calibration *
calibration_fit (const double *scores, const gboolean *accepted, gsize n)
{
  Calibration *calibration = g_new0 (Calibration, 1);
  g_autofree Sample *samples = g_new (Sample, MAX (n, 1));
  gsize kept = 0;

  calibration->steps = g_array_new (FALSE, FALSE, sizeof (CalibrationStep));
  for (gsize i = 0; i < n; i++)
    if (isfinite (scores[i]))
      samples[kept++] = (Sample) { scores[i], accepted[i] };
  if (kept < CALIBRATION_LEAST)
    return calibration;
  qsort (samples, kept, sizeof *samples, by_score);
  for (gsize i = 0; i < kept; i++)
    add_step (calibration->steps, (CalibrationStep) { samples[i].score, samples[i].accepted ? 1 : 0, 1 });
  /* One verdict too few and one too many at either end: no score is certain. */
  for (guint i = 0; i < calibration->steps->len; i++)
    {
      CalibrationStep *step = &g_array_index (calibration->steps, CalibrationStep, i);

      step->share = (step->share * step->n + 0.5) / (step->n + 1);
    }
  for (guint i = 1; i < calibration->steps->len; i++)
    {
      CalibrationStep *step = &g_array_index (calibration->steps, CalibrationStep, i);

      step->share = MAX (step->share, step[-1].share);
    }
  return calibration;
}

double
calibration_apply (const Calibration *calibration, double score)
{
  const GArray *steps = calibration->steps;
  const CalibrationStep *step = (const CalibrationStep *) steps->data;

  if (steps->len == 0 || isnan (score))
    return NAN;
  if (score <= step[0].score)
    return step[0].share;
  for (guint i = 1; i < steps->len; i++)
    if (score <= step[i].score)
      return step[i - 1].share +
             (step[i].share - step[i - 1].share) * (score - step[i - 1].score) / (step[i].score - step[i - 1].score);
  return step[steps->len - 1].share;
}

gboolean
calibration_verdicts (Project *project, const char *model, GArray **scores, GArray **accepted, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (DatabaseRows) rows = database_bind (db, CALIBRATION_VERDICTS, error, "s", model);
  int code;

  *scores = g_array_new (FALSE, FALSE, sizeof (double));
  *accepted = g_array_new (FALSE, FALSE, sizeof (gboolean));
  while (rows != NULL && (code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      double score = sqlite3_column_double (rows, 0);
      gboolean good = sqlite3_column_int (rows, 1) != 0;

      g_array_append_val (*scores, score);
      g_array_append_val (*accepted, good);
    }
  if (rows != NULL && code == SQLITE_DONE)
    return TRUE;
  g_clear_pointer (scores, g_array_unref);
  g_clear_pointer (accepted, g_array_unref);
  return FALSE;
}

static gboolean
write_steps (Database *db, const char *model, const GArray *steps, GError **error)
{
  if (!database_run (db, CALIBRATION_DELETE, error, "s", model))
    return FALSE;
  for (guint i = 0; i < steps->len; i++)
    {
      const CalibrationStep *step = &g_array_index (steps, CalibrationStep, i);

      if (!database_run (db, CALIBRATION_INSERT, error, "sddi", model, step->score, step->share, step->n))
        return FALSE;
    }
  return TRUE;
}

gboolean
calibration_learn (Project *project, const char *model, gint64 *n, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (GArray) scores = NULL, accepted = NULL;
  g_autoptr (Calibration) calibration = NULL;

  if (!calibration_verdicts (project, model, &scores, &accepted, error))
    return FALSE;
  if (n != NULL)
    *n = scores->len;
  calibration = calibration_fit ((const double *) scores->data, (const gboolean *) accepted->data, scores->len);
  if (!database_begin (db, error))
    return FALSE;
  if (write_steps (db, model, calibration->steps, error))
    return database_commit (db, error);
  database_rollback (db);
  return FALSE;
}

Calibration *
calibration_load (Project *project, const char *model, GError **error)
{
  Database *db = project_database (project);
  g_autoptr (Calibration) calibration = g_new0 (Calibration, 1);
  g_autoptr (DatabaseRows) rows = database_bind (db, CALIBRATION_LOAD, error, "s", model);
  int code;

  calibration->steps = g_array_new (FALSE, FALSE, sizeof (CalibrationStep));
  if (rows == NULL)
    return NULL;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      const CalibrationStep step = { sqlite3_column_double (rows, 0), sqlite3_column_double (rows, 1), column_id (rows, 2) };

      g_array_append_val (calibration->steps, step);
    }
  return code == SQLITE_DONE ? g_steal_pointer (&calibration) : NULL;
}
