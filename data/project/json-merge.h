/* SPDX-License-Identifier: MIT
 * A JSON object as somebody else wrote it, with new values: what stays equal keeps its very bytes (10.50 remains
 * 10.50), members keep their order and the space between them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Appends the object `old` with the members of the object `new`, both JSON text: equal values as they stand in `old`,
 * other and new ones as they stand in `new`; members that `new` lacks are gone. FALSE with nothing appended where one
 * is no object. */
gboolean json_merge (const char *old, gsize old_length, const char *new, gsize new_length, GString *out);

G_END_DECLS
