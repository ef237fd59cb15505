/* SPDX-License-Identifier: MIT
 * Everything that a reviewer sees of one phrase, read at once: its words, the picture's file, regions, what else is said
 * of the picture, history. In a blind pass without a trace of others. */
#pragma once

#include "phrase-history.h"
#include "review-queue.h"
#include "review-regions.h"

G_BEGIN_DECLS

/* A region of another phrase of the picture: its best one. */
typedef struct
{
  gint64 phrase;
  char *text;
  Shape shape;
  RegionOrigin origin;
} ReviewSibling;

typedef struct
{
  gint64 id;
  char *text;
} ReviewText;

typedef struct
{
  gatomicrefcount ref_count;
  gint64 phrase, image;
  char *text;
  char *path, *image_name; /* absolute, bytes; for people */
  int width, height;       /* stored grid, 0 unknown */
  int orientation;
  gboolean missing;        /* the file is not there */
  gint64 caption;          /* 0: stand-alone */
  char *caption_text;      /* NULL: stand-alone */
  GArray *spans;           /* Span, code points of the caption; empty: none */
  GPtrArray *captions;     /* ReviewText: the picture's other captions */
  GPtrArray *regions;      /* ReviewRegion, best first */
  GPtrArray *siblings;     /* ReviewSibling */
  GPtrArray *chain;        /* ReviewText: other phrases of the coreference chain */
  GPtrArray *history;      /* HistoryItem, oldest first */
  GArray *accepted;        /* gint64: revisions that the reviewer's own verdict of this pass names */
} ReviewItem;

/* NULL with `error`; NOT_FOUND when the phrase is not there any more. A reader will do. */
ReviewItem *review_item_load (Project *project, gint64 phrase, int pass, const ReviewView *view, GError **error);
ReviewItem *review_item_ref (ReviewItem *item);
void review_item_unref (ReviewItem *item);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ReviewItem, review_item_unref)

G_END_DECLS
