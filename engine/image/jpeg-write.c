/* SPDX-License-Identifier: MIT */
#include "jpeg-write.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "error.h"

typedef struct
{
  struct jpeg_error_mgr errors; /* must stay first: libjpeg hands us its address */
  struct jpeg_compress_struct jpeg;
  unsigned char *bytes;
  unsigned long length;
  char message[JMSG_LENGTH_MAX];
  jmp_buf back;
} JpegWriter;

static void
on_error (j_common_ptr jpeg)
{
  JpegWriter *writer = (JpegWriter *) jpeg->err;

  jpeg->err->format_message (jpeg, writer->message);
  longjmp (writer->back, 1);
}

/* Everything that may longjmp; *writer alone is read afterwards. */
static bool
write_guarded (JpegWriter *writer, const uint8_t *pixels, int width, int height, int quality)
{
  struct jpeg_compress_struct *jpeg = &writer->jpeg;

  if (setjmp (writer->back))
    return false;
  jpeg_create_compress (jpeg);
  jpeg_mem_dest (jpeg, &writer->bytes, &writer->length);
  jpeg->image_width = (JDIMENSION) width;
  jpeg->image_height = (JDIMENSION) height;
  jpeg->input_components = 3;
  jpeg->in_color_space = JCS_RGB;
  jpeg_set_defaults (jpeg);
  jpeg_set_quality (jpeg, quality, TRUE);
  jpeg->comp_info[0].h_samp_factor = jpeg->comp_info[0].v_samp_factor = 1;
  jpeg_start_compress (jpeg, TRUE);
  while (jpeg->next_scanline < jpeg->image_height)
    {
      JSAMPROW row = (JSAMPROW) (pixels + (size_t) jpeg->next_scanline * (size_t) width * 3);

      jpeg_write_scanlines (jpeg, &row, 1);
    }
  jpeg_finish_compress (jpeg);
  return true;
}

AlbefStatus
jpeg_encode (const uint8_t *pixels, int width, int height, int quality, uint8_t **bytes, size_t *length,
             AlbefError *error)
{
  JpegWriter writer = { 0 };
  bool written;

  if (width < 1 || height < 1 || width > JPEG_MAX_DIMENSION || height > JPEG_MAX_DIMENSION)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "a JPEG has 1 to %ld pixels a side", (long) JPEG_MAX_DIMENSION);
  writer.jpeg.err = jpeg_std_error (&writer.errors);
  writer.errors.error_exit = on_error;
  written = write_guarded (&writer, pixels, width, height, quality);
  jpeg_destroy_compress (&writer.jpeg);
  if (!written)
    {
      free (writer.bytes);
      return error_set (error, ALBEF_ERROR_MEMORY, "cannot make a JPEG: %s", writer.message);
    }
  *bytes = writer.bytes;
  *length = writer.length;
  return ALBEF_OK;
}
