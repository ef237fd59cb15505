/* SPDX-License-Identifier: MIT */
#include "region-canvas-private.h"

#include "viewport-control.h"

#include <math.h>

#define RUN_PAUSE 500      /* ms without a nudge end a run of them */
#define DEFAULT_BRUSH 24.0 /* CSS pixels */
#define DEFAULT_THRESHOLD 0.4
#define REVIEW_OPACITY 0.65
#define SNAP 6.0           /* CSS pixels from the picture's edge */

G_DEFINE_ENUM_TYPE (AlidadeRegionTool, alidade_region_tool,
                    G_DEFINE_ENUM_VALUE (ALIDADE_REGION_TOOL_SELECT, "select"),
                    G_DEFINE_ENUM_VALUE (ALIDADE_REGION_TOOL_BOX, "box"),
                    G_DEFINE_ENUM_VALUE (ALIDADE_REGION_TOOL_POLYGON, "polygon"),
                    G_DEFINE_ENUM_VALUE (ALIDADE_REGION_TOOL_BRUSH, "brush"),
                    G_DEFINE_ENUM_VALUE (ALIDADE_REGION_TOOL_ERASE, "erase"))

G_DEFINE_FINAL_TYPE (AlidadeRegionCanvas, alidade_region_canvas, GTK_TYPE_WIDGET)

enum
{
  PROP_0,
  PROP_TOOL,
  PROP_BRUSH_SIZE,
  PROP_THRESHOLD,
  PROP_LETTER_KEYS,
  PROP_EDITING,
  N_PROPS
};

enum
{
  REGION_EDITED,
  SELECTION_CHANGED,
  EDITING_CHANGED,
  FIGURES_CHANGED,
  ACCEPTED,
  CANCELLED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

static void
region_free (gpointer data)
{
  CanvasRegion *region = data;

  shape_clear (&region->shape);
  g_free (region->name);
  g_free (region);
}

gboolean
_region_canvas_frame (AlidadeRegionCanvas *self, RegionFrame *frame)
{
  return self->pyramid != NULL
         && region_frame_set (frame, self->viewport, self->stored_width, self->stored_height, self->orientation);
}

CanvasRegion
_region_canvas_look_up (AlidadeRegionCanvas *self, const AlidadeEditRegion *region)
{
  const CanvasRegion *found = region->id != 0 ? g_hash_table_lookup (self->by_id, &region->id) : NULL;
  CanvasRegion made_here = { .ticked = TRUE, .visible = TRUE };

  return found != NULL ? *found : made_here;
}

gboolean
_region_canvas_is_shown (AlidadeRegionCanvas *self, int index)
{
  AlidadeEditRegion region;

  return index >= 0 && alidade_region_edit_get (self->edit, index, &region)
         && _region_canvas_look_up (self, &region).visible;
}

void
_region_canvas_drop_statics (AlidadeRegionCanvas *self)
{
  g_clear_pointer (&self->statics, gsk_render_node_unref);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* What a screen reader says ---------------------------------------------------------------------------------------- */

static const char *
kind_name (const Shape *shape)
{
  return shape->kind == SHAPE_BOX ? "box" : shape->kind == SHAPE_POLYGON ? "polygon" : "mask";
}

static void
describe (AlidadeRegionCanvas *self)
{
  guint n = alidade_region_edit_get_n (self->edit);
  int selected = alidade_region_edit_get_selected (self->edit);
  g_autofree char *label = self->pyramid == NULL ? g_strdup ("No picture")
                                                 : g_strdup_printf (n == 1 ? "Picture with %u region"
                                                                           : "Picture with %u regions", n);
  g_autoptr (GString) text = g_string_new (NULL);
  AlidadeEditRegion region;

  if (selected >= 0 && alidade_region_edit_get (self->edit, selected, &region))
    {
      const double *box = region.shape->box;
      int point = alidade_region_edit_get_point (self->edit);

      g_string_printf (text, "Region %d selected, %s from %.0f, %.0f to %.0f, %.0f", selected + 1,
                       kind_name (region.shape), box[0], box[1], box[2], box[3]);
      if (point >= 0)
        g_string_append_printf (text, ", point %d of %u held", point + 1, region.shape->points->len / 2);
    }
  else if (n > 0)
    g_string_assign (text, "No region selected");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text->str, -1);
}

/* Following the edit ----------------------------------------------------------------------------------------------- */

static void
update_editing (AlidadeRegionCanvas *self)
{
  guint draft;
  gboolean editing = alidade_region_edit_get_changed (self->edit)
                     || alidade_region_edit_get_draft (self->edit, &draft) != NULL;

  if (editing == self->editing)
    return;
  self->editing = editing;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_EDITING]);
  g_signal_emit (self, signals[EDITING_CHANGED], 0, editing);
}

