/* SPDX-License-Identifier: MIT
 * AlidadeReviewSession: what the Review view is about, without widgets: a reviewer's queue and the place in it, the
 * current phrase with everything that is shown of it, and the verdicts.
 *
 * The queue is a frozen list of rows; only refresh() makes it anew. Verdicts show at once and are written in their order;
 * a verdict that could not be written is taken back, and the session returns to its phrase. The next items are read, their
 * pictures decoded and their maps computed before they are asked for. What nobody needs any more is let go.
 *
 * Signals, on the main thread:
 *   state-changed ()              another state, other rows, or another reason why nothing can be done
 *   current-changed ()            another phrase is current; what is known of it is there
 *   current-loaded ()             more of the current phrase is there: item, picture or map
 *   progress-changed ()           counts or pace
 *   said (char *text)             for the hint: "A · a small frog", "Undone: ..." after it is durable
 *   failed (char *text)           something could not be done, and why */
#pragma once

#include "engine-service.h"
#include "project-service.h"
#include "review-item.h"
#include "review-row.h"
#include "review-statistics.h"
#include "review.h"
#include "view-pixels.h"

G_BEGIN_DECLS

typedef enum
{
  REVIEW_NO_PROJECT,
  REVIEW_LOADING,
  REVIEW_NO_PHRASES,   /* neither phrases nor captions to find some in */
  REVIEW_NO_PROPOSALS, /* phrases or captions, but no region anywhere */
  REVIEW_EMPTY,        /* nothing waits for this reviewer in this pass */
  REVIEW_AT_WORK,
  REVIEW_FINISHED,     /* every item has its verdict; those can still be looked at */
  REVIEW_FAILED        /* see get_problem() */
} ReviewState;

#define ALIDADE_TYPE_REVIEW_SESSION (alidade_review_session_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeReviewSession, alidade_review_session, ALIDADE, REVIEW_SESSION, GObject)

AlidadeReviewSession *alidade_review_session_new (AlidadeProjectService *projects, AlidadeEngineService *engine);

/* Who reviews, and in which pass (from 1): opens their queue, or makes one where there is none. Before the first call
 * nothing is opened. */
void alidade_review_session_set_reviewer (AlidadeReviewSession *self, const char *name, int pass);
const char *alidade_review_session_get_reviewer (AlidadeReviewSession *self);
int alidade_review_session_get_pass (AlidadeReviewSession *self);
/* What refresh() makes queues with; reviewer and pass are the session's. Copied. */
void alidade_review_session_set_settings (AlidadeReviewSession *self, const QueueSettings *settings);
const QueueSettings *alidade_review_session_get_settings (AlidadeReviewSession *self);
/* Makes the queue anew. */
void alidade_review_session_refresh (AlidadeReviewSession *self);
/* Reads the queue and counts again: after a run of proposals, or an import. */
void alidade_review_session_reopen (AlidadeReviewSession *self);

/* While a run of proposals goes on, a queue is not made by itself from the first ones that come. */
void alidade_review_session_set_held (AlidadeReviewSession *self, gboolean held);

ReviewState alidade_review_session_get_state (AlidadeReviewSession *self);
const char *alidade_review_session_get_problem (AlidadeReviewSession *self); /* NULL */
const ProjectCounts *alidade_review_session_get_counts (AlidadeReviewSession *self);
QueueOrder alidade_review_session_get_order (AlidadeReviewSession *self);
const char *alidade_review_session_get_model (AlidadeReviewSession *self); /* whose measures sorted the queue; NULL */
GListModel *alidade_review_session_get_rows (AlidadeReviewSession *self);  /* AlidadeReviewRow; always the same object */
int alidade_review_session_get_n_left (AlidadeReviewSession *self);
double alidade_review_session_get_pace (AlidadeReviewSession *self);       /* verdicts a minute; 0: too few yet */
guint alidade_review_session_get_n_unwritten (AlidadeReviewSession *self); /* verdicts that are not durable yet */

/* -1: none. */
int alidade_review_session_get_position (AlidadeReviewSession *self);
void alidade_review_session_go_to (AlidadeReviewSession *self, int position);
void alidade_review_session_next (AlidadeReviewSession *self);     /* that waits; behind the last one, from the start */
void alidade_review_session_previous (AlidadeReviewSession *self); /* with or without a verdict */

/* Of the current phrase. NULL: not there yet, or none. All borrowed until the next signal. */
AlidadeReviewRow *alidade_review_session_get_row (AlidadeReviewSession *self);
gint64 alidade_review_session_get_phrase (AlidadeReviewSession *self); /* 0: none */
ReviewItem *alidade_review_session_get_item (AlidadeReviewSession *self);
AlidadeLoadedPicture *alidade_review_session_get_picture (AlidadeReviewSession *self);
ViewPyramid *alidade_review_session_get_pyramid (AlidadeReviewSession *self);
AlidadeMaps *alidade_review_session_get_maps (AlidadeReviewSession *self);
/* The phrase's map on the maps' grid. */
const float *alidade_review_session_get_map (AlidadeReviewSession *self);
const char *alidade_review_session_get_trouble (AlidadeReviewSession *self); /* with its picture or map; NULL */
/* Regions and picture are there: verdicts can be given. */
gboolean alidade_review_session_get_ready (AlidadeReviewSession *self);

/* Which regions 'accept' takes: at first those of an earlier verdict, else the top one. */
gboolean alidade_review_session_get_ticked (AlidadeReviewSession *self, guint region);
void alidade_review_session_set_ticked (AlidadeReviewSession *self, guint region, gboolean ticked);

/* While a region of one's own is drawn, proposals are not ticked, unless somebody ticked them. */
void alidade_review_session_set_drawing (AlidadeReviewSession *self, gboolean drawing);

/* A verdict on `phrase`, which must be the current one and on screen (else FALSE, and nothing happens), and on to the next.
 * VERDICT_CORRECTED is not one of these. */
gboolean alidade_review_session_give (AlidadeReviewSession *self, gint64 phrase, VerdictKind verdict);
/* What a person made of the regions; the ticked ones that were not touched are approved, too. `whole_chain`: all phrases of
 * the coreference chain. Changes are copied. */
gboolean alidade_review_session_correct (AlidadeReviewSession *self, gint64 phrase, const RegionChange *changes, guint n,
                                         gboolean whole_chain);
/* Takes back, or does again, the reviewer's newest record, and goes to its phrase. */
void alidade_review_session_undo (AlidadeReviewSession *self);
void alidade_review_session_redo (AlidadeReviewSession *self);
/* The current phrase as it was right after the record `seq` of its history. */
void alidade_review_session_revert (AlidadeReviewSession *self, gint64 seq);

/* Another map of the current phrase beside the usual one, for comparing: the callback gets the maps. */
void alidade_review_session_request_maps_async (AlidadeReviewSession *self, const AlbefMapsRequest *request,
                                                GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
AlidadeMaps *alidade_review_session_request_maps_finish (AlidadeReviewSession *self, GAsyncResult *result, GError **error);
/* The map of the item's phrase in maps of its text; NULL: none. The caller frees. */
float *alidade_review_phrase_map (const ReviewItem *item, const AlidadeMaps *maps);

G_END_DECLS
