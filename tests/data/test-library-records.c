/* SPDX-License-Identifier: MIT
 * test-library-records.c: what people do in the library, and taking it back: tags, kept filters, captions and phrases,
 * renamed files, moved folders, history. Whatever was done, undoing all of it gives the project that was there before, and
 * the text index finds exactly what is there. */
#include "database.h"
#include "project-fixture.h"

#include "history.h"
#include "library-index.h"
#include "library-records.h"
#include "phrase-spans.h"
#include "picture-files.h"
#include "review.h"
#include "search.h"

#define ROUNDS 10
#define STEPS 25

static char *folder;

static gint64
one (Project *project, const char *sql)
{
  sqlite3_stmt *statement = NULL;
  gint64 value = 0;

  if (sqlite3_prepare_v2 (database_handle (project_database (project)), sql, -1, &statement, NULL) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (database_handle (project_database (project))));
  if (sqlite3_step (statement) == SQLITE_ROW)
    value = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);
  return value;
}

static char *
text_of (Project *project, const char *sql)
{
  sqlite3_stmt *statement = NULL;
  char *text = NULL;

  if (sqlite3_prepare_v2 (database_handle (project_database (project)), sql, -1, &statement, NULL) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (database_handle (project_database (project))));
  if (sqlite3_step (statement) == SQLITE_ROW)
    text = g_strdup ((const char *) sqlite3_column_text (statement, 0));
  sqlite3_finalize (statement);
  return text;
}

static gboolean
is_error (GError **error, int code)
{
  gboolean is = g_error_matches (*error, PROJECT_ERROR, code);

  g_clear_error (error);
  return is;
}

static void
fill (Project *project, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  const ImportOptions options = { .format = "manifest", .voc_origin = -1, .by = "import" };
  g_auto (ImportReport) report = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert (g_file_set_contents (path, text, -1, NULL));
  if (!project_import (project, path, &options, &report, &error))
    g_error ("%s", error->message);
}

/* Everything that is shown, as text. */
static char *
state_of (Project *project)
{
  static const char *const parts[] = {
    "SELECT group_concat (id || ' ' || hex (path) || ' ' || hex (root_path)) FROM shown_image ORDER BY id",
    "SELECT group_concat (x, '|') FROM (SELECT id || ' ' || text AS x FROM shown_caption ORDER BY id)",
    "SELECT group_concat (x, '|') FROM (SELECT p.id || ' ' || p.text || ' ' || p.detached || ifnull ((SELECT group_concat (first || '-' || last)"
    " FROM phrase_span s WHERE s.revision = p.current), '') AS x FROM shown_phrase p ORDER BY p.id)",
    "SELECT group_concat (x, '|') FROM (SELECT phrase || ' ' || x1 || ' ' || y2 || origin || ifnull (score, '-') AS x FROM shown_region ORDER BY link)",
    "SELECT group_concat (x, '|') FROM (SELECT image || ' ' || ifnull (phrase, 0) || name AS x FROM tag WHERE current = 1 ORDER BY id)",
    "SELECT group_concat (x, '|') FROM (SELECT f.id || r.name || r.query AS x FROM filter f JOIN filter_revision r ON r.id = f.current ORDER BY f.id)",
  };
  GString *all = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *text = text_of (project, parts[i]);

      g_string_append_printf (all, "%s\n", text != NULL ? text : "-");
    }
  return g_string_free (all, FALSE);
}

