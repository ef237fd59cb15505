/* SPDX-License-Identifier: MIT
 * Pictures that are cut off, damaged, or made to hurt: each must end in a sentence, quickly and in little memory. */
#include "albef.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

typedef struct
{
  uint8_t *bytes;
  size_t length, room;
} Buffer;

static void
append (Buffer *buffer, const void *bytes, size_t length)
{
  if (length == 0)
    return;
  if (buffer->length + length > buffer->room)
    {
      buffer->room = 2 * (buffer->length + length);
      buffer->bytes = realloc (buffer->bytes, buffer->room);
      if (buffer->bytes == NULL)
        abort ();
    }
  memcpy (buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
}

static void
append_u32 (Buffer *buffer, uint32_t value)
{
  uint8_t raw[4] = { value >> 24, value >> 16, value >> 8, value };

  append (buffer, raw, 4);
}

static void
append_chunk (Buffer *buffer, const char *kind, const void *data, size_t length)
{
  uLong sum = crc32 (crc32 (0, (const Bytef *) kind, 4), data, (uInt) length);

  append_u32 (buffer, (uint32_t) length);
  append (buffer, kind, 4);
  append (buffer, data, length);
  append_u32 (buffer, (uint32_t) sum);
}

static void
append_png_start (Buffer *buffer, uint32_t width, uint32_t height, int depth, int kind, int interlace)
{
  uint8_t header[13] = { width >> 24, width >> 16, width >> 8, width, height >> 24, height >> 16, height >> 8, height,
                         depth,       kind,        0,          0,     interlace };

  append (buffer, "\x89PNG\r\n\x1a\n", 8);
  append_chunk (buffer, "IHDR", header, sizeof header);
}

/* A chunk of `length` zeros, deflated. */
static void
append_deflated (Buffer *buffer, const char *kind, size_t length)
{
  uLongf n = compressBound (length);
  Bytef *zeros = calloc (length, 1), *deflated = malloc (n);

  if (zeros == NULL || deflated == NULL || compress2 (deflated, &n, zeros, length, 9) != Z_OK)
    abort ();
  append_chunk (buffer, kind, deflated, n);
  free (zeros);
  free (deflated);
}

static Buffer
load (const char *name)
{
  char path[512];
  Buffer buffer = { 0 };
  uint8_t block[4096];
  size_t n;
  FILE *stream;

  snprintf (path, sizeof path, "%s/fixtures/image/%s", getenv ("ALIDADE_TESTS"), name);
  stream = fopen (path, "rb");
  while (stream != NULL && (n = fread (block, 1, sizeof block, stream)) > 0)
    append (&buffer, block, n);
  if (stream != NULL)
    fclose (stream);
  return buffer;
}

static AlbefStatus
try_bytes (const void *bytes, size_t length, AlbefImageRule rule, AlbefError *error)
{
  /* A copy of exactly that length, so that sanitizers and valgrind see reads behind the end. */
  uint8_t *copy = malloc (length > 0 ? length : 1);
  AlbefImage *image = NULL;
  AlbefStatus status;

  memcpy (copy, bytes, length);
  status = albef_image_from_bytes (copy, length, "thing", rule, &image, error);
  if ((status == ALBEF_OK) != (image != NULL) || (status != ALBEF_OK && error->message[0] == 0))
    abort ();
  albef_image_free (image);
  free (copy);
  return status;
}

static void
expect (const Buffer *buffer, AlbefStatus wanted, const char *words, const char *name)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefStatus status = try_bytes (buffer->bytes, buffer->length, ALBEF_IMAGE_FOR_PEOPLE, &error);

  if (!tap_ok (status == wanted && strstr (error.message, words) != NULL, "/hostile/%s", name))
    tap_note ("status %d, message: %s", status, error.message);
}

/* Every cut of a file: an error that says so until the picture is complete. `n_tail`: bytes at the end that no pixel
 * needs. */
