/* SPDX-License-Identifier: MIT
 * The subcommands of `alidade` on a project. None needs a display, a session bus or an installation. Results go to
 * standard output, everything else to standard error; all text is UTF-8 in any locale. Exit statuses are those below. */
#pragma once

#include "project.h"

G_BEGIN_DECLS

enum
{
  COMMAND_DONE = 0,
  COMMAND_FAILED = 1, /* nothing changed */
  COMMAND_USAGE = 2,
  COMMAND_BUSY = 3,   /* held by another writer */
  COMMAND_NEWER = 4   /* the file is from a newer version */
};

/* Runs the subcommand argv[0] if there is one of that name; -1 if there is none. */
int command_run (int argc, char **argv);
/* One line for each, for `alidade --help`. */
void command_print_all (void);

/* Each gets its own argv, argv[0] being its name. */
int command_new (int argc, char **argv);
int command_list (int argc, char **argv);
int command_import (int argc, char **argv);
int command_export (int argc, char **argv);
int command_review (int argc, char **argv);
int command_undo (int argc, char **argv); /* and redo */
int command_tag (int argc, char **argv);
int command_relink (int argc, char **argv);
int command_check (int argc, char **argv);
int command_backup (int argc, char **argv);
int command_propose (int argc, char **argv);
int command_stats (int argc, char **argv);

/* Options and errors, the same for all */

/* Parses with GOption (texts as G_OPTION_ARG_FILENAME: bytes as they are, whatever the locale); on error, or with fewer or more than min..max plain arguments, says so, and FALSE. *status is
 * what to exit with then (0 after --help). `files` gets the plain arguments, NULL-ended; g_strfreev() it. */
gboolean command_parse (int *argc, char ***argv, const GOptionEntry *entries, const char *arguments, const char *about, int min,
                        int max, char ***files, int *status);
/* Prints "alidade NAME: message" and returns the status for it. */
int command_fail (const char *name, const GError *error);
int command_usage (const char *name, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Prints to standard output and empties the text; FALSE when nobody takes it any more, or the disk is full. */
gboolean command_print (GString *text);
/* Flushes standard output; `status`, or COMMAND_FAILED if that failed. */
int command_end (const char *name, int status);
/* The reviewer: `given`, else the login name. Borrowed. */
const char *command_by (const char *given);

G_END_DECLS