/* A word of every shown text or name leads to it, and the index itself is sound. */
static gboolean
search_is_right (Project *project)
{
  g_autofree char *wrong = NULL;
  sqlite3 *handle = database_handle (project_database (project));

  if (!search_index (project, NULL, NULL, NULL))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (fixture_words); i++)
    {
      g_autofree char *query = search_text_query (fixture_words[i]);
      sqlite3_stmt *statement = NULL;
      LibraryFilter filter = { .target = LIBRARY_PHRASES, .text = (char *) fixture_words[i] };
      g_autoptr (LibraryIndex) index = library_index_new ();
      g_autofree LibraryResult *result = NULL;
      gint64 n = 0;

      if (query == NULL)
        continue;
      g_assert (sqlite3_prepare_v2 (handle, "SELECT count (*) FROM shown_phrase p JOIN shown_image i ON i.id = p.image WHERE p.id IN "
                                            "(SELECT rowid FROM search_text WHERE search_text MATCH ?1) OR"
                                            " instr (lower (CAST (i.path AS TEXT)), lower (?2)) > 0", -1, &statement, NULL) == SQLITE_OK);
      sqlite3_bind_text (statement, 1, query, -1, SQLITE_TRANSIENT);
      sqlite3_bind_text (statement, 2, fixture_words[i], -1, SQLITE_TRANSIENT);
      if (sqlite3_step (statement) == SQLITE_ROW)
        n = sqlite3_column_int64 (statement, 0);
      sqlite3_finalize (statement);
      g_assert (library_index_load (index, project, NULL, NULL, NULL, NULL));
      result = library_index_query (index, &filter, 0, NULL);
      if (result->count != n)
        return FALSE;
    }
  return TRUE;
}

/* Words ------------------------------------------------------------------------------------------------------------- */

static const char two_captions[] = "{\"alidade-manifest\": 1}\n"
                                   "{\"image\":\"a.jpg\",\"width\":100,\"height\":80,\"text\":\"red kite\",\"caption\":\"a red kite over the dog\","
                                   "\"start\":2,\"end\":10,\"regions\":[{\"box\":[1,2,30,40]}]}\n"
                                   "{\"image\":\"a.jpg\",\"text\":\"the dog\",\"caption\":\"a red kite over the dog\",\"start\":16,\"end\":23,"
                                   "\"regions\":[{\"box\":[5,5,9,9],\"origin\":\"map\",\"score\":0.5}]}\n";

static void
test_spans (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = project_open_memory (&error);
  const Span over = { 11, 15 }, wrong = { 20, 30 }, parts[] = { { 16, 19 }, { 2, 5 } };
  gint64 image, caption, kite, dog, id = 0, same = 0, second = 0, own = 0;
  g_autofree char *before = NULL, *after = NULL, *text = NULL, *what = NULL;

  fill (project, "two.jsonl", two_captions);
  before = state_of (project);
  image = one (project, "SELECT id FROM shown_image");
  caption = one (project, "SELECT id FROM shown_caption");
  kite = one (project, "SELECT id FROM shown_phrase WHERE text = 'red kite'");
  dog = one (project, "SELECT id FROM shown_phrase WHERE text = 'the dog'");
  tap_ok (project_add_span_phrase (project, caption, &over, 1, "ann", &id, &error) &&
          one (project, "SELECT count (*) FROM shown_phrase WHERE text = 'over'") == 1, "/spans/a phrase of a word");
  tap_ok (project_add_span_phrase (project, caption, &over, 1, "bob", &same, &error) && same == id &&
          one (project, "SELECT count (*) FROM journal WHERE by = 'bob'") == 0, "/spans/the same words are the same phrase");
  tap_ok (!project_add_span_phrase (project, caption, &wrong, 1, "ann", &same, &error) && is_error (&error, PROJECT_ERROR_USAGE),
          "/spans/none beyond the caption");
  tap_ok (project_add_span_phrase (project, caption, parts, 2, "ann", &same, &error) &&
          one (project, "SELECT count (*) FROM shown_phrase WHERE text = 'red the'") == 1, "/spans/of two parts, in order");
  tap_ok (project_set_spans (project, kite, (const Span[]) { { 0, 10 } }, 1, "ann", &error) &&
          one (project, "SELECT count (*) FROM shown_phrase p JOIN shown_region r ON r.phrase = p.id WHERE p.text = 'a red kite'") == 1,
          "/spans/other words keep the regions");
  tap_ok (project_split_phrase (project, kite, 6, "ann", &second, &error) &&
          one (project, "SELECT count (*) FROM shown_phrase p JOIN shown_region r ON r.phrase = p.id WHERE p.text IN ('a red', 'kite')") == 2,
          "/spans/cut in two, each with the region");
  tap_ok (!project_split_phrase (project, kite, 0, "ann", &second, &error) && is_error (&error, PROJECT_ERROR_USAGE), "/spans/no cut at its end");
  tap_ok (project_merge_phrases (project, kite, dog, "ann", &error) &&
          one (project, "SELECT count (*) FROM shown_phrase p JOIN shown_region r ON r.phrase = p.id WHERE p.text = 'a red the dog'") == 2 &&
          one (project, "SELECT count (*) FROM shown_phrase p JOIN shown_region r ON r.phrase = p.id WHERE r.origin = 'map'") == 1 &&
          one (project, "SELECT count (*) FROM shown_phrase WHERE text = 'the dog'") == 0, "/spans/joined, with both regions");
  tap_ok (project_delete_phrase (project, id, "ann", &error) && one (project, "SELECT count (*) FROM shown_phrase WHERE text = 'over'") == 0,
          "/spans/deleted");
  tap_ok (project_add_caption (project, image, "a red kite over the dog", "bob", &same, &error) && same == caption, "/captions/the same one");
  tap_ok (project_add_caption (project, image, "two dogs", "ann", &own, &error) &&
          one (project, "SELECT count (*) FROM shown_caption") == 2, "/captions/a new one");
  tap_ok (project_delete_caption (project, caption, "ann", &error) && one (project, "SELECT count (*) FROM shown_caption") == 1 &&
          one (project, "SELECT count (*) FROM shown_phrase WHERE detached") == one (project, "SELECT count (*) FROM shown_phrase"),
          "/captions/deleted: its phrases stay, detached");
  tap_ok (search_is_right (project), "/spans/searching finds what is there");
  while (project_undo (project, "ann", &what, NULL))
    g_clear_pointer (&what, g_free);
  after = state_of (project);
  tap_equal_text (after, before, "/spans/all undone");
  tap_ok (search_is_right (project), "/spans/and searching as well");
  tap_ok (project_edit_caption (project, caption, "one red kite", "ann", &error) &&
          project_add_caption (project, image, "a red kite over the dog", "ann", &own, &error) && own != caption &&
          one (project, "SELECT count (*) FROM shown_caption") == 2, "/captions/one that was edited is another one");
}

