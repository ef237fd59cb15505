/* SPDX-License-Identifier: MIT
 * project-fixture.h: folders that vanish, pictures that are only a header, and random projects as manifests, for the
 * tests of projects. */
#pragma once

#include "export.h"
#include "import.h"
#include "json-text.h"
#include "project.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define FIXTURE_UNUSED __attribute__ ((unused))

static FIXTURE_UNUSED char *
fixture_folder (void)
{
  char *path = g_dir_make_tmp ("alidade-XXXXXX", NULL);

  g_assert (path != NULL);
  return path;
}

static FIXTURE_UNUSED void
fixture_remove (const char *path)
{
  GDir *dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *inner = g_build_filename (path, name, NULL);

      fixture_remove (inner);
    }
  if (dir != NULL)
    g_dir_close (dir);
  g_remove (path);
}

/* A JPEG's markers up to the size of its frame, with an EXIF orientation: all that a probe reads. */
static FIXTURE_UNUSED void
fixture_picture (const char *path, int width, int height, int orientation)
{
  const guint8 head[] = {
    0xff,       0xd8,        0xff, 0xe1, 0,    34, 'E', 'x',  'i',  'f',  0,    0,  'M',  'M',         0,
    42,         0,           0,    0,    8,    0,  1,   0x01, 0x12, 0,    3,    0,  0,    0,           1,
    0,          orientation, 0,    0,    0,    0,  0,   0,    0xff, 0xc0, 0,    17, 8,    height >> 8, height & 255,
    width >> 8, width & 255, 3,    1,    0x11, 0,  2,   0x11, 0,    3,    0x11, 0,  0xff, 0xda,        0,
    12,         3,           1,    0,    2,    0,  3,   0,    0,    63,   0,    0,  0xff, 0xd9,
  };

  g_assert (g_file_set_contents (path, (const char *) head, sizeof head, NULL));
}

typedef struct
{
  int width, height, orientation;
  char *name, *path;
} FixturePicture;

#define FIXTURE_PICTURES 24

/* Every orientation three times, with names of several scripts. */
static FIXTURE_UNUSED void
fixture_pictures (const char *folder, FixturePicture *pictures)
{
  static const char *const names[] = { "im %d.jpg", "ö%d.jpeg", "左の犬 %d.jpg", "a'b\"%d.JPG", "n%d.jpg", "%d.jpg" };

  for (int i = 0; i < FIXTURE_PICTURES; i++)
    {
      FixturePicture *picture = &pictures[i];

      picture->width = 40 + 37 * i % 200;
      picture->height = 30 + 53 * i % 170;
      picture->orientation = 1 + i % 8;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
      picture->name = g_strdup_printf (names[i % G_N_ELEMENTS (names)], i + 1000);
#pragma GCC diagnostic pop
      picture->path = g_build_filename (folder, picture->name, NULL);
      fixture_picture (picture->path, picture->width, picture->height, picture->orientation);
    }
}

static FIXTURE_UNUSED void
fixture_pictures_free (FixturePicture *pictures)
{
  for (int i = 0; i < FIXTURE_PICTURES; i++)
    {
      g_free (pictures[i].name);
      g_free (pictures[i].path);
    }
}

/* Random things ---------------------------------------------------------------------------------------------------- */

static FIXTURE_UNUSED const char *const fixture_words[] = {
  "red",      "kite", "dog's", "a",   "the",        "左", "の犬", "e\xcc\x81t\xc3\xa9", "\xf0\x9f\x90\x95",
  "<person>", "x&y",  "ß",     "ไทย", "\"quoted\"", "ﬁ",  "한글",
};

/* One to five words. */
static FIXTURE_UNUSED char *
fixture_text (GRand *rand)
{
  GString *text = g_string_new (NULL);

  for (int i = g_rand_int_range (rand, 1, 6); i > 0; i--)
    g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "",
                            fixture_words[g_rand_int_range (rand, 0, G_N_ELEMENTS (fixture_words))]);
  return g_string_free (text, FALSE);
}

static FIXTURE_UNUSED double
fixture_edge (GRand *rand, double limit)
{
  switch (g_rand_int_range (rand, 0, 5))
    {
    case 0:
      return 0;
    case 1:
      return limit;
    case 2:
      return g_rand_int_range (rand, 0, (int) limit + 1);
    case 3:
      return g_rand_int_range (rand, 0, (int) limit * 4) / 4.0;
    default:
      return g_rand_double (rand) * limit;
    }
}

typedef struct
{
  gboolean whole;     /* whole numbers only */
  gboolean boxes;     /* no polygons or masks */
  gboolean no_masks, no_holes, no_parts;
  gboolean captions;  /* every phrase lies in a caption */
  gboolean no_captions;
  gboolean one_span;
  gboolean plain_words; /* phrases are whole words of captions without brackets */
  gboolean extras;    /* chains, types, scores, regions that phrases share */
  gboolean own_chains;/* every phrase has a chain of its own, and types that are one word */
} FixtureRules;

