/* SPDX-License-Identifier: MIT
 * albef score IMAGE TEXT: does the sentence fit the picture? */
#include <getopt.h>

#include "cli.h"

static int
run (int argc, char **argv)
{
  static const struct option options[] = { CLI_MODEL_OPTIONS, { NULL, 0, NULL, 0 } };
  CliModelOptions common = { 0 };
  AlbefMapsRequest request = { .score_only = true };
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefEngine *engine = NULL;
  AlbefModel *model = NULL;
  AlbefImage *image;
  AlbefMaps *maps = NULL;
  float logits[2];
  int key;

  while ((key = getopt_long (argc, argv, "h", options, NULL)) != -1)
    if (key == 'h')
      return fputs (command_score.usage, stdout), CLI_DONE;
    else if (!cli_model_option (&common, key, optarg))
      return cli_bad_option (&command_score, options, key, optarg);
  if (optind + 2 != argc)
    return cli_usage (&command_score, "give one picture and one sentence");
  if (!cli_open (&common, &engine, &model))
    return CLI_FAILED;
  image = cli_image (&common, argv[optind]);
  if (image != NULL &&
      albef_maps_compute (model, image, argv[optind + 1], &request, NULL, &maps, &error) != ALBEF_OK)
    cli_fail (&error);
  if (maps != NULL)
    {
      cli_warn_words (albef_maps_query (maps), argv[optind + 1]);
      albef_maps_itm_logits (maps, logits);
      if (common.json)
        {
          json_t *object = cli_provenance (engine, model);

          json_object_set_new (object, "image", cli_text (argv[optind]));
          json_object_set_new (object, "text", cli_text (argv[optind + 1]));
          json_object_set_new (object, "match", json_real (albef_maps_match (maps)));
          json_object_set_new (object, "itm_logits", json_pack ("[f, f]", (double) logits[0], (double) logits[1]));
          json_object_set_new (object, "itc", json_real (albef_maps_itc (maps)));
          json_object_set_new (object, "words_cut", json_integer (albef_query_n_cut (albef_maps_query (maps))));
          cli_print_json (object);
        }
      else
        printf ("match %.4f  (ITM logits %.4f no, %.4f yes; ITC cosine %.4f)\n", albef_maps_match (maps),
                (double) logits[0], (double) logits[1], albef_maps_itc (maps));
    }
  albef_maps_free (maps);
  albef_image_free (image);
  albef_model_free (model);
  albef_engine_close (engine);
  return maps != NULL ? CLI_DONE : CLI_FAILED;
}

const CliCommand command_score = {
  "score", "how well a sentence fits a picture",
  "Usage: albef score [OPTIONS] IMAGE TEXT\n"
  "\n"
  "Prints the match (softmax of the ITM logits, class 1), the raw logits and the ITC cosine.\n"
  "\n"
  CLI_MODEL_HELP
  "\n"
  "Examples:\n"
  "  albef score dog.jpg 'a dog left of a red gift'\n"
  "  albef score --model ALBEF.pth --vocab vocab.txt --json dog.jpg 'a dog'\n",
  run
};
