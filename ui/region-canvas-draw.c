/* SPDX-License-Identifier: MIT
 * The snapshot: picture and map as one texture, all regions but the selected one as another, and what moves on top. */
#include "region-canvas-private.h"

#include <math.h>

#define UNTICKED 0.6
#define DIMMED 0.4
#define TAGS_LIMIT 60 /* names of more regions than this would hide the picture */

static gboolean
is_proposal (const AlidadeEditRegion *region)
{
  return region->origin == ORIGIN_MAP || region->origin == ORIGIN_DETECTOR;
}

static void
paint (AlidadeRegionCanvas *self, cairo_t *cr, const RegionFrame *frame, const Shape *shape, RegionStyle style)
{
  GtkWidget *widget = GTK_WIDGET (self);

  if (shape->kind == SHAPE_MASK)
    region_paint_mask (cr, frame, shape, style, gtk_widget_get_scale_factor (widget), gtk_widget_get_width (widget),
                       gtk_widget_get_height (widget));
  else
    region_paint_shape (cr, frame, shape, style);
}

static gboolean
in_view (AlidadeRegionCanvas *self, const RegionFrame *frame, const Shape *shape)
{
  double rect[4];

  region_paint_bounds (frame, shape, rect);
  return rect[0] < gtk_widget_get_width (GTK_WIDGET (self)) && rect[1] < gtk_widget_get_height (GTK_WIDGET (self))
         && rect[0] + rect[2] > 0 && rect[1] + rect[3] > 0;
}

static void
paint_tag (AlidadeRegionCanvas *self, cairo_t *cr, const RegionFrame *frame, const Shape *shape, const char *name,
           gboolean proposal, double alpha)
{
  PangoContext *context = gtk_widget_get_pango_context (GTK_WIDGET (self));
  double rect[4], x, y;

  region_frame_box_to_view (frame, shape->box, rect);
  region_paint_place_tag (rect, region_paint_measure_tag (context, name, proposal), REGION_TAG_HEIGHT,
                          gtk_widget_get_width (GTK_WIDGET (self)), gtk_widget_get_height (GTK_WIDGET (self)), &x, &y);
  region_paint_tag (cr, context, name, proposal, x, y, alpha);
}

/* Statics ---------------------------------------------------------------------------------------------------------- */

static void
paint_dimmed (AlidadeRegionCanvas *self, cairo_t *cr, const RegionFrame *frame)
{
  for (guint i = 0; i < self->regions->len; i++)
    {
      const CanvasRegion *region = g_ptr_array_index (self->regions, i);
      RegionStyle style = { region->origin == ORIGIN_MAP || region->origin == ORIGIN_DETECTOR, DIMMED };

      if (region->dimmed && region->visible && in_view (self, frame, &region->shape))
        paint (self, cr, frame, &region->shape, style);
    }
}

/* The shapes of those that are not selected, or their names, which lie over all shapes. */
static void
paint_others (AlidadeRegionCanvas *self, cairo_t *cr, const RegionFrame *frame, gboolean names)
{
  int selected = alidade_region_edit_get_selected (self->edit);
  guint n = alidade_region_edit_get_n (self->edit);

  for (guint i = 0; i < n && (!names || n <= TAGS_LIMIT); i++)
    {
      AlidadeEditRegion region;
      CanvasRegion attributes;
      RegionStyle style;

      if ((int) i == selected || !alidade_region_edit_get (self->edit, i, &region))
        continue;
      attributes = _region_canvas_look_up (self, &region);
      if (!attributes.visible || !in_view (self, frame, region.shape))
        continue;
      style.proposal = is_proposal (&region) && !region.changed;
      style.alpha = attributes.ticked ? 1 : UNTICKED;
      if (!names)
        paint (self, cr, frame, region.shape, style);
      else if (attributes.name != NULL)
        paint_tag (self, cr, frame, region.shape, attributes.name, style.proposal, style.alpha);
    }
}

