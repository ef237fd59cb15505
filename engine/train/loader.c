/* SPDX-License-Identifier: MIT
 * Workers fill a ring of batches ahead of the trainer. A batch's content depends on its number alone, so which worker
 * makes it, and when, does not matter. */
#include "loader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "loader-parts.h"
#include "preprocess.h"

#define MAX_WORKERS 256
#define MAX_UNREADABLE 1000

/* ---------------------------------------------------------------------------------------------------
 * Troubles
 */

/* Sets the sample's bit; false if it was set. */
static bool
mark (uint8_t *bits, int64_t sample)
{
  uint8_t bit = (uint8_t) (1 << sample % 8);

  if (bits == NULL)
    return true;
  if (bits[sample / 8] & bit)
    return false;
  bits[sample / 8] |= bit;
  return true;
}

void
loader_note (Loader *loader, TroubleKind kind, int64_t global, int row, int64_t sample, const char *format, ...)
{
  Trouble *list = loader->troubles;
  va_list args;
  int place;

  pthread_mutex_lock (&loader->lock);
  if (mark (kind == TROUBLE_UNREADABLE ? loader->unreadable : loader->cut, sample))
    {
      if (kind == TROUBLE_UNREADABLE)
        loader->counts.unreadable++;
      else
        loader->counts.cut++;
      place = loader->n_troubles;
      while (place > 0
             && (list[place - 1].batch > global || (list[place - 1].batch == global && list[place - 1].row > row)))
        place--;
      if (place < LOADER_MAX_TROUBLES)
        {
          if (loader->n_troubles == LOADER_MAX_TROUBLES)
            free (list[--loader->n_troubles].text);
          memmove (list + place + 1, list + place, (size_t) (loader->n_troubles - place) * sizeof *list);
          loader->n_troubles++;
          list[place] = (Trouble){ .batch = global, .row = row };
          va_start (args, format);
          if (vasprintf (&list[place].text, format, args) < 0)
            abort ();
          va_end (args);
        }
    }
  pthread_mutex_unlock (&loader->lock);
}

LoaderCounts
loader_counts (Loader *loader)
{
  LoaderCounts counts;

  pthread_mutex_lock (&loader->lock);
  counts = loader->counts;
  pthread_mutex_unlock (&loader->lock);
  return counts;
}

char *
loader_trouble (Loader *loader, int index)
{
  char *text = NULL;

  pthread_mutex_lock (&loader->lock);
  if (index >= 0 && index < loader->n_troubles)
    text = mem_strdup (loader->troubles[index].text);
  pthread_mutex_unlock (&loader->lock);
  return text;
}

/* ---------------------------------------------------------------------------------------------------
 * Making batches
 */

/* Makes batch to_make in its slot. The lock is held on entry and on return, not in between. */
static void
make_next (Loader *loader)
{
  int64_t global = loader->to_make++;
  Slot *slot = &loader->slots[global % loader->n_slots];
  AlbefError error = ALBEF_ERROR_INIT;

  slot->holds = -1;
  loader->busy++;
  pthread_mutex_unlock (&loader->lock);
  slot_fill (loader, slot, global, &error);
  pthread_mutex_lock (&loader->lock);
  slot->error = error;
  slot->holds = global;
  loader->busy--;
  pthread_cond_broadcast (&loader->changed);
}

static void *
work (void *data)
{
  Loader *loader = data;

  pthread_mutex_lock (&loader->lock);
  while (!loader->stop)
    /* The slot of the batch that is lent, to_give - 1, is not touched. */
    if (loader->to_make < loader->to_give + loader->n_slots - 1)
      make_next (loader);
    else
      pthread_cond_wait (&loader->changed, &loader->lock);
  pthread_mutex_unlock (&loader->lock);
  return NULL;
}

AlbefStatus
loader_next (Loader *loader, const HostBatch **batch, AlbefError *error)
{
  Slot *slot;
  AlbefStatus status = ALBEF_OK;

  *batch = NULL;
  pthread_mutex_lock (&loader->lock);
  slot = &loader->slots[loader->to_give % loader->n_slots];
  while (slot->holds != loader->to_give)
    if (loader->n_threads == 0)
      make_next (loader);
    else
      pthread_cond_wait (&loader->changed, &loader->lock);
  if (loader->counts.unreadable > loader->options.max_unreadable)
    status = error_set (error, ALBEF_ERROR_FILE, "more than %lld pictures cannot be read; the first: %s",
                        (long long) loader->options.max_unreadable,
                        loader->n_troubles > 0 ? loader->troubles[0].text : "");
  else if (slot->error.status != ALBEF_OK)
    {
      status = slot->error.status;
      if (error != NULL)
        *error = slot->error;
    }
  else
    {
      *batch = &slot->batch;
      loader->to_give++;
      pthread_cond_broadcast (&loader->changed);
    }
  pthread_mutex_unlock (&loader->lock);
  return status;
}

void
loader_seek (Loader *loader, int64_t epoch, int64_t number)
{
  pthread_mutex_lock (&loader->lock);
  loader->to_make = INT64_MAX / 2; /* nothing new is begun */
  while (loader->busy > 0)
    pthread_cond_wait (&loader->changed, &loader->lock);
  for (int i = 0; i < loader->n_slots; i++)
    loader->slots[i].holds = -1;
  loader->to_make = loader->to_give = epoch * loader->n_batches + number;
  pthread_cond_broadcast (&loader->changed);
  pthread_mutex_unlock (&loader->lock);
}

