/* SPDX-License-Identifier: MIT
 * Pictures of the public API: files and bytes to AlbefImage. */
#include "decode.h"
#include "error.h"
#include "image.h"
#include "resize.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* No picture within the pixel limit is larger, uncompressed 16-bit RGBA aside. */
#define MAX_FILE_BYTES (1024L << 20)
/* Enough for the header of nearly every file. */
#define PROBE_BYTES (256L << 10)

/* ------------------------------------------------------------------------------------------------
 * Files
 */

static AlbefStatus
check_file (int fd, const char *path, size_t *size, AlbefError *error)
{
  struct stat info;

  if (fstat (fd, &info) != 0)
    return error_set_errno (error, ALBEF_ERROR_FILE, "cannot read '%s'", path);
  if (S_ISDIR (info.st_mode))
    return error_set (error, ALBEF_ERROR_FILE, "'%s' is a folder; choose a picture in it.", path);
  if (!S_ISREG (info.st_mode))
    return error_set (error, ALBEF_ERROR_FILE, "'%s' is not a regular file.", path);
  if (info.st_size > MAX_FILE_BYTES)
    return error_set (error, ALBEF_ERROR_LIMIT, "'%s' is larger than %ld MiB, the limit for a picture.", path,
                      MAX_FILE_BYTES >> 20);
  *size = info.st_size;
  return ALBEF_OK;
}

/* Up to `limit` bytes from the start of a file; the caller frees *bytes. *whole: nothing was left out. */
static AlbefStatus
read_file (const char *path, size_t limit, uint8_t **bytes, size_t *length, bool *whole, AlbefError *error)
{
  /* O_NONBLOCK: opening a pipe must not hang; it changes nothing for files. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  size_t size = 0, done = 0;
  AlbefStatus status;

  if (fd < 0)
    return error_set_errno (error, ALBEF_ERROR_FILE, "cannot open '%s'", path);
  status = check_file (fd, path, &size, error);
  if (status == ALBEF_OK)
    {
      *whole = size <= limit;
      size = size <= limit ? size : limit;
      *bytes = malloc (size + 1);
      if (*bytes == NULL)
        status = error_set (error, ALBEF_ERROR_MEMORY, "no memory to read '%s'", path);
    }
  while (status == ALBEF_OK && done < size)
    {
      ssize_t n = read (fd, *bytes + done, size - done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          status = error_set_errno (error, ALBEF_ERROR_FILE, "cannot read '%s'", path);
          free (*bytes);
          *bytes = NULL;
        }
      else if (n == 0)
        break; /* it became shorter meanwhile; the decoder will see */
      else
        done += n;
    }
  close (fd);
  *length = done;
  return status;
}

/* ------------------------------------------------------------------------------------------------
 * From decoded pixels to an image
 */

static AlbefStatus
turn_upright (Decoded *decoded, const char *name, AlbefError *error)
{
  uint8_t *turned;

  if (decoded->orientation == 1)
    return ALBEF_OK;
  turned = malloc ((size_t) decoded->width * decoded->height * 3);
  if (turned == NULL)
    return error_set (error, ALBEF_ERROR_MEMORY, "%s: no memory to turn a picture of %d x %d pixels.", name,
                      decoded->width, decoded->height);
  pixels_turn (decoded->rgb, decoded->width, decoded->height, decoded->orientation, turned);
  if (decoded->orientation >= 5)
    {
      int width = decoded->width;

      decoded->width = decoded->height;
      decoded->height = width;
    }
  free (decoded->rgb);
  decoded->rgb = turned;
  return ALBEF_OK;
}

/* Reduces to max_side on the longer side. The size follows from the stored one: a decoder that has scaled already may
 * have rounded the sides up, each on its own. */
static AlbefStatus
reduce_to (Decoded *decoded, int max_side, const char *name, AlbefError *error)
{
  int side = decoded->stored_width > decoded->stored_height ? decoded->stored_width : decoded->stored_height;
  double scale = (double) max_side / side;
  int width = (int) (decoded->stored_width * scale + 0.5), height = (int) (decoded->stored_height * scale + 0.5);
  uint8_t *reduced;

  if (max_side <= 0 || side <= max_side)
    return ALBEF_OK;
  width = width > 0 ? width : 1;
  height = height > 0 ? height : 1;
  if (width == decoded->width && height == decoded->height)
    return ALBEF_OK;
  reduced = malloc ((size_t) width * height * 3);
  if (reduced == NULL || !resize_bicubic (decoded->rgb, decoded->width, decoded->height, reduced, width, height))
    {
      free (reduced);
      return error_set (error, ALBEF_ERROR_MEMORY, "%s: no memory to resize the picture.", name);
    }
  free (decoded->rgb);
  decoded->rgb = reduced;
  decoded->width = width;
  decoded->height = height;
  return ALBEF_OK;
}

static AlbefStatus
image_from_request (const DecodeRequest *request, AlbefImage **image, AlbefError *error)
{
  Decoded decoded;
  AlbefStatus status = decode_bytes (request, &decoded, error);

  /* Reduced first: turning a thumbnail is cheaper than turning the picture. */
  if (status == ALBEF_OK)
    status = reduce_to (&decoded, request->max_side, request->name, error);
  if (status == ALBEF_OK && request->rule == ALBEF_IMAGE_FOR_PEOPLE)
    status = turn_upright (&decoded, request->name, error);
  if (status != ALBEF_OK)
    {
      free (decoded.rgb);
      return status;
    }
  *image = image_new (decoded.rgb, decoded.width, decoded.height);
  (*image)->stored_width = decoded.stored_width;
  (*image)->stored_height = decoded.stored_height;
  (*image)->orientation = decoded.orientation;
  return ALBEF_OK;
}

