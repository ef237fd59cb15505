/* SPDX-License-Identifier: MIT
 * Host batches: the same whatever the workers do, at any point of a run, and what they hold. */
#include "batch-view.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static char folder[] = "/tmp/albef-loader-XXXXXX";
static Vocab *vocab;

enum
{
  N_PICTURES = 11,
  SIDE = 24
};

static void
make_folder (void)
{
  static const char words[] = "[PAD]\n[CLS]\n[SEP]\n[MASK]\n[UNK]\n,"
                              "\na\nan\nant\nand\nbox\nboxes\ncircle\ncross\nkite\nleft\nof\nowl\nred\nsquare\ntwo\nyes"
                              "\nno\nis\nthere\nit\n##s\n";
  AlbefError error = ALBEF_ERROR_INIT;
  char path[256];

  if (mkdtemp (folder) == NULL || vocab_from_bytes (words, sizeof words - 1, "words", &vocab, &error) != ALBEF_OK)
    abort ();
  for (int i = 0; i < N_PICTURES; i++)
    {
      uint8_t pixels[SIDE * SIDE * 3];

      for (int p = 0; p < SIDE * SIDE * 3; p++)
        pixels[p] = (uint8_t) (i * 20 + (p % 3 == 0 ? p / 3 % SIDE : p / 3 / SIDE));
      snprintf (path, sizeof path, "%s/%d.png", folder, i);
      if (albef_png_write (path, pixels, SIDE, SIDE, 3, NULL, 0, NULL) != ALBEF_OK)
        abort ();
    }
}

static Dataset *
make_set (const char *text, DatasetOptions options)
{
  AlbefError error = ALBEF_ERROR_INIT;
  Dataset *dataset;

  options.image_root = folder;
  if (dataset_from_bytes (text, strlen (text), "set.json", &options, &dataset, &error) != ALBEF_OK)
    {
      tap_note ("%s", error.message);
      abort ();
    }
  return dataset;
}

static Dataset *
make_pairs (void)
{
  char text[4096] = "[";

  for (int i = 0; i < N_PICTURES; i++)
    sprintf (
        text + strlen (text),
        "%s{\"image\": \"%d.png\", \"caption\": [\"a red kite\", \"two boxes and an owl left of a box\", \"ant\"]}",
        i ? ", " : "", i);
  strcat (text, "]");
  return make_set (text, (DatasetOptions){ .format = DATASET_PRETRAIN });
}

static Loader *
open_loader (LoaderOptions options)
{
  AlbefError error = ALBEF_ERROR_INIT;
  Loader *loader;

  options.vocab = vocab;
  if (options.resolution == 0)
    options.resolution = 16;
  if (loader_open (&options, &loader, &error) != ALBEF_OK)
    {
      tap_note ("%s", error.message);
      abort ();
    }
  return loader;
}

static const HostBatch *
next (Loader *loader)
{
  AlbefError error = ALBEF_ERROR_INIT;
  const HostBatch *batch;

  if (loader_next (loader, &batch, &error) != ALBEF_OK)
    tap_note ("%s", error.message);
  return batch;
}

static uint64_t
hash_bytes (uint64_t hash, const void *bytes, size_t n)
{
  for (size_t i = 0; bytes != NULL && i < n; i++)
    hash = (hash ^ ((const uint8_t *) bytes)[i]) * 0x100000001b3u;
  return hash;
}

static uint64_t
batch_hash (const HostBatch *b, const LoaderOptions *o)
{
  size_t rows = (size_t) b->rows, texts = rows * (size_t) b->text.columns, g = (size_t) (o->patch_grid * o->patch_grid);
  uint64_t hash
      = hash_bytes (0, b->pixels, (size_t) b->n_images * rows * 3 * (size_t) (o->resolution * o->resolution) * 4);

  hash = hash_bytes (hash, b->text.ids, texts * 4);
  hash = hash_bytes (hash, b->masked_ids, texts * 4);
  hash = hash_bytes (hash, b->mlm_labels, texts * 4);
  hash = hash_bytes (hash, b->spans, texts * 8);
  hash = hash_bytes (hash, b->phrase, texts * 4);
  hash = hash_bytes (hash, b->samples, rows * 8);
  hash = hash_bytes (hash, b->draws, rows * LOADER_DRAWS * 4);
  hash = hash_bytes (hash, b->idx, rows * 4);
  hash = hash_bytes (hash, b->regions, rows * (size_t) (o->region_size * o->region_size) * 4);
  hash = hash_bytes (hash, b->foils.ids, (size_t) b->foils.rows * (size_t) b->foils.columns * 4);
  hash = hash_bytes (hash, b->image_nouns, b->image_nouns != NULL ? rows * sizeof (NounSet) : 0);
  hash = hash_bytes (hash, b->patch_labels, rows * g * 4);
  return hash_bytes (hash, b->noun_cells, (size_t) b->n_noun_tokens * g * 4);
}

