/* SPDX-License-Identifier: MIT
 * library-query.c: answers from the columns: one walk over the texts where words are asked for, one over all phrases, and
 * a heap that keeps the first page. */
#include "library-index-private.h"

#include <string.h>

#define CANCEL_ROWS 65536

typedef struct
{
  guint64 key; /* smaller ones come first */
  gint64 id;   /* then older ones */
} Hit;

/* What a filter comes down to on this index. */
typedef struct
{
  const LibraryFilter *filter;
  const LibraryIndex *index;
  guint8 *tags, *models;                   /* by set: whether it has the one asked for; NULL: any */
  guint64 *names, *captions, *texts;       /* bits of rows that have the words; NULL: any */
  float score_min, score_max;
  guint32 since;
  double iou_below;                        /* in LIBRARY_IOU_STEPS; 0: any */
} Query;

/* What an image's phrases come to. */
typedef struct
{
  float score;
  guint32 changed;
  guint32 regions;
  guint16 iou;
  guint8 verdict;
  guint8 state; /* HAS_PHRASES, MATCHES */
} Sum;

enum
{
  HAS_PHRASES = 1,
  MATCHES = 2
};

/* Words ----------------------------------------------------------------------------------------------------------- */

static guint8 *
sets_with (const LibrarySets *sets, const char *name)
{
  guint8 *with = name != NULL ? g_new0 (guint8, sets->sets->len) : NULL;

  for (guint i = 0; name != NULL && i < sets->sets->len; i++)
    with[i] = g_strv_contains ((const char *const *) sets->sets->pdata[i], name);
  return with;
}

static gboolean
find_words (Query *query, GPtrArray *words, GPtrArray *parts, GCancellable *cancellable)
{
  const LibraryIndex *index = query->index;
  gsize n_images = index->images->len / 64 + 1;

  if (words == NULL && parts == NULL)
    return TRUE;
  query->names = g_new0 (guint64, n_images);
  query->captions = g_new0 (guint64, n_images);
  query->texts = g_new0 (guint64, index->ids->len / 64 + 1);
  return (parts == NULL || library_text_find (index->names, parts, query->names, cancellable)) &&
         (words == NULL || (library_text_find (index->captions, words, query->captions, cancellable) &&
                            library_text_find (index->texts, words, query->texts, cancellable)));
}

static void
query_clear (Query *query)
{
  g_free (query->tags);
  g_free (query->models);
  g_free (query->names);
  g_free (query->captions);
  g_free (query->texts);
}

/* Rows ------------------------------------------------------------------------------------------------------------ */

/* Everything but the words, of a phrase on an image. */
static inline gboolean
row_matches (const Query *query, const LibraryPhraseRow *phrase, const LibraryImageRow *image)
{
  const LibraryFilter *filter = query->filter;

  if (image->gone || phrase->gone)
    return FALSE;
  if (filter->verdicts != 0 && (filter->verdicts >> phrase->verdict & 1) == 0)
    return FALSE;
  if (filter->origins != 0 && (filter->origins & phrase->origins) == 0)
    return FALSE;
  if (filter->files != 0 && (filter->files >> image->file & 1) == 0)
    return FALSE;
  if (filter->regions != LIBRARY_ANY && (phrase->regions > 0) != (filter->regions == LIBRARY_WITH))
    return FALSE;
  if (filter->with_score &&
      (phrase->score == LIBRARY_NO_SCORE || phrase->score < query->score_min || phrase->score > query->score_max))
    return FALSE;
  if (phrase->changed < query->since)
    return FALSE;
  if (query->iou_below > 0 && (phrase->iou == LIBRARY_NO_IOU || phrase->iou >= query->iou_below))
    return FALSE;
  if (query->models != NULL && !query->models[phrase->models])
    return FALSE;
  return query->tags == NULL || query->tags[phrase->tags] || query->tags[image->tags];
}

static inline gboolean
image_has_words (const Query *query, guint row)
{
  return query->names == NULL || library_bit (query->names, row) || library_bit (query->captions, row);
}

/* A number that sorts as the float does. */
static guint32
float_key (float value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}

