/* SPDX-License-Identifier: MIT
 * What can go wrong with a project, as GError codes that the command line turns into exit statuses. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  PROJECT_ERROR_FAILED,    /* nothing changed */
  PROJECT_ERROR_USAGE,     /* the caller asked for what makes no sense */
  PROJECT_ERROR_BUSY,      /* another writer holds the project */
  PROJECT_ERROR_NEWER,     /* written by a newer version */
  PROJECT_ERROR_EXISTS,    /* something is there already */
  PROJECT_ERROR_NOT_FOUND,
  PROJECT_ERROR_FULL,      /* no space left */
  PROJECT_ERROR_DAMAGED,   /* the file is no sound project */
  PROJECT_ERROR_CANCELLED,
  PROJECT_ERROR_REFUSED    /* somebody changed the target since, or a record hangs on it */
} ProjectError;

#define PROJECT_ERROR (project_error_quark ())
GQuark project_error_quark (void);

/* Sets `error` and returns FALSE: `return project_fail (error, PROJECT_ERROR_FAILED, "...", ...)`. */
gboolean project_fail (GError **error, ProjectError code, const char *format, ...) G_GNUC_PRINTF (3, 4);

G_END_DECLS
