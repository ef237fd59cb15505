/* SPDX-License-Identifier: MIT */
#include "scene-tasks.h"

#include <stdio.h>
#include <string.h>

#include "scene-parts.h"

/* Pairs are composed far behind the single scenes of a seed, so that no picture of a pair is one of those. */
#define FIRST_OF_PAIRS ((uint64_t) 1 << 62)

enum
{
  STREAM_QUESTION = 0x7a50,
  STREAM_STATEMENT,
  STREAM_PAIR
};

static const char *const numbers[] = { "no", "one", "two", "three", "four" };

/* What nobody sees in a picture. */
static const char *const unseen[]
    = { "old", "new", "cheap", "expensive", "broken", "borrowed", "famous", "dirty inside" };

const char *const scene_task_words[] = { "how many are there what colour is the is there a an yes no one two three "
                                         "four five six seven eight what kind of thing is "
                                         "of both pictures show neither picture shows only left right in all exactly "
                                         "old new cheap expensive broken borrowed famous "
                                         "dirty inside small or large picture has have any some",
                                         NULL };

/* ---------------------------------------------------------------------------------------------------
 * Helpers
 */

static int
count_of (const Scene *scene, int noun)
{
  int n = 0;

  for (int i = 0; i < scene->n_objects; i++)
    n += scene->objects[i].noun == noun;
  return n;
}

/* A thing of the picture, any. */
static const SceneObject *
any_object (const Scene *scene, Random *random)
{
  return &scene->objects[random_next_below (random, scene->n_objects)];
}

/* A thing of the picture that stands alone with its noun (and has the wanted colour or extent); NULL: none. */
static const SceneObject *
single_object (const Scene *scene, Random *random, bool coloured, bool sized)
{
  const SceneObject *found[SCENE_MAX_OBJECTS];
  int n = 0;

  for (int i = 0; i < scene->n_objects; i++)
    if (count_of (scene, scene->objects[i].noun) == 1 && (!coloured || scene->objects[i].colour >= 0)
        && (!sized || scene->objects[i].extent != SCENE_MEDIUM))
      found[n++] = &scene->objects[i];
  return n > 0 ? found[random_next_below (random, n)] : NULL;
}

/* Two of them with a clear direction; false: none. */
static bool
object_pair (const Scene *scene, Random *random, const SceneObject **a, const SceneObject **b)
{
  for (int i = 0; i < 12; i++)
    {
      *a = single_object (scene, random, false, false);
      *b = single_object (scene, random, false, false);
      if (*a == NULL)
        return false;
      if (*a != *b && scene_relation_of (scene, *a, *b) != SCENE_NEXT_TO)
        return true;
    }
  return false;
}

static const char *
plural_of (const SceneSource *source, int noun)
{
  return source->nouns[noun].uncountable ? source->nouns[noun].name : source->nouns[noun].plural;
}

static const char *
is (const SceneSource *source, int noun)
{
  return source->nouns[noun].several ? "are" : "is";
}

/* "a dog", "some cheese". The text lives until the next call with the same buffer. */
static const char *
one (const SceneSource *source, int noun, char buffer[64])
{
  const SceneNoun *n = &source->nouns[noun];

  snprintf (buffer, 64, "%s %s", n->uncountable ? "some" : noun_article (n->name), n->name);
  return buffer;
}

/* ---------------------------------------------------------------------------------------------------
 * Questions
 */

static bool
ask_number (const SceneSource *source, const Scene *scene, Random *random, SceneQuestion *question)
{
  int noun = any_object (scene, random)->noun;

  /* Large numbers are rare in scenes: prefer a group where there is one. */
  for (int i = 0; i < scene->n_objects; i++)
    if (count_of (scene, scene->objects[i].noun) > 1)
      noun = scene->objects[i].noun;
  /* Nearly always one otherwise, and then the answer is known unseen. */
  if (source->nouns[noun].uncountable || (count_of (scene, noun) == 1 && !random_next_chance (random, 0.15)))
    return false;
  snprintf (question->text, sizeof question->text, "how many %s are there?", plural_of (source, noun));
  snprintf (question->answer, sizeof question->answer, "%s", numbers[count_of (scene, noun)]);
  return true;
}

