/* SPDX-License-Identifier: MIT
 * view-pixels: a picture enlarged or reduced to what the view shows, on the CPU, as BGRA with opaque alpha (Cairo's
 * ARGB32 on little-endian machines, GdkMemoryTexture's default), so that every renderer shows the same.
 *
 * A pyramid of halved copies stands in for the area filter: the level just above the wanted size is read
 * bilinearly. Pictures enlarged 8 times or more show their pixels as squares. */
#pragma once

#include "pixels.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _ViewPyramid ViewPyramid;

/* Halved copies down to some 256 pixels; thread-safe, takes about 2 ms a megapixel. References `pixels`. */
ViewPyramid *view_pyramid_new (AlidadePixels *pixels);
ViewPyramid *view_pyramid_ref (ViewPyramid *self);
void view_pyramid_unref (ViewPyramid *self);
int view_pyramid_get_width (const ViewPyramid *self);
int view_pyramid_get_height (const ViewPyramid *self);

/* Fills out[height][width] (4 bytes a pixel, tightly packed) with the part of the picture that the output shows
 * when the whole picture lies at (left, top) with size picture_width x picture_height, all in output pixels. The
 * output must lie inside of that rectangle. */
void view_pyramid_render (const ViewPyramid *self, double left, double top, double picture_width, double picture_height,
                          int width, int height, guint8 *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ViewPyramid, view_pyramid_unref)

G_END_DECLS
