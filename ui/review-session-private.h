/* SPDX-License-Identifier: MIT
 * What the files of the review session share: review-session.c has the queue and the place in it, review-session-write.c
 * the verdicts. */
#pragma once

#include "review-prefetch.h"
#include "review-session.h"

G_BEGIN_DECLS

#define REVIEW_PACE_TIMES 60

struct _AlidadeReviewSession
{
  GObject parent_instance;

  AlidadeProjectService *projects;
  AlidadeEngineService *engine;
  ReviewPrefetch *prefetch;
  gboolean started;    /* a reviewer was set */

  char *reviewer;
  int pass;
  QueueSettings settings; /* texts are owned */
  ReviewState state;
  char *problem;
  ProjectCounts counts;
  Queue queue;
  guint opening;       /* openings asked for: older answers are dropped */
  gboolean is_opening, held;
  GListStore *rows;
  GPtrArray *list;     /* the same rows, at hand */
  int position;        /* -1: none */
  int kept_position;   /* as the project has it */
  guint position_id;   /* timeout that writes it */

  GArray *ticked;      /* gboolean, by region of the current item; empty: as it was loaded */
  ReviewItem *ticked_of; /* borrowed, compared only */
  gboolean ticks_touched, drawing;

  guint n_unwritten;
  gint64 times[REVIEW_PACE_TIMES]; /* of the newest verdicts, newest first */
  guint n_times;
  gint64 ignore_until; /* `changed` of the project until then is our own */
};

/* review-session.c */
void _alidade_review_session_set_state (AlidadeReviewSession *self, ReviewState state, const char *problem);
void _alidade_review_session_move (AlidadeReviewSession *self, int position);
void _alidade_review_session_fail (AlidadeReviewSession *self, const GError *error);
void _alidade_review_session_say (AlidadeReviewSession *self, const char *text);
void _alidade_review_session_progress (AlidadeReviewSession *self);
/* The next row behind `position` that waits, from the start behind the last one; -1: none. */
int _alidade_review_session_find_waiting (AlidadeReviewSession *self, int position);
/* Takes rows that the writer put at the end of the queue. */
void _alidade_review_session_add_rows (AlidadeReviewSession *self, GPtrArray *items);
/* Something was written on phrases of the image: what is kept of them is read again. */
void _alidade_review_session_refresh_image (AlidadeReviewSession *self, gint64 image);
AlidadeReviewRow *_alidade_review_session_row (AlidadeReviewSession *self, int position); /* borrowed; NULL */

G_END_DECLS
