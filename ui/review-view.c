/* SPDX-License-Identifier: MIT
 * review-view.c: the page put together: queue at the left, caption, canvas and verdicts in the middle, regions and history at
 * the right; and what stands there instead when there is nothing to review. */
#include "review-view-private.h"

#include "pane-handle.h"
#include "view.h"

#include <math.h>

#define WIDE 1600
#define REVIEW_OPACITY 0.65

static void view_iface_init (AlidadeViewInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (AlidadeReviewView, alidade_review_view, GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (ALIDADE_TYPE_VIEW, view_iface_init))

enum
{
  PROP_N_LEFT = 1,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static const struct
{
  const char *title, *icon, *action;
} buttons[REVIEW_BUTTONS] = {
  { "Accept", "object-select-symbolic", "review.accept" },     { "Correct", "document-edit-symbolic", "review.correct" },
  { "Reject", "window-close-symbolic", "review.reject" },      { "Not Here", "action-unavailable-symbolic", "review.absent" },
  { "Unsure", "dialog-question-symbolic", "review.unsure" },
};

/* States --------------------------------------------------------------------------------------------------------------------- */

static void
set_button (GtkButton *button, const char *label, const char *action)
{
  gtk_widget_set_visible (GTK_WIDGET (button), label != NULL);
  if (label == NULL)
    return;
  gtk_button_set_label (button, label);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
}

static void
set_status (AlidadeReviewView *self, const char *icon, const char *title, const char *description, const char *label, const char *action,
            const char *second, const char *second_action)
{
  adw_status_page_set_icon_name (self->status, icon);
  adw_status_page_set_title (self->status, title);
  adw_status_page_set_description (self->status, description);
  set_button (self->status_button, label, action);
  set_button (self->status_second, second, second_action);
  gtk_stack_set_visible_child_name (self->stack, "status");
}

static void
show_no_proposals (AlidadeReviewView *self)
{
  const ProjectCounts *counts = alidade_review_session_get_counts (self->session);
  g_autofree char *text =
    counts->phrases > 0
      ? g_strdup_printf ("%s looks for the %" G_GINT64_FORMAT " phrases and marks where it sees them; you look and decide.",
                         alidade_engine_service_get_model_name (self->engine), counts->phrases)
      : g_strdup_printf ("%s looks for the things that %" G_GINT64_FORMAT " captions name and marks where it sees them; you look and decide.",
                         alidade_engine_service_get_model_name (self->engine), counts->captions);

  if (alidade_review_propose_get_running (self->propose))
    set_status (self, "document-edit-symbolic", "Proposing Regions",
                "You can begin with what is there; the queue is sorted by everything once it is made anew.", "Start Reviewing", "review.refresh",
                NULL, NULL);
  else
    set_status (self, "document-edit-symbolic", "No Regions Yet", text, "Propose Regions", "review.propose", NULL, NULL);
}

static void
show_finished (AlidadeReviewView *self)
{
  guint n = g_list_model_get_n_items (alidade_review_session_get_rows (self->session));
  g_autofree char *text = g_strdup_printf ("%u phrase%s reviewed. Label sets and exports hold them from now on.", n, n == 1 ? "" : "s");

  set_status (self, "emblem-default-symbolic", "All Reviewed", text, "Make the Queue Anew", "review.refresh", "Look Again", "review.look-again");
}

void
_alidade_review_view_show_state (AlidadeReviewView *self)
{
  ReviewState state = alidade_review_session_get_state (self->session);
  const char *problem = alidade_review_session_get_problem (self->session);
  g_autofree char *escaped = problem != NULL ? g_markup_escape_text (problem, -1) : NULL;

  self->looking = FALSE;
  switch (state)
    {
    case REVIEW_NO_PROJECT:
      set_status (self, "folder-symbolic", "No Project", "Verdicts and regions are kept in a project: a folder of its own beside the pictures.",
                  "Sample Project", "win.sample-project", "Open…", "win.open-project");
      break;
    case REVIEW_LOADING:
      gtk_stack_set_visible_child_name (self->stack, "loading");
      break;
    case REVIEW_NO_PHRASES:
      set_status (self, "format-justify-left-symbolic", "No Phrases", "Labels and captions that are imported bring phrases, or write captions for pictures.",
                  "Import…", "win.import", NULL, NULL);
      break;
    case REVIEW_NO_PROPOSALS:
      show_no_proposals (self);
      break;
    case REVIEW_EMPTY:
      set_status (self, "emblem-default-symbolic", "Nothing Waits Here",
                  alidade_review_session_get_pass (self->session) > 1 ? "Nobody else has reviewed phrases in an earlier pass yet."
                                                                      : "Every phrase has its verdict.",
                  "Make the Queue Anew", "review.refresh", NULL, NULL);
      break;
    case REVIEW_FAILED:
      set_status (self, "dialog-error-symbolic", "The Queue Cannot Be Shown", escaped, "Try Again", "review.reopen", NULL, NULL);
      break;
    case REVIEW_FINISHED:
      show_finished (self);
      break;
    case REVIEW_AT_WORK:
    default:
      gtk_stack_set_visible_child_name (self->stack, "work");
      break;
    }
  gtk_widget_set_sensitive (GTK_WIDGET (self->regions_side), state == REVIEW_AT_WORK || state == REVIEW_FINISHED);
}

static void
current_cb (AlidadeReviewView *self)
{
  /* Somebody looks at what is done. */
  if (alidade_review_session_get_state (self->session) == REVIEW_FINISHED && self->shown_phrase != 0 &&
      alidade_review_session_get_phrase (self->session) != 0)
    gtk_stack_set_visible_child_name (self->stack, "work");
  _alidade_review_view_show_current (self);
}

static void
progress_cb (AlidadeReviewView *self)
{
  ReviewState state = alidade_review_session_get_state (self->session);
  int left = state == REVIEW_AT_WORK ? alidade_review_session_get_n_left (self->session) : 0;

  if (left == self->n_left)
    return;
  self->n_left = left;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_N_LEFT]);
}

