/* SPDX-License-Identifier: MIT
 * test-project-laws.c: the schema's laws, every migration, shared regions, captions that are edited, imports beside
 * people. */
#include "database.h"
#include "project-fixture.h"

#include "review.h"

static const char manifest[] =
    "{\"alidade-manifest\": 1}\n"
    "{\"image\":\"a.jpg\",\"width\":100,\"height\":80,\"text\":\"red kite\",\"caption\":\"a red kite over the "
    "dog\",\"start\":2,\"end\":10,"
    "\"regions\":[{\"id\":\"s\",\"box\":[1,2,30,40]}]}\n"
    "{\"image\":\"a.jpg\",\"text\":\"the dog\",\"caption\":\"a red kite over the dog\",\"start\":16,\"end\":23,"
    "\"regions\":[{\"id\":\"s\",\"box\":[1,2,30,40]},{\"box\":[5,5,9,9],\"origin\":\"map\",\"score\":0.5}]}\n"
    "{\"image\":\"a.jpg\",\"text\":\"a cat\",\"regions\":[{\"box\":[5,5,9,9],\"origin\":\"detector\",\"score\":0.5},"
    "{\"box\":[6,6,9,9],\"origin\":\"detector\",\"score\":0.9}]}\n";

static char *folder;

static Project *
project_with (const char *text)
{
  g_autofree char *path = g_build_filename (folder, "m.jsonl", NULL);
  const ImportOptions options = { .format = "manifest", .voc_origin = -1, .by = "import" };
  g_auto (ImportReport) report = { 0 };
  g_autoptr (GError) error = NULL;
  Project *project = project_open_memory (&error);

  g_assert_no_error (error);
  g_assert (g_file_set_contents (path, text, -1, NULL));
  g_assert (project_import (project, path, &options, &report, &error));
  return project;
}

static gint64
one (Project *project, const char *sql)
{
  sqlite3_stmt *statement = NULL;
  gint64 value = -1;

  if (sqlite3_prepare_v2 (database_handle (project_database (project)), sql, -1, &statement, NULL) == SQLITE_OK &&
      sqlite3_step (statement) == SQLITE_ROW)
    value = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);
  return value;
}

static gboolean
refuses (Project *project, const char *sql)
{
  return sqlite3_exec (database_handle (project_database (project)), sql, NULL, NULL, NULL) != SQLITE_OK;
}

static void
test_laws (void)
{
  static const char *const wrongs[] = {
    "DELETE FROM journal",
    "UPDATE journal SET by = 'x'",
    "DELETE FROM journal_step",
    "UPDATE journal_step SET target = 1",
    "UPDATE region_revision SET x1 = 0",
    "UPDATE phrase_revision SET text = 'x'",
    "UPDATE verdict SET verdict = 'unsure'",
    "DELETE FROM verdict",
    "UPDATE region SET current = (SELECT max (id) FROM region_revision) WHERE id = (SELECT min (id) FROM region)",
    "INSERT INTO region_revision (id, region, kind, x1, y1, x2, y2, origin, by, at) SELECT 1, id, 'box', 5, 5, 5, 9, "
    "'person', 'x', 0 FROM region LIMIT 1",
    "INSERT INTO region_revision (id, region, kind, x1, y1, x2, y2, origin, by, at) SELECT 1, id, 'box', 5, 5, 7, 9, "
    "'ghost', 'x', 0 FROM region LIMIT 1",
    "INSERT INTO link (id, phrase, region) SELECT 7, id, 7 FROM phrase LIMIT 1",
    "INSERT INTO phrase_span (revision, nth, first, last) SELECT id, 9, 5, 5 FROM phrase_revision LIMIT 1",
    "UPDATE image SET orientation = 9",
    "UPDATE image SET width = 'wide'",
    "UPDATE entry SET state = 'half'",
    "INSERT INTO phrase (id, image, identity) SELECT 3, image, identity FROM phrase LIMIT 1",
    "DELETE FROM image",
  };
  g_autoptr (Project) project = project_with (manifest);
  Review review = { .verdict = "accepted", .by = "ann", .pass = 1 };

  review.phrase = one (project, "SELECT id FROM shown_phrase WHERE text = 'a cat'");
  tap_ok (project_review (project, &review, NULL), "/laws/a verdict");
  tap_ok (one (project, "SELECT v.score * 10 FROM verdict_region n JOIN region_revision v ON v.id = n.revision") == 9,
          "/laws/accepted takes the top region");
  for (guint i = 0; i < G_N_ELEMENTS (wrongs); i++)
    tap_ok (refuses (project, wrongs[i]), "/laws/refused: %.70s", wrongs[i]);
}

