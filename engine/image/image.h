/* SPDX-License-Identifier: MIT
 * image.h: the picture everybody passes around: 8-bit RGB, tightly packed, immutable once made. */
#pragma once

#include "albef.h"

struct AlbefImage
{
  int width, height;               /* of `pixels` */
  int stored_width, stored_height; /* full size in the file's own grid, before turning and scaling */
  int orientation;                 /* EXIF, 1-8 */
  uint64_t key;                    /* hash of width, height and pixels */
  uint8_t *pixels;                 /* [height][width][3] */
};

/* Takes over `pixels` (malloc'ed, [height][width][3]), computes the key and returns an image with stored size =
 * size and orientation 1. Never NULL. */
AlbefImage *image_new (uint8_t *pixels, int width, int height);

/* Turns [height][width][3] pixels upright by EXIF `orientation` 2-8 into out (same number of pixels; must not
 * overlap). From 5 on width and height change places. */
void pixels_turn (const uint8_t *pixels, int width, int height, int orientation, uint8_t *out);

/* 64-bit hash of `length` bytes, chained through `seed`. Not for security: for telling pictures apart. */
uint64_t bytes_hash (const void *bytes, size_t length, uint64_t seed);
