/* SPDX-License-Identifier: MIT
 * Writing PNG files: complete or not at all, with text chunks that say what made them. */
#include "atomic-file.h"
#include "error.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_KEYWORD 79

typedef struct
{
  AtomicFile *file;
  AlbefError problem; /* what stopped the file, if that stopped the picture */
  png_structp png;
  png_infop info;
  png_text *texts;
  int n_texts;
  char message[128];
} PngWriter;

static void
on_error (png_structp png, png_const_charp message)
{
  PngWriter *writer = png_get_error_ptr (png);

  snprintf (writer->message, sizeof writer->message, "%s", message);
  png_longjmp (png, 1);
}

static void
on_warning (png_structp png, png_const_charp message)
{
}

static void
write_bytes (png_structp png, png_bytep bytes, png_size_t length)
{
  PngWriter *writer = png_get_io_ptr (png);

  if (atomic_file_write (writer->file, bytes, length, &writer->problem) != ALBEF_OK)
    png_error (png, "");
}

/* All of it goes out at the end. */
static void
flush_bytes (png_structp png)
{
}

/* The next code point of UTF-8; an ill-formed byte counts as U+FFFD. */
static uint32_t
utf8_next (const uint8_t **at)
{
  static const uint32_t least[4] = { 0, 0x80, 0x800, 0x10000 };
  const uint8_t *text = *at;
  int more = text[0] < 0x80             ? 0
             : (text[0] & 0xe0) == 0xc0 ? 1
             : (text[0] & 0xf0) == 0xe0 ? 2
             : (text[0] & 0xf8) == 0xf0 ? 3
                                        : -1;
  uint32_t code = more <= 0 ? text[0] : text[0] & (0x3f >> more);

  for (int i = 1; i <= more; i++)
    if ((text[i] & 0xc0) != 0x80)
      more = -1;
    else
      code = code << 6 | (text[i] & 0x3f);
  if (more < 0 || code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
    {
      *at += 1;
      return 0xfffd;
    }
  *at += more + 1;
  return code;
}

/* tEXt holds Latin-1 and line feeds; anything else needs iTXt. Sets *text and its compression kind; the caller frees
 * text->text. */
static void
text_encode (const char *source, png_text *text)
{
  size_t length = strlen (source), n = 0;
  bool latin = true;
  char *out;

  for (const uint8_t *at = (const uint8_t *) source; *at != 0;)
    {
      uint32_t code = utf8_next (&at);

      latin = latin && (code == '\n' || (code >= 0x20 && code < 0x7f) || (code >= 0xa0 && code <= 0xff));
    }
  out = mem_new0 (length * 3 + 1, 1);
  for (const uint8_t *at = (const uint8_t *) source; *at != 0;)
    {
      const uint8_t *start = at;
      uint32_t code = utf8_next (&at);

      if (latin)
        out[n++] = (char) code;
      else if (code == 0xfffd)
        n += sprintf (out + n, "\xef\xbf\xbd");
      else
        {
          memcpy (out + n, start, at - start);
          n += at - start;
        }
    }
  text->text = out;
  text->compression = latin ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
  text->text_length = latin ? n : 0;
  text->itxt_length = latin ? 0 : n;
}

/* Everything that may longjmp; *writer alone is read afterwards. */
static bool
write_guarded (PngWriter *writer, const uint8_t *pixels, int width, int height, int channels)
{
  if (setjmp (png_jmpbuf (writer->png)))
    return false;
  png_set_write_fn (writer->png, writer, write_bytes, flush_bytes);
  png_set_IHDR (writer->png, writer->info, width, height, 8, channels == 4 ? PNG_COLOR_TYPE_RGBA : PNG_COLOR_TYPE_RGB,
                PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (writer->n_texts > 0)
    png_set_text (writer->png, writer->info, writer->texts, writer->n_texts);
  png_write_info (writer->png, writer->info);
  for (int y = 0; y < height; y++)
    png_write_row (writer->png, pixels + (size_t) y * width * channels);
  png_write_end (writer->png, writer->info);
  return true;
}

static bool
write_stream (PngWriter *writer, const uint8_t *pixels, int width, int height, int channels)
{
  bool written;

  writer->png = png_create_write_struct (PNG_LIBPNG_VER_STRING, writer, on_error, on_warning);
  writer->info = writer->png != NULL ? png_create_info_struct (writer->png) : NULL;
  if (writer->info == NULL)
    snprintf (writer->message, sizeof writer->message, "no memory");
  written = writer->info != NULL && write_guarded (writer, pixels, width, height, channels);
  png_destroy_write_struct (&writer->png, &writer->info);
  return written;
}

static AlbefStatus
write_file (PngWriter *writer, const char *path, const uint8_t *pixels, int width, int height, int channels,
            AlbefError *error)
{
  AlbefStatus status = atomic_file_open (path, &writer->file, error);

  if (status != ALBEF_OK)
    return status;
  if (write_stream (writer, pixels, width, height, channels))
    return atomic_file_commit (writer->file, error);
  atomic_file_discard (writer->file);
  if (writer->problem.status != ALBEF_OK)
    return error_set (error, writer->problem.status, "%s", writer->problem.message);
  return error_set (error, ALBEF_ERROR_FILE, "cannot write '%s': %s", path, writer->message);
}

AlbefStatus
albef_png_write (const char *path, const uint8_t *pixels, int width, int height, int channels, const char *const *texts,
                 int n_texts, AlbefError *error)
{
  PngWriter writer = { 0 };
  AlbefStatus status = ALBEF_OK;

  if (path == NULL || pixels == NULL || width < 1 || height < 1 || (channels != 3 && channels != 4))
    return error_set (error, ALBEF_ERROR_ARGUMENT, "albef_png_write: needs a path and RGB or RGBA pixels");
  if (width > 1000000 || height > 1000000)
    return error_set (error, ALBEF_ERROR_LIMIT,
                      "cannot write '%s': %d x %d pixels are more than a PNG file may have here", path, width, height);
  writer.texts = mem_new0 (n_texts, sizeof *writer.texts);
  for (int i = 0; texts != NULL && i < n_texts && status == ALBEF_OK; i++)
    {
      if (texts[2 * i] == NULL || texts[2 * i + 1] == NULL || *texts[2 * i] == 0 || strlen (texts[2 * i]) > MAX_KEYWORD)
        status = error_set (error, ALBEF_ERROR_ARGUMENT, "albef_png_write: a keyword has 1 to %d letters", MAX_KEYWORD);
      else
        {
          writer.texts[i].key = (char *) texts[2 * i];
          text_encode (texts[2 * i + 1], &writer.texts[i]);
          writer.n_texts++;
        }
    }
  if (status == ALBEF_OK)
    status = write_file (&writer, path, pixels, width, height, channels, error);
  for (int i = 0; i < writer.n_texts; i++)
    free (writer.texts[i].text);
  free (writer.texts);
  return status;
}
