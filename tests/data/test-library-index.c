/* SPDX-License-Identifier: MIT
 * test-library-index.c: the library in memory answers as plain SQL on the database does: random projects, random edits
 * by people, random filters in every order. */
#include "database.h"
#include "project-fixture.h"

#include "library-index.h"
#include "library-rows.h"
#include "review.h"
#include "search.h"

#define PROJECTS 12
#define EDITS 40
#define QUESTIONS 12

static char *folder;

/* Projects ---------------------------------------------------------------------------------------------------------- */

static void
put_regions (GString *out, GRand *rand)
{
  static const char *const origins[] = { "import", "detector", "map", "person" };

  for (int i = 0, n = g_rand_int_range (rand, 0, 4); i < n; i++)
    {
      int origin = g_rand_int_range (rand, 0, 4), x = g_rand_int_range (rand, 0, 20), y = g_rand_int_range (rand, 0, 20);

      g_string_append_printf (out, "%s{\"box\":[%d,%d,%d,%d],\"origin\":\"%s\"", i > 0 ? "," : "", x, y,
                              x + g_rand_int_range (rand, 1, 20), y + g_rand_int_range (rand, 1, 20), origins[origin]);
      if (g_rand_boolean (rand))
        g_string_append_printf (out, ",\"score\":0.%d", g_rand_int_range (rand, 1, 9));
      if ((origin == 1 || origin == 2) && g_rand_boolean (rand))
        g_string_append_printf (out, ",\"model\":\"m%d\"", g_rand_int_range (rand, 0, 3));
      g_string_append_c (out, '}');
    }
}

static void
put_phrase (GString *out, const char *picture, const char *caption, const char *text, GRand *rand)
{
  g_string_append_printf (out, "{\"image\":\"%s\",\"width\":50,\"height\":50", picture);
  json_put_name (out, "text");
  json_put_text (out, text);
  if (caption != NULL)
    {
      json_put_name (out, "caption");
      json_put_text (out, caption);
      g_string_append_printf (out, ",\"start\":0,\"end\":%ld", g_utf8_strlen (text, -1));
    }
  g_string_append (out, ",\"regions\":[");
  put_regions (out, rand);
  g_string_append (out, "]}\n");
}

static void
import_random (Project *project, GRand *rand, int nth)
{
  g_autofree char *name = g_strdup_printf ("m%d.jsonl", nth), *path = g_build_filename (folder, name, NULL);
  g_autoptr (GString) out = g_string_new ("{\"alidade-manifest\": 1}\n");
  const ImportOptions options = { .format = "manifest", .voc_origin = -1, .by = "import" };
  g_auto (ImportReport) report = { 0 };
  g_autoptr (GError) error = NULL;

  for (int i = 0, n = g_rand_int_range (rand, 1, 12); i < n; i++)
    {
      g_autofree char *picture = g_strdup_printf ("%s%d.jpg", i % 3 == 0 ? "Ältere/pic" : i % 3 == 1 ? "red" : "IMG_",
                                                  g_rand_int_range (rand, 0, 30));

      g_string_append_printf (out, "{\"image\":\"%s\",\"width\":50,\"height\":50}\n", picture);
      for (int j = 0, phrases = g_rand_int_range (rand, 0, 5); j < phrases; j++)
        {
          g_autofree char *caption = fixture_text (rand), *text = fixture_text (rand);
          char *space = g_rand_boolean (rand) ? strchr (caption, ' ') : NULL;
          g_autofree char *head = space != NULL ? g_strndup (caption, space - caption) : NULL;

          if (head != NULL)
            put_phrase (out, picture, caption, head, rand);
          else
            put_phrase (out, picture, NULL, text, rand);
        }
    }
  g_assert (g_file_set_contents (path, out->str, out->len, NULL));
  if (!project_import (project, path, &options, &report, &error))
    g_error ("%s", error->message);
}

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

