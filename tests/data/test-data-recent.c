/* SPDX-License-Identifier: MIT
 * Recent places: order, limit, any bytes, and files that cannot be used. */
#include "loop.h"
#include "recent.h"

static void
count_cb (AlidadeRecent *recent, int *count)
{
  ++*count;
}

int
main (void)
{
  g_autofree char *root = temporary_folder ();
  g_autofree char *file = g_build_filename (root, "sub", "recent.ini", NULL);
  g_autofree char *garbage = write_bytes (root, "garbage.ini", "\xff[[[\n=\n", 8);
  g_autoptr (AlidadeRecent) recent = alidade_recent_new (file);
  g_autoptr (AlidadeRecent) again = NULL;
  g_autoptr (AlidadeRecent) broken = NULL;
  g_autoptr (AlidadeRecent) nowhere = NULL;
  const char *const *paths;
  int count = 0;

  g_signal_connect (recent, "changed", G_CALLBACK (count_cb), &count);
  tap_ok (alidade_recent_get (recent, ALIDADE_RECENT_FOLDERS)[0] == NULL, "/recent/empty at first");
  alidade_recent_add (recent, ALIDADE_RECENT_FOLDERS, "/a");
  alidade_recent_add (recent, ALIDADE_RECENT_FOLDERS, "/b\xff;=");
  alidade_recent_add (recent, ALIDADE_RECENT_FOLDERS, "/a");
  alidade_recent_add (recent, ALIDADE_RECENT_FOLDERS, "/a");
  alidade_recent_add (recent, ALIDADE_RECENT_MODELS, "/m.pth");
  tap_ok (count == 4, "/recent/changes are told, and only those (%d)", count);

  again = alidade_recent_new (file);
  paths = alidade_recent_get (again, ALIDADE_RECENT_FOLDERS);
  tap_ok (paths[0] != NULL && paths[1] != NULL && paths[2] == NULL, "/recent/kept, each once");
  tap_equal_text (paths[0], "/a", "/recent/newest first");
  tap_equal_text (paths[1], "/b\xff;=", "/recent/any bytes");
  tap_equal_text (alidade_recent_get (again, ALIDADE_RECENT_MODELS)[0], "/m.pth", "/recent/kinds apart");

  for (int i = 0; i < 20; i++)
    {
      g_autofree char *path = g_strdup_printf ("/%d", i);

      alidade_recent_add (again, ALIDADE_RECENT_FOLDERS, path);
    }
  paths = alidade_recent_get (again, ALIDADE_RECENT_FOLDERS);
  tap_ok (g_strv_length ((char **) paths) == ALIDADE_RECENT_LIMIT, "/recent/limited");
  tap_equal_text (paths[0], "/19", "/recent/the newest stay");
  alidade_recent_remove (again, ALIDADE_RECENT_FOLDERS, "/19");
  tap_equal_text (alidade_recent_get (again, ALIDADE_RECENT_FOLDERS)[0], "/18", "/recent/removed");

  broken = alidade_recent_new (garbage);
  tap_ok (alidade_recent_get (broken, ALIDADE_RECENT_FOLDERS)[0] == NULL, "/recent/garbage counts as none");
  nowhere = alidade_recent_new ("/proc/nowhere/recent.ini");
  alidade_recent_add (nowhere, ALIDADE_RECENT_FOLDERS, "/a");
  tap_equal_text (alidade_recent_get (nowhere, ALIDADE_RECENT_FOLDERS)[0], "/a", "/recent/works where nothing is kept");
  remove_tree (root);
  return tap_done ();
}
