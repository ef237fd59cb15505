/* SPDX-License-Identifier: MIT
 * The regions of a phrase under the hand: gestures, undo, what comes of it; and thousands of random operations after
 * each of which every shape is one, lies inside the picture, and undo finds the same bytes again. Needs no display.
 * ALIDADE_SEED chooses other random operations. */
#include "../unit/tap.h"
#include "region-edit.h"

#include <stdlib.h>

#define WALKS 60
#define STEPS 120

static int gestures, selections;
static const char *last_gesture;

static void
ended_cb (AlidadeRegionEdit *edit, const char *what)
{
  gestures++;
  last_gesture = g_intern_string (what);
}

static void
selected_cb (void)
{
  selections++;
}

static AlidadeRegionEdit *
edit_new (guint32 width, guint32 height)
{
  AlidadeRegionEdit *edit = alidade_region_edit_new ();

  alidade_region_edit_set_picture (edit, width, height);
  g_signal_connect (edit, "gesture-ended", G_CALLBACK (ended_cb), NULL);
  g_signal_connect (edit, "selection-changed", G_CALLBACK (selected_cb), NULL);
  gestures = selections = 0;
  return edit;
}

static void
load_box (AlidadeRegionEdit *edit, gint64 id, RegionOrigin origin, double x1, double y1, double x2, double y2)
{
  g_auto (Shape) shape = { 0 };

  shape_set_box (&shape, x1, y1, x2, y2);
  alidade_region_edit_load (edit, id, origin, &shape);
}

static gboolean
box_is (AlidadeRegionEdit *edit, guint index, double x1, double y1, double x2, double y2)
{
  AlidadeEditRegion region;

  return alidade_region_edit_get (edit, index, &region) && region.shape->box[0] == x1 && region.shape->box[1] == y1
         && region.shape->box[2] == x2 && region.shape->box[3] == y2;
}

static void
test_gestures (void)
{
  g_autoptr (AlidadeRegionEdit) edit = edit_new (200, 100);
  AlidadeEditRegion region;
  g_autoptr (GArray) changes = NULL;

  load_box (edit, 7, ORIGIN_MAP, 10, 10, 50, 50);
  load_box (edit, 8, ORIGIN_PERSON, 60.5, 10, 90, 40);
  tap_ok (!alidade_region_edit_get_changed (edit) && !alidade_region_edit_can_undo (edit), "/edit/loading is no edit");

  alidade_region_edit_begin (edit, "Box drawn");
  alidade_region_edit_draw_box (edit, 100, 20, 101, 21);
  tap_ok (alidade_region_edit_get_n (edit) == 3 && alidade_region_edit_get_selected (edit) == 2 && selections == 1,
          "/edit/what is drawn is there at once, and selected");
  alidade_region_edit_draw_box (edit, 100, 20, 150, 60);
  alidade_region_edit_draw_box (edit, 100, 20, 120, 70);
  tap_ok (gestures == 0, "/edit/nothing is told before the end");
  alidade_region_edit_end (edit);
  tap_ok (gestures == 1 && g_str_equal (last_gesture, "Box drawn") && box_is (edit, 2, 100, 20, 120, 70),
          "/edit/one gesture, one box");
  alidade_region_edit_undo (edit);
  tap_ok (alidade_region_edit_get_n (edit) == 2 && !alidade_region_edit_get_changed (edit),
          "/edit/and one step of undo");
  alidade_region_edit_redo (edit);
  tap_ok (alidade_region_edit_get_n (edit) == 3 && !alidade_region_edit_can_redo (edit), "/edit/done again");

  alidade_region_edit_select (edit, 1);
  alidade_region_edit_begin (edit, "Region moved");
  alidade_region_edit_move (edit, 500, 0);
  tap_ok (box_is (edit, 1, 170.5, 10, 200, 40), "/edit/pushed against the edge");
  alidade_region_edit_move (edit, -1, 5);
  tap_ok (box_is (edit, 1, 59.5, 15, 89, 45), "/edit/and back it has its size and fractions");
  alidade_region_edit_cancel (edit);
  tap_ok (box_is (edit, 1, 60.5, 10, 90, 40) && alidade_region_edit_get_gesture (edit) == NULL,
          "/edit/a cancelled gesture leaves nothing");
  gestures = 0;
  alidade_region_edit_begin (edit, "Region moved");
  alidade_region_edit_move (edit, 5, 5);
  alidade_region_edit_move (edit, 0, 0);
  alidade_region_edit_end (edit);
  tap_ok (gestures == 0, "/edit/there and back is none");

  alidade_region_edit_begin (edit, "Region moved");
  for (int i = 0; i < 12; i++)
    alidade_region_edit_nudge (edit, 1, 0);
  alidade_region_edit_end (edit);
  tap_ok (box_is (edit, 1, 72.5, 10, 102, 40) && gestures == 1, "/edit/a run of nudges is one step");
  alidade_region_edit_nudge_edge (edit, ALIDADE_EDGE_RIGHT, 1);
  tap_ok (box_is (edit, 1, 72.5, 10, 103, 40), "/edit/an edge by a pixel");

  alidade_region_edit_select (edit, 0);
  alidade_region_edit_remove (edit);
  tap_ok (alidade_region_edit_get_selected (edit) == -1 && !alidade_region_edit_remove (edit), "/edit/removed");
  changes = alidade_region_edit_list_changes (edit);
  tap_ok (changes->len == 3, "/edit/three changes");
  region = g_array_index (changes, AlidadeEditRegion, 0);
  tap_ok (region.id == 7 && region.shape == NULL && region.loaded != NULL, "/edit/one removed");
  region = g_array_index (changes, AlidadeEditRegion, 1);
  tap_ok (region.id == 8 && region.changed && region.shape->box[2] == 103 && region.loaded->box[2] == 90,
          "/edit/one changed");
  region = g_array_index (changes, AlidadeEditRegion, 2);
  tap_ok (region.id == 0 && region.origin == ORIGIN_PERSON && region.loaded == NULL, "/edit/one made");
  alidade_region_edit_set_id (edit, 1, 99);
  alidade_region_edit_get (edit, 1, &region);
  tap_ok (region.id == 99, "/edit/which gets its id when it is kept");

  tap_ok (alidade_region_edit_revert (edit) && !alidade_region_edit_get_changed (edit)
              && box_is (edit, 0, 10, 10, 50, 50),
          "/edit/all dropped");
  alidade_region_edit_undo (edit);
  tap_ok (alidade_region_edit_get_changed (edit) && box_is (edit, 0, 72.5, 10, 103, 40), "/edit/which can be undone");
  while (alidade_region_edit_undo (edit))
    continue;
  tap_ok (!alidade_region_edit_get_changed (edit) && alidade_region_edit_get_n (edit) == 2,
          "/edit/back to the beginning");
}