/* One thing that a person does; some are refused, which is as good. */
static void
edit (Project *project, GRand *rand, int nth)
{
  static const char *const verdicts[] = { "accepted", "corrected", "rejected", "absent", "unsure" };
  gint64 phrase = one (project, "SELECT p.id FROM shown_phrase p JOIN shown_image i ON i.id = p.image ORDER BY random () LIMIT 1");
  gint64 image = one (project, "SELECT id FROM shown_image ORDER BY random () LIMIT 1");
  gint64 caption = one (project, "SELECT c.id FROM shown_caption c JOIN shown_image i ON i.id = c.image ORDER BY random () LIMIT 1");
  gint64 region = one (project, "SELECT region FROM shown_region ORDER BY random () LIMIT 1");
  const char *by = g_rand_boolean (rand) ? "ann" : "bob";
  g_autofree char *text = fixture_text (rand), *what = NULL, *tag = g_strdup_printf ("t%d", g_rand_int_range (rand, 0, 4));
  g_auto (Shape) shape = { 0 };
  gint64 id;

  if (image == 0)
    return;
  shape_set_box (&shape, 1, 1, g_rand_int_range (rand, 5, 40), g_rand_int_range (rand, 5, 40));
  switch (g_rand_int_range (rand, 0, 12))
    {
    case 0:
    case 1:
    case 2:
      {
        Review review = { .phrase = phrase, .verdict = verdicts[g_rand_int_range (rand, 0, 5)], .by = by, .pass = 1,
                          .adjudicated = g_rand_int_range (rand, 0, 4) == 0, .shape = &shape };

        project_review (project, &review, NULL);
        break;
      }
    case 3:
      project_change_region (project, one (project, "SELECT phrase FROM shown_region ORDER BY random () LIMIT 1"), region,
                             g_rand_boolean (rand) ? &shape : NULL, by, NULL);
      break;
    case 4:
      project_add_region (project, phrase, &shape, by, NULL, NULL);
      break;
    case 5:
      project_add_phrase (project, image, text, by, &id, NULL);
      break;
    case 6:
      project_edit_caption (project, caption, text, by, NULL);
      break;
    case 7:
      project_set_tag (project, image, 0, tag, g_rand_int_range (rand, 0, 3) > 0, by, NULL);
      break;
    case 8:
      if (phrase != 0)
        project_set_tag (project, one (project, "SELECT image FROM phrase ORDER BY id LIMIT 1"),
                         one (project, "SELECT id FROM phrase ORDER BY id LIMIT 1"), tag, TRUE, by, NULL);
      break;
    case 9:
      if (g_rand_boolean (rand))
        project_undo (project, by, &what, NULL);
      else
        project_redo (project, by, &what, NULL);
      break;
    case 10:
      project_hide_entry (project, one (project, "SELECT id FROM entry WHERE state <> 'pending' ORDER BY random () LIMIT 1"),
                          g_rand_boolean (rand), by, NULL);
      break;
    default:
      if (nth % 3 == 0)
        project_remove_images (project, &image, 1, by, &id, NULL);
      else if (nth % 3 == 1)
        import_random (project, rand, nth);
    }
}

/* The same question in SQL ------------------------------------------------------------------------------------------ */

#define BEST_SCORE "(SELECT max (score) FROM shown_region r WHERE r.phrase = p.id)"
#define N_REGIONS "(SELECT count (*) FROM shown_region r WHERE r.phrase = p.id)"
#define CHANGED "(((SELECT max (x) FROM (SELECT p.current AS x UNION ALL SELECT revision FROM shown_region WHERE phrase = p.id" \
  " UNION ALL SELECT id FROM verdict_now WHERE phrase = p.id)) >> 22) * 1000 + 1577836800000000) / 1000000"
#define VERDICT "CASE WHEN NOT EXISTS (SELECT 1 FROM verdict_now v WHERE v.phrase = p.id) THEN 'none' ELSE" \
  " ifnull ((SELECT iif (v.stale, 'stale', v.verdict) FROM phrase_verdict d JOIN verdict_now v ON v.id = d.verdict" \
  " WHERE d.phrase = p.id), 'stale') END"
