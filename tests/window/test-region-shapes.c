/* SPDX-License-Identifier: MIT
 * What a hand does to single shapes, beside plain loops over pixels that say the same. Needs no display. */
#include "../unit/tap.h"
#include "mask-paint.h"
#include "mask-shape.h"
#include "region-edit.h"
#include "region-frame.h"
#include "region-paint.h"
#include "shape-edit.h"
#include "shape-sample.h"

#include <stdlib.h>

#define ROUNDS 300

static GRand *dice;

static double
between (double low, double high)
{
  return g_rand_double_range (dice, low, high);
}

static gboolean
box_is (const Shape *shape, double x1, double y1, double x2, double y2)
{
  return shape->kind == SHAPE_BOX && shape->box[0] == x1 && shape->box[1] == y1 && shape->box[2] == x2
         && shape->box[3] == y2;
}

static void
test_boxes (void)
{
  const EditPicture plain = { 100, 80, 0 }, snapping = { 100, 80, 4 }, tiny = { 0.5, 1, 0 };
  g_auto (Shape) a = { 0 };
  g_auto (Shape) b = { 0 };

  tap_ok (edit_box_draw (&plain, 30, 40, 10, 20, &a) && box_is (&a, 10, 20, 30, 40), "/box/corners in any order");
  tap_ok (edit_box_draw (&plain, -30, -5, 500, 90, &a) && box_is (&a, 0, 0, 100, 80), "/box/clipped at the picture");
  tap_ok (edit_box_draw (&snapping, 3, 9, 97, 77, &a) && box_is (&a, 0, 9, 100, 80), "/box/near edges snap");
  tap_ok (edit_box_draw (&plain, 50, 50, 50, 50, &a) && box_is (&a, 50, 50, 51, 51), "/box/at least a pixel");
  tap_ok (edit_box_draw (&plain, 100, 80, 100, 80, &a) && box_is (&a, 99, 79, 100, 80), "/box/also in the corner");
  tap_ok (edit_box_draw (&tiny, 0, 0, 0, 0, &a) && box_is (&a, 0, 0, 0.5, 1), "/box/all of a picture smaller than one");

  shape_set_box (&a, 10.25, 20.5, 30.75, 40);
  tap_ok (edit_box_edges (&plain, &a, ALIDADE_EDGE_RIGHT, 60, 7, &b) && box_is (&b, 10.25, 20.5, 60, 40),
          "/box/the other edges keep their numbers");
  tap_ok (edit_box_edges (&plain, &a, ALIDADE_EDGE_RIGHT | ALIDADE_EDGE_TOP, 0, 79, &b)
              && box_is (&b, 10.25, 39, 11.25, 40),
          "/box/an edge stops a pixel before the opposite one");
  shape_set_box (&a, -20, 10, 120, 20);
  tap_ok (edit_box_edges (&plain, &a, ALIDADE_EDGE_BOTTOM, 0, 30, &b) && box_is (&b, 0, 10, 100, 30),
          "/box/one from outside comes in");
  shape_set_box (&a, 110, 10, 120, 20);
  tap_ok (edit_box_edges (&plain, &a, ALIDADE_EDGE_BOTTOM, 0, 30, &b) && b.box[0] >= 0 && b.box[2] <= 100,
          "/box/also from wholly outside");
}

