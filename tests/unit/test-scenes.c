/* SPDX-License-Identifier: MIT
 * Scenes from a folder of pictograms that the test draws itself: what the labels say is what the pixels show. */
#include "dataset.h"
#include "scene-files.h"
#include "scene-parts.h"
#include "scene-tasks.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

/* Every noun a disc or bar of its own plain colour, in two styles; "kite" has a small drawing alone. */
static const char *const nouns[] = { "kite", "ant", "box", "old box", "cheese", "shears", "owl", "drum", "pen", "hat" };

enum
{
  N_NOUNS = sizeof nouns / sizeof nouns[0]
};

/* Scenes 0-199 of seed 3: pixels, captions, foils. Changes only where scenes are meant to change. */
#define SCENE_HASH 0x70d966bb75f1c596u

static char folder[] = "/tmp/albef-scenes-XXXXXX";

static void
noun_rgb (int noun, uint8_t rgb[3])
{
  rgb[0] = (uint8_t) (20 + 22 * noun);
  rgb[1] = (uint8_t) (noun % 2 ? 250 : 5);
  rgb[2] = (uint8_t) (240 - 20 * noun);
}

static void
write_text (const char *name, const char *text)
{
  char path[256];
  FILE *file;

  snprintf (path, sizeof path, "%s/%s", folder, name);
  file = fopen (path, "w");
  if (file == NULL || fputs (text, file) < 0 || fclose (file) != 0)
    abort ();
}

static void
write_drawing (const char *style, const char *noun, const char *more, const uint8_t rgb[3])
{
  uint8_t rgba[32 * 32 * 4] = { 0 };
  char path[256];

  for (int y = 4; y < 28; y++)
    for (int x = 2; x < 30; x++)
      {
        uint8_t *p = rgba + (y * 32 + x) * 4;

        memcpy (p, rgb, 3);
        p[3] = 255;
      }
  snprintf (path, sizeof path, "%s/%s/%s%s.png", folder, style, noun, more);
  for (char *p = path; (p = strchr (p, ' ')) != NULL;)
    *p = '_';
  if (albef_png_write (path, rgba, 32, 32, 4, NULL, 0, NULL) != ALBEF_OK)
    abort ();
}

static void
make_folder (void)
{
  char path[256];

  if (mkdtemp (folder) == NULL)
    abort ();
  for (int style = 0; style < 2; style++)
    {
      snprintf (path, sizeof path, "%s/%s", folder, style ? "flat" : "round");
      if (mkdir (path, 0700) != 0)
        abort ();
      for (int i = 0; i < N_NOUNS; i++)
        {
          uint8_t rgb[3];

          noun_rgb (i, rgb);
          write_drawing (style ? "flat" : "round", nouns[i], "", rgb);
          if (i == 9)
            write_drawing (style ? "flat" : "round", nouns[i], "-2", rgb);
        }
    }
  write_text ("nouns.tsv",
              "noun\tplural\tcategory\tsubcategory\tcolour\tcodepoint\tstyles\n"
              "kite\t\t\t\tred\t\tflat,round\nant\t\t\t\t\t\tflat,round\nbox\t\t\t\t\t\tflat,round\n"
              "old box\t\t\t\t\t\tflat,round\ncheese\t\t\t\t\t\tflat,round\nshears\t-\t\t\t\t\tflat,round\n"
              "owl\t\t\t\t\t\tflat,round\ndrum\t\t\t\t\t\tflat,round\npen\t\t\t\t\t\tflat,round\n"
              "hat\t\t\t\t\t\tflat,round\nboxes\t-\t\t\t\t\tflat\norange\t\t\t\t\t\tflat\n");
  write_text (
      "colours.tsv",
      "style\tfile\tcolour\nflat\that.png\tgreen\nflat\that-2.png\tblue\nround\that.png\tgreen\nround\that-2.png\t\n");
}

static SceneSource *
open_source (SceneOptions options)
{
  AlbefError error = ALBEF_ERROR_INIT;
  SceneSource *source;

  if (scene_source_open (folder, &options, &source, &error) != ALBEF_OK)
    {
      tap_note ("%s", error.message);
      abort ();
    }
  return source;
}

