/* SPDX-License-Identifier: MIT
 * test-folder-index.c: a folder indexed in the background, again and again: what is new, changed, missing, there again;
 * paused, cancelled, gone on with; and what an import will do, told before. */
#include "database.h"
#include "project-fixture.h"

#include "folder-index.h"
#include "import-preview.h"
#include "library-index.h"
#include "review.h"

#define PICTURES 300

static char *folder;

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

static char *
picture (const char *where, int i, int width)
{
  g_autofree char *name = g_strdup_printf (i % 2 == 0 ? "%d.jpg" : "sub/%d.jpg", i);
  char *path = g_build_filename (where, name, NULL);

  if (width > 0)
    fixture_picture (path, width, 30, 1);
  return path;
}

typedef struct
{
  FolderIndex *job;
  GCancellable *cancellable;
  int calls, after;
  gboolean pause;
  FolderProgress seen;
} Watch;

/* Between two batches: pauses once and goes on, or cancels. */
static void
watch (gpointer data)
{
  Watch *self = data;

  self->calls++;
  folder_index_get_progress (self->job, &self->seen);
  if (self->pause && self->calls == 2)
    folder_index_set_paused (self->job, TRUE);
  if (self->pause && self->seen.paused)
    folder_index_set_paused (self->job, FALSE);
  if (self->cancellable != NULL && self->calls == self->after)
    g_cancellable_cancel (self->cancellable);
}

static void
test_folder (void)
{
  g_autofree char *where = g_build_filename (folder, "pictures", NULL), *sub = g_build_filename (where, "sub", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = project_open_memory (&error);
  g_autoptr (FolderIndex) first = folder_index_new (where), second = folder_index_new (where), third = folder_index_new (where),
                          fourth = folder_index_new (where);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (LibraryIndex) index = library_index_new ();
  const LibraryFilter everything = { 0 }, missing = { .files = 1 << LIBRARY_FILE_MISSING };
  Watch cut = { first, cancellable, 0, 3, FALSE, { 0 } }, paused = { second, NULL, 0, 0, TRUE, { 0 } };
  g_autoptr (GArray) changed = NULL;
  FolderProgress progress;

  g_mkdir (where, 0777);
  g_mkdir (sub, 0777);
  for (int i = 0; i < PICTURES; i++)
    g_free (picture (where, i, 40 + i));
  g_assert (library_index_load (index, project, NULL, NULL, NULL, &error));
  tap_ok (!folder_index_run (first, project, "ann", watch, &cut, cancellable, &error) && g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_CANCELLED) &&
          one (project, "SELECT count (*) FROM shown_image") > 0, "/folder/cancelled: what was read stays");
  g_clear_error (&error);
  tap_ok (folder_index_run (second, project, "ann", watch, &paused, NULL, &error) && paused.calls > 2, "/folder/paused, and gone on with");
  folder_index_get_progress (second, &progress);
  tap_ok (one (project, "SELECT count (*) FROM shown_image WHERE state = 'ok' AND quick_hash IS NOT NULL AND width > 0") == PICTURES &&
          progress.done == PICTURES && progress.total == PICTURES && one (project, "SELECT count (*) FROM root") == 1, "/folder/all of it is there");
  g_assert (library_index_update (index, project, NULL, &error));
  {
    g_autofree LibraryResult *all = library_index_query (index, &everything, 10, NULL);

    tap_ok (all->count == PICTURES, "/folder/and in the library, by an update");
  }
  tap_ok (one (project, "SELECT count (*) FROM search_name WHERE search_name MATCH 'jpg'") == PICTURES, "/folder/and found by name");
  /* Two go, one changes, one is new. */
  for (int i = 0; i < 2; i++)
    {
      g_autofree char *path = picture (where, i, 0);

      g_remove (path);
    }
  g_free (picture (where, 2, 999));
  g_free (picture (where, PICTURES, 50));
  tap_ok (folder_index_run (third, project, "ann", NULL, NULL, NULL, &error), "/folder/once more");
  folder_index_get_progress (third, &progress);
  tap_ok (progress.added == 1 && progress.missing == 2 && progress.changed == 1 && progress.again == 0 &&
          one (project, "SELECT count (*) FROM shown_image WHERE state = 'missing'") == 2 &&
          one (project, "SELECT count (*) FROM shown_image WHERE state = 'changed'") == 1, "/folder/new, missing, changed");
  changed = folder_index_take_changed (third);
  g_assert (library_index_refresh_images (index, project, (gint64 *) changed->data, changed->len, &error));
  {
    g_autofree LibraryResult *gone = library_index_query (index, &missing, 10, NULL);

    tap_ok (changed->len == 3 && gone->count == 2, "/folder/the library hears of them");
  }
  for (int i = 0; i < 2; i++)
    g_free (picture (where, i, 40 + i));
  tap_ok (folder_index_run (fourth, project, "ann", NULL, NULL, NULL, &error), "/folder/and again");
  folder_index_get_progress (fourth, &progress);
  tap_ok (progress.again == 2 && progress.added == 0 && one (project, "SELECT count (*) FROM shown_image WHERE state = 'missing'") == 0,
          "/folder/those are there again");
  {
    g_autoptr (FolderIndex) fifth = folder_index_new (where);

    g_assert (project_hide_entry (project, one (project, "SELECT min (id) FROM entry"), TRUE, "ann", &error));
    tap_ok (one (project, "SELECT count (*) FROM shown_image") < PICTURES && folder_index_run (fifth, project, "ann", NULL, NULL, NULL, &error) &&
            one (project, "SELECT count (*) FROM shown_image") == PICTURES + 1, "/folder/undone, then asked for anew");
  }
}