/* ---------------------------------------------------------------------------------------------------
 * Order
 */

static void
test_order (void)
{
  Dataset *set = make_pairs ();
  LoaderOptions o = { .dataset = set,
                      .seed = 5,
                      .batch = 4,
                      .shuffle = true,
                      .drop_last = true,
                      .resolution = 16,
                      .augment = augment_pretrain,
                      .mlm = { .probability = 0.15 },
                      .region_size = 8 };
  uint64_t hashes[12];
  bool same = true;
  Loader *loader;
  int seen[2][N_PICTURES] = { { 0 } }, orders = 0;
  int64_t first[4];

  loader = open_loader (o);
  tap_ok (loader_batches_per_epoch (loader) == 2, "/loader/eleven pairs are two whole batches of four");
  for (int i = 0; i < 12; i++)
    {
      const HostBatch *b = next (loader);

      hashes[i] = batch_hash (b, &o);
      same = same && b->epoch == i / 2 && b->number == i % 2 && b->rows == 4;
      for (int r = 0; r < 4 && i < 4; r++)
        seen[i / 2][b->samples[r]]++;
      if (i == 0)
        memcpy (first, b->samples, sizeof first);
      if (i > 0 && i % 2 == 0)
        orders += memcmp (first, b->samples, sizeof first) != 0;
    }
  tap_ok (same, "/loader/epochs follow each other");
  same = true;
  for (int e = 0; e < 2; e++)
    for (int i = 0; i < N_PICTURES; i++)
      same = same && seen[e][i] <= 1;
  tap_ok (same && orders >= 4, "/loader/a sample comes once an epoch, each epoch in another order");
  loader_free (loader);
  for (int workers = 1; workers <= 4; workers++)
    {
      o.workers = workers;
      o.prefetch = workers == 3 ? 1 : 0;
      loader = open_loader (o);
      same = true;
      for (int i = 0; i < 12; i++)
        {
          same = same && batch_hash (next (loader), &o) == hashes[i];
          if (i % 5 == workers)
            usleep (3000);
        }
      tap_ok (same, "/loader/%d workers make the same batches", workers);
      same = true;
      for (int i = 0; i < 10; i++)
        {
          int at = (i * 7 + workers) % 12;

          loader_seek (loader, at / 2, at % 2);
          same = same && batch_hash (next (loader), &o) == hashes[at];
          if (at < 11 && i % 2)
            same = same && batch_hash (next (loader), &o) == hashes[at + 1];
        }
      tap_ok (same, "/loader/%d workers go on at any batch", workers);
      loader_free (loader);
    }
  o.seed = 6;
  o.workers = 0;
  loader = open_loader (o);
  tap_ok (batch_hash (next (loader), &o) != hashes[0], "/loader/another seed, another batch");
  loader_free (loader);
  o.shuffle = o.drop_last = false;
  o.augment = augment_none;
  loader = open_loader (o);
  same = true;
  for (int i = 0; i < 3; i++)
    {
      const HostBatch *b = next (loader);

      same = same && b->rows == (i < 2 ? 4 : 3) && b->text.rows == b->rows;
      for (int r = 0; r < b->rows; r++)
        same = same && b->samples[r] == i * 4 + r;
    }
  tap_ok (loader_batches_per_epoch (loader) == 3 && same, "/loader/evaluation keeps the order and the last batch");
  loader_free (loader);
  dataset_free (set);
}

/* ---------------------------------------------------------------------------------------------------
 * What is in a batch
 */

