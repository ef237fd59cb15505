/* SPDX-License-Identifier: MIT
 * Composing a scene: how many things, which, how large, where; then the drawing. */
#include <stdlib.h>
#include <string.h>

#include "row-kernel.h"
#include "scene-parts.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=off")
#else
#pragma STDC FP_CONTRACT OFF
#endif

/* Shares of the canvas's side, and chances. */
#define SIDE_MIN (28 / 128.0)
#define SIDE_MAX (72 / 128.0)
#define SIDE_MAX_OF_3 0.47
#define SIDE_MAX_OF_4 0.41
#define SMALL_UP_TO 0.28
#define LARGE_FROM 0.44
#define OVERLAP_MAX 0.08 /* of the smaller box */
#define CHANCE_REPEAT 0.15
#define CHANCE_MIRROR 0.5
#define CHANCE_TURN 0.3
#define SLOPE_MAX 0.158384    /* tan (18 / 2 degrees) */
#define CHANCE_BRIGHTNESS 0.5 /* of an object: 0.8-1.15 */
#define CHANCE_LIGHT 0.3      /* of the whole picture: 0.75-1.2 */
#define PLACES 40             /* tried before an object shrinks */
#define SHRINKS 4             /* before it is left out */

/* Which stream of (seed, index) is for what: changing one part leaves the others as they are. */
enum
{
  STREAM_LAYOUT = 0x5ce0,
  STREAM_BACKGROUND,
  STREAM_TEXT
};

typedef struct
{
  Stamp stamps[SCENE_MAX_OBJECTS];
  int nouns[SCENE_MAX_OBJECTS]; /* planned */
  int n;
} Layout;

/* ---------------------------------------------------------------------------------------------------
 * What
 */

static bool
family_taken (const SceneSource *source, const Layout *layout, int noun)
{
  for (int i = 0; i < layout->n; i++)
    if (source->nouns[layout->nouns[i]].family == source->nouns[noun].family)
      return true;
  return false;
}

static int
draw_count (const SceneSource *source, Random *random)
{
  double u = random_next_uniform (random);
  int n = 1;

  while (n < SCENE_MAX_OBJECTS && u >= source->options.counts[n - 1])
    u -= source->options.counts[n++ - 1];
  return n;
}

static void
plan_nouns (const SceneSource *source, Random *random, int must, Layout *layout)
{
  int count = draw_count (source, random), tries = 0;
  bool repeat = random_next_chance (random, CHANCE_REPEAT) && count > 1;

  layout->n = 0;
  while (layout->n < count && tries++ < 1000)
    {
      int noun = layout->n == 0 && must >= 0 ? must : random_next_below (random, source->n_nouns);

      if (family_taken (source, layout, noun))
        continue;
      layout->nouns[layout->n++] = noun;
      if (repeat && layout->n == 1 && !source->nouns[noun].uncountable)
        for (int more = 1 + random_next_below (random, count - 1); more > 0; more--)
          layout->nouns[layout->n++] = noun;
    }
}

static const Drawing *
choose_drawing (const SceneNoun *noun, Random *random)
{
  int style = random_next_below (random, noun->n_styles);
  int start = style > 0 ? noun->style_ends[style - 1] : 0;

  return &noun->drawings[start + random_next_below (random, noun->style_ends[style] - start)];
}

/* ---------------------------------------------------------------------------------------------------
 * Where
 */

/* True if a box overlaps each earlier one by at most OVERLAP_MAX of the smaller. */
static bool
fits (const Scene *scene, int x, int y, int width, int height)
{
  for (int i = 0; i < scene->n_objects; i++)
    {
      const int *b = scene->objects[i].box;
      int w = (x + width < b[2] ? x + width : b[2]) - (x > b[0] ? x : b[0]);
      int h = (y + height < b[3] ? y + height : b[3]) - (y > b[1] ? y : b[1]);
      int other = (b[2] - b[0]) * (b[3] - b[1]), own = width * height;

      if (w > 0 && h > 0 && w * h > OVERLAP_MAX * (own < other ? own : other))
        return false;
    }
  return true;
}

static bool
find_place (const Scene *scene, Random *random, const Stamp *stamp, int *x, int *y)
{
  if (stamp->width > scene->size || stamp->height > scene->size)
    return false;
  for (int i = 0; i < PLACES; i++)
    {
      *x = random_next_below (random, scene->size - stamp->width + 1);
      *y = random_next_below (random, scene->size - stamp->height + 1);
      if (fits (scene, *x, *y, stamp->width, stamp->height))
        return true;
    }
  return false;
}