static void
test_cuts (const char *name, size_t n_tail, const char *words)
{
  Buffer buffer = load (name);
  AlbefError error = ALBEF_ERROR_INIT;
  size_t wrong = 0;
  bool said = false;

#define CUT_AT(n, rule) (try_bytes (buffer.bytes, n, rule, &error))
  if (buffer.length > 0 && CUT_AT (buffer.length, ALBEF_IMAGE_STORED) == ALBEF_ERROR_UNSUPPORTED)
    {
      tap_skip (name, "built without this format");
      free (buffer.bytes);
      return;
    }
  for (size_t n = 0; n + n_tail < buffer.length; n++)
    {
      error.message[0] = 0;
      if (CUT_AT (n, ALBEF_IMAGE_STORED) == ALBEF_OK || error.message[0] == 0)
        wrong = n;
      said = said || strstr (error.message, words) != NULL;
    }
  tap_ok (buffer.length > n_tail && wrong == 0, "/hostile/cut/%s: every cut is an error", name);
  if (wrong != 0)
    tap_note ("but not after %zu of %zu bytes", wrong, buffer.length);
  tap_ok (said, "/hostile/cut/%s: says '%s'", name, words);
  free (buffer.bytes);
}

/* Single damaged bytes: anything may come out but a crash, and both rules agree on whether it can be read. */
static void
test_damage (const char *name)
{
  Buffer buffer = load (name);
  AlbefError error = ALBEF_ERROR_INIT;
  int disagreements = 0;

  for (size_t i = 0; i < buffer.length; i++)
    {
      uint8_t before = buffer.bytes[i];

      buffer.bytes[i] ^= (uint8_t) (1 + i % 255);
      disagreements += (try_bytes (buffer.bytes, buffer.length, ALBEF_IMAGE_STORED, &error) == ALBEF_OK)
                       != (try_bytes (buffer.bytes, buffer.length, ALBEF_IMAGE_FOR_PEOPLE, &error) == ALBEF_OK);
      buffer.bytes[i] = before;
    }
  tap_ok (buffer.length > 0 && disagreements == 0, "/hostile/damage/%s", name);
  free (buffer.bytes);
}

static void
test_percentages (void)
{
  Buffer ppm = { 0 }, png = { 0 };
  uint8_t rows[100 * 301] = { 0 };
  uLongf n = compressBound (sizeof rows);
  Bytef *stored = malloc (n);

  append (&ppm, "P6 10 10 255\n", 13);
  append (&ppm, rows, 123);
  expect (&ppm, ALBEF_ERROR_FORMAT, "thing: the file ends after 41 % of the picture",
          "a PPM file with 123 of 300 bytes");
  /* Not compressed, so that half of the bytes are half of the picture. */
  if (stored == NULL || compress2 (stored, &n, rows, sizeof rows, 0) != Z_OK)
    abort ();
  append_png_start (&png, 100, 100, 8, 2, 0);
  append_chunk (&png, "IDAT", stored, n);
  png.length = 41 + n / 2;
  expect (&png, ALBEF_ERROR_FORMAT, "the file ends after", "half a PNG file");
  {
    AlbefError error = ALBEF_ERROR_INIT;
    int percent = 0;

    try_bytes (png.bytes, png.length, ALBEF_IMAGE_STORED, &error);
    sscanf (error.message, "thing: the file ends after %d", &percent);
    tap_ok (percent >= 45 && percent <= 50, "/hostile/half a PNG file ends after %d %%", percent);
  }
  free (stored);
  free (ppm.bytes);
  free (png.bytes);
}

