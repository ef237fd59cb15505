/* SPDX-License-Identifier: MIT
 * Several files that are written anew together: all are written beside the old ones before the first takes its place,
 * and where one cannot, those before it are put back as they were. */
#pragma once

#include "format.h"

#include <sys/stat.h>

G_BEGIN_DECLS

typedef struct ReplaceSet ReplaceSet;

ReplaceSet *replace_set_new (void);
/* What has not taken its place is removed again. */
void replace_set_free (ReplaceSet *set);

/* A file to be replaced, links followed, or made; NULL on error. Borrowed until replace_set_close(). `before`: how the
 * file was when it was read (st_ino 0: it was not there); NULL: as it is now. */
OutFile *replace_set_open (ReplaceSet *set, const char *path, const struct stat *before, GError **error);
/* Everything is in it: synced, with the permissions of the old one. */
gboolean replace_set_close (ReplaceSet *set, GError **error);
guint replace_set_size (const ReplaceSet *set);

/* All take their places. FALSE with every file as it was: another program changed one meanwhile, or one cannot be
 * replaced. */
gboolean replace_set_commit (ReplaceSet *set, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ReplaceSet, replace_set_free)

G_END_DECLS