/* ---------------------------------------------------------------------------------------------------
 * Labels
 */

static int
overlap (const int *a, const int *b)
{
  int w = (a[2] < b[2] ? a[2] : b[2]) - (a[0] > b[0] ? a[0] : b[0]);
  int h = (a[3] < b[3] ? a[3] : b[3]) - (a[1] > b[1] ? a[1] : b[1]);

  return w > 0 && h > 0 ? w * h : 0;
}

typedef struct
{
  bool boxes, apart, phrases, sets, foils, relations, sizes, grammar;
} Holds;

static bool
word_in (const char *text, const char *word)
{
  size_t n = strlen (word);

  for (const char *p = text; (p = strstr (p, word)) != NULL; p++)
    if ((p == text || p[-1] == ' ') && (p[n] == 0 || p[n] == ' ' || p[n] == ','))
      return true;
  return false;
}

static void
check_scene (const SceneSource *source, const Scene *scene, Holds *holds)
{
  NounSet set = { 0 };

  for (int i = 0; i < scene->n_objects; i++)
    {
      const int *b = scene->objects[i].box;
      int side = b[2] - b[0] > b[3] - b[1] ? b[2] - b[0] : b[3] - b[1];

      noun_set_add (&set, scene->objects[i].noun);
      holds->boxes = holds->boxes && b[0] >= 0 && b[1] >= 0 && b[2] <= scene->size && b[3] <= scene->size && b[0] < b[2]
                     && b[1] < b[3];
      for (int k = 0; k < i; k++)
        {
          const int *o = scene->objects[k].box;
          int own = (b[2] - b[0]) * (b[3] - b[1]), other = (o[2] - o[0]) * (o[3] - o[1]);

          holds->apart = holds->apart && overlap (b, o) <= 0.08 * (own < other ? own : other);
        }
      /* A turned bar's box may be somewhat larger than its side. */
      if (scene->objects[i].extent == SCENE_SMALL)
        holds->sizes = holds->sizes && side <= 0.28 * 1.35 * scene->size + 2;
      if (scene->objects[i].extent == SCENE_LARGE)
        holds->sizes = holds->sizes && side >= 0.44 * scene->size - 3;
    }
  holds->sets = holds->sets && memcmp (&set, &scene->nouns, sizeof set) == 0;
  memset (&set, 0, sizeof set);
  for (int p = 0; p < scene->n_phrases; p++)
    {
      const ScenePhrase *phrase = &scene->phrases[p];
      const SceneNoun *noun = &source->nouns[phrase->noun];
      const char *name = phrase->n_boxes > 1 ? noun->plural : noun->name;
      int count = 0;

      noun_set_add (&set, phrase->noun);
      holds->sets = holds->sets && noun_set_has (&scene->nouns, phrase->noun);
      holds->phrases = holds->phrases && phrase->noun_end == phrase->end && phrase->start <= phrase->noun_start
                       && phrase->noun_end - phrase->noun_start == (int) strlen (name)
                       && memcmp (scene->caption + phrase->noun_start, name, strlen (name)) == 0;
      for (int i = 0; i < scene->n_objects; i++)
        count += scene->objects[i].noun == phrase->noun;
      holds->phrases = holds->phrases && count == phrase->n_boxes;
      holds->grammar = holds->grammar && strstr (scene->caption, " a a") == NULL
                       && strstr (scene->caption, "a owl") == NULL && strstr (scene->caption, "an box") == NULL
                       && !strstr (scene->caption, "is shears");
    }
  holds->sets = holds->sets && memcmp (&set, &scene->caption_nouns, sizeof set) == 0;
  holds->foils = holds->foils && strcmp (scene->foil, scene->caption) != 0;
  if (scene->foil_kind == SCENE_FOIL_RELATION)
    holds->foils = holds->foils
                   && (strstr (scene->foil, scene_relation_text (scene_relation_opposite (scene->relation))) != NULL
                       || (scene->relation == SCENE_ABOVE && strstr (scene->foil, " under ") != NULL));
  if (scene->foil_kind == SCENE_FOIL_NOUN)
    {
      int wrong = 0;

      for (int n = 0; n < source->n_nouns; n++)
        if (word_in (scene->foil, source->nouns[n].name) || word_in (scene->foil, source->nouns[n].plural))
          wrong += !noun_set_has (&scene->nouns, n);
      holds->foils = holds->foils && wrong >= 1;
    }
  if (scene->relation != SCENE_NO_RELATION)
    {
      const int *a = scene->phrases[0].boxes[0], *b = scene->phrases[1].boxes[0];
      int dx = a[0] + a[2] - b[0] - b[2], dy = a[1] + a[3] - b[1] - b[3];
      bool right = scene->relation == SCENE_LEFT_OF    ? dx < 0 && abs (dx) > abs (dy)
                   : scene->relation == SCENE_RIGHT_OF ? dx > 0 && abs (dx) > abs (dy)
                   : scene->relation == SCENE_ABOVE    ? dy < 0 && abs (dy) > abs (dx)
                   : scene->relation == SCENE_BELOW    ? dy > 0 && abs (dy) > abs (dx)
                                                       : scene->n_phrases == 2;

      holds->relations = holds->relations && right && scene->n_phrases == 2;
    }
}

