/* SPDX-License-Identifier: MIT
 * The training transform: ops against the official code's (fixtures/augment), and regions that move with the picture.
 */
#include "augment.h"
#include "resize.h"

#include <stdlib.h>

#include "tap.h"

enum
{
  WIDTH = 52,
  HEIGHT = 44,
  FRAME = WIDTH * HEIGHT * 3
};

static uint8_t *
read_frames (void)
{
  const char *folder = getenv ("ALIDADE_TESTS");
  AlbefError error = ALBEF_ERROR_INIT;
  AlbefImage *image;
  char path[512];
  uint8_t *pixels;

  snprintf (path, sizeof path, "%s/fixtures/augment/frames.png", folder != NULL ? folder : "tests");
  if (albef_image_open (path, ALBEF_IMAGE_STORED, &image, &error) != ALBEF_OK)
    {
      tap_note ("%s", error.message);
      exit (1);
    }
  if (albef_image_width (image) != WIDTH)
    exit (1);
  pixels = malloc ((size_t) albef_image_height (image) * WIDTH * 3);
  memcpy (pixels, albef_image_pixels (image), (size_t) albef_image_height (image) * WIDTH * 3);
  albef_image_free (image);
  return pixels;
}

static void
test_ops (const uint8_t *all)
{
  static const struct
  {
    const char *name;
    AugmentOp op;
    double amount;
    bool faults;
  } frames[] = {
    { "identity", AUGMENT_IDENTITY, 0, false },
    { "auto-contrast as published", AUGMENT_AUTO_CONTRAST, 0, true },
    { "equalize", AUGMENT_EQUALIZE, 0, false },
    { "brightness 1.36", AUGMENT_BRIGHTNESS, 1.36, false },
    { "brightness 0.5", AUGMENT_BRIGHTNESS, 0.5, false },
    { "sharpness 1.36 as published", AUGMENT_SHARPNESS, 1.36, true },
    { "sharpness 0.4 as published", AUGMENT_SHARPNESS, 0.4, true },
    { "shear x", AUGMENT_SHEAR_X, 0.21, false },
    { "shear x back", AUGMENT_SHEAR_X, -0.21, false },
    { "shear y", AUGMENT_SHEAR_Y, 0.21, false },
    { "shear y back", AUGMENT_SHEAR_Y, -0.21, false },
    { "translate x", AUGMENT_TRANSLATE_X, 7, false },
    { "translate x back", AUGMENT_TRANSLATE_X, -7, false },
    { "translate y", AUGMENT_TRANSLATE_Y, 7, false },
    { "translate y back", AUGMENT_TRANSLATE_Y, -7, false },
    { "rotate", AUGMENT_ROTATE, 21, false },
    { "rotate back", AUGMENT_ROTATE, -21, false },
    { "shear x by 0.09", AUGMENT_SHEAR_X, 0.09, false },
    { "translate y by 2.3", AUGMENT_TRANSLATE_Y, 2.3, false },
    { "rotate by 9.3", AUGMENT_ROTATE, 9.3, false },
    { "auto-contrast by its formula", AUGMENT_AUTO_CONTRAST, 0, false },
    { "sharpness by its formula", AUGMENT_SHARPNESS, 1.36, false },
  };
  uint8_t pixels[FRAME], scratch[FRAME];

  for (size_t f = 0; f < sizeof frames / sizeof frames[0]; f++)
    {
      const uint8_t *wanted = all + f * FRAME;
      int differ = 0, worst = 0;

      memcpy (pixels, all, FRAME);
      augment_apply (frames[f].op, frames[f].amount, frames[f].faults, pixels, WIDTH, HEIGHT, scratch);
      for (int i = 0; i < FRAME; i++)
        {
          int d = abs (pixels[i] - wanted[i]);

          differ += d > 0;
          worst = d > worst ? d : worst;
        }
      tap_ok (differ == 0, "/augment/%s: pixel for pixel (%d differ, by %d at most)", frames[f].name, differ, worst);
      if (f > 0)
        tap_ok (memcmp (wanted, all, FRAME) != 0, "/augment/%s: does something", frames[f].name);
    }
  tap_ok (augment_amount (AUGMENT_BRIGHTNESS, 7) == 0.7 * 1.8 + 0.1
              && fabs (augment_amount (AUGMENT_SHEAR_X, 7) - 0.21) < 1e-15
              && augment_amount (AUGMENT_TRANSLATE_Y, 7) == 7 && augment_amount (AUGMENT_ROTATE, 7) == 21,
          "/augment/level 7: 1.36, 0.21, 7 pixels, 21 degrees");
}

