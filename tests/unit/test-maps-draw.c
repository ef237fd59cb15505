/* SPDX-License-Identifier: MIT
 * Enlarging, colouring and composing maps: against the reference set where it has a value (PyTorch, skimage,
 * matplotlib made it), else against the formula written out slowly. */
#include "albef.h"
#include "notebook.h"
#include "tap.h"
#include "tensor-file.h"

#include <stdlib.h>

static TensorFile *
reference_open (const char *name)
{
  char path[512];
  AlbefError error = ALBEF_ERROR_INIT;
  TensorFile *file;

  snprintf (path, sizeof path, "%s/reference/public/%s", getenv ("ALIDADE_TESTS"), name);
  file = tensor_file_open (path, &error);
  if (!tap_ok (file != NULL, "/reference/%s is there", name))
    tap_note ("%s", error.message);
  return file;
}

/* Largest difference over the largest magnitude. */
static double
relative_error (const double *got, const float *wanted, int64_t n)
{
  double worst = 0, largest = 0;

  for (int64_t i = 0; i < n; i++)
    {
      worst = fmax (worst, fabs (got[i] - wanted[i]));
      largest = fmax (largest, fabs (wanted[i]));
    }
  return largest > 0 ? worst / largest : worst;
}

/* ------------------------------------------------------------------------------------------------
 * Enlarging
 */

static void
test_enlarge (void)
{
  TensorFile *file = reference_open ("grounding.safetensors");
  const TensorFileEntry *maps = file != NULL ? tensor_file_find (file, "itm.gradcam") : NULL;
  int n_checked = 0;

  for (int i = 0; maps != NULL && i < tensor_file_count (file); i++)
    {
      const TensorFileEntry *wanted = tensor_file_entry (file, i);
      int height, width, cells = (int) (maps->shape[1] * maps->shape[2]);
      double best = INFINITY; /* PyTorch in float32 is itself 1e-6 away from exact arithmetic */

      if (strncmp (wanted->name, "itm.upsampled_ref", 17) != 0)
        continue;
      height = (int) wanted->shape[0];
      width = (int) wanted->shape[1];
      /* Which of the maps it is stands in info.json; here one of them has to fit. */
      for (int m = 0; m < maps->shape[0]; m++)
        {
          float *out = malloc (sizeof (float) * width * height);
          double *exact = malloc (sizeof (double) * width * height);

          albef_map_enlarge ((const float *) maps->data + m * cells, (int) maps->shape[2], (int) maps->shape[1], out,
                             width, height);
          for (int k = 0; k < width * height; k++)
            exact[k] = out[k];
          best = fmin (best, relative_error (exact, wanted->data, wanted->n_elements));
          free (out);
          free (exact);
        }
      if (!tap_ok (best < 3e-6, "/enlarge/%s as PyTorch", wanted->name))
        tap_note ("relative error %.3g", best);
      n_checked++;
    }
  tap_ok (n_checked >= 3, "/enlarge/the reference has %d maps", n_checked);
  tensor_file_free (file);
}

static void
test_enlarge_simple (void)
{
  const float cell = 3.5f, ramp[4] = { 0, 1, 2, 3 };
  float out[35];
  bool flat = true, mirrored = true;

  albef_map_enlarge (&cell, 1, 1, out, 5, 7);
  for (int i = 0; i < 35; i++)
    flat = flat && fabsf (out[i] - 3.5f) < 1e-5f;
  tap_ok (flat, "/enlarge/one cell gives a flat map");
  albef_map_enlarge (ramp, 4, 1, out, 4, 1);
  tap_ok (memcmp (out, ramp, sizeof ramp) == 0, "/enlarge/the same size changes nothing");
  albef_map_enlarge (ramp, 4, 1, out, 12, 1);
  for (int i = 0; i < 12; i++)
    mirrored = mirrored && fabsf (out[i] + out[11 - i] - 3) < 1e-5f;
  tap_ok (mirrored, "/enlarge/half-pixel centres: a ramp stays symmetric");
}

