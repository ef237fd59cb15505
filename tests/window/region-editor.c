/* SPDX-License-Identifier: MIT
 * A window with a region canvas and its tools alone, for tests and measurements. Draws a picture of its own; prints
 * what the canvas tells, a line each, so that whoever drives it can wait for that.
 *
 *   region-editor [--size WIDTHxHEIGHT] [--orientation 1-8] [--regions N] [--dark] [--measure]
 *
 * Lines: ready | picture x y width height (in the window) | tool NAME | edited WHAT | selected INDEX | editing 0|1 |
 * accepted 0|1 | cancelled 0|1, and before each "edited" one for every region:
 *   region INDEX KIND x1 y1 x2 y2 CHANGED AREA POINTS
 * With --measure after each frame: frame BUSY PAINT, milliseconds: what the main thread worked since the frame before
 * (its processor time: events, editing, layout, drawing by GSK), and how long painting took on the clock. */
#include "region-canvas.h"
#include "tool-column.h"

#include "shape-sample.h"

#include <adwaita.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

static int width = 640, height = 480, orientation = 1, n_regions = 0;
static gboolean dark, measure;

#define GRID 24

static void
say (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  vprintf (format, args);
  va_end (args);
  printf ("\n");
  fflush (stdout);
}

/* A slope of colours with a darker ring, upright. */
static ViewPyramid *
draw_picture (int across, int down)
{
  guint8 *pixels = g_malloc ((gsize) across * down * 3);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (AlidadePixels) picture = NULL;

  for (int y = 0; y < down; y++)
    for (int x = 0; x < across; x++)
      {
        guint8 *pixel = pixels + 3 * ((gsize) y * across + x);
        double far = hypot (x - across * 0.6, y - down * 0.4) / down;

        pixel[0] = (guint8) (90 + 120 * x / across);
        pixel[1] = (guint8) (120 + 100 * y / down);
        pixel[2] = (guint8) (fabs (far - 0.2) < 0.05 ? 60 : 190);
      }
  bytes = g_bytes_new_take (pixels, (gsize) across * down * 3);
  picture = alidade_pixels_new (bytes, across, down);
  return view_pyramid_new (picture);
}

/* Two hills, the higher one at 0.6, 0.4. */
static void
draw_map (float map[GRID * GRID])
{
  for (int y = 0; y < GRID; y++)
    for (int x = 0; x < GRID; x++)
      {
        double u = (x + 0.5) / GRID, v = (y + 0.5) / GRID;

        map[y * GRID + x] = (float) (exp (-(pow (u - 0.6, 2) + pow (v - 0.4, 2)) * 40)
                                     + 0.7 * exp (-(pow (u - 0.2, 2) + pow (v - 0.75, 2)) * 60));
      }
}

static void
edited_cb (AlidadeRegionCanvas *canvas, const char *what)
{
  AlidadeRegionEdit *edit = alidade_region_canvas_get_edit (canvas);
  AlidadeEditRegion region;

  for (guint i = 0; n_regions <= 10 && alidade_region_edit_get (edit, i, &region); i++)
    {
      const double *box = region.shape->box;

      say ("region %u %s %g %g %g %g %d %.0f %u", i, shape_kind_name (region.shape->kind), box[0], box[1], box[2],
           box[3], region.changed, shape_covered_area (region.shape, width, height),
           region.shape->points != NULL ? region.shape->points->len / 2 : 0);
    }
  say ("edited %s", what);
}

static void
selected_cb (AlidadeRegionCanvas *canvas)
{
  say ("selected %d", alidade_region_edit_get_selected (alidade_region_canvas_get_edit (canvas)));
}

static void
editing_cb (AlidadeRegionCanvas *canvas, gboolean editing)
{
  say ("editing %d", editing);
}

static void
accepted_cb (AlidadeRegionCanvas *canvas, gboolean chain)
{
  say ("accepted %d", chain);
}

