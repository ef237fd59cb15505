/* SPDX-License-Identifier: MIT
 * What reading and writing Label Studio's tasks share. Beside what the tool knows, the `meta` of a result or task holds
 * an object `alidade`: the `parts` number and `fill` of a polygon's rings, the number of a shared `region`, a phrase's
 * `key`, `chain` and `types`, whether related words are one phrase (`joined`), and a task's `phrases` without regions.
 */
#pragma once

#include "format.h"

G_BEGIN_DECLS

/* Code points to UTF-16 units, in which the tool counts a text, and back; both stop at the text's end. */
gint64 studio_unit_of_point (const char *text, gint64 point);
gint64 studio_point_of_unit (const char *text, gint64 unit);

/* label-studio-write.c: one file of all tasks. */
gboolean studio_write (Export *export, const char *target, GError **error);

G_END_DECLS
