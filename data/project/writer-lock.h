/* SPDX-License-Identifier: MIT
 * The lock of a project's one writer: flock on a file of its own, `project.lock`. The database file itself is opened
 * and closed by SQLite alone, whose own locks any other close in the process would drop. */
#pragma once

#include "project-error.h"

G_BEGIN_DECLS

typedef struct WriterLock WriterLock;

/* PROJECT_ERROR_BUSY when somebody holds it; the message names the process where it can. */
WriterLock *writer_lock_take (const char *folder, GError **error);
void writer_lock_release (WriterLock *lock);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (WriterLock, writer_lock_release)

G_END_DECLS
