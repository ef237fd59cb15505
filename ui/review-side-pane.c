/* SPDX-License-Identifier: MIT */
#include "review-side-pane.h"

#include "meter.h"

#include <math.h>

#define ROWS_LIMIT 100 /* of regions and of history */

struct _AlidadeReviewSidePane
{
  GtkWidget parent_instance;

  AlidadeReviewSession *session;
  AlidadeRegionCanvas *canvas;
  GtkListBox *list;
  GtkLabel *more, *key;
  GtkWidget *figures;
  GtkLabel *peak, *energy, *iou, *fills;
  AlidadeMeter *energy_meter, *iou_meter, *fills_meter;
  GtkBox *history;
  char *doing;
  gboolean following;
};

G_DEFINE_FINAL_TYPE (AlidadeReviewSidePane, alidade_review_side_pane, GTK_TYPE_WIDGET)

enum
{
  ADD_REGION,
  REVERT,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static GtkLabel *
label_new (const char *text, const char *class, gboolean dim)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  if (class != NULL)
    gtk_widget_add_css_class (label, class);
  if (dim)
    gtk_widget_add_css_class (label, "secondary");
  return GTK_LABEL (label);
}

/* Regions ------------------------------------------------------------------------------------------------------------- */

static const char *
region_icon (const AlidadeEditRegion *region)
{
  if (region->origin == ORIGIN_MAP || region->origin == ORIGIN_DETECTOR)
    return "image-x-generic-symbolic";
  return region->shape->kind == SHAPE_BOX ? "alidade-box-symbolic"
         : region->shape->kind == SHAPE_POLYGON ? "alidade-polygon-symbolic" : "alidade-brush-symbolic";
}

static const ReviewRegion *
find_region (AlidadeReviewSidePane *self, gint64 id, guint *index)
{
  ReviewItem *item = alidade_review_session_get_item (self->session);

  for (guint i = 0; item != NULL && id != 0 && i < item->regions->len; i++)
    if (((ReviewRegion *) item->regions->pdata[i])->region == id)
      {
        *index = i;
        return item->regions->pdata[i];
      }
  return NULL;
}

static char *
region_title (const AlidadeEditRegion *region, guint nth)
{
  const char *kind = region->origin == ORIGIN_MAP        ? "Proposal"
                     : region->origin == ORIGIN_DETECTOR ? "Detected"
                     : region->shape->kind == SHAPE_BOX  ? "Box"
                     : region->shape->kind == SHAPE_POLYGON ? "Polygon" : "Mask";

  return g_strdup_printf ("%u %s", nth + 1, kind);
}

/* "alidade-mini 3f2a..." is for machines. */
static char *
model_name (const char *key)
{
  const char *space = strrchr (key, ' ');

  return space != NULL ? g_strndup (key, space - key) : g_strdup (key);
}

static char *
region_subtitle (const AlidadeEditRegion *region, const ReviewRegion *known)
{
  g_autofree char *model = known != NULL && known->model != NULL ? model_name (known->model) : NULL;
  GString *text = g_string_new (NULL);

  if (region->id == 0)
    g_string_append (text, "you · being drawn");
  else if (region->changed)
    g_string_append (text, "you · being changed");
  else if (region->origin == ORIGIN_PERSON)
    g_string_append (text, "made by a person");
  else if (region->origin == ORIGIN_IMPORT)
    g_string_append (text, "imported");
  else
    g_string_append (text, model != NULL ? model : region->origin == ORIGIN_MAP ? "a map" : "a detector");
  if (known != NULL && !isnan (known->score) && !region->changed)
    g_string_append_printf (text, " · %.2f", known->score);
  if (known != NULL && !isnan (known->trust))
    g_string_append_printf (text, " · %.0f %% right", 100 * known->trust);
  return g_string_free (text, FALSE);
}

static void
tick_cb (GtkCheckButton *check, AlidadeReviewSidePane *self)
{
  guint index = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (check), "index"));

  if (!self->following)
    alidade_review_session_set_ticked (self->session, index, gtk_check_button_get_active (check));
}

static void
eye_cb (GtkToggleButton *eye, AlidadeReviewSidePane *self)
{
  gint64 *id = g_object_get_data (G_OBJECT (eye), "region");
  gboolean visible = gtk_toggle_button_get_active (eye);

  gtk_button_set_icon_name (GTK_BUTTON (eye), visible ? "view-reveal-symbolic" : "view-conceal-symbolic");
  alidade_region_canvas_set_visible_region (self->canvas, *id, visible);
}

