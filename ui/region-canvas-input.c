/* SPDX-License-Identifier: MIT
 * The pointer: what it catches where, and what a drag does with it. Handles of the selected region come first whatever
 * the tool is; then the tool decides. */
#include "region-canvas-private.h"

#include "shape-edit.h"
#include "shape-sample.h"

#include <math.h>

#define CLICK_SLACK 4.0 /* CSS pixels a click may move */
#define CLOSING 12.0    /* from the first point of a draft */
#define OUTLINE 6.0     /* from an edge, to choose its region */
#define THRESHOLD_STEP 0.02

/* Where things are ------------------------------------------------------------------------------------------------- */

/* The handle nearest to a place, in CSS pixels of either axis; small boxes keep their inside. */
static gboolean
find_handle (AlidadeRegionCanvas *self, const RegionFrame *frame, const Shape *box, double x, double y,
             RegionHandle *found)
{
  RegionHandle handles[8];
  int n = region_paint_list_handles (frame, box, handles);
  double rect[4], best = INFINITY, reach;

  region_frame_box_to_view (frame, box->box, rect);
  reach = CLAMP (MIN (rect[2], rect[3]) / 3, REGION_HANDLE / 2, REGION_TARGET / 2);
  for (int i = 0; i < n; i++)
    {
      double distance = MAX (fabs (handles[i].x - x), fabs (handles[i].y - y));

      if (distance <= reach && distance < best)
        {
          best = distance;
          *found = handles[i];
        }
    }
  return best < INFINITY;
}

/* The point, or (negative, -2 - point) the middle of the edge behind a point, at a place; -1: neither. */
static int
find_point (const RegionFrame *frame, const Shape *polygon, double x, double y)
{
  guint n = polygon_count_points (polygon), first = 0;
  double best = REGION_TARGET / 2, at_x, at_y;
  int found = -1;

  for (guint i = 0; i < n; i++)
    {
      region_frame_to_view (frame, g_array_index (polygon->points, double, 2 * i),
                            g_array_index (polygon->points, double, 2 * i + 1), &at_x, &at_y);
      if (hypot (at_x - x, at_y - y) < best)
        {
          best = hypot (at_x - x, at_y - y);
          found = (int) i;
        }
    }
  best = MIN (best, REGION_TARGET / 3);
  for (guint ring = 0; ring < polygon->rings->len; ring++)
    {
      guint points = g_array_index (polygon->rings, guint32, ring);

      for (guint i = 0; i < points; i++)
        if (region_paint_middle (frame, polygon, first + i, first + (i + 1) % points, &at_x, &at_y)
            && hypot (at_x - x, at_y - y) < best)
          {
            best = hypot (at_x - x, at_y - y);
            found = -2 - (int) (first + i);
          }
      first += points;
    }
  return found;
}

static gboolean
holds (const RegionFrame *frame, const Shape *shape, double x, double y)
{
  double rect[4], stored_x, stored_y;

  region_frame_box_to_view (frame, shape->box, rect);
  if (x < rect[0] - OUTLINE || y < rect[1] - OUTLINE || x > rect[0] + rect[2] + OUTLINE
      || y > rect[1] + rect[3] + OUTLINE)
    return FALSE;
  if (shape->kind == SHAPE_BOX)
    return TRUE;
  for (int dy = -1; dy <= 1; dy++)
    for (int dx = -1; dx <= 1; dx++)
      {
        region_frame_to_stored (frame, x + dx * OUTLINE, y + dy * OUTLINE, &stored_x, &stored_y);
        if (shape_holds (shape, stored_x, stored_y))
          return TRUE;
      }
  return FALSE;
}

/* The smallest shown region at a place: the one that is hardest to hit otherwise. -1: none. */
static int
find_region (AlidadeRegionCanvas *self, const RegionFrame *frame, double x, double y)
{
  double best = INFINITY;
  int found = -1;
  AlidadeEditRegion region;

  for (guint i = 0; alidade_region_edit_get (self->edit, i, &region); i++)
    {
      const double *box = region.shape->box;
      double area = (box[2] - box[0]) * (box[3] - box[1]);

      if (area < best && _region_canvas_is_shown (self, (int) i) && holds (frame, region.shape, x, y))
        {
          best = area;
          found = (int) i;
        }
    }
  return found;
}

/* The selected region if it is shown; NULL: none. */
static const Shape *
selected_shape (AlidadeRegionCanvas *self)
{
  int selected = alidade_region_edit_get_selected (self->edit);
  AlidadeEditRegion region;

  return _region_canvas_is_shown (self, selected) && alidade_region_edit_get (self->edit, selected, &region)
             ? region.shape
             : NULL;
}

