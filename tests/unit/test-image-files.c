/* SPDX-License-Identifier: MIT
 * Scaled opening, and writing PNG files. */
#include "albef.h"
#include "tap.h"

#include <png.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/albef-test-XXXXXX";

static char *
in_folder (const char *name)
{
  static char path[256];

  snprintf (path, sizeof path, "%s/%s", folder, name);
  return path;
}

/* A slope with known values at its ends, so that a scaled picture can be judged without another decoder. */
static uint8_t *
slope (int width, int height, int channels)
{
  uint8_t *pixels = malloc ((size_t) width * height * channels), *at = pixels;

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      for (int c = 0; c < channels; c++)
        *at++ = c == 0 ? x * 255 / (width - 1) : c == 1 ? y * 255 / (height - 1) : c == 2 ? 90 : 255;
  return pixels;
}

static void
test_round_trip (void)
{
  uint8_t *pixels = slope (40, 30, 3);
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;
  const char *path = in_folder ("a.png");

  tap_ok (albef_png_write (path, pixels, 40, 30, 3, NULL, 0, &error) == ALBEF_OK, "/png-write/written");
  tap_ok (albef_image_open (path, ALBEF_IMAGE_STORED, &image, &error) == ALBEF_OK && albef_image_width (image) == 40
              && memcmp (albef_image_pixels (image), pixels, 40 * 30 * 3) == 0,
          "/png-write/RGB comes back");
  albef_image_free (image);
  image = NULL;
  free (pixels);
  pixels = slope (40, 30, 4);
  pixels[3] = 0;
  albef_png_write (path, pixels, 40, 30, 4, NULL, 0, &error);
  tap_ok (albef_image_open (path, ALBEF_IMAGE_FOR_PEOPLE, &image, &error) == ALBEF_OK
              && albef_image_pixels (image)[0] == 255 && albef_image_pixels (image)[3] == pixels[4],
          "/png-write/RGBA comes back, over white");
  albef_image_free (image);
  free (pixels);
  unlink (path);
}

/* Text `keyword` of a PNG file, read by libpng; the kind of chunk into *compression. */
static bool
has_text (const char *path, const char *keyword, const char *wanted, int *compression)
{
  FILE *stream = fopen (path, "rb");
  png_structp png = png_create_read_struct (PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct (png);
  png_textp texts;
  int n = 0;
  volatile bool found = false;

  if (stream != NULL && setjmp (png_jmpbuf (png)) == 0)
    {
      png_init_io (png, stream);
      png_read_info (png, info);
      png_get_text (png, info, &texts, &n);
      for (int i = 0; i < n; i++)
        if (strcmp (texts[i].key, keyword) == 0 && strcmp (texts[i].text, wanted) == 0)
          {
            found = true;
            *compression = texts[i].compression;
          }
    }
  png_destroy_read_struct (&png, &info, NULL);
  if (stream != NULL)
    fclose (stream);
  return found;
}

static void
test_texts (void)
{
  const char *texts[] = { "Command",
                          "albef maps dog.png 'a dog'",
                          "Title",
                          "caf\xc3\xa9\nbar",
                          "Sentence",
                          "\xe4\xb8\x80\xe5\x8c\xb9\xe9\xa6\xac \xf0\x9f\x90\xb4",
                          "Broken",
                          "a\xff"
                          "b",
                          "Empty",
                          "" };
  const char *no_key[] = { "", "x" };
  char long_key[] = "k234567890123456789012345678901234567890123456789012345678901234567890123456789x";
  const char *too_long[] = { long_key, "x" };
  uint8_t *pixels = slope (5, 4, 3);
  const char *path = in_folder ("texts.png");
  AlbefError error = ALBEF_ERROR_INIT;
  int kind = -1;

  tap_ok (albef_png_write (path, pixels, 5, 4, 3, texts, 5, &error) == ALBEF_OK, "/png-write/written with texts");
  tap_ok (has_text (path, "Command", texts[1], &kind) && kind == PNG_TEXT_COMPRESSION_NONE, "/png-write/ASCII is tEXt");
  tap_ok (has_text (path, "Title", "caf\xe9\nbar", &kind) && kind == PNG_TEXT_COMPRESSION_NONE,
          "/png-write/Latin-1 is tEXt in Latin-1");
  tap_ok (has_text (path, "Sentence", texts[5], &kind) && kind == PNG_ITXT_COMPRESSION_NONE,
          "/png-write/the rest is iTXt");
  tap_ok (has_text (path, "Broken",
                    "a\xef\xbf\xbd"
                    "b",
                    &kind),
          "/png-write/ill-formed bytes become U+FFFD");
  tap_ok (has_text (path, "Empty", "", &kind), "/png-write/an empty text");
  tap_ok (albef_png_write (path, pixels, 5, 4, 3, no_key, 1, &error) == ALBEF_ERROR_ARGUMENT, "/png-write/no keyword");
  tap_ok (albef_png_write (path, pixels, 5, 4, 3, too_long, 1, &error) == ALBEF_ERROR_ARGUMENT,
          "/png-write/keyword of 80 letters");
  tap_ok (has_text (path, "Command", texts[1], &kind), "/png-write/the old file is still there");
  free (pixels);
  unlink (path);
}

static void
test_failures (void)
{
  uint8_t *pixels = slope (5, 4, 3);
  AlbefError error = ALBEF_ERROR_INIT;
  char *path = in_folder ("missing/a.png");

  tap_ok (albef_png_write (path, pixels, 5, 4, 3, NULL, 0, &error) == ALBEF_ERROR_FILE
              && strstr (error.message, "missing/a.png") != NULL && strstr (error.message, "No such file") != NULL,
          "/png-write/a folder that is not there");
  tap_ok (albef_png_write (folder, pixels, 5, 4, 3, NULL, 0, &error) == ALBEF_ERROR_FILE, "/png-write/onto a folder");
  tap_ok (rmdir (folder) == 0 && mkdir (folder, 0700) == 0, "/png-write/nothing is left behind");
  tap_ok (albef_png_write (path, pixels, 5, 4, 2, NULL, 0, &error) == ALBEF_ERROR_ARGUMENT, "/png-write/two channels");
  if (access ("/dev/full", W_OK) == 0)
    tap_ok (albef_png_write ("/dev/full/x", pixels, 5, 4, 3, NULL, 0, &error) == ALBEF_ERROR_FILE,
            "/png-write/below a file");
  free (pixels);
}

/* Largest difference of a scaled slope from the slope it should be. */
static int
slope_error (const AlbefImage *image)
{
  int width = albef_image_width (image), height = albef_image_height (image), worst = 0;
  const uint8_t *at = albef_image_pixels (image);

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++, at += 3)
      {
        int r = abs (at[0] - (int) ((x + 0.5) * 255 / width)), g = abs (at[1] - (int) ((y + 0.5) * 255 / height));

        worst = r > worst ? r : worst;
        worst = g > worst ? g : worst;
      }
  return worst;
}

