/* SPDX-License-Identifier: MIT
 * What lies behind a scene: gradients, clouds, stripes, checks, or sky and ground, often with noise. Integers alone. */
#include <stdlib.h>

#include "error.h"
#include "row-kernel.h"
#include "scene-parts.h"

typedef struct
{
  int from[3], to[3]; /* colours */
} Ramp;

static void
random_colour (Random *random, int colour[3])
{
  int light = random_next_below (random, 3); /* dark, any, pale */

  for (int c = 0; c < 3; c++)
    colour[c] = light == 0   ? 20 + random_next_below (random, 110)
                : light == 1 ? random_next_below (random, 256)
                             : 140 + random_next_below (random, 116);
}

/* `near`: chance that the second colour is near the first; else it is any. */
static Ramp
random_ramp (Random *random, double near)
{
  Ramp ramp;

  random_colour (random, ramp.from);
  random_colour (random, ramp.to);
  if (random_next_chance (random, near))
    for (int c = 0; c < 3; c++)
      ramp.to[c] = (3 * ramp.from[c] + ramp.to[c]) / 4;
  return ramp;
}

/* t: 0 .. 256. */
static inline void
paint (uint8_t *pixel, const Ramp *ramp, int t)
{
  for (int c = 0; c < 3; c++)
    pixel[c] = (uint8_t) (ramp->from[c] + ((ramp->to[c] - ramp->from[c]) * t) / 256);
}

static void
draw_gradient (Random *random, uint8_t *pixels, int size)
{
  Ramp ramp = random_ramp (random, 0.3);
  int gx = random_next_below (random, 257), gy = 256 - gx, turn = random_next_below (random, 2);

  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++)
      paint (pixels + ((size_t) y * (size_t) size + (size_t) x) * 3, &ramp,
             (gx * (turn ? size - 1 - x : x) + gy * y) / (size > 1 ? size - 1 : 1));
}

static void
draw_stripes (Random *random, uint8_t *pixels, int size)
{
  Ramp ramp = random_ramp (random, 0.9);
  int width = size / 16 + random_next_below (random, size / 5 + 1) + 1;
  int gx = random_next_below (random, 3) - 1, gy = gx == 0 ? 1 : random_next_below (random, 2), offset = 2 * size;

  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++)
      paint (pixels + ((size_t) y * (size_t) size + (size_t) x) * 3, &ramp,
             ((gx * x + gy * y + offset) / width & 1) * 256);
}

static void
draw_checks (Random *random, uint8_t *pixels, int size)
{
  Ramp ramp = random_ramp (random, 0.9);
  int width = size / 16 + random_next_below (random, size / 5 + 1) + 1;

  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++)
      paint (pixels + ((size_t) y * (size_t) size + (size_t) x) * 3, &ramp, ((x / width + y / width) & 1) * 256);
}

/* Soft patches: a coarse grid of random shades, enlarged linearly. */
static void
draw_clouds (Random *random, uint8_t *pixels, int size)
{
  Ramp ramp = random_ramp (random, 0.5);
  int cells = 2 + random_next_below (random, 5), shades[8][8];

  for (int j = 0; j <= cells; j++)
    for (int i = 0; i <= cells; i++)
      shades[j][i] = random_next_below (random, 257);
  for (int y = 0; y < size; y++)
    {
      int v = y * cells * 256 / size, j = v >> 8, fy = v & 255;

      for (int x = 0; x < size; x++)
        {
          int u = x * cells * 256 / size, i = u >> 8, fx = u & 255;
          int above = shades[j][i] * (256 - fx) + shades[j][i + 1] * fx;
          int below = shades[j + 1][i] * (256 - fx) + shades[j + 1][i + 1] * fx;

          paint (pixels + ((size_t) y * (size_t) size + (size_t) x) * 3, &ramp,
                 (above * (256 - fy) + below * fy) >> 16);
        }
    }
}

static void
draw_ground (Random *random, uint8_t *pixels, int size)
{
  Ramp sky = { { 90 + random_next_below (random, 80), 150 + random_next_below (random, 60),
                 225 + random_next_below (random, 30) },
               { 200 + random_next_below (random, 55), 225 + random_next_below (random, 30), 245 } };
  Ramp ground = random_ramp (random, 0.6);
  int horizon = size * (40 + random_next_below (random, 40)) / 100;

  if (random_next_chance (random, 0.6)) /* grass or sand */
    {
      bool grass = random_next_chance (random, 0.6);

      ground.from[0] = (grass ? 70 : 190) + random_next_below (random, 40);
      ground.from[1] = (grass ? 140 : 160) + random_next_below (random, 50);
      ground.from[2] = (grass ? 50 : 100) + random_next_below (random, 40);
      for (int c = 0; c < 3; c++)
        ground.to[c] = ground.from[c] * 3 / 4;
    }
  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++)
      paint (pixels + ((size_t) y * (size_t) size + (size_t) x) * 3, y < horizon ? &sky : &ground,
             y < horizon ? y * 256 / horizon : (y - horizon) * 256 / (size - horizon));
}

/* Adds numbers from -strength to strength. noise: [n] bytes. */
ROW_KERNEL static void
add_noise (uint8_t *pixels, const uint8_t *noise, size_t n, int strength)
{
  for (size_t i = 0; i < n; i++)
    {
      int v = pixels[i] + ((noise[i] * (2 * strength + 1)) >> 8) - strength;

      pixels[i] = (uint8_t) (v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

static void
draw_noise (Random *random, uint8_t *pixels, int size, int strength)
{
  uint64_t stream = random_next (random);
  size_t n = (size_t) size * (size_t) size * 3;

  for (size_t done = 0; done < n; done += 1536)
    {
      size_t length = n - done < 1536 ? n - done : 1536;
      uint8_t noise[1536];

      for (size_t i = 0; i < length; i += 16)
        {
          uint32_t block[4];

          random_block (random->seed, stream, (done + i) / 16, block);
          for (size_t k = 0; k < 16; k++)
            noise[i + k] = (uint8_t) (block[k / 4] >> 8 * (k % 4));
        }
      add_noise (pixels + done, noise, length, strength);
    }
}

void
background_draw (Random *random, uint8_t *pixels, int size)
{
  int kind = random_next_below (random, 5);

  if (kind == 0)
    draw_stripes (random, pixels, size);
  else if (kind == 1)
    draw_checks (random, pixels, size);
  else if (kind == 2)
    draw_ground (random, pixels, size);
  else if (kind == 3)
    draw_clouds (random, pixels, size);
  else
    draw_gradient (random, pixels, size);
  if (random_next_chance (random, 0.6))
    draw_noise (random, pixels, size, 2 + random_next_below (random, 9));
}
