/* SPDX-License-Identifier: MIT
 * Figures as files: PNG with text chunks, SVG with <metadata>, PDF with document information. Each says what it
 * shows, by which model, and how to make it again. Every format is made in memory first, so that a file is
 * complete or untouched. */
#include "figure.h"

#include "engine-error.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#define PNG_SCALE 2.0
#define VECTOR_SCALE 3.0 /* pixels per point of the pictures inside SVG and PDF */
#define VIEW_PIXELS 4096 /* longest side of a view as PNG */

static char *
figure_title (const AlidadeMaps *maps)
{
  g_autofree char *text = maps != NULL ? g_utf8_make_valid (maps->text, -1) : NULL;

  return text != NULL ? g_strdup_printf ("Where each word looks: %s", text) : g_strdup ("A picture");
}

static cairo_status_t
append_bytes (void *closure, const unsigned char *data, unsigned int length)
{
  g_byte_array_append (closure, data, length);
  return CAIRO_STATUS_SUCCESS;
}

static gboolean
save_bytes (const char *path, const GByteArray *bytes, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *display = NULL;

  if (g_file_set_contents_full (path, (const char *) bytes->data, bytes->len,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666, &local))
    return TRUE;
  display = g_filename_display_name (path);
  g_set_error (error, local->domain, local->code, "The figure could not be written to “%s”: %s", display,
               local->message);
  return FALSE;
}

static gboolean
draw_vector (cairo_surface_t *surface, AlidadePixels *pixels, const AlidadeMaps *maps,
             const AlidadeFigureOptions *options, GError **error)
{
  cairo_t *cr = cairo_create (surface);
  cairo_status_t status;

  alidade_figure_draw (cr, pixels, maps, options, VECTOR_SCALE);
  cairo_show_page (cr);
  status = cairo_status (cr);
  cairo_destroy (cr);
  cairo_surface_finish (surface);
  if (status == CAIRO_STATUS_SUCCESS)
    status = cairo_surface_status (surface);
  if (status != CAIRO_STATUS_SUCCESS)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The figure could not be drawn: %s",
                 cairo_status_to_string (status));
  return status == CAIRO_STATUS_SUCCESS;
}

/* --- PNG --------------------------------------------------------------------------------------------- */

static gboolean
write_png (const char *path, AlidadePixels *pixels, const AlidadeMaps *maps, const AlidadeFigureOptions *options,
           GError **error)
{
  g_autofree char *title = figure_title (maps);
  const char *texts[10];
  int n_texts = 0, width, height, stride;
  AlbefError albef_error = ALBEF_ERROR_INIT;
  double scale = PNG_SCALE, figure_width, figure_height;
  g_autofree guint8 *rgb = NULL;
  cairo_surface_t *surface;
  const guint8 *data;
  AlbefStatus status;

  alidade_figure_measure (pixels, maps, options, &figure_width, &figure_height);
  if (options->kind == ALIDADE_FIGURE_VIEW) /* at the picture's own resolution, about */
    scale = CLAMP (MAX (alidade_pixels_get_width (pixels) / figure_width,
                        alidade_pixels_get_height (pixels) / figure_height),
                   1, VIEW_PIXELS / MAX (figure_width, figure_height));
  surface = alidade_figure_render (pixels, maps, options, scale);
  if (surface == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                           "There is no memory for this figure. Export it as SVG or PDF, or close other programs.");
      return FALSE;
    }
  width = cairo_image_surface_get_width (surface);
  height = cairo_image_surface_get_height (surface);
  stride = cairo_image_surface_get_stride (surface);
  data = cairo_image_surface_get_data (surface);
  rgb = g_malloc ((gsize) width * height * 3);
  for (int y = 0; y < height; y++)
    {
      const guint32 *row = (const guint32 *) (data + (gsize) y * stride);
      guint8 *out = rgb + (gsize) y * width * 3;

      for (int x = 0; x < width; x++, out += 3)
        {
          out[0] = row[x] >> 16;
          out[1] = row[x] >> 8;
          out[2] = row[x];
        }
    }
  cairo_surface_destroy (surface);

  texts[2 * n_texts] = "Title";
  texts[2 * n_texts++ + 1] = title;
  texts[2 * n_texts] = "Software";
  texts[2 * n_texts++ + 1] = "Alidade";
  if (options->command != NULL)
    {
      texts[2 * n_texts] = "Command";
      texts[2 * n_texts++ + 1] = options->command;
    }
  if (maps != NULL && maps->model_name != NULL)
    {
      texts[2 * n_texts] = "Model";
      texts[2 * n_texts++ + 1] = maps->model_name;
    }
  if (maps != NULL && maps->model_hash != NULL)
    {
      texts[2 * n_texts] = "Model-SHA256";
      texts[2 * n_texts++ + 1] = maps->model_hash;
    }
  status = albef_png_write (path, rgb, width, height, 3, texts, n_texts, &albef_error);
  if (status != ALBEF_OK)
    g_propagate_error (error, alidade_engine_error_new (&albef_error));
  return status == ALBEF_OK;
}

