/* SPDX-License-Identifier: MIT
 * Filling an AlbefError, and memory that does not return NULL for small things. */
#pragma once

#include "albef.h"

#include <stdarg.h>

/* Formats `message` into error (which may be NULL) and returns `status`, so that a failing function can end
 * with `return error_set (error, ...)`. Say what is wrong, where, and what to do. */
AlbefStatus error_set (AlbefError *error, AlbefStatus status, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* As error_set with ": <strerror (errno)>" appended; errno is read on entry. */
AlbefStatus error_set_errno (AlbefError *error, AlbefStatus status, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* Puts "text: " before the message that is there. Returns error->status (ALBEF_ERROR_FORMAT if error is NULL). */
AlbefStatus error_prefix (AlbefError *error, AlbefStatus status, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* For sizes that do not come from a file: abort on no memory. Sizes that do come from a file use malloc and
 * return ALBEF_ERROR_MEMORY or ALBEF_ERROR_LIMIT. */
void *mem_new0 (size_t count, size_t size);
void *mem_resize (void *block, size_t count, size_t size);
char *mem_strdup (const char *text);
char *mem_printf (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