/* The middle --------------------------------------------------------------------------------------------------------------------- */

static GtkLabel *
keycap_new (const char *class)
{
  GtkWidget *label = gtk_label_new ("");

  gtk_widget_add_css_class (label, class);
  gtk_widget_set_valign (label, GTK_ALIGN_CENTER);
  return GTK_LABEL (label);
}

/* Goes where there is no room for it. */
static GtkWidget *
squeezer_new (GtkWidget *child)
{
  GtkWidget *squeezer = adw_squeezer_new ();

  adw_squeezer_set_allow_none (ADW_SQUEEZER (squeezer), TRUE);
  adw_squeezer_set_homogeneous (ADW_SQUEEZER (squeezer), FALSE);
  adw_squeezer_add (ADW_SQUEEZER (squeezer), child);
  return squeezer;
}

static GtkWidget *
verdict_button (AlidadeReviewView *self, guint i)
{
  GtkWidget *button = gtk_button_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 7), *name = gtk_label_new (buttons[i].title);

  self->verdict_keys[i] = keycap_new ("keycap");
  self->verdict_names[i] = GTK_LABEL (name);
  gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name (buttons[i].icon));
  gtk_box_append (GTK_BOX (box), squeezer_new (name));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->verdict_keys[i]));
  gtk_widget_set_halign (box, GTK_ALIGN_CENTER);
  gtk_button_set_child (GTK_BUTTON (button), box);
  gtk_widget_set_focusable (button, FALSE);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), buttons[i].action);
  gtk_widget_set_tooltip_text (button, buttons[i].title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, buttons[i].title, -1);
  self->verdicts[i] = button;
  return button;
}

static GtkWidget *
undo_button (const char *icon, const char *name, const char *action, GtkLabel **key)
{
  GtkWidget *button = gtk_button_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);

  *key = keycap_new ("keycap");
  gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name (icon));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (*key));
  gtk_button_set_child (GTK_BUTTON (button), box);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_focusable (button, FALSE);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
  gtk_widget_set_tooltip_text (button, name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  return button;
}

