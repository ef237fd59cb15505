/* SPDX-License-Identifier: MIT */
#include "samples.h"

#include "import.h"

#include <glib/gstdio.h>
#include <string.h>

char *
samples_project_path (void)
{
  return g_build_filename (g_get_user_data_dir (), "alidade", "samples", NULL);
}

static void
put_line (GString *out, const char *picture, const char *caption, const json_t *phrase)
{
  g_string_append (out, "{\"image\":");
  json_put_text (out, picture);
  g_string_append (out, ",\"text\":");
  json_put_text (out, phrase != NULL ? json_text (phrase, "text") : caption);
  g_string_append (out, ",\"caption\":");
  json_put_text (out, caption);
  if (phrase != NULL)
    {
      g_string_append (out, ",\"start\":");
      json_put_value (out, json_object_get (phrase, "start"));
      g_string_append (out, ",\"end\":");
      json_put_value (out, json_object_get (phrase, "end"));
    }
  g_string_append (out, "}\n");
}

/* scenes.json as a manifest without its boxes. */
static char *
manifest_of (const char *scenes, GError **error)
{
  g_autofree char *path = g_build_filename (scenes, "scenes.json", NULL);
  g_autoptr (json_t) list = json_file_read (path, 1 << 24, error);
  GString *out;

  if (list == NULL)
    return NULL;
  out = g_string_new ("{\"alidade-manifest\": 1}\n");
  for (gsize i = 0; i < json_array_size (list); i++)
    {
      const json_t *scene = json_array_get (list, i), *phrases = json_object_get (scene, "phrases");
      const char *caption = json_text (scene, "caption"), *name = json_text (scene, "image");
      g_autofree char *picture = name != NULL ? g_build_filename (scenes, name, NULL) : NULL;

      if (picture == NULL || caption == NULL)
        continue;
      put_line (out, picture, caption, NULL);
      for (gsize j = 0; j < json_array_size (phrases); j++)
        put_line (out, picture, caption, json_array_get (phrases, j));
    }
  return g_string_free (out, FALSE);
}

static gboolean
fill (Project *project, const char *scenes, GError **error)
{
  const ImportOptions options = { .format = "manifest", .images = scenes, .voc_origin = -1, .by = g_get_user_name () };
  g_autofree char *text = manifest_of (scenes, error);
  g_autofree char *path = text != NULL ? g_build_filename (project_folder (project), "samples.jsonl", NULL) : NULL;
  g_auto (ImportReport) report = { 0 };
  gboolean good = text != NULL && g_file_set_contents (path, text, -1, error) && project_import (project, path, &options, &report, error);

  if (path != NULL)
    g_remove (path);
  return good;
}

Project *
samples_project_open (const char *path, const char *scenes, GError **error)
{
  g_autofree char *file = g_build_filename (path, "project.alidade", NULL), *parent = g_path_get_dirname (path);
  g_autoptr (Project) project = NULL;
  ProjectCounts counts = { 0 };

  if (scenes == NULL)
    {
      project_fail (error, PROJECT_ERROR_NOT_FOUND, "The sample scenes are not installed.");
      return NULL;
    }
  if (g_mkdir_with_parents (parent, 0777) != 0)
    {
      project_fail (error, PROJECT_ERROR_FAILED, "The folder %s cannot be made", parent);
      return NULL;
    }
  project = g_file_test (file, G_FILE_TEST_EXISTS) ? project_open (path, TRUE, error) : project_create (path, error);
  /* One that was made but never filled: the import was cut off. */
  if (project == NULL || !project_count (project, &counts, error) || (counts.images == 0 && !fill (project, scenes, error)))
    return NULL;
  return g_steal_pointer (&project);
}
