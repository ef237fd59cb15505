/* SPDX-License-Identifier: MIT */
#include "review-queue-pane.h"

#include "review-crops.h"

#include <math.h>

struct _AlidadeReviewQueuePane
{
  GtkWidget parent_instance;

  AlidadeReviewSession *session;
  AlidadeReviewCrops *crops;
  GtkLabel *left, *pace, *rest;
  GtkDropDown *order;
  GtkListView *list;
  GtkSingleSelection *selection;
  GtkProgressBar *bar;
  GtkCheckButton *together, *reviewed;
  GtkSpinButton *pass, *share, *known, *repeat;
  gboolean following; /* the session, not the hand, changes what is chosen */
};

G_DEFINE_FINAL_TYPE (AlidadeReviewQueuePane, alidade_review_queue_pane, GTK_TYPE_WIDGET)

/* In the order of the list; the first is what a new queue has. */
static const struct
{
  QueueOrder order;
  const char *title;
} orders[] = {
  { QUEUE_OUTSIDE, "Doubtful first" },      { QUEUE_MATCH, "Poor match first" },       { QUEUE_SPREAD, "Diffuse maps first" },
  { QUEUE_PEAKS, "Several peaks first" },   { QUEUE_METHODS, "Methods disagree" },     { QUEUE_TWIN, "Twin disagrees" },
  { QUEUE_OTHER, "Checkpoints disagree" },  { QUEUE_LABELS, "Label errors first" },    { QUEUE_SEQUENTIAL, "By picture" },
  { QUEUE_RANDOM, "By chance" },
};

/* Rows ---------------------------------------------------------------------------------------------------------------- */

static void
row_describe (GtkWidget *box, AlidadeReviewRow *row)
{
  const QueueItem *item = alidade_review_row_get_item (row);
  const char *title = review_verdict_title (item->verdict);
  g_autofree char *label = g_strdup_printf ("%s, %s%s%s", item->text, item->reason, title != NULL ? ", " : "", title != NULL ? title : "");

  gtk_accessible_update_property (GTK_ACCESSIBLE (box), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  /* The row around it is what takes the focus. */
  if (gtk_widget_get_parent (box) != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_parent (box)), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void
row_verdict_cb (AlidadeReviewRow *row, GParamSpec *pspec, GtkWidget *box)
{
  const char *verdict = alidade_review_row_get_item (row)->verdict;
  GtkWidget *badge = gtk_widget_get_last_child (box);

  gtk_widget_set_visible (badge, review_verdict_letter (verdict) != NULL);
  if (review_verdict_letter (verdict) != NULL)
    {
      gtk_image_set_from_icon_name (GTK_IMAGE (gtk_widget_get_first_child (badge)), review_verdict_icon (verdict));
      gtk_label_set_text (GTK_LABEL (gtk_widget_get_last_child (badge)), review_verdict_letter (verdict));
    }
  row_describe (box, row);
}

static void
setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item, AlidadeReviewQueuePane *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 10), *image = gtk_image_new ();
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2), *badge = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 3);
  GtkWidget *text = gtk_label_new (NULL), *reason = gtk_label_new (NULL);

  gtk_image_set_pixel_size (GTK_IMAGE (image), 40);
  gtk_widget_add_css_class (image, "crop");
  gtk_widget_set_overflow (image, GTK_OVERFLOW_HIDDEN);
  gtk_label_set_ellipsize (GTK_LABEL (text), PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (GTK_LABEL (text), 0);
  gtk_label_set_ellipsize (GTK_LABEL (reason), PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (GTK_LABEL (reason), 0);
  gtk_widget_add_css_class (text, "queue-text");
  gtk_widget_add_css_class (reason, "caption");
  gtk_widget_add_css_class (reason, "secondary");
  gtk_box_append (GTK_BOX (texts), text);
  gtk_box_append (GTK_BOX (texts), reason);
  gtk_widget_set_valign (texts, GTK_ALIGN_CENTER);
  gtk_widget_set_hexpand (texts, TRUE);
  gtk_widget_set_valign (badge, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (badge, "verdict-badge");
  gtk_box_append (GTK_BOX (badge), gtk_image_new ());
  gtk_box_append (GTK_BOX (badge), gtk_label_new (NULL));
  gtk_box_append (GTK_BOX (box), image);
  gtk_box_append (GTK_BOX (box), texts);
  gtk_box_append (GTK_BOX (box), badge);
  gtk_list_item_set_child (item, box);
}

static void
bind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, AlidadeReviewQueuePane *self)
{
  AlidadeReviewRow *row = gtk_list_item_get_item (list_item);
  const QueueItem *item = alidade_review_row_get_item (row);
  GtkWidget *box = gtk_list_item_get_child (list_item), *image = gtk_widget_get_first_child (box);
  GtkWidget *texts = gtk_widget_get_next_sibling (image);

  gtk_label_set_text (GTK_LABEL (gtk_widget_get_first_child (texts)), item->text);
  gtk_label_set_text (GTK_LABEL (gtk_widget_get_last_child (texts)), item->reason);
  gtk_widget_set_tooltip_text (texts, item->image_name);
  g_signal_connect_object (row, "notify::verdict", G_CALLBACK (row_verdict_cb), box, 0);
  row_verdict_cb (row, NULL, box);
  alidade_review_crops_show (self->crops, item, GTK_IMAGE (image));
}

static void
unbind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, AlidadeReviewQueuePane *self)
{
  GtkWidget *box = gtk_list_item_get_child (list_item);

  g_signal_handlers_disconnect_by_data (gtk_list_item_get_item (list_item), box);
  alidade_review_crops_show (self->crops, NULL, GTK_IMAGE (gtk_widget_get_first_child (box)));
}