static bool
ask_colour (const SceneSource *source, const Scene *scene, Random *random, SceneQuestion *question)
{
  const SceneObject *object = single_object (scene, random, true, false);

  if (object == NULL)
    return false;
  snprintf (question->text, sizeof question->text, "what colour %s the %s?", is (source, object->noun),
            source->nouns[object->noun].name);
  snprintf (question->answer, sizeof question->answer, "%s", scene_colour (object->colour));
  return true;
}

static bool
ask_presence (const SceneSource *source, const Scene *scene, Random *random, SceneQuestion *question)
{
  bool there = random_next_chance (random, 0.5);
  int noun = there ? any_object (scene, random)->noun : scene_other_noun (source, random, &scene->nouns, false);
  char text[64];

  if (noun < 0)
    return false;
  snprintf (question->text, sizeof question->text, "%s there %s?", is (source, noun), one (source, noun, text));
  snprintf (question->answer, sizeof question->answer, "%s", there ? "yes" : "no");
  return true;
}

static bool
ask_size (const SceneSource *source, const Scene *scene, Random *random, SceneQuestion *question)
{
  const SceneObject *object = single_object (scene, random, false, true);

  if (object == NULL)
    return false;
  snprintf (question->text, sizeof question->text, "%s the %s small or large?", is (source, object->noun),
            source->nouns[object->noun].name);
  snprintf (question->answer, sizeof question->answer, "%s", object->extent == SCENE_SMALL ? "small" : "large");
  return true;
}

static bool
ask_what (const SceneSource *source, const Scene *scene, Random *random, SceneQuestion *question)
{
  const SceneObject *a, *b;

  if (!object_pair (scene, random, &a, &b))
    return false;
  /* The answer must be the only thing there. */
  for (int i = 0; i < scene->n_objects; i++)
    if (&scene->objects[i] != a && &scene->objects[i] != b
        && scene_relation_of (scene, &scene->objects[i], b) == scene_relation_of (scene, a, b))
      return false;
  snprintf (question->text, sizeof question->text, "what is %s the %s?",
            scene_relation_text (scene_relation_of (scene, a, b)), source->nouns[b->noun].name);
  snprintf (question->answer, sizeof question->answer, "%s", source->nouns[a->noun].name);
  return true;
}

static bool
ask_relation (const SceneSource *source, const Scene *scene, Random *random, SceneQuestion *question)
{
  const SceneObject *a, *b;
  bool holds = random_next_chance (random, 0.5);
  SceneRelation relation;

  if (!object_pair (scene, random, &a, &b))
    return false;
  relation = scene_relation_of (scene, a, b);
  snprintf (question->text, sizeof question->text, "%s the %s %s the %s?", is (source, a->noun),
            source->nouns[a->noun].name, scene_relation_text (holds ? relation : scene_relation_opposite (relation)),
            source->nouns[b->noun].name);
  snprintf (question->answer, sizeof question->answer, "%s", holds ? "yes" : "no");
  return true;
}

void
scene_question (const SceneSource *source, const Scene *scene, uint64_t seed, uint64_t index, SceneQuestion *question)
{
  static bool (*const kinds[]) (const SceneSource *, const Scene *, Random *, SceneQuestion *)
      = { ask_number, ask_colour, ask_presence, ask_size, ask_what, ask_relation };
  Random random = random_begin (seed, random_stream (STREAM_QUESTION, index, 0));

  for (int i = 0; i < 30; i++)
    if (kinds[random_next_below (&random, 6)](source, scene, &random, question))
      return;
  while (!ask_presence (source, scene, &random, question)) /* can always be asked of what is there */
    continue;
}

/* ---------------------------------------------------------------------------------------------------
 * Statements
 */