static void
place_object (const SceneSource *source, Random *random, Layout *layout, int noun, Scene *scene)
{
  const Drawing *drawing = choose_drawing (&source->nouns[noun], random);
  double most = layout->n == 4 ? SIDE_MAX_OF_4 : layout->n == 3 ? SIDE_MAX_OF_3 : SIDE_MAX;
  double side = random_next_between (random, SIDE_MIN, most);
  bool mirrored = random_next_chance (random, CHANCE_MIRROR);
  double slope = random_next_chance (random, CHANCE_TURN) ? random_next_between (random, -SLOPE_MAX, SLOPE_MAX) : 0;
  int brightness = random_next_chance (random, CHANCE_BRIGHTNESS) ? (int) random_next_between (random, 205, 295) : 256;

  for (int shrink = 0; shrink < SHRINKS; shrink++, side *= 0.85)
    {
      SceneObject *object = &scene->objects[scene->n_objects];
      Stamp stamp;
      int x, y;

      if (!drawing_stamp (drawing, side * scene->size, mirrored, slope, brightness, &stamp))
        continue;
      if (!find_place (scene, random, &stamp, &x, &y))
        {
          free (stamp.pixels);
          continue;
        }
      *object = (SceneObject){
        .noun = noun,
        .colour = drawing->colour,
        .extent = side <= SMALL_UP_TO  ? SCENE_SMALL
                  : side >= LARGE_FROM ? SCENE_LARGE
                                       : SCENE_MEDIUM,
        .box = { x, y, x + stamp.width, y + stamp.height },
      };
      layout->stamps[scene->n_objects++] = stamp;
      noun_set_add (&scene->nouns, noun);
      return;
    }
}

/* ---------------------------------------------------------------------------------------------------
 * The picture
 */

ROW_KERNEL static void
light (uint8_t *pixels, size_t n, int brightness)
{
  for (size_t i = 0; i < n; i++)
    {
      int v = (pixels[i] * brightness) >> 8;

      pixels[i] = (uint8_t) (v < 255 ? v : 255);
    }
}

static void
draw (const Layout *layout, Random random, const Scene *scene)
{
  background_draw (&random, scene->pixels, scene->size);
  for (int i = 0; i < scene->n_objects; i++)
    stamp_blend (&layout->stamps[i], scene->pixels, scene->size, scene->objects[i].box[0], scene->objects[i].box[1]);
  if (random_next_chance (&random, CHANCE_LIGHT))
    light (scene->pixels, (size_t) scene->size * (size_t) scene->size * 3,
           (int) random_next_between (&random, 192, 308));
}

void
scene_compose_with (const SceneSource *source, uint64_t seed, uint64_t index, int noun, Scene *scene)
{
  Random random = random_begin (seed, random_stream (STREAM_LAYOUT, index, 0));
  Random text = random_begin (seed, random_stream (STREAM_TEXT, index, 0));
  uint8_t *pixels = scene->pixels;
  Layout layout;

  *scene = (Scene){ .size = source->options.size, .pixels = pixels };
  while (scene->n_objects == 0) /* a drawing too thin to be seen is tried again, as another one where it may be */
    {
      plan_nouns (source, &random, noun, &layout);
      for (int i = 0; i < layout.n; i++)
        place_object (source, &random, &layout, layout.nouns[i], scene);
    }
  scene_describe (source, &text, noun, scene);
  if (pixels != NULL)
    draw (&layout, random_begin (seed, random_stream (STREAM_BACKGROUND, index, 0)), scene);
  for (int i = 0; i < scene->n_objects; i++)
    free (layout.stamps[i].pixels);
}

void
scene_compose (const SceneSource *source, uint64_t seed, uint64_t index, Scene *scene)
{
  scene_compose_with (source, seed, index, -1, scene);
}

void
scene_patch_labels (const Scene *scene, int grid, int *labels)
{
  for (int row = 0; row < grid; row++)
    for (int column = 0; column < grid; column++)
      {
        /* The centre in halves of a patch, so that it stays whole. */
        int64_t x = (int64_t) (2 * column + 1) * scene->size, y = (int64_t) (2 * row + 1) * scene->size;

        labels[row * grid + column] = 0;
        for (int i = 0; i < scene->n_objects; i++)
          {
            const int *b = scene->objects[i].box;

            if (x >= (int64_t) b[0] * 2 * grid && x < (int64_t) b[2] * 2 * grid && y >= (int64_t) b[1] * 2 * grid
                && y < (int64_t) b[3] * 2 * grid)
              labels[row * grid + column] = scene->objects[i].noun + 1;
          }
      }
}
