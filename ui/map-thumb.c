/* SPDX-License-Identifier: MIT */
#include "map-thumb.h"

#include <math.h>
#include <string.h>

struct _AlidadeMapThumb
{
  GtkWidget parent_instance;

  int side;
  ViewPyramid *pyramid;
  float *map;
  int grid_width, grid_height;
  AlbefOverlay overlay;

  GdkTexture *texture; /* NULL: to be composed */
  int texture_width, texture_height;
};

G_DEFINE_FINAL_TYPE (AlidadeMapThumb, alidade_map_thumb, GTK_TYPE_WIDGET)

#define RADIUS 6
#define NARROWEST 0.6
#define WIDEST 1.6
#define SMALLEST_SQUARE 24

static double
shape (AlidadeMapThumb *self)
{
  if (self->pyramid == NULL)
    return 1;
  return CLAMP ((double) view_pyramid_get_width (self->pyramid) / view_pyramid_get_height (self->pyramid), NARROWEST,
                WIDEST);
}

/* Picture and map at width x height device pixels: the picture covers the area, its middle is shown. */
static GdkTexture *
compose (AlidadeMapThumb *self, int width, int height)
{
  int full_width = view_pyramid_get_width (self->pyramid), full_height = view_pyramid_get_height (self->pyramid);
  double zoom = MAX ((double) width / full_width, (double) height / full_height);
  double wide = full_width * zoom, high = full_height * zoom;
  double left = (width - wide) / 2, top = (height - high) / 2;
  gsize stride = (gsize) width * 4;
  guint8 *data = g_malloc (stride * height);
  g_autoptr (GBytes) bytes = NULL;

  view_pyramid_render (self->pyramid, left, top, wide, high, width, height, data);
  if (self->map != NULL)
    albef_overlay_compose (data, width, height, stride, 4, self->map, self->grid_width, self->grid_height, left, top,
                           wide, high, &self->overlay, data, stride);
  bytes = g_bytes_new_take (data, stride * height);
  return gdk_memory_texture_new (width, height, GDK_MEMORY_DEFAULT, bytes, stride);
}

static void
alidade_map_thumb_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  AlidadeMapThumb *self = ALIDADE_MAP_THUMB (widget);
  int scale = gtk_widget_get_scale_factor (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  GskRoundedRect outline;

  if (width <= 0 || height <= 0)
    return;
  gsk_rounded_rect_init_from_rect (&outline, &GRAPHENE_RECT_INIT (0, 0, width, height), RADIUS);
  if (self->pyramid == NULL)
    {
      GdkRGBA colour;

      gtk_style_context_get_color (gtk_widget_get_style_context (widget), &colour);
      colour.alpha *= 0.08f;
      gtk_snapshot_push_rounded_clip (snapshot, &outline);
      gtk_snapshot_append_color (snapshot, &colour, &outline.bounds);
      gtk_snapshot_pop (snapshot);
      return;
    }
  if (self->texture == NULL || self->texture_width != width * scale || self->texture_height != height * scale)
    {
      g_clear_object (&self->texture);
      self->texture_width = width * scale;
      self->texture_height = height * scale;
      self->texture = compose (self, self->texture_width, self->texture_height);
    }
  gtk_snapshot_push_rounded_clip (snapshot, &outline);
  gtk_snapshot_append_texture (snapshot, self->texture, &outline.bounds);
  gtk_snapshot_pop (snapshot);
}

static GtkSizeRequestMode
alidade_map_thumb_get_request_mode (GtkWidget *widget)
{
  return ALIDADE_MAP_THUMB (widget)->side > 0 ? GTK_SIZE_REQUEST_CONSTANT_SIZE : GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
alidade_map_thumb_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                           int *minimum_baseline, int *natural_baseline)
{
  AlidadeMapThumb *self = ALIDADE_MAP_THUMB (widget);

  if (self->side > 0)
    *minimum = *natural = orientation == GTK_ORIENTATION_VERTICAL ? self->side : lround (self->side * shape (self));
  else
    *minimum = *natural = orientation == GTK_ORIENTATION_VERTICAL ? MAX (for_size, SMALLEST_SQUARE) : SMALLEST_SQUARE;
}

static void
alidade_map_thumb_dispose (GObject *object)
{
  AlidadeMapThumb *self = ALIDADE_MAP_THUMB (object);

  g_clear_object (&self->texture);
  g_clear_pointer (&self->pyramid, view_pyramid_unref);
  g_clear_pointer (&self->map, g_free);

  G_OBJECT_CLASS (alidade_map_thumb_parent_class)->dispose (object);
}

static void
alidade_map_thumb_class_init (AlidadeMapThumbClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_map_thumb_dispose;
  widget_class->snapshot = alidade_map_thumb_snapshot;
  widget_class->measure = alidade_map_thumb_measure;
  widget_class->get_request_mode = alidade_map_thumb_get_request_mode;
  gtk_widget_class_set_css_name (widget_class, "mapthumb");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
alidade_map_thumb_init (AlidadeMapThumb *self)
{
}

GtkWidget *
alidade_map_thumb_new (int side)
{
  AlidadeMapThumb *self = g_object_new (ALIDADE_TYPE_MAP_THUMB, NULL);

  self->side = side;
  return GTK_WIDGET (self);
}

void
alidade_map_thumb_set_side (AlidadeMapThumb *self, int side)
{
  g_return_if_fail (ALIDADE_IS_MAP_THUMB (self));

  if (self->side == side)
    return;
  self->side = side;
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

void
alidade_map_thumb_set (AlidadeMapThumb *self, ViewPyramid *pyramid, const float *map, int grid_width, int grid_height,
                       const AlbefOverlay *overlay)
{
  g_return_if_fail (ALIDADE_IS_MAP_THUMB (self));

  if (self->pyramid != pyramid)
    {
      if (pyramid != NULL)
        view_pyramid_ref (pyramid);
      g_clear_pointer (&self->pyramid, view_pyramid_unref);
      self->pyramid = pyramid;
      gtk_widget_queue_resize (GTK_WIDGET (self));
    }
  g_clear_pointer (&self->map, g_free);
  if (map != NULL)
    self->map = g_memdup2 (map, (gsize) grid_width * grid_height * sizeof (float));
  self->grid_width = grid_width;
  self->grid_height = grid_height;
  self->overlay = *overlay;
  g_clear_object (&self->texture);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
