/* SPDX-License-Identifier: MIT
 * JPEG through libjpeg(-turbo), with the settings Pillow uses: accurate integer DCT, smooth chroma. Four-component
 * files are taken as Adobe writes them, inverted, whatever their markers say; so does Pillow. */
#include "decode.h"
#include "error.h"
#include "exif.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

/* A progressive file has about ten scans; more than this is made to burn time. */
#define MAX_SCANS 500
/* For the coefficients of progressive files: two bytes for each sample of the whole picture. */
#define MAX_COEFFICIENT_BYTES (1536L << 20)

typedef struct
{
  struct jpeg_error_mgr errors; /* must stay first: libjpeg hands us its address */
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  struct jpeg_decompress_struct jpeg;
  jmp_buf escape;
  const DecodeRequest *request;
  Decoded *decoded;
  uint8_t *row; /* one row in the file's own colours, [output_width][components] */
  char message[JMSG_LENGTH_MAX];
} JpegReader;

static void
on_error (j_common_ptr jpeg)
{
  JpegReader *reader = (JpegReader *) jpeg->err;

  if (jpeg->err->msg_code == JERR_NO_BACKING_STORE)
    snprintf (reader->message, sizeof reader->message,
              "too large to decode all at once; save it without 'progressive'");
  else
    jpeg->err->format_message (jpeg, reader->message);
  longjmp (reader->escape, 1);
}

static void
on_message (j_common_ptr jpeg, int level)
{
}

static void
on_output (j_common_ptr jpeg)
{
}

static void
on_progress (j_common_ptr jpeg)
{
  JpegReader *reader = (JpegReader *) jpeg->err;

  if (reader->jpeg.input_scan_number > MAX_SCANS)
    {
      snprintf (reader->message, sizeof reader->message, "more than %d scans", MAX_SCANS);
      longjmp (reader->escape, 1);
    }
}

static void
source_nothing (j_decompress_ptr jpeg)
{
}

/* Everything is in memory from the start, so a wish for more means that the file ends early: libjpeg then suspends
 * and its callers see it, where a made-up end marker would give grey pixels. */
static boolean
source_fill (j_decompress_ptr jpeg)
{
  return FALSE;
}

static void
source_skip (j_decompress_ptr jpeg, long count)
{
  if (count > 0)
    {
      size_t skipped = (size_t) count < jpeg->src->bytes_in_buffer ? (size_t) count : jpeg->src->bytes_in_buffer;

      jpeg->src->next_input_byte += skipped;
      jpeg->src->bytes_in_buffer -= skipped;
    }
}

static int
find_orientation (const struct jpeg_decompress_struct *jpeg)
{
  for (jpeg_saved_marker_ptr marker = jpeg->marker_list; marker != NULL; marker = marker->next)
    if (marker->marker == JPEG_APP0 + 1 && marker->data_length >= 6 && memcmp (marker->data, "Exif\0\0", 6) == 0)
      return exif_orientation (marker->data, marker->data_length);
  return 1;
}

/* x * y / 255 rounded, as Pillow's integer macro does it. */
static inline int
scale_255 (int x, int y)
{
  int product = x * y + 128;

  return ((product >> 8) + product) >> 8;
}

static void
convert_row (const JpegReader *reader, uint8_t *out)
{
  const uint8_t *in = reader->row;

  for (unsigned x = 0; x < reader->jpeg.output_width; x++, out += 3)
    if (reader->jpeg.output_components == 1)
      memset (out, *in++, 3);
    else
      {
        int white = in[3]; /* inverted: 255 - black */

        for (int c = 0; c < 3; c++)
          {
            int value = white - scale_255 (255 - in[c], white);

            out[c] = value < 0 ? 0 : value;
          }
        in += 4;
      }
}

/* The smallest of libjpeg's scales n / 8 whose result is not below max_side. */
static void
choose_scale (struct jpeg_decompress_struct *jpeg, int max_side)
{
  unsigned side = jpeg->image_width > jpeg->image_height ? jpeg->image_width : jpeg->image_height;

  jpeg->scale_denom = 8;
  for (jpeg->scale_num = 1; jpeg->scale_num < 8; jpeg->scale_num++)
    if (side * (uint64_t) jpeg->scale_num / 8 >= (unsigned) max_side)
      break;
}

static AlbefStatus
refuse_kind (const JpegReader *reader, AlbefError *error)
{
  const struct jpeg_decompress_struct *jpeg = &reader->jpeg;
  int h = 1, v = 1;
  double blocks;

  if (jpeg->num_components != 1 && jpeg->num_components != 3 && jpeg->num_components != 4)
    return error_set (error, ALBEF_ERROR_UNSUPPORTED, "%s: a JPEG file with %d components; only 1, 3 and 4 are known.",
                      reader->request->name, jpeg->num_components);
  if (jpeg->arith_code)
    return error_set (error, ALBEF_ERROR_UNSUPPORTED,
                      "%s: an arithmetic-coded JPEG file; save it again with the usual Huffman coding.",
                      reader->request->name);
  if (reader->request->header_only)
    return ALBEF_OK;
  for (int c = 0; c < jpeg->num_components; c++)
    {
      h = jpeg->comp_info[c].h_samp_factor > h ? jpeg->comp_info[c].h_samp_factor : h;
      v = jpeg->comp_info[c].v_samp_factor > v ? jpeg->comp_info[c].v_samp_factor : v;
    }
  /* Each 8 x 8 block of the finest component costs at least one bit, in progressive files too. */
  blocks = 0;
  for (int c = 0; c < jpeg->num_components; c++)
    if (jpeg->comp_info[c].h_samp_factor == h && jpeg->comp_info[c].v_samp_factor == v)
      blocks = (jpeg->image_width / 8) * (double) (jpeg->image_height / 8);
  if (blocks > 8.0 * reader->request->length)
    return error_set (
        error, ALBEF_ERROR_FORMAT,
        "%s: %zu bytes cannot hold a picture of %u x %u pixels; the file ends far too early or its header "
        "lies.",
        reader->request->name, reader->request->length, jpeg->image_width, jpeg->image_height);
  return ALBEF_OK;
}

