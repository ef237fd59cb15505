/* SPDX-License-Identifier: MIT
 * English for scenes: plurals, articles, things that cannot be counted, colours, shapes. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "scene-parts.h"

const char *const scene_shapes[SCENE_SHAPES]
    = { "circle", "square", "triangle", "oval", "pentagon", "rectangle", "crescent", "cross" };

static const struct
{
  const char *name;
  uint8_t rgb[3];
} colours[SCENE_N_COLOURS] = {
  { "black", { 32, 32, 34 } },    { "blue", { 40, 92, 216 } },    { "brown", { 132, 82, 44 } },
  { "green", { 48, 156, 62 } },   { "orange", { 245, 140, 26 } }, { "pink", { 246, 132, 182 } },
  { "purple", { 130, 62, 180 } }, { "red", { 218, 40, 42 } },     { "white", { 246, 246, 244 } },
  { "yellow", { 250, 214, 42 } },
};

const char *
scene_colour (int colour)
{
  return colour >= 0 && colour < SCENE_N_COLOURS ? colours[colour].name : NULL;
}

const uint8_t *
scene_colour_rgb (int colour)
{
  return colours[colour].rgb;
}

int
scene_colour_find (const char *name)
{
  for (int i = 0; i < SCENE_N_COLOURS; i++)
    if (strcmp (colours[i].name, name) == 0)
      return i;
  return -1;
}

/* Does the list hold the last word of `noun`? Returns its place, or -1. */
static int
last_word_in (const char *noun, const char *const *list)
{
  const char *space = strrchr (noun, ' '), *word = space != NULL ? space + 1 : noun;

  for (int i = 0; list[i] != NULL; i++)
    if (strcmp (list[i], word) == 0)
      return i;
  return -1;
}

static bool
ends_with (const char *text, const char *end)
{
  size_t n = strlen (text), m = strlen (end);

  return n >= m && strcmp (text + n - m, end) == 0;
}

char *
noun_plural (const char *noun)
{
  static const char *const singular[] = { "leaf", "moose", "mouse", "potato", "snowman", "tomato", NULL };
  static const char *const plural[] = { "leaves", "moose", "mice", "potatoes", "snowmen", "tomatoes" };
  size_t n = strlen (noun);
  int known = last_word_in (noun, singular);

  if (known >= 0)
    return mem_printf ("%.*s%s", (int) (n - strlen (singular[known])), noun, plural[known]);
  if (ends_with (noun, "s") || ends_with (noun, "x") || ends_with (noun, "ch") || ends_with (noun, "sh"))
    return mem_printf ("%ses", noun);
  if (ends_with (noun, "y") && n > 1 && strchr ("aeiou", noun[n - 2]) == NULL)
    return mem_printf ("%.*sies", (int) n - 1, noun);
  return mem_printf ("%ss", noun);
}

bool
noun_is_mass (const char *noun)
{
  static const char *const mass[]
      = { "bacon",     "beer", "bread", "broccoli", "butter",  "champagne", "cheese",  "coffee", "coral",   "corn",
          "curry",     "dna",  "fire",  "garlic",   "ginger",  "honey",     "lettuce", "lotion", "luggage", "mail",
          "meat",      "milk", "paper", "poop",     "popcorn", "rice",      "sake",    "salad",  "salt",    "soap",
          "spaghetti", "stew", "sushi", "tea",      "thread",  "underwear", "whiskey", "wine",   "yarn",    NULL };

  return last_word_in (noun, mass) >= 0 || strcmp (noun, "ice cream") == 0 || strcmp (noun, "shaved ice") == 0;
}

const char *
noun_article (const char *noun)
{
  /* Sounds, not letters: a unicorn, a ufo, an hourglass, an x-ray. */
  static const char *const with_a[] = { "uni", "ufo", "ute", "use", NULL };
  static const char *const with_an[] = { "hour", "xray", "suv", NULL };

  for (int i = 0; with_a[i] != NULL; i++)
    if (strncmp (noun, with_a[i], strlen (with_a[i])) == 0)
      return "a";
  for (int i = 0; with_an[i] != NULL; i++)
    if (strncmp (noun, with_an[i], strlen (with_an[i])) == 0)
      return "an";
  return strchr ("aeiou", noun[0]) != NULL ? "an" : "a";
}
