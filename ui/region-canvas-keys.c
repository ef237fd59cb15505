/* SPDX-License-Identifier: MIT
 * Everything that keys do, as class actions: bindings for the keys that are always here, letters through a controller
 * that the view around can switch off when it has a keymap of its own. */
#include "region-canvas-private.h"

#include "shape-edit.h"

#include <math.h>

#define FAR 10.0 /* pixels with Alt */
#define BRUSH_FACTOR 1.25
#define THRESHOLD_STEP 0.02

typedef struct
{
  const char *name;
  double across, down; /* on the upright picture */
} Direction;

static const Direction directions[] = { { "left", -1, 0 }, { "right", 1, 0 }, { "up", 0, -1 }, { "down", 0, 1 } };

static void
box_tool (AlidadeRegionCanvas *self)
{
  RegionFrame frame;
  double x, y;

  if (self->tool != ALIDADE_REGION_TOOL_BOX)
    {
      alidade_region_canvas_set_tool (self, ALIDADE_REGION_TOOL_BOX);
      return;
    }
  if (!_region_canvas_frame (self, &frame) || self->grab != GRAB_NOTHING)
    return;
  _region_canvas_end_run (self);
  region_frame_to_stored (&frame, gtk_widget_get_width (GTK_WIDGET (self)) / 2.0,
                          gtk_widget_get_height (GTK_WIDGET (self)) / 2.0, &x, &y);
  alidade_region_edit_drop_box (self->edit, x, y);
}

/* The polygon tool again: the selected box becomes a polygon, whose points keys can walk. */
static void
polygon_tool (AlidadeRegionCanvas *self)
{
  guint draft;

  if (self->tool != ALIDADE_REGION_TOOL_POLYGON)
    {
      alidade_region_canvas_set_tool (self, ALIDADE_REGION_TOOL_POLYGON);
      return;
    }
  if (self->grab != GRAB_NOTHING || alidade_region_edit_get_draft (self->edit, &draft) != NULL)
    return;
  _region_canvas_end_run (self);
  if (alidade_region_edit_to_polygon (self->edit))
    alidade_region_edit_step_point (self->edit, 1);
}

static void
choose_tool (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);

  if (g_str_equal (name, "region.box-tool"))
    box_tool (self);
  else if (g_str_equal (name, "region.polygon-tool"))
    polygon_tool (self);
  else if (g_str_equal (name, "region.brush-tool"))
    alidade_region_canvas_set_tool (self, ALIDADE_REGION_TOOL_BRUSH);
  else if (g_str_equal (name, "region.erase-tool"))
    alidade_region_canvas_set_tool (self, ALIDADE_REGION_TOOL_ERASE);
  else
    alidade_region_canvas_set_tool (self, ALIDADE_REGION_TOOL_SELECT);
}

/* Masks ------------------------------------------------------------------------------------------------------------ */

static void
mask_from_map (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);

  if (self->pyramid == NULL || alidade_region_edit_get_map (self->edit) == NULL || self->grab != GRAB_NOTHING)
    return;
  self->part = self->run == RUN_THRESHOLD ? self->part + 1 : 0;
  _region_canvas_begin_run (self, RUN_THRESHOLD, "Mask from the map");
  alidade_region_edit_mask_from_map (self->edit, self->threshold, self->part);
}

static void
step_threshold (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);
  double by = g_str_has_suffix (name, "up") ? THRESHOLD_STEP : -THRESHOLD_STEP;

  _region_canvas_set_threshold (self, round ((self->threshold + by) * 100) / 100);
}

static void
change_mask (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);

  if (self->grab != GRAB_NOTHING)
    return;
  _region_canvas_end_run (self);
  if (g_str_equal (name, "region.fill"))
    alidade_region_edit_fill (self->edit);
  else
    alidade_region_edit_smooth (self->edit);
}

static void
resize_brush (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);
  double factor = g_str_has_suffix (name, "larger") ? BRUSH_FACTOR : 1 / BRUSH_FACTOR;

  g_object_set (self, "brush-size", CLAMP (round (self->brush_size * factor * 2) / 2, 2, 400), NULL);
}

/* Nudges ----------------------------------------------------------------------------------------------------------- */

static void
nudge (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);
  double by = g_str_has_prefix (name, "region.nudge-far-") ? FAR : 1, dx, dy;
  RegionFrame frame;

  if (!_region_canvas_frame (self, &frame) || self->grab != GRAB_NOTHING
      || alidade_region_edit_get_selected (self->edit) < 0)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (directions); i++)
    if (g_str_has_suffix (name, directions[i].name))
      {
        region_frame_turn_shift (&frame, by * directions[i].across, by * directions[i].down, &dx, &dy);
        _region_canvas_begin_run (self, RUN_NUDGE,
                                  alidade_region_edit_get_point (self->edit) >= 0 ? "Point moved" : "Region moved");
        alidade_region_edit_nudge (self->edit, dx, dy);
      }
}