static void
test_preview (void)
{
  g_autofree char *path = g_build_filename (folder, "p.jsonl", NULL), *broken = g_build_filename (folder, "x.unknown", NULL);
  g_autoptr (GString) text = g_string_new ("{\"alidade-manifest\": 1}\n{\"image\":\"q0.jpg\",\"text\":\"\"}\n");
  const ImportOptions options = { .voc_origin = -1, .by = "ann" };
  g_autoptr (GError) error = NULL;
  g_autoptr (ImportPreview) preview = NULL, none = NULL;
  const PreviewRecord *first;

  for (int i = 0; i < 3000; i++)
    g_string_append_printf (text, "{\"image\":\"q%d.jpg\",\"width\":50,\"height\":50,\"text\":\"phrase %d\",\"regions\":[{\"box\":[1,2,3,4]}%s]}\n", i, i,
                            i == 1 ? ",{\"box\":[4,4,4,9]}" : "");
  g_assert (g_file_set_contents (path, text->str, -1, NULL));
  g_assert (g_file_set_contents (broken, "what is this", -1, NULL));
  preview = import_preview (path, &options, 20, &error);
  if (preview == NULL)
    tap_note ("%s", error->message);
  first = preview != NULL && preview->records->len > 0 ? preview->records->pdata[0] : NULL;
  tap_ok (preview != NULL && strcmp (preview->report.format, "manifest") == 0 && !preview->whole, "/preview/the format is guessed, the rest not read");
  tap_ok (first != NULL && preview->records->len == 20 && strcmp (first->text, "phrase 0") == 0 && strcmp (first->image, "q0.jpg") == 0 &&
          first->regions == 1 && first->missing, "/preview/the first records");
  tap_ok (preview != NULL && preview->report.n_skipped >= 1 && preview->report.missing >= 20, "/preview/what is skipped, and missing pictures");
  none = import_preview (broken, &options, 20, &error);
  tap_ok (none == NULL && g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_USAGE), "/preview/of what is no format");
  g_clear_error (&error);
  g_clear_pointer (&preview, import_preview_free);
  g_assert (g_file_set_contents (path, "{\"alidade-manifest\": 1}\n{\"image\":\"0.jpg\",\"text\":\"one\"}\n", -1, NULL));
  preview = import_preview (path, &options, 20, &error);
  tap_ok (preview != NULL && preview->whole && preview->records->len == 1, "/preview/of a small source: all of it");
}

int
main (void)
{
  folder = fixture_folder ();
  test_folder ();
  test_preview ();
  fixture_remove (folder);
  g_free (folder);
  return tap_done ();
}
