/* SPDX-License-Identifier: MIT
 * A project: a folder with `project.alidade` (SQLite), its writer's lock, and what readers and the one writer do with
 * it. See migrations/001-first.sql for what it holds. A Project belongs to one thread at a time. */
#pragma once

#include "project-error.h"

G_BEGIN_DECLS

typedef struct Project Project;
typedef struct Database Database; /* database.h */

/* Makes the folder (its parent must be there) and an empty project in it. EXISTS if there is a project already. */
Project *project_create (const char *folder, GError **error);
/* For reading, always possible beside a writer; or, with the lock taken, for writing: half-done imports of a writer
 * that died are purged then. */
Project *project_open (const char *folder, gboolean write, GError **error);
/* An empty one without a folder: for tests and fuzzers. */
Project *project_open_memory (GError **error);
void project_close (Project *project);

Database *project_database (Project *project);
const char *project_folder (const Project *project);

/* Removes the rows of pending entries, slice by slice; those taken from hidden entries are given back. `entry` 0: of
 * all entries. */
gboolean project_purge (Project *project, gint64 entry, GError **error);

/* Statistics for people and tests: how many images, captions, phrases, regions (links) and verdicts are shown. */
typedef struct
{
  gint64 images, captions, phrases, regions, verdicts, missing;
} ProjectCounts;
gboolean project_count (Project *project, ProjectCounts *counts, GError **error);

/* Soundness: `findings` gets one sentence for each, sound ones ("missing pictures") only reported. */
typedef struct
{
  gboolean sound;
  GPtrArray *problems; /* char *, unsound */
  GPtrArray *notes;    /* char *, reported */
  gint64 missing, changed, outside, orphans, duplicates, found_again;
} ProjectCheck;
void project_check_clear (ProjectCheck *check);
/* Needs a reader only; with a writer, pictures that came back are noted as there again. */
gboolean project_check (Project *project, gboolean repair, ProjectCheck *check, GError **error);

/* Fills in full hashes of pictures behind the image *after (from 0) for about `longest` microseconds, at least one; *n
 * counts them, *done: there are no more. For whoever is idle. */
gboolean project_hash_pictures (Project *project, gint64 longest, gint64 *after, gint64 *n, gboolean *done,
                                GError **error);
/* A person's answer about pictures in state 'changed': the new content is theirs, the regions stay. `image` 0: all.
 * They are not asked about again. */
gboolean project_accept_pictures (Project *project, gint64 image, gint64 *n, GError **error);

/* A root of pictures has moved from one absolute path to another: inside the transaction that says so, the files which
 * imports came from and the folders that they name follow, where they are gone from their place and found at the new
 * one. What lay beside the root and moved with it is found as well. */
gboolean sources_follow (Database *db, const char *from, const char *to, GError **error);

/* A copy of the project, also of one that is being written, as the folder `target`. */
gboolean project_backup (Project *project, const char *target, GError **error);
/* Gives unused space back; undo survives, since the journal stays. */
gboolean project_compact (Project *project, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Project, project_close)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ProjectCheck, project_check_clear)

G_END_DECLS
