/* SPDX-License-Identifier: MIT
 * Figures about a project's verdicts, and their reports. */
#pragma once

#include "project.h"

G_BEGIN_DECLS

#define STATISTICS_BINS 10

typedef enum
{
  JUDGED_MAP,
  JUDGED_DETECTOR,
  JUDGED_IMPORT,
  JUDGED_PERSON,
  JUDGED_NONE, /* there was no region */
  N_JUDGED
} Judged;

typedef enum
{
  VERDICT_ACCEPTED,
  VERDICT_CORRECTED,
  VERDICT_REJECTED,
  VERDICT_ABSENT,
  VERDICT_UNSURE,
  N_VERDICTS
} VerdictKind;

/* Proposals of the model whose raw score lies in [i / 10, (i + 1) / 10), the last bin with its end. */
typedef struct
{
  gint64 n, accepted;
  double score;   /* mean raw score; NaN where n is 0 */
  double trust;   /* mean calibrated one; NaN where nothing is known */
} ScoreBin;

/* Two verdicts on each of n phrases. */
typedef struct
{
  gint64 n, same;
  double kappa;   /* Cohen's, over the five verdicts; NaN where it is not defined */
  gint64 n_iou;   /* phrases where both approved regions */
  double mean_iou;/* of their boxes, best matches; a box without a partner counts 0. NaN for none */
} PassAgreement;

typedef struct
{
  char *reviewer;
  gint64 verdicts;
  double minutes; /* worked: pauses over two minutes do not count */
  double pace;    /* verdicts a minute; NaN for fewer than two in a row */
} ReviewerPace;

typedef struct
{
  char *model;    /* whose figures stand below; NULL: no run measured anything */
  gint64 images, phrases, measured;
  gint64 decided; /* phrases with a verdict that holds */
  gint64 stale;
  gint64 verdicts[N_JUDGED][N_VERDICTS];
  ScoreBin bins[STATISTICS_BINS];
  double raw_error, trust_error; /* mean distance of score (calibrated: trust) and acceptance over the bins, by n; NaN */
  gint64 pointed, hits;          /* pointing game of the model against approved regions */
  PassAgreement passes, repeats, known;
  GPtrArray *reviewers;          /* ReviewerPace */
} ReviewStatistics;

/* `model` as propose_model_key(), NULL: the one measured last. `statistics` starts zeroed. A reader will do. */
gboolean review_statistics (Project *project, const char *model, ReviewStatistics *statistics, GError **error);
void review_statistics_clear (ReviewStatistics *statistics);

/* Reports: one JSON object; CSV with the columns section, name, field, value; one HTML page that needs nothing beside it.
 * The caller frees. */
char *review_statistics_json (const ReviewStatistics *statistics);
char *review_statistics_csv (const ReviewStatistics *statistics);
char *review_statistics_html (const ReviewStatistics *statistics, const char *title);

const char *judged_name (Judged judged);        /* "map", ..., "none" */
const char *verdict_kind_name (VerdictKind kind); /* "accepted", ... */

/* Cohen's kappa of an n x n table of counts, row by row; NaN where it is not defined. */
double agreement_kappa (const gint64 *table, int n);
/* Mean IoU of two lists of boxes (4 numbers each): greedily matched, best first; unmatched ones count 0. */
double agreement_iou (const GArray *a, const GArray *b);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ReviewStatistics, review_statistics_clear)

G_END_DECLS