/* Painted once into an image of the view, which a node of its own shows until one of them changes. */
static GskRenderNode *
make_statics (AlidadeRegionCanvas *self, const RegionFrame *frame)
{
  double scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  int width = gtk_widget_get_width (GTK_WIDGET (self)), height = gtk_widget_get_height (GTK_WIDGET (self));
  cairo_surface_t *surface
      = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, (int) lround (width * scale), (int) lround (height * scale));
  GskRenderNode *node = gsk_cairo_node_new (&GRAPHENE_RECT_INIT (0, 0, width, height));
  cairo_t *cr;

  cairo_surface_set_device_scale (surface, scale, scale);
  cr = cairo_create (surface);
  paint_dimmed (self, cr, frame);
  paint_others (self, cr, frame, FALSE);
  paint_others (self, cr, frame, TRUE);
  cairo_destroy (cr);
  cr = gsk_cairo_node_get_draw_context (node);
  cairo_set_source_surface (cr, surface, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_NEAREST);
  cairo_paint (cr);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
  return node;
}

static gboolean
has_statics (AlidadeRegionCanvas *self)
{
  guint n = alidade_region_edit_get_n (self->edit);

  return self->regions->len > g_hash_table_size (self->by_id)
         || n > (alidade_region_edit_get_selected (self->edit) >= 0 ? 1u : 0u);
}

/* What moves ------------------------------------------------------------------------------------------------------- */

/* A Cairo node for a rectangle of the view; NULL: nothing of it is in view. */
static cairo_t *
begin_node (AlidadeRegionCanvas *self, GtkSnapshot *snapshot, const double rect[4])
{
  double x = MAX (rect[0], 0), y = MAX (rect[1], 0);
  double right = MIN (rect[0] + rect[2], gtk_widget_get_width (GTK_WIDGET (self)));
  double bottom = MIN (rect[1] + rect[3], gtk_widget_get_height (GTK_WIDGET (self)));

  if (x >= right || y >= bottom)
    return NULL;
  return gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (x, y, right - x, bottom - y));
}

static void
append_shape (AlidadeRegionCanvas *self, GtkSnapshot *snapshot, const RegionFrame *frame, const Shape *shape,
              RegionStyle style, gboolean handles)
{
  double rect[4];
  cairo_t *cr;

  region_paint_bounds (frame, shape, rect);
  cr = begin_node (self, snapshot, rect);
  if (cr == NULL)
    return;
  paint (self, cr, frame, shape, style);
  if (handles && shape->kind == SHAPE_BOX)
    region_paint_handles (cr, frame, shape);
  else if (handles && shape->kind == SHAPE_POLYGON)
    region_paint_points (cr, frame, shape, alidade_region_edit_get_point (self->edit));
  cairo_destroy (cr);
}

static void
append_tag (AlidadeRegionCanvas *self, GtkSnapshot *snapshot, const RegionFrame *frame, const Shape *shape,
            const char *name, gboolean proposal)
{
  PangoContext *context = gtk_widget_get_pango_context (GTK_WIDGET (self));
  double region[4], rect[4] = { 0, 0, region_paint_measure_tag (context, name, proposal), REGION_TAG_HEIGHT };
  cairo_t *cr;

  region_frame_box_to_view (frame, shape->box, region);
  region_paint_place_tag (region, rect[2], rect[3], gtk_widget_get_width (GTK_WIDGET (self)),
                          gtk_widget_get_height (GTK_WIDGET (self)), &rect[0], &rect[1]);
  cr = begin_node (self, snapshot, rect);
  if (cr == NULL)
    return;
  region_paint_tag (cr, context, name, proposal, rect[0], rect[1], 1);
  cairo_destroy (cr);
}

static void
append_badge (AlidadeRegionCanvas *self, GtkSnapshot *snapshot, const RegionFrame *frame, const Shape *shape)
{
  PangoContext *context = gtk_widget_get_pango_context (GTK_WIDGET (self));
  AlidadeRegionFigures figures;
  double region[4], rect[4] = { 0, 0, 0, REGION_BADGE_HEIGHT };
  cairo_t *cr;

  if (!alidade_region_canvas_get_figures (self, &figures))
    return;
  rect[2] = region_paint_measure_badge (context, &figures);
  if (rect[2] <= 0)
    return;
  region_frame_box_to_view (frame, shape->box, region);
  region_paint_place_badge (region, rect[2], rect[3], gtk_widget_get_width (GTK_WIDGET (self)),
                            gtk_widget_get_height (GTK_WIDGET (self)), &rect[0], &rect[1]);
  cr = begin_node (self, snapshot, rect);
  if (cr == NULL)
    return;
  region_paint_badge (cr, context, &figures, rect[0], rect[1]);
  cairo_destroy (cr);
}

