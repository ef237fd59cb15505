/* SPDX-License-Identifier: MIT
 * What the official evaluations count by: answers as VQA compares them, boxes as the RefCOCO+ code scores them.
 * Expected values were counted by hand from the published rules. */
#include <stdlib.h>

#include "grounding-box.h"
#include "tap.h"
#include "vqa-accuracy.h"

static void
cleaned (const char *answer, const char *wanted)
{
  char *got = vqa_clean_answer (answer), name[160];

  snprintf (name, sizeof name, "/vqa/'%s' is '%s'", answer, wanted);
  tap_equal_text (got, wanted, name);
  free (got);
}

static void
test_answers (void)
{
  static const char *const same[] = { "red", "red", "red", "red", "red", "red", "red", "red", "red", "red" };
  static const char *const mixed[] = { "red", "Red", "the red", "blue", "blue", "dark", "x", "y", "z", "w" };

  cleaned ("The Red Kite", "red kite");
  cleaned ("two dogs", "2 dogs");
  cleaned ("none", "0");
  cleaned (" dont know ", "don't know");
  cleaned ("couldntve", "couldn't've");
  cleaned ("couldn'tve", "couldn't've");
  cleaned ("black/white", "black white");
  cleaned ("black / white", "black white");
  cleaned ("well-known", "well known");
  cleaned ("1,000 people!", "1000 people");
  cleaned ("a.m.", "am");
  cleaned ("2.5", "2.5");
  cleaned ("yes?", "yes");
  cleaned ("", "");
  cleaned ("an", "");
  tap_near (vqa_accuracy ("red", same, 10), 1, 1e-12, "/vqa/all agree");
  tap_near (vqa_accuracy ("Red", same, 10), 0, 1e-12, "/vqa/where all agree nothing is cleaned");
  /* Three said red: left out themselves 2/3, else 1. */
  tap_near (vqa_accuracy ("red", mixed, 10), (3 * 2 / 3.0 + 7) / 10, 1e-12, "/vqa/three of ten");
  tap_near (vqa_accuracy ("blue", mixed, 10), (2 * 1 / 3.0 + 8 * 2 / 3.0) / 10, 1e-12, "/vqa/two of ten");
  tap_near (vqa_accuracy ("green", mixed, 10), 0, 1e-12, "/vqa/nobody");
}

static void
test_boxes (void)
{
  float map[4 * 6];
  const double part[] = { 1, 1, 2, 2 }, cut[] = { 4.7, 2.2, 9, 9 }, none[] = { 1, 1, 0, 3 },
               real[] = { 0.5, 0, 1.6, 1.9 };
  const double a[] = { 0, 0, 10, 10 }, b[] = { 5, 5, 10, 10 }, edge[] = { 9, 0, 10, 10 }, far[] = { 50, 50, 3, 3 };

  for (int i = 0; i < 24; i++)
    map[i] = (float) i; /* row y, column x: 6 y + x */
  tap_near (grounding_box_score (map, 6, 4, part), (7 + 8 + 13 + 14) / 2.0, 1e-12,
            "/box/the sum over the root of the area");
  tap_near (grounding_box_score (map, 6, 4, cut), (16 + 17 + 22 + 23) / 9.0, 1e-12,
            "/box/cut at the picture's edge, the area is not");
  tap_near (grounding_box_score (map, 6, 4, none), 0, 0, "/box/without area");
  /* Columns int (0.5) .. int (2.1) - 1, rows 0 .. int (1.9) - 1. */
  tap_near (grounding_box_score (map, 6, 4, real), 1 / sqrt (1.6 * 1.9), 1e-12,
            "/box/ends are cut to whole pixels, the area is not");
  tap_near (grounding_box_iou (a, a), 1, 1e-12, "/box/itself");
  tap_near (grounding_box_iou (a, b), 25 / 175.0, 1e-12, "/box/a quarter of each");
  tap_near (grounding_box_iou (a, edge), 0, 0, "/box/one column in common does not count");
  tap_near (grounding_box_iou (a, far), 0, 0, "/box/apart");
}

int
main (void)
{
  test_answers ();
  test_boxes ();
  return tap_done ();
}
