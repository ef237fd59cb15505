/* SPDX-License-Identifier: MIT
 * AlidadeProjectIndex: the library in memory (library-index.h) of the project that a service has open. It is read on a
 * reader's thread when a project opens, and brought up to date after every change. Use from the main thread.
 *
 * Properties, read-only and notifying:
 *   ready      whether everything is read: counts are whole from then on
 *   done       of the first reading, 0..1
 * Signals:
 *   reset ()   another project, or none: nothing known before holds
 *   updated () a query may answer otherwise now; also some times during the first reading */
#pragma once

#include "project-service.h"

#include "library-index.h"

G_BEGIN_DECLS

#define ALIDADE_TYPE_PROJECT_INDEX (alidade_project_index_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeProjectIndex, alidade_project_index, ALIDADE, PROJECT_INDEX, GObject)

AlidadeProjectIndex *alidade_project_index_new (AlidadeProjectService *service);

AlidadeProjectService *alidade_project_index_get_service (AlidadeProjectIndex *self);
gboolean alidade_project_index_get_is_open (AlidadeProjectIndex *self); /* a project is */
gboolean alidade_project_index_get_ready (AlidadeProjectIndex *self);
double alidade_project_index_get_done (AlidadeProjectIndex *self);
/* Why the project could not be read, or NULL. */
const char *alidade_project_index_get_error (AlidadeProjectIndex *self);
gsize alidade_project_index_get_bytes (AlidadeProjectIndex *self);

/* Sorted; free with g_strfreev(). Empty without a project. */
char **alidade_project_index_get_tags (AlidadeProjectIndex *self);
char **alidade_project_index_get_models (AlidadeProjectIndex *self);

/* library_index_query() on a thread; `filter` is copied. Fails with G_IO_ERROR_CANCELLED, also without a project. */
void alidade_project_index_query_async (AlidadeProjectIndex *self, const LibraryFilter *filter, guint page,
                                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
LibraryResult *alidade_project_index_query_finish (AlidadeProjectIndex *self, GAsyncResult *result, GError **error);

/* What no journal tells: a run that ended, and images whose files were looked at (at most some thousands a call). */
void alidade_project_index_refresh_entry (AlidadeProjectIndex *self, gint64 entry);
void alidade_project_index_refresh_images (AlidadeProjectIndex *self, const gint64 *images, guint n);

G_END_DECLS