static void
test_labels (const SceneSource *source)
{
  Holds holds = { true, true, true, true, true, true, true, true };
  int objects[5] = { 0 }, kinds[3] = { 0 }, relations = 0, pairs = 0, partial = 0, several = 0, repeats = 0, n = 4000;
  Scene scene = { 0 };

  for (int i = 0; i < n; i++)
    {
      int named = 0;

      scene.pixels = NULL;
      scene_compose (source, 1, (uint64_t) i, &scene);
      check_scene (source, &scene, &holds);
      objects[scene.n_objects]++;
      kinds[scene.foil_kind]++;
      for (int p = 0; p < scene.n_phrases; p++)
        {
          named += scene.phrases[p].n_boxes;
          repeats += scene.phrases[p].n_boxes > 1;
        }
      if (memcmp (&scene.nouns, &scene.caption_nouns, sizeof scene.nouns) != 0)
        partial++;
      several += scene.n_objects > 1;
      if (scene.n_phrases == 2 && scene.phrases[0].n_boxes == 1 && scene.phrases[1].n_boxes == 1)
        {
          pairs++;
          relations += scene.relation != SCENE_NO_RELATION;
        }
    }
  tap_ok (holds.boxes, "/scenes/boxes lie in the picture");
  tap_ok (holds.apart, "/scenes/things overlap at most 8 %% of the smaller");
  tap_ok (holds.phrases, "/scenes/a phrase's noun stands where its bounds say, and all its things have boxes");
  tap_ok (holds.sets, "/scenes/noun sets are those of the picture and of the caption");
  tap_ok (holds.foils, "/scenes/a foil differs, and its wrong noun is not in the picture");
  tap_ok (holds.relations, "/scenes/a relation is that of the boxes");
  tap_ok (holds.sizes, "/scenes/small and large by the side");
  tap_ok (holds.grammar, "/scenes/articles and verbs");
  tap_near (objects[1] / (double) n, 0.3, 0.04, "/scenes/30 % hold one thing");
  tap_near (objects[4] / (double) n, 0.15, 0.04, "/scenes/15 % hold four");
  tap_near (relations / (double) pairs, 0.55, 0.05, "/scenes/55 % of two single things have their relation said");
  /* Groups of one noun cannot be named in part. */
  tap_ok (partial > 0.2 * several && partial < 0.32 * several, "/scenes/some 30 %% of captions name only some (%.2f)",
          partial / (double) several);
  tap_ok (repeats > 0.04 * several && repeats < 0.16 * several, "/scenes/some repeat a noun (%.3f)",
          repeats / (double) several);
  tap_ok (kinds[0] > n / 2 && kinds[1] > 20 && kinds[2] > 60, "/scenes/foils of all three kinds (%d, %d, %d)", kinds[0],
          kinds[1], kinds[2]);
}

