/* SPDX-License-Identifier: MIT */
#include "statistics-window.h"

#include "reliability-plot.h"

#include <math.h>
#include <string.h>

struct _AlidadeStatisticsWindow
{
  AdwWindow parent_instance;

  AlidadeProjectService *projects;
  char *model;
  GtkStack *stack;
  AdwStatusPage *problem;
  GtkBox *column;
  GtkWidget *menu;
  AdwToastOverlay *toasts;
  ReviewStatistics *statistics; /* NULL: not there yet */
  GtkFileChooserNative *chooser;
  char *export;                 /* csv, html, svg: what is being chosen for */
  gboolean reading, again;
};

G_DEFINE_FINAL_TYPE (AlidadeStatisticsWindow, alidade_statistics_window, ADW_TYPE_WINDOW)

static void
statistics_free (ReviewStatistics *statistics)
{
  review_statistics_clear (statistics);
  g_free (statistics);
}

/* Pieces ------------------------------------------------------------------------------------------------------------------- */

static GtkWidget *
label_new (const char *text, const char *class, float align)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), align);
  if (class != NULL)
    gtk_widget_add_css_class (label, class);
  return label;
}

static GtkBox *
section_new (AlidadeStatisticsWindow *self, const char *title)
{
  GtkWidget *section = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  gtk_box_append (GTK_BOX (section), label_new (title, "heading", 0));
  gtk_box_append (self->column, section);
  return GTK_BOX (section);
}

static void
add_cell (GtkGrid *grid, const char *text, int column, int row, const char *class)
{
  GtkWidget *label = label_new (text, class, column == 0 ? 0 : 1);

  if (column > 0)
    gtk_widget_add_css_class (label, "numeric");
  gtk_widget_set_hexpand (label, column == 0);
  gtk_grid_attach (grid, label, column, row, 1, 1);
}

static GtkGrid *
grid_new (GtkBox *section, const char *name)
{
  GtkGrid *grid = GTK_GRID (gtk_grid_new ());

  gtk_grid_set_column_spacing (grid, 18);
  gtk_grid_set_row_spacing (grid, 4);
  gtk_accessible_update_property (GTK_ACCESSIBLE (grid), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  gtk_box_append (section, GTK_WIDGET (grid));
  return grid;
}

static void
add_figure (GtkGrid *grid, int row, const char *name, const char *format, ...) G_GNUC_PRINTF (4, 5);

static void
add_figure (GtkGrid *grid, int row, const char *name, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  add_cell (grid, name, 0, row, NULL);
  add_cell (grid, text, 1, row, NULL);
}

static double
percent (gint64 part, gint64 whole)
{
  return whole > 0 ? 100.0 * part / whole : 0;
}

static char *
known (double value, const char *format)
{
  char text[32];

  if (isnan (value))
    return g_strdup ("–");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  g_snprintf (text, sizeof text, format, value);
#pragma GCC diagnostic pop
  return g_strdup (text);
}

/* Sections ------------------------------------------------------------------------------------------------------------------- */

static void
add_totals (AlidadeStatisticsWindow *self, const ReviewStatistics *s)
{
  GtkGrid *grid = grid_new (section_new (self, "Phrases"), "Phrases");

  add_figure (grid, 0, "In the project", "%" G_GINT64_FORMAT " on %" G_GINT64_FORMAT " pictures", s->phrases, s->images);
  add_figure (grid, 1, "Decided", "%" G_GINT64_FORMAT " (%.0f %%)", s->decided, percent (s->decided, s->phrases));
  add_figure (grid, 2, "Stale verdicts", "%" G_GINT64_FORMAT, s->stale);
  add_figure (grid, 3, "Measured by the model", "%" G_GINT64_FORMAT, s->measured);
  if (s->pointed > 0)
    add_figure (grid, 4, "Pointing game against verdicts", "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " (%.1f %%)", s->hits, s->pointed,
                percent (s->hits, s->pointed));
  else
    add_figure (grid, 4, "Pointing game against verdicts", "no approved regions yet");
}

static void
add_origins (AlidadeStatisticsWindow *self, const ReviewStatistics *s)
{
  static const char *const columns[] = { "Accepted", "Corrected", "Rejected", "Not here", "Unsure" };
  static const char *const rows[] = { "Map", "Detector", "Import", "Person", "No region" };
  GtkGrid *grid = grid_new (section_new (self, "Verdicts by what was judged"), "Verdicts by what was judged");
  int at = 1;

  add_cell (grid, "", 0, 0, NULL);
  for (int i = 0; i < N_VERDICTS; i++)
    add_cell (grid, columns[i], i + 1, 0, "secondary");
  for (int i = 0; i < N_JUDGED; i++)
    {
      gint64 sum = 0;

      for (int j = 0; j < N_VERDICTS; j++)
        sum += s->verdicts[i][j];
      if (sum == 0)
        continue;
      add_cell (grid, rows[i], 0, at, NULL);
      for (int j = 0; j < N_VERDICTS; j++)
        {
          g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, s->verdicts[i][j]);

          add_cell (grid, text, j + 1, at, NULL);
        }
      at++;
    }
  if (at == 1)
    add_cell (grid, "No verdicts yet", 0, 1, "secondary");
}