static void
test_spread (void)
{
  const float map[8] = { 0, 1, 2, 4, 2.1f, 0, 0, 0 }, none[4] = { 0 };

  tap_near (albef_map_spread (map, 4, 2), 0.25, 1e-12, "/spread/cells strictly above half the peak");
  tap_near (albef_map_spread (none, 2, 2), 0, 0, "/spread/0 for an empty map");
}

/* ------------------------------------------------------------------------------------------------
 * The notebook's picture
 */

static void
test_notebook (void)
{
  TensorFile *file = reference_open ("visualization.safetensors");
  const TensorFileEntry *maps, *rgb;
  int width, height, grid;
  double *resized, *attmap, *overlay;

  if (file == NULL)
    return;
  maps = tensor_file_find (file, "gradcam");
  rgb = tensor_file_find (file, "rgb_image");
  grid = (int) maps->shape[1];
  height = (int) rgb->shape[0];
  width = (int) rgb->shape[1];
  resized = malloc (sizeof (double) * width * height);
  attmap = malloc (sizeof (double) * width * height);
  overlay = malloc (sizeof (double) * width * height * 3);
  for (int word = 1; word < maps->shape[0]; word++)
    {
      const double *results[3] = { resized, attmap, overlay };
      const char *names[3] = { "resized", "attmap", "overlay" };

      notebook_attmap ((const float *) maps->data + word * grid * grid, grid, rgb->data, width, height, resized, attmap,
                       overlay);
      for (int i = 0; i < 3; i++)
        {
          char name[64];
          const TensorFileEntry *wanted;
          double error;

          snprintf (name, sizeof name, "word%d.%s", word, names[i]);
          wanted = tensor_file_find (file, name);
          if (wanted == NULL)
            continue;
          error = relative_error (results[i], wanted->data, wanted->n_elements);
          if (!tap_ok (error < 1e-5, "/notebook/%s", name))
            tap_note ("relative error %.3g", error);
        }
    }
  free (resized);
  free (attmap);
  free (overlay);
  tensor_file_free (file);
}

static void
test_notebook_empty (void)
{
  const float map[4] = { 2, 2, 2, 2 }, rgb[3 * 6] = { 0.5f, 0.25f };
  double resized[6], attmap[6], overlay[18];

  notebook_attmap (map, 2, rgb, 3, 2, resized, attmap, overlay);
  tap_ok (attmap[3] == 0 && overlay[0] == 0.5 && overlay[1] == 0.25, "/notebook/a flat map leaves the picture alone");
}

/* ------------------------------------------------------------------------------------------------
 * Colours
 */

static void
expect_colour (AlbefColours colours, double value, unsigned wanted)
{
  uint8_t rgb[3];

  albef_colours_lookup (colours, value, rgb);
  if (!tap_ok (((unsigned) rgb[0] << 16 | rgb[1] << 8 | rgb[2]) == wanted, "/colours/%s at %g",
               albef_colours_name (colours), value))
    tap_note ("got %02x%02x%02x, wanted %06x", rgb[0], rgb[1], rgb[2], wanted);
}

static void
test_colours (void)
{
  bool named = true;

  for (int i = 0; i < ALBEF_N_COLOURS; i++)
    named = named && *albef_colours_name (i) != 0;
  tap_ok (named, "/colours/each has a name");
  expect_colour (ALBEF_COLOURS_VIRIDIS, 0, 0x470155);
  expect_colour (ALBEF_COLOURS_VIRIDIS, 1, 0xfce721);
  expect_colour (ALBEF_COLOURS_VIRIDIS, NAN, 0x470155);
  expect_colour (ALBEF_COLOURS_VIRIDIS, 7, 0xfce721);
  expect_colour (ALBEF_COLOURS_VIRIDIS, -7, 0x470155);
  expect_colour (ALBEF_COLOURS_MAGMA, 0, 0x000004);
  expect_colour (ALBEF_COLOURS_MAGMA, 1, 0xfcfdbf);
  expect_colour (ALBEF_COLOURS_TURBO, 1, 0x7a0402);
  expect_colour (ALBEF_COLOURS_GREY, 0.5, 0x808080);
  /* matplotlib's 256 entries, first and last ones and corners */
  expect_colour (ALBEF_COLOURS_JET, 0, 0x000080);
  expect_colour (ALBEF_COLOURS_JET, 1, 0x800000);
  expect_colour (ALBEF_COLOURS_JET, 0.5, 0x7dff7a);
  expect_colour (ALBEF_COLOURS_JET, 0.25, 0x0081ff);
  expect_colour (ALBEF_COLOURS_JET, 0.75, 0xff9400);
}

