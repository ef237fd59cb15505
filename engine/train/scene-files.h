/* SPDX-License-Identifier: MIT
 * scene-files.h: composed scenes as a folder of pictures, lists and a manifest. */
#pragma once

#include "scene.h"

typedef struct
{
  int64_t n;          /* scenes for training */
  int64_t n_held_out; /* further ones, in the lists for testing */
  uint64_t seed;
  const char *group;  /* in scenes.json; NULL: "scenes" */
  bool png;           /* else JPEG, quality 95. Entailment's lists need JPEG: their pictures have no ending */
  bool vqa, ve, nlvr; /* which tasks get lists; NLVR2 has pictures of its own */
} SceneFilesOptions;

/* Makes FOLDER (it may exist, but without a scenes.json) with
 *   images/ and, for NLVR2, pairs/
 *   scenes.json, scenes_heldout.json     what is where: [{image, group, width, height, caption, foil, foil_kind,
 *                                        phrases [{start, end, text, noun_start, noun_end, boxes}]}]
 *   manifest.jsonl                       captions and phrases with regions
 *   pretrain.json, retrieval_train.json, retrieval_test.json, grounding_train.json, vqa_train.json, vqa_test.json,
 *   answer_list.json, ve_train.json, ve_test.json, nlvr_train.json, nlvr_test.json
 *                                        the official formats, paths relative to FOLDER
 *   vocab.txt, nouns.txt                 every word of all texts; the nouns
 * Lists of which nothing is asked are not written. Each file is whole or not there. */
AlbefStatus scenes_write (const SceneSource *source, const char *folder, const SceneFilesOptions *options,
                          AlbefProgress progress, void *progress_data, AlbefError *error);