static void
test_polygons (void)
{
  g_autoptr (AlidadeRegionEdit) edit = edit_new (200, 100);
  AlidadeEditRegion region;
  guint n;

  alidade_region_edit_draft_add (edit, 10, 10);
  alidade_region_edit_draft_add (edit, 400, 10);
  tap_ok (!alidade_region_edit_draft_close (edit, FALSE) && alidade_region_edit_get_n (edit) == 0,
          "/polygon/two points are none");
  alidade_region_edit_draft_add (edit, 100, 90);
  alidade_region_edit_draft_add (edit, 20, 95);
  alidade_region_edit_undo (edit);
  tap_ok (alidade_region_edit_get_draft (edit, &n) != NULL && n == 3, "/polygon/undo takes points back first");
  tap_ok (alidade_region_edit_draft_close (edit, FALSE) && alidade_region_edit_get_draft (edit, &n) == NULL,
          "/polygon/closed");
  alidade_region_edit_get (edit, 0, &region);
  tap_ok (region.shape->kind == SHAPE_POLYGON && region.shape->box[2] == 200, "/polygon/inside the picture");
  tap_ok (!alidade_region_edit_nudge_edge (edit, ALIDADE_EDGE_RIGHT, 1), "/polygon/has no edges to push");
  alidade_region_edit_hold_point (edit, 2);
  alidade_region_edit_nudge (edit, 0, -10);
  alidade_region_edit_get (edit, 0, &region);
  tap_ok (g_array_index (region.shape->points, double, 5) == 80, "/polygon/the held point is nudged");
  tap_ok (alidade_region_edit_step_point (edit, 1) && alidade_region_edit_get_point (edit) == 0,
          "/polygon/and the next");
  tap_ok (alidade_region_edit_insert_point (edit, 0, 50, 5) && alidade_region_edit_get_point (edit) == 1,
          "/polygon/a new one is held");
  tap_ok (alidade_region_edit_remove_point (edit) && !alidade_region_edit_remove_point (edit), "/polygon/three stay");
  alidade_region_edit_draft_add (edit, 80, 20);
  alidade_region_edit_draft_add (edit, 120, 20);
  alidade_region_edit_draft_add (edit, 100, 30);
  tap_ok (alidade_region_edit_draft_close (edit, TRUE) && alidade_region_edit_get_n (edit) == 1,
          "/polygon/a hole in it");
  alidade_region_edit_get (edit, 0, &region);
  tap_ok (region.shape->rings->len == 2 && region.shape->fill == SHAPE_EVENODD, "/polygon/is a ring of its own");
  alidade_region_edit_draw_box (edit, 10, 10, 40, 40);
  tap_ok (alidade_region_edit_to_polygon (edit) && !alidade_region_edit_to_polygon (edit), "/polygon/from a box");
}

