/* SPDX-License-Identifier: MIT */
#include "report-window.h"

#include "window-private.h"

#include <string.h>

struct _AlidadeReportWindow
{
  AdwWindow parent_instance;

  AdwToastOverlay *toasts;
  GtkImage *icon;
  GtkLabel *headline, *subline;
  GtkBox *facts, *counts;
  GtkListBox *groups;
  GtkWidget *advice_box;
  GtkLabel *advice;
  GtkWidget *foot, *incomplete, *keep, *another, *copy;

  AlidadeReport *report;
};

G_DEFINE_FINAL_TYPE (AlidadeReportWindow, alidade_report_window, ADW_TYPE_WINDOW)

#define SHOWN_ENTRIES 5   /* of a group, before "N more" */
#define MOST_ENTRIES 2000 /* a hostile file may list millions: the rest is in the copied text */

static const struct
{
  const char *title, *count, *note, *icon, *style;
} groups[ALBEF_REPORT_N_GROUPS] = {
  { "Matched", "matched", "needed by the model and found", "object-select-symbolic", "success" },
  { "Missing", "missing", "needed by the model, not in the file", "window-close-symbolic", "error" },
  { "Unexpected", "unexpected", "in the file, not used by the model", "dialog-question-symbolic", "warning" },
  { "Reshaped", "reshaped", "found and interpolated", "object-rotate-right-symbolic", NULL },
  { "Momentum", "momentum", "twins and queues, needed for training alone", NULL, NULL },
  { "Opaque", "opaque", "objects beside the weights, not rebuilt and never run", NULL, NULL },
  { "Assumed", "assumed", "configuration that no file states", NULL, NULL },
};

static GtkWidget *
label_new (const char *text, const char *style, const char *second_style)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  if (style != NULL)
    gtk_widget_add_css_class (label, style);
  if (second_style != NULL)
    gtk_widget_add_css_class (label, second_style);
  return label;
}

static void
add_fact (AlidadeReportWindow *self, const char *title, const char *value, gboolean expand)
{
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);
  GtkWidget *figure = label_new (value, NULL, NULL);

  if (expand)
    gtk_label_set_ellipsize (GTK_LABEL (figure), PANGO_ELLIPSIZE_MIDDLE);
  else
    {
      gtk_label_set_wrap (GTK_LABEL (figure), TRUE);
      gtk_label_set_max_width_chars (GTK_LABEL (figure), 26);
    }
  gtk_widget_set_tooltip_text (figure, value);
  gtk_widget_set_hexpand (column, expand);
  gtk_box_append (GTK_BOX (column), label_new (title, "caption", "secondary"));
  gtk_box_append (GTK_BOX (column), figure);
  gtk_box_append (self->facts, column);
}

static void
add_count (AlidadeReportWindow *self, AlbefReportGroup group, int count)
{
  g_autofree char *text = g_strdup_printf ("%d", count);
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *icon = gtk_image_new_from_icon_name (groups[group].icon);
  GtkWidget *figure = label_new (text, "report-count", "numeric");

  gtk_image_set_pixel_size (GTK_IMAGE (icon), 14);
  if (groups[group].style != NULL && count > 0)
    {
      gtk_widget_add_css_class (icon, groups[group].style);
      gtk_widget_add_css_class (figure, groups[group].style);
    }
  gtk_box_append (GTK_BOX (line), icon);
  gtk_box_append (GTK_BOX (line), figure);
  gtk_box_append (GTK_BOX (column), line);
  gtk_box_append (GTK_BOX (column), label_new (groups[group].count, "caption", "secondary"));
  gtk_widget_add_css_class (column, "report-count-cell");
  gtk_box_append (self->counts, column);
}

