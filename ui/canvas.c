/* SPDX-License-Identifier: MIT */
#include "canvas-private.h"

#include <math.h>

G_DEFINE_FINAL_TYPE (AlidadeCanvas, alidade_canvas, GTK_TYPE_WIDGET)

enum
{
  POINT_CLICKED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

#define WAITING_OPACITY 0.4 /* of the map that is about to be replaced */
#define MARK_AREA 24.0

static void
drop_texture (AlidadeCanvas *self)
{
  picture_layer_drop_map (&self->layer);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
drop_base (AlidadeCanvas *self)
{
  picture_layer_drop_base (&self->layer);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* What lies over the picture now. */
static PictureLayerMap
shown_map (AlidadeCanvas *self)
{
  const AlidadeMaps *maps = alidade_exploration_get_maps (self->exploration);
  PictureLayerMap map = { 0 };
  double scale;
  const float *values = alidade_exploration_get_shown_map (self->exploration, &scale);

  map.overlay = alidade_look_get_overlay (alidade_exploration_get_look (self->exploration), scale);
  if (alidade_exploration_get_waiting (self->exploration))
    map.overlay.opacity *= WAITING_OPACITY;
  if (values != NULL && maps != NULL && !self->bare)
    {
      map.values = values;
      map.grid_width = maps->grid_width;
      map.grid_height = maps->grid_height;
    }
  return map;
}

/* Four ticks around the place, which stays free. */
static void
append_point (AlidadeCanvas *self, GtkSnapshot *snapshot, double x, double y)
{
  cairo_t *cr = gtk_snapshot_append_cairo (
      snapshot, &GRAPHENE_RECT_INIT (x - MARK_AREA / 2, y - MARK_AREA / 2, MARK_AREA, MARK_AREA));

  for (int i = 0; i < 4; i++)
    {
      double dx = i == 0 ? -1 : i == 1 ? 1 : 0, dy = i == 2 ? -1 : i == 3 ? 1 : 0;

      cairo_move_to (cr, x + 3 * dx, y + 3 * dy);
      cairo_line_to (cr, x + 8 * dx, y + 8 * dy);
    }
  picture_layer_stroke_twice (cr);
  cairo_destroy (cr);
}

static void
alidade_canvas_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  AlidadeCanvas *self = ALIDADE_CANVAS (widget);
  gint64 started = g_get_monotonic_time ();
  PictureLayerMap map;
  double u, v, x, y;

  if (self->exploration == NULL)
    return;
  map = shown_map (self);
  if (!picture_layer_snapshot (&self->layer, widget, self->viewport, alidade_exploration_get_pyramid (self->exploration),
                               &map, snapshot))
    return;
  if (!self->bare && alidade_exploration_get_shown_peak (self->exploration, &u, &v)
      && alidade_canvas_locate (self, u, v, &x, &y))
    picture_layer_append_peak (snapshot, x, y);
  if (self->point_visible && alidade_canvas_locate (self, self->point_u, self->point_v, &x, &y))
    append_point (self, snapshot, x, y);
  self->frame_seconds = (g_get_monotonic_time () - started) / 1e6;
  g_debug ("canvas: frame of %.1f ms", 1e3 * self->frame_seconds);
  if (self->drawn_for != alidade_exploration_get_asked_at (self->exploration))
    {
      self->drawn_for = alidade_exploration_get_asked_at (self->exploration);
      g_debug ("canvas: drawn %.1f ms after the change", (g_get_monotonic_time () - self->drawn_for) / 1e3);
    }
}

static void
alidade_canvas_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  alidade_viewport_set_view (ALIDADE_CANVAS (widget)->viewport, width, height, gtk_widget_get_scale_factor (widget));
}

static void
alidade_canvas_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                        int *minimum_baseline, int *natural_baseline)
{
  *minimum = 120;
  *natural = 400;
}

/* What a screen reader says of the picture. */
static void
describe (AlidadeCanvas *self)
{
  AlidadeLoadedPicture *loaded = alidade_exploration_get_loaded (self->exploration);
  g_autofree char *shown = alidade_exploration_describe_shown (self->exploration);
  g_autofree char *label = NULL;
  g_autoptr (GString) description = g_string_new (NULL);
  double u, v;

  label = loaded != NULL
              ? g_strdup_printf ("Picture %s", alidade_picture_get_name (alidade_loaded_picture_get_picture (loaded)))
              : g_strdup ("No picture");
  if (alidade_exploration_get_shown_peak (self->exploration, &u, &v))
    g_string_printf (description, "Map of %s, highest %d percent across and %d percent down", shown,
                     (int) lround (100 * u), (int) lround (100 * v));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description->str, -1);
}

