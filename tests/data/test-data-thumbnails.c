/* SPDX-License-Identifier: MIT
 * test-data-thumbnails.c: thumbnails on the disk: found again, never of another picture, never broken, below their limit
 * with those used longest ago gone first. */
#include "loop.h"

#include "thumbnail-cache.h"
#include "thumbnailer.h"

#include <string.h>
#include <utime.h>

typedef struct
{
  AlidadePixels *pixels;
  gboolean done;
} Outcome;

static void
loaded_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->pixels = alidade_thumbnailer_load_finish (ALIDADE_THUMBNAILER (object), result, NULL);
  outcome->done = TRUE;
}

/* Noise, which takes room. */
static AlidadePixels *
noise (int side, guint8 seed)
{
  g_autofree guint8 *rgb = g_malloc ((gsize) side * side * 3);
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr (GBytes) bytes = NULL;

  for (int i = 0; i < side * side * 3; i++)
    rgb[i] = g_rand_int_range (rand, 0, 256);
  bytes = g_bytes_new (rgb, (gsize) side * side * 3);
  return alidade_pixels_new (bytes, side, side);
}

/* Files below a folder, by counting. */
static guint
count_files (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *inner = g_build_filename (path, name, NULL);

      n += g_file_test (inner, G_FILE_TEST_IS_DIR) ? count_files (inner) : 1;
    }
  if (dir != NULL)
    g_dir_close (dir);
  return n;
}

static char *
file_of (const char *folder, const char *key)
{
  g_autofree char *name = g_strconcat (key, ".jpg", NULL);
  const char head[3] = { key[0], key[1], '\0' };

  return g_build_filename (folder, head, name, NULL);
}

static void
test_cache (const char *root)
{
  g_autofree char *folder = g_build_filename (root, "cache", NULL), *picture = g_build_filename (root, "p.bin", NULL);
  g_autoptr (ThumbnailCache) cache = thumbnail_cache_new (folder, 60000), again = NULL;
  g_autoptr (AlidadePixels) flat = NULL, back = NULL, broken = NULL;
  g_autofree char *key = NULL, *other_side = NULL, *changed = NULL, *file = NULL;
  g_autoptr (GBytes) grey = NULL;
  guint8 rgb[48 * 32 * 3];

  memset (rgb, 90, sizeof rgb);
  grey = g_bytes_new (rgb, sizeof rgb);
  flat = alidade_pixels_new (grey, 48, 32);
  g_assert (g_file_set_contents (picture, "one", -1, NULL));
  key = thumbnail_cache_key (picture, 160);
  other_side = thumbnail_cache_key (picture, 320);
  tap_ok (key != NULL && strcmp (key, other_side) != 0 && thumbnail_cache_key ("/nowhere/at all", 160) == NULL, "/cache/keys");
  tap_ok (thumbnail_cache_load (cache, key) == NULL && thumbnail_cache_bytes (cache) == 0, "/cache/empty at first");
  tap_ok (thumbnail_cache_save (cache, key, flat), "/cache/saved");
  back = thumbnail_cache_load (cache, key);
  tap_ok (back != NULL && alidade_pixels_get_width (back) == 48 && alidade_pixels_get_height (back) == 32 &&
              abs (alidade_pixels_get_data (back)[100] - 90) <= 2,
          "/cache/and found again");
  again = thumbnail_cache_new (folder, 60000);
  tap_ok (thumbnail_cache_bytes (again) == thumbnail_cache_bytes (cache) && thumbnail_cache_bytes (again) > 0, "/cache/by the next program, too");
  g_assert (g_file_set_contents (picture, "two two", -1, NULL));
  changed = thumbnail_cache_key (picture, 160);
  tap_ok (strcmp (key, changed) != 0 && thumbnail_cache_load (cache, changed) == NULL, "/cache/a picture that changed has none");
  file = file_of (folder, key);
  g_assert (g_file_set_contents (file, "\xff\xd8 torn", -1, NULL));
  broken = thumbnail_cache_load (cache, key);
  tap_ok (broken == NULL && !g_file_test (file, G_FILE_TEST_EXISTS), "/cache/a broken one is none, and goes");
}

