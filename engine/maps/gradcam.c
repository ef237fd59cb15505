/* SPDX-License-Identifier: MIT */
#include "gradcam.h"

#include <stdbool.h>
#include <string.h>

static bool
chosen (uint64_t head_set, int64_t head)
{
  return head_set == 0 || (head < 64 && (head_set >> head & 1) != 0);
}

static int64_t
count_chosen (uint64_t head_set, int64_t heads)
{
  int64_t n = 0;

  for (int64_t h = 0; h < heads; h++)
    n += chosen (head_set, h);
  return n;
}

void
gradcam_product (const float *attention, const float *gradient, const int64_t *mask, int64_t batch, int64_t heads,
                 int64_t tokens, int64_t image_tokens, float *product)
{
  int64_t patches = image_tokens - 1;

  for (int64_t b = 0; b < batch; b++)
    for (int64_t h = 0; h < heads; h++)
      for (int64_t t = 0; t < tokens; t++)
        {
          int64_t row = (b * heads + h) * tokens + t;
          const float *a = attention + row * image_tokens + 1;
          const float *g = gradient + row * image_tokens + 1;
          float *out = product + row * patches;

          if (mask != NULL && mask[b * tokens + t] == 0)
            memset (out, 0, (size_t) patches * sizeof *out);
          else
            for (int64_t i = 0; i < patches; i++)
              out[i] = g[i] > 0 ? a[i] * g[i] : 0;
        }
}

void
gradcam_mean_heads (const float *product, uint64_t head_set, int64_t batch, int64_t heads, int64_t tokens,
                    int64_t patches, float *out)
{
  int64_t block = tokens * patches, n = count_chosen (head_set, heads);

  for (int64_t b = 0; b < batch; b++)
    {
      float *to = out + b * block;

      memset (to, 0, (size_t) block * sizeof *to);
      for (int64_t h = 0; h < heads; h++)
        if (chosen (head_set, h))
          for (int64_t i = 0; i < block; i++)
            to[i] += product[(b * heads + h) * block + i];
      for (int64_t i = 0; n > 0 && i < block; i++)
        to[i] /= (float) n;
    }
}

void
gradcam_class_row (const float *attention, const float *gradient, uint64_t head_set, int64_t batch, int64_t heads,
                   int64_t image_tokens, float *out)
{
  int64_t patches = image_tokens - 1, n = count_chosen (head_set, heads);

  memset (out, 0, (size_t) (batch * patches) * sizeof *out);
  for (int64_t b = 0; b < batch; b++)
    for (int64_t h = 0; h < heads; h++)
      if (chosen (head_set, h))
        {
          int64_t at = (b * heads + h) * image_tokens * image_tokens + 1;

          for (int64_t i = 0; i < patches; i++)
            if (gradient[at + i] > 0)
              out[b * patches + i] += attention[at + i] * gradient[at + i] / (float) n;
        }
}
