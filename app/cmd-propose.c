/* SPDX-License-Identifier: MIT
 * cmd-propose.c: `alidade propose`: regions for phrases, from a model's maps. Ctrl+C ends it between two pictures; started
 * again, it goes on from there. */
#include "commands.h"
#include "json-text.h"
#include "propose.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COMMAND_STOPPED 130 /* as shells report a program that Ctrl+C ended */

static AlbefCancel *stop; /* triggered by a signal */

typedef struct
{
  gint64 start, shown; /* microseconds */
  gint64 first;        /* phrases that an earlier part had done */
  gboolean terminal;
} Pace;

static void
on_signal (int number)
{
  (void) number;
  albef_cancel_trigger (stop);
}

static gboolean
show_progress (const ProposeReport *report, gpointer user_data)
{
  Pace *pace = user_data;
  gint64 now = g_get_monotonic_time ();
  double seconds = (now - pace->start) / 1e6, rate;

  if (pace->first < 0)
    pace->first = report->done_phrases;
  if (now - pace->shown < (pace->terminal ? 200000 : 5000000) && report->done_phrases < report->phrases)
    return TRUE;
  pace->shown = now;
  rate = seconds > 0 ? (report->done_phrases - pace->first) / seconds : 0;
  fprintf (stderr, "%s%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " phrases, %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " pictures",
           pace->terminal ? "\r\033[K" : "", report->done_phrases, report->phrases, report->done_images, report->images);
  if (rate > 0)
    fprintf (stderr, ", %.1f phrases/s, %.0f s left", rate, (report->phrases - report->done_phrases) / rate);
  fputs (pace->terminal ? "" : "\n", stderr);
  return TRUE;
}

static void
print_report (const ProposeReport *report, gboolean json)
{
  g_autoptr (GString) out = g_string_new (NULL);

  if (!json)
    {
      printf ("%" G_GINT64_FORMAT " regions for %" G_GINT64_FORMAT " phrases on %" G_GINT64_FORMAT " pictures", report->regions,
              report->done_phrases, report->done_images);
      if (report->new_phrases > 0)
        printf (", %" G_GINT64_FORMAT " phrases found in captions", report->new_phrases);
      if (report->empty > 0)
        printf (", %" G_GINT64_FORMAT " empty maps", report->empty);
      if (report->skipped > 0)
        printf (", %" G_GINT64_FORMAT " phrases of unreadable pictures skipped", report->skipped);
      puts ("");
      for (guint i = 0; i < report->notes->len; i++)
        fprintf (stderr, "skipped: %s\n", (const char *) report->notes->pdata[i]);
      return;
    }
  g_string_append (out, "{\"entry\":");
  json_put_id (out, report->entry);
  g_string_append_printf (out, ",\"resumed\":%s,\"images\":%" G_GINT64_FORMAT ",\"phrases\":%" G_GINT64_FORMAT ",\"done_images\":%"
                          G_GINT64_FORMAT ",\"done_phrases\":%" G_GINT64_FORMAT ",\"new_phrases\":%" G_GINT64_FORMAT ",\"regions\":%"
                          G_GINT64_FORMAT ",\"empty\":%" G_GINT64_FORMAT ",\"skipped\":%" G_GINT64_FORMAT ",\"notes\":[",
                          report->resumed ? "true" : "false", report->images, report->phrases, report->done_images, report->done_phrases,
                          report->new_phrases, report->regions, report->empty, report->skipped);
  for (guint i = 0; i < report->notes->len; i++)
    {
      g_string_append (out, i > 0 ? "," : "");
      json_put_text (out, report->notes->pdata[i]);
    }
  g_string_append (out, "]}");
  puts (out->str);
}

typedef struct
{
  AlbefEngine *engine;
  ProposeModels models;
} Loaded;

static void
unload (Loaded *loaded)
{
  albef_model_free (loaded->models.other);
  albef_model_twin_free (loaded->models.twin);
  albef_model_free (loaded->models.model);
  albef_engine_close (loaded->engine);
}

