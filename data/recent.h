/* SPDX-License-Identifier: MIT
 * AlidadeRecent: the folders, models and projects used lately, newest first, kept in a key file in the user's state
 * folder (STATE/alidade/recent.ini). Signal `changed`. What cannot be read or written is only logged: a
 * program without a home still runs. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  ALIDADE_RECENT_FOLDERS,
  ALIDADE_RECENT_MODELS,
  ALIDADE_RECENT_PROJECTS,
  ALIDADE_RECENT_N_KINDS
} AlidadeRecentKind;

#define ALIDADE_RECENT_LIMIT 8 /* entries of a kind */

#define ALIDADE_TYPE_RECENT (alidade_recent_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeRecent, alidade_recent, ALIDADE, RECENT, GObject)

/* `file` NULL: the user's own. */
AlidadeRecent *alidade_recent_new (const char *file);
/* Paths in bytes, NULL-terminated, newest first; borrowed until the next change. */
const char *const *alidade_recent_get (AlidadeRecent *self, AlidadeRecentKind kind);
void alidade_recent_add (AlidadeRecent *self, AlidadeRecentKind kind, const char *path);
void alidade_recent_remove (AlidadeRecent *self, AlidadeRecentKind kind, const char *path);

G_END_DECLS
