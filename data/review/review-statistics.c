/* SPDX-License-Identifier: MIT */
#include "review-statistics.h"

#include "calibration.h"
#include "database.h"
#include "map-region.h"

#include <math.h>
#include <string.h>

#define PAUSE (120 * G_USEC_PER_SEC)

static const char *const judged_names[N_JUDGED] = { "map", "detector", "import", "person", "none" };
static const char *const verdict_names[N_VERDICTS] = { "accepted", "corrected", "rejected", "absent", "unsure" };

const char *
judged_name (Judged judged)
{
  return judged_names[judged];
}

const char *
verdict_kind_name (VerdictKind kind)
{
  return verdict_names[kind];
}

static int
index_of (const char *const *names, int n, const char *name)
{
  for (int i = 0; i < n; i++)
    if (strcmp (names[i], name) == 0)
      return i;
  return n - 1;
}

static void
pace_free (gpointer data)
{
  g_free (((ReviewerPace *) data)->reviewer);
  g_free (data);
}

void
review_statistics_clear (ReviewStatistics *statistics)
{
  g_clear_pointer (&statistics->model, g_free);
  g_clear_pointer (&statistics->reviewers, g_ptr_array_unref);
}

/* Verdicts by what they judged --------------------------------------------------------------------------------------- */

static gboolean
count_origins (Database *db, ReviewStatistics *s, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_statement (db, STATS_ORIGINS, error);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      int judged = index_of (judged_names, N_JUDGED, column_text (rows, 0));
      gint64 n = column_id (rows, 2);

      s->verdicts[judged][index_of (verdict_names, N_VERDICTS, column_text (rows, 1))] += n;
      s->decided += n;
    }
  return code == SQLITE_DONE;
}

/* Scores --------------------------------------------------------------------------------------------------------------- */

static gboolean
fill_bins (Project *project, ReviewStatistics *s, GError **error)
{
  g_autoptr (Calibration) calibration = calibration_load (project, s->model, error);
  g_autoptr (GArray) scores = NULL, accepted = NULL;
  gint64 n = 0;

  s->raw_error = s->trust_error = NAN;
  if (calibration == NULL || !calibration_verdicts (project, s->model, &scores, &accepted, error))
    return FALSE;
  for (guint i = 0; i < scores->len; i++)
    {
      double score = g_array_index (scores, double, i);
      ScoreBin *bin = &s->bins[CLAMP ((int) floor (score * STATISTICS_BINS), 0, STATISTICS_BINS - 1)];

      bin->n++;
      bin->accepted += g_array_index (accepted, gboolean, i) != FALSE;
      bin->score += score;
      bin->trust += calibration_apply (calibration, score);
      n++;
    }
  for (int i = 0; i < STATISTICS_BINS; i++)
    {
      ScoreBin *bin = &s->bins[i];

      bin->score = bin->n > 0 ? bin->score / bin->n : NAN;
      bin->trust = bin->n > 0 ? bin->trust / bin->n : NAN;
      if (bin->n == 0)
        continue;
      s->raw_error = (isnan (s->raw_error) ? 0 : s->raw_error) + fabs (bin->score * bin->n - bin->accepted) / n;
      if (!isnan (bin->trust))
        s->trust_error = (isnan (s->trust_error) ? 0 : s->trust_error) + fabs (bin->trust * bin->n - bin->accepted) / n;
    }
  return TRUE;
}

/* Boxes ------------------------------------------------------------------------------------------------------------------ */

static GArray *
boxes_of (Database *db, gint64 verdict, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, STATS_BOXES, error, "i", verdict);
  g_autoptr (GArray) boxes = g_array_new (FALSE, FALSE, 4 * sizeof (double));
  int code;

  if (rows == NULL)
    return NULL;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      double box[4];

      for (int i = 0; i < 4; i++)
        box[i] = sqlite3_column_double (rows, i);
      g_array_append_vals (boxes, box, 1);
    }
  return code == SQLITE_DONE ? g_steal_pointer (&boxes) : NULL;
}

static const double *
box_at (const GArray *boxes, guint i)
{
  return (const double *) (boxes->data + i * 4 * sizeof (double));
}

static gboolean
play_pointing (Database *db, ReviewStatistics *s, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_bind (db, STATS_PEAKS, error, "s", s->model);
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      g_autoptr (GArray) boxes = boxes_of (db, column_id (rows, 0), error);
      double x = sqlite3_column_double (rows, 1), y = sqlite3_column_double (rows, 2);
      gboolean empty = sqlite3_column_type (rows, 1) == SQLITE_NULL, hit = FALSE;

      if (boxes == NULL)
        return FALSE;
      for (guint i = 0; i < boxes->len && !empty; i++)
        {
          const double *box = box_at (boxes, i);

          hit |= box[0] < x && x < box[2] && box[1] < y && y < box[3];
        }
      s->pointed++;
      s->hits += hit;
    }
  return code == SQLITE_DONE;
}

/* Agreement ---------------------------------------------------------------------------------------------------------------- */

double
agreement_kappa (const gint64 *table, int n)
{
  double all = 0, same = 0, chance = 0;

  for (int i = 0; i < n * n; i++)
    all += table[i];
  if (all == 0)
    return NAN;
  for (int i = 0; i < n; i++)
    {
      double row = 0, column = 0;

      same += table[i * n + i] / all;
      for (int j = 0; j < n; j++)
        {
          row += table[i * n + j];
          column += table[j * n + i];
        }
      chance += row / all * (column / all);
    }
  return chance < 1 ? (same - chance) / (1 - chance) : NAN;
}

