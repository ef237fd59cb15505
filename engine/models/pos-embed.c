/* SPDX-License-Identifier: MIT */
#include "pos-embed.h"

#include <math.h>
#include <string.h>

/* Keys' cubic convolution at distance t from the second of four neighbours. */
static void
cubic_weights (double t, float weights[4])
{
  const double a = -0.75;
  double near[2] = { t, 1 - t }, far[2] = { t + 1, 2 - t };

  for (int i = 0; i < 2; i++)
    {
      double n = near[i], f = far[i];

      weights[i == 0 ? 1 : 2] = ((a + 2) * n - (a + 3)) * n * n + 1;
      weights[i == 0 ? 0 : 3] = ((a * f - 5 * a) * f + 8 * a) * f - 4 * a;
    }
}

static int
clamp (int x, int n)
{
  return x < 0 ? 0 : x >= n ? n - 1 : x;
}

/* Position of output cell `i` on the input grid: its second neighbour and the weights. */
static int
place (int i, int in_grid, int out_grid, float weights[4])
{
  double at = (i + 0.5) * in_grid / out_grid - 0.5;

  cubic_weights (at - floor (at), weights);
  return floor (at);
}

void
pos_embed_interpolate (const float *in, int in_grid, float *out, int out_grid, int width)
{
  memcpy (out, in, width * sizeof *out);
  if (in_grid == out_grid)
    {
      memcpy (out, in, ((size_t) in_grid * in_grid + 1) * width * sizeof *out);
      return;
    }
  in += width;
  out += width;
  for (int y = 0; y < out_grid; y++)
    for (int x = 0; x < out_grid; x++)
      {
        float wy[4], wx[4], *to = out + ((size_t) y * out_grid + x) * width;
        int y0 = place (y, in_grid, out_grid, wy), x0 = place (x, in_grid, out_grid, wx);

        memset (to, 0, width * sizeof *to);
        for (int j = 0; j < 4; j++)
          for (int i = 0; i < 4; i++)
            {
              const float *from
                  = in + ((size_t) clamp (y0 - 1 + j, in_grid) * in_grid + clamp (x0 - 1 + i, in_grid)) * width;

              for (int c = 0; c < width; c++)
                to[c] += wy[j] * wx[i] * from[c];
            }
      }
}
