/* SPDX-License-Identifier: MIT */
#include "figure.h"

#include "albef.h"

#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

/* Measures in points. */
#define MARGIN 16.0
#define CELL 132.0      /* longer side of a picture in the strip */
#define CELL_GAP 10.0
#define ROW_GAP 12.0
#define CELLS_IN_ROW 8  /* some 1,150 points at most: a page laid across */
#define LABEL_GAP 4.0
#define VIEW 560.0      /* longer side of the picture in a view */
#define BAR_WIDTH 120.0
#define BAR_HEIGHT 8.0
#define TEXT_WIDTH 240.0 /* least width given to the sentence */

#define SURFACE_LIMIT 16384

#define FONT "Cantarell, Sans"

typedef struct
{
  const AlidadeMaps *maps; /* may be NULL */
  const AlidadeFigureOptions *options;
  AlidadePixels *pixels;
  double width, height;    /* of the whole */
  double cell_width, cell_height;
  int n_cells, n_columns, n_rows;
  double head_height, label_height, foot_height;
  const char *scale_text;  /* what 1 of the colour bar is */
} Layout;

/* --- Text -------------------------------------------------------------------------------------------- */

typedef struct
{
  double size; /* points */
  gboolean bold, italic;
  double grey; /* 0 black .. 1 white */
} Letters;

static const Letters letters_sentence = { 13, TRUE, FALSE, 0.13 };
static const Letters letters_match = { 12, FALSE, FALSE, 0.13 };
static const Letters letters_word = { 11, TRUE, FALSE, 0.13 };
static const Letters letters_function = { 11, FALSE, FALSE, 0.40 };
static const Letters letters_picture = { 11, FALSE, TRUE, 0.40 };
static const Letters letters_note = { 9, FALSE, FALSE, 0.40 };