static void
expect_scaled (const char *path, int max_side, int width, int height, bool is_slope)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;
  AlbefStatus status = albef_image_open_scaled (path, ALBEF_IMAGE_FOR_PEOPLE, max_side, &image, &error);

  if (status == ALBEF_ERROR_UNSUPPORTED)
    {
      tap_skip (path, "built without this format");
      return;
    }
  tap_ok (status == ALBEF_OK && albef_image_width (image) == width && albef_image_height (image) == height,
          "/scaled/%s to %d is %d x %d", strrchr (path, '/') + 1, max_side, width, height);
  if (status != ALBEF_OK)
    tap_note ("%s", error.message);
  else if (albef_image_width (image) != width || albef_image_height (image) != height)
    tap_note ("but %d x %d", albef_image_width (image), albef_image_height (image));
  if (is_slope && status == ALBEF_OK)
    tap_ok (slope_error (image) <= 6, "/scaled/%s to %d keeps its colours (within %d)", strrchr (path, '/') + 1,
            max_side, slope_error (image));
  albef_image_free (image);
}

static void
test_scaled (void)
{
  uint8_t *pixels = slope (400, 300, 3);
  const char *files[] = { "rgb420.jpg", "cmyk.jpg", "grey-progressive.jpg" };
  char path[512];

  albef_png_write (in_folder ("slope.png"), pixels, 400, 300, 3, NULL, 0, NULL);
  expect_scaled (in_folder ("slope.png"), 100, 100, 75, true);
  expect_scaled (in_folder ("slope.png"), 7, 7, 5, false);
  expect_scaled (in_folder ("slope.png"), 1, 1, 1, false);
  expect_scaled (in_folder ("slope.png"), 5000, 400, 300, true);
  unlink (in_folder ("slope.png"));
  for (int i = 0; i < 3; i++)
    {
      snprintf (path, sizeof path, "%s/fixtures/image/%s", getenv ("ALIDADE_TESTS"), files[i]);
      expect_scaled (path, 20, 20, i == 1 ? 12 : 14, false);
    }
  snprintf (path, sizeof path, "%s/fixtures/image/exif6.jpg", getenv ("ALIDADE_TESTS"));
  expect_scaled (path, 10, 6, 10, false);
  snprintf (path, sizeof path, "%s/fixtures/image/lossy-alpha.webp", getenv ("ALIDADE_TESTS"));
  expect_scaled (path, 7, 7, 5, false);
  snprintf (path, sizeof path, "%s/fixtures/image/animated.webp", getenv ("ALIDADE_TESTS"));
  expect_scaled (path, 7, 7, 5, false);
  snprintf (path, sizeof path, "%s/fixtures/image/slope.jpg", getenv ("ALIDADE_TESTS"));
  for (int side = 10; side <= 160; side += 15)
    expect_scaled (path, side, side, (side * 3 + 2) / 4, side >= 40);
  snprintf (path, sizeof path, "%s/fixtures/image/slope.webp", getenv ("ALIDADE_TESTS"));
  expect_scaled (path, 50, 50, 38, false);
  free (pixels);
}

static void
test_scaled_facts (void)
{
  AlbefImage *scaled = NULL;
  char path[512];

  snprintf (path, sizeof path, "%s/fixtures/image/slope.jpg", getenv ("ALIDADE_TESTS"));
  tap_ok (albef_image_open_scaled (path, ALBEF_IMAGE_STORED, 18, &scaled, NULL) == ALBEF_OK
              && albef_image_stored_width (scaled) == 160 && albef_image_stored_height (scaled) == 120,
          "/scaled/the stored size is the file's");
  albef_image_free (scaled);
}

int
main (void)
{
  if (mkdtemp (folder) == NULL)
    return 99;
  test_round_trip ();
  test_texts ();
  test_failures ();
  test_scaled ();
  test_scaled_facts ();
  rmdir (folder);
  return tap_done ();
}
