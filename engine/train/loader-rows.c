/* SPDX-License-Identifier: MIT
 * What is in a batch: pictures, texts, labels, regions, row by row; then the texts laid out side by side. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "loader-parts.h"
#include "preprocess.h"
#include "wordpiece.h"

#define MAX_DRAWS 100 /* for a row whose pictures cannot be read */

/* ---------------------------------------------------------------------------------------------------
 * Pictures
 */

static float *
row_pixels (const Making *making, int image, int row)
{
  size_t r = (size_t) making->loader->options.resolution;

  return making->batch->pixels + ((size_t) image * (size_t) making->loader->options.batch + (size_t) row) * 3 * r * r;
}

/* Opens, augments and normalises a sample's pictures; false: one of them cannot be read, which is noted. */
static bool
load_pictures (Making *making, int64_t index, int row, bool allow_flip, AugmentTrace *trace)
{
  Loader *loader = making->loader;
  const LoaderOptions *o = &loader->options;
  const Sample *sample = dataset_sample (o->dataset, index);
  uint64_t epoch = (uint64_t) making->batch->epoch, place = making->places[row];

  for (int i = 0; i < sample->n_images; i++)
    {
      AlbefError error = ALBEF_ERROR_INIT;
      AlbefImage *image = NULL;
      Random random = random_begin (o->seed, random_stream (i == 0 ? STREAM_AUGMENT : STREAM_SECOND, epoch, place));
      bool made = false;

      if (albef_image_open (sample->images[i], ALBEF_IMAGE_STORED, &image, &error) == ALBEF_OK)
        {
          made
              = augment_picture (&o->augment, random, allow_flip, albef_image_pixels (image), albef_image_width (image),
                                 albef_image_height (image), o->resolution, making->pixels, i == 0 ? trace : NULL);
          if (!made)
            error_set (&error, ALBEF_ERROR_MEMORY, "no memory to resize '%s'", sample->images[i]);
          albef_image_free (image);
        }
      if (!made)
        {
          loader_note (loader, TROUBLE_UNREADABLE, making->global, row, index, "'%s' record %d: %s",
                       dataset_file (o->dataset, sample->file), sample->record, error.message);
          return false;
        }
      preprocess_pixels (making->pixels, o->resolution, loader->mean, loader->std, row_pixels (making, i, row));
    }
  return true;
}

/* ---------------------------------------------------------------------------------------------------
 * A row from a set
 */

typedef struct
{
  const char *text, *foil; /* NULL: none */
  bool allow_flip;
} Chosen;

static Chosen
choose_texts (const Making *making, const Sample *sample, int row)
{
  const LoaderOptions *o = &making->loader->options;
  uint64_t epoch = (uint64_t) making->batch->epoch, place = making->places[row];
  Chosen chosen = { .allow_flip = true };

  if (sample->n_texts > 0)
    chosen.text = sample->texts[sample->n_texts == 1 ? 0
                                                     : random_below (o->seed, random_stream (STREAM_TEXT, epoch, place),
                                                                     0, (uint64_t) sample->n_texts)];
  if (o->foils && sample->n_foils > 0)
    chosen.foil
        = sample
              ->foils[random_below (o->seed, random_stream (STREAM_FOIL, epoch, place), 0, (uint64_t) sample->n_foils)];
  if ((chosen.text != NULL && text_names_side (chosen.text)) || (chosen.foil != NULL && text_names_side (chosen.foil)))
    chosen.allow_flip = false;
  for (int a = 0; a < sample->n_answers; a++)
    if (text_names_side (sample->answers[a]))
      chosen.allow_flip = false;
  return chosen;
}

static void
add_regions (Making *making, const Sample *sample, int row, const AugmentTrace *trace)
{
  int m = making->loader->options.region_size;
  float *mask = making->batch->regions + (size_t) row * (size_t) m * (size_t) m;
  bool marked = false, said = false;
  int from = 0, to = sample->n_regions;

  for (size_t t = 0; t < making->texts[row].length && !said; t++)
    said = sample_phrase_holds (sample, &making->texts[row].pieces[t]);
  if (making->loader->options.one_region && sample->n_regions > 0)
    {
      uint64_t stream = random_stream (STREAM_REGION, (uint64_t) making->batch->epoch, making->places[row]);

      from = (int) random_below (making->loader->options.seed, stream, 0, (uint64_t) sample->n_regions);
      to = from + 1;
    }
  for (int i = from; i < to && said; i++)
    if (region_render (&sample->regions[i], &trace->motion, 0.1, mask, m, m))
      marked = true;
  making->batch->has_region[row] = marked;
}

