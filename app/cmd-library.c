/* SPDX-License-Identifier: MIT
 * cmd-library.c: `alidade tag` and `alidade relink`. */
#include "commands.h"
#include "json-text.h"
#include "library-index.h"
#include "library-options.h"
#include "library-records.h"
#include "library-rows.h"
#include "picture-files.h"
#include "project-id.h"

#include <stdio.h>
#include <string.h>

/* Images by their ids, or by their paths as `alidade list` shows them. */
static gboolean
named_images (Project *project, char **names, GArray *ids, GError **error)
{
  for (; *names != NULL; names++)
    {
      gint64 id = project_id_parse (*names);
      g_autoptr (GPtrArray) images = library_find_images (project, *names, error);

      if (images == NULL)
        return FALSE;
      if (images->len == 0 && id == 0)
        return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no image '%s'.", *names);
      for (guint i = 0; i < images->len; i++)
        g_array_append_vals (ids, images->pdata[i], 1);
      if (images->len == 0)
        g_array_append_val (ids, id);
    }
  return TRUE;
}

static gboolean
filtered_images (Project *project, const LibraryFilter *filter, GArray *ids, GError **error)
{
  g_autoptr (LibraryIndex) index = library_index_new ();
  g_autofree LibraryResult *result = NULL;

  if (!library_index_load (index, project, NULL, NULL, NULL, error))
    return FALSE;
  result = library_index_query (index, filter, 0, NULL);
  g_array_append_vals (ids, result->ids, result->n);
  return TRUE;
}

static gboolean
all_there (Project *project, const GArray *ids, GError **error)
{
  g_autoptr (GPtrArray) images = library_fetch_images (project, (const gint64 *) ids->data, ids->len, error);

  for (guint i = 0; images != NULL && i < ids->len; i++)
    if (images->pdata[i] == NULL)
      return project_fail (error, PROJECT_ERROR_NOT_FOUND, "There is no image %" G_GINT64_FORMAT ".", g_array_index (ids, gint64, i));
  return images != NULL;
}

int
command_tag (int argc, char **argv)
{
  g_auto (LibraryOptions) options = { 0 };
  g_auto (LibraryFilter) filter = { 0 };
  gboolean removes = FALSE;
  g_autofree char *by = NULL, *text = NULL;
  const GOptionEntry entries[] = {
    { "remove", 0, 0, G_OPTION_ARG_NONE, &removes, "Take the tag away", NULL },
    { "by", 0, 0, G_OPTION_ARG_FILENAME, &by, "Who does it, instead of the login name", "NAME" },
    { "filter", 0, 0, G_OPTION_ARG_FILENAME, &text, "All images with these words in a phrase, a caption or their name", "TEXT" },
    LIBRARY_OPTION_ENTRIES (options),
    { NULL }
  };
  g_auto (GStrv) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint changed = 0;
  int status;

  if (!command_parse (&argc, &argv, entries, "PROJECT NAME [IMAGE ...]",
                      "Sets a tag on images, named by their id or path, or chosen by options. One record, undone as a whole.", 2,
                      G_MAXINT, &files, &status))
    return status;
  if (files[2] == NULL && text == NULL && !library_options_given (&options))
    return command_usage ("tag", "which images? Name some, or choose them by options");
  if (files[2] != NULL && (text != NULL || library_options_given (&options)))
    return command_usage ("tag", "name images, or choose them by options, but not both");
  if (!library_options_take (&options, &filter, &error))
    return command_fail ("tag", error);
  filter.text = g_steal_pointer (&text);
  project = project_open (files[0], TRUE, &error);
  if (project == NULL ||
      !(files[2] != NULL ? named_images (project, files + 2, ids, &error) : filtered_images (project, &filter, ids, &error)) ||
      !all_there (project, ids, &error) ||
      !project_tag_images (project, (const gint64 *) ids->data, ids->len, files[1], !removes, command_by (by), &changed, &error))
    return command_fail ("tag", error);
  printf ("%u\n", changed);
  return command_end ("tag", COMMAND_DONE);
}

static void
print_relink (const RelinkReport *report, gboolean json)
{
  g_autoptr (GString) out = g_string_new (NULL);

  if (json)
    {
      g_string_append_printf (out, "{\"images\":%" G_GINT64_FORMAT ",\"same\":%" G_GINT64_FORMAT ",\"unchecked\":%" G_GINT64_FORMAT
                              ",\"changed\":%" G_GINT64_FORMAT ",\"missing\":%" G_GINT64_FORMAT, report->images, report->same,
                              report->unchecked, report->changed, report->missing);
      json_put_name (out, "names");
      g_string_append_c (out, '[');
      for (guint i = 0; i < report->names->len; i++)
        {
          if (i > 0)
            g_string_append_c (out, ',');
          json_put_text (out, report->names->pdata[i]);
        }
      g_string_append (out, "]}\n");
    }
  else
    {
      g_string_append_printf (out, "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " pictures are there; %" G_GINT64_FORMAT
                              " have other content, %" G_GINT64_FORMAT " are missing\n", report->same + report->unchecked,
                              report->images, report->changed, report->missing);
      for (guint i = 0; i < report->names->len; i++)
        g_string_append_printf (out, "%s\n", (char *) report->names->pdata[i]);
    }
  command_print (out);
}

int
command_relink (int argc, char **argv)
{
  gboolean json = FALSE, force = FALSE, dry = FALSE;
  g_autofree char *by = NULL;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "One JSON object", NULL },
    { "force", 0, 0, G_OPTION_ARG_NONE, &force, "Also if no picture is found there", NULL },
    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &dry, "Only tell what would be found", NULL },
    { "by", 0, 0, G_OPTION_ARG_FILENAME, &by, "Who does it, instead of the login name", "NAME" },
    { NULL }
  };
  g_auto (GStrv) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  g_auto (RelinkReport) report = { 0 };
  int status;

  if (!command_parse (&argc, &argv, entries, "PROJECT OLD NEW",
                      "Tells a project that the pictures of the folder OLD are in the folder NEW now. Each is looked at; those with "
                      "other content and those that are missing are listed. One record, undone as a whole.", 3, 3, &files, &status))
    return status;
  project = project_open (files[0], !dry, &error);
  if (project == NULL || !project_relink (project, files[1], files[2], force, dry, command_by (by), NULL, &report, &error))
    return command_fail ("relink", error);
  print_relink (&report, json);
  return command_end ("relink", COMMAND_DONE);
}
