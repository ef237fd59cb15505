/* SPDX-License-Identifier: MIT
 * albef maps IMAGE TEXT -o OUT: where each word looks, as the paper's strip, as pictures, or as raw numbers. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "atomic-file.h"
#include "cli.h"
#include "error.h"
#include "map-files.h"

typedef struct
{
  CliModelOptions common;
  AlbefMapsRequest request;
  AlbefOverlay overlay;
  const char *out;
  const char *words; /* NULL: all */
} Options;

/* ---------------------------------------------------------------------------------------------------
 * Options
 */

/* One item of "1,3,5-8": numbers from 1. Advances *list past it and a following comma. */
static bool
next_range (const char **list, int *first, int *last)
{
  char *end;
  long number = strtol (*list, &end, 10);

  if (end == *list || number < 1 || number > 100000)
    return false;
  *first = *last = (int) number;
  if (*end == '-')
    {
      const char *rest = end + 1;

      number = strtol (rest, &end, 10);
      if (end == rest || number < *first || number > 100000)
        return false;
      *last = (int) number;
    }
  if (*end != ',' && *end != 0)
    return false;
  *list = *end == ',' ? end + 1 : end;
  return true;
}

/* "1,3,5-8" to bits, head 1 being bit 0. */
static bool
parse_heads (const char *text, uint64_t *heads)
{
  int first, last;

  *heads = 0;
  while (*text != 0)
    {
      if (!next_range (&text, &first, &last) || last > 64)
        return false;
      for (int head = first; head <= last; head++)
        *heads |= (uint64_t) 1 << (head - 1);
    }
  return *heads != 0;
}

static bool
parse_share (const char *text, double *value)
{
  char *end;

  *value = strtod (text, &end);
  return end != text && *end == 0 && *value >= 0 && *value <= 1;
}

static bool
parse_colours (const char *text, AlbefColours *colours)
{
  for (int i = 0; i < ALBEF_N_COLOURS; i++)
    if (strcasecmp (text, albef_colours_name ((AlbefColours) i)) == 0)
      return *colours = (AlbefColours) i, true;
  return false;
}

static bool
ends_with (const char *text, const char *suffix)
{
  size_t n = strlen (text), m = strlen (suffix);

  return n >= m && strcasecmp (text + n - m, suffix) == 0;
}

/* False for a name that looks like a file of another form, as maps.jpg does: nobody wants a folder of that name. */
static bool
is_form (const char *out)
{
  const char *name = strrchr (out, '/') != NULL ? strrchr (out, '/') + 1 : out, *dot = strrchr (name, '.');
  struct stat status;

  if (ends_with (out, ".png") || ends_with (out, ".npy") || ends_with (out, ".safetensors"))
    return true;
  return dot == NULL || dot == name || !isalpha ((unsigned char) dot[1])
         || (stat (out, &status) == 0 && S_ISDIR (status.st_mode));
}

static int
parse (int argc, char **argv, Options *o)
{
  static const struct option options[] = { CLI_MODEL_OPTIONS,
                                           { "output", required_argument, NULL, 'o' },
                                           { "layer", required_argument, NULL, 'l' },
                                           { "heads", required_argument, NULL, 'H' },
                                           { "words", required_argument, NULL, 'w' },
                                           { "method", required_argument, NULL, 'm' },
                                           { "colours", required_argument, NULL, 'c' },
                                           { "opacity", required_argument, NULL, 'a' },
                                           { "threshold", required_argument, NULL, 't' },
                                           { NULL, 0, NULL, 0 } };
  int key;

  while ((key = getopt_long (argc, argv, "ho:", options, NULL)) != -1)
    {
      bool good = true;

      switch (key)
        {
        case 'h':
          fputs (command_maps.usage, stdout);
          return CLI_DONE;
        case 'o':
          o->out = optarg;
          break;
        case 'l':
          good = cli_int (optarg, 1, 1024, &o->request.layer);
          break;
        case 'H':
          good = parse_heads (optarg, &o->request.heads);
          break;
        case 'w':
          o->words = optarg;
          break;
        case 'm':
          good = strcmp (optarg, "itm") == 0 || strcmp (optarg, "itc") == 0;
          o->request.method = strcmp (optarg, "itc") == 0 ? ALBEF_METHOD_ITC_GRADCAM : ALBEF_METHOD_ITM_GRADCAM;
          break;
        case 'c':
          good = parse_colours (optarg, &o->overlay.colours);
          break;
        case 'a':
          good = parse_share (optarg, &o->overlay.opacity);
          break;
        case 't':
          good = parse_share (optarg, &o->overlay.threshold);
          break;
        default:
          good = cli_model_option (&o->common, key, optarg);
        }
      if (!good)
        return cli_bad_option (&command_maps, options, key, optarg);
    }
  if (optind + 2 != argc)
    return cli_usage (&command_maps, "give one picture and one sentence");
  if (o->out == NULL)
    return cli_usage (&command_maps, "say where to with -o");
  if (!is_form (o->out))
    return cli_usage (&command_maps, "'%s': there are the endings .png, .npy and .safetensors; a folder that is to be "
                      "made under such a name wants a '/' at the end", o->out);
  return -1;
}