/* A drawing has one colour, so what lies in the middle of a box tells which noun it is. */
static void
test_pixels (const SceneSource *source)
{
  int size = scene_source_size (source), wrong = 0, seen = 0, outside = 0;
  uint8_t *pixels = malloc ((size_t) size * (size_t) size * 3);

  for (int i = 0; i < 300; i++)
    {
      Scene scene = { .pixels = pixels }, bare = { .pixels = NULL };

      scene_compose (source, 2, (uint64_t) i, &scene);
      scene_compose (source, 2, (uint64_t) i, &bare);
      outside += strcmp (scene.caption, bare.caption) != 0
                 || memcmp (scene.objects, bare.objects, sizeof bare.objects) != 0;
      for (int o = 0; o < scene.n_objects; o++)
        {
          const int *b = scene.objects[o].box;
          const uint8_t *p = pixels + ((b[1] + b[3]) / 2 * size + (b[0] + b[2]) / 2) * 3;
          uint8_t rgb[3];
          double share = 0, own = 0, length = 0;

          if (scene.objects[o].noun >= N_NOUNS)
            continue;
          /* Brightness scales a colour: compare directions. */
          for (int k = 0; k < N_NOUNS; k++)
            if (strcmp (scene_source_noun (source, scene.objects[o].noun), nouns[k]) == 0)
              noun_rgb (k, rgb);
          for (int c = 0; c < 3; c++)
            {
              share += (double) p[c] * rgb[c];
              own += (double) rgb[c] * rgb[c];
              length += (double) p[c] * p[c];
            }
          seen++;
          wrong += share / sqrt (own * length) < 0.97;
        }
    }
  tap_ok (seen > 300 && wrong <= seen / 50,
          "/scenes/the middle of a box shows its noun (%d of %d do not: saturated or covered)", wrong, seen);
  tap_ok (outside == 0, "/scenes/labels alone are the labels of the picture");
  free (pixels);
}

/* ---------------------------------------------------------------------------------------------------
 * The same everywhere
 */

typedef struct
{
  const SceneSource *source;
  uint64_t hash;
} Job;

static uint64_t
hash_bytes (uint64_t hash, const void *bytes, size_t n)
{
  for (size_t i = 0; i < n; i++)
    hash = (hash ^ ((const uint8_t *) bytes)[i]) * 0x100000001b3u;
  return hash;
}

static void *
compose_many (void *data)
{
  Job *job = data;
  int size = scene_source_size (job->source);
  uint8_t *pixels = malloc ((size_t) size * (size_t) size * 3);

  job->hash = 0xcbf29ce484222325u;
  for (int i = 0; i < 200; i++)
    {
      Scene scene = { .pixels = pixels };

      scene_compose (job->source, 3, (uint64_t) i, &scene);
      job->hash = hash_bytes (job->hash, pixels, (size_t) size * (size_t) size * 3);
      job->hash = hash_bytes (job->hash, scene.caption, strlen (scene.caption));
      job->hash = hash_bytes (job->hash, scene.foil, strlen (scene.foil));
    }
  free (pixels);
  return NULL;
}

static void
test_same (const SceneSource *source)
{
  Job jobs[3];
  pthread_t threads[3];
  Scene a = { 0 }, b = { 0 };

  for (int i = 0; i < 3; i++)
    {
      jobs[i] = (Job){ .source = source };
      if (pthread_create (&threads[i], NULL, compose_many, &jobs[i]) != 0)
        abort ();
    }
  for (int i = 0; i < 3; i++)
    pthread_join (threads[i], NULL);
  tap_ok (jobs[0].hash == jobs[1].hash && jobs[1].hash == jobs[2].hash, "/scenes/three threads compose the same bytes");
  tap_ok (jobs[0].hash == SCENE_HASH, "/scenes/the same bytes as on every machine (%#llx)",
          (unsigned long long) jobs[0].hash);
  scene_compose (source, 3, 5, &a);
  scene_compose (source, 4, 5, &b);
  tap_ok (strcmp (a.caption, b.caption) != 0 || memcmp (a.objects, b.objects, sizeof a.objects) != 0,
          "/scenes/another seed, another scene");
}

/* ---------------------------------------------------------------------------------------------------
 * Patches, tasks, vocabulary, trouble
 */

