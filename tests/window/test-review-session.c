/* SPDX-License-Identifier: MIT
 * The review session: the queue and the place in it, what is ready before it is asked for, verdicts and taking them back,
 * and a second reviewer who sees nothing of the first. On sample pictures with regions; no display. */
#include "import.h"
#include "loop.h"
#include "review-session.h"

#include <gtk/gtk.h>

#define IMAGES 5

typedef struct
{
  AlidadeProjectService *projects;
  AlidadeEngineService *engine;
  AlidadeReviewSession *session;
  char *folder;
  GString *said;
  int failed, changed;
} Fixture;

typedef gboolean (*Condition) (Fixture *f);

static gboolean
wake_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static gboolean
wait_for (Fixture *f, Condition condition)
{
  gint64 end = g_get_monotonic_time () + LOOP_SECONDS * G_USEC_PER_SEC;
  guint id = g_timeout_add (20, wake_cb, NULL);

  while (!condition (f) && g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (id);
  return condition (f);
}

static gboolean
is_ready (Fixture *f)
{
  return alidade_review_session_get_ready (f->session);
}

static gboolean
is_whole (Fixture *f)
{
  return is_ready (f) && alidade_review_session_get_map (f->session) != NULL;
}

static gboolean
is_written (Fixture *f)
{
  return alidade_review_session_get_n_unwritten (f->session) == 0;
}

static gboolean
is_settled (Fixture *f)
{
  ReviewState state = alidade_review_session_get_state (f->session);

  return state != REVIEW_LOADING;
}

static gboolean
has_failed (Fixture *f)
{
  return f->failed > 0;
}

/* Two phrases on each picture: 'thing n' in a caption, with an imported and a map's region, and one by itself. The first
 * two of a picture's caption are a chain. */
static void
make_project (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = project_create (folder, &error);
  g_autofree char *source = g_strconcat (folder, ".jsonl", NULL);
  const ImportOptions options = { .format = "manifest", .voc_origin = -1, .by = "maker" };
  g_auto (ImportReport) report = { 0 };
  g_autoptr (GString) text = g_string_new ("{\"alidade-manifest\": 1}\n");

  g_assert_no_error (error);
  for (int i = 0; i < IMAGES; i++)
    {
      g_autofree char *name = g_strdup_printf ("scene-%02d.png", i), *picture = g_build_filename (albef_sample_scenes_path (), name, NULL);
      const char *caption = "a carrot and a flower";

      for (int j = 0; j < 2; j++)
        g_string_append_printf (text,
                                "{\"image\":\"%s\",\"text\":\"%s\",\"caption\":\"%s\",\"start\":%d,\"end\":%d,\"chain\":\"7\",\"regions\":["
                                "{\"box\":[%d,10,60,60],\"origin\":\"map\",\"score\":%g,\"label\":false},"
                                "{\"box\":[100,100,200,200],\"origin\":\"map\",\"score\":0.1,\"label\":false}]}\n",
                                picture, j == 0 ? "a carrot" : "a flower", caption, j == 0 ? 0 : 13, j == 0 ? 8 : 21, 10 + i, 0.9 - 0.1 * j);
    }
  g_assert (g_file_set_contents (source, text->str, -1, NULL));
  project_import (project, source, &options, &report, &error);
  g_assert_no_error (error);
}

static void
opened_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  alidade_project_service_open_finish (ALIDADE_PROJECT_SERVICE (object), result, &error);
  g_assert_no_error (error);
  *(gboolean *) data = TRUE;
}

static void
model_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  alidade_engine_service_open_model_finish (ALIDADE_ENGINE_SERVICE (object), result, &error);
  g_assert_no_error (error);
}

static void
said_cb (Fixture *f, const char *text)
{
  g_string_assign (f->said, text);
}

static void
failed_cb (Fixture *f, const char *text)
{
  f->failed++;
  tap_note ("said: %s", text);
}

static void
changed_cb (Fixture *f)
{
  f->changed++;
}

static void
start (Fixture *f, const char *reviewer, int pass)
{
  const QueueSettings settings = { .order = QUEUE_SEQUENTIAL };

  f->session = alidade_review_session_new (f->projects, f->engine);
  g_signal_connect_swapped (f->session, "said", G_CALLBACK (said_cb), f);
  g_signal_connect_swapped (f->session, "failed", G_CALLBACK (failed_cb), f);
  g_signal_connect_swapped (f->session, "current-changed", G_CALLBACK (changed_cb), f);
  alidade_review_session_set_settings (f->session, &settings);
  alidade_review_session_set_reviewer (f->session, reviewer, pass);
  wait_for (f, is_settled);
}

