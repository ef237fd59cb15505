/* SPDX-License-Identifier: MIT
 * A file written beside its place, synced, then renamed: PATH is complete or untouched, whatever happens. */
#pragma once

#include "albef.h"

typedef struct AtomicFile AtomicFile;

/* Only the place of a file is written to, or one where nothing is yet: a folder, a device or a pipe is refused. */
AlbefStatus atomic_file_open (const char *path, AtomicFile **file, AlbefError *error);
AlbefStatus atomic_file_write (AtomicFile *file, const void *data, size_t length, AlbefError *error);
/* Syncs and renames; frees the file also on failure, when the old one is still in place. */
AlbefStatus atomic_file_commit (AtomicFile *file, AlbefError *error);
/* Throws the new file away. Accepts NULL. */
void atomic_file_discard (AtomicFile *file);

/* For tests of what a killed writer leaves behind: called at these moments of every file if set. */
typedef enum
{
  ATOMIC_FILE_OPENED,
  ATOMIC_FILE_HALF,    /* half of a piece is written */
  ATOMIC_FILE_WRITTEN, /* all of it, not synced */
  ATOMIC_FILE_SYNCED   /* not renamed */
} AtomicFileMoment;
extern void (*atomic_file_watch) (AtomicFileMoment moment);
