/* SPDX-License-Identifier: MIT
 * albef export --to pth FILE OUT: a model for the official code. */
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "atomic-file.h"
#include "cli.h"
#include "model-export.h"

static bool
show_progress (void *user_data, const char *what, uint64_t done, uint64_t total)
{
  fprintf (stderr, "\r%-40s %3d %%", what, total > 0 ? (int) (100 * done / total) : 0);
  return true;
}

static AlbefStatus
write_words (const WeightSet *set, const char *path, AlbefError *error)
{
  AtomicFile *file = NULL;
  size_t length;
  const char *vocab = weight_set_vocab (set, &length);
  AlbefStatus status = atomic_file_open (path, &file, error);

  if (status == ALBEF_OK)
    status = atomic_file_write (file, vocab, length, error);
  if (status == ALBEF_OK)
    return atomic_file_commit (file, error);
  atomic_file_discard (file);
  return status;
}

static int
export_model (const char *in, const char *out, const WeightSetOptions *how, const ExportOptions *options,
              const char *words, bool json)
{
  AlbefError error = ALBEF_ERROR_INIT;
  bool show = isatty (STDERR_FILENO);
  ExportCounts counts = { 0 };
  WeightSet *set = NULL;
  AlbefStatus status = weight_set_open (in, how, &set, NULL, &error);

  if (status == ALBEF_OK)
    status = checkpoint_export (set, out, options, show ? show_progress : NULL, NULL, &counts, &error);
  if (show)
    fprintf (stderr, "\n");
  if (status == ALBEF_OK && words != NULL)
    status = write_words (set, words, &error);
  if (status == ALBEF_OK && json)
    cli_print_json (json_pack ("{s:o, s:s, s:i, s:i, s:b}", "out", cli_text (out), "kind",
                               model_kind_name (weight_set_config (set)->kind), "keys", counts.keys, "twins_made",
                               counts.twins_made, "queues_made", counts.queues_made));
  else if (status == ALBEF_OK)
    {
      printf ("%s: %d keys of a %s model\n", out, counts.keys, model_kind_name (weight_set_config (set)->kind));
      if (counts.twins_made > 0)
        printf ("%d momentum twins were not in '%s': they are the model's own values\n", counts.twins_made, in);
      if (counts.queues_made)
        printf ("queues were not in '%s': they are random, as at the start of a training\n", in);
    }
  weight_set_free (set);
  return status == ALBEF_OK ? CLI_DONE : cli_fail (&error);
}

static int
run (int argc, char **argv)
{
  static const struct option options[] = { { "to", required_argument, NULL, 't' },
                                           { "half", no_argument, NULL, 'H' },
                                           { "without-training", no_argument, NULL, 'w' },
                                           { "write-vocab", required_argument, NULL, 'W' },
                                           { "vocab", required_argument, NULL, 'v' },
                                           { "config", required_argument, NULL, 'c' },
                                           { "load-incomplete", no_argument, NULL, 'i' },
                                           { "json", no_argument, NULL, 'j' },
                                           { "help", no_argument, NULL, 'h' },
                                           { NULL, 0, NULL, 0 } };
  WeightSetOptions how = { 0 };
  ExportOptions what = { 0 };
  const char *to = "pth", *words = NULL;
  bool json = false;
  int key;

  while ((key = getopt_long (argc, argv, "h", options, NULL)) != -1)
    switch (key)
      {
      case 't':
        to = optarg;
        break;
      case 'H':
        what.half = true;
        break;
      case 'w':
        what.without_training = true;
        break;
      case 'W':
        words = optarg;
        break;
      case 'v':
        how.vocab = optarg;
        break;
      case 'c':
        how.config = optarg;
        break;
      case 'i':
        how.allow_incomplete = true;
        break;
      case 'j':
        json = true;
        break;
      case 'h':
        return fputs (command_export.usage, stdout), CLI_DONE;
      default:
        return cli_bad_option (&command_export, options, key, optarg);
      }
  if (strcmp (to, "pth") != 0)
    return cli_usage (&command_export, "there is no form '%s'; there is pth", to);
  if (optind + 2 != argc)
    return cli_usage (&command_export, "give a file to read and a file to write");
  how.without_vocab = words == NULL;
  return export_model (argv[optind], argv[optind + 1], &how, &what, words, json);
}

const CliCommand command_export
    = { "export", "a model for the official code, as a .pth",
        "Usage: albef export [OPTIONS] --to pth FILE OUT\n"
        "\n"
        "Writes what torch.load reads as {'model': ..., 'config': ...}, with every key of the official class of the\n"
        "model's kind under 'model', so that it loads with strict matching. Momentum twins and queues come from FILE,\n"
        "a checkpoint of a run say; where it has none, twins equal the model and queues are random, as at the start\n"
        "of a training. OUT is complete or untouched, and its bytes depend on FILE alone.\n"
        "\n"
        "      --to pth            the form\n"
        "      --half              numbers as float16\n"
        "      --without-training  leave twins and queues out\n"
        "      --write-vocab FILE  write the words too, as vocab.txt\n"
        "      --vocab FILE        vocab.txt of FILE, if that is a .pth; default: beside it\n"
        "      --config FILE       config.json of FILE, if that is a .pth; default: beside it, else from shapes\n"
        "      --load-incomplete   export although weights are missing (they are zero)\n"
        "      --json              print one JSON object\n"
        "\n"
        "Example:\n"
        "  albef export --to pth run/model.safetensors ALBEF.pth --write-vocab vocab.txt\n",
        run };
