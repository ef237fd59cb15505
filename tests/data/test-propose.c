/* SPDX-License-Identifier: MIT
 * Regions from maps that were made up, and runs of the embedded model over the sample scenes. */
#include "database.h"
#include "noun-phrase.h"
#include "project-fixture.h"
#include "propose.h"
#include "review.h"
#include "samples.h"

#define GRID 16

static char *folder;
static AlbefEngine *engine;
static AlbefModel *model;

static gint64
one (Project *project, const char *sql)
{
  sqlite3_stmt *statement = NULL;
  gint64 value = G_MININT64;

  if (sqlite3_prepare_v2 (database_handle (project_database (project)), sql, -1, &statement, NULL) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (database_handle (project_database (project))));
  if (sqlite3_step (statement) == SQLITE_ROW)
    value = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);
  return value;
}

/* Maps ------------------------------------------------------------------------------------------------------------- */

static void
put_blob (float *map, int x1, int y1, int x2, int y2, float value)
{
  for (int y = y1; y < y2; y++)
    for (int x = x1; x < x2; x++)
      map[y * GRID + x] = value;
}

static void
check_maps (void)
{
  float map[GRID * GRID] = { 0 }, flat[GRID * GRID] = { 0 }, broken[GRID * GRID] = { 0 };
  g_auto (MapField) field = { 0 }, same = { 0 }, away = { 0 }, none = { 0 };
  g_autoptr (GArray) regions = NULL;
  g_auto (Shape) mask = { 0 };
  const MapRegionOptions half = { .threshold = 0.5 };
  const double truth[4] = { 80, 40, 160, 120 }, whole[4] = { 0, 0, 320, 160 }, beside[4] = { 400, 400, 500, 500 };
  double energy;

  put_blob (map, 4, 4, 8, 12, 1);
  put_blob (map, 12, 2, 14, 5, 0.8f);
  tap_ok (map_field_set (&field, map, GRID, GRID, 320, 160), "/maps/a field");
  regions = map_regions_find (&field, &half);
  tap_ok (regions->len == 2, "/maps/two parts");
  if (regions->len == 2)
    {
      const MapRegion *first = &g_array_index (regions, MapRegion, 0), *second = first + 1;

      tap_ok (box_iou (first->box, truth) > 0.8 && first->score > second->score, "/maps/the larger one first, where it is");
      tap_ok (first->box[0] == floor (first->box[0]) && first->box[2] <= 320 && first->box[3] <= 160, "/maps/whole pixels inside");
      tap_ok (first->energy > 0.7 && first->energy + second->energy <= 1.0001, "/maps/shares of the map");
      tap_ok (map_region_mask (&field, &half, first, &mask) && mask.kind == SHAPE_MASK && box_iou (mask.box, first->box) > 0.9,
              "/maps/its mask fills its box");
    }
  tap_ok (map_peak_count (&field) == 2, "/maps/two peaks");
  tap_near (map_box_score (&field, whole, &energy), 1, 1e-6, "/maps/the whole picture scores 1");
  tap_near (energy, 1, 1e-6, "/maps/and holds all");
  tap_ok (map_box_score (&field, beside, &energy) == 0 && energy == 0, "/maps/a box outside holds nothing");
  tap_ok (map_peak_inside (&field, truth) && !map_peak_inside (&field, beside), "/maps/the peak");
  map_field_set (&same, map, GRID, GRID, 640, 320);
  tap_ok (map_distance (&field, &same) < 0.05 && map_distance (&field, &field) < 1e-6, "/maps/equal maps are no distance apart");
  put_blob (flat, 0, 13, 3, 16, 1);
  map_field_set (&away, flat, GRID, GRID, 320, 160);
  tap_ok (map_distance (&field, &away) > 0.9, "/maps/others are");
  memset (flat, 0, sizeof flat);
  tap_ok (!map_field_set (&none, flat, GRID, GRID, 320, 160), "/maps/an empty map gives none");
  broken[3] = NAN;
  tap_ok (!map_field_set (&none, broken, GRID, GRID, 320, 160), "/maps/nor one that is not finite");
}

/* Runs --------------------------------------------------------------------------------------------------------------- */

static Project *
make_samples (const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  Project *project = samples_project_open (path, albef_sample_scenes_path (), &error);

  g_assert_no_error (error);
  return project;
}

static gboolean
stop_after_three (const ProposeReport *report, gpointer user_data)
{
  return report->done_images < 3;
}

