/* SPDX-License-Identifier: MIT
 * WebP through libwebp; of animations the first frame, on a transparent canvas. */
#include "decode.h"
#include "error.h"
#include "exif.h"

#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>

typedef struct
{
  const uint8_t *bytes; /* what WebPDecode is given: the file, or the first frame's chunks */
  size_t length;
  int x, y;          /* where the frame lies on the canvas */
  int width, height; /* of the frame; of the whole picture for a still */
  bool alpha;
} Frame;

static uint32_t
load_u32 (const uint8_t *at)
{
  return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t) at[3] << 24;
}

static uint32_t
load_u24 (const uint8_t *at)
{
  return at[0] | at[1] << 8 | at[2] << 16;
}

/* The first chunk of that name: its payload, cut where the file ends. NULL: none. */
static const uint8_t *
find_chunk (const DecodeRequest *request, const char *name, size_t *length)
{
  size_t at = 12;

  while (request->length - at >= 8)
    {
      size_t size = load_u32 (request->bytes + at + 4), left = request->length - at - 8;

      if (memcmp (request->bytes + at, name, 4) == 0)
        {
          *length = size < left ? size : left;
          return request->bytes + at + 8;
        }
      size += size & 1;
      if (size >= left)
        return NULL;
      at += 8 + size;
    }
  return NULL;
}

static AlbefStatus
explain (const DecodeRequest *request, VP8StatusCode code, AlbefError *error)
{
  switch (code)
    {
    case VP8_STATUS_NOT_ENOUGH_DATA:
      return decode_ends_early (request, request->length, 8.0 + load_u32 (request->bytes + 4), error);
    case VP8_STATUS_OUT_OF_MEMORY:
      return error_set (error, ALBEF_ERROR_MEMORY, "%s: no memory to decode a WebP file.", request->name);
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return error_set (error, ALBEF_ERROR_UNSUPPORTED, "%s: a kind of WebP file that libwebp cannot read.",
                        request->name);
    default:
      return error_set (error, ALBEF_ERROR_FORMAT, "%s: a damaged WebP file.", request->name);
    }
}

/* Fills *frame and the stored size. Header of an ANMF chunk: x / 2, y / 2, width - 1, height - 1 (24 bit each),
 * duration, flags; then the frame's own chunks. */
static AlbefStatus
find_frame (const DecodeRequest *request, Decoded *decoded, Frame *frame, AlbefError *error)
{
  WebPBitstreamFeatures features;
  VP8StatusCode code = WebPGetFeatures (request->bytes, request->length, &features);
  AlbefStatus status;

  if (code != VP8_STATUS_OK)
    return explain (request, code, error);
  status = decode_set_size (request, decoded, features.width, features.height, error);
  if (status != ALBEF_OK)
    return status;
  *frame = (Frame){ request->bytes, request->length, 0, 0, features.width, features.height, features.has_alpha };
  if (features.has_animation && !request->header_only)
    {
      const uint8_t *chunk = find_chunk (request, "ANMF", &frame->length);

      if (chunk == NULL || frame->length < 24)
        return explain (request, chunk == NULL ? VP8_STATUS_BITSTREAM_ERROR : VP8_STATUS_NOT_ENOUGH_DATA, error);
      frame->x = 2 * load_u24 (chunk);
      frame->y = 2 * load_u24 (chunk + 3);
      frame->width = load_u24 (chunk + 6) + 1;
      frame->height = load_u24 (chunk + 9) + 1;
      frame->bytes = chunk + 16;
      frame->length -= 16;
      frame->alpha = true;
      if (frame->x + frame->width > features.width || frame->y + frame->height > features.height)
        return explain (request, VP8_STATUS_BITSTREAM_ERROR, error);
    }
  return ALBEF_OK;
}

