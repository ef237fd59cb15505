/* SPDX-License-Identifier: MIT */
#include "reliability-plot.h"

#include <cairo-svg.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define LEFT 48.0
#define TOP 16.0
#define RIGHT 92.0 /* room for the lines' names */
#define BOTTOM 38.0
#define WIDTH 504
#define HEIGHT 280

struct _AlidadeReliabilityPlot
{
  GtkWidget parent_instance;

  ScoreBin bins[STATISTICS_BINS];
  gboolean there;
};

G_DEFINE_FINAL_TYPE (AlidadeReliabilityPlot, alidade_reliability_plot, GTK_TYPE_WIDGET)

typedef struct
{
  GdkRGBA text, faint, raw, trust;
} Colours;

typedef struct
{
  cairo_t *cr;
  PangoLayout *layout;
  double x, y, width, height; /* of the inner area */
} Paper;

static void
write_text (Paper *paper, const GdkRGBA *colour, const char *text, double x, double y, double align)
{
  int width, height;

  pango_layout_set_text (paper->layout, text, -1);
  pango_layout_get_pixel_size (paper->layout, &width, &height);
  gdk_cairo_set_source_rgba (paper->cr, colour);
  cairo_move_to (paper->cr, x - align * width, y - height / 2.0);
  pango_cairo_show_layout (paper->cr, paper->layout);
}

static void
draw_axes (Paper *paper, const Colours *colours)
{
  cairo_t *cr = paper->cr;

  cairo_set_line_width (cr, 1);
  for (int i = 0; i <= 4; i++)
    {
      g_autofree char *down = g_strdup_printf ("%d %%", 25 * i), *across = g_strdup_printf ("%.2f", 0.25 * i);
      double y = floor (paper->y + paper->height * (1 - i / 4.0)) + 0.5, x = paper->x + paper->width * i / 4.0;

      gdk_cairo_set_source_rgba (cr, &colours->faint);
      cairo_move_to (cr, paper->x, y);
      cairo_line_to (cr, paper->x + paper->width, y);
      cairo_stroke (cr);
      write_text (paper, &colours->text, down, paper->x - 6, y, 1);
      write_text (paper, &colours->text, across, x, paper->y + paper->height + 11, 0.5);
    }
  write_text (paper, &colours->text, "score of the proposal", paper->x + paper->width / 2, paper->y + paper->height + 28, 0.5);
  cairo_set_dash (cr, (const double[]) { 2, 4 }, 2, 0);
  gdk_cairo_set_source_rgba (cr, &colours->text);
  cairo_move_to (cr, paper->x, paper->y + paper->height);
  cairo_line_to (cr, paper->x + paper->width, paper->y);
  cairo_stroke (cr);
  cairo_set_dash (cr, NULL, 0, 0);
}

/* The line of one kind of score, its points as large as they are many. */
static void
draw_line (Paper *paper, const ScoreBin *bins, gboolean trust, const GdkRGBA *colour, const char *name)
{
  gint64 most = 1;
  double x = 0, y = 0;
  gboolean any = FALSE;

  gdk_cairo_set_source_rgba (paper->cr, colour);
  cairo_set_line_width (paper->cr, 2);
  cairo_set_dash (paper->cr, (const double[]) { 6, 3 }, trust ? 2 : 0, 0);
  for (int i = 0; i < STATISTICS_BINS; i++)
    most = MAX (most, bins[i].n);
  for (int pass = 0; pass < 2; pass++)
    {
      for (int i = 0; i < STATISTICS_BINS; i++)
        {
          double score = trust ? bins[i].trust : bins[i].score;

          if (bins[i].n == 0 || isnan (score))
            continue;
          x = paper->x + paper->width * CLAMP (score, 0, 1);
          y = paper->y + paper->height * (1 - bins[i].accepted / (double) bins[i].n);
          if (pass == 0)
            any ? cairo_line_to (paper->cr, x, y) : cairo_move_to (paper->cr, x, y);
          else
            {
              cairo_arc (paper->cr, x, y, 2.5 + 4.5 * sqrt (bins[i].n / (double) most), 0, 2 * G_PI);
              cairo_fill (paper->cr);
            }
          any = TRUE;
        }
      if (pass == 0)
        cairo_stroke (paper->cr);
    }
  cairo_set_dash (paper->cr, NULL, 0, 0);
  if (any)
    write_text (paper, colour, name, MIN (x + 10, paper->x + paper->width + 6), y, 0);
}

