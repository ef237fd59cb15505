/* SPDX-License-Identifier: MIT
 * cmd-import.c: `alidade import` and `alidade export`. */
#include "commands.h"
#include "database.h"
#include "export.h"
#include "import.h"
#include "json-text.h"

#include <stdio.h>
#include <string.h>

static char *
format_names (gboolean reading)
{
  GString *names = g_string_new (NULL);

  for (const Format *const *format = format_all (); *format != NULL; format++)
    if ((reading ? (gpointer) (*format)->read : (gpointer) (*format)->write) != NULL)
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", (*format)->name);
  return g_string_free (names, FALSE);
}

static void
put_count (GString *out, const char *name, gint64 n)
{
  json_put_name (out, name);
  g_string_append_printf (out, "%" G_GINT64_FORMAT, n);
}

static void
print_import (const ImportReport *report, gboolean json)
{
  g_autoptr (GString) out = g_string_new (json ? "{" : NULL);

  if (!json)
    {
      for (guint i = 0; i < report->skipped->len && i < 20; i++)
        {
          const ImportSkipped *skipped = report->skipped->pdata[i];

          fprintf (stderr, "skipped: %s: %s\n", skipped->where, skipped->why);
        }
      if (report->n_skipped > 20)
        fprintf (stderr, "... and %" G_GINT64_FORMAT " more; --json lists them\n", report->n_skipped - 20);
      for (guint i = 0; i < report->notes->len && i < 20; i++)
        fprintf (stderr, "note: %s\n", (char *) report->notes->pdata[i]);
      printf ("%s: %" G_GINT64_FORMAT " images, %" G_GINT64_FORMAT " captions, %" G_GINT64_FORMAT
              " phrases, %" G_GINT64_FORMAT " regions are new; %" G_GINT64_FORMAT " skipped, %" G_GINT64_FORMAT
              " pictures missing\n",
              report->format, report->new_images, report->new_captions, report->new_phrases, report->new_regions,
              report->n_skipped, report->missing);
      return;
    }
  json_put_name (out, "format");
  json_put_text (out, report->format);
  json_put_name (out, "entry");
  json_put_id (out, report->entry);
  put_count (out, "images", report->new_images);
  put_count (out, "captions", report->new_captions);
  put_count (out, "phrases", report->new_phrases);
  put_count (out, "regions", report->new_regions);
  json_put_name (out, "read");
  g_string_append_c (out, '{');
  put_count (out, "images", report->images);
  put_count (out, "captions", report->captions);
  put_count (out, "phrases", report->phrases);
  put_count (out, "regions", report->regions);
  g_string_append_c (out, '}');
  put_count (out, "missing", report->missing);
  put_count (out, "outside", report->outside);
  put_count (out, "unused", report->unused);
  put_count (out, "changed", report->changed);
  put_count (out, "other_grid", report->other_grid);
  put_count (out, "n_skipped", report->n_skipped);
  json_put_name (out, "skipped");
  g_string_append_c (out, '[');
  for (guint i = 0; i < report->skipped->len; i++)
    {
      const ImportSkipped *skipped = report->skipped->pdata[i];

      g_string_append (out, i > 0 ? ",{" : "{");
      json_put_name (out, "where");
      json_put_text (out, skipped->where);
      json_put_name (out, "why");
      json_put_text (out, skipped->why);
      g_string_append_c (out, '}');
    }
  g_string_append_c (out, ']');
  json_put_name (out, "notes");
  g_string_append_c (out, '[');
  for (guint i = 0; i < report->notes->len; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      json_put_text (out, report->notes->pdata[i]);
    }
  g_string_append (out, "]}\n");
  command_print (out);
}

int
command_import (int argc, char **argv)
{
  g_autofree char *format = NULL, *images = NULL, *as = NULL, *by = NULL, *split_by = NULL,
                  *formats = format_names (TRUE), *about = NULL;
  gboolean json = FALSE;
  int voc_origin = -1, status;
  const GOptionEntry entries[] = {
    { "format", 0, 0, G_OPTION_ARG_FILENAME, &format, "The format, instead of a guess", "NAME" },
    { "images", 0, 0, G_OPTION_ARG_FILENAME, &images, "Where the pictures lie", "DIR" },
    { "as", 0, 0, G_OPTION_ARG_FILENAME, &as, "regions, or another model's proposals", "regions|proposals" },
    { "split-by", 0, 0, G_OPTION_ARG_FILENAME, &split_by, "Of several refs(NAME).p", "NAME" },
    { "voc-origin", 0, 0, G_OPTION_ARG_INT, &voc_origin, "Whether the first pixel of a VOC file is 0 or 1", "0|1" },
    { "by", 0, 0, G_OPTION_ARG_FILENAME, &by, "Who imports, instead of the login name", "NAME" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "One JSON object: counts and what was skipped", NULL },
    { NULL }
  };
  g_auto (GStrv) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  g_auto (ImportReport) report = { 0 };
  ImportOptions options = { 0 };

  about = g_strconcat (
      "Brings a file's pictures, captions, phrases and regions into a project: all of it or nothing.\n\nFormats: ",
      formats, NULL);
  if (!command_parse (&argc, &argv, entries, "PROJECT SOURCE", about, 2, 2, &files, &status))
    return status;
  if (as != NULL && strcmp (as, "regions") != 0 && strcmp (as, "proposals") != 0)
    return command_usage ("import", "--as is 'regions' or 'proposals', not '%s'", as);
  if (voc_origin < -1 || voc_origin > 1)
    return command_usage ("import", "--voc-origin is 0 or 1");
  options.format = format;
  options.images = images;
  options.split_by = split_by;
  options.voc_origin = voc_origin;
  options.proposals = g_strcmp0 (as, "proposals") == 0;
  options.by = command_by (by);
  if (format != NULL && format_find (format) == NULL)
    return command_usage ("import", "there is no format '%s' (there are: %s)", format, formats);
  project = project_open (files[0], TRUE, &error);
  if (project == NULL || !project_import (project, files[1], &options, &report, &error))
    return command_fail ("import", error);
  if (database_is_rollback (project_database (project)))
    fputs ("note: this file system takes no write-ahead log; readers may have to wait while something is written\n",
           stderr);
  print_import (&report, json);
  return command_end ("import", COMMAND_DONE);
}

