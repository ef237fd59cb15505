/* SPDX-License-Identifier: MIT
 * The viewport's arithmetic, and the pixels it makes the canvas show. Needs no display. */
#include "../unit/tap.h"
#include "view-pixels.h"
#include "viewport.h"

static int changes;

static void
changed_cb (void)
{
  changes++;
}

static double
rect_value (AlidadeViewport *viewport, int which)
{
  double x[4] = { 0 };

  alidade_viewport_get_picture_rect (viewport, &x[0], &x[1], &x[2], &x[3]);
  return x[which];
}

static void
test_fit (void)
{
  g_autoptr (AlidadeViewport) viewport = alidade_viewport_new ();
  double u, v;

  g_signal_connect (viewport, "changed", G_CALLBACK (changed_cb), NULL);
  tap_ok (!alidade_viewport_to_picture (viewport, 1, 1, &u, &v), "/viewport/no picture, no place");
  alidade_viewport_set_view (viewport, 622, 322, 1);
  alidade_viewport_set_picture (viewport, 200, 100);
  tap_near (alidade_viewport_get_zoom (viewport), 3, 1e-12, "/viewport/fits within the margins");
  tap_near (rect_value (viewport, 0), 11, 0, "/viewport/and lies in the middle");
  tap_near (rect_value (viewport, 3), 300, 0, "/viewport/as high as it should");
  tap_ok (alidade_viewport_to_picture (viewport, 311, 161, &u, &v) && u == 0.5 && v == 0.5,
          "/viewport/the middle is the middle");
  tap_ok (!alidade_viewport_to_picture (viewport, 10, 161, &u, &v), "/viewport/beside the picture is no place");
  alidade_viewport_set_view (viewport, 222, 222, 2);
  tap_near (alidade_viewport_get_zoom (viewport), 2, 1e-12, "/viewport/fits anew, counted in device pixels");
  tap_near (rect_value (viewport, 2), 200, 0, "/viewport/drawn in CSS pixels");
  tap_ok (changes == 3, "/viewport/each change is told");
  alidade_viewport_set_picture (viewport, 10, 10);
  tap_near (alidade_viewport_get_zoom (viewport), 8, 1e-12, "/viewport/a tiny picture is not blown up without end");
}

static void
test_zoom (void)
{
  g_autoptr (AlidadeViewport) viewport = alidade_viewport_new ();
  double u, v, u2, v2;

  alidade_viewport_set_view (viewport, 600, 400, 1);
  alidade_viewport_set_picture (viewport, 3000, 2000);
  alidade_viewport_to_picture (viewport, 450, 120, &u, &v);
  alidade_viewport_zoom_at (viewport, 1.5, 450, 120);
  alidade_viewport_to_picture (viewport, 450, 120, &u2, &v2);
  tap_near (u2, u, 1.5e-3, "/viewport/zoom keeps the place under the pointer to half a pixel, across");
  tap_near (v2, v, 1.5e-3, "/viewport/and down");
  tap_ok (!alidade_viewport_get_is_fit (viewport), "/viewport/no longer fitted");
  alidade_viewport_pan (viewport, 1e6, 1e6);
  tap_near (rect_value (viewport, 0), 0, 0, "/viewport/a pan stops at the edge");
  alidade_viewport_zoom_at (viewport, 1e9, 300, 200);
  tap_near (alidade_viewport_get_zoom (viewport), 32, 0, "/viewport/zoom has an end");
  alidade_viewport_zoom_at (viewport, 1, 300, 200);
  alidade_viewport_zoom_step (viewport, 1);
  tap_near (alidade_viewport_get_zoom (viewport), 1.25, 0, "/viewport/the next stop above actual size");
  alidade_viewport_zoom_step (viewport, -1);
  alidade_viewport_zoom_step (viewport, -1);
  tap_near (alidade_viewport_get_zoom (viewport), 0.8, 0, "/viewport/and below");
  alidade_viewport_fit (viewport);
  tap_ok (alidade_viewport_get_is_fit (viewport), "/viewport/fitted again");
}

static AlidadePixels *
make_pixels (int width, int height)
{
  guint8 *data = g_malloc (3 * width * height);

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        data[3 * (y * width + x) + 0] = 2 * x;
        data[3 * (y * width + x) + 1] = 3 * y;
        data[3 * (y * width + x) + 2] = (x * 7 + y * 13) % 251;
      }
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, 3 * width * height);
  return alidade_pixels_new (bytes, width, height);
}

static void
test_pixels (void)
{
  g_autoptr (AlidadePixels) pixels = make_pixels (120, 80);
  g_autoptr (ViewPyramid) pyramid = view_pyramid_new (pixels);
  g_autoptr (AlidadePixels) large = make_pixels (1024, 600);
  g_autoptr (ViewPyramid) tall = view_pyramid_new (large);
  const guint8 *data = alidade_pixels_get_data (pixels);
  g_autofree guint8 *out = g_malloc (4 * 960 * 640);
  int wrong = 0;

  view_pyramid_render (pyramid, 0, 0, 120, 80, 120, 80, out);
  for (int i = 0; i < 120 * 80; i++)
    wrong += out[4 * i] != data[3 * i + 2] || out[4 * i + 1] != data[3 * i + 1] || out[4 * i + 2] != data[3 * i]
             || out[4 * i + 3] != 255;
  tap_ok (wrong == 0, "/view-pixels/at actual size the very pixels, as BGRA");

  view_pyramid_render (pyramid, -30, -20, 120, 80, 50, 40, out);
  tap_ok (out[4 * (10 * 50 + 5) + 2] == data[3 * (30 * 120 + 35)], "/view-pixels/a part is the part");

  /* Twice as large: red is linear along x, so bilinear values lie at quarters between neighbours. */
  view_pyramid_render (pyramid, 0, 0, 240, 160, 240, 160, out);
  tap_near (out[4 * (60 * 240 + 101) + 2], 2 * 50.25, 0.51, "/view-pixels/enlarged bilinearly");
  tap_ok (out[2] == data[0] && out[4 * 239 + 2] == 2 * 119, "/view-pixels/edges repeat");

  view_pyramid_render (pyramid, 0, 0, 960, 640, 960, 640, out);
  wrong = 0;
  for (int y = 0; y < 640; y++)
    for (int x = 0; x < 960; x++)
      wrong += out[4 * (y * 960 + x) + 2] != data[3 * (y / 8 * 120 + x / 8)];
  tap_ok (wrong == 0, "/view-pixels/eight times and more are squares");

  /* Halved exactly: the mean of 2 x 2 along the green ramp, which wraps at 256 every 85 rows. */
  view_pyramid_render (tall, 0, 0, 512, 300, 512, 300, out);
  tap_near (out[4 * (20 * 512 + 33) + 1], 3 * 40.5, 0.51, "/view-pixels/halved by means");
  view_pyramid_render (tall, 0, 0, 1, 1, 1, 1, out);
  tap_ok (out[3] == 255, "/view-pixels/one pixel");
}

int
main (void)
{
  test_fit ();
  test_zoom ();
  test_pixels ();
  return tap_done ();
}
