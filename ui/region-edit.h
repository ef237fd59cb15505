/* SPDX-License-Identifier: MIT
 * AlidadeRegionEdit: the regions of one phrase while a person works on them. No widgets.
 *
 * Everything is in pixels of the stored grid, as edges (shape.h); the canvas turns what the hand does. A shape that was
 * loaded stays to the last bit until something is done to it; every shape made here is valid and lies inside the
 * picture.
 *
 * Work comes in gestures: a drag, a stroke, a run of nudges, the pull at a threshold. One gesture is one step of undo.
 * begin() opens one, further calls refine it (they always start from what was there at its beginning, so that a box
 * pushed over the edge and back keeps its size), end() keeps it, cancel() takes it back. A call outside of a gesture is
 * one by itself.
 *
 * Signals:
 *   changed ()                     something that shows: shapes, selection, held point, draft, threshold
 *   selection-changed ()           another region is selected, or none
 *   gesture-ended (char *what)     one was kept; what, for people: "Box drawn", "Point moved", "Undone"
 * Main thread only. */
#pragma once

#include "format.h"
#include "map-region.h"
#include "shape.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define ALIDADE_TYPE_REGION_EDIT (alidade_region_edit_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeRegionEdit, alidade_region_edit, ALIDADE, REGION_EDIT, GObject)

/* Edges of a box that a handle moves. */
typedef enum
{
  ALIDADE_EDGE_LEFT = 1,
  ALIDADE_EDGE_TOP = 2,
  ALIDADE_EDGE_RIGHT = 4,
  ALIDADE_EDGE_BOTTOM = 8
} AlidadeEdges;

typedef struct
{
  gint64 id;             /* the caller's; 0: made here, or nobody's yet */
  RegionOrigin origin;   /* as loaded; PERSON for those made here */
  const Shape *shape;    /* now; NULL: removed (only in the list of changes). Borrowed until the next change */
  const Shape *loaded;   /* as it was loaded; NULL for those made here */
  gboolean changed;      /* another shape than loaded, or made here */
} AlidadeEditRegion;

/* What the map says of a region. */
typedef struct
{
  gboolean has_map;
  gboolean peak_inside;  /* the pointing game's hit */
  double energy;         /* share of the map inside, 0..1 */
  gboolean has_proposal; /* there is a proposal (the first region of a map or detector as loaded) */
  double iou;            /* with it */
  double fills;          /* share of the picture, 0..1 */
} AlidadeRegionFigures;

AlidadeRegionEdit *alidade_region_edit_new (void);

/* Starts afresh: no regions, no map, nothing to undo. Sizes of the stored grid, both at least 1. */
void alidade_region_edit_set_picture (AlidadeRegionEdit *self, guint32 width, guint32 height);
void alidade_region_edit_get_picture (AlidadeRegionEdit *self, guint32 *width, guint32 *height);
/* Adds a region as it is kept, in front of what is made here; no gesture. `shape` is copied. */
void alidade_region_edit_load (AlidadeRegionEdit *self, gint64 id, RegionOrigin origin, const Shape *shape);
/* A map in the stored grid's frame (row-major, >= 0, cells centred), copied; NULL: none. */
void alidade_region_edit_set_map (AlidadeRegionEdit *self, const float *map, int grid_width, int grid_height);
/* NULL without a map. Borrowed. */
const MapField *alidade_region_edit_get_map (AlidadeRegionEdit *self);
/* How near to the picture's edge (pixels) a dragged edge jumps to it; 0 (at first): not at all. */
void alidade_region_edit_set_snap (AlidadeRegionEdit *self, double pixels);

/* The regions now, those loaded first. FALSE beyond the last. */
guint alidade_region_edit_get_n (AlidadeRegionEdit *self);
gboolean alidade_region_edit_get (AlidadeRegionEdit *self, guint index, AlidadeEditRegion *region);
/* What has come of it: every region made, changed or removed since loading. Elements AlidadeEditRegion; free with
 * g_array_unref(). */
GArray *alidade_region_edit_list_changes (AlidadeRegionEdit *self);
/* Whether there is any; back to the loaded shapes by undo means no. */
gboolean alidade_region_edit_get_changed (AlidadeRegionEdit *self);
/* Moves whenever shapes do; equal numbers, equal pictures. */
guint64 alidade_region_edit_get_stamp (AlidadeRegionEdit *self);
/* A region drawn here has been kept under this id: undo and redo work on. */
void alidade_region_edit_set_id (AlidadeRegionEdit *self, guint index, gint64 id);

/* -1: none. */
int alidade_region_edit_get_selected (AlidadeRegionEdit *self);
void alidade_region_edit_select (AlidadeRegionEdit *self, int index);
/* The held point of the selected polygon, counted over all its rings; -1: none. */
int alidade_region_edit_get_point (AlidadeRegionEdit *self);
void alidade_region_edit_hold_point (AlidadeRegionEdit *self, int point);
/* The next (1) or previous (-1) point of the selected polygon. */
gboolean alidade_region_edit_step_point (AlidadeRegionEdit *self, int direction);

