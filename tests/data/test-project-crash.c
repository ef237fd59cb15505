/* SPDX-License-Identifier: MIT
 * test-project-crash.c: power lost at each sync of an import with reviews between its batches; a full disk, an input
 * and output error, a lock held elsewhere at each write. What was acknowledged is there afterwards, a half-done import
 * is absent or complete, and the file is sound. ALIDADE_SEED repeats a run. */
#include "database.h"
#include "project-fixture.h"

#include "crash-vfs.h"
#include "review.h"

#define REVIEWED 40 /* phrases that people judge while the import runs */

typedef struct
{
  char *folder, *only, *project, *crashed, *base, *import;
  GRand *rand;
  GArray *phrases;       /* gint64: of the first source */
  guint acknowledged;    /* reviews that returned TRUE */
  guint reviews;         /* begun */
  gint64 first, all;     /* phrases before and after the import */
  guint crashes, lost, unsound, halves;
  gboolean quiet;        /* losses are expected */
  Project *open;
  guint between;
} Work;

static Work work;

/* A COCO file of n pictures with m boxes each. */
static void
write_coco (const char *path, int n, int m, const char *prefix)
{
  g_autoptr (GString) text = g_string_new ("{\"images\":[");

  for (int i = 0; i < n; i++)
    g_string_append_printf (text, "%s{\"id\":%d,\"file_name\":\"%s%d.jpg\",\"width\":100,\"height\":80}",
                            i > 0 ? "," : "", i + 1, prefix, i);
  g_string_append (text, "],\"annotations\":[");
  for (int i = 0; i < n * m; i++)
    g_string_append_printf (
        text, "%s{\"id\":%d,\"image_id\":%d,\"category_id\":1,\"phrase\":\"%s thing %d\",\"bbox\":[1,2,%d,4]}",
        i > 0 ? "," : "", i + 1, i / m + 1, prefix, i, 3 + i % 7);
  g_string_append (text, "],\"categories\":[{\"id\":1,\"name\":\"thing\"}]}");
  g_assert (g_file_set_contents (path, text->str, text->len, NULL));
}

static gboolean
bring_in (Project *project, const char *source, void (*between) (gpointer), GError **error)
{
  const ImportOptions options = { .format = "coco", .voc_origin = -1, .by = "import", .between = between };
  g_auto (ImportReport) report = { 0 };

  return project_import (project, source, &options, &report, error);
}

/* A person's record beside the import: acknowledged once the call returns. */
static void
review_one (gpointer unused)
{
  Review review = { .verdict = "rejected", .pass = 1 };
  g_autofree char *by = g_strdup_printf ("person %u", work.reviews);

  if (work.between++ % 3 != 0 || work.reviews >= 400)
    return;
  review.phrase = g_array_index (work.phrases, gint64, work.reviews++ % work.phrases->len);
  review.by = by;
  if (project_review (work.open, &review, NULL))
    work.acknowledged++;
}

static void
load_phrases (Project *project)
{
  sqlite3_stmt *rows =
      database_bind (project_database (project), PHRASE_LIST, NULL, "ii", (gint64) 0, (gint64) REVIEWED);

  work.phrases = g_array_new (FALSE, FALSE, sizeof (gint64));
  while (database_step (project_database (project), rows, NULL) == SQLITE_ROW)
    {
      gint64 id = column_id (rows, 0);

      g_array_append_val (work.phrases, id);
    }
  database_rows_end (rows);
}

/* After a crash: everything that must hold. `acknowledged` reviews were told to people. */
static void
inspect (const char *folder, guint acknowledged)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = project_open (folder, TRUE, &error);
  g_auto (ProjectCheck) check = { 0 };
  ProjectCounts counts = { 0 };
  gboolean sound;

  work.crashes++;
  sound = project != NULL && project_check (project, FALSE, &check, &error) && check.sound &&
          project_count (project, &counts, &error);
  if (!sound)
    {
      work.unsound++;
      if (!work.quiet)
        tap_note ("crash %u: %s", work.crashes,
                  error != NULL             ? error->message
                  : check.problems->len > 0 ? (char *) check.problems->pdata[0]
                                            : "?");
      return;
    }
  if (counts.verdicts < acknowledged)
    {
      work.lost++;
      if (!work.quiet)
        tap_note ("crash %u: %u reviews were acknowledged, %d are there", work.crashes, acknowledged,
                  (int) counts.verdicts);
    }
  if (counts.phrases != work.first && counts.phrases != work.all)
    {
      work.halves++;
      if (!work.quiet)
        tap_note ("crash %u: %d phrases, neither %d nor %d", work.crashes, (int) counts.phrases, (int) work.first,
                  (int) work.all);
    }
}

/* Power is lost here: what the disk holds is inspected, while the workload goes on. */
static void
lose_power (void)
{
  guint acknowledged = work.acknowledged;

  crash.watching = FALSE; /* what the inspection does is not the workload's */
  g_mkdir (work.crashed, 0777);
  crash_leave (work.crashed, work.rand);
  inspect (work.crashed, acknowledged);
  fixture_remove (work.crashed);
  crash.watching = TRUE;
}

