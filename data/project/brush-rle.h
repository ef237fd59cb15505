/* SPDX-License-Identifier: MIT
 * Label Studio's brush: a stream of bits, not COCO's run lengths. 32 bits: how many numbers; 5: bits of a number, less
 * one; four times 4: bits of a run's length, less one. Then runs: one bit (1: all numbers equal, written once), two
 * bits (which of the four lengths), the length less one, the numbers. They are the picture's pixels row by row with
 * four channels each; a mask is the last of these. */
#pragma once

#include "shape.h"

G_BEGIN_DECLS

/* FALSE where the stream ends early, is of another size, or sets no pixel. */
gboolean brush_decode (Shape *shape, const guint8 *bytes, gsize length, guint32 width, guint32 height);
/* NULL where the mask is too large. g_byte_array_unref() it. */
GByteArray *brush_encode (const Shape *shape);

G_END_DECLS