#define BOTH "max (0, min (a.x2, b.x2) - max (a.x1, b.x1)) * max (0, min (a.y2, b.y2) - max (a.y1, b.y1))"
#define IOU "(SELECT max (" BOTH " / ((a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - " BOTH "))" \
  " FROM (SELECT * FROM shown_region WHERE phrase = p.id AND origin IN ('map', 'detector')" \
  "  ORDER BY score DESC NULLS LAST, link LIMIT 1) a JOIN shown_region b ON b.phrase = p.id" \
  " AND b.origin = CASE WHEN EXISTS (SELECT 1 FROM shown_region c WHERE c.phrase = p.id AND c.origin = 'person')" \
  " THEN 'person' ELSE 'import' END)"

static void
put_list (GString *sql, guint bits, guint n, const char *(*name) (guint))
{
  g_string_append (sql, "(''");
  for (guint i = 0; i < n; i++)
    if ((bits >> i & 1) != 0)
      g_string_append_printf (sql, ",'%s'", name (i));
  g_string_append_c (sql, ')');
}

static const char *
name_of_verdict (guint i)
{
  return library_verdict_name (i);
}

static const char *
name_of_origin (guint i)
{
  return origin_name (i);
}

static const char *
name_of_file (guint i)
{
  return library_file_name (i);
}

/* Conditions on p and i; an image without phrases has a p of NULLs. */
static char *
conditions (const LibraryFilter *filter)
{
  GString *sql = g_string_new ("1");

  if (filter->verdicts != 0)
    {
      g_string_append (sql, " AND " VERDICT " IN ");
      put_list (sql, filter->verdicts, LIBRARY_N_VERDICTS, name_of_verdict);
    }
  if (filter->origins != 0)
    {
      g_string_append (sql, " AND EXISTS (SELECT 1 FROM shown_region r WHERE r.phrase = p.id AND r.origin IN ");
      put_list (sql, filter->origins, 4, name_of_origin);
      g_string_append_c (sql, ')');
    }
  if (filter->files != 0)
    {
      g_string_append (sql, " AND i.state IN ");
      put_list (sql, filter->files, LIBRARY_N_FILES, name_of_file);
    }
  if (filter->tag != NULL)
    g_string_append_printf (sql, " AND EXISTS (SELECT 1 FROM tag t WHERE t.name = '%s' AND t.current = 1 AND (t.phrase = p.id OR"
                                 " (t.image = i.id AND t.phrase IS NULL)))", filter->tag);
  if (filter->model != NULL)
    g_string_append_printf (sql, " AND EXISTS (SELECT 1 FROM shown_region r WHERE r.phrase = p.id AND r.model = '%s')", filter->model);
  if (filter->with_score)
    g_string_append_printf (sql, " AND " BEST_SCORE " BETWEEN %.17g AND %.17g", filter->score_min - 1e-6, filter->score_max + 1e-6);
  if (filter->regions != LIBRARY_ANY)
    g_string_append_printf (sql, " AND " N_REGIONS " %s 0", filter->regions == LIBRARY_WITH ? ">" : "=");
  if (filter->changed_since != 0)
    g_string_append_printf (sql, " AND " CHANGED " >= %" G_GINT64_FORMAT, filter->changed_since / G_USEC_PER_SEC);
  if (filter->iou_below > 0)
    g_string_append_printf (sql, " AND floor (" IOU " * 10000) < %.17g * 10000", filter->iou_below);
  return g_string_free (sql, FALSE);
}

static char *
sql_text (const char *text)
{
  return sqlite3_mprintf ("%Q", text);
}