static void
test_patches (const SceneSource *source)
{
  bool right = true, inside = false;

  for (int i = 0; i < 50; i++)
    {
      Scene scene = { 0 };
      int labels[64];

      scene_compose (source, 5, (uint64_t) i, &scene);
      scene_patch_labels (&scene, 8, labels);
      for (int p = 0; p < 64; p++)
        {
          double x = (p % 8 + 0.5) * scene.size / 8, y = (p / 8 + 0.5) * scene.size / 8;
          int wanted = 0;

          for (int o = 0; o < scene.n_objects; o++)
            if (x >= scene.objects[o].box[0] && x < scene.objects[o].box[2] && y >= scene.objects[o].box[1]
                && y < scene.objects[o].box[3])
              wanted = scene.objects[o].noun + 1;
          right = right && labels[p] == wanted;
          inside = inside || wanted > 0;
        }
    }
  tap_ok (right && inside, "/scenes/a patch has the noun whose box holds its centre, later ones first");
}

static bool
all_known (const char *vocabulary, const char *text)
{
  char word[64];

  while (*text != 0)
    {
      size_t n = strcspn (text, " ,?");
      const char *p;

      snprintf (word, sizeof word, "\n%.*s\n", (int) n, text);
      p = n > 0 ? strstr (vocabulary, word) : vocabulary;
      if (p == NULL)
        {
          tap_note ("not in the vocabulary: %s", word);
          return false;
        }
      text += n + (text[n] != 0);
    }
  return true;
}

static void
test_tasks (const SceneSource *source)
{
  char *vocabulary = scene_source_vocabulary (source);
  bool known = true, counted = true, present = true;
  int yes = 0, no = 0, true_wrong = 0;

  for (int i = 0; i < 2000; i++)
    {
      Scene scene = { 0 }, other = { 0 };
      SceneQuestion question;
      char text[SCENE_MAX_TEXT];

      scene_compose (source, 6, (uint64_t) i, &scene);
      scene_question (source, &scene, 6, (uint64_t) i, &question);
      known = known && all_known (vocabulary, scene.caption) && all_known (vocabulary, scene.foil)
              && all_known (vocabulary, question.text) && all_known (vocabulary, question.answer);
      yes += strcmp (question.answer, "yes") == 0;
      no += strcmp (question.answer, "no") == 0;
      if (strncmp (question.text, "how many", 8) == 0)
        counted = counted && strlen (question.answer) > 2;
      for (int v = 0; v < 3; v++)
        {
          scene_statement (source, &scene, 6, (uint64_t) i, (SceneVerdict) v, text);
          known = known && all_known (vocabulary, text);
          if (strncmp (text, "there is a", 10) == 0 && v != SCENE_NEUTRAL)
            {
              bool there = false;

              for (int o = 0; o < scene.n_objects; o++)
                there = there || word_in (text, source->nouns[scene.objects[o].noun].name);
              present = present && there == (v == SCENE_ENTAILMENT);
            }
        }
      scene_pair (source, 6, (uint64_t) i, &scene, &other);
      scene_pair_statement (source, &scene, &other, 6, (uint64_t) i, i % 2, text);
      known = known && all_known (vocabulary, text);
      if (strncmp (text, "both pictures show", 18) == 0)
        {
          bool both = false;

          for (int n = 0; n < source->n_nouns; n++)
            if (noun_set_has (&scene.nouns, n) && noun_set_has (&other.nouns, n))
              both = both || word_in (text + 18, source->nouns[n].name);
          true_wrong += both != (i % 2 == 1);
        }
    }
  tap_ok (known, "/scenes/the vocabulary holds every word of captions, foils and tasks");
  tap_ok (yes > 200 && no > 200 && yes < 2 * no && no < 2 * yes, "/scenes/questions: yes %d times, no %d times", yes,
          no);
  tap_ok (counted, "/scenes/questions: how many is answered by a number");
  tap_ok (present, "/scenes/statements: what is stated to be there is there exactly where it is entailed");
  tap_ok (true_wrong == 0, "/scenes/pairs: 'both' holds exactly where it is meant to");
  free (vocabulary);
}

/* What is said must not tell whether it is true: the same topic serves both statements of a pair, and numbers are as
 * common in false statements as in true ones. */