/* Fills a row from sample `index`; false: its picture cannot be read. */
static bool
fill_from_sample (Making *making, int64_t index, int row)
{
  Loader *loader = making->loader;
  const LoaderOptions *o = &loader->options;
  const Sample *sample = dataset_sample (o->dataset, index);
  HostBatch *batch = making->batch;
  Chosen chosen = choose_texts (making, sample, row);
  AugmentTrace trace;

  if (!load_pictures (making, index, row, chosen.allow_flip, &trace))
    return false;
  batch->samples[row] = index;
  batch->texts[row] = mem_strdup (chosen.text != NULL ? chosen.text : "");
  if (making_encode (loader, batch->texts[row], &making->texts[row], o->truncate))
    loader_note (loader, TROUBLE_CUT, making->global, row, index,
                 "'%s' record %d: the text was cut to %zu word pieces by the length limit",
                 dataset_file (o->dataset, sample->file), sample->record, making->texts[row].length);
  batch->idx[row] = (int32_t) sample->id;
  batch->labels[row] = sample->label;
  batch->numbers[row] = sample->number;
  batch->weights[row] = sample->weight;
  batch->pair[row] = sample->pair;
  making_add_answers (making, sample, row);
  if (o->foils)
    {
      batch->has_foil[row] = chosen.foil != NULL;
      making_encode (loader, chosen.foil != NULL ? chosen.foil : "", &making->foils[row], true);
    }
  if (o->region_size > 0)
    add_regions (making, sample, row, &trace);
  return true;
}

/* ---------------------------------------------------------------------------------------------------
 * A row from a scene
 */

/* 1 for the patches of G x G whose centre lies in one of the boxes. */
static void
mark_cells (const ScenePhrase *phrase, int size, int grid, float *cells)
{
  for (int row = 0; row < grid; row++)
    for (int column = 0; column < grid; column++)
      {
        double x = (column + 0.5) * size / grid, y = (row + 0.5) * size / grid;
        bool inside = false;

        for (int i = 0; i < phrase->n_boxes; i++)
          {
            const int *b = phrase->boxes[i];

            inside = inside || (x >= b[0] && x < b[2] && y >= b[1] && y < b[3]);
          }
        cells[row * grid + column] = inside;
      }
}

/* Finds the noun pieces of a caption and, where wanted, their patches. */
static void
add_nouns (Making *making, const Scene *scene, int row)
{
  HostBatch *batch = making->batch;
  const PieceList *list = &making->texts[row];
  int grid = making->loader->options.patch_grid;
  size_t cells = (size_t) grid * (size_t) grid;

  making->nouns[row] = mem_new0 (list->length, sizeof (bool));
  for (size_t t = 1; t < list->length; t++)
    for (int p = 0; p < scene->n_phrases; p++)
      {
        const ScenePhrase *phrase = &scene->phrases[p];

        if ((int) list->pieces[t].start < phrase->noun_start || (int) list->pieces[t].end > phrase->noun_end)
          continue;
        making->nouns[row][t] = true;
        if (grid == 0)
          continue;
        if ((size_t) batch->n_noun_tokens == making->slot->noun_room)
          {
            making->slot->noun_room = making->slot->noun_room > 0 ? 2 * making->slot->noun_room : 256;
            batch->noun_tokens = mem_resize (batch->noun_tokens, making->slot->noun_room, sizeof *batch->noun_tokens);
            batch->noun_cells
                = mem_resize (batch->noun_cells, making->slot->noun_room * cells, sizeof *batch->noun_cells);
          }
        batch->noun_tokens[batch->n_noun_tokens] = (NounToken){ .row = row, .token = (int32_t) t };
        mark_cells (phrase, scene->size, grid, batch->noun_cells + (size_t) batch->n_noun_tokens++ * cells);
      }
}