/* The place ------------------------------------------------------------------------------------------------------------- */

static void
selected_cb (AlidadeReviewQueuePane *self)
{
  guint at = gtk_single_selection_get_selected (self->selection);

  if (!self->following && at != GTK_INVALID_LIST_POSITION)
    alidade_review_session_go_to (self->session, at);
}

static void
current_cb (AlidadeReviewQueuePane *self)
{
  int at = alidade_review_session_get_position (self->session);

  self->following = TRUE;
  gtk_single_selection_set_selected (self->selection, at >= 0 ? (guint) at : GTK_INVALID_LIST_POSITION);
  if (at >= 0)
    gtk_widget_activate_action (GTK_WIDGET (self->list), "list.scroll-to-item", "u", (guint) at);
  self->following = FALSE;
}

/* "about 10 min", "2 h 5 min" */
static char *
time_text (double minutes)
{
  if (minutes < 1)
    return g_strdup ("under a minute");
  if (minutes < 60)
    return g_strdup_printf ("about %.0f min", minutes);
  return g_strdup_printf ("about %d h %d min", (int) minutes / 60, (int) minutes % 60);
}

static void
progress_cb (AlidadeReviewQueuePane *self)
{
  int left = alidade_review_session_get_n_left (self->session);
  guint n = g_list_model_get_n_items (alidade_review_session_get_rows (self->session));
  double pace = alidade_review_session_get_pace (self->session);
  g_autofree char *left_text = n > 0 ? g_strdup_printf ("%d left", left) : g_strdup ("");
  g_autofree char *pace_text = pace > 0 ? g_strdup_printf ("%.0f a minute", pace) : g_strdup_printf ("%d of %u", (int) n - left, n);
  g_autofree char *rest = pace > 0 && left > 0 ? time_text (left / pace) : g_strdup ("");

  gtk_label_set_text (self->left, left_text);
  gtk_label_set_text (self->pace, n > 0 ? pace_text : "");
  gtk_label_set_text (self->rest, rest);
  gtk_progress_bar_set_fraction (self->bar, n > 0 ? (n - left) / (double) n : 0);
}

static void
state_cb (AlidadeReviewQueuePane *self)
{
  QueueOrder order = alidade_review_session_get_order (self->session);
  const char *reviewer = alidade_review_session_get_reviewer (self->session);

  self->following = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    if (orders[i].order == order)
      gtk_drop_down_set_selected (self->order, i);
  gtk_spin_button_set_value (self->pass, alidade_review_session_get_pass (self->session));
  self->following = FALSE;
  if (alidade_review_session_get_state (self->session) != REVIEW_AT_WORK &&
      alidade_review_session_get_state (self->session) != REVIEW_FINISHED)
    alidade_review_crops_clear (self->crops, reviewer);
  progress_cb (self);
}

/* What the queue is made of ------------------------------------------------------------------------------------------------ */

static void
make_queue (AlidadeReviewQueuePane *self)
{
  QueueSettings settings = *alidade_review_session_get_settings (self->session);
  guint at = gtk_drop_down_get_selected (self->order);
  int pass = gtk_spin_button_get_value_as_int (self->pass);

  settings.order = orders[at < G_N_ELEMENTS (orders) ? at : 0].order;
  settings.apart = !gtk_check_button_get_active (self->together);
  settings.reviewed = gtk_check_button_get_active (self->reviewed);
  settings.share = gtk_spin_button_get_value (self->share) / 100;
  settings.known_every = gtk_spin_button_get_value_as_int (self->known);
  settings.repeat_every = gtk_spin_button_get_value_as_int (self->repeat);
  settings.seed = g_random_int ();
  alidade_review_session_set_settings (self->session, &settings);
  alidade_review_crops_clear (self->crops, alidade_review_session_get_reviewer (self->session));
  if (pass != alidade_review_session_get_pass (self->session))
    alidade_review_session_set_reviewer (self->session, alidade_review_session_get_reviewer (self->session), pass);
  alidade_review_session_refresh (self->session);
}

