/* SPDX-License-Identifier: MIT */
#include "library-cell.h"

struct _AlidadeLibraryCell
{
  GtkWidget parent_instance;

  GtkWidget *marker;
  AlidadeThumbnailer *thumbnailer;
  AlidadePicture *picture;
  GCancellable *cancellable;
  GdkTexture *texture;
};

G_DEFINE_FINAL_TYPE (AlidadeLibraryCell, alidade_library_cell, GTK_TYPE_WIDGET)

#define RADIUS 6
#define THUMBNAIL_SIDE 160 /* CSS pixels: covers a cell of either pane width */
#define SMALLEST 48

static void
set_pixels (AlidadeLibraryCell *self, AlidadePixels *pixels)
{
  g_clear_object (&self->texture);
  if (pixels != NULL)
    self->texture = gdk_memory_texture_new (alidade_pixels_get_width (pixels), alidade_pixels_get_height (pixels),
                                            GDK_MEMORY_R8G8B8, alidade_pixels_get_bytes (pixels),
                                            3 * (gsize) alidade_pixels_get_width (pixels));
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
state_cb (AlidadeLibraryCell *self)
{
  gboolean unreadable = alidade_picture_get_state (self->picture) == ALIDADE_PICTURE_UNREADABLE;
  g_autofree char *tooltip = NULL;

  gtk_widget_set_visible (self->marker, unreadable);
  tooltip = unreadable ? g_strdup_printf ("%s\n%s", alidade_picture_get_name (self->picture),
                                          alidade_picture_get_message (self->picture))
                       : g_strdup (alidade_picture_get_name (self->picture));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), tooltip);
  if (gtk_widget_get_parent (GTK_WIDGET (self)) != NULL)
    {
      g_autofree char *name
          = g_strdup_printf ("%s%s", alidade_picture_get_name (self->picture), unreadable ? ", cannot be read" : "");

      gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_parent (GTK_WIDGET (self))),
                                      GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    }
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeLibraryCell) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (AlidadePixels) pixels = alidade_thumbnailer_load_finish (ALIDADE_THUMBNAILER (source), result, &error);

  /* Cancelled: the cell shows another picture by now. Unreadable: its state tells. */
  if (pixels != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    set_pixels (self, pixels);
}

static void
alidade_library_cell_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  AlidadeLibraryCell *self = ALIDADE_LIBRARY_CELL (widget);
  float width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  GskRoundedRect outline;

  gsk_rounded_rect_init_from_rect (&outline, &GRAPHENE_RECT_INIT (0, 0, width, height), RADIUS);
  gtk_snapshot_push_rounded_clip (snapshot, &outline);
  if (self->texture != NULL)
    {
      float wide = gdk_texture_get_width (self->texture), high = gdk_texture_get_height (self->texture);
      float zoom = MAX (width / wide, height / high);

      gtk_snapshot_append_texture (
          snapshot, self->texture,
          &GRAPHENE_RECT_INIT ((width - wide * zoom) / 2, (height - high * zoom) / 2, wide * zoom, high * zoom));
    }
  else
    {
      GdkRGBA colour;

      gtk_style_context_get_color (gtk_widget_get_style_context (widget), &colour);
      colour.alpha *= 0.08f;
      gtk_snapshot_append_color (snapshot, &colour, &outline.bounds);
    }
  gtk_snapshot_pop (snapshot);
  gtk_widget_snapshot_child (widget, self->marker, snapshot);
}

static GtkSizeRequestMode
alidade_library_cell_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
alidade_library_cell_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                              int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_VERTICAL ? MAX (for_size, SMALLEST) : SMALLEST;
}

static void
alidade_library_cell_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  gtk_widget_size_allocate (ALIDADE_LIBRARY_CELL (widget)->marker, &(GtkAllocation){ 0, 0, width, height }, -1);
}

static void
alidade_library_cell_dispose (GObject *object)
{
  AlidadeLibraryCell *self = ALIDADE_LIBRARY_CELL (object);

  alidade_library_cell_unbind (self);
  g_clear_pointer (&self->marker, gtk_widget_unparent);
  g_clear_object (&self->thumbnailer);

  G_OBJECT_CLASS (alidade_library_cell_parent_class)->dispose (object);
}

static void
alidade_library_cell_class_init (AlidadeLibraryCellClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_library_cell_dispose;
  widget_class->snapshot = alidade_library_cell_snapshot;
  widget_class->get_request_mode = alidade_library_cell_get_request_mode;
  widget_class->measure = alidade_library_cell_measure;
  widget_class->size_allocate = alidade_library_cell_size_allocate;
  gtk_widget_class_set_css_name (widget_class, "librarycell");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
alidade_library_cell_init (AlidadeLibraryCell *self)
{
  self->marker = gtk_image_new_from_icon_name ("image-missing-symbolic");
  gtk_image_set_pixel_size (GTK_IMAGE (self->marker), 32);
  gtk_widget_add_css_class (self->marker, "unreadable");
  gtk_widget_set_parent (self->marker, GTK_WIDGET (self));
  gtk_widget_set_visible (self->marker, FALSE);
}

GtkWidget *
alidade_library_cell_new (AlidadeThumbnailer *thumbnailer)
{
  AlidadeLibraryCell *self = g_object_new (ALIDADE_TYPE_LIBRARY_CELL, NULL);

  self->thumbnailer = g_object_ref (thumbnailer);
  return GTK_WIDGET (self);
}

void
alidade_library_cell_bind (AlidadeLibraryCell *self, AlidadePicture *picture)
{
  int side = THUMBNAIL_SIDE * gtk_widget_get_scale_factor (GTK_WIDGET (self));
  g_autoptr (AlidadePixels) pixels = NULL;

  g_return_if_fail (ALIDADE_IS_LIBRARY_CELL (self));

  alidade_library_cell_unbind (self);
  self->picture = g_object_ref (picture);
  g_signal_connect_swapped (picture, "notify", G_CALLBACK (state_cb), self);
  state_cb (self);
  pixels = alidade_thumbnailer_lookup (self->thumbnailer, picture, side);
  if (pixels != NULL)
    {
      set_pixels (self, pixels);
      return;
    }
  self->cancellable = g_cancellable_new ();
  alidade_thumbnailer_load_async (self->thumbnailer, picture, side, self->cancellable, loaded_cb, g_object_ref (self));
}

void
alidade_library_cell_unbind (AlidadeLibraryCell *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->picture != NULL)
    g_signal_handlers_disconnect_by_data (self->picture, self);
  g_clear_object (&self->picture);
  g_clear_object (&self->texture);
}
