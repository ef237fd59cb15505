/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct
{
  const char *name;
  int (*run) (int argc, char **argv);
  const char *about;
} commands[] = {
  { "new", command_new, "alidade new PROJECT" },
  { "import", command_import, "alidade import PROJECT SOURCE [--format NAME] [--images DIR] [OPTION ...]" },
  { "list", command_list, "alidade list PROJECT images|captions|phrases|regions|verdicts|journal --json" },
  { "propose", command_propose, "alidade propose PROJECT [--filter TEXT] [--model FILE] [--phrases] [OPTION ...]" },
  { "review", command_review, "alidade review PROJECT --set PHRASE_ID=VERDICT [--box x1,y1,x2,y2]" },
  { "stats", command_stats, "alidade stats PROJECT [--json] [--csv FILE] [--html FILE]" },
  { "undo", command_undo, "alidade undo PROJECT [--by NAME]" },
  { "redo", command_undo, "alidade redo PROJECT [--by NAME]" },
  { "export", command_export, "alidade export PROJECT TARGET --format NAME [OPTION ...]" },
  { "tag", command_tag, "alidade tag PROJECT NAME [IMAGE ...] [OPTION ...]" },
  { "relink", command_relink, "alidade relink PROJECT OLD NEW" },
  { "check", command_check, "alidade check PROJECT [--json]" },
  { "backup", command_backup, "alidade backup PROJECT TARGET" },
};

int
command_run (int argc, char **argv)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (argv[0], commands[i].name) == 0)
      return commands[i].run (argc, argv);
  return -1;
}

void
command_print_all (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    printf ("       %s\n", commands[i].about);
}

int
command_usage (const char *name, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  fprintf (stderr, "alidade %s: %s\nSee alidade %s --help\n", name, message, name);
  return COMMAND_USAGE;
}

int
command_fail (const char *name, const GError *error)
{
  fprintf (stderr, "alidade %s: %s\n", name, error != NULL ? error->message : "failed");
  if (error == NULL || error->domain != PROJECT_ERROR)
    return COMMAND_FAILED;
  switch (error->code)
    {
    case PROJECT_ERROR_USAGE:
      return COMMAND_USAGE;
    case PROJECT_ERROR_BUSY:
      return COMMAND_BUSY;
    case PROJECT_ERROR_NEWER:
      return COMMAND_NEWER;
    default:
      return COMMAND_FAILED;
    }
}

gboolean
command_parse (int *argc, char ***argv, const GOptionEntry *entries, const char *arguments, const char *about, int min, int max,
               char ***files, int *status)
{
  g_autoptr (GOptionContext) context = g_option_context_new (arguments);
  g_autoptr (GError) error = NULL;
  g_autofree char *program = g_strconcat ("alidade ", (*argv)[0], NULL);
  gboolean help = FALSE;
  const GOptionEntry own[] = { { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "This text", NULL },
                               { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, files, NULL, NULL },
                               { NULL } };
  char **values;
  guint n;

  *files = NULL;
  g_option_context_set_summary (context, about);
  g_option_context_set_help_enabled (context, FALSE);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, own, NULL);
  values = g_strdupv (*argv);
  if (!g_option_context_parse_strv (context, &values, &error))
    {
      *status = command_usage ((*argv)[0], "%s", error->message);
      g_strfreev (values);
      return FALSE;
    }
  g_strfreev (values);
  if (help)
    {
      g_autofree char *text = NULL;

      g_set_prgname (program);
      text = g_option_context_get_help (context, FALSE, NULL);
      fputs (text, stdout);
      *status = COMMAND_DONE;
      return FALSE;
    }
  n = *files != NULL ? g_strv_length (*files) : 0;
  if ((int) n >= min && (int) n <= max)
    return TRUE;
  *status = command_usage ((*argv)[0], "%s: %s", (int) n < min ? "something is missing" : "there is too much", arguments);
  g_strfreev (g_steal_pointer (files));
  return FALSE;
}

gboolean
command_print (GString *text)
{
  gboolean good = fwrite (text->str, 1, text->len, stdout) == text->len;

  g_string_truncate (text, 0);
  return good;
}

int
command_end (const char *name, int status)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return status;
  fprintf (stderr, "alidade %s: the output could not be written: %s\n", name, g_strerror (errno));
  return COMMAND_FAILED;
}

const char *
command_by (const char *given)
{
  return given != NULL ? given : g_get_user_name ();
}
