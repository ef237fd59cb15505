/* SPDX-License-Identifier: MIT
 * review-private.h: shared by review*.c: the record in the making, and the rules of correcting regions. */
#pragma once

#include "database.h"
#include "review.h"

G_BEGIN_DECLS

typedef struct
{
  const char *what;
  gint64 target, before, after; /* 0: NULL */
} RecordStep;

/* One record in the making. */
typedef struct
{
  Database *db;
  const char *by;
  gint64 now;
  GArray *steps; /* RecordStep */
} Record;

/* Starts a durable transaction; a reviewer without a name is refused. */
gboolean record_begin (Record *record, Project *project, const char *by, GError **error);
/* Moves the pointer of `target` and remembers that. `what` is static, one of those of journal_step. */
gboolean record_step (Record *record, const char *what, gint64 target, gint64 after, GError **error);
/* Where the pointer of `target` stands; 0: nowhere. */
gboolean record_pointer (Database *db, const char *what, gint64 target, gint64 *current, GError **error);
/* The static name equal to `what`; NULL if there is no such pointer. */
const char *record_pointer_name (const char *what);
/* The record itself, with its steps. */
gboolean record_write (Record *record, const char *kind, gint64 target, const char *before, const char *after,
                       gint64 undoes, GError **error);
/* Ends the transaction: durable, or as if nothing had been. */
gboolean record_end (Record *record, gboolean good, GError **error);

/* A region on a phrase, as it is. */
typedef struct
{
  gint64 link, region, revision;
  RegionOrigin origin;
  double score;
  char *model;
  char *extra;
} Target;
void target_clear (Target *target);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Target, target_clear)

/* The region of a phrase that is meant: `wanted`, or the top one. *found FALSE: there is none. */
gboolean review_find_target (Database *db, gint64 phrase, gint64 wanted, Target *target, gboolean *found,
                             GError **error);
/* The rules of correcting; `shape` NULL removes. *revision is what a verdict approves then. */
gboolean review_correct (Record *record, gint64 phrase, gint64 image, const Target *target, const Shape *shape,
                         gint64 *revision, GError **error);
/* A new region of the person, not yet on a phrase. */
gboolean review_insert_region (Record *record, gint64 image, const Shape *shape, gint64 parent, const char *extra,
                               gint64 *region, gint64 *revision, GError **error);
/* A verdict on these revisions, in the review's slot; *before is the one that it replaces, 0: none. */
gboolean review_add_verdict (Record *record, const Review *review, const gint64 *revisions, guint n, gint64 *before,
                             gint64 *verdict, GError **error);
/* What the journal keeps of a verdict; NULL for 0. */
char *review_verdict_json (Database *db, gint64 verdict, GError **error);
/* NOT_FOUND where the phrase is not shown. */
gboolean review_phrase_image (Database *db, gint64 phrase, gint64 *image, GError **error);

G_END_DECLS