/* ---------------------------------------------------------------------------------------------------
 * Opening
 */

static AlbefStatus
check (const LoaderOptions *o, int64_t n, AlbefError *error)
{
  const AugmentRule *a = &o->augment;

  if ((o->dataset != NULL) == (o->scenes != NULL) || o->vocab == NULL)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "a loader needs a vocabulary and either a set or scenes");
  if (o->batch < 1 || o->batch > 65536 || o->resolution < 1 || o->resolution > 4096)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "a batch of %d pictures of %d pixels a side cannot be", o->batch,
                      o->resolution);
  if (o->workers < 0 || o->workers > MAX_WORKERS || o->prefetch < 0 || o->prefetch > 4 * MAX_WORKERS)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "0 to %d workers, not %d", MAX_WORKERS, o->workers);
  if (o->region_size < 0 || o->region_size > 4096 || o->patch_grid < 0 || o->patch_grid > 256)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "region masks of up to 4096 cells a side, patch grids of up to 256");
  if (o->scenes != NULL && (a->crop_max > 0 || a->flip > 0 || a->n_ops > 0))
    return error_set (error, ALBEF_ERROR_ARGUMENT,
                      "scenes are not augmented: a crop or a flip would make their captions false");
  if (a->n_ops < 0 || a->n_ops > MOTION_MAX_STEPS - 1 || a->crop_min < 0 || a->crop_max > 1
      || a->crop_min > a->crop_max)
    return error_set (error, ALBEF_ERROR_ARGUMENT,
                      "this augmentation cannot be: crops of 0 to 1 of the area, 0 to %d ops", MOTION_MAX_STEPS - 1);
  if (o->mlm.probability > 0 && vocab_special (o->vocab, VOCAB_MASK) < 0)
    return error_set (error, ALBEF_ERROR_MISMATCH, "masked language modelling needs [MASK] in the vocabulary");
  if (n < 1)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "the set is empty: there is no record in it");
  if (o->drop_last && n < o->batch)
    return error_set (error, ALBEF_ERROR_ARGUMENT, "%lld samples do not fill one batch of %d", (long long) n, o->batch);
  return ALBEF_OK;
}

AlbefStatus
loader_open (const LoaderOptions *options, Loader **out, AlbefError *error)
{
  int64_t n = options->dataset != NULL ? dataset_n_samples (options->dataset) : options->scenes_per_epoch;
  AlbefStatus status = check (options, n, error);
  Loader *loader;

  *out = NULL;
  if (status != ALBEF_OK)
    return status;
  loader = mem_new0 (1, sizeof *loader);
  loader->options = *options;
  if (options->max_positions == 0)
    loader->options.max_positions = 512;
  if (options->max_words == 0)
    loader->options.max_words = 30;
  if (options->max_unreadable == 0)
    loader->options.max_unreadable = MAX_UNREADABLE;
  memcpy (loader->mean, options->mean != NULL ? options->mean : preprocess_mean, sizeof loader->mean);
  memcpy (loader->std, options->std != NULL ? options->std : preprocess_std, sizeof loader->std);
  loader->options.mean = loader->mean;
  loader->options.std = loader->std;
  loader->n_samples = n;
  loader->n_batches = options->drop_last ? n / options->batch : (n + options->batch - 1) / options->batch;
  loader->n_images = options->dataset != NULL && dataset_format (options->dataset) == DATASET_NLVR ? 2 : 1;
  if (options->dataset != NULL)
    {
      loader->unreadable = mem_new0 ((size_t) n / 8 + 1, 1);
      loader->cut = mem_new0 ((size_t) n / 8 + 1, 1);
    }
  pthread_mutex_init (&loader->lock, NULL);
  pthread_cond_init (&loader->changed, NULL);
  loader->n_slots = 1 + (options->workers == 0 ? 1 : options->prefetch > 0 ? options->prefetch : options->workers + 1);
  loader->slots = mem_new0 ((size_t) loader->n_slots, sizeof *loader->slots);
  for (int i = 0; i < loader->n_slots; i++)
    slot_prepare (loader, &loader->slots[i]);
  loader->threads = mem_new0 ((size_t) options->workers, sizeof *loader->threads);
  for (int i = 0; i < options->workers; i++)
    if (pthread_create (&loader->threads[loader->n_threads], NULL, work, loader) == 0)
      loader->n_threads++; /* with fewer it only takes longer, with none the caller makes them */
  *out = loader;
  return ALBEF_OK;
}

void
loader_free (Loader *loader)
{
  if (loader == NULL)
    return;
  pthread_mutex_lock (&loader->lock);
  loader->stop = true;
  pthread_cond_broadcast (&loader->changed);
  pthread_mutex_unlock (&loader->lock);
  for (int i = 0; i < loader->n_threads; i++)
    pthread_join (loader->threads[i], NULL);
  for (int i = 0; i < loader->n_slots; i++)
    slot_clear (loader, &loader->slots[i]);
  for (int i = 0; i < loader->n_troubles; i++)
    free (loader->troubles[i].text);
  pthread_cond_destroy (&loader->changed);
  pthread_mutex_destroy (&loader->lock);
  free (loader->threads);
  free (loader->slots);
  free (loader->unreadable);
  free (loader->cut);
  free (loader);
}

int64_t
loader_batches_per_epoch (const Loader *loader)
{
  return loader->n_batches;
}
