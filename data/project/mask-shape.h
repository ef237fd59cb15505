/* SPDX-License-Identifier: MIT
 * Masks in the forms other tools keep them in: a crop of pixels, a PNG of one, and outlines along the pixels' edges. */
#pragma once

#include "shape.h"

G_BEGIN_DECLS

/* A mask of a width x height picture from crop_width x crop_height pixels (row by row, `step` bytes each, set where any
 * of them is not 0) whose first pixel lies at x, y. What lies outside is cut off. FALSE where no pixel is left. */
gboolean mask_from_crop (Shape *shape, guint32 width, guint32 height, gint64 x, gint64 y, guint32 crop_width,
                         guint32 crop_height, const guint8 *pixels, guint step);
/* The pixels (0 or 1) of the mask's box, row by row; NULL if there are more than 256 million. g_free() them. */
guint8 *mask_to_crop (const Shape *shape, guint32 *crop_width, guint32 *crop_height);

/* Rings along the edges of the pixels, which filled even-odd are the mask again. FALSE if the mask is too large. */
gboolean mask_to_rings (const Shape *mask, Shape *polygon);
/* The pixels whose centres a polygon holds. FALSE if there is none, or the picture is too large. */
gboolean mask_from_rings (Shape *mask, guint32 width, guint32 height, const Shape *polygon);

/* A greyscale PNG of `pixels`, as they are; NULL if it cannot be made. g_bytes_unref() it. */
GBytes *mask_png_encode (const guint8 *pixels, guint32 width, guint32 height);
/* The PNG's size without decoding it; FALSE if it is none. */
gboolean mask_png_size (const void *bytes, gsize length, guint32 *width, guint32 *height);

G_END_DECLS
