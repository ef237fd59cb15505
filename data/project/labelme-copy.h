/* SPDX-License-Identifier: MIT
 * A LabelMe file copied with some of its shapes changed: every other byte stays, and what is new gets the file's
 * indent. */
#pragma once

#include "format.h"

G_BEGIN_DECLS

/* `instead`: for each of the file's shapes an array of what takes its place (empty: nothing does), or NULL: it stays.
 * `added` comes behind the last shape, `note` becomes the file's key `alidade`. */
gboolean labelme_copy_file (const char *path, const GPtrArray *instead, const json_t *added, const json_t *note,
                            OutFile *out, GError **error);

G_END_DECLS