/* The frame at width x height as RGB or RGBA into out, [height][width][3 or 4]. */
static AlbefStatus
decode_frame (const DecodeRequest *request, const Frame *frame, int width, int height, uint8_t *out, AlbefError *error)
{
  WebPDecoderConfig config;
  int channels = frame->alpha ? 4 : 3;
  VP8StatusCode code;

  if (!WebPInitDecoderConfig (&config))
    return error_set (error, ALBEF_ERROR_UNSUPPORTED, "%s: libwebp is of another version than the one built for.",
                      request->name);
  code = WebPGetFeatures (frame->bytes, frame->length, &config.input);
  if (code != VP8_STATUS_OK)
    return explain (request, code, error);
  if (config.input.width != frame->width || config.input.height != frame->height)
    return explain (request, VP8_STATUS_BITSTREAM_ERROR, error);
  if (width != frame->width || height != frame->height)
    {
      config.options.use_scaling = 1;
      config.options.scaled_width = width;
      config.options.scaled_height = height;
    }
  config.output.colorspace = frame->alpha ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = out;
  config.output.u.RGBA.stride = width * channels;
  config.output.u.RGBA.size = (size_t) width * channels * height;
  code = WebPDecode (frame->bytes, frame->length, &config);
  WebPFreeDecBuffer (&config.output);
  return code == VP8_STATUS_OK ? ALBEF_OK : explain (request, code, error);
}

/* Lays [height][width] RGBA at (x, y) of the result, whose other pixels are transparent black. */
static void
place_frame (const DecodeRequest *request, const Decoded *decoded, const uint8_t *rgba, int x, int y, int width,
             int height)
{
  bool over = request->rule == ALBEF_IMAGE_FOR_PEOPLE;

  if (width != decoded->width || height != decoded->height)
    memset (decoded->rgb, over ? 255 : 0, (size_t) decoded->width * decoded->height * 3);
  for (int j = 0; j < height; j++)
    {
      uint8_t *out = decoded->rgb + ((size_t) (y + j) * decoded->width + x) * 3;

      for (int i = 0; i < width; i++, out += 3, rgba += 4)
        for (int c = 0; c < 3; c++)
          out[c] = over ? over_white (rgba[c], rgba[3]) : rgba[c];
    }
}

AlbefStatus
decode_webp (const DecodeRequest *request, Decoded *decoded, AlbefError *error)
{
  Frame frame;
  AlbefStatus status = find_frame (request, decoded, &frame, error);
  const uint8_t *exif;
  size_t n_exif;
  int width, height;
  uint8_t *rgba;

  if (status != ALBEF_OK)
    return status;
  exif = find_chunk (request, "EXIF", &n_exif);
  decoded->orientation = exif != NULL ? exif_orientation (exif, n_exif) : 1;
  if (request->header_only)
    return ALBEF_OK;

  width = frame.width;
  height = frame.height;
  if (request->max_side > 0 && (width > request->max_side || height > request->max_side)
      && width == decoded->stored_width && height == decoded->stored_height)
    {
      /* libwebp's own reduction averages over areas. */
      double scale = (double) request->max_side / (width > height ? width : height);

      width = width * scale >= 1 ? (int) (width * scale + 0.5) : 1;
      height = height * scale >= 1 ? (int) (height * scale + 0.5) : 1;
      status = decode_allocate (request, decoded, width, height, error);
    }
  else
    status = decode_allocate (request, decoded, decoded->stored_width, decoded->stored_height, error);
  if (status != ALBEF_OK)
    return status;
  if (!frame.alpha)
    return decode_frame (request, &frame, width, height, decoded->rgb, error);

  rgba = malloc ((size_t) width * height * 4);
  if (rgba == NULL)
    return error_set (error, ALBEF_ERROR_MEMORY, "%s: no memory for a picture of %d x %d pixels.", request->name, width,
                      height);
  status = decode_frame (request, &frame, width, height, rgba, error);
  if (status == ALBEF_OK)
    place_frame (request, decoded, rgba, frame.x, frame.y, width, height);
  free (rgba);
  return status;
}
