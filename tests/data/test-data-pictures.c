/* SPDX-License-Identifier: MIT
 * Thumbnails and whole pictures: sizes, memory, order, cancelling, and files that are no pictures. */
#include "engine-service.h"
#include "loop.h"
#include "thumbnailer.h"

typedef struct
{
  gboolean done;
  AlidadePixels *pixels;
  AlidadeLoadedPicture *loaded;
  GError *error;
  int *order; /* counts endings */
  int place;
} Outcome;

static void
outcome_clear (Outcome *outcome)
{
  g_clear_pointer (&outcome->pixels, alidade_pixels_unref);
  g_clear_pointer (&outcome->loaded, alidade_loaded_picture_unref);
  g_clear_error (&outcome->error);
  outcome->done = FALSE;
}

static void
thumbnail_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->pixels = alidade_thumbnailer_load_finish (ALIDADE_THUMBNAILER (object), result, &outcome->error);
  outcome->done = TRUE;
  if (outcome->order != NULL)
    outcome->place = ++*outcome->order;
}

static void
loaded_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->loaded
      = alidade_engine_service_load_picture_finish (ALIDADE_ENGINE_SERVICE (object), result, &outcome->error);
  outcome->done = TRUE;
}

static void
test_thumbnails (const char *root)
{
  g_autofree char *path = write_ppm (root, "wide.ppm", 400, 200);
  g_autofree char *tiny_path = write_ppm (root, "tiny.ppm", 3, 5);
  g_autoptr (AlidadePicture) picture = alidade_picture_new (path, NULL, FALSE);
  g_autoptr (AlidadePicture) tiny = alidade_picture_new (tiny_path, NULL, FALSE);
  g_autoptr (AlidadeThumbnailer) thumbnailer = alidade_thumbnailer_new (0);
  g_autoptr (AlidadePixels) found = NULL;
  Outcome outcome = { 0 };

  tap_ok (alidade_thumbnailer_lookup (thumbnailer, picture, 100) == NULL, "/thumbnails/none at first");
  alidade_thumbnailer_load_async (thumbnailer, picture, 100, NULL, thumbnail_cb, &outcome);
  loop_until (&outcome.done);
  tap_ok (outcome.pixels != NULL && alidade_pixels_get_width (outcome.pixels) <= 101
              && alidade_pixels_get_width (outcome.pixels) >= 99
              && abs (alidade_pixels_get_height (outcome.pixels) - 50) <= 1,
          "/thumbnails/scaled to the longer side");
  tap_ok (alidade_picture_get_state (picture) == ALIDADE_PICTURE_OK, "/thumbnails/the picture is known to be good");
  found = alidade_thumbnailer_lookup (thumbnailer, picture, 100);
  tap_ok (found == outcome.pixels, "/thumbnails/kept in memory");
  outcome_clear (&outcome);
  alidade_thumbnailer_load_async (thumbnailer, tiny, 100, NULL, thumbnail_cb, &outcome);
  loop_until (&outcome.done);
  tap_ok (outcome.pixels != NULL && alidade_pixels_get_width (outcome.pixels) == 3
              && alidade_pixels_get_height (outcome.pixels) == 5,
          "/thumbnails/never enlarged");
  outcome_clear (&outcome);
}