static void
test_headers (void)
{
  Buffer b = { 0 };

  append_png_start (&b, 60000, 60000, 8, 2, 0);
  append_deflated (&b, "IDAT", 100000);
  expect (&b, ALBEF_ERROR_LIMIT, "60000 x 60000 pixels", "a PNG header of 60,000 x 60,000 pixels");
  b.length = 0;
  append_png_start (&b, 0xffffffff, 1, 8, 2, 0);
  expect (&b, ALBEF_ERROR_LIMIT, "4294967295 x 1", "a PNG header of 4 billion pixels' width");
  b.length = 0;
  append_png_start (&b, 0, 7, 8, 2, 0);
  expect (&b, ALBEF_ERROR_FORMAT, "no pixels", "a PNG header without pixels");
  b.length = 0;
  append_png_start (&b, 14000, 14000, 16, 6, 0);
  append_deflated (&b, "IDAT", 100000);
  expect (&b, ALBEF_ERROR_FORMAT, "cannot hold", "a PNG header of 196 megapixels over few bytes");
  b.length = 0;
  append (&b, "P6 60000 60000 255\n", 19);
  expect (&b, ALBEF_ERROR_LIMIT, "60000 x 60000", "a PPM header of 60,000 x 60,000 pixels");
  b.length = 0;
  append (&b, "P5 99999999999999999999 1 255\n", 30);
  expect (&b, ALBEF_ERROR_FORMAT, "damaged PGM", "a PGM header of 20 digits");
  b.length = 0;
  append (&b, "P5 3 3 70000\n", 13);
  expect (&b, ALBEF_ERROR_FORMAT, "damaged PGM", "a PGM header with a maximum over 16 bit");
  b.length = 0;
  append (&b, "P6 3 3 #", 8);
  expect (&b, ALBEF_ERROR_FORMAT, "damaged PPM", "a PPM header that ends in a comment");
  free (b.bytes);
}

/* The size in the first frame header of a JPEG file set to `size` both ways. */
static void
patch_jpeg_size (Buffer *b, unsigned size)
{
  for (size_t i = 0; i + 9 < b->length; i++)
    if (b->bytes[i] == 0xff && (b->bytes[i + 1] == 0xc0 || b->bytes[i + 1] == 0xc2) && b->bytes[i + 2] == 0)
      {
        b->bytes[i + 5] = b->bytes[i + 7] = size >> 8;
        b->bytes[i + 6] = b->bytes[i + 8] = size & 255;
        return;
      }
  abort ();
}

static void
test_jpeg_headers (void)
{
  const char *names[2] = { "rgb420.jpg", "progressive.jpg" };

  for (int i = 0; i < 2; i++)
    {
      Buffer b = load (names[i]);

      patch_jpeg_size (&b, 60000);
      expect (&b, ALBEF_ERROR_LIMIT, "60000 x 60000 pixels",
              i ? "a progressive JPEG header of 60,000 x 60,000 pixels" : "a JPEG header of 60,000 x 60,000 pixels");
      patch_jpeg_size (&b, 14000);
      expect (&b, ALBEF_ERROR_FORMAT, "cannot hold",
              i ? "a progressive JPEG header of 196 megapixels over few bytes"
                : "a JPEG header of 196 megapixels over few bytes");
      free (b.bytes);
    }
}

/* A progressive file with the refinement of one coefficient repeated without end. */
static void
test_scans (void)
{
  Buffer b = load ("progressive.jpg"), many = { 0 };
  size_t last = 0;

  for (size_t i = 0; i + 1 < b.length; i++)
    if (b.bytes[i] == 0xff && b.bytes[i + 1] == 0xda)
      last = i;
  append (&many, b.bytes, last);
  for (int i = 0; i < 2000; i++)
    append (&many, b.bytes + last, b.length - 2 - last);
  append (&many, "\xff\xd9", 2);
  expect (&many, ALBEF_ERROR_FORMAT, "more than 500 scans", "a JPEG file with 2000 scans");
  free (b.bytes);
  free (many.bytes);
}