/* A statement that is true or false as wanted; false if this kind cannot be made of the scene. */
static bool
state_presence (const SceneSource *source, const Scene *scene, Random *random, bool truth, char *text)
{
  int noun = truth ? any_object (scene, random)->noun : scene_other_noun (source, random, &scene->nouns, false);
  char buffer[64];

  if (noun < 0)
    return false;
  snprintf (text, SCENE_MAX_TEXT, "there %s %s", is (source, noun), one (source, noun, buffer));
  return true;
}

static bool
state_number (const SceneSource *source, const Scene *scene, Random *random, bool truth, char *text)
{
  int noun = any_object (scene, random)->noun, count = count_of (scene, noun);

  /* A false one has the numbers of true ones, or the number alone would tell: of a thing that is not there, or one of
   * what is there more than once. */
  if (!truth && count > 1 && random_next_chance (random, 0.5))
    count = 1;
  else if (!truth)
    noun = scene_other_noun (source, random, &scene->nouns, false);
  if (noun < 0 || source->nouns[noun].uncountable)
    return false;
  snprintf (text, SCENE_MAX_TEXT, "there %s exactly %s %s", count == 1 ? "is" : "are", numbers[count],
            count == 1 ? source->nouns[noun].name : plural_of (source, noun));
  return true;
}

static bool
state_colour (const SceneSource *source, const Scene *scene, Random *random, bool truth, char *text)
{
  const SceneObject *object = single_object (scene, random, true, false);
  int colour;

  if (object == NULL)
    return false;
  colour = truth ? object->colour
                 : (object->colour + 1 + random_next_below (random, SCENE_N_COLOURS - 1)) % SCENE_N_COLOURS;
  snprintf (text, SCENE_MAX_TEXT, "the %s %s %s", source->nouns[object->noun].name, is (source, object->noun),
            scene_colour (colour));
  return true;
}

static bool
state_relation (const SceneSource *source, const Scene *scene, Random *random, bool truth, char *text)
{
  const SceneObject *a, *b;
  SceneRelation relation;

  if (!object_pair (scene, random, &a, &b))
    return false;
  relation = scene_relation_of (scene, a, b);
  snprintf (text, SCENE_MAX_TEXT, "the %s %s %s the %s", source->nouns[a->noun].name, is (source, a->noun),
            scene_relation_text (truth ? relation : scene_relation_opposite (relation)), source->nouns[b->noun].name);
  return true;
}

void
scene_statement (const SceneSource *source, const Scene *scene, uint64_t seed, uint64_t index, SceneVerdict verdict,
                 char text[SCENE_MAX_TEXT])
{
  static bool (*const kinds[]) (const SceneSource *, const Scene *, Random *, bool, char *)
      = { state_presence, state_number, state_colour, state_relation };
  Random random = random_begin (seed, random_stream (STREAM_STATEMENT, index, 0));
  bool truth = verdict == SCENE_ENTAILMENT;

  if (verdict == SCENE_NEUTRAL)
    {
      int noun = any_object (scene, &random)->noun;

      snprintf (text, SCENE_MAX_TEXT, "the %s %s %s", source->nouns[noun].name, is (source, noun),
                unseen[random_next_below (&random, sizeof unseen / sizeof unseen[0])]);
      return;
    }
  for (int i = 0; i < 30; i++)
    if (kinds[random_next_below (&random, 4)](source, scene, &random, truth, text))
      return;
  while (!state_presence (source, scene, &random, truth, text))
    truth = true;
}

/* ---------------------------------------------------------------------------------------------------
 * Pairs
 */

void
scene_pair (const SceneSource *source, uint64_t seed, uint64_t index, Scene *left, Scene *right)
{
  Random random = random_begin (seed, random_stream (STREAM_PAIR, index, 1));
  int shared = -1;

  /* Half of the pairs share a noun, so that 'both' and 'neither' are told apart by looking at both. */
  scene_compose (source, seed, FIRST_OF_PAIRS + 2 * index, left);
  if (random_next_chance (&random, 0.5))
    shared = any_object (left, &random)->noun;
  scene_compose_with (source, seed, FIRST_OF_PAIRS + 2 * index + 1, shared, right);
}

/* What is said, but for the noun; the same choices serve the true and the false statement of a pair, so that nothing
 * but the pictures tells them apart. */