static void
order_cb (AlidadeReviewQueuePane *self)
{
  if (!self->following)
    make_queue (self);
}

static GtkWidget *
spin_row (GtkBox *box, const char *title, double low, double high, double value, GtkSpinButton **spin)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12), *label = gtk_label_new (title);

  *spin = GTK_SPIN_BUTTON (gtk_spin_button_new_with_range (low, high, 1));
  gtk_spin_button_set_value (*spin, value);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_box_append (GTK_BOX (row), label);
  gtk_box_append (GTK_BOX (row), GTK_WIDGET (*spin));
  gtk_accessible_update_property (GTK_ACCESSIBLE (*spin), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  gtk_box_append (box, row);
  return row;
}

static void
refresh_clicked_cb (GtkButton *button, AlidadeReviewQueuePane *self)
{
  GtkWidget *popover = gtk_widget_get_ancestor (GTK_WIDGET (button), GTK_TYPE_POPOVER);

  gtk_popover_popdown (GTK_POPOVER (popover));
  make_queue (self);
}

static GtkWidget *
options_new (AlidadeReviewQueuePane *self)
{
  GtkWidget *button = gtk_menu_button_new (), *popover = gtk_popover_new (), *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *refresh = gtk_button_new_with_label ("Make the Queue Anew");

  self->together = GTK_CHECK_BUTTON (gtk_check_button_new_with_label ("Phrases of one picture together"));
  gtk_check_button_set_active (self->together, TRUE);
  self->reviewed = GTK_CHECK_BUTTON (gtk_check_button_new_with_label ("Also what others reviewed"));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->together));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->reviewed));
  spin_row (GTK_BOX (box), "Pass (from 2: others' work, blind)", 1, 9, 1, &self->pass);
  spin_row (GTK_BOX (box), "Share of the phrases, %", 1, 100, 100, &self->share);
  spin_row (GTK_BOX (box), "One with a known answer every (0: none)", 0, 1000, 0, &self->known);
  spin_row (GTK_BOX (box), "One repeated every (0: none)", 0, 1000, 0, &self->repeat);
  gtk_widget_add_css_class (refresh, "suggested-action");
  gtk_widget_set_margin_top (refresh, 6);
  g_signal_connect (refresh, "clicked", G_CALLBACK (refresh_clicked_cb), self);
  gtk_box_append (GTK_BOX (box), refresh);
  for (GtkWidget *child = gtk_widget_get_first_child (box); child != NULL; child = gtk_widget_get_next_sibling (child))
    gtk_widget_set_margin_start (child, 6), gtk_widget_set_margin_end (child, 6);
  gtk_widget_set_margin_top (box, 6);
  gtk_widget_set_margin_bottom (box, 6);
  gtk_popover_set_child (GTK_POPOVER (popover), box);
  gtk_menu_button_set_popover (GTK_MENU_BUTTON (button), popover);
  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (button), "view-refresh-symbolic");
  gtk_widget_set_tooltip_text (button, "Make the queue anew");
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, "Make the queue anew", -1);
  return button;
}

/* The widget -------------------------------------------------------------------------------------------------------------- */

static GtkLabel *
label_new (const char *class, float align)
{
  GtkWidget *label = gtk_label_new ("");

  gtk_label_set_xalign (GTK_LABEL (label), align);
  gtk_widget_add_css_class (label, class);
  gtk_widget_add_css_class (label, "secondary");
  gtk_widget_add_css_class (label, "numeric");
  return GTK_LABEL (label);
}