static void
test_texts (void)
{
  Dataset *set = make_set ("[{\"image\": \"1.png\", \"caption\": \"A red, RED kite!\", \"bbox\": [[0, 0, 12, 24]]}, "
                           "{\"image\": \"2.png\", \"caption\": \"ant\"}]",
                           (DatasetOptions){ .format = DATASET_PRETRAIN });
  Loader *loader = open_loader (
      (LoaderOptions){ .dataset = set, .batch = 2, .max_tokens = 4, .truncate = true, .region_size = 8 });
  const HostBatch *b = next (loader);
  const int32_t *ids = b->text.ids;
  bool left = true;
  char *trouble;

  tap_ok (b->text.columns == 4 && ids[0] == 1 && ids[1] == vocab_find (vocab, "a", 1) && ids[2] == ids[3]
              && ids[2] == vocab_find (vocab, "red", 3),
          "/loader/cleaned and cut to four pieces");
  tap_ok (ids[4] == 1 && ids[5] == vocab_find (vocab, "ant", 3) && ids[6] == 0 && b->text.mask[5] == 1
              && b->text.mask[6] == 0,
          "/loader/padded to the longest row");
  tap_ok (b->spans[2][0] == 2 && b->spans[2][1] == 5 && b->spans[3][0] == 7
              && strcmp (b->texts[0], "A red, RED kite!") == 0,
          "/loader/pieces know their bytes in the text as given");
  tap_ok (b->phrase[0] == 0 && b->phrase[1] == 1 && b->phrase[6] == 0, "/loader/all pieces but [CLS] are the phrase");
  for (int p = 0; p < 64; p++)
    left = left && b->regions[p] == (p % 8 < 4) && b->regions[64 + p] == 0;
  tap_ok (left && b->has_region[0] == 1 && b->has_region[1] == 0, "/loader/region masks, 0 where nothing is known");
  tap_ok (loader_counts (loader).cut == 1, "/loader/one text was cut");
  loader_seek (loader, 0, 0);
  next (loader);
  trouble = loader_trouble (loader, 0);
  tap_ok (loader_counts (loader).cut == 1 && trouble != NULL && strstr (trouble, "set.json") != NULL
              && strstr (trouble, "record 1") != NULL && strstr (trouble, "cut to 4") != NULL,
          "/loader/a phrase cut by the length limit is reported, once");
  free (trouble);
  tap_ok (loader_trouble (loader, 1) == NULL, "/loader/no more troubles");
  loader_free (loader);
  loader = open_loader ((LoaderOptions){ .dataset = set, .batch = 1, .max_tokens = 4 });
  b = next (loader);
  tap_ok (b->rows == 1 && b->text.columns == 5 && loader_counts (loader).cut == 0,
          "/loader/a batch with a single image works, and without truncation nothing is cut");
  loader_free (loader);
  dataset_free (set);
}

static void
test_pictures (void)
{
  Dataset *set
      = make_set ("[{\"image\": \"3.png\", \"caption\": \"ant\"}]", (DatasetOptions){ .format = DATASET_PRETRAIN });
  float mean[3] = { 0, 0, 0 }, std[3] = { 1, 1, 1 };
  Loader *loader
      = open_loader ((LoaderOptions){ .dataset = set, .batch = 1, .resolution = SIDE, .mean = mean, .std = std });
  const HostBatch *b = next (loader);
  bool same = true;

  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      same = same && fabsf (b->pixels[y * SIDE + x] - (float) (60 + x) / 255) < 1e-6f
             && fabsf (b->pixels[(2 * SIDE + y) * SIDE + x] - (float) (60 + y) / 255) < 1e-6f;
  tap_ok (same, "/loader/pixels are the picture's, channel after channel");
  loader_free (loader);
  dataset_free (set);
}

static void
test_never_flipped (void)
{
  Dataset *set = make_set (
      "[{\"image\": \"1.png\", \"caption\": \"ant left of a box\"}, {\"image\": \"1.png\", \"caption\": \"ant\"}]",
      (DatasetOptions){ .format = DATASET_PRETRAIN });
  LoaderOptions o = { .dataset = set, .batch = 2, .resolution = SIDE, .augment = { .flip = 0.5 } };
  Loader *loader = open_loader (o);
  int flips[2] = { 0 };

  for (int i = 0; i < 60; i++)
    {
      const HostBatch *b = next (loader);

      for (int r = 0; r < 2; r++)
        flips[r] += b->pixels[r * 3 * SIDE * SIDE] > b->pixels[r * 3 * SIDE * SIDE + SIDE - 1];
    }
  tap_ok (flips[0] == 0 && flips[1] > 15 && flips[1] < 45,
          "/loader/a text with left or right is never flipped (%d, %d of 60)", flips[0], flips[1]);
  loader_free (loader);
  dataset_free (set);
}