/* 256 MiB of zeros, deflated (250 KB). */
static Buffer
bomb_make (void)
{
  z_stream stream = { 0 };
  uint8_t zeros[65536] = { 0 }, out[4096];
  Buffer bomb = { 0 };

  if (deflateInit (&stream, 9) != Z_OK)
    abort ();
  for (int i = 0; i <= 4096; i++)
    {
      stream.next_in = zeros;
      stream.avail_in = i < 4096 ? sizeof zeros : 0;
      do
        {
          stream.next_out = out;
          stream.avail_out = sizeof out;
          deflate (&stream, i < 4096 ? Z_NO_FLUSH : Z_FINISH);
          append (&bomb, out, sizeof out - stream.avail_out);
        }
      while (stream.avail_out == 0);
    }
  deflateEnd (&stream);
  return bomb;
}

/* Bombs must neither fail the picture nor take their memory. */
static void
test_bombs (void)
{
  const struct
  {
    const char *kind, *prefix;
    size_t n_prefix;
  } places[] = { { "zTXt", "Comment\0\0", 9 },
                 { "iCCP", "profile\0\0", 9 },
                 { "iTXt", "Comment\0\1\0\0\0", 12 },
                 { "prVt", "", 0 },
                 { "IDAT", "", 0 } };
  Buffer bomb = bomb_make ();

  for (size_t i = 0; i < sizeof places / sizeof *places; i++)
    {
      Buffer b = { 0 }, data = { 0 };
      char name[64];

      append (&data, places[i].prefix, places[i].n_prefix);
      append (&data, bomb.bytes, bomb.length);
      append_png_start (&b, 10, 10, 8, 0, 0);
      append_chunk (&b, places[i].kind, data.bytes, data.length);
      if (strcmp (places[i].kind, "IDAT") != 0)
        append_deflated (&b, "IDAT", 110);
      append_chunk (&b, "IEND", "", 0);
      snprintf (name, sizeof name, "256 MiB in %s are not unpacked", places[i].kind);
      expect (&b, ALBEF_OK, "", name);
      free (b.bytes);
      free (data.bytes);
    }
  free (bomb.bytes);
#if defined(__SANITIZE_ADDRESS__)
  tap_skip ("/hostile/memory", "sanitizers hold memory of their own");
#else
  {
    struct rusage usage;

    getrusage (RUSAGE_SELF, &usage);
    tap_ok (usage.ru_maxrss < 100 << 10, "/hostile/all of it within 100 MiB (%ld)", usage.ru_maxrss >> 10);
  }
#endif
}

#define KIND(literal, words) { literal, sizeof literal - 1, words }

