/* SPDX-License-Identifier: MIT
 * PNG through libpng, which is asked for the raw samples only: expanding palettes, 16 bit and transparency is done
 * here, in one place for both rules. Passes of interlaced files are taken as they come, so that beside the result
 * only one row is held. Ancillary chunks are never inflated. */
#include "decode.h"
#include "error.h"
#include "exif.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* Deflate cannot do better than 258 bytes for two bits. */
#define DEFLATE_BEST_RATIO 1032

typedef struct
{
  const DecodeRequest *request;
  Decoded *decoded;
  png_structp png;
  png_infop info;
  size_t position;      /* of request->bytes */
  bool ended;           /* libpng asked for more than there is */
  uint64_t pixels_done; /* over all passes */
  uint8_t *row;         /* one raw row, as libpng hands it over */
  char message[128];    /* libpng's own words */

  int type, depth, passes;
  png_colorp palette;
  int n_palette;
  png_bytep palette_alpha;
  int n_palette_alpha;
  png_color_16p clear; /* the one transparent colour of grey and RGB files; NULL: none */
} PngReader;

static void
on_error (png_structp png, png_const_charp message)
{
  PngReader *reader = png_get_error_ptr (png);

  snprintf (reader->message, sizeof reader->message, "%s", message);
  png_longjmp (png, 1);
}

static void
on_warning (png_structp png, png_const_charp message)
{
}

static void
on_read (png_structp png, png_bytep out, size_t length)
{
  PngReader *reader = png_get_io_ptr (png);

  if (length > reader->request->length - reader->position)
    {
      reader->ended = true;
      png_error (png, "end of file");
    }
  memcpy (out, reader->request->bytes + reader->position, length);
  reader->position += length;
}

/* Orientation from an eXIf chunk anywhere in the file; found by walking the chunks, whose sums do not matter here. */
static int
find_orientation (const uint8_t *bytes, size_t length)
{
  size_t at = 8;

  while (length - at >= 12)
    {
      size_t size = (size_t) bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];

      if (size > length - at - 12)
        break;
      if (memcmp (bytes + at + 4, "eXIf", 4) == 0)
        return exif_orientation (bytes + at + 8, size);
      at += size + 12;
    }
  return 1;
}

static inline int
sample16 (const uint8_t *at)
{
  return at[0] << 8 | at[1];
}

/* Raw sample `index` of a row: 0..2^depth - 1. */
static inline int
sample (const PngReader *reader, const uint8_t *row, size_t index)
{
  return reader->depth == 16 ? sample16 (row + 2 * index) : row[index];
}

/* Pixel x of a raw row to RGB. Alpha (0-255) is returned, 255 where there is none. */
static inline int
convert_pixel (const PngReader *reader, const uint8_t *row, size_t x, uint8_t rgb[3])
{
  bool stored = reader->request->rule == ALBEF_IMAGE_STORED;
  int high = reader->depth == 16 ? 8 : 0; /* shift to the high byte */
  int value;

  switch (reader->type)
    {
    case PNG_COLOR_TYPE_PALETTE:
      value = row[x];
      if (value < reader->n_palette)
        memcpy (rgb, &reader->palette[value], 3);
      else
        /* Pillow's palettes begin as a grey ramp; libpng has no say here. */
        memset (rgb, value, 3);
      return value < reader->n_palette_alpha ? reader->palette_alpha[value] : 255;
    case PNG_COLOR_TYPE_GRAY:
      value = sample (reader, row, x);
      if (reader->depth == 16)
        memset (rgb, stored ? (value > 255 ? 255 : value) : value >> 8, 3);
      else
        memset (rgb, value * 255 / ((1 << reader->depth) - 1), 3);
      return reader->clear != NULL && value == reader->clear->gray ? 0 : 255;
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      memset (rgb, sample (reader, row, 2 * x) >> high, 3);
      return sample (reader, row, 2 * x + 1) >> high;
    case PNG_COLOR_TYPE_RGB:
      for (int c = 0; c < 3; c++)
        rgb[c] = sample (reader, row, 3 * x + c) >> high;
      return reader->clear != NULL && sample (reader, row, 3 * x) == reader->clear->red
                     && sample (reader, row, 3 * x + 1) == reader->clear->green
                     && sample (reader, row, 3 * x + 2) == reader->clear->blue
                 ? 0
                 : 255;
    default: /* RGB with alpha */
      for (int c = 0; c < 3; c++)
        rgb[c] = sample (reader, row, 4 * x + c) >> high;
      return sample (reader, row, 4 * x + 3) >> high;
    }
}

/* One raw row of `n` pixels to out, whose pixels lie `step` apart. */
static void
convert_row (const PngReader *reader, const uint8_t *row, int n, uint8_t *out, size_t step)
{
  bool over = reader->request->rule == ALBEF_IMAGE_FOR_PEOPLE;

  if (reader->type == PNG_COLOR_TYPE_RGB && reader->depth == 8 && step == 3 && (!over || reader->clear == NULL))
    {
      memcpy (out, row, (size_t) n * 3);
      return;
    }
  for (int x = 0; x < n; x++, out += step)
    {
      int alpha = convert_pixel (reader, row, x, out);

      if (over && alpha < 255)
        for (int c = 0; c < 3; c++)
          out[c] = over_white (out[c], alpha);
    }
}