static void
test_moving (void)
{
  const EditPicture plain = { 100, 80, 0 }, snapping = { 100, 80, 4 };
  g_auto (Shape) a = { 0 };
  g_auto (Shape) b = { 0 };

  shape_set_box (&a, 10.5, 20, 30.5, 40);
  tap_ok (edit_move (&plain, &a, 5, -3, &b) && box_is (&b, 15.5, 17, 35.5, 37), "/move/a box");
  tap_ok (edit_move (&plain, &a, -500, 500, &b) && box_is (&b, 0, 60, 20, 80), "/move/stops at the edge, whole");
  tap_ok (edit_move (&snapping, &a, -8, 0, &b) && box_is (&b, 0, 20, 20, 40), "/move/snaps where it goes to");
  tap_ok (edit_move (&snapping, &a, 8, 0, &b) && b.box[0] == 18.5, "/move/and nowhere else");
  shape_set_box (&a, 90, 70, 130, 90);
  tap_ok (edit_move (&plain, &a, 0, 0, &b) && box_is (&b, 60, 60, 100, 80), "/move/what was outside comes in");
  shape_set_box (&a, -10, 10, 150, 20);
  tap_ok (edit_move (&plain, &a, 3, 0, &b) && box_is (&b, 0, 10, 100, 20), "/move/what is larger is cut");
}

static void
make_ring (Shape *shape)
{
  const double points[] = { 10, 10, 60, 12, 50, 55, 20, 60 };
  const EditPicture picture = { 100, 80, 0 };

  shape_clear (shape);
  edit_ring_close (&picture, NULL, points, 4, shape);
}

static void
test_points (void)
{
  const EditPicture picture = { 100, 80, 0 };
  const double hole[] = { 25, 20, 40, 20, 30, 40 };
  g_auto (Shape) a = { 0 };
  g_auto (Shape) b = { 0 };
  g_auto (Shape) c = { 0 };
  guint first, n;

  make_ring (&a);
  tap_ok (a.kind == SHAPE_POLYGON && polygon_count_points (&a) == 4 && a.box[2] == 60, "/points/a ring is closed");
  tap_ok (!edit_ring_close (&picture, NULL, hole, 2, &b) && b.points == NULL, "/points/two are none");
  tap_ok (edit_point_move (&picture, &a, 2, 500, 55, &b) && b.box[2] == 100
              && g_array_index (b.points, double, 0) == 10,
          "/points/one moves, inside the picture");
  shape_clear (&b);
  tap_ok (edit_point_insert (&picture, &a, 3, 12, 30, &b) && polygon_count_points (&b) == 5
              && g_array_index (b.points, double, 8) == 12,
          "/points/one is put in behind the last");
  shape_clear (&b);
  tap_ok (edit_ring_close (&picture, &a, hole, 3, &b) && b.rings->len == 2 && !shape_holds (&b, 30, 25)
              && shape_holds (&b, 15, 15),
          "/points/a hole");
  polygon_find_ring (&b, 5, &first, &n);
  tap_ok (first == 4 && n == 3, "/points/which ring one is of");
  tap_ok (edit_point_remove (&picture, &b, 5, &c) && c.rings->len == 1 && shape_equal (&a, &c),
          "/points/a ring of three goes as a whole");
  shape_clear (&c);
  tap_ok (edit_point_remove (&picture, &a, 0, &c) && polygon_count_points (&c) == 3, "/points/one goes");
  shape_clear (&b);
  tap_ok (!edit_point_remove (&picture, &c, 0, &b) && b.points == NULL, "/points/the last three stay");
  shape_clear (&b);
  shape_copy (&a, &b);
  b.fill = SHAPE_UNION;
  for (int i = 0; i < 3; i++)
    shape_add_point (&b, hole[2 * i], hole[2 * i + 1]);
  shape_end_ring (&b);
  shape_finish_polygon (&b, SHAPE_UNION);
  shape_clear (&c);
  tap_ok (!edit_ring_close (&picture, &b, hole, 3, &c) && c.points == NULL, "/points/a union of parts takes no hole");
  tap_ok (shape_holds (&b, 30, 25), "/points/its parts do not cancel out");
}

/* Masks ------------------------------------------------------------------------------------------------------------ */

/* Pixels that lie so near to a stroke's rim that rounding decides. */
static gboolean
is_on_rim (double distance, double radius)
{
  return fabs (distance - radius) < 1e-9;
}