static GtkWidget *
entry_row (const AlbefReport *report, AlbefReportGroup group, int index)
{
  const char *note = NULL;
  g_autofree char *name = g_utf8_make_valid (albef_report_entry (report, group, index, &note), -1);
  g_autofree char *valid_note = note != NULL ? g_utf8_make_valid (note, -1) : NULL;
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *key = label_new (name, "report-key", NULL);
  GtkWidget *shape = label_new (valid_note, "report-key", "secondary");

  gtk_label_set_ellipsize (GTK_LABEL (key), PANGO_ELLIPSIZE_MIDDLE);
  gtk_widget_set_tooltip_text (key, name);
  gtk_widget_set_hexpand (key, TRUE);
  gtk_label_set_ellipsize (GTK_LABEL (shape), PANGO_ELLIPSIZE_END);
  gtk_box_append (GTK_BOX (line), key);
  gtk_box_append (GTK_BOX (line), shape);
  gtk_widget_add_css_class (line, "report-entry");
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), line);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  return row;
}

static void
more_cb (GtkButton *button, AlidadeReportWindow *self)
{
  const AlbefReport *report = alidade_report_get (self->report);
  AlbefReportGroup group = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (button), "group"));
  AdwExpanderRow *expander = g_object_get_data (G_OBJECT (button), "expander");
  int n = albef_report_count (report, group);
  GtkWidget *own_row = gtk_widget_get_ancestor (GTK_WIDGET (button), GTK_TYPE_LIST_BOX_ROW);

  adw_expander_row_remove (expander, own_row);
  for (int i = SHOWN_ENTRIES; i < MIN (n, MOST_ENTRIES); i++)
    adw_expander_row_add_row (expander, entry_row (report, group, i));
  if (n > MOST_ENTRIES)
    {
      g_autofree char *text = g_strdup_printf ("%d more are in the copied report", n - MOST_ENTRIES);
      GtkWidget *row = gtk_list_box_row_new ();
      GtkWidget *label = label_new (text, "caption", "report-entry");

      gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), label);
      adw_expander_row_add_row (expander, row);
    }
}

static void
add_group (AlidadeReportWindow *self, AlbefReportGroup group, gboolean expanded)
{
  const AlbefReport *report = alidade_report_get (self->report);
  int n = albef_report_count (report, group);
  g_autofree char *title = NULL;
  GtkWidget *expander, *note;

  if (n == 0)
    return;
  title = g_strdup_printf ("<b>%s</b>   <span alpha='60%%'>%d</span>", groups[group].title, n);
  expander = adw_expander_row_new ();
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (expander), TRUE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (expander), title);
  note = label_new (groups[group].note, "caption", "secondary");
  gtk_label_set_ellipsize (GTK_LABEL (note), PANGO_ELLIPSIZE_END);
  adw_expander_row_add_action (ADW_EXPANDER_ROW (expander), note);
  for (int i = 0; i < MIN (n, SHOWN_ENTRIES); i++)
    adw_expander_row_add_row (ADW_EXPANDER_ROW (expander), entry_row (report, group, i));
  if (n > SHOWN_ENTRIES)
    {
      g_autofree char *text = g_strdup_printf ("%d more", n - SHOWN_ENTRIES);
      GtkWidget *row = gtk_list_box_row_new ();
      GtkWidget *button = gtk_button_new_with_label (text);

      gtk_widget_set_halign (button, GTK_ALIGN_START);
      gtk_widget_add_css_class (button, "flat");
      gtk_widget_add_css_class (button, "report-more");
      g_object_set_data (G_OBJECT (button), "group", GINT_TO_POINTER (group));
      g_object_set_data (G_OBJECT (button), "expander", expander);
      g_signal_connect (button, "clicked", G_CALLBACK (more_cb), self);
      gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), button);
      gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
      adw_expander_row_add_row (ADW_EXPANDER_ROW (expander), row);
    }
  adw_expander_row_set_expanded (ADW_EXPANDER_ROW (expander), expanded);
  gtk_list_box_append (self->groups, expander);
}

