/* SPDX-License-Identifier: MIT */
#include "application.h"

#include "albef.h"
#include "engine-service.h"
#include "library.h"
#include "settings.h"
#include "window.h"

struct _AlidadeApplication
{
  AdwApplication parent_instance;

  AlidadeEngineService *service;
  AlidadeLibrary *library;
  GSettings *settings; /* may be NULL */
  AlidadeWindow *window;
};

G_DEFINE_FINAL_TYPE (AlidadeApplication, alidade_application, ADW_TYPE_APPLICATION)

/* Every action of the program with its keys, in one place. Those of `win.` are the window's, `window.` the
 * toolkit's. Letters without Ctrl would fire while somebody types in an entry: they belong to the canvas's own
 * shortcuts. */
static const struct
{
  const char *action;
  const char *accels[4];
} accel_table[] = {
  { "app.quit", { "<Control>q" } },
  { "app.about", { NULL } },
  { "window.close", { "<Control>w" } },
  { "win.show-help-overlay", { "<Control>question", "F1" } },
  { "win.open-pictures", { "<Control>o" } },
  { "win.open-folder", { "<Control><Shift>o" } },
  { "win.open-samples", { NULL } },
  { "win.new-project", { "<Control>n" } },
  { "win.open-project", { NULL } },
  { "win.sample-project", { NULL } },
  { "win.close-project", { NULL } },
  { "win.import", { "<Control><Shift>i" } },
  { "win.import-folder", { NULL } },
  { "win.export-labels", { "<Control><Shift>s" } },
  { "win.history", { "<Control>h" } },
  { "win.open-model", { "<Control>m" } },
  { "win.show-report", { "<Control>i" } },
  { "win.export-strip", { "<Control>e" } },
  { "win.export-view", { "<Control><Shift>e" } },
  { "win.copy-strip", { "<Control><Shift>c" } },
  { "win.search", { "<Control>f" } },
  { "win.edit-query", { "<Control>k" } },
  { "win.library", { "<Control>l" } },
  { "win.toggle-library", { "F9" } },
  { "win.toggle-controls", { "<Shift>F9" } },
  { "win.toggle-strip", { "<Control>t" } },
  { "win.zoom-in", { "<Control>plus", "<Control>equal", "<Control>KP_Add" } },
  { "win.zoom-out", { "<Control>minus", "<Control>KP_Subtract" } },
  { "win.zoom-fit", { "<Control>0", "<Control>KP_0" } },
  { "win.zoom-original", { NULL } }, /* 1 on the canvas */
  { "win.next-picture", { "<Control>Page_Down", "<Alt>Right" } },
  { "win.previous-picture", { "<Control>Page_Up", "<Alt>Left" } },
  { "win.fullscreen", { "F11" } },
  { "win.view::explore", { "<Control>1", "<Control>KP_1" } },
  { "win.view::review", { "<Control>2", "<Control>KP_2" } },
  { "win.view::retrieve", { "<Control>3", "<Control>KP_3" } },
  { "win.view::train", { "<Control>4", "<Control>KP_4" } },
};

static void
model_opened_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  /* The window shows the service's `error`. */
  if (!alidade_engine_service_open_model_finish (ALIDADE_ENGINE_SERVICE (object), result, &error))
    g_info ("%s", error->message);
}

/* The window of the program, made when first asked for. */
static AlidadeWindow *
application_window (AlidadeApplication *self)
{
  if (self->window == NULL)
    {
      self->window = alidade_window_new (ADW_APPLICATION (self), self->service, self->library, self->settings);
      g_object_add_weak_pointer (G_OBJECT (self->window), (gpointer *) &self->window);
    }
  return self->window;
}

/* --- Actions ----------------------------------------------------------------------------------------- */

static void
quit_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  AlidadeApplication *self = user_data;

  /* Closing lets the window keep its size; the last window ends the program. */
  if (self->window != NULL)
    gtk_window_close (GTK_WINDOW (self->window));
  else
    g_application_quit (G_APPLICATION (self));
}

