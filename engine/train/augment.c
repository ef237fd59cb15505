/* SPDX-License-Identifier: MIT
 * The ops follow the official code's (NumPy and OpenCV) to the pixel: tables are cut towards zero, warps go through
 * OpenCV's fixed-point coordinates (1/32 pixel) and weights. */
#include "augment.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "resize.h"
#include "row-kernel.h"

#define GREY 128 /* what comes in from outside */

const AugmentRule augment_none = { 0 };
const AugmentRule augment_pretrain = { .crop_min = 0.2, .crop_max = 1, .flip = 0.5, .n_ops = 2, .level = 7 };
const AugmentRule augment_finetune = { .crop_min = 0.5, .crop_max = 1, .flip = 0.5, .n_ops = 2, .level = 7 };
const AugmentRule augment_grounding = { .flip = 0.5, .n_ops = 2, .level = 7 };

/* ---------------------------------------------------------------------------------------------------
 * Tables
 */

static uint8_t
cut (double value)
{
  return (uint8_t) (value <= 0 ? 0 : value >= 255 ? 255 : value);
}

static void
apply_table (uint8_t *pixels, size_t n, int channel, const uint8_t table[256])
{
  for (size_t i = 0; i < n; i++)
    pixels[3 * i + (size_t) channel] = table[pixels[3 * i + (size_t) channel]];
}

static void
auto_contrast (uint8_t *pixels, size_t n, bool published_faults)
{
  for (int c = 0; c < 3; c++)
    {
      int low = 255, high = 0;
      uint8_t table[256];
      double scale, offset;

      for (size_t i = 0; i < n; i++)
        {
          int v = pixels[3 * i + (size_t) c];

          low = v < low ? v : low;
          high = v > high ? v : high;
        }
      if (high <= low)
        continue;
      scale = 255.0 / (high - low);
      /* The published code negates `low` as an unsigned byte. */
      offset = (published_faults && low > 0 ? 256 - low : -low) * scale;
      for (int v = 0; v < 256; v++)
        table[v] = cut (v * scale + offset);
      apply_table (pixels, n, c, table);
    }
}

static void
equalize (uint8_t *pixels, size_t n)
{
  for (int c = 0; c < 3; c++)
    {
      uint64_t counts[256] = { 0 }, step, sum;
      uint8_t table[256];
      int last = 255;

      for (size_t i = 0; i < n; i++)
        counts[pixels[3 * i + (size_t) c]]++;
      while (last > 0 && counts[last] == 0)
        last--;
      step = (n - counts[last]) / 255;
      if (step == 0)
        continue;
      sum = step / 2;
      for (int v = 0; v < 256; v++)
        {
          uint64_t level = sum / step;

          table[v] = (uint8_t) (level < 255 ? level : 255);
          sum += counts[v];
        }
      apply_table (pixels, n, c, table);
    }
}

static void
brightness (uint8_t *pixels, size_t n, double factor)
{
  uint8_t table[256];

  for (int v = 0; v < 256; v++)
    table[v] = cut ((float) v * (float) factor);
  for (int c = 0; c < 3; c++)
    apply_table (pixels, n, c, table);
}

/* ---------------------------------------------------------------------------------------------------
 * Sharpness
 */

/* Away from the mean of 3 x 3 pixels (the middle 5 of 13); the border stays. */
static void
sharpness (uint8_t *pixels, int width, int height, double factor, bool wrap, uint8_t *scratch)
{
  size_t stride = (size_t) width * 3;

  memcpy (scratch, pixels, stride * (size_t) height);
  for (int y = 1; y + 1 < height; y++)
    for (size_t i = 3; i + 3 < stride; i++)
      {
        const uint8_t *p = scratch + (size_t) y * stride + i;
        int sum = 4 * p[0];
        float smooth, value;

        for (int j = -1; j <= 1; j++)
          for (int k = -1; k <= 1; k++)
            sum += p[j * (ptrdiff_t) stride + 3 * k];
        smooth = (float) ((2 * sum + 13) / 26); /* rounded; a 13th is never half */
        value = smooth + (float) factor * ((float) p[0] - smooth);
        pixels[(size_t) y * stride + i] = wrap ? (uint8_t) (int) value : cut (value);
      }
}