static gboolean
figures_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);

  self->figures_tick = 0;
  describe (self);
  g_signal_emit (self, signals[FIGURES_CHANGED], 0);
  return G_SOURCE_REMOVE;
}

static void
follow_figures (AlidadeRegionCanvas *self)
{
  if (self->figures_tick == 0)
    self->figures_tick = gtk_widget_add_tick_callback (GTK_WIDGET (self), figures_cb, NULL, NULL);
}

static void
changed_cb (AlidadeRegionCanvas *self)
{
  if (self->loading)
    return;
  /* Within a gesture only the selected region changes; with another selection the others do. */
  if (alidade_region_edit_get_gesture (self->edit) == NULL
      || self->statics_without != alidade_region_edit_get_selected (self->edit))
    {
      self->statics_without = alidade_region_edit_get_selected (self->edit);
      g_clear_pointer (&self->statics, gsk_render_node_unref);
    }
  gtk_widget_queue_draw (GTK_WIDGET (self));
  follow_figures (self);
  update_editing (self);
}

static void
selection_changed_cb (AlidadeRegionCanvas *self)
{
  AlidadeEditRegion region = { 0 };
  int selected = alidade_region_edit_get_selected (self->edit);

  if (self->loading)
    return;
  if (selected >= 0)
    alidade_region_edit_get (self->edit, selected, &region);
  describe (self);
  g_signal_emit (self, signals[SELECTION_CHANGED], 0, region.id);
}

static void
gesture_ended_cb (AlidadeRegionCanvas *self, const char *what)
{
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_signal_emit (self, signals[REGION_EDITED], 0, what);
}

static void
viewport_changed_cb (AlidadeRegionCanvas *self)
{
  RegionFrame frame;

  picture_layer_drop_base (&self->layer);
  if (_region_canvas_frame (self, &frame))
    alidade_region_edit_set_snap (self->edit, SNAP / region_frame_scale (&frame));
  _region_canvas_drop_statics (self);
}

void
_region_canvas_drop_map (AlidadeRegionCanvas *self)
{
  picture_layer_drop_map (&self->layer);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
_region_canvas_scene_changed (AlidadeRegionCanvas *self)
{
  viewport_changed_cb (self);
  update_editing (self);
  selection_changed_cb (self);
  follow_figures (self);
}

/* Runs ------------------------------------------------------------------------------------------------------------- */

void
_region_canvas_end_run (AlidadeRegionCanvas *self)
{
  g_clear_handle_id (&self->run_timer, g_source_remove);
  self->run = RUN_NONE;
  if (self->grab == GRAB_NOTHING || self->grab == GRAB_CLICK || self->grab == GRAB_PAN)
    alidade_region_edit_end (self->edit);
}

static gboolean
run_ended_cb (gpointer data)
{
  AlidadeRegionCanvas *self = data;

  self->run_timer = 0;
  _region_canvas_end_run (self);
  return G_SOURCE_REMOVE;
}

void
_region_canvas_begin_run (AlidadeRegionCanvas *self, CanvasRun run, const char *what)
{
  g_clear_handle_id (&self->run_timer, g_source_remove);
  if (self->run != run || alidade_region_edit_get_gesture (self->edit) == NULL)
    alidade_region_edit_begin (self->edit, what);
  self->run = run;
  if (run != RUN_THRESHOLD)
    self->run_timer = g_timeout_add (RUN_PAUSE, run_ended_cb, self);
}

void
_region_canvas_set_threshold (AlidadeRegionCanvas *self, double threshold)
{
  threshold = CLAMP (threshold, 0.02, 0.98);
  if (self->threshold == threshold)
    return;
  self->threshold = threshold;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_THRESHOLD]);
  if (self->run == RUN_THRESHOLD && alidade_region_edit_get_gesture (self->edit) != NULL)
    alidade_region_edit_mask_from_map (self->edit, self->threshold, self->part);
}