typedef struct
{
  int kind;   /* 0 .. 5 */
  bool left;  /* kind 4: which picture */
  int number; /* kind 5 */
} PairTopic;

/* The topic's statement about a noun, and whether it holds. */
static bool
pair_statement (const SceneSource *source, const PairTopic *topic, int noun, int l, int r, char *text)
{
  char buffer[64];

  switch (topic->kind)
    {
    case 0:
      snprintf (text, SCENE_MAX_TEXT, "both pictures show %s", one (source, noun, buffer));
      return l > 0 && r > 0;
    case 1:
      snprintf (text, SCENE_MAX_TEXT, "neither picture shows %s", one (source, noun, buffer));
      return l == 0 && r == 0;
    case 2:
      snprintf (text, SCENE_MAX_TEXT, "only the left picture shows %s", one (source, noun, buffer));
      return l > 0 && r == 0;
    case 3:
      snprintf (text, SCENE_MAX_TEXT, "only the right picture shows %s", one (source, noun, buffer));
      return l == 0 && r > 0;
    case 4:
      snprintf (text, SCENE_MAX_TEXT, "the %s picture shows %s", topic->left ? "left" : "right",
                one (source, noun, buffer));
      return (topic->left ? l : r) > 0;
    default:
      snprintf (text, SCENE_MAX_TEXT, "there %s exactly %s %s in all", topic->number == 1 ? "is" : "are",
                numbers[topic->number], topic->number == 1 ? source->nouns[noun].name : source->nouns[noun].plural);
      return l + r == topic->number;
    }
}

/* A noun of which the topic's statement is as wanted; -1: none was found. */
static int
pair_noun (const SceneSource *source, const Scene *left, const Scene *right, const NounSet *both,
           const PairTopic *topic, bool truth, Random *random, char *text)
{
  for (int i = 0; i < 40; i++)
    {
      double u = random_next_uniform (random);
      int noun = u < 0.35  ? any_object (left, random)->noun
                 : u < 0.7 ? any_object (right, random)->noun
                           : scene_other_noun (source, random, both, false);

      if (noun < 0 || (topic->kind == 5 && source->nouns[noun].uncountable))
        continue;
      if (pair_statement (source, topic, noun, count_of (left, noun), count_of (right, noun), text) == truth)
        return noun;
    }
  return -1;
}

void
scene_pair_statement (const SceneSource *source, const Scene *left, const Scene *right, uint64_t seed, uint64_t index,
                      bool truth, char text[SCENE_MAX_TEXT])
{
  /* Two statements of a pair follow each other: their topic is one. */
  Random topics = random_begin (seed, random_stream (STREAM_PAIR, index / 2, 3));
  Random random = random_begin (seed, random_stream (STREAM_PAIR, index, 2));
  NounSet both = left->nouns;
  PairTopic topic;
  char other[SCENE_MAX_TEXT];
  int noun;

  for (int i = 0; i < NOUN_SET_WORDS; i++)
    both.words[i] |= right->nouns.words[i];
  for (int i = 0; i < 20; i++)
    {
      Random probe;

      topic = (PairTopic){ .kind = random_next_below (&topics, 6), .left = random_next_chance (&topics, 0.5) };
      noun = any_object (random_next_chance (&topics, 0.5) ? left : right, &topics)->noun;
      topic.number = count_of (left, noun) + count_of (right, noun);
      topic.number = topic.number > 4 ? 4 : topic.number;
      probe = topics;
      /* Only what can be said truly and falsely of this pair is said. */
      if (pair_noun (source, left, right, &both, &topic, true, &probe, other) >= 0
          && pair_noun (source, left, right, &both, &topic, false, &probe, other) >= 0
          && pair_noun (source, left, right, &both, &topic, truth, &random, text) >= 0)
        return;
    }
  /* Never seen: fall back to what can always be said. */
  topic = (PairTopic){ .kind = truth ? 4 : 1, .left = true };
  noun = left->objects[0].noun;
  pair_statement (source, &topic, noun, count_of (left, noun), count_of (right, noun), text);
}
