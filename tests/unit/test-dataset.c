/* SPDX-License-Identifier: MIT
 * The official JSON lists and our manifest, record by record; each bad input is named by file and record. */
#include "dataset.h"

#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

static Dataset *
open_text (const char *text, DatasetOptions options)
{
  AlbefError error = ALBEF_ERROR_INIT;
  Dataset *dataset = NULL;

  if (dataset_from_bytes (text, strlen (text), "set.json", &options, &dataset, &error) != ALBEF_OK)
    tap_note ("%s", error.message);
  return dataset;
}

/* Refused, and the message holds `part`. */
static void
refused (const char *text, DatasetOptions options, const char *part, const char *name)
{
  AlbefError error = ALBEF_ERROR_INIT;
  Dataset *dataset = NULL;
  AlbefStatus status = dataset_from_bytes (text, strlen (text), "set.json", &options, &dataset, &error);
  bool told = status != ALBEF_OK && dataset == NULL && strstr (error.message, part) != NULL
              && strstr (error.message, "set.json") != NULL;

  tap_ok (told, "/dataset/refused: %s", name);
  if (!told)
    tap_note ("%s", error.message);
  dataset_free (dataset);
}

/* ---------------------------------------------------------------------------------------------------
 * Official lists
 */

static void
test_pretrain (void)
{
  Dataset *d = open_text ("[{\"image\": \"/a/1.jpg\", \"caption\": \"a dog\"}, {\"image\": \"2.jpg\", \"caption\": "
                          "[\"x\", \"y \\u00e9\"], \"more\": 1},\n"
                          "{\"image\": \"2.jpg\", \"caption\": \"kite\", \"bbox\": [[1, 2, 30.5, 40], [5, 5, 5, 9]]}, "
                          "{\"image\": \"2.jpg\", \"caption\": \"dog\", \"bbox\": [1, 2, 3, 4]}]",
                          (DatasetOptions){ .format = DATASET_PRETRAIN, .image_root = "root" });
  const Sample *s = dataset_sample (d, 0);

  tap_ok (dataset_n_samples (d) == 4 && strcmp (s[0].images[0], "/a/1.jpg") == 0
              && strcmp (s[1].images[0], "root/2.jpg") == 0,
          "/dataset/pretrain: pictures");
  tap_ok (s[0].n_texts == 1 && s[1].n_texts == 2 && strcmp (s[1].texts[1], "y \xc3\xa9") == 0,
          "/dataset/pretrain: one caption or several");
  tap_ok (s[0].id != s[1].id && s[2].id == s[3].id && s[2].id != s[1].id,
          "/dataset/pretrain: every pair is its own; phrases of a picture are one");
  tap_ok (s[2].n_regions == 1 && s[2].regions[0].box[2] == 30.5 && s[3].n_regions == 1 && s[3].regions[0].box[3] == 4,
          "/dataset/pretrain: boxes, without the empty one");
  tap_ok (s[0].weight == 1 && s[0].pair && s[0].label == -1 && s[2].record == 3,
          "/dataset/pretrain: the rest as usual");
  dataset_free (d);
}

static void
test_retrieval (void)
{
  DatasetOptions train = { .format = DATASET_RETRIEVAL }, eval = { .format = DATASET_RETRIEVAL, .evaluation = true };
  Dataset *d = open_text ("[{\"image\": \"a\", \"caption\": \"x\", \"image_id\": \"coco_7\"}, {\"image\": \"a\", "
                          "\"caption\": \"y\", \"image_id\": \"coco_7\"},"
                          "{\"image\": \"b\", \"caption\": \"z\", \"image_id\": 7}, {\"image\": \"b\", \"caption\": "
                          "\"z\", \"image_id\": 7.0}]",
                          train);
  const Sample *s = dataset_sample (d, 0);

  tap_ok (s[0].id == 0 && s[1].id == 0 && s[2].id == 1 && s[3].id == 1 && dataset_n_ids (d) == 2,
          "/dataset/retrieval: equal image ids, numbers as Python compares them");
  dataset_free (d);
  d = open_text ("[{\"image\": \"a\", \"caption\": [\"x\", \"y\"]}, {\"image\": \"b\", \"caption\": [\"z\"]}]", eval);
  tap_ok (dataset_n_samples (d) == 2 && dataset_sample (d, 0)->n_texts == 2 && dataset_sample (d, 1)->id == 1,
          "/dataset/retrieval: evaluation's lists");
  dataset_free (d);
  refused ("[{\"image\": \"a\", \"caption\": \"x\"}]", train, "record 1: 'image_id'", "retrieval without an image id");
  refused ("[{\"image\": \"a\", \"caption\": [\"x\"], \"image_id\": 1}]", train, "evaluation",
           "a list of captions in training");
}

