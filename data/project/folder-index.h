/* SPDX-License-Identifier: MIT
 * A folder of pictures becoming part of a project in the background: first all names, so that they show at once, then what
 * each file holds. Done again on a folder that the project knows, it finds what is new, changed, missing or there again.
 * New pictures are one entry of the history; they show as they come, and what was read stays when it is cancelled or
 * killed: the next run goes on from there. */
#pragma once

#include "project.h"

G_BEGIN_DECLS

typedef struct FolderIndex FolderIndex;

FolderIndex *folder_index_new (const char *folder);
FolderIndex *folder_index_ref (FolderIndex *job);
void folder_index_unref (FolderIndex *job);

typedef struct
{
  gboolean paused, listing; /* listing: `total` is not known yet */
  gint64 total, done;       /* files to look at, and looked at */
  gint64 added, changed, missing, again;
  double seconds_left;      /* negative: not known yet */
} FolderProgress;

/* Any thread, any time. */
void folder_index_get_progress (FolderIndex *job, FolderProgress *progress);
void folder_index_set_paused (FolderIndex *job, gboolean paused);
/* Images whose state changed since this was asked last, for library_index_refresh_images(); free with g_array_unref(). */
GArray *folder_index_take_changed (FolderIndex *job);

/* Runs it on the writer's thread until it is done or cancelled. `between` as in ImportOptions, also called while it is
 * paused. */
gboolean folder_index_run (FolderIndex *job, Project *project, const char *by, void (*between) (gpointer user_data),
                           gpointer user_data, GCancellable *cancellable, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FolderIndex, folder_index_unref)

G_END_DECLS
