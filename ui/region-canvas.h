/* SPDX-License-Identifier: MIT
 * AlidadeRegionCanvas: a picture under a map with the regions of one phrase on it, for looking and for correcting. The
 * regions under the hand are an AlidadeRegionEdit; the canvas draws them and makes gestures of pointer and keys. Shapes
 * are in stored pixels; picture and regions are turned together.
 *
 * Properties, notifying:
 *   tool         AlidadeRegionTool; kept over zoom, pan and scenes
 *   brush-size   double, diameter in screen (CSS) pixels
 *   threshold    double, 0..1 of the peak, of masks from the map
 *   letter-keys  boolean, TRUE at first: the canvas takes V B P D X T F S [ ] , . Z Shift+Z itself. FALSE: the view
 *                around it has a keymap and activates the actions
 *   editing      boolean, read-only: there are changes that Enter would keep and Esc drop
 * Signals:
 *   region-edited (char *what)      a gesture was finished, undone or redone; shapes differ. "Box drawn" for people
 *   selection-changed (gint64 id)   the selected region's id (0: none, or one made here; see the edit's get_selected)
 *   editing-changed (gboolean editing)
 *   figures-changed ()              alidade_region_canvas_get_figures() has other numbers; at most once a frame
 *   accepted (gboolean whole_chain) Enter (Shift+Enter: TRUE) with no draft open
 *   cancelled (gboolean dropped)    Esc with no draft or gesture open: changes were dropped, or there were none
 *
 * Class actions, all without parameter, so that they show in AT-SPI too:
 *   region.select-tool box-tool polygon-tool brush-tool erase-tool
 *     (box-tool again: a box at the map's peak; polygon-tool again: the selected box as a polygon, a point held)
 *   region.mask-from-map (again: the next part) threshold-up threshold-down fill smooth brush-larger brush-smaller
 *   region.nudge-left -right -up -down, nudge-far-left ... (10 px), wider narrower taller shorter
 *   region.next region.previous                                      select another region
 *   region.next-point previous-point insert-point to-polygon
 *   region.delete duplicate undo redo accept accept-chain cancel
 *   canvas.zoom-in zoom-out fit actual-size pan-left -right -up -down
 * Keys that are always here: arrows, Alt and Shift with them, Ctrl+arrows, + and -, Enter, Shift+Enter, Esc, Delete,
 * BackSpace, Insert, Page Up and Down (points), Ctrl+D. Held Space shows the bare picture; a drag with the middle
 * button, or with Space held, pans. */
#pragma once

#include "look.h"
#include "region-edit.h"
#include "view-pixels.h"
#include "viewport.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef enum
{
  ALIDADE_REGION_TOOL_SELECT,
  ALIDADE_REGION_TOOL_BOX,
  ALIDADE_REGION_TOOL_POLYGON,
  ALIDADE_REGION_TOOL_BRUSH,
  ALIDADE_REGION_TOOL_ERASE
} AlidadeRegionTool;

#define ALIDADE_TYPE_REGION_TOOL (alidade_region_tool_get_type ())
GType alidade_region_tool_get_type (void);

#define ALIDADE_TYPE_REGION_CANVAS (alidade_region_canvas_get_type ())
G_DECLARE_FINAL_TYPE (AlidadeRegionCanvas, alidade_region_canvas, ALIDADE, REGION_CANVAS, GtkWidget)

typedef struct
{
  gint64 id;           /* the caller's (a region's or revision's); not 0 */
  const Shape *shape;  /* stored grid */
  RegionOrigin origin; /* map and detector: dashed white; others: solid */
  gboolean ticked;     /* would be accepted: drawn strong, else lighter */
  gboolean visible;    /* the eye */
  gboolean dimmed;     /* of another phrase: shown faintly, never selected or edited */
  const char *name;    /* of its tag, "proposal 0.71"; NULL: none */
} AlidadeSceneRegion;

typedef struct
{
  ViewPyramid *pyramid;             /* upright pixels; NULL: no picture */
  guint32 stored_width, stored_height;
  int orientation;                  /* EXIF, 1-8 */
  const float *map;                 /* upright, as AlidadeMaps has it; NULL: none */
  int grid_width, grid_height;
  double map_scale;                 /* the value drawn as 1.0; 0: the map's own peak */
  const AlidadeSceneRegion *regions;
  guint n_regions;
  int selected;                     /* of `regions`; -1: none */
} AlidadeRegionScene;

GtkWidget *alidade_region_canvas_new (void);

/* Another phrase: everything is copied or referenced, edits not kept before are dropped. Zoom and place stay while the
 * pyramid is the same one; the tool stays. NULL: nothing to show. */
void alidade_region_canvas_set_scene (AlidadeRegionCanvas *self, const AlidadeRegionScene *scene);
/* Another map on the same scene (layer, method, checkpoint); edits stay. NULL: none. */
void alidade_region_canvas_set_map (AlidadeRegionCanvas *self, const float *map, int grid_width, int grid_height,
                                    double scale);
/* Of a region of the scene, by its id. */
void alidade_region_canvas_set_ticked (AlidadeRegionCanvas *self, gint64 id, gboolean ticked);
void alidade_region_canvas_set_visible_region (AlidadeRegionCanvas *self, gint64 id, gboolean visible);
/* How the map is drawn; without one at 65 % in viridis. */
void alidade_region_canvas_set_look (AlidadeRegionCanvas *self, AlidadeLook *look);
/* The picture without map and regions, while a key is held. */
void alidade_region_canvas_set_bare (AlidadeRegionCanvas *self, gboolean bare);

/* Borrowed, the same object all along: what was changed (list_changes), undo, add() for pasting. */
AlidadeRegionEdit *alidade_region_canvas_get_edit (AlidadeRegionCanvas *self);
AlidadeViewport *alidade_region_canvas_get_viewport (AlidadeRegionCanvas *self);
/* By id; FALSE (and nothing selected) if it is none of the phrase's. */
gboolean alidade_region_canvas_select (AlidadeRegionCanvas *self, gint64 id);

AlidadeRegionTool alidade_region_canvas_get_tool (AlidadeRegionCanvas *self);
void alidade_region_canvas_set_tool (AlidadeRegionCanvas *self, AlidadeRegionTool tool);
gboolean alidade_region_canvas_get_editing (AlidadeRegionCanvas *self);
/* Back to what was loaded. */
void alidade_region_canvas_drop_changes (AlidadeRegionCanvas *self);
/* Of the selected region; FALSE without one. */
gboolean alidade_region_canvas_get_figures (AlidadeRegionCanvas *self, AlidadeRegionFigures *figures);
/* Keys and what they do now, for the hint at the lower left: "Enter", "save, next", ..., NULL. Borrowed. */
const char *const *alidade_region_canvas_get_hint (AlidadeRegionCanvas *self);
/* Seconds of the main thread that the last frame took here, for benchmarks. */
double alidade_region_canvas_get_frame_seconds (AlidadeRegionCanvas *self);

G_END_DECLS