static void
test_grounding (void)
{
  DatasetOptions train = { .format = DATASET_GROUNDING }, eval = { .format = DATASET_GROUNDING, .evaluation = true };
  Dataset *d = open_text ("[{\"image\": \"x/1.jpg\", \"text\": \"left man\"}, {\"image\": \"y/1.jpg\", \"text\": "
                          "\"dog\"}, {\"image\": \"2.jpg\", \"text\": \"dog\"}]",
                          train);

  tap_ok (dataset_sample (d, 0)->id == dataset_sample (d, 1)->id && dataset_sample (d, 2)->id == 1,
          "/dataset/grounding: one id a picture's name");
  dataset_free (d);
  d = open_text ("[{\"image\": \"1.jpg\", \"text\": \"dog\", \"ref_id\": 4711}]", eval);
  tap_ok (dataset_sample (d, 0)->number == 4711, "/dataset/grounding: ref_id");
  dataset_free (d);
  refused ("[{\"image\": \"1.jpg\", \"text\": \"dog\"}]", eval, "record 1: 'ref_id' is missing",
           "grounding's evaluation without ref_id");
}

static void
test_vqa (void)
{
  DatasetOptions train = { .format = DATASET_VQA, .image_root = "vqa", .vg_root = "vg" },
                 eval = { .format = DATASET_VQA, .evaluation = true };
  Dataset *d
      = open_text ("[{\"dataset\": \"vqa\", \"image\": \"1.jpg\", \"question\": \"how many?\", \"answer\": [\"2\", "
                   "\"two\", \"2\", \"2\"]},"
                   "{\"dataset\": \"vg\", \"image\": \"2.jpg\", \"question\": \"what?\", \"answer\": \"a dog\"}]",
                   train);
  const Sample *s = dataset_sample (d, 0);

  tap_ok (s[0].n_answers == 2 && strcmp (s[0].answers[0], "2") == 0 && s[0].answer_weights[0] == 0.75f
              && s[0].answer_weights[1] == 0.25f,
          "/dataset/vqa: answers with their shares");
  tap_ok (s[1].n_answers == 1 && s[1].answer_weights[0] == 0.5f && strcmp (s[1].images[0], "vg/2.jpg") == 0
              && strcmp (s[0].images[0], "vqa/1.jpg") == 0,
          "/dataset/vqa: Visual Genome's have 0.5 and their own folder");
  dataset_free (d);
  d = open_text ("[{\"dataset\": \"vqa\", \"image\": \"1.jpg\", \"question\": \"how many?\", \"question_id\": 12}]",
                 eval);
  tap_ok (dataset_sample (d, 0)->number == 12 && dataset_sample (d, 0)->n_answers == 0, "/dataset/vqa: the test set");
  dataset_free (d);
  refused ("[{\"dataset\": \"coco\", \"image\": \"1\", \"question\": \"\", \"answer\": []}]", train,
           "neither vqa nor vg", "an unknown source");
  refused ("[{\"dataset\": \"vqa\", \"image\": \"1\", \"question\": \"q\", \"answer\": []}]", train, "record 1",
           "no answer");
}

static void
test_pairs (void)
{
  DatasetOptions ve = { .format = DATASET_VE, .image_root = "f" }, nlvr = { .format = DATASET_NLVR };
  Dataset *d = open_text ("[{\"image\": \"12\", \"sentence\": \"x\", \"label\": \"entailment\"}, {\"image\": \"12\", "
                          "\"sentence\": \"x\", \"label\": \"contradiction\"}]",
                          ve);

  tap_ok (dataset_sample (d, 0)->label == 2 && dataset_sample (d, 1)->label == 0
              && strcmp (dataset_sample (d, 0)->images[0], "f/12.jpg") == 0,
          "/dataset/ve: labels, and .jpg is added");
  dataset_free (d);
  d = open_text ("[{\"images\": [\"a\", \"b\"], \"sentence\": \"x\", \"label\": \"True\"}, {\"images\": [\"a\", "
                 "\"b\"], \"sentence\": \"x\", \"label\": \"False\"}]",
                 nlvr);
  tap_ok (dataset_sample (d, 0)->n_images == 2 && dataset_sample (d, 0)->label == 1 && dataset_sample (d, 1)->label == 0
              && strcmp (dataset_sample (d, 1)->images[1], "b") == 0,
          "/dataset/nlvr: two pictures and a truth");
  dataset_free (d);
  refused ("[{\"image\": \"1\", \"sentence\": \"x\", \"label\": \"maybe\"}]", ve, "the label 'maybe'",
           "an unknown label");
  refused ("[{\"images\": [\"a\"], \"sentence\": \"x\", \"label\": \"True\"}]", nlvr, "list of two",
           "one picture of two");
}