static GtkWidget *
verdict_bar_new (AlidadeReviewView *self)
{
  GtkWidget *bar = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6), *gap = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  GtkWidget *back = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  gtk_widget_add_css_class (bar, "verdict-bar");
  for (guint i = 0; i < REVIEW_BUTTONS; i++)
    gtk_box_append (GTK_BOX (bar), verdict_button (self, i));
  gtk_widget_set_hexpand (gap, TRUE);
  gtk_box_append (GTK_BOX (bar), gap);
  gtk_box_append (GTK_BOX (back), undo_button ("edit-undo-symbolic", "Undo", "review.undo", &self->undo_key));
  gtk_box_append (GTK_BOX (back), undo_button ("edit-redo-symbolic", "Redo", "review.redo", &self->redo_key));
  gtk_box_append (GTK_BOX (bar), squeezer_new (back));
  return bar;
}

static void
zoom_cb (AlidadeReviewView *self)
{
  g_autofree char *text = g_strdup_printf ("%ld %%", lround (100 * alidade_viewport_get_zoom (alidade_region_canvas_get_viewport (self->canvas))));

  gtk_label_set_text (self->zoom, text);
}

static void
zoom_clicked_cb (GtkWidget *button, AlidadeReviewView *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self->canvas), gtk_widget_get_name (button), NULL);
}

static GtkWidget *
zoom_button (AlidadeReviewView *self, const char *icon, const char *name, const char *action)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);

  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_focus_on_click (button, FALSE);
  gtk_widget_set_tooltip_text (button, name);
  gtk_widget_set_name (button, action);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_signal_connect (button, "clicked", G_CALLBACK (zoom_clicked_cb), self);
  return button;
}

static GtkWidget *
zoom_box_new (AlidadeReviewView *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

  gtk_widget_add_css_class (box, "osd");
  gtk_widget_add_css_class (box, "osd-box");
  gtk_widget_add_css_class (box, "zoom-box");
  self->zoom = GTK_LABEL (gtk_label_new ("100 %"));
  gtk_label_set_width_chars (self->zoom, 6);
  gtk_widget_add_css_class (GTK_WIDGET (self->zoom), "numeric");
  gtk_box_append (GTK_BOX (box), zoom_button (self, "zoom-out-symbolic", "Zoom out", "canvas.zoom-out"));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->zoom));
  gtk_box_append (GTK_BOX (box), zoom_button (self, "zoom-in-symbolic", "Zoom in", "canvas.zoom-in"));
  gtk_box_append (GTK_BOX (box), zoom_button (self, "zoom-fit-best-symbolic", "Fit", "canvas.fit"));
  g_signal_connect_swapped (alidade_region_canvas_get_viewport (self->canvas), "changed", G_CALLBACK (zoom_cb), self);
  return box;
}

static void
add_overlay (GtkOverlay *overlay, GtkWidget *widget, GtkAlign across, GtkAlign down)
{
  gtk_widget_set_halign (widget, across);
  gtk_widget_set_valign (widget, down);
  gtk_widget_set_margin_start (widget, 12);
  gtk_widget_set_margin_end (widget, 12);
  gtk_widget_set_margin_top (widget, 12);
  gtk_widget_set_margin_bottom (widget, 12);
  gtk_overlay_add_overlay (overlay, widget);
}

