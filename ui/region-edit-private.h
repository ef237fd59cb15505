/* SPDX-License-Identifier: MIT
 * Inside of AlidadeRegionEdit: region-edit-state.c keeps states, region-edit.c gestures, region-edit-tools.c has what
 * the hand does. */
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

void edit_item_unref (gpointer item);
/* Takes what `shape` holds. */
EditItem *edit_item_new_take (guint serial, RegionOrigin origin, Shape *shape);
GPtrArray *edit_items_new (void);
EditState edit_state_copy (const EditState *state);
void edit_state_clear (EditState *state);
void edit_state_free (gpointer state);
/* Its place; -1: it is not there. */
int edit_state_find (const EditState *state, guint serial);
gboolean edit_states_equal (const EditState *a, const EditState *b);
/* Takes what `state` holds as the newest of steps of undo; the oldest go when there are too many. */
void edit_state_push (GQueue *queue, EditState state);

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