static void
test_kinds (void)
{
  const struct
  {
    const char *bytes;
    size_t length;
    const char *words;
  } kinds[] = {
    KIND ("", "empty"),
    KIND ("x", "not a picture"),
    KIND ("\xff\xd8", "ends after 0 %"),
    KIND ("\xff\xd8\xff\xe0 and so on, no frame at all", "thing: "),
    KIND ("\x89PNG\r\n\x1a\n", "ends after 0 %"),
    KIND ("\x89PNG\r\n\x1a\n\0\0\0\x0dIDAT12345678901234567890", "header is missing"),
    KIND ("GIF89a......", "GIF picture"),
    KIND ("BM..........", "BMP picture"),
    KIND ("II*\0........", "TIFF picture"),
    KIND ("\0\0\0\x18" "ftypheic....", "HEIC picture"),
    KIND ("%PDF-1.4 ", "PDF document"),
    KIND ("<svg xmlns", "SVG drawing"),
    KIND ("RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
    KIND ("P6", "damaged PPM"),
  };

  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    {
      AlbefError error = ALBEF_ERROR_INIT;
      AlbefStatus status = try_bytes (kinds[i].bytes, kinds[i].length, ALBEF_IMAGE_FOR_PEOPLE, &error);

      if (!tap_ok (status != ALBEF_OK
                       && (strstr (error.message, kinds[i].words) != NULL
                           || (strcmp (kinds[i].words, "WebP") == 0 && strstr (error.message, "ends after"))),
                   "/hostile/kind %zu says '%s'", i, kinds[i].words))
        tap_note ("message: %s", error.message);
    }
}

static void
expect_path (const char *path, AlbefStatus wanted, const char *words)
{
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;
  AlbefStatus status = albef_image_open (path, ALBEF_IMAGE_STORED, &image, &error);

  if (!tap_ok (status == wanted && image == NULL && strstr (error.message, words) != NULL
                   && strstr (error.message, path) != NULL,
               "/hostile/path: %s", words))
    tap_note ("status %d, message: %s", status, error.message);
  error.message[0] = 0;
  status = albef_image_probe (path, NULL, NULL, NULL, &error);
  tap_ok (status == wanted && strstr (error.message, words) != NULL, "/hostile/probe: %s", words);
}

static void
test_paths (void)
{
  char folder[] = "/tmp/albef-test-XXXXXX", path[64];
  AlbefImage *image = NULL;

  if (mkdtemp (folder) == NULL)
    abort ();
  expect_path (folder, ALBEF_ERROR_FILE, "is a folder");
  snprintf (path, sizeof path, "%s/none.png", folder);
  expect_path (path, ALBEF_ERROR_FILE, "No such file");
  snprintf (path, sizeof path, "%s/pipe.png", folder);
  if (mkfifo (path, 0600) == 0)
    expect_path (path, ALBEF_ERROR_FILE, "not a regular file");
  unlink (path);
  snprintf (path, sizeof path, "%s/empty.png", folder);
  fclose (fopen (path, "wb"));
  expect_path (path, ALBEF_ERROR_FORMAT, "is empty");
  if (geteuid () != 0)
    {
      chmod (path, 0);
      expect_path (path, ALBEF_ERROR_FILE, "Permission denied");
    }
  /* A sparse file over the limit must be refused by its size, not read. */
  if (truncate (path, 3L << 30) == 0 && chmod (path, 0600) == 0)
    expect_path (path, ALBEF_ERROR_LIMIT, "larger than 1024 MiB");
  unlink (path);
  rmdir (folder);
  tap_ok (albef_image_open_scaled (folder, ALBEF_IMAGE_STORED, 0, &image, NULL) == ALBEF_ERROR_ARGUMENT
              && image == NULL,
          "/hostile/max_side 0 is refused");
  tap_ok (albef_image_from_pixels ((const uint8_t *) "abc", 0, 1, &image, NULL) == ALBEF_ERROR_ARGUMENT
              && image == NULL,
          "/hostile/no pixels are refused");
}

int
main (void)
{
  test_cuts ("rgb8.png", 16, "% of the picture");
  test_cuts ("palette4-interlaced.png", 16, "% of the picture");
  test_cuts ("grey16-interlaced.png", 16, "% of the picture");
  test_cuts ("rgb420.jpg", 2, "% of the picture");
  test_cuts ("progressive.jpg", 2, "of pass");
  test_cuts ("cmyk.jpg", 2, "% of the picture");
  test_cuts ("exif5.jpg", 2, "% of the picture");
  test_cuts ("lossy.webp", 0, "% of the picture");
  test_cuts ("lossless-alpha.webp", 0, "% of the picture");
  test_cuts ("max1000.ppm", 0, "% of the picture");
  test_damage ("palette4-trns.png");
  test_damage ("chunks.png");
  test_damage ("rgb8-interlaced.png");
  test_damage ("rgb420.jpg");
  test_damage ("cmyk-progressive.jpg");
  test_damage ("lossy-alpha.webp");
  test_damage ("animated.webp");
  test_damage ("exif6.webp");
  test_damage ("comments.ppm");
  test_percentages ();
  test_headers ();
  test_jpeg_headers ();
  test_scans ();
  test_kinds ();
  test_paths ();
  test_bombs ();
  return tap_done ();
}
