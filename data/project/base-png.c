/* SPDX-License-Identifier: MIT */
#include "base-png.h"

#include "albef.h"

#include <gio/gio.h>
#include <string.h>

guint8 *
base_png_read (const char *base64, int *width, int *height)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;
  g_autofree guchar *bytes = NULL;
  guint8 *pixels = NULL;
  gsize length;

  if (base64 == NULL || *base64 == '\0')
    return NULL;
  bytes = g_base64_decode (base64, &length);
  if (length == 0 || albef_image_from_bytes (bytes, length, "mask", ALBEF_IMAGE_STORED, &image, &error) != ALBEF_OK)
    return NULL;
  *width = albef_image_width (image);
  *height = albef_image_height (image);
  if ((gint64) *width * *height <= 64000000)
    {
      const guint8 *rgb = albef_image_pixels (image);

      pixels = g_malloc ((gsize) *width * *height);
      for (gsize i = 0; i < (gsize) *width * *height; i++)
        pixels[i] = (rgb[3 * i] | rgb[3 * i + 1] | rgb[3 * i + 2]) != 0;
    }
  albef_image_free (image);
  return pixels;
}

static guint32
crc_of (const guint8 *bytes, gsize length)
{
  guint32 crc = 0xffffffff;

  for (gsize i = 0; i < length; i++)
    {
      crc ^= bytes[i];
      for (int bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
    }
  return ~crc;
}

static void
put_big (GByteArray *out, guint32 value)
{
  guint32 big = GUINT32_TO_BE (value);

  g_byte_array_append (out, (const guint8 *) &big, 4);
}

static void
put_chunk (GByteArray *out, const char *name, const guint8 *bytes, gsize length)
{
  guint begin;

  put_big (out, (guint32) length);
  begin = out->len;
  g_byte_array_append (out, (const guint8 *) name, 4);
  if (length > 0)
    g_byte_array_append (out, bytes, length);
  put_big (out, crc_of (out->data + begin, out->len - begin));
}

static GByteArray *
deflate (const guint8 *bytes, gsize length)
{
  g_autoptr (GZlibCompressor) compressor = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_ZLIB, 6);
  GByteArray *out = g_byte_array_new ();
  GConverterResult result = G_CONVERTER_CONVERTED;
  gsize at = 0;

  while (result != G_CONVERTER_FINISHED && result != G_CONVERTER_ERROR)
    {
      guint8 piece[16384];
      gsize taken, made;

      result = g_converter_convert (G_CONVERTER (compressor), bytes + at, length - at, piece, sizeof piece, G_CONVERTER_INPUT_AT_END,
                                    &taken, &made, NULL);
      if (result == G_CONVERTER_ERROR)
        break;
      at += taken;
      g_byte_array_append (out, piece, made);
    }
  return out;
}

char *
base_png_write (const guint8 *pixels, int width, int height)
{
  g_autoptr (GByteArray) out = g_byte_array_new (), head = g_byte_array_new (), packed = NULL;
  g_autofree guint8 *rows = g_malloc (((gsize) width + 1) * height);

  for (int y = 0; y < height; y++)
    {
      rows[(gsize) y * (width + 1)] = 0; /* no filter */
      for (int x = 0; x < width; x++)
        rows[(gsize) y * (width + 1) + 1 + x] = pixels[(gsize) y * width + x] != 0 ? 255 : 0;
    }
  packed = deflate (rows, ((gsize) width + 1) * height);
  put_big (head, width);
  put_big (head, height);
  g_byte_array_append (head, (const guint8 *) "\x08\x00\x00\x00\x00", 5);
  g_byte_array_append (out, (const guint8 *) "\x89PNG\r\n\x1a\n", 8);
  put_chunk (out, "IHDR", head->data, head->len);
  put_chunk (out, "IDAT", packed->data, packed->len);
  put_chunk (out, "IEND", NULL, 0);
  return g_base64_encode (out->data, out->len);
}
