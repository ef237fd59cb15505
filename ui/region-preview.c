/* SPDX-License-Identifier: MIT */
#include "region-preview.h"

#include <math.h>

#define SIDE 640 /* CSS pixels of the thumbnail */
#define TALLEST 220
#define LINE 2
#define RADIUS 6

typedef struct
{
  gint64 phrase;
  RegionOrigin origin;
  Shape shape; /* upright */
} Outline;

struct _AlidadeRegionPreview
{
  GtkWidget parent_instance;

  AlidadeThumbnailer *thumbnailer;
  AlidadePicture *picture;
  GCancellable *cancellable;
  GdkTexture *texture;
  GArray *outlines;     /* Outline */
  double width, height; /* of the upright grid; 0: not known */
  gint64 phrase;
  GtkWidget *marker;
};

G_DEFINE_FINAL_TYPE (AlidadeRegionPreview, alidade_region_preview, GTK_TYPE_WIDGET)

static void
outline_clear (gpointer outline)
{
  shape_clear (&((Outline *) outline)->shape);
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeRegionPreview) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (AlidadePixels) pixels = alidade_thumbnailer_load_finish (ALIDADE_THUMBNAILER (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || self->picture == NULL)
    return;
  g_clear_object (&self->texture);
  if (pixels != NULL)
    self->texture = gdk_memory_texture_new (alidade_pixels_get_width (pixels), alidade_pixels_get_height (pixels),
                                            GDK_MEMORY_R8G8B8, alidade_pixels_get_bytes (pixels),
                                            3 * (gsize) alidade_pixels_get_width (pixels));
  gtk_widget_set_visible (self->marker, pixels == NULL);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

/* Place of the picture in the widget, at the middle. */
static graphene_rect_t
picture_place (AlidadeRegionPreview *self)
{
  double width = gtk_widget_get_width (GTK_WIDGET (self)), height = gtk_widget_get_height (GTK_WIDGET (self));
  double wide = gdk_texture_get_width (self->texture), high = gdk_texture_get_height (self->texture);
  double zoom = MIN (width / wide, height / high);

  return GRAPHENE_RECT_INIT ((width - wide * zoom) / 2, (height - high * zoom) / 2, wide * zoom, high * zoom);
}

static void
trace (cairo_t *cr, const Shape *shape)
{
  const double *points = shape->points != NULL ? (const double *) shape->points->data : NULL;

  if (shape->kind != SHAPE_POLYGON || points == NULL)
    {
      cairo_rectangle (cr, shape->box[0], shape->box[1], shape->box[2] - shape->box[0], shape->box[3] - shape->box[1]);
      return;
    }
  for (guint ring = 0, at = 0; ring < shape->rings->len; ring++)
    {
      guint n = g_array_index (shape->rings, guint32, ring);

      for (guint i = 0; i < n; i++, at++)
        if (i == 0)
          cairo_move_to (cr, points[2 * at], points[2 * at + 1]);
        else
          cairo_line_to (cr, points[2 * at], points[2 * at + 1]);
      cairo_close_path (cr);
    }
}

/* A dark halo, so that the line reads on any picture; proposals are white and dashed, people's and imported ones
 * orange. */
static void
draw_outlines (AlidadeRegionPreview *self, cairo_t *cr, const graphene_rect_t *place)
{
  static const double dash[] = { 7, 5 };

  cairo_translate (cr, place->origin.x, place->origin.y);
  for (guint i = 0; i < self->outlines->len; i++)
    {
      const Outline *outline = &g_array_index (self->outlines, Outline, i);
      gboolean made = outline->origin == ORIGIN_PERSON || outline->origin == ORIGIN_IMPORT;

      if (self->phrase != 0 && outline->phrase != self->phrase)
        continue;
      cairo_save (cr);
      cairo_scale (cr, place->size.width / self->width, place->size.height / self->height);
      trace (cr, &outline->shape);
      cairo_restore (cr);
      cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
      cairo_set_dash (cr, NULL, 0, 0);
      cairo_set_line_width (cr, LINE + 2);
      cairo_set_source_rgba (cr, 0, 0, 0, 0.65);
      cairo_stroke_preserve (cr);
      cairo_set_line_width (cr, LINE);
      if (made)
        cairo_set_source_rgb (cr, 1, 0xa3 / 255.0, 0x48 / 255.0);
      else
        {
          cairo_set_dash (cr, dash, 2, 0);
          cairo_set_source_rgb (cr, 1, 1, 1);
        }
      cairo_stroke (cr);
    }
}

static void
alidade_region_preview_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  AlidadeRegionPreview *self = ALIDADE_REGION_PREVIEW (widget);
  graphene_rect_t place;
  GskRoundedRect outline;

  gtk_widget_snapshot_child (widget, self->marker, snapshot);
  if (self->texture == NULL)
    return;
  place = picture_place (self);
  gsk_rounded_rect_init_from_rect (&outline, &place, RADIUS);
  gtk_snapshot_push_rounded_clip (snapshot, &outline);
  gtk_snapshot_append_texture (snapshot, self->texture, &place);
  if (self->outlines->len > 0 && self->width > 0)
    {
      cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &place);

      draw_outlines (self, cr, &place);
      cairo_destroy (cr);
    }
  gtk_snapshot_pop (snapshot);
}

