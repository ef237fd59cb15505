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

/* library-sets.c; the lock is held for writing, but for the names: those take it themselves. */
void library_sets_init (LibrarySets *sets);
void library_sets_clear (LibrarySets *sets);
/* The number of a set; `names` is sorted in place. Where there are more sets than numbers, the rest share the last one, which
 * has all their names. */
guint16 library_sets_put (LibrarySets *sets, GPtrArray *names);
char **library_sets_names (LibraryIndex *index, LibrarySets *sets);
/* -1: there is none. */
gint64 library_image_row (LibraryIndex *index, gint64 id);
gint64 library_phrase_row (LibraryIndex *index, gint64 id);
/* A new row, the last one of `n`; `before` is the id of the one before it. */
void library_note_row (guint *n_sorted, guint n, gint64 before, GHashTable *stray, gint64 id);

/* library-read.c; each takes the lock itself, for as long as a slice needs. */
#define LIBRARY_SLICE 1024
/* Images with after < id <= last, at most `limit`: *read becomes the last id, *n how many. */
gboolean library_read_images (LibraryIndex *index, Database *db, gint64 after, gint64 last, gint64 limit, gint64 *read,
                              gint64 *n, GError **error);
gboolean library_read_captions (LibraryIndex *index, Database *db, gint64 *after, gint64 *n, GError **error);
/* All captions of one image anew, if they are others than before. */
gboolean library_reread_captions (LibraryIndex *index, Database *db, gint64 image, GError **error);
gboolean library_read_phrases (LibraryIndex *index, Database *db, gint64 after, gint64 last, gint64 limit, gint64 *read,
                               gint64 *n, GError **error);
/* Sorts new names in. */
void library_rank_images (LibraryIndex *index);

G_END_DECLS
