/* SPDX-License-Identifier: MIT
 * The engine service: maps of the embedded model, the newest request wins, cancelling, models that are refused
 * while the previous one stays, conversions that are remembered, and going away in the middle of work. */
#include "engine-service.h"
#include "loop.h"
#include "model-cache.h"

typedef struct
{
  gboolean done;
  gboolean opened;
  AlidadeMaps *maps;
  AlidadeLoadedPicture *loaded;
  GError *error;
} Outcome;

static void
outcome_clear (Outcome *outcome)
{
  g_clear_pointer (&outcome->maps, alidade_maps_unref);
  g_clear_pointer (&outcome->loaded, alidade_loaded_picture_unref);
  g_clear_error (&outcome->error);
  outcome->done = outcome->opened = FALSE;
}

static gboolean
is_cancelled (const Outcome *outcome)
{
  return outcome->maps == NULL && g_error_matches (outcome->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
maps_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->maps = alidade_engine_service_request_maps_finish (ALIDADE_ENGINE_SERVICE (object), result, &outcome->error);
  outcome->done = TRUE;
}

static void
open_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->opened = alidade_engine_service_open_model_finish (ALIDADE_ENGINE_SERVICE (object), result, &outcome->error);
  outcome->done = TRUE;
}

static void
loaded_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->loaded
      = alidade_engine_service_load_picture_finish (ALIDADE_ENGINE_SERVICE (object), result, &outcome->error);
  outcome->done = TRUE;
}

static AlidadeLoadedPicture *
load (AlidadeEngineService *service, const char *path)
{
  g_autoptr (AlidadePicture) picture = alidade_picture_new (path, NULL, FALSE);
  Outcome outcome = { 0 };

  alidade_engine_service_load_picture_async (service, picture, NULL, loaded_cb, &outcome);
  loop_until (&outcome.done);
  if (outcome.loaded == NULL)
    tap_note ("%s", outcome.error->message);
  g_assert (outcome.loaded != NULL);
  return outcome.loaded;
}

static void
request (AlidadeEngineService *service, AlidadeLoadedPicture *picture, const char *text, Outcome *outcome)
{
  alidade_engine_service_request_maps_async (service, picture, text, NULL, NULL, maps_cb, outcome);
}

static void
open_and_wait (AlidadeEngineService *service, const char *path, const char *vocab, Outcome *outcome)
{
  outcome_clear (outcome);
  alidade_engine_service_open_model_async (service, path, vocab, FALSE, NULL, open_cb, outcome);
  loop_until (&outcome->done);
}

static void
words_cb (AlidadeEngineService *service, AlidadeMaps *words, char **last)
{
  g_free (*last);
  *last = words->scored ? NULL : g_strdup (words->text);
}