static GtkWidget *
region_row (AlidadeReviewSidePane *self, const AlidadeEditRegion *region, guint nth)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6), *row = gtk_list_box_row_new ();
  GtkWidget *check = gtk_check_button_new (), *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 1), *eye = gtk_toggle_button_new ();
  guint index = 0;
  const ReviewRegion *known = find_region (self, region->id, &index);
  g_autofree char *title = region_title (region, nth), *subtitle = region_subtitle (region, known);
  g_autofree char *spoken = g_strdup_printf ("%s, %s", title, subtitle);
  g_autofree char *accept = g_strdup_printf ("Accept %s", title), *show = g_strdup_printf ("Show %s", title);
  gboolean ticked = known == NULL || region->changed || alidade_review_session_get_ticked (self->session, index);

  gtk_check_button_set_active (GTK_CHECK_BUTTON (check), ticked);
  gtk_widget_set_sensitive (check, known != NULL && !region->changed);
  gtk_widget_set_tooltip_text (check, "Accept takes the ticked regions");
  g_object_set_data (G_OBJECT (check), "index", GUINT_TO_POINTER (index));
  gtk_accessible_update_property (GTK_ACCESSIBLE (check), GTK_ACCESSIBLE_PROPERTY_LABEL, accept, -1);
  g_signal_connect (check, "toggled", G_CALLBACK (tick_cb), self);
  gtk_box_append (GTK_BOX (box), check);
  gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name (region_icon (region)));
  gtk_box_append (GTK_BOX (texts), GTK_WIDGET (label_new (title, NULL, FALSE)));
  gtk_box_append (GTK_BOX (texts), GTK_WIDGET (label_new (subtitle, "caption", TRUE)));
  gtk_widget_set_hexpand (texts, TRUE);
  gtk_widget_set_valign (texts, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (box), texts);
  if (region->id != 0)
    {
      gtk_button_set_icon_name (GTK_BUTTON (eye), "view-reveal-symbolic");
      gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (eye), TRUE);
      gtk_widget_add_css_class (eye, "flat");
      gtk_widget_add_css_class (eye, "eye");
      gtk_widget_set_focus_on_click (eye, FALSE);
      gtk_widget_set_valign (eye, GTK_ALIGN_CENTER);
      gtk_widget_set_tooltip_text (eye, "Show or hide");
      gtk_accessible_update_property (GTK_ACCESSIBLE (eye), GTK_ACCESSIBLE_PROPERTY_LABEL, show, -1);
      g_object_set_data_full (G_OBJECT (eye), "region", g_memdup2 (&region->id, sizeof region->id), g_free);
      g_signal_connect (eye, "toggled", G_CALLBACK (eye_cb), self);
      gtk_box_append (GTK_BOX (box), eye);
    }
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  return row;
}

static void
select_row (AlidadeReviewSidePane *self)
{
  int at = alidade_region_edit_get_selected (alidade_region_canvas_get_edit (self->canvas));

  self->following = TRUE;
  gtk_list_box_select_row (self->list, at >= 0 ? gtk_list_box_get_row_at_index (self->list, at) : NULL);
  self->following = FALSE;
}

static void
update_regions (AlidadeReviewSidePane *self)
{
  AlidadeRegionEdit *edit = alidade_region_canvas_get_edit (self->canvas);
  guint n = alidade_region_edit_get_n (edit);
  g_autofree char *more = n > ROWS_LIMIT ? g_strdup_printf ("%u more", n - ROWS_LIMIT) : NULL;
  AlidadeEditRegion region;
  GtkWidget *child;

  self->following = TRUE;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->list))) != NULL)
    gtk_list_box_remove (self->list, child);
  for (guint i = 0; i < MIN (n, ROWS_LIMIT) && alidade_region_edit_get (edit, i, &region); i++)
    gtk_list_box_append (self->list, region_row (self, &region, i));
  gtk_widget_set_visible (GTK_WIDGET (self->list), n > 0);
  gtk_label_set_text (self->more, more != NULL ? more : n == 0 ? "none yet" : "");
  gtk_widget_set_visible (GTK_WIDGET (self->more), more != NULL || n == 0);
  self->following = FALSE;
  select_row (self);
}