static void
fill (AlidadeReportWindow *self, const char *in_use)
{
  static const AlbefReportGroup order[]
      = { ALBEF_REPORT_MISSING, ALBEF_REPORT_UNEXPECTED, ALBEF_REPORT_RESHAPED, ALBEF_REPORT_ASSUMED,
          ALBEF_REPORT_OPAQUE,  ALBEF_REPORT_MOMENTUM,   ALBEF_REPORT_MATCHED };
  const AlbefReport *report = alidade_report_get (self->report);
  gboolean loaded = alidade_report_get_loaded (self->report);
  const char *path = alidade_report_get_path (self->report);
  g_autofree char *base = g_path_get_basename (path != NULL ? path : "");
  g_autofree char *name = g_filename_display_name (base);
  g_autofree char *size = g_format_size (albef_report_file_size (report));
  const char *self_test = albef_report_self_test (report);
  g_autoptr (GString) advice = g_string_new (albef_report_advice (report));
  g_autofree char *headline = NULL;
  g_autofree char *keep = NULL;

  gtk_image_set_from_icon_name (self->icon, loaded ? "emblem-ok-symbolic" : "dialog-error-symbolic");
  gtk_widget_add_css_class (GTK_WIDGET (self->icon), loaded ? "success" : "error");
  /* The first name stands in the list below. */
  headline = g_strdup (albef_report_headline (report));
  if (strstr (headline, ", first '") != NULL)
    *strstr (headline, ", first '") = '\0';
  gtk_label_set_text (self->headline, headline);
  if (loaded)
    gtk_label_set_text (self->subline, "This model is in use.");
  else
    {
      g_autofree char *escaped = g_markup_escape_text (in_use, -1);
      g_autofree char *text = in_use[0] != '\0'
                                  ? g_strdup_printf ("Nothing has changed; <b>%s</b> is still in use.", escaped)
                                  : g_strdup ("No model is in use.");
      g_autofree char *with_cause
          = albef_report_count (report, ALBEF_REPORT_MISSING) > 0
                ? g_strdup_printf ("With other numbers in their place every map would be wrong. %s", text)
                : g_strdup (text);

      gtk_label_set_markup (self->subline, with_cause);
    }
  add_fact (self, "File", name, TRUE);
  add_fact (self, "Looks like", albef_report_summary (report), FALSE);
  add_fact (self, "Size", size, FALSE);
  for (int group = ALBEF_REPORT_MATCHED; group <= ALBEF_REPORT_RESHAPED; group++)
    add_count (self, group, albef_report_count (report, group));
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    add_group (self, order[i], order[i] == ALBEF_REPORT_MISSING);
  if (advice->len > 0 && advice->str[advice->len - 1] != '.')
    g_string_append_c (advice, '.');
  if (self_test != NULL && self_test[0] != '\0')
    g_string_append_printf (advice, "%sSelf-test: %s", advice->len > 0 ? " " : "", self_test);
  else if (!loaded)
    g_string_append_printf (advice, "%sThe self-test was not run.", advice->len > 0 ? " " : "");
  gtk_label_set_text (self->advice, advice->str);
  gtk_widget_set_visible (self->advice_box, advice->len > 0);

  keep = in_use[0] != '\0' && !loaded ? g_strdup_printf ("Keep %s", in_use) : g_strdup ("Close");
  gtk_button_set_label (GTK_BUTTON (self->keep), keep);
  /* What lacks nothing but still does not fit cannot be loaded in part either. */
  gtk_widget_set_visible (self->incomplete, !loaded && albef_report_count (report, ALBEF_REPORT_MISSING) > 0);
}

static void
copied (AlidadeReportWindow *self)
{
  adw_toast_overlay_add_toast (self->toasts, adw_toast_new ("Report copied"));
}

static void
copy_cb (GtkButton *button, AlidadeReportWindow *self)
{
  g_autofree char *text = g_utf8_make_valid (albef_report_text (alidade_report_get (self->report)), -1);

  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
  copied (self);
}

