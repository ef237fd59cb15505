/* SPDX-License-Identifier: MIT
 * test-project-sources.c: the files that imports came from: after their folder has moved, and captions that were
 * edited, which no write-back puts into them. */
#include "database.h"
#include "project-fixture.h"

#include "picture-files.h"
#include "review.h"

static char *folder;

static void
put (const char *path, const char *text)
{
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert (g_mkdir_with_parents (parent, 0777) == 0 && g_file_set_contents (path, text, -1, NULL));
}

static char *
get (const char *path)
{
  char *text = NULL;

  g_assert (g_file_get_contents (path, &text, NULL, NULL));
  return text;
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

static gint64
bring_in (Project *project, const char *source, const char *format, const char *images)
{
  const ImportOptions options = { .format = format, .images = images, .voc_origin = -1, .by = "import" };
  g_auto (ImportReport) report = { 0 };
  g_autoptr (GError) error = NULL;

  if (!project_import (project, source, &options, &report, &error))
    g_error ("%s", error->message);
  return report.new_images + report.new_captions + report.new_phrases + report.new_regions + report.changed;
}

static void
correct (Project *project, const double box[4])
{
  g_auto (Shape) shape = { 0 };
  Review review = { .verdict = "corrected", .by = "ann", .pass = 1, .shape = &shape };

  shape_set_box (&shape, box[0], box[1], box[2], box[3]);
  review.phrase = one (project, "SELECT id FROM shown_phrase WHERE text = 'kite'");
  g_assert (project_review (project, &review, NULL));
}

/* The sources of three formats below one folder, which then goes elsewhere. */
static void
test_moved (void)
{
  static const struct
  {
    const char *format, *source, *images, *root, *file, *text, *changed;
  } cases[] = {
    { "coco", "notes/c.json", "images", "images", "notes/c.json",
      "{\"images\": [{\"id\": 1, \"file_name\": \"a.jpg\", \"width\": 100, \"height\": 80}], \"annotations\": "
      "[{\"id\": 1,"
      " \"image_id\": 1, \"category_id\": 1, \"bbox\": [1, 2, 3, 4]}], \"categories\": [{\"id\": 1, \"name\": "
      "\"kite\"}]}",
      "\"bbox\": [10,20,20,20]" },
    { "labelme", "images", NULL, "images", "images/a.json",
      "{\"version\": \"5.5.0\", \"flags\": {}, \"shapes\": [{\"label\": \"kite\", \"points\": [[1, 2], [4, 6]],"
      " \"shape_type\": \"rectangle\"}], \"imagePath\": \"a.jpg\", \"imageData\": null, \"imageHeight\": 80,"
      " \"imageWidth\": 100}",
      "30" },
    { "yolo", ".", NULL, ".", "labels/a.txt", "0 0.5 0.5 0.5 0.5\n", "0 0.2 0.375 0.2 0.25" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *old = g_build_filename (folder, "old", NULL), *new = g_build_filename (folder, "new", NULL);
      g_autofree char *source = g_build_filename (old, cases[i].source, NULL), *after = NULL, *away = NULL;
      g_autofree char *images = cases[i].images != NULL ? g_build_filename (old, cases[i].images, NULL) : NULL;
      g_autofree char *file = g_build_filename (old, cases[i].file, NULL),
                      *moved = g_build_filename (new, cases[i].file, NULL);
      g_autofree char *picture = g_build_filename (old, "images", "a.jpg", NULL);
      g_autofree char *names = g_build_filename (old, "classes.txt", NULL), *there = NULL, *what = NULL;
      g_autofree char *below = g_build_filename (old, cases[i].root, NULL),
                      *now = g_build_filename (new, cases[i].root, NULL);
      g_auto (RelinkReport) relink = { 0 };
      g_autoptr (Project) project = project_open_memory (NULL);
      const ExportOptions options = { .format = cases[i].format };
      g_auto (ExportReport) refused = { 0 }, report = { 0 }, again = { 0 };
      g_autoptr (GError) error = NULL;

      put (picture, "");
      fixture_picture (picture, 100, 80, 1);
      put (file, cases[i].text);
      if (strcmp (cases[i].format, "yolo") == 0)
        put (names, "kite\n");
      bring_in (project, source, cases[i].format, images);
      correct (project, (const double[]) { 10, 20, 30, 40 });
      g_assert (g_rename (old, new) == 0);
      tap_ok (!project_write_back (project, &options, &refused, &error) && strstr (error->message, old) != NULL,
              "/sources/%s: a file that is gone is named", cases[i].format);
      g_clear_error (&error);
      tap_ok (project_relink (project, below, now, FALSE, FALSE, "ann", NULL, &relink, &error),
              "/sources/%s: its pictures are found where they are now", cases[i].format);
      tap_ok (project_write_back (project, &options, &report, &error) && report.files == 1,
              "/sources/%s: written back: %s", cases[i].format, error != NULL ? error->message : "one file");
      after = get (moved);
      tap_ok (strstr (after, cases[i].changed) != NULL, "/sources/%s: into the file where it is now", cases[i].format);
      there = g_build_filename (new, cases[i].source, NULL);
      away = cases[i].images != NULL ? g_build_filename (new, cases[i].images, NULL) : NULL;
      tap_ok (bring_in (project, there, cases[i].format, away) == 0, "/sources/%s: from where it adds nothing",
              cases[i].format);
      /* The folder goes back, and the relink is taken back. */
      g_assert (g_rename (new, old) == 0);
      tap_ok (project_undo (project, "ann", &what, &error), "/sources/%s: the relink is taken back", cases[i].format);
      correct (project, (const double[]) { 11, 20, 30, 40 });
      tap_ok (project_write_back (project, &options, &again, &error) && again.files == 1 &&
                bring_in (project, source, cases[i].format, images) == 0,
              "/sources/%s: and its files are found where they were: %s", cases[i].format,
              error != NULL ? error->message : "written");
      fixture_remove (old);
    }
}

/* An edited caption is in no file: that is said. */
static void
test_captions (void)
{
  static const char text[] =
      "{\"images\": [{\"id\": 1, \"file_name\": \"a.jpg\", \"width\": 100, \"height\": 80}], \"captions\": [{\"id\": 5,"
      " \"image_id\": 1, \"caption\": \"a red kite\"}], \"annotations\": [{\"id\": 1, \"image_id\": 1, "
      "\"category_id\": 1,"
      " \"bbox\": [1, 2, 3, 4], \"phrase\": \"red kite\", \"caption_id\": 5, \"span\": [2, 10]}],"
      " \"categories\": [{\"id\": 1, \"name\": \"kite\"}]}";
  g_autofree char *file = g_build_filename (folder, "captions.json", NULL), *after = NULL;
  g_autoptr (Project) project = project_open_memory (NULL);
  const ExportOptions options = { .format = "coco" };
  g_auto (ExportReport) before = { 0 }, report = { 0 };
  g_autoptr (GError) error = NULL;

  put (file, text);
  bring_in (project, file, "coco", NULL);
  g_assert (project_write_back (project, &options, &before, NULL));
  tap_ok (g_hash_table_size (before.lost) == 0, "/captions/nothing is left out of a file that nobody changed");
  g_assert (project_edit_caption (project, one (project, "SELECT id FROM shown_caption"), "one red kite", "ann", NULL));
  g_assert (project_write_back (project, &options, &report, &error));
  after = get (file);
  tap_ok (strcmp (after, text) == 0 && g_hash_table_contains (report.lost, "captions that were edited here"),
          "/captions/an edited one is listed as left out, and the file stays");
}

int
main (void)
{
  folder = fixture_folder ();
  test_moved ();
  test_captions ();
  fixture_remove (folder);
  g_free (folder);
  return tap_done ();
}