/* width <= 0: one line as long as it is. */
static PangoLayout *
text_layout (cairo_t *cr, const char *text, const Letters *letters, double width, gboolean wrap)
{
  PangoLayout *layout = pango_cairo_create_layout (cr);
  PangoFontDescription *font = pango_font_description_from_string (FONT);

  pango_font_description_set_absolute_size (font, letters->size * PANGO_SCALE);
  pango_font_description_set_weight (font, letters->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_font_description_set_style (font, letters->italic ? PANGO_STYLE_ITALIC : PANGO_STYLE_NORMAL);
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  pango_layout_set_text (layout, text, -1);
  if (width > 0)
    {
      pango_layout_set_width (layout, width * PANGO_SCALE);
      pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
      pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
      pango_layout_set_height (layout, wrap ? -4 : -1); /* lines */
    }
  return layout;
}

static void
text_size (PangoLayout *layout, double *width, double *height)
{
  int w, h;

  pango_layout_get_pixel_size (layout, &w, &h);
  if (width != NULL)
    *width = w;
  if (height != NULL)
    *height = h;
}

/* Draws text with its top at y; `align` 0 left of x, 0.5 centred on x, 1 ending at x. Returns its height. */
static double
text_draw (cairo_t *cr, const char *text, const Letters *letters, double x, double y, double width, gboolean wrap,
           double align)
{
  g_autoptr (PangoLayout) layout = text_layout (cr, text, letters, width, wrap);
  double w, h;

  text_size (layout, &w, &h);
  cairo_set_source_rgb (cr, letters->grey, letters->grey, letters->grey);
  cairo_move_to (cr, x - align * w, y);
  pango_cairo_show_layout (cr, layout);
  return h;
}

static double
text_height (const char *text, const Letters *letters, double width)
{
  cairo_surface_t *surface = cairo_recording_surface_create (CAIRO_CONTENT_COLOR_ALPHA, NULL);
  cairo_t *cr = cairo_create (surface);
  g_autoptr (PangoLayout) layout = text_layout (cr, text, letters, width, TRUE);
  double height;

  text_size (layout, NULL, &height);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
  return height;
}

/* --- What is said ------------------------------------------------------------------------------------ */

static char *
sentence_text (const AlidadeMaps *maps)
{
  g_autofree char *valid = g_utf8_make_valid (maps->text, -1);

  g_strdelimit (valid, "\n\r\t", ' ');
  return g_strdup_printf ("“%s”", g_strstrip (valid));
}

static char *
match_text (const AlidadeMaps *maps)
{
  return g_strdup_printf ("match %.2f", maps->match);
}

static char *
heads_text (const AlidadeMaps *maps)
{
  GString *text = g_string_new (NULL);
  int n = 0;

  for (int head = 0; head < maps->n_heads && head < 64; head++)
    if (maps->heads >> head & 1)
      g_string_append_printf (text, "%s%d", n++ > 0 ? ", " : "", head + 1);
  if (n == maps->n_heads)
    g_string_printf (text, "mean of %d heads", n);
  else
    g_string_prepend (text, n == 1 ? "head " : "heads ");
  return g_string_free (text, FALSE);
}

static char *
source_text (const AlidadeMaps *maps)
{
  g_autofree char *heads = heads_text (maps);

  return g_strdup_printf ("%s · %s %d, %s", maps->model_name != NULL ? maps->model_name : "",
                          maps->method == ALBEF_METHOD_ITC_GRADCAM ? "image layer" : "fusion layer", maps->layer,
                          heads);
}

/* --- Layout ------------------------------------------------------------------------------------------ */

static gboolean
strip_has_words (const AlidadeMaps *maps)
{
  return maps->has_word_maps && maps->n_words > 0;
}

static void
layout_measure (Layout *self, AlidadePixels *pixels, const AlidadeMaps *maps, const AlidadeFigureOptions *options)
{
  const int width = alidade_pixels_get_width (pixels), height = alidade_pixels_get_height (pixels);
  const double side = options->kind == ALIDADE_FIGURE_VIEW ? VIEW : CELL;
  const double zoom = side / MAX (width, height);

  *self = (Layout) { .maps = maps, .options = options, .pixels = pixels, .scale_text = "1, strongest word" };
  if (options->kind == ALIDADE_FIGURE_STRIP ? maps != NULL && !strip_has_words (maps) : options->scale > 0)
    self->scale_text = "1, highest value";
  /* A sliver of a picture still gets a line of pixels. */
  self->cell_width = MAX (width * zoom, 1);
  self->cell_height = MAX (height * zoom, 1);
  self->n_cells = 1;
  if (options->kind == ALIDADE_FIGURE_STRIP && maps != NULL)
    self->n_cells += strip_has_words (maps) ? maps->n_words : maps->sentence != NULL;
  self->n_columns = MIN (self->n_cells, CELLS_IN_ROW);
  self->n_rows = (self->n_cells + self->n_columns - 1) / self->n_columns;
  self->width = self->n_columns * (self->cell_width + CELL_GAP) - CELL_GAP;
  if (!options->bare && maps != NULL)
    self->width = MAX (self->width, TEXT_WIDTH);

  if (!options->bare && maps != NULL)
    {
      g_autofree char *sentence = sentence_text (maps);

      self->head_height = text_height (sentence, &letters_sentence, self->width - 100) + 10;
      self->foot_height = 40;
      if (maps->scored && !maps->has_word_maps)
        self->foot_height += text_height (maps->reason, &letters_note, self->width);
      if (options->kind == ALIDADE_FIGURE_STRIP)
        self->label_height = LABEL_GAP + 28;
      else if (options->label != NULL)
        self->label_height = LABEL_GAP + 16;
    }
  self->height = self->head_height + self->n_rows * (self->cell_height + self->label_height)
                 + (self->n_rows - 1) * ROW_GAP + self->foot_height;
  if (!options->bare)
    {
      self->width += 2 * MARGIN;
      self->height += 2 * MARGIN;
    }
}

/* --- Pictures ---------------------------------------------------------------------------------------- */

/* The picture at width x height pixels, ready to be composed on; NULL without memory. */
static cairo_surface_t *
picture_surface (AlidadePixels *pixels, int width, int height)
{
  AlbefImage *image = NULL, *small = NULL;
  cairo_surface_t *surface = NULL;

  if (albef_image_from_pixels (alidade_pixels_get_data (pixels), alidade_pixels_get_width (pixels),
                               alidade_pixels_get_height (pixels), &image, NULL) == ALBEF_OK
      && albef_image_resize (image, width, height, &small, NULL) == ALBEF_OK)
    {
      const guint8 *from = albef_image_pixels (small);
      guint8 *to;
      int stride;

      surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
      if (cairo_surface_status (surface) != CAIRO_STATUS_SUCCESS)
        g_clear_pointer (&surface, cairo_surface_destroy);
      else
        {
          to = cairo_image_surface_get_data (surface);
          stride = cairo_image_surface_get_stride (surface);
          for (int y = 0; y < height; y++)
            {
              guint32 *row = (guint32 *) (to + (gsize) y * stride);

              for (int x = 0; x < width; x++, from += 3)
                row[x] = 0xff000000u | (guint32) from[0] << 16 | (guint32) from[1] << 8 | from[2];
            }
          cairo_surface_mark_dirty (surface);
        }
    }
  albef_image_free (small);
  albef_image_free (image);
  return surface;
}

/* `picture` under a map, as a new surface. */
static cairo_surface_t *
overlay_surface (cairo_surface_t *picture, const AlidadeMaps *maps, const float *map, double scale,
                 const AlidadeFigureOptions *options)
{
  const AlbefOverlay overlay = {
    .colours = options->colours,
    .opacity = options->opacity,
    .threshold = options->threshold,
    .scale = scale,
  };
  const int width = cairo_image_surface_get_width (picture), height = cairo_image_surface_get_height (picture);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);

  if (cairo_surface_status (surface) != CAIRO_STATUS_SUCCESS)
    return surface;
  /* BGRA in memory is Cairo's native order on little endian alone; Debian's big-endian port is not a target. */
  albef_overlay_compose (cairo_image_surface_get_data (picture), width, height,
                         cairo_image_surface_get_stride (picture), 4, map, maps->grid_width, maps->grid_height, 0, 0,
                         width, height, &overlay, cairo_image_surface_get_data (surface),
                         cairo_image_surface_get_stride (surface));
  cairo_surface_mark_dirty (surface);
  return surface;
}