static AlbefStatus
read_rows (JpegReader *reader, AlbefError *error)
{
  struct jpeg_decompress_struct *jpeg = &reader->jpeg;
  Decoded *decoded = reader->decoded;
  AlbefStatus status;

  if (reader->request->max_side > 0)
    choose_scale (jpeg, reader->request->max_side);
  jpeg->out_color_space = jpeg->num_components == 1 ? JCS_GRAYSCALE : jpeg->num_components == 3 ? JCS_RGB : JCS_CMYK;
  if (!jpeg_start_decompress (jpeg))
    {
      double done = jpeg->total_iMCU_rows > 0 ? (double) jpeg->input_iMCU_row / jpeg->total_iMCU_rows : 0;

      return error_set (
          error, ALBEF_ERROR_FORMAT,
          "%s: the file ends after %d %% of pass %d of a progressive picture. Copy it again from its source.",
          reader->request->name, (int) (100 * done), jpeg->input_scan_number);
    }
  status = decode_allocate (reader->request, decoded, jpeg->output_width, jpeg->output_height, error);
  if (status != ALBEF_OK)
    return status;
  reader->row = malloc ((size_t) jpeg->output_width * jpeg->output_components);
  if (reader->row == NULL)
    return error_set (error, ALBEF_ERROR_MEMORY, "%s: no memory for a row.", reader->request->name);
  while (jpeg->output_scanline < jpeg->output_height)
    {
      uint8_t *out = decoded->rgb + (size_t) jpeg->output_scanline * jpeg->output_width * 3;
      JSAMPROW row = jpeg->output_components == 3 ? out : reader->row;

      if (jpeg_read_scanlines (jpeg, &row, 1) != 1)
        return decode_ends_early (reader->request, jpeg->output_scanline, jpeg->output_height, error);
      if (jpeg->output_components != 3)
        convert_row (reader, out);
    }
  return ALBEF_OK;
}

/* Everything that may longjmp; only *reader and *reader->decoded change after setjmp. */
static AlbefStatus
read_guarded (JpegReader *reader, AlbefError *error)
{
  struct jpeg_decompress_struct *jpeg = &reader->jpeg;
  AlbefStatus status;

  if (setjmp (reader->escape))
    return error_set (error,
                      jpeg->err->msg_code == JERR_OUT_OF_MEMORY      ? ALBEF_ERROR_MEMORY
                      : jpeg->err->msg_code == JERR_NO_BACKING_STORE ? ALBEF_ERROR_LIMIT
                                                                     : ALBEF_ERROR_FORMAT,
                      "%s: a damaged JPEG file (%s).", reader->request->name, reader->message);
  jpeg_create_decompress (jpeg);
  jpeg->src = &reader->source;
  jpeg->progress = &reader->progress;
  jpeg->mem->max_memory_to_use = MAX_COEFFICIENT_BYTES;
  jpeg_save_markers (jpeg, JPEG_APP0 + 1, 0xffff);
  if (jpeg_read_header (jpeg, TRUE) != JPEG_HEADER_OK)
    return decode_ends_early (reader->request, 0, 1, error);
  status = decode_set_size (reader->request, reader->decoded, jpeg->image_width, jpeg->image_height, error);
  if (status == ALBEF_OK)
    status = refuse_kind (reader, error);
  reader->decoded->orientation = find_orientation (jpeg);
  if (status != ALBEF_OK || reader->request->header_only)
    return status;
  return read_rows (reader, error);
}

AlbefStatus
decode_jpeg (const DecodeRequest *request, Decoded *decoded, AlbefError *error)
{
  JpegReader *reader = mem_new0 (1, sizeof *reader);
  AlbefStatus status;

  reader->request = request;
  reader->decoded = decoded;
  reader->jpeg.err = jpeg_std_error (&reader->errors);
  reader->errors.error_exit = on_error;
  reader->errors.emit_message = on_message;
  reader->errors.output_message = on_output;
  reader->progress.progress_monitor = on_progress;
  reader->source.next_input_byte = request->bytes;
  reader->source.bytes_in_buffer = request->length;
  reader->source.init_source = source_nothing;
  reader->source.fill_input_buffer = source_fill;
  reader->source.skip_input_data = source_skip;
  reader->source.resync_to_restart = jpeg_resync_to_restart;
  reader->source.term_source = source_nothing;
  status = read_guarded (reader, error);
  jpeg_destroy_decompress (&reader->jpeg);
  free (reader->row);
  free (reader);
  return status;
}