/* Parts of a name: by the index, the short ones by looking. NULL: nothing is asked for. */
static char *
name_condition (const char *text)
{
  g_auto (GStrv) terms = g_strsplit (text, " ", -1);
  g_autofree char *query = search_name_query (text);
  GString *sql = g_string_new (NULL);

  if (query != NULL)
    {
      char *quoted = sql_text (query);

      g_string_append_printf (sql, "i.id IN (SELECT rowid FROM search_name WHERE search_name MATCH %s)", quoted);
      sqlite3_free (quoted);
    }
  for (guint i = 0; terms[i] != NULL; i++)
    if (search_is_word (terms[i]) && g_utf8_strlen (terms[i], -1) < SEARCH_NAME_PART)
      {
        char *quoted = sql_text (terms[i]);

        g_string_append_printf (sql, "%sinstr (lower (CAST (i.path AS TEXT)), lower (%s)) > 0", sql->len > 0 ? " AND " : "", quoted);
        sqlite3_free (quoted);
      }
  return g_string_free (sql, sql->len == 0);
}

static char *
words (const LibraryFilter *filter, gboolean of_image)
{
  g_autofree char *by_text = filter->text != NULL ? search_text_query (filter->text) : NULL;
  g_autofree char *by_name = filter->text != NULL ? name_condition (filter->text) : NULL;
  GString *sql = g_string_new ("(");

  if (by_text == NULL && by_name == NULL)
    g_string_append_c (sql, '1');
  else
    g_string_append_c (sql, '0');
  if (by_text != NULL)
    {
      char *quoted = sql_text (by_text);

      g_string_append_printf (sql, " OR p.id IN (SELECT rowid FROM search_text WHERE search_text MATCH %s)", quoted);
      if (of_image)
        g_string_append_printf (sql, " OR EXISTS (SELECT 1 FROM shown_caption c WHERE c.image = i.id AND c.id IN"
                                     " (SELECT rowid FROM search_text WHERE search_text MATCH %s))", quoted);
      sqlite3_free (quoted);
    }
  if (by_name != NULL)
    g_string_append_printf (sql, " OR (%s)", by_name);
  g_string_append_c (sql, ')');
  return g_string_free (sql, FALSE);
}

static const char *
order_of (const LibraryFilter *filter, gboolean of_image)
{
  switch (filter->order)
    {
    case LIBRARY_BY_ADDED:
      return of_image ? "i.id" : "p.id";
    case LIBRARY_BY_CHANGED:
      return of_image ? "max (ifnull (" CHANGED ", 0))" : CHANGED;
    case LIBRARY_BY_SCORE:
      return of_image ? "max (" BEST_SCORE ")" : BEST_SCORE;
    case LIBRARY_BY_VERDICT:
#define NTH_VERDICT "instr ('none     accepted correctedrejected absent   unsure   stale    ', " VERDICT ")"
      return of_image ? "min (" NTH_VERDICT ")" : NTH_VERDICT;
    case LIBRARY_BY_REGIONS:
      return of_image ? "sum (" N_REGIONS ")" : N_REGIONS;
    case LIBRARY_BY_DISAGREEMENT:
      return of_image ? "min (floor (" IOU " * 10000))" : "floor (" IOU " * 10000)";
    default:
      return NULL; /* the natural order of names is GLib's: only the set is compared */
    }
}

static GArray *
ask_sql (Project *project, const LibraryFilter *filter)
{
  gboolean of_image = filter->target == LIBRARY_IMAGES;
  g_autofree char *where = conditions (filter), *with = words (filter, of_image);
  const char *order = order_of (filter, of_image), *direction = filter->descending ? "DESC" : "ASC";
  g_autofree char *sort = order != NULL ? g_strdup_printf ("%s %s NULLS LAST, ", order, direction) : g_strdup ("");
  g_autofree char *sql =
      of_image ? g_strdup_printf ("SELECT i.id FROM shown_image i LEFT JOIN shown_phrase p ON p.image = i.id WHERE %s AND %s"
                                  " GROUP BY i.id ORDER BY %si.id", where, with, sort)
               : g_strdup_printf ("SELECT p.id FROM shown_phrase p JOIN shown_image i ON i.id = p.image WHERE %s AND %s"
                                  " ORDER BY %sp.id", where, with, sort);
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  sqlite3_stmt *statement = NULL;

  if (sqlite3_prepare_v2 (database_handle (project_database (project)), sql, -1, &statement, NULL) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (database_handle (project_database (project))));
  while (sqlite3_step (statement) == SQLITE_ROW)
    {
      gint64 id = sqlite3_column_int64 (statement, 0);

      g_array_append_val (ids, id);
    }
  sqlite3_finalize (statement);
  return ids;
}

