/* SPDX-License-Identifier: MIT
 * Queues, what a blind reviewer sees, histories and calibration, on a project made for it: twelve phrases on six pictures,
 * of which each order has one that only it would put first. */
#include "calibration.h"
#include "database.h"
#include "phrase-history.h"
#include "project-fixture.h"
#include "project-id.h"
#include "review-queue.h"
#include "review-regions.h"
#include "review.h"

#define PHRASES 12
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

static void
measure (Project *project, int n, double match, double spread, int peaks, gboolean outside, double energy, double methods, double twin,
         double other)
{
  gint64 phrase = phrase_id (project, n);
  g_autofree char *sql =
    g_strdup_printf ("INSERT INTO phrase_measure SELECT p.id, '" MODEL "', p.current, 77, 0, %g, %g, %g, %d, 12, 12, %g, %d, %g, %g, %g, NULL, 0"
                     " FROM phrase p WHERE p.id = %" G_GINT64_FORMAT, match, match, spread, peaks, energy, outside, methods, twin, other,
                     phrase);

  g_assert (database_exec (project_database (project), sql, NULL));
}

/* Phrase n lies on picture n / 2. All have an imported box, which the map's proposal equals, but for phrase 8. */
static Project *
make_project (const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *source = g_build_filename (folder, "source.jsonl", NULL);
  const ImportOptions options = { .format = "manifest", .voc_origin = -1, .by = "maker" };
  g_auto (ImportReport) report = { 0 };
  g_autoptr (GString) text = g_string_new ("{\"alidade-manifest\": 1}\n");
  g_autoptr (GError) error = NULL;
  Project *project = project_create (path, &error);

  g_assert_no_error (error);
  for (int i = 0; i < PHRASES; i++)
    {
      g_autofree char *picture = g_strdup_printf ("%s/picture-%d.jpg", folder, i / 2);

      fixture_picture (picture, 200, 200, 1);
      g_string_append_printf (text, "{\"image\":\"%s\",\"width\":200,\"height\":200,\"text\":\"phrase %d\",\"regions\":["
                            "{\"box\":[%d,10,20,20],\"origin\":\"import\"},"
                            "{\"box\":[10,10,20,20],\"origin\":\"map\",\"score\":%g,\"label\":false}]}\n", picture, i, i == 8 ? 15 : 10, 0.3 + 0.05 * i);
    }
  g_assert (g_file_set_contents (source, text->str, -1, NULL));
  project_import (project, source, &options, &report, &error);
  g_assert_no_error (error);
  g_assert (database_exec (project_database (project), "INSERT INTO entry (id, kind, state, by, at) VALUES (77, 'run', 'shown', 'x', 0)", NULL));
  return project;
}

static void
set_models (Project *project)
{
  /* Imports keep no model of a manifest's regions: the map's are the model's. */
  g_assert (database_exec (project_database (project),
                           "DROP TRIGGER region_revision_keeps; UPDATE region_revision SET model = '" MODEL "' WHERE origin = 'map'", NULL));
}

static void
measure_all (Project *project)
{
  for (int i = 0; i < PHRASES; i++)
    {
      double base = 0.01 * i;

      measure (project, i, i == 1 ? 0.02 : 0.9 + base / 10, i == 2 ? 0.8 : 0.1 + base / 10, i == 3 ? 5 : 1, i == 4, i == 4 ? 0.5 : 0.8,
               i == 5 ? 0.9 : 0.2 + base, i == 6 ? 0.7 : 0.1 + base, i == 7 ? 0.7 : 0.1 + base);
    }
}

static gint64
first_of (Project *project, QueueSettings settings, char **reason)
{
  g_auto (Queue) queue = { 0 };
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (GError) error = NULL;
  gint64 first;

  settings.reviewer = "ann";
  settings.pass = 1;
  g_assert (queue_make (project, &settings, &error) && queue_open (project, "ann", 1, &queue, &error));
  items = queue_items (project, &queue, 0, 100, &error);
  g_assert_no_error (error);
  first = items->len > 0 ? ((QueueItem *) items->pdata[0])->phrase : 0;
  if (reason != NULL)
    *reason = items->len > 0 ? g_strdup (((QueueItem *) items->pdata[0])->reason) : NULL;
  return first;
}

