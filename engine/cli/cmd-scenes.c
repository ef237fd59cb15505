/* SPDX-License-Identifier: MIT
 * albef scenes: labelled pictures composed from pictograms. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "scene-files.h"
#include "unicode.h"

enum
{
  KEY_SPRITES = 2000,
  KEY_SEED,
  KEY_SIZE,
  KEY_STYLES,
  KEY_WITHOUT,
  KEY_NOUNS,
  KEY_NOUN_LIST,
  KEY_NO_SHAPES,
  KEY_LARGE,
  KEY_OBJECTS,
  KEY_NAMED,
  KEY_RELATION,
  KEY_HELD_OUT,
  KEY_GROUP,
  KEY_PNG,
  KEY_TASKS,
  KEY_JSON
};

typedef struct
{
  const char *sprites, *out;
  SceneOptions scenes;
  SceneFilesOptions files;
  int n, held_out;
  bool json;
} Options;

static bool
show_progress (void *user_data, const char *what, uint64_t done, uint64_t total)
{
  if (done % 100 == 0)
    fprintf (stderr, "\r%s %llu of %llu", what, (unsigned long long) done, (unsigned long long) total);
  return true;
}

/* A number from 0 to 1. */
static bool
share (const char *text, double *value)
{
  char *end;

  errno = 0;
  *value = strtod (text, &end);
  return errno == 0 && end != text && *end == 0 && *value >= 0 && *value <= 1;
}

/* "0,0,1,1": weights of 1 to 4 objects. */
static bool
take_counts (const char *text, double counts[SCENE_MAX_OBJECTS])
{
  double sum = 0;

  for (int i = 0; i < SCENE_MAX_OBJECTS; i++)
    {
      char *end;

      counts[i] = strtod (text, &end);
      if (end == text || !(counts[i] >= 0 && counts[i] < 1e6) || *end != (i < SCENE_MAX_OBJECTS - 1 ? ',' : 0))
        return false;
      sum += counts[i];
      text = end + 1;
    }
  return sum > 0;
}

static bool
take_tasks (const char *text, SceneFilesOptions *files)
{
  files->vqa = files->ve = files->nlvr = false;
  if (strcmp (text, "none") == 0)
    return true;
  while (*text != 0)
    {
      size_t n = strcspn (text, ",");

      if (n == 3 && memcmp (text, "vqa", 3) == 0)
        files->vqa = true;
      else if (n == 2 && memcmp (text, "ve", 2) == 0)
        files->ve = true;
      else if (n == 5 && memcmp (text, "nlvr2", 5) == 0)
        files->nlvr = true;
      else
        return false;
      text += n + (text[n] != 0);
    }
  return true;
}

static bool
take_seed (const char *text, uint64_t *seed)
{
  char *end;

  errno = 0;
  *seed = strtoull (text, &end, 10);
  return errno == 0 && end != text && *end == 0 && text[0] != '-' && *seed <= INT64_MAX; /* as JSON can say it */
}

static bool
take (Options *o, int key, const char *argument)
{
  double value;

  switch (key)
    {
    case KEY_SPRITES:
      o->sprites = argument;
      return true;
    case 'o':
      o->out = argument;
      return true;
    case 'n':
      return cli_int (argument, 1, 9999999, &o->n);
    case KEY_SEED:
      return take_seed (argument, &o->files.seed);
    case KEY_SIZE:
      return cli_int (argument, SCENE_MIN_SIZE, SCENE_MAX_SIZE, &o->scenes.size);
    case KEY_STYLES:
      o->scenes.styles = argument;
      return true;
    case KEY_WITHOUT:
      o->scenes.without = argument;
      return true;
    case KEY_NOUNS:
      return cli_int (argument, 1, SCENE_MAX_NOUNS, &o->scenes.n_nouns);
    case KEY_NOUN_LIST:
      o->scenes.first_nouns = argument;
      return true;
    case KEY_NO_SHAPES:
      return o->scenes.no_shapes = true;
    case KEY_LARGE:
      return o->scenes.large = true;
    case KEY_OBJECTS:
      return take_counts (argument, o->scenes.counts);
    case KEY_NAMED:
      return share (argument, &o->scenes.all_named) && o->scenes.all_named > 0;
    case KEY_RELATION:
      if (!share (argument, &value))
        return false;
      o->scenes.relation = value > 0 ? value : -1;
      return true;
    case KEY_HELD_OUT:
      return cli_int (argument, 0, 9999998, &o->held_out);
    case KEY_GROUP:
      o->files.group = argument;
      return utf8_validate (argument, strlen (argument)) == strlen (argument);
    case KEY_PNG:
      return o->files.png = true;
    case KEY_TASKS:
      return take_tasks (argument, &o->files);
    case KEY_JSON:
      return o->json = true;
    default:
      return false;
    }
}