static void
print_export (const ExportReport *report, gboolean back, gboolean json)
{
  g_autoptr (GString) out = g_string_new (json ? "{" : NULL);
  GHashTableIter iter;
  gpointer what, n;

  if (!json)
    {
      if (back && !report->by_record)
        printf ("written back: %" G_GINT64_FORMAT " files\n", report->files);
      else if (back)
        printf ("written back: %" G_GINT64_FORMAT " files, %" G_GINT64_FORMAT " records changed, %" G_GINT64_FORMAT
                " added, %" G_GINT64_FORMAT " taken out\n",
                report->files, report->changed, report->added, report->removed);
      else
        printf ("%s: %" G_GINT64_FORMAT " images, %" G_GINT64_FORMAT " captions, %" G_GINT64_FORMAT
                " phrases, %" G_GINT64_FORMAT " regions\n",
                report->format, report->images, report->captions, report->phrases, report->regions);
      if (report->keeps_not != NULL)
        fprintf (stderr, "%s does not keep: %s\n", report->format, report->keeps_not);
      g_hash_table_iter_init (&iter, report->lost);
      while (g_hash_table_iter_next (&iter, &what, &n))
        fprintf (stderr, "left out: %zu %s\n", GPOINTER_TO_SIZE (n), (char *) what);
      return;
    }
  json_put_name (out, "format");
  json_put_text (out, report->format);
  if (!back)
    {
      put_count (out, "images", report->images);
      put_count (out, "captions", report->captions);
      put_count (out, "phrases", report->phrases);
      put_count (out, "regions", report->regions);
    }
  else
    put_count (out, "files", report->files);
  if (report->by_record)
    {
      put_count (out, "changed", report->changed);
      put_count (out, "added", report->added);
      put_count (out, "removed", report->removed);
    }
  json_put_name (out, "keeps_not");
  json_put_text (out, report->keeps_not);
  json_put_name (out, "left_out");
  g_string_append_c (out, '{');
  g_hash_table_iter_init (&iter, report->lost);
  while (g_hash_table_iter_next (&iter, &what, &n))
    put_count (out, what, (gint64) GPOINTER_TO_SIZE (n));
  g_string_append (out, "}}\n");
  command_print (out);
}

int
command_export (int argc, char **argv)
{
  g_autofree char *format = NULL, *formats = format_names (FALSE), *about = NULL;
  gboolean json = FALSE, proposals = FALSE, force = FALSE, copy = FALSE, back = FALSE;
  const GOptionEntry entries[] = {
    { "format", 0, 0, G_OPTION_ARG_FILENAME, &format, "The format", "NAME" },
    { "proposals", 0, 0, G_OPTION_ARG_NONE, &proposals, "Unreviewed proposals as well", NULL },
    { "force", 0, 0, G_OPTION_ARG_NONE, &force, "Replace TARGET if it is there", NULL },
    { "copy-images", 0, 0, G_OPTION_ARG_NONE, &copy, "Copy the pictures into the target folder", NULL },
    { "write-back", 0, 0, G_OPTION_ARG_NONE, &back, "Put changes into the files that were imported (without TARGET)",
      NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "One JSON object", NULL },
    { NULL }
  };
  g_auto (GStrv) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Project) project = NULL;
  g_auto (ExportReport) report = { 0 };
  ExportOptions options = { 0 };
  int status;

  about = g_strconcat ("Writes a project's labels into a file or folder of another tool.\n\nFormats: ", formats, NULL);
  if (!command_parse (&argc, &argv, entries, "PROJECT TARGET --format NAME", about, 1, 2, &files, &status))
    return status;
  if (format == NULL)
    return command_usage ("export", "--format NAME is missing (one of %s)", formats);
  if (format_find (format) == NULL)
    return command_usage ("export", "there is no format '%s' (there are: %s)", format, formats);
  if ((files[1] == NULL) != back)
    return command_usage ("export", back ? "--write-back goes into the files that were imported, not into a TARGET"
                                         : "TARGET is missing");
  options.format = format;
  options.proposals = proposals;
  options.force = force;
  options.copy_images = copy;
  project = project_open (files[0], FALSE, &error);
  if (project == NULL || !(back ? project_write_back (project, &options, &report, &error)
                                : project_export (project, files[1], &options, &report, &error)))
    return command_fail ("export", error);
  print_export (&report, back, json);
  return command_end ("export", COMMAND_DONE);
}
