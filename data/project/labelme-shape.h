/* SPDX-License-Identifier: MIT
 * The shapes of LabelMe's files and of X-AnyLabeling's, which has four points to a rectangle and no masks. A record is
 * what became, or becomes, one region: one shape, or several whose key `alidade` gives them one number `parts`: the
 * rings of a polygon. `alidade` also tells the `fill` of rings, that they outline a `mask` [height, width], and the
 * `link` of a record that was written back, with its `hash` then. Other tools keep keys that they do not know. */
#pragma once

#include "format.h"

G_BEGIN_DECLS

/* The records of a file's `shapes`, each a GArray of indices (guint). g_ptr_array_unref() it. */
GPtrArray *labelme_records (const json_t *shapes);
/* What tells a record from others, as a text of digits: its label, description, points and mask. The caller frees. */
char *labelme_record_hash (const json_t *shapes, const GArray *record);
/* The record's shape in the file's grid, of a picture of width x height (0 unknown). FALSE with *why (static). */
gboolean labelme_record_parse (const json_t *shapes, const GArray *record, double width, double height, Shape *shape,
                               const char **why);
/* The phrase: the description if there is one, else the label; NULL if there is neither. Borrowed. */
const char *labelme_text (const json_t *item);

/* The items of a record for a shape: shape_type, points, mask and what `alidade` says of them. `parts` is used where it
 * takes several. NULL where it cannot be written. */
json_t *labelme_record_new (const Shape *shape, gboolean anylabeling, gint64 parts);

/* JSON as Python writes it with an indent. */
void labelme_put_value (GString *out, const json_t *value, guint indent, guint depth);

G_END_DECLS
