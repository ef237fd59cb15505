/* SPDX-License-Identifier: MIT
 * fuzz-yolo-names.c: any bytes as data.yaml or (after a NUL) classes.txt. A name that is added is there when the file is
 * read again, at its class, and all others are where they were. */
#include "yolo-names.h"

#include <glib/gstdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  gboolean lines = size > 0 && data[0] == 0;
  const char *base = access ("/dev/shm", W_OK) == 0 ? "/dev/shm" : g_get_tmp_dir ();
  g_autofree char *path = g_strdup_printf ("%s/alidade-fuzz-%d%s", base, (int) getpid (), lines ? ".txt" : ".yaml"), *text = NULL;
  g_autoptr (YoloNames) names = NULL, again = NULL;
  guint class = 0;

  if (!g_file_set_contents (path, (const char *) data + lines, (gssize) (size - lines), NULL))
    abort ();
  names = yolo_names_read (path);
  if (names != NULL && yolo_names_find (names, "red kite: #1", &class) && yolo_names_changed (names))
    {
      text = yolo_names_text (names);
      if (!g_file_set_contents (path, text, -1, NULL))
        abort ();
      again = yolo_names_read (path);
      if (again == NULL || g_strcmp0 (yolo_names_get (again, class), "red kite: #1") != 0)
        abort ();
      for (guint i = 0; i < class; i++)
        if (g_strcmp0 (yolo_names_get (names, i), yolo_names_get (again, i)) != 0)
          abort ();
    }
  g_remove (path);
  return 0;
}