static void
keep_cb (GtkButton *button, AlidadeReportWindow *self)
{
  gtk_window_close (GTK_WINDOW (self));
}

static void
another_cb (GtkButton *button, AlidadeReportWindow *self)
{
  GtkWindow *parent = gtk_window_get_transient_for (GTK_WINDOW (self));

  if (ALIDADE_IS_WINDOW (parent))
    _alidade_window_choose_model (ALIDADE_WINDOW (parent));
  gtk_window_close (GTK_WINDOW (self));
}

static void
incomplete_response_cb (AlidadeReportWindow *self)
{
  GtkWindow *parent = gtk_window_get_transient_for (GTK_WINDOW (self));

  if (ALIDADE_IS_WINDOW (parent))
    _alidade_window_load_incomplete (ALIDADE_WINDOW (parent), alidade_report_get_path (self->report));
  gtk_window_close (GTK_WINDOW (self));
}

static void
incomplete_cb (GtkButton *button, AlidadeReportWindow *self)
{
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (self), "Load With Weights Missing?",
                                              "Missing weights stay zero. Scores and maps of such a model mean nothing "
                                              "unless you know that these weights do not matter.");

  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", "_Cancel", "load", "_Load Incomplete", NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "load", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_signal_connect_object (dialog, "response::load", G_CALLBACK (incomplete_response_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
alidade_report_window_dispose (GObject *object)
{
  AlidadeReportWindow *self = ALIDADE_REPORT_WINDOW (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), ALIDADE_TYPE_REPORT_WINDOW);
  g_clear_pointer (&self->report, alidade_report_unref);

  G_OBJECT_CLASS (alidade_report_window_parent_class)->dispose (object);
}

static void
alidade_report_window_class_init (AlidadeReportWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = alidade_report_window_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/org/alidade/ui/report-window.ui");
  gtk_widget_class_bind_template_child (widget_class, AlidadeReportWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, AlidadeReportWindow, icon);
  gtk_widget_class_bind_template_child (widget_class, AlidadeReportWindow, headline);
  gtk_widget_class_bind_template_child (widget_class, AlidadeReportWindow, subline);
  gtk_widget_class_bind_template_child (widget_class, AlidadeReportWindow, facts);
  gtk_widget_class_bind_template_child (widget_class, AlidadeReportWindow, counts);
  gtk_widget_class_bind_template_child (widget_class, AlidadeReportWindow, groups);
  gtk_widget_class_bind_template_child (widget_class, AlidadeReportWindow, advice_box);
  gtk_widget_class_bind_template_child (widget_class, AlidadeReportWindow, advice);
  gtk_widget_class_bind_template_child (widget_class, AlidadeReportWindow, foot);
  gtk_widget_class_bind_template_child (widget_class, AlidadeReportWindow, incomplete);
  gtk_widget_class_bind_template_child (widget_class, AlidadeReportWindow, keep);
  gtk_widget_class_bind_template_child (widget_class, AlidadeReportWindow, another);
  gtk_widget_class_bind_template_child (widget_class, AlidadeReportWindow, copy);
  gtk_widget_class_bind_template_callback (widget_class, copy_cb);
  gtk_widget_class_bind_template_callback (widget_class, keep_cb);
  gtk_widget_class_bind_template_callback (widget_class, another_cb);
  gtk_widget_class_bind_template_callback (widget_class, incomplete_cb);
}

static void
alidade_report_window_init (AlidadeReportWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
alidade_report_window_new (GtkWindow *parent, AlidadeReport *report, const char *in_use)
{
  AlidadeReportWindow *self = g_object_new (ALIDADE_TYPE_REPORT_WINDOW, "transient-for", parent, NULL);

  self->report = alidade_report_ref (report);
  fill (self, in_use != NULL ? in_use : "");
  return GTK_WIDGET (self);
}