static FIXTURE_UNUSED void
fixture_box (GRand *rand, const FixturePicture *picture, const FixtureRules *rules, double box[4])
{
  do
    {
      for (int i = 0; i < 4; i++)
        box[i] = fixture_edge (rand, i % 2 == 0 ? picture->width : picture->height);
      if (rules->whole)
        for (int i = 0; i < 4; i++)
          box[i] = floor (box[i]);
    }
  while (box[2] - box[0] < 1 || box[3] - box[1] < 1);
}

static FIXTURE_UNUSED void
fixture_put_box (GString *out, const double box[4])
{
  json_put_name (out, "box");
  for (int i = 0; i < 4; i++)
    {
      g_string_append_c (out, i > 0 ? ',' : '[');
      json_put_number (out, box[i]);
    }
  g_string_append_c (out, ']');
}

static FIXTURE_UNUSED void
fixture_put_region (GString *out, GRand *rand, const FixturePicture *picture, const FixtureRules *rules, guint id)
{
  int kind = rules->boxes ? 0 : g_rand_int_range (rand, 0, rules->no_masks ? 2 : 3);
  double box[4];

  fixture_box (rand, picture, rules, box);
  g_string_append_c (out, '{');
  if (rules->extras)
    g_string_append_printf (out, "\"id\":\"%u\",", id);
  if (rules->extras && g_rand_int_range (rand, 0, 3) == 0)
    g_string_append_printf (out, "\"score\":%g,", g_rand_int_range (rand, 0, 1001) / 1000.0);
  fixture_put_box (out, box);
  if (kind == 1)
    {
      int rings = rules->no_parts && rules->no_holes ? 1 : g_rand_int_range (rand, 1, 3);

      g_string_append (out, ",\"kind\":\"polygon\",\"polygon\":[");
      for (int i = 0; i < rings; i++)
        {
          g_string_append (out, i > 0 ? ",[" : "[");
          for (int j = 0, n = g_rand_int_range (rand, 3, 8); j < n; j++)
            {
              /* The first corners span the box, so that there is area. */
              double x = j == 0 ? box[0] : j == 1 ? box[2] : fixture_edge (rand, picture->width);
              double y = j == 0 ? box[1] : j == 1 ? box[3] : fixture_edge (rand, picture->height);

              g_string_append (out, j > 0 ? ",[" : "[");
              json_put_number (out, x);
              g_string_append_c (out, ',');
              json_put_number (out, y);
              g_string_append_c (out, ']');
            }
          g_string_append_c (out, ']');
        }
      g_string_append (out, rules->no_holes ? "],\"fill\":\"union\"" : "],\"fill\":\"evenodd\"");
    }
  else if (kind == 2)
    {
      gint64 pixels = (gint64) picture->width * picture->height, left = pixels;

      g_string_append_printf (out, ",\"kind\":\"mask\",\"rle\":{\"size\":[%d,%d],\"counts\":[", picture->height,
                              picture->width);
      for (int i = 0; left > 0; i++)
        {
          gint64 run =
              i == 0 && g_rand_boolean (rand) ? 0 : g_rand_int_range (rand, 1, (int) MIN (left, pixels / 3) + 1);

          if (i == 0)
            run = MIN (run, left - 1);
          g_string_append_printf (out, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", run);
          left -= run;
        }
      g_string_append (out, "]}");
    }
  g_string_append (out, ",\"origin\":\"import\"}");
}

static FIXTURE_UNUSED void
fixture_put_line (GString *out, const FixturePicture *picture, const char *text, const char *caption, gint64 first,
                  gint64 last, const char *more, const char *regions)
{
  g_string_append_c (out, '{');
  json_put_name (out, "image");
  json_put_text (out, picture->path);
  g_string_append_printf (out, ",\"width\":%d,\"height\":%d,\"orientation\":%d", picture->width, picture->height,
                          picture->orientation);
  json_put_name (out, "text");
  json_put_text (out, text);
  json_put_name (out, "caption");
  json_put_text (out, caption);
  if (last > 0)
    g_string_append_printf (out, ",\"start\":%" G_GINT64_FORMAT ",\"end\":%" G_GINT64_FORMAT, first, last);
  g_string_append_printf (out, "%s,\"regions\":[%s]}\n", more != NULL ? more : "", regions != NULL ? regions : "");
}

/* A run of whole words of a caption; none ends or begins inside another one that was used (`used` marks words). */
static FIXTURE_UNUSED char *
fixture_words_of (GRand *rand, const char *caption, guint64 *used, gint64 *first, gint64 *last)
{
  g_auto (GStrv) words = g_strsplit (caption, " ", -1);
  guint n = g_strv_length (words), a = g_rand_int_range (rand, 0, n), b = g_rand_int_range (rand, a, n) + 1;
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 at = 0;

  for (guint i = a; i < b; i++)
    if ((*used >> i & 1) != 0)
      return NULL;
  for (guint i = 0; i < b; i++)
    {
      if (i < a)
        at += g_utf8_strlen (words[i], -1) + 1;
      else
        g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", words[i]);
      if (i >= a)
        *used |= G_GUINT64_CONSTANT (1) << i;
    }
  *first = at;
  *last = at + g_utf8_strlen (text->str, -1);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* A coreference chain and types, for some phrases. */
static FIXTURE_UNUSED char *
fixture_more (GRand *rand, const FixtureRules *rules, int nth)
{
  static const char *const types[] = { "people", "animals", "other", "body parts" };
  g_autoptr (GString) more = g_string_new (NULL);

  if (!rules->extras)
    return NULL;
  if (rules->own_chains || g_rand_boolean (rand))
    g_string_append_printf (more, ",\"chain\":\"%d\"", rules->own_chains ? 10 + nth : g_rand_int_range (rand, 1, 6));
  if (rules->own_chains)
    g_string_append_printf (more, ",\"types\":[\"%s\",\"vehicles\"]", types[g_rand_int_range (rand, 0, 3)]);
  else if (g_rand_boolean (rand))
    {
      int a = g_rand_int_range (rand, 0, 4);

      g_string_append_printf (more, ",\"types\":[\"%s\"", types[a]);
      if (g_rand_boolean (rand))
        g_string_append_printf (more, ",\"%s\"", types[(a + 1) % 4]);
      g_string_append_c (more, ']');
    }
  return g_string_free (g_steal_pointer (&more), FALSE);
}

/* Up to three regions of a phrase, some of which earlier phrases of the picture (`shared`) have too. */
static FIXTURE_UNUSED void
fixture_put_regions (GString *out, GRand *rand, const FixturePicture *picture, const FixtureRules *rules,
                     GPtrArray *shared)
{
  guint had = shared->len, reused = G_MAXUINT;

  for (int k = g_rand_int_range (rand, 0, 4); k > 0; k--)
    {
      g_autoptr (GString) one = g_string_new (NULL);

      if (out->len > 0)
        g_string_append_c (out, ',');
      if (rules->extras && had > 0 && reused == G_MAXUINT && g_rand_int_range (rand, 0, 3) == 0)
        {
          reused = (guint) g_rand_int_range (rand, 0, (int) had);
          g_string_append (out, shared->pdata[reused]);
          continue;
        }
      fixture_put_region (one, rand, picture, rules, 100 * (guint) picture->width + shared->len);
      g_string_append (out, one->str);
      g_ptr_array_add (shared, g_strdup (one->str));
    }
}

/* A whole project as a manifest. */
static FIXTURE_UNUSED char *
fixture_manifest (GRand *rand, const FixturePicture *pictures, const FixtureRules *rules)
{
  GString *out = g_string_new ("{\"alidade-manifest\": 1}\n");
  int start = g_rand_int_range (rand, 0, FIXTURE_PICTURES), n_images = g_rand_int_range (rand, 1, 5);

  for (int i = 0; i < n_images; i++)
    {
      const FixturePicture *picture = &pictures[(start + 5 * i) % FIXTURE_PICTURES];
      int n_captions = rules->no_captions ? 0 : g_rand_int_range (rand, 0, 4),
          n_phrases = g_rand_int_range (rand, 0, 5);
      g_autoptr (GPtrArray) captions = g_ptr_array_new_with_free_func (g_free);
      g_autoptr (GPtrArray) shared = g_ptr_array_new_with_free_func (g_free);
      guint64 used[4] = { 0 };

      fixture_put_line (out, picture, NULL, NULL, 0, 0, NULL, NULL);
      for (int j = 0; j < n_captions; j++)
        {
          g_ptr_array_add (captions, fixture_text (rand));
          fixture_put_line (out, picture, captions->pdata[j], captions->pdata[j], 0, 0, NULL, NULL);
        }
      for (int j = 0; j < n_phrases; j++)
        {
          g_autoptr (GString) regions = g_string_new (NULL);
          g_autofree char *text = NULL, *more = NULL;
          gboolean alone = n_captions == 0 || (!rules->captions && g_rand_boolean (rand));
          int which = n_captions > 0 ? g_rand_int_range (rand, 0, n_captions) : 0;
          gint64 first = 0, last = 0;

          /* Equal captions are one. */
          for (int k = which; k-- > 0;)
            if (strcmp (captions->pdata[k], captions->pdata[which]) == 0)
              which = k;
          if (alone && rules->captions)
            break;
          fixture_put_regions (regions, rand, picture, rules, shared);
          text = alone ? fixture_text (rand)
                       : fixture_words_of (rand, captions->pdata[which], &used[which], &first, &last);
          more = fixture_more (rand, rules, j);
          if (text != NULL)
            fixture_put_line (out, picture, text, alone ? NULL : captions->pdata[which], first, last, more,
                              regions->str);
        }
    }
  return g_string_free (out, FALSE);
}
