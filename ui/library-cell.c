/* SPDX-License-Identifier: MIT */
#include "library-cell.h"

struct _AlidadeLibraryCell
{
  GtkWidget parent_instance;

  GtkWidget *marker;
  GtkWidget *badge, *check;
  AlidadeThumbnailer *thumbnailer;
  AlidadeProjectPicture *entry; /* NULL: of a folder */
  AlidadePicture *picture;
  GCancellable *cancellable;
  GdkTexture *texture;
};

G_DEFINE_FINAL_TYPE (AlidadeLibraryCell, alidade_library_cell, GTK_TYPE_WIDGET)

#define RADIUS 6
#define THUMBNAIL_SIDE 160 /* CSS pixels: covers a cell of either pane width */
#define SMALLEST 48
#define BADGE 18
#define BADGE_INSET 4

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

/* The list's own widget: boxes around the cell are the factory's. NULL: in no list. */
static GtkWidget *
item_widget (AlidadeLibraryCell *self)
{
  GtkWidget *widget = gtk_widget_get_parent (GTK_WIDGET (self));

  while (widget != NULL && GTK_IS_BOX (widget))
    widget = gtk_widget_get_parent (widget);
  return widget;
}

/* What a project has to say about it, after its name; g_free() it. */
static char *
describe_entry (AlidadeLibraryCell *self)
{
  const LibraryImage *row = self->entry != NULL ? alidade_project_picture_get_row (self->entry) : NULL;
  gint64 left = self->entry != NULL ? alidade_project_picture_get_to_review (self->entry) : 0;

  if (row == NULL)
    return g_strdup ("");
  if (row->file == LIBRARY_FILE_MISSING)
    return g_strdup (", file missing");
  if (row->phrases == 0)
    return g_strdup ("");
  return left == 0 ? g_strdup (", all reviewed")
                   : g_strdup_printf (", %" G_GINT64_FORMAT " %s to review", left, left == 1 ? "phrase" : "phrases");
}