/* The right or lower side of the upright box, by a pixel. */
static void
resize (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);
  gboolean across = g_str_has_suffix (name, "wider") || g_str_has_suffix (name, "narrower");
  double by = g_str_has_suffix (name, "wider") || g_str_has_suffix (name, "taller") ? 1 : -1;
  RegionFrame frame;
  guint edge;

  if (!_region_canvas_frame (self, &frame) || self->grab != GRAB_NOTHING
      || alidade_region_edit_get_selected (self->edit) < 0)
    return;
  edge = region_frame_turn_edge (&frame, across ? ALIDADE_EDGE_RIGHT : ALIDADE_EDGE_BOTTOM);
  _region_canvas_begin_run (self, RUN_EDGE, "Box resized");
  alidade_region_edit_nudge_edge (self->edit, edge, edge == ALIDADE_EDGE_LEFT || edge == ALIDADE_EDGE_TOP ? -by : by);
}

/* Choosing, points ------------------------------------------------------------------------------------------------- */

static void
step_region (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);
  int n = (int) alidade_region_edit_get_n (self->edit), at = alidade_region_edit_get_selected (self->edit);
  int step = g_str_equal (name, "region.next") ? 1 : -1;

  if (self->grab != GRAB_NOTHING)
    return;
  _region_canvas_end_run (self);
  for (int i = 0; i < n; i++)
    {
      at = at < 0 ? (step > 0 ? 0 : n - 1) : (at + step + n) % n;
      if (_region_canvas_is_shown (self, at))
        {
          alidade_region_edit_select (self->edit, at);
          return;
        }
    }
}

static void
step_point (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);

  _region_canvas_end_run (self);
  alidade_region_edit_step_point (self->edit, g_str_equal (name, "region.next-point") ? 1 : -1);
}

/* In the middle of the edge behind the held point. */
static void
insert_point (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);
  int point = alidade_region_edit_get_point (self->edit);
  AlidadeEditRegion region;
  RegionFrame frame;
  double x, y;

  if (point < 0 || !_region_canvas_frame (self, &frame)
      || !alidade_region_edit_get (self->edit, alidade_region_edit_get_selected (self->edit), &region))
    return;
  _region_canvas_end_run (self);
  region_paint_middle (&frame, region.shape, point, polygon_next_point (region.shape, point), &x, &y);
  region_frame_to_stored (&frame, x, y, &x, &y);
  alidade_region_edit_insert_point (self->edit, point, round (x), round (y));
}

static void
to_polygon (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);

  _region_canvas_end_run (self);
  alidade_region_edit_to_polygon (self->edit);
}

/* Keeping and taking back ------------------------------------------------------------------------------------------ */

static void
delete (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);

  if (_region_canvas_drop_grab (self))
    return;
  _region_canvas_end_run (self);
  if (!alidade_region_edit_draft_undo (self->edit) && !alidade_region_edit_remove_point (self->edit))
    alidade_region_edit_remove (self->edit);
}

static void
duplicate (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);

  if (self->grab != GRAB_NOTHING)
    return;
  _region_canvas_end_run (self);
  alidade_region_edit_duplicate (self->edit);
}

static void
undo (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);

  if (_region_canvas_drop_grab (self))
    return;
  /* A run of nudges is a step, not yet ended. */
  _region_canvas_end_run (self);
  if (g_str_equal (name, "region.undo"))
    alidade_region_edit_undo (self->edit);
  else
    alidade_region_edit_redo (self->edit);
}

static void
accept (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);
  gboolean chain = g_str_equal (name, "region.accept-chain");
  guint n;

  if (self->grab != GRAB_NOTHING)
    return;
  if (alidade_region_edit_get_draft (self->edit, &n) != NULL)
    {
      alidade_region_edit_draft_close (self->edit, chain);
      return;
    }
  _region_canvas_end_run (self);
  _region_canvas_emit_accepted (self, chain);
}

static void
cancel (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);
  guint n;

  if (_region_canvas_drop_grab (self))
    return;
  if (self->run != RUN_NONE)
    {
      alidade_region_edit_cancel (self->edit);
      _region_canvas_end_run (self);
      return;
    }
  if (alidade_region_edit_get_draft (self->edit, &n) != NULL)
    {
      alidade_region_edit_draft_drop (self->edit);
      return;
    }
  _region_canvas_emit_cancelled (self, alidade_region_edit_revert (self->edit));
}

