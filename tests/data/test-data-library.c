/* SPDX-License-Identifier: MIT
 * The library: folders, order, names of any bytes, links that loop, folders that cannot be read, and a large
 * folder that never holds up the main loop. */
#include "library.h"
#include "loop.h"

#include <sys/stat.h>
#include <unistd.h>

static void
loading_cb (AlidadeLibrary *library, GParamSpec *pspec, gboolean *done)
{
  *done = !alidade_library_get_loading (library);
}

static void
wait_loaded (AlidadeLibrary *library)
{
  gboolean done = !alidade_library_get_loading (library);
  gulong handler = g_signal_connect (library, "notify::loading", G_CALLBACK (loading_cb), &done);

  tap_ok (loop_until (&done), "/library/scan ends");
  g_signal_handler_disconnect (library, handler);
}

static guint
n_items (AlidadeLibrary *library)
{
  return g_list_model_get_n_items (G_LIST_MODEL (library));
}

static const char *
name_at (AlidadeLibrary *library, guint position)
{
  g_autoptr (AlidadePicture) picture = g_list_model_get_item (G_LIST_MODEL (library), position);

  return picture != NULL ? alidade_picture_get_name (picture) : NULL; /* lives on in the library */
}

static void
open_path (AlidadeLibrary *library, const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);

  alidade_library_open_folder (library, file);
}

static void
touch (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
}

static void
test_folder (void)
{
  g_autofree char *root = temporary_folder ();
  g_autofree char *sub = g_build_filename (root, "a-sub", NULL);
  g_autofree char *loop = g_build_filename (sub, "loop", NULL);
  g_autofree char *pipe = g_build_filename (root, "pipe.png", NULL);
  g_autofree char *fake_folder = g_build_filename (root, "folder.png", NULL);
  g_autofree char *tenth = g_build_filename (root, "img10.JPG", NULL);
  g_autoptr (AlidadeLibrary) library = alidade_library_new ();
  const char *const files[] = { "img10.JPG", "img2.jpeg", "img1.png", "b.webp", "notes.txt", ".hidden.png", "png",
                                "z\xff\xfe.ppm", "x.pgm" };
  guint position = 99;

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    touch (root, files[i]);
  g_mkdir (sub, 0700);
  g_mkdir (fake_folder, 0700);
  touch (sub, "inner.png");
  g_assert_cmpint (symlink (root, loop), ==, 0);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);

  open_path (library, root);
  tap_ok (alidade_library_get_loading (library), "/library/folder/loading is told");
  wait_loaded (library);
  tap_ok (n_items (library) == 7, "/library/folder/pictures alone, a pipe and a folder of that name left out (%u)",
          n_items (library));
  tap_equal_text (name_at (library, 0), "b.webp", "/library/folder/first by name");
  tap_equal_text (name_at (library, 1), "img1.png", "/library/folder/natural order: 1");
  tap_equal_text (name_at (library, 2), "img2.jpeg", "/library/folder/natural order: 2");
  tap_equal_text (name_at (library, 3), "img10.JPG", "/library/folder/natural order: 10, any case");
  tap_ok (g_utf8_validate (name_at (library, 5), -1, NULL), "/library/folder/a name of any bytes is shown as UTF-8");
  tap_equal_text (name_at (library, 6), "inner.png", "/library/folder/sub-folders follow, looping links end");
  tap_ok (alidade_library_find (library, tenth, &position) && position == 3, "/library/find/by path");
  tap_ok (!alidade_library_find (library, "/nowhere.png", NULL), "/library/find/absent");
  tap_ok (alidade_library_get_error (library) == NULL, "/library/folder/no error");

  alidade_library_clear (library);
  tap_ok (n_items (library) == 0 && !alidade_library_find (library, tenth, NULL), "/library/clear/empty");
  remove_tree (root);
}

