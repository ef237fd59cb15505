/* SPDX-License-Identifier: MIT
 * Figures: the strip of all words or what the canvas shows, to a file or the clipboard. Written on another thread;
 * a figure shows what was on screen when it was asked for. */
#include "figure.h"
#include "window-private.h"

typedef struct
{
  AlidadePixels *pixels;
  AlidadeMaps *maps;
  AlidadeFigureOptions options;
  float *map;
  char *label;
  char *path; /* of the file; NULL: none yet */
} Figure;

static void
figure_free (Figure *figure)
{
  g_clear_pointer (&figure->pixels, alidade_pixels_unref);
  g_clear_pointer (&figure->maps, alidade_maps_unref);
  g_free (figure->map);
  g_free (figure->label);
  g_free (figure->path);
  g_free (figure);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Figure, figure_free)

/* NULL: nothing to draw. */
static Figure *
take_figure (AlidadeWindow *self, AlidadeFigureKind kind)
{
  AlidadeExploration *exploration = self->exploration;
  AlidadeLoadedPicture *loaded = alidade_exploration_get_loaded (exploration);
  AlidadeMaps *maps = alidade_exploration_get_maps (exploration);
  const AlidadeFigureOptions defaults = ALIDADE_FIGURE_OPTIONS_INIT;
  AlbefOverlay overlay;
  double scale;
  const float *shown = alidade_exploration_get_shown_map (exploration, &scale);
  Figure *figure;

  if (loaded == NULL || (kind == ALIDADE_FIGURE_STRIP && maps == NULL))
    return NULL;
  overlay = alidade_look_get_overlay (self->look, scale);
  figure = g_new0 (Figure, 1);
  figure->pixels = alidade_pixels_ref (alidade_loaded_picture_get_pixels (loaded));
  figure->maps = maps != NULL ? alidade_maps_ref (maps) : NULL;
  figure->options = defaults;
  figure->options.kind = kind;
  figure->options.colours = overlay.colours;
  figure->options.opacity = overlay.opacity;
  figure->options.threshold = overlay.threshold;
  if (kind == ALIDADE_FIGURE_VIEW && shown != NULL && maps != NULL)
    {
      figure->map = g_memdup2 (shown, (gsize) maps->grid_width * maps->grid_height * sizeof (float));
      figure->label = alidade_exploration_describe_shown (exploration);
      figure->options.map = figure->map;
      figure->options.scale = scale;
      figure->options.label = figure->label;
    }
  return figure;
}

static void
write_worker (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Figure *figure = data;
  GError *error = NULL;

  if (alidade_figure_write (figure->path, figure->pixels, figure->maps, &figure->options, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  AlidadeWindow *self = ALIDADE_WINDOW (source);
  Figure *figure = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  g_autofree char *base = g_path_get_basename (figure->path);
  g_autofree char *shown = g_filename_display_name (base);

  if (g_task_propagate_boolean (G_TASK (result), &error))
    _alidade_window_toast (self, "Wrote %s", shown);
  else
    {
      GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (self), "Figure Not Written", error->message);

      adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", "_Close");
      gtk_window_present (GTK_WINDOW (dialog));
    }
}

static void
file_chosen (AlidadeWindow *self, GListModel *files, gpointer data)
{
  g_autoptr (Figure) figure = take_figure (self, GPOINTER_TO_INT (data));
  g_autoptr (GFile) file = g_list_model_get_item (files, 0);
  g_autoptr (GTask) task = NULL;
  g_autofree char *lower = NULL;

  if (figure == NULL || g_file_peek_path (file) == NULL)
    return;
  lower = g_ascii_strdown (g_file_peek_path (file), -1);
  /* The ending chooses the format; without one of the three it is a PNG. */
  if (g_str_has_suffix (lower, ".png") || g_str_has_suffix (lower, ".svg") || g_str_has_suffix (lower, ".pdf"))
    figure->path = g_strdup (g_file_peek_path (file));
  else
    figure->path = g_strconcat (g_file_peek_path (file), ".png", NULL);
  task = g_task_new (self, NULL, written_cb, NULL);
  g_task_set_task_data (task, g_steal_pointer (&figure), (GDestroyNotify) figure_free);
  g_task_run_in_thread (task, write_worker);
}

static void
export_figure (GtkWidget *widget, const char *name, GVariant *parameter)
{
  static const char *const formats[][2] = { { "PNG", "png" }, { "SVG", "svg" }, { "PDF", "pdf" } };
  AlidadeWindow *self = ALIDADE_WINDOW (widget);
  gboolean strip = g_str_equal (name, "win.export-strip");
  AlidadePicture *picture = alidade_exploration_get_picture (self->exploration);
  g_autofree char *base = NULL;
  g_autofree char *suggested = NULL;
  g_autoptr (GtkFileFilter) all = gtk_file_filter_new ();
  GtkFileChooserNative *chooser;
  char *dot;

  if (picture == NULL)
    return;
  chooser = gtk_file_chooser_native_new (strip ? "Export Strip of All Words" : "Export This View", GTK_WINDOW (self),
                                         GTK_FILE_CHOOSER_ACTION_SAVE, "_Export", NULL);
  base = g_strdup (alidade_picture_get_name (picture));
  dot = strrchr (base, '.');
  if (dot != NULL && dot != base)
    *dot = '\0';
  suggested = g_strdup_printf ("%s-%s.png", base, strip ? "words" : "map");
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), suggested);
  gtk_file_filter_set_name (all, "PNG, SVG or PDF by the name's ending");
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    gtk_file_filter_add_suffix (all, formats[i][1]);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), all);
  _alidade_window_choose (self, chooser, file_chosen,
                          GINT_TO_POINTER (strip ? ALIDADE_FIGURE_STRIP : ALIDADE_FIGURE_VIEW));
}

