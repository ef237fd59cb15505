/* SPDX-License-Identifier: MIT
 * Binary PGM (P5) and PPM (P6), 8 and 16 bit, as Pillow reads them: samples are scaled to 255 (16-bit grey to
 * 65535, then clipped at 255 by the STORED rule), halves rounded to even. */
#include "decode.h"
#include "error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct
{
  const uint8_t *at, *end;
} Cursor;

static bool
is_space (int c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next decimal number of the header, comments and leading space skipped, with the single white-space character
 * that ends it. -1: there is none, or it is absurd. */
static int64_t
read_number (Cursor *cursor)
{
  int64_t value = 0;
  int n_digits = 0;

  while (cursor->at < cursor->end)
    {
      int c = *cursor->at++;

      if (c == '#')
        while (cursor->at < cursor->end && *cursor->at != '\n' && *cursor->at != '\r')
          cursor->at++;
      else if (c >= '0' && c <= '9' && n_digits < 10)
        {
          value = value * 10 + (c - '0');
          n_digits++;
        }
      else if (!is_space (c))
        return -1;
      else if (n_digits > 0)
        return value;
    }
  return -1;
}

/* What each sample value becomes; [max + 1], the caller frees it. */
static uint8_t *
sample_table (int max, bool grey, AlbefImageRule rule)
{
  uint8_t *table = mem_new0 (65536, 1);

  for (int i = 0; i < 65536; i++)
    {
      double value;

      if (grey && max > 255 && rule == ALBEF_IMAGE_STORED)
        value = max == 65535 ? i : rint ((double) i / max * 65535);
      else
        value = rint ((double) i / max * 255);
      table[i] = value > 255 ? 255 : (uint8_t) value;
    }
  return table;
}

static void
convert_samples (const uint8_t *in, size_t n, int sample_size, const uint8_t *table, int copies, uint8_t *out)
{
  for (size_t i = 0; i < n; i++, in += sample_size)
    for (int c = 0; c < copies; c++)
      *out++ = table[sample_size == 2 ? in[0] << 8 | in[1] : in[0]];
}

AlbefStatus
decode_ppm (const DecodeRequest *request, Decoded *decoded, AlbefError *error)
{
  bool grey = request->bytes[1] == '5';
  Cursor cursor = { request->bytes + 2, request->bytes + request->length };
  int64_t width = read_number (&cursor);
  int64_t height = read_number (&cursor);
  int64_t max = read_number (&cursor);
  int sample_size = max > 255 ? 2 : 1;
  size_t n_samples, n_bytes;
  uint8_t *table;
  AlbefStatus status;

  if (width < 0 || height < 0 || max < 1 || max > 65535)
    return error_set (error, ALBEF_ERROR_FORMAT,
                      "%s: a damaged %s file: its header is not \"P%c width height maximum\".", request->name,
                      grey ? "PGM" : "PPM", grey ? '5' : '6');
  status = decode_set_size (request, decoded, width, height, error);
  if (status != ALBEF_OK || request->header_only)
    return status;
  n_samples = (size_t) (width * height) * (grey ? 1 : 3);
  n_bytes = n_samples * sample_size;
  if ((size_t) (cursor.end - cursor.at) < n_bytes)
    return decode_ends_early (request, cursor.end - cursor.at, n_bytes, error);
  status = decode_allocate (request, decoded, (int) width, (int) height, error);
  if (status != ALBEF_OK)
    return status;
  table = sample_table ((int) max, grey, request->rule);
  convert_samples (cursor.at, n_samples, sample_size, table, grey ? 3 : 1, decoded->rgb);
  free (table);
  return ALBEF_OK;
}
