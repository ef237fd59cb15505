/* SPDX-License-Identifier: MIT
 * Thumbnails on the disk: JPEG files in a folder that may be deleted at any time, known by the picture's path, size and
 * time, so that a changed picture gets a new one. Kept below a limit of bytes: those used longest ago go first. Written
 * beside and renamed; a broken one is none. Functions may be called on any thread; they read and write files. */
#pragma once

#include "pixels.h"

G_BEGIN_DECLS

typedef struct ThumbnailCache ThumbnailCache;

/* Makes the folder when the first thumbnail is saved. `limit` 0: 256 MiB. */
ThumbnailCache *thumbnail_cache_new (const char *folder, guint64 limit);
void thumbnail_cache_free (ThumbnailCache *cache);

/* The key of a picture's file as it is now, for g_free(); NULL if there is no such file. */
char *thumbnail_cache_key (const char *path, int max_side);
/* NULL if there is none. Counts as a use. */
AlidadePixels *thumbnail_cache_load (ThumbnailCache *cache, const char *key);
/* What cannot be saved is not: the cache is only a help. FALSE then. */
gboolean thumbnail_cache_save (ThumbnailCache *cache, const char *key, AlidadePixels *pixels);
/* Bytes in the folder now. */
guint64 thumbnail_cache_bytes (ThumbnailCache *cache);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ThumbnailCache, thumbnail_cache_free)

G_END_DECLS