static void
test_first_maps (AlidadeEngineService *service, const char *root)
{
  g_autofree char *path = write_ppm (root, "first.ppm", 130, 90);
  g_autoptr (AlidadeLoadedPicture) picture = load (service, path);
  g_autofree char *words = NULL;
  g_autofree float *phrase = NULL;
  Outcome maps = { 0 }, opened = { 0 };
  gulong handler = g_signal_connect (service, "words", G_CALLBACK (words_cb), &words);
  double strongest = 0, x, y;
  AlbefModelInfo info;

  request (service, picture, "a dog left of a sheep", &maps);
  tap_ok (alidade_engine_service_get_busy (service), "/service/busy while a request waits");
  tap_ok (!alidade_engine_service_get_ready (service), "/service/not ready without a model");
  alidade_engine_service_open_model_async (service, NULL, NULL, FALSE, NULL, open_cb, &opened);
  tap_ok (alidade_engine_service_get_opening (service), "/service/opening is told");
  loop_until (&opened.done);
  if (opened.error != NULL)
    tap_note ("%s", opened.error->message);
  tap_ok (opened.opened && alidade_engine_service_get_ready (service), "/service/the embedded model opens");
  tap_ok (alidade_engine_service_get_is_embedded (service) && !alidade_engine_service_get_opening (service),
          "/service/and is known as such");
  tap_equal_text (alidade_engine_service_get_model_name (service), "alidade-mini", "/service/its name");
  tap_equal_text (alidade_engine_service_get_device_line (service), "CPU · f32", "/service/device line");
  tap_ok (alidade_engine_service_get_model_info (service, &info) && info.fusion_layers == 3, "/service/its sizes");
  loop_until (&maps.done);
  tap_ok (maps.maps != NULL && !alidade_engine_service_get_busy (service),
          "/service/a request made before the model was there is answered");
  if (maps.maps == NULL)
    return;
  tap_equal_text (words, "a dog left of a sheep", "/service/words come ahead of a picture's first maps");
  g_signal_handler_disconnect (service, handler);

  tap_ok (maps.maps->scored && maps.maps->match >= 0 && maps.maps->match <= 1, "/service/maps/match");
  tap_ok (maps.maps->n_words == 6, "/service/maps/one for each word (%d)", maps.maps->n_words);
  tap_equal_text (maps.maps->words[1].text, "dog", "/service/maps/words as typed");
  for (int i = 0; i < maps.maps->n_words; i++)
    strongest = MAX (strongest, maps.maps->words[i].strength);
  tap_near (strongest, 1, 1e-6, "/service/maps/the strongest word has strength 1");
  tap_near (alidade_maps_map_peak (maps.maps, maps.maps->words[1].map, &x, &y),
            maps.maps->words[1].strength * maps.maps->peak, 1e-6 * maps.maps->peak, "/service/maps/peaks agree");
  tap_near (alidade_maps_map_value (maps.maps, maps.maps->words[1].map, x, y),
            alidade_maps_map_peak (maps.maps, maps.maps->words[1].map, NULL, NULL), 0,
            "/service/maps/value at the peak");
  tap_ok (alidade_maps_map_value (maps.maps, maps.maps->words[1].map, 1.5, 0.5) == 0, "/service/maps/0 outside");
  phrase = alidade_maps_get_phrase (maps.maps, 0, 2);
  tap_ok (phrase != NULL, "/service/maps/phrase");
  if (phrase != NULL)
    tap_near (phrase[5], (maps.maps->words[0].map[5] + maps.maps->words[1].map[5]) / 2, 1e-6 * maps.maps->peak,
              "/service/maps/a phrase of two pieces is their mean");
  tap_ok (maps.maps->n_heads == 4 && maps.maps->heads == 15, "/service/maps/heads");
  tap_ok (alidade_maps_get_head (maps.maps, 1, 0) != NULL && alidade_maps_get_head (maps.maps, -1, 3) != NULL
              && alidade_maps_get_head (maps.maps, 1, 4) == NULL,
          "/service/maps/maps of single heads");
  outcome_clear (&maps);
  outcome_clear (&opened);
}

static void
test_last_layer (AlidadeEngineService *service, AlidadeLoadedPicture *picture)
{
  const AlbefMapsRequest last = { .layer = 3 };
  Outcome maps = { 0 };

  alidade_engine_service_request_maps_async (service, picture, "a dog", &last, NULL, maps_cb, &maps);
  loop_until (&maps.done);
  tap_ok (maps.maps != NULL && !maps.maps->has_word_maps && strlen (maps.maps->reason) > 20,
          "/service/last layer/no word maps, and the reason: %s", maps.maps != NULL ? maps.maps->reason : "");
  tap_ok (maps.maps != NULL && maps.maps->words[1].map == NULL && maps.maps->words[1].strength == 0,
          "/service/last layer/words are there, without maps");
  outcome_clear (&maps);
}

static void
test_newest_wins (AlidadeEngineService *service, AlidadeLoadedPicture *picture)
{
  enum { N = 30 };
  Outcome maps[N] = { 0 };
  int cancelled = 0;

  for (int i = 0; i < N; i++)
    {
      g_autofree char *text = g_strdup_printf ("a dog and %d sheep", i);

      request (service, picture, text, &maps[i]);
      if (i % 7 == 3) /* let some of them start */
        {
          g_usleep (1500);
          loop_drain ();
        }
    }
  for (int i = 0; i < N; i++)
    loop_until (&maps[i].done);
  for (int i = 0; i < N - 1; i++)
    cancelled += is_cancelled (&maps[i]);
  tap_ok (maps[N - 1].maps != NULL, "/service/newest wins/it is answered");
  tap_equal_text (maps[N - 1].maps != NULL ? maps[N - 1].maps->text : NULL, "a dog and 29 sheep",
                  "/service/newest wins/with its own text");
  /* Those that were done during a pause were the newest then. */
  tap_ok (cancelled >= N - 1 - 5, "/service/newest wins/the others end as cancelled (%d of %d)", cancelled, N - 1);
  tap_ok (!alidade_engine_service_get_busy (service), "/service/newest wins/not busy after it");
  for (int i = 0; i < N; i++)
    outcome_clear (&maps[i]);

  request (service, picture, "one", &maps[0]);
  request (service, picture, "two", &maps[1]);
  tap_ok (!maps[0].done, "/service/newest wins/no callback from inside a call");
  loop_until (&maps[0].done);
  loop_until (&maps[1].done);
  tap_ok (is_cancelled (&maps[0]) && maps[1].maps != NULL, "/service/newest wins/of two the second");
  outcome_clear (&maps[0]);
  outcome_clear (&maps[1]);
}

