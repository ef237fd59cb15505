/* SPDX-License-Identifier: MIT
 * review-prefetch: what is read, decoded and computed of phrases ahead of their being asked for. Phrases of one picture
 * share its pixels, phrases of one caption its maps. For the review session alone; main thread. */
#pragma once

#include "engine-service.h"
#include "project-service.h"
#include "review-item.h"
#include "view-pixels.h"

G_BEGIN_DECLS

typedef struct ReviewPrefetch ReviewPrefetch;

typedef struct
{
  gint64 phrase;
  int pass;
  gboolean blind;
} ReviewWish;

/* Everything may be NULL until it is there. */
typedef struct
{
  ReviewItem *item;
  AlidadeLoadedPicture *picture;
  ViewPyramid *pyramid;
  AlidadeMaps *maps;
  const float *map;    /* the phrase's, on the grid of `maps` */
  const char *trouble; /* why picture or map do not come */
  gboolean fresh;      /* the item is as the project has it */
} ReviewLoaded;

/* `loaded` is called whenever more of a phrase is there. */
typedef void (*ReviewPrefetchFunc) (gint64 phrase, int pass, gpointer user_data);

ReviewPrefetch *review_prefetch_new (AlidadeProjectService *projects, AlidadeEngineService *engine, ReviewPrefetchFunc loaded,
                                     gpointer user_data);
/* No callback comes after this. */
void review_prefetch_free (ReviewPrefetch *self);

/* How items are read. `calibration_of`: the model whose table is applied to scores (NULL: none). Forgets everything. */
void review_prefetch_set_reader (ReviewPrefetch *self, const char *reviewer, gint64 since, const char *calibration_of);
/* What is wanted, the most urgent first: the first one is on screen. The rest is kept as long as there is room. */
void review_prefetch_wish (ReviewPrefetch *self, const ReviewWish *wishes, guint n);
/* FALSE: nothing is known of it. Borrowed until the next call or callback. */
gboolean review_prefetch_get (ReviewPrefetch *self, gint64 phrase, int pass, ReviewLoaded *loaded);
/* Items of an image (0: of all) are read again; pixels and maps stay. */
void review_prefetch_forget_items (ReviewPrefetch *self, gint64 image);
void review_prefetch_forget_phrase (ReviewPrefetch *self, gint64 phrase);
/* Another model: maps are computed again. */
void review_prefetch_forget_maps (ReviewPrefetch *self);

/* The text whose maps show the phrase: its caption, or itself with `alone`. */
const char *review_map_text (const ReviewItem *item, gboolean alone);
/* Mean over the phrase's word pieces in maps of that text, on its grid; NULL: none of its words has a map. */
float *review_map_of (const ReviewItem *item, const AlidadeMaps *maps);

/* Maps of a text on a picture, on the engine's thread. */
typedef struct
{
  AlidadeLoadedPicture *picture;
  char *text;
  AlbefMapsRequest request;
  AlidadeMaps *maps; /* the result */
} ReviewMapsJob;
ReviewMapsJob *review_maps_job_new (AlidadeLoadedPicture *picture, const char *text, const AlbefMapsRequest *request);
void review_maps_job_free (gpointer job);
gboolean review_maps_job_run (AlbefModel *model, const AlbefCancel *cancel, gpointer job, GError **error);

G_END_DECLS