static GtkWidget *
canvas_area_new (AlidadeReviewView *self)
{
  GtkWidget *overlay = gtk_overlay_new ();

  self->canvas = ALIDADE_REGION_CANVAS (alidade_region_canvas_new ());
  g_object_set (self->canvas, "letter-keys", FALSE, NULL);
  alidade_region_canvas_set_look (self->canvas, self->look);
  self->tools = ALIDADE_TOOL_COLUMN (alidade_tool_column_new (self->canvas));
  self->map_box = ALIDADE_REVIEW_MAP_BOX (alidade_review_map_box_new (self->engine, self->look));
  self->hint = ALIDADE_REVIEW_HINT (alidade_review_hint_new ());
  self->spinner = GTK_SPINNER (gtk_spinner_new ());
  gtk_widget_set_size_request (GTK_WIDGET (self->spinner), 32, 32);
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), FALSE);
  gtk_overlay_set_child (GTK_OVERLAY (overlay), GTK_WIDGET (self->canvas));
  add_overlay (GTK_OVERLAY (overlay), GTK_WIDGET (self->tools), GTK_ALIGN_START, GTK_ALIGN_START);
  add_overlay (GTK_OVERLAY (overlay), GTK_WIDGET (self->map_box), GTK_ALIGN_END, GTK_ALIGN_START);
  add_overlay (GTK_OVERLAY (overlay), GTK_WIDGET (self->hint), GTK_ALIGN_START, GTK_ALIGN_END);
  add_overlay (GTK_OVERLAY (overlay), zoom_box_new (self), GTK_ALIGN_END, GTK_ALIGN_END);
  add_overlay (GTK_OVERLAY (overlay), GTK_WIDGET (self->spinner), GTK_ALIGN_CENTER, GTK_ALIGN_CENTER);
  gtk_widget_set_vexpand (overlay, TRUE);
  gtk_widget_add_css_class (overlay, "review-canvas");
  g_signal_connect_swapped (self->map_box, "choice-changed", G_CALLBACK (_alidade_review_view_show_map), self);
  g_signal_connect_swapped (self->map_box, "shown-changed", G_CALLBACK (_alidade_review_view_show_map), self);
  return overlay;
}

static GtkWidget *
more_new (void)
{
  GtkWidget *button = gtk_menu_button_new ();
  g_autoptr (GMenu) menu = g_menu_new (), model = g_menu_new (), own = g_menu_new ();

  g_menu_append (model, "_Propose Regions", "review.propose");
  g_menu_append (model, "_Learn from Verdicts", "review.learn");
  g_menu_append (own, "_Statistics…", "review.statistics");
  g_menu_append (own, "_Keys and Reviewer…", "review.keys");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (model));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (own));
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (button), G_MENU_MODEL (menu));
  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (button), "view-more-symbolic");
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, "More");
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, "More of review", -1);
  return button;
}

static GtkWidget *
work_new (AlidadeReviewView *self)
{
  GtkWidget *work = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  self->caption = ALIDADE_REVIEW_CAPTION (alidade_review_caption_new ());
  alidade_review_caption_append (self->caption, more_new ());
  gtk_box_append (GTK_BOX (work), GTK_WIDGET (self->caption));
  gtk_box_append (GTK_BOX (work), canvas_area_new (self));
  gtk_box_append (GTK_BOX (work), verdict_bar_new (self));
  return work;
}

static GtkWidget *
status_new (AlidadeReviewView *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  self->status = ADW_STATUS_PAGE (adw_status_page_new ());
  self->status_button = GTK_BUTTON (gtk_button_new ());
  self->status_second = GTK_BUTTON (gtk_button_new ());
  gtk_widget_add_css_class (GTK_WIDGET (self->status_button), "suggested-action");
  gtk_widget_add_css_class (GTK_WIDGET (self->status_button), "pill");
  gtk_widget_add_css_class (GTK_WIDGET (self->status_second), "pill");
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->status_button));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->status_second));
  gtk_widget_set_halign (box, GTK_ALIGN_CENTER);
  adw_status_page_set_child (self->status, box);
  gtk_widget_set_vexpand (GTK_WIDGET (self->status), TRUE);
  /* It scrolls inside, and that takes the focus. */
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_first_child (GTK_WIDGET (self->status))), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  "Review", -1);
  return GTK_WIDGET (self->status);
}

