/* SPDX-License-Identifier: MIT
 * AlidadeThumbnailer: small pictures, decoded on two threads, the newest wish first, kept in memory up to a
 * limit of bytes (least recently used go first). Use from the main thread: ask when a row is bound, cancel
 * when it is unbound. */
#pragma once

#include "picture.h"
#include "pixels.h"

G_BEGIN_DECLS

#define ALIDADE_TYPE_THUMBNAILER (alidade_thumbnailer_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeThumbnailer, alidade_thumbnailer, ALIDADE, THUMBNAILER, GObject)

/* `cache_bytes` 0: 32 MiB. */
AlidadeThumbnailer *alidade_thumbnailer_new (gsize cache_bytes);

/* From now on also keeps thumbnails in files below `folder` (NULL: no longer), up to `limit` bytes (0: 256 MiB), read and
 * written by the same threads. A picture that changed is decoded again. */
void alidade_thumbnailer_set_folder (AlidadeThumbnailer *self, const char *folder, guint64 limit);

/* A thumbnail that is in memory already, with a reference, or NULL. No waiting: use it first when binding. */
AlidadePixels *alidade_thumbnailer_lookup (AlidadeThumbnailer *self, AlidadePicture *picture, int max_side);

/* At most about max_side pixels on the longer side, upright, never enlarged. The picture's state and message
 * follow. A picture known to be unreadable fails at once. */
void alidade_thumbnailer_load_async (AlidadeThumbnailer *self, AlidadePicture *picture, int max_side,
                                     GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
AlidadePixels *alidade_thumbnailer_load_finish (AlidadeThumbnailer *self, GAsyncResult *result, GError **error);

gsize alidade_thumbnailer_get_used (AlidadeThumbnailer *self); /* bytes in memory now */

G_END_DECLS