static void
test_balance (const SceneSource *source)
{
  int exactly_one[3] = { 0 }, same = 0, asked_one = 0, asked = 0, pairs = 1000;

  for (int i = 0; i < pairs; i++)
    {
      Scene scene = { 0 }, other = { 0 };
      SceneQuestion question;
      char text[SCENE_MAX_TEXT], against[SCENE_MAX_TEXT];

      scene_pair (source, 8, (uint64_t) i, &scene, &other);
      scene_pair_statement (source, &scene, &other, 8, 2 * (uint64_t) i, false, text);
      scene_pair_statement (source, &scene, &other, 8, 2 * (uint64_t) i + 1, true, against);
      same += strncmp (text, against, 11) == 0 && strcmp (text, against) != 0;
      scene_compose (source, 8, (uint64_t) i, &scene);
      for (int v = 0; v < 3; v += 2)
        {
          scene_statement (source, &scene, 8, (uint64_t) (3 * i + v), (SceneVerdict) v, text);
          exactly_one[v] += strncmp (text, "there is exactly one", 20) == 0;
        }
      scene_question (source, &scene, 8, (uint64_t) i, &question);
      asked += strncmp (question.text, "how many", 8) == 0;
      asked_one += strncmp (question.text, "how many", 8) == 0 && strcmp (question.answer, "one") == 0;
    }
  tap_ok (same == pairs, "/scenes/pairs: true and false of a pair are of one kind, and differ (%d of %d)", same, pairs);
  tap_ok (exactly_one[0] > 50 && exactly_one[2] > 50 && exactly_one[0] < 1.4 * exactly_one[2]
              && exactly_one[2] < 1.4 * exactly_one[0],
          "/scenes/statements: 'exactly one' is false %d and true %d times", exactly_one[0], exactly_one[2]);
  tap_ok (asked > 20 && asked_one < 0.7 * asked, "/scenes/questions: %d of %d numbers are one", asked_one, asked);
}

static void
test_choice (void)
{
  SceneSource *source = open_source ((SceneOptions){ .n_nouns = 5 });
  SceneOptions flat = { .styles = "flat", .no_shapes = true };
  SceneOptions bad[] = {
    { .styles = "cubist" }, { .without = "flat,round" }, { .n_nouns = 11 }, { .size = 5 }, { .first_nouns = "/nowhere" }
  };
  bool refused = true, orange = false;

  tap_ok (scene_source_n_nouns (source) == 5 + SCENE_SHAPES, "/scenes/five nouns and the shapes");
  scene_source_free (source);
  source = open_source (flat);
  for (int i = 0; i < scene_source_n_nouns (source); i++)
    orange = orange || strcmp (scene_source_noun (source, i), "orange") == 0
             || strcmp (scene_source_noun (source, i), "boxes") == 0;
  tap_ok (scene_source_n_nouns (source) == N_NOUNS && !orange, "/scenes/no colour and no plural as a noun");
  tap_ok (scene_source_n_drawings (source) == N_NOUNS + 1 && strcmp (scene_source_styles (source), "flat") == 0,
          "/scenes/one style: its drawings");
  scene_source_free (source);
  for (int i = 0; i < 5; i++)
    {
      AlbefError error = ALBEF_ERROR_INIT;

      refused = refused && scene_source_open (folder, &bad[i], &source, &error) != ALBEF_OK && source == NULL
                && error.message[0] != 0;
    }
  tap_ok (refused, "/scenes/unknown styles and nouns, too many nouns, no size: refused with a message");
  write_text ("first.txt", "pen\nowl\n");
  {
    char path[256];

    snprintf (path, sizeof path, "%s/first.txt", folder);
    source = open_source ((SceneOptions){ .n_nouns = 3, .first_nouns = path });
  }
  tap_ok (strcmp (scene_source_noun (source, 0), "pen") == 0 && strcmp (scene_source_noun (source, 1), "owl") == 0,
          "/scenes/wanted nouns come first");
  scene_source_free (source);
}

