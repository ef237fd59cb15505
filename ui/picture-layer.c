/* SPDX-License-Identifier: MIT */
#include "picture-layer.h"

#include <math.h>
#include <string.h>

#define MARK_RADIUS 7.0
#define MARK_AREA 24.0

void
picture_layer_drop_map (PictureLayer *self)
{
  g_clear_pointer (&self->node, gsk_render_node_unref);
}

void
picture_layer_drop_base (PictureLayer *self)
{
  g_clear_pointer (&self->base, g_free);
  picture_layer_drop_map (self);
}

/* The visible part of the picture at the resolution of the screen. FALSE: nothing to show. */
static gboolean
make_base (PictureLayer *self, GtkWidget *widget, AlidadeViewport *viewport, const ViewPyramid *pyramid)
{
  double scale = gtk_widget_get_scale_factor (widget);
  double x, y, width, height, left, top, right, bottom;

  if (pyramid == NULL || !alidade_viewport_get_picture_rect (viewport, &x, &y, &width, &height))
    return FALSE;
  left = MAX (floor (x * scale), 0);
  top = MAX (floor (y * scale), 0);
  right = MIN (ceil ((x + width) * scale), gtk_widget_get_width (widget) * scale);
  bottom = MIN (ceil ((y + height) * scale), gtk_widget_get_height (widget) * scale);
  if (right <= left || bottom <= top)
    return FALSE;
  self->width = right - left;
  self->height = bottom - top;
  self->left = x * scale - left;
  self->top = y * scale - top;
  self->wide = width * scale;
  self->high = height * scale;
  graphene_rect_init (&self->area, left / scale, top / scale, self->width / scale, self->height / scale);
  self->base = g_malloc ((gsize) self->width * self->height * 4);
  view_pyramid_render (pyramid, self->left, self->top, self->wide, self->high, self->width, self->height, self->base);
  return TRUE;
}

/* The Cairo renderer copies a texture for every frame, but not a surface that a node of its own draws. */
static GskRenderNode *
node_of (PictureLayer *self, GtkWidget *widget, guint8 *pixels, gsize stride)
{
  if (GSK_IS_CAIRO_RENDERER (gtk_native_get_renderer (gtk_widget_get_native (widget))))
    {
      static const cairo_user_data_key_t owner;
      cairo_surface_t *surface = cairo_image_surface_create_for_data (pixels, CAIRO_FORMAT_RGB24, self->width,
                                                                      self->height, (int) stride);
      GskRenderNode *node = gsk_cairo_node_new (&self->area);
      cairo_t *cr = gsk_cairo_node_get_draw_context (node);

      cairo_surface_set_user_data (surface, &owner, pixels, g_free);
      cairo_surface_set_device_scale (surface, self->width / self->area.size.width,
                                      self->height / self->area.size.height);
      cairo_set_source_surface (cr, surface, self->area.origin.x, self->area.origin.y);
      cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_NEAREST);
      cairo_paint (cr);
      cairo_destroy (cr);
      cairo_surface_destroy (surface);
      return node;
    }
  else
    {
      g_autoptr (GBytes) bytes = g_bytes_new_take (pixels, stride * self->height);
      g_autoptr (GdkTexture) texture
          = gdk_memory_texture_new (self->width, self->height, GDK_MEMORY_DEFAULT, bytes, stride);

      return gsk_texture_node_new (texture, &self->area);
    }
}

static void
make_node (PictureLayer *self, GtkWidget *widget, const PictureLayerMap *map)
{
  gsize stride = (gsize) self->width * 4;
  guint8 *out = g_malloc (stride * self->height);

  if (map != NULL && map->values != NULL)
    albef_overlay_compose (self->base, self->width, self->height, stride, 4, map->values, map->grid_width,
                           map->grid_height, self->left, self->top, self->wide, self->high, &map->overlay, out, stride);
  else
    memcpy (out, self->base, stride * self->height);
  self->node = node_of (self, widget, out, stride);
}

gboolean
picture_layer_snapshot (PictureLayer *self, GtkWidget *widget, AlidadeViewport *viewport, const ViewPyramid *pyramid,
                        const PictureLayerMap *map, GtkSnapshot *snapshot)
{
  if (self->base == NULL && !make_base (self, widget, viewport, pyramid))
    return FALSE;
  if (self->node == NULL)
    make_node (self, widget, map);
  gtk_snapshot_append_node (snapshot, self->node);
  return TRUE;
}

void
picture_layer_stroke_twice (cairo_t *cr)
{
  cairo_set_source_rgba (cr, 0, 0, 0, 0.65);
  cairo_set_line_width (cr, 4);
  cairo_stroke_preserve (cr);
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_set_line_width (cr, 2);
  cairo_stroke (cr);
}

void
picture_layer_append_peak (GtkSnapshot *snapshot, double x, double y)
{
  cairo_t *cr = gtk_snapshot_append_cairo (
      snapshot, &GRAPHENE_RECT_INIT (x - MARK_AREA / 2, y - MARK_AREA / 2, MARK_AREA, MARK_AREA));

  cairo_arc (cr, x, y, MARK_RADIUS - 1, 0, 2 * G_PI);
  picture_layer_stroke_twice (cr);
  cairo_arc (cr, x, y, 3, 0, 2 * G_PI);
  cairo_set_source_rgba (cr, 0, 0, 0, 0.65);
  cairo_fill (cr);
  cairo_arc (cr, x, y, 2, 0, 2 * G_PI);
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_fill (cr);
  cairo_destroy (cr);
}