static void
test_unreadable (void)
{
  Dataset *set
      = make_set ("[{\"image\": \"1.png\", \"caption\": \"ant\"}, {\"image\": \"gone.png\", \"caption\": \"box\"}, "
                  "{\"image\": \"2.png\", \"caption\": \"owl\"}, {\"image\": \"bad.png\", \"caption\": \"owl\"}]",
                  (DatasetOptions){ .format = DATASET_PRETRAIN });
  LoaderOptions o = { .dataset = set, .batch = 4, .shuffle = true, .resolution = 16 };
  AlbefError error = ALBEF_ERROR_INIT;
  const HostBatch *b;
  char path[256], *first, *second;
  uint64_t hashes[6];
  bool good = true, same = true;
  Loader *loader;
  FILE *file;

  snprintf (path, sizeof path, "%s/bad.png", folder);
  file = fopen (path, "w");
  if (file == NULL || fputs ("\x89PNG\r\n\x1a\n and then nothing", file) < 0 || fclose (file) != 0)
    abort ();
  loader = open_loader (o);
  for (int i = 0; i < 6; i++)
    {
      b = next (loader);
      hashes[i] = batch_hash (b, &o);
      good = good && b->rows == 4;
      for (int r = 0; r < b->rows; r++)
        good = good && (b->samples[r] == 0 || b->samples[r] == 2);
    }
  first = loader_trouble (loader, 0);
  second = loader_trouble (loader, 1);
  tap_ok (good, "/loader/unreadable or missing images are skipped: another sample takes the row");
  tap_ok (loader_counts (loader).unreadable == 2, "/loader/they are counted once each");
  tap_ok (first != NULL && second != NULL
              && ((strstr (first, "record 2") && strstr (second, "record 4"))
                  || (strstr (second, "record 2") && strstr (first, "record 4"))),
          "/loader/they are listed by file and record");
  free (first);
  free (second);
  loader_free (loader);
  o.workers = 3;
  loader = open_loader (o);
  for (int i = 0; i < 6; i++)
    same = same && batch_hash (next (loader), &o) == hashes[i];
  tap_ok (same, "/loader/who takes their place does not depend on the workers");
  loader_free (loader);
  o.max_unreadable = 1;
  loader = open_loader (o);
  for (int i = 0; i < 20 && loader_next (loader, &b, &error) == ALBEF_OK; i++)
    continue;
  tap_ok (error.status == ALBEF_ERROR_FILE && b == NULL && strstr (error.message, "more than 1 pictures") != NULL,
          "/loader/up to a limit: beyond it the call fails");
  loader_free (loader);
  o.max_unreadable = 0;
  o.workers = 0;
  o.shuffle = false;
  loader = open_loader (o);
  b = next (loader);
  tap_ok (b->rows == 2 && b->samples[1] == 2 && b->text.rows == 2, "/loader/evaluation leaves the row out");
  loader_free (loader);
  dataset_free (set);
  set = make_set ("[{\"image\": \"gone.png\", \"caption\": \"box\"}]", (DatasetOptions){ .format = DATASET_PRETRAIN });
  loader = open_loader ((LoaderOptions){ .dataset = set, .batch = 1, .shuffle = true });
  tap_ok (loader_next (loader, &b, &error) == ALBEF_ERROR_FILE && strstr (error.message, "gone.png") != NULL,
          "/loader/where nothing can be read, it says so");
  tap_ok (loader_next (loader, &b, &error) == ALBEF_ERROR_FILE, "/loader/and again");
  loader_free (loader);
  dataset_free (set);
}