static void
draw (cairo_t *cr, PangoLayout *layout, double width, double height, const ScoreBin *bins, const Colours *colours)
{
  Paper paper = { cr, layout, LEFT, TOP, MAX (width - LEFT - RIGHT, 20), MAX (height - TOP - BOTTOM, 20) };

  draw_axes (&paper, colours);
  draw_line (&paper, bins, FALSE, &colours->raw, "raw score");
  draw_line (&paper, bins, TRUE, &colours->trust, "calibrated");
}

static void
set_colours (Colours *colours, GdkRGBA text, gboolean dark)
{
  colours->text = text;
  colours->text.alpha *= 0.75;
  colours->faint = text;
  colours->faint.alpha *= 0.15;
  gdk_rgba_parse (&colours->raw, dark ? "#78aeed" : "#1c71d8");
  gdk_rgba_parse (&colours->trust, dark ? "#ffa348" : "#c64600");
}

static void
set_font (PangoLayout *layout)
{
  PangoFontDescription *font = pango_font_description_copy (pango_context_get_font_description (pango_layout_get_context (layout)));

  pango_font_description_set_size (font, 9 * PANGO_SCALE);
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
}

gboolean
alidade_reliability_plot_save (const ReviewStatistics *statistics, const char *path, GError **error)
{
  g_autofree char *beside = g_strconcat (path, ".new", NULL);
  cairo_surface_t *surface = cairo_svg_surface_create (beside, WIDTH, HEIGHT);
  cairo_t *cr = cairo_create (surface);
  g_autoptr (PangoLayout) layout = pango_cairo_create_layout (cr);
  PangoFontDescription *font = pango_font_description_from_string ("Cantarell 9");
  Colours colours;
  cairo_status_t status;
  g_autofree char *text = NULL;
  gsize length;

  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  set_colours (&colours, (GdkRGBA) { 0, 0, 0, 1 }, FALSE);
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_paint (cr);
  draw (cr, layout, WIDTH, HEIGHT, statistics->bins, &colours);
  cairo_destroy (cr);
  cairo_surface_finish (surface);
  status = cairo_surface_status (surface);
  cairo_surface_destroy (surface);
  if (status != CAIRO_STATUS_SUCCESS)
    {
      g_remove (beside);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Cannot write '%s': %s", path, cairo_status_to_string (status));
      return FALSE;
    }
  if (!g_file_get_contents (beside, &text, &length, error))
    return FALSE;
  g_remove (beside);
  return g_file_set_contents_full (path, text, length, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666, error);
}

static void
snapshot (GtkWidget *widget, GtkSnapshot *snap)
{
  AlidadeReliabilityPlot *self = ALIDADE_RELIABILITY_PLOT (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (widget, NULL);
  GdkRGBA text;
  Colours colours;
  cairo_t *cr;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &text);
  set_colours (&colours, text, text.red > 0.5);
  set_font (layout);
  cr = gtk_snapshot_append_cairo (snap, &GRAPHENE_RECT_INIT (0, 0, width, height));
  draw (cr, layout, width, height, self->bins, &colours);
  cairo_destroy (cr);
}

static void
measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 300 : 220;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? WIDTH : HEIGHT;
}

void
alidade_reliability_plot_set (AlidadeReliabilityPlot *self, const ReviewStatistics *statistics)
{
  g_autoptr (GString) text = g_string_new (NULL);

  memcpy (self->bins, statistics->bins, sizeof self->bins);
  for (int i = 0; i < STATISTICS_BINS; i++)
    if (self->bins[i].n > 0)
      g_string_append_printf (text, "%sscore %.1f to %.1f: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " accepted", text->len > 0 ? "; " : "",
                              i / 10.0, (i + 1) / 10.0, self->bins[i].accepted, self->bins[i].n);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text->str, -1);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), text->str);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
alidade_reliability_plot_class_init (AlidadeReliabilityPlotClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->snapshot = snapshot;
  widget_class->measure = measure;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
alidade_reliability_plot_init (AlidadeReliabilityPlot *self)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, "Share accepted by score", -1);
}

GtkWidget *
alidade_reliability_plot_new (void)
{
  return g_object_new (ALIDADE_TYPE_RELIABILITY_PLOT, NULL);
}
