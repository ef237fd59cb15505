/* SPDX-License-Identifier: MIT
 * albef inspect FILE, albef convert IN OUT: what is in a checkpoint, and a native file from it. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static void
print_report (const AlbefReport *report, bool json)
{
  fputs (json ? albef_report_json (report) : albef_report_text (report), stdout);
  printf ("\n");
}

static int
run_inspect (int argc, char **argv)
{
  static const struct option options[] = { { "vocab", required_argument, NULL, 'v' },
                                           { "config", required_argument, NULL, 'c' },
                                           { "json", no_argument, NULL, 'j' },
                                           { "help", no_argument, NULL, 'h' },
                                           { NULL, 0, NULL, 0 } };
  const char *vocab = NULL, *config = NULL;
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefReport *report = NULL;
  bool json = false, loadable;
  int key;

  while ((key = getopt_long (argc, argv, "h", options, NULL)) != -1)
    switch (key)
      {
      case 'v':
        vocab = optarg;
        break;
      case 'c':
        config = optarg;
        break;
      case 'j':
        json = true;
        break;
      case 'h':
        return fputs (command_inspect.usage, stdout), CLI_DONE;
      default:
        return cli_bad_option (&command_inspect, options, key, optarg);
      }
  if (optind + 1 != argc)
    return cli_usage (&command_inspect, "give one file");
  if (albef_report_open (argv[optind], vocab, config, &report, &error) != ALBEF_OK && report == NULL)
    return cli_fail (&error);
  print_report (report, json);
  loadable = albef_report_loadable (report);
  albef_report_free (report);
  return loadable ? CLI_DONE : CLI_FAILED;
}

static bool
show_progress (void *user_data, const char *what, uint64_t done, uint64_t total)
{
  fprintf (stderr, "\r%-40s %3d %%", what, total > 0 ? (int) (100 * done / total) : 0);
  return true;
}

static int
run_convert (int argc, char **argv)
{
  static const struct option options[] = { { "vocab", required_argument, NULL, 'v' },
                                           { "config", required_argument, NULL, 'c' },
                                           { "load-incomplete", no_argument, NULL, 'i' },
                                           { "keep-training", no_argument, NULL, 'k' },
                                           { "json", no_argument, NULL, 'j' },
                                           { "help", no_argument, NULL, 'h' },
                                           { NULL, 0, NULL, 0 } };
  AlbefModelOptions how = { 0 };
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefReport *report = NULL;
  AlbefStatus status;
  bool json = false;
  int key;

  while ((key = getopt_long (argc, argv, "h", options, NULL)) != -1)
    switch (key)
      {
      case 'v':
        how.vocab = optarg;
        break;
      case 'c':
        how.config = optarg;
        break;
      case 'i':
        how.allow_incomplete = true;
        break;
      case 'k':
        how.keep_training = true;
        break;
      case 'j':
        json = true;
        break;
      case 'h':
        return fputs (command_convert.usage, stdout), CLI_DONE;
      default:
        return cli_bad_option (&command_convert, options, key, optarg);
      }
  if (optind + 2 != argc)
    return cli_usage (&command_convert, "give a file to read and a file to write");
  if (isatty (STDERR_FILENO))
    how.progress = show_progress;
  status = albef_checkpoint_convert (argv[optind], argv[optind + 1], &how, &report, &error);
  if (how.progress != NULL)
    fprintf (stderr, "\n");
  if (report != NULL)
    print_report (report, json);
  albef_report_free (report);
  return status == ALBEF_OK ? CLI_DONE : cli_fail (&error);
}

const CliCommand command_inspect = {
  "inspect", "what a checkpoint holds, and whether it will load",
  "Usage: albef inspect [OPTIONS] FILE\n"
  "\n"
  "Prints kind, configuration, parameter count, what is matched, missing, unexpected or reshaped, and the\n"
  "hash of a model file (.safetensors or official .pth). Nothing in the file is executed. Exit status 1 if\n"
  "the file would not load.\n"
  "\n"
  "      --vocab FILE   vocab.txt; default: inside or beside the file\n"
  "      --config FILE  config.json; default: inside or beside the file, else sizes from shapes\n"
  "      --json         print one JSON object\n"
  "\n"
  "Example:\n"
  "  albef inspect ALBEF.pth\n",
  run_inspect
};

const CliCommand command_convert = {
  "convert", "an official checkpoint as one native file",
  "Usage: albef convert [OPTIONS] IN OUT\n"
  "\n"
  "Writes a .safetensors file with configuration and vocabulary inside. OUT is complete or untouched.\n"
  "Without a configuration, sizes come from shapes and heads = width / 64; the report says what was assumed.\n"
  "\n"
  "      --vocab FILE       vocab.txt; default: beside IN\n"
  "      --config FILE      config.json; default: beside IN, else from shapes\n"
  "      --load-incomplete  convert although weights are missing\n"
  "      --keep-training    keep momentum twins and queues, which doubles the file; inference needs none\n"
  "      --json             print the report as JSON\n"
  "\n"
  "Example:\n"
  "  albef convert ALBEF.pth albef-14m.safetensors --vocab vocab.txt\n",
  run_convert
};
