/* SPDX-License-Identifier: MIT */
#include "project-error.h"

G_DEFINE_QUARK (project-error, project_error)

gboolean
project_fail (GError **error, ProjectError code, const char *format, ...)
{
  va_list args;

  if (error == NULL)
    return FALSE;
  va_start (args, format);
  *error = g_error_new_valist (PROJECT_ERROR, code, format, args);
  va_end (args);
  return FALSE;
}