/* --- SVG --------------------------------------------------------------------------------------------- */

/* Control characters but tab and line ends may not stand in XML 1.0 at all. */
static char *
xml_text (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);

  for (char *c = valid; *c != '\0'; c++)
    if (((guchar) *c < 0x20 && *c != '\t' && *c != '\n') || *c == 0x7f)
      *c = ' ';
  return g_markup_escape_text (valid, -1);
}

static gboolean
write_svg (const char *path, AlidadePixels *pixels, const AlidadeMaps *maps, const AlidadeFigureOptions *options,
           GError **error)
{
  g_autoptr (GByteArray) drawn = g_byte_array_new ();
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autofree char *title_text = figure_title (maps);
  g_autofree char *title = xml_text (title_text);
  g_autofree char *command = xml_text (options->command);
  g_autofree char *model = xml_text (maps != NULL ? maps->model_name : NULL);
  g_autofree char *hash = xml_text (maps != NULL ? maps->model_hash : NULL);
  g_autofree char *metadata = NULL;
  const char *tag, *end;
  cairo_surface_t *surface;
  double width, height;
  gboolean done;

  alidade_figure_measure (pixels, maps, options, &width, &height);
  surface = cairo_svg_surface_create_for_stream (append_bytes, drawn, width, height);
  done = draw_vector (surface, pixels, maps, options, error);
  cairo_surface_destroy (surface);
  if (!done)
    return FALSE;

  /* Cairo writes no metadata: it goes behind the opening tag. */
  tag = g_strstr_len ((const char *) drawn->data, drawn->len, "<svg");
  end = tag != NULL ? memchr (tag, '>', (const char *) drawn->data + drawn->len - tag) : NULL;
  if (end == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Cairo wrote no SVG.");
      return FALSE;
    }
  metadata = g_strdup_printf ("\n<title>%s</title>\n"
                              "<metadata>\n"
                              "  <alidade:figure xmlns:alidade=\"urn:x-alidade:figure\">\n"
                              "    <alidade:command>%s</alidade:command>\n"
                              "    <alidade:model>%s</alidade:model>\n"
                              "    <alidade:model-sha256>%s</alidade:model-sha256>\n"
                              "  </alidade:figure>\n"
                              "</metadata>",
                              title, command, model, hash);
  g_byte_array_append (file, drawn->data, end + 1 - (const char *) drawn->data);
  g_byte_array_append (file, (const guint8 *) metadata, strlen (metadata));
  g_byte_array_append (file, (const guint8 *) end + 1, (const char *) drawn->data + drawn->len - end - 1);
  return save_bytes (path, file, error);
}

/* --- PDF --------------------------------------------------------------------------------------------- */

static gboolean
write_pdf (const char *path, AlidadePixels *pixels, const AlidadeMaps *maps, const AlidadeFigureOptions *options,
           GError **error)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autofree char *title = figure_title (maps);
  cairo_surface_t *surface;
  double width, height;
  gboolean done;

  alidade_figure_measure (pixels, maps, options, &width, &height);
  surface = cairo_pdf_surface_create_for_stream (append_bytes, file, width, height);
  cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_TITLE, title);
  cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_CREATOR, "Alidade");
  if (options->command != NULL)
    cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_SUBJECT, options->command);
  if (maps != NULL && maps->model_hash != NULL)
    {
      g_autofree char *keywords = g_strdup_printf ("model %s, sha256 %s", maps->model_name, maps->model_hash);

      cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_KEYWORDS, keywords);
    }
  done = draw_vector (surface, pixels, maps, options, error);
  cairo_surface_destroy (surface);
  return done && save_bytes (path, file, error);
}

gboolean
alidade_figure_write (const char *path, AlidadePixels *pixels, const AlidadeMaps *maps,
                      const AlidadeFigureOptions *options, GError **error)
{
  const char *dot;

  g_return_val_if_fail (path != NULL && pixels != NULL && options != NULL, FALSE);

  dot = strrchr (path, '.');
  if (dot != NULL && g_ascii_strcasecmp (dot, ".png") == 0)
    return write_png (path, pixels, maps, options, error);
  if (dot != NULL && g_ascii_strcasecmp (dot, ".svg") == 0)
    return write_svg (path, pixels, maps, options, error);
  if (dot != NULL && g_ascii_strcasecmp (dot, ".pdf") == 0)
    return write_pdf (path, pixels, maps, options, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "The name of a figure ends in .png, .svg or .pdf; this one does not.");
  return FALSE;
}