static void
test_limit (const char *root)
{
  g_autofree char *folder = g_build_filename (root, "limit", NULL), *ours = g_build_filename (folder, "notes.txt", NULL);
  g_autoptr (ThumbnailCache) cache = thumbnail_cache_new (folder, 60000);
  gboolean below = TRUE;
  char *keys[30];

  g_mkdir (folder, 0700);
  g_assert (g_file_set_contents (ours, "kept", -1, NULL));
  for (int i = 0; i < 30; i++)
    {
      g_autoptr (AlidadePixels) pixels = noise (64, i);
      g_autofree char *name = g_strdup_printf ("%d", i), *file = NULL;
      struct utimbuf used = { .modtime = 1000000 + i };

      keys[i] = g_compute_checksum_for_string (G_CHECKSUM_SHA256, name, -1);
      g_assert (thumbnail_cache_save (cache, keys[i], pixels));
      below = below && thumbnail_cache_bytes (cache) <= 60000;
      file = file_of (folder, keys[i]);
      utime (file, &used); /* an age each; a save counts as the newest */
      if (i >= 3)
        g_clear_pointer (&(AlidadePixels *) { thumbnail_cache_load (cache, keys[0]) }, alidade_pixels_unref);
    }
  tap_ok (below && count_files (folder) < 20, "/limit/never above it");
  g_clear_pointer (&(AlidadePixels *) { thumbnail_cache_load (cache, keys[1]) }, alidade_pixels_unref);
  {
    g_autoptr (AlidadePixels) first = thumbnail_cache_load (cache, keys[0]), second = thumbnail_cache_load (cache, keys[1]),
                              last = thumbnail_cache_load (cache, keys[29]);

    tap_ok (first != NULL && second == NULL && last != NULL, "/limit/what was used longest ago goes, what is used stays");
  }
  tap_ok (g_file_test (ours, G_FILE_TEST_EXISTS), "/limit/other files stay");
  for (int i = 0; i < 30; i++)
    g_free (keys[i]);
}

static void
test_thumbnailer (const char *root)
{
  g_autofree char *folder = g_build_filename (root, "files", NULL), *path = g_build_filename (root, "wide.ppm", NULL);
  g_autoptr (GString) ppm = g_string_new ("P6 40 20 255\n");
  g_autoptr (AlidadePicture) picture = NULL;

  for (int i = 0; i < 40 * 20 * 3; i++)
    g_string_append_c (ppm, (char) (i / 120 * 12));
  g_assert (g_file_set_contents (path, ppm->str, ppm->len, NULL));
  picture = alidade_picture_new (path, NULL, FALSE);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (AlidadeThumbnailer) thumbnailer = alidade_thumbnailer_new (0);
      Outcome outcome = { 0 };

      alidade_thumbnailer_set_folder (thumbnailer, folder, 0);
      alidade_thumbnailer_load_async (thumbnailer, picture, 20, NULL, loaded_cb, &outcome);
      loop_until (&outcome.done);
      tap_ok (outcome.pixels != NULL && alidade_pixels_get_width (outcome.pixels) == 20 && count_files (folder) == 1,
              i == 0 ? "/thumbnailer/kept in a file" : "/thumbnailer/taken from it");
      if (i == 0)
        {
          /* What is in the file is shown: another picture's there tells. */
          g_autofree char *key = thumbnail_cache_key (path, 20);
          g_autoptr (ThumbnailCache) cache = thumbnail_cache_new (folder, 0);
          g_autoptr (AlidadePixels) other = noise (20, 1);

          g_assert (thumbnail_cache_save (cache, key, other));
        }
      else
        tap_ok (alidade_pixels_get_height (outcome.pixels) == 20, "/thumbnailer/without decoding the picture");
      g_clear_pointer (&outcome.pixels, alidade_pixels_unref);
      loop_drain ();
    }
}

int
main (void)
{
  g_autofree char *root = temporary_folder ();

  test_cache (root);
  test_limit (root);
  test_thumbnailer (root);
  remove_tree (root);
  return tap_done ();
}