/* ---------------------------------------------------------------------------------------------------
 * Warps
 */

/* A pixel, grey outside. */
static inline int
pixel_at (const uint8_t *from, int width, int height, int x, int y, int c)
{
  if (x < 0 || y < 0 || x >= width || y >= height)
    return GREY;
  return from[((size_t) y * (size_t) width + (size_t) x) * 3 + (size_t) c];
}

/* out (x, y) = from (back (x, y)), pixels' centres at whole numbers, as OpenCV's warpAffine with linear interpolation:
 * 10 bits of fraction in the sums, 5 in the coordinates, weights exact in 1/1024. */
static void
warp (const uint8_t *from, int width, int height, const double back[6], uint8_t *out)
{
  for (int y = 0; y < height; y++)
    {
      int64_t x0 = lrint ((back[1] * y + back[2]) * 1024) + 16, y0 = lrint ((back[4] * y + back[5]) * 1024) + 16;

      for (int x = 0; x < width; x++)
        {
          int64_t u = (x0 + lrint (back[0] * x * 1024)) >> 5, v = (y0 + lrint (back[3] * x * 1024)) >> 5;
          int ix = (int) (u >> 5), iy = (int) (v >> 5), fx = (int) (u & 31), fy = (int) (v & 31);
          uint8_t *to = out + ((size_t) y * (size_t) width + (size_t) x) * 3;

          if (ix >= 0 && iy >= 0 && ix + 1 < width && iy + 1 < height)
            {
              const uint8_t *p = from + ((size_t) iy * (size_t) width + (size_t) ix) * 3, *q = p + (size_t) width * 3;

              for (int c = 0; c < 3; c++)
                to[c] = (uint8_t) (((p[c] * (32 - fx) + p[c + 3] * fx) * (32 - fy)
                                    + (q[c] * (32 - fx) + q[c + 3] * fx) * fy + 512)
                                   >> 10);
            }
          else
            for (int c = 0; c < 3; c++)
              {
                int a = pixel_at (from, width, height, ix, iy, c), b = pixel_at (from, width, height, ix + 1, iy, c);
                int d = pixel_at (from, width, height, ix, iy + 1, c),
                    e = pixel_at (from, width, height, ix + 1, iy + 1, c);

                to[c] = (uint8_t) (((a * (32 - fx) + b * fx) * (32 - fy) + (d * (32 - fx) + e * fx) * fy + 512) >> 10);
              }
        }
    }
}

/* OpenCV inverts in double; a shear and a shift come as float32 matrices. */
static void
invert (const double m[6], double back[6])
{
  double d = m[0] * m[4] - m[1] * m[3], a, e;

  d = d != 0 ? 1 / d : 0;
  a = m[4] * d;
  e = m[0] * d;
  back[0] = a;
  back[1] = m[1] * -d;
  back[3] = m[3] * -d;
  back[4] = e;
  back[2] = -back[0] * m[2] - back[1] * m[5];
  back[5] = -back[3] * m[2] - back[4] * m[5];
}

/* The matrix of an op between pixels' centres at whole numbers. */
static void
op_matrix (AugmentOp op, double amount, int width, int height, double m[6])
{
  memcpy (m, affine_identity.m, sizeof affine_identity.m);
  if (op == AUGMENT_SHEAR_X)
    m[1] = (float) amount;
  else if (op == AUGMENT_SHEAR_Y)
    m[3] = (float) amount;
  else if (op == AUGMENT_TRANSLATE_X)
    m[2] = (float) -amount;
  else if (op == AUGMENT_TRANSLATE_Y)
    m[5] = (float) -amount;
  else if (op == AUGMENT_ROTATE) /* about half the size, against the clock */
    {
      double angle = amount * M_PI / 180, c = cos (angle), s = sin (angle), x = (float) (width / 2.0),
             y = (float) (height / 2.0);

      m[0] = c;
      m[1] = s;
      m[2] = (1 - c) * x - s * y;
      m[3] = -s;
      m[4] = c;
      m[5] = s * x + (1 - c) * y;
    }
}

