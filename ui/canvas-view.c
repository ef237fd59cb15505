/* SPDX-License-Identifier: MIT */
#include "canvas-view.h"

#include "colour-ramp.h"
#include "point-ranking.h"

#include <adwaita.h>
#include <math.h>
#include <string.h>

struct _AlidadeCanvasView
{
  GtkWidget parent_instance;

  GtkStack *stack;
  AlidadeCanvas *canvas;
  GtkLabel *hint;
  GtkWidget *legend;
  AlidadeColourRamp *ramp;
  GtkWidget *zoom_box;
  GtkLabel *zoom_label;
  GtkWidget *zoom_out, *zoom_in, *zoom_fit, *zoom_actual;
  AdwStatusPage *empty_page;
  AdwStatusPage *problem_page;
  AdwStatusPage *choose_page;
  GtkLabel *problem_details;
  GtkSpinner *spinner;
  GtkWidget *next_button;

  GtkWidget *ranking; /* AlidadePointRanking */
  AlidadeExploration *exploration;
  AlidadeLibrary *library;
  AlidadeProjectPictures *pictures; /* NULL: this program has no projects */
};

G_DEFINE_FINAL_TYPE (AlidadeCanvasView, alidade_canvas_view, GTK_TYPE_WIDGET)

static void
zoom_changed_cb (AlidadeCanvasView *self)
{
  g_autofree char *text = g_strdup_printf (
      "%ld %%", lround (100 * alidade_viewport_get_zoom (alidade_canvas_get_viewport (self->canvas))));

  gtk_label_set_text (self->zoom_label, text);
}

static void
zoom_out_cb (GtkButton *button, AlidadeCanvasView *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self->canvas), "canvas.zoom-out", NULL);
}

static void
zoom_in_cb (GtkButton *button, AlidadeCanvasView *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self->canvas), "canvas.zoom-in", NULL);
}

static void
fit_cb (GtkButton *button, AlidadeCanvasView *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self->canvas), "canvas.fit", NULL);
}

static void
actual_cb (GtkButton *button, AlidadeCanvasView *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self->canvas), "canvas.actual-size", NULL);
}

static void
ranking_closed_cb (GtkPopover *popover, AlidadeCanvasView *self)
{
  alidade_canvas_set_point (self->canvas, FALSE, 0, 0);
}

static void
point_clicked_cb (AlidadeCanvas *canvas, double u, double v, AlidadeCanvasView *self)
{
  double x, y;

  if (!alidade_point_ranking_set (ALIDADE_POINT_RANKING (self->ranking), self->exploration, u, v)
      || !alidade_canvas_locate (canvas, u, v, &x, &y))
    return;
  alidade_canvas_set_point (canvas, TRUE, u, v);
  gtk_popover_set_pointing_to (GTK_POPOVER (self->ranking), &(GdkRectangle){ x - 12, y - 12, 24, 24 });
  gtk_popover_popup (GTK_POPOVER (self->ranking));
}

static void
maps_changed_cb (AlidadeCanvasView *self)
{
  AlidadeMaps *maps = alidade_exploration_get_maps (self->exploration);
  const char *error = alidade_exploration_get_error (self->exploration);
  double scale;
  const char *hint = error != NULL                                               ? error
                     : maps != NULL && !maps->has_word_maps && maps->n_words > 0 ? maps->reason
                                                                                 : "";

  gtk_label_set_text (self->hint, hint);
  gtk_widget_set_visible (GTK_WIDGET (self->hint), hint[0] != '\0');
  gtk_widget_set_visible (self->legend, alidade_exploration_get_shown_map (self->exploration, &scale) != NULL);
}

static void
look_changed_cb (AlidadeCanvasView *self)
{
  alidade_colour_ramp_set_colours (self->ramp,
                                   alidade_look_get_colours (alidade_exploration_get_look (self->exploration)));
}

