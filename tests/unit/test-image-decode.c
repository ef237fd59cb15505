/* SPDX-License-Identifier: MIT
 * Every picture of fixtures/image against what Pillow 9.4 read from it (expected.txt; make.py tells how). */
#include "albef.h"
#include "tap.h"

#include <stdlib.h>

static char *folder;

static int
hex_digit (int c)
{
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Largest difference of an image from pixels written as hex; 256 where the sizes differ. */
static int
difference (const AlbefImage *image, int width, int height, const char *hex)
{
  const uint8_t *pixels = albef_image_pixels (image);
  int worst = 0;

  if (albef_image_width (image) != width || albef_image_height (image) != height
      || strlen (hex) != (size_t) width * height * 6)
    return 256;
  for (int i = 0; i < width * height * 3; i++)
    {
      int d = abs (pixels[i] - (hex_digit (hex[2 * i]) << 4 | hex_digit (hex[2 * i + 1])));

      worst = d > worst ? d : worst;
    }
  return worst;
}

/* WebP is optional: a build without it says so, and only then is the check skipped. */
static bool
without_webp (const char *name, const AlbefError *error)
{
  if (error->status != ALBEF_ERROR_UNSUPPORTED || strstr (error->message, "by this build") == NULL)
    return false;
  tap_skip (name, "built without WebP");
  return true;
}

static void
test_line (char *line)
{
  char name[128], rule_name[16], path[512];
  int width, height, at = 0;
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;
  AlbefImageRule rule;

  if (sscanf (line, "%127s %15s %d %d %n", name, rule_name, &width, &height, &at) != 4 || at == 0)
    {
      tap_ok (false, "/image/expected.txt has a bad line");
      return;
    }
  line[strcspn (line, "\n")] = 0;
  snprintf (path, sizeof path, "%s/%s", folder, name);
  rule = strcmp (rule_name, "stored") == 0 ? ALBEF_IMAGE_STORED : ALBEF_IMAGE_FOR_PEOPLE;
  if (albef_image_open (path, rule, &image, &error) != ALBEF_OK)
    {
      if (without_webp (name, &error))
        return;
      tap_ok (false, "/image/%s/%s", rule_name, name);
      tap_note ("%s", error.message);
      return;
    }
  at = difference (image, width, height, line + at);
  if (!tap_ok (at == 0, "/image/%s/%s", rule_name, name))
    tap_note ("differs by up to %d", at);
  albef_image_free (image);
}

static void
test_probe (const char *name, int width, int height, int orientation)
{
  char path[512];
  AlbefError error = ALBEF_ERROR_INIT;
  int w = 0, h = 0, o = 0;

  snprintf (path, sizeof path, "%s/%s", folder, name);
  if (albef_image_probe (path, &w, &h, &o, &error) == ALBEF_OK || !without_webp (name, &error))
    tap_ok (error.status == ALBEF_OK && w == width && h == height && o == orientation, "/image/probe/%s", name);
}

static void
test_facts (void)
{
  char path[512];
  AlbefImage *stored = NULL, *upright = NULL, *again = NULL;

  snprintf (path, sizeof path, "%s/exif6.jpg", folder);
  if (!tap_ok (albef_image_open (path, ALBEF_IMAGE_STORED, &stored, NULL) == ALBEF_OK
                   && albef_image_open (path, ALBEF_IMAGE_FOR_PEOPLE, &upright, NULL) == ALBEF_OK,
               "/image/facts/opened without an AlbefError"))
    return;
  tap_ok (albef_image_width (stored) == 19 && albef_image_height (stored) == 12, "/image/facts/stored size");
  tap_ok (albef_image_width (upright) == 12 && albef_image_height (upright) == 19, "/image/facts/upright size");
  tap_ok (albef_image_stored_width (upright) == 19 && albef_image_stored_height (upright) == 12,
          "/image/facts/the upright image knows the stored size");
  tap_ok (albef_image_orientation (stored) == 6 && albef_image_orientation (upright) == 6, "/image/facts/orientation");
  tap_ok (albef_image_key (stored) != albef_image_key (upright), "/image/facts/other pixels, other key");
  albef_image_from_pixels (albef_image_pixels (stored), 19, 12, &again, NULL);
  tap_ok (albef_image_key (stored) == albef_image_key (again), "/image/facts/equal pixels, equal key");
  albef_image_free (again);
  albef_image_from_pixels (albef_image_pixels (stored), 12, 19, &again, NULL);
  tap_ok (albef_image_key (stored) != albef_image_key (again), "/image/facts/same bytes at another size, other key");
  albef_image_free (again);
  albef_image_free (stored);
  albef_image_free (upright);
  albef_image_free (NULL);
}

int
main (void)
{
  char path[512];
  char *line = NULL;
  size_t room = 0;
  int n_lines = 0;
  FILE *stream;

  if (asprintf (&folder, "%s/fixtures/image", getenv ("ALIDADE_TESTS")) < 0)
    return 99;
  snprintf (path, sizeof path, "%s/expected.txt", folder);
  stream = fopen (path, "r");
  while (stream != NULL && getline (&line, &room, stream) > 0)
    {
      test_line (line);
      n_lines++;
    }
  tap_ok (n_lines > 120, "/image/all lines of expected.txt were read (%d)", n_lines);
  if (stream != NULL)
    fclose (stream);
  free (line);
  test_probe ("exif6.png", 11, 9, 6);
  test_probe ("exif8-after.png", 11, 9, 8);
  test_probe ("exif7.jpg", 19, 12, 7);
  test_probe ("grey.jpg", 37, 26, 1);
  test_probe ("exif6.webp", 21, 15, 6);
  test_probe ("animated.webp", 21, 15, 1);
  test_probe ("max1000.pgm", 11, 9, 1);
  test_facts ();
  free (folder);
  return tap_done ();
}
