/* SPDX-License-Identifier: MIT
 * Decoding for people, with memory bounded over all threads: one huge picture at a time. */
#pragma once

#include "albef.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* Pixels above which a picture waits until no other such one is being decoded: a PNG of the engine's limit, 200
 * megapixels, takes 600 MB meanwhile. */
#define ALIDADE_HUGE_PICTURE 40000000

/* At most about max_side pixels on the longer side, upright, alpha over white. albef_image_free() it. */
AlbefImage *alidade_read_image (const char *path, int max_side, GCancellable *cancellable, GError **error);

G_END_DECLS