static double
distance_to (double px, double py, double x1, double y1, double x2, double y2)
{
  double dx = x2 - x1, dy = y2 - y1, length = dx * dx + dy * dy;
  double at = length > 0 ? CLAMP (((px - x1) * dx + (py - y1) * dy) / length, 0, 1) : 0;

  return hypot (px - x1 - at * dx, py - y1 - at * dy);
}

static void
test_strokes (void)
{
  int wrong = 0, invalid = 0, empty = 0;

  for (int round = 0; round < ROUNDS; round++)
    {
      guint32 w = g_rand_int_range (dice, 1, 60), h = g_rand_int_range (dice, 1, 60);
      g_autofree guint8 *pixels = g_malloc0 (w * h);
      g_auto (Shape) mask = { 0 };

      for (int stroke = 0; stroke < 6; stroke++)
        {
          gboolean erase = stroke > 0 && g_rand_boolean (dice), any = FALSE, made;
          double x1 = between (-20, w + 20), y1 = between (-20, h + 20);
          double x2 = g_rand_boolean (dice) ? x1 : between (-20, w + 20), y2 = between (-20, h + 20);
          double radius = between (0, 25);
          g_auto (Shape) next = { 0 };

          for (guint32 y = 0; y < h; y++)
            for (guint32 x = 0; x < w; x++)
              {
                gboolean end = (floor (x1) == x && floor (y1) == y) || (floor (x2) == x && floor (y2) == y);
                double distance = distance_to (x + 0.5, y + 0.5, x1, y1, x2, y2);

                if (end || distance <= radius)
                  pixels[y * w + x] = !erase;
                any |= pixels[y * w + x];
                wrong += is_on_rim (distance, radius); /* cannot be told: none is expected */
              }
          made = mask_paint (mask.kind == SHAPE_MASK ? &mask : NULL, w, h, x1, y1, x2, y2, radius, erase, &next);
          wrong += made != any;
          if (!made)
            {
              empty++;
              shape_clear (&mask);
              continue;
            }
          shape_clear (&mask);
          shape_copy (&next, &mask);
          g_autofree guint8 *got = shape_to_bitmap (&mask);
          invalid += got == NULL;
          wrong += got != NULL && memcmp (got, pixels, w * h) != 0;
        }
    }
  tap_ok (wrong == 0 && invalid == 0, "/mask/%d random strokes set and clear the pixels in reach", 6 * ROUNDS);
  tap_ok (empty > 0, "/mask/some of them left nothing");
}

static void
random_mask (guint32 w, guint32 h, Shape *mask, guint8 **pixels)
{
  *pixels = g_malloc0 (w * h);
  for (guint32 i = 0; i < w * h; i++)
    (*pixels)[i] = g_rand_int_range (dice, 0, 3) > 0;
  (*pixels)[g_rand_int_range (dice, 0, w * h)] = 1;
  shape_set_bitmap (mask, w, h, *pixels);
}

static void
test_shifts (void)
{
  int wrong = 0;

  for (int round = 0; round < ROUNDS; round++)
    {
      guint32 w = g_rand_int_range (dice, 1, 20), h = g_rand_int_range (dice, 1, 20);
      int dx = g_rand_int_range (dice, -8, 9), dy = g_rand_int_range (dice, -8, 9);
      g_autofree guint8 *pixels = NULL, *moved = g_malloc0 (w * h), *got = NULL;
      g_auto (Shape) mask = { 0 };
      g_auto (Shape) to = { 0 };
      gboolean any = FALSE;

      random_mask (w, h, &mask, &pixels);
      for (int y = 0; y < (int) h; y++)
        for (int x = 0; x < (int) w; x++)
          if (pixels[y * w + x] && x + dx >= 0 && x + dx < (int) w && y + dy >= 0 && y + dy < (int) h)
            any = moved[(y + dy) * w + x + dx] = 1;
      wrong += mask_shift (&mask, dx, dy, &to) != any;
      if (any)
        {
          got = shape_to_bitmap (&to);
          wrong += memcmp (got, moved, w * h) != 0;
        }
    }
  tap_ok (wrong == 0, "/mask/%d random shifts", ROUNDS);
}