static void
cancelled_cb (AlidadeRegionCanvas *canvas, gboolean dropped)
{
  say ("cancelled %d", dropped);
}

static void
tool_cb (AlidadeRegionCanvas *canvas)
{
  static const char *const names[] = { "select", "box", "polygon", "brush", "erase" };

  say ("tool %s", names[alidade_region_canvas_get_tool (canvas)]);
}

static void
zoom_cb (AlidadeViewport *viewport)
{
  double x, y, across, down;

  if (alidade_viewport_get_picture_rect (viewport, &x, &y, &across, &down))
    say ("picture %g %g %g %g", x, y, across, down);
}

/* Measuring -------------------------------------------------------------------------------------------------------- */

static double
seconds_of (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static double paint_began;

static void
before_paint_cb (void)
{
  paint_began = seconds_of (CLOCK_MONOTONIC);
}

static void
after_paint_cb (void)
{
  static double busy_then;
  double busy = seconds_of (CLOCK_THREAD_CPUTIME_ID);

  if (busy_then > 0)
    say ("frame %.3f %.3f", 1e3 * (busy - busy_then), 1e3 * (seconds_of (CLOCK_MONOTONIC) - paint_began));
  busy_then = seconds_of (CLOCK_THREAD_CPUTIME_ID);
}

static void
realized_cb (GtkWidget *widget)
{
  GdkFrameClock *clock = gtk_widget_get_frame_clock (widget);

  g_signal_connect (clock, "before-paint", G_CALLBACK (before_paint_cb), NULL);
  g_signal_connect_after (clock, "after-paint", G_CALLBACK (after_paint_cb), NULL);
}

static void
set_scene (AlidadeRegionCanvas *canvas)
{
  gboolean swapped = orientation >= 5;
  g_autoptr (ViewPyramid) pyramid = draw_picture (swapped ? height : width, swapped ? width : height);
  g_autofree AlidadeSceneRegion *regions = g_new0 (AlidadeSceneRegion, n_regions + 2);
  g_autofree Shape *shapes = g_new0 (Shape, n_regions + 2);
  float map[GRID * GRID];
  AlidadeRegionScene scene = { .pyramid = pyramid,
                               .stored_width = width,
                               .stored_height = height,
                               .orientation = orientation,
                               .map = map,
                               .grid_width = GRID,
                               .grid_height = GRID,
                               .regions = regions,
                               .selected = 0 };
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  int n = 0;

  draw_map (map);
  shape_set_box (&shapes[n], width * 0.5, height * 0.3, width * 0.75, height * 0.6);
  regions[n] = (AlidadeSceneRegion){ 1, &shapes[n], ORIGIN_MAP, TRUE, TRUE, FALSE, "proposal 0.71" };
  n++;
  shape_set_box (&shapes[n], width * 0.1, height * 0.6, width * 0.3, height * 0.9);
  regions[n] = (AlidadeSceneRegion){ 2, &shapes[n], ORIGIN_IMPORT, TRUE, TRUE, n_regions == 0, NULL };
  n++;
  for (; n < n_regions + 2; n++)
    {
      double x = g_rand_double_range (random, 0, width * 0.9), y = g_rand_double_range (random, 0, height * 0.9);

      shape_set_box (&shapes[n], x, y, x + g_rand_double_range (random, 5, width * 0.1),
                     y + g_rand_double_range (random, 5, height * 0.1));
      if (n % 3 == 1)
        {
          Shape polygon = { 0 };

          shape_add_point (&polygon, x, y);
          shape_add_point (&polygon, shapes[n].box[2], y + 3);
          shape_add_point (&polygon, x + 4, shapes[n].box[3]);
          shape_end_ring (&polygon);
          shape_finish_polygon (&polygon, SHAPE_EVENODD);
          shape_clear (&shapes[n]);
          shapes[n] = polygon;
        }
      regions[n] = (AlidadeSceneRegion){ n + 1, &shapes[n], n % 2 ? ORIGIN_PERSON : ORIGIN_DETECTOR, n % 2, TRUE,
                                         n % 4 == 3, NULL };
    }
  scene.n_regions = n;
  alidade_region_canvas_set_scene (canvas, &scene);
  for (int i = 0; i < n; i++)
    shape_clear (&shapes[i]);
}

static void
activate_cb (AdwApplication *application)
{
  GtkWidget *window = adw_application_window_new (GTK_APPLICATION (application));
  GtkWidget *canvas = alidade_region_canvas_new (), *overlay = gtk_overlay_new ();
  GtkWidget *tools = alidade_tool_column_new (ALIDADE_REGION_CANVAS (canvas));

  if (dark)
    adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_FORCE_DARK);
  gtk_widget_set_halign (tools, GTK_ALIGN_START);
  gtk_widget_set_valign (tools, GTK_ALIGN_START);
  gtk_widget_set_margin_start (tools, 12);
  gtk_widget_set_margin_top (tools, 12);
  gtk_overlay_set_child (GTK_OVERLAY (overlay), canvas);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), tools);
  gtk_window_set_default_size (GTK_WINDOW (window), 1280, 800);
  gtk_window_set_title (GTK_WINDOW (window), "Region editor");
  adw_application_window_set_content (ADW_APPLICATION_WINDOW (window), overlay);
  set_scene (ALIDADE_REGION_CANVAS (canvas));
  if (measure)
    g_signal_connect (canvas, "realize", G_CALLBACK (realized_cb), NULL);
  g_signal_connect (canvas, "region-edited", G_CALLBACK (edited_cb), NULL);
  g_signal_connect (canvas, "selection-changed", G_CALLBACK (selected_cb), NULL);
  g_signal_connect (canvas, "editing-changed", G_CALLBACK (editing_cb), NULL);
  g_signal_connect (canvas, "accepted", G_CALLBACK (accepted_cb), NULL);
  g_signal_connect (canvas, "cancelled", G_CALLBACK (cancelled_cb), NULL);
  g_signal_connect (canvas, "notify::tool", G_CALLBACK (tool_cb), NULL);
  g_signal_connect (alidade_region_canvas_get_viewport (ALIDADE_REGION_CANVAS (canvas)), "changed",
                    G_CALLBACK (zoom_cb), NULL);
  gtk_window_present (GTK_WINDOW (window));
  gtk_widget_grab_focus (canvas);
  say ("ready");
}

