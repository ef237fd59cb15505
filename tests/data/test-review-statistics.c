/* SPDX-License-Identifier: MIT
 * Every figure of `alidade stats` on a project whose answers were computed by hand; and calibration on a generated one. */
#include "calibration.h"
#include "database.h"
#include "project-fixture.h"
#include "review-statistics.h"
#include "review.h"

#define MODEL "mini 0123456789ab"

static char *folder;

static gint64
one (Project *project, const char *sql)
{
  sqlite3_stmt *statement = NULL;
  gint64 value = G_MININT64;

  g_assert (sqlite3_prepare_v2 (database_handle (project_database (project)), sql, -1, &statement, NULL) == SQLITE_OK);
  if (sqlite3_step (statement) == SQLITE_ROW)
    value = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);
  return value;
}

static gint64
phrase_id (Project *project, int n)
{
  g_autofree char *sql = g_strdup_printf ("SELECT id FROM shown_phrase WHERE text = 'phrase %d'", n);

  return one (project, sql);
}

/* Phrase i has the proposal 10 10 20 20 of the model with scores[i], and (import) an imported box like it. */
static Project *
make_project (const char *name, int n, const double *scores, gboolean import)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *source = g_build_filename (folder, "source.jsonl", NULL);
  g_autofree char *picture = g_build_filename (folder, "picture.jpg", NULL);
  const ImportOptions options = { .format = "manifest", .voc_origin = -1, .by = "maker" };
  g_auto (ImportReport) report = { 0 };
  g_autoptr (GString) text = g_string_new ("{\"alidade-manifest\": 1}\n");
  g_autoptr (GError) error = NULL;
  Project *project = project_create (path, &error);

  g_assert_no_error (error);
  fixture_picture (picture, 200, 200, 1);
  for (int i = 0; i < n; i++)
    {
      g_autofree char *box = import && i == 7 ? g_strdup (",{\"box\":[50,50,60,60],\"origin\":\"import\"}") : g_strdup ("");

      if (i == 8 && import)
        g_string_append_printf (text, "{\"image\":\"%s\",\"text\":\"phrase 8\"}\n", picture);
      else
        g_string_append_printf (text, "{\"image\":\"%s\",\"width\":200,\"height\":200,\"text\":\"phrase %d\",\"regions\":[{\"box\":[10,10,20,20],"
                                "\"origin\":\"map\",\"score\":%.17g,\"label\":false}%s]}\n", picture, i, scores[i], box);
    }
  g_assert (g_file_set_contents (source, text->str, -1, NULL));
  project_import (project, source, &options, &report, &error);
  g_assert_no_error (error);
  /* Imports keep no model of a manifest's regions. */
  g_assert (database_exec (project_database (project),
                           "DROP TRIGGER region_revision_keeps; UPDATE region_revision SET model = '" MODEL "' WHERE origin = 'map';"
                           "INSERT INTO entry (id, kind, state, by, at) VALUES (77, 'run', 'shown', 'x', 0);"
                           "INSERT INTO phrase_measure SELECT p.id, '" MODEL "', p.current, 77, 0, 0.5, 0.5, 0.1, 1, 12, 12, 0.5, 0, 0.1, NULL,"
                           " NULL, NULL, 0 FROM phrase p", NULL));
  return project;
}

static void
give (Project *project, int n, const char *verdict, const char *by, int pass, gboolean adjudicated, const double *box)
{
  g_auto (Shape) shape = { 0 };
  const Review review = { .phrase = phrase_id (project, n), .verdict = verdict, .by = by, .pass = pass, .adjudicated = adjudicated,
                          .shape = box != NULL ? &shape : NULL };
  g_autoptr (GError) error = NULL;

  if (box != NULL)
    shape_set_box (&shape, box[0], box[1], box[2], box[3]);
  project_review (project, &review, &error);
  g_assert_no_error (error);
}

static void
set_time (Project *project, const char *by, int n, double seconds)
{
  g_autofree char *sql = g_strdup_printf ("UPDATE verdict SET at = %.0f WHERE id = (SELECT v.id FROM verdict v JOIN verdict_slot s ON s.id = v.slot"
                                          " WHERE s.reviewer = '%s' ORDER BY v.id LIMIT 1 OFFSET %d)", seconds * 1e6, by, n);

  g_assert (database_exec (project_database (project), sql, NULL));
}