static void
about_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  AlidadeApplication *self = user_data;
  g_autofree char *facts = g_strdup_printf (
      "Alidade %s\nEngine: %s\nModel: %s\nModel's SHA-256: %s\nGTK %u.%u.%u, libadwaita %u.%u.%u\n", albef_version (),
      alidade_engine_service_get_description (self->service), alidade_engine_service_get_model_name (self->service),
      alidade_engine_service_get_model_hash (self->service), gtk_get_major_version (), gtk_get_minor_version (),
      gtk_get_micro_version (), adw_get_major_version (), adw_get_minor_version (), adw_get_micro_version ());

  adw_show_about_window (gtk_application_get_active_window (GTK_APPLICATION (self)),
                         "application-name", "Alidade",
                         "application-icon", ALIDADE_APP_ID,
                         "version", albef_version (),
                         "developer-name", "The Alidade developers",
                         "license-type", GTK_LICENSE_MIT_X11,
                         "comments", "See where each word of a sentence looks in a picture.",
                         "debug-info", facts,
                         "debug-info-filename", "alidade-facts.txt",
                         NULL);
}

static const GActionEntry action_entries[] = {
  { "quit", quit_cb },
  { "about", about_cb },
};

/* --- GApplication ------------------------------------------------------------------------------------ */

static void
alidade_application_startup (GApplication *application)
{
  AlidadeApplication *self = ALIDADE_APPLICATION (application);

  /* The engine first: its thread opens the model while the window is being built. */
  self->service = alidade_engine_service_new (NULL);
  alidade_engine_service_open_model_async (self->service, NULL, NULL, FALSE, NULL, model_opened_cb, NULL);
  self->library = alidade_library_new ();
  self->settings = alidade_settings_open ();

  G_APPLICATION_CLASS (alidade_application_parent_class)->startup (application);
  gtk_window_set_default_icon_name (ALIDADE_APP_ID);
  g_action_map_add_action_entries (G_ACTION_MAP (self), action_entries, G_N_ELEMENTS (action_entries), self);
  for (guint i = 0; i < G_N_ELEMENTS (accel_table); i++)
    if (accel_table[i].accels[0] != NULL)
      gtk_application_set_accels_for_action (GTK_APPLICATION (self), accel_table[i].action, accel_table[i].accels);
}

static void
alidade_application_activate (GApplication *application)
{
  AlidadeApplication *self = ALIDADE_APPLICATION (application);
  const gboolean is_first = self->window == NULL;
  AlidadeWindow *window = application_window (self);

  if (is_first)
    alidade_window_open_start (window);
  gtk_window_present (GTK_WINDOW (window));
}

static void
alidade_application_open (GApplication *application, GFile **files, int n_files, const char *hint)
{
  AlidadeApplication *self = ALIDADE_APPLICATION (application);
  AlidadeWindow *window = application_window (self);

  alidade_window_open_paths (window, files, n_files);
  gtk_window_present (GTK_WINDOW (window));
}

static void
alidade_application_shutdown (GApplication *application)
{
  AlidadeApplication *self = ALIDADE_APPLICATION (application);

  G_APPLICATION_CLASS (alidade_application_parent_class)->shutdown (application);
  if (self->service != NULL)
    alidade_engine_service_close (self->service);
  if (self->settings != NULL)
    g_settings_sync ();
}

static void
alidade_application_finalize (GObject *object)
{
  AlidadeApplication *self = ALIDADE_APPLICATION (object);

  g_clear_weak_pointer (&self->window);
  g_clear_object (&self->library);
  g_clear_object (&self->service);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (alidade_application_parent_class)->finalize (object);
}

static void
alidade_application_class_init (AlidadeApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = alidade_application_finalize;
  application_class->startup = alidade_application_startup;
  application_class->activate = alidade_application_activate;
  application_class->open = alidade_application_open;
  application_class->shutdown = alidade_application_shutdown;
}

static void
alidade_application_init (AlidadeApplication *self)
{
}

AlidadeApplication *
alidade_application_new (void)
{
  return g_object_new (ALIDADE_TYPE_APPLICATION,
                       "application-id", ALIDADE_APP_ID,
                       "flags", G_APPLICATION_HANDLES_OPEN,
                       "resource-base-path", "/org/alidade/Alidade",
                       NULL);
}