/* ---------------------------------------------------------------------------------------------------
 * Ops
 */

static bool
is_geometric (AugmentOp op)
{
  return op >= AUGMENT_SHEAR_X && op <= AUGMENT_ROTATE;
}

double
augment_amount (AugmentOp op, int level)
{
  double share = level / 10.0;

  switch (op)
    {
    case AUGMENT_BRIGHTNESS:
    case AUGMENT_SHARPNESS:
      return share * 1.8 + 0.1;
    case AUGMENT_SHEAR_X:
    case AUGMENT_SHEAR_Y:
      return share * 0.3;
    case AUGMENT_TRANSLATE_X:
    case AUGMENT_TRANSLATE_Y:
      return share * 10;
    case AUGMENT_ROTATE:
      return share * 30;
    default:
      return 0;
    }
}

Affine
augment_apply (AugmentOp op, double amount, bool published_faults, uint8_t *pixels, int width, int height,
               uint8_t *scratch)
{
  size_t n = (size_t) width * (size_t) height;
  double m[6], back[6];
  Affine to_centres = { { 1, 0, -0.5, 0, 1, -0.5 } }, from_centres = { { 1, 0, 0.5, 0, 1, 0.5 } }, moved;

  switch (op)
    {
    case AUGMENT_AUTO_CONTRAST:
      auto_contrast (pixels, n, published_faults);
      break;
    case AUGMENT_EQUALIZE:
      equalize (pixels, n);
      break;
    case AUGMENT_BRIGHTNESS:
      brightness (pixels, n, amount);
      break;
    case AUGMENT_SHARPNESS:
      sharpness (pixels, width, height, amount, published_faults, scratch);
      break;
    default:
      break;
    }
  if (!is_geometric (op))
    return affine_identity;
  op_matrix (op, amount, width, height, m);
  invert (m, back);
  memcpy (scratch, pixels, n * 3);
  warp (scratch, width, height, back, pixels);
  memcpy (moved.m, m, sizeof m);
  return affine_then (affine_then (to_centres, moved), from_centres);
}

/* ---------------------------------------------------------------------------------------------------
 * The whole transform
 */

/* A random part of the picture, as torchvision's RandomResizedCrop: ten tries at an area and a shape from 3:4 to 4:3,
 * else the largest middle part of such a shape. */
static void
choose_crop (const AugmentRule *rule, Random *random, int width, int height, AugmentTrace *trace)
{
  const double narrowest = 3.0 / 4, widest = 4.0 / 3;
  double area = (double) width * height, shape = (double) width / height;
  int w = width, h = height;

  trace->crop_x = trace->crop_y = 0;
  trace->crop_width = width;
  trace->crop_height = height;
  if (rule->crop_max <= 0)
    return;
  for (int i = 0; i < 10; i++)
    {
      double target = area * random_next_between (random, rule->crop_min, rule->crop_max);
      double aspect = exp (random_next_between (random, log (narrowest), log (widest)));
      double wide = rint (sqrt (target * aspect)), high = rint (sqrt (target / aspect));

      if (wide < 1 || high < 1 || wide > width || high > height)
        continue;
      trace->crop_width = (int) wide;
      trace->crop_height = (int) high;
      trace->crop_y = random_next_below (random, height - (int) high + 1);
      trace->crop_x = random_next_below (random, width - (int) wide + 1);
      return;
    }
  if (shape < narrowest)
    h = (int) rint (w / narrowest);
  else if (shape > widest)
    w = (int) rint (h * widest);
  trace->crop_width = w;
  trace->crop_height = h;
  trace->crop_x = (width - w) / 2;
  trace->crop_y = (height - h) / 2;
}