/* In place, so that a check button that was used keeps the focus. */
static void
update_ticks (AlidadeReviewSidePane *self)
{
  self->following = TRUE;
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->list)); row != NULL; row = gtk_widget_get_next_sibling (row))
    {
      GtkWidget *box = gtk_list_box_row_get_child (GTK_LIST_BOX_ROW (row)), *check = gtk_widget_get_first_child (box);

      if (gtk_widget_get_sensitive (check))
        gtk_check_button_set_active (GTK_CHECK_BUTTON (check),
                                     alidade_review_session_get_ticked (self->session,
                                                                        GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (check), "index"))));
    }
  self->following = FALSE;
}

static void
row_selected_cb (GtkListBox *list, GtkListBoxRow *row, AlidadeReviewSidePane *self)
{
  if (!self->following && row != NULL)
    alidade_region_edit_select (alidade_region_canvas_get_edit (self->canvas), gtk_list_box_row_get_index (row));
}

static void
add_cb (AlidadeReviewSidePane *self)
{
  g_signal_emit (self, signals[ADD_REGION], 0);
}

/* Figures --------------------------------------------------------------------------------------------------------------- */

static void
set_share (GtkLabel *label, AlidadeMeter *meter, const char *format, double value, double shown, gboolean known)
{
  char text[32];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  g_snprintf (text, sizeof text, format, shown);
#pragma GCC diagnostic pop
  gtk_label_set_text (label, known ? text : "–");
  alidade_meter_set_value (meter, known ? CLAMP (value, 0, 1) : 0);
}

static void
figures_cb (AlidadeReviewSidePane *self)
{
  AlidadeRegionFigures f;
  gboolean there = alidade_region_canvas_get_figures (self->canvas, &f);

  gtk_widget_set_visible (self->figures, there);
  if (!there)
    return;
  gtk_label_set_text (self->peak, !f.has_map ? "–" : f.peak_inside ? "inside" : "outside");
  set_share (self->energy, self->energy_meter, "%.0f %%", f.energy, 100 * f.energy, f.has_map);
  set_share (self->iou, self->iou_meter, "%.2f", f.iou, f.iou, f.has_proposal);
  set_share (self->fills, self->fills_meter, "%.0f %%", f.fills, 100 * f.fills, TRUE);
}

static GtkWidget *
figure_row (const char *title, AlidadeMeter **meter, GtkLabel **value)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GtkLabel *label = label_new (title, "dense", TRUE);

  gtk_widget_set_hexpand (GTK_WIDGET (label), TRUE);
  gtk_box_append (GTK_BOX (row), GTK_WIDGET (label));
  if (meter != NULL)
    {
      *meter = ALIDADE_METER (alidade_meter_new ());
      gtk_widget_set_size_request (GTK_WIDGET (*meter), 48, 5);
      gtk_widget_set_valign (GTK_WIDGET (*meter), GTK_ALIGN_CENTER);
      gtk_widget_add_css_class (GTK_WIDGET (*meter), "accent-meter");
      gtk_box_append (GTK_BOX (row), GTK_WIDGET (*meter));
    }
  *value = label_new ("", "figure", FALSE);
  gtk_label_set_xalign (*value, 1);
  gtk_label_set_width_chars (*value, 6);
  gtk_box_append (GTK_BOX (row), GTK_WIDGET (*value));
  return row;
}

/* History ----------------------------------------------------------------------------------------------------------------- */

/* "14:02" today, else the date. */
static char *
time_text (gint64 at)
{
  g_autoptr (GDateTime) then = g_date_time_new_from_unix_local (at / G_USEC_PER_SEC);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();

  if (then == NULL)
    return g_strdup ("");
  if (g_date_time_get_year (then) == g_date_time_get_year (now) &&
      g_date_time_get_day_of_year (then) == g_date_time_get_day_of_year (now))
    return g_date_time_format (then, "%H:%M");
  return g_date_time_format (then, g_date_time_get_year (then) == g_date_time_get_year (now) ? "%-d %B" : "%-d %B %Y");
}

static char *
capital (const char *text)
{
  gunichar first = g_utf8_get_char_validated (text, -1);
  GString *out = g_string_new (NULL);

  if (first == 0 || (gint) first < 0)
    return g_string_free (out, FALSE);
  g_string_append_unichar (out, g_unichar_toupper (first));
  g_string_append (out, g_utf8_next_char (text));
  return g_string_free (out, FALSE);
}

static void
revert_cb (GtkButton *button, AlidadeReviewSidePane *self)
{
  gint64 *seq = g_object_get_data (G_OBJECT (button), "seq");

  g_signal_emit (self, signals[REVERT], 0, *seq);
}