static void
run_sql (sqlite3 *handle, const char *sql)
{
  g_assert (sqlite3_exec (handle, sql, NULL, NULL, NULL) == SQLITE_OK);
}

/* A new file becomes one of that version, with a phrase that its index does not know yet. */
static void
make_old (sqlite3 *handle, int version)
{
  g_autofree char *mark = g_strdup_printf ("PRAGMA user_version = %d", version);

  run_sql (handle, "DROP TABLE image_name; DROP TABLE root_name; DROP TABLE rename_begun; DROP TABLE filter_revision; DROP TABLE filter; "
                   "DROP INDEX tag_phrase");
  if (version < 3)
    run_sql (handle, "DROP VIEW measure_now; DROP TABLE phrase_measure; DROP TABLE calibration; DROP TABLE queue_item; DROP TABLE queue");
  if (version < 2)
    run_sql (handle, "DROP TABLE search_text; DROP TABLE search_name; DROP TABLE search_progress");
  run_sql (handle, mark);
  run_sql (handle, "INSERT INTO entry (id, kind, state, by, at) VALUES (5, 'import', 'shown', 'x', 0);"
                   "INSERT INTO root (id, path) VALUES (1, x'2f61');"
                   "INSERT INTO image (id, root, path, width, height, orientation, state, entry) VALUES (2, 1, x'62', 1, 1, "
                   "1, 'missing', 5);"
                   "INSERT INTO phrase (id, image, identity, current, entry) VALUES (3, 2, 9, 4, 5);"
                   "INSERT INTO phrase_revision (id, phrase, text, by, at) VALUES (4, 3, 'old kite', 'x', 0);"
                   "INSERT INTO journal (seq, at, by, kind, target) VALUES (7, 0, 'x', 'import', 5);"
                   "INSERT INTO journal (seq, at, by, kind, target, undoes) VALUES (9, 0, 'x', 'undo', 5, 7);"
                   "INSERT INTO journal_step (seq, nth, what, target, before, after) VALUES (9, 0, 'phrase', 3, 4, NULL)");
  if (version >= 2)
    run_sql (handle, "INSERT INTO search_progress (entry, kind, done) VALUES (5, 'image', 0), (5, 'caption', 0), (5, 'phrase', 0)");
}

static void
test_migrations (void)
{
  for (int version = 1; version < database_newest_version (); version++)
    {
      g_autofree char *path = g_build_filename (folder, "old", NULL),
                      *file = g_build_filename (path, "project.alidade", NULL);
      g_autofree char *name = g_strdup_printf ("%s-%d", path, version);
      g_autoptr (GError) error = NULL;
      g_autoptr (Project) project = project_create (path, &error);
      sqlite3 *handle = NULL;

      g_assert_no_error (error);
      g_clear_pointer (&project, project_close);
      /* What the later migrations made is taken away again: what is left is the old file. */
      g_assert (sqlite3_open (file, &handle) == SQLITE_OK);
      make_old (handle, version);
      sqlite3_close (handle);
      project = project_open (path, TRUE, &error);
      tap_ok (project != NULL && one (project, "PRAGMA user_version") == database_newest_version (),
              "/laws/a file of version %d is brought up", version);
      if (project != NULL)
        {
          /* The writer that opened it has completed the index. */
          tap_ok (one (project, "SELECT count (*) FROM shown_phrase") == 1 &&
                    one (project, "SELECT count (*) FROM search_progress") == 0 &&
                    one (project, "SELECT count (*) FROM search_text WHERE search_text MATCH 'kite'") == 1,
                  "/laws/its phrases are found");
          tap_ok (one (project, "SELECT count (*) FROM journal j JOIN journal u ON u.undoes = j.seq JOIN journal_step s ON s.seq = u.seq "
                                "WHERE j.seq = 7 AND u.seq = 9 AND s.target = 3 AND s.before = 4") == 1 &&
                    one (project, "SELECT count (*) FROM pragma_foreign_key_check") == 0 &&
                    one (project, "SELECT seq FROM sqlite_sequence WHERE name = 'journal'") == 9 && refuses (project, "DELETE FROM journal") &&
                    refuses (project, "INSERT INTO journal (at, by, kind, target, undoes) VALUES (0, 'x', 'undo', 5, 8)"),
                  "/laws/its journal is kept, with its laws");
        }
      g_clear_pointer (&project, project_close);
      fixture_remove (path);
    }
}

