/* SPDX-License-Identifier: MIT
 * `alidade`: the window, or one of the subcommands that need no display. */
#include "application.h"

#include "albef.h"
#include "commands.h"
#include "figure-command.h"

#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define EXIT_NO_DISPLAY 3 /* app/run draws into a file then */

static void
print_help (void)
{
  puts ("Usage: alidade [FILE|FOLDER ...]\n"
        "       alidade figure IMAGE TEXT -o FILE.{png,svg,pdf} [OPTION ...]");
  command_print_all ();
  puts ("\n"
        "Opens a window that shows where each word of a sentence looks in a picture: on the project that was open\n"
        "last (at first the sample project), on a project's folder, or on the pictures and folders named; a\n"
        "checkpoint (.pth, .safetensors) among them becomes the model.\n"
        "\n"
        "`alidade figure` draws a picture and one map per word into a file, without a display.\n"
        "\n"
        "  -h, --help   this text; `alidade figure --help` for its options\n"
        "  --version    the version\n"
        "\n"
        "Examples:\n"
        "  alidade ~/Pictures\n"
        "  alidade figure dog.jpg \"a dog left of a red gift\" -o dog.pdf\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage, 3 no display or a project in use, 4 a newer project. See also alidade(1).");
}

/* libgomp reads OMP_WAIT_POLICY when it is loaded, before main: threads of the engine that wait would otherwise spin
 * on the core that draws the window. So the program starts itself once more with it; a guard ends that. */
static void
start_again_with_passive_threads (char **argv)
{
  static const char guard[] = "ALIDADE_STARTED_AGAIN";
  char program[PATH_MAX];
  ssize_t length;

  if (getenv (guard) != NULL)
    {
      unsetenv (guard); /* not for the children */
      return;
    }
  if (getenv ("OMP_WAIT_POLICY") != NULL)
    return;
  setenv ("OMP_WAIT_POLICY", "passive", 1);
  setenv (guard, "1", 1);
  length = readlink ("/proc/self/exe", program, sizeof program - 1);
  if (length > 0)
    {
      program[length] = '\0';
      execv (program, argv); /* by its own name, which is what lists of processes show */
    }
  unsetenv (guard); /* could not: it works, only less smoothly */
}

int
main (int argc, char **argv)
{
  g_autoptr (AlidadeApplication) application = NULL;
  int first = 1, status;

  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C"); /* figures are written 0.97 everywhere */
  if (argc > 1 && (status = command_run (argc - 1, argv + 1)) >= 0)
    return status;
  start_again_with_passive_threads (argv);
  gtk_disable_setlocale ();    /* or it would take that back */
  if (argc > 1 && strcmp (argv[1], "figure") == 0)
    return alidade_figure_command (argc - 1, argv + 1);
  if (argc > 1 && (strcmp (argv[1], "-h") == 0 || strcmp (argv[1], "--help") == 0))
    {
      print_help ();
      return EXIT_SUCCESS;
    }
  if (argc > 1 && strcmp (argv[1], "--version") == 0)
    {
      printf ("alidade %s\n", albef_version ());
      return EXIT_SUCCESS;
    }
  if (argc > 1 && strcmp (argv[1], "--") == 0)
    first = 2;
  for (int i = first; first == 1 && i < argc; i++)
    if (argv[i][0] == '-' && !g_str_has_prefix (argv[i], "--gapplication-"))
      {
        fprintf (stderr, "alidade: there is no option '%s'; see alidade --help\n", argv[i]);
        return EXIT_USAGE;
      }
  if (!gtk_init_check ())
    {
      fputs ("alidade: there is no display to open a window on (neither WAYLAND_DISPLAY nor DISPLAY leads to one).\n"
             "Without one: alidade figure IMAGE TEXT -o FILE.png\n",
             stderr);
      return EXIT_NO_DISPLAY;
    }
  application = alidade_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