static void
test_tasks (void)
{
  Dataset *set = make_set ("[{\"dataset\": \"vqa\", \"image\": \"1.png\", \"question\": \"is it red? \", \"answer\": "
                           "[\"yes\", \"no\", \"yes\", \"two boxes\"]},"
                           "{\"dataset\": \"vg\", \"image\": \"2.png\", \"question\": \"a\", \"answer\": \"ant\"}]",
                           (DatasetOptions){ .format = DATASET_VQA });
  Loader *loader = open_loader ((LoaderOptions){ .dataset = set, .batch = 2 });
  const HostBatch *b = next (loader);
  const int32_t *a = b->answers.ids;

  tap_ok (b->answers.rows == 4 && b->answers.columns == 4 && b->answer_counts[0] == 3 && b->answer_counts[1] == 1,
          "/loader/vqa: four answers of two questions");
  tap_ok (a[0] == 1 && a[1] == vocab_find (vocab, "yes", 3) && a[2] == 2 && a[3] == 0 && a[11] == 2,
          "/loader/vqa: [CLS] answer [SEP]");
  tap_ok (b->answer_weights[0] == 0.5f && b->answer_weights[1] == 0.25f && b->answer_weights[3] == 0.5f,
          "/loader/vqa: weights");
  tap_ok (b->answer_question[2] == 0 && b->answer_question[3] == 1, "/loader/vqa: whose answer");
  tap_ok (b->draws[0] != b->draws[1] && b->draws[0] >= 0 && b->draws[7] < 1 && b->draws[7] != b->draws[0],
          "/loader/numbers for what a step draws");
  loader_free (loader);
  dataset_free (set);
  set = make_set ("[{\"images\": [\"1.png\", \"5.png\"], \"sentence\": \"ant\", \"label\": \"True\"}, {\"images\": "
                  "[\"2.png\", \"6.png\"], \"sentence\": \"box\", \"label\": \"False\"}, {\"images\": [\"3.png\", "
                  "\"7.png\"], \"sentence\": \"box\", \"label\": \"False\"}]",
                  (DatasetOptions){ .format = DATASET_NLVR });
  {
    float mean[3] = { 0, 0, 0 }, std[3] = { 1, 1, 1 };
    size_t picture = 3 * SIDE * SIDE;

    loader = open_loader ((LoaderOptions){ .dataset = set, .batch = 2, .resolution = SIDE, .mean = mean, .std = std });
    b = next (loader);
    tap_ok (b->n_images == 2 && b->labels[0] == 1 && b->labels[1] == 0 && fabsf (b->pixels[0] * 255 - 20) < 1e-3f
                && fabsf (b->pixels[picture] * 255 - 40) < 1e-3f && fabsf (b->pixels[2 * picture] * 255 - 100) < 1e-3f
                && fabsf (b->pixels[3 * picture] * 255 - 120) < 1e-3f,
            "/loader/nlvr: all first pictures, then all second ones");
    b = next (loader);
    tap_ok (b->rows == 1 && fabsf (b->pixels[picture] * 255 - 140) < 1e-3f,
            "/loader/nlvr: without a gap in a batch that is not full");
  }
  loader_free (loader);
  dataset_free (set);
}

static void
test_manifest (void)
{
  Dataset *set = make_set (
      "{\"alidade-manifest\": 1}\n"
      "{\"image\": \"1.png\", \"text\": \"an owl\", \"caption\": \"two boxes and an owl\", \"start\": 14, \"end\": 20, "
      "\"regions\": [{\"kind\": \"box\", \"box\": [12, 0, 24, 24]}], \"verdict\": \"accepted\"}\n"
      "{\"image\": \"1.png\", \"text\": \"red kite\", \"verdict\": \"absent\"}\n{\"image\": \"2.png\", \"text\": "
      "\"ant\", \"verdict\": \"absent\"}\n",
      (DatasetOptions){ .format = DATASET_MANIFEST, .whole_caption = true });
  Loader *loader = open_loader ((LoaderOptions){ .dataset = set, .batch = 2, .region_size = 4, .foils = true });
  const HostBatch *b = next (loader);
  const float wanted[6] = { 0, 0, 0, 0, 1, 1 };

  tap_ok (b->text.columns == 6 && memcmp (b->phrase, wanted, sizeof wanted) == 0,
          "/loader/manifest: the phrase is marked in its caption");
  tap_ok (b->has_region[0] == 1 && b->regions[1] == 0 && b->regions[2] == 1 && b->has_region[1] == 0,
          "/loader/manifest: its region");
  tap_ok (b->has_foil[0] == 1 && b->foils.ids[1] == vocab_find (vocab, "red", 3) && b->has_foil[1] == 1,
          "/loader/manifest: an absent phrase is a foil of its picture");
  tap_ok (b->pair[0] == 1 && b->pair[1] == 0 && b->text.mask[6] == 1 && b->text.mask[7] == 0,
          "/loader/manifest: a picture with nothing but foils is no pair");
  loader_free (loader);
  dataset_free (set);
}

