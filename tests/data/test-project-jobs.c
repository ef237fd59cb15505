/* SPDX-License-Identifier: MIT
 * test-project-jobs.c: what a window tells of a long import or export, and asks of it: how much was read, only some
 * pictures of a folder, an end before the end. */
#include "project-fixture.h"

#include "import-preview.h"

static char *folder;

static char *
put (const char *name, const char *text)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert (g_mkdir_with_parents (parent, 0777) == 0 && g_file_set_contents (path, text, -1, NULL));
  return path;
}

static gboolean
bring_in (Project *project, const char *source, ImportOptions options, ImportReport *report)
{
  g_autoptr (GError) error = NULL;

  options.voc_origin = -1;
  options.by = "ann";
  if (project_import (project, source, &options, report, &error))
    return TRUE;
  g_printerr ("%s\n", error->message);
  return FALSE;
}

/* Bytes are counted whatever the format reads with. */
static void
test_meter (void)
{
  static const struct
  {
    const char *name, *text;
  } sources[] = {
    { "list.jsonl", "{\"alidade-manifest\": 1}\n{\"image\": \"a.png\", \"text\": \"a dog\"}\n" },
    { "coco.json", "{\"images\": [{\"id\": 1, \"file_name\": \"a.png\", \"width\": 8, \"height\": 8}], \"categories\": "
                   "[{\"id\": 1, \"name\": \"dog\"}], \"annotations\": [{\"id\": 1, \"image_id\": 1, "
                   "\"category_id\": 1, \"bbox\": [1, 1, 4, 4], \"area\": 16, \"iscrowd\": 0}]}" },
    { "cvat.xml", "<annotations><image id=\"0\" name=\"a.png\" width=\"8\" height=\"8\"><box label=\"dog\" xtl=\"1\" "
                  "ytl=\"1\" xbr=\"5\" ybr=\"5\"/></image></annotations>" },
    { "albef.json", "[{\"image\": \"a.png\", \"caption\": \"a dog\"}]" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      g_autoptr (Project) project = project_open_memory (NULL);
      g_autofree char *path = put (sources[i].name, sources[i].text);
      g_autofree char *what = g_strdup_printf ("/jobs/%s is counted to its end", sources[i].name);
      g_auto (ImportReport) report = { 0 };
      WorkMeter meter = { 0 };
      gboolean good = bring_in (project, path, (ImportOptions){ .meter = &meter }, &report);
      gint64 size = strlen (sources[i].text);

      if (good)
        work_meter_set_total (&meter, size * MAX (format_find (report.format)->passes, 1));
      tap_ok (good && report.images == 1 && work_meter_done (&meter) == meter.total, what);
    }
}

static void
test_fraction (void)
{
  WorkMeter meter = { 0 };

  tap_ok (work_meter_fraction (&meter) < 0, "/jobs/without a whole there is no part");
  work_meter_count (7);
  work_meter_set_total (&meter, 8);
  work_meter_bind (&meter);
  work_meter_count (2);
  work_meter_bind (NULL);
  work_meter_count (2);
  tap_ok (work_meter_fraction (&meter) == 0.25, "/jobs/only what is bound is counted");
  work_meter_add (&meter, 100);
  tap_ok (work_meter_fraction (&meter) == 1, "/jobs/never more than all");
}

static void
test_some_pictures (void)
{
  g_autoptr (Project) project = project_open_memory (NULL);
  g_autofree char *pictures = g_build_filename (folder, "pictures", NULL);
  g_autofree char *a = put ("pictures/a.png", "x"), *b = put ("pictures/b.png", "y"), *c = put ("elsewhere/c.png", "z");
  const char *const some[] = { b, c, NULL };
  g_auto (ImportReport) report = { 0 };
  gboolean good
      = bring_in (project, pictures, (ImportOptions){ .format = "folder", .pictures = some }, &report);

  tap_ok (good && report.new_images == 1, "/jobs/of a folder only the pictures that were named, and only its own");
}

static void
test_cancelled_export (void)
{
  g_autoptr (Project) project = project_open_memory (NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *list
      = put ("list.jsonl", "{\"alidade-manifest\": 1}\n{\"image\": \"a.png\", \"text\": \"a dog\"}\n");
  g_autofree char *target = g_build_filename (folder, "out.jsonl", NULL);
  WorkMeter meter = { 0 };
  const ExportOptions options = { .format = "manifest", .meter = &meter, .cancellable = cancellable };
  g_auto (ImportReport) report = { 0 };
  g_auto (ExportReport) first = { 0 }, second = { 0 };
  gboolean good = bring_in (project, list, (ImportOptions){ 0 }, &report);

  tap_ok (good && project_export (project, target, &options, &first, &error) && work_meter_done (&meter) >= 1,
          "/jobs/an export counts its pictures");
  good = g_remove (target) == 0;
  g_cancellable_cancel (cancellable);
  tap_ok (good && !project_export (project, target, &options, &second, &error)
              && g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_CANCELLED),
          "/jobs/an export ends when it is cancelled");
  tap_ok (!g_file_test (target, G_FILE_TEST_EXISTS), "/jobs/and leaves nothing");
}

/* A file that lists its pictures first still shows what is on them, and of a small one everything is read. */
static void
test_coco_preview (gint n_images, gboolean whole)
{
  g_autoptr (GString) text = g_string_new ("{\"images\": [");
  g_autofree char *path = NULL, *name = g_strdup_printf ("/jobs/a preview of %d listed pictures", n_images);
  const ImportOptions options = { .voc_origin = -1, .by = "ann" };
  g_autoptr (GError) error = NULL;
  g_autoptr (ImportPreview) preview = NULL;
  guint with_regions = 0;

  for (int i = 0; i < n_images; i++)
    g_string_append_printf (text, "%s{\"id\": %d, \"file_name\": \"p%d.png\", \"width\": 8, \"height\": 8}",
                            i > 0 ? "," : "", i, i);
  g_string_append (text, "], \"categories\": [{\"id\": 1, \"name\": \"dog\"}], \"annotations\": [");
  for (int i = 0; i < n_images / 2; i++)
    g_string_append_printf (text,
                            "%s{\"id\": %d, \"image_id\": %d, \"category_id\": 1, \"bbox\": [1, 1, 4, 4], "
                            "\"area\": 16}",
                            i > 0 ? "," : "", i, n_images - 1 - i);
  g_string_append (text, "]}");
  path = put ("many.json", text->str);
  preview = import_preview (path, &options, 20, &error);
  for (guint i = 0; preview != NULL && i < preview->records->len; i++)
    with_regions += ((PreviewRecord *) preview->records->pdata[i])->regions > 0;
  tap_ok (preview != NULL && preview->whole == whole && preview->report.n_skipped == 0
              && preview->report.regions > 0 && preview->report.phrases > 0 && with_regions > 0
              && (!whole || (preview->report.images == n_images && preview->report.regions == n_images / 2)),
          name);
}

int
main (void)
{
  folder = fixture_folder ();
  test_fraction ();
  test_meter ();
  test_some_pictures ();
  test_cancelled_export ();
  test_coco_preview (40, TRUE);
  test_coco_preview (3000, FALSE);
  fixture_remove (folder);
  g_free (folder);
  return tap_done ();
}