/* Questions --------------------------------------------------------------------------------------------------------- */

static void
random_filter (LibraryFilter *filter, GRand *rand)
{
  static const char *const asked[] = { "red", "RED ki", "dog's", "x&y", "\"quoted\"", "te", "ete", "ß", "犬", "の犬", "ไท", "한", "kite a",
                                       "the ", "-", "img", "Ältere", "pic 1", "jpg", "person red", "\xf0\x9f\x90\x95", "AND", "*" };
  static const char *const models[] = { "m0", "m1", "none" };

  memset (filter, 0, sizeof *filter);
  filter->target = g_rand_boolean (rand) ? LIBRARY_PHRASES : LIBRARY_IMAGES;
  filter->order = g_rand_int_range (rand, 0, LIBRARY_N_ORDERS);
  filter->descending = g_rand_boolean (rand);
  if (g_rand_int_range (rand, 0, 2) == 0)
    filter->text = g_strdup (asked[g_rand_int_range (rand, 0, G_N_ELEMENTS (asked))]);
  for (int i = g_rand_int_range (rand, 0, 3); i > 0; i--)
    switch (g_rand_int_range (rand, 0, 9))
      {
      case 0:
        filter->verdicts = g_rand_int_range (rand, 1, 1 << LIBRARY_N_VERDICTS);
        break;
      case 1:
        filter->origins = g_rand_int_range (rand, 1, 16);
        break;
      case 2:
        filter->files = g_rand_int_range (rand, 1, 8);
        break;
      case 3:
        g_free (filter->tag);
        filter->tag = g_strdup_printf ("t%d", g_rand_int_range (rand, 0, 5));
        break;
      case 4:
        g_free (filter->model);
        filter->model = g_strdup (models[g_rand_int_range (rand, 0, 3)]);
        break;
      case 5:
        filter->with_score = TRUE;
        filter->score_min = g_rand_int_range (rand, 0, 5) / 10.0;
        filter->score_max = filter->score_min + g_rand_int_range (rand, 0, 5) / 10.0;
        break;
      case 6:
        filter->regions = g_rand_boolean (rand) ? LIBRARY_WITH : LIBRARY_WITHOUT;
        break;
      case 7:
        filter->changed_since = g_get_real_time () - G_USEC_PER_SEC;
        break;
      default:
        filter->iou_below = g_rand_int_range (rand, 1, 11) / 10.0;
      }
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  gint64 i = *(const gint64 *) a, j = *(const gint64 *) b;

  return i < j ? -1 : i > j;
}

/* Whether whole lists and first pages are those of SQL. */
static gboolean
agrees (LibraryIndex *index, Project *project, const LibraryFilter *filter)
{
  g_autofree LibraryResult *all = library_index_query (index, filter, 0, NULL);
  g_autofree LibraryResult *page = library_index_query (index, filter, 7, NULL);
  g_autoptr (GArray) wanted = ask_sql (project, filter);
  g_autofree char *json = library_filter_to_json (filter);
  gboolean good = all->count == wanted->len && all->n == wanted->len && page->count == all->count &&
                  page->n == MIN (wanted->len, 7) && memcmp (page->ids, all->ids, page->n * sizeof (gint64)) == 0;

  if (good && filter->order == LIBRARY_BY_NAME)
    qsort (all->ids, all->n, sizeof (gint64), compare_ids);
  if (good && filter->order == LIBRARY_BY_NAME)
    g_array_sort (wanted, compare_ids);
  good = good && (all->n == 0 || memcmp (all->ids, wanted->data, all->n * sizeof (gint64)) == 0);
  /* The rows say what the columns say. */
  if (good && filter->target == LIBRARY_PHRASES && filter->verdicts != 0)
    {
      g_autoptr (GPtrArray) rows = library_fetch_phrases (project, page->ids, page->n, NULL);

      for (guint i = 0; i < page->n; i++)
        good = good && (filter->verdicts >> ((LibraryPhrase *) rows->pdata[i])->verdict & 1) != 0;
    }
  if (!good)
    {
      tap_note ("%s: %d of SQL, %d here", json, (int) wanted->len, (int) all->count);
      for (guint i = 0; i < all->n && i < wanted->len; i++)
        if (all->ids[i] != g_array_index (wanted, gint64, i))
          {
            tap_note ("place %u: %" G_GINT64_FORMAT ", not %" G_GINT64_FORMAT, i, all->ids[i], g_array_index (wanted, gint64, i));
            break;
          }
    }
  return good;
}