/* The stored edges that lie on these sides of the upright box. */
static guint
turn_edges (const RegionFrame *frame, guint edges)
{
  guint turned = 0;

  for (guint edge = ALIDADE_EDGE_LEFT; edge <= ALIDADE_EDGE_BOTTOM; edge <<= 1)
    if (edges & edge)
      turned |= region_frame_turn_edge (frame, edge);
  return turned;
}

/* Stored pixels, whole: what a hand draws lies on them. */
static void
to_stored (const RegionFrame *frame, double x, double y, double *stored_x, double *stored_y)
{
  region_frame_to_stored (frame, x, y, stored_x, stored_y);
  *stored_x = round (*stored_x);
  *stored_y = round (*stored_y);
}

/* How far the pointer is from where it was pressed, in whole stored pixels. */
static void
shift_since_press (AlidadeRegionCanvas *self, const RegionFrame *frame, double x, double y, double *dx, double *dy)
{
  double x1, y1, x2, y2;

  region_frame_to_stored (frame, self->press_x, self->press_y, &x1, &y1);
  region_frame_to_stored (frame, x, y, &x2, &y2);
  *dx = round (x2 - x1);
  *dy = round (y2 - y1);
}

/* The cursor ------------------------------------------------------------------------------------------------------- */

static const char *
handle_cursor (guint edges)
{
  gboolean left = edges & ALIDADE_EDGE_LEFT, right = edges & ALIDADE_EDGE_RIGHT;
  gboolean top = edges & ALIDADE_EDGE_TOP, bottom = edges & ALIDADE_EDGE_BOTTOM;

  if ((left && top) || (right && bottom))
    return "nwse-resize";
  if ((right && top) || (left && bottom))
    return "nesw-resize";
  return left || right ? "ew-resize" : "ns-resize";
}

static const char *
choose_cursor (AlidadeRegionCanvas *self)
{
  gboolean painting = self->tool == ALIDADE_REGION_TOOL_BRUSH || self->tool == ALIDADE_REGION_TOOL_ERASE;
  const Shape *selected = selected_shape (self);
  RegionHandle handle;
  RegionFrame frame;
  guint draft;

  if (self->grab == GRAB_PAN)
    return "grabbing";
  if (!self->pointer_in || !_region_canvas_frame (self, &frame))
    return NULL;
  if (painting)
    return "crosshair";
  if (selected != NULL && alidade_region_edit_get_draft (self->edit, &draft) == NULL)
    {
      if (selected->kind == SHAPE_BOX
          && find_handle (self, &frame, selected, self->pointer_x, self->pointer_y, &handle))
        return handle_cursor (handle.edges);
      if (selected->kind == SHAPE_POLYGON && find_point (&frame, selected, self->pointer_x, self->pointer_y) != -1)
        return "move";
    }
  if (self->tool != ALIDADE_REGION_TOOL_SELECT)
    return "crosshair";
  return selected != NULL && holds (&frame, selected, self->pointer_x, self->pointer_y) ? "move" : NULL;
}

void
_region_canvas_update_cursor (AlidadeRegionCanvas *self)
{
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), choose_cursor (self));
}

/* Pressing --------------------------------------------------------------------------------------------------------- */

/* Handles and points of the selected region. */
static gboolean
grab_selected (AlidadeRegionCanvas *self, const RegionFrame *frame, double x, double y)
{
  const Shape *shape = selected_shape (self);
  RegionHandle handle;
  int point;

  if (shape == NULL)
    return FALSE;
  if (shape->kind == SHAPE_BOX && find_handle (self, frame, shape, x, y, &handle))
    {
      self->grab = GRAB_EDGES;
      self->grab_edges = turn_edges (frame, handle.edges);
      self->grab_from[0] = shape->box[self->grab_edges & ALIDADE_EDGE_RIGHT ? 2 : 0];
      self->grab_from[1] = shape->box[self->grab_edges & ALIDADE_EDGE_BOTTOM ? 3 : 1];
      alidade_region_edit_begin (self->edit, "Box resized");
      return TRUE;
    }
  if (shape->kind != SHAPE_POLYGON || (point = find_point (frame, shape, x, y)) == -1)
    return FALSE;
  self->grab = GRAB_POINT;
  if (point < -1)
    {
      double at_x, at_y, middle_x, middle_y;

      region_paint_middle (frame, shape, -2 - point, polygon_next_point (shape, -2 - point), &middle_x, &middle_y);
      region_frame_to_stored (frame, middle_x, middle_y, &at_x, &at_y);
      alidade_region_edit_begin (self->edit, "Point added");
      alidade_region_edit_insert_point (self->edit, -2 - point, round (at_x), round (at_y));
      shape = selected_shape (self);
      point = alidade_region_edit_get_point (self->edit);
    }
  else
    {
      alidade_region_edit_hold_point (self->edit, point);
      alidade_region_edit_begin (self->edit, "Point moved");
    }
  self->grab_from[0] = g_array_index (shape->points, double, 2 * point);
  self->grab_from[1] = g_array_index (shape->points, double, 2 * point + 1);
  return TRUE;
}

