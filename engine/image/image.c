/* SPDX-License-Identifier: MIT */
#include "image.h"

#include "error.h"

#include <stdlib.h>
#include <string.h>

/* Halves of the 128-bit product folded together: every bit of both factors reaches the result. */
static uint64_t
mix (uint64_t a, uint64_t b)
{
  unsigned __int128 product = (unsigned __int128) a * b;

  return (uint64_t) product ^ (uint64_t) (product >> 64);
}

static uint64_t
load_u64 (const uint8_t *bytes)
{
  uint64_t value;

  memcpy (&value, bytes, sizeof value);
  return value;
}

uint64_t
bytes_hash (const void *bytes, size_t length, uint64_t seed)
{
  /* Odd constants with even bit counts; any such would do. Two chains run side by side for speed. */
  const uint64_t k0 = UINT64_C (0x9e3779b97f4a7c15), k1 = UINT64_C (0xd1b54a32d192ed03);
  const uint8_t *at = bytes;
  size_t left = length;
  uint64_t a = seed ^ k0, b = seed + k1;
  uint8_t tail[32] = { 0 };

  for (; left >= 32; at += 32, left -= 32)
    {
      a = mix (load_u64 (at) ^ k0 ^ a, load_u64 (at + 8) ^ k1);
      b = mix (load_u64 (at + 16) ^ k1 ^ b, load_u64 (at + 24) ^ k0);
    }
  if (left > 0)
    memcpy (tail, at, left);
  a = mix (load_u64 (tail) ^ k0 ^ a, load_u64 (tail + 8) ^ k1);
  b = mix (load_u64 (tail + 16) ^ k1 ^ b, load_u64 (tail + 24) ^ k0);
  return mix (mix (a ^ k0, b ^ k1) ^ length, k1);
}

AlbefImage *
image_new (uint8_t *pixels, int width, int height)
{
  AlbefImage *image = mem_new0 (1, sizeof *image);

  image->width = image->stored_width = width;
  image->height = image->stored_height = height;
  image->orientation = 1;
  image->pixels = pixels;
  image->key = bytes_hash (pixels, (size_t) width * height * 3, (uint64_t) (uint32_t) width << 32 | (uint32_t) height);
  return image;
}

void
pixels_turn (const uint8_t *pixels, int width, int height, int orientation, uint8_t *out)
{
  /* Pixel (x, y) of the upright picture lies at origin + x * step_x + y * step_y of the stored one. */
  ptrdiff_t row = (ptrdiff_t) width * 3, last_x = row - 3, last_y = row * (height - 1);
  ptrdiff_t origin = 0, step_x = 3, step_y = row;
  int out_width = orientation >= 5 ? height : width;
  int out_height = orientation >= 5 ? width : height;

  switch (orientation)
    {
    case 2:
      origin = last_x, step_x = -3, step_y = row;
      break;
    case 3:
      origin = last_y + last_x, step_x = -3, step_y = -row;
      break;
    case 4:
      origin = last_y, step_x = 3, step_y = -row;
      break;
    case 5:
      origin = 0, step_x = row, step_y = 3;
      break;
    case 6:
      origin = last_y, step_x = -row, step_y = 3;
      break;
    case 7:
      origin = last_y + last_x, step_x = -row, step_y = -3;
      break;
    case 8:
      origin = last_x, step_x = row, step_y = -3;
      break;
    default:
      break;
    }
  for (int y = 0; y < out_height; y++)
    {
      const uint8_t *in = pixels + origin + y * step_y;

      for (int x = 0; x < out_width; x++, in += step_x, out += 3)
        {
          out[0] = in[0];
          out[1] = in[1];
          out[2] = in[2];
        }
    }
}
