/* SPDX-License-Identifier: MIT */
#include "job-row.h"

#define POLL_MS 200

struct _AlidadeJobRow
{
  GtkWidget parent_instance;

  GtkWidget *row;
  GtkWidget *title, *text, *progress, *left, *pause, *cancel;

  AlidadeJobPoll poll;
  gpointer data;
  GDestroyNotify destroy;
  guint timer;
  gboolean is_cancelled;
};

G_DEFINE_FINAL_TYPE (AlidadeJobRow, alidade_job_row, GTK_TYPE_WIDGET)

enum
{
  CANCELLED,
  PAUSE_TOGGLED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

char *
alidade_job_time_text (double seconds)
{
  if (seconds < 0)
    return g_strdup ("");
  if (seconds < 55)
    return g_strdup_printf ("%d s left", MAX ((int) (seconds + 0.5), 1));
  if (seconds < 3570)
    return g_strdup_printf ("about %d min left", (int) (seconds / 60 + 0.5));
  return g_strdup_printf ("about %.1f h left", seconds / 3600);
}

static void
update (AlidadeJobRow *self)
{
  AlidadeJobState state = { NULL, -1, -1, FALSE };
  g_autofree char *text = NULL;
  g_autofree char *left = NULL;

  self->poll (&state, self->data);
  text = state.text;
  left = alidade_job_time_text (state.paused || self->is_cancelled ? -1 : state.seconds_left);
  gtk_label_set_text (GTK_LABEL (self->text), self->is_cancelled ? "Cancelling…" : state.paused ? "Paused" : text);
  gtk_label_set_text (GTK_LABEL (self->left), left);
  if (state.fraction >= 0)
    gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->progress), MIN (state.fraction, 1));
  else if (!state.paused)
    gtk_progress_bar_pulse (GTK_PROGRESS_BAR (self->progress));
}

static gboolean
timer_cb (gpointer data)
{
  update (data);
  return G_SOURCE_CONTINUE;
}

static void
cancel_cb (AlidadeJobRow *self)
{
  self->is_cancelled = TRUE;
  gtk_widget_set_sensitive (self->cancel, FALSE);
  gtk_widget_set_sensitive (self->pause, FALSE);
  update (self);
  g_signal_emit (self, signals[CANCELLED], 0);
}

static void
pause_cb (AlidadeJobRow *self)
{
  gboolean pause = gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->pause));

  gtk_button_set_icon_name (GTK_BUTTON (self->pause),
                            pause ? "media-playback-start-symbolic" : "media-playback-pause-symbolic");
  gtk_widget_set_tooltip_text (self->pause, pause ? "Go On" : "Pause");
  g_signal_emit (self, signals[PAUSE_TOGGLED], 0, pause);
  update (self);
}

static void
alidade_job_row_dispose (GObject *object)
{
  AlidadeJobRow *self = ALIDADE_JOB_ROW (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->destroy != NULL)
    self->destroy (self->data);
  self->destroy = NULL;
  g_clear_pointer (&self->row, gtk_widget_unparent);

  G_OBJECT_CLASS (alidade_job_row_parent_class)->dispose (object);
}

static void
alidade_job_row_class_init (AlidadeJobRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_job_row_dispose;
  signals[CANCELLED]
      = g_signal_new ("cancelled", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[PAUSE_TOGGLED] = g_signal_new ("pause-toggled", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                         NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "jobrow");
}

static GtkWidget *
label_new (AlidadeJobRow *self, const char *first_class, const char *second_class)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (label, first_class);
  if (second_class != NULL)
    gtk_widget_add_css_class (label, second_class);
  gtk_box_append (GTK_BOX (self->row), label);
  return label;
}

static void
alidade_job_row_init (AlidadeJobRow *self)
{
  self->row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  gtk_widget_add_css_class (self->row, "notice");
  gtk_widget_set_parent (self->row, GTK_WIDGET (self));
  self->title = label_new (self, "heading", NULL);
  self->text = label_new (self, "secondary", "numeric");
  gtk_widget_set_hexpand (self->text, TRUE);
  self->left = label_new (self, "secondary", "numeric");
  gtk_label_set_xalign (GTK_LABEL (self->left), 1);
  gtk_label_set_ellipsize (GTK_LABEL (self->left), PANGO_ELLIPSIZE_NONE);
  self->progress = gtk_progress_bar_new ();
  gtk_widget_set_valign (self->progress, GTK_ALIGN_CENTER);
  gtk_widget_set_size_request (self->progress, 140, -1);
  gtk_box_append (GTK_BOX (self->row), self->progress);
  self->pause = gtk_toggle_button_new ();
  gtk_button_set_icon_name (GTK_BUTTON (self->pause), "media-playback-pause-symbolic");
  gtk_widget_set_tooltip_text (self->pause, "Pause");
  gtk_widget_set_valign (self->pause, GTK_ALIGN_CENTER);
  g_signal_connect_swapped (self->pause, "toggled", G_CALLBACK (pause_cb), self);
  gtk_box_append (GTK_BOX (self->row), self->pause);
  self->cancel = gtk_button_new_with_label ("Cancel");
  gtk_widget_set_valign (self->cancel, GTK_ALIGN_CENTER);
  g_signal_connect_swapped (self->cancel, "clicked", G_CALLBACK (cancel_cb), self);
  gtk_box_append (GTK_BOX (self->row), self->cancel);
}

static void
set_name (GtkWidget *widget, const char *format, const char *title)
{
  g_autofree char *name = g_strdup_printf (format, title);

  gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

GtkWidget *
alidade_job_row_new (const char *title, gboolean pausable, AlidadeJobPoll poll, gpointer data, GDestroyNotify destroy)
{
  AlidadeJobRow *self = g_object_new (ALIDADE_TYPE_JOB_ROW, NULL);

  self->poll = poll;
  self->data = data;
  self->destroy = destroy;
  gtk_label_set_text (GTK_LABEL (self->title), title);
  gtk_widget_set_tooltip_text (self->title, title);
  gtk_widget_set_visible (self->pause, pausable);
  set_name (self->progress, "Progress: %s", title);
  set_name (self->pause, "Pause: %s", title);
  set_name (self->cancel, "Cancel: %s", title);
  self->timer = g_timeout_add (POLL_MS, timer_cb, self);
  update (self);
  return GTK_WIDGET (self);
}