static double
brush_radius (AlidadeRegionCanvas *self, const RegionFrame *frame)
{
  return self->brush_size / 2 / region_frame_scale (frame);
}

static gboolean
is_erasing (AlidadeRegionCanvas *self, GdkModifierType state)
{
  return (self->tool == ALIDADE_REGION_TOOL_ERASE) != ((state & GDK_ALT_MASK) != 0);
}

static void
stroke_to (AlidadeRegionCanvas *self, const RegionFrame *frame, double x, double y, gboolean erase)
{
  double x1, y1, x2, y2;

  region_frame_to_stored (frame, self->last_x, self->last_y, &x1, &y1);
  region_frame_to_stored (frame, x, y, &x2, &y2);
  alidade_region_edit_paint (self->edit, x1, y1, x2, y2, brush_radius (self, frame), erase);
  self->last_x = x;
  self->last_y = y;
}

/* Motion that the toolkit merged into one event is all of it there: a stroke follows every bend. */
static void
stroke_along (AlidadeRegionCanvas *self, const RegionFrame *frame, GdkEvent *event, gboolean erase)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkNative *native = gtk_widget_get_native (widget);
  g_autofree GdkTimeCoord *history = NULL;
  double left, top, x, y;
  guint n = 0;

  if (event == NULL || gdk_event_get_event_type (event) != GDK_MOTION_NOTIFY
      || (history = gdk_event_get_history (event, &n)) == NULL)
    return;
  gtk_native_get_surface_transform (native, &left, &top);
  for (guint i = 0; i < n; i++)
    if ((history[i].flags & (GDK_AXIS_FLAG_X | GDK_AXIS_FLAG_Y)) == (GDK_AXIS_FLAG_X | GDK_AXIS_FLAG_Y)
        && gtk_widget_translate_coordinates (GTK_WIDGET (native), widget, history[i].axes[GDK_AXIS_X] - left,
                                             history[i].axes[GDK_AXIS_Y] - top, &x, &y))
      stroke_to (self, frame, x, y, erase);
}

static void
press_with_tool (AlidadeRegionCanvas *self, const RegionFrame *frame, double x, double y, GdkModifierType state)
{
  const Shape *selected = selected_shape (self);
  gboolean erase = is_erasing (self, state);
  int found;

  switch (self->tool)
    {
    case ALIDADE_REGION_TOOL_BOX:
      self->grab = GRAB_NEW_BOX;
      break;
    case ALIDADE_REGION_TOOL_POLYGON:
      self->grab = GRAB_CLICK;
      break;
    case ALIDADE_REGION_TOOL_BRUSH:
    case ALIDADE_REGION_TOOL_ERASE:
      self->grab = GRAB_STROKE;
      alidade_region_edit_begin (self->edit, erase ? "Erased" : "Painted");
      stroke_to (self, frame, x, y, erase);
      break;
    case ALIDADE_REGION_TOOL_SELECT:
      if (selected == NULL || !holds (frame, selected, x, y))
        {
          found = find_region (self, frame, x, y);
          if (found >= 0)
            alidade_region_edit_select (self->edit, found);
          selected = found >= 0 ? selected_shape (self) : NULL;
        }
      self->grab = selected != NULL ? GRAB_REGION : GRAB_PAN;
      break;
    }
}