/* Tags and filters -------------------------------------------------------------------------------------------------- */

static void
test_many (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = project_open_memory (&error);
  g_autoptr (GString) text = g_string_new ("{\"alidade-manifest\": 1}\n");
  LibraryFilter red = { .target = LIBRARY_PHRASES, .text = (char *) "red", .verdicts = 1 << LIBRARY_STALE };
  g_autofree gint64 *images = g_new (gint64, 1000);
  g_autofree char *what = NULL;
  g_autoptr (GPtrArray) filters = NULL, history = NULL;
  gint64 filter = 0, other = 0, entry = 0, hanging;
  guint changed;

  for (int i = 0; i < 1000; i++)
    g_string_append_printf (text, "{\"image\":\"%d.jpg\",\"text\":\"kite\"}\n", i);
  fill (project, "many.jsonl", text->str);
  for (int i = 0; i < 1000; i++)
    {
      g_autofree char *sql = g_strdup_printf ("SELECT id FROM shown_image ORDER BY id LIMIT 1 OFFSET %d", i);

      images[i] = one (project, sql);
    }
  tap_ok (project_tag_images (project, images, 10, " sky ", TRUE, "ann", &changed, &error) && changed == 10, "/tags/ten at once");
  tap_ok (project_tag_images (project, images, 1000, "sky", TRUE, "ann", &changed, &error) && changed == 990 &&
          one (project, "SELECT count (*) FROM journal WHERE kind = 'tag'") == 2, "/tags/a thousand are one record; ten have it already");
  tap_ok (project_undo (project, "ann", &what, &error) && one (project, "SELECT count (*) FROM tag WHERE current = 1") == 10, "/tags/undone as one");
  tap_ok (project_tag_images (project, images, 5, "sky", FALSE, "ann", &changed, &error) && changed == 5 &&
          one (project, "SELECT count (*) FROM tag WHERE current = 1") == 5, "/tags/taken away");
  tap_ok (!project_tag_images (project, images, 5, " ", TRUE, "ann", &changed, &error) && is_error (&error, PROJECT_ERROR_USAGE), "/tags/none without a name");
  tap_ok (project_save_filter (project, "stale reds", &red, "ann", &filter, &error), "/filters/kept");
  red.verdicts = 0;
  tap_ok (project_save_filter (project, "stale reds", &red, "ann", &other, &error) && other == filter, "/filters/kept again under the name");
  tap_ok (project_rename_filter (project, filter, "reds", "ann", &error), "/filters/renamed");
  tap_ok (project_save_filter (project, "others", &red, "ann", &other, &error) && !project_rename_filter (project, other, "reds", "ann", &error) &&
          is_error (&error, PROJECT_ERROR_EXISTS), "/filters/two of one name are refused");
  tap_ok (project_delete_filter (project, other, "ann", &error), "/filters/deleted");
  filters = project_filters (project, &error);
  tap_ok (filters->len == 1 && strcmp (((SavedFilter *) filters->pdata[0])->name, "reds") == 0 &&
          ((SavedFilter *) filters->pdata[0])->filter.verdicts == 0 && strcmp (((SavedFilter *) filters->pdata[0])->filter.text, "red") == 0,
          "/filters/listed");
  for (int i = 0; i < 4; i++)
    {
      g_clear_pointer (&what, g_free);
      g_assert (project_undo (project, "ann", &what, &error));
    }
  g_clear_pointer (&filters, g_ptr_array_unref);
  filters = project_filters (project, &error);
  tap_ok (filters->len == 1 && ((SavedFilter *) filters->pdata[0])->filter.verdicts == 1 << LIBRARY_STALE, "/filters/undone to the first");
  g_assert (project_remove_images (project, images, 3, "ann", &entry, &error));
  history = project_history (project, &error);
  tap_ok (history->len == 2 && strcmp (((HistoryEntry *) history->pdata[0])->kind, "removal") == 0 &&
          ((HistoryEntry *) history->pdata[0])->images == 3 && ((HistoryEntry *) history->pdata[1])->images == 1000 &&
          ((HistoryEntry *) history->pdata[1])->phrases == 1000 && ((HistoryEntry *) history->pdata[1])->shown &&
          g_str_has_suffix (((HistoryEntry *) history->pdata[1])->source, "many.jsonl"), "/history/an import and a removal");
  tap_ok (project_entry_hanging (project, ((HistoryEntry *) history->pdata[1])->id, &hanging, &error) && hanging == 5, "/history/what hangs on it");
  g_assert (project_tag_images (project, images, 10, "sky", FALSE, "ann", NULL, &error));
  g_assert (project_add_caption (project, images[4], "a kite", "ann", &other, &error));
  tap_ok (!project_hide_entry (project, ((HistoryEntry *) history->pdata[1])->id, TRUE, "ann", &error) &&
          is_error (&error, PROJECT_ERROR_REFUSED), "/history/an import stays while a person's caption hangs on it");
  tap_ok (project_hide_entry (project, entry, TRUE, "ann", &error) && one (project, "SELECT count (*) FROM shown_image") == 1000,
          "/history/a removal undone");
}

