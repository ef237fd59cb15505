/* SPDX-License-Identifier: MIT
 * Inside of AlidadeRegionEdit: region-edit.c keeps states and gestures, region-edit-tools.c has what the hand does. */
#pragma once

#include "region-edit.h"
#include "shape-edit.h"

/* A region at one time; never changed, so that steps of undo share it. */
typedef struct
{
  guint serial;        /* the same region through all its changes, from 1 */
  RegionOrigin origin;
  Shape shape;
} EditItem;

/* All of them at one time. */
typedef struct
{
  GPtrArray *items; /* EditItem, referenced */
  guint selected;   /* serial; 0: none */
} EditState;

struct _AlidadeRegionEdit
{
  GObject parent_instance;

  guint32 width, height;
  double snap;
  MapField map;
  gboolean has_map;

  GPtrArray *loaded;  /* EditItem as they came */
  GHashTable *ids;    /* serial: gint64 */
  guint last_serial;
  EditState now;
  guint announced;    /* selection that was told of last */
  int point;          /* held; -1: none */
  GArray *draft;      /* double x y */
  guint64 stamp;
  AlidadeRegionFigures figures; /* of the region figures_of at figures_stamp */
  int figures_of;
  guint64 figures_stamp;

  const char *gesture; /* NULL: none is open */
  EditState began;     /* as it was then */
  int began_point;
  guint drawn;         /* serial of what this gesture has drawn; 0: nothing */
  GQueue undo, redo;   /* EditState *, newest first */
};

EditPicture _region_edit_picture (AlidadeRegionEdit *self, gboolean snap);
/* The selected region now, and as it was when the gesture began; NULL: none. */
EditItem *_region_edit_selected (AlidadeRegionEdit *self);
EditItem *_region_edit_selected_before (AlidadeRegionEdit *self);
/* The selected region gets another shape, or a region is added and selected; both take what `shape` holds. */
void _region_edit_replace (AlidadeRegionEdit *self, Shape *shape);
void _region_edit_append (AlidadeRegionEdit *self, Shape *shape);
void _region_edit_drop (AlidadeRegionEdit *self, guint serial);
/* A tool's call: opens a gesture if none is open, and then says so for the matching call, which ends it. */
gboolean _region_edit_enter (AlidadeRegionEdit *self, const char *what);
gboolean _region_edit_leave (AlidadeRegionEdit *self, gboolean opened, gboolean done);
void _region_edit_changed (AlidadeRegionEdit *self);