static GtkWidget *
history_row (AlidadeReviewSidePane *self, const char *title, const char *subtitle, gboolean newest, gboolean undone, gint64 seq)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 10), *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 1);
  GtkWidget *dot = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  GtkLabel *name = label_new (title, newest ? "dense-heading" : "dense", undone);

  gtk_widget_add_css_class (dot, "history-dot");
  if (newest)
    gtk_widget_add_css_class (dot, "newest");
  gtk_widget_set_valign (dot, GTK_ALIGN_START);
  gtk_box_append (GTK_BOX (row), dot);
  gtk_label_set_wrap (name, TRUE);
  gtk_label_set_ellipsize (name, PANGO_ELLIPSIZE_NONE);
  gtk_box_append (GTK_BOX (texts), GTK_WIDGET (name));
  gtk_box_append (GTK_BOX (texts), GTK_WIDGET (label_new (subtitle, "caption", TRUE)));
  gtk_widget_set_hexpand (texts, TRUE);
  gtk_box_append (GTK_BOX (row), texts);
  if (seq > 0)
    {
      GtkWidget *button = gtk_button_new_from_icon_name ("edit-undo-symbolic");
      g_autofree char *spoken = g_strdup_printf ("Back to: %s", title);

      gtk_widget_add_css_class (button, "flat");
      gtk_widget_add_css_class (button, "small");
      gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
      gtk_widget_set_focus_on_click (button, FALSE);
      gtk_widget_set_tooltip_text (button, "Regions and your verdict as they were after this");
      gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
      g_object_set_data_full (G_OBJECT (button), "seq", g_memdup2 (&seq, sizeof seq), g_free);
      g_signal_connect (button, "clicked", G_CALLBACK (revert_cb), self);
      gtk_box_append (GTK_BOX (row), button);
    }
  return row;
}

static void
update_history (AlidadeReviewSidePane *self)
{
  ReviewItem *item = alidade_review_session_get_item (self->session);
  const char *me = alidade_review_session_get_reviewer (self->session);
  gboolean newest = TRUE;
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->history))) != NULL)
    gtk_box_remove (self->history, child);
  if (self->doing != NULL)
    {
      gtk_box_append (self->history, history_row (self, self->doing, "you · now", TRUE, FALSE, 0));
      newest = FALSE;
    }
  for (guint i = item != NULL ? item->history->len : 0, shown = 0; i-- > 0 && shown < ROWS_LIMIT; shown++)
    {
      const HistoryItem *past = item->history->pdata[i];
      g_autofree char *when = time_text (past->at), *what = capital (past->text), *model = past->model != NULL ? model_name (past->model) : NULL;
      g_autofree char *title = g_strdup_printf ("%s%s", what, past->undone ? " (taken back)" : "");
      const char *who = model != NULL ? model : g_strcmp0 (past->by, me) == 0 ? "you" : past->by;
      g_autofree char *subtitle = g_strdup_printf ("%s · %s", who, when);

      gtk_box_append (self->history, history_row (self, title, subtitle, newest, past->undone, i + 1 < item->history->len ? past->seq : 0));
      newest = FALSE;
    }
}

void
alidade_review_side_pane_set_doing (AlidadeReviewSidePane *self, const char *text)
{
  if (g_strcmp0 (self->doing, text) == 0)
    return;
  g_free (self->doing);
  self->doing = g_strdup (text);
  update_history (self);
}

void
alidade_review_side_pane_update (AlidadeReviewSidePane *self)
{
  update_regions (self);
  update_history (self);
  figures_cb (self);
}

void
alidade_review_side_pane_set_key (AlidadeReviewSidePane *self, const char *label)
{
  gtk_label_set_text (self->key, label);
  gtk_widget_set_visible (GTK_WIDGET (self->key), *label != '\0');
}

/* The widget ------------------------------------------------------------------------------------------------------------- */

static GtkWidget *
section_new (const char *title, GtkWidget **body)
{
  GtkWidget *section = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  gtk_widget_add_css_class (section, "side-section");
  gtk_box_append (GTK_BOX (section), GTK_WIDGET (label_new (title, "heading", FALSE)));
  *body = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);
  gtk_box_append (GTK_BOX (section), *body);
  return section;
}

