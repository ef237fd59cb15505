/* SPDX-License-Identifier: MIT
 * cmd-stats.c: `alidade stats`: figures about a project's verdicts; learns, when asked to, how far scores can be trusted. */
#include "calibration.h"
#include "commands.h"
#include "database.h"
#include "review-statistics.h"

#include <stdio.h>

static gboolean
write_file (const char *path, const char *text, GError **error)
{
  /* It is put in place by a rename, which would take the place of a device or a pipe too. */
  if (path != NULL && g_file_test (path, G_FILE_TEST_EXISTS) && !g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return project_fail (error, PROJECT_ERROR_EXISTS, "%s is there and is no file; name a file.", path);
  return path == NULL || g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666, error);
}

static void
print_text (const ReviewStatistics *s)
{
  printf ("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " phrases decided, %" G_GINT64_FORMAT " verdicts stale\n", s->decided, s->phrases, s->stale);
  for (int i = 0; i < N_JUDGED; i++)
    printf ("%-9s accepted %" G_GINT64_FORMAT ", corrected %" G_GINT64_FORMAT ", rejected %" G_GINT64_FORMAT ", absent %" G_GINT64_FORMAT
            ", unsure %" G_GINT64_FORMAT "\n", judged_name (i), s->verdicts[i][0], s->verdicts[i][1], s->verdicts[i][2], s->verdicts[i][3],
            s->verdicts[i][4]);
  if (s->pointed > 0)
    printf ("pointing game of %s: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT "\n", s->model, s->hits, s->pointed);
  if (s->passes.n > 0)
    printf ("two passes: %" G_GINT64_FORMAT " phrases, kappa %.3f, mean IoU %.3f\n", s->passes.n, s->passes.kappa, s->passes.mean_iou);
}

static gboolean
learn (const char *folder, const char *model, GError **error)
{
  g_autoptr (Project) project = project_open (folder, TRUE, error);
  g_auto (ReviewStatistics) statistics = { 0 };
  gint64 n = 0;

  if (project == NULL || !review_statistics (project, model, &statistics, error))
    return FALSE;
  if (statistics.model == NULL)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "No model has proposed anything yet; 'alidade propose' does.");
  if (!calibration_learn (project, statistics.model, &n, error))
    return FALSE;
  fprintf (stderr, "alidade stats: learned from %" G_GINT64_FORMAT " verdicts%s\n", n, n < CALIBRATION_LEAST ? ", too few to say anything" : "");
  return TRUE;
}

int
command_stats (int argc, char **argv)
{
  g_autofree char *csv = NULL, *html = NULL, *model = NULL;
  gboolean json = FALSE, calibrate = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "One JSON object", NULL },
    { "csv", 0, 0, G_OPTION_ARG_FILENAME, &csv, "The figures as a table, too", "FILE" },
    { "html", 0, 0, G_OPTION_ARG_FILENAME, &html, "And as one page", "FILE" },
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &model, "Whose scores and maps, by the name that regions carry; else the one measured last", "NAME" },
    { "calibrate", 0, 0, G_OPTION_ARG_NONE, &calibrate, "First learn from the verdicts how far the model's scores can be trusted", NULL },
    { NULL }
  };
  g_auto (GStrv) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  g_auto (ReviewStatistics) statistics = { 0 };
  g_autofree char *as_json = NULL, *as_csv = NULL, *as_html = NULL, *name = NULL;
  int status;

  if (!command_parse (&argc, &argv, entries, "PROJECT", "Figures about a project's verdicts.", 1, 1, &files, &status))
    return status;
  if ((calibrate && !learn (files[0], model, &error)) || (project = project_open (files[0], FALSE, &error)) == NULL ||
      !database_exec (project_database (project), "BEGIN", &error) || !review_statistics (project, model, &statistics, &error))
    return command_fail ("stats", error);
  name = g_path_get_basename (project_folder (project));
  as_csv = review_statistics_csv (&statistics);
  as_html = review_statistics_html (&statistics, name);
  if (!write_file (csv, as_csv, &error) || !write_file (html, as_html, &error))
    return command_fail ("stats", error);
  if (json)
    {
      as_json = review_statistics_json (&statistics);
      puts (as_json);
    }
  else
    print_text (&statistics);
  return command_end ("stats", COMMAND_DONE);
}