static void
read_pass (PngReader *reader, int pass)
{
  bool interlaced = reader->passes > 1;
  int width = reader->decoded->width, height = reader->decoded->height;
  int n_columns = interlaced ? PNG_PASS_COLS (width, pass) : width;
  int n_rows = interlaced ? PNG_PASS_ROWS (height, pass) : height;

  if (n_columns == 0)
    return;
  for (int y = 0; y < n_rows; y++)
    {
      size_t row = interlaced ? PNG_ROW_FROM_PASS_ROW (y, pass) : y;
      size_t column = interlaced ? PNG_PASS_START_COL (pass) : 0;
      size_t step = interlaced ? (size_t) 3 << PNG_PASS_COL_SHIFT (pass) : 3;

      png_read_row (reader->png, reader->row, NULL);
      convert_row (reader, reader->row, n_columns, reader->decoded->rgb + (row * width + column) * 3, step);
      reader->pixels_done += n_columns;
    }
}

/* Everything that may longjmp. Only *reader changes after setjmp. False: reader->message or `ended` tells why;
 * or *status is set. */
static bool
read_guarded (PngReader *reader, AlbefStatus *status, AlbefError *error)
{
  if (setjmp (png_jmpbuf (reader->png)))
    return false;
  png_set_read_fn (reader->png, reader, on_read);
  png_set_keep_unknown_chunks (reader->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1); /* all but IHDR PLTE tRNS IDAT IEND */
  png_set_user_limits (reader->png, IMAGE_MAX_SIDE, IMAGE_MAX_SIDE);
  /* libpng reads in blocks and loses the one that is cut off: blocks below 2 % of a small file tell better where. */
  if (reader->request->length < 64 * 8192)
    png_set_compression_buffer_size (reader->png, 64 + reader->request->length / 64);
  png_read_info (reader->png, reader->info);
  reader->type = png_get_color_type (reader->png, reader->info);
  reader->depth = png_get_bit_depth (reader->png, reader->info);
  reader->passes = png_get_interlace_type (reader->png, reader->info) == PNG_INTERLACE_ADAM7 ? 7 : 1;
  png_get_PLTE (reader->png, reader->info, &reader->palette, &reader->n_palette);
  if (png_get_valid (reader->png, reader->info, PNG_INFO_tRNS))
    png_get_tRNS (reader->png, reader->info, &reader->palette_alpha, &reader->n_palette_alpha, &reader->clear);
  if (reader->type == PNG_COLOR_TYPE_PALETTE)
    reader->clear = NULL;
  if (reader->request->header_only)
    return true;

  if (png_get_rowbytes (reader->png, reader->info) * (double) reader->decoded->stored_height
      > (double) DEFLATE_BEST_RATIO * reader->request->length)
    {
      *status = error_set (error, ALBEF_ERROR_FORMAT,
                           "%s: %zu bytes cannot hold a picture of %d x %d pixels; the file ends far too early or its "
                           "header lies.",
                           reader->request->name, reader->request->length, reader->decoded->stored_width,
                           reader->decoded->stored_height);
      return false;
    }
  png_set_packing (reader->png);
  png_read_update_info (reader->png, reader->info);
  reader->row = calloc (1, png_get_rowbytes (reader->png, reader->info));
  if (reader->row == NULL)
    png_error (reader->png, "no memory for a row");
  *status = decode_allocate (reader->request, reader->decoded, reader->decoded->stored_width,
                             reader->decoded->stored_height, error);
  if (*status != ALBEF_OK)
    return false;
  for (int pass = 0; pass < reader->passes; pass++)
    read_pass (reader, pass);
  return true;
}

AlbefStatus
decode_png (const DecodeRequest *request, Decoded *decoded, AlbefError *error)
{
  PngReader reader = { .request = request, .decoded = decoded };
  AlbefStatus status = ALBEF_OK;
  const uint8_t *bytes = request->bytes;
  bool done;

  if (request->length < 33)
    return decode_ends_early (request, 0, 1, error);
  if (memcmp (bytes + 8, "\0\0\0\x0dIHDR", 8) != 0)
    return error_set (error, ALBEF_ERROR_FORMAT, "%s: a damaged PNG file: its header is missing.", request->name);
  status = decode_set_size (request, decoded, (uint64_t) bytes[16] << 24 | bytes[17] << 16 | bytes[18] << 8 | bytes[19],
                            (uint64_t) bytes[20] << 24 | bytes[21] << 16 | bytes[22] << 8 | bytes[23], error);
  if (status != ALBEF_OK)
    return status;
  decoded->orientation = find_orientation (bytes, request->length);

  reader.png = png_create_read_struct (PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
  reader.info = reader.png != NULL ? png_create_info_struct (reader.png) : NULL;
  if (reader.info == NULL)
    {
      png_destroy_read_struct (&reader.png, NULL, NULL);
      return error_set (error, ALBEF_ERROR_MEMORY, "%s: no memory to read a PNG file.", request->name);
    }
  done = read_guarded (&reader, &status, error);
  png_destroy_read_struct (&reader.png, &reader.info, NULL);
  free (reader.row);
  if (done || status != ALBEF_OK)
    return status;
  if (reader.ended)
    return decode_ends_early (request, reader.pixels_done, (double) decoded->stored_width * decoded->stored_height,
                              error);
  return error_set (error, ALBEF_ERROR_FORMAT, "%s: a damaged PNG file (%s), good up to %d %% of the picture.",
                    request->name, reader.message,
                    (int) (100.0 * reader.pixels_done / ((double) decoded->stored_width * decoded->stored_height)));
}
