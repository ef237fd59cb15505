/* SPDX-License-Identifier: MIT
 * Where converted checkpoints are kept: CACHE/alidade/models. The name of a conversion follows from path, size
 * and time of the checkpoint, its vocabulary and its configuration, so that a changed file is converted anew. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whether the file is one to convert (a pickle, in a zip container or bare), judged by its first bytes; files
 * that cannot be read count as no. Blocks on the disk. */
gboolean alidade_model_cache_wants (const char *path);

/* Path of the conversion, whether it exists or not; its folder is made. `vocab` NULL: the one beside the file.
 * `folder` NULL: the user's cache. NULL with an error if the checkpoint or the folder cannot be used. */
char *alidade_model_cache_path (const char *folder, const char *path, const char *vocab, gboolean allow_incomplete,
                                GError **error);

/* Removes conversions of the same checkpoint's path made from earlier contents. */
void alidade_model_cache_prune (const char *conversion);

/* "flickr30k-finetuned" of ".../flickr30k-finetuned.pth", for display. */
char *alidade_model_cache_display_name (const char *path);

G_END_DECLS
