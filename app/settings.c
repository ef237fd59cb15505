/* SPDX-License-Identifier: MIT */
#include "settings.h"

/* A schema that lacks a key the program asks for would abort it: one of an older installation is passed over. */
static const char *const settings_keys[] = {
  "window-width",   "window-height", "window-maximized", "library-shown", "library-width", "controls-shown",
  "controls-width", "strip-shown",   "opacity",          "threshold",     "colours",
};

static gboolean
schema_is_ours (GSettingsSchema *schema)
{
  for (guint i = 0; i < G_N_ELEMENTS (settings_keys); i++)
    if (!g_settings_schema_has_key (schema, settings_keys[i]))
      return FALSE;
  return TRUE;
}

static GSettings *
settings_from (GSettingsSchemaSource *source)
{
  g_autoptr (GSettingsSchema) schema = NULL;

  if (source != NULL)
    schema = g_settings_schema_source_lookup (source, ALIDADE_APP_ID, TRUE);
  if (schema == NULL || !schema_is_ours (schema))
    return NULL;
  return g_settings_new_full (schema, NULL, NULL);
}

static GSettings *
settings_from_folder (const char *folder)
{
  g_autofree char *compiled = g_build_filename (folder, "gschemas.compiled", NULL);
  g_autoptr (GSettingsSchemaSource) source = NULL;

  if (!g_file_test (compiled, G_FILE_TEST_IS_REGULAR))
    return NULL;
  source = g_settings_schema_source_new_from_directory (folder, g_settings_schema_source_get_default (), TRUE, NULL);
  return settings_from (source);
}

GSettings *
alidade_settings_open (void)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = program != NULL ? g_path_get_dirname (program) : NULL;
  g_autofree char *relative = NULL;
  GSettings *settings = NULL;

  if (here != NULL)
    {
      /* The build tree first: what was just built goes with its own schema. */
      settings = settings_from_folder (here);
      relative = g_build_filename (here, "..", "share", "glib-2.0", "schemas", NULL);
    }
  if (settings == NULL)
    settings = settings_from (g_settings_schema_source_get_default ());
  if (settings == NULL && relative != NULL) /* installed in a prefix that XDG_DATA_DIRS does not name */
    settings = settings_from_folder (relative);
  if (settings == NULL)
    g_info ("No schema " ALIDADE_APP_ID " was found: preferences are not kept");
  return settings;
}