static void
show_badge (AlidadeLibraryCell *self)
{
  const LibraryImage *row = self->entry != NULL ? alidade_project_picture_get_row (self->entry) : NULL;
  gint64 left = self->entry != NULL ? alidade_project_picture_get_to_review (self->entry) : 0;
  g_autofree char *text = left > 99 ? g_strdup ("99+") : g_strdup_printf ("%d", (int) left);

  gtk_label_set_text (GTK_LABEL (self->badge), text);
  gtk_widget_set_visible (self->badge, left > 0);
  gtk_widget_set_visible (self->check, row != NULL && row->phrases > 0 && left == 0);
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
  if (item_widget (self) != NULL)
    {
      g_autofree char *more
          = self->entry != NULL
                    && (!unreadable || alidade_project_picture_get_row (self->entry)->file == LIBRARY_FILE_MISSING)
                ? describe_entry (self)
                : g_strdup (unreadable ? ", cannot be read" : "");
      g_autofree char *name = g_strconcat (alidade_picture_get_name (self->picture), more, NULL);

      gtk_accessible_update_property (GTK_ACCESSIBLE (item_widget (self)), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
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
  gtk_widget_snapshot_child (widget, self->badge, snapshot);
  gtk_widget_snapshot_child (widget, self->check, snapshot);
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
  AlidadeLibraryCell *self = ALIDADE_LIBRARY_CELL (widget);

  /* The badges ask for nothing, but GTK wants them measured before they are placed. */
  gtk_widget_measure (self->badge, orientation, -1, NULL, NULL, NULL, NULL);
  gtk_widget_measure (self->check, orientation, -1, NULL, NULL, NULL, NULL);
  *minimum = *natural = orientation == GTK_ORIENTATION_VERTICAL ? MAX (for_size, SMALLEST) : SMALLEST;
}

static void
alidade_library_cell_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  AlidadeLibraryCell *self = ALIDADE_LIBRARY_CELL (widget);
  int wide;

  gtk_widget_size_allocate (self->marker, &(GtkAllocation){ 0, 0, width, height }, -1);
  gtk_widget_measure (self->badge, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &wide, NULL, NULL);
  wide = MAX (wide, BADGE);
  gtk_widget_size_allocate (
      self->badge, &(GtkAllocation){ width - wide - BADGE_INSET, height - BADGE - BADGE_INSET, wide, BADGE }, -1);
  gtk_widget_size_allocate (
      self->check, &(GtkAllocation){ width - BADGE - BADGE_INSET, height - BADGE - BADGE_INSET, BADGE, BADGE }, -1);
}

static void
alidade_library_cell_dispose (GObject *object)
{
  AlidadeLibraryCell *self = ALIDADE_LIBRARY_CELL (object);

  alidade_library_cell_unbind (self);
  g_clear_pointer (&self->marker, gtk_widget_unparent);
  g_clear_pointer (&self->badge, gtk_widget_unparent);
  g_clear_pointer (&self->check, gtk_widget_unparent);
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
  self->badge = gtk_label_new (NULL);
  self->check = gtk_image_new_from_icon_name ("object-select-symbolic");
  gtk_image_set_pixel_size (GTK_IMAGE (self->check), 12);
  for (int i = 0; i < 2; i++)
    {
      GtkWidget *badge = i == 0 ? self->badge : self->check;

      gtk_widget_add_css_class (badge, "badge");
      gtk_widget_add_css_class (badge, "numeric");
      gtk_widget_set_parent (badge, GTK_WIDGET (self));
      gtk_widget_set_visible (badge, FALSE);
    }
}

GtkWidget *
alidade_library_cell_new (AlidadeThumbnailer *thumbnailer)
{
  AlidadeLibraryCell *self = g_object_new (ALIDADE_TYPE_LIBRARY_CELL, NULL);

  self->thumbnailer = g_object_ref (thumbnailer);
  return GTK_WIDGET (self);
}

static void
show_picture (AlidadeLibraryCell *self, AlidadePicture *picture)
{
  int side = THUMBNAIL_SIDE * gtk_widget_get_scale_factor (GTK_WIDGET (self));
  g_autoptr (AlidadePixels) pixels = NULL;

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

static void
hide_picture (AlidadeLibraryCell *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->picture != NULL)
    g_signal_handlers_disconnect_by_data (self->picture, self);
  g_clear_object (&self->picture);
  g_clear_object (&self->texture);
}

/* The row came, or changed; another picture object if the file did. */
static void
row_cb (AlidadeLibraryCell *self)
{
  AlidadePicture *picture = alidade_project_picture_get_picture (self->entry);

  if (picture == NULL)
    return;
  show_badge (self);
  if (picture == self->picture)
    state_cb (self);
  else
    {
      hide_picture (self);
      show_picture (self, picture);
    }
}

void
alidade_library_cell_bind (AlidadeLibraryCell *self, gpointer item)
{
  g_return_if_fail (ALIDADE_IS_LIBRARY_CELL (self));

  alidade_library_cell_unbind (self);
  if (ALIDADE_IS_PROJECT_PICTURE (item))
    {
      self->entry = g_object_ref (item);
      g_signal_connect_swapped (item, "notify::row", G_CALLBACK (row_cb), self);
      row_cb (self);
      if (self->picture == NULL && item_widget (self) != NULL)
        gtk_accessible_update_property (GTK_ACCESSIBLE (item_widget (self)), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                        "Picture, still being read", -1);
    }
  else
    show_picture (self, item);
}

void
alidade_library_cell_unbind (AlidadeLibraryCell *self)
{
  hide_picture (self);
  if (self->entry != NULL)
    g_signal_handlers_disconnect_by_data (self->entry, self);
  g_clear_object (&self->entry);
  if (self->badge != NULL)
    {
      gtk_widget_set_visible (self->badge, FALSE);
      gtk_widget_set_visible (self->check, FALSE);
    }
}