/* ---------------------------------------------------------------------------------------------------
 * Crops
 */

static void
test_crops (void)
{
  uint8_t *pixels = calloc (300 * 200, 3), out[32 * 32 * 3];
  bool inside = true, shaped = true;
  double least = 1, most = 0, flips = 0, wide = 0;
  AugmentRule rule = augment_pretrain;

  rule.n_ops = 0;
  for (int i = 0; i < 2000; i++)
    {
      AugmentTrace t;
      double share, shape;

      augment_picture (&rule, random_begin (1, (uint64_t) i), true, pixels, 300, 200, 32, out, &t);
      share = t.crop_width * (double) t.crop_height / 60000;
      shape = t.crop_width / (double) t.crop_height;
      inside = inside && t.crop_x >= 0 && t.crop_y >= 0 && t.crop_x + t.crop_width <= 300
               && t.crop_y + t.crop_height <= 200;
      shaped = shaped && shape > 0.74 && shape < 1.345;
      least = fmin (least, share);
      most = fmax (most, share);
      flips += t.flipped;
      wide += shape > 1;
    }
  tap_ok (inside, "/augment/crops lie in the picture");
  tap_ok (shaped, "/augment/crops are 3:4 to 4:3");
  tap_ok (least > 0.195 && least < 0.23 && most > 0.8, "/augment/crops have 0.2 of the area and more (%.3f-%.3f)",
          least, most);
  tap_near (flips / 2000, 0.5, 0.05, "/augment/half are flipped");
  tap_ok (wide > 700 && wide < 1500, "/augment/crops are wide and high");
  {
    AugmentTrace with, without;

    for (int i = 0; i < 20; i++)
      {
        augment_picture (&augment_pretrain, random_begin (2, (uint64_t) i), true, pixels, 300, 200, 32, out, &with);
        augment_picture (&augment_pretrain, random_begin (2, (uint64_t) i), false, pixels, 300, 200, 32, out, &without);
        inside = inside && !without.flipped && with.crop_x == without.crop_x && with.crop_width == without.crop_width
                 && with.motion.n_steps == without.motion.n_steps;
      }
    tap_ok (inside, "/augment/a text with left or right is not flipped, and nothing else changes");
  }
  {
    AugmentTrace t;
    uint8_t *strip = calloc (400 * 20, 3);

    rule.crop_min = rule.crop_max = 1;
    augment_picture (&rule, random_begin (3, 0), true, strip, 400, 20, 32, out, &t);
    tap_ok (t.crop_width == 27 && t.crop_height == 20 && t.crop_x == 186,
            "/augment/where no crop fits, the middle at 4:3");
    free (strip);
  }
  free (pixels);
}