static void
append_selected (AlidadeRegionCanvas *self, GtkSnapshot *snapshot, const RegionFrame *frame)
{
  int selected = alidade_region_edit_get_selected (self->edit);
  AlidadeEditRegion region;
  CanvasRegion attributes;
  gboolean proposal;

  if (selected < 0 || !alidade_region_edit_get (self->edit, selected, &region))
    return;
  attributes = _region_canvas_look_up (self, &region);
  if (!attributes.visible)
    return;
  proposal = is_proposal (&region) && !region.changed;
  /* What was proposed stays in sight beside what became of it. */
  if (is_proposal (&region) && region.changed)
    append_shape (self, snapshot, frame, region.loaded, (RegionStyle){ TRUE, 1 }, FALSE);
  append_shape (self, snapshot, frame, region.shape, (RegionStyle){ proposal, 1 }, TRUE);
  if (attributes.name != NULL)
    append_tag (self, snapshot, frame, is_proposal (&region) ? region.loaded : region.shape, attributes.name,
                is_proposal (&region));
  if (alidade_region_edit_get_gesture (self->edit) != NULL)
    append_badge (self, snapshot, frame, region.shape);
}

static void
append_draft (AlidadeRegionCanvas *self, GtkSnapshot *snapshot, const RegionFrame *frame)
{
  const double pointer[2] = { self->pointer_x, self->pointer_y };
  const double all[4] = { 0, 0, gtk_widget_get_width (GTK_WIDGET (self)), gtk_widget_get_height (GTK_WIDGET (self)) };
  guint n;
  const double *points = alidade_region_edit_get_draft (self->edit, &n);
  cairo_t *cr;

  if (points == NULL)
    return;
  cr = begin_node (self, snapshot, all);
  region_paint_draft (cr, frame, points, n, self->pointer_in ? pointer : NULL);
  cairo_destroy (cr);
}

static void
append_brush (AlidadeRegionCanvas *self, GtkSnapshot *snapshot)
{
  double radius = self->brush_size / 2;
  const double rect[4] = { floor (self->pointer_x - radius - 3), floor (self->pointer_y - radius - 3),
                           ceil (2 * radius + 7), ceil (2 * radius + 7) };
  cairo_t *cr;

  if (!self->pointer_in || (self->tool != ALIDADE_REGION_TOOL_BRUSH && self->tool != ALIDADE_REGION_TOOL_ERASE))
    return;
  cr = begin_node (self, snapshot, rect);
  if (cr == NULL)
    return;
  region_paint_brush (cr, self->pointer_x, self->pointer_y, radius);
  cairo_destroy (cr);
}

static void
append_peak (AlidadeRegionCanvas *self, GtkSnapshot *snapshot, const RegionFrame *frame)
{
  const MapField *field = alidade_region_edit_get_map (self->edit);
  double x, y;

  if (field == NULL)
    return;
  region_frame_to_view (frame, field->peak_x, field->peak_y, &x, &y);
  picture_layer_append_peak (snapshot, x, y);
}

static PictureLayerMap
shown_map (AlidadeRegionCanvas *self)
{
  PictureLayerMap map = { self->bare ? NULL : self->map, self->grid_width, self->grid_height,
                          alidade_look_get_overlay (self->look, self->map_scale) };

  return map;
}

void
_region_canvas_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  AlidadeRegionCanvas *self = ALIDADE_REGION_CANVAS (widget);
  PictureLayerMap map = shown_map (self);
  gint64 started = g_get_monotonic_time ();
  RegionFrame frame;

  if (!_region_canvas_frame (self, &frame)
      || !picture_layer_snapshot (&self->layer, widget, self->viewport, self->pyramid, &map, snapshot))
    return;
  if (!self->bare)
    {
      if (self->statics == NULL && has_statics (self))
        self->statics = make_statics (self, &frame);
      if (self->statics != NULL)
        gtk_snapshot_append_node (snapshot, self->statics);
      append_selected (self, snapshot, &frame);
      append_peak (self, snapshot, &frame);
      append_draft (self, snapshot, &frame);
      append_brush (self, snapshot);
    }
  self->frame_seconds = (g_get_monotonic_time () - started) / 1e6;
  g_debug ("region canvas: frame of %.1f ms", 1e3 * self->frame_seconds);
}