static GtkSizeRequestMode
alidade_region_preview_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
alidade_region_preview_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                                int *minimum_baseline, int *natural_baseline)
{
  AlidadeRegionPreview *self = ALIDADE_REGION_PREVIEW (widget);
  double ratio = 0.75;

  gtk_widget_measure (self->marker, orientation, -1, NULL, NULL, NULL, NULL);
  if (self->texture != NULL)
    ratio = (double) gdk_texture_get_height (self->texture) / gdk_texture_get_width (self->texture);
  else if (self->width > 0)
    ratio = self->height / self->width;
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 80
                        : for_size < 0                            ? 60
                                       : CLAMP ((int) lround (for_size * ratio), 60, TALLEST);
}

static void
alidade_region_preview_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  gtk_widget_size_allocate (ALIDADE_REGION_PREVIEW (widget)->marker, &(GtkAllocation){ 0, 0, width, height }, -1);
}

static void
alidade_region_preview_dispose (GObject *object)
{
  AlidadeRegionPreview *self = ALIDADE_REGION_PREVIEW (object);

  alidade_region_preview_set_picture (self, NULL);
  g_clear_pointer (&self->marker, gtk_widget_unparent);
  g_clear_object (&self->thumbnailer);
  g_clear_pointer (&self->outlines, g_array_unref);
  G_OBJECT_CLASS (alidade_region_preview_parent_class)->dispose (object);
}

static void
alidade_region_preview_class_init (AlidadeRegionPreviewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_region_preview_dispose;
  widget_class->snapshot = alidade_region_preview_snapshot;
  widget_class->get_request_mode = alidade_region_preview_get_request_mode;
  widget_class->measure = alidade_region_preview_measure;
  widget_class->size_allocate = alidade_region_preview_size_allocate;
  gtk_widget_class_set_css_name (widget_class, "regionpreview");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
alidade_region_preview_init (AlidadeRegionPreview *self)
{
  self->outlines = g_array_new (FALSE, TRUE, sizeof (Outline));
  g_array_set_clear_func (self->outlines, outline_clear);
  self->marker = gtk_image_new_from_icon_name ("image-missing-symbolic");
  gtk_image_set_pixel_size (GTK_IMAGE (self->marker), 48);
  gtk_widget_add_css_class (self->marker, "secondary");
  gtk_widget_set_parent (self->marker, GTK_WIDGET (self));
  gtk_widget_set_visible (self->marker, FALSE);
}

GtkWidget *
alidade_region_preview_new (AlidadeThumbnailer *thumbnailer)
{
  AlidadeRegionPreview *self = g_object_new (ALIDADE_TYPE_REGION_PREVIEW, NULL);

  self->thumbnailer = g_object_ref (thumbnailer);
  return GTK_WIDGET (self);
}

void
alidade_region_preview_set_picture (AlidadeRegionPreview *self, AlidadePicture *picture)
{
  g_autofree char *spoken = NULL;

  g_return_if_fail (ALIDADE_IS_REGION_PREVIEW (self));

  if (picture == self->picture)
    return;
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_set_object (&self->picture, picture);
  if (picture == NULL)
    {
      g_clear_object (&self->texture);
      return;
    }
  spoken = g_strdup_printf ("Picture %s with its regions", alidade_picture_get_name (picture));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  self->cancellable = g_cancellable_new ();
  alidade_thumbnailer_load_async (self->thumbnailer, picture, SIDE * gtk_widget_get_scale_factor (GTK_WIDGET (self)),
                                  self->cancellable, loaded_cb, g_object_ref (self));
}

static void
add_outlines (AlidadeRegionPreview *self, const LibraryDetailsPhrase *phrase, const LibraryImage *image)
{
  for (guint i = 0; phrase->regions != NULL && i < phrase->regions->len; i++)
    {
      const ReviewRegion *region = phrase->regions->pdata[i];
      Outline outline = { .phrase = phrase->row->id, .origin = region->origin };

      shape_copy (&region->shape, &outline.shape);
      /* Of a mask its box is drawn. */
      if (outline.shape.kind == SHAPE_MASK)
        {
          double box[4] = { outline.shape.box[0], outline.shape.box[1], outline.shape.box[2], outline.shape.box[3] };

          shape_clear (&outline.shape);
          outline.shape = (Shape){ 0 };
          shape_set_box (&outline.shape, box[0], box[1], box[2], box[3]);
        }
      shape_turn (&outline.shape, image->orientation, TRUE, image->width, image->height);
      g_array_append_val (self->outlines, outline);
    }
}

void
alidade_region_preview_set_details (AlidadeRegionPreview *self, const LibraryDetails *details)
{
  const LibraryImage *image = details != NULL ? details->image : NULL;
  gboolean turned = image != NULL && image->orientation >= 5;

  g_return_if_fail (ALIDADE_IS_REGION_PREVIEW (self));

  g_array_set_size (self->outlines, 0);
  self->width = image == NULL ? 0 : turned ? image->height : image->width;
  self->height = image == NULL ? 0 : turned ? image->width : image->height;
  for (guint i = 0; image != NULL && self->width > 0 && i < details->phrases->len; i++)
    add_outlines (self, details->phrases->pdata[i], image);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

void
alidade_region_preview_set_phrase (AlidadeRegionPreview *self, gint64 phrase)
{
  g_return_if_fail (ALIDADE_IS_REGION_PREVIEW (self));

  self->phrase = phrase;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