static inline guint64
key_of (const LibraryFilter *filter, guint32 rank, gint64 id, float score, guint32 changed, guint verdict, guint regions,
        guint16 iou)
{
  const guint64 none = G_MAXUINT64; /* last, either way */
  guint64 key;

  switch (filter->order)
    {
    case LIBRARY_BY_ADDED:
      key = id;
      break;
    case LIBRARY_BY_CHANGED:
      key = changed;
      break;
    case LIBRARY_BY_SCORE:
      key = score == LIBRARY_NO_SCORE ? none : float_key (score);
      break;
    case LIBRARY_BY_VERDICT:
      key = verdict;
      break;
    case LIBRARY_BY_REGIONS:
      key = regions;
      break;
    case LIBRARY_BY_DISAGREEMENT:
      key = iou == LIBRARY_NO_IOU ? none : iou;
      break;
    default:
      key = rank;
    }
  return filter->descending && key != none ? none - 1 - key : key;
}

/* The first ones --------------------------------------------------------------------------------------------------- */

typedef struct
{
  GArray *hits; /* Hit: all, or a heap with the last of the first `page` on top */
  guint page;
  gint64 count;
} Best;

static inline gboolean
comes_after (const Hit *a, const Hit *b)
{
  return a->key > b->key || (a->key == b->key && a->id > b->id);
}

static void
sift_down (Hit *heap, guint n, guint i)
{
  while (2 * i + 1 < n)
    {
      guint child = 2 * i + 1;
      Hit swap;

      if (child + 1 < n && comes_after (&heap[child + 1], &heap[child]))
        child++;
      if (!comes_after (&heap[child], &heap[i]))
        return;
      swap = heap[i];
      heap[i] = heap[child];
      heap[child] = swap;
      i = child;
    }
}

static inline void
best_add (Best *best, guint64 key, gint64 id)
{
  Hit hit = { key, id };

  best->count++;
  if (best->page == 0 || best->hits->len < best->page)
    {
      g_array_append_val (best->hits, hit);
      if (best->hits->len == best->page)
        for (guint i = best->page / 2 + 1; i-- > 0;)
          sift_down ((Hit *) best->hits->data, best->page, i);
      return;
    }
  if (!comes_after ((Hit *) best->hits->data, &hit))
    return;
  *(Hit *) best->hits->data = hit;
  sift_down ((Hit *) best->hits->data, best->page, 0);
}

static int
compare_hits (const void *a, const void *b)
{
  return comes_after (a, b) ? 1 : comes_after (b, a) ? -1 : 0;
}

static LibraryResult *
best_end (Best *best)
{
  LibraryResult *result = g_malloc (sizeof *result + best->hits->len * sizeof (gint64));

  if (best->hits->len > 1)
    qsort (best->hits->data, best->hits->len, sizeof (Hit), compare_hits);
  result->count = best->count;
  result->n = best->hits->len;
  for (guint i = 0; i < best->hits->len; i++)
    result->ids[i] = g_array_index (best->hits, Hit, i).id;
  return result;
}

/* The walks -------------------------------------------------------------------------------------------------------- */

static gboolean
walk_phrases (const Query *query, Best *best, GCancellable *cancellable)
{
  const LibraryIndex *index = query->index;
  const LibraryPhraseRow *phrases = (const LibraryPhraseRow *) index->phrases->data;
  const LibraryImageRow *images = (const LibraryImageRow *) index->images->data;
  const gint64 *ids = (const gint64 *) index->ids->data;

  for (guint i = 0; i < index->ids->len; i++)
    {
      const LibraryPhraseRow *phrase = &phrases[i];
      const LibraryImageRow *image = &images[phrase->image];

      if (i % CANCEL_ROWS == 0 && g_cancellable_is_cancelled (cancellable))
        return FALSE;
      if (query->texts != NULL && !library_bit (query->texts, i) && !library_bit (query->names, phrase->image))
        continue;
      if (row_matches (query, phrase, image))
        best_add (best, key_of (query->filter, image->rank, ids[i], phrase->score, phrase->changed, phrase->verdict,
                                phrase->regions, phrase->iou), ids[i]);
    }
  return TRUE;
}