/* ---------------------------------------------------------------------------------------------------
 * Which words
 */

/* True if word `index` was asked for: by its number from 1, in a range of them, or by its text. */
static bool
word_wanted (const char *list, const AlbefQuery *query, const char *text, int index)
{
  const AlbefWord *word = albef_query_word (query, index);
  size_t length = word->end - word->start;

  while (list != NULL && *list != 0)
    {
      size_t item = strcspn (list, ",");
      const char *rest = list;
      int first, last;

      if (item == length && strncasecmp (list, text + word->start, length) == 0)
        return true;
      if (next_range (&rest, &first, &last) && first <= index + 1 && index + 1 <= last)
        return true;
      list += item + (list[item] == ',');
    }
  return list == NULL;
}

/* ---------------------------------------------------------------------------------------------------
 * Output
 */

static json_t *
describe (AlbefEngine *engine, AlbefModel *model, const AlbefMaps *maps, const Options *o, const char *image,
          const char *text, const MapSelection *chosen)
{
  json_t *object = cli_provenance (engine, model), *words = json_array ();
  const char *reason;
  float logits[2];

  albef_maps_itm_logits (maps, logits);
  json_object_set_new (object, "image", cli_text (image));
  json_object_set_new (object, "text", cli_text (text));
  json_object_set_new (object, "match", json_real (albef_maps_match (maps)));
  json_object_set_new (object, "itm_logits", json_pack ("[f, f]", (double) logits[0], (double) logits[1]));
  json_object_set_new (object, "itc", json_real (albef_maps_itc (maps)));
  json_object_set_new (object, "method",
                       json_string (o->request.method == ALBEF_METHOD_ITC_GRADCAM ? "itc" : "itm"));
  json_object_set_new (object, "layer", json_integer (albef_maps_layer (maps)));
  json_object_set_new (object, "grid",
                       json_pack ("[i, i]", albef_maps_grid_height (maps), albef_maps_grid_width (maps)));
  if (!albef_maps_has_word_maps (maps, &reason))
    json_object_set_new (object, "no_word_maps", json_string (reason));
  for (int i = 0; i < chosen->n; i++)
    {
      static const char *const states[] = { "known", "unknown", "cut" };
      int index = chosen->words[i];
      const AlbefWord *word = albef_query_word (albef_maps_query (maps), index);
      const float *map = albef_maps_word (maps, index);
      json_t *entry = json_pack ("{s:i, s:o, s:i, s:i, s:s, s:f}", "word", index + 1, "text",
                                 cli_text_n (text + word->start, word->end - word->start), "start", (int) word->start, "end", (int) word->end, "state",
                                 states[word->state], "strength", albef_maps_strength (maps, index));

      if (map != NULL)
        json_object_set_new (entry, "spread",
                             json_real (albef_map_spread (map, albef_maps_grid_width (maps), albef_maps_grid_height (maps))));
      json_array_append_new (words, entry);
    }
  json_object_set_new (object, "words", words);
  return object;
}

static AlbefStatus
write_folder (const char *folder, const AlbefImage *image, const AlbefMaps *maps, const MapSelection *chosen,
              const AlbefOverlay *overlay, const char *text, json_t *description, AlbefError *error)
{
  char path[4200];
  AlbefStatus status;

  if (mkdir (folder, 0777) != 0 && errno != EEXIST)
    return error_set_errno (error, ALBEF_ERROR_FILE, "cannot make the folder '%s'", folder);
  snprintf (path, sizeof path, "%s/strip.png", folder);
  status = map_files_write_strip (path, image, maps, chosen, overlay, description, error);
  for (int i = 0; status == ALBEF_OK && i < chosen->n; i++)
    {
      const AlbefWord *word = albef_query_word (albef_maps_query (maps), chosen->words[i]);
      char letters[64];
      size_t n = 0;

      /* A file name from what was typed: letters and digits of ASCII, others as they are in UTF-8. */
      for (size_t k = word->start; k < word->end && n + 1 < sizeof letters; k++)
        if (text[k] < 0 || strchr ("/\\:*?\"<>| ", text[k]) == NULL)
          letters[n++] = text[k];
      letters[n] = 0;
      snprintf (path, sizeof path, "%s/%02d-%s.png", folder, chosen->words[i] + 1, letters);
      status = map_files_write_word (path, image, maps, chosen->words[i], overlay, description, error);
    }
  if (status == ALBEF_OK)
    {
      snprintf (path, sizeof path, "%s/maps.safetensors", folder);
      status = map_files_write_safetensors (path, maps, chosen, description, error);
    }
  if (status == ALBEF_OK)
    {
      snprintf (path, sizeof path, "%s/maps.json", folder);
      status = map_files_write_json (path, description, error);
    }
  return status;
}