static void
draw_surface (cairo_t *cr, cairo_surface_t *surface, double x, double y, double width, double height, double alpha)
{
  cairo_save (cr);
  cairo_translate (cr, x, y);
  cairo_rectangle (cr, 0, 0, width, height);
  cairo_clip (cr);
  cairo_scale (cr, width / cairo_image_surface_get_width (surface), height / cairo_image_surface_get_height (surface));
  cairo_set_source_surface (cr, surface, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_GOOD);
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  cairo_paint_with_alpha (cr, alpha);
  cairo_restore (cr);
}

static void
draw_colour_bar (cairo_t *cr, AlbefColours colours, double x, double y)
{
  cairo_pattern_t *gradient = cairo_pattern_create_linear (x, 0, x + BAR_WIDTH, 0);
  guint8 rgb[3];

  for (int i = 0; i <= 32; i++)
    {
      albef_colours_lookup (colours, i / 32.0, rgb);
      cairo_pattern_add_color_stop_rgb (gradient, i / 32.0, rgb[0] / 255.0, rgb[1] / 255.0, rgb[2] / 255.0);
    }
  cairo_rectangle (cr, x, y, BAR_WIDTH, BAR_HEIGHT);
  cairo_set_source (cr, gradient);
  cairo_fill (cr);
  cairo_pattern_destroy (gradient);
}

/* --- The figure -------------------------------------------------------------------------------------- */

static void
draw_word_cell (cairo_t *cr, const Layout *layout, const AlidadeWord *word, cairo_surface_t *picture, double x,
                double y)
{
  const double middle = x + layout->cell_width / 2, below = y + layout->cell_height + LABEL_GAP;
  const double width = layout->cell_width + CELL_GAP - 2;
  g_autofree char *note = NULL;

  if (word->map != NULL)
    {
      cairo_surface_t *overlay
          = overlay_surface (picture, layout->maps, word->map, layout->maps->peak, layout->options);

      draw_surface (cr, overlay, x, y, layout->cell_width, layout->cell_height, 1);
      cairo_surface_destroy (overlay);
      note = g_strdup_printf ("%.2f", word->strength);
    }
  else
    {
      draw_surface (cr, picture, x, y, layout->cell_width, layout->cell_height, 0.25);
      note = g_strdup (word->state == ALBEF_WORD_CUT ? "cut: too long" : "not in the vocabulary");
    }
  if (layout->options->bare)
    return;
  text_draw (cr, word->text, word->function_word ? &letters_function : &letters_word, middle, below, width, FALSE, 0.5);
  text_draw (cr, note, &letters_note, middle, below + 15, width, FALSE, 0.5);
}

static void
draw_foot (cairo_t *cr, const Layout *layout, double x, double y, double width)
{
  const AlidadeMaps *maps = layout->maps;
  g_autofree char *source = source_text (maps);

  if (!maps->has_word_maps && maps->reason[0] != '\0')
    y += text_draw (cr, maps->reason, &letters_note, x, y + 6, width, TRUE, 0);
  draw_colour_bar (cr, layout->options->colours, x + 10, y + 12);
  text_draw (cr, "0", &letters_note, x + 6, y + 9, 0, FALSE, 1);
  text_draw (cr, layout->scale_text, &letters_note, x + BAR_WIDTH + 14, y + 9, 0, FALSE, 0);
  text_draw (cr, source, &letters_note, x, y + 25, width, FALSE, 0);
}

