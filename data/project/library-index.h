/* SPDX-License-Identifier: MIT
 * The library in memory: some twenty bytes for each phrase and image, and their texts folded, so that any filter in any
 * order answers within milliseconds. Filled from a reader in slices, then brought up to date after each commit from what
 * the journal says. Rows for the screen are fetched by their ids (library-rows.h).
 *
 * Threads: filling and updating take a Project and run on its thread, one at a time; queries run on any thread, also
 * meanwhile, and then see what is there already. */
#pragma once

#include "library-filter.h"
#include "project.h"

G_BEGIN_DECLS

typedef struct LibraryIndex LibraryIndex;

LibraryIndex *library_index_new (void);
LibraryIndex *library_index_ref (LibraryIndex *index);
void library_index_unref (LibraryIndex *index);

/* Images first, then captions and phrases. `done` of about `all` rows; called every few thousand, on this thread. */
typedef void (*LibraryProgress) (gint64 done, gint64 all, gpointer user_data);

/* Forgets everything and reads the project. FALSE with CANCELLED keeps what was read; call it again to start anew. */
gboolean library_index_load (LibraryIndex *index, Project *project, GCancellable *cancellable, LibraryProgress progress,
                             gpointer user_data, GError **error);
/* Takes up what was committed since the last load or update; cheap when nothing was. */
gboolean library_index_update (LibraryIndex *index, Project *project, GCancellable *cancellable, GError **error);
/* Reads again what hangs on an import, a run or a removal. A run that ended needs it: what it took away from phrases that
 * it found nothing on is in no journal. */
gboolean library_index_update_entry (LibraryIndex *index, Project *project, gint64 entry, GCancellable *cancellable,
                                     GError **error);
/* Reads images again whose files were looked at: their states are in no journal. */
gboolean library_index_refresh_images (LibraryIndex *index, Project *project, const gint64 *images, guint n,
                                       GError **error);

/* Whether the first load is complete: counts and lists are whole from then on. */
gboolean library_index_is_ready (LibraryIndex *index);
gsize library_index_bytes (LibraryIndex *index);

typedef struct
{
  gint64 count;     /* of all that match */
  guint n;          /* ids that are here, from the first on */
  gint64 ids[];
} LibraryResult;

/* The first `page` ids and the exact count; `page` 0: all ids (a larger result, sorted: call it on a thread). NULL when
 * cancelled. g_free() it. */
LibraryResult *library_index_query (LibraryIndex *index, const LibraryFilter *filter, guint page,
                                    GCancellable *cancellable);

/* What there is to choose from, sorted; free with g_strfreev(). */
char **library_index_tags (LibraryIndex *index);
char **library_index_models (LibraryIndex *index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LibraryIndex, library_index_unref)

G_END_DECLS
