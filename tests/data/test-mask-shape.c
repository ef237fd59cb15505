/* SPDX-License-Identifier: MIT
 * test-mask-shape.c: masks as crops, outlines and PNGs, there and back. The seed is printed; ALIDADE_SEED repeats one.
 */
#include "mask-shape.h"

#include "albef.h"

#include <stdlib.h>

#include "tap.h"

typedef enum
{
  NOISE, /* every pixel by itself: corners that touch */
  BLOCKS,
  STRIPES, /* runs over whole columns */
  FULL,
  N_KINDS
} Kind;

static void
random_mask (GRand *rand, Kind kind, Shape *shape)
{
  guint32 w = g_rand_int_range (rand, 1, 24), h = g_rand_int_range (rand, 1, 24);
  g_autofree guint8 *pixels = g_malloc0 (w * h);

  for (guint32 y = 0; y < h; y++)
    for (guint32 x = 0; x < w; x++)
      pixels[y * w + x] = kind == FULL     ? 1
                          : kind == NOISE  ? g_rand_boolean (rand)
                          : kind == BLOCKS ? (x / 3 + y / 3) % 2
                                           : x % 3 > 0;
  pixels[g_rand_int_range (rand, 0, w * h)] = 1;
  if (!shape_set_bitmap (shape, w, h, pixels))
    abort ();
}

static gboolean
crop_comes_back (const Shape *mask)
{
  guint32 w, h;
  g_autofree guint8 *pixels = mask_to_crop (mask, &w, &h);
  g_auto (Shape) again = { 0 };

  return pixels != NULL
         && mask_from_crop (&again, mask->width, mask->height, (gint64) mask->box[0], (gint64) mask->box[1], w, h,
                            pixels, 1)
         && shape_equal (mask, &again);
}

static gboolean
rings_come_back (const Shape *mask)
{
  g_auto (Shape) rings = { 0 }, again = { 0 };

  return mask_to_rings (mask, &rings) && mask_from_rings (&again, mask->width, mask->height, &rings)
         && shape_equal (mask, &again);
}

static gboolean
png_comes_back (const Shape *mask)
{
  guint32 w, h, png_w = 0, png_h = 0;
  g_autofree guint8 *pixels = mask_to_crop (mask, &w, &h);
  g_autoptr (GBytes) png = mask_png_encode (pixels, w, h);
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image = NULL;
  gboolean good = png != NULL && mask_png_size (g_bytes_get_data (png, NULL), g_bytes_get_size (png), &png_w, &png_h)
                  && png_w == w && png_h == h
                  && albef_image_from_bytes (g_bytes_get_data (png, NULL), g_bytes_get_size (png), "mask",
                                             ALBEF_IMAGE_STORED, &image, &error)
                         == ALBEF_OK;

  for (gsize i = 0; good && i < (gsize) w * h; i++)
    good = albef_image_pixels (image)[3 * i] == pixels[i];
  albef_image_free (image);
  return good;
}

static void
test_polygons (void)
{
  g_auto (Shape) triangle = { 0 }, mask = { 0 }, outside = { 0 }, none = { 0 };
  g_autofree guint8 *pixels = NULL;
  /* By hand: the centres below x + y = 4. */
  const guint8 want[16] = { 1, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 };
  gboolean good = TRUE;

  shape_add_point (&triangle, -2, -2);
  shape_add_point (&triangle, 5.75, -2);
  shape_add_point (&triangle, -2, 5.75);
  shape_end_ring (&triangle);
  shape_finish_polygon (&triangle, SHAPE_EVENODD);
  tap_ok (mask_from_rings (&mask, 4, 4, &triangle), "/mask/a polygon over the border");
  pixels = shape_to_bitmap (&mask);
  for (int i = 0; i < 16; i++)
    good = good && pixels[i] == want[i];
  tap_ok (good, "/mask/holds the pixels whose centres it holds");
  shape_add_point (&outside, 10, 10);
  shape_add_point (&outside, 1e11, 10);
  shape_add_point (&outside, 10, 1e11);
  shape_end_ring (&outside);
  shape_finish_polygon (&outside, SHAPE_EVENODD);
  tap_ok (!mask_from_rings (&none, 4, 4, &outside), "/mask/a polygon beside the picture holds none");
  tap_ok (!mask_from_crop (&none, 4, 4, 4, 0, 4, 4, want, 1) && !mask_from_crop (&none, 4, 4, -4, 0, 4, 4, want, 1)
              && mask_from_crop (&none, 4, 4, -2, 0, 4, 4, want, 1) && none.box[2] == 1 && none.box[3] == 1,
          "/mask/crops are cut at the border");
}

int
main (void)
{
  const char *given = g_getenv ("ALIDADE_SEED");
  guint32 seed = given != NULL ? (guint32) g_ascii_strtoull (given, NULL, 10) : g_random_int ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  guint crops = 0, rings = 0, pngs = 0, all = 2000;

  tap_note ("ALIDADE_SEED=%u", seed);
  for (guint i = 0; i < all; i++)
    {
      g_auto (Shape) mask = { 0 };

      random_mask (rand, i % N_KINDS, &mask);
      crops += crop_comes_back (&mask);
      rings += rings_come_back (&mask);
      pngs += png_comes_back (&mask);
    }
  tap_ok (crops == all, "/mask/crop: %u of %u come back", crops, all);
  tap_ok (rings == all, "/mask/outlines: %u of %u come back", rings, all);
  tap_ok (pngs == all, "/mask/png: %u of %u come back", pngs, all);
  test_polygons ();
  return tap_done ();
}
