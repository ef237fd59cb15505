/* SPDX-License-Identifier: MIT
 * The history of a project: its imports, runs and removals, each undone (project_hide_entry() of review.h) as a whole. */
#pragma once

#include "project.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 id;
  char *kind;     /* import, run, removal */
  gboolean shown; /* FALSE: undone */
  char *format;   /* of an import, else NULL */
  char *source;   /* well-formed UTF-8; NULL */
  char *by;
  gint64 at;      /* microseconds since 1970 */
  gint64 images, captions, phrases, regions; /* what it brought in, or (removal) took away */
} HistoryEntry;

void history_entry_free (HistoryEntry *entry);

/* The newest first, pending ones left out; free with g_ptr_array_unref(). Counts are those that were recorded, so this is
 * quick whatever the entries hold. */
GPtrArray *project_history (Project *project, GError **error); /* HistoryEntry */
/* How many records of people hang on an entry: while there is one it cannot be undone. Reads all its rows. */
gboolean project_entry_hanging (Project *project, gint64 entry, gint64 *n, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HistoryEntry, history_entry_free)

G_END_DECLS
