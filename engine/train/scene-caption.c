/* SPDX-License-Identifier: MIT
 * What a scene's caption says, and the same caption with one thing wrong. A caption is first decided as a list of
 * phrases (Wording), then written, so that a foil is the same wording with one part changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "scene-parts.h"

#define CHANCE_COLOUR 0.4
#define CHANCE_SHAPE_COLOUR 0.8 /* geometric shapes */
#define CHANCE_SMALL 0.25
#define CHANCE_LARGE 0.35
#define CHANCE_THE 0.1
#define CHANCE_SOME 0.4 /* 'some cheese', else 'cheese' */
#define CHANCE_PREFIX 0.62
#define CHANCE_RELATION_PREFIX 0.3
#define CHANCE_WITH 0.25 /* 'a carrot with a flower' */
#define SIDE_RATIO 1.3   /* how much one direction must outweigh the other */
#define SIDE_LEAST (24 / 128.0)
#define FOIL_RELATION_BELOW 0.35
#define FOIL_COLOUR_BELOW 0.55

typedef struct
{
  int noun;
  int count;
  bool the, some;
  const char *extent; /* "small" ...; NULL */
  int colour;         /* -1: not named */
  int objects[SCENE_MAX_OBJECTS];
} Phrase;

typedef struct
{
  int prefix; /* of prefixes */
  Phrase phrases[SCENE_MAX_PHRASES];
  int n;
  SceneRelation relation;
  bool under; /* 'under' for 'below' */
  bool with;
} Wording;

static const char *const prefixes[][2] = {
  /* before one thing, before several */
  { "", "" },
  { "this is ", "these are " },
  { "an image with ", "an image with " },
  { "a photo of ", "a photo of " },
  { "a picture of ", "a picture of " },
  { "there is ", "there are " },
};

enum
{
  N_PREFIXES = sizeof prefixes / sizeof prefixes[0]
};

const char *const scene_caption_words[] = {
  "this is these are an image with a photo of a picture of there is there are the some two three four small large big "
  "left of right of above below under next to and with",
  NULL
};

/* ---------------------------------------------------------------------------------------------------
 * Relations
 */

const char *
scene_relation_text (SceneRelation relation)
{
  static const char *const texts[] = { "", "left of", "right of", "above", "below", "next to" };

  return texts[relation];
}

SceneRelation
scene_relation_of (const Scene *scene, const SceneObject *a, const SceneObject *b)
{
  /* Twice the distances of the centres, so that they stay whole. */
  int dx = a->box[0] + a->box[2] - b->box[0] - b->box[2], dy = a->box[1] + a->box[3] - b->box[1] - b->box[3];
  double wide = abs (dx), high = abs (dy), least = 2 * SIDE_LEAST * scene->size;

  if (wide > SIDE_RATIO * high && wide > least)
    return dx < 0 ? SCENE_LEFT_OF : SCENE_RIGHT_OF;
  if (high > SIDE_RATIO * wide && high > least)
    return dy < 0 ? SCENE_ABOVE : SCENE_BELOW;
  return SCENE_NEXT_TO;
}

SceneRelation
scene_relation_opposite (SceneRelation relation)
{
  static const SceneRelation opposites[]
      = { SCENE_NO_RELATION, SCENE_RIGHT_OF, SCENE_LEFT_OF, SCENE_BELOW, SCENE_ABOVE, SCENE_NEXT_TO };

  return opposites[relation];
}

/* ---------------------------------------------------------------------------------------------------
 * Deciding
 */

/* The picture's things by noun: one phrase each, in the order of the objects. */
static int
group_objects (const Scene *scene, Phrase *phrases)
{
  int n = 0;

  for (int i = 0; i < scene->n_objects; i++)
    {
      int g = 0;

      while (g < n && phrases[g].noun != scene->objects[i].noun)
        g++;
      if (g == n)
        phrases[n++] = (Phrase){ .noun = scene->objects[i].noun, .colour = -1 };
      phrases[g].objects[phrases[g].count++] = i;
    }
  return n;
}

