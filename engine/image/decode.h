/* SPDX-License-Identifier: MIT
 * decode.h: bytes of a picture file to 8-bit RGB, one decoder per format behind one door.
 *
 * Two rules (AlbefImageRule). STORED gives what Pillow 9.4's Image.open (path).convert ('RGB') gives, its
 * oddities included: 16-bit grey is clipped at 255 instead of scaled, 16-bit colour keeps the high byte, alpha is
 * dropped. FOR_PEOPLE scales 16-bit grey and lays alpha over white. Turning upright is left to the caller. */
#pragma once

#include "albef.h"

/* Larger pictures are refused before memory is asked for. */
#define IMAGE_MAX_SIDE 1000000
extern int64_t decode_max_pixels; /* 200 megapixels; lowered by the fuzzers alone, for speed */

typedef struct
{
  const uint8_t *bytes;
  size_t length;
  const char *name; /* stands in messages */
  AlbefImageRule rule;
  int max_side;     /* 0: full size. Else a decoder may stop at any smaller size not below this */
  bool header_only; /* sizes and orientation alone; rgb stays NULL */
} DecodeRequest;

typedef struct
{
  int stored_width, stored_height; /* the file's full size */
  int orientation;                 /* EXIF, 1-8 */
  int width, height;               /* of rgb */
  uint8_t *rgb;                    /* [height][width][3], malloc'ed; the caller frees it */
} Decoded;

/* Finds the format by content and decodes. On failure nothing is left allocated. */
AlbefStatus decode_bytes (const DecodeRequest *request, Decoded *decoded, AlbefError *error);

/* The decoders. Each is called with its own kind of file only, *decoded zeroed with orientation 1; on failure the
 * caller frees decoded->rgb. */
AlbefStatus decode_png (const DecodeRequest *request, Decoded *decoded, AlbefError *error);
AlbefStatus decode_jpeg (const DecodeRequest *request, Decoded *decoded, AlbefError *error);
AlbefStatus decode_ppm (const DecodeRequest *request, Decoded *decoded, AlbefError *error);
AlbefStatus decode_webp (const DecodeRequest *request, Decoded *decoded, AlbefError *error);

/* Helpers of the decoders. Sets the stored size, or refuses it (none, or over the limits). */
AlbefStatus decode_set_size (const DecodeRequest *request, Decoded *decoded, uint64_t width, uint64_t height,
                             AlbefError *error);
/* Asks for width x height pixels of RGB. */
AlbefStatus decode_allocate (const DecodeRequest *request, Decoded *decoded, int width, int height, AlbefError *error);
/* "NAME: the file ends after 41 % of the picture." `done` of `total` in any unit. */
AlbefStatus decode_ends_early (const DecodeRequest *request, double done, double total, AlbefError *error);

/* `value` with `alpha` (0-255) over white. */
static inline uint8_t
over_white (int value, int alpha)
{
  return (value * alpha + 255 * (255 - alpha) + 127) / 255;
}