static void
check_figures (void)
{
  static const double scores[] = { 0.05, 0.15, 0.95, 0.92, 1.0, 0.15, 0.55, 0.52, 0.5, 0.3 };
  /* 12 12 is inside the first, outside the second. Half of the first box of the pair is shared: IoU 1/3. */
  const double near[] = { 10, 10, 20, 30 }, far[] = { 100, 100, 120, 120 }, shifted[] = { 105, 100, 125, 120 };
  g_autoptr (Project) project = make_project ("figures", 10, scores, TRUE);
  g_auto (ReviewStatistics) s = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL, *csv = NULL, *html = NULL;
  g_autoptr (json_t) root = NULL;

  give (project, 0, "rejected", "ann", 1, FALSE, NULL);
  give (project, 1, "accepted", "ann", 1, FALSE, NULL);
  give (project, 2, "accepted", "ann", 1, FALSE, NULL);
  give (project, 3, "accepted", "ann", 1, FALSE, NULL);
  give (project, 4, "corrected", "ann", 1, FALSE, near);
  give (project, 5, "corrected", "ann", 1, FALSE, far);
  give (project, 6, "unsure", "ann", 1, FALSE, NULL);
  give (project, 7, "absent", "ann", 1, FALSE, NULL);
  give (project, 8, "absent", "ann", 1, FALSE, NULL);
  /* The second pass: accepted twice, corrected once more, absent where ann rejected, rejected where ann accepted. */
  give (project, 0, "absent", "bob", 2, FALSE, NULL);
  give (project, 1, "accepted", "bob", 2, FALSE, NULL);
  give (project, 2, "accepted", "bob", 2, FALSE, NULL);
  give (project, 3, "rejected", "bob", 2, FALSE, NULL);
  /* Ten seconds apart, a pause of 600 s, ten more: 60 s in six steps. */
  g_assert (database_exec (project_database (project), "DROP TRIGGER verdict_keeps_1", NULL));
  for (int i = 0; i < 9; i++)
    set_time (project, "ann", i, i < 4 ? 10 * i : 600 + 10 * i);
  for (int i = 0; i < 4; i++)
    set_time (project, "bob", i, 5000 + 300 * i);
  review_statistics (project, NULL, &s, &error);
  g_assert_no_error (error);

  tap_ok (s.images == 1 && s.phrases == 10 && s.decided == 9 && s.measured == 10 && s.stale == 0, "/figures/counts");
  tap_equal_text (s.model, MODEL, "/figures/the model measured last");
  /* What decides is the latest: bob's absent on 0, rejected on 3. */
  tap_ok (s.verdicts[JUDGED_MAP][VERDICT_ACCEPTED] == 2 && s.verdicts[JUDGED_MAP][VERDICT_CORRECTED] == 2 &&
            s.verdicts[JUDGED_MAP][VERDICT_REJECTED] == 1 && s.verdicts[JUDGED_MAP][VERDICT_ABSENT] == 1 &&
            s.verdicts[JUDGED_MAP][VERDICT_UNSURE] == 1 && s.verdicts[JUDGED_IMPORT][VERDICT_ABSENT] == 1 &&
            s.verdicts[JUDGED_NONE][VERDICT_ABSENT] == 1,
          "/figures/verdicts by what was judged");
  /* Bins: 0.0 one (no); 0.1 two (phrase 1 yes, 5 no); 0.5 one (7 no); 0.9 three (2 yes, 3 no, 4 no). */
  tap_ok (s.bins[0].n == 1 && s.bins[0].accepted == 0 && s.bins[1].n == 2 && s.bins[1].accepted == 1 && s.bins[5].n == 1 &&
            s.bins[5].accepted == 0 && s.bins[9].n == 3 && s.bins[9].accepted == 1, "/figures/acceptance by score");
  tap_near (s.bins[9].score, (0.95 + 0.92 + 1.0) / 3, 1e-9, "/figures/mean score of a bin");
  /* |0.05 - 0| + |0.3 - 1| + |0.52 - 0| + |2.87 - 1| over seven */
  tap_near (s.raw_error, (0.05 + 0.7 + 0.52 + 1.87) / 7, 1e-9, "/figures/reliability");
  tap_ok (isnan (s.trust_error), "/figures/no calibration, no figure of it");
  /* Accepted 1, 2 and corrected 4 hold 12 12; corrected 5 does not. */
  tap_ok (s.pointed == 4 && s.hits == 3, "/figures/pointing game");
  /* Rows ann, columns bob: accepted-accepted 2, accepted-rejected 1, rejected-absent 1. Same 2/4; by chance 3/4 x 2/4 + 1/4 x 1/4 x
   * (rejected: ann 1/4, bob 1/4) = 7/16; kappa (8/16 - 7/16) / (9/16) = 1/9. */
  tap_ok (s.passes.n == 4 && s.passes.same == 2 && s.passes.n_iou == 2, "/figures/two passes");
  tap_near (s.passes.kappa, 1.0 / 9, 1e-9, "/figures/Cohen's kappa");
  tap_near (s.passes.mean_iou, 1, 1e-9, "/figures/mean IoU of equal boxes");
  tap_ok (s.reviewers->len == 2, "/figures/two reviewers");
  {
    const ReviewerPace *ann = s.reviewers->pdata[0], *bob = s.reviewers->pdata[1];

    tap_ok (ann->verdicts == 9 && fabs (ann->minutes - 70 / 60.0) < 1e-9 && fabs (ann->pace - 6) < 1e-9, "/figures/pace without pauses");
    tap_ok (bob->verdicts == 4 && bob->minutes == 0 && isnan (bob->pace), "/figures/no pace of pauses alone");
  }

  json = review_statistics_json (&s);
  root = json_loads (json, 0, NULL);
  tap_ok (root != NULL && json_integer_value (json_object_get (json_object_get (json_object_get (root, "pointing"), "all"), "hits")) == 3 &&
            json_real_value (json_object_get (json_object_get (json_object_get (root, "pointing"), "all"), "accuracy")) == 0.75,
          "/reports/JSON");
  csv = review_statistics_csv (&s);
  tap_ok (strstr (csv, "\npointing,all,accuracy,0.75\n") != NULL && strstr (csv, "\npace,ann,verdicts,9\n") != NULL &&
            strstr (csv, "\nreliability,all,trust_error,\n") != NULL, "/reports/CSV");
  html = review_statistics_html (&s, "a <b> & c");
  tap_ok (strstr (html, "a &lt;b&gt; &amp; c") != NULL && strstr (html, "0.111") != NULL && strstr (html, "<circle") != NULL &&
            strstr (html, "http") == NULL, "/reports/a page that needs nothing else");

  /* bob moves what ann corrected: her verdict is stale. One person twice, and the judge. */
  give (project, 5, "corrected", "bob", 2, FALSE, shifted);
  give (project, 1, "accepted", "ann", 1001, FALSE, NULL);
  give (project, 2, "rejected", "judge", 1, TRUE, NULL);
  give (project, 2, "rejected", "ann", 2001, FALSE, NULL);
  review_statistics_clear (&s);
  s = (ReviewStatistics) { 0 };
  review_statistics (project, MODEL, &s, &error);
  tap_ok (s.stale == 1, "/figures/stale");
  /* 1/3 = 15 x 20 over 25 x 20: shared 300, all 500: 0.6 */
  tap_near (s.passes.mean_iou, (1 + 1 + 0.6) / 3, 1e-9, "/figures/mean IoU");
  tap_ok (s.repeats.n == 1 && s.repeats.same == 1 && s.known.n == 1 && s.known.same == 1, "/figures/repeated and known items");
}