static void
add_reliability (AlidadeStatisticsWindow *self, const ReviewStatistics *s)
{
  GtkBox *section = section_new (self, "Acceptance by score");
  GtkWidget *plot = alidade_reliability_plot_new ();
  g_autofree char *raw = known (s->raw_error, "%.3f"), *trust = known (s->trust_error, "%.3f");
  g_autofree char *text = g_strdup_printf ("Distance of score and acceptance: raw %s, calibrated %s", raw, trust);

  alidade_reliability_plot_set (ALIDADE_RELIABILITY_PLOT (plot), s);
  gtk_box_append (section, plot);
  gtk_box_append (section, label_new (text, "secondary", 0));
}

static void
add_pace (AlidadeStatisticsWindow *self, const ReviewStatistics *s)
{
  GtkGrid *grid;

  if (s->reviewers == NULL || s->reviewers->len == 0)
    return;
  grid = grid_new (section_new (self, "Reviewers"), "Reviewers");
  add_cell (grid, "", 0, 0, NULL);
  add_cell (grid, "Verdicts", 1, 0, "secondary");
  add_cell (grid, "Minutes", 2, 0, "secondary");
  add_cell (grid, "A minute", 3, 0, "secondary");
  for (guint i = 0; i < s->reviewers->len; i++)
    {
      const ReviewerPace *pace = s->reviewers->pdata[i];
      g_autofree char *n = g_strdup_printf ("%" G_GINT64_FORMAT, pace->verdicts), *minutes = known (pace->minutes, "%.1f");
      g_autofree char *rate = known (pace->pace, "%.1f");

      add_cell (grid, pace->reviewer, 0, i + 1, NULL);
      add_cell (grid, n, 1, i + 1, NULL);
      add_cell (grid, minutes, 2, i + 1, NULL);
      add_cell (grid, rate, 3, i + 1, NULL);
    }
}

static void
add_agreement (AlidadeStatisticsWindow *self, const ReviewStatistics *s)
{
  const PassAgreement *const all[] = { &s->passes, &s->repeats, &s->known };
  static const char *const names[] = { "First and second pass", "The same reviewer again", "Known answers" };
  GtkGrid *grid;
  int at = 1;

  if (s->passes.n + s->repeats.n + s->known.n == 0)
    return;
  grid = grid_new (section_new (self, "Agreement"), "Agreement");
  add_cell (grid, "", 0, 0, NULL);
  add_cell (grid, "Phrases", 1, 0, "secondary");
  add_cell (grid, "Same", 2, 0, "secondary");
  add_cell (grid, "Cohen’s kappa", 3, 0, "secondary");
  add_cell (grid, "Mean IoU", 4, 0, "secondary");
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      g_autofree char *n = g_strdup_printf ("%" G_GINT64_FORMAT, all[i]->n);
      g_autofree char *same = g_strdup_printf ("%.0f %%", percent (all[i]->same, all[i]->n));
      g_autofree char *kappa = known (all[i]->kappa, "%.2f"), *iou = known (all[i]->mean_iou, "%.2f");

      if (all[i]->n == 0)
        continue;
      add_cell (grid, names[i], 0, at, NULL);
      add_cell (grid, n, 1, at, NULL);
      add_cell (grid, same, 2, at, NULL);
      add_cell (grid, kappa, 3, at, NULL);
      add_cell (grid, iou, 4, at++, NULL);
    }
}