/* AMC's code teaches one box at a time. */
static void
test_one_region (void)
{
  Dataset *set
      = make_set ("[{\"image\": \"1.png\", \"caption\": \"ant\", \"bbox\": [[0, 0, 12, 24], [12, 0, 24, 24]]}]",
                  (DatasetOptions){ .format = DATASET_PRETRAIN });
  int lefts = 0, rights = 0;

  for (int one = 0; one < 2; one++)
    {
      Loader *loader = open_loader (
          (LoaderOptions){ .dataset = set, .batch = 1, .shuffle = true, .region_size = 2, .one_region = one });

      for (int i = 0; i < 20; i++)
        {
          const HostBatch *b = next (loader);

          lefts += b->regions[0] == 1;
          rights += b->regions[1] == 1;
        }
      if (!one)
        tap_ok (lefts == 20 && rights == 20, "/loader/all boxes of a phrase");
      else
        tap_ok (lefts + rights == 60 && lefts > 23 && rights > 23, "/loader/or one of them at a time");
      loader_free (loader);
    }
  dataset_free (set);
}

static void
test_view (void)
{
  Dataset *set = make_pairs ();
  LoaderOptions o = {
    .dataset = set, .batch = 3, .shuffle = true, .resolution = 16, .region_size = 16, .mlm = { .probability = 0.15 }
  };
  Loader *loader = open_loader (o);
  const HostBatch *b = next (loader);
  Batch view = batch_view (b, &o);

  tap_ok (view.batch == 3 && view.tokens == b->text.columns && view.images == b->pixels && view.ids == b->text.ids
              && view.mask == b->text.mask && view.identities == b->idx && view.masked_ids == b->masked_ids
              && view.draw_image == b->draws && view.draw_text == b->draws + 3 && view.region_masks == b->regions
              && view.answers == 0 && view.answer_ids == NULL,
          "/loader/a step's view of a batch");
  o.region_size = 8;
  tap_ok (batch_view (b, &o).region_masks == NULL, "/loader/masks of another size than the picture are not handed on");
  loader_free (loader);
  dataset_free (set);
}

/* ---------------------------------------------------------------------------------------------------
 * Masking
 */

static void
test_masking (void)
{
  int32_t ids[40], masked[40], labels[40];
  bool nouns[40], kept = true, one = true;
  double hidden = 0, mask = 0, same = 0, other = 0, noun_hidden = 0, n_nouns = 0, n = 0;
  MlmRule rule = { .probability = 0.15 },
          rare = { .probability = 0.01, .noun_probability = 0.4, .at_least_one_noun = true };

  for (int t = 0; t < 40; t++)
    {
      ids[t] = t == 0 ? 1 : t >= 34 ? 0 : t == 33 ? 2 : 6 + t % 20;
      nouns[t] = t % 3 == 1 && t < 33;
    }
  for (int s = 0; s < 4000; s++)
    {
      mlm_mask (&rule, vocab, 1, (uint64_t) s, ids, NULL, 40, masked, labels);
      for (int t = 0; t < 40; t++)
        {
          if (t == 0 || t >= 34)
            kept = kept && masked[t] == ids[t] && labels[t] == MLM_IGNORE;
          else
            {
              n++;
              if (labels[t] == MLM_IGNORE)
                kept = kept && masked[t] == ids[t];
              else
                {
                  kept = kept && labels[t] == ids[t];
                  hidden++;
                  mask += masked[t] == 3;
                  same += masked[t] == ids[t];
                  other += masked[t] != 3 && masked[t] != ids[t];
                }
            }
        }
      mlm_mask (&rare, vocab, 2, (uint64_t) s, ids, nouns, s % 2 ? 5 : 40, masked, labels);
      {
        int some = 0;

        for (int t = 0; t < (s % 2 ? 5 : 40); t++)
          if (nouns[t])
            {
              some += labels[t] != MLM_IGNORE;
              n_nouns += s % 2 == 0;
              noun_hidden += s % 2 == 0 && labels[t] != MLM_IGNORE;
            }
        one = one && some > 0;
      }
    }
  tap_ok (kept, "/mlm/[CLS] and [PAD] are never hidden, labels are the hidden ids");
  tap_near (hidden / n, 0.15, 0.004, "/mlm/15 % are hidden");
  /* A random word is [MASK] or itself once in 27 each. */
  tap_near (mask / hidden, 0.8 + 0.1 / 27, 0.01, "/mlm/80 % of them by [MASK]");
  tap_near (other / hidden, 0.1 * 25 / 27, 0.01, "/mlm/10 % by another word");
  tap_near (same / hidden, 0.1 + 0.1 / 27, 0.01, "/mlm/10 % stay");
  tap_near (noun_hidden / n_nouns, 0.4, 0.02, "/mlm/40 % of the nouns");
  tap_ok (one, "/mlm/at least one noun");
  {
    int32_t shorter[40], more[40];

    mlm_mask (&rule, vocab, 7, 7, ids, NULL, 40, masked, labels);
    mlm_mask (&rule, vocab, 7, 7, ids, NULL, 20, shorter, more);
    tap_ok (memcmp (masked, shorter, 20 * sizeof *masked) == 0, "/mlm/the row's length changes nothing");
  }
}