static void
stop (Fixture *f)
{
  wait_for (f, is_written);
  g_clear_object (&f->session);
  loop_drain ();
}

static const char *
verdict_at (Fixture *f, int position)
{
  g_autoptr (AlidadeReviewRow) row = g_list_model_get_item (alidade_review_session_get_rows (f->session), position);

  return row != NULL ? alidade_review_row_get_item (row)->verdict : NULL;
}

static gboolean
give (Fixture *f, VerdictKind verdict)
{
  return wait_for (f, is_ready) && alidade_review_session_give (f->session, alidade_review_session_get_phrase (f->session), verdict);
}

static int
count_sql (Fixture *f, const char *what)
{
  g_autoptr (Project) project = project_open (f->folder, FALSE, NULL);
  ProjectCounts counts = { 0 };

  g_assert (project != NULL && project_count (project, &counts, NULL));
  return g_str_equal (what, "verdicts") ? counts.verdicts : counts.regions;
}

static void
check_walk (Fixture *f)
{
  ReviewItem *item;
  gint64 first;

  start (f, "ann", 1);
  tap_ok (alidade_review_session_get_state (f->session) == REVIEW_AT_WORK &&
            g_list_model_get_n_items (alidade_review_session_get_rows (f->session)) == 2 * IMAGES &&
            alidade_review_session_get_n_left (f->session) == 2 * IMAGES && alidade_review_session_get_position (f->session) == 0,
          "/walk/a queue is made where there is none");
  tap_ok (wait_for (f, is_whole), "/walk/regions, picture and map of the first one come");
  item = alidade_review_session_get_item (f->session);
  tap_ok (item->regions->len == 2 && item->siblings->len == 1 && item->chain->len == 1 && item->spans->len == 1 &&
            g_str_equal (item->caption_text, "a carrot and a flower"),
          "/walk/with everything that is shown of it");
  tap_ok (alidade_review_session_get_ticked (f->session, 0) && !alidade_review_session_get_ticked (f->session, 1),
          "/walk/the top region is ticked");
  first = alidade_review_session_get_phrase (f->session);
  tap_ok (!alidade_review_session_give (f->session, first + 1, VERDICT_ACCEPTED), "/walk/a verdict on another phrase is none");
  tap_ok (give (f, VERDICT_ACCEPTED) && alidade_review_session_get_position (f->session) == 1 && g_strcmp0 (verdict_at (f, 0), "accepted") == 0,
          "/walk/it shows at once, and the next one is there");
  tap_ok (wait_for (f, is_written) && count_sql (f, "verdicts") == 1 && g_str_equal (f->said->str, "A · a carrot"),
          "/walk/it is told when it is durable");
  tap_ok (!alidade_review_session_give (f->session, first, VERDICT_REJECTED), "/walk/a late press meets the phrase that is gone");

  /* The one behind the next has been made ready, with its map. */
  wait_for (f, is_whole);
  alidade_review_session_next (f->session);
  wait_for (f, is_whole);
  alidade_review_session_next (f->session);
  wait_for (f, is_whole);
  loop_drain ();
  alidade_review_session_go_to (f->session, 1);
  tap_ok (is_whole (f), "/walk/what was there is there again at once");
  alidade_review_session_set_ticked (f->session, 0, FALSE);
  f->failed = 0;
  tap_ok (!give (f, VERDICT_ACCEPTED) && f->failed == 1 && alidade_review_session_get_position (f->session) == 1,
          "/walk/accepting nothing is refused, with a reason");
  alidade_review_session_set_ticked (f->session, 1, TRUE);
  tap_ok (give (f, VERDICT_ACCEPTED), "/walk/another region is accepted");
  alidade_review_session_previous (f->session);
  wait_for (f, is_written);
  wait_for (f, is_ready);
  tap_ok (alidade_review_session_get_position (f->session) == 1 && alidade_review_session_get_ticked (f->session, 1) &&
            !alidade_review_session_get_ticked (f->session, 0),
          "/walk/going back shows what was accepted");
  alidade_review_session_next (f->session);
  tap_ok (alidade_review_session_get_position (f->session) == 2, "/walk/next is the next that waits");
  tap_ok (give (f, VERDICT_UNSURE) && wait_for (f, is_written) &&
            g_list_model_get_n_items (alidade_review_session_get_rows (f->session)) == 2 * IMAGES + 1,
          "/walk/an unsure one comes back at the end");
  tap_ok (give (f, VERDICT_ABSENT) && give (f, VERDICT_REJECTED) && wait_for (f, is_written) && alidade_review_session_get_position (f->session) == 5,
          "/walk/not here, rejected");
  tap_ok (alidade_review_session_get_pace (f->session) > 0, "/walk/the pace is known after five");
  stop (f);
}