static void
test_masks (void)
{
  g_autoptr (AlidadeRegionEdit) edit = edit_new (200, 100);
  AlidadeRegionFigures figures;
  AlidadeEditRegion region;
  float map[64] = { 0 };

  tap_ok (!alidade_region_edit_mask_from_map (edit, 0.5, 0), "/masks/none without a map");
  tap_ok (!alidade_region_edit_paint (edit, 5, 5, 5, 5, 4, TRUE), "/masks/nothing to erase from");
  alidade_region_edit_begin (edit, "Painted");
  alidade_region_edit_paint (edit, 50, 50, 50, 50, 10, FALSE);
  alidade_region_edit_paint (edit, 50, 50, 90, 50, 10, FALSE);
  alidade_region_edit_end (edit);
  alidade_region_edit_get (edit, 0, &region);
  tap_ok (alidade_region_edit_get_n (edit) == 1 && region.shape->kind == SHAPE_MASK && region.shape->box[0] == 40
              && region.shape->box[2] == 100 && gestures == 1,
          "/masks/a stroke");
  alidade_region_edit_paint (edit, 70, 50, 70, 50, 4, TRUE);
  tap_ok (alidade_region_edit_get_n (edit) == 1 && alidade_region_edit_fill (edit) && gestures == 3,
          "/masks/a hole, filled");
  tap_ok (alidade_region_edit_smooth (edit), "/masks/smoothed");
  alidade_region_edit_begin (edit, "Erased");
  alidade_region_edit_paint (edit, 0, 50, 200, 50, 50, TRUE);
  alidade_region_edit_paint (edit, 0, 60, 200, 60, 50, TRUE);
  alidade_region_edit_end (edit);
  tap_ok (alidade_region_edit_get_n (edit) == 0, "/masks/wiped out it is gone");
  alidade_region_edit_undo (edit);
  tap_ok (alidade_region_edit_get_n (edit) == 1 && alidade_region_edit_get_selected (edit) == 0, "/masks/and back");
  alidade_region_edit_draw_box (edit, 120, 20, 160, 60);
  alidade_region_edit_paint (edit, 120, 20, 120, 20, 5, TRUE);
  alidade_region_edit_get (edit, 1, &region);
  tap_ok (region.shape->kind == SHAPE_MASK && region.shape->box[2] == 160, "/masks/the eraser makes a mask of a box");

  map[3 * 8 + 5] = 1;
  alidade_region_edit_set_map (edit, map, 8, 8);
  load_box (edit, 4, ORIGIN_DETECTOR, 100, 20, 160, 60);
  alidade_region_edit_drop_box (edit, 0, 0);
  tap_ok (alidade_region_edit_get_figures (edit, alidade_region_edit_get_selected (edit), &figures)
              && figures.peak_inside && figures.has_proposal && figures.iou > 0.1 && figures.energy > 0.3
              && fabs (figures.fills - 0.02) < 1e-9,
          "/masks/a dropped box holds the peak, and figures say so");
  alidade_region_edit_begin (edit, "Mask from the map");
  alidade_region_edit_mask_from_map (edit, 0.5, 0);
  alidade_region_edit_mask_from_map (edit, 0.2, 0);
  alidade_region_edit_end (edit);
  tap_ok (alidade_region_edit_get_n (edit) == 5, "/masks/a threshold that is pulled makes one mask");
  alidade_region_edit_duplicate (edit);
  tap_ok (alidade_region_edit_get_n (edit) == 6, "/masks/doubled");
  alidade_region_edit_get (edit, 4, &region);
  alidade_region_edit_select (edit, -1);
  tap_ok (alidade_region_edit_add (edit, region.shape) && alidade_region_edit_get_n (edit) == 7, "/masks/pasted");
}

/* Random walks ----------------------------------------------------------------------------------------------------- */