static void
check_lists (void)
{
  const double two[] = { 0, 0, 10, 10, 20, 20, 30, 30 }, one_box[] = { 20, 20, 30, 30 };
  const gint64 perfect[] = { 5, 0, 0, 5 }, none[] = { 10, 0, 0, 0 }, usual[] = { 20, 5, 10, 15 };
  g_autoptr (GArray) a = g_array_new (FALSE, FALSE, 4 * sizeof (double)), b = g_array_new (FALSE, FALSE, 4 * sizeof (double));

  g_array_append_vals (a, two, 2);
  g_array_append_vals (b, one_box, 1);
  tap_near (agreement_iou (a, b), 0.5, 1e-9, "/agreement/a box without a partner counts nothing");
  tap_near (agreement_kappa (perfect, 2), 1, 1e-9, "/agreement/kappa of equal verdicts");
  tap_ok (isnan (agreement_kappa (none, 2)), "/agreement/kappa where all say one thing is not defined");
  tap_near (agreement_kappa (usual, 2), 0.4, 1e-9, "/agreement/kappa of the textbook");
}

/* People accept with probability score squared: raw scores promise too much. Learned on 200 verdicts, judged on 200 more. */
static void
check_calibration (void)
{
  enum { N = 400, LEARNED = 200 };
  double scores[N];
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  g_autoptr (Project) project = NULL;
  g_auto (ReviewStatistics) first = { 0 }, second = { 0 };
  g_autoptr (Calibration) learned = NULL;
  double raw = 0, trusted = 0;
  gboolean good[N];
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < N; i++)
    {
      scores[i] = g_rand_double (rand);
      good[i] = g_rand_double (rand) < scores[i] * scores[i];
    }
  project = make_project ("generated", N, scores, FALSE);
  for (int i = 0; i < LEARNED; i++)
    give (project, i, good[i] ? "accepted" : "rejected", "ann", 1, FALSE, NULL);
  review_statistics (project, MODEL, &first, &error);
  g_assert_no_error (error);
  tap_ok (calibration_learn (project, MODEL, NULL, &error), "/calibration/learned from 200 verdicts");
  learned = calibration_load (project, MODEL, &error);
  for (int i = LEARNED; i < N; i++)
    give (project, i, good[i] ? "accepted" : "rejected", "ann", 1, FALSE, NULL);
  review_statistics (project, MODEL, &second, &error);
  g_assert_no_error (error);
  /* The truth is known here: how far each score is from it, on those that nothing was learned from. */
  for (int i = LEARNED; i < N; i++)
    {
      double truth = scores[i] * scores[i];

      raw += fabs (scores[i] - truth) / (N - LEARNED);
      trusted += fabs (calibration_apply (learned, scores[i]) - truth) / (N - LEARNED);
    }
  tap_note ("mean distance from the truth: %.3f raw, %.3f after 200 verdicts; reliability error on all 400: %.3f and %.3f", raw, trusted,
            second.raw_error, second.trust_error);
  tap_ok (isnan (first.trust_error) && trusted < 0.5 * raw && second.trust_error < 0.6 * second.raw_error,
          "/calibration/scores can be trusted more");
}

int
main (void)
{
  folder = fixture_folder ();
  check_figures ();
  check_lists ();
  check_calibration ();
  fixture_remove (folder);
  g_free (folder);
  return tap_done ();
}