static void
test_shared (void)
{
  g_autoptr (Project) project = project_with (manifest);
  gint64 kite = one (project, "SELECT id FROM shown_phrase WHERE text = 'red kite'");
  gint64 dog = one (project, "SELECT id FROM shown_phrase WHERE text = 'the dog'");
  g_auto (Shape) shape = { 0 };
  Review accepted = { .phrase = dog, .verdict = "accepted", .by = "bob", .pass = 1 };
  Review corrected = { .phrase = kite, .verdict = "corrected", .by = "ann", .pass = 1, .shape = &shape };
  g_autofree char *what = NULL;

  tap_ok (one (project, "SELECT count (*) FROM link") == 5 && one (project, "SELECT count (*) FROM region") == 4,
          "/shared/one region of two phrases");
  tap_ok (project_review (project, &accepted, NULL), "/shared/accepted for the dog");
  shape_set_box (&shape, 2, 2, 20, 20);
  tap_ok (project_review (project, &corrected, NULL), "/shared/corrected for the kite alone");
  tap_ok (one (project, "SELECT count (*) FROM region") == 5 &&
              one (project, "SELECT x1 FROM shown_region r JOIN shown_phrase p ON p.id = r.phrase "
                            "WHERE p.text = 'the dog' AND r.origin = 'import'") == 1,
          "/shared/the dog's stays as it was");
  tap_ok (one (project, "SELECT count (*) FROM verdict_now WHERE stale") == 0, "/shared/and its verdict holds");
  tap_ok (one (project,
               "SELECT x1 FROM phrase_label l JOIN shown_phrase p ON p.id = l.phrase WHERE p.text = 'red kite'") == 2,
          "/shared/labels follow");
  tap_ok (project_undo (project, "ann", &what, NULL) &&
              one (project, "SELECT count (DISTINCT region) FROM shown_region WHERE origin = 'import'") == 1,
          "/shared/undone: shared again");
  /* A map's region is never changed: the person's names its parent. */
  corrected.phrase = one (project, "SELECT id FROM shown_phrase WHERE text = 'a cat'");
  tap_ok (project_review (project, &corrected, NULL) &&
              one (project, "SELECT count (*) FROM shown_region WHERE origin = 'detector'") == 2 &&
              one (project, "SELECT count (*) FROM region_revision v JOIN region_revision p ON p.id = v.parent WHERE "
                            "v.origin = 'person' "
                            "AND p.origin = 'detector'") == 1,
          "/shared/a detector's region stays; the person's names it as its parent");
}

static void
test_captions (void)
{
  g_autoptr (Project) project = project_with (manifest);
  gint64 caption = one (project, "SELECT id FROM shown_caption");
  g_autofree char *what = NULL;

  tap_ok (project_edit_caption (project, caption, "a red kite high over the dog", "ann", NULL),
          "/captions/words put between");
  tap_ok (one (project, "SELECT s.first * 100 + s.last FROM shown_phrase p JOIN phrase_span s ON s.revision = "
                        "p.current WHERE p.text = 'the dog'") == 2128 &&
              one (project, "SELECT s.first * 100 + s.last FROM shown_phrase p JOIN phrase_span s ON s.revision = "
                            "p.current WHERE p.text = 'red kite'") == 210,
          "/captions/spans behind it move, those before stay");
  tap_ok (project_edit_caption (project, caption, "a red bird high over the dog", "ann", NULL) &&
              one (project, "SELECT detached FROM shown_phrase WHERE text = 'red kite'") == 1 &&
              one (project, "SELECT count (*) FROM shown_region r JOIN shown_phrase p ON p.id = r.phrase WHERE p.text "
                            "= 'red kite'") == 1,
          "/captions/a touched span is detached; its text and regions stay");
  tap_ok (one (project, "SELECT count (*) FROM search_text WHERE search_text MATCH 'bird'") == 1,
          "/captions/the new words are found");
  tap_ok (project_undo (project, "ann", &what, NULL) &&
              one (project, "SELECT detached FROM shown_phrase WHERE text = 'red kite'") == 0 &&
              one (project, "SELECT count (*) FROM search_text WHERE search_text MATCH 'bird'") == 0,
          "/captions/undone with its spans");
}