static void
test_cancelling (AlidadeEngineService *service, AlidadeLoadedPicture *picture)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Outcome maps = { 0 };

  alidade_engine_service_request_maps_async (service, picture, "a dog", NULL, cancellable, maps_cb, &maps);
  g_cancellable_cancel (cancellable);
  loop_until (&maps.done);
  tap_ok (is_cancelled (&maps), "/service/cancelling/a running or waiting request");
  outcome_clear (&maps);
  alidade_engine_service_request_maps_async (service, picture, "a dog", NULL, cancellable, maps_cb, &maps);
  loop_until (&maps.done);
  tap_ok (is_cancelled (&maps), "/service/cancelling/one cancelled before it was made");
  outcome_clear (&maps);
  alidade_engine_service_prepare (service, picture);
  request (service, picture, "a dog", &maps);
  loop_until (&maps.done);
  tap_ok (maps.maps != NULL, "/service/cancelling/preparing does not get in the way of maps");
  outcome_clear (&maps);
}

static void
test_words_alone (AlidadeEngineService *service)
{
  Outcome maps = { 0 };

  request (service, NULL, "a dog", &maps);
  loop_until (&maps.done);
  tap_ok (maps.maps != NULL && !maps.maps->scored && maps.maps->n_words == 2 && maps.maps->words[1].map == NULL,
          "/service/words alone, without a picture");
  outcome_clear (&maps);
  request (service, NULL, "", &maps);
  loop_until (&maps.done);
  tap_ok (maps.maps != NULL && maps.maps->n_words == 0, "/service/an empty query has no words");
  outcome_clear (&maps);
}

static void
test_refused_models (AlidadeEngineService *service, AlidadeLoadedPicture *picture, const char *root)
{
  g_autofree char *garbage = write_bytes (root, "garbage.safetensors", "BAD garbage, no model", 21);
  g_autofree char *pickle = write_bytes (root, "cut.pth", "PK\003\004", 4);
  const char *const paths[] = { "/nowhere/missing.safetensors", "/nowhere/missing.pth", garbage, pickle };
  Outcome opened = { 0 }, maps = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      open_and_wait (service, paths[i], NULL, &opened);
      tap_ok (!opened.opened && opened.error != NULL, "/service/refused/%u: %s", i,
              opened.error != NULL ? opened.error->message : "");
      tap_ok (g_strcmp0 (alidade_engine_service_get_error (service), opened.error != NULL ? opened.error->message : "")
                  == 0,
              "/service/refused/%u: the error is kept to be shown", i);
    }
  tap_equal_text (alidade_engine_service_get_model_name (service), "alidade-mini",
                  "/service/refused/the previous one stays");
  request (service, picture, "a dog", &maps);
  loop_until (&maps.done);
  tap_ok (maps.maps != NULL, "/service/refused/and works");
  outcome_clear (&maps);

  outcome_clear (&opened);
  alidade_engine_service_open_model_async (service, NULL, NULL, FALSE, NULL, open_cb, &opened);
  alidade_engine_service_open_model_async (service, garbage, NULL, FALSE, NULL, open_cb, &maps);
  loop_until (&maps.done);
  tap_ok (g_error_matches (maps.error, G_IO_ERROR, G_IO_ERROR_PENDING), "/service/refused/one at a time");
  loop_until (&opened.done);
  tap_ok (opened.opened && alidade_engine_service_get_error (service) == NULL,
          "/service/refused/opening another one takes the error away");
  outcome_clear (&opened);
  outcome_clear (&maps);
}

static void
copy (const char *from, const char *folder, const char *name)
{
  g_autofree char *to = g_build_filename (folder, name, NULL);
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (from, &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (to, bytes, length, NULL));
}

static void
copy_lines (const char *from, const char *folder, const char *name, int n)
{
  g_autofree char *to = g_build_filename (folder, name, NULL);
  g_autofree char *text = NULL;
  char *end;

  g_assert_true (g_file_get_contents (from, &text, NULL, NULL));
  end = text;
  while (n-- > 0)
    end = strchr (end, '\n') + 1;
  g_assert_true (g_file_set_contents (to, text, end - text, NULL));
}