/* The title names the file already: "PATH: the file ends" becomes "The file ends". */
static char *
without_path (const char *message, const char *path)
{
  g_autofree char *shown = g_filename_display_name (path);
  gunichar first;
  GString *text;

  if (g_str_has_prefix (message, shown) && g_str_has_prefix (message + strlen (shown), ": "))
    message += strlen (shown) + 2;
  text = g_string_new (NULL);
  first = g_utf8_get_char (message);
  if (first != 0)
    {
      g_string_append_unichar (text, g_unichar_toupper (first));
      g_string_append (text, g_utf8_next_char (message));
    }
  return g_string_free (text, FALSE);
}

/* The page without a picture, while a project is open. */
static const char *
project_page (AlidadeCanvasView *self)
{
  if (g_list_model_get_n_items (G_LIST_MODEL (self->pictures)) > 0
      || !library_filter_is_empty (alidade_project_pictures_get_filter (self->pictures)))
    return "choose";
  return alidade_project_pictures_get_ready (self->pictures) ? "empty" : "loading";
}

static void
picture_changed_cb (AlidadeCanvasView *self)
{
  AlidadePicture *picture = alidade_exploration_get_picture (self->exploration);
  const char *problem = alidade_exploration_get_problem (self->exploration);
  const char *page = "empty";

  gtk_popover_popdown (GTK_POPOVER (self->ranking));
  if (problem != NULL)
    {
      g_autofree char *title = g_strdup_printf ("Cannot Show %s", alidade_picture_get_name (picture));
      g_autofree char *short_text = without_path (problem, alidade_picture_get_path (picture));
      g_autofree char *escaped = g_markup_escape_text (short_text, -1);
      g_autofree char *escaped_title = g_markup_escape_text (title, -1);

      page = "unreadable";
      adw_status_page_set_title (self->problem_page, escaped_title);
      adw_status_page_set_description (self->problem_page, escaped);
      gtk_label_set_text (self->problem_details, problem);
    }
  else if (alidade_exploration_get_pyramid (self->exploration) != NULL)
    page = "canvas";
  else if (picture != NULL || alidade_library_get_loading (self->library))
    page = "loading";
  else if (self->pictures != NULL
           && alidade_project_index_get_is_open (alidade_project_pictures_get_index (self->pictures)))
    page = project_page (self);
  else if (g_list_model_get_n_items (G_LIST_MODEL (self->library)) > 0)
    page = "choose";
  gtk_spinner_set_spinning (self->spinner, g_str_equal (page, "loading"));
  if (alidade_library_get_error (self->library) != NULL && g_str_equal (page, "empty"))
    {
      g_autofree char *escaped = g_markup_escape_text (alidade_library_get_error (self->library), -1);

      adw_status_page_set_title (self->empty_page, "Cannot Open This Folder");
      adw_status_page_set_description (self->empty_page, escaped);
    }
  else
    {
      adw_status_page_set_title (self->empty_page, "No Pictures Yet");
      adw_status_page_set_description (self->empty_page,
                                       "Add a folder or drop pictures here to see where their words lie.");
    }
  gtk_stack_set_visible_child_name (self->stack, page);
}

static void
alidade_canvas_view_dispose (GObject *object)
{
  AlidadeCanvasView *self = ALIDADE_CANVAS_VIEW (object);

  if (self->exploration != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->exploration, self);
      g_signal_handlers_disconnect_by_data (alidade_exploration_get_look (self->exploration), self);
    }
  if (self->library != NULL)
    g_signal_handlers_disconnect_by_data (self->library, self);
  if (self->pictures != NULL)
    g_signal_handlers_disconnect_by_data (self->pictures, self);
  g_clear_object (&self->pictures);
  g_clear_pointer (&self->ranking, gtk_widget_unparent);
  g_clear_object (&self->exploration);
  g_clear_object (&self->library);
  gtk_widget_dispose_template (GTK_WIDGET (self), ALIDADE_TYPE_CANVAS_VIEW);

  G_OBJECT_CLASS (alidade_canvas_view_parent_class)->dispose (object);
}