static void
test_fill_and_smooth (void)
{
  static const char picture[] = ".........."
                                ".#######.."
                                ".#.....#.."
                                ".#.###.#.."
                                ".#.#.#.#.."
                                ".#.###.#.."
                                ".#.....#.."
                                ".#######.."
                                "........#."
                                "..........";
  guint8 pixels[100];
  g_auto (Shape) mask = { 0 };
  g_auto (Shape) to = { 0 };
  g_auto (Shape) smooth = { 0 };
  g_autofree guint8 *got = NULL;
  int n = 0;

  for (int i = 0; i < 100; i++)
    pixels[i] = picture[i] == '#';
  shape_set_bitmap (&mask, 10, 10, pixels);
  tap_ok (mask_fill_holes (&mask, &to), "/mask/holes are filled");
  got = shape_to_bitmap (&to);
  for (int i = 0; i < 100; i++)
    n += got[i];
  tap_ok (n == 50 && got[44] && !got[0] && !got[89], "/mask/all inside and nothing outside");
  tap_ok (mask_smooth (&to, &smooth), "/mask/smoothed");
  g_free (g_steal_pointer (&got));
  got = shape_to_bitmap (&smooth);
  tap_ok (!got[88] && !got[11] && got[12] && got[44] && got[71] == 0 && got[21],
          "/mask/single pixels and corners go, the rest stays");
  memset (pixels, 0, sizeof pixels);
  pixels[55] = 1;
  shape_set_bitmap (&mask, 10, 10, pixels);
  shape_clear (&smooth);
  tap_ok (!mask_smooth (&mask, &smooth) && smooth.runs == NULL, "/mask/what would vanish is refused");
  shape_clear (&smooth);
  shape_set_box (&to, 0, 0, 5, 5);
  tap_ok (!mask_fill_holes (&to, &smooth), "/mask/a box has no holes");
}

/* The map ---------------------------------------------------------------------------------------------------------- */

static void
test_map (void)
{
  float map[24 * 24];
  MapField field;
  g_auto (Shape) mask = { 0 };
  g_auto (Shape) lower = { 0 };
  g_auto (Shape) second = { 0 };
  g_auto (Shape) again = { 0 };
  double half;

  for (int y = 0; y < 24; y++)
    for (int x = 0; x < 24; x++)
      {
        double u = (x + 0.5) / 24, v = (y + 0.5) / 24;

        map[y * 24 + x] = (float) (exp (-(pow (u - 0.7, 2) + pow (v - 0.3, 2)) * 60)
                                   + 0.8 * exp (-(pow (u - 0.2, 2) + pow (v - 0.8, 2)) * 60));
      }
  map_field_set (&field, map, 24, 24, 600, 400);
  tap_ok (mask_from_field (&field, 0.5, 0, 600, 400, &mask), "/map/a mask above half the peak");
  /* exp (-60 r^2) = 0.5 at r = 0.1075 of the picture each way; grid and bicubic widen it a little. */
  half = M_PI * 0.1075 * 0.1075 * 600 * 400;
  tap_near (shape_covered_area (&mask, 600, 400), half, 0.06 * half, "/map/its area is the hill's");
  tap_ok (shape_holds (&mask, 420, 120) && !shape_holds (&mask, 120, 320), "/map/it is the highest hill alone");
  tap_ok (shape_hit (&mask, &field), "/map/with the peak");
  tap_ok (mask_from_field (&field, 0.3, 0, 600, 400, &lower)
              && shape_covered_area (&lower, 600, 400) > 1.3 * shape_covered_area (&mask, 600, 400),
          "/map/a lower threshold takes more");
  tap_ok (mask_from_field (&field, 0.5, 1, 600, 400, &second) && shape_holds (&second, 120, 320)
              && !shape_holds (&second, 420, 120),
          "/map/the next hill");
  tap_ok (mask_from_field (&field, 0.5, 2, 600, 400, &again) && shape_equal (&again, &mask), "/map/and round again");
  shape_clear (&again);
  tap_ok (mask_from_field (&field, 1, 1, 600, 400, &again), "/map/no threshold leaves nothing");
  map_field_clear (&field);
}

