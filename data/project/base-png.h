/* SPDX-License-Identifier: MIT
 * LabelMe's masks: a small grey PNG as base64 text. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One byte a pixel, not 0 where the picture is not black; NULL if it is no picture, or above 64 megapixels. */
guint8 *base_png_read (const char *base64, int *width, int *height);
/* The base64 text of pixels 0 or 1 as a grey PNG of 0 and 255. */
char *base_png_write (const guint8 *pixels, int width, int height);

G_END_DECLS