static void
check_ahead (Fixture *f)
{
  int ready = 0;

  start (f, "ahead", 1);
  wait_for (f, is_whole);
  /* Nothing is asked for anew: the items ahead come by themselves. */
  for (int i = 0; i < 300; i++)
    {
      g_usleep (5000);
      loop_drain ();
    }
  for (int i = 0; i < 3; i++)
    {
      alidade_review_session_next (f->session);
      ready += is_whole (f);
    }
  tap_ok (ready == 3, "/ahead/the next three are there, with their maps, the moment they are asked for");
  stop (f);
}

static void
check_restart (Fixture *f)
{
  start (f, "ann", 1);
  tap_ok (alidade_review_session_get_position (f->session) == 5 && alidade_review_session_get_n_left (f->session) == 2 * IMAGES + 1 - 5,
          "/restart/place and progress survive");
  wait_for (f, is_ready);
  alidade_review_session_undo (f->session);
  for (int i = 0; i < 1000 && alidade_review_session_get_position (f->session) != 4; i++)
    {
      g_usleep (5000);
      loop_drain ();
    }
  tap_ok (alidade_review_session_get_position (f->session) == 4 && verdict_at (f, 4) == NULL && g_str_has_prefix (f->said->str, "Taken back: "),
          "/restart/undo takes back a verdict of before, and goes there");
  alidade_review_session_redo (f->session);
  wait_for (f, is_written);
  for (int i = 0; i < 100 && verdict_at (f, 4) == NULL; i++)
    {
      g_usleep (5000);
      loop_drain ();
    }
  tap_ok (g_strcmp0 (verdict_at (f, 4), "rejected") == 0, "/restart/redo gives it again");
  stop (f);
}

static void
check_correct (Fixture *f)
{
  g_auto (Shape) shape = { 0 };
  RegionChange change = { 0, &shape };
  int regions = count_sql (f, "regions"), verdicts = count_sql (f, "verdicts"), position;
  ReviewItem *item;
  gint64 phrase;

  start (f, "carl", 1);
  wait_for (f, is_ready);
  position = alidade_review_session_get_position (f->session);
  item = alidade_review_session_get_item (f->session);
  phrase = item->phrase;
  change.region = ((ReviewRegion *) item->regions->pdata[0])->region;
  shape_set_box (&shape, 20, 20, 90, 90);
  tap_ok (alidade_review_session_correct (f->session, phrase, &change, 1, TRUE) && wait_for (f, is_written) &&
            count_sql (f, "verdicts") == verdicts + 2 && count_sql (f, "regions") == regions + 2,
          "/correct/a person's region beside the proposal, for both phrases of the chain");
  tap_ok (g_str_has_prefix (f->said->str, "C · "), "/correct/it is told");
  alidade_review_session_go_to (f->session, position);
  wait_for (f, is_ready);
  item = alidade_review_session_get_item (f->session);
  tap_ok (item->regions->len == 3 && ((ReviewRegion *) item->regions->pdata[0])->origin == ORIGIN_PERSON &&
            alidade_review_session_get_ticked (f->session, 0) && !alidade_review_session_get_ticked (f->session, 1),
          "/correct/it is there, and ticked");
  alidade_review_session_undo (f->session);
  wait_for (f, is_written);
  tap_ok (count_sql (f, "verdicts") == verdicts && count_sql (f, "regions") == regions, "/correct/one undo takes all of it back");
  stop (f);
}

static void
check_failure (Fixture *f)
{
  gint64 phrase;
  int position;

  start (f, "dora", 1);
  wait_for (f, is_whole);
  position = alidade_review_session_get_position (f->session);
  phrase = alidade_review_session_get_phrase (f->session);
  f->failed = 0;
  {
    g_autoptr (Project) project = NULL;
    ReviewItem *item = alidade_review_session_get_item (f->session);

    /* The ticked region is not the phrase's any more when the verdict is written. */
    ((ReviewRegion *) item->regions->pdata[0])->revision = 1;
  }
  tap_ok (alidade_review_session_give (f->session, phrase, VERDICT_ACCEPTED) && wait_for (f, has_failed) &&
            alidade_review_session_get_position (f->session) == position && verdict_at (f, position) == NULL,
          "/failure/a verdict that cannot be written is taken back, and the phrase is on screen again");
  stop (f);
}

