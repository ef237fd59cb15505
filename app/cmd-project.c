/* SPDX-License-Identifier: MIT
 * cmd-project.c: `alidade new`, `check` and `backup`. */
#include "albef.h"
#include "commands.h"
#include "json-text.h"
#include "samples.h"

#include <stdio.h>
#include <string.h>

int
command_new (int argc, char **argv)
{
  gboolean samples = FALSE;
  const GOptionEntry entries[] = { { "samples", 0, 0, G_OPTION_ARG_NONE, &samples,
                                     "Fill it with the sample scenes; without PROJECT in your data folder", NULL },
                                   { NULL } };
  g_auto (GStrv) files = NULL;
  g_autofree char *folder = NULL, *file = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  int status;

  if (!command_parse (&argc, &argv, entries, "PROJECT", "Makes an empty project in the folder PROJECT.", 0, 1, &files,
                      &status))
    return status;
  if (files == NULL && !samples)
    return command_usage ("new", "PROJECT is missing");
  folder = files != NULL ? g_strdup (files[0]) : samples_project_path ();
  file = g_build_filename (folder, "project.alidade", NULL);
  if (samples && !g_file_test (file, G_FILE_TEST_EXISTS))
    project = samples_project_open (folder, albef_sample_scenes_path (), &error);
  else
    project = project_create (folder, &error);
  if (project == NULL)
    return command_fail ("new", error);
  if (files == NULL)
    printf ("%s\n", folder);
  return command_end ("new", COMMAND_DONE);
}

static void
put_sentences (GString *out, const char *name, const GPtrArray *sentences)
{
  json_put_name (out, name);
  g_string_append_c (out, '[');
  for (guint i = 0; i < sentences->len; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      json_put_text (out, sentences->pdata[i]);
    }
  g_string_append_c (out, ']');
}

static void
put_count (GString *out, const char *name, gint64 n)
{
  json_put_name (out, name);
  g_string_append_printf (out, "%" G_GINT64_FORMAT, n);
}

static void
print_check (const ProjectCheck *check, const ProjectCounts *counts, gboolean json)
{
  g_autoptr (GString) out = g_string_new (NULL);

  if (json)
    {
      g_string_append (out, check->sound ? "{\"sound\":true" : "{\"sound\":false");
      put_sentences (out, "problems", check->problems);
      put_sentences (out, "notes", check->notes);
      put_count (out, "images", counts->images);
      put_count (out, "captions", counts->captions);
      put_count (out, "phrases", counts->phrases);
      put_count (out, "regions", counts->regions);
      put_count (out, "verdicts", counts->verdicts);
      put_count (out, "missing", check->missing);
      put_count (out, "changed", check->changed);
      put_count (out, "found_again", check->found_again);
      put_count (out, "outside", check->outside);
      put_count (out, "duplicates", check->duplicates);
      put_count (out, "orphans", check->orphans);
      g_string_append (out, "}\n");
    }
  else
    {
      for (guint i = 0; i < check->problems->len; i++)
        g_string_append_printf (out, "%s\n", (char *) check->problems->pdata[i]);
      for (guint i = 0; i < check->notes->len; i++)
        g_string_append_printf (out, "%s\n", (char *) check->notes->pdata[i]);
      g_string_append (out,
                       check->sound ? "The project is sound.\n" : "The project is damaged: go back to a backup.\n");
    }
  command_print (out);
}

static gboolean
fill_hashes (Project *project, GError **error)
{
  gint64 after = 0, n = 0;
  gboolean done = FALSE;

  while (!done)
    if (!project_hash_pictures (project, G_USEC_PER_SEC, &after, &n, &done, error))
      return FALSE;
  return TRUE;
}

/* Which ones are changed is looked up first. */
static gboolean
accept_changed (Project *project, GError **error)
{
  g_auto (ProjectCheck) before = { 0 };
  gint64 n;

  return project_check (project, TRUE, &before, error) && project_accept_pictures (project, 0, &n, error);
}

int
command_check (int argc, char **argv)
{
  gboolean json = FALSE, repair = FALSE, compact = FALSE, hashes = FALSE, accept = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "One JSON object", NULL },
    { "repair", 0, 0, G_OPTION_ARG_NONE, &repair, "Write down which pictures are gone, changed or back again", NULL },
    { "accept-changed", 0, 0, G_OPTION_ARG_NONE, &accept, "Take the new content of changed pictures as theirs", NULL },
    { "hashes", 0, 0, G_OPTION_ARG_NONE, &hashes, "Fill in the hashes of whole files, as a window does when idle",
      NULL },
    { "compact", 0, 0, G_OPTION_ARG_NONE, &compact, "Give unused space back; undo survives", NULL },
    { NULL }
  };
  g_auto (GStrv) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  g_auto (ProjectCheck) check = { 0 };
  ProjectCounts counts = { 0 };
  int status;

  if (!command_parse (&argc, &argv, entries, "PROJECT", "Checks that a project is sound (exit status 0) or not (1).", 1,
                      1, &files, &status))
    return status;
  project = project_open (files[0], repair || compact || hashes || accept, &error);
  if (project == NULL || (hashes && !fill_hashes (project, &error)) || (accept && !accept_changed (project, &error)) ||
      !project_check (project, repair || accept, &check, &error) ||
      (check.sound && !project_count (project, &counts, &error)) ||
      (check.sound && compact && !project_compact (project, &error)))
    {
      if (json && error != NULL && error->domain == PROJECT_ERROR && error->code == PROJECT_ERROR_DAMAGED)
        {
          g_autoptr (GString) out = g_string_new ("{\"sound\":false,\"problems\":[");

          json_put_text (out, error->message);
          g_string_append (out, "],\"notes\":[]}\n");
          command_print (out);
        }
      return command_fail ("check", error);
    }
  print_check (&check, &counts, json);
  return command_end ("check", check.sound ? COMMAND_DONE : COMMAND_FAILED);
}

int
command_backup (int argc, char **argv)
{
  g_auto (GStrv) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  int status;

  if (!command_parse (
          &argc, &argv, NULL, "PROJECT TARGET",
          "Copies a project, also one that is being written, into the new project folder TARGET. Pictures stay where "
          "they are.",
          2, 2, &files, &status))
    return status;
  project = project_open (files[0], FALSE, &error);
  return project != NULL && project_backup (project, files[1], &error) ? COMMAND_DONE : command_fail ("backup", error);
}
