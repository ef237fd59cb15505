/* SPDX-License-Identifier: MIT
 * PictureLayer: the part of a picture that a view shows, at the resolution of the screen, with a map composed over it
 * on the CPU and kept as one node until something changes. What canvases have in common below their marks. */
#pragma once

#include "view-pixels.h"
#include "viewport.h"

#include "albef.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef struct
{
  guint8 *base; /* [height][width][4] BGRA: the visible part of the picture; NULL: to be made */
  int width, height;
  graphene_rect_t area;           /* where it lies, CSS pixels */
  double left, top, wide, high;   /* whole picture in its pixels */
  GskRenderNode *node;            /* with the map over it; NULL: to be made */
} PictureLayer;

typedef struct
{
  const float *values; /* [grid_height][grid_width]; NULL: none */
  int grid_width, grid_height;
  AlbefOverlay overlay;
} PictureLayerMap;

/* Another zoom, place or picture; another map or look. */
void picture_layer_drop_base (PictureLayer *self);
void picture_layer_drop_map (PictureLayer *self);

/* Makes what is missing for a widget and adds it; FALSE: nothing to show. */
gboolean picture_layer_snapshot (PictureLayer *self, GtkWidget *widget, AlidadeViewport *viewport,
                                 const ViewPyramid *pyramid, const PictureLayerMap *map, GtkSnapshot *snapshot);

/* The map's peak: a white ring and dot over a dark halo, so that it reads on any picture. */
void picture_layer_append_peak (GtkSnapshot *snapshot, double x, double y);
/* Strokes the path in white over a dark halo. */
void picture_layer_stroke_twice (cairo_t *cr);

G_END_DECLS