static void
test_damaged (void)
{
  AlbefError error = ALBEF_ERROR_INIT;
  SceneSource *source;
  char path[256];

  snprintf (path, sizeof path, "%s/flat/pen.png", folder);
  write_text ("flat/pen.png", "not a picture");
  tap_ok (scene_source_open (folder, &(SceneOptions){ 0 }, &source, &error) == ALBEF_ERROR_FORMAT
              && strstr (error.message, path) != NULL,
          "/scenes/a damaged drawing is named");
  unlink (path);
  tap_ok (scene_source_open (folder, &(SceneOptions){ 0 }, &source, &error) == ALBEF_ERROR_FILE
              && strstr (error.message, path) != NULL,
          "/scenes/a missing drawing is named");
  write_text ("nouns.tsv", "noun\nPEN/../x\n");
  tap_ok (scene_source_open (folder, &(SceneOptions){ 0 }, &source, &error) == ALBEF_ERROR_FORMAT
              && strstr (error.message, "line 2") != NULL,
          "/scenes/a noun that is no plain word is refused with its line");
}

/* ---------------------------------------------------------------------------------------------------
 * As files: every list is read again by the reader of its format.
 */

static Dataset *
read_list (const char *name, DatasetOptions options)
{
  AlbefError error = ALBEF_ERROR_INIT;
  Dataset *dataset = NULL;
  char path[256], root[256];
  const char *paths[] = { path };

  snprintf (path, sizeof path, "%s/out/%s", folder, name);
  snprintf (root, sizeof root, "%s/out", folder);
  options.image_root = options.format == DATASET_MANIFEST ? NULL : root;
  if (dataset_open (paths, 1, &options, &dataset, &error) != ALBEF_OK)
    tap_note ("%s", error.message);
  return dataset;
}

static void
test_files (const SceneSource *source)
{
  static const struct
  {
    const char *name;
    DatasetFormat format;
    bool evaluation;
    int n; /* records; 0: some */
  } lists[] = { { "pretrain.json", DATASET_PRETRAIN, false, 6 },
                { "retrieval_train.json", DATASET_RETRIEVAL, false, 6 },
                { "retrieval_test.json", DATASET_RETRIEVAL, true, 3 },
                { "grounding_train.json", DATASET_GROUNDING, false, 0 },
                { "vqa_train.json", DATASET_VQA, false, 6 },
                { "vqa_test.json", DATASET_VQA, true, 3 },
                { "ve_train.json", DATASET_VE, false, 18 },
                { "ve_test.json", DATASET_VE, false, 9 },
                { "nlvr_train.json", DATASET_NLVR, false, 12 },
                { "nlvr_test.json", DATASET_NLVR, false, 6 } };
  SceneFilesOptions options = { .n = 6, .n_held_out = 3, .seed = 9, .vqa = true, .ve = true, .nlvr = true };
  AlbefError error = ALBEF_ERROR_INIT;
  char out[256], *text;
  const char *path;
  AlbefImage *image;
  Dataset *dataset;
  Scene scene = { .pixels = malloc (128 * 128 * 3) };
  double difference = 0;

  snprintf (out, sizeof out, "%s/out", folder);
  tap_ok (scenes_write (source, out, &options, NULL, NULL, &error) == ALBEF_OK, "/scenes/files are written %s",
          error.message);
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
    {
      dataset
          = read_list (lists[i].name, (DatasetOptions){ .format = lists[i].format, .evaluation = lists[i].evaluation });
      bool right = dataset != NULL
                   && (lists[i].n > 0 ? dataset_n_samples (dataset) == lists[i].n : dataset_n_samples (dataset) > 0);

      for (int64_t k = 0; right && k < dataset_n_samples (dataset); k++)
        for (int m = 0; m < dataset_sample (dataset, k)->n_images; m++)
          right = right && access (dataset_sample (dataset, k)->images[m], R_OK) == 0;
      tap_ok (right, "/scenes/files: %s is read again, and its pictures are there", lists[i].name);
      dataset_free (dataset);
    }
  dataset = read_list ("manifest.jsonl", (DatasetOptions){ .format = DATASET_MANIFEST, .split = SAMPLE_TRAIN });
  scene_compose (source, 9, 0, &scene);
  tap_ok (dataset != NULL && strcmp (dataset_sample (dataset, 0)->texts[0], scene.caption) == 0
              && dataset_sample (dataset, 1)->n_regions == scene.phrases[0].n_boxes
              && dataset_sample (dataset, 1)->regions[0].box[2] == scene.phrases[0].boxes[0][2]
              && dataset_n_left_out (dataset) > 0,
          "/scenes/files: the manifest with its hash, phrases and boxes; the held out are told apart");
  path = dataset_sample (dataset, 0)->images[0];
  if (albef_image_open (path, ALBEF_IMAGE_STORED, &image, &error) == ALBEF_OK)
    {
      for (int p = 0; p < 128 * 128 * 3; p++)
        difference += abs (albef_image_pixels (image)[p] - scene.pixels[p]) / (128.0 * 128 * 3);
      albef_image_free (image);
    }
  tap_ok (difference > 0 && difference < 4, "/scenes/files: the JPEG is the scene (mean difference %.2f of 255)",
          difference);
  dataset_free (dataset);
  tap_ok (scenes_write (source, out, &options, NULL, NULL, &error) == ALBEF_ERROR_ARGUMENT
              && strstr (error.message, "scenes.json") != NULL,
          "/scenes/files: nothing is written over others");
  options.png = true;
  tap_ok (scenes_write (source, out, &options, NULL, NULL, &error) == ALBEF_ERROR_ARGUMENT,
          "/scenes/files: entailment needs JPEG");
  options.ve = options.vqa = options.nlvr = false;
  options.n_held_out = 0;
  snprintf (out, sizeof out, "%s/png", folder);
  tap_ok (scenes_write (source, out, &options, NULL, NULL, &error) == ALBEF_OK, "/scenes/files: as PNG");
  snprintf (out, sizeof out, "%s/png/images/0000000.png", folder);
  tap_ok (albef_image_open (out, ALBEF_IMAGE_STORED, &image, &error) == ALBEF_OK
              && memcmp (albef_image_pixels (image), scene.pixels, 128 * 128 * 3) == 0,
          "/scenes/files: the PNG is the scene, byte for byte");
  albef_image_free (image);
  snprintf (out, sizeof out, "%s/png/vqa_train.json", folder);
  tap_ok (access (out, F_OK) != 0, "/scenes/files: no list that was not asked for");
  text = out;
  snprintf (text, sizeof out, "%s/nouns.tsv/no", folder);
  tap_ok (scenes_write (source, text, &options, NULL, NULL, &error) == ALBEF_ERROR_FILE,
          "/scenes/files: a folder that cannot be made");
  free (scene.pixels);
}

