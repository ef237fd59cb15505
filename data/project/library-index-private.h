/* SPDX-License-Identifier: MIT
 * library-index-private.h: the columns themselves, shared by library-index.c (who fills them) and library-query.c (who
 * reads them). */
#pragma once

#include "library-index.h"
#include "library-text.h"

G_BEGIN_DECLS

#define LIBRARY_NO_IOU G_MAXUINT16
#define LIBRARY_IOU_STEPS 10000.0
#define LIBRARY_NO_SCORE G_MAXFLOAT
#define LIBRARY_NO_RANK G_MAXUINT32

typedef struct
{
  guint32 image;      /* row */
  float score;        /* the best; LIBRARY_NO_SCORE */
  guint32 changed;    /* seconds since 1970 */
  guint16 iou;        /* in LIBRARY_IOU_STEPS, or LIBRARY_NO_IOU */
  guint16 tags;       /* of LibrarySets */
  guint16 models;
  guint8 verdict : 3; /* LibraryVerdict */
  guint8 origins : 4; /* 1 << RegionOrigin */
  guint8 gone : 1;
  guint8 regions;     /* 255: that many or more */
} LibraryPhraseRow;

typedef struct
{
  gint64 id;
  guint32 rank;       /* by name; LIBRARY_NO_RANK: not sorted in yet */
  guint32 captions;   /* hash of them all */
  guint16 tags;
  guint8 file;        /* LibraryFile */
  guint8 gone;
} LibraryImageRow;

/* Sets of names, each kept once: 0 is the empty one. */
typedef struct
{
  GPtrArray *sets;    /* char **, sorted */
  GHashTable *known;  /* names joined by line breaks -> index + 1 */
} LibrarySets;

struct LibraryIndex
{
  gint refs;          /* atomic */
  GMutex filling;     /* whoever loads or updates */
  GRWLock lock;       /* everything below */

  GArray *images;     /* LibraryImageRow */
  GPtrArray *keys;    /* by which an image's name sorts */
  GArray *ids;        /* gint64, of each phrase */
  GArray *phrases;    /* LibraryPhraseRow */
  GArray *hashes;     /* guint32, of each phrase's text */
  GHashTable *stray_images, *stray_phrases; /* id -> row + 1, of rows that came out of the order of their ids */
  guint n_images_sorted, n_phrases_sorted;
  LibraryText *names, *captions, *texts;
  LibrarySets tags, models;
  GMutex folding;             /* asked_fold */
  LibraryFold *asked_fold;    /* for queries */
  gboolean ready, unranked;

  /* The filler's own: how far it has read. */
  gint64 seq, link, image;
  LibraryFold *fold;
};

G_END_DECLS