static void
test_memory_limit (const char *root)
{
  g_autoptr (AlidadeThumbnailer) thumbnailer = alidade_thumbnailer_new (40000); /* three of 64 x 64 */
  g_autoptr (AlidadePixels) last = NULL;
  g_autoptr (AlidadePixels) first = NULL;
  AlidadePicture *pictures[8];
  gsize most = 0;

  for (int i = 0; i < 8; i++)
    {
      g_autofree char *name = g_strdup_printf ("m%d.ppm", i);
      g_autofree char *path = write_ppm (root, name, 64, 64);
      Outcome outcome = { 0 };

      pictures[i] = alidade_picture_new (path, NULL, FALSE);
      alidade_thumbnailer_load_async (thumbnailer, pictures[i], 64, NULL, thumbnail_cb, &outcome);
      loop_until (&outcome.done);
      outcome_clear (&outcome);
      most = MAX (most, alidade_thumbnailer_get_used (thumbnailer));
      if (i == 2) /* used again: stays longer than the second */
        g_clear_pointer (&(AlidadePixels *) { alidade_thumbnailer_lookup (thumbnailer, pictures[0], 64) },
                         alidade_pixels_unref);
      if (i == 3)
        {
          AlidadePixels *kept = alidade_thumbnailer_lookup (thumbnailer, pictures[0], 64);

          tap_ok (kept != NULL, "/thumbnails/memory/what was used lately stays");
          g_clear_pointer (&kept, alidade_pixels_unref);
          kept = alidade_thumbnailer_lookup (thumbnailer, pictures[1], 64);
          tap_ok (kept == NULL, "/thumbnails/memory/what was not goes");
          g_clear_pointer (&kept, alidade_pixels_unref);
        }
    }
  tap_ok (most <= 40000, "/thumbnails/memory/bounded (%zu bytes)", most);
  last = alidade_thumbnailer_lookup (thumbnailer, pictures[7], 64);
  first = alidade_thumbnailer_lookup (thumbnailer, pictures[1], 64);
  tap_ok (last != NULL && first == NULL, "/thumbnails/memory/the newest stay");
  for (int i = 0; i < 8; i++)
    g_object_unref (pictures[i]);
}