/* Letters ---------------------------------------------------------------------------------------------------------- */

static const struct
{
  guint key;
  const char *action;
} letters[] = {
  { GDK_KEY_v, "region.select-tool" },
  { GDK_KEY_b, "region.box-tool" },
  { GDK_KEY_p, "region.polygon-tool" },
  { GDK_KEY_d, "region.brush-tool" },
  { GDK_KEY_x, "region.erase-tool" },
  { GDK_KEY_t, "region.mask-from-map" },
  { GDK_KEY_f, "region.fill" },
  { GDK_KEY_s, "region.smooth" },
  { GDK_KEY_bracketleft, "region.brush-smaller" },
  { GDK_KEY_bracketright, "region.brush-larger" },
  { GDK_KEY_comma, "region.threshold-down" },
  { GDK_KEY_period, "region.threshold-up" },
  { GDK_KEY_z, "region.undo" },
};

static gboolean
key_pressed_cb (GtkEventControllerKey *keys, guint keyval, guint keycode, GdkModifierType state,
                AlidadeRegionCanvas *self)
{
  GdkModifierType held = state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK | GDK_SUPER_MASK);

  if (keyval == GDK_KEY_space && (held & ~GDK_SHIFT_MASK) == 0)
    {
      alidade_region_canvas_set_bare (self, TRUE);
      return GDK_EVENT_STOP;
    }
  if (!self->letter_keys || (held & ~GDK_SHIFT_MASK) != 0)
    return GDK_EVENT_PROPAGATE;
  if ((held & GDK_SHIFT_MASK) != 0 && gdk_keyval_to_lower (keyval) == GDK_KEY_z)
    {
      gtk_widget_activate_action (GTK_WIDGET (self), "region.redo", NULL);
      return GDK_EVENT_STOP;
    }
  for (guint i = 0; i < G_N_ELEMENTS (letters) && held == 0; i++)
    if (letters[i].key == gdk_keyval_to_lower (keyval))
      {
        gtk_widget_activate_action (GTK_WIDGET (self), letters[i].action, NULL);
        return GDK_EVENT_STOP;
      }
  return GDK_EVENT_PROPAGATE;
}

static void
key_released_cb (GtkEventControllerKey *keys, guint keyval, guint keycode, GdkModifierType state,
                 AlidadeRegionCanvas *self)
{
  if (keyval == GDK_KEY_space)
    alidade_region_canvas_set_bare (self, FALSE);
}

static void
focus_left_cb (GtkEventControllerFocus *focus, AlidadeRegionCanvas *self)
{
  alidade_region_canvas_set_bare (self, FALSE);
}

void
_region_canvas_init_keys (AlidadeRegionCanvas *self)
{
  GtkEventController *keys = gtk_event_controller_key_new (), *focus = gtk_event_controller_focus_new ();

  g_signal_connect (keys, "key-pressed", G_CALLBACK (key_pressed_cb), self);
  g_signal_connect (keys, "key-released", G_CALLBACK (key_released_cb), self);
  g_signal_connect (focus, "leave", G_CALLBACK (focus_left_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
  gtk_widget_add_controller (GTK_WIDGET (self), focus);
}

/* Hints ------------------------------------------------------------------------------------------------------------ */

const char *const *
alidade_region_canvas_get_hint (AlidadeRegionCanvas *self)
{
  static const char *const draft[] = { "Enter", "close", "⌫", "take back", "Esc", "drop", NULL };
  static const char *const point[] = { "Enter", "save, next", "Esc", "cancel", "←↑↓→", "nudge point", "Del",
                                       "remove point", NULL };
  static const char *const threshold[] = { ", .", "threshold", "T", "next part", "Enter", "save, next", "Esc", "cancel",
                                           NULL };
  static const char *const brush[] = { "[ ]", "size", "F", "fill", "S", "smooth", "Enter", "save, next", NULL };
  static const char *const region[] = { "Enter", "save, next", "Esc", "cancel", "←↑↓→", "nudge", NULL };
  static const char *const nothing[] = { NULL };
  guint n;

  if (alidade_region_edit_get_draft (self->edit, &n) != NULL)
    return draft;
  if (self->run == RUN_THRESHOLD)
    return threshold;
  if (self->tool == ALIDADE_REGION_TOOL_BRUSH || self->tool == ALIDADE_REGION_TOOL_ERASE)
    return brush;
  if (alidade_region_edit_get_point (self->edit) >= 0)
    return point;
  return self->editing ? region : nothing;
}

/* Actions and bindings --------------------------------------------------------------------------------------------- */

static void
install_actions (GtkWidgetClass *widget_class)
{
  static const struct
  {
    const char *name;
    GtkWidgetActionActivateFunc activate;
  } actions[] = {
    { "region.select-tool", choose_tool },
    { "region.box-tool", choose_tool },
    { "region.polygon-tool", choose_tool },
    { "region.brush-tool", choose_tool },
    { "region.erase-tool", choose_tool },
    { "region.mask-from-map", mask_from_map },
    { "region.threshold-up", step_threshold },
    { "region.threshold-down", step_threshold },
    { "region.fill", change_mask },
    { "region.smooth", change_mask },
    { "region.brush-larger", resize_brush },
    { "region.brush-smaller", resize_brush },
    { "region.nudge-left", nudge },
    { "region.nudge-right", nudge },
    { "region.nudge-up", nudge },
    { "region.nudge-down", nudge },
    { "region.nudge-far-left", nudge },
    { "region.nudge-far-right", nudge },
    { "region.nudge-far-up", nudge },
    { "region.nudge-far-down", nudge },
    { "region.wider", resize },
    { "region.narrower", resize },
    { "region.taller", resize },
    { "region.shorter", resize },
    { "region.next", step_region },
    { "region.previous", step_region },
    { "region.next-point", step_point },
    { "region.previous-point", step_point },
    { "region.insert-point", insert_point },
    { "region.to-polygon", to_polygon },
    { "region.delete", delete },
    { "region.duplicate", duplicate },
    { "region.undo", undo },
    { "region.redo", undo },
    { "region.accept", accept },
    { "region.accept-chain", accept },
    { "region.cancel", cancel },
  };

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i].name, NULL, actions[i].activate);
}