static AlbefStatus
fill_from_scene (Making *making, int row, AlbefError *error)
{
  Loader *loader = making->loader;
  const LoaderOptions *o = &loader->options;
  HostBatch *batch = making->batch;
  int64_t index = batch->epoch * loader->n_samples + (int64_t) making->places[row];
  Scene scene = { .pixels = making->scene_pixels };
  const uint8_t *pixels = making->scene_pixels;

  scene_compose (o->scenes, o->scene_seed, (uint64_t) index, &scene);
  if (scene.size != o->resolution)
    {
      if (!augment_picture (&augment_none, random_begin (0, 0), false, pixels, scene.size, scene.size, o->resolution,
                            making->pixels, NULL))
        return error_set (error, ALBEF_ERROR_MEMORY, "no memory to resize a scene");
      pixels = making->pixels;
    }
  preprocess_pixels (pixels, o->resolution, loader->mean, loader->std, row_pixels (making, 0, row));
  batch->samples[row] = index;
  batch->texts[row] = mem_strdup (scene.caption);
  if (making_encode (loader, scene.caption, &making->texts[row], o->truncate))
    loader_note (loader, TROUBLE_CUT, making->global, row, index,
                 "scene %lld: the caption was cut to %zu word pieces by the length limit", (long long) index,
                 making->texts[row].length);
  batch->idx[row] = (int32_t) (making->places[row]);
  batch->labels[row] = -1;
  batch->numbers[row] = -1;
  batch->weights[row] = batch->pair[row] = 1;
  batch->answer_counts[row] = 0;
  batch->image_nouns[row] = scene.nouns;
  batch->caption_nouns[row] = scene.caption_nouns;
  if (o->foils)
    {
      batch->has_foil[row] = 1;
      making_encode (loader, scene.foil, &making->foils[row], true);
    }
  if (o->patch_grid > 0)
    scene_patch_labels (&scene, o->patch_grid,
                        batch->patch_labels + (size_t) row * (size_t) (o->patch_grid * o->patch_grid));
  add_nouns (making, &scene, row);
  return ALBEF_OK;
}

/* ---------------------------------------------------------------------------------------------------
 * The batch
 */

/* Which sample comes at a place of the epoch. */
static int64_t
sample_at (const Loader *loader, int64_t epoch, uint64_t place)
{
  const LoaderOptions *o = &loader->options;

  if (!o->shuffle)
    return (int64_t) place;
  return (int64_t) random_permute (o->seed, random_stream (STREAM_ORDER, (uint64_t) epoch, 0),
                                   (uint64_t) loader->n_samples, place);
}

static AlbefStatus
fill_row (Making *making, int row, bool *filled, AlbefError *error)
{
  Loader *loader = making->loader;
  const LoaderOptions *o = &loader->options;
  uint64_t stream = random_stream (STREAM_REPLACE, (uint64_t) making->batch->epoch, making->places[row]);
  int64_t index;

  *filled = true;
  if (o->scenes != NULL)
    return fill_from_scene (making, row, error);
  index = sample_at (loader, making->batch->epoch, making->places[row]);
  for (int draw = 0; draw < MAX_DRAWS; draw++)
    {
      if (fill_from_sample (making, index, row))
        return ALBEF_OK;
      if (!o->shuffle)
        {
          *filled = false;
          return ALBEF_OK;
        }
      index = (int64_t) random_below (o->seed, stream, (uint64_t) draw, (uint64_t) loader->n_samples);
    }
  return error_set (error, ALBEF_ERROR_FILE,
                    "none of %d samples drawn for one place has a picture that can be read; the last: '%s'", MAX_DRAWS,
                    dataset_sample (o->dataset, index)->images[0]);
}

static void
free_texts (HostBatch *batch)
{
  for (int r = 0; r < batch->rows; r++)
    free (batch->texts[r]);
  batch->rows = 0;
}

