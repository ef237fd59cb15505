/* SPDX-License-Identifier: MIT */
#include "import-report.h"

#include "format-titles.h"

#define SHOWN 50 /* rows of a list; the copied text has them all */

char *
import_counts_text (gint64 pictures, gint64 captions, gint64 phrases, gint64 regions)
{
  const struct
  {
    gint64 n;
    const char *one, *many;
  } kinds[] = {
    { pictures, "picture", "pictures" },
    { captions, "caption", "captions" },
    { phrases, "phrase", "phrases" },
    { regions, "region", "regions" },
  };
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].n > 0)
      g_ptr_array_add (parts, g_strdup_printf ("%'" G_GINT64_FORMAT " %s", kinds[i].n,
                                               kinds[i].n == 1 ? kinds[i].one : kinds[i].many));
  for (guint i = 0; i < parts->len; i++)
    {
      if (i > 0)
        g_string_append (text, i + 1 == parts->len ? " and " : ", ");
      g_string_append (text, parts->pdata[i]);
    }
  if (parts->len == 0)
    g_string_append (text, "nothing");
  return g_string_free (text, FALSE);
}

static void
add_line (AdwPreferencesGroup *group, const char *icon_name, const char *title, const char *subtitle)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *escaped = g_markup_escape_text (title, -1);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), escaped);
  if (subtitle != NULL)
    {
      g_autofree char *below = g_markup_escape_text (subtitle, -1);

      adw_action_row_set_subtitle (ADW_ACTION_ROW (row), below);
    }
  if (icon_name != NULL)
    adw_action_row_add_prefix (ADW_ACTION_ROW (row), gtk_image_new_from_icon_name (icon_name));
  adw_preferences_group_add (group, row);
}

/* An entry of a list: what, and below it why. */
static void
add_entry (AdwExpanderRow *list, const char *what, const char *why)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *valid = g_utf8_make_valid (what, -1);
  g_autofree char *title = g_markup_escape_text (valid, -1);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 3);
  if (why != NULL)
    {
      g_autofree char *valid_why = g_utf8_make_valid (why, -1);
      g_autofree char *subtitle = g_markup_escape_text (valid_why, -1);

      adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
      adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 3);
    }
  adw_expander_row_add_row (list, row);
}

static GtkWidget *
add_list (AdwPreferencesGroup *group, const char *icon_name, const char *title)
{
  GtkWidget *list = adw_expander_row_new ();

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (list), title);
  adw_expander_row_add_prefix (ADW_EXPANDER_ROW (list), gtk_image_new_from_icon_name (icon_name));
  adw_preferences_group_add (group, list);
  return list;
}

static void
add_more (GtkWidget *list, gint64 n)
{
  g_autofree char *more = g_strdup_printf ("%'" G_GINT64_FORMAT " more", n);

  if (n > 0)
    add_entry (ADW_EXPANDER_ROW (list), more, NULL);
}

void
import_report_add_rows (AdwPreferencesGroup *group, const ImportReport *report, gboolean before)
{
  if (report->missing > 0)
    {
      g_autofree char *title = report->missing == 1
                                   ? g_strdup ("One picture was not found")
                                   : g_strdup_printf ("%'" G_GINT64_FORMAT " pictures were not found", report->missing);

      add_line (group, "image-missing-symbolic", title,
                "Kept as missing, with its words. Choose the folder of the pictures, or find it later.");
    }
  if (report->n_skipped > 0)
    {
      g_autofree char *title = g_strdup_printf ("%'" G_GINT64_FORMAT " %s %sskipped", report->n_skipped,
                                                report->n_skipped == 1 ? "record" : "records",
                                                before ? "will be " : "");
      GtkWidget *list = add_list (group, "dialog-warning-symbolic", title);

      for (guint i = 0; i < MIN (report->skipped->len, SHOWN); i++)
        {
          const ImportSkipped *skipped = report->skipped->pdata[i];

          add_entry (ADW_EXPANDER_ROW (list), skipped->where, skipped->why);
        }
      add_more (list, report->n_skipped - MIN (report->skipped->len, SHOWN));
    }
  if (report->changed > 0)
    {
      g_autofree char *title = g_strdup_printf ("%'" G_GINT64_FORMAT " records have other numbers than before",
                                                report->changed);

      add_line (group, "emblem-synchronizing-symbolic", title, NULL);
    }
  if (report->outside > 0)
    {
      g_autofree char *title = g_strdup_printf ("%'" G_GINT64_FORMAT " regions reach beyond their picture",
                                                report->outside);

      add_line (group, "dialog-information-symbolic", title, "They are kept as the file has them.");
    }
  if (report->unused > 0)
    {
      g_autofree char *title = g_strdup_printf ("%'" G_GINT64_FORMAT " records are of a kind that projects do not keep",
                                                report->unused);

      add_line (group, "dialog-information-symbolic", title, NULL);
    }
  if (report->notes->len > 0)
    {
      g_autofree char *title = g_strdup_printf ("%u %s", report->notes->len,
                                                report->notes->len == 1 ? "note" : "notes");
      GtkWidget *list = add_list (group, "dialog-information-symbolic", title);

      for (guint i = 0; i < MIN (report->notes->len, SHOWN); i++)
        add_entry (ADW_EXPANDER_ROW (list), report->notes->pdata[i], NULL);
      add_more (list, (gint64) report->notes->len - SHOWN);
    }
}