static void
picture_changed_cb (AlidadeCanvas *self)
{
  ViewPyramid *pyramid = alidade_exploration_get_pyramid (self->exploration);

  self->point_visible = FALSE;
  alidade_viewport_set_picture (self->viewport, pyramid != NULL ? view_pyramid_get_width (pyramid) : 0,
                                pyramid != NULL ? view_pyramid_get_height (pyramid) : 0);
  drop_base (self);
  describe (self);
}

static void
shown_changed_cb (AlidadeCanvas *self)
{
  drop_texture (self);
  describe (self);
}

static void
alidade_canvas_dispose (GObject *object)
{
  AlidadeCanvas *self = ALIDADE_CANVAS (object);

  if (self->exploration != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->exploration, self);
      g_signal_handlers_disconnect_by_data (alidade_exploration_get_look (self->exploration), self);
    }
  g_clear_object (&self->exploration);
  if (self->viewport != NULL)
    g_signal_handlers_disconnect_by_data (self->viewport, self);
  g_clear_object (&self->viewport);
  picture_layer_drop_base (&self->layer);

  G_OBJECT_CLASS (alidade_canvas_parent_class)->dispose (object);
}

static void
alidade_canvas_class_init (AlidadeCanvasClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_canvas_dispose;
  widget_class->snapshot = alidade_canvas_snapshot;
  widget_class->size_allocate = alidade_canvas_size_allocate;
  widget_class->measure = alidade_canvas_measure;
  signals[POINT_CLICKED] = g_signal_new ("point-clicked", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                         NULL, G_TYPE_NONE, 2, G_TYPE_DOUBLE, G_TYPE_DOUBLE);
  gtk_widget_class_set_css_name (widget_class, "canvas");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  _alidade_canvas_class_init_zoom (widget_class);
}

static void
alidade_canvas_init (AlidadeCanvas *self)
{
  self->viewport = alidade_viewport_new ();
  g_signal_connect_swapped (self->viewport, "changed", G_CALLBACK (drop_base), self);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, "No picture", -1);
  _alidade_canvas_init_input (self);
}

void
_alidade_canvas_point_clicked (AlidadeCanvas *self, double u, double v)
{
  g_signal_emit (self, signals[POINT_CLICKED], 0, u, v);
}

void
alidade_canvas_set_exploration (AlidadeCanvas *self, AlidadeExploration *exploration)
{
  g_return_if_fail (ALIDADE_IS_CANVAS (self));
  g_return_if_fail (self->exploration == NULL);

  self->exploration = g_object_ref (exploration);
  g_signal_connect_swapped (exploration, "picture-changed", G_CALLBACK (picture_changed_cb), self);
  g_signal_connect_swapped (exploration, "selection-changed", G_CALLBACK (shown_changed_cb), self);
  g_signal_connect_swapped (exploration, "waiting-changed", G_CALLBACK (drop_texture), self);
  g_signal_connect_swapped (alidade_exploration_get_look (exploration), "notify", G_CALLBACK (drop_texture), self);
  picture_changed_cb (self);
}

AlidadeViewport *
alidade_canvas_get_viewport (AlidadeCanvas *self)
{
  return self->viewport;
}

void
alidade_canvas_set_point (AlidadeCanvas *self, gboolean visible, double u, double v)
{
  g_return_if_fail (ALIDADE_IS_CANVAS (self));

  self->point_visible = visible;
  self->point_u = u;
  self->point_v = v;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

gboolean
alidade_canvas_locate (AlidadeCanvas *self, double u, double v, double *x, double *y)
{
  double left, top, width, height;

  if (!alidade_viewport_get_picture_rect (self->viewport, &left, &top, &width, &height))
    return FALSE;
  *x = left + u * width;
  *y = top + v * height;
  return TRUE;
}

void
alidade_canvas_set_bare (AlidadeCanvas *self, gboolean bare)
{
  g_return_if_fail (ALIDADE_IS_CANVAS (self));

  if (self->bare == bare)
    return;
  self->bare = bare;
  drop_texture (self);
}

double
alidade_canvas_get_frame_seconds (AlidadeCanvas *self)
{
  return self->frame_seconds;
}