static gboolean
load (Loaded *loaded, const char *file, const char *vocab, gboolean twin, const char *other, GError **error)
{
  AlbefError albef_error = ALBEF_ERROR_INIT;
  const AlbefModelOptions options = { .vocab = vocab };

  if (file == NULL && (file = albef_embedded_model_path ()) == NULL)
    return project_fail (error, PROJECT_ERROR_NOT_FOUND, "The embedded model is not installed; name one with --model.");
  if (albef_engine_open (NULL, &loaded->engine, &albef_error) == ALBEF_OK &&
      albef_model_open (loaded->engine, file, &options, &loaded->models.model, &albef_error) == ALBEF_OK &&
      (!twin || albef_model_twin_open (loaded->models.model, &loaded->models.twin, &albef_error) == ALBEF_OK) &&
      (other == NULL || albef_model_open (loaded->engine, other, &options, &loaded->models.other, &albef_error) == ALBEF_OK))
    return TRUE;
  return project_fail (error, PROJECT_ERROR_FAILED, "%s", albef_error.message);
}

static int
propose (const char *folder, Loaded *loaded, const ProposeOptions *options, gboolean json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = project_open (folder, TRUE, &error);
  g_auto (ProposeReport) report = { 0 };
  struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };
  Pace pace = { g_get_monotonic_time (), 0, -1, isatty (STDERR_FILENO) };
  gboolean good;

  if (project == NULL)
    return command_fail ("propose", error);
  stop = albef_cancel_new ();
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
  good = project_propose (project, &loaded->models, options, stop, show_progress, &pace, &report, &error);
  signal (SIGINT, SIG_DFL);
  signal (SIGTERM, SIG_DFL);
  albef_cancel_free (stop);
  if (pace.terminal)
    fputs ("\n", stderr);
  if (!good && g_error_matches (error, PROJECT_ERROR, PROJECT_ERROR_CANCELLED))
    {
      fprintf (stderr, "alidade propose: stopped after %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " phrases; the same command goes on "
               "from there\n", report.done_phrases, report.phrases);
      return COMMAND_STOPPED;
    }
  if (!good)
    return command_fail ("propose", error);
  print_report (&report, json);
  return command_end ("propose", COMMAND_DONE);
}

int
command_propose (int argc, char **argv)
{
  g_autofree char *filter = NULL, *model = NULL, *vocab = NULL, *other = NULL, *by = NULL;
  gboolean phrases = FALSE, json = FALSE, twin = FALSE;
  ProposeOptions options = { 0 };
  const GOptionEntry entries[] = {
    { "filter", 0, 0, G_OPTION_ARG_FILENAME, &filter, "Only phrases with these words in them or in their caption", "TEXT" },
    { "phrases", 0, 0, G_OPTION_ARG_NONE, &phrases, "First make phrases of the captions that have none: their noun phrases", NULL },
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &model, "A checkpoint in place of the embedded model", "FILE" },
    { "vocab", 0, 0, G_OPTION_ARG_FILENAME, &vocab, "Its vocabulary, if that is not vocab.txt beside it", "FILE" },
    { "twin", 0, 0, G_OPTION_ARG_NONE, &twin, "Measure how far the checkpoint's momentum model disagrees", NULL },
    { "other", 0, 0, G_OPTION_ARG_FILENAME, &other, "Measure how far another checkpoint disagrees", "FILE" },
    { "alone", 0, 0, G_OPTION_ARG_NONE, &options.alone, "Show the model each phrase by itself, without its caption", NULL },
    { "masks", 0, 0, G_OPTION_ARG_NONE, &options.regions.masks, "Masks instead of boxes", NULL },
    { "threshold", 0, 0, G_OPTION_ARG_DOUBLE, &options.regions.threshold, "Of the map's peak, for what belongs to a region (0.15)", "X" },
    { "quick", 0, 0, G_OPTION_ARG_NONE, &options.quick, "Leave out the disagreement between methods", NULL },
    { "by", 0, 0, G_OPTION_ARG_FILENAME, &by, "Who runs it, instead of the login name", "NAME" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "The report as one JSON object", NULL },
    { NULL }
  };
  g_auto (GStrv) files = NULL;
  g_autoptr (GError) error = NULL;
  Loaded loaded = { 0 };
  int status;

  if (!command_parse (&argc, &argv, entries, "PROJECT", "Proposes regions for every phrase without a verdict, or for those of a filter, "
                      "from a model's maps.", 1, 1, &files, &status))
    return status;
  if (!(options.regions.threshold >= 0 && options.regions.threshold <= 1))
    return command_usage ("propose", "--threshold is a share from 0 to 1");
  options.filter = filter;
  options.find_phrases = phrases;
  options.by = command_by (by);
  status = load (&loaded, model, vocab, twin, other, &error) ? propose (files[0], &loaded, &options, json) : command_fail ("propose", error);
  unload (&loaded);
  return status;
}