static void
test_unreadable_folder (void)
{
  g_autofree char *root = temporary_folder ();
  g_autofree char *closed = g_build_filename (root, "closed", NULL);
  g_autofree char *missing = g_build_filename (root, "missing", NULL);
  g_autofree char *picture = write_ppm (root, "one.ppm", 2, 2);
  g_autoptr (AlidadeLibrary) library = alidade_library_new ();

  open_path (library, missing);
  wait_loaded (library);
  tap_ok (alidade_library_get_error (library) != NULL
              && strstr (alidade_library_get_error (library), "missing") != NULL,
          "/library/unreadable/a missing folder is named: %s", alidade_library_get_error (library));
  tap_ok (n_items (library) == 0, "/library/unreadable/nothing in it");

  open_path (library, picture);
  wait_loaded (library);
  tap_ok (alidade_library_get_error (library) == NULL, "/library/unreadable/a file alone is no folder, but a picture");

  g_mkdir (closed, 0000);
  open_path (library, root);
  wait_loaded (library);
  tap_ok (n_items (library) == 1, "/library/unreadable/the rest is shown");
  if (geteuid () == 0)
    tap_skip ("/library/unreadable/closed sub-folder is counted", "root may read everything");
  else
    tap_ok (alidade_library_get_n_skipped_folders (library) == 1,
            "/library/unreadable/closed sub-folder is counted");
  g_chmod (closed, 0700);
  remove_tree (root);
}

static gboolean
tick (gpointer data)
{
  gint64 *state = data; /* last tick, longest pause */
  gint64 now = g_get_monotonic_time ();

  if (state[0] != 0)
    state[1] = MAX (state[1], now - state[0]);
  state[0] = now;
  return G_SOURCE_CONTINUE;
}

static void
test_large_folder (void)
{
  g_autofree char *root = temporary_folder ();
  g_autoptr (AlidadeLibrary) library = alidade_library_new ();
  gint64 state[2] = { 0, 0 }, start, opened;
  guint timer;

  for (int i = 0; i < 2000; i++)
    {
      g_autofree char *name = g_strdup_printf ("picture-%d.png", i);

      touch (root, name);
    }
  timer = g_timeout_add (1, tick, state);
  start = g_get_monotonic_time ();
  open_path (library, root);
  opened = g_get_monotonic_time () - start;
  wait_loaded (library);
  g_source_remove (timer);
  tap_ok (n_items (library) == 2000, "/library/large/all 2,000");
  tap_equal_text (name_at (library, 1999), "picture-1999.png", "/library/large/in order");
  tap_ok (opened < 50000, "/library/large/opening returns at once (%.1f ms)", opened / 1e3);
  /* Generous, for sanitizers and busy machines: had it read the folder itself, it would be one pause. */
  tap_ok (state[1] < 100000, "/library/large/the main loop goes on (longest pause %.1f ms)", state[1] / 1e3);
  remove_tree (root);
}

static void
test_replacing (void)
{
  g_autofree char *root = temporary_folder ();
  g_autofree char *other = temporary_folder ();
  g_autofree char *picture = write_ppm (other, "other.ppm", 2, 2);
  AlidadeLibrary *library = alidade_library_new ();
  g_autoptr (AlidadeLibrary) gone = alidade_library_new ();

  for (int i = 0; i < 500; i++)
    {
      g_autofree char *name = g_strdup_printf ("%d.png", i);

      touch (root, name);
    }
  open_path (library, root);
  open_path (library, other);
  wait_loaded (library);
  loop_drain ();
  tap_ok (n_items (library) == 1, "/library/replace/nothing of the older folder arrives (%u)", n_items (library));

  open_path (library, root);
  g_object_unref (library); /* while its thread runs */
  open_path (gone, root);
  wait_loaded (gone);
  loop_drain ();
  tap_ok (n_items (gone) == 500, "/library/replace/a library may go while it is being filled");
  remove_tree (root);
  remove_tree (other);
}