static gint64
count_of (Project *project)
{
  return one (project, "SELECT count (*) FROM shown_region");
}

static void
check_run (void)
{
  g_autoptr (Project) project = make_samples ("run");
  const ProposeModels models = { .model = model };
  const ProposeOptions options = { .by = "ann", .quick = TRUE };
  g_auto (ProposeReport) part = { 0 }, rest = { 0 }, again = { 0 }, alone = { 0 };
  g_autoptr (GError) error = NULL;
  gint64 phrases = one (project, "SELECT count (*) FROM shown_phrase"), first, accepted, region, n;
  g_auto (Shape) shape = { 0 };
  Review review = { .verdict = "accepted", .by = "ann", .pass = 1 };

  tap_ok (!project_propose (project, &models, &options, NULL, stop_after_three, NULL, &part, &error) &&
            g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_CANCELLED) && part.done_images == 3, "/run/stops when told to");
  g_clear_error (&error);
  n = count_of (project);
  tap_ok (n > 0 && one (project, "SELECT count (*) FROM entry WHERE kind = 'run' AND state = 'shown'") == 1 &&
            one (project, "SELECT count (*) FROM journal WHERE kind = 'run'") == 1, "/run/what it made shows, under one entry");
  tap_ok (project_propose (project, &models, &options, NULL, NULL, NULL, &rest, &error) && rest.resumed && rest.entry == part.entry &&
            rest.done_phrases == phrases && rest.regions == count_of (project) - n, "/run/goes on where it was");
  tap_ok (one (project, "SELECT count (*) FROM shown_phrase p WHERE NOT EXISTS (SELECT 1 FROM shown_region r WHERE r.phrase = p.id AND"
                        " r.origin = 'map')") == rest.empty, "/run/each map that is not empty gives a region");
  tap_ok (one (project, "SELECT count (*) FROM shown_region WHERE x1 < 0 OR y1 < 0 OR x2 > 448 OR y2 > 448") == 0, "/run/inside the picture");
  tap_ok (one (project, "SELECT count (*) FROM phrase_measure WHERE match BETWEEN 0 AND 1 AND spread BETWEEN 0 AND 1 AND peaks > 0 AND"
                        " energy BETWEEN 0 AND 1") == phrases - rest.empty, "/run/measures of each");

  {
    g_autofree char *key = propose_model_key (model);
    PhraseMeasure measure;
    gboolean found, none;

    tap_ok (phrase_measure_load (project, one (project, "SELECT min (id) FROM shown_phrase"), key, &measure, &found, &error) && found &&
              measure.peaks > 0 && measure.energy > 0 && isnan (measure.twin) && isnan (measure.methods) &&
              phrase_measure_load (project, 1, key, &measure, &none, &error) && !none, "/run/a phrase's measures are read");
  }
  /* People: one accepts, one corrects, one removes. */
  review.phrase = one (project, "SELECT min (id) FROM shown_phrase");
  g_assert (project_review (project, &review, &error));
  accepted = one (project, "SELECT revision FROM verdict_region");
  first = one (project, "SELECT p.id FROM shown_phrase p ORDER BY p.id LIMIT 1 OFFSET 1");
  shape_set_box (&shape, 1, 1, 9, 9);
  review = (Review) { .phrase = first, .verdict = "corrected", .by = "ann", .pass = 1, .shape = &shape };
  g_assert (project_review (project, &review, &error));
  {
    g_autofree char *sql = g_strdup_printf ("SELECT min (region) FROM shown_region WHERE phrase = (SELECT p.id FROM shown_phrase p ORDER BY p.id"
                                            " LIMIT 1 OFFSET 2)");

    region = one (project, sql);
    g_assert (project_change_region (project, one (project, "SELECT p.id FROM shown_phrase p ORDER BY p.id LIMIT 1 OFFSET 2"), region, NULL, "ann",
                                     &error));
  }
  n = count_of (project);
  {
    const gint64 all[] = { one (project, "SELECT min (id) FROM shown_phrase"), first,
                           one (project, "SELECT p.id FROM shown_phrase p ORDER BY p.id LIMIT 1 OFFSET 2") };
    ProposeOptions chosen = options;

    chosen.phrases = all;
    chosen.n_phrases = 3;
    tap_ok (project_propose (project, &models, &chosen, NULL, NULL, NULL, &again, &error) && !again.resumed, "/again/over the same phrases");
  }
  tap_ok (count_of (project) == n, "/again/the second run replaces its own: as many regions");
  {
    g_autofree char *sql = g_strdup_printf ("SELECT count (*) FROM shown_region WHERE revision = %" G_GINT64_FORMAT, accepted);

    tap_ok (one (project, sql) == 1, "/again/what a verdict names stays");
  }
  tap_ok (one (project, "SELECT count (*) FROM shown_region WHERE origin = 'person' AND x2 = 9") == 1, "/again/what a person made stays");
  {
    g_autofree char *sql = g_strdup_printf ("SELECT deleted FROM region r JOIN region_revision v ON v.id = r.current WHERE r.id = %" G_GINT64_FORMAT, region);

    tap_ok (one (project, sql) == 1, "/again/what a person removed stays away");
  }
  tap_ok (one (project, "SELECT count (*) FROM verdict_now WHERE stale") == 0, "/again/no verdict is stale");
  tap_ok (one (project, "PRAGMA foreign_key_check") == G_MININT64, "/again/the file is sound");
  {
    ProposeOptions other = options;

    other.alone = TRUE;
    other.filter = "carrot";
    n = count_of (project);
    tap_ok (project_propose (project, &models, &other, NULL, NULL, NULL, &alone, &error) && alone.phrases > 0 && alone.phrases < phrases &&
              count_of (project) > n && one (project, "SELECT count (*) FROM phrase_measure WHERE alone") == alone.phrases,
            "/filter/with other settings, beside the first, for some phrases");
  }
}

