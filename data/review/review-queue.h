/* SPDX-License-Identifier: MIT
 * A reviewer's queue: a frozen list of phrases, ordered by what a model's run measured (nothing is computed when sorting),
 * made anew only when asked for. It is kept in the project with the reviewer's place in it.
 *
 * Skipping is no verdict: an item without one is met again on the way back. An unsure one comes back at the end, once. */
#pragma once

#include "project.h"

G_BEGIN_DECLS

typedef enum
{
  QUEUE_SEQUENTIAL, /* by picture, as they came */
  QUEUE_RANDOM,
  QUEUE_MATCH,      /* the model finds the phrase not in the picture */
  QUEUE_SPREAD,     /* diffuse maps */
  QUEUE_PEAKS,      /* maps with several peaks */
  QUEUE_OUTSIDE,    /* the map's peak lies outside the proposal, or little of the map inside */
  QUEUE_METHODS,    /* two methods disagree */
  QUEUE_TWIN,       /* model and momentum twin disagree */
  QUEUE_OTHER,      /* two checkpoints disagree */
  QUEUE_LABELS,     /* imported or human regions that disagree with the model: label errors */
  QUEUE_N_ORDERS
} QueueOrder;

/* "sequential", "random", "match", ...; the other way FALSE for an unknown name. */
const char *queue_order_name (QueueOrder order);
gboolean queue_order_parse (const char *name, QueueOrder *order);

#define QUEUE_REPEAT_PASS 1000 /* added to the pass of items shown a second time */
#define QUEUE_KNOWN_PASS 2000  /* and of items whose answer is known */

typedef struct
{
  const char *reviewer;
  int pass;               /* from 1. From 2 on: phrases that others reviewed in an earlier pass, to be shown blind */
  QueueOrder order;
  const char *model;      /* as propose_model_key(); NULL: the one measured last */
  const char *filter;     /* words of phrase or caption; NULL */
  gboolean apart;         /* phrases of one picture need not stay together */
  gboolean reviewed;      /* also phrases that others gave a verdict */
  double share;           /* of what is there, chosen by chance; 0: all */
  guint32 seed;           /* of chance */
  int limit;              /* most items; 0: 20,000 */
  int known_every;        /* every so many items one with a known (adjudicated) answer; 0: none */
  int repeat_every;       /* likewise one that came earlier; 0: none */
} QueueSettings;

/* Makes the reviewer's queue of this pass, in place of an earlier one; one transaction. */
gboolean queue_make (Project *project, const QueueSettings *settings, GError **error);

typedef struct
{
  gint64 id;          /* 0: none was made */
  gint64 n, done;     /* items; those with a verdict that is not unsure */
  gint64 position;    /* where the reviewer was */
  gint64 at;          /* when it was made; own regions since then are shown in a blind pass */
  QueueOrder order;
  char *model;        /* NULL: no run measured anything */
  double pace;        /* verdicts a minute of late, without pauses of over two minutes; 0: too few */
} Queue;
void queue_clear (Queue *queue);
/* `queue` starts zeroed. */
gboolean queue_open (Project *project, const char *reviewer, int pass, Queue *queue, GError **error);

typedef struct
{
  gint64 nth, phrase, image;
  char *text, *image_name; /* UTF-8 */
  char *reason;            /* why it stands here: "match 0.12" */
  char *verdict;           /* the reviewer's own; NULL: none */
  int pass;                /* to give the verdict in */
  gboolean again;          /* an unsure one that came back */
  gboolean blind;          /* to be shown without what anybody did in other passes: review_regions_list() */
} QueueItem;
void queue_item_free (QueueItem *item);

/* Items from `nth` on, at most `limit`; phrases that went are left out. Elements QueueItem; NULL with `error`. */
GPtrArray *queue_items (Project *project, const Queue *queue, gint64 nth, int limit, GError **error);
/* The next item behind `nth` (-1: the first) that waits for a verdict; *next -1: none behind it. */
gboolean queue_next (Project *project, const Queue *queue, gint64 nth, gint64 *next, GError **error);
/* The item before `nth`, with or without a verdict; -1: none. */
gboolean queue_previous (Project *project, const Queue *queue, gint64 nth, gint64 *previous, GError **error);
/* Writes down where the reviewer is. */
gboolean queue_set_position (Project *project, const Queue *queue, gint64 nth, GError **error);
/* An unsure verdict was given on item `nth`: its phrase comes back at the end. */
gboolean queue_put_back (Project *project, const Queue *queue, gint64 nth, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Queue, queue_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueueItem, queue_item_free)

G_END_DECLS