static GtkWidget *
middle_new (AlidadeReviewView *self)
{
  GtkWidget *loading = gtk_spinner_new ();

  self->column = GTK_BOX (gtk_box_new (GTK_ORIENTATION_VERTICAL, 0));
  self->stack = GTK_STACK (gtk_stack_new ());
  gtk_spinner_start (GTK_SPINNER (loading));
  gtk_widget_set_size_request (loading, 32, 32);
  gtk_widget_set_halign (loading, GTK_ALIGN_CENTER);
  gtk_widget_set_valign (loading, GTK_ALIGN_CENTER);
  gtk_stack_add_named (self->stack, work_new (self), "work");
  gtk_stack_add_named (self->stack, status_new (self), "status");
  gtk_stack_add_named (self->stack, loading, "loading");
  gtk_widget_set_hexpand (GTK_WIDGET (self->stack), TRUE);
  gtk_box_append (self->column, GTK_WIDGET (self->stack));
  return GTK_WIDGET (self->column);
}

/* Panes ------------------------------------------------------------------------------------------------------------------------- */

static int
setting (AlidadeReviewView *self, const char *key)
{
  return self->settings != NULL ? g_settings_get_int (self->settings, key) : 0;
}

static void
resized_cb (AlidadePaneHandle *handle, int width, AlidadeReviewView *self)
{
  const char *key = gtk_widget_is_ancestor (GTK_WIDGET (handle), self->queue_side) ? "queue-width" : "regions-width";

  *(g_str_equal (key, "queue-width") ? &self->queue_width : &self->regions_width) = width;
  if (self->settings != NULL)
    g_settings_set_int (self->settings, key, width);
}

static void
set_widths (AlidadeReviewView *self)
{
  gtk_widget_set_size_request (self->queue_side, self->queue_width > 0 ? self->queue_width : self->wide ? 300 : 240, -1);
  gtk_widget_set_size_request (self->regions_side, self->regions_width > 0 ? self->regions_width : self->wide ? 300 : 248, -1);
}

static GtkWidget *
pane_new (AlidadeReviewView *self, GtkWidget *content, const char *name, gboolean left)
{
  GtkWidget *overlay = gtk_overlay_new ();
  AlidadePaneHandle *handle = g_object_new (ALIDADE_TYPE_PANE_HANDLE, NULL);

  gtk_overlay_set_child (GTK_OVERLAY (overlay), content);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), GTK_WIDGET (handle));
  gtk_widget_add_css_class (overlay, "side-pane");
  gtk_widget_set_halign (GTK_WIDGET (handle), left ? GTK_ALIGN_END : GTK_ALIGN_START);
  gtk_accessible_update_property (GTK_ACCESSIBLE (handle), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  alidade_pane_handle_set_target (handle, overlay, left, 200, 600);
  g_signal_connect (handle, "resized", G_CALLBACK (resized_cb), self);
  return overlay;
}

static AdwFlap *
flap_new (GtkWidget *pane, GtkWidget *content, gboolean left)
{
  AdwFlap *flap = ADW_FLAP (adw_flap_new ());

  adw_flap_set_flap_position (flap, left ? GTK_PACK_START : GTK_PACK_END);
  adw_flap_set_locked (flap, TRUE);
  adw_flap_set_flap (flap, pane);
  adw_flap_set_separator (flap, gtk_separator_new (GTK_ORIENTATION_VERTICAL));
  adw_flap_set_content (flap, content);
  return flap;
}

static AdwFlap *
get_pane (AlidadeView *view, AlidadeViewSide side, const char **name)
{
  AlidadeReviewView *self = ALIDADE_REVIEW_VIEW (view);

  *name = side == ALIDADE_VIEW_START ? "Queue" : "Regions";
  return side == ALIDADE_VIEW_START ? self->queue_flap : self->regions_flap;
}

static void
update_names (AlidadeReviewView *self)
{
  for (guint i = 0; i < REVIEW_BUTTONS; i++)
    gtk_widget_set_visible (gtk_widget_get_parent (GTK_WIDGET (self->verdict_names[i])), !self->narrow);
  if (self->narrow)
    gtk_widget_add_css_class (gtk_widget_get_parent (self->verdicts[0]), "narrow");
  else
    gtk_widget_remove_css_class (gtk_widget_get_parent (self->verdicts[0]), "narrow");
}

