/* SPDX-License-Identifier: MIT
 * albef eval pointing SCENES.json: the pointing game, per fusion layer. */
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "pointing.h"

static bool
show_progress (void *user_data, const char *what, uint64_t done, uint64_t total)
{
  fprintf (stderr, "\r%s %llu of %llu", what, (unsigned long long) done, (unsigned long long) total);
  return true;
}

static void
tell_skipped (const char *message)
{
  fprintf (stderr, "albef: left out: %s\n", message);
}

static double
share (int part, int whole)
{
  return whole > 0 ? (double) part / whole : 0;
}

static void
print_text (const PointingResult *result)
{
  for (int i = 0; i < result->n_groups; i++)
    {
      const PointingGroup *g = &result->groups[i];

      printf ("%s: %d scenes, %d phrases\n", g->group[0] != 0 ? g->group : "all", g->scenes, g->phrases);
      for (int l = 0; l < g->layers; l++)
        printf ("  pointing game, fusion layer %d: %5.1f %%%s\n", l + 1, 100 * share (g->hits[l], g->phrases),
                l == g->layers - 1 ? "  (the last layer has no word gradient)" : "");
      printf ("  captions with match > 0.5:    %5.1f %%\n", 100 * share (g->matches, g->scenes));
      printf ("  ITC R@1 among %d: image to text %.2f, text to image %.2f\n", g->scenes,
              share (g->image_to_text, g->scenes), share (g->text_to_image, g->scenes));
    }
}

static json_t *
describe (AlbefEngine *engine, AlbefModel *model, const PointingResult *result)
{
  json_t *object = cli_provenance (engine, model), *groups = json_array ();

  for (int i = 0; i < result->n_groups; i++)
    {
      const PointingGroup *g = &result->groups[i];
      json_t *layers = json_array ();

      for (int l = 0; l < g->layers; l++)
        json_array_append_new (layers, json_real (share (g->hits[l], g->phrases)));
      json_array_append_new (groups,
                             json_pack ("{s:s, s:i, s:i, s:o, s:f, s:f, s:f}", "group", g->group, "scenes", g->scenes,
                                        "phrases", g->phrases, "pointing", layers, "match_above_half",
                                        share (g->matches, g->scenes), "itc_r1_image_to_text",
                                        share (g->image_to_text, g->scenes), "itc_r1_text_to_image",
                                        share (g->text_to_image, g->scenes)));
    }
  json_object_set_new (object, "groups", groups);
  json_object_set_new (object, "unreadable", json_integer (result->unreadable));
  return object;
}

static int
run (int argc, char **argv)
{
  static const struct option options[] = { CLI_MODEL_OPTIONS, { NULL, 0, NULL, 0 } };
  CliModelOptions common = { 0 };
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefEngine *engine = NULL;
  AlbefModel *model = NULL;
  PointingResult result;
  AlbefStatus status;
  int key;

  while ((key = getopt_long (argc, argv, "h", options, NULL)) != -1)
    if (key == 'h')
      return fputs (command_eval.usage, stdout), CLI_DONE;
    else if (!cli_model_option (&common, key, optarg))
      return cli_usage (&command_eval, "an option cannot be used as given");
  if (optind + 2 != argc)
    return cli_usage (&command_eval, "give a task and a file");
  if (strcmp (argv[optind], "pointing") != 0)
    return cli_usage (&command_eval, "there is no task '%s'; there is pointing", argv[optind]);
  if (!cli_open (&common, &engine, &model))
    return CLI_FAILED;
  status = pointing_evaluate (model, argv[optind + 1], isatty (STDERR_FILENO) ? show_progress : NULL, NULL,
                              tell_skipped, &result, &error);
  if (isatty (STDERR_FILENO))
    fprintf (stderr, "\n");
  if (status != ALBEF_OK)
    cli_fail (&error);
  else if (common.json)
    cli_print_json (describe (engine, model, &result));
  else
    print_text (&result);
  if (status == ALBEF_OK)
    pointing_result_clear (&result);
  albef_model_free (model);
  albef_engine_close (engine);
  return status == ALBEF_OK ? CLI_DONE : CLI_FAILED;
}

const CliCommand command_eval = {
  "eval", "how well a model's maps point: the pointing game",
  "Usage: albef eval [OPTIONS] pointing SCENES.json\n"
  "\n"
  "For every phrase with boxes: does the highest point of its map lie strictly inside one of them? Per fusion\n"
  "layer, with the share of captions that match and the ITC recall. Pictures are decoded as the official code\n"
  "does; SCENES.json is a list of {image, caption, phrases [{start, end, boxes}], group}.\n"
  "\n"
  CLI_MODEL_HELP
  "\n"
  "Example:\n"
  "  albef eval pointing data/samples/scenes.json\n",
  run
};