static void
test_figures (void)
{
  float map[16 * 16];
  MapField field;
  int wrong = 0;

  for (int i = 0; i < 256; i++)
    map[i] = (float) between (0, 1);
  map_field_set (&field, map, 16, 16, 128, 128);
  for (int round = 0; round < 100; round++)
    {
      double x = g_rand_int_range (dice, 0, 100), y = g_rand_int_range (dice, 0, 100);
      double w = g_rand_int_range (dice, 1, 128 - (int) x), h = g_rand_int_range (dice, 1, 128 - (int) y);
      g_auto (Shape) box = { 0 };
      g_auto (Shape) ring = { 0 };
      g_auto (Shape) mask = { 0 };
      g_auto (Shape) other = { 0 };
      double exact;

      shape_set_box (&box, x, y, x + w, y + h);
      edit_box_to_polygon (&box, &ring);
      mask_from_shape (&box, 128, 128, &mask);
      shape_set_box (&other, between (0, 60), between (0, 60), between (61, 128), between (61, 128));
      exact = shape_energy (&box, &field);
      wrong += fabs (shape_energy (&ring, &field) - exact) > 1e-6 || fabs (shape_energy (&mask, &field) - exact) > 1e-6;
      wrong += shape_covered_area (&mask, 128, 128) != w * h
               || fabs (shape_covered_area (&ring, 128, 128) - w * h) > 1e-6;
      exact = box_iou (box.box, other.box);
      wrong += shape_iou (&box, &other) != exact || fabs (shape_iou (&ring, &other) - exact) > 0.03
               || fabs (shape_iou (&mask, &mask) - 1) > 1e-12;
    }
  tap_ok (wrong == 0, "/figures/a box, the same as polygon and as mask agree (%d do not)", wrong);
  map_field_clear (&field);
}

/* The frame -------------------------------------------------------------------------------------------------------- */

static void
test_frame (void)
{
  g_autoptr (AlidadeViewport) viewport = alidade_viewport_new ();
  int wrong = 0, edges = 0;

  for (int orientation = 1; orientation <= 8; orientation++)
    {
      gboolean swapped = orientation >= 5;
      double w = 300, h = 200;
      RegionFrame frame;

      alidade_viewport_set_view (viewport, 640, 480, 1);
      alidade_viewport_set_picture (viewport, swapped ? h : w, swapped ? w : h);
      if (!region_frame_set (&frame, viewport, w, h, orientation))
        wrong++;
      for (int round = 0; round < 50; round++)
        {
          double x = between (0, w), y = between (0, h), u, v, up_x = x, up_y = y;
          double back_x, back_y, dx, dy, right_x, right_y;

          region_frame_to_view (&frame, x, y, &u, &v);
          region_frame_to_stored (&frame, u, v, &back_x, &back_y);
          wrong += fabs (back_x - x) > 1e-9 || fabs (back_y - y) > 1e-9;
          shape_turn_point (orientation, TRUE, w, h, &up_x, &up_y);
          wrong += fabs (frame.left + up_x * frame.scale_x - u) > 1e-9;
          /* A step to the right on the screen is one on the stored grid. */
          region_frame_turn_shift (&frame, 5, 0, &dx, &dy);
          region_frame_to_view (&frame, x + dx, y + dy, &right_x, &right_y);
          wrong += fabs (right_x - u - 5 * frame.scale_x) > 1e-9 || fabs (right_y - v) > 1e-9;
        }
      /* The edge on the right of the screen is the one whose move goes right. */
      for (guint edge = ALIDADE_EDGE_LEFT; edge <= ALIDADE_EDGE_BOTTOM; edge <<= 1)
        {
          guint stored = region_frame_turn_edge (&frame, edge);
          double box[4] = { 100, 80, 150, 120 }, before[4], after[4];

          region_frame_box_to_view (&frame, box, before);
          box[stored == ALIDADE_EDGE_LEFT ? 0 : stored == ALIDADE_EDGE_TOP ? 1 : stored == ALIDADE_EDGE_RIGHT ? 2 : 3]
              += stored == ALIDADE_EDGE_LEFT || stored == ALIDADE_EDGE_TOP ? -10 : 10;
          region_frame_box_to_view (&frame, box, after);
          if (edge == ALIDADE_EDGE_RIGHT)
            edges += after[0] == before[0] && after[2] > before[2] && after[3] == before[3];
          else if (edge == ALIDADE_EDGE_BOTTOM)
            edges += after[1] == before[1] && after[3] > before[3] && after[2] == before[2];
          else if (edge == ALIDADE_EDGE_LEFT)
            edges += after[0] < before[0] && after[3] == before[3];
          else
            edges += after[1] < before[1] && after[2] == before[2];
        }
    }
  tap_ok (wrong == 0, "/frame/places go to the view and back in all eight orientations");
  tap_ok (edges == 32, "/frame/edges are those that are seen");
}