static void
set_narrow (AlidadeView *view, gboolean narrow)
{
  AlidadeReviewView *self = ALIDADE_REVIEW_VIEW (view);

  self->narrow = narrow;
  update_names (self);
}

static void
view_iface_init (AlidadeViewInterface *iface)
{
  iface->get_pane = get_pane;
  iface->set_narrow = set_narrow;
}

static gboolean
layout_cb (gpointer data)
{
  AlidadeReviewView *self = data;

  self->layout_id = 0;
  set_widths (self);
  return G_SOURCE_REMOVE;
}

static void
size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  AlidadeReviewView *self = ALIDADE_REVIEW_VIEW (widget);
  gboolean wide = width >= WIDE;

  gtk_widget_allocate (GTK_WIDGET (self->queue_flap), width, height, baseline, NULL);
  if (wide == self->wide)
    return;
  self->wide = wide;
  if (self->layout_id == 0)
    self->layout_id = g_idle_add_full (G_PRIORITY_HIGH_IDLE + 15, layout_cb, self, NULL);
}

static void
measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  gtk_widget_measure (GTK_WIDGET (ALIDADE_REVIEW_VIEW (widget)->queue_flap), orientation, for_size, minimum, natural, NULL, NULL);
}

/* GObject ------------------------------------------------------------------------------------------------------------------------ */

static void
map (GtkWidget *widget)
{
  AlidadeReviewView *self = ALIDADE_REVIEW_VIEW (widget);

  GTK_WIDGET_CLASS (alidade_review_view_parent_class)->map (widget);
  /* The first time it is looked at. */
  alidade_review_session_set_reviewer (self->session, _alidade_review_view_reviewer (self), alidade_review_session_get_pass (self->session));
  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "work") == 0)
    gtk_widget_grab_focus (GTK_WIDGET (self->canvas));
}

static void
stack_cb (AlidadeReviewView *self)
{
  if (gtk_widget_get_mapped (GTK_WIDGET (self)) && g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "work") == 0)
    gtk_widget_grab_focus (GTK_WIDGET (self->canvas));
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_N_LEFT)
    g_value_set_int (value, ALIDADE_REVIEW_VIEW (object)->n_left);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
dispose (GObject *object)
{
  AlidadeReviewView *self = ALIDADE_REVIEW_VIEW (object);

  g_clear_handle_id (&self->late_id, g_source_remove);
  g_clear_handle_id (&self->layout_id, g_source_remove);
  /* The clock of a window that is closed has let its handlers go. */
  if (self->after_paint != 0 && g_signal_handler_is_connected (self->clock, self->after_paint))
    g_signal_handler_disconnect (self->clock, self->after_paint);
  self->after_paint = 0;
  g_clear_object (&self->clock);
  if (self->session != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->session, self);
      g_signal_handlers_disconnect_by_data (self->propose, self);
      g_signal_handlers_disconnect_by_data (self->keys, self);
      g_signal_handlers_disconnect_by_data (self->canvas, self);
      g_signal_handlers_disconnect_by_data (alidade_region_canvas_get_viewport (self->canvas), self);
      g_signal_handlers_disconnect_by_data (self->map_box, self);
      g_signal_handlers_disconnect_by_data (self->stack, self);
      alidade_review_propose_cancel (self->propose);
      _alidade_review_view_clear_scene (self);
    }
  if (self->settings != NULL)
    g_signal_handlers_disconnect_by_data (self->settings, self);
  if (self->queue_flap != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->queue_flap));
  self->queue_flap = NULL;
  g_clear_object (&self->session);
  g_clear_object (&self->propose);
  g_clear_object (&self->keys);
  g_clear_object (&self->look);
  g_clear_object (&self->settings);
  g_clear_object (&self->projects);
  g_clear_object (&self->engine);
  g_clear_pointer (&self->said, g_free);
  g_clear_pointer (&self->doing, g_free);
  G_OBJECT_CLASS (alidade_review_view_parent_class)->dispose (object);
}