/* ------------------------------------------------------------------------------------------------
 * Composing
 */

#define WIDTH 61
#define HEIGHT 43
#define GRID_WIDTH 5
#define GRID_HEIGHT 4

static uint8_t picture[HEIGHT][WIDTH][4];
static float map[GRID_HEIGHT * GRID_WIDTH];

static void
picture_make (void)
{
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      for (int c = 0; c < 4; c++)
        picture[y][x][c] = (x * 7 + y * 13 + c * 61 + x * y) % 256;
  for (int i = 0; i < GRID_WIDTH * GRID_HEIGHT; i++)
    map[i] = i % 3 == 0 ? 0 : (float) (i % 7) / 3;
}

/* The header's formula for one pixel of a map enlarged over the whole picture. rgb: in and out. */
static void
compose_slowly (double value, const AlbefOverlay *overlay, double rgb[3])
{
  double v = value / overlay->scale, t = overlay->threshold;
  double a = overlay->opacity * pow (fmin (fmax ((v - t) / (1 - t), 0), 1), 0.8), grey = fmin (1, 1.4 * a);
  double luma = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
  uint8_t colour[3];

  albef_colours_lookup (overlay->colours, v, colour);
  for (int c = 0; c < 3; c++)
    rgb[c] = (1 - a) * ((1 - grey) * rgb[c] + grey * luma) + a * colour[c];
}

/* Composes the whole picture with 3 or 4 channels and returns the largest difference from the formula. */
static double
compose_error (int channels, const AlbefOverlay *overlay)
{
  static uint8_t in[HEIGHT * WIDTH * 4], out[HEIGHT * WIDTH * 4];
  static float values[HEIGHT * WIDTH];
  double worst = 0;

  for (int i = 0; i < HEIGHT * WIDTH; i++)
    memcpy (in + i * channels, picture[i / WIDTH][i % WIDTH], channels);
  albef_map_enlarge (map, GRID_WIDTH, GRID_HEIGHT, values, WIDTH, HEIGHT);
  albef_overlay_compose (in, WIDTH, HEIGHT, WIDTH * channels, channels, map, GRID_WIDTH, GRID_HEIGHT, 0, 0, WIDTH,
                         HEIGHT, overlay, out, WIDTH * channels);
  for (int i = 0; i < HEIGHT * WIDTH; i++)
    {
      const uint8_t *before = in + i * channels, *after = out + i * channels;
      double rgb[3];

      for (int c = 0; c < 3; c++)
        rgb[c] = before[channels == 4 ? 2 - c : c];
      compose_slowly (values[i], overlay, rgb);
      for (int c = 0; c < 3; c++)
        worst = fmax (worst, fabs (rgb[c] - after[channels == 4 ? 2 - c : c]));
      if (channels == 4 && before[3] != after[3])
        return 256;
      if (values[i] < overlay->threshold * overlay->scale && memcmp (before, after, channels) != 0)
        return 512;
    }
  return worst;
}

static void
test_compose (void)
{
  AlbefOverlay overlay = { ALBEF_COLOURS_VIRIDIS, 0.8, 0.1, 2 };

  for (int colours = 0; colours < ALBEF_N_COLOURS; colours++)
    for (int channels = 3; channels <= 4; channels++)
      {
        double error;

        overlay.colours = colours;
        error = compose_error (channels, &overlay);
        /* One step of rounding, and a colour entry at most one step away. */
        if (!tap_ok (error < 3.5, "/compose/%s, %d channels", albef_colours_name (colours), channels))
          tap_note ("differs by %g", error);
      }
  overlay = (AlbefOverlay){ ALBEF_COLOURS_GREY, 1, 0, 0.4 };
  tap_ok (compose_error (4, &overlay) < 3.5, "/compose/opaque, without threshold, values above the scale");
  overlay = (AlbefOverlay){ ALBEF_COLOURS_GREY, 0.5, 1, 10 };
  tap_ok (compose_error (3, &overlay) == 0,
          "/compose/threshold 1 leaves the picture where the map stays below its scale");
}

