/* SPDX-License-Identifier: MIT
 * Resizing against Pillow 9.4 (fixtures/image/resize.txt), and the test transform. */
#include "image.h"
#include "preprocess.h"
#include "resize.h"
#include "tap.h"

#include <stdlib.h>

/* The pictures of make.py. */
static uint8_t *
formula (int width, int height)
{
  uint8_t *pixels = malloc ((size_t) width * height * 3), *at = pixels;

  for (int64_t y = 0; y < height; y++)
    for (int64_t x = 0; x < width; x++)
      for (int c = 0; c < 3; c++)
        *at++ = ((x * x * (c + 3) + y * y * 5 + x * y * (7 - c)) / 11 + ((x * 31 + y * 17 + c * 5) % 23 == 0) * 200)
                % 256;
  return pixels;
}

static uint64_t
fnv (const uint8_t *bytes, size_t length)
{
  uint64_t value = UINT64_C (0xcbf29ce484222325);

  for (size_t i = 0; i < length; i++)
    value = (value ^ bytes[i]) * UINT64_C (0x100000001b3);
  return value;
}

static void
test_against_pillow (const char *path)
{
  FILE *stream = fopen (path, "r");
  int width, height, out_width, out_height, n_lines = 0;
  unsigned long long wanted;

  while (stream != NULL && fscanf (stream, "%d %d %d %d %llx", &width, &height, &out_width, &out_height, &wanted) == 5)
    {
      uint8_t *pixels = formula (width, height), *out = malloc ((size_t) out_width * out_height * 3);

      tap_ok (resize_bicubic (pixels, width, height, out, out_width, out_height)
                  && fnv (out, (size_t) out_width * out_height * 3) == wanted,
              "/resize/%d x %d to %d x %d as Pillow", width, height, out_width, out_height);
      free (pixels);
      free (out);
      n_lines++;
    }
  tap_ok (n_lines == 14, "/resize/all lines of resize.txt were read");
  if (stream != NULL)
    fclose (stream);
}

static void
test_api (void)
{
  uint8_t *pixels = formula (60, 47);
  AlbefImage *image = NULL, *resized = NULL, *none = NULL;
  AlbefError error = ALBEF_ERROR_INIT;
  uint8_t direct[23 * 31 * 3];

  albef_image_from_pixels (pixels, 60, 47, &image, &error);
  tap_ok (albef_image_resize (image, 23, 31, &resized, &error) == ALBEF_OK, "/resize/api/resized");
  resize_bicubic (pixels, 60, 47, direct, 23, 31);
  tap_ok (albef_image_width (resized) == 23 && albef_image_height (resized) == 31
              && memcmp (albef_image_pixels (resized), direct, sizeof direct) == 0,
          "/resize/api/same pixels as the inner function");
  tap_ok (albef_image_stored_width (resized) == 60, "/resize/api/stored size is kept");
  tap_ok (albef_image_resize (image, 0, 5, &none, &error) == ALBEF_ERROR_ARGUMENT && none == NULL,
          "/resize/api/no pixels are refused");
  tap_ok (albef_image_resize (image, 100000, 100000, &none, &error) == ALBEF_ERROR_LIMIT && none == NULL,
          "/resize/api/too many pixels are refused");
  albef_image_free (image);
  albef_image_free (resized);
  free (pixels);
}

/* The wanted levels were computed with PyTorch in float32 as torchvision does: div (255), sub (mean), div (std). */
static void
test_preprocess (void)
{
  uint8_t *pixels = formula (60, 47);
  AlbefImage *image = image_new (pixels, 60, 47);
  float out[3 * 8 * 8], direct[3 * 8 * 8];
  uint8_t resized[8 * 8 * 3];
  const uint8_t levels[4 * 3] = { 0, 0, 0, 255, 255, 255, 1, 128, 254, 77, 200, 33 };
  const float wanted[3][4] = { { -1.79226255f, 1.93033612f, -1.77766407f, -0.668183625f },
                               { -1.75209713f, 2.0748837f, 0.168897316f, 1.24945652f },
                               { -1.48021984f, 2.14589691f, 2.13167715f, -1.01095748f } };
  float got[3 * 4];
  bool same = true;

  tap_ok (preprocess_image (image, 8, preprocess_mean, preprocess_std, out), "/preprocess/done");
  resize_bicubic (pixels, 60, 47, resized, 8, 8);
  preprocess_pixels (resized, 8, preprocess_mean, preprocess_std, direct);
  tap_ok (memcmp (out, direct, sizeof out) == 0, "/preprocess/resize, then normalise");
  preprocess_pixels (levels, 2, preprocess_mean, preprocess_std, got);
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < 4; i++)
      same = same && got[c * 4 + i] == wanted[c][i];
  if (!tap_ok (same, "/preprocess/levels are those of torchvision to the last bit"))
    for (int i = 0; i < 12; i++)
      tap_note ("%.9g wanted %.9g", got[i], wanted[i / 4][i % 4]);
  albef_image_free (image);
}

int
main (void)
{
  char path[512];

  snprintf (path, sizeof path, "%s/fixtures/image/resize.txt", getenv ("ALIDADE_TESTS"));
  test_against_pillow (path);
  test_api ();
  test_preprocess ();
  return tap_done ();
}