/* ---------------------------------------------------------------------------------------------------
 * Scenes
 */

static void
test_scenes (void)
{
  SceneOptions so = { .size = 64 };
  SceneSource *scenes;
  AlbefError error = ALBEF_ERROR_INIT;
  char path[256];
  FILE *file;
  LoaderOptions o = { .scenes_per_epoch = 12,
                      .scene_seed = 3,
                      .batch = 4,
                      .shuffle = true,
                      .drop_last = true,
                      .resolution = 64,
                      .foils = true,
                      .patch_grid = 4,
                      .mlm = { .probability = 0.12, .noun_probability = 0.4, .at_least_one_noun = true } };
  static const char *const names[] = { "ant", "kite", "box", "owl" };
  uint64_t hashes[6];
  bool same = true, nouns = true, cells = true, labels = true, masked = true;
  Loader *loader;

  snprintf (path, sizeof path, "%s/flat", folder);
  mkdir (path, 0700);
  snprintf (path, sizeof path, "%s/nouns.tsv", folder);
  file = fopen (path, "w");
  if (file == NULL || fputs ("noun\tplural\tcategory\tsubcategory\tcolour\tcodepoint\tstyles\n", file) < 0)
    abort ();
  for (int i = 0; i < 4; i++)
    {
      uint8_t rgba[16 * 16 * 4];

      memset (rgba, 60 * i + 50, sizeof rgba);
      for (int p = 0; p < 256; p++)
        rgba[4 * p + 3] = 255;
      fprintf (file, "%s\t\t\t\t\t\tflat\n", names[i]);
      snprintf (path, sizeof path, "%s/flat/%s.png", folder, names[i]);
      if (albef_png_write (path, rgba, 16, 16, 4, NULL, 0, NULL) != ALBEF_OK)
        abort ();
    }
  if (fclose (file) != 0 || scene_source_open (folder, &so, &scenes, &error) != ALBEF_OK)
    {
      tap_note ("%s", error.message);
      abort ();
    }
  o.scenes = scenes;
  loader = open_loader (o);
  for (int i = 0; i < 6; i++)
    {
      const HostBatch *b = next (loader);

      hashes[i] = batch_hash (b, &o);
      for (int r = 0; r < 4; r++)
        {
          Scene scene = { 0 };
          int wanted[16], n = 0, hidden = 0;

          scene_compose (scenes, 3, (uint64_t) b->samples[r], &scene);
          scene_patch_labels (&scene, 4, wanted);
          same = same && strcmp (scene.caption, b->texts[r]) == 0 && b->samples[r] == i * 4 + r;
          nouns = nouns && memcmp (&b->image_nouns[r], &scene.nouns, sizeof scene.nouns) == 0
                  && memcmp (&b->caption_nouns[r], &scene.caption_nouns, sizeof scene.nouns) == 0;
          labels = labels && memcmp (wanted, b->patch_labels + r * 16, sizeof wanted) == 0;
          for (int k = 0; k < b->n_noun_tokens; k++)
            if (b->noun_tokens[k].row == r)
              {
                size_t at = (size_t) (r * b->text.columns + b->noun_tokens[k].token);
                bool found = false;

                n++;
                hidden += b->mlm_labels[at] != MLM_IGNORE;
                for (int p = 0; p < scene.n_phrases; p++)
                  if (b->spans[at][0] >= scene.phrases[p].noun_start && b->spans[at][1] <= scene.phrases[p].noun_end)
                    {
                      found = true;
                      for (int c = 0; c < 16; c++)
                        {
                          double x = (c % 4 + 0.5) * 16, y = (c / 4 + 0.5) * 16;
                          bool inside = false;

                          for (int q = 0; q < scene.phrases[p].n_boxes; q++)
                            {
                              const int *box = scene.phrases[p].boxes[q];

                              inside = inside || (x >= box[0] && x < box[2] && y >= box[1] && y < box[3]);
                            }
                          cells = cells && (b->noun_cells[k * 16 + c] == 1) == inside;
                        }
                    }
                cells = cells && found;
              }
          nouns = nouns && n >= scene.n_phrases && b->has_foil[r] == 1;
          masked = masked && hidden > 0;
        }
    }
  tap_ok (same, "/loader/scenes: one after the other, epoch after epoch");
  tap_ok (nouns, "/loader/scenes: noun sets, noun tokens, foils");
  tap_ok (cells, "/loader/scenes: a noun token's patches are those of its boxes");
  tap_ok (labels, "/loader/scenes: patch labels");
  tap_ok (masked, "/loader/scenes: at least one noun is hidden");
  loader_free (loader);
  o.workers = 2;
  loader = open_loader (o);
  same = true;
  for (int i = 0; i < 6; i++)
    same = same && batch_hash (next (loader), &o) == hashes[i];
  tap_ok (same, "/loader/scenes: two workers make the same batches");
  loader_free (loader);
  o.augment = augment_finetune;
  o.vocab = vocab;
  tap_ok (loader_open (&o, &loader, &error) == ALBEF_ERROR_ARGUMENT && loader == NULL,
          "/loader/scenes are never cropped or flipped");
  scene_source_free (scenes);
}