/* What is drawn of a mask in any orientation is what is drawn of the mask turned upright. */
static void
test_drawing (void)
{
  g_autoptr (AlidadeViewport) viewport = alidade_viewport_new ();
  int wrong = 0, coloured = 0;

  for (int orientation = 1; orientation <= 8; orientation++)
    {
      gboolean swapped = orientation >= 5;
      guint32 w = 37, h = 23, up_w = swapped ? h : w, up_h = swapped ? w : h;
      g_autofree guint8 *pixels = NULL;
      g_auto (Shape) mask = { 0 };
      RegionFrame frame;
      cairo_surface_t *surfaces[2];

      random_mask (w, h, &mask, &pixels);
      alidade_viewport_set_view (viewport, 150, 150, 1);
      alidade_viewport_set_picture (viewport, (int) up_w, (int) up_h);
      alidade_viewport_zoom_at (viewport, 3, 75, 75);
      for (int turned = 0; turned < 2; turned++)
        {
          cairo_t *cr;

          if (turned)
            shape_turn (&mask, orientation, TRUE, w, h);
          region_frame_set (&frame, viewport, turned ? up_w : w, turned ? up_h : h, turned ? 1 : orientation);
          surfaces[turned] = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, 150, 150);
          cr = cairo_create (surfaces[turned]);
          region_paint_mask (cr, &frame, &mask, (RegionStyle){ FALSE, 1 }, 1, 150, 150);
          cairo_destroy (cr);
          cairo_surface_flush (surfaces[turned]);
        }
      wrong += memcmp (cairo_image_surface_get_data (surfaces[0]), cairo_image_surface_get_data (surfaces[1]),
                       150 * cairo_image_surface_get_stride (surfaces[0])) != 0;
      for (int i = 0; i < 150 * 150; i++)
        coloured += ((guint32 *) (void *) cairo_image_surface_get_data (surfaces[0]))[i] == 0xffffa348;
      cairo_surface_destroy (surfaces[0]);
      cairo_surface_destroy (surfaces[1]);
    }
  tap_ok (wrong == 0, "/drawing/a mask is turned with its picture");
  tap_ok (coloured > 1000, "/drawing/and seen");
}

int
main (void)
{
  dice = g_rand_new_with_seed (20261125);
  test_boxes ();
  test_moving ();
  test_points ();
  test_strokes ();
  test_shifts ();
  test_fill_and_smooth ();
  test_map ();
  test_figures ();
  test_frame ();
  test_drawing ();
  g_rand_free (dice);
  return tap_done ();
}
