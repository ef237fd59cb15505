/* SPDX-License-Identifier: MIT
 * bench-library.c: makes a project of 1,000,000 phrases on 100,000 images, reads it into the library's columns, and asks 50
 * combinations of search, filter and order for their first page and count. Names the worst.
 *
 *     bench-library [PHRASES [FOLDER]]    FOLDER is kept; one that holds a project is only read */
#include "library-index.h"
#include "library-records.h"
#include "library-rows.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 100
#define COMBINATIONS 50
#define WORDS 4000
#define PHRASES_OF_IMAGE 10

static double
seconds (void)
{
  return g_get_monotonic_time () / 1e6;
}

/* From /proc/self/status, in MB: VmRSS, VmHWM. */
static double
memory (const char *what)
{
  g_autofree char *status = NULL;
  const char *at;

  g_file_get_contents ("/proc/self/status", &status, NULL, NULL);
  at = status != NULL ? strstr (status, what) : NULL;
  return at != NULL ? atof (at + strlen (what) + 1) / 1024 : 0;
}

static void
run (sqlite3 *db, const char *sql)
{
  if (sqlite3_exec (db, sql, NULL, NULL, NULL) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (db));
}

/* Common words are common: the first of 4,000 stands in every third phrase, the last in hardly any. */
static void
put_words (GString *text, GRand *rand, int n)
{
  g_string_truncate (text, 0);
  for (int i = 0; i < n; i++)
    {
      double u = g_rand_double (rand);

      g_string_append_printf (text, "%sw%d", i > 0 ? " " : "", (int) (WORDS * u * u * u * u * u));
    }
}

static sqlite3_stmt *
prepare (sqlite3 *db, const char *sql)
{
  sqlite3_stmt *statement = NULL;

  if (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (db));
  return statement;
}

static void
put (sqlite3_stmt *statement, int n, ...)
{
  va_list values;

  va_start (values, n);
  for (int i = 1; i <= n; i++)
    sqlite3_bind_int64 (statement, i, va_arg (values, gint64));
  va_end (values);
  if (sqlite3_step (statement) != SQLITE_DONE)
    g_error ("%s", sqlite3_errmsg (sqlite3_db_handle (statement)));
  sqlite3_reset (statement);
}