AlbefStatus
slot_fill (Loader *loader, Slot *slot, int64_t global, AlbefError *error)
{
  const LoaderOptions *o = &loader->options;
  HostBatch *batch = &slot->batch;
  size_t pixels = (size_t) o->resolution * (size_t) o->resolution * 3, all = (size_t) o->batch;
  int size = o->scenes != NULL ? scene_source_size (o->scenes) : 0;
  Making making = { .loader = loader, .slot = slot, .batch = batch, .global = global };
  int64_t start;
  AlbefStatus status = ALBEF_OK;

  free_texts (batch);
  batch->epoch = global / loader->n_batches;
  batch->number = global % loader->n_batches;
  batch->n_images = loader->n_images;
  batch->n_noun_tokens = 0;
  making.texts = mem_new0 (all, sizeof *making.texts);
  making.foils = mem_new0 (all, sizeof *making.foils);
  making.nouns = mem_new0 (all, sizeof *making.nouns);
  making.places = mem_new0 (all, sizeof *making.places);
  making.pixels = mem_new0 (pixels, 1);
  making.scene_pixels = size > 0 ? mem_new0 ((size_t) size * (size_t) size * 3, 1) : NULL;
  if (o->region_size > 0)
    memset (batch->regions, 0, all * (size_t) o->region_size * (size_t) o->region_size * sizeof (float));
  start = batch->number * o->batch;
  for (int64_t place = start; place < start + o->batch && place < loader->n_samples && status == ALBEF_OK; place++)
    {
      bool filled;

      making.places[batch->rows] = (uint64_t) place;
      status = fill_row (&making, batch->rows, &filled, error);
      if (status == ALBEF_OK && filled)
        batch->rows++;
    }
  if (status == ALBEF_OK)
    {
      /* Second pictures follow the first ones without a gap also in a batch that is not full. */
      if (loader->n_images == 2 && batch->rows < o->batch)
        memmove (batch->pixels + (size_t) batch->rows * pixels, batch->pixels + all * pixels,
                 (size_t) batch->rows * pixels * sizeof (float));
      making_finish_texts (&making);
    }
  for (size_t r = 0; r < all; r++)
    {
      piece_list_free (&making.texts[r]);
      piece_list_free (&making.foils[r]);
      free (making.nouns[r]);
    }
  for (int a = 0; a < making.n_answers; a++)
    piece_list_free (&making.answers[a]);
  free (making.texts);
  free (making.foils);
  free (making.answers);
  free (making.nouns);
  free (making.places);
  free (making.pixels);
  free (making.scene_pixels);
  return status;
}

void
slot_prepare (const Loader *loader, Slot *slot)
{
  const LoaderOptions *o = &loader->options;
  size_t rows = (size_t) o->batch, side = (size_t) o->resolution, m = (size_t) o->region_size,
         g = (size_t) o->patch_grid;
  HostBatch *batch = &slot->batch;

  slot->holds = -1;
  batch->pixels = mem_new0 ((size_t) loader->n_images * rows * 3 * side * side, sizeof *batch->pixels);
  batch->samples = mem_new0 (rows, sizeof *batch->samples);
  batch->texts = mem_new0 (rows, sizeof *batch->texts);
  batch->idx = mem_new0 (rows, sizeof *batch->idx);
  batch->labels = mem_new0 (rows, sizeof *batch->labels);
  batch->numbers = mem_new0 (rows, sizeof *batch->numbers);
  batch->weights = mem_new0 (rows, sizeof *batch->weights);
  batch->pair = mem_new0 (rows, sizeof *batch->pair);
  batch->draws = mem_new0 (rows * LOADER_DRAWS, sizeof *batch->draws);
  batch->answer_counts = mem_new0 (rows, sizeof *batch->answer_counts);
  if (o->foils)
    batch->has_foil = mem_new0 (rows, sizeof *batch->has_foil);
  if (m > 0)
    {
      batch->regions = mem_new0 (rows * m * m, sizeof *batch->regions);
      batch->has_region = mem_new0 (rows, sizeof *batch->has_region);
    }
  if (o->scenes != NULL)
    {
      batch->image_nouns = mem_new0 (rows, sizeof *batch->image_nouns);
      batch->caption_nouns = mem_new0 (rows, sizeof *batch->caption_nouns);
      if (g > 0)
        batch->patch_labels = mem_new0 (rows * g * g, sizeof *batch->patch_labels);
    }
}

void
slot_clear (const Loader *loader, Slot *slot)
{
  HostBatch *batch = &slot->batch;
  void *const blocks[] = { batch->pixels,      batch->samples,       batch->texts,          batch->idx,
                           batch->labels,      batch->numbers,       batch->weights,        batch->pair,
                           batch->draws,       batch->answer_counts, batch->has_foil,       batch->regions,
                           batch->has_region,  batch->image_nouns,   batch->caption_nouns,  batch->patch_labels,
                           batch->noun_tokens, batch->noun_cells,    batch->text.ids,       batch->text.mask,
                           batch->spans,       batch->phrase,        batch->masked_ids,     batch->mlm_labels,
                           batch->answers.ids, batch->answers.mask,  batch->answer_weights, batch->answer_question,
                           batch->foils.ids,   batch->foils.mask };

  free_texts (batch);
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
    free (blocks[i]);
}