static int
keep_synchronous_off (void *data, int action, const char *pragma, const char *value, const char *database,
                      const char *trigger)
{
  return action == SQLITE_PRAGMA && value != NULL && g_strcmp0 (pragma, "synchronous") == 0 ? SQLITE_IGNORE : SQLITE_OK;
}

static gboolean
copy_folder (const char *from, const char *to)
{
  g_autofree char *a = g_build_filename (from, "project.alidade", NULL),
                  *b = g_build_filename (to, "project.alidade", NULL);
  g_autofree char *bytes = NULL;
  gsize length;

  g_mkdir (to, 0777);
  return g_file_get_contents (a, &bytes, &length, NULL) && g_file_set_contents (b, bytes, length, NULL);
}

/* An import with reviews between its batches, power lost at each sync. */
static void
run_crashes (gboolean synchronous)
{
  g_autoptr (GError) error = NULL;
  gboolean done;

  fixture_remove (work.project);
  g_hash_table_remove_all (crash.files);
  g_assert (copy_folder (work.base, work.project));
  work.acknowledged = work.reviews = work.crashes = work.lost = work.unsound = work.halves = 0;
  crash.syncs = crash.writes = 0;
  work.open = project_open (work.project, TRUE, &error);
  g_assert_no_error (error);
  if (!synchronous)
    {
      database_exec (project_database (work.open), "PRAGMA synchronous = OFF", NULL);
      sqlite3_set_authorizer (database_handle (project_database (work.open)), keep_synchronous_off, NULL);
    }
  crash.watching = TRUE;
  crash.at_sync = lose_power;
  done = bring_in (work.open, work.import, review_one, &error);
  crash.at_sync = NULL;
  /* And once after everything was acknowledged. */
  for (int i = 0; i < (synchronous ? 1 : 30); i++)
    lose_power ();
  crash.watching = FALSE;
  g_clear_pointer (&work.open, project_close);
  tap_note ("%u syncs, %u writes, %u power losses, %u reviews acknowledged beside the import", crash.syncs,
            crash.writes, work.crashes, work.acknowledged);
  tap_ok (done, "/crash/%s the workload itself succeeds", synchronous ? "" : "synchronous=OFF ");
}

/* A batch of an import is as large as what a machine writes in a moment: a quick one has few syncs in an import, and
   goes through several. */
static void
test_crashes (void)
{
  guint crashes = 0, acknowledged = 0, unsound = 0, lost = 0, halves = 0;

  for (int i = 0; i < 50 && (crashes < 200 || acknowledged < 100); i++)
    {
      run_crashes (TRUE);
      crashes += work.crashes;
      acknowledged += work.acknowledged;
      unsound += work.unsound;
      lost += work.lost;
      halves += work.halves;
    }
  tap_ok (crashes >= 200, "/crash/power was lost at %u syncs", crashes);
  tap_ok (acknowledged >= 100, "/crash/%u reviews were acknowledged beside the import", acknowledged);
  tap_ok (unsound == 0, "/crash/the file is sound after each (%u are not)", unsound);
  tap_ok (lost == 0, "/crash/every acknowledged review is there (%u times not)", lost);
  tap_ok (halves == 0, "/crash/the import is absent or complete (%u times neither)", halves);
}

/* The n-th write or lock fails, for every n. */
static void
run_faults (const char *what, gboolean locks, int code)
{
  const ProjectError told = code == SQLITE_FULL ? PROJECT_ERROR_FULL
                            : locks             ? PROJECT_ERROR_BUSY
                                                : PROJECT_ERROR_FAILED;
  guint n, failed = 0, late = 0, untold = 0;

  work.lost = work.unsound = work.halves = work.crashes = 0;
  for (n = 1; n < 2000; n++)
    {
      g_autoptr (GError) error = NULL;
      guint acknowledged;
      gboolean good;

      fixture_remove (work.project);
      g_hash_table_remove_all (crash.files);
      g_assert (copy_folder (work.base, work.project));
      work.acknowledged = work.reviews = work.between = 0;
      work.open = project_open (work.project, TRUE, &error);
      g_assert_no_error (error);
      sqlite3_busy_timeout (database_handle (project_database (work.open)), 0);
      crash.fail_code = code;
      *(locks ? &crash.fail_lock : &crash.fail_write) = n;
      good = bring_in (work.open, work.import, review_one, &error);
      acknowledged = work.acknowledged;
      late = locks ? crash.fail_lock : crash.fail_write;
      crash.fail_lock = crash.fail_write = 0;
      failed += !good;
      if (!good &&
          (!g_error_matches (error, PROJECT_ERROR, told) || strstr (error->message, "project.alidade") == NULL))
        {
          untold++;
          tap_note ("%s at %u: %s", what, n, error != NULL ? error->message : "no message");
        }
      g_clear_pointer (&work.open, project_close);
      inspect (work.project, acknowledged);
      if (late > 0)
        break; /* the workload has no n-th one any more */
      /* Every one of the first 60, then some: the workload repeats itself. */
      if (n > 60)
        n += g_rand_int_range (work.rand, 0, 12);
    }
  tap_ok (late > 0 && failed > 0 && work.lost + work.unsound + work.halves + untold == 0,
          "/crash/%s at each of %u: %u imports refused with a message, nothing lost, nothing half", what, n, failed);
}

