/* SPDX-License-Identifier: MIT
 * Files dropped on the window. A bare display has nobody to drag from: the window's own drop target is given the
 * files as if somebody had. Usage: test-drop SCENES_FOLDER */
#include "../unit/tap.h"
#include "project.h"
#include "window-private.h"

#include <glib/gstdio.h>

static GtkDropTarget *
find_target (GtkWidget *widget)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (widget);

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

      if (GTK_IS_DROP_TARGET (controller))
        return GTK_DROP_TARGET (controller);
    }
  return NULL;
}

static gboolean
drop (GtkDropTarget *target, const char *folder, const char *const *names)
{
  g_auto (GValue) value = G_VALUE_INIT;
  gboolean taken = FALSE;
  GSList *files = NULL;

  for (int i = 0; names[i] != NULL; i++)
    files = g_slist_append (files, g_file_new_build_filename (folder, names[i], NULL));
  g_value_init (&value, GDK_TYPE_FILE_LIST);
  if (files != NULL)
    g_value_take_boxed (&value, g_boxed_copy (GDK_TYPE_FILE_LIST, files));
  g_slist_free_full (files, g_object_unref);
  g_signal_emit_by_name (target, "drop", &value, 10.0, 10.0, &taken);
  return taken;
}

static gboolean
expire_cb (gpointer expired)
{
  *(gboolean *) expired = TRUE;
  return G_SOURCE_REMOVE;
}

/* Runs the main loop until the library holds n pictures, at most ten seconds. */
static gboolean
wait_for (AlidadeLibrary *library, guint n)
{
  gboolean expired = FALSE;
  guint id = g_timeout_add_seconds (10, expire_cb, &expired);

  while (!expired && (g_list_model_get_n_items (G_LIST_MODEL (library)) != n || alidade_library_get_loading (library)))
    g_main_context_iteration (NULL, TRUE);
  if (!expired)
    g_source_remove (id);
  return !expired;
}

static gboolean
wait_until_open (AlidadeWindow *window)
{
  gboolean expired = FALSE;
  guint id = g_timeout_add_seconds (10, expire_cb, &expired);

  while (!expired && alidade_project_service_get_folder (window->projects) == NULL)
    g_main_context_iteration (NULL, TRUE);
  if (!expired)
    g_source_remove (id);
  return !expired;
}

/* What a reader of the project counts, when it is n or time is up. */
static gboolean
wait_for_project (const char *folder, gint64 n)
{
  gboolean expired = FALSE;
  guint id = g_timeout_add_seconds (10, expire_cb, &expired);
  ProjectCounts counts = { 0 };

  while (!expired && counts.images != n)
    {
      g_autoptr (Project) project = project_open (folder, FALSE, NULL);

      if (project == NULL || !project_count (project, &counts, NULL))
        counts.images = -1;
      for (int i = 0; i < 20; i++)
        g_main_context_iteration (NULL, FALSE);
      g_usleep (5000);
    }
  if (!expired)
    g_source_remove (id);
  return !expired;
}

static void
check_project (AlidadeWindow *window, GtkDropTarget *target, const char *scenes)
{
  g_autofree char *parent = g_dir_make_tmp ("alidade-drop-XXXXXX", NULL);
  g_autofree char *folder = g_build_filename (parent, "mine", NULL);
  g_autofree char *one = g_build_filename (parent, "one", NULL);
  g_autofree char *picture = g_build_filename (one, "a.png", NULL);
  g_autofree char *source = g_build_filename (scenes, "scene-07.png", NULL);
  g_autofree char *bytes = NULL;
  g_autofree char *command = g_strdup_printf ("rm -r '%s'", parent);
  g_autoptr (Project) project = project_create (folder, NULL);
  gsize length;

  g_clear_pointer (&project, project_close);
  drop (target, parent, (const char *[]){ "mine", NULL });
  tap_ok (wait_until_open (window), "/drop/a project's folder opens it");
  drop (target, scenes, (const char *[]){ "scene-03.png", "scene-01.png", NULL });
  tap_ok (wait_for_project (folder, 2), "/drop/pictures go into the open project");
  g_mkdir (one, 0700);
  tap_ok (g_file_get_contents (source, &bytes, &length, NULL) && g_file_set_contents (picture, bytes, length, NULL),
          "/drop/a picture is there");
  drop (target, parent, (const char *[]){ "one", NULL });
  tap_ok (wait_for_project (folder, 3), "/drop/and a folder of them is indexed");
  alidade_project_service_close (window->projects);
  g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL);
}

static void
activate_cb (AdwApplication *application, const char *scenes)
{
  g_autoptr (AlidadeEngineService) service = alidade_engine_service_new ("cpu");
  g_autoptr (AlidadeLibrary) library = alidade_library_new ();
  AlidadeWindow *window = alidade_window_new (application, service, library, NULL);
  GtkDropTarget *target = find_target (adw_application_window_get_content (ADW_APPLICATION_WINDOW (window)));

  gtk_window_present (GTK_WINDOW (window));
  if (!tap_ok (target != NULL, "/drop/the window takes files"))
    return;
  tap_ok (drop (target, scenes, (const char *[]){ "scene-03.png", "scene-01.png", NULL }),
          "/drop/two pictures are taken");
  tap_ok (wait_for (library, 2), "/drop/and are in the library");
  drop (target, scenes, (const char *[]){ "scene-03.png", "scene-04.png", NULL });
  tap_ok (wait_for (library, 3), "/drop/what is there already is not doubled");
  drop (target, scenes, (const char *[]){ "scenes.json", NULL });
  tap_ok (wait_for (library, 3), "/drop/what is no picture is left out");
  drop (target, scenes, (const char *[]){ "", NULL });
  tap_ok (wait_for (library, 24), "/drop/a folder brings its pictures");
  tap_ok (!drop (target, scenes, (const char *[]){ NULL }), "/drop/nothing is nothing");
  check_project (window, target, scenes);
  gtk_window_destroy (GTK_WINDOW (window));
  alidade_engine_service_close (service);
}

int
main (int argc, char **argv)
{
  g_autoptr (AdwApplication) application = adw_application_new ("org.alidade.Test", G_APPLICATION_NON_UNIQUE);

  if (argc != 2)
    return 2;
  g_signal_connect (application, "activate", G_CALLBACK (activate_cb), argv[1]);
  g_application_run (G_APPLICATION (application), 1, argv);
  return tap_done ();
}
