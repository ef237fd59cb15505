/* SPDX-License-Identifier: MIT
 * bench-pictures: how long everything around the model takes: decoding, resizing, tokenizing, drawing.
 *
 *   bench-pictures [--json]
 *
 * The picture is composed here (1920 x 1080: soft shapes with fine grain, so that files of it are neither flat nor
 * noise), the sentence is cleaned and tokenized with the embedded model's vocabulary. Median, lowest and highest of as
 * many runs as fit into a quarter of a second each, one thread. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "albef.h"
#include "floors.h"
#include "jpeg-write.h"

#define WIDTH 1920
#define HEIGHT 1080
#define GRID 24
#define BUDGET 0.25
#define RUNS_MAX 20000

static const char sentence[] = "a brown dog jumps over the wooden fence";

typedef struct
{
  AlbefEngine *engine;
  AlbefModel *model;
  AlbefImage *picture;
  uint8_t *png, *jpeg, *bgra, *out;
  size_t png_length, jpeg_length;
  float map[GRID * GRID];
  float *enlarged;
} Material;

typedef void (*Step) (Material *material);

static json_t *results;

static void
must (AlbefStatus status, const AlbefError *error)
{
  if (status == ALBEF_OK)
    return;
  fprintf (stderr, "bench-pictures: %s\n", error->message);
  exit (1);
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* ---------------------------------------------------------------------------------------------------
 * What is measured
 */

static void
decode_png_step (Material *m)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;

  must (albef_image_from_bytes (m->png, m->png_length, "png", ALBEF_IMAGE_FOR_PEOPLE, &image, &error), &error);
  albef_image_free (image);
}

static void
decode_jpeg_step (Material *m)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;

  must (albef_image_from_bytes (m->jpeg, m->jpeg_length, "jpeg", ALBEF_IMAGE_FOR_PEOPLE, &image, &error), &error);
  albef_image_free (image);
}

static void
resize_step (Material *m)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;

  must (albef_image_resize (m->picture, 384, 384, &image, &error), &error);
  albef_image_free (image);
}

static void
tokenize_step (Material *m)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefQuery *query = NULL;

  must (albef_query_new (m->model, sentence, 0, &query, &error), &error);
  albef_query_free (query);
}

static void
overlay (Material *m, int channels)
{
  AlbefOverlay look = { ALBEF_COLOURS_VIRIDIS, 0.8, 0.1, 1 };

  albef_overlay_compose (channels == 4 ? m->bgra : albef_image_pixels (m->picture), WIDTH, HEIGHT, channels * WIDTH,
                         channels, m->map, GRID, GRID, 0, 0, WIDTH, HEIGHT, &look, m->out, channels * WIDTH);
}

static void
overlay_rgb_step (Material *m)
{
  overlay (m, 3);
}

static void
overlay_bgra_step (Material *m)
{
  overlay (m, 4);
}

static void
enlarge_step (Material *m)
{
  albef_map_enlarge (m->map, GRID, GRID, m->enlarged, WIDTH, HEIGHT);
}

static void
write_png_step (Material *m)
{
  AlbefError error = ALBEF_ERROR_INIT;
  char path[64];

  snprintf (path, sizeof path, "/tmp/bench-pictures-%d.png", (int) getpid ());
  must (albef_png_write (path, albef_image_pixels (m->picture), WIDTH, HEIGHT, 3, NULL, 0, &error), &error);
  unlink (path);
}

static void
measure (const char *name, Step step, Material *material, bool json)
{
  static double seconds[RUNS_MAX];
  double begin;
  int runs = 0;

  step (material);
  begin = seconds_now ();
  while (runs < RUNS_MAX && (runs < 5 || seconds_now () - begin < BUDGET))
    {
      double start = seconds_now ();

      step (material);
      seconds[runs++] = seconds_now () - start;
    }
  qsort (seconds, (size_t) runs, sizeof *seconds, compare_doubles);
  if (json)
    json_array_append_new (results, json_pack ("{s:s, s:f, s:f, s:f, s:i}", "what", name, "median_s", seconds[runs / 2],
                                               "lowest_s", seconds[0], "highest_s", seconds[runs - 1], "runs", runs));
  else
    printf ("%-42s %9.3f ms (%.3f - %.3f), %d runs\n", name, 1e3 * seconds[runs / 2], 1e3 * seconds[0],
            1e3 * seconds[runs - 1], runs);
}