static void
show (AlidadeStatisticsWindow *self)
{
  const ReviewStatistics *s = self->statistics;
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->column))) != NULL)
    gtk_box_remove (self->column, child);
  add_totals (self, s);
  add_origins (self, s);
  add_reliability (self, s);
  add_pace (self, s);
  add_agreement (self, s);
  gtk_stack_set_visible_child_name (self->stack, "figures");
  gtk_widget_set_sensitive (self->menu, TRUE);
}

/* Reading ---------------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  char *model;
  ReviewStatistics *statistics;
} ReadJob;

static void
read_job_free (gpointer data)
{
  ReadJob *job = data;

  g_free (job->model);
  g_clear_pointer (&job->statistics, statistics_free);
  g_free (job);
}

static gboolean
read_figures (Project *project, gpointer data, GCancellable *cancellable, GError **error)
{
  ReadJob *job = data;

  job->statistics = g_new0 (ReviewStatistics, 1);
  return review_statistics (project, job->model, job->statistics, error);
}

static void start_reading (AlidadeStatisticsWindow *self);

static void
read_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AlidadeStatisticsWindow) self = data;
  g_autoptr (GError) error = NULL;
  gpointer job_data;
  gboolean good = alidade_project_service_finish (ALIDADE_PROJECT_SERVICE (source), result, &job_data, &error);
  ReadJob *job = job_data;

  self->reading = FALSE;
  if (self->projects == NULL)
    return;
  if (good)
    {
      g_clear_pointer (&self->statistics, statistics_free);
      self->statistics = g_steal_pointer (&job->statistics);
      show (self);
    }
  else
    {
      g_autofree char *text = g_markup_escape_text (error->message, -1);

      adw_status_page_set_description (self->problem, text);
      gtk_stack_set_visible_child_name (self->stack, "problem");
    }
  if (self->again)
    start_reading (self);
}

static void
start_reading (AlidadeStatisticsWindow *self)
{
  ReadJob *job;

  self->again = self->reading;
  if (self->reading)
    return;
  self->reading = TRUE;
  job = g_new0 (ReadJob, 1);
  job->model = g_strdup (self->model);
  alidade_project_service_read_async (self->projects, read_figures, job, read_job_free, NULL, read_cb, g_object_ref (self));
}

/* Exports --------------------------------------------------------------------------------------------------------------------------- */

static gboolean
export (AlidadeStatisticsWindow *self, const char *path, GError **error)
{
  g_autofree char *text = NULL;

  if (strcmp (self->export, "svg") == 0)
    return alidade_reliability_plot_save (self->statistics, path, error);
  text = strcmp (self->export, "csv") == 0 ? review_statistics_csv (self->statistics)
                                           : review_statistics_html (self->statistics, alidade_project_service_get_title (self->projects));
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666, error);
}

static void
chosen_cb (GtkNativeDialog *dialog, int response, AlidadeStatisticsWindow *self)
{
  g_autoptr (GFile) file = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
  g_autoptr (GError) error = NULL;

  if (path != NULL)
    {
      gboolean good = export (self, path, &error);

      adw_toast_overlay_add_toast (self->toasts, adw_toast_new (good ? "Exported" : error->message));
    }
  g_clear_object (&self->chooser);
}

static void
export_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  AlidadeStatisticsWindow *self = ALIDADE_STATISTICS_WINDOW (widget);
  g_autofree char *file = NULL;

  if (self->chooser != NULL || self->statistics == NULL)
    return;
  g_free (self->export);
  self->export = g_variant_dup_string (parameter, NULL);
  file = g_strconcat ("statistics.", self->export, NULL);
  self->chooser = gtk_file_chooser_native_new ("Export Statistics", GTK_WINDOW (self), GTK_FILE_CHOOSER_ACTION_SAVE, NULL, NULL);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (self->chooser), file);
  g_signal_connect (self->chooser, "response", G_CALLBACK (chosen_cb), self);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

/* The window ------------------------------------------------------------------------------------------------------------------------- */