/* The part first, then Pillow's resize of it alone: nothing from outside the part comes in. */
static void
test_crop_pixels (const uint8_t *pixels)
{
  AugmentRule rule = { .crop_min = 0.2, .crop_max = 0.9, .flip = 0.5 };
  bool same = true;
  int flipped = 0;

  for (int i = 0; i < 30; i++)
    {
      uint8_t out[20 * 20 * 3], part[FRAME], wanted[20 * 20 * 3];
      AugmentTrace t;

      augment_picture (&rule, random_begin (4, (uint64_t) i), true, pixels, WIDTH, HEIGHT, 20, out, &t);
      for (int y = 0; y < t.crop_height; y++)
        memcpy (part + y * t.crop_width * 3, pixels + ((t.crop_y + y) * WIDTH + t.crop_x) * 3,
                (size_t) t.crop_width * 3);
      resize_bicubic (part, t.crop_width, t.crop_height, wanted, 20, 20);
      flipped += t.flipped;
      for (int y = 0; y < 20; y++)
        for (int x = 0; x < 20; x++)
          same = same && memcmp (out + (y * 20 + x) * 3, wanted + (y * 20 + (t.flipped ? 19 - x : x)) * 3, 3) == 0;
    }
  tap_ok (same && flipped > 5 && flipped < 25, "/augment/crop, then resize, then flip: pixel for pixel");
}

static void
test_sides (void)
{
  tap_ok (text_names_side ("a dog left of a cat") && text_names_side ("Right!") && text_names_side ("the leftmost cup")
              && text_names_side ("his right-hand side") && text_names_side ("on the LEFT"),
          "/augment/texts with left or right");
  tap_ok (!text_names_side ("a bright cleft") && !text_names_side ("leftovers on copyright") && !text_names_side (""),
          "/augment/texts without");
}

/* ---------------------------------------------------------------------------------------------------
 * Regions move with the picture: a region is painted red on blue, both go through the transform, and where the picture
 * is red afterwards the mask must be 1.
 */

enum
{
  BIG_W = 120,
  BIG_H = 90,
  OUT = 64
};

static Region
make_region (int kind)
{
  static double points[] = { 20, 10, 100, 20, 90, 70, 50, 80, 15, 60, 45, 30, 70, 30, 70, 50, 45, 50 };
  static int ends[] = { 5, 9 };
  static uint32_t run_ends[2 * BIG_W + 1];
  Region region = { .kind = (RegionKind) kind, .box = { 30.0, 20.0, 85.0, 66.0 } };

  if (kind == REGION_POLYGON)
    region = (Region){ .kind = REGION_POLYGON,
                       .box = { 15, 10, 100, 80 },
                       .points = points,
                       .ring_ends = ends,
                       .n_points = 9,
                       .n_rings = 2 };
  if (kind == REGION_MASK)
    {
      /* A wedge: column x from 30 to 90 holds rows 20 .. 20 + (x - 30) / 2 + 9. */
      int n = 0;

      for (int x = 30; x < 90; x++)
        {
          run_ends[n++] = (uint32_t) (x * BIG_H + 20);
          run_ends[n++] = (uint32_t) (x * BIG_H + 30 + (x - 30) / 2);
        }
      run_ends[n++] = BIG_W * BIG_H;
      region = (Region){ .kind = REGION_MASK,
                         .box = { 30, 20, 90, 59 },
                         .run_ends = run_ends,
                         .n_runs = n,
                         .mask_width = BIG_W,
                         .mask_height = BIG_H };
    }
  return region;
}