static void
check_blind (Fixture *f)
{
  ReviewItem *item;
  gboolean trace = FALSE;
  guint n;

  start (f, "bob", 2);
  n = g_list_model_get_n_items (alidade_review_session_get_rows (f->session));
  tap_ok (alidade_review_session_get_state (f->session) == REVIEW_AT_WORK && n >= 4, "/blind/a second pass over what others reviewed");
  for (guint i = 0; i < n; i++)
    {
      alidade_review_session_go_to (f->session, i);
      wait_for (f, is_ready);
      item = alidade_review_session_get_item (f->session);
      trace |= verdict_at (f, i) != NULL || item->accepted->len > 0 || item->regions->len != 2;
      for (guint j = 0; j < item->history->len; j++)
        trace |= ((HistoryItem *) item->history->pdata[j])->seq != 0;
      for (guint j = 0; j < item->regions->len; j++)
        trace |= ((ReviewRegion *) item->regions->pdata[j])->origin == ORIGIN_PERSON;
    }
  tap_ok (!trace, "/blind/shows no verdict, region or history of theirs");
  tap_ok (g_list_model_get_n_items (alidade_review_session_get_rows (f->session)) == n, "/blind/nothing comes by looking");
  stop (f);
}

static void
check_finish (Fixture *f)
{
  int given = 0;

  start (f, "eve", 1);
  while (alidade_review_session_get_state (f->session) == REVIEW_AT_WORK && given < 100 && give (f, given == 2 ? VERDICT_UNSURE : VERDICT_REJECTED))
    {
      given++;
      wait_for (f, is_written);
    }
  tap_ok (alidade_review_session_get_state (f->session) == REVIEW_FINISHED && alidade_review_session_get_n_left (f->session) == 0,
          "/finish/the queue ends");
  tap_note ("%d verdicts", given);
  alidade_review_session_undo (f->session);
  wait_for (f, is_written);
  for (int i = 0; i < 200 && alidade_review_session_get_state (f->session) != REVIEW_AT_WORK; i++)
    {
      g_usleep (5000);
      loop_drain ();
    }
  tap_ok (alidade_review_session_get_state (f->session) == REVIEW_AT_WORK && alidade_review_session_get_n_left (f->session) == 1,
          "/finish/taking one back opens it again");
  stop (f);
}

static void
check_states (Fixture *f)
{
  g_autofree char *empty = g_strconcat (f->folder, "-empty", NULL);
  gboolean done = FALSE;

  alidade_project_service_close (f->projects);
  start (f, "ann", 1);
  tap_ok (alidade_review_session_get_state (f->session) == REVIEW_NO_PROJECT, "/states/no project");
  alidade_project_service_open_async (f->projects, empty, TRUE, opened_cb, &done);
  loop_until (&done);
  wait_for (f, is_settled);
  tap_ok (alidade_review_session_get_state (f->session) == REVIEW_NO_PHRASES && alidade_review_session_get_phrase (f->session) == 0,
          "/states/no phrases");
  stop (f);
}

int
main (void)
{
  Fixture f = { .said = g_string_new (NULL) };
  g_autofree char *folder = temporary_folder ();
  gboolean done = FALSE;

  f.folder = g_build_filename (folder, "project", NULL);
  make_project (f.folder);
  f.projects = alidade_project_service_new ();
  f.engine = alidade_engine_service_new ("cpu");
  alidade_engine_service_open_model_async (f.engine, NULL, NULL, FALSE, NULL, model_cb, NULL);
  alidade_project_service_open_async (f.projects, f.folder, FALSE, opened_cb, &done);
  loop_until (&done);

  check_walk (&f);
  check_restart (&f);
  check_correct (&f);
  check_ahead (&f);
  check_failure (&f);
  check_finish (&f);
  check_blind (&f);
  check_states (&f);

  alidade_project_service_close (f.projects);
  alidade_engine_service_close (f.engine);
  loop_drain ();
  g_object_unref (f.projects);
  g_object_unref (f.engine);
  g_string_free (f.said, TRUE);
  g_free (f.folder);
  remove_tree (folder);
  return tap_done ();
}
