/* SPDX-License-Identifier: MIT
 * What people do in the library to many things at once: tags, and filters that they keep. Each call is one record, durable
 * when it returns TRUE, and undone by project_undo(). */
#pragma once

#include "library-filter.h"
#include "project.h"

G_BEGIN_DECLS

/* Sets or removes a tag on images (or on phrases). Those that have it so already are no part of the record; *changed (may be
 * NULL) tells of how many it is. */
gboolean project_tag_images (Project *project, const gint64 *images, guint n, const char *name, gboolean set, const char *by,
                             guint *changed, GError **error);
gboolean project_tag_phrases (Project *project, const gint64 *phrases, guint n, const char *name, gboolean set, const char *by,
                              guint *changed, GError **error);

typedef struct
{
  gint64 id;
  char *name;
  LibraryFilter filter;
} SavedFilter;
void saved_filter_free (SavedFilter *filter);

/* By name; free with g_ptr_array_unref(). One that this version cannot read is left out. */
GPtrArray *project_filters (Project *project, GError **error);
/* Keeps a filter under a name, in place of one of the same name; *id (may be NULL) gets its id. */
gboolean project_save_filter (Project *project, const char *name, const LibraryFilter *filter, const char *by, gint64 *id,
                              GError **error);
gboolean project_rename_filter (Project *project, gint64 filter, const char *name, const char *by, GError **error);
gboolean project_delete_filter (Project *project, gint64 filter, const char *by, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SavedFilter, saved_filter_free)

G_END_DECLS