static void
test_order_and_cancelling (const char *root)
{
  enum { N = 40 };
  g_autoptr (AlidadeThumbnailer) thumbnailer = alidade_thumbnailer_new (0);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  AlidadePicture *pictures[N];
  Outcome outcomes[N] = { 0 };
  int order = 0, early = 0, cancelled = 0, unknown = 0;

  for (int i = 0; i < N; i++)
    {
      g_autofree char *name = g_strdup_printf ("o%d.ppm", i);
      g_autofree char *path = write_ppm (root, name, 500, 500);

      pictures[i] = alidade_picture_new (path, NULL, FALSE);
    }
  /* The threads may be faster than the wishes are made, so that nothing waits: then once more. In the order of the
   * wishes, or in none, no try succeeds. */
  for (int try = 0; try < 20 && early < 8; try++)
    {
      early = 0;
      for (int i = 0; i < N; i++)
        {
          outcome_clear (&outcomes[i]);
          outcomes[i].order = &order;
          alidade_thumbnailer_load_async (thumbnailer, pictures[i], 40 + try, NULL, thumbnail_cb, &outcomes[i]);
        }
      for (int i = 0; i < N; i++)
        loop_until (&outcomes[i].done);
      for (int i = N - 10; i < N; i++)
        early += outcomes[i].place < outcomes[N / 2 - 10 + i - (N - 10)].place;
    }
  tap_ok (early >= 8, "/thumbnails/order/the newest wishes come first (%d of 10)", early);
  for (int i = 0; i < N; i++)
    outcome_clear (&outcomes[i]);

  for (int i = 0; i < N; i++)
    {
      alidade_picture_set_state (pictures[i], ALIDADE_PICTURE_UNKNOWN, NULL);
      alidade_thumbnailer_load_async (thumbnailer, pictures[i], 33, cancellable, thumbnail_cb, &outcomes[i]);
    }
  g_cancellable_cancel (cancellable);
  for (int i = 0; i < N; i++)
    {
      loop_until (&outcomes[i].done);
      cancelled += g_error_matches (outcomes[i].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      unknown += alidade_picture_get_state (pictures[i]) != ALIDADE_PICTURE_UNREADABLE;
    }
  tap_ok (cancelled == N, "/thumbnails/cancelling/all end as cancelled (%d)", cancelled);
  tap_ok (unknown == N, "/thumbnails/cancelling/none counts as unreadable");
  for (int i = 0; i < N; i++)
    {
      outcome_clear (&outcomes[i]);
      g_object_unref (pictures[i]);
    }
}

/* Files that look like pictures and are none. Whatever they hold, a sentence comes back and nothing breaks. */
static void
test_hostile (const char *root)
{
  static const char png_head[] = "\x89PNG\r\n\x1a\n";
  static const char png_huge[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0\x8e\x32\x1f\x7b";
  static const char jpeg_head[] = "\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0";
  static const char webp_head[] = "RIFF\xff\xff\xff\x7fWEBPVP8 \xff\xff\xff\x7f";
  const struct
  {
    const char *name;
    const char *bytes;
    gsize length;
  } files[] = {
    { "empty.png", "", 0 },
    { "text.jpg", "this is no picture", 18 },
    { "head.png", png_head, sizeof png_head - 1 },
    { "huge.png", png_huge, sizeof png_huge - 1 },
    { "head.jpg", jpeg_head, sizeof jpeg_head - 1 },
    { "head.webp", webp_head, sizeof webp_head - 1 },
    { "huge.ppm", "P6 60000 60000 255\n", 19 },
    { "short.ppm", "P6 10 10 255\nabc", 16 },
    { "negative.ppm", "P6 -1 -1 255\n", 13 },
    { "other\xff.jpeg", "\0\0\0", 3 },
  };
  g_autoptr (AlidadeThumbnailer) thumbnailer = alidade_thumbnailer_new (0);
  g_autoptr (AlidadeEngineService) service = alidade_engine_service_new ("cpu");
  Outcome outcome = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = write_bytes (root, files[i].name, files[i].bytes, files[i].length);
      g_autoptr (AlidadePicture) picture = alidade_picture_new (path, NULL, FALSE);
      gboolean said;

      alidade_thumbnailer_load_async (thumbnailer, picture, 64, NULL, thumbnail_cb, &outcome);
      loop_until (&outcome.done);
      said = outcome.error != NULL && strlen (alidade_picture_get_message (picture)) > 10
             && g_utf8_validate (outcome.error->message, -1, NULL)
             && alidade_picture_get_state (picture) == ALIDADE_PICTURE_UNREADABLE;
      outcome_clear (&outcome);
      alidade_engine_service_load_picture_async (service, picture, NULL, loaded_cb, &outcome);
      loop_until (&outcome.done);
      tap_ok (said && outcome.loaded == NULL && outcome.error != NULL, "/pictures/hostile/%d: %s", i,
              alidade_picture_get_message (picture));
      outcome_clear (&outcome);
    }
  {
    g_autoptr (AlidadePicture) missing = alidade_picture_new ("/nowhere/missing.png", NULL, FALSE);

    alidade_engine_service_load_picture_async (service, missing, NULL, loaded_cb, &outcome);
    loop_until (&outcome.done);
    tap_ok (outcome.error != NULL && strstr (outcome.error->message, "missing.png") != NULL,
            "/pictures/missing: %s", outcome.error != NULL ? outcome.error->message : "");
    outcome_clear (&outcome);
  }
}

static void
test_whole (const char *root)
{
  g_autofree char *path = write_ppm (root, "whole.ppm", 123, 45);
  g_autoptr (AlidadePicture) picture = alidade_picture_new (path, NULL, FALSE);
  g_autoptr (AlidadeEngineService) service = alidade_engine_service_new ("cpu");
  g_autoptr (AlidadePixels) pixels = NULL;
  Outcome outcome = { 0 };

  alidade_engine_service_load_picture_async (service, picture, NULL, loaded_cb, &outcome);
  loop_until (&outcome.done);
  tap_ok (outcome.loaded != NULL, "/pictures/whole/read");
  pixels = alidade_pixels_ref (alidade_loaded_picture_get_pixels (outcome.loaded));
  tap_ok (alidade_loaded_picture_get_picture (outcome.loaded) == picture
              && albef_image_width (alidade_loaded_picture_get_image (outcome.loaded)) == 123,
          "/pictures/whole/of the picture asked for");
  outcome_clear (&outcome);
  tap_ok (alidade_pixels_get_width (pixels) == 123 && alidade_pixels_get_data (pixels)[3] == 7,
          "/pictures/whole/pixels live on by themselves");
}

int
main (void)
{
  g_autofree char *root = temporary_folder ();

  test_thumbnails (root);
  test_memory_limit (root);
  test_order_and_cancelling (root);
  test_hostile (root);
  test_whole (root);
  remove_tree (root);
  return tap_done ();
}