static void
sum_add (Sum *sum, const LibraryPhraseRow *phrase)
{
  gboolean first = (sum->state & MATCHES) == 0;

  sum->state |= MATCHES;
  sum->changed = MAX (sum->changed, phrase->changed);
  sum->regions += phrase->regions;
  sum->verdict = first ? phrase->verdict : MIN (sum->verdict, phrase->verdict);
  sum->iou = first ? phrase->iou : MIN (sum->iou, phrase->iou);
  if (phrase->score != LIBRARY_NO_SCORE && (sum->score == LIBRARY_NO_SCORE || phrase->score > sum->score))
    sum->score = phrase->score;
}

static gboolean
walk_images (const Query *query, Best *best, GCancellable *cancellable)
{
  static const LibraryPhraseRow nothing = { .score = LIBRARY_NO_SCORE, .iou = LIBRARY_NO_IOU };
  const LibraryIndex *index = query->index;
  const LibraryPhraseRow *phrases = (const LibraryPhraseRow *) index->phrases->data;
  const LibraryImageRow *images = (const LibraryImageRow *) index->images->data;
  g_autofree Sum *sums = g_new0 (Sum, index->images->len + 1);

  for (guint i = 0; i < index->images->len; i++)
    sums[i].score = LIBRARY_NO_SCORE;
  for (guint i = 0; i < index->ids->len; i++)
    {
      const LibraryPhraseRow *phrase = &phrases[i];
      Sum *sum = &sums[phrase->image];

      if (i % CANCEL_ROWS == 0 && g_cancellable_is_cancelled (cancellable))
        return FALSE;
      if (phrase->gone)
        continue;
      sum->state |= HAS_PHRASES;
      if (query->texts != NULL && !library_bit (query->texts, i) && !image_has_words (query, phrase->image))
        continue;
      if (row_matches (query, phrase, &images[phrase->image]))
        sum_add (sum, phrase);
    }
  for (guint i = 0; i < index->images->len; i++)
    {
      const LibraryImageRow *image = &images[i];
      Sum *sum = &sums[i];

      if (sum->state == 0 && query->filter->phrases != LIBRARY_WITH && image_has_words (query, i) && row_matches (query, &nothing, image))
        sum_add (sum, &nothing);
      if ((sum->state & HAS_PHRASES) != 0 && query->filter->phrases == LIBRARY_WITHOUT)
        continue;
      if ((sum->state & MATCHES) != 0)
        best_add (best, key_of (query->filter, image->rank, image->id, sum->score, sum->changed, sum->verdict, sum->regions,
                                sum->iou), image->id);
    }
  return TRUE;
}

LibraryResult *
library_index_query (LibraryIndex *index, const LibraryFilter *filter, guint page, GCancellable *cancellable)
{
  Query query = { .filter = filter, .index = index };
  g_autoptr (GArray) hits = g_array_new (FALSE, FALSE, sizeof (Hit));
  g_autoptr (GPtrArray) words = NULL, parts = NULL;
  Best best = { hits, page, 0 };
  gboolean good;

  if (filter->text != NULL && *filter->text != '\0')
    {
      g_mutex_lock (&index->folding);
      words = index->asked_fold != NULL ? library_fold_query (index->asked_fold, filter->text) : NULL;
      g_mutex_unlock (&index->folding);
      parts = library_fold_name_query (filter->text);
    }
  query.score_min = (float) filter->score_min;
  query.score_max = (float) filter->score_max;
  query.since = (guint32) CLAMP (filter->changed_since / G_USEC_PER_SEC, 0, G_MAXUINT32);
  query.iou_below = filter->iou_below > 0 ? filter->iou_below * LIBRARY_IOU_STEPS : 0;
  g_rw_lock_reader_lock (&index->lock);
  query.tags = sets_with (&index->tags, filter->tag);
  query.models = sets_with (&index->models, filter->model);
  good = find_words (&query, words, parts, cancellable) &&
         (filter->target == LIBRARY_PHRASES ? walk_phrases (&query, &best, cancellable)
                                            : walk_images (&query, &best, cancellable));
  g_rw_lock_reader_unlock (&index->lock);
  query_clear (&query);
  return good && !g_cancellable_is_cancelled (cancellable) ? best_end (&best) : NULL;
}
