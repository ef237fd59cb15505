/* SPDX-License-Identifier: MIT
 * What the library shows: a filter on pictures or on phrases, and an order. As JSON it is kept and passed on. */
#pragma once

#include "format.h"

G_BEGIN_DECLS

typedef enum
{
  LIBRARY_IMAGES,
  LIBRARY_PHRASES
} LibraryTarget;

/* What decides on a phrase; STALE: only verdicts on regions that are not the current ones any more. */
typedef enum
{
  LIBRARY_NO_VERDICT,
  LIBRARY_ACCEPTED,
  LIBRARY_CORRECTED,
  LIBRARY_REJECTED,
  LIBRARY_ABSENT,
  LIBRARY_UNSURE,
  LIBRARY_STALE,
  LIBRARY_N_VERDICTS
} LibraryVerdict;

typedef enum
{
  LIBRARY_FILE_OK,
  LIBRARY_FILE_MISSING,
  LIBRARY_FILE_CHANGED,
  LIBRARY_N_FILES
} LibraryFile;

typedef enum
{
  LIBRARY_ANY,
  LIBRARY_WITH,
  LIBRARY_WITHOUT
} LibraryHas;

typedef enum
{
  LIBRARY_BY_NAME,        /* natural order of the pictures' paths, then age */
  LIBRARY_BY_ADDED,
  LIBRARY_BY_CHANGED,     /* by the newest text, region or verdict */
  LIBRARY_BY_SCORE,       /* of the best region; phrases without one last, either way */
  LIBRARY_BY_VERDICT,     /* in the order of LibraryVerdict; an image by its first */
  LIBRARY_BY_REGIONS,     /* how many */
  LIBRARY_BY_DISAGREEMENT,/* overlap of the model's region with a person's; without both last */
  LIBRARY_N_ORDERS
} LibraryOrder;

/* All zero: every picture, by name. A phrase is matched by everything below at once. An image matches if one of its
 * phrases does; one without phrases counts as having a single phrase with nothing on it. */
typedef struct
{
  LibraryTarget target;
  /* Words in a phrase, or a part of the file's name; of images, words in a caption as well. NULL: any. */
  char *text;
  guint verdicts;         /* 1 << LibraryVerdict, several; 0: any */
  guint origins;          /* 1 << RegionOrigin: has a region of one of these; 0: any */
  guint files;            /* 1 << LibraryFile; 0: any */
  char *tag;              /* on the phrase or its image; NULL: any */
  char *model;            /* has a region of it; NULL: any */
  gboolean with_score;    /* the best score lies in score_min .. score_max */
  double score_min, score_max;
  LibraryHas regions;
  LibraryHas phrases;     /* of images: whether there is any */
  gint64 changed_since;   /* microseconds since 1970, to the second; 0: any */
  double iou_below;       /* the model's best region overlaps the person's (else the imported) one less; 0: any */

  LibraryOrder order;
  gboolean descending;
} LibraryFilter;

void library_filter_clear (LibraryFilter *filter);
void library_filter_copy (LibraryFilter *to, const LibraryFilter *from); /* `to` is overwritten */
/* Whether it restricts anything. */
gboolean library_filter_is_empty (const LibraryFilter *filter);
/* One JSON object; the caller frees. Members that restrict nothing are left out. */
char *library_filter_to_json (const LibraryFilter *filter);
/* Strict: unknown members and values are refused (USAGE). */
gboolean library_filter_from_json (LibraryFilter *filter, const char *json, GError **error);

/* "accepted", "none", "stale"; "ok", "missing"; "name", "added". The _parse ones return -1 for anything else. */
const char *library_verdict_name (LibraryVerdict verdict);
int library_verdict_parse (const char *name);
const char *library_file_name (LibraryFile state);
int library_file_parse (const char *name);
const char *library_order_name (LibraryOrder order);
int library_order_parse (const char *name);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LibraryFilter, library_filter_clear)

G_END_DECLS
