/* SPDX-License-Identifier: MIT
 * cmd-review.c: `alidade review`, `undo` and `redo`. What is printed is durable. */
#include "commands.h"
#include "json-text.h"
#include "project-id.h"
#include "review.h"

#include <stdio.h>
#include <string.h>

/* "x1,y1,x2,y2" */
static gboolean
parse_box (const char *text, Shape *shape)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  double edges[4];

  if (g_strv_length (parts) != 4)
    return FALSE;
  for (int i = 0; i < 4; i++)
    {
      char *end;

      g_strstrip (parts[i]);
      edges[i] = g_ascii_strtod (parts[i], &end);
      if (end == parts[i] || *end != '\0')
        return FALSE;
    }
  return edges[0] < edges[2] && edges[1] < edges[3] && shape_set_box (shape, edges[0], edges[1], edges[2], edges[3]);
}

int
command_review (int argc, char **argv)
{
  g_autofree char *set = NULL, *box = NULL, *by = NULL, *region = NULL;
  int pass = 1, status;
  gboolean adjudicated = FALSE;
  const GOptionEntry entries[] = {
    { "set", 0, 0, G_OPTION_ARG_FILENAME, &set, "The verdict: accepted, corrected, rejected, absent or unsure", "PHRASE_ID=VERDICT" },
    { "box", 0, 0, G_OPTION_ARG_FILENAME, &box, "The right box of a corrected phrase, in pixels of the stored picture", "x1,y1,x2,y2" },
    { "region", 0, 0, G_OPTION_ARG_FILENAME, &region, "The region meant, instead of the top one", "ID" },
    { "by", 0, 0, G_OPTION_ARG_FILENAME, &by, "The reviewer, instead of the login name", "NAME" },
    { "pass", 0, 0, G_OPTION_ARG_INT, &pass, "The pass, from 1", "N" },
    { "adjudicated", 0, 0, G_OPTION_ARG_NONE, &adjudicated, "This verdict decides between reviewers", NULL },
    { NULL }
  };
  g_auto (GStrv) files = NULL, parts = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  g_auto (Shape) shape = { 0 };
  Review review = { 0 };

  if (!command_parse (&argc, &argv, entries, "PROJECT --set PHRASE_ID=VERDICT", "Gives a phrase a verdict.", 1, 1, &files, &status))
    return status;
  if (set == NULL)
    return command_usage ("review", "--set PHRASE_ID=VERDICT is missing");
  parts = g_strsplit (set, "=", 2);
  review.phrase = project_id_parse (parts[0]);
  if (review.phrase == 0 || parts[1] == NULL)
    return command_usage ("review", "'%s' is no PHRASE_ID=VERDICT", set);
  if (box != NULL && !parse_box (box, &shape))
    return command_usage ("review", "'%s' is no box x1,y1,x2,y2 with x1 < x2 and y1 < y2", box);
  if (region != NULL && (review.region = project_id_parse (region)) == 0)
    return command_usage ("review", "'%s' is no id of a region", region);
  if (pass < 1)
    return command_usage ("review", "passes count from 1");
  if (box != NULL && strcmp (parts[1], "corrected") != 0)
    return command_usage ("review", "--box goes with 'corrected' only");
  review.verdict = parts[1];
  review.by = command_by (by);
  review.pass = pass;
  review.adjudicated = adjudicated;
  review.shape = box != NULL ? &shape : NULL;
  project = project_open (files[0], TRUE, &error);
  if (project == NULL || !project_review (project, &review, &error))
    return command_fail ("review", error);
  printf ("%s %s\n", parts[0], parts[1]);
  return command_end ("review", COMMAND_DONE);
}

int
command_undo (int argc, char **argv)
{
  gboolean redo = strcmp (argv[0], "redo") == 0;
  g_autofree char *by = NULL, *entry = NULL, *what = NULL, *name = g_strdup (argv[0]);
  const GOptionEntry entries[] = {
    { "by", 0, 0, G_OPTION_ARG_FILENAME, &by, "The reviewer, instead of the login name", "NAME" },
    { "entry", 0, 0, G_OPTION_ARG_FILENAME, &entry, "A whole import, run or removal: the target of its record in the journal", "ID" },
    { NULL }
  };
  g_auto (GStrv) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  gint64 id = 0;
  gboolean good;
  int status;

  if (!command_parse (&argc, &argv, entries, "PROJECT",
                      redo ? "Does again what the reviewer took back last." : "Takes back the reviewer's newest change.", 1, 1, &files,
                      &status))
    return status;
  if (entry != NULL && (id = project_id_parse (entry)) == 0)
    return command_usage (name, "'%s' is no id", entry);
  project = project_open (files[0], TRUE, &error);
  if (project == NULL)
    return command_fail (name, error);
  if (id != 0)
    {
      good = project_hide_entry (project, id, !redo, command_by (by), &error);
      what = g_strdup_printf ("entry %s", entry);
    }
  else
    good = redo ? project_redo (project, command_by (by), &what, &error) : project_undo (project, command_by (by), &what, &error);
  if (!good)
    return command_fail (name, error);
  printf ("%s: %s\n", redo ? "done again" : "undone", what);
  return command_end (name, COMMAND_DONE);
}