static void
test_broken_lists (void)
{
  DatasetOptions o = { .format = DATASET_PRETRAIN };
  Dataset *d = open_text ("  [ ]  ", o);

  tap_ok (d != NULL && dataset_n_samples (d) == 0, "/dataset/an empty list is an empty set");
  dataset_free (d);
  refused ("{}", o, "no JSON list", "an object");
  refused ("", o, "no JSON list", "nothing");
  refused ("[{\"image\": \"a\", \"caption\": \"x\"}, {\"image\": \"b\"}]", o, "record 2: 'caption' is missing",
           "a missing field, with its record");
  refused ("[{\"image\": \"a\", \"caption\": 7}]", o, "'caption' is no text", "a field of another kind");
  refused ("[{\"image\": \"\", \"caption\": \"x\"}]", o, "'image' is empty", "an empty path");
  refused ("[{\"image\": \"a\", \"caption\": []}]", o, "empty", "no caption at all");
  refused ("[{\"image\": \"a\", \"caption\": \"x\"}", o, "ends within its list, after record 1", "a list cut off");
  refused ("[{\"image\": \"a\", \"caption\": \"x\"},]", o, "comma", "a comma too many");
  refused ("[{\"image\": \"a\", \"caption\": \"x\"} {}]", o, "comma", "a comma too few");
  refused ("[{\"image\": \"a\", \"caption\": \"x\"}] 5", o, "follows the list", "something behind the list");
  refused ("[[1]]", o, "record 1: not a JSON object", "a list as a record");
  refused ("[{\"image\": \"a\", \"caption\": \"x\", \"bbox\": [[1, 2, 3]]}]", o, "box 1", "a box of three numbers");
  refused ("[{\"image\": \"a\", \"caption\": \"\xff\"}]", o, "record 1", "bytes that are no UTF-8");
}

static void
test_several_files (void)
{
  static const char *const texts[]
      = { "[{\"image\": \"a\", \"caption\": \"x\", \"image_id\": 1}]",
          "[{\"image\": \"b\", \"caption\": \"y\", \"image_id\": 1}, {\"image\": \"b\", \"caption\": \"y\"}]" };
  char folder[] = "/tmp/albef-set-XXXXXX", path[2][64];
  const char *paths[2] = { path[0], path[1] };
  DatasetOptions o = { .format = DATASET_RETRIEVAL };
  AlbefError error = ALBEF_ERROR_INIT;
  Dataset *d, *again;

  if (mkdtemp (folder) == NULL)
    abort ();
  for (int i = 0; i < 2; i++)
    {
      FILE *file;

      snprintf (path[i], sizeof path[i], "%s/%d.json", folder, i);
      file = fopen (path[i], "w");
      if (file == NULL || fputs (texts[i], file) < 0 || fclose (file) != 0)
        abort ();
    }
  tap_ok (dataset_open (paths, 2, &o, &d, &error) == ALBEF_ERROR_FORMAT && strstr (error.message, path[1]) != NULL
              && strstr (error.message, "record 2") != NULL,
          "/dataset/several files: the bad record's file is named");
  paths[1] = paths[0];
  tap_ok (dataset_open (paths, 2, &o, &d, &error) == ALBEF_OK && dataset_n_samples (d) == 2
              && dataset_sample (d, 1)->file == 1 && dataset_sample (d, 1)->id == 0,
          "/dataset/several files make one set with one count of ids");
  tap_ok (dataset_open (paths, 1, &o, &again, &error) == ALBEF_OK && dataset_hash (d) != dataset_hash (again),
          "/dataset/its hash tells sets apart");
  dataset_free (d);
  dataset_free (again);
  for (int i = 0; i < 2; i++)
    unlink (path[i]);
  rmdir (folder);
  tap_ok (dataset_open (paths, 1, &o, &d, &error) == ALBEF_ERROR_FILE && d == NULL, "/dataset/a missing file");
}