static void
drag_begin_cb (GtkGestureDrag *gesture, double x, double y, AlidadeRegionCanvas *self)
{
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (gesture));
  guint button = gtk_gesture_single_get_current_button (GTK_GESTURE_SINGLE (gesture));
  RegionFrame frame;
  guint draft;

  gtk_widget_grab_focus (GTK_WIDGET (self));
  if (!_region_canvas_frame (self, &frame) || (button != GDK_BUTTON_PRIMARY && button != GDK_BUTTON_MIDDLE))
    {
      gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  _region_canvas_drop_grab (self);
  _region_canvas_end_run (self);
  self->press_x = self->last_x = x;
  self->press_y = self->last_y = y;
  self->pointer_x = x;
  self->pointer_y = y;
  self->moved = FALSE;
  if (self->bare || button == GDK_BUTTON_MIDDLE)
    self->grab = GRAB_PAN;
  else if (self->tool == ALIDADE_REGION_TOOL_BRUSH || self->tool == ALIDADE_REGION_TOOL_ERASE
           || alidade_region_edit_get_draft (self->edit, &draft) != NULL || !grab_selected (self, &frame, x, y))
    press_with_tool (self, &frame, x, y, state);
  _region_canvas_update_cursor (self);
}

/* Dragging --------------------------------------------------------------------------------------------------------- */

static void
drag_to (AlidadeRegionCanvas *self, const RegionFrame *frame, double x, double y, GdkModifierType state)
{
  double dx, dy, x1, y1, x2, y2;

  shift_since_press (self, frame, x, y, &dx, &dy);
  switch (self->grab)
    {
    case GRAB_EDGES:
      alidade_region_edit_move_edges (self->edit, self->grab_edges, round (self->grab_from[0] + dx),
                                      round (self->grab_from[1] + dy));
      break;
    case GRAB_POINT:
      alidade_region_edit_move_point (self->edit, round (self->grab_from[0] + dx), round (self->grab_from[1] + dy));
      break;
    case GRAB_REGION:
      if (alidade_region_edit_get_gesture (self->edit) == NULL)
        alidade_region_edit_begin (self->edit, "Region moved");
      alidade_region_edit_move (self->edit, dx, dy);
      break;
    case GRAB_NEW_BOX:
      if (alidade_region_edit_get_gesture (self->edit) == NULL)
        alidade_region_edit_begin (self->edit, "Box drawn");
      to_stored (frame, self->press_x, self->press_y, &x1, &y1);
      to_stored (frame, x, y, &x2, &y2);
      alidade_region_edit_draw_box (self->edit, x1, y1, x2, y2);
      break;
    case GRAB_STROKE:
      stroke_to (self, frame, x, y, is_erasing (self, state));
      break;
    case GRAB_PAN:
      alidade_viewport_pan (self->viewport, x - self->last_x, y - self->last_y);
      self->last_x = x;
      self->last_y = y;
      break;
    case GRAB_CLICK:
    case GRAB_NOTHING:
      break;
    }
}

static void
drag_update_cb (GtkGestureDrag *gesture, double dx, double dy, AlidadeRegionCanvas *self)
{
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (gesture));
  double start_x, start_y;
  RegionFrame frame;

  if (self->grab == GRAB_NOTHING || !_region_canvas_frame (self, &frame)
      || !gtk_gesture_drag_get_start_point (gesture, &start_x, &start_y))
    return;
  self->pointer_x = start_x + dx;
  self->pointer_y = start_y + dy;
  if (!self->moved && hypot (dx, dy) < CLICK_SLACK && self->grab != GRAB_STROKE)
    return;
  self->moved = TRUE;
  if (self->grab == GRAB_STROKE)
    stroke_along (self, &frame, gtk_event_controller_get_current_event (GTK_EVENT_CONTROLLER (gesture)),
                  is_erasing (self, state));
  drag_to (self, &frame, start_x + dx, start_y + dy, state);
}

/* A point of the polygon being drawn, or its end. */
static void
click_polygon (AlidadeRegionCanvas *self, const RegionFrame *frame, double x, double y, GdkModifierType state)
{
  gboolean as_hole = (state & GDK_SHIFT_MASK) != 0;
  guint n;
  const double *points = alidade_region_edit_get_draft (self->edit, &n);
  double first_x, first_y, last_x, last_y;

  if (n > 0)
    {
      region_frame_to_view (frame, points[0], points[1], &first_x, &first_y);
      region_frame_to_view (frame, points[2 * n - 2], points[2 * n - 1], &last_x, &last_y);
      if (n >= 3 && (hypot (first_x - x, first_y - y) <= CLOSING || hypot (last_x - x, last_y - y) <= CLICK_SLACK))
        {
          alidade_region_edit_draft_close (self->edit, as_hole);
          return;
        }
      if (hypot (last_x - x, last_y - y) <= CLICK_SLACK)
        return;
    }
  to_stored (frame, x, y, &first_x, &first_y);
  alidade_region_edit_draft_add (self->edit, first_x, first_y);
}