static GtkWidget *
head_new (AlidadeReviewQueuePane *self)
{
  GtkWidget *head = gtk_box_new (GTK_ORIENTATION_VERTICAL, 8), *title = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *name = gtk_label_new ("Queue"), *choose = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  g_autoptr (GtkStringList) titles = gtk_string_list_new (NULL);

  gtk_widget_add_css_class (head, "queue-head");
  gtk_widget_add_css_class (name, "heading");
  self->left = label_new ("caption", 0);
  gtk_widget_set_valign (GTK_WIDGET (self->left), GTK_ALIGN_BASELINE);
  gtk_box_append (GTK_BOX (title), name);
  gtk_box_append (GTK_BOX (title), GTK_WIDGET (self->left));
  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    gtk_string_list_append (titles, orders[i].title);
  self->order = GTK_DROP_DOWN (gtk_drop_down_new (G_LIST_MODEL (g_steal_pointer (&titles)), NULL));
  gtk_widget_set_hexpand (GTK_WIDGET (self->order), TRUE);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->order), "Order of the queue");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->order), GTK_ACCESSIBLE_PROPERTY_LABEL, "Order of the queue", -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_first_child (GTK_WIDGET (self->order))), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  "Order of the queue", -1);
  g_signal_connect_swapped (self->order, "notify::selected", G_CALLBACK (order_cb), self);
  gtk_box_append (GTK_BOX (choose), GTK_WIDGET (self->order));
  gtk_box_append (GTK_BOX (choose), options_new (self));
  gtk_box_append (GTK_BOX (head), title);
  gtk_box_append (GTK_BOX (head), choose);
  return head;
}

static GtkWidget *
list_new (AlidadeReviewQueuePane *self)
{
  GtkWidget *scrolled = gtk_scrolled_window_new ();
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();

  g_signal_connect (factory, "setup", G_CALLBACK (setup_cb), self);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cb), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cb), self);
  self->selection = gtk_single_selection_new (g_object_ref (alidade_review_session_get_rows (self->session)));
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  g_signal_connect_swapped (self->selection, "notify::selected", G_CALLBACK (selected_cb), self);
  self->list = GTK_LIST_VIEW (gtk_list_view_new (GTK_SELECTION_MODEL (g_object_ref (self->selection)), factory));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL, "Queue", -1);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), GTK_WIDGET (self->list));
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_widget_set_vexpand (scrolled, TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (scrolled), GTK_ACCESSIBLE_PROPERTY_LABEL, "Queue", -1);
  return scrolled;
}

static GtkWidget *
foot_new (AlidadeReviewQueuePane *self)
{
  GtkWidget *foot = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6), *texts = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  self->pace = label_new ("caption", 0);
  self->rest = label_new ("caption", 1);
  gtk_widget_set_hexpand (GTK_WIDGET (self->rest), TRUE);
  gtk_box_append (GTK_BOX (texts), GTK_WIDGET (self->pace));
  gtk_box_append (GTK_BOX (texts), GTK_WIDGET (self->rest));
  self->bar = GTK_PROGRESS_BAR (gtk_progress_bar_new ());
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->bar), GTK_ACCESSIBLE_PROPERTY_LABEL, "Reviewed", -1);
  gtk_widget_add_css_class (foot, "queue-foot");
  gtk_box_append (GTK_BOX (foot), texts);
  gtk_box_append (GTK_BOX (foot), GTK_WIDGET (self->bar));
  return foot;
}

static void
alidade_review_queue_pane_dispose (GObject *object)
{
  AlidadeReviewQueuePane *self = ALIDADE_REVIEW_QUEUE_PANE (object);
  GtkWidget *child;

  if (self->session != NULL)
    g_signal_handlers_disconnect_by_data (self->session, self);
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->selection);
  g_clear_object (&self->session);
  g_clear_object (&self->crops);
  G_OBJECT_CLASS (alidade_review_queue_pane_parent_class)->dispose (object);
}

static void
alidade_review_queue_pane_class_init (AlidadeReviewQueuePaneClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = alidade_review_queue_pane_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "queuepane");
}

static void
alidade_review_queue_pane_init (AlidadeReviewQueuePane *self)
{
  gtk_orientable_set_orientation (GTK_ORIENTABLE (gtk_widget_get_layout_manager (GTK_WIDGET (self))), GTK_ORIENTATION_VERTICAL);
  gtk_widget_add_css_class (GTK_WIDGET (self), "side-pane");
}

GtkWidget *
alidade_review_queue_pane_new (AlidadeReviewSession *session, AlidadeProjectService *projects)
{
  AlidadeReviewQueuePane *self = g_object_new (ALIDADE_TYPE_REVIEW_QUEUE_PANE, NULL);

  self->session = g_object_ref (session);
  self->crops = alidade_review_crops_new (projects);
  gtk_widget_set_parent (head_new (self), GTK_WIDGET (self));
  gtk_widget_set_parent (list_new (self), GTK_WIDGET (self));
  gtk_widget_set_parent (foot_new (self), GTK_WIDGET (self));
  g_signal_connect_swapped (session, "current-changed", G_CALLBACK (current_cb), self);
  g_signal_connect_swapped (session, "progress-changed", G_CALLBACK (progress_cb), self);
  g_signal_connect_swapped (session, "state-changed", G_CALLBACK (state_cb), self);
  state_cb (self);
  current_cb (self);
  return GTK_WIDGET (self);
}