/* ---------------------------------------------------------------------------------------------------
 * The manifest
 */

#define HEAD "{\"alidade-manifest\": 1, \"set\": \"s\", \"hash\": null}\n"
#define BOX "{\"kind\": \"box\", \"box\": [1, 2, 30, 40], \"origin\": \"person\", \"score\": null}"

static void
test_manifest (void)
{
  static const char text[] = HEAD
      "{\"image\": \"i 1.jpg\", \"image_id\": 1, \"text\": \"red kite\", \"caption\": \"a red kite over "
      "\xe5\xb7\xa6\xe3\x81\xae\xe7\x8a\xac\", \"start\": 2, \"end\": 10, \"regions\": [" BOX
      ", {\"label\": false, \"kind\": \"box\", \"box\": [0, 0, 5, 5]}], \"verdict\": \"corrected\", \"split\": "
      "\"train\", \"weight\": 2.5}\n"
      "\n"
      "{\"image\": \"i 1.jpg\", \"image_id\": 1, \"text\": \"\xe7\x8a\xac\", \"caption\": \"a red kite over "
      "\xe5\xb7\xa6\xe3\x81\xae\xe7\x8a\xac\", \"start\": 18, \"end\": 19, \"regions\": [" BOX
      "], \"verdict\": \"rejected\"}\n"
      "{\"image\": \"i 1.jpg\", \"image_id\": 1, \"text\": \"two dogs\", \"regions\": [], \"verdict\": \"absent\"}\n"
      "{\"image\": \"i 2.jpg\", \"image_id\": 2, \"text\": \"owl\", \"verdict\": \"unsure\", \"regions\": [" BOX "]}\n"
      "{\"image\": \"i 2.jpg\", \"image_id\": 2, \"text\": \"an ant\", \"split\": \"heldout\"}\n"
      "{\"image\": \"i 3.jpg\", \"image_id\": 3, \"text\": \"a sun and a moon\", \"caption\": \"a sun and a moon\", "
      "\"start\": null, \"end\": null}\n"
      "{\"image\": \"i 3.jpg\", \"image_id\": 3, \"text\": \"a sun\", \"caption\": \"a sun and a moon\", \"start\": 0, "
      "\"end\": 5}\n"
      "{\"image\": \"i 3.jpg\", \"image_id\": 3, \"text\": \"a moon\", \"caption\": \"a sun and a moon\", \"start\": "
      "10, \"end\": 16, \"verdict\": \"absent\"}\n"
      "{\"image\": \"i 4.jpg\", \"text\": \"a pen\", \"verdict\": \"absent\"}\n"
      "{\"image\": \"i 4.jpg\", \"text\": \"a hat\", \"verdict\": \"absent\"}\n"
      "{\"image\": \"i 5.jpg\", \"text\": null}\n"
      "{\"image\": \"i 6.jpg\", \"text\": \"a b\", \"caption\": \"a and b\", \"spans\": [[0, 1], [6, 7]], \"start\": "
      "0, \"end\": 1}\n";
  Dataset *d = open_text (text, (DatasetOptions){ .format = DATASET_MANIFEST, .image_root = "r" });
  const Sample *s = dataset_sample (d, 0);

  tap_ok (dataset_n_samples (d) == 5, "/manifest/five samples of thirteen lines (%lld)",
          (long long) dataset_n_samples (d));
  tap_ok (strcmp (s[0].images[0], "r/i 1.jpg") == 0 && strcmp (s[0].texts[0], "red kite") == 0 && s[0].n_spans == 0
              && s[0].weight == 2.5f && s[0].split == SAMPLE_TRAIN,
          "/manifest/a phrase alone");
  tap_ok (s[0].n_regions == 1 && s[0].regions[0].box[3] == 40, "/manifest/a region that nobody labelled is left out");
  tap_ok (s[1].n_regions == 0 && s[1].pair && s[1].record == 4, "/manifest/rejected: no region, the phrase stays");
  tap_ok (s[0].n_foils == 1 && strcmp (s[0].foils[0], "two dogs") == 0 && s[1].n_foils == 1,
          "/manifest/absent: a foil of its picture's samples");
  tap_ok (strcmp (s[2].texts[0], "a sun") == 0 && s[2].n_foils == 1,
          "/manifest/absent: its caption is no pair any more, its other phrases are");
  tap_ok (strcmp (s[3].texts[0], "a b") == 0, "/manifest/a phrase of two spans");
  tap_ok (!s[4].pair && s[4].n_texts == 0 && s[4].n_foils == 2 && strcmp (s[4].foils[1], "a hat") == 0,
          "/manifest/a picture with absent phrases alone is there for them");
  tap_ok (dataset_n_left_out (d) == 4, "/manifest/left out: unsure, held out, refuted caption, nothing said");
  dataset_free (d);
  d = open_text (text, (DatasetOptions){ .format = DATASET_MANIFEST, .whole_caption = true });
  s = dataset_sample (d, 0);
  tap_ok (strncmp (s[0].texts[0], "a red kite over", 15) == 0 && s[0].n_spans == 1 && s[0].spans[0][0] == 2
              && s[0].spans[0][1] == 10,
          "/manifest/in the caption: the phrase's bytes");
  tap_ok (s[1].spans[0][0] == 22 && s[1].spans[0][1] == 25, "/manifest/in the caption: code points become bytes");
  tap_ok (dataset_n_samples (d) == 5 && !s[3].pair && s[2].n_spans == 2 && s[2].spans[1][0] == 6,
          "/manifest/in the caption: a refuted caption is gone with its phrases");
  dataset_free (d);
  d = open_text (text, (DatasetOptions){ .format = DATASET_MANIFEST, .split = SAMPLE_HELD_OUT });
  tap_ok (dataset_n_samples (d) == 1 && strcmp (dataset_sample (d, 0)->texts[0], "an ant") == 0,
          "/manifest/the held out alone");
  dataset_free (d);
}

