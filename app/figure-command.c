/* SPDX-License-Identifier: MIT */
#include "figure-command.h"

#include "figure.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2

typedef struct
{
  char **files; /* IMAGE, TEXT */
  char *out;
  char *heads;
  char *colours;
  char *model;
  char *vocab;
  char *device;
  int layer;
  double opacity;
  double threshold;
  gboolean bare;
  gboolean itc;
} Options;

typedef struct
{
  AlbefEngine *engine;
  AlbefModel *model;
  AlbefImage *image;
} Work;

static int
usage_error (const char *format, ...) G_GNUC_PRINTF (1, 2);

static int
usage_error (const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  fprintf (stderr, "alidade figure: %s\nSee alidade figure --help\n", message);
  return EXIT_USAGE;
}

static int
failure (const char *message)
{
  fprintf (stderr, "alidade figure: %s\n", message);
  return EXIT_FAILURE;
}

/* "1,3" or "2-4,7", counted from 1, to bits; 0 if it is no such list. */
static guint64
parse_heads (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  guint64 heads = 0;

  for (guint i = 0; parts[i] != NULL; i++)
    {
      char *end;
      guint64 first, last;

      g_strstrip (parts[i]);
      if (!g_ascii_isdigit (parts[i][0]))
        return 0;
      first = last = g_ascii_strtoull (parts[i], &end, 10);
      if (*end == '-' && g_ascii_isdigit (end[1]))
        last = g_ascii_strtoull (end + 1, &end, 10);
      if (*end != '\0' || first < 1 || last < first || last > 64)
        return 0;
      for (guint64 head = first; head <= last; head++)
        heads |= G_GUINT64_CONSTANT (1) << (head - 1);
    }
  return heads;
}

static gboolean
parse_colours (const char *text, AlbefColours *colours)
{
  for (int i = 0; i < ALBEF_N_COLOURS; i++)
    if (g_ascii_strcasecmp (text, albef_colours_name (i)) == 0)
      {
        *colours = i;
        return TRUE;
      }
  return FALSE;
}

/* The command that would make the figure again. */
static char *
command_line (int argc, char **argv)
{
  GString *line = g_string_new ("alidade");

  for (int i = 0; i < argc; i++)
    {
      const char *c = argv[i];

      while (*c != '\0' && (g_ascii_isalnum (*c) || strchr ("-_./,=+:%@", *c) != NULL))
        c++;
      if (*c == '\0' && c > argv[i])
        g_string_append_printf (line, " %s", argv[i]);
      else
        {
          g_autofree char *quoted = g_shell_quote (argv[i]);

          g_string_append_printf (line, " %s", quoted);
        }
    }
  g_autofree char *raw = g_string_free (line, FALSE);
  return g_utf8_make_valid (raw, -1);
}

static void
work_clear (Work *work)
{
  albef_image_free (work->image);
  albef_model_free (work->model);
  albef_engine_close (work->engine);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Work, work_clear)

static int
draw (const Options *options, const AlbefMapsRequest *request, AlidadeFigureOptions *figure)
{
  const AlbefEngineConfig config = { .device = options->device };
  const AlbefModelOptions model_options = { .vocab = options->vocab };
  const char *model_path = options->model != NULL ? options->model : albef_embedded_model_path ();
  g_auto (Work) work = { NULL };
  AlbefModelInfo info;
  g_autoptr (AlidadeMaps) maps = NULL;
  g_autoptr (AlidadePixels) pixels = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) write_error = NULL;
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefMaps *albef_maps = NULL;
  int n_heads;

  if (model_path == NULL)
    return failure ("the embedded model is not installed; name one with --model FILE.");
  /* The picture first: it is the likelier mistake, and fails sooner. */
  if (albef_image_open (options->files[0], ALBEF_IMAGE_FOR_PEOPLE, &work.image, &error) != ALBEF_OK
      || albef_engine_open (&config, &work.engine, &error) != ALBEF_OK
      || albef_model_open (work.engine, model_path, &model_options, &work.model, &error) != ALBEF_OK)
    return failure (error.message);
  albef_model_info (work.model, &info);
  n_heads = request->method == ALBEF_METHOD_ITC_GRADCAM ? info.vision_heads : info.text_heads;
  if (n_heads < 64 && request->heads >> n_heads != 0)
    {
      g_autofree char *message = g_strdup_printf ("a head beyond the %d of this model is asked for.", n_heads);

      return failure (message);
    }
  if (albef_maps_compute (work.model, work.image, options->files[1], request, NULL, &albef_maps, &error) != ALBEF_OK)
    return failure (error.message);

  maps = alidade_maps_new_take (albef_maps, options->files[1], request);
  maps->model_name = g_utf8_make_valid (albef_model_name (work.model), -1);
  maps->model_hash = g_strdup (albef_model_hash (work.model));
  bytes = g_bytes_new_static (albef_image_pixels (work.image),
                              (gsize) albef_image_width (work.image) * albef_image_height (work.image) * 3);
  pixels = alidade_pixels_new (bytes, albef_image_width (work.image), albef_image_height (work.image));

  if (!maps->has_word_maps)
    fprintf (stderr, "alidade figure: %s The map of the whole sentence is drawn instead.\n", maps->reason);
  for (int i = 0; i < maps->n_words; i++)
    if (maps->words[i].state == ALBEF_WORD_UNKNOWN)
      fprintf (stderr, "alidade figure: '%s' is not in the model's vocabulary and has no map\n", maps->words[i].text);
  if (maps->n_cut > 0)
    fprintf (stderr, "alidade figure: the last %d words are beyond the model's limit and were not read\n", maps->n_cut);
  if (!alidade_figure_write (options->out, pixels, maps, figure, &write_error))
    return failure (write_error->message);
  return EXIT_SUCCESS;
}