static GtkWidget *
content_new (AlidadeStatisticsWindow *self)
{
  GtkWidget *content = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *header = adw_header_bar_new (), *scrolled = gtk_scrolled_window_new ();
  GtkWidget *clamp = adw_clamp_new (), *spinner = gtk_spinner_new ();
  g_autoptr (GMenu) menu = g_menu_new ();

  g_menu_append (menu, "_CSV…", "statistics.export::csv");
  g_menu_append (menu, "_HTML Report…", "statistics.export::html");
  g_menu_append (menu, "_Figure (SVG)…", "statistics.export::svg");
  self->menu = gtk_menu_button_new ();
  gtk_menu_button_set_label (GTK_MENU_BUTTON (self->menu), "Export");
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (self->menu), G_MENU_MODEL (menu));
  gtk_widget_set_sensitive (self->menu, FALSE);
  adw_header_bar_pack_start (ADW_HEADER_BAR (header), self->menu);
  self->column = GTK_BOX (gtk_box_new (GTK_ORIENTATION_VERTICAL, 24));
  gtk_widget_set_margin_top (GTK_WIDGET (self->column), 18);
  gtk_widget_set_margin_bottom (GTK_WIDGET (self->column), 24);
  gtk_widget_set_margin_start (GTK_WIDGET (self->column), 18);
  gtk_widget_set_margin_end (GTK_WIDGET (self->column), 18);
  adw_clamp_set_child (ADW_CLAMP (clamp), GTK_WIDGET (self->column));
  adw_clamp_set_maximum_size (ADW_CLAMP (clamp), 600);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), clamp);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_accessible_update_property (GTK_ACCESSIBLE (scrolled), GTK_ACCESSIBLE_PROPERTY_LABEL, "Figures", -1);
  self->problem = ADW_STATUS_PAGE (adw_status_page_new ());
  adw_status_page_set_icon_name (self->problem, "dialog-error-symbolic");
  adw_status_page_set_title (self->problem, "No Figures");
  self->stack = GTK_STACK (gtk_stack_new ());
  gtk_spinner_start (GTK_SPINNER (spinner));
  gtk_stack_add_named (self->stack, spinner, "reading");
  gtk_stack_add_named (self->stack, scrolled, "figures");
  gtk_stack_add_named (self->stack, GTK_WIDGET (self->problem), "problem");
  gtk_widget_set_vexpand (GTK_WIDGET (self->stack), TRUE);
  self->toasts = ADW_TOAST_OVERLAY (adw_toast_overlay_new ());
  adw_toast_overlay_set_child (self->toasts, GTK_WIDGET (self->stack));
  gtk_box_append (GTK_BOX (content), header);
  gtk_box_append (GTK_BOX (content), GTK_WIDGET (self->toasts));
  return content;
}

static void
alidade_statistics_window_dispose (GObject *object)
{
  AlidadeStatisticsWindow *self = ALIDADE_STATISTICS_WINDOW (object);

  if (self->chooser != NULL)
    gtk_native_dialog_destroy (GTK_NATIVE_DIALOG (self->chooser));
  g_clear_object (&self->chooser);
  if (self->projects != NULL)
    g_signal_handlers_disconnect_by_data (self->projects, self);
  g_clear_object (&self->projects);
  g_clear_pointer (&self->statistics, statistics_free);
  g_clear_pointer (&self->model, g_free);
  g_clear_pointer (&self->export, g_free);
  G_OBJECT_CLASS (alidade_statistics_window_parent_class)->dispose (object);
}

static void
alidade_statistics_window_class_init (AlidadeStatisticsWindowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = alidade_statistics_window_dispose;
  gtk_widget_class_install_action (GTK_WIDGET_CLASS (klass), "statistics.export", "s", export_action);
  gtk_widget_class_add_binding_action (GTK_WIDGET_CLASS (klass), GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
alidade_statistics_window_init (AlidadeStatisticsWindow *self)
{
}

GtkWidget *
alidade_statistics_window_new (AlidadeProjectService *projects, const char *model)
{
  AlidadeStatisticsWindow *self = g_object_new (ALIDADE_TYPE_STATISTICS_WINDOW, "title", "Statistics", "default-width", 620,
                                                "default-height", 700, NULL);

  self->projects = g_object_ref (projects);
  self->model = g_strdup (model);
  adw_window_set_content (ADW_WINDOW (self), content_new (self));
  g_signal_connect_swapped (projects, "changed", G_CALLBACK (start_reading), self);
  g_signal_connect_swapped (projects, "opened", G_CALLBACK (gtk_window_destroy), self);
  start_reading (self);
  return GTK_WIDGET (self);
}
