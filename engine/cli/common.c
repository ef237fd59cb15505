/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "unicode.h"

bool
cli_int (const char *text, int min, int max, int *value)
{
  char *end;
  long number;

  errno = 0;
  number = strtol (text, &end, 10);
  if (errno != 0 || end == text || *end != 0 || number < min || number > max)
    return false;
  *value = (int) number;
  return true;
}

bool
cli_model_option (CliModelOptions *options, int key, const char *argument)
{
  switch (key)
    {
    case 1000:
      options->model = argument;
      return true;
    case 1001:
      options->vocab = argument;
      return true;
    case 1002:
      options->config = argument;
      return true;
    case 1003:
      options->device = argument;
      return true;
    case 1004:
      return cli_int (argument, 1, 1024, &options->threads);
    case 1005:
      return cli_int (argument, 1, 16384, &options->resolution);
    case 1006:
      options->stored = true;
      return true;
    case 1007:
      options->json = true;
      return true;
    case 1008:
      options->incomplete = true;
      return true;
    default:
      return false;
    }
}

int
cli_fail (const AlbefError *error)
{
  fprintf (stderr, "albef: %s\n", error->message);
  return CLI_FAILED;
}

int
cli_usage (const CliCommand *command, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  fprintf (stderr, "albef %s: ", command->name);
  vfprintf (stderr, format, args);
  fprintf (stderr, "; 'albef %s --help' explains\n", command->name);
  va_end (args);
  return CLI_USAGE;
}

bool
cli_open (const CliModelOptions *options, AlbefEngine **engine, AlbefModel **model)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefEngineConfig engine_config = { .device = options->device, .threads = options->threads };
  AlbefModelOptions model_options = { .vocab = options->vocab, .config = options->config,
                                      .image_resolution = options->resolution,
                                      .allow_incomplete = options->incomplete };
  const char *path = options->model != NULL ? options->model : albef_embedded_model_path ();

  if (path == NULL)
    {
      fprintf (stderr, "albef: the embedded model is not installed; name one with --model FILE\n");
      return false;
    }
  if (albef_engine_open (&engine_config, engine, &error) != ALBEF_OK)
    {
      cli_fail (&error);
      return false;
    }
  if (albef_model_open (*engine, path, &model_options, model, &error) != ALBEF_OK)
    {
      cli_fail (&error);
      albef_engine_close (*engine);
      *engine = NULL;
      return false;
    }
  return true;
}

AlbefImage *
cli_image (const CliModelOptions *options, const char *path)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;

  if (albef_image_open (path, options->stored ? ALBEF_IMAGE_STORED : ALBEF_IMAGE_FOR_PEOPLE, &image, &error) != ALBEF_OK)
    cli_fail (&error);
  return image;
}

int
cli_bad_option (const CliCommand *command, const struct option *options, int key, const char *argument)
{
  if (key == '?')
    {
      fprintf (stderr, "albef %s: 'albef %s --help' explains\n", command->name, command->name);
      return CLI_USAGE;
    }
  for (; options->name != NULL; options++)
    if (options->val == key && options->flag == NULL)
      return cli_usage (command, "'--%s %s' cannot be used", options->name, argument != NULL ? argument : "");
  return cli_usage (command, "'-%c %s' cannot be used", key, argument != NULL ? argument : "");
}

json_t *
cli_text_n (const char *bytes, size_t length)
{
  char *repaired = utf8_repair (bytes, length);
  json_t *text = json_string (repaired);

  free (repaired);
  return text;
}

json_t *
cli_text (const char *bytes)
{
  return cli_text_n (bytes, strlen (bytes));
}

void
cli_print_json (json_t *object)
{
  json_dumpf (object, stdout, JSON_INDENT (1) | JSON_REAL_PRECISION (9));
  printf ("\n");
  json_decref (object);
}

json_t *
cli_provenance (AlbefEngine *engine, AlbefModel *model)
{
  return json_pack ("{s:s, s:s, s:o, s:s, s:s, s:s}", "command", cli_command_line, "version", albef_version (),
                    "model", cli_text (albef_model_name (model)), "model_sha256", albef_model_hash (model), "device",
                    albef_engine_device (engine), "precision", albef_engine_precision (engine));
}

void
cli_warn_words (const AlbefQuery *query, const char *text)
{
  for (int i = 0; i < albef_query_n_words (query); i++)
    {
      const AlbefWord *word = albef_query_word (query, i);

      if (word->state == ALBEF_WORD_UNKNOWN)
        fprintf (stderr, "albef: '%.*s' is not in the vocabulary: no map\n", (int) (word->end - word->start),
                 text + word->start);
    }
  if (albef_query_n_pieces (query) <= 1)
    fprintf (stderr, "albef: the sentence holds no word; the score is that of an empty text\n");
  if (albef_query_n_cut (query) > 0)
    fprintf (stderr, "albef: the last %d words are beyond the limit and were not seen by the model\n",
             albef_query_n_cut (query));
}