/* Where no write-ahead log can be: the same, by a rollback journal. */
static void
test_rollback (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL, reader = NULL;
  ProjectCounts counts = { 0 };
  Review review = { .verdict = "rejected", .by = "ann", .pass = 1 };
  g_autofree char *log = g_build_filename (work.project, "project.alidade-wal", NULL), *what = NULL;

  crash.plain = TRUE;
  fixture_remove (work.project);
  g_hash_table_remove_all (crash.files);
  project = project_create (work.project, &error);
  tap_ok (project != NULL && database_is_rollback (project_database (project)),
          "/rollback/a project without a log is made, and that is known");
  g_assert_no_error (error);
  g_assert (bring_in (project, work.import, NULL, &error));
  g_clear_pointer (&work.phrases, g_array_unref);
  load_phrases (project);
  review.phrase = g_array_index (work.phrases, gint64, 0);
  tap_ok (project_review (project, &review, &error) && project_undo (project, "ann", &what, &error),
          "/rollback/verdict and undo");
  g_assert (project_review (project, &review, &error));
  reader = project_open (work.project, FALSE, &error);
  tap_ok (reader != NULL && project_count (reader, &counts, &error) && counts.verdicts == 1 &&
              !g_file_test (log, G_FILE_TEST_EXISTS),
          "/rollback/a reader sees them; there is no log");
  /* A writer in the middle of its transaction: readers wait, and are told why. */
  sqlite3_busy_timeout (database_handle (project_database (reader)), 0);
  g_assert (database_exec (project_database (project), "BEGIN EXCLUSIVE", &error));
  tap_ok (!project_count (reader, &counts, &error) && g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_BUSY),
          "/rollback/readers wait while something is written: %s", error != NULL ? error->message : "no message");
  database_rollback (project_database (project));
  g_clear_error (&error);
  tap_ok (project_count (reader, &counts, &error), "/rollback/and go on afterwards");
  crash.plain = FALSE;
}

int
main (void)
{
  const char *given = g_getenv ("ALIDADE_SEED");
  guint32 seed = given != NULL ? (guint32) g_ascii_strtoull (given, NULL, 10) : g_random_int ();
  g_autofree char *first = NULL, *small = NULL, *large = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  ProjectCounts counts = { 0 };

  tap_note ("ALIDADE_SEED=%u", seed);
  crash_register ();
  work.rand = g_rand_new_with_seed (seed);
  work.folder = fixture_folder ();
  work.base = g_build_filename (work.folder, "base", NULL);
  work.project = g_build_filename (work.folder, "p", NULL);
  work.only = g_strconcat (work.project, "/", NULL);
  crash.only = work.only;
  work.crashed = g_build_filename (work.folder, "crashed", NULL);
  first = g_build_filename (work.folder, "first.json", NULL);
  small = g_build_filename (work.folder, "small.json", NULL);
  large = g_build_filename (work.folder, "large.json", NULL);
  write_coco (first, 4, 20, "a");
  write_coco (small, 2, 3, "c");
  write_coco (large, 300, 7, "b");

  project = project_create (work.base, &error);
  g_assert_no_error (error);
  g_assert (bring_in (project, first, NULL, &error));
  load_phrases (project);
  g_clear_pointer (&project, project_close);
  work.first = 80;

  work.import = large;
  work.all = work.first + 2100;
  test_crashes ();

  work.quiet = TRUE;
  run_crashes (FALSE);
  tap_ok (work.lost + work.unsound + work.halves > 0,
          "/crash/the same without syncs is noticed (%u lost, %u unsound, %u half)", work.lost, work.unsound,
          work.halves);

  work.quiet = FALSE;
  work.import = small;
  work.all = work.first + 6;
  run_faults ("disk full", FALSE, SQLITE_FULL);
  run_faults ("write error", FALSE, SQLITE_IOERR_WRITE);
  run_faults ("busy", TRUE, SQLITE_BUSY);

  test_rollback ();

  project = project_open (work.base, FALSE, &error);
  tap_ok (project != NULL && project_count (project, &counts, &error) && counts.phrases == work.first,
          "/crash/the base is as it was");
  g_clear_pointer (&project, project_close);
  g_rand_free (work.rand);
  g_array_unref (work.phrases);
  g_hash_table_unref (crash.files);
  fixture_remove (work.folder);
  g_free (work.folder);
  g_free (work.only);
  g_free (work.base);
  g_free (work.project);
  g_free (work.crashed);
  return tap_done ();
}