static void
test_random (guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr (GError) error = NULL;
  int questions = 0, right = 0;

  for (int i = 0; i < PROJECTS; i++)
    {
      g_autoptr (Project) project = project_open_memory (&error);
      g_autoptr (LibraryIndex) index = library_index_new ();
      g_autoptr (LibraryIndex) fresh = library_index_new ();

      g_assert_no_error (error);
      for (int j = 0; j < 3; j++)
        import_random (project, rand, j);
      g_assert (library_index_load (index, project, NULL, NULL, NULL, &error));
      for (int j = 0; j < EDITS; j++)
        {
          edit (project, rand, j);
          if (g_rand_boolean (rand))
            g_assert (library_index_update (index, project, NULL, &error));
        }
      g_assert (library_index_update (index, project, NULL, &error));
      g_assert (library_index_load (fresh, project, NULL, NULL, NULL, &error));
      for (int j = 0; j < QUESTIONS * 2; j++)
        {
          g_auto (LibraryFilter) filter = { 0 };

          random_filter (&filter, rand);
          questions++;
          right += agrees (j % 2 == 0 ? index : fresh, project, &filter);
        }
    }
  tap_ok (questions == right, "/index/%d of %d random questions are answered as SQL does (seed %u)", right, questions, seed);
}

/* What is given back of a filter as JSON is the filter. */
static void
test_json (guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  int good = 0;

  for (int i = 0; i < 200; i++)
    {
      g_auto (LibraryFilter) filter = { 0 }, back = { 0 };
      g_autofree char *json = NULL, *again = NULL;

      random_filter (&filter, rand);
      json = library_filter_to_json (&filter);
      if (library_filter_from_json (&back, json, NULL))
        again = library_filter_to_json (&back);
      good += g_strcmp0 (json, again) == 0;
    }
  tap_ok (good == 200, "/filter/JSON gives the same filter back");
  for (int i = 0; i < 4; i++)
    {
      static const char *const wrongs[] = { "[]", "{\"colour\":1}", "{\"verdicts\":[\"maybe\"]}", "{\"score_min\":\"x\"}" };
      g_auto (LibraryFilter) filter = { 0 };
      g_autoptr (GError) error = NULL;

      tap_ok (!library_filter_from_json (&filter, wrongs[i], &error) && g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_USAGE),
              "/filter/refused: %s", wrongs[i]);
    }
}