static void
test_options (void)
{
  Dataset *set = make_pairs (), *none = make_set ("[]", (DatasetOptions){ .format = DATASET_PRETRAIN });
  LoaderOptions bad[] = {
    { .dataset = set, .vocab = vocab, .batch = 12, .resolution = 8, .drop_last = true },
    { .dataset = none, .vocab = vocab, .batch = 1, .resolution = 8 },
    { .vocab = vocab, .batch = 1, .resolution = 8 },
    { .dataset = set, .batch = 1, .resolution = 8 },
    { .dataset = set, .vocab = vocab, .batch = 0, .resolution = 8 },
    { .dataset = set, .vocab = vocab, .batch = 1, .resolution = 8, .workers = -1 },
    { .dataset = set, .vocab = vocab, .batch = 1, .resolution = 8, .augment = { .crop_min = 0.5, .crop_max = 2 } }
  };
  bool refused = true;

  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    {
      AlbefError error = ALBEF_ERROR_INIT;
      Loader *loader;

      refused
          = refused && loader_open (&bad[i], &loader, &error) != ALBEF_OK && loader == NULL && error.message[0] != 0;
    }
  tap_ok (refused, "/loader/options that cannot be are refused with a message");
  dataset_free (set);
  dataset_free (none);
}

int
main (void)
{
  char *command = NULL;

  make_folder ();
  test_order ();
  test_texts ();
  test_pictures ();
  test_never_flipped ();
  test_unreadable ();
  test_tasks ();
  test_manifest ();
  test_one_region ();
  test_view ();
  test_masking ();
  test_scenes ();
  test_options ();
  vocab_free (vocab);
  if (asprintf (&command, "rm -r '%s'", folder) < 0 || system (command) != 0)
    tap_note ("%s is left behind", folder);
  free (command);
  return tap_done ();
}