void
_region_canvas_emit_accepted (AlidadeRegionCanvas *self, gboolean whole_chain)
{
  g_signal_emit (self, signals[ACCEPTED], 0, whole_chain);
}

void
_region_canvas_emit_cancelled (AlidadeRegionCanvas *self, gboolean dropped)
{
  g_signal_emit (self, signals[CANCELLED], 0, dropped);
}

/* The widget ------------------------------------------------------------------------------------------------------- */

static void
alidade_region_canvas_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  alidade_viewport_set_view (ALIDADE_REGION_CANVAS (widget)->viewport, width, height,
                             gtk_widget_get_scale_factor (widget));
}

static void
alidade_region_canvas_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                               int *minimum_baseline, int *natural_baseline)
{
  *minimum = 120;
  *natural = 400;
}

static void
alidade_region_canvas_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (object);

  switch (prop_id)
    {
    case PROP_TOOL:
      g_value_set_enum (value, self->tool);
      break;
    case PROP_BRUSH_SIZE:
      g_value_set_double (value, self->brush_size);
      break;
    case PROP_THRESHOLD:
      g_value_set_double (value, self->threshold);
      break;
    case PROP_LETTER_KEYS:
      g_value_set_boolean (value, self->letter_keys);
      break;
    case PROP_EDITING:
      g_value_set_boolean (value, self->editing);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
alidade_region_canvas_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (object);

  switch (prop_id)
    {
    case PROP_TOOL:
      alidade_region_canvas_set_tool (self, g_value_get_enum (value));
      break;
    case PROP_BRUSH_SIZE:
      if (self->brush_size == g_value_get_double (value))
        return;
      self->brush_size = g_value_get_double (value);
      gtk_widget_queue_draw (GTK_WIDGET (self));
      g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_THRESHOLD:
      _region_canvas_set_threshold (self, g_value_get_double (value));
      break;
    case PROP_LETTER_KEYS:
      if (self->letter_keys == g_value_get_boolean (value))
        return;
      self->letter_keys = g_value_get_boolean (value);
      g_object_notify_by_pspec (object, pspec);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
alidade_region_canvas_dispose (GObject *object)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (object);

  g_clear_handle_id (&self->run_timer, g_source_remove);
  if (self->edit != NULL)
    g_signal_handlers_disconnect_by_data (self->edit, self);
  if (self->viewport != NULL)
    g_signal_handlers_disconnect_by_data (self->viewport, self);
  if (self->look != NULL)
    g_signal_handlers_disconnect_by_data (self->look, self);
  g_clear_object (&self->edit);
  g_clear_object (&self->viewport);
  g_clear_object (&self->look);
  g_clear_pointer (&self->statics, gsk_render_node_unref);
  g_clear_pointer (&self->pyramid, view_pyramid_unref);
  g_clear_pointer (&self->map, g_free);
  g_clear_pointer (&self->by_id, g_hash_table_unref);
  g_clear_pointer (&self->regions, g_ptr_array_unref);
  picture_layer_drop_base (&self->layer);

  G_OBJECT_CLASS (alidade_region_canvas_parent_class)->dispose (object);
}

static void
alidade_region_canvas_class_init (AlidadeRegionCanvasClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = alidade_region_canvas_get_property;
  object_class->set_property = alidade_region_canvas_set_property;
  object_class->dispose = alidade_region_canvas_dispose;
  widget_class->snapshot = _region_canvas_snapshot;
  widget_class->size_allocate = alidade_region_canvas_size_allocate;
  widget_class->measure = alidade_region_canvas_measure;

  properties[PROP_TOOL] = g_param_spec_enum ("tool", NULL, NULL, ALIDADE_TYPE_REGION_TOOL, ALIDADE_REGION_TOOL_SELECT,
                                             flags);
  properties[PROP_BRUSH_SIZE] = g_param_spec_double ("brush-size", NULL, NULL, 1, 400, DEFAULT_BRUSH, flags);
  properties[PROP_THRESHOLD] = g_param_spec_double ("threshold", NULL, NULL, 0.02, 0.98, DEFAULT_THRESHOLD, flags);
  properties[PROP_LETTER_KEYS] = g_param_spec_boolean ("letter-keys", NULL, NULL, TRUE, flags);
  properties[PROP_EDITING]
      = g_param_spec_boolean ("editing", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[REGION_EDITED] = g_signal_new ("region-edited", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                         G_TYPE_STRING);
  signals[SELECTION_CHANGED] = g_signal_new ("selection-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                             G_TYPE_NONE, 1, G_TYPE_INT64);
  signals[EDITING_CHANGED] = g_signal_new ("editing-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                           1, G_TYPE_BOOLEAN);
  signals[FIGURES_CHANGED]
      = g_signal_new ("figures-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ACCEPTED]
      = g_signal_new ("accepted", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  signals[CANCELLED]
      = g_signal_new ("cancelled", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);

  gtk_widget_class_set_css_name (widget_class, "canvas");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  viewport_control_class_init (widget_class);
  _region_canvas_class_init_keys (widget_class);
}

static void
alidade_region_canvas_init (AlidadeRegionCanvas *self)
{
  g_autoptr (AlidadeLook) look = alidade_look_new ();

  self->edit = alidade_region_edit_new ();
  self->viewport = alidade_viewport_new ();
  self->regions = g_ptr_array_new_with_free_func (region_free);
  self->by_id = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->brush_size = DEFAULT_BRUSH;
  self->threshold = DEFAULT_THRESHOLD;
  self->letter_keys = TRUE;
  self->orientation = 1;
  self->statics_without = -1;
  g_object_set (look, "opacity", REVIEW_OPACITY, NULL);
  alidade_region_canvas_set_look (self, look);
  g_signal_connect_swapped (self->edit, "changed", G_CALLBACK (changed_cb), self);
  g_signal_connect_swapped (self->edit, "selection-changed", G_CALLBACK (selection_changed_cb), self);
  g_signal_connect_swapped (self->edit, "gesture-ended", G_CALLBACK (gesture_ended_cb), self);
  g_signal_connect_swapped (self->viewport, "changed", G_CALLBACK (viewport_changed_cb), self);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  viewport_control_attach (GTK_WIDGET (self), self->viewport);
  _region_canvas_init_input (self);
  _region_canvas_init_keys (self);
  describe (self);
}

GtkWidget *
alidade_region_canvas_new (void)
{
  return g_object_new (ALIDADE_TYPE_REGION_CANVAS, NULL);
}

/* Plain answers ---------------------------------------------------------------------------------------------------- */

AlidadeRegionEdit *
alidade_region_canvas_get_edit (AlidadeRegionCanvas *self)
{
  return self->edit;
}

AlidadeViewport *
alidade_region_canvas_get_viewport (AlidadeRegionCanvas *self)
{
  return self->viewport;
}

gboolean
alidade_region_canvas_select (AlidadeRegionCanvas *self, gint64 id)
{
  int found = -1;
  AlidadeEditRegion region;

  g_return_val_if_fail (ALIDADE_IS_REGION_CANVAS (self), FALSE);

  for (guint i = 0; id != 0 && alidade_region_edit_get (self->edit, i, &region); i++)
    if (region.id == id)
      found = (int) i;
  _region_canvas_end_run (self);
  alidade_region_edit_select (self->edit, found);
  return found >= 0;
}

AlidadeRegionTool
alidade_region_canvas_get_tool (AlidadeRegionCanvas *self)
{
  return self->tool;
}

void
alidade_region_canvas_set_tool (AlidadeRegionCanvas *self, AlidadeRegionTool tool)
{
  g_return_if_fail (ALIDADE_IS_REGION_CANVAS (self));

  if (self->tool == tool)
    return;
  _region_canvas_end_run (self);
  if (self->tool == ALIDADE_REGION_TOOL_POLYGON)
    alidade_region_edit_draft_drop (self->edit);
  self->tool = tool;
  _region_canvas_update_cursor (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TOOL]);
}

gboolean
alidade_region_canvas_get_editing (AlidadeRegionCanvas *self)
{
  return self->editing;
}

void
alidade_region_canvas_drop_changes (AlidadeRegionCanvas *self)
{
  g_return_if_fail (ALIDADE_IS_REGION_CANVAS (self));

  _region_canvas_drop_grab (self);
  _region_canvas_end_run (self);
  alidade_region_edit_revert (self->edit);
}

gboolean
alidade_region_canvas_get_figures (AlidadeRegionCanvas *self, AlidadeRegionFigures *figures)
{
  return alidade_region_edit_get_figures (self->edit, alidade_region_edit_get_selected (self->edit), figures);
}

double
alidade_region_canvas_get_frame_seconds (AlidadeRegionCanvas *self)
{
  return self->frame_seconds;
}