static void
test_rows (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = project_open_memory (&error);
  g_autoptr (LibraryIndex) index = library_index_new ();
  g_autofree char *path = g_build_filename (folder, "rows.jsonl", NULL);
  static const char text[] = "{\"alidade-manifest\": 1}\n"
                             "{\"image\":\"b/ö 1.jpg\",\"width\":9,\"height\":8,\"text\":\"red kite\",\"caption\":\"a red kite\","
                             "\"start\":2,\"end\":10,\"regions\":[{\"box\":[1,2,3,4],\"origin\":\"map\",\"score\":0.5,\"model\":\"m\"}]}\n"
                             "{\"image\":\"b/ö 10.jpg\",\"text\":\"dog\"}\n{\"image\":\"b/ö 2.jpg\",\"text\":\"dog\"}\n";
  const ImportOptions options = { .format = "manifest", .voc_origin = -1, .by = "import" };
  g_auto (ImportReport) report = { 0 };
  const LibraryFilter everything = { 0 }, kites = { .target = LIBRARY_PHRASES, .text = (char *) "kite" };
  g_autoptr (GPtrArray) images = NULL, phrases = NULL, roots = NULL;
  g_autofree LibraryResult *all = NULL, *some = NULL, *none = NULL;
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  const LibraryImage *first;
  const LibraryPhrase *kite;
  g_auto (GStrv) tags = NULL, models = NULL;

  g_assert (g_file_set_contents (path, text, -1, NULL));
  g_assert (project_import (project, path, &options, &report, &error));
  g_assert (project_set_tag (project, one (project, "SELECT min (id) FROM image"), 0, "sky", TRUE, "ann", &error));
  tap_ok (!library_index_update (index, project, NULL, &error), "/rows/no update before a load");
  g_clear_error (&error);
  g_assert (library_index_load (index, project, NULL, NULL, NULL, &error));
  all = library_index_query (index, &everything, 0, NULL);
  images = library_fetch_images (project, all->ids, all->n, &error);
  tap_ok (all->count == 3 && g_str_has_suffix (((LibraryImage *) images->pdata[1])->name, "2.jpg") &&
          g_str_has_suffix (((LibraryImage *) images->pdata[2])->name, "10.jpg"), "/rows/names in their natural order");
  first = images->pdata[0];
  tap_ok (strcmp (first->name, "b/ö 1.jpg") == 0 && first->width == 9 && first->file == LIBRARY_FILE_MISSING && first->captions == 1 &&
          first->phrases == 1 && first->regions == 1 && first->decided == 0 && strcmp (first->caption, "a red kite") == 0 &&
          g_strv_length (first->tags) == 1 && strcmp (first->tags[0], "sky") == 0 && strstr (first->uri, "%C3%B6%201.jpg") != NULL,
          "/rows/an image");
  some = library_index_query (index, &kites, 10, NULL);
  phrases = library_fetch_phrases (project, some->ids, some->n, &error);
  kite = phrases->len == 1 ? phrases->pdata[0] : NULL;
  tap_ok (kite != NULL && strcmp (kite->text, "red kite") == 0 && strcmp (kite->caption_text, "a red kite") == 0 && kite->spans->len == 1 &&
          g_array_index (kite->spans, Span, 0).first == 2 && kite->score == 0.5 && strcmp (kite->model, "m") == 0 && kite->regions == 1 &&
          kite->verdict == LIBRARY_NO_VERDICT, "/rows/a phrase");
  roots = library_roots (project, &error);
  tap_ok (roots->len == 1 && ((LibraryRoot *) roots->pdata[0])->images == 3 && ((LibraryRoot *) roots->pdata[0])->missing == 3, "/rows/roots");
  tags = library_index_tags (index);
  models = library_index_models (index);
  tap_ok (g_strv_length (tags) == 1 && strcmp (tags[0], "sky") == 0 && g_strv_length (models) == 1 && strcmp (models[0], "m") == 0,
          "/rows/what there is to choose");
  g_cancellable_cancel (cancelled);
  none = library_index_query (index, &everything, 0, cancelled);
  tap_ok (none == NULL && !library_index_load (index, project, cancelled, NULL, NULL, &error) &&
          g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_CANCELLED) && !library_index_is_ready (index), "/rows/cancelled");
}

int
main (void)
{
  const char *given = g_getenv ("ALIDADE_SEED");
  guint32 seed = given != NULL ? (guint32) strtoul (given, NULL, 10) : g_random_int ();

  folder = fixture_folder ();
  test_rows ();
  test_json (seed);
  test_random (seed);
  fixture_remove (folder);
  g_free (folder);
  return tap_done ();
}