static void
make (Project *project, gint64 n_phrases)
{
  static const char *const verdicts[] = { "accepted", "corrected", "rejected", "absent", "unsure" };
  sqlite3 *db = database_handle (project_database (project));
  g_autoptr (GRand) rand = g_rand_new_with_seed (6);
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 id = G_GINT64_CONSTANT (900000000000000000), image = 0;
  sqlite3_stmt *images, *captions, *caption_texts, *phrases, *texts, *regions, *revisions, *links, *slots, *given, *tags;

  run (db, "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA wal_autocheckpoint = 0; BEGIN;"
           "INSERT INTO entry (id, kind, state, by, at) VALUES (1, 'import', 'shown', 'bench', 0);"
           "INSERT INTO root (id, path) VALUES (1, CAST ('/pictures' AS BLOB))");
  images = prepare (db, "INSERT INTO image (id, root, path, width, height, orientation, state, entry) VALUES (?1, 1, CAST (?3 AS BLOB), "
                        "640, 480, 1, iif (?2 = 0, 'missing', 'ok'), 1)");
  captions = prepare (db, "INSERT INTO caption (id, image, identity, current, entry) VALUES (?1, ?2, ?1, ?3, 1)");
  caption_texts = prepare (db, "INSERT INTO caption_revision (id, caption, text, by, at) VALUES (?1, ?2, ?3, 'bench', 0)");
  phrases = prepare (db, "INSERT INTO phrase (id, image, identity, current, entry) VALUES (?1, ?2, ?1, ?3, 1)");
  texts = prepare (db, "INSERT INTO phrase_revision (id, phrase, text, by, at) VALUES (?1, ?2, ?3, 'bench', 0)");
  regions = prepare (db, "INSERT INTO region (id, image, current, entry) VALUES (?1, ?2, ?3, 1)");
  revisions = prepare (db, "INSERT INTO region_revision (id, region, kind, x1, y1, x2, y2, origin, score, model, by, at) VALUES (?1, ?2, 'box', "
                           "?4, ?5, ?4 + 100, ?5 + 80, iif (?3 = 0, 'import', 'map'), iif (?3 = 0, NULL, ?6 / 1000.0), iif (?3 = 0, NULL, "
                           "'model ' || (?6 % 3)), 'bench', 0)");
  links = prepare (db, "INSERT INTO link (id, phrase, region, identity, nth, entry) VALUES (?1, ?2, ?3, ?1, 0, 1)");
  slots = prepare (db, "INSERT INTO verdict_slot (id, phrase, reviewer, pass, current) VALUES (?1, ?2, 'ann', 1, ?3)");
  given = prepare (db, "INSERT INTO verdict (id, slot, verdict, at) VALUES (?1, ?2, ?3, 0)");
  tags = prepare (db, "INSERT INTO tag (id, image, name, current) VALUES (?1, ?2, 't' || ?3, 1)");
  for (gint64 i = 0; i < n_phrases; i++)
    {
      gint64 phrase = id += 40, revision = id += 40;

      if (i % PHRASES_OF_IMAGE == 0)
        {
          g_autofree char *name = g_strdup_printf ("folder %d/IMG_%06d.jpg", (int) (i / PHRASES_OF_IMAGE % 100), (int) (i / PHRASES_OF_IMAGE));
          gint64 caption = id += 40;

          image = id += 40;
          sqlite3_bind_text (images, 3, name, -1, SQLITE_TRANSIENT);
          put (images, 2, image, (gint64) g_rand_int_range (rand, 0, 50));
          put (captions, 3, caption, image, caption + 1);
          put_words (text, rand, 10);
          sqlite3_bind_text (caption_texts, 3, text->str, -1, SQLITE_TRANSIENT);
          put (caption_texts, 2, caption + 1, caption);
          if (g_rand_int_range (rand, 0, 5) == 0)
            put (tags, 3, caption + 2, image, (gint64) g_rand_int_range (rand, 0, 20));
        }
      put (phrases, 3, phrase, image, revision);
      put_words (text, rand, g_rand_int_range (rand, 1, 5));
      sqlite3_bind_text (texts, 3, text->str, -1, SQLITE_TRANSIENT);
      put (texts, 2, revision, phrase);
      for (int origin = 0; origin < 2; origin++)
        if (g_rand_int_range (rand, 0, 10) < (origin == 0 ? 7 : 5))
          {
            gint64 region = id += 40;

            put (regions, 3, region, image, region + 1);
            put (revisions, 6, region + 1, region, (gint64) origin, (gint64) g_rand_int_range (rand, 0, 300),
                 (gint64) g_rand_int_range (rand, 0, 300), (gint64) g_rand_int_range (rand, 0, 1000));
            put (links, 3, region + 2, phrase, region);
          }
      if (g_rand_int_range (rand, 0, 10) < 3)
        {
          gint64 slot = id += 40;

          put (slots, 3, slot, phrase, slot + 1);
          sqlite3_bind_text (given, 3, verdicts[g_rand_int_range (rand, 0, 5)], -1, SQLITE_STATIC);
          put (given, 2, slot + 1, slot);
        }
    }
  run (db, "COMMIT; PRAGMA wal_checkpoint (TRUNCATE)");
  sqlite3_stmt *all[] = { images, captions, caption_texts, phrases, texts, regions, revisions, links, slots, given, tags };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    sqlite3_finalize (all[i]);
}