static AlbefStatus
write_out (const Options *o, const AlbefImage *image, const AlbefMaps *maps, const MapSelection *chosen,
           const char *text, json_t *description, AlbefError *error)
{
  if (ends_with (o->out, ".png"))
    return map_files_write_strip (o->out, image, maps, chosen, &o->overlay, description, error);
  if (ends_with (o->out, ".npy"))
    return map_files_write_npy (o->out, maps, chosen, description, error);
  if (ends_with (o->out, ".safetensors"))
    return map_files_write_safetensors (o->out, maps, chosen, description, error);
  return write_folder (o->out, image, maps, chosen, &o->overlay, text, description, error);
}

static int
run (int argc, char **argv)
{
  Options o = { .overlay = { ALBEF_COLOURS_VIRIDIS, 0.80, 0.10, 1 } };
  int early = parse (argc, argv, &o), result = CLI_FAILED;
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefEngine *engine = NULL;
  AlbefModel *model = NULL;
  AlbefImage *image;
  AlbefMaps *maps = NULL;
  const char *text, *reason;
  MapSelection chosen = { 0 };

  if (early >= 0)
    return early;
  text = argv[optind + 1];
  if (!cli_open (&o.common, &engine, &model))
    return CLI_FAILED;
  image = cli_image (&o.common, argv[optind]);
  if (image != NULL && albef_maps_compute (model, image, text, &o.request, NULL, &maps, &error) != ALBEF_OK)
    cli_fail (&error);
  if (maps != NULL)
    {
      const AlbefQuery *query = albef_maps_query (maps);
      json_t *description;

      cli_warn_words (query, text);
      if (!albef_maps_has_word_maps (maps, &reason))
        fprintf (stderr, "albef: %s\n", reason);
      o.overlay.scale = albef_maps_peak (maps);
      chosen.words = mem_new0 ((size_t) albef_query_n_words (query) + 1, sizeof *chosen.words);
      for (int i = 0; i < albef_query_n_words (query); i++)
        if (word_wanted (o.words, query, text, i))
          chosen.words[chosen.n++] = i;
      description = describe (engine, model, maps, &o, argv[optind], text, &chosen);
      if (o.words != NULL && chosen.n == 0)
        fprintf (stderr, "albef: none of the words '%s' stands in the sentence\n", o.words);
      else if (write_out (&o, image, maps, &chosen, text, description, &error) != ALBEF_OK)
        cli_fail (&error);
      else
        {
          result = CLI_DONE;
          if (o.common.json)
            cli_print_json (json_incref (description));
          else
            printf ("%s\n", o.out);
        }
      json_decref (description);
    }
  free (chosen.words);
  albef_maps_free (maps);
  albef_image_free (image);
  albef_model_free (model);
  albef_engine_close (engine);
  return result;
}

const CliCommand command_maps = {
  "maps", "where each word of a sentence looks in a picture",
  "Usage: albef maps [OPTIONS] IMAGE TEXT -o OUT\n"
  "\n"
  "Computes one Grad-CAM cross-attention map per word. OUT decides what is written:\n"
  "  FILE.png          the picture and one overlay per word, side by side\n"
  "  FILE.npy          raw maps, float32 [words][grid][grid]; FILE.json beside it says what they are\n"
  "  FILE.safetensors  raw maps and the sentence's, with the same description as metadata\n"
  "  FOLDER            all of it, and one picture per word; with a / at the end if its name has a dot\n"
  "\n"
  "  -o, --output OUT       where to\n"
  "      --layer N          fusion layer from 1; default: the model's grounding layer\n"
  "      --heads LIST       heads to average, from 1, as 1,3,5-8; default: all\n"
  "      --words LIST       words to write, by number from 1 or by text, as 2,5-6,gift; default: all\n"
  "      --method NAME      itm (one map per word) or itc (one map of the sentence)\n"
  "      --colours NAME     viridis, magma, turbo, jet or grey\n"
  "      --opacity X        0 to 1; default 0.8\n"
  "      --threshold X      0 to 1; default 0.1\n"
  CLI_MODEL_HELP
  "\n"
  "Examples:\n"
  "  albef maps dog.jpg 'a dog left of a red gift' -o strip.png\n"
  "  albef maps --layer 3 --heads 1,2 dog.jpg 'a dog' -o maps.npy\n",
  run
};