int
alidade_figure_command (int argc, char **argv)
{
  Options options = { .opacity = 0.80, .threshold = 0.10 };
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.out, "Figure to write: its ending chooses PNG, SVG or PDF",
      "FILE" },
    { "layer", 0, 0, G_OPTION_ARG_INT, &options.layer, "Fusion layer, from 1 (default: the model's grounding layer)",
      "N" },
    { "heads", 0, 0, G_OPTION_ARG_STRING, &options.heads,
      "Heads to take the mean of, from 1: 1,3 or 2-4 (default: all)", "LIST" },
    { "itc", 0, 0, G_OPTION_ARG_NONE, &options.itc,
      "Map of the contrastive similarity on an image-encoder layer: one for the whole sentence", NULL },
    { "colours", 0, 0, G_OPTION_ARG_STRING, &options.colours, "viridis (default), magma, turbo, jet or grey", "NAME" },
    { "opacity", 0, 0, G_OPTION_ARG_DOUBLE, &options.opacity, "Of the map, 0 to 1 (default 0.80)", "X" },
    { "threshold", 0, 0, G_OPTION_ARG_DOUBLE, &options.threshold,
      "Values below this share of the strongest word leave the picture untouched (default 0.10)", "X" },
    { "bare", 0, 0, G_OPTION_ARG_NONE, &options.bare, "Pictures alone, without letters and colour bar", NULL },
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &options.model, "Checkpoint (default: the embedded model)", "FILE" },
    { "vocab", 0, 0, G_OPTION_ARG_FILENAME, &options.vocab, "Its vocabulary (default: vocab.txt beside it)", "FILE" },
    { "device", 0, 0, G_OPTION_ARG_STRING, &options.device, "auto (default), cpu or cuda", "NAME" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.files, NULL, "IMAGE TEXT" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autofree char *command = command_line (argc, argv);
  g_autoptr (GError) error = NULL;
  AlidadeFigureOptions figure = ALIDADE_FIGURE_OPTIONS_INIT;
  AlbefMapsRequest request = { 0 };
  const char *ending;
  int status;

  g_set_prgname ("alidade figure");
  g_option_context_set_summary (context, "Draws a picture and, beside it, where each word of a sentence looks.");
  g_option_context_set_description (context, "Example:\n"
                                             "  alidade figure dog.jpg \"a dog left of a red gift\" -o dog.pdf\n\n"
                                             "Exit status: 0 done, 1 failed, 2 wrong usage.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return usage_error ("%s", error->message);

  if (options.files == NULL || g_strv_length (options.files) != 2)
    status = usage_error ("a picture and a sentence are wanted; quote the sentence");
  else if (options.out == NULL)
    status = usage_error ("say where to write with -o FILE.png, .svg or .pdf");
  else if (!g_utf8_validate (options.files[1], -1, NULL))
    status = usage_error ("the sentence is not valid UTF-8");
  else if ((ending = strrchr (options.out, '.')) == NULL
           || (g_ascii_strcasecmp (ending, ".png") != 0 && g_ascii_strcasecmp (ending, ".svg") != 0
               && g_ascii_strcasecmp (ending, ".pdf") != 0))
    status = usage_error ("'%s' ends neither in .png nor .svg nor .pdf", options.out);
  else if (options.layer < 0)
    status = usage_error ("layers count from 1");
  else if (options.heads != NULL && (request.heads = parse_heads (options.heads)) == 0)
    status = usage_error ("'%s' is no list of heads like 1,3 or 2-4", options.heads);
  else if (options.colours != NULL && !parse_colours (options.colours, &figure.colours))
    status = usage_error ("there are no colours '%s'; there are viridis, magma, turbo, jet and grey", options.colours);
  else if (!(options.opacity >= 0 && options.opacity <= 1))
    status = usage_error ("the opacity lies between 0 and 1");
  else if (!(options.threshold >= 0 && options.threshold < 1))
    status = usage_error ("the threshold lies between 0 and 1");
  else
    {
      request.method = options.itc ? ALBEF_METHOD_ITC_GRADCAM : ALBEF_METHOD_ITM_GRADCAM;
      request.layer = options.layer;
      figure.opacity = options.opacity;
      figure.threshold = options.threshold;
      figure.bare = options.bare;
      figure.command = command;
      status = draw (&options, &request, &figure);
    }
  g_strfreev (options.files);
  g_free (options.out);
  g_free (options.heads);
  g_free (options.colours);
  g_free (options.model);
  g_free (options.vocab);
  g_free (options.device);
  return status;
}
