/* SPDX-License-Identifier: MIT */
#include "decode.h"

#include "error.h"

#include <stdlib.h>
#include <string.h>

int64_t decode_max_pixels = 200000000;

typedef struct
{
  const char *what; /* as people call it */
  size_t offset;    /* where the mark stands */
  const char *mark;
  size_t length;
} Mark;

/* Files that people take for pictures we can read, so that the message can name them. */
static const Mark known_marks[] = {
  { "a GIF picture", 0, "GIF8", 4 },
  { "a TIFF picture", 0, "II*\0", 4 },
  { "a TIFF picture", 0, "MM\0*", 4 },
  { "a HEIC picture", 4, "ftypheic", 8 },
  { "a HEIC picture", 4, "ftypmif1", 8 },
  { "an AVIF picture", 4, "ftypavif", 8 },
  { "a JPEG XL picture", 0, "\xff\x0a", 2 },
  { "a JPEG XL picture", 0, "\0\0\0\x0cJXL ", 8 },
  { "a JPEG 2000 picture", 0, "\0\0\0\x0cjP  ", 8 },
  { "a PDF document", 0, "%PDF", 4 },
  { "an SVG drawing", 0, "<svg", 4 },
  { "an XML or SVG file", 0, "<?xml", 5 },
  { "an HTML page", 0, "<!DOC", 5 },
  { "a BMP picture", 0, "BM", 2 },
  { "a zip archive", 0, "PK\3\4", 4 },
};

static bool
starts_with (const DecodeRequest *request, size_t offset, const char *mark, size_t length)
{
  return request->length >= offset + length && memcmp (request->bytes + offset, mark, length) == 0;
}

#ifdef HAVE_WEBP
#define READABLE "PNG, JPEG, WebP and PPM"
#else
#define READABLE "PNG, JPEG and PPM"
#endif

static AlbefStatus
refuse_unknown (const DecodeRequest *request, AlbefError *error)
{
  if (request->length == 0)
    return error_set (error, ALBEF_ERROR_FORMAT, "%s: the file is empty.", request->name);
  for (size_t i = 0; i < sizeof known_marks / sizeof *known_marks; i++)
    if (starts_with (request, known_marks[i].offset, known_marks[i].mark, known_marks[i].length))
      return error_set (error, ALBEF_ERROR_UNSUPPORTED,
                        "%s: this is %s, which cannot be read here; convert it to PNG or JPEG first.", request->name,
                        known_marks[i].what);
  return error_set (error, ALBEF_ERROR_FORMAT, "%s: not a picture that can be read; %s can.", request->name, READABLE);
}

static AlbefStatus
decode_by_content (const DecodeRequest *request, Decoded *decoded, AlbefError *error)
{
  if (starts_with (request, 0, "\x89PNG\r\n\x1a\n", 8))
    return decode_png (request, decoded, error);
  if (starts_with (request, 0, "\xff\xd8", 2))
    return decode_jpeg (request, decoded, error);
  if (starts_with (request, 0, "P5", 2) || starts_with (request, 0, "P6", 2))
    return decode_ppm (request, decoded, error);
  if (starts_with (request, 0, "RIFF", 4) && starts_with (request, 8, "WEBP", 4))
#ifdef HAVE_WEBP
    return decode_webp (request, decoded, error);
#else
    return error_set (error, ALBEF_ERROR_UNSUPPORTED,
                      "%s: WebP pictures cannot be read by this build; convert it to PNG.", request->name);
#endif
  return refuse_unknown (request, error);
}

AlbefStatus
decode_bytes (const DecodeRequest *request, Decoded *decoded, AlbefError *error)
{
  AlbefStatus status;

  memset (decoded, 0, sizeof *decoded);
  decoded->orientation = 1;
  status = decode_by_content (request, decoded, error);
  if (status != ALBEF_OK)
    {
      free (decoded->rgb);
      decoded->rgb = NULL;
    }
  return status;
}

AlbefStatus
decode_set_size (const DecodeRequest *request, Decoded *decoded, uint64_t width, uint64_t height, AlbefError *error)
{
  if (width == 0 || height == 0)
    return error_set (error, ALBEF_ERROR_FORMAT, "%s: the file says that the picture has no pixels (%llu x %llu).",
                      request->name, (unsigned long long) width, (unsigned long long) height);
  if (width > IMAGE_MAX_SIDE || height > IMAGE_MAX_SIDE || width * height > (uint64_t) decode_max_pixels)
    return error_set (error, ALBEF_ERROR_LIMIT,
                      "%s: the file says that the picture has %llu x %llu pixels; the limit is %lld megapixels. Make "
                      "it smaller first.",
                      request->name, (unsigned long long) width, (unsigned long long) height,
                      (long long) decode_max_pixels / 1000000);
  decoded->stored_width = (int) width;
  decoded->stored_height = (int) height;
  return ALBEF_OK;
}

AlbefStatus
decode_allocate (const DecodeRequest *request, Decoded *decoded, int width, int height, AlbefError *error)
{
  size_t bytes = (size_t) width * height * 3;

  decoded->rgb = malloc (bytes);
  if (decoded->rgb == NULL)
    return error_set (error, ALBEF_ERROR_MEMORY, "%s: no memory for a picture of %d x %d pixels.", request->name, width,
                      height);
  decoded->width = width;
  decoded->height = height;
  return ALBEF_OK;
}

AlbefStatus
decode_ends_early (const DecodeRequest *request, double done, double total, AlbefError *error)
{
  int percent = total > 0 ? (int) (100 * done / total) : 0;

  /* Rounding must not claim that all of it was there. */
  return error_set (error, ALBEF_ERROR_FORMAT,
                    "%s: the file ends after %d %% of the picture. Copy it again from its source.", request->name,
                    percent < 0    ? 0
                    : percent > 99 ? 99
                                   : percent);
}