int
main (int argc, char **argv)
{
  g_autofree char *size = NULL;
  const GOptionEntry entries[] = {
    { "size", 0, 0, G_OPTION_ARG_STRING, &size, "Of the stored picture", "WIDTHxHEIGHT" },
    { "orientation", 0, 0, G_OPTION_ARG_INT, &orientation, "EXIF, 1-8", "N" },
    { "regions", 0, 0, G_OPTION_ARG_INT, &n_regions, "More regions", "N" },
    { "measure", 0, 0, G_OPTION_ARG_NONE, &measure, "Print what frames cost", NULL },
    { "dark", 0, 0, G_OPTION_ARG_NONE, &dark, "Dark style", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) options = g_option_context_new (NULL);
  g_autoptr (AdwApplication) application = adw_application_new ("org.alidade.Test", G_APPLICATION_NON_UNIQUE);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error)
      || (size != NULL && sscanf (size, "%dx%d", &width, &height) != 2))
    {
      g_printerr ("region-editor: %s\n", error != NULL ? error->message : "--size wants WIDTHxHEIGHT");
      return 2;
    }
  g_application_set_resource_base_path (G_APPLICATION (application), "/org/alidade/Alidade");
  g_signal_connect (application, "activate", G_CALLBACK (activate_cb), NULL);
  return g_application_run (G_APPLICATION (application), 1, argv);
}
