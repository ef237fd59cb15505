/* SPDX-License-Identifier: MIT
 * Everything about one image that the library's details show: its row, captions, phrases with their regions. Read on a
 * reader's thread; of an image with very much on it, the first. */
#pragma once

#include "library-rows.h"
#include "project.h"
#include "review-regions.h"

G_BEGIN_DECLS

#define LIBRARY_DETAILS_PHRASES 200
#define LIBRARY_DETAILS_REGIONS 1000

typedef struct
{
  gint64 id;
  char *text;
} LibraryCaption;

typedef struct
{
  LibraryPhrase *row;
  GPtrArray *regions;  /* ReviewRegion, best first */
} LibraryDetailsPhrase;

typedef struct
{
  gint64 id;
  LibraryImage *image; /* NULL: it is not in the project any more */
  GPtrArray *captions; /* LibraryCaption, oldest first */
  GPtrArray *phrases;  /* LibraryDetailsPhrase, oldest first, at most LIBRARY_DETAILS_PHRASES */
  gint64 n_phrases;    /* all of them */
} LibraryDetails;

LibraryDetails *library_details_new (gint64 image);
/* A GDestroyNotify. */
void library_details_free (gpointer details);
/* An AlidadeProjectFunc: fills a new one. */
gboolean library_details_read (Project *project, gpointer details, GCancellable *cancellable, GError **error);

G_END_DECLS
