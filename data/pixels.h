/* SPDX-License-Identifier: MIT
 * AlidadePixels: an immutable 8-bit RGB picture, [height][width][3], tightly packed. The plain value that
 * data/ hands to ui/, which makes textures of it. Reference-counted (atomically), boxed. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_PIXELS (alidade_pixels_get_type ())

typedef struct _AlidadePixels AlidadePixels;

GType alidade_pixels_get_type (void);

/* Takes width * height * 3 bytes; `bytes` is referenced. Programmer error if the size does not fit. */
AlidadePixels *alidade_pixels_new (GBytes *bytes, int width, int height);
AlidadePixels *alidade_pixels_ref (AlidadePixels *self);
void alidade_pixels_unref (AlidadePixels *self);

int alidade_pixels_get_width (const AlidadePixels *self);
int alidade_pixels_get_height (const AlidadePixels *self);
/* Borrowed from self. stride = 3 * width; GDK_MEMORY_R8G8B8 */
GBytes *alidade_pixels_get_bytes (const AlidadePixels *self);
const guint8 *alidade_pixels_get_data (const AlidadePixels *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlidadePixels, alidade_pixels_unref)

G_END_DECLS