/* Which of the adjectives that are true are said. */
static void
choose_adjectives (const SceneSource *source, Random *random, const Scene *scene, Phrase *phrase)
{
  const SceneObject *first = &scene->objects[phrase->objects[0]];
  bool shape = phrase->noun >= source->n_sprite_nouns;
  int colour = first->colour;
  SceneExtent extent = first->extent;

  for (int i = 1; i < phrase->count; i++)
    {
      const SceneObject *other = &scene->objects[phrase->objects[i]];

      colour = other->colour == colour ? colour : -1;
      extent = other->extent == extent ? extent : SCENE_MEDIUM;
    }
  if (random_next_chance (random, shape ? CHANCE_SHAPE_COLOUR : CHANCE_COLOUR))
    phrase->colour = colour;
  if (extent == SCENE_SMALL && random_next_chance (random, CHANCE_SMALL))
    phrase->extent = "small";
  if (extent == SCENE_LARGE && random_next_chance (random, CHANCE_LARGE))
    phrase->extent = random_next_chance (random, 0.5) ? "large" : "big";
  phrase->the = random_next_chance (random, CHANCE_THE);
  phrase->some = random_next_chance (random, CHANCE_SOME);
}

static void
swap_phrases (Phrase *a, Phrase *b)
{
  Phrase other = *a;

  *a = *b;
  *b = other;
}

static void
choose_wording (const SceneSource *source, Random *random, int must, const Scene *scene, Wording *wording)
{
  int groups = group_objects (scene, wording->phrases), first = 0;
  bool all = random_next_chance (random, source->options.all_named);

  wording->n = groups;
  for (int i = groups - 1; i > 0; i--)
    swap_phrases (&wording->phrases[i], &wording->phrases[random_next_below (random, i + 1)]);
  if (!all && groups > 1)
    wording->n = 1 + random_next_below (random, groups - 1);
  /* What must be named goes among the named. */
  while (first < groups && wording->phrases[first].noun != must)
    first++;
  if (first < groups && first >= wording->n)
    swap_phrases (&wording->phrases[first], &wording->phrases[random_next_below (random, wording->n)]);
  for (int i = 0; i < wording->n; i++)
    choose_adjectives (source, random, scene, &wording->phrases[i]);
  if (wording->n == 2 && wording->phrases[0].count == 1 && wording->phrases[1].count == 1
      && random_next_chance (random, source->options.relation))
    wording->relation = scene_relation_of (scene, &scene->objects[wording->phrases[0].objects[0]],
                                           &scene->objects[wording->phrases[1].objects[0]]);
  wording->under = random_next_chance (random, 0.25);
  wording->with = wording->n == 2 && random_next_chance (random, CHANCE_WITH);
  if (random_next_chance (random, wording->relation != SCENE_NO_RELATION ? CHANCE_RELATION_PREFIX : CHANCE_PREFIX))
    wording->prefix = 1 + random_next_below (random, N_PREFIXES - 1);
}

/* ---------------------------------------------------------------------------------------------------
 * Writing
 */

typedef struct
{
  char *text;
  int length;
} Writer;

static void
put (Writer *writer, const char *text)
{
  int room = SCENE_MAX_TEXT - writer->length, n = snprintf (writer->text + writer->length, (size_t) room, "%s", text);

  writer->length += n < room ? n : room - 1;
}

static void
put_word (Writer *writer, const char *word)
{
  put (writer, word);
  put (writer, " ");
}

static void
write_phrase (const SceneSource *source, Writer *writer, const Phrase *phrase, ScenePhrase *out)
{
  static const char *const numbers[] = { "", "", "two", "three", "four" };
  const SceneNoun *noun = &source->nouns[phrase->noun];
  const char *name = phrase->count > 1 ? noun->plural : noun->name;
  const char *next = phrase->extent != NULL ? phrase->extent
                     : phrase->colour >= 0  ? scene_colour (phrase->colour)
                                            : name;

  out->start = writer->length;
  if (phrase->count > 1)
    put_word (writer, numbers[phrase->count]);
  else if (phrase->the)
    put_word (writer, "the");
  else if (!noun->uncountable)
    put_word (writer, noun_article (next));
  else if (phrase->some)
    put_word (writer, "some");
  if (phrase->extent != NULL)
    put_word (writer, phrase->extent);
  if (phrase->colour >= 0)
    put_word (writer, scene_colour (phrase->colour));
  out->noun_start = writer->length;
  put (writer, name);
  out->noun_end = out->end = writer->length;
  out->noun = phrase->noun;
}