static int
compose (const Options *o)
{
  AlbefError error = ALBEF_ERROR_INIT;
  SceneSource *source = NULL;
  bool shown = isatty (STDERR_FILENO);
  AlbefStatus status = scene_source_open (o->sprites, &o->scenes, &source, &error);

  if (status == ALBEF_OK)
    status = scenes_write (source, o->out, &o->files, shown ? show_progress : NULL, NULL, &error);
  if (shown)
    fprintf (stderr, "\n");
  if (status != ALBEF_OK)
    cli_fail (&error);
  else if (o->json)
    cli_print_json (json_pack ("{s:o, s:i, s:i, s:i, s:i, s:o, s:I, s:i}", "folder", cli_text (o->out), "scenes", o->n, "heldout",
                               o->held_out, "nouns", scene_source_n_nouns (source), "drawings",
                               scene_source_n_drawings (source), "styles", cli_text (scene_source_styles (source)), "seed",
                               (json_int_t) o->files.seed, "size", scene_source_size (source)));
  else
    printf ("%s: %d scenes for training, %d held out; %d nouns, %d drawings (%s)\n", o->out, o->n, o->held_out,
            scene_source_n_nouns (source), scene_source_n_drawings (source), scene_source_styles (source));
  scene_source_free (source);
  return status == ALBEF_OK ? CLI_DONE : CLI_FAILED;
}

static int
run (int argc, char **argv)
{
  static const struct option options[] = { { "sprites", required_argument, NULL, KEY_SPRITES },
                                           { "out", required_argument, NULL, 'o' },
                                           { "seed", required_argument, NULL, KEY_SEED },
                                           { "size", required_argument, NULL, KEY_SIZE },
                                           { "styles", required_argument, NULL, KEY_STYLES },
                                           { "without", required_argument, NULL, KEY_WITHOUT },
                                           { "nouns", required_argument, NULL, KEY_NOUNS },
                                           { "noun-list", required_argument, NULL, KEY_NOUN_LIST },
                                           { "no-shapes", no_argument, NULL, KEY_NO_SHAPES },
                                           { "large", no_argument, NULL, KEY_LARGE },
                                           { "objects", required_argument, NULL, KEY_OBJECTS },
                                           { "all-named", required_argument, NULL, KEY_NAMED },
                                           { "relation", required_argument, NULL, KEY_RELATION },
                                           { "heldout", required_argument, NULL, KEY_HELD_OUT },
                                           { "group", required_argument, NULL, KEY_GROUP },
                                           { "png", no_argument, NULL, KEY_PNG },
                                           { "tasks", required_argument, NULL, KEY_TASKS },
                                           { "json", no_argument, NULL, KEY_JSON },
                                           { "help", no_argument, NULL, 'h' },
                                           { NULL, 0, NULL, 0 } };
  Options o = { .n = 1000, .files = { .seed = 1 } };
  int key;

  while ((key = getopt_long (argc, argv, "n:o:h", options, NULL)) != -1)
    if (key == 'h')
      return fputs (command_scenes.usage, stdout), CLI_DONE;
    else if (!take (&o, key, optarg))
      return cli_bad_option (&command_scenes, options, key, optarg);
  if (optind != argc || o.sprites == NULL || o.out == NULL)
    return cli_usage (&command_scenes, "give --sprites and --out, and nothing else");
  o.files.n = o.n;
  o.files.n_held_out = o.held_out;
  return compose (&o);
}

const CliCommand command_scenes = {
  "scenes", "compose labelled pictures from pictograms, for training and for tests",
  "Usage: albef scenes [OPTIONS] --sprites DIR --out DIR\n"
  "\n"
  "Composes pictures of one to four things, each with a caption, the boxes of every phrase, and a foil (the caption\n"
  "with one thing wrong), and writes them with scenes.json, a manifest and the lists of the official tasks. DIR of "
  "the\n"
  "pictograms holds nouns.tsv and STYLE/NOUN.png. The same options and seed give the same pictures on every machine.\n"
  "\n"
  "      --sprites DIR      the pictograms\n"
  "  -o, --out DIR          where to; a folder without scenes.json\n"
  "  -n N                   scenes for training; default: 1000\n"
  "      --heldout N        further scenes, in the lists for testing; default: 0\n"
  "      --seed N           default: 1\n"
  "      --size N           pixels of a side; default: 128\n"
  "      --styles LIST      only these art styles, as in noto,fluent-3d\n"
  "      --without LIST     all styles but these\n"
  "      --nouns N          so many nouns, those in most styles first; default: all\n"
  "      --noun-list FILE   take these nouns first, one a line\n"
  "      --no-shapes        without circles, squares and other shapes\n"
  "      --large            use larger drawings where there are some\n"
  "      --objects A,B,C,D  weights of one to four things; default: .3,.3,.25,.15\n"
  "      --all-named X      share of captions that name everything; default: 0.7\n"
  "      --relation X       share of pairs with their relation said; default: 0.55\n"
  "      --group NAME       group in scenes.json; default: scenes\n"
  "      --png              PNG instead of JPEG pictures\n"
  "      --tasks LIST       of vqa, ve, nlvr2: lists of these tasks too; default: none\n"
  "      --json             print one JSON object\n"
  "\n"
  "Example:\n"
  "  albef scenes --sprites pictograms --out unseen -n 500 --styles twemoji --objects 0,0,1,1 --all-named 1\n",
  run
};