static void
test_moves (int kind, const char *name)
{
  Region region = make_region (kind);
  uint8_t pixels[BIG_W * BIG_H * 3] = { 0 }, out[OUT * OUT * 3];
  AugmentRule rule = augment_finetune;
  int asked = 0, wrong = 0, kept = 0, dropped = 0, wrongly_dropped = 0;

  for (int y = 0; y < BIG_H; y++)
    for (int x = 0; x < BIG_W; x++)
      pixels[(y * BIG_W + x) * 3 + (region_holds (&region, x + 0.5, y + 0.5) ? 0 : 2)] = 255;
  rule.n_ops = 3; /* one more, so that steps follow each other */
  rule.crop_min = 0.1;
  for (int i = 0; i < 400; i++)
    {
      float mask[OUT * OUT] = { 0 };
      AugmentTrace trace;

      augment_picture (&rule, random_begin (9, (uint64_t) i), true, pixels, BIG_W, BIG_H, OUT, out, &trace);
      if (!region_render (&region, &trace.motion, 0.1, mask, OUT, OUT))
        {
          wrongly_dropped += region_share_left (&region, &trace.motion) >= 0.1;
          dropped++;
          continue;
        }
      kept++;
      for (int p = 0; p < OUT * OUT; p++)
        {
          /* Clear pixels alone: not those on an edge, or in the grey that comes in. Ops of colour keep red and blue
           * apart. */
          bool is_red = out[3 * p] > 150 && out[3 * p + 2]<60, is_blue = out[3 * p + 2]> 150 && out[3 * p] < 60;

          if (!is_red && !is_blue)
            continue;
          asked++;
          wrong += is_red != (mask[p] == 1);
        }
    }
  tap_ok (kept > 300 && asked > 300000, "/augment/%s: %d pictures looked at", name, kept);
  tap_ok (wrong < asked / 500, "/augment/%s: moves with the picture (%d of %d pixels differ, at edges)", name, wrong,
          asked);
  tap_ok (dropped > 0 && wrongly_dropped == 0, "/augment/%s: dropped %d times, always with under 10 %% left", name,
          dropped);
}

static void
test_region_rules (void)
{
  Motion plain = { .steps = { { { 1, 0, 0, 0, 1, 0 } } }, .n_steps = 1, .width = 16, .height = 16 };
  Region half = { .box = { 8, 0, 24, 16 } }, thin = { .box = { 3.2, 5.6, 3.4, 5.8 } },
         gone = { .box = { 15.2, 0, 30, 16 } };
  Region lines = { .kind = REGION_POLYGON, .box = { 0, 0, 10, 10 } };
  double two[] = { 0, 0, 8, 0, 8, 8, 0, 8, 4, 4, 10, 4, 10, 10, 4, 10 };
  int ends[] = { 4, 8 };
  float mask[256] = { 0 };
  double x = 3, y = 4;
  Affine a = { { 2, 1, 5, -1, 3, 2 } }, b = affine_then (a, affine_inverse (a));

  tap_near (region_share_left (&half, &plain), 0.5, 0.01, "/region/half is left");
  tap_ok (region_render (&half, &plain, 0.1, mask, 16, 16) && mask[7] == 0 && mask[8] == 1 && mask[15] == 1,
          "/region/a box cut by the edge is clipped");
  tap_ok (!region_render (&gone, &plain, 0.1, mask, 16, 16), "/region/one of which under 10 %% is left is dropped");
  memset (mask, 0, sizeof mask);
  tap_ok (region_render (&thin, &plain, 0.1, mask, 16, 16) && mask[5 * 16 + 3] == 1,
          "/region/one between the centres marks the cell of its middle");
  lines.points = two;
  lines.ring_ends = ends;
  lines.n_points = 8;
  lines.n_rings = 2;
  tap_ok (region_holds (&lines, 2, 2) && !region_holds (&lines, 6, 6) && region_holds (&lines, 9, 9),
          "/region/rings: even-odd");
  lines.unite = true;
  tap_ok (region_holds (&lines, 6, 6), "/region/rings: union");
  tap_ok (fabs (b.m[0] - 1) + fabs (b.m[1]) + fabs (b.m[2]) + fabs (b.m[3]) + fabs (b.m[4] - 1) + fabs (b.m[5]) < 1e-12,
          "/region/inverse");
  tap_ok (motion_back (&plain, &x, &y) && x == 3 && y == 4, "/region/back");
  x = 17;
  tap_ok (!motion_back (&plain, &x, &y), "/region/nothing beyond the canvas");
}

int
main (void)
{
  uint8_t *frames = read_frames ();

  test_ops (frames);
  test_crop_pixels (frames);
  free (frames);
  test_crops ();
  test_sides ();
  test_moves (REGION_BOX, "box");
  test_moves (REGION_POLYGON, "polygon");
  test_moves (REGION_MASK, "mask");
  test_region_rules ();
  return tap_done ();
}