/* A pending row of the same identity is a person's from then on, and outlives the purge. */
static void
test_takeover (void)
{
  g_autoptr (Project) project = project_with (manifest);
  gint64 image = one (project, "SELECT id FROM shown_image"), phrase = 0;

  g_assert (!refuses (project, "UPDATE entry SET state = 'pending'; UPDATE image SET entry = NULL"));
  tap_ok (one (project, "SELECT count (*) FROM shown_phrase") == 0, "/takeover/pending rows are not seen");
  tap_ok (project_add_phrase (project, image, "a cat", "ann", &phrase, NULL) &&
              phrase == one (project, "SELECT id FROM phrase WHERE entry IS NULL"),
          "/takeover/a person's phrase is the pending one");
  tap_ok (project_purge (project, 0, NULL) && one (project, "SELECT count (*) FROM phrase") == 1 &&
              one (project, "SELECT count (*) FROM link") == 0 &&
              one (project, "SELECT count (*) FROM shown_phrase WHERE text = 'a cat'") == 1,
          "/takeover/it survives the purge");
}

static GArray *waits;
static Project *beside;
static gint64 judged;

static void
judge (gpointer unused)
{
  static guint n;
  g_autofree char *by = g_strdup_printf ("person %u", n++);
  const Review review = { .phrase = judged, .verdict = "rejected", .by = by, .pass = 1 };
  gint64 began = g_get_monotonic_time (), took;

  if (!project_review (beside, &review, NULL))
    return;
  took = g_get_monotonic_time () - began;
  g_array_append_val (waits, took);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  return *(const gint64 *) a < *(const gint64 *) b ? -1 : 1;
}

static void
test_beside (void)
{
  g_autofree char *path = g_build_filename (folder, "p", NULL), *first = g_build_filename (folder, "m.jsonl", NULL);
  g_autofree char *large = g_build_filename (folder, "large.jsonl", NULL);
  g_autoptr (GString) text = g_string_new ("{\"alidade-manifest\": 1}\n");
  ImportOptions options = { .format = "manifest", .voc_origin = -1, .by = "import" };
  g_auto (ImportReport) report = { 0 }, second = { 0 };
  g_autoptr (GError) error = NULL;

  beside = project_create (path, &error);
  g_assert_no_error (error);
  g_assert (project_import (beside, first, &options, &report, &error));
  judged = one (beside, "SELECT min (id) FROM phrase");
  for (int i = 0; i < 6000; i++)
    g_string_append_printf (
        text,
        "{\"image\":\"b%d.jpg\",\"width\":90,\"height\":90,\"text\":\"thing %d\",\"regions\":[{\"box\":[1,2,%d,4]}]}\n",
        i / 40, i, 3 + i % 9);
  g_assert (g_file_set_contents (large, text->str, text->len, NULL));
  waits = g_array_new (FALSE, FALSE, sizeof (gint64));
  options.between = judge;
  tap_ok (project_import (beside, large, &options, &second, &error),
          "/beside/an import with a review after every batch");
  g_array_sort (waits, compare_times);
  tap_ok (waits->len > 20 && one (beside, "SELECT count (*) FROM verdict_now") == waits->len,
          "/beside/%u reviews are there", waits->len);
  tap_note ("commits of a person beside the import: median %.1f ms, 99th percentile %.1f ms; batches held the writer "
            "for %.1f ms at "
            "most, %.1f %% of %d for more than 15 ms",
            g_array_index (waits, gint64, waits->len / 2) / 1e3,
            g_array_index (waits, gint64, waits->len * 99 / 100) / 1e3, second.longest_batch * 1e3,
            100.0 * second.batches_over / MAX (second.n_batches, 1), (int) second.n_batches);
  g_clear_pointer (&beside, project_close);
  g_array_unref (waits);
}

int
main (void)
{
  folder = fixture_folder ();
  test_laws ();
  test_migrations ();
  test_shared ();
  test_captions ();
  test_takeover ();
  test_beside ();
  fixture_remove (folder);
  g_free (folder);
  return tap_done ();
}