void
_region_canvas_class_init_keys (GtkWidgetClass *widget_class)
{
  static const struct
  {
    guint key;
    GdkModifierType state;
    const char *action;
  } keys[] = {
    { GDK_KEY_Left, 0, "region.nudge-left" },
    { GDK_KEY_Right, 0, "region.nudge-right" },
    { GDK_KEY_Up, 0, "region.nudge-up" },
    { GDK_KEY_Down, 0, "region.nudge-down" },
    { GDK_KEY_Left, GDK_ALT_MASK, "region.nudge-far-left" },
    { GDK_KEY_Right, GDK_ALT_MASK, "region.nudge-far-right" },
    { GDK_KEY_Up, GDK_ALT_MASK, "region.nudge-far-up" },
    { GDK_KEY_Down, GDK_ALT_MASK, "region.nudge-far-down" },
    { GDK_KEY_Right, GDK_SHIFT_MASK, "region.wider" },
    { GDK_KEY_Left, GDK_SHIFT_MASK, "region.narrower" },
    { GDK_KEY_Down, GDK_SHIFT_MASK, "region.taller" },
    { GDK_KEY_Up, GDK_SHIFT_MASK, "region.shorter" },
    { GDK_KEY_Left, GDK_CONTROL_MASK, "canvas.pan-left" },
    { GDK_KEY_Right, GDK_CONTROL_MASK, "canvas.pan-right" },
    { GDK_KEY_Up, GDK_CONTROL_MASK, "canvas.pan-up" },
    { GDK_KEY_Down, GDK_CONTROL_MASK, "canvas.pan-down" },
    { GDK_KEY_plus, 0, "canvas.zoom-in" },
    { GDK_KEY_plus, GDK_SHIFT_MASK, "canvas.zoom-in" },
    { GDK_KEY_equal, 0, "canvas.zoom-in" },
    { GDK_KEY_KP_Add, 0, "canvas.zoom-in" },
    { GDK_KEY_minus, 0, "canvas.zoom-out" },
    { GDK_KEY_KP_Subtract, 0, "canvas.zoom-out" },
    { GDK_KEY_Return, 0, "region.accept" },
    { GDK_KEY_KP_Enter, 0, "region.accept" },
    { GDK_KEY_Return, GDK_SHIFT_MASK, "region.accept-chain" },
    { GDK_KEY_KP_Enter, GDK_SHIFT_MASK, "region.accept-chain" },
    { GDK_KEY_Escape, 0, "region.cancel" },
    { GDK_KEY_Delete, 0, "region.delete" },
    { GDK_KEY_BackSpace, 0, "region.delete" },
    { GDK_KEY_Insert, 0, "region.insert-point" },
    { GDK_KEY_Page_Down, 0, "region.next-point" },
    { GDK_KEY_Page_Up, 0, "region.previous-point" },
    { GDK_KEY_d, GDK_CONTROL_MASK, "region.duplicate" },
  };

  install_actions (widget_class);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_widget_class_add_binding_action (widget_class, keys[i].key, keys[i].state, keys[i].action, NULL);
}
