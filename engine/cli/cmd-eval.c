/* SPDX-License-Identifier: MIT
 * albef eval TASK FILE...: how good a model is, by the official metrics of its task. */
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "error.h"
#include "evaluate.h"
#include "model-handle.h"
#include "pointing.h"

enum
{
  KEY_TWIN = 3000,
  KEY_IMAGES,
  KEY_VG_IMAGES,
  KEY_K,
  KEY_LIMIT,
  KEY_ANSWERS,
  KEY_ANNOTATIONS,
  KEY_RESULTS,
  KEY_REFS,
  KEY_INSTANCES,
  KEY_DETS
};

typedef struct
{
  CliModelOptions common;
  EvalTask task;
  EvalData data;
  bool twin;
} Options;

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
      if (g->foils > 0)
        printf ("  foils with match <= 0.5:      %5.1f %%\n", 100 * share (g->foils_refused, g->foils));
      printf ("  ITC R@1 among %d: image to text %.2f, text to image %.2f\n", g->scenes,
              share (g->image_to_text, g->scenes), share (g->text_to_image, g->scenes));
    }
}

static json_t *
describe (json_t *object, const PointingResult *result)
{
  json_t *groups = json_array ();

  for (int i = 0; i < result->n_groups; i++)
    {
      const PointingGroup *g = &result->groups[i];
      json_t *layers = json_array ();

      for (int l = 0; l < g->layers; l++)
        json_array_append_new (layers, json_real (share (g->hits[l], g->phrases)));
      json_array_append_new (groups, json_pack ("{s:s, s:i, s:i, s:o, s:f, s:f, s:f}", "group", g->group, "scenes",
                                                g->scenes, "phrases", g->phrases, "pointing", layers,
                                                "match_above_half", share (g->matches, g->scenes),
                                                "itc_r1_image_to_text", share (g->image_to_text, g->scenes),
                                                "itc_r1_text_to_image", share (g->text_to_image, g->scenes)));
      if (g->foils > 0)
        json_object_set_new (json_array_get (groups, json_array_size (groups) - 1), "foils_refused",
                             json_real (share (g->foils_refused, g->foils)));
    }
  json_object_set_new (object, "groups", groups);
  json_object_set_new (object, "unreadable", json_integer (result->unreadable));
  return object;
}

/* What every answer says of how it was made. */
static json_t *
begin_json (const Options *o, AlbefEngine *engine, AlbefModel *model)
{
  json_t *object = cli_provenance (engine, model);

  json_object_set_new (object, "task", json_string (eval_task_name (o->task)));
  json_object_set_new (object, "twin", json_boolean (o->twin));
  return object;
}

static AlbefStatus
play_pointing (const Options *o, AlbefEngine *engine, AlbefModel *own, AlbefModel *model, AlbefError *error)
{
  PointingOptions options = { .images = o->data.images, .limit = o->data.limit, .progress = o->data.progress,
                              .skipped = tell_skipped, .results = o->data.results };
  PointingResult result;
  AlbefStatus status;

  if (o->data.n_files != 1)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "the pointing game takes one scenes.json");
  status = pointing_evaluate (model, o->data.files[0], &options, &result, error);
  if (o->data.progress != NULL)
    fprintf (stderr, "\n");
  if (status != ALBEF_OK)
    return status;
  if (o->common.json)
    cli_print_json (describe (begin_json (o, engine, own), &result));
  else
    print_text (&result);
  pointing_result_clear (&result);
  return ALBEF_OK;
}

static AlbefStatus
play_task (const Options *o, AlbefEngine *engine, AlbefModel *own, AlbefModel *model, AlbefError *error)
{
  static EvalResult result;
  json_t *object, *metrics;
  AlbefStatus status = evaluate (o->task, model, &o->data, &result, error);

  if (o->data.progress != NULL)
    fprintf (stderr, "\n");
  if (status != ALBEF_OK)
    return status;
  if (!o->common.json)
    {
      printf ("%s: %lld items%s\n", eval_task_name (o->task), (long long) result.items,
              o->twin ? ", momentum model" : "");
      for (int i = 0; i < result.n_metrics; i++)
        printf ("  %-24s %6.2f %%\n", result.metrics[i].name, 100 * result.metrics[i].value);
      return ALBEF_OK;
    }
  object = begin_json (o, engine, own);
  metrics = json_object ();
  for (int i = 0; i < result.n_metrics; i++)
    json_object_set_new (metrics, result.metrics[i].name, json_real (result.metrics[i].value));
  json_object_set_new (object, "items", json_integer ((json_int_t) result.items));
  json_object_set_new (object, "unreadable", json_integer ((json_int_t) result.unreadable));
  json_object_set_new (object, "metrics", metrics);
  cli_print_json (object);
  return ALBEF_OK;
}

static int
play (const Options *o)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefEngine *engine = NULL;
  AlbefModel *model = NULL, *twin = NULL, *played;
  AlbefStatus status = ALBEF_OK;

  if (!cli_open (&o->common, &engine, &model))
    return CLI_FAILED;
  if (o->twin)
    status = model_twin_open (model, &twin, &error);
  played = o->twin ? twin : model;
  if (status == ALBEF_OK)
    status = o->task == EVAL_POINTING ? play_pointing (o, engine, model, played, &error)
                                      : play_task (o, engine, model, played, &error);
  if (status != ALBEF_OK)
    cli_fail (&error);
  model_twin_free (twin);
  albef_model_free (model);
  albef_engine_close (engine);
  return status == ALBEF_OK ? CLI_DONE : CLI_FAILED;
}