/* Files ------------------------------------------------------------------------------------------------------------- */

static gboolean
file_is (const char *where, const char *name)
{
  g_autofree char *path = g_build_filename (where, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static gboolean
name_finds (Project *project, const char *typed, gint64 n)
{
  g_autofree char *query = search_name_query (typed), *sql = g_strdup_printf ("SELECT count (*) FROM search_name WHERE search_name MATCH '%s'", query);

  return one (project, sql) == n;
}

static void
test_rename (void)
{
  g_autofree char *home = g_build_filename (folder, "rename", NULL), *where = g_build_filename (home, "pictures", NULL);
  g_autofree char *path = g_build_filename (home, "project", NULL), *old = g_build_filename (where, "old name.jpg", NULL);
  g_autofree char *other = g_build_filename (where, "other.jpg", NULL), *what = NULL;
  const ImportOptions options = { .format = "folder", .voc_origin = -1, .by = "import" };
  g_auto (ImportReport) report = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  g_autofree char *kept = g_build_filename (where, "kept.jpg", NULL);
  gint64 image;

  g_mkdir (home, 0777);
  g_mkdir (where, 0777);
  fixture_picture (old, 40, 30, 1);
  fixture_picture (other, 41, 30, 1);
  project = project_create (path, &error);
  g_assert_no_error (error);
  g_assert (project_import (project, where, &options, &report, &error));
  image = one (project, "SELECT id FROM shown_image WHERE path = CAST ('old name.jpg' AS BLOB)");
  tap_ok (image != 0 && project_rename_image (project, image, "brand new.jpg", "ann", &error) && file_is (where, "brand new.jpg") &&
          !file_is (where, "old name.jpg") && one (project, "SELECT count (*) FROM shown_image WHERE path = CAST ('brand new.jpg' AS BLOB)") == 1, "/rename/file and record");
  tap_ok (name_finds (project, "brand", 1) && name_finds (project, "old name", 0), "/rename/searching follows");
  tap_ok (project_undo (project, "ann", &what, &error) && file_is (where, "old name.jpg") && !file_is (where, "brand new.jpg") &&
          name_finds (project, "old name", 1) && name_finds (project, "brand", 0), "/rename/undone with the file");
  g_clear_pointer (&what, g_free);
  tap_ok (project_redo (project, "ann", &what, &error) && file_is (where, "brand new.jpg"), "/rename/done again");
  tap_ok (!project_rename_image (project, image, "other.jpg", "ann", &error) && is_error (&error, PROJECT_ERROR_EXISTS) &&
          file_is (where, "brand new.jpg"), "/rename/not over a picture of the project");
  g_assert (g_file_set_contents (kept, "not ours", -1, NULL));
  tap_ok (!project_rename_image (project, image, "kept.jpg", "ann", &error) && is_error (&error, PROJECT_ERROR_EXISTS) &&
          file_is (where, "brand new.jpg") && one (project, "SELECT count (*) FROM rename_begun") == 0, "/rename/not over any file");
  for (int i = 0; i < 5; i++)
    {
      static const char *const wrongs[] = { "", "../up.jpg", "a/b.jpg", "name.txt", ".jpg" };

      tap_ok (!project_rename_image (project, image, wrongs[i], "ann", &error) && is_error (&error, PROJECT_ERROR_USAGE),
              "/rename/refused: '%s'", wrongs[i]);
    }
  /* The record fails after the file has its new name: both are as they were. */
  g_assert (sqlite3_exec (database_handle (project_database (project)), "CREATE TRIGGER t BEFORE UPDATE OF path ON image BEGIN SELECT "
                          "raise (ABORT, 'no'); END", NULL, NULL, NULL) == SQLITE_OK);
  tap_ok (!project_rename_image (project, image, "third.jpg", "ann", &error) && file_is (where, "brand new.jpg") && !file_is (where, "third.jpg") &&
          one (project, "SELECT count (*) FROM rename_begun") == 0 && name_finds (project, "third", 0), "/rename/a record that fails puts the file back");
  g_clear_error (&error);
  g_clear_pointer (&what, g_free);
  tap_ok (!project_undo (project, "ann", &what, &error) && file_is (where, "brand new.jpg") && !file_is (where, "old name.jpg"), "/rename/so does an undo");
  g_clear_error (&error);
  g_assert (sqlite3_exec (database_handle (project_database (project)), "DROP TRIGGER t", NULL, NULL, NULL) == SQLITE_OK);
  /* As if the program had died between the file and the record. */
  {
    g_autofree char *after = g_build_filename (where, "dead.jpg", NULL), *before = g_build_filename (where, "brand new.jpg", NULL);
    g_autofree char *sql = g_strdup_printf ("INSERT INTO rename_begun (image, before, after) VALUES (%" G_GINT64_FORMAT ", CAST ('%s' AS BLOB), "
                                            "CAST ('%s' AS BLOB))", image, before, after);

    g_assert (sqlite3_exec (database_handle (project_database (project)), sql, NULL, NULL, NULL) == SQLITE_OK);
    g_assert (g_rename (before, after) == 0);
  }
  g_clear_pointer (&project, project_close);
  project = project_open (path, TRUE, &error);
  tap_ok (project != NULL && file_is (where, "brand new.jpg") && !file_is (where, "dead.jpg") &&
          one (project, "SELECT count (*) FROM rename_begun") == 0, "/rename/one that was cut off is put back by the next writer");
}

static void
test_relink (void)
{
  g_autofree char *home = g_build_filename (folder, "relink", NULL), *where = g_build_filename (home, "old", NULL);
  g_autofree char *sub = g_build_filename (where, "sub", NULL), *moved = g_build_filename (home, "new", NULL), *empty = g_build_filename (home, "empty", NULL);
  const ImportOptions options = { .format = "folder", .voc_origin = -1, .by = "import" };
  g_auto (ImportReport) report = { 0 }, second = { 0 };
  g_auto (RelinkReport) relink = { 0 }, again = { 0 }, none = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = project_open_memory (&error);
  g_autofree char *what = NULL;

  g_mkdir (home, 0777);
  g_mkdir (where, 0777);
  g_mkdir (sub, 0777);
  g_mkdir (empty, 0777);
  for (int i = 0; i < 4; i++)
    {
      g_autofree char *name = g_strdup_printf ("%d.jpg", i), *path = g_build_filename (i < 2 ? where : sub, name, NULL);

      fixture_picture (path, 40 + i, 30, 1);
    }
  /* Two roots, one below the other. */
  g_assert (project_import (project, sub, &options, &second, &error));
  g_assert (project_import (project, where, &options, &report, &error));
  g_assert (one (project, "SELECT count (*) FROM shown_image") == 4 && one (project, "SELECT count (*) FROM root") == 2);
  g_assert (g_rename (where, moved) == 0);
  {
    g_autofree char *changed = g_build_filename (moved, "1.jpg", NULL), *gone = g_build_filename (moved, "sub", "3.jpg", NULL);

    fixture_picture (changed, 99, 30, 1);
    g_remove (gone);
  }
  tap_ok (!project_relink (project, where, empty, FALSE, FALSE, "ann", NULL, &none, &error) && is_error (&error, PROJECT_ERROR_REFUSED) &&
          none.missing == 4, "/relink/not to where nothing is");
  tap_ok (!project_relink (project, empty, moved, FALSE, FALSE, "ann", NULL, &again, &error) && is_error (&error, PROJECT_ERROR_NOT_FOUND),
          "/relink/not from where nothing was");
  relink_report_clear (&again);
  tap_ok (project_relink (project, where, moved, FALSE, TRUE, "ann", NULL, &again, &error) && again.same == 2 &&
          one (project, "SELECT count (*) FROM journal WHERE kind = 'file'") == 0, "/relink/only looked at");
  tap_ok (project_relink (project, where, moved, FALSE, FALSE, "ann", NULL, &relink, &error) && relink.images == 4 && relink.same == 2 &&
          relink.changed == 1 && relink.missing == 1 && relink.names->len == 2, "/relink/what is there, changed, missing");
  tap_ok (one (project, "SELECT count (*) FROM shown_image WHERE state = 'ok' AND CAST (root_path AS TEXT) LIKE '%/relink/new%'") == 2 &&
          one (project, "SELECT count (*) FROM shown_image WHERE state = 'changed'") == 1 &&
          one (project, "SELECT count (*) FROM shown_image WHERE CAST (root_path AS TEXT) LIKE '%/relink/new/sub'") == 2, "/relink/both roots moved");
  tap_ok (project_undo (project, "ann", &what, &error) &&
          one (project, "SELECT count (*) FROM shown_image WHERE CAST (root_path AS TEXT) LIKE '%/relink/old%'") == 4, "/relink/undone as a whole");
}

/* Random ------------------------------------------------------------------------------------------------------------ */

static void
random_step (Project *project, GRand *rand)
{
  gint64 image = one (project, "SELECT id FROM shown_image ORDER BY random () LIMIT 1");
  gint64 caption = one (project, "SELECT id FROM shown_caption ORDER BY random () LIMIT 1");
  gint64 phrase = one (project, "SELECT id FROM shown_phrase ORDER BY random () LIMIT 1");
  gint64 of_caption = one (project, "SELECT id FROM shown_phrase WHERE caption IS NOT NULL ORDER BY random () LIMIT 1"), id = 0;
  gint64 sibling = one (project, "SELECT p.id FROM shown_phrase p JOIN shown_phrase q ON q.caption = p.caption AND q.id <> p.id ORDER BY random () LIMIT 1");
  const Span spans[] = { { g_rand_int_range (rand, 0, 8), g_rand_int_range (rand, 1, 12) }, { g_rand_int_range (rand, 0, 5), g_rand_int_range (rand, 1, 9) } };
  g_autofree char *text = fixture_text (rand);

  switch (g_rand_int_range (rand, 0, 9))
    {
    case 0:
      project_add_caption (project, image, text, "ann", &id, NULL);
      break;
    case 1:
      project_delete_caption (project, caption, "ann", NULL);
      break;
    case 2:
    case 3:
      project_add_span_phrase (project, caption, spans, g_rand_int_range (rand, 1, 3), "ann", &id, NULL);
      break;
    case 4:
      project_set_spans (project, of_caption, spans, g_rand_int_range (rand, 1, 3), "ann", NULL);
      break;
    case 5:
      project_split_phrase (project, of_caption, g_rand_int_range (rand, 0, 12), "ann", &id, NULL);
      break;
    case 6:
      project_merge_phrases (project, of_caption, sibling, "ann", NULL);
      break;
    case 7:
      project_delete_phrase (project, phrase, "ann", NULL);
      break;
    default:
      project_edit_caption (project, caption, text, "ann", NULL);
    }
}

static void
test_random (guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autofree char *pictures = g_build_filename (folder, "random", NULL);
  FixturePicture all[FIXTURE_PICTURES];
  int undone = 0, redone = 0, found = 0, sound = 0;

  g_mkdir (pictures, 0777);
  fixture_pictures (pictures, all);
  for (int i = 0; i < ROUNDS; i++)
    {
      const FixtureRules rules = { .one_span = TRUE };
      g_autofree char *manifest = fixture_manifest (rand, all, &rules), *before = NULL, *middle = NULL, *after = NULL, *again = NULL, *what = NULL;
      g_autoptr (Project) project = project_open_memory (NULL);
      g_auto (ProjectCheck) check = { 0 };

      fill (project, "random.jsonl", manifest);
      before = state_of (project);
      for (int j = 0; j < STEPS; j++)
        random_step (project, rand);
      middle = state_of (project);
      found += search_is_right (project);
      while (project_undo (project, "ann", &what, NULL))
        g_clear_pointer (&what, g_free);
      after = state_of (project);
      undone += strcmp (before, after) == 0;
      found += search_is_right (project);
      while (project_redo (project, "ann", &what, NULL))
        g_clear_pointer (&what, g_free);
      again = state_of (project);
      redone += strcmp (again, middle) == 0;
      sound += project_check (project, FALSE, &check, NULL) && check.sound;
    }
  fixture_pictures_free (all);
  tap_ok (undone == ROUNDS && redone == ROUNDS, "/random/%d undone, %d done again of %d (seed %u)", undone, redone, ROUNDS, seed);
  tap_ok (found == 2 * ROUNDS, "/random/searching finds what is there");
  tap_ok (sound == ROUNDS, "/random/the projects are sound");
}

int
main (void)
{
  const char *given = g_getenv ("ALIDADE_SEED");
  guint32 seed = given != NULL ? (guint32) strtoul (given, NULL, 10) : g_random_int ();

  folder = fixture_folder ();
  test_spans ();
  test_many ();
  test_rename ();
  test_relink ();
  test_random (seed);
  fixture_remove (folder);
  g_free (folder);
  return tap_done ();
}