static void
alidade_canvas_view_class_init (AlidadeCanvasViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_canvas_view_dispose;
  g_type_ensure (ALIDADE_TYPE_CANVAS);
  g_type_ensure (ALIDADE_TYPE_COLOUR_RAMP);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "canvasview");
  gtk_widget_class_set_template_from_resource (widget_class, "/org/alidade/ui/canvas-view.ui");
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, stack);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, canvas);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, hint);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, legend);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, ramp);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, zoom_box);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, zoom_label);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, zoom_out);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, zoom_in);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, zoom_fit);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, zoom_actual);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, empty_page);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, problem_page);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, choose_page);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, problem_details);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, spinner);
  gtk_widget_class_bind_template_child (widget_class, AlidadeCanvasView, next_button);
  gtk_widget_class_bind_template_callback (widget_class, zoom_out_cb);
  gtk_widget_class_bind_template_callback (widget_class, zoom_in_cb);
  gtk_widget_class_bind_template_callback (widget_class, fit_cb);
  gtk_widget_class_bind_template_callback (widget_class, actual_cb);
}

/* A status page scrolls inside, and that takes the focus. */
static void
name_inner (GtkWidget *page, const char *name)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_first_child (page)), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  name, -1);
}

static void
alidade_canvas_view_init (AlidadeCanvasView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  name_inner (GTK_WIDGET (self->empty_page), "No pictures");
  name_inner (GTK_WIDGET (self->problem_page), "Cannot show the picture");
  name_inner (GTK_WIDGET (self->choose_page), "Choose a picture");
  self->ranking = alidade_point_ranking_new ();
  gtk_widget_set_parent (self->ranking, GTK_WIDGET (self->canvas));
  g_signal_connect (self->ranking, "closed", G_CALLBACK (ranking_closed_cb), self);
  g_signal_connect (self->canvas, "point-clicked", G_CALLBACK (point_clicked_cb), self);
  g_signal_connect_swapped (alidade_canvas_get_viewport (self->canvas), "changed", G_CALLBACK (zoom_changed_cb), self);
}

void
alidade_canvas_view_set_exploration (AlidadeCanvasView *self, AlidadeExploration *exploration, AlidadeLibrary *library)
{
  g_return_if_fail (ALIDADE_IS_CANVAS_VIEW (self));
  g_return_if_fail (self->exploration == NULL);

  self->exploration = g_object_ref (exploration);
  self->library = g_object_ref (library);
  alidade_canvas_set_exploration (self->canvas, exploration);
  g_signal_connect_swapped (exploration, "picture-changed", G_CALLBACK (picture_changed_cb), self);
  g_signal_connect_swapped (exploration, "selection-changed", G_CALLBACK (maps_changed_cb), self);
  g_signal_connect_swapped (alidade_exploration_get_look (exploration), "notify", G_CALLBACK (look_changed_cb), self);
  g_signal_connect_swapped (library, "items-changed", G_CALLBACK (picture_changed_cb), self);
  g_signal_connect_swapped (library, "notify", G_CALLBACK (picture_changed_cb), self);
  look_changed_cb (self);
  maps_changed_cb (self);
  picture_changed_cb (self);
}

AlidadeCanvas *
alidade_canvas_view_get_canvas (AlidadeCanvasView *self)
{
  return self->canvas;
}

void
alidade_canvas_view_set_pictures (AlidadeCanvasView *self, AlidadeProjectPictures *pictures)
{
  g_return_if_fail (ALIDADE_IS_CANVAS_VIEW (self) && self->pictures == NULL);

  self->pictures = g_object_ref (pictures);
  g_signal_connect_swapped (pictures, "notify::ready", G_CALLBACK (picture_changed_cb), self);
  g_signal_connect_swapped (pictures, "items-changed", G_CALLBACK (picture_changed_cb), self);
  picture_changed_cb (self);
}