static void
test_add (void)
{
  g_autofree char *root = temporary_folder ();
  g_autofree char *one = write_ppm (root, "one.ppm", 2, 2);
  g_autofree char *two = write_ppm (root, "two.ppm", 2, 2);
  g_autofree char *text = write_bytes (root, "text.txt", "x", 1);
  g_autoptr (GFile) one_file = g_file_new_for_path (one);
  g_autoptr (GFile) folder = g_file_new_for_path (root);
  g_autoptr (GFile) text_file = g_file_new_for_path (text);
  g_autoptr (GFile) absent = g_file_new_for_path ("/nowhere/absent.png");
  g_autoptr (AlidadeLibrary) library = alidade_library_new ();

  tap_ok (alidade_library_add (library, &text_file, 1) == 0, "/library/add/a text file is not taken up");
  tap_ok (alidade_library_add (library, &one_file, 1) == 1, "/library/add/a picture is");
  wait_loaded (library);
  tap_ok (n_items (library) == 1, "/library/add/it is there");
  alidade_library_add (library, &folder, 1);
  wait_loaded (library);
  tap_ok (n_items (library) == 2, "/library/add/its folder adds the other alone (%u)", n_items (library));
  alidade_library_open_files (library, (GFile *[]) { one_file, text_file, absent }, 3);
  wait_loaded (library);
  tap_ok (n_items (library) == 3, "/library/open/what was named is listed, to tell what is wrong with it");
  remove_tree (root);
}

static void
test_unreadable_count (void)
{
  g_autofree char *root = temporary_folder ();
  g_autofree char *one = write_ppm (root, "one.ppm", 2, 2);
  g_autoptr (AlidadeLibrary) library = alidade_library_new ();
  g_autoptr (AlidadePicture) picture = NULL;

  open_path (library, root);
  wait_loaded (library);
  picture = g_list_model_get_item (G_LIST_MODEL (library), 0);
  alidade_picture_set_state (picture, ALIDADE_PICTURE_UNREADABLE, "why");
  alidade_picture_set_state (picture, ALIDADE_PICTURE_UNREADABLE, "why else");
  tap_ok (alidade_library_get_n_unreadable (library) == 1, "/library/unreadable pictures/counted once");
  tap_equal_text (alidade_picture_get_message (picture), "why else", "/library/unreadable pictures/message");
  alidade_picture_set_state (picture, ALIDADE_PICTURE_OK, NULL);
  tap_ok (alidade_library_get_n_unreadable (library) == 0, "/library/unreadable pictures/and no longer");
  remove_tree (root);
}

static void
test_scenes (void)
{
  static const char json[] = "[{\"image\": \"two.ppm\", \"caption\": \"the second\", \"phrases\": []},"
                             " {\"image\": \"one.ppm\", \"caption\": \"a first\"}, {\"nothing\": 1}, 7]";
  g_autofree char *root = temporary_folder ();
  g_autofree char *one = write_ppm (root, "one.ppm", 2, 2);
  g_autofree char *two = write_ppm (root, "two.ppm", 2, 2);
  g_autofree char *scenes = write_bytes (root, "scenes.json", json, sizeof json - 1);
  g_autofree char *broken = NULL;
  g_autoptr (AlidadeLibrary) library = alidade_library_new ();
  g_autoptr (AlidadePicture) first = NULL;

  alidade_library_open_samples (library, root);
  wait_loaded (library);
  tap_ok (n_items (library) == 2 && alidade_library_get_is_sample (library), "/library/scenes/listed pictures alone");
  tap_equal_text (name_at (library, 0), "two.ppm", "/library/scenes/in its order");
  first = g_list_model_get_item (G_LIST_MODEL (library), 0);
  tap_equal_text (alidade_picture_get_caption (first), "the second", "/library/scenes/with captions");

  broken = write_bytes (root, "scenes.json", "{\"a\": [", 7);
  alidade_library_open_samples (library, root);
  wait_loaded (library);
  tap_ok (n_items (library) == 0 && alidade_library_get_error (library) != NULL,
          "/library/scenes/a broken list is told: %s", alidade_library_get_error (library));
  remove_tree (root);
}

int
main (void)
{
  test_folder ();
  test_unreadable_folder ();
  test_large_folder ();
  test_replacing ();
  test_add ();
  test_unreadable_count ();
  test_scenes ();
  return tap_done ();
}