static void
click (AlidadeRegionCanvas *self, CanvasGrab grab, double x, double y, GdkModifierType state)
{
  RegionFrame frame;

  if (!_region_canvas_frame (self, &frame))
    return;
  if (grab == GRAB_CLICK)
    click_polygon (self, &frame, x, y, state);
  else if (grab == GRAB_NEW_BOX || grab == GRAB_REGION)
    {
      int found = find_region (self, &frame, x, y);

      if (found >= 0)
        alidade_region_edit_select (self->edit, found);
    }
  else if (grab == GRAB_PAN && !self->bare)
    alidade_region_edit_select (self->edit, -1);
}

static void
drag_end_cb (GtkGestureDrag *gesture, double dx, double dy, AlidadeRegionCanvas *self)
{
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (gesture));
  guint button = gtk_gesture_single_get_current_button (GTK_GESTURE_SINGLE (gesture));
  CanvasGrab grab = self->grab;
  double x, y;

  self->grab = GRAB_NOTHING;
  if (gtk_gesture_drag_get_start_point (gesture, &x, &y) && grab != GRAB_NOTHING)
    {
      alidade_region_edit_end (self->edit);
      if (grab == GRAB_CLICK)
        click (self, grab, x + dx, y + dy, state);
      else if (!self->moved && button != GDK_BUTTON_MIDDLE)
        click (self, grab, x, y, state);
    }
  _region_canvas_update_cursor (self);
}

/* The gesture was taken over (a pinch began) or the window lost the pointer. */
static void
drag_cancel_cb (GtkGesture *gesture, GdkEventSequence *sequence, AlidadeRegionCanvas *self)
{
  _region_canvas_drop_grab (self);
}

gboolean
_region_canvas_drop_grab (AlidadeRegionCanvas *self)
{
  gboolean had = self->grab != GRAB_NOTHING && self->grab != GRAB_PAN;

  self->grab = GRAB_NOTHING;
  if (had)
    alidade_region_edit_cancel (self->edit);
  return had;
}

/* Moving about ----------------------------------------------------------------------------------------------------- */

static void
motion_cb (GtkEventControllerMotion *motion, double x, double y, AlidadeRegionCanvas *self)
{
  guint draft;

  self->pointer_in = TRUE;
  self->pointer_x = x;
  self->pointer_y = y;
  if (self->grab == GRAB_NOTHING)
    _region_canvas_update_cursor (self);
  if (self->tool == ALIDADE_REGION_TOOL_BRUSH || self->tool == ALIDADE_REGION_TOOL_ERASE
      || alidade_region_edit_get_draft (self->edit, &draft) != NULL)
    gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
leave_cb (GtkEventControllerMotion *motion, AlidadeRegionCanvas *self)
{
  self->pointer_in = FALSE;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* While a mask is pulled from the map, the wheel moves its threshold; with Ctrl it zooms as ever. */
static gboolean
scroll_cb (GtkEventControllerScroll *scroll, double dx, double dy, AlidadeRegionCanvas *self)
{
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (scroll));

  if (self->run != RUN_THRESHOLD || (state & (GDK_CONTROL_MASK | GDK_SHIFT_MASK)) != 0)
    return GDK_EVENT_PROPAGATE;
  _region_canvas_set_threshold (self, self->threshold - dy * THRESHOLD_STEP);
  return GDK_EVENT_STOP;
}

void
_region_canvas_init_input (AlidadeRegionCanvas *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkGesture *drag = gtk_gesture_drag_new ();

  gtk_event_controller_set_propagation_phase (scroll, GTK_PHASE_CAPTURE);
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (drag), 0);
  g_signal_connect (scroll, "scroll", G_CALLBACK (scroll_cb), self);
  g_signal_connect (motion, "enter", G_CALLBACK (motion_cb), self);
  g_signal_connect (motion, "motion", G_CALLBACK (motion_cb), self);
  g_signal_connect (motion, "leave", G_CALLBACK (leave_cb), self);
  g_signal_connect (drag, "drag-begin", G_CALLBACK (drag_begin_cb), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (drag_update_cb), self);
  g_signal_connect (drag, "drag-end", G_CALLBACK (drag_end_cb), self);
  g_signal_connect (drag, "cancel", G_CALLBACK (drag_cancel_cb), self);
  gtk_widget_add_controller (widget, scroll);
  gtk_widget_add_controller (widget, motion);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));
}