/* ---------------------------------------------------------------------------------------------------
 * Material
 */

static void *
read_file (const char *path, size_t *length)
{
  FILE *file = fopen (path, "rb");
  void *bytes = NULL;
  long size = -1;

  if (file != NULL && fseek (file, 0, SEEK_END) == 0 && (size = ftell (file)) > 0 && fseek (file, 0, SEEK_SET) == 0)
    bytes = malloc ((size_t) size);
  if (bytes == NULL || fread (bytes, 1, (size_t) size, file) != (size_t) size)
    {
      fprintf (stderr, "bench-pictures: %s cannot be read\n", path);
      exit (1);
    }
  fclose (file);
  *length = (size_t) size;
  return bytes;
}

static void
compose (Material *m)
{
  AlbefError error = ALBEF_ERROR_INIT;
  uint8_t *pixels = malloc (3 * WIDTH * HEIGHT);
  uint32_t grain = 1;
  char path[64];

  m->bgra = malloc (4 * WIDTH * HEIGHT);
  m->out = malloc (4 * WIDTH * HEIGHT);
  m->enlarged = malloc (sizeof (float) * WIDTH * HEIGHT);
  if (pixels == NULL || m->bgra == NULL || m->out == NULL || m->enlarged == NULL)
    exit (1);
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      for (int c = 0; c < 3; c++)
        {
          double shape = 110 + 60 * sin (x / 97.0 + c) * cos (y / 71.0) + (((x / 160) ^ (y / 120)) & 1 ? 30 : 0);
          size_t i = (size_t) (y * WIDTH + x);

          grain = grain * 1664525 + 1013904223;
          pixels[3 * i + c] = m->bgra[4 * i + c] = (uint8_t) (shape + (grain >> 28));
          m->bgra[4 * i + 3] = 255;
        }
  must (albef_image_from_pixels (pixels, WIDTH, HEIGHT, &m->picture, &error), &error);
  must (jpeg_encode (pixels, WIDTH, HEIGHT, 90, &m->jpeg, &m->jpeg_length, &error), &error);
  snprintf (path, sizeof path, "/tmp/bench-pictures-%d.png", (int) getpid ());
  must (albef_png_write (path, pixels, WIDTH, HEIGHT, 3, NULL, 0, &error), &error);
  m->png = read_file (path, &m->png_length);
  unlink (path);
  free (pixels);
  for (int i = 0; i < GRID * GRID; i++)
    m->map[i] = (float) exp (-(pow (i % GRID - 15, 2) + pow (i / GRID - 9, 2)) / 20);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    Step step;
  } steps[] = {
    { "decode PNG, 1920 x 1080", decode_png_step },
    { "decode JPEG (quality 90), 1920 x 1080", decode_jpeg_step },
    { "write PNG, 1920 x 1080", write_png_step },
    { "resize 1920 x 1080 to 384 x 384", resize_step },
    { "tokenize 8 words", tokenize_step },
    { "overlay, 1920 x 1080 RGB", overlay_rgb_step },
    { "overlay, 1920 x 1080 BGRA", overlay_bgra_step },
    { "enlarge a 24 x 24 map to 1920 x 1080", enlarge_step },
  };
  AlbefEngineConfig config = { .device = "cpu", .threads = 1 };
  AlbefError error = ALBEF_ERROR_INIT;
  Material material = { 0 };
  bool json = argc == 2 && strcmp (argv[1], "--json") == 0;
  const char *model = albef_embedded_model_path ();

  if (argc > 1 && !json)
    return fprintf (stderr, "usage: bench-pictures [--json]\n"), 2;
  if (model == NULL)
    return fprintf (stderr, "bench-pictures: the embedded model was not found\n"), 1;
  must (albef_engine_open (&config, &material.engine, &error), &error);
  must (albef_model_open (material.engine, model, NULL, &material.model, &error), &error);
  compose (&material);
  results = json_array ();
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
    measure (steps[i].name, steps[i].step, &material, json);
  if (json)
    {
      json_dumpf (results, stdout, JSON_REAL_PRECISION (6));
      putchar ('\n');
    }
  json_decref (results);
  albef_image_free (material.picture);
  albef_model_free (material.model);
  albef_engine_close (material.engine);
  free (material.png);
  free (material.jpeg);
  free (material.bgra);
  free (material.out);
  free (material.enlarged);
  return 0;
}