static guint
count_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
test_conversion (AlidadeEngineService *service, const char *root)
{
  const char *tests = g_getenv ("ALIDADE_TESTS");
  g_autofree char *reference = g_build_filename (tests, "reference", "public", NULL);
  g_autofree char *checkpoint = g_build_filename (reference, "checkpoints", "pretrain.pth", NULL);
  g_autofree char *other = g_build_filename (reference, "checkpoints", "ve.pth", NULL);
  g_autofree char *vocab = g_build_filename (reference, "vocab.txt", NULL);
  g_autofree char *cache = g_build_filename (g_get_user_cache_dir (), "alidade", "models", NULL);
  g_autofree char *mine = g_build_filename (root, "mine.pth", NULL);
  g_autofree char *key = NULL, *again = NULL, *incomplete = NULL;
  Outcome opened = { 0 };
  const guint before = count_files (cache);
  GStatBuf first, second;

  copy (checkpoint, root, "mine.pth");
  copy_lines (vocab, root, "vocab.txt", 40); /* the checkpoint knows so many words */
  tap_ok (alidade_model_cache_wants (mine) && !alidade_model_cache_wants (vocab),
          "/service/conversion/pickles want it");
  open_and_wait (service, mine, NULL, &opened);
  tap_ok (opened.opened, "/service/conversion/a checkpoint opens: %s",
          opened.error != NULL ? opened.error->message : "");
  if (!opened.opened)
    {
      outcome_clear (&opened);
      return;
    }
  tap_equal_text (alidade_engine_service_get_model_name (service), "mine", "/service/conversion/named as its file");
  tap_equal_text (alidade_engine_service_get_model_path (service), mine, "/service/conversion/its path");
  tap_ok (!alidade_engine_service_get_is_embedded (service), "/service/conversion/is not the embedded one");
  tap_ok (alidade_engine_service_get_model_report (service) != NULL, "/service/conversion/has a report");
  tap_ok (count_files (cache) == before + 1, "/service/conversion/one file is kept, and nothing half-written");
  key = alidade_model_cache_path (NULL, mine, NULL, FALSE, NULL);
  g_assert_cmpint (g_stat (key, &first), ==, 0);

  open_and_wait (service, NULL, NULL, &opened);
  open_and_wait (service, mine, NULL, &opened);
  g_assert_cmpint (g_stat (key, &second), ==, 0);
  tap_ok (opened.opened && first.st_ino == second.st_ino, "/service/conversion/remembered");

  incomplete = alidade_model_cache_path (NULL, mine, NULL, TRUE, NULL);
  tap_ok (g_strcmp0 (key, incomplete) != 0, "/service/conversion/incomplete ones are kept apart");

  g_assert_true (g_file_set_contents (key, "damaged", 7, NULL));
  open_and_wait (service, NULL, NULL, &opened);
  open_and_wait (service, mine, NULL, &opened);
  tap_ok (opened.opened && g_stat (key, &second) == 0 && second.st_size == first.st_size,
          "/service/conversion/a damaged one is made anew");

  copy (other, root, "mine.pth");
  again = alidade_model_cache_path (NULL, mine, NULL, FALSE, NULL);
  tap_ok (g_strcmp0 (key, again) != 0, "/service/conversion/a changed checkpoint has another name");
  open_and_wait (service, mine, NULL, &opened);
  tap_ok (count_files (cache) == before + 1 && g_access (key, F_OK) != 0 && g_access (again, F_OK) == 0,
          "/service/conversion/and replaces the old conversion");
  open_and_wait (service, NULL, NULL, &opened);
  outcome_clear (&opened);
}

static void
test_closing (const char *root)
{
  g_autofree char *path = write_ppm (root, "closing.ppm", 20, 20);
  AlidadeEngineService *service = alidade_engine_service_new ("cpu");
  g_autoptr (AlidadeLoadedPicture) picture = load (service, path);
  gpointer watch = service;
  Outcome opened = { 0 }, maps = { 0 }, late = { 0 };

  g_object_add_weak_pointer (G_OBJECT (service), &watch);
  alidade_engine_service_open_model_async (service, NULL, NULL, FALSE, NULL, open_cb, &opened);
  request (service, picture, "a dog", &maps);
  alidade_engine_service_close (service);
  loop_until (&opened.done);
  loop_until (&maps.done);
  tap_ok (is_cancelled (&maps), "/service/closing/what waits ends as cancelled");
  request (service, picture, "a dog", &late);
  loop_until (&late.done);
  tap_ok (is_cancelled (&late), "/service/closing/nothing can be asked after it");
  g_object_unref (service);
  loop_drain ();
  tap_ok (watch == NULL, "/service/closing/nobody holds it any longer");
  outcome_clear (&opened);
  outcome_clear (&maps);
  outcome_clear (&late);

  service = alidade_engine_service_new ("nonsense");
  request (service, picture, "a dog", &maps);
  open_and_wait (service, NULL, NULL, &opened);
  tap_ok (!opened.opened && opened.error != NULL, "/service/no device/opening fails: %s",
          opened.error != NULL ? opened.error->message : "");
  loop_until (&maps.done);
  tap_ok (maps.maps == NULL && !is_cancelled (&maps), "/service/no device/a waiting request is told: %s",
          maps.error != NULL ? maps.error->message : "");
  g_object_unref (service);
  outcome_clear (&opened);
  outcome_clear (&maps);
}