double
agreement_iou (const GArray *a, const GArray *b)
{
  g_autofree gboolean *used_a = g_new0 (gboolean, a->len + 1), *used_b = g_new0 (gboolean, b->len + 1);
  double sum = 0;

  if (a->len == 0 || b->len == 0)
    return a->len == b->len ? NAN : 0;
  for (guint round = 0; round < MIN (a->len, b->len); round++)
    {
      double best = -1;
      guint x = 0, y = 0;

      for (guint i = 0; i < a->len; i++)
        for (guint j = 0; j < b->len; j++)
          {
            double iou = used_a[i] || used_b[j] ? -1 : box_iou (box_at (a, i), box_at (b, j));

            if (iou > best)
              {
                best = iou;
                x = i;
                y = j;
              }
          }
      used_a[x] = used_b[y] = TRUE;
      sum += best;
    }
  return sum / MAX (a->len, b->len);
}

static gboolean
compare_pairs (Database *db, Statement which, PassAgreement *agreement, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_statement (db, which, error);
  gint64 table[N_VERDICTS * N_VERDICTS] = { 0 };
  double sum = 0;
  int code;

  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      int first = index_of (verdict_names, N_VERDICTS, column_text (rows, 1));
      int second = index_of (verdict_names, N_VERDICTS, column_text (rows, 3));

      table[first * N_VERDICTS + second]++;
      agreement->n++;
      agreement->same += first == second;
      if (first <= VERDICT_CORRECTED && second <= VERDICT_CORRECTED)
        {
          g_autoptr (GArray) a = boxes_of (db, column_id (rows, 0), error), b = a != NULL ? boxes_of (db, column_id (rows, 2), error) : NULL;

          if (b == NULL)
            return FALSE;
          sum += agreement_iou (a, b);
          agreement->n_iou++;
        }
    }
  agreement->kappa = agreement_kappa (table, N_VERDICTS);
  agreement->mean_iou = agreement->n_iou > 0 ? sum / agreement->n_iou : NAN;
  return code == SQLITE_DONE;
}

/* Pace ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
find_paces (Database *db, ReviewStatistics *s, GError **error)
{
  g_autoptr (DatabaseRows) rows = database_statement (db, STATS_TIMES, error);
  ReviewerPace *pace = NULL;
  gint64 before = 0;
  double steps = 0;
  int code;

  s->reviewers = g_ptr_array_new_with_free_func (pace_free);
  if (rows == NULL)
    return FALSE;
  while ((code = database_step (db, rows, error)) == SQLITE_ROW)
    {
      gint64 at = column_id (rows, 1);

      if (pace == NULL || strcmp (pace->reviewer, column_text (rows, 0)) != 0)
        {
          pace = g_new0 (ReviewerPace, 1);
          pace->reviewer = g_strdup (column_text (rows, 0));
          pace->pace = NAN;
          steps = 0;
          g_ptr_array_add (s->reviewers, pace);
        }
      else if (at - before <= PAUSE)
        {
          pace->minutes += (at - before) / 60e6;
          steps++;
        }
      pace->verdicts++;
      pace->pace = pace->minutes > 0 ? steps / pace->minutes : NAN;
      before = at;
    }
  return code == SQLITE_DONE;
}

static gboolean
choose_model (Database *db, const char *model, ReviewStatistics *s, GError **error)
{
  g_autoptr (DatabaseRows) rows = NULL;
  int code;

  s->model = g_strdup (model);
  if (model != NULL)
    return TRUE;
  rows = database_statement (db, MEASURE_MODELS, error);
  if (rows == NULL)
    return FALSE;
  code = database_step (db, rows, error);
  if (code == SQLITE_ROW)
    s->model = g_strdup (column_text (rows, 0));
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

gboolean
review_statistics (Project *project, const char *model, ReviewStatistics *statistics, GError **error)
{
  Database *db = project_database (project);
  ReviewStatistics *s = statistics;
  ProjectCounts counts = { 0 };

  s->raw_error = s->trust_error = NAN;
  for (int i = 0; i < STATISTICS_BINS; i++)
    s->bins[i].score = s->bins[i].trust = NAN;
  if (!choose_model (db, model, s, error) || !project_count (project, &counts, error) || !count_origins (db, s, error) ||
      !database_get (db, STATS_STALE, &s->stale, NULL, error, "") || !find_paces (db, s, error) ||
      !compare_pairs (db, STATS_PASSES, &s->passes, error) || !compare_pairs (db, STATS_REPEATS, &s->repeats, error) ||
      !compare_pairs (db, STATS_KNOWN, &s->known, error))
    return FALSE;
  s->images = counts.images;
  s->phrases = counts.phrases;
  if (s->model == NULL)
    return TRUE;
  for (int i = 0; i < STATISTICS_BINS; i++)
    s->bins[i].score = s->bins[i].trust = 0;
  return database_get (db, STATS_MEASURED, &s->measured, NULL, error, "s", s->model) && fill_bins (project, s, error) &&
         play_pointing (db, s, error);
}
