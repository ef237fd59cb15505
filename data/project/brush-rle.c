/* SPDX-License-Identifier: MIT */
#include "brush-rle.h"

#define CHANNELS 4
#define PIXELS_LIMIT (64u << 20)
#define RUN_BITS 16

/* Bits ------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const guint8 *bytes;
  guint64 at, end; /* bits */
}
BitReader;

static gboolean
take_bits (BitReader *bits, guint n, guint32 *value)
{
  *value = 0;
  if (bits->end - bits->at < n)
    return FALSE;
  for (guint i = 0; i < n; i++, bits->at++)
    *value = *value << 1 | (bits->bytes[bits->at / 8] >> (7 - bits->at % 8) & 1);
  return TRUE;
}

typedef struct
{
  GByteArray *bytes;
  guint free; /* bits of the last byte */
} BitWriter;

static void
put_bits (BitWriter *bits, guint32 value, guint n)
{
  while (n-- > 0)
    {
      if (bits->free == 0)
        {
          g_byte_array_append (bits->bytes, (const guint8 *) "", 1);
          bits->free = 8;
        }
      bits->bytes->data[bits->bytes->len - 1] |= (value >> n & 1) << --bits->free;
    }
}

/* Masks ------------------------------------------------------------------------------------------------------------ */

/* Sets what of the numbers from `at` on are a mask's. */
static void
set_pixels (guint8 *pixels, guint64 at, guint64 end)
{
  for (guint64 pixel = at / CHANNELS; pixel * CHANNELS + CHANNELS - 1 < end; pixel++)
    if (pixel * CHANNELS + CHANNELS - 1 >= at)
      pixels[pixel] = 1;
}

static gboolean
decode_run (BitReader *bits, guint word, const guint32 *sizes, guint8 *pixels, guint64 *at, guint64 all)
{
  guint32 same, which, length, number;
  guint64 end;

  if (!take_bits (bits, 1, &same) || !take_bits (bits, 2, &which) || !take_bits (bits, sizes[which] + 1, &length))
    return FALSE;
  end = MIN (*at + length + 1, all);
  if (same)
    {
      if (!take_bits (bits, word, &number))
        return FALSE;
      if (number != 0)
        set_pixels (pixels, *at, end);
      *at = end;
      return TRUE;
    }
  for (; *at < end; ++*at)
    {
      if (!take_bits (bits, word, &number))
        return FALSE;
      if (number != 0)
        set_pixels (pixels, *at, *at + 1);
    }
  return TRUE;
}

gboolean
brush_decode (Shape *shape, const guint8 *bytes, gsize length, guint32 width, guint32 height)
{
  BitReader bits = { .bytes = bytes, .end = (guint64) length * 8 };
  guint64 n_pixels = (guint64) width * height, at = 0;
  g_autofree guint8 *pixels = NULL;
  guint32 all, word, sizes[4];

  if (n_pixels == 0 || n_pixels > PIXELS_LIMIT || !take_bits (&bits, 32, &all) || all != n_pixels * CHANNELS
      || !take_bits (&bits, 5, &word))
    return FALSE;
  for (int i = 0; i < 4; i++)
    if (!take_bits (&bits, 4, &sizes[i]))
      return FALSE;
  pixels = g_try_malloc0 (n_pixels);
  while (pixels != NULL && at < all)
    if (!decode_run (&bits, word + 1, sizes, pixels, &at, all))
      return FALSE;
  return pixels != NULL && shape_set_bitmap (shape, width, height, pixels);
}

GByteArray *
brush_encode (const Shape *shape)
{
  guint64 n = (guint64) shape->width * shape->height, at = 0;
  g_autofree guint8 *pixels = n <= PIXELS_LIMIT ? shape_to_bitmap (shape) : NULL;
  BitWriter bits = { 0 };

  if (pixels == NULL)
    return NULL;
  bits.bytes = g_byte_array_new ();
  put_bits (&bits, (guint32) (n * CHANNELS), 32);
  put_bits (&bits, 8 - 1, 5);
  for (int i = 0; i < 4; i++)
    put_bits (&bits, RUN_BITS - 1, 4);
  while (at < n)
    {
      guint64 end = at;

      while (end < n && pixels[end] == pixels[at] && (end - at) * CHANNELS < 1 << RUN_BITS)
        end++;
      put_bits (&bits, 1, 1);
      put_bits (&bits, 3, 2);
      put_bits (&bits, (guint32) ((end - at) * CHANNELS - 1), RUN_BITS);
      put_bits (&bits, pixels[at] != 0 ? 255 : 0, 8);
      at = end;
    }
  return bits.bytes;
}