static AlbefStatus
open_path (const char *path, AlbefImageRule rule, int max_side, AlbefImage **image, AlbefError *error)
{
  uint8_t *bytes = NULL;
  size_t length;
  bool whole;
  AlbefStatus status = read_file (path, MAX_FILE_BYTES, &bytes, &length, &whole, error);

  if (status == ALBEF_OK)
    {
      DecodeRequest request = { bytes, length, path, rule, max_side, false };

      status = image_from_request (&request, image, error);
    }
  free (bytes);
  return status;
}

/* ------------------------------------------------------------------------------------------------
 * Public
 */

AlbefStatus
albef_image_open (const char *path, AlbefImageRule rule, AlbefImage **image, AlbefError *error)
{
  return open_path (path, rule, 0, image, error);
}

AlbefStatus
albef_image_open_scaled (const char *path, AlbefImageRule rule, int max_side, AlbefImage **image, AlbefError *error)
{
  if (max_side < 1)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "albef_image_open_scaled: max_side is %d, but must be at least 1",
                      max_side);
  return open_path (path, rule, max_side, image, error);
}

AlbefStatus
albef_image_from_bytes (const void *bytes, size_t length, const char *name, AlbefImageRule rule, AlbefImage **image,
                        AlbefError *error)
{
  DecodeRequest request = { bytes, length, name != NULL ? name : "picture", rule, 0, false };

  return image_from_request (&request, image, error);
}

AlbefStatus
albef_image_from_pixels (const uint8_t *rgb, int width, int height, AlbefImage **image, AlbefError *error)
{
  DecodeRequest request = { .name = "pixels" };
  Decoded decoded = { .orientation = 1 };
  AlbefStatus status;

  if (rgb == NULL || width < 1 || height < 1)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "a picture needs at least one pixel, not %d x %d", width, height);
  status = decode_set_size (&request, &decoded, width, height, error);
  if (status == ALBEF_OK)
    status = decode_allocate (&request, &decoded, width, height, error);
  if (status != ALBEF_OK)
    return status;
  memcpy (decoded.rgb, rgb, (size_t) width * height * 3);
  *image = image_new (decoded.rgb, width, height);
  return ALBEF_OK;
}

AlbefStatus
albef_image_probe (const char *path, int *stored_width, int *stored_height, int *orientation, AlbefError *error)
{
  const uint8_t png_mark[4] = { 0x89, 'P', 'N', 'G' };
  Decoded decoded = { 0 };
  AlbefStatus status = ALBEF_OK;
  bool whole = false;

  /* The start of the file first. All of it where that is not enough: a header that is longer, or a PNG or WebP file,
   * whose EXIF may stand at the end. */
  for (size_t limit = PROBE_BYTES; !whole; limit = MAX_FILE_BYTES)
    {
      uint8_t *bytes = NULL;
      size_t length;
      bool enough;

      status = read_file (path, limit, &bytes, &length, &whole, error);
      if (status != ALBEF_OK)
        return status;
      DecodeRequest request = { bytes, length, path, ALBEF_IMAGE_STORED, 0, true };
      status = decode_bytes (&request, &decoded, error);
      enough = status == ALBEF_ERROR_LIMIT || status == ALBEF_ERROR_UNSUPPORTED
               || (status == ALBEF_OK
                   && (orientation == NULL || decoded.orientation != 1
                       || (memcmp (bytes, png_mark, 4) != 0 && memcmp (bytes, "RIFF", 4) != 0)));
      free (bytes);
      if (enough)
        break;
    }
  if (status != ALBEF_OK)
    return status;
  if (stored_width != NULL)
    *stored_width = decoded.stored_width;
  if (stored_height != NULL)
    *stored_height = decoded.stored_height;
  if (orientation != NULL)
    *orientation = decoded.orientation;
  return ALBEF_OK;
}

AlbefStatus
albef_image_resize (const AlbefImage *image, int width, int height, AlbefImage **resized, AlbefError *error)
{
  DecodeRequest request = { .name = "resized picture" };
  Decoded decoded = { .orientation = 1 };
  AlbefStatus status;

  if (width < 1 || height < 1)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "a picture needs at least one pixel, not %d x %d", width, height);
  status = decode_set_size (&request, &decoded, width, height, error);
  if (status == ALBEF_OK)
    status = decode_allocate (&request, &decoded, width, height, error);
  if (status != ALBEF_OK)
    return status;
  if (!resize_bicubic (image->pixels, image->width, image->height, decoded.rgb, width, height))
    {
      free (decoded.rgb);
      return error_set (error, ALBEF_ERROR_MEMORY, "no memory to resize a picture to %d x %d pixels", width, height);
    }
  *resized = image_new (decoded.rgb, width, height);
  (*resized)->stored_width = image->stored_width;
  (*resized)->stored_height = image->stored_height;
  (*resized)->orientation = image->orientation;
  return ALBEF_OK;
}

int
albef_image_width (const AlbefImage *image)
{
  return image->width;
}

int
albef_image_height (const AlbefImage *image)
{
  return image->height;
}

int
albef_image_stored_width (const AlbefImage *image)
{
  return image->stored_width;
}

int
albef_image_stored_height (const AlbefImage *image)
{
  return image->stored_height;
}

int
albef_image_orientation (const AlbefImage *image)
{
  return image->orientation;
}

const uint8_t *
albef_image_pixels (const AlbefImage *image)
{
  return image->pixels;
}

uint64_t
albef_image_key (const AlbefImage *image)
{
  return image->key;
}

void
albef_image_free (AlbefImage *image)
{
  if (image == NULL)
    return;
  free (image->pixels);
  free (image);
}