static void
alidade_review_view_class_init (AlidadeReviewViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  G_OBJECT_CLASS (klass)->get_property = get_property;
  widget_class->size_allocate = size_allocate;
  widget_class->measure = measure;
  widget_class->map = map;
  props[PROP_N_LEFT] = g_param_spec_int ("n-left", NULL, NULL, 0, G_MAXINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (G_OBJECT_CLASS (klass), N_PROPS, props);
  gtk_widget_class_set_css_name (widget_class, "reviewview");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  _alidade_review_view_class_init_actions (widget_class);
  _alidade_review_view_class_init_windows (widget_class);
}

static void
alidade_review_view_init (AlidadeReviewView *self)
{
}

static void
bind_look (AlidadeReviewView *self, AlidadeLook *look)
{
  self->look = alidade_look_new ();
  g_object_set (self->look, "opacity", REVIEW_OPACITY, NULL);
  g_object_bind_property (look, "colours", self->look, "colours", G_BINDING_SYNC_CREATE);
  g_object_bind_property (look, "threshold", self->look, "threshold", G_BINDING_SYNC_CREATE);
  if (self->settings != NULL)
    g_settings_bind (self->settings, "review-opacity", self->look, "opacity", G_SETTINGS_BIND_DEFAULT);
}

GtkWidget *
alidade_review_view_new (AlidadeProjectService *projects, AlidadeEngineService *engine, AlidadeLook *look, GSettings *settings)
{
  AlidadeReviewView *self = g_object_new (ALIDADE_TYPE_REVIEW_VIEW, NULL);
  GtkWidget *middle;

  self->projects = g_object_ref (projects);
  self->engine = g_object_ref (engine);
  self->settings = settings != NULL ? g_object_ref (settings) : NULL;
  bind_look (self, look);
  self->session = alidade_review_session_new (projects, engine);
  self->keys = alidade_review_keys_new ();
  self->propose = alidade_review_propose_new (projects, engine);
  middle = middle_new (self);
  self->side = ALIDADE_REVIEW_SIDE_PANE (alidade_review_side_pane_new (self->session, self->canvas));
  self->queue_side = pane_new (self, alidade_review_queue_pane_new (self->session, projects), "Width of the queue", TRUE);
  self->regions_side = pane_new (self, GTK_WIDGET (self->side), "Width of the regions' pane", FALSE);
  self->queue_width = setting (self, "queue-width");
  self->regions_width = setting (self, "regions-width");
  set_widths (self);
  self->regions_flap = flap_new (self->regions_side, middle, FALSE);
  self->queue_flap = flap_new (self->queue_side, GTK_WIDGET (self->regions_flap), TRUE);
  gtk_widget_set_parent (GTK_WIDGET (self->queue_flap), GTK_WIDGET (self));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, "Review of phrases", -1);
  alidade_review_keys_attach (self->keys, GTK_WIDGET (self));
  _alidade_review_view_init_actions (self);
  _alidade_review_view_load_keymap (self);
  g_signal_connect_swapped (self->session, "state-changed", G_CALLBACK (_alidade_review_view_show_state), self);
  g_signal_connect_swapped (self->session, "current-changed", G_CALLBACK (current_cb), self);
  g_signal_connect_swapped (self->session, "current-loaded", G_CALLBACK (_alidade_review_view_show_loaded), self);
  g_signal_connect_swapped (self->session, "progress-changed", G_CALLBACK (progress_cb), self);
  g_signal_connect_swapped (self->stack, "notify::visible-child", G_CALLBACK (stack_cb), self);
  _alidade_review_view_show_state (self);
  return GTK_WIDGET (self);
}

int
alidade_review_view_get_n_left (AlidadeReviewView *self)
{
  return self->n_left;
}