static void
test_manifest_regions (void)
{
  /* 3 x 4 pixels, the same mask raw and compressed. */
  Dataset *d = open_text (
      HEAD "{\"image\": \"a\", \"text\": \"t\", \"width\": 3, \"height\": 4, \"regions\": [{\"kind\": \"mask\", "
           "\"box\": [0, 0, 3, 4], \"rle\": {\"size\": [4, 3], \"counts\": [1, 2, 3, 1, 5]}},"
           "{\"kind\": \"mask\", \"box\": [0, 0, 3, 4], \"rle\": {\"size\": [4, 3], \"counts\": \"123O2\"}},"
           "{\"kind\": \"polygon\", \"box\": [0, 0, 9, 9], \"fill\": \"union\", \"polygon\": [[[0, 0], [9, 0], [9, "
           "9]], [[0, 0], [9, 9], [0, 9]]]}]}\n",
      (DatasetOptions){ .format = DATASET_MANIFEST });
  const Region *r = dataset_sample (d, 0)->regions;
  bool same = true;

  for (int x = 0; x < 3; x++)
    for (int y = 0; y < 4; y++)
      {
        int at = x * 4 + y;
        bool wanted = (at >= 1 && at < 3) || at == 6;

        same = same && region_holds (&r[0], x + 0.5, y + 0.5) == wanted
               && region_holds (&r[1], x + 0.5, y + 0.5) == wanted;
      }
  tap_ok (same, "/manifest/masks: column after column, raw and compressed");
  tap_ok (r[2].kind == REGION_POLYGON && r[2].unite && region_holds (&r[2], 2, 6) && region_holds (&r[2], 6, 2)
              && !region_holds (&r[2], 10, 5),
          "/manifest/polygons");
  dataset_free (d);
}