static void
copy_strip (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeWindow *self = ALIDADE_WINDOW (widget);
  g_autoptr (Figure) figure = take_figure (self, ALIDADE_FIGURE_STRIP);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GdkTexture) texture = NULL;
  cairo_surface_t *surface;
  gsize stride;

  if (figure == NULL)
    return;
  surface = alidade_figure_render (figure->pixels, figure->maps, &figure->options, 2);
  if (surface == NULL)
    {
      _alidade_window_toast (self, "The strip is too large for the clipboard: export it instead");
      return;
    }
  cairo_surface_flush (surface);
  stride = cairo_image_surface_get_stride (surface);
  bytes = g_bytes_new (cairo_image_surface_get_data (surface), stride * cairo_image_surface_get_height (surface));
  texture = gdk_memory_texture_new (cairo_image_surface_get_width (surface), cairo_image_surface_get_height (surface),
                                    GDK_MEMORY_DEFAULT, bytes, stride);
  cairo_surface_destroy (surface);
  gdk_clipboard_set_texture (gtk_widget_get_clipboard (widget), texture);
  _alidade_window_toast (self, "Strip copied");
}

static void
stored_cb (GObject *source, GAsyncResult *result, gpointer application)
{
  gdk_clipboard_store_finish (GDK_CLIPBOARD (source), result, NULL);
  g_application_release (application);
  g_object_unref (application);
}

/* A copied figure would die with the program: somebody else shall keep it. */
void
_alidade_window_keep_copied (AlidadeWindow *self)
{
  GdkClipboard *clipboard = gtk_widget_get_clipboard (GTK_WIDGET (self));
  GApplication *application = G_APPLICATION (gtk_window_get_application (GTK_WINDOW (self)));

  if (application == NULL || !gdk_clipboard_is_local (clipboard))
    return;
  g_application_hold (application);
  gdk_clipboard_store_async (clipboard, G_PRIORITY_DEFAULT, NULL, stored_cb, g_object_ref (application));
}

static void
update_actions (AlidadeWindow *self)
{
  gboolean picture = alidade_exploration_get_loaded (self->exploration) != NULL;
  gboolean maps = alidade_exploration_get_maps (self->exploration) != NULL;

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.export-view", picture);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.export-strip", picture && maps);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.copy-strip", picture && maps);
}

void
_alidade_window_init_export (AlidadeWindow *self)
{
  g_signal_connect_swapped (self->exploration, "picture-changed", G_CALLBACK (update_actions), self);
  g_signal_connect_swapped (self->exploration, "maps-changed", G_CALLBACK (update_actions), self);
  update_actions (self);
}

void
_alidade_window_class_init_export (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.export-strip", NULL, export_figure);
  gtk_widget_class_install_action (widget_class, "win.export-view", NULL, export_figure);
  gtk_widget_class_install_action (widget_class, "win.copy-strip", NULL, copy_strip);
}
