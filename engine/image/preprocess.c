/* SPDX-License-Identifier: MIT */
#include "preprocess.h"

#include "image.h"
#include "resize.h"

#include <stdlib.h>

const float preprocess_mean[3] = { 0.48145466f, 0.4578275f, 0.40821073f };
const float preprocess_std[3] = { 0.26862954f, 0.26130258f, 0.27577711f };

void
preprocess_pixels (const uint8_t *pixels, int resolution, const float mean[3], const float std[3], float *out)
{
  size_t n = (size_t) resolution * resolution;

  for (int c = 0; c < 3; c++)
    {
      float table[256];

      for (int v = 0; v < 256; v++)
        table[v] = ((float) v / 255.0f - mean[c]) / std[c];
      for (size_t i = 0; i < n; i++)
        out[c * n + i] = table[pixels[3 * i + c]];
    }
}

bool
preprocess_image (const AlbefImage *image, int resolution, const float mean[3], const float std[3], float *out)
{
  uint8_t *resized = malloc ((size_t) resolution * resolution * 3);
  bool done
      = resized != NULL && resize_bicubic (image->pixels, image->width, image->height, resized, resolution, resolution);

  if (done)
    preprocess_pixels (resized, resolution, mean, std, out);
  free (resized);
  return done;
}