static void
test_plurals (void)
{
  static const char *const pairs[][2] = { { "box", "boxes" },
                                          { "butterfly", "butterflies" },
                                          { "toy", "toys" },
                                          { "snowman", "snowmen" },
                                          { "computer mouse", "computer mice" },
                                          { "tomato", "tomatoes" },
                                          { "avocado", "avocados" },
                                          { "bus", "buses" },
                                          { "dish", "dishes" },
                                          { "maple leaf", "maple leaves" } };
  bool right = true;

  for (int i = 0; i < 10; i++)
    {
      char *plural = noun_plural (pairs[i][0]);

      right = right && strcmp (plural, pairs[i][1]) == 0;
      free (plural);
    }
  tap_ok (right, "/scenes/plurals");
  tap_ok (strcmp (noun_article ("unicorn"), "a") == 0 && strcmp (noun_article ("umbrella"), "an") == 0
              && strcmp (noun_article ("hourglass"), "an") == 0 && strcmp (noun_article ("horse"), "a") == 0,
          "/scenes/articles by sound");
}

int
main (void)
{
  SceneSource *source;

  make_folder ();
  source = open_source ((SceneOptions){ 0 });
  test_labels (source);
  test_pixels (source);
  test_same (source);
  test_patches (source);
  test_tasks (source);
  test_balance (source);
  test_files (source);
  scene_source_free (source);
  test_plurals ();
  test_choice ();
  test_damaged ();
  {
    char *command = NULL;

    if (asprintf (&command, "rm -r '%s'", folder) < 0 || system (command) != 0)
      tap_note ("%s is left behind", folder);
    free (command);
  }
  return tap_done ();
}