static void
write_wording (const SceneSource *source, const Wording *wording, char *text, ScenePhrase *phrases)
{
  Writer writer = { text, 0 };
  bool several = wording->phrases[0].count > 1 || source->nouns[wording->phrases[0].noun].several;

  text[0] = 0;
  put (&writer, prefixes[wording->prefix][several]);
  for (int i = 0; i < wording->n; i++)
    {
      if (i > 0 && wording->relation != SCENE_NO_RELATION)
        {
          bool under = wording->relation == SCENE_BELOW && wording->under;

          put (&writer, " ");
          put_word (&writer, under ? "under" : scene_relation_text (wording->relation));
        }
      else if (i > 0)
        put (&writer, i < wording->n - 1 ? ", " : wording->with ? " with " : " and ");
      write_phrase (source, &writer, &wording->phrases[i], &phrases[i]);
    }
}

/* ---------------------------------------------------------------------------------------------------
 * Foils
 */

int
scene_other_noun (const SceneSource *source, Random *random, const NounSet *nouns, bool countable)
{
  for (int i = 0; i < 200; i++)
    {
      int noun = random_next_below (random, source->n_nouns);
      bool near = countable && source->nouns[noun].uncountable;

      for (int k = 0; k < source->n_nouns && !near; k++)
        near = noun_set_has (nouns, k) && source->nouns[k].family == source->nouns[noun].family;
      if (!near)
        return noun;
    }
  return -1;
}

static void
make_foil (const SceneSource *source, Random *random, Wording wording, Scene *scene)
{
  ScenePhrase unused[SCENE_MAX_PHRASES];
  double u = random_next_uniform (random);
  int i, coloured = 0, noun;

  for (int p = 0; p < wording.n; p++)
    coloured += wording.phrases[p].colour >= 0;
  if (u < FOIL_RELATION_BELOW && wording.relation != SCENE_NO_RELATION && wording.relation != SCENE_NEXT_TO)
    {
      scene->foil_kind = SCENE_FOIL_RELATION;
      wording.relation = scene_relation_opposite (wording.relation);
    }
  else if (u < FOIL_COLOUR_BELOW && coloured > 0)
    {
      int chosen = random_next_below (random, coloured), p = -1;

      while (chosen >= 0)
        chosen -= wording.phrases[++p].colour >= 0;
      scene->foil_kind = SCENE_FOIL_COLOUR;
      wording.phrases[p].colour
          = (wording.phrases[p].colour + 1 + random_next_below (random, SCENE_N_COLOURS - 1)) % SCENE_N_COLOURS;
    }
  else
    {
      i = random_next_below (random, wording.n);
      noun = scene_other_noun (source, random, &scene->nouns, wording.phrases[i].count > 1);
      scene->foil_kind = SCENE_FOIL_NOUN;
      if (noun >= 0)
        wording.phrases[i].noun = noun;
    }
  write_wording (source, &wording, scene->foil, unused);
}

/* ---------------------------------------------------------------------------------------------------
 * All of it
 */

void
scene_describe (const SceneSource *source, Random *random, int must, Scene *scene)
{
  Wording wording = { 0 };

  choose_wording (source, random, must, scene, &wording);
  write_wording (source, &wording, scene->caption, scene->phrases);
  scene->relation = wording.relation;
  scene->n_phrases = wording.n;
  for (int p = 0; p < wording.n; p++)
    {
      scene->phrases[p].n_boxes = wording.phrases[p].count;
      for (int i = 0; i < wording.phrases[p].count; i++)
        memcpy (scene->phrases[p].boxes[i], scene->objects[wording.phrases[p].objects[i]].box,
                sizeof scene->phrases[p].boxes[i]);
      noun_set_add (&scene->caption_nouns, wording.phrases[p].noun);
    }
  make_foil (source, random, wording, scene);
}