/* Every order with every search, and filters from common to rare in turn. */
static void
combination (int i, LibraryFilter *filter)
{
  static const char *const searches[] = { NULL, "w0", "w1", "w", "w0 w1", "IMG_00", "w3999" };

  memset (filter, 0, sizeof *filter);
  filter->target = i % 2 == 0 ? LIBRARY_PHRASES : LIBRARY_IMAGES;
  filter->order = i % LIBRARY_N_ORDERS;
  filter->descending = i / 2 % 2;
  filter->text = g_strdup (searches[i / 2 % G_N_ELEMENTS (searches)]);
  switch (i / 3 % 8)
    {
    case 1:
      filter->regions = LIBRARY_WITHOUT;
      break;
    case 2:
      filter->verdicts = 1 << LIBRARY_NO_VERDICT | 1 << LIBRARY_UNSURE;
      break;
    case 3:
      filter->origins = 1 << ORIGIN_MAP;
      filter->with_score = TRUE;
      filter->score_min = 0.2;
      filter->score_max = 0.9;
      break;
    case 4:
      filter->tag = g_strdup ("t7");
      break;
    case 5:
      filter->model = g_strdup ("model 1");
      filter->iou_below = 0.5;
      break;
    case 6:
      filter->files = 1 << LIBRARY_FILE_MISSING;
      break;
    case 7:
      filter->changed_since = 1;
      break;
    }
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

static void
ask (LibraryIndex *index)
{
  double times[COMBINATIONS], worst = 0;
  g_autofree char *which = NULL;
  gint64 count = 0;

  for (int i = 0; i < COMBINATIONS; i++)
    {
      g_auto (LibraryFilter) filter = { 0 };
      double began;
      g_autofree LibraryResult *result = NULL;

      combination (i, &filter);
      began = seconds ();
      result = library_index_query (index, &filter, PAGE, NULL);
      times[i] = (seconds () - began) * 1000;
      if (times[i] > worst)
        {
          worst = times[i];
          count = result->count;
          g_free (which);
          which = library_filter_to_json (&filter);
        }
    }
  qsort (times, COMBINATIONS, sizeof *times, compare_doubles);
  printf ("first page and count, %d combinations: median %.1f ms, worst %.1f ms\n", COMBINATIONS, times[COMBINATIONS / 2], worst);
  printf ("the worst: %s (%" G_GINT64_FORMAT " match)\n", which, count);
}

int
main (int argc, char **argv)
{
  gint64 n_phrases = argc > 1 ? atoll (argv[1]) : 1000000;
  g_autofree char *made = argc > 2 ? g_strdup (argv[2]) : g_dir_make_tmp ("bench-library-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (made, "project.alidade", NULL);
  g_autoptr (LibraryIndex) index = library_index_new ();
  const LibraryFilter everything = { .target = LIBRARY_PHRASES, .order = LIBRARY_BY_SCORE, .descending = TRUE };
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  const LibraryFilter by_name = { 0 };
  g_autoptr (GPtrArray) rows = NULL, images = NULL;
  g_autofree LibraryResult *all = NULL, *pictures = NULL;
  double began, before;
  guint changed;

  if (!g_file_test (file, G_FILE_TEST_EXISTS))
    {
      project = project_create (made, &error);
      if (project == NULL)
        g_error ("%s", error->message);
      began = seconds ();
      make (project, n_phrases);
      printf ("project made in %.0f s\n", seconds () - began);
      g_clear_pointer (&project, project_close);
    }
  project = project_open (made, TRUE, &error);
  if (project == NULL)
    g_error ("%s", error->message);
  before = memory ("VmRSS:");
  began = seconds ();
  if (!library_index_load (index, project, NULL, NULL, NULL, &error))
    g_error ("%s", error->message);
  printf ("ready after %.1f s; %.1f MB in columns and texts; resident %.0f MB (%.0f before)\n", seconds () - began,
          library_index_bytes (index) / 1e6, memory ("VmRSS:"), before);
  ask (index);
  ask (index);
  began = seconds ();
  all = library_index_query (index, &everything, 0, NULL);
  printf ("all %" G_GINT64_FORMAT " ids by score: %.0f ms\n", all->count, (seconds () - began) * 1000);
  began = seconds ();
  rows = library_fetch_phrases (project, all->ids, MIN (all->n, PAGE), &error);
  printf ("%d phrase rows fetched: %.1f ms\n", PAGE, (seconds () - began) * 1000);
  pictures = library_index_query (index, &by_name, PAGE, NULL);
  began = seconds ();
  images = library_fetch_images (project, pictures->ids, pictures->n, &error);
  printf ("%d image rows fetched: %.1f ms\n", PAGE, (seconds () - began) * 1000);
  began = seconds ();
  if (!project_tag_phrases (project, all->ids, 1, "new", TRUE, "ann", &changed, &error) || !library_index_update (index, project, NULL, &error))
    g_error ("%s", error->message);
  printf ("a tag set and taken up: %.1f ms\n", (seconds () - began) * 1000);
  return 0;
}