static bool
crop_and_resize (const uint8_t *pixels, int width, int height, const AugmentTrace *trace, int resolution, uint8_t *out)
{
  size_t row = (size_t) trace->crop_width * 3;
  uint8_t *part;
  bool made;

  if (trace->crop_width == width && trace->crop_height == height)
    return resize_bicubic (pixels, width, height, out, resolution, resolution);
  part = malloc (row * (size_t) trace->crop_height);
  if (part == NULL)
    return false;
  for (int y = 0; y < trace->crop_height; y++)
    memcpy (part + (size_t) y * row,
            pixels + ((size_t) (trace->crop_y + y) * (size_t) width + (size_t) trace->crop_x) * 3, row);
  made = resize_bicubic (part, trace->crop_width, trace->crop_height, out, resolution, resolution);
  free (part);
  return made;
}

static void
flip (uint8_t *pixels, int size)
{
  for (int y = 0; y < size; y++)
    for (int x = 0; x < size / 2; x++)
      for (int c = 0; c < 3; c++)
        {
          uint8_t *a = pixels + ((size_t) y * (size_t) size + (size_t) x) * 3 + c;
          uint8_t *b = pixels + ((size_t) y * (size_t) size + (size_t) (size - 1 - x)) * 3 + c;
          uint8_t other = *a;

          *a = *b;
          *b = other;
        }
}

bool
augment_picture (const AugmentRule *rule, Random random, bool allow_flip, const uint8_t *pixels, int width, int height,
                 int resolution, uint8_t *out, AugmentTrace *trace)
{
  AugmentTrace unused;
  uint8_t *scratch;
  double scale_x, scale_y;
  Affine *first;

  if (trace == NULL)
    trace = &unused;
  choose_crop (rule, &random, width, height, trace);
  trace->flipped = random_next_uniform (&random) < rule->flip && allow_flip;
  if (!crop_and_resize (pixels, width, height, trace, resolution, out))
    return false;
  scale_x = (double) resolution / trace->crop_width;
  scale_y = (double) resolution / trace->crop_height;
  trace->motion = (Motion){ .n_steps = 1, .width = resolution, .height = resolution };
  first = &trace->motion.steps[0];
  *first = (Affine){ { scale_x, 0, -trace->crop_x * scale_x, 0, scale_y, -trace->crop_y * scale_y } };
  if (trace->flipped)
    {
      flip (out, resolution);
      *first = affine_then (*first, (Affine){ { -1, 0, resolution, 0, 1, 0 } });
    }
  if (rule->n_ops == 0)
    return true;
  scratch = malloc ((size_t) resolution * (size_t) resolution * 3);
  if (scratch == NULL)
    return false;
  for (int i = 0; i < rule->n_ops && i < MOTION_MAX_STEPS - 1; i++)
    {
      AugmentOp op = (AugmentOp) random_next_below (&random, AUGMENT_N_OPS);
      bool applied = random_next_uniform (&random) <= 0.5, negative = random_next_chance (&random, 0.5);
      double amount = augment_amount (op, rule->level);
      Affine moved;

      if (!applied)
        continue;
      moved = augment_apply (op, is_geometric (op) && negative ? -amount : amount, rule->published_faults, out,
                             resolution, resolution, scratch);
      if (is_geometric (op))
        trace->motion.steps[trace->motion.n_steps++] = moved;
    }
  free (scratch);
  return true;
}

bool
text_names_side (const char *text)
{
  while (*text != 0)
    {
      size_t n = 0;

      while (isalpha ((unsigned char) text[n]))
        n++;
      if ((n == 4 && strncasecmp (text, "left", 4) == 0) || (n == 5 && strncasecmp (text, "right", 5) == 0)
          || (n > 4 && strncasecmp (text, "left", 4) == 0
              && (strncasecmp (text + 4, "most", 4) == 0 || strncasecmp (text + 4, "hand", 4) == 0))
          || (n > 5 && strncasecmp (text, "right", 5) == 0
              && (strncasecmp (text + 5, "most", 4) == 0 || strncasecmp (text + 5, "hand", 4) == 0)))
        return true;
      text += n > 0 ? n : 1;
    }
  return false;
}
