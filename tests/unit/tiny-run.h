/* SPDX-License-Identifier: MIT
 * tiny-run.h: what a whole training run needs, tiny: a folder of pictograms, a model's sizes, lists of every task. */
#pragma once

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "scene-files.h"
#include "tap.h"
#include "train-session.h"

static char folder[64];

static const char model_json[] =
    "{\"image_res\": 32, \"patch_size\": 8, \"vision_width\": 16, \"vision_depth\": 1, \"vision_heads\": 2, \"embed_dim\": 8,"
    " \"queue_size\": 20, \"grounding_layer\": 1, \"bert_config\": {\"hidden_size\": 16, \"intermediate_size\": 24,"
    " \"num_attention_heads\": 2, \"num_hidden_layers\": 3, \"fusion_layer\": 1, \"encoder_width\": 16,"
    " \"max_position_embeddings\": 48, \"vocab_size\": 100}}";

static inline void
write_file (const char *name, const char *text)
{
  char *path = mem_printf ("%s/%s", folder, name);
  FILE *file = fopen (path, "w");

  if (file == NULL || fputs (text, file) < 0 || fclose (file) != 0)
    abort ();
  free (path);
}

/* Ten nouns, each a square of its own colour. */
static inline void
make_pictograms (void)
{
  static const char *const nouns[] = { "kite", "ant", "box", "cheese", "owl", "drum", "pen", "hat", "tree", "boat" };
  char *path = mem_printf ("%s/sprites", folder), *style = mem_printf ("%s/sprites/flat", folder), *table;

  if (mkdir (path, 0700) != 0 || mkdir (style, 0700) != 0)
    abort ();
  table = mem_strdup ("noun\tplural\tcategory\tsubcategory\tcolour\tcodepoint\tstyles\n");
  for (int i = 0; i < 10; i++)
    {
      uint8_t rgba[24 * 24 * 4];
      char *file = mem_printf ("%s/%s.png", style, nouns[i]);
      char *more = mem_printf ("%s%s\t\t\t\t\t\tflat\n", table, nouns[i]);

      for (int p = 0; p < 24 * 24; p++)
        {
          rgba[4 * p] = (uint8_t) (25 * i);
          rgba[4 * p + 1] = (uint8_t) (i % 2 * 200);
          rgba[4 * p + 2] = (uint8_t) (250 - 20 * i);
          rgba[4 * p + 3] = 255;
        }
      if (albef_png_write (file, rgba, 24, 24, 4, NULL, 0, NULL) != ALBEF_OK)
        abort ();
      free (file);
      free (table);
      table = more;
    }
  write_file ("sprites/nouns.tsv", table);
  write_file ("model.json", model_json);
  free (table);
  free (style);
  free (path);
}

static inline void
set (TrainConfig *config, const char *lines)
{
  AlbefError error = ALBEF_ERROR_INIT;
  char *text = mem_strdup (lines), *at;

  /* "@" is the folder of this test. */
  while ((at = strchr (text, '@')) != NULL)
    {
      char *longer = mem_printf ("%.*s%s%s", (int) (at - text), text, folder, at + 1);

      free (text);
      text = longer;
    }
  if (train_config_read (config, text, "test", &error) != ALBEF_OK)
    tap_ok (false, "/settings/%s", error.message);
  free (text);
}

/* FOLDER/lists: `n` composed scenes of `size` pixels, `held_out` more, with the lists of all tasks. */
static inline void
make_lists (int n, int held_out, int size)
{
  char *sprites = mem_printf ("%s/sprites", folder), *lists = mem_printf ("%s/lists", folder);
  SceneFilesOptions options = { .n = n, .n_held_out = held_out, .seed = 5, .vqa = true, .ve = true, .nlvr = true };
  SceneOptions scenes = { .size = size };
  AlbefError error = ALBEF_ERROR_INIT;
  SceneSource *source = NULL;

  if (scene_source_open (sprites, &scenes, &source, &error) != ALBEF_OK
      || scenes_write (source, lists, &options, NULL, NULL, &error) != ALBEF_OK)
    tap_ok (false, "/lists/%s", error.message);
  scene_source_free (source);
  free (sprites);
  free (lists);
}