static void
test_compose_places (void)
{
  const AlbefOverlay overlay = { ALBEF_COLOURS_GREY, 1, 0, 1 };
  const float one = 1;
  uint8_t out[HEIGHT][WIDTH][4], again[HEIGHT][WIDTH][4];
  bool inside = true, outside = true;

  albef_overlay_compose (&picture[0][0][0], WIDTH, HEIGHT, WIDTH * 4, 4, &one, 1, 1, 10.4, -7, 20.2, 30.6, &overlay,
                         &out[0][0][0], WIDTH * 4);
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      if (x + 0.5 >= 10.4 && x + 0.5 < 30.6 && y + 0.5 < 23.6)
        inside = inside && out[y][x][0] == 255 && out[y][x][1] == 255 && out[y][x][2] == 255
                 && out[y][x][3] == picture[y][x][3];
      else
        outside = outside && memcmp (out[y][x], picture[y][x], 4) == 0;
  tap_ok (inside, "/compose/the map covers the pixels whose centres it covers");
  tap_ok (outside, "/compose/other pixels are untouched");
  memcpy (again, picture, sizeof again);
  albef_overlay_compose (&again[0][0][0], WIDTH, HEIGHT, WIDTH * 4, 4, &one, 1, 1, 10.4, -7, 20.2, 30.6, &overlay,
                         &again[0][0][0], WIDTH * 4);
  tap_ok (memcmp (again, out, sizeof out) == 0, "/compose/in place gives the same");
  albef_overlay_compose (&picture[0][0][0], WIDTH, HEIGHT, WIDTH * 4, 4, &one, 1, 1, 500, 500, 20, 20, &overlay,
                         &again[0][0][0], WIDTH * 4);
  tap_ok (memcmp (again, picture, sizeof again) == 0, "/compose/a map beside the picture changes nothing");
  albef_overlay_compose (&picture[0][0][0], WIDTH, HEIGHT, WIDTH * 4, 4, &one, 1, 1, -1e9, -1e9, 2e9, 2e9, &overlay,
                         &again[0][0][0], WIDTH * 4);
  tap_ok (again[5][5][0] == 255, "/compose/a map far larger than the picture");
  albef_overlay_compose (&picture[0][0][0], WIDTH, HEIGHT, WIDTH * 4, 4, &one, 1, 1, NAN, 0, 20, 20, &overlay,
                         &again[0][0][0], WIDTH * 4);
  tap_ok (memcmp (again, picture, sizeof again) == 0, "/compose/a place that is no number changes nothing");
}

static void
test_compose_values (void)
{
  AlbefOverlay overlay = { ALBEF_COLOURS_GREY, 1, 0.1, 0 };
  const float bad[4] = { NAN, NAN, NAN, NAN };
  uint8_t out[HEIGHT][WIDTH][4];

  albef_overlay_compose (&picture[0][0][0], WIDTH, HEIGHT, WIDTH * 4, 4, map, GRID_WIDTH, GRID_HEIGHT, 0, 0, WIDTH,
                         HEIGHT, &overlay, &out[0][0][0], WIDTH * 4);
  tap_ok (memcmp (out, picture, sizeof out) == 0, "/compose/scale 0 (no map has a peak) leaves the picture");
  overlay.scale = 1;
  albef_overlay_compose (&picture[0][0][0], WIDTH, HEIGHT, WIDTH * 4, 4, bad, 2, 2, 0, 0, WIDTH, HEIGHT, &overlay,
                         &out[0][0][0], WIDTH * 4);
  tap_ok (memcmp (out, picture, sizeof out) == 0, "/compose/values that are no numbers leave the picture");
}

int
main (void)
{
  picture_make ();
  test_enlarge ();
  test_enlarge_simple ();
  test_spread ();
  test_notebook ();
  test_notebook_empty ();
  test_colours ();
  test_compose ();
  test_compose_places ();
  test_compose_values ();
  return tap_done ();
}