char *
import_report_text (const char *source, const ImportReport *report)
{
  GString *text = g_string_new (NULL);
  g_autofree char *added
      = import_counts_text (report->new_images, report->new_captions, report->new_phrases, report->new_regions);
  g_autofree char *read = import_counts_text (report->images, report->captions, report->phrases, report->regions);

  g_string_append_printf (text, "%s (%s)\nadded: %s\nread: %s\nnot found: %" G_GINT64_FORMAT "\n", source,
                          format_title (report->format), added, read, report->missing);
  for (guint i = 0; i < report->skipped->len; i++)
    {
      const ImportSkipped *skipped = report->skipped->pdata[i];

      g_string_append_printf (text, "skipped: %s: %s\n", skipped->where, skipped->why);
    }
  for (guint i = 0; i < report->notes->len; i++)
    g_string_append_printf (text, "note: %s\n", (const char *) report->notes->pdata[i]);
  {
    char *valid = g_utf8_make_valid (text->str, -1);

    g_string_free (text, TRUE);
    return valid;
  }
}

static void
copy_cb (GtkWidget *button, const char *text)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (button), text);
}

GtkWidget *
import_report_window_new (GtkWindow *parent, const char *source, const ImportReport *report)
{
  GtkWidget *window = g_object_new (ADW_TYPE_WINDOW, "title", "Import Report", "transient-for", parent,
                                    "destroy-with-parent", TRUE, "default-width", 560, "default-height", 480, NULL);
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *bar = adw_header_bar_new ();
  GtkWidget *page = adw_preferences_page_new (), *group = adw_preferences_group_new ();
  GtkEventController *keys = gtk_shortcut_controller_new ();
  GtkWidget *copy = gtk_button_new_from_icon_name ("edit-copy-symbolic");
  g_autofree char *shown = g_filename_display_basename (source);
  g_autofree char *title = g_markup_escape_text (shown, -1);
  g_autofree char *added
      = import_counts_text (report->new_images, report->new_captions, report->new_phrases, report->new_regions);
  g_autofree char *read = import_counts_text (report->images, report->captions, report->phrases, report->regions);
  g_autofree char *added_line = g_strdup_printf ("Added: %s", added);
  g_autofree char *read_line = g_strdup_printf ("Read: %s", read);

  gtk_widget_set_tooltip_text (copy, "Copy Report");
  gtk_accessible_update_property (GTK_ACCESSIBLE (copy), GTK_ACCESSIBLE_PROPERTY_LABEL, "Copy report", -1);
  g_signal_connect_data (copy, "clicked", G_CALLBACK (copy_cb), import_report_text (shown, report),
                         (GClosureNotify) (void (*) (void)) g_free, 0);
  adw_header_bar_pack_end (ADW_HEADER_BAR (bar), copy);
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), title);
  adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (group), format_title (report->format));
  add_line (ADW_PREFERENCES_GROUP (group), "list-add-symbolic", added_line, read_line);
  import_report_add_rows (ADW_PREFERENCES_GROUP (group), report, FALSE);
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (group));
  gtk_widget_set_vexpand (page, TRUE);
  gtk_box_append (GTK_BOX (column), bar);
  gtk_box_append (GTK_BOX (column), page);
  adw_window_set_content (ADW_WINDOW (window), column);
  gtk_shortcut_controller_add_shortcut (
      GTK_SHORTCUT_CONTROLLER (keys),
      gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_Escape, 0), gtk_named_action_new ("window.close")));
  gtk_widget_add_controller (window, keys);
  return window;
}
