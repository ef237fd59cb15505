/* SPDX-License-Identifier: MIT
 * What is added to a loaded batch: positives and known false negatives by nouns, foils, texts without a picture. */
#include "step-batch.h"

#include <stdlib.h>

#include "tap.h"

enum
{
  B = 3,
  Q = 2,
  N = B + Q
};

static NounSet
nouns (int a, int b)
{
  NounSet set = { 0 };

  if (a >= 0)
    noun_set_add (&set, a);
  if (b >= 0)
    noun_set_add (&set, b);
  return set;
}

/* Three rows of two and three tokens; [PAD] is 9. */
static HostBatch
make_host (void)
{
  static int32_t ids[B * 3] = { 1, 5, 9, 1, 6, 7, 1, 9, 9 }, masked[B * 3] = { 1, 3, 9, 1, 6, 3, 1, 9, 9 };
  static int32_t labels[B * 3] = { -100, 5, -100, -100, -100, 7, -100, -100, -100 };
  static int64_t mask[B * 3] = { 1, 1, 0, 1, 1, 1, 1, 0, 0 };
  static int32_t foil_ids[B * 4] = { 1, 6, 9, 9, 1, 9, 9, 9, 1, 5, 6, 7 };
  static int64_t foil_mask[B * 4] = { 1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1 };
  static float has_foil[B] = { 1, 0, 1 }, draws[LOADER_DRAWS * B], pair[B] = { 1, 1, 1 };
  static NounSet image[B], caption[B];

  caption[0] = nouns (10, -1);
  image[0] = nouns (10, 700);
  caption[1] = nouns (700, -1);
  image[1] = nouns (700, -1);
  caption[2] = nouns (10, -1);
  image[2] = nouns (10, 20);
  for (int i = 0; i < B; i++)
    pair[i] = 1;
  return (HostBatch) { .rows = B, .text = { B, 3, ids, mask }, .masked_ids = masked, .mlm_labels = labels, .draws = draws, .pair = pair,
                       .foils = { B, 4, foil_ids, foil_mask }, .has_foil = has_foil, .image_nouns = image, .caption_nouns = caption };
}

static TrainConfig config;
static ModelConfig model;
static LoaderOptions options;

static void
test_nouns (void)
{
  HostBatch host = make_host ();
  NounQueue queue;
  StepBatch made;
  NounSet image = nouns (700, 10), caption = nouns (10, 700);
  float target[B * N] = { 0.5f, 0, 0.5f, 0, 0, 0, 1, 0, 0, 0, 0.5f, 0, 0.5f, 0, 0 };
  /* Picture 0 also shows 700, so caption 1 fits it, and that of the queue's place 0 too; nothing fits an empty place. */
  float mask_i2t[B * N] = { 0, -1e4f, 0, -1e4f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  float mask_t2i[B * N] = { 0, 0, 0, -1e4f, 0, -1e4f, 0, 0, -1e4f, 0, 0, 0, 0, -1e4f, 0 };
  float keep_i2t[B * B] = { 0, 0, 0, 1, 0, 1, 0, 1, 0 }, keep_t2i[B * B] = { 0, 1, 0, 0, 0, 1, 0, 1, 0 };

  noun_queue_init (&queue, Q, 0);
  noun_queue_add (&queue, &image, &caption);
  host.has_foil = NULL;
  step_batch_make (&made, &config, &model, &host, &options, Q, &queue);
  tap_ok (memcmp (made.batch.itc_target_i2t, target, sizeof target) == 0, "/nouns/targets are even over the same nouns");
  tap_ok (memcmp (made.batch.itc_mask_i2t, mask_i2t, sizeof mask_i2t) == 0, "/nouns/captions that fit a picture are left out");
  tap_ok (memcmp (made.batch.itc_mask_t2i, mask_t2i, sizeof mask_t2i) == 0, "/nouns/pictures that a caption fits are left out");
  tap_ok (memcmp (made.batch.itm_keep_i2t, keep_i2t, sizeof keep_i2t) == 0, "/nouns/texts that may be drawn");
  tap_ok (memcmp (made.batch.itm_keep_t2i, keep_t2i, sizeof keep_t2i) == 0, "/nouns/pictures that may be drawn");
  /* Rows 0, 1, 2 went to places 1, 0, 1. */
  tap_ok (queue.at == 0 && memcmp (&queue.image[0], &host.image_nouns[1], sizeof (NounSet)) == 0
              && memcmp (&queue.caption[1], &host.caption_nouns[2], sizeof (NounSet)) == 0,
          "/nouns/the batch goes into the queue, over its end");
  step_batch_clear (&made);
  noun_queue_clear (&queue);
}

static void
test_foils (void)
{
  static const int32_t rows[B] = { 0, -1, 1 }, wide[B * 4] = { 1, 5, 9, 9, 1, 6, 7, 9, 1, 9, 9, 9 };
  static const int32_t foils[2 * 4] = { 1, 6, 9, 9, 1, 5, 6, 7 };
  HostBatch host = make_host ();
  StepBatch made;

  step_batch_make (&made, &config, &model, &host, &options, Q, NULL);
  tap_ok (made.batch.foils == 2 && memcmp (made.batch.foil_row, rows, sizeof rows) == 0, "/foils/rows that have one");
  tap_ok (made.batch.tokens == 4 && memcmp (made.batch.ids, wide, sizeof wide) == 0, "/foils/texts as wide as the longest foil");
  tap_ok (memcmp (made.batch.foil_ids, foils, sizeof foils) == 0, "/foils/their words");
  tap_ok (made.batch.mlm_labels[1] == 5 && made.batch.mlm_labels[3] == MLM_IGNORE && made.batch.mlm_labels[4 + 2] == 7
              && made.batch.mask[4 + 3] == 0,
          "/foils/labels and padding move along");
  step_batch_clear (&made);
}

static void
test_pairs (void)
{
  static float pair[B] = { 1, 0, 1 };
  HostBatch host = make_host ();
  StepBatch made;

  host.has_foil = NULL;
  step_batch_make (&made, &config, &model, &host, &options, Q, NULL);
  tap_ok (made.batch.pair == NULL && made.batch.itc_mask_i2t == NULL, "/pairs/nothing is added where all are pairs");
  step_batch_clear (&made);
  host.pair = pair;
  step_batch_make (&made, &config, &model, &host, &options, Q, NULL);
  tap_ok (made.batch.pair == pair && made.batch.itc_mask_i2t[0 * N + 1] < 0 && made.batch.itc_mask_i2t[1 * N + 1] == 0
              && made.batch.itm_keep_i2t[2 * B + 1] == 0 && made.batch.itm_keep_t2i[2 * B + 1] == 1,
          "/pairs/a text without a picture is no candidate");
  step_batch_clear (&made);
}

int
main (void)
{
  char line[] = "scenes = pictograms\nfoils = 1\n";
  AlbefError error = ALBEF_ERROR_INIT;

  train_config_init (&config, TASK_PRETRAIN);
  config_init (&model);
  if (train_config_read (&config, line, "test", &error) != ALBEF_OK)
    return tap_ok (false, "/set up"), tap_done ();
  test_nouns ();
  test_foils ();
  test_pairs ();
  train_config_clear (&config);
  return tap_done ();
}
