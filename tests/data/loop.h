/* SPDX-License-Identifier: MIT
 * For tests of data/: waiting in the main loop with a limit, throw-away folders, small picture files. */
#pragma once

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "tap.h"

#define LOOP_SECONDS 60

__attribute__ ((unused)) static gboolean
loop_timeout (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Runs the main loop until *done; FALSE if that takes over a minute. */
__attribute__ ((unused)) static gboolean
loop_until (const gboolean *done)
{
  gboolean late = FALSE;
  guint timeout = g_timeout_add_seconds (LOOP_SECONDS, loop_timeout, &late);

  while (!*done && !late)
    g_main_context_iteration (NULL, TRUE);
  if (!late)
    g_source_remove (timeout);
  return *done;
}

__attribute__ ((unused)) static void
loop_drain (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

__attribute__ ((unused)) static char *
temporary_folder (void)
{
  char *folder = g_dir_make_tmp ("alidade-test-XXXXXX", NULL);

  g_assert (folder != NULL);
  return folder;
}

__attribute__ ((unused)) static void
remove_tree (const char *path)
{
  GDir *dir;

  if (!g_file_test (path, G_FILE_TEST_IS_SYMLINK) && (dir = g_dir_open (path, 0, NULL)) != NULL)
    {
      const char *name;

      while ((name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *child = g_build_filename (path, name, NULL);

          remove_tree (child);
        }
      g_dir_close (dir);
    }
  g_remove (path);
}

/* A PPM of one colour; g_free() the path. */
__attribute__ ((unused)) static char *
write_ppm (const char *folder, const char *name, int width, int height)
{
  GByteArray *bytes = g_byte_array_new ();
  char *path = g_build_filename (folder, name, NULL);
  g_autofree char *head = g_strdup_printf ("P6\n%d %d\n255\n", width, height);

  g_byte_array_append (bytes, (const guint8 *) head, strlen (head));
  for (int i = 0; i < width * height; i++)
    g_byte_array_append (bytes, (const guint8[]) { i * 7, i * 3, 90 }, 3);
  g_assert_true (g_file_set_contents (path, (const char *) bytes->data, bytes->len, NULL));
  g_byte_array_unref (bytes);
  return path;
}

__attribute__ ((unused)) static char *
write_bytes (const char *folder, const char *name, const void *data, gsize length)
{
  char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, data, length, NULL));
  return path;
}