static void
check_orders (Project *project)
{
  static const struct
  {
    QueueOrder order;
    int first;
    const char *reason;
  } wanted[] = {
    { QUEUE_SEQUENTIAL, 0, "in order" },        { QUEUE_MATCH, 1, "match 0.02" },
    { QUEUE_SPREAD, 2, "spread over 80 %" },    { QUEUE_PEAKS, 3, "5 peaks" },
    { QUEUE_OUTSIDE, 4, "peak outside the proposal" }, { QUEUE_METHODS, 5, "methods differ by 0.90" },
    { QUEUE_TWIN, 6, "twin differs by 0.70" },  { QUEUE_OTHER, 7, "checkpoints differ by 0.70" },
    { QUEUE_LABELS, 8, "IoU 0.50 with the model, peak outside" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
    for (int apart = 0; apart < 2; apart++)
      {
        g_autofree char *reason = NULL;
        gint64 first = first_of (project, (QueueSettings) { .order = wanted[i].order, .apart = apart }, &reason);

        tap_ok (first == phrase_id (project, wanted[i].first), "/queue/%s puts first what only it would%s",
                queue_order_name (wanted[i].order), apart ? ", pictures apart" : "");
        tap_equal_text (reason, wanted[i].reason, "/queue/its reason");
      }
  tap_ok (first_of (project, (QueueSettings) { .order = QUEUE_RANDOM, .seed = 1 }, NULL) ==
            first_of (project, (QueueSettings) { .order = QUEUE_RANDOM, .seed = 1 }, NULL),
          "/queue/chance with one seed is one order");
}

static void
check_together (Project *project)
{
  g_auto (Queue) queue = { 0 };
  g_autoptr (GPtrArray) items = NULL;
  const QueueSettings settings = { .reviewer = "ann", .pass = 1, .order = QUEUE_RANDOM, .seed = 7 };
  gboolean together = TRUE;

  g_assert (queue_make (project, &settings, NULL) && queue_open (project, "ann", 1, &queue, NULL));
  items = queue_items (project, &queue, 0, 100, NULL);
  for (guint i = 1; i < items->len; i++)
    for (guint j = 0; j + 1 < i; j++)
      together &= ((QueueItem *) items->pdata[i])->image != ((QueueItem *) items->pdata[j])->image ||
                  ((QueueItem *) items->pdata[i])->image == ((QueueItem *) items->pdata[i - 1])->image;
  tap_ok (items->len == PHRASES && together, "/queue/phrases of a picture stay together");
}

static void
give (Project *project, gint64 phrase, const char *verdict, const char *by, int pass, gboolean adjudicated)
{
  const Review review = { .phrase = phrase, .verdict = verdict, .by = by, .pass = pass, .adjudicated = adjudicated };
  g_autoptr (GError) error = NULL;

  project_review (project, &review, &error);
  g_assert_no_error (error);
}

static void
check_walk (void)
{
  g_autoptr (Project) project = make_project ("walk");
  g_autofree char *path = g_build_filename (folder, "walk", NULL);
  const QueueSettings settings = { .reviewer = "ann", .pass = 1, .order = QUEUE_SEQUENTIAL };
  g_auto (Queue) queue = { 0 }, again = { 0 };
  gint64 nth, n = 0;

  g_assert (queue_make (project, &settings, NULL) && queue_open (project, "ann", 1, &queue, NULL));
  tap_ok (queue.n == PHRASES && queue.done == 0 && queue.position == 0, "/queue/is made");
  give (project, phrase_id (project, 0), "accepted", "ann", 1, FALSE);
  give (project, phrase_id (project, 1), "unsure", "ann", 1, FALSE);
  g_assert (queue_put_back (project, &queue, 1, NULL) && queue_put_back (project, &queue, 1, NULL));
  give (project, phrase_id (project, 3), "rejected", "bob", 1, FALSE);
  g_assert (queue_set_position (project, &queue, 3, NULL));
  g_clear_pointer (&project, project_close);
  project = project_open (path, TRUE, NULL);
  g_assert (queue_open (project, "ann", 1, &again, NULL));
  tap_ok (again.position == 3 && again.n == PHRASES + 1 && again.done == 1, "/queue/place and progress survive; unsure comes back once");
  /* 2 is passed over: it still waits; 3 has only another's verdict. */
  tap_ok (queue_next (project, &again, 3, &nth, NULL) && nth == 4, "/queue/next");
  tap_ok (queue_next (project, &again, -1, &nth, NULL) && nth == 2, "/queue/an unsure one waits no more in its place");
  tap_ok (queue_next (project, &again, 11, &nth, NULL) && nth == 12, "/queue/but at the end");
  tap_ok (queue_previous (project, &again, 3, &nth, NULL) && nth == 2 && queue_previous (project, &again, 0, &nth, NULL) && nth == -1,
          "/queue/previous");
  for (nth = -1; queue_next (project, &again, nth, &nth, NULL) && nth >= 0;)
    n++;
  tap_ok (n > 0 && n <= PHRASES + 1, "/queue/ends");
}

/* Another reviewer's work leaves no trace in a blind pass. */
static void
check_blind (void)
{
  g_autoptr (Project) project = make_project ("blind");
  gint64 phrase = phrase_id (project, 2), region, imported, other = phrase_id (project, 4);
  const QueueSettings second = { .reviewer = "bob", .pass = 2, .order = QUEUE_SEQUENTIAL };
  const ReviewView plain = { .reviewer = "bob" }, blind = { .reviewer = "bob", .blind = TRUE };
  ReviewView later = blind;
  g_autoptr (GPtrArray) before = NULL, after = NULL, own = NULL, open = NULL, history = NULL, items = NULL;
  g_auto (Shape) shape = { 0 }, added = { 0 };
  g_auto (Queue) queue = { 0 };
  g_autoptr (GError) error = NULL;
  const Review corrected = { .phrase = phrase, .verdict = "corrected", .by = "ann", .pass = 1, .shape = &shape };
  gboolean same;

  before = review_regions_list (project, phrase, &blind, &error);
  tap_ok (before->len == 2 && ((ReviewRegion *) before->pdata[0])->origin == ORIGIN_IMPORT, "/blind/before");
  imported = ((ReviewRegion *) before->pdata[0])->revision;
  shape_set_box (&shape, 1, 1, 5, 5);
  g_assert (project_review (project, &corrected, &error));
  shape_set_box (&added, 30, 30, 40, 40);
  g_assert (project_add_region (project, phrase, &added, "ann", &region, &error));
  give (project, other, "rejected", "ann", 1, FALSE);
  g_assert (project_change_region (project, other, one (project, "SELECT min (r.region) FROM shown_region r JOIN shown_phrase p ON p.id = r.phrase"
                                                                 " WHERE p.text = 'phrase 4'"), NULL, "ann", &error));
  after = review_regions_list (project, phrase, &blind, &error);
  same = after->len == before->len;
  for (guint i = 0; i < after->len && same; i++)
    same = ((ReviewRegion *) after->pdata[i])->revision == ((ReviewRegion *) before->pdata[i])->revision &&
           shape_equal (&((ReviewRegion *) after->pdata[i])->shape, &((ReviewRegion *) before->pdata[i])->shape);
  tap_ok (same, "/blind/regions are as before the first reviewer");
  open = review_regions_list (project, phrase, &plain, &error);
  tap_ok (open->len == 3, "/blind/and not so in an open one");
  g_clear_pointer (&open, g_ptr_array_unref);
  open = review_regions_list (project, other, &blind, &error);
  tap_ok (open->len == 2, "/blind/a region that the first one removed is there");
  history = phrase_history (project, phrase, "bob", &error);
  tap_ok (history->len == 1 && ((HistoryItem *) history->pdata[0])->seq == 0, "/blind/the history tells of the import alone");

  g_assert (queue_make (project, &second, &error) && queue_open (project, "bob", 2, &queue, &error));
  items = queue_items (project, &queue, 0, 100, &error);
  tap_ok (items->len == 2 && ((QueueItem *) items->pdata[0])->blind && ((QueueItem *) items->pdata[0])->verdict == NULL,
          "/blind/the second pass holds what the first has done");

  later.since = project_now ();
  g_assert (project_add_region (project, phrase, &added, "bob", &region, &error));
  own = review_regions_list (project, phrase, &later, &error);
  tap_ok (own->len == 3, "/blind/one's own new region shows");
  {
    const Review accepts = { .phrase = phrase, .verdict = "accepted", .by = "bob", .pass = 2, .revisions = &imported, .n_revisions = 1 };
    const Review wrong = { .phrase = other, .verdict = "accepted", .by = "bob", .pass = 2, .revisions = &imported, .n_revisions = 1 };

    tap_ok (project_review (project, &accepts, &error), "/blind/a verdict names the revision that was shown");
    tap_ok (!project_review (project, &wrong, NULL), "/blind/but none of another phrase");
  }
}

static void
check_history (void)
{
  g_autoptr (Project) project = make_project ("history");
  gint64 phrase = phrase_id (project, 0), seq;
  g_autoptr (GPtrArray) history = NULL;
  g_auto (Shape) shape = { 0 };
  g_autoptr (GError) error = NULL;
  const Review corrected = { .phrase = phrase, .verdict = "corrected", .by = "ann", .pass = 1, .shape = &shape };
  g_autofree char *what = NULL;
  gboolean changed;

  give (project, phrase, "accepted", "ann", 1, FALSE);
  seq = one (project, "SELECT max (seq) FROM journal");
  shape_set_box (&shape, 1, 1, 5, 5);
  g_assert (project_review (project, &corrected, &error));
  give (project, phrase, "absent", "bob", 1, FALSE);
  history = phrase_history (project, phrase, NULL, &error);
  tap_ok (history->len == 4, "/history/import and three records (%u)", history->len);
  tap_equal_text (((HistoryItem *) history->pdata[0])->text, "2 regions imported", "/history/what came first");
  tap_equal_text (((HistoryItem *) history->pdata[1])->text, "accepted", "/history/a verdict");
  tap_equal_text (((HistoryItem *) history->pdata[2])->text, "box changed, corrected", "/history/a correction");
  tap_ok (one (project, "SELECT x1 FROM shown_region WHERE origin = 'person'") == 1, "/history/corrected");
  tap_ok (project_revert_phrase (project, phrase, seq, "ann", &changed, &error) && changed, "/history/going back");
  tap_ok (one (project, "SELECT count (*) FROM shown_region WHERE origin = 'person'") == 0 &&
            one (project, "SELECT count (*) FROM verdict_now WHERE reviewer = 'ann' AND verdict = 'accepted' AND NOT stale") == 1 &&
            one (project, "SELECT count (*) FROM verdict_now WHERE reviewer = 'bob' AND verdict = 'absent'") == 1,
          "/history/is as it was then, but for what others said");
  tap_ok (project_revert_phrase (project, phrase, seq, "ann", &changed, &error) && !changed, "/history/once more changes nothing");
  tap_ok (project_undo (project, "ann", &what, &error) && one (project, "SELECT x1 FROM shown_region WHERE origin = 'person'") == 1,
          "/history/and is undone like anything");
}

static void
check_mixed (void)
{
  g_autoptr (Project) project = make_project ("mixed");
  const QueueSettings settings = { .reviewer = "bob", .pass = 1, .order = QUEUE_SEQUENTIAL, .known_every = 4, .repeat_every = 5 };
  const QueueSettings plain = { .reviewer = "bob", .pass = 1, .order = QUEUE_SEQUENTIAL };
  g_auto (Queue) queue = { 0 }, off = { 0 };
  g_autoptr (GPtrArray) items = NULL;

  give (project, phrase_id (project, 11), "accepted", "judge", 1, TRUE);
  g_assert (queue_make (project, &plain, NULL) && queue_open (project, "bob", 1, &off, NULL));
  tap_ok (off.n == 11, "/mixed/off by default");
  g_assert (queue_make (project, &settings, NULL) && queue_open (project, "bob", 1, &queue, NULL));
  items = queue_items (project, &queue, 0, 100, NULL);
  tap_ok (queue.n == 14, "/mixed/one known and two repeated among eleven (%d)", (int) queue.n);
  tap_ok (((QueueItem *) items->pdata[4])->phrase == phrase_id (project, 11) && ((QueueItem *) items->pdata[4])->blind &&
            ((QueueItem *) items->pdata[4])->pass == 1 + QUEUE_KNOWN_PASS,
          "/mixed/the known one looks like any other");
  tap_ok (((QueueItem *) items->pdata[6])->phrase == phrase_id (project, 0) &&
            ((QueueItem *) items->pdata[6])->pass == 1 + QUEUE_REPEAT_PASS, "/mixed/the repeated one has a pass of its own");
}

static void
check_calibration (void)
{
  double scores[40];
  gboolean accepted[40];
  g_autoptr (Calibration) fit = NULL, none = NULL, kept = NULL;
  g_autoptr (Project) project = make_project ("calibration");
  gboolean rises = TRUE;
  gint64 n;

  /* By hand: of ten at 0.1 one, at 0.2 three, at 0.3 two (joined with 0.2: five of twenty), at 0.4 nine. */
  for (int i = 0; i < 40; i++)
    {
      static const int right[] = { 1, 3, 2, 9 };

      scores[i] = 0.1 * (1 + i / 10);
      accepted[i] = i % 10 < right[i / 10];
    }
  fit = calibration_fit (scores, accepted, 40);
  tap_ok (fit->steps->len == 3, "/calibration/three steps (%u)", fit->steps->len);
  if (fit->steps->len == 3)
    {
      tap_near (calibration_apply (fit, 0.05), 1.5 / 11, 1e-9, "/calibration/lowest");
      tap_near (calibration_apply (fit, 0.25), 5.5 / 21, 1e-9, "/calibration/joined");
      tap_near (calibration_apply (fit, 0.9), 9.5 / 11, 1e-9, "/calibration/highest");
      tap_near (calibration_apply (fit, 0.325), (5.5 / 21 + 9.5 / 11) / 2, 1e-9, "/calibration/between");
    }
  for (double x = 0; x < 0.5; x += 0.01)
    rises &= calibration_apply (fit, x) <= calibration_apply (fit, x + 0.01);
  tap_ok (rises, "/calibration/only rises");
  none = calibration_fit (scores, accepted, CALIBRATION_LEAST - 1);
  tap_ok (isnan (calibration_apply (none, 0.3)), "/calibration/of too few verdicts nothing is known");
  set_models (project);
  give (project, phrase_id (project, 0), "rejected", "ann", 1, FALSE);
  tap_ok (calibration_learn (project, MODEL, &n, NULL) && n == 1 && (kept = calibration_load (project, MODEL, NULL)) != NULL &&
            kept->steps->len == 0, "/calibration/verdicts are counted");
}

int
main (void)
{
  g_autoptr (Project) project = NULL;

  folder = fixture_folder ();
  project = make_project ("orders");
  set_models (project);
  measure_all (project);
  check_orders (project);
  check_together (project);
  check_walk ();
  check_blind ();
  check_history ();
  check_mixed ();
  check_calibration ();
  g_clear_pointer (&project, project_close);
  fixture_remove (folder);
  g_free (folder);
  return tap_done ();
}