static void
test_broken_manifests (void)
{
  DatasetOptions o = { .format = DATASET_MANIFEST };
  Dataset *d;

  refused ("", o, "empty", "an empty manifest");
  refused ("{\"image\": \"a\"}\n", o, "no manifest", "a file without the first line");
  refused ("{\"alidade-manifest\": 2}\n", o, "version 2", "a manifest of the future");
  refused ("{\"alidade-manifest\": 1, \"hash\": \"00\"}\n{\"image\": \"a\"}\n", o, "changed after it was frozen",
           "a frozen manifest that was changed");
  d = open_text (
      "{\"alidade-manifest\": 1, \"hash\": "
      "\"a62aa46323d752f4ccf149257b647635c53d2d0013d78cc53e3b55a940b664da\"}\n{\"image\": \"a\", \"text\": \"x\"}\n",
      o);
  tap_ok (d != NULL && dataset_n_samples (d) == 1, "/manifest/a frozen one with its hash");
  dataset_free (d);
  refused (HEAD "{\"text\": \"a\"}\n", o, "line 2: 'image' is missing", "a line without a picture");
  refused (HEAD "{\"image\": \"a\", \"text\": \"x\", \"verdict\": \"fine\"}\n", o, "verdict 'fine'",
           "an unknown verdict");
  refused (HEAD "{\"image\": \"a\", \"text\": \"x\", \"split\": \"test\"}\n", o, "split 'test'", "an unknown split");
  refused (HEAD "{\"image\": \"a\", \"text\": \"x\", \"caption\": \"a x\", \"start\": 0, \"end\": 1}\n", o,
           "caption[start:end]", "a span that is not the phrase");
  refused (HEAD "{\"image\": \"a\", \"text\": \"x\", \"caption\": \"a x\", \"start\": 2, \"end\": 9}\n", o, "span",
           "a span outside of the caption");
  refused (HEAD "{\"image\": \"a\", \"text\": \"x\", \"caption\": \"a x\"}\n", o, "missing",
           "a part of a caption without its place");
  refused (HEAD "{\"image\": \"a\", \"text\": \"x\", \"weight\": -1}\n", o, "weight", "a negative weight");
  refused (HEAD "{\"image\": \"a\", \"text\": \"x\", \"regions\": [{\"kind\": \"circle\", \"box\": [0, 0, 1, 1]}]}\n",
           o, "circle", "a region of an unknown kind");
  refused (HEAD "{\"image\": \"a\", \"text\": \"x\", \"regions\": [{\"kind\": \"box\"}]}\n", o, "four numbers",
           "a region without a box");
  refused (HEAD "{\"image\": \"a\", \"text\": \"x\", \"regions\": [{\"kind\": \"mask\", \"box\": [0, 0, 1, 1], "
                "\"rle\": {\"size\": [2, 2], \"counts\": [3, 4]}}]}\n",
           o, "more than its 2 x 2", "a mask that runs over");
  refused (HEAD "{\"image\": \"a\", \"text\": \"x\", \"regions\": [{\"kind\": \"mask\", \"box\": [0, 0, 1, 1], "
                "\"rle\": {\"size\": [2, 2], \"counts\": \"!\"}}]}\n",
           o, "cannot be read", "a mask in other letters");
  refused (HEAD "{\"image\": \"a\", \"text\": \"x\", \"width\": 5, \"height\": 2, \"regions\": [{\"kind\": \"mask\", "
                "\"box\": [0, 0, 1, 1], \"rle\": {\"size\": [2, 2], \"counts\": [4]}}]}\n",
           o, "another size", "a mask of another picture's size");
  refused (HEAD "{\"image\": \"a\", \"text\": \"x\", \"regions\": [{\"kind\": \"polygon\", \"box\": [0, 0, 1, 1], "
                "\"polygon\": [[[0, 0], [1]]]}]}\n",
           o, "polygon", "a polygon of half points");
  refused (HEAD "{\"image\": \"a\", \"text\": \"x\"} {}\n", o, "line 2", "two records on a line");
}

static void
test_text_list (void)
{
  char path[] = "/tmp/albef-answers-XXXXXX";
  int file = mkstemp (path), n;
  AlbefError error = ALBEF_ERROR_INIT;
  char **texts;

  if (file < 0 || write (file, "[\"yes\", \"no\"]", 13) != 13)
    abort ();
  tap_ok (text_list_open (path, &texts, &n, &error) == ALBEF_OK && n == 2 && strcmp (texts[1], "no") == 0,
          "/dataset/a list of answers");
  text_list_free (texts, n);
  if (ftruncate (file, 0) != 0 || pwrite (file, "[1]", 3, 0) != 3)
    abort ();
  tap_ok (text_list_open (path, &texts, &n, &error) == ALBEF_ERROR_FORMAT && texts == NULL,
          "/dataset/a list of something else");
  close (file);
  unlink (path);
  tap_ok (text_list_open (path, &texts, &n, &error) == ALBEF_ERROR_FILE, "/dataset/no list");
}

int
main (void)
{
  test_pretrain ();
  test_retrieval ();
  test_grounding ();
  test_vqa ();
  test_pairs ();
  test_broken_lists ();
  test_several_files ();
  test_manifest ();
  test_manifest_regions ();
  test_broken_manifests ();
  test_text_list ();
  return tap_done ();
}
