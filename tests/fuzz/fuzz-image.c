/* SPDX-License-Identifier: MIT
 * Every decoder, by both rules, whole, scaled and the header alone; what comes out is read to its last byte. */
#include "decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static volatile uint8_t sink;

/* Ends an attempt: an image or a sentence, never both, never neither. */
static void
take (AlbefStatus status, AlbefImage *image, const AlbefError *error)
{
  if ((status == ALBEF_OK) != (image != NULL) || (status != ALBEF_OK && error->message[0] == 0))
    abort ();
  if (image != NULL)
    {
      const uint8_t *pixels = albef_image_pixels (image);
      size_t n = (size_t) albef_image_width (image) * albef_image_height (image) * 3;
      uint8_t sum = 0;

      for (size_t i = 0; i < n; i++)
        sum ^= pixels[i];
      sink = sum;
    }
  albef_image_free (image);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;
  AlbefStatus status;
  char path[64];
  int fd;

  decode_max_pixels = 4000000;
  for (int rule = ALBEF_IMAGE_STORED; rule <= ALBEF_IMAGE_FOR_PEOPLE; rule++)
    {
      image = NULL;
      status = albef_image_from_bytes (data, size, "fuzz", rule, &image, &error);
      take (status, image, &error);
    }

  /* A file that exists in memory alone, for the functions that take a path. */
  fd = memfd_create ("fuzz", MFD_CLOEXEC);
  if (fd < 0 || write (fd, data, size) != (ssize_t) size)
    abort ();
  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  image = NULL;
  status = albef_image_open_scaled (path, ALBEF_IMAGE_FOR_PEOPLE, size % 97 + 1, &image, &error);
  if (image != NULL
      && (albef_image_width (image) > (int) (size % 97 + 1) || albef_image_height (image) > (int) (size % 97 + 1)))
    abort ();
  take (status, image, &error);
  albef_image_probe (path, NULL, NULL, (int[]){ 0 }, &error);
  close (fd);
  return 0;
}
