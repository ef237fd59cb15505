/* SPDX-License-Identifier: MIT
 * AlidadeMapThumb: a small picture with a map over it (strip, heads), or without. Composed once for its size and
 * kept until something changes. Shape: its height is the larger of what it is given and what its width wants;
 * pictures fill it, cut at the longer side. */
#pragma once

#include "albef.h"
#include "view-pixels.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_MAP_THUMB (alidade_map_thumb_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeMapThumb, alidade_map_thumb, ALIDADE, MAP_THUMB, GtkWidget)

/* `side` > 0: fixed height and a width by the picture's shape (0.6 to 1.6 of it). 0: square, as wide as allotted. */
GtkWidget *alidade_map_thumb_new (int side);
void alidade_map_thumb_set_side (AlidadeMapThumb *self, int side);

/* `pyramid` may be NULL (empty). `map` [grid_height][grid_width] is copied; NULL: the bare picture. */
void alidade_map_thumb_set (AlidadeMapThumb *self, ViewPyramid *pyramid, const float *map, int grid_width,
                            int grid_height, const AlbefOverlay *overlay);

G_END_DECLS
