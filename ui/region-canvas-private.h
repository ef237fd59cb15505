/* SPDX-License-Identifier: MIT
 * Inside of AlidadeRegionCanvas: region-canvas.c has its state, -scene.c what it is given, -draw.c the snapshot,
 * -input.c the pointer, -keys.c actions and keys. */
#pragma once

#include "picture-layer.h"
#include "region-canvas.h"
#include "region-frame.h"
#include "region-paint.h"

/* A region of the scene; those of the phrase lie in the edit too, in this order. */
typedef struct
{
  gint64 id;
  Shape shape; /* of dimmed ones alone */
  RegionOrigin origin;
  gboolean ticked, visible, dimmed;
  char *name;
} CanvasRegion;

/* What the pointer has caught. */
typedef enum
{
  GRAB_NOTHING,
  GRAB_PAN,
  GRAB_EDGES,   /* of the selected box */
  GRAB_POINT,   /* of the selected polygon */
  GRAB_REGION,  /* moves */
  GRAB_NEW_BOX,
  GRAB_STROKE,
  GRAB_CLICK    /* a point of a draft, or a choice, when it is let go */
} CanvasGrab;

/* A gesture that goes on over several keys or turns of the wheel. */
typedef enum
{
  RUN_NONE,
  RUN_NUDGE,
  RUN_EDGE,
  RUN_THRESHOLD
} CanvasRun;

struct _AlidadeRegionCanvas
{
  GtkWidget parent_instance;

  AlidadeRegionEdit *edit;
  AlidadeViewport *viewport;
  AlidadeLook *look;

  /* the scene */
  ViewPyramid *pyramid;
  guint32 stored_width, stored_height;
  int orientation;
  float *map; /* upright */
  int grid_width, grid_height;
  double map_scale;
  GPtrArray *regions;  /* CanvasRegion */
  GHashTable *by_id;   /* gint64: CanvasRegion of the phrase */

  /* what is drawn */
  PictureLayer layer;
  GskRenderNode *statics;  /* all regions but the selected one; NULL: to be made */
  int statics_without;     /* the selected one they were made without; -1: none */
  gboolean bare;
  double frame_seconds;

  /* how it is worked on */
  AlidadeRegionTool tool;
  double brush_size, threshold;
  guint part;
  gboolean letter_keys;
  gboolean editing;
  gboolean loading;
  CanvasRun run;
  guint run_timer;
  guint figures_tick;

  /* the pointer */
  CanvasGrab grab;
  gboolean pointer_in;
  double pointer_x, pointer_y;
  double press_x, press_y; /* view */
  double last_x, last_y;   /* of a pan or stroke; view */
  guint grab_edges;        /* of the stored box */
  double grab_from[2];     /* stored place of the caught edges or point */
  gboolean moved;
};

gboolean _region_canvas_frame (AlidadeRegionCanvas *self, RegionFrame *frame);
/* Its attributes; made here: visible and ticked. */
CanvasRegion _region_canvas_look_up (AlidadeRegionCanvas *self, const AlidadeEditRegion *region);
gboolean _region_canvas_is_shown (AlidadeRegionCanvas *self, int index);
/* The map or how it is drawn is another. */
void _region_canvas_drop_map (AlidadeRegionCanvas *self);
/* Everything is another: tells so. */
void _region_canvas_scene_changed (AlidadeRegionCanvas *self);
void _region_canvas_drop_statics (AlidadeRegionCanvas *self);
void _region_canvas_snapshot (GtkWidget *widget, GtkSnapshot *snapshot);

void _region_canvas_begin_run (AlidadeRegionCanvas *self, CanvasRun run, const char *what);
void _region_canvas_end_run (AlidadeRegionCanvas *self);
void _region_canvas_set_threshold (AlidadeRegionCanvas *self, double threshold);
void _region_canvas_emit_accepted (AlidadeRegionCanvas *self, gboolean whole_chain);
void _region_canvas_emit_cancelled (AlidadeRegionCanvas *self, gboolean dropped);

void _region_canvas_init_input (AlidadeRegionCanvas *self);
void _region_canvas_update_cursor (AlidadeRegionCanvas *self);
/* A drag or stroke that is under way is taken back. */
gboolean _region_canvas_drop_grab (AlidadeRegionCanvas *self);
void _region_canvas_class_init_keys (GtkWidgetClass *widget_class);
void _region_canvas_init_keys (AlidadeRegionCanvas *self);