static void
check_phrases (void)
{
  g_autofree char *path = g_build_filename (folder, "captions", NULL), *source = g_build_filename (folder, "captions.jsonl", NULL);
  g_autofree char *picture = g_build_filename (albef_sample_scenes_path (), "scene-00.png", NULL);
  g_autofree char *text = g_strdup_printf ("{\"alidade-manifest\": 1}\n{\"image\":\"%s\",\"text\":\"a carrot with a flower\","
                                           "\"caption\":\"a carrot with a flower\"}\n{\"image\":\"/nowhere.png\",\"width\":9,\"height\":9,"
                                           "\"text\":\"a dog\"}\n", picture);
  const ImportOptions how = { .format = "manifest", .voc_origin = -1, .by = "maker" };
  g_auto (ImportReport) report = { 0 };
  g_auto (ProposeReport) run = { 0 }, second = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = project_create (path, &error);
  const ProposeModels models = { .model = model, .other = model };
  const ProposeOptions options = { .by = "ann", .find_phrases = TRUE, .regions = { .masks = TRUE } };

  g_assert (g_file_set_contents (source, text, -1, NULL));
  project_import (project, source, &how, &report, &error);
  g_assert_no_error (error);
  tap_ok (project_propose (project, &models, &options, NULL, NULL, NULL, &run, &error), "/phrases/a run that finds phrases");
  tap_ok (run.new_phrases == 2 && one (project, "SELECT count (*) FROM shown_phrase WHERE text IN ('a carrot', 'a flower')") == 2 &&
            one (project, "SELECT first FROM phrase_span ORDER BY first DESC") == 14, "/phrases/noun phrases with their spans");
  tap_ok (run.skipped == 1 && run.notes->len == 1 && run.regions >= 2, "/phrases/a picture that is not there is skipped and told");
  tap_ok (one (project, "SELECT count (*) FROM shown_region WHERE kind = 'mask'") == count_of (project), "/phrases/masks when asked for");
  tap_ok (one (project, "SELECT count (*) FROM phrase_measure WHERE methods BETWEEN 0 AND 1 AND other < 1e-6") == 2,
          "/phrases/methods differ, a model from itself does not");
  tap_ok (project_propose (project, &models, &options, NULL, NULL, NULL, &second, &error) && second.new_phrases == 0,
          "/phrases/found once");
  tap_ok (project_hide_entry (project, run.entry, TRUE, "ann", &error) && one (project, "SELECT count (*) FROM shown_phrase") == 1,
          "/phrases/the run is undone as a whole");
}

int
main (void)
{
  AlbefError error = ALBEF_ERROR_INIT;

  folder = fixture_folder ();
  check_maps ();
  if (albef_engine_open (NULL, &engine, &error) != ALBEF_OK ||
      albef_model_open (engine, albef_embedded_model_path (), NULL, &model, &error) != ALBEF_OK)
    g_error ("%s", error.message);
  check_run ();
  check_phrases ();
  albef_model_free (model);
  albef_engine_close (engine);
  fixture_remove (folder);
  g_free (folder);
  return tap_done ();
}