/* Gestures. `what` is kept as it is (a literal). begin() ends an open one; end() without one does nothing. */
void alidade_region_edit_begin (AlidadeRegionEdit *self, const char *what);
void alidade_region_edit_end (AlidadeRegionEdit *self);
void alidade_region_edit_cancel (AlidadeRegionEdit *self);
/* NULL: none is open. */
const char *alidade_region_edit_get_gesture (AlidadeRegionEdit *self);

/* Each returns FALSE where nothing can be done: nothing selected, no room, another kind of shape. */

/* Boxes: a new one between two corners (the same one again within a gesture); edges of the selected one to a place. */
gboolean alidade_region_edit_draw_box (AlidadeRegionEdit *self, double x1, double y1, double x2, double y2);
gboolean alidade_region_edit_move_edges (AlidadeRegionEdit *self, AlidadeEdges edges, double x, double y);
/* A new box around the map's peak, or around the place when there is no map, a fifth of the picture wide. */
gboolean alidade_region_edit_drop_box (AlidadeRegionEdit *self, double x, double y);
/* The selected shape by so much since the gesture began; masks by whole pixels. */
gboolean alidade_region_edit_move (AlidadeRegionEdit *self, double dx, double dy);
/* The held point by so much, or else the selected region. */
gboolean alidade_region_edit_nudge (AlidadeRegionEdit *self, double dx, double dy);
/* The edge of the selected box by so much. */
gboolean alidade_region_edit_nudge_edge (AlidadeRegionEdit *self, AlidadeEdges edge, double by);

/* Polygons. The held point to a place; a new point on the edge behind `point`, which is held then; the held point away
 * (a ring of three goes as a whole, unless it is the last). */
gboolean alidade_region_edit_move_point (AlidadeRegionEdit *self, double x, double y);
gboolean alidade_region_edit_insert_point (AlidadeRegionEdit *self, int point, double x, double y);
gboolean alidade_region_edit_remove_point (AlidadeRegionEdit *self);
/* The selected box as a polygon of its corners. */
gboolean alidade_region_edit_to_polygon (AlidadeRegionEdit *self);
/* A polygon being drawn is a draft until it is closed: as a region, or as a hole (a further ring) of the selected
 * polygon. Fewer than three points are no polygon. Undo takes the draft's points back one by one first. */
void alidade_region_edit_draft_add (AlidadeRegionEdit *self, double x, double y);
gboolean alidade_region_edit_draft_undo (AlidadeRegionEdit *self);
void alidade_region_edit_draft_drop (AlidadeRegionEdit *self);
gboolean alidade_region_edit_draft_close (AlidadeRegionEdit *self, gboolean as_hole);
/* x y of each; NULL without a draft. Borrowed. */
const double *alidade_region_edit_get_draft (AlidadeRegionEdit *self, guint *n_points);

/* Masks. The pixels whose centres lie within `radius` of a line are added to the selected mask (else to a new one), or
 * taken from the selected region (which becomes a mask), also stroke by stroke within a gesture. */
gboolean alidade_region_edit_paint (AlidadeRegionEdit *self, double x1, double y1, double x2, double y2, double radius,
                                    gboolean erase);
/* The selected mask without its holes; with its edges evened. */
gboolean alidade_region_edit_fill (AlidadeRegionEdit *self);
gboolean alidade_region_edit_smooth (AlidadeRegionEdit *self);
/* A mask of the part of the map above `threshold` (0..1, of the peak) that holds the n-th highest peak (from 0, going
 * round); the same one again within a gesture. */
gboolean alidade_region_edit_mask_from_map (AlidadeRegionEdit *self, double threshold, guint part);

/* All shapes. A copy of a shape, selected; the selected one away; doubled a little aside. */
gboolean alidade_region_edit_add (AlidadeRegionEdit *self, const Shape *shape);
gboolean alidade_region_edit_remove (AlidadeRegionEdit *self);
gboolean alidade_region_edit_duplicate (AlidadeRegionEdit *self);

/* Back to what was loaded, as a step that can be undone; an open gesture and the draft go. FALSE: nothing was
 * changed. */
gboolean alidade_region_edit_revert (AlidadeRegionEdit *self);
/* FALSE where there is nothing. An open gesture is taken back by undo(). */
gboolean alidade_region_edit_undo (AlidadeRegionEdit *self);
gboolean alidade_region_edit_redo (AlidadeRegionEdit *self);
gboolean alidade_region_edit_can_undo (AlidadeRegionEdit *self);
gboolean alidade_region_edit_can_redo (AlidadeRegionEdit *self);

/* Of the region; FALSE without one. Boxes are measured exactly, other shapes on 512 samples a side. */
gboolean alidade_region_edit_get_figures (AlidadeRegionEdit *self, int index, AlidadeRegionFigures *figures);

G_END_DECLS