static gboolean
shape_is_sound (const Shape *shape, double width, double height)
{
  g_autoptr (GBytes) bytes = shape_to_bytes (shape);
  g_auto (Shape) back = { 0 };
  gsize length;
  const void *data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;

  /* The project takes it, finds the same box for it, and it lies inside. */
  return shape_from_bytes (&back, shape->kind, shape->box, data, bytes != NULL ? length : 0)
         && (shape->kind == SHAPE_BOX || shape_equal (&back, shape)) && shape->box[0] >= 0 && shape->box[1] >= 0
         && shape->box[2] <= width && shape->box[3] <= height;
}

/* Everything as bytes, so that two moments can be compared. */
static GBytes *
take_stock (AlidadeRegionEdit *edit)
{
  GByteArray *all = g_byte_array_new ();
  AlidadeEditRegion region;

  for (guint i = 0; alidade_region_edit_get (edit, i, &region); i++)
    {
      g_autoptr (GBytes) bytes = shape_to_bytes (region.shape);

      g_byte_array_append (all, (const guint8 *) &region.id, sizeof region.id);
      g_byte_array_append (all, (const guint8 *) &region.shape->kind, sizeof region.shape->kind);
      g_byte_array_append (all, (const guint8 *) region.shape->box, sizeof region.shape->box);
      if (bytes != NULL)
        g_byte_array_append (all, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
    }
  return g_byte_array_free_to_bytes (all);
}

static void
random_step (AlidadeRegionEdit *edit, GRand *dice, double w, double h)
{
#define X g_rand_double_range (dice, -0.3 * w, 1.3 * w)
#define Y g_rand_double_range (dice, -0.3 * h, 1.3 * h)
#define R g_rand_double_range (dice, 0, 0.3 * w)
#define COIN g_rand_boolean (dice)
  int n = (int) alidade_region_edit_get_n (edit), points;
  AlidadeEditRegion region = { 0 };

  switch (g_rand_int_range (dice, 0, 24))
    {
    case 0:
      alidade_region_edit_draw_box (edit, X, Y, X, Y);
      break;
    case 1:
      alidade_region_edit_move_edges (edit, 1 << g_rand_int_range (dice, 0, 4), X, Y);
      break;
    case 2:
      alidade_region_edit_move_edges (edit, ALIDADE_EDGE_RIGHT | ALIDADE_EDGE_BOTTOM, round (X), round (Y));
      break;
    case 3:
      alidade_region_edit_move (edit, X, Y);
      break;
    case 4:
      alidade_region_edit_nudge (edit, COIN ? 10 : -1, COIN ? 10 : -1);
      break;
    case 5:
      alidade_region_edit_nudge_edge (edit, 1 << g_rand_int_range (dice, 0, 4), COIN ? 3 : -3);
      break;
    case 6:
      alidade_region_edit_drop_box (edit, X, Y);
      break;
    case 7:
    case 8:
    case 9:
      alidade_region_edit_draft_add (edit, X, Y);
      break;
    case 10:
      alidade_region_edit_draft_close (edit, COIN);
      break;
    case 11:
    case 12:
      if (alidade_region_edit_get (edit, alidade_region_edit_get_selected (edit), &region)
          && region.shape->kind == SHAPE_POLYGON)
        {
          points = (int) region.shape->points->len / 2;
          alidade_region_edit_hold_point (edit, g_rand_int_range (dice, 0, points));
          alidade_region_edit_move_point (edit, X, Y);
        }
      break;
    case 13:
      alidade_region_edit_insert_point (edit, alidade_region_edit_get_point (edit), X, Y);
      break;
    case 14:
      alidade_region_edit_remove_point (edit);
      break;
    case 15:
      alidade_region_edit_to_polygon (edit);
      break;
    case 16:
      alidade_region_edit_paint (edit, X, Y, X, Y, R, FALSE);
      break;
    case 17:
      alidade_region_edit_paint (edit, X, Y, X, Y, R, TRUE);
      break;
    case 18:
      alidade_region_edit_fill (edit);
      break;
    case 19:
      alidade_region_edit_smooth (edit);
      break;
    case 20:
      alidade_region_edit_mask_from_map (edit, g_rand_double (dice), g_rand_int_range (dice, 0, 4));
      break;
    case 21:
      alidade_region_edit_select (edit, n > 0 ? g_rand_int_range (dice, -1, n) : -1);
      break;
    case 22:
      if (g_rand_int_range (dice, 0, 3) == 0)
        alidade_region_edit_remove (edit);
      break;
    case 23:
      alidade_region_edit_duplicate (edit);
      break;
    }
#undef X
#undef Y
#undef R
#undef COIN
}

/* Whether every region that was touched is sound; those that were not are as they came. */
static int
count_unsound (AlidadeRegionEdit *edit, double w, double h)
{
  AlidadeEditRegion region;
  int unsound = 0;

  for (guint i = 0; alidade_region_edit_get (edit, i, &region); i++)
    unsound += region.changed && !shape_is_sound (region.shape, w, h);
  return unsound;
}

static void
walk (GRand *dice, int *unsound, int *undone, int *redone, int *lost, int *steps)
{
  guint32 w = g_rand_int_range (dice, 1, 90), h = g_rand_int_range (dice, 1, 90);
  g_autoptr (AlidadeRegionEdit) edit = edit_new (w, h);
  g_autoptr (GPtrArray) stocks = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  float map[36];

  for (int i = 0; i < 36; i++)
    map[i] = (float) g_rand_double (dice);
  load_box (edit, 1, ORIGIN_MAP, 0, 0, w * 0.5, h * 0.7);
  load_box (edit, 2, ORIGIN_IMPORT, -5.5, h * 0.25, w + 3.25, h + 10);
  alidade_region_edit_set_map (edit, map, 6, 6);
  alidade_region_edit_set_snap (edit, g_rand_double_range (dice, 0, 4));
  g_ptr_array_add (stocks, take_stock (edit));
  for (int i = 0; i < STEPS; i++)
    {
      int before = gestures, several = g_rand_int_range (dice, 0, 4);

      if (several == 0)
        alidade_region_edit_begin (edit, "Several");
      random_step (edit, dice, w, h);
      for (int j = 0; several == 0 && j < 3; j++)
        {
          if (alidade_region_edit_get_gesture (edit) == NULL)
            break;
          random_step (edit, dice, w, h);
          *unsound += count_unsound (edit, w, h);
        }
      if (several == 0 && g_rand_int_range (dice, 0, 4) == 0)
        alidade_region_edit_cancel (edit);
      alidade_region_edit_end (edit);
      *unsound += count_unsound (edit, w, h);
      /* A gesture may end within a call that begins the next: what lay between cannot be seen from here. */
      if (gestures == before)
        {
          g_autoptr (GBytes) now = take_stock (edit);

          *lost += !g_bytes_equal (now, g_ptr_array_index (stocks, stocks->len - 1));
        }
      for (; before < gestures - 1; before++)
        g_ptr_array_add (stocks, NULL);
      if (before < gestures)
        g_ptr_array_add (stocks, take_stock (edit));
    }
  alidade_region_edit_draft_drop (edit);
  *steps += stocks->len;
  for (guint i = stocks->len - 1; i-- > 0;)
    {
      g_autoptr (GBytes) now = NULL;

      if (!alidade_region_edit_undo (edit))
        ++*undone;
      now = take_stock (edit);
      *undone += g_ptr_array_index (stocks, i) != NULL && !g_bytes_equal (now, g_ptr_array_index (stocks, i));
    }
  *undone += alidade_region_edit_can_undo (edit) || alidade_region_edit_get_changed (edit);
  for (guint i = 1; i < stocks->len; i++)
    {
      g_autoptr (GBytes) now = NULL;

      if (!alidade_region_edit_redo (edit))
        ++*redone;
      now = take_stock (edit);
      *redone += g_ptr_array_index (stocks, i) != NULL && !g_bytes_equal (now, g_ptr_array_index (stocks, i));
    }
  *redone += alidade_region_edit_can_redo (edit);
}

static void
test_walks (void)
{
  guint32 seed = g_getenv ("ALIDADE_SEED") != NULL ? (guint32) atoi (g_getenv ("ALIDADE_SEED")) : 20261125;
  GRand *dice = g_rand_new_with_seed (seed);
  int unsound = 0, undone = 0, redone = 0, lost = 0, steps = 0;

  tap_note ("seed %u", seed);
  for (int i = 0; i < WALKS; i++)
    walk (dice, &unsound, &undone, &redone, &lost, &steps);
  tap_ok (unsound == 0, "/walk/every shape is sound and inside (%d are not)", unsound);
  tap_ok (lost == 0, "/walk/nothing changes without a gesture (%d did)", lost);
  tap_ok (undone == 0, "/walk/undo finds the same bytes after each of %d gestures (%d not)", steps, undone);
  tap_ok (redone == 0, "/walk/and so does redo (%d not)", redone);
  tap_ok (steps > WALKS * STEPS / 4, "/walk/most operations did something");
  g_rand_free (dice);
}

int
main (void)
{
  test_gestures ();
  test_polygons ();
  test_masks ();
  test_walks ();
  return tap_done ();
}
