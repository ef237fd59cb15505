/* SPDX-License-Identifier: MIT
 * Identifiers: 63 bits, ordered by time (milliseconds since 2020 in the upper 41) with random low bits, so that
 * projects made on different machines can be merged. And identities: 63 bits of a SHA-256. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A fresh id, larger than every earlier one of this process. Safe on any thread. */
gint64 project_id_new (void);

/* Decimal text to an id; 0 if it is none. */
gint64 project_id_parse (const char *text);

/* The identity of `length` bytes under a name of what they are ("caption", ...), never negative. */
gint64 project_identity (const char *what, const void *bytes, gsize length);

/* When an id was made, microseconds since 1970. */
gint64 project_id_time (gint64 id);

/* Microseconds since 1970. */
gint64 project_now (void);

/* "2024-05-06T07:08:09.123456Z"; the caller frees. */
char *project_time_text (gint64 microseconds);

G_END_DECLS