static GtkWidget *
regions_new (AlidadeReviewSidePane *self)
{
  GtkWidget *body, *section = section_new ("Regions", &body), *add = gtk_button_new (), *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 10);
  GtkLabel *label = label_new ("Add Region", NULL, FALSE);

  self->list = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_widget_add_css_class (GTK_WIDGET (self->list), "region-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL, "Regions", -1);
  g_signal_connect (self->list, "row-selected", G_CALLBACK (row_selected_cb), self);
  self->more = label_new ("", "caption", TRUE);
  gtk_box_append (GTK_BOX (body), GTK_WIDGET (self->list));
  gtk_box_append (GTK_BOX (body), GTK_WIDGET (self->more));
  gtk_box_append (GTK_BOX (row), gtk_image_new_from_icon_name ("list-add-symbolic"));
  gtk_widget_set_hexpand (GTK_WIDGET (label), TRUE);
  gtk_box_append (GTK_BOX (row), GTK_WIDGET (label));
  self->key = label_new ("B", "keycap", FALSE);
  gtk_label_set_ellipsize (self->key, PANGO_ELLIPSIZE_NONE);
  gtk_label_set_xalign (self->key, 0.5);
  gtk_box_append (GTK_BOX (row), GTK_WIDGET (self->key));
  gtk_button_set_child (GTK_BUTTON (add), row);
  gtk_widget_set_focus_on_click (add, FALSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (add), GTK_ACCESSIBLE_PROPERTY_LABEL, "Add region", -1);
  g_signal_connect_swapped (add, "clicked", G_CALLBACK (add_cb), self);
  gtk_box_append (GTK_BOX (body), add);
  return section;
}

static GtkWidget *
figures_new (AlidadeReviewSidePane *self)
{
  GtkWidget *body;

  self->figures = section_new ("Map in this region", &body);
  gtk_box_append (GTK_BOX (body), figure_row ("Peak", NULL, &self->peak));
  gtk_box_append (GTK_BOX (body), figure_row ("Energy inside", &self->energy_meter, &self->energy));
  gtk_box_append (GTK_BOX (body), figure_row ("IoU with proposal", &self->iou_meter, &self->iou));
  gtk_box_append (GTK_BOX (body), figure_row ("Fills", &self->fills_meter, &self->fills));
  return self->figures;
}

static void
alidade_review_side_pane_dispose (GObject *object)
{
  AlidadeReviewSidePane *self = ALIDADE_REVIEW_SIDE_PANE (object);
  GtkWidget *child;

  if (self->canvas != NULL)
    g_signal_handlers_disconnect_by_data (self->canvas, self);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->canvas);
  g_clear_object (&self->session);
  g_clear_pointer (&self->doing, g_free);
  G_OBJECT_CLASS (alidade_review_side_pane_parent_class)->dispose (object);
}

static void
alidade_review_side_pane_class_init (AlidadeReviewSidePaneClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_review_side_pane_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "reviewside");
  signals[ADD_REGION] = g_signal_new ("add-region", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[REVERT] = g_signal_new ("revert", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT64);
}

static void
alidade_review_side_pane_init (AlidadeReviewSidePane *self)
{
  gtk_widget_add_css_class (GTK_WIDGET (self), "side-pane");
}

static void
edited_cb (AlidadeReviewSidePane *self)
{
  update_regions (self);
}

GtkWidget *
alidade_review_side_pane_new (AlidadeReviewSession *session, AlidadeRegionCanvas *canvas)
{
  AlidadeReviewSidePane *self = g_object_new (ALIDADE_TYPE_REVIEW_SIDE_PANE, NULL);
  GtkWidget *scrolled = gtk_scrolled_window_new (), *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *body, *history;

  self->session = g_object_ref (session);
  self->canvas = g_object_ref (canvas);
  gtk_box_append (GTK_BOX (column), regions_new (self));
  gtk_box_append (GTK_BOX (column), figures_new (self));
  history = section_new ("History", &body);
  self->history = GTK_BOX (body);
  gtk_box_set_spacing (self->history, 8);
  gtk_box_append (GTK_BOX (column), history);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), column);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_accessible_update_property (GTK_ACCESSIBLE (scrolled), GTK_ACCESSIBLE_PROPERTY_LABEL, "Regions and history", -1);
  gtk_widget_set_parent (scrolled, GTK_WIDGET (self));
  g_signal_connect_swapped (canvas, "region-edited", G_CALLBACK (edited_cb), self);
  g_signal_connect_swapped (canvas, "editing-changed", G_CALLBACK (edited_cb), self);
  g_signal_connect_swapped (canvas, "selection-changed", G_CALLBACK (select_row), self);
  g_signal_connect_swapped (canvas, "figures-changed", G_CALLBACK (figures_cb), self);
  g_signal_connect_object (session, "current-loaded", G_CALLBACK (update_ticks), self, G_CONNECT_SWAPPED);
  alidade_review_side_pane_update (self);
  return GTK_WIDGET (self);
}