void
alidade_figure_measure (AlidadePixels *pixels, const AlidadeMaps *maps, const AlidadeFigureOptions *options,
                        double *width, double *height)
{
  Layout layout;

  layout_measure (&layout, pixels, maps, options);
  *width = ceil (layout.width);
  *height = ceil (layout.height);
}

void
alidade_figure_draw (cairo_t *cr, AlidadePixels *pixels, const AlidadeMaps *maps, const AlidadeFigureOptions *options,
                     double device_scale)
{
  const double margin = options->bare ? 0 : MARGIN;
  cairo_surface_t *picture;
  double x = margin, y = margin, inner;
  Layout layout;

  layout_measure (&layout, pixels, maps, options);
  inner = layout.width - 2 * margin;
  cairo_save (cr);
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_rectangle (cr, 0, 0, ceil (layout.width), ceil (layout.height));
  cairo_fill (cr);
  picture = picture_surface (pixels, CLAMP (lround (layout.cell_width * device_scale), 1, SURFACE_LIMIT),
                             CLAMP (lround (layout.cell_height * device_scale), 1, SURFACE_LIMIT));
  if (picture == NULL)
    {
      text_draw (cr, "No memory for this picture.", &letters_note, x, y, inner, FALSE, 0);
      cairo_restore (cr);
      return;
    }

  if (!options->bare && maps != NULL)
    {
      g_autofree char *sentence = sentence_text (maps);
      g_autofree char *match = match_text (maps);

      text_draw (cr, sentence, &letters_sentence, x, y, inner - 100, TRUE, 0);
      if (maps->scored)
        text_draw (cr, match, &letters_match, x + inner, y + 1, 0, FALSE, 1);
      y += layout.head_height;
    }

  for (int cell = 0; cell < layout.n_cells; cell++)
    {
      const double left = x + cell % layout.n_columns * (layout.cell_width + CELL_GAP);
      const double top = y + cell / layout.n_columns * (layout.cell_height + layout.label_height + ROW_GAP);
      const double middle = left + layout.cell_width / 2, below = top + layout.cell_height + LABEL_GAP;
      const float *map = options->kind == ALIDADE_FIGURE_VIEW ? options->map : NULL;
      const char *label = options->kind == ALIDADE_FIGURE_VIEW ? options->label : "picture";
      double scale = options->scale > 0 || maps == NULL ? options->scale : maps->peak;
      const gboolean is_word = cell > 0 && strip_has_words (maps);

      if (is_word)
        {
          draw_word_cell (cr, &layout, &maps->words[cell - 1], picture, left, top);
          continue;
        }
      if (cell > 0)
        {
          map = maps->sentence;
          scale = maps->sentence_peak;
          label = "whole sentence";
        }
      if (map != NULL && maps != NULL && scale > 0)
        {
          cairo_surface_t *overlay = overlay_surface (picture, maps, map, scale, options);

          draw_surface (cr, overlay, left, top, layout.cell_width, layout.cell_height, 1);
          cairo_surface_destroy (overlay);
        }
      else
        draw_surface (cr, picture, left, top, layout.cell_width, layout.cell_height, 1);
      if (!options->bare && label != NULL && maps != NULL)
        text_draw (cr, label, options->kind == ALIDADE_FIGURE_VIEW ? &letters_word : &letters_picture, middle, below,
                   layout.cell_width + CELL_GAP - 2, FALSE, 0.5);
    }
  if (!options->bare && maps != NULL)
    draw_foot (cr, &layout, x, layout.height - margin - layout.foot_height, inner);
  cairo_surface_destroy (picture);
  cairo_restore (cr);
}

cairo_surface_t *
alidade_figure_render (AlidadePixels *pixels, const AlidadeMaps *maps, const AlidadeFigureOptions *options,
                       double scale)
{
  cairo_surface_t *surface;
  double width, height;
  cairo_t *cr;

  alidade_figure_measure (pixels, maps, options, &width, &height);
  if (width * scale > SURFACE_LIMIT || height * scale > SURFACE_LIMIT)
    return NULL;
  surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, lround (width * scale), lround (height * scale));
  cr = cairo_create (surface);
  cairo_scale (cr, scale, scale);
  alidade_figure_draw (cr, pixels, maps, options, scale);
  if (cairo_status (cr) != CAIRO_STATUS_SUCCESS || cairo_surface_status (surface) != CAIRO_STATUS_SUCCESS)
    g_clear_pointer (&surface, cairo_surface_destroy);
  cairo_destroy (cr);
  if (surface != NULL)
    cairo_surface_flush (surface);
  return surface;
}