/* Work that waits ------------------------------------------------------------------------------------------------- */

typedef struct
{
  int attempts;
  gint started; /* atomic */
} LongWork;

/* The first attempt goes on until something else is wanted. */
static gboolean
long_work (AlbefModel *model, const AlbefCancel *cancel, gpointer data, GError **error)
{
  LongWork *work = data;

  g_atomic_int_set (&work->started, 1);
  for (int i = 0; work->attempts == 0 && i < 20000; i++)
    {
      if (albef_cancel_is_triggered (cancel))
        {
          work->attempts++;
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "stopped");
          return FALSE;
        }
      g_usleep (1000);
    }
  work->attempts++;
  return TRUE;
}

static gboolean
count_work (AlbefModel *model, const AlbefCancel *cancel, gpointer data, GError **error)
{
  int *count = data;

  if (model == NULL)
    return FALSE;
  ++*count;
  return TRUE;
}

static void
work_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->opened = alidade_engine_service_work_finish (ALIDADE_ENGINE_SERVICE (object), result, NULL, &outcome->error);
  outcome->done = TRUE;
}

static void
test_work (AlidadeEngineService *service, AlidadeLoadedPicture *picture)
{
  Outcome slow = { 0 }, fast = { 0 }, dropped = { 0 }, maps = { 0 };
  LongWork work = { 0 };
  int count = 0;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  alidade_engine_service_work_async (service, ALIDADE_ENGINE_BACKGROUND, long_work, &work, NULL, NULL, work_cb, &slow);
  while (g_atomic_int_get (&work.started) == 0)
    g_main_context_iteration (NULL, FALSE);
  alidade_engine_service_work_async (service, ALIDADE_ENGINE_BACKGROUND, count_work, &count, NULL, cancellable, work_cb, &dropped);
  g_cancellable_cancel (cancellable);
  alidade_engine_service_work_async (service, ALIDADE_ENGINE_AHEAD, count_work, &count, NULL, NULL, work_cb, &fast);
  tap_ok (loop_until (&fast.done) && fast.opened && count == 1, "/work/what is wanted sooner stops a long job");
  tap_ok (loop_until (&slow.done) && slow.opened && work.attempts == 2, "/work/which starts anew afterwards, unseen by its owner");
  tap_ok (loop_until (&dropped.done) && is_cancelled (&dropped) && count == 1, "/work/cancelled, it is not done");
  outcome_clear (&slow);
  work = (LongWork) { 0 };
  alidade_engine_service_work_async (service, ALIDADE_ENGINE_AHEAD, long_work, &work, NULL, NULL, work_cb, &slow);
  while (g_atomic_int_get (&work.started) == 0)
    g_main_context_iteration (NULL, FALSE);
  alidade_engine_service_request_maps_async (service, picture, "a dog", NULL, NULL, maps_cb, &maps);
  tap_ok (loop_until (&maps.done) && maps.maps != NULL && loop_until (&slow.done) && slow.opened, "/work/typing goes before it, too");
  outcome_clear (&maps);
}

int
main (void)
{
  g_autofree char *root = temporary_folder ();
  g_autofree char *cache = g_build_filename (root, "cache", NULL);
  g_autofree char *path = NULL;
  AlidadeEngineService *service;
  AlidadeLoadedPicture *picture;

  g_setenv ("XDG_CACHE_HOME", cache, TRUE);
  service = alidade_engine_service_new ("cpu");
  path = write_ppm (root, "picture.ppm", 64, 48);
  picture = load (service, path);
  test_first_maps (service, root);
  test_last_layer (service, picture);
  test_newest_wins (service, picture);
  test_cancelling (service, picture);
  test_words_alone (service);
  test_work (service, picture);
  test_refused_models (service, picture, root);
  test_conversion (service, root);
  alidade_loaded_picture_unref (picture);
  g_object_unref (service);
  test_closing (root);
  loop_drain ();
  remove_tree (root);
  return tap_done ();
}