static bool
take (Options *o, int key, const char *argument)
{
  int number;

  switch (key)
    {
    case KEY_TWIN:
      return o->twin = true;
    case KEY_IMAGES:
      o->data.images = argument;
      return true;
    case KEY_VG_IMAGES:
      o->data.vg_images = argument;
      return true;
    case KEY_K:
      return cli_int (argument, 1, 1000000, &o->data.k);
    case KEY_LIMIT:
      if (!cli_int (argument, 1, 1000000000, &number))
        return false;
      o->data.limit = number;
      return true;
    case KEY_ANSWERS:
      o->data.answers = argument;
      return true;
    case KEY_ANNOTATIONS:
      o->data.annotations = argument;
      return true;
    case KEY_RESULTS:
      o->data.results = argument;
      return true;
    case KEY_REFS:
      o->data.refs = argument;
      return true;
    case KEY_INSTANCES:
      o->data.instances = argument;
      return true;
    case KEY_DETS:
      o->data.dets = argument;
      return true;
    default:
      return cli_model_option (&o->common, key, argument);
    }
}

static int
run (int argc, char **argv)
{
  static const struct option options[] = { CLI_MODEL_OPTIONS,
                                           { "twin", no_argument, NULL, KEY_TWIN },
                                           { "images", required_argument, NULL, KEY_IMAGES },
                                           { "vg-images", required_argument, NULL, KEY_VG_IMAGES },
                                           { "k", required_argument, NULL, KEY_K },
                                           { "limit", required_argument, NULL, KEY_LIMIT },
                                           { "answers", required_argument, NULL, KEY_ANSWERS },
                                           { "annotations", required_argument, NULL, KEY_ANNOTATIONS },
                                           { "results", required_argument, NULL, KEY_RESULTS },
                                           { "refs", required_argument, NULL, KEY_REFS },
                                           { "instances", required_argument, NULL, KEY_INSTANCES },
                                           { "dets", required_argument, NULL, KEY_DETS },
                                           { NULL, 0, NULL, 0 } };
  Options o = { .data = { .skipped = tell_skipped, .progress = isatty (STDERR_FILENO) ? show_progress : NULL } };
  int key;

  while ((key = getopt_long (argc, argv, "h", options, NULL)) != -1)
    if (key == 'h')
      return fputs (command_eval.usage, stdout), CLI_DONE;
    else if (!take (&o, key, optarg))
      return cli_bad_option (&command_eval, options, key, optarg);
  if (optind + 2 > argc)
    return cli_usage (&command_eval, "give a task and a file");
  if (!eval_task_parse (argv[optind], &o.task))
    return cli_usage (&command_eval,
                      "there is no task '%s'; there are pointing, retrieval, grounding, vqa, ve and nlvr2",
                      argv[optind]);
  o.data.files = (const char *const *) argv + optind + 1;
  o.data.n_files = argc - optind - 1;
  return play (&o);
}

const CliCommand command_eval = {
  "eval", "how good a model is at a task, by the official metrics",
  "Usage: albef eval [OPTIONS] pointing SCENES.json\n"
  "       albef eval [OPTIONS] retrieval TEST.json...\n"
  "       albef eval [OPTIONS] grounding TEST.json... --refs FILE --instances FILE --dets FILE\n"
  "       albef eval [OPTIONS] vqa TEST.json... --answers answer_list.json\n"
  "       albef eval [OPTIONS] ve|nlvr2 TEST.json...\n"
  "\n"
  "pointing: for every phrase with boxes, does the highest point of its map lie strictly inside one of them? Per\n"
  "fusion layer, with the share of captions that match, of foils that do not, and the ITC recall. SCENES.json is a\n"
  "list of {image, caption, foil, phrases [{start, end, boxes}], group}; a manifest does too, its held-out records.\n"
  "retrieval: recall at 1, 5 and 10 both ways, the k best by ITC ranked by the match head; a tie counts against\n"
  "the item. grounding: RefCOCO+, the detector's box with the most of the map, right at IoU 0.5; and the pointing\n"
  "game on the true box. vqa: answers ranked among a list; the standard accuracy where answers are known, in the\n"
  "file or the annotations. ve and nlvr2: accuracy. Files are in the official form, pictures decoded as the\n"
  "official code does.\n"
  "\n"
  "      --twin             the momentum model of a checkpoint\n"
  "      --images DIR       before relative paths of pictures\n"
  "      --vg-images DIR    the same for questions of Visual Genome\n"
  "      --k N              candidates of retrieval and vqa; default: 128\n"
  "      --limit N          the first N items alone\n"
  "      --answers FILE     vqa: the list of answers\n"
  "      --annotations FILE vqa: what people answered, as the data set's annotations\n"
  "      --results FILE     vqa: write the answers for the data set's server; pointing: write what came of each scene\n"
  "      --refs FILE        grounding: refs(unc).p\n"
  "      --instances FILE   grounding: instances.json, the true boxes\n"
  "      --dets FILE        grounding: dets.json, a detector's boxes\n" CLI_MODEL_HELP "\n"
  "Example:\n"
  "  albef eval pointing data/samples/scenes.json\n",
  run
};
